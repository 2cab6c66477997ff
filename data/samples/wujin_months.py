"""Months of the park of the sample study ``wujin``: plans and use of 24 months, all invented.

The members are the nine sources behind the park's works. Plans follow their mean load, use
follows plans and what there was to use, but for the events that are listed here: so it is known
what must be found, and where.
"""

import numpy as np
import pandas as pd
import xarray as xr
from wujin_sources import DIRECT, ENTERPRISES, PRODUCTION, WORKS_PRESENT
from wujin_water import DAYS, PERIODS, table

from permitload import study

# --- Members and the two years; the second has the water of the first again, assumed ----------
MEMBERS = [label for label, row in ENTERPRISES.items() if row[2] == "WK1"]
MONTHS = [*PERIODS, *(name.replace("2021", "2022") for name in PERIODS)]
# --- Production against the mean of 2021, by enterprise and year; tier weights A 1.3 to D 0.7 --
GROWTH = {"E01": (1.0, 1.12), "E04": (1.0, 0.90), "E07": (0.95, 1.10)}
TIER_WEIGHT = {"E01": 1.3, "E02": 1.1, "E05": 0.9, "E06": 0.7}
FIRST = {"E13": 3}  # month with the first plan: appears in April 2021
LAST = {"E08": 20}  # month with the last plan: closes at the end of September 2022
FLOOR = 0.2  # share of the plan that keeps a plant running
PERMIT = 1.15  # permit over the mean load of a year
# --- Use: share of the plan that production needs, error, share of the quota that is used up ---
NEED, ERROR, KEPT = 0.95, 0.05, 0.985
LOW = {("E05", k): 0.6 for k in range(5, 8)}  # June to August 2021: low production
CLEANER = {("E02", k): 0.85 for k in range(14, 24)}  # from March 2022: better treatment
BEYOND = {("E03", 11): ("TN", "Sb")}  # December 2021: the whole plan, quota or not
PAID = {("E03", 13): 0.5}  # February 2022: runs at half, with what is held back for December
SILENT = {("E07", 8)}  # September 2021: nothing reported
MISTYPED = {("E04", 16, "COD"): 2}  # May 2022: first reported twice
LATER = {"E06": 1.01}  # verified over first reported
NOTE = "invented 虚构"


def _planned() -> dict[tuple[str, str, int], float]:
    """Plan [kg/d] of each member, pollutant and month."""
    course = np.array(PRODUCTION["染整 dyeing"])
    course = course * DAYS.sum() / (course * DAYS).sum()
    found = {}
    for name in MEMBERS:
        for k in range(FIRST.get(name, 0), LAST.get(name, len(MONTHS) - 1) + 1):
            factor = GROWTH.get(name, (1.0, 1.0))[k // 12] * course[k % 12]
            for pollutant in DIRECT["染整 dyeing"]:
                mean = 86.4 * ENTERPRISES[name][4] * WORKS_PRESENT[pollutant]
                found[name, pollutant, k] = round(mean * factor, 4)
    return found


def plan_tables() -> dict[str, pd.DataFrame]:
    """Periods, plans and members."""
    periods = [
        (name, int(DAYS[k % 12]), f"{name}-01", PERIODS[k % 12], "water of 2021, assumed")
        for k, name in enumerate(MONTHS)
    ]
    plans = [
        (name, pollutant, MONTHS[k], plan, round(FLOOR * plan, 4), NOTE)
        for (name, pollutant, k), plan in _planned().items()
    ]
    members = [
        (name, p, round(PERMIT * 86.4 * ENTERPRISES[name][4] * WORKS_PRESENT[p] * 0.365, 4), 0,
         TIER_WEIGHT.get(name, 1.0), NOTE)
        for name in MEMBERS
        for p in DIRECT["染整 dyeing"]
    ]  # fmt: skip
    return {
        "plan_periods": table("period days[d] start water_period note", periods),
        "plans": table("enterprise pollutant period plan[kg/d] floor[kg/d] note", plans),
        "members": table(
            "enterprise pollutant permit[t/a] ramp_step[kg/d] tier_weight note", members
        ),
    }


def actual_tables(done: study.Outcome) -> dict[str, pd.DataFrame]:
    """Invent reports and verified use, from the quotas of a park that uses all it is given."""
    quota: xr.DataArray = done.datasets["months"]["quota"]
    rows = []
    # multiples of the golden ratio: as even as random numbers, and the same at every run
    for count, ((name, pollutant, k), plan) in enumerate(_planned().items(), start=1):
        if (name, k) in SILENT:
            continue
        at = name, k
        factor = LOW.get(at, 1.0) * CLEANER.get(at, 1.0) * PAID.get(at, 1.0) * NEED
        factor *= 1.0 + ERROR * (2.0 * (count * (5**0.5 - 1) / 2 % 1) - 1.0)
        most = KEPT * float(quota.loc[name, pollutant, MONTHS[k]]) / 1000.0
        mass = plan * DAYS[k % 12]
        used = mass if pollutant in BEYOND.get(at, ()) else min(factor * mass, most)
        reason = "low_production" if at in LOW else "treatment" if at in CLEANER else ""
        reason = "closure" if k == LAST.get(name) else reason
        used = round(used, 2)  # [kg], to 10 g
        first = round(used * MISTYPED.get((*at, pollutant), 1), 2)
        last = round(used * LATER.get(name, 1.0), 2)
        rows += [
            (name, pollutant, MONTHS[k], stage, round(1000 * kg), reason or None, NOTE)
            for stage, kg in (("provisional", first), ("verified", last))
        ]
    columns = "enterprise pollutant period report_stage used[g] unused_reason note"
    return {"actuals": table(columns, rows)}
