"""Tables from CSV, read as text: every fault names file, row, column and value.

Cell by cell, and so at leisure: a file that nothing is wrong with is read by
:mod:`permitload.io._whole`.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from permitload._frames import LINE, absent, as_text
from permitload.errors import Fault
from permitload.io._columns import CHOICES, FORMULA, head
from permitload.io._units import MONTH, convert, convert_back, per_month
from permitload.io._whole import whole
from permitload.schema import TABLES, VARIABLES, Column, Table, header

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray

__all__ = ["LARGEST_FILE", "explained", "scan"]

LARGEST_FILE = 200_000_000
"""Bytes beyond which a file is not opened."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NO_FORMULA = "text that does not start with = + - @"
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Cells of a file as text: one list a column, and the line of each row."""

    file: str
    lines: list[int]
    cells: dict[str, list[str]]
    units: dict[str, str]

    def fault(self, row: int, column: str, problem: str, expected: str) -> Fault:
        """Fault of one cell; the value as it stands in the file."""
        value = self.cells[column][row] or None
        return Fault(self.file, self.lines[row], column, value, problem, expected)


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
    text, faults = _text(path)
    if faults:
        return _columns(_Sheet(path.name, [], {}, {}), declared, days)[0], faults
    frame = whole(text, declared, days)
    return explained(text, path.name, declared, days) if frame is None else (frame, [])


def explained(
    text: str, file: str, declared: Table, days: Mapping[str, float] | None
) -> tuple[pd.DataFrame, list[Fault]]:
    r"""Read the text of a table cell by cell, and say what is wrong with it.

    Examples
    --------
    >>> print(explained("reach,share\nR1,O.4\n", "shares.csv", TABLES["shares"], None)[1][0])
    shares.csv, row 2, share: O.4 is not a number; right would be a number
    """
    records, faults = _records(file, text)
    if faults:
        return _columns(_Sheet(file, [], {}, {}), declared, days)[0], faults
    sheet = _sheet(file, records, declared, faults)
    frame, cell_faults = _columns(sheet, declared, days)
    repeated, repeats = _repeats(sheet, declared)
    in_order = sorted([*cell_faults, *repeats], key=lambda fault: int(str(fault.row)))
    return frame[~repeated], faults + in_order


def _text(path: Path) -> tuple[str, list[Fault]]:
    """Text of a file that is safe to read."""

    def fault(problem: str, expected: str) -> tuple[str, list[Fault]]:
        """No text, and the fault of the whole file."""
        return "", [Fault(path.name, None, "file", None, problem, expected)]

    if path.is_symlink():
        return fault("is a symbolic link", "a file")
    if not path.is_file():
        return fault("is missing", "a CSV file")
    if path.stat().st_size > LARGEST_FILE:
        return fault(f"exceeds {LARGEST_FILE} bytes", "a smaller file")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return fault(f"is not UTF-8 at byte {error.start}", "a file saved as CSV UTF-8")
    return fault("holds a null character", "a text file") if "\0" in text else (text, [])


def _records(file: str, text: str) -> tuple[list[tuple[int, list[str]]], list[Fault]]:
    """Rows of a file with their line numbers, blank ones left out."""

    def fault(problem: str, expected: str) -> tuple[list[Any], list[Fault]]:
        """No rows, and the fault of the whole file."""
        return [], [Fault(file, None, "file", None, problem, expected)]

    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        # line_num is the last line of a record; a record may span lines inside quotes
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        return fault(f"is not CSV at line {reader.line_num} ({error})", "quotes that close")
    rows = [row for row in rows if any(row[1])]
    if not rows:
        return fault("is empty", "a header line")
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(rows[0][1]) == 1 and mark in rows[0][1][0]:
            return fault(f"is separated by {name}", "commas")
    return rows, []


def _sheet(
    file: str, records: list[tuple[int, list[str]]], declared: Table, faults: list[Fault]
) -> _Sheet:
    """Split records into named columns; faults of the header and of ragged rows."""
    line, headers = records[0]
    names: list[str | None] = []
    units = {}
    for text in headers:
        name, unit, fault = head(text, declared, set(names))
        names.append(name)
        if name:
            units[name] = unit
        if fault:
            place, value = (name, _bracket(text)) if name else ("header", text or None)
            faults.append(Fault(file, line, place, value, *fault))
    for column in declared.columns:
        if column.required and column.name not in names:
            right = f"a column {header(column.name)}"
            faults.append(Fault(file, line, column.name, None, "is missing", right))
    rows = []
    for line, cells in records[1:]:
        if any(cells[len(headers) :]):
            problem = f"are {len(cells)} in the row, {len(headers)} in the header"
            faults.append(Fault(file, line, "cells", None, problem, f"{len(headers)} cells"))
        rows.append((line, cells + [""] * (len(headers) - len(cells))))
    cells_of = {name: [cells[i] for _, cells in rows] for i, name in enumerate(names) if name}
    return _Sheet(file, [line for line, _ in rows], cells_of, units)


def _bracket(text: str) -> str | None:
    """Quote the unit of a header as it stands there."""
    return text[text.index("[") :] if "[" in text else None


def _columns(
    sheet: _Sheet, declared: Table, days: Mapping[str, float] | None
) -> tuple[pd.DataFrame, list[Fault]]:
    """Convert every declared column; absent ones hold their defaults."""
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for column in declared.columns:
        variable = VARIABLES[column.name]
        if column.name not in sheet.cells:
            values[column.name] = absent(column, len(sheet.lines))
        elif variable.is_label:
            values[column.name] = _labels(sheet, column, faults)
        elif variable.is_date:
            values[column.name] = _dates(sheet, column, faults)
        elif sheet.units[column.name] == "":
            values[column.name] = np.full(len(sheet.lines), np.nan)
        else:
            values[column.name] = _numbers(sheet, column, days, faults)
    return pd.DataFrame(values, pd.Index(sheet.lines, name=LINE, dtype=np.int64)), faults


def _labels(sheet: _Sheet, column: Column, faults: list[Fault]) -> ExtensionArray:
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
        elif unicodedata.normalize("NFKC", cell)[:1] in FORMULA:
            faults.append(sheet.fault(row, name, "starts like a formula", _NO_FORMULA))
            cells[row] = ""
        if cell == "":
            cells[row] = str(column.default or "")
    return as_text(cells)


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
    name, unit = column.name, sheet.units[column.name]
    lower = convert_back(VARIABLES[name].lower, unit, name)
    upper = convert_back(VARIABLES[name].upper, unit, name)
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
    if unit.endswith(MONTH):
        values = per_month(values, unit, name, _row_days(sheet, column, days, faults))
    else:
        values = convert(values, unit, name)
    if column.default is not None:
        empty = np.array([cell == "" for cell in sheet.cells[name]], dtype=bool)
        values = np.where(empty, float(column.default), values)
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
    first: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(zip(*given, strict=True)):
        if not key[0]:
            continue
        line = first.setdefault(key, sheet.lines[row])
        if line != sheet.lines[row]:
            repeated[row] = True
            shown, name = ", ".join(part for part in key if part), ", ".join(declared.key)
            problem = f"repeats the key of row {line}"
            right = "one row a key"
            faults.append(Fault(sheet.file, sheet.lines[row], name, shown, problem, right))
    return repeated, faults
