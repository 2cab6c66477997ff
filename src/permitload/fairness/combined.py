"""Two sets of weights combined, scores of enterprises, and what a score does to a share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._labels import floats, index_of, number, numbers
from permitload.errors import DataError, Fault, raise_faults
from permitload.fairness._criteria import amounts, checked, ranged, varying

__all__ = ["adjustment_coefficient", "combined_weights", "mixture", "scores"]

Floats = NDArray[np.float64]


def mixture(first: Floats, second: Floats, share: float = 0.5) -> Floats:
    """Convex mix of two sets of weights.

    Parameters
    ----------
    first, second : array
        Weights [1].
    share : float, default 0.5
        Part of the first, 0 to 1 [1]; the default is assumed.

    Returns
    -------
    array
        ``share * first + (1 - share) * second``.

    Raises
    ------
    DataError
        If the share is not from 0 to 1.

    Examples
    --------
    >>> mixture(np.array([1.0, 0.0]), np.array([0.5, 0.5]), share=0.2)
    array([0.6, 0.4])
    """
    if not 0.0 <= number(share, "share") <= 1.0:
        raise DataError(f"share is {share}; right would be a number from 0 to 1")
    return share * floats(first, "first") + (1.0 - share) * floats(second, "second")


def combined_weights(
    first: pd.Series[float],
    second: pd.Series[float],
    combine: Callable[[Floats, Floats], Floats] = np.multiply,
) -> pd.Series[float]:
    """Weights of criteria from two sets of weights, such as AHP and entropy.

    Parameters
    ----------
    first, second : Series
        Weights by criterion, >= 0, the same labels in any order.
    combine : function, default numpy.multiply
        Of two arrays, returns the amount of each criterion; :func:`mixture` is another. Product
        or mix is a policy choice that results depend on; the default is assumed.

    Returns
    -------
    Series
        Weight of each criterion [1] in the order of the first, sum 1.

    Raises
    ------
    DataError
        If a weight is NaN or negative, labels do not match, or no criterion keeps any weight.

    Examples
    --------
    >>> ahp = pd.Series({"tax": 0.75, "water": 0.25})
    >>> entropy = pd.Series({"water": 0.5, "tax": 0.5})
    >>> combined_weights(ahp, entropy).to_dict()
    {'tax': 0.75, 'water': 0.25}
    """
    labels = index_of(first.index)
    amount = combine(_normed(first, labels, "first"), _normed(second, labels, "second"))
    amount = amounts(pd.Series(amount, first.index), "combined")
    if not amount.sum() > 0:
        raise DataError("no criterion has weight in both sets; right would be one at least")
    return pd.Series(amount / amount.sum(), first.index, name="weight")


def scores(
    criteria: pd.DataFrame, directions: pd.Series[float], weights: pd.Series[float]
) -> pd.Series[float]:
    """Score of each enterprise from its criteria: 0 worst in all, 1 best in all.

    Parameters
    ----------
    criteria : DataFrame
        One row an enterprise, one column a criterion, values >= 0 in any unit.
    directions : Series
        By criterion: 1 where more is better, -1 where less is.
    weights : Series
        By criterion, >= 0, not all 0.

    Returns
    -------
    Series
        Score of each enterprise [1]: the weighted mean of its criteria, each scaled from 0, the
        worst enterprise, to 1, the best.

    Raises
    ------
    DataError
        If a value is NaN, infinite or negative, a direction is not 1 or -1, labels do not match
        or repeat, or all weights are 0.

    Warns
    -----
    UserWarning
        If a criterion with weight is the same for all: it adds 0 to every score.

    Examples
    --------
    >>> criteria = pd.DataFrame({"tax": [50.0, 20.0], "water": [9.0, 3.0]}, ["E1", "E2"])
    >>> directions = pd.Series({"tax": 1, "water": -1})
    >>> scores(criteria, directions, pd.Series({"tax": 0.7, "water": 0.3})).to_dict()
    {'E1': 0.7, 'E2': 0.3}
    """
    values = ranged(criteria, directions)
    weight = _normed(weights, index_of(criteria.columns), "weights")
    silent = criteria.columns[~varying(checked(criteria)) & (weight > 0)]
    if len(silent):
        names = ", ".join(map(str, silent))
        warnings.warn(f"the same for all, so 0 in every score: {names}", stacklevel=2)
    return pd.Series(values @ weight, criteria.index, name="score")


def adjustment_coefficient(
    score: pd.Series[float],
    source_load: pd.Series[float],
    sensitivity: float,
    lower: float = 0.0,
    upper: float = np.inf,
) -> pd.Series[float]:
    """Coefficient by which a score raises or lowers the weight of an enterprise or sector.

    Centred on the mean score by load, so that the coefficient alone does not move the total:
    as long as no bound takes hold, Σ load·coefficient = Σ load.

    Parameters
    ----------
    score : Series
        Score of each enterprise [1], as of :func:`scores`.
    source_load : Series
        Load that the coefficient is applied to, >= 0, not all 0, in any unit; the same labels.
    sensitivity : float
        Rise of the coefficient per unit of score, >= 0 [1]; a policy choice.
    lower, upper : float, default 0 and no bound
        Least and greatest coefficient, 0 <= lower <= 1 <= upper [1]; a policy choice.

    Returns
    -------
    Series
        ``clip(1 + sensitivity * (score - mean), lower, upper)`` [1].

    Raises
    ------
    DataError
        If a number is NaN or out of range, or labels do not match.

    Examples
    --------
    >>> score, load = pd.Series({"E1": 1.0, "E2": 0.0}), pd.Series({"E1": 10.0, "E2": 30.0})
    >>> adjustment_coefficient(score, load, sensitivity=0.4).to_dict()
    {'E1': 1.3, 'E2': 0.9}
    """
    labels = index_of(score.index)
    value = amounts(score, "score")
    load = _normed(source_load, labels, "source_load")
    slope, low, high = (
        number(given, name)
        for name, given in (("sensitivity", sensitivity), ("lower", lower), ("upper", upper))
    )
    checks = (
        ("sensitivity", slope, 0.0 <= slope < np.inf, "a finite number >= 0"),
        ("lower", low, 0.0 <= low <= 1.0, "a number from 0 to 1"),
        ("upper", high, high >= 1.0, "a number of 1 or more"),
    )
    raise_faults(
        Fault("coefficient", None, name, given, "is out of range", expected)
        for name, given, right, expected in checks
        if not right
    )
    coefficient = np.clip(1.0 + slope * (value - load @ value), low, high)
    return pd.Series(coefficient, score.index, name="coefficient")


def _normed(values: pd.Series[float], labels: pd.Index[Any], name: str) -> Floats:
    """Parts of the sum, in the order of the labels."""
    total = amounts(values, name).sum()
    if not total > 0:
        raise DataError(f"{name} are all 0; right would be one > 0 at least")
    part: Floats = numbers(values, labels, name) / total
    return part
