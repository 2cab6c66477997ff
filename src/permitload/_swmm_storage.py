"""Storage units of a SWMM file: surface by depth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._swmm_file import Model, Row, curve

Floats = NDArray[np.float64]

PIECES = 100
"""Straight pieces that stand for a surface whose power of depth is neither 0 nor 1."""


def law(model: Model, row: Row) -> tuple[float, float, float] | None:
    """Coefficient, power and constant of a functional surface; None of any other."""
    if row[1][4].upper() != "FUNCTIONAL":
        return None
    factor, power, base = (model.number(row, item, "storage_area") for item in (5, 6, 7))
    return factor, power, base


def surface(model: Model, row: Row, depth: float) -> tuple[Floats, Floats]:
    """Depths [m] and surfaces [m2] up to the depth at least; empty, with a fault, if unknown."""
    none = np.empty(0), np.empty(0)
    kind = row[1][4].upper()
    exact = law(model, row)
    if exact is not None:
        factor, power, base = exact
        most = max(model.number(row, 2, "maximum depth"), depth)
        pieces = 1 if power in (0.0, 1.0) or factor == 0.0 else PIECES
        depths = np.linspace(0.0, most, pieces + 1)
        return depths, base + factor * depths**power
    if kind != "TABULAR":
        model.wrong(row, "storage_area", kind, "is not supported", "FUNCTIONAL or TABULAR")
        return none
    points = np.array(curve(model, row[1][5], "storage_area")).reshape(-1, 2)
    depths, areas = points.T
    if depths.size == 0 or depths[0] != 0.0 or not depth <= depths[-1] or (
        np.diff(depths) <= 0.0
    ).any():  # fmt: skip
        right = f"a curve of rising depths in [CURVES], from 0 to at least {depth:g} m"
        model.wrong(row, "storage_area", row[1][5], "does not give the area", right)
        return none
    return depths, areas


def storage_curves(model: Model) -> pd.DataFrame:
    """Table ``storage_curves`` of the units whose surface varies."""
    parts = []
    for row in model.rows["STORAGE"]:
        invert, depth = model.number(row, 1, "invert"), model.number(row, 3, "depth")
        depths, areas = surface(model, row, depth)
        if np.ptp(areas) > 0.0 if areas.size else False:
            parts.append(
                pd.DataFrame({"node": row[1][0], "stage": invert + depths, "storage_area": areas})
            )
    columns = ["node", "stage", "storage_area"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def depth_of(curve: pd.DataFrame, invert: float, volume: float) -> float:
    """Depth at which a storage curve, straight between its rows, holds a volume [m]."""
    depths, areas = curve["stage"].to_numpy() - invert, curve["storage_area"].to_numpy()
    pieces = np.diff(depths) * (areas[1:] + areas[:-1]) / 2.0
    below = np.concatenate([[0.0], np.cumsum(pieces)])
    i = int(np.clip(np.searchsorted(below, volume) - 1, 0, len(pieces) - 1))
    rise = (areas[i + 1] - areas[i]) / (depths[i + 1] - depths[i])
    rest = volume - below[i]
    root = np.sqrt(max(areas[i] ** 2 + 2.0 * rise * rest, 0.0))
    return float(depths[i] + 2.0 * rest / (areas[i] + root) if rest > 0.0 else depths[i])
