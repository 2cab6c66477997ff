"""From node concentrations to fluxes, concentrations along the reaches, and the mass ledger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from permitload.quality._period import Dispersed, Period, follow
from permitload.units import KG_PER_DAY

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Solved:
    """One solved period, in the order of the drawing; the last axis is pollutant · scenario."""

    period: Period
    node: Floats
    """(node) concentration [mg/L]; NaN where no water passes."""
    reach: Floats
    """(reach, end) concentration [mg/L]; NaN where nothing flows."""
    segment: Floats
    """(segment, end) concentration [mg/L]; NaN where nothing flows."""
    flux: Floats
    """(reach, end) load along the drawing [g/s]."""
    entered: Floats
    left: Floats
    """(node) load that enters and leaves over the boundary [g/s]."""
    ledger: Floats
    """(term) boundary_in, load, boundary_out, decayed, stored, residual [g/s]."""


def solved(period: Period, node: Floats, dispersed: Dispersed | None, load: Floats) -> Solved:
    """Carry node concentrations along the reaches and balance every load (given in kg/d)."""
    water = period.water
    known = np.nan_to_num(node)
    taken = np.where(water.plug, water.share * water.through[water.up], 0.0)
    head = taken[:, None] * known[water.up]
    start, stop, tail = follow(period, head)
    reach, segment, flux = _along(period, start, stop, tail)
    gone, held_back = period.wide(-np.expm1(-period.exponent)), period.wide(1.0 - period.part)
    lost = (start * gone + period.spread * held_back).sum(axis=0)
    if dispersed is not None:
        _put(period, dispersed, (reach, segment, flux))
        lost = lost + dispersed.lost
    lost = lost + (period.wide(period.loss) * known).sum(axis=0)
    entered, left = _exchange(period, known, (head, tail, flux))
    ledger = np.stack(
        [entered.sum(axis=0), load / KG_PER_DAY, left.sum(axis=0), lost, np.zeros_like(lost)]
    )
    residual = ledger[0] + ledger[1] - ledger[2] - ledger[3]
    return Solved(period, node, reach, segment, flux, entered, left, np.vstack([ledger, residual]))


def _along(
    period: Period, start: Floats, stop: Floats, tail: Floats
) -> tuple[Floats, Floats, Floats]:
    """Concentrations at the ends of reaches and segments, and fluxes, of plug-flow reaches."""
    water, cut = period.water, period.cut
    flowing = water.plug[cut.reach][:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        began = np.where(flowing, start / water.start[:, None], np.nan)
        ended = np.where(flowing, stop / water.stop[:, None], np.nan)
        last = np.where(water.plug[:, None], tail / water.tail[:, None], np.nan)
    # the upstream end shows what leaves it, with the load that enters just there
    upper = np.where(water.forward, cut.first[:-1], cut.first[1:] - 1)
    sign = np.where(water.forward, 1.0, -1.0) * water.plug
    flux = sign[:, None, None] * _drawn(water.forward, start[upper], tail)
    return (
        _drawn(water.forward, began[upper], last),
        _drawn(water.forward[cut.reach], began, ended),
        flux,
    )


def _drawn(forward: NDArray[np.bool_], upstream: Floats, downstream: Floats) -> Floats:
    """Put values at the ends along the flow into the order of the drawing: (…, end, m)."""
    ahead = forward[:, None]
    low = np.where(ahead, upstream, downstream)
    return np.stack([low, np.where(ahead, downstream, upstream)], axis=1)


def _put(period: Period, dispersed: Dispersed, into: tuple[Floats, Floats, Floats]) -> None:
    """Fill in the reaches and segments with dispersion."""
    reach, segment, flux = into
    first = period.cut.first
    wide = np.flatnonzero(period.water.dispersion > 0.0)
    segment[dispersed.segment] = dispersed.ends
    rank = np.full(period.cut.reach.size, -1)
    rank[dispersed.segment] = np.arange(dispersed.segment.size)
    for end, place in enumerate((first[wide], first[wide + 1] - 1)):
        reach[wide, end] = segment[place, end]
        flux[wide, end] = dispersed.flux[rank[place], end]


def _exchange(
    period: Period, node: Floats, carried: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """Load that enters and leaves at every node over the boundary.

    A held node gives or takes whatever the fluxes of its reaches leave over.
    """
    water = period.water
    taken = np.bincount(water.up, water.share * water.through[water.up], water.through.size)
    left = np.maximum(water.through - taken, 0.0)[:, None] * node
    entered = period.boundary
    if not period.held.any():
        return entered, left
    head, tail, flux = carried
    supply = period.wide(period.loss) * node - period.node
    np.add.at(supply, water.up, head)
    np.add.at(supply, water.down, -np.where(water.plug[:, None], tail, 0.0))
    wide = np.flatnonzero(water.dispersion > 0.0)
    ends = np.where(water.forward, (water.up, water.down), (water.down, water.up))[:, wide]
    for end, point in enumerate((period.cut.first[wide], period.cut.first[wide + 1])):
        # a load at the very end of a reach with dispersion enters at the node
        along = flux[wide, end] * (1.0, -1.0)[end]
        np.add.at(supply, ends[end], along - period.point[point + wide])
    held = period.held[:, None]
    return (
        np.where(held, np.maximum(supply, 0.0), entered),
        np.where(held, np.maximum(-supply, 0.0), left),
    )
