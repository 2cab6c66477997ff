"""Initial capacity of a park (园区初始容量): what its water takes and its technology needs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at
from permitload.errors import Fault, raise_faults
from permitload.technology._given import given
from permitload.units import tonnes

__all__ = ["initial_capacity"]

_BASES = ("statutory", "pilot", "assumed")


def initial_capacity(park_targets: pd.DataFrame, technology_loads: pd.DataFrame) -> pd.DataFrame:
    """Find the initial capacity of a park, for conventional and characteristic pollutants.

    Of the capacity of the water and the sum of the loads that advanced technology needs, the
    less. That this is the initial capacity is an assumed definition: the pilot text of Changshu
    asks for the number after trains are assessed, and gives no formula.

    Parameters
    ----------
    park_targets : DataFrame
        Table ``park_targets``: ``pollutant_kind`` (conventional or characteristic); ``limit``
        [mg/L], which a user states where no surface-water standard does; ``capacity`` of the
        water under that limit [kg/d], negative where it is exceeded, as ``capacity.network``
        finds it; ``document`` and ``basis`` (statutory, pilot or assumed) of the limit.
    technology_loads : DataFrame
        As :func:`load` returns it: ``permit`` [t/a] by ``source`` and ``pollutant``.

    Returns
    -------
    DataFrame
        By pollutant: ``pollutant_kind``, ``limit``, ``document``, ``basis``, ``evidence``,
        ``water_total`` (signed), ``technology_total``, ``initial_total`` [t/a] (0 where the water
        has no capacity), ``binding`` (water or technology) and ``excess_total`` [t/a]: what
        technology leaves beyond the capacity of the water.

    Raises
    ------
    DataError
        With every pollutant that has loads and no target, or a target and no loads; every limit
        without provenance; every limit that is 0; every load that is none or there twice.

    Examples
    --------
    >>> targets = pd.DataFrame({"pollutant": ["fluoride"], "pollutant_kind": ["characteristic"],
    ...     "limit": [1.0], "capacity": [100.0], "document": ["user"], "basis": ["assumed"],
    ...     "evidence": ["given"]})
    >>> loads = pd.DataFrame({"source": ["A"], "pollutant": ["fluoride"], "permit": [40.0]})
    >>> found = initial_capacity(targets, loads).loc["fluoride"]
    >>> float(found["initial_total"]), found["binding"], float(found["excess_total"])
    (36.5, 'water', 3.5)
    """
    table = complete(park_targets, "park_targets")
    loads = given(technology_loads, "technology_loads", ["source", "pollutant"], ["permit"])
    raise_faults(_faults(table, loads))
    total = loads.groupby("pollutant")["permit"].sum()
    found = table.set_index("pollutant")
    water = tonnes(found["capacity"])
    needs = total.reindex(found.index)
    usable = water.clip(lower=0.0)
    names = ["pollutant_kind", "limit", "document", "basis", "evidence"]
    return found[names].assign(
        water_total=water,
        technology_total=needs,
        initial_total=np.minimum(usable, needs),
        binding=np.where(usable < needs, "water", "technology"),
        excess_total=(needs - water).clip(lower=0.0),
    )


def _faults(table: pd.DataFrame, loads: pd.DataFrame) -> Iterator[Fault]:
    """Pollutants on one side alone; limits of which nobody knows where they come from."""
    kinds = ("conventional", "characteristic")
    for i, row in enumerate(table.to_dict("records")):
        for column, known in (("pollutant_kind", kinds), ("basis", _BASES)):
            if row[column] not in known:
                words = f"one of {', '.join(known)}"
                yield fault_at(table, "park_targets", i, column, "is not valid", words)
        if row["limit"] == 0.0:
            right = "a limit > 0 mg/L, with the document that states it"
            yield fault_at(table, "park_targets", i, "limit", "is no target", right)
        if row["pollutant"] not in set(loads["pollutant"]):
            right = "a technology-based load, or no target"
            yield fault_at(table, "park_targets", i, "pollutant", "has no loads", right)
    for name in sorted(set(loads["pollutant"]) - set(table["pollutant"])):
        right = "a row: its standard, or a user's limit and the document that it is from"
        yield Fault("park_targets", name, "limit", None, "is missing", right)
