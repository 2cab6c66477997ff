"""Array kernels of steady transport; labels, units and checks stay outside.

Reaches are numbered as in the network; segment ``i`` of reach ``r`` lies between points
``i + r`` and ``i + r + 1`` of the drawing, whatever the flow does.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

__all__ = ["back", "down", "flow_order", "route"]


@njit(cache=True, nogil=True)
def flow_order(up: Ints, down: Ints, active: Flags, count: int) -> Ints:
    """Reaches so that all water enters a node before it leaves; shorter where water circles."""
    waiting = np.zeros(count, np.int64)
    first = np.zeros(count + 1, np.int64)
    for r in range(up.size):
        if active[r]:
            waiting[down[r]] += 1
            first[up[r] + 1] += 1
    for n in range(count):
        first[n + 1] += first[n]
    leaving = np.empty(first[count], np.int64)
    place = first[:-1].copy()
    for r in range(up.size):
        if active[r]:
            leaving[place[up[r]]] = r
            place[up[r]] += 1
    queue = np.empty(count, np.int64)
    head, tail = 0, 0
    for n in range(count):
        if waiting[n] == 0:
            queue[tail] = n
            tail += 1
    order = np.empty(leaving.size, np.int64)
    done = 0
    while head < tail:
        n = queue[head]
        head += 1
        for i in range(first[n], first[n + 1]):
            r = leaving[i]
            order[done] = r
            done += 1
            waiting[down[r]] -= 1
            if waiting[down[r]] == 0:
                queue[tail] = down[r]
                tail += 1
    return order[:done]


@njit(cache=True, nogil=True)
def route(order: Ints, up: Ints, down: Ints, weight: Floats, arriving: Floats) -> None:
    """Pass what arrives at each node on through its reaches, in place: (node, constituent)."""
    for i in range(order.size):
        r = order[i]
        for m in range(arriving.shape[1]):
            arriving[down[r], m] += weight[r, m] * arriving[up[r], m]


@njit(cache=True, nogil=True)
def down(
    forward: Flags,
    first: Ints,
    point: Floats,
    spread: Floats,
    kept: tuple[Floats, Floats],
    flux: tuple[Floats, Floats, Floats, Floats],
) -> None:
    """Follow the flux through the segments of every reach, in place.

    ``kept`` is (share of the flux, share of the spread load) that leaves each segment;
    ``flux`` is (head, start, stop, tail): head (reach, m) is given, the others are filled.
    """
    share, part = kept
    head, start, stop, tail = flux
    for r in range(forward.size):
        low, high = first[r], first[r + 1]
        for m in range(head.shape[1]):
            value = head[r, m]
            for step in range(high - low):
                i = low + step if forward[r] else high - 1 - step
                value += point[i + r if forward[r] else i + r + 1, m]
                start[i, m] = value
                value = value * share[i, m] + spread[i, m] * part[i, m]
                stop[i, m] = value
            tail[r, m] = value + point[high + r if forward[r] else low + r, m]


@njit(cache=True, nogil=True)
def back(
    reaches: Ints,
    place: tuple[Flags, Ints, Ints, Ints, Floats],
    share: Floats,
    watch: tuple[Ints, Ints, Floats],
    gain: tuple[Floats, Floats, Ints, Floats],
) -> None:
    """Follow the gain of sections upstream: transpose of :func:`down`, reaches in given order.

    ``place`` is (forward, first, up, down, leaving): leaving is the share of what arrives at
    the upstream node that enters the reach. ``watch`` is (first, section, weight): sections
    watched at each point. ``gain`` is (node_in, node_out, slot, kept): the gain of load
    arriving at nodes is read from node_in and added to node_out (which may be the same);
    the gain of load entering at a point is stored in row ``slot`` of kept where slot ≥ 0.
    """
    forward, first, up, down_node, leaving = place
    watch_first, section, weight = watch
    node_in, node_out, slot, kept = gain
    width = node_in.shape[1]
    value = np.empty(width)
    for k in range(reaches.size):
        r = reaches[k]
        low, high = first[r], first[r + 1]
        for m in range(width):
            value[m] = node_in[down_node[r], m]
        for step in range(high - low + 1):
            p = high + r - step if forward[r] else low + r + step
            if step > 0:
                factor = share[p - r if forward[r] else p - r - 1]
                for m in range(width):
                    value[m] *= factor
            for j in range(watch_first[p], watch_first[p + 1]):
                value[section[j]] += weight[j]
            if slot[p] >= 0:
                for m in range(width):
                    kept[slot[p], m] = value[m]
        for m in range(width):
            node_out[up[r], m] += leaving[r] * value[m]
