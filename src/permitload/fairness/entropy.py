"""Weights of criteria by entropy: what differs most between enterprises counts most."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from permitload.fairness._criteria import checked, varying, weights_of

__all__ = ["entropy_weights"]


def entropy_weights(criteria: pd.DataFrame) -> pd.Series[float]:
    """Weights of criteria by the entropy of their shares (熵权法).

    They measure spread, not importance: one enterprise with a wild tax figure takes over. Use
    them to adjust shares (:func:`adjustment_coefficient`), not as shares. A criterion of which
    less is better weighs as one of which more is; its direction enters in :func:`scores`.

    Parameters
    ----------
    criteria : DataFrame
        One row an enterprise, one column a criterion, values >= 0 in any unit.

    Returns
    -------
    Series
        Weight of each criterion [1], sum 1; 0 for a criterion that is the same for all.

    Raises
    ------
    DataError
        If a value is NaN, infinite or negative, a label is there twice, or the table is empty.

    Warns
    -----
    UserWarning
        If nothing differs, as with one enterprise: all weights are equal.

    Notes
    -----
    w = (1 − E)/Σ(1 − E), E = −Σ p ln p / ln n with p = x/Σx and 0 ln 0 = 0, after Shannon, C. E.
    (1948), Bell Syst. Tech. J. 27, 379-423. With r = x/mean, 1 − E is the mean of
    r ln r − (r − 1) over ln n: no term is negative, and no digit is lost where all are alike.

    Examples
    --------
    >>> criteria = pd.DataFrame({"tax": [1.0, 1.0], "output": [2.0, 6.0]}, ["E1", "E2"])
    >>> entropy_weights(criteria).to_dict()
    {'tax': 0.0, 'output': 1.0}
    """
    from scipy import special

    values = checked(criteria)
    tells = varying(values)
    if not tells.any():
        warnings.warn("no criterion tells enterprises apart: weights are equal", stacklevel=2)
        return weights_of(np.ones(len(tells)), criteria)
    # By the mean first: sums of large numbers may be too large.
    scaled = values[:, tells] / values[:, tells].max(axis=0)
    excess = scaled / scaled.mean(axis=0) - 1.0
    amount = np.zeros(len(tells))
    amount[tells] = (special.xlog1py(1.0 + excess, excess) - excess).sum(axis=0)
    return weights_of(amount, criteria)
