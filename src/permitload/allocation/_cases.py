"""What is shared together: one pollutant in one period, or in all where a year's total binds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from permitload._labels import cell, floats, index_of, refuse_repeats
from permitload.allocation._groups import Grouped, columns_alike, over_the_year, read
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import STOPS
from permitload.sharing.rows import Rows, sparse_rows

__all__ = [
    "ANNUAL",
    "DIMS",
    "GROUP",
    "LARGEST",
    "SECTION",
    "UNITS",
    "Case",
    "blank",
    "cases",
    "days_of",
    "named_bounds",
    "numbers_of",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DIMS = ("source", "pollutant", "period")
SECTION, GROUP, ANNUAL = 0, 1, 2
"""Kinds of row: limits in mg/L, in kg/d, in t/a."""
UNITS = ("mg/L", "kg/d", "t/a")
LARGEST = float(np.finfo(float).max)
"""Greatest finite number."""


class Case(NamedTuple):
    """Rows and bounds of what is shared together; sources by periods where there are several.

    ``matrix`` has one column for all that are alike in every row; ``place`` says which one
    belongs to each source and period. ``at`` finds the sources and periods in an array (source,
    pollutant, period); ``kind``, ``name`` and ``period`` say of each row what it is.
    """

    pollutant: str
    at: tuple[slice, int, Integers]
    source: pd.Index[Any]
    place: Integers
    matrix: sparse.csr_array
    limit: pd.Series[float]
    floor: Floats
    ceiling: Floats
    kind: Integers
    name: NDArray[np.object_]
    period: Integers
    days: Floats

    @property
    def rows(self) -> Rows:
        """Rows with a column for each source; what a background exceeds takes nothing more."""
        limit = pd.Series(np.maximum(self.limit, 0.0), self.limit.index)
        return Rows(self.matrix[:, self.place], limit)

    def by_column(self, values: Floats) -> Floats:
        """Sum of values by source in each column of the matrix: they share its fate."""
        return np.asarray(np.bincount(self.place, values, self.matrix.shape[1]), dtype=float)


def cases(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, sources: xr.Dataset
) -> list[Case]:
    """Check the sources against the response and put columns into the rows that limit them."""
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
        Fault("sources", cell(like, k), "floor", floor[tuple(k)], "exceeds the ceiling", "less")
        for k in np.argwhere(floor > ceiling)
    ]
    groups = read(response, sources, like, faults)
    faults += _clashes(response, sources, groups)
    raise_faults(faults)
    return [
        _case((source, outlet), rows, groups, (like, at))._replace(
            floor=floor[at].ravel(), ceiling=ceiling[at].ravel()
        )
        for at in _together(like, groups)
    ]


def _together(like: xr.DataArray, groups: Grouped) -> Iterator[tuple[slice, int, Integers]]:
    """Pollutants with the periods that are shared out at once: all where a year's total binds."""
    every = np.arange(like.sizes["period"])
    for i in range(like.sizes["pollutant"]):
        yearly = np.isfinite(groups.annual[:, i]).any()
        for here in every[None] if yearly else every[:, None]:
            yield slice(None), i, here


def _case(
    columns: tuple[pd.Index[Any], Integers],
    rows: dict[tuple[str, str], Rows],
    groups: Grouped,
    where: tuple[xr.DataArray, tuple[slice, int, Integers]],
) -> Case:
    """Put the rows of sections and groups together, bounds left open."""
    (source, place), (like, at) = columns, where
    _, i, here = at
    pollutant = str(like["pollutant"].values[i])
    periods = [str(period) for period in like["period"].values[here]]
    sections = [rows[pollutant, period] for period in periods]
    name, parts = sections[0].limit.index.to_numpy(), [one.coefficient for one in sections]
    kind = np.repeat([SECTION, GROUP], [len(name), len(groups.name)])
    member = groups.member
    if len(groups.name):
        place, outlet, member = columns_alike(place, member)
        parts = [sparse.vstack([one[:, outlet], member], format="csr") for one in parts]
        name = np.append(name, groups.name)
    limit = np.concatenate([
        np.append(one.limit.to_numpy(), groups.limit[:, i, j])
        for one, j in zip(sections, here, strict=True)
    ])  # fmt: skip
    case = Case(
        pollutant, at, source, place, parts[0], pd.Series(dtype=float), np.empty(0), np.empty(0),
        kind, name, np.zeros(len(name), dtype=np.int64), groups.days[here],
    )  # fmt: skip
    label = index_of(name)
    if np.isfinite(groups.annual[:, i]).any():
        limit = np.append(limit, groups.annual[:, i])
        case = _of_year(case, (parts, member), periods, groups.name)
        when = [*periods, ""]
        label = index_of((n, when[k]) for n, k in zip(case.name, case.period, strict=True))
    keep = np.flatnonzero(np.isfinite(limit))
    return case._replace(
        matrix=case.matrix if len(keep) == len(limit) else case.matrix[keep],
        limit=pd.Series(limit[keep], label[keep]),
        **{part: getattr(case, part)[keep] for part in ("kind", "name", "period")},
    )


