"""Ramps: shares against a general solver, prices that explain them, floors against an LP."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, nnls

from permitload.errors import ConvergenceError, InfeasibleError
from permitload.program import Program
from permitload.reallocation import Policy, coefficient, opened, replay, rolling, update
from permitload.reallocation._problem import Problem
from permitload.sharing import Filling, fill, project
from tests.months import DIMS, EMPTY, calendar, park, used
from tests.test_months_properties import _inputs, _year

Array = np.ndarray[Any, Any]


def _problem(seed: int, rise: float, fall: float, floors: float = 1.0) -> Problem:
    """First issue of a random park, as the rule gets it."""
    forecast, plans, period, _ = _inputs(seed)
    plans["floor"] = plans["floor"] * floors
    seen: list[Problem] = []

    def rule(claim: Problem) -> Filling:
        seen.append(claim)
        return rolling(replace(claim, ramps=None, lower=0.0 * claim.lower))

    state = opened(plans["enterprise"].values, ["COD"])
    policy = Policy(rule=rule, rise=rise, fall=fall)
    update(state, period[0], forecast, plans, EMPTY, policy)
    return seen[0]


def _rows(problem: Problem) -> tuple[Array, Array]:
    """All rows of a problem, written out one by one, in grams."""
    periods, count = problem.plan.shape
    rows: list[Array] = []
    limit: list[float] = []

    def add(entries: dict[tuple[int, int], float], most: float) -> None:
        row = np.zeros(problem.plan.shape)
        for place, value in entries.items():
            row[place] = value
        rows.append(row.ravel())
        limit.append(most)

    everybody = range(count)
    for k in range(periods):
        for s in range(len(problem.names)):
            add({(k, i): problem.sections[k, s, i] for i in everybody}, problem.room[k, s])
        add({(k, i): 1.0 for i in everybody}, problem.park[k])
        for i in everybody:
            first = int(problem.window[k])
            add({(m, i): 1.0 for m in range(first, k + 1)}, problem.permit[k, i])
    add({(k, i): 1.0 for k in range(periods) for i in everybody}, problem.left)
    assert problem.ramps is not None
    rise, fall = problem.ramps
    upper = np.maximum(np.minimum(problem.plan, problem.ceiling), problem.lower)
    for k in range(1, periods):
        same = problem.days[k] / problem.days[k - 1]
        for i in everybody:
            step = problem.step[i] * 1000 * problem.days[k]
            add({(k, i): 1.0, (k - 1, i): -rise * same}, step)
            if upper[k, i] >= fall * same * upper[k - 1, i] - step:
                add({(k, i): -1.0, (k - 1, i): fall * same}, step)
    return np.array(rows), np.array(limit)


def _upper(problem: Problem) -> Array:
    return np.maximum(np.minimum(problem.plan, problem.ceiling), problem.lower)


RAMPS = st.sampled_from([(1.5, 0.5), (1.1, 0.8), (1.0, 1.0), (2.0, 0.0)])


@settings(max_examples=40, deadline=None)
@example(118350, (1.5, 0.5))
@given(st.integers(0, 10**6), RAMPS)
def test_shares_with_ramps_are_those_of_the_general_solver(
    seed: int, ramps: tuple[float, float]
) -> None:
    problem = _problem(seed, *ramps, floors=0.0)
    found = rolling(problem).share.ravel()
    matrix, limit = _rows(problem)
    asked = problem.plan.ravel() > 0
    target = problem.plan.ravel()[asked] / 1e6
    weight = np.tile(problem.weight, len(problem.days))[asked]
    names = list(range(int(asked.sum())))
    if not names:
        assert (found == 0).all()
        return
    program = Program().columns(names, 0.0, _upper(problem).ravel()[asked] / 1e6)
    program = program.at_most(list(range(len(limit))), matrix[:, asked] * 1e6, limit)
    try:
        other = program.minimise_quadratic(-2 * weight, 2 * weight / target)
    except ConvergenceError:  # the general solver gives up; prices judge these below
        return
    share, rival = found[asked] / 1e6, other.column.to_numpy()
    # the general solver proves its optimum to 1e-7 of the objective: ours is no worse
    cost, bound = ((weight * (x - target) ** 2 / target).sum() for x in (share, rival))
    assert (matrix[:, asked] @ share * 1e6 <= limit + 1e-9 * np.maximum(abs(limit), 1.0)).all()
    assert bound - 1e-6 * max(bound, 1.0) <= cost <= bound * (1 + 1e-12) + 1e-12
    assert share == pytest.approx(rival, rel=1e-5, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), RAMPS)
def test_filling_with_ramps_is_that_of_a_sequence_of_programs(
    seed: int, ramps: tuple[float, float]
) -> None:
    """Level by level along least shares, against linear programs that know of rows alone."""
    problem = replace(_problem(seed, *ramps, floors=0.0), compose=fill)
    found = rolling(problem)
    share = found.share.ravel() / 1e6
    matrix, limit = _rows(problem)
    real = np.isfinite(limit) & (matrix != 0).any(axis=1)
    matrix, limit = matrix[real] * 1e6, limit[real]
    size = np.abs(limit) + np.abs(matrix) @ share
    assert (matrix @ share <= limit + 1e-9 * size).all()
    upper, target = (a.ravel() / 1e6 for a in (_upper(problem), problem.plan * problem.weight))
    assert (share <= upper).all()
    unit = np.abs(matrix).max(axis=1)
    try:
        other = fill(target, (matrix / unit[:, None], limit / unit), upper=upper)
    except ConvergenceError:  # the general solver gives up
        return
    assert share == pytest.approx(other.share, rel=1e-6, abs=1e-6 * max(target.max(), 1e-6))
    stop = np.asarray(found.stopped_by)
    own = stop == "ceiling"
    assert share[own] == pytest.approx(upper[own], rel=1e-9)
    index = np.arange(share.size).reshape(problem.plan.shape)
    for n in np.flatnonzero([isinstance(label, tuple) for label in stop]):
        kind, name, k = stop[n]
        i = n % problem.plan.shape[1]
        if kind in ("rise", "fall"):
            step, same = (
                problem.step[i] * 1e-3 * problem.days[k],
                problem.days[k] / problem.days[k - 1],
            )
            before, after = share[index[k - 1, i]], share[index[k, i]]
            ratio = ramps[0] if kind == "rise" else ramps[1]
            left = ratio * same * before + (step if kind == "rise" else -step) - after
            assert left == pytest.approx(0.0, abs=1e-8 * max(before, after, step))
        elif kind == "park":
            assert share[index[k]].sum() == pytest.approx(problem.park[k] / 1e6, rel=1e-9)
        elif kind == "section":
            s = problem.names.index(name)
            rise = problem.sections[k, s] @ share[index[k]] * 1e6
            assert rise == pytest.approx(problem.room[k, s], rel=1e-9)


@pytest.mark.parametrize("ramps", [(1.5, 0.6), (1.05, 0.9)])
def test_a_large_park_is_filled_with_ramps(ramps: tuple[float, float]) -> None:
    """Sixty members, twelve months: everybody is stopped, and no row is broken."""
    generator = np.random.default_rng(5)
    time, names = calendar(12), [f"E{k + 1}" for k in range(60)]
    mass = generator.uniform(10, 1000, 60) * generator.uniform(0.8, 1.2, (12, 60))
    response = generator.uniform(0, 1e-7, (8, 60))
    limit = mass.sum(axis=1) * generator.uniform(0.7, 1.2, 12)
    forecast, plans = park(mass, limit, 0.85 * mass.sum(), time, response)
    rise = response @ plans["plan"].values[:, 0]
    forecast["headroom"] = (
        ("section", *DIMS[1:]),
        (rise * generator.uniform(0.6, 1.3, rise.shape))[:, None],
    )
    plans["ramp_step"] = plans["plan"].mean("period") * 0.1
    policy = Policy(compose=fill, rise=ramps[0], fall=ramps[1])
    issued = update(opened(names, ["COD"]), time["period"][0], forecast, plans, EMPTY, policy)
    assert issued.findings.empty
    rate = issued.plan.sel(enterprise=names).values[:, 0]
    load = rate * time["days"][1] / 1000
    assert (load.sum(axis=0) <= limit * (1 + 1e-9)).all()
    assert load.sum() <= 0.85 * mass.sum() * (1 + 1e-9)
    assert (response @ rate <= forecast["headroom"].values[:, 0] * (1 + 1e-9)).all()
    step = plans["ramp_step"].values
    assert (rate[:, 1:] <= ramps[0] * rate[:, :-1] + step + 1e-6).all()
    plan = plans["plan"].values[:, 0]  # a fall that plans make is none
    fallen = plan[:, 1:] < ramps[1] * plan[:, :-1] - step
    assert (fallen | (rate[:, 1:] >= ramps[1] * rate[:, :-1] - step - 1e-6)).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), RAMPS)
def test_prices_explain_shares_with_ramps(seed: int, ramps: tuple[float, float]) -> None:
    """Karush-Kuhn-Tucker residual without the solver: the pull is a sum of tight rows."""
    problem = _problem(seed, *ramps, floors=0.0)
    share, upper = rolling(problem).share.ravel(), _upper(problem).ravel()
    matrix, limit = _rows(problem)
    finite = np.isfinite(limit)
    matrix, limit = matrix[finite], limit[finite]
    asked = problem.plan.ravel() > 0
    unit = np.where(asked, problem.plan.ravel(), 1.0)
    reach = np.maximum((np.abs(matrix) * unit).max(axis=1), 1e-300)
    left = (limit - matrix @ share) / reach
    assert left.min() > -1e-9
    size = np.maximum(np.abs(matrix).max(axis=1), 1e-300)
    tight = np.vstack(
        [
            (matrix / size[:, None])[left < 1e-7],
            np.eye(share.size)[share >= upper - 1e-7 * unit],
            -np.eye(share.size)[share <= problem.lower.ravel() + 1e-7 * unit],
        ]
    )
    weight = np.tile(problem.weight, len(problem.days))
    pull = np.where(asked, weight * (1.0 - share / unit), 0.0)
    assert nnls(tight.T, pull)[1] == pytest.approx(0.0, abs=1e-6)


def test_months_whose_prices_do_not_settle_are_shared_by_the_other_way() -> None:
    """Plain projection ended in an error here; the answer is that of the general solver."""
    problem = _problem(88298, 1.5, 0.5, floors=0.0)
    share = rolling(replace(problem, ramps=None)).share.ravel() / 1e6
    matrix, limit = _rows(problem)
    plain = (matrix >= 0).all(axis=1) & np.isfinite(limit)  # a ramp takes one month from another
    matrix, limit = matrix[plain], limit[plain]
    asked = problem.plan.ravel() > 0
    target = problem.plan.ravel()[asked] / 1e6
    weight = np.tile(problem.weight, len(problem.days))[asked]
    program = Program().columns(list(range(asked.sum())), 0.0, _upper(problem).ravel()[asked] / 1e6)
    program = program.at_most(list(range(len(limit))), matrix[:, asked] * 1e6, limit)
    rival = program.minimise_quadratic(-2 * weight, 2 * weight / target).column.to_numpy()
    assert share[asked] == pytest.approx(rival, rel=1e-5, abs=1e-5)
    assert (matrix @ share * 1e6 <= limit + 1e-9 * np.maximum(abs(limit), 1.0)).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), RAMPS)
def test_floors_and_ramps_fit_where_a_linear_program_says_so(
    seed: int, ramps: tuple[float, float]
) -> None:
    """Ramps of single enterprises that their own bounds contradict are left out on both sides."""
    problem = _problem(seed, *ramps)
    upper = _upper(problem)
    lower, steps = problem._lifted(upper, upper)
    periods = len(problem.days)
    if not (steps.rise[1][1:].all() and (ramps[1] == 0 or steps.fall[1][1:].all())):
        return
    matrix, limit = _rows(problem)
    finite = np.isfinite(limit)
    scale = 1.0 / np.maximum(np.abs(matrix[finite]).max(axis=1), 1e-300)
    bounds = np.stack([problem.lower.ravel(), upper.ravel()], axis=1) / 1e6
    answer = linprog(
        np.ones(matrix.shape[1]), matrix[finite] * scale[:, None],
        limit[finite] * scale / 1e6, bounds=bounds,
    )  # fmt: skip
    try:
        problem._refuse(lower)
    except InfeasibleError:
        assert answer.status == 2
    else:
        assert answer.status == 0
        assert lower.sum() / 1e6 == pytest.approx(answer.fun, rel=1e-7, abs=1e-7)
    assert lower.shape[0] == periods


@pytest.mark.parametrize("seed", [1041, 1049, 1053])
def test_years_in_which_a_solver_once_failed(seed: int) -> None:
    """A solver that stopped early, which now would be raised, made ramps give way that fitted."""
    assert len(_year(seed)[0]) == 8


def test_tight_ramps_follow_from_one_month_by_hand() -> None:
    """The park's first month has 40 of 100 t; no month is more than 1.1 times the one before."""
    time = calendar(4, days=30.0)
    forecast, plans = park(np.full((4, 1), 100.0), [40, 100, 100, 100], 1e6, time)
    state = opened(["E1"], ["COD"])
    issued = update(state, time["period"][0], forecast, plans, EMPTY, Policy(rise=1.1))
    mass = issued.plan.values[0, 0] * 30 / 1000
    assert mass == pytest.approx([40, 44, 48.4, 53.24], rel=1e-9)
    filled = update(
        state, time["period"][0], forecast, plans, EMPTY, Policy(rise=1.1, compose=fill)
    )
    assert filled.plan.values == pytest.approx(issued.plan.values, rel=1e-9)


