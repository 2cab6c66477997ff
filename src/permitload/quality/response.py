"""Response of sections to outlets, by one transposed solve a section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.quality import _dispersion, _kernels
from permitload.quality._course import together
from permitload.quality._dry import dry_faults
from permitload.quality._inputs import Inputs, inputs, named
from permitload.quality._layout import Layout, layout
from permitload.quality._state import State, along, below, factor, state
from permitload.quality.kinetics import Kinetics
from permitload.schema import described
from permitload.units import KG_PER_DAY

__all__ = ["response"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHUNK = 40_000_000
"""Most gains that a thread holds at once, nodes times sections: 320 MB."""


def response(
    network: RiverNetwork,
    hydraulics: xr.Dataset,
    outlets: pd.DataFrame,
    sections: pd.DataFrame,
    kinetics: Kinetics,
) -> xr.Dataset:
    r"""Rise of concentration at every section per unit load at every outlet.

    The transport equations are linear, so one transposed solve a section gives its response
    to all outlets at once: the gain of a section is followed upstream, from the section to
    every place where a load may enter.

    Parameters
    ----------
    network, hydraulics, outlets, kinetics
        As for :func:`steady`.
    sections : DataFrame
        ``section``, ``reach`` and ``position`` [m], or ``node``. A section at the position of
        an outlet sees its load.

    Returns
    -------
    Dataset
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)] and
        ``delivery_ratio`` [1] = response · flow at the section: what of an outlet's load the flow
        carries past it. It is at most 1 where water passes once, and counts every pass where it
        circles; with dispersion it is the part that the flow carries.

    Raises
    ------
    DataError
        If a section or an outlet lies where no water flows in some period (a load there has no
        steady concentration, not one of 0), and as for :func:`steady`.

    Notes
    -----
    With :math:`A c = b` the balance of all nodes and :math:`c_s = w_s^T c` the concentration
    at section s, :math:`R_{si} = \partial c_s/\partial b_i = (A^{-T} w_s)_i`. Reversing every
    flow transposes the response between the same places.

    Valid for the effluent flows, volumes and flows given: where these change, a response is stale.

    References
    ----------
    Source-response by transposed solve: standard adjoint of a linear system, e.g. Marchuk
    (1995), Adjoint Equations and Analysis of Complex Systems.

    Examples
    --------
    >>> from permitload import hydraulics as water
    >>> network = RiverNetwork(pd.DataFrame(
    ...     {"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [8640.0]}))
    >>> flow = water.from_flow(network, pd.Series({"R": 10.0}), velocity=pd.Series({"R": 0.1}))
    >>> outlets = pd.DataFrame({"outlet": ["O"], "reach": ["R"], "position": [0.0]})
    >>> sections = pd.DataFrame({"section": ["S"], "reach": ["R"], "position": [8640.0]})
    >>> found = response(network, flow, outlets, sections, {"COD": {"decay": 0.2}})
    >>> round(float(found.delivery_ratio.item()), 6)  # exp(-0.2)
    0.818731
    """
    known = inputs(network, hydraulics, outlets, kinetics)
    place = network.locate(sections, "sections")
    cut = layout(network.reaches["length"].to_numpy(float), [known.outlets, place])
    shape = (len(place), len(known.outlets), known.pollutants.size, known.periods.size)
    gain, carried = np.empty(shape), np.empty((shape[0], shape[3]))
    any_load = np.ones(shape[1:3])
    for i, period in enumerate(known.periods):
        with named(known, str(period)):
            water = state(network, known.hydraulics.isel(period=i), known.outlets, cut)
            carried[:, i] = _flow_at(water, cut, place)
            faults = _still_faults(known, water, place, carried[:, i], i)
            raise_faults(faults + dry_faults(known, water, any_load, i))
            for j in range(known.pollutants.size):
                gain[:, :, j, i] = _gains(known, water, cut, place, (j, i))
    coords = {
        "section": place.index.to_numpy(dtype=object),
        "outlet": known.outlets.index.to_numpy(dtype=object),
        "pollutant": known.pollutants,
        "period": known.hydraulics["period"],
    }
    dims = ("section", "outlet", "pollutant", "period")
    return described(
        xr.Dataset(
            {
                "response": (dims, gain / KG_PER_DAY),
                "delivery_ratio": (dims, gain * carried[:, None, None, :]),
            },
            coords,
        )
    )


def _flow_at(water: State, cut: Layout, place: pd.DataFrame) -> Floats:
    """Flow at each section, just below it [m3/s]."""
    reach, node = place["reach_index"].to_numpy(), place["node_index"].to_numpy()
    return np.where(reach >= 0, below(cut, water, reach, cut.point[1]), water.through[node])


def _still_faults(
    known: Inputs, water: State, place: pd.DataFrame, through: Floats, i: int
) -> list[Fault]:
    """List sections where no water flows, disperses or is lost."""
    reach, node = place["reach_index"].to_numpy(), place["node_index"].to_numpy()
    spread = water.dispersion > 0.0
    joined = np.isin(node, np.concatenate([water.up[spread], water.down[spread]]))
    tank = known.loss[node, :, i].all(axis=1) | known.held[node] | joined
    still = (through == 0.0) & ~np.where(reach >= 0, spread[reach], tank)
    right = "a section where water flows, or dispersion"
    return [
        Fault("sections", place.index[s], "reach", None,
              f"has no flow in period {known.periods[i]}", right)
        for s in np.flatnonzero(still)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one pollutant keeps along the way in one period."""

    kept: Floats
    """(segment) share of a load that passes it."""
    part: Floats
    """(segment) share of a load spread over it that leaves it."""
    passed: Floats
    """(reach) share of a load that passes it."""
    loss: Floats
    """(node) loss of storage nodes as a flow [m3/s]."""
    slot: Ints
    """(point) row where its gain is stored; -1 where it is not needed."""


def _gains(
    known: Inputs, water: State, cut: Layout, place: pd.DataFrame, at: tuple[int, int]
) -> Floats:
    """Gain (section, outlet) [(mg/L)/(g/s)] of one pollutant in one period."""
    j, i = at
    rate = known.rate[:, j, i]
    exponent, part, passed = along(cut, water, rate[:, None], np.unique(cut.spread[1]))
    way = _Pass(
        kept=np.exp(-exponent[:, 0]),
        part=part[:, 0],
        passed=passed[:, 0],
        loss=known.loss[:, j, i],
        slot=_slots(water, cut),
    )
    if (water.dispersion > 0.0).any() or known.held.any():
        gains_of = _by_system(known, water, cut, way, rate)
    elif water.course.cyclic:
        gains_of = _by_factor(known, water, cut, way)
    else:
        gains_of = _by_sweep(known, water, cut, way)
    most = -(-len(place) // _kernels.THREADS)
    width = max(1, min(_CHUNK // max(water.through.size, 1), most))
    chunks = [np.arange(s, min(s + width, len(place))) for s in range(0, len(place), width)]
    found = together(lambda c: gains_of((place.iloc[c], cut.point[1][c])), chunks)
    gains = np.concatenate(found) if found else np.empty((0, len(known.outlets)))
    # a balance is an M-matrix, its inverse is not negative: what is, is rounding of the solve
    gains[(gains < 0.0) & (gains > -1e-12 * gains.max(initial=0.0))] = 0.0
    return gains


def _slots(water: State, cut: Layout) -> Ints:
    """Rows for the points of outlets, and for the lower points of segments with spread load."""
    outlets = cut.point[0][cut.point[0] >= 0]
    point = np.unique(np.concatenate([outlets, _lower(water, cut)]))
    slot = np.full(cut.points, -1, dtype=np.int64)
    slot[point] = np.arange(point.size)
    return slot


def _lower(water: State, cut: Layout) -> Ints:
    """Downstream point of every segment with spread load."""
    reach = cut.reach[cut.spread[1]]
    return np.asarray(cut.spread[1] + reach + np.where(water.forward[reach], 1, 0))


Sections = tuple[pd.DataFrame, Ints]
"""Places of some sections, and their points."""
Gains = Callable[[Sections], Floats]
"""Gain (section, outlet) of some sections."""


def _watch(water: State, cut: Layout, watched: Sections) -> tuple[Ints, Ints, Floats]:
    """Sections on plug-flow reaches by point, with the weight 1 / flow."""
    place, point = watched
    reach = place["reach_index"].to_numpy()
    section = np.flatnonzero((reach >= 0) & water.plug[reach])
    order = section[np.argsort(point[section], kind="stable")]
    first = np.searchsorted(point[order], np.arange(cut.points + 1))
    flow = below(cut, water, reach[order], point[order])
    return first, order, 1.0 / flow


def _back(
    water: State, cut: Layout, way: _Pass, leaving: Floats, ends: tuple[Ints, Ints],
    gain: tuple[Ints, tuple[Ints, Ints, Floats], Floats, Floats],
) -> Floats:  # fmt: skip
    """Follow gains up the given reaches; returns those stored at points (slot, section).

    ``ends`` are the rows of each reach's nodes in the gains of nodes.
    """
    reaches, watch, node_in, node_out = gain
    kept = np.zeros((int(way.slot.max(initial=-1)) + 1, node_in.shape[1]))
    _kernels.back(
        np.ascontiguousarray(reaches),
        (water.forward, cut.first, *ends, leaving),
        way.kept,
        watch,
        (node_in, node_out, way.slot, kept),
    )
    return kept


def _by_sweep(known: Inputs, water: State, cut: Layout, way: _Pass) -> Gains:
    """Gains where a flow order exists; gains of nodes lie in that order."""
    rank = water.course.rank.astype(np.int64)
    leaving = water.share * _tank(water, way)[water.up]
    ends, reaches = (rank[water.up], rank[water.down]), water.course.reach[::-1]

    def gains(watched: Sections) -> Floats:
        """Follow the gains of some sections."""
        node = _node_sections(water, way, watched, rank)
        gain = (reaches, _watch(water, cut, watched), node, node)
        kept = _back(water, cut, way, leaving, ends, gain)
        return _collect(known, cut, way, water, (kept, node[rank[_at_nodes(known)]]))

    return gains


def _by_factor(known: Inputs, water: State, cut: Layout, way: _Pass) -> Gains:
    """Gains where water circles: one transposed sparse solve."""
    leaving = water.share * _tank(water, way)[water.up]
    ends, reaches = (water.up, water.down), np.flatnonzero(water.active)
    rings = factor(water.course, ends, leaving * way.passed)

    def gains(watched: Sections) -> Floats:
        """Follow the gains of some sections."""
        node = _node_sections(water, way, watched, np.arange(water.through.size))
        watch = _watch(water, cut, watched)
        _back(water, cut, way, leaving, ends, (reaches, watch, np.zeros_like(node), node))
        node = np.ascontiguousarray(rings.solve(node, "T"))
        kept = _back(water, cut, way, leaving, ends, (reaches, watch, node, np.zeros_like(node)))
        return _collect(known, cut, way, water, (kept, node[_at_nodes(known)]))

    return gains


def _by_system(known: Inputs, water: State, cut: Layout, way: _Pass, rate: Floats) -> Gains:
    """Gains where anything disperses: the transposed balance of nodes and points."""
    network = known.network
    ends = (network.from_index, network.to_index)
    vertex = _dispersion.vertices(cut, water, ends, water.through.size)
    system = _dispersion.system(cut, water, vertex, rate, (way.loss, known.held, way.passed))
    leaving = water.share * water.through[water.up]
    nodes, reaches = (water.up, water.down), np.flatnonzero(water.plug)
    wide = np.flatnonzero((vertex >= 0) & (way.slot >= 0))

    def gains(watched: Sections) -> Floats:
        """Follow the gains of some sections."""
        place, point = watched
        watch = _watch(water, cut, watched)
        direct = np.zeros((system.held.size, len(place)))
        _back(water, cut, way, leaving, nodes, (reaches, watch, np.zeros_like(direct), direct))
        reach, node = place["reach_index"].to_numpy(), place["node_index"].to_numpy()
        row = np.where(water.dispersion[reach] > 0.0, vertex[point], -1)
        row = np.where(reach >= 0, row, node)
        direct[row[row >= 0], np.flatnonzero(row >= 0)] += 1.0
        gain = np.ascontiguousarray(system.gain(direct))
        kept = _back(water, cut, way, leaving, nodes, (reaches, watch, gain, np.zeros_like(gain)))
        kept[way.slot[wide]] = gain[vertex[wide]]
        return _collect(known, cut, way, water, (kept, gain[_at_nodes(known)]))

    return gains


def _tank(water: State, way: _Pass) -> Floats:
    """Share of what arrives at each node that leaves it again."""
    total = water.through + way.loss
    return np.divide(water.through, total, out=np.zeros_like(total), where=total > 0.0)


def _node_sections(water: State, way: _Pass, watched: Sections, row: Ints) -> Floats:
    """Gain of sections at nodes per load arriving there: 1 / (flow through + loss).

    ``row`` (node) is where each node stands in the result.
    """
    node = watched[0]["node_index"].to_numpy()
    gain = np.zeros((water.through.size, node.size))
    section = np.flatnonzero(node >= 0)
    total = (water.through + way.loss)[node[section]]
    found = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    gain[row[node[section]], section] = found
    return gain


def _at_nodes(known: Inputs) -> Ints:
    """Nodes of the outlets at nodes."""
    node = known.outlets["node_index"].to_numpy()
    return np.asarray(node[node >= 0])


def _collect(
    known: Inputs, cut: Layout, way: _Pass, water: State, gain: tuple[Floats, Floats]
) -> Floats:
    """Gains by outlet, (section, outlet): from points, outlets at nodes and spread segments."""
    kept, at_node = gain
    found = np.zeros((len(known.outlets), at_node.shape[1]))
    point = cut.point[0]
    found[point >= 0] = kept[way.slot[point[point >= 0]]]
    found[known.outlets["node_index"].to_numpy() >= 0] = at_node
    row, segment, share = cut.spread
    lower = way.slot[_lower(water, cut)]
    np.add.at(found, row, (share * way.part[segment])[:, None] * kept[lower])
    return found.T
