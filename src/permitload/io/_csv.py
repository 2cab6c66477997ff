"""Tables from CSV, read as text first: every fault names file, row, column and value.

Whole files are split and whole columns converted where nothing can be wrong with them; only what
is suspect is gone through cell by cell, to say what is wrong. Suspecting too much costs time alone.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from permitload._frames import LINE
from permitload.errors import Fault
from permitload.io._grid import Grid, read
from permitload.io._units import MONTH, convert, convert_back, per_month, plain, unit_fault
from permitload.schema import TABLES, VARIABLES, Column, Table, header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["CHOICES", "scan"]

CHOICES = {
    "structure_type": ("gate", "weir", "pump", "culvert"),
    "water_type": ("river", "lake"),
    "water_class": ("I", "II", "III", "IV", "V"),
    "basis": ("statutory", "pilot", "assumed"),
    "source_class": ("industry", "domestic", "farm", "other"),
}
"""Labels that a column may hold, where the set is closed."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# spreadsheets run such cells of a result as formulas; full-width signs count with some of them
_FORMULA = ("=", "+", "-", "@")
_NO_FORMULA = "text that does not start with = + - @"
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Cells of a file as text: one list a column, and the line of each row."""

    file: str
    lines: NDArray[np.int64]
    cells: dict[str, list[str]]
    units: dict[str, str]

    def fault(self, row: int, column: str, problem: str, expected: str) -> Fault:
        """Fault of one cell; the value as it stands in the file."""
        value = self.cells[column][row] or None
        return Fault(self.file, int(self.lines[row]), column, value, problem, expected)


def scan(
    path: Path, table: str, days: Mapping[str, float] | None
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read a CSV file; cells that are wrong become NaN or empty, and faults.

    Examples
    --------
    >>> from pathlib import Path
    >>> scan(Path("none.csv"), "reaches", None)[1][0].problem
    'is missing'
    """
    declared = TABLES[table]
    grid = read(path)
    if isinstance(grid, Fault):
        nothing = _Sheet(path.name, np.empty(0, dtype=np.int64), {}, {})
        return _columns(nothing, declared, days)[0], [grid]
    sheet, faults = _sheet(path.name, grid, declared)
    frame, cell_faults = _columns(sheet, declared, days)
    repeated, repeats = _repeats(sheet, declared)
    in_order = sorted([*cell_faults, *repeats], key=lambda fault: int(str(fault.row)))
    return frame[~repeated] if repeats else frame, faults + in_order


def _sheet(file: str, grid: Grid, declared: Table) -> tuple[_Sheet, list[Fault]]:
    """Name the columns; faults of the header and of rows longer than it."""
    faults = []
    names: list[str | None] = []
    units = {}
    for text in grid.headers:
        name, unit, fault = _header(text, declared, set(names))
        names.append(name)
        if name:
            units[name] = unit
        if fault:
            place, value = (name, _bracket(text)) if name else ("header", text or None)
            faults.append(Fault(file, grid.line, place, value, *fault))
    for column in declared.columns:
        if column.required and column.name not in names:
            right = f"a column {header(column.name)}"
            faults.append(Fault(file, grid.line, column.name, None, "is missing", right))
    width = len(names)
    for line, count in grid.too_long:
        problem = f"are {count} in the row, {width} in the header"
        faults.append(Fault(file, line, "cells", None, problem, f"{width} cells"))
    cells = {name: cells for name, cells in zip(names, grid.columns, strict=True) if name}
    return _Sheet(file, grid.lines, cells, units), faults


def _bracket(text: str) -> str | None:
    """Quote the unit of a header as it stands there."""
    return text[text.index("[") :] if "[" in text else None


def _header(
    text: str, declared: Table, taken: set[str | None]
) -> tuple[str | None, str, tuple[str, str] | None]:
    """Name and unit that a header says, and what is wrong with it; no unit where it is wrong."""
    name, bracket, rest = unicodedata.normalize("NFKC", text).partition("[")
    name, unit = name.strip(), rest.removesuffix("]")
    columns = {column.name: header(column.name) for column in declared.columns}
    if name not in columns or (bracket and unit == rest):
        near = difflib.get_close_matches(name[:40], columns, n=1, cutoff=0.7)
        right = columns[near[0]] if near else f"one of {', '.join(columns.values())}"
        return None, "", (f"is not a column of {declared.name}", right)
    if name in taken:
        return None, "", ("is there twice", f"one column {columns[name]}")
    canonical = VARIABLES[name].unit
    if canonical in ("", "time"):
        return name, canonical, ("is a unit, but this is no number", name) if bracket else None
    if not bracket:
        missing = canonical != "1"
        return name, "" if missing else "1", ("has no unit", columns[name]) if missing else None
    found = plain(unit)
    fault = unit_fault(found, name)
    if found.endswith(MONTH) and "period" not in columns:
        fault = ("needs the days of a period, which its rows do not have", columns[name])
    return name, "" if fault else found, fault


