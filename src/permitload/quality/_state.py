"""The flow state of one period: directions, shares at nodes, water with effluent, travel times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, identity
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from permitload import _profile
from permitload.network import RiverNetwork
from permitload.quality import _kernels
from permitload.quality._course import Course, accumulate, course
from permitload.quality._layout import Layout

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


_RING = 1000
"""Nodes of the largest ring that is eliminated in flow order; COLAMD orders larger ones better."""
CLOSED = 1e-12
"""Mean share of what passes a loop that must leave it, decay or settle, or the loop is closed."""


@dataclass(frozen=True, slots=True)
class State:
    """One period's water on the layout; arrays by reach, node and segment."""

    forward: Flags
    """(reach) whether the flow follows the drawing."""
    active: Flags
    """(reach) whether there is flow."""
    up: Ints
    down: Ints
    """(reach) nodes where the water enters and leaves."""
    course: Course
    """Flow order of reaches and nodes."""
    share: Floats
    """(reach) share of what leaves the upstream node that the reach takes."""
    head: Floats
    tail: Floats
    """(reach) flow at the upstream and downstream end, effluent included [m3/s]."""
    start: Floats
    stop: Floats
    """(segment) flow at its upstream and downstream end [m3/s]."""
    volume: Floats
    """(segment) water in it [m3]."""
    dispersion: Floats
    """(reach) longitudinal dispersion [m2/s]."""
    through: Floats
    """(node) all water that leaves it, effluent included [m3/s]."""
    boundary: Floats
    """(node) water entering (+) or leaving (-) over the boundary, without effluent [m3/s]."""
    given: Floats
    """(node) water that leaves it without any effluent [m3/s]."""

    @property
    def plug(self) -> Flags:
        """(reach) whether the reach flows and has no dispersion."""
        return np.asarray(self.active & (self.dispersion == 0.0))

    @property
    def days(self) -> Floats:
        """(segment) travel time [d]; infinite without flow and 0 without volume."""
        flowing = self.start > 0.0
        safe = np.where(flowing, self.start, 1.0), np.where(flowing, self.stop, 1.0)
        days = _profile.travel_time(self.volume, *safe)
        return np.where(flowing, days, np.where(self.volume > 0.0, np.inf, 0.0))


def state(
    network: RiverNetwork, hydraulics: xr.Dataset, outlets: pd.DataFrame, cut: Layout
) -> State:
    """Water of one period (``hydraulics`` without ``period``), effluent routed with the flow."""
    flow = hydraulics["flow"].values.astype(float)
    forward, active = flow >= 0.0, flow != 0.0
    up = np.where(forward, network.from_index, network.to_index)
    down = np.where(forward, network.to_index, network.from_index)
    count = len(network.nodes)
    boundary = hydraulics["boundary_flow"].values.astype(float)
    leaving = np.bincount(up, np.abs(flow), count) + np.maximum(-boundary, 0.0)
    if "share" in hydraulics:
        share = np.where(active, hydraulics["share"].values, 0.0)
    else:
        share = np.divide(np.abs(flow), leaving[up], out=np.zeros_like(flow), where=active)
    way = course(up, down, active, count)
    point, spread, at_node = loads_on(
        cut, outlets, outlets["effluent_flow"].to_numpy()[:, None], count
    )
    start, stop, own = _pass(forward, cut, np.zeros((flow.size, 1)), point, spread)
    extra = at_node + _scatter(down, own, count)
    if extra.any():
        extra = solve(way, (up, down), share[:, None], extra)
    head = np.abs(flow) + share * extra[up, 0]
    start, stop, tail = _pass(forward, cut, head[:, None], point, spread)
    dispersion = np.zeros_like(flow)
    if "dispersion" in hydraulics:
        dispersion = np.broadcast_to(hydraulics["dispersion"].values, flow.shape).astype(float)
    lengths = network.reaches["length"].to_numpy(float)
    section = hydraulics["volume"].values / lengths
    return State(
        forward=forward, active=active, up=up, down=down, course=way, share=share,
        head=head, tail=tail[:, 0], start=start[:, 0], stop=stop[:, 0],
        volume=section[cut.reach] * (cut.stop - cut.start), dispersion=dispersion,
        through=leaving + extra[:, 0], boundary=boundary, given=leaving,
    )  # fmt: skip


def along(cut: Layout, water: State, rate: Floats, spread: Ints) -> tuple[Floats, Floats, Floats]:
    """Find what a load keeps on its way; the last axis of ``rate`` (reach, m) is the pollutant.

    Returns
    -------
    exponent, part : array (segment, m)
        Loss rate times travel time (0 off plug flow), and the share of a load spread over the
        segment that leaves it, where ``spread`` names the segments that need it.
    passed : array (reach, m)
        Share of a load that passes the reach.
    """
    plug = water.plug[cut.reach]
    days = np.where(plug, water.days, 0.0)[:, None]
    exponent = np.where(plug[:, None], rate[cut.reach], 0.0) * days
    part = np.ones_like(exponent)
    some = spread[plug[spread]]
    flow = water.start[some, None], water.stop[some, None]
    part[some] = _profile.spread_kept(exponent[some], *flow)
    return exponent, part, np.exp(-np.add.reduceat(exponent, cut.first[:-1], axis=0))


