"""One published file against the same file made again: every difference a fault."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload import io
from permitload.errors import DataError, Fault

_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]*")
_MOST = 100
"""Differences that are listed of one array, or of one page."""
_AROUND = 30
"""Letters shown on either side of a difference in a line."""
_AGAIN = "what a run writes"


def file(name: str, found: Path, again: Path, key: Sequence[str], drawn: bool) -> list[Fault]:
    """Compare a file with the one made again: tables by row, Datasets by value, pages by line.

    ``key`` names a row of a table; pictures count only if they were ``drawn`` on equal terms.
    """
    size, expected = found.stat().st_size, again.stat().st_size
    if size > 4 * expected + 1_000_000:
        return [Fault(name, None, "file", f"{size} bytes", "differs", f"{expected} bytes")]
    if found.read_bytes() == again.read_bytes():
        return []
    if again.suffix == ".csv":
        return _table(name, found, again, key)
    if again.suffix == ".nc":
        return _stored(name, found, again) or _dataset(name, found, io.read_dataset(again))
    if again.suffix == ".html":
        return _page(name, found, again, drawn)
    right = "the same picture, drawn again"
    return [Fault(name, None, "picture", None, "differs", right)] if drawn else []


def _table(name: str, found: Path, again: Path, key: Sequence[str]) -> list[Fault]:
    """Rows, columns and cells of a CSV file, compared as text."""
    right = _cells(again)
    try:
        ours = _cells(found)
    except (csv.Error, UnicodeDecodeError):
        return [Fault(name, None, "file", None, "cannot be read", _AGAIN)]
    head, expected = (rows[0] if rows else [] for rows in (ours, right))
    faults = [
        Fault(name, None, column, None, "is missing", "a column") for column in expected
        if column not in head
    ]  # fmt: skip
    faults += [
        Fault(name, None, column, None, "is there twice" if column in head[:i] else "is added",
              "no such column")
        for i, column in enumerate(head)
        if column not in expected or column in head[:i]
    ]  # fmt: skip
    if not set(key) <= set(head):
        return faults
    mine = dict(_keyed(ours, key, name, faults))
    theirs = dict(_keyed(right, key, name, faults))
    for label, row in theirs.items():
        if label not in mine:
            faults.append(Fault(name, label, "row", None, "is missing", _row(row)))
            continue
        faults += [
            Fault(name, label, column, mine[label][column] or None,
                  "differs" if mine[label][column] else "is empty", cell or "nothing")
            for column, cell in row.items()
            if column in head and mine[label][column] != cell
        ]  # fmt: skip
    faults += [
        Fault(name, label, "row", None, "is added", "no such row") for label in mine
        if label not in theirs
    ]  # fmt: skip
    problem = "stands in another order" if list(mine) != list(theirs) else "is written differently"
    return faults or [Fault(name, None, "file", None, problem, _AGAIN)]


def _cells(path: Path) -> list[list[str]]:
    return list(csv.reader(StringIO(path.read_bytes().decode("utf8"), newline=""), strict=True))


def _keyed(
    rows: list[list[str]], key: Sequence[str], name: str, faults: list[Fault]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a table by their key; what is no row, or there twice, is a fault."""
    head, seen = rows[0], set()
    for line, cells in enumerate(rows[1:], start=2):
        if len(cells) != len(head):
            problem = f"has {len(cells)} cells"
            faults.append(Fault(name, f"line {line}", "row", None, problem, f"{len(head)} cells"))
            continue
        row = dict(zip(head, cells, strict=True))
        label = ", ".join(row[column] for column in key)
        if label in seen:
            faults.append(Fault(name, label, "row", None, "is there twice", "one row"))
            continue
        seen.add(label)
        yield label, row


def _row(row: dict[str, str]) -> str:
    return ", ".join(f"{column} {cell}" for column, cell in row.items() if cell)


def _stored(name: str, found: Path, again: Path) -> list[Fault]:
    """Find groups, links and strange sizes before a value is read or a link followed."""
    right = _members(again)
    try:
        ours = _members(found)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError):
        return [Fault(name, None, "file", None, "cannot be read", _AGAIN)]
    faults = []
    for member, shape in ours.items():
        if shape is None:
            faults.append(Fault(name, None, member, None, "is a group or a link", "a variable"))
        elif member not in right:
            faults.append(Fault(name, None, member, None, "is added", "no such variable"))
        elif shape != right[member]:
            faults.append(_said(name, member, shape, right[member]))
    return faults


def _members(path: Path) -> dict[str, tuple[int, ...] | None]:
    """Shape of each variable that a file itself holds; None for a group or a link."""
    import h5py

    with h5py.File(path, "r") as stored:
        return {
            name: stored[name].shape
            if stored.get(name, getlink=True, getclass=True) is h5py.HardLink
            and stored.get(name, getclass=True) is h5py.Dataset
            else None
            for name in stored
        }


