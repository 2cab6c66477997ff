"""Capacity of lakes for nitrogen and phosphorus: retention models of eutrophication (富营养化).

All are annual means of a mixed lake, fitted to whole lakes; none speaks of a month or of a bay.
"""

from __future__ import annotations

import numpy as np

from permitload.capacity._formula import Floats, Formula, Numbers, evaluate, fields
from permitload.capacity.water import Lake
from permitload.units import DAYS_PER_YEAR, KG_PER_DAY, SECONDS_PER_DAY

__all__ = [
    "dillon",
    "dillon_concentration",
    "goda",
    "goda_concentration",
    "kirchner_dillon",
    "oecd",
    "oecd_concentration",
    "vollenweider",
    "vollenweider_concentration",
]

YEAR = DAYS_PER_YEAR * SECONDS_PER_DAY
APPARENT_SETTLING = 10.0 / YEAR
"""Settling of nutrients in a lake, 10 m/a [m/s]; from memory, unverified."""
OECD = 1.55, 0.82
"""Factor and exponent of the OECD regression in µg/L."""


def dillon(lake: Lake, standard: Numbers, retention: Numbers) -> Numbers:
    """Capacity by Dillon and Rigler (狄龙): Ls = Ps h (Q/V)/(1 - R), M = Ls A.

    Parameters
    ----------
    lake : Lake
        With ``flow``.
    standard : number or array
        Annual mean that the lake may have, Ps [mg/L].
    retention : number or array
        Share of the load that stays in the lake, R < 1, measured or by
        :func:`kirchner_dillon` [1].

    Returns
    -------
    number or array
        Total load of the lake, that of its rivers included [kg/d].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing, or labels that differ.

    Notes
    -----
    With h = V/A, M = Ps Q/(1 - R): volume and area cancel.

    References
    ----------
    Dillon and Rigler (1974), also GB/T 25173-2010; from memory, clause unverified.

    Examples
    --------
    >>> lake = Lake(storage_volume=5e7, flow=9.46e7 / 31.536e6)
    >>> round(dillon(lake, 0.05, 0.4) * 0.365, 5)  # t/a
    7.88333
    """
    values = fields(lake, "dillon", "flow") | {"retention": retention}
    return _capacity("dillon", _dillon, values, standard)


def dillon_concentration(lake: Lake, source_load: Numbers, retention: Numbers) -> Numbers:
    """Annual mean by Dillon and Rigler, P = Lp (1 - R)/(ρ h): the inverse of :func:`dillon`.

    Parameters
    ----------
    lake, retention
        As for :func:`dillon`; some water must leave.
    source_load : number or array
        Total load of the lake [kg/d].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`dillon`.

    Examples
    --------
    >>> lake = Lake(storage_volume=5e7, flow=9.46e7 / 31.536e6)
    >>> round(dillon_concentration(lake, 7.88333 / 0.365, 0.4), 6)
    0.05
    """
    values = fields(lake, "dillon_concentration", "flow") | {"retention": retention}
    return _concentration("dillon_concentration", _dillon, values, source_load)


def kirchner_dillon(lake: Lake) -> Numbers:
    """Estimate retention from the areal water load, R = 0.426 e^(-0.271 q) + 0.574 e^(-0.00949 q).

    Parameters
    ----------
    lake : Lake
        With ``flow`` and ``storage_area``; q = Q/A [m/a].

    Returns
    -------
    number or array
        Share of the load that stays in the lake [1].

    Raises
    ------
    DataError
        As :func:`dillon`.

    References
    ----------
    Kirchner and Dillon (1975), 15 lakes of southern Ontario; from memory, unverified, not in
    GB/T 25173. A retention that was measured goes before it.

    Examples
    --------
    >>> round(kirchner_dillon(Lake(storage_volume=7.56e6, flow=1.6, storage_area=4.2e6)), 6)
    0.528575
    """

    def formula(flow: Floats, area: Floats) -> Floats:
        """R = 0.426 e^(-0.271 q) + 0.574 e^(-0.00949 q), q = Q/A."""
        water = flow * YEAR / area
        return np.asarray(0.426 * np.exp(-0.271 * water) + 0.574 * np.exp(-0.00949 * water))

    values = fields(lake, "kirchner_dillon", "flow", "storage_area")
    return evaluate("kirchner_dillon", formula, values, result="retention")


