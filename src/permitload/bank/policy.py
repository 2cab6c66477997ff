"""Policy of the reserve bank: who may deposit, how a deposit is split, what a use must draw.

Pure functions of a project and the rules: no storage here.
"""

from __future__ import annotations

import calendar as months_of
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from math import ceil, floor

import pandas as pd

from permitload.bank.project import Project, Use
from permitload.bank.rules import RULES, Rule, exact, is_day, names, share_of, whole
from permitload.errors import DataError, Fault

__all__ = [
    "calendar",
    "deadline",
    "documents",
    "eligible",
    "multiple",
    "needed",
    "quarters",
    "split",
]

_APPLICATION = ("proposal", "calculation", "eia")
_PAPERS: dict[str, tuple[str, ...]] = {
    "infrastructure": ("acceptance", "funding"),
    "expansion": ("acceptance", "funding"),
    "standard": ("acceptance",),
    "own_funded": ("acceptance",),
    "closure": ("closure",),
}
"""Documents by kind of project, beside those that all need (三(二)2)."""


def documents(project: Project) -> tuple[str, ...]:
    """Name the documents that an application for deposit must hold (三(二)2).

    ``proposal`` 入库项目书, ``calculation`` 减排量测算过程, ``eia`` 环评资料,
    ``acceptance`` 验收材料, ``funding`` 资金投入佐证, ``closure`` 关停情况说明, ``permit``
    排污许可证变更或注销材料. The last is asked for where a permit was changed (assumed; for
    treatment the text does not say "if").

    Parameters
    ----------
    project : Project
        What is applied for.

    Returns
    -------
    tuple of str
        Names of the documents.

    Examples
    --------
    >>> from datetime import date
    >>> documents(Project("P1", "碧溪街道", "closure", "unit", "industry", {"TN": 1},
    ...                   date(2024, 5, 1), "A1", (), False))
    ('proposal', 'calculation', 'eia', 'closure')
    """
    permit = () if project.permit_changed is None else ("permit",)
    return (*_APPLICATION, *_PAPERS.get(project.kind, ()), *permit)


def deadline(project: Project, rules: Mapping[str, Rule] = RULES) -> date:
    """Last day of a deposit: end of the completion year, or a month after the permit's change.

    Where a permit changes, its month counts alone (assumed), also across the turn of a year; it
    begins with the completion where that comes after the permit's change (assumed).

    Parameters
    ----------
    project : Project
        What is applied for.
    rules : mapping, default RULES
        ``completion_years`` and ``permit_months``.

    Returns
    -------
    date
        The last day, included.

    Examples
    --------
    >>> deadline(Project("P1", "碧溪街道", "closure", "unit", "industry", {"TN": 1},
    ...                  date(2024, 5, 1), "A1", (), False, permit_changed=date(2025, 1, 31)))
    datetime.date(2025, 2, 28)
    """
    if project.permit_changed is None:
        return date(project.completed.year + whole(rules, "completion_years"), 12, 31)
    day = max(project.permit_changed, project.completed)
    month = day.month - 1 + whole(rules, "permit_months")
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, months_of.monthrange(year, month)[1]))


