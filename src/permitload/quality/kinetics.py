"""First-order loss: decay with temperature, and settling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import DataError, Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.schema import VARIABLES
from permitload.units import SECONDS_PER_DAY

__all__ = ["Kinetics", "loss_rate", "node_loss"]

Floats = NDArray[np.float64]
Parameters = Mapping[str, Any]
Rate = Callable[[xr.Dataset], xr.DataArray]
Kinetics = Mapping[str, "Parameters | Rate"]

_DEFAULTS = {"decay": 0.0, "temperature_factor": 1.047, "settling": 0.0}
# 1.047 is the common textbook factor for COD and BOD; nitrification is nearer 1.08.


def loss_rate(kinetics: Kinetics, hydraulics: xr.Dataset) -> xr.DataArray:
    r"""Loss rate of each pollutant in each reach.

    Parameters
    ----------
    kinetics : mapping
        Pollutant → mapping of ``decay`` [1/d at 20 °C], ``temperature_factor`` [1] and
        ``settling`` [m/d], numbers or DataArrays by reach or period, and a mapping ``node`` of
        those that are others in storage nodes; or pollutant → function of the hydraulics that
        returns the rate (reach, period) [1/d].
    hydraulics : Dataset
        With ``temperature`` (period or reach, period) [°C]; 20 °C where it is absent. With
        ``depth`` (reach, period) [m] where anything settles.

    Returns
    -------
    DataArray (reach, pollutant, period)
        Loss rate [1/d], not negative.

    Raises
    ------
    DataError
        If a parameter is unknown, negative or not a number, or does not name every reach, node
        or period, or if ``depth`` is missing.

    Notes
    -----
    .. math:: k = K_{20}\,\theta^{T-20} + v_s / h

    with :math:`K_{20}` = ``decay``, :math:`\theta` = ``temperature_factor``,
    :math:`v_s` = ``settling`` and :math:`h` = ``depth``.

    References
    ----------
    Temperature form and default factor 1.047: common practice of GB/T 25173-2010 studies
    (from memory, unverified).

    Examples
    --------
    >>> hydraulics = xr.Dataset({"flow": (("reach", "period"), [[1.0]]),
    ...                          "temperature": ("period", [28.0])},
    ...                         {"reach": ["R1"], "period": ["01"]})
    >>> round(float(loss_rate({"COD": {"decay": 0.12}}, hydraulics).item()), 6)
    0.173282
    """
    faults = _faults(kinetics) + _label_faults(kinetics, hydraulics)
    raise_faults(faults)
    flow = hydraulics["flow"].transpose("reach", "period")
    temperature = _laid(hydraulics.get("temperature", 20.0), flow)
    rates = np.empty((flow.shape[0], len(kinetics), flow.shape[1]))
    for i, (pollutant, law) in enumerate(kinetics.items()):
        if callable(law):
            rates[:, i] = _laid(_called(law, hydraulics, pollutant), flow)
        else:
            rates[:, i] = _decayed(law, flow, temperature)
            settling = _laid(_value(law, "settling", flow), flow)
            if (settling > 0.0).any():
                rates[:, i] += settling / _laid(_depth(hydraulics, pollutant), flow)
        bad = ~(np.isfinite(rates[:, i]) & (rates[:, i] >= 0.0))
        if bad.any():
            label = str(flow["reach"].values[int(np.argwhere(bad)[0][0])])
            right = "a rate ≥ 0 in every reach and period"
            faults.append(Fault("kinetics", pollutant, "decay", None,
                                f"gives no valid rate in reach {label}", right))  # fmt: skip
    raise_faults(faults)
    pollutants = np.asarray(list(kinetics), dtype=object)
    return xr.DataArray(
        rates, {**flow.coords, "pollutant": pollutants}, ("reach", "pollutant", "period")
    )


def node_loss(kinetics: Kinetics, network: RiverNetwork, hydraulics: xr.Dataset) -> xr.DataArray:
    r"""Flow that would carry away as much as a storage node loses by decay and settling.

    Parameters
    ----------
    kinetics : mapping
        As for :func:`loss_rate`, those in ``node`` before the others. A parameter given by
        reach does not apply to nodes; one given by node applies to nodes alone. A pollutant
        with a function only mixes.
    network : RiverNetwork
        Its nodes with ``storage_volume`` [m3] and ``storage_area`` [m2].
    hydraulics : Dataset
        With ``temperature`` (period, or reach and period, then averaged) [°C].

    Returns
    -------
    DataArray (node, pollutant, period)
        :math:`(K_{20}\theta^{T-20} V + v_s A) / 86400` [m3/s]; 0 for junctions.

    Examples
    --------
    >>> import pandas as pd
    >>> network = RiverNetwork(
    ...     pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [1.0]}),
    ...     pd.DataFrame({"node": ["a"], "storage_volume": [86400.0]}))
    >>> flow = xr.Dataset({"flow": (("reach", "period"), [[1.0]])},
    ...                   {"reach": ["R"], "period": ["01"]})
    >>> node_loss({"COD": {"decay": 0.1}}, network, flow).sel(node="a").item()
    0.1
    """
    nodes = network.nodes
    volume = nodes["storage_volume"].to_numpy(float)[:, None]
    area = nodes["storage_area"].to_numpy(float)[:, None]
    temperature = hydraulics.get("temperature", xr.DataArray(20.0))
    if "reach" in temperature.dims:
        temperature = temperature.mean("reach")
    period = hydraulics["flow"].isel(reach=0, drop=True)
    labels = {"node": nodes.index.to_numpy(dtype=object)}
    template = xr.DataArray(
        np.broadcast_to(0.0, (len(nodes), period.size)), {**labels, **period.coords},
        ("node", "period"),
    )  # fmt: skip
    losses = np.zeros((len(nodes), len(kinetics), period.size))
    for i, law in enumerate(kinetics.values()):
        if not callable(law):
            decay = _decayed(law, template, _laid(temperature, template))
            settling = _laid(_value(law, "settling", template), template)
            losses[:, i] = (decay * volume + settling * area) / SECONDS_PER_DAY
    pollutants = np.asarray(list(kinetics), dtype=object)
    return xr.DataArray(
        losses, {**template.coords, "pollutant": pollutants}, ("node", "pollutant", "period")
    )


def _decayed(law: Parameters, like: xr.DataArray, temperature: Floats) -> Floats:
    """Decay at the water's temperature, to be spread over (place, period) of ``like``."""
    decay, factor = (_laid(_value(law, n, like), like) for n in ("decay", "temperature_factor"))
    return np.asarray(decay * factor ** (temperature - 20.0))


