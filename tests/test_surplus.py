"""Reclaimed water, surplus capacity and its auction."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from permitload.conversion import auction, permit_credit, reclaimed_water, surplus
from permitload.errors import DataError
from permitload.units import rate, tonnes

CASES = Path(__file__).parent / "cases" / "allocation"
SEEDS = st.integers(0, 1_000_000)
DAY = 86_400.0


def known(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf8"))
    return found


# -- reclaimed water -----------------------------------------------------------------------------


def _reclaimed(removal: float) -> xr.Dataset:
    given = known("reclaimed_water_capacity")["inputs"]
    return reclaimed_water(given["product_m3d"] / DAY, given["effluent_mgL"],
                           given["wwtp_m3d"] / DAY, given["recovery"], given["rejection"],
                           removal)  # fmt: skip


def test_reclaimed_water_case() -> None:
    case = known("reclaimed_water_capacity")
    returned, treated = _reclaimed(0.0), _reclaimed(case["inputs"]["brine_removal_variant"])
    found = {
        "naive_t_a": tonnes(returned["claimed_load"].item()),
        "feed_m3d": returned["feed_flow"].item() * DAY,
        "product_load_t_a": tonnes(returned["product_load"].item()),
        "brine_load_t_a": tonnes(returned["concentrate_load"].item()),
        "freed_if_brine_returned_t_a": tonnes(returned["freed_load"].item()),
        "freed_if_60pct_of_brine_removed_t_a": tonnes(treated["freed_load"].item()),
    }
    assert found.keys() == case["expected"].keys()
    for name, value in case["expected"].items():
        assert found[name] == pytest.approx(value, rel=case["tolerance"]), name
    for one in (returned, treated):  # what water times concentration claims is not what is freed
        assert abs(tonnes(one["freed_load"].item()) - 65.7) > 5.0


@given(
    recovery=st.floats(0.1, 0.99), rejection=st.floats(0.0, 1.0), removal=st.floats(0.0, 1.0),
    part=st.just(0.0) | st.floats(1e-3, 1.0),
)  # fmt: skip
def test_freed_is_what_no_longer_leaves_the_outlet(
    recovery: float, rejection: float, removal: float, part: float
) -> None:
    effluent, strength = 0.3, 20.0
    product = part * effluent * recovery
    found = reclaimed_water(product, strength, effluent, recovery, rejection, removal)
    # by another way: the mass that still leaves, from water and strengths of each stream
    feed = product / recovery
    brine = strength * feed * rejection / (feed - product) if part else 0.0
    leaving = 86.4 * ((effluent - feed) * strength + (feed - product) * brine * (1.0 - removal))
    assert found["freed_load"].item() == pytest.approx(
        86.4 * effluent * strength - leaving, rel=1e-9, abs=1e-9
    )


def test_water_reused_as_it_is_frees_all_that_it_carries() -> None:
    found = reclaimed_water(0.1, 30.0, 0.3, 1.0, 0.0, 0.0)
    assert found["freed_load"].item() == found["claimed_load"].item() == pytest.approx(259.2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recovery": 0.0}, "makes no water"), ({"recovery": 1.0}, "0 where recovery is 1"),
        ({"rejection": 1.1}, "from 0 to 1"), ({"outlet_concentration": -1.0}, ">= 0"),
        ({"reclaimed_flow": np.nan}, "reclaimed_flow"),
        ({"reclaimed_flow": 0.2}, "at most the effluent"),
        ({"concentrate_removal": -0.1}, "concentrate_removal"),
    ],
)  # fmt: skip
def test_reclaimed_water_refuses(change: dict[str, float], words: str) -> None:
    given = {"reclaimed_flow": 0.05, "outlet_concentration": 30.0, "wastewater_flow": 0.2,
             "recovery": 0.7, "rejection": 0.95, "concentrate_removal": 0.0}  # fmt: skip
    with pytest.raises(DataError, match=words):
        reclaimed_water(**(given | change))


def test_a_freed_load_is_credited_once_and_after_the_permit_has_fallen() -> None:
    freed = _reclaimed(0.0)["freed_load"].item()
    whole = rate(219.0)  # 20 000 m3/d at 30 mg/L
    first = permit_credit(freed, whole, whole - freed, 0.0)
    assert first == pytest.approx(freed, rel=1e-9)
    assert permit_credit(freed, whole, whole - freed, first) == pytest.approx(0.0, abs=1e-9)
    assert permit_credit(freed, whole, whole - 5.0, 0.0) == pytest.approx(5.0)
    with pytest.raises(DataError, match="falls before its load is credited"):
        permit_credit(freed, whole, whole, 0.0)
    with pytest.raises(DataError, match="each load once"):
        permit_credit(freed, whole, whole - freed, 2.0 * freed)
    with pytest.raises(DataError, match="credited"):
        permit_credit(freed, whole, whole - freed, -1.0)


# -- surplus -------------------------------------------------------------------------------------


def field(values: Any) -> xr.DataArray:
    """Response of TN by section and outlet, one period."""
    values = np.asarray(values, dtype=float)
    labels = {"section": [f"S{k}" for k in range(len(values))],
              "outlet": [f"O{k}" for k in range(values.shape[1])],
              "pollutant": ["TN"], "period": ["dry"]}  # fmt: skip
    return xr.DataArray(values[:, :, None, None], labels, tuple(labels))


def room(response: xr.DataArray, values: Any) -> xr.DataArray:
    empty = response.isel(outlet=0, drop=True).rename(pollutant="indicator")
    return xr.zeros_like(empty) + np.asarray(values, dtype=float)[:, None, None]


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_surplus_is_a_set(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sections, outlets = rng.integers(1, 5, 2)
    rise = rng.uniform(0.01, 1.0, (sections, outlets))
    response = field(rise)
    used = rng.uniform(0.0, 1.0, outlets)
    left = rng.uniform(-0.2, 2.0, sections)
    permitted = response[0].drop_vars("section") * 0.0 + used[:, None, None]
    headroom = room(response, rise @ used + left)
    found = surplus(response, headroom, permitted, 0.25)
    spare = np.where(left > 0.0, 0.75 * left, left)
    np.testing.assert_allclose(found["spare"].values.ravel(), spare, atol=1e-12)
    usable = np.maximum(spare, 0.0)
    alone = found["surplus_alone"].values.ravel()
    for k in range(outlets):  # as much as fits, and no more
        assert (rise[:, k] * alone[k] <= usable + 1e-9).all()
        assert np.isclose(rise[:, k] * alone[k], usable, atol=1e-9).any()
    total = found["surplus_total"].item()
    peer = optimize.linprog(-np.ones(outlets), rise, usable)
    assert total == pytest.approx(-peer.fun, rel=1e-7, abs=1e-9)
    assert alone.max() * (1 - 1e-9) <= total <= alone.sum() * (1 + 1e-9)


def test_surplus_alone_cannot_be_added() -> None:
    response = field([[0.01, 0.01]])
    nothing = response[0].drop_vars("section") * 0.0
    found = surplus(response, room(response, [1.0]), nothing, 0.0)
    assert found["surplus_alone"].values.ravel().tolist() == [100.0, 100.0]
    assert found["surplus_total"].item() == pytest.approx(100.0)


def test_surplus_refuses() -> None:
    response = field([[0.01, 0.0]])
    nothing = response[0].drop_vars("section") * 0.0
    with pytest.raises(DataError, match="O1"):
        surplus(response, room(response, [1.0]), nothing, 0.0)
    response = field([[0.01, 0.1]])
    with pytest.raises(DataError, match="reserve_share"):
        surplus(response, room(response, [1.0]), nothing, 1.5)
    with pytest.raises(DataError, match="negative"):
        surplus(response, room(response, [1.0]), nothing - 1.0, 0.1)
    with pytest.raises(DataError, match="headroom has NaN"):
        surplus(response, room(response, [np.nan]), nothing, 0.1)


# -- auction -------------------------------------------------------------------------------------


def _case() -> tuple[dict[str, Any], pd.DataFrame]:
    case = known("auction_uniform")
    given = pd.DataFrame(case["inputs"]["bids"])
    bids = pd.DataFrame({"bidder": given["id"], "bid": rate(given["t_a"].astype(float)),
                         "bid_price": given["price"].astype(float)})  # fmt: skip
    return case, bids


def _by(sold: xr.Dataset, name: str) -> dict[str, float]:
    return dict(zip(sold["bidder"].values, sold[name].values, strict=True))


def test_uniform_price_with_a_tie_at_the_margin() -> None:
    case, bids = _case()
    ones = pd.DataFrame(1.0, ["total"], bids["bidder"].tolist())
    supply = pd.Series({"total": rate(float(case["inputs"]["supply_t_a"]))})
    expected, tol = case["expected"]["uniform"], case["tolerance"]
    for order in (bids, bids[::-1], bids.iloc[[2, 1, 0, 3]]):
        sold = auction(order, (ones, supply))
        award = {name: tonnes(value) for name, value in _by(sold, "award").items()}
        assert award.keys() == expected["award"].keys()
        for name, value in expected["award"].items():
            assert award[name] == pytest.approx(value, rel=tol, abs=tol), name
        assert sold["row_price"].item() == pytest.approx(expected["price"], rel=tol)
        assert sold["payment"].sum().item() == pytest.approx(expected["revenue"], rel=tol)
        # first come, first served would give 50 and 10, or 30 and 30
        assert abs(award["E2"] - 50.0) > 1.0
        assert abs(award["E2"] - 30.0) > 1.0


def test_impact_weighted_auction() -> None:
    case, bids = _case()
    impact = case["inputs"]["impact_per_t"]
    rows = pd.DataFrame([impact], ["S1"], dtype=float)
    limit = pd.Series({"S1": rate(float(case["inputs"]["headroom_impact_units"]))})
    sold = auction(bids, (rows, limit))
    expected, tol = case["expected"]["impact_weighted"], case["tolerance"]
    assert set(expected) == {"award", "price_per_impact_unit", "pay"}
    for name, value in _by(sold, "award").items():
        assert tonnes(value) == pytest.approx(expected["award"][name], rel=tol, abs=tol), name
    for name, value in _by(sold, "payment").items():
        assert value == pytest.approx(expected["pay"][name], rel=tol, abs=tol), name
    assert sold["row_price"].item() == pytest.approx(expected["price_per_impact_unit"], rel=tol)
    assert _by(sold, "award")["E3"] == 0.0  # ignoring impact it would buy 22.5


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_auctions_clear_and_order_moves_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bidders, sections = rng.integers(1, 7), rng.integers(1, 4)
    names = [f"E{k}" for k in rng.permutation(bidders)]
    bids = pd.DataFrame({"bidder": names, "bid": rng.integers(1, 50, bidders).astype(float),
                         "bid_price": rng.integers(1, 12, bidders).astype(float)})  # fmt: skip
    matrix = rng.integers(1, 4, (sections, bidders)).astype(float)
    rows = pd.DataFrame(matrix, [f"S{k}" for k in range(sections)], names)
    limit = pd.Series(rng.integers(0, 120, sections).astype(float), rows.index)
    least = float(rng.integers(0, 6))
    sold = auction(bids, (rows, limit), least)
    award, price = sold["award"].values, sold["row_price"].values
    value = bids["bid_price"].to_numpy()
    assert (award <= bids["bid"] + 1e-9).all()
    assert (award[value < least] == 0.0).all()
    assert (matrix @ award <= limit.to_numpy() + 1e-7).all()
    most = np.where(value >= least, bids["bid"], 0.0)
    peer = optimize.linprog(-value, matrix, limit, bounds=[(0.0, m) for m in most])
    assert value @ award == pytest.approx(-peer.fun, rel=1e-7, abs=1e-7)
    # nobody pays more than the bid, nobody who is refused was worth more than the price
    unit = price @ matrix
    wins = award > 1e-7
    assert (unit[wins] <= value[wins] + 1e-7).all()
    assert (unit[award < most - 1e-7] >= value[award < most - 1e-7] - 1e-7).all()
    assert (price[matrix @ award < limit.to_numpy() - 1e-6] == 0.0).all()
    paid = sold["payment"].values
    assert (paid <= value * tonnes(award) + 1e-6).all()
    assert (paid >= least * tonnes(award) - 1e-6).all()
    order = rng.permutation(bidders)
    again = auction(bids.iloc[order], (rows.iloc[::-1, order], limit[::-1]), least)
    xr.testing.assert_identical(again.sel(bidder=sold["bidder"], row=sold["row"]), sold)


def test_nobody_pays_where_there_is_enough() -> None:
    _, bids = _case()
    rows = pd.DataFrame(1.0, ["total"], bids["bidder"].tolist()), pd.Series({"total": 1e6})
    sold = auction(bids, rows)
    np.testing.assert_array_equal(sold["award"], bids["bid"])
    assert (sold["payment"] == 0.0).all()
    floor = auction(bids, rows, 9.0)
    assert floor["award"].values[-1] == 0.0  # bid 8
    np.testing.assert_allclose(floor["payment"].values[:3], 9.0 * tonnes(bids["bid"][:3]))


BAD: dict[str, tuple[Any, str]] = {
    "no bids": (lambda b, r, lim: (b[:0], r, lim), "at least one bid"),
    "zero bid": (lambda b, r, lim: (b.assign(bid=0.0), r, lim), "is no bid"),
    "twice": (lambda b, r, lim: (pd.concat([b, b]), r, lim), "E1"),
    "stranger": (lambda b, r, lim: (b, r.rename(columns={"E1": "X"}), lim), "has no partner"),
    "other rows": (lambda b, r, lim: (b, r, lim.rename({"total": "x"})), "has no partner"),
    "negative": (lambda b, r, lim: (b, -r, lim), "coefficient is negative"),
    "no surplus": (lambda b, r, lim: (b, r, lim - 1e9), "a surplus >= 0"),
    "in no row": (lambda b, r, lim: (b, r.assign(E1=0.0), lim), "is in no row"),
    "price": (lambda b, r, lim: (b.assign(bid_price=np.nan), r, lim), "bid_price"),
}


@pytest.mark.parametrize("name", BAD)
def test_auctions_refuse(name: str) -> None:
    _, bids = _case()
    rows = pd.DataFrame(1.0, ["total"], bids["bidder"].tolist())
    change, words = BAD[name]
    table, coefficient, limit = change(bids, rows, pd.Series({"total": 100.0}))
    with pytest.raises(DataError, match=words):
        auction(table, (coefficient, limit))
    with pytest.raises(DataError, match="reserve_price"):
        auction(bids, (rows, pd.Series({"total": 100.0})), -1.0)
