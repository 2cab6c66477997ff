"""Tiers of a study: areas, rating, lines, permits and closure, where it has applications."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from permitload import _units, plot, standards, tiers
from permitload._frames import fault_at, faults_of, listed
from permitload._tier_weights import weights_of
from permitload.errors import DataError, Fault
from permitload.units import tonnes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from permitload import _choices
    from permitload._outcome import Outcome
    from permitload.network import RiverNetwork

    Tables = Mapping[str, pd.DataFrame]

__all__ = ["KEYS", "faults", "figures", "tables", "unit_faults"]

KEYS = {
    "tier_areas": ("park", "pollutant"),
    "tier_units": ("control_unit", "pollutant"),
    "tier_statement": ("subject", "sentence"),
    "tier_ratings": ("enterprise",),
    "tier_intensities": ("enterprise", "pollutant", "book"),
    "tier_baselines": ("comparable", "pollutant", "book", "line"),
    "tier_permits": ("enterprise", "pollutant", "book"),
    "tier_closure": ("park", "pollutant"),
}
"""Published tables of tiers, and what names a row of each."""
_RATING = ["enterprise", "tier_score", "tier", "tier_by_score", "veto", "missing_criteria",
           "to_better", "to_worse", "kept_share", "best_tier", "worst_tier"]  # fmt: skip
_GIVEN = ["tier", "comparable", "production_capacity"]
_INPUTS = ("tier_parks", "tier_indicators", "tier_values", "tier_vetoes", "tier_products",
           "tier_emissions", "tier_lines", "tier_categories", "tier_comparisons")  # fmt: skip
_ASKED = "tier_applications.csv"
"""Where an error stands that names no table."""
_FEWEST = 5
"""Enterprises of a product that make lines of their own (assumed)."""


class _Rated(NamedTuple):
    """What follows from the tables of tiers alone."""

    ratings: pd.DataFrame
    intensities: pd.DataFrame
    lines: pd.DataFrame
    applications: pd.DataFrame
    """With tier, comparable group and capacity."""


def tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Make the published tables of tiers, by the defaults of ``tiers``; none without applications.

    Tiers come from the criteria where there are some, else from the applications. Products with
    benchmark drainages throughout are converted to the one that drains most; else each
    enterprise must have one product, and a product without a stated line five enterprises.
    """
    given = outcome.tables
    if given["tier_applications"].empty:
        return {}
    response = outcome.datasets["response"]
    judged = _judged(given, [str(name) for name in response["pollutant"].values])
    areas = tiers.attainment_area(response, judged, given["tier_parks"])
    units = tiers.attaining_units(_units.stretches(outcome.network, given), judged)
    rated = _rated(given, outcome.settings.tiers)
    permits = tiers.limits(rated.applications, areas, given["tier_emissions"], rated.lines)
    inflowing = permits["book"] == "discharged"  # what a works accepts has no room in the water
    closed = tiers.close(permits[inflowing], _rooms(outcome, permits[inflowing]))
    every = pd.concat([closed.permits, permits[~inflowing]], ignore_index=True)
    every = every.sort_values(list(KEYS["tier_permits"]), ignore_index=True)
    said = tiers.statement(units, areas)
    found = (areas, units, said, *rated[:3], every, closed.parks)
    return dict(zip(KEYS, found, strict=True))


def faults(
    given: Tables, pollutants: Sequence[str], decided: Sequence[str], loads: xr.Dataset,
    choice: _choices.Tiers,
) -> list[Fault]:  # fmt: skip
    """Find what is wrong with the tables of tiers before anything runs.

    Whether an area attains is not known then: what would be asked for in both cases is a fault.
    """
    found = [*_needed(given), *_parks(given, decided, loads), *_studied(given, pollutants)]
    if given["tier_applications"].empty or found:
        return found
    known: list[list[Fault]] = []
    try:
        _judged(given, pollutants)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the run says it
            rated = _rated(given, choice)
    except DataError as error:
        return faults_of(error, _ASKED)
    for attaining in (True, False):
        areas = _supposed(given["tier_parks"], pollutants, attaining=attaining)
        try:
            tiers.limits(rated.applications, areas, given["tier_emissions"], rated.lines)
            known.append([])
        except DataError as error:
            known.append(faults_of(error, _ASKED))
    also = {str(fault) for fault in known[1]}
    return [fault for fault in known[0] if str(fault) in also]


