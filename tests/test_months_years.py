"""Simulated years: three policies by hand, one process or two, a perfect year keeps every row."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import xarray as xr

from permitload.errors import DataError
from permitload.reallocation import Chances, Year, draw_year, sample_average, simulate
from tests.months import DIMS, calendar, park

STILL = Chances(flow=0.0, skill=1.0, need=0.0, report=0.0)


def _park(months: int = 12) -> tuple[xr.Dataset, xr.Dataset]:
    time = calendar(months)
    days = time["days"][1]
    rate = np.outer(1 + 0.3 * np.sin(np.arange(months)), [100.0, 60.0, 30.0])
    mass = rate * days[:, None] / 1000
    forecast, plans = park(
        mass, mass.sum(axis=1) * 0.95, 0.9 * mass.sum(), time, [[1e-3, 2e-3, 0.0]]
    )
    forecast["headroom"] = forecast["headroom"] * 0.2
    plans["permit"] = (DIMS[:2], mass.sum(axis=0)[:, None] * 0.9)
    return forecast, plans


def _draw(generator: np.random.Generator, spread: Chances, months: int = 12) -> Year:
    return draw_year(generator, *_park(months), spread)


def test_perfect_forecast_and_discipline_miss_nothing() -> None:
    figures = simulate(2, partial(_draw, spread=STILL))
    assert figures["missed"].sel(policy="monthly").values.tolist() == [0, 0]
    assert figures["missed"].sel(policy="annual").values.min() > 0
    assert (figures["capacity_use"].sel(policy="monthly") <= 1 + 1e-9).all()
    assert figures["gained"].sel(policy="fixed").values.ravel().tolist() == [0, 0, 0]


def test_fixed_and_annual_by_hand() -> None:
    forecast, plans = _park()
    figures = simulate(1, partial(_draw, spread=STILL)).isel(scenario=0)
    days = forecast["days"].values
    need = np.floor(np.round(plans["plan"].values[:, 0] * days * 1000, 3))
    permit = plans["permit"].values[:, 0] * 1e6
    fixed = np.minimum(need, np.floor(permit[:, None] * days / 365))
    annual = np.zeros_like(need)
    left = np.floor(permit)
    for k in range(12):
        annual[:, k] = np.minimum(need[:, k], left)
        left = left - annual[:, k]
    for name, used in (("fixed", fixed), ("annual", annual)):
        lost = (need - used).sum() / need.sum()
        assert figures["curtailed"].sel(policy=name).item() == pytest.approx(lost, abs=1e-12)
        rise = np.array([1e-3, 2e-3, 0.0]) @ (used / days / 1000)
        assert figures["missed"].sel(policy=name).item() == (rise > 0.2).sum()
    more = annual.sum(axis=1) - fixed.sum(axis=1)
    assert figures["gained"].sel(policy="annual").values[:, 0] == pytest.approx(more, abs=1e-3)


def test_two_processes_give_the_numbers_of_one() -> None:
    draw = partial(_draw, spread=Chances(breach=0.1), months=4)
    one, two = (simulate(4, draw, processes=count, seed=7) for count in (1, 2))
    assert one.identical(two)
    assert simulate(2, draw, seed=7)["missed"].equals(one["missed"].isel(scenario=[0, 1]))
    assert not simulate(4, draw, seed=8).equals(one)


def test_worse_forecasts_miss_more_often() -> None:
    def missed(skill: float) -> float:
        draw = partial(_draw, spread=Chances(flow=0.4, skill=skill, need=0.0, report=0.0), months=6)
        return float(simulate(12, draw, seed=3)["missed"].sel(policy="monthly").sum())

    assert missed(1.0) == 0 < missed(0.2)


@pytest.mark.parametrize("wrong", [{"years": 0}, {"years": 1.5}, {"years": 1, "processes": 0}])
def test_years_and_processes_are_whole_numbers(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="whole number >= 1"):
        simulate(draw=partial(_draw, spread=STILL), **wrong)


def test_averages_come_with_their_errors_and_differences_with_paired_ones() -> None:
    """Policies see the same years: the error of a difference is that of the differences."""
    figures = simulate(5, partial(_draw, spread=Chances(flow=0.4, need=0.3), months=3), seed=2)
    table = sample_average(figures)
    for name in ("missed", "capacity_use", "curtailed", "stability"):
        for policy in ("monthly", "fixed", "annual"):
            own = figures[name].sel(policy=policy).values
            base = figures[name].sel(policy="monthly").values
            row = table.loc[(policy, name)]
            assert row["mean"] == pytest.approx(sum(own) / 5)
            spread = sum((value - sum(own) / 5) ** 2 for value in own) / 4
            assert row["standard_error"] == pytest.approx((spread / 5) ** 0.5)
            above = [a - b for a, b in zip(own, base, strict=True)]
            spread = sum((value - sum(above) / 5) ** 2 for value in above) / 4
            assert row["difference"] == pytest.approx(sum(above) / 5, abs=1e-15)
            assert row["difference_error"] == pytest.approx((spread / 5) ** 0.5, abs=1e-15)
    assert (table.loc["monthly", "difference_error"] == 0).all()
    one = sample_average(figures.isel(scenario=[0]))
    assert one["standard_error"].isna().all() and one["mean"].notna().all()
    with pytest.raises(DataError, match="lacks missed"):
        sample_average(figures.drop_vars("missed"))


def test_all_policies_see_the_same_year() -> None:
    """With limits and permits without end nobody is curtailed: all three discharge the need."""

    def draw(generator: np.random.Generator) -> Year:
        forecast, plans = _park(3)
        forecast["headroom"] = forecast["headroom"] * 1e6
        forecast["group_limit"] = forecast["group_limit"] * 1e6
        forecast["annual_total"] = forecast["annual_total"] * 1e6
        plans["permit"] = plans["permit"] * 1e6
        year = draw_year(generator, forecast, plans, Chances(need=0.4))
        need = np.minimum(year.observed["need"], plans["plan"])
        return Year(year.forecasts, plans, year.observed.assign(need=need))

    figures = simulate(3, draw, seed=5)
    assert (figures["curtailed"] == 0).all()
    assert (figures["gained"] == 0).all()
    for name in ("missed", "capacity_use"):
        assert figures[name].std("policy").max() == 0
    assert figures["capacity_use"].std("scenario").min() > 0
