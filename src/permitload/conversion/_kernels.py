"""The greatest location ratio of every pair, compiled."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["greatest"]

Floats = NDArray[np.float64]


@njit(cache=True)
def greatest(buyer: Floats, inverse: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Greatest ``buyer[i, k] * inverse[j, k]`` over k, by j and i, and the first k that has it.

    0 · inf compares as less than all: where a buyer is not felt there is nothing to make up.
    """
    ratio = np.zeros((len(inverse), len(buyer)))
    place = np.zeros((len(inverse), len(buyer)), dtype=np.int64)
    for j in range(len(inverse)):
        for i in range(len(buyer)):
            best, at = 0.0, 0
            for k in range(buyer.shape[1]):
                value = buyer[i, k] * inverse[j, k]
                if value > best:
                    best, at = value, k
            ratio[j, i], place[j, i] = best, at
    return ratio, place
