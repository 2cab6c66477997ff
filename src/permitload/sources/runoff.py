"""Storm runoff by curve numbers (SCS-CN), day by day, and the load that it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at
from permitload.errors import Fault, raise_faults
from permitload.sources._daily import columns_of, days_of, per_day, whole_days
from permitload.sources.polder import retention

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = float | NDArray[np.float64]

__all__ = [
    "dry_curve", "event_runoff", "flush_exponent", "middling_curve", "moisture_curve",
    "runoff_load", "storm_mass", "wet_curve",
]  # fmt: skip

Number = TypeVar("Number", float, "NDArray[np.float64]", "pd.Series[float]")

ANTECEDENT_DAYS = 5


def event_runoff(rain: Numbers, curve_number: Numbers) -> Numbers:
    r"""Depth that runs off in one event.

    .. math:: Q = \frac{(P - 0.2 S)^2}{P + 0.8 S} \text{ if } P > 0.2 S, \quad
              S = \frac{25400}{CN} - 254

    Parameters
    ----------
    rain : number or array
        Depth of the event, ≥ 0 [mm].
    curve_number : number or array
        Above 0, at most 100.

    Returns
    -------
    number or array
        Runoff [mm], 0 up to the initial abstraction 0.2 S.

    Raises
    ------
    DataError
        If rain is negative or no number, or a curve number is out of range.

    References
    ----------
    USDA SCS, National Engineering Handbook section 4; TR-55 prints 3.78 in for 6.0 in and CN 80
    (from memory, unverified).

    Examples
    --------
    >>> round(event_runoff(50.0, 80.0), 4)
    13.8025
    """
    depth, number = np.asarray(rain, dtype=float), np.asarray(curve_number, dtype=float)
    faults = []
    if not (np.isfinite(depth) & (depth >= 0.0)).all():
        problem = "is negative or no number"
        faults.append(Fault("event_runoff", None, "rain", None, problem, "mm ≥ 0"))
    if not ((number > 0.0) & (number <= 100.0)).all():
        right = "above 0, at most 100"
        faults.append(Fault("event_runoff", None, "curve_number", None, "is out of range", right))
    raise_faults(faults)
    storage = 25400.0 / number - 254.0
    excess = np.maximum(depth - 0.2 * storage, 0.0)
    runoff = np.divide(
        excess**2, depth + 0.8 * storage, out=np.zeros_like(excess), where=excess > 0.0
    )
    return runoff if runoff.ndim else float(runoff)


def dry_curve(curve_number: Number) -> Number:
    """Curve number of dry ground (condition I) from that of middling moisture.

    Parameters
    ----------
    curve_number : number or array
        At condition II, above 0, at most 100.

    Returns
    -------
    number or array
        4.2 CN / (10 - 0.058 CN).

    Raises
    ------
    DataError
        If a curve number is out of range.

    References
    ----------
    Hawkins et al. (1985) as used with NEH-4 (from memory, unverified).

    Examples
    --------
    >>> round(dry_curve(80.0), 4)
    62.6866
    """
    _refuse_curve(curve_number)
    # in whole numbers: 100 stays 100, and is not above it by round-off
    return 2100.0 * curve_number / (5000.0 - 29.0 * curve_number)


def wet_curve(curve_number: Number) -> Number:
    """Curve number of wet ground (condition III) from that of middling moisture.

    Parameters
    ----------
    curve_number : number or array
        At condition II, above 0, at most 100.

    Returns
    -------
    number or array
        23 CN / (10 + 0.13 CN).

    Raises
    ------
    DataError
        If a curve number is out of range.

    References
    ----------
    As :func:`dry_curve`.

    Examples
    --------
    >>> round(wet_curve(80.0), 4)
    90.1961
    """
    _refuse_curve(curve_number)
    return 2300.0 * curve_number / (1000.0 + 13.0 * curve_number)


def _refuse_curve(curve_number: Numbers | pd.Series[float]) -> None:
    """Refuse curve numbers of no ground."""
    number = np.asarray(curve_number, dtype=float)
    if not ((number > 0.0) & (number <= 100.0)).all():
        right = "above 0, at most 100"
        raise_faults([Fault("curve", None, "curve_number", curve_number, "is out of range", right)])


def moisture_curve(
    curve_number: NDArray[np.float64], antecedent_rain: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Curve number of each day by the rain of the five days before: dry, middling or wet.

    Parameters
    ----------
    curve_number : array
        At middling moisture.
    antecedent_rain : array
        Rain of the five days before [mm]; the two broadcast.

    Returns
    -------
    array
        :func:`dry_curve` below 36 mm, :func:`wet_curve` from 53 mm, the number itself between.

    References
    ----------
    NEH-4, limits of the growing season (1.4 in and 2.1 in; from memory, unverified, assumed all
    year). Pass another function to :func:`runoff_load` for others.

    Examples
    --------
    >>> moisture_curve(np.array([80.0]), np.array([10.0, 40.0, 60.0])).round(1).tolist()
    [62.7, 80.0, 90.2]
    """
    dry, wet = antecedent_rain < 36.0, antecedent_rain >= 53.0
    middle = np.broadcast_to(curve_number, np.broadcast(curve_number, antecedent_rain).shape)
    return np.where(dry, dry_curve(middle), np.where(wet, wet_curve(middle), middle))


