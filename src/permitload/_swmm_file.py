"""Reads a SWMM 5 input file into rows by section, with the faults of each line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path

from permitload.errors import Fault, NetworkError, raise_faults

MOST_BYTES = 100_000_000
"""Largest file that is read."""

# A section is known by the start of its name, in any case, as SWMM knows it.
NODES = {"JUNC": 2, "OUTFALL": 6, "DIVIDER": 2, "STORAGE": 10}
"""Sections of nodes."""
STRUCTURES = {"PUMP": "pump", "ORIFICE": "gate", "WEIR": "weir"}
"""Sections of structures, and the structure_type of each."""
_REST = {
    "OPTION": 2,
    "CONDUIT": 7,
    "XSECT": 6,
    "OUTLET": 3,
    "COORD": 3,
    "CURVE": 3,
    "MAP": 2,
    "LOSS": 5,
    "TAG": 3,
    "TRANSECT": 2,
    "TIMESERIES": 3,
    "INFLOW": 8,
    "DWF": 3,
    "RDII": 3,
    "SUBCATCH": 3,
}
_WIDTH = {**NODES, **dict.fromkeys(STRUCTURES, 10), **_REST}
"""Section → items that each of its rows needs; missing ones are read as empty."""

_TOKEN = re.compile(r'"([^"]*)"?|(\S+)')
METRIC = {"CMS": 1.0, "LPS": 1e-3, "MLD": 1.0 / 86.4}
"""Flow units that are read, in m3/s."""

Row = tuple[int, list[str]]
"""Line number and items."""


@dataclass(frozen=True, slots=True)
class Model:
    """What one file says: rows by section, and what is wrong with them."""

    name: str
    rows: dict[str, list[Row]]
    faults: list[Fault] = field(default_factory=list)

    def wrong(self, row: Row, column: str, value: object, problem: str, right: str) -> None:
        """Note a fault of one row."""
        line, items = row
        place = f"{line} ({items[0]})"
        self.faults.append(Fault(self.name, place, column, value or None, problem, right))

    def number(self, row: Row, item: int, column: str) -> float:
        """One item as a number; NaN, with a fault, if it is none."""
        try:
            value = float(row[1][item])
        except ValueError:
            value = nan
        if not isfinite(value):
            self.wrong(row, column, row[1][item], "is not a number", "a finite number")
            return nan
        return value

    def level(self, cell: tuple[Row, int], invert: float) -> float:
        """Level of an offset above a node's invert, or of an elevation [m]."""
        row, item = cell
        elevations = self.option("OPTION", "LINK_OFFSETS", "DEPTH") == "ELEVATION"
        if elevations and row[1][item] == "*":
            return invert
        offset = self.number(row, item, "offset")
        height = offset - invert if elevations else offset
        if height < -1e-3:
            right = f"at least {invert if elevations else 0.0:g} m, the invert of the node"
            self.wrong(row, "offset", row[1][item], "m is below the node", right)
        return offset if elevations else invert + offset

    def option(self, section: str, name: str, default: str) -> str:
        """Value of an option, in capitals."""
        found = [row[1][1] for row in self.rows[section] if row[1][0].upper() == name]
        return found[-1].upper() if found else default


def parse(path: Path) -> Model:
    """Rows of the sections that matter, without comments and quotes."""
    right = f"a text file of at most {MOST_BYTES // 10**6} MB"
    if not path.is_file():
        raise_faults([Fault(path.name, None, "path", None, "is no file", right)], NetworkError)
    if path.stat().st_size > MOST_BYTES:
        raise_faults([Fault(path.name, None, "path", None, "is too large", right)], NetworkError)
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        right = "text in UTF-8"
        raise_faults([Fault(path.name, None, "path", None, "is not UTF-8", right)], NetworkError)
    model, section = Model(path.name, {name: [] for name in _WIDTH}), ""
    for number, line in enumerate(lines, start=1):
        items = [quoted or plain for quoted, plain in _TOKEN.findall(line.partition(";")[0])]
        if items and items[0].startswith("["):
            title = items[0][1:].upper()
            section = next((name for name in _WIDTH if title.startswith(name)), "")
        elif items and section:
            items += [""] * (_WIDTH[section] - len(items))
            model.rows[section].append((number, items))
    return model


def curve(model: Model, name: str, column: str) -> list[tuple[float, float]]:
    """Points of a curve of one kind, whose rows may go on over several lines."""
    points = []
    for line, items in model.rows["CURVE"]:
        if items[0] == name:
            first = 2 if items[1][:1].isalpha() else 1  # the kind stands on the first line
            values = [item for item in items[first:] if item]
            numbers = [model.number((line, [name, v]), 1, column) for v in values]
            points += list(zip(numbers[::2], numbers[1::2], strict=False))
    return points


def tags(model: Model, kind: str) -> dict[str, str]:
    """Tags of nodes or links by label: names for people."""
    found = [row[1] for row in model.rows["TAG"]]
    return {items[1]: items[2] for items in found if items[0].upper() == kind}


@contextmanager
def checked(model: Model) -> Iterator[None]:
    """Raise the faults of a file together with those found in its tables, by line."""
    try:
        yield
    except NetworkError as error:
        raise NetworkError([*model.faults, *located(error.faults, model)]) from error
    raise_faults(model.faults, NetworkError)


def located(faults: Iterable[Fault], model: Model) -> Iterator[Fault]:
    """Faults of tables at the line of the file that their row comes from."""
    homes = {"reaches": ["CONDUIT"], "nodes": list(NODES), "structures": list(STRUCTURES)}
    lines = {
        (table, items[0]): line
        for table, sections in homes.items()
        for section in sections
        for line, items in model.rows[section]
    }
    for fault in faults:
        line = lines.get((fault.table, str(fault.row)))
        row = fault.row if line is None else f"{line} ({fault.row})"
        yield Fault(model.name, row, fault.column, fault.value, fault.problem, fault.expected)
