"""Alpha-fairness: one dial from the greatest total to the fairest levels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from permitload._labels import number
from permitload.errors import DataError
from permitload.sharing._dual import Curve
from permitload.sharing._priced import priced
from permitload.sharing.filling import Filling
from permitload.sharing.rows import Room, Rows, refuse_endless, refuse_negative, room

__all__ = ["alpha_fairness"]

Floats = NDArray[np.float64]


def alpha_fairness(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
    origin: ArrayLike = 0.0,
    alpha: float = 1.0,
) -> Filling:
    """Shares of greatest ``sum(step * level**(1 - alpha) / (1 - alpha))`` under many rows.

    ``step = target - origin`` and ``level = (share - origin) / step``. At alpha 1 this is
    ``sum(step * log(level))``: proportional fairness (no other shares raise the sum of relative
    gains), and the bargaining solution of Nash with disagreement at the origin and the steps as
    weights. A small alpha nears the greatest total, a large one the equal levels of :func:`fill`.
    Each full row has a price, and between floor and ceiling ``share = origin + step *
    sum(price * coefficient) ** (-1 / alpha)``: nobody is shut out while the rows have room.

    Parameters
    ----------
    target : array or Series
        What is shared out towards, in any unit, >= origin.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit`` with coefficients >= 0.
    lower : float, array or Series, default 0
        Floors; the origin where that is higher.
    upper : float, array or Series, optional
        Ceilings; by default the target, or the floor where it is higher. Infinity makes the
        target a weight.
    origin : float, array or Series, default 0
        Shares at level 0.
    alpha : float, default 1
        Aversion to unequal levels, from 0.1 to 4.

    Returns
    -------
    Filling
        Shares, levels, and what stopped each source: the row that charges it most
        (``price * coefficient``), ``ceiling``, ``floor`` if that is not 0, or ``fixed``; and the
        price of each row, infinite where the floors fill a row down to the origin.

    Raises
    ------
    InfeasibleError
        If floors or origins do not fit into the rows; carries the least relaxation.
    DataError
        If a coefficient is negative, a number NaN, labels do not match, alpha is out of range,
        or a source has neither a ceiling nor a row.

    Notes
    -----
    Mo, J., Walrand, J. (2000), IEEE/ACM Trans. Netw. 8, 556-567, doi:10.1109/90.879343;
    proportional fairness: Kelly, F. (1997), Eur. Trans. Telecommun. 8, 33-37,
    doi:10.1002/ett.4460080106 (both from memory, unverified).

    Examples
    --------
    >>> rows = Rows([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]], [30.0, 30.0])
    >>> alpha_fairness([30.0, 30.0, 30.0], rows).share.round(9)
    array([10., 20., 20.])
    """
    if not 0.1 <= number(alpha, "alpha") <= 4.0:
        right = "0.1 to 4; for 0 the greatest total, for infinity fill()"
        raise DataError(f"alpha is {alpha}; right would be {right}")
    problem = room(target, rows, lower, upper, origin)
    refuse_negative(problem)
    floor = np.clip(problem.origin, problem.lower, problem.upper)
    problem = _bounded(replace(problem, lower=floor))
    return priced(problem, _curve(alpha), target, Rows(*rows))


def _curve(alpha: float) -> Curve:
    """Level at a charge, level = charge^(-1/alpha), its slope downwards and its inverse."""

    def level(charge: Floats) -> Floats:
        """Level = charge^(-1/alpha)."""
        # Who is charged nothing, or less by round-off, takes its ceiling.
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(np.maximum(charge, 0.0) ** (-1.0 / alpha))

    def charge(level: Floats) -> Floats:
        """Charge = level^(-alpha)."""
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(level**-alpha)

    return Curve(level, lambda charge: charge ** (-1.0 / alpha - 1.0) / alpha, charge)


def _bounded(problem: Room) -> Room:
    """Replace infinite ceilings by ones that the rows keep out of reach."""
    endless = np.isinf(problem.upper)
    if not endless.any():
        return problem
    entries = problem.matrix.tocoo()
    (row, column), a = entries.coords, entries.data
    spare = np.maximum(problem.limit - problem.matrix @ problem.lower, 0.0)
    most = np.full(len(endless), np.inf)
    np.minimum.at(most, column[a > 0], spare[row[a > 0]] / a[a > 0])
    refuse_endless(problem, endless & np.isinf(most))
    reach = problem.lower + 2.0 * most + problem.step
    return replace(problem, upper=np.where(endless, reach, problem.upper))
