"""Records of flow, stage or rain: their step, days, months and hydrological years.

Missing values have one rule: a day, month or year counts if at least ``coverage`` of it has
values, and its mean is then over those.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from permitload.errors import Fault, raise_faults

__all__ = ["checked", "daily", "monthly", "non_negative", "regular", "share_of_year", "years_of"]

_DAY = pd.Timedelta(days=1)
_MONTH = pd.Timedelta(days=28)


def checked(series: pd.Series[Any]) -> pd.Series[float]:
    """Sort a record by time and refuse what is none; NaN is a missing value."""
    right = "a DatetimeIndex of local time, without a zone"
    index = series.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is not None:
        raise_faults([Fault("series", None, "time", None, "is no local time", right)])
    values = pd.to_numeric(series, errors="coerce").astype(float)
    faults = [
        Fault("series", str(stamp), "time", None, "is repeated", "one value a time")
        for stamp in index[index.duplicated()].unique()
    ]
    unread = (values.isna() & series.notna()) | np.isinf(values)
    faults += [
        Fault("series", str(index[i]), "value", series.iloc[i], "is not a finite number",
              "a number, or NaN where it is missing")
        for i in np.flatnonzero(unread)
    ]  # fmt: skip
    if index.hasnans:
        faults.append(Fault("series", None, "time", None, "has empty stamps", "a time each"))
    if values.count() == 0:
        faults.append(Fault("series", None, "value", None, "has no values", "a record"))
    raise_faults(faults)
    return values.sort_index()


def non_negative(series: pd.Series[float]) -> None:
    """Refuse flow that turns round: its low values are no scarcity of water."""
    below = series[series < 0.0]
    right = "flow ≥ 0; low_stage where the river turns round"
    raise_faults(
        [
            Fault("series", str(below.index[0]), "flow", float(below.iloc[0]),
                  f"m3/s is below 0 ({len(below)} of {len(series)} values)", right)
        ]
        if len(below)
        else []
    )  # fmt: skip


def _step(series: pd.Series[float]) -> pd.Timedelta:
    """Smallest step of a record: a part of a day, a day, or a month."""
    if len(series) < 2:
        problem, right = "has one value", "a record of days, parts of days, or months"
        raise_faults([Fault("series", None, "time", None, problem, right)])
    step = pd.Timedelta(series.index.to_series().diff().min())
    if step >= _MONTH:
        return step
    off = (series.index - series.index[0]) % step != pd.Timedelta(0)
    if step > _DAY or _DAY % step != pd.Timedelta(0) or off.any():
        first = str(series.index[off][0]) if off.any() else None
        right = "steps of one day, of an even part of a day, or months"
        raise_faults([Fault("series", first, "time", None, f"is off its step of {step}", right)])
    return step


def daily(series: pd.Series[Any], coverage: float) -> pd.Series[float]:
    """Mean of each calendar day of the record, NaN where too few values stand."""
    given = checked(series)
    step = _step(given)
    if step >= _MONTH:
        right = "daily values or parts of days"
        raise_faults([Fault("series", None, "time", None, "are months", right)])
    groups = given.resample("D")
    means = groups.mean()
    return means.where(groups.count() >= _least(_DAY / step, coverage))


def monthly(series: pd.Series[Any], coverage: float) -> pd.Series[float]:
    """Mean of each calendar month (PeriodIndex) of the record, NaN where it is not covered."""
    given = checked(series)
    step, month = _step(given), given.index.to_period("M")
    every = pd.period_range(month[0], month[-1], freq="M")
    groups = given.groupby(month)
    means = groups.mean().reindex(every)
    if step >= _MONTH:
        twice = month[month.duplicated()].unique()
        right = "one value a month"
        raise_faults(
            [Fault("series", str(m), "time", None, "is there twice", right) for m in twice]
        )
        return means
    counts = groups.count().reindex(every, fill_value=0)
    full = every.days_in_month.to_numpy() * (_DAY / step)
    return means.where(counts >= _least(full, coverage))


def regular(series: pd.Series[float], first_month: int) -> pd.Series[float]:
    """Fill a record with NaN to whole hydrological years; months stand on their first day."""
    step = _step(series)
    years = years_of(pd.DatetimeIndex(series.index), first_month)
    start, stop = (pd.Timestamp(year, first_month, 1) for year in (years[0], years[-1] + 1))
    if step >= _MONTH:
        means = monthly(series, 0.0)
        means.index = means.index.to_timestamp()
        return means.reindex(pd.date_range(start, stop, freq="MS", inclusive="left"))
    phase = (series.index[0] - start) % step
    return series.reindex(pd.date_range(start + phase, stop, freq=step, inclusive="left"))


def _least(full: Any, coverage: float) -> Any:  # noqa: ANN401 - a number or an array of them
    """Least number of values, at least one; rounding of the share does not count."""
    return np.maximum(1.0, full * coverage - 1e-9)


def years_of(index: pd.PeriodIndex | pd.DatetimeIndex, first_month: int) -> pd.Index[int]:
    """Calendar year in which the hydrological year of each time begins."""
    if first_month not in range(1, 13):
        right = "a month from 1 to 12"
        raise_faults([Fault("series", None, "first_month", first_month, "is no month", right)])
    return pd.Index(index.year - (index.month < first_month), name="year")


def share_of_year(days: pd.Series[float], first_month: int) -> pd.Series[float]:
    """Share of the days of each hydrological year that have a value."""
    counts = days.groupby(years_of(days.index, first_month)).count()
    lengths = [
        (pd.Timestamp(year + 1, first_month, 1) - pd.Timestamp(year, first_month, 1)).days
        for year in counts.index
    ]
    return counts / np.array(lengths, dtype=float)
