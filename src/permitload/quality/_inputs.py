"""Inputs of steady transport, checked and aligned by label before any number is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import DataError, Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.quality._state import Closed
from permitload.quality.kinetics import Kinetics, loss_rate, node_loss
from permitload.schema import value_faults

Floats = NDArray[np.float64]

_WATER = ("flow", "volume", "boundary_flow", "share", "dispersion", "temperature", "depth")
"""Variables of hydraulics that transport reads."""
_BALANCED = 1e-6
"""Share of the water passing a node by which it may be off."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Aligned arrays; pollutants and periods are those of the kinetics and hydraulics."""

    network: RiverNetwork
    hydraulics: xr.Dataset
    outlets: pd.DataFrame
    """(outlet) place on the network and ``effluent_flow``."""
    rate: Floats
    """(reach, pollutant, period) loss [1/d]."""
    loss: Floats
    """(node, pollutant, period) loss of storage nodes as a flow [m3/s]."""
    held: NDArray[np.bool_]
    """(node) whether the concentration is prescribed, whatever arrives."""
    pollutants: NDArray[Any]
    periods: NDArray[Any]


def inputs(
    network: RiverNetwork, hydraulics: xr.Dataset, outlets: pd.DataFrame, kinetics: Kinetics
) -> Inputs:
    """Check and align what forward and adjoint computations share."""
    raise_faults(_hydraulic_faults(network, hydraulics))
    labels = {"reach": network.reaches.index, "node": network.nodes.index}
    turned = {d: v for d, v in labels.items() if not hydraulics.indexes[d].equals(v)}
    water = hydraulics.reindex({d: v.to_numpy() for d, v in turned.items()})
    if water.indexes["period"].inferred_type != "string":
        water = water.assign_coords(period=water.indexes["period"].map(str).to_numpy(dtype=object))
    raise_faults(_water_faults(network, water))
    place = network.locate(outlets, "outlets")
    given = outlets["effluent_flow"] if "effluent_flow" in outlets else pd.Series(0.0, place.index)
    effluent = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float)
    raise_faults(
        Fault("outlets", place.index[i], "effluent_flow", given.iloc[i], "is not valid",
              "a number ≥ 0 m3/s")
        for i in np.flatnonzero(~(np.isfinite(effluent) & (effluent >= 0.0)))
    )  # fmt: skip
    return Inputs(
        network=network,
        hydraulics=water,
        outlets=place.assign(effluent_flow=effluent),
        rate=loss_rate(kinetics, water).values,
        loss=node_loss(kinetics, network, water).values,
        held=network.nodes["held"].to_numpy() > 0.0,
        pollutants=np.asarray(list(kinetics), dtype=object),
        periods=water["period"].values,
    )


@contextmanager
def named(known: Inputs, period: str) -> Iterator[None]:
    """Name the nodes of a loop that nothing leaves."""
    try:
        yield
    except Closed as closed:
        nodes = ", ".join(map(str, known.network.nodes.index[closed.nodes[:8]]))
        right = "an outflow, a loss, or no water in the loop"
        raise DataError([
            Fault("hydraulics", f"nodes {nodes}; period {period}", "flow", None, str(closed), right)
        ]) from closed  # fmt: skip


def _hydraulic_faults(network: RiverNetwork, hydraulics: xr.Dataset) -> list[Fault]:
    """Variables, reaches and nodes that are missing, and values that cannot be."""
    faults = []
    period = hydraulics.indexes.get("period", pd.Index([""]))
    if period.has_duplicates or not period.size:
        problem = "has repeated labels" if period.size else "is empty"
        faults.append(Fault("hydraulics", None, "period", None, problem, "unique periods"))
    for name in ("flow", "volume", "boundary_flow"):
        if name not in hydraulics or "period" not in hydraulics[name].dims:
            right = f"{name} by period, as hydraulics.from_flow gives it"
            faults.append(Fault("hydraulics", None, name, None, "is missing", right))
    for dim, labels in (("reach", network.reaches.index), ("node", network.nodes.index)):
        found = hydraulics.indexes.get(dim)
        if found is not None and found.equals(labels):
            continue
        if found is None or found.has_duplicates:
            problem, shown = "is no dimension with unique labels", None
        elif strange := sorted(set(found) ^ set(labels), key=str)[:5]:
            problem, shown = "differ from the network", ", ".join(map(str, strange))
        else:
            continue
        faults.append(Fault("hydraulics", None, dim, shown, problem, f"every {dim} of the network"))
    allowed = {"reach", "node", "period"}
    for name in set(_WATER) & set(hydraulics.variables):
        array = hydraulics[name]
        if array.dtype.kind not in "fiu" or not set(array.dims) <= allowed:
            right = f"numbers by {', '.join(sorted(allowed))}"
            faults.append(Fault("hydraulics", None, name, None, "is not as declared", right))
        elif not np.isfinite(array.values).all():
            right = "finite numbers"
            faults.append(Fault("hydraulics", None, name, None, "has values that are none", right))
        else:
            faults += value_faults(array, "hydraulics")
    return faults


def _water_faults(network: RiverNetwork, water: xr.Dataset) -> list[Fault]:
    """Nodes that do not balance, shares against dispersion, nodes that are half held."""
    flow = water["flow"].transpose("reach", "period").values
    boundary = water["boundary_flow"].transpose("node", "period").values
    gap, through = boundary.copy(), np.maximum(boundary, 0.0)
    np.add.at(gap, network.from_index, -flow)
    np.add.at(gap, network.to_index, flow)
    np.add.at(through, network.from_index, np.maximum(-flow, 0.0))
    np.add.at(through, network.to_index, np.maximum(flow, 0.0))
    off = np.abs(gap) > _BALANCED * np.maximum(through, np.abs(boundary))
    right = "boundary_flow as hydraulics.from_flow finds it"
    faults = [
        Fault("hydraulics", f"node {network.nodes.index[n]}, period {water['period'].values[p]}",
              "boundary_flow", float(boundary[n, p]), "leaves the node unbalanced", right)
        for n, p in np.argwhere(off)[:50]
    ]  # fmt: skip
    if "share" in water and "dispersion" in water and bool((water["dispersion"] > 0.0).any()):
        right = "shares and dispersion in different studies"
        faults.append(Fault("hydraulics", None, "share", None, "is given with dispersion", right))
    if "share" in water:
        upstream = np.where(flow >= 0.0, network.from_index[:, None], network.to_index[:, None])
        stated = water["share"].broadcast_like(water["flow"]).transpose("reach", "period")
        share = np.where(flow != 0.0, stated.values, 0.0)
        total = np.zeros_like(boundary)
        np.add.at(total, (upstream, np.arange(flow.shape[1])), share)
        faults += [
            Fault("hydraulics", f"node {network.nodes.index[n]}, period "
                  f"{water['period'].values[p]}", "share", float(total[n, p]), "is taken in all",
                  "shares that sum to at most 1")
            for n, p in np.argwhere(total > 1.0 + _BALANCED)[:50]
        ]  # fmt: skip
    held = network.nodes["held"]
    faults += [
        Fault("nodes", label, "held", value, "is neither", "0 or 1")
        for label, value in held[~held.isin([0.0, 1.0])].items()
    ]
    return faults
