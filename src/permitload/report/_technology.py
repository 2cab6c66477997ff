"""Trains, loads and potentials of technology, and accounts side by side, as the page shows them."""

from __future__ import annotations

import pandas as pd

from permitload.report import _views
from permitload.report._views import Cell, View

_SCORES = ("train", "source_class", "sector", "score", "feasible", "advanced", "obstacle")
_LOADS = ("source", "pollutant", "method", "drainage_volume", "permitted_concentration",
          "specification", "technology_load", "stopped_by", "document")  # fmt: skip
_INITIAL = ("pollutant", "pollutant_kind", "limit", "document", "basis", "water_total",
            "technology_total", "initial_total", "stopped_by", "excess_total")  # fmt: skip
_BY_CLASS = ("group", "pollutant", "period", "source_load", "achievable_load", "potential",
             "potential_share")  # fmt: skip
_BOOKS = ("group", "outlet_kind", "pollutant", "book", "account", "book_mass", "reference_mass",
          "mass_ratio", "mass_difference", "concentration_part", "volume_part",
          "left_out")  # fmt: skip
_WORDS = {"accepted": "接管 accepted", "discharged": "外排 discharged", "main": "主要 main",
          "general": "一般 general", "standard_water": "基准排水量 benchmark",
          "advanced_water": "先进排水量 advanced"}  # fmt: skip


def scores(table: pd.DataFrame) -> View:
    """Trains with their scores, in the order of the study."""
    flags = {
        name: [Cell("是 yes" if value else "否 no") for value in table[name]]
        for name in ("feasible", "advanced")
    }
    return _views.view(table.assign(**flags), _SCORES)


def loads(table: pd.DataFrame) -> View:
    """Technology-based loads of each source and pollutant."""
    names = {"permit": "technology_load", "rule": "method"}
    shown = _said(table.rename(columns=names), ["method"])
    return _views.view(shown, _LOADS)


def initial(table: pd.DataFrame) -> View:
    """Show the initial capacity of the park, by pollutant."""
    return _views.view(table, _INITIAL)


def by_class(table: pd.DataFrame) -> View:
    """Reduction potential of each source class."""
    return _views.view(table, _BY_CLASS)


def by_unit(table: pd.DataFrame) -> View:
    """Reduction potential of each control unit."""
    return _views.view(table, ("control_unit", *_BY_CLASS[1:]))


def books(table: pd.DataFrame) -> View:
    """Accounts of one emission, each beside the reference."""
    return _views.view(_said(table, ["book", "outlet_kind"]), _BOOKS)


def _said(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns of codes in words of both languages."""
    return table.assign(**{n: [_WORDS.get(code, code) for code in table[n]] for n in columns})
