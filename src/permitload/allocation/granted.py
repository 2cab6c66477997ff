"""Loads that a rule grants, and nothing else: for rules side by side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from permitload import sharing
from permitload.allocation._cases import DIMS, blank, cases, numbers_of
from permitload.allocation.allocate import filled, present_load
from permitload.schema import described
from permitload.sharing import Filling

__all__ = ["granted"]


def granted(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    target: Callable[[xr.Dataset], xr.DataArray] = present_load,
    compose: Callable[..., Filling] = sharing.fill,
) -> xr.DataArray:
    """Share out as :func:`allocate` does, without what stopped whom and without prices.

    Parameters
    ----------
    response, headroom, sources, target, compose
        As for :func:`allocate`.

    Returns
    -------
    DataArray
        ``permitted_load`` (source, pollutant, period) [kg/d], the same as that of
        :func:`allocate`.

    Raises
    ------
    InfeasibleError
        If floors do not fit into a section; :func:`allocate` says where.
    DataError
        As :func:`allocate`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given, "ceiling": given})
    >>> granted(response, room, sources.assign_coords(outlet=("source", ["O1"]))).item()
    50.0
    """
    like = blank(response, sources)
    claim = numbers_of(target(sources), like, "target")
    load = np.empty(like.shape)
    for case in cases(response, headroom, sources):
        wanted = claim[case.at]
        load[case.at] = np.asarray(filled(case, wanted, compose).share).reshape(wanted.shape)
    coords = {name: coord for name, coord in like.coords.items() if name in DIMS}
    return described(xr.Dataset({"permitted_load": (DIMS, load)}, coords))["permitted_load"]
