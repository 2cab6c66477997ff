"""Whether the periods of a study make up a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import fault_at, listed, title
from permitload.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["calendar_faults"]


def calendar_faults(periods: pd.DataFrame) -> list[Fault]:
    """Gaps, overlaps and a sum of days that is not a year.

    An annual permit is the sum over the periods: a month left out would be a month without
    limit. With ``start`` the periods follow each other by date through whole years; without,
    their days sum to 365 or 366.

    Parameters
    ----------
    periods : DataFrame
        ``period``, ``days`` [d], ``start``.

    Returns
    -------
    list of Fault
        Each gap with its dates.

    Examples
    --------
    >>> periods = pd.DataFrame({"period": ["wet", "dry"], "days": [120.0, 245.0],
    ...                         "start": pd.to_datetime([None, None])})
    >>> calendar_faults(periods)
    []
    """
    if periods.empty or periods["days"].isna().any():
        return []
    found = [
        fault_at(periods, "periods", int(i), "days", "is no length", "more than 0 d")
        for i in np.flatnonzero(periods["days"] <= 0.0)
    ]
    warm = periods.get("temperature", pd.Series(np.nan, periods.index)).notna()
    if warm.any():
        right = "a temperature in every row or in none"
        found += [
            fault_at(periods, "periods", int(i), "temperature", "is empty", right)
            for i in np.flatnonzero(~warm)
        ]
    undated = periods["start"].isna()
    if undated.all():
        total = float(periods["days"].sum())
        if abs(total - 365.0) > 1e-6 and abs(total - 366.0) > 1e-6:
            problem = f"sum to {total:g}, not to a year{_lost_months(periods['period'])}"
            where = title(periods, "periods")
            found.append(Fault(where, None, "days", None, problem, "365 or 366 days"))
        return found
    found += [
        fault_at(periods, "periods", int(i), "start", "is empty", "a start in every row or in none")
        for i in np.flatnonzero(undated)
    ]
    return found if undated.any() or found else list(_dated(periods))


def _dated(periods: pd.DataFrame) -> Iterator[Fault]:
    """Gaps and overlaps of dated periods, and the rest of the year after the last."""
    starts = pd.DatetimeIndex(periods["start"])
    ends = starts + pd.to_timedelta(periods["days"].to_numpy(), unit="D")
    for i in range(1, len(periods)):
        if starts[i] > ends[i - 1]:
            problem = f"leaves out {_span(ends[i - 1], starts[i])}"
            right = f"a period from {ends[i - 1].date()}"
            yield fault_at(periods, "periods", i, "start", problem, right)
        elif starts[i] < ends[i - 1]:
            problem = f"is before the end of {periods['period'].iloc[i - 1]}"
            right = f"{ends[i - 1].date()}, or fewer days before"
            yield fault_at(periods, "periods", i, "start", problem, right)
    years = max(1, round((ends[-1] - starts[0]).days / 365.25))
    whole = starts[0] + pd.DateOffset(years=years)
    if ends[-1] < whole:
        problem = f"ends the table before the year is over, leaving out {_span(ends[-1], whole)}"
        right = f"periods through {(whole - pd.Timedelta(days=1)).date()}"
        yield fault_at(periods, "periods", len(periods) - 1, "period", problem, right)
    elif ends[-1] > whole:
        problem = f"ends on {(ends[-1] - pd.Timedelta(days=1)).date()}, beyond the year"
        right = f"an end on {(whole - pd.Timedelta(days=1)).date()}"
        yield fault_at(periods, "periods", len(periods) - 1, "period", problem, right)


def _span(first: pd.Timestamp, after: pd.Timestamp) -> str:
    return f"{first.date()} to {(after - pd.Timedelta(days=1)).date()}"


def _lost_months(labels: pd.Series[str]) -> str:
    """Name the months that are missing, where the labels end in the number of a month."""
    numbers = labels.str.extract(r"(?<!\d)(\d{1,2})$")[0]
    if numbers.isna().any():
        return ""
    present = {int(number) for number in numbers}
    lost = [month for month in range(1, 13) if month not in present]
    return f" (month {listed(lost)} missing)" if present <= set(range(1, 13)) and lost else ""
