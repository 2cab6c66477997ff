"""What one more unit at a row is worth, for how long, and which points share the optimum."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from permitload.program._ranges import ranges
from permitload.program._slopes import Duals, slopes, undecided
from permitload.program._solving import cost_of, refuse_integers, solution_of, solved
from permitload.program.registry import Program
from permitload.program.solution import Solution

if TYPE_CHECKING:
    from permitload.program._problem import Answer

__all__ = ["face", "gained", "gains", "priced", "prices", "sided", "signed"]

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
    refuse_integers(program, "a face")
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
        integer=program.integer[free],
        matrix=sparse.csr_array(program.matrix[:, free]),
        limit=program.limit - program.matrix @ np.where(free, 0.0, point),
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
    return priced(program, objective)[1]


def priced(program: Program, objective: ArrayLike) -> tuple[Solution, pd.DataFrame]:
    """Optimum and :func:`prices` in one.

    Parameters
    ----------
    program, objective
        As for :func:`prices`.

    Returns
    -------
    Solution, DataFrame
        What :meth:`Program.maximise` and :func:`prices` return.

    Raises
    ------
    InfeasibleError, DataError, ConvergenceError
        As :meth:`Program.maximise`.

    Examples
    --------
    >>> program = Program().columns(["E1"]).at_most(["S1", "S2"], [[1.0], [1.0]], [2.0, 3.0])
    >>> solution, table = priced(program, 1.0)
    >>> solution.value, table["price_upper"].tolist()
    (2.0, [3.0, inf])
    """
    refuse_integers(program, "a price")
    cost = cost_of(program, objective)
    answer = solved(program, cost)
    gain, loss, parted, duals = _sides(program, cost, answer)
    none = Duals(np.zeros(len(gain)), np.ones(len(program.column)))
    one = Duals(answer.row_price, answer.column_price)
    fixed = np.array([found is None for found in duals], dtype=bool)
    groups = [(np.setdiff1d(np.arange(len(gain)), parted), one), (parted[fixed], none)]
    groups += [(k, found) for k, found in zip(parted[:, None], duals, strict=True) if found]
    lower, upper = np.empty((2, len(gain)))
    for rows, found in groups:
        lower[rows], upper[rows] = ranges(program, answer.column, found, rows)
    columns = {
        "shadow_price": gain, "tightening_price": loss, "price_lower": lower, "price_upper": upper
    }  # fmt: skip
    return solution_of(program, cost, answer), pd.DataFrame(columns, program.row)


def sided(program: Program, objective: ArrayLike) -> pd.DataFrame:
    """Both prices of each row: :func:`prices` without the ranges, which cost most.

    Parameters
    ----------
    program, objective
        As for :func:`prices`.

    Returns
    -------
    DataFrame
        ``shadow_price`` and ``tightening_price`` of each row.

    Raises
    ------
    InfeasibleError, DataError, ConvergenceError
        As :meth:`Program.maximise`.

    Examples
    --------
    >>> program = Program().columns(["E1"]).at_most(["S1", "S2"], [[1.0], [1.0]], [2.0, 2.0])
    >>> sided(program, 1.0).loc["S1"].tolist()
    [0.0, 1.0]
    """
    refuse_integers(program, "a price")
    cost = cost_of(program, objective)
    gain, loss, _, _ = _sides(program, cost, solved(program, cost))
    return pd.DataFrame({"shadow_price": gain, "tightening_price": loss}, program.row)


def signed(program: Program, table: pd.DataFrame, limit: ArrayLike) -> pd.DataFrame:
    """Prices of rows whose limit may be below 0, where nothing is left to gain or to lose.

    Columns >= 0 under coefficients >= 0 meet a limit below 0 as if it were 0, by standing still.
    The best objective is therefore flat below 0: a limit of 0 has a shadow price, but no
    tightening price.

    Parameters
    ----------
    program : Program
        What was priced, with limits >= 0.
    table : DataFrame
        What :func:`prices` or :func:`sided` returned.
    limit : array
        Limit of each row with its sign.

    Returns
    -------
    DataFrame
        Like ``table``. The price 0 of a limit below 0 holds up to 0, or everywhere if the row has
        no coefficient.

    Examples
    --------
    >>> program = Program().columns(["E1"], upper=9.0).at_most(["S1"], [[0.01]], 0.0)
    >>> found = sided(program, 1.0)
    >>> found.loc["S1"].tolist(), signed(program, found, [0.0]).loc["S1"].tolist()
    ([100.0, inf], [100.0, 0.0])
    """
    given = np.asarray(limit, dtype=float)
    below, reached = given < 0, np.diff(program.matrix.indptr) > 0
    flat: dict[str, tuple[NDArray[np.bool_], ArrayLike]] = {
        "shadow_price": (below, 0.0),
        "tightening_price": (given <= 0, 0.0),
        "price_lower": (below, -np.inf),
        "price_upper": (below, np.where(reached, 0.0, np.inf)),
    }
    return pd.DataFrame({name: np.where(*flat[name], table[name]) for name in table}, table.index)


def gains(program: Program, objective: ArrayLike) -> pd.Series[float]:
    """Gain of the best objective per unit by which a row is relaxed: :func:`prices` in short.

    Parameters
    ----------
    program, objective
        As for :func:`prices`.

    Returns
    -------
    Series
        ``shadow_price`` of each row.

    Raises
    ------
    InfeasibleError, DataError, ConvergenceError
        As :meth:`Program.maximise`.

    Examples
    --------
    >>> program = Program().columns(["E1"]).at_most(["S1", "S2"], [[1.0], [1.0]], [2.0, 3.0])
    >>> gains(program, 1.0).tolist()
    [1.0, 0.0]
    """
    return gained(program, objective)[1]


def gained(
    program: Program, objective: ArrayLike, rows: pd.Index[Any] | None = None
) -> tuple[Solution, pd.Series[float]]:
    """Optimum and :func:`gains` in one, without the ranges of :func:`priced`.

    Parameters
    ----------
    program, objective
        As for :func:`prices`.
    rows : Index, optional
        Labels of the rows whose gain is asked for; by default of all.

    Returns
    -------
    Solution, Series
        What :meth:`Program.maximise` and :func:`gains` return, of these rows.

    Raises
    ------
    InfeasibleError, DataError, ConvergenceError
        As :meth:`Program.maximise`.

    Examples
    --------
    >>> program = Program().columns(["E1"]).at_most(["S1", "S2"], [[1.0], [1.0]], [2.0, 3.0])
    >>> solution, gain = gained(program, 1.0)
    >>> solution.value, gain["S1"]
    (2.0, np.float64(1.0))
    """
    refuse_integers(program, "a price")
    cost = cost_of(program, objective)
    answer = solved(program, cost)
    gain, _, _ = _gain(program, cost, answer, rows)
    whole = pd.Series(gain, program.row, name="shadow_price")
    return solution_of(program, cost, answer), whole if rows is None else whole[rows]


def _sides(
    program: Program, cost: Floats, answer: Answer
) -> tuple[Floats, Floats, NDArray[np.int64], list[Duals | None]]:
    """As :func:`_gain`, with the loss of each row beside its gain."""
    gain, parted, duals = _gain(program, cost, answer)
    loss = gain.copy()
    loss[parted] = 0.0 - slopes(program, cost, answer, parted, -1)[0]
    # a row that gives way never costs anything: what is below is rounding of the solver's duals
    ordered = program.sense != 0
    for price in (gain, loss):
        price[ordered] = np.maximum(price[ordered], 0.0)
    return gain, loss, parted, duals


def _gain(
    program: Program, cost: Floats, answer: Answer, rows: pd.Index[Any] | None = None
) -> tuple[Floats, NDArray[np.int64], list[Duals | None]]:
    """Gain of each row, the rows whose price another basis may change, and their duals."""
    gain = np.where(program.sense == 0, 1, program.sense) * answer.row_price + 0.0
    parted = undecided(program, answer)
    if rows is not None:
        parted = parted[program.row[parted].isin(rows)]
    gain[parted], duals = slopes(program, cost, answer, parted, 1)
    return gain, parted, duals
