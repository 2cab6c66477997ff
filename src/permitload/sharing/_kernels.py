"""Water-filling over sparse rows, compiled."""

from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["water_fill", "weighted_square"]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.int8]
Integers: TypeAlias = NDArray[np.int64]
Pair: TypeAlias = tuple[Floats, Floats]
Sparse: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32], Floats]
Whole: TypeAlias = tuple[Sparse, Sparse, Flags, Floats]
State: TypeAlias = tuple[Floats, Floats, Floats, Floats, Floats, Integers, Floats, Floats, Floats]

TIE = 1e-12
"""Levels at which a row differs by less than this part of its limit and use are one level."""
LOST = 1e-6
"""Part of its greatest value below which a rate is added up anew: the rest may be round-off."""

WAITING, RISING, STOPPED = 0, 1, 2
CEILING, FLOOR, NOTHING = -1, -2, -3


@njit(cache=True)
def _add(total: Floats, residue: Floats, k: int, value: float) -> None:
    """Add with the round-off kept aside (Neumaier), so that 1e6 events leave no drift."""
    old = total[k]
    new = old + value
    residue[k] += (old - new) + value if abs(old) >= abs(value) else (value - new) + old
    total[k] = new


@njit(cache=True)
def _next_full(full: Floats, near: Floats, level: float) -> tuple[float, float]:
    """Lowest level at which a row fills, and how near is a tie."""
    lowest, margin = np.inf, 0.0
    for r in range(full.size):
        if full[r] < lowest:
            lowest, margin = full[r], near[r]
    return max(lowest, level), margin


@njit(cache=True)
def _first(full: Floats, level: float) -> int:
    """First row, in order, among those that are full at a level."""
    for r in range(full.size):
        if full[r] <= level and full[r] < np.inf:
            return r
    return -1


@njit(cache=True)
def _anew(r: int, rows: Sparse, phase: Flags, step: Floats, state: State) -> None:
    """Add up what a unit of level adds to one row, whose running sum is lost."""
    indptr, indices, data = rows
    total = 0.0
    for k in range(indptr[r], indptr[r + 1]):
        if phase[indices[k]] == RISING:
            total += data[k] * step[indices[k]]
    used, used_rest, rate, rate_rest, greatest, _, full, near, limit = state
    rate[r], rate_rest[r], greatest[r], full[r] = total, 0.0, total, np.inf
    if total > 0.0:
        full[r] = ((limit[r] - used[r]) - used_rest[r]) / total
        near[r] = TIE * (abs(limit[r]) + abs(used[r])) / total


@njit(cache=True)
def _move(j: int, slope: float, constant: float, columns: Sparse, state: State) -> bool:
    """Change what one source adds to each row, as slope * level + constant.

    Returns whether a rate fell so far that only round-off may be left of it.
    """
    indptr, indices, data = columns
    used, used_rest, rate, rate_rest, greatest, rising, full, near, limit = state
    lost = False
    for k in range(indptr[j], indptr[j + 1]):
        r, a = indices[k], data[k]
        if a == 0.0:
            continue
        _add(rate, rate_rest, r, a * slope)
        _add(used, used_rest, r, a * constant)
        rising[r] += 1 if slope > 0.0 else (-1 if slope < 0.0 else 0)
        full[r] = np.inf
        speed = rate[r] + rate_rest[r]
        if rising[r] > 0 and speed > 0.0:
            full[r] = ((limit[r] - used[r]) - used_rest[r]) / speed
            near[r] = TIE * (abs(limit[r]) + abs(used[r])) / speed
        greatest[r] = max(greatest[r], speed)
        lost |= rising[r] > 0 and speed < LOST * greatest[r]
    return lost


@njit(cache=True)
def _stop(j: int, constant: float, whole: Whole, state: State) -> None:
    """Let one source rise no more."""
    columns, rows, phase, step = whole
    phase[j] = STOPPED
    if _move(j, -step[j], constant, columns, state):
        _, _, rate, rate_rest, greatest, rising, _, _, _ = state
        for r in columns[1][columns[0][j] : columns[0][j + 1]]:
            if rising[r] > 0 and rate[r] + rate_rest[r] < LOST * greatest[r]:
                _anew(r, rows, phase, step, state)