def _columns(
    sheet: _Sheet, declared: Table, days: Mapping[str, float] | None
) -> tuple[pd.DataFrame, list[Fault]]:
    """Convert every declared column; absent ones hold their defaults."""
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for column in declared.columns:
        variable = VARIABLES[column.name]
        if column.name not in sheet.cells:
            values[column.name] = _absent(column, len(sheet.lines))
        elif variable.is_label:
            values[column.name] = _text(_labels(sheet, column, faults))
        elif variable.is_date:
            values[column.name] = _dates(sheet, column, faults)
        elif sheet.units[column.name] == "":
            values[column.name] = np.full(len(sheet.lines), np.nan)
        else:
            values[column.name] = _numbers(sheet, column, days, faults)
    return pd.DataFrame(values, pd.Index(sheet.lines, name=LINE)), faults


def _absent(column: Column, count: int) -> Any:
    """Values of a column that the file does not have."""
    variable = VARIABLES[column.name]
    if variable.is_label:
        return _text(np.full(count, str(column.default or ""), dtype=object))
    if variable.is_date:
        return np.full(count, "NaT", dtype="datetime64[s]")
    return np.full(count, np.nan if column.default is None else float(column.default))


def _text(cells: Sequence[str] | NDArray[Any]) -> Any:
    """Cells as a column of text."""
    return pd.array(np.asarray(cells, dtype=object), dtype="str")


def _labels(sheet: _Sheet, column: Column, faults: list[Fault]) -> list[str]:
    """Labels as text, the default where a cell is empty."""
    cells, default = sheet.cells[column.name], str(column.default or "")
    if not _plain(cells, column):
        return _explained(sheet, column, faults)
    return [cell or default for cell in cells] if default else cells


def _plain(cells: list[str], column: Column) -> bool:
    """Whether every cell is surely a label as it should be."""
    choices = CHOICES.get(column.name)
    if column.required and not all(cells) or choices and not set(cells) <= {*choices, ""}:
        return False
    text = "\n".join(["", *cells])
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    # one letter is found much faster than two, and most labels hold none of them
    return not any(sign in text and f"\n{sign}" in text for sign in _FORMULA)


def _explained(sheet: _Sheet, column: Column, faults: list[Fault]) -> list[str]:
    """Labels with ``""`` for every one that is wrong, each with its fault."""
    name = column.name
    choices = CHOICES.get(name)
    cells = list(sheet.cells[name])
    for row, cell in enumerate(cells):
        if cell == "" and column.required:
            right = f"one of {', '.join(choices)}" if choices else f"a label for {name}"
            faults.append(sheet.fault(row, name, "is empty", right))
        elif cell and choices and cell not in choices:
            right = f"one of {', '.join(choices)}"
            faults.append(sheet.fault(row, name, f"is not a {name}", right))
            cells[row] = ""
        elif unicodedata.normalize("NFKC", cell)[:1] in _FORMULA:
            faults.append(sheet.fault(row, name, "starts like a formula", _NO_FORMULA))
            cells[row] = ""
        if cell == "":
            cells[row] = str(column.default or "")
    return cells


def _dates(sheet: _Sheet, column: Column, faults: list[Fault]) -> NDArray[Any]:
    cells = sheet.cells[column.name]
    dates = np.full(len(cells), "NaT", dtype="datetime64[s]")
    for row, cell in enumerate(cells):
        if cell:
            try:
                if len(cell) != 10:
                    raise ValueError(cell)
                dates[row] = np.datetime64(date.fromisoformat(cell), "s")
            except ValueError:
                right = "a date such as 2025-01-31"
                faults.append(sheet.fault(row, column.name, "is not a date", right))
    return dates


