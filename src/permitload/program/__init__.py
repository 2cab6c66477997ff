"""Labelled programs: rows and columns with names, prices, relaxations, conflicts.

A :class:`Program` is a registry of labelled rows and columns. HiGHS solves it, with integer
columns, too, Clarabel where the objective is quadratic; Pyomo opens it to other solvers. Whatever
comes back carries the labels: the point, the price of each row and the range in which it holds, the
least relaxation of rows that cannot be met, the smallest sets of rows that contradict each other.

Examples
--------
>>> program = Program().columns(["E1", "E2"], upper=40.0)
>>> program = program.at_most(["S1"], [[0.01, 0.005]], 0.5, unit="mg/L")
>>> program.maximise(1.0).value
70.0
"""

from permitload.program.conflict import conflicts
from permitload.program.filling import leximin
from permitload.program.price import face, gained, gains, priced, prices, sided, signed
from permitload.program.registry import Program
from permitload.program.relaxation import relax
from permitload.program.solution import Solution

__all__ = [
    "Program",
    "Solution",
    "conflicts",
    "face",
    "gained",
    "gains",
    "leximin",
    "priced",
    "prices",
    "relax",
    "sided",
    "signed",
]
