"""Whether the flow of a study can be computed, and that flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from permitload import hydraulics
from permitload._frames import fault_at, faults_of, title
from permitload.errors import ConvergenceError, DataError, Fault
from permitload.io import expand_periods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from permitload.network import RiverNetwork

__all__ = ["computed_hydraulics", "idle_faults", "unread_faults"]

Tables = dict[str, pd.DataFrame]

_GIVEN = (("boundaries", "flow", "node"), ("stages", "stage", "node"),
          ("openings", "opening", "structure"),
          ("lateral_flows", "lateral_flow", "reach"))  # fmt: skip
"""Tables of boundaries, the variable each holds, and what it is given at."""
_WEATHER = ("rain", "evaporation")
"""Columns of the periods that act on the surface of storage nodes."""
_HOMES = {
    "stage": "stages",
    "opening": "openings",
    "lateral_flow": "lateral_flows",
    "rating_stage": "rating_curves",
    **dict.fromkeys(_WEATHER, "periods"),
}


def computed_hydraulics(
    network: RiverNetwork, tables: Tables, computed: Callable[..., xr.Dataset]
) -> tuple[list[Fault], RiverNetwork, xr.Dataset | None]:
    """Flow of a study from its stages, inflows and openings, its structures as reaches.

    Parameters
    ----------
    network : RiverNetwork
        Of the same study, with structures.
    tables : dict of DataFrame
        ``periods`` (with its rain), ``boundaries``, ``stages``, ``openings``,
        ``lateral_flows``, ``rating_curves``, ``cross_sections``, ``storage_curves``; complete,
        with labels that exist.
    computed : callable
        Such as :func:`permitload.hydraulics.steady`.

    Returns
    -------
    faults : list of Fault
        What computing the flow refuses.
    network : RiverNetwork
        With every structure as a reach; as given where there are faults.
    water : Dataset or None
        As :func:`permitload.hydraulics.structures_as_reaches`.

    Examples
    --------
    >>> from permitload._frames import complete
    >>> from permitload.network import RiverNetwork
    >>> from permitload.schema import TABLES
    >>> network = RiverNetwork(pd.DataFrame({"reach": ["R1"], "from_node": ["a"],
    ...                                      "to_node": ["b"], "length": [1000.0]}))
    >>> tables = {name: complete(None, name) for name in TABLES}
    >>> print(computed_hydraulics(network, tables, hydraulics.steady)[0][0])
    reaches, row R1, width: is empty; right would be a number: computed flow needs it
    """
    curves = ("cross_sections", "storage_curves", "gate_rules")
    details = hydraulics.Details(*(None if tables[n].empty else tables[n] for n in curves))
    try:
        water = computed(network, _boundaries(tables, network), details)
        return [], *hydraulics.structures_as_reaches(network, water)
    except DataError as error:
        return [_named(fault, tables) for fault in faults_of(error, "boundaries")], network, None
    except ConvergenceError as error:
        right = "geometry and boundaries of a subcritical flow"
        fault = Fault("study.toml", "hydraulics", "flow", None, f"is not found: {error}", right)
        return [fault], network, None


def _boundaries(tables: Tables, network: RiverNetwork) -> xr.Dataset:
    """Flows, stages, openings and weather by label and period; NaN where a table has none."""
    periods = tables["periods"]
    labels = periods["period"].tolist()
    found = {}
    for name, variable, key in _GIVEN:
        table = expand_periods(tables[name], labels)
        if not table.empty:
            wide = table.pivot(index=key, columns="period", values=variable)
            values = wide.reindex(columns=labels).to_numpy(dtype=float)
            axes = {key: wide.index.to_numpy(dtype=object), "period": labels}
            found[variable] = xr.DataArray(values, axes, [key, "period"])
    wet = network.nodes.index[network.nodes["storage_area"] > 0.0].to_numpy(dtype=object)
    for variable in _WEATHER:
        if periods[variable].notna().any():
            series = np.tile(periods[variable].to_numpy(dtype=float), (wet.size, 1))
            axes = {"node": wet, "period": labels}
            found[variable] = xr.DataArray(series, axes, ["node", "period"])
    # nodes of one table have no boundary of the other: those that are NaN throughout
    every = [xr.Dataset(coords={"period": labels}), *_ratings(tables["rating_curves"])]
    every += _tides(tables["tides"])
    every += [array.to_dataset(name=name) for name, array in found.items()]
    given = xr.merge(every, join="outer")
    return given.sel(period=labels).assign_coords(
        days=("period", periods["days"].to_numpy(float)),
        start=("period", periods["start"].to_numpy()),
    )


def _ratings(table: pd.DataFrame) -> list[xr.Dataset]:
    """Rating curves by node and point, if there are any; the shorter ones end in NaN."""
    if table.empty:
        return []
    rows = table.sort_values(["node", "rating_stage"], kind="stable")
    point = rows.groupby("node").cumcount().rename("point")
    wide = rows.set_index(["node", point])[["rating_stage", "rating_flow"]]
    return [wide.to_xarray().drop_vars("point")]


def _tides(table: pd.DataFrame) -> list[xr.Dataset]:
    """Constituents of tides by node, if there are any; the shorter lists end in NaN."""
    if table.empty:
        return []
    number = table.groupby("node").cumcount().rename("constituent")
    wide = table.set_index(["node", number])[["amplitude", "cycle", "phase"]]
    return [wide.to_xarray().drop_vars("constituent")]


def _named(fault: Fault, tables: Tables) -> Fault:
    """Name the table of a study in place of the boundaries of the computation."""
    home = _HOMES.get(fault.column or "") if fault.table == "boundaries" else None
    if home is None:
        return fault
    table = title(tables[home], home) if fault.row is None else home
    return Fault(table, fault.row, fault.column, fault.value, fault.problem, fault.expected)


def unread_faults(tables: Tables) -> list[Fault]:
    """Tables of boundaries, weather and pumps that nobody reads where flow is given.

    Examples
    --------
    >>> rows = pd.DataFrame({"node": ["a"], "period": [""], "stage": [2.0]})
    >>> dry = pd.DataFrame({"rain": [np.nan], "evaporation": [np.nan]})
    >>> none = dict.fromkeys(("openings", "lateral_flows", "rating_curves", "tides",
    ...                       "gate_rules", "cross_sections", "storage_curves"), rows.iloc[:0])
    >>> none["polders"] = pd.DataFrame({"from_node": [""]})
    >>> print(unread_faults({"stages": rows, "periods": dry, **none})[0])
    stages, stage: is not read where flow is given; right would be flow = "steady" in [hydraulics]
    """
    problem = "is not read where flow is given"
    steady, unsteady = (f'flow = "{name}" in [hydraulics]' for name in ("steady", "unsteady"))
    found = [(home, column) for column, home in _HOMES.items() if home != "periods"]
    found += [("cross_sections", "width"), ("storage_curves", "storage_area")]
    moving = [("tides", "amplitude"), ("gate_rules", "opening")]
    found = [(name, column) for name, column in (*found, *moving) if not tables[name].empty]
    if (tables["polders"]["from_node"] != "").any():
        found.append(("polders", "from_node"))
    found += [("periods", name) for name in _WEATHER if tables["periods"][name].notna().any()]
    return [
        Fault(
            title(tables[name], name), None, column, None, problem,
            unsteady if (name, column) in moving else steady,
        )
        for name, column in found
    ]  # fmt: skip


def idle_faults(tables: Tables, computed: Callable[..., xr.Dataset]) -> list[Fault]:
    """Find what tables state of flow that would be read only where flow is given.

    Examples
    --------
    >>> from permitload._frames import complete
    >>> tables = {name: complete(None, name) for name in
    ...           ("flows", "shares", "gate_rules", "tides", "periods", "nodes")}
    >>> idle_faults(tables, hydraulics.steady)
    []
    """
    flows, periods, nodes = tables["flows"], tables["periods"], tables["nodes"]
    where = title(periods, "periods")
    dry = not (nodes["storage_area"] > 0.0).any()
    found = [
        Fault(where, None, name, None, "falls on no surface", "a node with storage_area > 0")
        for name in _WEATHER
        if dry and periods[name].notna().any()
    ]
    found += [
        fault_at(flows, "flows", int(i), "dispersion", "is not read where flow is computed",
                 "an empty cell: the table is a check")
        for i in np.flatnonzero(flows["dispersion"] > 0.0)
    ]  # fmt: skip
    return found + list(_present(tables, getattr(computed, "func", computed)))


def _present(tables: Tables, function: Callable[..., xr.Dataset]) -> Iterable[Fault]:
    """Tables that have no place beside the flow that a function computes."""
    calm = function is hydraulics.steady
    for name, column, right, idle in (
        ("shares", "share", "no such table: stages decide how flow splits", True),
        ("gate_rules", "opening", "openings.csv: steady flow has no rules", calm),
        ("tides", "amplitude", 'flow = "unsteady" in [hydraulics]', calm),
    ):
        if idle and not tables[name].empty:
            problem = "is not read where flow is computed"
            yield Fault(title(tables[name], name), None, column, None, problem, right)
