"""Programs: textbook answers, prices against re-solved totals, relaxations, conflicts."""

import itertools
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from permitload.errors import DataError, InfeasibleError
from permitload.program import Program, conflicts, face, gains, leximin, prices, relax

CASES = Path(__file__).parent / "cases" / "allocation"


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf8"))
    return found


def max_load(inputs: dict[str, Any]) -> Program:
    room = np.subtract(inputs["standard_mgL"], inputs["background_mgL"]) - inputs["mos_mgL"]
    return (
        Program()
        .columns(["E1", "E2", "E3"], inputs["lower_t_a"], inputs["upper_t_a"])
        .at_most(["S1", "S2"], inputs["response_mgL_per_t_a"], room, "mg/L")
    )


def test_greatest_total_with_prices_and_ranges() -> None:
    known = case("max_load_shadow_price")
    right, near = known["expected"], {"rtol": 0, "atol": known["tolerance"]}
    program = max_load(known["inputs"])
    solution = program.maximise(1.0)
    np.testing.assert_allclose(program.limit, right["headroom_mgL"], **near)
    np.testing.assert_allclose(solution.column, right["x_t_a"], **near)
    np.testing.assert_allclose(solution.value, right["total_t_a"], **near)
    np.testing.assert_allclose(solution.upper_price, right["dual_upper"], **near)
    np.testing.assert_allclose(solution.lower_price, right["dual_lower"], **near)
    np.testing.assert_allclose(solution.shadow_price, right["dual_section_t_a_per_mgL"], **near)
    table = prices(program, 1.0)
    np.testing.assert_allclose(table["shadow_price"], right["dual_section_t_a_per_mgL"], **near)
    ranges = table[["price_lower", "price_upper"]]
    np.testing.assert_allclose(ranges, right["dual_valid_headroom_range_mgL"], **near)
    kept = face(program, solution)
    widths = [kept.maximise(one).value - kept.minimise(one).value for one in units(kept)]
    assert (max(widths, default=0.0) <= known["tolerance"]) is right["unique_primal"]
    same = np.allclose(table["shadow_price"], table["tightening_price"], **near)
    assert (same and not solution.degenerate) is right["unique_dual"]


def units(program: Program) -> list["pd.Series[float]"]:
    return [pd.Series({label: 1.0}) for label in program.column]


def test_prices_keep_their_sign_whatever_the_direction_of_the_program() -> None:
    program = max_load(case("max_load_shadow_price")["inputs"])
    np.testing.assert_allclose(program.minimise(-1.0).shadow_price, [40.0, 100.0], rtol=1e-12)
    floor = Program().columns(["x"]).at_least("floor", [2.0], 6.0)
    assert floor.minimise(5.0).shadow_price["floor"] == pytest.approx(2.5, rel=1e-12)
    fixed = Program().columns(["x"]).equal("fixed", [2.0], 6.0)
    assert fixed.maximise(-5.0).shadow_price["fixed"] == pytest.approx(-2.5, rel=1e-12)
    assert prices(fixed, -5.0).loc["fixed"].tolist() == [-2.5, -2.5, 0.0, np.inf]


def removal(inputs: dict[str, Any]) -> Program:
    """Removal fractions of two sites; both standards as rows."""
    transfer, load = inputs["transfer"], inputs["W_kg_per_d"]
    flow, limit = inputs["flow_m3s"], inputs["conc_mgL"]
    upstream = 86.4 * flow["Q1"] * limit["P1_upstream"]
    a12, a13, a23 = (transfer[key] for key in ("a12", "a13", "a23"))
    rows = [[load[0] * a12, 0.0], [load[0] * a13, load[1] * a23]]
    at_none = [(upstream + load[0]) * a12, (upstream + load[0]) * a13 + load[1] * a23]
    allowed = [86.4 * flow["Q2"] * limit["P2max"], 86.4 * flow["Q3"] * limit["P3max"]]
    return (
        Program()
        .columns(["x1", "x2"], 0.0, inputs["max_removal"])
        .at_least(["P2", "P3"], rows, np.subtract(at_none, allowed), "kg/d")
    )


