"""Reads the river network of a SWMM 5 input file into tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path

import numpy as np
import pandas as pd

from permitload.errors import Fault, NetworkError, raise_faults

MOST_BYTES = 100_000_000
"""Largest file that is read."""

# A section is known by the start of its name, in any case, as SWMM knows it.
_NODES = {"JUNC": 2, "OUTFALL": 2, "DIVIDER": 2, "STORAGE": 6}
_STRUCTURES = {"PUMP": "pump", "ORIFICE": "gate", "WEIR": "weir"}
_REST = {"OPTION": 2, "CONDUIT": 7, "XSECT": 6, "OUTLET": 3, "COORD": 3, "CURVE": 3, "MAP": 2}
_WIDTH = {**_NODES, **dict.fromkeys(_STRUCTURES, 3), **_REST}
"""Section → items that each of its rows needs; missing ones are read as empty."""

_TOKEN = re.compile(r'"([^"]*)"?|(\S+)')
_METRIC = ("CMS", "LPS", "MLD")

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

    def option(self, section: str, name: str, default: str) -> str:
        """Value of an option, in capitals."""
        found = [row[1][1] for row in self.rows[section] if row[1][0].upper() == name]
        return found[-1].upper() if found else default


def read(path: Path) -> tuple[dict[str, pd.DataFrame], Model]:
    """Tables ``reaches``, ``nodes`` and ``structures`` of a file, and the file with its faults.

    Cells that the network checks itself stay as they are written.
    """
    model = _parse(path)
    if (flow_units := model.option("OPTION", "FLOW_UNITS", "CFS")) not in _METRIC:
        right = f"metric flow units: {', '.join(_METRIC)}"
        fault = Fault(model.name, "[OPTIONS]", "FLOW_UNITS", flow_units, "is not metric", right)
        model.faults.append(fault)
    for row in model.rows["OUTLET"]:
        right = "a pump, an orifice or a weir"
        model.wrong(row, "structure_type", "OUTLET", "is not supported", right)
    nodes = [row for section in _NODES for row in model.rows[section]]
    inverts = {row[1][0]: model.number(row, 1, "invert") for row in nodes}
    tables = {
        "reaches": _reaches(model, inverts),
        "nodes": _nodes(model, [row[1][0] for row in nodes]),
        "structures": pd.DataFrame(
            [(row[1][0], kind, *row[1][1:3]) for section, kind in _STRUCTURES.items()
             for row in model.rows[section]],
            columns=["structure", "structure_type", "from_node", "to_node"],
        ),
    }  # fmt: skip
    model.faults[:] = dict.fromkeys(model.faults)  # conduits of one name share a cross-section
    return tables, model


def _parse(path: Path) -> Model:
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


def _reaches(model: Model, inverts: Mapping[str, float]) -> pd.DataFrame:
    """Conduits as reaches: bed levels from inverts and offsets, width from the cross-section."""
    shapes = {row[1][0]: row for row in model.rows["XSECT"]}
    elevations = model.option("OPTION", "LINK_OFFSETS", "DEPTH") == "ELEVATION"
    columns = ["reach", "from_node", "to_node", "length", "roughness", "bed_from", "bed_to",
               "width", "side_slope"]  # fmt: skip
    found = []
    for row in model.rows["CONDUIT"]:
        items, levels = row[1], []
        for end, item in (("from", 1), ("to", 2)):
            node = items[item]
            if node and node not in inverts:
                right = "a node of [JUNCTIONS], [OUTFALLS], [STORAGE] or [DIVIDERS]"
                model.wrong(row, f"{end}_node", node, "is unknown", right)
            invert = inverts.get(node, nan)
            levels.append(_level(model, (row, item + 4), invert, elevations))
        found.append((*items[:5], *levels, *_section(model, row, shapes.get(items[0]))))
    return pd.DataFrame(found, columns=columns)


def _level(model: Model, cell: tuple[Row, int], invert: float, elevations: bool) -> float:
    """Bed level at one end, from the offset above the node's invert [m]."""
    row, item = cell
    if elevations and row[1][item] == "*":
        return invert
    offset = model.number(row, item, "offset")
    height = offset - invert if elevations else offset
    if height < -1e-3:
        right = f"at least {invert if elevations else 0.0:g} m, the invert of the node"
        model.wrong(row, "offset", row[1][item], "m is below the node", right)
    return offset if elevations else invert + offset


