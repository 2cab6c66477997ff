"""How the periods of one section and indicator are judged together: one function a rule.

A rule receives the table of the sampled periods, ``sampled``, and says True (attained), False, or
None where samples below detection leave it open. Any function of that form is a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload.errors import DataError
from permitload.standards._lookup import inside
from permitload.standards.observed import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["annual_mean", "every_month", "judged", "mean_and_share", "monthly_share"]


def judged(table: pd.DataFrame) -> list[bool | None]:
    """Whether each value lies between its ``least`` and ``most``; None where nobody can tell.

    A detection limit within the limit proves nothing against the water: half of it is taken. One
    beyond the limit leaves the judgement open, unless the outcome is the same with the hidden
    samples at 0 and at their detection limits.

    Parameters
    ----------
    table : DataFrame
        ``value``, ``lower``, ``upper``, ``detection_limit``, ``below_detection``, ``least``,
        ``most``.

    Returns
    -------
    list of bool or None
        One a row.

    Examples
    --------
    >>> row = {"value": 0.03, "lower": 0.0, "upper": 0.06, "detection_limit": 0.06,
    ...        "below_detection": 1.0, "least": -np.inf, "most": 0.05}
    >>> judged(pd.DataFrame([row, row | {"most": 0.06}]))
    [None, True]
    """
    least, most = (table[name].to_numpy() for name in ("least", "most"))
    met = {
        name: inside(table[name].to_numpy(), least, most)
        for name in ("value", "lower", "upper", "detection_limit")
    }
    zero = inside(np.zeros(len(table)), least, most)
    hides = (table["below_detection"] > 0.0).to_numpy() & (met["detection_limit"] != zero)
    open_ = hides & (met["lower"] != met["upper"])
    settled = np.where(hides, met["lower"], met["value"])
    return [None if o else bool(s) for o, s in zip(open_, settled, strict=True)]


def annual_mean(sampled: pd.DataFrame) -> bool | None:
    """Whether the mean of the periods meets the limit.

    Parameters
    ----------
    sampled : DataFrame
        Sampled periods of one section and indicator: ``period``, ``value``, ``lower``, ``upper``,
        ``detection_limit``, ``below_detection``, ``least`` and ``most`` (the limit), ``attained``.

    Returns
    -------
    bool or None
        None where samples below detection leave it open.

    Raises
    ------
    DataError
        If the limit differs between the periods: a mean has one.

    Examples
    --------
    >>> sampled = pd.DataFrame({"section": "S1", "indicator": "COD", "period": ["01", "02"],
    ...     "value": [16.0, 24.0], "lower": [16.0, 24.0], "upper": [16.0, 24.0],
    ...     "detection_limit": 0.0, "below_detection": 0.0, "least": -np.inf, "most": 20.0,
    ...     "attained": [True, False]})
    >>> annual_mean(sampled), every_month(sampled), monthly_share(0.5)(sampled)
    (True, False, True)
    """
    ends = sampled[["least", "most"]]
    if (ends != ends.iloc[0]).any(axis=None):
        section, indicator = sampled["section"].iloc[0], sampled["indicator"].iloc[0]
        raise DataError(
            f"limits of {indicator} at {section} differ between periods, and a mean has one limit; "
            "right would be one limit, or the rule every_month or monthly_share"
        )
    parts = sampled[PARTS].to_numpy()
    means = -np.log10((10.0**-parts).mean(axis=0)) if _is_acid(sampled) else parts.mean(axis=0)
    hidden = sampled[["detection_limit", "below_detection"]].max().to_dict()
    mean = dict(zip(PARTS, means.tolist(), strict=True)) | hidden | ends.iloc[0].to_dict()
    return judged(pd.DataFrame([mean]))[0]


def _is_acid(sampled: pd.DataFrame) -> bool:
    return bool(sampled["indicator"].iloc[0] == "pH")


def every_month(sampled: pd.DataFrame) -> bool | None:
    """Whether every sampled period meets its limit.

    Parameters
    ----------
    sampled : DataFrame
        As for :func:`annual_mean`.

    Returns
    -------
    bool or None
        None where no period fails and some are open.

    Examples
    --------
    >>> every_month(pd.DataFrame({"attained": pd.array([True, None], dtype="boolean")}))
    >>> every_month(pd.DataFrame({"attained": pd.array([False, None], dtype="boolean")}))
    False
    """
    return monthly_share(1.0)(sampled)


def monthly_share(attained_share: float) -> Callable[[pd.DataFrame], bool | None]:
    """Make the rule that a share of the sampled periods must meet their limits.

    Parameters
    ----------
    attained_share : float
        Least share of the periods, more than 0 and at most 1 [1].

    Returns
    -------
    callable
        A rule as :func:`every_month` is one.

    Raises
    ------
    DataError
        If the share is not between 0 and 1.

    Examples
    --------
    >>> sampled = pd.DataFrame({"attained": pd.array([True, True, None, False], dtype="boolean")})
    >>> [monthly_share(share)(sampled) for share in (0.5, 0.75, 0.8)]
    [True, None, False]
    """
    if not 0.0 < attained_share <= 1.0:
        raise DataError(f"attained_share is {attained_share:g}; right would be more than 0 to 1")

    def rule(sampled: pd.DataFrame) -> bool | None:
        """Whether enough periods attain, however the open ones turn out."""
        needed = attained_share * len(sampled) - 1e-9
        attained = int(sampled["attained"].sum())
        possible = attained + int(sampled["attained"].isna().sum())
        if attained >= needed:
            return True
        return None if possible >= needed else False

    rule.__name__ = f"monthly_share({attained_share:g})"
    return rule


def mean_and_share(attained_share: float = 0.8) -> Callable[[pd.DataFrame], bool | None]:
    """Make the rule that the mean must meet the limit, and a share of the sampled periods as well.

    A year may pass on its mean while single months fail; the rule of the tiers asks for both
    (assumed: annex 8 of the Jiangsu pilot programme names no statistic).

    Parameters
    ----------
    attained_share : float, default 0.8
        Least share of the periods, more than 0 and at most 1 [1]; assumed.

    Returns
    -------
    callable
        A rule as :func:`annual_mean` is one: False where one of the two fails, None where one
        is open and none fails.

    Raises
    ------
    DataError
        If the share is not between 0 and 1; the rule as :func:`annual_mean` does.

    Examples
    --------
    >>> sampled = pd.DataFrame({"section": "S1", "indicator": "COD", "period": ["01", "02"],
    ...     "value": [16.0, 24.0], "lower": [16.0, 24.0], "upper": [16.0, 24.0],
    ...     "detection_limit": 0.0, "below_detection": 0.0, "least": -np.inf, "most": 20.0,
    ...     "attained": [True, False]})
    >>> [mean_and_share(share)(sampled) for share in (0.5, 0.8)]
    [True, False]
    """
    of_periods = monthly_share(attained_share)

    def rule(sampled: pd.DataFrame) -> bool | None:
        """Whether both the mean and enough periods attain."""
        answers = (annual_mean(sampled), of_periods(sampled))
        if False in answers:
            return False
        return None if None in answers else True

    rule.__name__ = f"mean_and_share({attained_share:g})"
    return rule
