"""Random networks with loops, parallel reaches, reversed flows and water that circles."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import strategies as st

from permitload import RiverNetwork, hydraulics, quality


@dataclass(frozen=True)
class Case:
    """One random network with its water, outlets, sections and loads."""

    reaches: pd.DataFrame
    nodes: pd.DataFrame
    flow: xr.DataArray
    area: pd.Series
    dispersion: np.ndarray
    outlets: pd.DataFrame
    sections: pd.DataFrame
    load: xr.DataArray
    inflow: xr.DataArray
    kinetics: dict[str, dict[str, float]]

    @property
    def network(self) -> RiverNetwork:
        return RiverNetwork(self.reaches, self.nodes)

    @property
    def water(self) -> xr.Dataset:
        found = hydraulics.from_flow(self.network, self.flow, area=self.area)
        if not self.dispersion.any():
            return found
        spread = xr.DataArray(self.dispersion, {"reach": self.reaches["reach"].to_numpy(object)})
        return found.assign(dispersion=spread.expand_dims(period=found["period"]).transpose())

    def steady(self) -> xr.Dataset:
        return quality.steady(self.network, self.water, self.outlets, self.load, self.inflow,
                              self.kinetics)  # fmt: skip

    def response(self) -> xr.Dataset:
        return quality.response(self.network, self.water, self.outlets, self.sections,
                                self.kinetics)  # fmt: skip

    def at(self) -> xr.DataArray:
        return quality.at(self.sections, self.steady())

    def with_(self, **changes: object) -> "Case":
        return replace(self, **changes)


def random_case(seed: int, nodes: int, reaches: int, dispersed: bool = False) -> Case:
    """Flows of either sign on a connected random multigraph; residuals cross the boundary."""
    rng = np.random.default_rng(seed)
    names = [f"n{i}" for i in range(nodes)]
    ends = [(int(rng.integers(i)), i) for i in range(1, nodes)]
    while len(ends) < reaches:
        a, b = rng.choice(nodes, 2, replace=False)
        ends.append((int(a), int(b)))
    flip = rng.random(len(ends)) < 0.5
    ends = [(b, a) if f else (a, b) for (a, b), f in zip(ends, flip, strict=True)]
    labels = np.array([f"R{i}" for i in range(len(ends))], dtype=object)
    length = rng.uniform(200.0, 9000.0, len(ends))
    table = pd.DataFrame({"reach": labels, "from_node": [names[a] for a, _ in ends],
                          "to_node": [names[b] for _, b in ends], "length": length})  # fmt: skip
    periods = ["wet", "dry"]
    flow = rng.uniform(0.05, 20.0, (len(ends), 2)) * rng.choice([-1.0, 1.0], (len(ends), 2))
    tanks = rng.random(nodes) < 0.3
    node_table = pd.DataFrame({"node": names,
                               "storage_volume": np.where(tanks, 1e5, 0.0),
                               "storage_area": np.where(tanks, 5e4, 0.0)})  # fmt: skip
    where = rng.integers(len(ends), size=6)
    outlets = pd.DataFrame({
        "outlet": [f"O{i}" for i in range(8)],
        "reach": [*labels[where], "", ""],
        "node": [""] * 6 + [names[0], names[-1]],
        "position": [*(rng.random(6) * length[where]), 0.0, 0.0],
        "position_to": [np.nan] * 8,
        "effluent_flow": np.where(rng.random(8) < 0.5, rng.uniform(0.0, 0.5, 8), 0.0),
    })  # fmt: skip
    if not dispersed:
        outlets.loc[5, ["position", "position_to"]] = [0.0, length[where[5]]]
    spots = rng.integers(len(ends), size=4)
    sections = pd.DataFrame({
        "section": [f"S{i}" for i in range(5)],
        "reach": [*labels[spots], ""],
        "node": [""] * 4 + [names[nodes // 2]],
        "position": [0.0, *(rng.random(2) * length[spots[1:3]]), length[spots[3]], 0.0],
    })  # fmt: skip
    pollutants = ["P", "F"]
    load = xr.DataArray(rng.uniform(0.0, 500.0, (8, 2, 2)),
                        {"outlet": outlets["outlet"].to_numpy(object), "pollutant": pollutants,
                         "period": periods}, ("outlet", "pollutant", "period"))  # fmt: skip
    inflow = xr.DataArray(rng.uniform(0.0, 30.0, (nodes, 2, 2)),
                          {"node": names, "pollutant": pollutants, "period": periods},
                          ("node", "pollutant", "period"))  # fmt: skip
    area = pd.Series(rng.uniform(5.0, 80.0, len(ends)), index=pd.Index(labels, name="reach"))
    mixed = np.where(rng.random(len(ends)) < 0.6, rng.uniform(0.5, 80.0, len(ends)), 0.0)
    flow_array = xr.DataArray(flow, {"reach": labels, "period": periods}, ("reach", "period"))
    return Case(
        table, node_table, flow_array.assign_coords(days=("period", [153.0, 212.0])), area,
        mixed if dispersed else np.zeros(len(ends)), outlets, sections, load, inflow,
        {"P": {"decay": 0.3, "settling": 0.0}, "F": {"decay": 0.0}},
    )  # fmt: skip


def cases(dispersed: bool = False) -> st.SearchStrategy[Case]:
    """Networks from a single river to a dense web."""
    return st.builds(
        random_case,
        seed=st.integers(0, 2**32 - 1),
        nodes=st.integers(2, 12),
        reaches=st.integers(1, 24),
        dispersed=st.just(dispersed),
    )
