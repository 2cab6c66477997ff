"""What other rules of sharing would have given, and what each limit and each change is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import _closure, _model, _reliability, _settings, allocation, fairness, sharing
from permitload.errors import InfeasibleError
from permitload.schema import described
from permitload.units import DAYS_PER_YEAR, tonnes

__all__ = ["LEAST_COST", "NAMES", "PUBLISHED", "compared", "explained", "tables"]

PUBLISHED = "published"
"""The study's own rule, with its permits as published."""
LEAST_COST = "least_cost"
NAMES: Mapping[str, tuple[str, str]] = {
    PUBLISHED: ("本次公布", "as published"),
    "capped_proportion": ("等比例（基准封顶）", "capped proportion"),
    "proportion": ("等比例（现状）", "proportion"),
    "contribution": ("按贡献率", "contribution"),
    "progressive_filling": ("渐进填充", "progressive filling"),
    "projection": ("最近投影", "projection"),
    LEAST_COST: ("费用最小", "least cost"),
}
"""Rules in Chinese and English."""
_NO_OPTIONS = "无 options.csv no options: the study has no options.csv"
_KEYS = ["source", "pollutant"]
_EITHER = (
    "what is missing if the limits yield (rows with a section), or if the floors do (rows with a "
    "source) 缺口：断面限值让步（列出断面的行），或保障量让步（列出污染源的行）"
)
_SETS = 3
"""Contradictions that are looked for in one pollutant and period."""
_MOST = 10
"""Contradictions that a message holds."""
_PRICES = ["section", "pollutant", "period", "value", "unit", "gain", "loss", "value_lower",
           "value_upper", "degenerate"]  # fmt: skip

_OUT_OF_REACH = "方案达不到 no option of some source reaches these loads"
_NO_COST = "最小费用为 0 the least cost is 0"
_DIGITS = 9
"""Decimals of a mass [t] or a price that are no noise."""

Floats = NDArray[np.float64]
Tables = Mapping[str, pd.DataFrame]


class _Rule(NamedTuple):
    """A target, and the composition that reconciles it with the rows."""

    target: Callable[[xr.Dataset], xr.DataArray]
    compose: Callable[..., Any]


def _defaults(settings: _settings.Settings, decided: xr.Dataset) -> dict[str, _Rule]:
    """Rules of a report but least cost; contribution over many rows is a projection."""
    first, base = "proportion", allocation.present_load
    if "benchmark_load" in decided:
        first, base = "capped_proportion", fairness.capped_base
    return {
        first: _Rule(base, sharing.proportion),
        "contribution": _Rule(allocation.present_load, sharing.project),
        "progressive_filling": _Rule(settings.target, sharing.fill),
        "projection": _Rule(settings.target, sharing.project),
    }


def compared(
    settings: _settings.Settings, room: _model.Room, decided: xr.Dataset, shared: xr.Dataset,
    tables: Tables,
) -> dict[str, xr.Dataset]:  # fmt: skip
    """Share out by every rule, and with single changes, beside the published loads.

    Parameters
    ----------
    settings : Settings
        The study's own target and composition.
    room : Room
        Response and headroom that the permits stand under.
    decided : Dataset
        Decided sources: loads and bounds.
    shared : Dataset
        Published permits by period.
    tables : mapping of DataFrame
        ``options`` and ``reductions`` of the study, which may be empty.

    Returns
    -------
    dict of Dataset
        ``rules``: ``permitted_load`` (rule, source, pollutant, period) [kg/d] before rounding,
        ``sharing_target`` (rule), the name of the function shared by; ``reason`` in the attributes
        where there is no least cost. ``counterfactuals`` as ``allocation.counterfactuals``.
        ``measures``, where there are options: ``option`` and ``cost`` (rule, source) that the
        loads of each rule ask for.
    """
    response, headroom = room.response, room.headroom
    rules = _defaults(settings, decided)
    loads = {PUBLISHED: shared["permitted_load"]} | {
        name: allocation.granted(response, headroom, decided, *rule) for name, rule in rules.items()
    }
    targets = [settings.target, *(rule.target for rule in rules.values())]
    names = [target.__name__ for target in targets]
    # what is lost in cutting to whole units asks for no treatment
    asked = loads | {PUBLISHED: shared["unrounded_load"]}
    cheapest, measures, reason = _cheapest(room, decided, asked, tables)
    if cheapest is not None:
        loads[LEAST_COST] = cheapest
        names.append("options")
    together = xr.concat(
        [load.reset_coords(drop=True).drop_attrs() for load in loads.values()],
        pd.Index(list(loads), dtype=object, name="rule"),
        join="exact",
    )
    found = xr.Dataset(
        {"permitted_load": together, "sharing_target": ("rule", np.array(names))},
        attrs={"reason": reason} if reason else {},
    )
    beside = {}
    if cheapest is not None:
        found["cost"] = ("rule", measures["total_cost"].values)
        beside = {"measures": described(measures[["option", "cost"]])}
    days = shared["period"].coords["days"]
    changes = allocation.counterfactuals(
        response, headroom, decided, settings.target, settings.compose
    )
    return {
        "rules": described(found.assign_coords(days=days)),
        "counterfactuals": changes.reset_coords(drop=True),
        **beside,
    }


