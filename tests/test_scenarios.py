"""Scenarios: which to give up, against enumeration; the mean of the worst, against all subsets."""

import math
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from permitload import allocation, sharing
from permitload.errors import DataError, InfeasibleError
from tests.parks import loads, plants, responses, rooms

SEEDS = st.integers(0, 2**32 - 1)
Floats = np.ndarray[Any, Any]


def two_sections() -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    """Ten scenarios, one source, two of them bad at S1 and two others at S2."""
    first = [0.30, 0.38] + [0.45 + 0.02 * k for k in range(8)]
    second = [0.60, 0.58, 0.34, 0.40] + [0.47 + 0.02 * k for k in range(6)]
    response = responses(np.full((10, 2, 1), 0.01))
    room = rooms(response, np.array([first, second]).T)
    return response, room, plants([100.0])


def violated_in(response: xr.DataArray, room: xr.DataArray, x: Floats) -> Floats:
    """Whether each row (scenario, section) is exceeded."""
    rise = response.values[..., 0, 0] @ x
    return np.asarray(rise > room.values[..., 0, 0] * (1 + 1e-9) + 1e-12)


def test_one_scenario_counts_once_wherever_it_is_violated() -> None:
    response, room, sources = two_sections()
    found = {}
    for joint in (("section",), ()):
        rows = allocation.scenario_rows(response, room, sources, 0.2, joint)
        permits = allocation.allocate(rows, rows["headroom"], sources)
        assert rows["total"].item() == pytest.approx(loads(permits)[0], rel=1e-12)
        found[joint] = loads(permits)
    # by hand: the caps of the scenarios are 30, 34, 38, 40, …; of each section 30, 38, 45, …
    # and 34, 40, 47, …
    assert found["section",][0] == pytest.approx(38.0, rel=1e-12)
    assert found[()][0] == pytest.approx(45.0, rel=1e-12)
    broken = {joint: violated_in(response, room, x) for joint, x in found.items()}
    assert broken["section",].any(axis=1).mean() == 0.2
    assert broken[()].mean(axis=0).tolist() == [0.2, 0.2]
    assert broken[()].any(axis=1).mean() == 0.4


def test_shares_of_scenarios_are_counted_in_whole_numbers() -> None:
    for share, samples, right in (
        (0.29, 100, 29),
        (0.07, 100, 7),
        (0.1, 30, 3),
        (0.05, 19, 0),
        (1 / 3, 3, 1),
    ):
        assert allocation.most_violated(share, samples) == right
    assert math.floor(0.29 * 100) == 28  # what floating point makes of it
    for bad in (-0.1, 1.0, math.nan):
        with pytest.raises(DataError, match="violated"):
            allocation.most_violated(bad, 10)
    # An order statistic, not an interpolated quantile: 10 scenarios, one may be violated.
    response = responses(np.full((10, 1, 1), 0.01))
    cap = np.arange(1.0, 11.0)[:, None] / 10
    rows = allocation.scenario_rows(response, rooms(response, cap), plants([99.0]), 0.1)
    assert rows["total"].item() == pytest.approx(20.0, rel=1e-12)
    assert rows["total"].item() != pytest.approx(100 * np.quantile(cap, 0.1), rel=0.01)


def random_scenarios(seed: int, samples: int = 6) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.002, 0.02, (samples, 2, 3)) * (rng.random((samples, 2, 3)) < 0.8)
    matrix[:, :, 0] = rng.uniform(0.002, 0.02, (samples, 2))
    response = responses(matrix)
    room = rooms(response, rng.uniform(0.2, 1.0, (samples, 2)))
    claim = rng.uniform(5.0, 40.0, 3)
    ceiling = np.where(rng.random(3) < 0.5, 1e6, claim)
    return response, room, plants(claim, ceiling=ceiling)