@njit(cache=True)
def water_fill(
    columns: Sparse, rows: Sparse, limit: Floats, bounds: Pair, line: Pair
) -> tuple[Floats, Integers]:
    """Raise ``clip(origin + level * step, lower, upper)``; freeze whoever a full row touches.

    ``columns`` is CSC and ``rows`` CSR as (indptr, indices, data); ``bounds`` is (lower,
    upper), ``line`` (origin, step), steps > 0. Coefficients are >= 0, and the lower bounds meet
    the rows. Returns the level at which each source stops, and what stops it: a row, -1 for its
    ceiling, -2 for its floor (a row was full before the source left its floor), -3
    if nothing does.
    """
    lower, upper = bounds
    origin, step = line
    n, m = lower.size, limit.size
    start, end = (lower - origin) / step, (upper - origin) / step
    by_start, by_end = np.argsort(start, kind="mergesort"), np.argsort(end, kind="mergesort")
    phase, level, reason = np.zeros(n, np.int8), np.empty(n), np.full(n, CEILING)
    state = (
        np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m),
        np.zeros(m), np.zeros(m, np.int64), np.full(m, np.inf), np.zeros(m), limit,
    )  # fmt: skip
    whole = (columns, rows, phase, step)
    for j in range(n):
        _move(j, 0.0, lower[j], columns, state)
    full, near = state[6], state[7]
    now, s, e = -np.inf, 0, 0
    while True:
        while s < n and phase[by_start[s]] != WAITING:
            s += 1
        while e < n and phase[by_end[e]] == STOPPED:
            e += 1
        if e == n:
            return level, reason
        filled, margin = _next_full(full, near, now)
        ahead = end[by_end[e]]
        if s < n:
            ahead = min(ahead, start[by_start[s]])
        if ahead <= filled + margin and ahead < np.inf:
            now = max(now, ahead)
            while s < n and start[by_start[s]] <= now:
                j = by_start[s]
                s += 1
                if phase[j] == WAITING:
                    phase[j] = RISING
                    _move(j, step[j], origin[j] - lower[j], columns, state)
            while e < n and end[by_end[e]] <= now:
                j = by_end[e]
                e += 1
                if phase[j] == RISING:
                    level[j] = end[j]
                    _stop(j, upper[j] - origin[j], whole, state)
        elif filled == np.inf:
            for j in range(n):
                if phase[j] != STOPPED:
                    reason[j] = NOTHING
            return level, reason
        else:
            now, r = filled, _first(full, filled + margin)
            for k in range(rows[0][r], rows[0][r + 1]):
                j = rows[1][k]
                if rows[2][k] == 0.0 or phase[j] == STOPPED:
                    continue
                if phase[j] == RISING:
                    level[j], reason[j] = now, r
                    _stop(j, now * step[j], whole, state)
                else:
                    level[j], reason[j], phase[j] = start[j], FLOOR, STOPPED


@njit(cache=True)
def weighted_square(columns: Sparse, weight: Floats, place: Integers, count: int) -> Floats:
    """Form ``A @ diag(weight) @ A.T`` of the rows of a CSC array whose ``place`` is not -1."""
    indptr, indices, data = columns
    square = np.zeros((count, count))
    row, value = np.empty(count, np.int64), np.empty(count)
    for j in range(weight.size):
        if weight[j] == 0.0:
            continue
        found = 0
        for k in range(indptr[j], indptr[j + 1]):
            if place[indices[k]] >= 0:
                row[found], value[found] = place[indices[k]], data[k]
                found += 1
        for k in range(found):
            scaled = weight[j] * value[k]
            for i in range(k + 1):
                square[row[k], row[i]] += scaled * value[i]
    for k in range(count):
        for i in range(k):
            square[i, k] = square[k, i]
    return square
