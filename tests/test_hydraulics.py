import csv
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

from permitload import hydraulics, schema
from permitload.errors import ConvergenceError, DataError
from permitload.hydraulics._section import Array, solve
from permitload.network import RiverNetwork

CASE = Path(__file__).parent / "cases" / "hydraulics" / "normal_depth"


# --- the known answers --------------------------------------------------------------------


def table_answers(row: list[float]) -> dict[str, float]:
    flow, width, side_slope, roughness, slope = row
    section = width, side_slope
    depth = hydraulics.normal_depth(flow, *section, roughness, slope)
    answers = {
        "normal_depth": depth,
        "critical_depth": hydraulics.critical_depth(flow, *section),
        "velocity": hydraulics.velocity(flow, depth, *section),
        "froude": hydraulics.froude(flow, depth, *section),
        "area": hydraulics.area(depth, *section),
        "top_width": hydraulics.top_width(depth, *section),
        "hydraulic_radius": hydraulics.hydraulic_radius(depth, *section),
        "conveyance": hydraulics.conveyance(depth, *section, roughness),
        "bed_shear_velocity": hydraulics.bed_shear_velocity(depth, *section, slope),
    }
    return {name: float(value) for name, value in answers.items()}


def channel_answers(run: dict[str, list[dict[str, float]]]) -> dict[tuple[str, str], float]:
    """Uniform flow: the stage follows the bed at a constant depth."""
    reach = run["reaches"][0]
    network = RiverNetwork(
        pd.DataFrame(
            {
                "reach": [reach["id"]],
                "from_node": [reach["from"]],
                "to_node": [reach["to"]],
                "length": [reach["length_m"]],
                "width": [reach["bottom_width_m"]],
                "side_slope": [reach["side_slope"]],
                "bed_from": [reach["bed_from_m"]],
                "bed_to": [reach["bed_to_m"]],
                "roughness": [reach["manning_n"]],
            }
        )
    )
    result = hydraulics.from_flow(network, pd.Series([30.0], ["C1"])).isel(reach=0, period=0)
    section = reach["bottom_width_m"], reach["side_slope"]
    depth = float(hydraulics.depth_of_area(result["area"].item(), *section))
    answers = {
        ("", "volume"): result["volume"].item(),
        ("", "travel_time"): result["travel_time"].item() * 86400.0,
    }
    for x in np.arange(0.0, 20001.0, 2000.0):
        bed = np.interp(x, [0.0, reach["length_m"]], [reach["bed_from_m"], reach["bed_to_m"]])
        answers[str(float(x)), "depth"] = depth
        answers[str(float(x)), "stage"] = float(bed) + depth
    return answers


