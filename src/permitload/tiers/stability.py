"""How firm a tier is: points to the next one, and plausible weights that keep it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from permitload._labels import index_of, numbers
from permitload.errors import DataError, Fault, raise_faults
from permitload.tiers.rating import THRESHOLDS, TIER_ORDER, places, tier_of

__all__ = ["plausible_weights", "stability"]


def plausible_weights(
    weights: pd.Series[float], closeness: float = 100.0, count: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Weights drawn around given ones, from a Dirichlet distribution.

    Parameters
    ----------
    weights : Series
        Weight by criterion, >= 0, in any sum; a weight of 0 stays 0.
    closeness : float, default 100
        Sum of the distribution's parameters, > 0 [1]: a weight w has the standard deviation
        sqrt(w (1 - w)/(closeness + 1)), 0.04 for 0.25 by default. Assumed.
    count : int, default 1000
        Number of draws, >= 1.
    seed : int, default 0
        Start of the random numbers.

    Returns
    -------
    DataFrame
        One row a draw, one column a criterion, each row adds up to 1.

    Raises
    ------
    DataError
        If a weight is negative or no number, all are 0, or ``closeness`` or ``count`` is too small.

    Examples
    --------
    >>> drawn = plausible_weights(pd.Series({"water": 0.75, "reuse": 0.25}), count=500)
    >>> drawn.mean().round(2).to_dict()
    {'water': 0.75, 'reuse': 0.25}
    """
    weight = numbers(weights, index_of(weights.index), "weights")
    checks = (
        ("weights", float(weight.sum()), (weight >= 0.0).all() and 0.0 < weight.sum() < np.inf),
        ("closeness", closeness, 0.0 < closeness < np.inf),
        ("count", count, count >= 1),
    )
    raise_faults(
        Fault("plausible", None, name, value, "is out of range", "numbers >= 0, and not all 0")
        for name, value, right in checks
        if not right
    )
    # drawn in the order of labels: another order of rows gives the same draws
    given = pd.Series(weight, weights.index).sort_index()
    drawn = pd.DataFrame(0.0, range(count), given.index)
    used = given.index[given > 0.0]
    generator = np.random.default_rng(seed)
    drawn[used] = generator.dirichlet(closeness * given[used] / given.sum(), size=count)
    return drawn[weights.index]


def stability(
    criterion_score: pd.DataFrame,
    weights: pd.Series[float],
    plausible: pd.DataFrame,
    vetoes: pd.DataFrame | None = None,
    thresholds: Mapping[str, float] = THRESHOLDS,
) -> pd.DataFrame:
    """Say how near every enterprise is to the next tier, and how firm its tier is.

    Parameters
    ----------
    criterion_score : DataFrame
        By enterprise and criterion [1], without gaps: :func:`criterion_score`, and a rule for
        missing ones at the given weights.
    weights : Series
        Weight by criterion that the rating used.
    plausible : DataFrame
        One row a draw, as :func:`plausible_weights` gives them.
    vetoes, thresholds
        As for :func:`rate`.

    Returns
    -------
    DataFrame
        By enterprise: ``tier_score``, ``tier``, ``to_better`` and ``to_worse`` (points to the next
        threshold of the score; NaN where there is none), ``kept_share`` of the draws that give the
        same tier, ``best_tier`` and ``worst_tier`` among them. Vetoes hold in every draw.

    Raises
    ------
    DataError
        If scores have gaps, labels do not match, or a draw is negative or all 0.

    Examples
    --------
    >>> scores = pd.DataFrame({"water": [0.9, 0.6], "reuse": [0.9, 0.8]}, ["E1", "E2"])
    >>> weights = pd.Series({"water": 0.5, "reuse": 0.5})
    >>> draws = pd.DataFrame({"water": [0.5, 0.6, 0.2], "reuse": [0.5, 0.4, 0.8]})
    >>> stability(scores, weights, draws)[["tier", "to_better", "to_worse", "kept_share"]].round(3)
       tier  to_better  to_worse  kept_share
    E1    A        NaN       5.0       1.000
    E2    B       15.0       0.0       0.667
    """
    labels = index_of(criterion_score.columns)
    if not index_of(plausible.columns).sort_values().equals(labels.sort_values()):
        raise DataError("plausible has other criteria; right would be those of criterion_score")
    draws = plausible[list(labels)].to_numpy(float)
    values = criterion_score.to_numpy(float)
    weight = numbers(weights, labels, "weights")
    for name, array in (("criterion_score", values), ("plausible", draws), ("weights", weight)):
        if not array.size or not (np.isfinite(array) & (array >= 0.0)).all():
            raise DataError(f"{name} has gaps or negative numbers; right would be numbers >= 0")
    sums = draws.sum(axis=1)
    if not (sums > 0.0).all() or not weight.sum() > 0.0:
        raise DataError("weights are all 0 in a draw; right would be one > 0 at least")
    score = pd.Series(100.0 * values @ weight / weight.sum(), criterion_score.index)
    names = np.array(TIER_ORDER, dtype=object)
    tier = tier_of(score, vetoes, thresholds)
    scores = (100.0 * values @ (draws / sums[:, None]).T).T
    drawn = places(scores, score.index, vetoes, thresholds)
    better, worse = _distances(score, thresholds)
    return pd.DataFrame(
        {
            "tier_score": score,
            "tier": tier,
            "to_better": better,
            "to_worse": worse,
            "kept_share": (names[drawn] == tier.to_numpy()).mean(axis=0),
            "best_tier": names[drawn.min(axis=0)],
            "worst_tier": names[drawn.max(axis=0)],
        },
        index=score.index,
    )


def _distances(
    score: pd.Series[float], thresholds: Mapping[str, float]
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Points up to the next threshold above, and down to the one that is met; NaN if none."""
    steps = np.sort(np.array(list(thresholds.values())))
    gap = steps - score.to_numpy()[:, None]
    # round-off: a score at the threshold has its tier
    above, met = np.where(gap > 1e-9, gap, np.nan), np.where(gap <= 1e-9, -gap, np.nan)
    frame = {"above": pd.DataFrame(above).min(axis=1), "met": pd.DataFrame(met).min(axis=1)}
    return (
        pd.Series(frame["above"].to_numpy(), score.index),
        pd.Series(np.maximum(frame["met"].to_numpy(), 0.0), score.index),
    )