def eligible(project: Project, day: date, rules: Mapping[str, Rule] = RULES) -> list[Fault]:
    """List all that keeps a project out of the bank on a day (三(二)1 to 3).

    Parameters
    ----------
    project : Project
        What is applied for.
    day : date
        Day of the deposit.
    rules : mapping, default RULES
        Rules of the bank.

    Returns
    -------
    list of Fault
        Empty if the project may be deposited.

    Examples
    --------
    >>> from datetime import date
    >>> late = Project("P1", "碧溪街道", "closure", "unit", "industry", {"TN": 1},
    ...                date(2023, 5, 1), "A1", ("proposal", "calculation", "eia", "closure"), False)
    >>> print(*eligible(late, date(2024, 1, 5)))
    deposit, row P1, date: 2024-01-05 is too late; right would be 2023-12-31 or before
    """
    found: list[tuple[str, object, str, str]] = [
        (column, value, "is no day", "a datetime.date")
        for column, value in (
            ("completed", project.completed),
            ("permit_changed", project.permit_changed),
            ("effective", project.effective),
        )
        if not is_day(value) and (value is not None or column == "completed")
    ]
    if found:
        return [Fault("deposit", project.project, *what) for what in found]
    found = []
    kinds, categories = names(rules, "kinds"), names(rules, "categories")
    for column, value, known in (
        ("kind", project.kind, kinds),
        ("category", project.category, categories),
        ("implementer", project.implementer, ("municipal", "block", "unit")),
    ):
        if value not in known:
            found.append((column, value, "is unknown", f"one of {', '.join(known)}"))
    if project.listed is not False:
        found.append(("listed", project.listed, "counts for the binding reduction", "False"))
    if not project.approval:
        found.append(("approval", None, "is missing", "the number of Suzhou's approval"))
    lacking = [name for name in documents(project) if name not in project.documents]
    if lacking:
        found.append(("documents", ", ".join(lacking), "is missing", "all documents"))
    found += [*_timing(project, day, rules), *_of_kind(project, rules)]
    return [Fault("deposit", project.project, *what) for what in found]


def _timing(
    project: Project, day: date, rules: Mapping[str, Rule]
) -> list[tuple[str, object, str, str]]:
    """Find days that are too early or too late."""
    found: list[tuple[str, object, str, str]] = []
    since = date.fromisoformat(str(rules["since"].value))
    if project.completed < since:
        found.append(("completed", project.completed, "is before the bank", f"from {since} on"))
    last, first = deadline(project, rules), max(project.completed, project.permit_changed or since)
    if day < first:
        found.append(("date", day, "is too early", f"{first} or after"))
    if day > last:
        found.append(("date", day, "is too late", f"{last} or before"))
    return found


def _of_kind(project: Project, rules: Mapping[str, Rule]) -> list[tuple[str, object, str, str]]:
    """Find what the conditions of one kind of project refuse."""
    found: list[tuple[str, object, str, str]] = []
    try:
        share = exact(project.state_share)
    except DataError:
        share = Fraction(-1)
    if not 0 <= share <= 1:
        found.append(("state_share", project.state_share, "is no share", "0 to 1, exact"))
    if share > 0 and not project.government_money:
        found.append(("government_money", False, "contradicts state_share", "True"))
    if project.kind == "standard":
        if project.effective is None:
            found.append(("effective", None, "is missing", "when the standard takes effect"))
        elif project.completed >= project.effective:
            right = f"before {project.effective}"
            found.append(("completed", project.completed, "is after the standard", right))
    if project.kind == "own_funded":
        found += [
            (column, value, "is against the rule", str(right))
            for column, value, right in (
                ("government_money", project.government_money, False),
                ("voluntary", project.voluntary, True),
                ("compliant", project.compliant, True),
            )
            if value is not right
        ]
    lacking = [name for name in names(rules, "shown") if name not in project.shown]
    if project.kind == "expansion" and lacking:
        found.append(("shown", ", ".join(lacking), "is not shown", "all three"))
    return found


def split(
    reduction: int, project: Project, park: bool, rules: Mapping[str, Rule] = RULES
) -> dict[str, int]:
    r"""Split a reduction over the tiers of banks, to the gram (三(二)4).

    .. math:: P = \lfloor φR \rfloor,\; C = \lfloor 0.3 (R-P) \rfloor,\;
              M = \lfloor m (R-P-C) \rfloor,\; B = R-P-C-M

    with m = 0.2 for projects of blocks and units, 0 in a park, 1 for Changshu's own (assumed: the
    text is silent). What is lost by rounding down stays with the block (assumed).

    Parameters
    ----------
    reduction : int
        Approved reduction R [g].
    project : Project
        ``state_share`` φ and ``implementer``.
    park : bool
        Whether the project is in a park that keeps its own bank.
    rules : mapping, default RULES
        Shares.

    Returns
    -------
    dict
        ``province``, ``city``, ``municipal`` and ``block`` [g]; their sum is R.

    Examples
    --------
    >>> from datetime import date
    >>> p = Project("P1", "新材料产业园", "infrastructure", "block", "domestic", {"TN": 100},
    ...             date(2024, 5, 1), "A1", (), False, state_share="0.2")
    >>> split(1000, p, park=False)
    {'province': 200, 'city': 240, 'municipal': 112, 'block': 448}
    """
    own = "municipal_share_own" if project.implementer == "municipal" else "municipal_share"
    province = floor(exact(project.state_share) * reduction)
    city = floor(share_of(rules, "city_share") * (reduction - province))
    rest = reduction - province - city
    municipal = floor(share_of(rules, "municipal_share_park" if park else own) * rest)
    block = rest - municipal
    return {"province": province, "city": city, "municipal": municipal, "block": block}


