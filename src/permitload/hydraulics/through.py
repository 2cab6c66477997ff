"""Structures as reaches, so that transport carries loads through them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults
from permitload.hydraulics._result import node_balance, reach_variables
from permitload.network import RiverNetwork
from permitload.schema import described

__all__ = ["structures_as_reaches"]

SHORT = 1.0
"""Length [m] of a structure as a reach; with 1 m3 of water 1 m deep it is passed in no time."""
NOTHING = 1e-9
"""Flow of a computed state that is rounding, over the greatest of the period or 1 m3/s."""


def structures_as_reaches(
    network: RiverNetwork, hydraulics: xr.Dataset
) -> tuple[RiverNetwork, xr.Dataset]:
    """Join gates, weirs, pumps and culverts to the reaches of a network and its steady flow.

    To transport a structure is water that leaves at one node and enters at another with a
    concentration that somebody must prescribe. As a reach of 1 m with 1 m3 of water (assumed,
    too little for anything to decay) it carries what the water holds. Flows of 1e-9 of the
    greatest (or of 1 m3/s) and less are rounding, and stand still.

    Parameters
    ----------
    network : RiverNetwork
        With structures.
    hydraulics : Dataset
        Of ``hydraulics.steady`` or ``period_flow``, with ``structure_flow`` (structure, period)
        [m3/s].

    Returns
    -------
    network : RiverNetwork
        Without structures, each of which is a reach of the same label.
    hydraulics : Dataset
        By reach and period ``flow``, ``velocity``, ``area``, ``volume``, ``travel_time``,
        ``depth``, and ``dispersion`` [m2/s] of means of a tide; by node and period ``stage``,
        ``boundary_flow`` (structures left out) and ``lateral_flow``.

    Raises
    ------
    DataError
        If a structure has the label of a reach.

    Examples
    --------
    >>> from permitload.hydraulics import steady
    >>> reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "c"],
    ...     "to_node": ["b", "d"], "length": [1000.0, 1000.0], "width": [20.0, 20.0],
    ...     "roughness": [0.025, 0.025], "bed_from": [0.0, 0.0], "bed_to": [0.0, 0.0]})
    >>> gates = pd.DataFrame({"structure": ["G"], "structure_type": ["gate"],
    ...     "from_node": ["b"], "to_node": ["c"], "width": [8.0], "opening": [1.0]})
    >>> river = RiverNetwork(reaches, structures=gates)
    >>> ends = xr.Dataset({"stage": ("node", [2.1, 2.0])}, {"node": ["a", "d"]})
    >>> joined, water = structures_as_reaches(river, steady(river, ends))
    >>> joined.reaches.index.tolist(), bool(water["flow"].std() < 1e-9)
    (['R1', 'R2', 'G'], True)
    >>> water["boundary_flow"].sel(node=["b", "c"]).values.tolist()
    [[0.0], [0.0]]
    """
    links, own = network.structures, network.reaches
    raise_faults(
        Fault("structures", name, "structure", name, "is also a reach", "a label of its own")
        for name in links.index.intersection(own.index)
    )
    rows = links[["from_node", "to_node"]].assign(length=SHORT).rename_axis("reach")
    # the pumps of polders are among the structures already
    polders = network.polders.assign(from_node="", start_stage=np.nan, stop_stage=np.nan)
    joined = RiverNetwork(
        pd.concat([own, rows]) if len(rows) else own,
        network.nodes,
        polders=polders if len(polders) else None,
    )
    found = _along(joined, hydraulics)
    found["stage"] = hydraulics["stage"]
    if "dispersion" in hydraulics:
        found["dispersion"] = ("reach", "period"), _mixing(hydraulics)
    outside = node_balance(joined, found["flow"])
    found["boundary_flow"] = outside.where(np.abs(outside) > _least(found["flow"]), 0.0)
    found["lateral_flow"] = xr.zeros_like(outside)
    return joined, described(found)


def _along(joined: RiverNetwork, hydraulics: xr.Dataset) -> xr.Dataset:
    """Variables of reaches and structures; what is rounding stands still."""
    own, passed = (
        hydraulics[name].transpose(dim, "period").to_numpy()
        for name, dim in (("flow", "reach"), ("structure_flow", "structure"))
    )
    flow = np.vstack([own, passed])
    flow = np.where(np.abs(flow) > NOTHING * np.maximum(np.abs(flow).max(axis=0), 1.0), flow, 0.0)
    volume, depth = (
        np.vstack([hydraulics[name].transpose("reach", "period").to_numpy(), np.ones_like(passed)])
        for name in ("volume", "depth")
    )
    length = joined.reaches["length"].to_numpy(dtype=float)
    surface = np.divide(volume, depth, out=np.zeros_like(volume), where=depth > 0.0)
    axes = {
        "reach": joined.reaches.index.to_numpy(dtype=object),
        **{name: hydraulics[name] for name in ("period", "days", "start")},
    }
    sums = np.stack([flow, volume, surface], axis=-1)
    return xr.Dataset(reach_variables(length, sums, "period"), axes)


def _mixing(hydraulics: xr.Dataset) -> NDArray[np.float64]:
    """Dispersion of reaches, then of structures: what they exchange, over 1 m2 and along 1 m."""
    names = (("dispersion", "reach"), ("structure_exchange", "structure"))
    return np.vstack([hydraulics[name].transpose(dim, "period").to_numpy() for name, dim in names])


def _least(flow: xr.DataArray) -> xr.DataArray:
    """Flow below which water stands still, by period [m3/s]."""
    size: xr.DataArray = abs(flow)
    greatest = size.max("reach")
    return NOTHING * greatest.where(greatest > 1.0, 1.0)
