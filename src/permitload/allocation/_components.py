"""The least of several named numbers, and which one it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload._labels import cell, floats, refuse_repeats
from permitload.errors import Fault, raise_faults

__all__ = ["least", "together"]

Floats = NDArray[np.float64]


def together(
    parts: Mapping[str, xr.DataArray], dims: tuple[str, ...], needed: Collection[str]
) -> tuple[dict[str, xr.DataArray], xr.DataArray]:
    """Put parts on the same labels; NaN only where a part need not apply.

    Returns the parts and an array of zeros with their labels; labels follow the first part
    that has them.
    """
    labels = {
        dim: part.get_index(dim)
        for dim in dims
        for part in reversed([*parts.values()])
        if dim in part.coords
    }
    faults = [
        Fault("components", None, dim, None, "is in no component", "labels in one at least")
        for dim in dims
        if dim not in labels
    ]
    for name, part in parts.items():
        for dim in map(str, part.dims):
            if dim not in dims or dim not in part.coords:
                right = f"labelled, of {dims}"
                faults.append(Fault("components", None, name, dim, "is no dimension of it", right))
                continue
            strange = sorted(map(str, {*part[dim].values} ^ {*labels[dim]}))
            faults += [
                Fault("components", label, name, None, "is in one of two only", f"the same {dim}")
                for label in strange
            ]
    raise_faults(faults)
    for part in parts.values():
        for dim in map(str, part.dims):
            refuse_repeats(part.get_index(dim), part.get_index(dim)[:0], dim)
    like = xr.DataArray(np.zeros([len(labels[dim]) for dim in dims]), labels, dims)
    placed = {
        name: part.copy(data=floats(part.values, name))
        .sel({str(dim): labels[str(dim)] for dim in part.dims})
        .reset_coords(drop=True)
        .broadcast_like(like)
        .transpose(*dims)
        for name, part in parts.items()
    }
    raise_faults(
        Fault("components", cell(like, at), name, value,
              "is missing" if np.isnan(value) else "is negative", "a number >= 0")
        for name, part in placed.items()
        for at in map(tuple, np.argwhere(~(part.values >= 0.0)))
        for value in [part.values[at]]
        if name in needed or not np.isnan(value)
    )  # fmt: skip
    return placed, like


def least(
    parts: Mapping[str, xr.DataArray], shape: tuple[int, ...]
) -> tuple[Floats, NDArray[np.str_]]:
    """Least of the parts, NaN left out, and its name: infinity and no name where there is none."""
    if not parts:
        return np.full(shape, np.inf), np.full(shape, "", dtype=str)
    values = np.stack([np.where(np.isnan(part), np.inf, part) for part in parts.values()])
    names = np.where(np.isinf(values.min(axis=0)), "", np.array([*parts])[values.argmin(axis=0)])
    return values.min(axis=0), names
