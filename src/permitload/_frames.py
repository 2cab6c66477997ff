"""Tables as functions receive them: completed from their declaration, with faults that name rows.

A table read from a file keeps the line of each row in an index named ``line``; a table made
in a notebook has any other index. Faults name the file and the line where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import TABLES, VARIABLES, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray

    from permitload._tables import Column, Table
    from permitload._variables import Variable

__all__ = [
    "LINE", "absent", "as_text", "complete", "fault_at", "faults_of", "keyed", "lacking",
    "listed", "place", "positions", "scan", "title", "whole",
]  # fmt: skip

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
        With every fault that :func:`scan` finds.

    Examples
    --------
    >>> shares = pd.DataFrame({"share": [0.4]}, index=pd.Index(["R1"], name="reach"))
    >>> complete(shares, "shares")
      reach  share
    0    R1    0.4
    """
    filled, faults = scan(table, name)
    raise_faults(faults)
    return filled


def whole(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """All declared tables, empty ones where there is none.

    Examples
    --------
    >>> found = whole({"shares": pd.DataFrame({"reach": ["R1"], "share": [0.4]})})
    >>> len(found) == len(TABLES), len(found["shares"]), len(found["nodes"])
    (True, 1, 0)
    """
    return {name: tables[name] if name in tables else complete(None, name) for name in TABLES}


def scan(table: pd.DataFrame | None, name: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Complete a table as :func:`complete` does, and list what is wrong with it.

    Parameters
    ----------
    table : DataFrame or None
        The rows, keys as columns or as index; None for no rows.
    name : str
        A key of :data:`permitload.schema.TABLES`.

    Returns
    -------
    DataFrame
        As :func:`complete` gives it; what cannot be read is left empty.
    list of Fault
        Required columns that are missing; cells that are empty, not what they should be, or
        out of bounds; keys that repeat.

    Examples
    --------
    >>> _, faults = scan(pd.DataFrame({"reach": ["R1"], "share": [2.0]}), "shares")
    >>> print(faults[0])
    shares, row R1, share: 2.0 is not valid; right would be a number from 0 to 1
    """
    declared = TABLES[name]
    if table is None:
        return pd.DataFrame({c.name: absent(c, 0) for c in declared.columns}), []
    indexed = set(declared.key).difference(table.columns).intersection(table.index.names)
    frame = table.reset_index() if indexed else table
    columns = {column.name: _column(frame, column) for column in declared.columns}
    filled = pd.DataFrame(columns, index=frame.index)
    faults: list[Fault] = []
    for column in declared.columns:
        if column.name in frame.columns:
            faults += _cell_faults(filled, name, column, frame[column.name])
        elif column.required:
            right = f"a column {column.name}"
            faults.append(Fault(title(frame, name), None, column.name, None, "is missing", right))
    return filled, faults + _repeats(filled, declared)


def _column(frame: pd.DataFrame, column: Column) -> pd.Series[Any] | NDArray[Any]:
    """One declared column of a frame, its default where the frame has none."""
    variable = VARIABLES[column.name]
    if column.name not in frame.columns:
        return absent(column, len(frame))
    cells = frame[column.name]
    if variable.is_label:
        labels = text(cells)
        return labels if column.default is None else labels.mask(labels == "", str(column.default))
    if variable.is_date:
        dates = pd.to_datetime(text(cells), format="ISO8601", errors="coerce")
        return dates.astype("datetime64[s]")
    numbers = cells
    if cells.dtype != float:
        numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    return numbers if column.default is None else numbers.mask(_empty(cells), float(column.default))


def absent(column: Column, count: int) -> NDArray[Any] | ExtensionArray:
    """Cells of a column that a table does not have: its default, or nothing.

    Examples
    --------
    >>> absent(TABLES["outlets"].columns[-3], 2).tolist()
    [0.0, 0.0]
    """
    variable = VARIABLES[column.name]
    if variable.is_label:
        return as_text([str(column.default or "")] * count)
    if variable.is_date:
        return np.full(count, "NaT", dtype="datetime64[s]")
    return np.full(count, np.nan if column.default is None else float(column.default))


def as_text(labels: Sequence[str] | NDArray[Any]) -> ExtensionArray:
    """Labels, all of them text, as a column.

    Examples
    --------
    >>> as_text(["R1", ""]).dtype == "str"
    True
    """
    return pd.array(np.asarray(labels, dtype=object), dtype="str")


def _empty(cells: pd.Series[Any]) -> NDArray[np.bool_]:
    """Whether each cell holds nothing."""
    lost: NDArray[np.bool_] = cells.isna().to_numpy()
    return lost if is_numeric_dtype(cells) else lost | (cells.to_numpy(dtype=object) == "")


def _cell_faults(
    table: pd.DataFrame, name: str, column: Column, cells: pd.Series[Any]
) -> list[Fault]:
    """Cells, as they are written, that hold nothing, something unreadable, or too much."""
    variable, values = VARIABLES[column.name], table[column.name].to_numpy()
    if variable.is_label and not column.required:
        return []
    empty = (values == "") if variable.is_label else _empty(cells)
    bad = empty & column.required
    if not variable.is_label:
        bad |= pd.isna(values) & ~empty
    if values.dtype == float:
        bad |= (values < variable.lower) | (values > variable.upper) | np.isinf(values)
    file, right = title(table, name), _right(variable)
    faults = []
    for i in np.flatnonzero(bad):
        row = place(table, name, int(i))
        value, problem = (None, "is empty") if empty[i] else (cells.iloc[i], "is not valid")
        faults.append(Fault(file, row, column.name, value, problem, right))
    return faults


def _right(variable: Variable) -> str:
    """Say what a cell of a variable should hold."""
    if variable.is_label:
        return "a label"
    if variable.is_date:
        return "a date such as 2025-01-31"
    unit = "" if variable.unit == "1" else f" {variable.unit}"
    if np.isfinite(variable.upper):
        return f"a number from {variable.lower:g} to {variable.upper:g}{unit}"
    least = f" ≥ {variable.lower:g}" if np.isfinite(variable.lower) else ""
    return f"a finite number{least}{unit}"


def _repeats(table: pd.DataFrame, declared: Table) -> list[Fault]:
    """Rows whose key an earlier row has; where a part of it is missing, that is the fault."""
    key = list(declared.key)
    if keyed(table, key):
        return []
    whole = [c.name for c in declared.columns if c.name in key and c.required]
    repeated = table.duplicated(key) & (table[whole] != "").all(axis=1)
    file, problem, right = title(table, declared.name), "is repeated", "one row a key"
    return [
        Fault(file, place(table, declared.name, int(i)), key[0], None, problem, right)
        for i in np.flatnonzero(repeated)
    ]


def keyed(table: pd.DataFrame, key: Sequence[str]) -> bool:
    """Whether no two rows have the same key.

    Examples
    --------
    >>> keyed(pd.DataFrame({"reach": ["R1", "R1"], "period": ["wet", "dry"]}), ["reach", "period"])
    True
    """
    labels = [table[name].tolist() for name in key]
    # one column without repeats is enough, and quicker to look through than rows
    counts = (len(set(cells)) for cells in (*labels, zip(*labels, strict=True)))
    return any(count == len(table) for count in counts)


def positions(labels: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.intp]:
    """Place of each wanted label among unique ones, -1 where it is not there.

    Examples
    --------
    >>> positions(np.array(["R1", "R2"]), np.array(["R2", "R2", "R3"])).tolist()
    [1, 1, -1]
    """
    # tables of one study mostly name things in one order
    if labels.shape == wanted.shape and bool((labels == wanted).all()):
        return np.arange(labels.size)
    place: NDArray[np.intp] = pd.Index(labels).get_indexer(pd.Index(wanted))
    return place


def title(table: pd.DataFrame, name: str) -> str:
    """Name of a table in messages: the file it came from, where there is one.

    Examples
    --------
    >>> title(pd.DataFrame(index=pd.Index([2], name="line")), "reaches")
    'reaches.csv'
    """
    return f"{name}.csv" if table.index.name == LINE else name


def place(table: pd.DataFrame, name: str, position: int) -> str:
    """Name of a row in messages: its line where there is one, and its key; else its number.

    Examples
    --------
    >>> place(pd.DataFrame({"reach": ["R1"]}, index=pd.Index([2], name="line")), "reaches", 0)
    '2 (R1)'
    """
    cells = (_shown(table[column].iloc[position], column) for column in TABLES[name].key)
    key = ", ".join(cell for cell in cells if cell)
    if table.index.name != LINE:
        return key or str(position + 1)
    line = str(table.index[position])
    return f"{line} ({key})" if key else line


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


def faults_of(error: DataError, name: str) -> list[Fault]:
    """List the faults of an error; where it has none, its sentence as a fault of a table.

    Examples
    --------
    >>> print(*faults_of(DataError("a mass is 0; right would be masses > 0 t/a"), "books"))
    books, rows: cannot be judged: a mass is 0; right would be masses > 0 t/a
    """
    words, _, right = str(error).partition("; right would be ")
    return list(error.faults) or [
        Fault(name, None, "rows", None, f"cannot be judged: {words}", right or "rows that fit")
    ]


def _shown(value: object, column: str) -> str | None:
    """Write a cell in a sentence: numbers with their unit, dates without time."""
    if value == "" or value is pd.NaT:
        return None
    if isinstance(value, float):
        unit = VARIABLES[column].unit
        number = f"{value:.6g}" if unit == "1" else f"{value:.6g} {unit}"
        return None if np.isnan(value) else number
    return str(value.date()) if isinstance(value, pd.Timestamp) else str(value)


def lacking(table: pd.DataFrame, name: str, columns: Iterable[str]) -> list[Fault]:
    """List the columns that a table does not have.

    Examples
    --------
    >>> print(*lacking(pd.DataFrame({"source": ["P1"]}), "loads", ["source", "permit"]))
    loads, permit: is missing; right would be a column permit
    """
    return [
        Fault(name, None, column, None, "is missing", f"a column {column}")
        for column in columns
        if column not in table
    ]


def listed(labels: Iterable[object], most: int = 6) -> str:
    """Labels in a sentence, the first few where there are many.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    names = list(labels)
    words, rest = [str(label) for label in names[: most + 1]], len(names) - most
    return ", ".join(words) if rest <= 0 else f"{', '.join(words[:most])} and {rest} more"
