"""Programs and shares: what numbers far apart, infinite or no numbers at all may not do."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from permitload import allocation
from permitload.errors import ConvergenceError, DataError
from permitload.program import Program, conflicts, prices, relax
from permitload.sharing import alpha_fairness, fill, project, proportion

ROWS = ([[1.0, 1.0]], [10.0])
LABELS = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
RESPONSE = xr.DataArray([[[[0.01]]]], LABELS, list(LABELS))
HEADROOM = RESPONSE[:, 0].rename(pollutant="indicator") * 0 + 0.5
LOAD = RESPONSE[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
SOURCES = xr.Dataset({"source_load": LOAD}).assign_coords(outlet=("source", ["O1"]))
TREE = pd.DataFrame({"node": ["all", "E1"], "parent": ["", "all"], "weight": [1.0, 1.0]})


def test_a_price_counts_however_large_another_column_is() -> None:
    """Only the second column can use the row: one more unit of it gives 1 / 0.5083 = 1.9673."""
    upper = [13.262679276358924, 24.570897871902908]
    program = Program().columns(["a", "b"], 0.0, upper)
    program = program.at_most("r", [2.9354258923632624e-12, 0.50830185900516], 3.164749568999e-4)
    assert prices(program, 1.0)["shadow_price"].item() == pytest.approx(1.967335, rel=1e-6)
    assert program.maximise(1.0).shadow_price["r"] == pytest.approx(1.967335, rel=1e-6)


def test_the_least_relaxation_is_the_same_in_other_units() -> None:
    row = np.array([1e4, 1e2, 1e-2, 1e1, 1e-5])
    matrix = np.array([[-3.0, 0.0], [-3.0, 0.0], [0.0, 2.0], [1.0, -1.0], [2.0, -3.0]])
    limit, sense = np.array([-1.0, 7.0, 20.0, 2.0, 5.0]), np.array([1, 1, -1, 1, -1])

    def missing(column: np.ndarray, row: np.ndarray) -> float:
        """Sum over all rows, in the units of the plain program."""
        lower, upper = np.array([-1.0, 2.0]) / column, np.array([3.0, 7.0]) / column
        program = Program().columns(["a", "b"], lower, upper)
        for k in range(5):
            add = program.at_most if sense[k] > 0 else program.at_least
            program = add([k], matrix[k] * column * row[k], limit[k] * row[k])
        return float((relax(program, program.row, 1.0 / row)["missing"] / row).sum())

    assert missing(np.ones(2), np.ones(5)) == pytest.approx(21.0, rel=1e-9)
    assert missing(np.array([1e-4, 1e6]), row) == pytest.approx(21.0, rel=1e-6)


@given(st.integers(0, 1_000_000))
@settings(max_examples=60, deadline=None)
def test_quadratic_optima_in_any_units(seed: int) -> None:
    """No feasible direction goes down at the point found, or it is refused."""
    random = np.random.default_rng(seed)
    count, rows = random.integers(1, 6), random.integers(0, 4)
    unit = 10.0 ** random.integers(-6, 7, count)
    lower = random.uniform(-5, 0, count)
    upper = lower + random.uniform(0, 8, count)
    matrix = random.normal(size=(rows, count))
    limit = matrix @ random.uniform(lower, upper) + 0.1
    root = random.normal(size=(count, count))
    bent, cost = root @ root.T, 4.0 * random.normal(size=count)
    program = Program().columns(range(count), lower / unit, upper / unit)
    program = program.at_most(range(rows), matrix * unit, limit)
    try:
        point = program.minimise_quadratic(cost * unit, bent * np.outer(unit, unit)).column * unit
    except ConvergenceError:
        return
    slope = bent @ point + cost
    best = optimize.linprog(
        slope, matrix if rows else None, limit if rows else None,
        bounds=np.column_stack([lower, upper]),
    )  # fmt: skip
    assert best.fun >= slope @ point - 1e-5 * (np.abs(slope) @ np.abs(point) + 1e-9)


@pytest.mark.parametrize("rule", [fill, project, proportion, alpha_fairness])
@pytest.mark.parametrize(
    ("target", "rows", "message"),
    [
        (["1", "2"], ROWS, "target holds"),
        ([1.0, None], ROWS, "target"),
        (np.array(["2020-01-01"] * 2, "datetime64[D]"), ROWS, "target holds datetime64"),
        ([1.0 + 1j, 2.0], ROWS, "target holds complex"),
        ([1.0, 2.0], ([["1", "2"]], [1.0]), "coefficient holds"),
        ([1.0, 2.0], ([[1.0, 2.0]], [np.inf]), "limit: inf is infinite"),
        ([1.0, 2.0], ([[1.0, 2.0]], [-np.inf]), "limit: -inf is infinite"),
        ([1.0], np.array([[1.0], [1.0]]), "rows are no pair"),
    ],
)
def test_what_is_no_number_gives_no_shares(
    rule: Callable[..., object], target: object, rows: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        rule(target, rows)


def test_objects_that_are_numbers_share_as_numbers() -> None:
    rows = (np.array([[1, 1]], dtype=object), [3])
    assert fill(np.array([4, 4], dtype=object), rows).share.tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda p: p.at_most("r", [1.0, 1.0], -np.inf), "limit: -inf is met by no point"),
        (lambda p: p.at_least("r", [1.0, 1.0], np.inf), "limit: inf is met by no point"),
        (lambda p: p.equal("r", [1.0, 1.0], np.inf), "limit: inf is met by no point"),
        (lambda p: p.at_most("r", ["1", "2"], 1.0), "coefficients holds"),
        (lambda p: p.columns("c", np.inf, np.inf), "to upper holds no number"),
        (lambda p: p.columns("c", -np.inf, -np.inf), "to upper holds no number"),
        (lambda p: p.maximise([1.0, np.inf]), "objective is infinite"),
        (lambda p: p.minimise_quadratic(np.inf, 1.0), "objective is infinite"),
        (lambda p: conflicts(p, np.nan), "count is nan"),
    ],
)
def test_a_program_of_no_numbers_is_refused(
    wrong: Callable[[Program], object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        wrong(Program().columns(["a", "b"], 0.0, 5.0))


OPTIONS = pd.DataFrame(
    {"source": ["O1"], "option": ["filter"], "pollutant": ["TP"], "removal": [0.5]}
)
TOTAL = xr.DataArray(
    [[1.0], [2.0]], {"group": ["p", "p"], "pollutant": ["TP"]}, ["group", "pollutant"]
)
MONTHS = xr.DataArray(
    [1.0, 3.0], {"period": ["a", "a"], "days": ("period", [31.0, 28.0])}, "period"
)
GROUPS = pd.DataFrame({"group": ["p"], "source": ["O1"]})
LIMITS = pd.DataFrame({"group": ["p"], "pollutant": ["TP"], "group_limit": [5.0]})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: allocation.least_cost(-RESPONSE, HEADROOM, SOURCES, OPTIONS), "is negative"),
        (lambda: allocation.prices(RESPONSE, HEADROOM, SOURCES.isel(source=[])), "has no label"),
        (lambda: allocation.capital_budget(OPTIONS, 5.0), "capital: None is missing|missing"),
        (lambda: allocation.abatement_cost(SOURCES, OPTIONS, LOAD[0]), "has dimensions"),
        (lambda: allocation.robust_rows(RESPONSE[0], HEADROOM, SOURCES, 0.1, 1.0), "dimensions"),
        (lambda: allocation.chance_rows(RESPONSE, HEADROOM, SOURCES * np.inf,
                                        allocation.Spread(0.1, 0.1)), "target: inf is no load"),
        (lambda: allocation.long_term_average(np.nan, 0.6), "a load is negative, NaN"),
        (lambda: allocation.average_limit(-5.0, 0.6), "a load is negative, NaN"),
        (lambda: allocation.split(TREE.assign(node=["all", np.nan]), 5.0), "node"),
        (lambda: allocation.split(TREE.assign(weight=["", "x"]), 5.0), "weight: x is a text"),
        (lambda: allocation.split(TREE.drop(columns="parent"), 5.0), "parent"),
        (lambda: allocation.park_total(TOTAL, TOTAL, TOTAL), "is there twice"),
        (lambda: allocation.month_masses(xr.DataArray([8.0], {"source": ["E1"]}, "source"), MONTHS),
         "is there twice|twice"),
        (lambda: allocation.with_groups(SOURCES, GROUPS.drop(columns="source"), LIMITS), "source"),
        (lambda: allocation.with_groups(SOURCES, GROUPS, LIMITS.assign(group_limit="5")),
         "group_limit holds"),
        (lambda: allocation.with_groups(SOURCES, GROUPS.assign(group=np.nan), LIMITS), "is empty"),
    ],
)  # fmt: skip
def test_allocation_names_what_is_wrong(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        wrong()


def test_costs_of_any_size_choose_the_same_option() -> None:
    options = pd.DataFrame(
        {"source": "O1", "option": ["a dear", "b cheap"], "pollutant": "TP", "removal": 0.5}
    )
    for size in (1e-12, 1.0, 1e12):
        table = options.assign(operating=[2.0 * size, 1.0 * size])
        found = allocation.least_cost(RESPONSE, HEADROOM, SOURCES, table)
        assert found.option.item() == "b cheap"
        assert found.total_cost.item() == pytest.approx(size)


def test_periods_may_be_numbered() -> None:
    numbered = SOURCES.assign_coords(period=[1])
    limits = pd.concat([LIMITS, LIMITS.assign(period=1, group_limit=3.0)])
    found = allocation.with_groups(numbered, GROUPS, limits)
    assert found.group_limit.item() == 3.0
