"""The one place where arrays meet Clarabel: convex quadratic programs, polished to round-off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import clarabel
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from permitload.program._highs import binding, powers, solve
from permitload.program._parts import parts
from permitload.program._problem import Answer, Problem

__all__ = ["solve_quadratic"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SETTINGS: dict[str, Any] = {
    "verbose": False,
    "max_threads": 1,
    "tol_gap_abs": 1e-10,
    "tol_gap_rel": 1e-10,
    "tol_feas": 1e-10,
}
ROUNDS = 20
"""Changes of the active set before the point of the interior method stands."""
RIDGE = 1e-9
"""Regularisation of the polish; refinement takes it out again."""
REFINEMENTS, REFINED = 30, 1e-15
EXACT = 1e-11
"""Relative misfit that a polished point may have."""
EQUILIBRATIONS = 12
"""Each halves the digits by which the largest entries of lines differ."""
NOTHING = 1e-14
"""Number of the scaled problem, its largest being one, that is none in any size."""
RAY = 1e-6
"""Part of the largest below which a column has no part in a direction without limit."""
NOISE = 1e-10
"""A scaled price below this is round-off of zero."""


@dataclass(frozen=True, slots=True)
class _Quadratic:
    """A scaled problem with its hessian."""

    linear: Problem
    hessian: sparse.csr_array

    def gradient(self, point: Floats, price: Floats) -> Floats:
        """Gradient that is left for the bounds of the columns to price."""
        there = self.linear.cost - self.hessian @ point
        return np.asarray(there - self.linear.matrix.T @ price)

    def slope(self, point: Floats, price: Floats) -> Floats:
        """Size of the terms of :meth:`gradient`."""
        there = np.abs(self.linear.cost) + abs(self.hessian) @ np.abs(point)
        return np.asarray(there + abs(self.linear.matrix).T @ np.abs(price))


@dataclass(frozen=True, slots=True)
class _Active:
    """Rows and columns that are held on their bounds."""

    row_lower: Flags
    row_upper: Flags
    lower: Flags
    upper: Flags

    def same(self, other: _Active) -> bool:
        """Whether the same ones are held."""
        return all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in self.__slots__
        )


def solve_quadratic(problem: Problem, hessian: sparse.csr_array) -> Answer:
    """Maximise ``cost @ x - x @ hessian @ x / 2``, the hessian being positive semidefinite."""
    kept = binding(problem)
    row, column = _factors(problem, hessian, kept)
    bent = sparse.csr_array((hessian * column).T * column)
    cost = problem.cost * column
    largest = max(np.abs(cost).max(initial=0.0), np.abs(bent.data).max(initial=0.0)) or 1.0
    size = float(powers(np.array(1.0 / largest)))
    scaled = Problem(
        cost * size,
        sparse.csr_array((problem.matrix[kept] * column).T * row).T.tocsr(),
        problem.row_lower[kept] * row,
        problem.row_upper[kept] * row,
        problem.lower / column,
        problem.upper / column,
    )
    found = _solved(_Quadratic(scaled, sparse.csr_array(bent * size)))
    if found.status == "infeasible":
        # One judge of feasibility for all programs.
        judged = solve(replace(problem, cost=0.0 * problem.cost))
        return (
            judged if judged.status == "infeasible" else replace(found, status="PrimalInfeasible")
        )
    if found.status != "optimal":
        return found
    price, tight = np.zeros(len(kept)), np.zeros(len(kept), dtype=bool)
    price[kept], tight[kept] = found.row_price * row / size, found.tight
    point = np.where(np.abs(found.column) > NOTHING, found.column * column, 0.0)
    point = np.clip(point, problem.lower, problem.upper)
    point[found.at_lower] = problem.lower[found.at_lower]
    point[found.at_upper] = problem.upper[found.at_upper]
    bound = found.column_price / (column * size)
    return replace(found, column=point, row_price=price, column_price=bound, tight=tight)


def _factors(problem: Problem, hessian: sparse.csr_array, kept: Flags) -> tuple[Floats, Floats]:
    """Row and column factors that bring the largest of each line of both matrices near one.

    All limits are divided by the largest: rows by it, columns too.
    """
    matrix, bent = abs(problem.matrix[kept]), abs(hessian)
    row, column = np.ones(matrix.shape[0]), np.ones(matrix.shape[1])
    for _ in range(EQUILIBRATIONS):
        by_row = _largest(matrix * column, 1) * row
        by_column = np.maximum(_largest((matrix.T * row).T, 0), _largest((bent * column).T, 0))
        row /= np.sqrt(np.where(by_row > 0, by_row, 1.0))
        by_column *= column
        column /= np.sqrt(np.where(by_column > 0, by_column, 1.0))
    limits = np.stack([problem.row_lower[kept], problem.row_upper[kept]]) * row
    size = np.abs(limits[np.isfinite(limits)]).max(initial=0.0) or 1.0
    return powers(row / size), powers(column * size)


def _largest(matrix: sparse.sparray, axis: int) -> Floats:
    """Largest entry of each line, 0 in a line without any."""
    if not all(matrix.shape):
        return np.zeros(matrix.shape[1 - axis])
    return np.asarray(matrix.max(axis=axis).toarray(), dtype=float).ravel()


def _solved(problem: _Quadratic) -> Answer:
    """Interior point, then the exact solution for the rows and bounds that hold it."""
    status, point, price, active = _interior(problem)
    kinds = clarabel.SolverStatus
    if status in (kinds.PrimalInfeasible, kinds.AlmostPrimalInfeasible):
        return Answer("infeasible")
    if status in (kinds.DualInfeasible, kinds.AlmostDualInfeasible):
        moving = np.abs(point) > RAY * np.abs(point).max(initial=0.0)
        return Answer("unbounded", ray=tuple(int(k) for k in np.flatnonzero(moving)))
    held = active
    for _ in range(ROUNDS):
        found = _polished(problem, point, price, held)
        changed = found and _corrected(problem, *found, held)
        if found is None or changed is None:
            break
        if changed.same(held):
            return _answer(problem, *found, held)
        held = changed
    # As the interior method left it, if that is within its tolerances.
    return _answer(problem, point, price, active) if status == kinds.Solved else Answer(str(status))


def _interior(problem: _Quadratic) -> tuple[Any, Floats, Floats, _Active]:
    """Status, point, prices of the rows, and what seems to hold the point."""
    linear = problem.linear
    count, rows = len(linear.cost), len(linear.row_lower)
    whole = sparse.vstack([linear.matrix, sparse.eye_array(count)], format="csr")
    lower = np.concatenate([linear.row_lower, linear.lower])
    upper = np.concatenate([linear.row_upper, linear.upper])
    same = lower == upper
    sides = [
        (np.flatnonzero(same), upper, 1.0),
        (np.flatnonzero(np.isfinite(upper) & ~same), upper, 1.0),
        (np.flatnonzero(np.isfinite(lower) & ~same), lower, -1.0),
    ]
    matrix = sparse.vstack([sign * whole[place] for place, _, sign in sides], format="csc")
    limit = np.concatenate([sign * bound[place] for place, bound, sign in sides])
    equal = len(sides[0][0])
    cones = [clarabel.ZeroConeT(equal), clarabel.NonnegativeConeT(len(limit) - equal)]
    settings = clarabel.DefaultSettings()
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    half = sparse.triu(problem.hessian, format="csc")
    found = clarabel.DefaultSolver(
        sparse.csc_matrix(half), -linear.cost, sparse.csc_matrix(matrix), limit, cones, settings
    ).solve()
    dual, slack = np.asarray(found.z), np.asarray(found.s)
    price, held = np.zeros(len(lower)), np.zeros((2, len(lower)), dtype=bool)
    ends = np.cumsum([len(place) for place, _, _ in sides])[:-1]
    for (place, _, sign), z, s in zip(
        sides, np.split(dual, ends), np.split(slack, ends), strict=True
    ):
        price[place] += sign * z
        held[int(sign < 0), place] = z > s
    held[:, same] = True
    high, low = held
    active = _Active(low[:rows], high[:rows], low[rows:], high[rows:])
    return found.status, np.asarray(found.x), price[:rows], active


def _polished(
    problem: _Quadratic, point: Floats, price: Floats, active: _Active
) -> tuple[Floats, Floats] | None:
    """Point and prices of the equations that hold with equality, near the given ones."""
    linear = problem.linear
    point = np.where(active.upper, linear.upper, np.where(active.lower, linear.lower, point))
    free = ~(active.lower | active.upper)
    held = active.row_lower | active.row_upper
    price = np.where(held, price, 0.0)
    target = np.where(active.row_upper, linear.row_upper, linear.row_lower)
    block = linear.matrix[held][:, free]
    moving = np.diff(block.indptr) > 0
    rows, block = np.flatnonzero(held)[moving], block[moving]
    columns = np.flatnonzero(free)
    bent = problem.hessian[free][:, free]
    ridge = sparse.dia_array(
        (np.append(np.full(len(columns), RIDGE), np.full(len(rows), -RIDGE))[None], [0]),
        shape=(len(columns) + len(rows),) * 2,
    )
    system = sparse.csc_array(sparse.block_array([[bent, block.T], [block, None]])) + ridge
    if not len(columns):
        return point, price
    factor = splu(sparse.csc_matrix(system))
    for _ in range(REFINEMENTS):
        left = problem.gradient(point, price)[free]
        missed = (target - linear.matrix @ point)[rows]
        step = factor.solve(np.append(left, missed))
        point[columns] += step[: len(columns)]
        price[rows] += step[len(columns) :]
        if np.abs(step).max() <= REFINED * max(
            1.0, np.abs(point).max(), np.abs(price).max(initial=0.0)
        ):
            break
    exact = np.isfinite(point).all() and np.isfinite(price).all()
    return (point, price) if exact else None


def _corrected(
    problem: _Quadratic, point: Floats, price: Floats, active: _Active
) -> _Active | None:
    """Let go what has a wrong sign, and hold what is broken.

    None where the equations themselves are missed.
    """
    linear = problem.linear
    left = problem.gradient(point, price)
    near = EXACT * problem.slope(point, price) + NOTHING
    free = ~(active.lower | active.upper)
    activity = linear.matrix @ point
    size = abs(linear.matrix) @ np.abs(point)
    held, same = active.row_lower | active.row_upper, linear.row_lower == linear.row_upper
    target = np.where(active.row_upper, linear.row_upper, linear.row_lower)
    missed = np.abs(activity - target) > EXACT * (size + np.abs(target)) + NOTHING
    if missed[held].any() or (np.abs(left) > near)[free].any():
        return None
    fixed = linear.lower == linear.upper
    span = EXACT * (1.0 + np.abs(point))
    with np.errstate(invalid="ignore"):
        over = activity - linear.row_upper > EXACT * (size + np.abs(linear.row_upper)) + NOTHING
        under = linear.row_lower - activity > EXACT * (size + np.abs(linear.row_lower)) + NOTHING
    return _Active(
        same | under | (active.row_lower & (price <= NOISE)),
        same | over | (active.row_upper & (price >= -NOISE)),
        fixed | (linear.lower - point > span) | (active.lower & (left <= near)),
        fixed | (point - linear.upper > span) | (active.upper & (left >= -near)),
    )


def _answer(problem: _Quadratic, point: Floats, price: Floats, active: _Active) -> Answer:
    """Answer in the scaled problem, without the noise of its prices."""
    price = np.where(np.abs(price) > NOISE, price, 0.0)
    held = active.lower | active.upper
    left = np.where(held, problem.gradient(point, price), 0.0)
    left = np.where(np.abs(left) > NOISE, left, 0.0)
    tight = active.row_lower | active.row_upper
    degenerate = any(
        not block.size or np.linalg.matrix_rank(block) < len(rows)  # no rank in numpy before 2.1
        for rows, block in parts(sparse.csr_array(problem.linear.matrix[tight][:, ~held]))
    )
    return Answer(
        "optimal", point, price, left, tight, active.lower, active.upper, degenerate=degenerate
    )
