"""Whether the water of a works' outlet is the water that its sources send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import fault_at
from permitload.errors import Fault
from permitload.units import flux

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["FLOW_TOLERANCE", "law", "works_faults"]

FLOW_TOLERANCE = 0.01
"""Share by which the flows of a works and of its outlet may differ (rounding)."""


def works_faults(tables: dict[str, pd.DataFrame]) -> list[Fault]:
    """Find plans that are worse than the works, and outlets whose water is not their sources'.

    The water of an outlet dilutes the river, so it must be real: at least what the sources of
    its works send, at most what these works are built for. Where direct sources share the
    outlet, they bring water of their own, and only the least is known.

    Parameters
    ----------
    tables : dict of DataFrame
        ``sources``, ``works`` and ``outlets``.

    Returns
    -------
    list of Fault
        With both flows.

    Examples
    --------
    >>> tables = {
    ...     "sources": pd.DataFrame({"source": ["A"], "outlet": [""], "works": ["W1"],
    ...                              "wastewater_flow": [0.1]}),
    ...     "works": pd.DataFrame({"works": ["W1"], "outlet": ["O1"], "design_flow": [0.2],
    ...                            "outlet_concentration": [40.0],
    ...                            "planned_concentration": [30.0]}),
    ...     "outlets": pd.DataFrame({"outlet": ["O1"], "effluent_flow": [0.5]})}
    >>> print(works_faults(tables)[0].problem)
    exceeds the design flow of its works, 0.2 m3/s
    """
    sources, outlets = tables["sources"], tables["outlets"]
    if tables["works"].empty:
        return []
    found = _worse_plans(tables["works"])
    works = tables["works"].drop_duplicates("works")
    works = works[works["works"] != ""].set_index("works")
    sent = sources["wastewater_flow"].groupby(sources["works"].map(works["outlet"])).sum()
    built = works["design_flow"].groupby(works["outlet"]).sum(min_count=1)
    shared = set(sources["outlet"])
    fed = (outlets["outlet"] != "") & outlets["outlet"].isin(sent.index)
    for i in np.flatnonzero(fed).tolist():
        label, water = outlets["outlet"].iloc[i], outlets["effluent_flow"].iloc[i]
        if sent[label] > water * (1.0 + FLOW_TOLERANCE):
            problem = f"is less than the {sent[label]:g} m3/s that sources send to its works"
            right = f"at least {sent[label]:g} m3/s, or less wastewater_flow"
            found.append(fault_at(outlets, "outlets", i, "effluent_flow", problem, right))
        if label not in shared and water > built[label] * (1.0 + FLOW_TOLERANCE):
            problem = f"exceeds the design flow of its works, {built[label]:g} m3/s"
            right = f"{sent[label]:g} m3/s as its sources send, at most {built[label]:g} m3/s"
            found.append(fault_at(outlets, "outlets", i, "effluent_flow", problem, right))
    return found


def _worse_plans(works: pd.DataFrame) -> list[Fault]:
    """Plans that let out more than the works does: none, or a slip."""
    planned, now = (works[f"{name}_concentration"].to_numpy() for name in ("planned", "outlet"))
    return [
        fault_at(works, "works", int(i), "planned_concentration",
                 f"is more than outlet_concentration, {now[i]:g} mg/L", f"at most {now[i]:g} mg/L")
        for i in np.flatnonzero(planned > now)
    ]  # fmt: skip


def law(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> NDArray[np.float64]:
    """Most that a works lets out of the source and pollutant of each row; NaN without a works.

    Parameters
    ----------
    rows : DataFrame
        ``source`` and ``pollutant``.
    tables : mapping of DataFrame
        ``sources`` and ``works``.

    Returns
    -------
    array
        ``wastewater_flow × outlet_concentration`` [kg/d].

    Examples
    --------
    >>> tables = {
    ...     "sources": pd.DataFrame({"source": ["A"], "works": ["W1"], "wastewater_flow": [0.1]}),
    ...     "works": pd.DataFrame({"works": ["W1"], "pollutant": ["COD"],
    ...                            "outlet_concentration": [50.0]})}
    >>> law(pd.DataFrame({"source": ["A"], "pollutant": ["COD"]}), tables).round(6).tolist()
    [432.0]
    """
    placed = tables["sources"].drop_duplicates("source").set_index("source")
    plants = tables["works"].drop_duplicates(["works", "pollutant"])
    out = plants.set_index(["works", "pollutant"])["outlet_concentration"]
    behind = rows["source"].map(placed["works"]).fillna("")
    most = out.reindex(pd.MultiIndex.from_arrays([behind, rows["pollutant"]])).to_numpy(float)
    return np.asarray(flux(most, rows["source"].map(placed["wastewater_flow"]).to_numpy(float)))
