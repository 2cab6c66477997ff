"""How the capacity of a section came down the tree, and how reliable the permits are."""

from __future__ import annotations

import pandas as pd

from permitload.report import _views
from permitload.report._views import View

_TREE = ("period", "source_class", "sector", "enterprise", "source", "tree_weight", "floor",
         "ceiling", "equivalent", "level", "stopped_by", "leaf_target", "surplus")  # fmt: skip
_DISTORTION = ("period", "stopped_by", "distortion")
_LIMITS = ("section", "pollutant", "period", "reliability", "reliability_lower",
           "reliability_upper", "uncertainty_reserve")  # fmt: skip


def tree(table: pd.DataFrame) -> View:
    """Branches and leaves of one pollutant in the period with the least per weight."""
    root = table[(table["source_class"] == "") & (table["source"] == "")]
    share = (root["equivalent"] / root["tree_weight"]).fillna(float("inf"))
    period = root.loc[share.idxmin(), "period"]
    rows = table[table["period"] == period]
    return _views.view(rows.assign(stopped_by=rows["stopped_by"].map(_views.word)), _TREE)


def distortion(table: pd.DataFrame) -> View:
    """Show what moved loads of one pollutant from the leaves of the tree, the greatest first."""
    some = table[table["distortion"] > 0.0].sort_values(
        "distortion", ascending=False, kind="stable"
    )
    return _views.view(some.assign(stopped_by=some["stopped_by"].map(_views.word)), _DISTORTION)


def joint(table: pd.DataFrame) -> View:
    """All limits at once."""
    names = ("reliability", "reliability_lower", "reliability_upper")
    last = table[table["section"] == ""]
    shown = last.rename(columns={name: name.replace("reliability_", "joint_") for name in names})
    shown = shown.rename(columns={"reliability": "joint_reliability"})
    return _views.view(shown, ("joint_reliability", "joint_lower", "joint_upper"))


def limits(table: pd.DataFrame) -> View:
    """Each section and pollutant in its least reliable period, the least first."""
    single = table[table["section"] != ""]
    worst = single.groupby(["section", "pollutant"], sort=False)["reliability"].idxmin()
    return _views.view(single.loc[worst].sort_values("reliability", kind="stable"), _LIMITS)
