"""One sharing problem per pollutant and period, from response, headroom and sources."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._labels import index_of, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults
from permitload.sharing import Rows, section_rows

__all__ = ["DIMS", "Case", "blank", "cases", "numbers_of"]

Floats = NDArray[np.float64]

DIMS = ("source", "pollutant", "period")


class Case(NamedTuple):
    """Rows by source, and the bounds of the sources, of one pollutant and period."""

    rows: Rows
    floor: Floats
    ceiling: Floats


def cases(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, sources: xr.Dataset
) -> dict[tuple[str, str], Case]:
    """Check the sources against the response and put a column per source into the rows."""
    rows = section_rows(response, headroom)
    like = blank(response, sources)
    outlet = [str(label) for label in sources["outlet"].values]
    known = set(map(str, response.outlet.values))
    faults = [
        Fault("sources", source, "outlet", name, "has no response", "an outlet of the response")
        for source, name in zip(like.source.values, outlet, strict=True)
        if name not in known
    ]
    floor = _bound(sources, "floor", 0.0, like, faults)
    ceiling = _bound(sources, "ceiling", np.inf, like, faults)
    faults += [
        Fault("sources", _place(like, k), "floor", floor[tuple(k)], "exceeds the ceiling", "less")
        for k in np.argwhere(floor > ceiling)
    ]
    raise_faults(faults)
    result = {}
    for i, pollutant in enumerate(like.pollutant.values):
        for j, period in enumerate(like.period.values):
            coefficient, limit = rows[str(pollutant), str(period)]
            columns = coefficient[outlet].set_axis(pd.Index(like.source.values), axis=1)
            result[str(pollutant), str(period)] = Case(
                Rows(columns, limit), floor[:, i, j], ceiling[:, i, j]
            )
    return result


def numbers_of(array: xr.DataArray, like: xr.DataArray, name: str) -> Floats:
    """Values in the label order of another array, NaN and unmatched labels refused."""
    lacking = [dim for dim in DIMS if dim not in array.dims or dim not in array.coords]
    if lacking or len(array.dims) != len(DIMS):
        raise DataError(f"{name} has dimensions {array.dims}; right would be {DIMS}, labelled")
    raise_faults(
        [
            Fault(name, label, dim, None, "is in one of two only", "the labels of the sources")
            for dim in DIMS
            for label in sorted(map(str, {*like[dim].values} ^ {*array[dim].values}))
        ]
    )
    ordered = array.sel({dim: like[dim].values for dim in DIMS}).transpose(*DIMS).astype(float)
    raise_faults(
        [
            Fault(
                name,
                _place(ordered, k),
                name,
                ordered.values[tuple(k)],
                "is no load",
                "a number >= 0",
            )
            for k in np.argwhere(~(ordered.values >= 0))
        ]
    )
    return np.asarray(ordered.values, dtype=float)


def blank(response: xr.Dataset | xr.DataArray, sources: xr.Dataset) -> xr.DataArray:
    """Zeros by source, and by pollutant and period in the response's order."""
    lacking = [name for name in ("source", "outlet") if name not in sources.coords]
    raise_faults(
        [Fault("sources", None, name, None, "is missing", "a coordinate") for name in lacking]
    )
    source = index_of(sources["source"].values)
    refuse_repeats(source, source[:0], "source")
    labels = {
        "source": sources["source"].values,
        "pollutant": response["pollutant"].values,
        "period": response["period"].values,
    }
    shape = [len(values) for values in labels.values()]
    return xr.DataArray(np.zeros(shape), labels, DIMS)


def _bound(
    sources: xr.Dataset, name: str, default: float, like: xr.DataArray, faults: list[Fault]
) -> Floats:
    if name not in sources:
        return np.full(like.shape, default)
    try:
        return numbers_of(sources[name], like, name)
    except DataError as error:
        if not error.faults:
            raise
        faults += error.faults
        return np.full(like.shape, default)


def _place(array: xr.DataArray, position: NDArray[np.int64]) -> str:
    return ", ".join(str(array[dim].values[k]) for dim, k in zip(DIMS, position, strict=True))
