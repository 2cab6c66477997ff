"""Design flow and stage from days: xQy of the US, low stage of still water, ecological flow."""

from __future__ import annotations

from typing import Any

import pandas as pd

from permitload.errors import Fault, raise_faults
from permitload.hydraulics import _record
from permitload.hydraulics._design import COVERAGE, FIRST_MONTH, Fit, Sampled, no_sample, short
from permitload.hydraulics.frequency import log_pearson3, plotting_position

__all__ = ["low_stage", "lowest_mean", "seven_q_ten", "tennant", "thirty_q_ten"]


def lowest_mean(
    series: pd.Series[Any],
    days: int = 7,
    return_period: float = 10.0,
    fit: Fit = log_pearson3,
    first_month: int = FIRST_MONTH,
    coverage: float = COVERAGE,
) -> Sampled:
    """Lowest mean of so many days that returns once in so many years: xQy.

    The least mean over ``days`` days without a gap of each year, then its value at the
    frequency 1 - 1/``return_period``. A mean belongs to the year of its last day. Source: US
    EPA and USGS low-flow practice (Riggs 1972; from memory).

    Parameters
    ----------
    series : Series
        Flow by time [m3/s], ≥ 0; days or parts of days.
    days : int, default 7
        Length of the mean [d], from 1 to 365.
    return_period : float, default 10
        Years, more than 1.
    fit : callable, default log_pearson3
        Function of a sample and a frequency.
    first_month : int, default 4
        First month of a year.
    coverage : float, default 0.9
        Least share of a year's days (and of a day's parts) that must be there; assumed.

    Returns
    -------
    Sampled
        Flow [m3/s] and number of years.

    Raises
    ------
    DataError
        For flow below 0, monthly records, no year with enough days, or options out of range.

    Examples
    --------
    >>> days = pd.date_range("1991-04-01", "2021-03-31")
    >>> flow = pd.Series(days.year - 1990.0, days)
    >>> round(lowest_mean(flow).value, 2)
    3.86
    """
    faults = []
    if days not in range(1, 366):
        faults.append(Fault("series", None, "days", days, "is no length", "1 to 365 whole days"))
    if not return_period > 1.0:
        right = "more than 1 year"
        faults.append(Fault("series", None, "return_period", return_period, "is too short", right))
    raise_faults(faults)
    _record.non_negative(_record.checked(series))
    means = _record.daily(series, coverage)
    share = _record.share_of_year(means, first_month)
    lows = means.rolling(days).mean()
    least = lows.groupby(_record.years_of(lows.index, first_month)).min()
    least = least[share >= coverage].dropna()
    if least.empty:
        no_sample("year")
    value = fit(least.to_numpy(), 1.0 - 1.0 / return_period)
    return Sampled(value, len(least), _warned(least, value))


def seven_q_ten(series: pd.Series[Any], fit: Fit = log_pearson3) -> Sampled:
    """Lowest mean of 7 days that returns once in 10 years: 7Q10, by log-Pearson III.

    Source: as :func:`lowest_mean`, whose other options stay at their defaults.

    Parameters
    ----------
    series : Series
        Flow by time [m3/s], ≥ 0; days or parts of days.
    fit : callable, default log_pearson3
        Function of a sample and a frequency.

    Returns
    -------
    Sampled
        Flow [m3/s] and number of years.

    Raises
    ------
    DataError
        As :func:`lowest_mean`.

    Examples
    --------
    >>> days = pd.date_range("1991-04-01", "2021-03-31")
    >>> seven_q_ten(pd.Series(2.0, days)).samples
    30
    """
    return lowest_mean(series, days=7, return_period=10.0, fit=fit)


def thirty_q_ten(series: pd.Series[Any], fit: Fit = log_pearson3) -> Sampled:
    """Lowest mean of 30 days that returns once in 10 years: 30Q10 of the US.

    Chinese sources give the name to :func:`driest_month_of_decade`, which is another number.

    Parameters
    ----------
    series : Series
        Flow by time [m3/s], ≥ 0; days or parts of days.
    fit : callable, default log_pearson3
        Function of a sample and a frequency.

    Returns
    -------
    Sampled
        Flow [m3/s] and number of years.

    Raises
    ------
    DataError
        As :func:`lowest_mean`.

    Examples
    --------
    >>> days = pd.date_range("1991-04-01", "2021-03-31")
    >>> thirty_q_ten(pd.Series(2.0, days)).samples
    30
    """
    return lowest_mean(series, days=30, return_period=10.0, fit=fit)


