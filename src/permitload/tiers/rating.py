"""Rating of enterprises: criteria scored on fixed scales, weighed, and turned into tiers A to D.

Seed text: annex 8 (Nantong), 三(二)2 企业绩效评级. Scales, weights, thresholds and vetoes are left
open there: the defaults are from memory, unverified, and are parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload import _frames
from permitload._labels import index_of, numbers
from permitload.errors import DataError, raise_faults
from permitload.tiers.scoring import criterion_score, missing_refused, positive

__all__ = ["THRESHOLDS", "TIER_ORDER", "VETOES", "rate", "tier_of"]

Missing = Callable[[pd.DataFrame, "pd.Series[float]"], pd.DataFrame]

TIER_ORDER = ("A", "B", "C", "D")
"""Tiers, the best first."""
THRESHOLDS: Mapping[str, float] = {"A": 85.0, "B": 70.0, "C": 60.0}
"""Least score of each tier; D is the rest. From memory, unverified: a usual pattern."""
VETOES: Mapping[str, str] = {"illegal_discharge": "C", "falsified_data": "D"}
"""Best tier that an event of the year leaves. From memory, unverified."""
_ROUND_OFF = 1e-9


def tier_of(
    tier_score: pd.Series[float],
    vetoes: pd.DataFrame | None = None,
    thresholds: Mapping[str, float] = THRESHOLDS,
) -> pd.Series[str]:
    """Tier of each score, after vetoes.

    Parameters
    ----------
    tier_score : Series
        Score by enterprise, 0 to 100 [1].
    vetoes : DataFrame, optional
        ``enterprise``, ``veto``, and ``tier``, the best that it leaves; where that is empty,
        that of :data:`VETOES`.
    thresholds : mapping, default THRESHOLDS
        Least score of A, B and C; a score at the threshold has the tier. From memory, unverified.

    Returns
    -------
    Series
        A, B, C or D by enterprise.

    Raises
    ------
    DataError
        If thresholds do not fall from A to C, a veto is of no rated enterprise, or its tier is
        not known.

    Examples
    --------
    >>> score = pd.Series({"E1": 85.0, "E2": 84.0, "E3": 90.0})
    >>> tier_of(score, pd.DataFrame({"enterprise": ["E3"], "veto": ["falsified_data"]})).to_dict()
    {'E1': 'A', 'E2': 'B', 'E3': 'D'}
    """
    score = numbers(tier_score, index_of(tier_score.index), "tier_score")
    place = places(score, tier_score.index, vetoes, thresholds)
    return pd.Series(np.array(TIER_ORDER, dtype=object)[place], tier_score.index, name="tier")


def places(
    score: NDArray[np.float64],
    enterprises: pd.Index,
    vetoes: pd.DataFrame | None,
    thresholds: Mapping[str, float],
) -> NDArray[np.int64]:
    """Place in ``TIER_ORDER`` of each score (…, enterprise), after vetoes."""
    below = (score[..., None] < _steps(thresholds) - _ROUND_OFF).sum(axis=-1)
    return np.asarray(np.maximum(below, _barred(vetoes, enterprises)), dtype=np.int64)


def rate(
    tier_indicators: pd.DataFrame,
    criteria: pd.DataFrame,
    weights: pd.Series[float],
    vetoes: pd.DataFrame | None = None,
    missing: Missing = missing_refused,
    thresholds: Mapping[str, float] = THRESHOLDS,
) -> pd.DataFrame:
    """Rate enterprises A to D (企业绩效评级).

    Parameters
    ----------
    tier_indicators, criteria
        As for :func:`criterion_score`.
    weights : Series
        Weight by criterion, >= 0, in any sum: given, :func:`category_weights`, or of
        ``fairness.ahp_weights``, ``entropy_weights`` and ``combined_weights``. Entropy and CRITIC
        weights depend on who is rated: with them an enterprise that joins moves others.
    vetoes, thresholds
        As for :func:`tier_of`.
    missing : callable, default :func:`missing_refused`
        Rule for missing values; :func:`missing_worst` and :func:`missing_mean` are others.

    Returns
    -------
    DataFrame
        By enterprise: ``tier_score`` (0 to 100), ``tier``, ``tier_by_score``, ``veto``,
        ``missing_criteria`` that a rule has filled, and the points of each category, which add up
        to the score.

    Raises
    ------
    DataError
        As the parts do, and if weights are negative, all 0, or do not match the criteria.

    References
    ----------
    Annex 8 (Nantong), 三(二)2. A weighted sum on fixed scales: independent of irrelevant
    alternatives, and no criterion that gets better lowers the tier.

    Examples
    --------
    >>> table = pd.DataFrame({"criterion": ["water", "reuse"], "criterion_group": "water",
    ...     "preference": [-1, 1], "reference_lower": [50.0, 0.0],
    ...     "reference_upper": [150.0, 0.5], "document": "example"})
    >>> values = pd.DataFrame({"water": [60.0, 120.0], "reuse": [0.45, 0.2]}, ["E1", "E2"])
    >>> rate(table, values, pd.Series({"water": 0.6, "reuse": 0.4}))["tier"].to_dict()
    {'E1': 'A', 'E2': 'D'}
    """
    score = criterion_score(tier_indicators, criteria)
    part = numbers(weights, index_of(score.columns), "weights")
    weight = pd.Series(part / positive(pd.Series(part, score.columns), "weights"), score.columns)
    whole = missing(score, weight)
    points = 100.0 * whole * weight
    total = points.sum(axis=1)
    table = _frames.complete(tier_indicators, "tier_indicators")
    category = dict(zip(table["criterion"], table["criterion_group"], strict=True))
    gaps = [", ".join(score.columns[row]) for row in score.isna().to_numpy()]
    found = pd.DataFrame(
        {
            "tier_score": total,
            "tier": tier_of(total, vetoes, thresholds),
            "tier_by_score": tier_of(total, None, thresholds),
            "veto": _vetoes_of(vetoes, score.index),
            "missing_criteria": gaps,
        },
        index=score.index,
    )
    return found.join(points.T.groupby(category).sum().T).rename_axis("enterprise")


def _steps(thresholds: Mapping[str, float]) -> np.ndarray:
    """Least scores of A, B and C."""
    steps = np.array([thresholds.get(tier, np.nan) for tier in TIER_ORDER[:-1]], dtype=float)
    if len(thresholds) != len(steps) or not np.all(np.diff(steps) < 0.0):
        raise DataError(f"thresholds are {dict(thresholds)}; right would be A > B > C, all three")
    return steps


def _barred(vetoes: pd.DataFrame | None, enterprises: pd.Index) -> np.ndarray:
    """Find the best tier that vetoes leave each enterprise, by number."""
    table = _frames.complete(vetoes, "tier_vetoes")
    left = table["tier"].where(table["tier"] != "", table["veto"].map(dict(VETOES)))
    faults = [
        _frames.fault_at(table, "tier_vetoes", int(i), column, problem, right)
        for bad, column, problem, right in (
            (~left.isin(TIER_ORDER), "veto", "leaves no known tier", "a tier A to D in its row"),
            (~table["enterprise"].isin(enterprises), "enterprise", "is not rated", "one that is"),
        )
        for i in np.flatnonzero(bad)
    ]
    raise_faults(faults)
    order = left.map({tier: k for k, tier in enumerate(TIER_ORDER)})
    worst = order.groupby(table["enterprise"]).max().reindex(enterprises)
    found: np.ndarray = worst.fillna(0).to_numpy(dtype=np.int64)
    return found


def _vetoes_of(vetoes: pd.DataFrame | None, enterprises: pd.Index) -> list[str]:
    """Names of the vetoes of each enterprise."""
    table = _frames.complete(vetoes, "tier_vetoes")
    names = table.groupby("enterprise")["veto"].agg(lambda cells: ", ".join(sorted(cells)))
    return [str(names.get(name, "")) for name in enterprises]
