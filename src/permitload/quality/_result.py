"""Results of steady transport as a labelled Dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload.quality._inputs import Inputs
from permitload.quality._layout import Layout
from permitload.quality._ledger import Solved
from permitload.schema import described
from permitload.units import KG_PER_DAY

Floats = NDArray[np.float64]

_TERMS = ["boundary_in", "load", "boundary_out", "decayed", "stored", "residual"]


def dataset(
    known: Inputs, cut: Layout, periods: list[Solved], scenarios: NDArray[Any] | None
) -> xr.Dataset:
    """Stack the periods; g/s become kg/d."""
    columns = ("pollutant", "period") if scenarios is None else ("pollutant", "period", "scenario")
    inner = (known.pollutants.size, *(() if scenarios is None else scenarios.shape))

    def stacked(arrays: list[Floats]) -> Floats:
        """Arrays (…, pollutant · scenario) of all periods (…, pollutant, period, scenario)."""
        split = [a.reshape(*a.shape[:-1], *inner) for a in arrays]
        axis = split[0].ndim - len(inner) + 1
        return np.expand_dims(split[0], axis) if len(split) == 1 else np.stack(split, axis)

    def stack(name: str) -> Floats:
        """One solved array of all periods."""
        return stacked([getattr(found, name) for found in periods])

    def water(name: str) -> Floats:
        """One array of the water of all periods (..., period)."""
        return np.stack([getattr(found.period.water, name) for found in periods], axis=-1)

    wide, node = ("reach", "end", *columns), ("node", *columns)
    ahead = water("forward")[cut.reach]
    start, stop = water("start"), water("stop")
    size = (cut.stop - cut.start)[:, None]
    spread = stacked([found.period.spread for found in periods])
    flow = np.stack([np.where(ahead, start, -stop), np.where(ahead, stop, -start)], axis=1)
    variables = {
        "concentration": (wide, stack("reach")),
        "node_concentration": (node, stack("node")),
        "flux": (wide, stack("flux") * KG_PER_DAY),
        "boundary_in": (node, stack("entered") * KG_PER_DAY),
        "boundary_out": (node, stack("left") * KG_PER_DAY),
        "ledger": (("term", *columns), stack("ledger") * KG_PER_DAY),
        "loss_rate": (("reach", "pollutant", "period"), known.rate),
        "dispersion": (("reach", "period"), water("dispersion")),
        "node_flow": (("node", "period"), water("through")),
        "segment_flow": (("segment", "end", "period"), flow),
        "segment_area": (("segment", "period"), water("volume") / size),
        "segment_load": (
            ("segment", *columns),
            spread * KG_PER_DAY / size.reshape(-1, *(1 for _ in columns)),
        ),
        "segment_concentration": (("segment", "end", *columns), stack("segment")),
    }  # fmt: skip
    labels = known.network.reaches.index.to_numpy(dtype=object)
    result = xr.Dataset(
        variables,
        {
            "reach": labels,
            "node": known.network.nodes.index.to_numpy(dtype=object),
            "end": np.array(["from", "to"], dtype=object),
            "pollutant": known.pollutants,
            "period": known.hydraulics["period"],
            "term": np.array(_TERMS, dtype=object),
            "segment_reach": ("segment", labels[cut.reach]),
            "position": ("segment", cut.start),
            "position_to": ("segment", cut.stop),
        },
    )
    if scenarios is not None:
        result = result.assign_coords(scenario=scenarios)
    return described(result)
