"""One program that decides farm measures, works upgrades and enterprise cuts together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._frames import complete, fault_at
from permitload._labels import index_of
from permitload.conversion._trades import Trades, response_of, trades_of
from permitload.conversion.credit import spare_of
from permitload.errors import DataError, raise_faults
from permitload.program import Program, Solution, face, leximin
from permitload.schema import described
from permitload.units import tonnes

__all__ = ["Programme", "cheapest", "fairest", "programme"]

Floats = NDArray[np.float64]

HELD = 1e-7
"""Part of a fairest load that is given up, so that the measures have room to be made cheap."""


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """Program of measures, credits and loads, with what its columns cost.

    Parameters
    ----------
    program : Program
        Columns ``("measure", seller)``, the share of a measure that is taken; ``("load", buyer)``
        and ``("credit", seller, buyer)`` [kg/d]. Rows ``("permit", buyer)``, ``("reduction",
        seller)`` and ``("section", section, pollutant, period)``. Open to rows of one's own.
    cost : Series
        Cost of each column [10^4 CNY/a] per unit; a load saves the cost of cutting it.
    claim : Series
        What each buyer asks for [kg/d].
    fall : DataArray
        (seller, section, indicator, period): what a whole measure takes off [mg/L].
    headroom : DataArray
        (section, indicator, period): room for the buyers before the measures [mg/L].
    whole_cost : float
        Cost of cutting all buyers to nothing [10^4 CNY/a].

    Examples
    --------
    >>> Programme.__slots__[0]
    'program'
    """

    program: Program
    cost: pd.Series[float]
    claim: pd.Series[float]
    fall: xr.DataArray
    headroom: xr.DataArray
    whole_cost: float


def programme(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sellers: pd.DataFrame,
    buyers: pd.DataFrame,
    ratio: xr.DataArray,
    timing: xr.DataArray,
) -> Programme:
    """Measures of sellers and loads of buyers under every section, credits paid by their ratio.

    A buyer may discharge its own permit and the credits that it gets; credits times their ratio
    are at most what their seller takes off. The rows of the sections hold the physics, period by
    period, so that a trade that suits the target section makes no hot spot elsewhere.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], with the sellers' loads, unreduced, in the background
        and the buyers' not. Where it is negative the measures must cure it.
    sellers : DataFrame
        Table ``sellers``: ``available`` [kg/d] and ``marginal_cost`` [10^4 CNY/t]; ``whole`` is 1
        for a measure that is taken wholly or not at all, such as an upgrade of a works.
    buyers : DataFrame
        Table ``buyers``: ``own_permit``, ``wanted_load`` and ``floor`` [kg/d], ``marginal_cost``
        of cutting below what is wanted [10^4 CNY/t]. Loads are alike in all periods.
    ratio : DataArray
        (seller, buyer) [1], such as that of :func:`worst_ratio`; no credit where it is infinite.
    timing : DataArray
        (seller, period), as for :func:`trading_ratio`.

    Returns
    -------
    Programme
        For :func:`cheapest` and :func:`fairest`.

    Raises
    ------
    DataError
        If labels have no partner, numbers are missing or out of range.

    Notes
    -----
    ``x_i <= permit_i + Σ_j κ_ij``, ``Σ_i ratio_ij κ_ij <= n_j <= available_j``,
    ``Σ a_si x_i - Σ a_sj timing_j n_j <= headroom_s`` in every period.

    Examples
    --------
    >>> response = xr.DataArray([[[[0.02]], [[0.01]]]], {"section": ["S"], "outlet": ["F", "W"],
    ...     "pollutant": ["TN"], "period": ["year"]}, ["section", "outlet", "pollutant", "period"])
    >>> room = response[:, 0].rename(pollutant="indicator").drop_vars("outlet") * 0 + 0.1
    >>> sellers = pd.DataFrame({"seller": ["farm"], "outlet": ["F"], "pollutant": ["TN"],
    ...     "variation": [0.3], "available": [50.0], "marginal_cost": [1.0]})
    >>> buyers = pd.DataFrame({"buyer": ["E1"], "outlet": ["W"], "pollutant": ["TN"],
    ...     "own_permit": [10.0], "wanted_load": [30.0], "marginal_cost": [9.0]})
    >>> pair = {"seller": ["farm"], "buyer": ["E1"]}
    >>> month = {"seller": ["farm"], "period": ["year"]}
    >>> plan = programme(response, room, sellers, buyers, xr.DataArray([[2.0]], pair),
    ...     xr.DataArray([[1.0]], month))
    >>> best = cheapest(plan)
    >>> round(best.permitted_load.item(), 6), round(best.reduction.item(), 6)
    (30.0, 40.0)
    """
    sellers, buyers = (
        complete(t, n).sort_values(n[:-1], ignore_index=True)
        for t, n in ((sellers, "sellers"), (buyers, "buyers"))
    )
    _refuse(sellers, buyers)
    rise = response_of(response)
    trades = trades_of(response, sellers, buyers, timing)
    price = _ratios(ratio, trades)
    size, wanted = trades.sellers["available"].to_numpy(), trades.buyers["wanted_load"].to_numpy()
    measure = index_of([("measure", j) for j in trades.sellers["seller"]])
    load = index_of([("load", i) for i in trades.buyers["buyer"]])
    whole = trades.sellers["whole"].to_numpy() == 1.0
    program = Program().columns(measure[whole], 0.0, 1.0, integer=True)
    program = program.columns(measure[~whole], 0.0, 1.0)
    program = program.columns(load, trades.buyers["floor"].to_numpy(), wanted)
    program = _credits(program, trades, (measure, load), price)
    room = spare_of(headroom, rise).rename(pollutant="indicator")
    program = _sections(program, trades, (measure, load), room)
    cut = trades.buyers["marginal_cost"].to_numpy()
    paid = tonnes(size) * trades.sellers["marginal_cost"].to_numpy()
    cost = pd.Series(np.append(paid, -tonnes(np.ones(len(cut))) * cut), measure.append(load))
    every = cost.reindex(program.column, fill_value=0.0)
    fall = _falls(trades, room)
    whole_cost = math.fsum(tonnes(wanted) * cut)
    return Programme(program, every, pd.Series(wanted, load), fall, room, whole_cost)


def cheapest(plan: Programme) -> xr.Dataset:
    """Measures, cuts and credits of least cost.

    Parameters
    ----------
    plan : Programme
        What may be done.

    Returns
    -------
    Dataset
        ``permitted_load`` and ``ceiling`` (own permit and credits) by buyer [kg/d]; ``reduction``
        by seller [kg/d]; ``credit_load`` (seller, buyer) [kg/d] at the buyer; ``headroom``
        (section, indicator, period) [mg/L] that the measures leave for the buyers, which with the
        ceilings is what an allocation or a monthly reallocation takes; ``total_cost``
        [10^4 CNY/a]. Of plans that cost the same, loads nearest to what is wanted and measures
        and credits most even.

    Raises
    ------
    InfeasibleError
        If the floors of the buyers or a negative headroom ask for more than the measures can do.

    Examples
    --------
    See :func:`programme`, whose example it ends.

    >>> cheapest.__name__
    'cheapest'
    """
    program = plan.program
    if program.integer.any():
        program = program.given(program.minimise(plan.cost).given)
    solution = program.minimise(plan.cost)
    return _result(plan, _evened(plan, program, solution))


def fairest(plan: Programme) -> xr.Dataset:
    """Raise the least share of what is wanted, then the next; measures at least cost.

    Parameters
    ----------
    plan : Programme
        What may be done, without whole measures (fix those with ``plan.program.given``).

    Returns
    -------
    Dataset
        As :func:`cheapest`, the loads a part of 1e-7 below the fairest; of measures that cost the
        same, some.

    Raises
    ------
    InfeasibleError
        As :func:`cheapest`.
    DataError
        If a measure is whole, or a buyer wants nothing.

    Examples
    --------
    >>> callable(fairest)
    True
    """
    found = leximin(plan.program, 0.0 * plan.claim, plan.claim)
    lower = plan.program.lower[plan.program.column.get_indexer(found.index)]
    program = plan.program.given(np.maximum(found["share"] * (1.0 - HELD), lower))
    return _result(plan, program.minimise(plan.cost).column)


def _evened(plan: Programme, program: Program, solution: Solution) -> pd.Series[float]:
    """Of the points of one cost, that nearest to what is wanted with the most even trades."""
    column = solution.column.copy()
    kept = face(program, solution)
    if len(kept.column):
        near = plan.claim.reindex(kept.column)
        size = near.fillna(max(float(plan.claim.max()), 1.0)).clip(lower=1e-9)
        size = size.where([label[0] != "measure" for label in size.index], 1.0)
        drawn = (-2.0 * near.notna()).astype(float)
        column.update(kept.minimise_quadratic(drawn, 2.0 / size).column)
    return column


def _result(plan: Programme, column: pd.Series[float]) -> xr.Dataset:
    """Label the point of a plan."""
    program = plan.program
    seller, buyer = plan.fall["seller"].values, np.array([b for _, b in plan.claim.index], object)
    share = xr.DataArray([column[("measure", j)] for j in seller], {"seller": seller})
    load = np.array([column[("load", i)] for i in buyer])
    credits = np.array([[column.get(("credit", j, i), 0.0) for i in buyer] for j in seller])
    own = pd.Series(program.limit, program.row)[[("permit", i) for i in buyer]].to_numpy()
    left = plan.headroom + (plan.fall * share).sum("seller")
    cost = plan.whole_cost + math.fsum(plan.cost * column)
    found: dict[str, Any] = {
        "permitted_load": ("buyer", load), "ceiling": ("buyer", own + credits.sum(axis=0)),
        "reduction": share * plan.fall["available"], "credit_load": (("seller", "buyer"), credits),
        "headroom": left.transpose("section", "indicator", "period"), "total_cost": ((), cost),
    }  # fmt: skip
    dataset = xr.Dataset(found, {"seller": seller, "buyer": buyer})
    return described(dataset.drop_vars("available"))


def _refuse(sellers: pd.DataFrame, buyers: pd.DataFrame) -> None:
    faults = []
    for name, table, columns in (
        ("sellers", sellers, ("available",)),
        ("buyers", buyers, ("own_permit", "wanted_load")),
    ):
        for column in columns:
            wrong = np.flatnonzero(table[column].isna()).tolist()
            faults += [fault_at(table, name, k, column, "is missing", "a number >= 0 [kg/d]")
                       for k in wrong]  # fmt: skip
    over = np.flatnonzero(buyers["floor"] > buyers["wanted_load"]).tolist()
    right = "at most wanted_load"
    faults += [fault_at(buyers, "buyers", k, "floor", "is too much", right) for k in over]
    partly = np.flatnonzero(~sellers["whole"].isin([0.0, 1.0])).tolist()
    faults += [fault_at(sellers, "sellers", k, "whole", "is neither", "0 or 1") for k in partly]
    raise_faults(faults)


def _ratios(ratio: xr.DataArray, trades: Trades) -> Floats:
    """Ratios (seller, buyer) in the order of the tables, at least 1."""
    if set(ratio.dims) != {"seller", "buyer"}:
        raise DataError(f"ratio has dimensions {ratio.dims}; right would be (seller, buyer)")
    order = {n: t[n].to_numpy(object) for n, t in (("seller", trades.sellers),
                                                   ("buyer", trades.buyers))}  # fmt: skip
    for name, labels in order.items():
        if not ratio.get_index(name).is_unique or set(ratio[name].values) != set(labels):
            raise DataError(f"ratio has other {name}s; right would be {sorted(labels)}")
    found = ratio.sel(order).transpose("seller", "buyer").values.astype(float)
    if not (found >= 1.0).all():
        raise DataError("a ratio is below 1 or no number; right would be 1 or more, or infinity")
    return found


def _credits(
    program: Program, trades: Trades, columns: tuple[pd.Index[Any], pd.Index[Any]], price: Floats
) -> Program:
    """Credit columns, and the rows that tie them to reductions and permits."""
    measure, load = columns
    pairs = np.argwhere(np.isfinite(price))
    credit = index_of([("credit", measure[j][1], load[i][1]) for j, i in pairs])
    program = program.columns(credit)
    paid = np.zeros((len(measure), len(program.column)))
    given = np.zeros((len(load), len(program.column)))
    at = program.column.get_indexer(credit)
    paid[pairs[:, 0], at] = price[pairs[:, 0], pairs[:, 1]]
    given[pairs[:, 1], at] = -1.0
    size = trades.sellers["available"].to_numpy()
    paid[np.arange(len(measure)), program.column.get_indexer(measure)] = -size
    given[np.arange(len(load)), program.column.get_indexer(load)] = 1.0
    program = program.at_most([("reduction", j) for _, j in measure], paid, 0.0, "kg/d")
    own = trades.buyers["own_permit"].to_numpy()
    return program.at_most([("permit", i) for _, i in load], given, own, "kg/d")


def _falls(trades: Trades, room: xr.DataArray) -> xr.DataArray:
    """Fall that each whole measure makes (seller, section, indicator, period)."""
    size = trades.sellers["available"].to_numpy()
    own = room.get_index("indicator").get_indexer(trades.sellers["pollutant"])
    fall = np.zeros((len(size), *(room.sizes[n] for n in ("section", "indicator", "period"))))
    fall[np.arange(len(size)), :, own] = trades.sold * size[:, None, None]
    coords = {n: room[n].values for n in ("section", "indicator", "period")}
    seller = trades.sellers["seller"].to_numpy(object)
    array = xr.DataArray(fall, {"seller": seller, **coords})
    return array.assign_coords(available=("seller", size))


def _sections(
    program: Program,
    trades: Trades,
    columns: tuple[pd.Index[Any], pd.Index[Any]],
    room: xr.DataArray,
) -> Program:
    """Rows of every section, pollutant and period that a measure or a load touches."""
    measure, load = (program.column.get_indexer(labels) for labels in columns)
    room = room.transpose("section", "indicator", "period")
    rows = np.zeros((*room.shape, len(program.column)))
    rows[..., measure] = -_falls(trades, room).transpose(..., "seller").values
    at = room.get_index("indicator").get_loc(trades.buyers["pollutant"].iloc[0])
    rows[:, at, :, load] = trades.bought
    touched = rows.any(axis=-1)
    names = [room[n].values for n in ("section", "indicator", "period")]
    labels = [
        ("section", *(str(n[k]) for n, k in zip(names, place, strict=True)))
        for place in np.argwhere(touched)
    ]
    return program.at_most(labels, rows[touched], room.values[touched], "mg/L")
