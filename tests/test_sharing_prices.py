"""Rules that price the rows: known answers, other solvers, certificates, and odd inputs."""

from typing import Any

import clarabel
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from permitload.errors import ConvergenceError, DataError, InfeasibleError
from permitload.program import Program
from permitload.sharing import (
    Rows,
    alpha_fairness,
    capped_proportional,
    de_minimis,
    fill,
    project,
    proportion,
    proportional_level,
)
from permitload.sharing._kernels import weighted_square
from tests.test_sharing import case, fillings

RULES = (project, alpha_fairness)


def test_contribution_is_a_projection_on_one_section() -> None:
    known = case("equal_rules")
    near = {"rtol": 0, "atol": known["tolerance"]}
    inputs, right = known["inputs"]["contribution"], known["expected"]
    load = np.array(inputs["load_t_a"])
    response = np.array([inputs["response_mgL_per_t_a"]])
    found = project(load, (response, response @ load - inputs["cut_needed_mgL"]))
    np.testing.assert_allclose(load - found.share, right["contribution_rate_cuts_t_a"], **near)
    # The other rules of the case are capped proportions.
    flow, total = np.array(known["inputs"]["flow_m3d"]), known["inputs"]["capacity_t_a"]
    to_tonnes = 365e-6
    now = flow * known["inputs"]["current_mgL"] * to_tonnes
    np.testing.assert_allclose(now, right["current_t_a"], **near)
    even = capped_proportional(total, now)
    np.testing.assert_allclose(even, right["equal_proportion_t_a"], **near)
    np.testing.assert_allclose(
        proportional_level(total, now), right["equal_proportion_factor"], **near
    )
    capped = right["equal_concentration"]
    share = capped_proportional(total, flow, upper=now)
    np.testing.assert_allclose(share, capped["x_t_a"], **near)
    milligrams = share / (flow * to_tonnes)
    np.testing.assert_allclose(milligrams[0], capped["E1_kept_at_mgL"], **near)
    np.testing.assert_allclose(milligrams[1:], capped["mgL"], **near)
    assert np.abs(milligrams - 39.14).min() > 1
    made = np.array(known["inputs"]["generated_t_a"])
    np.testing.assert_allclose(
        capped_proportional(total, made), right["equal_removal"]["x_t_a"], **near
    )
    kept = proportional_level(total, made)
    np.testing.assert_allclose(1 - kept, right["equal_removal"]["rate"], **near)


def months(first: int) -> tuple["pd.Series[float]", pd.DataFrame, "pd.Series[float]"]:
    """Planned loads of the months from the first on, with a row a month and one for the year."""
    inputs = case("monthly_rolling")["inputs"]
    plan = np.array(inputs["planned_load_t"])[:, first:]
    labels = pd.MultiIndex.from_product([range(len(plan)), range(first, 3)]).to_flat_index()
    names = [*range(first, 3), "year"]
    table = pd.DataFrame([[float(row in (k[1], "year")) for k in labels] for row in names],
                         names, labels)  # fmt: skip
    limit = pd.Series([*inputs["month_capacity_t"][first:], inputs["annual_cap_t"]], names)
    return pd.Series(plan.ravel(), labels), table, limit


