"""What every composition must keep: order, units, rows, totals; what more room and tiers do."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import allocation, capacity, fairness, sharing
from permitload.sharing import section_rows
from tests.parks import RULES, loads, plants, responses, rooms

SEEDS = st.integers(0, 2**32 - 1)
every_rule = pytest.mark.parametrize("compose", RULES.values(), ids=RULES.keys())


def basin(seed: int, sections: int | None = None) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    """Response, headroom and sources with ties, zeros and shared outlets."""
    random = np.random.default_rng(seed)
    m, n = sections or random.integers(1, 4), random.integers(1, 5)
    matrix = random.choice([0.0, 1e-3, 1.7e-3, 2e-3, 5.1e-3], (m, n))
    response = responses(matrix)
    claim = random.choice([0.0, 10.0, 33.3, 100.0], random.integers(1, 6))
    outlet = random.integers(0, n, len(claim)).tolist()
    room = rooms(response, random.choice([0.0, 0.11, 0.21, 0.5], m))
    return response, room, plants(claim, outlet, ceiling=claim)


@every_rule
@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_order_and_units_do_not_move_permits_and_rows_hold_in_whole_units(
    compose: Any, seed: int
) -> None:
    response, room, sources = basin(seed)
    random = np.random.default_rng(seed)
    found = allocation.allocate(response, room, sources, compose=compose)
    permit = loads(found)
    orders = [random.permutation(k) for k in (*response.shape[:2], len(permit))]
    turned = allocation.allocate(
        response.isel(section=orders[0], outlet=orders[1]), room,
        sources.isel(source=orders[2]), compose=compose,
    )  # fmt: skip
    again = loads(turned.sel(source=sources.source))
    np.testing.assert_allclose(again, permit, rtol=1e-9, atol=1e-9)
    scaled = sources.assign({name: sources[name] / 1000.0 for name in sources.data_vars})
    tonnes = allocation.allocate(response * 1000.0, room, scaled, compose=compose)
    np.testing.assert_allclose(1000.0 * loads(tonnes), permit, rtol=1e-8, atol=1e-8)
    micrograms = allocation.allocate(response * 1000.0, room * 1000.0, sources, compose=compose)
    np.testing.assert_allclose(loads(micrograms), permit, rtol=1e-8, atol=1e-8)
    # In whole units no row is exceeded, in exact numbers.
    rows = section_rows(response, room)["TP", "dry"]
    matrix = rows.coefficient[sources.outlet.values].to_numpy()
    whole = allocation.round_down(permit, 0.25, (matrix, rows.limit.to_numpy()), permit + 1.0)
    for row, most in zip(matrix, rows.limit, strict=True):
        used = sum(Fraction(a) * Fraction(x) for a, x in zip(row, whole, strict=True))
        assert used <= Fraction(float(most)) * (1 + Fraction(1, 10**12))


@every_rule
@given(seed=SEEDS, more=st.floats(1e-6, 50.0))
@settings(max_examples=15, deadline=None)
def test_one_total_is_given_out_and_more_of_it_takes_from_nobody(
    compose: Any, seed: int, more: float
) -> None:
    random = np.random.default_rng(seed)
    claim = random.choice([1.0, 3.0, 3.0, 20.0, 33.3], random.integers(1, 6))
    total = float(random.choice([0.0, 0.3, 0.7, 1.0, 1.5]) * claim.sum())
    share, wider = (fairness.divide(t, claim, compose) for t in (total, total + more))
    assert share.sum() == pytest.approx(min(total, claim.sum()), rel=1e-9, abs=1e-9)
    assert (wider >= share - 1e-9 * claim.sum()).all()


@given(SEEDS, st.floats(0.0, 0.3))
@settings(max_examples=15, deadline=None)
def test_a_tightened_section_never_raises_the_best_total(seed: int, less: float) -> None:
    response, room, sources = basin(seed)
    size = response.sizes["outlet"]
    bounds = xr.Dataset({"ceiling": ("outlet", np.full(size, 40.0))}, {"outlet": response.outlet})
    bounds = bounds.expand_dims(pollutant=["TP"], period=["dry"], axis=(1, 2))
    best = capacity.network(response, room, bounds).total.item()
    sums = loads(allocation.allocate(response, room, sources, compose=fairness.greatest_total))
    error = 1e-9 * max(1.0, best, sums.sum())
    for section in response.section.values:
        tight = room - less * (room.section == section)
        assert capacity.network(response, tight, bounds).total.item() <= best + error
        found = allocation.allocate(response, tight, sources, compose=fairness.greatest_total)
        assert loads(found).sum() <= sums.sum() + error
        # What a rule gives out is never more than the best.
        for compose in (sharing.fill, sharing.project, fairness.talmud):
            other = allocation.allocate(response, tight, sources, compose=compose)
            assert loads(other).sum() <= loads(found).sum() + error


@given(SEEDS, st.floats(1.0, 3.0), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_a_better_tier_never_gets_less_nor_leaves_others_more(
    seed: int, factor: float, who: int
) -> None:
    response, room, sources = basin(seed, sections=1)
    sources = sources.assign(
        benchmark_load=sources.source_load, ceiling=2.0 * sources.ceiling + 1.0,
        adjustment_coefficient=("source", np.ones(sources.sizes["source"])),
    )  # fmt: skip
    raised = sources.assign(adjustment_coefficient=sources.adjustment_coefficient.copy())
    k = who % sources.sizes["source"]
    raised.adjustment_coefficient[k] *= factor
    before, after = (
        loads(allocation.allocate(response, room, given_sources, fairness.capped_base))
        for given_sources in (sources, raised)
    )
    error = 1e-9 * (1.0 + before.sum())
    assert after[k] >= before[k] - error
    assert (np.delete(after, k) <= np.delete(before, k) + error).all()
