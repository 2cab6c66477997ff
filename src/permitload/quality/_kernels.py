"""Array kernels of steady transport; labels, units and checks stay outside.

Reaches are numbered as in the network; segment ``i`` of reach ``r`` lies between points
``i + r`` and ``i + r + 1`` of the drawing, whatever the flow does.
"""

import numpy as np
from numba import config, njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]
Flags = NDArray[np.bool_]

__all__ = ["back", "down", "flow_order", "parts", "route"]

THREADS = int(config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]  # set at run time
"""Threads for large work; the environment variable NUMBA_NUM_THREADS sets it."""
NEW, OPEN = -1, -2
"""Nodes that the search has not met, and nodes on its path."""


@njit(cache=True, nogil=True)
def flow_order(
    up: Ints, down: Ints, active: Flags, count: int
) -> tuple[Shorts, Ints, Shorts, Shorts, bool]:
    """Order nodes and reaches so that water enters a node before it leaves it.

    From each outflow the network is searched upstream, depth first: what flows together is
    numbered together, so a sweep finds its operands in the cache.

    Returns
    -------
    rank : (node) new number of each node
    reach : active reaches in flow order
    upper, lower : (in flow order) new numbers of the nodes of each
    cyclic : whether water circles; the order is then of no use
    """
    # reaches by their lower node; one place ahead, so that filling shifts the starts into place
    first = np.zeros(count + 2, np.int32)
    leaving = np.zeros(count, np.int32)
    for r in range(up.size):
        if active[r]:
            first[down[r] + 2] += 1
            leaving[up[r]] += 1
    for n in range(count):
        first[n + 2] += first[n + 1]
    arriving = np.empty(first[count + 1], np.int32)
    for r in range(up.size):
        if active[r]:
            arriving[first[down[r] + 1]] = r
            first[down[r] + 1] += 1
    rank = np.full(count, NEW, np.int32)
    path, place = np.empty(count, np.int32), np.empty(count, np.int32)
    reach = np.empty(arriving.size, np.int64)
    upper, lower = np.empty(arriving.size, np.int32), np.empty(arriving.size, np.int32)
    done, filled, cyclic = 0, 0, False
    for again in range(2):  # outflows first; what is left then lies on rings or above them
        for root in range(count):
            if rank[root] != NEW or (again == 0 and leaving[root] > 0):
                continue
            top, path[0], place[0], rank[root] = 0, root, first[root], OPEN
            while top >= 0:
                node = path[top]
                if place[top] < first[node + 1]:
                    above = up[arriving[place[top]]]
                    place[top] += 1
                    if rank[above] == NEW:
                        top += 1
                        path[top], place[top], rank[above] = above, first[above], OPEN
                    elif rank[above] == OPEN:
                        cyclic = True
                    continue
                for i in range(first[node], first[node + 1]):
                    reach[filled] = arriving[i]
                    upper[filled], lower[filled] = rank[up[arriving[i]]], done
                    filled += 1
                rank[node] = done
                done += 1
                top -= 1
    return rank, reach, upper, lower, cyclic