def linear(matrix: Floats, limit: Floats, ceiling: Floats) -> float:
    found = optimize.linprog(-np.ones(3), matrix, limit, bounds=[(0, top) for top in ceiling])
    assert found.status == 0
    return float(-found.fun)


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.sampled_from([1, 2]))
def test_best_scenarios_to_give_up_are_those_of_enumeration(seed: int, most: int) -> None:
    response, room, sources = random_scenarios(seed)
    a, h = response.values[..., 0, 0], room.values[..., 0, 0]
    ceiling = sources["ceiling"].values[:, 0, 0]
    kept = [list(c) for c in combinations(range(6), 6 - most)]
    joint = max(linear(a[k].reshape(-1, 3), h[k].ravel(), ceiling) for k in kept)
    apart = max(
        linear(np.vstack([a[k, 0], a[m, 1]]), np.concatenate([h[k, 0], h[m, 1]]), ceiling)
        for k, m in product(kept, kept)
    )
    for dims, right in ((("section",), joint), ((), apart)):
        rows = allocation.scenario_rows(response, room, sources, most / 6, dims)
        assert rows["total"].item() == pytest.approx(right, rel=1e-8)
        x = loads(allocation.allocate(rows, rows["headroom"], sources))
        broken = violated_in(response, room, x)
        assert (broken.any(axis=1).sum() if dims else broken.sum(axis=0).max()) <= most
        assert x.sum() <= right * (1 + 1e-9)
        met = rows["met"].values[:, 0, 0]
        assert len(met) == met.sum()  # of one pollutant and period only what is met is there


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rows_that_come_in_as_they_break_have_the_total_of_all_at_once(seed: int) -> None:
    """More rows than come in at a time, against scipy with every row and M from the ceilings."""
    draw = np.random.default_rng(seed)
    samples, sections, outlets, most = 60, 4, 6, 3
    matrix = draw.uniform(0.2, 1.0, (sections, outlets)) * 0.01
    matrix = matrix * draw.lognormal(0.0, 0.3, (samples, 1, 1))
    limit = draw.uniform(0.3, 0.6, (samples, sections))
    ceiling = draw.uniform(20.0, 60.0, outlets)
    response = responses(matrix)
    room = rooms(response, limit)
    sources = plants(ceiling, ceiling=ceiling)
    rows = allocation.scenario_rows(response, room, sources, most / samples)
    flat, right = matrix.reshape(-1, outlets), limit.ravel()
    slack = np.maximum(flat @ ceiling - right, 0.0)
    event = np.kron(np.eye(samples), np.ones((sections, 1)))
    found = optimize.milp(
        np.append(-np.ones(outlets), np.zeros(samples)),
        integrality=np.append(np.zeros(outlets), np.ones(samples)),
        bounds=optimize.Bounds(0.0, np.append(ceiling, np.ones(samples))),
        constraints=[
            optimize.LinearConstraint(np.hstack([flat, -slack[:, None] * event]), -np.inf, right),
            optimize.LinearConstraint(np.append(np.zeros(outlets), np.ones(samples)), 0, most),
        ],
        options={"mip_rel_gap": 0.0},
    )
    assert rows["total"].item() == pytest.approx(-found.fun, rel=1e-6)
    permits = loads(allocation.allocate(rows, rows["headroom"], sources))
    assert violated_in(response, room, permits).any(axis=1).sum() <= most


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_a_scenario_can_count_once_for_all_periods(seed: int) -> None:
    parts = [random_scenarios(seed + k, 4) for k in range(2)]
    names = xr.DataArray(["wet", "dry"], dims="period", name="period")
    response, room, source_load, ceiling = (
        xr.concat(
            [a.isel(period=0, drop=True) for a in arrays], names, coords="minimal", compat="equals",
            join="exact",
        ).assign_coords(period=names.values)
        for arrays in zip(
            *[(p[0], p[1], p[2]["source_load"], p[2]["ceiling"]) for p in parts], strict=True
        )
    )  # fmt: skip
    sources = xr.Dataset({"source_load": source_load, "ceiling": ceiling})
    sources = sources.transpose("source", "pollutant", "period")
    rows = allocation.scenario_rows(response, room, sources, 0.25, ("section", "period"))
    best = 0.0
    for gone in range(4):
        keep = [w for w in range(4) if w != gone]
        best = max(
            best,
            sum(
                linear(
                    p[0].values[keep][..., 0, 0].reshape(-1, 3),
                    p[1].values[keep][..., 0, 0].ravel(),
                    p[2]["ceiling"].values[:, 0, 0],
                )
                for p in parts
            ),
        )
    assert float(rows["total"].sum()) == pytest.approx(best, rel=1e-8)
    alone = allocation.scenario_rows(response, room, sources, 0.25)
    assert float(alone["total"].sum()) >= best * (1 - 1e-9)


