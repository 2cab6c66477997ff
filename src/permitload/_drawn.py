"""Figures of tables that stand beside the permits: rules, control units, alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from permitload import _rules, plot
from permitload.plot.labels import bilingual

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from permitload._outcome import Outcome

__all__ = [
    "ALL", "NO_CAPACITY", "UNCALIBRATED", "alternatives", "flows", "rules", "said", "titled",
    "units",
]  # fmt: skip

UNCALIBRATED = ", 容量未率定（部分或全部时段） capacity uncalibrated in some periods or all"
ALL = "all pollutants, 全部污染物"
NO_CAPACITY = 99.0
"""Drawn where a load meets no capacity at all: beyond every class of use."""


def rules(table: pd.DataFrame) -> dict[str, bytes]:
    """Bars of the rules of each pollutant that gave loads, named in one language or both."""
    drawn = {}
    some = table.dropna(subset="permitted_load")
    for pollutant, rows in some.groupby("pollutant", sort=False):
        names = [bilingual(*_rules.NAMES[rule]) for rule in rows["rule"]]
        axes = plot.fairness(rows.set_index(pd.Index(names, name="rule")))
        drawn[str(pollutant) + said(rows)] = plot.png(axes)
    return drawn


def units(outcome: Outcome, units: pd.DataFrame, unit: pd.Series[str]) -> dict[str, bytes]:
    """Map the use of the capacity of the control units in their worst period, by pollutant."""
    use = units["worst_use"].fillna(NO_CAPACITY).where(units["worst_period"] != "")
    panels = {}
    for _, rows in units.assign(worst_use=use).groupby("pollutant", sort=False):
        values = unit.map(rows.set_index("control_unit")["worst_use"])
        panels[titled(rows)] = values.rename("worst_use")
    if not panels:
        return {}
    ax = plot.network_maps(outcome.network, panels, outcome.tables["sections"])
    return {ALL + said(units): plot.png(ax)}


def flows(outcome: Outcome) -> dict[str, bytes]:
    """Map the computed flow in the periods with the least and the most water."""
    if outcome.settings.flow is None:
        return {}
    flow = outcome.datasets["hydraulics"]["flow"].reset_coords(drop=True)
    size = abs(flow).sum("reach")
    drawn = {}
    for k in sorted({int(size.values.argmin()), int(size.values.argmax())}):
        one = flow.isel(period=k)
        ax = plot.flow_map(outcome.network, one.drop_vars("period").to_series())
        drawn[str(one["period"].item())] = plot.png(ax)
    return drawn


def alternatives(alternatives: pd.DataFrame) -> Axes:
    """Bars of the alternatives, the stamp in the title of a panel."""
    groups = alternatives.groupby("pollutant", sort=False)
    titles = {str(pollutant): titled(rows) for pollutant, rows in groups}
    # one language of two: both would not fit beside the bars
    column = "name_en" if plot.chinese_font() is None else "name_zh"
    named = alternatives.assign(
        pollutant=alternatives["pollutant"].map(titles), name=alternatives[column]
    )
    return plot.alternatives_bars(named)


def titled(rows: pd.DataFrame) -> str:
    """Title of a panel: the pollutant, with the stamp where its capacity has it."""
    known = (rows["calibrated"] == "yes").all()
    stamp = "" if known else f" {bilingual('未率定', 'uncalibrated')}"
    return f"{rows['pollutant'].iloc[0]}{stamp}"


def said(table: pd.DataFrame) -> str:
    """Stamp of a caption, where one row has it."""
    return "" if (table["calibrated"] == "yes").all() else UNCALIBRATED
