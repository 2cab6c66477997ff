"""Capacity under several alternatives, each with its own water, beside a base."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload.capacity._arrays import attributes, matched
from permitload.capacity.points import bests
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["compare", "upstream_share"]

Alternative = tuple[xr.Dataset | xr.DataArray, xr.DataArray, xr.Dataset | None]


def compare(alternatives: Mapping[str, Alternative]) -> xr.Dataset:
    """Best total of several alternatives, signed, their difference to the first, what binds.

    What an alternative changes (water at the boundaries, diversion, gates, works, ecological
    flow, reuse) changes flows, background or loads: compute its hydraulics, its background and
    its response anew, and pass what comes of them. Nothing is carried over from the base.

    Parameters
    ----------
    alternatives : mapping
        Name to (response, headroom, bounds), as for :func:`network`; bounds may be None. The
        first is the base. Sections and outlets may differ, pollutants and periods may not.

    Returns
    -------
    Dataset
        ``total`` (alternative, pollutant, period) [kg/d]: the best total less the least cut that
        sections without headroom owe; ``change``, its difference to the base; ``status``;
        ``binding``, the sections that hold the total (priced ones), most costly first. As a
        table: ``.to_dataframe()``; by year: :func:`annual` of ``total``.

    Raises
    ------
    DataError
        If there is no alternative, one of them lacks a pollutant or period of the base or has
        more, or its numbers are refused by :func:`network`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].drop_vars("outlet").rename(pollutant="indicator") * 0 + 0.5
    >>> found = compare({"base": (response, room, None), "diversion": (response / 2, room, None)})
    >>> found.change.values.ravel()
    array([ 0., 50.])
    """
    if not alternatives:
        raise DataError("there is no alternative; right would be a base and what it is compared to")
    given = {
        name: (r["response"] if isinstance(r, xr.Dataset) else r, h, b)
        for name, (r, h, b) in alternatives.items()
    }
    base = next(iter(given.values()))[0]
    _refuse_others(given, base)
    total, status, binding = [], [], []
    for response, headroom, bounds in given.values():
        order = {dim: base[dim].values for dim in ("pollutant", "period")}
        found = bests(response.sel(order), headroom, bounds)
        sections = response["section"].values
        total.append([value for value, _, _ in found])
        status.append([state for _, _, state in found])
        binding.append([_priced(price, sections) for _, price, _ in found])
    shape = len(given), base.sizes["pollutant"], base.sizes["period"]
    value = np.array(total).reshape(shape)
    arrays = {
        "total": value, "change": value - value[:1],
        "status": np.array(status).reshape(shape), "binding": np.array(binding).reshape(shape),
    }  # fmt: skip
    dims = ("alternative", "pollutant", "period")
    coords = {n: c for n, c in base.coords.items() if c.dims and set(c.dims) <= set(dims)}
    data = {name: (dims, array, attributes(name)) for name, array in arrays.items()}
    return xr.Dataset(data, coords | {"alternative": list(given)})


def upstream_share(
    response: xr.Dataset | xr.DataArray,
    measured: xr.DataArray,
    at_target: xr.DataArray,
    bounds: xr.Dataset | None = None,
) -> xr.Dataset:
    """Capacity with measured and with target water at the boundaries, and what lies between.

    The difference is the upstream's share: it is shown beside the capacity and never charged to
    the decided sources, whose capacity is that ``at_target``. It is negative where the upstream
    sends better water than it owes.

    Parameters
    ----------
    response : Dataset or DataArray
        As for :func:`network`; the water is the same, only its quality at the boundaries differs.
    measured, at_target : DataArray
        Headroom (section, indicator, period) [mg/L] above the background that measured water, and
        water at its target, bring in.
    bounds : Dataset, optional
        As for :func:`network`.

    Returns
    -------
    Dataset
        What :func:`compare` returns for the alternatives ``at_target`` and ``measured``;
        ``upstream_share`` (pollutant, period) [kg/d], the total at target less the measured;
        ``upstream_rise`` (section, pollutant, period) [mg/L], what the upstream adds to the
        background beyond its target.

    Raises
    ------
    DataError
        As :func:`network`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].drop_vars("outlet").rename(pollutant="indicator") * 0 + 0.5
    >>> found = upstream_share(response, room - 0.6, room)
    >>> found.total.sel(alternative="at_target").item(), round(found.upstream_share.item(), 9)
    (50.0, 60.0)
    """
    found = compare({"at_target": (response, at_target, bounds),
                     "measured": (response, measured, bounds)})  # fmt: skip
    share = -found["change"].sel(alternative="measured", drop=True)
    names = {"indicator": "pollutant"}
    rise = (at_target - matched(measured, at_target, "measured")).rename(names)
    rise = rise.sel(pollutant=found["pollutant"].values, period=found["period"].values)
    rise = rise.transpose("section", "pollutant", "period").reset_coords(drop=True)
    return found.assign(
        upstream_share=share.assign_attrs(attributes("upstream_share")),
        upstream_rise=rise.assign_attrs(attributes("upstream_rise")),
    )


def _refuse_others(given: Mapping[str, Alternative], base: xr.DataArray) -> None:
    raise_faults(
        [
            Fault("compare", name, dim, str(label), "is in one of two only", "those of the base")
            for name, (response, _, _) in given.items()
            for dim in ("pollutant", "period")
            for label in sorted(set(response[dim].values) ^ set(base[dim].values))
        ]
    )


def _priced(price: NDArray[np.float64], sections: object) -> str:
    order = np.argsort(-price, kind="stable")
    return "; ".join(str(np.asarray(sections)[k]) for k in order if price[k] > 0)
