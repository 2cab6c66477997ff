"""What an issue promises, days and meters, pumps, and evidence of need."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload.errors import DataError, InfeasibleError
from permitload.reallocation import (
    Update,
    contradicted_plans,
    daily_masses,
    drainage,
    flow_caps,
    guarantee,
    opened,
    park_forecast,
    quota_rate,
    recall_reasons,
    resimulate_quota,
    update,
)
from tests.months import EMPTY, calendar, park, used


def _two(second: float = 1.0) -> tuple[Update, Update, xr.Dataset, xr.Dataset]:
    """Two issues of one park; in the second the forecast has so much of the water."""
    time = calendar(3, days=30.0)
    forecast, plans = park(np.full((3, 2), 30.0), [60] * 3, 200, time, [[5e-4, 1e-3]])
    first = update(opened(["E1", "E2"], ["COD"]), time["period"][0], forecast, plans, EMPTY)
    rows = used(time["period"][0], first.quota.values[:, 0])
    worse = forecast.assign(response=forecast["response"] / second)
    return first, update(first.state, time["period"][1], worse, plans, rows), forecast, worse


def _came(issued: Update, told: xr.Dataset, flow: float, used: Any) -> xr.Dataset:
    now = told.sel(period=issued.plan["period"].values[0], drop=True)
    mass = issued.quota * xr.DataArray(used, {"enterprise": ["E1", "E2"]}, "enterprise")
    return xr.Dataset(
        {"response": now["response"] / flow, "headroom": now["headroom"], "used": mass}
    )


def test_issued_quota_meets_its_rows_and_the_full_model() -> None:
    first, _, forecast, _ = _two()
    table = guarantee(first, forecast).set_index("section")
    assert (table["issued"] <= table["allowed"] * (1 + 1e-12)).all()
    assert table.loc["S1", "issued"] == pytest.approx(1.0, abs=1e-6)
    assert (table["broken_by"] == "").all()
    rate = quota_rate(first)

    def simulate(load: xr.DataArray, decay: float = 1.0) -> xr.DataArray:
        part = forecast["response"].isel(period=[0]).rename(enterprise="source") * decay
        return (part * load).sum("source").reset_coords(drop=True) + 0.5

    allowed = forecast["headroom"].isel(period=[0]).rename(pollutant="indicator") + 0.5
    after = resimulate_quota(first, simulate, allowed)
    by_hand = 0.5 + float((rate.values[:, 0, 0] * [5e-4, 1e-3]).sum())
    assert after["concentration"].item() == pytest.approx(by_hand, rel=1e-12)
    with pytest.raises(InfeasibleError, match="permits miss 1 limits"):
        resimulate_quota(first, lambda load: simulate(load, 1.01), allowed)


@pytest.mark.parametrize(
    ("flow", "factor", "cause"),
    [
        (1.0, [1.0, 1.0], ""),
        (2.0, [1.5, 1.5], ""),
        (0.9, [1.0, 1.0], "worse flow"),
        (0.9, [0.5, 0.5], ""),
        (1.0, [1.0, 1.4], "exceedance"),
        (0.9, [1.0, 1.4], "worse flow, exceedance"),
    ],
)
def test_what_broke_a_section(flow: float, factor: list[float], cause: str) -> None:
    _, second, forecast, _ = _two()
    table = guarantee(second, forecast, _came(second, forecast, flow, factor))
    assert table.set_index("section").loc["S1", "broken_by"] == cause


def test_forecast_that_fell_is_named_while_the_quota_still_holds() -> None:
    first, second, _, worse = _two(0.8)
    table = guarantee(second, worse, before=first).set_index("section")
    assert table.loc["S1", "broken_by"] == "worse forecast"
    assert table.loc["S1", "issued"] <= table.loc["S1", "allowed"] * (1 + 1e-12)
    first, second, _, same = _two(1.0)
    assert set(guarantee(second, same, before=first)["broken_by"]) == {""}
    with pytest.raises(DataError, match="breaks a row"):
        guarantee(second, same.assign(response=same["response"] * 1.1))


def test_plan_of_before_stays_feasible_when_nothing_gets_worse() -> None:
    """Guarantee: forecasts the same, use within quotas; the old tail still meets all rows."""
    first, second, forecast, _ = _two()
    tail = first.plan.sel(period=second.plan["period"].values)
    rise = (tail * forecast["response"]).sum("enterprise")
    assert (rise <= forecast["headroom"].sel(period=tail["period"]) * (1 + 1e-9)).all()
    assert (
        second.plan.sum(["enterprise", "period"]) >= tail.sum(["enterprise", "period"]) - 1e-6
    ).all()


def test_days_add_up_to_the_gram() -> None:
    generator = np.random.default_rng(1)
    quota = xr.DataArray(
        generator.integers(0, 10**9, (3, 2)),
        {"enterprise": ["E1", "E2", "E3"], "pollutant": ["COD", "TP"]},
    )
    days = pd.date_range("2026-02-01", periods=28).to_numpy()
    weight = xr.DataArray(generator.uniform(0, 1, (3, 28)).round(3), {"time": days,
        "enterprise": ["E3", "E1", "E2"]}, ("enterprise", "time"))  # fmt: skip
    weight[:, 5] = 0.0  # maintenance
    split = daily_masses(quota, weight)
    assert (split.sum("time") == quota).all()
    assert (split.isel(time=5) == 0).all()
    exact = quota * weight / weight.sum("time")
    assert float(abs(split - exact).max()) < 1 + 1e-6
    with pytest.raises(DataError, match="is 0 on all days"):
        daily_masses(quota, weight * 0)
    with pytest.raises(DataError, match="finite number >= 0"):
        daily_masses(quota, weight - 1)
    with pytest.raises(DataError, match="other enterprises"):
        daily_masses(quota, weight.isel(enterprise=[0]))


def test_meters_count_the_water_of_the_pollutant_that_allows_least() -> None:
    first, *_ = _two()
    outlets = pd.Series({"E2": "O7", "E1": "O3"})
    strength = xr.DataArray([[50.0], [40.0]], {"enterprise": ["E1", "E2"], "pollutant": ["COD"]})
    caps = flow_caps(first, outlets, strength)
    assert caps["outlet"].tolist() == ["O3", "O7"]
    assert caps["volume"].tolist() == [
        int(mass) // limit for mass, limit in zip(first.quota.values[:, 0], (50, 40), strict=True)
    ]
    assert (caps["volume"] * [50, 40] <= caps["quota"]).all()
    with pytest.raises(DataError) as error:
        flow_caps(first, outlets.drop("E1"), strength * [[0.0], [1.0]])
    assert len(error.value.faults) == 2


def test_pumps_wait_for_water_and_keep_what_does_not_fit() -> None:
    names = ["a", "b", "c"]
    labels = {"section": ["S1", "S2"], "pollutant": ["TN", "TP"], "period": names}
    response = xr.DataArray(np.full((2, 2, 3), 0.01), labels, list(labels))
    room = xr.DataArray(np.full((2, 2, 3), 0.5), labels, list(labels))
    room[0, 0] = [0.2, -0.1, 0.4]  # TN binds at S1; no room in b
    room = room.assign_coords(days=("period", [30.0, 31.0, 10.0]))
    strength = xr.DataArray([4.0, 0.2], {"pollutant": ["TN", "TP"]}, "pollutant")
    plan = drainage(response, room, strength, 1.0, 1e6, names)
    most = np.array([0.2, 0.0, 0.4]) / 0.01 * np.array([30, 31, 10]) * 1000 / 4
    assert plan["volume"].values == pytest.approx(most)
    assert plan["storage_volume"].item() == pytest.approx(1e6 - most.sum())
    rise = (response * plan["source_load"]).isel(section=0).sel(pollutant="TN")
    assert rise.values == pytest.approx([0.2, 0.0, 0.4])
    narrow = drainage(response, room, strength, 0.05, 1e6, ["a"])
    assert narrow["volume"].values.tolist() == [0.05 * 86400 * 30, 0, 0]
    part = drainage(response, room, strength, 1.0, 5e4, names)
    assert part["volume"].values / most[0] == pytest.approx(5e4 / most.sum() * most / most[0])
    for wrong in ({"volume": -1.0}, {"pump_capacity": np.nan}, {"periods": ["z"]}):
        given: dict[str, Any] = {"pump_capacity": 1.0, "volume": 1.0, "periods": names} | wrong
        with pytest.raises(DataError):
            drainage(response, room, strength, **given)


def _table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"enterprise": "E1", "pollutant": "TP", "period": list("abcde"), **columns})


def test_plan_that_water_contradicts_is_flagged() -> None:
    table = _table(
        plan=[100.0, 100, 100, 100, 100],
        used=[90.0, 110, 100, 20, 0],
        water_use=[9.0, 11, 10, 2, 0],
    )
    found = contradicted_plans(table)
    assert found["reason"].tolist() == ["borne out"] * 3 + ["contradicted"] * 2
    assert found["figure"].tolist() == [90, 110, 100, 20, 0]
    assert (
        "20" in found["sentence"][3].replace("0.00002", "20")
        and "用水量" in found["sentence_zh"][3]
    )
    assert contradicted_plans(table.iloc[:3])["reason"].tolist() == ["not judged"] * 3
    mixed = table.sample(frac=1.0, random_state=3)
    again = contradicted_plans(mixed).set_index("period")["reason"]
    assert again.sort_index().tolist() == found["reason"].tolist()
    with pytest.raises(DataError, match="water_use"):
        contradicted_plans(table.assign(water_use=-1.0))
    with pytest.raises(DataError, match="is there twice"):
        contradicted_plans(pd.concat([table, table]))


def test_reasons_for_unused_mass_come_from_output() -> None:
    table = _table(used=[90.0, 90, 90, 45, 45], product_mass=[9.0, 9, 9, 4.5, 9])
    reasons = recall_reasons(table)["reason"].tolist()
    assert reasons == ["low_production"] * 4 + ["treatment"]
    assert recall_reasons(table.iloc[:2])["reason"].tolist() == ["", ""]


def test_forecast_from_the_network_gives_the_same_quota() -> None:
    first, _, forecast, _ = _two()
    outlets = pd.Series({"E1": "O2", "E2": "O1"})
    matrix = forecast["response"].rename(enterprise="outlet").assign_coords(outlet=["O2", "O1"])
    room = forecast["headroom"].rename(pollutant="indicator").drop_vars("year")
    limits = forecast["group_limit"], forecast["annual_total"]
    told = park_forecast(matrix.isel(period=[2, 0, 1]), room, outlets, *limits)
    plans = park(np.full((3, 2), 30.0), [60] * 3, 200, calendar(3, days=30.0))[1]
    again = update(opened(["E1", "E2"], ["COD"]), "2026-01-01", told, plans, EMPTY)
    assert again.quota.identical(first.quota)
    with pytest.raises(DataError) as error:
        park_forecast(matrix.isel(period=[0, 1]), room, outlets.replace("O1", "O9"), *limits)
    assert {fault.column for fault in error.value.faults} == {"outlet", "period"}
    with pytest.raises(DataError, match="lacks days or start"):
        park_forecast(matrix, room.drop_vars("start"), outlets, *limits)
