"""Columns and rows of a program as arrays, with their labels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from permitload._labels import index_of, numbers, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults
from permitload.program._coefficients import coefficients_of

__all__ = ["Arrays"]

Floats = NDArray[np.float64]


def _no_numbers() -> Floats:
    return np.empty(0)


def _no_matrix() -> sparse.csr_array:
    return sparse.csr_array((0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """What a program consists of; see :class:`permitload.program.Program`."""

    column: pd.Index[Any] = field(default_factory=lambda: index_of([]))
    lower: Floats = field(default_factory=_no_numbers)
    upper: Floats = field(default_factory=_no_numbers)
    integer: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    row: pd.Index[Any] = field(default_factory=lambda: index_of([]))
    matrix: sparse.csr_array = field(default_factory=_no_matrix)
    limit: Floats = field(default_factory=_no_numbers)
    sense: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    unit: tuple[str, ...] = ()
    seconds: float = np.inf

    def within(self, seconds: float) -> Self:
        """Program whose integer columns are searched for no longer than this.

        Parameters
        ----------
        seconds : float
            Most time of one :meth:`maximise` or :meth:`minimise`, > 0 [s]. Without integer
            columns nothing is searched, and no limit applies.

        Returns
        -------
        Program
            The same columns and rows. Where no point is proved the best in time
            :class:`~permitload.errors.ConvergenceError` tells the best value found, the bound
            that no point exceeds, and the gap between them; ``worst`` has the three numbers.

        Raises
        ------
        DataError
            If the time is no number > 0.

        Examples
        --------
        >>> from permitload.program import Program
        >>> program = Program().columns(["plants"], integer=True).at_most("money", [2.0], 5.0)
        >>> program.within(60.0).maximise(1.0).value
        2.0
        """
        if not seconds > 0.0:
            right = "a number > 0 [s]"
            raise_faults([Fault("program", None, "seconds", seconds, "is out of range", right)])
        return replace(self, seconds=float(seconds))

    def _added(
        self,
        labels: pd.Index[Any],
        coefficients: object,
        limit: ArrayLike,
        kind: tuple[int, str],
    ) -> Self:
        """Rows of one kind (sense, unit) after the others."""
        refuse_repeats(labels, self.row, "row")
        if isinstance(coefficients, pd.DataFrame):
            order = index_of(coefficients.index).get_indexer(labels)
            if len(coefficients) != len(labels) or (order < 0).any():
                given = list(coefficients.index)
                raise DataError(f"coefficients have rows {given}; right would be {list(labels)}")
            coefficients = coefficients.iloc[order]
        added = coefficients_of(self.column, coefficients, len(labels))
        limits, sense = numbers(limit, labels, "limit"), kind[0]
        raise_faults(
            [
                Fault("program", labels[k], "limit", limits[k], "is met by no point", "finite")
                for k in np.flatnonzero(np.isinf(limits) & (np.sign(limits) != sense))
            ]
        )
        if len(self.row):
            added = sparse.csr_array(sparse.vstack([self.matrix, added]))
        return replace(
            self,
            row=self.row.append(labels),
            matrix=added,
            limit=np.concatenate([self.limit, limits]),
            sense=np.concatenate([self.sense, np.full(len(labels), sense)]),
            unit=self.unit + (kind[1],) * len(labels),
        )
