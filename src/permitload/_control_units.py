"""Delineation of control units: which section answers for which stretch of river."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._frames import listed
from permitload._network_checks import land
from permitload.errors import Fault, raise_faults

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_Rank = tuple[int, float, int, int]
"""District borders crossed, metres, spot, stretch: the least comes first."""


@dataclass(frozen=True, slots=True)
class Links:
    """Reaches, then links without length (structures, outlets at nodes); arrays by link."""

    length: Floats
    start: Ints
    stop: Ints
    """Nodes at the ends."""
    polder: NDArray[Any]
    """Label of the polder, empty outside."""
    district: Ints
    """Number of the district, -1 where it is not known."""
    inlets: int
    """How many of the last links only carry an outlet into a node."""

    @property
    def node_polder(self) -> NDArray[Any]:
        """(node) the polder that all reaches at the node lie in, empty if there is none."""
        count = int(max(self.start.max(), self.stop.max())) + 1
        codes, labels = pd.factorize(self.polder)
        low, high = np.full(count, len(labels)), np.full(count, -1)
        real = self.length > 0.0
        for node in (self.start[real], self.stop[real]):
            np.minimum.at(low, node, codes[real])
            np.maximum.at(high, node, codes[real])
        return np.where(low == high, np.asarray(labels, dtype=object)[high], "")


@dataclass(frozen=True, slots=True)
class Units:
    """Links cut at sections into stretches, each with its unit; arrays by stretch."""

    link: Ints
    position: Floats
    position_to: Floats
    tail: Ints
    head: Ints
    """Vertices at the ends: nodes, and the places of sections."""
    unit: Ints
    """Number of the unit; -1 where no section can be reached."""
    names: Mapping[int, str]
    """Unit → the labels of its sections, joined by ``+``."""


def links_of(
    reaches: pd.DataFrame,
    structures: pd.DataFrame,
    labels: pd.Index[Any],
    entered: Ints,
    district: pd.Series[str],
) -> Links:
    """Reaches, structures, and one link more into each node of ``entered``.

    ``labels`` are those of all nodes; ``district`` is indexed by reach, and may leave some
    out. A link without length lies in a polder if every reach at its lower end does.
    """
    loose = len(labels) + np.arange(len(entered))
    start, stop = (
        np.concatenate([labels.get_indexer(pd.Index(t[end])) for t in (reaches, structures)] + [to])
        for end, to in (("from_node", loose), ("to_node", entered))
    )
    more = (0, len(structures) + len(entered))
    polder = reaches["polder"].to_numpy(dtype=object)
    town = pd.factorize(district.reindex(reaches.index))[0].astype(np.int64)
    links = Links(
        np.pad(reaches["length"].to_numpy(), more), start, stop,
        np.append(polder, np.full(more[1], "", dtype=object)),
        np.pad(town, more, constant_values=-1), len(entered),
    )  # fmt: skip
    return replace(links, polder=np.append(polder, links.node_polder[stop[len(reaches) :]]))


def of_tables(
    tables: Mapping[str, pd.DataFrame],
    place: pd.DataFrame,
    polders: pd.DataFrame | None,
    districts: pd.DataFrame | None,
    nodes: Ints | None = None,
) -> Units:
    """Units of a network's tables with sections at ``place``, by its own polders if none given.

    Each of ``nodes`` is entered by one more stretch, without length.
    """
    if place.empty:
        raise_faults([Fault("sections", None, "section", None, "is empty", "a section")])
    reaches, entered = tables["reaches"], np.empty(0, dtype=np.int64) if nodes is None else nodes
    pumps, towns = land(tables["polders"] if polders is None else polders, districts, reaches)
    labels, structures = tables["nodes"].index, tables["structures"]
    links = links_of(reaches, structures, labels, entered, towns["district"])
    outlets = reaches.index.get_indexer(pd.Index(pumps["outlet_reach"]))
    return delineate(links, place, pumps.reset_index().assign(link=outlets))


def delineate(links: Links, place: pd.DataFrame, pumps: pd.DataFrame) -> Units:
    """Give every stretch a unit; the rules are those of ``RiverNetwork.control_units``.

    ``place`` are the sections as ``RiverNetwork.locate`` gives them; ``pumps`` have
    ``polder``, ``link`` (that of the outlet) and ``pump_capacity``.
    """
    spots, number = _spots(place)
    cut, arrival, joined = _cut(links, spots)
    found = _nearest(cut, links, arrival, joined[arrival])
    # sections on one drawn cycle share a unit, whose number is that of the first of them
    ring = _rings(joined[cut.tail], joined[cut.head])[joined[arrival]]
    _, first, member = np.unique(ring, return_index=True, return_inverse=True)
    group = first[member]
    unit = np.where(found >= 0, group[found], -1)
    unit, group = _whole_polders(replace(cut, unit=unit), links, pumps, (spots, group))
    labels: dict[int, list[str]] = defaultdict(list)
    for label, spot in zip(place.index, number, strict=True):
        labels[int(group[spot])].append(str(label))
    names = {key: "+".join(sorted(members)) for key, members in labels.items()}
    return replace(cut, tail=joined[cut.tail], head=joined[cut.head], unit=unit, names=names)


def _spots(place: pd.DataFrame) -> tuple[pd.DataFrame, Ints]:
    """Different places of sections in the order of their labels, and the spot of each section."""
    columns = ["reach_index", "node_index", "position"]
    spots = place.sort_index()[columns].drop_duplicates().reset_index(drop=True)
    keys = pd.MultiIndex.from_frame(spots)
    return spots, keys.get_indexer(pd.MultiIndex.from_frame(place[columns])).astype(np.int64)


def _cut(links: Links, spots: pd.DataFrame) -> tuple[Units, Ints, Ints]:
    """Cut links at the spots: stretches, the vertex above each spot, and what joins them.

    A spot is two vertices that are not linked, one where water arrives and one where it
    leaves, so that a search upstream from one section stops at the next. Water leaves a
    section at a node by the node itself. ``joined`` names one vertex for both.
    """
    nodes = int(max(links.start.max(), links.stop.max())) + 1
    on, at = spots["reach_index"].to_numpy(), spots["node_index"].to_numpy()
    arrival = nodes + 2 * np.arange(len(spots))
    leaving = np.where(on >= 0, arrival + 1, at)
    joined = np.arange(nodes + 2 * len(spots))
    joined[arrival] = leaving
    end = np.arange(nodes)
    end[at[at >= 0]] = arrival[at >= 0]
    # one row for the start of each link and one for each cut; each row lasts until the next
    cuts, count = np.flatnonzero(on >= 0), links.length.size
    link = np.concatenate([np.arange(count), on[cuts]])
    position = np.concatenate([np.zeros(count), spots["position"].to_numpy()[cuts]])
    tail = np.concatenate([links.start, leaving[cuts]])
    above = np.concatenate([np.full(count, -1), arrival[cuts]])
    order = np.lexsort((np.arange(link.size), position, link))
    link, position, tail, above = link[order], position[order], tail[order], above[order]
    last = np.append(link[1:] != link[:-1], True)
    stop = np.where(last, links.length[link], np.append(position[1:], 0.0))
    head = np.where(last, end[links.stop[link]], np.append(above[1:], -1))
    return Units(link, position, stop, tail, head, np.full(link.size, -1), {}), arrival, joined


def _nearest(cut: Units, links: Links, arrival: Ints, leaving: Ints) -> Ints:
    """Spot of each stretch: the first below it; elsewhere that of the water next to it."""
    lengths = (cut.position_to - cut.position).tolist()
    towns = links.district[cut.link].tolist()
    tails, heads = cut.tail.tolist(), cut.head.tolist()
    entering: dict[int, list[int]] = defaultdict(list)
    touching: dict[int, list[int]] = defaultdict(list)
    for k, (tail, head) in enumerate(zip(tails, heads, strict=True)):
        entering[head].append(k)
        touching[head].append(k)
        touching[tail].append(k)
    seeds = [(0, lengths[k], s, k) for s, vertex in enumerate(arrival) for k in entering[vertex]]
    found = _spread(seeds, lengths, towns, (entering, [(tail,) for tail in tails]))
    if len(found) < len(lengths):
        above = dict(zip(leaving.tolist(), range(len(leaving)), strict=True))
        # at one distance a section just above comes before other water: its number is lower
        seeds = [(0, 0.0, s + len(arrival), k) for k, s in found.items()]
        seeds += [
            (0, lengths[k], above[tail], k)
            for k, tail in enumerate(tails)
            if tail in above and k not in found
        ]
        # an outlet takes its unit from the water, and passes none on
        water = (cut.link < links.length.size - links.inlets).tolist()
        ends = [both if w else () for *both, w in zip(tails, heads, water, strict=True)]
        others = _spread(seeds, lengths, towns, (touching, ends))
        found = {k: s % len(arrival) for k, s in others.items()} | found
    return np.array([found.get(k, -1) for k in range(len(lengths))], dtype=np.int64)


def _spread(
    seeds: Iterable[_Rank],
    lengths: Sequence[float],
    towns: Sequence[int],
    steps: tuple[Mapping[int, list[int]], Sequence[Sequence[int]]],
) -> dict[int, int]:
    """Spot that each stretch is nearest to: fewest district borders, then the shortest way.

    ``steps`` are the stretches at each vertex, and the vertices over which to go on from a
    stretch. Every stretch takes the spot of a stretch next to it, so that units hang together.
    """
    at, onward = steps
    found: dict[int, int] = {}
    heap = list(seeds)
    heapify(heap)
    while heap:
        borders, distance, spot, k = heappop(heap)
        if k in found:
            continue
        found[k] = spot
        for vertex in onward[k]:
            for j in at.get(vertex, ()):
                if j not in found:
                    border = towns[j] != towns[k] and towns[j] >= 0 and towns[k] >= 0
                    heappush(heap, (borders + border, distance + lengths[j], spot, j))
    return found


def _rings(tail: Ints, head: Ints) -> Ints:
    """Give each vertex the number of its drawn cycle, or one of its own where it is on none."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = int(max(tail.max(), head.max())) + 1
    drawn = coo_array((np.ones(tail.size), (tail, head)), shape=(count, count))
    return np.asarray(connected_components(drawn, connection="strong")[1], dtype=np.int64)


