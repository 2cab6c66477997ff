"""Reading concentrations of a quality Dataset at control sections."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import _profile
from permitload.errors import Fault, raise_faults
from permitload.schema import VARIABLES, text
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = ["at"]

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
    frame = sections if "section" in sections.columns else sections.reset_index()
    frame = frame.reindex(columns=["section", "reach", "node", "position"]).reset_index(drop=True)
    frame = frame.assign(
        reach=text(frame["reach"]), node=text(frame["node"]),
        position=pd.to_numeric(frame["position"], errors="coerce").astype(float),
    )  # fmt: skip
    extent = _extents(quality)
    raise_faults(_faults(frame, quality, extent))
    shape = (len(frame), quality.sizes["pollutant"], quality.sizes["period"])
    values = np.empty(shape)
    nodes = pd.Index(quality["node"].values)
    for s, row in enumerate(frame.itertuples()):
        if row.reach:
            values[s] = _in_reach(quality, extent[str(row.reach)], float(row.position))
        else:
            values[s] = quality["node_concentration"].values[nodes.get_loc(row.node)]
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
    return xr.DataArray(
        values,
        {
            "section": text(frame["section"]).to_numpy(dtype=object),
            "pollutant": quality["pollutant"],
            "period": quality["period"],
            "reach": ("section", frame["reach"].to_numpy(dtype=object)),
            "node": ("section", frame["node"].to_numpy(dtype=object)),
            "position": ("section", frame["position"].to_numpy()),
        },
        ("section", "pollutant", "period"),
        name="concentration",
        attrs=attrs,
    )


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


def _extents(quality: xr.Dataset) -> dict[str, Extent]:
    """Place of each reach, and its first segment and the one after its last."""
    labels = quality["segment_reach"].values
    if not labels.size:
        return {}
    place = {reach: r for r, reach in enumerate(quality["reach"].values)}
    first = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    last = np.r_[first[1:], labels.size]
    return {
        str(labels[a]): (place[labels[a]], int(a), int(b))
        for a, b in zip(first, last, strict=True)
        if labels[a] in place
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


def _in_reach(quality: xr.Dataset, extent: Extent, position: float) -> Floats:
    """Concentration (pollutant, period) at one position."""
    r, low, high = extent
    start, stop = quality["position"].values[low:high], quality["position_to"].values[low:high]
    ends = np.append(start, stop[-1])
    nearest = float(ends[np.abs(ends - position).argmin()])
    position = nearest if abs(nearest - position) <= _profile.SNAP else position
    left = int(np.clip(np.searchsorted(stop, position, side="left"), 0, high - low - 1))
    right = int(np.clip(np.searchsorted(start, position, side="right") - 1, 0, high - low - 1))
    outer = quality["concentration"].values[r]
    forward = quality["segment_flow"].values[low + right, 0] >= 0.0
    ahead = outer[1] if position >= stop[-1] else _in_segment(quality, low + right, r, position)
    back = outer[0] if position <= 0.0 else _in_segment(quality, low + left, r, position)
    return np.where(forward, ahead, back)


def _in_segment(quality: xr.Dataset, segment: int, reach: int, position: float) -> Floats:
    """Concentration (pollutant, period) inside one segment, by its closed form."""
    start = float(quality["position"].values[segment])
    size = float(quality["position_to"].values[segment]) - start
    low, high = quality["segment_concentration"].values[segment]
    flow = quality["segment_flow"].values[segment]
    area = quality["segment_area"].values[segment]
    rate = quality["loss_rate"].values[reach]
    dispersion = quality["dispersion"].values[reach]
    place = (position - start) / size
    wide = dispersion > 0.0
    conductance = np.where(wide, dispersion, 1.0) * area / size
    loss = rate * area * size / SECONDS_PER_DAY
    spread = _profile.dispersed(np.asarray(place), (low, high), flow[0], conductance, loss)
    forward = flow[0] >= 0.0
    upper = np.where(forward, np.abs(flow[0]), np.abs(flow[1]))
    lower = np.where(forward, np.abs(flow[1]), np.abs(flow[0]))
    gone = np.where(forward, place, 1.0 - place)
    safe = np.where(upper > 0.0, upper, 1.0)
    here = safe + (lower - safe) * gone
    days = _profile.travel_time(area * size * gone, safe, here)
    weight = quality["segment_load"].values[segment] / KG_PER_DAY * size * gone
    entered = np.where(forward, low, high) * upper
    flux = entered * np.exp(-rate * days) + weight * _profile.spread_kept(rate * days, safe, here)
    return np.where(wide, spread, np.where(upper > 0.0, flux / here, np.nan))
