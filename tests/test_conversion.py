"""Trades between sources: ratios, credits, hot spots, one program of measures and loads."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from permitload.allocation import allocate, present_load
from permitload.conversion import (
    Draws,
    added,
    cheapest,
    credit,
    fairest,
    hot_spots,
    lognormal_uncertainty,
    normal_uncertainty,
    product,
    programme,
    trading_ratio,
    worst_ratio,
)
from permitload.errors import DataError, InfeasibleError
from permitload.quality import at, steady

from .networks import Case, cases, random_case

DIMS = ("section", "outlet", "pollutant", "period")
SEEDS = st.integers(0, 1_000_000)


def field(values: Any, pollutant: str = "TN", days: Any = None) -> xr.DataArray:
    """Response of one pollutant by section, outlet, period."""
    values = np.asarray(values, dtype=float)[:, :, None]
    names = [[f"{n}{k}" for k in range(size)] for n, size in zip("SOPM", values.shape, strict=True)]
    names[2] = [pollutant]
    found = xr.DataArray(values, dict(zip(DIMS, names, strict=True)), DIMS)
    return found if days is None else found.assign_coords(days=("period", days))


def tables(
    sold: list[int], bought: list[int], pollutant: str = "TN", **columns: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sellers and buyers at outlets by number; further columns are the sellers'."""
    sellers = pd.DataFrame({"seller": [f"farm{k}" for k in sold], "outlet": [f"O{k}" for k in sold],
                            "pollutant": pollutant, "variation": 0.0,
                            "uncertainty_ratio": 1.0} | columns)  # fmt: skip
    names = {"buyer": [f"works{k}" for k in bought], "outlet": [f"O{k}" for k in bought]}
    buyers = pd.DataFrame(names | {"pollutant": pollutant})
    return sellers, buyers


def flat(sellers: pd.DataFrame, response: xr.DataArray) -> xr.DataArray:
    labels = {"seller": sellers["seller"].to_numpy(object), "period": response["period"].values}
    return xr.DataArray(np.ones((len(sellers), response.sizes["period"])), labels)


def room(response: xr.DataArray, values: Any) -> xr.DataArray:
    """Headroom in the labels of a response."""
    empty = response.isel(outlet=0, drop=True).rename(pollutant="indicator")
    return xr.zeros_like(empty) + np.asarray(values, dtype=float).reshape(
        np.shape(values) if np.ndim(values) == 0 else empty.shape
    )


# -- parts ---------------------------------------------------------------------------------------


def test_ratio_of_the_toolkit_and_what_it_credits() -> None:
    response = field([[[0.35], [0.80]]])
    sellers, buyers = tables([0], [1], uncertainty_ratio=2.0, retirement=1.1)
    found = trading_ratio(response, sellers, buyers, flat(sellers, response))
    assert found["ratio"].item() == pytest.approx(5.02857, abs=5e-6)
    assert 1000.0 / found["ratio"].item() == pytest.approx(198.8636, abs=5e-5)
    assert worst_ratio(response, sellers, buyers, flat(sellers, response))["ratio"].item() == (
        found["ratio"].item()
    )


def test_direction_is_buyer_over_seller() -> None:
    # 1.5 in place, 2.2 of multiples: 3.3; inverted it would be 2.2 / 1.5 = 1.47
    response = field([[[0.2], [0.3]]])
    sellers, buyers = tables([0], [1], uncertainty_ratio=2.0, retirement=1.1)
    found = trading_ratio(response, sellers, buyers, flat(sellers, response))["ratio"].item()
    assert found == pytest.approx(3.3, rel=1e-12)
    assert abs(found - 1.47) > 1.0


def test_replacement_multiples_stand_on_top_of_the_physics() -> None:
    response = field([[[0.2], [0.3], [0.3]]])
    sellers, buyers = tables([0], [1, 2], uncertainty_ratio=2.0)
    buyers["replacement"] = [1.1, 2.0]
    found = trading_ratio(response, sellers, buyers, flat(sellers, response))["ratio"]
    np.testing.assert_allclose(found.values.ravel(), [3.3, 6.0], rtol=1e-12)


