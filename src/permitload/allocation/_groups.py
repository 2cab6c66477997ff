"""Groups of sources: their limits as rows beside those of the sections."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from permitload._labels import floats
from permitload.errors import Fault

__all__ = ["Grouped", "columns_alike", "over_the_year", "read"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

YEAR = (365.0, 366.0)
"""Days that the periods of an annual limit add up to [d]."""


class Grouped(NamedTuple):
    """Groups in the label order of sources, pollutants and periods; limits that are none are inf.

    ``member`` (group, source), ``limit`` (group, pollutant, period) [kg/d], ``annual`` (group,
    pollutant) [t/a], ``days`` (period) [d].
    """

    name: NDArray[np.object_]
    member: Floats
    limit: Floats
    annual: Floats
    days: Floats


def read(
    response: xr.Dataset | xr.DataArray, sources: xr.Dataset, like: xr.DataArray,
    faults: list[Fault],
) -> Grouped:  # fmt: skip
    """Read the groups of the sources, none where there are none, and what is wrong with them."""
    there = any(part in sources for part in ("member", "group_limit", "annual_total"))
    if there and not ("member" in sources and "group" in sources.coords):
        faults.append(Fault("groups", None, "member", None, "is missing", "member (group, source)"))
        there = False
    name = np.array([str(g) for g in sources["group"].values] if there else [], dtype=object)
    shape = (len(name), *like.shape)
    days = next((d["days"] for d in (response, sources) if "days" in d.coords), None)
    length = np.ones(shape[3])
    if days is not None:
        length = floats(days.sel(period=like["period"].values).values, "days")
    if not len(name):
        none = np.empty((0, *like.shape))
        return Grouped(name, none[:, :, 0, 0], none[:, 0], none[:, 0, :, 0], length)
    dims = ("group", *like.dims)
    member = _ordered(sources, "member", dims[:2], like, faults)
    limit = _ordered(sources, "group_limit", (dims[0], *dims[2:]), like, faults)
    annual = _ordered(sources, "annual_total", dims[:1] + dims[2:3], like, faults)
    if not np.isin(member, (0.0, 1.0)).all():
        faults.append(Fault("groups", None, "member", None, "is neither 0 nor 1", "0 or 1"))
    year = float(length.sum())
    if np.isfinite(annual).any() and (days is None or not YEAR[0] <= year <= YEAR[1]):
        what = "periods have no days" if days is None else f"periods add up to {year:g} d"
        right = "periods with days that make up the year that an annual total is for"
        faults.append(Fault("groups", None, "annual_total", None, f"has no year: {what}", right))
    return Grouped(name, member, limit, annual, length)


def _ordered(
    sources: xr.Dataset, name: str, dims: tuple[Any, ...], like: xr.DataArray, faults: list[Fault]
) -> Floats:
    """Numbers of the groups in label order; infinite where the variable is not there."""
    sizes = [sources.sizes["group"] if dim == "group" else like.sizes[dim] for dim in dims]
    if name not in sources:
        return np.full(sizes, np.inf)
    array = sources[name]
    if set(array.dims) != set(dims):
        right = f"dimensions {dims}"
        faults.append(Fault("groups", None, name, None, f"has dimensions {array.dims}", right))
        return np.full(sizes, np.inf)
    strange = [
        Fault("groups", str(label), dim, None, "is in one of two only", "the labels of the sources")
        for dim in dims[1:]
        for label in sorted(map(str, {*like[dim].values} ^ {*array[dim].values}))
    ]
    if strange:
        faults += strange
        return np.full(sizes, np.inf)
    ordered = array.transpose(*dims).sel({dim: like[dim].values for dim in dims[1:]})
    values = floats(ordered.values, name)
    faults += [
        Fault("groups", str(ordered["group"].values[k[0]]), name, values[tuple(k)],
              "is no limit", "a number >= 0, or infinity for none")
        for k in np.argwhere(~(values >= 0.0))
    ]  # fmt: skip
    return values


def columns_alike(outlet: Integers, member: Floats) -> tuple[Integers, Integers, Floats]:
    """Find the column of each source among those that differ by outlet or groups.

    Returns the column of each source, the outlet of each column and its groups.
    """
    marks = np.column_stack([outlet, member.T.astype(np.int64)])
    distinct, place = np.unique(marks, axis=0, return_inverse=True)
    return place.ravel(), distinct[:, 0], distinct[:, 1:].T.astype(float)


def over_the_year(parts: list[sparse.csr_array], member: Floats, days: Floats) -> sparse.csr_array:
    """Rows of all periods side by side, and below them the masses of the groups [t] in a year."""
    mass = sparse.hstack([sparse.csr_array(member * (length / 1000.0)) for length in days])
    blocks = sparse.block_diag(parts, format="csr")
    return sparse.csr_array(sparse.vstack([blocks, mass], format="csr"))
