"""Credits: what of a reduction may be used on a day, and where a trade makes a hot spot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload._frames import complete, fault_at, title
from permitload.conversion._trades import response_of
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["credit", "hot_spots", "moved", "spare_of"]

ROUND_OFF = 1e-12
"""Part of the changes at a section that is round-off of their sum."""


def credit(credits: pd.DataFrame, day: pd.Timestamp | str) -> pd.DataFrame:
    """Part of each reduction that may be used on a day.

    Only what lies beyond the baseline counts: ``min(before_load, baseline_load) - after_load``.
    It counts once verified, from the day it begins until the day it expires. A credit is a slice
    of one seller's load for a time; no part of a slice may belong to two credits, whoever owns
    them.

    Parameters
    ----------
    credits : DataFrame
        Table ``credits``. ``before_load``, ``baseline_load`` (what is required anyway) and
        ``after_load`` are means of the year [kg/d]; ``verified_on`` is empty until it happens.
    day : Timestamp or str
        Day on which credits are looked at.

    Returns
    -------
    DataFrame
        The table with ``credit_load`` [kg/d], 0 where nothing may be used, and ``reason``, empty
        where it may.

    Raises
    ------
    DataError
        If a load does not fall, a credit expires before it begins, two credits hold the same
        reduction at the same time, or a cell is missing.

    Notes
    -----
    Baseline first, verification, expiry and one owner: the conditions of seed text and of most
    programmes; the level of the baseline is an open policy question (assumed in the table).

    Examples
    --------
    >>> credits = pd.DataFrame({"credit": ["C1"], "owner": ["E1"], "seller": ["farm"],
    ...     "pollutant": ["TN"], "before_load": [100.0], "baseline_load": [80.0],
    ...     "after_load": [50.0], "begins": ["2024-01-01"], "verified_on": ["2024-06-30"],
    ...     "expires": ["2027-01-01"]})
    >>> credit(credits, "2025-01-01").credit_load.item()
    30.0
    >>> credit(credits, "2024-03-01").reason.item()
    'not verified by 2024-03-01'
    """
    table = complete(credits, "credits")
    date = pd.Timestamp(day)
    if date is pd.NaT:
        raise DataError(f"day is {day}; right would be a date")
    raise_faults([*_impossible(table), *_shared(table)])
    beyond = np.minimum(table["before_load"], table["baseline_load"]) - table["after_load"]
    written = date.strftime("%Y-%m-%d")
    reasons: tuple[tuple[Any, str], ...] = (
        (beyond <= 0.0, "not beyond the baseline"),
        (~(table["verified_on"] <= date), f"not verified by {written}"),
        (table["begins"] > date, f"begins after {written}"),
        (table["expires"] <= date, f"expired by {written}"),
    )
    reason = pd.Series("", table.index, dtype=object)
    for wrong, words in reasons:
        reason = reason.mask(wrong & (reason == ""), words)
    return table.assign(credit_load=beyond.where(reason == "", 0.0), reason=reason)


def _impossible(table: pd.DataFrame) -> list[Fault]:
    """List rows that are no reduction, or never hold."""
    checks = (
        ("after_load", table["after_load"] >= table["before_load"], "is no reduction",
         "less than before_load"),
        ("expires", table["expires"] <= table["begins"], "comes no later than begins",
         "a day after begins"),
    )  # fmt: skip
    return [
        fault_at(table, "credits", k, column, problem, right)
        for column, wrong, problem, right in checks
        for k in np.flatnonzero(wrong).tolist()
    ]


def _shared(table: pd.DataFrame) -> list[Fault]:
    """List pairs of credits of one seller and pollutant that hold the same load at one time."""
    faults = []
    top = np.minimum(table["before_load"], table["baseline_load"])
    frame = table.assign(top=top)[top > table["after_load"]]
    for (seller, pollutant), rows in frame.groupby(["seller", "pollutant"], sort=True):
        rows = rows.sort_values("credit")
        for n, one in enumerate(rows.itertuples()):
            for two in rows.iloc[n + 1 :].itertuples():
                same = min(one.top, two.top) > max(one.after_load, two.after_load)
                if same and max(one.begins, two.begins) < min(one.expires, two.expires):
                    owners = f"{one.owner} and {two.owner}"
                    problem = f"holds what {one.credit} holds: {pollutant} of {seller} ({owners})"
                    right = "each part of a reduction in one credit of one owner"
                    where = title(table, "credits")
                    faults.append(Fault(where, two.credit, "credit", two.credit, problem, right))
    return faults


def hot_spots(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, change: xr.DataArray
) -> pd.DataFrame:
    """Sections and periods where a trade raises the concentration by more than there is room for.

    Every section and every period is looked at, not the target section of the trade alone. A
    section that already exceeds its limit must not be made worse.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L]: what is left before the trade, all loads included.
    change : DataArray
        (outlet, pollutant, period) [kg/d]: more at buyers, less (negative) at sellers, each
        period with what is really taken off in it. Outlets that are left out do not change.

    Returns
    -------
    DataFrame
        ``section``, ``pollutant``, ``period``, ``rise`` [mg/L], ``spare`` [mg/L] and ``missing``
        [mg/L], by label; no rows if there is room everywhere.

    Raises
    ------
    DataError
        If labels have no partner, or a number is NaN.

    Examples
    --------
    >>> response = xr.DataArray([[[[0.01]], [[0.02]]]], {"section": ["S"], "outlet": ["F", "W"],
    ...     "pollutant": ["TN"], "period": ["dry"]}, ["section", "outlet", "pollutant", "period"])
    >>> room = response[:, 0].rename(pollutant="indicator").drop_vars("outlet") * 0
    >>> trade = xr.DataArray([[[-30.0]], [[20.0]]],
    ...     {"outlet": ["F", "W"], "pollutant": ["TN"], "period": ["dry"]})
    >>> round(hot_spots(response, room, trade).missing.item(), 9)
    0.1
    """
    rise = response_of(response)
    moving = moved(change, rise)
    each = rise * moving
    total = each.sum("outlet")
    spare = spare_of(headroom, rise).transpose(*total.dims)
    noise = abs(each).sum("outlet").values * ROUND_OFF
    missing = total.values - np.maximum(spare.values, 0.0)
    rows = [
        (*(total[d].values[k] for d, k in zip(total.dims, place, strict=True)),
         total.values[place], spare.values[place], missing[place])
        for place in map(tuple, np.argwhere(missing > noise))
    ]  # fmt: skip
    numbers = ("rise", "spare", "missing")
    table = pd.DataFrame(rows, columns=[*total.dims, *numbers]).astype(
        dict.fromkeys(numbers, float)
    )
    return table.sort_values(list(map(str, total.dims)), ignore_index=True)


def moved(change: xr.DataArray, response: xr.DataArray) -> xr.DataArray:
    """Change by every outlet of the response, 0 where it is left out."""
    _same(change, response, "change", ("pollutant", "period"))
    given = change.get_index("outlet")
    unknown = [*given[~given.isin(response.get_index("outlet"))], *given[given.duplicated()]]
    faults = [
        Fault("change", str(o), "outlet", str(o), "is unknown or there twice",
              "outlets of the response, once each")
        for o in unknown
    ]  # fmt: skip
    if not np.isfinite(change.values).all():
        faults.append(Fault("change", None, "change", None, "has values that are no numbers",
                            "numbers [kg/d]"))  # fmt: skip
    raise_faults(faults)
    order = {n: response[n].values for n in ("pollutant", "period")}
    return change.sel(order).reindex(outlet=response["outlet"].values, fill_value=0.0)


def spare_of(headroom: xr.DataArray, response: xr.DataArray) -> xr.DataArray:
    """Headroom in the labels of the response."""
    spare = headroom.rename(indicator="pollutant") if "indicator" in headroom.dims else headroom
    names = ("section", "pollutant", "period")
    _same(spare, response, "headroom", names)
    if np.isnan(spare.values).any():
        raise DataError("headroom has NaN; right would be numbers [mg/L]")
    return spare.sel({n: response[n].values for n in names})


def _same(array: xr.DataArray, response: xr.DataArray, kind: str, names: tuple[str, ...]) -> None:
    """Refuse labels without a partner."""
    lacking = [n for n in names if n not in array.dims]
    faults = [Fault(kind, None, n, None, "is missing", "a dimension") for n in lacking]
    for name in set(names) - set(lacking):
        given, wanted = array.get_index(name), response.get_index(name)
        apart = [*given.symmetric_difference(wanted), *given[given.duplicated()]]
        right = f"the {name}s of the response"
        faults += [Fault(kind, str(k), name, str(k), "has no partner", right) for k in apart]
    raise_faults(faults)