def _cheapest(
    room: _model.Room, decided: xr.Dataset, loads: Mapping[str, xr.DataArray], tables: Tables
) -> tuple[xr.DataArray | None, xr.Dataset, str]:
    """Find loads of least cost and the measures that every rule asks for, or why there are none."""
    studied = decided["pollutant"].values
    options, reductions = (
        tables[name][tables[name]["pollutant"].isin(studied)] for name in ("options", "reductions")
    )
    if options.empty:
        return None, xr.Dataset(), _NO_OPTIONS
    try:
        plan = allocation.least_cost(room.response, room.headroom, decided, options, reductions)
    except InfeasibleError as error:
        return None, xr.Dataset(), str(error)
    names = ["option", "cost", "total_cost"]
    source = decided["source"].values
    none = xr.Dataset(
        {"option": ("source", np.full(source.size, "")),
         "cost": ("source", np.full(source.size, np.nan)), "total_cost": np.nan},
        {"source": source},
    )  # fmt: skip
    parts = []
    for load in loads.values():
        try:
            given = allocation.abatement_cost(decided, options, load, reductions)
            parts.append(given[names].reset_coords(drop=True))
        except InfeasibleError:
            parts.append(none)  # no option of some source goes that far
    parts.append(plan[names].reset_coords(drop=True))
    rules = pd.Index([*loads, LEAST_COST], dtype=object, name="rule")
    return plan["permitted_load"], xr.concat(parts, rules, join="exact"), ""