def test_who_is_stopped_reads_which_section_in_which_scenario() -> None:
    response, room, sources = two_sections()
    rows = allocation.scenario_rows(response, room, sources, 0.2)
    permits = allocation.allocate(rows, rows["headroom"], sources)
    stop = permits["stopped_by"].item()
    row = rows.sel(section=stop)
    assert (stop, row["scenario"].item(), row["subject"].item()) == ("S1, w2", "w2", "S1")
    dated = permits.assign_coords(days=("period", [30.0]))
    table = allocation.explain(dated, rows, rows["headroom"], sources)
    assert "S1, w2" in set(table["subject"])


def test_order_of_scenarios_and_units_change_nothing() -> None:
    response, room, sources = random_scenarios(3, 8)
    rows = allocation.scenario_rows(response, room, sources, 0.25)
    x = loads(allocation.allocate(rows, rows["headroom"], sources))
    order = np.random.default_rng(0).permutation(response["scenario"].values)
    mixed = allocation.scenario_rows(
        response.sel(scenario=order), room.isel(section=[1, 0]), sources, 0.25
    )
    np.testing.assert_allclose(
        loads(allocation.allocate(mixed, mixed["headroom"], sources)), x, rtol=1e-9
    )
    small = allocation.scenario_rows(response * 1e-6, room, sources * 1e6, 0.25)
    assert small["total"].item() == pytest.approx(rows["total"].item() * 1e6, rel=1e-9)


def test_background_that_exceeds_is_given_up_first_and_then_leaves_nothing() -> None:
    response = responses(np.full((4, 1, 1), 0.01))
    sources = plants([80.0])
    room = rooms(response, [[-0.1], [0.3], [0.4], [0.5]])
    rows = allocation.scenario_rows(response, room, sources, 0.25)
    assert rows["total"].item() == pytest.approx(30.0)
    assert rows["scenario"].values.tolist() == ["w2", "w3", "w4"]
    worse = rooms(response, [[-0.1], [-0.3], [0.4], [0.5]])
    none = allocation.scenario_rows(response, worse, sources, 0.25)
    assert none["total"].item() == 0.0
    assert loads(allocation.allocate(none, none["headroom"], sources)).tolist() == [0.0]


def test_floors_and_what_else_is_refused() -> None:
    response = responses(np.full((4, 1, 1), 0.01))
    room = rooms(response, [[0.2], [0.3], [0.4], [0.5]])
    held = plants([80.0], floor=25.0)
    rows = allocation.scenario_rows(response, room, held, 0.25)
    assert rows["total"].item() == pytest.approx(30.0)
    with pytest.raises(InfeasibleError, match="2 scenarios; right would be at most 1") as error:
        allocation.scenario_rows(response, room, plants([80.0], floor=35.0), 0.25)
    assert error.value.relaxation["section"].tolist() == ["S1, w1", "S1, w2"]
    with pytest.raises(DataError, match="joint"):
        allocation.scenario_rows(response, room, held, 0.25, ("scenario",))
    with pytest.raises(DataError, match="violated"):
        allocation.tail_rows(response, room, held, 1.0)
    with pytest.raises(DataError, match="scenario"):
        allocation.scenario_rows(response[0], room[0], held)
    with pytest.raises(DataError, match="differ"):
        allocation.tail_rows(response, room.assign_coords(scenario=list("abcd")), held)
    with pytest.raises(DataError, match="is negative"):
        allocation.scenario_rows(-response, room, held)
    with pytest.raises(DataError, match="no number"):
        allocation.tail_rows(response * np.nan, room, held)
    with pytest.raises(DataError, match="nothing stops"):
        # in the two scenarios that may be violated only, does it reach the section
        once = response * xr.DataArray([1.0, 0.0, 0.0, 0.0], {"scenario": response["scenario"]})
        allocation.scenario_rows(once, room, plants([80.0]), 0.25)