def _of_year(
    case: Case, parts: tuple[list[sparse.csr_array], Floats], periods: list[str],
    groups: NDArray[np.object_],
) -> Case:  # fmt: skip
    """Repeat the rows and columns of one period for all, and add the totals of the year."""
    count, rows = len(periods), len(case.name)
    starts = case.matrix.shape[1] * np.arange(count)
    return case._replace(
        source=index_of((one, period) for one in case.source for period in periods),
        place=(case.place[:, None] + starts).ravel(),
        matrix=over_the_year(*parts, case.days),
        kind=np.append(np.tile(case.kind, count), np.full(len(groups), ANNUAL)),
        name=np.append(np.tile(case.name, count), [year_of(group) for group in groups]),
        period=np.append(np.repeat(np.arange(count), rows), np.full(len(groups), -1)),
    )


def year_of(group: str) -> str:
    """Name of the row that holds a group's total of the year."""
    return f"{group} (year)"


def named_bounds(sources: xr.Dataset, like: xr.DataArray) -> dict[str, NDArray[np.object_]]:
    """Name the component that sets each ceiling and floor, or the bound itself."""
    found = {}
    for bound in ("ceiling", "floor"):
        words = np.full(like.shape, bound, dtype=object)
        if f"{bound}_component" in sources:
            given = sources[f"{bound}_component"].sel({dim: like[dim].values for dim in DIMS})
            names = given.transpose(*DIMS).values.astype(str)
            words = np.where(names == "", words, names)
        found[bound] = words
    return found


def _clashes(
    response: xr.Dataset | xr.DataArray, sources: xr.Dataset, groups: Grouped
) -> list[Fault]:
    """Find groups and components whose names would be taken for another stop."""
    parts = [sources[f"{b}_component"] for b in ("ceiling", "floor") if f"{b}_component" in sources]
    component = {name for part in parts for name in np.unique(part.values.astype(str))} - {""}
    rows = [*response["section"].values.astype(str), *groups.name, *map(year_of, groups.name)]
    taken = set(rows) | set(STOPS)
    names = rows if len(groups.name) else []
    return [
        Fault("groups", name, "group", None, "is the name of another row or stop", "its own name")
        for name in sorted({n for n in names if names.count(n) > 1 or n in STOPS})
    ] + [
        Fault("sources", None, "component", name, "is the name of a row or stop", "its own name")
        for name in sorted(component & taken)
    ]


def days_of(allocation: xr.Dataset, like: xr.DataArray) -> Floats:
    """Days of the periods of another array, in its order."""
    if "days" not in allocation.coords:
        right = "a coordinate days (period) [d]"
        raise DataError([Fault("allocation", None, "days", None, "is missing", right)])
    days = floats(allocation["days"].sel(period=like["period"].values).values, "days")
    raise_faults(
        Fault("allocation", str(like["period"].values[k]), "days", days[k], "is no length", "> 0 d")
        for k in np.flatnonzero(~((days > 0) & np.isfinite(days)))
    )
    return days


def numbers_of(array: xr.DataArray, like: xr.DataArray, name: str, most: float = LARGEST) -> Floats:
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
    ordered = array.transpose(*DIMS)
    ordered = ordered.copy(data=floats(ordered.values, name))
    raise_faults(
        [
            Fault(
                name,
                cell(ordered, k),
                name,
                ordered.values[tuple(k)],
                "is no load",
                "a number >= 0" if most == np.inf else "a finite number >= 0",
            )
            for k in np.argwhere(~((ordered.values >= 0) & (ordered.values <= most)))
        ]
    )
    return np.asarray(ordered.values, dtype=float)


def blank(response: xr.Dataset | xr.DataArray, sources: xr.Dataset) -> xr.DataArray:
    """Zeros by source, and by pollutant and period in the response's order."""
    lacking = [name for name in ("source", "outlet") if name not in sources.coords]
    faults = [Fault("sources", None, name, None, "is missing", "a coordinate") for name in lacking]
    for dim in DIMS:
        array = sources if dim == "source" else response
        if dim not in lacking and not (dim in array.dims and dim in array.coords):
            faults.append(Fault("rows", None, dim, None, "is no labelled dimension", "labels"))
        elif dim not in lacking and not array.sizes[dim]:
            faults.append(Fault("rows", None, dim, None, "has no label", "one at least"))
    raise_faults(faults)
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
        return numbers_of(sources[name], like, name, np.inf if default else LARGEST)
    except DataError as error:
        if not error.faults:
            raise
        faults += error.faults
        return np.full(like.shape, default)
