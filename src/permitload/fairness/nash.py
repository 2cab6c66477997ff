"""Nash bargaining: the greatest product of gains over what each has without an agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload.errors import InfeasibleError, raise_faults
from permitload.fairness._claims import claims_of
from permitload.fairness._given import beside, faults_at
from permitload.fairness.gini import coefficient
from permitload.sharing import Filling, Rows, alpha_fairness
from permitload.sharing.rows import Room, room

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["nash", "nash_index"]

NOISE = 1e-12
"""Relative room in a row that is taken for round-off."""
MOST = 5
"""Names that a message lists."""


def nash(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> Filling:
    r"""Weighted Nash bargaining solution with the floors as disagreement point.

    With one row of ones, :math:`x_i = d_i + w_i (C - \sum d) / \sum w`, up to the ceilings: the
    surplus beyond the guarantees is shared by weight.

    Parameters
    ----------
    target : array or Series
        Bargaining weights w > 0; a source of weight 0 stays at its floor.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit`` with coefficients >= 0.
    lower : float, array or Series, default 0
        What each has without an agreement, d.
    upper : float, array or Series, optional
        Ceilings; none by default.

    Returns
    -------
    Filling
        Shares; gain per weight as level; what stopped each; the price of each row.

    Raises
    ------
    InfeasibleError
        If the bargaining set is empty: a row leaves no gain to a source that touches it. Carries
        those rows, ``missing`` being what the floors exceed them by.
    DataError
        If a coefficient or weight is negative, a number NaN, or labels do not match.

    Notes
    -----
    .. math:: \max \sum_i w_i \ln(x_i - d_i)

    Nash, J. F. (1950), The bargaining problem, Econometrica 18, 155-162, doi:10.2307/1907266;
    the same as :func:`permitload.sharing.alpha_fairness` at alpha 1 beyond the floors.

    Examples
    --------
    >>> nash([0.5, 0.3, 0.2], ([[1.0, 1.0, 1.0]], [100.0]), lower=[5.0, 10.0, 5.0]).share
    array([45., 34., 21.])
    """
    claims = claims_of(target, lower, np.inf if upper is None else upper)
    least, most = claims.like(claims.lower), claims.like(claims.upper)
    problem = room(target, rows, least, most, 0.0)
    base = problem.lower
    spare = problem.limit - problem.matrix @ base
    _refuse_empty(problem, spare)
    # In gains, so that weights of any size keep their digits beside the floors.
    found = alpha_fairness(
        pd.Series(problem.step, problem.source),
        Rows(problem.matrix, pd.Series(spare, problem.row)),
        lower=0.0,
        upper=problem.upper - base,
    )
    share = np.clip(base + found.share.to_numpy(), problem.lower, problem.upper)
    parts = (share, found.level, found.stopped_by)
    given = [problem.given(np.asarray(values), target) for values in parts]
    return Filling(given[0], given[1], given[2], found.price)


def _refuse_empty(problem: Room, spare: NDArray[np.float64]) -> None:
    """Raise if a row leaves no gain to a source that has weight and touches it."""
    takes = (problem.step > 0) & (problem.upper > problem.lower)
    touched = abs(problem.matrix) @ takes.astype(float) > 0
    size = np.abs(problem.limit) + abs(problem.matrix) @ problem.lower
    empty = touched & (spare <= NOISE * size)
    if not empty.any():
        return
    table = pd.DataFrame(
        {"limit": problem.limit[empty], "missing": np.maximum(-spare[empty], 0.0)},
        problem.row[empty],
    )
    used = problem.matrix @ problem.lower
    named = [
        f"{_name(problem.row[k])} for {_touching(problem, k, takes)}, whose row the floors fill "
        f"with {used[k]:g} of {problem.limit[k]:g}"
        for k in np.flatnonzero(empty)[:MOST]
    ]
    more = f"; and at {int(empty.sum()) - MOST} more" if empty.sum() > MOST else ""
    message = f"the bargaining set is empty: no gain at {'; '.join(named)}{more}"
    raise InfeasibleError(message, table)


def _name(label: object) -> str:
    """Name of a row; that of a section and a period is a pair."""
    return ", ".join(map(str, filter(None, label))) if isinstance(label, tuple) else str(label)


def _touching(problem: Room, row: int, takes: NDArray[np.bool_]) -> str:
    """Name the first sources that a row keeps from a gain."""
    place = problem.matrix[[row]].indices
    names = [_name(label) for label in problem.source[place[takes[place]]]]
    return ", ".join(names[:MOST]) + (" and others" if len(names) > MOST else "")


def nash_index(
    permitted_load: xr.DataArray, claim: xr.DataArray, floor: xr.DataArray
) -> xr.DataArray:
    """Distance from the bargaining solution: Gini coefficient of gains against weights.

    Parameters
    ----------
    permitted_load : DataArray
        Loads (source, and any other dimensions), in any unit.
    claim : DataArray
        Bargaining weights (source, and any of the others).
    floor : DataArray
        What each has without an agreement (source, and any of the others), in the unit of the
        loads, none above its load.

    Returns
    -------
    DataArray
        Coefficient [1] by the dimensions other than source, 0 where all gain by weight;
        ``reason`` says where it is undefined, such as without any gain.

    Raises
    ------
    DataError
        If labels differ, a number is NaN, infinite or negative, or a load is below its floor.

    Examples
    --------
    >>> import xarray as xr
    >>> one = xr.DataArray([1.0, 1.0], {"source": ["A", "B"]})
    >>> nash_index(one + 2.0, one, one).item()
    0.0
    """
    granted, least = beside(permitted_load, floor, "floor")
    short = (granted < least).values
    raise_faults(faults_at(granted, short, "permitted_load", "is below its floor", "at least that"))
    return coefficient(granted - least, claim, ("gains", "weights"))
