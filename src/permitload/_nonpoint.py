"""Loads of land, homes, storms, paddies and polders as rows of ``source_loads``, each with origin.

A study states either the load of a source or the activities, land, paddies or pumps that it
follows from. What follows has a negative line, and its note names the rows that it follows from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload import sources
from permitload._alternatives import OWN
from permitload._frames import LINE, complete, fault_at, faults_of, listed, place, title, whole
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import TABLES, VARIABLES

__all__ = ["Booked", "booked", "by_activity", "derived"]

Tables = Mapping[str, pd.DataFrame]

_NEEDS = {
    "activities": ("activities", "month_shares", "ditches", "pumping", "periods"),
    "pumping": ("pumping", "periods"),
    "lands": ("lands", "weather", "periods"),
    "paddies": ("paddies", "weather", "periods"),
}
"""Tables that loads follow from, each with all that it takes to compute them."""
_USED_BY = {"month_shares": ("activities",), "ditches": ("activities",),
            "weather": ("lands", "paddies")}  # fmt: skip
"""Tables that are of no use without one of others."""
_KEYS = ["source", "pollutant", "period"]


class Booked(NamedTuple):
    """Tables with the rows that follow from others, and what is wrong with these others."""

    tables: dict[str, pd.DataFrame]
    faults: list[Fault]
    origins: dict[tuple[str, str], tuple[str, str]]
    """File and line of what follows from others → file and row of the first of these."""

    def placed(self, faults: Sequence[Fault]) -> list[Fault]:
        """Name the row that another follows from where a fault names the other."""
        found = []
        for fault in faults:
            origin = self.origins.get((fault.table, str(fault.row).partition(" ")[0]))
            found.append(replace(fault, table=origin[0], row=origin[1]) if origin else fault)
        return list(dict.fromkeys(found))


def booked(tables: Tables, reading: Sequence[Fault] = ()) -> Booked:
    """Compute the loads that activities, land, paddies and pumps of a study make.

    Parameters
    ----------
    tables : mapping of DataFrame
        As they were read.
    reading : sequence of Fault, optional
        What reading them found; nothing follows from a table that was not read whole.

    Returns
    -------
    Booked
        The tables with these loads in ``source_loads``; 0 stands for one that has a fault.
    """
    given = whole(tables)
    broken = {fault.table.removesuffix(".csv") for fault in reading}
    faults = _unused(given, broken)
    parts: list[pd.DataFrame] = []
    for name, needed in _NEEDS.items():
        rows = given[name]
        if rows.empty or "source" not in rows:
            continue
        pairs = rows[["source", "pollutant"]].drop_duplicates()
        loads = pairs.merge(given["periods"][["period"]], "cross").assign(source_load=0.0)
        bare = [n for n in _USED_BY if n in needed and n != "ditches" and given[n].empty]
        if not broken & set(needed):
            faults += [
                Fault(f"{n}.csv", None, "rows", None, "are missing", f"those that {name} need")
                for n in bare
            ]
        if not bare and not broken & set(needed):
            try:
                loads = _LOADS[name](given)
            except DataError as error:
                faults += [_located(fault, given) for fault in faults_of(error, f"{name}.csv")]
        parts.append(loads[[*_KEYS, "source_load"]].assign(table=name))
    if not parts:
        return Booked(dict(tables), faults, {})
    found = pd.concat(parts, ignore_index=True)
    faults += _twice(given)
    return _entered(found, tables, given, faults)


def _rows(given: Tables) -> dict[tuple[str, str, str], NDArray[np.intp]]:
    """Positions of the rows of each table, source and pollutant."""
    return {
        (name, *pair): at
        for name in _NEEDS
        for pair, at in given[name].groupby(["source", "pollutant"], sort=False).indices.items()
    }


def _entered(found: pd.DataFrame, tables: Tables, given: Tables, faults: list[Fault]) -> Booked:
    """Append loads of known sources and pollutants, with their origin, to those that are stated."""
    known = found["source"].isin(given["sources"]["source"])
    known &= found["pollutant"].isin(given["kinetics"]["pollutant"])
    known &= ~found["source"].isin(given["source_loads"]["source"])
    new = found[known].drop_duplicates(_KEYS)
    keys = list(zip(new["table"], new["source"], new["pollutant"], strict=True))
    rows = _rows(given)
    notes = {key: _reference(given[key[0]], key[0], rows[key]) for key in set(keys)}
    loads = complete(new[[*_KEYS, "source_load"]], "source_loads")
    loads = loads.assign(note=[notes[key] for key in keys])
    loads.index = pd.RangeIndex(-1, -len(loads) - 1, -1, name=LINE)
    origins = {}
    for line, key in zip(loads.index, keys, strict=True):
        table = given[key[0]]
        origins["source_loads.csv", str(line)] = (
            title(table, key[0]),
            place(table, key[0], int(rows[key][0])),
        )
    whole = pd.concat([given["source_loads"], loads]).rename_axis(LINE)
    return Booked({**tables, "source_loads": whole}, faults, origins)


def _reference(table: pd.DataFrame, name: str, at: NDArray[np.intp]) -> str:
    """File and lines that a load follows from."""
    lines = [int(line) for line in table.index[at]]
    if len(lines) > 2 and lines == list(range(lines[0], lines[-1] + 1)):
        return f"{name}.csv, lines {lines[0]} to {lines[-1]}"
    return f"{name}.csv, line{'s' * (len(lines) > 1)} {listed(lines)}"


def _of_activities(given: Tables) -> pd.DataFrame:
    """Compute the loads of all activities, those inside polders as the pumps take them out."""
    shares, periods = given["month_shares"], given["periods"]
    loads = by_activity(given)
    # a share of a period that is not there is named as a label that nothing declares
    known = shares["period"].isin(periods["period"])
    return sources.spread_over_periods(loads, shares[known], periods)


def by_activity(given: Tables) -> pd.DataFrame:
    """Compute the load of a year of every activity, each booked once."""
    table = given["activities"]
    inside = table["polder"] != ""
    budget = sources.polder_budget(table[inside], given["ditches"])
    return sources.book_once(
        sources.export_load(table[~inside]), budget, given["pumping"][["polder", "pollutant"]]
    )


def _of_pumping(given: Tables) -> pd.DataFrame:
    """Add up what was measured at the pumps, by the source that it is booked as."""
    events = given["pumping"]
    owners = events.drop_duplicates(["polder", "source"])
    shared = np.flatnonzero(events.index.isin(owners.index[owners.duplicated("polder")]))
    faults = [
        fault_at(events, "pumping", int(i), "source", "is another source than further up",
                 "one source a polder")
        for i in shared
    ]  # fmt: skip
    faults += [
        fault_at(events, "pumping", int(i), "source", "is empty", "the source that it is booked as")
        for i in np.flatnonzero(events["source"] == "")
    ]
    raise_faults(faults)
    loads = sources.polder_load(events, given["periods"])
    owner = owners.set_index("polder")["source"]
    loads = loads.assign(source=loads["polder"].map(owner), source_load=loads["pumped_load"])
    return loads.groupby(_KEYS, sort=False)["source_load"].sum().reset_index()


def _of_lands(given: Tables) -> pd.DataFrame:
    """Compute the loads that storms wash off land."""
    return sources.runoff_load(given["lands"], _daily(given), given["periods"])


def _of_paddies(given: Tables) -> pd.DataFrame:
    """Compute the loads of what paddies spill."""
    weather = given["weather"]
    faults = []
    for name in ("irrigation", "evaporation", "seepage"):
        empty = np.flatnonzero(weather[name].isna())
        if empty.size:
            problem, right = f"is empty (in {empty.size} rows)", "mm/d ≥ 0, where there are paddies"
            faults.append(fault_at(weather, "weather", int(empty[0]), name, problem, right))
    raise_faults(faults)
    return sources.paddy_load(given["paddies"], _daily(given), given["periods"])


def _daily(given: Tables) -> pd.DataFrame:
    """Weather by day."""
    table = given["weather"]
    return table.set_index(pd.DatetimeIndex(table["date"]))


_LOADS: Mapping[str, Callable[[Tables], pd.DataFrame]] = {
    "activities": _of_activities, "pumping": _of_pumping, "lands": _of_lands,
    "paddies": _of_paddies,
}  # fmt: skip


def _unused(given: Tables, broken: set[str]) -> list[Fault]:
    """Rows that no load follows from: they would be read and left aside."""
    faults = []
    for name, users in _USED_BY.items():
        if not given[name].empty and all(given[u].empty and u not in broken for u in users):
            right = f"rows of {' or '.join(users)}, or no {name}"
            faults.append(Fault(f"{name}.csv", None, "rows", None, "are used by nothing", right))
    acts = given["activities"]
    inside = acts[acts["polder"] != ""]
    keyed = (("month_shares", ["activity"], acts), ("ditches", ["polder", "pollutant"], inside))
    for name, keys, table in keyed:
        if acts.empty or broken & {"activities", name}:
            continue
        mine = pd.MultiIndex.from_frame(given[name][keys])
        lost = ~mine.isin(pd.MultiIndex.from_frame(table[keys])) & ~mine.duplicated()
        right = "one of activities" + ", inside a polder" * (name == "ditches")
        faults += [
            fault_at(given[name], name, int(i), keys[0], "is used by no activity", right)
            for i in np.flatnonzero(lost)
        ]
    return faults


def _twice(given: Tables) -> list[Fault]:
    """Find sources whose load is stated too, or follows from two tables, and those behind works."""
    stated = given["source_loads"].drop_duplicates("source")
    lines = dict(zip(stated["source"], stated.index, strict=True))
    behind = set(given["sources"].loc[given["sources"]["works"] != "", "source"])
    faults: list[Fault] = []
    first: dict[tuple[str, ...], str] = {}
    for (name, source, pollutant), rows in _rows(given).items():
        wrong = []
        other = first.setdefault((source, pollutant), name)
        if other != name:
            right = "one table a source and pollutant"
            wrong.append((f"has {pollutant} in {other}.csv too", right))
        if (source,) not in first:
            first[source,] = name
            if source in lines:
                wrong.append((f"has a load in {_stated(lines[source])} too", "one of the two"))
            if source in behind:
                problem = "is behind a works: what it hands over is no load of the water"
                wrong.append((problem, "a source at an outlet"))
        table = given[name]
        faults += [fault_at(table, name, int(rows[0]), "source", *words) for words in wrong]
    return faults


def _stated(line: int) -> str:
    """Name the line of a stated load, which may be that of an alternative."""
    if line < OWN:
        return f"source_loads.csv, line {line},"
    return f"the alternative's source_loads.csv, line {line - OWN},"


def _located(fault: Fault, given: Tables) -> Fault:
    """Give file and line to a fault of a function that knows labels alone."""
    name = {"rain": "weather"}.get(fault.table, fault.table)
    if name not in given or given[name].index.name != LINE:
        return fault
    table = given[name]
    keys = [key for key in TABLES[name].key if not VARIABLES[key].is_date]
    named = table[keys].astype(str)
    if "date" in table:
        named = named.assign(date=table["date"].dt.strftime("%Y-%m-%d"))
    at = np.flatnonzero((named == str(fault.row)).any(axis=1))
    # the shares of an activity are wrong together, not in its first row
    row = fault.row if name == "month_shares" or not at.size else place(table, name, int(at[0]))
    return replace(fault, table=f"{name}.csv", row=row)


def derived(tables: Tables) -> pd.DataFrame:
    """List the loads of a sound study that follow from other tables, and from which rows."""
    loads = tables["source_loads"]
    mine = loads[loads.index < 0] if loads.index.name == LINE else loads[:0]
    return (
        mine[[*_KEYS, "source_load", "note"]]
        .rename(columns={"note": "reference"})
        .reset_index(drop=True)
    )