def _whole_polders(
    cut: Units, links: Links, pumps: pd.DataFrame, spots: tuple[pd.DataFrame, Ints]
) -> tuple[Ints, Ints]:
    """Units of stretches and spots once every polder goes where most of its water is pumped.

    Sections inside the polder go with it: they join the unit that receives it.
    """
    (places, group), unit = spots, cut.unit.copy()
    polder = links.polder[cut.link]
    on, at = places["reach_index"].to_numpy(), places["node_index"].to_numpy()
    spot_polder = np.where(on >= 0, links.polder[on], links.node_polder[at])
    proper = np.flatnonzero(cut.position_to > cut.position)[::-1]
    uppermost = np.full(links.length.size, -1)
    uppermost[cut.link[proper]] = proper
    outlet = pumps["link"].to_numpy()
    outward = links.polder[outlet] != pumps["polder"].to_numpy()
    rows = {p: np.flatnonzero(outward & (pumps["polder"] == p)) for p in set(polder) - {""}}
    right = "an outlet_reach outside the polder"
    raise_faults(
        Fault("polders", p, "outlet_reach", None, "is missing", right)
        for p in sorted(rows)
        if not rows[p].size
    )
    waiting = sorted(rows)
    while waiting:
        # a polder that pumps into another one comes after it
        into = {p: set(links.polder[outlet[rows[p]]]) for p in waiting}
        now = next((p for p in waiting if not into[p] & set(waiting)), waiting[0])
        waiting.remove(now)
        receivers = unit[uppermost[outlet[rows[now]]]]
        capacity = pd.Series(pumps["pump_capacity"].to_numpy()[rows[now]])
        receiver = int(capacity.groupby(receivers).sum().idxmax())
        inner = np.unique(group[spot_polder == now])
        unit[(polder == now) | np.isin(unit, inner)] = receiver
        group = np.where(np.isin(group, inner), receiver, group)
    return unit, group


