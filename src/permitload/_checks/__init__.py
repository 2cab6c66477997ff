"""Whether the tables of a study fit together: every contradiction at once, before anything runs.

Each table alone has passed :mod:`permitload.io`; cells that failed there are NaN or ``""`` here
and are left alone, so that nothing is reported twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload import sources, standards
from permitload._checks.bounded import bound_faults, bounded
from permitload._checks.calendar import calendar_faults
from permitload._checks.flows import hydraulic_faults
from permitload._checks.grouped import group_faults
from permitload._checks.places import place_faults
from permitload._checks.plausible import plausibility_faults
from permitload._checks.rates import rate_faults
from permitload._checks.references import reference_faults
from permitload._checks.treatment import treatment_faults
from permitload._checks.undecided import class_faults
from permitload._checks.works import works_faults
from permitload._frames import LINE, fault_at, faults_of, place, positions, title, whole
from permitload.errors import DataError, Fault
from permitload.io import expand_periods
from permitload.schema import TABLES, VARIABLES, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import xarray as xr

    from permitload.network import RiverNetwork

__all__ = ["Study", "judged"]

Tables = dict[str, pd.DataFrame]


@dataclass(slots=True)
class Study:
    """What is wrong with the tables of a study, and what checking them has made of them.

    Parameters
    ----------
    faults : list of Fault
        What reading found and all contradictions; empty if the study can run.
    network, water, limits, loads : RiverNetwork, Dataset, optional
        The network, its hydraulics, the limits of the sections and the loads of the sources;
        there if nothing is wrong.
    """

    faults: list[Fault] = field(default_factory=list)
    network: RiverNetwork | None = None
    water: xr.Dataset | None = None
    limits: xr.Dataset | None = None
    loads: xr.Dataset | None = None


def judged(
    tables: Mapping[str, pd.DataFrame],
    pollutants: Sequence[str] | None = None,
    reading: Sequence[Fault] = (),
    decided: Sequence[str] = (),
    computed: Callable[..., xr.Dataset] | None = None,
) -> Study:
    """Find everything that is wrong with the tables of a study.

    Parameters
    ----------
    tables : mapping of DataFrame
        By name, as :func:`permitload.io.read_study_tables` returns them.
    pollutants : sequence of str, optional
        What is studied; by default all pollutants of ``source_loads``.
    reading : sequence of Fault, optional
        What reading the tables found; of a cell named there nothing more is said, nor of the
        rows of a file that could not be read.
    decided : sequence of str, optional
        Source classes whose loads are decided.
    computed : callable, optional
        Computes flow from a network, boundaries and details; by default ``flows`` gives it.

    Returns
    -------
    Study
        ``reading`` and all contradictions, and what was made to find them.

    Examples
    --------
    >>> from permitload._frames import complete
    >>> periods = complete(pd.DataFrame({"period": ["dry"], "days": [30.0]}), "periods")
    >>> print(judged({"periods": periods}).faults[-1])
    periods, days: sum to 30, not to a year; right would be 365 or 366 days
    """
    given = whole(tables)
    unread = {fault.table.removesuffix(".csv") for fault in reading if fault.column == "file"}
    filled = _FILLED if computed else (*_FILLED, "flows")
    bare = [name for name in filled if given[name].empty and name not in unread]
    lost = {*unread, *bare}
    found = [_bare(name, tables) for name in bare]
    if pollutants is None:
        pollutants = [label for label in given["source_loads"]["pollutant"].unique() if label]
    else:
        found += _studied(given, pollutants, lost)
    found += reference_faults(given, lost)
    made = Study()
    for needs, check in _checks(given, pollutants, decided, made, computed):
        # nobody knows what stands in a table that could not be read
        found += [] if lost & set(needs.split()) else check()
    made.faults = _once(reading, (_located(fault, given) for fault in found))
    return made


def _bare(name: str, tables: Mapping[str, pd.DataFrame]) -> Fault:
    """Fault of a table without rows, or of the one optional table that is needed after all."""
    if name == "flows" and name not in tables:
        right = 'a CSV file, or flow = "steady" in [hydraulics]'
        return Fault("flows.csv", None, "file", None, "is missing", right)
    return Fault(f"{name}.csv", None, "rows", None, "has no row", "at least one row")


def _checks(
    given: Tables, studied: Sequence[str], decided: Sequence[str], made: Study,
    computed: Callable[..., xr.Dataset] | None,
) -> list[tuple[str, Callable[[], list[Fault]]]]:  # fmt: skip
    """List what is checked across tables, each with the tables that it needs; fill ``made``."""
    return [
        ("outlets sections", lambda: place_faults(given)),
        ("periods", lambda: calendar_faults(given["periods"])),
        (_WATER, lambda: _water(given, studied, made, computed)),
        ("kinetics nodes reaches", lambda: rate_faults(given)),
        ("source_loads", lambda: _least(given, studied)),
        ("periods sections standards", lambda: _limits(given, studied, made)),
        ("observations", lambda: _alone(given, "observations", standards.period_means)),
        ("emission_limits", lambda: _alone(given, "emission_limits", standards.emission_limits)),
        ("kinetics sections source_bounds source_loads sources works", lambda: bound_faults(given)),
        ("periods source_bounds source_loads sources works", lambda: _sources(given, made)),
        ("group_limits groups sections sources", lambda: group_faults(given, decided)),
        ("options reductions sources", lambda: treatment_faults(given, decided)),
        ("outlets sources works", lambda: works_faults(given)),
        ("outlets source_loads sources", lambda: plausibility_faults(given)),
        ("enterprises sources works", lambda: _unused(given)),
        ("sources", lambda: class_faults(given["sources"], decided)),
    ]


def _studied(tables: Tables, pollutants: Sequence[str], lost: set[str]) -> list[Fault]:
    """Pollutants of the study that nobody discharges, or that have no rates."""
    loads = {*tables["source_loads"]["pollutant"].tolist()}
    # a load without kinetics is a label that is not known, and named as such
    named = {"source_loads": loads, "kinetics": {*tables["kinetics"]["pollutant"].tolist(), *loads}}
    return [
        Fault("study.toml", "study", "pollutants", label, f"has no row in {name}", "a row for it")
        for label in pollutants
        for name, labels in named.items()
        if name not in lost and label not in labels
    ]


_FILLED = tuple(
    name
    for name, table in TABLES.items()
    if not table.optional and name not in ("boundaries", "inflow")
)
"""Tables that hold a row in every study; a network may be closed to water from outside."""

_WATER = (
    "reaches nodes structures polders periods flows shares boundaries inflow sections outlets "
    "stages openings lateral_flows rating_curves tides gate_rules cross_sections storage_curves"
)
"""Tables that the judgement of flows needs."""


def _least(tables: Tables, pollutants: Sequence[str]) -> list[Fault]:
    """Find pollutants whose standard is a least: discharging more of them cannot be a limit."""
    loads = tables["source_loads"]
    right = "what consumes it: COD, BOD5, NH3-N"
    return [
        fault_at(
            loads,
            "source_loads",
            int(np.flatnonzero(loads["pollutant"] == label)[0]),
            "pollutant",
            "is judged by a least (≥), not by a most",
            right,
        )
        for label in pollutants
        if standards.sense(label) == "≥" and (loads["pollutant"] == label).any()
    ]


def _water(
    tables: Tables, pollutants: Sequence[str], made: Study,
    computed: Callable[..., xr.Dataset] | None,
) -> list[Fault]:  # fmt: skip
    """Network and flows that cannot be, or that leave something unknown."""
    found, made.network, made.water = hydraulic_faults(tables, pollutants, computed)
    return found


def _limits(tables: Tables, pollutants: Sequence[str], made: Study) -> list[Fault]:
    """Limits that are missing or contradictory."""
    sections, targets = tables["sections"], tables["standards"]
    periods = [label for label in tables["periods"]["period"] if label]
    if not (_sound(sections, "sections") and _sound(targets, "standards")):
        return []
    try:
        made.limits = standards.limits(sections, pollutants, periods, targets)
    except DataError as error:
        return faults_of(error, title(sections, "sections"))
    return []


def _alone(tables: Tables, name: str, read: Callable[[pd.DataFrame], pd.DataFrame]) -> list[Fault]:
    """Find what the function that reads a table refuses in it."""
    if not _sound(tables[name], name):
        return []
    try:
        read(tables[name])
    except DataError as error:
        return faults_of(error, title(tables[name], name))
    return []


def _sources(tables: Tables, made: Study) -> list[Fault]:
    """Find sources, works and loads that do not add up."""
    placed, works, loads = tables["sources"], tables["works"], tables["source_loads"]
    if not (_sound(placed, "sources") and _sound(works, "works")):
        return []
    periods = [label for label in tables["periods"]["period"].tolist() if label]
    try:
        if not (periods and _sound(loads, "source_loads")):
            sources.resolve(placed, works)
            return []
        there = positions(placed["source"].to_numpy(), loads["source"].to_numpy())
        known = (there >= 0) & loads["period"].isin(["", *periods]).to_numpy()
        written = expand_periods(loads if known.all() else loads[known], periods)
        whole = sources.source_dataset(placed, works, written, periods)
        made.loads, found = bounded(whole, written, tables["source_bounds"], periods)
        return found
    except DataError as error:
        return faults_of(error, title(placed, "sources"))
    return []


def _unused(tables: Tables) -> list[Fault]:
    """Works and enterprises that no source belongs to, and sectors that contradict."""
    placed = tables["sources"]
    found = []
    for name, column in (("works", "works"), ("enterprises", "enterprise")):
        table = tables[name].drop_duplicates(column)
        for i in np.flatnonzero((table[column] != "") & ~table[column].isin(placed[column])):
            problem, right = "has no source", f"a source of this {column}, or no row"
            found.append(fault_at(table, name, int(i), column, problem, right))
    if tables["enterprises"].empty:
        return found
    sectors = tables["enterprises"].drop_duplicates("enterprise").set_index("enterprise")["sector"]
    held = text(placed["enterprise"].map(sectors))
    for i in np.flatnonzero((held != "") & (placed["sector"] != "") & (placed["sector"] != held)):
        problem = f"is not the sector of enterprise {placed['enterprise'].iloc[i]}"
        found.append(fault_at(placed, "sources", int(i), "sector", problem, held.iloc[i]))
    return found


def _sound(table: pd.DataFrame, name: str) -> bool:
    """Whether every required cell holds something."""
    required = [column.name for column in TABLES[name].columns if column.required]
    empty = (
        table[column].to_numpy() == "" if VARIABLES[column].is_label else table[column].isna()
        for column in required
    )
    return not any(cells.any() for cells in empty)


def _located(fault: Fault, tables: Tables) -> Fault:
    """Give file and line to a fault of a function that knows labels alone."""
    name = fault.table.removesuffix(".csv")
    table = tables.get(name)
    if table is None or table.index.name != LINE:
        return fault
    if fault.table != name and str(fault.row).isdecimal():  # a line already, of a row without key
        return fault
    row = _row(str(fault.row), name, table) if fault.row is not None else None
    return replace(fault, table=title(table, name), row=row)


def _row(row: str, name: str, table: pd.DataFrame) -> str:
    """Name a row by line and key, given its line, its key, or its key with the dimensions."""
    line, key, _ = row.partition(" (")
    if key and line.isdecimal() and int(line) in table.index:
        return place(table, name, int(table.index.get_indexer(pd.Index([int(line)]))[0]))
    for i, cells in enumerate(table[list(TABLES[name].key)].to_dict("records")):
        described = ", ".join(f"{dim} {label}" for dim, label in cells.items())
        if row in (", ".join(map(str, cells.values())), described):
            return place(table, name, i)
    return row if "period" in table.columns else row.partition(", period ")[0]


def _once(reading: Sequence[Fault], found: Iterable[Fault]) -> list[Fault]:
    """Leave out what is said of a cell again: after reading it, or for each of its periods."""
    cells = {(fault.table, str(fault.row), fault.column) for fault in reading}
    kept: dict[object, Fault] = {}
    for fault in found:
        line = str(fault.row).partition(" (")[0]
        told = {(fault.table, line, fault.column), (fault.table, "1", fault.column)}
        if not told & cells:
            key = (fault.table, line, fault.column, repr(fault.value), fault.problem)
            kept.setdefault(key, fault)
    return [*reading, *kept.values()]
