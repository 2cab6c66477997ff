"""Whether network, flows and inflow concentrations fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from permitload import hydraulics
from permitload._checks.computed import computed_hydraulics, idle_faults, unread_faults
from permitload._frames import fault_at, faults_of, listed, positions, title
from permitload.errors import DataError, Fault, raise_faults
from permitload.network import RiverNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["given_hydraulics", "hydraulic_faults"]

Tables = dict[str, pd.DataFrame]
Axes: TypeAlias = "dict[str, NDArray[Any]]"
Numbers: TypeAlias = "NDArray[np.float64]"

_NEEDED = (
    ("reaches", "length"),
    ("flows", "flow"),
    ("boundaries", "flow"),
    ("shares", "share"),
    ("periods", "days"),
)
"""Cells without which the flows are not judged: what is wrong with them is reported already."""
_COMPUTING = (
    ("reaches", "length"),
    ("boundaries", "flow"),
    ("stages", "stage"),
    ("openings", "opening"),
    ("lateral_flows", "lateral_flow"),
    ("rating_curves", "rating_stage"),
    ("rating_curves", "rating_flow"),
    ("tides", "amplitude"),
    ("tides", "cycle"),
    ("tides", "phase"),
    ("gate_rules", "opening"),
    ("periods", "days"),
)
"""Cells without which no flow is computed."""


def hydraulic_faults(
    tables: Tables, pollutants: Sequence[str],
    computed: Callable[..., xr.Dataset] | None = None,
) -> tuple[list[Fault], RiverNetwork | None, xr.Dataset | None]:  # fmt: skip
    """Faults of the network, of flows that miss or do not balance, and of water unprescribed.

    Parameters
    ----------
    tables : dict of DataFrame
        All tables of a study; empty ones where a file is absent.
    pollutants : sequence of str
        What is studied.
    computed : callable, optional
        Computes flow from a network, boundaries and details; by default ``flows`` gives it.

    Returns
    -------
    faults : list of Fault
        Flows are judged where the network stands, inflow where the flows do.
    network : RiverNetwork or None
        The network, if it can be.
    flows : Dataset or None
        Its hydraulics, if they can be.

    Examples
    --------
    >>> from permitload._frames import complete
    >>> from permitload.schema import TABLES
    >>> hydraulic_faults({name: complete(None, name) for name in TABLES}, ["COD"])
    ([], None, None)
    """
    reaches = tables["reaches"]
    if computed is None:
        missing = [*unread_faults(tables), *_missing_flows(tables), *_dispersed(tables)]
    else:
        missing = idle_faults(tables, computed)
    named = (reaches[name].to_numpy() != "" for name in ("reach", "from_node", "to_node"))
    if reaches.empty or not all(cells.all() for cells in named):
        return missing, None, None
    try:
        # a length that could not be read is reported already: any other keeps the rest checkable
        network = RiverNetwork(
            reaches.fillna({"length": 1.0}) if reaches["length"].hasnans else reaches,
            _or_none(tables["nodes"]),
            _or_none(tables["structures"]),
            _or_none(tables["polders"]),
        )
    except DataError as error:
        return [*faults_of(error, title(reaches, "reaches")), *missing], None, None
    if computed is None:
        flows, wrong = _given(network, tables, missing)
    else:
        network, flows, wrong = _computed(network, tables, computed)
    found = [*_unjudged_parts(network, tables), *missing, *wrong]
    if flows is None:
        return found, network, None
    found += _missing_inflow(flows, tables, pollutants)
    return found + _settling(flows, tables, pollutants), network, flows


def _given(
    network: RiverNetwork, tables: Tables, missing: list[Fault]
) -> tuple[xr.Dataset | None, list[Fault]]:
    """Hydraulics of the table of flows, if it can be judged, and what is wrong with it."""
    if missing or not _complete(network, tables, ("flows", "boundaries", "shares"), _NEEDED):
        return None, []
    try:
        return given_hydraulics(network, tables), []
    except DataError as error:
        return None, faults_of(error, title(tables["flows"], "flows"))


def _computed(
    network: RiverNetwork, tables: Tables, computed: Callable[..., xr.Dataset]
) -> tuple[RiverNetwork, xr.Dataset | None, list[Fault]]:
    """Network and hydraulics as they are computed, if they can be, and what is wrong."""
    names = ("boundaries", "stages", "openings", "lateral_flows", "rating_curves", "tides")
    if not _complete(network, tables, names, _COMPUTING):
        return network, None, []
    wrong, joined, water = computed_hydraulics(network, tables, computed)
    if water is not None and "dispersion" in water:
        mixed = (water["dispersion"] > 0.0).any("period")
        wrong += _spread(tables, set(water["reach"].values[mixed.values]))
    return joined, water, wrong


def _dispersed(tables: Tables) -> list[Fault]:
    """Find what cannot be reckoned with dispersion: prescribed shares, and loads spread out."""
    flows, shares = tables["flows"], tables["shares"]
    reaches = set(flows["reach"][flows["dispersion"] > 0.0])
    found: list[Fault] = []
    if not reaches:
        return found
    if not shares.empty:
        right = "shares and dispersion in different studies"
        problem = "is given with dispersion"
        found.append(Fault(title(shares, "shares"), None, "share", None, problem, right))
    return found + _spread(tables, reaches)


def _spread(tables: Tables, reaches: set[str]) -> list[Fault]:
    """Outlets along reaches that have a dispersion."""
    outlets = tables["outlets"]
    spread = outlets["reach"].isin(reaches) & (outlets["position_to"] > outlets["position"])
    problem = "spreads a load along a reach with dispersion"
    right = "several outlets, each at a position"
    return [
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


def _complete(
    network: RiverNetwork, tables: Tables, names: tuple[str, ...],
    needed: tuple[tuple[str, str], ...],
) -> bool:  # fmt: skip
    """Whether every number is there and every label known, so that flows can be judged."""
    periods = tables["periods"]
    known = {
        "reach": set(network.reaches.index.tolist()),
        "node": set(network.nodes.index.tolist()),
        "structure": set(network.structures.index.tolist()),
        "period": set(periods["period"].tolist()),
    }
    labels = (
        # a stage without period holds in all
        (labels | {""} if name in ("stages", "openings", "lateral_flows") else labels).issuperset(
            tables[name][column].tolist()
        )
        for name in names
        for column, labels in known.items()
        if column in tables[name]
    )
    numbers = (tables[name][column].notna().all() for name, column in needed)
    return all(labels) and all(numbers) and bool((periods["days"] > 0.0).all())


def given_hydraulics(network: RiverNetwork, tables: Tables) -> xr.Dataset:
    """Hydraulics of a study from its tables of flows, boundaries and shares.

    Parameters
    ----------
    network : RiverNetwork
        Of the same study.
    tables : dict of DataFrame
        ``periods``, ``flows``, ``boundaries``, ``shares``; complete, with labels that exist.

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

    axes = {"reach": network.reaches.index.to_numpy(), "period": periods["period"].to_numpy()}
    flow, velocity, area = _arrays(tables["flows"], axes, ["flow", "velocity", "area"])
    # where only some periods have an area, such as those without flow, the velocity gives the rest
    stated = ~np.isnan(area)
    rest = np.divide(abs(flow), velocity, out=np.full(flow.shape, np.nan), where=velocity > 0.0)
    area = np.where(stated | ~stated.any(axis=1, keepdims=True), area, rest)
    lacks = [np.isnan(values).any(axis=1, keepdims=True) for values in (velocity, area)]
    velocity = np.where(lacks[0] & ~lacks[1], np.nan, velocity)
    raise_faults(
        [*_partial(velocity, axes, "velocity and area"), *_partial(area, axes, "area and velocity")]
    )
    depth = tables["flows"]["depth"]
    if depth.notna().any():
        right = "a depth in every row or in none"
        raise_faults(
            fault_at(tables["flows"], "flows", int(i), "depth", "is empty", right)
            for i in np.flatnonzero(depth.isna())
        )
    ends = {"node": network.nodes.index.to_numpy(), "period": axes["period"]}
    (boundary,) = _arrays(tables["boundaries"], ends, ["flow"])
    shares = tables["shares"].set_index("reach")["share"]
    result: xr.Dataset = hydraulics.from_flow(
        network,
        xr.DataArray(flow, {**axes, **calendar}, list(axes)),
        velocity=_stated(velocity, axes),
        area=_stated(area, axes),
        shares=None if shares.empty else shares,
        boundaries=xr.Dataset({"flow": (tuple(ends), np.nan_to_num(boundary))}, ends),
    )
    return result