def test_two_sites_at_least_cost() -> None:
    known = case("wla_loucks_two_site")
    right, near = known["expected"], {"rtol": 0, "atol": known["tolerance"]}
    program = removal(known["inputs"])
    for solution in right["solutions"].values():
        found = program.minimise(solution["cost"])
        np.testing.assert_allclose(found.column, solution["x"], **near)
        np.testing.assert_allclose(found.value, solution["total_cost"], **near)
    least = program.minimise([1.0, 0.0]).value
    row = program.matrix.toarray()[1]
    np.testing.assert_allclose(least, right["reduced"]["x1_min"], **near)
    np.testing.assert_allclose(row[1] / row[0], right["reduced"]["coef_x2"], **near)
    np.testing.assert_allclose(program.limit[1] / row[0], right["reduced"]["rhs"], **near)
    equal = program.equal("same", [1.0, -1.0], 0.0).minimise(1.0)
    np.testing.assert_allclose(equal.column, right["equal_removal_fraction"], **near)
    low, high = 0.0, 1.0
    for _ in range(40):
        ratio = (low + high) / 2
        full = program.minimise([ratio, 1.0]).column["x1"] > 0.99
        low, high = (ratio, high) if full else (low, ratio)
    np.testing.assert_allclose(low, right["cost_ratio_switch_c1_over_c2"], **near)


def test_three_communities() -> None:
    known = case("wla_three_communities")
    inputs, right = known["inputs"], known["expected"]
    discharge = np.array(inputs["discharge_t_d"], dtype=float)
    program = Program().columns(["C1", "C2", "C3"], 0.0, discharge)
    excess = discharge.cumsum() - inputs["tolerated_t_d"]
    program = program.at_least(["L1", "L2", "L3"], np.tril(np.ones((3, 3))), excess, "t/d")
    found = program.minimise(inputs["cost_per_t"])
    np.testing.assert_allclose(found.column, right["removal_t_d"], rtol=0, atol=known["tolerance"])
    np.testing.assert_allclose(found.value, right["cost"], rtol=known["tolerance"])
    share = program.columns("share").equal(
        ["s1", "s2", "s3"], np.column_stack([np.eye(3), -discharge]), 0.0
    )
    uniform = share.minimise([*inputs["cost_per_t"], 0.0]).value
    np.testing.assert_allclose(uniform, right["uniform_removal_cost"], rtol=known["tolerance"])
    assert found.column.tolist() != [2.0, 0.0, 0.0]


def guarantees(inputs: dict[str, Any]) -> Program:
    """Sections of two months, floors as rows."""
    program = Program().columns(["E1", "E2"])
    for month, factor in inputs["month_factor"].items():
        response = factor * np.array(inputs["response_M1"])
        labels = [f"S1_{month}", f"S2_{month}"]
        program = program.at_most(labels, response, inputs["headroom_mgL"], "mg/L")
    return program.at_least(["lb_E1", "lb_E2"], np.eye(2), inputs["lower_t_month"], "t")


