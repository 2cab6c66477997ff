"""Points of the set of loads that all sections allow, side by side: best, fair, in proportion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from permitload._labels import cell
from permitload.capacity._arrays import attributes, matched, spread
from permitload.capacity.best import Problem, canonical, optimum, problems, unpriced
from permitload.errors import Fault, raise_faults
from permitload.program import Program, Solution, face, gained, leximin
from permitload.sharing import Filling, Rows, fill, proportion

__all__ = ["POINTS", "bests", "points", "ruled_points"]

Floats = NDArray[np.float64]

POINTS = ("max_total", "canonical", "equal_ratio", "max_min", "present_scaled")
"""Points of :func:`points`, in order."""
FULL = 1e-9
"""Part of its size by which a full row may be off its limit."""


def points(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    source_load: xr.DataArray,
    weight: xr.DataArray | None = None,
    bounds: xr.Dataset | None = None,
) -> xr.Dataset:
    """Five points of the set ``response @ load <= headroom``, signed, with what binds each.

    The set itself, labelled, is :func:`permitload.sharing.section_rows`. Where headroom is
    negative, the outlets that reach the section share the cut that it owes by the rule of the
    point, and their loads are negative; the others share what is left without counting on that
    cut. A section that no outlet reaches asks nobody for a cut.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)], >= 0.
    headroom : DataArray
        (section, indicator, period) [mg/L], with its sign.
    source_load : DataArray
        Present load (outlet, and pollutant or period where it differs) [kg/d], >= 0.
    weight : DataArray, optional
        Relative claim (outlet, …) >= 0 of the points ``equal_ratio`` and ``max_min``; by
        default 1 for every outlet.
    bounds : Dataset, optional
        ``floor`` and ``ceiling`` as for :func:`network`.

    Returns
    -------
    Dataset
        By ``point``: ``max_total``, one vertex of the best total; ``canonical``, the fairest
        split of that total; ``equal_ratio``, one factor for all weights; ``max_min``, the least
        load per weight as great as can be, then the next; ``present_scaled``, one factor for all
        present loads. ``point_load`` (point, outlet, pollutant, period) [kg/d]; ``total`` (point,
        pollutant, period) [kg/d]; ``binding``, the sections that are full; ``spare`` (point,
        section, …) [mg/L]; ``point_price`` (point, section, …) [(kg/d)/(mg/L)], the gain of the
        point's own total per unit of headroom, which for a fair point can be negative; where
        two sections are full at once it is that of one of them. ``status`` (pollutant, period).

    Raises
    ------
    DataError
        As :func:`network`; if a weight or a load is no number >= 0, or a response negative.

    Notes
    -----
    The price of a rule follows from its levels: what rises next to a row with more headroom
    takes room in the rows that filled later, a triangular system.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]], [[0.04]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].drop_vars("outlet").rename(pollutant="indicator") * 0 + 0.5
    >>> load = xr.DataArray([10.0, 10.0], {"outlet": ["A", "B"]}, ["outlet"])
    >>> found = points(response, room, load)
    >>> found.total.sel(point=["max_total", "max_min"]).values.ravel()
    array([50., 20.])
    """
    return _made(POINTS, (_kept, _owed), (response, headroom, bounds), (weight, source_load))


def ruled_points(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    source_load: xr.DataArray,
    weight: xr.DataArray | None = None,
    bounds: xr.Dataset | None = None,
) -> xr.Dataset:
    """Give the last three of :func:`points`, those of a rule, without the work for the best total.

    Parameters
    ----------
    response, headroom, source_load, weight, bounds
        As for :func:`points`.

    Returns
    -------
    Dataset
        What :func:`points` gives for ``equal_ratio``, ``max_min`` and ``present_scaled``.

    Raises
    ------
    DataError
        As :func:`points`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]], [[0.04]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].drop_vars("outlet").rename(pollutant="indicator") * 0 + 0.5
    >>> load = xr.DataArray([10.0, 20.0], {"outlet": ["A", "B"]}, ["outlet"])
    >>> ruled_points(response, room, load).point_load.values[:, :, 0, 0].round(6).tolist()
    [[10.0, 10.0], [10.0, 10.0], [5.555556, 11.111111]]
    """
    parts = _by_rule, _cut_by_rule
    return _made(POINTS[2:], parts, (response, headroom, bounds), (weight, source_load))


def _made(
    names: tuple[str, ...],
    parts: tuple[Callable[..., tuple[list[_Point], str]], Callable[..., list[_Point]]],
    given: tuple[xr.Dataset | xr.DataArray, xr.DataArray, xr.Dataset | None],
    claimed: tuple[xr.DataArray | None, xr.DataArray],
) -> xr.Dataset:
    """Points of these names: loads by one function, cuts that are owed by the other."""
    (kept_by, owed_by), (response, headroom, bounds) = parts, given
    array = response["response"] if isinstance(response, xr.Dataset) else response
    like = array.isel(section=0, drop=True).transpose("outlet", "pollutant", "period")
    named = zip(("weight", "source_load"), claimed, strict=True)
    claims = [_claim(claim, like, name) for name, claim in named]
    found = []
    for k, (_, problem) in enumerate(problems(array, headroom, bounds)):
        own = [claim.reshape(len(claim), -1)[:, k] for claim in claims]
        kept, status = kept_by(problem, *own)
        found.append([*_signed(problem, kept, owed_by(problem, *own)), status])
    return _dataset(array, names, found)


def bests(
    response: xr.DataArray, headroom: xr.DataArray, bounds: xr.Dataset | None
) -> list[tuple[float, Floats, str]]:
    """Signed best total, its price by section and its status, by pollutant and then period."""
    found = []
    for _, problem in problems(response, headroom, bounds):
        best = optimum(_open(problem), gained)
        point = _Point(best.solution.column.to_numpy(), best.price.to_numpy())
        nothing = _Point(np.zeros(len(point.load)), np.zeros(len(point.price)))
        program = _asked(problem)
        cut = _cheapest(program, *gained(program, -1.0), len(nothing.price)) if program else nothing
        price = np.where(problem.limit < 0, cut.price, point.price)
        found.append((best.solution.value - float(cut.load.sum()), price, best.status))
    return found


class _Point(NamedTuple):
    """Loads [kg/d], or cuts of them, and the gain of their signed total by section."""

    load: Floats
    price: Floats


def _claim(given: xr.DataArray | None, like: xr.DataArray, name: str) -> Floats:
    if given is None:
        return np.ones(like.shape)
    full = matched(spread(given.reset_coords(drop=True), like), like, name).astype(float)
    bad = np.argwhere(~((full.values >= 0) & np.isfinite(full.values)))
    raise_faults(
        [
            Fault("points", cell(full, k), name, full.values[tuple(k)], "is no claim", "a >= 0")
            for k in bad
        ]
    )
    return np.asarray(full.values)


def _open(problem: Problem) -> Problem:
    """Leave out the outlets that are shut, if any is not: they get nothing, and may be most."""
    place, program = np.flatnonzero(_taking_part(problem)), problem.program
    if len(place) == len(problem.shut):
        return problem
    fewer = replace(
        program, column=program.column[place], matrix=program.matrix[:, place],
        lower=program.lower[place], upper=program.upper[place], integer=program.integer[place],
    )  # fmt: skip
    return problem._replace(program=fewer)


def _taking_part(problem: Problem) -> NDArray[np.bool_]:
    """Outlets of the program: a program without any would be none."""
    return np.full(len(problem.shut), True) if problem.shut.all() else ~problem.shut


def _kept(problem: Problem, even: Floats, present: Floats) -> tuple[list[_Point], str]:
    """Points of the loads that may be discharged, in the order of ``POINTS``, and the status."""
    best = optimum(_open(problem), gained)
    program, price = best.program, best.price.to_numpy()
    found = [
        _Point(best.solution.column.to_numpy(), price),
        _Point(canonical(program, best.solution), price),
    ]
    return _whole(problem, found) + _rules(problem, program, even, present), best.status


def _by_rule(problem: Problem, even: Floats, present: Floats) -> tuple[list[_Point], str]:
    """As :func:`_kept`, of the rules alone: a program is solved only to see that floors fit."""
    program, status = _open(problem).program, problem.status
    if program.lower.any():
        program, status, *_ = optimum(_open(problem), unpriced)
    return _rules(problem, program, even, present), status


def _rules(problem: Problem, program: Program, even: Floats, present: Floats) -> list[_Point]:
    """Give the loads of the rules, in the order of ``POINTS``."""
    rows = Rows(program.matrix, program.limit)
    part = _taking_part(problem)
    found = [
        _ruled(rule, claim[part], rows, (program.lower, program.upper))
        for rule, claim in ((proportion, even), (fill, even), (proportion, present))
    ]
    return _whole(problem, found)


def _whole(problem: Problem, found: list[_Point]) -> list[_Point]:
    """Points with nothing for the outlets that are left out."""
    part = _taking_part(problem)
    if part.all():
        return found
    whole = np.zeros((len(found), len(part)))
    whole[:, part] = [one.load for one in found]
    return [_Point(load, one.price) for load, one in zip(whole, found, strict=True)]


def _ruled(
    rule: Callable[..., Filling], claim: Floats, rows: Rows, ends: tuple[Floats, Floats]
) -> _Point:
    found = rule(claim, rows, lower=ends[0], upper=ends[1])
    return _Point(found.share, _slope(rows.coefficient, claim, found.stopped_by))


def _slope(matrix: sparse.csr_array, claim: Floats, stop: NDArray[Any]) -> Floats:
    """Gain of the total per unit of each row's limit: levels of those whom a row has stopped."""
    price = np.zeros(matrix.shape[0])
    held = np.flatnonzero([not isinstance(row, str) for row in stop])
    if not len(held):
        return price
    rows, group = np.unique(stop[held].astype(int), return_inverse=True)
    member = np.zeros((len(claim), len(rows)))
    member[held, group] = claim[held]
    price[rows] = np.linalg.solve((matrix[rows] @ member).T, member.sum(axis=0))
    return price


