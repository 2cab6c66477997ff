"""Months of a study: quotas of a park issued one by one, and put back into the full model.

The park is made of the enterprises in ``plans``. It holds what the study permits them together;
sections have for it what all others leave at their permits. No science here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from permitload import _model, allocation, plot, quality, reallocation
from permitload._monthly_checks import member_sources
from permitload.reallocation import Policy, State, Update
from permitload.schema import described
from permitload.units import GRAMS_PER_TONNE, rate, tonnes

__all__ = ["KEYS", "figures", "issued", "tables"]

Tables = Mapping[str, pd.DataFrame]
Datasets = Mapping[str, xr.Dataset]

KEYS = {
    "quota": ("enterprise", "pollutant", "period"),
    "month_park": ("pollutant", "period"),
    "month_sections": ("section", "indicator", "period"),
    "month_findings": ("issue_period", "rule", "subject", "pollutant", "period"),
    "ledger": ("entry",),
}
"""Published tables of months, and what names a row of each."""
_DIMS = ("enterprise", "pollutant", "period")
_ENDLESS = 1e12
"""Ceiling of a member that has none [kg/d]: its plan bounds it."""


class _Park(NamedTuple):
    """What all issues share: periods, plans, forecasts by year, and the members' sources."""

    calendar: pd.DataFrame
    plans: xr.Dataset
    forecasts: dict[int, xr.Dataset]
    sources: pd.Series[str]


def issued(
    state: _model.State, found: Datasets, given: Tables, policy: Policy
) -> dict[str, xr.Dataset]:
    """Issue every period of ``plan_periods``; none without plans.

    Use of the period before is known as it was first reported, that of the one before it as it
    was verified. Every issue is put back into the full model, and refused where it misses a limit.
    """
    if given["plans"].empty:
        return {}
    park = _park(state, found, given)
    updates = list(_updates(park, given, policy))
    months = _quotas(park, updates, given["actuals"])
    sections = _resimulated(state, found, park, months)
    return {
        "months": months, "month_sections": sections,
        "month_findings": _listed(park, updates), "ledger": _ledger(updates[-1].state),
    }  # fmt: skip


def _park(state: _model.State, found: Datasets, given: Tables) -> _Park:
    """Gather the rows of the park: what its members are permitted, and what others leave it."""
    calendar = given["plan_periods"].set_index("period").sort_values("start")
    member = member_sources(given["sources"], given["plans"], state.decided["source"].values)
    pollutants = state.decided["pollutant"].values
    plans = _plans(given, calendar, pollutants, list(member.index))
    own = _of_periods(state.decided["ceiling"].sel(source=member.to_numpy()), calendar)
    own = own.where(np.isfinite(own), _ENDLESS).rename(source="enterprise")
    plans["ceiling"] = own.assign_coords(enterprise=member.index)
    outlets = pd.Series(state.decided["outlet"].sel(source=member.to_numpy()).values, member.index)
    response, room, limit = (_of_periods(part, calendar) for part in _rows(found, member))
    mass = tonnes(limit, limit["days"])
    years = calendar["start"].dt.year.to_numpy()
    forecasts = {
        int(year): reallocation.park_forecast(
            response, room, outlets, limit, mass.isel(period=years == year).sum("period")
        )
        for year in np.unique(years)
    }
    return _Park(calendar, plans, forecasts, member)


