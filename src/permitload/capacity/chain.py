"""From the capacity of the water to what outlets may discharge: each step a column.

ideal → usable (less non-point and uncontrollable loads) → allocatable (less the margin of safety)
are loads in the river (入河量). What leaves the outlet (排放量) is another quantity: the in-river
load over the share of it that arrives. The chain is for capacities of formulas; in the capacity of
a network every source is background or decided already.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from permitload._frames import lacking
from permitload.capacity._formula import Floats, Numbers, evaluate
from permitload.capacity._refused import refuse_network, refuse_no_rate
from permitload.errors import Fault, raise_faults

__all__ = ["chain", "class_margin", "into_river", "outlet_loads"]

MARGIN = {"I": 0.10, "II": 0.10, "III": 0.10, "IV": 0.08, "V": 0.08}
SHARE_MISS = 1e-9
"""How far the shares of the sources may add up to something else than 1."""
DEDUCTIONS = ("non_point", "uncontrollable")
CONDITIONS = frozenset({"pollutant", "indicator", "period", "scenario"})
"""Labels that are no place: a source may have a row for each of them."""
INTO_RIVER = (1e3, 10e3, 20e3, 40e3), (1.0, 0.9, 0.8, 0.7, 0.6)
"""Greatest distance [m] of each class but the last, and the coefficient of each."""


def class_margin(water_class: str) -> float:
    """Give the margin of safety that a class of water asks for, at least (安全余量).

    Parameters
    ----------
    water_class : str
        Target class I to V of GB 3838-2002.

    Returns
    -------
    float
        Share of the standard: 0.10 for class III, 0.08 for IV and V; 0.10 for I and II, about which
        the guideline says nothing, is this library's choice [1].

    Raises
    ------
    DataError
        If it is no class.

    References
    ----------
    HJ 2.3-2018, 8.3.3 (from memory, unverified); stricter local rules prevail.

    Examples
    --------
    >>> class_margin("III"), class_margin("IV")
    (0.1, 0.08)
    """
    if water_class not in MARGIN:
        right = ", ".join(MARGIN)
        raise_faults(
            [Fault("class_margin", None, "water_class", water_class, "is no class", right)]
        )
    return MARGIN[water_class]


def into_river(distance: Numbers) -> Numbers:
    """Share of an outlet's load that reaches the river, by distance (入河系数).

    1.0 up to 1 km, 0.9 up to 10, 0.8 up to 20, 0.7 up to 40 and 0.6 beyond. The guide corrects it
    for open ditches (0.6-0.9) and for temperature (0.7-1.0): multiply where that is known. Not
    for an outlet whose ditch is modelled: its decay would be counted twice.

    Parameters
    ----------
    distance : number or array
        Way from the outlet to the river [m].

    Returns
    -------
    number or array
        Coefficient [1].

    Raises
    ------
    DataError
        If the distance is negative or no number.

    References
    ----------
    National guide of 2003 (全国水环境容量核定技术指南), from memory, not opened.

    Examples
    --------
    >>> into_river(1000.0), into_river(15000.0)
    (1.0, 0.8)
    """

    def formula(distance: Floats) -> Floats:
        """λ = 1.0, 0.9, 0.8, 0.7 or 0.6 by class of distance."""
        ends, values = INTO_RIVER
        return np.asarray(values)[np.searchsorted(ends, distance)]

    return evaluate("into_river", formula, {"distance": distance}, result="into_river")


def chain(
    ideal: pd.Series,
    deductions: pd.DataFrame,
    sources: pd.DataFrame,
    margin_of_safety: float | pd.Series = 0.0,
    with_margin: pd.Series | None = None,
) -> pd.DataFrame:
    """Take an ideal capacity to the outlets, step by step.

    Parameters
    ----------
    ideal : Series
        Capacity of formulas, signed, by any labels, such as control unit and pollutant [kg/d].
    deductions : DataFrame
        Loads that are not decided: the labels of ``ideal``, ``source``, ``deduction``
        (``non_point`` or ``uncontrollable``) and ``in_river_load`` [kg/d].
    sources : DataFrame
        Sources that are decided: the labels of ``ideal``, ``source``, ``share`` of the allocatable
        capacity (1 in total) and ``into_river`` above 0, such as :func:`into_river` gives [1].
    margin_of_safety : float or Series, default 0
        Share of the usable capacity withheld, such as :func:`class_margin` gives [1].
    with_margin : Series, optional
        Instead: the capacity by the same formula at the standard less its margin [kg/d]. It
        withholds more, because the margin is then one of the standard and not of what is left.

    Returns
    -------
    DataFrame
        By the labels of ``ideal``, signed [kg/d]: in the river ``ideal_capacity``, ``non_point``,
        ``uncontrollable``, ``usable_capacity``, ``reserve``, ``allocatable_capacity``; at the
        outlets ``outlet_load``, the sum of :func:`outlet_loads`.

    Raises
    ------
    DataError
        If something would be counted twice: a source that is deducted and decided, one in two
        control units (or other places), a margin of both kinds, a capacity of a network. If
        labels, shares or numbers are not as they should be.

    References
    ----------
    National guide of 2003 (from memory, not opened).

    Examples
    --------
    >>> ideal = pd.Series({"U1": 1000.0}).rename_axis("control_unit")
    >>> farm = {"control_unit": "U1", "source": "farm", "deduction": "non_point"}
    >>> works = {"control_unit": "U1", "source": "works", "share": 1.0, "into_river": 0.9}
    >>> table = chain(
    ...     ideal, pd.DataFrame([farm | {"in_river_load": 400.0}]), pd.DataFrame([works]), 0.1
    ... )
    >>> table[["usable_capacity", "allocatable_capacity", "outlet_load"]].round(6).values.tolist()
    [[600.0, 540.0, 600.0]]
    """
    refuse_network("chain", ideal)
    refuse_no_rate("chain", {"ideal": ideal})
    raise_faults(_capacity_faults("chain", "ideal", ideal))
    _refuse_twice(ideal, deductions, sources, margin_of_safety, with_margin)
    steps = pd.DataFrame({"ideal_capacity": ideal.astype(float)})
    for kind in DEDUCTIONS:
        of_kind = deductions[deductions["deduction"] == kind]
        steps[kind] = _sums(of_kind, "in_river_load", ideal)
    steps["usable_capacity"] = (
        steps["ideal_capacity"] - steps["non_point"] - steps["uncontrollable"]
    )
    # a margin withholds capacity; it never makes a cut smaller
    share = steps["usable_capacity"].clip(lower=0.0) * margin_of_safety
    steps["reserve"] = share if with_margin is None else ideal - with_margin
    steps["allocatable_capacity"] = steps["usable_capacity"] - steps["reserve"]
    at_outlets = outlet_loads(steps["allocatable_capacity"], sources)
    return steps.assign(outlet_load=_sums(at_outlets, "outlet_load", ideal))


def outlet_loads(allocatable_capacity: pd.Series, sources: pd.DataFrame) -> pd.DataFrame:
    """Share an allocatable capacity out and take each share to its outlet.

    Parameters
    ----------
    allocatable_capacity : Series
        In the river, signed, by any labels [kg/d].
    sources : DataFrame
        As for :func:`chain`.

    Returns
    -------
    DataFrame
        The rows of ``sources`` with ``in_river_load`` and ``outlet_load``, which is that over
        ``into_river`` [kg/d].

    Raises
    ------
    DataError
        As :func:`chain`.

    Examples
    --------
    >>> capacity = pd.Series({"U1": 540.0}).rename_axis("control_unit")
    >>> works = {"control_unit": "U1", "source": "works", "share": 1.0, "into_river": 0.9}
    >>> round(outlet_loads(capacity, pd.DataFrame([works])).outlet_load.item(), 6)
    600.0
    """
    raise_faults(_capacity_faults("outlet_loads", "allocatable_capacity", allocatable_capacity))
    labels = list(allocatable_capacity.index.names)
    raise_faults(lacking(sources, "sources", [*labels, "source", "share", "into_river"]))
    faults = _number_faults(sources, "sources", "share", 0.0, 1.0)
    faults += _number_faults(sources, "sources", "into_river", np.nextafter(0.0, 1.0), 1.0)
    faults += _stranger_faults(sources, "sources", allocatable_capacity)
    raise_faults(faults + _twice_faults({"sources": sources}, labels))
    total = _sums(sources, "share", allocatable_capacity)
    raise_faults(
        [
            Fault("sources", _words(label), "share", value, "is the sum", "a sum of 1")
            for label, value in total[(total - 1.0).abs() > SHARE_MISS].items()
        ]
    )
    of_unit = allocatable_capacity.reindex(_keys(sources, labels)).to_numpy()
    in_river = of_unit * sources["share"].to_numpy(float)
    at_outlet = in_river / sources["into_river"].to_numpy(float)
    return sources.assign(in_river_load=in_river, outlet_load=at_outlet)


def _refuse_twice(
    ideal: pd.Series,
    deductions: pd.DataFrame,
    sources: pd.DataFrame,
    margin_of_safety: float | pd.Series,
    with_margin: pd.Series | None,
) -> None:
    """Refuse what would be counted twice, and tables that are not what they should be."""
    labels = list(ideal.index.names)
    columns = [*labels, "source", "deduction", "in_river_load"]
    raise_faults(
        lacking(deductions, "deductions", columns)
        + lacking(sources, "sources", [*labels, "source"])
    )
    faults = _number_faults(deductions, "deductions", "in_river_load", 0.0, np.inf)
    faults += _stranger_faults(deductions, "deductions", ideal)
    faults += [
        Fault("deductions", row, "deduction", kind, "is unknown", " or ".join(DEDUCTIONS))
        for row, kind in deductions["deduction"].items()
        if kind not in DEDUCTIONS
    ]
    faults += _twice_faults({"deductions": deductions, "sources": sources}, labels)
    raise_faults(faults + _margin_faults(ideal, margin_of_safety, with_margin))


def _capacity_faults(function: str, name: str, capacity: pd.Series) -> list[Fault]:
    """Faults of a series by labels: no names, labels twice, what is no number."""
    if not isinstance(capacity, pd.Series) or None in capacity.index.names:
        right = "a Series that has, such as control_unit"
        return [Fault(function, None, name, None, "has no named labels", right)]
    twice = capacity.index[capacity.index.duplicated()].unique()
    faults = [Fault(function, _words(k), name, None, "stands twice", "one row") for k in twice]
    numbers = pd.to_numeric(capacity, errors="coerce").to_numpy(float)
    bad = capacity.index[~np.isfinite(numbers)]
    return faults + [Fault(function, _words(k), name, None, "is no number", "kg/d") for k in bad]


def _twice_faults(tables: dict[str, pd.DataFrame], labels: list[str]) -> list[Fault]:
    """Faults of sources in two rows of one label, or at two places: each discharges at one."""
    rows = pd.concat(
        [table[[*labels, "source"]].assign(table=name, row=table.index)
         for name, table in tables.items()], ignore_index=True,
    )  # fmt: skip
    again = rows.duplicated([*labels, "source"])
    faults = [
        Fault(row["table"], row["row"], "source", row["source"], "is counted twice", "once")
        for _, row in rows[again].iterrows()
    ]
    where = [label for label in labels if label not in CONDITIONS]
    first = rows.drop_duplicates("source").set_index("source")[where]
    moved = (first.loc[rows["source"]].to_numpy() != rows[where].to_numpy()).any(axis=1)
    return faults + [
        Fault(row["table"], row["row"], "source", row["source"],
              f"is in {_words(tuple(first.loc[row['source']]))} and in {_words(tuple(row[where]))}",
              "a source in one place")
        for _, row in rows[moved].iterrows()
    ]  # fmt: skip


def _margin_faults(
    ideal: pd.Series, margin_of_safety: float | pd.Series, with_margin: pd.Series | None
) -> list[Fault]:
    """Faults of the margin, given as a share or as a capacity, and not as both."""
    faults = []
    margin = _floats(margin_of_safety)
    if not ((margin >= 0.0) & (margin < 1.0)).all():
        right = "0 ≤ margin < 1"
        faults += [Fault("chain", None, "margin_of_safety", None, "is out of range", right)]
    if isinstance(margin_of_safety, pd.Series):
        fits = margin_of_safety.index.equals(ideal.index)
    else:
        fits = margin.ndim == 0
    if not fits:
        right = "one number, or a Series with the labels of ideal"
        faults += [Fault("chain", None, "margin_of_safety", None, "does not fit", right)]
    if with_margin is None:
        return faults
    if margin.any():
        right = "margin_of_safety or with_margin"
        faults += [Fault("chain", None, "with_margin", None, "is a second margin", right)]
    same = isinstance(with_margin, pd.Series) and with_margin.index.equals(ideal.index)
    if not same or not (_floats(with_margin) <= ideal.to_numpy(float)).all():
        right = "the labels of ideal, and nowhere more"
        faults += [Fault("chain", None, "with_margin", None, "does not fit", right)]
    return faults


def _floats(value: float | pd.Series) -> Floats:
    """Numbers, NaN where there is none."""
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return np.full(np.shape(value), np.nan)


def _number_faults(
    table: pd.DataFrame, name: str, column: str, low: float, high: float
) -> list[Fault]:
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
    wrong = ~(np.isfinite(values) & (values >= low) & (values <= high))
    sign = "≥" if low == 0.0 else ">"
    right = f"a number {sign} 0" + (f" and ≤ {high:g}" if np.isfinite(high) else "")
    return [
        Fault(name, row, column, value, "is not valid", right)
        for row, value in zip(table.index[wrong], table[column][wrong], strict=True)
    ]


def _stranger_faults(table: pd.DataFrame, name: str, ideal: pd.Series) -> list[Fault]:
    labels = list(ideal.index.names)
    strange = ~_keys(table, labels).isin(ideal.index)
    return [
        Fault(name, row, labels[0], _words(key), "has no capacity", "labels of the capacity")
        for row, key in zip(table.index[strange], _keys(table, labels)[strange], strict=True)
    ]


def _keys(table: pd.DataFrame, labels: list[str]) -> pd.Index:
    """Labels of the rows of a table, as an index."""
    return (
        pd.Index(table[labels[0]]) if len(labels) == 1 else pd.MultiIndex.from_frame(table[labels])
    )


def _sums(table: pd.DataFrame, column: str, like: pd.Series) -> pd.Series:
    """Sum of a column by the labels of another series; 0 where the table has no row."""
    values = pd.Series(table[column].to_numpy(float), _keys(table, list(like.index.names)))
    sums = values.groupby(level=list(range(values.index.nlevels))).sum()
    return sums.reindex(like.index, fill_value=0.0)


def _words(label: object) -> str:
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)