def table(units: Units, reaches: pd.Index[Any]) -> pd.DataFrame:
    """Stretches of the reaches, without those that have no length."""
    real = units.position_to > units.position
    lost = reaches[np.unique(units.link[real & (units.unit < 0)])]
    right = "a control section on every connected part of the network"
    if len(lost):
        raise_faults([Fault("reaches", None, "reach", listed(lost), "lead to no section", right)])
    name = pd.Series(units.names)[units.unit[real]].to_numpy()
    return pd.DataFrame(
        {
            "reach": reaches[units.link[real]],
            "position": units.position[real],
            "position_to": units.position_to[real],
            "control_unit": name,
            "bidirectional": np.isin(units.unit[real], _cyclic(units, len(reaches))),
            "controlling": name,
        }
    )


def _cyclic(units: Units, reaches: int) -> Ints:
    """Units that hold a drawn cycle, or that water can leave and come back to."""
    # the piece between the end of a reach and a section there is no water: it joins the two
    none = (units.position == units.position_to) & (units.link < reaches)
    same = np.arange(int(max(units.tail.max(), units.head.max())) + 1)
    same[np.maximum(units.tail, units.head)[none]] = np.minimum(units.tail, units.head)[none]
    known = (units.unit >= 0) & ~none
    tail, head, unit = same[units.tail[known]], same[units.head[known]], units.unit[known]
    ring = _rings(tail, head)
    within = unit[ring[tail] == ring[head]]
    # water passes from a vertex into a unit and on to the next vertex
    number = same.size + unit
    ring = _rings(np.concatenate([tail, number]), np.concatenate([number, head]))
    each = np.unique(unit)
    shared = np.bincount(ring[same.size + each])[ring[same.size + each]] > 1
    return np.union1d(within, each[shared])


