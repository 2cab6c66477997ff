"""Rating: scores, tiers, vetoes, what is missing, stability; a second library."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import skcriteria
from hypothesis import given, settings
from hypothesis import strategies as st
from skcriteria.agg.simple import WeightedSumModel

from permitload import fairness, tiers
from permitload.errors import DataError

INDICATORS = pd.DataFrame(
    {
        "criterion": ["permit", "training", "intensity", "water", "reuse", "carbon"],
        "criterion_group": ["compliance", "management", "emission", "water", "water", "low_carbon"],
        "preference": [1, 1, -1, -1, 1, -1],
        "reference_lower": [0.0, 0.0, 2.0, 50.0, 0.0, 0.5],
        "reference_upper": [100.0, 40.0, 10.0, 150.0, 0.6, 2.5],
        "document": "example",
    }
)
NAMES = INDICATORS["criterion"].to_list()
VALUES = pd.DataFrame(
    [
        [100.0, 40.0, 2.0, 50.0, 0.6, 0.5],
        [90.0, 30.0, 4.0, 80.0, 0.3, 1.0],
        [80.0, 30.0, 5.0, 90.0, 0.4, 1.5],
        [20.0, 0.0, 12.0, 200.0, 0.0, 3.0],
    ],
    ["E1", "E2", "E3", "E4"],
    NAMES,
)
WEIGHTS = tiers.category_weights(INDICATORS)


def test_scores_by_hand() -> None:
    found = tiers.rate(INDICATORS, VALUES, WEIGHTS)
    # E2: 25·0.9 + 20·0.75 + 25·0.75 + 10·0.7 + 10·0.5 + 10·0.75
    assert found.loc["E2", "tier_score"] == pytest.approx(22.5 + 15 + 18.75 + 7 + 5 + 7.5)
    # E3: 25·0.8 + 20·0.75 + 25·0.625 + 10·0.6 + 10·2/3 + 10·0.5
    assert found.loc["E3", "tier_score"] == pytest.approx(20 + 15 + 15.625 + 6 + 20 / 3 + 5)
    assert found["tier_score"].iloc[[0, 3]].to_list() == pytest.approx([100.0, 5.0])
    assert found["tier"].to_list() == ["A", "B", "C", "D"]
    categories = ["compliance", "management", "emission", "water", "low_carbon"]
    assert found.loc["E2", categories].to_list() == pytest.approx([22.5, 15, 18.75, 12, 7.5])
    np.testing.assert_allclose(found[categories].sum(axis=1), found["tier_score"], rtol=1e-12)


def test_scores_against_scikit_criteria() -> None:
    """Its weighted sum of the same scores, with its own matrix, ranks and scores alike."""
    score = tiers.criterion_score(INDICATORS, VALUES)
    matrix = skcriteria.mkdm(
        score.to_numpy(), [max] * len(NAMES), weights=WEIGHTS.to_numpy(), alternatives=list("abcd")
    )
    ranked = WeightedSumModel().evaluate(matrix)
    found = tiers.rate(INDICATORS, VALUES, WEIGHTS)["tier_score"]
    np.testing.assert_allclose(100.0 * ranked.e_.score, found, rtol=1e-12)
    assert ranked.rank_.tolist() == found.rank(ascending=False).astype(int).to_list()


@pytest.mark.parametrize("make", [fairness.entropy_weights, "critic", "combined"])
def test_weights_of_other_methods(make: Any) -> None:
    directions = pd.Series(INDICATORS["preference"].to_numpy(), NAMES)
    weights = {
        "critic": lambda: fairness.critic_weights(VALUES, directions),
        "combined": lambda: fairness.combined_weights(WEIGHTS, fairness.entropy_weights(VALUES)),
    }.get(make, lambda: fairness.entropy_weights(VALUES))()
    found = tiers.rate(INDICATORS, VALUES, weights)
    assert found.loc["E1", "tier_score"] == pytest.approx(100.0)
    assert found["tier_score"].is_monotonic_decreasing


def test_category_weights() -> None:
    assert WEIGHTS.to_dict() == pytest.approx(
        {"permit": 0.25, "training": 0.2, "intensity": 0.25, "water": 0.1, "reuse": 0.1,
         "carbon": 0.1}
    )  # fmt: skip
    inner = INDICATORS.assign(criterion_weight=[1.0, 1.0, 1.0, 3.0, 1.0, 1.0])
    assert tiers.category_weights(inner)["water"] == pytest.approx(0.15)
    with pytest.raises(DataError, match="row reuse, criterion_weight: is empty"):
        tiers.category_weights(INDICATORS.assign(criterion_weight=[1, 1, 1, 3, np.nan, 1]))
    social = INDICATORS.replace({"criterion_group": {"low_carbon": "economic_social"}})
    with pytest.raises(
        DataError, match="row carbon, criterion_group: economic_social has no weight"
    ):
        tiers.category_weights(social)
    six = dict(tiers.CATEGORY_WEIGHTS) | {"economic_social": 10.0}
    six.pop("low_carbon")
    assert tiers.category_weights(social, six)["carbon"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("score", "tier"), list(zip([100, 85, 84.999, 70, 69.9, 60, 59.9, 0], "AABBCCDD", strict=True))
)
def test_thresholds(score: float, tier: str) -> None:
    assert tiers.tier_of(pd.Series({"E": score})).item() == tier


def test_a_score_at_the_threshold_does_not_fall_by_round_off() -> None:
    assert tiers.tier_of(pd.Series({"E": 85.0 - 1e-12})).item() == "A"


def test_vetoes() -> None:
    vetoes = pd.DataFrame(
        {"enterprise": ["E1", "E1", "E2", "E4"],
         "veto": ["illegal_discharge", "falsified_data", "illegal_discharge", "own rule"],
         "tier": ["", "", "", "B"]}
    )  # fmt: skip
    found = tiers.rate(INDICATORS, VALUES, WEIGHTS, vetoes)
    assert found["tier"].to_list() == ["D", "C", "C", "D"]
    assert found["tier_by_score"].to_list() == ["A", "B", "C", "D"]
    assert found["veto"].to_list() == [
        "falsified_data, illegal_discharge", "illegal_discharge", "", "own rule",
    ]  # fmt: skip
    with pytest.raises(DataError, match="veto: odd leaves no known tier"):
        tiers.rate(
            INDICATORS, VALUES, WEIGHTS, pd.DataFrame({"enterprise": ["E1"], "veto": ["odd"]})
        )
    with pytest.raises(DataError, match="enterprise: X is not rated"):
        stranger = pd.DataFrame({"enterprise": ["X"], "veto": ["falsified_data"]})
        tiers.rate(INDICATORS, VALUES, WEIGHTS, stranger)


def test_rules_for_what_is_missing() -> None:
    gaps = VALUES.copy()
    gaps.loc["E2", ["permit", "reuse"]] = np.nan
    with pytest.raises(DataError) as caught:
        tiers.rate(INDICATORS, gaps, WEIGHTS)
    assert [f.column for f in caught.value.faults] == ["permit", "reuse"]
    worst = tiers.rate(INDICATORS, gaps, WEIGHTS, missing=tiers.missing_worst)
    assert worst.loc["E2", "tier_score"] == pytest.approx(15 + 18.75 + 7 + 7.5)
    assert worst["missing_criteria"].to_list() == ["", "permit, reuse", "", ""]
    mean = tiers.rate(INDICATORS, gaps, WEIGHTS, missing=tiers.missing_mean)
    # the same as leaving both out: 65 of 100 points are left
    assert mean.loc["E2", "tier_score"] == pytest.approx((15 + 18.75 + 7 + 7.5) / 0.65)
    others = mean.drop(index="E2")["tier_score"]
    np.testing.assert_array_equal(
        others, tiers.rate(INDICATORS, VALUES, WEIGHTS)["tier_score"].drop("E2")
    )
    gaps.loc["E2"] = np.nan
    with pytest.raises(DataError, match="row E2, value: has no criterion with weight"):
        tiers.rate(INDICATORS, gaps, WEIGHTS, missing=tiers.missing_mean)


WRONG = {
    "upside down": ({"reference_lower": 1e3}, "reference_upper: 100 is not above reference_lower"),
    "no direction": ({"preference": 0.5}, "preference: 0.5 is no direction"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_wrong_scales(name: str) -> None:
    changed, message = WRONG[name]
    with pytest.raises(DataError, match=message):
        tiers.rate(INDICATORS.assign(**changed), VALUES, WEIGHTS)


def test_wrong_values_and_labels() -> None:
    with pytest.raises(DataError, match="row E3, water: inf is no finite number"):
        tiers.rate(INDICATORS, VALUES.replace({"water": {90.0: np.inf}}), WEIGHTS)
    with pytest.raises(DataError, match="row E1, water: wet is no finite number"):
        tiers.rate(
            INDICATORS, VALUES.astype({"water": object}).replace({"water": {50.0: "wet"}}), WEIGHTS
        )
    with pytest.raises(DataError, match="criteria, carbon: has no partner"):
        tiers.rate(INDICATORS, VALUES.drop(columns="carbon"), WEIGHTS)
    with pytest.raises(DataError, match="is there twice"):
        tiers.rate(INDICATORS, pd.concat([VALUES, VALUES.iloc[:1]]), WEIGHTS)
    with pytest.raises(DataError, match="weights are all 0"):
        tiers.rate(INDICATORS, VALUES, 0.0 * WEIGHTS)
    with pytest.raises(DataError, match=r"row permit, weight: -0\.25 is out of range"):
        tiers.rate(INDICATORS, VALUES, -WEIGHTS)
    with pytest.raises(DataError, match="A > B > C, all three"):
        tiers.rate(INDICATORS, VALUES, WEIGHTS, thresholds={"A": 60, "B": 70, "C": 85})


# Properties

parts = st.lists(st.floats(-0.2, 1.2), min_size=6, max_size=6)
LOWER, UPPER = INDICATORS["reference_lower"].to_numpy(), INDICATORS["reference_upper"].to_numpy()


def values(rows: list[list[float]]) -> pd.DataFrame:
    table = LOWER + np.array(rows) * (UPPER - LOWER)
    return pd.DataFrame(table, [f"E{i}" for i in range(len(rows))], NAMES)


@settings(max_examples=60, deadline=None)
@given(parts, st.integers(0, 5), st.floats(0.0, 2.0))
def test_a_better_indicator_never_lowers_the_tier(row: list[float], k: int, step: float) -> None:
    better = list(row)
    better[k] += step * float(INDICATORS["preference"].iloc[k])
    found = tiers.rate(INDICATORS, values([row, better]), WEIGHTS)
    assert found["tier_score"].iloc[1] >= found["tier_score"].iloc[0] - 1e-9
    assert found["tier"].iloc[1] <= found["tier"].iloc[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(parts, min_size=2, max_size=5), parts)
def test_an_enterprise_that_joins_moves_no_other(
    rows: list[list[float]], late: list[float]
) -> None:
    before = tiers.rate(INDICATORS, values(rows), WEIGHTS)
    after = tiers.rate(INDICATORS, values([*rows, late]), WEIGHTS)
    np.testing.assert_array_equal(after["tier"].iloc[: len(rows)], before["tier"])
    np.testing.assert_allclose(
        after["tier_score"].iloc[: len(rows)], before["tier_score"], atol=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(parts, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_permutation(rows: list[list[float]], random: Any) -> None:
    table, names = values(rows), list(NAMES)
    random.shuffle(names)
    again = tiers.rate(
        INDICATORS.sample(frac=1.0, random_state=1), table[names].iloc[::-1], WEIGHTS[names]
    )
    whole = tiers.rate(INDICATORS, table, WEIGHTS)
    np.testing.assert_allclose(again["tier_score"].iloc[::-1], whole["tier_score"], atol=1e-9)
    assert again["tier"].iloc[::-1].to_list() == whole["tier"].to_list()


# Stability


def test_plausible_weights_have_the_moments_of_the_dirichlet() -> None:
    weights = pd.Series({"a": 6.0, "b": 3.0, "c": 1.0, "d": 0.0})
    drawn = tiers.plausible_weights(weights, closeness=50.0, count=40000, seed=1)
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(drawn.mean(), [0.6, 0.3, 0.1, 0.0], atol=2e-3)
    right = np.sqrt(np.array([0.24, 0.21, 0.09, 0.0]) / 51.0)
    np.testing.assert_allclose(drawn.std(), right, rtol=0.02, atol=1e-12)
    pd.testing.assert_frame_equal(
        drawn, tiers.plausible_weights(weights, closeness=50.0, count=40000, seed=1)
    )
    with pytest.raises(DataError, match=r"closeness: 0\.0 is out of range"):
        tiers.plausible_weights(weights, closeness=0.0)


def test_plausible_weights_do_not_depend_on_the_order_of_criteria() -> None:
    weights = pd.Series({"b": 3.0, "a": 1.0, "c": 0.0, "d": 2.0})
    drawn = tiers.plausible_weights(weights, count=20)
    again = tiers.plausible_weights(weights[["d", "c", "a", "b"]], count=20)
    assert drawn.columns.to_list() == ["b", "a", "c", "d"]
    pd.testing.assert_frame_equal(again[drawn.columns], drawn)
    assert (drawn["c"] == 0.0).all()
    assert not tiers.plausible_weights(weights, count=20, seed=1).equals(drawn)


def test_stability_against_a_loop_over_ratings() -> None:
    score = tiers.criterion_score(INDICATORS, VALUES)
    drawn = tiers.plausible_weights(WEIGHTS, closeness=30.0, count=60, seed=2)
    vetoes = pd.DataFrame({"enterprise": ["E1"], "veto": ["illegal_discharge"]})
    found = tiers.stability(score, WEIGHTS, drawn, vetoes)
    base = tiers.rate(INDICATORS, VALUES, WEIGHTS, vetoes)
    again = [tiers.rate(INDICATORS, VALUES, w, vetoes)["tier"] for _, w in drawn.iterrows()]
    for name in VALUES.index:
        own = [rating[name] for rating in again]
        assert found.loc[name, "tier"] == base.loc[name, "tier"]
        assert found.loc[name, "kept_share"] == own.count(base.loc[name, "tier"]) / 60
        assert (found.loc[name, "best_tier"], found.loc[name, "worst_tier"]) == (min(own), max(own))
    assert 0.0 < found.loc["E3", "kept_share"] < 1.0
    assert found.loc["E1", ["tier", "kept_share"]].to_list() == ["C", 1.0]
    assert found.loc["E2", "to_better"] == pytest.approx(85.0 - 75.75)
    assert found.loc["E2", "to_worse"] == pytest.approx(5.75)
    assert np.isnan(found.loc["E1", "to_better"]) and np.isnan(found.loc["E4", "to_worse"])


def test_stability_refuses_gaps_and_other_criteria() -> None:
    score = tiers.criterion_score(INDICATORS, VALUES)
    drawn = tiers.plausible_weights(WEIGHTS, count=3)
    with pytest.raises(DataError, match="criterion_score has gaps"):
        tiers.stability(score.where(score > 0.7), WEIGHTS, drawn)
    with pytest.raises(DataError, match="plausible has other criteria"):
        tiers.stability(score, WEIGHTS, drawn.drop(columns="water"))
