"""Optimum of a program, labelled."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

__all__ = ["Solution"]


@dataclass(frozen=True, slots=True)
class Solution:
    """Optimum of a :class:`Program`, labelled.

    Prices are never negative: the gain of the best objective (its rise when maximising, its
    fall when minimising) per unit by which a row or bound is relaxed. The price of an equality
    row is signed: the gain per unit by which its limit rises.

    Parameters
    ----------
    value : float
        Best objective.
    column : Series
        The point, by column label.
    activity : Series
        Left-hand side of each row, by row label.
    shadow_price : Series
        Price of each row.
    lower_price, upper_price : Series
        Price of each column's lower and upper bound.
    degenerate : bool
        Whether other prices may belong to the same optimum; :func:`prices` tells them apart.
    given : Series
        Integer columns. The prices are those with these columns fixed: what the other columns
        would gain, not what another choice of integers would.

    Examples
    --------
    >>> from permitload.program import Program
    >>> program = Program().columns(["E1"], upper=40.0).at_most(["S1"], [[0.01]], 0.5)
    >>> program.maximise(1.0).upper_price["E1"]
    np.float64(1.0)
    """

    value: float
    column: pd.Series[float]
    activity: pd.Series[float]
    shadow_price: pd.Series[float]
    lower_price: pd.Series[float]
    upper_price: pd.Series[float]
    degenerate: bool
    given: pd.Series[float] = field(default_factory=lambda: pd.Series(dtype=float))
