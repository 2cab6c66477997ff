"""Node and point concentrations where reaches have dispersion: one sparse system a pollutant.

Unknown are the concentrations at nodes and at points inside dispersive reaches. A row is the
mass balance of its place: what leaves less what enters by each reach, plus what is withdrawn
or lost, is the load that enters from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from permitload import _profile
from permitload.quality._layout import Layout
from permitload.quality._state import CLOSED, Closed, State
from permitload.units import SECONDS_PER_DAY

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class System:
    """The factorised balance of one pollutant in one period."""

    factor: Any
    vertex: Ints
    """(point) row of each point; -1 inside reaches without dispersion."""
    held: Flags
    """(row) whether the concentration is prescribed."""
    dry: Flags
    """(row) whether no water passes."""
    segment: Ints
    """Segments with dispersion."""
    element: tuple[Floats, Floats, Floats]
    """Flow along the drawing, conductance and loss of those segments [m3/s]."""

    def solve(self, entering: Floats, prescribed: Floats) -> Floats:
        """Concentrations from what enters [g/s], and from prescribed ones [mg/L]."""
        right = np.where(self.held, prescribed, np.where(self.dry, 0.0, entering))
        return np.asarray(self.factor.solve(right))

    def gain(self, watched: Floats) -> Floats:
        """Rise of watched combinations (row, section) per g/s entering at each row."""
        found = self.factor.solve(np.ascontiguousarray(watched), "T")
        return np.asarray(np.where((self.held | self.dry)[:, None], 0.0, found))


def vertices(cut: Layout, state: State, ends: tuple[Ints, Ints], nodes: int) -> Ints:
    """Give each point a row: nodes first, then the points inside dispersive reaches."""
    vertex = np.full(cut.points, -1, dtype=np.int64)
    first_point = cut.first[:-1] + np.arange(cut.first.size - 1)
    last_point = cut.first[1:] + np.arange(cut.first.size - 1)
    inner = np.repeat(state.dispersion > 0.0, np.diff(cut.first) + 1)
    inner[first_point] = inner[last_point] = False
    vertex[inner] = nodes + np.arange(int(inner.sum()))
    wide = state.dispersion > 0.0
    vertex[first_point[wide]], vertex[last_point[wide]] = ends[0][wide], ends[1][wide]
    return vertex


def system(
    cut: Layout, state: State, vertex: Ints, rate: Floats, node: tuple[Floats, Flags, Floats]
) -> System:
    """Assemble and factorise.

    ``rate`` is (reach) loss [1/d]; ``node`` is the loss of storage nodes [m3/s], whether
    each node is held, and (reach) share of the load that passes a reach without dispersion.
    """
    node_loss, node_held, passed = node
    segment = np.flatnonzero(state.dispersion[cut.reach] > 0.0)
    reach = cut.reach[segment]
    size = cut.stop[segment] - cut.start[segment]
    flow = np.where(state.forward[reach], 1.0, -1.0) * state.start[segment]
    conductance = state.dispersion[reach] * state.volume[segment] / size**2
    loss = rate[reach] * state.volume[segment] / SECONDS_PER_DAY
    h0, h1, t0, t1 = _profile.exchange(flow, conductance, loss)
    a, b = vertex[segment + reach], vertex[segment + reach + 1]
    plug = np.flatnonzero(state.plug)
    up, down = state.up[plug], state.down[plug]
    leaving = state.share[plug] * state.through[up]
    every = np.arange(state.through.size)
    taken = state.share * state.through[state.up]
    outward = state.through - np.bincount(state.up, taken, state.through.size) + node_loss
    rows = np.concatenate([a, a, b, b, up, down, every])
    columns = np.concatenate([a, b, a, b, up, up, every])
    values = np.concatenate([h0, -h1, -t0, t1, leaving, -leaving * passed[plug], outward])
    count = max(state.through.size, int(vertex.max(initial=0)) + 1)
    held = np.zeros(count, dtype=bool)
    held[: node_held.size] = node_held
    dry = np.bincount(rows, np.abs(values), count) == 0.0
    fixed = np.flatnonzero(held | dry)
    keep = ~(held | dry)[rows]
    gone = (  # over the boundary, by decay, and into held nodes
        np.concatenate([every, a, up, columns[~keep]]),
        np.concatenate([outward, loss, leaving * (1.0 - passed[plug]), np.abs(values[~keep])]),
    )
    _refuse_closed((rows[keep], columns[keep], values[keep]), gone, fixed, count)
    matrix = coo_array(
        (
            np.concatenate([values[keep], np.ones(fixed.size)]),
            (np.concatenate([rows[keep], fixed]), np.concatenate([columns[keep], fixed])),
        ),
        shape=(count, count),
    )
    element = (flow, conductance, loss)
    return System(splu(csc_array(matrix)), vertex, held, dry & ~held, segment, element)


def _refuse_closed(
    links: tuple[Ints, Ints, Floats], gone: tuple[Ints, Floats], fixed: Ints, count: int
) -> None:
    """Refuse connected places that no load leaves: neither water, nor decay, nor a held node."""
    rows, columns, values = links
    joined = coo_array((np.ones(rows.size), (rows, columns)), shape=(count, count))
    number, group = connected_components(joined, directed=False)
    way_out = np.bincount(group[gone[0]], gone[1], number)
    size = np.bincount(group[rows], np.abs(values), number)
    shut = way_out <= CLOSED * size
    shut[group[fixed]] = False
    if shut.any():
        raise Closed(np.flatnonzero(shut[group]))