def units_at(units: Units, links: Ints, places: pd.DataFrame, name: str) -> list[str]:
    """Name of the unit of each place: on ``links``, at ``position`` or up to ``position_to``.

    A place at a section lies above it, because the section judges its load.
    """
    first = np.searchsorted(units.link, np.arange(int(units.link[-1]) + 2))
    found, faults = [], []
    start, stop = places["position"].to_numpy(), places["position_to"].to_numpy()
    for row, link in enumerate(links):
        here = slice(first[link], first[link + 1])
        ends = units.position_to[here]
        if np.isnan(stop[row]):
            over = [int(np.searchsorted(ends, start[row]))]
        else:
            upper = int(np.searchsorted(ends, start[row], side="right"))
            over = list(range(upper, int(np.searchsorted(ends, stop[row])) + 1))
        labels = [units.names.get(unit, "") for unit in units.unit[here][over]]
        changes = [i for i in range(1, len(labels)) if labels[i] != labels[0]]
        if changes:
            problem = f"lies in unit {labels[changes[0]]}, but position in unit {labels[0]}"
            right = f"at most {units.position[here][over[changes[0]]]:g} m, and another row beyond"
            label = places.index[row]
            faults.append(Fault(name, label, "position_to", stop[row], problem, right))
        elif not labels[0]:
            right = "a place on a part of the network with a section"
            label, key = places.index[row], str(places.index.name)
            faults.append(Fault(name, label, key, None, "leads to no section", right))
        found.append(labels[0])
    raise_faults(faults)
    return found
