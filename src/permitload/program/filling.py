"""Leximin on any linear program: raise the least level as far as it goes, then the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from permitload._labels import index_of, numbers
from permitload.errors import Fault, raise_faults
from permitload.program._solving import problem_of, refuse, refuse_integers
from permitload.program.registry import Program

if TYPE_CHECKING:
    from permitload.program._problem import Answer

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
    from permitload.program._highs import Model

    refuse_integers(program, "a fairest point")
    labels = index_of(direction.index)
    step = numbers(direction, labels, "direction")
    start = numbers(origin, labels, "origin")
    place = program.column.get_indexer(labels)
    right = "a known label, and finite numbers, not 0"
    raise_faults(
        [
            Fault("leximin", label, "direction", s, "is no step of a column", right)
            for label, s, o, k in zip(labels, step, start, place, strict=True)
            if k < 0 or s == 0 or not np.isfinite([s, o]).all()
        ]
    )
    share, level = np.full((2, len(labels)), np.nan)
    reason = np.empty(len(labels), dtype=object)  # labels may be tuples
    free = np.arange(len(labels))
    first_full: dict[int, float] = {}
    line = _Lines(place, step, program.matrix.tocsc())
    raised = _raised(program, place, start, step)
    model = Model(problem_of(raised, np.append(np.zeros(len(program.column)), 1.0)))
    while len(free):
        answer = model.again()
        refuse(raised, answer)
        top = float(answer.column[-1])
        stopped = _blocked(program, answer, line, (free, first_full))
        who = np.array(list(stopped))
        level[who] = top
        share[who] = answer.column[place[who]]
        for k, row in stopped.items():
            reason[k] = row
            # It stays where it is, and is no longer below anyone.
            model.set_bounds(int(place[k]), share[k], share[k])
            model.set_limits(len(program.row) + k, -np.inf, np.inf)
        free = np.setdiff1d(free, who)
    return pd.DataFrame({"share": share, "level": level, "stopped_by": reason}, labels)


def _raised(program: Program, place: NDArray[np.int64], start: Floats, step: Floats) -> Program:
    """One level, the last column, below which no column at ``place`` may stay."""
    count = len(place)
    lines = sparse.coo_array(
        (1.0 / step, (np.arange(count), place)), shape=(count, len(program.column))
    )
    below = sparse.hstack([lines, sparse.coo_array(np.full((count, 1), -1.0))])
    # Anonymous objects cannot clash with the user's labels.
    raised = program.columns([object()], -np.inf)
    return raised.at_least([object() for _ in range(count)], below, start / step)


class _Lines(NamedTuple):
    """Columns that rise, their steps, and the coefficients by column."""

    place: NDArray[np.int64]
    step: Floats
    matrix: sparse.csc_array


def _blocked(
    program: Program,
    answer: Answer,
    line: _Lines,
    state: tuple[NDArray[np.int64], dict[int, float]],
) -> dict[int, object]:
    """Free columns that can rise no more, by position, and what stops each."""
    top, count = float(answer.column[-1]), len(program.row)
    free, first_full = state
    for full in np.flatnonzero(answer.row_price[:count]):
        first_full.setdefault(int(full), top)
    multiplier = -answer.row_price[count:]
    up = line.step > 0
    best = np.where(up, answer.at_upper[line.place], answer.at_lower[line.place])
    worst = np.where(up, answer.at_lower[line.place], answer.at_upper[line.place])
    blocked = (multiplier > BLOCKED * multiplier[free].max()) | (best & answer.tight[count:])
    stopped: dict[int, object] = {}
    for j in free[blocked[free]]:
        entry = slice(*line.matrix.indptr[line.place[j] : line.place[j] + 2])
        rows = line.matrix.indices[entry]
        price = line.matrix.data[entry] * answer.row_price[rows] * np.sign(line.step[j])
        if best[j] or not price.any():
            stopped[int(j)] = "ceiling" if up[j] else "floor"
            continue
        row = int(rows[np.argmax(price)])
        if worst[j] and first_full[row] < top - NEAR * max(1.0, abs(top)):
            # The row was full before this column left its bound: the bound holds it up.
            stopped[int(j)] = "floor" if up[j] else "ceiling"
        else:
            stopped[int(j)] = program.row[row]
    return stopped