def _numbers(
    sheet: _Sheet, column: Column, days: Mapping[str, float] | None, faults: list[Fault]
) -> NDArray[Any]:
    """Numbers in the canonical unit; NaN where a cell is wrong or an optional one is empty."""
    name, unit, cells = column.name, sheet.units[column.name], sheet.cells[column.name]
    bounds = [
        convert_back(end, unit, name) for end in (VARIABLES[name].lower, VARIABLES[name].upper)
    ]
    values = _floats(cells)
    nothing = np.isnan(values)
    sound = nothing | (values >= bounds[0]) & (values <= bounds[1]) & (np.abs(values) < np.inf)
    count = 0 if column.required else cells.count("")
    if not sound.all() or np.count_nonzero(nothing) != count or len(values) != len(cells):
        values = _judged(sheet, column, bounds, faults)
    if unit.endswith(MONTH):
        values = per_month(values, unit, name, _row_days(sheet, column, days, faults))
    else:
        values = convert(values, unit, name)
    if column.default is not None and "" in cells:
        values[[cell == "" for cell in cells]] = float(column.default)
    return values


def _floats(cells: list[str]) -> NDArray[np.float64]:
    """Numbers of cells, NaN where one is empty; none where some cell is no plain number."""
    text = "".join(cells)
    # float reads more: nan and inf, which show in the numbers, other digits and underscores
    if not text.isascii() or "_" in text:
        return np.empty(0)
    full = [cell or "nan" for cell in cells] if "" in cells else cells
    try:
        return np.fromiter(map(float, full), dtype=float, count=len(full))
    except ValueError:
        return np.empty(0)


def _judged(
    sheet: _Sheet, column: Column, bounds: Sequence[float], faults: list[Fault]
) -> NDArray[np.float64]:
    """Numbers as they stand, NaN for each that is wrong, with its fault."""
    name, unit = column.name, sheet.units[column.name]
    lower, upper = bounds
    shown = "" if unit == "1" else f" {unit}"
    number = "a number" if unit == "1" else f"a number in {unit}"
    values = np.full(len(sheet.lines), np.nan)
    for row, cell in enumerate(sheet.cells[name]):
        if cell == "":
            if column.required:
                faults.append(sheet.fault(row, name, "is empty", number))
            continue
        value = float(cell) if _NUMBER.fullmatch(cell) else math.nan
        if _NOT_FINITE.fullmatch(cell) or math.isinf(value):
            faults.append(sheet.fault(row, name, "is not finite", number))
        elif math.isnan(value):
            faults.append(sheet.fault(row, name, "is not a number", number))
        elif value < lower:
            faults.append(sheet.fault(row, name, "is too small", f"at least {lower:g}{shown}"))
        elif value > upper:
            faults.append(sheet.fault(row, name, "is too large", f"at most {upper:g}{shown}"))
        else:
            values[row] = value
    return values


def _row_days(
    sheet: _Sheet, column: Column, days: Mapping[str, float] | None, faults: list[Fault]
) -> NDArray[Any]:
    """Length of the period of each row; a row without period has no month to convert with."""
    lengths = np.full(len(sheet.lines), np.nan)
    periods = sheet.cells.get("period", [""] * len(sheet.lines))
    for row, period in enumerate(periods):
        if days and period in days and days[period] > 0.0:
            lengths[row] = days[period]
        elif sheet.cells[column.name][row]:
            right = "a period of periods.csv in the row, or kg/d or t/a in the header"
            problem = f"is per month, but its period {period or '(empty)'} has no days"
            faults.append(sheet.fault(row, column.name, problem, right))
    return lengths


def _repeats(sheet: _Sheet, declared: Table) -> tuple[NDArray[np.bool], list[Fault]]:
    """Rows whose key an earlier row has."""
    repeated = np.zeros(len(sheet.lines), dtype=bool)
    faults: list[Fault] = []
    if any(
        c.name in declared.key and c.required for c in declared.columns if c.name not in sheet.cells
    ):
        return repeated, faults
    given = [sheet.cells.get(name, [""] * len(sheet.lines)) for name in declared.key]
    # a column without repeats is enough, and quicker than rows to look through
    if any(len(set(cells)) == len(repeated) for cells in given):
        return repeated, faults
    first: dict[tuple[str, ...], int] = {}
    for row, (line, key) in enumerate(
        zip(sheet.lines.tolist(), zip(*given, strict=True), strict=True)
    ):
        if not key[0]:
            continue
        before = first.setdefault(key, line)
        if line != before:
            repeated[row] = True
            shown, name = ", ".join(part for part in key if part), ", ".join(declared.key)
            problem = f"repeats the key of row {before}"
            right = "one row a key"
            faults.append(Fault(sheet.file, line, name, shown, problem, right))
    return repeated, faults
