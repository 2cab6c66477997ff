"""Fairness: known answers of every criterion, what an index says, and what is refused."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import allocation, capacity, fairness, sharing, units
from permitload.errors import DataError, InfeasibleError

CASES = Path(__file__).parent / "cases" / "allocation"
NAMES = ["E1", "E2", "E3"]
AMOUNT = st.one_of(st.just(0.0), st.floats(1e-8, 9))
RULES = {
    "proportional": sharing.fill,
    "CEA": fairness.equal_awards,
    "CEL": fairness.equal_losses,
    "talmud": fairness.talmud,
}


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf8"))
    return found


def near(known: dict[str, Any]) -> Any:
    return {"rtol": 0, "atol": known["tolerance"]}


def park(**arrays: Any) -> xr.Dataset:
    """Sources E1, E2, … of one pollutant and period from one number each."""
    count = len(next(iter(arrays.values())))
    labels = {
        "source": [f"E{k + 1}" for k in range(count)],
        "pollutant": ["COD"],
        "period": ["year"],
    }
    data = {
        name: (tuple(labels), np.asarray(v, float)[:, None, None]) for name, v in arrays.items()
    }
    return xr.Dataset(data, labels).assign_coords(outlet=("source", labels["source"]))


def one_section(sources: xr.Dataset, limit: float) -> tuple[xr.DataArray, xr.DataArray]:
    """One section where each kg/d of every source adds 1 mg/L."""
    labels = {
        "section": ["S1"],
        "outlet": sources.source.values,
        "pollutant": ["COD"],
        "period": ["year"],
    }
    response = xr.DataArray(np.ones([len(v) for v in labels.values()]), labels, list(labels))
    room = response.isel(outlet=0, drop=True).rename(pollutant="indicator") * limit
    return response, room


def flat(array: xr.DataArray) -> Any:
    return array.values.ravel()


# --- Known answers ---------------------------------------------------------------------------


def test_equal_rules_case() -> None:
    known = case("equal_rules")
    inputs, right = known["inputs"], known["expected"]
    flow = np.array(inputs["flow_m3d"])
    present = flow * np.array(inputs["current_mgL"]) * 365e-6
    np.testing.assert_allclose(present, right["current_t_a"], **near(known))
    per_day = 1000 / 365
    sources = park(
        source_load=present * per_day,
        effluent_flow=flow / 86400,
        generated_load=np.array(inputs["generated_t_a"]) * per_day,
        ceiling=present * per_day,
    )
    response, room = one_section(sources, inputs["capacity_t_a"] * per_day)

    def permits(target: Any, given_sources: xr.Dataset = sources) -> Any:
        found = allocation.allocate(response, room, given_sources, target)
        return flat(found.permitted_load) / per_day, flat(found.level)

    share, level = permits(fairness.equal_proportion)
    np.testing.assert_allclose(share, right["equal_proportion_t_a"], **near(known))
    np.testing.assert_allclose(level, right["equal_proportion_factor"], **near(known))
    uncapped = sources.drop_vars("ceiling")
    share, level = permits(fairness.equal_removal, uncapped)
    np.testing.assert_allclose(share, right["equal_removal"]["x_t_a"], **near(known))
    np.testing.assert_allclose(1 - level, right["equal_removal"]["rate"], **near(known))
    share, _ = permits(fairness.equal_concentration)
    found = right["equal_concentration"]
    np.testing.assert_allclose(share, found["x_t_a"], **near(known))
    mgl = share / (flow * 365e-6)
    np.testing.assert_allclose(mgl[1:], found["mgL"], **near(known))
    np.testing.assert_allclose(mgl[0], found["E1_kept_at_mgL"], **near(known))
    # The trap: without ceilings the first is handed more than it discharges.
    trap, _ = permits(fairness.equal_concentration, uncapped)
    np.testing.assert_allclose(trap / (flow * 365e-6), 39.14, atol=0.005)
    assert trap[0] > present[0] + 3.3 and np.abs(share - trap).max() > 1
    assert fairness.equal_concentration_index(
        xr.zeros_like(sources.source_load) + trap[:, None, None], sources
    ).item() == pytest.approx(0, abs=1e-15)
    # The other trap: a base that stops at the benchmark does not reward past excess. By hand:
    # the base is 10.95, 14.6, 21.9; the first two reach what they discharge, the third has the
    # rest. With a coefficient of 1/2 for the second, 7.3 and 21.9 share what the first leaves.
    benchmark = sources.assign(benchmark_load=park(benchmark=[80.0, 80.0, 60.0])["benchmark"])
    share, _ = permits(fairness.capped_base, benchmark)
    np.testing.assert_allclose(share, [10.95, 14.6, 24.45], **near(known))
    assert share[2] < right["equal_proportion_t_a"][2] - 7
    weighed = benchmark.assign(adjustment_coefficient=("source", [1.0, 0.5, 1.0]))
    share, _ = permits(fairness.capped_base, weighed)
    np.testing.assert_allclose(share, [10.95, 9.7625, 29.2875], **near(known))


def test_contribution_case() -> None:
    known = case("equal_rules")
    given_ = known["inputs"]["contribution"]
    rise, load = given_["response_mgL_per_t_a"], pd.Series(given_["load_t_a"], NAMES)
    cut = fairness.contribution(given_["cut_needed_mgL"], rise, load)
    right = known["expected"]["contribution_rate_cuts_t_a"]
    np.testing.assert_allclose(cut, right, **near(known))
    assert list(cut.index) == NAMES
    # The same cuts as the projection of the present loads onto the row of the section.
    limit = float(np.dot(rise, load)) - given_["cut_needed_mgL"]
    projected = sharing.project(load.to_numpy(), ([rise], [limit]))
    np.testing.assert_allclose(load - projected.share, right, **near(known))


@pytest.mark.parametrize("estate", ["100", "200", "300", "400"])
def test_bankruptcy_case(estate: str) -> None:
    known = case("bankruptcy_talmud")
    claims = known["inputs"]["claims"]
    assert int(estate) in known["inputs"]["estates"]
    for name, rule in RULES.items():
        share = fairness.divide(float(estate), claims, rule)
        np.testing.assert_allclose(share, known["expected"][estate][name], **near(known))
        # Trap: claims in another order.
        turned = fairness.divide(float(estate), claims[::-1], rule)
        np.testing.assert_allclose(turned, known["expected"][estate][name][::-1], **near(known))
        # Trap: an estate beyond all claims is not scaled up.
        share = fairness.divide(900.0, claims, rule)
        np.testing.assert_allclose(share, claims, **near(known))


@pytest.mark.parametrize("estate", ["100", "200", "300", "400"])
def test_random_arrival_is_the_value_of_a_game(estate: str) -> None:
    known = case("bankruptcy_talmud")
    claims = dict(enumerate(known["inputs"]["claims"]))

    def left(members: frozenset[int]) -> float:
        """What is left for some when all others have had their claims."""
        others = sum(float(claims[i]) for i in set(claims) - members)
        return max(0.0, float(estate) - others)

    share = fairness.shapley(claims, left)
    np.testing.assert_allclose(share, known["expected"][estate]["random_arrival"], **near(known))
    # Who comes first takes all of the claim that is there: the mean of all orders of coming.
    orders = list(itertools.permutations(claims))
    mean = np.zeros(len(claims))
    for order in orders:
        rest = float(estate)
        for i in order:
            took = min(rest, claims[i])
            mean[i] += took / len(orders)
            rest -= took
    np.testing.assert_allclose(share, mean, rtol=1e-12)


def test_alpha_case() -> None:
    known = case("alpha_fairness_line")
    rows = (known["inputs"]["response"], known["inputs"]["headroom"])
    for alpha, right in known["expected"]["x"].items():
        rule = fairness.alpha_rule(float(alpha))
        # A target of ones is the model of the case: no weights, no ceilings.
        share = rule([1.0, 1.0, 1.0], rows, upper=np.inf).share
        np.testing.assert_allclose(share, right, **near(known))
        np.testing.assert_allclose(share.sum(), known["expected"]["total"][alpha], **near(known))
    # Trap: the greatest total shuts the upstream source completely.
    assert fairness.alpha_rule(0.1)([1.0] * 3, rows, upper=np.inf).share[0] > 0


def test_nash_case() -> None:
    known = case("nash_bargaining_weighted")
    inputs, right = known["inputs"], known["expected"]
    least, weight = inputs["disagreement"], inputs["weights"]
    whole = {"total": inputs["capacity"], "claim": weight, "compose": fairness.nash}
    free = fairness.divide(**whole, lower=least, upper=np.inf)
    np.testing.assert_allclose(free, right["x"], **near(known))
    capped = fairness.divide(**whole, lower=least, upper=inputs["caps_variant"])
    np.testing.assert_allclose(capped, right["x_capped"], **near(known))
    # Second way: the surplus is a capped proportion.
    room = np.subtract(inputs["caps_variant"], least)
    gains = sharing.capped_proportional(inputs["capacity"] - sum(least), weight, 0.0, room)
    np.testing.assert_allclose(np.add(least, gains), right["x_capped"], **near(known))
    for total in (20.0, 19.0):
        with pytest.raises(InfeasibleError, match=r"bargaining set is empty.*at total") as caught:
            fairness.divide(total, weight, fairness.nash, lower=least)
        assert caught.value.relaxation["missing"].tolist() == [20.0 - total]


def test_gini_case() -> None:
    known = case("gini_environmental")
    inputs, right = known["inputs"], known["expected"]
    labels = {"source": ["A", "B", "C", "D"]}
    load = xr.DataArray(inputs["load"], labels)
    found = {
        name: fairness.gini(load, xr.DataArray(values, labels))
        for name, values in inputs["indicators"].items()
    }
    for name, expected in right["gini"].items():
        np.testing.assert_allclose(found[name], expected, **near(known))
    weighted = sum(inputs["weights"][name] * index for name, index in found.items())
    np.testing.assert_allclose(weighted, right["weighted"], **near(known))
    even = fairness.gini(3 * load, load)
    np.testing.assert_allclose(even, right["perfectly_proportional"], **near(known))
    # Traps: sorted by load it is -0.02; equal loads are another question; 0 is no obstacle.
    order = np.argsort(inputs["load"])
    x, m = (np.array(v)[order] / 100 for v in (inputs["load"], inputs["indicators"]["population"]))
    by_load = 1 - float((m * (2 * np.cumsum(x) - x)).sum())
    assert by_load == pytest.approx(-0.02, abs=1e-12)
    assert abs(found["population"].item() - by_load) > 0.1
    assert abs(found["population"].item() - fairness.gini(load, xr.ones_like(load)).item()) > 0.1
    assert fairness.gini(load, xr.DataArray([0, 0, 0, 7.0], labels)).item() == pytest.approx(0.8)


def test_leximin_case() -> None:
    known = case("leximin_two_sections")
    rows = (known["inputs"]["response"], known["inputs"]["headroom"])
    demand, right = np.array(known["inputs"]["demand"]), known["expected"]
    for rule in (fairness.leximin, fairness.alpha_rule(np.inf)):
        share = rule(demand, rows).share
        np.testing.assert_allclose(share, right["x"], **near(known))
        np.testing.assert_allclose(share / demand, right["ratio"], **near(known))
        np.testing.assert_allclose(share.sum(), right["total"], **near(known))
    labels = {"source": [f"E{k}" for k in range(1, 6)]}
    permits, claim = xr.DataArray(share, labels), xr.DataArray(demand, labels)
    lack = fairness.leximin_index(permits, claim)
    np.testing.assert_allclose(1 - lack, right["levels"][0][0], **near(known))
    found = fairness.leximin(pd.Series(demand, labels["source"]), (rows[0], rows[1]))
    for level, names in right["levels"]:
        assert found.level.index[np.isclose(found.level, level, **near(known))].tolist() == names


def test_capped_proportional_case_as_a_division() -> None:
    known = case("capped_proportional")
    for problem, x, theta in zip(
        known["inputs"]["problems"], known["expected"]["x"], known["expected"]["theta"], strict=True
    ):
        share = fairness.divide(
            known["inputs"]["C"], problem["w"], sharing.fill, lower=problem["L"], upper=problem["U"]
        )
        np.testing.assert_allclose(share, x, **near(known))
        weight = np.array(problem["w"], float)
        between = (share > problem["L"]) & (share < problem["U"])
        np.testing.assert_allclose(share[between] / weight[between], theta, **near(known))
        assert np.abs(share - [31.5789, 31.5789, 36.8421]).max() > 1


def test_negative_capacity_case() -> None:
    known = case("negative_capacity_units")
    unit, right = known["inputs"]["unit_B"], known["expected"]["unit_B"]
    flow = units.flux(1.0, unit["flow_m3s"])
    allowed = unit["standard_mgL"] - unit["mos_mgL"]
    raw = units.tonnes(flow * (allowed - unit["background_mgL"]))
    np.testing.assert_allclose(raw, right["raw_t_a"], **near(known))
    sources = park(source_load=[100.0, 100.0], ceiling=[1000.0, 1000.0])
    labels = {
        "section": ["B", "A"],
        "outlet": ["E1", "E2"],
        "pollutant": ["COD"],
        "period": ["year"],
    }
    response = xr.DataArray(np.diag([1 / flow, 1.0])[:, :, None, None], labels, list(labels))
    per_day = 1000 / 365
    limit = xr.DataArray(
        [[[allowed]], [[known["inputs"]["unit_A"]["capacity_t_a"] * per_day]]],
        {"section": ["B", "A"], "indicator": ["COD"], "period": ["year"]},
        ["section", "indicator", "period"],
    )
    background = xr.zeros_like(limit)
    background[0] = unit["background_mgL"]
    room = limit - background
    np.testing.assert_allclose(-room[0], right["background_cut_needed_mgL"], **near(known))
    np.testing.assert_allclose(
        units.tonnes(-room[0].item() * flow), right["deficit_t_a"], **near(known)
    )
    bounds = sources[["ceiling"]].reset_coords(drop=True).rename(source="outlet")
    status = capacity.network(response, room, bounds).status.item()
    assert status == right["status"]
    for compose in (sharing.fill, fairness.equal_awards, fairness.equal_losses, fairness.talmud):
        found = allocation.allocate(response, room, sources, fairness.equal_proportion, compose)
        share = flat(found.permitted_load) / per_day
        np.testing.assert_allclose(share[0], right["usable_t_a"], **near(known))
        if compose is sharing.fill:
            whole = known["expected"]["allocatable_total_t_a"]
            np.testing.assert_allclose(share.sum(), whole, **near(known))
        # The trap: one unit's deficit does not take from the other, nor other water serve it.
        assert abs(share.sum() - known["expected"]["naive_net_total_t_a"]) > 1
    rise = 10 * per_day / flow - room[0].item()
    np.testing.assert_allclose(
        rise, known["expected"]["permitted_discharge_10t_violation_mgL"], **near(known)
    )
    with pytest.raises(DataError, match="total is -"):
        fairness.divide(raw, [1.0], sharing.fill)


# --- Indices ---------------------------------------------------------------------------------


def pairwise(x: Any, m: Any) -> float:
    """Gini coefficient by its definition."""
    share, measure = x / x.sum(), m / m.sum()
    cross = np.outer(share, measure)
    return float(0.5 * np.abs(cross - cross.T).sum())


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=9), st.data())
@settings(max_examples=150, deadline=None)
def test_gini_by_pairs_and_what_must_not_change_it(pairs: Any, data: st.DataObject) -> None:
    x, m = np.array(pairs, float).T
    x[0], m[-1] = x[0] + 1, m[-1] + 1
    labels = {"source": [f"E{k}" for k in range(len(x))]}
    load, claim = xr.DataArray(x, labels), xr.DataArray(m, labels)
    found = fairness.gini(load, claim).item()
    assert found == pytest.approx(pairwise(x, m), abs=1e-13)
    assert 0 <= found <= 1
    order = data.draw(st.permutations(range(len(x))))
    assert fairness.gini(load, claim[order]).item() == found
    moved = fairness.gini(load[order], claim * 7)
    assert moved.item() == pytest.approx(found, abs=1e-13)
    twice = {"source": [f"T{k}" for k in range(2 * len(x))]}
    double = [xr.DataArray(np.tile(v, 2), twice) for v in (x, m)]
    assert fairness.gini(*double).item() == pytest.approx(found, abs=1e-13)
    if len(x) == 1:
        assert found == 0


def test_indices_of_many_pollutants_and_periods() -> None:
    random = np.random.default_rng(3)
    labels = {"source": NAMES, "pollutant": ["COD", "TP"], "period": ["dry", "wet"]}
    load = xr.DataArray(random.random((3, 2, 2)), labels, list(labels))
    claim = xr.DataArray([1.0, 2.0, 3.0], {"source": NAMES})
    found = fairness.gini(load.transpose("period", "source", "pollutant"), claim)
    assert set(found.dims) == {"pollutant", "period"}
    for pollutant in labels["pollutant"]:
        for period in labels["period"]:
            at = {"pollutant": pollutant, "period": period}
            right = pairwise(load.sel(at).values, claim.values)
            assert found.sel(at).item() == pytest.approx(right, abs=1e-14)
    by_rule = fairness.equal_awards_index(load, claim)
    share = fairness.divide(float(load[:, 1, 0].sum()), claim.values, fairness.equal_awards)
    apart = 0.5 * np.abs(load[:, 1, 0].values - share).sum() / load[:, 1, 0].values.sum()
    assert by_rule.sel(pollutant="TP", period="dry").item() == pytest.approx(apart, rel=1e-12)


def test_indices_without_a_number_say_why() -> None:
    sources = park(source_load=[0.0, 0.0], effluent_flow=[1.0, 1.0])
    none = xr.zeros_like(sources.source_load)
    found = fairness.gini(none, none + 1)
    assert np.isnan(found.item()) and found.reason.item() == "the loads add up to 0"
    found = fairness.equal_proportion_index(none + 1, sources)
    assert np.isnan(found.item()) and found.reason.item() == "the claims add up to 0"
    found = fairness.contribution_index(none, sources, none + 1)
    assert np.isnan(found.item()) and found.reason.item() == "the cuts add up to 0"
    found = fairness.nash_index(none + 1, none + 1, none + 1)
    assert np.isnan(found.item()) and found.reason.item() == "the gains add up to 0"
    found = fairness.alpha_index(none, none, 1.0)
    assert np.isnan(found.item()) and found.reason.item() == "the loads add up to 0"
    # Where nothing is permitted, nothing stands in the wrong place.
    found = fairness.talmud_index(none, none + 1)
    assert found.item() == 0.0 and found.reason.item() == ""
    assert fairness.leximin_index(none, none).item() == 0.0
    assert fairness.leximin_index(none, none + 1).item() == 1.0
    sound = fairness.gini(none + 1, none + 1)
    assert sound.reason.item() == "" and sound.attrs["units"] == "1"


def test_every_rule_scores_nought_on_its_own_permits() -> None:
    rise = xr.DataArray([0.01, 0.02, 0.005], {"source": NAMES})
    sources = park(
        source_load=[30.0, 20.0, 40.0],
        effluent_flow=[3.0, 1.0, 1.0],
        generated_load=[90.0, 90.0, 50.0],
        benchmark_load=[20.0, 25.0, 30.0],
    )
    present, claim = sources.source_load, sources.generated_load
    response, room = one_section(sources, 60.0)
    targets: dict[Any, Any] = {
        fairness.equal_proportion: fairness.equal_proportion_index,
        fairness.equal_concentration: fairness.equal_concentration_index,
        fairness.equal_removal: fairness.equal_removal_index,
        fairness.capped_base: fairness.capped_base_index,
    }
    shares: dict[Any, Any] = {}
    for target, index in targets.items():
        permits = allocation.allocate(response, room, sources, target).permitted_load
        shares[target] = permits
        assert index(permits, sources).item() == pytest.approx(0, abs=1e-14)
        # … and not on those of another.
        other = xr.full_like(permits, 1.0).copy(data=np.array([1.0, 5.0, 30.0])[:, None, None])
        assert index(other, sources).item() > 0.1
    rules: dict[Any, Any] = {
        fairness.equal_awards: fairness.equal_awards_index,
        fairness.equal_losses: fairness.equal_losses_index,
        fairness.talmud: fairness.talmud_index,
    }
    for rule, index in rules.items():
        found = allocation.allocate(response, room, sources, fairness.equal_removal, rule)
        assert found.permitted_load.sum().item() == pytest.approx(60.0, rel=1e-12)
        assert index(found.permitted_load, claim).item() == pytest.approx(0, abs=1e-12)
        assert index(shares[fairness.equal_concentration], claim).item() > 0.01
    assert fairness.misplaced(2 * claim, claim, sharing.fill).item() == 0.5
    cut = fairness.contribution(0.1, rise.values, flat(present))
    permits = present - cut[:, None, None]
    assert fairness.contribution_index(permits, sources, rise).item() == pytest.approx(0, abs=1e-14)
    assert fairness.contribution_index(0.5 * present, sources, rise).item() > 0.1
    floors = sources.assign(floor=xr.full_like(present, 5.0))
    found = allocation.allocate(response, room, floors, fairness.equal_proportion, fairness.nash)
    np.testing.assert_allclose(flat(found.permitted_load), [20.0, 15.0, 25.0], rtol=1e-9)
    gains = fairness.nash_index(found.permitted_load, present, floors.floor)
    assert gains.item() == pytest.approx(0, abs=1e-9)


@given(
    st.lists(st.tuples(AMOUNT, st.floats(0.01, 5), AMOUNT), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_targets_keep_totals_order_and_units(drawn: Any, random: Any) -> None:
    load, flow, more = np.array(drawn).T
    sources = park(
        source_load=load, effluent_flow=flow, generated_load=load + more, benchmark_load=more
    )
    order = list(range(len(load)))
    random.shuffle(order)
    for target in (
        fairness.equal_proportion,
        fairness.equal_concentration,
        fairness.equal_removal,
        fairness.capped_base,
    ):
        found = target(sources)
        assert found.dims == ("source", "pollutant", "period") and (found.values >= 0).all()
        turned = target(sources.isel(source=order))
        np.testing.assert_allclose(turned.sel(source=found.source), found, rtol=1e-12)
        np.testing.assert_allclose(target(sources * 1024), 1024 * found, rtol=1e-12)
    spread = fairness.equal_concentration(sources)
    assert spread.sum().item() == pytest.approx(load.sum(), rel=1e-12)
    assert np.ptp(flat(spread) / flow) <= 1e-12 * load.sum() / flow.sum()
    assert (fairness.capped_base(sources) <= sources.source_load).all()


# --- What contribution must not break --------------------------------------------------------


DISCHARGER = st.tuples(AMOUNT, AMOUNT, st.floats(0, 1))


@given(
    st.lists(st.tuples(AMOUNT, AMOUNT, st.floats(0, 1)), min_size=1, max_size=6), st.floats(0, 1)
)
@settings(max_examples=120, deadline=None)
def test_contribution_gives_the_fall_and_keeps_the_floors(drawn: Any, part: float) -> None:
    rise, load, kept = np.array(drawn).T
    floor = kept * load
    owed = part * float(rise @ (load - floor))
    cut = fairness.contribution(owed, rise, load, floor=floor)
    assert rise @ cut == pytest.approx(owed, rel=1e-9, abs=1e-12)
    assert (cut >= 0).all() and (cut <= load - floor).all()
    # Between nothing and the floor, cuts are in proportion to contributions.
    free = (cut < (load - floor) * (1 - 1e-9)) & (rise * load > 1e-6)
    level = cut[free] / (rise * load)[free]
    assert np.ptp(level) <= 1e-6 * level.max() if len(level) else True
    grams = fairness.contribution(owed, rise / 1024, load * 1024, floor=floor * 1024)
    np.testing.assert_allclose(grams, cut * 1024, rtol=1e-9, atol=1e-9)
    less = fairness.contribution(0.5 * owed, rise, load, floor=floor)
    assert (less <= cut * (1 + 1e-9) + 1e-12).all()
    turned = fairness.contribution(owed, rise[::-1], load[::-1], floor=floor[::-1])
    np.testing.assert_allclose(turned[::-1], cut, rtol=1e-9, atol=1e-12)


# --- What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "arrays", "words"),
    [
        (fairness.equal_proportion, {"ceiling": [1.0]}, "source_load: is missing"),
        (fairness.equal_proportion, {"source_load": [1.0, np.nan]}, "E2, COD, year, source_load"),
        (fairness.equal_proportion, {"source_load": [-1.0]}, "E1.*-1.0 is out of range"),
        (fairness.equal_concentration, {"source_load": [1.0]}, "effluent_flow: is missing"),
        (
            fairness.equal_concentration,
            {"source_load": [1.0, 2.0], "effluent_flow": [1.0, 0.0]},
            "E2, COD, year, effluent_flow: 0.0 carries a load; right would be the water",
        ),
        (
            fairness.equal_removal,
            {"source_load": [5.0], "generated_load": [4.0]},
            "E1.*generated_load: 4.0 is less than source_load",
        ),
        (fairness.equal_removal, {"source_load": [5.0]}, "generated_load: is missing"),
        (fairness.capped_base, {"source_load": [5.0]}, "benchmark_load: is missing"),
        (
            fairness.capped_base,
            {"source_load": [5.0], "benchmark_load": [4.0], "adjustment_coefficient": [np.inf]},
            "adjustment_coefficient: inf is out of range",
        ),
    ],
)
def test_sources_that_give_no_target(target: Any, arrays: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        target(park(**arrays))


def test_no_water_and_no_load_is_no_target() -> None:
    sources = park(source_load=[0.0, 0.0], effluent_flow=[0.0, 0.0])
    assert flat(fairness.equal_concentration(sources)).tolist() == [0.0, 0.0]
    wrong = sources.drop_vars("effluent_flow").assign(effluent_flow=("place", [1.0]))
    with pytest.raises(DataError, match="dimensions"):
        fairness.equal_concentration(wrong)


@pytest.mark.parametrize(
    ("given_", "error", "words"),
    [
        ({"cut_owed": 9.0}, InfeasibleError, "give 3 of the 9 owed"),
        ({"cut_owed": -1.0}, DataError, "cut_owed is -1"),
        ({"response": [1.0, np.nan]}, DataError, "response: nan"),
        ({"response": [1.0, -1.0]}, DataError, "row 1, response: -1.0 is out of range"),
        ({"source_load": [1.0, np.inf]}, DataError, "source_load: inf"),
        ({"floor": [0.0, 3.0]}, DataError, "row 1, floor: 3.0 is out of range"),
    ],
)
def test_contributions_that_are_none(given_: Any, error: Any, words: str) -> None:
    sound: dict[str, Any] = {"cut_owed": 1.0, "response": [1.0, 1.0], "source_load": [1.0, 2.0]}
    with pytest.raises(error, match=words):
        fairness.contribution(**(sound | given_))


def test_loads_and_claims_that_do_not_belong_together() -> None:
    load = xr.DataArray([1.0, 2.0], {"source": ["A", "B"]})
    for claim, words in (
        (xr.DataArray([1.0, 2.0], {"source": ["A", "C"]}), r"row B(.|\n)*row C"),
        (xr.DataArray([1.0, 2.0], {"source": ["A", "A"]}), "A, source: is there twice"),
        (xr.DataArray([1.0, np.nan], {"source": ["A", "B"]}), "B, claim: nan"),
        (xr.DataArray([1.0, -1.0], {"source": ["A", "B"]}), "B, claim: -1.0"),
        (xr.DataArray([1.0, 2.0], dims="source"), "claim has dimensions"),
    ):
        for index in (fairness.gini, fairness.talmud_index, fairness.leximin_index):
            with pytest.raises(DataError, match=words):
                index(load, claim)
    with pytest.raises(DataError, match=r"B, permitted_load: 2\.0 is below its floor"):
        fairness.nash_index(load, load, load + xr.DataArray([0.0, 1.0], {"source": ["A", "B"]}))
