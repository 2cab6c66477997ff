"""Areas, lines, ratings and permits by tier, as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from permitload.report import _views
from permitload.report._views import Cell, View
from permitload.schema import VARIABLES

_AREAS = ("park", "pollutant", "attaining", "influenced", "failing", "unknown", "influence_share",
          "outlet", "basis")  # fmt: skip
_RATINGS = ("enterprise", "tier", "tier_score", "tier_by_score", "veto", "missing_criteria")
_INTENSITIES = ("enterprise", "comparable", "book", "rank", "intensity", "output_intensity",
                "emission", "production_capacity", "reason")  # fmt: skip
_LINES = ("comparable", "pollutant", "book", "line", "baseline", "members", "evidence",
          "document", "note")  # fmt: skip
_PERMITS = ("enterprise", "park", "book", "tier", "current_permit", "greatest_emission",
            "tier_permit", "stopped_by", "closed_permit", "interim_permit", "interim_until",
            "branch", "trigger", "effective_date", "reason", "document", "basis")  # fmt: skip
_CLOSURE = ("park", "pollutant", "tier_permit", "park_capacity", "closed_permit",
            "closure_factor", "residual")  # fmt: skip
_WORDS: Mapping[str, str] = {
    "advanced": "先进 advanced", "average": "平均 average", "poor": "较差 poor",
    "computed": "计算 computed", "stated": "给定 stated",
    "discharged": "外排 discharged", "accepted": "接管 accepted",
    "first": "首次申请 first", "renewal": "延续 renewal",
    "reapplication": "重新申请 reapplication", "change": "变更 change",
}  # fmt: skip
_JUDGED = {
    True: Cell("达标区 attaining", "meets"),
    False: Cell("非达标区 non-attaining", "exceeds"),
}


def areas(table: pd.DataFrame) -> View:
    """Attaining and non-attaining parks, with what that rests on."""
    judged = [_JUDGED.get(value, Cell("不判定 refused")) for value in table["attaining"].tolist()]
    return _views.view(_plain(table, ["basis"]).assign(attaining=judged), _AREAS)


def statement(table: pd.DataFrame) -> View:
    """Sentences that go with the map, in both languages."""
    return _views.view(table, ("subject", "sentence_zh", "sentence"))


def ratings(table: pd.DataFrame) -> View:
    """Score and tier of each enterprise, the best first."""
    if "tier_score" in table:
        table = table.sort_values("tier_score", ascending=False, kind="stable")
    return _views.view(table, _RATINGS)


def lines(table: pd.DataFrame) -> View:
    """Lines of intensity."""
    return _views.view(_plain(table, ["book", "line", "evidence"]), _LINES)


def intensities(table: pd.DataFrame) -> View:
    """Enterprises of one pollutant from the least intensity upwards."""
    return _views.view(_plain(table, ["book"]), _INTENSITIES)


def permits(table: pd.DataFrame) -> View:
    """Permits of one pollutant with the rule that each follows."""
    day = [f"{value:%Y-%m-%d}" for value in table["effective_date"]]
    rule = [Cell(row["branch_zh"], below=row["branch"]) for row in table.to_dict("records")]
    stop = [_term(name) for name in table["stopped_by"]]
    shown = _plain(table, ["book", "trigger", "basis"]).rename(columns={"permit": "tier_permit"})
    return _views.view(shown.assign(effective_date=day, branch=rule, stopped_by=stop), _PERMITS)


def closure(table: pd.DataFrame) -> View:
    """Permits of each park against its capacity."""
    return _views.view(table.rename(columns={"permit": "tier_permit"}), _CLOSURE)


def _plain(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns of codes in words of both languages."""
    words: dict[str, Any] = {
        name: [Cell(_WORDS.get(code, _views.plain(code))) for code in table[name]]
        for name in columns
    }
    return table.assign(**words)


def _term(name: str) -> str:
    """Variable that stops a permit, in both languages."""
    return f"{VARIABLES[name].term} {name.replace('_', ' ')}" if name else ""
