"""Reads a river network from lines on a map: ends that meet become nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload.errors import Fault, NetworkError, raise_faults
from permitload.schema import TABLES, text

Floats = NDArray[np.float64]


def read(reaches: pd.DataFrame, tolerance: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``reaches`` and ``nodes`` (with ``x``, ``y``) of a frame with ``geometry``."""
    frame = reaches if "reach" in reaches.columns else reaches.reset_index()
    if "reach" not in frame.columns or not hasattr(frame, "geometry"):
        right = "columns reach and geometry"
        fault = Fault("reaches", None, "geometry", None, "or reach is missing", right)
        raise_faults([fault], NetworkError)
    labels = text(frame["reach"])
    lines = [_line(geometry) for geometry in frame.geometry]
    right = "one line of at least two finite points"
    raise_faults(
        [
            Fault("reaches", label, "geometry", None, "is not a line", right)
            for label, line in zip(labels, lines, strict=True)
            if len(line) < 2
        ]
        + _projection_faults(reaches, lines),
        NetworkError,
    )
    ends = np.array([line[i] for i in (0, -1) for line in lines])
    known = {column.name for column in TABLES["reaches"].columns}
    table = pd.DataFrame({name: frame[name] for name in frame.columns if name in known})
    measured = [float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines]
    given = frame["length"] if "length" in frame.columns else pd.Series(np.nan, frame.index)
    table["length"] = given.fillna(pd.Series(measured, frame.index))
    if {"from_node", "to_node"} <= set(frame.columns):
        names = pd.concat([text(frame["from_node"]), text(frame["to_node"])], ignore_index=True)
        _refuse_strays(names, ends, tolerance)
    else:
        names = _snapped(ends, tolerance)
        table["from_node"], table["to_node"] = names.to_numpy().reshape(2, -1)
    points = pd.DataFrame({"node": names, "x": ends[:, 0], "y": ends[:, 1]})
    return table, points.sort_values(["node", "x", "y"]).drop_duplicates("node")


def _line(geometry: Any) -> Floats:  # noqa: ANN401 - any object with the coordinates of a line
    """Points of a line (point, 2), none if it is not one line."""
    parts = getattr(geometry, "geoms", [geometry])
    if len(parts) != 1 or not hasattr(parts[0], "coords"):
        return np.empty((0, 2))
    points = np.array([point[:2] for point in parts[0].coords], dtype=float).reshape(-1, 2)
    return points if np.isfinite(points).all() else np.empty((0, 2))


def _projection_faults(reaches: pd.DataFrame, lines: list[Floats]) -> list[Fault]:
    """Coordinates in degrees: stated by the frame, or small enough to be."""
    system = getattr(reaches, "crs", None)
    points = np.concatenate([*lines, np.zeros((1, 2))])
    degrees = bool((np.abs(points) <= [180.0, 90.0]).all())
    if system is not None:
        degrees = bool(system.is_geographic)
    right, problem = "a projected system in metres", None
    if degrees:
        problem = "looks like degrees of longitude and latitude"
    elif units := {axis.unit_name for axis in getattr(system, "axis_info", [])} - {"metre"}:
        problem = f"is in {', '.join(sorted(units))}"
    return [Fault("reaches", None, "geometry", None, problem, right)] if problem else []


def _snapped(ends: Floats, tolerance: float) -> pd.Series[str]:
    """Name of the node of each end; ends within the tolerance of each other are one node.

    Nodes are numbered from west to east, so that names do not depend on the order of rows.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    near = cKDTree(ends).query_pairs(tolerance, output_type="ndarray")
    links = coo_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(ends),) * 2)
    _, cluster = connected_components(links, directed=False)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    number = np.empty(len(ends), dtype=np.int64)
    number[order] = pd.factorize(cluster[order])[0]
    return pd.Series([f"n{i + 1}" for i in number])


def _refuse_strays(names: pd.Series[str], ends: Floats, tolerance: float) -> None:
    """Refuse nodes whose reaches end further apart than the tolerance."""
    points = pd.DataFrame(ends, columns=["x", "y"]).groupby(names.to_numpy())
    apart = np.hypot(*(points.max() - points.min()).to_numpy().T)
    right = f"ends within {tolerance:g} m, or from_node at the first point of the line"
    raise_faults(
        [
            Fault("reaches", f"node {label}", "geometry", None,
                  f"ends lie {distance:.6g} m apart", right)
            for label, distance in zip(points.groups, apart, strict=True)
            if distance > tolerance
        ],
        NetworkError,
    )  # fmt: skip
