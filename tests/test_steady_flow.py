"""Steady flow of networks: known answers, balances, order, and what is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics
from permitload.errors import DataError
from permitload.hydraulics import Run
from tests import flows, known

LOOPED, PROFILES = "hydraulics/looped_steady", "hydraulics/gvf_profiles"


def _value(result: xr.Dataset, network: RiverNetwork, row: dict[str, str]) -> float:
    """Value of one row of the looped case."""
    what, item = row["quantity"], row["item"]
    now = result.isel(period=0)
    if what == "stage":
        return float(now["stage"].sel(node=item))
    if what == "volume_total":
        return float(now["volume"].sum())
    if what == "mean_velocity":
        sign = float(np.sign(now["flow"].sel(reach=item)))
        return float(now["velocity"].sel(reach=item)) * sign
    if what == "depth_mid":
        reach = network.reaches.loc[item]
        x = float(row["x_m"])
        inside = now["cell_stage"].values[now["cell_reach"].values == item]
        at = now["cell_position"].values[now["cell_reach"].values == item]
        bed = reach["bed_from"] + (reach["bed_to"] - reach["bed_from"]) * x / reach["length"]
        return float(np.interp(x, at, inside) - bed)
    return float(now[what].sel(reach=item))


@pytest.mark.parametrize("part", ["split", "ring"])
@pytest.mark.parametrize("inertia", [True, False])
def test_looped_case(part: str, inertia: bool) -> None:
    case = known.case(LOOPED)[part]
    network = flows.network(case["reaches"])
    expected = known.rows(LOOPED, f"{part}_{'dynamic' if inertia else 'noinertia'}")
    grid = [row for row in expected if row["tier"] == "grid"]
    exact = [row for row in expected if row["tier"] == "discrete-exact"]
    assert len(grid) + len(exact) == len(expected)
    boundaries = flows.of_nodes(case["nodes"])
    result = hydraulics.steady(network, boundaries, run=Run(cell_length=250.0, inertia=inertia))
    known.compare(grid, lambda row: _value(result, network, row))
    if exact:  # arms cut into the same number of pieces
        same = hydraulics.steady(network, boundaries, run=Run(cell_length=7500.0, inertia=False))
        known.compare(exact, lambda row: _value(same, network, row))


def _profile(name: str, step: int) -> tuple[RiverNetwork, xr.Dataset, np.ndarray]:
    """A case of one channel whose bed is a table: a chain of reaches between every step rows."""
    case = known.case(PROFILES)["variants"][name]
    bed = np.array(case["bed_table"])[::step]
    one = case["reach"]
    rows = [
        {
            "reach": f"R{i}", "from_node": f"n{i}", "to_node": f"n{i + 1}",
            "length": bed[i + 1, 0] - bed[i, 0], "width": one["bottom_width_m"],
            "side_slope": one["side_slope"], "roughness": one["manning_n"],
            "bed_from": bed[i, 1], "bed_to": bed[i + 1, 1],
        }
        for i in range(len(bed) - 1)
    ]  # fmt: skip
    given = case["boundaries"]
    ends = flows.boundaries(
        {
            "flow": {"n0": given["upstream_flow_m3s"]},
            "stage": {f"n{len(bed) - 1}": given["downstream_stage_m"]},
        }
    )
    network = RiverNetwork(pd.DataFrame(rows))
    inertia = case["equation"] == "dynamic"
    result = hydraulics.steady(network, ends, run=Run(inertia=inertia))
    return network, result, bed


@pytest.mark.parametrize("name", ["pub", "js", "js_noinertia"])
def test_profiles_over_uneven_beds(name: str) -> None:
    _, result, bed = _profile(name, 1)
    stage = result["stage"].isel(period=0).to_series()
    stages = stage[[f"n{i}" for i in range(len(bed))]].to_numpy()
    errors = {}

    def value(row: dict[str, str]) -> float:
        if row["quantity"] == "travel_time":
            return float(result["travel_time"].sum()) * 86400.0
        k = int(np.flatnonzero(np.isclose(bed[:, 0], float(row["x_m"])))[0])
        return float(stages[k] - (bed[k, 1] if row["quantity"] == "depth" else 0.0))

    rows = known.rows(PROFILES, name)
    order = [row for row in rows if row["tier"] == "order"]
    known.compare([row for row in rows if row["tier"] != "order"], value)
    depths = {float(r["x_m"]): float(r["value"]) for r in rows if r["quantity"] == "depth"}
    for step in (1, 2):
        _, coarse, part = _profile(name, step)
        found = coarse["stage"].isel(period=0).to_series()
        errors[step] = max(
            abs(found[f"n{i}"] - level - depths[x])
            for i, (x, level) in enumerate(part)
            if x in depths
        )
    assert np.log2(errors[2] / errors[1]) >= float(order[0]["value"])


@pytest.mark.parametrize("name", ["m1", "m2"])
@pytest.mark.parametrize("inertia", [True, False])
def test_backwater_in_one_channel(name: str, inertia: bool) -> None:
    case = known.case(PROFILES)["variants"][name]
    reach, given = case["reach"] | {"from": "u", "to": "d"}, case["boundaries"]
    network = flows.network([reach])
    ends = flows.boundaries(
        {"flow": {"u": given["upstream_flow_m3s"]}, "stage": {"d": given["downstream_stage_m"]}}
    )
    result = hydraulics.steady(network, ends, run=Run(cell_length=250.0, inertia=inertia))
    now = result.isel(period=0)
    inside = np.concatenate([[now["stage"].sel(node="u")], now["cell_stage"].values[2:],
                             [now["stage"].sel(node="d")]])  # fmt: skip
    at = np.linspace(0.0, reach["length_m"], inside.size)
    slope = (reach["bed_to_m"] - reach["bed_from_m"]) / reach["length_m"]

    def value(row: dict[str, str]) -> float:
        if row["quantity"] == "travel_time":
            return float(now["travel_time"][0]) * 86400.0
        if row["quantity"] == "normal_depth":
            section = reach["bottom_width_m"], reach["side_slope"], reach["manning_n"], -slope
            return float(hydraulics.normal_depth(given["upstream_flow_m3s"], *section))
        x = float(row["x_m"])
        return float(np.interp(x, at, inside) - (reach["bed_from_m"] + slope * x))

    rows = known.rows(PROFILES, f"{name}_{'dynamic' if inertia else 'noinertia'}")
    known.compare(rows, value)


def test_uniform_flow_is_the_normal_depth_of_every_row() -> None:
    case = known.case("hydraulics/normal_depth")
    rows = {
        r["item"]: float(r["value"])
        for r in known.rows("hydraulics/normal_depth")
        if r["quantity"] == "normal_depth"
    }
    for name, flow, width, side, rough, slope in case["table"]:
        network = flows.network([flows.channel(
            length=4000.0, width=width, side_slope=side, roughness=rough,
            bed_from=slope * 4000.0,
        )])  # fmt: skip
        ends = flows.boundaries({"flow": {"a": flow}, "stage": {"b": rows[name]}})
        result = hydraulics.steady(network, ends)
        depth = float(result["stage"].sel(node="a")[0]) - slope * 4000.0
        assert depth == pytest.approx(rows[name], abs=1e-8)


def test_periods_in_any_order_and_alone_give_the_same() -> None:
    case = known.case(LOOPED)["ring"]
    network = flows.network(case["reaches"])
    one = flows.of_nodes(case["nodes"])
    factors = [1.0, 0.3, -0.5, 1.4]
    many = xr.concat([one.assign(flow=one["flow"] * f) for f in factors], dim="period")
    many = many.assign_coords(
        period=["a", "b", "c", "d"], days=("period", [31.0, 28.0, 31.0, 30.0])
    )
    result = hydraulics.steady(network, many)
    turned = hydraulics.steady(network, many.isel(period=[3, 1, 0, 2]))
    for name in ("flow", "stage", "volume", "face_flow"):
        other = turned[name].sel(period=result["period"])
        np.testing.assert_allclose(result[name], other, rtol=1e-9, atol=1e-9)
    alone = hydraulics.steady(network, one.assign(flow=one["flow"] * -0.5))
    np.testing.assert_allclose(
        alone["flow"].isel(period=0), result["flow"].sel(period="c"), atol=1e-8
    )
    assert result["days"].values.tolist() == [31.0, 28.0, 31.0, 30.0]
    assert (result["flow"] < 0.0).any()


def test_every_node_balances_and_reversed_drawing_changes_only_signs() -> None:
    case = known.case(LOOPED)["ring"]
    ends = flows.of_nodes(case["nodes"])
    result = hydraulics.steady(flows.network(case["reaches"]), ends)
    declared = ends["flow"].to_series().dropna()
    found = result["boundary_flow"].isel(period=0).to_series()
    np.testing.assert_allclose(found[declared.index], declared, atol=1e-9)
    free = [n for n in found.index if n not in case["nodes"] or case["nodes"][n] == {}]
    np.testing.assert_allclose(found[free], 0.0, atol=1e-9)
    turned = [
        r | {"from": r["to"], "to": r["from"], "bed_from_m": r["bed_to_m"],
             "bed_to_m": r["bed_from_m"]}
        for r in case["reaches"]
    ]  # fmt: skip
    other = hydraulics.steady(flows.network(turned), ends)
    np.testing.assert_allclose(other["flow"], -result["flow"], atol=1e-9)
    np.testing.assert_allclose(other["stage"].sel(node=result["node"]), result["stage"], atol=1e-9)


def test_lateral_flow_rating_and_structures_balance() -> None:
    structures = pd.DataFrame(
        {"structure": ["W"], "structure_type": ["weir"], "from_node": ["b"], "to_node": ["c"],
         "crest": [1.5], "width": [12.0], "discharge_coefficient": [0.4]}
    )  # fmt: skip
    rows = [flows.channel(), flows.channel(reach="S", from_node="c", to_node="d")]
    network = RiverNetwork(pd.DataFrame(rows), structures=structures)
    ends = xr.Dataset(
        {
            "flow": ("node", [5.0, np.nan]),
            "lateral_flow": ("reach", [3.0]),
            "rating_stage": (("node", "point"), [[np.nan, np.nan], [0.5, 3.5]]),
            "rating_flow": (("node", "point"), [[np.nan, np.nan], [0.0, 12.0]]),
        },
        {"node": ["a", "d"], "reach": ["R"]},
    )
    result = hydraulics.steady(network, ends).isel(period=0)
    assert float(result["structure_flow"][0]) == pytest.approx(8.0, abs=1e-9)
    # the rating by hand: 8 m3/s at 0.5 + 3 * 8/12; the free or drowned weir by its own stage
    assert float(result["stage"].sel(node="d")) == pytest.approx(2.5, abs=1e-9)
    up, down = float(result["stage"].sel(node="b")), float(result["stage"].sel(node="c"))
    head, below = up - 1.5, down - 1.5
    weir = 0.4 * 12.0 * np.sqrt(2 * 9.81) * head**1.5 * (1 - (below / head) ** 1.5) ** 0.385
    assert weir == pytest.approx(8.0, rel=1e-6)
    assert result["boundary_flow"].to_series().to_dict() == pytest.approx(
        {"a": 5.0 + 1.5, "b": 1.5 - 8.0, "c": 8.0, "d": -8.0}
    )


def test_rain_and_evaporation_of_a_steady_lake_follow_its_surface() -> None:
    """A lake of 2 km2 at 1 m and 3 km2 at 2 m drains through a weir; by hand, in any order."""
    lake = pd.DataFrame({"node": "a", "stage": [0.0, 1.0, 2.0], "storage_area": [1e6, 2e6, 3e6]})
    network = RiverNetwork(pd.DataFrame([flows.channel()]), pd.DataFrame({"node": ["a"]}))
    ends = xr.Dataset(
        {
            "stage": (("node", "period"), [[np.nan] * 3, [1.5, 1.0, 1.8]]),
            "rain": (("node", "period"), [[0.0, 12.0, 2.0], [np.nan] * 3]),
            "evaporation": (("node", "period"), [[8.64, 0.0, 6.0], [np.nan] * 3]),
        },
        {"node": ["a", "b"], "period": ["x", "y", "z"]},
    )
    details = hydraulics.Details(storage_curves=lake)
    for order in ([0, 1, 2], [2, 1, 0]):
        result = hydraulics.steady(network, ends.isel(period=order), details)
        for period, net in {"x": -8.64, "y": 12.0, "z": -4.0}.items():
            now = result.sel(period=period)
            surface = 1e6 * (1.0 + float(now["stage"].sel(node="a")))
            flow = net / 1000.0 / 86400.0 * surface
            assert now["flow"].item() == pytest.approx(flow, abs=1e-8)
    assert result["flow"].sel(period="x").item() == pytest.approx(-0.25, abs=1e-3)


def test_tabulated_section_of_a_trapezoid_is_the_trapezoid() -> None:
    ends = flows.boundaries({"flow": {"a": 20.0}, "stage": {"b": 2.0}})
    one = hydraulics.steady(flows.network([flows.channel()]), ends)
    table = pd.DataFrame({"reach": "R", "height": [0.0, 0.7, 1.9, 6.0],
                          "width": [20.0, 22.8, 27.6, 44.0]})  # fmt: skip
    same = hydraulics.steady(
        flows.network([flows.channel(width=None)]), ends, hydraulics.Details(cross_sections=table)
    )
    for name in ("stage", "flow", "volume", "depth"):
        np.testing.assert_allclose(same[name], one[name], rtol=1e-9)


FLOW, STAGE = {"a": 5.0}, {"b": 2.0}
BAD: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("flow at every end", {}, {"flow": {"a": 5.0, "b": -5.0}},
     "flow is given at a, b and no stage or rating holds the level"),
    ("isolated pond", {"other": True}, {"flow": FLOW, "stage": STAGE},
     "an isolated pond: no stage or rating holds the level"),
    ("dry boundary", {}, {"flow": FLOW, "stage": {"b": -0.5}}, "leaves it dry"),
    ("supercritical", {"bed_from": 60.0, "roughness": 0.01}, {"flow": FLOW, "stage": STAGE},
     "supercritical"),
    ("two kinds", {}, {"flow": {"b": 1.0}, "stage": STAGE}, "contradicts its flow"),
    ("unknown node", {}, {"flow": {"x": 1.0}, "stage": STAGE}, "x is unknown or repeated"),
    ("no roughness", {"roughness": None}, {"flow": FLOW, "stage": STAGE}, "roughness: is empty"),
    ("infinite", {}, {"flow": {"a": np.inf}, "stage": STAGE}, "inf is not valid"),
]  # fmt: skip


@pytest.mark.parametrize(("_", "reach", "given", "message"), BAD, ids=[b[0] for b in BAD])
def test_bad_input_is_named(
    _: str, reach: dict[str, Any], given: dict[str, Any], message: str
) -> None:
    rows = [flows.channel(**{k: v for k, v in reach.items() if k != "other"})]
    if "other" in reach:
        rows.append(flows.channel(reach="P", from_node="x", to_node="y"))
    with pytest.raises(DataError, match=message):
        hydraulics.steady(flows.network(rows), flows.boundaries(given))


def test_result_feeds_quality() -> None:
    from permitload import quality

    case = known.case(LOOPED)["ring"]
    network = flows.network(case["reaches"])
    result = hydraulics.steady(network, flows.of_nodes(case["nodes"]))
    periods = {"period": result["period"].values, "pollutant": ["COD"]}
    enters = result["node"].values[(result["boundary_flow"] > 0.0).values[:, 0]]
    inflow = xr.DataArray(
        np.full((len(enters), 1, 1), 10.0), {"node": enters, **periods},
        ["node", "pollutant", "period"],
    )  # fmt: skip
    outlets = pd.DataFrame({"outlet": ["O"], "reach": ["R03"], "position": [100.0]})
    load = xr.DataArray(np.zeros((1, 1, 1)), {"outlet": ["O"], **periods},
                        ["outlet", "pollutant", "period"])  # fmt: skip
    found = quality.steady(network, result, outlets, load, inflow, {"COD": {"decay": 0.0}})
    np.testing.assert_allclose(found["concentration"], 10.0, rtol=1e-9)
