"""The one place where arrays meet HiGHS: scaling, options, status, duals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Answer", "Problem", "solve"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TOLERANCE = 1e-9
"""Feasibility and optimality tolerance of the scaled problem."""
NOISE = 1e-10
"""A scaled dual below this is round-off of zero."""
RETRIES = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """Maximise ``cost @ x`` with ``row_lower <= matrix @ x <= row_upper`` within bounds.

    ``matrix`` is a CSR array.
    """

    cost: Floats
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats


def _nothing() -> Floats:
    return np.empty(0)


def _nowhere() -> Flags:
    return np.empty(0, dtype=bool)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and, when ``optimal``, the point with its duals (d objective / d right-hand side).

    ``tight``, ``at_lower`` and ``at_upper`` are rows and columns on their bounds; ``degenerate``
    if one of them is basic, so that the duals need not be unique.
    """

    status: str
    column: Floats = field(default_factory=_nothing)
    row_price: Floats = field(default_factory=_nothing)
    column_price: Floats = field(default_factory=_nothing)
    tight: Flags = field(default_factory=_nowhere)
    at_lower: Flags = field(default_factory=_nowhere)
    at_upper: Flags = field(default_factory=_nowhere)
    degenerate: bool = False
    ray: tuple[int, ...] = ()


def _powers(values: Floats) -> Floats:
    """Nearest powers of two: scaling by them is free of round-off."""
    return np.asarray(np.exp2(np.round(np.log2(values))))


def _scales(problem: Problem) -> tuple[Floats, Floats]:
    """Row and column factors that bring coefficients near one.

    The last row factor is that of the objective, the last column factor that of the limits.
    """
    matrix = problem.matrix
    row, column = (np.ones(count) for count in matrix.shape)
    i, j, size = _row_numbers(matrix), matrix.indices, np.abs(matrix.data)
    i, j, size = i[size > 0], j[size > 0], size[size > 0]
    for _ in range(4):
        scaled = size * row[i] * column[j]
        for factor, place in ((row, i), (column, j)):
            largest = np.zeros_like(factor)
            np.maximum.at(largest, place, scaled)
            factor /= np.sqrt(np.where(largest > 0, largest, 1.0))
    limits = np.concatenate([problem.row_lower * row, problem.row_upper * row])
    size_of = [np.abs(problem.cost * column), np.abs(limits[np.isfinite(limits)])]
    cost, limit = (1.0 / (float(values.max(initial=0.0)) or 1.0) for values in size_of)
    return _powers(np.append(row, cost)), _powers(np.append(column, limit))


def _row_numbers(matrix: sparse.csr_array) -> NDArray[np.int64]:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _scaled(problem: Problem, row: Floats, column: Floats) -> highspy.HighsLp:
    """Fill HiGHS's structure with the scaled problem; column = factor * scaled column."""
    matrix = problem.matrix
    # The last column factor belongs to the limits: x = factor * scaled x / limit factor.
    limit = row[:-1] * column[-1]
    bound = column[-1] / column[:-1]
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = problem.cost * row[-1] * column[:-1]
    lp.col_lower_, lp.col_upper_ = problem.lower * bound, problem.upper * bound
    lp.row_lower_, lp.row_upper_ = problem.row_lower * limit, problem.row_upper * limit
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data * row[_row_numbers(matrix)] * column[matrix.indices]
    lp.sense_ = highspy.ObjSense.kMaximize
    return lp


def _run(lp: highspy.HighsLp, presolve: str) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # untyped in highspy
    options: dict[str, Any] = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "random_seed": 0,
        "solver": "simplex",
        "presolve": presolve,
        "primal_feasibility_tolerance": TOLERANCE,
        "dual_feasibility_tolerance": TOLERANCE,
        "small_matrix_value": 1e-12,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    solver.run()
    return solver


def solve(problem: Problem) -> Answer:
    """Solve; status is ``optimal``, ``infeasible``, ``unbounded`` or what HiGHS says otherwise.

    HiGHS meets rows to an absolute tolerance. Where that is more than the same part of a row's
    own size, the program is solved again in the scale of the point found.
    """
    answer = _solve(problem, *_scales(problem))
    for _ in range(RETRIES):
        if answer.status != "optimal":
            break
        size = _size(problem, answer.column)
        if (_excess(problem, answer.column) <= TOLERANCE * size / 2.0).all():
            break
        answer = _solve(problem, *_scales_at(problem, size))
    return answer


