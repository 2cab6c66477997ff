"""Flow of periods with a tide: an unsteady run each, and what it is in the mean."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._frames import scan
from permitload.errors import ConvergenceError, DataError, Fault, raise_faults
from permitload.hydraulics import _boundary
from permitload.hydraulics._result import node_balance, reach_variables
from permitload.hydraulics._run import Details, Run
from permitload.hydraulics.statistics import period_statistics
from permitload.hydraulics.tide import tide
from permitload.hydraulics.unsteady import quiet
from permitload.network import RiverNetwork
from permitload.schema import described

__all__ = ["period_flow"]

Floats = NDArray[np.float64]

TIDE = ("amplitude", "cycle", "phase")
SPIN_UP = pd.Timedelta(days=1)
"""What a run forgets before its period begins, assumed."""
STEP, OUTPUT = "10min", "1h"
"""Between the values of a tide, and between the instants of a run."""
TURNS = 10.0
"""Steps in the shortest cycle of a tide that they can follow."""
DAY = 86400.0e9
"""[ns]"""
_NO_DETAILS, _USUAL = Details(), Run()


def period_flow(
    network: RiverNetwork,
    boundaries: xr.Dataset,
    details: Details = _NO_DETAILS,
    run: Run = _USUAL,
) -> xr.Dataset:
    """Mean flow of periods in which a tide, gates and pumps move the water.

    Each period is an unsteady run of its days, after one more day (assumed) that is forgotten,
    from the steady state of its first instant. The stage of a node with a tide is
    z = stage + Σ amplitude · cos(2π (t - phase) / cycle), t from the start of the first period.
    Means are those of :func:`period_statistics`. What nodes store from the begin of a period to
    its end is taken out of the mean flows, by the least change of them (least squares, weighted
    by how much passes), so that the water that transport sees balances.

    Parameters
    ----------
    network : RiverNetwork
        As for :func:`unsteady`.
    boundaries : Dataset
        As for :func:`steady`, by ``period`` with ``days`` and ``start``; besides ``amplitude``
        [m], ``cycle`` [s] and ``phase`` [s] (node, constituent) of nodes that have a stage, NaN
        where a node has fewer constituents.
    details : Details, optional
        Cross-sections, storage curves, rules of gates.
    run : Run, optional
        As for :func:`unsteady`; its ``path`` is not used.

    Returns
    -------
    Dataset
        As from :func:`steady`, in the mean of every period; besides ``dispersion`` and
        ``exchange`` (reach, period), ``structure_exchange`` (structure, period), what goes back
        and forth, and ``storage_change`` (node, period), what was taken out of the flows.

    Raises
    ------
    DataError
        If a period has no start, a boundary not a number in every period, a tide no stage or a
        cycle below 6000 s, if a rule of a gate is in no period, or as :func:`unsteady`.
    ConvergenceError
        As :func:`unsteady`.

    Warns
    -----
    UserWarning
        If a gate rule applied in no period.

    Notes
    -----
    Levels, flows from outside and openings are constant in a period. Exchange by dispersion holds
    where a tide moves water less than a reach's length.

    Examples
    --------
    >>> network = RiverNetwork(pd.DataFrame(
    ...     {"reach": ["R1"], "from_node": ["head"], "to_node": ["sea"], "length": [5000.0],
    ...      "width": [20.0], "roughness": [0.025], "bed_from": [-2.0], "bed_to": [-2.0]}))
    >>> given = xr.Dataset(
    ...     {"stage": (("node", "period"), [[1.0], [np.nan]]),
    ...      "flow": (("node", "period"), [[np.nan], [2.0]]),
    ...      **{name: (("node", "constituent"), [[value], [np.nan]])
    ...         for name, value in (("amplitude", 0.5), ("cycle", 43200.0), ("phase", 0.0))}},
    ...     {"node": ["sea", "head"], "period": ["day"], "days": ("period", [1.0]),
    ...      "start": ("period", pd.DatetimeIndex(["2025-01-01"]))})
    >>> found = period_flow(network, given)
    >>> round(found["flow"].item(), 9), bool((found["exchange"] > 0.1).all())
    (2.0, True)
    """
    tides = _tides(boundaries)
    rest = boundaries.drop_vars([name for name in TIDE if name in boundaries])
    raise_faults(
        Fault("boundaries", None, name, None, "is missing", "periods with days and start")
        for name in ("period", "days", "start")
        if name not in rest.coords
    )
    _boundary.read(network, rest, "period")  # a run of one period does not see its gaps
    rules, faults = scan(details.gate_rules, "gate_rules")
    raise_faults([*faults, *_calendar(rest)])
    raise_faults(_idle(rules, rest))
    details = Details(details.cross_sections, details.storage_curves, rules)
    starts, wrong = pd.DatetimeIndex(rest["start"].to_numpy()), dict[Fault, None]()
    found, idle = [], list[dict[str, str]]()
    for p, label in enumerate(map(str, rest["period"].values)):
        days = float(rest["days"].to_numpy()[p])
        begin, end = starts[p] - SPIN_UP, starts[p] + pd.Timedelta(days=days)
        times = pd.date_range(begin, end, freq=OUTPUT).union([end])
        now = rest.isel(period=p).drop_vars(("period", "days", "start"))
        now = _with_tides(now, tides, (begin, end, starts[0]))
        here = Run(run.cell_length, run.time_step, run.implicitness, run.inertia)
        during = _during(details, begin, end)
        try:
            computed = quiet(network, now, times, None, during, here)
        except ConvergenceError as error:
            raise ConvergenceError(f"period {label}: {error}", error.worst) from error
        except DataError as error:
            wrong.update(dict.fromkeys(_in_period(fault, label) for fault in error.faults))
            continue
        row = pd.DataFrame({"period": [label], "days": [days], "start": [starts[p]]})
        found.append(_mean(network, computed, row))
        idle.append(_unused(during, computed, label))
    raise_faults(wrong)
    for name in dict.fromkeys(name for names in idle for name in names):
        if all(names.get(name, "idle") for names in idle):
            warnings.warn(next(names[name] for names in idle if name in names), stacklevel=2)
    return _balanced(network, xr.concat(found, "period"), boundaries)


def _calendar(given: xr.Dataset) -> Iterator[Fault]:
    """Periods without a start, or without days."""
    for label, start, days in zip(
        given["period"].values, given["start"].values, given["days"].values, strict=True
    ):
        if pd.isna(start):
            right = "a date: a tide has a clock"
            yield Fault("periods", label, "start", None, "is empty", right)
        if not 0.0 < days < np.inf:
            yield Fault("periods", label, "days", days, "is not valid", "a number > 0 d")


def _idle(rules: pd.DataFrame, given: xr.Dataset) -> Iterator[Fault]:
    """Rules of gates whose time is that of no period."""
    begin = given["start"].values
    end = begin + (given["days"].values * DAY).astype("timedelta64[ns]")
    for _, rule in rules.iterrows():
        early = begin if pd.isna(rule["after"]) else np.maximum(begin, np.datetime64(rule["after"]))
        late = end if pd.isna(rule["before"]) else np.minimum(end, np.datetime64(rule["before"]))
        if not (early < late).any():
            row = f"{rule['structure']}, priority {rule['priority']:g}"
            problem = "never applies: its time is that of no period"
            right = "a rule that can hold in a period"
            yield Fault("gate_rules", row, "opening", rule["opening"], problem, right)


def _unused(during: Details, computed: xr.Dataset, label: str) -> dict[str, str]:
    """Rules that a period has, each with what it lacked there; empty where it applied."""
    rules = during.gate_rules
    if rules is None:
        return {}
    keys = zip(rules["structure"], rules["priority"], strict=True)
    found = {f"gate_rules, {gate}, priority {order:g}": "" for gate, order in keys}
    for sentence in computed.attrs.get("findings", "").splitlines():
        name, _, why = sentence.partition(": never applied; ")
        found[name] = f"{name}: never applied; in period {label} {why}"
    return found


def _in_period(fault: Fault, label: str) -> Fault:
    """Name the period of what is wrong with boundaries; the rest is wrong in all."""
    if fault.table != "boundaries":
        return fault
    row = str(fault.row or "").removesuffix(", time NaT").removesuffix(", period design")
    row = f"{row}, period {label}" if row else f"period {label}"
    return replace(fault, row=row)


def _tides(boundaries: xr.Dataset) -> dict[str, list[tuple[float, float, float]]]:
    """Amplitude, cycle and phase of the constituents by node; each needs a stage."""
    some = [name for name in TIDE if name in boundaries]
    if not some:
        return {}
    raise_faults(
        Fault("boundaries", None, name, None, "is missing", "amplitude, cycle and phase (node)")
        for name in TIDE
        if name not in some
    )
    nodes = boundaries["node"].to_numpy()
    every = np.stack(
        [boundaries[name].transpose("node", "constituent").to_numpy() for name in TIDE], axis=-1
    )
    found = {}
    level = boundaries["stage"].notnull().any("period") if "stage" in boundaries else None
    faults: list[Fault] = []
    for node, rows in zip(nodes, every, strict=True):
        there = ~np.isnan(rows).all(axis=1)
        if there.any():
            found[str(node)] = [(float(a), float(c), float(late)) for a, c, late in rows[there]]
            faults += _unfit(str(node), rows[there])
            if level is None or not bool(level.sel(node=node)):
                right = "a stage, around which the tide moves"
                faults.append(Fault("boundaries", f"node {node}", "stage", None, "is empty", right))
    raise_faults(faults)
    return found


def _unfit(node: str, rows: Floats) -> Iterator[Fault]:
    """Numbers of constituents that make no tide, or one too short to be followed."""
    least = TURNS * pd.Timedelta(STEP).total_seconds()
    bounds = (0.0, np.inf), (least, np.inf), (-np.inf, np.inf)
    right = "a finite number ≥ 0 m", f"{least:g} s or more, such as 44714 s", "a finite number [s]"
    for row in rows:
        for name, value, (low, high), good in zip(TIDE, row, bounds, right, strict=True):
            if not (np.isfinite(value) and low <= value <= high):
                yield Fault("tides", f"node {node}", name, float(value), "is not valid", good)


def _with_tides(
    now: xr.Dataset, tides: dict[str, list[tuple[float, float, float]]],
    clock: tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp],
) -> xr.Dataset:  # fmt: skip
    """Boundaries of one run: stages by time where there is a tide."""
    if not tides:
        return now
    begin, end, origin = clock
    times = pd.date_range(begin, end, freq=STEP).union([end])
    late = (begin - origin).total_seconds()
    stage = now["stage"].expand_dims(time=times).copy()
    for node, rows in tides.items():
        height, cycle, phase = np.transpose(rows)
        mean = float(now["stage"].sel(node=node))
        stage.loc[{"node": node}] = tide(times, mean, height, cycle, phase - late).to_numpy()
    return now.drop_vars("stage").assign(stage=stage)


def _during(details: Details, begin: pd.Timestamp, end: pd.Timestamp) -> Details:
    """Rules of gates that can hold in a run; those of other times are left out."""
    rules = details.gate_rules
    if rules is None:
        return details
    kept = rules[~((rules["before"] <= begin) | (rules["after"] >= end)).to_numpy()]
    return Details(details.cross_sections, details.storage_curves, kept if len(kept) else None)


def _mean(network: RiverNetwork, computed: xr.Dataset, row: pd.DataFrame) -> xr.Dataset:
    """Means of the one period of a run, structures included."""
    found = period_statistics(network, computed, row)
    inside = (computed["start"] >= np.datetime64(row["start"].iloc[0])).to_numpy()
    weight = np.where(inside, computed["seconds"].to_numpy(), 0.0)
    weight /= weight.sum()
    ahead, back = (
        computed[name].transpose("structure", "interval").to_numpy() @ weight
        for name in ("structure_forward", "structure_backward")
    )
    level = computed["stage"].isel(time=slice(int((~inside).sum()), None))
    axes = {"structure": computed["structure"].to_numpy(), "period": found["period"].to_numpy()}
    for name, values in (
        ("structure_flow", ahead - back),
        ("structure_exchange", np.minimum(ahead, back)),
    ):
        found[name] = xr.DataArray(values[:, None], axes, ["structure", "period"])
    return found.assign(stage=level.mean("time").expand_dims(period=axes["period"], axis=-1))


def _balanced(network: RiverNetwork, mean: xr.Dataset, boundaries: xr.Dataset) -> xr.Dataset:
    """Take the storage change of nodes that no stage or rating holds out of the mean flows."""
    from scipy.sparse import coo_array, diags_array
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import splu

    nodes, links = network.nodes.index, network.structures
    start = np.append(network.from_index, nodes.get_indexer(pd.Index(links["from_node"])))
    stop = np.append(network.to_index, nodes.get_indexer(pd.Index(links["to_node"])))
    free = np.ones(len(nodes), dtype=bool)
    for name in ("stage", "rating_stage"):
        if name in boundaries:
            given = boundaries[name].notnull()
            held = given.any([dim for dim in given.dims if dim != "node"])
            free[nodes.get_indexer(held["node"].to_numpy()[held.to_numpy()])] = False
    count = start.size
    one = np.ones(count)
    signed = np.concatenate([one, -one]), (np.append(start, stop), np.tile(np.arange(count), 2))
    leaving = coo_array(signed, shape=(len(nodes), count)).tocsr()[free]
    joint = coo_array((one, (start, stop)), shape=(len(nodes), len(nodes)))
    _, part = connected_components(joint, directed=False)
    loose = ~np.isin(part, part[~free])[free]  # what such a part stores has nowhere to go
    flow, passed = mean["flow"].to_numpy().copy(), mean["structure_flow"].to_numpy().copy()
    both = np.vstack([flow, passed])
    back = np.vstack([mean["exchange"].to_numpy(), mean["structure_exchange"].to_numpy()])
    change = mean["storage_change"].to_numpy()[free]
    for p in range(both.shape[1]):
        weight = np.abs(both[:, p]) + 2.0 * back[:, p]
        weight = np.maximum(weight, 1e-9 * max(float(weight.max()), 1e-9))
        matrix = leaving @ diags_array(weight) @ leaving.T
        matrix = matrix + diags_array(1e-12 * weight.max() * loose)
        factors, goal = splu(matrix.tocsc()), leaving @ both[:, p] + change[:, p]
        for _ in range(3):  # a shut gate carries what is stored by a weight near 0: refine
            missing = goal - leaving @ both[:, p]
            both[:, p] += weight * (leaving.T @ factors.solve(missing))
    return _labelled(network, mean, both)


def _labelled(network: RiverNetwork, mean: xr.Dataset, both: Floats) -> xr.Dataset:
    """Put the balanced flows in the place of the means, with what follows from them."""
    count = len(network.reaches)
    volume, depth = mean["volume"].to_numpy(), mean["depth"].to_numpy()
    surface = np.divide(volume, depth, out=np.zeros_like(volume), where=depth > 0.0)
    sums = np.stack([both[:count], volume, surface], axis=-1)
    length = network.reaches["length"].to_numpy(dtype=float)
    found = mean.assign(reach_variables(length, sums, "period"))
    found["structure_flow"] = (("structure", "period"), both[count:])
    found["boundary_flow"] = node_balance(network, found["flow"])
    found["lateral_flow"] = xr.zeros_like(found["boundary_flow"])
    return described(found)
