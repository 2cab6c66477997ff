"""Labels and the numbers that belong to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload.errors import DataError, Fault, raise_faults

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["cell", "floats", "index_of", "number", "numbers", "refuse_repeats"]


def index_of(labels: object) -> pd.Index[Any]:
    """Labels as a flat index; a single text is one label, tuples stay tuples."""
    if isinstance(labels, pd.Index) and labels.dtype == object and labels.nlevels == 1:
        return labels.rename(None)
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        labels = [labels]
    return pd.Index(list(labels), dtype=object, tupleize_cols=False)


def refuse_repeats(labels: pd.Index[Any], taken: pd.Index[Any], name: str) -> None:
    """Refuse labels that occur twice, or that are taken."""
    if labels.is_unique and not len(taken):
        return
    repeated = labels[labels.duplicated() | labels.isin(taken)].unique()
    problem = "is there twice"
    raise_faults(
        [Fault("labels", label, name, None, problem, "one label each") for label in repeated]
    )


def cell(array: xr.DataArray, position: Iterable[int]) -> str:
    """Labels of one cell of an array, in words.

    Examples
    --------
    >>> import xarray as xr
    >>> cell(xr.DataArray([[1.0, 2.0]], {"source": ["E1"], "period": ["dry", "wet"]}), (0, 1))
    'E1, wet'
    """
    return ", ".join(str(array[dim].values[k]) for dim, k in zip(array.dims, position, strict=True))


def floats(values: object, name: str) -> NDArray[np.float64]:
    """Values as floats; texts, truth values, dates and complex numbers are no numbers."""
    given = np.asarray(values)
    mixed = given.dtype == object or isinstance(values, list | tuple)
    cells = np.asarray(values if mixed else [], dtype=object).ravel()
    strange = any(isinstance(v, str | bytes | bool | np.bool_) for v in cells)
    if given.dtype.kind in "iufO" and not strange:
        try:
            return given.astype(float)
        except (TypeError, ValueError):
            pass
    raise DataError(f"{name} holds {given.dtype.name} values; right would be numbers alone")


def number(value: object, name: str) -> float:
    """One number, as a float, which may be NaN: no text, no truth value."""
    found = floats(value, name)
    if found.size != 1 or value is None:
        raise DataError(f"{name} is {value}; right would be one number")
    return float(found.item())


def numbers(values: object, labels: pd.Index[Any], name: str) -> NDArray[np.float64]:
    """One number per label from a scalar, an array in order, or a Series with the same labels."""
    if isinstance(values, pd.Series):
        given = index_of(values.index)
        refuse_repeats(given, given[:0], name)
    if isinstance(values, pd.Series) and given.equals(labels):
        values = values.to_numpy()
    elif isinstance(values, pd.Series):
        unmatched = given[~given.isin(labels)].append(labels[~labels.isin(given)])
        raise_faults(
            [
                Fault("labels", label, name, None, "has no partner", "the same labels")
                for label in unmatched
            ]
        )
        values = values.to_numpy()[given.get_indexer(labels)]
    array = floats(values, name)
    if array.shape not in ((), (len(labels),)):
        message = f"{name} has shape {array.shape}; right would be one number, or {len(labels)}"
        raise DataError(message)
    array = np.broadcast_to(array, (len(labels),)).copy()
    raise_faults(
        [
            Fault("labels", labels[k], name, array[k], "is not a number", "a number")
            for k in np.flatnonzero(np.isnan(array))
        ]
    )
    return array
