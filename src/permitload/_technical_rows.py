"""Rows of limits, bounds, options and the tree that follow from technology, each with its origin.

Only what ``[technology]`` of the study names. What follows has a negative line, as a load that
follows from others has; its note says from what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from permitload import _technical, io, technology
from permitload._frames import LINE, complete, fault_at, place, title, whole
from permitload._nonpoint import Booked
from permitload._targets import tree
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from permitload._settings import Settings

__all__ = ["added"]

Tables = Mapping[str, pd.DataFrame]
Rule = Callable[..., Any]
Rows = dict[str, pd.DataFrame]
"""Table → rows of it that follow, with the position of their origin in ``origin``."""

_PAIR = ["source", "pollutant"]
_BRANCH = ["source_class", "sector", "enterprise"]
_TAKEN = {"groups": ["group"], "source_bounds": [*_PAIR, "component"]}
"""Labels that no stated row may share with one that follows, where it is not the whole key."""


class _Part(NamedTuple):
    """What one choice needs, and how rows follow from it."""

    origin: str
    make: Callable[[Tables, Rule, Settings], Rows]


def added(booked: Booked, settings: Settings, reading: Sequence[Fault]) -> Booked:
    """Add the rows that follow from technology, as the study chooses.

    Parameters
    ----------
    booked : Booked
        Tables with the loads that follow from others.
    settings : Settings
        Choices of the study.
    reading : sequence of Fault
        What reading the tables found; nothing follows from a table that was not read whole.

    Returns
    -------
    Booked
        With ``groups``, ``group_limits``, ``source_bounds``, ``options`` and ``tree`` as far as
        they are chosen to follow.
    """
    choice = settings.technology
    wanted = [name for name in _PARTS if getattr(choice, name) is not None]
    faults = list(_idle(wanted, booked.tables, settings))
    if not wanted or faults or reading or booked.faults:
        return booked._replace(faults=[*booked.faults, *faults])
    given = whole(booked.tables)
    periods = given["periods"]["period"].tolist()
    given["source_loads"] = io.expand_periods(given["source_loads"], periods)
    tables, origins = dict(booked.tables), dict(booked.origins)
    for name in wanted:
        part, rule = _PARTS[name], getattr(choice, name)
        try:
            made = part.make(given, rule, settings)
            if not any(map(len, made.values())):
                faults.append(_nothing(name, rule, f"{part.origin}.csv of a decided source"))
            for table, rows in made.items():
                tables[table], lines = _entered(tables, table, rows, settings)
                origins |= _origins(given[part.origin], part.origin, table, lines)
        except DataError as error:
            right = "tables of technology that fit"
            said = Fault("study.toml", "technology", name, None, f"meets {error}", right)
            faults += list(error.faults) or [said]
    return Booked(tables, [*booked.faults, *faults], origins)


def _idle(wanted: list[str], tables: Tables, settings: Settings) -> Iterator[Fault]:
    """Choices that nothing follows from."""
    for name in wanted:
        needed = _PARTS[name].origin
        if needed not in tables or tables[needed].empty:
            yield _nothing(name, getattr(settings.technology, name), f"{needed}.csv")
    if "potential" in wanted and settings.target is not tree:
        made, right = settings.target.__name__, 'target = "tree", or no potential'
        yield Fault("study.toml", "allocation", "target", made, "shares no cut by potential", right)


def _nothing(name: str, rule: Rule, origin: str) -> Fault:
    """Fault of a choice that nothing follows from."""
    right = f"rows of {origin}, or no such choice"
    problem = "has nothing to follow from"
    return Fault("study.toml", "technology", name, rule.__name__, problem, right)


def _origins(
    source: pd.DataFrame, origin: str, table: str, lines: Mapping[int, int]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Say of each line that follows, which row it follows from."""
    return {
        (f"{table}.csv", str(line)): (title(source, origin), place(source, origin, at))
        for line, at in lines.items()
    }


def _entered(
    tables: Tables, name: str, rows: pd.DataFrame, settings: Settings
) -> tuple[pd.DataFrame, dict[int, int]]:
    """Append rows to those that are stated; a branch of the tree takes the place of its own.

    Returns the table, and the position of the origin of each line that was added.
    """
    base = tables[name] if name in tables else complete(None, name)
    key = _TAKEN.get(name, list(TABLES[name].key))
    new = complete(rows.drop(columns="origin").reset_index(drop=True), name)
    new.index = pd.RangeIndex(-1, -len(new) - 1, -1, name=LINE)
    if "basis" in new:
        new["basis"] = new["basis"].where(new["basis"] != "", settings.technology.basis)
    twice = pd.MultiIndex.from_frame(base[key]).isin(pd.MultiIndex.from_frame(new[key]))
    if name == "tree":
        base = base[~twice]
    else:
        right = "one of the two: it follows from technology"
        raise_faults(
            fault_at(base, name, int(i), key[0], "is stated too", right)
            for i in np.flatnonzero(twice)
        )
    every = pd.concat([base, new]).rename_axis(LINE)
    return every, dict(zip(new.index.tolist(), rows["origin"].tolist(), strict=True))


