"""Capacity for oxygen demand: the sag of Streeter and Phelps, and the demand that it allows.

One stretch in plug flow. Nitrification, sediment demand and photosynthesis are left out; plain
rivers that flow below 0.1 m/s are outside the range of every reaeration formula: measure the rate.
"""

from __future__ import annotations

import numpy as np

from permitload.capacity._formula import Floats, Numbers, evaluate, mean_kept

__all__ = ["allowable_demand", "critical_time", "oxygen_deficit", "saturation", "ultimate_demand"]

BISECTIONS = 60
"""Halvings after which nothing is left between the bounds."""


def saturation(temperature: Numbers) -> Numbers:
    """Oxygen that fresh water holds at sea level, 468/(31.6 + T).

    Parameters
    ----------
    temperature : number or array
        Of the water [degC].

    Returns
    -------
    number or array
        Saturation [mg/L].

    Raises
    ------
    DataError
        Naming the input that is no number.

    References
    ----------
    HJ 2.3-2018, read as quoted in public texts.

    Examples
    --------
    >>> round(saturation(20.0), 5)
    9.06977
    """

    def formula(temperature: Floats) -> Floats:
        """DOf = 468/(31.6 + T)."""
        return 468.0 / (31.6 + temperature)

    values = {"temperature": temperature}
    return evaluate("saturation", formula, values, result="concentration", signed=("temperature",))


def ultimate_demand(demand: Numbers, decay: Numbers, days: Numbers = 5.0) -> Numbers:
    """Ultimate oxygen demand of one measured over some days, L = BOD/(1 - e^(-k t)).

    Parameters
    ----------
    demand : number or array
        Demand over ``days``, such as BOD5 [mg/L].
    decay : number or array
        Rate of the bottle, above 0 [1/d].
    days : number or array, default 5
        Length of the test [d].

    Returns
    -------
    number or array
        Ultimate demand [mg/L].

    Raises
    ------
    DataError
        Naming the input that is out of range.

    Examples
    --------
    >>> round(ultimate_demand(3.465347, 0.219), 4)
    5.2074
    """

    def formula(demand: Floats, decay: Floats, days: Floats) -> Floats:
        """L = BOD/(1 - e^(-k t))."""
        return np.asarray(-demand / np.expm1(-decay * days))

    values = {"demand": demand, "decay": decay, "days": days}
    return evaluate("ultimate_demand", formula, values, result="demand")


def oxygen_deficit(
    decay: Numbers, reaeration: Numbers, demand: Numbers, deficit: Numbers, travel_time: Numbers
) -> Numbers:
    """Deficit below saturation some days downstream (Streeter-Phelps).

    D = k1 L/(k2 - k1) (e^(-k1 t) - e^(-k2 t)) + D0 e^(-k2 t); the first term is k1 t L e^(-k1 t) as
    k2 → k1. The deficit at the head goes by reaeration, k2, not by k1.

    Parameters
    ----------
    decay, reaeration : number or array
        Rates k1, and k2 above 0 [1/d].
    demand : number or array
        Ultimate oxygen demand at the head, L [mg/L].
    deficit : number or array
        Deficit at the head, D0 [mg/L].
    travel_time : number or array
        From the head [d].

    Returns
    -------
    number or array
        Deficit [mg/L].

    Raises
    ------
    DataError
        Naming the input that is out of range, or labels that differ.

    References
    ----------
    Streeter and Phelps (1925).

    Examples
    --------
    >>> round(oxygen_deficit(0.25, 0.5, 12.0, 1.0, 2.424543), 6)
    3.272727
    """
    values = {
        "decay": decay, "reaeration": reaeration, "demand": demand, "deficit": deficit,
        "travel_time": travel_time,
    }  # fmt: skip
    return evaluate("oxygen_deficit", _deficit, values, result="deficit")


