"""How each permit came about: from inputs to whole units, one row a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._labels import number
from permitload.allocation._cases import (
    ANNUAL,
    DIMS,
    GROUP,
    SECTION,
    Case,
    blank,
    cases,
    days_of,
    named_bounds,
    numbers_of,
)
from permitload.allocation.allocate import present_load
from permitload.errors import Fault, raise_faults
from permitload.schema import STOPS, VARIABLES
from permitload.units import tonnes

__all__ = ["COLUMNS", "explain"]

Floats = NDArray[np.float64]

COLUMNS = (*DIMS, "step", "quantity", "value", "unit", "subject", "reference")
_DIGITS = 9
"""Decimals of a mass [t]: whole units of any precision, without the noise of their sum."""
_UNITS = {"target": "kg/d", "precision": "t"}
"""Units of what is a parameter, not a variable."""
_AT_ROW = (
    ("headroom", SECTION, "limit", "headroom"),
    ("response", SECTION, "coefficient", "response"),
    ("added", SECTION, "added", "response × unrounded_load"),
    ("added_by_others", SECTION, "others", "response × unrounded_load of the other sources"),
    ("spare", SECTION, "spare", "headroom, at least 0, − added_by_others − added"),
    ("group_limit", GROUP, "limit", "sources"),
    ("group_others", GROUP, "others", "unrounded_load of the other sources of the group"),
    ("group_spare", GROUP, "spare", "group_limit − group_others − unrounded_load"),
    ("annual_total", ANNUAL, "limit", "sources"),
    ("annual_own", ANNUAL, "added", "unrounded_load × days / 1000"),
    ("annual_others", ANNUAL, "others", "unrounded_mass of the group in the year − annual_own"),
    ("annual_spare", ANNUAL, "spare", "annual_total − annual_others − annual_own"),
)
"""Numbers of a stop that is a row: name, kind of row, part of :class:`_AtRow`, reference."""


class _AtRow(NamedTuple):
    """Numbers of the row that stopped each source and period, NaN where none did."""

    limit: Floats
    coefficient: Floats
    added: Floats
    others: Floats
    spare: Floats


class _Line(NamedTuple):
    """One number of every source, pollutant and period; NaN where there is none."""

    step: str
    quantity: str
    value: Floats
    reference: str
    subject: NDArray[np.object_] | str = ""


def explain(
    allocation: xr.Dataset,
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    target: Callable[[xr.Dataset], xr.DataArray] = present_load,
    precision: float | None = None,
) -> pd.DataFrame:
    """Trace each permit: inputs → claim → level reached → who stopped it → rounding → permit.

    The numbers chain, and a reader can check them with the table alone:
    ``unrounded_load = level × target`` within floor and ceiling; ``added = response ×
    unrounded_load``; ``spare = headroom (at least 0) − added_by_others − added``, nothing where
    the section is full; ``rounding = unrounded_mass − permit_mass``; ``permit`` is the sum of
    ``permit_mass`` over the periods.

    Parameters
    ----------
    allocation : Dataset
        Result of :func:`allocate`: ``permitted_load``, ``level``, ``stopped_by`` (source,
        pollutant, period), with the coordinate ``days`` (period) [d]. Where permits were cut to
        whole units, ``unrounded_load`` holds the loads before that.
    response, headroom, sources
        As for :func:`allocate`.
    target : function, default present_load
        As for :func:`allocate`.
    precision : float, optional
        Unit of a permit [t], shown with the rounding.

    Returns
    -------
    DataFrame
        ``source``, ``pollutant``, ``period`` (empty for the year), ``step`` (``input``,
        ``claim``, ``level``, ``stop``, ``granted``, ``rounding``, ``permit``, ``year``),
        ``quantity`` (a name of the glossary), ``value``, ``unit``, ``subject`` (section or
        other stop, function) and ``reference``: the argument that the value comes from, or the
        rule that makes it from rows above.

    Raises
    ------
    DataError
        As :func:`allocate`; and if days are missing or a stop is unknown.

    Examples
    --------
    >>> from permitload.allocation.allocate import allocate
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> response = response.assign_coords(days=("period", [100.0]))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> given = xr.Dataset({"source_load": given, "ceiling": given})
    >>> given = given.assign_coords(outlet=("source", ["O1"]))
    >>> table = explain(allocate(response, room, given), response, room, given)
    >>> table[table["step"] == "stop"].set_index("quantity")["value"].to_dict()
    {'headroom': 0.5, 'response': 0.01, 'added': 0.5, 'added_by_others': 0.0, 'spare': 0.0}
    """
    like, problems = blank(response, sources), cases(response, headroom, sources)
    days = np.broadcast_to(days_of(allocation, like), like.shape)
    permitted = numbers_of(allocation["permitted_load"], like, "permitted_load")
    before = allocation.get("unrounded_load", allocation["permitted_load"])
    unrounded = numbers_of(before, like, "unrounded_load")
    bounds = {
        "floor": _gathered(like, ((case, case.floor) for case in problems)),
        "ceiling": _gathered(like, ((case, case.ceiling) for case in problems)),
    }
    claim = numbers_of(target(sources), like, "target")
    mass = tonnes(permitted, days).round(_DIGITS)
    before_mass = tonnes(unrounded, days)
    stops = _labels(allocation, like)
    _refuse_unknown(stops, problems, named_bounds(sources, like))
    granted = "level × target, within floor and ceiling"
    lines = [
        _Line("input", "days", days, "allocation"),
        *_present(sources, like),
        *(_Line("input", name, value, "sources") for name, value in bounds.items()),
        _Line("claim", "target", claim, "target", _name_of(target)),
        _Line("level", "level", numbers_of(allocation["level"], like, "level"), "allocation"),
        *_at_rows(stops, problems, unrounded),
        *_at_bounds(stops, named_bounds(sources, like), bounds | {"target": claim}),
        _Line("granted", "unrounded_load", unrounded, granted),
        _Line("rounding", "unrounded_mass", before_mass, "unrounded_load × days / 1000"),
        _Line("rounding", "rounding", before_mass - mass, "unrounded_mass − permit_mass"),
        _Line("permit", "permit_mass", mass, "permitted_load × days / 1000"),
        _Line("permit", "permitted_load", permitted, "allocation"),
    ]
    if precision is not None:
        unit = np.full(like.shape, number(precision, "precision"))
        lines.insert(-3, _Line("rounding", "precision", unit, "precision"))
    return _long(like, lines, mass.sum(axis=2))


def _name_of(target: Callable[[xr.Dataset], xr.DataArray]) -> str:
    """Name of a function, or of the one that stands in a partial."""
    return str(getattr(getattr(target, "func", target), "__name__", "target"))


def _present(sources: xr.Dataset, like: xr.DataArray) -> list[_Line]:
    """Say what each source discharges at present, and at which outlet, where that is known."""
    if "source_load" not in sources:
        return []
    outlet = np.asarray(sources["outlet"].values.astype(str), dtype=object)[:, None, None]
    values = numbers_of(sources["source_load"], like, "source_load")
    return [_Line("input", "source_load", values, "sources", np.broadcast_to(outlet, like.shape))]


def _gathered(like: xr.DataArray, parts: Iterable[tuple[Case, Floats]]) -> Floats:
    """Numbers of all cases by source, pollutant and period."""
    found = np.full(like.shape, np.nan)
    for case, values in parts:
        found[case.at] = values.reshape(found[case.at].shape)
    return found


def _labels(allocation: xr.Dataset, like: xr.DataArray) -> NDArray[np.object_]:
    """Name what stopped each source, in the order of the loads."""
    stops = allocation["stopped_by"].sel({dim: like[dim].values for dim in DIMS})
    return np.asarray(stops.transpose(*DIMS).values.astype(str), dtype=object)


def _rows_of(case: Case, stops: NDArray[np.object_]) -> NDArray[np.int64]:
    """Row of a case that each stop (source, period) names; -1 where it names none."""
    columns = []
    for k, names in enumerate(stops[case.at].T):
        here = np.flatnonzero((case.period == k) | (case.period < 0))
        found = pd.Index(case.name[here].astype(str)).get_indexer(pd.Index(names))
        columns.append(np.where(found < 0, -1, here[found]))
    return np.stack(columns, axis=-1)


def _refuse_unknown(
    stops: NDArray[np.object_], problems: list[Case], named: dict[str, NDArray[np.object_]]
) -> None:
    """Refuse stops that are neither a row nor a bound."""
    known = np.isin(stops, STOPS) | (stops == named["ceiling"]) | (stops == named["floor"])
    for case in problems:
        known[case.at] |= _rows_of(case, stops) >= 0
    right = "a section of the response, a group, or one of " + ", ".join(STOPS)
    raise_faults(
        Fault("allocation", None, "stopped_by", name, "is unknown", right)
        for name in sorted(set(map(str, stops[~known])))
    )


def _at_rows(stops: NDArray[np.object_], problems: list[Case], unrounded: Floats) -> list[_Line]:
    """Say what the row of a section or group is made of where it stopped a source."""
    values = np.full((len(_AT_ROW), *stops.shape), np.nan)
    for case in problems:
        row = _rows_of(case, stops).ravel()
        found = _at_row(case, row, unrounded[case.at].ravel())
        for k, (_, kind, part, _) in enumerate(_AT_ROW):
            mine = (row >= 0) & (case.kind[row] == kind)
            numbers = np.where(mine, getattr(found, part), np.nan)
            values[k][case.at] = numbers.reshape(stops[case.at].shape)
    return [
        _Line("stop", name, values[k], rule, stops) for k, (name, _, _, rule) in enumerate(_AT_ROW)
    ]


def _at_bounds(
    stops: NDArray[np.object_], named: dict[str, NDArray[np.object_]], bounds: dict[str, Floats]
) -> list[_Line]:
    """Say which bound stopped a source, under the name of the component that sets it."""
    ceiling = (stops == "ceiling") | (stops == named["ceiling"])
    floor = ~ceiling & ((stops == "floor") | (stops == named["floor"]))
    mine = {"ceiling": ceiling, "floor": floor, "target": np.isin(stops, STOPS[2:])}
    return [
        _Line("stop", name, np.where(here, bounds[name], np.nan), f"{name}, above", stops)
        for name, here in mine.items()
    ]


def _at_row(case: Case, row: NDArray[np.int64], unrounded: Floats) -> _AtRow:
    """Numbers of the row that stopped each source of one case; NaN where none did."""
    coefficient = case.matrix.toarray()[:, case.place]
    limit, stopped = case.limit.to_numpy(), row >= 0
    mine = np.where(stopped, coefficient[row, np.arange(len(row))], np.nan)
    most = np.where(stopped, limit[row], np.nan)
    added = mine * unrounded
    # an elementwise sum is the same at any thread count, a product of matrices is not
    others = np.maximum((coefficient * unrounded).sum(axis=1)[row] - added, 0.0)
    return _AtRow(most, mine, added, others, np.maximum(most, 0.0) - others - added)


def _long(like: xr.DataArray, lines: list[_Line], annual: Floats) -> pd.DataFrame:
    """Lay out all numbers: by source, pollutant, period and line; the year after its periods."""
    periods = like["period"].values.astype(str).tolist()
    lines = [*lines, _Line("year", "permit", annual, "sum of permit_mass over the periods")]
    shape = (*like.shape[:2], len(periods) + 1, len(lines))
    value, subject = np.full(shape, np.nan), np.full(shape, "", dtype=object)
    for k, line in enumerate(lines):
        here = (..., slice(-1), k) if line.value.ndim == len(DIMS) else (..., -1, k)
        value[here], subject[here] = line.value, line.subject
    keep = np.flatnonzero(~np.isnan(value))
    place = np.unravel_index(keep, shape)
    axes = [like["source"].values, like["pollutant"].values, [*periods, ""]]
    words = [
        [line.step for line in lines],
        [line.quantity for line in lines],
        [_UNITS.get(line.quantity) or VARIABLES[line.quantity].unit for line in lines],
        [line.reference for line in lines],
    ]
    source, pollutant, period = (
        np.asarray(labels, dtype=object)[at] for labels, at in zip(axes, place[:3], strict=True)
    )
    step, quantity, unit, reference = (np.asarray(w, dtype=object)[place[3]] for w in words)
    columns = (source, pollutant, period, step, quantity, value.ravel()[keep], unit,
               subject.ravel()[keep], reference)  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
