"""Cells of a CSV file as text, a column at a time; what is wrong with the file as a whole.

A regular file is split at its marks in one go; any other is read by :mod:`csv`, row by row.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from permitload.errors import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["LARGEST_FILE", "Grid", "read"]

LARGEST_FILE = 200_000_000
"""Bytes beyond which a file is not opened."""

_BLANKS = "\t\v\f\x1c\x1d\x1e\x1f"
"""Blanks of ASCII beside the space."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of a file, stripped: one list a column, and the line of the header and of each row."""

    line: int
    headers: list[str]
    lines: NDArray[np.int64]
    columns: list[list[str]]
    too_long: list[tuple[int, int]]
    """Line and number of cells of every row with cells beyond the header."""


def read(path: Path) -> Grid | Fault:
    """Read a file, blank rows left out; or say what is wrong with it as a whole.

    Examples
    --------
    >>> from pathlib import Path
    >>> read(Path("none.csv")).problem
    'is missing'
    """
    text = _text(path)
    if isinstance(text, Fault):
        return text
    return _split(text) or _parsed(text, path.name)


def _text(path: Path) -> str | Fault:
    """Text of a file that is safe to read."""

    def fault(problem: str, expected: str) -> Fault:
        return Fault(path.name, None, "file", None, problem, expected)

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
    return fault("holds a null character", "a text file") if "\0" in text else text


def _split(text: str) -> Grid | None:
    """Split a file whose rows are its lines, each as long as the header; None for any other."""
    plain = _unquoted(text.replace("\r\n", "\n").removesuffix("\n"))
    if plain is None or "\r" in plain or _long(plain):
        return None
    first, *_ = plain.split("\n", 1)
    width, rows = first.count(",") + 1, plain.count("\n")
    # line ends become cells of their own: every row is regular if each is where one must be
    cells = plain.replace("\n", ",\n,").split(",")
    ends = cells[width :: width + 1]
    if width == 1 or len(cells) != width + rows * (width + 1) or ends.count("\n") != rows:
        return None
    columns = [cells[i :: width + 1] for i in range(width)]
    if "\0" in plain:
        columns = [_with_commas(column) for column in columns]
    if _padded(plain):
        columns = [list(map(str.strip, column)) for column in columns]
    if "" in columns[0] and not all(map(any, zip(*columns, strict=True))):
        return None
    headers = [column[0] for column in columns]
    lines = np.arange(2, rows + 2)
    return Grid(1, headers, lines, [column[1:] for column in columns], [])


def _unquoted(text: str) -> str | None:
    """Text without the quotes around its cells, null for a comma inside; None if quotes are odd."""
    pieces = text.split('"')
    outside, inside = pieces[::2], pieces[1::2]
    if not inside:
        return text
    before = {piece[-1:] for piece in outside[1:-1]} | {outside[0][-1:] or "\n"}
    after = {piece[:1] for piece in outside[1:-1]} | {outside[-1][:1] or "\n"}
    closed = len(outside) == len(inside) + 1 and before | after <= {",", "\n"}
    if not closed or "\n" in "".join(inside):
        return None
    pieces[1::2] = [piece.replace(",", "\0") for piece in inside]
    return "".join(pieces)


def _with_commas(cells: list[str]) -> list[str]:
    """Put back the commas that :func:`_unquoted` hid."""
    hidden = "\0" in "".join(cells)
    return [cell.replace("\0", ",") for cell in cells] if hidden else cells


def _padded(text: str) -> bool:
    """Whether some cell may begin or end with a blank."""
    if not text.isascii() or any(blank in text for blank in _BLANKS):
        return True
    framed = f"\n{text}\n" if " " in text else ""
    return any(mark in framed for mark in (" ,", ", ", " \n", "\n "))


def _long(text: str) -> bool:
    """Whether some cell may be longer than :mod:`csv` reads."""
    half = csv.field_size_limit() // 2
    return any(text.find(",", i, i + half) < 0 for i in range(0, len(text) - half, half))


def _parsed(text: str, file: str) -> Grid | Fault:
    """Read any file, row by row."""

    def fault(problem: str, expected: str) -> Fault:
        return Fault(file, None, "file", None, problem, expected)

    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        # line_num is the last line of a record; a record may span lines inside quotes
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        return fault(f"is not CSV at line {reader.line_num} ({error})", "quotes that close")
    rows = [row for row in rows if any(row[1])]
    if not rows:
        return fault("is empty", "a header line")
    line, headers = rows.pop(0)
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(headers) == 1 and mark in headers[0]:
            return fault(f"is separated by {name}", "commas")
    width = len(headers)
    columns = [[cells[i] if i < len(cells) else "" for _, cells in rows] for i in range(width)]
    too_long = [(number, len(cells)) for number, cells in rows if any(cells[width:])]
    lines = np.array([number for number, _ in rows], dtype=np.int64)
    return Grid(line, headers, lines, columns, too_long)
