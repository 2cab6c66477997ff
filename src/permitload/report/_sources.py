"""Who makes the concentration, and what works let out by their records."""

from __future__ import annotations

import pandas as pd

from permitload.report import _views
from permitload.report._views import View

_CONTRIBUTIONS = ("section", "period", "source_class", "contribution", "contribution_share",
                  "contribution_deviation", "contribution_lower",
                  "contribution_upper")  # fmt: skip
_WORKS = ("works", "pollutant", "period", "measured_share", "measured_load", "source_load",
          "works_law", "law_use", "bypass_load", "works_removal")  # fmt: skip


def contributions(table: pd.DataFrame) -> View:
    """Contributions of one pollutant, at each section in the period of the greatest rise."""
    total = table.groupby(["section", "period"], sort=False)["contribution"].sum()
    worst = total.groupby("section", sort=False).idxmax()
    keys = pd.MultiIndex.from_frame(table[["section", "period"]])
    rows = table[keys.isin(worst.tolist())]
    return _views.view(rows.assign(source_class=rows["source_class"].map(_views.word)),
                       _CONTRIBUTIONS)  # fmt: skip


def works(table: pd.DataFrame) -> View:
    """List records of works; if too many, those that let out most of what their law allows."""
    return _views.view(_views.greatest_first(table, table["law_use"]), _WORKS)