def _asked(problem: Problem) -> Program | None:
    """Cuts that cure the exceeded sections, as far as anyone reaches them."""
    matrix = problem.program.matrix
    row = np.flatnonzero((problem.limit < 0) & (np.diff(matrix.indptr) > 0))
    if not len(row):
        return None
    program = Program().columns(range(matrix.shape[1]), 0.0, np.where(problem.shut, np.inf, 0.0))
    return program.at_least(row.tolist(), matrix[row], -problem.limit[row], "mg/L")


def _owed(problem: Problem, even: Floats, present: Floats) -> list[_Point]:
    """Cuts that the exceeded sections owe, in the order of ``POINTS``."""
    size = problem.program.matrix.shape
    program = _asked(problem)
    if program is None:
        return [_Point(np.zeros(size[1]), np.zeros(size[0]))] * len(POINTS)
    solution, gain = gained(program, -1.0)
    least = _cheapest(program, solution, gain, size[0])
    split = least.load.copy()
    kept = face(program, solution)
    if len(kept.column):
        one = pd.Series(1.0, kept.column)
        split[kept.column.astype(int)] = leximin(kept, 0.0 * one, -one)["share"]
    return [least, _Point(split, least.price), *_cuts(program, even, present, size)]


def _cut_by_rule(problem: Problem, even: Floats, present: Floats) -> list[_Point]:
    """As :func:`_owed`, of the rules alone."""
    size = problem.program.matrix.shape
    program = _asked(problem)
    if program is None:
        return [_Point(np.zeros(size[1]), np.zeros(size[0]))] * len(POINTS[2:])
    return _cuts(program, even, present, size)