def test_uncertainty_ratios_of_the_usual_practice() -> None:
    assert normal_uncertainty(0.3, 0.95) == pytest.approx(1.97, abs=0.005)
    assert lognormal_uncertainty(0.3, 0.95) == pytest.approx(1.69, abs=0.005)


@given(variation=st.just(0.0) | st.floats(1e-3, 1.5), assurance=st.floats(0.5, 0.999))
def test_uncertainty_is_one_over_the_quantile_that_is_achieved(
    variation: float, assurance: float
) -> None:
    least = stats.norm(1.0, max(variation, 1e-300)).ppf(1.0 - assurance)
    if least > 1e-6:
        assert normal_uncertainty(variation, assurance) == pytest.approx(1.0 / least, rel=1e-9)
    elif least < -1e-6:
        with pytest.raises(DataError, match="leaves nothing certain"):
            normal_uncertainty(variation, assurance)
    spread = math.sqrt(math.log(1.0 + variation**2))
    if spread > 0.0:
        achieved = stats.lognorm(spread, scale=math.exp(-(spread**2) / 2.0))
        assert achieved.mean() == pytest.approx(1.0, rel=1e-9)
        ratio = 1.0 / achieved.ppf(1.0 - assurance)
        assert lognormal_uncertainty(variation, assurance) == pytest.approx(ratio, rel=1e-9)
    else:
        assert lognormal_uncertainty(variation, assurance) == 1.0


@pytest.mark.parametrize("bad", [(-0.1, 0.9), (0.3, 0.4), (0.3, 1.0), (math.nan, 0.9)])
def test_uncertainty_refuses(bad: tuple[float, float]) -> None:
    for rule in (normal_uncertainty, lognormal_uncertainty):
        with pytest.raises(DataError, match=r"0.5 <= assurance < 1"):
            rule(*bad)


def test_sum_of_parts_is_another_policy() -> None:
    # delivery 0.5 beyond 1, uncertainty 1 beyond 1, least ratio 1.2
    response = field([[[0.2], [0.3], [0.02]]])
    sellers, buyers = tables([0], [1, 2], uncertainty_ratio=2.0, least_ratio=1.2)
    found = trading_ratio(response, sellers, buyers, flat(sellers, response), added)
    np.testing.assert_allclose(found["ratio"].values.ravel(), [2.5, 1.2], rtol=1e-12)
    assert product(1.5, 1.0, 2.0, 1.0) == 3.0


# -- ratios --------------------------------------------------------------------------------------


def test_wet_season_reduction_against_dry_months() -> None:
    # all of it falls in the wet period: 153 of 365 d, 2.3856 times its mean; nothing when dry
    response = field([[[0.1, 0.1], [0.1, 0.1]]], days=[153.0, 212.0])
    sellers, buyers = tables([0], [1])
    wet = xr.DataArray([[365.0 / 153.0, 0.0]], {"seller": ["farm0"], "period": ["M0", "M1"]})
    found = trading_ratio(response, sellers, buyers, wet)
    np.testing.assert_allclose(found["location_ratio"].values.ravel(), [153.0 / 365.0, np.inf])
    np.testing.assert_array_equal(found["ratio"].values.ravel(), [1.0, np.inf])
    worst = worst_ratio(response, sellers, buyers, wet)
    assert worst["ratio"].item() == np.inf
    assert worst["worst_period"].item() == "M1"
    flat_ratio = trading_ratio(response, sellers, buyers, flat(sellers, response))["ratio"]
    assert (flat_ratio == 1.0).all()


def test_a_section_between_that_only_the_buyer_reaches_is_a_hot_spot() -> None:
    response = field([[[0.0], [0.4]], [[0.3], [0.2]]])
    sellers, buyers = tables([0], [1])
    found = trading_ratio(response, sellers, buyers, flat(sellers, response))
    np.testing.assert_array_equal(found["ratio"].values.ravel(), [np.inf, 1.0])
    np.testing.assert_array_equal(found["reliability"].values.ravel(), [0.0, 1.0])
    trade = xr.DataArray([[[-30.0]], [[20.0]]], {"outlet": ["O0", "O1"], "pollutant": ["TN"],
                         "period": ["M0"]})  # fmt: skip
    spots = hot_spots(response, room(response, 0.0), trade)
    assert spots["section"].tolist() == ["S0"]
    assert spots["missing"].tolist() == pytest.approx([8.0])
    assert hot_spots(response, room(response, 8.0), trade).empty


