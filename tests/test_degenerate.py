"""Forty situations that naive arithmetic gets wrong: what is asked for, and what is not returned.

The numbers are those of the list of degenerate inputs; situations missing here have tests beside
what they belong to.
"""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from permitload import (
    RiverNetwork,
    allocation,
    capacity,
    fairness,
    hydraulics,
    quality,
    sharing,
    standards,
)
from permitload.allocation import Spread
from permitload.errors import DataError, InfeasibleError
from permitload.program import Program, prices
from permitload.sharing import Rows
from tests.parks import RULES, loads, plants, responses, rooms

SPREADS = [Spread(0.2, 0.0), Spread(0.2, 0.1), Spread(0.0, 0.0)]


def by_scenario(array: xr.DataArray, count: int = 2) -> xr.DataArray:
    return array.expand_dims(scenario=[str(k) for k in range(count)])


# --- 1, 2: no capacity ------------------------------------------------------------------------


@pytest.mark.parametrize("compose", RULES.values(), ids=RULES.keys())
def test_no_capacity_gives_nothing_and_no_rule_divides_by_it(compose: Any) -> None:  # 1
    response, sources = responses([[0.01, 0.02]]), plants([10.0, 20.0], ceiling=20.0)
    found = allocation.allocate(response, rooms(response, [0.0]), sources, compose=compose)
    assert loads(found).tolist() == [0.0, 0.0]
    assert found.level.values.ravel().tolist() == [0.0, 0.0]
    assert set(found.stopped_by.values.ravel()) <= {"S1", "floor"}
    claim = [1.0, 3.0]
    assert fairness.divide(0.0, claim, compose).tolist() == [0.0, 0.0]
    floors = plants([10.0, 20.0], floor=1.0, ceiling=20.0)
    with pytest.raises(InfeasibleError, match="S1") as caught:
        allocation.allocate(response, rooms(response, [0.0]), floors, compose=compose)
    assert caught.value.relaxation is not None
    assert caught.value.relaxation["missing"].tolist() == pytest.approx([0.03])


