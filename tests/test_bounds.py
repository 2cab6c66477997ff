"""Floors and ceilings by named components: which binds, which contradict, who must be asked."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from scipy.optimize import linprog

from permitload import allocation
from permitload.errors import DataError
from tests.test_allocation import basins, case, responses, rooms, works

NONE = float("nan")
DIMS = ("source", "pollutant", "period")


def parts(period: list[str], **numbers: list[float]) -> xr.Dataset:
    """Components of E1, E2, …, the same in all periods."""
    count = len(next(iter(numbers.values())))
    labels = {"source": [f"E{k + 1}" for k in range(count)], "pollutant": ["TP"], "period": period}
    shape = (count, 1, len(period))
    arrays = {
        name: (DIMS, np.broadcast_to(np.array(v, float)[:, None, None], shape).copy())
        for name, v in numbers.items()
    }
    return xr.Dataset(arrays, labels)


FLOORS = parts(["M1"], technology_floor=[1.0, NONE, 2.0], minimum_operation=[3.0, NONE, 2.0])
CEILINGS = parts(
    ["M1"], eia_total=[9.0, 8.0, 7.0], present_permit=[NONE, 5.0, 7.0], benchmark=[12.0, 6.0, NONE]
)


def test_the_binding_component_is_named() -> None:
    found = allocation.bounds(FLOORS, CEILINGS)
    assert found.floor.values.ravel().tolist() == [3.0, 0.0, 2.0]
    assert found.ceiling.values.ravel().tolist() == [9.0, 5.0, 7.0]
    assert found.floor_component.values.ravel().tolist() == [
        "minimum_operation", "", "technology_floor",
    ]  # fmt: skip
    assert found.ceiling_component.values.ravel().tolist() == [
        "eia_total", "present_permit", "eia_total",
    ]  # fmt: skip
    free = allocation.bounds(FLOORS[["technology_floor"]], CEILINGS[["present_permit"]], ())
    assert free.ceiling.values.ravel().tolist() == [np.inf, 5.0, 7.0]
    assert free.ceiling_component.values.ravel()[0] == ""


def test_stops_bear_the_names() -> None:
    response = responses({"M1": [[0.01, 0.01, 0.01]]})
    given_bounds = allocation.bounds(FLOORS, CEILINGS)
    sources = works(response, ["O1", "O2", "O3"], {"source_load": [2.0, 20.0, 20.0]})
    sources = sources.merge(given_bounds)
    room = rooms(response, [0.12])
    permits = allocation.allocate(response, room, sources)
    # 3 on its floor, the other two in step until the permit of E2 stops it
    assert permits.permitted_load.values.ravel().tolist() == pytest.approx([3.0, 4.5, 4.5])
    assert permits.stopped_by.values.ravel().tolist() == ["minimum_operation", "S1", "S1"]
    wide = allocation.allocate(response, rooms(response, [9.0]), sources)
    assert wide.stopped_by.values.ravel().tolist() == ["eia_total", "present_permit", "eia_total"]
    days = permits.assign_coords(days=("period", [30.0]))
    table = allocation.explain(days, response, room, sources)
    stop = table[(table["step"] == "stop") & (table["source"] == "E1")]
    assert stop[["quantity", "value", "subject"]].to_numpy().tolist() == [
        ["floor", 3.0, "minimum_operation"]
    ]
    wide_days = wide.assign_coords(days=("period", [30.0]))
    table = allocation.explain(wide_days, response, rooms(response, [9.0]), sources)
    stop = table[table["step"] == "stop"]
    assert stop["subject"].tolist() == ["eia_total", "present_permit", "eia_total"]
    assert stop["quantity"].tolist() == ["ceiling"] * 3
    assert stop["value"].tolist() == [9.0, 5.0, 7.0]
    odd = sources.assign(ceiling_component=(DIMS, np.full((3, 1, 1), "S1")))
    with pytest.raises(DataError, match="component: S1 is the name of a row"):
        allocation.allocate(response, room, odd)


def test_a_missing_assessment_stops_and_names_every_source() -> None:
    lacking = CEILINGS.copy(deep=True)
    lacking["eia_total"].values[[0, 2]] = NONE
    with pytest.raises(DataError, match="eia_total: nan is missing") as caught:
        allocation.bounds(FLOORS, lacking)
    assert [fault.row for fault in caught.value.faults] == ["E1, TP, M1", "E3, TP, M1"]
    with pytest.raises(DataError, match="eia_total: is missing"):
        allocation.bounds(FLOORS, CEILINGS.drop_vars("eia_total"))
    allocation.bounds(FLOORS, lacking, needed=())


def test_all_conflicts_are_listed_with_both_names() -> None:
    high = FLOORS.copy(deep=True)
    high["technology_floor"].values[[0, 1]] = [[[10.0]], [[5.5]]]
    with pytest.raises(DataError) as caught:
        allocation.bounds(high, CEILINGS)
    assert [str(fault) for fault in caught.value.faults] == [
        "bounds, row E1, TP, M1, technology_floor: 10.0 exceeds a ceiling; "
        "right would be at most eia_total 9",
        "bounds, row E2, TP, M1, technology_floor: 5.5 exceeds a ceiling; "
        "right would be at most present_permit 5",
    ]


@pytest.mark.parametrize(
    ("floors", "ceilings", "words"),
    [
        (FLOORS.rename(technology_floor="benchmark"), CEILINGS, "is a floor and a ceiling"),
        (-FLOORS, CEILINGS, r"technology_floor: -1\.0 is negative"),
        (FLOORS.isel(source=[0, 1]), CEILINGS, "E3, eia_total: is in one of two only"),
        (FLOORS.rename(period="month"), CEILINGS, "month is no dimension"),
        (FLOORS.drop_vars("source"), CEILINGS, "source is no dimension"),
    ],
)
def test_wrong_components_are_named(floors: xr.Dataset, ceilings: xr.Dataset, words: str) -> None:
    with pytest.raises(DataError, match=words):
        allocation.bounds(floors, ceilings)


def test_order_of_labels_and_missing_dimensions_do_not_matter() -> None:
    found = allocation.bounds(FLOORS, CEILINGS)
    turned = allocation.bounds(FLOORS, CEILINGS.isel(source=[2, 0, 1]))
    xr.testing.assert_identical(found, turned)
    flat = CEILINGS.isel(period=0, drop=True)
    xr.testing.assert_identical(allocation.bounds(FLOORS, flat), found)


def test_the_known_removal_of_a_single_site() -> None:
    """Loucks: the upper site must remove 0.778816 whatever the lower one does."""
    known = case("wla_loucks_two_site")
    inputs, right = known["inputs"], known["expected"]
    flow, conc, a = inputs["flow_m3s"], inputs["conc_mgL"], inputs["transfer"]
    load = np.array(inputs["W_kg_per_d"])
    q2, q3 = 86.4 * flow["Q2"], 86.4 * flow["Q3"]
    response = responses({"M1": [[a["a12"] / q2, 0.0], [a["a13"] / q3, a["a23"] / q3]]})
    above = conc["P1_upstream"] * flow["Q1"]
    background = [above * a["a12"] / flow["Q2"], above * a["a13"] / flow["Q3"]]
    room = rooms(response, np.array([conc["P2max"], conc["P3max"]]) - background)
    sources = works(response, ["O1", "O2"], {"source_load": load, "ceiling": load})
    near: Any = {"rtol": 0, "atol": known["tolerance"]}
    most = allocation.alone(response, room, sources).values.ravel() / load
    np.testing.assert_allclose(1.0 - most[0], right["reduced"]["x1_min"], **near)
    floor = sources.assign(floor=sources.source_load * [[[0.2]], [[0.0]]])
    rest = 1.0 - allocation.alone(response, room, floor).values.ravel()[1] / load[1]
    np.testing.assert_allclose(
        0.8 + right["reduced"]["coef_x2"] * rest, right["reduced"]["rhs"], **near
    )
    from permitload import sharing

    equal = allocation.allocate(response, room, sources, compose=sharing.proportion)
    np.testing.assert_allclose(1.0 - equal.level, right["equal_removal_fraction"], **near)


@given(basins())
@settings(max_examples=30, deadline=None)
def test_alone_is_the_most_that_a_linear_program_finds(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset],
) -> None:
    response, room, sources = drawn
    room = room.clip(min=0.0) + 0.05
    # floors that fit: a tenth of an allocation
    sources["floor"] = 0.1 * allocation.allocate(response, room, sources).permitted_load
    found = allocation.alone(response, room, sources)
    per_source = response.sel(outlet=sources.outlet).drop_vars("outlet")
    for period in response.period.values:
        here = {"pollutant": "TP", "period": period}
        matrix = per_source.sel(here).transpose("section", "source").values
        limit = room.sel(indicator="TP", period=period).values
        ends = sources.sel(here)
        for k, name in enumerate(sources.source.values):
            bounds = [(low, low) for low in ends.floor.values]
            bounds[k] = (ends.floor.values[k], ends.ceiling.values[k])
            cost = -np.eye(len(bounds))[k]
            best = linprog(cost, matrix, limit, bounds=bounds)
            assert found.sel(here | {"source": name}).item() == pytest.approx(-best.fun, abs=1e-6)
