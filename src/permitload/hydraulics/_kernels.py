"""Array kernels of the flow of a network; labels, units and checks stay outside.

One step solves continuity of every cell and momentum of every face for the new stages and
flows by Newton: faces are eliminated onto cells, the cells of a reach onto its two nodes, and
the nodes by sparse factors whose order is found once.
"""

from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from permitload.hydraulics._arrays import Links, State
from permitload.hydraulics._mesh import Mesh

Floats = NDArray[np.float64]
Shape: TypeAlias = tuple[int, int, float, float, float, float]
"""Kind, flap, crest, width, factor and friction of a structure."""

__all__ = ["SHALLOW", "discharge", "newton", "volumes", "wetted"]

GRAVITY = 9.81
DEEP = 10.0
"""Depth of the slot [m]."""
SHALLOW = 0.05
"""Depth below which the area of a face is taken from upstream [m]."""
DRY = 1e-5
"""Depth at which a face closes [m]."""
CREEP = 1e-6
"""Velocity below which friction grows linearly [m/s]."""
FAST = 0.8
"""Froude number from which convection fades, to vanish at 1."""
WEIR, GATE, CULVERT, PUMP, RATING = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def wetted(mesh: Mesh, s: int, y: float) -> tuple[float, float, float, float]:
    """Area, surface width, perimeter and its growth at depth y > 0 of a stack."""
    k = mesh.stack[s + 1] - 1
    while k > mesh.stack[s] and mesh.height[k] > y:
        k -= 1
    d, grow = y - mesh.height[k], mesh.growth[k]
    bank = np.sqrt(4.0 + grow * grow)
    area = mesh.under[k] + d * (mesh.width[k] + 0.5 * grow * d)
    return area, mesh.width[k] + grow * d, mesh.wetted[k] + d * bank, bank


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def held(mesh: Mesh, s: int, y: float) -> tuple[float, float]:
    """Area with the slot under the bed, and its growth."""
    slot = mesh.slot[s]
    if y <= 0.0:
        return slot * (y + DEEP), slot
    area, top, _, _ = wetted(mesh, s, y)
    return area + slot * (y + DEEP), top + slot