@pytest.mark.parametrize(("compose", "expected"), [(fill, [65, 35]), (project, [65, 35])])
def test_tiers_count_under_both_rules(compose: Any, expected: list[float]) -> None:
    """Filling: x / (weight * plan) equal, 1.3 : 0.7. Least squares: cuts as 1 / 1.3 : 1 / 0.7."""
    time = calendar(1, days=30.0)
    forecast, plans = park([[100.0, 100.0]], [100], 1e6, time)
    plans["tier_weight"] = ("enterprise", [1.3, 0.7])
    issued = update(
        opened(["E1", "E2"], ["COD"]), time["period"][0], forecast, plans, EMPTY,
        Policy(compose=compose),
    )  # fmt: skip
    mass = issued.plan.values[:, 0, 0] * 30 / 1000
    assert mass == pytest.approx(expected, rel=1e-9)
    assert mass.sum() == pytest.approx(100.0)


def test_nobody_gets_more_than_the_plan_for_its_tier() -> None:
    time = calendar(1, days=30.0)
    forecast, plans = park([[100.0, 100.0]], [180], 1e6, time)
    plans["tier_weight"] = ("enterprise", [1.3, 0.7])
    issued = update(
        opened(["E1", "E2"], ["COD"]), time["period"][0], forecast, plans, EMPTY,
        Policy(compose=fill),
    )  # fmt: skip
    # what E1 cannot take E2 does not get beyond its level: nothing is left over but its plan
    assert issued.quota.values[:, 0].tolist() == [100_000_000, 80_000_000]


