"""What rules of sharing cost against the efficient point: less total load, more cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from permitload._labels import index_of, number, numbers
from permitload.errors import DataError, Fault, raise_faults
from permitload.fairness._criteria import amounts
from permitload.fairness.gini import gini

__all__ = ["price_of_fairness"]

NOISE = 1e-6
"""Part of the efficient total, or of the least cost, by which a rule may beat it: rounding."""


def price_of_fairness(
    rules: Mapping[str, xr.DataArray],
    target: xr.DataArray,
    total: float | xr.DataArray,
    cost: Callable[[xr.DataArray], float] | None = None,
    least_cost: float | None = None,
) -> pd.DataFrame:
    """Rules of sharing side by side: what each grants, what it costs, and how even it is.

    No rule is best in every column: the table is for those who choose one.

    Parameters
    ----------
    rules : mapping of str to DataArray
        By name of the rule its ``permitted_load`` (source, and period where there are several)
        [kg/d] of one pollutant. Periods are averaged over their coordinate ``days``.
    target : DataArray
        What loads are measured against, >= 0 (source, and period) [kg/d]: present loads, claims.
    total : float or DataArray
        Greatest total load that the rows allow, by period where there are several [kg/d]:
        ``total`` of ``capacity.network``.
    cost : function, optional
        Of the permitted loads of one rule, returns the cost of meeting them, >= 0, in any unit.
    least_cost : float, optional
        Cost of the cheapest loads that meet all rows, in the unit of ``cost``; with it.

    Returns
    -------
    DataFrame
        By ``rule``: ``permitted_load``, sum of the sources [kg/d]; ``price_in_total``, part of
        the greatest total that is given up [1]; ``cost`` and ``price_in_cost``, cost beyond the
        least as part of it [1], where a cost is given; ``gini`` of the loads against the target
        [1]; ``least_level``, least load over target [1]; ``shut``, number of sources with a
        target and no load; ``reason``, why a number is NaN, else empty.

    Raises
    ------
    DataError
        If there is no rule, labels differ, a number is NaN, infinite or negative, periods have
        no days, one of ``cost`` and ``least_cost`` is missing, or a rule beats the efficient
        point: then that is not efficient, or the rule breaks a row.

    Notes
    -----
    Price (Z* − Z)/Z*: Bertsimas, D., Farias, V. F., Trichakis, N. (2011), Oper. Res. 59, 17-31,
    doi:10.1287/opre.1100.0865.

    Examples
    --------
    >>> labels = {"source": ["E1", "E2"]}
    >>> present = xr.DataArray([60.0, 20.0], labels)
    >>> rules = {"proportion": 0.75 * present, "equal": xr.DataArray([20.0, 20.0], labels)}
    >>> table = price_of_fairness(rules, present, total=80.0)
    >>> table["price_in_total"].to_dict()
    {'proportion': 0.25, 'equal': 0.5}
    >>> table["gini"].to_dict()
    {'proportion': 0.0, 'equal': 0.25}
    """
    if not rules or (cost is None) != (least_cost is None):
        raise DataError("right would be a rule at least, and cost and least_cost both or neither")
    claim = _by_source(target, "target")
    best = (
        float(_mean(total, "total")) if isinstance(total, xr.DataArray) else number(total, "total")
    )
    rows = {}
    for name, permitted in rules.items():
        load = _by_source(permitted, name)
        row, why = _measured(load, claim)
        row["price_in_total"], reason = _price(row["permitted_load"], best, name, -1.0)
        why.append(reason)
        if cost is not None and least_cost is not None:
            row["cost"] = number(cost(permitted), "cost")
            row["price_in_cost"], reason = _price(row["cost"], least_cost, name, 1.0)
            why.append(reason)
        rows[name] = {**row, "reason": "; ".join(filter(None, why))}
    order = ["permitted_load", "price_in_total", "cost", "price_in_cost", "gini", "least_level"]
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule")
    return table[[*(name for name in order if name in table), "shut", "reason"]]


def _measured(
    load: pd.Series[float], claim: pd.Series[float]
) -> tuple[dict[str, float], list[str]]:
    """Sum, evenness and least level of the loads of a rule; why a number is undefined."""
    claims = numbers(claim, index_of(load.index), "target")
    even = gini(xr.DataArray(load), xr.DataArray(pd.Series(claims, load.index)))
    claimed = claims > 0
    row = {
        "permitted_load": math.fsum(load),
        "gini": even.item(),
        "least_level": (load[claimed] / claims[claimed]).min(),
        "shut": int((load[claimed] == 0).sum()),
    }
    return row, [str(even["reason"].item())]


def _price(amount: float, best: float, rule: str, sign: float) -> tuple[float, str]:
    """How much worse than the best, as part of it; or why that is undefined."""
    name = "efficient total" if sign < 0 else "least cost"
    checks = (
        (name, best, 0.0 <= best < np.inf, "a finite number >= 0"),
        ("cost", amount, 0.0 <= amount < np.inf, "a finite number >= 0"),
        (name, amount, sign * (amount - best) >= -NOISE * best, f"no better than {best:g}"),
    )
    raise_faults(
        Fault("rules", rule, column, value, "is out of range", right)
        for column, value, holds, right in checks
        if not holds
    )
    if best == 0:
        return math.nan, f"the {name} is 0"
    return max(0.0, sign * (amount - best)) / best, ""


def _by_source(array: xr.DataArray, name: str) -> pd.Series[float]:
    """Mean over the periods by source, finite and >= 0."""
    mean = _mean(array, name)
    if mean.dims != ("source",) or "source" not in mean.coords:
        found = f"{name} has dimensions {array.dims}"
        raise DataError(f"{found}; right would be source, and period, labelled: one pollutant")
    series = mean.to_series()
    amounts(series, name)
    return series.astype(float)


def _mean(array: xr.DataArray, name: str) -> xr.DataArray:
    """Mean over the periods, each by its days."""
    if "period" not in array.dims:
        return array
    if "days" not in array.coords:
        raise DataError(f"{name} has periods without days; right would be the coordinate days")
    days = array["days"]
    return (array * days).sum("period", skipna=False) / days.sum()
