"""Tables of a network, completed from their declaration and checked; all faults are collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._frames import scan
from permitload.errors import Fault, raise_faults
from permitload.schema import TABLES, text

Flags = NDArray[np.bool_]


def scanned(
    given: Mapping[str, pd.DataFrame | None],
) -> tuple[dict[str, pd.DataFrame], list[Fault]]:
    """Tables by name, each completed and indexed by the first column of its key; all faults."""
    found = {name: scan(table, name) for name, table in given.items()}
    tables = {name: table.set_index(TABLES[name].key[0]) for name, (table, _) in found.items()}
    return tables, [fault for _, faults in found.values() for fault in faults]


def numbered(reaches: pd.DataFrame, nodes: pd.DataFrame) -> tuple[pd.Index[Any], NDArray[Any]]:
    """Labels of all nodes, the listed ones first, and the rows of (from, to) of each reach.

    Each label is looked up once: in large networks that is what building one costs.
    """
    listed = nodes.index.to_numpy(dtype=object)
    ends = [reaches[end].to_numpy(dtype=object) for end in ("from_node", "to_node")]
    rows, labels = pd.factorize(np.concatenate([listed, *ends]))
    return pd.Index(labels, dtype="str", name="node"), rows[listed.size :].reshape(2, -1).copy()


def topology_faults(
    reaches: pd.DataFrame, nodes: pd.DataFrame, structures: pd.DataFrame,
    named: tuple[pd.Index[Any], NDArray[Any]],
) -> list[Fault]:  # fmt: skip
    """Reaches and structures from a node to itself, reaches without length, loose nodes.

    ``named`` is what :func:`numbered` finds.
    """
    faults = []
    if reaches.empty:
        faults.append(Fault("reaches", None, "reach", None, "is empty", "at least one reach"))
    zero = reaches.index[reaches["length"].to_numpy() == 0.0]
    faults += [
        Fault("reaches", label, "length", 0.0, "is not positive", "a length > 0 m")
        for label in zero
    ]
    for name, table in (("reaches", reaches), ("structures", structures)):
        start, stop = table["from_node"].to_numpy(), table["to_node"].to_numpy()
        problem, right = "is also the from_node (self-loop)", "two different nodes"
        faults += [
            Fault(name, table.index[i], "to_node", stop[i], problem, right)
            for i in np.flatnonzero((start == stop) & (start != ""))
        ]
    every, ends = named
    links = pd.concat([structures["from_node"], structures["to_node"]])
    touched = np.zeros(len(every), dtype=bool)
    touched[ends] = True
    labels = nodes.index[nodes.index != ""].unique()
    loose = labels[~touched[every.get_indexer(labels)] & ~labels.isin(links)]
    if "" in every[touched]:  # an empty cell may be what names it
        loose = loose[:0]
    faults += [
        Fault("nodes", label, "node", None, "touches no reach and no structure",
              "a node that ends one")
        for label in loose
    ]  # fmt: skip
    known = links.isin(every) | (links == "") if len(links) else links.astype(bool)
    ends_of = np.repeat(["from_node", "to_node"], len(structures))
    return faults + [
        Fault("structures", links.index[i], str(ends_of[i]), links.iloc[i], "is unknown",
              "a node of reaches or of nodes")
        for i in np.flatnonzero(~known)
    ]  # fmt: skip


def polder_faults(pumps: pd.DataFrame, reaches: pd.DataFrame) -> list[Fault]:
    """Pumps of polders that lead to unknown reaches, and reaches in polders without pumps."""
    faults = [
        Fault("polders", label, "outlet_reach", reach, "is unknown", "a reach of reaches")
        for label, reach in pumps["outlet_reach"].items()
        if reach and reach not in reaches.index
    ]
    if pumps.empty:  # they may come later, with control_units
        return faults
    inside = reaches["polder"]
    return faults + [
        Fault("reaches", label, "polder", polder, "has no pumps", "a polder of polders")
        for label, polder in inside[(inside != "") & ~inside.isin(pumps.index)].items()
    ]


def lifting(pumps: pd.DataFrame) -> pd.DataFrame:
    """Rows of polders whose pumps take part in computed flow: those with a ``from_node``."""
    return pumps[(pumps["from_node"] != "").to_numpy()]


def with_pumps(
    structures: pd.DataFrame, pumps: pd.DataFrame, reaches: pd.DataFrame, nodes: pd.Index[str]
) -> tuple[pd.DataFrame, list[Fault]]:
    """Structures of a network, then the pumps of its polders, each ``POLDER-REACH``.

    Parameters
    ----------
    structures, pumps, reaches : DataFrame
        Indexed by ``structure``, ``polder`` and ``reach``, with the columns of these tables.
    nodes : Index
        Labels of all nodes.

    Returns
    -------
    structures : DataFrame
        Indexed by ``structure``; as given where there are faults.
    faults : list of Fault
        Of :func:`polder_faults`; pumps outside their polder, given twice, without a level or
        that never stop; reaches that join a polder to what is outside: its water leaves by pumps
        and gates alone.
    """
    rows, faults = lifting(pumps), polder_faults(pumps, reaches)
    faults += [*_levels(pumps), *_places(rows, structures, reaches, nodes)]
    if rows.empty or faults:
        return structures, faults
    more = rows[["pump_capacity", "start_stage", "stop_stage", "from_node", "name"]].assign(
        structure=[f"{p}-{r}" for p, r in rows["outlet_reach"].items()],
        structure_type="pump",
        to_node=reaches["from_node"].reindex(rows["outlet_reach"]).to_numpy(),
        one_way=0.0,
    )
    found = pd.concat([structures, more.set_index("structure").reindex(columns=structures.columns)])
    twice = found.index[found.index.duplicated()]
    right = "a label of its own: a polder's pumps are called so"
    faults = [Fault("structures", n, "structure", n, "is repeated", right) for n in twice]
    text = found.select_dtypes(exclude="number").columns
    found = found.fillna(dict.fromkeys(text, "")).astype(structures.dtypes)
    return found.rename_axis("structure"), faults


def _levels(pumps: pd.DataFrame) -> Iterator[Fault]:
    """Levels that are missing, have no pumps, or at which pumps never stop."""
    levels = pumps[["start_stage", "stop_stage"]].to_numpy(dtype=float)
    right = "a node inside, or no levels: flow is computed from all three"
    for polder in pumps.index[np.isfinite(levels).any(axis=1) & (pumps["from_node"] == "")]:
        yield Fault("polders", polder, "from_node", None, "is empty", right)
    for polder, row in lifting(pumps).iterrows():
        start, stop = float(row["start_stage"]), float(row["stop_stage"])
        missing = [n for n in ("start_stage", "stop_stage") if np.isnan(row[n])]
        for name in missing:
            right = "a level: the pumps have a from_node"
            yield Fault("polders", polder, name, None, "is empty", right)
        if not missing and start <= stop:
            right = f"a stage above stop_stage, {stop:g} m"
            yield Fault("polders", polder, "start_stage", start, "never lets them stop", right)


def _places(
    rows: pd.DataFrame, structures: pd.DataFrame, reaches: pd.DataFrame, nodes: pd.Index[str]
) -> Iterator[Fault]:
    """Pumps outside their polder or given twice, and reaches that lead out of it."""
    pumped = structures[structures["structure_type"] == "pump"]
    mine = reaches["polder"].to_numpy()
    ends = [reaches[end].to_numpy() for end in ("from_node", "to_node")]
    for polder, row in rows.iterrows():
        node, inside = row["from_node"], mine == polder
        at = (ends[0] == node) | (ends[1] == node)
        if node not in nodes:
            yield Fault("polders", polder, "from_node", node, "is unknown", "a node inside")
        elif (at & ~inside).any():
            reach = reaches.index[at & ~inside][0]
            problem = f"touches reach {reach}, which is not of the polder"
            yield Fault("polders", polder, "from_node", node, problem, "a node inside")
        if inside[reaches.index == row["outlet_reach"]].any():
            right = "a reach outside the polder"
            yield Fault("polders", polder, "outlet_reach", row["outlet_reach"], "is inside", right)
        for label in pumped.index[(pumped["from_node"] == node).to_numpy()]:
            problem, right = f"is given twice: {polder} has pumps there", "one of the two rows"
            yield Fault("structures", label, "from_node", node, problem, right)
    for polder in rows.index.unique():
        inside = mine == polder
        within, outside = (
            set(np.concatenate([end[some] for end in ends])) for some in (inside, ~inside)
        )
        for node in sorted(within & outside - set(rows["from_node"])):
            problem = f"joins polder {polder} to what is outside, beside its pumps"
            right = "reaches of the polder that end inside"
            yield Fault("reaches", None, "node", node, problem, right)


def land(
    polders: pd.DataFrame | None, districts: pd.DataFrame | None, reaches: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Polders and districts, completed and checked against the reaches."""
    tables, faults = scanned({"polders": polders, "districts": districts})
    pumps, towns = tables.values()
    faults += polder_faults(pumps, reaches)
    faults += [
        Fault("districts", label, "reach", None, "is unknown", "a reach of reaches")
        for label in towns.index[~towns.index.isin(reaches.index)]
        if label
    ]
    raise_faults(faults)
    return pumps, towns


