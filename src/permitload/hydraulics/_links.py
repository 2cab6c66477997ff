"""Structures of the network and rules of its gates as arrays that kernels read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._frames import scan
from permitload.errors import Fault, raise_faults
from permitload.hydraulics._arrays import CULVERT, GATE, PUMP, RATING, WEIR, Links
from permitload.hydraulics._boundary import Given
from permitload.hydraulics._run import Details
from permitload.network import RiverNetwork

__all__ = ["links", "open_ends", "table"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_KINDS = {"weir": WEIR, "gate": GATE, "culvert": CULVERT, "pump": PUMP}
_NEEDED = {
    "weir": ("crest", "width"),
    "gate": ("width",),
    "culvert": ("width", "opening", "length", "roughness"),
    "pump": ("pump_capacity", "start_stage", "stop_stage"),
}
_FACTOR = {"weir": 0.36, "gate": 0.6, "culvert": 1.5, "pump": 0.0}
"""Usual coefficients where a structure states none; from memory, unverified."""


def table(network: RiverNetwork) -> pd.DataFrame:
    """Structures with the rows of their nodes as ``start`` and ``stop``.

    Raises
    ------
    DataError
        With every unknown type and every number that a type needs and does not have.
    """
    found, faults = network.structures, []
    for label, row in found.iterrows():
        kind = row["structure_type"]
        if kind not in _KINDS:
            right = ", ".join(_KINDS)
            faults.append(Fault("structures", label, "structure_type", kind, "is not known", right))
            continue
        faults += [
            Fault("structures", label, column, None, "is empty", f"a number: a {kind} needs it")
            for column in _NEEDED[kind]
            if np.isnan(row[column])
        ]
        if kind == "pump" and row["start_stage"] <= row["stop_stage"]:
            right = f"a stage above stop_stage, {row['stop_stage']:g} m"
            value = row["start_stage"]
            faults.append(
                Fault("structures", label, "start_stage", value, "never lets it stop", right)
            )
    raise_faults(faults)
    nodes = network.nodes.index
    found["start"] = nodes.get_indexer(pd.Index(found["from_node"]))
    found["stop"] = nodes.get_indexer(pd.Index(found["to_node"]))
    return found


def links(
    network: RiverNetwork, found: pd.DataFrame, given: Given, details: Details,
    seconds: tuple[pd.Timestamp, float] | None,
) -> tuple[Links, Floats]:  # fmt: skip
    """Arrays of structures and rating curves, and the openings at the start.

    ``seconds`` is the start of a run and how long it lasts; None for steady flow.
    """
    kinds = found["structure_type"]
    usual = kinds.map(_FACTOR).astype(float)
    factor = found["discharge_coefficient"].fillna(usual)
    factor = factor.mask(kinds == "pump", found["pump_capacity"]).to_numpy(dtype=float)
    opening = found["opening"].to_numpy(dtype=float).copy()
    rule, bound, faults = _rules(network, details, seconds)
    served = {*given.rows["opening"].tolist(), *rule[:, 0].tolist()}
    faults += [
        Fault("structures", found.index[i], "opening", None, "is empty",
              "an opening here, in openings or in gate_rules")
        for i in np.flatnonzero((kinds == "gate").to_numpy() & np.isnan(opening))
        if int(i) not in served
    ]  # fmt: skip
    faults += [
        Fault("boundaries", found.index[i], "opening", kinds.iloc[i], "cannot be moved", "a gate")
        for i in given.rows["opening"] if kinds.iloc[i] != "gate"
    ]  # fmt: skip
    raise_faults(faults)
    first, stages, flows = [0] * (len(found) + 1), [], []
    for curve in given.ratings.values():
        stages.append(curve[0])
        flows.append(curve[1])
        first.append(first[-1] + curve[0].size)
    extra = len(given.ratings)

    def padded(column: pd.Series[Any] | Floats, value: float = 0.0) -> Floats:
        """Numbers of the structures, then one value for every rating curve."""
        return np.append(np.asarray(column, dtype=float), np.full(extra, value))

    arrays = Links(
        padded(kinds.map(_KINDS), RATING).astype(np.int64),
        np.append(found["start"], list(given.ratings)).astype(np.int64),
        padded(found["stop"], -1).astype(np.int64),
        padded(found["crest"].fillna(-np.inf)), padded(found["width"].fillna(0.0)),
        padded(factor), padded(found["length"].fillna(0.0)),
        padded(found["roughness"].fillna(0.0)),
        np.column_stack([padded(found["start_stage"]), padded(found["stop_stage"])]),
        padded(found["one_way"]).astype(np.int64), np.array(first, dtype=np.int64),
        np.concatenate([*stages, np.empty(0)]), np.concatenate([*flows, np.empty(0)]),
        rule, bound,
    )  # fmt: skip
    return arrays, padded(np.nan_to_num(opening))


def open_ends(found: pd.DataFrame, given: Given) -> Ints:
    """Pairs of nodes that structures join for good: no pumps, no gates that are ever shut."""
    opening = found["opening"].fillna(1.0).to_numpy(copy=True)
    for row, series in zip(given.rows["opening"], given.values["opening"], strict=True):
        opening[row] = series.min()
    kinds = found["structure_type"].to_numpy()
    joined = (kinds != "pump") & ~((kinds == "gate") & (opening <= 0.0))
    pairs = found.loc[joined, ["start", "stop"]].to_numpy(dtype=np.int64)
    return np.asarray(pairs).reshape(-1, 2)


def _rules(
    network: RiverNetwork, details: Details, seconds: tuple[pd.Timestamp, float] | None
) -> tuple[Ints, Floats, list[Fault]]:
    """Rules in the order in which they count; those that can never apply are faults."""
    frame, faults = scan(details.gate_rules, "gate_rules")
    if seconds is None and len(frame):
        right = "openings in boundaries: a steady state has no rules"
        faults.append(Fault("gate_rules", None, "structure", None, "are given", right))
        return np.empty((0, 2), dtype=np.int64), np.empty((0, 5)), faults
    frame = frame.sort_values(["structure", "priority"], kind="stable")
    begin, last = seconds or (pd.Timestamp(0), 0.0)
    numbers = pd.DataFrame(
        {
            "above": frame["above"].fillna(-np.inf),
            "below": frame["below"].fillna(np.inf),
            "after": (frame["after"] - begin).dt.total_seconds().fillna(-np.inf),
            "before": (frame["before"] - begin).dt.total_seconds().fillna(np.inf),
            "opening": frame["opening"],
        }
    )
    always: set[str] = set()
    gates = network.structures["structure_type"]
    for (_, row), (_, bound) in zip(frame.iterrows(), numbers.iterrows(), strict=True):
        gate, place = row["structure"], f"{row['structure']}, priority {row['priority']:g}"
        wrong = []
        if gates.get(gate) != "gate":
            wrong.append(("structure", gate, "is no gate", "a gate of structures"))
        if row["node"] and row["node"] not in network.nodes.index:
            wrong.append(("node", row["node"], "is unknown", "a node that exists"))
        if not row["node"] and (np.isfinite(bound["above"]) or np.isfinite(bound["below"])):
            wrong.append(("node", None, "is empty", "the node whose stage the rule watches"))
        never = bound["above"] >= bound["below"] or bound["after"] >= bound["before"]
        outside = bound["before"] <= 0.0 or bound["after"] >= last
        if never or outside or gate in always:
            why = "an earlier rule always does" if gate in always else "its bounds leave no room"
            why = "its time is not that of the run" if outside else why
            right = "a rule that can hold during the run"
            wrong.append(("opening", row["opening"], f"never applies: {why}", right))
        if np.isinf(bound.drop("opening")).all():
            always.add(gate)
        faults += [Fault("gate_rules", place, *item) for item in wrong]
    rule = np.column_stack([
        network.structures.index.get_indexer(pd.Index(frame["structure"])),
        network.nodes.index.get_indexer(pd.Index(frame["node"])),
    ]).astype(np.int64)  # fmt: skip
    return rule, numbers.to_numpy(dtype=float), faults
