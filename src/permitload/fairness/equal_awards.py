"""Equal awards: the same load for everyone, up to the claim (constrained, CEA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from permitload.fairness._claims import claims_of
from permitload.fairness.divide import misplaced
from permitload.sharing import Filling, Rows, fill

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["equal_awards", "equal_awards_index"]


def equal_awards(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> Filling:
    r"""Equal awards: all shares rise together, each as far as its claim and the rows allow.

    Small claims are met first. With one row of ones, :math:`x_i = \min(d_i, \theta)`. Under
    many rows it is the leximin of the shares themselves.

    Parameters
    ----------
    target : array or Series
        Claims d >= 0, in the unit of the rows.
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
    Thomson, W. (2003), Axiomatic and game-theoretic analysis of bankruptcy and taxation
    problems, Math. Soc. Sci. 45, 249-297, doi:10.1016/S0165-4896(02)00070-7.

    Examples
    --------
    >>> equal_awards([100.0, 200.0, 300.0], ([[1.0, 1.0, 1.0]], [400.0])).share
    array([100., 150., 150.])
    """
    claims = claims_of(target, lower, upper)
    one = claims.like(1.0)
    found = fill(one, rows, lower=claims.like(claims.lower), upper=claims.most)
    return claims.satisfied(found)


def equal_awards_index(permitted_load: xr.DataArray, claim: xr.DataArray) -> xr.DataArray:
    """Distance from equal awards: part of the total that the rule would give to others.

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
    >>> equal_awards_index(load, xr.DataArray([6.0, 6.0], labels)).item()
    0.25
    """
    return misplaced(permitted_load, claim, equal_awards)
