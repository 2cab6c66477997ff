"""Criteria scored on fixed scales, their weights, and rules for what is missing.

Seed text: annex 8 (Nantong), 三(二)2 企业绩效评级. Scales and weights are left open there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from permitload import _frames
from permitload._labels import index_of, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults

__all__ = [
    "CATEGORY_WEIGHTS",
    "category_weights",
    "criterion_score",
    "missing_mean",
    "missing_refused",
    "missing_worst",
    "positive",
]

CATEGORY_WEIGHTS: Mapping[str, float] = {
    "compliance": 25.0,
    "management": 20.0,
    "emission": 25.0,
    "water": 20.0,
    "low_carbon": 10.0,
}
"""Weights of the five groups of annex 8; economic and social effect has none unless given.
From memory, unverified."""


def category_weights(
    tier_indicators: pd.DataFrame, weights: Mapping[str, float] = CATEGORY_WEIGHTS
) -> pd.Series[float]:
    """Weights of criteria from weights of their categories, by ``criterion_weight`` inside each.

    Parameters
    ----------
    tier_indicators : DataFrame
        ``criterion``, ``criterion_group`` and ``criterion_weight``, equal parts where it is empty
        throughout a category.
    weights : mapping, default CATEGORY_WEIGHTS
        Category → weight, >= 0 [1]; the default is from memory, unverified.

    Returns
    -------
    Series
        Weight of each criterion [1], sum 1.

    Raises
    ------
    DataError
        If a category has no weight or no criterion, some weights of a category are empty and
        some are not, or no weight is above 0.

    Examples
    --------
    >>> table = pd.DataFrame({"criterion": ["permit", "training", "reuse"],
    ...     "criterion_group": ["compliance", "management", "water"], "preference": 1,
    ...     "reference_lower": 0.0, "reference_upper": 1.0, "document": "example"})
    >>> category_weights(table, {"compliance": 2, "management": 1, "water": 1}).to_dict()
    {'permit': 0.5, 'training': 0.25, 'reuse': 0.25}
    """
    table = _frames.complete(tier_indicators, "tier_indicators")
    groups = table.groupby("criterion_group")["criterion_weight"]
    parts = table["criterion_weight"].where(groups.transform("count") > 0, 1.0)
    faults = [
        _frames.fault_at(
            table, "tier_indicators", int(i), "criterion_group", "has no weight", "one"
        )
        for i in np.flatnonzero(~table["criterion_group"].isin(list(weights)))
    ]
    faults += [
        Fault("weights", None, name, weight, "has no criterion or is negative", "weights in use")
        for name, weight in weights.items()
        if name not in set(table["criterion_group"]) or not 0.0 <= weight < np.inf
    ]
    within = table["criterion_group"].isin(table.loc[parts.isna(), "criterion_group"])
    faults += [
        _frames.fault_at(table, "tier_indicators", int(i), "criterion_weight", "is empty", "all")
        for i in np.flatnonzero(within & parts.isna())
    ]
    raise_faults(faults)
    sums = parts.groupby(table["criterion_group"]).transform("sum")
    weight = table["criterion_group"].map(dict(weights)) * parts / sums
    found = pd.Series(weight.to_numpy(float), index_of(table["criterion"]), name="weight")
    return found / positive(found, "weights")


def missing_refused(criterion_score: pd.DataFrame, weights: pd.Series[float]) -> pd.DataFrame:
    """Refuse missing criteria: who rates has to ask for them.

    Parameters
    ----------
    criterion_score : DataFrame
        Score by enterprise and criterion, NaN where a value is missing [1].
    weights : Series
        Weight of each criterion [1].

    Returns
    -------
    DataFrame
        The same scores.

    Raises
    ------
    DataError
        Naming every criterion that is missing.

    Examples
    --------
    >>> missing_refused(pd.DataFrame({"reuse": [np.nan]}, ["E1"]), pd.Series({"reuse": 1.0}))
    Traceback (most recent call last):
    permitload.errors.DataError: 1 fault:
      tier_values, row E1, reuse: is missing; right would be a value, or a rule for missing ones
    """
    right = "a value, or a rule for missing ones"
    raise_faults(
        Fault("tier_values", criterion_score.index[i], str(criterion_score.columns[j]), None,
              "is missing", right)
        for i, j in np.argwhere(criterion_score.isna().to_numpy())
    )  # fmt: skip
    return criterion_score


def missing_worst(criterion_score: pd.DataFrame, weights: pd.Series[float]) -> pd.DataFrame:
    """Score missing criteria 0: who does not report does not gain.

    Parameters
    ----------
    criterion_score, weights
        As for :func:`missing_refused`.

    Returns
    -------
    DataFrame
        Scores without gaps.

    Examples
    --------
    >>> missing_worst(pd.DataFrame({"reuse": [np.nan]}, ["E1"]), pd.Series({"reuse": 1.0}))
        reuse
    E1    0.0
    """
    return criterion_score.fillna(0.0)


def missing_mean(criterion_score: pd.DataFrame, weights: pd.Series[float]) -> pd.DataFrame:
    """Give a missing criterion the weighted mean of the enterprise's own others.

    The same as leaving it out and weighing the others anew. It lets an enterprise gain by not
    reporting what is bad.

    Parameters
    ----------
    criterion_score, weights
        As for :func:`missing_refused`.

    Returns
    -------
    DataFrame
        Scores without gaps.

    Raises
    ------
    DataError
        If an enterprise has no criterion with weight.

    Examples
    --------
    >>> scores = pd.DataFrame({"reuse": [np.nan], "training": [0.6]}, ["E1"])
    >>> missing_mean(scores, pd.Series({"reuse": 0.5, "training": 0.5})).loc["E1", "reuse"]
    np.float64(0.6)
    """
    weight = criterion_score.notna() * weights.reindex(criterion_score.columns)
    total = weight.sum(axis=1)
    raise_faults(
        Fault("tier_values", name, "value", None, "has no criterion with weight", "one at least")
        for name in total.index[total <= 0.0]
    )
    mean = (criterion_score.fillna(0.0) * weight).sum(axis=1) / total
    return criterion_score.apply(lambda column: column.fillna(mean))


def criterion_score(tier_indicators: pd.DataFrame, criteria: pd.DataFrame) -> pd.DataFrame:
    """Score of every enterprise in every criterion on its fixed scale, 0 worst to 1 best.

    The scale is the criterion's own reference, not the range of the enterprises: one that joins
    or leaves moves no other.

    Parameters
    ----------
    tier_indicators : DataFrame
        ``criterion``, ``criterion_group``, ``preference`` (1 where more is better, -1 where
        less is), ``reference_lower`` < ``reference_upper`` in the criterion's unit, ``document``.
    criteria : DataFrame
        Value by enterprise (index) and criterion (columns), NaN where missing.

    Returns
    -------
    DataFrame
        (value - lower)/(upper - lower) from 0 to 1, or 1 less that where less is better; NaN
        where missing.

    Raises
    ------
    DataError
        If a label repeats or has no partner, a value is infinite, or a scale is upside down.

    Examples
    --------
    >>> table = pd.DataFrame({"criterion": ["water"], "criterion_group": "water", "preference": -1,
    ...     "reference_lower": 50.0, "reference_upper": 150.0, "document": "example"})
    >>> values = pd.DataFrame({"water": [75.0, 160.0]}, ["E1", "E2"])
    >>> criterion_score(table, values)["water"].to_list()
    [0.75, 0.0]
    """
    table = _frames.complete(tier_indicators, "tier_indicators")
    labels = index_of(table["criterion"])
    for axis, name in ((criteria.index, "enterprise"), (criteria.columns, "criterion")):
        refuse_repeats(index_of(axis), index_of([]), name)
    strange = [*criteria.columns.difference(labels), *labels.difference(criteria.columns)]
    faults = [
        Fault("criteria", None, str(name), None, "has no partner", "the same criteria in both")
        for name in strange
    ]
    lower, upper = (table[f"reference_{end}"].to_numpy(float) for end in ("lower", "upper"))
    sign = table["preference"].to_numpy(float)
    for wrong, column, problem, right in (
        (~(lower < upper), "reference_upper", "is not above reference_lower", "a higher number"),
        (np.abs(sign) != 1.0, "preference", "is no direction", "1 where more is better, or -1"),
    ):
        faults += [
            _frames.fault_at(table, "tier_indicators", int(i), column, problem, right)
            for i in np.flatnonzero(wrong)
        ]
    raise_faults(faults)
    values = criteria[list(labels)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    given = criteria[list(labels)].notna().to_numpy()
    raise_faults(
        Fault("criteria", criteria.index[i], str(labels[j]), criteria[labels[j]].iloc[i],
              "is no finite number", "a number, or nothing")
        for i, j in np.argwhere(given & ~np.isfinite(values))
    )  # fmt: skip
    part = np.clip((values - lower) / (upper - lower), 0.0, 1.0)
    return pd.DataFrame(np.where(sign > 0.0, part, 1.0 - part), criteria.index, list(labels))


def positive(weights: pd.Series[float], name: str) -> float:
    """Sum of weights of which none is negative and one is not 0."""
    raise_faults(
        Fault(name, label, "weight", value, "is out of range", "a finite number >= 0")
        for label, value in weights.items()
        if not 0.0 <= value < np.inf
    )
    total = float(weights.sum())
    if not total > 0.0:
        raise DataError(f"{name} are all 0; right would be one > 0 at least")
    return total
