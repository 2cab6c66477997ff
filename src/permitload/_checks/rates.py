"""Whether the rates of a study hold where they say, and everywhere."""

from __future__ import annotations

import numpy as np
import pandas as pd

from permitload import _rates
from permitload._frames import fault_at
from permitload.errors import Fault

__all__ = ["rate_faults"]


def rate_faults(tables: dict[str, pd.DataFrame]) -> list[Fault]:
    """Find rates of two places at once or of a junction, and pollutants without general rates.

    Parameters
    ----------
    tables : dict of DataFrame
        ``kinetics``, ``reaches`` and ``nodes``.

    Returns
    -------
    list of Fault
        Each with its row; the labels of places are judged elsewhere.

    Examples
    --------
    >>> rates = pd.DataFrame({"pollutant": ["TN"], "reach": ["R1"], "node": [""], "decay": [0.2],
    ...                       "temperature_factor": [1.047], "settling": [0.0]})
    >>> nodes = pd.DataFrame({"node": [], "storage_area": [], "storage_volume": []})
    >>> reaches = pd.DataFrame({"reach": ["R1"], "from_node": ["a"], "to_node": ["b"]})
    >>> found = rate_faults({"kinetics": rates, "nodes": nodes, "reaches": reaches})
    >>> found[0].column, found[0].value, found[0].problem
    ('pollutant', 'TN', 'has rates in single places alone')
    """
    rates, nodes = tables["kinetics"], tables["nodes"]
    reach, node, pollutant = rates["reach"], rates["node"], rates["pollutant"]
    reaches = tables["reaches"]
    stored = (nodes[["storage_area", "storage_volume"]] > 0.0).any(axis=1)
    junctions = {
        *reaches["from_node"].tolist(), *reaches["to_node"].tolist(), *nodes["node"].tolist()
    }  # fmt: skip
    junctions -= {"", *nodes["node"][stored].tolist()}
    placed = ~pollutant.isin(_rates.general(rates)["pollutant"]) & ~pollutant.duplicated()
    return [
        fault_at(rates, "kinetics", int(i), column, problem, right)
        for column, wrong, problem, right in (
            ("reach", (reach != "") & (node != ""), "is given, and so is a node", "one of the two"),
            ("node", node.isin(junctions), "is a junction, in which nothing is lost",
             "a node with storage_volume or storage_area"),
            ("pollutant", placed & (pollutant != ""), "has rates in single places alone",
             "a row that names neither reach nor node"),
        )
        for i in np.flatnonzero(wrong)
    ]  # fmt: skip
