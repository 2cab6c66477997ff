"""What treatment costs a year: capital spread over its life, operation beside it."""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from permitload._labels import floats
from permitload.errors import DataError

__all__ = ["annual_cost", "capital_recovery", "present_value"]

Number = TypeVar("Number", float, "NDArray[np.float64]")


def capital_recovery(interest: Number, lifetime: Number) -> Number:
    """Capital recovery factor: yearly payment, at the end of each year, per unit of capital.

    Parameters
    ----------
    interest : float or array
        Discount rate, >= 0 [1/a].
    lifetime : float or array
        Years of service, > 0 [a].

    Returns
    -------
    float or array
        Factor [1/a]; without interest ``1 / lifetime`` exactly.

    Raises
    ------
    DataError
        If a rate is negative or a lifetime not positive, or either is no number.

    Notes
    -----
    ``r (1 + r)^n / ((1 + r)^n - 1)``, the inverse of an annuity's present value. Evaluated as
    ``r / -expm1(-n log1p(r))``, which loses nothing at small rates.

    Examples
    --------
    >>> round(capital_recovery(0.08, 20.0), 6), capital_recovery(0.0, 20.0)
    (0.101852, 0.05)
    """
    rate, years = floats(interest, "interest"), floats(lifetime, "lifetime")
    if not ((rate >= 0) & (rate < np.inf)).all() or not ((years > 0) & (years < np.inf)).all():
        right = "interest >= 0 [1/a] and lifetime > 0 [a]"
        raise DataError(f"interest {interest}, lifetime {lifetime}: right would be {right}")
    paid = -np.expm1(-years * np.log1p(rate))
    some = rate > 0
    factor = np.where(some, rate / np.where(some, paid, 1.0), 1.0 / years)
    return cast("Number", factor if factor.ndim else float(factor))


def annual_cost(capital: Number, operating: Number, interest: Number, lifetime: Number) -> Number:
    """Cost of a year: capital times its recovery factor, and operation.

    Parameters
    ----------
    capital : float or array
        Spent at the start, >= 0 [10^4 CNY].
    operating : float or array
        Spent each year [10^4 CNY/a].
    interest, lifetime : float or array
        As for :func:`capital_recovery`.

    Returns
    -------
    float or array
        [10^4 CNY/a].

    Raises
    ------
    DataError
        As :func:`capital_recovery`.

    Examples
    --------
    >>> annual_cost(200.0, 15.0, 0.0, 20.0)
    25.0
    """
    spent, paid = _finite(capital, "capital"), _finite(operating, "operating")
    return spent * capital_recovery(interest, lifetime) + paid


def present_value(cost: Number, interest: Number, lifetime: Number) -> Number:
    """Worth today of a cost paid at the end of each year of a lifetime.

    Parameters
    ----------
    cost : float or array
        Paid each year [10^4 CNY/a].
    interest, lifetime : float or array
        As for :func:`capital_recovery`.

    Returns
    -------
    float or array
        [10^4 CNY].

    Raises
    ------
    DataError
        As :func:`capital_recovery`.

    Examples
    --------
    >>> present_value(25.0, 0.0, 20.0)
    500.0
    """
    return _finite(cost, "cost") / capital_recovery(interest, lifetime)


def _finite(amount: Number, name: str) -> Number:
    """Amount as given, refused unless finite."""
    if not np.isfinite(floats(amount, name)).all():
        raise DataError(f"{name} is NaN or infinite; right would be finite [10^4 CNY]")
    return amount
