"""Limit of every section, indicator and period: by its class, or by a target of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from permitload._frames import complete, fault_at, listed
from permitload.errors import DataError, Fault, raise_faults
from permitload.standards._lookup import Limit, flagged, limit_of, missing, sense

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import pandas as pd

__all__ = ["class_limit", "limits"]


def class_limit(indicator: str, water_class: str, water_type: str = "river") -> float:
    """Limit of one indicator in one class of GB 3838-2002.

    Parameters
    ----------
    indicator : str
        One of :func:`permitload.standards.items`.
    water_class : str
        I to V.
    water_type : str, default "river"
        ``river`` or ``lake``: TP has a limit for each, TN for lakes alone.

    Returns
    -------
    float
        Limit [mg/L]; a least for DO.

    Raises
    ------
    DataError
        If the standard has no such limit.

    References
    ----------
    GB 3838-2002, Tables 1 to 3; those of Tables 2 and 3 hold for sources of drinking water.

    Examples
    --------
    >>> class_limit("TP", "III"), class_limit("TP", "III", "lake")
    (0.2, 0.05)
    """
    problem = missing(indicator, water_class, water_type)
    if problem:
        raise DataError([Fault("GB 3838-2002", None, "indicator", indicator, *problem)])
    return limit_of(indicator, water_class, water_type).value


def limits(
    sections: pd.DataFrame,
    indicators: Sequence[str],
    periods: Sequence[str],
    standards: pd.DataFrame | None = None,
) -> xr.Dataset:
    """Limit of every section, indicator and period.

    The class of the section decides, unless a row of ``standards`` gives a class or a limit of
    its own; a row for the period comes before one for all periods.

    Parameters
    ----------
    sections : DataFrame
        ``section``, ``water_class``, ``water_type``, ``reach`` or ``node``, ``position`` [m]; the
        class may be empty where ``standards`` give every limit.
    indicators : sequence of str
        What is judged: ``COD``, ``NH3-N``, ``TP``, ``Sb``, …
    periods : sequence of str
        All periods, in order.
    standards : DataFrame, optional
        ``section``, ``indicator``, ``period``, and ``water_class`` or ``limit`` [mg/L].

    Returns
    -------
    Dataset
        ``limit`` (section, indicator, period) [mg/L], ``basis``, ``note`` (the source of each
        limit, with a warning where law is known from secondary sources) and ``evidence`` (how
        it is known) of the same dimensions; coordinates ``sense``
        (indicator) ≤ or ≥, and ``reach``, ``node``, ``position`` [m], ``water_type``,
        ``water_class`` (section).

    Raises
    ------
    DataError
        With every limit that is missing: TN in a river, an indicator outside GB 3838-2002, a
        range such as pH; and with every row that names both or neither of class and limit, or
        an unknown section.

    References
    ----------
    GB 3838-2002, Tables 1 to 3.

    Examples
    --------
    >>> import pandas as pd
    >>> sections = pd.DataFrame({"section": ["S1"], "reach": ["R1"], "water_class": ["III"]})
    >>> float(limits(sections, ["COD"], ["dry"])["limit"].sel(section="S1").item())
    20.0
    """
    sections = complete(sections, "sections")
    targets = complete(standards, "standards")
    faults = _target_faults(targets, sections)
    raise_faults(faults)
    found: dict[tuple[int, int, int], Limit] = {}
    key = (targets[name].tolist() for name in ("section", "indicator", "period"))
    rows = {place: position for position, place in enumerate(zip(*key, strict=True))}
    placed, written = sections.to_dict("records"), targets.to_dict("records")
    for s, section in enumerate(sections["section"]):
        for i, indicator in enumerate(indicators):
            for p, period in enumerate(periods):
                own = rows.get((section, indicator, period))
                row = rows.get((section, indicator, "")) if own is None else own
                limit = _limit(placed[s], indicator, None if row is None else written[row])
                if isinstance(limit, Limit):
                    found[s, i, p] = limit
                    continue
                if limit[0] == "indicator" and row is not None:
                    fault = fault_at(targets, "standards", row, *limit)
                else:
                    fault = fault_at(sections, "sections", s, *limit)
                if fault not in faults:
                    faults.append(fault)
    raise_faults(faults)
    return _dataset(sections, indicators, periods, found)


def _limit(
    section: Mapping[Hashable, Any], indicator: str, target: Mapping[Hashable, Any] | None
) -> Limit | tuple[str, str, str]:
    """Find the limit of a section: from its row of standards, else by its class.

    Where there is none: the column that is to blame, what is wrong and what would be right.
    """
    water_class, water_type = section["water_class"], section["water_type"]
    if target is not None and not np.isnan(target["limit"]):
        basis, note = target["basis"] or "assumed", target["note"] or "standards"
        return Limit(float(target["limit"]), basis, note, "given")
    if target is not None:
        water_class = target["water_class"]
    problem = missing(indicator, water_class, water_type)
    if problem and target is not None:
        return "indicator", *problem
    if problem:
        text, right = f"is no target: {indicator} {problem[0]}", problem[1]
        if water_class == "":
            text = f"is empty, and {indicator} has no limit in standards"
            right = "a class I, II, III, IV or V, or a limit [mg/L] in standards"
        return "water_class", text, right
    limit = limit_of(indicator, water_class, water_type)
    if target is not None:
        basis, note = target["basis"] or "assumed", target["note"] or limit.note
        note = flagged(basis, limit.evidence, note)
        limit = Limit(limit.value, basis, note, limit.evidence)
    return limit


def _target_faults(targets: pd.DataFrame, sections: pd.DataFrame) -> list[Fault]:
    """Rows of standards that name an unknown section, or not exactly one target."""
    known = sections["section"].tolist()
    faults = []
    for position, row in enumerate(targets.to_dict("records")):
        if row["section"] not in known:
            right = f"one of {listed(known)}"
            faults.append(
                fault_at(targets, "standards", position, "section", "is not a section", right)
            )
        if (row["water_class"] != "") == (not np.isnan(row["limit"])):
            given = "given" if row["water_class"] else "empty"
            problem, right = f"is {given}, and so is limit", "a class or a limit"
            faults.append(fault_at(targets, "standards", position, "water_class", problem, right))
    return faults


def _dataset(
    sections: pd.DataFrame,
    indicators: Sequence[str],
    periods: Sequence[str],
    found: dict[tuple[int, int, int], Limit],
) -> xr.Dataset:
    dims = ("section", "indicator", "period")
    shape = (len(sections), len(indicators), len(periods))

    def cube(values: list[object]) -> tuple[tuple[str, ...], np.ndarray]:
        """Values in order of place as (section, indicator, period)."""
        return dims, np.array(values).reshape(shape)

    described = ("reach", "node", "position", "water_type", "water_class")
    coords = {name: ("section", np.array(sections[name].tolist())) for name in described}
    return xr.Dataset(
        {
            "limit": cube([found[place].value for place in np.ndindex(shape)]),
            "basis": cube([found[place].basis for place in np.ndindex(shape)]),
            "note": cube([found[place].note for place in np.ndindex(shape)]),
            "evidence": cube([found[place].evidence for place in np.ndindex(shape)]),
        },
        coords={
            "section": np.array(sections["section"].tolist()),
            "indicator": list(indicators),
            "period": list(periods),
            "sense": ("indicator", [sense(indicator) for indicator in indicators]),
            **coords,
        },
    )
