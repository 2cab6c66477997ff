"""One sharing problem per pollutant and period, from response, headroom and sources."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from permitload._labels import index_of, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults
from permitload.sharing.rows import Rows, sparse_rows

__all__ = ["DIMS", "Case", "blank", "cases", "numbers_of"]

Floats = NDArray[np.float64]

DIMS = ("source", "pollutant", "period")


class Case(NamedTuple):
    """Rows by source, and the bounds of the sources, of one pollutant and period.

    ``outlet`` is the position of each source's outlet in the response.
    """

    source: pd.Index[Any]
    outlet: NDArray[np.int64]
    matrix: sparse.csr_array
    limit: pd.Series[float]
    floor: Floats
    ceiling: Floats

    @property
    def rows(self) -> Rows:
        """Rows with a labelled column for each source."""
        dense = self.matrix.toarray()[:, self.outlet]
        return Rows(pd.DataFrame(dense, self.limit.index, self.source), self.limit)


def cases(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, sources: xr.Dataset
) -> dict[tuple[str, str], Case]:
    """Check the sources against the response and put a column per source into the rows."""
    rows = sparse_rows(response, headroom)
    like = blank(response, sources)
    source = index_of(sources["source"].values.astype(object))
    outlet = response.get_index("outlet").get_indexer(sources["outlet"].values)
    faults = [
        Fault(
            "sources",
            source[k],
            "outlet",
            str(sources["outlet"].values[k]),
            "has no response",
            "an outlet of the response",
        )
        for k in np.flatnonzero(outlet < 0)
    ]
    floor = _bound(sources, "floor", 0.0, like, faults)
    ceiling = _bound(sources, "ceiling", np.inf, like, faults)
    faults += [
        Fault("sources", _place(like, k), "floor", floor[tuple(k)], "exceeds the ceiling", "less")
        for k in np.argwhere(floor > ceiling)
    ]
    raise_faults(faults)
    return {
        (str(pollutant), str(period)): Case(
            source, outlet, *rows[str(pollutant), str(period)], floor[:, i, j], ceiling[:, i, j]
        )
        for i, pollutant in enumerate(like.pollutant.values)
        for j, period in enumerate(like.period.values)
    }


def numbers_of(array: xr.DataArray, like: xr.DataArray, name: str) -> Floats:
    """Values in the label order of another array, NaN and unmatched labels refused."""
    lacking = [dim for dim in DIMS if dim not in array.dims or dim not in array.coords]
    if lacking or len(array.dims) != len(DIMS):
        raise DataError(f"{name} has dimensions {array.dims}; right would be {DIMS}, labelled")
    if not all(like.get_index(dim).equals(array.get_index(dim)) for dim in DIMS):
        raise_faults(
            [
                Fault(name, label, dim, None, "is in one of two only", "the labels of the sources")
                for dim in DIMS
                for label in sorted(map(str, {*like[dim].values} ^ {*array[dim].values}))
            ]
        )
        array = array.sel({dim: like[dim].values for dim in DIMS})
    ordered = array.transpose(*DIMS).astype(float)
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
    source = sources.get_index("source")
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
