"""How long issues and simulated years take: ``python benchmarks/months.py [YEARS]``.

One update of 300 enterprises, 12 months, 4 pollutants and 20 sections, drawn, by projection, by
filling and with ramps; and years of the textile park of the sample ``wujin`` in its own river
network, on one process and on two, which must give the same numbers.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one thread a process

import numpy as np
import pandas as pd
import xarray as xr

from permitload import study
from permitload.reallocation import (
    Chances,
    Policy,
    Year,
    draw_year,
    opened,
    park_forecast,
    sample_average,
    simulate,
    update,
)
from permitload.sharing import fill

DIMS = ("enterprise", "pollutant", "period")
NOTHING = pd.DataFrame(columns=[*DIMS, "used", "evidence", "reason"])
GOALS = {"update": 1.0, "thousand years on two processes": 300.0}
"""Seconds."""


def park(enterprises: int, pollutants: int, sections: int) -> tuple[xr.Dataset, xr.Dataset]:
    """Forecast and plans of one year in which most sections and permits bind."""
    generator = np.random.default_rng(7)
    start = pd.date_range("2026-01-01", periods=12, freq="MS")
    size = (enterprises, pollutants, 12)
    plan = generator.uniform(10, 1000, (*size[:2], 1)) * generator.uniform(0.8, 1.2, size)
    reached = generator.random((sections, enterprises, 1, 1)) < 0.5
    response = generator.uniform(0, 1e-4, (sections, *size[:2], 1)) * reached * np.ones(12)
    room = np.einsum("siptk,ipk->spk", response[:, :, :, None], plan)
    room *= generator.uniform(0.6, 1.3, room.shape)
    year = plan @ start.days_in_month.to_numpy() / 1000
    labels = {
        "enterprise": [f"E{k:03d}" for k in range(enterprises)],
        "pollutant": [f"P{k}" for k in range(pollutants)],
        "period": [f"{day:%Y-%m}" for day in start],
    }
    time_of = {
        "days": ("period", start.days_in_month.to_numpy(float)),
        "start": ("period", start.to_numpy("datetime64[ns]")),
        "year": ("period", np.full(12, 2026)),
    }
    forecast = xr.Dataset(
        {
            "response": (("section", *DIMS), response),
            "headroom": (("section", *DIMS[1:]), room),
            "group_limit": (DIMS[1:], plan.sum(axis=0) * generator.uniform(0.7, 1.2, size[1:])),
            "annual_total": ("pollutant", 0.85 * year.sum(axis=0)),
        },
        {"section": [f"S{k:02d}" for k in range(sections)], **labels, **time_of},
    )
    plans = xr.Dataset(
        {
            "plan": (DIMS, plan),
            "floor": (DIMS, 0.1 * plan),
            "ceiling": (DIMS, 2.0 * plan),
            "permit": (DIMS[:2], 0.95 * year),
            "ramp_step": (DIMS[:2], 0.1 * plan.mean(axis=2)),
            "tier_weight": ("enterprise", generator.choice([0.7, 0.9, 1.1, 1.3], enterprises)),
        },
        labels,
    )
    return forecast, plans


def wujin() -> tuple[xr.Dataset, xr.Dataset]:
    """Forecast and plans of the textile park: its permits, and what all others leave of the water.

    Plans are a tenth above the permits: an assumption.
    """
    found = study.solve(Path(__file__).parents[1] / "data/samples/wujin").datasets
    permitted = found["allocation"]["permitted_load"]
    mine = permitted["works"] == "WK1"
    response, others = found["response"]["response"], permitted[~mine.values]
    rise = (response.sel(outlet=others["outlet"]) * others).sum("source").reset_coords(drop=True)
    time_of = {name: found["response"][name] for name in ("days", "start")}
    room = (found["limits"]["headroom"] - rise.rename(pollutant="indicator")).assign_coords(time_of)
    member = permitted[mine.values]
    name = {"source": member["source"].values.astype(str)}
    outlets = pd.Series(member["outlet"].values, pd.Index(name["source"], name="enterprise"))
    own = member.reset_coords(drop=True).assign_coords(name).rename(source="enterprise")
    year = (own * found["response"]["days"]).sum("period") / 1000
    limit = own.sum("enterprise")
    forecast = park_forecast(response, room, outlets, limit, year.sum("enterprise"))
    parts = {"plan": 1.1 * own, "floor": 0.1 * own, "ceiling": 2.0 * own, "permit": 1.05 * year}
    bare = {key: array.reset_coords(drop=True) for key, array in parts.items()}
    return forecast, xr.Dataset(bare)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Least time of some runs."""
    best = np.inf
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return float(best)


def main() -> int:
    """Print times, and whether they keep the goals."""
    years = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    forecast, plans = park(300, 4, 20)
    state = opened(plans["enterprise"].values, plans["pollutant"].values)
    kept = True
    for name, policy in (
        ("projection", Policy()),
        ("filling", Policy(compose=fill)),
        ("projection with ramps", Policy(rise=1.5, fall=0.6)),
        ("projection with tight ramps", Policy(rise=1.05, fall=0.9)),
        ("filling with ramps", Policy(compose=fill, rise=1.5, fall=0.6)),
    ):
        issue = partial(update, state, "2026-01", forecast, plans, NOTHING, policy)
        issue()
        spent = seconds(issue, 3)
        sys.stdout.write(f"update, {name}: {spent:.2f} s (goal {GOALS['update']:g})\n")
        kept &= spent < GOALS["update"]
    return int(not (_years(years) and kept))


def _years(years: int) -> bool:
    """Print how long years take, by the clock, and what they give on average."""
    forecast, plans = wujin()
    draw: Callable[[np.random.Generator], Year] = partial(
        draw_year, forecast=forecast, plans=plans, spread=Chances(breach=0.02)
    )
    goal, found = GOALS["thousand years on two processes"], {}
    for processes in (1, 2):
        begin = time.perf_counter()
        found[processes] = simulate(years, draw, processes=processes)
        spent = time.perf_counter() - begin
        sys.stdout.write(f"{years} years, {processes} processes: {spent:.1f} s\n")
    same = found[1].identical(found[2])
    sys.stdout.write(f"1000 years on two at this pace: {spent / years * 1000:.0f} s")
    sys.stdout.write(f" (goal {goal:g}), with their start\nsame numbers on one and two: {same}\n")
    sys.stdout.write(sample_average(found[1]).to_string() + "\n")
    return same and spent / years * 1000 < goal


if __name__ == "__main__":
    sys.exit(main())
