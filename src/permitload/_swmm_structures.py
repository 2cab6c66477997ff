"""Weirs, orifices and pumps of a SWMM file as structures."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan, sqrt
from typing import Any

import pandas as pd

from permitload._swmm_file import METRIC, STRUCTURES, Model, Row, curve, tags

GRAVITY = 9.81
"""Acceleration of gravity [m/s2]."""

ROOT = sqrt(2.0 * GRAVITY)
"""A weir coefficient of SWMM [m^0.5/s] over this is that of Q = m b √(2g) h^1.5."""


def structures(model: Model, inverts: Mapping[str, float]) -> pd.DataFrame:
    """Table ``structures``: weirs, orifices as gates, pumps of one capacity."""
    shapes = {row[1][0]: row for row in model.rows["XSECT"]}
    readers = {"PUMP": _pump, "ORIFICE": _gate, "WEIR": _weir}
    names, found = tags(model, "LINK"), []
    for section, kind in STRUCTURES.items():
        for row in model.rows[section]:
            label, start, stop = row[1][:3]
            invert = inverts.get(start, nan)
            cells = readers[section](model, row, shapes.get(label), invert)
            found.append(
                {"structure": label, "structure_type": kind, "from_node": start,
                 "to_node": stop, "name": names.get(label, "")} | cells
            )  # fmt: skip
    columns = ["structure", "structure_type", "from_node", "to_node", "crest", "width", "opening",
               "discharge_coefficient", "pump_capacity", "start_stage", "stop_stage", "one_way",
               "name"]  # fmt: skip
    return pd.DataFrame(found, columns=columns)


def _weir(model: Model, row: Row, shape: Row | None, invert: float) -> dict[str, Any]:
    """Read a weir that is open above: its height is not kept."""
    _refuse(model, row, 3, "TRANSVERSE")
    contractions = row[1][7] not in ("", "0") and model.number(row, 7, "end contractions") != 0.0
    if contractions:
        model.wrong(row, "end contractions", row[1][7], "are not supported", "0")
    _, width = _opening(model, row, shape, "RECT_OPEN")
    return {
        "crest": model.level((row, 4), invert), "width": width, "one_way": _flap(row),
        "discharge_coefficient": model.number(row, 5, "discharge_coefficient") / ROOT,
    }  # fmt: skip


def _gate(model: Model, row: Row, shape: Row | None, invert: float) -> dict[str, Any]:
    """Read an orifice in a wall, as a gate that stays open to its height."""
    _refuse(model, row, 3, "SIDE")
    height, width = _opening(model, row, shape, "RECT_CLOSED")
    return {
        "crest": model.level((row, 4), invert), "width": width, "opening": height,
        "discharge_coefficient": model.number(row, 5, "discharge_coefficient"),
        "one_way": _flap(row),
    }  # fmt: skip


def _pump(model: Model, row: Row, _: Row | None, invert: float) -> dict[str, Any]:
    """Read a pump of one capacity; switch levels of 0 are none."""
    points = curve(model, row[1][3], "pump_capacity")
    flows = {flow for _, flow in points}
    if len(flows) != 1:
        right = "a curve of [CURVES] with one flow, which is the capacity"
        problem = "has several flows" if flows else "is no curve of a pump"
        model.wrong(row, "pump_capacity", row[1][3], problem, right)
        return {}
    units = METRIC.get(model.option("OPTION", "FLOW_UNITS", "CFS"), 1.0)
    depths = [model.number(row, i, "depth") if row[1][i] else 0.0 for i in (5, 6)]
    if depths == [0.0, 0.0] and row[1][4].upper() == "OFF":
        model.wrong(row, "status", "OFF", "never runs", "ON, or depths of start and stop")
    start, stop = (nan, nan) if depths == [0.0, 0.0] else (invert + depth for depth in depths)
    return {"pump_capacity": flows.pop() * units, "start_stage": start, "stop_stage": stop}


def _opening(model: Model, row: Row, shape: Row | None, right: str) -> tuple[float, float]:
    """Height and width of the opening of a structure [m]."""
    kind = "" if shape is None else shape[1][1].upper()
    if shape is None or kind != right:
        problem = "is missing" if shape is None else "is not supported"
        model.wrong(shape or row, "shape", kind, problem, f"{right} in [XSECTIONS]")
        return nan, nan
    return model.number(shape, 2, "opening"), model.number(shape, 3, "width")


def _refuse(model: Model, row: Row, item: int, right: str) -> None:
    """Refuse another kind of the structure."""
    if row[1][item].upper() != right:
        model.wrong(row, "structure_type", row[1][item], "is not supported", right)


def _flap(row: Row) -> float:
    """Read whether a flap gate lets no water back."""
    return float(row[1][6].upper() == "YES")
