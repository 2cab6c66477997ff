"""Weights of criteria by spread and conflict (CRITIC)."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from permitload.fairness._criteria import ranged, weights_of

__all__ = ["critic_weights"]

ALIKE = 1e-12
"""Conflict of two criteria, 1 less their correlation, that is round-off."""


def critic_weights(criteria: pd.DataFrame, directions: pd.Series[float]) -> pd.Series[float]:
    """Weights of criteria by their spread and their conflict with the others (CRITIC).

    A criterion weighs more the more the enterprises differ in it, and the less it repeats what
    other criteria say.

    Parameters
    ----------
    criteria : DataFrame
        One row an enterprise, one column a criterion, values >= 0 in any unit.
    directions : Series
        By criterion: 1 where more is better, -1 where less is.

    Returns
    -------
    Series
        Weight of each criterion [1], sum 1; 0 for a criterion that is the same for all.

    Raises
    ------
    DataError
        If a value is NaN, infinite or negative, a direction is not 1 or -1, labels do not match
        or repeat, or the table is empty.

    Warns
    -----
    UserWarning
        If nothing differs, as with one enterprise: all weights are equal.

    Notes
    -----
    w ∝ σ_j Σ_k (1 − r_jk) of the values scaled from 0, the worst, to 1, the best: Diakoulaki, D.,
    Mavrotas, G., Papayannakis, L. (1995), Comput. Oper. Res. 22, 763-770. Where all criteria
    that differ say the same, they share the weight in equal parts.

    Examples
    --------
    >>> criteria = pd.DataFrame({"tax": [1.0, 2.0, 3.0], "water": [5.0, 9.0, 5.0]})
    >>> critic_weights(criteria, pd.Series({"tax": 1, "water": -1})).round(3).to_dict()
    {'tax': 0.464, 'water': 0.536}
    """
    values = ranged(criteria, directions)
    spread = values.std(axis=0)
    tells = spread > 0
    amount = np.where(tells, 1.0, 0.0)
    if not tells.any():
        warnings.warn("no criterion tells enterprises apart: weights are equal", stacklevel=2)
        amount = np.ones(len(tells))
    elif tells.sum() > 1:
        conflict = 1.0 - np.corrcoef(values[:, tells], rowvar=False)
        given = spread[tells] * np.where(conflict > ALIKE, conflict, 0.0).sum(axis=0)
        amount[tells] = given if given.any() else 1.0
    return weights_of(amount, criteria)
