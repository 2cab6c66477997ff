"""What a SWMM file cannot hold of a network: every fault at once, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload._swmm_storage import depth_of
from permitload.errors import Fault, NetworkError, raise_faults

Tables = dict[str, pd.DataFrame]

NEEDED = {
    "weir": ("crest", "width", "discharge_coefficient"),
    "gate": ("crest", "width", "discharge_coefficient", "opening"),
    "pump": ("pump_capacity",),
}
"""Columns that each kind of structure must have."""

SWITCH = ("start_stage", "stop_stage")

_NUMBERS = ("crest", "width", "opening", "discharge_coefficient", "length", "roughness",
            "pump_capacity", *SWITCH)  # fmt: skip


def refuse(
    tables: Tables,
    boundaries: xr.Dataset,
    curves: Mapping[Any, pd.DataFrame],
    inverts: Mapping[str, float],
) -> None:
    """Refuse what would be lost or would not run."""
    faults = [
        *_label_faults(tables),
        *_reach_faults(tables),
        *_node_faults(tables["nodes"], curves, inverts),
        *_structure_faults(tables["structures"], inverts),
        *_curve_faults(curves, tables["nodes"], inverts),
        *_boundary_faults(boundaries, tables, curves),
    ]
    raise_faults(faults, NetworkError)


def _label_faults(tables: Tables) -> Iterable[Fault]:
    """Labels that SWMM reads as something else, or twice; polders."""
    links = pd.concat([tables["reaches"]["from_node"], tables["structures"]["from_node"]]).index
    for label in links[links.duplicated()]:
        problem, right = "is a reach and a structure", "labels of its own for each link"
        yield Fault("structures", label, "structure", None, problem, right)
    for name in ("nodes", "reaches", "structures"):
        table = tables[name]
        for label, people in table["name"].items():
            for column, text in ((str(table.index.name), str(label)), ("name", str(people))):
                spaced = column != "name" and any(letter.isspace() for letter in text)
                if spaced or any(sign in text for sign in '";\n\r') or text.startswith("["):
                    right = "text without quotes, semicolons, brackets; labels without spaces"
                    yield Fault(name, label, column, text, "cannot be written", right)
    for label in tables["polders"].index:
        yield Fault("polders", label, "polder", None, "cannot be written", "no polders")


def _reach_faults(tables: Tables) -> Iterable[Fault]:
    """Reaches without geometry, or with what SWMM has no place for."""
    reaches, shapes = tables["reaches"], tables["cross_sections"]
    for label, shape in shapes.groupby("reach"):
        rising = len(shape) > 1 and (np.diff(shape["height"]) > 0.0).all()
        wider = rising and (np.diff(shape["width"]) >= 0.0).all() and shape["height"].iloc[0] == 0.0
        right = "at least two rows, rising from height 0, none narrower than the one below"
        if label not in reaches.index:
            yield Fault("cross_sections", label, "reach", None, "is unknown", "a reach")
        elif not wider:
            yield Fault("cross_sections", label, "width", None, "is no open channel", right)
    for label, row in reaches.iterrows():
        shaped = label in set(shapes["reach"])
        for column in ("bed_from", "bed_to", "roughness", *(() if shaped else ("width",))):
            if np.isnan(row[column]):
                yield Fault("reaches", label, column, None, "is missing", "a number")
        if shaped and not (np.isnan(row["width"]) and row["side_slope"] == 0.0):
            problem, right = "stands beside a cross-section", "an empty width and side_slope 0"
            yield Fault("reaches", label, "width", row["width"], problem, right)
        if not shaped and row["width"] == 0.0 and row["side_slope"] == 0.0:
            yield Fault("reaches", label, "width", 0.0, "m and upright banks", "some width")
        if row["polder"]:
            yield Fault("reaches", label, "polder", row["polder"], "cannot be written", "none")


def _node_faults(
    nodes: pd.DataFrame, curves: Mapping[Any, pd.DataFrame], inverts: Mapping[str, float]
) -> Iterable[Fault]:
    """Nodes without a level, or with what SWMM has no place for."""
    for label, row in nodes.iterrows():
        if label not in inverts:
            right = "a bed level, a storage curve, or a crest at this node"
            yield Fault("nodes", label, "node", None, "has no level", right)
        if row["held"]:
            yield Fault("nodes", label, "held", row["held"], "cannot be written", "0")
        if np.isnan(row["x"]) != np.isnan(row["y"]):
            yield Fault("nodes", label, "x", None, "or y is missing", "both, or neither")
        if row["storage_volume"] > 0.0 and row["storage_area"] == 0.0 and label not in curves:
            problem, right = "m3 have no surface", "a storage_area"
            yield Fault("nodes", label, "storage_volume", row["storage_volume"], problem, right)


def _structure_faults(structures: pd.DataFrame, inverts: Mapping[str, float]) -> Iterable[Fault]:
    """Structures of other kinds, with gaps, or with more than their kind has."""
    for label, row in structures.iterrows():
        kind = row["structure_type"]
        if kind not in NEEDED:
            right = f"one of {', '.join(NEEDED)}"
            yield Fault("structures", label, "structure_type", kind, "cannot be written", right)
            continue
        needed = NEEDED[kind]
        allowed = {*needed, *(SWITCH if kind == "pump" else ())}
        for column in _NUMBERS:
            if column in needed and np.isnan(row[column]):
                yield Fault("structures", label, column, None, "is missing", "a number")
            if column not in allowed and not np.isnan(row[column]):
                problem, right = f"cannot be written of a {kind}", "an empty cell"
                yield Fault("structures", label, column, row[column], problem, right)
        level = inverts.get(row["from_node"], np.nan)
        if row["crest"] < level:
            right = f"at least {level:g} m, the bed at from_node"
            yield Fault("structures", label, "crest", row["crest"], "m is below the bed", right)
        if kind == "pump":
            yield from _switch_faults(label, row, level)


def _switch_faults(label: object, row: pd.Series[Any], level: float) -> Iterable[Fault]:
    """Pumps that let water back, or whose levels are one alone or below the bed."""
    if row["one_way"]:
        problem, right = "of a pump cannot be written", "0: pumps are one-way"
        yield Fault("structures", label, "one_way", row["one_way"], problem, right)
    if row[list(SWITCH)].isna().sum() == 1:
        yield Fault("structures", label, "start_stage", None, "or stop_stage is missing", "both")
    for column in SWITCH:
        if row[column] <= level:
            problem, right = "m is not above the bed", f"more than {level:g} m"
            yield Fault("structures", label, column, row[column], problem, right)


def _curve_faults(
    curves: Mapping[Any, pd.DataFrame], nodes: pd.DataFrame, inverts: Mapping[str, float]
) -> Iterable[Fault]:
    """Storage curves that do not rise from the bed, or do not hold what the node does."""
    for label, curve in curves.items():
        if label not in nodes.index:
            yield Fault("storage_curves", label, "node", None, "is unknown", "a node")
            continue
        stages, areas = curve["stage"].to_numpy(), curve["storage_area"].to_numpy()
        if len(stages) < 2 or (np.diff(stages) <= 0.0).any() or stages[0] != inverts[label]:
            right = f"at least two rising rows from {inverts[label]:g} m, the bed, on"
            yield Fault("storage_curves", label, "stage", stages[0], "is no start", right)
            continue
        volume, area = nodes.loc[label, ["storage_volume", "storage_area"]].astype(float)
        depth = depth_of(curve, inverts[label], volume)
        surface = float(np.interp(depth, stages - inverts[label], areas))
        if abs(surface - area) > 1e-6 * max(surface, 1.0) or depth > stages[-1] - stages[0] + 1e-9:
            problem = "m2 is not the curve's where it holds storage_volume"
            yield Fault("nodes", label, "storage_area", area, problem, f"{surface:g} m2")


def _boundary_faults(
    boundaries: xr.Dataset, tables: Tables, curves: Mapping[Any, pd.DataFrame]
) -> Iterable[Fault]:
    """Boundaries that are no series of stage or flow at nodes with one link each."""
    for name in boundaries.data_vars:
        if name not in ("stage", "flow") or set(boundaries[name].dims) != {"node", "time"}:
            right = "stage (node, time) and flow (node, time) only"
            yield Fault("boundaries", None, str(name), None, "cannot be written", right)
            return
    if not boundaries.data_vars:
        return
    times, nodes = boundaries.indexes["time"], tables["nodes"]
    if len(times) < 2 or not times.is_monotonic_increasing or not times.is_unique or (
        times != times.floor("s")
    ).any():  # fmt: skip
        yield Fault("boundaries", None, "time", None, "do not run", "rising whole seconds")
    links = pd.concat([tables[t][f"{end}_node"] for t in ("reaches", "structures")
                       for end in ("from", "to")])  # fmt: skip
    for name, array in boundaries.data_vars.items():
        for node in array["node"].values:
            gaps = int(array.sel(node=node).isnull().sum())
            if gaps == len(times):
                continue
            if node not in nodes.index:
                yield Fault("boundaries", node, "node", None, "is unknown", "a node")
            elif gaps:
                right = "a number each time, or none at all"
                yield Fault("boundaries", node, str(name), None, f"has {gaps} gaps", right)
            elif name == "stage" and (links == node).sum() != 1:
                problem = f"is held at a node with {(links == node).sum()} links"
                yield Fault("boundaries", node, "stage", None, problem, "a node with one link")
            elif name == "stage" and (nodes.loc[node, "storage_area"] > 0.0 or node in curves):
                right = "a junction"
                yield Fault("boundaries", node, "stage", None, "is held at storage", right)
