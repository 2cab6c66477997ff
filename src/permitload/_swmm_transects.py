"""Transects of a SWMM file (HEC-2 lines NC, X1, GR): surface width by height above the bed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._swmm_file import Model, Row

Floats = NDArray[np.float64]

STEP = 1e-3
"""Height [m] below a flat berm at which its width begins: a table has one width a height."""


@dataclass(slots=True)
class Transect:
    """Points of one transect and its roughness."""

    row: Row
    roughness: str
    elevations: list[float]
    stations: list[float]


def transects(model: Model) -> dict[str, Transect]:
    """Transects by name; what they have beyond points and one roughness is a fault."""
    found: dict[str, Transect] = {}
    rough = [""] * 3
    transect = None
    for row in model.rows["TRANSECT"]:
        kind, items = row[1][0].upper(), row[1]
        if kind == "NC":
            given = [*items[1:4], "", "", ""]
            rough = [old if _zero(new) else new for new, old in zip(given, rough, strict=False)]
        elif kind == "X1":
            transect = found[items[1]] = Transect(row, rough[2], [], [])
            _refuse_others(model, row, rough)
        elif kind == "GR" and transect is not None:
            values = [model.number((row[0], [kind, v]), 1, "station") for v in items[1:] if v]
            transect.elevations += values[::2]
            transect.stations += values[1::2]
        else:
            model.wrong(row, "transect", kind, "is not known here", "NC, X1, then GR")
    return found


def _refuse_others(model: Model, row: Row, rough: list[str]) -> None:
    """Refuse overbanks of their own roughness, and factors that change the points."""
    if any(side not in ("", rough[2]) for side in rough[:2]):
        sides = f"{rough[0]}, {rough[1]}"
        right = f"that of the channel, {rough[2]}"
        model.wrong(row, "roughness", sides, "of the overbanks differs", right)
    for item, column in ((7, "meander"), (8, "width factor"), (9, "shift")):
        cell = row[1][item] if item < len(row[1]) else ""
        if not _zero(cell) and (column == "shift" or model.number(row, item, column) != 1.0):
            model.wrong(row, column, cell, "is not supported", "0")


def _zero(cell: str) -> bool:
    """Whether a cell holds nothing, or a zero, which stands for the value before."""
    return cell.rstrip("0") in ("", "0.", ".")


def roughness_of(known: dict[str, Transect], section: Row | None, given: str) -> str:
    """Roughness of a conduit: that of its transect where the section is irregular."""
    irregular = section is not None and section[1][1].upper() == "IRREGULAR"
    transect = known.get(section[1][2]) if section is not None and irregular else None
    return given if transect is None else transect.roughness


def cross_sections(model: Model, known: dict[str, Transect]) -> pd.DataFrame:
    """Table ``cross_sections`` of the conduits with irregular sections."""
    parts = []
    conduits = {row[1][0] for row in model.rows["CONDUIT"]}
    for row in model.rows["XSECT"]:
        label, shape, name = row[1][:3]
        if shape.upper() != "IRREGULAR" or label not in conduits:
            continue
        if name not in known:
            right = "a transect of [TRANSECTS]"
            model.wrong(row, "shape", name, "is unknown", right)
            continue
        heights, widths = _widths(model, known[name])
        parts.append(pd.DataFrame({"reach": label, "height": heights, "width": widths}))
    columns = ["reach", "height", "width"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _widths(model: Model, transect: Transect) -> tuple[Floats, Floats]:
    """Heights above the lowest point and surface widths there [m]."""
    count = min(len(transect.elevations), len(transect.stations))
    level, station = np.array(transect.elevations[:count]), np.array(transect.stations[:count])
    if count < 2 or (np.diff(station) < 0.0).any() or np.ptp(level) == 0.0:
        right = "at least two points of different elevation, from left to right"
        model.wrong(transect.row, "station", None, "has no section", right)
        return np.zeros(1), np.zeros(1)
    heights = np.unique(level) - level.min()
    under, over = (_surface(level - level.min(), station, heights, side) for side in (-1.0, 1.0))
    under[0] = over[0]  # a flat bed is as wide as the water just above it
    berms = np.flatnonzero(over - under > 1e-9)
    table = sorted(
        [*zip(heights, over, strict=True), *zip(heights[berms] - STEP, under[berms], strict=True)]
    )
    found = np.array(table)
    return found[:, 0], found[:, 1]


def _surface(
    level: NDArray[np.float64],
    station: NDArray[np.float64],
    heights: NDArray[np.float64],
    side: float,
) -> NDArray[np.float64]:
    """Width under water just below or just above each height."""
    low, high = np.minimum(level[:-1], level[1:]), np.maximum(level[:-1], level[1:])
    across, fall = np.diff(station), high - low
    wet = (heights[:, None] - low) / np.where(fall > 0.0, fall, 1.0)
    flat = (heights[:, None] > low) | ((heights[:, None] == low) & (side > 0.0))
    share = np.where(fall > 0.0, np.clip(wet, 0.0, 1.0), flat)
    return np.asarray(share @ across)
