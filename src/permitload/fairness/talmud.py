"""Talmud: equal awards up to half of each claim, equal losses beyond."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from permitload.fairness._claims import claims_of
from permitload.fairness.divide import misplaced
from permitload.fairness.equal_awards import equal_awards
from permitload.fairness.equal_losses import equal_losses
from permitload.sharing import Filling, Rows

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["talmud", "talmud_index"]


def talmud(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> Filling:
    """Talmud rule: equal awards of half claims; who gets the half shares the rest by equal losses.

    Gains below the half and losses above it are treated alike (self-duality). With one row of
    ones it is the rule of Aumann and Maschler; beyond one row the two passes are a
    generalisation of this library (assumed): who is stopped below the half stays there.

    Parameters
    ----------
    target : array or Series
        Claims >= 0, in the unit of the rows, in any order.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit``.
    lower, upper : float, array or Series
        Floors, 0 by default, and ceilings; the claim is a ceiling in any case.

    Returns
    -------
    Filling
        Shares; the granted part of each claim as level; what stopped each: a row, ``floor``,
        ``ceiling``, or ``target`` where the claim is met below the ceiling.

    Raises
    ------
    InfeasibleError
        If the floors do not fit into the rows.
    DataError
        If a number is NaN, a claim negative, a floor above its ceiling, or labels differ.

    Notes
    -----
    Aumann, R. J., Maschler, M. (1985), Game theoretic analysis of a bankruptcy problem from the
    Talmud, J. Econ. Theory 36, 195-213, doi:10.1016/0022-0531(85)90102-4.

    Examples
    --------
    >>> talmud([100.0, 200.0, 300.0], ([[1.0, 1.0, 1.0]], [200.0])).share
    array([50., 75., 75.])
    """
    claims = claims_of(target, lower, upper)
    half = np.clip(claims.claim / 2, claims.lower, np.asarray(claims.most))
    middle = claims.like(half)
    first = equal_awards(middle, rows, lower=claims.like(claims.lower), upper=middle)
    # Rows that stopped someone below the half are full: nobody there rises any more.
    second = equal_losses(target, rows, lower=first.share, upper=upper)
    stops = np.where(np.asarray(first.share) >= half, second.stopped_by, first.stopped_by)
    return replace(second, stopped_by=claims.like(stops))


def talmud_index(permitted_load: xr.DataArray, claim: xr.DataArray) -> xr.DataArray:
    """Distance from the Talmud rule: part of the total that the rule would give to others.

    Parameters
    ----------
    permitted_load : DataArray
        Loads >= 0 (source, and any other dimensions), in any unit.
    claim : DataArray
        Claims >= 0 (source, and any of the others), in the same unit.

    Returns
    -------
    DataArray
        :func:`misplaced`.

    Raises
    ------
    DataError
        As :func:`misplaced`.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"]}
    >>> load = xr.DataArray([3.0, 1.0], labels)
    >>> talmud_index(load, xr.DataArray([4.0, 4.0], labels)).item()
    0.25
    """
    return misplaced(permitted_load, claim, talmud)