def _cuts(program: Program, even: Floats, present: Floats, size: tuple[int, int]) -> list[_Point]:
    """Cuts that the rules ask, in the order of ``POINTS``."""
    return [
        _shared(program, rule, claim, size)
        for rule, claim in ((_together, even), (_evenly, even), (_together, present))
    ]


def _cheapest(program: Program, solution: Solution, gain: pd.Series[float], count: int) -> _Point:
    """Least total cut; its price is that of the signed total."""
    price = np.zeros(count)
    price[program.row.astype(int)] = gain
    return _Point(solution.column.to_numpy(), price)


def _shared(
    program: Program,
    rule: Callable[[Floats, sparse.csr_array, Floats], tuple[Floats, NDArray[Any]]],
    claim: Floats,
    size: tuple[int, int],
) -> _Point:
    """Cut shared by a rule among those with a claim; rows that none of them reaches are out."""
    claim = np.where(program.upper > 0, claim, 0.0)
    row = np.flatnonzero(program.matrix @ claim > 0)
    cut, price = np.zeros(size[1]), np.zeros(size[0])
    if len(row):
        matrix = program.matrix if len(row) == len(program.limit) else program.matrix[row]
        cut, stop = rule(claim, matrix, program.limit[row])
        price[program.row[row].astype(int)] = _slope(matrix, claim, stop)
    return _Point(cut, price)


