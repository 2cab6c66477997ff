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

    def least(self, level: float, floor: Floats, free: Flags) -> _Least:
        """Least shares at a level, how steeply they rise with it, and which ramp lifts each."""
        wanted = np.where(free, level * self.target, 0.0)
        share, slope = np.maximum(floor, wanted), np.where(wanted > floor, self.target, 0.0)
        up, down = np.zeros((2, *share.shape), dtype=bool)
        (rise, risen), (fall, fallen), step = self.ties
        for k in range(len(share) - 1, 0, -1):
            most = (share[k] - step[k]) / rise[k]
            up[k] = risen[k] & (most > share[k - 1])
            share[k - 1] = np.where(up[k], most, share[k - 1])
            slope[k - 1] = np.where(up[k], slope[k] / rise[k], slope[k - 1])
        for k in range(1, len(share)):
            most = fall[k] * share[k - 1] - step[k]
            down[k] = fallen[k] & (most > share[k])
            share[k] = np.where(down[k], most, share[k])
            slope[k] = np.where(down[k], fall[k] * slope[k - 1], slope[k])
        up[1:] &= ~down[:-1]
        return _Least(share, slope, up, down)


class _Least(NamedTuple):
    """Least shares of a level (period, enterprise), their slopes; what a ramp lifts.

    ``up[k]`` is where the share of ``k`` lifts that before it, ``down[k]`` where that lifts it.
    """

    share: Floats
    slope: Floats
    up: Flags
    down: Flags


def levelled(rising: Rising) -> tuple[Floats, Whole, Whole]:
    """Shares, leximin of ``share / target``; what stops each (row, or a negative mark); when.

    ``when`` is the period of the ramp that stops a share.
    """
    free = rising.target > 0
    floor, held = rising.lower.copy(), np.zeros(free.shape, dtype=bool)
    reason, when = np.full((2, *free.shape), CEILING, dtype=np.int64)
    size = np.abs(rising.limit) + rising.matrix @ np.abs(rising.upper.ravel())
    while free.any():
        point, full, met = _full(rising, size, floor, free)
        share = point.share
        marks = [(CEILING, rising.upper - share <= FULL * rising.upper)]
        marks += [(int(r), _inside(rising.matrix, int(r), held.shape)) for r in full]
        for mark, inside in marks:
            reason[inside & ~held] = mark
            held |= inside
        _spread(_tight(rising.ties, share), held, (reason, when))
        if met is not None:  # a row far larger than a share may be full before its ramp is
            mark, inside, above = met
            why = np.full_like(reason, mark), np.zeros_like(when)
            _spread((above.up, above.down), inside, why)
            new = inside & ~held
            reason[new], when[new], held = why[0][new], why[1][new], held | inside
        if not (free & held).any():
            raise ConvergenceError("the level of filling rises no more, and nothing is full")
        floor, free = np.where(free & held, share, floor), free & ~held
    share = rising.least(0.0, floor, free).share
    return np.minimum(share, rising.upper), reason, when


def _full(
    rising: Rising, size: Floats, floor: Floats, free: Flags
) -> tuple[_Least, Whole, tuple[int, Flags, _Least] | None]:
    """Least shares at the greatest level that rows and ceilings admit, and the rows then full.

    Newton's method from above: on convex lines it never goes below the level, and ends. Last
    comes what it met last, row or ceiling: mark, whom it holds, and the point from which the
    way to it was straight.
    """
    level = float((rising.upper[free] / rising.target[free]).max())
    met = None
    while True:
        point = rising.least(level, floor, free)
        taken, steep = (rising.matrix @ part.ravel() for part in point[:2])
        over = np.append(taken - rising.limit, (point.share - rising.upper).ravel())
        steep = np.append(steep, point.slope.ravel())
        near = OVER * np.append(size, rising.upper.ravel())
        back = np.divide(over, steep, out=np.zeros_like(over), where=(over > near) & (steep > 0))
        farthest = int(back.argmax())
        if back[farthest] <= 0.0 or level - back[farthest] >= level:
            break
        level -= float(back[farthest])
        if farthest < len(size):
            inside = _inside(rising.matrix, farthest, free.shape)
        else:
            inside = (np.arange(free.size) == farthest - len(size)).reshape(free.shape)
        met = (farthest if farthest < len(size) else CEILING, inside, point)
    tight = (rising.limit - taken <= FULL * size) & (steep[: len(size)] > 0)
    return point, np.flatnonzero(tight), met


def _inside(matrix: sparse.csr_array, row: int, shape: tuple[int, ...]) -> Flags:
    """Find who counts in a row."""
    found = np.zeros(shape, dtype=bool)
    entries = slice(*matrix.indptr[row : row + 2])
    found.ravel()[matrix.indices[entries][matrix.data[entries] > 0]] = True
    return found


def _tight(ties: Ties, share: Floats) -> tuple[Flags, Flags]:
    """Find where a share cannot rise without lifting that before it, or the one after it."""
    (rise, up), (fall, down), step = ties
    room = FULL * np.maximum(share, step)
    lifts = np.zeros_like(up), np.zeros_like(down)
    for k in range(1, len(share)):
        lifts[0][k] = up[k] & (share[k - 1] - (share[k] - step[k]) / rise[k] <= room[k - 1])
        lifts[1][k] = down[k] & (share[k] - (fall[k] * share[k - 1] - step[k]) <= room[k])
    return lifts


def _spread(lifts: tuple[Flags, Flags], held: Flags, why: tuple[Whole, Whole]) -> None:
    """Hold also those that could rise only with one that is held, by a ramp; in place."""
    (up, down), (reason, when) = lifts, why
    for k in range(1, len(held)):
        new = up[k] & held[k - 1] & ~held[k]
        held[k] |= new
        reason[k, new], when[k, new] = RISE, k
    for k in range(len(held) - 1, 0, -1):
        new = down[k] & held[k] & ~held[k - 1]
        held[k - 1] |= new
        reason[k - 1, new], when[k - 1, new] = FALL, k
