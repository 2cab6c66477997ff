"""Permits in whole units, without a row broken."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from permitload._labels import floats, number
from permitload.errors import DataError, Fault, raise_faults
from permitload.sharing import Rows
from permitload.sharing.rows import Room, room

__all__ = ["round_down", "truncate"]

Floats = NDArray[np.float64]
Loads: TypeAlias = "NDArray[np.float64] | pd.Series[float]"

NOISE = 10**9
"""A load may miss a whole number by one such part of a unit and still be taken for it."""
SLACK = 10**12
"""Exact sums may exceed a limit by one such part of it: round-off of the limit itself."""
NEAR = 1e-6
"""Part of a row's size that is more than what floating point can miss."""
DIGITS = 800
"""More digits than any number has."""
EXCEEDED = "is exceeded before rounding", "loads within"
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
    _refuse(permitted_load, precision)
    one, held, unit = _grains(np.asarray(permitted_load, dtype=float), precision)
    whole = [(value * NOISE + unit) // (unit * NOISE) * unit for value in held]
    return _like(permitted_load, np.array([value / one for value in whole]))


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
    _refuse(permitted_load, precision)
    problem = room(permitted_load, rows, lower, upper, 0.0)
    if (problem.matrix.data < 0).any():
        raise DataError("a coefficient is negative; right would be coefficients >= 0")
    loads = np.asarray(permitted_load, dtype=float)[problem.place]
    one, both, unit = _grains(np.concatenate([loads, problem.lower]), precision)
    held, floors = both[: len(loads)], both[len(loads) :]
    whole = [value // unit * unit for value in held]
    start = _floored(problem, (held, floors, whole), (one, unit))
    spare, columns = _spare(problem, start, (one, unit))
    rest = [round(value % unit / unit, TIED) for value in held]
    for j in sorted(range(len(held)), key=lambda j: (start[j] == whole[j], -rest[j])):
        higher = whole[j] + unit
        step = higher - start[j]
        if (
            (rest[j] > 0 or start[j] > whole[j])
            and (problem.upper[j] == np.inf or higher <= _most(problem.upper[j], one))
            and all(spare[r] >= weight * step for r, weight in columns[j])
        ):
            start[j] = higher
            for r, weight in columns[j]:
                spare[r] -= weight * step
    ordered = np.empty(len(start))
    ordered[problem.place] = [value / one for value in start]
    return _like(permitted_load, ordered)


def _refuse(loads: Loads, precision: float) -> None:
    values = floats(loads, "permitted_load")
    labels = loads.index if isinstance(loads, pd.Series) else range(values.size)
    faults = [
        Fault("loads", labels[k], "permitted_load", values[k], "is no load", "a finite number >= 0")
        for k in np.flatnonzero(~((values >= 0) & (values < np.inf)))
    ]
    if not 0 < number(precision, "precision") < np.inf:
        faults.append(Fault("loads", None, "precision", precision, "is no unit", "a number > 0"))
    raise_faults(faults)


def _grains(values: Floats, precision: float) -> tuple[int, list[int], int]:
    """Grains in one, in each value and in a unit: the decimals that they print as, in integers."""
    texts = [Decimal(repr(value)) for value in [*values.tolist(), float(precision)]]
    digits = max(0, *(-int(text.as_tuple().exponent) for text in texts))
    with localcontext(prec=DIGITS):
        *held, unit = (int(text.scaleb(digits)) for text in texts)
    return 10**digits, held, unit


def _most(limit: float, one: int) -> int:
    """Whole grains within a limit with the round-off that it may carry."""
    numerator, denominator = limit.as_integer_ratio()
    return (numerator * SLACK + abs(numerator)) * one // (denominator * SLACK)


def _floored(
    problem: Room, masses: tuple[list[int], list[int], list[int]], size: tuple[int, int]
) -> list[int]:
    """Whole units, or the floor where they fall below it by more than round-off."""
    one, unit = size
    start = []
    faults = []
    for label, value, low, whole in zip(problem.source, *masses, strict=True):
        # Round-off of a floor is a part of a unit or of itself.
        edge = low - max(unit // NOISE, low // SLACK)
        start.append(whole if whole >= edge else low)
        if value < edge:
            what = ("loads", label, "permitted_load", value / one, "is below its floor")
            faults.append(Fault(*what, f"{low / one:g}"))
    raise_faults(faults)
    return start


def _spare(
    problem: Room, start: list[int], size: tuple[int, int]
) -> tuple[dict[int, int], list[list[tuple[int, int]]]]:
    """Find what each row has left, and what a grain of each source adds to which rows.

    All in whole multiples of one fraction, so that sums are sums of integers. Rows that have
    room for one more unit of every source, beyond doubt, are left out.
    """
    one, unit = size
    matrix, load = problem.matrix, np.array([value / one for value in start])
    full, more = matrix @ load, matrix @ np.full(len(load), unit / one)
    clear = problem.limit - full > more + NEAR * (np.abs(problem.limit) + full)
    rows = [int(r) for r in np.flatnonzero(~clear & np.isfinite(problem.limit))]
    ratios = [value.as_integer_ratio() for r in rows for value in _entries(matrix, r)[1]]
    scale = max((denominator for _, denominator in ratios), default=1)
    spare = {r: _most(float(problem.limit[r]), scale * one) for r in rows}
    columns: list[list[tuple[int, int]]] = [[] for _ in start]
    weights = (numerator * (scale // denominator) for numerator, denominator in ratios)
    for r in rows:
        for j, weight in zip(_entries(matrix, r)[0], weights, strict=False):
            spare[r] -= weight * start[j]
            columns[j].append((r, weight))
    raise_faults(
        [
            Fault("rows", problem.row[r], "limit", float(problem.limit[r]), *EXCEEDED)
            for r in rows
            if spare[r] < 0
        ]
    )
    return spare, columns


def _entries(matrix: sparse.csr_array, row: int) -> tuple[list[int], list[float]]:
    """Columns and coefficients of a row."""
    here = slice(*matrix.indptr[row : row + 2])
    return matrix.indices[here].tolist(), matrix.data[here].tolist()


def _like(loads: Loads, values: Floats) -> Loads:
    return pd.Series(values, loads.index) if isinstance(loads, pd.Series) else values
