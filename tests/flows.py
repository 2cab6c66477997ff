"""Networks and boundaries of the cases of computed flow, and small networks of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload import RiverNetwork

START = pd.Timestamp("2025-01-01")
NAMES = {
    "id": "reach", "from": "from_node", "to": "to_node", "length_m": "length",
    "bottom_width_m": "width", "manning_n": "roughness", "bed_from_m": "bed_from",
    "bed_to_m": "bed_to",
}  # fmt: skip


def network(reaches: Sequence[Mapping[str, Any]], **tables: pd.DataFrame) -> RiverNetwork:
    """Network of a case."""
    return RiverNetwork(pd.DataFrame(list(reaches)).rename(columns=NAMES), **tables)


def channel(**changes: Any) -> dict[str, Any]:
    """One reach, 20 m wide, 3 km long, level."""
    usual = {
        "reach": "R", "from_node": "a", "to_node": "b", "length": 3000.0, "width": 20.0,
        "side_slope": 2.0, "roughness": 0.025, "bed_from": 0.0, "bed_to": 0.0,
    }  # fmt: skip
    return usual | changes


def after(seconds: Any) -> pd.DatetimeIndex:
    """Instants after the start."""
    return pd.DatetimeIndex(START + pd.to_timedelta(np.asarray(seconds, dtype=float), "s"))


def boundaries(values: Mapping[str, Mapping[str, Any]], seconds: Any = None) -> xr.Dataset:
    """Boundaries by variable and label; with seconds, each a series or a constant."""
    found = {}
    for name, rows in values.items():
        dim = {"lateral_flow": "reach", "opening": "structure"}.get(name, "node")
        labels = list(rows)
        if seconds is None:
            found[name] = xr.DataArray([float(rows[k]) for k in labels], {dim: labels}, [dim])
            continue
        series = [np.broadcast_to(np.asarray(rows[k], float), len(seconds)) for k in labels]
        coords = {dim: labels, "time": after(seconds)}
        found[name] = xr.DataArray(np.array(series), coords, [dim, "time"])
    return xr.Dataset(found)


def of_nodes(nodes: Mapping[str, Mapping[str, float]]) -> xr.Dataset:
    """Steady boundaries of a case."""
    return boundaries(
        {
            "stage": {k: v["stage_m"] for k, v in nodes.items() if "stage_m" in v},
            "flow": {k: v["inflow_m3s"] for k, v in nodes.items() if "inflow_m3s" in v},
        }
    )


def imbalance(result: xr.Dataset) -> float:
    """Greatest difference of the change of a cell's volume and its flows, over all that passed.

    Computed from the stored arrays alone, by interval: in, out, and what stood before and after.
    """
    seconds = result["seconds"].values[:, None]
    axes = ("interval", "face")
    forward = result["forward_flow"].transpose(*axes).values * seconds
    backward = result["backward_flow"].transpose(*axes).values * seconds
    outside = result["cell_flow"].transpose("interval", "cell").values * seconds
    volume = result["cell_volume"].transpose("time", "cell").values
    gain = outside.copy()
    np.add.at(gain, (slice(None), result["to_cell"].values), forward - backward)
    np.subtract.at(gain, (slice(None), result["from_cell"].values), forward - backward)
    if result.sizes["structure"]:
        through = result["structure_forward"] - result["structure_backward"]
        through = through.transpose("interval", "structure").values * seconds
        nodes = result.indexes["node"]
        for s in range(result.sizes["structure"]):
            gain[:, nodes.get_loc(result["structure_from"].values[s])] -= through[:, s]
            gain[:, nodes.get_loc(result["structure_to"].values[s])] += through[:, s]
    scale = np.abs(outside).sum(axis=1) + volume[1:].sum(axis=1) + volume[:-1].sum(axis=1)
    return float((np.abs(np.diff(volume, axis=0) - gain).sum(axis=1) / scale).max())