def goda(lake: Lake, standard: Numbers) -> Numbers:
    """Capacity by Goda (合田健): M = Cs (Q/V + 10/Z) Z A, with the mean depth Z = V/A.

    10 m/a is an apparent settling velocity, as in Vollenweider's model of 1975, P = Lp/(q + 10).

    Parameters
    ----------
    lake : Lake
        With ``flow`` and ``storage_area``.
    standard : number or array
        Annual mean that the lake may have, Cs [mg/L].

    Returns
    -------
    number or array
        Total load of the lake, that of its rivers included [kg/d].

    Raises
    ------
    DataError
        As :func:`dillon`.

    Notes
    -----
    The constant 2.7e-6 printed in the rule is 1e-3/365: it gives kg/d with the area in m2,
    whatever unit stands beside it.

    References
    ----------
    GB/T 25173-2010 (from memory, clause and printed units unverified); Vollenweider (1975).

    Examples
    --------
    >>> lake = Lake(storage_volume=5e7, flow=9.46e7 / 31.536e6, storage_area=2e7)
    >>> round(goda(lake, 0.05) * 0.365, 4)  # t/a
    14.73
    """
    return _capacity("goda", _goda, fields(lake, "goda", "flow", "storage_area"), standard)


def goda_concentration(lake: Lake, source_load: Numbers) -> Numbers:
    """Annual mean by Goda, the inverse of :func:`goda`.

    Parameters
    ----------
    lake : Lake
        As for :func:`goda`.
    source_load : number or array
        Total load of the lake [kg/d].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`dillon`.

    Examples
    --------
    >>> lake = Lake(storage_volume=5e7, flow=9.46e7 / 31.536e6, storage_area=2e7)
    >>> round(goda_concentration(lake, 14.73 / 0.365), 6)
    0.05
    """
    values = fields(lake, "goda_concentration", "flow", "storage_area")
    return _concentration("goda_concentration", _goda, values, source_load)


def vollenweider(lake: Lake, standard: Numbers) -> Numbers:
    """Capacity by Vollenweider (1976): M = Ps Q (1 + √τ), τ = V/Q in years.

    Parameters
    ----------
    lake : Lake
        With ``storage_volume`` and ``flow`` above 0.
    standard : number or array
        Annual mean that the lake may have, Ps [mg/L].

    Returns
    -------
    number or array
        Total load of the lake, that of its rivers included [kg/d].

    Raises
    ------
    DataError
        As :func:`dillon`.

    References
    ----------
    Vollenweider (1976), from memory, unverified.

    Examples
    --------
    >>> lake = Lake(storage_volume=7.56e6, flow=1.6)
    >>> round(vollenweider(lake, 0.05) * 0.365, 4)  # t/a
    3.4994
    """
    values = fields(lake, "vollenweider", "storage_volume", "flow")
    return _capacity("vollenweider", _vollenweider, values, standard)


def vollenweider_concentration(lake: Lake, source_load: Numbers) -> Numbers:
    """Annual mean by Vollenweider (1976), the inverse of :func:`vollenweider`.

    Parameters
    ----------
    lake : Lake
        As for :func:`vollenweider`.
    source_load : number or array
        Total load of the lake [kg/d].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`dillon`.

    Examples
    --------
    >>> lake = Lake(storage_volume=0.53 * 31.536e6, flow=1.0)  # τ of 0.53 a
    >>> round(vollenweider_concentration(lake, 0.1 * 86.4), 7)
    0.05787
    """
    values = fields(lake, "vollenweider_concentration", "storage_volume", "flow")
    return _concentration("vollenweider_concentration", _vollenweider, values, source_load)


