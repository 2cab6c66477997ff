"""From a mean or annual load to limits of a month and a day, by log-normal effluent."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import xarray as xr

from permitload._labels import floats, number
from permitload.allocation._uncertain import given, normal_score, ordered
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import VARIABLES
from permitload.units import tonnes

__all__ = ["average_limit", "long_term_average", "month_masses", "permit_limits"]

Load = TypeVar("Load", float, xr.DataArray)


def long_term_average(
    permitted_load: Load, variation: float, days: float = 1.0, assurance: float = 0.99
) -> Load:
    """Mean load whose averages over some days stay below a wasteload allocation.

    For effluent with independent log-normal days; where days follow each other, averages vary
    more, and fewer days are to be counted.

    Parameters
    ----------
    permitted_load : float or DataArray
        Wasteload allocation, not to be exceeded by the average [kg/d, or any unit].
    variation : float
        Coefficient of variation of the days, >= 0 [1]; 0.6 is what the guidance takes without
        data.
    days : float, default 1
        Days that are averaged, >= 1: 1 for an acute limit, 4 for a chronic one.
    assurance : float, default 0.99
        Probability with which an average stays below, 0.5 <= p < 1 [1].

    Returns
    -------
    float or DataArray
        Long-term average, in the same unit.

    Raises
    ------
    DataError
        If a number is out of range.

    Notes
    -----
    ``LTA = WLA exp(σn²/2 - z σn)``, ``σn² = ln(1 + CV²/n)``: US EPA (1991), Technical support
    document for water quality-based toxics control, EPA/505/2-90-001, table 5-1.

    Examples
    --------
    >>> round(long_term_average(100.0, 0.6), 1)
    32.1
    """
    return _load(permitted_load) / _factor(variation, days, assurance)


def average_limit(
    long_term_average: Load, variation: float, samples: float = 1.0, assurance: float = 0.99
) -> Load:
    """Limit on the average of some samples: the inverse of :func:`long_term_average`.

    Parameters
    ----------
    long_term_average : float or DataArray
        Mean load of the effluent [kg/d, or any unit].
    variation : float
        As for :func:`long_term_average`.
    samples : float, default 1
        Samples that are averaged, >= 1: 1 for a daily limit, those of a month for a monthly one.
    assurance : float, default 0.99
        Probability with which the average stays below, 0.5 <= p < 1 [1].

    Returns
    -------
    float or DataArray
        Limit, in the same unit.

    Raises
    ------
    DataError
        If a number is out of range.

    Notes
    -----
    ``MDL = LTA exp(z σ - σ²/2)``, ``AML`` with ``σn² = ln(1 + CV²/n)``: EPA/505/2-90-001, table
    5-2. Wis. Adm. Code NR 106.07, table 1, is the ratio of a daily to a monthly limit, both at
    0.99.

    Examples
    --------
    >>> round(average_limit(1.0, 0.6), 2), round(average_limit(1.0, 0.6, 4, 0.95), 2)
    (3.12, 1.55)
    """
    return _load(long_term_average) * _factor(variation, samples, assurance)


def permit_limits(
    permitted_load: xr.DataArray, variation: float, days: float, samples: float
) -> xr.Dataset:
    """Limits of a month and of a day that belong to a permitted mean load.

    Parameters
    ----------
    permitted_load : DataArray
        Mean load that the average over ``days`` is not to exceed [kg/d].
    variation : float
        Coefficient of variation of the daily loads, >= 0 [1].
    days : float
        Days over which the permit is a mean, >= 1 [d], such as 365.
    samples : float
        Samples in a month, >= 1.

    Returns
    -------
    Dataset
        ``long_term_average`` that keeps the mean with 0.95, ``monthly_limit`` at 0.95 and
        ``daily_limit`` at 0.99 [kg/d].

    Raises
    ------
    DataError
        If a number is out of range.

    Notes
    -----
    Probabilities as in the guidance, EPA/505/2-90-001, section 5.5.4 (from memory, unverified);
    others by :func:`long_term_average` and :func:`average_limit`. A limit of a day is above the
    mean: it bounds one day, and never replaces the annual permit.

    Examples
    --------
    >>> permits = xr.DataArray([100.0], {"source": ["E1"]}, "source")
    >>> limits = permit_limits(permits, variation=0.6, days=365, samples=4)
    >>> [round(limits[name].item(), 1) for name in limits]
    [95.0, 147.5, 296.0]
    """
    load = given(permitted_load, permitted_load, "permitted_load")
    mean = long_term_average(load, variation, days, 0.95)
    arrays = {
        "long_term_average": mean,
        "monthly_limit": average_limit(mean, variation, samples, 0.95),
        "daily_limit": average_limit(mean, variation, 1.0, 0.99),
    }
    return _described(arrays)


def month_masses(permit: xr.DataArray, capacity: xr.DataArray) -> xr.Dataset:
    """Annual permits by month, in the proportion of what the water takes in each.

    A month that the background exceeds takes nothing, and its deficit is kept beside it: it
    never cancels the capacity of another month.

    Parameters
    ----------
    permit : DataArray
        Annual permits (source, …) [t/a], >= 0.
    capacity : DataArray
        Capacity of each period (…, period), signed [kg/d], with the coordinate ``days`` (period).

    Returns
    -------
    Dataset
        ``permit_mass`` (source, …, period) [t], whose sum over the periods is the permit;
        ``capacity_mass`` [t], 0 where negative, and ``capacity_deficit`` [t] (…, period).

    Raises
    ------
    DataError
        If days are missing, a number is out of range, labels differ, or a year has permits and
        no period with capacity.

    Notes
    -----
    ``E K⁺ / Σ K⁺`` of masses K, not rates: 28 days of a rate are not 31.

    Examples
    --------
    >>> coords = {"period": ["a", "b", "c"], "days": ("period", [31.0, 28.0, 31.0])}
    >>> capacity = xr.DataArray([100.0, -50.0, 300.0], coords, "period")
    >>> months = month_masses(xr.DataArray([8.0], {"source": ["E1"]}, "source"), capacity)
    >>> months.permit_mass.values.tolist(), months.capacity_deficit.values.tolist()
    ([[2.0, 0.0, 6.0]], [0.0, 1.4, 0.0])
    """
    if "period" not in capacity.dims or "days" not in capacity.coords or "period" in permit.dims:
        raise DataError("right would be annual permits, and a capacity (…, period) with days")
    load = given(permit, permit, "permit")
    shared = [str(dim) for dim in capacity.dims if dim in permit.dims]
    capacity = ordered(capacity, permit, shared, "capacity")
    given(capacity["days"].reset_coords(drop=True), capacity["period"], "days")
    if not np.isfinite(floats(capacity.values, "capacity")).all():
        raise DataError("capacity is NaN or infinite somewhere; right would be kg/d, signed")
    mass = tonnes(capacity, capacity["days"])
    usable = mass.clip(min=0.0)
    total = usable.sum("period")
    stranded = (load > 0.0) & (total <= 0.0)
    if bool(stranded.any()):
        raise DataError("no period has capacity; right would be permits of 0, or a period with it")
    share = (usable / total.where(total > 0.0, 1.0)).transpose(..., "period")
    arrays = {
        "permit_mass": load * share,
        "capacity_mass": usable,
        "capacity_deficit": (-mass).clip(min=0.0),
    }
    return _described(arrays)


def _load(load: Load) -> Load:
    """Load as given, refused unless finite and not negative."""
    values = floats(load, "a load")
    if not ((values >= 0.0) & np.isfinite(values)).all():
        raise DataError("a load is negative, NaN or infinite; right would be finite loads >= 0")
    return load


def _factor(variation: float, count: float, assurance: float) -> float:
    """Quantile of the mean of some independent log-normal days, over their mean."""
    checks = (("variation", variation, 0.0), ("samples", count, 1.0))
    raise_faults(
        [
            Fault("limits", None, name, value, "is out of range", f"at least {least:g}, finite")
            for name, value, least in checks
            if not least <= number(value, name) < np.inf
        ]
    )
    variance = float(np.log1p(variation**2 / count))
    return float(np.exp(normal_score(assurance) * np.sqrt(variance) - variance / 2.0))


def _described(arrays: dict[str, xr.DataArray]) -> xr.Dataset:
    return xr.Dataset(
        {
            name: array.assign_attrs(units=VARIABLES[name].unit, long_name=VARIABLES[name].meaning)
            for name, array in arrays.items()
        }
    )
