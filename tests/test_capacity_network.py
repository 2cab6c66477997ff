"""Capacity under sections: totals, prices, ranges, status; headroom with its sign."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import capacity, schema, standards
from permitload.errors import DataError

CASES = Path(__file__).parent / "cases" / "allocation"


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf8"))
    return found


def responses(matrix: Any, pollutants: tuple[str, ...] = ("TP",)) -> xr.DataArray:
    """One matrix (section, outlet) for every pollutant and two periods."""
    values = np.asarray(matrix, dtype=float)
    labels = {
        "section": [f"S{k + 1}" for k in range(values.shape[0])],
        "outlet": [f"O{k + 1}" for k in range(values.shape[1])],
        "pollutant": list(pollutants),
        "period": ["dry", "wet"],
    }
    shape = (*values.shape, len(pollutants), 2)
    full = np.broadcast_to(values[:, :, None, None], shape).copy()
    array = xr.DataArray(full, labels, list(labels))
    return array.assign_coords(days=("period", [30.0, 31.0]))


def rooms(response: xr.DataArray, limit: Any) -> xr.DataArray:
    """One headroom per section for every pollutant and period."""
    array = response.isel(outlet=0, drop=True).rename(pollutant="indicator")
    return array.copy(data=np.broadcast_to(np.asarray(limit)[:, None, None], array.shape).copy())


def bounds(response: xr.DataArray, floor: Any, ceiling: Any) -> xr.Dataset:
    size = response.sizes["outlet"]
    arrays = {
        "floor": ("outlet", np.broadcast_to(np.asarray(floor, dtype=float), size)),
        "ceiling": ("outlet", np.broadcast_to(np.asarray(ceiling, dtype=float), size)),
    }
    return xr.Dataset(arrays, {"outlet": response.outlet.values})


def test_max_load_case_through_headroom_and_network() -> None:
    known = case("max_load_shadow_price")
    inputs, right = known["inputs"], known["expected"]
    near = {"rtol": 0, "atol": known["tolerance"]}
    response = responses(inputs["response_mgL_per_t_a"])
    standard = rooms(response, inputs["standard_mgL"])
    limits = xr.Dataset({"limit": standard}, {"sense": ("indicator", ["≤"])})
    present = rooms(response, inputs["background_mgL"]).rename(indicator="pollutant")
    room = capacity.headroom(limits, present, rooms(response, inputs["mos_mgL"]) / standard)
    np.testing.assert_allclose(room[:, 0, 0], right["headroom_mgL"], **near)
    limited = bounds(response, inputs["lower_t_a"], inputs["upper_t_a"])
    found = capacity.network(response, room, limited)
    assert (found.status == "ok").all()
    prices = found.shadow_price.sel(pollutant="TP", period="wet")
    np.testing.assert_allclose(found.total, right["total_t_a"], **near)
    np.testing.assert_allclose(prices, right["dual_section_t_a_per_mgL"], **near)
    assert not np.allclose(prices, [-40.0, -100.0])
    ranges = np.stack([found.price_lower[:, 0, 1], found.price_upper[:, 0, 1]], axis=1)
    np.testing.assert_allclose(ranges, right["dual_valid_headroom_range_mgL"], **near)
    np.testing.assert_allclose(found.canonical_load[:, 0, 0], right["x_t_a"], **near)
    split = capacity.ranges(response, room, limited)
    assert (split.unique == float(right["unique_primal"])).all()
    np.testing.assert_allclose(split.load_min, found.canonical_load, **near)
    np.testing.assert_allclose(split.load_max, found.canonical_load, **near)
    assert (found.tightening_price == found.shadow_price).all() == right["unique_dual"]
    schema.validate(found, "capacity")
    assert found.days.values.tolist() == [30.0, 31.0]
    assert found.total.attrs["units"] == "kg/d"


def test_headroom_keeps_its_sign_and_reads_what_standards_give() -> None:
    sections = pd.DataFrame({"section": ["S1", "S2"], "reach": ["R1", "R1"], "position": [0.0, 9.0],
                             "water_class": ["III", "II"]})  # fmt: skip
    limits = standards.limits(sections, ["COD", "TP"], ["dry"])
    labels = {"section": ["S2", "S1"], "pollutant": ["TP", "COD"], "period": ["dry"]}
    present = xr.DataArray(np.array([[[0.2], [3.0]], [[0.1], [30.0]]]), labels, list(labels))
    room = capacity.headroom(limits, present, 0.1)
    assert room.dims == ("section", "indicator", "period")
    right = {("S1", "COD"): -12.0, ("S1", "TP"): 0.08, ("S2", "COD"): 10.5, ("S2", "TP"): -0.11}
    for (section, indicator), value in right.items():
        got = room.sel(section=section, indicator=indicator, period="dry").item()
        assert got == pytest.approx(value, rel=1e-12)
    # P16: a limit of the kind "at least" is refused, not read as "at most"
    oxygen = standards.limits(sections, ["DO"], ["dry"])
    with pytest.raises(DataError, match="DO, sense: ≥ is no most; right would be the deficit"):
        capacity.headroom(oxygen, present, 0.1)
    with pytest.raises(DataError, match="S2, section: is in one of two only"):
        capacity.headroom(limits, present.isel(section=[1]), 0.1)
    with pytest.raises(DataError, match=r"margin_of_safety: 1\.0 is out of range"):
        capacity.headroom(limits, present, 1.0)
    with pytest.raises(DataError, match="S2, TP, dry, headroom: is no number"):
        capacity.headroom(limits, present.where(present != 0.2), 0.1)


def test_headroom_of_a_quality_result() -> None:
    sections = pd.DataFrame({"section": ["S1"], "node": ["a"], "water_class": ["III"]})
    limits = standards.limits(sections, ["COD"], ["01"])
    quality = xr.Dataset(
        {"node_concentration": (("node", "pollutant", "period"), [[[4.0]]])},
        {"node": ["a"], "pollutant": ["COD"], "period": ["01"], "segment_reach": ("segment", [])},
    )
    assert capacity.headroom(limits, quality, 0.1).item() == pytest.approx(14.0, rel=1e-12)


def test_background_beyond_the_standard_shuts_only_what_reaches_it() -> None:
    response = responses([[0.01, 0.0, 0.0], [0.01, 0.01, 0.02]])
    room = rooms(response, [-0.2, 0.5])
    found = capacity.network(response, room, bounds(response, [5.0, 0.0, 0.0], 30.0))
    assert (found.status == "background_exceeds").all()
    # O1 gets nothing, floor or not; O2 its ceiling, O3 what S2 still takes.
    np.testing.assert_allclose(found.canonical_load[:, 0, 0], [0.0, 30.0, 10.0], rtol=1e-12)
    np.testing.assert_allclose(found.total, 40.0, rtol=1e-12)
    first = found.isel(section=0, pollutant=0, period=0)
    assert (first.shadow_price, first.tightening_price) == (0.0, 0.0)
    assert (first.price_lower, first.price_upper) == (-np.inf, 0.0)
    assert room.min() == -0.2
    # Nobody's surplus elsewhere offsets it, and a section that nobody reaches is still told.
    alone = capacity.network(response.where(response.section != "S1", 0.0), room)
    assert (alone.status == "background_exceeds").all()
    np.testing.assert_allclose(alone.total, 50.0, rtol=1e-12)


def test_floors_that_do_not_fit_are_told() -> None:
    response = responses([[0.01, 0.02]])
    found = capacity.network(response, rooms(response, [0.5]), bounds(response, 40.0, 45.0))
    assert (found.status == "floors_infeasible").all()
    np.testing.assert_allclose(found.total, 45.0 + 2.5, rtol=1e-12)


def test_dispersion_of_no_account_neither_shuts_nor_breaks() -> None:
    response = responses([[0.01, 1e-18], [0.0, 0.01]])
    for first, right in ((0.0, [0.0, 50.0]), (-0.3, [0.0, 50.0]), (0.2, [20.0, 50.0])):
        room = rooms(response, [first, 0.5])
        found = capacity.network(response, room)
        np.testing.assert_allclose(found.canonical_load[:, 0, 0], right, rtol=1e-12)
        np.testing.assert_allclose(found.shadow_price[1], 100.0, rtol=1e-12)
        np.testing.assert_allclose(capacity.ranges(response, room).load_max[:, 0, 0], right)
    # A section far upstream that all outlets reach by dispersion alone, already exceeded.
    response = responses([[3e-22, 1e-24], [0.01, 0.02]])
    limited = bounds(response, 0.0, [30.0, 30.0])
    found = capacity.network(response, rooms(response, [-1.0, 0.5]), limited)
    np.testing.assert_allclose(found.total, 30.0 + 10.0, rtol=1e-12)


def test_repeated_labels_are_named() -> None:
    response = responses([[0.01, 0.02], [0.01, 0.02]])
    room = rooms(response, [0.5, 0.5])
    for dim in ("section", "outlet"):
        twice = response.isel({dim: [0, 0]})
        with pytest.raises(DataError, match="1, " + dim + ": is there twice"):
            capacity.network(twice, room)
    with pytest.raises(DataError, match="S1, section: is there twice"):
        capacity.network(response, room.isel(section=[0, 0]))
    limited = bounds(response, 0.0, 9.0).isel(outlet=[0, 0])
    with pytest.raises(DataError, match="O1, outlet: is there twice"):
        capacity.network(response, room, limited)


def test_zero_headroom_still_has_a_price() -> None:
    response = responses([[0.01]])
    found = capacity.network(response, rooms(response, [0.0]))
    assert (found.total == 0).all() and (found.status == "ok").all()
    np.testing.assert_allclose(found.shadow_price, 100.0, rtol=1e-12)
    assert (found.tightening_price == 0).all()
    assert (found.price_lower == 0).all() and np.isposinf(found.price_upper).all()


def test_ties_are_split_evenly_and_ranges_tell_the_freedom() -> None:
    response = responses([[0.01, 0.01, 0.01, 0.04], [0.0, 0.0, 0.02, 0.0]])
    limited = bounds(response, 0.0, [10.0, 80.0, 60.0, 60.0])
    room = rooms(response, [1.0, 0.5])
    found = capacity.network(response, room, limited)
    np.testing.assert_allclose(found.total, 100.0, rtol=1e-12)
    # O4 costs four times the room: the best total leaves it nothing. O1 is full, S2 holds O3.
    near: Any = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(found.canonical_load[:, 0, 0], [10.0, 65.0, 25.0, 0.0], **near)
    split = capacity.ranges(response, room, limited)
    np.testing.assert_allclose(split.load_min[:, 0, 0], [0.0, 65.0, 10.0, 0.0], **near)
    np.testing.assert_allclose(split.load_max[:, 0, 0], [10.0, 80.0, 25.0, 0.0], **near)
    assert (split.unique == 0.0).all()


def test_two_sections_say_the_same() -> None:
    response = responses([[0.01], [0.01]])
    found = capacity.network(response, rooms(response, [0.5, 0.5]))
    np.testing.assert_allclose(found.shadow_price, 0.0, atol=1e-9)
    np.testing.assert_allclose(found.tightening_price, 100.0, rtol=1e-12)


def test_no_row_and_no_ceiling_is_refused_with_every_label() -> None:
    response = responses([[0.01, 0.0]], ("TP", "COD"))
    with pytest.raises(DataError) as caught:
        capacity.network(response, rooms(response, [0.5]))
    named = [fault.row for fault in caught.value.faults]
    assert named == ["O2, TP, dry", "O2, TP, wet", "O2, COD, dry", "O2, COD, wet"]
    capacity.network(response, rooms(response, [0.5]), bounds(response, 0.0, [np.inf, 7.0]))


@pytest.mark.parametrize(
    ("floor", "ceiling", "words"),
    [
        (2.0, 1.0, "O1, TP, dry, floor: 2.0 exceeds the ceiling"),
        (-1.0, 1.0, "O1, TP, dry, floor: -1.0 is no bound"),
        (0.0, np.nan, "O1, TP, dry, ceiling: nan is no bound"),
    ],
)
def test_wrong_bounds_are_named(floor: float, ceiling: float, words: str) -> None:
    response = responses([[0.01]])
    with pytest.raises(DataError, match=words):
        capacity.network(response, rooms(response, [0.5]), bounds(response, floor, ceiling))
    with pytest.raises(DataError, match="O9, outlet: is in one of two only"):
        wrong = bounds(response, 0.0, 1.0).assign_coords(outlet=["O9"])
        capacity.network(response, rooms(response, [0.5]), wrong)


@st.composite
def basins(draw: st.DrawFn) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    coefficient = st.sampled_from([0.0, 1e-3, 1e-3, 2e-3, 5e-3])
    response = responses([[draw(coefficient) for _ in range(n)] for _ in range(m)])
    limit = [draw(st.sampled_from([-0.1, 0.0, 0.2, 0.5, 1.0])) for _ in range(m)]
    ceiling = [draw(st.sampled_from([10.0, 50.0, 300.0])) for _ in range(n)]
    return response, rooms(response, limit), bounds(response, 0.0, ceiling)


@given(basins(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_properties_of_a_capacity(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset], random: Any
) -> None:
    response, room, limited = drawn
    found = capacity.network(response, room, limited)
    # Every published value again, without a solver.
    split = found.canonical_load.values[:, 0, 0]
    matrix, limit = response.values[:, :, 0, 0], room.values[:, 0, 0]
    used = matrix @ split
    assert (used <= np.maximum(limit, 0.0) * (1 + 1e-9)).all()
    assert (split >= 0).all() and (split <= limited.ceiling.values).all()
    total = found.total.values[0, 0]
    assert split.sum() == pytest.approx(total, rel=1e-9, abs=1e-12)
    price = found.shadow_price.values[:, 0, 0]
    assert (price >= 0).all()
    assert (found.tightening_price.values[:, 0, 0] >= price - 1e-9)[limit > 0].all()
    # Ranges hold the split, and each is attained within the best total.
    ends = capacity.ranges(response, room, limited)
    least, most = ends.load_min.values[:, 0, 0], ends.load_max.values[:, 0, 0]
    assert (least <= split + 1e-8).all() and (split <= most + 1e-8).all()
    assert ends.unique.values[0, 0] == float((most - least).max() <= 1e-9 * max(1.0, total))
    # More room at one section is never worse, and worth at most its price.
    more = room + 1e-4 * (room.section == "S1")
    wider = capacity.network(response, more, limited).total.values[0, 0]
    assert wider >= total * (1 - 1e-12)
    if limit[0] >= 0:
        assert wider <= total + price[0] * 1e-4 + 1e-9
    # Labels, not positions.
    turned = list(range(response.sizes["outlet"]))
    down = list(range(response.sizes["section"]))
    random.shuffle(turned)
    random.shuffle(down)
    other = capacity.network(response.isel(outlet=turned, section=down), room, limited)
    xr.testing.assert_allclose(other.sel(outlet=response.outlet, section=response.section), found,
                               rtol=1e-9, atol=1e-9)  # fmt: skip
