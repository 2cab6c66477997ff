"""One total divided by any rule, and the part of given loads that a rule would place elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload._labels import number
from permitload.errors import DataError
from permitload.fairness._given import beside, reported
from permitload.sharing import Filling, Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

__all__ = ["divide", "misplaced"]


def divide(
    total: float,
    claim: ArrayLike,
    compose: Callable[..., Filling],
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> NDArray[np.float64] | pd.Series[float]:
    """Divide one total: any composition under the single row that shares add up to the total.

    What claims and ceilings cannot take is left over, never scaled up.

    Parameters
    ----------
    total : float
        What is divided, >= 0, in any unit.
    claim : array or Series
        Claims >= 0, in the unit of the total.
    compose : function
        The rule: :func:`equal_awards`, :func:`equal_losses`, :func:`talmud`, … or
        :func:`permitload.sharing.fill` for equal proportion.
    lower, upper : float, array or Series
        Floors, and ceilings; by default those of the rule, mostly the claims.

    Returns
    -------
    array or Series
        Shares in the order of the claims, a Series if the claims are one.

    Raises
    ------
    InfeasibleError
        If the floors exceed the total.
    DataError
        If the total is negative, NaN or infinite, or as the rule.

    Examples
    --------
    >>> from permitload.sharing import fill
    >>> divide(100.0, [100.0, 300.0], fill)
    array([25., 75.])
    >>> divide(500.0, [100.0, 300.0], fill)
    array([100., 300.])
    """
    if not 0 <= number(total, "total") < np.inf or not np.size(claim):
        found = f"total is {total} for {np.size(claim)} claims"
        raise DataError(f"{found}; right would be a finite total >= 0, and a claim")
    rows = Rows(np.ones((1, np.size(claim))), pd.Series([total], ["total"]))
    share: NDArray[np.float64] | pd.Series[float]
    share = compose(claim, rows, lower=lower, upper=upper).share
    return share


def misplaced(
    permitted_load: xr.DataArray, claim: xr.DataArray, compose: Callable[..., Filling]
) -> xr.DataArray:
    """Part of the total permitted that a rule, given the same total, would place elsewhere.

    Parameters
    ----------
    permitted_load : DataArray
        Loads >= 0 (source, and any other dimensions), in any unit.
    claim : DataArray
        Claims >= 0 (source, and any of the others), in the same unit.
    compose : function
        The rule, as for :func:`divide`.

    Returns
    -------
    DataArray
        Part of the total [1], 0 to 1, by the dimensions other than source. Loads beyond all
        claims are misplaced; where all loads are 0, none is.

    Raises
    ------
    DataError
        If labels differ or a number is NaN, infinite or negative.

    Notes
    -----
    The index of dissimilarity between the loads and those of the rule; where the rule gives out
    the whole total, half of the sum of all differences over the total.

    Examples
    --------
    >>> import xarray as xr
    >>> from permitload.sharing import fill
    >>> labels = {"source": ["A", "B"]}
    >>> load = xr.DataArray([3.0, 1.0], labels)
    >>> misplaced(load, xr.DataArray([4.0, 4.0], labels), fill).item()
    0.25
    """
    loads, claims = beside(permitted_load, claim)
    count = loads.sizes["source"]
    value = []
    for x, d in zip(
        loads.values.reshape(count, -1).T, claims.values.reshape(count, -1).T, strict=True
    ):
        excess = np.maximum(x - divide(x.sum(), d, compose), 0.0).sum()
        value.append(excess / x.sum() if excess else 0.0)
    return reported(np.reshape(value, loads.shape[1:]), loads, {}).rename("misplaced")
