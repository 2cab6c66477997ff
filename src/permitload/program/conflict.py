"""Rows that contradict each other: smallest infeasible sets."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload.errors import ConvergenceError, DataError, InfeasibleError
from permitload.program._solving import problem_of, solved
from permitload.program.registry import Program
from permitload.program.relaxation import loosen

__all__ = ["conflicts"]


def conflicts(program: Program, count: int = 10) -> list[tuple[Hashable, ...]]:
    """Irreducible infeasible subsets of the rows, up to a stated number.

    The rows of a subset cannot be met together, but can when any one of them is left out. Bounds
    of columns always hold: a floor that may be named is a row over columns that are >= 0.

    Parameters
    ----------
    program : Program
        Rows and columns.
    count : int, default 10
        Most subsets to list, >= 1; all subsets are found if there are fewer.

    Returns
    -------
    list of tuple
        Row labels of each subset, in the program's order, smallest subset first; empty if the
        program is feasible.

    Raises
    ------
    DataError
        If ``count`` is below 1.

    Notes
    -----
    Deletion filter: Chinneck, J. W. (2008), Feasibility and infeasibility in optimization,
    Springer, chapter 6; enumeration by the hitting-set tree of Reiter, R. (1987), A theory of
    diagnosis from first principles, Artificial Intelligence 32, 57-95.

    Examples
    --------
    >>> program = Program().columns(["E1"]).at_least("floor", [1.0], 5.0)
    >>> conflicts(program.at_most(["S1", "S2"], [[1.0], [1.0]], [2.0, 9.0]))
    [('floor', 'S1')]
    """
    if not count >= 1:
        raise DataError(f"count is {count}; right would be at least 1")
    found: list[frozenset[int]] = []
    queue = deque([frozenset[int]()])
    seen = set(queue)
    while queue and len(found) < count:
        removed = queue.popleft()
        known = next((subset for subset in found if not subset & removed), None)
        subset = known or _subset(program, removed)
        if subset and not known:
            found.append(subset)
        for row in sorted(subset):
            branch = removed | {row}
            if branch not in seen:
                seen.add(branch)
                queue.append(branch)
    ordered = sorted(tuple(sorted(subset)) for subset in found)
    return [tuple(program.row[k] for k in subset) for subset in sorted(ordered, key=len)]


def _subset(program: Program, removed: frozenset[int]) -> frozenset[int]:
    """One irreducible infeasible subset without the removed rows; empty if there is none."""
    rows = np.setdiff1d(np.arange(len(program.row)), list(removed))
    if _feasible(program, rows):
        return frozenset()
    from permitload.program._highs import scales

    # Rows with a price in the elastic program already contradict each other: fewer to try.
    some = program.keep(rows)
    elastic, row = loosen(some, np.arange(len(rows)))
    weight = scales(problem_of(some, np.zeros(len(some.column))))[0]
    cost = pd.Series(weight[row], elastic.column[len(program.column) :])
    try:
        priced = rows[elastic.minimise(cost).shadow_price.to_numpy() != 0]
    except ConvergenceError:  # too far apart to be weighed against each other: all are tried
        priced = rows
    if not _feasible(program, priced):
        rows = priced
    for row in rows:
        fewer = rows[rows != row]
        if not _feasible(program, fewer):
            rows = fewer
    return frozenset(int(row) for row in rows)


def _feasible(program: Program, rows: NDArray[np.int64]) -> bool:
    try:
        solved(program.keep(rows), np.zeros(len(program.column)))
    except InfeasibleError:
        return False
    return True
