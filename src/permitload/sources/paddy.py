"""Ponded water of paddies day by day, and the load of what they spill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import complete
from permitload.errors import Fault, raise_faults
from permitload.sources._daily import columns_of, days_of, per_day, whole_days
from permitload.sources.runoff import by_period, pass_ditches

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["paddy_balance", "paddy_load"]

WEATHER = ("rain", "irrigation", "evaporation", "seepage")


def paddy_balance(
    weather: pd.DataFrame, greatest_ponded: float, ponded: float = 0.0
) -> pd.DataFrame:
    r"""Water that stands on a paddy at the end of each day, and what it spills.

    .. math:: h_t = \min(h_{max}, \max(0, h_{t-1} + P + I - ET - F)), \quad
              D_t = \max(0, h_{t-1} + P + I - ET - F - h_{max})

    What a dry paddy cannot give to evaporation and seepage is ``dried``, so that the balance
    closes: rain + irrigation + dried = evaporation + seepage + drained + rise of ``ponded``.

    Parameters
    ----------
    weather : DataFrame
        ``rain``, ``irrigation``, ``evaporation``, ``seepage`` [mm/d], a row a day without gaps.
    greatest_ponded : float
        Depth at which the paddy spills [mm]; 60 to 80 is usual (from memory, unverified).
    ponded : float, default 0
        Water on the first morning, at most ``greatest_ponded`` [mm].

    Returns
    -------
    DataFrame
        By day: ``ponded``, ``drained``, ``dried`` [mm].

    Raises
    ------
    DataError
        If a day is missing or a number out of range.

    Examples
    --------
    >>> days = pd.date_range("2025-06-01", periods=2)
    >>> weather = pd.DataFrame({"rain": [90.0, 0.0], "irrigation": 0.0, "evaporation": 5.0,
    ...                         "seepage": 3.0}, index=days)
    >>> paddy_balance(weather, 70.0)[["ponded", "drained"]].values.tolist()
    [[70.0, 12.0], [62.0, 0.0]]
    """
    faults = []
    if not 0.0 <= greatest_ponded < np.inf:
        right = "a depth ≥ 0 mm"
        faults.append(
            Fault("paddies", None, "greatest_ponded", greatest_ponded, "is no depth", right)
        )
    if not 0.0 <= ponded <= greatest_ponded:
        right = "from 0 to greatest_ponded"
        faults.append(Fault("paddies", None, "ponded", ponded, "is out of range", right))
    raise_faults(faults)
    rows = whole_days(columns_of(weather, WEATHER, "weather"), _every_day(weather), "weather")
    gain = (rows["rain"] + rows["irrigation"] - rows["evaporation"] - rows["seepage"]).to_numpy()
    depth, spilled, dry = _run(gain, greatest_ponded, ponded)
    return pd.DataFrame({"ponded": depth, "drained": spilled, "dried": dry}, index=rows.index)


def _every_day(weather: pd.DataFrame) -> pd.DatetimeIndex:
    """Days from the first to the last of a record."""
    if not isinstance(weather.index, pd.DatetimeIndex) or not len(weather):
        right = "a DatetimeIndex, a row a day"
        raise_faults([Fault("weather", None, "date", None, "is not the index", right)])
    return pd.date_range(weather.index.min(), weather.index.max(), freq="D")


def _run(
    gain: NDArray[np.float64], greatest: float, ponded: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Step through the days: depth at the end, water spilled, water that was not there."""
    depth, spilled, dry = (np.empty_like(gain) for _ in range(3))
    level = ponded
    for day, change in enumerate(gain):
        free = level + change
        spilled[day] = max(0.0, free - greatest)
        dry[day] = max(0.0, -free)
        level = depth[day] = min(max(free, 0.0), greatest)
    return depth, spilled, dry


def paddy_load(
    paddies: pd.DataFrame,
    weather: pd.DataFrame,
    periods: pd.DataFrame,
    ditches: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Load of the water that paddies spill in every period.

    Parameters
    ----------
    paddies : DataFrame
        ``source``, ``pollutant``, ``land_area`` [km2], ``greatest_ponded`` [mm],
        ``event_concentration`` [mg/L, of the spilled water], ``into_river`` [1; 1 inside a
        polder], ``polder``.
    weather : DataFrame
        As for :func:`paddy_balance`; the paddies are dry on the first morning, so let it begin
        before the first period.
    periods : DataFrame
        ``period``, ``days`` (whole), ``start``.
    ditches : DataFrame, optional
        As for :func:`runoff_load`.

    Returns
    -------
    DataFrame
        ``source``, ``pollutant``, ``polder``, ``retention`` [1], ``period``, ``drained`` [mm in
        the period] and ``source_load`` [kg/d, mean of the period, in the river].

    Raises
    ------
    DataError
        If a day of a period is missing, a number out of range, or a paddy in a polder has no
        ditches or counts its way to the water twice.

    Examples
    --------
    >>> days = pd.date_range("2025-06-01", periods=2)
    >>> weather = pd.DataFrame({"rain": [90.0, 0.0], "irrigation": 0.0, "evaporation": 5.0,
    ...                         "seepage": 3.0}, index=days)
    >>> june = pd.DataFrame({"period": ["Jun"], "days": [2.0], "start": ["2025-06-01"]})
    >>> field = pd.DataFrame({"source": ["F"], "pollutant": ["TN"], "land_area": [0.5],
    ...                       "greatest_ponded": [70.0], "event_concentration": [4.0]})
    >>> paddy_load(field, weather, june)["source_load"].tolist()
    [12.0]
    """
    table = pass_ditches(complete(paddies, "paddies"), ditches, "paddies")
    year, days, number = days_of(periods)
    depths = {
        greatest: paddy_balance(weather, greatest)["drained"]
        for greatest in table["greatest_ponded"].unique().tolist()
    }
    of_days = {g: whole_days(d.to_frame(), days, "weather")["drained"] for g, d in depths.items()}
    spilled = np.empty((len(days), len(table)))
    for column, greatest in enumerate(table["greatest_ponded"]):
        spilled[:, column] = of_days[greatest]
    reaches = table["into_river"] * (1.0 - table["retention"])
    factor = table["land_area"] * table["event_concentration"] * reaches
    values = {
        "drained": per_day(spilled, number, year) * year["days"].to_numpy()[:, None],
        "source_load": per_day(spilled * factor.to_numpy(), number, year),
    }
    return by_period(table, year, values)
