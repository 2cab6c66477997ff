"""Whether network, flows and inflow concentrations fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from permitload import hydraulics
from permitload._frames import fault_at, listed, title
from permitload.errors import DataError, Fault, raise_faults
from permitload.network import RiverNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["given_hydraulics", "hydraulic_faults"]

Tables = dict[str, pd.DataFrame]

_NEEDED = (
    ("reaches", "length"),
    ("flows", "flow"),
    ("boundaries", "flow"),
    ("shares", "share"),
    ("periods", "days"),
)
"""Cells without which the flows are not judged: what is wrong with them is reported already."""


def hydraulic_faults(tables: Tables, pollutants: Sequence[str]) -> list[Fault]:
    """Faults of the network, of flows that miss or do not balance, and of water unprescribed.

    Parameters
    ----------
    tables : dict of DataFrame
        All tables of a study; empty ones where a file is absent.
    pollutants : sequence of str
        What is studied.

    Returns
    -------
    list of Fault
        Flows are judged where the network stands, inflow where the flows do.

    Examples
    --------
    >>> from permitload._frames import complete
    >>> from permitload.schema import TABLES
    >>> hydraulic_faults({name: complete(None, name) for name in TABLES}, ["COD"])
    []
    """
    reaches = tables["reaches"]
    missing, dispersed = _missing_flows(tables), _dispersed(tables)
    if reaches.empty or (reaches[["reach", "from_node", "to_node"]] == "").any(axis=None):
        return [*missing, *dispersed]
    try:
        # a length that could not be read is reported already: any other keeps the rest checkable
        network = RiverNetwork(
            reaches.fillna({"length": 1.0}),
            _or_none(tables["nodes"]),
            _or_none(tables["structures"]),
            _or_none(tables["polders"]),
        )
    except DataError as error:
        return [*error.faults, *missing, *dispersed]
    found = [*_unjudged_parts(network, tables), *missing, *dispersed]
    if missing or not _complete(network, tables):
        return found
    try:
        flows = given_hydraulics(network, tables)
    except DataError as error:
        return [*found, *error.faults]
    return [
        *found,
        *_missing_inflow(flows, tables, pollutants),
        *_settling(flows, tables, pollutants),
    ]


def _dispersed(tables: Tables) -> list[Fault]:
    """Find what cannot be reckoned with dispersion: prescribed shares, and loads spread out."""
    flows, shares, outlets = tables["flows"], tables["shares"], tables["outlets"]
    reaches = set(flows["reach"][flows["dispersion"] > 0.0])
    found = []
    if reaches and not shares.empty:
        right = "shares and dispersion in different studies"
        problem = "is given with dispersion"
        found.append(Fault(title(shares, "shares"), None, "share", None, problem, right))
    spread = outlets["reach"].isin(reaches) & (outlets["position_to"] > outlets["position"])
    problem = "spreads a load along a reach with dispersion"
    right = "several outlets, each at a position"
    return found + [
        fault_at(outlets, "outlets", int(i), "position_to", problem, right)
        for i in np.flatnonzero(spread)
    ]


def _settling(flows: xr.Dataset, tables: Tables, pollutants: Sequence[str]) -> list[Fault]:
    """Find pollutants that settle through a depth nobody knows."""
    rates = tables["kinetics"]
    if "depth" in flows or tables["flows"]["depth"].notna().all():
        return []
    in_reaches = (rates["settling"] > 0.0) & (rates["node"] == "")
    settles = rates["pollutant"].isin(pollutants) & in_reaches
    right = "a width of every reach, a depth in every row of flows, or 0 m/d"
    return [
        fault_at(rates, "kinetics", int(i), "settling", "needs the depth of the water", right)
        for i in np.flatnonzero(settles)
    ]


def _or_none(table: pd.DataFrame) -> pd.DataFrame | None:
    return None if table.empty else table


def _complete(network: RiverNetwork, tables: Tables) -> bool:
    """Whether every number is there and every label known, so that flows can be judged."""
    periods = tables["periods"]
    known = {"reach": network.reaches.index, "node": network.nodes.index}
    known["period"] = pd.Index(periods["period"])
    labels = (
        tables[name][column].isin(known[column]).all()
        for name in ("flows", "boundaries", "shares")
        for column in known
        if column in tables[name]
    )
    numbers = (tables[name][column].notna().all() for name, column in _NEEDED)
    return all(labels) and all(numbers) and bool((periods["days"] > 0.0).all())


def given_hydraulics(network: RiverNetwork, tables: Tables) -> xr.Dataset:
    """Hydraulics of a study from its tables of flows, boundaries and shares.

    Parameters
    ----------
    network : RiverNetwork
        Of the same study.
    tables : dict of DataFrame
        ``periods``, ``flows``, ``boundaries``, ``shares``; complete.

    Returns
    -------
    Dataset
        As :func:`permitload.hydraulics.from_flow`, periods in the order of ``periods``.

    Raises
    ------
    DataError
        As :func:`permitload.hydraulics.from_flow`.

    Examples
    --------
    >>> from permitload._frames import complete
    >>> network = RiverNetwork(pd.DataFrame({"reach": ["R1"], "from_node": ["a"],
    ...                                      "to_node": ["b"], "length": [8640.0]}))
    >>> periods = pd.DataFrame({"period": ["dry"], "days": [365.0]})
    >>> flows = pd.DataFrame({"reach": ["R1"], "period": ["dry"], "flow": [1.0],
    ...                       "velocity": [0.1]})
    >>> boundary = pd.DataFrame({"node": ["a", "b"], "period": ["dry", "dry"],
    ...                          "flow": [1.0, -1.0]})
    >>> given = {"periods": periods, "flows": flows, "boundaries": boundary}
    >>> tables = {name: complete(table, name) for name, table in given.items()}
    >>> tables["shares"] = complete(None, "shares")
    >>> given_hydraulics(network, tables)["travel_time"].item()
    1.0
    """
    periods = tables["periods"]
    calendar = {
        "days": ("period", periods["days"].to_numpy()),
        "start": ("period", periods["start"].to_numpy()),
    }

    flow, velocity, area = (
        _array(tables["flows"], "reach", column, periods).assign_coords(calendar)
        for column in ("flow", "velocity", "area")
    )
    # where only some periods have an area, such as those without flow, the velocity gives the rest
    some = area.notnull().any("period")
    area = area.where(~some | area.notnull(), abs(flow) / velocity.where(velocity > 0.0))
    velocity = velocity.where(velocity.notnull().all("period") | ~area.notnull().all("period"))
    raise_faults([*_partial(velocity, "velocity and area"), *_partial(area, "area and velocity")])
    depth = tables["flows"]["depth"]
    if depth.notna().any():
        right = "a depth in every row or in none"
        raise_faults(
            fault_at(tables["flows"], "flows", int(i), "depth", "is empty", right)
            for i in np.flatnonzero(depth.isna())
        )
    given = (array.dropna("reach", how="all") for array in (velocity, area))
    velocity_or_none, area_or_none = (array if array.sizes["reach"] else None for array in given)
    boundary = _array(tables["boundaries"], "node", "flow", periods).fillna(0.0)
    shares = tables["shares"].set_index("reach")["share"]
    result: xr.Dataset = hydraulics.from_flow(
        network,
        flow,
        velocity=velocity_or_none,
        area=area_or_none,
        shares=None if shares.empty else shares,
        boundaries=boundary.to_dataset(name="flow"),
    )
    return result


def _partial(values: xr.DataArray, names: str) -> list[Fault]:
    """Periods without a value on reaches that have one in others."""
    wrong = values.isnull() & values.notnull().any("period")
    column = names.partition(" ")[0]
    return [
        Fault("flows", f"{values['reach'].values[i]}, {values['period'].values[j]}", column, None,
              f"is empty, like {names.rpartition(' ')[2]}, but not in other periods",
              "a velocity or an area in every period, or in none")
        for i, j in np.argwhere(wrong.values)
    ]  # fmt: skip


def _array(table: pd.DataFrame, key: str, column: str, periods: pd.DataFrame) -> xr.DataArray:
    """One column as an array by label and period, in the order of the tables."""
    wide = table.pivot(index=key, columns="period", values=column)
    ordered = wide.reindex(index=table[key].unique(), columns=periods["period"].tolist())
    return xr.DataArray(
        ordered.to_numpy(dtype=float),
        {key: ordered.index.to_numpy(dtype=str), "period": ordered.columns.to_numpy(dtype=str)},
        [key, "period"],
    )


def _missing_flows(tables: Tables) -> list[Fault]:
    """Reaches without flow in some period."""
    periods = [label for label in tables["periods"]["period"] if label]
    flows = tables["flows"]
    given = set(zip(flows["reach"], flows["period"], strict=True))
    found = []
    for label in tables["reaches"]["reach"]:
        lacking = [period for period in periods if (label, period) not in given]
        if label and lacking:
            problem = f"has no flow in {listed(lacking)}"
            right = "a row for every reach and period"
            found.append(Fault(title(flows, "flows"), None, "reach", label, problem, right))
    return found


def _unjudged_parts(network: RiverNetwork, tables: Tables) -> list[Fault]:
    """Parts of the network that take in loads where no section judges them."""
    of_reach = network.parts.to_dict()
    ends = network.reaches[["from_node", "to_node"]]
    of_node = {node: of_reach[reach] for end in ends for reach, node in ends[end].items()}

    def parts_of(table: pd.DataFrame) -> list[int | None]:
        """Part that each row of a table lies in."""
        return [
            of_reach.get(reach) if reach else of_node.get(node)
            for reach, node in zip(table["reach"], table["node"], strict=True)
        ]

    judged = set(parts_of(tables["sections"]))
    return [
        fault_at(
            tables["outlets"],
            "outlets",
            i,
            "outlet",
            "is in a part of the network without a section",
            "a section there, or reaches that join the parts",
        )
        for i, part in enumerate(parts_of(tables["outlets"]))
        if part is not None and part not in judged
    ]


def _missing_inflow(flows: xr.Dataset, tables: Tables, pollutants: Sequence[str]) -> list[Fault]:
    """Nodes where water enters whose concentration nobody prescribes."""
    inflow = tables["inflow"]
    given = set(inflow[["node", "pollutant", "period"]].itertuples(index=False, name=None))
    entering = flows["boundary_flow"].transpose("node", "period")
    found = []
    for node, row in zip(entering["node"].values, entering.values, strict=True):
        wet = [period for period, q in zip(entering["period"].values, row, strict=True) if q > 0.0]
        for pollutant in pollutants:
            lacking = [
                period
                for period in wet
                if not {(node, pollutant, ""), (node, pollutant, period)} & given
            ]
            if lacking:
                problem = (
                    f"lets water in without a concentration of {pollutant} in {listed(lacking)}"
                )
                right = "a row of inflow for it"
                found.append(Fault(title(inflow, "inflow"), None, "node", node, problem, right))
    return found