def test_months_of_a_year_by_projection() -> None:
    known = case("monthly_rolling")
    near = {"rtol": 0, "atol": known["tolerance"]}
    plan, table, limit = months(0)
    found = project(plan, (table, limit))
    right = known["expected"]["plan"]
    by_month = [key[1] for key in plan.index]
    ratio = found.level.groupby(by_month)
    np.testing.assert_allclose(ratio.mean(), right["ratio"], **near)
    assert ratio.std().max() < known["tolerance"]
    np.testing.assert_allclose(found.share.groupby(by_month).sum(), right["month_total"], **near)
    first = found.share[[key for key in plan.index if key[1] == 0]]
    np.testing.assert_allclose(first, right["quota_month1"], **near)
    # The year takes 4/15 from all; January, as full, another 1/15.
    np.testing.assert_allclose(found.price[[0, 1, 2, "year"]], [2 / 15, 0, 0, 8 / 15], atol=1e-12)
    assert set(found.stopped_by) == {"year"}
    # What was used is charged; unused quota returns to the pool, or stays in the own bank.
    plan, table, limit = months(1)
    used = sum(known["inputs"]["used_month1_t"])
    right = known["expected"]["recall_to_pool"]
    np.testing.assert_allclose(limit["year"] - used, right["remaining_t"], **near)
    pooled = project(plan, (table, limit - pd.Series({1: 0.0, 2: 0.0, "year": used})))
    level = pooled.level.to_numpy().reshape(3, 2)
    np.testing.assert_allclose(level, [right["ratio"]] * 3, **near)
    share = pooled.share.to_numpy().reshape(3, 2)
    np.testing.assert_allclose(share[:, 0], right["month2_base"], **near)
    quota_charged = (known["inputs"]["annual_cap_t"] - 60) / plan.sum()
    assert np.abs(level - quota_charged).min() > 0.01
    right = known["expected"]["own_bank"]
    taken = used + sum(right["banked"])
    banked = project(plan, (table, limit - pd.Series({1: 0.0, 2: 0.0, "year": taken})))
    np.testing.assert_allclose(banked.level.to_numpy().reshape(3, 2), [right["ratio"]] * 3, **near)


def test_alpha_from_the_greatest_total_to_equal_levels() -> None:
    known = case("alpha_fairness_line")
    near = {"rtol": 0, "atol": known["tolerance"]}
    rows = Rows(np.array(known["inputs"]["response"], dtype=float), known["inputs"]["headroom"])
    weight = np.ones(3)
    found = {
        str(alpha): alpha_fairness(weight, rows, upper=np.inf, alpha=alpha).share
        for alpha in (0.5, 1, 2, 4)
    }
    program = Program().columns(range(3), 0.0).at_most(range(2), *rows)
    found["0"] = program.maximise(1.0).column.to_numpy(dtype=float)
    found["inf"] = fill(weight, rows, upper=np.inf).share
    assert found.keys() == known["expected"]["x"].keys()
    for alpha, share in found.items():
        np.testing.assert_allclose(share, known["expected"]["x"][alpha], **near)
        np.testing.assert_allclose(share.sum(), known["expected"]["total"][alpha], **near)
        assert (share[0] < 1e-9) == (alpha == "0")


def test_bargaining_with_guaranteed_minima() -> None:
    known = case("nash_bargaining_weighted")
    near = {"rtol": 0, "atol": known["tolerance"]}
    origin, weight = (np.array(known["inputs"][name]) for name in ("disagreement", "weights"))
    total = np.ones((1, 3)), [known["inputs"]["capacity"]]
    given_ = {"origin": origin, "upper": np.inf}
    found = alpha_fairness(origin + weight, total, **given_)
    np.testing.assert_allclose(found.share, known["expected"]["x"], **near)
    capped = given_ | {"upper": known["inputs"]["caps_variant"]}
    found = alpha_fairness(origin + weight, total, **capped)
    np.testing.assert_allclose(found.share, known["expected"]["x_capped"], **near)
    assert found.stopped_by.tolist() == ["ceiling", 0, 0]
    with pytest.raises(InfeasibleError, match="0 by 1"):
        alpha_fairness(origin + weight, (total[0], [19.0]), **given_)
    # Nothing to bargain about: everyone stays at the minimum, at a price without bound.
    none = alpha_fairness(origin + weight, (total[0], [20.0]), **given_)
    assert none.share.tolist() == origin.tolist() and none.price.tolist() == [np.inf]


