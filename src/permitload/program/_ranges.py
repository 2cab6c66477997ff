"""How far a limit may go before the price of its row changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from permitload.program._slopes import GAP, NOISE, equilibrated

if TYPE_CHECKING:
    from permitload.program._highs import Model
    from permitload.program._slopes import Duals
    from permitload.program.registry import Program

__all__ = ["ranges"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

ROUND_OFF = 1e-12
"""Part of a row's size up to which it is full, or of a way up to which its end is 0."""


def ranges(program: Program, point: Floats, duals: Duals, rows: Places) -> tuple[Floats, Floats]:
    """Limits of some rows, by position, for which the duals stay optimal.

    They do as long as some move keeps every other row that has a price full and every column
    whose bound has a price on it: the limit may then go wherever such moves take the activity of
    the row, and where the row has no price, as far as it likes on its open side.
    """
    activity = program.matrix @ point
    lower, upper = activity[rows], activity[rows]
    moves = _moves(program, point, activity, duals)
    found = np.flatnonzero(np.diff(moves.matrix.indptr)[rows] > 0)
    if len(found):
        line, touching = _inverse(moves), rows[found]
        reach = _walks(moves, touching) if line is None else _lines(moves, line[:, touching])
        for end, way in ((lower, -reach[0]), (upper, reach[1])):
            moved = end[found] + way
            end[found] = np.where(np.abs(moved) < ROUND_OFF * np.abs(way), 0.0, moved)
    idle = np.where(duals.row[rows] == 0, program.sense[rows], 0)
    return np.where(idle == -1, -np.inf, lower), np.where(idle == 1, np.inf, upper)


class _Moves(NamedTuple):
    """Columns without a price, and how far columns and rows may go (down, up) from the point."""

    matrix: sparse.csr_array
    column: tuple[Floats, Floats]
    row: tuple[Floats, Floats]
    full: NDArray[np.bool_]
    """Rows that have a price."""


def _moves(program: Program, point: Floats, activity: Floats, duals: Duals) -> _Moves:
    free = (duals.column == 0) & (program.lower < program.upper)
    full = duals.row != 0
    slack = np.maximum(program.sense * (program.limit - activity), 0.0)
    slack[slack <= ROUND_OFF * (np.abs(program.limit) + abs(program.matrix) @ np.abs(point))] = 0.0
    down, up = (np.where(~full & (program.sense == side), np.inf, slack) for side in (1, -1))
    return _Moves(
        sparse.csr_array(program.matrix[:, free]),
        (
            np.maximum(point - program.lower, 0.0)[free],
            np.maximum(program.upper - point, 0.0)[free],
        ),
        (np.where(full, 0.0, down), np.where(full, 0.0, up)),
        full,
    )


def _inverse(moves: _Moves) -> Floats | None:
    """Move of the columns per unit of each row; none if the full rows together leave some free."""
    full = moves.full & (np.diff(moves.matrix.indptr) > 0)
    block, row, column = equilibrated(moves.matrix[full].toarray())
    if block.shape[0] < block.shape[1]:
        return None
    left, values, right = np.linalg.svd(block, full_matrices=False)
    if values.min() <= GAP * values.max():
        return None
    inverse = (right.T / values) @ left.T
    inverse = 2.0 * inverse - inverse @ block @ inverse  # one step of Newton against round-off
    inverse[np.abs(inverse) <= NOISE * np.abs(inverse).max(axis=0)] = 0.0
    # A row that depends on the others cannot move without them.
    alone = np.abs(block @ inverse - np.eye(len(block))).max(axis=0) <= NOISE
    move = np.zeros((block.shape[1], len(full)))
    move[:, full] = np.where(alone, column.T * inverse * row.T, 0.0)
    return move


def _lines(moves: _Moves, step: Floats) -> tuple[Floats, Floats]:
    """Reach (down, up) of rows that have one line to move along, or none."""
    other = moves.matrix[~moves.full]
    rate = other @ step
    rate[np.abs(rate) <= NOISE * (abs(other) @ np.abs(step))] = 0.0
    rate = np.concatenate([step, rate])[:, :, None]
    down, up = (
        np.concatenate([column, row[~moves.full]])[:, None, None]
        for column, row in zip(moves.column, moves.row, strict=True)
    )
    # Backward along the line, and forward.
    room = np.where(rate * [-1.0, 1.0] > 0, up, down)
    speed = np.abs(rate)
    reach = np.divide(room, speed, out=np.full(room.shape, np.inf), where=speed > 0).min(axis=0)
    reach[~step.any(axis=0)] = 0.0
    return reach[:, 0], reach[:, 1]


def _walks(moves: _Moves, rows: Places) -> tuple[Floats, Floats]:
    """Reach (down, up) of rows by linear programs, each from the basis of the last."""
    from permitload.program._highs import Model, binding
    from permitload.program._problem import Problem

    problem = Problem(
        np.zeros(moves.matrix.shape[1]),
        moves.matrix,
        -moves.row[0],
        moves.row[1],
        -moves.column[0],
        moves.column[1],
    )
    kept = np.flatnonzero(binding(problem))
    lower, upper = problem.row_lower[kept], problem.row_upper[kept]
    matrix = sparse.csr_array(moves.matrix[kept])
    model = Model(replace(problem, matrix=matrix, row_lower=lower, row_upper=upper))
    reach = np.zeros((2, len(rows)))
    for j, (k, cost) in enumerate(zip(rows, moves.matrix[rows].toarray(), strict=True)):
        room = moves.row[0][k], moves.row[1][k]
        held = room == (0.0, 0.0)
        at = int(np.searchsorted(kept, k))
        if held:
            model.set_limits(at, -np.inf, np.inf)
        for side in (0, 1):
            if held or room[side] == np.inf:
                reach[side, j] = _furthest(model, (2 * side - 1) * cost)
        if held:
            model.set_limits(at, 0.0, 0.0)
    return reach[0], reach[1]


def _furthest(model: Model, direction: Floats) -> float:
    """How far moves go; standing still is one of them, and is all that is known if need be."""
    model.set_cost(direction)
    return max(0.0, model.greatest())
