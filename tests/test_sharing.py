"""Sharing: known splits, two ways to the same filling, and what must not change it."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from permitload.errors import DataError, InfeasibleError
from permitload.program import Program, leximin
from permitload.sharing import (
    Rows,
    capped_proportional,
    fill,
    proportion,
    proportional_level,
    section_rows,
)

CASES = Path(__file__).parent / "cases" / "allocation"


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf8"))
    return found


def test_capped_proportional_case() -> None:
    known = case("capped_proportional")
    total, near = known["inputs"]["C"], {"rtol": 0, "atol": known["tolerance"]}
    right = known["expected"]
    for problem, x, theta in zip(
        known["inputs"]["problems"], right["x"], right["theta"], strict=True
    ):
        given_ = (total, problem["w"], problem["L"], problem["U"])
        share = capped_proportional(*given_)
        np.testing.assert_allclose(share, x, **near)
        np.testing.assert_allclose(proportional_level(*given_), theta, **near)
    second = known["inputs"]["problems"][1]
    clipped = np.clip(100 * np.array(second["w"]) / 10, second["L"], second["U"])
    renormalised = 100 * clipped / clipped.sum()
    np.testing.assert_allclose(renormalised, [31.5789, 31.5789, 36.8421], atol=1e-4)
    share = capped_proportional(total, second["w"], second["L"], second["U"])
    assert np.abs(share - renormalised).max() > 1


def test_weights_of_zero_share_equally_and_say_so() -> None:
    with pytest.warns(UserWarning, match="equal parts"):
        share = capped_proportional(9.0, [0, 0, 0], [0, 4, 0], 10.0)
    np.testing.assert_allclose(share, [2.5, 4.0, 2.5], rtol=1e-12)
    with pytest.warns(UserWarning, match="equal parts"):
        assert proportional_level(9.0, [0, 0, 0], [0, 4, 0], 10.0) == 2.5
    # The weighted source is full: the others share what it cannot take.
    with pytest.warns(UserWarning, match="equal parts"):
        share = capped_proportional(10.0, [1, 0, 0], 0.0, [4, 9, 9])
    np.testing.assert_allclose(share, [4, 3, 3], rtol=1e-12)


@pytest.mark.parametrize(
    ("lower", "upper", "words"),
    [(4.0, 9.0, "more than the total 10, by 2"), (0.0, 3.0, "less than the total 10, by 1")],
)
def test_bounds_that_miss_the_total(lower: float, upper: float, words: str) -> None:
    with pytest.raises(InfeasibleError, match=words):
        capped_proportional(10.0, [1, 1, 1], lower, upper)


@pytest.mark.parametrize(
    ("weight", "lower", "words"),
    [
        ([1.0, -1.0], 0.0, "1, weight: -1.0 is out of range"),
        ([1.0, np.nan], 0.0, "1, weight: nan is not a number"),
        ([1.0, 1.0], [0.0, -2.0], "1, lower: -2.0 is out of range"),
        ([1.0, 1.0], [0.0, 99.0], "1, upper: 50.0 is out of range"),
        (
            pd.Series({"A": 1.0, "B": 2.0}),
            pd.Series({"A": 0.0, "C": 0.0}),
            "B, lower: has no partner",
        ),
    ],
)
def test_wrong_claims_are_named(weight: Any, lower: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        capped_proportional(10.0, weight, lower, 50.0)


@st.composite
def claims(draw: st.DrawFn) -> tuple[float, Any, Any, Any]:
    n = draw(st.integers(1, 8))
    number = st.floats(0.01, 100.0)
    weight, lower, extra = (np.array([draw(number) for _ in range(n)]) for _ in range(3))
    lower = lower * draw(st.sampled_from([0.0, 1.0]))
    upper = lower + extra
    part = draw(st.integers(0, 1000)) / 1000
    return lower.sum() + part * extra.sum(), weight, lower, upper


@given(claims(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_properties_of_a_capped_split(drawn: tuple[float, Any, Any, Any], random: Any) -> None:
    total, weight, lower, upper = drawn
    share = capped_proportional(total, weight, lower, upper)
    assert share.sum() == pytest.approx(total, rel=1e-12)
    assert (share >= lower).all() and (share <= upper).all()
    # Between the bounds, shares are in proportion: one ratio.
    ratio = (share / weight)[(share > lower * (1 + 1e-9)) & (share < upper * (1 - 1e-9))]
    assert np.ptp(ratio) <= 1e-9 * ratio.max() if len(ratio) else True
    again = capped_proportional(share.sum(), share, lower, upper)
    np.testing.assert_allclose(again, share, rtol=1e-9)
    order = list(range(len(weight)))
    random.shuffle(order)
    moved = capped_proportional(total, weight[order], lower[order], upper[order])
    np.testing.assert_allclose(moved, share[order], rtol=1e-13)
    tonnes = capped_proportional(total / 1e3, weight * 7.0, lower / 1e3, upper / 1e3)
    np.testing.assert_allclose(tonnes * 1e3, share, rtol=1e-12)
    less = capped_proportional(lower.sum() + (total - lower.sum()) / 2, weight, lower, upper)
    assert (less <= share * (1 + 1e-12)).all()
    # Capped proportional is what filling does with one row.
    if total < upper.sum():
        poured = fill(weight, (np.ones((1, len(weight))), [total]), lower=lower, upper=upper)
        np.testing.assert_allclose(poured.share, share, rtol=1e-9)


def test_a_total_is_hit_where_a_response_is_small_beside_what_is_full() -> None:
    response = np.array([1.0, 1.0, 2.0, 1.2494, 0.5, 1e-15])
    claim = np.array([1.0, 1.0, 3.0, 1.0, 1.917, 1.0])
    total = 0.96875 * float(response @ claim)
    ceiling = response * claim
    share = capped_proportional(total, response * ceiling, 0.0, ceiling)
    # Whoever answers most reaches the ceiling first; 0.5 is the last that the total stops.
    np.testing.assert_array_equal(share[:4], ceiling[:4])
    assert share[4] == pytest.approx(total - ceiling[:4].sum(), rel=1e-12)
    assert share[5] == pytest.approx(1e-30 * share[4] / (0.25 * 1.917), rel=1e-9)


# below 1e-250 the numbers themselves have fewer digits than the total is asked for
@given(st.integers(0, 1_000_000), st.just(0.0) | st.floats(1e-250, 1.0))
@settings(max_examples=200, deadline=None)
def test_a_total_is_hit_over_forty_orders_of_magnitude(seed: int, part: float) -> None:
    random = np.random.default_rng(seed)
    count = random.integers(1, 12)
    weight, upper = (10.0 ** random.uniform(-20, 20, count) for _ in range(2))
    lower = upper * random.choice([0.0, 1e-3], count)
    total = float(lower.sum() + part * (upper - lower).sum())
    share = capped_proportional(total, weight, lower, upper)
    assert abs(math.fsum(share) - total) <= 1e-15 * total
    level = proportional_level(total, weight, lower, upper)
    np.testing.assert_array_equal(share, np.minimum(np.maximum(level * weight, lower), upper))


def two_sections() -> tuple["pd.Series[float]", Rows, dict[str, Any]]:
    known = case("leximin_two_sections")
    names = ["E1", "E2", "E3", "E4", "E5"]
    demand = pd.Series(known["inputs"]["demand"], names)
    matrix = pd.DataFrame(known["inputs"]["response"], ["S1", "S2", "S3"], names)
    return demand, Rows(matrix, pd.Series(known["inputs"]["headroom"], matrix.index)), known


def test_leximin_case_in_both_ways() -> None:
    demand, rows, known = two_sections()
    right, near = known["expected"], {"rtol": 0, "atol": known["tolerance"]}
    found = fill(demand, rows)
    np.testing.assert_allclose(found.level, right["ratio"], **near)
    np.testing.assert_allclose(found.share, right["x"], **near)
    np.testing.assert_allclose(found.share.sum(), right["total"], **near)
    groups = found.level.groupby(found.level.round(9)).groups
    levels = [(level, sorted(names)) for level, names in sorted(groups.items())]
    for (level, names), (expected, members) in zip(levels, right["levels"], strict=True):
        np.testing.assert_allclose(level, expected, **near)
        assert names == members
    assert found.stopped_by.to_dict() == {
        "E1": "S1", "E2": "S1", "E3": "S2", "E4": "S2", "E5": "ceiling",
    }  # fmt: skip
    program = Program().columns(demand.index, 0.0, demand)
    program = program.at_most(rows.coefficient.index, rows.coefficient, rows.limit)
    other = leximin(program, 0 * demand, demand)
    np.testing.assert_allclose(other["share"], right["x"], **near)
    assert other["stopped_by"].tolist() == found.stopped_by.tolist()
    # One max-min program, and one ray for all, stop at the least level of the leximin.
    ray = proportion(demand, rows)
    np.testing.assert_allclose(ray.level, 0.5, **near)
    assert (ray.stopped_by == "S1").all()


@st.composite
def fillings(draw: st.DrawFn) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Sources and rows with zeros, ties, redundant rows, floors and targets at the origin."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    few = st.sampled_from([0.0, 0.0, 0.3, 1.0, 1.0, 2.0])
    matrix = np.array([[draw(few) for _ in range(n)] for _ in range(m)])
    if draw(st.booleans()):
        matrix = np.vstack([matrix, matrix[-1:]])
    origin = np.array([draw(st.sampled_from([0.0, 0.0, 1.0])) for _ in range(n)])
    target = origin + [draw(st.sampled_from([0.0, 1.0, 1.0, 2.5, 7.0])) for _ in range(n)]
    lower = np.array([draw(st.sampled_from([0.0, 0.0, 0.5, 3.0])) for _ in range(n)])
    upper = np.maximum(target * draw(st.sampled_from([1.0, 2.0])), lower)
    base = matrix @ np.where(target > origin, lower, np.clip(origin, lower, upper))
    spare = np.array([draw(st.sampled_from([0.0, 0.5, 1.0, 2.0, 9.0])) for _ in matrix])
    return target, matrix, base + spare, {"lower": lower, "upper": upper, "origin": origin}


def slow_leximin(target: Any, matrix: Any, limit: Any, bounds: dict[str, Any]) -> Any:
    """Leximin by its definition: raise all, test each for improvement, freeze the stuck."""
    lower, upper, origin = bounds["lower"].copy(), bounds["upper"].copy(), bounds["origin"]
    step = target - origin
    still = step == 0
    lower[still] = upper[still] = np.clip(origin, lower, upper)[still]
    free = set(np.flatnonzero(~still))
    while free:
        rows, sides = [np.append(row, 0.0) for row in matrix], list(limit)
        for j in free:
            row = np.zeros(len(target) + 1)
            row[j], row[-1] = -1.0 / step[j], 1.0
            rows.append(row)
            sides.append(-origin[j] / step[j])
        box = [*zip(lower, upper, strict=True), (None, None)]
        cost = np.zeros(len(target) + 1)
        cost[-1] = -1.0
        top = -optimize.linprog(cost, rows, sides, bounds=box).fun
        held = np.where([j in free for j in range(len(target))], origin + top * step, lower)
        inner = list(zip(np.minimum(np.maximum(lower, held - 1e-11), upper), upper, strict=True))
        stuck = []
        for j in free:
            gain = np.zeros(len(target))
            gain[j] = -1.0
            best = -optimize.linprog(gain, matrix, limit, bounds=inner).fun
            if best <= max(held[j], lower[j]) + 1e-7:
                stuck.append(j)
        assert stuck
        for j in stuck:
            value = np.clip(held[j], lower[j], upper[j])
            lower[j] = upper[j] = value
            free.discard(j)
    return lower


@given(fillings())
@settings(max_examples=120, deadline=None)
def test_pouring_equals_two_other_ways(drawn: tuple[Any, Any, Any, dict[str, Any]]) -> None:
    target, matrix, limit, bounds = drawn
    found = fill(target, (matrix, limit), **bounds)
    assert (matrix @ found.share <= limit + 1e-9 * np.maximum(limit, 1)).all()
    assert (found.share >= bounds["lower"]).all() and (found.share <= bounds["upper"]).all()
    moving = np.flatnonzero(target > bounds["origin"])
    fixed = np.where(target > bounds["origin"], bounds["lower"], found.share)
    ceiling = np.where(target > bounds["origin"], bounds["upper"], found.share)
    program = Program().columns(range(len(target)), fixed, ceiling)
    program = program.at_most(range(len(limit)), matrix, limit)
    step = pd.Series(target - bounds["origin"])[moving]
    other = leximin(program, pd.Series(bounds["origin"])[moving], step) if len(moving) else None
    if other is not None:
        np.testing.assert_allclose(found.share[moving], other["share"].astype(float), atol=1e-9)
        np.testing.assert_allclose(found.level[moving], other["level"].astype(float), atol=1e-9)
    np.testing.assert_allclose(found.share, slow_leximin(*drawn), atol=1e-6)
    for j, reason in enumerate(found.stopped_by):
        full = matrix @ found.share >= limit - 1e-9
        if reason == "ceiling":
            assert found.share[j] == bounds["upper"][j]
        elif reason == "floor":
            assert found.share[j] == bounds["lower"][j] and full[matrix[:, j] > 0].any()
        elif reason == "fixed":
            assert target[j] == bounds["origin"][j] and found.level[j] == 1.0
        else:
            assert full[reason] and matrix[reason, j] > 0


@given(fillings(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_what_must_not_change_a_filling(
    drawn: tuple[Any, Any, Any, dict[str, Any]], random: Any
) -> None:
    target, matrix, limit, bounds = drawn
    names, rows = [f"E{j}" for j in range(len(target))], [f"S{r}" for r in range(len(limit))]
    frame = pd.DataFrame(matrix, rows, names)
    claim, room = pd.Series(target, names), pd.Series(limit, rows)
    kept = {key: pd.Series(values, names) for key, values in bounds.items()}
    found = fill(claim, (frame, room), **kept)
    turned, down = list(names), list(rows)
    random.shuffle(turned)
    random.shuffle(down)
    moved = fill(claim[turned], (frame.loc[down, names], room), **kept)
    pd.testing.assert_series_equal(moved.share[names], found.share, check_exact=True)
    pd.testing.assert_series_equal(moved.stopped_by[names], found.stopped_by)
    thin = fill(target, (sparse.coo_array(matrix), limit), **bounds)
    np.testing.assert_allclose(thin.share, found.share, rtol=1e-12)
    # In tonnes, and with rows in other units.
    weight = np.exp2(np.arange(len(limit)))
    tonnes = fill(
        target / 1024, (matrix * weight[:, None] * 1024, limit * weight),
        **{key: values / 1024 for key, values in bounds.items()},
    )  # fmt: skip
    np.testing.assert_allclose(tonnes.share * 1024, found.share, rtol=1e-12)
    again = fill(target, (matrix, limit), **(bounds | {"upper": found.share.to_numpy()}))
    np.testing.assert_allclose(again.share, found.share, rtol=1e-9)
    # More room never lowers the ordered levels.
    wider = fill(target, (matrix, limit + 0.25), **bounds)
    ours, theirs = np.sort(found.level), np.sort(wider.level)
    first = np.flatnonzero(~np.isclose(ours, theirs, atol=1e-9))
    assert not len(first) or theirs[first[0]] > ours[first[0]]


@given(fillings())
@settings(max_examples=80, deadline=None)
def test_ray_is_the_greatest_level_that_fits(drawn: tuple[Any, Any, Any, dict[str, Any]]) -> None:
    target, matrix, limit, bounds = drawn
    found = proportion(target, (matrix, limit), **bounds)
    moving = target > bounds["origin"]
    tolerance = 1e-9 * np.maximum(limit, 1)
    assert (matrix @ found.share <= limit + tolerance).all()
    between = (
        moving & (found.share > bounds["lower"] + 1e-9) & (found.share < bounds["upper"] - 1e-9)
    )
    if between.any():
        level = found.level[between]
        assert np.ptp(level) < 1e-9
        step = (target - bounds["origin"]) * np.where(moving, 1.0, 0.0)
        more = bounds["origin"] + (level[0] + 1e-5) * step
        raised = np.where(moving, np.clip(more, bounds["lower"], bounds["upper"]), found.share)
        assert (matrix @ raised > limit + tolerance).any()
        full = matrix @ found.share >= limit - tolerance
        assert all(full[reason] for reason in found.stopped_by[between])
    filled = fill(target, (matrix, limit), **bounds)
    assert np.sort(filled.level)[0] >= np.sort(found.level)[0] - 1e-9


def test_constrained_equal_losses_as_a_filling() -> None:
    # Origin at the claims, one unit of step for all, floor 0: losses are equal (20, 20, 10).
    claim = np.array([50.0, 30.0, 10.0])
    found = fill(claim + 1, ([[1, 1, 1]], [40.0]), origin=claim, upper=claim)
    np.testing.assert_allclose(found.share, [30.0, 10.0, 0.0], atol=1e-12)
    assert found.stopped_by.tolist() == [0, 0, "floor"]


def test_scale_of_a_target_does_not_break_a_row() -> None:
    found = fill([1e13], ([[1.0]], [1.0]), upper=[5.0])
    assert found.share.tolist() == pytest.approx([1.0], rel=1e-12)
    assert found.stopped_by.tolist() == [0]


@given(st.integers(0, 1_000_000))
@settings(max_examples=150, deadline=None)
def test_rows_hold_over_fifteen_orders_of_magnitude(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, m = random.integers(1, 8), random.integers(1, 6)

    def wide(*shape: int) -> Any:
        return 10 ** random.uniform(-7.5, 7.5, shape)

    matrix = wide(m, n) * (random.random((m, n)) < 0.6)
    target, limit, upper = wide(n), wide(m), wide(n)
    found = fill(target, (matrix, limit), upper=upper)
    assert (matrix @ found.share <= limit * (1 + 1e-9)).all()
    assert (found.share <= upper).all()
    full = matrix @ found.share >= limit * (1 - 1e-9)
    for j, reason in enumerate(found.stopped_by):
        assert found.share[j] == upper[j] if reason == "ceiling" else full[reason]


@pytest.mark.parametrize("least", [1e-9, 1e-20, 1e-170, 1e-300])
@pytest.mark.parametrize(("first", "second"), [(1.0, 2.0), (1.1, 2.3)])
def test_a_response_lost_beside_the_others_is_no_error(
    least: float, first: float, second: float
) -> None:
    target = np.array([first, second, least])
    rows = ([[1.0, 2.0, least]], [2.0])
    found = fill(target, rows, upper=1.0)
    # Nobody is at the ceiling: one level for all, from first + 2 second = 2.
    level = 2.0 / (first + 2.0 * second)
    np.testing.assert_allclose(found.level, level, rtol=1e-14)
    assert found.stopped_by.tolist() == [0, 0, 0]
    # With room for all but the last, which the row would let rise for ever, it is the ceiling.
    found = fill(target, (rows[0], [4.0]), upper=1.0)
    assert found.share.tolist() == [1.0, 1.0, 1.0]
    assert found.stopped_by.tolist() == ["ceiling"] * 3


def test_what_the_others_leave_is_for_the_smallest_response() -> None:
    # 1.1 and 2 x 2.3 stop at their ceilings; they leave 0.5 of 4 to the last, at 1e-20 each.
    found = fill([1.1, 2.3, 1e-3], ([[1.0, 2.0, 1e-20]], [4.0]), upper=[1.5, 1.0, np.inf])
    np.testing.assert_allclose(found.share, [1.5, 1.0, 0.5e20], rtol=1e-12)
    assert found.stopped_by.tolist() == ["ceiling", "ceiling", 0]


def test_default_ceiling_is_the_claim_and_infinity_frees_it() -> None:
    rows = ([[1.0, 1.0]], [30.0])
    assert fill([5.0, 10.0], rows).share.tolist() == [5.0, 10.0]
    np.testing.assert_allclose(fill([5.0, 10.0], rows, upper=np.inf).share, [10.0, 20.0])
    assert fill([5.0, 10.0], rows, lower=[7.0, 0.0]).share.tolist() == [7.0, 10.0]


def test_no_room_gives_the_floors_and_names_the_section() -> None:
    demand, rows, _ = two_sections()
    none = fill(demand, Rows(rows.coefficient, 0 * rows.limit))
    assert (none.share == 0).all() and (none.level == 0).all()
    assert none.stopped_by.tolist() == ["S1", "S1", "S2", "S2", "S3"]
    with pytest.raises(InfeasibleError, match=r"S1 by 0\.5") as caught:
        fill(demand, rows, lower=pd.Series([10.0, 0.5, 0, 0, 0], demand.index))
    assert caught.value.relaxation is not None
    assert caught.value.relaxation["missing"].to_dict() == pytest.approx({"S1": 0.5})
    with pytest.raises(InfeasibleError, match="S1"):
        proportion(demand, rows, lower=pd.Series([10.0, 0.5, 0, 0, 0], demand.index))


def test_floors_and_ceilings_are_met_to_the_last_digit() -> None:
    # 0.1 / 5.5 * 5.5 is more than 0.1 in floating point.
    assert (0.1 / 5.5) * 5.5 > 0.1
    low = fill([5.5, 6.3], ([[1.0, 1.0]], [0.2]), lower=[0.1, 0.1])
    assert low.share[0] == 0.1 and low.stopped_by.tolist() == ["floor", 0]
    high = fill([5.5, 6.3], ([[1.0, 1.0]], [9.0]), upper=[0.1, 0.1])
    assert high.share.tolist() == [0.1, 0.1] and high.stopped_by.tolist() == ["ceiling", "ceiling"]


def test_rows_of_mixed_sign_take_the_other_way() -> None:
    # A credit of the second source opens room for the first.
    rows = Rows(pd.DataFrame([[1.0, -0.5]], ["S1"], ["A", "B"]), pd.Series({"S1": 2.0}))
    claim = pd.Series({"A": 10.0, "B": 4.0})
    found = fill(claim, rows)
    assert found.share.to_dict() == pytest.approx({"A": 4.0, "B": 4.0})
    assert found.stopped_by.to_dict() == {"A": "S1", "B": "ceiling"}
    with pytest.raises(DataError, match="negative"):
        proportion(claim, rows)
    with pytest.raises(InfeasibleError, match="S1 by 1"):
        fill(
            claim,
            rows,
            lower=pd.Series({"A": 5.0, "B": 0.0}),
            upper=pd.Series({"A": 9.0, "B": 4.0}),
        )


WIDE = pd.DataFrame([[1.0, 1.0]], ["S1"], ["A", "B"])
CLAIM = pd.Series({"A": 1.0, "B": 2.0})


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: fill(CLAIM, (WIDE, [np.nan])), "S1, limit: nan"),
        (lambda: fill(CLAIM, (WIDE * np.nan, [1.0])), "S1, A, coefficient: nan"),
        (lambda: fill(CLAIM, (WIDE[["A"]], [1.0])), "B, coefficient: has no partner"),
        (lambda: fill(CLAIM, (WIDE, [1.0, 2.0])), "limit has shape"),
        (lambda: fill([1.0], ([[1.0, 1.0]], [1.0])), "shape"),
        (lambda: fill(CLAIM, (WIDE, [1.0]), origin=1.5), "A, target: 1.0 is out of range"),
        (lambda: fill(CLAIM, (WIDE, [1.0]), lower=-np.inf), "A, lower: -inf is out of range"),
        (lambda: fill(CLAIM, (WIDE, [1.0]), lower=2.0, upper=1.0), "A, upper: 1.0 is out of range"),
        (lambda: fill(CLAIM, (WIDE * [1, 0], [1.0]), upper=np.inf), "nothing stops B"),
        (lambda: proportion(CLAIM, (WIDE * 0, [1.0]), upper=np.inf), "nothing bounds the level"),
        (lambda: fill(pd.Series([1.0, 2.0], ["A", "A"]), (WIDE, [1.0])), "A"),
    ],
)
def test_faults_are_named(build: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        build()


def test_large_filling_against_programs() -> None:
    random = np.random.default_rng(7)
    matrix = random.random((20, 300)) * (random.random((20, 300)) < 0.3)
    target = random.random(300) + 0.1
    limit = matrix @ target * random.uniform(0.2, 1.1, 20)
    found = fill(target, (matrix, limit))
    program = Program().columns(range(300), 0.0, target).at_most(range(20), matrix, limit)
    other = leximin(program, pd.Series(np.zeros(300)), pd.Series(target))
    np.testing.assert_allclose(found.level, other["level"].astype(float), rtol=1e-9)
    assert found.stopped_by.tolist() == other["stopped_by"].tolist()
    assert (matrix @ found.share <= limit * (1 + 1e-12)).all()


def fields() -> tuple[xr.DataArray, xr.DataArray]:
    labels = {"section": ["S1", "S2"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["01"]}
    response = xr.DataArray(np.ones((2, 1, 1, 1)), labels, list(labels))
    room = response[:, 0].drop_vars("outlet").rename(pollutant="indicator")
    return response, room


def test_responses_that_dispersion_leaves_are_none() -> None:
    labels = {"section": ["S1", "S2", "S3"], "outlet": ["O1", "O2", "O3"]}
    matrix = np.array([[0.01, 1e-18, 1e-20], [2e-12, 0.01, 1e-9], [1e-22, 1e-44, 3e-22]])
    response = xr.DataArray(matrix, labels, list(labels)).expand_dims(
        {"pollutant": ["TP"], "period": ["01"]}, (2, 3)
    )
    room = response[:, 0].drop_vars("outlet").rename(pollutant="indicator") + 0.5
    kept = section_rows(response, room)["TP", "01"].coefficient.to_numpy()
    assert kept.tolist() == [[0.01, 0.0, 0.0], [0.0, 0.01, 1e-9], [0.0, 0.0, 0.0]]
    # The unit of the response does not matter, and what is given stays as it was.
    again = section_rows(response * 1e-30, room)["TP", "01"].coefficient.to_numpy()
    assert ((again > 0) == (kept > 0)).all()
    assert response.values[0, 1, 0, 0] == 1e-18
    twice = response.isel(section=[0, 0, 1])
    with pytest.raises(DataError, match="S1, section: is there twice"):
        section_rows(twice, room)


def test_section_rows_match_by_label() -> None:
    response, room = fields()
    room = room * xr.DataArray([1.0, 2.0], {"section": ["S1", "S2"]}, ["section"])
    turned = section_rows(response, room.isel(section=[1, 0]))["TP", "01"]
    assert turned.limit.to_dict() == {"S1": 1.0, "S2": 2.0}
    with pytest.raises(DataError, match="S2, section: is not in headroom"):
        section_rows(response, room.isel(section=[0]))
    with pytest.raises(DataError, match="S2, TP, 01, headroom: nan is no number"):
        section_rows(response, room.where(room.section == "S1"))
    with pytest.raises(DataError, match="right would be"):
        section_rows(response, room.rename(indicator="pollutant"))
