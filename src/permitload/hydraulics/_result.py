"""Labelled results from the arrays of a computation of flow."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload.hydraulics._mesh import Mesh
from permitload.network import RiverNetwork
from permitload.units import SECONDS_PER_DAY

__all__ = ["coordinates", "node_balance", "reach_variables"]

Floats = NDArray[np.float64]


def coordinates(network: RiverNetwork, mesh: Mesh) -> dict[str, Any]:
    """Labels of reaches, nodes, structures, cells and faces, and where cells and faces lie.

    Cells are named after their node, or reach@position; faces reach@position, or structure.
    """
    nodes, reaches = network.nodes.index.astype(str), network.reaches.index.astype(str)
    cell_reach, cell_at = [""] * len(nodes), [np.nan] * len(nodes)
    face_reach, face_at, ends = [], [], []
    for r, label in enumerate(reaches):
        piece, count = mesh.piece[r], int(mesh.pieces[r])
        cell_reach += [label] * (count - 1)
        cell_at += [piece * i for i in range(1, count)]
        face_reach += [label] * count
        face_at += [piece * (i + 0.5) for i in range(count)]
        inner = list(range(mesh.inner[r], mesh.inner[r + 1]))
        ends += list(zip([mesh.start[r], *inner], [*inner, mesh.stop[r]], strict=True))
    cells = [*nodes, *(f"{r}@{x:g}" for r, x in zip(cell_reach, cell_at, strict=True) if r)]
    faces = [f"{r}@{x:g}" for r, x in zip(face_reach, face_at, strict=True)]
    sides = np.array(ends, dtype=np.int64).reshape(-1, 2)
    return {
        "reach": reaches.to_numpy(dtype=object),
        "node": nodes.to_numpy(dtype=object),
        "structure": network.structures.index.to_numpy(dtype=object),
        "cell": np.array(cells, dtype=object),
        "face": np.array(faces, dtype=object),
        "cell_reach": ("cell", np.array(cell_reach)),
        "cell_position": ("cell", np.array(cell_at)),
        "face_reach": ("face", np.array(face_reach)),
        "face_position": ("face", np.array(face_at)),
        "from_cell": ("face", sides[:, 0]),
        "to_cell": ("face", sides[:, 1]),
        "structure_from": ("structure", network.structures["from_node"].to_numpy(dtype=object)),
        "structure_to": ("structure", network.structures["to_node"].to_numpy(dtype=object)),
    }


def reach_variables(length: Floats, sums: Floats, axis: str) -> dict[str, Any]:
    """Variables (reach, t) from flow at the middle, volume, surface (reach, t, 3 or more)."""
    flow, volume, surface = sums[..., 0], sums[..., 1], sums[..., 2]
    area = volume / length[:, None]
    size = np.abs(flow)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        velocity = np.where(size > 0.0, size / area, 0.0)
        time = np.where(size > 0.0, volume / size / SECONDS_PER_DAY, np.inf)
        depth = np.where(surface > 0.0, volume / surface, 0.0)
    found = {
        "flow": flow, "velocity": velocity, "area": area, "volume": volume,
        "travel_time": time, "depth": depth,
    }  # fmt: skip
    return {name: (("reach", axis), array) for name, array in found.items()}


def node_balance(network: RiverNetwork, flow: xr.DataArray) -> xr.DataArray:
    """Water that must enter (+) or leave (-) at every node for the flows of reaches to balance."""
    values = flow.transpose("reach", ...).to_numpy()
    sums = np.zeros((len(network.nodes), *values.shape[1:]))
    np.add.at(sums, network.from_index, values)
    np.subtract.at(sums, network.to_index, values)
    size = np.zeros_like(sums)
    np.add.at(size, network.from_index, np.abs(values))
    np.add.at(size, network.to_index, np.abs(values))
    sums[np.abs(sums) <= 1e-9 * size] = 0.0  # rounding
    coords = {d: flow[d] for d in flow.dims if d != "reach"}
    dims = ["node", *(d for d in flow.dims if d != "reach")]
    return xr.DataArray(sums, {"node": network.nodes.index.to_numpy(), **coords}, dims)
