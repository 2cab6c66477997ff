"""The transport kernel under test, behind one small face; what it stores is its own affair."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, identity
from scipy.sparse.linalg import splu
from shapes import Floats, Ints

from permitload.quality._course import course, sweep, together


@dataclass(frozen=True, slots=True)
class System:
    """What arrives at the nodes of an acyclic net: (I - W) total = load."""

    up: Ints
    down: Ints
    """(reach) nodes where the water enters and leaves."""
    count: int
    """Number of nodes."""
    share: Floats
    """(reach) share of what arrives at the upper node that the reach takes."""
    kept: Floats
    """(reach, pollutant) share of a load that passes the reach."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep, in place; ``reset`` puts the load back and is not timed."""

    reset: Callable[[], None]
    run: Callable[[], None]
    found: Callable[[], Floats]
    """Result (node, pollutant · scenario), nodes as given."""


FORMULA = "reaches · (2 · 4 + 8 · pollutants) + nodes · 2 · 8 · pollutants · scenarios"
"""Bytes that any sweep must move: ends and weights of reaches; load read, total written."""


def compulsory(system: System, columns: int) -> int:
    """Bytes of :data:`FORMULA`; ``columns`` is pollutants · scenarios."""
    return int(system.up.size * (8 + 8 * system.kept.shape[1]) + system.count * 16 * columns)


def prepare(system: System, load: Floats, threads: int = 1) -> Sweep:
    """Order the net and lay out what a sweep needs; ``load`` is (node, pollutant · scenario).

    Scenarios of one pollutant lie side by side, in a block for each thread.
    """
    active = np.ones(system.up.size, dtype=bool)
    way = course(system.up, system.down, active, system.count, threads)
    weight = (system.share[:, None] * system.kept)[way.reach]
    blocks = threads if load.shape[1] // weight.shape[1] >= threads else 1
    arriving = [np.empty_like(part) for part in np.array_split(load, blocks, axis=1)]
    for part, given in zip(arriving, np.array_split(load, blocks, axis=1), strict=True):
        part[way.rank] = given
    totals = [np.empty_like(part) for part in arriving]
    alone = replace(way, apart=way.apart[:1])

    def reset() -> None:
        """Put the loads back."""
        for total, part in zip(totals, arriving, strict=True):
            total[...] = part

    def run() -> None:
        """Sweep every block."""
        if blocks == 1:
            sweep(way, weight, totals[0])
        else:
            together(lambda total: sweep(alone, weight, total), totals)

    return Sweep(reset, run, lambda: np.concatenate([t[way.rank] for t in totals], axis=1))


def factored(system: System, load: Floats) -> Callable[[], NDArray[Any]]:
    """Solve the same system by sparse factorisation, factor included.

    All pollutants must keep the same share, so that one factor serves all: the peer's best case.
    """
    weight = system.share * system.kept[:, 0]
    shape = (system.count, system.count)
    passed = csc_array(coo_array((weight, (system.down, system.up)), shape=shape))
    matrix = csc_array(identity(system.count, format="csc") - passed)
    right = np.asfortranarray(load)
    return lambda: np.asarray(splu(matrix).solve(right))
