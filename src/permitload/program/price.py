"""What one more unit at a row is worth, for how long, and which points share the optimum."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from permitload.errors import ConvergenceError, DataError, InfeasibleError
from permitload.program.registry import Program, cost_of, solved
from permitload.program.solution import Solution

if TYPE_CHECKING:
    from permitload.program._highs import Answer

__all__ = ["face", "prices"]

Floats = NDArray[np.float64]


def face(program: Program, solution: Solution) -> Program:
    """All points that share the optimum of a solution, as a program of its own.

    By complementary slackness a row with a price stays full, and a column whose bound has a
    price stays on it. Columns that stay are left out, and limits are net of them; where no
    column is left the optimum is unique.

    Parameters
    ----------
    program : Program
        What was solved.
    solution : Solution
        Its optimum.

    Returns
    -------
    Program
        The columns that can move, and the rows that they touch.

    Examples
    --------
    >>> program = Program().columns(["E1", "E2", "E3"], upper=[1.0, 9.0, 9.0])
    >>> program = program.at_most("S1", [1.0, 2.0, 2.0], 5.0)
    >>> list(face(program, program.maximise(1.0)).column)
    ['E2', 'E3']
    """
    bound = (solution.lower_price + solution.upper_price).to_numpy()
    point = solution.column.to_numpy()
    kept = _face(program, point, solution.shadow_price.to_numpy() != 0, bound != 0)
    if _determined(kept):
        kept = _face(program, point, kept.sense == 0, np.full(len(point), True))
    return kept.keep(np.diff(kept.matrix.indptr) > 0)


def _determined(kept: Program) -> bool:
    """Whether the equalities alone leave one point."""
    equalities = kept.matrix[kept.sense == 0].toarray()
    if len(equalities) < len(kept.column):
        return False
    if not len(kept.column):
        return True
    size = np.abs(equalities).max(axis=0, initial=0.0)
    scaled = equalities / np.where(size > 0, size, 1.0)
    return bool(np.linalg.matrix_rank(scaled) == len(kept.column))


def _face(
    program: Program, point: Floats, priced: NDArray[np.bool_], fixed: NDArray[np.bool_]
) -> Program:
    free = ~fixed & (program.lower < program.upper)
    return replace(
        program,
        column=program.column[free],
        lower=program.lower[free],
        upper=program.upper[free],
        matrix=sparse.csr_array(program.matrix[:, free]),
        limit=program.limit - program.matrix[:, ~free] @ point[~free],
        sense=np.where(priced, 0, program.sense),
    )


def prices(program: Program, objective: ArrayLike) -> pd.DataFrame:
    """Price of each row on both sides of its limit, and the range of limits in which it holds.

    Where the optimum is degenerate a solver's price is one of many; the one-sided prices are
    not: they are the slopes of the best objective, found on the cone of directions that stay
    feasible. Ranges are exact too, not those of one basis: the least and greatest activity of
    the row over all points that share its price. Where coefficients are so far apart that a
    slope or an end of a range cannot be told, the price is that of the solver's basis, and the
    end is the present activity.

    Parameters
    ----------
    program : Program
        Rows and columns.
    objective : float, array or Series
        To be maximised; negate it to minimise.

    Returns
    -------
    DataFrame
        One line per row label: ``shadow_price``, the gain per unit by which the row is relaxed
        (at most: limit up, at least: limit down, equal: limit up); ``tightening_price``, the
        loss per unit by which it is tightened, infinite if no point would be left;
        ``price_lower`` and ``price_upper``, the range of the limit for which ``shadow_price``
        holds.

    Raises
    ------
    InfeasibleError, DataError, ConvergenceError
        As :meth:`Program.maximise`.

    Notes
    -----
    One-sided prices as directional derivatives of the optimal value: Gal, T. (1986), Shadow
    prices and sensitivity analysis in linear programming under degeneracy, OR Spektrum 8,
    59-71, doi:10.1007/BF01719736.

    Examples
    --------
    >>> program = Program().columns(["E1", "E2"], upper=[40.0, 60.0])
    >>> program = program.at_most(["S1"], [[0.01, 0.005]], 0.5)
    >>> prices(program, 1.0).loc["S1"].round(9).tolist()
    [100.0, 100.0, 0.3, 0.7]
    """
    cost = cost_of(program, objective)
    answer = solved(program, cost)
    # The direction in which each limit relaxes.
    relaxed = np.where(program.sense == 0, 1, program.sense)
    records = []
    for k in range(len(program.row)):
        gain = loss = float(relaxed[k] * answer.row_price[k]) + 0.0
        duals = answer.row_price, answer.column_price
        if answer.degenerate and answer.tight[k]:
            gain, duals = _slope(program, cost, answer, k, relaxed[k])
            loss = 0.0 - _slope(program, cost, answer, k, -relaxed[k])[0]
        records.append((gain, loss, *_range(program, answer, duals, k)))
    names = ["shadow_price", "tightening_price", "price_lower", "price_upper"]
    return pd.DataFrame(records, program.row, names)


def _slope(
    program: Program, cost: Floats, answer: Answer, k: int, step: float
) -> tuple[float, tuple[Floats, Floats]]:
    """Slope of the best objective as limit ``k`` moves by ``step``, and duals that give it."""
    tight = np.flatnonzero(answer.tight)
    cone = replace(
        program,
        lower=np.where(answer.at_lower, 0.0, -np.inf),
        upper=np.where(answer.at_upper, 0.0, np.inf),
    ).keep(tight)
    cone = replace(cone, limit=np.where(tight == k, step, 0.0))
    row_price = np.zeros(len(program.row))
    try:
        found = solved(cone, cost)
    except InfeasibleError:
        return -np.inf, (row_price, answer.column_price)
    except (ConvergenceError, DataError):
        # Too ill-conditioned for a cone of its own: the price of the one basis stands.
        return float(step * answer.row_price[k]) + 0.0, (answer.row_price, answer.column_price)
    row_price[tight] = found.row_price
    return float(step * row_price[k]) + 0.0, (row_price, found.column_price)


def _range(
    program: Program, answer: Answer, duals: tuple[Floats, Floats], k: int
) -> tuple[float, float]:
    """Limits of row ``k`` for which the duals stay optimal.

    They do as long as some move keeps every other row that has a price full and every column
    whose bound has a price on it: the limit may then go wherever such moves take the activity of
    row ``k``, and where that row has no price, as far as it likes on its open side.
    """
    row_price, column_price = duals
    point, activity = answer.column, program.matrix @ answer.column
    slack = program.limit - activity
    slack = np.where(row_price != 0, 0.0, program.sense * np.maximum(program.sense * slack, 0.0))
    still = column_price != 0
    moves = replace(
        program,
        lower=np.where(still, 0.0, np.minimum(program.lower - point, 0.0)),
        upper=np.where(still, 0.0, np.maximum(program.upper - point, 0.0)),
        limit=slack,
        sense=np.where(row_price != 0, 0, program.sense),
    ).keep(np.arange(len(program.row)) != k)
    row = program.matrix[[k]].toarray()[0]
    open_side = 0 if row_price[k] != 0 else program.sense[k]
    lower = -np.inf if open_side == -1 else activity[k] - _furthest(moves, -row)
    upper = np.inf if open_side == 1 else activity[k] + _furthest(moves, row)
    return float(lower), float(upper)


def _furthest(moves: Program, direction: Floats) -> float:
    """How far the moves go; standing still is one of them, and is all that is known if need be."""
    try:
        return max(0.0, float(direction @ solved(moves, direction).column))
    except (ConvergenceError, InfeasibleError):
        return 0.0
    except DataError:
        return np.inf
