"""Rules of gates: those that can never apply are faults, those that never did are findings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._frames import scan
from permitload.errors import Fault
from permitload.hydraulics._boundary import Given
from permitload.hydraulics._run import Details
from permitload.network import RiverNetwork

__all__ = ["findings", "rules"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Box = tuple[float, float, float, float]
"""Stages from and below [m], times from and before [s]."""


def rules(
    network: RiverNetwork, details: Details, clock: tuple[pd.Timestamp, float] | None, given: Given
) -> tuple[Ints, Floats, list[Fault]]:
    """Rules in the order in which they count; those that can never apply are faults.

    ``clock`` is the start of a run and how long it lasts; None for steady flow.
    """
    none = np.empty((0, 2), dtype=np.int64), np.empty((0, 5))
    if details.gate_rules is None:
        return *none, []
    frame, faults = _ordered(details)
    if clock is None and len(frame):
        right = "openings in boundaries: a steady state has no rules"
        faults.append(Fault("gate_rules", None, "structure", None, "are given", right))
    if clock is None:
        return *none, faults
    begin, last = clock
    numbers = pd.DataFrame(
        {
            "above": frame["above"].fillna(-np.inf),
            "below": frame["below"].fillna(np.inf),
            "after": (frame["after"] - begin).dt.total_seconds().fillna(-np.inf).clip(lower=0.0),
            "before": (frame["before"] - begin).dt.total_seconds().fillna(np.inf).clip(upper=last),
            "opening": frame["opening"],
        }
    )
    before: dict[str, list[tuple[str, Box]]] = {}
    for (_, row), bound in zip(frame.iterrows(), numbers.to_numpy(dtype=float), strict=True):
        gate, node, box = row["structure"], row["node"], tuple(bound[:4])
        wrong = _unknown(network, row)
        if not wrong:
            seen = _seen(network, given, begin, node, box)
            why = _never(row, box, seen, before.get(gate, []))
        else:
            why = ""
        if why:
            right = "a rule that can hold during the run"
            wrong.append(("opening", row["opening"], f"never applies: {why}", right))
        before.setdefault(gate, []).append((node, box))
        faults += [Fault("gate_rules", _name(row), *item) for item in wrong]
    rule = np.column_stack([
        network.structures.index.get_indexer(pd.Index(frame["structure"])),
        network.nodes.index.get_indexer(pd.Index(frame["node"])),
    ]).astype(np.int64)  # fmt: skip
    return rule, numbers.to_numpy(dtype=float), faults


def findings(details: Details, applied: Floats, low: Floats, high: Floats) -> list[str]:
    """Sentences on rules that held for 0 s; ``low`` and ``high`` are the stages that each saw."""
    if details.gate_rules is None:
        return []
    frame, _ = _ordered(details)
    found = []
    for k in np.flatnonzero(applied == 0.0):
        row = frame.iloc[k]
        why = "earlier rules held, or its stage and its time never came together"
        needs = [f"{row['above']:g} m or more"] if low[k] < row["above"] > high[k] else []
        needs += [f"less than {row['below']:g} m"] if low[k] >= row["below"] else []
        if needs:
            why = f"the stage at {row['node']} was {low[k]:.4g} to {high[k]:.4g} m, "
            why += f"the rule needs {needs[0]}"
        found.append(f"gate_rules, {_name(row)}: never applied; {why}")
    return found


def _ordered(details: Details) -> tuple[pd.DataFrame, list[Fault]]:
    """Rules of each gate, the first that counts first."""
    frame, faults = scan(details.gate_rules, "gate_rules")
    return frame.sort_values(["structure", "priority"], kind="stable"), faults


def _name(row: pd.Series) -> str:
    return f"{row['structure']}, priority {row['priority']:g}"


def _unknown(network: RiverNetwork, row: pd.Series) -> list[tuple[str, object, str, str]]:
    """Labels of a rule that do not exist, and stages without a node."""
    wrong: list[tuple[str, object, str, str]] = []
    if network.structures["structure_type"].get(row["structure"]) != "gate":
        wrong.append(("structure", row["structure"], "is no gate", "a gate of structures"))
    if row["node"] and row["node"] not in network.nodes.index:
        wrong.append(("node", row["node"], "is unknown", "a node that exists"))
    if not row["node"] and (np.isfinite(row["above"]) or np.isfinite(row["below"])):
        wrong.append(("node", None, "is empty", "the node whose stage the rule watches"))
    return wrong


def _never(row: pd.Series, box: Box, seen: Floats, before: list[tuple[str, Box]]) -> str:
    """Why a rule can never apply; empty if it can."""
    above, below, after, until = box
    if above >= below or row["after"] >= row["before"]:
        return "its bounds leave no room"
    if after >= until:
        return "its time is not that of the run"
    if seen.size and (seen.max() < above or seen.min() >= below):
        return f"the stage given there is {seen.min():g} to {seen.max():g} m"
    watched = {node for node, _ in before}
    for node in watched:  # each alone sees all its stages, whatever the others see
        mine = (above, below) if node == row["node"] else (-np.inf, np.inf)
        boxes = [b for other, b in before if other in (node, "")]
        if _covered((*mine, after, until), boxes):
            alone = any(_covered((-np.inf, np.inf, after, until), [b]) for b in boxes)
            return "an earlier rule always does" if alone else "earlier rules together always do"
    return ""


def _covered(box: Box, boxes: list[Box]) -> bool:
    """Whether boxes leave nothing of a box free."""
    levels = {box[0], *(x for b in boxes for x in b[:2] if box[0] < x < box[1])}
    times = {box[2], *(t for b in boxes for t in b[2:] if box[2] < t < box[3])}
    return all(
        any(b[0] <= x < b[1] and b[2] <= t < b[3] for b in boxes) for x in levels for t in times
    )


def _seen(network: RiverNetwork, given: Given, begin: pd.Timestamp, node: str, box: Box) -> Floats:
    """Stages that a rule sees at a node where they are given; none where they are free."""
    rows = np.flatnonzero(network.nodes.index[given.rows["stage"]] == node)
    if not rows.size or box[2] >= box[3]:
        return np.empty(0)
    series = given.values["stage"][rows[0]]
    if given.axis.hasnans:
        return np.asarray(series)
    seconds = np.asarray((pd.DatetimeIndex(given.axis) - begin).total_seconds(), dtype=float)
    inside = (seconds > box[2]) & (seconds < box[3])
    return np.append(series[inside], np.interp(box[2:], seconds, series))
