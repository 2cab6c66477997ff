"""What the functions of a section share: checked inputs and the root finder."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload.errors import ConvergenceError, Fault, raise_faults

__all__ = ["Array", "checked", "first", "ratio", "solve"]

Array = NDArray[np.float64]

_PRECISION = 1e-13
_STEPS = 30


def solve(
    error: Callable[[Array], tuple[Array, Array]],
    steepness: tuple[float, float],
    size: Array,
    what: str,
) -> Array:
    """Newton on ln y, all rows at once, kept inside a bracket that the steepness proves.

    ``error`` gives the logarithmic error and its steepness, whose bounds are known: so the
    error at 1 m bounds the root from both sides. Rows of zero flow have depth 0.
    """
    wide = size > 0.0
    y = np.ones(size.shape)
    with np.errstate(all="ignore"):  # rows beyond the range of numbers end as not converged
        miss, _ = error(y)
        ends = np.exp(-miss / steepness[0]), np.exp(-miss / steepness[1])
        lower, upper = 0.9 * np.minimum(*ends), 1.1 * np.maximum(*ends)
        for _ in range(_STEPS):
            miss, slope = error(y)
            lower = np.where(miss < 0.0, np.maximum(lower, y), lower)
            upper = np.where(miss > 0.0, np.minimum(upper, y), upper)
            trial = y * np.exp(-miss / slope)
            inside = (trial >= lower) & (trial <= upper)
            y = np.where(wide, np.where(inside, trial, np.sqrt(lower) * np.sqrt(upper)), y)
            wide &= ~(np.abs(miss / slope) <= _PRECISION)
            if not wide.any():
                return np.where(size > 0.0, y, 0.0)[()]
    rows = np.flatnonzero(wide)
    message = f"{what} did not converge at rows {rows[:10].tolist()} ({rows.size} of {size.size})"
    worst = pd.DataFrame({"flow": size.ravel()[rows], "error": miss.ravel()[rows]}, index=rows)
    raise ConvergenceError(message, worst)


def checked(values: Mapping[str, ArrayLike]) -> tuple[Array, ...]:
    """Broadcast inputs, by name, after refusing all at once what cannot exist."""
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values.values()))
    named = dict(zip(values, arrays, strict=True))
    faults = []
    for name, array in named.items():
        positive = name in ("roughness", "slope")
        wrong = ~np.isfinite(array) | ((array <= 0.0) if positive else (array < 0.0))
        right = f"a finite number {'>' if positive else '≥'} 0"
        faults += first(name, array, wrong, "is not valid", right)
    width, side_slope = named["width"], named["side_slope"]
    none = (width == 0.0) & (side_slope == 0.0)
    faults += first("width", width, none, "and side_slope 0 hold no water", "one of them > 0")
    raise_faults(faults)
    return arrays


def first(
    column: str, array: Array, wrong: NDArray[np.bool_], problem: str, expected: str
) -> list[Fault]:
    """Fault of the first wrong row of an input, with their number; none if none is wrong."""
    rows = np.flatnonzero(wrong)
    if rows.size == 0:
        return []
    place = f"{rows[0]} (first of {rows.size})"
    return [Fault("section", place, column, array.ravel()[rows[0]], problem, expected)]


def ratio(upper: Array, lower: Array) -> Array:
    """Quotient whose limit is 0 where both are 0."""
    shape = np.broadcast_shapes(np.shape(upper), np.shape(lower))
    return np.divide(upper, lower, out=np.zeros(shape), where=np.asarray(lower) > 0.0)[()]
