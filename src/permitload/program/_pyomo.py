"""A program as a Pyomo model: linear expressions row by row, straight from the arrays."""

from __future__ import annotations

import numpy as np
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr.numeric_expr import LinearExpression
from pyomo.environ import Any, ConcreteModel, Constraint, Integers, Var

from permitload.program._arrays import Arrays

__all__ = ["model_of"]


def model_of(program: Arrays) -> ConcreteModel:
    """Columns and rows of a program; coefficients do not go through Pyomo's algebra."""
    model = ConcreteModel()
    model.column, model.row = Var(Any, dense=False), Constraint(Any)
    columns = []
    for label, lower, upper, whole in zip(
        program.column, *map(_bounds, (program.lower, program.upper)), program.integer, strict=True
    ):
        column = model.column[label]
        column.setlb(lower)
        column.setub(upper)
        if whole:
            column.domain = Integers
        columns.append(column)
    matrix = program.matrix
    coefficient, place, start = matrix.data.tolist(), matrix.indices.tolist(), matrix.indptr
    limits = program.limit.tolist()
    # One pass of the collector over so many objects takes as long as making them.
    with PauseGC():
        for k, (label, sense, limit) in enumerate(
            zip(program.row, program.sense, limits, strict=True)
        ):
            entries = slice(start[k], start[k + 1])
            sum_of = LinearExpression(
                linear_coefs=coefficient[entries],
                linear_vars=[columns[j] for j in place[entries]],
            )
            lower, upper = (limit if sense <= 0 else None), (limit if sense >= 0 else None)
            model.row[label] = (lower, sum_of, upper) if sense else (sum_of, limit)
    return model


def _bounds(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float | None]:
    """Bounds as Pyomo writes them."""
    return [value if np.isfinite(value) else None for value in values.tolist()]
