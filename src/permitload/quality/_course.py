"""Flow order of one hydraulic state, and sums down it, shared out to threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from permitload.quality import _kernels

Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_WORTH = 4_000_000
"""Updates from which threads repay their start."""
_SHARES = 16
"""Independent ranges wanted for each thread, so that all end together."""


@dataclass(frozen=True, slots=True)
class Course:
    """Reaches that flow, in flow order, and the rank of the nodes that they join."""

    rank: Shorts
    """(node) place of each node in the order."""
    reach: Ints
    """(in order) number of each reach in the drawing."""
    upper: Shorts
    lower: Shorts
    """(in order) ranks of the nodes where the water enters and leaves the reach."""
    cyclic: bool
    """Whether water circles; then no sweep is possible."""
    apart: tuple[Ints, ...]
    """For each thread (range, 2) of reaches that need nothing from the other threads."""
    trunk: Ints
    """(range, 2) of reaches that follow when these are done."""


def course(
    up: Ints, down: Ints, active: Flags, count: int, threads: int = _kernels.THREADS
) -> Course:
    """Order the active reaches between the given nodes, ``count`` in all."""
    rank, reach, upper, lower, cyclic = _kernels.flow_order(up, down, active, count)
    every = np.array([[0, reach.size]])
    if cyclic or threads == 1:
        return Course(rank, reach, upper, lower, cyclic, (every,), every[:0])
    ranges, trunk = _kernels.parts(upper, lower, count, max(count // (_SHARES * threads), 1))
    ranges, trunk = (np.searchsorted(lower, part) for part in (ranges, trunk))
    done = np.cumsum(ranges[:, 1] - ranges[:, 0])
    cuts = np.searchsorted(done, done[-1:] * np.arange(1, threads) // threads, side="left")
    return Course(rank, reach, upper, lower, cyclic, tuple(np.split(ranges, cuts)), trunk)


def accumulate(way: Course, weight: Floats, arriving: Floats) -> Floats:
    """Sum what arrives at every node once all has been passed on: (I - W) B = b.

    Parameters
    ----------
    way : Course
        Flow order without a ring.
    weight : array (reach, pollutant)
        Share of what arrives at the upstream node that reaches the downstream one.
    arriving : array (node, pollutant · scenario)
        What arrives from outside; scenarios of a pollutant lie side by side.

    Returns
    -------
    array (node, pollutant · scenario)
    """
    width, ordered = weight.shape[1], weight[way.reach]
    batch = arriving.shape[1] // max(width, 1)
    threads = len(way.apart) if ordered.shape[0] * arriving.shape[1] >= _WORTH else 1
    if threads == 1 or batch < threads:
        total = np.empty(arriving.shape)
        total[way.rank] = arriving
        sweep(way, ordered, total)
        return total[way.rank]
    found = np.empty(arriving.shape)
    given, taken = (a.reshape(-1, width, batch) for a in (arriving, found))

    def block(some: slice) -> None:
        """Do a block of scenarios, which lie together in memory as long as it takes."""
        inner = np.empty(given[:, :, some].shape)
        inner[way.rank] = given[:, :, some]
        _route(way, ordered, inner.reshape(len(inner), -1))
        taken[:, :, some] = inner[way.rank]

    cuts = np.linspace(0, batch, threads + 1).astype(int).tolist()
    together(block, (slice(*ends) for ends in pairwise(cuts)))
    return found


def sweep(way: Course, weight: Floats, total: Floats) -> None:
    """Pass on in place; ``weight`` (reach, …) and ``total`` (node, …) are in flow order.

    The sums are the same at any number of threads: each node adds up in flow order.
    """
    if way.reach.size * total.shape[1] < _WORTH or len(way.apart) == 1:
        _route(way, weight, total)
        return
    ends = way.upper, way.lower
    together(lambda part: _kernels.route(part, ends, weight, total), way.apart)
    _kernels.route(way.trunk, ends, weight, total)


def _route(way: Course, weight: Floats, total: Floats) -> None:
    """Pass on by one thread."""
    every = np.array([[0, way.reach.size]])
    _kernels.route(every, (way.upper, way.lower), weight, total)


def together(task: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Do a task that releases the interpreter for all items at once."""
    with ThreadPoolExecutor(_kernels.THREADS) as pool:
        return list(pool.map(task, items))