@pytest.mark.parametrize("rule", [rolling, coefficient])
def test_shrunken_park_below_the_floors_lets_floors_yield(rule: Any) -> None:
    time = calendar(2, days=30.0)
    forecast, plans = park(np.full((2, 2), 50.0), [100, 100], 1e6, time)
    forecast["attained"] = ("pollutant", [0.0])
    plans["floor"] = plans["plan"] * 0.8
    issued = update(
        opened(["E1", "E2"], ["COD"]), time["period"][0], forecast, plans, EMPTY,
        Policy(rule=rule, shrink=0.5),
    )  # fmt: skip
    assert issued.quota.values[:, 0].tolist() == [25_000_000, 25_000_000]
    assert issued.findings["rule"].tolist() == ["floor", "floor"]
    assert issued.findings["figure"].to_numpy() == pytest.approx([15e6, 15e6], rel=1e-12)


def test_ramps_that_give_way_leave_no_trace_of_the_month_before() -> None:
    """Falls of 0.9 do not fit into 60 t; without ramps E3, which had nothing, gets its third."""
    time = calendar(2, days=30.0)
    forecast, plans = park([[50.0, 50.0, 0.0], [50.0, 50.0, 50.0]], [100, 60], 1e6, time)
    dry = forecast.assign(group_limit=forecast["group_limit"] * [[1.0, 1.0]])
    forecast["group_limit"] = forecast["group_limit"] * [[1.0, 2.0]]
    policy, names = Policy(rise=1.2, fall=0.9), ["E1", "E2", "E3"]
    first = update(opened(names, ["COD"]), time["period"][0], forecast, plans, EMPTY, policy)
    assert first.quota.values[:, 0].tolist() == [50_000_000, 50_000_000, 0]
    rows = used(time["period"][0], first.quota.values[:, 0])
    second = update(first.state, time["period"][1], dry, plans, rows, policy)
    assert second.quota.values[:, 0].tolist() == [20_000_000] * 3
    assert second.findings["rule"].tolist() == ["ramps"]
    kept = update(first.state, time["period"][1], forecast, plans, rows, policy)
    assert kept.quota.values[:, 0].tolist() == [50_000_000, 50_000_000, 0]
    assert kept.findings.empty