def _together(claim: Floats, matrix: sparse.csr_array, owed: Floats) -> tuple[Floats, NDArray[Any]]:
    """One factor for all claims."""
    factor = owed / (matrix @ claim)
    stop = np.full(len(claim), int(np.argmax(factor)), dtype=object)
    return float(factor.max()) * claim, stop


def _evenly(claim: Floats, matrix: sparse.csr_array, owed: Floats) -> tuple[Floats, NDArray[Any]]:
    """Greatest cut per claim as small as can be, then the next."""
    start = -_together(claim, matrix, owed)[0]
    found = fill(claim, Rows(matrix, -owed), lower=start, upper=0.0, origin=start)
    return np.abs(found.share), found.stopped_by


def _signed(problem: Problem, kept: list[_Point], owed: list[_Point]) -> list[Floats]:
    """Signed loads, prices, what is left at the sections, and which of them are full."""
    matrix, limit = problem.program.matrix, problem.limit
    load = np.stack([one.load - cut.load for one, cut in zip(kept, owed, strict=True)]) + 0.0
    prices = [
        np.where(limit < 0, cut.price, one.price) for one, cut in zip(kept, owed, strict=True)
    ]
    # A cut that is owed at one section is no room for others at the next.
    used = np.stack([
        np.where(limit < 0, matrix @ -cut.load, matrix @ one.load)
        for one, cut in zip(kept, owed, strict=True)
    ])  # fmt: skip
    spare = limit - used
    full = np.abs(spare) <= FULL * (np.abs(limit) + np.abs(used))
    reached = np.diff(matrix.indptr) > 0
    return [load, np.stack(prices), spare, full & reached]


def _dataset(response: xr.DataArray, names: tuple[str, ...], found: list[list[Any]]) -> xr.Dataset:
    shape = response.sizes["pollutant"], response.sizes["period"]
    section = response["section"].values
    load, price, spare, full, status = (list(part) for part in zip(*found, strict=True))
    binding = [["; ".join(map(str, section[row])) for row in one] for one in full]
    arrays = {
        "point_load": (("point", "outlet"), load), "point_price": (("point", "section"), price),
        "spare": (("point", "section"), spare), "binding": (("point",), binding),
        "total": (("point",), [one.sum(axis=1) for one in load]), "status": ((), status),
    }  # fmt: skip
    data = {}
    for name, (dims, parts) in arrays.items():
        values = np.stack([np.asarray(part) for part in parts], axis=-1)
        values = values.reshape(*values.shape[:-1], *shape)
        data[name] = ((*dims, "pollutant", "period"), values, attributes(name))
    coords = {name: coord for name, coord in response.coords.items() if coord.dims}
    return xr.Dataset(data, coords | {"point": list(names)})
