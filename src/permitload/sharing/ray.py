"""One factor for all: the greatest that every row allows, between floors and ceilings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from permitload.errors import DataError
from permitload.sharing._level import level_at
from permitload.sharing.filling import Filling, refuse_overfull
from permitload.sharing.rows import Room, Rows, refuse_negative, room

__all__ = ["proportion"]

Floats = NDArray[np.float64]


def proportion(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
    origin: ArrayLike = 0.0,
) -> Filling:
    """Shares in equal proportion to the target: one level for all, the greatest that fits.

    Each share is ``clip(origin + level * (target - origin), lower, upper)``. One full row
    throttles every source, whether it touches the row or not: that is the rule (equal
    proportion, 等比例), and the reason why :func:`fill` usually grants more.

    Parameters
    ----------
    target : array or Series
        What is shared out towards, in any unit, >= origin.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit`` with coefficients >= 0.
    lower : float, array or Series, default 0
        Floors.
    upper : float, array or Series, optional
        Ceilings; by default the target, or the floor where it is higher.
    origin : float, array or Series, default 0
        Shares at level 0.

    Returns
    -------
    Filling
        Shares, levels and what stopped each source: the row that fixes the common level,
        ``ceiling``, ``floor`` or ``fixed``.

    Raises
    ------
    InfeasibleError
        If the floors do not fit into the rows; carries the least relaxation.
    DataError
        If a coefficient is negative, a number NaN, labels do not match, or nothing bounds the
        level.

    Examples
    --------
    >>> rows = Rows([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], [10.0, 18.0])
    >>> proportion([10.0, 10.0, 10.0], rows).share
    array([5., 5., 5.])
    """
    problem = room(target, rows, lower, upper, origin)
    refuse_negative(problem)
    refuse_overfull(problem)
    moving = problem.step > 0
    step, base = np.where(moving, problem.step, 1.0), problem.origin
    start = np.where(moving, (problem.lower - base) / step, 0.0)
    end = np.where(moving, (problem.upper - base) / step, 0.0)
    lowest, full = _lowest(problem, np.where(moving, problem.step, 0.0), start, end)
    level = min(lowest, float(end[moving].max(initial=0.0)))
    if not np.isfinite(level):
        raise DataError("nothing bounds the level; right would be a row, or a ceiling for each")
    free = np.clip(base + level * problem.step, problem.lower, problem.upper)
    share = np.where(moving, free, problem.lower)
    reason = np.full(len(share), None, dtype=object)
    if np.isfinite(lowest):
        reason[:] = [problem.row[full]] * len(share)
    reason[start > level] = "floor"
    reason[end <= level] = "ceiling"
    reason[~moving] = "fixed"
    reached = np.where(moving, (share - base) / step, 1.0)
    return Filling(*(problem.given(values, target) for values in (share, reached, reason)))


def _lowest(problem: Room, step: Floats, start: Floats, end: Floats) -> tuple[float, int]:
    """Greatest level that every row allows, and the row that is full there.

    A row is solved only if it does not fit at the lowest level found so far.
    """
    matrix = problem.matrix
    spare = np.maximum(problem.limit - matrix @ problem.lower, 0.0)
    slope = matrix @ step
    todo = slope > 0
    likely = np.divide(spare, slope, out=np.full(len(spare), np.inf), where=todo)
    top = end[step > 0].max(initial=0.0)
    lowest, full = np.inf, 0
    while True:
        level = min(lowest, top)
        over = todo
        if np.isfinite(level):
            over = todo & (matrix @ (step * (np.clip(level, start, end) - start)) > spare)
        if not over.any():
            return float(lowest), full
        r = int(np.argmin(np.where(over, likely, np.inf)))
        row = slice(matrix.indptr[r], matrix.indptr[r + 1])
        j = matrix.indices[row]
        found = level_at(float(spare[r]), matrix.data[row] * step[j], start[j], end[j], "right")
        todo[r] = False
        if found < lowest:
            lowest, full = found, r
