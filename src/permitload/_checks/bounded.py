"""Named floors and ceilings of sources: whether they can be, and which of them hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from permitload import allocation
from permitload._checks.works import law
from permitload._frames import fault_at, faults_of, positions, title
from permitload.errors import DataError, Fault
from permitload.io import expand_periods
from permitload.schema import COMPONENTS
from permitload.sources import LAW_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["bound_faults", "bounded"]

_DIMS = ("source", "pollutant", "period")
_OWN = "source_loads"
"""What floors and ceilings of the loads are called among the components."""

Tables = dict[str, pd.DataFrame]


def bound_faults(tables: Tables) -> list[Fault]:
    """Find bounds on the wrong side, beyond a works' law, of no load, or named as a section.

    Parameters
    ----------
    tables : dict of DataFrame
        ``source_bounds``, ``source_loads``, ``sources``, ``works``, ``kinetics`` and
        ``sections``.

    Returns
    -------
    list of Fault
        Each with its row; unknown labels are judged elsewhere.

    Examples
    --------
    >>> rows = {"source": ["E1"], "pollutant": ["TN"], "period": [""],
    ...         "component": ["eia_total"], "floor": [2.0], "ceiling": [np.nan]}
    >>> tables = {"source_bounds": pd.DataFrame(rows),
    ...           "source_loads": pd.DataFrame({"source": ["E1"], "pollutant": ["TN"]}),
    ...           "sources": pd.DataFrame({"source": ["E1"], "works": [""],
    ...                                    "wastewater_flow": [0.0]}),
    ...           "works": pd.DataFrame({"works": [], "pollutant": [],
    ...                                  "outlet_concentration": []}),
    ...           "kinetics": pd.DataFrame({"pollutant": ["TN"]}),
    ...           "sections": pd.DataFrame({"section": ["S1"]})}
    >>> print(bound_faults(tables)[0])
    source_bounds, row E1, TN, eia_total, floor: 2 kg/d is none: eia_total is a ceiling; right \
