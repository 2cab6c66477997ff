"""Bargaining and alpha: best by their own measure; the greatest total and the least Gini."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from permitload import allocation, fairness, sharing, study
from permitload.errors import DataError, InfeasibleError
from tests.samples import copied


@st.composite
def parks(draw: st.DrawFn) -> tuple[Any, Any, Any, Any, Any]:
    """Weights, rows of which every source touches one, limits, floors and ceilings."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    weight = np.array([draw(st.floats(0.1, 9.0)) for _ in range(n)])
    few = st.sampled_from([0.0, 0.3, 1.0, 1.0, 2.0])
    matrix = np.array([[draw(few) for _ in range(n)] for _ in range(m)])
    matrix[0, matrix.sum(axis=0) == 0] = 1.0
    lower = np.array([draw(st.sampled_from([0.0, 0.0, 1.0, 4.0])) for _ in range(n)])
    upper = lower + [draw(st.sampled_from([0.5, 3.0, np.inf])) for _ in range(n)]
    limit = matrix @ lower + [draw(st.floats(0.5, 9.0)) for _ in range(m)]
    return weight, matrix, limit, lower, upper


def gain_left(slope: Any, share: Any, rows: tuple[Any, Any], bounds: tuple[Any, Any]) -> float:
    """Relative gain of the linearised measure that any other admissible point still promises.

    Of a concave measure a point is the best if and only if that is 0.
    """
    lower, upper = bounds
    box = [(low, None if np.isinf(high) else high) for low, high in zip(lower, upper, strict=True)]
    best = -optimize.linprog(-slope, rows[0], rows[1], bounds=box).fun
    return float((best - slope @ share) / abs(slope @ share))


@given(parks())
@settings(max_examples=80, deadline=None)
def test_bargaining_is_best_by_its_own_measure(drawn: tuple[Any, ...]) -> None:
    weight, matrix, limit, lower, upper = drawn
    found = fairness.nash(weight, (matrix, limit), lower=lower, upper=upper)
    assert (matrix @ found.share <= limit * (1 + 1e-9)).all()
    assert (found.share > lower).all() and (found.share <= upper).all()
    left = gain_left(weight / (found.share - lower), found.share, (matrix, limit), (lower, upper))
    assert left == pytest.approx(0, abs=1e-7)
    # Units, and weights that all double, change nothing; labels go with their numbers.
    again = fairness.nash(
        weight * 1e-9, (matrix, limit * 1024), lower=lower * 1024, upper=upper * 1024
    )
    np.testing.assert_allclose(again.share, found.share * 1024, rtol=1e-8)
    names = [f"E{k}" for k in range(len(weight))]
    claim = pd.Series(weight, names)[::-1]
    frame = pd.DataFrame(matrix, columns=names)
    labelled = fairness.nash(
        claim, (frame, limit), lower=pd.Series(lower, names), upper=pd.Series(upper, names)
    )
    np.testing.assert_allclose(labelled.share[names], found.share, rtol=1e-9)
    assert list(labelled.share.index) == names[::-1]


@given(parks(), st.sampled_from([0.5, 1.0, 2.0, 4.0]))
@settings(max_examples=80, deadline=None)
def test_alpha_is_best_by_its_own_measure(drawn: tuple[Any, ...], alpha: float) -> None:
    target, matrix, limit, lower, upper = drawn
    found = fairness.alpha_rule(alpha)(target, (matrix, limit), lower=lower, upper=upper)
    slope = (found.share / target) ** -alpha
    assert gain_left(slope, found.share, (matrix, limit), (lower, upper)) < 1e-7


@given(parks())
@settings(max_examples=60, deadline=None)
def test_greatest_total_is_that_and_canonical(drawn: tuple[Any, ...]) -> None:
    target, matrix, limit, lower, upper = drawn
    found = fairness.greatest_total(target, (matrix, limit), lower=lower, upper=upper)
    assert (matrix @ found.share <= limit * (1 + 1e-9)).all()
    assert (found.share >= lower).all() and (found.share <= upper).all()
    one = np.ones(len(target))
    left = gain_left(one, found.share, (matrix, limit), (lower, upper))
    assert left == pytest.approx(0, abs=1e-9)
    turned = slice(None, None, -1)
    other = fairness.greatest_total(
        target[turned], (matrix[turned, turned], limit[turned]),
        lower=lower[turned], upper=upper[turned],
    )  # fmt: skip
    np.testing.assert_allclose(other.share[turned], found.share, rtol=1e-7, atol=1e-9)
    full = matrix @ found.share >= limit * (1 - 1e-9)
    for k, reason in enumerate(found.stopped_by):
        if reason == "ceiling":
            assert found.share[k] == upper[k]
        elif reason == "floor":
            assert found.share[k] == lower[k]
        else:
            assert full[reason] and matrix[reason, k] > 0


