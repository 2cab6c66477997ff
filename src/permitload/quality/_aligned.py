"""Values aligned by label, with every label that is missing, strange or repeated named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults

Floats = NDArray[np.float64]


def aligned(
    array: xr.DataArray, name: str, labels: dict[str, NDArray[Any]], needed: NDArray[np.bool_]
) -> Floats:
    """Values in the order of ``labels``; a dimension the array lacks is repeated.

    Parameters
    ----------
    array : DataArray
        What the caller gave.
    name : str
        Its name in messages.
    labels : dict of arrays
        Dimension → labels, in the order wanted.
    needed : array of bool
        Where a value must be given, to be spread over all; 0 is used elsewhere.
    """
    raise_faults(_label_faults(array, name, labels))
    full = _numbers(array, name).reset_coords(drop=True)
    turned = [d for d in array.dims if not array.indexes[d].equals(pd.Index(labels[str(d)]))]
    text = {d: _text(array.indexes[d]).to_numpy(dtype=object) for d in turned}
    full = full.assign_coords(text).reindex({d: labels[str(d)] for d in turned})
    every = full.expand_dims({d: labels[d] for d in labels if d not in full.dims})
    shape = tuple(values.size for values in labels.values())
    values = np.broadcast_to(every.transpose(*labels).values, shape)
    bad = needed & ~((values >= 0.0) & (values < np.inf))
    faults = []
    for place in np.argwhere(bad)[:50]:
        row = ", ".join(str(labels[d][i]) for d, i in zip(labels, place, strict=True))
        value = values[tuple(place)]
        problem = "is missing" if np.isnan(value) else "is not valid"
        shown = None if np.isnan(value) else float(value)
        faults.append(Fault(name, row, name, shown, problem, "a number ≥ 0"))
    raise_faults(faults)
    return np.where(needed, values, 0.0)


def _text(labels: pd.Index[Any]) -> pd.Index[Any]:
    """Labels as text."""
    return labels if labels.inferred_type == "string" else pd.Index(labels.map(str))


def scenarios_of(*arrays: xr.DataArray) -> NDArray[Any] | None:
    """Labels of the dimension ``scenario`` in any array; those of the others are compared later."""
    for array in arrays:
        if isinstance(array, xr.DataArray) and "scenario" in array.dims:
            if array.sizes["scenario"] == 0:
                right = "at least one scenario, or no such dimension"
                raise_faults([Fault("scenario", None, "scenario", None, "is empty", right)])
            if "scenario" in array.coords:
                return np.asarray(_text(array.indexes["scenario"]), dtype=object)
            return np.empty(0, dtype=object)
    return None


def _label_faults(array: xr.DataArray, name: str, labels: dict[str, NDArray[Any]]) -> list[Fault]:
    """Dimensions and labels that do not fit, and what is no DataArray at all."""
    if not isinstance(array, xr.DataArray):
        right = f"a DataArray ({', '.join(labels)})"
        return [Fault(name, None, name, type(array).__name__, "is no DataArray", right)]
    faults = []
    for dim in map(str, array.dims):
        if dim not in labels:
            right = f"dimensions among {', '.join(labels)}"
            faults.append(Fault(name, None, dim, None, "is no dimension of it", right))
        elif dim not in array.coords:
            faults.append(Fault(name, None, dim, None, "has no labels", "a coordinate"))
        elif dim != "scenario" and array.indexes[dim].equals(pd.Index(labels[dim])):
            continue  # unique already
        elif _text(array.indexes[dim]).has_duplicates:
            faults.append(Fault(name, None, dim, None, "has repeated labels", "unique labels"))
        elif dim in ("outlet", "scenario"):
            found = _text(array.indexes[dim])
            strange, right = found.difference(pd.Index(labels[dim])), f"the {dim}s of the others"
            right = "an outlet" if dim == "outlet" else right
            faults += [Fault(name, v, dim, None, "is unknown", right) for v in strange]
    for dim, values in labels.items():
        if dim in array.coords and array[dim].ndim == 0:
            only = str(array[dim].item())
            if list(values) != [only]:
                right = f"a dimension {dim}, or no such coordinate"
                faults.append(Fault(name, None, dim, only, "is the only label", right))
    return faults


def _numbers(array: xr.DataArray, name: str) -> xr.DataArray:
    """Array as numbers."""
    try:
        return array.astype(float)
    except (TypeError, ValueError):
        raise_faults([Fault(name, None, name, None, "holds what is no number", "numbers")])
        raise
