"""Programs from arrays: building, solving, and handing them to Pyomo."""

from typing import Any

import numpy as np
from measure import Task
from shapes import Floats

from permitload.program import Program

ROWS = 50
RULES = 1_000
"""Columns up to which Pyomo's own rules are timed, too."""


class Case:
    """Greatest total load of many sources under some sections, coefficients all there."""

    def __init__(self, size: int, seed: int) -> None:
        draw = np.random.default_rng([seed, size])
        self.upper: Floats = draw.lognormal(2.0, 1.0, size)
        self.matrix: Floats = draw.uniform(0.1, 1.0, (ROWS, size))
        self.limit: Floats = draw.uniform(0.3, 0.9, ROWS) * (self.matrix @ self.upper)
        self.columns = [f"E{k}" for k in range(size)]
        self.rows = [f"S{k}" for k in range(ROWS)]

    def build(self) -> Program:
        """Program from the arrays."""
        columns = Program().columns(self.columns, 0.0, self.upper)
        return columns.at_most(self.rows, self.matrix, self.limit, "mg/L")

    def ruled(self) -> Any:  # noqa: ANN401  # untyped in pyomo
        """Pyomo model of the same by rules, an expression for each coefficient."""
        import pyomo.environ as pyo

        model = pyo.ConcreteModel()
        limits = dict(zip(self.columns, self.upper.tolist(), strict=True))
        model.column = pyo.Var(self.columns, bounds=lambda _, name: (0.0, limits[name]))
        entry = {
            (row, name): value
            for row, values in zip(self.rows, self.matrix.tolist(), strict=True)
            for name, value in zip(self.columns, values, strict=True)
        }
        most = dict(zip(self.rows, self.limit.tolist(), strict=True))
        model.row = pyo.Constraint(
            self.rows,
            rule=lambda m, row: (
                sum(entry[row, name] * m.column[name] for name in self.columns) <= most[row]
            ),
        )
        return model

    def tasks(self) -> dict[str, Task]:
        """Build, solve, curve, and the way to Pyomo."""
        program = self.build()
        curve = 2.0 / self.upper
        tasks = {
            "build": Task(self.build),
            "solve": Task(lambda: program.maximise(1.0)),
            "quadratic": Task(lambda: program.minimise_quadratic(-2.0, curve)),
            "to_pyomo": Task(program.to_pyomo),
        }
        if len(self.columns) <= RULES:
            tasks["rules"] = Task(self.ruled)
        return tasks

    def check(self) -> None:
        """Compare optima with scipy's, and Pyomo's rows with the arrays."""
        import pyomo.environ as pyo
        from scipy.optimize import linprog

        program = self.build()
        bounds = np.column_stack([np.zeros(len(self.upper)), self.upper])
        right = -linprog(-np.ones(len(self.upper)), self.matrix, self.limit, bounds=bounds).fun
        if not abs(program.maximise(1.0).value - right) <= 1e-6 * right:
            raise RuntimeError(f"the total is not {right}")
        model = program.to_pyomo()
        for name, value in zip(self.columns, self.upper, strict=True):
            model.column[name] = value
        there = self.matrix @ self.upper
        found = np.array([pyo.value(model.row[name].body) for name in self.rows])
        if not np.allclose(found, there, rtol=1e-9):
            raise RuntimeError("Pyomo's rows are not those of the program")
