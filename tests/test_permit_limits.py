"""Limits of a day and a month: printed multipliers, sampling, months that never cancel."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from permitload import allocation, units
from permitload.errors import DataError
from tests.parks import known

# Wis. Adm. Code NR 106.07, table 1: daily over monthly limit, both at 0.99.
COUNTS = (1, 2, 3, 4, 8, 12, 16, 20, 24, 30)
PRINTED = {
    0.2: (1.00, 1.13, 1.20, 1.24, 1.32, 1.36, 1.39, 1.40, 1.41, 1.43),
    0.8: (1.00, 1.35, 1.59, 1.76, 2.19, 2.42, 2.58, 2.70, 2.79, 2.89),
    1.3: (1.00, 1.36, 1.63, 1.85, 2.45, 2.83, 3.10, 3.31, 3.48, 3.68),
    1.8: (1.00, 1.31, 1.57, 1.78, 2.43, 2.87, 3.21, 3.48, 3.70, 3.98),
}


def test_multipliers_of_the_case() -> None:
    case = known("chance_lognormal")
    right = case["expected"]["tsd_multipliers"]
    found = {
        "WLA_acute_95": allocation.long_term_average(1.0, 0.6, 1, 0.95),
        "WLA_acute_99": allocation.long_term_average(1.0, 0.6),
        "WLA_chronic4_95": allocation.long_term_average(1.0, 0.6, 4, 0.95),
        "WLA_chronic4_99": allocation.long_term_average(1.0, 0.6, 4),
        "MDL_95": allocation.average_limit(1.0, 0.6, 1, 0.95),
        "MDL_99": allocation.average_limit(1.0, 0.6),
        "AML_95_n4": allocation.average_limit(1.0, 0.6, 4, 0.95),
    }
    assert found == pytest.approx(right, abs=case["tolerance"], rel=0)
    # as the guidance prints them
    names = ("WLA_acute_99", "WLA_acute_95", "WLA_chronic4_99", "WLA_chronic4_95",
             "MDL_95", "AML_95_n4")  # fmt: skip
    printed = (0.321, 0.468, 0.527, 0.644, 2.13, 1.55)
    assert [round(found[n], 3 if found[n] < 1 else 2) for n in names] == list(printed)
    assert abs(found["MDL_99"] - 3.11) < 0.006  # printed 3.11, from z = 2.326
    for (cv, n), factor in zip(
        case["inputs"]["nr106_points"], case["expected"]["nr106_multiplication_factor"], strict=True
    ):
        ratio = allocation.average_limit(1.0, cv) / allocation.average_limit(1.0, cv, n)
        assert ratio == pytest.approx(factor, abs=case["tolerance"], rel=0)


@pytest.mark.parametrize("cv", PRINTED)
def test_printed_table_of_wisconsin(cv: float) -> None:
    daily = allocation.average_limit(1.0, cv)
    found = [daily / allocation.average_limit(1.0, cv, n) for n in COUNTS]
    assert found == pytest.approx(PRINTED[cv], abs=0.0051)


@given(st.floats(0.0, 3.0), st.floats(1.0, 365.0), st.floats(0.5, 0.999), st.floats(0.1, 1e4))
def test_limit_and_average_undo_each_other(cv: float, n: float, p: float, load: float) -> None:
    mean = allocation.long_term_average(load, cv, n, p)
    assert allocation.average_limit(mean, cv, n, p) == pytest.approx(load, rel=1e-12)


def test_limits_hold_with_their_probability() -> None:
    tried, rng = 40_000, np.random.default_rng(8)
    sigma = math.sqrt(math.log(1.36))
    days = rng.lognormal(-(sigma**2) / 2, sigma, (tried, 4)) * 100.0
    for p in (0.95, 0.99):
        limit = allocation.average_limit(100.0, 0.6, 1, p)
        low, high = stats.binom.ppf([5e-7, 1 - 5e-7], tried, p)
        assert low <= (days[:, 0] <= limit).sum() <= high
    # The mean of a few days is log-normal only nearly: moments right, tail within half a percent.
    held = (days.mean(axis=1) <= allocation.average_limit(100.0, 0.6, 4, 0.95)).mean()
    assert abs(held - 0.95) < 0.005


def test_steady_effluent_has_one_limit() -> None:
    permits = xr.DataArray([100.0, 0.0], {"source": ["E1", "E2"]}, "source")
    found = allocation.permit_limits(permits, 0.0, 365, 4)
    for name in found:
        assert found[name].values.tolist() == [100.0, 0.0]
    some = allocation.permit_limits(permits, 0.6, 365, 4)
    assert (some["long_term_average"] <= permits).all()
    assert some["monthly_limit"][0] > permits[0]
    assert some["daily_limit"][0] > some["monthly_limit"][0]
    assert some["daily_limit"].attrs["units"] == "kg/d"
    assert some["long_term_average"][0] == allocation.long_term_average(100.0, 0.6, 365, 0.95)


def months(background: list[float], days: list[float]) -> xr.DataArray:
    flow = np.array([4.0, 6.0, 20.0])
    capacity = units.flux(flow, 1.0 - np.array(background))
    labels = {"period": ["M1", "M2", "M3"], "days": ("period", days)}
    return xr.DataArray(capacity, labels, "period")


def test_monthly_case() -> None:
    case = known("monthly_capacity_factors")
    given_, right = case["inputs"], case["expected"]
    near = case["tolerance"]
    days = [float(d) for d in given_["days"]]
    permit = xr.DataArray([10.0, 30.0], {"source": ["E1", "E2"]}, "source")
    found = allocation.month_masses(permit, months(given_["background_mgL"], days))
    np.testing.assert_allclose(found["capacity_mass"], right["capacity_t"], rtol=0, atol=near)
    assert found["capacity_mass"].sum().item() == pytest.approx(right["total_t"], abs=near)
    share = found["permit_mass"] / permit
    for one in share.values:
        np.testing.assert_allclose(one, right["month_share"], rtol=0, atol=near)
    assert found["capacity_deficit"].values.tolist() == [0.0, 0.0, 0.0]
    # mean flow times mean headroom times days
    assert right["total_t"] != pytest.approx(41.4720, rel=0.01)

    second = right["variant2"]
    raw = months(given_["background_mgL_variant2"], days)
    found = allocation.month_masses(permit, raw)
    np.testing.assert_allclose(units.tonnes(raw, raw["days"]), second["raw_t"], rtol=0, atol=near)
    np.testing.assert_allclose(found["capacity_mass"], second["usable_t"], rtol=0, atol=near)
    np.testing.assert_allclose(found["capacity_deficit"], second["deficit_t"], rtol=0, atol=near)
    total = found["capacity_mass"].sum().item()
    assert total == pytest.approx(second["total_usable_t"], abs=near)
    assert total != pytest.approx(38.88, rel=0.01)
    np.testing.assert_allclose(found["permit_mass"].sum("period"), permit, rtol=1e-12)
    assert found["permit_mass"].sel(period="M2").values.tolist() == [0.0, 0.0]


def test_months_are_masses_and_a_leap_day_counts() -> None:
    permit = xr.DataArray([365.0], {"source": ["E1"]}, "source")
    lengths = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0]
    labels = [f"M{k + 1}" for k in range(12)]

    def shared(days: list[float]) -> xr.DataArray:
        coords = {"period": labels, "days": ("period", days)}
        return allocation.month_masses(permit, xr.DataArray(np.full(12, 5.0), coords, "period"))[
            "permit_mass"
        ][0]

    plain, leap = shared(lengths), shared([31.0, 29.0, *lengths[2:]])
    np.testing.assert_allclose(plain, lengths, rtol=1e-12)  # not 365 / 12 each
    ratio = (leap[1] / leap[0]) / (plain[1] / plain[0])
    assert ratio.item() == pytest.approx(29 / 28, rel=1e-12)
    # whole units: cut down, months never add up to more than the year
    cut = allocation.truncate(np.asarray(shared(lengths) / 7), 0.01)
    assert cut.sum() <= 365.0 / 7


def test_permits_and_capacities_of_several_pollutants_are_matched_by_label() -> None:
    permit = xr.DataArray([[8.0, 6.0]], {"source": ["E1"], "pollutant": ["TN", "TP"]},
                          ("source", "pollutant"))  # fmt: skip
    coords = {"pollutant": ["TP", "TN"], "period": ["a", "b"], "days": ("period", [10.0, 10.0])}
    capacity = xr.DataArray([[1.0, 2.0], [3.0, 1.0]], coords, ("pollutant", "period"))
    found = allocation.month_masses(permit, capacity)["permit_mass"].transpose("source", ...)
    assert found.sel(pollutant="TN").values.ravel().tolist() == [6.0, 2.0]
    assert found.sel(pollutant="TP").values.ravel().tolist() == [2.0, 4.0]
    with pytest.raises(DataError, match="pollutant"):
        allocation.month_masses(permit, capacity.assign_coords(pollutant=["TP", "COD"]))


def test_what_is_refused() -> None:
    for cv, count, p in ((-0.1, 1.0, 0.9), (math.nan, 1.0, 0.9), (0.6, 0.5, 0.9),
                         (0.6, 0.0, 0.9), (math.inf, 1.0, 0.9), (0.6, 4.0, 0.4)):  # fmt: skip
        with pytest.raises(DataError, match="out of range"):
            allocation.long_term_average(1.0, cv, count, p)
        with pytest.raises(DataError, match="out of range"):
            allocation.average_limit(1.0, cv, count, p)
    permit = xr.DataArray([8.0], {"source": ["E1"]}, "source")
    dry = months([1.2, 1.2, 1.2], [31.0, 28.0, 31.0])
    with pytest.raises(DataError, match="no period has capacity"):
        allocation.month_masses(permit, dry)
    nothing = allocation.month_masses(permit * 0, dry)
    assert nothing["permit_mass"].values.tolist() == [[0.0, 0.0, 0.0]]
    for bad in (permit * math.nan, -permit):
        with pytest.raises(DataError, match="permit"):
            allocation.month_masses(bad, dry)
        with pytest.raises(DataError, match="permitted_load"):
            allocation.permit_limits(bad, 0.6, 365, 4)
    with pytest.raises(DataError, match="days"):
        allocation.month_masses(permit, dry.drop_vars("days"))
    with pytest.raises(DataError, match="NaN"):
        allocation.month_masses(permit, dry * math.nan)
    with pytest.raises(DataError, match="annual"):
        allocation.month_masses(dry, dry)
