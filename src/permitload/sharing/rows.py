"""Rows that limit what can be shared: coefficients and limits, labelled where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from permitload._labels import cell, floats, index_of, numbers, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults

__all__ = [
    "Room",
    "Rows",
    "refuse_endless",
    "refuse_negative",
    "room",
    "section_rows",
    "sparse_rows",
]

Floats = NDArray[np.float64]

SAME = "the same labels in both"
NEGLIGIBLE = 1e-9
"""Part of the largest response of a section, or of an outlet, below which a response is none."""


class Rows(NamedTuple):
    """Rows ``coefficient @ share <= limit``; a plain tuple of the two does as well.

    Parameters
    ----------
    coefficient : array, sparse array or DataFrame, shape (row, source)
        What one unit of a source adds to a row.
    limit : array or Series, shape (row,)
        Most that a row takes.

    Examples
    --------
    >>> Rows(np.array([[1.0, 1.0]]), np.array([10.0])).limit
    array([10.])
    """

    coefficient: Any
    limit: Any


@dataclass(frozen=True, slots=True)
class Room:
    """Checked numbers of a sharing problem, sources and rows in the order of their labels."""

    source: pd.Index[Any]
    row: pd.Index[Any]
    matrix: sparse.csr_array
    limit: Floats
    lower: Floats
    upper: Floats
    origin: Floats
    step: Floats
    place: NDArray[np.int64]
    line: NDArray[np.int64]

    def given(self, values: NDArray[Any], like: object) -> NDArray[Any] | pd.Series[Any]:
        """Values back in the order of the target, as a Series if the target is one."""
        ordered = np.empty_like(values)
        ordered[self.place] = values
        return pd.Series(ordered, like.index) if isinstance(like, pd.Series) else ordered


def room(
    target: ArrayLike,
    rows: tuple[Any, Any],
    lower: ArrayLike,
    upper: ArrayLike | None,
    origin: ArrayLike,
) -> Room:
    """Check and sort a sharing problem; ceilings are the target, or the floor above it, if None.

    Sorting by label makes the answer, to the last digit, independent of the order given.
    """
    labels = index_of(target.index if isinstance(target, pd.Series) else range(np.size(target)))
    start = numbers(origin, labels, "origin")
    end = numbers(target, labels, "target")
    least = numbers(lower, labels, "lower")
    most = np.maximum(end, least) if upper is None else numbers(upper, labels, "upper")
    if not isinstance(rows, tuple | list) or len(rows) != 2:
        raise DataError("rows are no pair; right would be (coefficient, limit)")
    checks = (
        ("target", end, (end >= start) & np.isfinite(end), "a finite target of at least {0:g}"),
        ("lower", least, np.isfinite(least), "a finite floor"),
        ("upper", most, most >= least, "at least the floor {1:g}"),
    )
    raise_faults(
        [
            Fault(
                "sources",
                labels[k],
                name,
                values[k],
                "is out of range",
                expected.format(start[k], least[k]),
            )
            for name, values, right, expected in checks
            for k in np.flatnonzero(~right)
        ]
    )
    # Who has no way to go stays where the origin and the floor put it.
    still = end == start
    least = np.where(still, np.clip(start, least, most), least)
    most = np.where(still, least, most)
    row, matrix, limit = _checked(Rows(*rows), labels, isinstance(target, pd.Series))
    order = _sorted(labels, isinstance(target, pd.Series))
    down = _sorted(row, True)
    return Room(
        labels[order],
        row[down],
        _placed(matrix, down, order),
        limit[down],
        least[order],
        most[order],
        start[order],
        (end - start)[order],
        order,
        down,
    )


def refuse_negative(problem: Room) -> None:
    """Refuse coefficients below 0."""
    if (problem.matrix.data < 0).any():
        raise DataError("a coefficient is negative; right would be coefficients >= 0, or fill()")


def refuse_endless(problem: Room, endless: NDArray[np.bool_]) -> None:
    """Refuse sources that neither a ceiling nor a row stops."""
    if endless.any():
        names = ", ".join(problem.source[endless][:10].astype(str))
        raise DataError(f"nothing stops {names}; right would be a ceiling or a row for each")


def _sorted(labels: pd.Index[Any], labelled: bool) -> NDArray[np.int64]:
    if not labelled:
        return np.arange(len(labels))
    given = labels.to_numpy(dtype=object)
    try:
        return np.argsort(given, kind="stable")  # fast where they are in order already
    except TypeError:  # labels of several types
        return np.argsort(np.array([str(label) for label in labels]), kind="stable")


def _placed(
    matrix: sparse.csr_array, down: NDArray[np.int64], order: NDArray[np.int64]
) -> sparse.csr_array:
    """Rows and columns in another order, copied only if it is another."""
    if (np.diff(down) < 0).any():
        matrix = matrix[down]
    if (np.diff(order) < 0).any():
        matrix = matrix[:, order]
    return sparse.csr_array(matrix)


def _checked(
    rows: Rows, labels: pd.Index[Any], labelled: bool
) -> tuple[pd.Index[Any], sparse.csr_array, Floats]:
    """Labels, coefficients and limits of the rows, columns in the order of the labels."""
    values = rows.coefficient
    if isinstance(values, pd.DataFrame):
        row = index_of(values.index)
        if labelled:
            column = index_of(values.columns)
            position = numbers(pd.Series(np.arange(len(column)), column), labels, "coefficient")
            values = values.iloc[:, position.astype(int)]
        matrix = sparse.csr_array(floats(values.to_numpy(), "coefficient"))
    else:
        if not sparse.issparse(values):
            values = np.atleast_2d(floats(values, "coefficient"))
        matrix = sparse.csr_array(values)
        series = isinstance(rows.limit, pd.Series)
        row = index_of(rows.limit.index if series else range(matrix.shape[0]))
    limit = numbers(rows.limit, row, "limit")
    if matrix.shape != (len(row), len(labels)):
        expected = f"({len(row)}, {len(labels)})"
        raise DataError(f"coefficients have shape {matrix.shape}; right would be {expected}")
    raise_faults(
        [
            Fault("rows", row[k], "limit", limit[k], "is infinite", "a finite limit, or no row")
            for k in np.flatnonzero(np.isinf(limit))
        ]
    )
    if not np.isfinite(matrix.data).all():
        bad = matrix.tocoo()
        k = int(np.flatnonzero(~np.isfinite(bad.data))[0])
        i, j = bad.coords
        place = f"{row[i[k]]}, {labels[j[k]]}"
        raise DataError([Fault("rows", place, "coefficient", bad.data[k], "is no number", "one")])
    return row, matrix, limit


def section_rows(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray
) -> dict[tuple[str, str], Rows]:
    """Rows of the control sections: ``response @ load <= headroom`` for each pollutant and period.

    An outlet reaches a section if its response there is at least 1e-9 of the section's largest
    response and at least 1e-9 of the outlet's own largest; smaller responses, such as dispersion
    leaves far upstream, are 0 exactly. What n outlets are let off at a section is thereby at
    most n times 1e-9 of what they add at the section that each reaches most, or of what their
    greatest load would add through the section's largest response.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L]; indicator labels are pollutant labels.

    Returns
    -------
    dict
        :class:`Rows` by (pollutant, period): coefficients as DataFrame (section, outlet), limits
        as Series (section) with their sign.

    Raises
    ------
    DataError
        If dimensions are missing, a label is there twice, labels of the two differ, or a number
        is NaN.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray(np.full((1, 1, 1, 1), 0.1), coords=labels, dims=list(labels))
    >>> headroom = response[:, 0].rename(pollutant="indicator").drop_vars("outlet") + 0.4
    >>> section_rows(response, headroom)["TP", "dry"].limit["S1"]
    np.float64(0.5)
    """
    return {
        key: Rows(
            pd.DataFrame(matrix.toarray(), limit.index, columns),
            limit,
        )
        for columns in [_index(response["outlet"])]
        for key, (matrix, limit) in sparse_rows(response, headroom).items()
    }


def sparse_rows(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray
) -> dict[tuple[str, str], Rows]:
    """As :func:`section_rows`, with coefficients as CSR arrays in the order of the outlets."""
    matrix = response["response"] if isinstance(response, xr.Dataset) else response
    dims = ("section", "outlet", "pollutant", "period")
    matrix = _numeric(matrix, dims, "response")
    room = _numeric(headroom, ("section", "indicator", "period"), "headroom")
    faults = []
    order = []
    for dim, other in (("section", "section"), ("pollutant", "indicator"), ("period", "period")):
        ours, theirs = matrix.get_index(dim), room.get_index(other)
        order.append(theirs.get_indexer(ours))
        for one, by, problem in ((ours, theirs, "headroom"), (theirs, ours, "response")):
            faults += [
                Fault("rows", str(label), other, None, f"is not in {problem}", SAME)
                for label in sorted(one[by.get_indexer(one) < 0])
            ]
    raise_faults(faults)
    limit = room.values[np.ix_(*order)]
    section = _index(matrix["section"])
    return {
        (str(pollutant), str(period)): Rows(
            _reaching(matrix.values[:, :, i, j]), pd.Series(limit[:, i, j], section)
        )
        for i, pollutant in enumerate(matrix.pollutant.values)
        for j, period in enumerate(matrix.period.values)
    }


def _index(labels: xr.DataArray) -> pd.Index[Any]:
    return pd.Index(labels.values, dtype=object, name=labels.name)


def _reaching(response: Floats) -> sparse.csr_array:
    """Response (section, outlet) without what is negligible at its section or for its outlet."""
    # Looked through as it lies in memory.
    turned = response.strides[0] < response.strides[1]
    block = response.T if turned else response
    place = np.divmod(np.flatnonzero(block != 0), block.shape[1])
    row, column = place[::-1] if turned else place
    data = response[row, column]
    size, keep = np.abs(data), np.full(len(data), True)
    for at, count in ((row, response.shape[0]), (column, response.shape[1])):
        largest = np.zeros(count)
        np.maximum.at(largest, at, size)
        keep &= size >= NEGLIGIBLE * largest[at]
    return sparse.csr_array((data[keep], (row[keep], column[keep])), response.shape)


def _numeric(array: xr.DataArray, dims: tuple[str, ...], name: str) -> xr.DataArray:
    """Array with its dimensions in order, labelled and free of NaN."""
    lacking = [dim for dim in dims if dim not in array.dims or dim not in array.coords]
    if lacking or len(array.dims) != len(dims):
        raise DataError(f"{name} has dimensions {array.dims}; right would be {dims}, labelled")
    for dim in dims:
        labels = array.get_index(dim)
        refuse_repeats(labels, labels[:0], dim)
    array = array.transpose(*dims)
    array = array if array.dtype == float else array.copy(data=floats(array.values, name))
    if np.isfinite(array.values).all():
        return array
    raise DataError(
        [
            Fault(
                name,
                cell(array, place),
                name,
                array.values[tuple(place)],
                "is no number",
                "a finite number",
            )
            for place in np.argwhere(~np.isfinite(array.values))[:100]
        ]
    )
