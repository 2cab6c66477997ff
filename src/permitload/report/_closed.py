"""Closure and what rests on it: observed against simulated, other decay, control units."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from permitload.report import _views
from permitload.report._views import Cell, Head, View

_CLOSURE = ("section", "name", "indicator", "period", "present_concentration", "observed",
            "difference", "relative_error", "unexplained_load", "remaining_capacity",
            "agreement", "calibrated")  # fmt: skip
_UNEXPLAINED = ("section", "name", "indicator", "period", "present_concentration", "observed",
                "relative_error", "flow", "unexplained_load")  # fmt: skip
_UNITS = ("control_unit", "capacity", "annual_sum", "annual_worst", "source_load",
          "capacity_use", "worst_period", "worst_use", "whole_load", "land_area", "load_density",
          "stopped_by", "present_share", "planned_load", "planned_share",
          "calibrated")  # fmt: skip


def counted(table: pd.DataFrame | None) -> dict[str, int]:
    """Count the combinations of section, indicator and period by how they agree."""
    found: Sequence[str] = [] if table is None else table["agreement"].tolist()
    return {code: found.count(code) for code in ("agrees", "unexplained", "unobserved")}


def worst(table: pd.DataFrame) -> View:
    """Period of each section and indicator that the model explains least."""
    error = table["relative_error"].abs().fillna(-1.0)
    rows = error.groupby([table["section"], table["indicator"]], sort=False).idxmax()
    return _views.view(table.loc[rows.tolist()], _CLOSURE)


def unexplained(table: pd.DataFrame) -> View:
    """Rows beyond the tolerance, the greatest load first where there are too many."""
    some = table[table["agreement"] == "unexplained"]
    return _views.view(_views.greatest_first(some, some["unexplained_load"].abs()), _UNEXPLAINED)


def sensitivity(table: pd.DataFrame) -> View:
    """Total of each pollutant by factor of decay, and its change below."""
    factors = pd.unique(table["decay_factor"])
    heads = [_views.head("pollutant")]
    heads += [Head(f"衰减 decay × {factor:g}", "", number=True) for factor in factors]
    rows = []
    for pollutant, some in table.groupby("pollutant", sort=False):
        by_factor = some.set_index("decay_factor")
        rows.append([Cell(str(pollutant))] + [
            Cell(_views.number(total), below="" if change != change else f"{change:+.1%}")
            for total, change in by_factor.loc[factors, ["total", "total_change"]].to_numpy(float)
        ])  # fmt: skip
        if "calibrated" in some:
            rows[-1].append(_views.stamped(some["calibrated"].iloc[0]))
    return View(heads + [_views.head(n) for n in ("calibrated",) if n in table], rows, [])


def units(table: pd.DataFrame) -> View:
    """Control units of one pollutant, with sums of what adds up."""
    said = table.assign(stopped_by=table["stopped_by"].map(_both))
    return _views.view(
        said, _UNITS, ("capacity", "annual_sum", "source_load", "whole_load", "planned_load")
    )


def _both(stops: object) -> str:
    """Both languages of what binds, ``S1 3/12; ceiling 9/12``."""
    own = "ceiling "
    parts = _views.plain(stops).split("; ")
    return "; ".join(part.replace(own, f"{_views.word('ceiling')} ") if part.startswith(own)
                     else part for part in parts)  # fmt: skip
