"""The level at which clipped straight lines add up to a total: exact, on sorted breakpoints."""

import math
import operator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["level_at"]

Floats = NDArray[np.float64]


def level_at(
    total: float, slope: Floats, start: Floats, end: Floats, side: Literal["left", "right"]
) -> float:
    """Solve ``sum(slope * (clip(level, start, end) - start)) == total`` for the level.

    The sum rises in straight pieces between the breakpoints; the piece is found by sorting, the
    level on it by division. Where the sum is flat at the total, ``left`` gives the least such
    level and ``right`` the greatest, infinite if the sum stays below the total.
    """
    moving = (slope > 0) & (start < end)
    slope, start, end = slope[moving], start[moving], end[moving]
    if not len(slope):
        return 0.0 if side == "left" else math.inf
    closed = np.isfinite(end)
    point = np.concatenate([start, end[closed]])
    change = np.concatenate([slope, -slope[closed]])
    order = np.argsort(point, kind="stable")
    point, rate = point[order], np.cumsum(change[order])
    reached = np.concatenate([[0.0], np.cumsum(rate[:-1] * np.diff(point))])
    # Running sums lose what is small beside what has ended: they only tell where to look first.
    first = int(np.searchsorted(reached, total, side=side)) - 1
    trials, low, high = iter((first, first + 1)), 0, len(point)
    below = operator.lt if side == "left" else operator.le

    def used(level: float) -> float:
        """Exactly rounded, so that it does not depend on the order of sources."""
        return math.fsum(slope * (np.clip(level, start, end) - start))

    while high - low > 1:
        k = next(trials, (low + high) // 2)
        if low < k < high and below(used(point[k]), total):
            low = k
        elif low < k < high:
            high = k
    at = float(point[low])
    left = total - used(at)
    if left <= 0:
        return at
    climbing = (start <= at) & (end > at)
    if not climbing.any():
        return at if side == "left" else math.inf
    return at + left / math.fsum(slope[climbing])