def tables(
    settings: _settings.Settings, datasets: Mapping[str, xr.Dataset], permits: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Tables ``rules``, ``fairness``, ``prices`` and ``counterfactuals`` as they are published."""
    return {
        "rules": _rules(settings, datasets, permits),
        "fairness": _fairness(settings, datasets),
        "prices": _prices(datasets),
        "counterfactuals": _changes(datasets, permits),
        **({"measures": _measures(datasets)} if "measures" in datasets else {}),
    }


def _measures(datasets: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Say what every rule asks of each source: its option, and what that and operation cost."""
    found = datasets["measures"]
    names = datasets["sources"]["enterprise"].to_series()
    table = found.to_dataframe(["source", "rule"]).reset_index()
    table.insert(0, "enterprise", names.reindex(table["source"]).to_numpy())
    return table[["enterprise", "source", "rule", "option", "cost"]]


def _target(settings: _settings.Settings, datasets: Mapping[str, xr.Dataset]) -> xr.DataArray:
    """Target of the study with the days of the periods."""
    target: xr.DataArray = settings.target(datasets["sources"])
    return target.reset_coords(drop=True).assign_coords(days=datasets["rules"]["days"])


def _rules(
    settings: _settings.Settings, datasets: Mapping[str, xr.Dataset], permits: pd.DataFrame
) -> pd.DataFrame:
    """Every source under every rule: mean of the year, permit in whole units, share of target."""
    found = datasets["rules"]
    load, days = found["permitted_load"], found["days"]
    # spare units are given out to published permits alone: here every period is cut down
    mass = _whole(tonnes(load, days), settings.precision)
    year = mass.sum("period").round(_DIGITS)
    bound = settings.annual(year, tonnes(load.min("period"), DAYS_PER_YEAR))
    permit = year.where(bound == year, _whole(bound, settings.precision)).round(_DIGITS)
    mean, target = ((a * days).sum("period") for a in (load, _target(settings, datasets)))
    table = xr.Dataset({
        "permitted_load": mean / days.sum(), "permit": permit,
        "level": mean / target.where(target > 0.0),
    }).to_dataframe(["source", "pollutant", "rule"]).reset_index()  # fmt: skip
    own = permits[["enterprise", *_KEYS, "permit"]].rename(columns={"permit": "own"})
    table = own.merge(table, "left", _KEYS)
    table["permit"] = table["own"].where(table["rule"] == PUBLISHED, table["permit"])
    return table[["enterprise", *_KEYS, "rule", "permitted_load", "permit", "level"]]


def _whole(mass: xr.DataArray, precision: float) -> xr.DataArray:
    """Cut masses down to whole units."""
    cut = np.asarray(allocation.truncate(mass.values.ravel(), precision))
    return mass.copy(data=cut.reshape(mass.shape))


def _fairness(settings: _settings.Settings, datasets: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Price of every rule in total load, and how even it is, by pollutant."""
    found, target = datasets["rules"], _target(settings, datasets)
    best = datasets["capacity"]["total"].reset_coords(drop=True).assign_coords(days=target["days"])
    names = found["rule"].values
    parts = []
    for pollutant in found["pollutant"].values:
        mine, claim, total = (
            array.sel(pollutant=pollutant, drop=True)
            for array in (found["permitted_load"], target, best)
        )
        table = fairness.price_of_fairness(
            {name: mine.sel(rule=name, drop=True) for name in names}, claim, total
        )
        table = table.assign(sharing_target=found["sharing_target"].values)
        if "cost" in found:
            table = _costed(table, found["cost"].values)
        elif "reason" in found.attrs:
            table.loc[LEAST_COST] = pd.Series({"reason": found.attrs["reason"]})
            table["sharing_target"] = table["sharing_target"].fillna("")
        stamps = datasets["capacity"]["calibrated"].sel(pollutant=pollutant).values
        table["calibrated"] = _closure.stamp_of(stamps)
        parts.append(table.rename_axis("rule").reset_index().assign(pollutant=str(pollutant)))
    columns = ["pollutant", "rule", "sharing_target", "permitted_load", "price_in_total", "cost",
               "price_in_cost", "gini", "least_level", "shut", "calibrated", "reason"]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    return table[[name for name in columns if name in table]]


def _costed(table: pd.DataFrame, cost: Floats) -> pd.DataFrame:
    """Add the cost of every rule, the last being the least, and what it is beyond that."""
    least = float(cost[-1])
    beyond = np.round(cost / least - 1.0, _DIGITS) + 0.0 if least > 0.0 else np.nan
    why = np.where(np.isnan(cost), _OUT_OF_REACH, "" if least > 0.0 else _NO_COST)
    reason = [
        "; ".join(filter(None, pair)) for pair in zip(table["reason"], why.tolist(), strict=True)
    ]
    return table.assign(cost=cost, price_in_cost=beyond, reason=reason)


def _prices(datasets: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Worth of one more and one less unit of every limit; bounds that no limit reaches empty."""
    table = allocation.price_ranges(
        *_reliability.standing(datasets), datasets["sources"]
    ).rename(columns={
        "limit": "value", "shadow_price": "gain", "tightening_price": "loss",
        "price_lower": "value_lower", "price_upper": "value_upper",
    })  # fmt: skip
    for name in ("loss", "value_lower", "value_upper"):
        table[name] = table[name].where(np.isfinite(table[name]))
    return table[_PRICES].assign(degenerate=table["degenerate"].astype(int))


def _changes(datasets: Mapping[str, xr.Dataset], permits: pd.DataFrame) -> pd.DataFrame:
    """Say what one change would give each source with a permit, beside what stopped it."""
    stops = datasets["allocation"]["stopped_by"].reset_coords(drop=True)
    found = datasets["counterfactuals"].assign(stopped_by=stops)
    known = [name for name in found.data_vars if bool(found[name].notnull().any())]
    frame = found[known].to_dataframe(["source", "pollutant", "period"]).reset_index()
    table = permits[["enterprise", *_KEYS]].merge(frame, "left", _KEYS)
    table = table.rename(columns={"permitted_load": "unrounded_load"})
    order = ["unrounded_load", "stopped_by", "more_headroom", "equal_proportion", "tier_higher"]
    return table[["enterprise", *_KEYS, "period", *(name for name in order if name in table)]]


def explained(
    error: InfeasibleError, response: xr.Dataset, headroom: xr.DataArray, decided: xr.Dataset
) -> InfeasibleError:
    """Say of floors that do not fit what contradicts what, and what would have to yield.

    Parameters
    ----------
    error : InfeasibleError
        As ``allocation.allocate`` raises it.
    response, headroom, decided
        Response, headroom, and decided sources with their floors.

    Returns
    -------
    InfeasibleError
        Its message ends with contradictions in English and Chinese, one a line; its table says
        what is ``missing`` at each ``section`` if limits yield, and of each ``source`` if floors
        do, the other name being empty.
    """
    given = response, headroom, decided
    words = allocation.conflict(*given, _SETS)
    floor = [any(isinstance(row, tuple) and row[0] == "floor" for row in rows)
             for rows in words["rows"]]  # fmt: skip
    words = words[floor]  # what the background alone exceeds is no fault of a floor
    said = [line for pair in zip(words["sentence"], words["sentence_zh"], strict=True)
            for line in pair]  # fmt: skip
    more = len(said) // 2 - _MOST
    rest = [f"and {more} more contradictions 另有 {more} 处矛盾"] if more > 0 else []
    limits = error.relaxation if error.relaxation is not None else allocation.relax(*given)
    floors = allocation.relax_floors(*given).rename(columns={"shortfall": "missing"})
    table = pd.concat([
        limits.assign(source=""), floors.assign(section="", background=0.0, unit="kg/d")
    ], ignore_index=True)  # fmt: skip
    order = ["section", "source", "pollutant", "period", "missing", "background", "unit"]
    lines = [str(error), *said[: 2 * _MOST], *rest, _EITHER]
    return InfeasibleError("\n  ".join(lines), table[order])