def test_ratios_to_no_capacity_are_undefined_not_a_number_of_any_kind() -> None:  # 1
    none = xr.DataArray([0.0, 0.0], {"source": ["A", "B"]})
    index = fairness.gini(none, none + 1.0)
    assert np.isnan(index.item()) and index.reason.item() == "the loads add up to 0"
    assert np.asarray(sharing.capped_proportional(0.0, [0.0, 0.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("limit", [0.0, -0.1])
def test_no_capacity_with_uncertainty_is_none_either(limit: float, spread: Spread) -> None:  # 1, 2
    response, sources = responses([[0.01, 0.02]]), plants([10.0, 20.0], ceiling=20.0)
    room = rooms(response, [limit])
    found = allocation.chance_total(response, room, sources, spread)
    assert found.total.item() == 0.0
    assert np.isfinite(found.shadow_price).all()
    rows = allocation.chance_rows(response, room, sources, spread)
    assert loads(allocation.allocate(rows, rows["headroom"], sources)).tolist() == [0.0, 0.0]
    floors = plants([10.0, 20.0], floor=1.0, ceiling=20.0)
    with pytest.raises(InfeasibleError, match="S1"):
        allocation.chance_total(response, room, floors, spread)
    several, wide = by_scenario(response), by_scenario(room)
    assert allocation.scenario_rows(several, wide, sources, 0.4).total.item() == 0.0
    assert allocation.tail_total(several, wide, sources, 0.5).item() == 0.0


def test_a_section_without_room_leaves_the_others_theirs_with_uncertainty() -> None:  # 1, 3
    response = responses([[0.01, 0.0], [0.0, 0.01]])
    sources = plants([90.0, 90.0], ceiling=90.0)
    found = allocation.chance_total(
        response, rooms(response, [0.0, 0.6]), sources, Spread(0.2, 0.0), 0.95
    )
    alone = allocation.chance_total(
        responses([[0.01]]), rooms(responses([[0.01]]), [0.6]), plants([90.0], ceiling=90.0),
        Spread(0.2, 0.0), 0.95,
    )  # fmt: skip
    assert found.total.item() == pytest.approx(alone.total.item(), rel=1e-7)
    assert found.total.item() == pytest.approx(60.0 / (1 + 0.2 * 1.6448536269514722), rel=1e-7)


# --- 4: a weight of zero ----------------------------------------------------------------------


def test_a_weight_of_zero_with_a_floor_gets_the_floor() -> None:  # 4
    share = sharing.capped_proportional(10.0, [1.0, 0.0, 3.0], [0.0, 4.0, 0.0])
    assert share.tolist() == [1.5, 4.0, 4.5]


# --- 6: more than all can take ----------------------------------------------------------------


@pytest.mark.parametrize("compose", RULES.values(), ids=RULES.keys())
def test_what_nobody_can_take_is_left_over(compose: Any) -> None:  # 6
    found = compose([10.0, 20.0], ([[1.0, 1.0]], [100.0]))
    assert np.asarray(found.share).tolist() == [10.0, 20.0]
    scaled_up = 100.0 * np.array([10.0, 20.0]) / 30.0
    assert np.abs(np.asarray(found.share) - scaled_up).min() > 20.0


# --- 8, 10: many best points ------------------------------------------------------------------


def test_the_point_of_a_flat_optimum_does_not_depend_on_order() -> None:  # 8, 10
    response = responses([[0.01, 0.01, 0.01]])
    limited = plants([9.0, 9.0, 9.0], ceiling=50.0)
    bounds = limited[["ceiling"]].reset_coords(drop=True).rename(source="outlet")
    bounds = bounds.assign_coords(outlet=["O1", "O2", "O3"])
    room = rooms(response, [0.5])
    for order in itertools.permutations(range(3)):
        turned = response.isel(outlet=list(order))
        found = capacity.network(turned, room, bounds)
        shares = found.canonical_load.sel(outlet=["O1", "O2", "O3"]).values.ravel()
        np.testing.assert_allclose(shares, 50.0 / 3.0, rtol=1e-12)
    # A vertex gives all to one and nothing to the others.
    naive = optimize.linprog(-np.ones(3), [[0.01] * 3], [0.5], bounds=[(0, 50)] * 3).x
    assert sorted(naive.tolist()) == pytest.approx([0.0, 0.0, 50.0])
    split = capacity.ranges(response, room, bounds)
    assert (split.unique == 0.0).all() and (split.load_min == 0.0).all()
    np.testing.assert_allclose(split.load_max, 50.0, rtol=1e-9)


# --- 11: one enterprise -----------------------------------------------------------------------


def test_one_enterprise_is_no_comparison() -> None:  # 11
    criteria = pd.DataFrame({"tax": [50.0], "water": [3.0]}, ["E1"])
    ways = pd.Series({"tax": 1, "water": -1})
    with pytest.warns(UserWarning, match="weights are equal"):
        assert fairness.critic_weights(criteria, ways).tolist() == [0.5, 0.5]
    with pytest.warns(UserWarning, match="the same for all"):
        score = fairness.scores(criteria, ways, pd.Series({"tax": 0.7, "water": 0.3}))
    assert score.tolist() == [0.0]
    assert fairness.adjustment_coefficient(score, pd.Series({"E1": 5.0}), 0.4).tolist() == [1.0]
    one = xr.DataArray([3.0], {"source": ["E1"]})
    assert fairness.gini(one, one).item() == 0.0
    found = fairness.zero_sum_dea(pd.Series({"E1": 3.0}), pd.DataFrame({"gdp": [1.0]}, ["E1"]))
    assert found.share.tolist() == [3.0] and found.few
    assert fairness.shapley(["E1"], lambda joined: 3.0).tolist() == [3.0]


# --- 20: one side of the stricter-of is missing -----------------------------------------------


def components(**numbers: float) -> xr.Dataset:
    labels = {"source": ["E1"], "pollutant": ["TP"], "period": ["M1"]}
    return xr.Dataset({n: (tuple(labels), [[[v]]]) for n, v in numbers.items()}, labels)


def test_a_missing_side_of_the_stricter_of_is_a_stated_policy() -> None:  # 16, 20
    floors, missing = components(minimum_operation=0.0), float("nan")
    ceilings = components(eia_total=missing, present_permit=7.0)
    with pytest.raises(DataError, match=r"E1, TP, M1.*eia_total"):
        allocation.bounds(floors, ceilings)
    found = allocation.bounds(floors, ceilings, needed=("present_permit",))
    assert (found.ceiling.item(), found.ceiling_component.item()) == (7.0, "present_permit")
    with pytest.raises(DataError, match="present_permit"):
        other = components(eia_total=9.0, present_permit=missing)
        allocation.bounds(floors, other, needed=("eia_total", "present_permit"))


# --- 22: a mass without its basis --------------------------------------------------------------


@pytest.mark.parametrize("name", ["NH3", "PO4", "N"])
def test_a_substance_is_not_taken_for_the_element_in_it(name: str) -> None:  # 22
    """Ammonia is 17/14 of its nitrogen, phosphate 95/31 of its phosphorus: no limit fits both."""
    sections = pd.DataFrame({"section": ["S1"], "node": ["A"], "water_class": ["III"]})
    assert standards.limits(sections, ["NH3-N"], ["dry"]).limit.item() == 1.0
    with pytest.raises(DataError, match=f"{name} has no limit in GB 3838-2002"):
        standards.limits(sections, [name], ["dry"])


# --- 33, 34: scenarios that may be missed -----------------------------------------------------


def test_a_scenario_that_is_met_is_met_whatever_the_size_of_the_bounds() -> None:  # 34
    """With M = 1e6 an integer is whole within 1e-6, and a row that should hold leaks by 1 mg/L."""
    response = responses(np.full((4, 1, 1), 0.01))
    room = rooms(response, np.array([[0.2], [0.3], [0.4], [0.5]]))
    sources = plants([9.0], ceiling=1e8)
    rows = allocation.scenario_rows(response, room, sources, 0.25)
    assert rows.total.item() == pytest.approx(30.0, rel=1e-12)
    load = loads(allocation.allocate(rows, rows["headroom"], sources))
    met = 0.01 * load[0] <= np.array([0.2, 0.3, 0.4, 0.5]) * (1 + 1e-12)
    assert met.tolist() == [False, True, True, True]
    # What a row with M = 1e6 admits once its integer may be 1e-6 instead of 0.
    leaked = (0.3 + 1e6 * 1e-6) / 0.01
    assert leaked > 4 * load[0]


# --- 36: numbers of many sizes ----------------------------------------------------------------


def test_a_row_smaller_than_the_solver_s_tolerance_holds() -> None:  # 36
    """Phosphorus in mg/L per kg/d beside bounds in t: the whole row is below 1e-7."""
    row, limit, most = [1e-9, 2e-9], 5e-8, 1e3
    program = Program().columns(["E1", "E2"], upper=most).at_most("TP", row, limit, "mg/L")
    point = program.maximise(1.0).column.to_numpy()
    assert point.tolist() == pytest.approx([50.0, 0.0], abs=1e-9)
    assert prices(program, 1.0).loc["TP", "shadow_price"] == pytest.approx(1e9)
    naive = optimize.linprog([-1, -1], [row], [limit], bounds=[(0, most)] * 2).x
    assert np.dot(row, naive) > 10 * limit  # the same solver, unscaled


# --- 37: repeated solves ----------------------------------------------------------------------


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_an_answer_does_not_depend_on_what_was_solved_before(seed: int) -> None:  # 37
    random = np.random.default_rng(seed)
    matrix = random.uniform(0.1, 1.0, (4, 6)) * (random.random((4, 6)) < 0.7)
    program = Program().columns(range(6), 0.0, 1.0).at_most(range(4), matrix, 0.4)
    first = program.maximise(1.0)
    for k in range(3):
        program.maximise(random.uniform(-1, 1, 6))
        prices(program, random.uniform(0, 1, 6))
        program.minimise_quadratic(-1.0, float(k + 1))
    again = program.maximise(1.0)
    np.testing.assert_array_equal(again.column, first.column)
    np.testing.assert_array_equal(again.shadow_price, first.shadow_price)


# --- 38: answers that are nearly there --------------------------------------------------------


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_no_row_is_exceeded_after_rounding_what_an_interior_method_found(seed: int) -> None:  # 38
    random = np.random.default_rng(seed)
    matrix = random.uniform(0.0, 1.0, (3, 5)) * (random.random((3, 5)) < 0.8)
    target = random.uniform(1.0, 9.0, 5)
    limit = 0.5 * matrix @ target
    program = Program().columns(range(5), 0.0, target).at_most(range(3), matrix, limit)
    near = program.minimise_quadratic(-2.0, 2.0 / target).column.to_numpy()
    direct = sharing.project(target, (matrix, limit)).share
    np.testing.assert_allclose(near, direct, rtol=1e-7, atol=1e-9)
    for found in (near, direct, sharing.alpha_fairness(target, (matrix, limit)).share):
        whole = allocation.round_down(np.maximum(found, 0.0), 0.001, (matrix, limit), target)
        for row, most in zip(matrix, limit, strict=True):
            used = sum(Fraction(a) * Fraction(x) for a, x in zip(row, whole, strict=True))
            assert used <= Fraction(most) * (1 + Fraction(1, 10**12))


# --- 39: outlets and enterprises --------------------------------------------------------------


def test_an_enterprise_with_two_outlets_is_counted_once_at_each() -> None:  # 39
    response = responses([[0.01, 0.02]])
    sources = plants([40.0, 40.0], ceiling=40.0)
    room = rooms(response, [9.0])
    belongs = pd.DataFrame({"group": ["works", "works"], "source": ["E1", "E2"]})
    most = pd.DataFrame([{"group": "works", "pollutant": "TP", "period": "", "group_limit": 30.0}])
    grouped = allocation.with_groups(sources, belongs, most)
    found = allocation.allocate(response, room, grouped)
    assert loads(found).tolist() == pytest.approx([15.0, 15.0], rel=1e-12)
    assert found.stopped_by.values.ravel().tolist() == ["works", "works"]
    # Each outlet adds at its own response, and not the whole at both, nor half of it.
    one = allocation.allocate(response, rooms(response, [0.3]), grouped)
    assert loads(one).tolist() == pytest.approx([10.0, 10.0], rel=1e-12)
    assert (response.values[0, :, 0, 0] @ loads(one)) == pytest.approx(0.3, rel=1e-12)
    with pytest.raises(DataError, match="E1, source: is there twice"):
        allocation.allocate(response, room, sources.isel(source=[0, 0]))
    twice = pd.concat([belongs, belongs.iloc[:1]])
    with pytest.raises(DataError, match="works, E1 is there twice"):
        allocation.with_groups(sources, twice, most)


# --- 40: a section without water --------------------------------------------------------------


def test_a_response_without_end_is_refused_and_named() -> None:  # 40
    response, sources = responses([[0.01, np.inf]]), plants([10.0, 20.0], ceiling=20.0)
    right = rooms(responses([[0.01, 0.01]]), [0.5])
    with pytest.raises(DataError, match=r"S1, O2.*response: inf is no number"):
        allocation.allocate(response, right, sources)
    with pytest.raises(DataError, match=r"S1, O2.*response: inf is no number"):
        capacity.network(response, right)
    with pytest.raises(DataError, match="coefficient: inf is no number"):
        sharing.fill([1.0, 2.0], Rows(np.array([[1.0, np.inf]]), np.array([3.0])))


def test_a_month_without_flow_is_refused_by_its_name_and_gives_no_free_load() -> None:  # 40
    """A tributary stands still in August; its outlet has no response of 0 there, but none."""
    ends = {"reach": ["M1", "T1", "M2"], "from_node": ["a", "t", "b"], "to_node": ["b", "b", "c"]}
    network = RiverNetwork(pd.DataFrame({**ends, "length": 1000.0}))
    months = {"reach": ends["reach"], "period": ["2025-07", "2025-08"]}
    flow = xr.DataArray([[2.0, 2.0], [1.0, 0.0], [3.0, 2.0]], months, list(months))
    water = hydraulics.from_flow(network, flow, area=0.0 * flow + 10.0)
    outlets = pd.DataFrame({"outlet": ["O1", "O2"], "reach": ["M1", "T1"], "position": 500.0})
    below = pd.DataFrame({"section": ["S"], "reach": ["M2"], "position": [500.0]})
    kinetics = {"TP": {"decay": 0.1}}
    whole = quality.response(network, water, outlets[:1], below, kinetics)["response"]
    assert (whole > 0).all()
    with pytest.raises(DataError) as caught:
        quality.response(network, water, outlets, below, kinetics)
    assert "row O2, reach: has a load but its reach has no flow in period 2025-08" in str(
        caught.value
    )
    assert "2025-07" not in str(caught.value) and "O1" not in str(caught.value)
    dry = below.assign(section="T", reach="T1")
    with pytest.raises(DataError, match="row T, reach: has no flow in period 2025-08;"):
        quality.response(network, water, outlets[:1], dry, kinetics)
    quality.response(network, water.isel(period=[0]), outlets, dry, kinetics)
    # who must give no load in such a month is told so by a headroom of 0 there, and it says why
    room = rooms(responses([[0.01, 0.02]]), [0.5])
    both = xr.concat([room, 0.0 * room], pd.Index(["wet", "dry"], dtype=object, name="period"))
    one = responses([[0.01, 0.02]])
    response = xr.concat([one, one], pd.Index(["wet", "dry"], dtype=object, name="period"))
    claim = plants([10.0, 20.0], ceiling=20.0)
    sources = xr.concat(
        [claim.isel(period=0)] * 2,
        pd.Index(["wet", "dry"], dtype=object, name="period"),
        data_vars="all",
    )
    found = allocation.allocate(response.assign_coords(period=["wet", "dry"]), both, sources)
    assert found.permitted_load.sel(period="dry").values.ravel().tolist() == [0.0, 0.0]
    assert (found.permitted_load.sel(period="wet") > 0).all()
    assert set(found.stopped_by.sel(period="dry").values.ravel()) <= {"S1", "floor"}