@given(st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_all_rules_agree_on_one_even_section(seed: int) -> None:
    random = np.random.default_rng(seed)
    target = random.uniform(0.1, 10.0, random.integers(1, 9))
    total = random.uniform(0.01, 0.99) * target.sum()
    rows = np.full((1, len(target)), 0.25), [0.25 * total]
    right = total * target / target.sum()
    np.testing.assert_allclose(capped_proportional(total, target), right, rtol=1e-12)
    for rule in (*RULES, fill, proportion):
        found = rule(target, rows)
        np.testing.assert_allclose(found.share, right, rtol=1e-12)
        assert set(found.stopped_by) == {0}


def gradient(rule: Any, share: Any, target: Any) -> Any:
    """Slope of what the rule minimises, by each share."""
    return 2 * (share / target - 1) if rule is project else -target / share


def gap(rule: Any, target: Any, matrix: Any, limit: Any, bounds: dict[str, Any]) -> float:
    """Bound on how far the objective is from its least: a linear program over all that is allowed.

    For a convex f, ``f(x) - min f <= max over allowed z of f'(x) (x - z)``.
    """
    share = rule(target, (matrix, limit), **bounds).share
    slope = gradient(rule, share, target)
    box = list(zip(bounds["lower"], bounds["upper"], strict=True))
    room = limit + 1e-12 * np.maximum(np.abs(limit), 1)
    best = optimize.linprog(slope, matrix, room, bounds=box)
    return float((slope @ share - best.fun) / (np.abs(slope) @ share + 1e-3 * target.sum()))


@given(fillings())
@settings(max_examples=120, deadline=None)
def test_nothing_allowed_is_better(drawn: tuple[Any, Any, Any, dict[str, Any]]) -> None:
    target, matrix, limit, bounds = drawn
    takes = target > 0
    bounds = {name: bounds[name][takes] for name in ("lower", "upper")}
    limit = limit - matrix @ np.where(takes, 0.0, drawn[3]["lower"])
    target, matrix = target[takes], matrix[:, takes]
    if len(target):
        assert gap(project, target, matrix, limit, bounds) < 1e-8
        share = alpha_fairness(target, (matrix, limit), **bounds).share
        if (share > 0).all():
            assert gap(alpha_fairness, target, matrix, limit, bounds) < 1e-8
        # Nobody gets nothing unless a row has no room at all.
        used = matrix @ bounds["lower"]
        shut = (matrix[limit - used <= 1e-12 * (np.abs(limit) + used)] > 0).any(axis=0)
        assert ((share > 0) | shut | (bounds["upper"] == 0)).all()


@given(fillings())
@settings(max_examples=120, deadline=None)
def test_prices_say_why(drawn: tuple[Any, Any, Any, dict[str, Any]]) -> None:
    target, matrix, limit, bounds = drawn
    lower, upper = bounds["lower"], bounds["upper"]
    size = np.abs(limit) + matrix @ upper
    for rule in RULES:
        found = rule(target, (matrix, limit), lower=lower, upper=upper)
        share, price = found.share, found.price
        assert (share >= lower).all() and (share <= upper).all() and (price >= 0).all()
        use = matrix @ share
        assert (use <= limit + 1e-12 * size).all()
        assert (np.abs(use - limit)[price > 0] <= 1e-12 * size[price > 0]).all()
        with np.errstate(invalid="ignore"):
            charges = np.where(matrix > 0, price[:, None] * matrix, 0.0)
        charge = charges.sum(axis=0)
        for j, reason in enumerate(found.stopped_by):
            if target[j] == 0:
                assert reason == "fixed" and share[j] == lower[j] and found.level[j] == 1
                continue
            free = target[j] * (1 - charge[j] / 2) if rule is project else (
                target[j] / charge[j] if charge[j] > 0 else np.inf
            )  # fmt: skip
            assert share[j] == pytest.approx(np.clip(free, lower[j], upper[j]), abs=1e-11)
            assert found.level[j] == pytest.approx(share[j] / target[j], rel=1e-15)
            if reason == "ceiling":
                assert share[j] == upper[j]
            elif reason == "floor":
                assert share[j] == lower[j] > 0
            elif reason == "target":
                assert rule is project and charge[j] == 0 and share[j] == target[j]
            else:
                assert charges[reason, j] == charges[:, j].max() > 0


@given(fillings(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_what_must_not_change_prices(
    drawn: tuple[Any, Any, Any, dict[str, Any]], random: Any
) -> None:
    target, matrix, limit, bounds = drawn
    names, rows = [f"E{j}" for j in range(len(target))], [f"S{r}" for r in range(len(limit))]
    frame, room = pd.DataFrame(matrix, rows, names), pd.Series(limit, rows)
    claim = pd.Series(target, names)
    kept = {key: pd.Series(bounds[key], names) for key in ("lower", "upper")}
    turned, down = list(names), list(rows)
    random.shuffle(turned)
    random.shuffle(down)
    for rule in RULES:
        found = rule(claim, (frame, room), **kept)
        moved = rule(claim[turned], (frame.loc[down, turned], room[down]), **kept)
        pd.testing.assert_series_equal(moved.share[names], found.share, check_exact=True)
        pd.testing.assert_series_equal(moved.stopped_by[names], found.stopped_by)
        pd.testing.assert_series_equal(moved.price[rows], found.price, check_exact=True)
        # In tonnes, and with rows in other units.
        weight = np.exp2(np.arange(len(limit)))
        tonnes = rule(
            target / 1024, (sparse.coo_array(matrix * weight[:, None] * 1024), limit * weight),
            **{key: values.to_numpy() / 1024 for key, values in kept.items()},
        )  # fmt: skip
        np.testing.assert_allclose(tonnes.share * 1024, found.share, rtol=1e-11, atol=1e-12)
        # Its own answer is within reach of itself.
        again = project(found.share, (frame, room * (1 + 1e-12) + 1e-12))
        np.testing.assert_allclose(again.share, found.share, rtol=1e-9, atol=1e-9)


def by_cones(target: Any, rows: Any, limit: Any, bounds: tuple[Any, Any], log: bool) -> Any:
    """Shares and prices by an interior-point solver: a quadratic program, or exponential cones."""
    n, one = len(target), sparse.eye_array(len(target))
    most, sides = [sparse.csc_array(rows), one, -one], [limit, bounds[1], -bounds[0]]
    square, linear = sparse.diags_array(2.0 / target), np.full(n, -2.0)
    cones: list[Any] = [clarabel.NonnegativeConeT(len(limit) + 2 * n)]
    if log:
        # (s, 1, x) with exp(s) <= x, s maximised; three lines for each source.
        empty = sparse.csc_array((len(limit) + 2 * n, n))
        k = np.arange(n)
        x = sparse.csc_array((-np.ones(n), (3 * k + 2, k)), (3 * n, n))
        s = sparse.csc_array((-np.ones(n), (3 * k, k)), (3 * n, n))
        most = [sparse.hstack([sparse.vstack(most), empty]), sparse.hstack([x, s])]
        sides.append(np.tile([0.0, 1.0, 0.0], n))
        square, linear = sparse.csc_array((2 * n, 2 * n)), np.concatenate([0 * target, -target])
        cones += [clarabel.ExponentialConeT()] * n
    chosen = clarabel.DefaultSettings()
    chosen.verbose = False
    chosen.tol_gap_abs = chosen.tol_gap_rel = chosen.tol_feas = 1e-11
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix(square), linear, sparse.csc_matrix(sparse.vstack(most)),
        np.concatenate(sides), cones, chosen,
    ).solve()  # fmt: skip
    assert "Solved" in str(solution.status)
    return np.array(solution.x[:n]), np.array(solution.z[: len(limit)])


@pytest.mark.parametrize(
    ("rule", "size"),
    [*((rule, size) for rule in RULES for size in (3, 30, 300)), (project, 3000)],
)
def test_against_an_interior_point_solver(rule: Any, size: int) -> None:
    random = np.random.default_rng(size)
    count = min(size, 20)
    target = random.lognormal(2.0, 1.0, size)
    matrix = random.uniform(0.1, 1.0, (count, size)) * (random.random((count, size)) < 0.5)
    lower, upper = 0.1 * target * random.random(size), target * random.uniform(0.5, 1.5, size)
    limit = matrix @ (lower + random.uniform(0.2, 0.8) * (np.minimum(upper, target) - lower))
    limit *= random.uniform(1.0, 1.1, count)
    found = rule(target, (matrix, limit), lower=lower, upper=upper)
    share, price = by_cones(target, matrix, limit, (lower, upper), rule is alpha_fairness)
    np.testing.assert_allclose(found.share, share, atol=2e-6 * target.max())
    np.testing.assert_allclose(found.price, price, atol=1e-5 * price.max())
    assert (matrix @ found.share <= limit * (1 + 1e-13)).all()
    assert (found.price > 0).any()


@given(st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_small_problems_against_a_general_solver(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, m = random.integers(1, 5), random.integers(1, 4)
    target, matrix = random.uniform(0.5, 5.0, n), random.uniform(0.0, 1.0, (m, n))
    limit = matrix @ target * random.uniform(0.2, 1.2, m)

    def worth(rule: Any, x: Any) -> float:
        """What the rule minimises."""
        if rule is project:
            return float(((x - target) ** 2 / target).sum())
        return float(-(target * np.log(x)).sum())

    for rule in RULES:
        found = rule(target, (matrix, limit))
        other = optimize.minimize(
            lambda x, rule=rule: worth(rule, x), 0.1 * np.minimum(found.share, target),
            jac=lambda x, rule=rule: gradient(rule, x, target), method="SLSQP",
            bounds=[(1e-9, t) for t in target], options={"ftol": 1e-14, "maxiter": 500},
            constraints={"type": "ineq", "fun": lambda x: limit - matrix @ x,
                         "jac": lambda x: -matrix},
        )  # fmt: skip
        # The other may stop early or step over a row by its tolerance, but not by more.
        assert worth(rule, found.share) <= other.fun + 1e-6 * (1 + abs(other.fun))
        if other.success:
            np.testing.assert_allclose(found.share, other.x, atol=2e-3 * target.max())


@given(st.integers(0, 1_000_000))
@settings(max_examples=100, deadline=None)
def test_rows_of_any_sign(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, m = random.integers(1, 8), random.integers(1, 6)
    matrix = random.normal(size=(m, n)) * (random.random((m, n)) < 0.6)
    target = random.choice([0.5, 1.0, 2.5, 7.0], n)
    lower, upper = np.zeros(n), target * random.choice([0.5, 1.0, 2.0], n)
    limit = matrix @ random.uniform(lower, upper) + random.choice([0.0, 0.1, 1.0], m)
    bounds = {"lower": lower, "upper": upper}
    found = project(target, (matrix, limit), **bounds)
    size = np.abs(limit) + np.abs(matrix) @ found.share
    assert (matrix @ found.share <= limit + 1e-12 * size).all()
    assert gap(project, target, matrix, limit, bounds) < 1e-8


def test_a_credit_makes_room() -> None:
    # Two units of the second let one more of the first through: both move towards the middle.
    found = project([10.0, 4.0], ([[1.0, -0.5]], [2.0]), upper=[10.0, np.inf])
    price = (10.0 - 2.0 - 2.0) / (0.5 * (10.0 + 0.25 * 4.0))
    np.testing.assert_allclose(found.price, [price], rtol=1e-14)
    np.testing.assert_allclose(
        found.share, [10.0 * (1 - price / 2), 4.0 * (1 + price / 4)], rtol=1e-14
    )
    assert found.stopped_by.tolist() == [0, "target"]


@given(st.integers(0, 1_000_000))
@settings(max_examples=100, deadline=None)
def test_numbers_of_many_sizes(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, m = random.integers(1, 12), random.integers(1, 8)

    def wide(*shape: int) -> Any:
        return 10 ** random.uniform(-2.0, 2.0, shape)

    matrix = wide(m, n) * (random.random((m, n)) < 0.6)
    target, limit, upper = wide(n), wide(m), wide(n)
    alpha = random.choice([0.1, 0.5, 2.0, 4.0])
    for rule, more in ((project, {}), (alpha_fairness, {}), (alpha_fairness, {"alpha": alpha})):
        found = rule(target, (matrix, limit), upper=upper, **more)
        use = matrix @ found.share
        assert (use <= limit * (1 + 1e-12)).all()
        np.testing.assert_allclose(use[found.price > 0], limit[found.price > 0], rtol=1e-12)
        charge = found.price @ matrix
        with np.errstate(divide="ignore"):
            free = 1 - charge / 2 if rule is project else charge ** (-1 / more.get("alpha", 1.0))
        right = np.clip(target * free, 0.0, upper)
        np.testing.assert_allclose(found.share, right, rtol=0, atol=1e-12 * max(target.max(), 1))


def test_more_room_never_takes_the_answer_further_from_its_target() -> None:
    random = np.random.default_rng(3)
    target, matrix = random.uniform(1.0, 5.0, 40), random.random((6, 40))
    far = [
        float((project(target, (matrix, part * (matrix @ target))).level - 1) ** 2 @ target)
        for part in (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
    ]
    assert (np.diff(far) < 0).all() and far[-1] == 0


def test_rows_that_are_alike_and_rows_of_nothing() -> None:
    target, row = [4.0, 2.0, 6.0], [1.0, 0.5, 0.0]
    alone = [rule(target, ([row], [2.5])) for rule in RULES]
    many = np.array([row, row, [0.0, 0.0, 0.0], [2.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    limit = [2.5, 2.5, 0.0, 5.0, 99.0]
    for rule, one in zip(RULES, alone, strict=True):
        found = rule(target, (many, limit))
        np.testing.assert_allclose(found.share, one.share, rtol=1e-12)
        np.testing.assert_allclose(found.price @ many, one.price @ np.array([row]), rtol=1e-12)
        assert found.price[[2, 4]].tolist() == [0.0, 0.0]
        # A source that no row touches has its ceiling.
        assert found.share[2] == 6.0 and found.stopped_by[2] == "ceiling"


@pytest.mark.parametrize("rule", RULES)
def test_no_room_no_rows_no_targets(rule: Any) -> None:
    target = pd.Series({"A": 4.0, "B": 2.0, "C": 0.0})
    rows = Rows(pd.DataFrame([[1.0, 1.0, 1.0]], ["S1"], list("ABC")), pd.Series({"S1": 0.0}))
    none = rule(target, rows)
    assert none.share.tolist() == [0.0, 0.0, 0.0]
    assert none.stopped_by.tolist() == ["S1", "S1", "fixed"]
    # The least price at which nobody asks for anything.
    assert none.price.to_dict() == {"S1": 2.0 if rule is project else np.inf}
    # Floors fill the row; who has none gets nothing, who has one keeps it.
    full = rule(target, Rows(rows.coefficient, rows.limit + 1.5), lower=[1.0, 0.0, 0.5])
    assert full.share.tolist() == [1.0, 0.0, 0.5]
    assert full.stopped_by.tolist() == ["floor", "S1", "fixed"]
    with pytest.raises(InfeasibleError, match=r"S1 by 0\.5") as caught:
        rule(target, Rows(rows.coefficient, rows.limit + 1.0), lower=[1.0, 0.0, 0.5])
    assert caught.value.relaxation is not None
    free = rule(target, Rows(rows.coefficient, rows.limit + 99.0))
    assert free.share.tolist() == target.tolist() and free.price.tolist() == [0.0]
    assert free.stopped_by.tolist() == ["ceiling", "ceiling", "fixed"]
    nobody = rule(0 * target, rows)
    assert nobody.share.tolist() == [0.0] * 3 and set(nobody.stopped_by) == {"fixed"}
    alone = rule([8.0], ([[0.5]], [1.0]))
    assert alone.share.tolist() == pytest.approx([2.0], rel=1e-15)
    raised = rule(target, Rows(rows.coefficient, rows.limit + 99.0), lower=[5.0, 0.0, 0.0])
    assert raised.share.tolist() == [5.0, 2.0, 0.0]


@pytest.mark.parametrize("room", [10.0**-k for k in range(20)])
def test_room_that_is_hardly_any(room: float) -> None:
    random = np.random.default_rng(4)
    target, matrix = random.uniform(1.0, 9.0, 12), random.random((3, 12))
    for rule in RULES:
        found = rule(target, (matrix, [9.0, room, 2.0 * room]))
        assert (matrix @ found.share <= np.array([9.0, room, 2.0 * room]) * (1 + 1e-12)).all()
        # The room is used, unless it is round-off of what the targets would take.
        assert found.share.sum() > 0 or room < 1e-10


def test_digits_that_do_not_suffice_are_refused() -> None:
    # What rounding leaves of the second source is more than a row has room for.
    rows = [[0.1, 1e3], [1e-4, 1e4], [1e3, 1e4]], [1e-3, 1e-2, 1e7]
    with pytest.raises(ConvergenceError, match="too many digits"):
        project([1e-8, 1e5], rows)


def test_a_target_below_its_ceiling_is_a_reason_of_its_own() -> None:
    rows = [[1.0, 0.0]], [1.0]
    found = project([4.0, 2.0], rows, upper=np.inf)
    assert found.share.tolist() == [1.0, 2.0] and found.stopped_by.tolist() == [0, "target"]
    with pytest.raises(DataError, match="nothing stops 1; right would be a ceiling"):
        alpha_fairness([4.0, 2.0], rows, upper=np.inf)


def test_prices_are_in_the_order_of_the_rows() -> None:
    table = pd.DataFrame([[0.0, 1.0], [1.0, 0.0]], ["S2", "S1"], ["A", "B"])
    claim = pd.Series({"A": 4.0, "B": 4.0})
    found = project(claim, Rows(table, [1.0, 99.0]))
    assert found.price.to_dict() == {"S2": 1.5, "S1": 0.0}
    bare = project(claim.to_numpy(), (table.to_numpy(), [1.0, 99.0]))
    assert bare.price.tolist() == [1.5, 0.0]
    labelled = project(claim, (table.to_numpy(), pd.Series([1.0, 99.0], ["S2", "S1"])))
    assert labelled.price.to_dict() == {"S2": 1.5, "S1": 0.0}
    assert fill(claim, Rows(table, [1.0, 99.0])).price is None


WIDE = pd.DataFrame([[1.0, 1.0]], ["S1"], ["A", "B"])
CLAIM = pd.Series({"A": 1.0, "B": 2.0})


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: project(CLAIM, (WIDE, [np.nan])), "S1, limit: nan"),
        (lambda: project(CLAIM, (WIDE[["A"]], [1.0])), "B, coefficient: has no partner"),
        (lambda: project(-CLAIM, (WIDE, [1.0])), "A, target: -1.0 is out of range"),
        (lambda: project(CLAIM, (WIDE, [1.0]), upper=[0.5, np.nan]), "B, upper: nan"),
        (lambda: alpha_fairness(CLAIM, (-WIDE, [1.0])), "a coefficient is negative"),
        (lambda: alpha_fairness(CLAIM, (WIDE, [1.0]), alpha=0.0), "alpha is 0.0; right would be"),
        (lambda: alpha_fairness(CLAIM, (WIDE, [1.0]), alpha=np.nan), "alpha is nan"),
        (lambda: alpha_fairness(CLAIM, (WIDE, [1.0]), origin=1.5), "A, target: 1.0 is out of"),
        (lambda: de_minimis((WIDE, [1.0]), influence=1.5, upper=CLAIM), "influence is 1.5"),
        (lambda: de_minimis((-WIDE, [1.0]), influence=0.5, upper=CLAIM), "is negative"),
        (lambda: de_minimis((WIDE, [1.0]), influence=0.5, upper=CLAIM, lower=1.5), "A, upper: 1.0"),
    ],
)
def test_faults_are_named(build: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        build()


def test_square_of_some_rows() -> None:
    random = np.random.default_rng(2)
    rows = sparse.csc_array(random.random((9, 70)) * (random.random((9, 70)) < 0.4))
    weight = random.random(70) * (random.random(70) < 0.7)
    place = np.array([-1, 0, -1, 1, 2, -1, 3, 4, 5])
    found = weighted_square((rows.indptr, rows.indices, rows.data), weight, place, 6)
    some = rows.toarray()[place >= 0]
    np.testing.assert_allclose(found, np.einsum("ij,j,kj->ik", some, weight, some), rtol=1e-13)


@given(fillings(), st.sampled_from([0.0, 0.01, 0.2, 0.7, 1.0]))
@settings(max_examples=100, deadline=None)
def test_letting_off_the_least_breaks_no_row(
    drawn: tuple[Any, Any, Any, dict[str, Any]], influence: float
) -> None:
    _, matrix, limit, bounds = drawn
    lower, upper = bounds["lower"], bounds["upper"]
    limit = np.maximum(limit, matrix @ lower)
    fewer = de_minimis(Rows(matrix, limit), influence=influence, upper=upper, lower=lower)
    kept = fewer.coefficient.toarray()
    gone = (matrix > 0) & (kept == 0)
    assert (kept[~gone] == matrix[~gone]).all()
    # What is let off at its ceiling, and the floors of the others, fit; so does any share.
    most = (matrix * gone) @ upper + kept @ lower
    assert (most <= limit + 1e-12 * np.maximum(limit, 1)).all()
    above = (matrix * gone) @ (upper - lower)
    assert (above <= influence * (limit - matrix @ lower) + 1e-12).all()
    for rule in (fill, *RULES):
        share = rule(upper, fewer, lower=lower, upper=upper).share
        assert (matrix @ share <= limit + 1e-12 * np.maximum(limit, 1)).all()


def test_who_hardly_touches_a_section_is_let_off_there() -> None:
    names = ["A", "B", "C", "D"]
    table = pd.DataFrame([[1.0, 1.0, 0.01, 0.01], [0.0, 0.0, 0.0, 1.0]], ["S1", "S2"], names)
    rows = Rows(table, pd.Series({"S1": 10.2, "S2": 4.0}))
    claim = pd.Series(10.0, names)
    # Filling stops C at the level of A and B for a hundredth of their use.
    assert fill(claim, rows).share["C"] == pytest.approx(fill(claim, rows).share["A"])
    fewer = de_minimis(rows, influence=0.02, upper=claim)
    assert fewer.limit.to_dict() == pytest.approx({"S1": 10.0, "S2": 4.0})
    found = fill(claim, fewer)
    assert found.share.to_dict() == pytest.approx({"A": 5.0, "B": 5.0, "C": 10.0, "D": 4.0})
    assert found.stopped_by.to_dict() == {"A": "S1", "B": "S1", "C": "ceiling", "D": "S2"}
    # C and D use S1 alike: where one alone would fit, neither is let off.
    same = de_minimis(rows, influence=0.015, upper=claim)
    assert same.limit.to_dict() == rows.limit.to_dict()
    pd.testing.assert_frame_equal(same.coefficient, table)
    endless = de_minimis(rows, influence=1.0, upper=np.inf)
    pd.testing.assert_frame_equal(endless.coefficient, table)
    turned = Rows(table.iloc[::-1, ::-1], rows.limit)
    moved = de_minimis(turned, influence=0.02, upper=claim)
    pd.testing.assert_frame_equal(moved.coefficient.loc[["S1", "S2"], names], fewer.coefficient)
