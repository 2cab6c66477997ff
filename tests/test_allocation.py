"""Permits: known fillings, floors that do not fit, whole units, and every row checked again."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import allocation, schema, sharing
from permitload.errors import DataError, InfeasibleError
from permitload.sharing import Rows

CASES = Path(__file__).parent / "cases" / "allocation"
PERIODS = ["M1", "M7"]


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text("utf8"))
    return found


def responses(by_period: dict[str, Any]) -> xr.DataArray:
    """Response from one matrix (section, outlet) per period."""
    values = np.stack([np.asarray(matrix, float) for matrix in by_period.values()], axis=-1)
    labels = {
        "section": [f"S{k + 1}" for k in range(values.shape[0])],
        "outlet": [f"O{k + 1}" for k in range(values.shape[1])],
        "pollutant": ["TP"],
        "period": list(by_period),
    }
    array = xr.DataArray(values[:, :, None, :], labels, list(labels))
    return array.assign_coords(days=("period", np.full(len(by_period), 30.0)))


def rooms(response: xr.DataArray, limit: Any) -> xr.DataArray:
    array = response.isel(outlet=0, drop=True).rename(pollutant="indicator")
    return array.copy(data=np.broadcast_to(np.asarray(limit)[..., None, None], array.shape).copy())


def works(response: xr.DataArray, outlet: list[str], tables: dict[str, Any]) -> xr.Dataset:
    """Dataset of sources E1, E2, …, the same in every period."""
    names = [f"E{k + 1}" for k in range(len(outlet))]
    labels = {
        "source": names,
        "pollutant": response.pollutant.values,
        "period": response.period.values,
    }
    shape = (len(names), response.sizes["pollutant"], response.sizes["period"])
    arrays = {
        name: (tuple(labels), np.broadcast_to(np.asarray(v, float)[:, None, None], shape).copy())
        for name, v in tables.items()
    }
    return xr.Dataset(arrays, labels).assign_coords(outlet=("source", outlet))


def test_leximin_case_as_permits() -> None:
    known = case("leximin_two_sections")
    inputs, right = known["inputs"], known["expected"]
    near: Any = {"rtol": 0, "atol": known["tolerance"]}
    response = responses(dict.fromkeys(PERIODS, inputs["response"]))
    demand = np.array(inputs["demand"])
    sources = works(
        response, ["O1", "O2", "O3", "O4", "O5"], {"source_load": demand, "ceiling": demand}
    )
    found = allocation.allocate(response, rooms(response, inputs["headroom"]), sources)
    for period in PERIODS:
        one = found.sel(pollutant="TP", period=period)
        np.testing.assert_allclose(one.permitted_load, right["x"], **near)
        np.testing.assert_allclose(one.level, right["ratio"], **near)
        np.testing.assert_allclose(one.permitted_load.sum(), right["total"], **near)
        assert one.stopped_by.values.tolist() == ["S1", "S1", "S2", "S2", "ceiling"]
        for level, names in right["levels"]:
            at = one.source.values[np.isclose(one.level, level, **near)].tolist()
            assert at == names
        # One more mg/L at S1 buys nothing in total: S2 takes it back. At S2 it buys 1 kg/d.
        np.testing.assert_allclose(one.shadow_price, [0.0, 1.0, 0.0], atol=1e-9)
    schema.validate(found, "allocation")
    assert found.outlet.values.tolist() == ["O1", "O2", "O3", "O4", "O5"]
    assert found.days.values.tolist() == [30.0, 30.0]
    ray = allocation.allocate(
        response, rooms(response, inputs["headroom"]), sources, compose=sharing.proportion
    )
    np.testing.assert_allclose(ray.level, 0.5, **near)


def test_sources_behind_one_outlet_and_a_target_of_ones_own() -> None:
    response = responses({"M1": [[0.01, 0.02]]})
    sources = works(
        response,
        ["O2", "O1", "O1"],
        {"source_load": [10.0, 20.0, 40.0], "floor": [0.0, 25.0, 0.0], "ceiling": [90.0] * 3},
    )

    def equal(given_sources: xr.Dataset) -> xr.DataArray:
        return xr.DataArray(xr.full_like(given_sources.source_load, 7.0))

    found = allocation.allocate(response, rooms(response, [0.6]), sources, target=equal)
    # 0.02 θ + 0.25 + 0.01 θ = 0.6 as the second stands on its floor.
    np.testing.assert_allclose(
        found.permitted_load.values.ravel(), [35 / 3, 25.0, 35 / 3], rtol=1e-12
    )
    assert found.stopped_by.values.ravel().tolist() == ["S1", "floor", "S1"]


def test_background_beyond_the_standard_gives_nothing() -> None:
    response = responses({"M1": [[0.01, 0.0], [0.01, 0.01]]})
    sources = works(response, ["O1", "O2"], {"source_load": [10.0, 20.0], "ceiling": [10.0, 20.0]})
    found = allocation.allocate(response, rooms(response, [-0.3, 0.1]), sources)
    assert found.permitted_load.values.ravel().tolist() == [0.0, 10.0]
    assert found.stopped_by.values.ravel().tolist() == ["S1", "S2"]
    assert found.level.values.ravel().tolist() == [0.0, 0.5]
    assert found.shadow_price.values.ravel().tolist() == pytest.approx([0.0, 100.0])
    idle = works(response, ["O1", "O2"], {"source_load": [0.0, 20.0]})
    still = allocation.allocate(response, rooms(response, [-0.3, 0.1]), idle)
    assert still.stopped_by.values.ravel().tolist() == ["no target", "S2"]


def test_infeasible_case_names_every_section_and_period() -> None:
    known = case("infeasible_minimal_relaxation")
    inputs, right = known["inputs"], known["expected"]
    near: Any = {"rtol": 0, "atol": known["tolerance"]}
    matrix = np.array(inputs["response_M1"])
    response = responses({m: f * matrix for m, f in inputs["month_factor"].items()})
    room = rooms(response, [inputs["headroom_mgL"]] * 2)
    lower = np.array(inputs["lower_t_month"])
    sources = works(response, ["O1", "O2"], {"source_load": lower, "floor": lower})
    sources["ceiling"] = 2 * sources.floor
    with pytest.raises(
        InfeasibleError, match=r"2 sections and periods.*S1, TP, M7: 0\.5"
    ) as caught:
        allocation.allocate(response, room, sources)
    limit = rooms(response, [0.6, 0.9])
    for table in (caught.value.relaxation, allocation.relax(response, room, sources, limit)):
        assert table is not None
        found = table.set_index(["section", "period"])["missing"]
        assert set(table["pollutant"]) == {"TP"}
        np.testing.assert_allclose(found.sum(), right["L1_section_total_mgL"], **near)
        for month, expected in right["section_relaxation_mgL"].items():
            got = [found.get((section, month), 0.0) for section in ("S1", "S2")]
            np.testing.assert_allclose(got, expected, **near)
    yielding = allocation.relax_floors(response, room, sources)
    assert yielding[["source", "period"]].to_numpy().tolist() == [["E1", "M7"], ["E2", "M7"]]
    np.testing.assert_allclose(yielding["shortfall"], right["floor_relaxation_t"], **near)
    np.testing.assert_allclose(
        yielding["shortfall"].sum(), right["floor_relaxation_total_t"], **near
    )
    # What the table says is enough, and less is not.
    enough = sources.assign(floor=sources.floor.copy())
    enough["floor"].loc[{"period": "M7"}] = [[12.5 * (1 - 1e-9)], [25.0 * (1 - 1e-9)]]
    allocation.allocate(response, room, enough)
    enough["floor"].loc[{"period": "M7"}] = [[12.5], [25.1]]
    with pytest.raises(InfeasibleError):
        allocation.allocate(response, room, enough)


def test_only_places_where_floors_add_are_named() -> None:
    response = responses({"M1": [[0.01, 0.0], [0.0, 0.01]]})
    room = rooms(response, [-0.5, 0.5])
    sources = works(response, ["O1", "O2"], {"source_load": [9.0, 90.0], "floor": [0.0, 60.0]})
    with pytest.raises(InfeasibleError, match=r"at 1 sections .* S2, TP, M1: 0\.1 mg/L") as caught:
        allocation.allocate(response, room, sources)
    assert caught.value.relaxation is not None
    assert caught.value.relaxation["section"].tolist() == ["S2"]
    table = allocation.relax(response, room, sources).set_index("section")
    np.testing.assert_allclose(table["missing"], [0.5, 0.1], rtol=1e-12)
    np.testing.assert_allclose(table["background"], [0.5, 0.0], rtol=1e-12)
    sources["floor"].values[:] = [[[20.0]], [[0.0]]]
    sources["source_load"].values[:] = 30.0
    with pytest.raises(InfeasibleError, match=r"at 1 sections .* S1, TP, M1: 0\.2 mg/L") as caught:
        allocation.allocate(response, room, sources)
    assert caught.value.relaxation is not None
    np.testing.assert_allclose(caught.value.relaxation["missing"], [0.7], rtol=1e-12)


def test_a_source_without_target_says_so() -> None:
    response = responses({"M1": [[0.01]]})
    tables = {"source_load": [0.0, 10.0], "ceiling": [5.0, 20.0]}
    sources = works(response, ["O1", "O1"], tables)
    found = allocation.allocate(response, rooms(response, [0.5]), sources)
    assert found.permitted_load.values.ravel().tolist() == [0.0, 20.0]
    assert found.stopped_by.values.ravel().tolist() == ["no target", "ceiling"]


def test_dispersion_of_no_account_does_not_shut_a_source() -> None:
    response = responses({"M1": [[0.01, 1e-22], [0.0, 0.01]]})
    sources = works(response, ["O1", "O2"], {"source_load": [10.0, 20.0], "ceiling": [10.0, 20.0]})
    found = allocation.allocate(response, rooms(response, [-0.3, 0.1]), sources)
    assert found.permitted_load.values.ravel().tolist() == [0.0, 10.0]
    assert found.stopped_by.values.ravel().tolist() == ["S1", "S2"]


def test_tier_weights_say_which_floor_yields_first() -> None:
    response = responses({"M1": [[0.01, 0.01]]})
    floors = works(response, ["O1", "O2"], {"floor": [40.0, 40.0]})
    weight = xr.ones_like(floors.floor) * xr.DataArray(
        [1.3, 0.7], {"source": ["E1", "E2"]}, ["source"]
    )
    table = allocation.relax_floors(response, rooms(response, [0.5]), floors, weight)
    assert table[["source", "shortfall"]].to_numpy().tolist() == [["E2", pytest.approx(30.0)]]
    even = allocation.relax_floors(response, rooms(response, [0.5]), floors)
    assert even["shortfall"].tolist() == pytest.approx([15.0, 15.0])
    none = allocation.relax_floors(response, rooms(response, [-0.1]), floors)
    assert none["shortfall"].tolist() == pytest.approx([40.0, 40.0])
    assert allocation.relax_floors(response, rooms(response, [0.9]), floors).empty
    assert allocation.relax(response, rooms(response, [0.9]), floors).empty


RESPONSE = responses({"M1": [[0.01, 0.0]]})
GOOD = works(RESPONSE, ["O1", "O2"], {"source_load": [1.0, 2.0], "ceiling": [5.0, 5.0]})


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (GOOD.assign_coords(outlet=("source", ["O1", "O9"])), "E2, outlet: O9 has no response"),
        (GOOD.drop_vars("outlet"), "outlet: is missing"),
        (GOOD.isel(source=[0, 0]), "E1, source: is there twice"),
        (GOOD.assign(floor=GOOD.ceiling + 1), r"E1, TP, M1, floor: 6.0 exceeds the ceiling"),
        (GOOD.assign(floor=GOOD.ceiling * np.nan), "E1, TP, M1, floor: nan is no load"),
        (GOOD.assign(source_load=-GOOD.ceiling), r"E1, TP, M1, target: -5.0 is no load"),
        (GOOD.drop_vars("ceiling"), "nothing stops E2"),
        (GOOD.assign_coords(period=["M2"]), "M1, period: is in one of two only"),
    ],
)
def test_wrong_sources_are_named(sources: xr.Dataset, words: str) -> None:
    with pytest.raises(DataError, match=words):
        allocation.allocate(RESPONSE, rooms(RESPONSE, [0.5]), sources)


def test_rounding_case() -> None:
    known = case("rounding_permit_precision")
    inputs, right = known["inputs"], known["expected"]
    near: Any = {"rtol": 0, "atol": known["tolerance"]}
    total, precision = inputs["total"], inputs["precision"]
    loads = sharing.capped_proportional(total, inputs["weights"])
    cut = allocation.truncate(loads, precision)
    np.testing.assert_allclose(cut, right["floor"], **near)
    np.testing.assert_allclose(cut.sum(), right["floor_sum"], **near)
    whole = allocation.round_down(loads, precision, (np.ones((1, 3)), [total]))
    np.testing.assert_allclose(whole, right["largest_remainder"], **near)
    naive = np.round(loads, 2).sum()
    np.testing.assert_allclose(naive, right["naive_sum"], **near)
    assert whole.sum() <= total < naive


def test_spare_units_stop_at_sections_and_ceilings() -> None:
    loads = pd.Series({"A": 16.666, "B": 16.669, "C": 66.665})
    everyone = np.ones((1, 3))
    total = allocation.round_down(loads, 0.01, (everyone, [100.0]))
    assert total.to_dict() == {"A": 16.67, "B": 16.67, "C": 66.66}
    # The section of B is full at its load; A is at its ceiling.
    rows = Rows(np.vstack([everyone, [0.0, 0.3, 0.0]]), [100.0, 0.3 * 16.669])
    held = allocation.round_down(loads, 0.01, rows, pd.Series({"A": 16.666, "B": 20, "C": 99}))
    assert held.to_dict() == {"A": 16.66, "B": 16.66, "C": 66.67}
    # Ties go to the first label, whatever the order.
    even = pd.Series({"B": 0.5, "A": 0.5})
    assert allocation.round_down(even, 1.0, ([[1, 1]], [1.0])).to_dict() == {"B": 0.0, "A": 1.0}


def test_ties_do_not_depend_on_the_order_of_numbers_either() -> None:
    rows = pd.DataFrame([[1.0] * 3], columns=[10, 9, 2])
    for order in ([10, 9, 2], [2, 9, 10], [9, 2, 10]):
        loads = pd.Series(0.5, order)
        whole = allocation.round_down(loads, 1.0, (rows, [1.5]))
        assert whole.to_dict() == {2: 1.0, 9: 0.0, 10: 0.0}
        assert whole.index.tolist() == order


def test_whole_units_never_fall_below_a_floor() -> None:
    loads, floors = pd.Series({"A": 0.7, "B": 1.3, "C": 1.9}), pd.Series({"A": 0, "B": 1.2, "C": 1})
    roomy = allocation.round_down(loads, 1.0, ([[1, 1, 1]], [4.0]), np.inf, floors)
    assert roomy.to_dict() == {"A": 0.0, "B": 2.0, "C": 2.0}
    # B may not be raised: it keeps its floor, and the others what that leaves.
    tight = allocation.round_down(loads, 1.0, ([[1, 1, 1]], [3.9]), [9.0, 1.5, 9.0], floors)
    assert tight.to_dict() == {"A": 0.0, "B": 1.2, "C": 2.0}
    row = allocation.round_down(loads, 1.0, (np.eye(3), [0.7, 1.3, 2.0]), np.inf, floors)
    assert row.to_dict() == {"A": 0.0, "B": 1.2, "C": 2.0}
    noisy = allocation.round_down(pd.Series([0.3]), 0.1, ([[1.0]], [9.0]), 0.4, 0.1 + 0.2)
    assert noisy.tolist() == [0.3]
    with pytest.raises(DataError, match=r"B, permitted_load: 1\.3 is below its floor"):
        allocation.round_down(loads, 1.0, ([[1, 1, 1]], [3.9]), 9.0, floors + 0.5 * (floors > 1))


def test_round_off_is_no_reason_to_lose_a_unit() -> None:
    noisy = np.array([0.1 + 0.2, 0.29, 16.669999999999998])
    assert allocation.truncate(noisy, 0.01).tolist() == [0.3, 0.29, 16.67]
    rows = (np.eye(3), noisy)
    assert allocation.round_down(noisy, 0.01, rows).tolist() == [0.3, 0.29, 16.67]
    with pytest.raises(DataError, match=r"1, limit: 1\.0 is exceeded before rounding"):
        allocation.round_down(np.array([1.0, 2.0]), 0.5, (np.eye(2), [1.0, 1.0]))
    with pytest.raises(DataError, match=r"1, permitted_load: -2\.0 is no load"):
        allocation.truncate(np.array([1.0, -2.0]), 0.5)
    with pytest.raises(DataError, match="precision: 0 is no unit"):
        allocation.truncate(np.array([1.0]), 0)
    with pytest.raises(DataError, match="negative"):
        allocation.round_down(np.array([1.0]), 0.5, ([[-1.0]], [1.0]))


@st.composite
def basins(draw: st.DrawFn) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    n, m, k = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    coefficient = st.sampled_from([0.0, 1e-3, 1.7e-3, 2e-3, 5.1e-3])
    response = responses(
        {period: [[draw(coefficient) for _ in range(n)] for _ in range(m)] for period in PERIODS}
    )
    room = rooms(response, [draw(st.sampled_from([-0.1, 0.0, 0.21, 0.5, 1.3])) for _ in range(m)])
    load = np.array([draw(st.sampled_from([0.0, 10.0, 33.3, 100.0])) for _ in range(k)])
    outlet = [f"O{draw(st.integers(1, n))}" for _ in range(k)]
    ceiling = load * draw(st.sampled_from([1.0, 1.5])) + draw(st.sampled_from([0.0, 5.0]))
    return response, room, works(response, outlet, {"source_load": load, "ceiling": ceiling})


@given(basins(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_properties_of_permits(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset], random: Any
) -> None:
    response, room, sources = drawn
    found = allocation.allocate(response, room, sources)
    permit = found.permitted_load
    # Every published value again, without a solver.
    per_source = response.sel(outlet=sources.outlet).drop_vars("outlet")
    used = (per_source * permit).sum("source")
    limit = room.rename(indicator="pollutant").clip(min=0.0)
    assert (used <= limit * (1 + 1e-9)).all()
    assert (permit >= 0).all() and (permit <= sources.ceiling).all()
    for reason, load, ceiling in zip(
        found.stopped_by.values.ravel(), permit.values.ravel(), sources.ceiling.values.ravel(),
        strict=True,
    ):  # fmt: skip
        assert reason != "ceiling" or load == ceiling
    for section in response.section.values:
        stopped = found.stopped_by == section
        touches = per_source.sel(section=section) > 0
        assert (~stopped | touches).all()
        full = (used >= limit - 1e-9).sel(section=section)
        assert (~stopped | full).all()
    # Order of labels and more room.
    turned = list(range(sources.sizes["source"]))
    down = list(range(response.sizes["section"]))
    random.shuffle(turned)
    random.shuffle(down)
    other = allocation.allocate(
        response.isel(section=down, period=[1, 0]), room, sources.isel(source=turned)
    )
    again = other.sel(source=sources.source, period=response.period, section=response.section)
    xr.testing.assert_identical(again.permitted_load, permit)
    xr.testing.assert_identical(again.stopped_by, found.stopped_by)
    wider = allocation.allocate(response, room + 0.05, sources)
    least = found.level.where(found.stopped_by != "fixed").min("source").fillna(0.0)
    assert (
        wider.level.where(wider.stopped_by != "fixed").min("source").fillna(0.0) >= least - 1e-9
    ).all()
    # Whole units hold every row exactly, and cost less than one unit a source.
    for period in PERIODS:
        loads = permit.sel(pollutant="TP", period=period).to_pandas()
        matrix = per_source.sel(pollutant="TP", period=period).transpose("section", "source")
        most = limit.sel(pollutant="TP", period=period).to_pandas()
        upper = sources.ceiling.sel(pollutant="TP", period=period).to_pandas()
        whole = allocation.round_down(loads, 0.25, Rows(matrix.to_pandas(), most), upper)
        for row, room_left in zip(matrix.values, most, strict=True):
            exact = sum(Fraction(a) * Fraction(x) for a, x in zip(row, whole, strict=True))
            assert exact <= Fraction(room_left) * (1 + Fraction(1, 10**12))
        assert (whole <= upper + 1e-12).all() and ((whole / 0.25) % 1 == 0).all()
        assert (abs(whole - loads) < 0.25).all()
        assert (whole >= allocation.truncate(loads, 0.25) - 1e-12).all()
        assert allocation.round_down(whole, 0.25, Rows(matrix.to_pandas(), most)).equals(whole)
        floor = loads * 0.9
        kept = allocation.round_down(loads, 0.25, Rows(matrix.to_pandas(), most), upper, floor)
        assert (kept >= floor * (1 - 1e-12)).all() and (kept <= upper + 1e-12).all()
        assert (((kept / 0.25) % 1 == 0) | (kept == floor)).all()
        for row, room_left in zip(matrix.values, most, strict=True):
            exact = sum(Fraction(a) * Fraction(x) for a, x in zip(row, kept, strict=True))
            assert exact <= Fraction(room_left) * (1 + Fraction(1, 10**12))
