"""The level at which clipped straight lines add up to a total: exact, on sorted breakpoints."""

import math
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
    k = max(int(np.searchsorted(reached, total, side=side)) - 1, 0)
    # Exactly rounded sums do not depend on the order of sources.
    climbing = (start <= point[k]) & (end > point[k])
    here = math.fsum(slope * (np.clip(point[k], start, end) - start))
    if total - here <= 0:
        return float(point[k])
    if not climbing.any():
        return float(point[k]) if side == "left" else math.inf
    return float(point[k]) + (total - here) / math.fsum(slope[climbing])
