"""Whether loads and flows can belong together: a slip of units shows in the concentration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from permitload._frames import fault_at, keyed, positions
from permitload.errors import Fault
from permitload.units import concentration

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WINDOW", "plausibility_faults"]

WINDOW = {
    "COD": (0.01, 1000.0),
    "BOD5": (0.01, 500.0),
    "CODMn": (0.01, 300.0),
    "NH3-N": (0.01, 200.0),
    "TN": (0.01, 300.0),
    "TP": (0.001, 50.0),
}
"""Least and greatest concentration of an effluent that is believed [mg/L]; assumed."""

_OTHERS = (1e-6, 1000.0)


def plausibility_faults(tables: dict[str, pd.DataFrame]) -> list[Fault]:
    """Find loads that would need an effluent nobody lets into a river.

    The water is the source's ``wastewater_flow``, or else the ``effluent_flow`` of its outlet
    for all loads there together; a source without either, such as farm land, is not judged.

    Parameters
    ----------
    tables : dict of DataFrame
        ``sources``, ``outlets`` and ``source_loads``.

    Returns
    -------
    list of Fault
        With the concentration that each load implies.

    Examples
    --------
    >>> tables = {
    ...     "sources": pd.DataFrame({"source": ["A"], "outlet": ["O1"], "wastewater_flow": [0.0]}),
    ...     "outlets": pd.DataFrame({"outlet": ["O1"], "effluent_flow": [0.01]}),
    ...     "source_loads": pd.DataFrame({"source": ["A"], "pollutant": ["COD"],
    ...                                   "period": ["dry"], "source_load": [5000.0]})}
    >>> print(plausibility_faults(tables)[0].problem)
    implies 5787 mg/L of COD in the effluent
    """
    loads = tables["source_loads"]
    own, outlet, shared = _waters(tables)
    watered = np.flatnonzero((own > 0.0) | (shared > 0.0))
    if not watered.size:
        return []
    loads, own, outlet = loads.iloc[watered], own[watered], outlet[watered]
    group = pd.DataFrame(
        {
            "own": own > 0.0,
            "owner": np.where(own > 0.0, loads["source"], outlet),
            "pollutant": loads["pollutant"],
            "period": loads["period"],
        }
    )
    together = loads["source_load"].groupby([group[name] for name in group]).transform("sum")
    water = pd.Series(np.where(own > 0.0, own, shared[watered]), loads.index)
    implied = concentration(together, water.where(together > 0.0))
    lower, upper = (
        loads["pollutant"].map({p: w[end] for p, w in WINDOW.items()}) for end in (0, 1)
    )
    bad = (implied < lower.fillna(_OTHERS[0])) | (implied > upper.fillna(_OTHERS[1]))
    found = []
    for row in np.flatnonzero(bad & ~group.duplicated()):
        pollutant = loads["pollutant"].iloc[row]
        least, most = WINDOW.get(pollutant, _OTHERS)
        problem = f"implies {implied.iloc[row]:.4g} mg/L of {pollutant} in the effluent"
        right = f"{least:g} to {most:g} mg/L (t/a against kg/d, m3/d against m3/s?)"
        found.append(fault_at(loads, "source_loads", int(row), "source_load", problem, right))
    return found


def _waters(tables: dict[str, pd.DataFrame]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Flow of the source of each load, its outlet, and the flow of that [m3/s]; NaN if unknown."""
    placed, outlets = (
        tables[name] if keyed(tables[name], [key]) else tables[name].drop_duplicates(key)
        for name, key in (("sources", "source"), ("outlets", "outlet"))
    )
    source = positions(placed["source"].to_numpy(), tables["source_loads"]["source"].to_numpy())
    # one more place at the end, for what is not found
    own = np.append(placed["wastewater_flow"].to_numpy(), np.nan)[source]
    outlet = np.append(placed["outlet"].to_numpy(), "")[source]
    there = positions(outlets["outlet"].to_numpy(), outlet)
    return own, outlet, np.append(outlets["effluent_flow"].to_numpy(), np.nan)[there]
