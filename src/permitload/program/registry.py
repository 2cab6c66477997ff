"""The registry: labelled columns and rows of a linear program."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from permitload._labels import index_of, numbers, refuse_repeats
from permitload.errors import ConvergenceError, DataError, Fault, InfeasibleError, raise_faults
from permitload.program._coefficients import coefficients_of
from permitload.program.solution import Solution

if TYPE_CHECKING:
    from permitload.program._highs import Answer, Problem

__all__ = ["Program", "cost_of", "problem_of", "refuse", "solution_of", "solved", "verify"]

Floats = NDArray[np.float64]

VERIFIED = 1e-9
"""Relative excess over a row's limit above which a solver's point is refused."""


def _no_matrix() -> sparse.csr_array:
    return sparse.csr_array((0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A registry of labelled columns and rows: a linear program.

    Programs are values: each method returns a new one. Start from ``Program()``.

    Parameters
    ----------
    column : Index
        Labels of the columns.
    lower, upper : array
        Bounds of the columns.
    row : Index
        Labels of the rows.
    matrix : csr_array, shape (row, column)
        Coefficients.
    limit : array
        Right-hand side of each row.
    sense : array of int
        1 for at most, -1 for at least, 0 for equal.
    unit : tuple of str
        Unit of each row's limit.

    Examples
    --------
    >>> program = Program().columns(["E1", "E2"]).at_least("total", [1.0, 1.0], 3.0)
    >>> program.minimise([1.0, 2.0]).column.to_dict()
    {'E1': 3.0, 'E2': 0.0}
    """

    column: pd.Index[Any] = field(default_factory=lambda: index_of([]))
    lower: Floats = field(default_factory=lambda: np.empty(0))
    upper: Floats = field(default_factory=lambda: np.empty(0))
    row: pd.Index[Any] = field(default_factory=lambda: index_of([]))
    matrix: sparse.csr_array = field(default_factory=_no_matrix)
    limit: Floats = field(default_factory=lambda: np.empty(0))
    sense: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    unit: tuple[str, ...] = ()

    def columns(self, labels: object, lower: ArrayLike = 0.0, upper: ArrayLike = np.inf) -> Self:
        """Add columns.

        Parameters
        ----------
        labels : sequence of label
            New labels.
        lower, upper : float, array or Series
            Bounds, inclusive.

        Returns
        -------
        Program
            With the columns; earlier rows have coefficient 0 there.

        Raises
        ------
        DataError
            If a label is taken, a bound is NaN, or lower exceeds upper.

        Examples
        --------
        >>> list(Program().columns(["E1", "E2"]).column)
        ['E1', 'E2']
        """
        added = index_of(labels)
        refuse_repeats(added, self.column, "column")
        least, most = numbers(lower, added, "lower"), numbers(upper, added, "upper")
        raise_faults(
            [
                Fault("program", added[k], "lower", least[k], "exceeds upper", f"at most {most[k]}")
                for k in np.flatnonzero(least > most)
            ]
        )
        return replace(
            self,
            column=self.column.append(added),
            lower=np.concatenate([self.lower, least]),
            upper=np.concatenate([self.upper, most]),
            matrix=sparse.csr_array(
                (self.matrix.data, self.matrix.indices, self.matrix.indptr),
                (len(self.row), len(self.column) + len(added)),
            ),
        )

    def at_most(
        self, labels: object, coefficients: object, limit: ArrayLike, unit: str = ""
    ) -> Self:
        """Add rows ``coefficients @ columns <= limit``.

        Parameters
        ----------
        labels : label or sequence of label
            New row labels.
        coefficients : array, sparse array, DataFrame or Series
            Shape (labels, columns) in order, or labelled by column (those left out are 0);
            one-dimensional for a single row.
        limit : float, array or Series
            Right-hand side.
        unit : str
            Unit of the limit, for reports.

        Returns
        -------
        Program
            With the rows.

        Raises
        ------
        DataError
            If a row label is taken, a column label unknown, a shape wrong, or a number NaN.

        Examples
        --------
        >>> row = pd.Series({"E2": 2.0})
        >>> Program().columns(["E1", "E2"]).at_most("S1", row, 1.0).matrix.toarray()
        array([[0., 2.]])
        """
        return self._rows(index_of(labels), coefficients, limit, (1, unit))

    def at_least(
        self, labels: object, coefficients: object, limit: ArrayLike, unit: str = ""
    ) -> Self:
        """Add rows ``coefficients @ columns >= limit``.

        Parameters
        ----------
        labels, coefficients, limit, unit
            As for :meth:`at_most`.

        Returns
        -------
        Program
            With the rows.

        Raises
        ------
        DataError
            As :meth:`at_most`.

        Examples
        --------
        >>> Program().columns(["E1"]).at_least("floor", [1.0], 2.0).minimise(1.0).value
        2.0
        """
        return self._rows(index_of(labels), coefficients, limit, (-1, unit))

    def equal(self, labels: object, coefficients: object, limit: ArrayLike, unit: str = "") -> Self:
        """Add rows ``coefficients @ columns == limit``.

        Parameters
        ----------
        labels, coefficients, limit, unit
            As for :meth:`at_most`.

        Returns
        -------
        Program
            With the rows.

        Raises
        ------
        DataError
            As :meth:`at_most`.

        Examples
        --------
        >>> Program().columns(["E1"]).equal("fixed", [2.0], 2.0).maximise(1.0).value
        1.0
        """
        return self._rows(index_of(labels), coefficients, limit, (0, unit))

    def maximise(self, objective: ArrayLike) -> Solution:
        """Greatest value of an objective.

        Parameters
        ----------
        objective : float, array or Series
            Coefficient of each column; a Series may leave columns out (0).

        Returns
        -------
        Solution
            Point, prices and activities.

        Raises
        ------
        InfeasibleError
            If no point meets all rows.
        DataError
            If the objective can grow without limit.
        ConvergenceError
            If the solver stops early or its point breaks a row by more than 1e-9.

        Examples
        --------
        >>> Program().columns(["E1"], upper=2.0).maximise(3.0).value
        6.0
        """
        cost = cost_of(self, objective)
        return solution_of(self, cost, solved(self, cost))

    def minimise(self, objective: ArrayLike) -> Solution:
        """Least value of an objective.

        Parameters
        ----------
        objective : float, array or Series
            As for :meth:`maximise`.

        Returns
        -------
        Solution
            Point, prices and activities.

        Raises
        ------
        InfeasibleError, DataError, ConvergenceError
            As :meth:`maximise`.

        Examples
        --------
        >>> Program().columns(["E1"], lower=2.0).minimise(3.0).value
        6.0
        """
        cost = -cost_of(self, objective)
        found = solution_of(self, cost, solved(self, cost))
        return replace(found, value=-found.value)

    def keep(self, rows: ArrayLike) -> Self:
        """Program with some of the rows only.

        Parameters
        ----------
        rows : array of bool or int
            Rows to keep, by position.

        Returns
        -------
        Program
            The same columns.

        Examples
        --------
        >>> len(Program().columns(["E1"]).at_most(["a", "b"], [[1.0], [2.0]], 1.0).keep([1]).row)
        1
        """
        chosen = np.arange(len(self.row))[np.asarray(rows)]
        return replace(
            self,
            row=self.row[chosen],
            matrix=sparse.csr_array(self.matrix[chosen]),
            limit=self.limit[chosen],
            sense=self.sense[chosen],
            unit=tuple(self.unit[k] for k in chosen),
        )

    def _rows(
        self,
        labels: pd.Index[Any],
        coefficients: object,
        limit: ArrayLike,
        kind: tuple[int, str],
    ) -> Self:
        refuse_repeats(labels, self.row, "row")
        if isinstance(coefficients, pd.DataFrame):
            order = index_of(coefficients.index).get_indexer(labels)
            if len(coefficients) != len(labels) or (order < 0).any():
                given = list(coefficients.index)
                raise DataError(f"coefficients have rows {given}; right would be {list(labels)}")
            coefficients = coefficients.iloc[order]
        added = coefficients_of(self.column, coefficients, len(labels))
        if len(self.row):
            added = sparse.csr_array(sparse.vstack([self.matrix, added]))
        return replace(
            self,
            row=self.row.append(labels),
            matrix=added,
            limit=np.concatenate([self.limit, numbers(limit, labels, "limit")]),
            sense=np.concatenate([self.sense, np.full(len(labels), kind[0])]),
            unit=self.unit + (kind[1],) * len(labels),
        )


