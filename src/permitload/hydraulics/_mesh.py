"""The network cut into cells and faces, as arrays that kernels read.

Stages stand at the ends of every piece of a reach, flows between them. Cells are the nodes,
each with the half pieces around it and its storage, then the inner points of every reach.
Cross-sections and storage curves are stacks of trapezoids: a list of heights with the surface
width there and its growth above.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._frames import scan
from permitload.errors import Fault, raise_faults
from permitload.hydraulics._ordering import factor_pattern
from permitload.hydraulics._run import Details, Run
from permitload.network import RiverNetwork

__all__ = ["Mesh", "build", "plain", "vertices"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NEEDED = ("width", "roughness", "bed_from", "bed_to")


class Mesh(NamedTuple):
    """Arrays of one network; r reaches, n nodes, s structures."""

    start: Ints
    """(r) row of from_node."""
    stop: Ints
    pieces: Ints
    face: Ints
    """(r + 1) first face."""
    inner: Ints
    """(r + 1) first inner cell, nodes counted."""
    piece: Floats
    """(r) length of a piece [m]."""
    bed: Floats
    """(r, 2) bed at both ends [m]."""
    roughness: Floats
    section: Ints
    """(r) its stack."""
    storage: Ints
    """(n) its stack, -1 for none."""
    base: Floats
    """(n) stage at height 0 of its storage [m]."""
    stack: Ints
    """First row of each stack in the next five, and one more."""
    height: Floats
    width: Floats
    growth: Floats
    under: Floats
    """Area below the row."""
    wetted: Floats
    """Perimeter below the row."""
    slot: Floats
    """Width of the slot under each stack."""
    rows: Ints
    columns: Ints
    diagonal: Ints
    """Filled pattern of the factors, in elimination order."""
    rank: Ints
    """(n) place of each node in that order."""
    pair: Ints
    """(r + s, 2) places of (from, to) and (to, from) in the pattern."""


SLOT = 1e-7
"""Width of the slot under a section, over its width: dry cells keep an equation."""


UNKNOWN = 10.0
"""Depth under its sills of a storage node that no reach touches and no curve describes [m]."""


def build(network: RiverNetwork, details: Details, run: Run, links: pd.DataFrame) -> Mesh:
    """Cut a network; ``links`` are its structures, with rows ``start`` and ``stop``."""
    reaches, nodes = network.reaches, network.nodes
    shapes, curves, faults = _tables(details, reaches, nodes)
    faults += _geometry_faults(reaches, shapes)
    raise_faults(faults)
    length = reaches["length"].to_numpy()
    count = np.maximum(np.ceil(length / run.cell_length - 1e-9), 1).astype(np.int64)
    bed = reaches[["bed_from", "bed_to"]].to_numpy(dtype=float)
    stacks = _stacks(reaches, shapes)
    storage, base, more = _storage(network, curves, bed, links, len(stacks))
    stacks += more
    flat, first = np.vstack(stacks), np.cumsum([0, *(len(s) for s in stacks)])
    height, width, growth, under, wetted = (flat[:, k] for k in range(5))
    broad = np.array([s[:, 1].max() + s[-1, 2] for s in stacks])
    ends = np.column_stack([network.from_index, network.to_index])
    pairs = np.vstack([ends, links[["start", "stop"]].to_numpy(dtype=np.int64).reshape(-1, 2)])
    rows, columns, diagonal, rank, pair = factor_pattern(len(nodes), pairs)
    return Mesh(*plain(
        ends[:, 0], ends[:, 1], count, np.cumsum([0, *count]),
        len(nodes) + np.cumsum([0, *(count - 1)]), length / count, bed,
        reaches["roughness"].to_numpy(dtype=float), np.arange(len(reaches)),
        storage, base, first, height, width, growth, under, wetted, SLOT * broad,
        rows, columns, diagonal, rank, pair,
    ))  # fmt: skip


def plain(*arrays: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Arrays in row order that may be written: kernels would be compiled anew for any other."""
    return (np.require(array, requirements=["C", "W"]) for array in arrays)


def vertices(mesh: Mesh, reach: int) -> Ints:
    """Cells along a reach, its two nodes included."""
    inner = np.arange(mesh.inner[reach], mesh.inner[reach + 1])
    return np.concatenate([[mesh.start[reach]], inner, [mesh.stop[reach]]])


