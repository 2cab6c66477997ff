"""Rules of division: what characterises each, and what must not change it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from permitload import fairness, sharing
from permitload.errors import DataError, InfeasibleError
from permitload.fairness import divide
from tests.test_sharing import fillings, slow_leximin

RULES = {
    "proportional": sharing.fill,
    "awards": fairness.equal_awards,
    "losses": fairness.equal_losses,
    "talmud": fairness.talmud,
}
DUAL = {"proportional": "proportional", "awards": "losses", "losses": "awards", "talmud": "talmud"}
every_rule = pytest.mark.parametrize("name", RULES)


@st.composite
def estates(draw: st.DrawFn) -> tuple[float, Any]:
    """Total and claims, with ties, zeros, and totals of nothing, of all and beyond."""
    n = draw(st.integers(1, 7))
    claim = st.one_of(st.sampled_from([0.0, 1.0, 1.0, 3.0]), st.floats(1e-3, 1e4))
    claims = np.array([draw(claim) for _ in range(n)])
    part = draw(st.one_of(st.sampled_from([0.0, 0.5, 1.0, 1.3]), st.floats(1e-12, 1.2)))
    return float(part * claims.sum()), claims


def whole(claims: Any, total: float) -> float:
    """Size beside which a difference is round-off."""
    return float(1e-10 * max(claims.max(initial=0.0), total, 1e-3))


@every_rule
@given(drawn=estates())
@settings(max_examples=60, deadline=None)
def test_total_is_given_out_or_left_over(name: str, drawn: tuple[float, Any]) -> None:
    total, claims = drawn
    share = divide(total, claims, RULES[name])
    # A loss is taken off a claim: its round-off is that of the claims, however small the total.
    off = 1e-15 * len(claims) * claims.sum()
    assert share.sum() == pytest.approx(min(total, claims.sum()), rel=1e-12, abs=off)
    assert (share >= 0).all() and (share <= claims).all()
    assert (share[claims == 0] == 0).all()


@every_rule
@given(drawn=estates(), random=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_labels_and_units_do_not_matter(
    name: str, drawn: tuple[float, Any], random: Any
) -> None:
    total, claims = drawn
    series = pd.Series(claims, [f"E{k}" for k in range(len(claims))])
    share = divide(total, series, RULES[name])
    turned = list(series.index)
    random.shuffle(turned)
    moved = divide(total, series[turned], RULES[name])
    assert list(moved.index) == turned
    pd.testing.assert_series_equal(moved[series.index], share, check_exact=True)
    grams = divide(total * 1024, claims * 1024, RULES[name])
    np.testing.assert_allclose(grams, share * 1024, rtol=1e-12)


@every_rule
@given(drawn=estates(), more=st.floats(0.0, 1e3), who=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_nobody_loses_by_more_to_share_or_a_greater_claim(
    name: str, drawn: tuple[float, Any], more: float, who: int
) -> None:
    total, claims = drawn
    share = divide(total, claims, RULES[name])
    error = whole(claims + more, total + more)
    assert (divide(total + more, claims, RULES[name]) >= share - error).all()
    raised = claims.copy()
    k = who % len(claims)
    raised[k] += more
    assert divide(total, raised, RULES[name])[k] >= share[k] - error


@every_rule
@given(drawn=estates(), who=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_consistent_when_one_leaves_with_his_share(
    name: str, drawn: tuple[float, Any], who: int
) -> None:
    total, claims = drawn
    share = divide(total, claims, RULES[name])
    k = who % len(claims)
    if len(claims) == 1:
        assert share[0] == pytest.approx(min(total, claims[0]), rel=1e-12)
        return
    rest = np.delete(np.arange(len(claims)), k)
    again = divide(share[rest].sum(), claims[rest], RULES[name])
    np.testing.assert_allclose(again, share[rest], rtol=1e-9, atol=whole(claims, total))


@every_rule
@given(drawn=estates())
@settings(max_examples=60, deadline=None)
def test_gains_by_one_rule_are_losses_by_its_dual(name: str, drawn: tuple[float, Any]) -> None:
    total, claims = drawn
    total = min(total, claims.sum())
    share = divide(total, claims, RULES[name])
    owed = divide(claims.sum() - total, claims, RULES[DUAL[name]])
    np.testing.assert_allclose(claims - share, owed, rtol=1e-9, atol=whole(claims, total))


@every_rule
@given(drawn=estates())
@settings(max_examples=60, deadline=None)
def test_greater_claims_get_more_and_lose_more(name: str, drawn: tuple[float, Any]) -> None:
    total, claims = drawn
    order = np.argsort(claims)
    share, error = divide(total, claims, RULES[name])[order], whole(claims, total)
    assert (np.diff(share) >= -error).all()
    assert (np.diff(claims[order] - share) >= -error).all()


@given(estates())
@settings(max_examples=100, deadline=None)
def test_awards_and_losses_by_bisection(drawn: tuple[float, Any]) -> None:
    total, claims = drawn
    total = min(total, claims.sum())
    top = claims.max() + 1.0
    awards, losses = (
        optimize.brentq(lambda level, f=f: f(level).sum() - total, 0.0, top, xtol=1e-13)
        for f in (lambda x: np.minimum(x, claims), lambda x: np.maximum(claims - x, 0.0))
    )
    near: Any = {"rtol": 1e-9, "atol": whole(claims, total)}
    share = divide(total, claims, fairness.equal_awards)
    np.testing.assert_allclose(share, np.minimum(awards, claims), **near)
    share = divide(total, claims, fairness.equal_losses)
    np.testing.assert_allclose(share, np.maximum(claims - losses, 0.0), **near)


@given(estates())
@settings(max_examples=100, deadline=None)
def test_talmud_divides_every_pair_as_the_contested_garment(drawn: tuple[float, Any]) -> None:
    # Aumann and Maschler: the one rule by which any two share what they have together as if
    # each first conceded what he does not claim. Nothing of this is in the code.
    total, claims = drawn
    share = divide(min(total, claims.sum()), claims, fairness.talmud)
    for i in range(len(claims)):
        for j in range(i):
            both = share[i] + share[j]
            by_i, by_j = max(both - claims[i], 0.0), max(both - claims[j], 0.0)
            right = by_j + (both - by_i - by_j) / 2
            assert share[i] == pytest.approx(right, rel=1e-9, abs=whole(claims, total))


def test_equal_claims_share_equally() -> None:
    for rule in RULES.values():
        assert divide(10.0, [7.0] * 4, rule).tolist() == pytest.approx([2.5] * 4, rel=1e-14)
        assert divide(10.0, [0.0] * 4, rule).tolist() == [0.0] * 4


def test_size_of_the_claims_does_not_drown_a_step() -> None:
    claims, right = np.array([100.0, 200.0, 300.0]), np.array([0.0, 50.0, 150.0])
    for scale in (1e-12, 1.0, 1e18):
        share = divide(200.0 * scale, claims * scale, fairness.equal_losses)
        np.testing.assert_allclose(share, right * scale, rtol=1e-12)


@given(fillings())
@settings(max_examples=80, deadline=None)
def test_awards_and_losses_are_leximin_under_many_rows(
    drawn: tuple[Any, Any, Any, dict[str, Any]],
) -> None:
    claim, matrix, limit, bounds = drawn
    lower = np.minimum(bounds["lower"], claim)
    limit = np.maximum(limit, matrix @ lower)
    one, still = np.ones(len(claim)), {"lower": lower, "upper": claim}
    awards = fairness.equal_awards(claim, (matrix, limit), lower=lower)
    right = slow_leximin(one, matrix, limit, still | {"origin": 0 * claim})
    np.testing.assert_allclose(awards.share, right, atol=1e-6)
    losses = fairness.equal_losses(claim, (matrix, limit), lower=lower)
    right = slow_leximin(claim + one, matrix, limit, still | {"origin": claim})
    np.testing.assert_allclose(losses.share, right, atol=1e-6)
    both = fairness.talmud(claim, (matrix, limit), lower=lower)
    for found in (awards, losses, both):
        assert (matrix @ found.share <= limit + 1e-9 * np.maximum(limit, 1)).all()
        assert (found.share >= lower).all() and (found.share <= claim).all()
        satisfied = claim > 0
        np.testing.assert_allclose(
            found.level[satisfied], (found.share / np.where(satisfied, claim, 1))[satisfied]
        )
        # The reason holds: the row named is full and touches the source.
        full = matrix @ found.share >= limit - 1e-9 * np.maximum(limit, 1)
        for k, reason in enumerate(found.stopped_by):
            if reason == "ceiling":
                assert found.share[k] == claim[k]
            elif reason not in ("floor", "fixed"):
                assert full[reason] and matrix[reason, k] > 0


def test_talmud_beyond_one_row_keeps_who_is_stopped_below_the_half() -> None:
    # By hand: the first two stop at 4 of 10 in S1 (half is 5); the third goes on by losses.
    claim = pd.Series({"A": 10.0, "B": 10.0, "C": 10.0})
    rows = sharing.Rows(
        pd.DataFrame([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], ["S1", "S2"], list("ABC")),
        pd.Series({"S1": 8.0, "S2": 17.0}),
    )
    found = fairness.talmud(claim, rows)
    assert found.share.to_dict() == pytest.approx({"A": 4.0, "B": 4.0, "C": 9.0}, rel=1e-14)
    assert found.stopped_by.to_dict() == {"A": "S1", "B": "S1", "C": "S2"}
    assert found.level.to_dict() == pytest.approx({"A": 0.4, "B": 0.4, "C": 0.9}, rel=1e-14)


@pytest.mark.parametrize("rule", [fairness.equal_awards, fairness.equal_losses, fairness.talmud])
def test_who_is_stopped_by_what(rule: Any) -> None:
    # A has its claim, B its ceiling, C a floor above its claim, D the row.
    found = rule(
        [2.0, 50.0, 1.0, 60.0],
        ([[0.0, 0.0, 0.0, 1.0]], [9.0]),
        lower=[0.0, 0.0, 3.0, 0.0],
        upper=[40.0, 5.0, 9.0, np.inf],
    )
    assert found.share.tolist() == [2.0, 5.0, 3.0, 9.0]
    assert found.stopped_by.tolist() == ["target", "ceiling", "floor", 0]
    assert found.level.tolist() == pytest.approx([1.0, 0.1, 3.0, 0.15])


@pytest.mark.parametrize("name", ["awards", "losses", "talmud"])
@pytest.mark.parametrize(
    ("claim", "bounds", "words"),
    [
        ([1.0, -2.0], {}, "claims, row 1, target: -2.0 is out of range; right would be a finite"),
        ([1.0, np.nan], {}, "1, target: nan is not a number"),
        ([1.0, np.inf], {}, "1, target: inf is out of range"),
        ([1.0, 1.0], {"lower": [0.0, -1.0]}, "1, lower: -1.0 is out of range"),
        ([1.0, 1.0], {"lower": 0.5, "upper": 0.2}, "0, upper: 0.2 is out of range.*floor 0.5"),
        ([1.0, 1.0, 1.0], {}, "shape"),
    ],
)
def test_claims_that_are_none_are_named(name: str, claim: Any, bounds: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        RULES[name](claim, ([[1.0, 1.0]], [1.0]), **bounds)


@every_rule
def test_divisions_that_are_none_are_refused(name: str) -> None:
    for total in (-1.0, np.nan, np.inf):
        with pytest.raises(DataError, match=f"total is {total} for 2 claims"):
            divide(total, [1.0, 1.0], RULES[name])
    with pytest.raises(DataError, match="for 0 claims"):
        divide(1.0, [], RULES[name])
    with pytest.raises(InfeasibleError, match="floors do not fit into the rows: total by 1"):
        divide(1.0, [3.0, 3.0], RULES[name], lower=1.0)


def test_labels_of_bounds_are_matched() -> None:
    claim = pd.Series({"A": 10.0, "B": 20.0})
    floor = pd.Series({"B": 1.0, "A": 4.0})
    share = divide(8.0, claim, fairness.equal_awards, lower=floor)
    assert share.to_dict() == {"A": 4.0, "B": 4.0}
    share = divide(6.0, claim, fairness.equal_losses, lower=floor)
    assert share.to_dict() == {"A": 4.0, "B": 2.0}
    with pytest.raises(DataError, match="C, lower: has no partner"):
        divide(8.0, claim, fairness.talmud, lower=pd.Series({"A": 0.0, "C": 0.0}))
