"""Steady concentrations of a network on given flows, with a closed mass ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import _profile
from permitload.errors import Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.quality import _dispersion, _kernels
from permitload.quality._inputs import Inputs, aligned, inputs
from permitload.quality._layout import Layout, layout
from permitload.quality._result import dataset
from permitload.quality._state import State, loads_on, solve, state
from permitload.quality.kinetics import Kinetics
from permitload.units import KG_PER_DAY

__all__ = ["steady"]

Floats = NDArray[np.float64]


def steady(
    network: RiverNetwork,
    hydraulics: xr.Dataset,
    outlets: pd.DataFrame,
    source_load: xr.DataArray,
    inflow: xr.DataArray,
    kinetics: Kinetics,
) -> xr.Dataset:
    r"""Concentrations and mass ledger of every pollutant in every period.

    Reaches are plug flow with first-order loss, exact along the reach; loads enter at their
    position; nodes mix what arrives; storage nodes are mixed tanks. Where the hydraulics
    hold a ``dispersion`` > 0 the reach is solved with it, exactly as well. The order of
    calculation follows the sign of the flow; where water circles, or anything disperses,
    one sparse system is solved instead of a sweep.

    Parameters
    ----------
    network : RiverNetwork
        Rivers.
    hydraulics : Dataset
        ``flow`` (reach, period) [m3/s] without the outlets' effluent, ``volume`` [m3],
        ``boundary_flow`` (node, period) [m3/s]; optional ``share`` (reach), ``dispersion``
        [m2/s], ``temperature`` [°C], ``depth`` [m].
    outlets : DataFrame
        ``outlet``, ``reach`` and ``position`` [m] or ``node``; ``position_to`` [m] spreads the
        load evenly along the reach; ``effluent_flow`` [m3/s] is added to the river's.
    source_load : DataArray (outlet, pollutant, period)
        Load [kg/d]; a missing dimension is repeated.
    inflow : DataArray (node, pollutant, period)
        Concentration [mg/L] of the water entering at every node with a positive
        ``boundary_flow``, and of held nodes. Always prescribed, never guessed.
    kinetics : mapping
        Pollutant → rates; see :func:`loss_rate`.

    Returns
    -------
    Dataset
        ``concentration`` (reach, end, pollutant, period) and ``node_concentration`` [mg/L],
        NaN where no water flows; ``flux`` past each reach end [kg/d], positive along the
        drawing; ``boundary_in``, ``boundary_out`` (node, …) [kg/d]; ``ledger`` (term, …)
        [kg/d] whose ``residual`` is what does not close; and the segments that :func:`at`
        reads.

    Raises
    ------
    DataError
        With every load on dry water, missing concentration, unknown label and invalid value.

    Notes
    -----
    .. math:: \frac{d(QC)}{dx} = q c_l + w - k A C, \qquad
              C(x) = C(0)\, e^{-k t(x)} \text{ where } Q \text{ is constant}

    With dispersion, :math:`Q C' - E A C'' + k A C = 0` on each stretch between loads, with
    continuous concentration and balanced flux at its ends; water enters with the flux
    condition :math:`QC - EAC' = q c` and leaves with :math:`C' = 0`.

    References
    ----------
    Plug flow with decay: GB/T 25173-2010, one-dimensional river model (from memory).

    Examples
    --------
    >>> from permitload import hydraulics as water
    >>> network = RiverNetwork(pd.DataFrame(
    ...     {"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [8640.0]}))
    >>> flow = water.from_flow(network, pd.Series({"R": 10.0}), velocity=pd.Series({"R": 0.1}))
    >>> outlets = pd.DataFrame({"outlet": ["O"], "reach": ["R"], "position": [0.0]})
    >>> load = xr.DataArray([[864.0]], {"outlet": ["O"], "pollutant": ["COD"]})
    >>> inflow = xr.DataArray([[2.0]], {"node": ["a"], "pollutant": ["COD"]})
    >>> found = steady(network, flow, outlets, load, inflow, {"COD": {"decay": 0.2}})
    >>> round(float(found.concentration.sel(reach="R", end="to").item()), 6)  # 3 exp(-0.2)
    2.456192
    """
    pollutants = [str(p) for p in np.atleast_1d(source_load["pollutant"].values)]
    raise_faults([
        Fault("kinetics", p, "pollutant", p, "has no kinetics", "a row for every pollutant")
        for p in pollutants if p not in kinetics
    ])  # fmt: skip
    known = inputs(network, hydraulics, outlets, {p: kinetics[p] for p in pollutants})
    labels = {"pollutant": known.pollutants, "period": known.periods}
    shape = (len(known.outlets), known.pollutants.size, known.periods.size)
    outlet = {"outlet": known.outlets.index.to_numpy(dtype=object), **labels}
    load = aligned(source_load, "source_load", outlet, np.ones(shape, dtype=bool))
    node = {"node": network.nodes.index.to_numpy(dtype=object), **labels}
    enters = known.hydraulics["boundary_flow"].transpose("node", "period").values > 0.0
    enters = enters | known.held[:, None]
    needed = np.broadcast_to(enters[:, None, :], (enters.shape[0], *shape[1:]))
    given = aligned(inflow, "inflow", node, needed)
    cut = layout(network.reaches["length"].to_numpy(float), [known.outlets])
    periods = []
    for i in range(known.periods.size):
        water = state(network, known.hydraulics.isel(period=i), known.outlets, cut)
        raise_faults(_dry_faults(known, water, cut, load[:, :, i], str(known.periods[i])))
        periods.append(_period(known, water, cut, (load[:, :, i], given[:, :, i]), i))
    return dataset(known, cut, periods)


@dataclass(frozen=True, slots=True)
class _Balance:
    """What a period is solved from: loads [g/s] on the layout, and losses."""

    point: Floats
    spread: Floats
    node: Floats
    exponent: Floats
    """(segment, pollutant) loss rate times travel time; 0 off plug flow."""
    part: Floats
    """(segment, pollutant) share of a spread load that leaves the segment."""
    loss: Floats
    """(node, pollutant) loss of storage nodes [m3/s]."""


def _period(
    known: Inputs, water: State, cut: Layout, given: tuple[Floats, Floats], i: int
) -> dict[str, Any]:
    """Solve one period; arrays in the layout's order, fluxes in g/s along the flow."""
    load, inflow = given
    plug = water.plug
    rate, loss = known.rate[:, :, i], known.loss[:, :, i]
    point, spread, at_node = loads_on(cut, known.outlets, load / KG_PER_DAY, loss.shape[0])
    on_plug = np.repeat(plug, np.diff(cut.first) + 1)[:, None]
    days = np.where(plug[cut.reach], water.days, 0.0)[:, None]
    exponent = np.where(plug[cut.reach][:, None], rate[cut.reach], 0.0) * days
    part = np.ones_like(exponent)
    some = (spread != 0.0).any(axis=1)
    part[some] = _profile.spread_kept(
        exponent[some], water.start[some][:, None], water.stop[some][:, None]
    )
    entering = at_node + inflow * np.maximum(water.boundary, 0.0)[:, None]
    balance = _Balance(np.where(on_plug, point, 0.0), spread, entering, exponent, part, loss)
    own = _follow(water, cut, balance, np.zeros_like(rate))[2]
    arriving = entering.copy()
    np.add.at(arriving, water.down[plug], own[plug])
    passed = np.exp(-np.add.reduceat(exponent, cut.first[:-1], axis=0))
    if (water.dispersion > 0.0).any() or known.held.any():
        result = _with_dispersion(
            known, water, cut, balance, (passed, arriving, point, inflow, rate)
        )
    else:
        through = water.through[:, None]
        total = through + loss
        kept = np.divide(through, total, out=np.zeros_like(total), where=total > 0.0)
        weight = water.share[:, None] * kept[water.up] * passed
        arrived = solve(
            water.order, int(water.active.sum()), (water.up, water.down), weight, arriving
        )
        node = np.divide(arrived, total, out=np.full_like(total, np.nan), where=total > 0.0)
        result = {"node": node, "held": np.zeros(node.shape[0], dtype=bool)}
    node = np.nan_to_num(result["node"])
    head = np.where(plug, water.share * water.through[water.up], 0.0)[:, None] * node[water.up]
    start, stop, tail = _follow(water, cut, balance, head)
    lost = (start * -np.expm1(-exponent) + spread * (1.0 - part)).sum(axis=0)
    return _finish(water, cut, balance, (head, start, stop, tail), {
        **result, "lost": lost + result.get("lost", 0.0), "inflow": inflow,
        "load": load.sum(axis=0) / KG_PER_DAY, "rate": rate,
    })  # fmt: skip


def _follow(
    water: State, cut: Layout, balance: _Balance, head: Floats
) -> tuple[Floats, Floats, Floats]:
    """Flux at the ends of every segment and at the downstream end of every plug-flow reach."""
    start, stop = np.empty_like(balance.exponent), np.empty_like(balance.exponent)
    tail = np.empty_like(head)
    kept = (np.exp(-balance.exponent), balance.part)
    flux = (np.ascontiguousarray(head), start, stop, tail)
    _kernels.down(water.forward, cut.first, balance.point, balance.spread, kept, flux)
    return start, stop, tail


def _with_dispersion(
    known: Inputs, water: State, cut: Layout, balance: _Balance, given: tuple[Floats, ...]
) -> dict[str, Any]:
    """Node concentrations, and end concentrations and fluxes of segments with dispersion."""
    passed, arriving, point, inflow, rate = given
    network = known.network
    count = water.through.size
    held = known.held
    ends = (network.from_index, network.to_index)
    vertex = _dispersion.vertices(cut, water, ends, count)
    loaded = np.flatnonzero((vertex >= 0) & (point != 0.0).any(axis=1))
    columns: dict[str, list[Floats]] = {"node": [], "ends": [], "flux": [], "lost": []}
    for j in range(known.pollutants.size):
        node = (balance.loss[:, j], held, passed[:, j])
        system = _dispersion.system(cut, water, vertex, rate[:, j], node)
        entering = np.zeros(system.held.size)
        entering[:count] = arriving[:, j]
        np.add.at(entering, vertex[loaded], point[loaded, j])
        prescribed = np.zeros(system.held.size)
        prescribed[:count] = inflow[:, j]
        found = system.solve(entering, prescribed)
        reach = cut.reach[system.segment]
        low = found[vertex[system.segment + reach]]
        high = found[vertex[system.segment + reach + 1]]
        h0, h1, t0, t1 = _profile.exchange(*system.element)
        mean = _profile.dispersed_mean((low, high), *system.element)
        columns["node"].append(found[:count])
        columns["ends"].append(np.stack([low, high]))
        columns["flux"].append(np.stack([h0 * low - h1 * high, t0 * low - t1 * high]))
        columns["lost"].append(np.asarray(np.sum(system.element[2] * mean)))
    at_node = np.zeros((count, known.pollutants.size))
    at_ends = loaded[vertex[loaded] < count]
    np.add.at(at_node, vertex[at_ends], point[at_ends])
    return {"held": held, "segment": np.flatnonzero(water.dispersion[cut.reach] > 0.0),
            "at_node": at_node,
            **{name: np.stack(values, axis=-1) for name, values in columns.items()}}  # fmt: skip


def _finish(
    water: State, cut: Layout, balance: _Balance, flux: tuple[Floats, ...], found: dict[str, Any]
) -> dict[str, Any]:
    """Concentrations at reach ends and segments, and the ledger."""
    head, start, stop, tail = flux
    ahead = water.forward
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(water.plug[:, None], head / water.head[:, None], np.nan)
        last = np.where(water.plug[:, None], tail / water.tail[:, None], np.nan)
        flowing = water.plug[cut.reach][:, None]
        began = np.where(flowing, start / water.start[:, None], np.nan)
        ended = np.where(flowing, stop / water.stop[:, None], np.nan)
    along = np.where(ahead, 1.0, -1.0)[:, None]
    # load put in at the very head of a reach is mixed there: show what leaves the point
    upper = np.where(ahead, cut.first[:-1], cut.first[1:] - 1)
    first = np.where(water.plug[:, None], began[upper], first)
    reach_flux = along[:, None, :] * _drawn(ahead, start[upper], tail)
    reach_flux[~water.plug] = 0.0
    reach_end = _drawn(ahead, first, last)
    forward = ahead[cut.reach]
    segment_end = _drawn(forward, began, ended)
    if "segment" in found:
        segment = found["segment"]
        segment_end[segment] = np.moveaxis(found["ends"], 0, 1)
        wide = np.flatnonzero(water.dispersion > 0.0)
        reach_end[wide] = segment_end[
            np.stack([cut.first[wide], cut.first[wide + 1] - 1], 1), [0, 1]
        ]
        rank = np.full(cut.reach.size, -1)
        rank[segment] = np.arange(segment.size)
        reach_flux[wide, 0] = found["flux"][0, rank[cut.first[wide]]]
        reach_flux[wide, 1] = found["flux"][1, rank[cut.first[wide + 1] - 1]]
    node = np.nan_to_num(found["node"])
    entered = np.maximum(water.boundary, 0.0)[:, None] * found["inflow"]
    taken = np.bincount(water.up, water.share * water.through[water.up], water.through.size)
    left = np.maximum(water.through - taken, 0.0)[:, None] * node
    held = found["held"]
    if held.any():
        entered, left = _held_exchange(
            water, balance, (head, tail, reach_flux), found, (entered, left)
        )
    lost = found["lost"] + (balance.loss * node).sum(axis=0)
    ledger = {
        "boundary_in": entered.sum(axis=0), "load": found["load"],
        "boundary_out": left.sum(axis=0), "decayed": lost, "stored": np.zeros_like(lost),
    }  # fmt: skip
    ledger["residual"] = ledger["boundary_in"] + ledger["load"] - ledger["boundary_out"] - lost
    return {"node": found["node"], "reach": reach_end, "segment": segment_end, "flux": reach_flux,
            "in": entered, "out": left, "ledger": ledger, "water": water,
            "spread": balance.spread, "rate": found["rate"]}  # fmt: skip


def _drawn(forward: Any, upstream: Floats, downstream: Floats) -> Floats:  # noqa: ANN401
    """Put values at the ends along the flow into the order of the drawing: (…, end, m)."""
    ahead = np.asarray(forward)[:, None]
    low = np.where(ahead, upstream, downstream)
    return np.stack([low, np.where(ahead, downstream, upstream)], axis=1)


def _held_exchange(
    water: State, balance: _Balance, flux: tuple[Floats, ...], found: dict[str, Any],
    exchange: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Balance the fluxes at held nodes: what they give to the network, or take."""
    head, tail, reach_flux = flux
    plug = water.plug
    supply = -balance.node + np.maximum(water.boundary, 0.0)[:, None] * found["inflow"]
    supply -= found["at_node"]
    np.add.at(supply, water.up[plug], head[plug])
    np.add.at(supply, water.down[plug], -tail[plug])
    wide = np.flatnonzero(water.dispersion > 0.0)
    low = np.where(water.forward, water.up, water.down)[wide]
    high = np.where(water.forward, water.down, water.up)[wide]
    np.add.at(supply, low, reach_flux[wide, 0])
    np.add.at(supply, high, -reach_flux[wide, 1])
    held = found["held"][:, None]
    entered, left = exchange
    supply += balance.loss * np.nan_to_num(found["node"])
    return (
        np.where(held, np.maximum(supply, 0.0), entered),
        np.where(held, np.maximum(-supply, 0.0), left),
    )


def _dry_faults(known: Inputs, water: State, cut: Layout, load: Floats, period: str) -> list[Fault]:
    """List loads and effluent that no water carries."""
    faults: list[Fault] = []
    place = known.outlets
    reach, node = place["reach_index"].to_numpy(), place["node_index"].to_numpy()
    wide = place["position_to"].notna().to_numpy()
    loaded = (load != 0.0).any(axis=1)
    effluent = place["effluent_flow"].to_numpy() > 0.0
    in_reach = reach >= 0
    dispersed = in_reach & (water.dispersion[reach] > 0.0)
    still = in_reach & ~water.active[reach]
    tank = (known.network.nodes["storage_volume"].to_numpy() > 0.0)[node]
    dry = (node >= 0) & (water.through[node] == 0.0)
    near_spread = np.isin(node, np.concatenate([water.up[water.dispersion > 0.0],
                                                water.down[water.dispersion > 0.0]]))  # fmt: skip
    for bad, column, problem, right in (
        (still & ~dispersed & loaded, "reach", "has a load but its reach has no flow",
         "a flow in flows, or dispersion"),
        (still & effluent, "effluent_flow", "enters a reach without flow, so has no direction",
         "a flow in flows of at least the effluent"),
        (dispersed & wide & (loaded | effluent), "position_to",
         "spreads a load along a reach with dispersion", "several outlets, each at a position"),
        (dry & loaded & ~tank & ~near_spread, "node", "has a load but no water leaves its node",
         "a flow in flows"),
    ):  # fmt: skip
        faults.extend(
            Fault("outlets", place.index[o], column, None, f"{problem} in period {period}", right)
            for o in np.flatnonzero(bad)
        )
    return faults