def _tables(
    details: Details, reaches: pd.DataFrame, nodes: pd.DataFrame
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame], list[Fault]]:
    """Cross-sections by reach and storage curves by node, ordered by height."""
    found: list[dict[str, pd.DataFrame]] = []
    faults: list[Fault] = []
    given = (
        ("cross_sections", details.cross_sections, "reach", "height", "width", reaches),
        ("storage_curves", details.storage_curves, "node", "stage", "storage_area", nodes),
    )
    for name, table, key, level, size, known in given:
        if table is None:
            found.append({})
            continue
        frame, wrong = scan(table, name)
        faults += wrong
        groups = {str(k): g.sort_values(level) for k, g in frame.groupby(key, sort=False)}
        for label, group in groups.items():
            if label not in known.index:
                faults.append(Fault(name, label, key, None, "is unknown", f"a {key} that exists"))
            if len(group) < 2 or not (group[size] > 0.0).any():
                right = f"two rows or more, one of them with {size} > 0"
                faults.append(Fault(name, label, level, None, "holds no water", right))
            lowest = group[level].iloc[0] if len(group) else 0.0
            if name == "cross_sections" and lowest != 0.0:
                right = "a first height of 0 m, the bed"
                faults.append(Fault(name, label, level, lowest, "is not the bed", right))
        found.append(groups)
    return found[0], found[1], faults


def _geometry_faults(reaches: pd.DataFrame, shapes: dict[str, pd.DataFrame]) -> list[Fault]:
    """Numbers of reaches that computed flow needs and that are empty."""
    faults = []
    for column in _NEEDED:
        lost = reaches[column].isna()
        if column == "width":
            lost &= ~reaches.index.isin(list(shapes))
        right = "a number: computed flow needs it"
        faults += [
            Fault("reaches", label, column, None, "is empty", right)
            for label in reaches.index[lost]
        ]
    flat = (reaches["width"] == 0.0) & (reaches["side_slope"] == 0.0)
    return faults + [
        Fault("reaches", label, "width", 0.0, "and side_slope 0 hold no water", "one of them > 0")
        for label in reaches.index[flat & ~reaches.index.isin(list(shapes))]
    ]


def _stacks(reaches: pd.DataFrame, shapes: dict[str, pd.DataFrame]) -> list[Floats]:
    """Stack of each reach: the rows of its table, or one trapezoid."""
    nothing = np.zeros(len(reaches))
    width, slope = reaches["width"].to_numpy(), 2.0 * reaches["side_slope"].to_numpy()
    plain = np.column_stack([nothing, width, slope, nothing, width])[:, None]
    return [
        _stack(shapes[label]["height"].to_numpy(), shapes[label]["width"].to_numpy())
        if label in shapes
        else plain[r]
        for r, label in enumerate(reaches.index)
    ]


def _stack(height: Floats, width: Floats) -> Floats:
    """Heights, widths, their growth, area and perimeter below; upright above the last row."""
    rise, wider = np.diff(height), np.diff(width)
    growth = np.append(wider / rise, 0.0)
    under = np.concatenate([[0.0], np.cumsum(rise * (width[1:] + width[:-1]) / 2.0)])
    bank = np.cumsum(2.0 * np.hypot(rise, wider / 2.0))
    wetted = width[0] + np.concatenate([[0.0], bank])
    return np.column_stack([height, width, growth, under, wetted])


def _storage(
    network: RiverNetwork, curves: dict[str, pd.DataFrame], bed: Floats,
    links: pd.DataFrame, first: int,
) -> tuple[Ints, Floats, list[Floats]]:  # fmt: skip
    """Stack and base level of each node with storage of its own."""
    nodes = network.nodes
    lowest = np.full(len(nodes), np.inf)
    np.minimum.at(lowest, network.from_index, bed[:, 0])
    np.minimum.at(lowest, network.to_index, bed[:, 1])
    sill = np.full(len(nodes), np.inf)
    for end in ("start", "stop"):
        inside = links[end] >= 0
        crest = links.loc[inside, "crest"].fillna(np.inf).to_numpy()
        np.minimum.at(sill, links.loc[inside, end].to_numpy(dtype=np.int64), crest)
    deep = np.where(np.isfinite(sill), sill, 0.0) - UNKNOWN
    base = np.where(np.isfinite(lowest), lowest, deep)
    storage, stacks = np.full(len(nodes), -1), []
    for i, (label, area) in enumerate(nodes["storage_area"].items()):
        if label in curves:
            stage = curves[label]["stage"].to_numpy()
            base[i] = stage[0]
            stacks.append(_stack(stage - stage[0], curves[label]["storage_area"].to_numpy()))
        elif area > 0.0:
            stacks.append(np.array([[0.0, area, 0.0, 0.0, area]]))
        else:
            continue
        storage[i] = first + len(stacks) - 1
    return storage, base, stacks
