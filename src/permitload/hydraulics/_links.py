"""Structures of the network and rules of its gates as arrays that kernels read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults
from permitload.hydraulics._arrays import CULVERT, GATE, PUMP, RATING, WEIR, Links
from permitload.hydraulics._boundary import Given
from permitload.hydraulics._mesh import plain
from permitload.hydraulics._rules import rules
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
    rule, bound, faults = rules(network, details, seconds, given)
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

    arrays = Links(*plain(
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
    ))  # fmt: skip
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
