"""Capacity by month and season, and the year on two bases: the sum, and the worst period."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from permitload.capacity._arrays import attributes
from permitload.capacity._formula import Floats, Numbers, evaluate
from permitload.capacity._refused import refuse_no_rate
from permitload.errors import Fault, raise_faults
from permitload.units import DAYS_PER_YEAR, tonnes

__all__ = ["FLOOD_SEASON", "annual", "decay_at", "sum_of_periods", "worst_period"]

FLOOD_SEASON = (5, 6, 7, 8, 9)
"""Flood season (汛期) of Jiangsu by month; from memory, the notice of the year prevails."""
YEAR = 365.0, 366.0
"""Days that make a year."""


def decay_at(decay: Numbers, temperature: Numbers, temperature_factor: Numbers = 1.047) -> Numbers:
    """Rate at a water temperature, K(T) = K20 θ^(T - 20).

    Parameters
    ----------
    decay : number or array
        Rate at 20 °C [1/d].
    temperature : number or array
        Of the water [degC].
    temperature_factor : number or array, default 1.047
        θ [1]; 1.02-1.06 for COD, 1.08 for nitrification.

    Returns
    -------
    number or array
        Rate [1/d].

    Raises
    ------
    DataError
        Naming the input that is out of range.

    References
    ----------
    Van 't Hoff-Arrhenius; the default is common practice (unverified), calibrate where possible.

    Examples
    --------
    >>> round(decay_at(0.12, 5.0), 6)
    0.060253
    """

    def formula(decay: Floats, temperature: Floats, factor: Floats) -> Floats:
        """K(T) = K20 θ^(T - 20)."""
        return np.asarray(decay * factor ** (temperature - 20.0))

    values = {
        "decay": decay, "temperature": temperature, "temperature_factor": temperature_factor,
    }  # fmt: skip
    return evaluate("decay_at", formula, values, result="decay", signed=("temperature",))


def annual(capacity: xr.DataArray, months: Sequence[int] = FLOOD_SEASON) -> xr.Dataset:
    """Mass by period, by season and by year, the year on both declared bases.

    Rates are never added: each is taken over the days of its period first.

    Parameters
    ----------
    capacity : DataArray
        Capacity (…, period), signed [kg/d], with the coordinates ``days`` [d] and ``start``
        (period); the periods make one year.
    months : sequence of int, default May to September
        Months whose periods belong to the flood season; a period belongs where it starts.

    Returns
    -------
    Dataset
        ``capacity_mass`` (…, period), ``flood_mass`` and ``other_mass`` (…) [t]; ``annual_sum``
        (…), the sum of the periods, and ``annual_worst`` (…), the least rate times 365 d [t/a]; the
        period that is the worst is the coordinate ``worst_period``. A study says which of the two
        bounds the statutory permit.

    Raises
    ------
    DataError
        If coordinates are missing, months are none, the periods do not make a year, or the
        capacity is no rate.

    Examples
    --------
    >>> days = [181.0, 184.0]
    >>> start = np.array(["2021-01-01", "2021-07-01"], "datetime64[s]")
    >>> coords = {"period": ["a", "b"], "days": ("period", days), "start": ("period", start)}
    >>> year = annual(xr.DataArray([100.0, 300.0], coords, "period"))
    >>> round(year.annual_sum.item(), 3), round(year.annual_worst.item(), 3)
    (73.3, 36.5)
    """
    _refuse_no_year(capacity, months)
    mass = tonnes(capacity, capacity["days"])
    flood = capacity["start"].dt.month.isin(list(months))
    worst = capacity["period"][capacity.argmin("period")].reset_coords(drop=True)
    arrays = {
        "capacity_mass": mass,
        "flood_mass": mass.where(flood, 0.0).sum("period"),
        "other_mass": mass.where(~flood, 0.0).sum("period"),
        "annual_sum": mass.sum("period"),
        "annual_worst": tonnes(capacity.min("period"), DAYS_PER_YEAR),
    }
    named = {name: array.rename(name) for name, array in arrays.items()}
    for name, array in named.items():
        array.attrs = attributes(name)
    return xr.Dataset(named).assign_coords(worst_period=worst)


def sum_of_periods(annual_sum: Numbers, annual_worst: Numbers) -> Numbers:
    """Bound an annual permit by the sum of its periods.

    Parameters
    ----------
    annual_sum, annual_worst : number or array
        The two bases of a year [t/a].

    Returns
    -------
    number or array
        ``annual_sum``.

    Examples
    --------
    >>> sum_of_periods(2167.6, 1108.7)
    2167.6
    """
    return annual_sum


def worst_period(annual_sum: Numbers, annual_worst: Numbers) -> Numbers:
    """Bound an annual permit by the rate of the worst period held for the year, if that is less.

    Parameters
    ----------
    annual_sum, annual_worst : number or array
        The two bases of a year [t/a].

    Returns
    -------
    number or array
        The lesser; where periods do not cover the year the sum may be.

    Raises
    ------
    DataError
        If labels differ, or one is no number.

    Examples
    --------
    >>> float(worst_period(2167.6, 1108.7))
    1108.7
    """
    values = {"annual_sum": annual_sum, "annual_worst": annual_worst}
    return evaluate("worst_period", np.minimum, values, result="annual_worst", signed=tuple(values))


def _refuse_no_year(capacity: xr.DataArray, months: Sequence[int]) -> None:
    right = "capacity (…, period) with days and start"
    lacking = [name for name in ("period", "days", "start") if name not in capacity.coords]
    raise_faults([Fault("annual", None, name, None, "is missing", right) for name in lacking])
    refuse_no_rate("annual", {"capacity": capacity})
    faults = [
        Fault("annual", None, "months", month, "is no month", "1 to 12")
        for month in months
        if month not in range(1, 13)
    ]
    faults += [
        Fault("annual", period, "days", days, "is no length of a period", "days > 0")
        for period, days in zip(capacity["period"].values, capacity["days"].values, strict=True)
        if not days > 0.0
    ]
    days = float(capacity["days"].sum())
    if not YEAR[0] <= days <= YEAR[1]:
        faults += [Fault("annual", None, "days", days, "is no year", "365 or 366 in total")]
    if bool(np.isnat(capacity["start"].values).any()):
        faults += [Fault("annual", None, "start", None, "is empty", "the first day of each period")]
    if not bool(np.isfinite(capacity.values).all()):
        faults += [Fault("annual", None, "capacity", None, "is no number", "kg/d")]
    raise_faults(faults)
