"""What stands beside capacity: points of the set, cuts owed, the upstream's share, alternatives."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from permitload.report import _views
from permitload.report._views import Cell, View

_CUTS = ("section", "name", "pollutant", "period", "cut_owed", "own_part", "upstream_part",
         "other_part", "met_by", "calibrated")  # fmt: skip
_UPSTREAM = ("pollutant", "period", "total_at_target", "total_measured", "upstream_share",
             "calibrated")  # fmt: skip
_ALTERNATIVES = ("name", "total", "change", "annual_sum", "annual_worst", "source_load",
                 "capacity_use", "equal_ratio", "max_min", "present_scaled", "binding", "owing",
                 "calibrated")  # fmt: skip
_FLOW_CHECK = ("reach", "period", "stated_flow", "flow", "flow_difference", "turned")
_POINTS: Mapping[str, tuple[str, str]] = {
    "max_total": ("总量最大", "greatest total"),
    "canonical": ("总量最大且最均衡", "greatest total, most even"),
    "equal_ratio": ("各排污口等量", "one load for all"),
    "max_min": ("最大最小", "least load as great as can be"),
    "present_scaled": ("现状等比例", "one factor for present loads"),
}
_MOST = 5
"""Sections that a cell names."""
_SMALL = 1e-9
"""Share of a total below which a difference is round-off."""


def points(table: pd.DataFrame) -> View:
    """Totals of the points of one pollutant by period; below what binds, status and stamp."""
    base = _views.matrix(table, ["point"], "period", ["total"])
    order = pd.unique(table["point"]), pd.unique(table["period"])
    said = table.assign(below=[_said(*row) for row in table[_MARKS].itertuples(index=False)])
    wide = said.pivot(index="point", columns="period", values="below")
    below = wide.reindex(index=order[0], columns=order[1]).to_numpy()
    rows = []
    for point, line, texts in zip(order[0], base.rows, below, strict=True):
        stamps = table["calibrated"][table["point"] == point]
        worst = next((stamp for stamp in stamps if stamp != "yes"), "yes")
        cells = (cell._replace(below=text) for cell, text in zip(line[1:], texts, strict=True))
        chinese, english = _POINTS.get(point, (point, ""))
        rows.append([Cell(chinese, below=english), *cells, _views.stamped(worst)])
    return View([*base.heads, _views.head("calibrated")], rows, [])


_MARKS = ["binding", "status", "calibrated"]


def _said(binding: object, status: object, calibrated: object) -> str:
    names = [name for name in _views.plain(binding).split("; ") if name != _views.NOTHING]
    more = [f"… ({len(names)})"] if len(names) > _MOST else []
    said = ["; ".join(names[:_MOST] + more)] if names else []
    said += [] if status == "ok" else [_views.word(status)]
    said += [] if calibrated == "yes" else [str(calibrated).split(" ")[0]]
    return "；".join(said)


def cuts(table: pd.DataFrame) -> View:
    """Sections that exceed at present loads: who can meet the cut, and whose it is."""
    some = table[table["cut_owed"] > 0.0]
    return _views.view(_views.greatest_first(some, some["cut_owed"]), _CUTS)


def upstream(table: pd.DataFrame) -> View:
    """Periods in which the upstream takes some of the capacity, or leaves more than it owes."""
    size = table[["total_at_target", "total_measured"]].abs().max(axis=1)
    some = table[table["upstream_share"].abs() > _SMALL * size]
    return _views.view(_views.greatest_first(some, some["upstream_share"].abs()), _UPSTREAM)


def alternatives(table: pd.DataFrame) -> View:
    """Alternatives of one pollutant, of the year."""
    return _views.view(table, _ALTERNATIVES)


def flow_check(table: pd.DataFrame) -> View:
    """List computed and stated flow of each reach, in the period where they differ most."""
    size = table["flow_difference"].abs()
    rows = table.loc[size.groupby(table["reach"], sort=False).idxmax()]
    turned = [Cell("是 yes" if value else "否 no") for value in rows["turned"]]
    shown = _views.greatest_first(rows.assign(turned=turned), rows["flow_difference"].abs())
    return _views.view(shown, _FLOW_CHECK)
