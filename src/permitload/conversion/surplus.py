"""Surplus capacity 富余容量: a set of rows, and its distribution by auction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._frames import complete, fault_at
from permitload.conversion._trades import response_of
from permitload.conversion.credit import moved, spare_of
from permitload.errors import DataError, Fault, raise_faults
from permitload.program import Program, face
from permitload.schema import described
from permitload.sharing.rows import Rows
from permitload.units import tonnes

__all__ = ["auction", "surplus"]

Floats = NDArray[np.float64]

NEAR = 1e-9
"""Part of a limit or a bid at which a row is full, or a bid met."""


def surplus(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    permitted_load: xr.DataArray,
    reserve_share: float,
) -> xr.Dataset:
    """Room that permits leave, less a reserve: rows for :func:`auction` or ``sharing.fill``.

    Surplus is a set, not a number: what one outlet may add alone cannot be added to what another
    may add alone.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], before the permitted loads.
    permitted_load : DataArray
        (outlet, pollutant, period) [kg/d]: what is permitted already. Outlets that are left out
        are permitted nothing.
    reserve_share : float
        Share of the surplus held back for growth and for what is uncertain, 0 <= r <= 1 [1]. A
        policy choice without a usual value.

    Returns
    -------
    Dataset
        ``spare`` (section, pollutant, period) [mg/L], signed, the reserve taken off where it is
        positive; ``surplus_alone`` (outlet, pollutant, period) and ``surplus_total`` (pollutant,
        period) [kg/d].

    Raises
    ------
    DataError
        If labels have no partner, a number is out of range, or no section judges an outlet.

    Notes
    -----
    ``min_s spare_s / a_si`` for one outlet; ``max Σ x`` under ``a x <= spare`` for all. A reserve
    trades future growth and uncertainty against treatment now (Eheart et al., EPA/600/M-89/014).

    Examples
    --------
    >>> response = xr.DataArray([[[[0.01]], [[0.02]]]], {"section": ["S"], "outlet": ["A", "B"],
    ...     "pollutant": ["TN"], "period": ["dry"]}, ["section", "outlet", "pollutant", "period"])
    >>> room = response[:, 0].rename(pollutant="indicator").drop_vars("outlet") * 0 + 1.0
    >>> nothing = response[0].drop_vars("section") * 0
    >>> left = surplus(response, room, nothing, 0.2)
    >>> left.surplus_alone.values.ravel().tolist(), left.surplus_total.item()
    ([80.0, 40.0], 80.0)
    """
    if not 0.0 <= reserve_share <= 1.0:
        raise DataError(f"reserve_share is {reserve_share}; right would be a number from 0 to 1")
    rise = response_of(response)
    unjudged = ~(rise > 0.0).any("section")
    raise_faults(
        Fault(
            "response", str(o), "outlet", str(o), "reaches no section", "a section that judges it"
        )
        for o in rise["outlet"].values[unjudged.any(["pollutant", "period"]).values]
    )
    used = moved(permitted_load, rise)
    if (used < 0.0).any():
        raise DataError("a permitted_load is negative; right would be loads >= 0 kg/d")
    slack = spare_of(headroom, rise) - (rise * used).sum("outlet")
    slack = slack.transpose("section", "pollutant", "period")
    spare = slack.where(slack < 0.0, slack * (1.0 - reserve_share))
    usable = spare.clip(min=0.0)
    alone = (usable / rise.where(rise > 0.0)).min("section")
    total = np.array(
        [[_total(rise[:, :, p, t].values, usable[:, p, t].values)
          for t in range(rise.sizes["period"])] for p in range(rise.sizes["pollutant"])]
    )  # fmt: skip
    found: dict[str, Any] = {
        "spare": spare, "surplus_alone": alone.transpose("outlet", "pollutant", "period"),
        "surplus_total": (("pollutant", "period"), total),
    }  # fmt: skip
    return described(xr.Dataset(found))


def _total(rise: Floats, spare: Floats) -> float:
    program = Program().columns(range(rise.shape[1]))
    touched = rise.any(axis=1)
    rows = program.at_most(np.flatnonzero(touched), rise[touched], spare[touched])
    return rows.maximise(1.0).value


def auction(
    bids: pd.DataFrame, rows: tuple[Any, Any] | Rows, reserve_price: float = 0.0
) -> xr.Dataset:
    """Sell surplus to the highest bids, all at the prices that clear the rows.

    Parameters
    ----------
    bids : DataFrame
        Table ``bids``: ``bid`` [kg/d] > 0 and ``bid_price`` [10^4 CNY/t], one row a bidder.
    rows : Rows or tuple (coefficient, limit)
        ``coefficient @ award <= limit``: a DataFrame with a column for each bidder and a Series
        with the same rows. One row of ones sells a total [kg/d]; rows of responses sell headroom,
        so that who adds twice as much at a section pays twice as much for it.
    reserve_price : float, default 0
        Lower bids get nothing, and nobody pays less [10^4 CNY/t].

    Returns
    -------
    Dataset
        By bidder: ``award`` [kg/d] and ``payment`` [10^4 CNY/a]; by row: ``row_price``,
        10^4 CNY/t per unit of coefficient. Bids that are worth the same to a full row share it in
        proportion to their amounts, whatever the order of rows.

    Raises
    ------
    DataError
        If a bid repeats or is not positive, labels differ, or a number is out of range.

    Notes
    -----
    ``max Σ price award``; prices are duals of the rows, the least that clear the market where
    there are several, so that nobody pays more than the bid. Pay-as-cleared: every unit of a row
    has one price.

    Examples
    --------
    >>> bids = pd.DataFrame({"bidder": ["E1", "E2"], "bid": [40.0, 80.0],
    ...     "bid_price": [12.0, 10.0]})
    >>> rows = pd.DataFrame({"E1": [1.0], "E2": [1.0]}, ["total"]), pd.Series({"total": 100.0})
    >>> sold = auction(bids, rows)
    >>> sold.award.values.tolist(), sold.row_price.item()
    ([40.0, 60.0], 10.0)
    """
    table = complete(bids, "bids")
    coefficient, limit = _rows(table, rows, reserve_price)
    order = table.sort_values("bidder", ignore_index=True)
    bidder, most = order["bidder"].to_numpy(object), order["bid"].to_numpy()
    value = order["bid_price"].to_numpy()
    matrix = coefficient[list(bidder)].to_numpy(float)
    allowed = np.where(value >= reserve_price, most, 0.0)
    program = Program().columns(bidder, 0.0, allowed)
    program = program.at_most(coefficient.index, matrix, limit.to_numpy(float))
    solution = program.maximise(value)
    award = solution.column.copy()
    kept = face(program, solution)
    if len(kept.column):
        amount = pd.Series(most, bidder)[kept.column]
        award.update(kept.minimise_quadratic(0.0, 2.0 / amount).column)
    price = _prices((matrix, limit.to_numpy(float)), award.to_numpy(), (allowed, value))
    paid = np.maximum(price @ matrix, np.minimum(reserve_price, value))
    found = {
        "award": ("bidder", award.to_numpy()),
        "payment": ("bidder", paid * tonnes(award.to_numpy())),
        "row_price": ("row", price),
    }
    coords = {"bidder": bidder, "row": coefficient.index.to_numpy(object)}
    dataset = described(xr.Dataset(found, coords)).sel(bidder=table["bidder"].to_numpy(object))
    dataset["row_price"].attrs = {"units": "10^4 CNY/t", "long_name": "per unit of coefficient"}
    return dataset


def _prices(rows: tuple[Floats, Floats], award: Floats, bids: tuple[Floats, Floats]) -> Floats:
    """Find the clearing prices of least revenue, the most even of them.

    Whoever could get more is not worth more than its price; whoever gets something is not worth
    less. Rows with room have no price.
    """
    (matrix, limit), (most, value) = rows, bids
    full = np.flatnonzero(matrix @ award >= limit * (1.0 - NEAR))
    wants = np.flatnonzero(award < most * (1.0 - NEAR))
    wins = np.flatnonzero(award > most * NEAR)
    program = Program().columns(full)
    program = program.at_least([("wants", k) for k in wants], matrix[full][:, wants].T,
                               value[wants])  # fmt: skip
    program = program.at_most([("wins", k) for k in wins], matrix[full][:, wins].T,
                              value[wins])  # fmt: skip
    price = np.zeros(len(limit))
    if len(full):
        solution = program.minimise(limit[full])
        column = solution.column.copy()
        kept = face(program, solution)
        if len(kept.column):
            column.update(kept.minimise_quadratic(0.0, 2.0).column)
        price[full] = column.to_numpy()
    return price


def _rows(
    table: pd.DataFrame, rows: tuple[Any, Any] | Rows, reserve_price: float
) -> tuple[pd.DataFrame, pd.Series[float]]:
    """Check bids and rows; rows in the order of their labels."""
    if not 0.0 <= reserve_price < np.inf:
        raise DataError(f"reserve_price is {reserve_price}; right would be a number >= 0")
    if not len(table):
        raise DataError("bids have no rows; right would be at least one bid")
    coefficient, limit = rows
    nothing = np.flatnonzero(~(table["bid"] > 0.0)).tolist()
    faults = [fault_at(table, "bids", k, "bid", "is no bid", "> 0 kg/d") for k in nothing]
    for kind, given, wanted in (
        ("bidder", coefficient.columns, pd.Index(table["bidder"])),
        ("row", coefficient.index, limit.index),
    ):
        apart = [*given.symmetric_difference(wanted), *given[given.duplicated()]]
        faults += [Fault("rows", str(label), kind, str(label), "has no partner",
                         "the same labels, once each") for label in apart]  # fmt: skip
    raise_faults(faults)
    coefficient = coefficient.sort_index()
    limit = limit[coefficient.index]
    if not ((coefficient.to_numpy(float) >= 0.0) & np.isfinite(coefficient.to_numpy(float))).all():
        raise DataError("a coefficient is negative or no number; right would be numbers >= 0")
    if not ((limit >= 0.0) & np.isfinite(limit)).all():
        raise DataError("a limit is negative or no number; right would be a surplus >= 0")
    bare = coefficient.columns[~(coefficient > 0.0).any()]
    raise_faults(
        Fault("rows", str(k), "bidder", str(k), "is in no row", "a row that limits it")
        for k in bare
    )
    return coefficient, limit
