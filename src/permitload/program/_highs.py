"""The one place where arrays meet HiGHS: scaling, options, status, duals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from permitload.program._problem import SUBNORMAL, Answer, Problem, heard, shortfall

__all__ = ["Model", "binding", "powers", "scales", "solve"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Factors = tuple[Floats, Floats]

TOLERANCE = 1e-9
"""Feasibility and optimality tolerance of the scaled problem."""
RETRIES = 3
PRIMAL = 4
"""Primal simplex, in HiGHS's count."""
WIDE = 1000.0
"""Greatest power of two of a factor: beyond, subnormal numbers would make it infinite."""
CLEAR = 1e-6
"""Part of its size by which a row must miss its limits everywhere to be left out."""
OPTIONS: dict[str, Any] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "solver": "simplex",
    "simplex_scale_strategy": 0,
    # Takes longer than it saves, and says neither along what, nor always truly, that there is no
    # optimum.
    "presolve": "off",
    "primal_feasibility_tolerance": TOLERANCE,
    "dual_feasibility_tolerance": TOLERANCE,
    "small_matrix_value": 1e-12,
}


def solve(problem: Problem) -> Answer:
    """Solve; status is ``optimal``, ``infeasible``, ``unbounded`` or what HiGHS says otherwise.

    Only the rows that some point within the bounds can fill, and the columns that they touch, go
    to the solver; the other columns go where the objective wants them.
    """
    row = binding(problem)
    column = np.zeros(len(problem.cost), dtype=bool)
    column[problem.matrix[row].indices] = True
    up = np.where(np.isfinite(problem.lower), problem.cost > 0, problem.cost >= 0)
    alone = np.where(up, problem.upper, problem.lower)
    column |= ~np.isfinite(alone)
    column[:1] |= not column.any()  # HiGHS wants one column
    found = _solve(
        Problem(
            problem.cost[column],
            sparse.csr_array(problem.matrix[row][:, column]),
            problem.row_lower[row],
            problem.row_upper[row],
            problem.lower[column],
            problem.upper[column],
        )
    )
    if found.status != "optimal":
        place = np.flatnonzero(column)[list(found.ray)]
        if found.status == "unbounded" and not len(place):  # HiGHS has no ray without rows
            place = np.flatnonzero(~np.isfinite(alone) & (problem.cost != 0))
        return replace(found, ray=tuple(place.tolist()))
    return replace(
        found,
        column=_put(alone, column, found.column),
        row_price=_put(np.zeros(len(row)), row, found.row_price),
        column_price=_put(problem.cost, column, found.column_price),
        tight=_put(np.zeros(len(row), dtype=bool), row, found.tight),
        at_lower=_put(alone == problem.lower, column, found.at_lower),
        at_upper=_put(alone == problem.upper, column, found.at_upper),
    )


def _put(values: NDArray[Any], where: Flags, some: NDArray[Any]) -> NDArray[Any]:
    values = values.copy()
    values[where] = some
    return values


def binding(problem: Problem) -> Flags:
    """Rows that some point within the bounds fills, or comes near to filling."""
    matrix, size = problem.matrix, np.abs(problem.matrix.data)
    lower, upper = problem.lower[matrix.indices], problem.upper[matrix.indices]
    rising = matrix.data > 0
    with np.errstate(invalid="ignore"):
        terms = [
            matrix.data * np.where(rising, lower, upper),
            matrix.data * np.where(rising, upper, lower),
            size * np.maximum(np.abs(lower), np.abs(upper)),
        ]
        place, count = _row_numbers(matrix), matrix.shape[0]
        least, most, reach = (np.bincount(place, term, count) for term in terms)
        near = np.zeros(count, dtype=bool)
        for limit, distance in (
            (problem.row_lower, least - problem.row_lower),
            (problem.row_upper, problem.row_upper - most),
        ):
            # Written so that not-a-number counts as near.
            far = distance > CLEAR * (reach + np.abs(limit))
            near |= np.isfinite(limit) & ~far
    return near


