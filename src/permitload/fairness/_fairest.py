"""The fairest of all points that share an optimum."""

from __future__ import annotations

from typing import Any

import pandas as pd

from permitload._labels import index_of
from permitload.program import Program, Solution, face, leximin

__all__ = ["fairest"]


def fairest(program: Program, solution: Solution, labels: pd.Index[Any]) -> pd.Series[float]:
    """Leximin of some columns themselves among all points that attain the optimum."""
    point = solution.column[labels].copy()
    kept = face(program, solution)
    free = index_of([label for label in labels if label in kept.column])
    if len(free):
        one = pd.Series(1.0, free)
        point[free] = leximin(kept, 0.0 * one, one)["share"].astype(float)
    return point
