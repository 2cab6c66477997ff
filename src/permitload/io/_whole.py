"""A table in which nothing is wrong, read in one go.

The parser of pandas is quick and forgiving. So a file is taken from it only where nothing is
suspect; any other is left to :mod:`permitload.io._csv`, which knows how to explain. To suspect
too much costs time alone.
"""

from __future__ import annotations

import csv
import unicodedata
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from permitload._frames import LINE, absent, as_text, keyed
from permitload.io._columns import CHOICES, FORMULA, head
from permitload.io._units import MONTH, convert, convert_back, per_month
from permitload.schema import VARIABLES, Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray

__all__ = ["whole"]

_BLANKS = "\t\v\f\x1c\x1d\x1e\x1f"
"""Blanks of ASCII within a line, beside the space."""


def whole(text: str, declared: Table, days: Mapping[str, float] | None) -> pd.DataFrame | None:
    r"""Read a table, or nothing if something in it may be wrong.

    Examples
    --------
    >>> from permitload.schema import TABLES
    >>> whole("reach,share\nR1,0.4\n", TABLES["shares"], None)["share"].to_dict()
    {2: 0.4}
    >>> whole("reach,share\nR1,O.4\n", TABLES["shares"], None) is None
    True
    """
    units = None if _odd(text) else _units(text.partition("\n")[0], declared)
    cells = None if units is None else _cells(text, list(units))
    if units is None or cells is None:
        return None
    count = len(cells[declared.key[0]])
    lengths = np.empty(0)
    if any(unit.endswith(MONTH) for unit in units.values()):
        lengths = np.array([(days or {}).get(label, np.nan) for label in cells["period"]])
    values: dict[str, Any] = {}
    for column in declared.columns:
        name = column.name
        if name not in cells:
            values[name] = absent(column, count)
        elif VARIABLES[name].is_label:
            values[name] = _labels(cells[name], column)
        else:
            values[name] = _numbers(cells[name], column, units[name], lengths)
        if values[name] is None:
            return None
    frame = pd.DataFrame(values, pd.Index(np.arange(2, count + 2), name=LINE))
    return frame if keyed(frame, declared.key) else None


def _units(line: str, declared: Table) -> dict[str, str] | None:
    """List the unit of each column in the order of the header; None if it is not as it should."""
    names = [head(cell.strip(), declared, set()) for cell in next(csv.reader([line]), [])]
    units = {name: unit for name, unit, _ in names if name}
    lacking = {column.name for column in declared.columns if column.required} - units.keys()
    at_fault = lacking or len(units) < len(names) or any(fault for _, _, fault in names)
    dated = any(VARIABLES[name].is_date for name in units)
    return None if at_fault or dated else units


def _odd(text: str) -> bool:
    """Whether the lines of a file may be other than its rows, or its quotes not around cells."""
    half = csv.field_size_limit() // 2
    if any(text.find(",", i, i + half) < 0 for i in range(0, len(text) - half, half)):
        return True  # a cell may be longer than is read elsewhere
    if "\r" in text and text.count("\r") != text.count("\r\n"):
        return True
    pieces = text.split('"')
    if len(pieces) == 1:
        return False
    before = {piece[-1:] for piece in pieces[2:-1:2]} | {pieces[0][-1:] or "\n"}
    after = {piece[:1] for piece in pieces[2:-1:2]} | {pieces[-1][:1] or "\n"}
    return len(pieces) % 2 == 0 or not before | after <= {",", "\n", "\r"}


def _cells(text: str, names: list[str]) -> dict[str, NDArray[Any]] | None:
    """Columns of a file: labels as text, numbers as float, NaN where empty."""
    labels = {name: VARIABLES[name].is_label for name in names}
    try:
        frame = pd.read_csv(
            BytesIO(text.encode()),
            header=0,
            names=names,
            dtype={name: object if label else float for name, label in labels.items()},
            keep_default_na=False,
            low_memory=False,
            na_values={name: [""] for name, label in labels.items() if not label},
        )
    except (ValueError, OverflowError):
        return None
    # rows that the parser leaves out, breaks or joins
    regular = len(frame) == text.count("\n") - text.endswith("\n")
    # labels of its own are cells beyond the header
    if not regular or not isinstance(frame.index, pd.RangeIndex):
        return None
    cells = {name: frame[name].to_numpy() for name in names}
    numbers = [cells[name] for name, label in labels.items() if not label]
    # a column of nothing but true and false is read as 1 and 0
    if any(((v == 0.0) | (v == 1.0) | np.isnan(v)).all() for v in numbers):
        lower = text.lower()
        return None if "true" in lower or "false" in lower else cells
    return cells


def _labels(cells: NDArray[Any], column: Column) -> ExtensionArray | None:
    """Labels as text, the default where one is empty; None if one may be wrong."""
    text = "\n".join(["", *cells, ""])
    # one letter is found much faster than two, and most columns hold none of those looked for
    inside = text.isascii() and not any(blank in text for blank in _BLANKS)
    if not inside or (" " in text and ("\n " in text or " \n" in text)):
        cells = np.array([cell.strip() for cell in cells], dtype=object)
        text = unicodedata.normalize("NFKC", "\n".join(["", *cells, ""]))
    formula = any(sign in text and f"\n{sign}" in text for sign in FORMULA)
    choices = CHOICES.get(column.name)
    known = choices is None or set(cells) <= {"", *choices}
    if formula or not known or (column.required and "\n\n" in text):
        return None
    return as_text(np.where(cells == "", column.default, cells) if column.default else cells)


def _numbers(
    values: NDArray[np.float64], column: Column, unit: str, lengths: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Numbers in the canonical unit, the default where one is empty; None if one may be wrong."""
    name, variable = column.name, VARIABLES[column.name]
    lower, upper = (convert_back(end, unit, name) for end in (variable.lower, variable.upper))
    empty = np.isnan(values)
    sound = (values >= lower) & (values <= upper) & np.isfinite(values)
    if not (sound | empty & (not column.required)).all():
        return None
    if unit.endswith(MONTH):
        if not (empty | (lengths > 0.0)).all():
            return None
        values = per_month(values, unit, name, lengths)
    else:
        values = convert(values, unit, name)
    return values if column.default is None else np.where(empty, float(column.default), values)
