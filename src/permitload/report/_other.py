"""How each permit came about, what single changes would give, and what other rules would have."""

from __future__ import annotations

import pandas as pd

from permitload.report import _views, _why
from permitload.report._views import Cell, View

_KEYS = ["source", "pollutant"]
_DIGITS = 9
"""Decimals of a mass [t] that are no noise."""
_STEPS = ("enterprise", "name", "source", "worst", "source_load", "floor", "ceiling", "target",
          "level", "stopped_by", "unrounded_load", "rounding", "permit_mass", "permit",
          "alone", "more_headroom", "equal_proportion", "tier_higher")  # fmt: skip
_FROM_PROVENANCE = ("floor", "target", "rounding", "alone")
_FAIRNESS = ("rule", "sharing_target", "permitted_load", "price_in_total", "cost",
             "price_in_cost", "gini", "least_level", "shut", "calibrated", "reason")  # fmt: skip


def steps(
    permits: pd.DataFrame, monthly: pd.DataFrame, provenance: pd.DataFrame, changes: pd.DataFrame
) -> pd.DataFrame:
    """From inputs to permit in each source's tightest period, beside what changes would give."""
    keys = [*_KEYS, "period"]
    worst = monthly["level"].fillna(float("inf")).groupby([monthly[k] for k in _KEYS], sort=False)
    table = monthly.loc[worst.idxmin().tolist()].drop(columns="permitted_load")
    some = provenance[provenance["quantity"].isin(_FROM_PROVENANCE)]
    if "step" in some:
        some = some[some["step"] != "tree"]  # that of a branch is another
    wide = some.pivot_table("value", keys, "quantity", aggfunc="first").reset_index()
    wide["rounding"] = wide["rounding"].round(_DIGITS)
    table = table.merge(wide, "left", keys)
    table = table.merge(changes.drop(columns=["enterprise", "stopped_by"]), "left", keys)
    own = permits[[*_KEYS, "permit", *(name for name in ("name",) if name in permits)]]
    table = table.merge(own, "left", _KEYS).rename(columns={"period": "worst"})
    return table.assign(stopped_by=table["stopped_by"].map(_views.word))


def chain(table: pd.DataFrame) -> View:
    """Show the steps of one pollutant, one line a source."""
    table = _views.greatest_first(table, table["source_load"] - table["unrounded_load"])
    shown = table.assign(level=[Cell(_why.percent(value)) for value in table["level"]])
    return _views.view(shown, _STEPS)


def fairness(table: pd.DataFrame) -> View:
    """Rules of one pollutant beside each other: total, price, evenness."""
    count = [Cell(_views.NOTHING if n != n else f"{n:.0f}") for n in table["shut"]]
    return _views.view(table.assign(shut=count), _FAIRNESS)


def permits(table: pd.DataFrame) -> View:
    """Annual permits of each source under every rule."""
    return _views.matrix(table, ["enterprise", "source"], "rule", ["permit"])


def measures(table: pd.DataFrame) -> View:
    """Say which measure each rule asks of a source, but for those that change nothing."""
    asked = table[table["option"] != "as is"]
    return _views.view(asked, ("rule", "enterprise", "source", "option", "cost"))
