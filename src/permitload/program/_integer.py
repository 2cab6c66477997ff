"""Integer columns: HiGHS finds them, then the linear program with them fixed is solved anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from permitload.program._highs import OPTIONS, powers, scales, solve
from permitload.program._problem import Answer, Problem

__all__ = ["solve_integer"]

SETTINGS: dict[str, Any] = {
    **OPTIONS,
    # HiGHS up to 1.10 solves the relaxation where "simplex" is asked for.
    "solver": "choose",
    # The default of 1e-4 may return another plan.
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
    "mip_feasibility_tolerance": OPTIONS["primal_feasibility_tolerance"],
}
FEASIBLE = int(highspy.SolutionStatus.kSolutionStatusFeasible)
"""What HiGHS says of a solution that meets the rows."""
WHOLE = 1e-6
"""Distance from a whole number that is round-off."""


def solve_integer(problem: Problem, integer: NDArray[np.bool_], seconds: float) -> Answer:
    """Maximise over points whose columns are whole numbers where ``integer`` says so."""
    kinds = highspy.HighsModelStatus
    for presolve in ("on", "off"):
        options = {**SETTINGS, "presolve": presolve, "time_limit": seconds}
        status, point, proved = _branched(problem, integer, options)
        if status != kinds.kUnboundedOrInfeasible:
            break
    if status == kinds.kTimeLimit:
        return Answer("late", proved=proved)
    if status == kinds.kInfeasible:
        return Answer("infeasible")
    if status in (kinds.kUnbounded, kinds.kUnboundedOrInfeasible):
        # Rational data: unbounded if and only if the relaxation is, or there is no point at all.
        relaxed = solve(problem)
        return relaxed if relaxed.status == "unbounded" else Answer("infeasible")
    if status != kinds.kOptimal:
        return Answer(status.name)
    whole = np.round(point[integer])
    if np.abs(whole - point[integer]).max(initial=0.0) > WHOLE:
        return Answer("integer columns that are not whole")
    lower, upper = problem.lower.copy(), problem.upper.copy()
    lower[integer], upper[integer] = whole, whole
    answer = solve(replace(problem, lower=lower, upper=upper))
    if answer.status == "infeasible":
        return Answer("integer columns that meet the rows only within the tolerance")
    return answer


def _branched(
    problem: Problem, integer: NDArray[np.bool_], options: dict[str, Any]
) -> tuple[highspy.HighsModelStatus, NDArray[np.float64], tuple[float, float]]:
    """Status, point, value and bound of branch and bound; integer columns are not scaled."""
    column = scales(problem)[1][:-1]
    column[integer] = 1.0
    matrix = problem.matrix * column
    largest = abs(matrix).max(axis=1).toarray().ravel()
    row = powers(1.0 / np.where(largest > 0, largest, 1.0))
    cost = problem.cost * column
    size = float(powers(np.array(1.0 / (np.abs(cost).max(initial=0.0) or 1.0))))
    matrix = (matrix * row[:, None]).tocsr()
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # untyped in highspy
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(
        len(column),
        len(row),
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        cost * size,
        problem.lower / column,
        problem.upper / column,
        problem.row_lower * row,
        problem.row_upper * row,
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
        integer.astype(np.int32),
    )
    solver.run()
    told = solver.getInfo()
    found = told.objective_function_value if told.primal_solution_status == FEASIBLE else -np.inf
    point = np.asarray(solver.getSolution().col_value) * column
    return solver.getModelStatus(), point, (found / size, told.mip_dual_bound / size)
