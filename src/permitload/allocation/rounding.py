"""Permits in whole units, without a row broken."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload.errors import DataError, Fault, raise_faults
from permitload.sharing import Rows
from permitload.sharing.rows import Room, room

__all__ = ["round_down", "truncate"]

Loads: TypeAlias = "NDArray[np.float64] | pd.Series[float]"

NOISE = Fraction(1, 10**9)
"""Part of a unit by which a load may miss a whole number and still be taken for it."""
SLACK = Fraction(1, 10**12)
"""Part of a limit by which exact sums may exceed it: round-off of the limit itself."""
TIED = 6
"""Decimals of a unit to which remainders are compared."""


def truncate(permitted_load: Loads, precision: float) -> Loads:
    """Cut loads to whole units of precision; never above the load but for round-off.

    Parameters
    ----------
    permitted_load : Series or array
        Loads, >= 0, in any unit.
    precision : float
        Size of one unit, > 0, in the same unit; a decimal such as 0.001.

    Returns
    -------
    Series or array
        As given. A load within 1e-9 units below a whole number counts as that number.

    Raises
    ------
    DataError
        If a load is NaN or negative, or the precision is not positive.

    Examples
    --------
    >>> truncate(np.array([16.6667, 0.29, 66.6667]), 0.01)
    array([16.66,  0.29, 66.66])
    """
    unit, exact = _exact(permitted_load, precision)
    return _like(permitted_load, [math.floor(value / unit + NOISE) * unit for value in exact])


def round_down(
    permitted_load: Loads,
    precision: float,
    rows: tuple[Any, Any] | Rows,
    upper: ArrayLike = np.inf,
    lower: ArrayLike = 0.0,
) -> Loads:
    """Cut loads to whole units, then hand out spare units while every row still holds.

    All loads are cut to whole units; what that leaves over goes out one unit at a time, the
    largest remainder first (ties by label), to each source at most once and only if no row and
    no ceiling is exceeded. A source whose whole units fall below its floor goes first; where it
    cannot be raised to the next unit it keeps exactly its floor, which is then no whole number
    of units. Sums are exact (integers and fractions, no floating point).

    Parameters
    ----------
    permitted_load : Series or array
        Loads that meet the rows, >= 0, in the unit in which permits are written.
    precision : float
        Size of one unit, > 0; a decimal such as 0.001.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ permitted_load <= limit`` with coefficients >= 0: sections, totals.
    upper : float, array or Series, default infinity
        Ceilings of the sources.
    lower : float, array or Series, default 0
        Floors of the sources, at most the loads.

    Returns
    -------
    Series or array
        As given.

    Raises
    ------
    DataError
        If a number is NaN or negative, labels do not match, or the loads do not meet the rows
        or the floors to begin with.

    Notes
    -----
    Largest remainder: Hamilton's method of apportionment, restricted to what the rows admit.

    Examples
    --------
    >>> loads = pd.Series({"A": 50 / 3, "B": 50 / 3, "C": 200 / 3})
    >>> round_down(loads, 0.01, ([[1.0, 1.0, 1.0]], [100.0])).tolist()
    [16.67, 16.67, 66.66]
    """
    unit, exact = _exact(permitted_load, precision)
    problem = room(permitted_load, rows, lower, upper, 0.0)
    if (problem.matrix.data < 0).any():
        raise DataError("a coefficient is negative; right would be coefficients >= 0")
    held = [exact[k] for k in problem.place]
    whole = [math.floor(value / unit) * unit for value in held]
    start = _floored(problem, held, whole, unit)
    parts = math.lcm(unit.denominator, *(value.denominator for value in start))
    spare, columns = _spare(problem, start, parts)
    raise_faults(
        [
            Fault("rows", row, "limit", float(limit), "is exceeded before rounding", "loads within")
            for row, limit, left in zip(problem.row, problem.limit, spare, strict=True)
            if left < 0
        ]
    )
    rest = [round(float((v - n) / unit), TIED) for v, n in zip(held, whole, strict=True)]
    for j in sorted(range(len(held)), key=lambda j: (start[j] == whole[j], -rest[j])):
        higher = whole[j] + unit
        within = problem.upper[j] == np.inf or higher <= _most(problem.upper[j])
        step = int((higher - start[j]) * parts)
        fits = all(spare[r] >= weight * step for r, weight in columns[j])
        if (rest[j] > 0 or start[j] > whole[j]) and within and fits:
            start[j] = higher
            for r, weight in columns[j]:
                spare[r] -= weight * step
    ordered = [Fraction(0)] * len(start)
    for k, value in zip(problem.place, start, strict=True):
        ordered[k] = value
    return _like(permitted_load, ordered)


def _floored(
    problem: Room, held: list[Fraction], whole: list[Fraction], unit: Fraction
) -> list[Fraction]:
    """Whole units, or the floor where they fall below it by more than round-off."""
    floors = [Fraction(str(float(value))) for value in problem.lower]
    least = [low - max(NOISE * unit, SLACK * low) for low in floors]
    raise_faults(
        [
            Fault(
                "loads",
                label,
                "permitted_load",
                float(value),
                "is below its floor",
                f"{float(low):g}",
            )
            for label, value, low, edge in zip(problem.source, held, floors, least, strict=True)
            if value < edge
        ]
    )
    triples = zip(whole, floors, least, strict=True)
    return [value if value >= edge else low for value, low, edge in triples]


def _exact(loads: Loads, precision: float) -> tuple[Fraction, list[Fraction]]:
    """Read unit and loads as fractions: the decimals that they print as."""
    values = np.asarray(loads, dtype=float)
    labels = loads.index if isinstance(loads, pd.Series) else range(values.size)
    faults = [
        Fault("loads", label, "permitted_load", value, "is no load", "a finite number >= 0")
        for label, value in zip(labels, values, strict=True)
        if not 0 <= value < np.inf
    ]
    if not 0 < precision < np.inf:
        faults.append(Fault("loads", None, "precision", precision, "is no unit", "a number > 0"))
    raise_faults(faults)
    return Fraction(str(float(precision))), [Fraction(str(float(value))) for value in values]


def _most(limit: float) -> Fraction:
    """Limit with the round-off that it may carry."""
    exact = Fraction(float(limit))
    return exact + abs(exact) * SLACK


def _spare(
    problem: Room, start: list[Fraction], parts: int
) -> tuple[list[int], list[list[tuple[int, int]]]]:
    """Find what each row has left, and what one part of each source adds to which rows.

    ``parts`` parts are one unit of load; all in whole multiples of one fraction, so that sums
    are sums of integers.
    """
    matrix, limit = problem.matrix, problem.limit
    ratios = [value.as_integer_ratio() for value in matrix.data.tolist()]
    scale = max((denominator for _, denominator in ratios), default=1)
    spare = [math.floor(_most(value) * scale * parts) for value in limit]
    columns: list[list[tuple[int, int]]] = [[] for _ in start]
    for r in range(len(limit)):
        for k in range(matrix.indptr[r], matrix.indptr[r + 1]):
            j, (numerator, denominator) = int(matrix.indices[k]), ratios[k]
            weight = numerator * (scale // denominator)
            spare[r] -= weight * int(start[j] * parts)
            columns[j].append((r, weight))
    return spare, columns


def _like(loads: Loads, values: list[Fraction]) -> Loads:
    numbers = np.array([float(value) for value in values])
    return pd.Series(numbers, loads.index) if isinstance(loads, pd.Series) else numbers
