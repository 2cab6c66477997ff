"""Gini coefficient of loads against any measure of the sources, and the split that has least."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from permitload._labels import floats, index_of, number, numbers
from permitload.errors import DataError, Fault, raise_faults
from permitload.fairness._fairest import fairest
from permitload.fairness._given import beside, reported
from permitload.program import Program
from permitload.sharing.rows import Rows, room

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["coefficient", "gini", "least_gini"]


def gini(permitted_load: xr.DataArray, claim: xr.DataArray) -> xr.DataArray:
    r"""Gini coefficient of loads against a claim: 0 where all have the same load per claim.

    The claim is any measure of the sources: population, output, area, water, present load, or
    the target of a criterion. A source without claim that discharges is finite here.

    Parameters
    ----------
    permitted_load : DataArray
        Loads >= 0 (source, and any other dimensions), in any unit.
    claim : DataArray
        Measure >= 0 (source, and any of the others), in any unit.

    Returns
    -------
    DataArray
        Coefficient [1], 0 to 1, by the dimensions other than source. NaN where the loads or the
        claims add up to 0: the coordinate ``reason`` says so, and is empty elsewhere.

    Raises
    ------
    DataError
        If labels differ or a number is NaN, infinite or negative.

    Notes
    -----
    .. math:: G = \tfrac12 \sum_i \sum_j |l_i m_j - l_j m_i|

    with shares l of the load and m of the claim. Sorted by l/m (not by l) it is a single sum,
    which is how it is computed. 0.2 and 0.4 as limits of fair and unfair are customs
    (assumed).

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"]}
    >>> load = xr.DataArray([3.0, 1.0], labels)
    >>> gini(load, xr.DataArray([1.0, 1.0], labels)).item()
    0.25
    """
    return coefficient(permitted_load, claim, ("loads", "claims"))


def coefficient(
    permitted_load: xr.DataArray, claim: xr.DataArray, named: tuple[str, str]
) -> xr.DataArray:
    """Gini coefficient of one measure against another, each named where it adds up to 0."""
    loads, claims = beside(permitted_load, claim)
    x, m = loads.values, claims.values
    idle, void = x.sum(axis=0) == 0, m.sum(axis=0) == 0
    x, m = x / np.where(idle, 1.0, x.sum(axis=0)), m / np.where(void, 1.0, m.sum(axis=0))
    # The angle sorts by load per claim, without dividing by a claim of 0.
    order = np.argsort(np.arctan2(x, m), axis=0, kind="stable")
    x, m = np.take_along_axis(x, order, 0), np.take_along_axis(m, order, 0)
    below = x * (np.cumsum(m, axis=0) - m) - m * (np.cumsum(x, axis=0) - x)
    value = np.maximum(np.asarray(below.sum(axis=0)), 0.0)
    why = {f"the {named[0]} add up to 0": idle, f"the {named[1]} add up to 0": void}
    return reported(value, loads, why).rename("gini")


def least_gini(
    total: float,
    claims: pd.DataFrame,
    rows: tuple[Any, Any] | Rows,
    *,
    weight: ArrayLike = 1.0,
    lower: ArrayLike = 0.0,
    upper: ArrayLike = np.inf,
) -> pd.Series[float]:
    r"""Split of a total with the least weighted sum of Gini coefficients, under rows and bounds.

    Many splits often have the same least sum: the fairest of those is taken, leximin of the
    loads themselves, so that the answer does not depend on the order of sources. The program has
    a pair of rows for each pair of sources and each claim: for districts and sectors (tens), not
    for hundreds of enterprises, to which claims such as population mean little.

    Parameters
    ----------
    total : float
        What is shared out, > 0.
    claims : DataFrame
        Measures >= 0 (source, claim), each adding up to more than 0.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit``, sources in the order or with the labels of ``claims``.
    weight : float, array or Series, default 1
        Weight of each claim, >= 0.
    lower, upper : float, array or Series
        Floors and ceilings by source.

    Returns
    -------
    Series
        Share of each source, in the unit of the total.

    Raises
    ------
    InfeasibleError
        If no split of the total meets the rows and bounds.
    DataError
        If the total is not > 0, a number is NaN, infinite or negative, a claim adds up to 0, or
        no claim has weight.

    Notes
    -----
    .. math:: \min \sum_k w_k \sum_{i<j} u_{ijk}, \quad
        u_{ijk} \ge \pm (l_i m_{jk} - l_j m_{ik}), \quad l = x / \mathrm{total}

    Exact for a given total. Fixing the order of the ratios, as in many published models, is not
    once ratios cross.

    Examples
    --------
    >>> claims = pd.DataFrame({"people": [30.0, 10.0]}, ["A", "B"])
    >>> least_gini(8.0, claims, ([[1.0, 0.0]], [5.0])).to_dict()
    {'A': 5.0, 'B': 3.0}
    """
    problem = room(pd.Series(1.0, claims.index), rows, lower, upper, 0.0)
    table, weights = _measures(total, claims, weight)
    table = table.loc[problem.source]
    n = len(table)
    # Loads as shares of the total, so that tolerances do not depend on the unit.
    program = Program().columns(problem.source, problem.lower / total, problem.upper / total)
    program = program.at_most(problem.row, problem.matrix, problem.limit / total)
    whole = pd.Series(1.0, problem.source)
    pairs = _pairs(program.equal(object(), whole, 1.0), table.to_numpy())
    cost = np.append(np.zeros(n), np.repeat(weights, n * (n - 1) // 2))
    best = pairs.minimise(cost)
    share = total * fairest(pairs, best, problem.source)
    return pd.Series(share[index_of(claims.index)].to_numpy(), claims.index)


def _measures(
    total: float, claims: pd.DataFrame, weight: ArrayLike
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Shares of the claims by source, and the weight of each claim."""
    if not 0 < number(total, "total") < np.inf:
        raise DataError(f"total is {total}; right would be a total > 0")
    source = index_of(claims.index)
    table = pd.DataFrame(floats(claims.to_numpy(), "claims"), source, claims.columns)
    names = index_of(claims.columns)
    weights = numbers(weight, names, "weight")
    wrong = np.argwhere(~((table.to_numpy() >= 0) & np.isfinite(table.to_numpy())))
    faults = [
        Fault(
            "claims", table.index[i], names[k], table.iat[i, k], "is out of range", "finite, >= 0"
        )
        for i, k in wrong
    ]
    faults += [
        Fault("claims", None, name, None, "adds up to 0", "a claim of some source")
        for name, whole in zip(names, table.sum(), strict=True)
        if whole == 0
    ]
    faults += [
        Fault("weight", name, "weight", w, "is out of range", "finite, >= 0")
        for name, w in zip(names, weights, strict=True)
        if not 0 <= w < np.inf
    ]
    raise_faults(faults)
    if not weights.sum() > 0:
        raise DataError("no claim has weight; right would be a weight > 0")
    return table / table.sum(), weights


def _pairs(program: Program, shares: NDArray[np.float64]) -> Program:
    """Columns ``u`` and rows ``u >= ±(l_i m_j - l_j m_i)`` for each claim and pair of sources."""
    n, count = shares.shape
    first, second = np.triu_indices(n, 1)
    pair = np.arange(len(first) * count)
    i, j = np.tile(first, count), np.tile(second, count)
    k = np.repeat(np.arange(count), len(first))
    gap = sparse.csr_array(
        (np.concatenate([shares[j, k], -shares[i, k]]),
         (np.concatenate([pair, pair]), np.concatenate([i, j]))),
        (len(pair), n),
    )  # fmt: skip
    program = program.columns([object() for _ in pair])
    above = sparse.eye_array(len(pair), format="csr")
    for sign in (1.0, -1.0):
        below = sparse.hstack([sign * gap, -above], format="csr")
        program = program.at_most([object() for _ in pair], below, 0.0)
    return program
