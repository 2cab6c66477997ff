"""Parks month by month for tests, from plain numbers."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

EMPTY = pd.DataFrame(columns=["enterprise", "pollutant", "period", "used", "evidence", "reason"])
DIMS = ("enterprise", "pollutant", "period")
TONNE = 1_000_000


def calendar(count: int, first: str = "2026-01-01", days: float | None = None) -> dict[str, Any]:
    """Months of a year, or periods of some days."""
    start = pd.date_range(first, periods=count, freq="MS" if days is None else f"{days:g}D")
    length = start.days_in_month.astype(float) if days is None else np.full(count, days)
    return {
        "period": [f"{day:%Y-%m-%d}" for day in start],
        "days": ("period", np.asarray(length, float)),
        "start": ("period", start.to_numpy("datetime64[ns]")),
        "year": ("period", np.full(count, start[0].year)),
    }


def park(
    planned: Any, limit: Any, annual: float, time: dict[str, Any], response: Any = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Forecast and plans of one pollutant from masses [t] (period, enterprise)."""
    planned, days = np.asarray(planned, float), time["days"][1]
    rate = planned / days[:, None] * 1000
    count = planned.shape[1]
    names = [f"E{k + 1}" for k in range(count)]
    one = {"section": ["S1"], "enterprise": names, "pollutant": ["COD"]}
    matrix = np.zeros((1, count)) if response is None else np.asarray(response, float)
    one["section"] = [f"S{k + 1}" for k in range(len(matrix))]
    spread = np.broadcast_to(matrix[:, :, None, None], (*matrix.shape, 1, len(days)))
    forecast = xr.Dataset(
        {
            "response": (("section", *DIMS), spread.copy()),
            "headroom": (("section", *DIMS[1:]), np.ones((len(matrix), 1, len(days)))),
            "group_limit": (DIMS[1:], (np.asarray(limit, float) / days * 1000)[None]),
            "annual_total": ("pollutant", [annual]),
        },
        {**one, **time},
    )
    plans = xr.Dataset(
        {
            "plan": (DIMS, rate.T[:, None]),
            "ceiling": (DIMS, np.full((count, 1, len(days)), 1e9)),
            "permit": (DIMS[:2], np.full((count, 1), np.inf)),
        },
        {**{k: one[k] for k in ("enterprise", "pollutant")}, "period": time["period"]},
    )
    return forecast, plans


def used(period: str, mass: Any, evidence: str = "verified", reason: Any = "") -> pd.DataFrame:
    """Use of E1, E2, … in one period [g]."""
    count = len(mass)
    return pd.DataFrame(
        {
            "enterprise": [f"E{k + 1}" for k in range(count)], "pollutant": "COD",
            "period": period, "used": np.asarray(mass, np.int64), "evidence": evidence,
            "reason": reason if isinstance(reason, list) else [reason] * count,
        }
    )  # fmt: skip
