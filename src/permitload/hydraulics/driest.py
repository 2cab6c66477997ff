"""Design flow and stage from monthly means, by the Chinese standards.

The clauses of GB/T 25173-2010 and HJ 2.3-2018 are from memory, unverified.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from permitload.errors import Fault, raise_faults
from permitload.hydraulics import _record
from permitload.hydraulics._design import (
    COVERAGE,
    FIRST_MONTH,
    Fit,
    Sampled,
    driest,
    no_sample,
    short,
)
from permitload.hydraulics.frequency import plotting_position

__all__ = [
    "driest_month",
    "driest_month_of_decade",
    "driest_month_stage",
    "mean_of_driest_months",
    "nonzero_driest_month",
]


def driest_month(
    series: pd.Series[Any],
    frequency: float = 0.9,
    fit: Fit = plotting_position,
    first_month: int = FIRST_MONTH,
    coverage: float = COVERAGE,
) -> Sampled:
    """Driest monthly mean flow that is reached in 90 % of years (90 %保证率最枯月平均流量).

    The least monthly mean of each complete hydrological year, then its value at the frequency.
    Source: GB/T 25173-2010 design conditions of rivers; HJ 2.3-2018 7.10.1.1 (from memory).

    Parameters
    ----------
    series : Series
        Flow by time [m3/s], ≥ 0.
    frequency : float, default 0.9
        Share of years that reach the result.
    fit : callable, default plotting_position
        Function of a sample and a frequency.
    first_month : int, default 4
        First month of a hydrological year; assumed.
    coverage : float, default 0.9
        Least share of a month's values that must be there; assumed. A month that misses more is
        missing, and so is its year: the missing month may have been the driest.

    Returns
    -------
    Sampled
        Flow [m3/s] and number of complete years.

    Raises
    ------
    DataError
        For flow below 0, no complete year, or years too few for the fit.

    Examples
    --------
    >>> months = pd.date_range("2000-04-01", periods=120, freq="MS")
    >>> driest_month(pd.Series(range(120), months, dtype=float)).warning
    '10 years are less than the 30 recommended'
    """
    _record.non_negative(_record.checked(series))
    return driest_month_stage(series, frequency, fit, first_month, coverage)


def driest_month_stage(
    series: pd.Series[Any],
    frequency: float = 0.9,
    fit: Fit = plotting_position,
    first_month: int = FIRST_MONTH,
    coverage: float = COVERAGE,
) -> Sampled:
    """Lowest monthly mean stage of a lake reached in 90 % of years (90 %保证率最枯月平均水位).

    As :func:`driest_month`, of stage, which may lie below 0. Source: GB/T 25173-2010 design
    conditions of lakes and reservoirs (from memory).

    Parameters
    ----------
    series : Series
        Stage by time [m].
    frequency, fit, first_month, coverage
        As for :func:`driest_month`.

    Returns
    -------
    Sampled
        Stage [m] and number of complete years.

    Raises
    ------
    DataError
        For no complete year, or years too few for the fit.

    Examples
    --------
    >>> months = pd.date_range("2000-04-01", periods=120, freq="MS")
    >>> driest_month_stage(pd.Series(-1.0, months)).value
    -1.0
    """
    least = driest(_record.monthly(series, coverage), first_month).min()
    return Sampled(fit(least.to_numpy(), frequency), len(least), short(len(least)))


def nonzero_driest_month(
    series: pd.Series[Any],
    frequency: float = 0.9,
    fit: Fit = plotting_position,
    first_month: int = FIRST_MONTH,
    coverage: float = COVERAGE,
) -> Sampled:
    """Driest monthly mean above zero reached in 90 % of years, for seasonal or frozen rivers.

    As :func:`driest_month`, of the least monthly mean above 0 of each year; years without flow
    are left out and named in the warning. Source: GB/T 25173-2010 design conditions of seasonal
    rivers (季节性河流, from memory).

    Parameters
    ----------
    series : Series
        Flow by time [m3/s], ≥ 0.
    frequency, fit, first_month, coverage
        As for :func:`driest_month`.

    Returns
    -------
    Sampled
        Flow [m3/s] and number of years with flow.

    Raises
    ------
    DataError
        As :func:`driest_month`; if no year has flow.

    Examples
    --------
    >>> months = pd.date_range("2000-04-01", periods=120, freq="MS")
    >>> flow = pd.Series([0.0, 2.0, 3.0] * 40, months)
    >>> nonzero_driest_month(flow).value
    2.0
    """
    _record.non_negative(_record.checked(series))
    years = driest(_record.monthly(series, coverage), first_month)
    least = years.agg(lambda means: means[means > 0.0].min())
    dry, least = least.index[least.isna()], least.dropna()
    none = f"no flow in {', '.join(map(str, dry))}" if len(dry) else ""
    if least.empty:
        raise_faults([Fault("series", None, "flow", 0.0, "m3/s all the time", "some flow")])
    warning = "; ".join(filter(None, (short(len(least)), none)))
    return Sampled(fit(least.to_numpy(), frequency), len(least), warning)


def driest_month_of_decade(series: pd.Series[Any], coverage: float = COVERAGE) -> Sampled:
    """Driest of the last 120 monthly means (近10年最枯月平均流量, the strict reading).

    Source: GB/T 25173-2010 (from memory); the text also reads as
    :func:`mean_of_driest_months`. Chinese sources call it 30Q10; that of the US is
    :func:`thirty_q_ten`.

    Parameters
    ----------
    series : Series
        Flow by time [m3/s], ≥ 0; its last month with a mean is the last of the 120.
    coverage : float, default 0.9
        As for :func:`driest_month`.

    Returns
    -------
    Sampled
        Flow [m3/s], and the number of months with a mean; fewer than 120 are warned of.

    Raises
    ------
    DataError
        For flow below 0 or no month with a mean.

    Examples
    --------
    >>> months = pd.date_range("2000-01-01", periods=121, freq="MS")
    >>> driest_month_of_decade(pd.Series(range(121), months, dtype=float))
    Sampled(value=1.0, samples=120, warning='')
    """
    _record.non_negative(_record.checked(series))
    means = _record.monthly(series, coverage)
    if means.count() == 0:
        no_sample("month")
    last = means.loc[: means.last_valid_index()].iloc[-120:].dropna()
    missing = 120 - len(last)
    warning = f"{missing} of the last 120 months are missing" if missing else ""
    return Sampled(float(last.min()), len(last), warning)


def mean_of_driest_months(
    series: pd.Series[Any], first_month: int = FIRST_MONTH, coverage: float = COVERAGE
) -> Sampled:
    """Mean of the driest months of the last 10 years (近10年最枯月平均流量, the mild reading).

    Source: as :func:`driest_month_of_decade`, which is never greater over the same years.

    Parameters
    ----------
    series : Series
        Flow by time [m3/s], ≥ 0.
    first_month, coverage
        As for :func:`driest_month`.

    Returns
    -------
    Sampled
        Flow [m3/s] and number of complete years among the 10 that end with the last one.

    Raises
    ------
    DataError
        For flow below 0 or no complete year.

    Examples
    --------
    >>> months = pd.date_range("2000-04-01", periods=132, freq="MS")
    >>> mean_of_driest_months(pd.Series(range(132), months, dtype=float)).value
    66.0
    """
    _record.non_negative(_record.checked(series))
    least = driest(_record.monthly(series, coverage), first_month).min()
    last = least[least.index > least.index[-1] - 10]
    missing = 10 - len(last)
    warning = f"{missing} of the last 10 years are missing" if missing else ""
    return Sampled(float(last.mean()), len(last), warning)