def low_stage(
    series: pd.Series[Any],
    frequency: float = 0.9,
    fit: Fit = plotting_position,
    first_month: int = FIRST_MONTH,
    coverage: float = COVERAGE,
) -> Sampled:
    """Low stage at rest reached in 90 % of years (90 %保证率流速为零时的低水位).

    The lowest daily mean stage of each year, then its value at the frequency; for waters whose
    flow has no direction, whose capacity is that of the volume below. To count only times at
    rest, blank the others (``stage.where(speed < least)``) and set ``coverage`` to 0. Source:
    GB/T 25173-2010 design conditions (from memory).

    Parameters
    ----------
    series : Series
        Stage by time [m]; days or parts of days.
    frequency, fit, first_month
        As for :func:`driest_month`.
    coverage : float, default 0.9
        Least share of a year's days (and of a day's parts) that must be there; assumed.

    Returns
    -------
    Sampled
        Stage [m] and number of years.

    Raises
    ------
    DataError
        For monthly records, no year with enough days, or years too few for the fit.

    Examples
    --------
    >>> days = pd.date_range("1991-04-01", "2021-03-31")
    >>> low_stage(pd.Series(2.5, days)).value
    2.5
    """
    stages = _record.daily(series, coverage)
    share = _record.share_of_year(stages, first_month)
    least = stages.groupby(_record.years_of(stages.index, first_month)).min()
    least = least[share >= coverage].dropna()
    if least.empty:
        no_sample("year")
    return Sampled(fit(least.to_numpy(), frequency), len(least), short(len(least)))


def tennant(
    series: pd.Series[Any],
    fraction: float = 0.1,
    first_month: int = FIRST_MONTH,
    coverage: float = COVERAGE,
) -> Sampled:
    """Ecological flow as a share of the mean annual flow (Tennant 1976).

    A tenth is the least at which short-term life survives, three tenths a fair flow (from
    memory, unverified). Every complete year counts alike, a month by its days.

    Parameters
    ----------
    series : Series
        Flow by time [m3/s], ≥ 0.
    fraction : float, default 0.1
        Share of the mean annual flow, more than 0 and at most 1; assumed.
    first_month, coverage
        As for :func:`driest_month`.

    Returns
    -------
    Sampled
        Flow [m3/s] and number of complete years.

    Raises
    ------
    DataError
        For flow below 0, no complete year, or a fraction out of range.

    Examples
    --------
    >>> days = pd.date_range("1991-04-01", "2021-03-31")
    >>> tennant(pd.Series(30.0, days)).value
    3.0
    """
    if not 0.0 < fraction <= 1.0:
        right = "more than 0 and at most 1"
        raise_faults([Fault("series", None, "fraction", fraction, "is no share", right)])
    _record.non_negative(_record.checked(series))
    means = _record.monthly(series, coverage)
    lengths = pd.Series(means.index.days_in_month, means.index, dtype=float)
    years = _record.years_of(means.index, first_month)
    whole = means.groupby(years).transform("count").to_numpy() == 12
    if not whole.any():
        no_sample("complete hydrological year")
    volumes = (means * lengths)[whole].groupby(years[whole]).sum()
    flows = volumes / lengths[whole].groupby(years[whole]).sum()
    return Sampled(float(fraction * flows.mean()), len(flows), short(len(flows)))


def _warned(least: pd.Series[float], value: float) -> str:
    """Warnings of a fitted low flow: a short sample, and years that ran dry."""
    dry = int((least == 0.0).sum())
    words = f"{dry} of {len(least)} years ran dry" + ("; the result is 0" if value == 0.0 else "")
    return "; ".join(filter(None, (short(len(least)), words if dry else "")))
