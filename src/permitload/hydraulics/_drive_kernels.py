"""Array kernels of what drives the flow of a network: boundary series, pumps, rules of gates."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from permitload.hydraulics._arrays import PUMP, Forcing, Links, Record, State
from permitload.hydraulics._mesh import Mesh

Floats = NDArray[np.float64]

__all__ = ["control", "side_flow", "until", "value"]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def place(time: Floats, t: float) -> int:
    """Row of the instant at or before t."""
    row = int(np.searchsorted(time, t, side="right")) - 1
    return min(max(row, 0), time.size - 2)


@njit(cache=True, nogil=True, error_model="numpy")
def value(time: Floats, row: Floats, t: float) -> float:
    """Value of a series at t."""
    i = place(time, t)
    share = (t - time[i]) / (time[i + 1] - time[i])
    return float(row[i] + (row[i + 1] - row[i]) * share)


@njit(cache=True, nogil=True, error_model="numpy")
def mean(time: Floats, row: Floats, total: Floats, t: float, dt: float) -> float:
    """Exact mean of a series from t to t + dt."""
    i, j = place(time, t), place(time, t + dt)
    here, there = value(time, row, t), value(time, row, t + dt)
    if i == j:
        return 0.5 * (here + there)
    first = 0.5 * (here + row[i + 1]) * (time[i + 1] - t)
    last = 0.5 * (row[j] + there) * (t + dt - time[j])
    return float((first + total[j] - total[i + 1] + last) / dt)


@njit(cache=True, nogil=True, error_model="numpy")
def side_flow(mesh: Mesh, fc: Forcing, st: State, t: float, dt: float) -> None:
    """Water from outside, by cell, and along reaches; stages to hold at the end of the step."""
    st.side[:], st.along[:] = 0.0, 0.0
    for i in range(fc.stage_node.size):
        st.fix[fc.stage_node[i]] = value(fc.time, fc.stage[i], t + dt)
    for i in range(fc.flow_node.size):
        st.side[fc.flow_node[i]] += mean(fc.time, fc.flow[i], fc.flow_sum[i], t, dt)
    for i in range(fc.rain_node.size):
        n = fc.rain_node[i]
        fall, s = value(fc.time, fc.rain[i], t + 0.5 * dt), mesh.storage[n]
        k = mesh.stack[s + 1] - 1
        depth = st.z0[n] - mesh.base[n]
        while k > mesh.stack[s] and mesh.height[k] > depth:
            k -= 1
        surface = mesh.width[k] + mesh.growth[k] * max(depth - mesh.height[k], 0.0)
        if fall < 0.0:  # nothing evaporates from dry land
            surface *= min(max(depth / 0.05, 0.0), 1.0)
        st.side[n] += fall * surface
    for i in range(fc.side_reach.size):
        r = fc.side_reach[i]
        flow = mean(fc.time, fc.side[i], fc.side_sum[i], t, dt)
        n = mesh.pieces[r]
        st.along[r] = flow / (mesh.piece[r] * n)
        st.side[mesh.start[r]] += 0.5 * flow / n
        st.side[mesh.stop[r]] += 0.5 * flow / n
        for k in range(mesh.inner[r], mesh.inner[r + 1]):
            st.side[k] += flow / n


@njit(cache=True, nogil=True, error_model="numpy")
def control(links: Links, fc: Forcing, st: State, rc: Record, t: float, dt: float) -> None:
    """Set openings by series and rules, and pumps, by what the start of a step shows."""
    for i in range(fc.gate.size):
        st.opening[fc.gate[i]] = value(fc.time, fc.opening[i], t + 0.5 * dt)
    for s in range(links.kind.size):
        if links.kind[s] == PUMP and st.on[s] >= 0.0:
            stage = st.z0[links.start[s]]
            if stage >= links.switch[s, 0]:
                st.on[s] = 1.0
            elif stage <= links.switch[s, 1]:
                st.on[s] = 0.0
        i = ruling(links, st, s, (t, dt), 0.0)
        if i >= 0:
            st.opening[s] = links.bound[i, 4]
            rc.applied[i] += dt


@njit(cache=True, nogil=True, error_model="numpy")
def ruling(links: Links, st: State, s: int, span: tuple[float, float], part: float) -> int:
    """Rule that holds for a gate after a part of a step (its start, its length); -1 for none."""
    t, rule, bound, z0, z1 = span[0] + part * span[1], links.rule, links.bound, st.z0, st.z1
    found = -1
    for i in range(rule.shape[0] - 1, -1, -1):  # the first that holds
        if rule[i, 0] == s:
            node = max(rule[i, 1], 0)
            stage = z0[node] + part * (z1[node] - z0[node])
            level = rule[i, 1] < 0 or bound[i, 0] <= stage < bound[i, 1]
            if level and bound[i, 2] <= t < bound[i, 3]:
                found = i
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def until(links: Links, st: State, t: float, step: float) -> float:
    """Part of a step after which the first gate moves if stages rise and fall as foretold."""
    part, span = 1.0, (t, step)
    for s in range(links.kind.size):
        now = ruling(links, st, s, span, 0.0)
        there = ruling(links, st, s, span, part)
        if there < 0 or there == now:
            continue
        opening = links.bound[now, 4] if now >= 0 else st.opening[s]
        if links.bound[there, 4] == opening:
            continue
        low = 0.0
        while (part - low) * step > 1.0:
            middle = 0.5 * (low + part)
            if ruling(links, st, s, span, middle) == now:
                low = middle
            else:
                part = middle
    return part