def every_node(nodes: pd.DataFrame, labels: pd.Index[Any]) -> pd.DataFrame:
    """Rows of ``nodes``, then with the defaults those of the other ``labels``."""
    defaults = {c.name: c.default for c in TABLES["nodes"].columns if c.default is not None}
    return nodes.reindex(labels).fillna({**defaults, "name": ""})


def read_only(table: pd.DataFrame) -> pd.DataFrame:
    """Copy a table into arrays that refuse to be written to."""
    columns = {}
    for name, column in table.items():
        values = np.array(column, dtype=float if column.dtype == float else object)
        values.flags.writeable = False
        columns[name] = pd.Series(values, dtype=column.dtype, copy=False)
    return pd.DataFrame(columns, copy=False).set_index(table.index)


def parts(reaches: pd.DataFrame, structures: pd.DataFrame, labels: pd.Index[Any]) -> pd.Series[int]:
    """Count the connected parts in the order of reaches, and number each reach."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    start, stop = (
        labels.get_indexer(pd.Index(pd.concat([reaches[end], structures[end]])))
        for end in ("from_node", "to_node")
    )
    links = coo_array((np.ones(start.size), (start, stop)), shape=(len(labels),) * 2)
    _, part = connected_components(links, directed=False)
    codes, _ = pd.factorize(part[start[: len(reaches)]])
    return pd.Series(codes, index=reaches.index, name="part")


ROUNDING = 1e-6
"""Distance [m] by which a place may lie beyond the end of its reach: converted from km."""


def located(
    table: pd.DataFrame, name: str, reaches: pd.DataFrame, labels: pd.Index[Any]
) -> pd.DataFrame:
    """Places of the rows of a table; ``labels`` are those of all nodes."""
    key = name[:-1]
    frame = table.reset_index() if key not in table else table
    columns = [key, "reach", "node", "position", "position_to"]
    frame = frame.reindex(columns=columns).reset_index(drop=True)
    reach, node = text(frame["reach"]), text(frame["node"])
    place = pd.DataFrame(
        {
            "reach_index": reaches.index.get_indexer(pd.Index(reach)),
            "node_index": labels.get_indexer(pd.Index(node)),
            "position": pd.to_numeric(frame["position"], errors="coerce").astype(float),
            "position_to": pd.to_numeric(frame["position_to"], errors="coerce").astype(float),
        }
    )
    place.loc[(reach == "").to_numpy(), ["position", "position_to"]] = (0.0, np.nan)
    place.index = pd.Index(text(frame[key]), name=key)
    on = place["reach_index"].to_numpy()
    length = np.where(on >= 0, reaches["length"].to_numpy()[on], np.inf)
    raise_faults(place_faults(name, place, (reach.to_numpy(), node.to_numpy()), length))
    return place


def place_faults(
    name: str, place: pd.DataFrame, given: tuple[NDArray[Any], NDArray[Any]], length: NDArray[Any]
) -> list[Fault]:
    """Rows of ``name`` that are nowhere, in two places, or beyond the end of their reach.

    ``given`` are the labels of reach and node as written, ``length`` that of the reach (inf at
    a node) [m].
    """
    reach, node = given
    labels = place.index
    faults = [
        Fault(name, label, labels.name, None, "is repeated", "unique labels")
        for label in labels[labels.duplicated()].unique()
    ]
    faults += [
        Fault(name, i + 1, labels.name, None, "is empty", "a label")
        for i in np.flatnonzero(labels == "")
    ]
    problem, right = "and node are both given or both empty", "either a reach or a node"
    one = (reach != "") != (node != "")
    faults += [Fault(name, labels[i], "reach", None, problem, right) for i in np.flatnonzero(~one)]
    for column, written in (("reach", reach), ("node", node)):
        unknown = one & (written != "") & (place[f"{column}_index"].to_numpy() < 0)
        right = f"a {column} of the network"
        faults += [
            Fault(name, labels[i], column, written[i], "is unknown", right)
            for i in np.flatnonzero(unknown)
        ]
    known = one & (place["reach_index"].to_numpy() >= 0)
    start, stop = place["position"].to_numpy(), place["position_to"].to_numpy()
    missing = known & np.isnan(start)
    right = "metres from from_node"
    faults += [
        Fault(name, labels[i], "position", None, "is missing", right)
        for i in np.flatnonzero(missing)
    ]
    end = length + ROUNDING
    off = known & ~missing & ~((start >= 0.0) & (start <= end))
    faults += _beyond(name, "position", place, off, length)
    wide = known & ~np.isnan(stop)
    faults += _beyond(name, "position_to", place, wide & ~(stop <= end), length)
    return faults + [
        Fault(name, labels[i], "position_to", stop[i], "is not beyond position",
              f"more than {start[i]:g} m")
        for i in np.flatnonzero(wide & (stop <= length) & (stop <= start))
    ]  # fmt: skip


def _beyond(
    name: str, column: str, place: pd.DataFrame, bad: Flags, length: NDArray[Any]
) -> Iterable[Fault]:
    """Positions that are not on their reach."""
    for i in np.flatnonzero(bad):
        value, right = place[column].iloc[i], f"0 ≤ {column} ≤ {length[i]:g} m"
        yield Fault(name, place.index[i], column, value, "is not on its reach", right)