@njit(cache=True, nogil=True, error_model="numpy")
def volumes(mesh: Mesh, z: Floats, v: Floats, growth: Floats) -> None:
    """Volume of every cell and its growth with the stage."""
    for n in range(mesh.storage.size):
        v[n], growth[n] = 0.0, 0.0
        if mesh.storage[n] >= 0:
            v[n], growth[n] = held(mesh, mesh.storage[n], z[n] - mesh.base[n])
    for r in range(mesh.start.size):
        n, piece, s = mesh.pieces[r], mesh.piece[r], mesh.section[r]
        low, fall = mesh.bed[r, 0], (mesh.bed[r, 1] - mesh.bed[r, 0]) / mesh.pieces[r]
        for node, bed in (
            (mesh.start[r], low + 0.25 * fall),
            (mesh.stop[r], low + (n - 0.25) * fall),
        ):
            area, top = held(mesh, s, z[node] - bed)
            v[node] += 0.5 * piece * area
            growth[node] += 0.5 * piece * top
        for i in range(1, n):
            k = mesh.inner[r] + i - 1
            area, top = held(mesh, s, z[k] - low - i * fall)
            v[k], growth[k] = piece * area, piece * top


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def face_depth(left: float, right: float, low: float, high: float) -> tuple[float, float, float]:
    """Depth of a face and its growth with the stages at both ends, from upstream where shallow."""
    share = min(left - low, right - high) / SHALLOW
    depth, a, b = 0.5 * (left + right - low - high), 0.5, 0.5
    if share >= 1.0:
        return depth, a, b
    share = max(share, 0.0)
    ahead = max(left, right) - max(low, high)
    wet = (1.0 - share) if ahead > 0.0 else 0.0
    depth = share * depth + wet * ahead
    up = 1.0 if left >= right else 0.0
    return depth, share * a + wet * up, share * b + wet * (1.0 - up)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def faces(mesh: Mesh, st: State, idt: float, theta: float, inertia: bool) -> None:
    """Newton step of every face: change of flow c + l·(left stage) + r·(right stage)."""
    beat, creep = (idt, CREEP) if inertia else (0.0, 100.0 * CREEP)
    for r in range(mesh.start.size):
        n, dx, s = mesh.pieces[r], mesh.piece[r], mesh.section[r]
        rough, along = GRAVITY * mesh.roughness[r] ** 2, st.along[r]
        low, fall = mesh.bed[r, 0], (mesh.bed[r, 1] - mesh.bed[r, 0]) / n
        left = mesh.start[r]
        for i in range(n):
            right = mesh.inner[r] + i if i < n - 1 else mesh.stop[r]
            j, bl = mesh.face[r] + i, low + i * fall
            zl = theta * st.z1[left] + (1.0 - theta) * st.z0[left]
            zr = theta * st.z1[right] + (1.0 - theta) * st.z0[right]
            q = theta * st.q1[j] + (1.0 - theta) * st.q0[j]
            st.qt[j] = q
            y, a, b = face_depth(zl, zr, bl, bl + fall)
            if y <= DRY:
                st.c[j], st.l[j], st.r[j] = -q / theta, 0.0, 0.0
                left = right
                continue
            area, top, rim, bank = wetted(mesh, s, y)
            u = q / area
            lean, tilt = (zr - zl) / dx, (zr - zl - fall) / dx
            rise = 0.5 * idt * (st.z1[left] - st.z0[left] + st.z1[right] - st.z0[right])
            carry = 0.0
            if inertia:
                froude = abs(u) * np.sqrt(top / (GRAVITY * area))
                carry = min(max((1.0 - froude) / (1.0 - FAST), 0.0), 1.0)
                carry *= min(max(min(zl - bl, zr - bl - fall) / SHALLOW, 0.0), 1.0)
            shape = rim / area
            drag = rough * shape * np.cbrt(shape) / area
            size = np.sqrt(q * q + (creep * area) ** 2)
            side = along - top * rise
            miss = (
                (st.q1[j] - st.q0[j]) * beat + GRAVITY * area * lean + drag * q * size
                + carry * (2.0 * u * side - u * u * top * tilt)
            )  # fmt: skip
            dq = drag * (size + q * q / size)
            if not inertia:  # from rest the derivative vanishes; this one is right at the solution
                dq = max(dq, 2.0 * np.sqrt(drag * GRAVITY * area * abs(lean)))
            dq += max(carry * 2.0 * (side - u * top * tilt) / area, -0.9 * dq)
            dq = beat + theta * dq
            dy = (
                GRAVITY * top * lean
                + drag * q * size * (4.0 / 3.0 * bank / rim - 7.0 / 3.0 * top / area)
                + carry * 2.0 * u * top / area * (u * top * tilt - side)
            )  # fmt: skip
            pull = theta * (GRAVITY * area - carry * u * u * top) / dx
            pulse = carry * u * top * idt
            st.c[j] = -miss / dq
            st.l[j] = (pull + pulse - theta * dy * a) / dq
            st.r[j] = (pulse - pull - theta * dy * b) / dq
            left = right


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def reduce(mesh: Mesh, st: State, idt: float, theta: float) -> None:
    """Eliminate the inner cells of every reach and add what is left to its nodes."""
    st.values[:], st.right[:] = 0.0, 0.0
    for n in range(mesh.storage.size):
        k = mesh.rank[n]
        st.values[mesh.diagonal[k]] = st.g[n] * idt
        st.right[k] = st.side[n] - (st.v1[n] - st.v0[n]) * idt
    for r in range(mesh.start.size):
        j, m, n = mesh.face[r], mesh.inner[r] - 1, mesh.pieces[r]
        e, f, g = 0.0, 1.0, 0.0
        for i in range(1, n):  # forward: each cell by the node behind and the cell ahead
            k = m + i
            back = theta * st.l[j + i - 1]
            solid = st.g[k] * idt + theta * (st.l[j + i] - st.r[j + i - 1]) - back * g
            miss = st.side[k] - (st.v1[k] - st.v0[k]) * idt + st.qt[j + i - 1] - st.qt[j + i]
            miss += theta * (st.c[j + i - 1] - st.c[j + i])
            e, f, g = (miss + back * e) / solid, back * f / solid, -theta * st.r[j + i] / solid
            st.e[k], st.f[k], st.g[k] = e, f, g
        for i in range(n - 2, 0, -1):  # backward: by both nodes
            k = m + i
            st.e[k] += st.g[k] * st.e[k + 1]
            st.f[k] += st.g[k] * st.f[k + 1]
            st.g[k] *= st.g[k + 1]
        a, b, last = mesh.rank[mesh.start[r]], mesh.rank[mesh.stop[r]], j + n - 1
        e0, f0, g0, e1, f1, g1 = 0.0, 0.0, 1.0, 0.0, 1.0, 0.0
        if n > 1:
            e0, f0, g0 = st.e[m + 1], st.f[m + 1], st.g[m + 1]
            e1, f1, g1 = st.e[m + n - 1], st.f[m + n - 1], st.g[m + n - 1]
        st.values[mesh.diagonal[a]] += theta * (st.l[j] + st.r[j] * f0)
        st.values[mesh.pair[r, 0]] += theta * st.r[j] * g0
        st.right[a] -= st.qt[j] + theta * (st.c[j] + st.r[j] * e0)
        st.values[mesh.diagonal[b]] -= theta * (st.r[last] + st.l[last] * g1)
        st.values[mesh.pair[r, 1]] -= theta * st.l[last] * f1
        st.right[b] += st.qt[last] + theta * (st.c[last] + st.l[last] * e1)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def shape_of(links: Links, s: int) -> Shape:
    """Numbers of a weir, gate or culvert: read once, as reading an array counts references."""
    drag = 2.0 * GRAVITY * links.roughness[s] ** 2 * links.length[s]
    sizes = links.crest[s], links.width[s], links.factor[s], drag
    return links.kind[s], links.one_way[s], *sizes


