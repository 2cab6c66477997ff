"""What the sources state, and loads beside what they are measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._labels import floats, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["beside", "faults_at", "reported", "stated"]

Floats = NDArray[np.float64]

DIMS = ("source", "pollutant", "period")


def stated(sources: xr.Dataset, name: str, expected: str) -> xr.DataArray:
    """Variable of the sources over (source, pollutant, period), finite and >= 0 everywhere."""
    lacking = [variable for variable in ("source_load", name) if variable not in sources]
    raise_faults(
        Fault("sources", None, variable, None, "is missing", "a variable of the sources")
        for variable in lacking
    )
    whole = sources["source_load"]
    if set(whole.dims) != set(DIMS) or not set(sources[name].dims) <= set(DIMS):
        found = whole.dims if set(whole.dims) != set(DIMS) else sources[name].dims
        raise DataError(f"sources have dimensions {found}; right would be {DIMS}")
    array = sources[name].copy(data=floats(sources[name].values, name))
    array = array.broadcast_like(whole).transpose(*DIMS)
    raise_faults(faults_at(array, _out_of_range(array), name, "is out of range", expected))
    return array.rename(name)


def _out_of_range(array: xr.DataArray) -> NDArray[np.bool_]:
    return np.asarray(~((array.values >= 0) & np.isfinite(array.values)))


def faults_at(
    array: xr.DataArray, wrong: NDArray[np.bool_], name: str, problem: str, expected: str
) -> Iterable[Fault]:
    """One fault for each number that is wrong, with its labels."""
    for place in np.argwhere(wrong):
        at = dict(zip(array.dims, place, strict=True))
        row = ", ".join(str(array[dim].values[k]) for dim, k in at.items())
        yield Fault("sources", row, name, array.values[tuple(place)], problem, expected)


def beside(
    permitted_load: xr.DataArray, claim: xr.DataArray, name: str = "claim"
) -> tuple[xr.DataArray, xr.DataArray]:
    """Put loads and claims over the same labels, ``source`` first, finite and >= 0."""
    for array, called in ((permitted_load, "permitted_load"), (claim, name)):
        if "source" not in array.dims or any(dim not in array.coords for dim in array.dims):
            found = f"{called} has dimensions {array.dims}"
            raise DataError(f"{found}; right would be source and others, labelled")
        for dim in array.dims:
            refuse_repeats(array.get_index(dim), pd.Index([]), str(dim))
    raise_faults(
        Fault(name, label, str(dim), None, "is in one of two only", "the same labels")
        for dim in permitted_load.dims
        if dim in claim.dims
        for label in sorted(map(str, set(permitted_load[dim].values) ^ set(claim[dim].values)))
    )
    common = [dim for dim in claim.dims if dim in permitted_load.dims]
    ordered = claim.sel({dim: permitted_load[dim].values for dim in common})
    loads, claims = xr.broadcast(
        permitted_load.copy(data=floats(permitted_load.values, "permitted_load")),
        ordered.copy(data=floats(ordered.values, name)),
    )
    loads = loads.transpose("source", ...)
    claims = claims.transpose(*loads.dims)
    right = "a finite number >= 0"
    raise_faults(
        fault
        for array, called in ((loads, "permitted_load"), (claims, name))
        for fault in faults_at(array, _out_of_range(array), called, "is out of range", right)
    )
    return loads, claims


def reported(value: Floats, loads: xr.DataArray, why: dict[str, NDArray[np.bool_]]) -> xr.DataArray:
    """Index by what is left of the dimensions; where it is undefined, ``reason`` says why."""
    reason = np.full(value.shape, "", dtype=object)
    for text, where in why.items():
        reason[where & (reason == "")] = text
    like = loads.isel(source=0, drop=True)
    found = like.copy(data=np.where(reason == "", value, np.nan)).rename("index")
    found.attrs = {"units": "1"}
    return found.assign_coords(reason=(like.dims, reason))
