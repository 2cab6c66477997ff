"""Reads labelled inputs in the order of the network, collecting what is wrong with them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from permitload.errors import DataError, Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.schema import VARIABLES, text
from permitload.units import DAYS_PER_YEAR

__all__ = ["Values", "cell_faults", "read"]

Values: TypeAlias = "xr.DataArray | pd.Series[float]"

_COMPLETE = {("flows", "flow")}
"""Columns that must name every label of the network."""


def read(
    network: RiverNetwork,
    flow: Values,
    velocity: Values | None,
    area: Values | None,
    shares: Values | None,
    boundaries: xr.Dataset | None,
) -> xr.Dataset:
    """Align all inputs with the network: NaN where a reach or node is not listed.

    The declared boundary flow is ``boundary_flow``, 0 where not listed; it and ``share`` are
    there only if given.
    """
    faults: list[Fault] = [
        Fault("flows", None, name, type(given).__name__, "is not labelled",
              "a DataArray (reach, period), or a Series by reach")
        for name, given in (("flow", flow), ("velocity", velocity), ("area", area),
                            ("share", shares))
        if given is not None and not isinstance(given, (xr.DataArray, pd.Series))
    ]  # fmt: skip
    raise_faults(faults)
    if isinstance(flow, xr.DataArray) and "period" in flow.coords and "period" not in flow.dims:
        flow = flow.expand_dims("period")
    calendar = _calendar(flow, faults)
    reaches, nodes = network.reaches.index, network.nodes.index
    # one set of labels for all arrays: nothing is compared when they meet
    result = calendar.assign_coords(reach=reaches.to_numpy(), node=nodes.to_numpy())
    like = xr.DataArray(
        np.empty((reaches.size, result.sizes["period"])), result.drop_dims("node").coords,
        ("reach", "period"),
    )  # fmt: skip
    given = {"flow": flow, "velocity": velocity, "area": area}
    for name, values in given.items():
        result[name] = _aligned(values, ("flows", name), reaches, like, faults)
    if shares is not None:
        result["share"] = _aligned(shares, ("shares", "share"), reaches, like, faults)
    if boundaries is not None and "flow" not in boundaries:
        faults.append(Fault("boundaries", None, "flow", None, "is missing", "flow(node, period)"))
    elif boundaries is not None:
        like = xr.DataArray(
            np.empty((nodes.size, result.sizes["period"])), result.drop_dims("reach").coords,
            ("node", "period"),
        )  # fmt: skip
        declared = _aligned(boundaries["flow"], ("boundaries", "flow"), nodes, like, faults)
        result["boundary_flow"] = declared.fillna(0.0)
    raise_faults(faults)
    return result


def cell_faults(
    table: str, values: xr.DataArray, wrong: xr.DataArray | xr.Variable, problem: str, right: str
) -> list[Fault]:
    """Name every wrong cell of an array by its labels."""
    faults = []
    if not wrong.values.any():
        return []
    for place in np.argwhere(wrong.values):
        row = ", ".join(
            f"{dim} {values[dim].values[i]}" for dim, i in zip(values.dims, place, strict=True)
        )
        found = values.values[tuple(place)]
        faults.append(Fault(table, row, str(values.name), found, problem, right))
    return faults


def _calendar(flow: Values, faults: list[Fault]) -> xr.Dataset:
    """Periods with their days and start; one design period if the flow has none."""
    start: np.ndarray = np.array("NaT", dtype="datetime64[ns]")
    if isinstance(flow, pd.Series) or "period" not in flow.dims:
        index, days = pd.Index(["design"], dtype=object), np.array([DAYS_PER_YEAR])
    elif "period" not in flow.indexes:
        right = "the coordinate period (unique labels), with days(period) [d]"
        raise DataError([Fault("flows", None, "period", None, "is not described", right)])
    else:
        index = _text(flow.indexes["period"])
        given = flow["days"].to_numpy().astype(float) if "days" in flow.coords else DAYS_PER_YEAR
        days = np.broadcast_to(given, index.shape)
        if "start" in flow.coords:
            start = flow["start"].to_numpy().astype("datetime64[ns]")
    faults.extend(
        Fault("periods", index[i], "days", days[i], "is not valid", "days > 0 d")
        for i in np.flatnonzero(~(np.isfinite(days) & (days > 0.0)))
    )
    once = ~index.duplicated()  # repeated labels are reported with the flow itself
    coords = {
        "period": index[once].to_numpy(),
        "days": ("period", days[once]),
        "start": ("period", np.broadcast_to(start, index.shape)[once]),
    }
    return xr.Dataset(coords=coords)


def _aligned(
    values: Values | None,
    place: tuple[str, str],
    labels: pd.Index[str],
    like: xr.DataArray,
    faults: list[Fault],
) -> xr.DataArray:
    """Array (label, period) on the labels of ``like``, with NaN where a label is not listed."""
    table, column = place
    dim = str(labels.name)
    periods = like.indexes["period"]
    known = {dim: labels, "period": periods}
    nothing = like.copy(deep=False, data=np.full(like.shape, np.nan)).rename(column)
    if isinstance(values, pd.Series):
        values = xr.DataArray(values.to_numpy(dtype=float), {dim: values.index.to_numpy()}, [dim])
    if values is None:
        return nothing
    if set(values.dims) - {"period"} != {dim} or not set(values.dims) <= set(values.indexes):
        problem, right = f"has dimensions {values.dims}", f"labelled dimensions ({dim}, period)"
        faults.append(Fault(table, None, column, None, problem, right))
        return nothing
    array = values.astype(float).rename(column).reset_coords(drop=True)
    turned = [d for d in array.dims if not array.indexes[d].equals(known[str(d)])]
    array = array.assign_coords({name: _text(array.indexes[name]) for name in turned})
    for name in turned:
        complete = name == "period" or place in _COMPLETE
        faults += _label_faults(table, array.indexes[name], known[str(name)], complete)
    variable = VARIABLES[column]
    number = array.variable
    wrong = ~((abs(number) < np.inf) & (number >= variable.lower) & (number <= variable.upper))
    right = f"a finite number from {variable.lower:g} to {variable.upper:g} {variable.unit}"
    faults += cell_faults(table, array, wrong, "is not valid", right)
    array = array.drop_duplicates(turned).reindex({name: known[str(name)] for name in turned})
    return nothing.copy(
        deep=False, data=array.variable.set_dims(nothing.sizes).transpose(*known).values
    )


def _label_faults(
    table: str, found: pd.Index[str], known: pd.Index[str], complete: bool
) -> list[Fault]:
    """Labels that are unknown or repeated and, where all are needed, those that are missing."""
    name = str(known.name)
    lists = [
        ("is unknown", f"a {name} that exists", found.unique().difference(known)),
        ("is repeated", "unique labels", found[found.duplicated()].unique()),
    ]
    if complete:
        lists.append(("is missing", f"a value for every {name}", known.difference(found)))
    return [
        Fault(table, None, name, label, problem, right)
        for problem, right, labels in lists
        for label in labels
    ]


def _text(index: pd.Index[str]) -> pd.Index[str]:
    labels = text(pd.Series(index)).to_numpy(dtype=object)
    return pd.Index(labels, dtype=object, name=index.name)
