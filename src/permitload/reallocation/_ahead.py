"""What an update is told of the periods ahead, checked, in the order of labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import DataError, Fault, raise_faults
from permitload.reallocation.state import State
from permitload.schema import VARIABLES, value_faults

__all__ = ["NEGLIGIBLE", "Ahead", "ahead"]

Floats = NDArray[np.float64]
FORECAST = {
    "response": ("section", "enterprise", "pollutant", "period"),
    "headroom": ("section", "pollutant", "period"),
    "group_limit": ("pollutant", "period"),
    "annual_total": ("pollutant",),
    "attained": ("pollutant",),
}
PLANS = {
    "plan": ("enterprise", "pollutant", "period"),
    "floor": ("enterprise", "pollutant", "period"),
    "ceiling": ("enterprise", "pollutant", "period"),
    "permit": ("enterprise", "pollutant"),
    "tier_weight": ("enterprise",),
    "adjustment_coefficient": ("enterprise",),
    "ramp_step": ("enterprise", "pollutant"),
}
OPTIONAL = {
    "attained": 1.0,
    "tier_weight": 1.0,
    "adjustment_coefficient": 1.0,
    "ramp_step": 0.0,
    "floor": 0.0,
}
"""What may be left out, and what then holds."""
NEGLIGIBLE = 1e-9
"""Part of the largest response of a pollutant below which a response is none."""
ENDLESS = ("permit",)
TIME = ("days", "start", "year")


@dataclass(frozen=True, slots=True)
class Ahead:
    """Arrays by name, in the order of sorted labels, periods from the one that is issued on."""

    enterprise: list[str]
    section: list[str]
    period: list[str]
    time: dict[str, NDArray[Any]]
    value: dict[str, Floats]


def ahead(state: State, period: str, forecast: xr.Dataset, plans: xr.Dataset) -> Ahead:
    """Check forecast and plans against each other, the state and the calendar."""
    faults = [*_missing(forecast, "forecast", FORECAST), *_missing(plans, "plans", PLANS)]
    raise_faults(faults)
    labels = {
        dim: sorted(map(str, dataset[dim].values))
        for dim, dataset in (("section", forecast), ("enterprise", plans))
    }
    labels["pollutant"] = list(map(str, state.accounts["pollutant"].values))
    time = _calendar(state, period, forecast)
    labels["period"] = time.pop("period").tolist()
    parts = ((forecast, "forecast", FORECAST), (plans, "plans", PLANS))
    raise_faults([f for part in parts for f in _unmatched(*part, labels)])
    value = {}
    for dataset, table, dims in parts:
        at = {str(dim): _place(dataset, str(dim), labels) for dim in dataset.dims}
        for name, axes in dims.items():
            if name in dataset:
                place = [at[dim] for dim in axes]
                array = dataset[name].variable.transpose(*axes).values
                value[name] = array.astype(float, copy=False)[np.ix_(*place)]
                faults += _wrong(value[name], dataset[name], table)
            else:
                value[name] = np.full([len(labels[dim]) for dim in axes], OPTIONAL[name])
    raise_faults(faults)
    return Ahead(labels["enterprise"], labels["section"], labels["period"], time, value)


def _missing(dataset: xr.Dataset, table: str, dims: dict[str, tuple[str, ...]]) -> Iterator[Fault]:
    for name, axes in dims.items():
        expected = f"dimensions ({', '.join(axes)}), labelled"
        if name not in dataset:
            if name not in OPTIONAL:
                yield Fault(table, None, name, None, "is missing", expected)
            continue
        bare = [dim for dim in dataset[name].dims if dim not in dataset.coords]
        if set(dataset[name].dims) != set(axes) or bare:
            problem = f"has dimensions {tuple(map(str, dataset[name].dims))}"
            yield Fault(table, None, name, None, problem, expected)
    if table == "forecast":
        for name in TIME:
            if name not in dataset.coords or dataset[name].dims != ("period",):
                yield Fault(table, None, name, None, "is missing", "a coordinate (period)")


def _calendar(state: State, period: str, forecast: xr.Dataset) -> dict[str, NDArray[Any]]:
    """Period that is issued and the others of its year, in order, none before or within another."""
    known = forecast["period"].values.astype(str).tolist()
    if period not in known:
        fault = Fault("forecast", period, "period", None, "is missing", f"one of {known[:12]}")
        raise DataError([fault])
    table = pd.DataFrame({name: forecast[name].values for name in TIME}, known)
    if table.isna().any(axis=None) or not (table["days"] > 0).all():
        raise DataError(
            "days, start or year of a period is missing; right would be days > 0, dates"
        )
    table = table[(table["year"] == table.loc[period, "year"])]
    table = table[table["start"] >= table.loc[period, "start"]].sort_values("start")
    start = table["start"].to_numpy("datetime64[ns]")
    end = start + pd.to_timedelta(table["days"].to_numpy(float), unit="D").to_numpy()
    done = state.accounts
    faults = []
    if period in done["period"].values.tolist():
        expected = "a later period; use that was wrong is corrected through actuals"
        faults.append(Fault("state", period, "period", None, "is already issued", expected))
    elif done.sizes["period"]:
        length = pd.to_timedelta(done["days"].values[-1], unit="D").to_numpy()
        last = done["start"].values[-1] + length
        if start[0] < last:
            expected = f"a start of {pd.Timestamp(last):%Y-%m-%d} or later"
            faults.append(
                Fault("forecast", period, "start", str(start[0])[:10], "is past", expected)
            )
    faults += [
        Fault("forecast", table.index[k + 1], "start", str(start[k + 1])[:10], "is within another",
              f"{pd.Timestamp(end[k]):%Y-%m-%d} or later")
        for k in np.flatnonzero(start[1:] < end[:-1])
    ]  # fmt: skip
    raise_faults(faults)
    return {
        "period": table.index.to_numpy(dtype=str), "days": table["days"].to_numpy(float),
        "start": start, "year": table["year"].to_numpy(np.int64),
    }  # fmt: skip


def _unmatched(
    dataset: xr.Dataset, table: str, dims: dict[str, tuple[str, ...]],
    labels: dict[str, list[str]],
) -> Iterator[Fault]:  # fmt: skip
    for dim in sorted({dim for axes in dims.values() for dim in axes} & set(dataset.dims)):
        given = dataset.get_index(dim)
        for label in given[given.duplicated()]:
            yield Fault(table, label, dim, None, "is there twice", "one label each")
        for label in sorted({*labels[dim]} - {*map(str, given)}):
            yield Fault(table, label, dim, None, "is missing", "the labels of the state and plans")
        if dim == "pollutant":
            for label in sorted({*map(str, given)} - {*labels[dim]}):
                yield Fault(table, label, dim, None, "is unknown", f"one of {labels[dim]}")


def _place(dataset: xr.Dataset, dim: str, labels: dict[str, list[str]]) -> NDArray[np.intp]:
    """Where labels stand."""
    where = {str(label): k for k, label in enumerate(dataset[dim].values)}
    return np.array([where[label] for label in labels.get(dim, [])], dtype=np.intp)


def _wrong(values: Floats, array: xr.DataArray, table: str) -> list[Fault]:
    """Numbers that are NaN, out of bounds, or infinite where they must not be."""
    variable = VARIABLES[str(array.name)]
    most = np.inf if array.name in ENDLESS else min(variable.upper, np.finfo(float).max)
    if ((values >= max(variable.lower, -np.finfo(float).max)) & (values <= most)).all():
        return []
    faults = value_faults(array, table)
    if not faults:
        what = Fault(table, None, str(array.name), np.inf, "is no number", "finite numbers")
        faults.append(what)
    return faults
