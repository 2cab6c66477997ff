"""Checked numbers of sellers and buyers: responses, timing, the constant parts of a ratio."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._frames import complete, fault_at
from permitload._labels import cell
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["Trades", "days_of", "response_of", "timing_of", "trades_of"]

Floats = NDArray[np.float64]
ORDER = ("section", "outlet", "pollutant", "period")
EVEN = 1e-9
"""Distance from 1 of the mean of a timing that is round-off."""


class Trades(NamedTuple):
    """Sellers and buyers in the order given; responses (seller or buyer, section, period).

    ``sold`` is the fall per unit of a seller's mean reduction of the year, ``bought`` the rise per
    unit of the buyer's discharge.
    """

    sellers: pd.DataFrame
    buyers: pd.DataFrame
    section: NDArray[Any]
    period: NDArray[Any]
    sold: Floats
    bought: Floats

    @property
    def equivalency(self) -> Floats:
        """(seller, 1)."""
        return _column(self.sellers, "equivalency")[:, None]

    @property
    def uncertainty(self) -> Floats:
        """(seller, 1)."""
        return _column(self.sellers, "uncertainty_ratio")[:, None]

    @property
    def retirement(self) -> Floats:
        """(seller, buyer)."""
        own = _column(self.sellers, "retirement")[:, None]
        return own * _column(self.buyers, "replacement")

    @property
    def least(self) -> Floats:
        """(seller, 1)."""
        return _column(self.sellers, "least_ratio")[:, None]


def _column(table: pd.DataFrame, name: str) -> Floats:
    return np.asarray(table[name], dtype=float)


def response_of(response: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """Response by section, outlet, pollutant and period, finite and not negative."""
    found = response["response"] if isinstance(response, xr.Dataset) else response
    if set(found.dims) != set(ORDER):
        raise DataError(f"response has dimensions {found.dims}; right would be {ORDER}")
    found = found.transpose(*ORDER)
    faults = []
    for name in ORDER:
        labels = found.get_index(name)
        faults += [
            Fault("response", None, name, label, "is there twice", "one label each")
            for label in labels[labels.duplicated()].unique()
        ]
    wrong = np.argwhere(~((found.values >= 0.0) & np.isfinite(found.values)))
    for place in wrong[:1]:
        where, value = cell(found, place), found.values[tuple(place)]
        problem = f"is no response ({len(wrong)} such values)"
        faults.append(Fault("response", where, "response", value, problem, "a number >= 0"))
    raise_faults(faults)
    return found


def days_of(response: xr.DataArray) -> Floats:
    """Days of the periods; all alike where the response does not say."""
    if "days" not in response.coords:
        return np.ones(response.sizes["period"])
    days = response["days"].values.astype(float)
    if not ((days > 0.0) & (days < np.inf)).all():
        raise DataError(f"days are {days.tolist()}; right would be lengths > 0 d")
    return days


def timing_of(timing: xr.DataArray, sellers: pd.DataFrame, response: xr.DataArray) -> Floats:
    """Check timing (seller, period); in the order of the table and the response."""
    if set(timing.dims) != {"seller", "period"}:
        raise DataError(f"timing has dimensions {timing.dims}; right would be (seller, period)")
    faults = []
    for name, right in (("seller", sellers["seller"]), ("period", response["period"].values)):
        given, wanted = timing.get_index(name), pd.Index(np.asarray(right, dtype=object))
        apart = [*given[given.duplicated()], *given.symmetric_difference(wanted)]
        faults += [Fault("timing", label, name, None, "has no partner", "the same labels")
                   for label in apart]  # fmt: skip
    raise_faults(faults)
    order = {"seller": sellers["seller"].to_numpy(object), "period": response["period"].values}
    values = timing.sel(order).transpose("seller", "period").values.astype(float)
    days = days_of(response)
    mean = values @ days / days.sum()
    wrong = ~((values >= 0.0) & (values < np.inf)).all(axis=1) | ~(np.abs(mean - 1.0) <= EVEN)
    raise_faults(
        [
            Fault("timing", sellers["seller"].iloc[k], "timing", mean[k], "is its mean of the year",
                  "numbers >= 0 with mean 1, weighed by days")
            for k in np.flatnonzero(wrong)
        ]
    )  # fmt: skip
    return values


def trades_of(
    response: xr.Dataset | xr.DataArray,
    sellers: pd.DataFrame,
    buyers: pd.DataFrame,
    timing: xr.DataArray,
) -> Trades:
    """Check everything, and refuse all that is wrong with the tables at once."""
    rise = response_of(response)
    selling, buying = complete(sellers, "sellers"), complete(buyers, "buyers")
    _refuse(selling, buying, rise)
    falls, rises = _picked(selling, rise), _picked(buying, rise)
    unjudged = np.flatnonzero(~(rises > 0.0).any(axis=(1, 2))).tolist()
    right = "an outlet that reaches a section"
    raise_faults(
        [fault_at(buying, "buyers", k, "outlet", "is judged by no section", right)
         for k in unjudged]
    )  # fmt: skip
    selling = selling.assign(equivalency=selling["equivalency"].fillna(1.0))
    times = timing_of(timing, selling, rise)
    section, period = (rise[n].values.astype(object) for n in ("section", "period"))
    return Trades(selling, buying, section, period, falls * times[:, None], rises)


def _picked(table: pd.DataFrame, response: xr.DataArray) -> Floats:
    """Responses (row, section, period) of the outlets and pollutants of a table."""
    outlet = response.get_index("outlet").get_indexer(table["outlet"])
    pollutant = response.get_index("pollutant").get_indexer(table["pollutant"])
    return np.ascontiguousarray(response.values[:, outlet, pollutant].transpose(1, 0, 2))


def _refuse(selling: pd.DataFrame, buying: pd.DataFrame, response: xr.DataArray) -> None:
    faults = []
    for name, table in (("sellers", selling), ("buyers", buying)):
        if not len(table):
            faults.append(Fault(name, None, name[:-1], None, "is missing", "at least one row"))
        for column in ("outlet", "pollutant"):
            unknown = np.flatnonzero(~table[column].isin(response.get_index(column))).tolist()
            right = f"one of the {column}s of the response"
            faults += [fault_at(table, name, k, column, "has no response", right) for k in unknown]
    bought = buying["pollutant"].unique()
    if len(bought) > 1:
        faults.append(Fault("buyers", None, "pollutant", list(bought), "differ", "one in a call"))
    other = ~selling["pollutant"].isin(bought) & selling["equivalency"].isna()
    right = f"what of it is worth 1 of {', '.join(bought)}: pollutants are not exchanged unstated"
    faults += [
        fault_at(selling, "sellers", k, "equivalency", "is missing", right)
        for k in np.flatnonzero(other).tolist()
    ]
    zero = np.flatnonzero(selling["equivalency"] == 0.0).tolist()
    faults += [fault_at(selling, "sellers", k, "equivalency", "is nothing", "> 0") for k in zero]
    raise_faults(faults)
