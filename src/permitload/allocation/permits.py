"""Permits in whole units of mass, and what the full model makes of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from permitload._labels import floats, number
from permitload.allocation._cases import ANNUAL, DIMS, Case, blank, cases, days_of, numbers_of
from permitload.allocation.rounding import round_down
from permitload.errors import Fault, InfeasibleError, raise_faults
from permitload.sharing import Rows
from permitload.units import rate, tonnes

__all__ = ["refuse_missed", "resimulate", "whole_units"]

Floats = NDArray[np.float64]

_TOLERANCE = 1e-9
"""Share of a limit by which each source may exceed it in the full model: coefficients that small
are left out of the rows, and the computation rounds."""


def whole_units(
    allocation: xr.Dataset,
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    precision: float,
) -> xr.Dataset:
    """Cut every period's load to whole units of mass; spare units only where rows allow.

    :func:`round_down` on each pollutant and period, with the rows of its sections and groups;
    where a group has a total of the year, on all periods of the pollutant at once.

    Parameters
    ----------
    allocation : Dataset
        Result of :func:`allocate`.
    response, headroom, sources
        As for :func:`allocate`, with the coordinate ``days`` (period) [d].
    precision : float
        Unit of a permit [t], > 0.

    Returns
    -------
    Dataset
        ``allocation`` with the loads of whole units as ``permitted_load``, and those before as
        ``unrounded_load`` [kg/d].

    Raises
    ------
    DataError
        As :func:`allocate` and :func:`round_down`; and if days are missing.

    Examples
    --------
    >>> from permitload.allocation.allocate import allocate
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.03]]]], coords=labels, dims=list(labels))
    >>> response = response.assign_coords(days=("period", [100.0]))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> given = xr.Dataset({"source_load": given, "ceiling": given})
    >>> given = given.assign_coords(outlet=("source", ["O1"]))
    >>> permits = allocate(response, room, given)
    >>> whole_units(permits, response, room, given, 0.01).permitted_load.item()
    16.6
    """
    like = blank(response, sources)
    days = days_of(allocation, like)
    given = numbers_of(allocation["permitted_load"], like, "permitted_load")
    loads = given.copy()
    for case in cases(response, headroom, sources):
        length = np.tile(days[case.at[2]], loads.shape[0])
        mass, floor, ceiling = (
            tonnes(values.ravel(), length) for values in (loads[case.at], case.floor, case.ceiling)
        )
        whole = round_down(
            pd.Series(mass, case.source), precision, _by_mass(case, length), ceiling, floor
        )
        loads[case.at] = rate(np.asarray(whole), length).reshape(loads[case.at].shape)
    order = allocation["permitted_load"]
    cut, before = (
        xr.DataArray(values, like.coords, DIMS).sel({dim: order[dim].values for dim in DIMS})
        .transpose(*order.dims) for values in (loads, given)
    )  # fmt: skip
    return allocation.assign(
        permitted_load=order.copy(data=cut.values), unrounded_load=order.copy(data=before.values)
    )


def _by_mass(case: Case, days: Floats) -> Rows:
    """Rows of a case over masses [t] of the periods."""
    rows = case.rows
    matrix = sparse.csr_array(rows.coefficient)
    data = rate(matrix.data, days[matrix.indices])
    # a tonne is a tonne of the year, exactly
    data[np.repeat(case.kind == ANNUAL, np.diff(matrix.indptr))] = 1.0
    return Rows(sparse.csr_array((data, matrix.indices, matrix.indptr), matrix.shape), rows.limit)


def resimulate(
    permitted_load: xr.DataArray,
    simulate: Callable[[xr.DataArray], xr.DataArray],
    allowed: xr.DataArray,
) -> pd.DataFrame:
    """Put permits back into a full model, period by period, before they are called feasible.

    Parameters
    ----------
    permitted_load : DataArray
        (source, pollutant, period) [kg/d], as published: in whole units.
    simulate : function
        Of such loads, returns the concentration (section, pollutant, period) [mg/L] of the full
        model with everything that is not decided.
    allowed : DataArray
        (section, indicator, period) [mg/L]: limit less margin.

    Returns
    -------
    DataFrame
        ``section``, ``indicator``, ``period``, ``concentration``, ``background`` (with loads
        of 0) and ``allowed`` [mg/L].

    Raises
    ------
    InfeasibleError
        As :func:`refuse_missed`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> def simulate(load):
    ...     return 0.01 * load.sum("source").expand_dims(section=["S1"]) + 0.05
    >>> load = xr.DataArray([[[10.0]]], {"source": ["E1"], "pollutant": ["TP"], "period": ["dry"]})
    >>> allowed = xr.DataArray([[[0.2]]], labels).rename(pollutant="indicator")
    >>> float(resimulate(load, simulate, allowed)["concentration"].item())
    0.15000000000000002
    """
    numbers_of(permitted_load, permitted_load, "permitted_load")
    after, before = simulate(permitted_load), simulate(xr.zeros_like(permitted_load))
    return refuse_missed(after, before, allowed, permitted_load.sizes["source"])


def refuse_missed(
    concentration: xr.DataArray, background: xr.DataArray, allowed: xr.DataArray, count: int
) -> pd.DataFrame:
    """Refuse permits that miss a limit, given what the full model makes of them.

    Parameters
    ----------
    concentration, background : DataArray
        (section, pollutant, period) [mg/L] with the permits, and with loads of 0.
    allowed : DataArray
        (section, indicator, period) [mg/L].
    count : int
        Number of sources: each may exceed a limit by 1e-9 of it, which is the size of the
        responses that rows leave out.

    Returns
    -------
    DataFrame
        As :func:`resimulate`.

    Raises
    ------
    DataError
        If a concentration or what is allowed is no finite number.
    InfeasibleError
        If a section exceeds what is allowed though its background alone does not, or if
        permits add to a background that does; the table names each with what is ``missing``.

    Examples
    --------
    >>> labels = {"section": ["S1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> got = xr.DataArray([[[0.2]]], labels)
    >>> refuse_missed(got, 0.0 * got, got.rename(pollutant="indicator") - 0.05, 1)
    Traceback (most recent call last):
    permitload.errors.InfeasibleError: permits miss 1 limits when put back into the full model
    """
    dims = ("section", "indicator", "period")
    after, before = (
        array.rename(pollutant="indicator").reset_coords(drop=True)
        .sel({dim: allowed[dim].values for dim in dims}).transpose(*dims)
        for array in (concentration, background)
    )  # fmt: skip
    most = allowed.reset_coords(drop=True).transpose(*dims)
    given = (("concentration", after), ("background", before), ("allowed", most))
    raise_faults(
        Fault(name, None, name, None, "is NaN or infinite somewhere", "finite mg/L everywhere")
        for name, array in given
        if not np.isfinite(floats(array.values, name)).all()
    )
    limit = np.maximum(most, before) * (1.0 + _TOLERANCE * (number(count, "count") + 1))
    missed = (after - limit).to_series()
    missed = missed[missed > 0.0].rename("missing").reset_index()
    if len(missed):
        message = f"permits miss {len(missed)} limits when put back into the full model"
        raise InfeasibleError(message, missed)
    return xr.Dataset(dict(given)).to_dataframe().reset_index()