def test_other_pollutants_need_a_stated_equivalency() -> None:
    response = xr.concat([field([[[0.2], [0.4]]], "NH3-N"), field([[[0.2], [0.4]]])], "pollutant")
    sellers, buyers = tables([0], [1], "NH3-N")
    buyers["pollutant"] = "TN"
    with pytest.raises(DataError, match="pollutants are not exchanged unstated"):
        worst_ratio(response, sellers, buyers, flat(sellers, response))
    found = worst_ratio(response, sellers.assign(equivalency=1.5), buyers, flat(sellers, response))
    assert found["ratio"].item() == pytest.approx(3.0, rel=1e-12)


def _random(seed: int) -> tuple[xr.DataArray, pd.DataFrame, pd.DataFrame, xr.DataArray]:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 5, 4))
    values = rng.uniform(0.01, 1.0, (shape[0], shape[1] + shape[2], shape[3]))
    values[rng.random(values.shape) < 0.2] = 0.0
    values[0, shape[1] :, 0] = 0.5  # every buyer is judged
    response = field(values, days=rng.uniform(20.0, 40.0, shape[3]))
    sellers, buyers = tables(
        list(range(shape[1])), list(range(shape[1], shape[1] + shape[2])),
        uncertainty_ratio=rng.uniform(1.0, 3.0, shape[1]),
        equivalency=rng.uniform(0.5, 2.0, shape[1]),
        retirement=rng.uniform(1.0, 1.2, shape[1]), variation=rng.uniform(0.0, 0.5, shape[1]),
        response_variation=rng.uniform(0.0, 0.5, shape[1]),
    )  # fmt: skip
    buyers["replacement"] = rng.choice([1.0, 1.1, 2.0], shape[2])
    times = rng.random((shape[1], shape[3])) + 1e-3
    days = response["days"].values
    times /= (times @ days / days.sum())[:, None]
    timing = xr.DataArray(times, {"seller": sellers["seller"].to_numpy(object),
                                  "period": response["period"].values})  # fmt: skip
    return response, sellers, buyers, timing


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([product, added]))
def test_worst_ratio_is_the_greatest_and_order_moves_nothing(seed: int, compound: Any) -> None:
    response, sellers, buyers, timing = _random(seed)
    draws = Draws(samples=50)
    every = trading_ratio(response, sellers, buyers, timing, compound, draws)
    worst = worst_ratio(response, sellers, buyers, timing, compound)
    greatest = every["ratio"].max(["section", "period"])
    np.testing.assert_allclose(worst["ratio"], greatest, rtol=1e-12)
    there = (
        every["ratio"]
        .sel(section=worst["worst_section"], period=worst["worst_period"])
        .transpose("seller", "buyer")
    )
    np.testing.assert_allclose(there, greatest, rtol=1e-12)
    assert (every["ratio"] >= 1.0).all()
    assert (every["ratio_lower"] <= every["ratio_upper"]).all()
    mixed = response.isel({n: np.random.default_rng(seed).permutation(response.sizes[n])
                           for n in DIMS})  # fmt: skip
    args = mixed, sellers[::-1], buyers[::-1], timing[::-1, ::-1], compound
    again = trading_ratio(*args, draws)
    xr.testing.assert_identical(again.sel({n: every[n] for n in every.dims}), every)
    again = worst_ratio(*args)
    xr.testing.assert_identical(again.sel({n: worst[n] for n in worst.dims}), worst)


def test_interval_is_that_of_the_log_normal() -> None:
    response = field([[[0.2], [0.9]]])
    sellers, buyers = tables([0], [1], variation=0.3, response_variation=0.2, retirement=1.1)
    buyers["response_variation"] = 0.25
    count = 200_000
    found = trading_ratio(response, sellers, buyers, flat(sellers, response), product,
                          Draws(count, 3, 0.9))  # fmt: skip
    own = [math.log(1.0 + v**2) for v in (0.25, 0.2, 0.3)]
    # rises have mean 1; one over the fall and one over the practice do not
    middle = math.log(4.5 * 1.1) + (-own[0] + own[1] + own[2]) / 2.0
    law = stats.norm(middle, math.sqrt(sum(own)))
    for name, p in (("ratio_lower", 0.05), ("ratio_upper", 0.95)):
        quantile = float(law.ppf(p))
        error = math.sqrt(p * (1.0 - p) / count) / law.pdf(quantile)
        assert abs(math.log(found[name].item()) - quantile) < 4.0 * error
    # enough: the need without the retirement, which is no need
    share = law.cdf(math.log(found["ratio"].item() * 1.1))
    assert abs(found["reliability"].item() - share) < 4.0 * math.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize("assurance", [0.5, 0.8, 0.95])
