"""First-order loss: decay with temperature, and settling."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from permitload.errors import DataError, Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.schema import VARIABLES
from permitload.units import SECONDS_PER_DAY

__all__ = ["Kinetics", "loss_rate", "node_loss"]

Parameters = Mapping[str, "float | xr.DataArray"]
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
        ``settling`` [m/d], numbers or DataArrays by reach or period; or pollutant → function
        of the hydraulics that returns the rate (reach, period) [1/d].
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
    template = xr.zeros_like(hydraulics["flow"], dtype=float)
    temperature = hydraulics.get("temperature", xr.DataArray(20.0))
    rates = []
    for pollutant, law in kinetics.items():
        if callable(law):
            rate = template + _called(law, hydraulics, pollutant)
        else:
            given = {**_DEFAULTS, **{name: _by_reach(v) for name, v in law.items()}}
            warm = given["temperature_factor"] ** (temperature - 20.0)
            rate = template + given["decay"] * warm
            if np.any(np.asarray(given["settling"]) > 0.0):
                rate = rate + given["settling"] / _depth(hydraulics, pollutant)
        values = rate.transpose("reach", "period").values
        bad = ~(np.isfinite(values) & (values >= 0.0))
        if bad.any():
            label = str(rate["reach"].values[int(np.argwhere(bad)[0][0])])
            right = "a rate ≥ 0 in every reach and period"
            faults.append(Fault("kinetics", pollutant, "decay", None,
                                f"gives no valid rate in reach {label}", right))  # fmt: skip
        rates.append(rate.transpose("reach", "period"))
    raise_faults(faults)
    labels = xr.Variable("pollutant", np.asarray(list(kinetics), dtype=object))
    if not rates:
        return template.expand_dims(pollutant=labels.values).transpose(
            "reach", "pollutant", "period"
        )
    return xr.concat(rates, labels).transpose("reach", "pollutant", "period")


def node_loss(kinetics: Kinetics, network: RiverNetwork, hydraulics: xr.Dataset) -> xr.DataArray:
    r"""Flow that would carry away as much as a storage node loses by decay and settling.

    Parameters
    ----------
    kinetics : mapping
        As for :func:`loss_rate`. A parameter given by reach does not apply to nodes; one
        given by node applies to nodes alone. A pollutant with a function only mixes.
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
    volume = xr.DataArray(nodes["storage_volume"].to_numpy(float), {"node": nodes.index.values})
    area = xr.DataArray(nodes["storage_area"].to_numpy(float), {"node": nodes.index.values})
    temperature = hydraulics.get("temperature", xr.DataArray(20.0))
    if "reach" in temperature.dims:
        temperature = temperature.mean("reach")
    template = (
        xr.zeros_like(hydraulics["flow"].isel(reach=0, drop=True), dtype=float) + 0.0 * volume
    )
    losses = []
    for law in kinetics.values():
        loss = template
        if not callable(law):
            values = {**_DEFAULTS, **{name: _by_node(name, v) for name, v in law.items()}}
            warm = values["temperature_factor"] ** (temperature - 20.0)
            stored = values["decay"] * warm * volume + values["settling"] * area
            loss = template + stored / SECONDS_PER_DAY
        losses.append(loss.transpose("node", "period"))
    labels = xr.Variable("pollutant", np.asarray(list(kinetics), dtype=object))
    if not losses:
        return template.expand_dims(pollutant=labels.values).transpose(
            "node", "pollutant", "period"
        )
    return xr.concat(losses, labels).transpose("node", "pollutant", "period")


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
        for name, value in law.items():
            if name not in _DEFAULTS:
                right = "decay, temperature_factor or settling"
                faults.append(Fault("kinetics", pollutant, name, None, "is unknown", right))
                continue
            low, high = VARIABLES[name].lower, VARIABLES[name].upper
            numbers = np.asarray(value)
            if numbers.dtype.kind not in "fiu" or not ((numbers >= low) & (numbers <= high)).all():
                right = f"a number from {low:g} to {high:g} {VARIABLES[name].unit}"
                faults.append(Fault("kinetics", pollutant, name, value, "is not valid", right))
    return faults


def _label_faults(kinetics: Kinetics, hydraulics: xr.Dataset) -> list[Fault]:
    """Parameters by reach, node or period whose labels are not those of the hydraulics."""
    faults = []
    for pollutant, law in kinetics.items():
        if callable(law) or not isinstance(law, Mapping):
            continue
        arrays = {n: v for n, v in law.items() if isinstance(v, xr.DataArray)}
        for name, value in arrays.items():
            for dim in value.dims:
                index = hydraulics.indexes.get(dim)
                if dim not in ("reach", "node", "period") or index is None:
                    right = "dimensions among reach, node, period"
                    faults.append(Fault("kinetics", pollutant, name, None, f"is by {dim}", right))
                elif not (
                    index.size == value.sizes[dim] and index.isin(value.indexes.get(dim, [])).all()
                ):
                    problem = f"has not the labels of {dim}"
                    right = f"a value for every {dim} of the hydraulics, and no other"
                    faults.append(Fault("kinetics", pollutant, name, None, problem, right))
    return faults


def _called(law: Rate, hydraulics: xr.Dataset, pollutant: str) -> xr.DataArray:
    """Rate that a function gives, with exactly the reaches of the hydraulics."""
    rate: object = law(hydraulics)
    flow = hydraulics["flow"]
    if not isinstance(rate, xr.DataArray) or not all(
        d in flow.dims
        and rate.sizes[d] == flow.sizes[d]
        and flow.indexes[d].isin(rate.indexes.get(d, [])).all()
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


def _by_reach(value: float | xr.DataArray) -> float | xr.DataArray:
    return 0.0 if isinstance(value, xr.DataArray) and "node" in value.dims else value


def _by_node(name: str, value: float | xr.DataArray) -> float | xr.DataArray:
    given_by_reach = isinstance(value, xr.DataArray) and "reach" in value.dims
    return _DEFAULTS[name] if given_by_reach else value
