"""Whether outlets and sections lie on the network, each in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import fault_at
from permitload.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["place_faults"]


def place_faults(tables: dict[str, pd.DataFrame]) -> list[Fault]:
    """Find outlets and sections in two places or none, or beyond the end of their reach.

    Parameters
    ----------
    tables : dict of DataFrame
        ``sections``, ``outlets`` and ``reaches``.

    Returns
    -------
    list of Fault
        Each with its row; whether the labels exist is judged elsewhere.

    Examples
    --------
    >>> reaches = pd.DataFrame({"reach": ["R1"], "length": [500.0]})
    >>> place = pd.DataFrame({"outlet": ["O1"], "reach": ["R1"], "node": [""],
    ...                       "position": [600.0]})
    >>> tables = {"reaches": reaches, "outlets": place, "sections": place.iloc[:0]}
    >>> print(place_faults(tables)[0].problem)
    is beyond the end of reach R1
    """
    found = []
    reaches = tables["reaches"]
    length = dict(zip(reaches["reach"].tolist(), reaches["length"].tolist(), strict=True))
    for name in ("sections", "outlets"):
        table = tables[name]
        for i in np.flatnonzero(~_well_placed(table, length)).tolist():
            row = table.iloc[i]
            reach, start = row["reach"], row["position"]
            stop, end = row.get("position_to", np.nan), length.get(reach, np.nan)
            if (reach == "") == (row["node"] == ""):
                both = f"is given, and so is node {row['node']}"
                problem = both if reach else "is empty, and so is node"
                found.append(fault_at(table, name, i, "reach", problem, "either a reach or a node"))
            elif reach == "" and (start > 0.0 or stop >= 0.0):
                column = "position" if start > 0.0 else "position_to"
                problem, right = "is given at a node", "an empty cell, or a reach"
                found.append(fault_at(table, name, i, column, problem, right))
            elif reach and np.isnan(start):
                found.append(
                    fault_at(table, name, i, "position", "is empty", "metres from from_node")
                )
            for column, value in (("position", start), ("position_to", stop)):
                if value > end > 0.0:
                    problem = f"is beyond the end of reach {reach}"
                    found.append(fault_at(table, name, i, column, problem, f"at most {end:g} m"))
            if stop <= start:
                problem, right = "is not beyond position", f"more than {start:g} m"
                found.append(fault_at(table, name, i, "position_to", problem, right))
    return found


def _well_placed(table: pd.DataFrame, length: Mapping[str, float]) -> NDArray[np.bool_]:
    """Rows at a node, or at positions in order on a reach."""
    start = table["position"].to_numpy()
    stop = table.get("position_to", pd.Series(np.nan, table.index)).to_numpy()
    end = np.array([length.get(reach, np.nan) for reach in table["reach"].tolist()])
    on, at = (table[name].to_numpy() != "" for name in ("reach", "node"))
    beyond = ((start > end) | (stop > end)) & (end > 0.0)
    at_node = at & ~on & ~(start > 0.0) & ~(stop >= 0.0)
    on_reach = on & ~at & ~np.isnan(start) & ~beyond
    placed: NDArray[np.bool_] = (at_node | on_reach) & ~(stop <= start)
    return placed
