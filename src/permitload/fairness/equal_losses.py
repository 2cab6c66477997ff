"""Equal losses: everyone gives up the same load, at most all (constrained, CEL)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from permitload.fairness._claims import claims_of
from permitload.fairness.divide import misplaced
from permitload.sharing import Filling, Rows, fill

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["equal_losses", "equal_losses_index"]


def equal_losses(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> Filling:
    r"""Equal losses: all losses fall together, each as far as the rows allow.

    Small claims may get nothing. With one row of ones, :math:`x_i = \max(0, d_i - \theta)`.
    Under many rows it is the leximin of the losses, the greatest first.

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
    Thomson, W. (2003), Math. Soc. Sci. 45, 249-297, doi:10.1016/S0165-4896(02)00070-7.

    Examples
    --------
    >>> equal_losses([100.0, 200.0, 300.0], ([[1.0, 1.0, 1.0]], [200.0])).share
    array([  0.,  50., 150.])
    """
    claims = claims_of(target, lower, upper)
    # The same step for all, of the size of the claims so that it does not drown in them.
    step = claims.claim.max(initial=0.0)
    found = fill(
        claims.like(claims.claim + step),
        rows,
        lower=claims.like(claims.lower),
        upper=claims.most,
        origin=claims.like(claims.claim),
    )
    return claims.satisfied(found)


def equal_losses_index(permitted_load: xr.DataArray, claim: xr.DataArray) -> xr.DataArray:
    """Distance from equal losses: part of the total that the rule would give to others.

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
    >>> equal_losses_index(load, xr.DataArray([4.0, 4.0], labels)).item()
    0.25
    """
    return misplaced(permitted_load, claim, equal_losses)