def _partial(values: Numbers, axes: Axes, names: str) -> list[Fault]:
    """Periods without a value on reaches that have one in others."""
    lost = np.isnan(values)
    column = names.partition(" ")[0]
    return [
        Fault("flows", f"{axes['reach'][i]}, {axes['period'][j]}", column, None,
              f"is empty, like {names.rpartition(' ')[2]}, but not in other periods",
              "a velocity or an area in every period, or in none")
        for i, j in np.argwhere(lost & ~lost.all(axis=1, keepdims=True))
    ]  # fmt: skip


def _stated(values: Numbers, axes: Axes) -> xr.DataArray | None:
    """Reaches that have a value, with their labels; None if no reach has one."""
    some = ~np.isnan(values).all(axis=1)
    named = {**axes, "reach": axes["reach"][some]}
    return xr.DataArray(values[some], named, list(named)) if some.any() else None


def _arrays(table: pd.DataFrame, axes: Axes, columns: Sequence[str]) -> list[Numbers]:
    """Columns of a table by label and period, NaN where it has no row."""
    place = tuple(positions(labels, table[name].to_numpy()) for name, labels in axes.items())
    arrays = []
    for column in columns:
        values = np.full(tuple(map(len, axes.values())), np.nan)
        values[place] = table[column].to_numpy()
        arrays.append(values)
    return arrays


