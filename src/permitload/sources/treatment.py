"""Loads of treatment works from daily records: what came, what went out, what passed it by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at
from permitload.errors import raise_faults
from permitload.sources._daily import days_of

__all__ = ["works_load"]


def works_load(works_days: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    r"""Load that works let out in every period, with what passed them untreated.

    .. math:: L = \overline{Q_{out} C_{out} + Q_{by} C_{in}}

    Days without a record take the mean of the measured days of the same period; the share that
    was measured stands beside each load.

    Parameters
    ----------
    works_days : DataFrame
        ``works``, ``date``, ``pollutant``, ``inlet_volume``, ``effluent_volume``,
        ``bypass_volume`` [m3/d], ``inlet_concentration``, ``outlet_concentration`` [mg/L].
        ``inlet_volume`` is what is treated: the bypass is not in it.
    periods : DataFrame
        ``period``, ``days`` (whole), ``start``.

    Returns
    -------
    DataFrame
        ``works``, ``pollutant``, ``period``, ``measured_share`` [1], ``generated_load`` (came,
        bypass included), ``source_load`` (into water, bypass included), ``bypass_load`` [kg/d],
        ``works_removal`` [1]: share of what came that did not go out, NaN where nothing came.

    Raises
    ------
    DataError
        If a day lies in no period, or a works has no day in one.

    References
    ----------
    HJ 978-2018 (load of a works: flow by concentration).

    Examples
    --------
    >>> day = pd.DataFrame({"works": ["W"], "date": ["2025-06-01"], "pollutant": ["COD"],
    ...     "inlet_volume": [30000.0], "inlet_concentration": [300.0],
    ...     "effluent_volume": [30000.0], "outlet_concentration": [40.0],
    ...     "bypass_volume": [1000.0]})
    >>> june = pd.DataFrame({"period": ["Jun"], "days": [30.0], "start": ["2025-06-01"]})
    >>> works_load(day, june)[["source_load", "bypass_load"]].values.tolist()
    [[1500.0, 300.0]]
    """
    table = complete(works_days, "works_days")
    year, days, number = days_of(periods)
    spot = days.get_indexer(pd.DatetimeIndex(table["date"]))
    right = "a day of one of the periods"
    raise_faults(
        [
            fault_at(table, "works_days", int(i), "date", "is in no period", right)
            for i in np.flatnonzero(spot < 0)
        ]
    )
    bypass = table["bypass_volume"] * table["inlet_concentration"] / 1000.0
    came = table["inlet_volume"] * table["inlet_concentration"] / 1000.0 + bypass
    out = table["effluent_volume"] * table["outlet_concentration"] / 1000.0 + bypass
    labels = year["period"].to_numpy(dtype=object)[number[spot]]
    rows = table[["works", "pollutant"]].assign(
        period=labels, generated_load=came, source_load=out, bypass_load=bypass
    )
    means = rows.groupby(["works", "pollutant", "period"], sort=False)
    result = means.mean().assign(measured_share=means.size())
    pairs = table[["works", "pollutant"]].drop_duplicates()
    whole = pairs.merge(year[["period", "days"]].reset_index(drop=True), how="cross")
    joined = whole.join(result, on=["works", "pollutant", "period"])
    _refuse_gaps(joined, table)
    joined["measured_share"] /= joined["days"]
    went = joined["source_load"] / joined["generated_load"].where(joined["generated_load"] > 0.0)
    names = ["measured_share", "generated_load", "source_load", "bypass_load"]
    found = joined[["works", "pollutant", "period", *names]].assign(works_removal=1.0 - went)
    return found.reset_index(drop=True)


def _refuse_gaps(joined: pd.DataFrame, table: pd.DataFrame) -> None:
    """Refuse works without a single day in a period: there is nothing to fill it from."""
    lost = joined[joined["source_load"].isna()]
    faults = []
    for row in lost.itertuples():
        of_pair = (table["works"] == row.works) & (table["pollutant"] == row.pollutant)
        first = int(np.flatnonzero(of_pair)[0])
        problem = f"has no {row.pollutant} in {row.period}"
        faults.append(
            fault_at(table, "works_days", first, "works", problem, "a day in every period")
        )
    raise_faults(faults)
