"""Settings and tables of months: what is wrong with them, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from permitload import reallocation, sharing
from permitload._frames import fault_at
from permitload._setting import BASES, chosen, is_number, shown
from permitload.errors import DataError, Fault
from permitload.reallocation import Policy

__all__ = ["SETTINGS", "faults", "member_sources", "options", "read"]

Tables = Mapping[str, pd.DataFrame]
_TABLE = "months"
_FUNCTIONS: Mapping[str, Mapping[str, Any]] = {
    "rule": {"rolling": reallocation.rolling, "coefficient": reallocation.coefficient},
    "compose": {"project": sharing.project, "fill": sharing.fill},
}
_NUMBERS = ("lot_life", "penalty", "rise", "fall", "reserve", "shrink", "over_plan", "precision",
            "implausible")  # fmt: skip
SETTINGS = (*_FUNCTIONS, *_NUMBERS, "basis")
"""Settings of ``[months]``; the rules are those of ``reallocation.Policy``."""


def read(given: object) -> tuple[Policy, str, list[Fault]]:
    """Read ``[months]``: the policy and its basis; with faults, the defaults."""
    stated = given if isinstance(given, dict) else {}
    values: dict[str, Any] = {}
    found = []
    for key in (key for key in SETTINGS if key in stated):
        value, right = _value(key, stated[key])
        if right:
            problem = "is not valid"
            found.append(Fault("study.toml", _TABLE, key, shown(stated[key]), problem, right))
        else:
            values[key] = value
    basis = values.pop("basis", "assumed")
    try:
        return Policy(**values), basis, found
    except DataError as error:
        wrong = [
            Fault("study.toml", _TABLE, fault.column, fault.value, fault.problem, fault.expected)
            for fault in error.faults
        ]
        return Policy(), basis, found + wrong


def _value(key: str, given: object) -> tuple[Any, str]:
    """Turn a setting into its type; or say what would be right."""
    if key in _NUMBERS:
        return (given, "") if is_number(given) else (None, "a number")
    return chosen(given, BASES if key == "basis" else _FUNCTIONS[key])


def options(policy: Policy) -> dict[str, Any]:
    """Every rule of a policy, as the manifest states it; no ramp is ``none``."""
    numbers = {name: getattr(policy, name) for name in _NUMBERS}
    values = {name: "none" if value == np.inf else value for name, value in numbers.items()}
    kept = {f"lot_share {reason}": share for reason, share in sorted(policy.lot_share.items())}
    names = {name: getattr(policy, name).__name__ for name in _FUNCTIONS}
    return {**names, **values, **kept}


def member_sources(
    placed: pd.DataFrame, plans: pd.DataFrame, decided: Iterable[str]
) -> pd.Series[str]:
    """Name the decided source of each member, by enterprise, in order of the labels."""
    mine = placed[
        placed["source"].isin(list(decided)) & placed["enterprise"].isin(plans["enterprise"])
    ]
    return mine.set_index("enterprise")["source"].sort_index()


def faults(tables: Tables, decided: Iterable[str]) -> list[Fault]:
    """Find what keeps quotas from being issued: members, periods, holes, groups, use."""
    plans, calendar = tables["plans"], tables["plan_periods"]
    if plans.empty:
        return [
            Fault(f"{name}.csv", None, "rows", None, "has rows, but plans.csv has none",
                  "plans, or no such table")
            for name in ("plan_periods", "members", "actuals")
            if len(tables[name])
        ]  # fmt: skip
    if calendar.empty:
        right = "a row for each period of plans.csv"
        return [Fault("plan_periods.csv", None, "rows", None, "has no row", right)]
    placed = tables["sources"]
    classed = placed[placed["source_class"].isin(list(decided))]
    return [
        *_one_source(plans, classed), *_apart(calendar), *_holes(plans, calendar),
        *_grouped(tables, classed), *_weights(tables["members"]), *_used(tables["actuals"]),
    ]  # fmt: skip


def _one_source(plans: pd.DataFrame, classed: pd.DataFrame) -> list[Fault]:
    """Members with no decided source, or several."""
    count = classed["enterprise"].value_counts()
    found = []
    for name in plans["enterprise"].drop_duplicates():
        many = int(count.get(name, 0))
        if name and many != 1:
            at = int(np.flatnonzero(plans["enterprise"] == name)[0])
            right = "one; an enterprise with several outlets is several members"
            problem = f"has {many} decided sources"
            found.append(fault_at(plans, "plans", at, "enterprise", problem, right))
    return found


def _apart(calendar: pd.DataFrame) -> list[Fault]:
    """Periods that begin before the one before them has ended, or have no length."""
    order = np.argsort(calendar["start"].to_numpy(), kind="stable")
    start = calendar["start"].to_numpy("datetime64[ns]")[order]
    days = calendar["days"].to_numpy(float)[order]
    found = [
        fault_at(calendar, "plan_periods", int(order[k]), "days", "is no length", "days > 0")
        for k in np.flatnonzero(~(days > 0.0))
    ]
    end = start + pd.to_timedelta(np.nan_to_num(days), unit="D").to_numpy()
    for k in np.flatnonzero(start[1:] < end[:-1]):
        right = f"{pd.Timestamp(end[k]):%Y-%m-%d} or later"
        problem = "is within another period"
        found.append(fault_at(calendar, "plan_periods", int(order[k + 1]), "start", problem, right))
    return found


def _holes(plans: pd.DataFrame, calendar: pd.DataFrame) -> list[Fault]:
    """Periods without a row between the first and the last of an enterprise and pollutant."""
    order = {name: k for k, name in enumerate(calendar.sort_values("start")["period"])}
    names = list(order)
    found = []
    for (enterprise, pollutant), rows in plans.groupby(["enterprise", "pollutant"]):
        there = {order[name] for name in rows["period"] if name in order}
        missing = sorted({*range(min(there, default=0), max(there, default=-1) + 1)} - there)
        found += [
            Fault("plans.csv", f"{enterprise}, {pollutant}, {names[k]}", "plan", None, "is missing",
                  "a row, 0 if nothing is planned")
            for k in missing
        ]  # fmt: skip
    return found


def _grouped(tables: Tables, classed: pd.DataFrame) -> list[Fault]:
    """Find groups with a limit that hold some members of the park and not all."""
    member = set(classed["source"][classed["enterprise"].isin(tables["plans"]["enterprise"])])
    found = []
    stated = tables["groups"][tables["groups"].index >= 0]  # not what follows from technology
    for name, rows in stated.groupby("group"):
        inside = member & set(rows["source"])
        if inside and member - inside and name in set(tables["group_limits"]["group"]):
            problem = f"of {name} holds {len(inside)} of the {len(member)} enterprises of plans.csv"
            right = "all of them, or none: quotas are shared out in the whole park"
            found.append(Fault("groups.csv", str(name), "source", None, problem, right))
    return found


def _weights(members: pd.DataFrame) -> list[Fault]:
    """Weights that differ between the rows of an enterprise."""
    count = members.groupby("enterprise")["tier_weight"].nunique()
    return [
        Fault("members.csv", str(name), "tier_weight", None, "differs between pollutants",
              "one weight for each enterprise")
        for name in count.index[count > 1]
    ]  # fmt: skip


def _used(actuals: pd.DataFrame) -> list[Fault]:
    """Use that is no whole number of grams."""
    used = actuals["used"].to_numpy(float)
    wrong = np.flatnonzero(~np.isnan(used) & ~((used == np.floor(used)) & (used < 2**53)))
    right = "whole grams >= 0"
    return [fault_at(actuals, "actuals", int(k), "used", "is no mass", right) for k in wrong]