def middling_curve(
    curve_number: NDArray[np.float64], antecedent_rain: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Curve number as stated, whatever the rain before: the other choice to :func:`moisture_curve`.

    Parameters
    ----------
    curve_number, antecedent_rain : array
        As for :func:`moisture_curve`.

    Returns
    -------
    array
        ``curve_number``.

    Examples
    --------
    >>> middling_curve(np.array([80.0]), np.array([10.0, 60.0])).tolist()
    [80.0, 80.0]
    """
    return np.broadcast_to(curve_number, np.broadcast(curve_number, antecedent_rain).shape)


def runoff_load(
    lands: pd.DataFrame,
    rain: pd.DataFrame,
    periods: pd.DataFrame,
    moisture: Callable[
        [NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]
    ] = moisture_curve,
    ditches: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Load that storms wash off land in every period, every rainy day an event.

    Parameters
    ----------
    lands : DataFrame
        ``source``, ``pollutant``, ``land_area`` [km2], ``curve_number``,
        ``event_concentration`` [mg/L], ``base_load`` [kg/d, dry weather, added],
        ``into_river`` [1; 1 inside a polder], ``polder``.
    rain : DataFrame
        ``rain`` [mm/d], a row a day, from five days before the first period.
    periods : DataFrame
        ``period``, ``days`` (whole), ``start``.
    moisture : callable, optional
        Curve number of each day from the stated one and the rain of five days before.
    ditches : DataFrame, optional
        As for :func:`polder_budget`; needed for land inside polders.

    Returns
    -------
    DataFrame
        ``source``, ``pollutant``, ``polder``, ``retention`` [1], ``period``, ``runoff`` [mm in the
        period] and ``source_load`` [kg/d, mean of the period, in the river: out of a polder what
        its ditches let pass]. :func:`book_once` keeps it apart from measured pumping.

    Raises
    ------
    DataError
        If a day is missing, a number out of range, or land in a polder has no ditches or counts
        its way to the water twice.

    References
    ----------
    L = Q · EMC · A by day (1 mm on 1 km2 at 1 mg/L is 1 kg).

    Examples
    --------
    >>> days = pd.date_range("2025-05-27", "2025-06-02")
    >>> rain = pd.DataFrame({"rain": [0, 0, 0, 0, 40.0, 50.0, 0.0]}, index=days)
    >>> june = pd.DataFrame({"period": ["Jun"], "days": [2.0], "start": ["2025-06-01"]})
    >>> land = pd.DataFrame({"source": ["F"], "pollutant": ["TP"], "land_area": [1.0],
    ...                      "curve_number": [80.0], "event_concentration": [0.3]})
    >>> runoff_load(land, rain, june)[["runoff", "source_load"]].round(4).values.tolist()
    [[13.8025, 2.0704]]
    """
    table = complete(lands, "lands")
    table = pass_ditches(table, ditches, "lands")
    year, days, number = days_of(periods)
    before = days.min() - pd.Timedelta(days=ANTECEDENT_DAYS)
    every = pd.date_range(before, days.max(), freq="D")
    depth = whole_days(columns_of(rain, ["rain"], "rain"), every, "rain")["rain"]
    # round-off of a sum of five days must not decide whether ground is dry
    past = depth.rolling(ANTECEDENT_DAYS).sum().shift(1).loc[days].round(6).to_numpy()
    curves = moisture(table["curve_number"].to_numpy()[None, :], past[:, None])
    runoff = np.asarray(event_runoff(depth.loc[days].to_numpy()[:, None], curves))
    factor = (table["land_area"] * table["event_concentration"]).to_numpy()
    storms = per_day(runoff * factor, number, year)
    reaches = (table["into_river"] * (1.0 - table["retention"])).to_numpy()
    load = (storms + table["base_load"].to_numpy()) * reaches
    depths = per_day(runoff, number, year) * year["days"].to_numpy()[:, None]
    return by_period(table, year, {"runoff": depths, "source_load": load})


def pass_ditches(table: pd.DataFrame, ditches: pd.DataFrame | None, name: str) -> pd.DataFrame:
    """Add what stays in ditches; a row inside a polder has no other way to the water.

    Examples
    --------
    >>> land = pd.DataFrame({"polder": [""], "pollutant": ["TN"], "into_river": [0.5]})
    >>> pass_ditches(land, None, "lands")["retention"].tolist()
    [0.0]
    """
    twice = (table["polder"] != "") & (table["into_river"] != 1.0)
    problem = "counts the way to the water twice: the polder's ditches and pumps are it"
    raise_faults(
        [
            fault_at(table, name, int(i), "into_river", problem, "1 for a row inside a polder")
            for i in np.flatnonzero(twice)
        ]
    )
    return table.assign(retention=retention(table, ditches))


def by_period(
    table: pd.DataFrame, year: pd.DataFrame, values: dict[str, NDArray[np.float64]]
) -> pd.DataFrame:
    """Rows of sources and pollutants, for each period, with values of (period, row).

    Examples
    --------
    >>> land = pd.DataFrame({"source": ["F"], "pollutant": ["TP"]})
    >>> year = pd.DataFrame({"period": ["dry", "wet"]})
    >>> by_period(land, year, {"runoff": np.array([[1.0], [2.0]])})["runoff"].tolist()
    [1.0, 2.0]
    """
    names = [name for name in ("source", "pollutant", "polder", "retention") if name in table]
    repeated = table[names].iloc[np.repeat(np.arange(len(table)), len(year))]
    columns = {name: array.T.ravel() for name, array in values.items()}
    periods = np.tile(year["period"].to_numpy(dtype=object), len(table))
    return repeated.reset_index(drop=True).assign(period=periods, **columns)


def storm_mass(storm_volume: Numbers, flush: float) -> Numbers:
    """Share of a storm's load that has passed with a share of its water: V^b.

    Parameters
    ----------
    storm_volume : number or array
        Share of the water that has passed, 0 to 1.
    flush : float
        Exponent b above 0: below 1 the first water carries more (first flush), 1 is even.

    Returns
    -------
    number or array
        Share of the load, 0 to 1.

    Raises
    ------
    DataError
        If a share is outside 0 to 1, or the exponent not above 0.

    References
    ----------
    Bertrand-Krajewski et al. (1998), M(V) curves as power functions (from memory, unverified).

    Examples
    --------
    >>> storm_mass(0.25, 0.5)
    0.5
    """
    share = np.asarray(storm_volume, dtype=float)
    faults = []
    if not ((share >= 0.0) & (share <= 1.0)).all():
        right = "a share of 0 to 1"
        faults.append(Fault("storm_mass", None, "storm_volume", None, "is out of range", right))
    if not 0.0 < flush < np.inf:
        right = "an exponent above 0"
        faults.append(Fault("storm_mass", None, "flush", flush, "is out of range", right))
    raise_faults(faults)
    mass = share**flush
    return mass if mass.ndim else float(mass)


def flush_exponent(storm_volume: NDArray[np.float64], storm_mass: NDArray[np.float64]) -> float:
    """Exponent of :func:`storm_mass` by least squares on the logarithms of measured shares.

    Parameters
    ----------
    storm_volume, storm_mass : array
        Shares of water and load passed at the same instants, above 0, at most 1.

    Returns
    -------
    float
        b; below 1 a first flush.

    Raises
    ------
    DataError
        If a share is out of range, or no instant lies before the end of the storm.

    Examples
    --------
    >>> flush_exponent(np.array([0.25, 1.0]), np.array([0.5, 1.0]))
    0.5
    """
    water, load = np.asarray(storm_volume, dtype=float), np.asarray(storm_mass, dtype=float)
    good = (water > 0.0) & (water <= 1.0) & (load > 0.0) & (load <= 1.0)
    if water.shape != load.shape or not good.all() or not (water < 1.0).any():
        right = "pairs of shares above 0, at most 1, one of them before the end"
        problem = "do not make a curve"
        raise_faults([Fault("flush_exponent", None, "storm_volume", None, problem, right)])
    x, y = np.log(water), np.log(load)
    return float((x * y).sum() / (x * x).sum())