def _section(model: Model, conduit: Row, row: Row | None) -> tuple[str, float]:
    """Bottom width as written, and the mean side slope, which keeps area and surface exact."""
    shape = "" if row is None else row[1][1].upper()
    right = "TRAPEZOIDAL or RECT_OPEN in [XSECTIONS]"
    if row is None or shape not in ("TRAPEZOIDAL", "RECT_OPEN"):
        problem = "is missing" if row is None else "is not supported"
        model.wrong(row or conduit, "shape", shape, problem, right)
        return "", 0.0
    sides = [model.number(row, item, "side_slope") for item in (4, 5)]
    if shape == "RECT_OPEN" and sides[0] != 0.0:
        problem = "sides are without friction"
        model.wrong(row, "shape", row[1][4], problem, "0: friction on both sides")
    if row[1][6:7] not in ([], ["1"]):
        model.wrong(row, "barrels", row[1][6], "barrels are not supported", "1")
    return row[1][3], sum(sides) / 2.0 if shape == "TRAPEZOIDAL" else 0.0


def _nodes(model: Model, labels: list[str]) -> pd.DataFrame:
    """Nodes with surface and volume at the initial depth, and places where they are in metres."""
    stores = {row[1][0]: _store(model, row) for row in model.rows["STORAGE"]}
    projected = model.option("MAP", "UNITS", "METERS") not in ("DEGREES", "FEET")
    places = {row[1][0]: row[1][1:3] for row in model.rows["COORD"] if projected}
    return pd.DataFrame(
        [(node, *stores.get(node, (0.0, 0.0)), *places.get(node, ("", ""))) for node in labels],
        columns=["node", "storage_area", "storage_volume", "x", "y"],
    )


def _store(model: Model, row: Row) -> tuple[float, float]:
    """Surface [m2] and volume [m3] of a storage node at its initial depth."""
    depth, kind = model.number(row, 3, "depth"), row[1][4].upper()
    if kind == "FUNCTIONAL":
        row[1].extend([""] * (8 - len(row[1])))
        factor, power, base = (model.number(row, item, "storage_area") for item in (5, 6, 7))
        return base + factor * depth**power, base * depth + factor * depth ** (power + 1.0) / (
            power + 1.0
        )
    if kind != "TABULAR":
        model.wrong(row, "storage_area", kind, "is not supported", "FUNCTIONAL or TABULAR")
        return 0.0, 0.0
    curve = _curve(model, row[1][5])
    if len(curve) == 0 or curve[0][0] != 0.0 or not depth <= curve[-1][0] or (
        np.diff([x for x, _ in curve]) <= 0.0
    ).any():  # fmt: skip
        right = f"a curve of rising depths in [CURVES], from 0 to at least {depth:g} m"
        model.wrong(row, "storage_area", row[1][5], "does not give the area", right)
        return 0.0, 0.0
    depths, areas = np.array(curve).T
    surface = float(np.interp(depth, depths, areas))
    below = np.append(depths[depths < depth], depth)
    area = np.append(areas[depths < depth], surface)
    return surface, float(np.trapezoid(area, below))


def _curve(model: Model, name: str) -> list[tuple[float, float]]:
    """Depth [m] and area [m2] of a storage curve, whose rows may go on over several lines."""
    points = []
    for line, items in model.rows["CURVE"]:
        if items[0] == name:
            values = [item for item in items[1:] if item and item.upper() != "STORAGE"]
            numbers = [model.number((line, [name, v]), 1, "storage_area") for v in values]
            points += list(zip(numbers[::2], numbers[1::2], strict=False))
    return points


def located(faults: Iterable[Fault], model: Model) -> Iterator[Fault]:
    """Faults of tables at the line of the file that their row comes from."""
    homes = {"reaches": ["CONDUIT"], "nodes": list(_NODES), "structures": list(_STRUCTURES)}
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
