"""Tables of criteria, checked, and brought to one scale and direction."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._labels import index_of, number, numbers, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["amounts", "checked", "ranged", "varying", "weights_of"]

Floats = NDArray[np.float64]

SPREAD = 1e-12
"""Part of a criterion's greatest value below which its spread is round-off."""


def checked(criteria: pd.DataFrame, name: str = "criteria") -> Floats:
    """Values by enterprise and criterion: labels unique, every value a number >= 0."""
    for labels, axis in ((criteria.index, "enterprise"), (criteria.columns, "criterion")):
        refuse_repeats(index_of(labels), index_of([]), axis)
    if not criteria.size:
        raise DataError(f"{name} is empty; right would be a row and a column at least")
    raise_faults(_faults(criteria, name))
    values: Floats = criteria.to_numpy(dtype=float)
    return values


def _faults(criteria: pd.DataFrame, name: str) -> Iterator[Fault]:
    values = np.array([[_value(value) for value in row] for row in criteria.to_numpy(object)])
    for i, j in np.argwhere(~(np.isfinite(values) & (values >= 0))):
        row, column, value = criteria.index[i], str(criteria.columns[j]), criteria.iat[i, j]
        yield Fault(name, row, column, value, "is out of range", "a finite number >= 0")


def _value(given: object) -> float:
    """Turn a number into a float, and whatever is none, a text or a truth value, into NaN."""
    try:
        return number(given, "value")
    except DataError:
        return math.nan


def amounts(values: pd.Series[float], name: str) -> Floats:
    """Check loads or weights: labelled once, finite, none negative."""
    return checked(values.to_frame(name), name)[:, 0]


def varying(values: Floats) -> NDArray[np.bool_]:
    """Whether each criterion tells the enterprises apart."""
    found: NDArray[np.bool_] = np.ptp(values, axis=0) > SPREAD * values.max(axis=0)
    return found


def ranged(criteria: pd.DataFrame, directions: pd.Series[float]) -> Floats:
    """Values from 0, the worst enterprise, to 1, the best; 0 for all where all are the same."""
    values, labels = checked(criteria), index_of(criteria.columns)
    sign = numbers(directions, labels, "directions")
    problem, right = "is no direction", "1 where more is better, or -1"
    raise_faults(
        Fault("criteria", None, str(labels[j]), sign[j], problem, right)
        for j in np.flatnonzero(np.abs(sign) != 1)
    )
    tells = varying(values)
    spread = np.where(tells, np.ptp(values, axis=0), 1.0)
    worst = np.where(sign > 0, values.min(axis=0), values.max(axis=0))
    return np.where(tells, sign * (values - worst) / spread, 0.0)


def weights_of(amount: Floats, criteria: pd.DataFrame) -> pd.Series[float]:
    """Scale amounts, not all zero, to weights that add up to 1."""
    return pd.Series(amount / amount.sum(), criteria.columns, name="weight")
