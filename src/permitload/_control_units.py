"""Delineation of control units: which section answers for which stretch of river."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from permitload.errors import Fault, raise_faults
from permitload.schema import text

_NEAR = 1e-6
"""Added to every length [m], because a sparse graph drops links of length zero."""


def delineate(
    reaches: pd.DataFrame,
    sections: pd.DataFrame,
    pumps: pd.DataFrame,
    districts: pd.DataFrame | None,
) -> pd.DataFrame:
    """Table of stretches with their control unit; see ``RiverNetwork.control_units``."""
    places = _places(sections, reaches)
    stretches = _stretches(reaches, places)
    names = _unit_names(reaches, places)
    stretches["control_unit"] = _assign(stretches, places, districts).map(names)
    _keep_polders_whole(stretches, reaches, pumps)
    cyclic = _cyclic_units(stretches)
    stretches["bidirectional"] = stretches["control_unit"].isin(cyclic)
    stretches["controlling"] = stretches["control_unit"]
    proper = stretches[stretches["position_to"] > stretches["position"]]
    return proper.drop(columns=["tail", "head", "length", "polder"]).reset_index(drop=True)


def _places(sections: pd.DataFrame, reaches: pd.DataFrame) -> pd.DataFrame:
    """Sections with ``reach``, ``node`` and ``position``, checked against the reaches."""
    frame = sections if "section" in sections.columns else sections.reset_index()
    frame = frame.reindex(columns=["section", "reach", "node", "position"]).reset_index(drop=True)
    frame = frame.fillna({"position": 0.0}).assign(
        reach=text(frame["reach"]), node=text(frame["node"])
    )
    nodes = set(reaches["from_node"]) | set(reaches["to_node"])
    faults = []
    for row in frame.itertuples():
        if row.reach and row.reach not in reaches.index:
            right = "a reach of reaches"
            faults.append(Fault("sections", row.section, "reach", row.reach, "is unknown", right))
        elif row.reach and not 0.0 <= row.position <= reaches.loc[row.reach, "length"]:
            right = f"0 ≤ position ≤ {reaches.loc[row.reach, 'length']:g} m"
            problem = f"is not on reach {row.reach}"
            faults.append(Fault("sections", row.section, "position", row.position, problem, right))
        elif not row.reach and row.node not in nodes:
            faults.append(Fault("sections", row.section, "node", row.node, "is unknown", "a node"))
    raise_faults(faults)
    return frame.set_index("section")


def _stretches(reaches: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Cut every reach at its sections; ``tail`` and ``head`` name the vertices it joins.

    A section is two vertices that are not linked, one where water arrives (``in``) and one
    where it leaves (``out``): a search upstream from one section stops at the next.
    """
    at_node = {str(row.node): label for label, row in places.iterrows() if not row.reach}
    on_reach = places[places["reach"] != ""].sort_values("position", kind="stable")
    cuts = {reach: list(group.index) for reach, group in on_reach.groupby("reach")}
    rows = []
    for reach, row in zip(reaches.index, reaches.itertuples(), strict=True):
        tail, start = f"node {row.from_node}", 0.0
        for section in cuts.get(reach, []):
            stop = float(places.loc[section, "position"])
            rows.append((reach, start, stop, tail, f"in {section}"))
            tail, start = f"out {section}", stop
        end = at_node.get(row.to_node)
        head = f"node {row.to_node}" if end is None else f"in {end}"
        rows.append((reach, start, float(row.length), tail, head))
    frame = pd.DataFrame(rows, columns=["reach", "position", "position_to", "tail", "head"])
    frame["length"] = frame["position_to"] - frame["position"]
    frame["polder"] = reaches["polder"].reindex(frame["reach"]).to_numpy()
    return frame


def _graph(
    stretches: pd.DataFrame, vertices: pd.Index[Any], head: str, tail: str
) -> csr_array[Any, tuple[int, int]]:
    """Sparse graph of the shortest link between two vertices, from ``head`` to ``tail``."""
    links = stretches.groupby([head, tail], sort=False)["length"].min()
    rows = vertices.get_indexer(links.index.get_level_values(0))
    columns = vertices.get_indexer(links.index.get_level_values(1))
    count = len(vertices)
    return csr_array((links.to_numpy() + _NEAR, (rows, columns)), shape=(count, count))


def _assign(
    stretches: pd.DataFrame, places: pd.DataFrame, districts: pd.DataFrame | None
) -> pd.Series[str]:
    """Section of each stretch: first below; else nearest above; else nearest at all."""
    labels = list(places.index)
    ends = [f"in {s}" for s in labels] + [f"out {s}" for s in labels]
    vertices = pd.Index(
        pd.unique(pd.concat([stretches["tail"], stretches["head"], pd.Series(ends)]))
    )
    inner, outer = (
        vertices.get_indexer(ends[: len(labels)]),
        vertices.get_indexer(ends[len(labels) :]),
    )
    tail, head = vertices.get_indexer(stretches["tail"]), vertices.get_indexer(stretches["head"])
    upstream = _graph(stretches, vertices, "head", "tail")
    below = dijkstra(upstream, indices=inner)[:, head] + stretches["length"].to_numpy()
    above = dijkstra(_graph(stretches, vertices, "tail", "head"), indices=outer)[:, tail]
    near = np.minimum(
        dijkstra(upstream, directed=False, indices=inner)[:, head],
        dijkstra(upstream, directed=False, indices=outer)[:, tail],
    )
    prefer = _same_district(stretches, places, districts)
    choice = np.full(len(stretches), -1)
    for distance in (below, above, near):
        reached = np.isfinite(distance)
        ranked = np.where(reached, distance, np.inf) - np.where(prefer & reached, 1e12, 0.0)
        free = (choice < 0) & reached.any(axis=0)
        choice[free] = ranked.argmin(axis=0)[free]
    lost = sorted(set(stretches.loc[choice < 0, "reach"]))
    right = "a control section on every connected part of the network"
    raise_faults(
        [Fault("sections", None, "section", ", ".join(lost[:10]), "lead to no section", right)]
        if lost
        else []
    )
    return pd.Series([labels[i] for i in choice], index=stretches.index)


