"""Floors that the sections cannot take: how far quality would miss, or which floors must yield."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from permitload import program
from permitload.allocation._cases import SECTION, UNITS, Case, blank, cases, numbers_of
from permitload.errors import DataError
from permitload.program import Program
from permitload.sharing import Rows, section_rows

__all__ = ["relax", "relax_floors"]


def relax(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    limit: xr.DataArray | None = None,
) -> pd.DataFrame:
    """Sections and periods that cannot be met when every source gets its floor.

    The rows of sections and groups yield, the floors do not: what is missing is the excess over the
    headroom that no allocation can avoid, the background's own excess included.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], with its sign.
    sources : Dataset
        ``floor`` (source, pollutant, period) [kg/d] with the coordinate ``outlet`` (source).
    limit : DataArray, optional
        (section, indicator, period) [mg/L]: one unit missing weighs 1/limit, at a group one
        over the group's own; by default 1.

    Returns
    -------
    DataFrame
        ``section`` (its name, or that of a group), ``pollutant``, ``period`` (empty for a year),
        ``missing``, ``background``, the part of it owed by the background alone, and ``unit``
        (mg/L; kg/d or t/a for groups), of all that cannot be met; empty if the floors fit.

    Raises
    ------
    DataError
        If labels differ or a number is NaN.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> floor = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"floor": floor}).assign_coords(outlet=("source", ["O1"]))
    >>> table = relax(response, room, sources).set_index("section")
    >>> table[["missing", "background"]].round(9).to_dict("index")
    {'S1': {'missing': 0.3, 'background': 0.0}}
    """
    limits = None if limit is None else section_rows(response, limit)
    periods = np.append(blank(response, sources)["period"].values.astype(str), "")
    records = []
    for case in cases(response, headroom, sources):
        when = np.append(case.at[2], -1)[case.period]
        weight = np.ones(len(when))
        if limits is not None:
            weight = _weights(case, periods[when], limits)
        count = case.matrix.shape[1]
        columns = Program().columns(range(count), np.bincount(case.place, case.floor, count))
        model = columns.at_most(case.limit.index, case.matrix, case.limit)
        missing = program.relax(model, case.limit.index, weight)["missing"].to_numpy()
        owed = np.maximum(-case.limit.to_numpy(), 0.0)
        records += [
            (case.name[k], case.pollutant, str(periods[when[k]]), missing[k], owed[k],
             UNITS[case.kind[k]])
            for k in np.flatnonzero(missing > 0)
        ]  # fmt: skip
    names = ["section", "pollutant", "period", "missing", "background", "unit"]
    return pd.DataFrame(records, columns=names)


def _weights(
    case: Case, period: NDArray[np.str_], limits: Mapping[tuple[str, str], Rows]
) -> NDArray[np.float64]:
    """Weigh one unit missing by 1/limit: that of the section, or of the group itself."""
    own = [
        limits[case.pollutant, when].limit[name] if kind == SECTION else most
        for name, when, kind, most in zip(case.name, period, case.kind, case.limit, strict=True)
    ]
    return 1.0 / np.where(np.array(own) > 0.0, own, 1.0)


def relax_floors(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    weight: xr.DataArray | None = None,
) -> pd.DataFrame:
    """Floors that must yield so that every section and group is met, and by how little.

    Parameters
    ----------
    response, headroom, sources
        As for :func:`relax`. Where the headroom is negative the sources that reach the section
        must yield their whole floor.
    weight : DataArray, optional
        (source, pollutant, period): weight of 1 kg/d taken from each floor, > 0; by default 1.

    Returns
    -------
    DataFrame
        ``source``, ``pollutant``, ``period`` and ``shortfall`` [kg/d], of all floors that must
        yield; empty if the floors fit.

    Raises
    ------
    DataError
        If labels differ, a number is NaN, or a weight is not positive.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> floor = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"floor": floor}).assign_coords(outlet=("source", ["O1"]))
    >>> relax_floors(response, room, sources).round(9).to_dict("records")
    [{'source': 'O1', 'pollutant': 'TP', 'period': 'dry', 'shortfall': 30.0}]
    """
    problems, like = cases(response, headroom, sources), blank(response, sources)
    weights = np.ones(like.shape) if weight is None else numbers_of(weight, like, "weight")
    if not (weights > 0).all():
        raise DataError(f"weight is {weights.min():g} somewhere; right would be weights > 0")
    records = []
    for case in problems:
        missing = _yielding(case, weights[case.at].ravel())
        source, period = np.divmod(np.arange(len(missing)), len(case.at[2]))
        records += [
            (str(like["source"].values[source[k]]), case.pollutant,
             str(like["period"].values[case.at[2][period[k]]]), missing[k])
            for k in np.flatnonzero(missing > 0)
        ]  # fmt: skip
    return pd.DataFrame(records, columns=["source", "pollutant", "period", "shortfall"])


def _yielding(case: Case, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find what each floor of one case must yield."""
    has = np.flatnonzero(case.floor > 0.0)
    found = np.zeros(len(case.floor))
    if not len(has):
        return found
    source, floors = case.source[has], [("floor", name) for name in case.source[has]]
    model = (
        Program()
        .columns(source)
        .at_most(case.limit.index, case.rows.coefficient[:, has], case.rows.limit)
        .at_least(floors, sparse.eye_array(len(has), format="csr"), case.floor[has])
    )
    table = program.relax(model, floors, weight[has])
    found[has] = table["missing"].to_numpy()[len(case.limit) :]
    return found
