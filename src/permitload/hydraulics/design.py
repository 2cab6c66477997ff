"""Design value of one or several records by one method; refused reach by reach on loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload.errors import DataError, Fault, NetworkError, raise_faults
from permitload.hydraulics._design import Sampled
from permitload.network import RiverNetwork
from permitload.schema import VARIABLES

__all__ = ["design_flow"]


def design_flow(
    series: pd.Series[Any] | xr.DataArray,
    method: Callable[[pd.Series[Any]], Sampled],
    network: RiverNetwork | None = None,
) -> xr.Dataset:
    """Design value of one or several records by one method.

    On a network with loops a design flow for each reach breaks continuity: reaches that lie on
    loops are refused. Use :func:`typical_year`, which keeps all boundaries of one year together.

    Parameters
    ----------
    series : Series or DataArray
        Flow [m3/s] or stage [m] by time (day, part of a day, or month; local time); NaN is
        missing. A DataArray (time, …) may hold further dimensions, such as ``reach``.
    method : callable
        A function of a Series that returns a :class:`Sampled`, such as :func:`driest_month`;
        ``functools.partial`` changes its options.
    network : RiverNetwork, optional
        Needed for records by ``reach``, and only for them.

    Returns
    -------
    Dataset
        ``value``, ``samples`` and ``warning`` by the dimensions of ``series`` other than time.

    Raises
    ------
    DataError
        If reaches lie on loops or are not in the network, or the method refuses a record, with
        the label of each.

    Examples
    --------
    >>> from permitload.hydraulics import driest_month
    >>> days = pd.date_range("1991-04-01", "2021-03-31")
    >>> flow = pd.Series(1.0 + (days.month == 1) * (days.year - 1992) / 29.0 - 0.9, days)
    >>> result = design_flow(flow, driest_month)
    >>> round(float(result.value), 3), int(result.samples), str(result.warning.item())
    (0.1, 30, '')
    """
    if isinstance(series, pd.Series):
        series = xr.DataArray(series, {"time": series.index}, "time", series.name)
    table = _table(series)
    _refuse_loops(series, network)
    found, faults = [], []
    for label, record in table.items():
        try:
            found.append(method(record))
        except DataError as error:
            faults += [_named(fault, label) for fault in error.faults]
    raise_faults(faults)
    rest = [dim for dim in series.dims if dim != "time"]
    frame = xr.Dataset(coords=series.coords).drop_dims("time")
    shape = [series.sizes[dim] for dim in rest]
    for name in ("value", "samples", "warning"):
        cells = np.array([getattr(design, name) for design in found]).reshape(shape)
        frame[name] = (rest, cells)
    known = VARIABLES.get(str(series.name))
    unit = series.attrs.get("units", known.unit if known else "")
    frame["value"].attrs = {"units": unit} if unit else {}
    return frame.assign_attrs(method=getattr(method, "__name__", repr(method)))


def _table(series: xr.DataArray) -> pd.DataFrame:
    """Set records in columns, by label of the dimensions other than time."""
    rest = [dim for dim in series.dims if dim != "time"]
    if "time" not in series.dims or "time" not in series.coords:
        right = "a DataArray with time and its coordinate"
        raise_faults([Fault("series", None, "time", None, "is missing", right)])
    columns = series.transpose("time", *rest).to_numpy().reshape(series.sizes["time"], -1)
    labels = [
        ", ".join(
            f"{dim} {series[dim].values[i]}" for dim, i in zip(rest, place, strict=True)
        )
        for place in np.ndindex(*(series.sizes[dim] for dim in rest))
    ]  # fmt: skip
    return pd.DataFrame(columns, index=series.indexes["time"], columns=pd.Index(labels))


def _named(fault: Fault, label: str) -> Fault:
    """Fault of one of several records."""
    if not label:
        return fault
    row = label if fault.row is None else f"{label}, {fault.row}"
    return Fault(
        fault.table, row, fault.column, fault.value, fault.problem, fault.expected
    )  # fmt: skip


def _refuse_loops(series: xr.DataArray, network: RiverNetwork | None) -> None:
    """Refuse flows by reach without their network, and those of reaches on loops."""
    if "reach" not in series.dims:
        return
    if network is None:
        fault = Fault("series", None, "network", None, "is missing", "that of these reaches")
        raise NetworkError([fault])
    looped = _on_loops(network)
    wrong = "of reaches that loop: design flow reach by reach breaks continuity there"
    right = "typical_year, which keeps one set of boundaries"
    faults = []
    for label in series["reach"].values:
        if label not in network.reaches.index:
            faults.append(Fault("series", label, "reach", None, "is unknown", "a reach"))
        elif label in looped:
            faults.append(Fault("series", label, "reach", None, f"is one {wrong}", right))
    raise_faults(faults, NetworkError)


def _on_loops(network: RiverNetwork) -> set[str]:
    """Reaches without which their two ends would still be connected; structures connect."""
    import networkx as nx

    links: dict[frozenset[str], list[str]] = {}
    for table in (network.reaches, network.structures):
        for label, start, stop in zip(
            table.index, table["from_node"], table["to_node"], strict=True
        ):
            links.setdefault(frozenset((start, stop)), []).append(label)
    graph = nx.Graph(tuple(pair) for pair in links)
    bridges = {frozenset(pair) for pair in nx.bridges(graph)}
    looped = (labels for pair, labels in links.items() if len(labels) > 1 or pair not in bridges)
    return {label for labels in looped for label in labels}