def multiple(use: Use, pollutant: str, rules: Mapping[str, Rule] = RULES) -> Fraction:
    """Multiple of the new emission that a use must draw (三(三)2).

    1.1 for nitrogen and phosphorus of new and expanded strategic emerging industry, else 2.

    Parameters
    ----------
    use : Use
        The construction project.
    pollutant : str
        One of the eight.
    rules : mapping, default RULES
        Multiples and the two lists.

    Returns
    -------
    Fraction
        The multiple.

    Examples
    --------
    >>> use = Use("X1", "新材料产业园", "O1", "industry", "new", "strategic", {"TN": 10}, True)
    >>> multiple(use, "TN"), multiple(use, "COD")
    (Fraction(11, 10), Fraction(2, 1))
    """
    favoured = (
        use.strategic
        and use.construction in names(rules, "strategic_construction")
        and pollutant in names(rules, "strategic_pollutants")
    )
    return share_of(rules, "replacement_strategic" if favoured else "replacement")


def needed(use: Use, pollutant: str, rules: Mapping[str, Rule] = RULES) -> int:
    """Grams that a use must draw, rounded up: the quota may not be less than asked (三(三)2).

    Parameters
    ----------
    use : Use
        The construction project.
    pollutant : str
        One of its pollutants.
    rules : mapping, default RULES
        See :func:`multiple`.

    Returns
    -------
    int
        Multiple × emission [g].

    Examples
    --------
    >>> use = Use("X1", "新材料产业园", "O1", "industry", "new", "strategic", {"TN": 1}, True)
    >>> needed(use, "TN")
    2
    """
    return ceil(multiple(use, pollutant, rules) * use.emissions[pollutant])


def calendar(year: int, rules: Mapping[str, Rule] = RULES) -> pd.DataFrame:
    """List what is due in a year (三(四)1, 四(三)).

    Parameters
    ----------
    year : int
        The year.
    rules : mapping, default RULES
        Months.

    Returns
    -------
    DataFrame
        ``date`` (last day), ``task`` and ``clause``, in order.

    Examples
    --------
    >>> for row in calendar(2024).head(2).itertuples(index=False):
    ...     print(row.date, row.task, row.clause)
    2024-01-31 judgement 三(四)1
    2024-02-29 allowable 三(四)1
    """
    step = whole(rules, "reconciliation_months")
    if not 1 <= step <= 12:
        message = f"reconciliation_months is {step}; right would be 1 to 12"
        raise DataError(message)
    due = [
        (whole(rules, "judgement_month"), "judgement", "judgement_month"),
        (whole(rules, "allowable_month"), "allowable", "allowable_month"),
        *((month, "reconciliation", "reconciliation_months") for month in range(step, 13, step)),
    ]
    rows = [
        (date(year, month, months_of.monthrange(year, month)[1]), task, rules[rule].clause)
        for month, task, rule in sorted(due)
    ]
    return pd.DataFrame(rows, columns=["date", "task", "clause"])


def quarters(year: int, rules: Mapping[str, Rule] = RULES) -> list[date]:
    """List the last days of the spans of a year that are reconciled (四(三)).

    Examples
    --------
    >>> [str(day) for day in quarters(2024)]
    ['2024-03-31', '2024-06-30', '2024-09-30', '2024-12-31']
    """
    due = calendar(year, rules)
    return list(due.loc[due["task"] == "reconciliation", "date"])
