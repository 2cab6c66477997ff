"""Rates of a study by place: rows of ``kinetics`` as :mod:`permitload.quality` takes them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from permitload.network import RiverNetwork

__all__ = ["general", "law"]

_PARAMETERS = ["decay", "temperature_factor", "settling"]


def general(rates: pd.DataFrame) -> pd.DataFrame:
    """Rows that hold wherever no other row names the place.

    Examples
    --------
    >>> rates = pd.DataFrame({"pollutant": ["TN", "TP"], "reach": ["", "R1"], "node": ["", ""]})
    >>> general(rates)["pollutant"].tolist()
    ['TN']
    """
    return rates[(rates["reach"] == "") & (rates["node"] == "")]


def law(rates: pd.DataFrame, network: RiverNetwork) -> dict[str, Any]:
    """Parameters of one pollutant: numbers, or arrays where rows name places.

    Parameters
    ----------
    rates : DataFrame
        Rows of ``kinetics`` of the pollutant, a general one among them.
    network : RiverNetwork
        Its reaches and nodes.

    Returns
    -------
    dict
        ``decay`` [1/d], ``temperature_factor`` [1] and ``settling`` [m/d] of the reaches; the
        same of storage nodes under ``node``.

    Examples
    --------
    >>> network = RiverNetwork(pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "b"],
    ...                                      "to_node": ["b", "c"], "length": [1.0, 1.0]}))
    >>> rates = pd.DataFrame({"reach": ["", "R1"], "node": ["", ""], "decay": [0.2, 0.1],
    ...                       "temperature_factor": [1.0, 1.0], "settling": [0.0, 0.0]})
    >>> found = law(rates, network)
    >>> found["decay"].values.tolist(), found["node"]["decay"]
    ([0.1, 0.2], 0.2)
    """
    everywhere = general(rates)[_PARAMETERS].iloc[0].to_dict()
    found = []
    for labels in (network.reaches.index, network.nodes.index):
        named = rates[rates[labels.name] != ""].set_index(labels.name)[_PARAMETERS]
        by_place = named.reindex(labels).fillna(everywhere)
        found.append({n: by_place[n].to_xarray() for n in everywhere} if len(named) else everywhere)
    return {**found[0], "node": found[1]}
