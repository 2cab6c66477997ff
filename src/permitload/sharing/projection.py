"""Nearest shares: the least squared departure from a target that every row admits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from permitload.sharing._dual import Curve
from permitload.sharing._priced import priced
from permitload.sharing.filling import Filling
from permitload.sharing.rows import Rows, room

__all__ = ["project"]

_CURVE = Curve(
    level=lambda charge: 1.0 - 0.5 * charge,
    slope=lambda charge: np.full(charge.shape, 0.5),
    charge=lambda level: 2.0 * (1.0 - level),
)


def project(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> Filling:
    """Shares nearest to the target under many rows: least ``sum((share - target)**2 / target)``.

    Each full row has a price, and a source is cut in proportion to what it adds there:
    ``share = target * (1 - sum(price * coefficient) / 2)`` between floor and ceiling. Where
    :func:`fill` cuts all who touch a full row to one level, this cuts those most that add most.
    The shares are unique; prices are, unless full rows depend on each other.

    Parameters
    ----------
    target : array or Series
        What is shared out towards, in any unit, >= 0; a source of target 0 gets its floor.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit``, coefficients of either sign.
    lower : float, array or Series, default 0
        Floors.
    upper : float, array or Series, optional
        Ceilings; by default the target, or the floor where it is higher.

    Returns
    -------
    Filling
        Shares; levels ``share / target``; what stopped each source: the row that charges it most
        (``price * coefficient``), ``ceiling``, ``floor`` if that is above 0, ``target`` if no
        row charges it, or ``fixed``; and the price of each row.

    Raises
    ------
    InfeasibleError
        If the floors do not fit into the rows; carries the least relaxation.
    DataError
        If a number is NaN, labels do not match, or a target is negative.

    Notes
    -----
    Karush–Kuhn–Tucker conditions of a separable quadratic program, solved on the prices by a
    semismooth Newton method: Qi, L., Sun, J. (1993), Math. Program. 58, 353-367,
    doi:10.1007/BF01581275 (from memory, unverified). With one row and no bound reached the cut is
    ``a_i * target_i * excess / sum(a**2 * target)``, the rule of contribution (按贡献率).

    Examples
    --------
    >>> found = project([30.0, 20.0, 40.0], ([[0.01, 0.02, 0.005]], [0.8]))
    >>> found.share.round(4), found.price.round(4)
    (array([27.5   , 16.6667, 38.3333]), array([16.6667]))
    """
    return priced(room(target, rows, lower, upper, 0.0), _CURVE, target, Rows(*rows))
