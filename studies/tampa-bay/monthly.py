"""Quotas of the 19 plants month by month, 2018 to 2020, under the limit of their group.

    python studies/tampa-bay/monthly.py [SRC] [OUT]     # quota.csv, ledger.csv, compared.csv

The plan of a month is what the plant discharged in the same month of the year before: an
assumption, nobody planned so. The limit is of a year; that it holds in every month as a twelfth
is a second assumption, made by ``twelfth`` and not by ``within_year``. Lots and debts follow the
defaults of ``reallocation.Policy`` but for the penalty: what is exceeded is charged once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import convert
import numpy as np
import pandas as pd
import xarray as xr

from permitload import reallocation

YEARS = (2018, 2019, 2020)
NITROGEN = "TN"
NO_RECORD = "no record"
GRAMS = 1e6
POLICY = reallocation.Policy(penalty=1.0)
DIMS = ("enterprise", "pollutant", "period")


class Months(NamedTuple):
    """What the months of the group give."""

    quota: pd.DataFrame
    """By plant and month [t]: ``plan``, ``quota``, ``used``; NaN where there is no record."""
    state: reallocation.State
    findings: pd.DataFrame


def twelfth(annual: float, days: np.ndarray) -> np.ndarray:
    """Limit of each month [kg/d]: a twelfth of the year's, assumed."""
    return annual * convert.KG_PER_T / 12 / days


def within_year(annual: float, days: np.ndarray) -> np.ndarray:
    """Limit of each month [kg/d]: all of the year's, so that the year alone binds."""
    return annual * convert.KG_PER_T / days


def records(src: Path) -> pd.DataFrame:
    """Nitrogen [t] by plant, all members, and month; NaN where there is no record."""
    table = convert.monthly(src)
    month = [f"{y}-{m:02d}" for y, m in zip(table["year"], table["month"], strict=True)]
    wide = table.assign(period=month).pivot_table(
        "load", "source", "period", aggfunc=lambda loads: loads.sum(min_count=1)
    )
    every = [f"{y}-{m:02d}" for y in (YEARS[0] - 1, *YEARS) for m in range(1, 13)]
    return wide.reindex(index=convert.members(src).index, columns=every)


def issued(src: Path, monthly: Callable[[float, np.ndarray], np.ndarray]) -> Months:
    """Issue all months, each from the records of the months before it."""
    load, limit = records(src), convert.limit(src)
    periods = [name for name in load if int(name[:4]) in YEARS]
    plan = load[load.columns[:-12]].set_axis(periods, axis=1)  # the same month a year before
    state, found = None, []
    for k, period in enumerate(periods):
        year = [name for name in periods if name[:4] == period[:4]]
        forecast, plans = _ahead(plan, period, year, monthly, limit)
        if state is None:
            state = reallocation.opened(plans["enterprise"].values, [NITROGEN])
        known = _known(load, periods[:k], state)
        issue = reallocation.update(state, period, forecast, plans, known, POLICY)
        state = issue.state
        found.append(issue.findings.assign(issue_period=period))
    assert state is not None
    quota = state.accounts["quota"].sel(pollutant=NITROGEN).to_pandas() / GRAMS
    quota = quota.reindex(plan.index).where(plan.notna())
    parts = {"plan": plan, "quota": quota, "used": load[periods]}
    stacked = {name: part.rename_axis(columns="period").stack() for name, part in parts.items()}
    whole = pd.MultiIndex.from_product([plan.index, periods], names=["source", "period"])
    return Months(pd.DataFrame(stacked, index=whole), state, pd.concat(found, ignore_index=True))


def _ahead(
    plan: pd.DataFrame, period: str, year: list[str],
    monthly: Callable[[float, np.ndarray], np.ndarray], limit: float,
) -> tuple[xr.Dataset, xr.Dataset]:  # fmt: skip
    """Forecast and plans of a year; members of a month are those with a plan for it."""
    names = list(plan.index[plan[period].notna()])
    start = pd.DatetimeIndex([f"{name}-01" for name in year])
    days = start.days_in_month.to_numpy(float)
    rate = plan.loc[names, year].fillna(0.0).to_numpy() * convert.KG_PER_T / days
    time = {
        "period": year, "days": ("period", days),
        "start": ("period", start.to_numpy("datetime64[ns]")),
        "year": ("period", start.year.to_numpy(np.int64)),
    }  # fmt: skip
    labels = {"enterprise": names, "pollutant": [NITROGEN], **time}
    none = {"section": np.array([], dtype=str), **labels}
    forecast = xr.Dataset(
        {
            "response": (("section", *DIMS), np.zeros((0, len(names), 1, len(year)))),
            "headroom": (("section", *DIMS[1:]), np.zeros((0, 1, len(year)))),
            "group_limit": (DIMS[1:], monthly(limit, days)[None]),
            "annual_total": ("pollutant", [limit]),
        },
        none,
    )
    plans = xr.Dataset(
        {
            "plan": (DIMS, rate[:, None]), "ceiling": (DIMS, rate[:, None]),
            "permit": (DIMS[:2], np.full((len(names), 1), np.inf)),
        },
        labels,
    )  # fmt: skip
    return forecast, plans


def _known(load: pd.DataFrame, past: list[str], state: reallocation.State) -> pd.DataFrame:
    """Gather records of the month before, provisional, and of the one before it, verified."""
    rows = []
    here = state.accounts["enterprise"].values
    for period, evidence in zip(past[-2:][::-1], ("provisional", "verified"), strict=False):
        some = load[period].reindex(here).dropna()
        some = some[[name for name in some.index if _issued(state, name, period)]]
        rows += [
            (name, NITROGEN, period, round(mass * GRAMS), evidence, "")
            for name, mass in some.items()
        ]
    return pd.DataFrame(rows, columns=[*DIMS, "used", "evidence", "reason"])


def _issued(state: reallocation.State, name: str, period: str) -> bool:
    """Whether a plant had appeared when a month was issued."""
    return name in state.accounts["enterprise"].values and period in state.accounts["period"].values


def compared(src: Path, quota: pd.DataFrame) -> pd.DataFrame:
    """Quotas and records of each year beside the plant's allocation before the pool [t/a]."""
    own = convert.members(src)
    by_year = quota.groupby(["source", quota.index.get_level_values("period").str[:4]], sort=False)
    table = by_year.sum(min_count=1).unstack("period").reindex(own.index)
    table.columns = [f"{name} {year}" for name, year in table.columns]
    none = own["claim"].isna().map({True: convert.NO_FIGURE, False: ""})
    bare = table.filter(like="plan").isna().all(axis=1)
    note = none.mask(bare & (none == ""), NO_RECORD)
    return own[["name", "claim"]].join(table).assign(note=note)


def main() -> None:
    """Write quotas, ledger and comparison into OUT."""
    src, out = convert.folders()
    for monthly in (within_year, twelfth):
        done = issued(src, monthly)
        name = monthly.__name__
        done.quota.add_suffix(" [t]").to_csv(out / f"quota_{name}.csv", lineterminator="\n")
        done.state.ledger.to_csv(out / f"ledger_{name}.csv", index=False, lineterminator="\n")
        table = compared(src, done.quota)
        table.to_csv(out / f"compared_{name}.csv", float_format="%.12g", lineterminator="\n")
        sys.stdout.write(f"{name}: {int(done.quota['quota'].notna().sum())} quotas\n")


if __name__ == "__main__":
    main()
