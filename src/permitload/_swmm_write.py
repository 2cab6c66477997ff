"""Writes a network, its boundaries and tables as a SWMM 5 input file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload._frames import complete
from permitload._swmm_storage import depth_of
from permitload._swmm_structures import ROOT
from permitload._swmm_written import SWITCH, refuse

HIGH = 100.0
"""Depth [m] of banks and walls: reaches are open channels, whose banks hold all water."""

_OPTIONS = (
    ("FLOW_UNITS", "CMS"), ("FLOW_ROUTING", "DYNWAVE"), ("LINK_OFFSETS", "ELEVATION"),
    ("MIN_SLOPE", "0"), ("ALLOW_PONDING", "NO"), ("INERTIAL_DAMPING", "NONE"),
    ("NORMAL_FLOW_LIMITED", "NONE"), ("VARIABLE_STEP", "0.75"), ("ROUTING_STEP", "10"),
    ("REPORT_STEP", "00:05:00"), ("MAX_TRIALS", "20"), ("HEAD_TOLERANCE", "0.0005"),
)  # fmt: skip

Tables = dict[str, pd.DataFrame]


def write(path: Path, tables: Tables, boundaries: xr.Dataset | None) -> None:
    """Write the file; ``tables`` are those of a network, ``cross_sections``, ``storage_curves``."""
    found = tables | {
        name: complete(tables.get(name), name) for name in ("cross_sections", "storage_curves")
    }
    given = xr.Dataset() if boundaries is None else boundaries
    curves = dict(iter(found["storage_curves"].groupby("node")))
    inverts = _inverts(found, curves)
    refuse(found, given, curves, inverts)
    sections = {
        "OPTIONS": [*_OPTIONS, *_period(given)],
        **_nodes(found["nodes"], curves, inverts, given),
        **_reaches(found["reaches"], dict(iter(found["cross_sections"].groupby("reach")))),
        **_series(given),
    }
    for title, rows in _structures(found["structures"], inverts).items():
        sections[title] = [*sections.get(title, []), *rows]
    sections["CURVES"] = [*sections.get("CURVES", []), *_storage_curves(curves, inverts)]
    sections["TAGS"] = _tags(found)
    sections["REPORT"] = [("INPUT", "NO"), ("NODES", "ALL"), ("LINKS", "ALL")]
    lines = ["[TITLE]", "River network", ""]
    for title, rows in sections.items():
        if rows:
            lines += [f"[{title}]", *(" ".join(map(_cell, row)) for row in rows), ""]
    path.write_text("\n".join(lines), "utf-8")


def _cell(value: object) -> str:
    """Write a cell: numbers with all their digits, labels in quotes where they need them."""
    if isinstance(value, float | np.floating):
        return repr(float(value))
    text = str(value)
    return f'"{text}"' if not text or any(letter.isspace() for letter in text) else text


def _inverts(tables: Tables, curves: Mapping[Any, pd.DataFrame]) -> dict[str, float]:
    """Lowest level known at each node: beds, storage curves; else the crests of structures."""
    reaches, links = tables["reaches"], tables["structures"]
    low: dict[str, float] = {}
    beds = [(reaches[f"{end}_node"], reaches[f"bed_{end}"]) for end in ("from", "to")]
    spare = [(links[f"{end}_node"], links["crest"]) for end in ("from", "to")]
    for nodes, levels in beds:
        for node, level in zip(nodes, levels, strict=True):
            low[node] = min(low.get(node, np.inf), level)
    for node, curve in curves.items():
        low[node] = min(low.get(node, np.inf), float(curve["stage"].min()))
    known = set(low)
    for nodes, levels in spare:
        for node, level in zip(nodes, levels, strict=True):
            if node not in known and not isnan(level):
                low[node] = min(low.get(node, np.inf), level)
    return low


def _period(boundaries: xr.Dataset) -> Iterable[tuple[str, str]]:
    """Start and end of the run: those of the boundaries, or one day."""
    first, last = pd.Timestamp(2000, 1, 1), pd.Timestamp(2000, 1, 2)
    if "time" in boundaries.coords:
        times = boundaries.indexes["time"]
        first, last = times[0], times[-1]
    for word, stamp in (("START", first), ("REPORT_START", first), ("END", last)):
        yield f"{word}_DATE", f"{stamp:%m/%d/%Y}"
        yield f"{word}_TIME", f"{stamp:%H:%M:%S}"


def _nodes(
    nodes: pd.DataFrame, curves: Mapping[Any, pd.DataFrame], inverts: Mapping[str, float],
    boundaries: xr.Dataset,
) -> dict[str, list[Any]]:  # fmt: skip
    """Junctions, outfalls with their series, storage units, coordinates."""
    held = set(_given(boundaries, "stage"))
    rows: dict[str, list[Any]] = {"JUNCTIONS": [], "OUTFALLS": [], "STORAGE": []}
    for node, row in nodes.iterrows():
        invert, label = inverts[str(node)], str(node)
        if label in held:
            rows["OUTFALLS"].append((label, invert, "TIMESERIES", f"stage@{label}", "NO"))
        elif label in curves:
            depth = depth_of(curves[label], invert, row["storage_volume"])
            most = float(curves[label]["stage"].max()) - invert
            rows["STORAGE"].append((label, invert, most, depth, "TABULAR", f"area@{label}", 0, 0))
        elif row["storage_area"] > 0.0:
            area, depth = row["storage_area"], row["storage_volume"] / row["storage_area"]
            rows["STORAGE"].append(
                (label, invert, max(HIGH, 2 * depth), depth, "FUNCTIONAL", 0, 0, area, 0, 0)
            )
        else:
            rows["JUNCTIONS"].append((label, invert, HIGH, 0, 0, 0))
    places = nodes[["x", "y"]].dropna()
    rows["COORDINATES"] = [(node, *place) for node, *place in places.itertuples()]
    return rows


def _reaches(reaches: pd.DataFrame, shapes: Mapping[Any, pd.DataFrame]) -> dict[str, list[Any]]:
    """Conduits, their sections and transects."""
    rows: dict[str, list[Any]] = {"CONDUITS": [], "XSECTIONS": [], "TRANSECTS": []}
    for label, row in reaches.iterrows():
        rows["CONDUITS"].append(
            (label, row["from_node"], row["to_node"], row["length"], row["roughness"],
             row["bed_from"], row["bed_to"], 0, 0)
        )  # fmt: skip
        if label in shapes:
            rows["XSECTIONS"].append((label, "IRREGULAR", label, 0, 0, 0, 1))
            rows["TRANSECTS"] += _transect(str(label), shapes[label], row["roughness"])
        elif row["side_slope"] > 0.0:
            sides = (row["width"], row["side_slope"], row["side_slope"])
            rows["XSECTIONS"].append((label, "TRAPEZOIDAL", HIGH, *sides, 1))
        else:
            rows["XSECTIONS"].append((label, "RECT_OPEN", HIGH, row["width"], 0, 0, 1))
    return rows


def _transect(label: str, shape: pd.DataFrame, roughness: float) -> Iterable[tuple[Any, ...]]:
    """Write a section that is wide as the table says, half of it on each side."""
    heights, halves = shape["height"].to_numpy(), shape["width"].to_numpy() / 2.0
    most = float(halves[-1])
    levels = np.concatenate([heights[::-1], heights])
    stations = np.concatenate([most - halves[::-1], most + halves])
    yield "NC", roughness, roughness, roughness
    yield "X1", label, len(levels), 0.0, 2.0 * most, 0, 0, 0, 0, 0
    for i in range(0, len(levels), 5):
        pairs = zip(levels[i : i + 5], stations[i : i + 5], strict=True)
        yield "GR", *(number for pair in pairs for number in pair)


def _structures(structures: pd.DataFrame, inverts: Mapping[str, float]) -> dict[str, list[Any]]:
    """Weirs, gates as orifices, pumps with a curve of one flow."""
    rows: dict[str, list[Any]] = {name: [] for name in ("PUMPS", "ORIFICES", "WEIRS", "XSECTIONS",
                                                        "CURVES")}  # fmt: skip
    for label, row in structures.iterrows():
        ends, flap = (label, row["from_node"], row["to_node"]), "YES" if row["one_way"] else "NO"
        coefficient, width = row["discharge_coefficient"], row["width"]
        if row["structure_type"] == "weir":
            cells = (*ends, "TRANSVERSE", row["crest"], coefficient * ROOT, flap, 0, 0, "YES")
            rows["WEIRS"].append(cells)
            rows["XSECTIONS"].append((label, "RECT_OPEN", HIGH, width, 0, 0, 1))
        elif row["structure_type"] == "gate":
            rows["ORIFICES"].append((*ends, "SIDE", row["crest"], coefficient, flap, 0))
            rows["XSECTIONS"].append((label, "RECT_CLOSED", row["opening"], width, 0, 0, 1))
        else:
            invert = inverts[row["from_node"]]
            depths = [0.0 if isnan(row[c]) else row[c] - invert
                      for c in SWITCH]  # fmt: skip
            rows["PUMPS"].append((*ends, f"flow@{label}", "ON", *depths))
            rows["CURVES"] += [(f"flow@{label}", "PUMP4", 0, row["pump_capacity"]),
                               (f"flow@{label}", HIGH, row["pump_capacity"])]  # fmt: skip
    return rows


def _storage_curves(
    curves: Mapping[Any, pd.DataFrame], inverts: Mapping[str, float]
) -> Iterable[tuple[Any, ...]]:
    """Rows of the storage curves by depth."""
    for node, curve in curves.items():
        for i, (stage, area) in enumerate(zip(curve["stage"], curve["storage_area"], strict=True)):
            kind = ("STORAGE",) if i == 0 else ()
            yield f"area@{node}", *kind, float(stage - inverts[node]), float(area)


def _given(boundaries: xr.Dataset, name: str) -> dict[str, Any]:
    """Series of one boundary variable by node, of nodes that have it."""
    if name not in boundaries:
        return {}
    array = boundaries[name].transpose("node", "time").dropna("node", how="all")
    return {str(node): array.sel(node=node).to_numpy() for node in array["node"].values}


def _series(boundaries: xr.Dataset) -> dict[str, list[Any]]:
    """Time series of stages and flows, and the inflows that use them."""
    rows: dict[str, list[Any]] = {"INFLOWS": [], "TIMESERIES": []}
    for name in ("stage", "flow"):
        for node, values in _given(boundaries, name).items():
            if name == "flow":
                rows["INFLOWS"].append((node, "FLOW", f"flow@{node}", "FLOW", 1.0, 1.0))
            stamps = boundaries.indexes["time"]
            rows["TIMESERIES"] += [
                (f"{name}@{node}", f"{stamp:%m/%d/%Y}", f"{stamp:%H:%M:%S}", float(value))
                for stamp, value in zip(stamps, values, strict=True)
            ]
    return rows


def _tags(tables: Tables) -> list[tuple[str, ...]]:
    """Names for people, as tags."""
    kinds = {"nodes": "Node", "reaches": "Link", "structures": "Link"}
    return [
        (kind, str(label), name)
        for table, kind in kinds.items()
        for label, name in tables[table]["name"].items()
        if name
    ]