def test_the_wanted_reliability_is_reached(assurance: float) -> None:
    response = field([[[0.2], [0.3]]])
    ratio = lognormal_uncertainty(0.4, assurance)
    sellers, buyers = tables([0], [1], variation=0.4, uncertainty_ratio=ratio)
    count = 100_000
    found = trading_ratio(response, sellers, buyers, flat(sellers, response), product,
                          Draws(count, 1))  # fmt: skip
    error = math.sqrt(assurance * (1.0 - assurance) / count)
    assert abs(found["reliability"].item() - assurance) < 4.0 * error


def test_nothing_uncertain_leaves_no_interval() -> None:
    response = field([[[0.2], [0.3]]])
    sellers, buyers = tables([0], [1])
    found = trading_ratio(response, sellers, buyers, flat(sellers, response))
    assert found["ratio_lower"].item() == found["ratio_upper"].item() == found["ratio"].item()
    assert found["reliability"].item() == 1.0


@settings(max_examples=25, deadline=None)
@given(cases(dispersed=False))
def test_a_trade_at_the_worst_ratio_raises_no_section_of_the_full_model(case: Case) -> None:
    response = case.response()["response"]
    outlet = response["outlet"].values
    reaches = (response.sel(pollutant="F") > 0.0).any("section").values.all(axis=1)
    if reaches.sum() < 2:
        return
    buyer, *sold = outlet[reaches]
    sellers = pd.DataFrame({"seller": sold, "outlet": sold, "pollutant": "F", "variation": 0.0,
                            "uncertainty_ratio": 1.0})  # fmt: skip
    buyers = pd.DataFrame({"buyer": [buyer], "outlet": [buyer], "pollutant": ["F"]})
    days = response["days"].values
    times = np.array([1.4, 0.0])
    times[1] = (days.sum() - 1.4 * days[0]) / days[1]
    labels = {"seller": np.array(sold, object), "period": response["period"].values}
    timing = xr.DataArray(np.tile(times, (len(sold), 1)), labels)
    worst = worst_ratio(response, sellers, buyers, timing)
    for seller in sold:
        ratio = worst["ratio"].sel(seller=seller).item()
        if not ratio < 1e3:
            continue
        load = case.load.copy()
        load.loc[{"outlet": buyer, "pollutant": "F"}] += 1.0
        fall = ratio * timing.sel(seller=seller).values
        load.loc[{"outlet": seller, "pollutant": "F"}] -= fall
        lift = max(-load.min().item(), 0.0)  # loads stay >= 0; the change is linear
        load, base = load + lift, case.load + lift
        after, start = (at(case.sections, steady(case.network, case.water, case.outlets, one,
                                                 case.inflow, case.kinetics))
                        for one in (load, base))  # fmt: skip
        rise = (after - start).sel(pollutant="F")
        scale = abs(start).max().item()
        assert (rise <= 1e-11 * scale).all()
        place = {"section": worst["worst_section"].sel(seller=seller).item(),
                 "period": worst["worst_period"].sel(seller=seller).item()}  # fmt: skip
        if worst["location_ratio"].sel(seller=seller).item() > 1.0:
            assert abs(rise.sel(place).item()) <= 1e-11 * scale