def below(cut: Layout, water: State, reach: Ints, point: Ints) -> Floats:
    """Flow just below points of given reaches [m3/s]."""
    ahead = water.forward[reach]
    end = point == np.where(ahead, cut.first[reach + 1], cut.first[reach]) + reach
    segment = np.where(end, 0, np.where(ahead, point - reach, point - reach - 1))
    return np.where(end, water.tail[reach], water.start[segment])


def loads_on(
    cut: Layout, place: pd.DataFrame, amount: Floats, count: int
) -> tuple[Floats, Floats, Floats]:
    """Put amounts (row, m) of the first table on points, segments and nodes."""
    width = amount.shape[1]
    point = np.zeros((cut.points, width))
    spread = np.zeros((cut.reach.size, width))
    at_node = np.zeros((count, width))
    on_point = cut.point[0] >= 0
    np.add.at(point, cut.point[0][on_point], amount[on_point])
    row, segment, share = cut.spread
    np.add.at(spread, segment, amount[row] * share[:, None])
    node = place["node_index"].to_numpy()
    np.add.at(at_node, node[node >= 0], amount[node >= 0])
    return point, spread, at_node


def _pass(
    forward: Flags, cut: Layout, head: Floats, point: Floats, spread: Floats
) -> tuple[Floats, Floats, Floats]:
    """Follow water down the segments: nothing is lost on the way."""
    whole = np.ones((cut.reach.size, head.shape[1]))
    start, stop, tail = np.empty_like(whole), np.empty_like(whole), np.empty_like(head)
    _kernels.down(forward, cut.first, point, spread, (whole, whole), (head, start, stop, tail))
    return start, stop, tail


def _scatter(node: Ints, amount: Floats, count: int) -> Floats:
    """Sum rows of (reach, m) by node."""
    total = np.zeros((count, amount.shape[1]))
    np.add.at(total, node, amount)
    return total


def solve(way: Course, ends: tuple[Ints, Ints], weight: Floats, arriving: Floats) -> Floats:
    """Find what arrives at every node once all has been passed on: (I - W) B = b.

    ``weight`` (reach, pollutant) is the share of what arrives at the upstream node that
    reaches the downstream one; ``arriving`` is (node, pollutant · scenario). A sweep in flow
    order, or one sparse factorisation a pollutant where water circles.
    """
    if not way.cyclic:
        return accumulate(way, weight, arriving)
    blocks = np.split(arriving, weight.shape[1], axis=1)
    return np.concatenate(
        [factor(way, ends, weight[:, p]).solve(block) for p, block in enumerate(blocks)], axis=1
    )


@dataclass(frozen=True, slots=True)
class Factor:
    """Factors of I - W, whose rows and columns are in flow order."""

    rank: NDArray[np.int32]
    factors: Any
    """SuperLU, which has no public type."""

    def solve(self, arriving: Floats, trans: str = "N") -> Floats:
        """Solve for (node, column); ``trans`` is "T" for the transposed system."""
        ordered = np.empty_like(arriving)
        ordered[self.rank] = arriving
        return np.asarray(self.factors.solve(ordered, trans)[self.rank])


def factor(way: Course, ends: tuple[Ints, Ints], weight: Floats) -> Factor:
    """Factorise I - W of all nodes, after refusing loops that keep whatever they receive."""
    up, down = (way.rank[end] for end in ends)
    count = way.rank.size
    passed = csc_array(coo_array((weight, (down, up)), shape=(count, count)))
    number, ring = connected_components(passed, directed=True, connection="strong")
    inside = np.where(ring[up] == ring[down], weight, 0.0)
    kept = np.bincount(up, inside, count)
    size = np.bincount(ring, minlength=number)
    leak = np.bincount(ring, np.where(size[ring] > 1, 1.0 - kept, np.inf), number)
    if (leak < CLOSED * size).any():
        raise Closed(np.flatnonzero((leak < CLOSED * size)[ring][way.rank]))
    # in flow order only rings fill in; no pivots are needed, as no column passes on more than all
    order = "NATURAL" if size.max() <= _RING else "COLAMD"
    matrix = csc_array(identity(count, format="csc") - passed)
    return Factor(way.rank, splu(matrix, permc_spec=order, diag_pivot_thresh=0.0))


class Closed(ValueError):
    """Load or water circles among these nodes and neither leaves nor decays."""

    def __init__(self, nodes: Ints) -> None:
        self.nodes = nodes
        super().__init__("water circles in a loop that it never leaves")
