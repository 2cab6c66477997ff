"""What each of several partners owes or earns: the mean of what they add to a coalition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from permitload._labels import index_of, number, numbers, refuse_repeats
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["cost_objections", "gain_objections", "shapley"]

MOST = 12
"""Players of an exact value: 4,095 coalitions, each perhaps a program to solve."""
NOISE = 1e-9
"""Part of the value of all players that is round-off."""

Value = Callable[[frozenset[Any]], float]


def shapley(players: Iterable[object], value: Value) -> pd.Series[float]:
    """Shapley value: what a player adds to a coalition, mean over all orders of joining.

    For the cost of a treatment line that several enterprises share, or the gain of joint
    abatement. It need not be in the core: see :func:`cost_objections`.

    Parameters
    ----------
    players : iterable of label
        At most 12.
    value : function
        Of a frozenset of players, returns their cost or gain, in any unit. Called once for each
        coalition, not for the empty one, whose value is 0. ``functools.cache`` keeps what is
        expensive.

    Returns
    -------
    Series
        Share of each player, in the unit of the value; their sum is the value of all.

    Raises
    ------
    DataError
        If there is no player, more than 12, one twice, or a value is no finite number.

    Notes
    -----
    φ_i = Σ_S s! (n − s − 1)!/n! [v(S ∪ i) − v(S)], s the size of S: Shapley, L. S. (1953), in
    Contributions to the theory of games II, Princeton, 307-317.

    Examples
    --------
    >>> cost = {"E1": 1.0, "E2": 2.0, "E3": 3.0}
    >>> shapley(cost, lambda members: max(cost[e] for e in members)).round(3).tolist()
    [0.333, 0.833, 1.833]
    """
    labels = _players(players)
    count = len(labels)
    worth = _worth(labels, value)
    size = np.array([mask.bit_count() for mask in range(2**count)])
    orders = [math.factorial(s) * math.factorial(count - s - 1) for s in range(count)]
    masks = np.arange(2**count)
    share = []
    for i in range(count):
        without = masks[masks >> i & 1 == 0]
        added = worth[without | 1 << i] - worth[without]
        part = np.array(orders)[size[without]] / math.factorial(count)
        share.append(math.fsum(part * added))
    return pd.Series(share, labels)


def cost_objections(share: pd.Series[float], value: Value) -> pd.DataFrame:
    """Coalitions that pay more than their cost alone; none if the shares are in the core.

    Parameters
    ----------
    share : Series
        What each player pays, by player; together the cost of all.
    value : function
        Of a frozenset of players, returns what they would cost alone, as for :func:`shapley`.

    Returns
    -------
    DataFrame
        ``coalition`` (frozenset), ``alone`` (its value), ``together`` (its share) and ``excess``,
        by how much it objects, in the unit of the value, the greatest first.

    Raises
    ------
    DataError
        If shares do not add up to the cost of all, or as for :func:`shapley`.

    Notes
    -----
    Core: Σ_S share <= value(S) for every coalition S, with equality for all players (Gillies,
    1959). Excess up to 1e-9 of the value of all is round-off.

    Examples
    --------
    >>> cost = {"E1": 1.0, "E2": 2.0}
    >>> even = pd.Series({"E1": 1.5, "E2": 0.5})
    >>> found = cost_objections(even, lambda members: max(cost[e] for e in members))
    >>> found[["alone", "together", "excess"]].values.tolist()
    [[1.0, 1.5, 0.5]]
    """
    return _objections(share, value, 1.0)


def gain_objections(share: pd.Series[float], value: Value) -> pd.DataFrame:
    """Coalitions that earn less than their gain alone; none if the shares are in the core.

    Parameters
    ----------
    share : Series
        What each player earns, by player; together the gain of all.
    value : function
        Of a frozenset of players, returns what they would gain alone, as for :func:`shapley`.

    Returns
    -------
    DataFrame
        As :func:`cost_objections`.

    Raises
    ------
    DataError
        As :func:`cost_objections`.

    Examples
    --------
    >>> gain_objections(pd.Series({"E1": 2.0, "E2": 2.0}), lambda members: 2.0 * len(members)).empty
    True
    """
    return _objections(share, value, -1.0)


def _objections(share: pd.Series[float], value: Value, sign: float) -> pd.DataFrame:
    """Coalitions whose share exceeds their value, both taken with a sign."""
    labels = _players(share.index)
    worth = _worth(labels, value)
    given = numbers(share, index_of(share.index), "share")
    raise_faults(
        Fault("shares", labels[k], "share", given[k], "is infinite", "a finite number")
        for k in np.flatnonzero(np.isinf(given))
    )
    paid = np.array([math.fsum(given[_members(mask)]) for mask in range(len(worth))])
    noise = NOISE * max(np.abs(worth).max(), np.abs(paid).max())
    if not abs(paid[-1] - worth[-1]) <= noise:
        raise DataError(f"shares add up to {paid[-1]:g}; right would be the {worth[-1]:g} of all")
    excess = sign * (paid - worth)
    found = [mask for mask in np.argsort(-excess, kind="stable") if excess[mask] > noise]
    coalitions = [frozenset(labels[_members(int(mask))]) for mask in found]
    columns = {"alone": worth[found], "together": paid[found], "excess": excess[found]}
    return pd.DataFrame({"coalition": pd.Series(coalitions, dtype=object), **columns})


def _players(players: Iterable[object]) -> pd.Index[Any]:
    labels = index_of(players)
    refuse_repeats(labels, index_of([]), "player")
    if not 0 < len(labels) <= MOST:
        right = f"1 to {MOST}: group enterprises, by sector for example, and split within groups"
        raise DataError(f"there are {len(labels)} players; right would be {right}")
    return labels


def _members(mask: int) -> list[int]:
    """Positions of the bits that are set."""
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def _worth(labels: pd.Index[Any], value: Value) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Value of every coalition, player i being bit i."""
    coalitions = [frozenset(labels[_members(mask)]) for mask in range(1, 2 ** len(labels))]
    worth = np.array([0.0, *(number(value(members), "value") for members in coalitions)])
    raise_faults(
        Fault("coalitions", ", ".join(sorted(map(str, coalitions[k - 1]))), "value", worth[k],
              "is no finite number", "a cost or a gain")
        for k in np.flatnonzero(~np.isfinite(worth))
    )  # fmt: skip
    return worth