def test_greatest_total_takes_the_fairest_of_many() -> None:
    share = fairness.greatest_total([9.0, 9.0, 9.0], ([[1.0, 1.0, 1.0]], [9.0])).share
    assert share.tolist() == pytest.approx([3.0, 3.0, 3.0], rel=1e-12)
    still = fairness.greatest_total([9.0, 0.0], ([[1.0, 1.0]], [5.0]), upper=[9.0, 9.0])
    assert still.share.tolist() == [5.0, 0.0] and still.stopped_by.tolist() == [0, "fixed"]


@pytest.mark.parametrize("alpha", [-1.0, np.nan, 0.01, 50.0])
def test_alphas_out_of_reach_are_refused(alpha: float) -> None:
    with pytest.raises(DataError, match="alpha is"):
        fairness.alpha_rule(alpha)


def test_bargaining_that_cannot_be_is_refused() -> None:
    rows = sharing.Rows(np.array([[1.0, 1.0], [0.0, 1.0]]), pd.Series({"S1": 9.0, "S2": 2.0}))
    with pytest.raises(
        InfeasibleError, match="no gain at S2 for 1, whose row the floors"
    ) as caught:
        fairness.nash([1.0, 1.0], rows, lower=[0.0, 2.5])
    assert caught.value.relaxation["missing"].to_dict() == {"S2": 0.5}
    with pytest.raises(DataError, match=r"1, target: -1\.0 is out of range"):
        fairness.nash([1.0, -1.0], rows)
    with pytest.raises(DataError, match="a coefficient is negative"):
        fairness.nash([1.0, 1.0], ([[1.0, -1.0]], [5.0]))
    # Who has no weight, or cannot gain, keeps his guarantee.
    found = fairness.nash([1.0, 0.0], ([[1.0, 1.0]], [9.0]), lower=[0.0, 4.0])
    assert found.share.tolist() == pytest.approx([5.0, 4.0], rel=1e-12)
    found = fairness.nash([1.0, 1.0], ([[1.0, 1.0]], [9.0]), lower=[0.0, 4.0], upper=[9.0, 4.0])
    assert found.share.tolist() == pytest.approx([5.0, 4.0], rel=1e-12)


def test_bargaining_of_the_sample_says_where_nothing_is_left(tmp_path: Path) -> None:
    done = study.solve(copied(tmp_path / "wujin")).datasets
    sources, response, room = done["sources"], done["response"], done["limits"]["headroom"]
    empty = []
    for pollutant in sources.pollutant.values:
        one = {"pollutant": [pollutant]}
        given_ = response.sel(one), room.sel(indicator=[pollutant]), sources.sel(one)
        shut = given_[1] <= 0
        try:
            found = allocation.allocate(*given_, compose=fairness.nash).permitted_load
        except InfeasibleError as error:
            empty.append(str(pollutant))
            place = error.relaxation.index[0]
            first = room.period.values[shut.any("section").values[0]][0]
            assert str(error).startswith(f"{pollutant}, {first}: the bargaining set is empty")
            assert f"no gain at {place} for E" in str(error) and "0 mg/L" not in str(error)
        else:
            own = given_[2]
            gains = (own.source_load > 0) & (own.ceiling > own.floor)
            assert not shut.any() and ((found > own.floor) | ~gains).all() and gains.any()
    assert empty == ["TP"]


def weighted_gini(share: Any, claims: pd.DataFrame, weight: Any) -> Any:
    """Weighted sum of Gini coefficients by pairs, of one split or of many (column each)."""
    x = np.asarray(share, float).reshape(len(claims), -1)
    x = x / x.sum(axis=0)
    found = np.zeros(x.shape[1])
    for w, name in zip(weight, claims, strict=True):
        m = claims[name].to_numpy() / claims[name].sum()
        cross = x[:, None, :] * m[None, :, None]
        found += w * 0.5 * np.abs(cross - cross.transpose(1, 0, 2)).sum(axis=(0, 1))
    return found


def test_least_gini_by_enumeration() -> None:
    # Ratios cross: no fixed order of the ratios gives this optimum.
    claims = pd.DataFrame({"people": [50.0, 30.0, 20.0], "area": [10.0, 30.0, 60.0]}, list("ABC"))
    weight, row, limit = [0.6, 0.4], np.array([[1.0, 0.2, 0.5]]), 4.4
    share = fairness.least_gini(
        10.0, claims, (row, [limit]), weight=weight, lower=[0.0, 1.0, 0.0], upper=[9.0, 9.0, 4.5]
    )
    assert share.sum() == pytest.approx(10.0, rel=1e-12)
    assert (row @ share.to_numpy() <= limit * (1 + 1e-9)).all()
    step = np.arange(0, 201) / 20.0
    first, second = (side.ravel() for side in np.meshgrid(step, step))
    points = np.stack([first, second, 10.0 - first - second])
    fits = (points[2] >= 0) & (points[1] >= 1) & (points[0] <= 9) & (points[2] <= 4.5)
    fits &= (points[1] <= 9) & (row @ points <= limit + 1e-12)[0]
    best = weighted_gini(points[:, fits], claims, weight)
    found = weighted_gini(share, claims, weight).item()
    # The Gini sum is convex with slopes below 1/10 per unit, the grid 0.05 fine.
    assert found <= best.min() + 1e-12 and best.min() - found < 0.01


