"""Which label of which table must be declared in another."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from permitload import standards
from permitload._frames import fault_at, listed

if TYPE_CHECKING:
    import pandas as pd

    from permitload.errors import Fault

    Tables = dict[str, pd.DataFrame]

__all__ = ["reference_faults"]

_HOMES = {
    "reach": ["reaches.reach"],
    "node": ["reaches.from_node", "reaches.to_node", "nodes.node"],
    "pollutant": ["kinetics.pollutant"],
    "indicator": ["kinetics.pollutant"],
    "outlet": ["outlets.outlet"],
    "source": ["sources.source"],
    "period": ["periods.period"],
    "section": ["sections.section"],
    "enterprise": ["enterprises.enterprise"],
    "polder": ["polders.polder"],
    "group": ["groups.group"],
    "structure": ["structures.structure"],
    "park": ["tier_parks.park"],
    "criterion": ["tier_indicators.criterion"],
    "plan period": ["plan_periods.period"],
    "member": ["plans.enterprise"],
}
"""Columns that declare the labels of an index; indicators of GB 3838 need no declaration."""


def _known(tables: Tables) -> dict[str, list[str]]:
    """Labels that exist, by the index they belong to."""
    known = {}
    for index, homes in _HOMES.items():
        columns = (tables[name][column].tolist() for name, column in (h.split(".") for h in homes))
        labels = dict.fromkeys(chain(*columns, standards.items() if index == "indicator" else ()))
        known[index] = [label for label in labels if label]
    return known


_NONPOINT = ("activities", "pumping", "lands", "paddies")
"""Tables that loads of sources follow from."""

_REFERENCES = (
    ("reaches", "polder", "polder", "polders"),
    ("districts", "reach", "reach", "reaches"),
    ("flows", "reach", "reach", "reaches"),
    ("shares", "reach", "reach", "reaches"),
    ("stages", "node", "node", "reaches"),
    ("stages", "period", "period", "periods"),
    ("lateral_flows", "reach", "reach", "reaches"),
    ("lateral_flows", "period", "period", "periods"),
    ("tides", "node", "node", "reaches"),
    ("gate_rules", "structure", "structure", "structures"),
    ("rating_curves", "node", "node", "reaches"),
    ("openings", "structure", "structure", "structures"),
    ("openings", "period", "period", "periods"),
    ("sections", "reach", "reach", "reaches"),
    ("outlets", "reach", "reach", "reaches"),
    ("kinetics", "reach", "reach", "reaches"),
    ("boundaries", "node", "node", "reaches"),
    ("inflow", "node", "node", "reaches"),
    ("sections", "node", "node", "reaches"),
    ("outlets", "node", "node", "reaches"),
    ("kinetics", "node", "node", "reaches"),
    ("flows", "period", "period", "periods"),
    ("boundaries", "period", "period", "periods"),
    ("inflow", "period", "period", "periods"),
    ("standards", "period", "period", "periods"),
    ("source_loads", "period", "period", "periods"),
    ("source_bounds", "period", "period", "periods"),
    ("group_limits", "period", "period", "periods"),
    ("inflow", "pollutant", "pollutant", "kinetics"),
    ("works", "pollutant", "pollutant", "kinetics"),
    ("source_loads", "pollutant", "pollutant", "kinetics"),
    ("source_bounds", "pollutant", "pollutant", "kinetics"),
    ("group_limits", "pollutant", "pollutant", "kinetics"),
    ("group_limits", "group", "group", "groups"),
    ("standards", "indicator", "indicator", "kinetics or GB 3838-2002"),
    ("observations", "section", "section", "sections"),
    ("observations", "period", "period", "periods"),
    ("works", "outlet", "outlet", "outlets"),
    ("sources", "outlet", "outlet", "outlets"),
    ("sources", "enterprise", "enterprise", "enterprises"),
    ("source_loads", "source", "source", "sources"),
    ("source_bounds", "source", "source", "sources"),
    ("groups", "source", "source", "sources"),
    ("options", "source", "source", "sources"),
    ("options", "pollutant", "pollutant", "kinetics"),
    ("reductions", "source", "source", "sources"),
    ("reductions", "pollutant", "pollutant", "kinetics"),
    ("tree", "pollutant", "pollutant", "kinetics"),
    *((name, "source", "source", "sources") for name in _NONPOINT),
    ("products", "source", "source", "sources"),
    ("candidates", "source", "source", "sources"),
    ("emission_books", "enterprise", "enterprise", "enterprises"),
    ("tier_applications", "park", "park", "tier_parks"),
    ("tier_values", "criterion", "criterion", "tier_indicators"),
    *((name, "pollutant", "pollutant", "kinetics") for name in (*_NONPOINT, "ditches")),
    *((name, "polder", "polder", "polders") for name in ("activities", "ditches", "pumping")),
    ("month_shares", "period", "period", "periods"),
    ("plan_periods", "water_period", "period", "periods"),
    ("plans", "enterprise", "enterprise", "enterprises"),
    ("plans", "pollutant", "pollutant", "kinetics"),
    ("plans", "period", "plan period", "plan_periods"),
    ("members", "enterprise", "member", "plans"),
    ("members", "pollutant", "pollutant", "kinetics"),
    ("actuals", "enterprise", "member", "plans"),
    ("actuals", "pollutant", "pollutant", "kinetics"),
    ("actuals", "period", "plan period", "plan_periods"),
)
"""Table, column, the index it refers to, and where that index is declared."""


def reference_faults(tables: Tables, lost: set[str]) -> list[Fault]:
    """Find labels that no table declares: each once, with the number of rows that use it.

    Parameters
    ----------
    tables : dict of DataFrame
        All tables of a study.
    lost : set of str
        Tables whose rows are not known.

    Returns
    -------
    list of Fault
        Each with the labels that would be right.

    Examples
    --------
    >>> from permitload._frames import complete
    >>> from permitload.schema import TABLES
    >>> tables = {name: complete(None, name) for name in TABLES}
    >>> import pandas as pd
    >>> for name, rows in {"sources": {"source": ["A"], "source_class": ["farm"], "outlet": ["O9"]},
    ...                    "outlets": {"outlet": ["O1"]}}.items():
    ...     tables[name] = complete(pd.DataFrame(rows), name)
    >>> [fault.value for fault in reference_faults(tables, set())]
    ['O9']
    """
    known = _known(tables)
    allowed = {index: {"", *labels} for index, labels in known.items()}
    found = []
    for name, column, index, home in _REFERENCES:
        table, labels = tables[name], known[index]
        homes = {"reaches", "nodes"} if index == "node" else {home.split()[0]}
        # a table that is missing is a fault of its own; land without pumps is not drained
        own = ("polder", "group", "plan period", "member", "structure")
        if lost & homes or (not labels and index not in own):
            continue
        cells = table[column].tolist()
        if allowed[index].issuperset(cells):
            continue
        article = "an" if index[0] in "aeiou" else "a"
        for label in dict.fromkeys(cell for cell in cells if cell not in allowed[index]):
            count = cells.count(label)
            more = f" (in {count} rows)" if count > 1 else ""
            problem = f"is not {article} {index} of {home}{more}"
            right = f"one of {listed(labels)}" if labels else f"a row of {home}"
            found.append(fault_at(table, name, cells.index(label), column, problem, right))
    return found
