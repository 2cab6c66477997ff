"""Best total load under the rows of the sections, its prices, and the splits that attain it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._labels import cell, index_of
from permitload.capacity._arrays import attributes, matched, spread
from permitload.errors import Fault, InfeasibleError, raise_faults
from permitload.program import Program, Solution, face, leximin, priced, signed
from permitload.sharing import Rows, fill
from permitload.sharing.rows import sparse_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "Optimum", "Problem", "best_total", "canonical", "network", "optimum", "problems", "ranges",
    "unpriced",
]  # fmt: skip

Floats = NDArray[np.float64]

AT_BEST = 1e-12
"""Relative distance from the best total within which a split attains it."""
WIDE = 1e-9
"""Share of the best total above which a range of splits is more than one split."""


def network(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    bounds: xr.Dataset | None = None,
) -> xr.Dataset:
    """Greatest total load that keeps every section within its headroom, and what limits it.

    Each pollutant and period is a linear program of its own. Where the headroom of a section is
    negative, outlets that reach it get 0 and the others are still filled; the status says so.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], from :func:`headroom`.
    bounds : Dataset, optional
        ``floor`` and ``ceiling`` (outlet, and pollutant or period where they differ) [kg/d]; by
        default 0 and none.

    Returns
    -------
    Dataset
        ``total`` (pollutant, period) [kg/d]; ``status``: ``ok``, ``background_exceeds`` (some
        headroom is negative; floors of the outlets that reach it are left out),
        ``floors_infeasible`` (the total is then that without any floors);
        ``shadow_price`` (section, pollutant, period) [(kg/d)/(mg/L)], the gain of the total per
        unit of headroom added, ``tightening_price`` the loss per unit withdrawn (they differ
        where the optimum is degenerate; infinite where no floor-respecting load would be left, 0
        at a headroom of 0 or less, where nothing is left to lose), ``price_lower`` and
        ``price_upper``, the headroom [mg/L] between which the shadow price holds;
        ``canonical_load`` (outlet, pollutant, period) [kg/d], the fairest split of the
        total: the least load is as great as the total allows, then the next.

    Raises
    ------
    DataError
        If an outlet has neither a ceiling nor a section that it reaches, labels differ, or a
        number is NaN.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> capacity = network(response, room)
    >>> capacity.total.item(), capacity.shadow_price.item()
    (50.0, 100.0)
    """
    array = response["response"] if isinstance(response, xr.Dataset) else response
    found = {}
    for key, problem in problems(array, headroom, bounds):
        best = optimum(problem)
        found[key] = {
            "total": best.solution.value,
            "status": best.status,
            "canonical_load": canonical(best.program, best.solution),
            **signed(best.program, best.price, problem.limit),
        }
    return _dataset(array, found)


def best_total(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    bounds: xr.Dataset | None = None,
) -> xr.Dataset:
    """Greatest total load alone, without prices or a split, as :func:`network` gives it.

    Parameters
    ----------
    response, headroom, bounds
        As for :func:`network`.

    Returns
    -------
    Dataset
        ``total`` (pollutant, period) [kg/d] and ``status``.

    Raises
    ------
    DataError
        As :func:`network`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> best_total(response, room).total.item()
    50.0
    """
    array = response["response"] if isinstance(response, xr.Dataset) else response
    found: dict[tuple[str, str], dict[str, object]] = {}
    for key, problem in problems(array, headroom, bounds):
        best = optimum(problem, unpriced)
        found[key] = {"total": best.solution.value, "status": best.status}
    return _dataset(array, found)


def unpriced(program: Program, objective: float) -> tuple[Solution, None]:
    """Solution without prices, for :func:`optimum`."""
    return program.maximise(objective), None


def ranges(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    bounds: xr.Dataset | None = None,
) -> xr.Dataset:
    """Least and greatest load of each outlet among all splits that attain the best total.

    Parameters
    ----------
    response, headroom, bounds
        As for :func:`network`.

    Returns
    -------
    Dataset
        ``load_min`` and ``load_max`` (outlet, pollutant, period) [kg/d]; ``unique`` (pollutant,
        period), 1 if no range is wider than 1e-9 of the total.

    Raises
    ------
    DataError
        As :func:`network`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray(np.full((1, 2, 1, 1), 0.01), coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator").drop_vars("outlet") * 0 + 0.5
    >>> ranges(response, room).load_max.values.ravel()
    array([50., 50.])
    """
    array = response["response"] if isinstance(response, xr.Dataset) else response
    found = {}
    for key, problem in problems(array, headroom, bounds):
        program = problem.program
        try:
            solution = program.maximise(1.0)
        except InfeasibleError:
            program = replace(program, lower=0.0 * program.lower)
            solution = program.maximise(1.0)
        least, most = solution.column.copy(), solution.column.copy()
        kept = face(program, solution)
        for outlet in kept.column:
            one = pd.Series({outlet: 1.0})
            least[outlet], most[outlet] = kept.minimise(one).value, kept.maximise(one).value
        width = float((most - least).max())
        found[key] = {
            "load_min": least.to_numpy(),
            "load_max": most.to_numpy(),
            "unique": float(width <= WIDE * max(1.0, abs(solution.value))),
        }
    return _dataset(array, found)


class Problem(NamedTuple):
    """Linear program of one pollutant and period, and the headroom with its sign.

    Outlets that reach an exceeded section are ``shut``: their bounds are 0.
    """

    program: Program
    limit: Floats
    status: str
    shut: NDArray[np.bool_]


class Optimum(NamedTuple):
    """Best total of a problem, without the floors where they do not fit, and its prices."""

    program: Program
    status: str
    solution: Solution
    price: Any


def optimum(
    problem: Problem, solve: Callable[[Program, float], tuple[Solution, Any]] = priced
) -> Optimum:
    """Best total and its prices, as the function that solves gives them."""
    try:
        return Optimum(problem.program, problem.status, *solve(problem.program, 1.0))
    except InfeasibleError:
        program = replace(problem.program, lower=0.0 * problem.program.lower)
        return Optimum(program, "floors_infeasible", *solve(program, 1.0))


def problems(
    response: xr.DataArray, headroom: xr.DataArray, bounds: xr.Dataset | None
) -> Iterator[tuple[tuple[str, str], Problem]]:
    """One linear program for each pollutant and period, from checked inputs."""
    rows = sparse_rows(response, headroom)
    bound = _bounds(response, bounds)
    outlet = index_of(response["outlet"].values.astype(object))
    faults = []
    for key, (matrix, _) in rows.items():
        reaches = np.bincount(matrix.indices, matrix.data > 0, len(outlet)) > 0
        faults += [
            Fault("bounds", f"{name}, {key[0]}, {key[1]}", "ceiling", None, "is missing", why)
            for name in outlet[~reaches & np.isinf(bound[key][1])]
            for why in ["a ceiling, or a section that the outlet reaches"]
        ]
    raise_faults(faults)
    for key, one in rows.items():
        yield key, _problem(outlet, one, *bound[key])


def _problem(outlet: pd.Index[Any], rows: Rows, floor: Floats, ceiling: Floats) -> Problem:
    matrix, limit = rows.coefficient, rows.limit.to_numpy()
    exceeded = limit < 0
    # What reaches an exceeded section gets nothing; its row is then met by the decided loads.
    shut = np.zeros(len(outlet), dtype=bool)
    shut[matrix[exceeded].indices] = True
    floor, ceiling = (np.where(shut, 0.0, bound) for bound in (floor, ceiling))
    columns = Program().columns(outlet, floor, ceiling)
    program = columns.at_most(rows.limit.index, matrix, np.maximum(limit, 0.0), "mg/L")
    return Problem(program, limit, "background_exceeds" if exceeded.any() else "ok", shut)


def canonical(program: Program, solution: Solution) -> Floats:
    """Fairest split of the best total: leximin of the loads themselves."""
    split = np.array(solution.column, dtype=float)
    kept = face(program, solution)
    if not len(kept.column):
        return split
    place = program.column.get_indexer(kept.column)
    one = pd.Series(1.0, kept.column)
    limit = np.maximum(kept.limit, kept.matrix @ kept.lower)
    filled = fill(one, Rows(kept.matrix, limit), lower=kept.lower, upper=kept.upper)
    split[place] = filled.share
    # Filling that attains the best total anyway is the fairest of all: no need to search.
    if split.sum() < solution.value * (1.0 - AT_BEST):
        split[place] = leximin(kept, 0.0 * one, one)["share"].astype(float)
    return split


def _bounds(
    response: xr.DataArray, bounds: xr.Dataset | None
) -> dict[tuple[str, str], tuple[Floats, Floats]]:
    """Floor and ceiling of every outlet, by pollutant and period."""
    dims = ("outlet", "pollutant", "period")
    like = xr.DataArray(
        np.zeros([response.sizes[dim] for dim in dims]),
        {dim: response[dim].values for dim in dims},
        dims,
    )
    arrays = []
    faults = []
    for name, default in (("floor", 0.0), ("ceiling", np.inf)):
        given = like + default if bounds is None or name not in bounds else bounds[name]
        full = matched(spread(given, like), like, "bounds")
        bad = np.isnan(full.values) | (full.values < 0)
        faults += [
            Fault(
                "bounds", cell(full, k), name, full.values[tuple(k)], "is no bound", "a load >= 0"
            )
            for k in np.argwhere(bad)
        ]
        arrays.append(full)
    floor, ceiling = arrays
    faults += [
        Fault(
            "bounds", cell(like, k), "floor", floor.values[tuple(k)], "exceeds the ceiling", "less"
        )
        for k in np.argwhere(floor.values > ceiling.values)
    ]
    raise_faults(faults)
    return {
        (str(pollutant), str(period)): (floor.values[:, i, j], ceiling.values[:, i, j])
        for i, pollutant in enumerate(like.pollutant.values)
        for j, period in enumerate(like.period.values)
    }


DIMS = {
    "total": "",
    "status": "",
    "unique": "",
    "shadow_price": "section",
    "tightening_price": "section",
    "price_lower": "section",
    "price_upper": "section",
    "canonical_load": "outlet",
    "load_min": "outlet",
    "load_max": "outlet",
}


def _dataset(response: xr.DataArray, found: dict[tuple[str, str], dict[str, object]]) -> xr.Dataset:
    """Results of all pollutants and periods, labelled."""
    shape = response.sizes["pollutant"], response.sizes["period"]
    arrays = {}
    for name in next(iter(found.values())):
        values = np.stack([np.asarray(one[name]) for one in found.values()], axis=-1)
        dims = [dim for dim in (DIMS[name],) if dim] + ["pollutant", "period"]
        arrays[name] = (dims, values.reshape(*values.shape[:-1], *shape), attributes(name))
    used = {dim for dims, *_ in arrays.values() for dim in dims}
    coords = {
        name: coord
        for name, coord in response.coords.items()
        if coord.dims and set(coord.dims) <= used
    }
    return xr.Dataset(arrays, coords)
