"""Floors and ceilings by name, and the words where floors do not fit: each figure by hand."""

import numpy as np
import pytest
import xarray as xr

from permitload import allocation
from permitload.errors import DataError, InfeasibleError
from permitload.sharing import Filling
from tests.parks import loads, plants, responses, rooms

ONE = responses([[0.01, 0.01]])


def test_a_bound_that_is_left_out_is_none() -> None:
    """Floors are 0 and ceilings open, not the other way round."""
    free = allocation.allocate(ONE, rooms(ONE, [1.0]), plants([30.0, 10.0]))
    assert loads(free).tolist() == pytest.approx([75.0, 25.0], rel=1e-12)
    held = allocation.allocate(ONE, rooms(ONE, [1.0]), plants([30.0, 10.0], ceiling=[60.0, 60.0]))
    assert loads(held).tolist() == pytest.approx([60.0, 40.0], rel=1e-12)
    least = allocation.allocate(ONE, rooms(ONE, [1.0]), plants([30.0, 10.0], floor=[0.0, 60.0]))
    assert loads(least).tolist() == pytest.approx([40.0, 60.0], rel=1e-12)


def test_a_floor_may_be_its_ceiling_but_no_more() -> None:
    even = plants([30.0, 10.0], floor=[20.0, 0.0], ceiling=[20.0, 90.0])
    found = allocation.allocate(ONE, rooms(ONE, [1.0]), even)
    assert loads(found).tolist() == pytest.approx([20.0, 80.0], rel=1e-12)
    crossed = plants([30.0, 10.0], floor=[21.0, 0.0], ceiling=[20.0, 90.0])
    with pytest.raises(DataError) as caught:
        allocation.allocate(ONE, rooms(ONE, [1.0]), crossed)
    assert [str(fault) for fault in caught.value.faults] == [
        "sources, row E1, TP, dry, floor: 21.0 exceeds the ceiling; right would be less"
    ]


def test_each_bound_is_named_by_its_own_component() -> None:
    sources = plants([30.0, 10.0, 5.0], floor=[0.0, 60.0, 0.0], ceiling=[20.0, 90.0, 1.0])
    dims = ("source", "pollutant", "period")
    names = {
        "ceiling_component": np.array(["legal", "legal", ""])[:, None, None],
        "floor_component": np.array(["need", "need", ""])[:, None, None],
    }
    sources = sources.assign({name: (dims, values) for name, values in names.items()})
    response = responses([[0.01, 0.01, 0.01]])
    found = allocation.allocate(response, rooms(response, [0.65]), sources)
    # 0.05 mg/L are left above the floor: 5 kg/d by 30 to 5.
    assert loads(found).tolist() == pytest.approx([30.0 / 7.0, 60.0, 5.0 / 7.0], rel=1e-12)
    assert found["stopped_by"].values[:, 0, 0].tolist() == ["S1", "need", "S1"]
    wide = allocation.allocate(response, rooms(response, [9.0]), sources)
    assert loads(wide).tolist() == [20.0, 90.0, 1.0]
    assert wide["stopped_by"].values[:, 0, 0].tolist() == ["legal", "legal", "ceiling"]


def two() -> tuple[xr.DataArray, xr.DataArray]:
    """S1 owes 0.2 mg/L with no load at all; S2 has 0.5."""
    response = responses([[0.01, 0.0], [0.01, 0.02]])
    return response, rooms(response, [0.1, 0.5])


def test_floors_that_do_not_fit_are_named_with_what_they_add() -> None:
    response, room = two()
    sources = plants([30.0, 40.0], floor=[30.0, 40.0])
    with pytest.raises(InfeasibleError) as caught:
        allocation.allocate(response, room, sources)
    # S1: 0.3 of 0.1; S2: 0.3 + 0.8 of 0.5.
    assert str(caught.value) == (
        "floors exceed the headroom at 2 sections and periods, most at S2, TP, dry: 0.6 mg/L"
    )
    table = caught.value.relaxation
    assert table is not None and table["section"].tolist() == ["S1", "S2"]
    assert table["missing"].tolist() == pytest.approx([0.2, 0.6], rel=1e-9)
    assert table.index.tolist() == [0, 1]


def test_what_the_background_misses_is_not_laid_on_the_floors() -> None:
    response, _ = two()
    room = rooms(response, [-5.0, 0.5])
    sources = plants([30.0, 40.0], floor=[0.0, 40.0])
    with pytest.raises(InfeasibleError) as caught:
        allocation.allocate(response, room, sources)
    # S1 misses 5 mg/L whoever stands on a floor: only S2, at 0.8 of 0.5, is told.
    assert str(caught.value) == (
        "floors exceed the headroom at 1 sections and periods, most at S2, TP, dry: 0.3 mg/L"
    )
    table = caught.value.relaxation
    assert table is not None and table["section"].tolist() == ["S2"]
    assert table.index.tolist() == [0]
    assert (table["missing"] - table["background"]).tolist() == pytest.approx([0.3], rel=1e-9)


def test_a_composition_that_asks_for_more_than_floors_says_so_itself() -> None:
    def greedy(target: object, rows: object, **bounds: object) -> Filling:
        raise InfeasibleError("the twofold of the target does not fit")

    with pytest.raises(InfeasibleError, match=r"^TP, dry: the twofold of the target does not fit$"):
        allocation.allocate(ONE, rooms(ONE, [1.0]), plants([3.0, 1.0]), compose=greedy)


def test_rows_of_groups_are_no_sections() -> None:
    sources = plants([30.0, 40.0], floor=[30.0, 40.0])
    member = xr.DataArray([[1.0, 1.0]], {"group": ["G"], "source": ["E1", "E2"]})
    limit = xr.DataArray([[[60.0]]], {"group": ["G"], "pollutant": ["TP"], "period": ["dry"]})
    sources = sources.assign(member=member, group_limit=limit)
    sources = sources.assign(annual_total=limit.isel(period=0, drop=True) * np.inf)
    with pytest.raises(InfeasibleError) as caught:
        allocation.allocate(ONE, rooms(ONE, [9.0]), sources)
    assert str(caught.value) == (
        "floors exceed the headroom at 1 rows and periods, most at G, TP, dry: 10 kg/d"
    )
    with pytest.raises(InfeasibleError, match=r"at 2 rows and periods, most at S1, .*: 0\.2 mg"):
        allocation.allocate(ONE, rooms(ONE, [0.5]), sources)
