"""Labels off, to the solver, checked without it, labels on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload._labels import numbers
from permitload.errors import ConvergenceError, DataError, InfeasibleError
from permitload.program._arrays import Arrays
from permitload.program._coefficients import coefficients_of
from permitload.program._problem import SUBNORMAL
from permitload.program.solution import Solution

if TYPE_CHECKING:
    from scipy import sparse

    from permitload.program._problem import Answer, Problem

__all__ = [
    "cost_of",
    "problem_of",
    "refuse",
    "refuse_integers",
    "solution_of",
    "solved",
    "solved_quadratic",
    "verify",
]

Floats = NDArray[np.float64]

VERIFIED = 1e-9
"""Relative excess over a row's limit above which a solver's point is refused."""
OPTIMAL = 1e-7
"""Part of the objective that may be left to gain, by its prices, before a point is refused."""


def solution_of(program: Arrays, cost: Floats, answer: Answer) -> Solution:
    """Answer of a solver with its labels."""
    # The bounds of an integer column are no continuous limits: they have no price.
    bound = np.where(program.integer, 0.0, answer.column_price)
    gain = np.where(program.sense == 0, 1, program.sense) * answer.row_price
    point = pd.Series(answer.column, program.column)
    return Solution(
        value=math.fsum(cost * answer.column),
        column=point,
        activity=pd.Series(program.matrix @ answer.column, program.row),
        shadow_price=pd.Series(gain + 0.0, program.row),
        lower_price=pd.Series(np.maximum(-bound, 0.0) + 0.0, program.column),
        upper_price=pd.Series(np.maximum(bound, 0.0) + 0.0, program.column),
        degenerate=answer.degenerate,
        given=point[program.integer],
    )


def cost_of(program: Arrays, objective: ArrayLike) -> Floats:
    """Objective as one coefficient per column, labels checked."""
    if isinstance(objective, pd.Series):
        row = coefficients_of(program.column, objective, 1)
        return np.asarray(row.toarray()[0], dtype=float)
    cost = numbers(objective, program.column, "objective")
    if np.isinf(cost).any():
        raise DataError("objective is infinite somewhere; right would be finite numbers")
    return cost


def problem_of(program: Arrays, cost: Floats) -> Problem:
    """Numbers of a program without its labels."""
    from permitload.program._problem import Problem

    row_lower = np.where(program.sense <= 0, program.limit, -np.inf)
    row_upper = np.where(program.sense >= 0, program.limit, np.inf)
    bounds = program.lower.copy(), program.upper.copy()
    return Problem(cost, program.matrix, row_lower, row_upper, *bounds)


def solved(program: Arrays, cost: Floats, side: int = 1) -> Answer:
    """Maximise, verify the point without the solver, and raise what went wrong.

    Where columns are integer the prices are those with these columns fixed. ``side`` is -1 where
    the cost is that of a minimum turned round: for words only.
    """
    from permitload.program._highs import solve
    from permitload.program._integer import solve_integer

    problem = problem_of(_some(program), cost)
    whole = program.integer
    if not whole.any():
        return _best(problem, _right(program, solve(problem)))
    answer = solve_integer(problem, whole, program.seconds)
    _refuse_late(program, answer, side)
    answer = _right(program, answer)
    problem.lower[whole] = problem.upper[whole] = answer.column[whole]
    return _best(problem, answer)


def solved_quadratic(program: Arrays, cost: Floats, hessian: sparse.csr_array) -> Answer:
    """As :func:`solved`, of ``cost @ x - x @ hessian @ x / 2``."""
    from permitload.program._clarabel import solve_quadratic

    refuse_integers(program, "a quadratic objective")
    problem = problem_of(_some(program), cost)
    return _best(problem, _right(program, solve_quadratic(problem, hessian)), hessian)


def _some(program: Arrays) -> Arrays:
    if not len(program.column):
        raise DataError("the program has no columns; right would be at least one")
    return program


def _right(program: Arrays, answer: Answer) -> Answer:
    refuse(program, answer)
    verify(program, answer.column)
    return answer


def _best(problem: Problem, answer: Answer, hessian: sparse.csr_array | None = None) -> Answer:
    """Refuse a point that is not the best by its own prices."""
    from permitload.program._problem import shortfall

    left = shortfall(problem, answer.column, answer.row_price, hessian)
    if left > OPTIMAL:
        message = f"a part {left:.1e} of the objective may still be gained at the solver's point"
        raise ConvergenceError(f"{message}: numbers differ by too many digits")
    return answer


def refuse_integers(program: Arrays, what: str) -> None:
    """Refuse integer columns where only continuous ones make sense."""
    if program.integer.any():
        names = ", ".join(map(str, program.column[program.integer][:5]))
        message = f"{names} are integer, which {what} has not"
        raise DataError(f"{message}; right would be program.given(solution.given)")


def refuse(program: Arrays, answer: Answer) -> None:
    """Raise what went wrong."""
    if answer.status == "infeasible":
        raise InfeasibleError("no point meets all rows: relax() says which rows miss by how much")
    if answer.status == "unbounded":
        names = ", ".join(str(program.column[k]) for k in answer.ray)
        message = f"the objective grows without limit along {names}; right would be a row or bound"
        raise DataError(message)
    if answer.status != "optimal":
        raise ConvergenceError(f"the solver stopped with {answer.status!r}")


def _refuse_late(program: Arrays, answer: Answer, side: int) -> None:
    """Tell what is known where time ran out before the proof."""
    if answer.status != "late":
        return
    value, bound = (side * one for one in answer.proved)
    gap = abs(bound - value) / abs(value) if np.isfinite(value) and value else np.inf
    found = f"the best point found has {value:g}, a gap of {gap:.2%}"
    if not np.isfinite(value):
        found = "no point is found"
    if np.isfinite(bound):
        found += f", at {'least' if side < 0 else 'most'} {bound:g} can be reached"
    table = pd.DataFrame({"value": [value], "bound": [bound], "gap": [gap]})
    raise ConvergenceError(f"no optimum is proved within {program.seconds:g} s: {found}", table)


def verify(program: Arrays, point: Floats) -> None:
    """Re-check every row in unscaled numbers."""
    slack = program.limit - program.matrix @ point
    excess = np.where(program.sense == 0, np.abs(slack), -program.sense * slack)
    size = np.abs(program.limit) + abs(program.matrix) @ np.abs(point)
    broken = excess > np.maximum(VERIFIED * size, SUBNORMAL)
    if broken.any():
        worst = pd.DataFrame({"row": program.row[broken], "excess": excess[broken]})
        message = f"the solver returned a point that breaks {int(broken.sum())} rows"
        raise ConvergenceError(message, worst.sort_values("excess", ascending=False))