def _rows(
    found: Datasets, member: pd.Series[str]
) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Response, headroom that all others leave at their permits, and limit of the park."""
    permitted = found["allocation"]["permitted_load"]
    others = permitted.drop_sel(source=member.to_numpy())
    response = found["response"]["response"].reset_coords(drop=True)
    rise = (response.sel(outlet=others["outlet"]) * others).sum("source")
    room = found["limits"]["headroom"] - rise.rename(pollutant="indicator").reset_coords(drop=True)
    return response, room, permitted.sel(source=member.to_numpy()).sum("source")


def _of_periods(array: xr.DataArray, calendar: pd.DataFrame) -> xr.DataArray:
    """Values of the water periods under the labels and with the days of the plan periods."""
    kept = array.reset_coords(drop=True).sel(period=calendar["water_period"].to_numpy())
    return kept.assign_coords(
        period=calendar.index.to_numpy(dtype=str),
        days=("period", calendar["days"].to_numpy(float)),
        start=("period", calendar["start"].to_numpy("datetime64[ns]")),
    )  # fmt: skip


def _plans(
    given: Tables, calendar: pd.DataFrame, pollutants: np.ndarray, names: list[str]
) -> xr.Dataset:
    """Plans and floors, 0 where there is no row; permits, ramps and weights of the members."""
    axes = {
        "enterprise": names, "pollutant": list(map(str, pollutants)),
        "period": list(map(str, calendar.index)),
    }  # fmt: skip
    rows = given["plans"][given["plans"]["pollutant"].isin(pollutants)]
    whole = rows.set_index(list(_DIMS))[["plan", "floor"]].reindex(
        pd.MultiIndex.from_product(axes.values(), names=_DIMS), fill_value=0.0
    )
    shape = [len(labels) for labels in axes.values()]
    plans: dict[str, tuple[str | tuple[str, ...], Any]] = {
        name: (_DIMS, whole[name].to_numpy().reshape(shape)) for name in whole
    }
    own = given["members"].set_index(list(_DIMS[:2]))
    own = own.reindex(pd.MultiIndex.from_product([names, axes["pollutant"]], names=_DIMS[:2]))
    for name, fill in (("permit", np.inf), ("ramp_step", 0.0)):
        plans[name] = (_DIMS[:2], own[name].fillna(fill).to_numpy().reshape(shape[:2]))
    weight = given["members"].drop_duplicates("enterprise").set_index("enterprise")["tier_weight"]
    plans["tier_weight"] = ("enterprise", weight.reindex(names).fillna(1.0).to_numpy())
    return xr.Dataset(plans, axes)


def _updates(park: _Park, given: Tables, policy: Policy) -> Iterator[Update]:
    """Issue one period after the other, each from what is known by then."""
    periods = list(park.calendar.index)
    there = {
        period: sorted(set(rows["enterprise"]))
        for period, rows in given["plans"].groupby("period", sort=False)
    }
    state: State | None = None
    for k, period in enumerate(periods):
        names = there.get(period, [])
        if state is None:
            state = reallocation.opened(names, park.plans["pollutant"].values)
        update = reallocation.update(
            state, period, park.forecasts[int(park.calendar["start"].iloc[k].year)],
            park.plans.sel(enterprise=names), _known(given["actuals"], periods[:k]), policy,
        )  # fmt: skip
        state = update.state
        yield update


def _known(actuals: pd.DataFrame, past: list[str]) -> pd.DataFrame:
    """Pick what becomes known between two issues: the last period, the one before verified."""
    stages = (("verified", past[-2:-1]), ("provisional", past[-1:]))
    parts = [
        actuals[(actuals["report_stage"] == stage) & actuals["period"].isin(names)]
        for stage, names in stages
    ]
    return pd.concat(parts).rename(columns={"report_stage": "evidence", "unused_reason": "reason"})


def _quotas(park: _Park, updates: list[Update], actuals: pd.DataFrame) -> xr.Dataset:
    """Quotas of all periods with plan, use as last reported, and sentences."""
    last = updates[-1].state.accounts.reindex(enterprise=park.sources.index, fill_value=0)
    like = park.plans["plan"]
    quota = last["quota"].sel({dim: like[dim].values for dim in _DIMS}).transpose(*_DIMS)
    best = actuals.sort_values("report_stage", kind="stable").drop_duplicates(
        list(_DIMS), keep="last"
    )
    grid = pd.MultiIndex.from_product([like[dim].values for dim in _DIMS], names=_DIMS)
    use = best.set_index(list(_DIMS))["used"].reindex(grid).to_numpy(float).reshape(quota.shape)
    said = pd.concat([u.sentences for u in updates]).set_index(list(_DIMS))
    words = {
        name: (_DIMS, said[name].reindex(grid, fill_value="").to_numpy().reshape(quota.shape))
        for name in ("sentence", "sentence_zh")
    }
    days = park.calendar["days"].to_numpy(float)
    found = {
        "plan": like, "quota": (_DIMS, quota.values.astype(np.int64)),
        "quota_load": (_DIMS, rate(quota.values / GRAMS_PER_TONNE, days)), "used": (_DIMS, use),
        "used_load": (_DIMS, rate(use / GRAMS_PER_TONNE, days)),
        "group_limit": _whole(park), **words,
    }  # fmt: skip
    start = park.calendar["start"].to_numpy("datetime64[ns]")
    coords = {"days": ("period", days), "start": ("period", start)}
    return described(xr.Dataset(found).assign_coords(coords))


def _whole(park: _Park) -> xr.DataArray:
    """Limit of the park (pollutant, period) [kg/d]."""
    return next(iter(park.forecasts.values()))["group_limit"].reset_coords(drop=True)


def _resimulated(
    state: _model.State, found: Datasets, park: _Park, months: xr.Dataset
) -> xr.Dataset:
    """Concentrations with the quotas and with what was used, by the full model.

    Use that is not wholly known has no concentration.
    """
    known = _known_use(months).all("enterprise")
    quota = _concentration(state, found, park, months["quota_load"])
    used = _concentration(state, found, park, months["used_load"].fillna(0.0)).where(known)
    before = quality.at(state.model.sections, found["background"])
    before, allowed, limit = (
        _of_periods(array, park.calendar)
        for array in (before, found["limits"]["allowed"], found["limits"]["limit"])
    )
    count = found["allocation"].sizes["source"]
    allocation.refuse_missed(quota, before, allowed, count)
    table = {
        "limit": limit, "allowed": allowed,
        "concentration": quota.rename(pollutant="indicator"),
        "used_concentration": used.rename(pollutant="indicator"),
    }  # fmt: skip
    dims = ("section", "indicator", "period")
    return described(
        xr.Dataset({n: a.reset_coords(drop=True).transpose(*dims) for n, a in table.items()})
    )


def _known_use(months: xr.Dataset) -> xr.DataArray:
    """Where use was reported, or there was nothing to use."""
    return months["used"].notnull() | (months["quota"] == 0)


def _concentration(
    state: _model.State, found: Datasets, park: _Park, load: xr.DataArray
) -> xr.DataArray:
    """Concentration at the sections in all plan periods, all others at their permits.

    Plan periods that share a water period are solved side by side.
    """
    water = park.calendar["water_period"]
    cycle = water.groupby(water).cumcount().to_numpy()
    permitted = found["allocation"]["permitted_load"].reset_coords(drop=True)
    cases = []
    for n in range(int(cycle.max()) + 1):
        own = load.isel(period=cycle == n).transpose(*_DIMS)
        whole = permitted.copy(deep=True)
        whole.loc[
            {"source": park.sources.to_numpy(), "pollutant": own["pollutant"].values,
             "period": water[cycle == n].to_numpy()}
        ] = own.values  # fmt: skip
        whole = whole.assign_coords(outlet=("source", state.decided["outlet"].values))
        cases.append(state.kept + state.model.at_outlets(whole))
    labels = pd.Index([str(n) for n in range(len(cases))], dtype=object, name="scenario")
    done = state.model.steady(xr.concat(cases, labels))
    at = {"period": water.to_numpy(), "scenario": labels.to_numpy()[cycle]}
    place = {name: xr.DataArray(labels, dims="plan_period") for name, labels in at.items()}
    kept = quality.at(state.model.sections, done).reset_coords(drop=True).sel(place)
    kept = kept.reset_coords(drop=True).rename(plan_period="period")
    return kept.assign_coords(period=load["period"].values)


def _listed(park: _Park, updates: list[Update]) -> xr.Dataset:
    """Gather the findings of all issues, with the period at whose issue each came up."""
    names = park.calendar.index
    parts = [u.findings.assign(issue_period=n) for n, u in zip(names, updates, strict=True)]
    table = pd.concat(parts, ignore_index=True)
    return xr.Dataset.from_dataframe(table.rename_axis("finding"))


def _ledger(state: State) -> xr.Dataset:
    return xr.Dataset.from_dataframe(state.ledger.set_index("entry"))


def tables(found: Datasets) -> dict[str, pd.DataFrame]:
    """Make the published tables of the months; none where no quotas were issued."""
    if "months" not in found:
        return {}
    months = found["months"].reset_coords(drop=True)
    quota = months.drop_vars("group_limit").to_dataframe(dim_order=list(_DIMS)).reset_index()
    wholly = _known_use(months).all("enterprise")
    ledger = found["ledger"].to_dataframe().reset_index()
    park = xr.Dataset(
        {
            "plan": months["plan"].sum("enterprise"), "group_limit": months["group_limit"],
            "quota_load": months["quota_load"].sum("enterprise"),
            "used_load": months["used_load"].sum("enterprise").where(wholly),
        }
    ).transpose("pollutant", "period")  # fmt: skip
    columns = {
        "sections": ["section", "indicator", "period", "limit", "allowed", "concentration",
                     "used_concentration"],
        "findings": ["issue_period", "rule", "subject", "pollutant", "period", "figure",
                     "threshold", "sentence", "sentence_zh"],
    }  # fmt: skip
    return {
        "quota": quota,
        "month_park": park.to_dataframe().reset_index(),
        "month_sections": found["month_sections"].to_dataframe().reset_index()[columns["sections"]],
        "month_findings": found["month_findings"].to_dataframe()[columns["findings"]],
        "ledger": ledger.assign(expires=pd.to_datetime(ledger["expires"].replace("", None))),
    }


def figures(found: Datasets) -> dict[str, dict[str, bytes]]:
    """Draw quotas, park and sections of each pollutant; nothing where no quotas were issued."""
    if "months" not in found:
        return {}
    kinds: dict[str, dict[str, bytes]] = {"quota": {}, "park_use": {}, "section_course": {}}
    months = found["months"].drop_vars(["sentence", "sentence_zh"])
    wholly = _known_use(months).all("enterprise")
    for name in months["pollutant"].values:
        mine = months.sel(pollutant=name)
        loads = (mine["quota_load"], mine["plan"], mine["used_load"])
        park = [array.sum("enterprise") for array in loads]
        used = park[2].where(wholly.sel(pollutant=name))
        course = found["month_sections"].sel(indicator=name)
        axes = {
            "quota": plot.quota_map(*loads),
            "park_use": plot.park_use(park[0], used, mine["group_limit"], park[1]),
            "section_course": plot.section_course(
                course["concentration"], course["used_concentration"], course["limit"],
                course["allowed"],
            ),
        }  # fmt: skip
        for kind, ax in axes.items():
            kinds[kind][str(name)] = plot.png(ax)
    return kinds
