"""Reads boundary conditions of computed flow, collecting what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._gaps import gap
from permitload.errors import Fault, raise_faults
from permitload.hydraulics._arrays import RATING, Forcing, Links
from permitload.hydraulics._mesh import Mesh, plain
from permitload.network import RiverNetwork

__all__ = ["Given", "forcing", "part_faults", "rating_faults", "read", "stage_faults"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DIMS = {
    "stage": "node",
    "flow": "node",
    "lateral_flow": "reach",
    "rain": "node",
    "evaporation": "node",
    "opening": "structure",
}
_RATING = ("rating_stage", "rating_flow")
_TABLE = "boundaries"


@dataclass(frozen=True, slots=True)
class Given:
    """Boundary values by name: rows of the network, and values (row, instant or period)."""

    axis: pd.Index[Any]
    rows: dict[str, Ints]
    values: dict[str, Floats]
    ratings: dict[int, tuple[Floats, Floats]]
    """Row of a node → stages and outflows."""


def read(network: RiverNetwork, boundaries: xr.Dataset, axis: str) -> Given:
    """Read boundaries along ``time`` or ``period``; labels of which all values are NaN have none.

    Raises
    ------
    DataError
        With every unknown name, label and dimension, gaps, and values that are not finite.
    """
    faults: list[Fault] = []
    if not isinstance(boundaries, xr.Dataset):
        right = "a Dataset with stage (node, ...) or flow (node, ...)"
        raise_faults([Fault(_TABLE, None, "stage", type(boundaries).__name__, "is not it", right)])
    for name in boundaries.data_vars:
        if name not in (*_DIMS, *_RATING):
            right = ", ".join((*_DIMS, *_RATING))
            faults.append(Fault(_TABLE, None, str(name), None, "is unknown", right))
    index = _axis(boundaries, axis, faults)
    labels = {
        "node": network.nodes.index,
        "reach": network.reaches.index,
        "structure": network.structures.index,
    }
    rows, values = {}, {}
    for name, dim in _DIMS.items():
        rows[name], values[name] = np.empty(0, dtype=np.int64), np.empty((0, index.size))
        if name in boundaries:
            rows[name], values[name] = _series(
                boundaries[name], (dim, axis), labels[dim], index, faults
            )
    ratings = _ratings(boundaries, labels["node"], faults)
    faults += _conflicts(rows, ratings, network)
    raise_faults(faults)
    return Given(index, rows, values, ratings)


def forcing(given: Given, seconds: Floats) -> Forcing:
    """Boundaries as the kernels read them; ``seconds`` is the time of each value."""
    values, rows = given.values, given.rows
    if seconds.size == 1:
        seconds = np.array([0.0, 1.0])
        values = {name: np.repeat(array, 2, axis=1) for name, array in values.items()}
    step = np.diff(seconds)

    def total(array: Floats) -> Floats:
        """Integral from the first instant on."""
        pieces = 0.5 * (array[:, 1:] + array[:, :-1]) * step
        start = np.zeros((len(array), 1))
        return np.hstack([start, np.cumsum(pieces, axis=1)])

    wet = np.union1d(rows["rain"], rows["evaporation"])
    rain = np.zeros((wet.size, seconds.size))
    rain[np.searchsorted(wet, rows["rain"])] += values["rain"] / 8.64e7
    rain[np.searchsorted(wet, rows["evaporation"])] -= values["evaporation"] / 8.64e7
    flow, side = values["flow"], values["lateral_flow"]
    return Forcing(*plain(
        seconds, rows["stage"], values["stage"], rows["flow"], flow, total(flow),
        rows["lateral_flow"], side, total(side), wet, rain, rows["opening"], values["opening"],
    ))  # fmt: skip


def stage_faults(given: Given, mesh: Mesh, nodes: pd.Index[str]) -> list[Fault]:
    """Stage boundaries at or below the bed: dry; and rain on nodes without a surface."""
    bed = np.full(len(nodes), np.inf)
    np.minimum.at(bed, mesh.start, mesh.bed[:, 0])
    np.minimum.at(bed, mesh.stop, mesh.bed[:, 1])
    faults = []
    for row, series in zip(given.rows["stage"], given.values["stage"], strict=True):
        low = int(series.argmin())
        if series[low] <= bed[row] < np.inf:
            place = f"node {nodes[row]}, {given.axis.name} {given.axis[low]}"
            right = f"a stage above the bed, {bed[row]:g} m"
            faults.append(Fault(_TABLE, place, "stage", series[low], "leaves it dry", right))
    return faults + [
        Fault(_TABLE, f"node {nodes[row]}", name, None, "falls on no surface",
              "a node with storage_area > 0 or a storage curve")
        for name in ("rain", "evaporation") for row in given.rows[name] if mesh.storage[row] < 0
    ]  # fmt: skip


def rating_faults(
    links: Links, stage: Floats, nodes: pd.Index[str], instants: list[str]
) -> list[Fault]:
    """Stages (instant, node) beyond the ends of a rating curve, where its flow is not known."""
    faults = []
    for s in np.flatnonzero(links.kind == RATING):
        row, part = links.start[s], slice(links.first[s], links.first[s + 1])
        curve, flow, series = links.rating_stage[part], links.rating_flow[part], stage[:, row]
        over, under = series.max() > curve[-1] + 1e-6, series.min() < curve[0] - 1e-6
        if over or (under and flow[0] > 0.0):
            k = int(series.argmax() if over else series.argmin())
            end = f"ends at {curve[-1]:g} m" if over else f"begins at {curve[0]:g} m"
            problem = f"{end} and does not say what leaves at {series[k]:.4g} m"
            right = "a curve up to the highest stage" if over else "a curve from no flow on"
            place = f"node {nodes[row]}, {instants[k]}"
            faults.append(Fault(_TABLE, place, "rating_stage", None, problem, right))
    return faults


def part_faults(
    given: Given, network: RiverNetwork, ends: Ints, stores: NDArray[np.bool_] | None
) -> list[Fault]:
    """Parts of the network whose level nothing holds; ``ends`` are pairs of joined nodes.

    ``stores`` marks nodes whose storage may fill and empty; None in a steady state.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count, nodes = len(network.nodes), network.nodes
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    parts, part = connected_components(links, directed=False)
    held = np.zeros(parts, dtype=bool)
    held[part[given.rows["stage"]]] = True
    held[part[np.array(list(given.ratings), dtype=np.int64)]] = True
    driven = np.zeros(parts, dtype=bool)
    driven[part[given.rows["flow"]]] = True
    driven[part[network.from_index[given.rows["lateral_flow"]]]] = True
    if stores is None:  # a pump takes what enters: its level is between stop and start_stage
        works = network.structures
        able = (works["structure_type"] == "pump") & (works["pump_capacity"] > 0.0)
        pumped = works.loc[able, "from_node"]
        driven[part[given.rows["rain"]]] = True
        out = np.zeros(parts, dtype=bool)
        out[part[nodes.index.get_indexer(pd.Index(pumped))]] = True
        held |= driven & out
    else:  # levels may rise and fall with storage, but not with flow alone
        held[part[stores]] = True
        held |= ~driven
    faults = []
    for k in np.flatnonzero(~held):
        members = nodes.index[part == k]
        flows = [nodes.index[i] for i in given.rows["flow"] if part[i] == k]
        what = f"flow is given at {', '.join(flows)} and" if flows else "an isolated pond:"
        place = f"part with node {members[0]} ({len(members)} nodes)"
        problem = f"{what} no stage or rating holds the level"
        right = "a stage or a rating curve at one node of the part"
        faults.append(Fault(_TABLE, place, "stage", None, problem, right))
    return faults