def _totals(given: Tables, rule: Rule, settings: Settings) -> Rows:
    """Find the total of the year of every source by its technology: a group of one.

    What a source behind a works may hand over leaves the works by the works' law.
    """
    loads = _technical.loads(given)
    loads = loads[(loads["rule"] == rule.__name__) & _decided(loads, given, settings)]
    if loads.empty:
        right = "products of decided sources, with the drainage that it takes"
        raise_faults([Fault("study.toml", "technology", "total", rule.__name__,
                            "has no load of a decided source", right)])  # fmt: skip
    works = loads["source"].map(given["sources"].set_index("source")["works"])
    laws = given["works"].set_index(["works", "pollutant"])
    passed = laws["outlet_concentration"] / laws["acceptance_concentration"]
    share = passed.reindex(pd.MultiIndex.from_arrays([works, loads["pollutant"]]))
    # a law that is lacking or wrong is a fault of its own
    share = share.where(np.isfinite(share), 0.0)
    behind = (works != "").to_numpy()
    words = rule.__name__ + ", " + loads["stopped_by"]
    limits = pd.DataFrame({
        "group": loads["source"] + " technology", "pollutant": loads["pollutant"],
        "annual_total": loads["permit"] * np.where(behind, share.to_numpy(float), 1.0),
        "note": "technology_loads.csv, " + words + np.where(behind, ", through the works", ""),
        "origin": _first(given["products"], loads, ["source"]), "source": loads["source"],
    })  # fmt: skip
    groups = limits.drop_duplicates("group")[["group", "source", "origin"]]
    return {"groups": groups, "group_limits": limits.drop(columns="source")}


def _floors(given: Tables, rule: Rule, settings: Settings) -> Rows:
    """Find what the best train of every source leaves; no floor where nothing is known."""
    best = rule(_technical.present(given), _technical.potentials(given))
    best = best[(best["train"] != "") & _decided(best, given, settings)]
    return {"source_bounds": pd.DataFrame({
        **{name: best[name] for name in (*_PAIR, "period")}, "component": "technology_floor",
        # what is better already is not permitted to be worse
        "floor": best["source_load"] - best["potential"],
        "note": "potentials.csv, " + best["train"],
        "origin": _first(given["candidates"], best, _PAIR),
    })}  # fmt: skip


def _options(given: Tables, rule: Rule, settings: Settings) -> Rows:
    """Find what each train of every source takes off, in every period at least."""
    feasible = _technical.feasible(given)
    candidates = feasible[_decided(feasible, given, settings)]
    each = _technical.potentials(given)
    found = rule(each[_decided(each, given, settings)], candidates)
    origin = given["candidates"].index.get_indexer(candidates.index)
    basis = candidates["basis"].to_numpy()
    return {"options": found.assign(basis=basis, note="candidates.csv", origin=origin)}


def _branches(given: Tables, rule: Rule, settings: Settings) -> Rows:
    """Give every decided source class what it could reduce: the share of its load of the year."""
    stated = given["tree"]
    right = "an empty cell: it follows from candidates.csv"
    raise_faults(
        fault_at(stated, "tree", int(i), "reduction_potential", "is stated too", right)
        for i in np.flatnonzero(stated["reduction_potential"].notna())
    )
    best = technology.reduction_potential(_technical.present(given), _technical.potentials(given))
    groups = given["sources"].rename(columns={"source_class": "group"})[["group", "source"]]
    best = best[_decided(best, given, settings)]
    if (best["train"] == "").all():
        return {}
    each = rule(best, groups)
    days = each["period"].map(given["periods"].set_index("period")["days"])
    mass = each[["source_load", "potential"]].mul(days, axis=0)
    year = mass.groupby([each["group"], each["pollutant"]], sort=False).sum()
    whole = year["source_load"]
    share = (year["potential"] / whole.where(whole > 0.0, 1.0)).rename("reduction_potential")
    own = stated.sort_values("pollutant", kind="stable")
    parts = []
    for row in share.reset_index().rename(columns={"group": "source_class"}).to_dict("records"):
        mine = own[(own[_BRANCH] == [row["source_class"], "", ""]).all(axis=1)]
        mine = mine[mine["pollutant"].isin([row["pollutant"], ""])]
        parts.append((mine.iloc[-1].to_dict() if len(mine) else {}) | row)
    return {"tree": pd.DataFrame(parts).assign(note="potentials_by_class.csv", origin=0)}


def _decided(rows: pd.DataFrame, given: Tables, settings: Settings) -> pd.Series[bool]:
    """Whether rows are of a source and a pollutant that are decided."""
    placed = given["sources"]
    mine = placed["source"][placed["source_class"].isin(settings.decided)]
    return rows["source"].isin(mine) & rows["pollutant"].isin(settings.pollutants)


def _first(table: pd.DataFrame, rows: pd.DataFrame, keys: list[str]) -> NDArray[np.intp]:
    """Find the first row of a table that has the labels of each of the rows."""
    once = table.drop_duplicates(keys)
    place = pd.MultiIndex.from_frame(once[keys]).get_indexer(pd.MultiIndex.from_frame(rows[keys]))
    return np.asarray(table.index.get_indexer(once.index)[place])


_PARTS: Mapping[str, _Part] = {
    "total": _Part("products", _totals), "floor": _Part("candidates", _floors),
    "options": _Part("candidates", _options), "potential": _Part("candidates", _branches),
}  # fmt: skip