BAD_TRADES: dict[str, tuple[Any, str]] = {
    "unknown outlet": (lambda s, b, t: (s.assign(outlet="X"), b, t), "has no response"),
    "unknown pollutant": (lambda s, b, t: (s, b.assign(pollutant="X"), t), "has no response"),
    "no seller": (lambda s, b, t: (s[:0], b, t[:0]), "at least one row"),
    "twice": (lambda s, b, t: (pd.concat([s, s]), b, t), "farm0"),
    "variation": (lambda s, b, t: (s.assign(variation=-1.0), b, t), "variation"),
    "multiple": (lambda s, b, t: (s, b.assign(replacement=0.9), t), "replacement"),
    "least": (lambda s, b, t: (s.assign(least_ratio=0.5), b, t), "least_ratio"),
    "uncertainty": (lambda s, b, t: (s.assign(uncertainty_ratio=0.9), b, t), "uncertainty_ratio"),
    "worthless": (lambda s, b, t: (s.assign(equivalency=0.0), b, t), "equivalency"),
    "timing mean": (lambda s, b, t: (s, b, t * 2.0), "mean 1, weighed by days"),
    "timing labels": (lambda s, b, t: (s, b, t.assign_coords(period=["x"])), "has no partner"),
    "timing NaN": (lambda s, b, t: (s, b, t * np.nan), "numbers >= 0 with mean 1"),
}


@pytest.mark.parametrize("name", BAD_TRADES)
def test_trades_refuse(name: str) -> None:
    response = field([[[0.2], [0.3]]])
    sellers, buyers = tables([0], [1])
    change, words = BAD_TRADES[name]
    with pytest.raises(DataError, match=words):
        worst_ratio(response, *change(sellers, buyers, flat(sellers, response)))


def test_response_and_buyers_that_cannot_be_used() -> None:
    response = field([[[0.2], [0.0]]])
    sellers, buyers = tables([0], [1])
    timing = flat(sellers, response)
    with pytest.raises(DataError, match="judged by no section"):
        worst_ratio(response, sellers, buyers, timing)
    for wrong in (-1.0, np.nan, np.inf):
        with pytest.raises(DataError, match="S0, O1, TN, M0"):
            worst_ratio(field([[[0.2], [wrong]]]), sellers, buyers, timing)
    with pytest.raises(DataError, match="gives no number"):
        trading_ratio(field([[[0.2], [0.1]]]), sellers, buyers, timing,
                      lambda a, b, c, d: a * np.nan)  # fmt: skip
    with pytest.raises(DataError, match="samples >= 1"):
        Draws(samples=0)


# -- credits -------------------------------------------------------------------------------------


def book(**change: Any) -> pd.DataFrame:
    one = {
        "credit": "C1", "owner": "E1", "seller": "farm", "pollutant": "TN", "before_load": 100.0,
        "baseline_load": 80.0, "after_load": 50.0, "begins": "2024-01-01",
        "verified_on": "2024-06-30", "expires": "2027-01-01",
    }  # fmt: skip
    return pd.DataFrame([one | change])


@pytest.mark.parametrize(
    ("change", "day", "load", "reason"),
    [
        ({}, "2024-06-30", 30.0, ""),
        ({}, "2026-12-31", 30.0, ""),
        ({}, "2027-01-01", 0.0, "expired by 2027-01-01"),
        ({}, "2024-06-29", 0.0, "not verified by 2024-06-29"),
        ({"verified_on": None}, "2025-01-01", 0.0, "not verified by 2025-01-01"),
        ({"verified_on": "2023-12-01"}, "2023-12-31", 0.0, "begins after 2023-12-31"),
        ({"baseline_load": 120.0}, "2025-01-01", 50.0, ""),
        ({"baseline_load": 50.0}, "2025-01-01", 0.0, "not beyond the baseline"),
        ({"baseline_load": 20.0}, "2025-01-01", 0.0, "not beyond the baseline"),
    ],
)
def test_credit_by_the_calendar(change: Any, day: str, load: float, reason: str) -> None:
    found = credit(book(**change), day)
    assert found["credit_load"].tolist() == [load]
    assert found["reason"].tolist() == [reason]


def test_one_reduction_has_one_owner() -> None:
    two = book(credit="C2", owner="E2", before_load=60.0, after_load=40.0)
    with pytest.raises(DataError, match=r"C2, credit: C2 holds what C1 holds.*E1 and E2"):
        credit(pd.concat([book(), two]), "2025-01-01")
    beside = book(credit="C2", owner="E2", before_load=50.0, after_load=40.0)
    later = book(credit="C3", owner="E2", begins="2027-01-01", expires="2030-01-01",
                 verified_on="2027-02-01")  # fmt: skip
    other = book(credit="C4", pollutant="TP")
    found = credit(pd.concat([book(), beside, later, other]), "2025-01-01")
    assert found["credit_load"].tolist() == [30.0, 10.0, 0.0, 30.0]