def _size(problem: Problem, point: Floats) -> Floats:
    """Size of each row at a point: of its limit and its terms."""
    limits = np.stack([problem.row_lower, problem.row_upper])
    limit = np.abs(np.where(np.isfinite(limits), limits, 0.0)).max(axis=0)
    return np.asarray(limit + abs(problem.matrix) @ np.abs(point))


def _excess(problem: Problem, point: Floats) -> Floats:
    activity = problem.matrix @ point
    return np.asarray(np.maximum(problem.row_lower - activity, activity - problem.row_upper))


def _scales_at(problem: Problem, size: Floats) -> tuple[Floats, Floats]:
    """Factors as those of :func:`_scales` that bring rows of the given size to one."""
    row = 1.0 / np.where(size > 0, size, 1.0)
    entry = sparse.csr_array(
        (np.abs(problem.matrix.data), problem.matrix.indices, problem.matrix.indptr),
        problem.matrix.shape,
    )
    largest = (entry * row[:, None]).max(axis=0).toarray().ravel() if len(row) else 0.0
    column = 1.0 / np.where(largest > 0, largest, 1.0)
    cost = 1.0 / (float(np.abs(problem.cost * column).max(initial=0.0)) or 1.0)
    return _powers(np.append(row, cost)), _powers(np.append(column, 1.0))


def _solve(problem: Problem, row: Floats, column: Floats) -> Answer:
    lp = _scaled(problem, row, column)
    solver = _run(lp, "choose")
    status = highspy.HighsModelStatus
    if solver.getModelStatus() != status.kOptimal:
        # Presolve says neither along what, nor always truly, that there is no optimum.
        solver = _run(lp, "off")
    found = solver.getModelStatus()
    if found == status.kInfeasible:
        return Answer("infeasible")
    if found == status.kUnbounded:
        _, known, ray = solver.getPrimalRay()  # type: ignore[attr-defined]  # untyped in highspy
        moving = np.abs(np.asarray(ray)) > TOLERANCE if known else np.empty(0)
        return Answer("unbounded", ray=tuple(int(k) for k in np.flatnonzero(moving)))
    if found not in (status.kOptimal, status.kModelEmpty):
        return Answer(solver.modelStatusToString(found))
    return _unscaled(problem, solver, row, column)


def _unscaled(problem: Problem, solver: highspy.Highs, row: Floats, column: Floats) -> Answer:
    solution, basis, lp = solver.getSolution(), solver.getBasis(), solver.getLp()
    point, activity = np.asarray(solution.col_value), np.asarray(solution.row_value)
    at_lower, at_upper = _on(point, np.asarray(lp.col_lower_), np.asarray(lp.col_upper_))
    below, above = _on(activity, np.asarray(lp.row_lower_), np.asarray(lp.row_upper_))
    tight = below | above
    basic = _basic(basis.col_status) & (at_lower | at_upper), _basic(basis.row_status) & tight
    x = np.clip(point * column[:-1] / column[-1], problem.lower, problem.upper)
    x = np.where(at_lower, problem.lower, np.where(at_upper, problem.upper, x))
    duals = [np.asarray(solution.row_dual), np.asarray(solution.col_dual)]
    row_dual, column_dual = (np.where(np.abs(dual) > NOISE, dual, 0.0) for dual in duals)
    return Answer(
        "optimal",
        x,
        row_dual * row[:-1] / row[-1],
        column_dual / (column[:-1] * row[-1]),
        tight,
        at_lower,
        at_upper,
        degenerate=bool(basic[0].any() or basic[1].any()),
    )


def _on(value: Floats, lower: Floats, upper: Floats) -> tuple[Flags, Flags]:
    """Whether values are on their bounds, to a part of the way between them if that is short."""
    near = TOLERANCE * np.minimum(1.0, upper - lower)
    return value - lower <= near, upper - value <= near


def _basic(status: list[highspy.HighsBasisStatus]) -> Flags:
    return np.fromiter((s == highspy.HighsBasisStatus.kBasic for s in status), dtype=bool)
