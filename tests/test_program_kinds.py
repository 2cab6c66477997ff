"""Integer and quadratic programs, and Pyomo's door, against other solvers."""

import itertools
from dataclasses import replace
from typing import Any

import highspy
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from permitload.errors import ConvergenceError, DataError, InfeasibleError
from permitload.program import Program, conflicts, face, gains, leximin, prices, relax

SEEDS = st.integers(0, 1_000_000)


def mixed(seed: int) -> tuple[Program, Any]:
    """Some integer columns, some not; rows of either kind; ties; sometimes no point at all."""
    random = np.random.default_rng(seed)
    m, n, k = random.integers(1, 6), random.integers(1, 4), random.integers(1, 6)
    matrix = random.choice([-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 3.0], (m, n + k))
    program = Program().columns(range(k), 0.0, random.integers(1, 5, k), integer=True)
    program = program.columns(range(k, k + n), 0.0, random.choice([0.5, 2.0, 7.0], n))
    cut = random.integers(1, m + 1)
    program = program.at_most(range(cut), matrix[:cut], random.choice([0.7, 2.0, 4.5], cut))
    if cut < m:
        rest = range(cut, m)
        program = program.at_least(rest, matrix[cut:], random.choice([-2.0, 0.3, 2.0], m - cut))
    return program, random.choice([-1.0, 0.0, 1.0, 2.0, 2.5], n + k)


def milp(program: Program, cost: Any) -> float:
    """Greatest value by scipy; less than any if there is no point."""
    low = np.where(program.sense <= 0, program.limit, -np.inf)
    high = np.where(program.sense >= 0, program.limit, np.inf)
    found = optimize.milp(
        -cost,
        integrality=program.integer.astype(int),
        bounds=optimize.Bounds(program.lower, program.upper),
        constraints=optimize.LinearConstraint(program.matrix.toarray(), low, high),
        # presolve of old releases takes some programs that have a point for infeasible
        options={"mip_rel_gap": 0.0, "presolve": False},
    )
    return float(-found.fun) if found.success else -np.inf


@given(SEEDS)
@example(380997)
@settings(max_examples=150, deadline=None)
def test_integer_programs_against_scipy_and_their_own_enumeration(seed: int) -> None:
    program, cost = mixed(seed)
    right = milp(program, cost)
    if right == -np.inf:
        with pytest.raises(InfeasibleError):
            program.maximise(cost)
        return
    found = program.maximise(cost)
    # scipy's point may miss a row by 1e-6, and so be that much better.
    assert found.value == pytest.approx(right, abs=1e-5)
    assert (found.given % 1 == 0).all()
    assert list(found.given.index) == list(program.column[program.integer])
    # Every choice of integers: the best of the linear programs that they leave.
    whole = program.column[program.integer]
    ranges = [range(int(top) + 1) for top in program.upper[program.integer]]
    if np.prod([len(values) for values in ranges]) > 60:
        return
    best = -np.inf
    for choice in itertools.product(*ranges):
        try:
            best = max(
                best, program.given(pd.Series(choice, whole, dtype=float)).maximise(cost).value
            )
        except InfeasibleError:
            continue
    assert found.value == pytest.approx(best, abs=1e-9)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_prices_of_an_integer_program_are_those_given_its_integers(seed: int) -> None:
    program, cost = mixed(seed)
    try:
        found = program.maximise(cost)
    except InfeasibleError:
        return
    fixed = program.given(found.given)
    assert not fixed.integer.any()
    if found.degenerate:
        return
    for k, price in enumerate(found.shadow_price):
        limit = fixed.limit.copy()
        limit[k] += 1e-6 * fixed.sense[k]
        step = replace(fixed, limit=limit).maximise(cost).value - found.value
        assert price == pytest.approx(step / 1e-6, abs=1e-6)
    assert not (found.lower_price + found.upper_price)[found.given.index].any()


def test_gap_of_zero_and_the_price_of_a_whole_plant() -> None:
    # A knapsack whose second best is 1e-5 away in relative terms: a gap of 1e-4 may stop there.
    program = Program().columns(["a", "b", "c"], 0.0, 1.0, integer=True)
    program = program.at_most("room", [5.0, 4.0, 3.0], 8.0)
    found = program.maximise([50_000.0, 39_999.0, 30_000.5])
    assert found.column.tolist() == [1.0, 0.0, 1.0]
    assert found.value == 80_000.5
    # Room for half a plant is worth nothing given the choice, and much without.
    assert found.shadow_price["room"] == 0.0
    relaxed = replace(program, integer=np.zeros(3, dtype=bool))
    assert prices(relaxed, [50_000.0, 39_999.0, 30_000.5])["shadow_price"]["room"] > 9_000.0