def subsets(response: xr.DataArray, room: xr.DataArray, worst: int) -> tuple[Floats, Floats]:
    """Rows of the mean of every set of so many scenarios, by section."""
    a, h = response.values[..., 0, 0], room.values[..., 0, 0]
    sets = [list(c) for c in combinations(range(len(a)), worst)]
    matrix = np.concatenate([a[k].mean(axis=0) for k in sets])
    return matrix, np.concatenate([h[k].mean(axis=0) for k in sets])


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from([1, 2, 3]))
def test_mean_of_the_worst_is_the_worst_mean_of_all_subsets(seed: int, worst: int) -> None:
    response, room, sources = random_scenarios(seed)
    matrix, limit = subsets(response, room, worst)
    ceiling = sources["ceiling"].values[:, 0, 0]
    share = worst / 6
    total = allocation.tail_total(response, room, sources, share)
    assert total.item() == pytest.approx(linear(matrix, limit, ceiling), rel=1e-8)
    rows = allocation.tail_rows(response, room, sources, share)
    x = loads(allocation.allocate(rows, rows["headroom"], sources))
    claim = sources["source_load"].values[:, 0, 0]
    right = sharing.fill(claim, (matrix, limit), upper=ceiling).share
    np.testing.assert_allclose(x, right, rtol=1e-8, atol=1e-9)
    assert (matrix @ x <= limit * (1 + 1e-8)).all()
    # safe: no more than that share of the scenarios is violated at a section
    assert (violated_in(response, room, x * (1 - 1e-8)).sum(axis=0) <= worst).all()


def test_no_scenario_to_violate_is_every_row() -> None:
    response, room, sources = random_scenarios(5)
    a, h = response.values[..., 0, 0].reshape(-1, 3), room.values[..., 0, 0].ravel()
    ceiling = sources["ceiling"].values[:, 0, 0]
    right = sharing.fill(sources["source_load"].values[:, 0, 0], (a, h), upper=ceiling).share
    for rows in (
        allocation.scenario_rows(response, room, sources, 0.0),
        allocation.tail_rows(response, room, sources, 0.0),
    ):
        x = loads(allocation.allocate(rows, rows["headroom"], sources))
        np.testing.assert_allclose(x, right, rtol=1e-8)


def test_parts_of_a_scenario_count_in_the_mean() -> None:
    response = responses(np.full((3, 1, 1), 0.01))
    room = rooms(response, [[0.2], [0.3], [0.6]])
    rows = allocation.tail_rows(response, room, plants([99.0]), 0.5)
    # 1.5 scenarios: 0.2 in full and half of 0.3
    right = (0.2 + 0.5 * 0.3) / 1.5
    assert rows["headroom"].values.min() == pytest.approx(right, rel=1e-9)
    x = loads(allocation.allocate(rows, rows["headroom"], plants([99.0])))
    assert x[0] == pytest.approx(100 * right, rel=1e-9)


def test_tail_that_the_background_exceeds_leaves_nothing_to_anyone_who_reaches_it() -> None:
    response = responses([[[0.01, 0.0]], [[0.01, 0.02]], [[0.01, 0.02]], [[0.01, 0.02]]])
    room = rooms(response, [[-0.5], [0.3], [0.4], [0.5]])
    sources = plants([10.0, 10.0], ceiling=10.0)
    rows = allocation.tail_rows(response, room, sources, 0.25)
    assert loads(allocation.allocate(rows, rows["headroom"], sources)).tolist() == [0.0, 0.0]
    assert allocation.tail_total(response, room, sources, 0.25).item() == 0.0
    held = plants([10.0, 10.0], ceiling=60.0, floor=[60.0, 0.0])
    fits = rooms(response, [[0.5], [0.5], [0.5], [0.5]])
    rows = allocation.tail_rows(response, fits, held, 0.25)
    with pytest.raises(InfeasibleError, match="floors"):
        allocation.allocate(rows, rows["headroom"], held)
