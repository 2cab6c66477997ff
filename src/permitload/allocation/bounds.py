"""Floors and ceilings from named components: which one binds, and which contradict each other."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import xarray as xr

from permitload._labels import cell
from permitload.allocation._cases import DIMS, blank, cases
from permitload.allocation._components import least, together
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import described

__all__ = ["alone", "bounds"]


def bounds(
    floors: xr.Dataset, ceilings: xr.Dataset, needed: Collection[str] = ("eia_total",)
) -> xr.Dataset:
    """Floor and ceiling of each source: greatest floor and least ceiling, with their names.

    Parameters
    ----------
    floors : Dataset
        Components by any name, such as ``technology_floor`` and ``minimum_operation``
        [kg/d], of dimensions among (source, pollutant, period).
    ceilings : Dataset
        Components such as ``technology_standard``, ``eia_total``, ``present_permit`` (a permit
        that may not rise) and ``benchmark`` [kg/d]. A total of the year is none of them: that
        is a group of one source (:func:`with_groups`).
    needed : collection of str, default ("eia_total",)
        Components that must be known of every source (assumed; a statutory rule names others).
        NaN in another component says that it does not apply to the source.

    Returns
    -------
    Dataset
        ``floor`` (0 where no component applies), ``ceiling`` (infinity), ``floor_component``
        and ``ceiling_component`` (empty), the first in the order given where several are equal;
        all (source, pollutant, period). Merged into the sources they make ``stopped_by`` name
        the component.

    Raises
    ------
    DataError
        With every needed number that is missing, every negative number, every floor above its
        ceiling with the names of both, every name that stands on both sides.

    Examples
    --------
    >>> labels = {"source": ["E1"], "pollutant": ["TN"], "period": ["dry"]}
    >>> number = lambda value: (tuple(labels), [[[value]]])
    >>> floors = xr.Dataset({"minimum_operation": number(2.0)}, labels)
    >>> known = {"eia_total": number(9.0), "present_permit": number(7.0)}
    >>> found = bounds(floors, xr.Dataset(known, labels))
    >>> found.floor.item(), found.ceiling.item(), found.ceiling_component.item()
    (2.0, 7.0, 'present_permit')
    """
    parts = {**floors.data_vars, **ceilings.data_vars}
    faults = [
        Fault("bounds", None, str(name), None, "is a floor and a ceiling", "one of the two")
        for name in floors.data_vars
        if name in ceilings.data_vars
    ]
    faults += [
        Fault("bounds", None, name, None, "is missing", "a component of every source")
        for name in needed
        if name not in parts
    ]
    raise_faults(faults)
    placed, like = together({str(name): part for name, part in parts.items()}, DIMS, needed)
    raise_faults(
        Fault("bounds", None, str(name), np.inf, "is infinite somewhere", "finite floors")
        for name in floors.data_vars
        if np.isinf(placed[str(name)].values).any()
    )
    floor, low = least({str(n): -placed[str(n)] for n in floors.data_vars}, like.shape)
    ceiling, high = least({str(n): placed[str(n)] for n in ceilings.data_vars}, like.shape)
    floor = np.where(low == "", 0.0, -floor)
    faults = []
    for at in map(tuple, np.argwhere(floor > ceiling)):
        right = f"at most {high[at]} {ceiling[at]:g}"
        faults.append(
            Fault("bounds", cell(like, at), str(low[at]), floor[at], "exceeds a ceiling", right)
        )
    raise_faults(faults)
    found = {"floor": floor, "ceiling": ceiling, "floor_component": low, "ceiling_component": high}
    arrays = {name: (DIMS, values) for name, values in found.items()}
    return described(xr.Dataset(arrays, like.coords))


def alone(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, sources: xr.Dataset
) -> xr.DataArray:
    """Most that each source could get if all others stood on their floors.

    A ceiling for the leaves of a tree: necessary, not sufficient, where several rows bind.

    Parameters
    ----------
    response, headroom, sources
        As for :func:`allocate`.

    Returns
    -------
    DataArray
        (source, pollutant, period) [kg/d]: at most the ceiling; below the floor where the floors
        alone do not fit. A total of the year counts as if the other periods stood on their
        floors too.

    Raises
    ------
    DataError
        As :func:`allocate`; and if a coefficient is negative.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> floor = xr.DataArray([[[0.0]], [[20.0]]], {"source": ["E1", "E2"], "pollutant": ["TP"],
    ...                      "period": ["dry"]}, ["source", "pollutant", "period"])
    >>> sources = xr.Dataset({"floor": floor}).assign_coords(outlet=("source", ["O1", "O1"]))
    >>> alone(response, room, sources).values.ravel().round(9).tolist()
    [30.0, 50.0]
    """
    like = blank(response, sources)
    for case in cases(response, headroom, sources):
        matrix = case.matrix.tocsc()
        if (matrix.data < 0).any():
            raise DataError("a response is negative; right would be responses >= 0")
        used = case.matrix @ np.bincount(case.place, case.floor, matrix.shape[1])
        spare = np.maximum(case.limit.to_numpy(), 0.0) - used
        # least of what the rows of each column leave, per unit of load
        left = (spare[matrix.indices] / matrix.data)[matrix.data > 0]
        column = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.indptr))[matrix.data > 0]
        least_left = np.full(matrix.shape[1], np.inf)
        np.minimum.at(least_left, column, left)
        most = np.minimum(case.ceiling, case.floor + least_left[case.place])
        like.values[case.at] = most.reshape(like.values[case.at].shape)
    return like.assign_attrs(units="kg/d")