class Model:
    """A problem in HiGHS, scaled: column = factor * scaled column.

    Cost, bounds and limits can be set anew; each run starts from the basis of the last.
    """

    def __init__(self, problem: Problem, factors: Factors | None = None) -> None:
        row, column = factors or scales(problem)
        # The last column factor belongs to the limits: x = factor * scaled x / limit factor.
        self._row, self._column = row[:-1] * column[-1], column[:-1] / column[-1]
        self._objective = float(row[-1] * column[-1])
        self._matrix, self._entry = problem.matrix, abs(problem.matrix)
        self._cost = problem.cost
        self._bounds = np.stack([problem.lower, problem.upper])
        self._limits = np.stack([problem.row_lower, problem.row_upper])
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]  # untyped in highspy
        for name, value in OPTIONS.items():
            self._solver.setOptionValue(name, value)
        matrix = problem.matrix
        self._solver.passModel(
            len(self._column),
            len(self._row),
            matrix.nnz,
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMaximize),
            0.0,
            self._cost * self._column * self._objective,
            *self._scaled_bounds(),
            *self._scaled_limits(),
            matrix.indptr.astype(np.int32),
            matrix.indices.astype(np.int32),
            matrix.data * self._row[_row_numbers(matrix)] * self._column[matrix.indices],
            np.zeros(len(self._column), dtype=np.int32),
        )

    def _scaled_bounds(self) -> tuple[Floats, Floats]:
        lower, upper = self._bounds / self._column
        return lower, upper

    def _scaled_limits(self) -> tuple[Floats, Floats]:
        lower, upper = self._limits * self._row
        return lower, upper

    @property
    def problem(self) -> Problem:
        """The problem as it stands."""
        return Problem(self._cost, self._matrix, *self._limits.copy(), *self._bounds.copy())

    def unit(self, row: int) -> float:
        """Limit of a row that is one for the solver."""
        return float(1.0 / self._row[row])

    def set_limits(self, row: int, lower: float, upper: float) -> None:
        """Give a row other limits."""
        self._limits[:, row] = lower, upper
        self._solver.changeRowBounds(row, lower * self._row[row], upper * self._row[row])

    def set_bounds(self, column: int, lower: float, upper: float) -> None:
        """Give a column other bounds."""
        self._bounds[:, column] = lower, upper
        factor = self._column[column]
        self._solver.changeColBounds(column, lower / factor, upper / factor)

    def set_cost(self, cost: Floats) -> None:
        """Give the columns another cost."""
        self._cost, scaled = cost, cost * self._column
        size = float(np.abs(scaled).max(initial=0.0)) or 1.0
        self._objective = float(powers(np.array(1.0 / size)))
        place = np.arange(len(cost), dtype=np.int32)
        self._solver.changeColsCost(len(cost), place, scaled * self._objective)

    def run(self) -> Answer:
        """Solve."""
        self._solver.run()
        found, status = self._solver.getModelStatus(), highspy.HighsModelStatus
        if found == status.kInfeasible:
            return Answer("infeasible")
        if found == status.kUnbounded:
            _, known, ray = self._solver.getPrimalRay()  # type: ignore[attr-defined]  # untyped
            moving = np.abs(np.asarray(ray)) > TOLERANCE if known else np.empty(0)
            return Answer("unbounded", ray=tuple(int(k) for k in np.flatnonzero(moving)))
        if found not in (status.kOptimal, status.kModelEmpty):
            return Answer(self._solver.modelStatusToString(found))
        return self._unscaled()

    def again(self) -> Answer:
        """Solve from the basis of the last run, or afresh where that does not tell."""
        # What was changed mostly leaves the last point feasible.
        self._solver.setOptionValue("simplex_strategy", PRIMAL)
        answer = self.run()
        if answer.status == "optimal" and self.meets(answer.column):
            return answer
        answer = solve(self.problem)
        if answer.status == "optimal" and not self.meets(answer.column):
            return Answer("a point that breaks rows")
        return answer

    def greatest(self) -> float:
        """Objective of :meth:`again`: infinite if unbounded, less than any if there is none."""
        self._solver.setOptionValue("simplex_strategy", PRIMAL)
        self._solver.run()
        if self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            point = np.asarray(self._solver.getSolution().col_value) * self._column
            point = np.minimum(np.maximum(point, self._bounds[0]), self._bounds[1])
            if self.meets(point):
                return float(self._cost @ point)
        found = solve(self.problem)
        if found.status == "optimal" and self.meets(found.column):
            return float(self._cost @ found.column)
        return np.inf if found.status == "unbounded" else -np.inf

    def size(self, point: Floats) -> Floats:
        """Size of each row at a point: of its limit and its terms."""
        limit = np.abs(np.where(np.isfinite(self._limits), self._limits, 0.0)).max(axis=0)
        return np.asarray(limit + self._entry @ np.abs(point))

    def meets(self, point: Floats) -> bool:
        """Whether a point meets each row to a small part of the row's size."""
        lower, upper = self._limits
        activity = self._matrix @ point
        near = np.maximum(TOLERANCE / 2.0 * self.size(point), SUBNORMAL)
        return bool(((activity >= lower - near) & (activity <= upper + near)).all())

    def _unscaled(self) -> Answer:
        solution = self._solver.getSolution()
        point = np.asarray(solution.col_value)
        lower, upper = self._bounds
        at_lower, at_upper = _on(point, *self._scaled_bounds())
        tight = np.logical_or(*_on(np.asarray(solution.row_value), *self._scaled_limits()))
        x = np.minimum(np.maximum(point * self._column, lower), upper)
        x[at_upper] = upper[at_upper]
        x[at_lower] = lower[at_lower]
        price = np.asarray(solution.row_dual) * self._row / self._objective
        slope = np.asarray(solution.col_dual) / (self._column * self._objective)
        inner = np.isfinite(self._bounds).any(axis=0) & ~at_lower & ~at_upper
        return Answer(
            "optimal",
            x,
            *heard(np.abs(self._cost), self._entry, (price, slope)),
            tight,
            at_lower,
            at_upper,
            # A vertex has as many tight rows as columns off their bounds, or more.
            degenerate=bool(tight.sum() > inner.sum()),
        )


