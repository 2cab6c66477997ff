"""Parts of a trading ratio, and how they are put together."""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy import special

from permitload.errors import DataError

__all__ = ["added", "lognormal_uncertainty", "normal_uncertainty", "product"]

Number = TypeVar("Number", float, "NDArray[np.float64]")


def product(
    location: Number, equivalency: Number, uncertainty: Number, retirement: Number
) -> Number:
    """Trading ratio as the product of its parts (the default; assumed).

    Parameters
    ----------
    location : float or array
        Buyer's response over the seller's [1].
    equivalency : float or array
        Seller's pollutant that is worth one of the buyer's [1].
    uncertainty : float or array
        Uncertainty ratio, >= 1 [1].
    retirement : float or array
        Retirement and policy multiples together, >= 1 [1].

    Returns
    -------
    float or array
        Ratio [1].

    Notes
    -----
    Components: US EPA (2007), Water Quality Trading Toolkit for Permit Writers, EPA
    833-R-07-004 (definitions from memory, unverified). Which way they are put together is an open
    policy question.

    Examples
    --------
    >>> round(product(0.80 / 0.35, 1.0, 2.0, 1.1), 5)
    5.02857
    """
    return location * equivalency * uncertainty * retirement


def added(location: Number, equivalency: Number, uncertainty: Number, retirement: Number) -> Number:
    """Trading ratio as the sum of what its parts add to 1, times the multiples.

    Parameters
    ----------
    location, equivalency, uncertainty, retirement : float or array
        As for :func:`product`.

    Returns
    -------
    float or array
        Ratio [1].

    Notes
    -----
    ``(location + equivalency + uncertainty - 2) retirement``: parts that are 1 add nothing. The
    State of Wisconsin adds delivery, equivalency and uncertainty, with a least ratio of 1.2 (from
    memory, unverified). A sum may be less than the physics asks for: look at ``reliability``.

    Examples
    --------
    >>> added(1.5, 1.0, 2.0, 1.0)
    2.5
    """
    return (location + equivalency + uncertainty - 2.0) * retirement


def normal_uncertainty(variation: Number, assurance: Number) -> Number:
    """Uncertainty ratio of a practice whose effect is normal.

    Parameters
    ----------
    variation : float or array
        Coefficient of variation of the reduction achieved [1], >= 0.
    assurance : float or array
        Wanted probability that the reduction sold is achieved [1], 0.5 <= p < 1.

    Returns
    -------
    float or array
        Ratio >= 1 [1].

    Raises
    ------
    DataError
        If a number is out of range, or the quantile is not positive: no multiple is enough.

    Notes
    -----
    ``1 / (1 - z variation)``. The usual 2 : 1 is near what a variation of 0.3 asks for at 95 %.

    Examples
    --------
    >>> round(normal_uncertainty(0.3, 0.95), 2)
    1.97
    """
    spread, quantile = _checked(variation, assurance)
    least = 1.0 - quantile * spread
    if not (least > 0.0).all():
        raise DataError(
            f"variation {variation} at assurance {assurance} leaves nothing certain; right would "
            "be a smaller one of them, or lognormal_uncertainty"
        )
    return cast("Number", _plain(1.0 / least))


def lognormal_uncertainty(variation: Number, assurance: Number) -> Number:
    """Uncertainty ratio of a practice whose effect is log-normal with mean 1.

    Parameters
    ----------
    variation, assurance : float or array
        As for :func:`normal_uncertainty`.

    Returns
    -------
    float or array
        Ratio [1]; >= 1 as 0.5 <= p.

    Raises
    ------
    DataError
        If a number is out of range.

    Notes
    -----
    ``exp(z s + s^2 / 2)``, ``s^2 = ln(1 + variation^2)``.

    Examples
    --------
    >>> round(lognormal_uncertainty(0.3, 0.95), 2)
    1.69
    """
    spread, quantile = _checked(variation, assurance)
    variance = np.log1p(spread**2)
    return cast("Number", _plain(np.exp(quantile * np.sqrt(variance) + variance / 2.0)))


def _checked(variation: object, assurance: object) -> tuple[NDArray[np.float64], ...]:
    """Variation, and the normal quantile of the assurance."""
    spread, chance = np.asarray(variation, dtype=float), np.asarray(assurance, dtype=float)
    wide = ((spread >= 0.0) & (spread < np.inf)).all()
    if not (wide and ((chance >= 0.5) & (chance < 1.0)).all()):
        raise DataError(
            f"variation {variation}, assurance {assurance}: right would be a variation >= 0 and "
            "0.5 <= assurance < 1"
        )
    return spread, np.asarray(special.ndtri(chance))


def _plain(found: NDArray[np.float64]) -> NDArray[np.float64] | float:
    return found if np.ndim(found) else float(found)
