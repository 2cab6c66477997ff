"""Capacity of mixed lakes and reservoirs (湖库): steady, in time, and in layers."""

from __future__ import annotations

import numpy as np

from permitload.capacity._formula import Floats, Numbers, evaluate, fields, mean_kept
from permitload.capacity.water import Lake
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = [
    "lake_stock",
    "mixed_lake",
    "mixed_lake_concentration",
    "mixed_lake_course",
    "stratified",
    "turnover",
]


def mixed_lake(lake: Lake, standard: Numbers, boundary_in: Numbers = 0.0) -> Numbers:
    """Capacity of a mixed lake in the steady state (均匀混合), M = Cs (Q + KV + vA) - Σ Q_in C_in.

    A rate. Valid for small lakes that wind mixes throughout, over times longer than V/Q.

    Parameters
    ----------
    lake : Lake
        With ``storage_volume`` and ``flow``; with settling also ``storage_area``.
    standard : number or array
        Concentration that the lake may have, Cs [mg/L].
    boundary_in : number or array, default 0
        Load that rivers bring in [kg/d].

    Returns
    -------
    number or array
        Capacity for the loads besides the rivers, signed [kg/d].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing, or labels that differ.

    References
    ----------
    Mass balance of a mixed tank. GB/T 25173-2010 prints (Cs - C0) V for small lakes (from memory),
    which is a stock: :func:`lake_stock`.

    Examples
    --------
    >>> lake = Lake(storage_volume=5e7, flow=3.0, decay=0.02)
    >>> round(mixed_lake(lake, 20.0, 3.0 * 12.0 * 86.4) / 86.4, 4)  # g/s
    255.4815
    """

    def formula(*inputs: Floats) -> Floats:
        """M = Cs (Q + KV + vA) - Σ Q_in C_in."""
        *water, standard, boundary_in = inputs
        return np.asarray(KG_PER_DAY * standard * _cleaning(*water) - boundary_in)

    values = _lake("mixed_lake", lake) | {"standard": standard, "boundary_in": boundary_in}
    return evaluate("mixed_lake", formula, values)


def mixed_lake_concentration(
    lake: Lake, source_load: Numbers, boundary_in: Numbers = 0.0
) -> Numbers:
    """Concentration of a mixed lake in the steady state: the inverse of :func:`mixed_lake`.

    Parameters
    ----------
    lake, boundary_in
        As for :func:`mixed_lake`; something must leave: water, decay or settling.
    source_load : number or array
        Loads besides the rivers [kg/d].

    Returns
    -------
    number or array
        Concentration, W/(Q + KV + vA) [mg/L].

    Raises
    ------
    DataError
        As :func:`mixed_lake`.

    Examples
    --------
    >>> lake = Lake(storage_volume=5e7, flow=3.0, decay=0.02)
    >>> round(mixed_lake_concentration(lake, 60.0 * 86.4), 6)
    4.1169
    """

    def formula(*inputs: Floats) -> Floats:
        """C = (m + Σ Q_in C_in)/(Q + KV + vA)."""
        *water, load, boundary_in = inputs
        return np.asarray((load + boundary_in) / (KG_PER_DAY * _cleaning(*water)))

    name = "mixed_lake_concentration"
    values = _lake(name, lake) | {"source_load": source_load, "boundary_in": boundary_in}
    return evaluate(name, formula, values, result="concentration", signed=("source_load",))


def mixed_lake_course(
    lake: Lake,
    source_load: Numbers,
    concentration: Numbers,
    days: Numbers,
    boundary_in: Numbers = 0.0,
) -> Numbers:
    """Concentration of a mixed lake after some days of constant water and load.

    C(t) = C0 e^(-kt) + W/V (1 - e^(-kt))/k, k = (Q + vA)/V + K.

    Parameters
    ----------
    lake, source_load, boundary_in
        As for :func:`mixed_lake_concentration`; the volume stays and is above 0.
    concentration : number or array
        At the beginning, C0 [mg/L].
    days : number or array
        Time since then [d].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`mixed_lake`.

    Examples
    --------
    >>> lake = Lake(storage_volume=5e7, flow=3.0, decay=0.02)
    >>> round(mixed_lake_course(lake, 60.0 * 86.4, 10.0, 30.0), 6)
    6.880582
    """

    def formula(*inputs: Floats) -> Floats:
        """C(t) = C0 e^(-kt) + W/V (1 - e^(-kt))/k, k = (Q + vA)/V + K."""
        *water, load, concentration, days, boundary_in = inputs
        exponent = SECONDS_PER_DAY * days * _cleaning(*water) / water[0]
        rise = 1000.0 * (load + boundary_in) * days / water[0]
        return np.asarray(concentration * np.exp(-exponent) + rise * mean_kept(exponent))

    name = "mixed_lake_course"
    values = _lake(name, lake) | {
        "source_load": source_load, "concentration": concentration, "days": days,
        "boundary_in": boundary_in,
    }  # fmt: skip
    return evaluate(name, formula, values, result="concentration", signed=("source_load",))