def test_least_relaxation_and_every_conflict() -> None:
    known = case("infeasible_minimal_relaxation")
    inputs, right = known["inputs"], known["expected"]
    near = {"rtol": 0, "atol": known["tolerance"]}
    program = guarantees(inputs)
    sections = [label for label in program.row if label.startswith("S")]
    floors = ["lb_E1", "lb_E2"]
    missed = relax(program, sections)["missing"]
    for month, expected in right["section_relaxation_mgL"].items():
        np.testing.assert_allclose(missed[[f"S1_{month}", f"S2_{month}"]], expected, **near)
    np.testing.assert_allclose(missed.sum(), right["L1_section_total_mgL"], **near)
    at_floors = program.matrix @ np.array(inputs["lower_t_month"])
    for k, expected in enumerate(right["conc_at_floors_mgL"].values()):
        np.testing.assert_allclose(at_floors[2 * k : 2 * k + 2], expected, **near)
    yielding = relax(program, floors)
    np.testing.assert_allclose(yielding["missing"][floors], right["floor_relaxation_t"], **near)
    total = yielding["missing"].sum()
    np.testing.assert_allclose(total, right["floor_relaxation_total_t"], **near)
    dual = yielding["shadow_price"][["S1_M7", "S2_M7"]]
    np.testing.assert_allclose(dual, right["floor_relaxation_dual_t_per_mgL"], **near)
    july = program.keep([2, 3, 4, 5]).columns("multiplier")
    july = july.at_most(
        ["k1", "k2"], np.column_stack([july.matrix[:2, :2].toarray(), [-0.5, -0.5]]), 0
    )
    scaled = july.keep([2, 3, 4, 5]).minimise([0.0, 0.0, 1.0]).value
    np.testing.assert_allclose(scaled, right["uniform_standard_multiplier_M7"], **near)
    found = [sorted(map(str, subset)) for subset in conflicts(program)]
    assert sorted(found) == sorted(sorted(subset) for subset in right["IIS"])


def test_weights_and_ties_of_a_relaxation() -> None:
    # One unit must yield in total: evenly where the weights are equal, all from the cheaper one.
    program = Program().columns(["a", "b"]).at_most("cap", [1.0, 1.0], 3.0)
    program = program.at_least(["fa", "fb"], np.eye(2), 2.0)
    assert relax(program, ["fa", "fb"])["missing"].tolist() == pytest.approx([0.0, 0.5, 0.5])
    heavy = relax(program, ["fa", "fb"], pd.Series({"fa": 1.0, "fb": 3.0}))["missing"]
    assert heavy.tolist() == pytest.approx([0.0, 1.0, 0.0])
    with pytest.raises(InfeasibleError, match="may not be relaxed"):
        relax(program.at_most("hard", [1.0, 0.0], -1.0), ["fa", "fb"])


def test_one_sided_prices_where_the_optimum_is_degenerate() -> None:
    # Two sections say the same: more room at one alone buys nothing, less costs 100.
    program = Program().columns(["E1"]).at_most(["S1", "S2"], [[0.01], [0.01]], 0.5)
    table = prices(program, 1.0)
    assert program.maximise(1.0).degenerate
    np.testing.assert_allclose(table["shadow_price"], 0.0, atol=1e-12)
    np.testing.assert_allclose(table["tightening_price"], 100.0, rtol=1e-12)
    assert table[["price_lower", "price_upper"]].to_numpy().tolist() == [[0.5, np.inf]] * 2
    nothing_left = Program().columns(["E1"], 50.0).at_most("S1", [0.01], 0.5)
    assert prices(nothing_left, 1.0).loc["S1", "tightening_price"] == np.inf


