"""Shares and reasons under a rule that prices the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from permitload.sharing._dual import Curve, Market, clear
from permitload.sharing.filling import Filling, refuse_overfull
from permitload.sharing.rows import Room, Rows

__all__ = ["priced"]

Floats = NDArray[np.float64]


def priced(problem: Room, curve: Curve, target: object, rows: Rows) -> Filling:
    """Shares of a checked problem, with prices in the order of the rows given."""
    refuse_overfull(problem)
    moving = problem.step > 0
    matrix = sparse.csr_array(problem.matrix, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    limit = problem.limit - matrix @ np.where(moving, 0.0, problem.lower)
    lines = (problem.lower, problem.upper, problem.origin, problem.step)
    columns = matrix if moving.all() else matrix[:, moving]
    share, price = problem.lower.copy(), np.zeros(len(limit))
    if moving.any():
        share[moving], price = clear(Market(curve, columns, limit, *(v[moving] for v in lines)))
    level = np.ones(len(share))
    level[moving] = (share - problem.origin)[moving] / problem.step[moving]
    reason = _reasons(problem, share, _dearest(matrix, price))
    of_source = [problem.given(values, target) for values in (share, level, reason)]
    return Filling(of_source[0], of_source[1], of_source[2], _by_row(problem, price, rows))


def _dearest(matrix: sparse.csr_array, price: Floats) -> NDArray[np.int64]:
    """Row that charges each source most, the first of several; -1 if none charges it."""
    most, which = np.zeros(matrix.shape[1]), np.full(matrix.shape[1], -1)
    for r in np.flatnonzero(price > 0):
        row = slice(matrix.indptr[r], matrix.indptr[r + 1])
        charge, at = price[r] * matrix.data[row], matrix.indices[row]
        more = charge > most[at]
        most[at[more]], which[at[more]] = charge[more], r
    return which


def _reasons(problem: Room, share: Floats, row: NDArray[np.int64]) -> NDArray[Any]:
    """Name what keeps each source from more."""
    names = np.append(problem.row.to_numpy(dtype=object), ["target"])
    reason = names[row]
    reason[(share == problem.lower) & (share != 0)] = "floor"
    reason[share == problem.upper] = "ceiling"
    reason[problem.step == 0] = "fixed"
    return reason


def _by_row(problem: Room, price: Floats, rows: Rows) -> Floats | pd.Series[float]:
    """Prices in the order of the rows given, as a Series if these are labelled."""
    ordered = np.empty_like(price)
    ordered[problem.line] = price
    for labelled in (rows.coefficient, rows.limit):
        if isinstance(labelled, pd.DataFrame | pd.Series):
            return pd.Series(ordered, labelled.index)
    return ordered