def stratified(
    layer: Lake,
    concentration: Numbers,
    standard: Numbers,
    days: Numbers,
    boundary_in: Numbers = 0.0,
) -> Numbers:
    """Capacity of one layer of a stratified lake over its season (分层): the standard at its end.

    Each layer is a mixed lake of its own until the :func:`turnover`; the inverse of
    :func:`mixed_lake_course`. Exchange between the layers is left out.

    Parameters
    ----------
    layer : Lake
        Volume of the layer and water that leaves it; not with a volume of 0.
    concentration : number or array
        When the layers part [mg/L].
    standard : number or array
        Concentration that the layer may have at the end of the season [mg/L].
    days : number or array
        Length of the season, above 0 [d].
    boundary_in : number or array, default 0
        Load that rivers bring into the layer [kg/d].

    Returns
    -------
    number or array
        Capacity of the layer, signed [kg/d].

    Raises
    ------
    DataError
        As :func:`mixed_lake`.

    References
    ----------
    Two-box seasonal model of HJ/T 2.3-93, from memory, unverified in detail.

    Examples
    --------
    >>> layer = Lake(storage_volume=5e7, flow=3.0, decay=0.02)
    >>> round(stratified(layer, 10.0, 6.880582, 30.0) / 86.4, 3)  # g/s
    60.0
    """

    def formula(*inputs: Floats) -> Floats:
        """W = (Cs - C0 e^(-kt)) V k/(1 - e^(-kt)), k = (Q + vA)/V + K."""
        *water, concentration, standard, days, boundary_in = inputs
        exponent = SECONDS_PER_DAY * days * _cleaning(*water) / water[0]
        # Cs - C0 e^-kt, so that it does not cancel as k t → 0
        room = standard - concentration - concentration * np.expm1(-exponent)
        return np.asarray(room * water[0] / (1000.0 * days * mean_kept(exponent)) - boundary_in)

    values = _lake("stratified", layer) | {
        "concentration": concentration, "standard": standard, "days": days,
        "boundary_in": boundary_in,
    }  # fmt: skip
    return evaluate("stratified", formula, values)


def turnover(
    upper_concentration: Numbers,
    lower_concentration: Numbers,
    upper_volume: Numbers,
    lower_volume: Numbers,
) -> Numbers:
    """Concentration of a lake whose two layers have mixed.

    Parameters
    ----------
    upper_concentration, lower_concentration : number or array
        Concentration of the layers [mg/L].
    upper_volume, lower_volume : number or array
        Their volumes, not both 0 [m3].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`mixed_lake`.

    Examples
    --------
    >>> turnover(4.0, 10.0, 2e7, 1e7)
    6.0
    """

    def formula(above: Floats, below: Floats, upper: Floats, lower: Floats) -> Floats:
        """C = (C_E V_E + C_H V_H)/(V_E + V_H)."""
        return (above * upper + below * lower) / (upper + lower)

    values = {
        "upper_concentration": upper_concentration, "lower_concentration": lower_concentration,
        "upper_volume": upper_volume, "lower_volume": lower_volume,
    }  # fmt: skip
    return evaluate("turnover", formula, values, result="concentration")


def lake_stock(storage_volume: Numbers, background: Numbers, standard: Numbers) -> Numbers:
    """Mass that a lake can still hold, (Cs - C0) V: a stock in tonnes, and no rate.

    The small-lake form of the rule. It says nothing about what may enter in a year, and is never
    added to a capacity; for the rate use :func:`mixed_lake`.

    Parameters
    ----------
    storage_volume : number or array
        Water at the design level [m3].
    background, standard : number or array
        Concentration of the lake, and the one that it may have [mg/L].

    Returns
    -------
    number or array
        Mass, signed [t].

    Raises
    ------
    DataError
        As :func:`mixed_lake`.

    References
    ----------
    GB/T 25173-2010, form for small lakes whose inflow equals their outflow (from memory).

    Examples
    --------
    >>> lake_stock(5e7, 12.0, 20.0)
    400.0
    """

    def formula(volume: Floats, background: Floats, standard: Floats) -> Floats:
        """M = (Cs - C0) V, a stock."""
        return (standard - background) * volume / 1e6

    values = {"storage_volume": storage_volume, "background": background, "standard": standard}
    return evaluate("lake_stock", formula, values, result="stock")


def _cleaning(
    volume: Floats, flow: Floats, decay: Floats, settling: Floats, area: Floats
) -> Floats:
    """Water that would have to leave to take as much as outflow, decay and settling [m3/s]."""
    return flow + (decay * volume + settling * area) / SECONDS_PER_DAY


def _lake(formula: str, lake: Lake) -> dict[str, Numbers]:
    """Give what :func:`_cleaning` needs, in its order; without settling no area is needed."""
    found = fields(lake, formula, "storage_volume", "flow", "decay", "settling")
    if lake.storage_area is None and not np.any(lake.settling):
        return found | {"storage_area": 0.0}
    return found | fields(lake, formula, "storage_area")
