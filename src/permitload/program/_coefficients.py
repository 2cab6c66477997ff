"""Coefficients of rows, however they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from permitload._labels import floats, index_of, numbers, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["coefficients_of", "hessian_of"]

ROUND_OFF = 1e-12
"""Part of the largest entry by which a matrix may miss its transpose."""
CONVEX = 1e-10
"""Part of the largest entry by which an eigenvalue may fall below 0."""


def coefficients_of(column: pd.Index[Any], values: object, count: int) -> sparse.csr_array:
    """Coefficients as (count, column), aligned by label where labelled."""
    order = None
    if isinstance(values, pd.Series):
        values = values.to_frame().T
    if isinstance(values, pd.DataFrame):
        given = index_of(values.columns)
        refuse_repeats(given, index_of([]), "coefficients")
        order = column.get_indexer(given)
        raise_faults(
            [
                Fault("program", label, "column", None, "is not known", "a label in columns")
                for label in given[order < 0]
            ]
        )
        values = values.to_numpy()
    if not sparse.issparse(values):
        values = np.atleast_2d(floats(values, "coefficients"))
    block = sparse.csr_array(values, dtype=float, copy=True)  # a program keeps its own
    right = count, len(column if order is None else order)
    if block.shape != right:
        raise DataError(f"coefficients have shape {block.shape}; right would be {right}")
    if np.isnan(block.data).any() or np.isinf(block.data).any():
        raise DataError("coefficients hold a NaN or an infinite number; right would be numbers")
    if order is None and block.has_canonical_format:
        return block
    place = block.indices if order is None else order[block.indices]
    found = sparse.csr_array((block.data, place, block.indptr), (count, len(column)))
    found.sum_duplicates()
    return found


def hessian_of(column: pd.Index[Any], values: object) -> sparse.csr_array:
    """Curvature as (column, column), refused unless symmetric and positive semidefinite."""
    count = len(column)
    if isinstance(values, pd.DataFrame):
        chosen = pd.DataFrame(np.eye(len(values)), columns=values.index)
        place = coefficients_of(column, chosen, len(values))
        hessian = sparse.csr_array(place.T @ coefficients_of(column, values, len(values)))
    elif sparse.issparse(values) or np.asarray(values).ndim == 2:
        hessian = coefficients_of(column, values, count)
    else:
        if isinstance(values, pd.Series):
            values = coefficients_of(column, values, 1).toarray()[0]
        bent = numbers(values, column, "quadratic")
        hessian = sparse.csr_array(sparse.dia_array((bent[None], [0]), shape=(count, count)))
    _refuse_bent(column, hessian)
    return hessian


def _refuse_bent(column: pd.Index[Any], hessian: sparse.csr_array) -> None:
    """Refuse a curvature that is not symmetric, or that bends down somewhere."""
    bent, largest = hessian.diagonal(), float(np.abs(hessian.data).max(initial=0.0))
    raise_faults(
        [
            Fault("program", column[k], "quadratic", bent[k], "is not convex", "a number >= 0")
            for k in np.flatnonzero(~((bent >= 0) & (bent < np.inf)))
        ]
    )
    across = hessian - sparse.dia_array((bent[None], [0]), shape=hessian.shape)
    if not np.abs(across.data).max(initial=0.0):
        return
    if np.abs((hessian - hessian.T).data).max(initial=0.0) > ROUND_OFF * largest:
        raise DataError("quadratic is not symmetric; right would be (matrix + matrix.T) / 2")
    touched = np.flatnonzero(np.diff(hessian.indptr))
    block = hessian[touched][:, touched].toarray() + CONVEX * largest * np.eye(len(touched))
    try:
        np.linalg.cholesky(block)
    except np.linalg.LinAlgError:
        message = "quadratic is not convex; right would be a positive semidefinite matrix"
        raise DataError(message) from None
