"""Technology of a study: trains, loads and potentials that follow, and accounts side by side.

Each table that is there is used, and published. Whether any of it moves a permit is said in
``[technology]`` of the study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from permitload import _units, plot, sources, technology
from permitload._checks.works import law
from permitload._frames import faults_of
from permitload.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from permitload._outcome import Outcome

    Tables = Mapping[str, pd.DataFrame]

__all__ = ["KEYS", "by_unit", "faults", "feasible", "figures", "loads", "potentials", "present",
           "tables"]  # fmt: skip

KEYS = {
    "train_achieved": ("train", "criterion", "pollutant"),
    "train_scores": ("train",),
    "technology_loads": ("source", "pollutant", "rule"),
    "initial_capacity": ("pollutant",),
    "train_potentials": ("source", "train", "pollutant", "period"),
    "potentials": ("source", "pollutant", "period"),
    "potentials_by_class": ("group", "pollutant", "period"),
    "potentials_by_unit": ("control_unit", "pollutant", "period"),
    "books": ("enterprise", "outlet", "pollutant", "account", "book"),
    "book_totals": ("group", "outlet_kind", "pollutant", "book", "account"),
}
"""Published tables of technology, and what names a row of each."""
_LOADS = ["source", "pollutant", "rule", "drainage_volume", "permitted_concentration", "document",
          "specification", "permit", "stopped_by"]  # fmt: skip
_TRAIN = ["source", "train", "pollutant"]
_ALONE = {
    "permitted_concentrations": "products", "source_totals": "products", "drainages": "products",
    "park_targets": "products", "train_figures": "trains", "train_references": "trains",
}  # fmt: skip
"""Tables that say nothing without another one."""


def tables(given: Tables) -> dict[str, pd.DataFrame]:
    """Make the published tables of technology and of accounts, of what the study has."""
    found: dict[str, pd.DataFrame] = {}
    if len(given["effluents"]):
        found["train_achieved"] = technology.achieved(given["effluents"])
    if len(given["trains"]):
        every = figures_of(given)
        assessed = technology.assess(given["trains"], every, given["train_references"])
        found["train_scores"] = assessed.reset_index()
    if len(given["products"]):
        found["technology_loads"] = loads(given)
    if len(given["park_targets"]):
        found["initial_capacity"] = _initial(given["park_targets"], found["technology_loads"])
    if len(given["candidates"]):
        found |= _potentials(given)
    if len(given["emission_books"]):
        found["books"] = sources.compare_books(given["emission_books"])
        totals = sources.compared_totals(found["books"], _sectors(given))
        found["book_totals"] = totals.drop(columns="outlets")
    return found


def by_unit(published: Tables, outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Sum the reduction potentials of the sources by control unit; none without units."""
    if "potentials" not in published:
        return {}
    given, network = outcome.tables, outcome.network
    stretches = _units.stretches(network, given)
    if stretches.empty:
        return {}
    share = _units.membership(network, given, stretches).rename("share")
    place = sources.resolve(given["sources"], given["works"])[["source", "outlet"]]
    member = place.merge(share.to_series().reset_index(), on="outlet")
    each = published["potentials"].merge(member, on="source")
    amounts = ["source_load", "achievable_load", "potential"]
    # what is better already is not made worse
    each["achievable_load"] = each["source_load"] - each["potential"]
    each[amounts] = each[amounts].mul(each["share"], axis=0)
    found = each.groupby(["control_unit", "pollutant", "period"], as_index=False)[amounts].sum()
    whole = found["source_load"]
    found["potential_share"] = found["potential"] / whole.where(whole > 0.0, 1.0)
    return {"potentials_by_unit": found}


def faults(given: Tables) -> list[Fault]:
    """Find what is wrong with the tables of technology and of accounts, or not used."""
    found = list(_unused(given))
    if found:
        return found
    try:
        tables(given)
    except DataError as error:
        return faults_of(error, "tables of technology")
    return []


def figures(published: Tables) -> dict[str, dict[str, bytes]]:
    """Draw the accounts side by side, one figure a pollutant and kind of outlet."""
    drawn = {}
    if "book_totals" in published:
        for key, rows in published["book_totals"].groupby(["pollutant", "outlet_kind"], sort=False):
            if rows["book_mass"].notna().any():
                drawn[" ".join(key)] = plot.png(plot.books(rows))
    return {"books": drawn} if drawn else {}