def test_a_fall_that_a_ceiling_makes_is_none_when_it_is_issued() -> None:
    """A ceiling of 80 t makes a fall of E1; E2, with none, keeps 0.9 of its first month.

    So of 160 t less than 80 t are left to E1, as was planned; asked for all that its ceiling
    admits, E1 would not fit beside E2. The third month has room for all, and ramps hold again.
    """
    time = calendar(3, days=30.0)
    forecast, plans = park([[100.0, 100.0]] * 3, [200, 160, 1000], 1e6, time)
    plans["ceiling"][0, 0, 1] = 80e3 / 30  # 80 t in the second month
    policy, state = Policy(rise=1.5, fall=0.9), opened(["E1", "E2"], ["COD"])
    first = update(state, time["period"][0], forecast, plans, EMPTY, policy)
    foreseen = first.ledger[first.ledger["book"] == "foreseen_mass"]
    assert foreseen[["enterprise", "born"]].to_numpy().tolist() == [["E1", time["period"][0]]]
    share = int(foreseen["quota"].item())
    assert share == pytest.approx(first.plan.sel(enterprise="E1").values[0, 1] * 30e3, abs=1)
    assert 70e6 <= share < 80e6
    rows = used(time["period"][0], first.quota.values[:, 0])
    second = update(first.state, time["period"][1], forecast, plans, rows, policy)
    assert second.findings.empty
    assert second.quota.sel(enterprise="E1").item() == pytest.approx(share, abs=2)
    assert (second.state.accounts["foreseen_mass"] == -1).all()
    again = replay(second.state.ledger, second.state.accounts)
    assert again.accounts.identical(second.state.accounts)
    third = update(
        second.state, time["period"][2], forecast, plans,
        used(time["period"][1], second.quota.values[:, 0]), policy,
    )  # fmt: skip
    assert third.findings.empty


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_any_size_and_any_emptiness_is_shared_within_its_rows(seed: int) -> None:
    """Grams to kilotonnes, no headroom, no total, no step, ramps that allow no change at all."""
    generator = np.random.default_rng(seed)
    months, count = int(generator.integers(1, 13)), int(generator.integers(1, 6))
    time, size = calendar(months), 10.0 ** generator.uniform(-4, 5)
    mass = size * generator.random((months, count)) * generator.choice([0, 1, 1], (months, count))
    mass = mass * 10.0 ** generator.uniform(-3, 0, count)
    limit = mass.sum(axis=1) * generator.choice([0, 0.3, 0.8, 2], months)
    total = float(mass.sum() * generator.choice([0, 0.4, 0.9, 2]))
    response = generator.uniform(0, 1e-3 / size, (2, count))
    forecast, plans = park(mass, limit, total, time, response)
    share_of = generator.choice([0, -0.1, 0.05, 0.5], forecast["headroom"].shape)
    forecast["headroom"] = forecast["headroom"] * share_of
    plans["floor"] = plans["plan"] * generator.choice([0, 0.1, 0.9])
    plans["ramp_step"] = plans["plan"][:, :, 0] * 0.0 + size * generator.choice([0.0, 1.0])
    policy = Policy(
        rise=float(generator.choice([1, 1.05, 2])), fall=float(generator.choice([0, 0.5, 1])),
        compose=fill if generator.random() < 0.2 else project,
    )  # fmt: skip
    state = opened(plans["enterprise"].values, ["COD"])
    issued = update(state, time["period"][0], forecast, plans, EMPTY, policy)
    load = issued.plan.values[:, 0] * time["days"][1]
    assert (load.sum(axis=0) <= limit * 1000 * (1 + 1e-9) + 1e-9).all()
    assert load.sum() <= total * 1000 * (1 + 1e-9) + 1e-9
    rise = response @ issued.plan.values[:, 0]
    assert (rise <= np.maximum(forecast["headroom"].values[:, 0], 0) * (1 + 1e-9)).all()
    assert (issued.plan.values[:, 0] <= plans["plan"].values[:, 0] * (1 + 1e-9)).all()