def test_credits_refuse_what_is_no_reduction() -> None:
    with pytest.raises(DataError, match="is no reduction"):
        credit(book(after_load=100.0), "2025-01-01")
    with pytest.raises(DataError, match="comes no later than begins"):
        credit(book(expires="2024-01-01"), "2025-01-01")
    with pytest.raises(DataError, match="owner"):
        credit(book(owner=""), "2025-01-01")
    with pytest.raises(DataError, match="C1"):
        credit(pd.concat([book(), book()]), "2025-01-01")


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_hot_spots_are_those_of_the_full_model(seed: int) -> None:
    case = random_case(seed, 6, 9)
    rng = np.random.default_rng(seed)
    response = case.response()["response"]
    move = xr.zeros_like(case.load) + rng.uniform(-1.0, 1.0, case.load.shape) * case.load.values
    quality = steady(case.network, case.water, case.outlets, case.load + move, case.inflow,
                     case.kinetics)  # fmt: skip
    rise = at(case.sections, quality) - case.at()
    spare = xr.zeros_like(rise) + rng.uniform(-0.1, 0.5, rise.shape) * abs(rise).max().item()
    bare = spare.drop_vars(["reach", "node", "position"])
    found = hot_spots(response, bare.rename(pollutant="indicator"), move)
    right = rise - spare.clip(min=0.0)
    scale = abs(rise).max().item()
    table = right.rename("missing").to_dataframe()["missing"]
    wanted = table[table > 1e-9 * scale]
    got = found.set_index(["section", "pollutant", "period"])["missing"]
    got = got[got > 1e-9 * scale]
    assert set(got.index) == set(wanted.index)
    np.testing.assert_allclose(got[wanted.index], wanted, atol=1e-9 * scale)


# -- one program ---------------------------------------------------------------------------------


