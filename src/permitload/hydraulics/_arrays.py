"""What a computation of flow holds besides the mesh, as arrays that kernels read and write."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from permitload.hydraulics._mesh import Mesh

__all__ = [
    "CULVERT",
    "GATE",
    "PUMP",
    "RATING",
    "WEIR",
    "Forcing",
    "Links",
    "Record",
    "Shots",
    "State",
    "blank",
    "record",
    "shots",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEIR, GATE, CULVERT, PUMP, RATING = range(5)


class Links(NamedTuple):
    """Structures, then rating curves; s links."""

    kind: Ints
    start: Ints
    """(s) row of from_node."""
    stop: Ints
    """(s) row of to_node, -1 outside."""
    crest: Floats
    """(s) sill; -inf where an opening is always drowned [m]."""
    width: Floats
    factor: Floats
    """(s) coefficient of discharge, sum of losses, or pump capacity."""
    length: Floats
    roughness: Floats
    switch: Floats
    """(s, 2) stages at which a pump starts and stops [m]."""
    one_way: Ints
    first: Ints
    """(s + 1) first point of its rating curve."""
    rating_stage: Floats
    rating_flow: Floats
    rule: Ints
    """(rules, 2) link and node, -1 for none, in the order in which they count."""
    bound: Floats
    """(rules, 5) above, below [m], after, before [s], opening [m]."""


class Forcing(NamedTuple):
    """Boundary series, straight between instants; k instants."""

    time: Floats
    """(k) seconds after the start."""
    stage_node: Ints
    stage: Floats
    """(nodes, k) [m]."""
    flow_node: Ints
    flow: Floats
    """(nodes, k) [m3/s]; ``flow_sum`` is its integral [m3]."""
    flow_sum: Floats
    side_reach: Ints
    side: Floats
    """(reaches, k) [m3/s]."""
    side_sum: Floats
    rain_node: Ints
    rain: Floats
    """(nodes, k) rain less evaporation [m/s]."""
    gate: Ints
    opening: Floats
    """(links, k) [m]."""


class State(NamedTuple):
    """Unknowns and room to work; 0 old and 1 new, cells c, faces f, nodes n."""

    z0: Floats
    z1: Floats
    v0: Floats
    v1: Floats
    q0: Floats
    q1: Floats
    qt: Floats
    """(f) flow in between, which carries the water of a step."""
    zrate: Floats
    """(c) pace of the stage in the last step [m/s]; ``zbend`` is how it bends [m/s2]."""
    qrate: Floats
    zbend: Floats
    qbend: Floats
    last: Floats
    """Length of the last step [s], and 1 if a bent line foretold it better than a straight one."""
    side: Floats
    """(c) water from outside [m3/s]."""
    along: Floats
    """(r) lateral flow per length [m2/s]."""
    fix: Floats
    """(n) stage to hold; NaN where it is free [m]."""
    c: Floats
    l: Floats  # noqa: E741  # left
    r: Floats
    e: Floats
    f: Floats
    g: Floats
    dz: Floats
    values: Floats
    right: Floats
    work: Floats
    link: Floats
    """(s, 6) flow of a link, its growth with both stages, its flow an iteration before; its flow in
    the last step, and the pace of that."""
    opening: Floats
    on: Floats
    """(s) 1 while a pump runs, -1 for one that runs as needed."""


class Record(NamedTuple):
    """What output intervals add up, each in a row of its own."""

    forward: Floats
    """(f) water along the drawing [m3]."""
    backward: Floats
    link_forward: Floats
    link_backward: Floats
    outside: Floats
    """(c) water from outside, with its sign [m3]."""
    water_in: Floats
    """(n) water that enters at a node [m3]."""
    water_out: Floats
    limit: Floats
    """(c) times that a cell limited the step."""
    applied: Floats
    """(rules) time that a rule held [s]."""
    steps: Floats
    """Steps, then the greatest difference of the volumes by stage and by flow, over the sum."""


class Shots(NamedTuple):
    """What holds at instants, each in a row of its own."""

    stage: Floats
    """(c) [m]."""
    volume: Floats
    """(c) [m3]."""
    flow: Floats
    """(f) [m3/s]."""
    link: Floats
    """(s) [m3/s]."""
    opening: Floats
    """(s) [m]."""
    sums: Floats
    """(r, 6) flow at the middle, volume, water surface, Froude number: greatest, and at ends."""


def record(mesh: Mesh, links: Links, count: int) -> Record:
    """Make records of zeros, one for each of ``count`` intervals."""
    cells, faces, nodes = int(mesh.inner[-1]), int(mesh.face[-1]), len(mesh.storage)
    link = len(links.kind)
    sizes = (faces, faces, link, link, cells, nodes, nodes, cells, len(links.rule), 2)
    return Record(*(np.zeros((count, size)) for size in sizes))


def shots(mesh: Mesh, links: Links, count: int) -> Shots:
    """Room for ``count`` instants."""
    cells, faces, link = int(mesh.inner[-1]), int(mesh.face[-1]), len(links.kind)
    stage, volume = np.empty((count, cells)), np.empty((count, cells))
    flow, opening = np.empty((count, link)), np.empty((count, link))
    sums = np.empty((count, len(mesh.start), 6))
    return Shots(stage, volume, np.empty((count, faces)), flow, opening, sums)


def blank(mesh: Mesh, links: Links, opening: Floats) -> State:
    """State of zeros."""
    cells, faces, nodes = int(mesh.inner[-1]), int(mesh.face[-1]), len(mesh.storage)
    cell = [np.zeros(cells) for _ in range(10)]
    face = [np.zeros(faces) for _ in range(8)]
    z0, z1, v0, v1, zrate, zbend, side, e, f, g = cell
    q0, q1, qt, qrate, qbend, c, left, r = face
    return State(
        z0, z1, v0, v1, q0, q1, qt, zrate, qrate, zbend, qbend, np.zeros(2), side,
        np.zeros(len(mesh.start)),
        np.full(nodes, np.nan), c, left, r, e, f, g, np.zeros(cells),
        np.zeros(len(mesh.columns)), np.zeros(nodes), np.zeros(nodes),
        np.zeros((len(links.kind), 6)), opening.copy(), np.zeros(len(links.kind)),
    )  # fmt: skip