def _same_district(
    stretches: pd.DataFrame, places: pd.DataFrame, districts: pd.DataFrame | None
) -> NDArray[np.bool_]:
    """Whether section and stretch lie in one known district, (section, stretch)."""
    if districts is None:
        return np.zeros((len(places), len(stretches)), dtype=bool)
    frame = districts.set_index("reach") if "reach" in districts.columns else districts
    town = frame["district"]
    section_town = town.reindex(places["reach"]).to_numpy(dtype=object)[:, None]
    stretch_town = town.reindex(stretches["reach"]).to_numpy(dtype=object)[None, :]
    return np.asarray((section_town == stretch_town) & pd.notna(stretch_town), dtype=bool)


def _unit_names(reaches: pd.DataFrame, places: pd.DataFrame) -> dict[str, str]:
    """Name of the unit of each section; sections of one drawn cycle share a unit."""
    nodes = pd.Index(pd.unique(pd.concat([reaches["from_node"], reaches["to_node"]])))
    tail, head = nodes.get_indexer(reaches["from_node"]), nodes.get_indexer(reaches["to_node"])
    links = csr_array((np.ones(len(reaches)), (tail, head)), shape=(len(nodes), len(nodes)))
    count, ring = connected_components(links, directed=True, connection="strong")
    large = np.bincount(ring, minlength=count) > 1
    members: dict[int, list[str]] = {}
    for label, row in places.iterrows():
        if row.reach:
            ends = ring[nodes.get_indexer([reaches.loc[row.reach, "from_node"],
                                           reaches.loc[row.reach, "to_node"]])]  # fmt: skip
        else:
            ends = ring[nodes.get_indexer([row.node, row.node])]
        if ends[0] == ends[1] and large[ends[0]]:
            members.setdefault(int(ends[0]), []).append(str(label))
    names = {str(label): str(label) for label in places.index}
    for group in members.values():
        names.update(dict.fromkeys(group, "+".join(sorted(group))))
    return names


def _keep_polders_whole(
    stretches: pd.DataFrame, reaches: pd.DataFrame, pumps: pd.DataFrame
) -> None:
    """Give every reach of a polder the unit that receives most of its pump capacity."""
    inside = reaches["polder"]
    faults = []
    for polder in sorted(set(inside) - {""}):
        rows = pumps[(pumps.index == polder).astype(bool)]
        outward = rows[inside.reindex(rows["outlet_reach"]).to_numpy() != polder]
        if outward.empty:
            right = "an outlet_reach outside the polder"
            faults.append(Fault("polders", polder, "outlet_reach", None, "is missing", right))
            continue
        first = stretches.drop_duplicates("reach").set_index("reach")["control_unit"]
        units = pd.Series(
            outward["pump_capacity"].to_numpy(dtype=float),
            index=first.reindex(outward["outlet_reach"]).to_numpy(),
        )
        received = units.fillna(0.0).groupby(level=0).sum().sort_index()
        stretches.loc[stretches["polder"] == polder, "control_unit"] = received.idxmax()
    raise_faults(faults)


def _cyclic_units(stretches: pd.DataFrame) -> set[str]:
    """Units that hold a drawn cycle, or that lie with others on a cycle of units."""
    leaving = stretches[["tail", "control_unit"]].assign(
        vertex=stretches["tail"].str.replace("out ", "in ", regex=False)
    )
    entering = stretches[["head", "control_unit"]].rename(columns={"head": "vertex"})
    pairs = entering.merge(leaving, on="vertex", suffixes=("_up", "_down"))
    units = pd.Index(sorted(set(stretches["control_unit"])))
    up, down = (
        units.get_indexer(pairs["control_unit_up"]),
        units.get_indexer(pairs["control_unit_down"]),
    )
    links = csr_array((np.ones(len(pairs)), (up, down)), shape=(len(units), len(units)))
    count, ring = connected_components(links, directed=True, connection="strong")
    large = np.bincount(ring, minlength=count) > 1
    return {str(units[i]) for i in np.flatnonzero(large[ring])} | _rings(stretches)


def _rings(stretches: pd.DataFrame) -> set[str]:
    """Units of stretches that lie on a drawn cycle."""
    tail = stretches["tail"].str.replace("out ", "in ", regex=False)
    vertices = pd.Index(pd.unique(pd.concat([tail, stretches["head"]])))
    start, stop = vertices.get_indexer(tail), vertices.get_indexer(stretches["head"])
    count = len(vertices)
    links = csr_array((np.ones(len(stretches)), (start, stop)), shape=(count, count))
    _, ring = connected_components(links, directed=True, connection="strong")
    return set(stretches.loc[ring[start] == ring[stop], "control_unit"])