def solution_of(program: Program, cost: Floats, answer: Answer) -> Solution:
    """Answer of a solver with its labels."""
    bound = answer.column_price
    gain = np.where(program.sense == 0, 1, program.sense) * answer.row_price
    return Solution(
        value=math.fsum(cost * answer.column),
        column=pd.Series(answer.column, program.column),
        activity=pd.Series(program.matrix @ answer.column, program.row),
        shadow_price=pd.Series(gain + 0.0, program.row),
        lower_price=pd.Series(np.maximum(-bound, 0.0) + 0.0, program.column),
        upper_price=pd.Series(np.maximum(bound, 0.0) + 0.0, program.column),
        degenerate=answer.degenerate,
    )


def cost_of(program: Program, objective: ArrayLike) -> Floats:
    """Objective as one coefficient per column, labels checked."""
    if isinstance(objective, pd.Series):
        row = coefficients_of(program.column, objective, 1)
        return np.asarray(row.toarray()[0], dtype=float)
    return numbers(objective, program.column, "objective")


def problem_of(program: Program, cost: Floats) -> Problem:
    """Numbers of a program without its labels."""
    from permitload.program._highs import Problem

    row_lower = np.where(program.sense <= 0, program.limit, -np.inf)
    row_upper = np.where(program.sense >= 0, program.limit, np.inf)
    return Problem(cost, program.matrix, row_lower, row_upper, program.lower, program.upper)


def solved(program: Program, cost: Floats) -> Answer:
    """Maximise, verify the point without the solver, and raise what went wrong."""
    from permitload.program._highs import solve

    if not len(program.column):
        raise DataError("the program has no columns; right would be at least one")
    answer = solve(problem_of(program, cost))
    refuse(program, answer)
    verify(program, answer.column)
    return answer


def refuse(program: Program, answer: Answer) -> None:
    """Raise what went wrong."""
    if answer.status == "infeasible":
        raise InfeasibleError("no point meets all rows: relax() says which rows miss by how much")
    if answer.status == "unbounded":
        names = ", ".join(str(program.column[k]) for k in answer.ray)
        message = f"the objective grows without limit along {names}; right would be a row or bound"
        raise DataError(message)
    if answer.status != "optimal":
        raise ConvergenceError(f"HiGHS stopped with {answer.status!r}")


def verify(program: Program, point: Floats) -> None:
    """Re-check every row in unscaled numbers."""
    slack = program.limit - program.matrix @ point
    excess = np.where(program.sense == 0, np.abs(slack), -program.sense * slack)
    size = np.abs(program.limit) + abs(program.matrix) @ np.abs(point)
    broken = excess > VERIFIED * size
    if broken.any():
        worst = pd.DataFrame({"row": program.row[broken], "excess": excess[broken]})
        message = f"HiGHS returned a point that breaks {int(broken.sum())} rows"
        raise ConvergenceError(message, worst.sort_values("excess", ascending=False))