def _axis(boundaries: xr.Dataset, axis: str, faults: list[Fault]) -> pd.Index[Any]:
    """Instants or periods of the values; one if there are none."""
    other = {"time": "period", "period": "time"}[axis]
    if other in boundaries.dims:
        faults.append(Fault(_TABLE, None, other, None, "is not the axis of this computation", axis))
    if axis not in boundaries.dims:
        start = pd.DatetimeIndex(["NaT"]) if axis == "time" else pd.Index(["design"])
        return start.rename(axis)
    index = boundaries.indexes.get(axis, pd.RangeIndex(boundaries.sizes[axis]))
    if axis == "period":
        return index.astype(str).rename(axis)
    if not isinstance(index, pd.DatetimeIndex) or index.hasnans:
        faults.append(Fault(_TABLE, None, axis, index.dtype, "is not a date", "datetime64"))
        return pd.DatetimeIndex(np.arange(len(index))).rename(axis)
    if not (index.is_monotonic_increasing and index.is_unique) or len(index) < 2:
        right = "two instants or more, each later than the last"
        faults.append(Fault(_TABLE, None, axis, len(index), "does not increase", right))
    return index.rename(axis)


def _series(
    array: xr.DataArray, dims: tuple[str, str], known: pd.Index[Any], index: pd.Index[Any],
    faults: list[Fault],
) -> tuple[Ints, Floats]:  # fmt: skip
    """Rows and values of one variable."""
    (dim, axis), name = dims, str(array.name)
    nothing = np.empty(0, dtype=np.int64), np.empty((0, index.size))
    if set(array.dims) - {axis} != {dim} or dim not in array.indexes:
        problem, right = f"has dimensions {array.dims}", f"labelled dimensions ({dim}, {axis})"
        faults.append(Fault(_TABLE, None, name, None, problem, right))
        return nothing
    labels = array.indexes[dim].astype(str)
    strange = labels.difference(known).union(labels[labels.duplicated()])
    faults += [
        Fault(_TABLE, None, dim, label, "is unknown or repeated", f"a {dim} that exists, once")
        for label in strange
    ]
    if len(strange):
        return nothing
    if axis not in array.dims:
        array = array.expand_dims({axis: index.size}, axis=-1)
    values = array.transpose(dim, axis).to_numpy().astype(float)
    there = ~np.isnan(values).all(axis=1)
    for i, j in np.argwhere(~np.isfinite(values) & there[:, None]):
        place = f"{dim} {labels[i]}, {axis} {index[j]}"
        right = "a finite number; a series has no gaps"
        faults.append(Fault(_TABLE, place, name, values[i, j], "is not valid", right))
    if name == "stage" and axis == "time":
        faults += _gaps(index, labels[there])
    if name in ("rain", "evaporation", "opening"):
        faults += [
            Fault(_TABLE, f"{dim} {labels[i]}, {axis} {index[j]}", name, values[i, j],
                  "is negative", "a number ≥ 0")
            for i, j in np.argwhere(values < 0.0)
        ]  # fmt: skip
    return known.get_indexer(labels[there]).astype(np.int64), values[there]


