"""Coefficients of rows, however they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from permitload._labels import index_of, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["coefficients_of"]


def coefficients_of(column: pd.Index[Any], values: object, count: int) -> sparse.csr_array:
    """Coefficients as (count, column), aligned by label where labelled."""
    order = np.arange(len(column))
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
        values = values.to_numpy(dtype=float)
    if not sparse.issparse(values):
        values = np.atleast_2d(np.asarray(values, dtype=float))
    block = sparse.coo_array(values)
    if block.shape != (count, len(order)):
        message = f"coefficients have shape {block.shape}; right would be {(count, len(order))}"
        raise DataError(message)
    if np.isnan(block.data).any() or np.isinf(block.data).any():
        raise DataError("coefficients hold a NaN or an infinite number; right would be numbers")
    place = (block.coords[0], order[block.coords[1]])
    shape = (count, len(column))
    return sparse.csr_array((block.data.astype(float), place), shape=shape)