@njit(cache=True, nogil=True, error_model="numpy")
def through(shape: Shape, left: float, right: float, opening: float) -> float:
    """Flow through a weir, gate or culvert between two stages."""
    kind, one_way, crest, width, factor, drag = shape
    sign, up, down = 1.0, left, right
    if right > left:
        if one_way:
            return 0.0
        sign, up, down = -1.0, right, left
    head = up - crest
    if head <= 0.0 or width <= 0.0:
        return 0.0
    if kind == WEIR:
        drowned = max(down - crest, 0.0) / head
        near = min(drowned, 0.998)
        left_over = (1.0 - near * np.sqrt(near)) ** 0.385 * (1.0 - drowned) / (1.0 - near)
        power = factor * width * np.sqrt(2.0 * GRAVITY * head) * head
        return float(sign * power * left_over)
    lifted = min(opening, head)
    if lifted <= 0.0:
        return 0.0
    if kind == CULVERT:
        rim = 2.0 * (width + lifted) / (width * lifted)
        factor = 1.0 / np.sqrt(factor + drag * rim * np.cbrt(rim))
    drop = up - max(down, crest + 0.5 * lifted)
    fast = np.sqrt(2.0 * GRAVITY / np.sqrt(drop * drop + 1e-10))  # straight below 10 µm
    return float(sign * factor * width * lifted * drop * fast)


@njit(cache=True, nogil=True, error_model="numpy")
def discharge(links: Links, s: int, left: float, right: float, opening: float, on: float) -> float:
    """Flow through a structure between two stages."""
    kind = links.kind[s]
    if kind < PUMP:
        return through(shape_of(links, s), left, right, opening)
    if kind == PUMP:
        start, stop = links.switch[s]
        if on < 0.0:
            on = min(max((left - stop) / (start - stop), 0.0), 1.0)
        return float(links.factor[s] * on)
    i, j = links.first[s], links.first[s + 1]
    return float(np.interp(left, links.rating_stage[i:j], links.rating_flow[i:j]))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def slopes(
    links: Links, s: int, left: float, right: float, opening: float, on: float
) -> tuple[float, float, float]:
    """Flow of a structure and its growth with both stages."""
    h, shape = 1e-7, shape_of(links, s)
    if shape[0] < PUMP:
        q = through(shape, left, right, opening)
        a = through(shape, left + h, right, opening) - through(shape, left - h, right, opening)
        b = through(shape, left, right + h, opening) - through(shape, left, right - h, opening)
        return q, a / (2.0 * h), b / (2.0 * h)
    q = discharge(links, s, left, right, opening, on)
    a = discharge(links, s, left + h, right, opening, on)
    a -= discharge(links, s, left - h, right, opening, on)
    return q, a / (2.0 * h), 0.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def structures(links: Links, st: State, theta: float) -> None:
    """Flow of structures and rating curves, straight in the stages at both ends."""
    for s in range(links.kind.size):
        a, b = links.start[s], links.stop[s]
        left = theta * st.z1[a] + (1.0 - theta) * st.z0[a]
        right = theta * st.z1[b] + (1.0 - theta) * st.z0[b] if b >= 0 else 0.0
        q, fa, fb = slopes(links, s, left, right, st.opening[s], st.on[s])
        if links.kind[s] < PUMP and q != 0.0:
            # q|q| = F|F| instead of q = F: Newton on a root would jump to and fro about no flow
            old = st.link[s, 0]
            size = max(abs(old), abs(q), 1e-9)
            fa, fb = fa * abs(q) / size, fb * abs(q) / size
            q = old + (q * abs(q) - old * abs(old)) / (2.0 * size)
            st.link[s, 3] = old
        else:
            st.link[s, 3] = q
        st.link[s, 0], st.link[s, 1], st.link[s, 2] = q, theta * fa, theta * fb


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def connect(mesh: Mesh, links: Links, st: State) -> None:
    """Add structures and rating curves to the system of the nodes."""
    for s in range(links.kind.size):
        i, b = mesh.rank[links.start[s]], links.stop[s]
        q, fa, fb = st.link[s, 0], st.link[s, 1], st.link[s, 2]
        st.values[mesh.diagonal[i]] += fa
        st.right[i] -= q
        if b >= 0:
            k, p = mesh.rank[b], mesh.start.size + s
            st.values[mesh.pair[p, 0]] += fb
            st.values[mesh.diagonal[k]] -= fb
            st.values[mesh.pair[p, 1]] -= fa
            st.right[k] += q


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def solve(mesh: Mesh, st: State) -> None:
    """Factor the system of the nodes in place and solve it; ``right`` becomes the solution."""
    rows, columns, diagonal, x = mesh.rows, mesh.columns, mesh.diagonal, st.values
    work, right = st.work, st.right
    for i in range(diagonal.size):
        for p in range(rows[i], rows[i + 1]):
            work[columns[p]] = x[p]
        rest = right[i]
        for p in range(rows[i], diagonal[i]):
            k = columns[p]
            ratio = work[k] * x[diagonal[k]]
            rest -= ratio * right[k]
            for m in range(diagonal[k] + 1, rows[k + 1]):
                work[columns[m]] -= ratio * x[m]
        right[i] = rest
        for p in range(diagonal[i] + 1, rows[i + 1]):
            x[p] = work[columns[p]]
        x[diagonal[i]] = 1.0 / work[i]
    for i in range(diagonal.size - 1, -1, -1):
        rest = right[i]
        for p in range(diagonal[i] + 1, rows[i + 1]):
            rest -= x[p] * right[columns[p]]
        right[i] = rest * x[diagonal[i]]


