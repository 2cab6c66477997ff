"""Labelled arrays: matching, naming a place, describing a variable."""

from __future__ import annotations

import xarray as xr

from permitload._labels import index_of, refuse_repeats
from permitload.errors import Fault, raise_faults
from permitload.schema import VARIABLES

__all__ = ["attributes", "matched", "spread"]


def matched(array: xr.DataArray, like: xr.DataArray, name: str) -> xr.DataArray:
    """Array in the label order of another; both must have the same labels."""
    if set(array.dims) == set(like.dims) and all(
        array.get_index(dim).equals(like.get_index(dim)) for dim in like.dims
    ):
        return array.transpose(*like.dims)
    faults = []
    for dim in like.dims:
        labels = index_of(array[dim].values if dim in array.dims else [])
        refuse_repeats(labels, labels[:0], str(dim))
        ours = set(like[dim].values.tolist())
        theirs = set(array[dim].values.tolist()) if dim in array.dims else set()
        faults += [
            Fault(name, label, str(dim), None, "is in one of two only", "the same labels")
            for label in sorted(map(str, ours ^ theirs))
        ]
    raise_faults(faults)
    order = {dim: like[dim].values for dim in like.dims}
    return array.sel(order).transpose(*like.dims)


def spread(array: xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """Array repeated along the dimensions that it lacks."""
    return array.expand_dims({d: like[d].values for d in like.dims if d not in array.dims})


def attributes(name: str) -> dict[str, str]:
    """Attributes of an array of a declared variable: its unit and its meaning."""
    return {"units": VARIABLES[name].unit, "long_name": VARIABLES[name].meaning}
