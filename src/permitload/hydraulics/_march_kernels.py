"""Array kernels that carry the flow of a network through time, or to rest."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from permitload.hydraulics._arrays import Forcing, Links, Record, Shots, State
from permitload.hydraulics._kernels import SHALLOW, discharge, newton, volumes, wetted
from permitload.hydraulics._mesh import Mesh

Floats = NDArray[np.float64]

__all__ = ["march", "settle", "side_flow", "snapshot", "summary"]

GATE, CULVERT, PUMP = 1, 2, 3
CLOSE = 1e-3
"""Last change of stage in a step [m]; Newton squares it, so the error is its square."""
AGREE = 1e-10
"""Greatest difference of the volumes by stage and by flow, over all water."""
FILM = 1e-5
"""Greatest difference in one cell, over its broadest surface [m]."""
ITERATIONS = 12
SHORTEST = 0.02
"""Shortest time step [s]."""
SURPRISE = 0.02
"""Change of stage beyond what the step before foretold, above which steps get shorter [m]."""


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
        for i in range(links.rule.shape[0]):
            if links.rule[i, 0] != s:
                continue
            node = links.rule[i, 1]
            stage = st.z0[node] if node >= 0 else 0.0
            above, below, after, before, opening = links.bound[i]
            if (node < 0 or above <= stage < below) and after <= t < before:
                st.opening[s] = opening
                rc.applied[i] += dt
                break


@njit(cache=True, nogil=True, error_model="numpy")
def carried(mesh: Mesh, links: Links, st: State, dt: float) -> None:
    """Volume of every cell by the flows of a step; leaves the outside of held nodes in side."""
    for k in range(st.z0.size):
        st.e[k] = st.v0[k] + dt * st.side[k]
    for r in range(mesh.start.size):
        left = mesh.start[r]
        for i in range(mesh.pieces[r]):
            right = mesh.inner[r] + i if i < mesh.pieces[r] - 1 else mesh.stop[r]
            j = mesh.face[r] + i
            st.e[left] -= dt * st.qt[j]
            st.e[right] += dt * st.qt[j]
            left = right
    for s in range(links.kind.size):
        st.e[links.start[s]] -= dt * st.link[s, 0]
        if links.stop[s] >= 0:
            st.e[links.stop[s]] += dt * st.link[s, 0]
    for n in range(mesh.storage.size):
        if not np.isnan(st.fix[n]):
            st.e[n] = st.v1[n]


@njit(cache=True, nogil=True, error_model="numpy")
def agree(mesh: Mesh, st: State) -> float:
    """Difference of the volumes by stage (v1) and by flow (e), over all; 1 if one is far off."""
    total, miss = 0.0, 0.0
    for k in range(st.z0.size):
        off = abs(st.v1[k] - st.e[k])
        if off > FILM * (st.g[k] + 1.0) * 10.0:
            return 1.0
        miss += off
        total += st.v0[k] + st.v1[k]
    return miss / total


@njit(cache=True, nogil=True, error_model="numpy")
def attempt(
    mesh: Mesh, links: Links, st: State, dt: float, theta: float, inertia: bool
) -> tuple[int, int, float]:
    """Newton to the end of a step: iterations (0 if it fails), worst cell, last difference."""
    where = 0
    for iteration in range(1, ITERATIONS + 1):
        worst, where = newton(mesh, links, st, 1.0 / dt, theta, inertia)
        if not worst < 20.0:
            return 0, where, 1.0
        jump = 0.0
        for s in range(links.kind.size):
            q, old = st.link[s, 0], st.link[s, 3]
            jump = max(jump, abs(q - old) / (abs(q) + abs(old) + 1e-6))
        if worst > CLOSE or jump > CLOSE:
            continue
        for j in range(st.qt.size):
            st.qt[j] = theta * st.q1[j] + (1.0 - theta) * st.q0[j]
        volumes(mesh, st.z1, st.v1, st.g)
        carried(mesh, links, st, dt)
        off = agree(mesh, st)
        if off <= AGREE:
            return iteration, where, off
    return 0, where, 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def keep(mesh: Mesh, links: Links, st: State, rc: Record, dt: float, off: float) -> float:
    """Book a step and make its end the start of the next; its greatest surprise [m]."""
    for j in range(st.qt.size):
        if st.qt[j] > 0.0:
            rc.forward[j] += dt * st.qt[j]
        else:
            rc.backward[j] -= dt * st.qt[j]
    for k in range(st.z0.size):
        st.f[k] = st.side[k] * dt
    for s in range(links.kind.size):
        water = dt * st.link[s, 0]
        if water > 0.0:
            rc.link_forward[s] += water
        else:
            rc.link_backward[s] -= water
        if links.stop[s] < 0:
            st.f[links.start[s]] -= water
    for n in range(mesh.storage.size):
        if not np.isnan(st.fix[n]):  # what the stage boundary exchanged is what was missing
            st.f[n] = st.v1[n] - st.v0[n]
    for r in range(mesh.start.size):
        if not np.isnan(st.fix[mesh.start[r]]):
            st.f[mesh.start[r]] += dt * st.qt[mesh.face[r]]
        if not np.isnan(st.fix[mesh.stop[r]]):
            st.f[mesh.stop[r]] -= dt * st.qt[mesh.face[r + 1] - 1]
    for s in range(links.kind.size):
        if links.stop[s] >= 0:
            if not np.isnan(st.fix[links.start[s]]):
                st.f[links.start[s]] += dt * st.link[s, 0]
            if not np.isnan(st.fix[links.stop[s]]):
                st.f[links.stop[s]] -= dt * st.link[s, 0]
    surprise, foretold = 0.0, False
    for k in range(st.z0.size):
        rc.outside[k] += st.f[k]
        foretold = foretold or st.zrate[k] != 0.0
        surprise = max(surprise, abs(st.z1[k] - st.z0[k] - dt * st.zrate[k]))
        st.zrate[k] = (st.z1[k] - st.z0[k]) / dt
        st.z0[k], st.v0[k] = st.z1[k], st.e[k]
    for n in range(mesh.storage.size):
        if st.f[n] > 0.0:
            rc.water_in[n] += st.f[n]
        else:
            rc.water_out[n] -= st.f[n]
    for j in range(st.qt.size):
        st.qrate[j] = (st.q1[j] - st.q0[j]) / dt
        st.q0[j] = st.q1[j] if st.l[j] != 0.0 else 0.0
    rc.steps[0] += 1.0
    rc.steps[1] = max(rc.steps[1], off)
    return surprise if foretold else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def summary(mesh: Mesh, z: Floats, q: Floats, out: Floats) -> None:
    """Flow at the middle, volume, water surface, Froude number: greatest, and at both ends."""
    for r in range(mesh.start.size):
        n, dx, s = mesh.pieces[r], mesh.piece[r], mesh.section[r]
        low, fall = mesh.bed[r, 0], (mesh.bed[r, 1] - mesh.bed[r, 0]) / n
        j, left, fast = mesh.face[r], mesh.start[r], 0.0
        out[r, 0] = 0.5 * (q[j + (n - 1) // 2] + q[j + n // 2])
        out[r, 1:] = 0.0
        for i in range(n):
            right = mesh.inner[r] + i if i < n - 1 else mesh.stop[r]
            for stage, at in (
                (z[left], i + 0.25 * (i == 0)),
                (z[right], i + 1 - 0.25 * (i == n - 1)),
            ):
                y = stage - low - at * fall
                if y > 0.0:
                    area, top, _, _ = wetted(mesh, s, y)
                    out[r, 1] += 0.5 * dx * area
                    out[r, 2] += 0.5 * dx * top
            y = 0.5 * (z[left] + z[right]) - low - (i + 0.5) * fall
            if y > 0.0:
                area, top, _, _ = wetted(mesh, s, y)
                froude = abs(q[j + i]) / area * np.sqrt(top / (9.81 * area))
                fast = max(fast, froude)
                if i == 0 and y > SHALLOW:
                    out[r, 4] = froude
                if i == n - 1 and y > SHALLOW:
                    out[r, 5] = froude
            left = right
        out[r, 3] = fast
        for end, node, j in (
            (0, mesh.start[r], mesh.face[r]), (1, mesh.stop[r], mesh.face[r + 1] - 1)
        ):  # fmt: skip
            y = z[node] - mesh.bed[r, end]  # a stage given below the critical depth shows here
            if y > SHALLOW:
                area, top, _, _ = wetted(mesh, s, y)
                froude = abs(q[j]) / area * np.sqrt(top / (9.81 * area))
                out[r, 4 + end] = max(out[r, 4 + end], froude)


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    fixed: tuple[Mesh, Links, Forcing], st: State, rc: Record, span: tuple[float, float],
    run: tuple[float, float, float, bool],
) -> tuple[float, float, int]:  # fmt: skip
    """March through an interval; the next step, the time reached, the cell that stopped it.

    ``run``: first step, greatest step [s], implicitness, inertia.
    """
    (mesh, links, fc), (t, end), (dt, most, theta, inertia) = fixed, span, run
    while t < end - 1e-9 * most:
        parts = np.ceil((end - t) / dt - 1e-9)  # equal steps up to the end of the interval
        step = (end - t) / parts
        side_flow(mesh, fc, st, t, step)
        control(links, fc, st, rc, t, step)
        for k in range(st.z0.size):
            st.z1[k] = st.z0[k] + step * st.zrate[k]
        for j in range(st.q0.size):
            st.q1[j] = st.q0[j] + step * st.qrate[j]
        for n in range(mesh.storage.size):
            if not np.isnan(st.fix[n]):
                st.z1[n] = st.fix[n]
        count, where, off = attempt(mesh, links, st, step, theta, inertia)
        if count == 0:
            rc.limit[where] += 1.0
            dt = 0.5 * step
            st.zrate[:], st.qrate[:] = 0.0, 0.0
            if dt < SHORTEST:
                return dt, t, where
            continue
        surprise = keep(mesh, links, st, rc, step, off)
        t += step
        if surprise > SURPRISE and step > 0.01 * most:
            dt = 0.5 * step
        elif count <= 5 and surprise < 0.5 * SURPRISE:
            dt = min(max(dt, step) * 1.5, most)
    return dt, end, -1


@njit(cache=True, nogil=True, error_model="numpy")
def snapshot(mesh: Mesh, links: Links, st: State, shot: Shots, k: int) -> None:
    """Keep the state in row k."""
    shot.stage[k], shot.volume[k], shot.flow[k] = st.z0, st.v0, st.q0
    shot.opening[k] = st.opening
    summary(mesh, st.z0, st.q0, shot.sums[k])
    for s in range(links.kind.size):
        left, right = st.z0[links.start[s]], st.z0[links.stop[s]]
        shot.link[k, s] = discharge(links, s, left, right, st.opening[s], st.on[s])


@njit(cache=True, nogil=True, error_model="numpy")
def march(
    fixed: tuple[Mesh, Links, Forcing], st: State, kept: tuple[Record, Shots], clock: Floats,
    run: tuple[float, float, float, bool],
) -> tuple[float, float, int]:  # fmt: skip
    """March through the intervals between the times of clock, and keep each; as ``advance``."""
    (rc, shot), (dt, most, theta, inertia) = kept, run
    for k in range(clock.size - 1):
        book = Record(
            rc.forward[k], rc.backward[k], rc.link_forward[k], rc.link_backward[k], rc.outside[k],
            rc.water_in[k], rc.water_out[k], rc.limit[k], rc.applied[k], rc.steps[k],
        )  # fmt: skip
        span = clock[k], clock[k + 1]
        dt, t, stuck = advance(fixed, st, book, span, (dt, most, theta, inertia))
        if stuck >= 0:
            return dt, t, stuck
        snapshot(fixed[0], fixed[1], st, shot, k)
    return dt, clock[-1], -1


@njit(cache=True, nogil=True, error_model="numpy")
def settle(
    fixed: tuple[Mesh, Links, Forcing], st: State, step: float, inertia: bool, tolerance: float
) -> tuple[float, int, int]:
    """Steady state from z1, q1 by Newton with growing time steps: last change, cell, iterations.

    The old state follows the new one, so storage only damps and is gone when nothing moves.
    Water that circles in a loop without any drive halves in every iteration while all stages
    stand still: flows must settle too, or be halved often enough to be nothing.
    """
    mesh, links, fc = fixed
    before, where, quiet = np.inf, 0, 0
    for iteration in range(400):
        st.z0[:], st.q0[:] = st.z1, st.q1
        side_flow(mesh, fc, st, 0.0, 1.0)  # rain and evaporation follow the surface
        for n in range(mesh.storage.size):
            if not np.isnan(st.fix[n]):
                st.z0[n] = st.fix[n]
                st.z1[n] = st.fix[n]
        volumes(mesh, st.z0, st.v0, st.g)
        worst, where = newton(mesh, links, st, 1.0 / step, 1.0, inertia)
        if not worst < 1e3:
            st.z1[:], st.q1[:] = st.z0, st.q0
            step = max(0.1 * step, 1.0)
            before = np.inf
            continue
        quiet = quiet + 1 if worst <= tolerance and step >= 1e12 else 0
        moved, most = np.abs(st.q1 - st.q0).max(), np.abs(st.q1).max()
        if quiet >= 60 or (quiet >= 1 and moved <= 1e-9 * max(most, 1.0)):
            return worst, where, iteration
        step = min(step * min(max(before / max(worst, 1e-15), 0.5), 10.0) * 1.2, 1e12)
        before = worst
    return worst, where, 400
