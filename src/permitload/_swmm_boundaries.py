"""Stages at outfalls and inflows at nodes of a SWMM file, at given instants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._gaps import gap
from permitload._swmm_file import METRIC, Model, Row, curve, parse
from permitload.errors import NetworkError, raise_faults
from permitload.schema import described

Floats = NDArray[np.float64]
T = TypeVar("T")

_UNREAD = ("DWF", "RDII", "SUBCATCH")
"""Sections of further inflow: silence would dry the network."""


def read(path: Path, times: pd.DatetimeIndex) -> xr.Dataset:
    """Stage (node, time) of outfalls and flow (node, time) of inflows, straight between points."""
    model = parse(path)
    stages = {row[1][0]: _stage(model, row, times) for row in model.rows["OUTFALL"]}
    flows: dict[str, Floats] = {}
    for row in model.rows["INFLOW"]:
        if row[1][1].upper() == "FLOW":
            node = row[1][0]
            flows[node] = flows.get(node, 0.0) + _flow(model, row, times)
    for section in _UNREAD:
        for row in model.rows[section]:
            right = "a series of [INFLOWS], and no such section"
            model.wrong(row, "flow", section, "brings water that is not read", right)
    raise_faults(dict.fromkeys(model.faults), NetworkError)
    arrays = {}
    for name, found in (("stage", stages), ("flow", flows)):
        if found:
            coords = {"node": np.array(list(found), dtype=object), "time": times}
            arrays[name] = xr.DataArray(np.array(list(found.values())), coords, ("node", "time"))
    # a node that has one of the two has no number for the other
    return described(xr.merge([array.rename(name) for name, array in arrays.items()], join="outer"))


def _stage(model: Model, row: Row, times: pd.DatetimeIndex) -> Floats:
    """Stage at one outfall [m]."""
    kind, name = row[1][2].upper(), row[1][3]
    gate = row[1][3 if kind in ("FREE", "NORMAL") else 4]
    if gate.upper() == "YES":
        model.wrong(row, "flap", gate, "is not supported", "NO, and a gate that is one_way")
    if kind == "FIXED":
        return np.full(len(times), model.number(row, 3, "stage"))
    if kind == "TIMESERIES":
        return _series(model, row, name, times, even=True)
    if kind != "TIDAL":
        right = "FIXED, TIDAL or TIMESERIES"
        model.wrong(row, "stage", kind, "gives no stage", right)
        return np.full(len(times), np.nan)
    points = np.array(curve(model, name, "stage")).reshape(-1, 2)
    hours, levels = points.T
    if len(hours) == 0 or (np.diff(hours) <= 0.0).any() or hours[0] < 0.0 or hours[-1] > 24.0:
        right = "a curve of rising hours from 0 to 24 in [CURVES]"
        model.wrong(row, "stage", name, "is no tide", right)
        return np.full(len(times), np.nan)
    day = (times - times.normalize()) / pd.Timedelta(hours=1)
    return np.asarray(np.interp(day, hours, levels, period=24.0), dtype=float)


def _flow(model: Model, row: Row, times: pd.DatetimeIndex) -> Floats:
    """Inflow at one node [m3/s]: baseline plus series times its factor."""
    items = row[1]
    if len(items) > 7 and items[7]:
        model.wrong(row, "pattern", items[7], "is not supported", "a time series")
    units = METRIC.get(model.option("OPTION", "FLOW_UNITS", "CFS"))
    if units is None:
        model.wrong(row, "flow", None, "is not metric", f"flow units {', '.join(METRIC)}")
        units = np.nan
    factor = model.number(row, 5, "factor") if items[5] else 1.0
    base = model.number(row, 6, "flow") if items[6] else 0.0
    name = items[2]
    series = _series(model, row, name, times) if name else np.zeros(len(times))
    return np.asarray(units * (base + factor * series))


def _series(
    model: Model, user: Row, name: str, times: pd.DatetimeIndex, even: bool = False
) -> Floats:
    """Time series at the instants; beyond its ends is a fault, and so is a gap where ``even``."""
    stamps, values = [], []
    start, day = _start(model), None
    for line, items in model.rows["TIMESERIES"]:
        if items[0] != name:
            continue
        row, rest = (line, [name, *items[1:]]), [item for item in items[1:] if item]
        if rest and rest[0].upper() == "FILE":
            model.wrong(row, "time", "FILE", "is not supported", "the values themselves")
            return np.full(len(times), np.nan)
        while len(rest) >= 2:
            if "/" in rest[0] or rest[0].count("-") == 2:
                day = _read(model, row, rest.pop(0), lambda text: pd.Timestamp(text))
                continue
            ahead = _read(model, row, rest[0], _hours)
            stamps.append((start if day is None else day) + ahead)
            values.append(model.number((line, [name, rest[1]]), 1, "value"))
            rest = rest[2:]
    at = pd.DatetimeIndex(stamps)
    problem = "is no series" if at.empty else None
    if not at.empty and not at.is_monotonic_increasing:
        problem = "does not run forward"
    elif not at.empty and (times[0] < at[0] or times[-1] > at[-1]):
        problem = f"runs from {at[0]} to {at[-1]} only"
    if problem:
        right = f"a series of [TIMESERIES] from {times[0]} to {times[-1]}"
        model.wrong(user, "time", name, problem, right)
        return np.full(len(times), np.nan)
    seconds = (at - at[0]).total_seconds().to_numpy()
    lost = gap(seconds) if even else None
    if lost is not None:
        problem = f"has no value for {lost[1]:g} s from {at[lost[0]]} on"
        right = f"one every {lost[2]:g} s, as elsewhere"
        model.wrong(user, "stage", name, problem, right)
    wanted = (times - at[0]) / pd.Timedelta(seconds=1)
    return np.asarray(np.interp(wanted, seconds, values), dtype=float)


def _start(model: Model) -> pd.Timestamp:
    """Start of the simulation, which series without a date count from."""
    date = model.option("OPTION", "START_DATE", "01/01/2004")
    clock = model.option("OPTION", "START_TIME", "0")
    row = (0, ["[OPTIONS]"])
    return _read(model, row, date, lambda text: pd.Timestamp(text)) + _read(
        model, row, clock, _hours
    )


def _read(model: Model, row: Row, text: str, reader: Callable[[str], T]) -> T:
    """Read one cell of time; a fault, and the reading of 0, if it is none."""
    try:
        return reader(text)
    except ValueError:
        model.wrong(row, "time", text, "is no time", "month/day/year, hours:minutes or hours")
        return reader("2004-01-01" if "/" in text or text.count("-") == 2 else "0")


def _hours(text: str) -> pd.Timedelta:
    """Read a clock, or decimal hours."""
    if ":" not in text:
        return pd.Timedelta(hours=float(text))
    hours, minutes, seconds = ([*map(float, text.split(":")), 0.0])[:3]
    return pd.Timedelta(hours=hours, minutes=minutes, seconds=seconds)
