"""Inside a period: days, water meters of outlets, and pumps that can wait."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pandas as pd
import xarray as xr

from permitload.errors import DataError, Fault, raise_faults
from permitload.reallocation.months import Update
from permitload.schema import described
from permitload.sharing import capped_proportional
from permitload.units import SECONDS_PER_DAY

__all__ = ["daily_masses", "drainage", "flow_caps"]

GRAMS = 1000.0


def daily_masses(quota: xr.DataArray, day_weight: xr.DataArray) -> xr.DataArray:
    """Split a quota over the days of its period, to the gram.

    Days of maintenance or heavy pollution have a lower weight, days of rest 0. Sections are met
    on the mean of the period only: where a special day has to meet a row of its own, it is a
    period of its own for :func:`update`, which takes any set of periods.

    Parameters
    ----------
    quota : DataArray
        (enterprise, pollutant), whole grams.
    day_weight : DataArray
        (time) or (enterprise, time), >= 0 [1], one entry for each day of the period.

    Returns
    -------
    DataArray
        ``day_mass`` (enterprise, pollutant, time), whole grams that add up to the quota; grams
        left over by rounding down go to the largest remainders, the earliest day first.

    Raises
    ------
    DataError
        If a weight is negative, NaN or infinite, a quota is no whole mass >= 0, labels differ, or
        an enterprise with a quota has no day of weight above 0.

    Examples
    --------
    >>> quota = xr.DataArray([[10]], {"enterprise": ["E1"], "pollutant": ["TP"]})
    >>> days = np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "datetime64[ns]")
    >>> weight = xr.DataArray([1.0, 1.0, 0.5], {"time": days}, "time")
    >>> daily_masses(quota, weight).values.tolist()
    [[[4, 4, 2]]]
    """
    dims = ("enterprise", "pollutant")
    mass = quota.transpose(*dims)
    weight = day_weight
    if "enterprise" not in weight.dims:
        weight = weight.expand_dims(enterprise=mass["enterprise"].values)
    if set(weight["enterprise"].values) != set(mass["enterprise"].values):
        raise DataError("day_weight names other enterprises than quota; right would be the same")
    weight = weight.sel(enterprise=mass["enterprise"].values).transpose("enterprise", "time")
    values = weight.values.astype(float)
    whole = mass.values.astype(np.int64)
    faults = [
        Fault("day_weight", str(mass["enterprise"].values[i]), "day_weight", values[i, t],
              "is no weight", "a finite number >= 0")
        for i, t in np.argwhere(~((values >= 0) & np.isfinite(values)))
    ]  # fmt: skip
    faults += [
        Fault("quota", str(mass["enterprise"].values[i]), "quota", mass.values[i, p],
              "is no mass", "whole grams >= 0")
        for i, p in np.argwhere((whole != mass.values) | (whole < 0))
    ]  # fmt: skip
    idle = (whole > 0).any(axis=1) & ~(values > 0).any(axis=1)
    faults += [
        Fault("day_weight", str(mass["enterprise"].values[i]), "day_weight", 0.0,
              "is 0 on all days", "one day above 0 for a quota")
        for i in np.flatnonzero(idle)
    ]  # fmt: skip
    raise_faults(faults)
    split = [
        [_apart(int(total), row) for total in line] for line, row in zip(whole, values, strict=True)
    ]
    coords = {**{dim: mass[dim].values for dim in dims}, "time": weight["time"].values}
    array = np.array(split, np.int64).reshape(*whole.shape, values.shape[1])
    return described(xr.Dataset({"day_mass": ((*dims, "time"), array)}, coords))["day_mass"]


def _apart(total: int, weight: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    """Whole numbers in proportion to weights that add up to the total."""
    parts = [Fraction(repr(float(value))) for value in weight]
    whole = sum(parts)
    if not whole:
        return [0] * len(parts)
    exact = [total * part / whole for part in parts]
    found = [int(value) for value in exact]
    order = sorted(range(len(parts)), key=lambda t: (found[t] - exact[t], t))
    for t in order[: total - sum(found)]:
        found[t] += 1
    return found


def flow_caps(issued: Update, outlets: pd.Series[str], concentration: xr.DataArray) -> pd.DataFrame:
    """Caps of one period for the flow control of outlets (刷卡排污): water and mass.

    A meter counts water. The water that an enterprise may discharge is what its quotas allow at
    the concentration that it is controlled at, the pollutant that allows least deciding.

    Parameters
    ----------
    issued : Update
        The issue.
    outlets : Series
        Outlet of each enterprise.
    concentration : DataArray
        (enterprise, pollutant) [mg/L], > 0: the emission limit, or what is measured.

    Returns
    -------
    DataFrame
        ``outlet``, ``enterprise``, ``period``, ``start``, ``days``, ``pollutant`` that decides,
        its ``quota`` [g] and ``volume`` [m3], rounded down to whole cubic metres.

    Raises
    ------
    DataError
        If an enterprise has no outlet, or a concentration is missing or not above 0.

    Examples
    --------
    >>> time = {"period": ["2026-01"], "days": ("period", [31.0])}
    >>> time["start"] = ("period", np.array(["2026-01-01"], "datetime64[ns]"))
    >>> one = {"enterprise": ["E1"], "pollutant": ["TP"]}
    >>> plan = xr.DataArray([[[20.0]]], {**one, **time}, [*one, "period"])
    >>> issued = Update(xr.DataArray([[620000]], one), plan, *[None] * 4)
    >>> caps = flow_caps(issued, pd.Series({"E1": "O1"}), xr.DataArray([[0.5]], one))
    >>> caps["outlet"].item(), caps["volume"].item()
    ('O1', 1240000)
    """
    quota = issued.quota.transpose("enterprise", "pollutant")
    names = [str(name) for name in quota["enterprise"].values]
    faults = [
        Fault("outlets", name, "outlet", None, "is missing", "one outlet for each enterprise")
        for name in names
        if name not in outlets.index
    ]
    strength = concentration.reindex(enterprise=names, pollutant=quota["pollutant"].values)
    values = strength.transpose("enterprise", "pollutant").values
    faults += [
        Fault("concentration", f"{names[i]}, {quota['pollutant'].values[p]}", "concentration",
              values[i, p], "is no strength", "a finite number > 0 mg/L")
        for i, p in np.argwhere(~((values > 0) & np.isfinite(values)))
    ]  # fmt: skip
    raise_faults(faults)
    water = np.floor(quota.values / values + 1e-9).astype(np.int64)
    first = issued.plan.isel(period=0)
    when = (first["period"].item(), pd.Timestamp(first["start"].item()), first["days"].item())
    rows = []
    for i, name in enumerate(names):
        p = int(water[i].argmin())
        decides = str(quota["pollutant"].values[p])
        own = (outlets[name], name, *when, decides, int(quota.values[i, p]), int(water[i, p]))
        rows.append(own)
    columns = ["outlet", "enterprise", "period", "start", "days", "pollutant", "quota", "volume"]
    return pd.DataFrame(rows, columns=columns)


def drainage(
    response: xr.DataArray,
    headroom: xr.DataArray,
    concentration: xr.DataArray,
    pump_capacity: float,
    volume: float,
    periods: Iterable[str],
) -> xr.Dataset:
    """Spread water that a polder has to pump out over the periods in which it may.

    Each open period takes the volume at which its tightest section is just full, or what the
    pumps can; the volume is shared in proportion to what the sections admit, so that all open
    periods are full to the same part until pumps bind. The dilution by the water itself is not
    counted.

    Parameters
    ----------
    response : DataArray
        Of the pumps' outlet (section, pollutant, period) [(mg/L)/(kg/d)], >= 0.
    headroom : DataArray
        What quotas leave (section, pollutant, period) [mg/L], with ``days`` (period).
    concentration : DataArray
        Of the polder's water (pollutant) [mg/L], >= 0.
    pump_capacity : float
        All pumps together [m3/s], >= 0.
    volume : float
        Water to be pumped out [m3], >= 0.
    periods : iterable of str
        Periods in which the pumps may run.

    Returns
    -------
    Dataset
        ``volume`` (period) [m3], ``source_load`` (pollutant, period) [kg/d], and the scalar
        ``storage_volume`` [m3]: what stays in the polder.

    Raises
    ------
    DataError
        If a number is negative, NaN or infinite, or a period is unknown.

    Examples
    --------
    >>> labels = {"section": ["S1"], "pollutant": ["TN"], "period": ["a", "b"]}
    >>> response = xr.DataArray([[[0.01, 0.01]]], labels, list(labels))
    >>> room = xr.DataArray([[[0.3, 0.1]]], labels, list(labels))
    >>> room = room.assign_coords(days=("period", [10.0, 10.0]))
    >>> strength = xr.DataArray([2.0], {"pollutant": ["TN"]}, "pollutant")
    >>> plan = drainage(response, room, strength, 1.0, 100000.0, ["a", "b"])
    >>> plan.volume.values.round(6).tolist(), plan.storage_volume.item()
    ([75000.0, 25000.0], 0.0)
    """
    dims = ("section", "pollutant", "period")
    room = headroom.transpose(*dims)
    rise = response.sel({dim: room[dim].values for dim in dims}).transpose(*dims).values
    strength = concentration.sel(pollutant=room["pollutant"].values).values.astype(float)
    days = headroom["days"].values.astype(float)
    names = [str(name) for name in room["period"].values]
    wanted = list(periods)
    _refuse(rise, room.values, strength, {"pump_capacity": pump_capacity, "volume": volume})
    raise_faults(
        [
            Fault("periods", name, "period", None, "is unknown", f"one of {names[:12]}")
            for name in wanted
            if name not in names
        ]
    )
    per_volume = rise * strength[:, None] / (GRAMS * days)  # mg/L per m3
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(per_volume > 0, np.maximum(room.values, 0.0) / per_volume, np.inf)
    admitted = most.min(axis=(0, 1))
    pumped = pump_capacity * SECONDS_PER_DAY * days
    admitted = np.where([name in wanted for name in names], admitted, 0.0)
    upper = np.minimum(admitted, pumped)
    total = min(volume, float(upper.sum()))
    weight = np.where(np.isfinite(admitted), admitted, upper)
    share = np.zeros(len(names))
    if total > 0:
        share = np.asarray(capped_proportional(total, weight, 0.0, upper))
    arrays = {
        "volume": ("period", share),
        "source_load": (("pollutant", "period"), strength[:, None] * share / (GRAMS * days)),
        "storage_volume": ((), volume - total),
    }
    coords = {"period": names, "pollutant": room["pollutant"].values, "days": ("period", days)}
    return described(xr.Dataset(arrays, coords))


def _refuse(*given: object) -> None:
    """Refuse numbers that are negative or no numbers; headroom may be negative."""
    names = ("response", "headroom", "concentration")
    faults = []
    scalars = given[3]
    assert isinstance(scalars, dict)
    checks = [*zip(names, given[:3], strict=True), *scalars.items()]
    for name, values in checks:
        array = np.asarray(values, dtype=float)
        least = -np.inf if name == "headroom" else 0.0
        if not (np.isfinite(array) & (array >= least)).all():
            wrong = array[~(np.isfinite(array) & (array >= least))].flat[0]
            faults.append(Fault("drainage", None, name, wrong, "is out of range", "finite, >= 0"))
    raise_faults(faults)