def _solve(problem: Problem) -> Answer:
    """Solve all rows and columns.

    HiGHS meets rows, and ends where nothing more is to be gained, to absolute tolerances. Where
    these are more than the same part of a row's own size, or of the objective, the program is
    solved again in the scale of the point found.
    """
    model = Model(problem)
    answer = model.run()
    for _ in range(RETRIES):
        if answer.status != "optimal":
            break
        left = shortfall(problem, answer.column, answer.row_price)
        if left <= TOLERANCE and model.meets(answer.column):
            break
        model = Model(problem, _scales_at(problem, model.size(answer.column)))
        answer = model.run()
    return answer


def powers(values: Floats) -> Floats:
    """Nearest powers of two: scaling by them is free of round-off."""
    return np.asarray(np.exp2(np.clip(np.round(np.log2(values)), -WIDE, WIDE)))


def _over(size: Floats) -> Floats:
    """Factors that bring sizes to one; 1 where there is no size."""
    return np.where(size > 0, 1.0 / np.maximum(size, 2.0**-WIDE), 1.0)


def scales(problem: Problem) -> Factors:
    """Row and column factors that bring coefficients near one.

    The last row factor is that of the objective, the last column factor that of the limits.
    """
    matrix = problem.matrix
    row, column = (np.ones(count) for count in matrix.shape)
    i, j, size = _row_numbers(matrix), matrix.indices, np.abs(matrix.data)
    i, j, size = i[size > 0], j[size > 0], size[size > 0]
    by_row, by_column = _Groups(i), _Groups(j)
    for _ in range(4):
        scaled = size * row[i] * column[j]
        for factor, groups in ((row, by_row), (column, by_column)):
            factor[groups.member] /= np.sqrt(groups.largest(scaled))
    limits = np.concatenate([problem.row_lower * row, problem.row_upper * row])
    size_of = [np.abs(problem.cost * column), np.abs(limits[np.isfinite(limits)])]
    cost, limit = (1.0 / (float(values.max(initial=0.0)) or 1.0) for values in size_of)
    return powers(np.append(row, cost)), powers(np.append(column, limit))


class _Groups:
    """Entries by the row, or the column, to which they belong."""

    def __init__(self, place: NDArray[Any]) -> None:
        self._order = np.argsort(place, kind="stable")
        ordered = place[self._order]
        self._start = np.flatnonzero(np.diff(ordered, prepend=-1))
        self.member = ordered[self._start]

    def largest(self, values: Floats) -> Floats:
        """Largest value of each group."""
        return np.asarray(np.maximum.reduceat(values[self._order], self._start))


def _row_numbers(matrix: sparse.csr_array) -> NDArray[np.int64]:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _scales_at(problem: Problem, size: Floats) -> Factors:
    """Factors as those of :func:`scales` that bring rows of the given size to one.

    No column is taken to be larger than the way between its bounds: an entry next to nothing
    would make a giant of it, beside whose cost that of the others is lost.
    """
    row = _over(size)
    column = _over((abs(problem.matrix) * row[:, None]).max(axis=0).toarray().ravel())
    way = problem.upper - problem.lower
    column = np.minimum(column, np.where(way > 0, way, np.inf))
    cost = 1.0 / (float(np.abs(problem.cost * column).max(initial=0.0)) or 1.0)
    return powers(np.append(row, cost)), powers(np.append(column, 1.0))


def _on(value: Floats, lower: Floats, upper: Floats) -> tuple[Flags, Flags]:
    """Whether values are on their bounds, to a part of the way between them if that is short."""
    near = TOLERANCE * np.minimum(1.0, upper - lower)
    return value - lower <= near, upper - value <= near