def unit_faults(given: Tables, network: RiverNetwork | None) -> list[Fault]:
    """Find water without a control unit: an area is judged by the units of its sections."""
    if network is None or given["tier_applications"].empty:
        return []
    try:
        network.control_units(given["sections"], districts=given["districts"])
    except DataError as error:
        return [replace(fault, table=f"{fault.table}.csv") for fault in error.faults]
    return []


def figures(outcome: Outcome, published: Tables) -> dict[str, dict[str, bytes]]:
    """Draw the map of areas, the ladders of intensity, and permits before and after."""
    if "tier_permits" not in published:
        return {}
    drawn: dict[str, dict[str, bytes]] = {"areas": {}, "ladder": {}, "tier_permits": {}}
    given, network = outcome.tables, outcome.network
    stretches = _units.stretches(network, given)
    placed = bool(network.nodes[["x", "y"]].notna().all(axis=None))
    for pollutant, rows in published["tier_units"].groupby("pollutant") if placed else ():
        judged = rows.set_index("control_unit")["attaining"].rename(str(pollutant))
        ax = plot.area_map(network, stretches, judged, given["sections"], given["outlets"])
        drawn["areas"][str(pollutant)] = plot.png(ax)
    tier = published["tier_ratings"].set_index("enterprise")["tier"]
    group, lines = ["comparable", "pollutant", "book"], published["tier_baselines"]
    for key, rows in published["tier_intensities"].groupby(group):
        own = lines[(lines[group] == list(key)).all(axis=1)]
        words = " ".join(key).replace(",", "")
        drawn["ladder"][words] = plot.png(plot.intensity_ladder(rows, tier, own))
    for key, rows in published["tier_permits"].groupby(["pollutant", "book"]):
        drawn["tier_permits"][" ".join(key)] = plot.png(plot.permit_changes(rows))
    return drawn


def _rated(given: Tables, choice: _choices.Tiers) -> _Rated:
    """Rate, and draw the lines."""
    ratings = _ratings(given, choice)
    tier = ratings.set_index("enterprise")["tier"]
    capacities, fewest = _capacities(given["tier_products"])
    intensities = tiers.intensities(given["tier_emissions"], capacities)
    lines = tiers.baselines(intensities, tier, given["tier_lines"], needed=(), fewest=fewest)
    asked = given["tier_applications"].drop(columns=_GIVEN)
    asked = asked.join(capacities, on="enterprise").join(tier, on="enterprise")
    return _Rated(ratings, intensities, lines, asked)


def _judged(given: Tables, pollutants: Sequence[str]) -> pd.DataFrame:
    """Attainment of the pollutants at every section: the mean of the year, and most periods."""
    periods = given["periods"]["period"].to_list()
    limits = standards.limits(given["sections"], pollutants, periods, given["standards"])
    samples = given["observations"]
    samples = samples[samples["indicator"].isin(pollutants)]
    return standards.attainment(samples, limits, standards.mean_and_share())


def _ratings(given: Tables, choice: _choices.Tiers) -> pd.DataFrame:
    """Tier of each enterprise, scored or as the applications state it."""
    indicators, values = given["tier_indicators"], given["tier_values"]
    if indicators.empty:
        stated = given["tier_applications"][["enterprise", "tier"]]
        return stated[stated["tier"] != ""].drop_duplicates().reset_index(drop=True)
    criteria = values.pivot(index="enterprise", columns="criterion", values="value")
    weights, vetoes = weights_of(given, criteria, choice.weights), given["tier_vetoes"]
    rated = tiers.rate(indicators, criteria, weights, vetoes)
    score = tiers.criterion_score(indicators, criteria)
    firm = tiers.stability(score, weights, tiers.plausible_weights(weights), vetoes)
    names = [name for name in firm if name not in rated]
    return rated.join(firm[names]).reset_index()[_RATING]


