"""Response of sections to outlets, by one transposed solve a section."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import _profile
from permitload.errors import Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.quality import _dispersion, _kernels
from permitload.quality._inputs import Inputs, inputs
from permitload.quality._layout import Layout, layout
from permitload.quality._state import State, factor, state
from permitload.quality.kinetics import Kinetics
from permitload.schema import described
from permitload.units import KG_PER_DAY

__all__ = ["response"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHUNK = 20_000_000
"""Most gains held at once, nodes times sections: 160 MB."""


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
        ``delivery_ratio`` [1], the share of an outlet's load that passes the section.

    Raises
    ------
    DataError
        If a section lies where no water flows, and as for :func:`steady`.

    Notes
    -----
    With :math:`A c = b` the balance of all nodes and :math:`c_s = w_s^T c` the concentration
    at section s, :math:`R_{si} = \partial c_s/\partial b_i = (A^{-T} w_s)_i`. Reversing every
    flow transposes the response between the same places.

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
    for i in range(known.periods.size):
        water = state(network, known.hydraulics.isel(period=i), known.outlets, cut)
        through = _flow_at(water, cut, place)
        raise_faults(_still_faults(water, place, through, str(known.periods[i])))
        carried[:, i] = through
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
    point = cut.point[1]
    below = np.where(water.forward[reach], point - reach, point - reach - 1)
    at_end = np.where(
        water.forward[reach],
        point == cut.first[reach + 1] + reach,
        point == cut.first[reach] + reach,
    )
    inside = np.where(at_end, water.tail[reach], water.start[np.where(at_end, 0, below)])
    return np.where(reach >= 0, inside, water.through[node])


def _still_faults(water: State, place: pd.DataFrame, through: Floats, period: str) -> list[Fault]:
    """List sections that lie on a reach without flow or dispersion."""
    reach = place["reach_index"].to_numpy()
    still = (reach >= 0) & (through == 0.0) & (water.dispersion[reach] == 0.0)
    right = "a section where water flows, or dispersion"
    return [
        Fault("sections", place.index[s], "reach", None,
              f"has no flow in period {period}", right)
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
    rate, plug = known.rate[:, j, i], water.plug[cut.reach]
    exponent = np.where(plug, rate[cut.reach], 0.0) * np.where(plug, water.days, 0.0)
    part = np.ones_like(exponent)
    some = np.unique(cut.spread[1][plug[cut.spread[1]]])
    part[some] = _profile.spread_kept(exponent[some], water.start[some], water.stop[some])
    along = _Pass(
        kept=np.exp(-exponent),
        part=part,
        passed=np.exp(-np.add.reduceat(exponent, cut.first[:-1])),
        loss=known.loss[:, j, i],
        slot=_slots(water, cut),
    )
    width = max(1, _CHUNK // max(water.through.size, 1))
    chunks = [np.arange(s, min(s + width, len(place))) for s in range(0, len(place), width)]
    solver = _by_sweep
    if (water.dispersion > 0.0).any() or known.held.any():
        solver = _by_system
    elif water.cyclic:
        solver = _by_factor
    found = [
        solver(known, water, cut, along, (place.iloc[c], cut.point[1][c], rate)) for c in chunks
    ]
    gains = np.concatenate(found) if found else np.empty((0, len(known.outlets)))
    # a balance is an M-matrix, its inverse is not negative: what is, is rounding of the solve
    gains[(gains < 0.0) & (gains > -1e-12 * gains.max(initial=0.0))] = 0.0
    return gains


def _slots(water: State, cut: Layout) -> Ints:
    """Rows for the points of outlets, and for the lower points of segments with spread load."""
    segment = cut.spread[1]
    reach = cut.reach[segment]
    lower = segment + reach + np.where(water.forward[reach], 1, 0)
    point = np.unique(np.concatenate([cut.point[0][cut.point[0] >= 0], lower]))
    slot = np.full(cut.points, -1, dtype=np.int64)
    slot[point] = np.arange(point.size)
    return slot


Sections = tuple[pd.DataFrame, Ints, Floats]


def _watch(water: State, cut: Layout, watched: Sections) -> tuple[Ints, Ints, Floats]:
    """Sections on plug-flow reaches by point, with the weight 1 / flow."""
    place, point, _ = watched
    reach = place["reach_index"].to_numpy()
    section = np.flatnonzero((reach >= 0) & water.plug[reach])
    order = section[np.argsort(point[section], kind="stable")]
    first = np.searchsorted(point[order], np.arange(cut.points + 1))
    below = np.where(water.forward[reach], point - reach, point - reach - 1)[order]
    home = reach[order]
    end = np.where(water.forward[home], cut.first[home + 1], cut.first[home]) + home
    at_end = point[order] == end
    flow = np.where(at_end, water.tail[home], water.start[np.where(at_end, 0, below)])
    return first, order, 1.0 / flow


def _back(
    water: State, cut: Layout, along: _Pass, leaving: Floats,
    gain: tuple[Ints, tuple[Ints, Ints, Floats], Floats, Floats],
) -> Floats:  # fmt: skip
    """Follow gains up the given reaches; returns those stored at points (slot, section)."""
    reaches, watch, node_in, node_out = gain
    kept = np.zeros((int(along.slot.max(initial=-1)) + 1, node_in.shape[1]))
    _kernels.back(
        np.ascontiguousarray(reaches),
        (water.forward, cut.first, water.up, water.down, leaving),
        along.kept,
        watch,
        (node_in, node_out, along.slot, kept),
    )
    return kept


def _by_sweep(known: Inputs, water: State, cut: Layout, along: _Pass, watched: Sections) -> Floats:
    """Gains where a flow order exists."""
    node = _node_sections(water, along, watched)
    leaving = water.share * _tank(water, along)[water.up]
    reaches = water.order[::-1]
    kept = _back(water, cut, along, leaving, (reaches, _watch(water, cut, watched), node, node))
    return _collect(known, cut, along, water, (kept, node))


def _by_factor(known: Inputs, water: State, cut: Layout, along: _Pass, watched: Sections) -> Floats:
    """Gains where water circles: one transposed sparse solve."""
    leaving = water.share * _tank(water, along)[water.up]
    reaches = np.flatnonzero(water.active)
    node = _node_sections(water, along, watched)
    watch = _watch(water, cut, watched)
    _back(water, cut, along, leaving, (reaches, watch, np.zeros_like(node), node))
    node = factor(water.up, water.down, leaving * along.passed).solve(node, "T")
    node = np.ascontiguousarray(node)
    kept = _back(water, cut, along, leaving, (reaches, watch, node, np.zeros_like(node)))
    return _collect(known, cut, along, water, (kept, node))


def _by_system(known: Inputs, water: State, cut: Layout, along: _Pass, watched: Sections) -> Floats:
    """Gains where anything disperses: the transposed balance of nodes and points."""
    place, point, rate = watched
    network = known.network
    count = water.through.size
    ends = (network.from_index, network.to_index)
    vertex = _dispersion.vertices(cut, water, ends, count)
    node_state = (along.loss, known.held, along.passed)
    system = _dispersion.system(cut, water, vertex, rate, node_state)
    leaving = water.share * water.through[water.up]
    reaches = np.flatnonzero(water.plug)
    watch = _watch(water, cut, watched)
    direct = np.zeros((system.held.size, len(place)))
    _back(water, cut, along, leaving, (reaches, watch, np.zeros_like(direct), direct))
    reach, node = place["reach_index"].to_numpy(), place["node_index"].to_numpy()
    row = np.where(reach >= 0, np.where(water.dispersion[reach] > 0.0, vertex[point], -1), node)
    direct[row[row >= 0], np.flatnonzero(row >= 0)] += 1.0
    gain = np.ascontiguousarray(system.gain(direct))
    kept = _back(water, cut, along, leaving, (reaches, watch, gain, np.zeros_like(gain)))
    wide = np.flatnonzero((vertex >= 0) & (along.slot >= 0))
    kept[along.slot[wide]] = gain[vertex[wide]]
    return _collect(known, cut, along, water, (kept, gain))


def _tank(water: State, along: _Pass) -> Floats:
    """Share of what arrives at each node that leaves it again."""
    total = water.through + along.loss
    return np.divide(water.through, total, out=np.zeros_like(total), where=total > 0.0)


def _node_sections(water: State, along: _Pass, watched: Sections) -> Floats:
    """Gain of sections at nodes per load arriving there: 1 / (flow through + loss)."""
    node = watched[0]["node_index"].to_numpy()
    gain = np.zeros((water.through.size, node.size))
    section = np.flatnonzero(node >= 0)
    total = (water.through + along.loss)[node[section]]
    gain[node[section], section] = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return gain


def _collect(
    known: Inputs, cut: Layout, along: _Pass, water: State, gain: tuple[Floats, Floats]
) -> Floats:
    """Gains by outlet, (section, outlet): from points, nodes and spread segments."""
    kept, at_node = gain
    found = np.zeros((len(known.outlets), at_node.shape[1]))
    point = cut.point[0]
    found[point >= 0] = kept[along.slot[point[point >= 0]]]
    node = known.outlets["node_index"].to_numpy()
    found[node >= 0] = at_node[node[node >= 0]]
    row, segment, share = cut.spread
    reach = cut.reach[segment]
    lower = segment + reach + np.where(water.forward[reach], 1, 0)
    np.add.at(found, row, (share * along.part[segment])[:, None] * kept[along.slot[lower]])
    return found.T