@njit(cache=True, nogil=True)
def parts(upper: Shorts, lower: Shorts, count: int, most: int) -> tuple[Ints, Ints]:
    """Cut the flow order into ranges of nodes that need nothing from each other.

    Open ranges touch each other and end at the present node. A node joins all ranges from that
    of its furthest upper node on. If they would hold more than ``most`` nodes, or an upper node
    lies behind, the node is trunk: all open ranges are closed, for whatever follows them in a
    search upstream flows through this node or past it into the trunk.
    ``upper``, ``lower`` are those of :func:`flow_order`.

    Returns
    -------
    ranges : (range, 2) first node and the one after the last
    trunk : (range, 2) the nodes between, in order
    """
    closed = np.zeros(count, np.bool_)
    begin = np.empty(count + 1, np.int64)  # where each open range begins; they touch
    ranges, trunk = np.empty((count, 2), np.int64), np.empty((count, 2), np.int64)
    found, top, base, tail, i = 0, 0, 0, 0, 0
    for node in range(count + 1):
        low, needs = node, node == count
        while i < lower.size and lower[i] == node:
            needs = needs or closed[upper[i]]
            low = min(low, upper[i])
            i += 1
        merged = top
        begin[top] = node
        while merged > 0 and begin[merged] > low:
            merged -= 1
        if not needs and node - begin[merged] < most:
            top = merged + 1
            continue
        begin[top] = node
        for k in range(top):
            ranges[found, 0], ranges[found, 1] = begin[k], begin[k + 1]
            found += 1
        closed[base : node + 1] = True
        if node < count:
            if tail > 0 and trunk[tail - 1, 1] == node:
                trunk[tail - 1, 1] = node + 1
            else:
                trunk[tail, 0], trunk[tail, 1] = node, node + 1
                tail += 1
        top, base = 0, node + 1
    return ranges[:found].copy(), trunk[:tail].copy()


@njit(cache=True, nogil=True)
def route(ranges: Ints, ends: tuple[Shorts, Shorts], weight: Floats, total: Floats) -> None:
    """Pass what arrives at each node on through its reaches, in place.

    Reaches and nodes are in flow order; ``ranges`` (range, 2) of reaches are followed.
    ``weight`` is (reach, pollutant) and ``total`` (node, pollutant · scenario).
    """
    upper, lower = ends
    width = weight.shape[1]
    batch = total.shape[1] // max(width, 1)
    for part in range(ranges.shape[0]):
        for i in range(ranges[part, 0], ranges[part, 1]):
            if batch == 1:
                u, d = upper[i], lower[i]
                for m in range(width):
                    total[d, m] += weight[i, m] * total[u, m]
                continue
            for p in range(width):
                share = weight[i, p]
                source = total[upper[i], p * batch : (p + 1) * batch]
                target = total[lower[i], p * batch : (p + 1) * batch]
                for m in range(batch):
                    target[m] += share * source[m]


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

    ``kept`` is (share of the flux, share of the spread load) of each pollutant that leaves
    each segment; ``flux`` is (head, start, stop, tail): head (reach, pollutant · scenario) is
    given, the others are filled.
    """
    share, part = kept
    head, start, stop, tail = flux
    batch = head.shape[1] // max(share.shape[1], 1)
    for r in range(forward.size):
        low, high = first[r], first[r + 1]
        for m in range(head.shape[1]):
            value, p = head[r, m], m // batch
            for step in range(high - low):
                i = low + step if forward[r] else high - 1 - step
                value += point[i + r if forward[r] else i + r + 1, m]
                start[i, m] = value
                value = value * share[i, p] + spread[i, m] * part[i, p]
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

    ``place`` is (forward, first, up, down, leaving) by reach: up and down are rows of the
    node arrays, leaving is the share of what arrives at the upstream node that enters the
    reach. ``watch`` is (first, section, weight): sections watched at each point. ``gain`` is
    (node_in, node_out, slot, kept): the gain of load arriving at nodes is read from node_in
    and added to node_out (which may be the same); the gain of load entering at a point is
    stored in row ``slot`` of kept where slot ≥ 0.
    """
    forward, first, up, down, leaving = place
    watch_first, section, weight = watch
    node_in, node_out, slot, kept = gain
    width = node_in.shape[1]
    value = np.empty(width)
    for r in reaches:
        low, high = first[r], first[r + 1]
        value[:] = node_in[down[r]]
        for step in range(high - low + 1):
            p = high + r - step if forward[r] else low + r + step
            if step > 0:
                factor = share[p - r if forward[r] else p - r - 1]
                for m in range(width):
                    value[m] *= factor
            for j in range(watch_first[p], watch_first[p + 1]):
                value[section[j]] += weight[j]
            if slot[p] >= 0:
                kept[slot[p]] = value
        target, part = node_out[up[r]], leaving[r]
        for m in range(width):
            target[m] += part * value[m]