def test_integer_programs_that_have_no_best_or_no_point() -> None:
    whole = Program().columns(["n"], integer=True)
    with pytest.raises(DataError, match="without limit along n"):
        whole.maximise(1.0)
    with pytest.raises(InfeasibleError):
        whole.equal("half", [2.0], 1.0).maximise(0.0)
    with pytest.raises(InfeasibleError):
        whole.equal("half", [2.0], 1.0).columns(["x"]).maximise([0.0, 1.0])
    assert whole.at_most("r", [2.0], 7.0).maximise(1.0).value == 3.0


def test_relaxation_and_conflicts_of_integer_programs() -> None:
    program = Program().columns(["n"], 0.0, 3.0, integer=True)
    program = program.at_least("enough", [1.0], 2.5).at_most(
        ["money", "idle"], [[2.0], [1.0]], [5.0, 9.0]
    )
    # Continuous, n = 2.5 meets both; whole, three plants cost one too much.
    assert conflicts(program) == [("enough", "money")]
    assert relax(program, ["money"])["missing"]["money"] == pytest.approx(1.0)
    assert relax(program, ["enough"])["missing"]["enough"] == pytest.approx(0.5)


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_conflicts_of_integer_programs_are_irreducible(seed: int) -> None:
    program, cost = mixed(seed)
    for subset in conflicts(program, 3):
        rows = program.row.get_indexer(list(subset))
        assert milp(program.keep(rows), 0.0 * cost) == -np.inf
        for row in rows:
            assert milp(program.keep(rows[rows != row]), 0.0 * cost) == 0.0


def bent(seed: int) -> tuple[Program, Any, Any]:
    """Quadratic programs with a point: any rank, equalities, repeated and idle rows."""
    random = np.random.default_rng(seed)
    m, n = random.integers(1, 6), random.integers(1, 7)
    factor = random.normal(size=(random.integers(1, n + 1), n)).round(1)
    hessian = factor.T @ factor + np.diag(random.choice([0.0, 0.1, 1.0, 5.0], n))
    matrix = random.choice([-1.0, 0.0, 0.5, 1.0, 2.0], (m, n))
    matrix[random.integers(m)] = matrix[0]
    lower = random.choice([0.0, -1.0, 0.5], n)
    upper = lower + random.choice([0.0, 1.0, 4.0], n)
    point = random.uniform(lower, upper)
    program = Program().columns(range(n), lower, upper)
    program = program.at_most(range(m), matrix, matrix @ point + random.choice([0.0, 0.5, 9.0], m))
    if random.random() < 0.3:
        program = program.equal("e", matrix[-1], matrix[-1] @ point)
    return program, random.normal(size=n).round(1), hessian


def misfit(program: Program, objective: Any, hessian: Any, found: Any) -> float:
    """Greatest breach of the conditions of Karush, Kuhn and Tucker, each in its own size."""
    x, y = found.column.to_numpy(), found.shadow_price.to_numpy()
    matrix = program.matrix.toarray()
    sense = np.where(program.sense == 0, 1, program.sense)
    bound = found.lower_price.to_numpy() - found.upper_price.to_numpy()
    left = objective + hessian @ x + matrix.T @ (sense * y) - bound
    size = np.abs(objective) + np.abs(hessian) @ np.abs(x) + np.abs(matrix).T @ np.abs(y) + 1.0
    slack = program.limit - matrix @ x
    breach = np.where(program.sense == 0, np.abs(slack), np.maximum(-program.sense * slack, 0.0))
    terms = [
        np.abs(left) / size,
        breach,
        np.maximum(program.lower - x, 0.0),
        np.maximum(x - program.upper, 0.0),
        np.maximum(-y, 0.0) * (program.sense != 0),
        np.abs(y * slack),
        found.lower_price * (x - program.lower),
        found.upper_price * (program.upper - x),
    ]
    return float(max(np.abs(term).max() for term in terms))


@given(SEEDS)
@settings(max_examples=200, deadline=None)
def test_quadratic_programs_meet_the_conditions_of_an_optimum(seed: int) -> None:
    program, objective, hessian = bent(seed)
    found = program.minimise_quadratic(objective, hessian)
    assert misfit(program, objective, hessian, found) < 1e-11
    x = found.column.to_numpy()
    assert found.value == pytest.approx(objective @ x + x @ hessian @ x / 2, abs=1e-12)


