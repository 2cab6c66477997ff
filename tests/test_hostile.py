"""What a careless caller hands over: texts, truth values, NaN, infinity; and what is alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from permitload import allocation, fairness, program, sharing, study
from permitload.allocation import Spread
from permitload.errors import DataError, InfeasibleError
from permitload.program import Program
from tests.parks import RULES, loads, plants, responses, rooms
from tests.test_inputs import _folder
from tests.test_study_choices import CHOSEN, TIGHT

RESPONSE = responses([[0.01, 0.02]])
ROOM = rooms(RESPONSE, [0.5])
SOURCES = plants([10.0, 20.0], ceiling=20.0)
ROWS = ([[0.01, 0.02]], [0.5])
NAMES = ["E1", "E2"]
OPTIONS = pd.DataFrame(
    {"source": NAMES, "option": "filter", "pollutant": "TP", "removal": 0.5, "operating": [3, 2]}
)
LOAD = SOURCES["source_load"]
DAYS = xr.DataArray([[[10.0]], [[20.0]]], LOAD.coords, LOAD.dims).assign_coords(
    days=("period", [365.0])
)
ONE = xr.DataArray([1.0, 2.0], {"source": NAMES})
SCORE = pd.Series({"E1": 1.0, "E2": 0.0})


def spoilt(array: xr.DataArray, value: object) -> xr.DataArray:
    """Put something else than a number first."""
    values = array.values.astype(object)
    values.flat[0] = value
    return array.copy(data=values)


NUMBERS: dict[str, Callable[[Any], object]] = {
    "total": lambda v: sharing.capped_proportional(v, [1.0, 2.0]),
    "weight": lambda v: sharing.capped_proportional(9.0, [v, 2.0]),
    "level": lambda v: sharing.proportional_level(v, [1.0, 2.0]),
    "influence": lambda v: sharing.de_minimis(
        sharing.Rows(*map(np.array, ROWS)), influence=v, upper=np.array([9.0, 9.0])
    ),
    "alpha": lambda v: sharing.alpha_fairness([1.0, 2.0], ROWS, alpha=v),
    "coefficient": lambda v: sharing.fill([1.0, 2.0], ([[v, 0.2]], [0.5])),
    "limit": lambda v: sharing.project([1.0, 2.0], ([[0.1, 0.2]], [v])),
    "floor": lambda v: sharing.proportion([1.0, 2.0], ROWS, lower=[v, 0.0]),
    "target": lambda v: sharing.fill([v, 2.0], ROWS),
    "greatest": lambda v: fairness.greatest_total([v, 2.0], ROWS),
    "divide": lambda v: fairness.divide(v, [1.0, 2.0], sharing.fill),
    "claim": lambda v: fairness.divide(2.0, [v, 2.0], fairness.talmud),
    "cut": lambda v: fairness.contribution(v, [0.1, 0.2], [3.0, 4.0]),
    "rule": lambda v: fairness.alpha_rule(v) if v != np.inf else fairness.divide(v, [1.0], len),
    "gini": lambda v: fairness.gini(spoilt(ONE, v), ONE),
    "gini claim": lambda v: fairness.gini(ONE, spoilt(ONE, v)),
    "least gini": lambda v: fairness.least_gini(v, SCORE.to_frame("people") + 1.0, ROWS),
    "share of weights": lambda v: fairness.mixture(np.ones(2), np.ones(2), share=v),
    "sensitivity": lambda v: fairness.adjustment_coefficient(SCORE, SCORE + 1.0, v),
    "criteria": lambda v: fairness.entropy_weights(
        pd.DataFrame({"tax": pd.Series([v, 2.0], NAMES, object), "water": [1.0, 3.0]}, NAMES)
    ),
    "value of a coalition": lambda v: fairness.shapley(NAMES, lambda members: v),
    "share of a player": lambda v: fairness.gain_objections(
        pd.Series({"E1": v, "E2": 1.0}, dtype=object), lambda members: 2.0
    ),
    "best total": lambda v: fairness.price_of_fairness({"mine": ONE}, ONE, v),
    "response": lambda v: allocation.allocate(spoilt(RESPONSE, v), ROOM, SOURCES),
    "headroom": lambda v: allocation.allocate(RESPONSE, spoilt(ROOM, v), SOURCES),
    "present load": lambda v: allocation.allocate(
        RESPONSE, ROOM, SOURCES.assign(source_load=spoilt(LOAD, v))
    ),
    "load that is costed": lambda v: allocation.abatement_cost(SOURCES, OPTIONS, spoilt(DAYS, v)),
    "present load of options": lambda v: allocation.least_cost(
        RESPONSE, ROOM, SOURCES.assign(source_load=spoilt(LOAD, v)), OPTIONS
    ),
    "removal": lambda v: allocation.least_cost(
        RESPONSE, ROOM, SOURCES,
        OPTIONS.assign(removal=pd.Series([v, 0.5], dtype=object)),
    ),
    "floor of a source": lambda v: allocation.alone(
        RESPONSE, ROOM, SOURCES.assign(floor=spoilt(0.0 * LOAD, v))
    ),
    "component": lambda v: allocation.bounds(
        xr.Dataset({"minimum_operation": spoilt(0.0 * LOAD, v)}), xr.Dataset({"eia_total": LOAD}),
        needed=("minimum_operation",),
    ),
    "budget": lambda v: allocation.capital_budget(OPTIONS.assign(capital=3.0), v),
    "interest": lambda v: allocation.capital_recovery(v, 20.0),
    "capital": lambda v: allocation.annual_cost(v, 1.0, 0.05, 20.0),
    "yearly cost": lambda v: allocation.present_value(v, 0.05, 20.0),
    "variation": lambda v: allocation.long_term_average(100.0, v),
    "load of a limit": lambda v: allocation.average_limit(v, 0.6),
    "assurance": lambda v: allocation.chance_rows(RESPONSE, ROOM, SOURCES, Spread(0.1, 0.1), v),
    "spread": lambda v: allocation.chance_rows(RESPONSE, ROOM, SOURCES, Spread(v, 0.1)),
    "rise": lambda v: allocation.robust_rows(RESPONSE, ROOM, SOURCES, v, 1.0),
    "protected": lambda v: allocation.robust_rows(RESPONSE, ROOM, SOURCES, 0.1, v),
    "count": lambda v: allocation.exceedance_bound(v, 1.0),
    "violated": lambda v: allocation.most_violated(v, 10),
    "samples": lambda v: allocation.most_violated(0.1, v),
    "precision": lambda v: allocation.round_down([1.0, 2.0], v, ROWS),
    "load to cut": lambda v: allocation.truncate(np.array([v, 1.0], dtype=object), 0.1),
    "total of a tree": lambda v: allocation.split(
        pd.DataFrame({"node": ["all", "E1"], "parent": ["", "all"], "weight": [1.0, 1.0]}), v
    ),
    "what is reached": lambda v: allocation.refuse_missed(
        spoilt(RESPONSE[:, 0].drop_vars("outlet"), v), 0.0 * RESPONSE[:, 0], ROOM, 2
    ),
    "objective": lambda v: Program().columns(["a"], 0.0, 5.0).maximise([v]),
    "coefficient of a program": lambda v: Program().columns(["a"]).at_most("r", [v], 1.0),
}  # fmt: skip


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, "1", True, None], ids=repr)
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_is_refused_in_one_message(name: str, wrong: object) -> None:
    """Not even where it could be read as one: "1" is a text and True is no load."""
    with pytest.raises((DataError, InfeasibleError)) as caught:
        NUMBERS[name](wrong)
    assert 10 < len(str(caught.value)) < 400


@pytest.mark.parametrize("name", NUMBERS)
def test_they_take_numbers(name: str) -> None:
    """The calls above are refused for what is put in, and for nothing else."""
    fitting = {"total": 3.0, "assurance": 0.9, "samples": 3, "count": 2, "violated": 0.2,
               "value of a coalition": 2.0, "best total": 9.0, "what is reached": 0.0,
               "share of a player": 1.0, "load that is costed": 9.0}  # fmt: skip
    NUMBERS[name](fitting.get(name, 0.5))


@pytest.mark.parametrize("compose", RULES.values(), ids=RULES.keys())
@given(seed=st.integers(0, 1_000_000), size=st.sampled_from([1e-9, 1.0, 1e9]))
@settings(max_examples=8, deadline=None)
def test_alike_sections_short_rooms_and_units_of_any_size(
    compose: Any, seed: int, size: float
) -> None:
    """A section stated twice changes nothing; nothing passes where there is no room."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 5))
    matrix = random.choice([0.0, 1e-3, 2e-3, 7e-3], (2, n))
    room = random.choice([-0.2, 0.0, 0.1, 0.4], 2)
    claim = random.choice([1.0, 40.0, 90.0], n)
    once = responses(matrix)
    twice = responses(np.repeat(matrix, 2, axis=0))
    alone = loads(allocation.allocate(once, rooms(once, room), plants(claim, ceiling=claim),
                                      compose=compose))  # fmt: skip
    both = loads(allocation.allocate(twice, rooms(twice, np.repeat(room, 2)),
                                     plants(claim, ceiling=claim), compose=compose))  # fmt: skip
    np.testing.assert_allclose(both, alone, rtol=1e-7, atol=1e-7)
    assert (alone[(matrix[room <= 0] > 0).any(axis=0)] <= 1e-9).all()
    assert (matrix @ alone <= np.maximum(room, 0.0) + 1e-9).all()
    # loads in another unit, and a response to match
    other = responses(matrix / size)
    scaled = plants(claim * size, ceiling=claim * size)
    found = loads(allocation.allocate(other, rooms(other, room), scaled, compose=compose))
    np.testing.assert_allclose(found / size, alone, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("compose", RULES.values(), ids=RULES.keys())
def test_floors_that_are_ceilings_leave_nothing_to_share(compose: Any) -> None:
    fixed = plants([10.0, 20.0], floor=[5.0, 7.0], ceiling=[5.0, 7.0])
    assert loads(allocation.allocate(RESPONSE, ROOM, fixed, compose=compose)).tolist() == [5.0, 7.0]


@given(st.integers(0, 1_000_000))
@settings(max_examples=30, deadline=None)
def test_prices_of_parts_are_those_of_the_whole(seed: int) -> None:
    """Blocks side by side, large enough to be taken apart, degenerate; slopes by new solutions."""
    random = np.random.default_rng(seed)
    blocks, n = 20, 3
    matrix = np.zeros((2 * blocks, n * blocks))
    for k in range(blocks):
        some = random.choice([0.0, 1.0, 2.0], (2, n))
        matrix[2 * k : 2 * k + 2, n * k : n * k + n] = some + (not some.any())
    limit = random.choice([0.0, 2.0, 3.0], 2 * blocks)
    whole = Program().columns(range(n * blocks), 0.0, 2.0).at_most(range(2 * blocks), matrix, limit)
    table = program.sided(whole, 1.0)
    few = pd.Index([0, 5, 11], dtype=object)
    _, gain = program.gained(whole, 1.0, few)
    np.testing.assert_allclose(gain, table.loc[few, "shadow_price"], rtol=1e-9, atol=1e-9)

    def best(right: Any) -> float:
        point = optimize.linprog(-np.ones(n * blocks), matrix, right, bounds=(0.0, 2.0))
        return float(-point.fun)

    step = 1e-4
    for k in random.integers(0, 2 * blocks, 3):
        moved = limit.copy()
        moved[k] += step
        slope = (best(moved) - best(limit)) / step
        assert table.loc[k, "shadow_price"] == pytest.approx(slope, abs=1e-5)
        if limit[k] > 0.0:
            moved[k] = limit[k] - step
            slope = (best(limit) - best(moved)) / step
            assert table.loc[k, "tightening_price"] == pytest.approx(slope, abs=1e-5)


@given(seed=st.integers(0, 1_000_000))
@settings(max_examples=3, deadline=None)
def test_rows_of_a_tree_in_any_order_share_alike(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """``tree.csv`` of a study, turned; and its columns against the functions that it stands for."""
    random = np.random.default_rng(seed)
    rows = [
        f"industry,,,COD,{random.choice([0.5, 1.0, 2.0])}",
        f"industry,dyeing,,,{random.choice([0.5, 1.5])}",
        f"industry,chemicals,,COD,{random.choice([0.5, 1.5])}",
        f"industry,chemicals,E2,,{random.choice([0.7, 1.0])}",
    ]
    head = "source_class,sector,enterprise,pollutant,adjustment_coefficient\n"
    found: list[pd.DataFrame] = []
    for order in (np.arange(4), random.permutation(4)):
        text = head + "".join(f"{rows[k]}\n" for k in order)
        root: Path = tmp_path_factory.mktemp("tree")
        outcome = study.solve(_folder(root, TIGHT | {"tree": text}, CHOSEN))
        found.append(outcome.datasets["allocation"]["permitted_load"].to_series())
    pd.testing.assert_series_equal(*found, check_exact=True)
    # κ of siblings within floors and ceilings, by a root of the sum; P2 alone has no sibling
    factor = [float(rows[k].rsplit(",", 1)[1]) for k in (1, 2)]
    target = outcome.datasets["sources"]["leaf_target"].sel(pollutant="COD")
    ratio = outcome.datasets["response"]["delivery_ratio"].sel(section="S1", pollutant="COD")
    room = outcome.datasets["limits"]["headroom"].sel(section="S1", indicator="COD").values
    totals = room * 86.4 * (6.0 + (1728.0 + 25000.0) / 86400.0)
    for month, total in enumerate(totals):
        arrived = ratio.sel(outlet=["O1", "O2"]).values[:, month]
        weight = np.array([60.0, 216.0]) * arrived * factor
        least, most = np.array([20.0, 50.0]) * arrived, np.array([80.0, 1e9]) * arrived

        def share(level: float, *given: Any) -> Any:
            return np.clip(level * given[0], given[1], given[2])

        bounds = weight, least, most
        level = optimize.brentq(lambda x, b, t: share(x, *b).sum() - t, 0.0, 99.0, (bounds, total))
        loads_at = target.sel(source=["P1", "P2"]).values[:, month]
        np.testing.assert_allclose(loads_at * arrived, share(level, *bounds), rtol=1e-8)
