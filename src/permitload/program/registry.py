"""The registry: labelled columns and rows of a program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from permitload._labels import index_of, numbers, refuse_repeats
from permitload.errors import Fault, raise_faults
from permitload.program._arrays import Arrays
from permitload.program._coefficients import hessian_of
from permitload.program._solving import cost_of, solution_of, solved, solved_quadratic
from permitload.program.solution import Solution

if TYPE_CHECKING:
    from pyomo.environ import ConcreteModel

__all__ = ["Program"]


@dataclass(frozen=True, slots=True, eq=False)
class Program(Arrays):
    """A registry of labelled columns and rows: a linear, integer or quadratic program.

    Programs are values: each method returns a new one. Start from ``Program()``.

    Parameters
    ----------
    column : Index
        Labels of the columns.
    lower, upper : array
        Bounds of the columns.
    integer : array of bool
        Columns that take whole numbers only.
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
    seconds : float
        Longest search for integer columns, as :meth:`within` sets it.

    Examples
    --------
    >>> program = Program().columns(["E1", "E2"]).at_least("total", [1.0, 1.0], 3.0)
    >>> program.minimise([1.0, 2.0]).column.to_dict()
    {'E1': 3.0, 'E2': 0.0}
    """

    def columns(
        self,
        labels: object,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = np.inf,
        integer: bool = False,
    ) -> Self:
        """Add columns.

        Parameters
        ----------
        labels : sequence of label
            New labels.
        lower, upper : float, array or Series
            Bounds, inclusive.
        integer : bool, default False
            Whether these columns take whole numbers only.

        Returns
        -------
        Program
            With the columns; earlier rows have coefficient 0 there.

        Raises
        ------
        DataError
            If a label is taken, a bound is NaN, no number lies within the bounds, or an integer
            column has a bound that is no whole number.

        Examples
        --------
        >>> program = Program().columns(["plants"], integer=True).at_most("money", [2.0], 5.0)
        >>> program.maximise(1.0).column.to_dict()
        {'plants': 2.0}
        """
        added = index_of(labels)
        refuse_repeats(added, self.column, "column")
        least, most = numbers(lower, added, "lower"), numbers(upper, added, "upper")
        raise_faults(
            [
                Fault("program", added[k], "lower", least[k], "exceeds upper", f"at most {most[k]}")
                for k in np.flatnonzero(least > most)
            ]
            + [
                Fault("program", added[k], "lower", least[k], "to upper holds no number", "finite")
                for k in np.flatnonzero((least == most) & np.isinf(least))
            ]
            + [
                Fault("program", label, "integer", b, "is no whole number", "a whole bound, or inf")
                for bound in (least, most)
                if integer
                for label, b in zip(added, bound, strict=True)
                if np.isfinite(b) and b % 1
            ]
        )
        return replace(
            self,
            column=self.column.append(added),
            lower=np.concatenate([self.lower, least]),
            upper=np.concatenate([self.upper, most]),
            integer=np.append(self.integer, np.full(len(added), integer)),
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
            If a row label is taken, a column label unknown, a shape wrong, a number NaN, or a limit
            infinite so that no point meets it.

        Examples
        --------
        >>> row = pd.Series({"E2": 2.0})
        >>> Program().columns(["E1", "E2"]).at_most("S1", row, 1.0).matrix.toarray()
        array([[0., 2.]])
        """
        return self._added(index_of(labels), coefficients, limit, (1, unit))

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
        return self._added(index_of(labels), coefficients, limit, (-1, unit))

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
        return self._added(index_of(labels), coefficients, limit, (0, unit))

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
            If the solver stops early (:meth:`within`) or its point breaks a row by over 1e-9.

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
        found = solution_of(self, cost, solved(self, cost, -1))
        return replace(found, value=-found.value)

    def minimise_quadratic(self, objective: ArrayLike, quadratic: object) -> Solution:
        """Least value of a convex quadratic objective.

        Parameters
        ----------
        objective : float, array or Series
            Coefficient of each column, as for :meth:`maximise`.
        quadratic : float, array, sparse array, DataFrame or Series
            Curvature: one number >= 0 per column (a Series may leave columns out), or a
            symmetric, positive semidefinite matrix (column, column); a DataFrame by label.

        Returns
        -------
        Solution
            Point, prices and activities. Where curvature is 0 along a direction the point may
            be one of many.

        Raises
        ------
        InfeasibleError, DataError, ConvergenceError
            As :meth:`maximise`; DataError, too, if the objective is not convex or a column is
            integer.

        Notes
        -----
        ``objective @ x + x @ quadratic @ x / 2``. An interior method (Clarabel: Goulart, P. J.,
        Chen, Y. (2024), arXiv:2405.12762) finds which rows and bounds hold; the equations that
        they leave are then solved to round-off.

        Examples
        --------
        >>> program = Program().columns(["E1", "E2"]).at_most("S1", [1.0, 1.0], 1.0)
        >>> program.minimise_quadratic([-2.0, -1.0], 1.0).column.round(9).to_dict()
        {'E1': 1.0, 'E2': 0.0}
        """
        cost = -cost_of(self, objective)
        hessian = hessian_of(self.column, quadratic)
        answer = solved_quadratic(self, cost, hessian)
        bent = float(answer.column @ (hessian @ answer.column)) / 2.0
        found = solution_of(self, cost, answer)
        return replace(found, value=bent - found.value)

    def given(self, column: pd.Series[float]) -> Self:
        """Program with some columns fixed, no longer integer: what holds given these values.

        Parameters
        ----------
        column : Series
            Value of each column to fix, by label, such as ``solution.given``.

        Returns
        -------
        Program
            The same columns and rows.

        Raises
        ------
        DataError
            If a label is unknown or there twice, or a value is NaN or beyond the column's bounds.

        Examples
        --------
        >>> program = Program().columns(["plants"], integer=True).columns(["E1"])
        >>> program = program.at_most("S1", [-2.0, 1.0], 1.0)
        >>> program.given(pd.Series({"plants": 3.0})).maximise([0.0, 1.0]).column["E1"]
        np.float64(7.0)
        """
        labels = index_of(column.index)
        refuse_repeats(labels, labels[:0], "column")
        values, place = numbers(column, labels, "column"), self.column.get_indexer(labels)
        raise_faults(
            [
                Fault("program", label, "column", v, "fits no column", "a label and its bounds")
                for label, v, k in zip(labels, values, place, strict=True)
                if k < 0 or not self.lower[k] <= v <= self.upper[k]
            ]
        )
        lower, upper, integer = self.lower.copy(), self.upper.copy(), self.integer.copy()
        lower[place], upper[place], integer[place] = values, values, False
        return replace(self, lower=lower, upper=upper, integer=integer)

    def to_pyomo(self) -> ConcreteModel:
        """Columns and rows as a Pyomo model, open to rules and solvers of one's own.

        Returns
        -------
        ConcreteModel
            ``column``, a Var by column label with its bounds, and ``row``, a Constraint by row
            label; no objective. A tuple as label is several indices in Pyomo.

        Raises
        ------
        ModuleNotFoundError
            If Pyomo is not installed (``pip install permitload[pyomo]``).

        Examples
        --------
        >>> program = Program().columns(["E1", "E2"], upper=9.0).at_most("S1", [1.0, 1.0], 5.0)
        >>> program.to_pyomo().column["E2"].bounds
        (0.0, 9.0)
        """
        from permitload.program._pyomo import model_of

        return model_of(self)

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
            self, row=self.row[chosen], matrix=sparse.csr_array(self.matrix[chosen]),
            limit=self.limit[chosen], sense=self.sense[chosen],
            unit=tuple(self.unit[k] for k in chosen),
        )  # fmt: skip
