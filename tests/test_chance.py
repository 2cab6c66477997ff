"""Chance rows: known answers, the cone solver against closed forms, and what sampling finds."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from permitload import allocation, capacity
from permitload.allocation import Spread
from permitload.errors import DataError, InfeasibleError
from tests.parks import known, loads, plants, responses, rooms

SEEDS = st.integers(0, 2**32 - 1)


def filled(
    response: xr.DataArray, room: xr.DataArray, sources: xr.Dataset, spread: Spread, p: float
) -> xr.Dataset:
    rows = allocation.chance_rows(response, room, sources, spread, p)
    return allocation.allocate(rows, rows["headroom"], sources)


def limits(value: float) -> xr.Dataset:
    response = responses([[1.0]])
    limit = rooms(response, [value])
    return xr.Dataset({"limit": limit}, {"sense": ("indicator", ["≤"])})


def concentration(value: float) -> xr.DataArray:
    return rooms(responses([[1.0]]), [value]).rename(indicator="pollutant")


def test_normal_case() -> None:
    case = known("chance_normal")
    given_, right = case["inputs"], case["expected"]
    near: Any = {"abs": case["tolerance"] * 100, "rel": 0}
    p, mean = given_["probability"], given_["response_mean"]
    variation = given_["response_sd"] / mean
    background = concentration(given_["background_mean"])
    quantile = allocation.normal_quantile(background, given_["background_sd"], p)
    room = capacity.headroom(limits(given_["standard"]), quantile)
    one = allocation.allocate(responses([[mean]]), room, plants([100.0]))
    assert loads(one)[0] == pytest.approx(right["one_source_background_only_t_a"], **near)

    pair, both = responses([[mean, mean]]), plants([9.0, 9.0])
    left = capacity.headroom(limits(given_["standard"]), background)
    expected = {
        Spread(variation, given_["background_sd"]): "two_sources_each_t_a",
        Spread(0.0, 0.0): "two_sources_deterministic_each_t_a",
        Spread(variation, given_["background_sd"], 1.0):
            "two_sources_each_at_own_95pct_quantile_t_a",
    }  # fmt: skip
    for spread, name in expected.items():
        each = loads(filled(pair, left, both, spread, p))
        total = allocation.chance_total(pair, left, both, spread, p)["total"].item()
        assert each.tolist() == pytest.approx([right[name]] * 2, **near)
        assert total == pytest.approx(2 * right[name], **near)
    # The quantile of the sum, not the sum of the quantiles: the independent answer is larger.
    strict = right["two_sources_each_at_own_95pct_quantile_t_a"]
    assert right["two_sources_each_t_a"] > strict + 4.0
    # A second way: the probability itself, at the answer.
    x = right["two_sources_each_t_a"]
    law = stats.norm(0.4 + 2 * mean * x, math.hypot(0.1, math.sqrt(2) * 0.002 * x))
    assert law.cdf(1.0) == pytest.approx(0.95, abs=1e-9)


def test_lognormal_case() -> None:
    case = known("chance_lognormal")
    given_, right = case["inputs"], case["expected"]
    near: Any = {"abs": case["tolerance"], "rel": 0}
    background = concentration(given_["background_mean"])
    cv, p = given_["background_cv"], given_["probability"]
    quantile = allocation.lognormal_quantile(background, cv, p)
    assert quantile.item() == pytest.approx(right["background_q95"], **near)
    # ln of two quantiles are σ apart per unit of their scores.
    median = allocation.lognormal_quantile(background, cv, 0.5).item()
    sigma = math.log(quantile.item() / median) / stats.norm.ppf(p)
    assert sigma**2 == pytest.approx(right["sigma2"], **near)
    assert sigma**2 != pytest.approx(cv**2, rel=1e-2)
    assert median != pytest.approx(0.4, rel=1e-2)
    law = stats.lognorm(sigma, scale=median)
    assert (law.mean(), law.std()) == pytest.approx((0.4, 0.24), rel=1e-12)

    def granted(background_now: xr.DataArray) -> float:
        room = capacity.headroom(limits(given_["standard"]), background_now)
        found = allocation.allocate(responses([[given_["response"]]]), room, plants([9.0]))
        return float(loads(found)[0])

    tight: Any = {"abs": case["tolerance"] * 100, "rel": 0}
    assert granted(quantile) == pytest.approx(right["capacity_t_a"], **tight)
    normal = allocation.normal_quantile(background, 0.4 * cv, p)
    assert granted(normal) == pytest.approx(right["capacity_if_normal_t_a"], **tight)
    assert granted(background) == pytest.approx(right["capacity_deterministic_t_a"], **tight)
    assert granted(normal) / granted(quantile) > 1.4


def random_park(seed: int) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset, Spread]:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.002, 0.02, (3, 4)) * (rng.random((3, 4)) < 0.8)
    matrix[:, 0] = rng.uniform(0.002, 0.02, 3)
    response = responses(matrix)
    room = rooms(response, rng.uniform(0.3, 1.0, 3))
    claim = rng.uniform(5.0, 40.0, 5)
    sources = plants(claim, [0, 1, 2, 3, 1], ceiling=claim * rng.uniform(0.5, 3.0, 5))
    spread = Spread(
        responses(rng.uniform(0.0, 0.5, (3, 4))),
        rooms(response, rng.uniform(0.0, 0.1, 3)),
        float(rng.choice([0.0, 0.3, 1.0])),
    )
    return response, room, sources, spread


def excess(
    response: xr.DataArray,
    room: xr.DataArray,
    spread: Spread,
    outlet: np.ndarray[Any, Any],
    score: float,
) -> np.ndarray[Any, Any]:
    """Use of each row less its limit, from the whole covariance matrix."""
    found = []
    for s in range(response.sizes["section"]):
        mean = response.values[s, :, 0, 0]
        sd = np.append(mean * spread.variation.values[s, :, 0, 0], spread.deviation.values[s, 0, 0])
        rho = np.full((len(sd), len(sd)), spread.correlation)
        np.fill_diagonal(rho, 1.0)
        at = np.append(outlet, 1.0)
        spread_now = math.sqrt(at @ (rho * np.outer(sd, sd)) @ at)
        found.append(mean @ outlet + score * spread_now - room.values[s, 0, 0])
    return np.array(found)


def at_outlets(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.array([x[0], x[1] + x[4], x[2], x[3]])


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([0.5, 0.8, 0.95, 0.999]))
def test_every_source_is_stopped_by_a_full_row_where_its_level_is_greatest(
    seed: int, p: float
) -> None:
    response, room, sources, spread = random_park(seed)
    found = filled(response, room, sources, spread, p)
    x, level = loads(found), found["level"].values[:, 0, 0]
    over = excess(response, room, spread, at_outlets(x), stats.norm.ppf(p))
    assert (over <= 1e-9).all()
    reach = response.values[:, [0, 1, 2, 3, 1], 0, 0] > 0
    for i, stop in enumerate(found["stopped_by"].values[:, 0, 0]):
        if stop == "ceiling":
            assert x[i] == pytest.approx(sources["ceiling"].values[i, 0, 0])
            continue
        s = int(stop[1:]) - 1
        assert reach[s, i] and over[s] >= -1e-8
        assert level[i] >= level[reach[s]].max() - 1e-8


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from([0.8, 0.95]))
def test_cone_solver_finds_the_total_of_another_method_and_its_price(seed: int, p: float) -> None:
    response, room, sources, spread = random_park(seed)
    score = stats.norm.ppf(p)
    if (score * spread.deviation.values > 0.8 * room.values).any():
        return
    best = allocation.chance_total(response, room, sources, spread, p)
    ceiling = at_outlets(sources["ceiling"].values[:, 0, 0])

    def spare(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return -excess(response, room, spread, x, score) * 10

    start = 0.2 * at_outlets(loads(filled(response, room, sources, spread, p)))
    other = optimize.minimize(
        lambda x: -x.sum() / 10,
        start,
        method="SLSQP",
        bounds=[(0.0, top) for top in ceiling],
        constraints={"type": "ineq", "fun": spare},
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert best["total"].item() == pytest.approx(-10 * other.fun, rel=1e-5)
    assert best["total"].item() >= loads(filled(response, room, sources, spread, p)).sum() * (
        1 - 1e-7
    )
    step = 1e-3
    for s in range(3):
        more = room.copy()
        more[s] += step
        less = room.copy()
        less[s] -= step
        up = allocation.chance_total(response, more, sources, spread, p)["total"].item()
        down = allocation.chance_total(response, less, sources, spread, p)["total"].item()
        price = best["shadow_price"].values[s, 0, 0]
        top, bottom = (best["total"].item() - down) / step, (up - best["total"].item()) / step
        # concave in the headroom: the price lies between the slopes on its two sides
        assert bottom - 1e-3 * (1 + abs(bottom)) <= price <= top + 1e-3 * (1 + abs(top))


def test_no_uncertainty_is_the_deterministic_row_exactly() -> None:
    response, room, sources, spread = random_park(7)
    for none, p in ((Spread(0.0, 0.0), 0.95), (spread, 0.5), (Spread(0.0, 0.0, 1.0), 0.99)):
        rows = allocation.chance_rows(response, room, sources, none, p)
        np.testing.assert_array_equal(rows["headroom"], room)
        best = allocation.chance_total(response, room, sources, none, p)
        linear = optimize.linprog(
            -np.ones(4),
            response.values[:, :, 0, 0],
            room.values[:, 0, 0],
            bounds=[(0, top) for top in at_outlets(sources["ceiling"].values[:, 0, 0])],
        )
        assert best["total"].item() == pytest.approx(-linear.fun, rel=1e-12)
    background = concentration(0.4)
    assert allocation.lognormal_quantile(background, 0.0).item() == 0.4
    assert allocation.normal_quantile(background, 0.0).item() == 0.4


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_more_assurance_more_spread_and_more_correlation_grant_less(seed: int) -> None:
    response, room, sources, spread = random_park(seed)

    def total(now: Spread, p: float) -> float:
        return float(allocation.chance_total(response, room, sources, now, p)["total"].item())

    base = total(spread._replace(correlation=0.2), 0.9)
    slack = 1.0 + 1e-7
    assert total(spread._replace(correlation=0.2), 0.95) <= base * slack
    assert total(spread._replace(correlation=0.6), 0.9) <= base * slack
    wide = spread._replace(correlation=0.2, variation=spread.variation * 1.5)
    assert total(wide, 0.9) <= base * slack


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(1e-3, 1e3))
def test_order_unit_and_splitting_at_one_outlet_change_nothing(seed: int, factor: float) -> None:
    response, room, sources, spread = random_park(seed)
    first = filled(response, room, sources, spread, 0.9)["permitted_load"]
    rng = np.random.default_rng(seed)
    order = {d: rng.permutation(response[d].values) for d in ("section", "outlet")}
    mixed = filled(
        response.sel(order), room.sel(section=order["section"][::-1]),
        sources.isel(source=rng.permutation(5)), spread, 0.9,
    )  # fmt: skip
    xr.testing.assert_allclose(
        mixed["permitted_load"].sel(source=first["source"]), first, rtol=1e-9
    )
    scaled = filled(response / factor, room, sources * factor, spread, 0.9)
    np.testing.assert_allclose(scaled["permitted_load"] / factor, first, rtol=1e-9)
    half = sources.isel(source=[0, 0, 1, 2, 3, 4]).assign_coords(source=[f"F{k}" for k in range(6)])
    share = xr.DataArray([0.5, 0.5, 1.0, 1.0, 1.0, 1.0], {"source": half["source"]}, "source")
    parted = loads(filled(response, room, half * share, spread, 0.9))
    assert [parted[:2].sum(), *parted[2:]] == pytest.approx(first.values[:, 0, 0], rel=1e-9)


def test_pollutants_and_periods_are_each_their_own_problem() -> None:
    rng = np.random.default_rng(6)
    labels: dict[str, Any] = {"scenario": ["w1", "w2", "w3", "w4"], "section": ["S1", "S2"],
                              "outlet": ["O1", "O2"], "pollutant": ["TP", "TN"],
                              "period": ["wet", "dry", "ice"]}  # fmt: skip
    shape = [len(v) for v in labels.values()]
    many = xr.DataArray(rng.uniform(0.005, 0.02, shape), labels, list(labels))
    rooms_of = many.isel(outlet=0, drop=True).rename(pollutant="indicator") * 50.0
    response, room = many.isel(scenario=0, drop=True), rooms_of.isel(scenario=0, drop=True)
    claim = response.isel(section=0, drop=True).rename(outlet="source") * 4000.0
    sources = xr.Dataset({"source_load": claim, "ceiling": claim})
    sources = sources.assign_coords(outlet=("source", ["O1", "O2"]))
    spread = Spread(response * 20.0, room / 10.0, 0.4)
    room = room.sel(indicator=["TN", "TP"])  # labels count, not places
    methods: dict[str, Callable[..., xr.Dataset]] = {
        "chance": lambda r, h, s, u: allocation.chance_rows(r, h, s, u, 0.9),
        "robust": lambda r, h, s, u: allocation.robust_rows(r, h, s, u.variation, 1.0),
    }
    sampled: dict[str, Callable[..., xr.Dataset]] = {
        "scenario": lambda r, h, s, u: allocation.scenario_rows(r, h, s, 0.25),
        "tail": lambda r, h, s, u: allocation.tail_rows(r, h, s, 0.5),
    }
    for group, r, h in ((methods, response, room), (sampled, many, rooms_of)):
        for method in group.values():
            rows = method(r, h, sources, spread)
            whole = allocation.allocate(rows, rows["headroom"], sources)["permitted_load"]
            for pollutant in labels["pollutant"]:
                for period in labels["period"]:
                    at = {"pollutant": [pollutant], "period": [period]}
                    there = {"indicator": [pollutant], "period": [period]}
                    inner = Spread(spread.variation.sel(at), spread.deviation.sel(there), 0.4)
                    one = method(r.sel(at), h.sel(there), sources.sel(at), inner)
                    alone = allocation.allocate(one, one["headroom"], sources.sel(at))
                    np.testing.assert_allclose(
                        alone["permitted_load"], whole.sel(at), rtol=1e-9, atol=1e-12
                    )
            assert whole.std() > 0.0


def within(count: float, samples: int, p: float) -> bool:
    """Whether a count is no further out than one of a million draws of the binomial would be."""
    low, high = stats.binom.ppf([5e-7, 1.0 - 5e-7], samples, p)
    return bool(low <= count <= high)


@pytest.mark.parametrize("p", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_chance_rows_hold_with_their_probability_by_sampling(p: float, rho: float) -> None:
    response, room, sources, spread = random_park(11)
    spread = spread._replace(correlation=rho)
    found = filled(response, room, sources, spread, p)
    background = room.rename(indicator="pollutant") * 0.0 + 0.4
    sampler = allocation.normal_samples(response, background, spread)
    limit = room + 0.4
    tried = 40_000
    seen = allocation.reliability(found["permitted_load"], limit, sampler, tried, seed=20)
    at = at_outlets(loads(found))
    over = excess(response, room, spread, at, stats.norm.ppf(p))
    mean, one = (excess(response, room, spread, at, score) for score in (0.0, 1.0))
    right = stats.norm.cdf(-mean / (one - mean))
    full = over > -1e-8
    assert full.any()
    assert right[full] == pytest.approx(p, abs=1e-6)
    for count, probability in zip(seen["reliability"].values.ravel() * tried, right, strict=True):
        assert within(count, tried, probability)
    # Sections err independently here: all at once is the product.
    assert within(float(seen["joint_reliability"]) * tried, tried, float(right.prod()))


def test_lognormal_quantile_holds_with_its_probability_and_the_normal_one_does_not() -> None:
    background = concentration(0.4)
    response = responses([[0.01]])
    sampler = allocation.lognormal_samples(response, background, Spread(0.0, 0.24))
    held = {}
    for name, quantile in {
        "lognormal": allocation.lognormal_quantile(background, 0.6),
        "normal": allocation.normal_quantile(background, 0.24),
    }.items():
        room = capacity.headroom(limits(1.0), quantile)
        permit = allocation.allocate(response, room, plants([9.0]))["permitted_load"]
        seen = allocation.reliability(permit, limits(1.0)["limit"], sampler, 50_000, seed=3)
        held[name] = float(seen["joint_reliability"]) * 50_000
    assert within(held["lognormal"], 50_000, 0.95)
    assert not within(held["normal"], 50_000, 0.95)


def test_margins_that_stack_are_seen_as_one_number() -> None:
    """Dry month, high background, margin and chance row on top of each other, same samples."""
    response, limit = responses([[0.02]]), limits(1.0)
    background = concentration(0.4)
    quantile = allocation.lognormal_quantile(background, 0.6)
    plain = capacity.headroom(limit, background)
    with_margin = capacity.headroom(limit, quantile, 0.1)
    sources, spread = plants([9.0]), Spread(0.3, 0.0)
    rows = allocation.chance_rows(response, with_margin, sources, spread)
    layers = {
        "dry month": allocation.allocate(response, plain, sources),
        "and background": allocation.allocate(
            response, capacity.headroom(limit, quantile), sources
        ),
        "and margin": allocation.allocate(response, with_margin, sources),
        "and chance row": allocation.allocate(rows, rows["headroom"], sources),
    }
    permits = xr.concat(
        [one["permitted_load"] for one in layers.values()],
        xr.DataArray(list(layers), dims="alternative", name="alternative"),
        coords="minimal", compat="equals", join="exact",
    )  # fmt: skip
    permits = permits.assign_coords(alternative=list(layers))
    law = allocation.lognormal_samples(response, background, Spread(0.3, 0.24))

    def year(generator: np.random.Generator, samples: int) -> xr.Dataset:
        """Flow of any day, not of the driest month: the response is as often half as great."""
        drawn = law(generator, samples)
        wet = generator.integers(1, 3, samples)
        flow = xr.DataArray(wet, {"scenario": np.arange(samples)}, "scenario")
        return xr.Dataset(
            {
                "response": drawn["response"].assign_coords(flow.coords) / flow,
                "background": drawn["background"].assign_coords(flow.coords),
            }
        )

    seen = allocation.reliability(permits, limit["limit"], year, 20_000, seed=5)
    joint = seen["joint_reliability"].values
    assert seen["joint_reliability"].dims == ("alternative",)
    assert (np.diff(joint) > 0).all()
    assert joint[0] < 0.85 < 0.97 < joint[-1]  # asked for 0.95: stacked margins hold more
    again = allocation.reliability(permits[2], limit["limit"], year, 20_000, seed=5)
    assert float(again["joint_reliability"]) == joint[2]


def test_intervals_are_those_of_the_binomial() -> None:
    response = responses([[0.01]])
    limit = limits(1.0)["limit"]

    def sampler(generator: np.random.Generator, samples: int) -> xr.Dataset:
        values = (generator.random((samples, 1, 1, 1)) < 0.3).astype(float) * 2
        names = ("scenario", "section", "pollutant", "period")
        drawn = response.expand_dims(scenario=np.arange(samples))
        return xr.Dataset({"response": drawn, "background": (names, values)})

    none = xr.DataArray(plants([0.0])["source_load"])
    for samples in (1, 7, 500):
        seen = allocation.reliability(none, limit, sampler, samples, seed=1)
        count = round(float(seen["joint_reliability"]) * samples)
        right = stats.binomtest(count, samples).proportion_ci(0.95, method="exact")
        ends = float(seen["joint_lower"]), float(seen["joint_upper"])
        assert ends == pytest.approx((right.low, right.high), rel=1e-10)
        assert float(seen["reliability_lower"].item()) == ends[0]
        assert float(seen["reliability_upper"].item()) == ends[1]


def test_a_full_deterministic_row_is_met() -> None:
    response = responses([[0.01, 0.03]])
    room, sources = rooms(response, [0.6]), plants([1.0, 1.7])
    permit = allocation.allocate(response, room, sources)["permitted_load"]
    background = concentration(0.4)
    sampler = allocation.normal_samples(response, background, Spread(0.0, 0.0))
    seen = allocation.reliability(permit, room + 0.4, sampler, 50)
    assert float(seen["joint_reliability"]) == 1.0
    more = allocation.reliability(permit * (1 + 1e-6), room + 0.4, sampler, 50)
    assert float(more["joint_reliability"]) == 0.0


def test_background_beyond_the_limit_with_its_uncertainty_grants_nothing() -> None:
    response = responses([[0.01, 0.0], [0.0, 0.01]])
    room, sources = rooms(response, [0.1, 0.5]), plants([9.0, 9.0])
    spread = Spread(0.1, rooms(response, [0.1, 0.1]))
    assert loads(filled(response, room, sources, spread, 0.95))[0] == 0.0
    best = allocation.chance_total(response, room, sources, spread)
    assert best["shadow_price"].values[0, 0, 0] == 0.0
    assert best["total"].item() == pytest.approx(
        loads(filled(response, room, sources, spread, 0.95))[1]
    )
    rows = allocation.chance_rows(response, room, sources, spread)
    assert rows["headroom"].values[0, 0, 0] == pytest.approx(0.1 - 0.16448536)


def test_a_response_that_is_nothing_stops_nobody() -> None:
    response = responses([[0.01, 1e-13], [0.0, 0.01]])
    room, sources = rooms(response, [0.1, 0.9]), plants([9.0, 9.0])
    x = loads(filled(response, room, sources, Spread(0.2, 0.0), 0.95))
    each = 0.01 * (1 + 0.2 * stats.norm.ppf(0.95))
    assert x.tolist() == pytest.approx([0.1 / each, 0.9 / each], rel=1e-9)


def test_what_is_refused() -> None:
    response = responses([[0.01, 0.01]])
    room, sources = rooms(response, [0.6]), plants([9.0, 9.0])
    fine = Spread(0.2, 0.1)
    background = concentration(0.4)
    for p in (0.49, 1.0, math.nan, -1.0):
        with pytest.raises(DataError, match="assurance"):
            allocation.chance_rows(response, room, sources, fine, p)
        with pytest.raises(DataError, match="assurance"):
            allocation.chance_total(response, room, sources, fine, p)
        with pytest.raises(DataError, match="assurance"):
            allocation.normal_quantile(background, 0.1, p)
        with pytest.raises(DataError, match="assurance"):
            allocation.lognormal_quantile(background, 0.1, p)
    for bad, name in (
        (Spread(-0.1, 0.1), "variation"), (Spread(math.nan, 0.1), "variation"),
        (Spread(0.1, -0.1), "deviation"), (Spread(0.1, 0.1, 1.5), "correlation"),
        (Spread(0.1, rooms(response, [0.1]).assign_coords(section=["X"])), "section"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=name):
            allocation.chance_rows(response, room, sources, bad)
    with pytest.raises(DataError, match="negative"):
        allocation.chance_rows(response - 0.02, room, sources, fine)
    with pytest.raises(DataError, match="background"):
        allocation.lognormal_quantile(-background, 0.1)
    with pytest.raises(DataError, match="nothing stops E2"):
        allocation.chance_rows(responses([[0.01, 0.0]]), room, sources, fine)
    with pytest.raises(DataError, match="nothing stops O2"):
        allocation.chance_total(responses([[0.01, 0.0]]), room, sources, fine)
    with pytest.raises(DataError, match="exceeds the ceiling"):
        allocation.chance_rows(response, room, plants([9.0, 9.0], floor=2.0, ceiling=1.0), fine)
    with pytest.raises(DataError, match="groups"):
        grouped = sources.assign(member=(("group", "source"), [[1.0, 1.0]]))
        allocation.chance_rows(response, room, grouped, fine)
    floors = plants([9.0, 9.0], floor=40.0)
    with pytest.raises(InfeasibleError, match="S1"):
        allocation.chance_total(response, room, floors, fine)
    with pytest.raises(InfeasibleError, match="floors"):
        filled(response, room, floors, fine, 0.95)
    sampler = allocation.normal_samples(response, background, fine)
    permit = sources["source_load"]
    for count, confidence in ((0, 0.95), (10, 1.0)):
        with pytest.raises(DataError, match="samples"):
            allocation.reliability(permit, room, sampler, count, 0, confidence)
    with pytest.raises(DataError, match="permitted_load: nan is out of range"):
        allocation.reliability(permit * np.nan, room, sampler, 5)
    with pytest.raises(DataError, match="O9"):
        strange = permit.assign_coords(outlet=("source", ["O1", "O9"]))
        allocation.reliability(strange, room, sampler, 5)
    with pytest.raises(DataError, match="coordinate outlet"):
        allocation.reliability(permit.drop_vars("outlet"), room, sampler, 5)
    with pytest.raises(DataError, match="limit"):
        allocation.reliability(permit, room.assign_coords(section=["X"]), sampler, 5)
