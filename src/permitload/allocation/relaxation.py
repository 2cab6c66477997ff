"""Floors that the sections cannot take: how far quality would miss, or which floors must yield."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import program
from permitload.allocation._cases import Case, blank, cases, numbers_of
from permitload.errors import DataError
from permitload.program import Program
from permitload.sharing import section_rows

__all__ = ["relax", "relax_floors"]


def relax(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    limit: xr.DataArray | None = None,
) -> pd.DataFrame:
    """Sections and periods that cannot be met when every source gets its floor.

    The rows of the sections yield, the floors do not: what is missing is the excess over the
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
        (section, indicator, period) [mg/L]: one unit missing weighs 1/limit; by default 1.

    Returns
    -------
    DataFrame
        ``section``, ``pollutant``, ``period``, ``missing`` [mg/L] and ``background``, the part of
        it owed by the background alone, of all that cannot be met; empty if the floors fit.

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
    problems = cases(response, headroom, sources)
    limits = None if limit is None else section_rows(response, limit)
    records = []
    for (pollutant, period), case in problems.items():
        weight = 1.0 if limits is None else 1.0 / limits[pollutant, period].limit
        rows = case.rows
        columns = Program().columns(rows.coefficient.columns, case.floor)
        model = columns.at_most(rows.limit.index, rows.coefficient, rows.limit, "mg/L")
        missing = program.relax(model, rows.limit.index, weight)["missing"]
        owed = (-rows.limit).clip(lower=0.0)
        records += [
            (section, pollutant, period, missing[section], owed[section])
            for section in rows.limit.index[missing > 0]
        ]
    names = ["section", "pollutant", "period", "missing", "background"]
    return pd.DataFrame(records, columns=names)


def relax_floors(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    weight: xr.DataArray | None = None,
) -> pd.DataFrame:
    """Floors that must yield so that every section is met, and by how little.

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
    problems = cases(response, headroom, sources)
    like = blank(response, sources)
    weights = np.ones(like.shape) if weight is None else numbers_of(weight, like, "weight")
    if not (weights > 0).all():
        raise DataError(f"weight is {weights.min():g} somewhere; right would be weights > 0")
    records = []
    for k, ((pollutant, period), case) in enumerate(problems.items()):
        missing = _yielding(case, weights.reshape(len(weights), -1)[:, k])
        records += [
            (source, pollutant, period, value) for source, value in missing.items() if value > 0
        ]
    return pd.DataFrame(records, columns=["source", "pollutant", "period", "shortfall"])


def _yielding(case: Case, weight: NDArray[np.float64]) -> pd.Series[float]:
    """Find what each floor of one pollutant and period must yield."""
    rows, source = case.rows, case.rows.coefficient.columns
    floors = [("floor", name) for name in source]
    model = (
        Program()
        .columns(source)
        .at_most(rows.limit.index, rows.coefficient, rows.limit.clip(lower=0.0), "mg/L")
        .at_least(floors, np.eye(len(source)), case.floor, "kg/d")
    )
    missing = program.relax(model, floors, weight)["missing"].to_numpy()
    return pd.Series(missing[len(rows.limit) :], source)