def figures_of(given: Tables) -> pd.DataFrame:
    """Figures of trains: those from records, then those declared."""
    declared = given["train_figures"]
    if given["effluents"].empty:
        return declared
    return pd.concat([technology.achieved(given["effluents"]), declared], ignore_index=True)


def _unused(given: Tables) -> Iterator[Fault]:
    """Tables that nothing would be done with."""
    for name, needed in _ALONE.items():
        if len(given[name]) and given[needed].empty:
            right = f"rows of {needed}.csv, or no such table"
            yield Fault(f"{name}.csv", None, "rows", None, "are not used", right)
    if len(given["effluents"]) and given["trains"].empty and len(given["train_references"]):
        right = "rows of trains.csv, or no references"
        yield Fault("effluents.csv", None, "rows", None, "are not assessed", right)


def loads(given: Tables) -> pd.DataFrame:
    """Compute loads by the benchmark, and by advanced drainage where it is known."""
    products = given["products"]
    if len(given["drainages"]):
        known = products["product"].map(technology.advanced_drainage(given["drainages"]))
        products = products.assign(
            advanced_drainage=products["advanced_drainage"].fillna(known.astype(float))
        )
    rules = [technology.standard_water]
    if products["advanced_drainage"].notna().any():
        rules.append(technology.advanced_water)
    most, totals = given["permitted_concentrations"], given["source_totals"]
    parts = [
        technology.load(products, most, totals, water).reset_index().assign(rule=water.__name__)
        for water in rules
    ]
    names = {"strictest": "document", "binding": "stopped_by"}
    return pd.concat(parts, ignore_index=True).rename(columns=names)[_LOADS]


def _initial(park_targets: pd.DataFrame, loads: pd.DataFrame) -> pd.DataFrame:
    """Find the initial capacity, by the loads of advanced technology where they are known."""
    rule = loads["rule"].iloc[-1]  # the advanced one comes last
    found = technology.initial_capacity(park_targets, loads[loads["rule"] == rule])
    return found.reset_index().rename(columns={"binding": "stopped_by"})


def _potentials(given: Tables) -> dict[str, pd.DataFrame]:
    """Find what each train, source and source class could reduce."""
    best = technology.reduction_potential(present(given), potentials(given))
    classes = given["sources"][["source", "source_class"]]
    groups = classes.rename(columns={"source_class": "group"})
    return {
        "train_potentials": _of_trains(given, given["candidates"]),
        "potentials": best,
        "potentials_by_class": technology.potential_by(best, groups),
    }


def present(given: Tables) -> pd.DataFrame:
    """Present loads; one that is not stated follows from the works' law."""
    stated = given["source_loads"]
    return stated.assign(source_load=stated["source_load"].fillna(
        pd.Series(law(stated, given), stated.index)))  # fmt: skip


def feasible(given: Tables) -> pd.DataFrame:
    """Candidates but those of trains that were assessed and found not to be feasible."""
    candidates = given["candidates"]
    if given["trains"].empty:
        return candidates
    scores = technology.assess(given["trains"], figures_of(given), given["train_references"])
    return candidates[~candidates["train"].isin(scores.index[scores["feasible"] == 0.0])]


def potentials(given: Tables) -> pd.DataFrame:
    """Reduction potential of every train that a source could choose, of feasible ones alone."""
    return _of_trains(given, feasible(given))


def _of_trains(given: Tables, candidates: pd.DataFrame) -> pd.DataFrame:
    """Reduction potential of trains, with the rule that each goes by."""
    found = technology.train_potential(present(given), candidates, _either)
    stated = technology.by_concentration(candidates).notna()
    names = stated.map({True: "by_concentration", False: "by_removal"}).to_numpy()
    rules = pd.Series(names, pd.MultiIndex.from_frame(candidates[_TRAIN]), dtype="str")
    return found.assign(rule=rules.reindex(pd.MultiIndex.from_frame(found[_TRAIN])).to_numpy())


def _either(candidates: pd.DataFrame) -> pd.Series[float]:
    """Achievable load by concentration where it is stated, else by removal."""
    kept = technology.by_concentration(candidates)
    return kept.fillna(technology.by_removal(candidates))


def _sectors(given: Tables) -> pd.DataFrame:
    """Sector of each enterprise, or itself where it has none."""
    known = given["enterprises"][["enterprise", "sector"]].drop_duplicates("enterprise")
    names = given["emission_books"][["enterprise"]].drop_duplicates()
    table = names.merge(known, "left", "enterprise")
    stated = table["sector"].fillna("") != ""
    return table.assign(group=table["sector"].where(stated, table["enterprise"]))
