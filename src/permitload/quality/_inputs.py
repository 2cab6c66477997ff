"""Inputs of steady transport, checked and aligned by label before any number is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.quality.kinetics import Kinetics, loss_rate, node_loss

Floats = NDArray[np.float64]


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
    water = hydraulics.reindex(
        reach=network.reaches.index.to_numpy(), node=network.nodes.index.to_numpy()
    )
    place = network.locate(outlets, "outlets")
    effluent = outlets.get("effluent_flow", 0.0)
    place["effluent_flow"] = np.asarray(effluent, dtype=float)
    raise_faults(
        Fault("outlets", label, "effluent_flow", value, "is not valid", "a number ≥ 0 m3/s")
        for label, value in place["effluent_flow"].items()
        if not (np.isfinite(value) and value >= 0.0)
    )
    return Inputs(
        network=network,
        hydraulics=water,
        outlets=place,
        rate=loss_rate(kinetics, water).values,
        loss=node_loss(kinetics, network, water).values,
        held=network.nodes["held"].to_numpy() > 0.0,
        pollutants=np.asarray(list(kinetics), dtype=object),
        periods=water["period"].values,
    )


def _hydraulic_faults(network: RiverNetwork, hydraulics: xr.Dataset) -> list[Fault]:
    """Variables, reaches and nodes that are missing, and values that are no numbers."""
    faults = []
    for name in ("flow", "volume", "boundary_flow"):
        if name not in hydraulics or "period" not in hydraulics[name].dims:
            right = f"{name} by period, as hydraulics.from_flow gives it"
            faults.append(Fault("hydraulics", None, name, None, "is missing", right))
        elif not np.isfinite(hydraulics[name].values).all():
            faults.append(Fault("hydraulics", None, name, None, "has values that are not numbers",
                                "finite numbers"))  # fmt: skip
    for dim, labels in (("reach", network.reaches.index), ("node", network.nodes.index)):
        if dim in hydraulics.dims and set(hydraulics[dim].values) != set(labels):
            strange = sorted(set(hydraulics[dim].values) ^ set(labels))[:5]
            right = f"the {dim}s of the network"
            faults.append(Fault("hydraulics", None, dim, ", ".join(map(str, strange)),
                                "differ from the network", right))  # fmt: skip
    return faults


def aligned(
    array: xr.DataArray, name: str, labels: dict[str, NDArray[Any]], needed: NDArray[np.bool_]
) -> Floats:
    """Values in the order of ``labels``; a dimension the array lacks is repeated.

    Parameters
    ----------
    array : DataArray
        What the caller gave.
    name : str
        Its name in messages.
    labels : dict of arrays
        Dimension → labels, in the order wanted.
    needed : array of bool
        Where a value must be given; 0 is used elsewhere.
    """
    faults = []
    for dim in array.dims:
        if dim not in labels:
            right = f"dimensions among {', '.join(labels)}"
            faults.append(Fault(name, None, str(dim), None, "is no dimension of it", right))
        elif dim not in array.coords:
            faults.append(Fault(name, None, str(dim), None, "has no labels", "a coordinate"))
        elif array.indexes[dim].has_duplicates:
            faults.append(Fault(name, None, str(dim), None, "has repeated labels", "unique labels"))
        elif dim == "outlet":
            strange = array.indexes[dim].difference(pd.Index(labels["outlet"]))
            faults += [Fault(name, v, "outlet", None, "is unknown", "an outlet") for v in strange]
    raise_faults(faults)
    full = array.astype(float).reindex({d: labels[str(d)] for d in array.dims})
    shape = {dim: values.size for dim, values in labels.items()}
    every = full.expand_dims({d: labels[d] for d in labels if d not in full.dims})
    values = np.broadcast_to(every.transpose(*labels).values, tuple(shape.values()))
    bad = needed & ~(np.isfinite(values) & (values >= 0.0))
    dims = list(labels)
    for place in np.argwhere(bad)[:50]:
        row = ", ".join(str(labels[d][i]) for d, i in zip(dims, place, strict=True))
        value = values[tuple(place)]
        problem = "is missing" if np.isnan(value) else "is not valid"
        shown = None if np.isnan(value) else float(value)
        faults.append(Fault(name, row, name, shown, problem, "a number ≥ 0"))
    raise_faults(faults)
    return np.where(needed, values, 0.0)
