"""Load that pumps take out of a polder: as measured, or as a budget of what arises inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at
from permitload.errors import Fault, raise_faults
from permitload.sources._daily import days_of
from permitload.sources.export import export_load, repeated_faults

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["book_once", "polder_budget", "polder_load", "retention"]


def polder_load(pumping: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    r"""Load of every polder and period from measured pumping: Σ V C over the events.

    Parameters
    ----------
    pumping : DataFrame
        ``polder``, ``date``, ``pollutant``, ``pumped_volume`` [m3], ``concentration`` [mg/L].
    periods : DataFrame
        ``period``, ``days`` (whole), ``start``.

    Returns
    -------
    DataFrame
        ``polder``, ``pollutant``, ``period``, ``pumped_volume`` [m3], ``pumped_load`` [kg/d, mean
        of the period]; 0 in a period without pumping.

    Raises
    ------
    DataError
        If an event lies in no period.

    Examples
    --------
    >>> events = pd.DataFrame({"polder": "P", "pollutant": "TN", "pumped_volume": [180000.0, 9e4],
    ...     "date": ["2025-06-03", "2025-06-20"], "concentration": [2.4, 3.1]})
    >>> june = pd.DataFrame({"period": ["Jun"], "days": [30.0], "start": ["2025-06-01"]})
    >>> polder_load(events, june)[["pumped_volume", "pumped_load"]].values.tolist()
    [[270000.0, 23.7]]
    """
    table = complete(pumping, "pumping")
    year, days, number = days_of(periods)
    spot = days.get_indexer(pd.DatetimeIndex(table["date"]).normalize())  # of whatever hour
    right = "a day of one of the periods"
    raise_faults(
        [
            fault_at(table, "pumping", int(i), "date", "is in no period", right)
            for i in np.flatnonzero(spot < 0)
        ]
    )
    place = [table["polder"], table["pollutant"], number[spot]]
    mass = (table["pumped_volume"] * table["concentration"] / 1000.0).groupby(place).sum()
    volume = table["pumped_volume"].groupby(place).sum()
    pairs = table[["polder", "pollutant"]].drop_duplicates()
    result = pairs.merge(year[["period", "days"]].reset_index(drop=True), how="cross")
    keys = pd.MultiIndex.from_arrays(
        [result["polder"], result["pollutant"], np.tile(np.arange(len(year)), len(pairs))]
    )
    return result.assign(
        pumped_volume=volume.reindex(keys, fill_value=0.0).to_numpy(),
        pumped_load=mass.reindex(keys, fill_value=0.0).to_numpy() / result["days"].to_numpy(),
    ).drop(columns="days")


def polder_budget(activities: pd.DataFrame, ditches: pd.DataFrame) -> pd.DataFrame:
    r"""Load of every activity inside polders as the pumps take it out, from what arises.

    .. math:: W = \sum N e (1 - r) \, e^{-k \tau}, \quad \tau = V_{ditch} / Q_{drained}

    Parameters
    ----------
    activities : DataFrame
        As for :func:`export_load`; every row inside a polder.
    ditches : DataFrame
        ``polder``, ``pollutant``, ``ditch_volume`` [m3], ``drained_flow`` [m3/d],
        ``ditch_decay`` [1/d; 0.05 to 0.1 for TN and TP, from memory, unverified].

    Returns
    -------
    DataFrame
        As :func:`export_load`, with ``in_river_load`` [kg/d] what leaves through the pumps, and
        ``retention`` [1] the share that stays in the ditches.

    Raises
    ------
    DataError
        If a row lies in no polder, a polder has no ditches for a pollutant, or drains no water.

    Examples
    --------
    >>> rows = pd.DataFrame({"source": ["F"], "activity": ["rice"], "pollutant": ["TN"],
    ...     "extent": [1.0], "unit_load": [5200.0], "stated_at": ["edge_of_field"],
    ...     "polder": ["P"]})
    >>> ditches = pd.DataFrame({"polder": ["P"], "pollutant": ["TN"], "ditch_volume": [60000.0],
    ...                         "drained_flow": [10000.0], "ditch_decay": [0.08]})
    >>> round(polder_budget(rows, ditches)["in_river_load"].item() * 365, 2)
    3217.67
    """
    loads = export_load(activities)
    raise_faults(
        [
            Fault("activities", row, "polder", None, "is empty", "a polder, or export_load")
            for row in loads["source"][loads["polder"] == ""]
        ]
    )
    kept = retention(loads, ditches)
    return loads.assign(in_river_load=loads["outlet_load"] * (1.0 - kept), retention=kept)


def retention(loads: pd.DataFrame, ditches: pd.DataFrame | None) -> NDArray[np.float64]:
    """Share that stays in the ditches of a polder, 0 outside polders, by row of loads.

    Examples
    --------
    >>> retention(pd.DataFrame({"polder": [""], "pollutant": ["TN"]}), None).tolist()
    [0.0]
    """
    table = complete(ditches, "ditches")
    faults = [
        fault_at(table, "ditches", int(i), "drained_flow", "drains no water", "a flow above 0")
        for i in np.flatnonzero(table["drained_flow"] == 0.0)
    ]
    laws = pd.MultiIndex.from_frame(table[["polder", "pollutant"]])
    row = laws.get_indexer(pd.MultiIndex.from_frame(loads[["polder", "pollutant"]]))
    inside = (loads["polder"] != "").to_numpy()
    lost = loads.loc[(row < 0) & inside, ["polder", "pollutant"]].drop_duplicates()
    for polder, pollutant in lost.to_numpy():
        right = f"a row for {pollutant}"
        faults.append(Fault("ditches", polder, "pollutant", pollutant, "has no row", right))
    raise_faults(faults)
    stay = table["ditch_volume"] / table["drained_flow"]
    kept = np.append(-np.expm1(-table["ditch_decay"] * stay), 0.0)  # the last one is outside
    return np.asarray(kept[np.where(inside, row, len(table))])


def book_once(
    outside_loads: pd.DataFrame, polder_loads: pd.DataFrame, pumped: pd.DataFrame
) -> pd.DataFrame:
    """Put loads outside polders, budgets and measured polders together, each counted once.

    Parameters
    ----------
    outside_loads : DataFrame
        From :func:`export_load`, :func:`runoff_load` or :func:`paddy_load`: rows outside polders.
    polder_loads : DataFrame
        From :func:`polder_budget`, or rows inside polders of the other two.
    pumped : DataFrame
        From :func:`polder_load`: ``polder`` and ``pollutant``.

    Returns
    -------
    DataFrame
        Rows of ``outside_loads`` and ``polder_loads`` with the columns of the first, and
        ``retention`` [1], 0 outside.

    Raises
    ------
    DataError
        If a row is there twice, a source is booked inside a polder and outside for one
        pollutant, a row of ``outside_loads`` lies in a polder, or a polder is both budgeted and
        measured for one pollutant.

    Examples
    --------
    >>> rows = pd.DataFrame({"source": ["F"], "activity": ["rice"], "pollutant": ["TN"],
    ...     "extent": [1.0], "unit_load": [365.0], "stated_at": ["into_water"]})
    >>> empty = export_load(rows[:0])
    >>> book_once(export_load(rows), empty, pd.DataFrame(columns=["polder", "pollutant"]))[
    ...     "in_river_load"].tolist()
    [1.0]
    """
    faults = [
        fault for part in (outside_loads, polder_loads) for fault in repeated_faults(part, "loads")
    ]
    faults += [
        Fault("activities", row.source, "polder", row.polder, problem, right)
        for row in outside_loads[outside_loads["polder"] != ""].itertuples()
        for problem, right in [("is booked beside the pumps", "polder_budget for this row")]
    ]
    inside = set(zip(polder_loads["source"], polder_loads["pollutant"], strict=True))
    free = outside_loads[outside_loads["polder"] == ""]
    beside = set(zip(free["source"], free["pollutant"], strict=True))
    for source, pollutant in sorted(inside & beside):
        problem = f"has {pollutant} inside a polder and outside"
        right = "two sources, one for each"
        faults.append(Fault("activities", source, "source", source, problem, right))
    once = set(zip(polder_loads["polder"], polder_loads["pollutant"], strict=True))
    twice = once & set(zip(pumped["polder"], pumped["pollutant"], strict=True))
    for polder, pollutant in sorted(twice):
        problem = f"has {pollutant} both measured at the pumps and budgeted"
        faults.append(Fault("pumping", polder, "polder", polder, problem, "one of the two"))
    raise_faults(faults)
    parts = [
        part.assign(retention=part.get("retention", 0.0)) for part in (outside_loads, polder_loads)
    ]
    columns = [*outside_loads.columns.drop("retention", errors="ignore"), "retention"]
    full = [part[columns] for part in parts if len(part)]
    return pd.concat(full, ignore_index=True) if full else parts[0][columns]
