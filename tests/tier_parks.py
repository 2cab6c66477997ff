"""Parks and applications for the tests of tiers."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from permitload import tiers

CASE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "cases" / "tiers" / "nantong.json").read_text("utf8")
)
INPUTS = CASE["inputs"]
NAMES = [f"E{i + 1}" for i in range(8)]
LABELS = {"pollutant": "COD", "book": "discharged"}


def emissions() -> pd.DataFrame:
    """Three years of the eight enterprises."""
    rows = [
        {"enterprise": name, **LABELS, "year": year, "emission": mass}
        for name, masses in zip(NAMES, INPUTS["emission"], strict=True)
        for year, mass in zip(INPUTS["years"], masses, strict=True)
    ]
    return pd.DataFrame(rows)


def capacities() -> pd.DataFrame:
    products = {"enterprise": NAMES, "product": "woven"}
    return tiers.by_product(
        pd.DataFrame(products | {"production_capacity": INPUTS["production_capacity"]})
    )


def rated() -> pd.Series:
    return pd.Series(INPUTS["tier"], NAMES)


def lines() -> pd.DataFrame:
    return tiers.baselines(tiers.intensities(emissions(), capacities()), rated())


def applications(**changed: Any) -> pd.DataFrame:
    table = {
        "enterprise": NAMES,
        **LABELS,
        "park": "P",
        "tier": INPUTS["tier"],
        "years_in_production": 9.0,
        "trigger": "renewal",
        "effective_date": "2023-01-01",
        "current_permit": INPUTS["current_permit"],
    }
    return pd.DataFrame(table | changed).join(capacities(), on="enterprise")


def area(attaining: bool | None, pollutant: str = "COD") -> pd.DataFrame:
    table = {
        "park": ["P"],
        "pollutant": [pollutant],
        "reason": ["" if attaining is not None else "sea"],
    }
    return pd.DataFrame(table | {"attaining": pd.array([attaining], dtype="boolean")})
