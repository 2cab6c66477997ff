"""The sixteen rules of annex 8 (Nantong), as a table: area, applicant and tier to a permit.

Seed text: annex 8 三(二)4. Which bounds hold is text; which line each tier gets, and the
allowance of A and B, is left open there and proposed here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from permitload.errors import Fault, raise_faults
from permitload.tiers.lines import LINES
from permitload.tiers.rating import TIER_ORDER

__all__ = ["ALLOWANCES", "ATTAINING_LINES", "BOUNDS", "NON_ATTAINING_LINES", "branches", "checked"]

ALLOWANCES: Mapping[str, float] = {"A": 0.10, "B": 0.05}
"""Rise above the greatest emission, in attaining areas. That A and B get one: pilot text; how
much: assumed."""
ATTAINING_LINES: Mapping[str, Mapping[str, float]] = {
    "C": {"poor": 1.0},
    "D": {"average": 1.0},
}
"""Lines of C and D where water attains. That they are stricter: pilot text; which: assumed."""
NON_ATTAINING_LINES: Mapping[str, Mapping[str, float]] = {
    "A": {"poor": 1.0},
    "B": {"average": 1.0},
    "C": {"average": 0.5, "advanced": 0.5},
    "D": {"advanced": 1.0},
}
"""Lines where water does not attain, different ones by tier: pilot text; which: assumed."""
BOUNDS = ("specification_load", "eia_approval", "greatest_emission", "line_load")
"""What a permit can be bounded by; the least of those of its rule holds."""

_DOCUMENT = "Jiangsu pilot programme, annex 8 (Nantong), 三(二)4"
_ZH = {
    "attaining": "达标区", "non_attaining": "非达标区", "new": "新申领或投产不足一年",
    "existing": "已申领", "specification_load": "技术规范核算量", "eia_approval": "环评及批复量",
    "greatest_emission": "近三年最大实际排放量", "advanced": "先进", "average": "平均",
    "poor": "较差",
}  # fmt: skip
_EN = {
    "specification_load": "load by the permit specification", "eia_approval": "EIA approval",
    "greatest_emission": "greatest emission of three years",
}  # fmt: skip


def branches(
    allowances: Mapping[str, float] = ALLOWANCES,
    attaining_lines: Mapping[str, Mapping[str, float]] = ATTAINING_LINES,
    non_attaining_lines: Mapping[str, Mapping[str, float]] = NON_ATTAINING_LINES,
) -> pd.DataFrame:
    """Table of the sixteen rules: two areas, two kinds of applicant, four tiers.

    Parameters
    ----------
    allowances : mapping, default ALLOWANCES
        Tier → rise above the greatest emission in attaining areas [1]; none for the others.
    attaining_lines, non_attaining_lines : mapping
        Tier → line → weight [1] for existing enterprises; no line for a tier that is not named.

    Returns
    -------
    DataFrame
        By ``area_kind``, ``applicant`` and ``tier``: 1 or 0 for each of :data:`BOUNDS`,
        ``allowance``, the weight of each line, ``interim_until`` where a permit has an interim one,
        ``branch`` and ``branch_zh`` in words, ``document``, ``basis``. The permit is the least of
        the bounds.

    Raises
    ------
    DataError
        If an allowance or weight is out of range, or the weights of a tier do not add up to 1.

    Notes
    -----
    New in both areas: the stricter of specification and EIA, whatever the tier; where water does
    not attain also the advanced line, for which the text wants a legal act first: until then the
    stricter of the two is the interim permit. D below its emission gets an interim permit as
    well (proposed). EIA and specification do not bound existing enterprises: the text does not
    say so.

    Examples
    --------
    >>> table = branches()
    >>> len(table)
    16
    >>> table.loc[("attaining", "existing", "A"), "branch_zh"]
    '达标区·已申领·A级：近三年最大实际排放量×(1+10 %)'
    """
    rows = []
    for area, lines in (("attaining", attaining_lines), ("non_attaining", non_attaining_lines)):
        for tier in TIER_ORDER:
            strict = {"advanced": 1.0} if area == "non_attaining" else {}
            until = "legal text" if strict else ""
            rows.append(_row((area, "new", tier), BOUNDS[:2], (0.0, strict), until))
            rise = allowances.get(tier, 0.0) if area == "attaining" else 0.0
            until = "transition" if tier == TIER_ORDER[-1] else ""
            bounds = (area, "existing", tier), BOUNDS[2:3], (rise, lines.get(tier, {}))
            rows.append(_row(*bounds, until))
    table = pd.DataFrame(rows).set_index(["area_kind", "applicant", "tier"]).sort_index()
    return checked(table)


def checked(branches: pd.DataFrame) -> pd.DataFrame:
    """Refuse a table of rules that is not whole.

    Parameters
    ----------
    branches : DataFrame
        As :func:`branches` returns it, edited or not.

    Returns
    -------
    DataFrame
        The same.

    Raises
    ------
    DataError
        If a rule is missing or repeated, or a number is out of range.

    Examples
    --------
    >>> checked(branches()).shape[0]
    16
    """
    places = pd.MultiIndex.from_product(
        [["attaining", "non_attaining"], ["new", "existing"], TIER_ORDER]
    )
    if not branches.index.sort_values().equals(places.sort_values()):
        fault = Fault("branches", None, "area_kind", None, "are not the sixteen", "one row a rule")
        raise_faults([fault])
    faults = []
    for place, row in branches.iterrows():
        where = ", ".join(map(str, place if isinstance(place, tuple) else (place,)))
        weights = row[list(LINES)].to_numpy(float)
        flags = row[list(BOUNDS)].to_numpy(float)
        total = 1.0 if row["line_load"] else 0.0
        for wrong, column, problem, right in (
            (not 0.0 <= row["allowance"] < np.inf, "allowance", "is out of range", "0 or more"),
            (not (weights >= 0.0).all() or abs(weights.sum() - total) > 1e-9, "line_load",
             "has weights that do not add up", f"weights >= 0 with the sum {total:g}"),
            (not np.isin(flags, (0.0, 1.0)).all() or not flags.any(), "line_load",
             "is not one bound at least", "1 for what bounds, else 0"),
        ):  # fmt: skip
            if wrong:
                faults.append(Fault("branches", where, column, row[column], problem, right))
    raise_faults(faults)
    return branches


def _row(
    place: tuple[str, str, str],
    bounds: tuple[str, ...],
    terms: tuple[float, Mapping[str, float]],
    until: str,
) -> dict[str, str | float]:
    """One rule, with its words."""
    area, applicant, tier = place
    rise, lines = terms
    used = (*bounds, "line_load") if lines else bounds
    english = [_EN[name] for name in bounds]
    chinese = [_ZH[name] for name in bounds]
    if rise:
        english[-1] += f" × (1 + {rise:.0%})".replace("%", " %")
        chinese[-1] += f"×(1+{rise:.0%})".replace("%", " %")
    if lines:
        english.append(f"{_mixed(lines, {})} intensity × capacity")
        chinese.append(f"{_mixed(lines, _ZH)}水平基准线×产能")
    words = english[0] if len(english) == 1 else f"least of {', '.join(english)}"
    words_zh = chinese[0] if len(chinese) == 1 else f"取严（{'、'.join(chinese)}）"
    basis = "pilot" if applicant == "new" else "pilot; line and allowance assumed"
    head = f"{area.replace('_', '-')} area, {applicant}, tier {tier}"
    return (
        {"area_kind": area, "applicant": applicant, "tier": tier}
        | {name: float(name in used) for name in BOUNDS}
        | {"allowance": rise}
        | {name: lines.get(name, 0.0) for name in LINES}
        | {"interim_until": until, "branch": f"{head}: {words}"}
        | {"branch_zh": f"{_ZH[area]}·{_ZH[applicant]}·{tier}级：{words_zh}"}
        | {"document": _DOCUMENT, "basis": basis}
    )


def _mixed(lines: Mapping[str, float], words: Mapping[str, str]) -> str:
    """Lines in words, with their weights where there are several."""
    if len(lines) == 1:
        return "".join(words.get(name, name) for name in lines)
    parts = [f"{weight:g} {words.get(name, name)}" for name, weight in lines.items()]
    return f"({' + '.join(parts)})"
