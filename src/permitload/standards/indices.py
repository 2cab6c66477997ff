"""How close a value is to its limit: standard index and exceedance, over arrays of any shape.

An index is 1 at the limit and greater beyond it, whichever way the limit works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from permitload.errors import DataError, Fault, raise_faults
from permitload.standards._gb3838 import PH
from permitload.standards._lookup import ROUND_OFF

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "exceedance",
    "oxygen_index",
    "oxygen_index_1993",
    "oxygen_saturation",
    "oxygen_saturation_saline",
    "ph_index",
    "standard_index",
]


def standard_index(concentration: ArrayLike, limit: ArrayLike) -> NDArray[np.float64]:
    """Index an indicator whose limit is a most: C / Cs.

    Parameters
    ----------
    concentration : array_like
        Concentration, at least 0 [mg/L].
    limit : array_like
        Limit, more than 0 [mg/L].

    Returns
    -------
    ndarray
        Index [1], of the broadcast shape.

    Raises
    ------
    DataError
        If a number is NaN or out of its range.

    References
    ----------
    HJ 2.3-2018, appendix D.

    Examples
    --------
    >>> standard_index([15.0, 20.0, 24.0], 20.0).tolist()
    [0.75, 1.0, 1.2]
    """
    value, most = _checked(concentration=concentration, limit=limit)
    return np.asarray(value / most)


def exceedance(concentration: ArrayLike, limit: ArrayLike) -> NDArray[np.float64]:
    """Exceedance multiple (超标倍数) of an indicator whose limit is a most: (C − Cs) / Cs.

    It is not formed for water temperature, pH and dissolved oxygen.

    Parameters
    ----------
    concentration : array_like
        Concentration, at least 0 [mg/L].
    limit : array_like
        Limit, more than 0 [mg/L].

    Returns
    -------
    ndarray
        Excess in limits [1], of the broadcast shape; 0 where the limit is met.

    Raises
    ------
    DataError
        If a number is NaN or out of its range.

    References
    ----------
    环办〔2011〕22号, as quoted in public code.

    Examples
    --------
    >>> exceedance([15.0, 20.0, 50.0], 20.0).tolist()
    [0.0, 0.0, 1.5]
    """
    value, most = _checked(concentration=concentration, limit=limit)
    return np.where(value > most * (1.0 + ROUND_OFF), (value - most) / most, 0.0)


def oxygen_saturation(temperature: ArrayLike) -> NDArray[np.float64]:
    """Dissolved oxygen at saturation in fresh water at 101 kPa: 468 / (31.6 + T).

    Parameters
    ----------
    temperature : array_like
        Water temperature, -1 to 45 [degC].

    Returns
    -------
    ndarray
        Saturation [mg/L].

    Raises
    ------
    DataError
        If a temperature is NaN or out of range.

    References
    ----------
    HJ 2.3-2018, appendix D.

    Examples
    --------
    >>> oxygen_saturation([0.0, 20.0]).round(6).tolist()
    [14.810127, 9.069767]
    """
    (warmth,) = _checked(temperature=temperature)
    return np.asarray(468.0 / (31.6 + warmth))


def oxygen_saturation_saline(temperature: ArrayLike, salinity: ArrayLike) -> NDArray[np.float64]:
    """Dissolved oxygen at saturation in estuaries and at coasts: (491 − 2.65 S) / (33.5 + T).

    At salinity 0 it is within 3 % of :func:`oxygen_saturation`, not equal to it.

    Parameters
    ----------
    temperature : array_like
        Water temperature, -1 to 45 [degC].
    salinity : array_like
        Practical salinity, 0 to 50 [1].

    Returns
    -------
    ndarray
        Saturation [mg/L], of the broadcast shape.

    Raises
    ------
    DataError
        If a number is NaN or out of range.

    References
    ----------
    HJ 2.3-2018, appendix D; from memory, unverified.

    Examples
    --------
    >>> oxygen_saturation_saline(20.0, 30.0).round(6).item()
    7.691589
    """
    warmth, salt = _checked(temperature=temperature, salinity=salinity)
    return np.asarray((491.0 - 2.65 * salt) / (33.5 + warmth))


def oxygen_index(
    concentration: ArrayLike, limit: ArrayLike, saturation: ArrayLike
) -> NDArray[np.float64]:
    """Index dissolved oxygen, form of 2018.

    Up to saturation DOs / DO; above it (DO − DOf) / (DOf − DOs): supersaturated water is judged by
    its distance from saturation.

    Parameters
    ----------
    concentration : array_like
        Dissolved oxygen DO, at least 0 [mg/L]; 0 gives infinity.
    limit : array_like
        Limit DOs, more than 0 and less than saturation [mg/L].
    saturation : array_like
        Saturation DOf at the temperature of the water [mg/L].

    Returns
    -------
    ndarray
        Index [1], of the broadcast shape.

    Raises
    ------
    DataError
        If a number is NaN or out of range, or a limit is not below saturation.

    References
    ----------
    HJ 2.3-2018, appendix D; form from memory, unverified.

    Examples
    --------
    >>> oxygen_index([2.5, 5.0, 8.0, 11.0], 5.0, 8.0).tolist()
    [2.0, 1.0, 0.625, 1.0]
    """
    value, least, full = _oxygen(concentration, limit, saturation)
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(value <= full, least / value, (value - full) / (full - least))


def oxygen_index_1993(
    concentration: ArrayLike, limit: ArrayLike, saturation: ArrayLike
) -> NDArray[np.float64]:
    """Index dissolved oxygen, form of 1993.

    (DOf − DO) / (DOf − DOs), without sign, where the limit is met; 10 − 9 DO / DOs where it is
    not.

    Parameters
    ----------
    concentration : array_like
        Dissolved oxygen DO, at least 0 [mg/L].
    limit : array_like
        Limit DOs, more than 0 and less than saturation [mg/L].
    saturation : array_like
        Saturation DOf at the temperature of the water [mg/L].

    Returns
    -------
    ndarray
        Index [1], of the broadcast shape; at most 10 below saturation.

    Raises
    ------
    DataError
        If a number is NaN or out of range, or a limit is not below saturation.

    References
    ----------
    HJ/T 2.3-93, replaced by HJ 2.3-2018; for comparison with older assessments.

    Examples
    --------
    >>> oxygen_index_1993([0.0, 2.5, 5.0, 8.0], 5.0, 8.0).tolist()
    [10.0, 5.5, 1.0, 0.0]
    """
    value, least, full = _oxygen(concentration, limit, saturation)
    above = np.abs(full - value) / (full - least)
    return np.where(value >= least, above, 10.0 - 9.0 * value / least)


def ph_index(pH: ArrayLike, lower: float = PH[0], upper: float = PH[1]) -> NDArray[np.float64]:
    """Index pH: distance from 7 over that of the limit on the same side.

    Parameters
    ----------
    pH : array_like
        pH, 0 to 14 [1].
    lower : float, default 6
        Least pH allowed, less than 7.
    upper : float, default 9
        Greatest pH allowed, more than 7.

    Returns
    -------
    ndarray
        Index [1]: 0 at pH 7, 1 at either limit.

    Raises
    ------
    DataError
        If a pH is NaN or out of range, or 7 is not between the limits.

    References
    ----------
    HJ 2.3-2018, appendix D; limits of GB 3838-2002, Table 1.

    Examples
    --------
    >>> ph_index([6.0, 6.5, 7.0, 8.0, 9.0]).tolist()
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """
    (value,) = _checked(pH=pH)
    if not lower < 7.0 < upper:
        raise DataError(f"pH 7 is not between {lower:g} and {upper:g}; right would be 6 and 9")
    return np.where(value <= 7.0, (7.0 - value) / (7.0 - lower), (value - 7.0) / (upper - 7.0))


_RANGES = {
    "concentration": (0.0, 1e6),
    "limit": (np.nextafter(0.0, 1.0), 1e6),
    "temperature": (-1.0, 45.0),
    "salinity": (0.0, 50.0),
    "saturation": (np.nextafter(0.0, 1.0), 100.0),
    "pH": (0.0, 14.0),
}


def _checked(**values: ArrayLike) -> list[NDArray[np.float64]]:
    """Arguments as arrays, if all lie in their range; the first of each kind that does not."""
    arrays = {name: np.asarray(value, dtype=float) for name, value in values.items()}
    faults = []
    for name, array in arrays.items():
        lower, upper = _RANGES[name]
        bad = np.argwhere(~((array >= lower) & (array <= upper)))
        if len(bad):
            least = f"{lower:g}" if lower in (0.0, -1.0) else "more than 0"
            right = f"a number, {least} to {upper:g}"
            row = ", ".join(str(i) for i in bad[0]) or None
            faults.append(
                Fault("standards", row, name, array[tuple(bad[0])], "is out of range", right)
            )
    raise_faults(faults)
    return list(arrays.values())


def _oxygen(
    concentration: ArrayLike, limit: ArrayLike, saturation: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Oxygen, its limit and saturation, the limit below saturation."""
    value, least, full = _checked(concentration=concentration, limit=limit, saturation=saturation)
    if (least >= full).any():
        least_of, full_of = (
            np.broadcast_to(part, np.shape(least + full)) for part in (least, full)
        )
        first = np.argwhere(least_of >= full_of)[0]
        problem = f"is not below the saturation of {full_of[tuple(first)]:.4g} mg/L"
        right = "a limit that this water can hold"
        value_of = float(least_of[tuple(first)])
        raise DataError([Fault("standards", None, "limit", value_of, problem, right)])
    return value, least, full