@given(parks(), st.data())
@settings(max_examples=40, deadline=None)
def test_least_gini_is_least_and_its_own(drawn: tuple[Any, ...], data: st.DataObject) -> None:
    weight, matrix, limit, lower, upper = drawn
    names = [f"E{k}" for k in range(len(weight))]
    measure = st.lists(st.integers(0, 5), min_size=len(weight), max_size=len(weight))
    claims = pd.DataFrame({"a": weight, "b": data.draw(measure)}, names)
    claims["b"] += claims["b"].sum() == 0
    high = np.minimum(upper, lower + 9.0)
    filled = sharing.fill(weight, (matrix, limit), lower=lower, upper=high).share
    total = float(filled.sum())
    bounds: Any = {"weight": [0.7, 0.3], "lower": lower, "upper": high}
    share = fairness.least_gini(total, claims, (matrix, limit), **bounds)
    assert share.sum() == pytest.approx(total, rel=1e-9)
    assert (matrix @ share.to_numpy() <= limit * (1 + 1e-8)).all()
    # Filling gives out the same total: it cannot have less.
    mine, other = (weighted_gini(x, claims, [0.7, 0.3]).item() for x in (share, filled))
    assert mine <= other + 1e-9
    turned = claims.iloc[::-1]
    backwards = {k: v[::-1] if k != "weight" else v for k, v in bounds.items()}
    moved = fairness.least_gini(total, turned, (matrix[:, ::-1], limit), **backwards)
    np.testing.assert_allclose(moved[names], share, rtol=1e-6, atol=1e-7 * total)


def test_least_gini_without_rows_is_proportion() -> None:
    claims = pd.DataFrame({"people": [30.0, 10.0, 0.0]}, ["A", "B", "C"])
    share = fairness.least_gini(8.0, claims, (np.zeros((0, 3)), []))
    np.testing.assert_allclose(share, [6.0, 2.0, 0.0], atol=1e-9)
    alone = fairness.least_gini(8.0, claims.iloc[:1], ([[1.0]], [9.0]))
    assert alone.tolist() == pytest.approx([8.0], rel=1e-12)


def test_least_gini_refuses() -> None:
    claims = pd.DataFrame({"people": [1.0, -1.0], "area": [0.0, 0.0]}, ["A", "B"])
    rows = ([[1.0, 1.0]], [5.0])
    with pytest.raises(DataError, match=r"B, people: -1.0(.|\n)*area: adds up to 0"):
        fairness.least_gini(5.0, claims, rows)
    sound = claims.abs()[["people"]]
    with pytest.raises(DataError, match="total is 0"):
        fairness.least_gini(0.0, sound, rows)
    with pytest.raises(DataError, match="no claim has weight"):
        fairness.least_gini(5.0, sound, rows, weight=0.0)
    with pytest.raises(DataError, match=r"people, weight: -1\.0 is out of range"):
        fairness.least_gini(5.0, sound, rows, weight=-1.0)
    with pytest.raises(InfeasibleError):
        fairness.least_gini(6.0, sound, rows)


def test_alpha_index_is_an_inequality_of_means() -> None:
    random = np.random.default_rng(5)
    claim, level = random.uniform(1, 9, 6), random.uniform(0.1, 2, 6)
    labels = {"source": list("ABCDEF")}
    permits, claims = xr.DataArray(claim * level, labels), xr.DataArray(claim, labels)
    mean = np.average(level, weights=claim)
    right = {
        0.0: mean, 0.5: stats.pmean(level, 0.5, weights=claim),
        1.0: stats.gmean(level, weights=claim), 2.0: stats.hmean(level, weights=claim),
        4.0: stats.pmean(level, -3.0, weights=claim), np.inf: level.min(),
    }  # fmt: skip
    for alpha, equivalent in right.items():
        found = fairness.alpha_index(permits, claims, alpha)
        assert found.item() == pytest.approx(1 - equivalent / mean, abs=1e-12)
        assert fairness.alpha_index(claims, claims, alpha).item() == pytest.approx(0, abs=1e-12)
    none = permits.where(permits.source != "A", 0.0)
    assert fairness.alpha_index(none, claims, 1.0).item() == 1.0
    assert fairness.alpha_index(none, claims, 2.0).item() == 1.0
    some = np.where(np.arange(6) > 0, level, 0.0)
    half = (np.average(some**0.5, weights=claim)) ** 2 / np.average(some, weights=claim)
    assert fairness.alpha_index(none, claims, 0.5).item() == pytest.approx(1 - half, abs=1e-12)
    with pytest.raises(DataError, match="alpha is -1"):
        fairness.alpha_index(permits, claims, -1.0)
