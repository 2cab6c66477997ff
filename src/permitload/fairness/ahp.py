"""Weights of criteria by comparing them in pairs (AHP)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._labels import index_of
from permitload.errors import DataError, Fault, raise_faults
from permitload.fairness._criteria import checked

__all__ = ["RANDOM_INDEX", "Judgement", "ahp_weights"]

Floats = NDArray[np.float64]

RANDOM_INDEX: Mapping[int, float] = MappingProxyType(
    {3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32, 8: 1.41, 9: 1.45, 10: 1.49}
)
"""Mean consistency index of random comparisons, by number of criteria: Saaty's table, from
memory, unverified. Others differ: 0.5799 instead of 0.58 for three."""
ROUNDED = 5e-3
"""How far the product of a pair may be from 1: three digits of 1/3."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Weights by comparison in pairs, and how consistent the comparison is.

    Parameters
    ----------
    weight : Series
        Weight of each criterion [1], sum 1.
    eigenvalue : float
        Principal eigenvalue [1], n or more.
    index : float
        Consistency index CI = (eigenvalue − n)/(n − 1) [1]; 0 up to two criteria.
    ratio : float
        Consistency ratio CR = CI / random index [1].

    Examples
    --------
    >>> Judgement(pd.Series({"tax": 1.0}), 1.0, 0.0, 0.0).ratio
    0.0
    """

    weight: pd.Series[float]
    eigenvalue: float
    index: float
    ratio: float


def ahp_weights(
    comparison: pd.DataFrame,
    random_index: Mapping[int, float] = RANDOM_INDEX,
    upper: float = 0.1,
) -> Judgement:
    """Weights of criteria from how many times each counts against each other (层次分析法).

    Parameters
    ----------
    comparison : DataFrame
        Row and column a criterion: how many times the row counts against the column, > 0;
        1 on the diagonal, 1/a opposite a. Pairs written with three digits are brought together
        by their geometric mean.
    random_index : mapping of int to float
        Consistency index of random comparisons by number of criteria. By default Saaty's table,
        from memory, unverified.
    upper : float, default 0.1
        Consistency ratio [1] from which a comparison is refused (Saaty's rule of thumb).

    Returns
    -------
    Judgement
        Weights, principal eigenvalue, consistency index and ratio.

    Raises
    ------
    DataError
        If the comparison is not square with the same labels, not reciprocal, or not consistent:
        then the pair is named that the weights contradict most; or if the table of random
        indices lacks this number of criteria.

    Notes
    -----
    Principal eigenvector: Saaty, T. L. (1977), J. Math. Psychol. 15, 234-281,
    doi:10.1016/0022-2496(77)90033-5. The pair named is that of the largest a·w_column/w_row,
    or its inverse.

    Examples
    --------
    >>> names = ["technology", "tax"]
    >>> comparison = pd.DataFrame([[1.0, 3.0], [1 / 3, 1.0]], names, names)
    >>> ahp_weights(comparison).weight.round(6).to_dict()
    {'technology': 0.75, 'tax': 0.25}
    """
    stated = _reciprocal(comparison)
    count = len(stated)
    if count > 2 and not random_index.get(count, 0.0) > 0.0:
        right = f"an index for {count}, or groups of criteria compared first"
        raise DataError(f"random_index has none > 0 for {count} criteria; right would be {right}")
    values, vectors = np.linalg.eig(stated)
    principal = int(values.real.argmax())
    vector = np.abs(vectors[:, principal].real)
    weight = pd.Series(vector / vector.sum(), comparison.index, name="weight")
    eigenvalue = max(float(values[principal].real), float(count))
    index = (eigenvalue - count) / (count - 1) if count > 2 else 0.0
    ratio = index / random_index[count] if count > 2 else 0.0
    if ratio >= upper:
        raise DataError([_worst(stated, weight, f"consistency ratio {ratio:.3g}", upper)])
    return Judgement(weight, eigenvalue, index, ratio)


def _reciprocal(comparison: pd.DataFrame) -> Floats:
    """Comparison with the two entries of each pair brought together."""
    values, labels = checked(comparison, "comparison"), index_of(comparison.index)
    if not labels.equals(index_of(comparison.columns)):
        given = f"rows {list(labels)} and columns {list(comparison.columns)}"
        raise DataError(f"comparison has {given}; right would be the same labels, in one order")
    rows, columns = np.nonzero(~(np.abs(values * values.T - 1.0) <= ROUNDED))
    raise_faults(
        Fault("comparison", labels[i], str(labels[j]), values[i, j], "is not reciprocal",
              "1" if i == j else f"1 over row {labels[j]}, {labels[i]}: {values[j, i]:g}")
        for i, j in zip(rows, columns, strict=True)
        if i <= j
    )  # fmt: skip
    together: Floats = np.sqrt(values / values.T)
    return together


def _worst(stated: Floats, weight: pd.Series[float], problem: str, upper: float) -> Fault:
    """Name the pair that the weights contradict most, and what would agree with them."""
    implied = np.divide.outer(weight.to_numpy(), weight.to_numpy())
    contradiction = np.abs(np.log(np.triu(stated / implied, 1) + np.tri(len(weight))))
    i, j = np.unravel_index(contradiction.argmax(), stated.shape)
    row, column = weight.index[i], str(weight.index[j])
    problem = f"contradicts the other pairs most ({problem})"
    right = f"nearer to {implied[i, j]:.3g}, and a ratio below {upper:g}"
    return Fault("comparison", row, column, stated[i, j], problem, right)
