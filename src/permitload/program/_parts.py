"""Parts of a matrix that have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

__all__ = ["parts"]

SMALL = 4000
"""Entries up to which a matrix is not worth taking apart."""


def parts(matrix: sparse.csr_array) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Rows of each part, and its entries as a dense block; a small matrix is one part."""
    count = matrix.shape[0]
    if count * matrix.shape[1] <= SMALL:
        yield np.arange(count), matrix.toarray()
        return
    graph = sparse.block_array([[None, matrix], [matrix.T, None]], format="csr")
    label = connected_components(graph, directed=False)[1]
    rows, columns = (_members(label[side]) for side in (slice(count), slice(count, None)))
    none = np.empty(0, dtype=np.int64)
    for part, here in rows.items():
        yield here, matrix[here][:, columns.get(part, none)].toarray()


def _members(label: NDArray[np.int32]) -> dict[int, NDArray[np.int64]]:
    """Positions by label."""
    order = np.argsort(label, kind="stable")
    start = np.flatnonzero(np.diff(label[order], prepend=-1))
    groups = np.split(order, start[1:]) if len(order) else []
    return {int(label[group[0]]): group for group in groups}