@st.composite
def programs(draw: st.DrawFn) -> tuple[Program, Any]:
    """Bounded feasible programs with ties and zeros: x = 0 always fits."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    small = st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.0, 3.0])
    matrix = np.array([[draw(small) for _ in range(n)] for _ in range(m)])
    limit = np.array([draw(st.sampled_from([0.0, 1.0, 2.0, 2.5, 4.0])) for _ in range(m)])
    upper = np.array([draw(st.sampled_from([0.5, 1.0, 2.0, 5.0])) for _ in range(n)])
    cost = np.array([draw(st.sampled_from([1.0, 1.0, 2.0, -1.0])) for _ in range(n)])
    program = Program().columns(range(n), 0.0, upper).at_most(range(m), matrix, limit)
    return program, cost


@given(programs())
@settings(max_examples=60, deadline=None)
def test_value_and_one_sided_prices_against_another_solver(drawn: tuple[Program, Any]) -> None:
    program, cost = drawn

    def best(limit: Any) -> float:
        bounds = np.column_stack([program.lower, program.upper])
        found = optimize.linprog(-cost, program.matrix.toarray(), limit, bounds=bounds)
        return float(-found.fun) if found.success else -np.inf

    value = best(program.limit)
    solution = program.maximise(cost)
    assert solution.value == pytest.approx(value, abs=1e-9)
    table = prices(program, cost)
    for k in range(len(program.limit)):
        step = np.zeros(len(program.limit))
        step[k] = 1e-5
        gain = (best(program.limit + step) - value) / 1e-5
        loss = (value - best(program.limit - step)) / 1e-5
        assert table["shadow_price"][k] == pytest.approx(gain, abs=1e-6)
        assert table["tightening_price"][k] == pytest.approx(loss, abs=1e-6)
        # Within the range the total is a straight line of that slope; beyond it, it bends.
        low, high = table["price_lower"][k], table["price_upper"][k]
        for end, beyond in ((low, -0.01), (min(high, 50.0), 0.01)):
            moved = end - program.limit[k]
            line = value + table["shadow_price"][k] * moved
            step[k] = moved
            assert best(program.limit + step) == pytest.approx(line, abs=1e-8)
            if end < 50.0:
                step[k] = moved + beyond
                below = line + table["shadow_price"][k] * beyond
                assert best(program.limit + step) < below - 1e-6


def knotted(seed: int) -> tuple[Program, Any]:
    """Ties everywhere: equal rows and columns, multiples, full rows, rows and columns at 0."""
    random = np.random.default_rng(seed)
    m, n = random.integers(1, 7, 2)
    grid = [[0.0, 1.0], [0.0, 0.5, 1.0, 2.0], [0.0, 0.0, 1.0, 3.0], [-1.0, 0.0, 1.0, 2.0]]
    matrix = random.choice(grid[random.integers(4)], (m, n))
    matrix[random.integers(m)] = matrix[random.integers(m)] * random.choice([1.0, 2.0])
    matrix[:, random.integers(n)] = matrix[:, random.integers(n)]
    upper = random.choice([0.0, 0.5, 1.0, 2.0, 5.0], n)
    lower = np.minimum(random.choice([0.0, 0.0, 0.5], n), upper)
    # Most rows are just full, either at the floors or at some other point.
    point = np.clip(random.choice([0.0, 0.5, 1.0, 2.0], n), lower, upper)
    slack = random.choice([0.0, 0.0, 0.5, 1.0, 2.0, 20.0], m)
    program = Program().columns(range(n), lower, upper)
    program = program.at_most(range(m), matrix, np.maximum(matrix @ lower, matrix @ point) + slack)
    if random.random() < 0.3:
        program = program.at_least("floor", matrix[0], matrix[0] @ point)
    return program, random.choice([1.0, 1.0, 1.0, 2.0, 0.0, -1.0], n)


@given(st.integers(0, 1_000_000))
@settings(max_examples=300, deadline=None)
def test_prices_of_degenerate_programs_are_what_steps_gain(seed: int) -> None:
    program, cost = knotted(seed)
    table = prices(program, cost)
    np.testing.assert_array_equal(gains(program, cost), table["shadow_price"])
    value = program.maximise(cost).value

    def best(k: int, relaxed: float) -> float:
        limit = program.limit.copy()
        limit[k] += relaxed * program.sense[k]
        try:
            return replace(program, limit=limit).maximise(cost).value
        except InfeasibleError:
            return -np.inf

    for k, row in enumerate(table.itertuples()):
        assert row.shadow_price == pytest.approx((best(k, 1e-5) - value) / 1e-5, abs=1e-6)
        assert row.tightening_price == pytest.approx((value - best(k, -1e-5)) / 1e-5, abs=1e-6)
        ends = sorted(
            program.sense[k] * (end - program.limit[k])
            for end in (row.price_lower, row.price_upper)
        )
        for moved, beyond in zip(ends, (-0.01, 0.01), strict=True):
            there = float(np.clip(moved, -50.0, 50.0))
            line = value + row.shadow_price * there
            assert best(k, there) == pytest.approx(line, abs=1e-8)
            if abs(moved) < 50.0:
                assert best(k, there + beyond) < line + row.shadow_price * beyond - 1e-6


def test_prices_of_a_plain_optimum_take_one_solve(monkeypatch: pytest.MonkeyPatch) -> None:
    from permitload.program import _highs

    runs = []

    class Counted(_highs.Model):
        def run(self) -> Any:
            runs.append(self)
            return super().run()

    random = np.random.default_rng(0)
    program = Program().columns(range(80), 0.0, random.uniform(1, 2, 80))
    matrix = random.uniform(0.5, 1.5, (30, 80))
    program = program.at_most(range(30), matrix, 0.6 * matrix.sum(axis=1))
    monkeypatch.setattr(_highs, "Model", Counted)
    assert (prices(program, 1.0)["shadow_price"] > 0).sum() > 1
    assert len(runs) == 1


@given(programs(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_order_and_units_do_not_matter(drawn: tuple[Program, Any], random: Any) -> None:
    program, cost = drawn
    rows, columns = list(range(len(program.row))), list(range(len(program.column)))
    random.shuffle(rows)
    random.shuffle(columns)
    large = 1e6
    other = (
        Program()
        .columns(columns, 0.0, program.upper[columns] * large)
        .at_most(
            rows, program.matrix.toarray()[rows][:, columns] / large**2, program.limit[rows] / large
        )
    )
    ours, theirs = prices(program, cost), prices(other, cost[columns])
    assert other.maximise(cost[columns]).value / large == pytest.approx(
        program.maximise(cost).value, abs=1e-8
    )
    scale = pd.Series({"shadow_price": large**2, "tightening_price": large**2})
    rest = pd.Series({"price_lower": 1 / large, "price_upper": 1 / large})
    expected = ours * pd.concat([scale, rest])
    np.testing.assert_allclose(theirs.loc[ours.index], expected, rtol=1e-7, atol=1e-9)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_conflicts_are_all_the_irreducible_ones(seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix = random.integers(-1, 2, (5, 2)).astype(float)
    program = Program().columns(["x", "y"], 0.0, 5.0)
    program = program.at_most(range(5), matrix, random.integers(-2, 2, 5).astype(float))

    def feasible(rows: tuple[int, ...]) -> bool:
        bounds = [(0.0, 5.0)] * 2
        kept = list(rows)
        if not kept:
            return True
        found = optimize.linprog([0, 0], matrix[kept], program.limit[kept], bounds=bounds)
        return bool(found.success)

    right = [
        rows
        for size in range(1, 6)
        for rows in itertools.combinations(range(5), size)
        if not feasible(rows)
        and all(feasible(fewer) for fewer in itertools.combinations(rows, size - 1))
    ]
    assert conflicts(program, 50) == right
    assert set(conflicts(program, 1)) <= set(right)
    if right:
        missing = relax(program, program.row)["missing"].to_numpy()
        widened = program.limit + missing + 1e-9
        fits = optimize.linprog([0, 0], matrix, widened, bounds=[(0.0, 5.0)] * 2)
        assert fits.success and missing.sum() > 0


@given(st.integers(0, 1_000_000))
@example(196)
@example(486)
@example(837)
@example(1960)
@settings(max_examples=100, deadline=None)
def test_prices_of_programs_over_twelve_orders_of_magnitude(seed: int) -> None:
    random = np.random.default_rng(seed)
    m, n = random.integers(1, 6, 2)
    matrix = 10 ** random.uniform(-12, 0, (m, n)) * (random.random((m, n)) < 0.8)
    limit, upper = 10 ** random.uniform(-6, 1, m), 10 ** random.uniform(0, 5, n)
    program = Program().columns(range(n), 0.0, upper).at_most(range(m), matrix, limit)
    table = prices(program, 1.0)
    assert not table.isna().any(axis=None)
    assert (table["shadow_price"] >= 0).all()
    assert (table["price_lower"] <= limit * (1 + 1e-6)).all()
    assert (table["price_upper"] >= limit * (1 - 1e-6)).all()
    point = program.maximise(1.0).column.to_numpy()
    assert (matrix @ point <= limit * (1 + 2e-9)).all()


@given(st.integers(0, 1_000_000))
@example(576)
@example(1704)
@settings(max_examples=60, deadline=None)
def test_one_row_over_twelve_orders_is_filled_by_the_best_first(seed: int) -> None:
    """A fractional knapsack in exact numbers: nothing next to it may hide what a unit costs."""
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 7))
    row, limit = 10 ** random.uniform(-12, 0, n), float(10 ** random.uniform(-6, 1))
    upper = 10 ** random.uniform(0, 5, n)
    left, right, price = Fraction(limit), Fraction(0), Fraction(0)
    for k in np.argsort(row):
        most = min(Fraction(upper[k]), left / Fraction(row[k]))
        left, right = left - most * Fraction(row[k]), right + most
        if not left:
            price = 1 / Fraction(row[k])
            break
    found = Program().columns(range(n), 0.0, upper).at_most("S1", row, limit).maximise(1.0)
    assert found.value == pytest.approx(float(right), rel=1e-9)
    assert found.shadow_price["S1"] == pytest.approx(float(price), rel=1e-9)


@given(st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_prices_in_any_units_are_what_a_step_gains(seed: int) -> None:
    """Well conditioned, but each row and column in a unit of its own, six orders apart each."""
    random = np.random.default_rng(seed)
    m, n = random.integers(1, 6, 2)
    row, column = 10 ** random.uniform(-3, 3, m), 10 ** random.uniform(-3, 3, n)
    matrix = random.uniform(0.5, 2, (m, n)) * (random.random((m, n)) < 0.7)
    limit, upper = random.uniform(0.5, 2, m), random.uniform(0.1, 3, n)
    bounds = np.column_stack([np.zeros(n), upper])

    def best(room: Any) -> float:
        return float(-optimize.linprog(-1.0 / column, matrix, room, bounds=bounds).fun)

    program = Program().columns(range(n), 0.0, upper / column)
    program = program.at_most(range(m), matrix * np.outer(row, column), limit * row)
    table, value = prices(program, 1.0), best(limit)
    assert program.maximise(1.0).value == pytest.approx(value, rel=1e-9)
    for k in range(m):
        step = 1e-4 * (np.arange(m) == k)
        assert table["price_lower"][k] <= limit[k] * row[k] * (1 + 1e-9)
        if table["price_upper"][k] >= (limit[k] + 1e-4) * row[k]:
            gain = best(limit + step) - value
            assert table["shadow_price"][k] * 1e-4 * row[k] == pytest.approx(gain, abs=1e-9 * value)


def test_leximin_of_any_sign() -> None:
    # y may only follow x, x is limited: both stop at 4; z, free of both, reaches its ceiling.
    program = Program().columns(["x", "y", "z"], 0.0, 10.0)
    program = program.at_most(["cap", "follow"], [[1.0, 0, 0], [-1.0, 1.0, 0]], [4.0, 0.0])
    claim = pd.Series({"x": 10.0, "y": 10.0, "z": 10.0})
    found = leximin(program, 0 * claim, claim)
    np.testing.assert_allclose(found["share"], [4.0, 4.0, 10.0], rtol=1e-12)
    assert found["stopped_by"]["z"] == "ceiling"
    assert found["stopped_by"]["x"] == "cap"
    with pytest.raises(DataError, match="without limit"):
        leximin(Program().columns(["x"]), claim[["x"]] * 0, claim[["x"]])
    with pytest.raises(DataError, match="no step"):
        leximin(program, 0 * claim, 0 * claim)


def test_labels_are_matched_not_counted() -> None:
    program = Program().columns(["a", "b"], pd.Series({"b": 2.0, "a": 1.0}), 9.0)
    assert program.lower.tolist() == [1.0, 2.0]
    frame = pd.DataFrame({"b": [5.0, 7.0]}, index=["r2", "r1"])
    rows = program.at_most(["r1", "r2"], frame, pd.Series({"r2": 50.0, "r1": 70.0}))
    assert rows.matrix.toarray().tolist() == [[0.0, 7.0], [0.0, 5.0]]
    assert rows.limit.tolist() == [70.0, 50.0]
    dense = program.at_most(["r"], np.array([[1.0, 2.0]]), 1.0)
    thin = program.at_most(["r"], sparse.coo_array(np.array([[1.0, 2.0]])), 1.0)
    assert (dense.matrix != thin.matrix).nnz == 0
    tuples = Program().columns([("E1", "dry"), ("E1", "wet")], 0.0, 3.0)
    assert tuples.maximise(1.0).column.index.tolist() == [("E1", "dry"), ("E1", "wet")]


BASE = Program().columns(["a", "b"])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Program().maximise(1.0), "no columns"),
        (lambda: BASE.columns(["b"]), "b, column: is there twice"),
        (
            lambda: BASE.at_most("r", [1, 1], 1.0).at_most("r", [1, 1], 1.0),
            "r, row: is there twice",
        ),
        (lambda: BASE.at_most("r", pd.Series({"z": 1.0}), 1.0), "z, column: is not known"),
        (lambda: BASE.at_most("r", [1, np.nan], 1.0), "NaN"),
        (lambda: BASE.at_most("r", [1, 1], np.nan), "r, limit: nan is not a number"),
        (lambda: BASE.at_most("r", [1, 1, 1], 1.0), "shape"),
        (lambda: BASE.columns(["c"], 2.0, 1.0), "c, lower: 2.0 exceeds upper"),
        (lambda: BASE.columns(["c"], np.nan), "c, lower: nan is not a number"),
        (lambda: BASE.maximise([1.0, np.nan]), "b, objective: nan"),
        (lambda: BASE.at_most("r", [1, 0], 1.0).maximise(1.0), "without limit along b"),
        (lambda: relax(BASE.at_most("r", [1, 0], 1.0), ["q"]), "q, weight: 1.0 fits no row"),
        (lambda: relax(BASE.at_most("r", [1, 0], 1.0), ["r"], 0.0), "r, weight: 0.0 fits no row"),
        (lambda: conflicts(BASE, 0), "at least 1"),
    ],
)
def test_faults_name_the_label(build: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        build()


def test_programs_are_values() -> None:
    program = Program().columns(["a"], 0.0, 1.0)
    program.at_most("r", [1.0], 0.5)
    program.columns("b")
    assert program.maximise(1.0).value == 1.0
    with pytest.raises(InfeasibleError, match="relax"):
        program.at_least("r", [1.0], 2.0).maximise(1.0)


def test_rows_of_a_sparse_array_are_the_programs_own() -> None:
    """Entries given twice are added, and what is done to the array later changes nothing."""
    given = sparse.csr_array(
        (np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0]), np.array([0, 3])), shape=(1, 2)
    )
    program = Program().columns(["A", "B"]).at_most("S", given, 12.0)
    tidy = sparse.csr_array([[4.0, 3.0]])
    other = Program().columns(["A", "B"]).at_most("S", tidy, 12.0)
    given.data[:] = tidy.data[:] = 9.0
    for one in (program, other):
        assert one.matrix.toarray().tolist() == [[4.0, 3.0]]
    assert given.indices.tolist() == [1, 1, 0]
