"""Weights of criteria, scores and coefficients: known answers, second ways, what is refused."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from permitload.errors import DataError, InfeasibleError
from permitload.fairness import (
    adjustment_coefficient,
    ahp_weights,
    combined_weights,
    critic_weights,
    entropy_weights,
    mixture,
    scores,
)
from permitload.fairness.ahp import RANDOM_INDEX
from permitload.sharing import capped_proportional, proportional_level

CASES = Path(__file__).parent / "cases" / "allocation"


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf8"))
    return found


def table(values: Any) -> pd.DataFrame:
    rows, columns = np.shape(values)
    names = [f"E{i + 1}" for i in range(rows)], [f"C{j + 1}" for j in range(columns)]
    return pd.DataFrame(values, *names)


def ways(signs: Any) -> pd.Series:
    return pd.Series(signs, [f"C{j + 1}" for j in range(len(signs))])


# Entropy


@pytest.mark.parametrize("name", ["positive", "with_zero", "one_constant_column"])
def test_entropy_case(name: str) -> None:
    known = case("entropy_weights")
    weight = entropy_weights(table(known["inputs"][name]))
    np.testing.assert_allclose(weight, known["expected"][name], rtol=0, atol=known["tolerance"])


def test_entropy_of_criteria_that_are_the_same_for_all() -> None:
    known = case("entropy_weights")
    with pytest.warns(UserWarning, match="weights are equal"):
        weight = entropy_weights(table(known["inputs"]["all_constant"]))
    right = known["expected"]["all_constant"]
    np.testing.assert_allclose(weight, right, rtol=0, atol=known["tolerance"])
    assert np.abs(weight - [2.0, -0.5, -0.5]).min() > 0.5  # what two packages return


def test_spread_that_is_round_off_is_none() -> None:
    noisy = table([[0.1 + 0.2, 1.0], [0.3, 2.0]])
    assert noisy.loc["E1", "C1"] != noisy.loc["E2", "C1"]
    assert entropy_weights(noisy).tolist() == [0.0, 1.0]
    assert critic_weights(noisy, ways([1, 1])).tolist() == [0.0, 1.0]


def test_entropy_of_one_enterprise_is_undefined_and_says_so() -> None:
    assert "use equal weights" in case("entropy_weights")["expected"]["single_enterprise"]
    with pytest.warns(UserWarning, match="no criterion tells enterprises apart"):
        assert entropy_weights(table([[3.0, 1.0]])).tolist() == [0.5, 0.5]


def test_entropy_follows_one_wild_figure_and_not_the_direction() -> None:
    calm = [[3.0, 10.0], [2.0, 7.0], [4.0, 2.0]]
    wild = entropy_weights(table([[3.0, 10.0], [2.0, 7.0], [4.0, 9000.0]]))
    assert wild["C2"] > 0.95 > entropy_weights(table(calm))["C2"]


Matrix = st.integers(2, 6).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(0, 1000), min_size=n, max_size=n), min_size=1, max_size=5
    )
)


@given(Matrix)
@settings(deadline=None)
def test_entropy_agrees_with_another_library(columns: list[list[int]]) -> None:
    values = np.array(columns, dtype=float).T
    kept = values[:, np.ptp(values, axis=0) > 0]
    assume(kept.shape[1] > 0)
    # 0 ln 0 = 0 there as well
    amount = 1.0 - stats.entropy(kept, axis=0) / np.log(len(kept))
    right = np.zeros(values.shape[1])
    right[np.ptp(values, axis=0) > 0] = amount / amount.sum()
    np.testing.assert_allclose(entropy_weights(table(values)), right, rtol=1e-7, atol=1e-9)


def test_entropy_keeps_its_digits_where_all_are_almost_alike() -> None:
    # Spread e about 1 has 1 - E = e²/2 to leading order: ten times the spread, 100 times it.
    nearly = table([[1 + 1e-9, 1 + 1e-8], [1 - 1e-9, 1 - 1e-8]])
    assert entropy_weights(nearly)["C2"] == pytest.approx(100 / 101, rel=1e-6)


@given(Matrix, st.randoms(), st.floats(1e-6, 1e6))
@settings(deadline=None)
def test_entropy_knows_neither_order_nor_unit(
    columns: list[list[int]], random: Any, unit: float
) -> None:
    criteria = table(np.array(columns, dtype=float).T)
    assume((np.ptp(criteria.to_numpy(), axis=0) > 0).any())
    weight = entropy_weights(criteria)
    rows, names = list(criteria.index), list(criteria.columns)
    random.shuffle(rows), random.shuffle(names)
    moved = entropy_weights(criteria.loc[rows, names] * unit)
    np.testing.assert_allclose(moved[criteria.columns], weight, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", [entropy_weights, lambda t: critic_weights(t, ways([1, -1]))])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1.0, np.nan], [2.0, 3.0]], "row E1, C2: nan is out of range"),
        ([[1.0, 2.0], [-3.0, 3.0]], "row E2, C1: -3.0 is out of range; right would be a finite"),
        ([[1.0, np.inf], [2.0, 3.0]], "row E1, C2: inf"),
        ([["a", 1.0], [2.0, 3.0]], "row E1, C1: a is out of range"),
    ],
)
def test_criteria_that_are_no_numbers_are_refused(rule: Any, values: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        rule(table(values))


@pytest.mark.parametrize("rule", [entropy_weights, lambda t: critic_weights(t, ways([1, -1]))])
def test_labels_are_there_once_and_tables_not_empty(rule: Any) -> None:
    twice = table([[1.0, 2.0], [3.0, 3.0]])
    with pytest.raises(DataError, match="E1, enterprise: is there twice"):
        rule(twice.set_axis(["E1", "E1"]))
    with pytest.raises(DataError, match="C1, criterion: is there twice"):
        rule(twice.set_axis(["C1", "C1"], axis=1))
    with pytest.raises(DataError, match="empty"):
        rule(twice.iloc[:0])


def test_all_faults_of_a_table_at_once() -> None:
    with pytest.raises(DataError) as caught:
        entropy_weights(table([[np.nan, -1.0], [np.inf, 1.0]]))
    assert len(caught.value.faults) == 3


def test_inputs_stay_as_they_are() -> None:
    criteria = table([[3.0, 10.0], [2.0, 7.0], [4.0, 2.0]])
    before = criteria.copy()
    entropy_weights(criteria)
    critic_weights(criteria, ways([1, -1]))
    scores(criteria, ways([1, -1]), ways([0.5, 0.5]))
    pd.testing.assert_frame_equal(criteria, before)


# CRITIC


def test_critic_case() -> None:
    known = case("critic_weights")
    given_ = table(known["inputs"]["matrix"])
    near = {"rtol": 0, "atol": known["tolerance"]}
    weight = critic_weights(given_, ways(known["inputs"]["types"]))
    np.testing.assert_allclose(weight, known["expected"]["weights"], **near)
    # With every criterion taken as one of which more is better: the trap, and its own answer.
    blind = known["expected"]["direction_blind"]
    np.testing.assert_allclose(critic_weights(given_, ways([1, 1, 1])), blind, **near)
    assert np.abs(weight - blind).max() > 0.09


def test_critic_by_hand() -> None:
    # Two enterprises: all scaled values are 0 or 1, all correlations 1 or -1.
    criteria = table([[1.0, 5.0, 3.0], [2.0, 9.0, 1.0]])
    # C1 and C2 agree, C3 contradicts both: conflicts 2, 2 and 4.
    assert critic_weights(criteria, ways([1, 1, 1])).tolist() == pytest.approx([0.25, 0.25, 0.5])
    # Turned round, C3 agrees too: nobody contradicts anybody, and all weigh the same.
    assert critic_weights(criteria, ways([1, 1, -1])).tolist() == pytest.approx([1 / 3] * 3)


def test_critic_of_constant_criteria() -> None:
    one = critic_weights(table([[1.0, 2.0], [1.0, 5.0], [1.0, 3.0]]), ways([1, 1]))
    assert one.tolist() == [0.0, 1.0]
    three = table([[1.0, 2.0, 7.0], [1.0, 5.0, 3.0], [1.0, 3.0, 4.0]])
    found = critic_weights(three, ways([-1, 1, 1]))
    rest = critic_weights(three[["C2", "C3"]], ways([1, 1, 1])[["C2", "C3"]])
    assert found["C1"] == 0.0
    np.testing.assert_allclose(found[["C2", "C3"]], rest, rtol=1e-12)
    for rows in ([[0.1, 0.3]] * 7, [[3.0, 1.0]]):
        with pytest.warns(UserWarning, match="weights are equal"):
            assert critic_weights(table(rows), ways([1, 1])).tolist() == [0.5, 0.5]


@given(Matrix, st.randoms(), st.floats(1e-3, 1e3), st.integers(0, 31))
@settings(deadline=None)
def test_critic_knows_neither_order_nor_unit(
    columns: list[list[int]], random: Any, unit: float, signs: int
) -> None:
    criteria = table(np.array(columns, dtype=float).T)
    assume((np.ptp(criteria.to_numpy(), axis=0) > 0).any())
    directions = ways([1 if signs >> j & 1 else -1 for j in range(len(columns))])
    weight = critic_weights(criteria, directions)
    assert weight.sum() == pytest.approx(1.0)
    assert (weight >= 0).all()
    rows, names = list(criteria.index), list(criteria.columns)
    random.shuffle(rows), random.shuffle(names)
    moved = critic_weights(criteria.loc[rows, names] * unit, directions)
    np.testing.assert_allclose(moved[criteria.columns], weight, atol=1e-7)


@pytest.mark.parametrize("direction", [0, 2, np.nan])
def test_directions_are_one_or_minus_one(direction: float) -> None:
    with pytest.raises(DataError, match=r"C2.*right would be|C2, directions: nan"):
        critic_weights(table([[1.0, 2.0], [3.0, 1.0]]), ways([1, direction]))
    with pytest.raises(DataError, match="C2, directions: has no partner"):
        critic_weights(table([[1.0, 2.0], [3.0, 1.0]]), ways([1]))


# AHP


def test_ahp_case() -> None:
    known = case("ahp_weights")
    names = ["a", "b", "c"]
    matrix = pd.DataFrame(known["inputs"]["matrix"], names, names)
    right, near = known["expected"], {"rel": 0, "abs": known["tolerance"]}
    found = ahp_weights(matrix)
    assert found.weight.tolist() == pytest.approx(right["weights"], **near)
    assert found.eigenvalue == pytest.approx(right["lambda_max"], **near)
    assert found.index == pytest.approx(right["CI"], **near)
    assert found.ratio == pytest.approx(right["CR_RI_0p58"], **near)
    other = ahp_weights(matrix, {3: 0.5799})
    assert other.ratio == pytest.approx(right["CR_RI_0p5799"], **near)
    assert abs(found.ratio - other.ratio) > 10 * known["tolerance"]  # the table matters
    assert set(right) == {"weights", "lambda_max", "CI", "CR_RI_0p58", "CR_RI_0p5799"}


@given(st.tuples(*[st.sampled_from([1 / 5, 1 / 3, 1 / 2, 1, 2, 3, 5])] * 3))
@settings(deadline=None)
def test_ahp_of_three_is_the_geometric_mean(pairs: tuple[float, float, float]) -> None:
    # For three criteria the principal eigenvector is the geometric mean of the rows, exactly.
    a, b, c = pairs
    names = ["x", "y", "z"]
    matrix = pd.DataFrame([[1, a, b], [1 / a, 1, c], [1 / b, 1 / c, 1]], names, names)
    found = ahp_weights(matrix, upper=np.inf)
    mean = stats.gmean(matrix.to_numpy(), axis=1)
    np.testing.assert_allclose(found.weight, mean / mean.sum(), rtol=1e-9)
    # and the eigenvalue is 1 + t + 1/t with t the cube root of the contradiction
    t = np.cbrt(a * c / b)
    assert found.eigenvalue == pytest.approx(1 + t + 1 / t, rel=1e-9)


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=10), st.randoms())
@settings(deadline=None)
def test_ahp_returns_the_weights_that_a_consistent_comparison_states(
    weight: list[float], random: Any
) -> None:
    names = [f"C{j}" for j in range(len(weight))]
    matrix = pd.DataFrame(np.divide.outer(weight, weight), names, names)
    order = list(names)
    random.shuffle(order)
    found = ahp_weights(matrix.loc[order, order])
    np.testing.assert_allclose(found.weight[names], np.array(weight) / sum(weight), rtol=1e-9)
    assert found.ratio == pytest.approx(0.0, abs=1e-9)
    assert found.index >= 0.0


def test_ahp_names_the_pair_that_contradicts() -> None:
    weight = np.array([0.4, 0.3, 0.2, 0.1])
    names = ["technology", "output", "tax", "water"]
    matrix = pd.DataFrame(np.divide.outer(weight, weight), names, names)
    matrix.loc["output", "water"], matrix.loc["water", "output"] = 1 / 9, 9.0
    with pytest.raises(DataError) as caught:
        ahp_weights(matrix)
    (fault,) = caught.value.faults
    assert {fault.row, fault.column} == {"output", "water"}
    assert "consistency ratio" in fault.problem
    # Better agreement on that pair is accepted.
    matrix.loc["output", "water"], matrix.loc["water", "output"] = 2.0, 0.5
    assert ahp_weights(matrix).ratio < 0.1


def test_ahp_takes_three_digits_and_refuses_what_is_not_reciprocal() -> None:
    names = ["a", "b", "c"]
    exact = pd.DataFrame([[1, 3, 6], [1 / 3, 1, 2], [1 / 6, 1 / 2, 1]], names, names)
    found = ahp_weights(exact.round(3))
    np.testing.assert_allclose(found.weight, ahp_weights(exact).weight, atol=5e-4)
    # Either entry of a pair counts alike: what the other states, turned round, is the same.
    turned = ahp_weights((1.0 / exact.round(3)).T)
    np.testing.assert_allclose(found.weight, turned.weight, rtol=1e-12)
    wrong = exact.copy()
    wrong.loc["b", "a"], wrong.loc["c", "c"] = 3.0, 2.0
    with pytest.raises(DataError) as caught:
        ahp_weights(wrong)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [("a", "b"), ("c", "c")]
    for bad in (0.0, -3.0, np.nan):
        with pytest.raises(DataError):
            ahp_weights(exact.replace(3.0, bad))
    with pytest.raises(DataError, match="same labels, in one order"):
        ahp_weights(exact[["b", "a", "c"]])


def test_ahp_needs_a_random_index_for_its_size() -> None:
    names = list("abcdefghijk")
    ones = pd.DataFrame(1.0, names, names)
    assert max(RANDOM_INDEX) == 10
    with pytest.raises(DataError, match="none > 0 for 11 criteria"):
        ahp_weights(ones)
    assert ahp_weights(ones, {11: 1.51}).weight.tolist() == pytest.approx([1 / 11] * 11)
    for count in (1, 2):  # always consistent
        few = ahp_weights(ones.iloc[:count, :count])
        assert (few.ratio, few.index) == (0.0, 0.0)
        assert few.weight.tolist() == pytest.approx([1 / count] * count)


# Combination, scores, coefficient


def test_combined_weights_by_hand() -> None:
    first, second = pd.Series({"a": 0.6, "b": 0.4}), pd.Series({"b": 0.3, "a": 0.1})
    # product 0.6·0.25 : 0.4·0.75 = 1 : 2
    assert combined_weights(first, second).tolist() == pytest.approx([1 / 3, 2 / 3])
    mixed = combined_weights(first, second, lambda x, y: mixture(x, y, 0.8))
    assert mixed.to_dict() == pytest.approx({"a": 0.53, "b": 0.47})
    assert combined_weights(first, second, lambda x, _: x).tolist() == pytest.approx([0.6, 0.4])


def test_combined_weights_refuses() -> None:
    first = pd.Series({"a": 1.0, "b": 0.0})
    with pytest.raises(DataError, match="no criterion has weight in both"):
        combined_weights(first, pd.Series({"a": 0.0, "b": 1.0}))
    with pytest.raises(DataError, match="second are all 0"):
        combined_weights(first, 0.0 * first)
    with pytest.raises(DataError, match="c, second: has no partner"):
        combined_weights(first, pd.Series({"a": 1.0, "c": 1.0}))
    with pytest.raises(DataError, match=r"row b, second: -1\.0"):
        combined_weights(first, pd.Series({"a": 1.0, "b": -1.0}))
    with pytest.raises(DataError, match="row a, combined: nan"):
        combined_weights(first, first, lambda x, y: x * np.nan)
    with pytest.raises(DataError, match=r"share is 1\.2"):
        mixture(first.to_numpy(), first.to_numpy(), 1.2)


def test_wujin_month() -> None:
    """Plan, technology and tax drive the split of a park total: the whole case."""
    known = case("wujin_dynamic_coefficient")
    asked, right = known["inputs"], known["expected"]
    near = {"rel": 0, "abs": 1e-10}
    names = ["E1", "E2", "E3", "E4"]
    base, plan = (pd.Series(asked[k], names) for k in ("base_t_month", "plan_ratio"))
    criteria = pd.DataFrame({k: asked[k] for k in ("technology_score", "tax_per_t")}, names)
    directions = pd.Series(1, criteria.columns)
    score = scores(criteria, directions, pd.Series(asked["score_weights"], criteria.columns))
    assert score.tolist() == pytest.approx(right["score"], **near)
    coefficient = adjustment_coefficient(score, base, asked["gamma"])
    assert coefficient.tolist() == pytest.approx(right["coefficient"], **near)
    centre = score["E1"] - (coefficient["E1"] - 1.0) / asked["gamma"]
    assert centre == pytest.approx(right["base_weighted_mean_score"], **near)
    # with equal plans the coefficient alone does not move the total; uncentred it would
    assert (base * coefficient).sum() == pytest.approx(base.sum(), rel=1e-12)
    weight = base * plan * coefficient
    assert weight.tolist() == pytest.approx(right["weight"], **near)
    assert not asked["section_attained_last_month"]
    total = asked["shrink_if_missed"] * base.sum()
    assert total == pytest.approx(right["park_total"], **near)
    upper = asked["cap_over_plan"] * base * plan
    assert upper.sum() == pytest.approx(right["max_park_total_that_can_be_placed"], **near)
    share = capped_proportional(total, weight, 0.0, upper)
    assert share.tolist() == pytest.approx(right["x"], **near)
    assert proportional_level(total, weight, 0.0, upper) == pytest.approx(right["theta"], **near)
    with pytest.raises(InfeasibleError, match=r"less than the total 30, by 2\.72"):
        capped_proportional(30.0, weight, 0.0, upper)
    same = criteria.assign(technology_score=0.7)
    with pytest.warns(UserWarning, match="so 0 in every score: technology_score"):
        flat = scores(same, directions, pd.Series(asked["score_weights"], criteria.columns))
    assert flat["E3"] == 0.0


def test_scores_turn_with_the_direction() -> None:
    criteria, weights = table([[3.0, 9.0], [1.0, 3.0], [2.0, 5.0]]), ways([0.25, 0.75])
    up, down = (scores(criteria, ways([sign, sign]), weights) for sign in (1, -1))
    np.testing.assert_allclose(up + down, 1.0, rtol=1e-12)
    assert up.tolist() == pytest.approx([1.0, 0.0, 0.375])
    with pytest.raises(DataError, match="weights are all 0"):
        scores(criteria, ways([1, 1]), 0.0 * weights)
    with pytest.raises(DataError, match=r"row C1, weights: -1\.0"):
        scores(criteria, ways([1, 1]), ways([-1.0, 2.0]))


Parks = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1e4)), min_size=1, max_size=8)


@given(Parks, st.floats(0, 3))
@settings(max_examples=60, deadline=None)
def test_coefficient_keeps_the_total_and_the_order(
    park: list[tuple[float, float]], sensitivity: float
) -> None:
    score, load = (pd.Series(values) for values in zip(*park, strict=True))
    free = adjustment_coefficient(score, load, min(sensitivity, 1.0))
    assert (free * load).sum() == pytest.approx(load.sum(), rel=1e-9)
    held = adjustment_coefficient(score, load, sensitivity, 0.8, 1.2)
    assert held.between(0.8, 1.2).all()
    better = score.sort_values().index
    assert held[better].is_monotonic_increasing
    assert free[better].is_monotonic_increasing


def test_coefficient_of_one_enterprise_is_one() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert adjustment_coefficient(pd.Series([0.3]), pd.Series([5.0]), 0.4).tolist() == [1.0]


def test_coefficient_refuses() -> None:
    score, load = pd.Series({"E1": 1.0, "E2": 0.0}), pd.Series({"E1": 10.0, "E2": 30.0})
    with pytest.raises(DataError) as caught:
        adjustment_coefficient(score, load, -1.0, 1.5, 0.5)
    assert [f.column for f in caught.value.faults] == ["sensitivity", "lower", "upper"]
    with pytest.raises(DataError, match="source_load are all 0"):
        adjustment_coefficient(score, 0.0 * load, 0.4)
    with pytest.raises(DataError, match="E2, source_load: has no partner"):
        adjustment_coefficient(score, load[["E1"]], 0.4)
    with pytest.raises(DataError, match="row E1, score: nan"):
        adjustment_coefficient(score.replace(1.0, np.nan), load, 0.4)
