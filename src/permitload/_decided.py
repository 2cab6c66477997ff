"""Decided sources with what the rules ask of a study's tables: groups, numbers behind a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from permitload import _targets, allocation, fairness, sources
from permitload._frames import fault_at, faults_of
from permitload._settings import Settings
from permitload.errors import DataError, Fault
from permitload.schema import PARK_TOTALS, described

__all__ = ["BASES", "equipped", "target_faults"]

BASES = ("generated_load", "benchmark_load", "effluent_flow")
"""Numbers of the sources, beside their loads, that a target may rest on."""

Tables = Mapping[str, pd.DataFrame]


def equipped(decided: xr.Dataset, tables: Tables, settings: Settings) -> xr.Dataset:
    """Give the decided sources their groups, and the water that a target asks for.

    Parameters
    ----------
    decided : Dataset
        Loads and bounds of the decided sources.
    tables : mapping of DataFrame
        ``groups``, ``group_limits``, ``sources`` and ``outlets``, without faults.
    settings : Settings
        Choices of the study.

    Returns
    -------
    Dataset
        With ``member``, ``group_limit``, ``annual_total`` and ``total_component`` where there
        are groups, ``effluent_flow`` (source) [m3/s] where the target is equal concentration.
    """
    decided = _watered(decided, tables, settings)
    if tables["groups"].empty:
        return decided
    limits = tables["group_limits"]
    limits = limits[limits["pollutant"].isin(decided["pollutant"].values)]
    parts = limits[limits[PARK_TOTALS[1]].notna()].set_index(["group", "pollutant"])
    given = (parts[name].to_xarray().fillna(np.inf) for name in PARK_TOTALS)
    total = allocation.park_total(*given)
    least = total["annual_total"].to_series()
    own = pd.MultiIndex.from_frame(limits[["group", "pollutant"]])
    here = limits[PARK_TOTALS[1]].notna().to_numpy()
    annual = np.where(here, least.reindex(own).to_numpy(), limits["annual_total"].to_numpy())
    grouped = allocation.with_groups(decided, tables["groups"], limits.assign(annual_total=annual))
    axes = {dim: grouped[dim].values for dim in ("group", "pollutant")}
    names = total["total_component"].reindex(axes, fill_value="").astype(str)
    return described(grouped.assign(total_component=names.transpose(*axes)))


def _watered(decided: xr.Dataset, tables: Tables, settings: Settings) -> xr.Dataset:
    """Give the sources the water that equal concentration asks for, and no other target.

    Where a source states no wastewater and is alone at its outlet, the outlet's is its own.
    """
    if settings.target is not fairness.equal_concentration:
        return decided
    placed = tables["sources"].set_index("source").loc[decided["source"].values]
    shared = sources.resolve(tables["sources"], tables["works"])["outlet"].value_counts()
    outlets = tables["outlets"].set_index("outlet")["effluent_flow"]
    alone = (placed["works"] == "") & (placed["outlet"].map(shared) == 1)
    own = placed["wastewater_flow"]
    water = own.where((own > 0.0) | ~alone, placed["outlet"].map(outlets).fillna(0.0))
    return described(decided.assign(effluent_flow=("source", water.to_numpy(float))))


def target_faults(loads: xr.Dataset, tables: Tables, settings: Settings) -> list[Fault]:
    """Find what the target of a study asks for and the tables do not say.

    Parameters
    ----------
    loads : Dataset
        Loads and bounds of all sources.
    tables : mapping of DataFrame
        ``source_loads``, ``sources``, ``works`` and ``outlets``.
    settings : Settings
        Choices of the study.

    Returns
    -------
    list of Fault
        With the file, row and column in which the number is to stand.
    """
    studied = loads["pollutant"].isin(settings.pollutants)
    mine = loads["source_class"].isin(settings.decided)
    try:
        decided = _watered(loads.sel(source=mine, pollutant=studied), tables, settings)
        (allocation.present_load if settings.target is _targets.tree else settings.target)(decided)
    except DataError as error:
        found = _located(error.faults, tables, settings.target.__name__)
        return found or faults_of(error, "sources.csv")
    return []


def _located(faults: Sequence[Fault], tables: Tables, target: str) -> list[Fault]:
    """Name the cells of tables that numbers of the sources come from."""
    keys = {"sources": ["source"], "source_loads": ["source", "pollutant", "period"]}
    lines = {
        name: {", ".join(cells): at for at, cells in enumerate(tables[name][key].to_numpy())}
        for name, key in keys.items()
    }
    found = []
    for fault in faults:
        label, right = str(fault.row), f"{fault.expected}, for the target {target}"
        name, column = "source_loads", fault.column
        if column == "effluent_flow":
            name, column = "sources", "wastewater_flow"
            label = label.partition(", ")[0]
        if fault.row is None:
            right = f"a number for every load, for the target {target}"
            found.append(Fault(f"{name}.csv", None, column, None, "is empty", right))
            continue
        lost = isinstance(fault.value, float) and np.isnan(fault.value)
        problem = "is empty" if lost else fault.problem
        # a row without period stands for those that have none of their own
        at = lines[name].get(label, lines[name].get(label.rpartition(", ")[0] + ", "))
        if at is None:
            found.append(Fault(f"{name}.csv", label, column, None, problem, right))
        else:
            found.append(fault_at(tables[name], name, at, column, problem, right))
    return list(dict.fromkeys(found))
