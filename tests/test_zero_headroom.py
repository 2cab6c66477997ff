"""Limits of 0 and below: two packages price them alike, and as the best total moves."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import allocation, capacity, fairness
from permitload.program import Program, sided, signed

PRICES = ["shadow_price", "tightening_price", "price_lower", "price_upper"]


def rooms(response: xr.DataArray, values: np.ndarray) -> xr.DataArray:
    labels = {"section": response["section"].values, "indicator": ["TP"], "period": ["dry"]}
    return xr.DataArray(np.asarray(values)[:, None, None], labels, list(labels))


@given(st.integers(0, 1_000_000))
@settings(max_examples=40, deadline=None)
def test_capacity_and_allocation_price_a_limit_alike(seed: int) -> None:
    draw = np.random.default_rng(seed)
    m, n = (int(k) for k in draw.integers(1, 4, 2))
    outlet = [f"O{k}" for k in range(n)]
    matrix = draw.choice([0.0, 0.01, 0.02], (m, n, 1, 1))
    labels = {"section": [f"S{k}" for k in range(m)], "outlet": outlet, "pollutant": ["TP"],
              "period": ["dry"]}  # fmt: skip
    response = xr.DataArray(matrix, labels, list(labels))
    limit = draw.choice([-0.1, 0.0, 0.0, 0.3, 0.5], m)
    ceiling = response[0].drop_vars("section") * 0.0 + 30.0
    found = capacity.network(response, rooms(response, limit), ceiling.to_dataset(name="ceiling"))
    sources = xr.Dataset({"ceiling": ceiling.rename(outlet="source")})
    sources = sources.assign_coords(outlet=("source", outlet))
    table = allocation.price_ranges(response, rooms(response, limit), sources)
    for name in PRICES:
        one, other = found[name].values.ravel(), table[name].to_numpy()
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9, err_msg=name)

    def total(k: int, step: float) -> float:
        moved = rooms(response, limit + step * (np.arange(m) == k))
        bounds = ceiling.to_dataset(name="ceiling")
        return float(capacity.best_total(response, moved, bounds).total.item())

    for k in range(m):
        loss = (total(k, 0.0) - total(k, -1e-3)) / 1e-3
        assert table["tightening_price"][k] == pytest.approx(loss, abs=1e-6)
        gain = (total(k, 1e-3) - total(k, 0.0)) / 1e-3
        assert table["shadow_price"][k] == pytest.approx(gain, abs=1e-6)


def test_limits_of_zero_and_below() -> None:
    names = ["free", "zero", "owed", "unreached"]
    matrix = np.array([[0.0, 0.01], [0.02, 0.0], [0.0, 0.005], [0.0, 0.0]])
    program = Program().columns(["E1", "E2"], 0.0, [9.0, 0.0]).at_most(names, matrix, 0.0)
    table = pd.DataFrame({name: [1.0, 2.0, 3.0, 4.0] for name in PRICES}, names)
    found = signed(program, table, [0.5, 0.0, -0.1, -0.1])
    assert found["shadow_price"].tolist() == [1.0, 2.0, 0.0, 0.0]
    assert found["tightening_price"].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert found["price_lower"].tolist() == [1.0, 2.0, -np.inf, -np.inf]
    assert found["price_upper"].tolist() == [1.0, 2.0, 0.0, np.inf]
    assert signed(program, sided(program, 1.0), np.zeros(4)).columns.tolist() == PRICES[:2]
    assert (table["tightening_price"] == [1.0, 2.0, 3.0, 4.0]).all()


@pytest.mark.parametrize(
    ("claim", "limit"), [(5e-324, 1e-323), (1.0, 5e-324), (1.0, 1e-310), (1e-310, 1.0)]
)
def test_a_total_next_to_nothing_is_shared_out_in_silence(claim: float, limit: float) -> None:
    """Subnormal numbers: warnings are errors here, and no share exceeds claim or limit."""
    found = fairness.greatest_total([claim, claim], ([[1.0, 1.0]], [limit]))
    assert (found.share <= claim).all() and (found.share >= 0.0).all()
    assert found.share.sum() <= limit
    if claim <= 1e-310:
        assert found.share.tolist() == [claim, claim]