def oecd(lake: Lake, standard: Numbers) -> Numbers:
    """Capacity by the OECD regression: the inverse of P = 1.55 [P_in/(1 + √τ)]^0.82 in µg/L.

    Parameters
    ----------
    lake : Lake
        As for :func:`vollenweider`.
    standard : number or array
        Annual mean of total phosphorus that the lake may have [mg/L].

    Returns
    -------
    number or array
        Total load of the lake, that of its rivers included [kg/d].

    Raises
    ------
    DataError
        As :func:`dillon`.

    References
    ----------
    OECD (1982), Eutrophication of Waters, combined regression (from memory).

    Examples
    --------
    >>> lake = Lake(storage_volume=0.53 * 31.536e6, flow=1.0)  # τ of 0.53 a
    >>> round(oecd(lake, 0.0432062) / 86.4, 5)
    0.1
    """

    def mean(standard: Floats) -> Floats:
        """P_in/(1 + √τ) = (P/1.55)^(1/0.82) in µg/L."""
        factor, power = OECD
        return (standard * 1000.0 / factor) ** (1.0 / power) / 1000.0

    values = fields(lake, "oecd", "storage_volume", "flow")
    return _capacity("oecd", _vollenweider, values, standard, mean)


def oecd_concentration(lake: Lake, source_load: Numbers) -> Numbers:
    """Annual mean of total phosphorus by the OECD regression, the inverse of :func:`oecd`.

    Parameters
    ----------
    lake : Lake
        As for :func:`vollenweider`.
    source_load : number or array
        Total load of the lake, not negative [kg/d].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`dillon`.

    Examples
    --------
    >>> lake = Lake(storage_volume=0.53 * 31.536e6, flow=1.0)  # τ of 0.53 a
    >>> round(oecd_concentration(lake, 0.1 * 86.4), 6)
    0.043206
    """

    def regression(mean: Floats) -> Floats:
        """P = 1.55 [P_in/(1 + √τ)]^0.82 in µg/L."""
        factor, power = OECD
        return factor * (1000.0 * mean) ** power / 1000.0

    values = fields(lake, "oecd_concentration", "storage_volume", "flow")
    return _concentration("oecd_concentration", _vollenweider, values, source_load, regression)


def _dillon(flow: Floats, retention: Floats) -> Floats:
    """M/P = Q/(1 - R) [m3/s]."""
    return flow / (1.0 - retention)


def _goda(flow: Floats, area: Floats) -> Floats:
    """M/P = Q + 10 m/a A [m3/s]."""
    return flow + APPARENT_SETTLING * area


def _vollenweider(volume: Floats, flow: Floats) -> Floats:
    """M/P = Q (1 + √τ), τ = V/Q in years [m3/s]."""
    return flow * (1.0 + np.sqrt(volume / (flow * YEAR)))


def _capacity(
    name: str,
    relation: Formula,
    values: dict[str, Numbers],
    standard: Numbers,
    mean: Formula = np.asarray,
) -> Numbers:
    """Load of a lake whose mean by the relation is a function of its standard."""

    def formula(*inputs: Floats) -> Floats:
        """M = (M/P) P."""
        *water, standard = inputs
        return KG_PER_DAY * relation(*water) * mean(standard)

    return evaluate(name, formula, values | {"standard": standard})


def _concentration(
    name: str,
    relation: Formula,
    values: dict[str, Numbers],
    source_load: Numbers,
    regression: Formula = np.asarray,
) -> Numbers:
    """Annual mean as a function of the mean by the relation."""

    def formula(*inputs: Floats) -> Floats:
        """P = M/(M/P)."""
        *water, load = inputs
        return regression(load / (KG_PER_DAY * relation(*water)))

    signed = ("source_load",) if regression is np.asarray else ()
    values = values | {"source_load": source_load}
    return evaluate(name, formula, values, result="concentration", signed=signed)
