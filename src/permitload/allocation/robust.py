"""Rows that hold when some responses, never all, turn out at their worst: Bertsimas and Sim."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, special

from permitload._labels import floats, index_of, number, numbers
from permitload.allocation._uncertain import (
    adjusted,
    bounded,
    claims,
    fullest,
    given,
    plain,
    problems_of,
)
from permitload.allocation.allocate import present_load
from permitload.errors import Fault, raise_faults
from permitload.program import Program
from permitload.sharing import Rows

__all__ = ["exceedance_bound", "robust_price", "robust_program", "robust_rows"]

Floats = NDArray[np.float64]


def robust_rows(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    variation: float | xr.DataArray,
    protected: float,
    target: Callable[[xr.Dataset], xr.DataArray] = present_load,
) -> xr.Dataset:
    """Rows under which :func:`allocate` fills up to rows that stand some worst responses.

    Each response may rise by its ``variation``, but at one section no more than ``protected`` of
    them at once. What the worst such set adds depends on the loads; at those of progressive
    filling it is a number, and is withdrawn from the headroom: ``allocate(rows, rows.headroom,
    sources, target)`` grants the same. Loads no greater than these are safe as well.

    Parameters
    ----------
    response : Dataset or DataArray
        Nominal ``response`` (section, outlet, pollutant, period), >= 0 [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], with its sign.
    sources : Dataset
        As for :func:`allocate`.
    variation : float or DataArray
        Greatest rise of a response, as a part of it, >= 0 [1]; any of the dimensions section,
        outlet, pollutant and period.
    protected : float
        Γ: responses of one section that may be at their worst at once, >= 0 [1]; a fraction
        counts one more in part. 0 is the row without protection; the number of outlets, or more,
        protects against all at once. Assumed: no data can tell it.
    target : function, default present_load
        As for :func:`allocate`.

    Returns
    -------
    Dataset
        ``response`` as given; ``headroom`` (section, indicator, period) less what the worst set
        adds at the loads that the rows grant [mg/L].

    Raises
    ------
    DataError
        If a response is negative, labels differ, or a number is out of range.

    Notes
    -----
    ``a x + max {Σ_{i in S} v a x : |S| <= Γ} <= h``: Bertsimas, D., Sim, M. (2004), The price of
    robustness, Oper. Res. 52, 35-53, doi:10.1287/opre.1030.0065.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given}).assign_coords(outlet=("source", ["O1"]))
    >>> rows = robust_rows(response, room, sources, variation=0.25, protected=1.0)
    >>> rows.headroom.round(9).item()
    0.4
    """
    budget = _budget(protected)
    problems, taken = problems_of(response, headroom, sources), {}
    rise = given(variation, plain(response), "variation")
    for (key, problem), claim in zip(
        problems.items(), claims(response, sources, target), strict=True
    ):
        mean = problem.matrix.toarray()
        swing = mean * rise.sel(pollutant=key[0], period=key[1]).values

        def reserve(loads: Floats, swing: Floats = swing) -> Floats:
            """Max {Σ_{i in S} v a x : |S| <= Γ}."""
            return _worst(swing * loads, budget)

        def used(
            loads: Floats, mean: Floats = mean, reserve: Callable[[Floats], Floats] = reserve
        ) -> Floats:
            """Nominal rise, and what the worst set adds."""
            return np.asarray(mean @ loads + reserve(loads))

        loads = fullest(problem, claim, used, mean > 0.0)
        taken[key] = reserve(problem.by_column(loads))
    return adjusted(response, headroom, taken)


def robust_program(
    rows: tuple[pd.DataFrame, pd.Series[float]] | Rows,
    variation: float,
    protected: float,
    upper: ArrayLike = np.inf,
) -> Program:
    """Linear program of the rows of :func:`robust_rows`: the worst set by its dual.

    Parameters
    ----------
    rows : Rows or tuple (DataFrame (section, outlet), Series (section))
        Of one pollutant and period: :func:`permitload.sharing.section_rows`. Coefficients >= 0.
    variation : float
        Greatest rise of a response, as a part of it, >= 0 [1].
    protected : float
        As for :func:`robust_rows`.
    upper : float, array or Series, default infinite
        Ceilings of the outlets.

    Returns
    -------
    Program
        A column per outlet, in the unit of its load, and auxiliary columns ``(section, "worst")``
        and ``("part", section, outlet)``; a row per section and one per ``(section, outlet)``.

    Raises
    ------
    DataError
        If labels differ or a number is out of range.

    Notes
    -----
    ``a x + Γ z + Σ p <= h, z + p_i >= v a_i x_i; z, p >= 0``: theorem 1 of Bertsimas and Sim
    (2004), doi:10.1287/opre.1030.0065.

    Examples
    --------
    >>> rows = pd.DataFrame({"O1": [0.01], "O2": [0.01]}, ["S1"]), pd.Series({"S1": 0.6})
    >>> program = robust_program(rows, variation=0.25, protected=1.0, upper=30.0)
    >>> round(program.maximise(pd.Series({"O1": 1.0, "O2": 1.0})).value, 6)
    53.333333
    """
    coefficient, limit = rows
    bounded_rise = bounded(variation, "variation", np.inf)
    budget = _budget(protected)
    section, outlet = index_of(coefficient.index), index_of(coefficient.columns)
    dense = floats(coefficient.to_numpy(), "coefficient")
    at, who = np.nonzero(dense)
    count, pairs = len(section), len(at)
    sides = [(section[s], outlet[o]) for s, o in zip(at, who, strict=True)]
    program = Program().columns(outlet, 0.0, upper).columns([(s, "worst") for s in section])
    program = program.columns([("part", *side) for side in sides])
    one = sparse.csr_array((np.ones(pairs), (at, np.arange(pairs))), (count, pairs))
    wide = sparse.hstack([sparse.csr_array(dense), budget * sparse.eye_array(count), one])
    program = program.at_most(section, wide, numbers(limit, section, "limit"), "mg/L")
    swing = (bounded_rise * dense[at, who], (np.arange(pairs), who))
    dual = sparse.hstack(
        [sparse.csr_array(swing, (pairs, len(outlet))), -one.T, -sparse.eye_array(pairs)]
    )
    return program.at_most(sides, dual, 0.0, "mg/L")


def robust_price(
    rows: tuple[pd.DataFrame, pd.Series[float]] | Rows,
    variation: float,
    budgets: Sequence[float],
    upper: ArrayLike = np.inf,
) -> pd.DataFrame:
    """Greatest total load against the number of responses that a row is protected from.

    Parameters
    ----------
    rows, variation, upper
        As for :func:`robust_program`.
    budgets : sequence of float
        Values of Γ.

    Returns
    -------
    DataFrame
        One line per ``protected``: ``total``, ``price`` (part of the unprotected total that is
        given up) and ``exceedance_bound`` of the row with most outlets.

    Raises
    ------
    DataError, InfeasibleError
        As :func:`robust_program` and :meth:`~permitload.program.Program.maximise`.

    Examples
    --------
    >>> rows = pd.DataFrame({"O1": [0.01], "O2": [0.01]}, ["S1"]), pd.Series({"S1": 0.6})
    >>> robust_price(rows, 0.25, [0, 1, 2], upper=30.0)["total"].round(6).tolist()
    [60.0, 53.333333, 48.0]
    """
    outlet = index_of(rows[0].columns)
    weight = pd.Series(1.0, outlet)
    totals = [
        robust_program(rows, variation, budget, upper).maximise(weight).value
        for budget in (0.0, *budgets)
    ]
    most = int((rows[0].to_numpy(dtype=float) > 0.0).sum(axis=1).max(initial=0))
    return pd.DataFrame(
        {
            "protected": np.asarray(budgets, dtype=float),
            "total": totals[1:],
            "price": [1.0 - total / totals[0] if totals[0] else 0.0 for total in totals[1:]],
            "exceedance_bound": [exceedance_bound(most, budget) for budget in budgets],
        }
    )


def exceedance_bound(count: int, protected: float) -> float:
    """Probability that a protected row is exceeded, at most, if responses err independently.

    Parameters
    ----------
    count : int
        Responses of the row that may err.
    protected : float
        Γ of the row.

    Returns
    -------
    float
        Bound for errors that are independent, symmetric and no larger than ``variation`` [1].

    Raises
    ------
    DataError
        If a number is out of range.

    Notes
    -----
    ``2^-n ((1 - μ) C(n, ⌊ν⌋) + Σ_{l > ⌊ν⌋} C(n, l))``, ν = (Γ + n)/2, μ = ν - ⌊ν⌋: theorem 3 of
    Bertsimas and Sim (2004), doi:10.1287/opre.1030.0065.

    Examples
    --------
    >>> exceedance_bound(2, 2.0)
    0.25
    """
    if not 1 <= number(count, "count") < np.inf or count != int(count):
        raise_faults([Fault("robust", None, "count", count, "is no count", "1 or more")])
    place = (min(_budget(protected), float(count)) + count) / 2.0
    whole = np.floor(place)
    above = special.bdtrc(whole, count, 0.5) if whole < count else 0.0
    at = special.comb(count, whole) * 0.5**count
    return float((1.0 - (place - whole)) * at + above)


def _budget(protected: float) -> float:
    return bounded(protected, "protected", np.inf)


def _worst(rise: Floats, protected: float) -> Floats:
    """Sum of the Γ largest entries of each row, the next one in part."""
    ordered = -np.sort(-rise, axis=1)
    share = np.clip(protected - np.arange(rise.shape[1]), 0.0, 1.0)
    return np.asarray(ordered @ share)