def _missing_flows(tables: Tables) -> list[Fault]:
    """Reaches without flow in some period."""
    flows = tables["flows"]
    reaches, periods = (
        np.array([label for label in tables[name][key].tolist() if label], dtype=object)
        for name, key in (("reaches", "reach"), ("periods", "period"))
    )
    row = positions(reaches, flows["reach"].to_numpy())
    column = positions(periods, flows["period"].to_numpy())
    known = (row >= 0) & (column >= 0)
    there = np.zeros((reaches.size, periods.size), dtype=bool)
    there[row[known], column[known]] = True
    found = []
    for i in np.flatnonzero(~there.all(axis=1)):
        problem = f"has no flow in {listed(periods[~there[i]])}"
        right = "a row for every reach and period"
        found.append(Fault(title(flows, "flows"), None, "reach", reaches[i], problem, right))
    return found


def _unjudged_parts(network: RiverNetwork, tables: Tables) -> list[Fault]:
    """Parts of the network that take in loads where no section judges them."""
    reaches, nodes = network.reaches.index.to_numpy(), network.nodes.index.to_numpy()
    # one more place at the end, for what is not found
    of_reach = np.append(network.parts.to_numpy(), -1)
    of_node = np.full(nodes.size + 1, -1)
    of_node[network.from_index] = of_node[network.to_index] = of_reach[:-1]

    def parts_of(table: pd.DataFrame) -> NDArray[np.int64]:
        """Part that each row of a table lies in, -1 where that is not known."""
        reach, node = table["reach"].to_numpy(), table["node"].to_numpy()
        there = of_reach[positions(reaches, reach)]
        at_node = np.flatnonzero(reach == "")
        there[at_node] = of_node[positions(nodes, node[at_node])]
        return there

    judged, part = parts_of(tables["sections"]), parts_of(tables["outlets"])
    problem = "is in a part of the network without a section"
    right = "a section there, or reaches that join the parts"
    return [
        fault_at(tables["outlets"], "outlets", i, "outlet", problem, right)
        for i in np.flatnonzero((part >= 0) & ~np.isin(part, judged)).tolist()
    ]


def _missing_inflow(flows: xr.Dataset, tables: Tables, pollutants: Sequence[str]) -> list[Fault]:
    """Nodes where water enters whose concentration nobody prescribes."""
    inflow = tables["inflow"]
    entering = flows["boundary_flow"].transpose("node", "period")
    nodes, periods = entering["node"].values, entering["period"].values
    row = positions(nodes, inflow["node"].to_numpy())
    column = positions(periods, inflow["period"].to_numpy())
    always = (inflow["period"] == "").to_numpy()
    found = []
    for pollutant in pollutants:
        own = (row >= 0) & (inflow["pollutant"] == pollutant).to_numpy()
        there = np.zeros(entering.shape, dtype=bool)
        there[row[own & always]] = True
        dated = own & (column >= 0)
        there[row[dated], column[dated]] = True
        lacks = (entering.values > 0.0) & ~there
        for i in np.flatnonzero(lacks.any(axis=1)):
            when = listed(periods[lacks[i]])
            problem = f"lets water in without a concentration of {pollutant} in {when}"
            found.append((i, problem))
    where, right = title(inflow, "inflow"), "a row of inflow for it"
    return [
        Fault(where, None, "node", nodes[i], problem, right)
        for i, problem in sorted(found, key=lambda place: place[0])
    ]