def _value(law: Parameters, name: str, like: xr.DataArray) -> float | xr.DataArray:
    """One parameter, for reaches or for nodes; an array by the other kind says nothing of it."""
    nodes = "node" in like.dims
    value: float | xr.DataArray = law.get(name, _DEFAULTS[name])
    if nodes:
        value = law.get("node", {}).get(name, value)
    elsewhere = "reach" if nodes else "node"
    by_other = isinstance(value, xr.DataArray) and elsewhere in value.dims
    return _DEFAULTS[name] if by_other else value


def _laid(value: float | xr.DataArray, like: xr.DataArray) -> Floats:
    """Numbers in the order of (place, period) of ``like``, with length 1 where they do not vary."""
    if not isinstance(value, xr.DataArray):
        return np.asarray(value, dtype=float)
    index = like.indexes
    turned = {d: index[d] for d in value.dims if not value.indexes[d].equals(index[d])}
    ordered = value.sel(turned).transpose(*(d for d in like.dims if d in value.dims))
    shape = [n if d in value.dims else 1 for d, n in like.sizes.items()]
    return np.asarray(ordered.values, dtype=float).reshape(shape)


def _faults(kinetics: Kinetics) -> list[Fault]:
    """Laws and parameters that are unknown or cannot be."""
    faults = []
    for pollutant, law in kinetics.items():
        if callable(law):
            continue
        if not isinstance(law, Mapping):
            right = 'a mapping such as {"decay": 0.2}, or a function'
            faults.append(Fault("kinetics", pollutant, "decay", law, "is no law", right))
            continue
        for name, value in _given(law):
            if name not in _DEFAULTS:
                right = "decay, temperature_factor, settling, or a mapping node of these"
                faults.append(Fault("kinetics", pollutant, name, None, "is unknown", right))
                continue
            if np.ndim(value) > 0 and not isinstance(value, xr.DataArray):
                right = "a number, or a DataArray by reach, node or period"
                faults.append(Fault("kinetics", pollutant, name, None, "has no labels", right))
                continue
            low, high = VARIABLES[name].lower, VARIABLES[name].upper
            numbers = np.asarray(value)
            if numbers.dtype.kind not in "fiu" or not ((numbers >= low) & (numbers <= high)).all():
                right = f"a number from {low:g} to {high:g} {VARIABLES[name].unit}"
                faults.append(Fault("kinetics", pollutant, name, value, "is not valid", right))
    return faults


