"""Filling where ramps tie the periods of each enterprise: the level rises along the least shares.

A floor, a level and a ramp all say that one share is at least something that rises with others:
of two points that keep them the lesser of each share does too. So every level has a least point,
which is convex in it; the level rises until that point fills a row, whoever could rise only with
that row stays there, the others go on. No program is solved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from permitload.errors import ConvergenceError

__all__ = ["CEILING", "FALL", "RISE", "Rising", "Ties", "levelled"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

OVER = 1e-13
"""Part of a row's size that is round-off."""
FULL = 1e-10
"""Part of a row's size, or of a ramp's share, that is no room."""
CEILING, RISE, FALL = -1, -2, -3
"""Reasons that are no row."""


class Ties(NamedTuple):
    """Ramps up and down, (period) ratios and (period, enterprise) where they hold, and steps."""

    rise: tuple[Floats, Flags]
    fall: tuple[Floats, Flags]
    step: Floats


@dataclass(frozen=True, slots=True)
class Rising:
    """Targets and bounds (period, enterprise), ramps, and rows ``matrix @ share <= limit``.

    ``lower`` keeps ramps and rows, and is no more than ``upper``; entries of rows are >= 0.
    """

    target: Floats
    lower: Floats
    upper: Floats
    ties: Ties
    matrix: sparse.csr_array
    limit: Floats

    def least(self, level: float, floor: Floats, free: Flags) -> tuple[Floats, Floats]:
        """Least shares at a level, and their slopes."""
        share, slope = floor.copy(), np.zeros_like(floor)
        _lift(share, slope, np.where(free, level * self.target, 0.0), self.target)
        (rise, up), (fall, down), step = self.ties
        for k in range(len(share) - 1, 0, -1):
            if up[k].any():
                wanted = np.where(up[k], (share[k] - step[k]) / rise[k], 0.0)
                _lift(share[k - 1], slope[k - 1], wanted, slope[k] / rise[k])
        for k in range(1, len(share)):
            if down[k].any():
                wanted = np.where(down[k], fall[k] * share[k - 1] - step[k], 0.0)
                _lift(share[k], slope[k], wanted, fall[k] * slope[k - 1])
        return share, slope


def _lift(share: Floats, slope: Floats, wanted: Floats, steeper: Floats) -> None:
    """Raise shares to what is wanted, in place, with their slopes."""
    more = wanted > share
    share[more], slope[more] = wanted[more], steeper[more]


def levelled(rising: Rising) -> tuple[Floats, NDArray[np.int64], Whole]:
    """Shares, leximin of ``share / target``; what stops each (row, or a negative mark); when.

    ``when`` is the period of the ramp that stops a share.
    """
    free = rising.target > 0
    floor, held = rising.lower.copy(), np.zeros(free.shape, dtype=bool)
    reason, when = np.full((2, *free.shape), CEILING, dtype=np.int64)
    size = np.abs(rising.limit) + rising.matrix @ np.abs(rising.upper.ravel())
    while free.any():
        share, row, cap = _full(rising, size, floor, free)
        own = rising.upper - share <= FULL * rising.upper
        own.ravel()[cap] = True
        new = own & ~held
        reason[new], held = CEILING, held | own
        for r in row:
            entries = slice(*rising.matrix.indptr[r : r + 2])
            inside = np.zeros(held.size, dtype=bool)
            inside[rising.matrix.indices[entries][rising.matrix.data[entries] > 0]] = True
            new = inside.reshape(held.shape) & ~held
            reason[new], held = r, held | new
        _spread(rising.ties, share, held, (reason, when))
        if not (free & held).any():
            raise ConvergenceError("the level of filling rises no more, and nothing is full")
        floor, free = np.where(free & held, share, floor), free & ~held
    share, _ = rising.least(0.0, floor, free)
    return np.minimum(share, rising.upper), reason, when


def _full(rising: Rising, size: Floats, floor: Floats, free: Flags) -> tuple[Floats, Whole, Whole]:
    """Least shares at the greatest level that rows and ceilings admit, and those that are full.

    Newton's method from above: on convex lines it never goes below the level, and ends.
    """
    level = float((rising.upper[free] / rising.target[free]).max())
    last = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    while True:
        share, slope = rising.least(level, floor, free)
        taken, steep = (rising.matrix @ part.ravel() for part in (share, slope))
        over = np.append(taken - rising.limit, (share - rising.upper).ravel())
        steep = np.append(steep, slope.ravel())
        near = OVER * np.append(size, rising.upper.ravel())
        back = np.divide(over, steep, out=np.zeros_like(over), where=(over > near) & (steep > 0))
        farthest, count = int(back.argmax()), len(size)
        if back[farthest] <= 0.0 or level - back[farthest] >= level:
            break
        level -= float(back[farthest])
        last = _one(farthest, count)
    tight = rising.limit - taken <= FULL * size
    tight &= steep[:count] > 0
    return share, np.union1d(np.flatnonzero(tight), last[0]), last[1]


def _one(place: int, count: int) -> tuple[Whole, Whole]:
    """Tell a row from a ceiling by the place among both."""
    none, one = np.empty(0, dtype=np.int64), np.array([place], dtype=np.int64)
    return (one, none) if place < count else (none, one - count)


def _spread(ties: Ties, share: Floats, held: Flags, why: tuple[Whole, Whole]) -> None:
    """Hold also those that could rise only with one that is held, by a ramp; in place."""
    reason, when = why
    (rise, up), (fall, down), step = ties
    room = FULL * np.maximum(share, step)
    for k in range(1, len(share)):  # a rise to the next period may carry this one
        lifts = share[k - 1] - (share[k] - step[k]) / rise[k] <= room[k - 1]
        new = up[k] & lifts & held[k - 1] & ~held[k]
        held[k] |= new
        reason[k, new], when[k, new] = RISE, k
    for k in range(len(share) - 1, 0, -1):
        lifts = share[k] - (fall[k] * share[k - 1] - step[k]) <= room[k]
        new = down[k] & lifts & held[k] & ~held[k - 1]
        held[k - 1] |= new
        reason[k - 1, new], when[k - 1, new] = FALL, k
