"""What works of a study let out by their records, beside the loads behind them and their law."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from permitload import sources
from permitload._frames import fault_at, faults_of, title
from permitload.errors import DataError, Fault
from permitload.units import flux

__all__ = ["faults", "table"]

Tables = Mapping[str, pd.DataFrame]


def faults(tables: Tables) -> list[Fault]:
    """Find daily records of works that no row of ``works`` is for, or that leave a period out.

    Parameters
    ----------
    tables : mapping of DataFrame
        ``works_days``, ``works`` and ``periods``.

    Returns
    -------
    list of Fault
        With the line of the record.
    """
    days, laws = tables["works_days"], tables["works"]
    if days.empty:
        return []
    mine = pd.MultiIndex.from_frame(days[["works", "pollutant"]])
    known = mine.isin(pd.MultiIndex.from_frame(laws[["works", "pollutant"]]))
    lost = ~known & ~mine.duplicated()
    right = "a works and pollutant of works"
    faults = [
        fault_at(days, "works_days", int(i), "works", "has no law for this pollutant", right)
        for i in np.flatnonzero(lost)
    ]
    try:
        sources.works_load(days[known], tables["periods"])
    except DataError as error:
        faults += faults_of(error, title(days, "works_days"))
    return faults


def table(tables: Tables) -> pd.DataFrame:
    """Set what works let out by their records against the loads behind them and against the law.

    Parameters
    ----------
    tables : mapping of DataFrame
        A study without faults.

    Returns
    -------
    DataFrame
        A row a works, pollutant and period that ``works_days`` has: as
        :func:`sources.works_load`, what was let out being ``measured_load``; ``source_load``
        [kg/d] of all sources behind the works; ``works_law`` [kg/d], their water at the outlet
        concentration; ``law_use`` [1], measured over law, NaN where the law lets nothing out.
    """
    periods = tables["periods"]
    found = sources.works_load(tables["works_days"], periods)
    found = found.rename(columns={"source_load": "measured_load"})
    placed, laws = tables["sources"], tables["works"]
    whole = sources.source_dataset(placed, laws, tables["source_loads"], periods["period"].tolist())
    key = ["works", "pollutant", "period"]
    booked = whole["source_load"].groupby("works").sum("source").to_series().reset_index()
    found = found.merge(booked[[*key, "source_load"]], "left", key)
    water = placed.groupby("works")["wastewater_flow"].sum()
    laws = laws.assign(works_law=flux(laws["works"].map(water), laws["outlet_concentration"]))
    found = found.merge(laws[[*key[:2], "works_law"]], "left", key[:2])
    return found.assign(law_use=found["measured_load"] / found["works_law"].where(
        found["works_law"] > 0.0))  # fmt: skip
