"""What goes to a solver and comes back, and how far the answer is from the best."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["SUBNORMAL", "Answer", "Problem", "heard", "shortfall"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NOISE = 1e-9
"""Part of the terms of a slope up to which it, or a price in it, is round-off of zero."""

SUBNORMAL = float(np.finfo(float).tiny)
"""Least number that has all its digits: what is less is nothing beside any limit."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Maximise ``cost @ x`` with ``row_lower <= matrix @ x <= row_upper`` within bounds.

    ``matrix`` is a CSR array.
    """

    cost: Floats
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats


def _nothing() -> Floats:
    return np.empty(0)


def _nowhere() -> Flags:
    return np.empty(0, dtype=bool)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and, when ``optimal``, the point with its duals (d objective / d right-hand side).

    ``tight``, ``at_lower`` and ``at_upper`` are rows and columns on their bounds; ``degenerate``
    if more rows are tight than columns are off their bounds: the duals need not be unique.
    """

    status: str
    column: Floats = field(default_factory=_nothing)
    row_price: Floats = field(default_factory=_nothing)
    column_price: Floats = field(default_factory=_nothing)
    tight: Flags = field(default_factory=_nowhere)
    at_lower: Flags = field(default_factory=_nowhere)
    at_upper: Flags = field(default_factory=_nowhere)
    degenerate: bool = False
    ray: tuple[int, ...] = ()
    proved: tuple[float, float] = (-np.inf, np.inf)
    """Best objective found and the bound that none exceeds, where time ran out."""


def shortfall(
    problem: Problem, point: Floats, price: Floats, hessian: sparse.csr_array | None = None
) -> float:
    """Most that the objective can still rise, as a part of its size: weak duality, no solver.

    ``cost @ x - x @ hessian @ x / 2`` is concave and rises less than its gradient tells. That is
    what the prices of the rows add up to, and a slope that they do not explain: what is left of
    each row pays at its price, what is left of each column at its slope.
    """
    matrix, gradient, size = problem.matrix, problem.cost, np.abs(problem.cost)
    if hessian is not None:
        gradient, size = gradient - hessian @ point, size + abs(hessian) @ np.abs(point)
    # A price towards a side without a limit is none: any prices of the right sign prove a bound.
    none = np.where(price > 0, problem.row_upper, -problem.row_lower) == np.inf
    price = np.where(none, 0.0, price)
    slope = gradient - matrix.T @ price
    price, slope = heard(size, abs(matrix), (price, slope))
    activity = matrix @ point
    rise = _rise(slope, problem.upper - point, point - problem.lower)
    rise += _rise(price, problem.row_upper - activity, activity - problem.row_lower)
    worth = float(size @ np.abs(point))
    return rise / worth if worth > 0 else rise


def heard(
    cost: Floats, size: sparse.csr_array, duals: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Prices of rows and slopes of columns without round-off; ``cost`` and ``size`` are absolute.

    A slope is round-off if it is a small part of the terms that make it up, a price if it is a
    small part of them in every column.
    """
    price, slope = duals
    terms = cost + size.T @ np.abs(price)
    part = size @ np.divide(1.0, terms, out=np.zeros(len(terms)), where=terms > 0)
    return (
        np.where(np.abs(price) * part > NOISE, price, 0.0),
        np.where(np.abs(slope) > NOISE * terms, slope, 0.0),
    )


def _rise(price: Floats, up: Floats, down: Floats) -> float:
    """Sum of what prices give over the way that is left in their direction."""
    moving = np.flatnonzero(price)
    way = np.where(price[moving] > 0, up[moving], down[moving])
    return float(np.abs(price[moving]) @ np.maximum(way, 0.0))