def _capacities(products: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Capacity of each enterprise in a product that can be compared; how many make a line."""
    drainage = products["benchmark_drainage"]
    if drainage.isna().any() or products.empty:
        return tiers.by_product(products), _FEWEST
    return tiers.by_benchmark(products, float(drainage.max())), 1


def _rooms(outcome: Outcome, permits: pd.DataFrame) -> pd.DataFrame:
    """Capacity of each park: the fairest split of the greatest total, over the year."""
    load = outcome.datasets["capacity"]["canonical_load"]
    mass = tonnes(load, load["days"]).sum("period").rename("park_capacity")
    yearly = mass.to_series().reset_index()
    rooms = yearly.merge(outcome.tables["tier_parks"][["park", "outlet"]], on="outlet")
    rooms = rooms.groupby(["park", "pollutant"], as_index=False)["park_capacity"].sum()
    return rooms.merge(permits[["park", "pollutant"]].drop_duplicates(), on=["park", "pollutant"])


def _supposed(parks: pd.DataFrame, pollutants: Sequence[str], *, attaining: bool) -> pd.DataFrame:
    """Areas, all attaining or none, but for those of marine outfalls."""
    marine = (parks["receiving_water"] == "sea").groupby(parks["park"]).any()
    rows = [
        {"park": park, "pollutant": name, "attaining": pd.NA if sea else attaining}
        for park, sea in marine.items()
        for name in pollutants
    ]
    return pd.DataFrame(rows, columns=["park", "pollutant", "attaining"])


def _needed(given: Tables) -> Iterator[Fault]:
    """Tables that are needed and empty; tables and cells that nothing would be done with."""
    asked, scored = given["tier_applications"], len(given["tier_indicators"]) > 0
    for name in _INPUTS:
        if len(given[name]) and asked.empty:
            right = "rows of tier_applications.csv, which ask for permits, or no such table"
            yield Fault(f"{name}.csv", None, "rows", None, "are not used", right)
    for name, needed in (("tier_parks", True), ("tier_products", True), ("tier_values", scored)):
        if len(asked) and needed and given[name].empty:
            yield Fault(f"{name}.csv", None, "rows", None, "has no row", "at least one row")
    for name in ("tier_values", "tier_vetoes", "tier_categories", "tier_comparisons"):
        if len(given[name]) and len(asked) and not scored:
            right = "criteria in tier_indicators.csv, or no such table"
            yield Fault(f"{name}.csv", None, "rows", None, "are not used: tiers are stated", right)
    for column, held, right in (
        ("tier", asked["tier"] != "" if scored else asked["tier"] != asked["tier"],
         "an empty cell: tiers are scored from tier_indicators.csv"),
        ("comparable", asked["comparable"] != "", "an empty cell, and a row of tier_products.csv"),
        ("production_capacity", asked["production_capacity"].notna(),
         "an empty cell, and a row of tier_products.csv"),
    ):  # fmt: skip
        for i in np.flatnonzero(held):
            yield fault_at(asked, "tier_applications", int(i), column, "is not used", right)


def _parks(given: Tables, decided: Sequence[str], loads: xr.Dataset) -> Iterator[Fault]:
    """Outfalls that no decided source discharges by, or that two parks share."""
    parks = given["tier_parks"]
    decides = np.isin(loads["source_class"].values, list(decided))
    known = sorted(set(loads["outlet"].values[decides].tolist()))
    inland = parks["receiving_water"] != "sea"
    for bad, problem, right in (
        (inland & ~parks["outlet"].isin(known), "has no decided source",
         f"one of {listed(known)}"),
        (inland & parks["outlet"].duplicated(keep=False), "is that of two parks",
         "one park an outlet: its capacity cannot be told apart"),
    ):  # fmt: skip
        for i in np.flatnonzero(bad):
            yield fault_at(parks, "tier_parks", int(i), "outlet", problem, right)


def _studied(given: Tables, pollutants: Sequence[str]) -> Iterator[Fault]:
    """Applications and emissions of pollutants that the study leaves out."""
    right = f"one of {listed(pollutants)}, or more pollutants in study.toml"
    for name in ("tier_applications", "tier_emissions"):
        for i in np.flatnonzero(~given[name]["pollutant"].isin(pollutants)):
            yield fault_at(given[name], name, int(i), "pollutant", "is not studied", right)
