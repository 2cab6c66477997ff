"""Rows that hold with a stated probability: uncertain background, uncertain responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload.allocation._cases import Case
from permitload.allocation._cone import Cone, best
from permitload.allocation._uncertain import (
    adjusted,
    bounded,
    claims,
    fullest,
    given,
    normal_score,
    plain,
    problems_of,
    result,
)
from permitload.allocation.allocate import present_load
from permitload.schema import VARIABLES

__all__ = ["Spread", "chance_rows", "chance_total", "lognormal_quantile", "normal_quantile"]

Floats = NDArray[np.float64]


class Spread(NamedTuple):
    """Uncertainty of the rows of the sections, normal, one and the same law in each.

    Parameters
    ----------
    variation : float or DataArray
        Coefficient of variation of the responses, >= 0 [1]; any of the dimensions section,
        outlet, pollutant and period.
    deviation : float or DataArray
        Standard deviation of the background, >= 0 [mg/L]; any of the dimensions section,
        indicator and period.
    correlation : float, default 0
        Between every two of the background and the responses at one section, 0 to 1 [1];
        assumed: with 1 the deviations add up, with 0 their squares do.

    Examples
    --------
    >>> Spread(0.2, 0.1).correlation
    0.0
    """

    variation: float | xr.DataArray
    deviation: float | xr.DataArray
    correlation: float = 0.0


def normal_quantile(
    background: xr.DataArray, deviation: float | xr.DataArray, assurance: float = 0.95
) -> xr.DataArray:
    """Background that is not exceeded with a probability, if it is normal.

    Goes into ``capacity.headroom`` in place of the background: the row of a section then holds
    with that probability, and stays linear. Not for backgrounds near 0, which cannot be normal.

    Parameters
    ----------
    background : DataArray
        Mean concentration [mg/L].
    deviation : float or DataArray
        Standard deviation, >= 0 [mg/L]; dimensions may be left out.
    assurance : float, default 0.95
        Probability, 0.5 <= p < 1 [1].

    Returns
    -------
    DataArray
        ``background + z deviation`` [mg/L]; the background itself where the deviation is 0.

    Raises
    ------
    DataError
        If the probability is below 0.5, labels differ, or a number is out of range.

    Notes
    -----
    Chance row of one random limit: Charnes, A., Cooper, W. W. (1959), Chance-constrained
    programming, Manage. Sci. 6, 73-79, doi:10.1287/mnsc.6.1.73.

    Examples
    --------
    >>> mean = xr.DataArray([0.4], {"section": ["S1"]}, "section")
    >>> normal_quantile(mean, 0.1).round(6).item()
    0.564485
    """
    score = normal_score(assurance)
    mean = given(background, background, "background")
    return _described(mean + score * given(deviation, background, "deviation"), background)


def lognormal_quantile(
    background: xr.DataArray, variation: float | xr.DataArray, assurance: float = 0.95
) -> xr.DataArray:
    """Background that is not exceeded with a probability, if it is log-normal.

    As :func:`normal_quantile`; concentrations are mostly nearer to log-normal, and the quantile
    of a normal with the same moments is lower in the tail. A background of several independent
    parts is a sum, which is not log-normal: check with :func:`reliability`.

    Parameters
    ----------
    background : DataArray
        Mean concentration [mg/L].
    variation : float or DataArray
        Coefficient of variation, >= 0 [1]; dimensions may be left out.
    assurance : float, default 0.95
        Probability, 0.5 <= p < 1 [1]. Near 0.5 the quantile lies below the mean.

    Returns
    -------
    DataArray
        ``background exp(z σ - σ²/2)`` with ``σ² = ln(1 + variation²)`` [mg/L].

    Raises
    ------
    DataError
        As :func:`normal_quantile`.

    Notes
    -----
    Moments of the log-normal law: Aitchison, J., Brown, J. A. C. (1957), The lognormal
    distribution, Cambridge University Press, chapter 2 (from memory).

    Examples
    --------
    >>> mean = xr.DataArray([0.4], {"section": ["S1"]}, "section")
    >>> lognormal_quantile(mean, 0.6).round(6).item()
    0.853901
    """
    score = normal_score(assurance)
    mean = given(background, background, "background")
    variance = np.log1p(given(variation, background, "variation") ** 2)
    return _described(mean * np.exp(score * np.sqrt(variance) - variance / 2.0), background)


def chance_rows(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    spread: Spread,
    assurance: float = 0.95,
    target: Callable[[xr.Dataset], xr.DataArray] = present_load,
) -> xr.Dataset:
    """Rows under which :func:`allocate` fills up to a chance row with uncertain responses.

    The chance row of a section is a cone, not a line: what uncertainty takes depends on the
    loads. At the loads of progressive filling under the cones it is a number; withdrawn from
    the headroom it leaves linear rows with the same filling, so that ``allocate(rows,
    rows.headroom, sources, target)`` grants, explains and names the same sections. Loads no
    greater than these are safe as well; other loads under the rows are not proved to be: look
    at them with :func:`reliability`.

    Parameters
    ----------
    response : Dataset or DataArray
        Mean ``response`` (section, outlet, pollutant, period), >= 0 [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) with the mean background [mg/L], with its sign.
    sources : Dataset
        As for :func:`allocate`.
    spread : Spread
        Uncertainty of the responses and of the background.
    assurance : float, default 0.95
        Probability with which each row holds, 0.5 <= p < 1 [1].
    target : function, default present_load
        As for :func:`allocate`.

    Returns
    -------
    Dataset
        ``response`` as given; ``headroom`` (section, indicator, period) less what uncertainty
        takes at the loads that the rows grant [mg/L].

    Raises
    ------
    DataError
        If the probability is below 0.5, a response is negative, labels differ, or a number is
        out of range.

    Notes
    -----
    ``a x + z √((1 - ρ)(s_b² + Σ s² x²) + ρ (s_b + Σ s x)²) <= h``, ``s = variation a``: Charnes,
    A., Cooper, W. W. (1963), Deterministic equivalents for optimizing and satisficing under
    chance constraints, Oper. Res. 11, 18-39, doi:10.1287/opre.11.1.18. Each row holds with the
    probability on its own; all together with less, see :func:`reliability`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given}).assign_coords(outlet=("source", ["O1"]))
    >>> rows = chance_rows(response, room, sources, Spread(0.2, 0.0))
    >>> rows.headroom.round(6).item()
    0.376231
    """
    problems = problems_of(response, headroom, sources)
    cones = _cones(problems, plain(response), headroom, spread, assurance)
    taken = {}
    for (key, problem), claim in zip(
        problems.items(), claims(response, sources, target), strict=True
    ):
        cone = cones[key]
        loads = fullest(problem, claim, cone.used, cone.mean > 0.0)
        taken[key] = cone.reserve(problem.by_column(loads))
    return adjusted(response, headroom, taken)


def chance_total(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    spread: Spread,
    assurance: float = 0.95,
) -> xr.Dataset:
    """Greatest total load under the chance rows of :func:`chance_rows`, by a cone solver.

    What the shares of a rule are to be compared with; the loads that attain it are nobody's
    permits. A section whose headroom does not hold its own background with the probability
    leaves nothing to those that reach it.

    Parameters
    ----------
    response, headroom, sources, spread, assurance
        As for :func:`chance_rows`.

    Returns
    -------
    Dataset
        ``total`` (pollutant, period) [kg/d], and ``shadow_price`` (section, pollutant, period)
        [(kg/d)/(mg/L)], to about 1e-8 of their size.

    Raises
    ------
    DataError
        As :func:`chance_rows`, or if nothing stops an outlet.
    InfeasibleError
        If the floors do not fit into the rows.
    ConvergenceError
        If the solver fails.

    Notes
    -----
    Second-order cone program: Lobo, M. S., Vandenberghe, L., Boyd, S., Lebret, H. (1998), Linear
    Algebra Appl. 284, 193-228, section 3.3, doi:10.1016/S0024-3795(98)10032-0; solved by Clarabel.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.6
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given}).assign_coords(outlet=("source", ["O1"]))
    >>> round(chance_total(response, room, sources, Spread(0.2, 0.1)).total.item(), 4)
    39.116
    """
    problems, matrix = problems_of(response, headroom, sources), plain(response)
    cones = _cones(problems, matrix, headroom, spread, assurance)
    totals, prices = [], []
    for key, problem in problems.items():
        bounds = problem.by_column(problem.floor), problem.by_column(problem.ceiling)
        total, price = best(cones[key], problem.limit, bounds, matrix.get_index("outlet"))
        totals.append(total)
        prices.append(price)
    price = np.stack(prices, axis=-1)
    return xr.Dataset(
        {
            "total": result("total", np.array(totals), matrix),
            "shadow_price": result("shadow_price", price, matrix, "section"),
        }
    )


def _cones(
    problems: dict[tuple[str, str], Case],
    response: xr.DataArray,
    headroom: xr.DataArray,
    spread: Spread,
    assurance: float,
) -> dict[tuple[str, str], Cone]:
    """Chance rows of each problem."""
    score = normal_score(assurance)
    rho = bounded(spread.correlation, "correlation", 1.0)
    variation = given(spread.variation, response, "variation")
    own = given(spread.deviation, headroom, "deviation").sel(section=response["section"].values)
    found = {}
    for key, problem in problems.items():
        mean, at = problem.matrix.toarray(), {"pollutant": key[0], "period": key[1]}
        apart = own.sel(indicator=key[0], period=key[1]).values
        found[key] = Cone(mean, mean * variation.sel(at).values, apart, rho, score)
    return found


def _described(quantile: xr.DataArray, background: xr.DataArray) -> xr.DataArray:
    """Quantile in place of the background."""
    attrs = {"units": VARIABLES["background"].unit, "long_name": VARIABLES["background"].meaning}
    return quantile.assign_coords(background.coords).rename("background").assign_attrs(attrs)
