"""Reads the river network of a SWMM 5 input file into tables."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from permitload._swmm_file import METRIC, NODES, Model, Row, parse, tags
from permitload._swmm_storage import law, storage_curves, surface
from permitload._swmm_structures import structures
from permitload._swmm_transects import Transect, cross_sections, roughness_of, transects
from permitload.errors import Fault


def read(path: Path) -> tuple[dict[str, pd.DataFrame], Model]:
    """Tables of a file by name, ``reaches`` to ``storage_curves``, and the file with its faults.

    Cells that the network checks itself stay as they are written.
    """
    model = parse(path)
    if (flow_units := model.option("OPTION", "FLOW_UNITS", "CFS")) not in METRIC:
        right = f"metric flow units: {', '.join(METRIC)}"
        fault = Fault(model.name, "[OPTIONS]", "FLOW_UNITS", flow_units, "is not metric", right)
        model.faults.append(fault)
    for row in model.rows["OUTLET"]:
        right = "a pump, an orifice or a weir"
        model.wrong(row, "structure_type", "OUTLET", "is not supported", right)
    nodes = [row for section in NODES for row in model.rows[section]]
    inverts = {row[1][0]: model.number(row, 1, "invert") for row in nodes}
    known = transects(model)
    tables = {
        "reaches": _reaches(model, inverts, known),
        "nodes": _nodes(model, [row[1][0] for row in nodes]),
        "structures": structures(model, inverts),
        "cross_sections": cross_sections(model, known),
        "storage_curves": storage_curves(model),
    }  # fmt: skip
    model.faults[:] = dict.fromkeys(model.faults)  # conduits of one name share a cross-section
    return tables, model


def _reaches(
    model: Model, inverts: Mapping[str, float], known: dict[str, Transect]
) -> pd.DataFrame:
    """Conduits as reaches: bed levels from inverts and offsets, width from the cross-section."""
    shapes = {row[1][0]: row for row in model.rows["XSECT"]}
    losses = {row[1][0]: row for row in model.rows["LOSS"]}
    columns = ["reach", "from_node", "to_node", "length", "roughness", "bed_from", "bed_to",
               "width", "side_slope", "name"]  # fmt: skip
    found, names = [], tags(model, "LINK")
    for row in model.rows["CONDUIT"]:
        items, levels = row[1], []
        for end, item in (("from", 1), ("to", 2)):
            node = items[item]
            if node and node not in inverts:
                right = "a node of [JUNCTIONS], [OUTFALLS], [STORAGE] or [DIVIDERS]"
                model.wrong(row, f"{end}_node", node, "is unknown", right)
            invert = inverts.get(node, nan)
            levels.append(model.level((row, item + 4), invert))
        _refuse_losses(model, losses.get(items[0]))
        section = shapes.get(items[0])
        rough = roughness_of(known, section, items[4])
        found.append((*items[:4], rough, *levels, *_section(model, row, section),
                      names.get(items[0], "")))  # fmt: skip
    return pd.DataFrame(found, columns=columns)


def _section(model: Model, conduit: Row, row: Row | None) -> tuple[str, float]:
    """Bottom width as written, and the mean side slope, which keeps area and surface exact.

    A width is not known of an irregular section: its transect is another table.
    """
    shape = "" if row is None else row[1][1].upper()
    right = "TRAPEZOIDAL, RECT_OPEN or IRREGULAR in [XSECTIONS]"
    if row is not None and shape == "IRREGULAR":
        return "", 0.0
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


def _refuse_losses(model: Model, row: Row | None) -> None:
    """Refuse losses at the ends of a conduit, and flaps: reaches have none."""
    if row is None:
        return
    for item, column in ((1, "entry loss"), (2, "exit loss"), (3, "average loss")):
        if row[1][item] and model.number(row, item, column) != 0.0:
            model.wrong(row, column, row[1][item], "is not supported", "0")
    if row[1][4].upper() not in ("", "NO"):
        model.wrong(row, "flap", row[1][4], "is not supported", "NO; a gate that is one_way")


def _nodes(model: Model, labels: list[str]) -> pd.DataFrame:
    """Nodes with surface and volume at the initial depth, and places where they are in metres."""
    stores = {row[1][0]: _store(model, row) for row in model.rows["STORAGE"]}
    projected = model.option("MAP", "UNITS", "METERS") not in ("DEGREES", "FEET")
    places = {row[1][0]: row[1][1:3] for row in model.rows["COORD"] if projected}
    names = tags(model, "NODE")
    return pd.DataFrame(
        [
            (node, *stores.get(node, (0.0, 0.0)), *places.get(node, ("", "")), names.get(node, ""))
            for node in labels
        ],
        columns=["node", "storage_area", "storage_volume", "x", "y", "name"],
    )


def _store(model: Model, row: Row) -> tuple[float, float]:
    """Surface [m2] and volume [m3] of a storage node at its initial depth."""
    if row[1][4].upper() == "FUNCTIONAL":
        for item, column in ((8, "evaporation"), (9, "seepage")):
            if row[1][item] not in ("", "0") and model.number(row, item, column) != 0.0:
                model.wrong(row, column, row[1][item], "is not supported", "0")
    depth = model.number(row, 3, "depth")
    depths, areas = surface(model, row, depth)
    if depths.size == 0:
        return 0.0, 0.0
    exact = law(model, row)
    if exact is not None:
        factor, power, base = exact
        return base + factor * depth**power, base * depth + factor * depth ** (power + 1.0) / (
            power + 1.0
        )
    area = float(np.interp(depth, depths, areas))
    below = np.append(depths[depths < depth], depth)
    return area, float(np.trapezoid(np.append(areas[depths < depth], area), below))
