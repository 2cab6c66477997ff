"""Tables as a page shows them: Chinese and English headers, rounded numbers, words for codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from permitload.plot import exceeds
from permitload.schema import COMPONENTS, PARK_TOTALS, STOPS, VARIABLES

NOTHING = "—"
_DIGITS = 4
_EXACT = ("permit", "permit_mass")
"""Published masses: shown to the last digit, never rounded."""

WORDS: Mapping[str, tuple[str, str]] = {
    "ok": ("正常", "ok"),
    "background_exceeds": ("背景超标", "background exceeds"),
    "floors_infeasible": ("保障量无法满足", "floors infeasible"),
    "yes": ("已率定", "calibrated"),
    "agrees": ("吻合", "agrees"),
    "unexplained": ("未解释", "unexplained"),
    "unobserved": ("无实测", "unobserved"),
    "meets": ("达标", "meets"),
    "exceeds": ("超标", "exceeds"),
    "statutory": ("法定", "statutory"),
    "pilot": ("试点文件", "pilot text"),
    "assumed": ("假定，未核实", "assumed, unverified"),
    "ceiling": ("上限", "ceiling"),
    "floor": ("保障量", "floor"),
    "fixed": ("固定", "fixed"),
    "no target": ("无分配基数", "no target"),
    "target": ("目标量", "target"),
    "parent": ("上级", "parent"),
    "industry": ("工业", "industry"),
    "domestic": ("生活", "domestic"),
    "farm": ("农业", "farm"),
    "boundary_in": ("边界输入", "boundary in"),
    "load": ("排放", "load"),
    "boundary_out": ("边界输出", "boundary out"),
    "decayed": ("衰减", "decayed"),
    "stored": ("蓄存", "stored"),
    "residual": ("残差", "residual"),
    "value": ("取值", "value"),
    "parameter": ("参数", "parameter"),
    "unit": ("单位", "unit"),
    "inputs": ("输入文件 SHA-256", "inputs, SHA-256"),
    "versions": ("软件版本", "versions"),
    "options": ("选项", "options"),
    "summary": ("摘要", "summary"),
    "other": ("其他", "other"),
    "effluent_flow": ("废水流量", "effluent"),
    "count": ("企业（时段数）", "enterprises (number of periods)"),
    "closure": ("残差占比", "residual over turnover"),
}
"""Codes and headings that are no variables."""


MOST = 200
"""Rows of a table that the page shows; all are in the CSV tables."""

OWN_STOPS = (*STOPS, *COMPONENTS)
"""What stops a source other than a section or a group."""


class Cell(NamedTuple):
    """Text of a cell, its class, and a second line."""

    text: str
    kind: str = ""
    below: str = ""


class Head(NamedTuple):
    """Header of a column in both languages; English with the unit."""

    chinese: str
    english: str
    number: bool = False


HEADS: Mapping[str, Head] = {
    "source_load": Head("现状排放量", "present load [kg/d]", True),
    "granted": Head("许可/现状（最低时段）", "permitted over present, least period", True),
    "permit": Head("年许可排放量（有约束力）", "permit, binding [t/a]", True),
    "permit_worst": Head(
        "最不利时段折年量（仅供参考）", "permit worst, for information [t/a]", True
    ),
    "accepted_present": Head("现状接管量", "present accepted load [kg/d]", True),
    "concentration": Head("许可后浓度", "concentration with permits [mg/L]", True),
    "background": Head(
        "背景浓度（可决定污染源为零）", "background, decided sources at 0 [mg/L]", True
    ),
    "ceiling": Head("自身上限", "own ceiling [kg/d]", True),
    "target": Head("分配目标", "target [kg/d]", True),
    "level": Head("满足率", "share of the target granted", True),
    "floor": Head("保障量", "floor [kg/d]", True),
    "alone": Head("若其余各源均为保障量", "most with all others on their floors [kg/d]", True),
    "more_headroom": Head("若断面多 0.01 mg/L", "with 0.01 mg/L more at that section [kg/d]", True),
    "equal_proportion": Head("若全体等比例", "if one factor held for all [kg/d]", True),
    "tier_higher": Head("若高一级", "one tier higher [kg/d]", True),
    "reason": Head("备注", "remark"),
    "affected_by": Head("适用企业", "enterprises that follow it"),
    "technology_load": Head("技术核算量", "load by technology [t/a]", True),
    "tier_permit": Head("绩效核定量", "permit by tier [t/a]", True),
    "rule": Head("分配规则", "rule of sharing"),
    "full_section": Head("受限断面", "section that was full"),
    "months": Head("受限时段", "periods in which it stopped"),
    "worst": Head("最紧时段", "tightest period"),
    "why": Head("说明", "in words"),
    "affected": Head("当期许可为零的企业", "enterprises left with nothing"),
}
"""Headings that say more than the variable, or that are none."""


class View(NamedTuple):
    """Table ready for the page, and how many rows it leaves out."""

    heads: list[Head]
    rows: list[list[Cell]]
    foot: list[Cell]
    hidden: int = 0


def number(value: float) -> str:
    """Write a number with four digits that count, without exponent where that is readable.

    Examples
    --------
    >>> number(12345.6), number(0.01234567), number(float("nan")), number(3e-16)
    ('12,346', '0.01235', '—', '3.0e-16')
    """
    if not math.isfinite(value):
        return NOTHING
    if value == 0.0:
        return "0"
    place = math.floor(math.log10(abs(value)))
    if not -6 < place < 12:
        return f"{value:.1e}"
    return f"{value:,.{max(0, _DIGITS - 1 - place)}f}"


def exact(values: Sequence[float]) -> list[str]:
    """Write published numbers with all their decimals, as many for each.

    Examples
    --------
    >>> exact([1.5, 20.125])
    ['1.500', '20.125']
    """
    known = np.array([value for value in values if math.isfinite(value)])
    decimals = next((d for d in range(9) if np.allclose(known, known.round(d), 0.0, 1e-10)), 9)
    return [f"{v:,.{decimals}f}" if math.isfinite(v) else NOTHING for v in values]


def word(code: object) -> str:
    """Both languages of a code; other text as it is.

    Examples
    --------
    >>> word("ok"), word("S1"), word("present_permit")
    ('正常 ok', 'S1', '现有许可负荷 present permit')
    """
    if str(code) in (*COMPONENTS, *PARK_TOTALS):
        return f"{VARIABLES[str(code)].term} {str(code).replace('_', ' ')}"
    return " ".join(WORDS[str(code)]) if str(code) in WORDS else plain(code)


def plain(label: object) -> str:
    """Text of a label, with a dash for none.

    Examples
    --------
    >>> plain("load"), plain(""), plain(float("nan"))
    ('load', '—', '—')
    """
    return NOTHING if label in ("", None) or label != label else str(label)


def head(name: str) -> Head:
    """Header of a variable, or of a heading of the page."""
    if name in HEADS:
        return HEADS[name]
    if name in WORDS:
        return Head(*WORDS[name], number=name in ("value", "closure"))
    variable = VARIABLES[name]
    unit = "" if variable.unit in ("", "1", "time") else f" [{variable.unit}]"
    english = f"{name.replace('_', ' ')}{unit}"
    return Head(variable.term, english, not (variable.is_label or variable.is_date))


def view(table: pd.DataFrame, columns: Sequence[str], sums: Sequence[str] = ()) -> View:
    """Columns of a table as far as it has them, with a line of sums."""
    shown = [name for name in columns if name in table]
    cells = {name: _column(table[name], name) for name in shown}
    rows = [list(row) for row in zip(*cells.values(), strict=True)]
    foot = [_sum(table[name], name) if name in sums else Cell("") for name in shown]
    if sums and foot:
        foot[0] = Cell("合计 sum")
    return View([head(name) for name in shown], rows, foot if sums else [])


def top(view: View) -> View:
    """First rows of a table: more of them would be looked up, not read."""
    return view._replace(rows=view.rows[:MOST], hidden=max(0, len(view.rows) - MOST))


def greatest_first(table: pd.DataFrame, values: pd.Series[float]) -> pd.DataFrame:
    """Rows by falling values where the page cannot show them all; else as they are."""
    if len(table) <= MOST:
        return table
    return table.loc[values.sort_values(ascending=False, kind="stable").index]


def _sum(values: pd.Series[float], name: str) -> Cell:
    total = float(values.sum())
    return Cell(exact([*values, total])[-1] if name in _EXACT else number(total))


def _column(values: pd.Series[Any], name: str) -> list[Cell]:
    """Cells of one column."""
    if name in _EXACT:
        return [Cell(text) for text in exact(values.tolist())]
    if name == "granted" or (len(values) and isinstance(values.iloc[0], Cell)):
        return list(values)
    if name in ("status", "basis", "agreement", "total_component"):
        return [Cell(word(value), str(value)) for value in values]
    if name == "calibrated":
        return [stamped(value) for value in values]
    if name == "value":
        return [Cell(f"{v:.10g}" if isinstance(v, float) else plain(v)) for v in values]
    if pd.api.types.is_numeric_dtype(values):
        return [Cell(number(float(value))) for value in values]
    return [Cell(plain(value)) for value in values]


def matrix(table: pd.DataFrame, keys: Sequence[str], across: str, names: Sequence[str]) -> View:
    """One row a key and one column a label of ``across``; two names make two lines a cell."""
    wide = {
        name: table.pivot_table(
            name, list(keys), across, aggfunc="first", sort=False, observed=True
        ).reindex(columns=pd.unique(table[across]))
        for name in names
    }
    first = wide[names[0]]
    labels = first.index.to_frame()
    heads = [head(name) for name in keys]
    heads += [Head(plain(c), "", number=True) for c in first.columns]
    below = _below(wide[names[1]]) if len(names) > 1 else np.full(first.shape, "")
    rows = []
    for i in range(len(first)):
        row = [Cell(plain(label)) for label in labels.iloc[i]]
        row += [
            Cell(number(value), below=text)
            for value, text in zip(first.iloc[i].astype(float), below[i], strict=True)
        ]
        rows.append(row)
    return View(heads, rows, [])


def _below(wide: pd.DataFrame) -> Any:  # noqa: ANN401 - an array of text
    return np.array(exact(wide.to_numpy(float).ravel().tolist())).reshape(wide.shape)


def stamped(calibrated: object) -> Cell:
    """Whether a section is calibrated, as a badge where it is not.

    Examples
    --------
    >>> stamped("yes").text, stamped("未率定 uncalibrated").kind
    ('已率定 calibrated', 'uncalibrated')
    """
    return Cell(word(calibrated), "" if calibrated == "yes" else "uncalibrated")


def capacity(table: pd.DataFrame) -> View:
    """Capacity by pollutant and period; below it a status other than ok, and the stamp."""
    base = matrix(table, ["pollutant"], "period", ["total"])
    rows, columns = pd.unique(table["pollutant"]), pd.unique(table["period"])
    known = table if "calibrated" in table else table.assign(calibrated="yes")
    status, stamp = (
        known.pivot(index="pollutant", columns="period", values=name)
        .reindex(index=rows, columns=columns)
        .to_numpy()
        for name in ("status", "calibrated")
    )
    marked = [
        [line[0], *map(_marked, line[1:], *codes)]
        for line, *codes in zip(base.rows, status, stamp, strict=True)
    ]
    bases = [name for name in ("annual_sum", "annual_worst") if name in table]
    year = table.groupby("pollutant", sort=False)[bases].first()
    for line, values in zip(marked, year.to_numpy(float), strict=True):
        line += [Cell(number(value)) for value in values]
    return View([*base.heads, *map(head, bases)], marked, [])


def _marked(cell: Cell, status: object, calibrated: object) -> Cell:
    """Give a number of capacity what is to be said beside it."""
    said = [] if status == "ok" else [word(status)]
    said += [] if calibrated == "yes" else [str(calibrated)]
    return cell._replace(kind="" if status == "ok" else str(status), below="；".join(said))


def balance(table: pd.DataFrame, keys: Sequence[str], name: str) -> View:
    """Terms side by side, with the residual over the turnover, in the worst period of each."""
    order = pd.unique(table["term"])
    wide = table.set_index([*keys, "term"])[name].unstack("term", sort=False)[order]
    turnover = wide.drop(columns="residual").abs().sum(axis=1)
    wide["closure"] = wide["residual"].abs() / turnover.where(turnover > 0.0, 1.0)
    shown = wide.reset_index()
    first = shown["closure"].groupby(
        [shown[key] for key in keys[:-1]] or [0] * len(shown), sort=False
    )
    shown = shown.loc[first.idxmax().tolist()]
    heads = [head(key) for key in keys]
    heads += [_term(column) for column in wide.columns]
    rows = [
        [Cell(plain(value)) for value in row[: len(keys)]]
        + [Cell(number(float(value))) for value in row[len(keys) :]]
        for row in shown.itertuples(index=False, name=None)
    ]
    return View(heads, rows, [])


def _term(name: str) -> Head:
    chinese, english = WORDS.get(name, (name, ""))
    return Head(chinese, english, True)


def status(sections: pd.DataFrame) -> list[str]:
    """Whether each section and period meets its limit, exceeds it, or is owed a cut."""
    use = sections["concentration"] / sections["allowed"]
    found = ["exceeds" if exceeds(value) else "meets" for value in use]
    owed = sections["headroom"] < 0.0
    return ["background_exceeds" if o else f for o, f in zip(owed, found, strict=True)]


def worst_periods(sections: pd.DataFrame) -> pd.DataFrame:
    """Take the period of each section and indicator that comes closest to its limit."""
    use = sections["concentration"] / sections["allowed"]
    table = sections.assign(limit_use=use)
    rows = table.groupby(["section", "indicator"], sort=False)["limit_use"].idxmax()
    table = table.loc[rows.tolist()]
    table = greatest_first(table, table["limit_use"])
    return table.assign(status=status(table))
