"""Alpha-fairness: a dial from the greatest total to the leximin."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from permitload._labels import number
from permitload.errors import DataError
from permitload.fairness._fairest import fairest
from permitload.fairness._given import beside, reported
from permitload.program import Program, Solution
from permitload.sharing import Filling, Rows, alpha_fairness, fill
from permitload.sharing.filling import refuse_overfull
from permitload.sharing.rows import Room, refuse_endless, room

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

__all__ = ["alpha_index", "alpha_rule", "greatest_total"]

Floats = NDArray[np.float64]


def alpha_rule(alpha: float) -> Callable[..., Filling]:
    r"""Composition of greatest :math:`\sum t_i (x_i/t_i)^{1-\alpha} / (1-\alpha)`.

    Alpha 0 is :func:`greatest_total`, which may shut a source out completely: a benchmark,
    never a permit. Alpha 1 is proportional fairness, 2 the least potential delay, infinity
    :func:`permitload.sharing.fill`.

    Parameters
    ----------
    alpha : float
        Aversion to inequality [1]: 0, from 0.1 to 20, or infinity.

    Returns
    -------
    function
        Composition ``(target, rows, *, lower, upper)``.

    Raises
    ------
    DataError
        If alpha is none of these.

    Examples
    --------
    >>> rows = ([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]], [30.0, 30.0])
    >>> [alpha_rule(a)([30.0] * 3, rows).share.round(2).tolist() for a in (0, 1, np.inf)]
    [[0.0, 30.0, 30.0], [10.0, 20.0, 20.0], [15.0, 15.0, 15.0]]
    """
    if number(alpha, "alpha") == 0:
        return greatest_total
    if alpha == np.inf:
        return fill
    if not 0.1 <= alpha <= 20.0:
        raise DataError(f"alpha is {alpha}; right would be 0, 0.1 to 20, or infinity")
    return partial(alpha_fairness, alpha=alpha)


def greatest_total(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> Filling:
    """Greatest sum of shares, whoever gets them: the efficient point beside which rules are put.

    Of all splits of that sum the fairest is taken: leximin of the shares.

    Parameters
    ----------
    target : array or Series
        Claims >= 0: ceilings where none are given.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit``.
    lower, upper : float, array or Series
        Floors, 0 by default, and ceilings.

    Returns
    -------
    Filling
        Shares; levels ``share / target``; a full row, ``ceiling`` or ``floor`` for each; the
        gain of the sum per unit of each row.

    Raises
    ------
    InfeasibleError
        If the floors do not fit into the rows.
    DataError
        If a number is NaN or negative, labels do not match, or nothing bounds a source.

    Examples
    --------
    >>> greatest_total([30.0, 30.0], ([[0.02, 0.01]], [0.5])).share
    array([10., 30.])
    """
    problem = room(target, rows, lower, upper, 0.0)
    refuse_overfull(problem)
    untouched = np.diff(problem.matrix.tocsc().indptr) == 0
    refuse_endless(problem, np.isinf(problem.upper) & untouched)
    # Sources without target stay at their floor, as in every other composition.
    program = Program().columns(problem.source, problem.lower, problem.upper)
    program = program.at_most(problem.row, problem.matrix, problem.limit)
    solution = program.maximise(1.0)
    share = np.clip(
        fairest(program, solution, problem.source).to_numpy(), problem.lower, problem.upper
    )
    moving = problem.step > 0
    level = np.where(moving, share / np.where(moving, problem.step, 1.0), 1.0)
    given = [problem.given(v, target) for v in (share, level, _stops(problem, share, solution))]
    return Filling(given[0], given[1], given[2], solution.shadow_price)


def _stops(problem: Room, share: Floats, solution: Solution) -> NDArray[Any]:
    """Name the bound a source stands on, or the row that charges it most."""
    charge = problem.matrix.multiply(solution.shadow_price.to_numpy()[:, None]).toarray()
    reason: NDArray[Any] = problem.row.to_numpy(dtype=object)[charge.argmax(axis=0)]
    reason[(share == problem.lower) & (share != 0)] = "floor"
    reason[share == problem.upper] = "ceiling"
    reason[problem.step == 0] = "fixed"
    return reason


def alpha_index(permitted_load: xr.DataArray, claim: xr.DataArray, alpha: float) -> xr.DataArray:
    r"""Atkinson index of loads per claim: what unequal levels cost, by the measure of alpha.

    Parameters
    ----------
    permitted_load : DataArray
        Loads >= 0 (source, and any other dimensions), in any unit.
    claim : DataArray
        Claims >= 0 (source, and any of the others); who claims nothing takes no part.
    alpha : float
        Aversion to inequality >= 0 [1]; infinity counts the least level alone.

    Returns
    -------
    DataArray
        Index [1], 0 (equal levels, or alpha 0) to 1, by the dimensions other than source. NaN
        where the loads or claims add up to 0: the coordinate ``reason`` says so.

    Raises
    ------
    DataError
        If labels differ, a number is NaN, infinite or negative, or alpha is negative or NaN.

    Notes
    -----
    .. math:: 1 - \frac{1}{\bar r} \Bigl(\sum_i t_i r_i^{1-\alpha} /
        \sum_i t_i\Bigr)^{1/(1-\alpha)}, \quad r_i = x_i / t_i

    Atkinson, A. B. (1970), On the measurement of inequality, J. Econ. Theory 2, 244-263,
    doi:10.1016/0022-0531(70)90039-6, weighted by the claims.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"]}
    >>> load = xr.DataArray([3.0, 1.0], labels)
    >>> alpha_index(load, xr.DataArray([2.0, 2.0], labels), np.inf).item()
    0.5
    """
    if not number(alpha, "alpha") >= 0:
        raise DataError(f"alpha is {alpha}; right would be a number >= 0")
    loads, claims = beside(permitted_load, claim)
    taking = claims.values > 0
    weight = claims.values
    idle, void = (loads.values * taking).sum(axis=0) == 0, weight.sum(axis=0) == 0
    level = loads.values / np.where(taking, weight, 1.0)
    weight = weight / np.where(void, 1.0, weight.sum(axis=0))
    mean = np.where(idle, 1.0, (weight * level).sum(axis=0))
    value = 1.0 - _equivalent(level / mean, weight, alpha)
    why = {"the loads add up to 0": idle, "the claims add up to 0": void}
    return reported(np.clip(value, 0.0, 1.0), loads, why).rename("alpha_index")


def _equivalent(level: Floats, weight: Floats, alpha: float) -> Floats:
    """Level that is as good for all as the given ones: their mean of power ``1 - alpha``."""
    taking = weight > 0
    least = np.where(taking, level, np.inf).min(axis=0)
    if alpha == np.inf:
        return np.asarray(least)
    # In units of the least level, so that no power overflows; a level of 0 has log -inf.
    base = np.where(np.isfinite(least) & (least > 0), least, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(np.where(taking, level / base, 1.0))
        if alpha == 1:
            return np.asarray(base * np.exp((weight * ratio).sum(axis=0)))
        power = (weight * np.exp((1.0 - alpha) * ratio)).sum(axis=0)
        return np.asarray(base * power ** (1.0 / (1.0 - alpha)))
