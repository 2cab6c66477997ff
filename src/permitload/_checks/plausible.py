"""Whether loads and flows can belong together: a slip of units shows in the concentration."""

from __future__ import annotations

import numpy as np
import pandas as pd

from permitload._frames import fault_at
from permitload.errors import Fault
from permitload.schema import text
from permitload.units import concentration

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
    placed = tables["sources"].drop_duplicates("source").set_index("source")
    effluent = tables["outlets"].drop_duplicates("outlet").set_index("outlet")["effluent_flow"]
    own = loads["source"].map(placed["wastewater_flow"]).astype(float).fillna(0.0)
    outlet = text(loads["source"].map(placed["outlet"]))
    shared = outlet.map(effluent).astype(float).fillna(0.0)
    group = pd.DataFrame(
        {
            "own": own > 0.0,
            "owner": loads["source"].where(own > 0.0, outlet),
            "pollutant": loads["pollutant"],
            "period": loads["period"],
        }
    )
    together = loads["source_load"].groupby([group[name] for name in group]).transform("sum")
    water = own.where(own > 0.0, shared)
    implied = concentration(together, water.where((water > 0.0) & (together > 0.0)))
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
