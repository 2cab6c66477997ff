"""What an issue promises, whether it was kept, and what broke it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from permitload.allocation import resimulate
from permitload.errors import DataError
from permitload.reallocation._ahead import NEGLIGIBLE
from permitload.reallocation.months import Update
from permitload.units import rate

__all__ = ["guarantee", "quota_rate", "resimulate_quota"]

COLUMNS = ["section", "pollutant", "period", "issued", "allowed", "used", "limit", "broken_by"]
ROUND = 1e-9


def guarantee(
    issued: Update,
    forecast: xr.Dataset,
    observed: xr.Dataset | None = None,
    before: Update | None = None,
) -> pd.DataFrame:
    """Whether an issue meets every section and the park's total, and what broke it afterwards.

    If the plan of the issue before was feasible, forecasts did not fall, floors did not rise and
    nobody exceeded a quota, the rest of that plan is feasible still; so this issue is, without
    anything giving way. For the issued quota itself the rows always hold.

    Parameters
    ----------
    issued : Update
        The issue.
    forecast : Dataset
        As it was given to :func:`update`.
    observed : Dataset, optional
        What came true: ``response`` and ``headroom`` of the period, and ``used`` (enterprise,
        pollutant) [g].
    before : Update, optional
        The issue before.

    Returns
    -------
    DataFrame
        By ``section`` (empty for the park) and ``pollutant``: ``issued`` against ``allowed``
        under the forecast and ``used`` against ``limit`` as it came true ([mg/L]; park [kg/d]),
        NaN where nothing came true yet; ``broken_by``: ``exceedance`` (the quota would have met
        it), ``worse flow`` (not even the quota did), ``worse forecast`` (what the issue before
        planned no longer fits), or empty.

    Raises
    ------
    DataError
        If the issued quota itself breaks a row: the forecast is not that of the issue.

    Examples
    --------
    >>> time = {"period": ["2026-01"], "days": ("period", [31.0])}
    >>> one = {"enterprise": ["E1"], "pollutant": ["TP"]}
    >>> plan = xr.DataArray([[[20.0]]], {**one, **time}, [*one, "period"])
    >>> issued = Update(xr.DataArray([[620000]], one), plan, *[None] * 4)
    >>> water = xr.Dataset(
    ...     {"response": (("section", *one, "period"), [[[[0.01]]]]),
    ...      "headroom": (("section", "pollutant", "period"), [[[0.2]]]),
    ...      "group_limit": (("pollutant", "period"), [[50.0]])},
    ...     {"section": ["S1"], **one, **time})
    >>> came = water.sel(period="2026-01").assign(response=water["response"][..., 0] * 1.25)
    >>> came = came.assign(used=issued.quota)
    >>> guarantee(issued, water, came)[["section", "used", "limit", "broken_by"]].values.tolist()
    [['S1', 0.25, 0.2, 'worse flow'], ['', 20.0, 50.0, '']]
    """
    name = str(issued.plan["period"].values[0])
    quota = quota_rate(issued).isel(period=0, drop=True)
    told = forecast.sel(period=name, drop=True)
    rows = [_rows(quota, told, told["group_limit"], "issued", "allowed")]
    planned = None
    if before is not None and name in before.plan["period"].values:
        planned = before.plan.sel(period=name, drop=True)
        rows.append(_rows(planned, told, told["group_limit"], "planned", "same"))
    if observed is not None:
        rows.append(_rows(quota, observed, told["group_limit"], "kept", "limit"))
        used = rate(observed["used"] / 1e6, float(forecast["days"].sel(period=name).item()))
        rows.append(_rows(used, observed, told["group_limit"], "used", "limit")[["used"]])
    table = pd.concat(rows, axis=1)
    for column in ("planned", "same", "kept", "used", "limit"):
        if column not in table:
            table[column] = np.nan
    if (table["issued"] > table["allowed"].clip(lower=0.0) * (1 + ROUND)).any():
        raise DataError("the issued quota breaks a row; right would be the forecast of the issue")
    table["broken_by"] = [_cause(row) for row in table.itertuples()]
    return table.reset_index().assign(period=name)[COLUMNS]


def quota_rate(issued: Update) -> xr.DataArray:
    """Quota of an issue as a rate.

    Parameters
    ----------
    issued : Update
        The issue.

    Returns
    -------
    DataArray
        (enterprise, pollutant, period) [kg/d], one period with its days.

    Examples
    --------
    >>> time = {"period": ["2026-01"], "days": ("period", [31.0])}
    >>> one = {"enterprise": ["E1"], "pollutant": ["TP"]}
    >>> plan = xr.DataArray([[[20.0]]], {**one, **time}, [*one, "period"])
    >>> issued = Update(xr.DataArray([[620000]], one), plan, *[None] * 4)
    >>> quota_rate(issued).item()
    20.0
    """
    coords = issued.plan.isel(period=[0]).coords
    mass = issued.quota.sel({dim: issued.plan[dim].values for dim in ("enterprise", "pollutant")})
    days = float(issued.plan["days"].values[0])
    values = rate(mass.transpose("enterprise", "pollutant").values / 1e6, days)[:, :, None]
    attributes = {"units": "kg/d", "long_name": "quota as a rate"}
    return xr.DataArray(values, coords, ("enterprise", "pollutant", "period"), attrs=attributes)


def resimulate_quota(
    issued: Update, simulate: Callable[[xr.DataArray], xr.DataArray], allowed: xr.DataArray
) -> pd.DataFrame:
    """Put the quota of an issue back into the full model of the water.

    Parameters
    ----------
    issued : Update
        The issue.
    simulate : function
        Of loads (source, pollutant, period) [kg/d], sources being the enterprises, returns the
        concentration (section, pollutant, period) [mg/L] with all that is not decided.
    allowed : DataArray
        (section, indicator, period) [mg/L]: limit less margin.

    Returns
    -------
    DataFrame
        As :func:`permitload.allocation.resimulate`.

    Raises
    ------
    InfeasibleError
        If a section exceeds what is allowed though its background alone does not.

    Examples
    --------
    >>> time = {"period": ["2026-01"], "days": ("period", [31.0])}
    >>> one = {"enterprise": ["E1"], "pollutant": ["TP"]}
    >>> plan = xr.DataArray([[[20.0]]], {**one, **time}, [*one, "period"])
    >>> issued = Update(xr.DataArray([[620000]], one), plan, *[None] * 4)
    >>> def simulate(load):
    ...     return 0.01 * load.sum("source").expand_dims(section=["S1"]).drop_vars("days")
    >>> allowed = simulate(plan.rename(enterprise="source")).rename(pollutant="indicator")
    >>> resimulate_quota(issued, simulate, allowed)["concentration"].item()
    0.2
    """
    return resimulate(quota_rate(issued).rename(enterprise="source"), simulate, allowed)


def _rows(
    load: xr.DataArray, water: xr.Dataset, park: xr.DataArray, name: str, limit: str
) -> pd.DataFrame:
    """Left and right side of every section and of the park."""
    response = water["response"].transpose("section", "enterprise", "pollutant")
    least = NEGLIGIBLE * response.max(("section", "enterprise"))
    reaching = response.where(response >= least, 0.0)
    members = [e for e in load["enterprise"].values if e in response["enterprise"].values]
    rise = (reaching.sel(enterprise=members) * load.sel(enterprise=members)).sum("enterprise")
    both = {name: rise, limit: water["headroom"]}
    sections = xr.Dataset({n: v.reset_coords(drop=True) for n, v in both.items()}).to_dataframe()
    total = {name: load.sum("enterprise"), limit: park}
    whole = xr.Dataset({n: v.reset_coords(drop=True) for n, v in total.items()}).to_dataframe()
    whole.index = pd.MultiIndex.from_product([[""], whole.index], names=["section", "pollutant"])
    return pd.concat([sections.reorder_levels(["section", "pollutant"]), whole])[[name, limit]]


def _cause(row: object) -> str:
    """Name what broke a row."""
    used, kept, limit, planned, same = (
        getattr(row, name) for name in ("used", "kept", "limit", "planned", "same")
    )
    causes = []
    most = max(limit, 0.0) * (1 + ROUND)
    if used > most:
        causes += ["worse flow"] if kept > most else []
        causes += ["exceedance"] if used > kept * (1 + ROUND) else []
    elif planned > max(same, 0.0) * (1 + ROUND):
        causes.append("worse forecast")
    return ", ".join(causes)
