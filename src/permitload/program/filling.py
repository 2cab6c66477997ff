"""Leximin on any linear program: raise the least level as far as it goes, then the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from permitload._labels import index_of, numbers
from permitload.errors import Fault, raise_faults
from permitload.program.registry import Program, solved

if TYPE_CHECKING:
    from permitload.program._highs import Answer

__all__ = ["leximin"]

Floats = NDArray[np.float64]

BLOCKED = 1e-7
"""Multiplier, relative to the largest, above which a column is blocked rather than noise."""
NEAR = 1e-9


def leximin(
    program: Program, origin: pd.Series[float], direction: pd.Series[float]
) -> pd.DataFrame:
    """Fairest point of a program: leximin of ``(column - origin) / direction``.

    The least level is raised until it is blocked; whoever blocks it is frozen there, the others
    go on. A column is frozen only if its multiplier proves that it is blocked in every solution,
    never because it happens to lie at the level in one solution.

    Parameters
    ----------
    program : Program
        Rows and bounds, of any sign.
    origin, direction : Series
        Start and step of each column that takes part, by column label; steps are not 0.

    Returns
    -------
    DataFrame
        One line per column that takes part: ``share``, ``level`` and ``stopped_by`` (a row
        label, ``ceiling`` or ``floor`` for the column's own bound).

    Raises
    ------
    DataError
        If a step is 0, a label is unknown, or a level can rise without limit.
    InfeasibleError
        If no point meets all rows.

    Notes
    -----
    Freezing by multipliers: Ogryczak, W., Pióro, M., Tomaszewski, A. (2005),
    Telecommunications network design and max-min optimization problem, J. Telecommun. Inf.
    Technol. 3, 43-56.

    Examples
    --------
    >>> program = Program().columns(["E1", "E2"], upper=10.0).at_most("S1", [1.0, 0.0], 4.0)
    >>> claim = pd.Series({"E1": 10.0, "E2": 10.0})
    >>> leximin(program, 0 * claim, claim).share.tolist()
    [4.0, 10.0]
    """
    labels = index_of(direction.index)
    step = numbers(direction, labels, "direction")
    start = numbers(origin, labels, "origin")
    place = program.column.get_indexer(labels)
    raise_faults(
        [
            Fault(
                "leximin", label, "direction", s, "is no step of a column", "a known label, not 0"
            )
            for label, s, k in zip(labels, step, place, strict=True)
            if k < 0 or s == 0
        ]
    )
    share, level = np.full((2, len(labels)), np.nan)
    reason = np.empty(len(labels), dtype=object)  # labels may be tuples
    free = np.arange(len(labels))
    first_full: dict[int, float] = {}
    while len(free):
        answer = _raised(program, place[free], start[free], step[free])
        top = float(answer.column[-1])
        stopped = _blocked(program, answer, place[free], step[free], first_full)
        who = free[list(stopped)]
        point = start[who] + top * step[who]
        share[who] = np.clip(point, program.lower[place[who]], program.upper[place[who]])
        level[who] = top
        for k, row in zip(who, stopped.values(), strict=True):
            reason[k] = row
        program = _fixed(program, place[who], share[who])
        free = np.setdiff1d(free, who)
    return pd.DataFrame({"share": share, "level": level, "stopped_by": reason}, labels)


def _raised(program: Program, place: NDArray[np.int64], start: Floats, step: Floats) -> Answer:
    """Raise one level, the last column, below which no free column may stay."""
    count = len(place)
    lines = sparse.coo_array(
        (1.0 / step, (np.arange(count), place)), shape=(count, len(program.column))
    )
    below = sparse.hstack([lines, sparse.coo_array(np.full((count, 1), -1.0))])
    # Anonymous objects cannot clash with the user's labels.
    top = object()
    raised = program.columns([top], -np.inf)
    raised = raised.at_least([object() for _ in range(count)], below, start / step)
    cost = np.zeros(len(raised.column))
    cost[-1] = 1.0
    return solved(raised, cost)


def _blocked(
    program: Program,
    answer: Answer,
    place: NDArray[np.int64],
    step: Floats,
    first_full: dict[int, float],
) -> dict[int, object]:
    """Free columns that can rise no more, by position, and what stops each."""
    top, count = float(answer.column[-1]), len(program.row)
    for full in np.flatnonzero(answer.row_price[:count]):
        first_full.setdefault(int(full), top)
    multiplier = -answer.row_price[count:]
    best = np.where(step > 0, answer.at_upper[place], answer.at_lower[place])
    worst = np.where(step > 0, answer.at_lower[place], answer.at_upper[place])
    on_line = answer.tight[count:]
    stopped: dict[int, object] = {}
    names = np.array(["floor", "ceiling"])
    for j in np.flatnonzero((multiplier > BLOCKED * multiplier.max()) | (best & on_line)):
        price = program.matrix[:, [place[j]]].toarray()[:, 0] * answer.row_price[:count]
        row = int(np.argmax(price * np.sign(step[j]))) if count else 0
        if best[j] or not price.any():
            stopped[int(j)] = str(names[int(step[j] > 0)])
        elif worst[j] and first_full[row] < top - NEAR * max(1.0, abs(top)):
            # The row was full before this column left its bound: the bound holds it up.
            stopped[int(j)] = str(names[int(step[j] < 0)])
        else:
            stopped[int(j)] = program.row[row]
    return stopped


def _fixed(program: Program, place: NDArray[np.int64], share: Floats) -> Program:
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[place] = upper[place] = share
    return replace(program, lower=lower, upper=upper)