def _dataset(name: str, path: Path, right: xr.Dataset) -> list[Fault]:
    """Variables, coordinates, attributes and values of a NetCDF file; NaN equals NaN."""
    try:
        found = io.read_dataset(path)
    except DataError as error:
        return [Fault(name, f.row, f.column, f.value, f.problem, f.expected) for f in error.faults]
    ours, theirs = set(map(str, found.variables)), set(map(str, right.variables))
    faults = [
        Fault(name, None, variable, None, "is missing", "a variable")
        for variable in sorted(theirs - ours)
    ]
    faults += [
        Fault(name, None, variable, None, "is added", "no such variable")
        for variable in sorted(ours - theirs)
    ]
    if _attributes(found.attrs) != _attributes(right.attrs):
        faults.append(_said(name, "attributes", found.attrs, right.attrs))
    for variable in sorted(ours & theirs):
        faults += _variable(name, found[variable], right[variable])
        if (variable in found.coords) != (variable in right.coords):
            faults.append(Fault(name, None, variable, None, "differs", "a coordinate, or none"))
    return faults


def _said(name: str, column: str, found: object, right: object) -> Fault:
    return Fault(name, None, column, str(found), "differs", str(right))


def _attributes(attributes: dict[Any, Any]) -> dict[str, object]:
    """Attributes as plain numbers and text."""
    return {str(key): np.asarray(value).tolist() for key, value in attributes.items()}


def _variable(name: str, found: xr.DataArray, right: xr.DataArray) -> list[Fault]:
    """Shape, type, attributes and values of one variable."""
    column = str(right.name)
    if found.dims != right.dims or found.shape != right.shape:
        return [_said(name, column, dict(found.sizes), dict(right.sizes))]
    # texts may be stored wider than they are
    kinds = {found.dtype.kind, right.dtype.kind}
    if found.dtype != right.dtype and kinds != {"U"}:
        return [_said(name, column, found.dtype, right.dtype)]
    faults = []
    if _attributes(found.attrs) != _attributes(right.attrs):
        faults.append(_said(name, column, found.attrs, right.attrs))
    differing = np.argwhere(_differing(found.values, right.values))
    for place in differing[:_MOST]:
        at = tuple(int(k) for k in place)
        labels = (
            str(right[dim].values[k]) if dim in right.coords else f"{dim} {k}"
            for dim, k in zip(right.dims, at, strict=True)
        )
        faults.append(
            Fault(name, ", ".join(labels) or None, column, str(found.values[at]), "differs",
                  str(right.values[at]))
        )  # fmt: skip
    if len(differing) > _MOST:
        more = f"and {len(differing) - _MOST} more values differ"
        faults.append(Fault(name, None, column, None, more, _AGAIN))
    return faults


def _differing(found: NDArray[Any], right: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two arrays of one type differ; what is missing in both does not."""
    differs = np.asarray(found != right, dtype=bool)
    if right.dtype.kind in "fM":
        lost = np.isnat if right.dtype.kind == "M" else np.isnan
        differs &= ~(lost(found) & lost(right))
    return differs


def _page(name: str, found: Path, again: Path, drawn: bool) -> list[Fault]:
    """Lines of a page; its pictures only where they are drawn alike."""
    try:
        pages = [path.read_bytes().decode("utf8") for path in (found, again)]
    except UnicodeDecodeError:
        return [Fault(name, None, "file", None, "cannot be read", _AGAIN)]
    if not drawn:
        pages = [_PICTURE.sub("", page) for page in pages]
    ours, theirs = (page.split("\n") for page in pages)
    faults = [
        _line(name, number, line, right)
        for number, (line, right) in enumerate(zip(ours, theirs, strict=False), start=1)
        if line != right
    ]
    if len(faults) > _MOST:
        more = f"and {len(faults) - _MOST} more lines differ"
        faults = [*faults[:_MOST], Fault(name, None, "line", None, more, _AGAIN)]
    if len(ours) != len(theirs):
        right = f"{len(theirs)} lines"
        faults.append(Fault(name, None, "file", f"{len(ours)} lines", "differs", right))
    return faults


def _line(name: str, number: int, line: str, right: str) -> Fault:
    """Show the place of a line where it differs."""
    if _PICTURE.sub("", line) == _PICTURE.sub("", right):
        alike = "the same picture, drawn again"
        return Fault(name, number, "picture", None, "differs", alike)
    pairs = enumerate(zip(line, right, strict=False))
    first = next((i for i, (a, b) in pairs if a != b), min(len(line), len(right)))
    part = slice(max(first - _AROUND, 0), first + _AROUND)
    return Fault(name, number, "line", line[part], "differs", right[part] or "nothing")
