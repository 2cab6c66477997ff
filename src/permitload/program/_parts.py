"""Parts of a matrix that have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

__all__ = ["labels", "parts"]

SMALL = 4000
"""Entries up to which a matrix is not worth taking apart."""


def parts(matrix: sparse.csr_array) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Rows of each part, and its entries as a dense block; a small matrix is one part."""
    count = matrix.shape[0]
    if count * matrix.shape[1] <= SMALL:
        yield np.arange(count), matrix.toarray()
        return
    row, column = labels(matrix)
    place = np.empty(matrix.shape[1], dtype=np.int64)
    width = {}
    for part, here in _members(column).items():
        place[here], width[part] = np.arange(len(here)), len(here)
    for part, here in _members(row).items():
        block = np.zeros((len(here), width.get(part, 0)))
        for k, line in enumerate(here.tolist()):
            at = slice(matrix.indptr[line], matrix.indptr[line + 1])
            block[k, place[matrix.indices[at]]] = matrix.data[at]
        yield here, block


def labels(matrix: sparse.csr_array) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Say to which part each row and each column belongs."""
    graph = sparse.block_array([[None, matrix], [matrix.T, None]], format="csr")
    label = connected_components(graph, directed=False)[1]
    return label[: matrix.shape[0]], label[matrix.shape[0] :]


def _members(label: NDArray[np.int32]) -> dict[int, NDArray[np.int64]]:
    """Positions by label."""
    order = np.argsort(label, kind="stable")
    start = np.flatnonzero(np.diff(label[order], prepend=-1))
    groups = np.split(order, start[1:]) if len(order) else []
    return {int(label[group[0]]): group for group in groups}
