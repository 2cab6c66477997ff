"""Gates: what quality, orders and promises of a block forbid it to use (三(三)1, 三(三)4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from permitload.bank.project import Standing, Supplement, Use
from permitload.bank.rules import MARKET, MUNICIPAL, RULES, Rule, names, whole
from permitload.errors import Fault

__all__ = ["Facts", "cross_faults", "own_faults", "supplement_faults"]

Found = list[tuple[str, object, str, str]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates look at, for one block and one pollutant.

    Parameters
    ----------
    year : int
        The year before the use, which is judged.
    standing : Standing or None
        Its judgement for the pollutant's element; None if there is none yet.
    suspended : bool
        Whether an order suspends the block.
    breached : bool
        Whether a commitment of the block for this pollutant is overdue.
    """

    year: int
    standing: Standing | None
    suspended: bool
    breached: bool


def own_faults(use: Use, facts: Facts, rules: Mapping[str, Rule] = RULES) -> list[Fault]:
    """List what forbids a block its own bank: an order; the judgement only if the rule says so.

    Parameters
    ----------
    use : Use
        What quota is asked for.
    facts : Facts
        Of its block and one pollutant.
    rules : mapping, default RULES
        ``own_needs_attainment``.

    Returns
    -------
    list of Fault
        Empty if the own bank may be used.

    Examples
    --------
    >>> use = Use("X1", "新材料产业园", "O1", "industry", "new", "other", {"TN": 1})
    >>> print(*own_faults(use, Facts(2023, None, True, False)))
    withdrawal, row X1, suspension: is ordered; right would be a lifted order
    """
    found: Found = []
    if facts.suspended:
        found.append(("suspension", None, "is ordered", "a lifted order"))
    if whole(rules, "own_needs_attainment"):
        found += _attainment(facts)
    return _faults(use, found)


def supplement_faults(
    use: Use,
    supplement: Supplement,
    pollutant: str,
    facts: Facts,
    rules: Mapping[str, Rule] = RULES,
) -> list[Fault]:
    """List what forbids a block the quota of another bank.

    Last year must have attained its quality target and completed its reductions. Changshu's own
    bank serves the purposes of the rule ``priority`` and no block in breach of a commitment; on
    the platform only the pollutants of the rule ``traded`` are to be had.

    Parameters
    ----------
    use : Use
        What quota is asked for.
    supplement : Supplement
        The other bank.
    pollutant : str
        What is lacking.
    facts : Facts
        Of the block and the pollutant.
    rules : mapping, default RULES
        ``priority``, ``traded`` and ``breach_stops``.

    Returns
    -------
    list of Fault
        Empty if the other bank may be used.

    Examples
    --------
    >>> use = Use("X1", "新材料产业园", "O1", "industry", "new", "other", {"TN": 1})
    >>> good = Facts(2023, Standing("新材料产业园", "water", 2023, True, True), False, False)
    >>> print(*supplement_faults(use, Supplement(MARKET, "V1"), "TN", good))
    withdrawal, row X1, pollutant: TN is not traded; right would be one of COD, NH3-N, TP, SO2, NOx
    """
    found = _attainment(facts)
    if not supplement.document:
        found.append(("document", None, f"for {supplement.bank} is missing", "its number"))
    if supplement.bank == MUNICIPAL and use.purpose not in names(rules, "priority"):
        right = f"one of {', '.join(names(rules, 'priority'))}"
        found.append(("purpose", use.purpose, f"is not served by {MUNICIPAL}", right))
    stopped = names(rules, "breach_stops")
    kind = {MUNICIPAL: "municipal", MARKET: "market"}.get(supplement.bank, "block")
    if facts.breached and kind in stopped:
        problem = f"for {pollutant} is overdue"
        found.append(("commitment", None, problem, "the promised deposit first"))
    traded = names(rules, "traded")
    if supplement.bank == MARKET and pollutant not in traded:
        found.append(("pollutant", pollutant, "is not traded", f"one of {', '.join(traded)}"))
    return _faults(use, found)


def cross_faults(use: Use, facts: Facts) -> list[Fault]:
    """List what forbids a use across categories of source (跨类别).

    Quality that keeps improving and falling intensity, an argument and Suzhou's consent are
    needed, after a year that attained and completed.

    Parameters
    ----------
    use : Use
        What quota is asked for.
    facts : Facts
        Of its block and one pollutant.

    Returns
    -------
    list of Fault
        Empty if quota of another category may be used.

    Examples
    --------
    >>> use = Use("X1", "B", "O1", "industry", "new", "other", {"TN": 1}, False, (), "G", "C")
    >>> facts = Facts(2023, Standing("B", "water", 2023, True, True), False, False)
    >>> print(*cross_faults(use, facts))
    withdrawal, row X1, improving: False forbids a use across categories; right would be True
    """
    found = _attainment(facts)
    if not (use.cross_ground and use.cross_consent):
        right = "both, or none"
        found.append(("cross_consent", None, "without a ground, or the reverse", right))
    if facts.standing is not None and not facts.standing.improving:
        found.append(("improving", False, "forbids a use across categories", "True"))
    return _faults(use, found)


def _attainment(facts: Facts) -> Found:
    """Gate of last year's judgement."""
    if facts.standing is None:
        return [("standing", None, f"of {facts.year} is not judged yet", "a judgement")]
    return [
        (column, False, f"in {facts.year} leaves the own bank only", "True")
        for column in ("attained", "completed")
        if not getattr(facts.standing, column)
    ]


def _faults(use: Use, found: Found) -> list[Fault]:
    """Turn findings into faults of a use."""
    return [Fault("withdrawal", use.project, *what) for what in found]
