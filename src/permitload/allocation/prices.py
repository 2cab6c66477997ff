"""What one more unit of each limit is worth in total load."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.allocation._cases import UNITS, Case, cases
from permitload.program import Program, gains, sided, signed
from permitload.program import prices as ranged

__all__ = ["gain", "price_ranges", "prices"]

Floats = NDArray[np.float64]

_PRICES = ("shadow_price", "tightening_price")


def prices(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, sources: xr.Dataset
) -> pd.DataFrame:
    """Price every limit: total load gained or lost per unit.

    The total is the greatest of the same sources between their floors and ceilings; where a
    group has a total of the year, the mean of the year. It prices a limit, not the rule by which
    it is shared.

    Parameters
    ----------
    response, headroom, sources
        As for :func:`allocate`.

    Returns
    -------
    DataFrame
        One line per limit: ``section`` (its name, or that of a group), ``pollutant``,
        ``period`` (empty for a year), ``limit`` as it stands, ``unit`` of the limit,
        ``shadow_price``, the gain in kg/d per unit added, ``tightening_price``, the loss per
        unit withdrawn (infinite if the floors would not fit, 0 at a limit of 0 or less, where
        nothing is left to lose), and ``degenerate`` where the two prices differ. A section that
        its background exceeds has the price 0.

    Raises
    ------
    InfeasibleError
        If floors do not fit.
    DataError
        As :func:`allocate`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"ceiling": given}).assign_coords(outlet=("source", ["O1"]))
    >>> prices(response, room, sources)["shadow_price"].round(9).tolist()
    [100.0]
    """
    return _tables(response, cases(response, headroom, sources), sided)


def price_ranges(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, sources: xr.Dataset
) -> pd.DataFrame:
    """Find how far each limit may go before its price changes: :func:`prices` and their ranges.

    With totals of the year the ranges cost up to two large linear programs for each limit.

    Parameters
    ----------
    response, headroom, sources
        As for :func:`allocate`.

    Returns
    -------
    DataFrame
        As :func:`prices`, with ``price_lower`` and ``price_upper``, the limits between which
        ``shadow_price`` holds. The price 0 of a section that its background exceeds holds up to
        headroom 0, or everywhere if no source reaches it.

    Raises
    ------
    InfeasibleError
        If floors do not fit.
    DataError
        As :func:`allocate`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"ceiling": given}).assign_coords(outlet=("source", ["O1"]))
    >>> table = price_ranges(response, room, sources)
    >>> table[["shadow_price", "price_lower", "price_upper"]].round(9).to_numpy().tolist()
    [[100.0, 0.0, 0.8]]
    """
    return _tables(response, cases(response, headroom, sources), ranged)


def _tables(
    response: xr.Dataset | xr.DataArray,
    found: list[Case],
    priced: Callable[[Program, Floats], pd.DataFrame],
) -> pd.DataFrame:
    """Prices of the rows of each case, in units of the limits."""
    tables = []
    periods = response["period"].values.astype(str)
    for case in found:
        best, weight, _ = _best(case)
        table = signed(best, priced(best, weight), case.limit).reset_index(drop=True)
        for name in _PRICES:
            table[name] = table[name].to_numpy() / _per(case)
        when = np.append(periods[case.at[2]], "")
        table.insert(0, "section", case.name)
        table.insert(1, "pollutant", case.pollutant)
        table.insert(2, "period", when[case.period])
        table.insert(3, "limit", case.limit.to_numpy())
        table.insert(4, "unit", np.array(UNITS)[case.kind])
        close = np.isclose(table["shadow_price"], table["tightening_price"], rtol=1e-9, atol=0.0)
        tables.append(table.assign(degenerate=~close))
    return pd.concat(tables, ignore_index=True)


def gain(case: Case) -> Floats:
    """Gain of the best total per unit of each limit; none where the background owes a cut."""
    program, weight, exceeded = _best(case)
    return np.where(exceeded, 0.0, gains(program, weight).to_numpy() / _per(case))


def _best(case: Case) -> tuple[Program, Floats, NDArray[np.bool_]]:
    """Program of the greatest total, the weight of each column, and which rows are exceeded."""
    count = case.matrix.shape[1]
    # Sources that are alike in every row are worth the same: the total is one of columns.
    floor, ceiling = case.by_column(case.floor), case.by_column(case.ceiling)
    limit = case.limit.to_numpy()
    exceeded = limit < 0
    shut = case.matrix[exceeded].indices
    ceiling[shut] = floor[shut]
    program = Program().columns(range(count), floor, ceiling)
    program = program.at_most(case.limit.index, case.matrix, np.maximum(limit, 0.0))
    weight = np.repeat(case.days, count // len(case.days)) if len(case.days) > 1 else np.ones(count)
    return program, weight, exceeded


def _per(case: Case) -> Floats:
    """Weight of a load in the period of each row: what a gain is divided by."""
    if len(case.days) == 1:
        return np.ones(len(case.kind))
    return np.append(case.days, case.days.sum())[case.period]
