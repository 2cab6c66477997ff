"""Loads and effluent where no water flows: they have no steady concentration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from permitload.errors import Fault
from permitload.quality._inputs import Inputs
from permitload.quality._state import State

__all__ = ["dry_faults"]

Floats = NDArray[np.float64]


def dry_faults(known: Inputs, water: State, load: Floats, i: int) -> list[Fault]:
    """List loads and effluent that no water carries."""
    faults: list[Fault] = []
    place = known.outlets
    reach, node = place["reach_index"].to_numpy(), place["node_index"].to_numpy()
    wide = place["position_to"].to_numpy() > place["position"].to_numpy()
    loaded = (load != 0.0).any(axis=1)
    effluent = place["effluent_flow"].to_numpy() > 0.0
    in_reach, in_node = reach >= 0, node >= 0
    dispersed = in_reach & (water.dispersion[reach] > 0.0)
    still = in_reach & ~water.active[reach]
    shape = (len(load), known.pollutants.size, load.shape[1] // max(known.pollutants.size, 1))
    by_pollutant = (load != 0.0).reshape(shape).any(axis=2)
    unlost = (by_pollutant & ~(known.loss[node, :, i] > 0.0)).any(axis=1)
    spread = water.dispersion > 0.0
    joined = np.isin(node, np.concatenate([water.up[spread], water.down[spread]]))
    dry = in_node & (water.through[node] == 0.0) & unlost & ~joined & ~known.held[node]
    for bad, column, problem, right in (
        (still & ~dispersed & loaded, "reach", "has a load but its reach has no flow",
         "a flow in flows, or dispersion"),
        (still & effluent, "effluent_flow", "enters a reach without flow, so has no direction",
         "a flow in flows of at least the effluent"),
        (in_node & effluent & (water.given[node] == 0.0), "effluent_flow",
         "enters a node that no flow leaves, so has no direction",
         "a flow in flows of at least the effluent"),
        (dispersed & wide & (loaded | effluent), "position_to",
         "spreads a load along a reach with dispersion", "several outlets, each at a position"),
        (dry, "node", "has a load but no water leaves its node", "a flow in flows"),
    ):  # fmt: skip
        text = f"{problem} in period {known.periods[i]}"
        faults.extend(
            Fault("outlets", place.index[o], column, None, text, right) for o in np.flatnonzero(bad)
        )
    return faults
