"""How the criteria of a study's rating weigh: by categories, by spread, or by both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from permitload import fairness, tiers
from permitload._frames import fault_at, faults_of
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["WEIGHTS", "weights_of"]

Tables = Mapping[str, pd.DataFrame]
Weigh = Callable[["pd.Series[float]", pd.DataFrame, "pd.Series[float]"], "pd.Series[float]"]


def category_weights(
    stated: pd.Series[float], criteria: pd.DataFrame, preference: pd.Series[float]
) -> pd.Series[float]:
    """Weights as they follow from the categories."""
    return stated


def entropy_weights(
    stated: pd.Series[float], criteria: pd.DataFrame, preference: pd.Series[float]
) -> pd.Series[float]:
    """Weights by the entropy of the values, whatever is stated."""
    return fairness.entropy_weights(criteria)


def critic_weights(
    stated: pd.Series[float], criteria: pd.DataFrame, preference: pd.Series[float]
) -> pd.Series[float]:
    """Weights by spread and conflict of the values, whatever is stated."""
    return fairness.critic_weights(criteria, preference)


def combined_weights(
    stated: pd.Series[float], criteria: pd.DataFrame, preference: pd.Series[float]
) -> pd.Series[float]:
    """Stated weights times those by entropy."""
    return fairness.combined_weights(stated, fairness.entropy_weights(criteria))


WEIGHTS: tuple[Weigh, ...] = (category_weights, entropy_weights, critic_weights, combined_weights)
"""Functions of stated weights, values and directions of the criteria."""
_BY_SPREAD = (entropy_weights, critic_weights)
"""Those that leave stated weights out."""


def weights_of(given: Tables, criteria: pd.DataFrame, weigh: Weigh) -> pd.Series[float]:
    """Weights of the criteria of a study, by criterion.

    Parameters
    ----------
    given : mapping of DataFrame
        ``tier_indicators``, ``tier_categories`` and ``tier_comparisons``.
    criteria : DataFrame
        Values by enterprise and criterion.
    weigh : callable
        One of :data:`WEIGHTS`.

    Returns
    -------
    Series
        Sum 1 [1].

    Raises
    ------
    DataError
        If categories are weighed or compared and do not count, or are both, a pair is not
        compared, comparisons contradict each other, or a value is missing or cannot weigh.
    """
    compared = len(given["tier_comparisons"]) > 0
    table = "tier_comparisons.csv" if compared else "tier_categories.csv"
    if weigh in _BY_SPREAD and (compared or len(given["tier_categories"])):
        problem, right = f"are not used by {weigh.__name__}", "combined_weights, or no such table"
        raise_faults([Fault(table, None, "rows", None, problem, right)])
    indicators = given["tier_indicators"]
    stated = _placed(table, lambda: tiers.category_weights(indicators, _categories(given)))
    preference = indicators.set_index("criterion")["preference"]
    values = criteria.reindex(columns=stated.index)
    return _placed(
        "tier_values.csv",
        lambda: weigh(stated, tiers.missing_refused(values, stated), preference),
    )


def _placed(table: str, make: Callable[[], pd.Series[float]]) -> pd.Series[float]:
    """Make weights; what is wrong with an argument is a fault of the table behind it."""
    try:
        return make()
    except DataError as error:
        faults = faults_of(error, table)
    raise DataError([f if f.table.endswith(".csv") else replace(f, table=table) for f in faults])


def _categories(given: Tables) -> Mapping[str, float]:
    """Weights of the categories: stated, from comparisons, or those of the library."""
    stated, compared = given["tier_categories"], given["tier_comparisons"]
    if len(compared):
        if len(stated):
            right = "weights or comparisons of the categories, not both"
            raise_faults(
                [Fault("tier_comparisons.csv", None, "rows", None, "stand beside weights", right)]
            )
        return _by_label(fairness.ahp_weights(_matrix(compared)).weight)
    if len(stated):
        return _by_label(stated.set_index("criterion_group")["category_weight"])
    return tiers.CATEGORY_WEIGHTS


def _by_label(weights: pd.Series[float]) -> dict[str, float]:
    return {str(name): float(weight) for name, weight in weights.items()}


def _matrix(compared: pd.DataFrame) -> pd.DataFrame:
    """Comparisons of every pair, each stated once, the other way round its inverse."""
    pairs = compared[["criterion_group", "other_group"]]
    both = pd.MultiIndex.from_frame(pairs)
    turned = pd.MultiIndex.from_frame(pairs[pairs.columns[::-1]])
    twice = both.isin(turned)
    raise_faults(
        fault_at(compared, "tier_comparisons", int(i), "other_group", "is compared the other way",
                 "each pair of different categories once")
        for i in np.flatnonzero(twice)
    )  # fmt: skip
    names = sorted({*pairs["criterion_group"], *pairs["other_group"]})
    matrix = pd.DataFrame(np.eye(len(names)), names, names)
    values = compared["category_ratio"].to_numpy()
    for (row, column), value in zip(both, values, strict=True):
        matrix.loc[row, column], matrix.loc[column, row] = value, 1.0 / value
    lost = [(a, b) for a in names for b in names if a < b and matrix.loc[a, b] == 0.0]
    raise_faults(
        Fault("tier_comparisons.csv", f"{a}, {b}", "category_ratio", None, "is missing",
              "a row for every pair")
        for a, b in lost
    )  # fmt: skip
    return matrix