def _gaps(index: pd.Index[Any], labels: pd.Index[Any]) -> list[Fault]:
    """Stage series with a step far longer than its others: readings are lost there."""
    if not len(labels):
        return []
    lost = gap((index.to_numpy() - index[0].to_numpy()) / np.timedelta64(1, "s"))
    if lost is None:
        return []
    place = f"nodes {', '.join(labels)}, time {index[lost[0]]}"
    problem = f"has no value for {lost[1]:g} s, and one every {lost[2]:g} s elsewhere"
    return [Fault(_TABLE, place, "stage", None, problem, "a series without gaps")]


def _ratings(
    boundaries: xr.Dataset, known: pd.Index[Any], faults: list[Fault]
) -> dict[int, tuple[Floats, Floats]]:
    """Rating curves by row of their node: outflow that grows with the stage."""
    if not any(name in boundaries for name in _RATING):
        return {}
    right = "rating_stage and rating_flow (node, point), both growing, two points or more"
    for name in _RATING:
        if name not in boundaries or set(boundaries[name].dims) != {"node", "point"}:
            faults.append(Fault(_TABLE, None, name, None, "is missing or has other axes", right))
            return {}
    found = {}
    for label in boundaries.indexes["node"].astype(str):
        stage, flow = (
            boundaries[name].sel(node=label).transpose("point").to_numpy().astype(float)
            for name in _RATING
        )
        there = ~(np.isnan(stage) & np.isnan(flow))
        stage, flow = stage[there], flow[there]
        if not there.any():
            continue
        grows = np.isfinite(stage).all() and (np.diff(stage) > 0.0).all()
        grows &= bool((np.diff(flow) >= 0.0).all() and flow[0] >= 0.0)
        if label not in known or stage.size < 2 or not grows:
            faults.append(
                Fault(_TABLE, f"node {label}", "rating_stage", None, "is not a curve", right)
            )
            continue
        found[int(known.get_loc(label))] = stage, flow
    return found


def _conflicts(
    rows: dict[str, Ints], ratings: dict[int, tuple[Floats, Floats]], network: RiverNetwork
) -> list[Fault]:
    """Nodes with two kinds of boundary."""
    labels, faults = network.nodes.index, []
    stage, flow, rating = (set(map(int, r)) for r in (rows["stage"], rows["flow"], ratings))
    for row in sorted((stage & (flow | rating)) | set()):
        right = "a stage, or a flow or rating, at one node"
        faults.append(
            Fault(_TABLE, f"node {labels[row]}", "stage", None, "contradicts its flow", right)
        )
    return faults
