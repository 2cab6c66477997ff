"""Rows that cannot be met: the least by which they miss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from permitload._labels import index_of, numbers
from permitload.errors import Fault, InfeasibleError, raise_faults
from permitload.program.filling import leximin
from permitload.program.registry import Program

__all__ = ["loosen", "relax"]


def relax(program: Program, labels: object, weight: ArrayLike = 1.0) -> pd.DataFrame:
    """Least relaxation of some rows under which all rows can be met; the other rows stay hard.

    The weighted sum of what is missing is least; among all such relaxations the burden is
    shared as evenly as the rows allow (the greatest weighted miss is least, then the next), so
    that the answer does not depend on the solver or on the order of rows. Integer columns stay
    where the least sum has put them.

    Parameters
    ----------
    program : Program
        Rows and columns; a floor that may yield is a row, not a column's bound.
    labels : label or sequence of label
        Rows that may be relaxed.
    weight : float, array or Series, default 1
        Weight of one unit missing in each of them, > 0; rows of different unit or size need
        weights such as 1/limit.

    Returns
    -------
    DataFrame
        One line per row of the program: ``limit``, ``unit``, ``missing`` (0 for hard rows) and
        ``shadow_price``, the fall of the weighted sum per unit by which the row is relaxed.

    Raises
    ------
    InfeasibleError
        If the hard rows contradict each other.
    DataError
        If a label is unknown or a weight is not positive.

    Notes
    -----
    Elastic program: Chinneck, J. W. (2008), Feasibility and infeasibility in optimization,
    Springer, chapter 6.

    Examples
    --------
    >>> program = Program().columns(["E1"], upper=2.0).at_least("floor", [1.0], 5.0)
    >>> relax(program, ["floor"]).missing["floor"]
    np.float64(3.0)
    """
    elastic = index_of(labels)
    weights = numbers(weight, elastic, "weight")
    place = program.row.get_indexer(elastic)
    raise_faults(
        [
            Fault("relax", label, "weight", w, "fits no row", "a known row and a weight > 0")
            for label, w, k in zip(elastic, weights, place, strict=True)
            if k < 0 or not 0 < w < np.inf
        ]
    )
    row_weight = np.zeros(len(program.row))
    row_weight[place] = weights
    loosened, row = loosen(program, place)
    cost = pd.Series(row_weight[row], loosened.column[len(program.column) :])
    try:
        least = loosened.minimise(cost)
    except InfeasibleError:
        raise InfeasibleError("the rows that may not be relaxed contradict each other") from None
    loosened = loosened.given(least.given)
    amount = _spread(loosened, cost, least.value) if least.value > 0 else np.zeros(len(row))
    table = pd.DataFrame({"limit": program.limit, "unit": list(program.unit)}, program.row)
    table["missing"] = np.bincount(row, amount, len(program.row))
    table["shadow_price"] = least.shadow_price.to_numpy()
    return table


def loosen(program: Program, place: NDArray[np.int64]) -> tuple[Program, NDArray[np.int64]]:
    """Add columns that widen the rows at ``place``, and say which row each of them widens."""
    # An equality may miss on either side, an inequality only on one.
    both = place[program.sense[place] == 0]
    row = np.concatenate([place, both])
    side = np.where(program.sense[row] == 0, 1, program.sense[row])
    side[len(place) :] = -1
    # Anonymous objects cannot clash with the user's labels.
    wider = program.columns([object() for _ in row])
    column = np.arange(len(program.column), len(wider.column))
    widening = sparse.csr_array((-side.astype(float), (row, column)), shape=wider.matrix.shape)
    return replace(wider, matrix=sparse.csr_array(wider.matrix + widening)), row


def _spread(program: Program, cost: pd.Series[float], least: float) -> NDArray[np.float64]:
    """Share what is missing as evenly as the least sum allows."""
    capped = program.at_most([object()], cost, least)
    share = leximin(capped, 0.0 * cost, -1.0 / cost)["share"]
    return np.asarray(share, dtype=float)
