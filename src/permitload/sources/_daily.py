"""Daily records and the periods that they fall in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import complete, listed
from permitload.errors import DataError, Fault, raise_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["columns_of", "days_of", "per_day", "whole_days"]


def days_of(periods: pd.DataFrame) -> tuple[pd.DataFrame, pd.DatetimeIndex, NDArray[np.intp]]:
    """All days of the periods in order, and the number of the period that each falls in.

    Examples
    --------
    >>> june = pd.DataFrame({"period": ["Jun"], "days": [30.0], "start": ["2025-06-01"]})
    >>> table, days, number = days_of(june)
    >>> len(days), str(days[-1].date()), set(number.tolist())
    (30, '2025-06-30', {0})
    """
    table = complete(periods, "periods")
    if table.empty:
        raise DataError("periods has no rows; right would be one period at least")
    faults = []
    for row in table.to_dict("records"):
        label = row["period"]
        if pd.isna(row["start"]):
            right = "the first day of the period"
            faults.append(Fault("periods", label, "start", None, "is empty", right))
        elif row["start"] != row["start"].normalize():
            right = "a day, without an hour"
            faults.append(Fault("periods", label, "start", row["start"], "has an hour", right))
        if row["days"] % 1.0 or row["days"] < 1.0:
            right = "whole days, where daily records are added up"
            faults.append(Fault("periods", label, "days", row["days"], "is not whole", right))
    raise_faults(faults)
    spans = [
        pd.date_range(start, periods=int(days), freq="D")
        for start, days in zip(table["start"], table["days"], strict=True)
    ]
    number = np.repeat(np.arange(len(table)), [len(span) for span in spans])
    days = pd.DatetimeIndex(np.concatenate([span.to_numpy() for span in spans]))
    twice = days[days.duplicated()]
    problem = "is in two periods"
    raise_faults(
        [Fault("periods", None, "start", str(d.date()), problem, "one each") for d in twice[:1]]
    )
    return table, days, number


def whole_days(record: pd.DataFrame, days: pd.DatetimeIndex, name: str) -> pd.DataFrame:
    """Rows of a daily record for the days asked for: every one there, once, finite, not negative.

    Examples
    --------
    >>> day = pd.DatetimeIndex(["2025-06-01"])
    >>> whole_days(pd.DataFrame({"rain": [5.0]}, index=day), day, "rain")["rain"].tolist()
    [5.0]
    """
    index = record.index
    if not isinstance(index, pd.DatetimeIndex):
        right = "a DatetimeIndex, a row a day"
        raise_faults([Fault(name, None, "date", None, "is not the index", right)])
    twice = index[index.duplicated()]
    lost = days.difference(index)
    faults = [
        Fault(name, None, "date", str(d.date()), "is there twice", "one row a day")
        for d in twice[:6]
    ]
    if len(lost):
        shown = listed([str(d.date()) for d in lost])
        faults.append(Fault(name, None, "date", shown, "is missing", "a row for every day"))
    raise_faults(faults)
    rows = record.loc[days].apply(pd.to_numeric, errors="coerce").astype(float)
    bad = ~(np.isfinite(rows.to_numpy()) & (rows.to_numpy() >= 0.0))
    raise_faults(
        [
            Fault(
                name, str(rows.index[i].date()), rows.columns[j], float(rows.iloc[i, j]),
                "is negative or no number", "a number ≥ 0",
            )
            for i, j in np.argwhere(bad)[:20]
        ]
    )  # fmt: skip
    return rows


def columns_of(record: pd.DataFrame, names: Sequence[str], name: str) -> pd.DataFrame:
    """Columns of a daily record; all that are missing are named.

    Examples
    --------
    >>> columns_of(pd.DataFrame({"rain": [5.0], "wind": [1.0]}), ["rain"], "rain")
       rain
    0   5.0
    """
    if not isinstance(record, pd.DataFrame):
        raise DataError(f"{name} is no table; right would be a DataFrame, a row a day")
    lost = [column for column in names if column not in record.columns]
    raise_faults(
        [Fault(name, None, label, None, "is missing", f"a column {label} [mm/d]") for label in lost]
    )
    return record[list(names)]


def per_day(
    mass: NDArray[np.float64], number: NDArray[np.intp], table: pd.DataFrame
) -> NDArray[np.float64]:
    """Mean rate of each period from the masses of its days, along the first axis.

    Examples
    --------
    >>> year = pd.DataFrame({"days": [2.0, 1.0]})
    >>> per_day(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]), year).tolist()
    [2.0, 5.0]
    """
    sums = np.zeros((len(table), *mass.shape[1:]))
    np.add.at(sums, number, mass)
    days: NDArray[np.float64] = table["days"].to_numpy().reshape(-1, *[1] * (mass.ndim - 1))
    return np.asarray(sums / days)