def highs(program: Program, objective: Any, hessian: Any) -> float:
    """Least value by HiGHS's own method for quadratic programs, without its regularisation."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # untyped in highspy
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("qp_regularization_value", 0.0)
    matrix = program.matrix.tocsr()
    count = len(program.column)
    solver.passModel(
        count, len(program.row), matrix.nnz, int(highspy.MatrixFormat.kRowwise), 1, 0.0,
        objective, program.lower, program.upper,
        np.where(program.sense <= 0, program.limit, -np.inf),
        np.where(program.sense >= 0, program.limit, np.inf),
        matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data,
        np.zeros(count, dtype=np.int32),
    )  # fmt: skip
    half = sparse.csc_matrix(np.tril(hessian))
    given = highspy.HighsHessian()
    given.dim_, given.format_ = count, highspy.HessianFormat.kTriangular
    given.start_, given.index_, given.value_ = half.indptr, half.indices, half.data
    solver.passHessian(given)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(solver.getInfo().objective_function_value)


@pytest.mark.parametrize("seed", range(25))
def test_quadratic_programs_against_another_method(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, m = random.integers(2, 30), random.integers(1, 10)
    target = random.lognormal(2.0, 1.0, n)
    matrix = random.uniform(0.1, 1.0, (m, n)) * (random.random((m, n)) < 0.6)
    limit = random.uniform(0.3, 1.1, m) * (matrix @ target)
    program = Program().columns(range(n), 0.0, 2 * target).at_most(range(m), matrix, limit)
    found = program.minimise_quadratic(-2.0, 2.0 / target)
    assert found.value == pytest.approx(
        highs(program, np.full(n, -2.0), np.diag(2.0 / target)), rel=1e-7
    )
    # Chi-square projection: what a price does to a share.
    price = found.shadow_price.to_numpy() @ matrix
    inside = found.column > 1e-9
    expected = target * (1.0 - price / 2.0)
    np.testing.assert_allclose(found.column[inside], expected[inside], rtol=1e-9)


@pytest.mark.parametrize("size", [1e-9, 1e6])
def test_units_of_a_quadratic_program_do_not_matter(size: float) -> None:
    target = np.array([30.0, 10.0, 2.0])
    matrix = np.array([[1.0, 2.0, 0.5], [0.2, 1.0, 3.0]])
    base = Program().columns(["a", "b", "c"]).at_most(["r", "s"], matrix, [40.0, 12.0])
    other = (
        Program()
        .columns(["a", "b", "c"])
        .at_most(["s", "r"], matrix[::-1] * [[size], [1 / size]] / size, [12.0 * size, 40.0 / size])
    )
    ours = base.minimise_quadratic(-2.0, 2.0 / target)
    theirs = other.minimise_quadratic(-2.0, 2.0 / (target * size))
    np.testing.assert_allclose(theirs.column / size, ours.column, rtol=1e-9)
    np.testing.assert_allclose(theirs.value / size, ours.value, rtol=1e-9)
    scale = pd.Series({"r": size**2, "s": 1.0})
    np.testing.assert_allclose(
        theirs.shadow_price[["r", "s"]], ours.shadow_price * scale, rtol=1e-8
    )


def test_curvature_by_label_by_number_and_as_a_matrix() -> None:
    program = Program().columns(["a", "b"], -9.0).at_most("r", [1.0, 1.0], 1.0)
    one = program.minimise_quadratic([-3.0, -2.0], np.array([[2.0, 1.0], [1.0, 2.0]]))
    frame = pd.DataFrame({"b": [1.0, 2.0], "a": [2.0, 1.0]}, index=["a", "b"])
    two = program.minimise_quadratic(pd.Series({"b": -2.0, "a": -3.0}), frame)
    thin = sparse.coo_array(np.array([[2.0, 1.0], [1.0, 2.0]]))
    three = program.minimise_quadratic([-3.0, -2.0], thin)
    for found in (one, two, three):
        # 2a + b = 3 - y, a + 2b = 2 - y, a + b = 1: a = 1, b = 0, y = 1.
        np.testing.assert_allclose(found.column, [1.0, 0.0], atol=1e-12)
        assert found.shadow_price["r"] == pytest.approx(1.0, rel=1e-12)
    flat = program.minimise_quadratic(pd.Series({"a": -3.0, "b": 0.0}), pd.Series({"a": 1.0}))
    assert flat.column["a"] == pytest.approx(3.0, rel=1e-9)


BASE = Program().columns(["a", "b"])
WHOLE = BASE.columns(["n"], integer=True)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: BASE.minimise_quadratic(1.0, -1.0), "a, quadratic: -1.0 is not convex"),
        (lambda: BASE.minimise_quadratic(1.0, np.array([[1.0, 2.0], [2.0, 1.0]])), "not convex"),
        (lambda: BASE.minimise_quadratic(1.0, np.array([[1.0, 0.5], [0.0, 1.0]])), "symmetric"),
        (lambda: BASE.minimise_quadratic(1.0, np.eye(3)), "shape"),
        (lambda: BASE.minimise_quadratic(1.0, np.nan), "nan"),
        (lambda: BASE.minimise_quadratic(1.0, pd.Series({"z": 1.0})), "z, column: is not known"),
        (lambda: BASE.minimise_quadratic([-1.0, 0.0], [0.0, 1.0]), "without limit along a"),
        (lambda: WHOLE.minimise_quadratic(1.0, 1.0), "n are integer"),
        (lambda: prices(WHOLE, -1.0), r"right would be program.given\(solution.given\)"),
        (lambda: gains(WHOLE, -1.0), "n are integer"),
        (lambda: face(WHOLE, WHOLE.maximise(-1.0)), "n are integer"),
        (lambda: leximin(WHOLE, pd.Series({"a": 0.0}), pd.Series({"a": 1.0})), "n are integer"),
        (lambda: BASE.columns(["m"], 0.5, integer=True), "m, integer: 0.5 is no whole number"),
        (lambda: WHOLE.given(pd.Series({"z": 1.0})), "z, column: 1.0 fits no column"),
        (lambda: WHOLE.given(pd.Series({"n": -1.0})), "n, column: -1.0 fits no column"),
        (lambda: WHOLE.given(pd.Series({"n": np.nan})), "n, column: nan is not a number"),
    ],
)
def test_faults_name_what_is_wrong(build: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        build()


def test_quadratic_programs_without_a_point() -> None:
    with pytest.raises(InfeasibleError, match="relax"):
        BASE.at_most("r", [1.0, 1.0], -1.0).minimise_quadratic(0.0, 1.0)


def test_a_point_that_breaks_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from permitload.program import _clarabel

    solve = _clarabel._solved

    def wrong(problem: Any) -> Any:
        found = solve(problem)
        return replace(found, column=found.column + 1e-3)

    monkeypatch.setattr(_clarabel, "_solved", wrong)
    program = BASE.at_most("r", [1.0, 1.0], 1.0)
    with pytest.raises(ConvergenceError, match="breaks 1 rows"):
        program.minimise_quadratic(-2.0, 1.0)


def split_market(random: np.random.Generator, rows: int, count: int) -> tuple[Program, Any]:
    """Cornuéjols and Dawande's market split, that branching cannot bound: half of all, or miss.

    Sums of one half of the customers are what is asked for: the least miss is 0.
    """
    matrix = random.integers(0, 100, (rows, count)).astype(float)
    right = matrix @ (np.arange(count) < count // 2)
    both = np.hstack([matrix, np.eye(rows), -np.eye(rows)])
    program = Program().columns(range(count), 0.0, 1.0, integer=True)
    program = program.columns([("miss", k) for k in range(2 * rows)])
    cost = pd.Series({("miss", k): 1.0 for k in range(2 * rows)})
    return program.equal([("product", k) for k in range(rows)], both, right), cost


def test_a_search_without_proof_in_time_tells_its_gap() -> None:
    program, cost = split_market(np.random.default_rng(3), 5, 40)
    for solve, side in ((program.within(0.5).minimise, 1.0), (program.within(0.5).maximise, -1.0)):
        with pytest.raises(ConvergenceError, match=r"within 0\.5 s: .* a gap of .*%") as caught:
            solve(side * cost)
        table = caught.value.worst
        assert table is not None and len(table) == 1
        value, bound, gap = table.loc[0, ["value", "bound", "gap"]].tolist()
        assert side * value > 0.0 >= side * bound
        assert gap == pytest.approx(abs(bound - value) / abs(value), rel=1e-12)
        assert f"{value:g}" in str(caught.value) and f"{bound:g}" in str(caught.value)
        assert f"at {'least' if side > 0 else 'most'} {bound:g} can be" in str(caught.value)
    with pytest.raises(ConvergenceError, match="no point is found") as caught:
        program.within(1e-9).minimise(cost)
    table = caught.value.worst
    assert table is not None and np.isinf(table["gap"].item())


def test_a_search_with_time_enough_is_as_without_limit() -> None:
    program, cost = split_market(np.random.default_rng(3), 2, 12)
    limited = program.within(60.0)
    found = limited.minimise(cost)
    assert found.value == 0.0 == program.minimise(cost).value
    pd.testing.assert_series_equal(found.column, program.minimise(cost).column)
    assert program.seconds == np.inf and limited.seconds == 60.0
    # Later rows and columns keep the limit; what has no integer columns is not searched.
    assert limited.keep([0]).columns(["more"]).seconds == 60.0
    assert limited.given(found.given).within(1e-9).minimise(cost).value == 0.0


@pytest.mark.parametrize("seconds", [0.0, -1.0, np.nan])
def test_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(DataError, match=r"seconds: .* out of range; right would be a number > 0"):
        Program().within(seconds)
