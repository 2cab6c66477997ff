"""Conversion between sources, as the page shows it."""

from __future__ import annotations

import pandas as pd

from permitload.report import _views
from permitload.report._views import View

_RATIOS = ("seller", "buyer", "pollutant", "ratio", "worst_section", "worst_period", "credit_load")
_MEASURES = ("seller", "pollutant", "available", "reduction")
_LOADS = ("buyer", "pollutant", "own_permit", "wanted_load", "permitted_load")
_TOTALS = ("pollutant", "total_cost", "reason")


def ratios(table: pd.DataFrame) -> View:
    """Ratio of each pair, where it is worst, and the credit that is made of it."""
    return _views.view(table, _RATIOS)


def measures(table: pd.DataFrame) -> View:
    """List what each seller could take off, and takes off."""
    return _views.view(table, _MEASURES)


def loads(table: pd.DataFrame) -> View:
    """List what each buyer is permitted, asks for, and could discharge with its credits."""
    return _views.view(table, _LOADS)


def totals(table: pd.DataFrame) -> View:
    """Cost of each pollutant's plan, or why there is none."""
    return _views.view(table, _TOTALS)
