"""Tables as functions receive them: completed from their declaration, with faults that name rows.

A table read from a file keeps the line of each row in an index named ``line``; a table made
in a notebook has any other index. Faults name the file and the line where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload.errors import DataError, Fault
from permitload.schema import TABLES, VARIABLES, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from permitload._tables import Column, Table

__all__ = ["LINE", "complete", "fault_at", "listed", "place", "title"]

LINE = "line"
"""Name of the index that holds line numbers of a file."""


def complete(table: pd.DataFrame | None, name: str) -> pd.DataFrame:
    """Copy a table with every declared column: text for labels, float for numbers.

    Parameters
    ----------
    table : DataFrame or None
        The rows, keys as columns or as index; None for no rows.
    name : str
        A key of :data:`permitload.schema.TABLES`.

    Returns
    -------
    DataFrame
        Declared columns in order; optional labels ``""``, optional numbers NaN.

    Raises
    ------
    DataError
        If a required column is missing or holds an empty cell, or a key is repeated.

    Examples
    --------
    >>> shares = pd.DataFrame({"share": [0.4]}, index=pd.Index(["R1"], name="reach"))
    >>> complete(shares, "shares")
      reach  share
    0    R1    0.4
    """
    declared = TABLES[name]
    if table is None:
        table = pd.DataFrame({column.name: [] for column in declared.columns})
    frame = table if set(declared.key) <= set(table.columns) else table.reset_index()
    lacking = [c.name for c in declared.columns if c.required and c.name not in frame.columns]
    if lacking:
        raise DataError(
            Fault(title(frame, name), None, column, None, "is missing", f"a column {column}")
            for column in lacking
        )
    columns = {column.name: _column(frame, column) for column in declared.columns}
    completed = pd.DataFrame(columns, index=frame.index)
    faults = _cell_faults(completed, declared)
    if faults:
        raise DataError(faults)
    return completed


def _cell_faults(table: pd.DataFrame, declared: Table) -> list[Fault]:
    """List required cells that are empty, and keys that repeat."""
    faults = []
    for column in declared.columns:
        values = table[column.name]
        empty = values == "" if VARIABLES[column.name].is_label else values.isna()
        if column.required:
            faults += [
                fault_at(table, declared.name, int(i), column.name, "is empty", "a value")
                for i in np.flatnonzero(empty)
            ]
    repeated = table.duplicated(subset=list(declared.key))
    faults += [
        fault_at(table, declared.name, int(i), declared.key[0], "is repeated", "one row a key")
        for i in np.flatnonzero(repeated)
    ]
    return faults


def _column(frame: pd.DataFrame, column: Column) -> pd.Series[str] | pd.Series[float]:
    """One declared column of a frame, its default where the frame has none."""
    variable = VARIABLES[column.name]
    given = frame[column.name] if column.name in frame.columns else None
    if variable.is_label:
        blank = "" if column.default is None else str(column.default)
        labels = text(pd.Series("", frame.index, dtype=object) if given is None else given)
        return labels.where(labels != "", blank)
    if variable.is_date:
        dates = pd.Series(pd.NaT, frame.index) if given is None else given
        return dates.astype("datetime64[s]")
    numbers = pd.Series(np.nan, frame.index) if given is None else given
    filled = numbers.astype(float)
    return filled if column.default is None else filled.fillna(float(column.default))


def title(table: pd.DataFrame, name: str) -> str:
    """Name of a table in messages: the file it came from, where there is one.

    Examples
    --------
    >>> title(pd.DataFrame(index=pd.Index([2], name="line")), "reaches")
    'reaches.csv'
    """
    return f"{name}.csv" if table.index.name == LINE else name


def place(table: pd.DataFrame, name: str, position: int) -> str:
    """Name of a row in messages: its line where there is one, and its key.

    Examples
    --------
    >>> place(pd.DataFrame({"reach": ["R1"]}, index=pd.Index([2], name="line")), "reaches", 0)
    '2 (R1)'
    """
    row = table.iloc[position]
    key = ", ".join(str(row[column]) for column in TABLES[name].key if row[column] != "")
    return f"{table.index[position]} ({key})" if table.index.name == LINE else key


def fault_at(
    table: pd.DataFrame, name: str, position: int, column: str, problem: str, expected: str
) -> Fault:
    """Fault of one cell of a completed table.

    Examples
    --------
    >>> print(fault_at(pd.DataFrame({"reach": ["R1"]}), "reaches", 0, "reach", "is odd", "R2"))
    reaches, row R1, reach: R1 is odd; right would be R2
    """
    shown = _shown(table[column].iloc[position], column)
    row = place(table, name, position)
    return Fault(title(table, name), row, column, shown, problem, expected)


def _shown(value: object, column: str) -> str | None:
    """Write a cell in a sentence: numbers with their unit, dates without time."""
    if value == "" or value is pd.NaT:
        return None
    if isinstance(value, float):
        unit = VARIABLES[column].unit
        number = f"{value:.6g}" if unit == "1" else f"{value:.6g} {unit}"
        return None if np.isnan(value) else number
    return str(value.date()) if isinstance(value, pd.Timestamp) else str(value)


def listed(labels: Iterable[object], most: int = 6) -> str:
    """Labels in a sentence, the first few where there are many.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    words = [str(label) for label in labels]
    rest = len(words) - most
    return ", ".join(words) if rest <= 0 else f"{', '.join(words[:most])} and {rest} more"
