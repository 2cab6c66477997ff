"""One period of steady transport: loads on the layout, then concentrations at the nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from permitload import _profile
from permitload.quality import _dispersion, _kernels
from permitload.quality._inputs import Inputs
from permitload.quality._layout import Layout
from permitload.quality._state import State, along, loads_on, solve
from permitload.units import KG_PER_DAY

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Period:
    """What one period is solved from; loads are in g/s.

    The last axis of loads and inflow is pollutant · scenario, that of rates is the pollutant.
    """

    water: State
    cut: Layout
    point: Floats
    """(point) loads that enter there."""
    spread: Floats
    """(segment) loads spread over it."""
    node: Floats
    """(node) loads of outlets at nodes."""
    inflow: Floats
    """(node) concentration of water entering, or held [mg/L]."""
    rate: Floats
    """(reach) loss rate [1/d]."""
    loss: Floats
    """(node) loss of storage nodes as a flow [m3/s]."""
    held: Flags
    """(node) whether the concentration is prescribed."""
    exponent: Floats
    """(segment) loss rate times travel time; 0 off plug flow."""
    part: Floats
    """(segment) share of a spread load that leaves the segment."""
    passed: Floats
    """(reach) share of a load that passes it."""

    def wide(self, values: Floats) -> Floats:
        """Values by pollutant (…, pollutant), repeated for its scenarios."""
        batch = self.point.shape[1] // max(values.shape[1], 1)
        return values if batch == 1 else np.repeat(values, batch, axis=1)

    @property
    def boundary(self) -> Floats:
        """(node) load that enters with boundary water [g/s]."""
        return self.inflow * np.maximum(self.water.boundary, 0.0)[:, None]


@dataclass(frozen=True, slots=True)
class Dispersed:
    """Segments with dispersion; all else is plug flow."""

    segment: NDArray[np.int64]
    ends: Floats
    """(segment, end of the drawing) concentration [mg/L]."""
    flux: Floats
    """(segment, end of the drawing) load along the drawing [g/s]."""
    lost: Floats
    """() decayed load [g/s]."""


def prepare(
    known: Inputs, water: State, cut: Layout, given: tuple[Floats, Floats], i: int
) -> Period:
    """Put the loads [kg/d] and inflow concentrations of period ``i`` on the layout."""
    load, inflow = given
    rate = known.rate[:, :, i]
    count = water.through.size
    point, spread, node = loads_on(cut, known.outlets, load / KG_PER_DAY, count)
    exponent, part, passed = along(cut, water, rate, np.unique(cut.spread[1]))
    return Period(
        water,
        cut,
        point,
        spread,
        node,
        inflow,
        rate,
        known.loss[:, :, i],
        known.held,
        exponent,
        part,
        passed,
    )


def follow(period: Period, head: Floats) -> tuple[Floats, Floats, Floats]:
    """Follow given head fluxes down all plug-flow reaches.

    Returns the flux at the start and stop of every segment, and at the tail of every reach.
    """
    water, cut = period.water, period.cut
    on_plug = np.repeat(water.plug, np.diff(cut.first) + 1)[:, None]
    start, stop = np.empty_like(period.spread), np.empty_like(period.spread)
    tail = np.empty_like(head)
    _kernels.down(
        water.forward, cut.first, np.where(on_plug, period.point, 0.0), period.spread,
        (np.exp(-period.exponent), period.part), (np.ascontiguousarray(head), start, stop, tail),
    )  # fmt: skip
    return start, stop, tail


def node_concentration(
    period: Period, ends: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> tuple[Floats, Dispersed | None]:
    """Concentration at every node, NaN where no water passes; and the dispersed segments."""
    water, plug = period.water, period.water.plug
    own = follow(period, np.zeros((water.up.size, period.point.shape[1])))[2]
    arriving = period.node + period.boundary
    np.add.at(arriving, water.down[plug], own[plug])
    if (water.dispersion > 0.0).any() or period.held.any():
        return _by_system(period, ends, arriving)
    total = water.through[:, None] + period.loss
    kept = np.divide(water.through[:, None], total, out=np.zeros_like(total), where=total > 0.0)
    weight = water.share[:, None] * kept[water.up] * period.passed
    arrived = solve(water.course, (water.up, water.down), weight, arriving)
    total = period.wide(total)
    node = np.divide(arrived, total, out=np.full_like(total, np.nan), where=total > 0.0)
    return node, None


def _by_system(
    period: Period, ends: tuple[NDArray[np.int64], NDArray[np.int64]], arriving: Floats
) -> tuple[Floats, Dispersed]:
    """Solve the sparse balance of nodes and points, column by column."""
    water, cut = period.water, period.cut
    count, width = arriving.shape
    vertex = _dispersion.vertices(cut, water, ends, count)
    loaded = np.flatnonzero((vertex >= 0) & (period.point != 0.0).any(axis=1))
    segment = np.flatnonzero(water.dispersion[cut.reach] > 0.0)
    low, high = (vertex[segment + cut.reach[segment] + k] for k in (0, 1))
    node, lost = np.empty((count, width)), np.empty(width)
    found, flux = np.empty((segment.size, 2, width)), np.empty((segment.size, 2, width))
    batch = width // max(period.rate.shape[1], 1)
    for j in range(width):
        p = j // batch
        if j % batch == 0:
            state = (period.loss[:, p], period.held, period.passed[:, p])
            system = _dispersion.system(cut, water, vertex, period.rate[:, p], state)
        entering, prescribed = np.zeros(system.held.size), np.zeros(system.held.size)
        entering[:count], prescribed[:count] = arriving[:, j], period.inflow[:, j]
        np.add.at(entering, vertex[loaded], period.point[loaded, j])
        value = system.solve(entering, prescribed)
        value[system.dry] = np.nan
        node[:, j], found[:, 0, j], found[:, 1, j] = value[:count], value[low], value[high]
        h0, h1, t0, t1 = _profile.exchange(*system.element)
        flux[:, 0, j] = h0 * value[low] - h1 * value[high]
        flux[:, 1, j] = t0 * value[low] - t1 * value[high]
        mean = _profile.dispersed_mean((value[low], value[high]), *system.element)
        lost[j] = np.sum(system.element[2] * mean)
    return node, Dispersed(segment, found, flux, lost)
