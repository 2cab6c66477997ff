"""Steady flow of a looped network from its boundaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import ConvergenceError, Fault, raise_faults
from permitload.hydraulics import _boundary, _links
from permitload.hydraulics._arrays import PUMP, Links, State, blank
from permitload.hydraulics._mesh import Mesh, build
from permitload.hydraulics._pumped import overtaxed, pumped_level
from permitload.hydraulics._result import coordinates, node_balance, reach_variables
from permitload.hydraulics._run import Details, Run
from permitload.network import RiverNetwork
from permitload.schema import described
from permitload.units import DAYS_PER_YEAR

__all__ = ["steady"]

Floats = NDArray[np.float64]

TOLERANCE = 1e-10
"""Last change of stage of a steady state [m]."""
FLOODED = 30.0
"""Depth of a river above which a state is no state but water that piles up [m]."""
_NO_DETAILS, _USUAL = Details(), Run()


def steady(
    network: RiverNetwork,
    boundaries: xr.Dataset,
    details: Details = _NO_DETAILS,
    run: Run = _USUAL,
) -> xr.Dataset:
    """Steady flow and stage of a network whose boundaries are known.

    Solves, for every reach, with one stage at every node and flows that balance there::

        d(Q²/A)/dx + g A (dz/dx + n² Q |Q| P^(4/3) / A^(10/3)) = 0,   dQ/dx = q

    Parameters
    ----------
    network : RiverNetwork
        Every reach has ``width``, ``roughness``, ``bed_from`` and ``bed_to``.
    boundaries : Dataset
        Any of ``stage`` (node, period) [m]; ``flow`` (node, period), water entering (+) or
        leaving (-) [m3/s]; ``lateral_flow`` (reach, period), entering evenly along a reach
        [m3/s]; ``rating_stage`` and ``rating_flow`` (node, point), an outflow that grows with
        the stage, over all stages that occur; ``opening`` (structure, period) of gates [m];
        ``rain`` and ``evaporation`` (node, period) [mm/d] on storage. Without ``period`` values
        hold in all; a label whose values are all NaN has no such boundary. The coordinates
        ``days`` [d] and ``start`` of the periods are kept. Every connected part needs a stage
        or a rating curve.
    details : Details, optional
        Cross-sections and storage curves; a steady state has no gate_rules.
    run : Run, optional
        ``cell_length`` and ``inertia`` count.

    Returns
    -------
    Dataset
        As from :func:`from_flow`: ``flow`` (at the middle of a reach), ``velocity``, ``area``,
        ``volume``, ``travel_time``, ``depth`` by reach and period; ``boundary_flow``, what a node
        exchanges with all that is no reach, half the lateral flow of its reaches and its
        structures included; ``lateral_flow``, which is 0: all is declared. Besides ``stage``
        (node, period), ``cell_stage``, ``face_flow`` and ``structure_flow``.

    Raises
    ------
    DataError
        With every fault of the inputs: no geometry, no level in a part (flow given at every
        end, or an isolated pond, also where structures let no water pass), stage below the bed,
        beyond the ends of a rating curve, boundaries with supercritical flow.
    ConvergenceError
        If a period does not converge; ``worst`` names the reaches, the worst first.

    Notes
    -----
    Newton with growing time steps from a flat start; further periods start from the first.
    A pump runs as needed: in proportion from ``stop_stage`` to its capacity at ``start_stage``.
    Convection is left out without ``inertia`` and fades out from Froude number 0.8 to 1.
    Second order in ``cell_length``.

    Examples
    --------
    >>> reaches = pd.DataFrame({"reach": ["R1"], "from_node": ["a"], "to_node": ["b"],
    ...                         "length": [1000.0], "width": [20.0], "roughness": [0.025],
    ...                         "bed_from": [0.0], "bed_to": [0.0]})
    >>> boundaries = xr.Dataset({"stage": ("node", [np.nan, 2.0]), "flow": ("node", [8.0, np.nan])},
    ...                         {"node": ["a", "b"]})
    >>> result = steady(RiverNetwork(reaches), boundaries)
    >>> result["flow"].values.round(9).tolist(), result["stage"].values.round(4).tolist()
    ([[8.0]], [[2.0126], [2.0]])
    """
    given = _boundary.read(network, boundaries, "period")
    found = _links.table(network)
    mesh = build(network, details, run, joined(found, given))
    links, opening = _links.links(network, found, given, details, None)
    ends = np.column_stack([mesh.start, mesh.stop])
    pairs = np.vstack([ends, _links.open_ends(found, given)])
    faults = _boundary.stage_faults(given, mesh, network.nodes.index)
    faults += _boundary.part_faults(given, network, pairs, None)
    raise_faults(faults + overtaxed(given, network, pairs, mesh))
    state = flat_start(mesh, links, given, opening)
    sums, arrays = _every_period(network, mesh, links, given, (state, run))
    return _labelled(network, mesh, boundaries, given, (sums, arrays))


def joined(found: pd.DataFrame, given: _boundary.Given) -> pd.DataFrame:
    """Structures, then rating curves, as pairs of nodes with a crest."""
    pairs = found[["start", "stop", "crest"]]
    more = pd.DataFrame({"start": list(given.ratings), "stop": -1, "crest": np.nan})
    return pd.concat([pairs, more.astype(pairs.dtypes)], ignore_index=True)


def flat_start(mesh: Mesh, links: Links, given: _boundary.Given, opening: Floats) -> State:
    """State at rest: the mean of the given stages, but nowhere less than 1 m deep.

    Where pumps alone hold the level it starts between theirs: they draw water down, never up.
    """
    state = blank(mesh, links, opening)
    state.on[links.kind == PUMP] = -1.0
    stages = [v[:, 0] for v in (given.values["stage"],) if v.size]
    stages += [curve[0] for curve in given.ratings.values()]
    level = float(np.mean(np.concatenate(stages))) if stages else -np.inf
    bed, sump = np.full((2, state.z1.size), -np.inf)
    nodes = np.arange(len(mesh.storage))
    bed[nodes] = np.where(mesh.storage >= 0, mesh.base, -np.inf)
    sump[nodes] = pumped_level(mesh, links, given)
    for r in range(len(mesh.start)):
        at = np.concatenate([[mesh.start[r]], np.arange(mesh.inner[r], mesh.inner[r + 1]),
                             [mesh.stop[r]]])  # fmt: skip
        np.maximum.at(bed, at, np.linspace(mesh.bed[r, 0], mesh.bed[r, 1], at.size))
        sump[at] = sump[mesh.start[r]]
    state.z1[:] = np.maximum(level, np.where(np.isfinite(bed), bed, 0.0) + 1.0)
    np.maximum(state.z1, sump, out=state.z1)
    return state


def _every_period(
    network: RiverNetwork, mesh: Mesh, links: Links, given: _boundary.Given,
    start: tuple[State, Run],
) -> tuple[Floats, tuple[Floats, Floats, Floats]]:  # fmt: skip
    """Solve all periods: sums by reach, then stages, flows and flows of links."""
    state, run = start
    count = given.axis.size
    sums = np.empty((len(mesh.start), count, 6))
    z, q = np.empty((state.z1.size, count)), np.empty((state.q1.size, count))
    link, first = np.empty((len(links.kind), count)), (state.z1.copy(), state.q1.copy())
    faults: list[Fault] = []
    for p in range(count):
        state.z1[:], state.q1[:] = first
        step = 600.0 if p == 0 else 1e12
        _solve(network, mesh, links, (given, p), (state, run, step))
        faults += _loose_parts(network, mesh, links, (given, p), state)
        if p == 0:
            first = state.z1.copy(), state.q1.copy()
        _summary(mesh, state, sums[:, p])
        when = [f"period {given.axis[p]}"]
        faults += _boundary.rating_faults(links, state.z1[None], network.nodes.index, when)
        faults += _fast_ends(network, given, p, sums[:, p], mesh)
        z[:, p], q[:, p], link[:, p] = state.z1, state.q1, state.link[:, 0]
    raise_faults(faults)
    return sums, (z, q, link)


def _summary(mesh: Mesh, state: State, out: Floats) -> None:
    from permitload.hydraulics._march_kernels import summary

    rows = np.empty(out.shape)
    summary(mesh, state.z1, state.q1, rows)
    out[:] = rows


def _solve(
    network: RiverNetwork, mesh: Mesh, links: Links, period: tuple[_boundary.Given, int],
    start: tuple[State, Run, float],
) -> None:  # fmt: skip
    """Solve one period from the state as it is."""
    from permitload.hydraulics._drive_kernels import value
    from permitload.hydraulics._march_kernels import settle

    (given, p), (state, run, step) = period, start
    now = _boundary.Given(
        given.axis[p : p + 1], given.rows,
        {name: v[:, p : p + 1] for name, v in given.values.items()}, given.ratings,
    )  # fmt: skip
    fields = _boundary.forcing(now, np.zeros(1))
    for i, s in enumerate(fields.gate):
        state.opening[s] = value(fields.time, fields.opening[i], 0.0)
    fixed = mesh, links, fields
    worst, _, _ = settle(fixed, state, step, run.inertia, TOLERANCE)
    if step > 600.0 and not worst <= TOLERANCE:  # far from the first period: start afresh
        state.z1[:], state.q1[:] = flat_start(mesh, links, now, state.opening).z1, 0.0
        worst, _, _ = settle(fixed, state, 600.0, run.inertia, TOLERANCE)
    if not worst <= TOLERANCE:
        sums, when = np.empty((len(mesh.start), 6)), [f"period {given.axis[p]}"]
        _summary(mesh, state, sums)
        raise_faults(_boundary.rating_faults(links, state.z1[None], network.nodes.index, when))
        raise_faults(_fast_ends(network, given, p, sums, mesh))
        _complain(network, mesh, state, f"steady flow of period {given.axis[p]}", sums[:, 3])


def _complain(network: RiverNetwork, mesh: Mesh, state: State, what: str, froude: Floats) -> None:
    """Raise with the reaches whose stages still moved most, and their Froude numbers."""
    inner = np.repeat(np.arange(len(mesh.start)), np.diff(mesh.inner))
    move = np.abs(state.dz)
    worst = np.maximum(move[mesh.start], move[mesh.stop])
    np.maximum.at(worst, inner, move[len(mesh.storage) :])
    order = np.argsort(-worst, kind="stable")[:10]
    labels = network.reaches.index[order]
    table = pd.DataFrame({"change": worst[order], "froude": froude[order]}, index=labels)
    fast = float(froude[order[0]])
    reach = order[0]
    depth = state.z1[[mesh.start[reach], mesh.stop[reach]]] - mesh.bed[reach]
    why = "no balance found"
    if depth.max() > FLOODED:
        why = f"more water enters {labels[0]} than can leave: it is {depth.max():.0f} m deep"
    elif depth.min() < 0.0:
        why = f"more water is taken from {labels[0]} than reaches it: it runs dry"
    elif fast >= 1.0:
        why = f"flow there is supercritical (Froude {fast:.2f})"
    message = f"{what} did not converge: stages move most at {', '.join(labels[:5])}; {why}"
    raise ConvergenceError(message, table)


def _loose_parts(
    network: RiverNetwork, mesh: Mesh, links: Links, period: tuple[_boundary.Given, int],
    state: State,
) -> list[Fault]:  # fmt: skip
    """Parts whose level nothing holds because no water passes the structures that join them."""
    (given, p), works = period, links.stop >= 0
    passes = (state.link[:, 1] != 0.0) | (state.link[:, 2] != 0.0) | (links.kind == PUMP)
    if passes[works].all():
        return []
    ends = np.column_stack([mesh.start, mesh.stop])
    pairs = np.column_stack([links.start, links.stop])[works & passes]
    found = _boundary.part_faults(given, network, np.vstack([ends, pairs]), None)
    shut = ", ".join(network.structures.index[~passes[: len(network.structures)]])
    return [
        Fault(f.table, f"{f.row}, period {given.axis[p]}", f.column, f.value,
              f"{f.problem}, for no water passes {shut}", f.expected)
        for f in found
    ]  # fmt: skip


def _fast_ends(
    network: RiverNetwork, given: _boundary.Given, p: int, sums: Floats, mesh: Mesh
) -> list[Fault]:
    """Boundary nodes whose reaches run at Froude number 1 or more, there or on their way."""
    nodes, faults = network.nodes.index, []
    for name in ("stage", "flow"):
        for row, series in zip(given.rows[name], given.values[name], strict=True):
            starts, stops = mesh.start == row, mesh.stop == row
            froude = np.where(starts | stops, sums[:, 3], 0.0)
            froude = np.maximum(froude, np.where(starts, sums[:, 4], 0.0))
            froude = np.maximum(froude, np.where(stops, sums[:, 5], 0.0))
            if (froude >= 1.0).any():
                reach = network.reaches.index[froude.argmax()]
                place = f"node {nodes[row]}, period {given.axis[p]}"
                problem = f"makes reach {reach} supercritical (Froude {froude.max():.2f})"
                faults.append(
                    Fault("boundaries", place, name, series[p], problem, "subcritical flow")
                )
    return faults


def _labelled(
    network: RiverNetwork, mesh: Mesh, boundaries: xr.Dataset, given: _boundary.Given,
    found: tuple[Floats, tuple[Floats, Floats, Floats]],
) -> xr.Dataset:  # fmt: skip
    """Name what was computed."""
    sums, (z, q, link) = found
    count = given.axis.size
    start = np.full(count, np.datetime64("NaT", "ns"))
    days = np.full(count, DAYS_PER_YEAR)
    for name, usual in (("days", days), ("start", start)):
        if name in boundaries.coords:
            usual[:] = boundaries[name].to_numpy()
    coords: dict[str, Any] = {
        **coordinates(network, mesh), "period": given.axis.to_numpy(dtype=object),
        "days": ("period", days), "start": ("period", start),
    }  # fmt: skip
    nodes, links = len(mesh.storage), len(network.structures)
    result = xr.Dataset(
        {
            **reach_variables(mesh.piece * mesh.pieces, sums, "period"),
            "stage": (("node", "period"), z[:nodes]),
            "structure_flow": (("structure", "period"), link[:links]),
            "cell_stage": (("cell", "period"), z),
            "face_flow": (("face", "period"), q),
        },
        coords,
    )
    result["boundary_flow"] = node_balance(network, result["flow"])
    result["lateral_flow"] = xr.zeros_like(result["boundary_flow"])
    return described(result)
