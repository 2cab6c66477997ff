"""Sources that hardly touch a row: counted in full, and then left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload._labels import number
from permitload.errors import DataError
from permitload.sharing.rows import Rows, refuse_negative, room

__all__ = ["de_minimis"]

ALIKE = 1e-12
"""Relative difference of uses that is none."""


def de_minimis(
    rows: tuple[Any, Any] | Rows,
    *,
    influence: float,
    upper: ArrayLike,
    lower: ArrayLike = 0.0,
) -> Rows:
    """Rows that leave alone the sources of least influence, as if at their ceilings.

    Filling stops whoever touches a full row, however weakly. Here, in each row, the sources that
    could use least of it, the least first, are taken out of the row and what they use at their
    ceilings is taken off its limit, as long as together they use at most a stated part of the
    room above the floors; sources of equal use go or stay together. What meets these rows and
    the ceilings meets the rows given, and the others lose at most that part. A source that is
    let off one row is still stopped by others.

    Parameters
    ----------
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit`` with coefficients >= 0.
    influence : float
        Part of a row's room, between its limit and the floors, that the sources let off it may
        use [1], from 0 to 1. A choice of policy: there is no standard for it.
    upper : float, array or Series
        Ceilings; a source without one is let off no row.
    lower : float, array or Series, default 0
        Floors.

    Returns
    -------
    Rows
        The same rows, labelled alike, with coefficients of 0 and lower limits.

    Raises
    ------
    DataError
        If the influence is out of range, a coefficient is negative, a number NaN, a floor above
        its ceiling, or labels do not match.

    Examples
    --------
    >>> rows = Rows(np.array([[1.0, 1.0, 0.01]]), np.array([10.0]))
    >>> claim = np.array([10.0, 10.0, 10.0])
    >>> fewer = de_minimis(rows, influence=0.02, upper=claim)
    >>> fewer.coefficient.toarray(), fewer.limit
    (array([[1., 1., 0.]]), array([9.9]))
    """
    if not 0.0 <= number(influence, "influence") <= 1.0:
        raise DataError(f"influence is {influence}; right would be a part from 0 to 1")
    coefficient, limit = rows
    problem = room(_ones(coefficient, upper), Rows(coefficient, limit), lower, upper, 0.0)
    refuse_negative(problem)
    matrix, left = problem.matrix.copy(), problem.limit.copy()
    spare = left - matrix @ problem.lower
    for r in range(len(left)):
        row = slice(matrix.indptr[r], matrix.indptr[r + 1])
        at, a = matrix.indices[row], matrix.data[row]
        small = _least(a * (problem.upper[at] - problem.lower[at]), influence * spare[r])
        left[r] -= a[small] @ problem.upper[at[small]]
        matrix.data[row][small] = 0.0
    matrix.eliminate_zeros()
    back, over = np.argsort(problem.line), np.argsort(problem.place)
    matrix, left = matrix[back][:, over], left[back]
    if isinstance(coefficient, pd.DataFrame):
        coefficient = pd.DataFrame(matrix.toarray(), coefficient.index, coefficient.columns)
    else:
        coefficient = matrix
    return Rows(coefficient, pd.Series(left, limit.index) if isinstance(limit, pd.Series) else left)


def _ones(coefficient: ArrayLike, upper: ArrayLike) -> NDArray[np.float64] | pd.Series[float]:
    """One for each source, labelled where rows or ceilings are."""
    if isinstance(coefficient, pd.DataFrame):
        return pd.Series(1.0, coefficient.columns)
    if isinstance(upper, pd.Series):
        return pd.Series(1.0, upper.index)
    return np.ones(np.shape(coefficient)[-1])


def _least(use: NDArray[np.float64], most: float) -> NDArray[np.int64]:
    """Positions of the least uses whose sum is at most a number, equal ones all or none."""
    order = np.argsort(use, kind="stable")
    ranked = use[order]
    count = int(np.searchsorted(np.cumsum(ranked), most, side="right"))
    if 0 < count < len(ranked):
        count = int(np.searchsorted(ranked, ranked[count] * (1.0 - ALIKE), side="left"))
    return order[:count]
