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
State: TypeAlias = tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats, Floats]

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
def _climb(r: int, rows: Sparse, phase: Flags, step: Floats) -> float:
    """Add up what a unit of level adds to one row."""
    indptr, indices, data = rows
    total = 0.0
    for k in range(indptr[r], indptr[r + 1]):
        if phase[indices[k]] == RISING:
            total += data[k] * step[indices[k]]
    return total


@njit(cache=True)
def _move(j: int, slope: float, constant: float, whole: Whole, state: State) -> None:
    """Change what one source adds to each row, as slope * level + constant; its phase is new."""
    (indptr, indices, data), rows, phase, step = whole
    used, used_rest, rate, rate_rest, greatest, full, near, limit = state
    for k in range(indptr[j], indptr[j + 1]):
        r, a = indices[k], data[k]
        if a == 0.0:
            continue
        _add(rate, rate_rest, r, a * slope)
        _add(used, used_rest, r, a * constant)
        if rate[r] + rate_rest[r] < LOST * greatest[r]:
            rate[r], rate_rest[r] = _climb(r, rows, phase, step), 0.0
            greatest[r] = rate[r]
        rising = rate[r] + rate_rest[r]
        greatest[r] = max(greatest[r], rising)
        spare = (limit[r] - used[r]) - used_rest[r]
        full[r] = np.inf
        if rising > 0.0:
            full[r] = spare / rising
            near[r] = TIE * (abs(limit[r]) + abs(used[r])) / rising


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
        np.zeros(m), np.full(m, np.inf), np.zeros(m), limit,
    )  # fmt: skip
    whole = (columns, rows, phase, step)
    for j in range(n):
        _move(j, 0.0, lower[j], whole, state)
    full, near = state[5], state[6]
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
                    _move(j, step[j], origin[j] - lower[j], whole, state)
            while e < n and end[by_end[e]] <= now:
                j = by_end[e]
                e += 1
                if phase[j] == RISING:
                    phase[j], level[j] = STOPPED, end[j]
                    _move(j, -step[j], upper[j] - origin[j], whole, state)
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
                old, phase[j] = phase[j], STOPPED
                if old == RISING:
                    level[j], reason[j] = now, r
                    _move(j, -step[j], now * step[j], whole, state)
                else:
                    level[j], reason[j] = start[j], FLOOR


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
