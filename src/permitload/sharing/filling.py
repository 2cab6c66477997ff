"""Progressive filling: raise everyone towards the target, stop whoever is blocked, go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload.errors import InfeasibleError
from permitload.program import Program, leximin, relax
from permitload.sharing.rows import Room, Rows, refuse_endless, room

__all__ = ["Filling", "fill", "refuse_overfull"]

Floats = NDArray[np.float64]

NOISE = 1e-12
"""Relative excess over a limit that is taken for round-off."""
NOTHING = -3
"""Mark of a source that rises for ever."""


@dataclass(frozen=True, slots=True)
class Filling:
    """Shares, with the reason for each. Arrays in the order of the target, or Series like it.

    Parameters
    ----------
    share : array or Series
        What each source gets, in the unit of the target.
    level : array or Series
        ``(share - origin) / (target - origin)`` [1]; 1 where the target is the origin.
    stopped_by : array or Series of label
        The full row that keeps a source from more; ``ceiling`` if it is its own; ``floor`` if
        the source stands on its floor, above what the row would have left it; ``fixed`` if its
        target is its origin.
    price : array or Series by row, optional
        Price of each row, where the rule sets prices: what a unit of the row's limit is worth to
        the rule's own objective, 0 where the row is not full.

    Examples
    --------
    >>> fill([10.0, 10.0], ([[1.0, 1.0]], [10.0])).level
    array([0.5, 0.5])
    """

    share: Any
    level: Any
    stopped_by: Any
    price: Any = None


def fill(
    target: ArrayLike,
    rows: tuple[Any, Any] | Rows,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
    origin: ArrayLike = 0.0,
) -> Filling:
    """Fairest shares under many rows: leximin of ``(share - origin) / (target - origin)``.

    All levels rise together. When a row is full, the sources that touch it stop; the others go
    on until each is stopped by a row or by its ceiling. No source can get more without taking
    from one that has a lower level or none more.

    Where all coefficients are >= 0 this is water-filling: exact, no solver, O((n + nnz) log n)
    and one look at all rows per distinct event. Rows of mixed sign take a sequence of linear
    programs.

    Parameters
    ----------
    target : array or Series
        What is shared out towards, in any unit, >= origin.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ share <= limit``; labels of a DataFrame are matched with those of the
        target.
    lower : float, array or Series, default 0
        Floors.
    upper : float, array or Series, optional
        Ceilings; by default the target (a claim), or the floor where it is higher. Infinity
        makes the target a direction.
    origin : float, array or Series, default 0
        Where filling starts: level 0.

    Returns
    -------
    Filling
        Shares, levels and what stopped each source.

    Raises
    ------
    InfeasibleError
        If the floors do not fit into the rows; carries the least relaxation.
    DataError
        If a number is NaN, labels do not match, a target lies below its origin, or a source has
        neither a ceiling nor a row.

    Notes
    -----
    Water-filling for max-min fairness: Bertsekas, D., Gallager, R. (1992), Data networks, 2nd
    ed., section 6.5.2; leximin over polytopes: Radunović, B., Le Boudec, J.-Y. (2007), IEEE/ACM
    Trans. Netw. 15, 1073-1083, doi:10.1109/TNET.2007.896231.

    Examples
    --------
    >>> rows = Rows([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], [10.0, 18.0])
    >>> filled = fill([10.0, 10.0, 10.0], rows)
    >>> filled.share, filled.stopped_by.tolist()
    (array([5., 5., 8.]), [0, 0, 1])
    """
    problem = room(target, rows, lower, upper, origin)
    refuse_overfull(problem)
    moving = problem.step > 0
    level = np.ones(len(moving))
    reason = np.full(len(moving), "fixed", dtype=object)
    if moving.any():
        way = _poured if (problem.matrix.data >= 0).all() else _programmed
        level[moving], reason[moving] = way(problem, np.flatnonzero(moving))
    share = np.clip(problem.origin + level * problem.step, problem.lower, problem.upper)
    share = np.where(reason == "ceiling", problem.upper, share)
    share = np.where(reason == "floor", problem.lower, share)
    return Filling(*(problem.given(values, target) for values in (share, level, reason)))


def refuse_overfull(problem: Room) -> None:
    """Raise if the floors alone do not fit into the rows, with the least relaxation of each."""
    size = np.abs(problem.limit) + abs(problem.matrix) @ np.abs(problem.lower)
    fits = bool((problem.matrix @ problem.lower - problem.limit <= NOISE * size).all())
    if not fits and (problem.matrix.data < 0).any():
        try:
            fits = bool(_program(problem).maximise(0.0).column.notna().all())
        except InfeasibleError:
            fits = False
    if fits:
        return
    table = relax(_program(problem), problem.row, 1.0 / np.where(size > 0, size, 1.0))
    table = table.loc[table["missing"] > 0, ["limit", "missing"]]
    rows = ", ".join(f"{row} by {missing:g}" for row, missing in table["missing"].items())
    raise InfeasibleError(f"the floors do not fit into the rows: {rows}", table)


def _program(problem: Room) -> Program:
    program = Program().columns(problem.source, problem.lower, problem.upper)
    return program.at_most(problem.row, problem.matrix, problem.limit)


def _poured(problem: Room, moving: NDArray[np.int64]) -> tuple[Floats, NDArray[Any]]:
    """Water-filling over rows whose coefficients are >= 0."""
    from permitload.sharing._kernels import water_fill

    still = problem.matrix @ np.where(problem.step > 0, 0.0, problem.lower)
    whole = len(moving) == problem.matrix.shape[1]
    rows = problem.matrix if whole else problem.matrix[:, moving].tocsr()
    columns = rows.tocsc()
    lower, upper = problem.lower[moving], problem.upper[moving]
    level, stop = water_fill(
        (columns.indptr, columns.indices, columns.data),
        (rows.indptr, rows.indices, rows.data),
        problem.limit - still,
        (lower, upper),
        (problem.origin[moving], problem.step[moving]),
    )
    endless = np.zeros(len(problem.source), dtype=bool)
    endless[moving[stop == NOTHING]] = True
    refuse_endless(problem, endless)
    names = np.append(problem.row.to_numpy(dtype=object), ["floor", "ceiling"])
    return level, names[stop]


def _programmed(problem: Room, moving: NDArray[np.int64]) -> tuple[Floats, NDArray[Any]]:
    """Solve a sequence of linear programs instead, for rows of any sign."""
    labels = problem.source[moving]
    origin = pd.Series(problem.origin[moving], labels)
    table = leximin(_program(problem), origin, pd.Series(problem.step[moving], labels))
    return table["level"].to_numpy(dtype=float), table["stopped_by"].to_numpy(dtype=object)