def _given(law: Parameters) -> list[tuple[str, Any]]:
    """Parameters with their values, those of storage nodes after the others."""
    nodes = law.get("node", {})
    inner = list(nodes.items()) if isinstance(nodes, Mapping) else [("node", nodes)]
    return [(name, value) for name, value in law.items() if name != "node"] + inner


def _label_faults(kinetics: Kinetics, hydraulics: xr.Dataset) -> list[Fault]:
    """Parameters by reach, node or period whose labels are not those of the hydraulics."""
    faults = []
    for pollutant, law in kinetics.items():
        if callable(law) or not isinstance(law, Mapping):
            continue
        own = len([name for name in law if name != "node"])
        for i, (name, value) in enumerate(_given(law)):
            if not isinstance(value, xr.DataArray):
                continue
            places = {"reach", "node"} & set(value.dims)
            if "reach" in places and (len(places) > 1 or i >= own):
                right = "by reach, or by node; those of storage nodes in a mapping node"
                faults.append(Fault("kinetics", pollutant, name, None,
                                    "is by reach and for nodes at once", right))  # fmt: skip
            for dim in value.dims:
                index = hydraulics.indexes.get(dim)
                if dim not in ("reach", "node", "period") or index is None:
                    right = "dimensions among reach, node, period"
                    faults.append(Fault("kinetics", pollutant, name, None, f"is by {dim}", right))
                elif not _same(index, value.indexes.get(dim, index[:0])):
                    problem = f"has not the labels of {dim}"
                    right = f"a value for every {dim} of the hydraulics, and no other"
                    faults.append(Fault("kinetics", pollutant, name, None, problem, right))
    return faults


def _same(index: pd.Index[Any], other: pd.Index[Any]) -> bool:
    """Whether both hold the same labels, in any order."""
    return index.equals(other) or (index.size == other.size and bool(index.isin(other).all()))


def _called(law: Rate, hydraulics: xr.Dataset, pollutant: str) -> xr.DataArray:
    """Rate that a function gives, with exactly the reaches of the hydraulics."""
    rate: object = law(hydraulics)
    flow = hydraulics["flow"]
    if not isinstance(rate, xr.DataArray) or not all(
        d in flow.dims and _same(flow.indexes[d], rate.indexes.get(d, flow.indexes[d][:0]))
        for d in rate.dims
    ):
        right = "a DataArray with the reaches and periods of the hydraulics"
        raise DataError([Fault("kinetics", pollutant, "decay", None, "is no rate", right)])
    return rate


def _depth(hydraulics: xr.Dataset, pollutant: str) -> xr.DataArray:
    """Mean depth, demanded because something settles."""
    if "depth" not in hydraulics:
        right = "depth [m], from the width of the reaches"
        raise_faults([Fault("hydraulics", None, "depth", None,
                            f"is missing but {pollutant} settles", right)])  # fmt: skip
    return hydraulics["depth"]
