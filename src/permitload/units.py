"""Constants and pure conversions of the one unit system used inside.

Flow is m3/s, concentration mg/L, load kg/d, volume m3, rate 1/d. A year is 365 d.
Headers with other units are converted in :mod:`permitload.io` and nowhere else.
"""

from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr

__all__ = [
    "DAYS_PER_YEAR",
    "GRAMS_PER_TONNE",
    "KG_PER_DAY",
    "SECONDS_PER_DAY",
    "concentration",
    "flux",
    "grams",
    "rate",
    "tonnes",
]

SECONDS_PER_DAY = 86400.0
DAYS_PER_YEAR = 365.0
GRAMS_PER_TONNE = 1e6
KG_PER_DAY = 86.4
"""kg/d carried by 1 m3/s at 1 mg/L."""

Number = TypeVar("Number", float, "np.ndarray", "pd.Series[float]", xr.DataArray)


def flux(flow: Number, concentration: Number | float) -> Number:
    """Load carried by a flow.

    Parameters
    ----------
    flow : float or array
        Discharge [m3/s].
    concentration : float or array
        Concentration [mg/L].

    Returns
    -------
    float or array
        Load [kg/d].

    Examples
    --------
    >>> flux(2.0, 10.0)
    1728.0
    """
    return flow * concentration * KG_PER_DAY


def concentration(source_load: Number, flow: Number | float) -> Number:
    """Concentration of a load carried by a flow: the inverse of :func:`flux`.

    Parameters
    ----------
    source_load : float or array
        Load [kg/d].
    flow : float or array
        Discharge, not zero [m3/s].

    Returns
    -------
    float or array
        Concentration [mg/L].

    Examples
    --------
    >>> concentration(1728.0, 2.0)
    10.0
    """
    return source_load / (flow * KG_PER_DAY)


def tonnes(source_load: Number, days: Number | float = DAYS_PER_YEAR) -> Number:
    """Mass released in a period at a mean rate.

    Parameters
    ----------
    source_load : float or array
        Mean load over the period [kg/d].
    days : float or array, default 365
        Length of the period [d]; 365 gives t/a.

    Returns
    -------
    float or array
        Mass [t].

    Examples
    --------
    >>> round(tonnes(86.4), 6)
    31.536
    """
    return source_load * days / 1000.0


def rate(mass: Number, days: Number | float = DAYS_PER_YEAR) -> Number:
    """Mean rate that releases a mass in a period: the inverse of :func:`tonnes`.

    Parameters
    ----------
    mass : float or array
        Mass [t].
    days : float or array, default 365
        Length of the period [d].

    Returns
    -------
    float or array
        Load [kg/d].

    Examples
    --------
    >>> round(rate(1.0), 6)
    2.739726
    """
    return mass * 1000.0 / days


def grams(source_load: float, days: float) -> int:
    """Whole grams released in a period, rounded down: the unit of every ledger.

    Parameters
    ----------
    source_load : float
        Mean load over the period [kg/d].
    days : float
        Length of the period [d].

    Returns
    -------
    int
        Mass [g].

    Examples
    --------
    >>> grams(1.2345, 30.0)
    37035
    """
    return int(np.floor(np.round(source_load * days * 1000.0, 6)))