would be an empty cell
    """
    rows = tables["source_bounds"]
    if rows.empty:
        return []
    low = (rows["component"].map(COMPONENTS) == "floor").to_numpy()
    named = (rows["component"] != "").to_numpy()
    found = []
    for column, mine in (("floor", low), ("ceiling", ~low)):
        given, other = rows[column].notna().to_numpy(), "ceiling" if column == "floor" else "floor"
        for i in np.flatnonzero(named & given & ~mine).tolist():
            problem = f"is none: {rows['component'].iloc[i]} is a {other}"
            found.append(fault_at(rows, "source_bounds", i, column, problem, "an empty cell"))
        for i in np.flatnonzero(named & ~given & mine).tolist():
            problem, right = "is empty", f"the {column} that {rows['component'].iloc[i]} is"
            found.append(fault_at(rows, "source_bounds", i, column, problem, right))
    most = law(rows, tables)
    for column in ("floor", "ceiling"):
        for i in np.flatnonzero(rows[column].to_numpy() > most * (1.0 + LAW_TOLERANCE)).tolist():
            problem = f"exceeds the works' law, {most[i]:g} kg/d"
            right = "at most wastewater_flow × outlet_concentration"
            found.append(fault_at(rows, "source_bounds", i, column, problem, right))
    pairs = pd.MultiIndex.from_frame(tables["source_loads"][["source", "pollutant"]])
    known = pd.MultiIndex.from_frame(rows[["source", "pollutant"]]).isin(pairs)
    for name, table in (("source", "sources"), ("pollutant", "kinetics")):
        known |= ~rows[name].isin(tables[table][name]).to_numpy()
    for i in np.flatnonzero(~known).tolist():
        problem = f"has no load of source {rows['source'].iloc[i]}"
        right = "a row of source_loads"
        found.append(fault_at(rows, "source_bounds", i, "pollutant", problem, right))
    return found + _mistakable(tables)


def _mistakable(tables: Tables) -> list[Fault]:
    """Find sections with the name of a component: what stopped a source would be in doubt."""
    sections, names = tables["sections"], set(tables["source_bounds"]["component"]) - {""}
    problem, right = "is the name of a component of source_bounds", "a name of its own"
    return [
        fault_at(sections, "sections", int(i), "section", problem, right)
        for i in np.flatnonzero(sections["section"].isin(names))
    ]


def bounded(
    loads: xr.Dataset, source_loads: pd.DataFrame, source_bounds: pd.DataFrame,
    periods: Sequence[str],
) -> tuple[xr.Dataset, list[Fault]]:  # fmt: skip
    """Put the greatest floor and least ceiling in the place of those of the loads, with names.

    Floors and ceilings that ``source_loads`` states take part without a name. The ceiling of a
    direct source that states none is its present load; one that is named takes its place.

    Parameters
    ----------
    loads : Dataset
        What ``sources.source_dataset`` makes of ``source_loads``.
    source_loads : DataFrame
        The table, its periods written out.
    source_bounds : DataFrame
        Named floors and ceilings; rows with unknown labels are left out.
    periods : sequence of str
        All periods.

    Returns
    -------
    Dataset
        The loads; ``floor_component`` and ``ceiling_component`` beside ``floor`` and
        ``ceiling`` where there is a named bound.
    list of Fault
        Floors above their ceilings.

    Examples
    --------
    >>> bounded(xr.Dataset(), pd.DataFrame(), pd.DataFrame(), ["dry"])[0].sizes
    Frozen({})
    """
    if source_bounds.empty:
        return loads, []
    parts: dict[str, dict[str, xr.DataArray]] = {"floor": {}, "ceiling": {}}
    lines: dict[tuple[str, str], int] = {}
    for name, rows in source_bounds[_known(source_bounds, loads)].groupby("component"):
        side = COMPONENTS[str(name)]
        written = expand_periods(rows, periods)
        parts[side][str(name)] = _placed(written[side].to_numpy(), written, loads)
        keys = zip(*(written[dim] for dim in _DIMS), strict=True)
        at = source_bounds.index.get_indexer(written.index).tolist()
        lines |= {(str(name), ", ".join(key)): k for key, k in zip(keys, at, strict=True)}
    ends = {side: loads[side].reset_coords(drop=True) for side in parts}
    if parts["ceiling"]:
        named = xr.Dataset(parts["ceiling"]).notnull().to_array().any("variable")
        ends["ceiling"] = ends["ceiling"].where(~(named & _default(source_loads, loads)))
    floors, ceilings = (xr.Dataset({**parts[n], f"{_OWN} {n}": ends[n]}) for n in parts)
    try:
        found = allocation.bounds(floors, ceilings, needed=())
    except DataError as error:
        located = [_located(f, source_loads, source_bounds, lines) for f in error.faults]
        return loads, located or faults_of(error, title(source_bounds, "source_bounds"))
    for side in parts:
        names = found[f"{side}_component"]
        found[f"{side}_component"] = names.where(names != f"{_OWN} {side}", "").astype(str)
    return loads.assign(found.transpose(*_DIMS)), []


def _known(rows: pd.DataFrame, loads: xr.Dataset) -> NDArray[np.bool_]:
    """Whether each row has a name, and labels that the loads have."""
    axes = {dim: loads[dim].values for dim in _DIMS} | {"component": [*COMPONENTS]}
    axes["period"] = np.append(axes["period"], "")
    known: NDArray[np.bool_] = np.logical_and.reduce([rows[d].isin(axes[d]) for d in axes])
    return known


def _placed(values: NDArray[np.float64], rows: pd.DataFrame, loads: xr.Dataset) -> xr.DataArray:
    """Put the numbers of rows into an array, NaN where there is no row."""
    like = loads["ceiling"].transpose(*_DIMS).reset_coords(drop=True)
    array = np.full(like.shape, np.nan)
    array[tuple(positions(like[dim].values, rows[dim].to_numpy()) for dim in _DIMS)] = values
    return like.copy(data=array)


def _default(source_loads: pd.DataFrame, loads: xr.Dataset) -> xr.DataArray:
    """Whether the ceiling of a direct source is its present load, for none is stated."""
    none = source_loads["ceiling"].isna().to_numpy().astype(float)
    direct = (loads["works"] == "").reset_coords(drop=True)
    return (_placed(none, source_loads, loads) == 1.0) & direct


def _located(
    fault: Fault, source_loads: pd.DataFrame, source_bounds: pd.DataFrame,
    lines: dict[tuple[str, str], int],
) -> Fault:  # fmt: skip
    """Name the row that a floor above its ceiling comes from."""
    label = str(fault.row)
    right = fault.expected.replace(f"{_OWN} ceiling", f"the ceiling of {_OWN},")
    at = lines.get((fault.column, label))
    if at is not None:
        return fault_at(source_bounds, "source_bounds", at, "floor", fault.problem, right)
    labels = [", ".join(key) for key in source_loads[list(_DIMS)].to_numpy()]
    at = labels.index(label)
    return fault_at(source_loads, _OWN, at, "floor", fault.problem, right)
