"""Reading concentrations and water of a quality Dataset at control sections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import _profile
from permitload.errors import Fault, raise_faults
from permitload.schema import VARIABLES, text
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = ["at", "flow_at"]

Floats = NDArray[np.float64]


def at(sections: pd.DataFrame, quality: xr.Dataset) -> xr.DataArray:
    """Concentration at control sections, exact at any position of a reach.

    Parameters
    ----------
    sections : DataFrame
        ``section``, ``reach`` and ``position`` [m from from_node], or ``node``. At the
        position of an outlet the concentration is that just below it; at the downstream end
        of a reach it is that of the reach, before it mixes at the node.
    quality : Dataset
        Result of :func:`permitload.quality.steady`.

    Returns
    -------
    DataArray concentration (section, pollutant, period)
        Concentration [mg/L], with the coordinates ``reach``, ``node`` and ``position``;
        ``scenario`` comes last where the quality has it.

    Raises
    ------
    DataError
        If a section is off the network, or lies where no water flows in some period.

    Examples
    --------
    >>> quality = xr.Dataset(
    ...     {"node_concentration": (("node", "pollutant", "period"), [[[4.0]]])},
    ...     {"node": ["a"], "pollutant": ["COD"], "period": ["01"],
    ...      "segment_reach": ("segment", [])})
    >>> at(pd.DataFrame({"section": ["S"], "node": ["a"]}), quality).item()
    4.0
    """
    if "scenario" in quality.dims:
        every = [at(sections, quality.sel(scenario=label)) for label in quality["scenario"].values]
        found: xr.DataArray = xr.concat(every, quality["scenario"], join="exact")
        return found.transpose(..., "scenario")
    quality = _ordered(quality)
    frame, extent = _placed(sections, quality)
    shape = (len(frame), quality.sizes["pollutant"], quality.sizes["period"])
    values = np.empty(shape)
    nodes, at_nodes = quality.indexes["node"], quality["node_concentration"].values
    arrays = {n: quality[n].values for n in _READ} if extent else {}
    for s, row in enumerate(frame.itertuples()):
        if row.reach:
            values[s] = _in_reach(arrays, extent[str(row.reach)], float(row.position))
        else:
            values[s] = at_nodes[nodes.get_loc(row.node)]
    dry = np.argwhere(np.isnan(values))
    raise_faults(
        [
            Fault("sections", frame["section"][s], "reach", None,
                  f"has no flowing water in period {quality['period'].values[i]}",
                  "a section where water flows, or dispersion")
            for s, i in sorted({(int(a), int(c)) for a, _, c in dry})
        ]
    )  # fmt: skip
    attrs = {"units": "mg/L", "long_name": VARIABLES["concentration"].meaning}
    dims = ("section", "pollutant", "period")
    return xr.DataArray(values, _coords(frame, quality, dims), dims, "concentration", attrs)


def flow_at(sections: pd.DataFrame, quality: xr.Dataset) -> xr.DataArray:
    """Water that passes control sections, the outlets' effluent included.

    Parameters
    ----------
    sections : DataFrame
        As for :func:`at`; the flow is read where the concentration is.
    quality : Dataset
        Result of :func:`permitload.quality.steady`.

    Returns
    -------
    DataArray flow (section, period)
        Discharge [m3/s], positive along the drawing of the reach; at a node all water that
        leaves it, positive. The coordinates are those of :func:`at`.

    Raises
    ------
    DataError
        If a section is off the network.

    Examples
    --------
    >>> quality = xr.Dataset(
    ...     {"node_flow": (("node", "period"), [[3.0]])},
    ...     {"node": ["a"], "pollutant": ["COD"], "period": ["01"],
    ...      "segment_reach": ("segment", [])})
    >>> flow_at(pd.DataFrame({"section": ["S"], "node": ["a"]}), quality).item()
    3.0
    """
    quality = _ordered(quality)
    frame, extent = _placed(sections, quality)
    values = np.empty((len(frame), quality.sizes["period"]))
    nodes, at_nodes = quality.indexes["node"], quality["node_flow"].values
    arrays = {n: quality[n].values for n in _WATER} if extent else {}
    for s, row in enumerate(frame.itertuples()):
        if row.reach:
            values[s] = _flow_in_reach(arrays, extent[str(row.reach)], float(row.position))
        else:
            values[s] = at_nodes[nodes.get_loc(row.node)]
    attrs = {"units": "m3/s", "long_name": VARIABLES["flow"].meaning}
    dims = ("section", "period")
    return xr.DataArray(values, _coords(frame, quality, dims), dims, "flow", attrs)


def _placed(sections: pd.DataFrame, quality: xr.Dataset) -> tuple[pd.DataFrame, dict[str, Extent]]:
    """Sections with the columns of a place, and the segments of their reaches."""
    frame = sections if "section" in sections.columns else sections.reset_index()
    frame = frame.reindex(columns=["section", "reach", "node", "position"]).reset_index(drop=True)
    frame = frame.assign(
        reach=text(frame["reach"]), node=text(frame["node"]),
        position=pd.to_numeric(frame["position"], errors="coerce").astype(float),
    )  # fmt: skip
    extent = _extents(quality, set(frame["reach"]) - {""})
    raise_faults(_faults(frame, quality, extent))
    return frame, extent


def _coords(frame: pd.DataFrame, quality: xr.Dataset, dims: tuple[str, ...]) -> dict[str, Any]:
    """Labels and places of sections, and the other dimensions of what is read there."""
    return {
        "section": text(frame["section"]).to_numpy(dtype=object),
        **{dim: quality[dim] for dim in dims[1:]},
        "reach": ("section", frame["reach"].to_numpy(dtype=object)),
        "node": ("section", frame["node"].to_numpy(dtype=object)),
        "position": ("section", frame["position"].to_numpy()),
    }


def _ordered(quality: xr.Dataset) -> xr.Dataset:
    """Quality with its dimensions in the order that reading relies on, or a refusal."""
    lacking = {"node", "pollutant", "period"} - set(quality.dims)
    lacking |= {"segment_reach"} - set(quality.variables)
    if lacking:
        right = "the whole result of quality.steady; select from what is read instead"
        raise_faults(
            [Fault("quality", None, n, None, "is missing", right) for n in sorted(lacking)]
        )
    order = ("segment", "reach", "node", "end", "pollutant", "period")
    return quality.transpose(*(d for d in order if d in quality.dims), ...)


Extent = tuple[int, int, int]
Arrays = dict[str, NDArray[Any]]

_READ = ("concentration", "dispersion", "loss_rate", "position", "position_to", "segment_area",
         "segment_concentration", "segment_flow", "segment_load")  # fmt: skip
"""What is read of a reach."""
_WATER = ("position", "position_to", "segment_flow")
"""What is read of a reach for its water."""


def _extents(quality: xr.Dataset, reaches: set[str]) -> dict[str, Extent]:
    """Place of each of these reaches, and its first segment and the one after its last."""
    labels = quality["segment_reach"].values
    if not labels.size or not reaches:
        return {}
    first = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    last = np.r_[first[1:], labels.size]
    wanted = pd.Index(sorted(reaches), dtype=object)
    part = pd.Index(labels[first]).get_indexer(wanted)
    place = quality.indexes["reach"].get_indexer(wanted)
    return {
        reach: (int(r), int(first[k]), int(last[k]))
        for reach, r, k in zip(wanted, place, part, strict=True)
        if r >= 0 and k >= 0
    }


def _faults(frame: pd.DataFrame, quality: xr.Dataset, extent: dict[str, Extent]) -> list[Fault]:
    """List sections that are nowhere."""
    nodes = set(quality["node"].values)
    ends = quality["position_to"].values if extent else np.empty(0)
    names = text(frame["section"])
    faults = [
        Fault("sections", name, "section", name, "is repeated or empty", "unique labels")
        for name in names[names.duplicated() | (names == "")].unique()
    ]
    for row in frame.itertuples():
        if bool(row.reach) == bool(row.node):
            problem = "and node are both given or both empty"
            faults.append(Fault("sections", row.section, "reach", None, problem, "one of the two"))
        elif row.reach and row.reach not in extent:
            faults.append(
                Fault("sections", row.section, "reach", row.reach, "is unknown", "a known reach")
            )
        elif row.node and row.node not in nodes:
            faults.append(
                Fault("sections", row.section, "node", row.node, "is unknown", "a known node")
            )
        elif row.reach:
            end = float(ends[extent[row.reach][2] - 1])
            if not 0.0 <= row.position <= end + _profile.SNAP:
                problem = f"is not on reach {row.reach}"
                faults.append(Fault("sections", row.section, "position", row.position, problem,
                                    f"0 ≤ position ≤ {end:g} m"))  # fmt: skip
    return faults


def _in_reach(arrays: Arrays, extent: Extent, position: float) -> Floats:
    """Concentration (pollutant, period) at one position."""
    r, low, high = extent
    start, stop = arrays["position"][low:high], arrays["position_to"][low:high]
    position, left, right = _around(start, stop, position)
    outer = arrays["concentration"][r]
    forward = arrays["segment_flow"][low + right, 0] >= 0.0
    ahead = outer[1] if position >= stop[-1] else _in_segment(arrays, low + right, r, position)
    back = outer[0] if position <= 0.0 else _in_segment(arrays, low + left, r, position)
    return np.where(forward, ahead, back)


def _around(start: Floats, stop: Floats, position: float) -> tuple[float, int, int]:
    """Position, at the end of a segment where it is next to it; segments on its two sides."""
    ends = np.append(start, stop[-1])
    nearest = float(ends[np.abs(ends - position).argmin()])
    position = nearest if abs(nearest - position) <= _profile.SNAP else position
    left = int(np.clip(np.searchsorted(stop, position, side="left"), 0, len(start) - 1))
    right = int(np.clip(np.searchsorted(start, position, side="right") - 1, 0, len(start) - 1))
    return position, left, right


def _flow_in_reach(arrays: Arrays, extent: Extent, position: float) -> Floats:
    """Flow (period) at one position, just below what enters there."""
    _, low, high = extent
    start, stop = arrays["position"][low:high], arrays["position_to"][low:high]
    position, left, right = _around(start, stop, position)
    flow = arrays["segment_flow"][low:high]
    ahead, back = (
        flow[k, 0] + (flow[k, 1] - flow[k, 0]) * (position - start[k]) / (stop[k] - start[k])
        for k in (right, left)
    )
    found: Floats = np.where(flow[right, 0] >= 0.0, ahead, back)
    return found


def _in_segment(arrays: Arrays, segment: int, reach: int, position: float) -> Floats:
    """Concentration (pollutant, period) inside one segment, by its closed form."""
    start = float(arrays["position"][segment])
    size = float(arrays["position_to"][segment]) - start
    low, high = arrays["segment_concentration"][segment]
    flow = arrays["segment_flow"][segment]
    area = arrays["segment_area"][segment]
    rate = arrays["loss_rate"][reach]
    dispersion = arrays["dispersion"][reach]
    place = (position - start) / size
    wide = dispersion > 0.0
    conductance = np.where(wide, dispersion, 1.0) * area / size
    loss = rate * area * size / SECONDS_PER_DAY
    spread = _profile.dispersed(np.asarray(place), (low, high), flow[0], conductance, loss)
    forward = flow[0] >= 0.0
    upper = np.where(forward, np.abs(flow[0]), np.abs(flow[1]))
    lower = np.where(forward, np.abs(flow[1]), np.abs(flow[0]))
    lower = np.where(upper > 0.0, lower, 1.0)  # without flow only dispersion is read
    gone = np.where(forward, place, 1.0 - place)
    safe = np.where(upper > 0.0, upper, 1.0)
    here = safe + (lower - safe) * gone
    days = _profile.travel_time(area * size * gone, safe, here)
    weight = arrays["segment_load"][segment] / KG_PER_DAY * size * gone
    entered = np.where(forward, low, high) * upper
    flux = entered * np.exp(-rate * days) + weight * _profile.spread_kept(rate * days, safe, here)
    return np.where(wide, spread, np.where(upper > 0.0, flux / here, np.nan))
