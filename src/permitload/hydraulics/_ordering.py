"""Order of elimination and filled pattern of a symmetric sparse matrix, by minimum degree."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

__all__ = ["factor_pattern"]

Ints = NDArray[np.int64]


def factor_pattern(size: int, pairs: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Pattern of the triangular factors of a matrix whose entries join ``pairs``.

    Returns
    -------
    rows, columns : compressed rows of both factors, in elimination order
    diagonal : place of each row's diagonal
    rank : place of each node in the order
    pair : (pairs, 2) places of (from, to) and (to, from); -1 where there is no second node
    """
    near: list[set[int]] = [set() for _ in range(size)]
    for a, b in pairs.tolist():
        if b >= 0:
            near[a].add(b)
            near[b].add(a)
    rank = np.empty(size, dtype=np.int64)
    later: list[tuple[int, list[int]]] = []
    queue = [(len(n), i) for i, n in enumerate(near)]
    heapq.heapify(queue)
    done = [False] * size
    while queue:
        degree, i = heapq.heappop(queue)
        if done[i] or degree != len(near[i]):
            continue
        done[i], rank[i] = True, len(later)
        later.append((i, list(near[i])))
        for j in near[i]:
            near[j] |= near[i]
            near[j] -= {i, j}
            heapq.heappush(queue, (len(near[j]), j))
    full: list[list[int]] = [[k] for k in range(size)]
    for k, (_, others) in enumerate(later):
        for j in others:
            full[k].append(int(rank[j]))
            full[rank[j]].append(k)
    ordered = [sorted(set(row)) for row in full]
    rows = np.cumsum([0, *(len(row) for row in ordered)])
    columns = np.array([c for row in ordered for c in row], dtype=np.int64)
    place = [dict(zip(row, range(rows[k], rows[k + 1]), strict=True))
             for k, row in enumerate(ordered)]  # fmt: skip
    diagonal = np.array([place[k][k] for k in range(size)], dtype=np.int64)
    pair = np.array(
        [[place[rank[a]][rank[b]], place[rank[b]][rank[a]]] if b >= 0 else [-1, -1]
         for a, b in pairs.tolist()], dtype=np.int64,
    ).reshape(-1, 2)  # fmt: skip
    return rows, columns, diagonal, rank, pair