@njit(cache=True, nogil=True, error_model="numpy")
def newton(
    mesh: Mesh, links: Links, st: State, idt: float, theta: float, inertia: bool
) -> tuple[float, int]:
    """One Newton step of all unknowns; its greatest change of stage [m], and the cell of it.

    Volumes v1 and their growth g are those of z1, before and after.
    """
    faces(mesh, st, idt, theta, inertia)
    structures(links, st, theta)
    return change(mesh, links, st, idt, theta)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def change(mesh: Mesh, links: Links, st: State, idt: float, theta: float) -> tuple[float, int]:
    """Solve for the change of all stages and flows, and make it."""
    reduce(mesh, st, idt, theta)
    connect(mesh, links, st)
    for n in range(mesh.storage.size):
        if not np.isnan(st.fix[n]):
            i = mesh.rank[n]
            st.values[mesh.rows[i] : mesh.rows[i + 1]] = 0.0
            st.values[mesh.diagonal[i]] = 1.0
            st.right[i] = st.fix[n] - st.z1[n]
    solve(mesh, st)
    for n in range(mesh.storage.size):
        st.dz[n] = st.right[mesh.rank[n]]
    for r in range(mesh.start.size):
        a, b = st.dz[mesh.start[r]], st.dz[mesh.stop[r]]
        for k in range(mesh.inner[r], mesh.inner[r + 1]):
            st.dz[k] = st.e[k] + st.f[k] * a + st.g[k] * b
    worst, where, lost = 0.0, 0, -1
    for k in range(st.dz.size):
        size = abs(st.dz[k])
        if not size < np.inf:
            lost = k
        if size > worst:
            worst, where = size, k
    if lost >= 0:
        return np.inf, lost
    scale = min(1.0, 0.5 / worst) if worst > 0.0 else 1.0
    for r in range(mesh.start.size):
        left = mesh.start[r]
        for i in range(mesh.pieces[r]):
            right = mesh.inner[r] + i if i < mesh.pieces[r] - 1 else mesh.stop[r]
            j = mesh.face[r] + i
            st.q1[j] += scale * (st.c[j] + st.l[j] * st.dz[left] + st.r[j] * st.dz[right])
            st.qt[j] = theta * st.q1[j] + (1.0 - theta) * st.q0[j]
            left = right
    for k in range(st.dz.size):
        st.z1[k] += scale * st.dz[k]
    for s in range(links.kind.size):
        b = links.stop[s]
        st.link[s, 0] += scale * st.link[s, 1] * st.dz[links.start[s]]
        if b >= 0:
            st.link[s, 0] += scale * st.link[s, 2] * st.dz[b]
    volumes(mesh, st.z1, st.v1, st.g)
    return worst, where
