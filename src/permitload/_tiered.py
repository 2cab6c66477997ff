"""Tiers of a study: areas, rating, lines, permits and closure, where it has applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from permitload import standards, tiers
from permitload.units import tonnes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from permitload._outcome import Outcome

__all__ = ["KEYS", "tables"]

KEYS = {
    "tier_areas": ("park", "pollutant"),
    "tier_units": ("control_unit", "pollutant"),
    "tier_ratings": ("enterprise",),
    "tier_intensities": ("enterprise", "pollutant", "book"),
    "tier_baselines": ("comparable", "pollutant", "book", "line"),
    "tier_permits": ("enterprise", "pollutant", "book"),
    "tier_closure": ("park", "pollutant"),
}
"""Published tables of tiers, and what names a row of each."""
_RATING = ["enterprise", "tier_score", "tier", "tier_by_score", "veto", "missing_criteria"]
_GIVEN = ["tier", "comparable", "production_capacity"]


def tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Make the published tables of tiers, by the defaults of ``tiers``; none without applications.

    Tiers come from the criteria where there are some, else from the applications. Products with
    benchmark drainages throughout are converted to the one that drains most; else each
    enterprise must have one product.
    """
    given = outcome.tables
    if given["tier_applications"].empty:
        return {}
    judged = _judged(outcome)
    response = outcome.datasets["response"]
    areas = tiers.attainment_area(response, judged, given["tier_parks"])
    units = tiers.attaining_units(outcome.network.control_units(given["sections"]), judged)
    ratings = _ratings(given)
    tier = ratings.set_index("enterprise")["tier"]
    capacities = _capacities(given["tier_products"])
    intensities = tiers.intensities(given["tier_emissions"], capacities)
    lines = tiers.baselines(intensities, tier, given["tier_lines"])
    asked = given["tier_applications"].drop(columns=_GIVEN)
    asked = asked.join(capacities, on="enterprise").join(tier, on="enterprise")
    permits = tiers.limits(asked, areas, given["tier_emissions"], lines)
    inflowing = permits["book"] == "discharged"  # what a works accepts has no room in the water
    closed = tiers.close(permits[inflowing], _rooms(outcome, permits[inflowing]))
    every = pd.concat([closed.permits, permits[~inflowing]], ignore_index=True)
    every = every.sort_values(list(KEYS["tier_permits"]), ignore_index=True)
    found = (areas, units, ratings, intensities, lines, every, closed.parks)
    return dict(zip(KEYS, found, strict=True))


def _judged(outcome: Outcome) -> pd.DataFrame:
    """Attainment of the pollutants at every section: the mean of the year, and most periods."""
    given = outcome.tables
    pollutants = [str(p) for p in outcome.datasets["response"]["pollutant"].values]
    periods = given["periods"]["period"].to_list()
    limits = standards.limits(given["sections"], pollutants, periods, given["standards"])
    samples = given["observations"]
    samples = samples[samples["indicator"].isin(pollutants)]
    return standards.attainment(samples, limits, standards.mean_and_share())


def _ratings(given: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tier of each enterprise, scored or as the applications state it."""
    indicators, values = given["tier_indicators"], given["tier_values"]
    if indicators.empty:
        stated = given["tier_applications"][["enterprise", "tier"]]
        return stated[stated["tier"] != ""].drop_duplicates().reset_index(drop=True)
    criteria = values.pivot(index="enterprise", columns="criterion", values="value")
    weights = tiers.category_weights(indicators)
    rated = tiers.rate(indicators, criteria, weights, given["tier_vetoes"])
    return rated.reset_index()[_RATING]


def _capacities(products: pd.DataFrame) -> pd.DataFrame:
    """Capacity of each enterprise in a product that can be compared."""
    drainage = products["benchmark_drainage"]
    if drainage.isna().any() or products.empty:
        return tiers.by_product(products)
    return tiers.by_benchmark(products, float(drainage.max()))


def _rooms(outcome: Outcome, permits: pd.DataFrame) -> pd.DataFrame:
    """Capacity of each park: the fairest split of the greatest total, over the year."""
    load = outcome.datasets["capacity"]["canonical_load"]
    mass = tonnes(load, load["days"]).sum("period").rename("park_capacity")
    yearly = mass.to_series().reset_index()
    rooms = yearly.merge(outcome.tables["tier_parks"][["park", "outlet"]], on="outlet")
    rooms = rooms.groupby(["park", "pollutant"], as_index=False)["park_capacity"].sum()
    return rooms.merge(permits[["park", "pollutant"]].drop_duplicates(), on=["park", "pollutant"])
