"""Array kernels that carry the flow of a network through time, or to rest."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from permitload.hydraulics._arrays import Forcing, Links, Record, Shots, State
from permitload.hydraulics._drive_kernels import control, side_flow, until
from permitload.hydraulics._kernels import (
    SHALLOW,
    discharge,
    newton,
    volumes,
    wetted,
)
from permitload.hydraulics._mesh import Mesh

Floats = NDArray[np.float64]

__all__ = ["march", "settle", "snapshot", "summary"]

CLOSE = 1e-3
"""Last change of stage in a step [m]; Newton squares it, so the error is its square."""
AGREE = 1e-10
"""Greatest difference of the volumes by stage and by flow, over all water."""
FILM = 1e-5
"""Greatest difference in one cell, over its broadest surface [m]."""
ITERATIONS = 12
LEAST = 0.05
"""Least part of a step after which a gate moves."""
SHORTEST = 0.02
"""Shortest time step [s]."""
EXPECTED = 0.015
"""Change of stage beyond what the steps before foretold that steps are to have at most [m]."""


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
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


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
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


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def near(links: Links, st: State, dt: float) -> bool:
    """Whether no flow of a structure moved, or none by more than a film on its nodes."""
    far = False
    for s in range(links.kind.size):
        a, b = links.start[s], links.stop[s]
        q, old = st.link[s, 0], st.link[s, 3]
        room = min(st.g[a], st.g[b]) if b >= 0 else st.g[a]
        if abs(q - old) > CLOSE * (abs(q) + abs(old)) + 10.0 * FILM * (room + 1.0) / dt:
            far = True
    return not far


@njit(cache=True, nogil=True, error_model="numpy")
def attempt(
    mesh: Mesh, links: Links, st: State, dt: float, theta: float, inertia: bool
) -> tuple[int, int, float]:
    """Newton to the end of a step: iterations (0 if it fails), worst cell, last difference."""
    where = 0
    volumes(mesh, st.z1, st.v1, st.g)
    for iteration in range(1, ITERATIONS + 1):
        worst, where = newton(mesh, links, st, 1.0 / dt, theta, inertia)
        if not worst < 20.0:
            return 0, where, 1.0
        if worst > CLOSE or not near(links, st, dt):
            continue
        carried(mesh, links, st, dt)
        off = agree(mesh, st)
        if off <= AGREE:
            return iteration, where, off
    return 0, where, 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def keep(mesh: Mesh, links: Links, st: State, rc: Record, dt: float, off: float) -> float:
    """Book a step and make its end the start of the next; its greatest surprise [m]."""
    # arrays by a name of their own: reading a field in a branch counts references every time
    qt, side, f, fix, v0, v1 = st.qt, st.side, st.f, st.fix, st.v0, st.v1
    forward, backward, outside = rc.forward, rc.backward, rc.outside
    for j in range(qt.size):
        forward[j] += dt * max(qt[j], 0.0)
        backward[j] -= dt * min(qt[j], 0.0)
    for k in range(side.size):
        f[k] = side[k] * dt
    for s in range(links.kind.size):
        water, a, b = dt * st.link[s, 0], links.start[s], links.stop[s]
        rc.link_forward[s] += max(water, 0.0)
        rc.link_backward[s] -= min(water, 0.0)
        if b < 0:
            f[a] -= water
    for n in range(fix.size):
        if not np.isnan(fix[n]):  # what the stage boundary exchanged is what was missing
            f[n] = v1[n] - v0[n]
    start, stop, face = mesh.start, mesh.stop, mesh.face
    for r in range(start.size):
        a, b = start[r], stop[r]
        if not np.isnan(fix[a]):
            f[a] += dt * qt[face[r]]
        if not np.isnan(fix[b]):
            f[b] -= dt * qt[face[r + 1] - 1]
    for s in range(links.kind.size):
        a, b = links.start[s], links.stop[s]
        if b >= 0:
            if not np.isnan(fix[a]):
                f[a] += dt * st.link[s, 0]
            if not np.isnan(fix[b]):
                f[b] -= dt * st.link[s, 0]
    for k in range(outside.size):
        outside[k] += f[k]
    water_in, water_out = rc.water_in, rc.water_out
    for n in range(fix.size):
        water_in[n] += max(f[n], 0.0)
        water_out[n] -= min(f[n], 0.0)
    rc.steps[0] += 1.0
    rc.steps[1] = max(rc.steps[1], off)
    return turn(st, dt)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def turn(st: State, dt: float) -> float:
    """Make the end of a step the start of the next; its greatest surprise [m].

    What the last steps foretold is a straight or a bent line, whichever comes closer.
    """
    straight, bent, foretold = 0.0, 0.0, False
    far, wide = dt * (dt + st.last[0]), dt + st.last[0]
    for k in range(st.z0.size):
        foretold = foretold or st.zrate[k] != 0.0
        off = st.z1[k] - st.z0[k] - dt * st.zrate[k]
        straight = max(straight, abs(off))
        bent = max(bent, abs(off - far * st.zbend[k]))
    for k in range(st.z0.size):
        rate = (st.z1[k] - st.z0[k]) / dt
        st.zbend[k] = (rate - st.zrate[k]) / wide if foretold else 0.0
        st.zrate[k] = rate
        st.z0[k], st.v0[k] = st.z1[k], st.e[k]
    for j in range(st.qt.size):
        rate = (st.q1[j] - st.q0[j]) / dt
        st.qbend[j] = (rate - st.qrate[j]) / wide if foretold else 0.0
        st.qrate[j] = rate
        st.q0[j] = st.q1[j] if st.l[j] != 0.0 else 0.0
    for s in range(st.link.shape[0]):
        st.link[s, 5] = (st.link[s, 0] - st.link[s, 4]) / (0.5 * wide) if foretold else 0.0
        st.link[s, 4] = st.link[s, 0]
    st.last[0], st.last[1] = dt, 1.0 if bent < straight else 0.0
    return min(straight, bent) if foretold else 0.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def foretell(mesh: Mesh, st: State, dt: float) -> None:
    """First guess of the end of a step, on from the last ones; held stages as they will be."""
    far = dt * (dt + st.last[0]) * st.last[1]
    for k in range(st.z0.size):
        st.z1[k] = st.z0[k] + dt * st.zrate[k] + far * st.zbend[k]
    for j in range(st.q0.size):
        st.q1[j] = st.q0[j] + dt * st.qrate[j] + far * st.qbend[j]
    for s in range(st.link.shape[0]):
        st.link[s, 0] = st.link[s, 4] + 0.5 * (dt + st.last[0]) * st.link[s, 5]
    for n in range(mesh.storage.size):
        if not np.isnan(st.fix[n]):
            st.z1[n] = st.fix[n]


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
        foretell(mesh, st, step)
        if links.rule.size > 0:
            part = until(links, st, t, step)
            if part < 1.0:
                step = max(part, LEAST) * step
                side_flow(mesh, fc, st, t, step)
                foretell(mesh, st, step)
        control(links, fc, st, rc, t, step)
        count, where, off = attempt(mesh, links, st, step, theta, inertia)
        if count == 0:
            rc.limit[where] += 1.0
            dt = 0.5 * step
            st.zrate[:], st.qrate[:], st.zbend[:], st.qbend[:] = 0.0, 0.0, 0.0, 0.0
            if dt < SHORTEST:
                return dt, t, where
            continue
        surprise = keep(mesh, links, st, rc, step, off)
        t += step
        if surprise > EXPECTED:
            pace = max(np.sqrt(EXPECTED / surprise), 0.5)
            dt = max(pace * step, min(step, 0.01 * most))
        elif count <= 5:
            pace = min(np.sqrt(EXPECTED / max(surprise, 0.1 * EXPECTED)), 2.0)
            dt = min(pace * max(dt, step), most)
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
        volumes(mesh, st.z1, st.v1, st.g)
        st.v0[:] = st.v1
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