def critical_time(
    decay: Numbers, reaeration: Numbers, demand: Numbers, deficit: Numbers
) -> Numbers:
    """Time at which the deficit is greatest, 0 where it only falls.

    tc = ln{k2/k1 [1 - D0 (k2 - k1)/(k1 L)]}/(k2 - k1); (1 - D0/L)/k1 as k2 → k1.

    Parameters
    ----------
    decay, reaeration, demand, deficit
        As for :func:`oxygen_deficit`; rates above 0.

    Returns
    -------
    number or array
        Time from the head [d].

    Raises
    ------
    DataError
        As :func:`oxygen_deficit`.

    Examples
    --------
    >>> round(critical_time(0.25, 0.5, 12.0, 1.0), 6)
    2.424543
    """
    values = {"decay": decay, "reaeration": reaeration, "demand": demand, "deficit": deficit}
    return evaluate("critical_time", _critical, values, result="travel_time")


def allowable_demand(
    decay: Numbers, reaeration: Numbers, deficit: Numbers, standard: Numbers
) -> Numbers:
    """Ultimate demand at the head whose greatest deficit is just the standard's.

    Give the result to a river formula as its ``standard``, with the demand of the river as
    ``background``: so a standard of the kind "at least" becomes a load.

    Parameters
    ----------
    decay, reaeration : number or array
        Rates k1 above 0, and k2 above 0 [1/d].
    deficit : number or array
        Deficit at the head, at most the standard's [mg/L].
    standard : number or array
        Deficit that the river may have: saturation less the standard of oxygen [mg/L].

    Returns
    -------
    number or array
        Demand, found by bisection to the last digit [mg/L].

    Raises
    ------
    DataError
        As :func:`oxygen_deficit`, or if the deficit at the head exceeds the standard's already.

    Examples
    --------
    >>> round(allowable_demand(0.25, 0.5, 1.0, 36.0 / 11.0), 6)
    12.0
    """

    def formula(decay: Floats, reaeration: Floats, deficit: Floats, standard: Floats) -> Floats:
        """Solve Dc(L) = DOf - DOs for L: Dc, the greatest deficit, rises with L."""

        def worst(demand: Floats) -> Floats:
            """Greatest deficit that a demand causes."""
            time = _critical(decay, reaeration, demand, deficit)
            return _deficit(decay, reaeration, demand, deficit, time)

        # a demand L alone makes a deficit of at least L/(e (1 + k2/k1))
        upper = np.e * (1.0 + reaeration / decay) * standard
        lower = 0.0 * upper
        for _ in range(BISECTIONS):
            middle = 0.5 * (lower + upper)
            over = worst(middle) > standard
            lower, upper = np.where(over, lower, middle), np.where(over, middle, upper)
        return lower

    values = {
        "decay": decay, "reaeration": reaeration, "deficit": deficit, "standard": standard,
    }  # fmt: skip
    return evaluate("allowable_demand", formula, values, result="demand",
                    within={"deficit": "standard"})  # fmt: skip


def _deficit(
    decay: Floats, reaeration: Floats, demand: Floats, deficit: Floats, time: Floats
) -> Floats:
    """D = k1 L/(k2 - k1) (e^(-k1 t) - e^(-k2 t)) + D0 e^(-k2 t)."""
    slow = np.minimum(decay, reaeration)
    gap = np.abs(reaeration - decay)
    # (e^(-k1 t) - e^(-k2 t))/(k2 - k1) is symmetric, and its limit needs no branch
    made = decay * demand * time * np.exp(-slow * time) * mean_kept(gap * time)
    return np.asarray(made + deficit * np.exp(-reaeration * time))


def _critical(decay: Floats, reaeration: Floats, demand: Floats, deficit: Floats) -> Floats:
    """Tc = ln{k2/k1 [1 - D0 (k2 - k1)/(k1 L)]}/(k2 - k1), at least 0."""
    excess = reaeration - decay
    used = deficit * excess / (decay * demand)
    with_limit = _log_growth(excess / decay) / decay
    found = with_limit - deficit / (decay * demand) * _log_growth(-used)
    # where the logarithm has no argument, and without demand, the deficit only falls
    return np.where((demand > 0.0) & (used < 1.0), np.maximum(found, 0.0), 0.0)


def _log_growth(growth: Floats) -> Floats:
    """log(1 + g)/g, and 1 at g = 0."""
    safe = np.where(growth == 0.0, 1.0, growth)
    return np.where(growth == 0.0, 1.0, np.log1p(safe) / safe)
