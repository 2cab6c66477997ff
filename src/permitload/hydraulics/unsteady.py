"""Unsteady flow of a looped network: full Saint-Venant, staggered and semi-implicit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from permitload.errors import ConvergenceError, DataError, Fault, raise_faults
from permitload.hydraulics import _boundary, _links
from permitload.hydraulics._arrays import Forcing, Links, Record, Shots, State, blank, record, shots
from permitload.hydraulics._mesh import Mesh, build, vertices
from permitload.hydraulics._result import coordinates, reach_variables
from permitload.hydraulics._rules import findings
from permitload.hydraulics._run import Details, Run
from permitload.hydraulics._store import Store
from permitload.hydraulics.steady import joined, steady
from permitload.hydraulics.tide import instants_of
from permitload.network import RiverNetwork

__all__ = ["unsteady"]

Floats = NDArray[np.float64]

_NO_DETAILS, _USUAL = Details(), Run()
_BLOCK = 96
"""Intervals that are computed, and kept, at once."""
_AT_TIME = {
    "flow": "reach", "velocity": "reach", "area": "reach", "volume": "reach",
    "travel_time": "reach", "depth": "reach", "stage": "node", "structure_flow": "structure",
    "opening": "structure", "cell_volume": "cell", "cell_stage": "cell", "face_flow": "face",
}  # fmt: skip
_IN_INTERVAL = {
    "forward_flow": "face", "backward_flow": "face", "structure_forward": "structure",
    "structure_backward": "structure", "cell_flow": "cell", "water_in": "node",
    "water_out": "node", "bottleneck": "reach",
}  # fmt: skip


def unsteady(
    network: RiverNetwork,
    boundaries: xr.Dataset,
    times: ArrayLike,
    initial: xr.Dataset | None = None,
    details: Details = _NO_DETAILS,
    run: Run = _USUAL,
) -> xr.Dataset:
    """Flow and stage of a network through time.

    Solves on every reach, with one stage at every node and water that balances there::

        ∂A/∂t + ∂Q/∂x = q
        ∂Q/∂t + ∂(Q²/A)/∂x + g A (∂z/∂x + n² Q |Q| P^(4/3) / A^(10/3)) = 0

    Parameters
    ----------
    network : RiverNetwork
        As for :func:`steady`; storage nodes have ``storage_area``. Pumps run from
        ``start_stage`` to ``stop_stage`` of their from_node.
    boundaries : Dataset
        As for :func:`steady`, with ``time`` (datetime64) in place of ``period``: series are
        straight between instants and cover ``times``; values without time hold throughout.
        A closed end has no boundary.
    times : array of datetime64
        Start of the run and ends of its output intervals (time).
    initial : Dataset, optional
        ``stage`` (node) and optionally ``flow`` (reach), straight along reaches; or
        ``cell_stage`` (cell) and ``face_flow`` (face) of a result with the same cells, such as
        ``result.isel(time=-1)``, whose gates and pumps stay as they were. By default the
        steady state of the first instant.
    details : Details, optional
        Cross-sections, storage curves and gate rules.
    run : Run, optional
        Cells, greatest step, implicitness, inertia, and a file to write to.

    Returns
    -------
    Dataset
        By time, at the instant: ``flow`` (at the middle of a reach), ``velocity``, ``area``,
        ``volume``, ``travel_time``, ``depth`` (reach); ``stage`` (node); ``structure_flow``,
        ``opening`` (structure); ``cell_volume``, ``cell_stage`` (cell); ``face_flow``. By
        interval, its mean or count: ``forward_flow`` and ``backward_flow`` (face),
        ``structure_forward`` and ``structure_backward``, ``cell_flow`` (what enters a cell from
        outside), ``water_in``, ``water_out`` (node), ``bottleneck`` (times that a reach halved
        the step), ``steps``, ``imbalance``. The change of a ``cell_volume`` over an interval is
        its length times the flows of faces, structures and outside, to rounding.

    Raises
    ------
    DataError
        With every fault: geometry, boundaries, gaps in series, rules that can never apply; and
        as soon as flow at a boundary is supercritical, or a stage beyond the ends of its rating
        curve, where it is.
    ConvergenceError
        If a step cannot be made short enough, with the place and time: often more water is
        taken from a place than there is.

    Warns
    -----
    UserWarning
        If a gate rule never applied; also as attribute ``findings``.

    Notes
    -----
    The scheme is that of semi-implicit staggered grids (Casulli; Stelling and Duinmeijer) with
    convection in local form, ∂(Q²/A)/∂x = 2u (q - ∂A/∂t) - u² ∂A/∂x, which holds its share of
    momentum exactly in steady flow and needs no neighbours at nodes. Volumes follow the flows,
    not the stages. Below 5 cm a face takes its area from upstream; below 0.01 mm it closes.

    Examples
    --------
    >>> reaches = pd.DataFrame({"reach": ["R1"], "from_node": ["sea"], "to_node": ["head"],
    ...                         "length": [5000.0], "width": [20.0], "roughness": [0.025],
    ...                         "bed_from": [-2.0], "bed_to": [-2.0]})
    >>> from permitload.hydraulics import tide
    >>> times = pd.date_range("2025-01-01", periods=5, freq="3h")
    >>> sea = tide(times, mean=1.0, amplitude=[0.5], cycle=[44712.0])
    >>> result = unsteady(RiverNetwork(reaches), sea.expand_dims(node=["sea"]).to_dataset(), times)
    >>> bool((result["flow"] > 0.0).any() and (result["flow"] < 0.0).any())
    True
    """
    found = quiet(network, boundaries, times, initial, details, run)
    for sentence in found.attrs.get("findings", "").splitlines():
        warnings.warn(sentence, stacklevel=2)
    return found


def quiet(
    network: RiverNetwork, boundaries: xr.Dataset, times: ArrayLike, initial: xr.Dataset | None,
    details: Details, run: Run,
) -> xr.Dataset:  # fmt: skip
    """Compute as :func:`unsteady`; rules that never applied are in ``findings`` alone."""
    instants, seconds = instants_of(times)
    given = _boundary.read(network, boundaries, "time")
    found = _links.table(network)
    mesh = build(network, details, run, joined(found, given))
    clock = (instants[0], float(seconds[-1]))
    links, opening = _links.links(network, found, given, details, clock)
    ends = np.column_stack([mesh.start, mesh.stop])
    ends = np.vstack([ends, found[["start", "stop"]].to_numpy(dtype=np.int64).reshape(-1, 2)])
    faults = _boundary.stage_faults(given, mesh, network.nodes.index)
    faults += _boundary.part_faults(given, network, ends, mesh.storage >= 0)
    fields = _fields(given, instants, faults)
    raise_faults(faults)
    state = blank(mesh, links, opening)
    _start(network, boundaries, initial, (details, run), (mesh, state, given, instants[0]))
    store = _store(network, mesh, links, instants, run)
    try:
        how = store, run, details
        extra, found_out = _march(network, (mesh, links, fields), state, seconds, how)
    except (ConvergenceError, DataError):
        store.close()
        raise
    return store.result(extra, {"findings": "\n".join(found_out)} if found_out else {})


def _fields(given: _boundary.Given, instants: pd.DatetimeIndex, faults: list[Fault]) -> Forcing:
    """Boundary series in seconds after the start; they must cover the run."""
    if given.axis.size == 1 and given.axis.hasnans:
        return _boundary.forcing(given, np.zeros(1))
    axis = pd.DatetimeIndex(given.axis)
    if axis[0] > instants[0] or axis[-1] < instants[-1]:
        value = f"{axis[0]} to {axis[-1]}"
        right = f"series that cover {instants[0]} to {instants[-1]}"
        faults.append(Fault("boundaries", None, "time", value, "do not cover the run", right))
    seconds = np.asarray((axis - instants[0]).total_seconds(), dtype=float)
    return _boundary.forcing(given, seconds)


def _start(
    network: RiverNetwork, boundaries: xr.Dataset, initial: xr.Dataset | None,
    how: tuple[Details, Run], target: tuple[Mesh, State, _boundary.Given, pd.Timestamp],
) -> None:  # fmt: skip
    """Fill the first stages, flows and volumes."""
    from permitload.hydraulics._kernels import volumes

    mesh, state, given, first = target
    details, run = how
    if initial is None:
        now = boundaries
        if "time" in boundaries.dims:
            now = boundaries.interp(time=first).drop_vars("time")
        calm = Details(details.cross_sections, details.storage_curves)
        initial = steady(network, now, calm, Run(run.cell_length, inertia=run.inertia))
        initial = initial.isel(period=0)
    if "cell_stage" in initial:
        z, q = _labelled(initial, "cell_stage", mesh), _labelled(initial, "face_flow", mesh)
        state.z0[:], state.q0[:] = z, q
        if "opening" in initial:
            count = initial.sizes["structure"]
            state.opening[:count] = initial["opening"].to_numpy()
            state.on[:count] = initial["structure_flow"].to_numpy() > 0.0
    else:
        _along(network, mesh, state, initial)
    raise_faults(
        Fault("initial", network.nodes.index[k] if k < len(mesh.storage) else f"cell {k}",
              "stage", state.z0[k], "is not finite", "a stage at every node [m]")
        for k in np.flatnonzero(~np.isfinite(state.z0))
    )  # fmt: skip
    held = given.rows["stage"]
    if held.size:
        fields = _fields(given, pd.DatetimeIndex([first, first]), [])
        state.z0[held] = [np.interp(0.0, fields.time, row) for row in fields.stage]
    volumes(mesh, state.z0, state.v0, state.g)


def _labelled(initial: xr.Dataset, name: str, mesh: Mesh) -> Floats:
    """Stages by cell or flows by face of an earlier result."""
    need = int(mesh.inner[-1] if name == "cell_stage" else mesh.face[-1])
    if name not in initial or initial[name].shape != (need,):
        right = f"{need} values of one instant, as a result with these cells has"
        raise DataError([Fault("initial", None, name, None, "does not fit the cells", right)])
    return np.asarray(initial[name].to_numpy(), dtype=float)


def _along(network: RiverNetwork, mesh: Mesh, state: State, initial: xr.Dataset) -> None:
    """Stages straight between nodes, and the flow of each reach."""
    nodes, reaches = network.nodes.index, network.reaches.index
    faults = []
    if "stage" not in initial or initial["stage"].dims != ("node",):
        right = "stage (node), with flow (reach) if water moves"
        raise DataError([Fault("initial", None, "stage", None, "is missing", right)])
    stage = initial["stage"].to_series().reindex(nodes)
    faults += [
        Fault("initial", node, "stage", None, "is missing", "a finite stage at every node")
        for node in nodes[~np.isfinite(stage.to_numpy())]
    ]
    raise_faults(faults)
    flow = np.zeros(len(reaches))
    if "flow" in initial:
        flow = initial["flow"].to_series().reindex(reaches).fillna(0.0).to_numpy()
    state.z0[: len(nodes)] = stage.to_numpy()
    for r in range(len(reaches)):
        a, b = stage.iloc[mesh.start[r]], stage.iloc[mesh.stop[r]]
        cells = vertices(mesh, r)
        state.z0[cells] = np.linspace(a, b, cells.size)
        state.q0[mesh.face[r] : mesh.face[r + 1]] = flow[r]


def _store(
    network: RiverNetwork, mesh: Mesh, links: Links, instants: pd.DatetimeIndex, run: Run
) -> Store:
    """Room for all results."""
    coords: dict[str, Any] = {
        **coordinates(network, mesh),
        "time": instants.to_numpy(),
        "interval": np.arange(len(instants) - 1),
        "start": ("interval", instants[:-1].to_numpy()),
        "seconds": ("interval", np.diff(instants.to_numpy()) / np.timedelta64(1, "s")),
    }
    dims = {n: (d, "time") for n, d in _AT_TIME.items()}
    dims |= {n: (d, "interval") for n, d in _IN_INTERVAL.items()}
    return Store(dims, coords, run.path)


def _march(
    network: RiverNetwork, fixed: tuple[Mesh, Links, Forcing], state: State, seconds: Floats,
    where: tuple[Store, Run, Details],
) -> tuple[dict[str, Any], list[str]]:  # fmt: skip
    """Run all intervals, block after block, and put their results; with findings."""
    from permitload.hydraulics._march_kernels import march, snapshot

    (mesh, links, fields), (store, run, details) = fixed, where
    state.v1[:] = state.v0
    shot = shots(mesh, links, 1)
    snapshot(mesh, links, state, shot, 0)
    _put_instants(mesh, shot, store, 0)
    step, counts, off = run.time_step, np.zeros(seconds.size - 1), np.zeros(seconds.size - 1)
    applied, owner = np.zeros(len(links.rule)), _owner(mesh)
    low, high = state.z0.copy(), state.z0.copy()
    for k in range(0, seconds.size - 1, _BLOCK):
        clock = seconds[k : k + _BLOCK + 1]
        count = clock.size - 1
        book, shot = record(mesh, links, count), shots(mesh, links, count)
        how = step, run.time_step, run.implicitness, run.inertia
        step, reached, stuck = march(fixed, state, (book, shot), clock, how)
        if stuck >= 0:
            _complain(network, mesh, state, reached, stuck)
        _refuse_fast(network, (mesh, fields), shot, clock)
        when = [f"{t:.0f} s after the start" for t in clock[1:]]
        raise_faults(_boundary.rating_faults(links, shot.stage, network.nodes.index, when))
        low, high = np.fmin(low, shot.stage.min(axis=0)), np.fmax(high, shot.stage.max(axis=0))
        _put_intervals(book, store, k, (np.diff(clock)[:, None], owner, len(mesh.start)))
        _put_instants(mesh, shot, store, k + 1)
        counts[k : k + count], off[k : k + count] = book.steps.T
        applied += book.applied.sum(axis=0)
    extra = {"steps": ("interval", counts), "imbalance": ("interval", off)}
    rows = links.rule[:, 1]
    return extra, findings(details, applied, low[rows], high[rows])


def _refuse_fast(
    network: RiverNetwork, fixed: tuple[Mesh, Forcing], shot: Shots, clock: Floats
) -> None:
    """Refuse boundaries at which the flow of a reach is supercritical."""
    mesh, fields = fixed
    faults = []
    for name, rows in (("stage", fields.stage_node), ("flow", fields.flow_node)):
        for end, column in ((mesh.start, 4), (mesh.stop, 5)):
            froude = np.where(np.isin(end, rows), shot.sums[:, :, column], 0.0)
            for r in np.flatnonzero((froude >= 1.0).any(axis=0)):
                k = int(np.argmax(froude[:, r] >= 1.0))
                reach = network.reaches.index[r]
                place = f"node {network.nodes.index[end[r]]}, {clock[k + 1]:.0f} s after the start"
                problem = f"makes reach {reach} supercritical (Froude {froude[k, r]:.2f})"
                faults.append(Fault("boundaries", place, name, None, problem, "subcritical flow"))
    raise_faults(faults)


def _owner(mesh: Mesh) -> NDArray[np.int64]:
    """Find a reach of every cell: for nodes the first that touches it, -1 for none."""
    owner = np.full(int(mesh.inner[-1]), -1)
    for r in range(len(mesh.start) - 1, -1, -1):
        owner[vertices(mesh, r)] = r
    return owner


def _put_instants(mesh: Mesh, shot: Shots, store: Store, first: int) -> None:
    """Keep what holds at instants."""
    length, sums = mesh.piece * mesh.pieces, shot.sums.transpose(1, 0, 2)
    for name, (_, values) in reach_variables(length, sums, "time").items():
        store.put(name, first, values.T)
    store.put("stage", first, shot.stage[:, : len(mesh.storage)])
    store.put("structure_flow", first, shot.link[:, : store.size("structure")])
    store.put("opening", first, shot.opening[:, : store.size("structure")])
    store.put("cell_volume", first, shot.volume)
    store.put("cell_stage", first, shot.stage)
    store.put("face_flow", first, shot.flow)


def _put_intervals(
    book: Record, store: Store, first: int, more: tuple[Floats, NDArray[np.int64], int]
) -> None:
    """Keep the means of intervals."""
    seconds, owner, reaches = more
    count = store.size("structure")
    store.put("forward_flow", first, book.forward / seconds)
    store.put("backward_flow", first, book.backward / seconds)
    store.put("structure_forward", first, book.link_forward[:, :count] / seconds)
    store.put("structure_backward", first, book.link_backward[:, :count] / seconds)
    store.put("cell_flow", first, book.outside / seconds)
    store.put("water_in", first, book.water_in / seconds)
    store.put("water_out", first, book.water_out / seconds)
    limits = np.zeros((len(seconds), reaches))
    row, cell = np.nonzero(book.limit[:, owner >= 0])
    cell = np.flatnonzero(owner >= 0)[cell]
    np.add.at(limits, (row, owner[cell]), book.limit[row, cell])
    store.put("bottleneck", first, limits)


def _complain(network: RiverNetwork, mesh: Mesh, state: State, reached: float, stuck: int) -> None:
    """Raise with the place at which a step failed."""
    owner = _owner(mesh)[stuck]
    place = network.nodes.index[stuck] if stuck < len(mesh.storage) else f"inside cell {stuck}"
    reach = network.reaches.index[owner] if owner >= 0 else ""
    bed = float(mesh.bed[owner].min()) if owner >= 0 else float(mesh.base[stuck])
    depth = float(state.z0[stuck]) - bed
    why = "more water is taken there than there is" if depth < 0.1 else "the flow is too violent"
    message = (
        f"no step after {reached:.0f} s converges at node {place} of reach {reach}, "
        f"{depth:.3g} m deep: {why}"
    )
    worst = pd.DataFrame({"depth": [depth]}, index=pd.Index([reach], name="reach"))
    raise ConvergenceError(message, worst)
