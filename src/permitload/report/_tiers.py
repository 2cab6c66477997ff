"""Areas, lines, ratings and permits by tier, as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from permitload.report import _views
from permitload.report._views import Cell, View
from permitload.schema import VARIABLES

_AREAS = ("park", "pollutant", "area_kind", "influenced", "failing", "unknown", "influence_share",
          "outlet", "basis")  # fmt: skip
_RATINGS = ("enterprise", "tier", "tier_score", "tier_by_score", "veto", "missing_criteria",
            "to_better", "to_worse", "kept_share", "best_tier", "worst_tier")  # fmt: skip
_INTENSITIES = ("enterprise", "comparable", "book", "rank", "intensity", "output_intensity",
                "emission", "production_capacity", "reason")  # fmt: skip
_LINES = ("comparable", "pollutant", "book", "line", "baseline", "members", "evidence",
          "document", "note")  # fmt: skip
_PERMITS = ("enterprise", "park", "book", "tier", "current_permit", "greatest_emission",
            "tier_permit", "stopped_by", "closed_permit", "interim_permit", "interim_until",
            "trigger", "effective_date", "reason")  # fmt: skip
_RULES = ("branch", "affected_by", "document", "basis")
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
    return _views.view(_plain(table, ["basis"]).assign(area_kind=judged), _AREAS)


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
    shown = _counted(_plain(table, ["book", "line", "evidence"]), "members")
    return _views.view(shown, _LINES)


def intensities(table: pd.DataFrame) -> View:
    """Enterprises of one pollutant from the least intensity upwards."""
    return _views.view(_counted(_plain(table, ["book"]), "rank"), _INTENSITIES)


def permits(table: pd.DataFrame) -> View:
    """Permits of one pollutant, beside what they were and what was emitted."""
    day = [f"{value:%Y-%m-%d}" for value in table["effective_date"]]
    stop = [_term(name) for name in table["stopped_by"]]
    shown = _plain(table, ["book", "trigger"]).rename(columns={"permit": "tier_permit"})
    return _views.view(shown.assign(effective_date=day, stopped_by=stop), _PERMITS)


def rules(table: pd.DataFrame) -> View:
    """Rules that the permits of one pollutant follow, and who follows them."""
    rows = [
        {
            "branch": Cell(str(chinese), below=str(own["branch"].iloc[0])),
            "affected_by": ", ".join(own["enterprise"].unique()),
            "document": own["document"].iloc[0],
            "basis": Cell(_views.plain(own["basis"].iloc[0])),
        }
        for chinese, own in table.groupby("branch_zh", sort=False)
    ]
    return _views.view(pd.DataFrame(rows, columns=list(_RULES)), _RULES)


def closure(table: pd.DataFrame) -> View:
    """Permits of each park against its capacity."""
    return _views.view(table.rename(columns={"permit": "tier_permit"}), _CLOSURE)


def _plain(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Columns of codes in words of both languages."""
    words: dict[str, Any] = {name: [_coded(code) for code in table[name]] for name in columns}
    return table.assign(**words)


def _counted(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Whole numbers without decimals."""
    cells = [Cell(f"{n:.0f}" if n == n else _views.NOTHING) for n in table[column]]
    return table.assign(**{column: cells})


def _coded(code: object) -> Cell:
    """Write a code in Chinese with the English below."""
    chinese, _, english = _WORDS.get(str(code), _views.plain(code)).partition(" ")
    return Cell(chinese, below=english) if str(code) in _WORDS else Cell(_views.plain(code))


def _term(name: str) -> Cell:
    """Variable that stops a permit, in both languages."""
    if not name:
        return Cell(_views.NOTHING)
    return Cell(VARIABLES[name].term, below=name.replace("_", " "))
