"""Slopes of the best objective in each limit, to both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from permitload.program._parts import labels, parts

if TYPE_CHECKING:
    from permitload.program._highs import Model
    from permitload.program._problem import Answer
    from permitload.program.registry import Program

__all__ = ["Duals", "equilibrated", "slopes", "undecided"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

GAP = 1e-6
"""Singular value, relative to the largest, at or below which rows are taken for dependent."""
NOISE = 1e-9
"""Share in a dependence of rows below which a row has no part in it."""


class Duals(NamedTuple):
    """Prices of rows and columns (d objective / d limit, d objective / d bound)."""

    row: Floats
    column: Floats


def undecided(program: Program, answer: Answer) -> Places:
    """Rows, by position, whose price may be another in another basis of the same optimum.

    In every optimal basis a slack row has no price, and the prices of the tight rows add up to
    the cost of each column that is off its bounds. A row's price is thereby given unless the row
    takes part in a dependence among the tight rows over those columns.
    """
    if not answer.degenerate:
        return np.empty(0, dtype=np.int64)
    tight = np.flatnonzero(answer.tight)
    loose = program.matrix[tight][:, ~(answer.at_lower | answer.at_upper)]
    share = np.zeros(len(tight))
    for rows, block in parts(sparse.csr_array(loose)):
        vectors, values, _ = np.linalg.svd(equilibrated(block)[0])
        rank = int((values > GAP * values.max(initial=0.0)).sum())
        share[rows] = np.abs(vectors[:, rank:]).max(axis=1, initial=0.0)
    return np.asarray(tight[share > NOISE])


def equilibrated(block: Floats) -> tuple[Floats, Floats, Floats]:
    """Block with rows and columns brought to a size of one, and their factors."""
    factors = []
    for axis in (1, 0):
        largest = np.abs(block).max(axis=axis, keepdims=True, initial=0.0)
        factors.append(1.0 / np.where(largest > 0, largest, 1.0))
        block = block * factors[-1]
    return block, factors[0], factors[1]


def slopes(
    program: Program, cost: Floats, answer: Answer, rows: Places, side: int
) -> tuple[Floats, list[Duals | None]]:
    """Slope of the best objective as one limit after the other relaxes (side 1) or tightens (-1).

    Found on the cone of directions that stay feasible, with duals that give it if they leave
    any move; minus infinity where no point would be left.
    """
    tight, moving = np.flatnonzero(answer.tight), np.flatnonzero(program.lower < program.upper)
    block = sparse.csr_array(program.matrix[tight][:, moving])
    row, column = labels(block)
    slope, cones = np.zeros(len(rows)), {}
    duals: list[Duals | None] = [None] * len(rows)
    for j, k in enumerate(rows):
        at = int(np.searchsorted(tight, k))
        if block.indptr[at] == block.indptr[at + 1]:
            # No column moves this row: it holds as long as it is not tightened.
            slope[j] = 0.0 if side > 0 and program.sense[k] else -np.inf
            continue
        part = int(row[at])
        if part not in cones:
            own = tight[row == part], moving[column == part]
            cones[part] = _Cone(_cone(program, cost, answer, *own), *own)
        slope[j], duals[j] = _slope(program, answer, cones[part], (int(k), side))
    return slope, duals


class _Cone(NamedTuple):
    """Directions of one part of the program, and the positions of its rows and columns there."""

    model: Model
    row: Places
    column: Places


def _cone(program: Program, cost: Floats, answer: Answer, row: Places, column: Places) -> Model:
    """Directions that leave the columns and the tight rows of a part within their limits."""
    from permitload.program._highs import Model
    from permitload.program._problem import Problem

    sense = program.sense[row]
    return Model(
        Problem(
            cost[column],
            sparse.csr_array(program.matrix[row][:, column]),
            np.where(sense <= 0, 0.0, -np.inf),
            np.where(sense >= 0, 0.0, np.inf),
            np.where(answer.at_lower[column], 0.0, -np.inf),
            np.where(answer.at_upper[column], 0.0, np.inf),
        )
    )


def _slope(
    program: Program, answer: Answer, cone: _Cone, place: tuple[int, int]
) -> tuple[float, Duals | None]:
    """Slope of one row and its duals; ``place``: its position and the side.

    Other parts of the program keep the prices they have.
    """
    k, side = place
    at, model = int(np.searchsorted(cone.row, k)), cone.model
    sense = int(program.sense[k])
    relaxed = side * (sense or 1)
    step = relaxed * model.unit(at)
    model.set_limits(at, step if sense <= 0 else -np.inf, step if sense >= 0 else np.inf)
    found = model.again()
    model.set_limits(at, 0.0 if sense <= 0 else -np.inf, 0.0 if sense >= 0 else np.inf)
    if found.status == "infeasible":
        return -np.inf, None
    row, column = answer.row_price.copy(), answer.column_price.copy()
    if found.status == "optimal":
        row[cone.row], column[cone.column] = found.row_price, found.column_price
    # else too ill-conditioned for a cone of its own: the price of the one basis stands
    return relaxed * row[k] + 0.0, Duals(row, column)