def park(
    response: xr.DataArray, sellers: dict[str, Any], buyers: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    count = len(sellers["available"])
    selling, buying = tables(list(range(count)), list(range(count, response.sizes["outlet"])))
    return selling.assign(**sellers), buying.assign(**buyers)


def pairs(sellers: pd.DataFrame, buyers: pd.DataFrame, values: Any) -> xr.DataArray:
    labels = {
        "seller": sellers["seller"].to_numpy(object),
        "buyer": buyers["buyer"].to_numpy(object),
    }
    return xr.DataArray(np.asarray(values, dtype=float), labels, ("seller", "buyer"))


def test_a_local_section_caps_what_the_target_section_would_allow() -> None:
    # 20 kg/d less at 0.2 cure -3 mg/L and leave 1 mg/L: 10 kg/d at 0.1; 2 mg/L at 0.5 takes 4
    response = field([[[0.2], [0.1]]])
    firm = {"own_permit": [0.0], "wanted_load": [50.0], "marginal_cost": [9.0]}
    sellers, buyers = park(response, {"available": [20.0], "marginal_cost": [1.0]}, firm)
    ratio = pairs(sellers, buyers, [[1.0]])
    args = sellers, buyers, ratio, flat(sellers, response)
    best = cheapest(programme(response, room(response, -3.0), *args))
    assert best["permitted_load"].item() == pytest.approx(10.0)
    local = field([[[0.2], [0.1]], [[0.0], [0.5]]])
    best = cheapest(programme(local, room(local, [[[-3.0]], [[2.0]]]), *args))
    assert best["permitted_load"].item() == pytest.approx(4.0)


def _plan(seed: int, whole: bool) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    measures, firms, sections = rng.integers(1, 4), rng.integers(1, 4), rng.integers(1, 4)
    response = field(rng.uniform(0.01, 1.0, (sections, measures + firms, 2)), days=[153.0, 212.0])
    sellers, buyers = park(
        response,
        {"available": rng.uniform(5.0, 50.0, measures),
         "marginal_cost": rng.uniform(0.1, 3.0, measures),
         "whole": (rng.random(measures) < 0.6).astype(float) if whole else 0.0},
        {"own_permit": rng.uniform(0.0, 20.0, firms),
         "wanted_load": rng.uniform(20.0, 60.0, firms),
         "marginal_cost": rng.uniform(0.1, 9.0, firms)},
    )  # fmt: skip
    headroom = room(response, rng.uniform(0.0, 12.0, (sections, 1, 2)))
    wet = rng.uniform(0.0, 365.0 / 153.0, measures)
    times = np.column_stack([wet, (365.0 - 153.0 * wet) / 212.0])
    timing = xr.DataArray(times, {"seller": sellers["seller"].to_numpy(object),
                                  "period": response["period"].values})  # fmt: skip
    ratio = pairs(sellers, buyers, rng.uniform(1.0, 4.0, (measures, firms)))
    if measures > 1:
        ratio[0, 0] = np.inf
    return response, headroom, sellers, buyers, ratio, timing


def _holds(plan: tuple[Any, ...], found: xr.Dataset) -> None:
    """Rows of an answer, from the tables alone."""
    response, headroom, sellers, buyers, ratio, timing = plan
    load = found["permitted_load"].values
    cut = found["reduction"].sel(seller=sellers["seller"].to_numpy(object)).values
    tol = 1e-7
    paid = np.where(np.isfinite(ratio.values), ratio.values, 0.0) * found["credit_load"].values
    assert (paid.sum(axis=1) <= cut + tol).all()
    assert (cut <= sellers["available"] + tol).all()
    assert (load <= found["ceiling"].values + tol).all()
    np.testing.assert_allclose(
        found["ceiling"], buyers["own_permit"] + found["credit_load"].sum("seller"), rtol=1e-12
    )
    gain = response.values[:, :, 0]
    count = len(cut)
    rise = np.einsum("sbt,b->st", gain[:, count:], load)
    fall = np.einsum("sjt,jt,j->st", gain[:, :count], timing.values, cut)
    assert (rise - fall <= headroom.values[:, 0] + tol).all()
    np.testing.assert_allclose(found["headroom"].values[:, 0], headroom.values[:, 0] + fall,
                               atol=1e-9)  # fmt: skip
    yearly = 0.365 * (
        cut @ sellers["marginal_cost"] + (buyers["wanted_load"] - load) @ buyers["marginal_cost"]
    )
    assert found["total_cost"].item() == pytest.approx(yearly, abs=1e-6)


def _peer(plan: tuple[Any, ...]) -> float:
    """Least cost by enumeration of the whole measures and scipy's linear programs."""
    response, headroom, sellers, buyers, ratio, timing = plan
    m, b = len(sellers), len(buyers)
    gain = response.values[:, :, 0]
    size = sellers["available"].to_numpy()
    price = ratio.values
    best = math.inf
    whole = np.flatnonzero(np.asarray(sellers["whole"]) == 1.0)
    rows, limits = [], []
    for s in range(gain.shape[0]):
        for t in range(gain.shape[2]):
            rows.append(np.concatenate([-gain[s, :m, t] * timing.values[:, t], gain[s, m:, t],
                                        np.zeros(m * b)]))  # fmt: skip
            limits.append(headroom.values[s, 0, t])
    for j in range(m):
        row = np.zeros(m + b + m * b)
        row[j] = -1.0
        row[m + b + j * b : m + b + (j + 1) * b] = np.where(np.isfinite(price[j]), price[j], 0.0)
        rows.append(row)
        limits.append(0.0)
    for i in range(b):
        row = np.zeros(m + b + m * b)
        row[m + i] = 1.0
        row[m + b + i :: b] = -1.0
        rows.append(row)
        limits.append(buyers["own_permit"].iloc[i])
    cost = 0.365 * np.concatenate([sellers["marginal_cost"], -buyers["marginal_cost"],
                                   np.zeros(m * b)])  # fmt: skip
    for choice in range(int(2 ** len(whole))):
        bounds: list[tuple[float, float | None]] = [(0.0, one) for one in size]
        for n, j in enumerate(whole.tolist()):
            fixed = size[j] * ((choice >> n) & 1)
            bounds[j] = (fixed, fixed)
        bounds += [(0.0, one) for one in buyers["wanted_load"]]
        bounds += [(0.0, None if ok else 0.0) for ok in np.isfinite(price).ravel()]
        found = optimize.linprog(cost, rows, limits, bounds=bounds)
        if found.success:
            best = min(best, found.fun)
    return best + 0.365 * float(buyers["wanted_load"] @ buyers["marginal_cost"])


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_cheapest_plan_is_that_of_enumeration(seed: int) -> None:
    plan = _plan(seed, True)
    found = cheapest(programme(*plan))
    plan = (*plan[:2], plan[2].sort_values("seller"), plan[3].sort_values("buyer"), *plan[4:])
    _holds(plan, found)
    assert found["total_cost"].item() == pytest.approx(_peer(plan), rel=1e-7, abs=1e-7)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_fairest_plan_raises_the_least_share_as_far_as_it_goes(seed: int) -> None:
    plan = _plan(seed, False)
    found = fairest(programme(*plan))
    _holds(plan, found)
    wanted = plan[3]["wanted_load"].to_numpy()
    level = float((found["permitted_load"].values / wanted).min())
    # nobody above the least level: floors a little higher cannot be met
    if level < 1.0 - 1e-6:
        above = plan[3].assign(floor=wanted * min(1.0, level + 1e-5))
        with pytest.raises(InfeasibleError):
            cheapest(programme(plan[0], plan[1], plan[2], above, plan[4], plan[5]))


def test_order_of_tables_moves_no_plan() -> None:
    plan = _plan(11, False)
    one = cheapest(programme(*plan))
    again = cheapest(programme(plan[0], plan[1], plan[2][::-1], plan[3][::-1], plan[4][::-1, ::-1],
                               plan[5][::-1]))  # fmt: skip
    xr.testing.assert_identical(one, again)


def test_an_allocation_takes_what_the_plan_leaves() -> None:
    plan = _plan(5, False)
    found = fairest(programme(*plan))
    response = plan[0].sel(outlet=plan[3]["outlet"].to_numpy(object))
    like = response.isel(section=0, drop=True).rename(outlet="source")
    load = xr.zeros_like(like) + xr.DataArray(
        plan[3]["wanted_load"].to_numpy(), {"source": like["source"].values}
    )
    cap = xr.zeros_like(like) + xr.DataArray(
        found["ceiling"].values, {"source": like["source"].values}
    )
    sources = xr.Dataset({"source_load": load, "ceiling": cap})
    sources = sources.assign_coords(outlet=("source", plan[3]["outlet"].to_numpy(object)))
    shared = allocate(response, found["headroom"], sources, target=present_load)
    use = np.einsum("sbt,bt->st", response.values[:, :, 0], shared["permitted_load"].values[:, 0])
    assert (use <= found["headroom"].values[:, 0] + 1e-9).all()
    # filling finds at least the common level of the plan in every period
    level = (found["permitted_load"].values / plan[3]["wanted_load"]).min()
    got = shared["permitted_load"].values[:, 0] / plan[3]["wanted_load"].to_numpy()[:, None]
    assert got.min() >= level * (1.0 - 1e-6)


def test_programmes_refuse() -> None:
    response, headroom, sellers, buyers, ratio, timing = _plan(3, False)
    rest = ratio, timing
    with pytest.raises(DataError, match="available"):
        programme(response, headroom, sellers.drop(columns="available"), buyers, *rest)
    with pytest.raises(DataError, match="wanted_load"):
        programme(response, headroom, sellers, buyers.drop(columns="wanted_load"), *rest)
    with pytest.raises(DataError, match="at most wanted_load"):
        programme(response, headroom, sellers, buyers.assign(floor=99.0), *rest)
    with pytest.raises(DataError, match="0 or 1"):
        programme(response, headroom, sellers.assign(whole=0.5), buyers, *rest)
    with pytest.raises(DataError, match="below 1"):
        programme(response, headroom, sellers, buyers, ratio * 0.1, timing)
    with pytest.raises(DataError, match="headroom has NaN"):
        programme(response, headroom * np.nan, sellers, buyers, *rest)
    with pytest.raises(InfeasibleError):
        cheapest(programme(response, headroom - 1e6, sellers, buyers, ratio, timing))
    with pytest.raises(DataError, match="integer"):
        fairest(programme(response, headroom, sellers.assign(whole=1.0), buyers, *rest))
