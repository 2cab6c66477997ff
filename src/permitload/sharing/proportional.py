"""A total shared in proportion to weights, between floors and ceilings."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload._labels import index_of, number, numbers
from permitload.errors import DataError, Fault, InfeasibleError, raise_faults
from permitload.sharing._level import level_at

__all__ = ["capped_proportional", "proportional_level"]

Floats = NDArray[np.float64]

NOISE = 1e-12
"""Relative gap between a total and the sum of bounds that is taken for round-off."""


def capped_proportional(
    total: float, weight: ArrayLike, lower: ArrayLike = 0.0, upper: ArrayLike = np.inf
) -> Floats | pd.Series[float]:
    """Share a total in proportion to weights, no share below its floor or above its ceiling.

    Each share is ``clip(level * weight, lower, upper)`` with the one level at which the shares
    add up to the total. Clipping and then scaling up again breaks floors and ceilings; this
    does not.

    Parameters
    ----------
    total : float
        What is shared, >= 0, in any unit.
    weight : array or Series
        Relative claims, >= 0. Sources of weight 0 get their floor, unless the others cannot take
        the total: then they share the rest in equal parts, with a warning.
    lower, upper : float, array or Series
        Floors and ceilings in the unit of the total, 0 <= lower <= upper.

    Returns
    -------
    array or Series
        Shares, in the order of the weights; a Series if the weights are one.

    Raises
    ------
    InfeasibleError
        If the floors exceed the total or the ceilings do not reach it; says by how much.
    DataError
        If a number is NaN or negative, or a floor exceeds its ceiling.

    Warns
    -----
    UserWarning
        If sources of weight 0 share in equal parts.

    Examples
    --------
    >>> capped_proportional(100.0, [5.0, 3.0, 2.0], [0.0, 0.0, 35.0], [30.0, 100.0, 100.0])
    array([30., 35., 35.])
    """
    _, claim, least, most = _checked(total, weight, lower, upper)
    share = np.clip(_level(total, claim, least, most) * claim, least, most)
    return pd.Series(share, weight.index) if isinstance(weight, pd.Series) else share


def proportional_level(
    total: float, weight: ArrayLike, lower: ArrayLike = 0.0, upper: ArrayLike = np.inf
) -> float:
    """Level of :func:`capped_proportional`: the share per unit of weight between the bounds.

    Parameters
    ----------
    total : float
        What is shared, >= 0.
    weight : array or Series
        Relative claims, >= 0.
    lower, upper : float, array or Series
        Floors and ceilings.

    Returns
    -------
    float
        The least level at which the shares add up to the total; where sources of weight 0 share
        in equal parts, the part.

    Raises
    ------
    InfeasibleError, DataError
        As :func:`capped_proportional`.

    Examples
    --------
    >>> proportional_level(100.0, [5.0, 3.0, 2.0], [0.0, 0.0, 25.0], [30.0, 100.0, 100.0])
    14.0
    """
    _, claim, least, most = _checked(total, weight, lower, upper)
    return _level(total, claim, least, most)


def _level(total: float, claim: Floats, least: Floats, most: Floats) -> float:
    moving = claim > 0
    with np.errstate(over="ignore"):  # A vanishing weight never reaches its bound.
        start, end = least[moving] / claim[moving], most[moving] / claim[moving]
    return level_at(total - math.fsum(least), claim[moving], start, end, "left")


def _checked(
    total: float, weight: ArrayLike, lower: ArrayLike, upper: ArrayLike
) -> tuple[pd.Index[Any], Floats, Floats, Floats]:
    """Numbers per source, feasible, with equal claims where all claims are zero."""
    labels = index_of(weight.index if isinstance(weight, pd.Series) else range(np.size(weight)))
    claim = numbers(weight, labels, "weight")
    least, most = numbers(lower, labels, "lower"), numbers(upper, labels, "upper")
    raise_faults(
        [
            Fault("shares", label, name, value, "is out of range", expected)
            for label, w, low, high in zip(labels, claim, least, most, strict=True)
            for name, value, wrong, expected in (
                ("weight", w, not 0 <= w < np.inf, "a finite weight >= 0"),
                ("lower", low, not 0 <= low < np.inf, "a finite floor >= 0"),
                ("upper", high, high < low, f"at least the floor {low:g}"),
            )
            if wrong
        ]
    )
    if not len(labels) or not 0 <= number(total, "total") < np.inf:
        raise DataError(f"total is {total} for {len(labels)} sources; right would be a total >= 0")
    floors, ceilings = math.fsum(least), math.fsum(most)
    for gap, what in (
        (floors - total, f"floors add up to {floors:g}, more than the total {total:g}"),
        (total - ceilings, f"ceilings add up to {ceilings:g}, less than the total {total:g}"),
    ):
        if gap > NOISE * total:
            raise InfeasibleError(f"{what}, by {gap:g}")
    idle = claim == 0
    reachable = math.fsum(np.where(idle, least, most))
    if total - reachable > NOISE * total:
        warnings.warn("sources of weight 0 share the rest in equal parts", stacklevel=3)
        claim, least = np.where(idle, 1.0, claim), np.where(idle, least, most)
    return labels, claim, least, most
