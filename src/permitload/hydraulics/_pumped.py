"""Parts of a network, such as polders, that water leaves through pumps alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload.errors import Fault
from permitload.hydraulics._arrays import PUMP, Links
from permitload.hydraulics._boundary import Given
from permitload.hydraulics._mesh import Mesh
from permitload.network import RiverNetwork

__all__ = ["overtaxed", "pumped_level"]

MM_PER_DAY = 1e-3 / 86400.0
"""[m/s]"""


def overtaxed(
    given: Given, network: RiverNetwork, ends: NDArray[np.int64], mesh: Mesh
) -> list[Fault]:
    """Polders that take in more than their pumps lift, or lose more than they take in.

    Neither has a steady state. Parts that other structures lead to, or whose storage has a
    curve, are left to the computation. ``ends`` are pairs of nodes
    that are joined for good.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes, links = network.nodes, network.structures
    count, pump = len(nodes), (links["structure_type"] == "pump").to_numpy()
    joint = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    parts, part = connected_components(joint, directed=False)
    away, into = (
        part[nodes.index.get_indexer(pd.Index(links[end]))] for end in ("from_node", "to_node")
    )
    lift = np.bincount(away[pump], links["pump_capacity"].to_numpy(dtype=float)[pump], parts)
    alone = np.isin(np.arange(parts), away[pump])
    alone[np.concatenate([into, away[~pump]])] = False
    alone[part[given.rows["stage"]]] = False
    alone[part[np.array(list(given.ratings), dtype=np.int64)]] = False
    taken = _entering(given, network, part, mesh)
    faults = []
    for k in np.flatnonzero(alone):
        place = f"part with node {nodes.index[part == k][0]}"
        for p in np.flatnonzero((taken[k] > lift[k]) | (taken[k] < 0.0)):
            what = "enters, more than its pumps lift" if taken[k, p] > 0.0 else "leaves by itself"
            right = f"0 to {lift[k]:g} m3/s: nothing else takes water out"
            where = f"{place}, {given.axis.name} {given.axis[p]}"
            faults.append(Fault("boundaries", where, "flow", round(taken[k, p], 6), what, right))
    return faults


def pumped_level(mesh: Mesh, links: Links, given: Given) -> NDArray[np.float64]:
    """(node) level within that of the pumps of a part of reaches that no stage or rating holds.

    -inf where there are no pumps.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count, pump = len(mesh.storage), links.kind == PUMP
    pairs = np.ones(len(mesh.start)), (mesh.start, mesh.stop)
    parts, part = connected_components(coo_array(pairs, shape=(count, count)), directed=False)
    level = np.full(parts, -np.inf)
    np.maximum.at(level, part[links.start[pump]], links.switch[pump].mean(axis=1))
    level[part[given.rows["stage"]]] = -np.inf
    level[part[np.array(list(given.ratings), dtype=np.int64)]] = -np.inf
    return np.asarray(level[part])


def _entering(
    given: Given, network: RiverNetwork, part: NDArray[np.int64], mesh: Mesh
) -> NDArray[np.float64]:
    """(part, period) water that boundaries, rain and evaporation bring [m3/s]; NaN of a curve."""
    taken = np.zeros((int(part.max()) + 1, given.axis.size))
    stores = np.flatnonzero(mesh.storage >= 0)
    stores = stores[np.diff(mesh.stack)[mesh.storage[stores]] == 1]
    surface = np.full((len(mesh.storage), 1), np.nan)
    surface[stores, 0] = mesh.width[mesh.stack[mesh.storage[stores]]] * MM_PER_DAY
    rows, values = given.rows, given.values
    np.add.at(taken, part[rows["flow"]], values["flow"])
    np.add.at(taken, part[network.from_index[rows["lateral_flow"]]], values["lateral_flow"])
    np.add.at(taken, part[rows["rain"]], values["rain"] * surface[rows["rain"]])
    np.add.at(
        taken, part[rows["evaporation"]], -values["evaporation"] * surface[rows["evaporation"]]
    )
    return taken
