"""Periods of an unsteady run as steady flow with exchange, for transport."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults
from permitload.hydraulics._result import node_balance, reach_variables
from permitload.network import RiverNetwork
from permitload.schema import described

__all__ = ["period_statistics"]

Floats = NDArray[np.float64]

_NEEDED = ("forward_flow", "backward_flow", "volume", "depth", "stage", "cell_volume")


def period_statistics(
    network: RiverNetwork, computed: xr.Dataset, periods: pd.DataFrame
) -> xr.Dataset:
    """Mean flow of the periods of an unsteady run, with what goes back and forth as exchange.

    In a period water passes the middle of a reach forward at the mean rate F and backward at
    B: ``flow`` is F - B; min(F, B) only goes back and forth. Over the length L of the reach
    this is the dispersion min(F, B) · L / A, which moves the same mass as the exchange does
    between two well-mixed ends.

    Parameters
    ----------
    network : RiverNetwork
        That of the run.
    computed : Dataset
        Result of :func:`unsteady`.
    periods : DataFrame
        ``period``, ``days``, ``start``: each begins and ends at instants of the run.

    Returns
    -------
    Dataset
        As from :func:`from_flow`, fit for steady transport: ``flow``, ``velocity``, ``area``,
        ``volume``, ``travel_time``, ``depth``, ``dispersion`` (reach, period);
        ``boundary_flow`` and ``lateral_flow`` (node, period). ``boundary_flow`` is what the
        reaches leave open at a node: boundaries, structures, half the lateral flow of its
        reaches, less what the node and the halves of its reaches store. Besides
        ``forward_flow``, ``backward_flow``, ``forward_share`` (of the intervals with flow),
        ``exchange`` (reach, period) and ``storage_change`` (node, period), the part of
        ``boundary_flow`` that is stored.

    Raises
    ------
    DataError
        If ``computed`` is no such result, or a period does not begin and end at its instants.

    Notes
    -----
    Exchange by dispersion holds where a tide moves water less than a reach's length; longer
    excursions carry load further, and need the run itself.

    Examples
    --------
    >>> from permitload.hydraulics import tide, unsteady
    >>> network = RiverNetwork(pd.DataFrame(
    ...     {"reach": ["R1"], "from_node": ["sea"], "to_node": ["head"], "length": [5000.0],
    ...      "width": [20.0], "roughness": [0.025], "bed_from": [-2.0], "bed_to": [-2.0]}))
    >>> times = pd.date_range("2025-01-01", periods=49, freq="30min")
    >>> sea = tide(times, 1.0, [0.5], [43200.0]).expand_dims(node=["sea"]).to_dataset()
    >>> periods = pd.DataFrame({"period": ["day"], "days": [1.0], "start": ["2025-01-01"]})
    >>> found = period_statistics(network, unsteady(network, sea, times), periods)
    >>> bool((found["exchange"] > 0.9 * found["forward_flow"]).all())
    True
    """
    raise_faults(
        Fault("computed", None, name, None, "is missing", "a result of hydraulics.unsteady")
        for name in _NEEDED if name not in computed
    )  # fmt: skip
    first, last = _bounds(computed, periods)
    faces = _middle(network, computed)
    seconds = computed["seconds"].to_numpy()
    rows = [
        _one(network, computed, faces, (a, b), seconds[a:b])
        for a, b in zip(first, last, strict=True)
    ]
    return _labelled(network, computed, periods, rows)


def _bounds(computed: xr.Dataset, periods: pd.DataFrame) -> tuple[list[int], list[int]]:
    """First and last instant of every period, by number."""
    times = pd.DatetimeIndex(computed["time"].to_numpy())
    faults: list[Fault] = []
    first, last = [], []
    missing = [c for c in ("period", "days", "start") if c not in periods]
    raise_faults(
        Fault("periods", None, c, None, "is missing", "period, days and start") for c in missing
    )
    if periods["period"].duplicated().any() or periods.empty:
        right = "one row a period, one or more"
        faults.append(Fault("periods", None, "period", None, "is repeated or missing", right))
    for row in periods.itertuples():
        begin = pd.Timestamp(row.start)
        ends = [begin, begin + pd.Timedelta(days=float(row.days))]
        places = times.get_indexer(pd.DatetimeIndex(ends))
        if (places < 0).any() or places[0] >= places[1]:
            right = f"a start and an end among the instants from {times[0]} to {times[-1]}"
            problem = "does not begin and end at instants of the run"
            faults.append(Fault("periods", row.period, "start", row.start, problem, right))
        first.append(int(places[0]))
        last.append(int(places[1]))
    raise_faults(faults)
    return first, last


def _middle(network: RiverNetwork, computed: xr.Dataset) -> NDArray[np.int64]:
    """(reach, 2) faces at the middle of every reach: one twice, or the two beside it."""
    labels = pd.Index(computed["face_reach"].to_numpy()).astype(str)
    places = labels.get_indexer_for(network.reaches.index)
    counts = labels.value_counts().reindex(network.reaches.index)
    if (places < 0).any() or len(labels) != len(places) or counts.isna().any():
        right = "the network that the run was made with"
        raise_faults([Fault("computed", None, "face_reach", None, "names other reaches", right)])
    start = np.concatenate([[0], np.cumsum(counts.to_numpy())[:-1]])
    n = counts.to_numpy()
    middle = np.column_stack([start + (n - 1) // 2, start + n // 2])
    return np.asarray(np.asarray(places)[middle], dtype=np.int64)


def _one(
    network: RiverNetwork, computed: xr.Dataset, faces: NDArray[np.int64], span: tuple[int, int],
    seconds: Floats,
) -> dict[str, Floats]:  # fmt: skip
    """Means of one period, by reach and node."""
    a, b = span
    within = computed.isel(interval=slice(a, b))
    weight = seconds / seconds.sum()
    found: dict[str, Floats] = {}
    for name in ("forward_flow", "backward_flow"):
        values = within[name].transpose("interval", "face").to_numpy()
        found[name] = weight @ values[:, faces].mean(axis=2)
    net = within["forward_flow"] - within["backward_flow"]
    ahead = net.transpose("interval", "face").to_numpy()[:, faces].mean(axis=2) > 0.0
    found["forward_share"] = weight @ ahead.astype(float)
    instants = computed.isel(time=slice(a, b + 1))
    for name in ("volume", "depth"):
        values = instants[name].transpose("time", "reach").to_numpy()
        found[name] = weight @ (0.5 * (values[1:] + values[:-1]))
    change = instants["cell_volume"].isel(time=-1) - instants["cell_volume"].isel(time=0)
    found["storage_change"] = _of_nodes(network, computed, change.to_numpy()) / seconds.sum()
    return found


def _of_nodes(network: RiverNetwork, computed: xr.Dataset, change: Floats) -> Floats:
    """Gather what cells store at the nodes on whose side of the middle of a reach they lie."""
    count = len(network.nodes)
    order = pd.Index(computed["node"].to_numpy()).get_indexer(network.nodes.index)
    sums = change[:count][order].copy()
    reaches = network.reaches.index.get_indexer(pd.Index(computed["cell_reach"].to_numpy()[count:]))
    half = (
        computed["cell_position"].to_numpy()[count:] / network.reaches["length"].to_numpy()[reaches]
    )
    near = np.where(np.isclose(half, 0.5), 0.5, (half < 0.5).astype(float))
    np.add.at(sums, network.from_index[reaches], near * change[count:])
    np.add.at(sums, network.to_index[reaches], (1.0 - near) * change[count:])
    return np.asarray(sums)


def _labelled(
    network: RiverNetwork, computed: xr.Dataset, periods: pd.DataFrame,
    rows: list[dict[str, Floats]],
) -> xr.Dataset:  # fmt: skip
    """Name the means and add what follows from them."""
    mean = {name: np.column_stack([row[name] for row in rows]) for name in rows[0]}
    order = pd.Index(computed["reach"].to_numpy()).get_indexer(network.reaches.index)
    volume, depth = mean["volume"][order], mean["depth"][order]
    flow = mean["forward_flow"] - mean["backward_flow"]
    with np.errstate(divide="ignore", invalid="ignore"):
        surface = np.where(depth > 0.0, volume / depth, 0.0)
    sums = np.stack([flow, volume, surface], axis=-1)
    exchange = np.minimum(mean["forward_flow"], mean["backward_flow"])
    length = network.reaches["length"].to_numpy()
    coords = {
        "reach": network.reaches.index.to_numpy(dtype=object),
        "node": network.nodes.index.to_numpy(dtype=object),
        "period": periods["period"].astype(str).to_numpy(dtype=object),
        "days": ("period", periods["days"].to_numpy(dtype=float)),
        "start": ("period", pd.DatetimeIndex(periods["start"]).to_numpy()),
    }
    by_reach = {
        name: (("reach", "period"), mean[name])
        for name in ("forward_flow", "backward_flow", "forward_share")
    }
    result = xr.Dataset(
        {
            **reach_variables(length, sums, "period"), **by_reach,
            "exchange": (("reach", "period"), exchange),
            "dispersion": (("reach", "period"), exchange * length[:, None] ** 2 / volume),
            "storage_change": (("node", "period"), mean["storage_change"]),
        },
        coords,
    )  # fmt: skip
    result["boundary_flow"] = node_balance(network, result["flow"])
    result["lateral_flow"] = xr.zeros_like(result["boundary_flow"])
    return described(result)
