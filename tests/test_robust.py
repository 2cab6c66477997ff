"""Protection against some worst responses: every set of them enumerated."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from permitload import allocation, sharing
from permitload.errors import DataError
from permitload.program import leximin
from tests.parks import loads, plants, responses, rooms

SEEDS = st.integers(0, 2**32 - 1)
OUTLETS = [f"O{k}" for k in range(1, 5)]
Floats = np.ndarray[Any, Any]


def random_rows(seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.002, 0.02, (3, 4)) * (rng.random((3, 4)) < 0.8)
    matrix[:, 0] = rng.uniform(0.002, 0.02, 3)
    claim = rng.uniform(5.0, 40.0, 4)
    return matrix, rng.uniform(0.3, 1.0, 3), claim, claim * rng.uniform(0.5, 3.0, 4)


def every_set(matrix: Floats, limit: Floats, variation: float, protected: float) -> Any:
    """A row for each section and set of responses at their worst, one of them in part."""
    count, whole = matrix.shape[1], min(int(protected), matrix.shape[1])
    rows = []
    for chosen in combinations(range(count), whole):
        rest = [k for k in range(count) if k not in chosen]
        for part in rest or chosen[:1]:
            rise = np.zeros(count)
            rise[part] = protected - whole
            rise[list(chosen)] = 1.0
            rows.append(matrix * (1.0 + variation * rise))
    return np.concatenate(rows), np.tile(limit, len(rows))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.5, 1.0, 1.7, 2.0, 3.0, 4.0, 9.0]))
def test_rows_and_program_are_those_of_every_set(seed: int, protected: float) -> None:
    matrix, limit, claim, ceiling = random_rows(seed)
    every = every_set(matrix, limit, 0.3, protected)
    right = optimize.linprog(-np.ones(4), *every, bounds=[(0, top) for top in ceiling])
    rows = pd.DataFrame(matrix, ["S1", "S2", "S3"], OUTLETS), pd.Series(limit, ["S1", "S2", "S3"])
    program = allocation.robust_program(rows, 0.3, protected, ceiling_of(ceiling))
    best = program.maximise(pd.Series(1.0, OUTLETS))
    assert best.value == pytest.approx(-right.fun, rel=1e-9)

    response = responses(matrix)
    room, sources = rooms(response, limit), plants(claim, ceiling=ceiling)
    adjusted = allocation.robust_rows(response, room, sources, 0.3, protected)
    x = loads(allocation.allocate(adjusted, adjusted["headroom"], sources))
    fair = sharing.fill(claim, every, upper=ceiling).share
    np.testing.assert_allclose(x, fair, rtol=1e-9)
    step = pd.Series(claim, OUTLETS)
    np.testing.assert_allclose(x, leximin(program, 0.0 * step, step)["share"], rtol=1e-7)


def ceiling_of(ceiling: Floats) -> "pd.Series[float]":
    return pd.Series(ceiling, OUTLETS)


def test_no_protection_is_the_row_and_all_is_the_box() -> None:
    matrix, limit, claim, ceiling = random_rows(1)
    response = responses(matrix)
    room, sources = rooms(response, limit), plants(claim, ceiling=ceiling)
    for variation, protected in ((0.3, 0.0), (0.0, 4.0)):
        rows = allocation.robust_rows(response, room, sources, variation, protected)
        np.testing.assert_array_equal(rows["headroom"], room)
    box = allocation.robust_rows(response, room, sources, 0.3, 4.0)
    plain = allocation.allocate(response * 1.3, room, sources)
    np.testing.assert_allclose(
        loads(allocation.allocate(box, box["headroom"], sources)), loads(plain), rtol=1e-12
    )


def test_a_response_that_is_nothing_stops_nobody() -> None:
    response = responses([[0.01, 1e-13], [0.0, 0.01]])
    room, sources = rooms(response, [0.1, 0.9]), plants([9.0, 9.0])
    rows = allocation.robust_rows(response, room, sources, 0.25, 1.0)
    x = loads(allocation.allocate(rows, rows["headroom"], sources))
    assert x.tolist() == pytest.approx([0.1 / 0.0125, 0.9 / 0.0125], rel=1e-9)


def test_sources_behind_one_outlet_err_as_one() -> None:
    response = responses([[0.01, 0.01]])
    room = rooms(response, [0.6])
    apart = plants([1.0, 1.0, 2.0], [0, 0, 1])
    whole = plants([2.0, 2.0])
    found = [
        loads(allocation.allocate(rows, rows["headroom"], sources))
        for sources in (apart, whole)
        for rows in [allocation.robust_rows(response, room, sources, 0.25, 1.0)]
    ]
    assert [found[0][:2].sum(), found[0][2]] == pytest.approx(found[1].tolist(), rel=1e-12)
    # by hand: 0.01 (x + x) + 0.0025 x = 0.6
    assert found[1][0] == pytest.approx(0.6 / 0.0225, rel=1e-12)


def test_price_rises_with_protection_and_the_bound_falls() -> None:
    matrix, limit, _, ceiling = random_rows(2)
    sections = ["S1", "S2", "S3"]
    rows = pd.DataFrame(matrix, sections, OUTLETS), pd.Series(limit, sections)
    table = allocation.robust_price(rows, 0.3, [0, 0.5, 1, 2, 3, 4, 5], ceiling_of(ceiling))
    assert table["price"].iloc[0] == 0.0
    assert (np.diff(table["total"]) <= 1e-9).all()
    assert table["total"].iloc[-1] == pytest.approx(table["total"].iloc[-2], rel=1e-12)
    assert (np.diff(table["exceedance_bound"]) <= 1e-15).all()
    # all at once costs at most what the responses rise by
    assert 0.0 < table["price"].iloc[-1] <= 1.0 - 1.0 / 1.3 + 1e-12


@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_bound_is_the_tail_of_fair_coins_where_it_is_whole(count: int) -> None:
    for protected in range(count % 2, count + 1, 2):
        signs = stats.binom(count, 0.5)
        right = signs.sf((protected + count) // 2 - 1)
        assert allocation.exceedance_bound(count, protected) == pytest.approx(right, rel=1e-12)
    between = allocation.exceedance_bound(count, count - 1.0)
    ends = [allocation.exceedance_bound(count, count - k) for k in (0.0, 2.0) if k <= count]
    assert between == pytest.approx(float(np.mean(ends))) or count == 1


def test_protected_rows_are_exceeded_no_more_often_than_the_bound() -> None:
    rng = np.random.default_rng(4)
    matrix = rng.uniform(0.005, 0.02, (1, 10))
    response = responses(matrix)
    room, sources = rooms(response, [0.9]), plants(rng.uniform(5.0, 9.0, 10))
    tried = 50_000
    for protected in (2.0, 4.0, 6.0):
        rows = allocation.robust_rows(response, room, sources, 0.3, protected)
        x = loads(allocation.allocate(rows, rows["headroom"], sources))
        for errors in (rng.uniform(-1, 1, (tried, 10)), rng.choice([-1.0, 1.0], (tried, 10))):
            use = (matrix * (1.0 + 0.3 * errors)) @ x
            exceeded = int((use > 0.9 * (1 + 1e-9)).sum())
            bound = allocation.exceedance_bound(10, protected)
            assert exceeded <= stats.binom.ppf(1.0 - 1e-6, tried, bound)


def test_what_is_refused() -> None:
    response = responses([[0.01, 0.01]])
    room, sources = rooms(response, [0.6]), plants([9.0, 9.0])
    rows = pd.DataFrame([[0.01]], ["S1"], ["O1"]), pd.Series({"S1": 0.6})
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(DataError, match="protected"):
            allocation.robust_rows(response, room, sources, 0.2, bad)
        with pytest.raises(DataError, match="variation"):
            allocation.robust_rows(response, room, sources, bad, 1.0)
        with pytest.raises(DataError, match="variation"):
            allocation.robust_program(rows, bad, 1.0)
        with pytest.raises(DataError, match="protected"):
            allocation.exceedance_bound(3, bad)
    with pytest.raises(DataError, match="count"):
        allocation.exceedance_bound(0, 1.0)
    with pytest.raises(DataError, match="negative"):
        allocation.robust_rows(-response, room, sources, 0.2, 1.0)
    with pytest.raises(DataError, match="S9"):
        allocation.robust_program((rows[0], pd.Series({"S9": 0.6})), 0.2, 1.0)