def test_known_answers() -> None:
    case = json.loads((CASE / "case.json").read_text())
    assert case["channel_run"]["boundaries"]["UP"]["flow_m3s"] == 30.0
    table = {row[0]: table_answers(row[1:]) for row in case["table"]}
    channel = channel_answers(case["channel_run"])
    got = {("base", item, "", name): v for item, row in table.items() for name, v in row.items()}
    got |= {("channel", "C1", x, name): value for (x, name), value in channel.items()}
    with (CASE / "expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(got) == 12 * 9 + 24
    for row in rows:
        value = float(row["value"])
        allowed = float(row["atol"]) + float(row["rtol"]) * abs(value)
        key = row["variant"], row["item"], row["x_m"], row["quantity"]
        assert got[key] == pytest.approx(value, rel=0.0, abs=allowed), key


# --- uniform flow ------------------------------------------------------------------------

widths = st.floats(0.01, 1000.0) | st.just(0.0)
side_slopes = st.floats(0.01, 10.0) | st.just(0.0)
sections = st.tuples(widths, side_slopes).filter(lambda section: sum(section) > 0.0)
flows = st.floats(1e-6, 1e4)


@given(flows, sections, st.floats(0.005, 0.3), st.floats(1e-7, 0.1))
def test_normal_depth_is_where_friction_equals_the_bed_slope(
    flow: float, section: tuple[float, float], roughness: float, slope: float
) -> None:
    width, side_slope = section

    def excess(log_depth: float) -> float:
        """Friction slope Sf = Q² n² P^(4/3) / A^(10/3) against S₀, by points of the section."""
        depth = np.exp(log_depth)
        bank = depth * side_slope
        x = np.array([-bank, 0.0, width, width + bank])
        y = np.array([depth, 0.0, 0.0, depth])
        perimeter = np.hypot(np.diff(x), np.diff(y)).sum()
        area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2.0
        friction = 2 * np.log(flow * roughness) + 4 / 3 * np.log(perimeter)
        return float(friction - 10 / 3 * np.log(area) - np.log(slope))

    second_way = np.exp(brentq(excess, -40.0, 40.0, xtol=1e-14, rtol=1e-14))
    depth = hydraulics.normal_depth(flow, width, side_slope, roughness, slope)
    assert depth == pytest.approx(second_way, rel=1e-12)
    assert hydraulics.normal_depth(-flow, width, side_slope, roughness, slope) == depth


@given(flows, sections)
def test_critical_depth_has_froude_1_and_the_least_energy(
    flow: float, section: tuple[float, float]
) -> None:
    depth = float(hydraulics.critical_depth(flow, *section))
    assert hydraulics.froude(flow, depth, *section) == pytest.approx(1.0, rel=1e-12)

    def energy(y: float) -> float:
        head: float = float(hydraulics.velocity(flow, y, *section)) ** 2 / 2 / hydraulics.GRAVITY
        return y + head

    least = minimize_scalar(energy, bounds=(0.2 * depth, 3 * depth), method="bounded",
                            options={"xatol": 1e-9 * depth})  # fmt: skip
    assert least.x == pytest.approx(depth, rel=1e-6)


@given(st.floats(1e-6, 50.0), sections)
def test_depth_of_area_inverts_area(depth: float, section: tuple[float, float]) -> None:
    area = hydraulics.area(depth, *section)
    assert hydraulics.depth_of_area(area, *section) == pytest.approx(depth, rel=1e-13)


@given(st.floats(1e-3, 50.0), sections)
def test_area_is_the_integral_of_the_top_width(depth: float, section: tuple[float, float]) -> None:
    middle = hydraulics.top_width(depth / 2, *section)  # exact for a linear width
    assert hydraulics.area(depth, *section) == pytest.approx(middle * depth, rel=1e-13)


def test_depths_of_many_reaches_are_those_of_each() -> None:
    flow = np.array([0.0, 1e-9, -3.0, 250.0, 1e5])
    width = np.array([[5.0], [0.0]])
    depth = hydraulics.normal_depth(flow, width, 1.5, 0.03, 2e-5)
    critical = hydraulics.critical_depth(flow, width, 1.5)
    assert depth.shape == critical.shape == (2, 5)
    for i, j in np.ndindex(2, 5):
        assert depth[i, j] == hydraulics.normal_depth(flow[j], width[i, 0], 1.5, 0.03, 2e-5)
        assert critical[i, j] == hydraulics.critical_depth(flow[j], width[i, 0], 1.5)
    assert (depth[:, 0] == 0.0).all() and (critical[:, 0] == 0.0).all()
    assert hydraulics.normal_depth(np.zeros(0), 1.0, 1.0, 0.03, 1e-4).shape == (0,)


@pytest.mark.parametrize("section", [(10.0, 0.0), (0.0, 2.0), (10.0, 2.0)])
def test_no_water_has_no_size_and_no_speed(section: tuple[float, float]) -> None:
    for function in (hydraulics.area, hydraulics.hydraulic_radius):
        assert function(0.0, *section) == 0.0
    assert hydraulics.conveyance(0.0, *section, 0.03) == 0.0
    assert hydraulics.depth_of_area(0.0, *section) == 0.0
    assert hydraulics.velocity(0.0, 0.0, *section) == 0.0
    assert hydraulics.froude(0.0, 0.0, *section) == 0.0
    with pytest.raises(DataError, match="carries no flow"):
        hydraulics.velocity(1.0, 0.0, *section)


def test_sections_that_cannot_exist_are_refused_all_at_once() -> None:
    with pytest.raises(DataError) as caught:
        hydraulics.normal_depth([1.0, np.nan], [0.0, -1.0], 0.0, 0.0, [1e-4, -1e-4])
    found = {(fault.column, fault.row) for fault in caught.value.faults}
    assert found == {
        ("flow", "1 (first of 1)"),
        ("width", "1 (first of 1)"),
        ("width", "0 (first of 1)"),
        ("roughness", "0 (first of 2)"),
        ("slope", "1 (first of 1)"),
    }
    with pytest.raises(DataError, match="side_slope 0 hold no water"):
        hydraulics.critical_depth(1.0, 0.0, 0.0)


def test_depth_beyond_the_range_of_numbers_names_its_row() -> None:
    with pytest.raises(ConvergenceError, match=r"normal depth .* rows \[1\] \(1 of 2\)") as caught:
        hydraulics.normal_depth([1.0, 1e308], 10.0, 2.0, 1.0, 1e-300)
    assert caught.value.worst is not None
    assert caught.value.worst.index.tolist() == [1]


def test_root_finder_survives_where_plain_newton_does_not() -> None:
    """ln y + 0.95 sin(2 ln y) / 2 has slopes from 0.05 to 1.95 and its root where we put it."""
    root = np.exp(np.linspace(-20.0, 20.0, 401))

    def wave(y: Array) -> Array:
        return np.log(y) + 0.475 * np.sin(2.0 * np.log(y))

    def error(y: Array) -> tuple[Array, Array]:
        return wave(y) - wave(root), 1.0 + 0.95 * np.cos(2.0 * np.log(y))

    y = solve(error, (0.05, 1.95), np.ones(root.size), "wave")
    np.testing.assert_allclose(y, root, rtol=1e-11)


# --- flows that are given ------------------------------------------------------------------


def chain(**columns: list[float]) -> RiverNetwork:
    """a --R1--> b --R2--> c."""
    reaches = {"from_node": ["a", "b"], "to_node": ["b", "c"], "length": [8640.0, 4320.0]}
    return RiverNetwork(pd.DataFrame(reaches | columns, index=pd.Index(["R1", "R2"], name="reach")))


def by_reach(*values: float) -> "pd.Series[float]":
    return pd.Series(values, pd.Index(["R1", "R2"][: len(values)], name="reach"), dtype=float)


def by_period(values: list[list[float]], dim: str = "reach", *labels: str) -> xr.DataArray:
    periods = ["dry", "wet"]
    start = np.array(["2024-01-01", "2024-07-01"], dtype="datetime64[ns]")
    coords = {
        dim: list(labels) or ["R1", "R2"],
        "period": periods,
        "days": ("period", [182.0, 184.0]),
        "start": ("period", start),
    }
    return xr.DataArray(values, coords, [dim, "period"])


def faults_of(call: Callable[[], object]) -> set[tuple[str, object, str]]:
    with pytest.raises(DataError) as caught:
        call()
    return {(fault.table, fault.row, fault.column) for fault in caught.value.faults}


GEOMETRY = {
    "width": [10.0, 0.0],
    "side_slope": [2.0, 1.5],
    "bed_from": [1.0, 0.5],
    "bed_to": [0.5, 0.2],
    "roughness": [0.025, 0.03],
}


def test_each_reach_takes_its_section_from_what_is_given() -> None:
    network = chain(**GEOMETRY)
    result = hydraulics.from_flow(
        network, by_reach(-4.0, 5.0), velocity=pd.Series([0.5], ["R1"])
    ).isel(period=0)
    assert result["area"].values[0] == 8.0
    friction = hydraulics.conveyance(
        hydraulics.depth_of_area(result["area"].values[1], 0.0, 1.5), 0.0, 1.5, 0.03
    ) * np.sqrt(0.3 / 4320.0)
    assert friction == pytest.approx(5.0, rel=1e-13)
    np.testing.assert_allclose(result["velocity"] * result["area"], [4.0, 5.0], rtol=1e-15)
    assert result["volume"].values[0] == 8.0 * 8640.0
    assert result["travel_time"].values[0] == pytest.approx(8640.0 / 0.5 / 86400.0, rel=1e-15)
    with_area = hydraulics.from_flow(network, by_reach(4.0, 5.0), area=by_reach(20.0, 25.0))
    assert with_area["velocity"].values.ravel().tolist() == [0.2, 0.2]


def test_mean_depth_is_area_over_surface_width() -> None:
    section = 10.0, 2.0
    depths = np.array([0.3, 4.0])
    area = hydraulics.area(depths, *section)
    network = chain(width=[10.0, 10.0], side_slope=[2.0, 2.0])
    result = hydraulics.from_flow(network, by_reach(1.0, 1.0), area=by_reach(*area))
    expected = area / hydraulics.top_width(depths, *section)
    np.testing.assert_allclose(result["depth"].values.ravel(), expected, rtol=1e-14)
    one_unknown = chain(width=[10.0, np.nan])
    assert "depth" not in hydraulics.from_flow(one_unknown, by_reach(1, 1), area=by_reach(9, 9))
    rectangle = chain(width=[10.0, 5.0])
    result = hydraulics.from_flow(rectangle, by_reach(1, 1), area=by_reach(9, 9))
    np.testing.assert_allclose(result["depth"].values.ravel(), [0.9, 1.8], rtol=1e-15)


def test_standing_water_has_a_volume_and_no_travel_time() -> None:
    result = hydraulics.from_flow(chain(), by_reach(0.0, 2.0), area=by_reach(30.0, 20.0))
    assert result["velocity"].values.ravel().tolist() == [0.0, 0.1]
    assert result["volume"].values[0, 0] == 30.0 * 8640.0
    assert result["travel_time"].values[0, 0] == np.inf
    schema.validate(result, "hydraulics")
    still = hydraulics.from_flow(
        chain(), by_reach(0.0, 2.0), by_reach(0.0, 0.1), by_reach(30.0, 20.0)
    )
    xr.testing.assert_identical(still, result)
    for velocity in (None, by_reach(0.1, 0.1), by_reach(0.0, 0.1)):
        call = partial(hydraulics.from_flow, chain(**GEOMETRY), by_reach(0.0, 2.0), velocity)
        assert faults_of(call) == {("flows", "reach R1, period design", "flow")}


def test_velocity_and_area_must_agree() -> None:
    flow, area = by_reach(2.0, 2.0), by_reach(10.0, 10.0)
    hydraulics.from_flow(chain(), flow, by_reach(0.2019, 0.1981), area)
    found = faults_of(lambda: hydraulics.from_flow(chain(), flow, by_reach(0.2021, 0.1979), area))
    assert found == {("flows", f"reach {r}, period design", "velocity") for r in ("R1", "R2")}


def test_normal_depth_needs_a_bed_that_falls_with_the_flow() -> None:
    missing = faults_of(lambda: hydraulics.from_flow(chain(), by_reach(1.0, 1.0)))
    columns = ("width", "roughness", "bed_from", "bed_to")
    assert missing == {("reaches", r, column) for r in ("R1", "R2") for column in columns}
    flat = GEOMETRY | {"bed_to": [1.0, 0.2], "side_slope": [2.0, 0.0]}
    assert faults_of(lambda: hydraulics.from_flow(chain(**flat), by_reach(1.0, -1.0))) == {
        ("reaches", "R1", "bed_to"),
        ("reaches", "R2", "width"),
        ("flows", "reach R2, period design", "flow"),
    }


def test_faults_of_labels_and_values_come_together() -> None:
    flow = by_period([[1.0, np.nan], [2.0, 2.0]], "reach", "R1", "X").isel(reach=[0, 1, 1])
    velocity = by_period([[0.1, -0.1]], "reach", "R2").isel(period=[0])
    area = by_period([[np.inf, -1.0]], "reach", "R2")
    declared = xr.Dataset({"flow": by_period([[1.0, 1.0]], "node", "z")})
    shares = pd.Series([1.5], ["R1"])
    found = faults_of(lambda: hydraulics.from_flow(chain(), flow, velocity, area, shares, declared))
    assert found == {
        ("flows", "reach R1, period wet", "flow"),
        ("flows", None, "reach"),
        ("flows", None, "period"),
        ("flows", "reach R2, period dry", "area"),
        ("flows", "reach R2, period wet", "area"),
        ("boundaries", None, "node"),
        ("shares", "reach R1", "share"),
    }


def test_each_label_fault_says_which_label() -> None:
    flow = by_period([[1.0, 1.0]] * 3, "reach", "R1", "R1", "X").isel(period=[0, 1, 1])
    with pytest.raises(DataError) as caught:
        hydraulics.from_flow(chain(), flow, by_period([[0.1, 0.1]], "reach", "R1")[:, [0]])
    found = {(fault.column, fault.value, fault.problem) for fault in caught.value.faults}
    assert found == {
        ("reach", "X", "is unknown"),
        ("reach", "R1", "is repeated"),
        ("reach", "R2", "is missing"),
        ("period", "wet", "is repeated"),
        ("period", "wet", "is missing"),
    }


@pytest.mark.parametrize("flow", [5.0, {"R1": 1.0}, [1.0, 2.0]])
def test_numbers_without_labels_are_refused(flow: object) -> None:
    with pytest.raises(DataError, match=r"flows, flow: .* is not labelled"):
        hydraulics.from_flow(chain(), flow, area=by_reach(9.0, 9.0))


def test_one_period_of_many_keeps_its_name_and_days() -> None:
    flow = by_period([[1.0, 4.0], [1.5, 5.0]])
    found = hydraulics.from_flow(chain(), flow.isel(period=1), area=by_reach(9.0, 9.0))
    assert found["period"].values.tolist() == ["wet"]
    assert found["days"].values.tolist() == [184.0]


def test_periods_must_be_described() -> None:
    flow = by_period([[1.0, 1.0], [1.0, 1.0]])
    area = by_reach(9.0, 9.0)
    with pytest.raises(DataError, match="days"):
        hydraulics.from_flow(chain(), flow.drop_vars(["period", "days", "start"]), area=area)
    design = hydraulics.from_flow(chain(), flow.drop_vars(["days", "start"]), area=area)
    assert design["days"].values.tolist() == [365.0, 365.0]
    with pytest.raises(DataError, match=r"periods, row wet, days: 0\.0 is not valid"):
        no_days = flow.assign_coords(days=("period", [1.0, 0.0]))
        hydraulics.from_flow(chain(), no_days, area=area)
    undated = hydraulics.from_flow(chain(), flow.drop_vars("start"), area=area)
    assert np.isnat(undated["start"].values).all()
    for wrong in (flow.rename(reach="node"), flow.drop_vars("reach")):
        with pytest.raises(DataError, match="labelled dimensions"):
            hydraulics.from_flow(chain(), wrong, area=area)


def test_order_of_labels_and_dimensions_does_not_matter() -> None:
    network, area = chain(**GEOMETRY), by_reach(9.0, 8.0)
    flow = by_period([[1.0, 4.0], [1.5, 5.0]])
    declared = xr.Dataset({"flow": by_period([[0.5, 1.0], [1, 4], [-1.5, -5]], "node", *"bac")})
    plain = hydraulics.from_flow(network, flow, area=area, boundaries=declared)
    other = hydraulics.from_flow(
        network, flow[::-1].T, area=area[::-1], boundaries=declared.isel(node=[2, 0, 1])
    )
    xr.testing.assert_identical(plain, other)
    assert plain["days"].values.tolist() == [182.0, 184.0]
    assert plain["start"].values[1] == np.datetime64("2024-07-01")
    for p in ("dry", "wet"):
        alone = hydraulics.from_flow(network, flow.sel(period=[p]), area=area)
        xr.testing.assert_equal(alone["area"], plain["area"].sel(period=[p]))


def test_inputs_are_not_changed_and_results_are_described() -> None:
    flow = by_period([[1.0, 4.0], [1.5, 5.0]]).assign_attrs(units="mine")
    area, shares = by_reach(9.0, 8.0), by_reach(1.0, 1.0)
    declared = xr.Dataset({"flow": by_period([[1.0, 4.0]], "node", "a")})
    kept = flow.copy(deep=True), area.copy(), shares.copy(), declared.copy(deep=True)
    result = hydraulics.from_flow(chain(), flow, None, area, shares, declared)
    xr.testing.assert_identical(flow, kept[0])
    pd.testing.assert_series_equal(area, kept[1])
    pd.testing.assert_series_equal(shares, kept[2])
    xr.testing.assert_identical(declared, kept[3])
    schema.validate(result, "hydraulics")
    for name, array in result.data_vars.items():
        declaration = schema.VARIABLES[str(name)]
        assert array.attrs == {"long_name": declaration.meaning, "units": declaration.unit}
    assert "units" not in result["start"].attrs | result["reach"].attrs


# --- water that enters and leaves ------------------------------------------------------------


def test_undeclared_water_is_reported() -> None:
    """Headwater and mouth are open; only the 0.5 m3/s at b is lateral."""
    result = hydraulics.from_flow(chain(), by_reach(2.0, 2.5), area=by_reach(9.0, 9.0))
    assert result["node"].values.tolist() == ["a", "b", "c"]
    assert result["boundary_flow"].values.ravel().tolist() == [2.0, 0.5, -2.5]
    assert result["lateral_flow"].values.ravel().tolist() == [0.0, 0.5, 0.0]
    reverse = hydraulics.from_flow(chain(), by_reach(-2.0, -2.5), area=by_reach(9.0, 9.0))
    assert reverse["boundary_flow"].values.ravel().tolist() == [-2.0, -0.5, 2.5]
    assert reverse["lateral_flow"].values.ravel().tolist() == [0.0, -0.5, 0.0]


def test_rounding_is_no_lateral_flow() -> None:
    result = hydraulics.from_flow(chain(), by_reach(0.3, 0.1 + 0.2), area=by_reach(9.0, 9.0))
    assert 0.1 + 0.2 != 0.3
    assert result["boundary_flow"].values[1, 0] == result["lateral_flow"].values[1, 0] == 0.0


def declare(**flows: float) -> xr.Dataset:
    return xr.Dataset({"flow": ("node", list(flows.values()))}, {"node": list(flows)})


def test_declared_water_must_balance_within_one_percent() -> None:
    flow, area = by_reach(100.0, 110.0), by_reach(9.0, 9.0)
    close = declare(a=100.0, b=9.0, c=-109.0)
    result = hydraulics.from_flow(chain(), flow, area=area, boundaries=close)
    assert result["boundary_flow"].values.ravel().tolist() == [100.0, 10.0, -110.0]
    assert result["lateral_flow"].values.ravel().tolist() == [0.0, 1.0, -1.0]
    with pytest.raises(DataError) as caught:
        off = declare(a=100.0, b=8.0)
        hydraulics.from_flow(chain(), flow, area=area, boundaries=off)
    assert [str(fault) for fault in caught.value.faults] == [
        "boundaries, row node b, period design, flow: 8.0 is off by +2 m3/s, 1.818% of the "
        "water passing; right would be 10 m3/s, reach flows that balance, or shares",
        "boundaries, row node c, period design, flow: 0.0 is off by -110 m3/s, 100.000% of the "
        "water passing; right would be -110 m3/s, reach flows that balance, or shares",
    ]
    with pytest.raises(DataError, match=r"flow: is missing; right would be flow\(node, period\)"):
        hydraulics.from_flow(chain(), flow, area=area, boundaries=xr.Dataset())


def test_shares_prescribe_the_split_and_excuse_the_balance() -> None:
    """Two arms leave b: R2 and R3; 30 % of the load is withdrawn there."""
    reaches = pd.DataFrame(
        {"from_node": ["a", "b", "c"], "to_node": ["b", "c", "b"], "length": [1000.0] * 3},
        index=pd.Index(["R1", "R2", "R3"], name="reach"),
    )
    network = RiverNetwork(reaches)
    flow, area = (pd.Series(v, reaches.index) for v in ([5.0, 2.0, -1.0], [9.0] * 3))
    shares = pd.Series([1.0, 0.4, 0.3], reaches.index)
    result = hydraulics.from_flow(network, flow, None, area, shares, declare(a=5.0))
    assert result["share"].dims == ("reach", "period")
    assert result["share"].values.ravel().tolist() == [1.0, 0.4, 0.3]
    assert result["lateral_flow"].values.ravel().tolist() == [0.0, -2.0, -3.0]
    too_much = shares.replace(0.4, 0.8)
    found = faults_of(lambda: hydraulics.from_flow(network, flow, None, area, too_much))
    assert found == {("shares", "node b, period design", "share")}
    drawn_is_not_flown = flow * [1.0, 1.0, -1.0]  # R3 now leaves c, which it alone drains
    hydraulics.from_flow(network, drawn_is_not_flown, None, area, too_much)


def test_reaches_without_a_share_take_the_rest_by_their_flow() -> None:
    """b leaves by R2 (0.4, stated), R3 and R4 (flows 1 and 3): they take 0.15 and 0.45."""
    reaches = pd.DataFrame(
        {"from_node": ["a", "b", "b", "b"], "to_node": ["b", "c", "d", "e"], "length": 1000.0},
        index=pd.Index(["R1", "R2", "R3", "R4"], name="reach"),
    )
    flow = pd.Series([9.0, 5.0, 1.0, 3.0], reaches.index)
    shares = pd.Series([0.4], ["R2"])
    result = hydraulics.from_flow(RiverNetwork(reaches), flow, None, flow * 0 + 9.0, shares)
    np.testing.assert_allclose(result["share"].values.ravel(), [1.0, 0.4, 0.15, 0.45], rtol=1e-15)


@st.composite
def rivers(draw: st.DrawFn) -> tuple[pd.DataFrame, xr.DataArray]:
    """Reaches between a few nodes, with loops, parallel reaches and reversal."""
    pairs = draw(
        st.lists(st.permutations("abcde").map(lambda nodes: nodes[:2]), min_size=1, max_size=8)
    )
    count = len(pairs)
    flow = draw(st.lists(st.floats(-50.0, 50.0), min_size=2 * count, max_size=2 * count))
    index = pd.Index([f"R{i}" for i in range(count)], name="reach")
    reaches = pd.DataFrame(pairs, index, columns=["from_node", "to_node"]).assign(
        length=1000.0, width=10.0, side_slope=1.0, roughness=0.03
    )
    values = np.round(flow, 3).reshape(count, 2)
    return reaches, by_period(values.tolist(), "reach", *index)


@given(rivers())
@settings(deadline=None, max_examples=50)
def test_every_node_balances(river: tuple[pd.DataFrame, xr.DataArray]) -> None:
    reaches, flow = river
    area = pd.Series(9.0, reaches.index)
    network = RiverNetwork(reaches)
    result = hydraulics.from_flow(network, flow, area=area)
    exchange = result["boundary_flow"].to_pandas()
    for period, at in flow.to_pandas().items():
        for node in exchange.index:
            drawn_out = at[reaches["from_node"] == node].sum()
            drawn_in = at[reaches["to_node"] == node].sum()
            left = exchange.loc[node, period] + drawn_in - drawn_out
            assert left == pytest.approx(0.0, abs=1e-12 * max(abs(at)))
    declared = xr.Dataset({"flow": result["boundary_flow"]})
    again = hydraulics.from_flow(network, flow, area=area, boundaries=declared)
    assert (again["lateral_flow"] == 0.0).all()
    xr.testing.assert_identical(again.drop_vars("lateral_flow"), result.drop_vars("lateral_flow"))


@given(rivers(), st.data())
@settings(deadline=None, max_examples=50)
def test_the_drawing_does_not_matter(
    river: tuple[pd.DataFrame, xr.DataArray], data: st.DataObject
) -> None:
    reaches, flow = river
    flow = flow.where(flow != 0.0, 1.0)
    flow = abs(flow) * np.sign(
        flow.isel(period=0, drop=True)
    )  # a bed falls one way in both periods
    falls = flow.isel(period=0).to_series() > 0.0
    reaches = reaches.assign(bed_from=np.where(falls, 0.5, 0.2), bed_to=np.where(falls, 0.2, 0.5))
    count = len(reaches)
    turned = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    redrawn = reaches.copy()
    for one, other in (("from_node", "to_node"), ("bed_from", "bed_to")):
        redrawn[one] = reaches[one].where(~turned, reaches[other])
        redrawn[other] = reaches[other].where(~turned, reaches[one])
    sign = xr.DataArray(np.where(turned, -1.0, 1.0), {"reach": reaches.index}, ["reach"])
    result = hydraulics.from_flow(RiverNetwork(reaches), flow)
    second = hydraulics.from_flow(RiverNetwork(redrawn), flow * sign)
    xr.testing.assert_equal(second["flow"], result["flow"] * sign)
    xr.testing.assert_identical(
        second.drop_vars("flow").sortby("node"), result.drop_vars("flow").sortby("node")
    )
