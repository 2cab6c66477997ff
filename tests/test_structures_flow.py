"""Structures, storage, rules and drying in unsteady flow."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics
from permitload.errors import ConvergenceError, DataError
from permitload.hydraulics import Details, Run
from tests import flows, known

CASE = "hydraulics/structures"
DITCH = {"length": 1.0, "width": 0.01, "side_slope": 0.0}
"""A reach that holds next to nothing: a network needs one."""


def lakes(structure: dict[str, Any], areas: dict[str, float], **ditch: Any) -> RiverNetwork:
    """Lakes joined by one structure; the ditch ends in the first lake."""
    reach = flows.channel(**{**DITCH, "from_node": "ditch", "to_node": next(iter(areas)), **ditch})
    usual = {"structure": "S", "from_node": "in", "to_node": "out"}
    nodes = pd.DataFrame({"node": list(areas), "storage_area": list(areas.values())})
    return RiverNetwork(pd.DataFrame([reach]), nodes, structures=pd.DataFrame([usual | structure]))


def still(network: RiverNetwork, **stages: float) -> xr.Dataset:
    """Water at rest, the ditch as high as its lake."""
    reach = network.reaches.iloc[0]
    stages = {reach["from_node"]: stages[reach["to_node"]], **stages}
    return xr.Dataset({"stage": ("node", list(stages.values()))}, {"node": list(stages)})


def _series(result: xr.Dataset, name: str, label: str, seconds: float) -> float:
    clock = (result["time"].values - result["time"].values[0]) / np.timedelta64(1, "s")
    return float(np.interp(seconds, clock, result[name].sel({name_dim(name): label})))


def name_dim(name: str) -> str:
    return "structure" if name == "structure_flow" else "node"


def test_sluice_between_two_lakes() -> None:
    c = known.case(CASE)["sluice"]
    gate = {"structure_type": "gate", "width": 6.0, "opening": c["a"] / 6.0,
            "discharge_coefficient": c["C"]}  # fmt: skip
    network = lakes(gate, {"in": c["A1"], "out": c["A2"]})
    rows = known.rows(CASE, "sluice")
    times = {float(r["t_s"]) for r in rows if r["t_s"]}
    seconds = np.array(sorted({0.0, *times, *np.arange(0.0, 90001.0, 60.0)}))
    start = still(network, **{"in": c["Z1"], "out": c["Z2"]})
    result = hydraulics.unsteady(network, xr.Dataset(), flows.after(seconds), start,
                                 run=Run(time_step=60.0))  # fmt: skip

    def value(row: dict[str, str]) -> float:
        if row["quantity"] == "time_to_equal_levels":
            gap = (result["stage"].sel(node="in") - result["stage"].sel(node="out")).values
            return float(seconds[np.argmax(gap < 1e-6)])
        if row["quantity"] == "final_level":
            return float(result["stage"].sel(node="in")[-1])
        if row["quantity"] == "flow":
            return _series(result, "structure_flow", "S", float(row["t_s"]))
        return _series(result, "stage", {"lake1": "in", "lake2": "out"}[row["item"]],
                       float(row["t_s"]))  # fmt: skip

    known.compare(rows, value)
    assert flows.imbalance(result) <= 1e-9


def test_weir_out_of_a_lake() -> None:
    c = known.case(CASE)["weir"]
    weir = {"structure_type": "weir", "width": c["b"], "crest": c["crest"],
            "discharge_coefficient": c["m"]}  # fmt: skip
    network = lakes(weir, {"in": c["A"], "out": 1e9}, bed_from=0.0, bed_to=0.0)
    rows = known.rows(CASE, "weir")
    seconds = np.array(sorted({0.0, *(float(r["t_s"]) for r in rows)}))
    start = still(network, **{"in": c["Z0"], "out": 1.0})
    result = hydraulics.unsteady(network, xr.Dataset(), flows.after(seconds), start)

    def value(row: dict[str, str]) -> float:
        name, label = ("stage", "in") if row["item"] == "lake" else ("structure_flow", "S")
        return _series(result, name, label, float(row["t_s"]))

    known.compare(rows, value)
    inflow = flows.boundaries({"flow": {"in": c["Qin"]}, "stage": {"out": 1.0}})
    level = hydraulics.steady(network, inflow)["stage"].sel(node="in").item() - c["crest"]
    known.compare(known.rows(CASE, "weir_in"), lambda _: level)
    for (head, below), row in zip(
        known.case(CASE)["drown"]["heads"], known.rows(CASE, "drown"), strict=True
    ):
        at = flows.boundaries({"stage": {"in": 2.5 + head, "out": 2.5 + below}})
        found = hydraulics.steady(network, at)["structure_flow"].item()
        assert found == pytest.approx(float(row["value"]), rel=float(row["rtol"]))
        turned = flows.boundaries({"stage": {"in": 2.5 + below, "out": 2.5 + head}})
        back = hydraulics.steady(network, turned)["structure_flow"].item()
        assert back == pytest.approx(-found, rel=1e-12)


def test_pump_empties_a_polder() -> None:
    c = known.case(CASE)["pump"]
    pump = {"structure_type": "pump", "pump_capacity": c["Qp"], "start_stage": c["Z0"] - 0.01,
            "stop_stage": c["Zstop"]}  # fmt: skip
    network = lakes(pump, {"in": c["A"], "out": 1e9})
    seconds = np.arange(0.0, 90001.0, 300.0)
    start = still(network, **{"in": c["Z0"], "out": 5.0})
    result = hydraulics.unsteady(
        network, flows.boundaries({"flow": {"in": c["Qin"]}}), flows.after(seconds), start
    )
    pumped = result["structure_forward"].isel(structure=0).values * 300.0

    def value(row: dict[str, str]) -> float:
        return float(pumped.sum() / c["Qp"] if row["quantity"] == "pumping_time" else pumped.sum())

    known.compare(known.rows(CASE, "pump"), value)
    assert (result["structure_backward"] == 0.0).all()
    # once stopped, the level rises with the inflow alone
    rise = result["stage"].sel(node="in").values[-1] - result["stage"].sel(node="in").values[-3]
    assert rise == pytest.approx(600.0 * c["Qin"] / c["A"], rel=1e-5)


def test_lake_at_rest_over_uneven_beds_and_closed_gates() -> None:
    rng = np.random.default_rng(7)
    beds = rng.uniform(-2.0, 3.5, 9)  # some above the water
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (3, 4), (4, 5), (5, 6), (6, 4), (7, 8)]
    rows = [
        flows.channel(reach=f"R{k}", from_node=f"n{a}", to_node=f"n{b}", length=700.0 + 300 * k,
                      bed_from=beds[a], bed_to=beds[b], side_slope=k % 3, width=3.0 + k)
        for k, (a, b) in enumerate(pairs)
    ]  # fmt: skip
    gate = pd.DataFrame(
        {"structure": ["G"], "structure_type": ["gate"], "from_node": ["n6"], "to_node": ["n7"],
         "crest": [-3.0], "width": [5.0], "opening": [0.0]}
    )  # fmt: skip
    network = RiverNetwork(pd.DataFrame(rows), structures=gate)
    level = {f"n{k}": 2.5 if k < 7 else 0.5 for k in range(9)}
    # water stands no lower than the bed: dry ends have no water of their own
    start = xr.Dataset({"stage": ("node", list(level.values()))}, {"node": list(level)})
    times = flows.after(np.arange(0.0, 86401.0, 7200.0))
    result = hydraulics.unsteady(network, xr.Dataset(), times, start)
    stage = result["cell_stage"].transpose("time", "cell").values
    assert np.abs(stage - stage[0]).max() <= 1e-10
    assert np.abs(result["face_flow"]).max() <= 1e-9
    assert np.ptp(result["cell_volume"].sum("cell").values) <= 1e-9 * stage.size


def test_water_runs_over_a_dry_bed_and_away_again() -> None:
    rows = [
        flows.channel(reach="R1", bed_from=0.0, bed_to=2.0),
        flows.channel(reach="R2", from_node="b", to_node="c", bed_from=2.0, bed_to=0.5),
    ]
    network = flows.network(rows)
    seconds = np.arange(0.0, 2 * 86400.0 + 1.0, 900.0)
    sea = 1.6 + 1.2 * np.sin(2 * np.pi * seconds / 43200.0)  # over the ridge and below it
    ends = flows.boundaries({"stage": {"a": sea}}, seconds)
    start = xr.Dataset({"stage": ("node", [1.6, 1.6, 0.55])}, {"node": ["a", "b", "c"]})
    result = hydraulics.unsteady(network, ends, flows.after(seconds), start,
                                 run=Run(time_step=120.0))  # fmt: skip
    assert np.isfinite(result["cell_stage"]).all() and (result["cell_volume"] >= 0.0).all()
    assert flows.imbalance(result) <= 1e-9
    top = result["stage"].sel(node="c")
    assert float(top[-1]) > 1.5  # the pond behind the ridge has filled, and keeps its water
    assert float(top[-1]) <= sea.max()


def test_gate_rules_by_stage_and_time() -> None:
    gate = {"structure_type": "gate", "width": 5.0, "opening": 0.0, "crest": 0.0}
    network = lakes(gate, {"in": 2e5, "out": 2e8})
    rules = pd.DataFrame(
        {
            "structure": ["S", "S", "S"], "priority": [1, 2, 3], "node": ["", "in", "in"],
            "above": [None, 2.0, None], "below": [None, None, 1.5],
            "after": ["2025-01-01T12:00", None, None], "opening": [0.0, 1.0, 0.0],
        }
    )  # fmt: skip
    start = still(network, **{"in": 1.0, "out": 0.5})
    seconds = np.arange(0.0, 86401.0, 300.0)
    ends = flows.boundaries({"flow": {"in": 20.0}})
    result = hydraulics.unsteady(network, ends, flows.after(seconds), start,
                                 Details(gate_rules=rules))  # fmt: skip
    flow = result["structure_forward"].isel(structure=0).values
    stage = result["stage"].sel(node="in").values
    opened = int(np.argmax(flow > 0.0))
    assert stage[opened] >= 2.0 - 0.04 and stage[:opened].max() < 2.0
    noon = seconds[:-1] >= 43200.0
    assert (flow[noon] == 0.0).all() and (flow[opened] > 0.0)
    shut = np.flatnonzero((flow[opened:] == 0.0) & ~noon[opened:])
    if shut.size:  # between the two stages the gate stays as it was
        assert stage[opened + shut[0]] < 1.5 + 0.04


def test_culvert_of_no_length_is_a_gate_and_flap_lets_nothing_back() -> None:
    culvert = {"structure_type": "culvert", "width": 2.0, "opening": 1.5, "crest": 0.0,
               "length": 0.0, "roughness": 0.02, "discharge_coefficient": 1.0 / 0.36}  # fmt: skip
    gate = {"structure_type": "gate", "width": 2.0, "opening": 1.5, "crest": 0.0,
            "discharge_coefficient": 0.6}  # fmt: skip
    for up, down in ((3.0, 2.0), (3.0, 0.2), (1.0, 0.3), (2.0, 3.0)):
        ends = flows.boundaries({"stage": {"in": up, "out": down}})
        found = [
            hydraulics.steady(lakes(s, {"in": 1e5, "out": 1e5}), ends)["structure_flow"].item()
            for s in (culvert, gate, gate | {"one_way": 1.0})
        ]
        assert found[0] == pytest.approx(found[1], rel=1e-12)
        assert found[2] == (found[1] if up > down else 0.0)
    # by hand: drowned, 0.6 · 2 · 1.5 · √(2g · 1); free, the drop counts from half the opening
    ends = flows.boundaries({"stage": {"in": 3.0, "out": 2.0}})
    network = lakes(gate, {"in": 1e5, "out": 1e5})
    flow = hydraulics.steady(network, ends)["structure_flow"].item()
    assert flow == pytest.approx(1.8 * np.sqrt(2 * 9.81), rel=1e-9)
    ends = flows.boundaries({"stage": {"in": 3.0, "out": 0.1}})
    flow = hydraulics.steady(network, ends)["structure_flow"].item()
    assert flow == pytest.approx(1.8 * np.sqrt(2 * 9.81 * 2.25), rel=1e-9)


def test_polder_with_rain_leaves_only_through_its_pump() -> None:
    pump = {"structure_type": "pump", "pump_capacity": 3.0, "start_stage": 1.2, "stop_stage": 0.9}
    network = lakes(pump, {"in": 4e5, "out": 1e8})
    curve = pd.DataFrame({"node": "in", "stage": [0.0, 1.0, 2.0], "storage_area": [0.0, 2e5, 6e5]})
    rain = xr.Dataset(
        {"rain": ("node", [110.0]), "evaporation": ("node", [10.0])}, {"node": ["in"]}
    )
    start = still(network, **{"in": 1.0, "out": 3.0})
    seconds = np.arange(0.0, 3 * 86400.0 + 1.0, 3600.0)
    result = hydraulics.unsteady(network, rain, flows.after(seconds), start,
                                 Details(storage_curves=curve))  # fmt: skip
    inside = result["cell_volume"].sel(cell="in").values
    pumped = float((result["structure_forward"][0] * result["seconds"]).sum())
    fell = float(((result["water_in"] - result["water_out"]).sel(node="in")
                  * result["seconds"]).sum())  # fmt: skip
    assert inside[-1] - inside[0] == pytest.approx(fell - pumped, abs=1e-6 * fell)
    assert pumped > 0.0 and float(result["stage"].sel(node="in").min()) > 0.85
    assert float(result["stage"].sel(node="in").max()) < 1.25
    # volume by hand: the surface grows by 2e5 m2 a metre to 1 m, then by 4e5
    assert inside[0] == pytest.approx(1e5, rel=1e-4)


BAD_RULES = [
    ({"above": [2.0], "below": [1.0]}, "never applies: its bounds leave no room"),
    ({"after": ["2026-01-01"]}, "never applies: its time is not that of the run"),
    ({"node": ["nowhere"]}, "nowhere is unknown"),
    ({"structure": ["X"]}, "X is no gate"),
]


@pytest.mark.parametrize(("change", "message"), BAD_RULES)
def test_rules_that_cannot_hold_are_refused(change: dict[str, Any], message: str) -> None:
    gate = {"structure_type": "gate", "width": 5.0, "opening": 0.0, "crest": 0.0}
    network = lakes(gate, {"in": 2e5, "out": 2e8})
    usual = {"structure": ["S"], "priority": [1], "node": ["in"], "opening": [1.0]}
    rules = pd.DataFrame(usual | change)
    with pytest.raises(DataError, match=message):
        hydraulics.unsteady(network, xr.Dataset(), flows.after([0.0, 60.0]),
                            still(network, **{"in": 1.0, "out": 0.5}),
                            Details(gate_rules=rules))  # fmt: skip


def test_rule_hidden_by_one_that_always_holds_is_refused() -> None:
    gate = {"structure_type": "gate", "width": 5.0, "crest": 0.0}
    network = lakes(gate, {"in": 2e5, "out": 2e8})
    rules = pd.DataFrame({"structure": "S", "priority": [1, 2], "node": "in", "opening": [1.0, 0]})
    with pytest.raises(DataError, match="never applies: an earlier rule always does"):
        hydraulics.unsteady(network, xr.Dataset(), flows.after([0.0, 60.0]),
                            still(network, **{"in": 1.0, "out": 0.5}),
                            Details(gate_rules=rules))  # fmt: skip


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ({"structure_type": "weir", "width": 3.0}, "crest: is empty"),
        ({"structure_type": "gate", "width": 3.0}, "opening: is empty"),
        ({"structure_type": "dam"}, "dam is not known"),
        ({"structure_type": "pump", "pump_capacity": 1.0, "start_stage": 1.0, "stop_stage": 2.0},
         "never lets it stop"),
    ],
)  # fmt: skip
def test_structures_that_say_too_little_are_refused(
    structure: dict[str, Any], message: str
) -> None:
    network = lakes(structure, {"in": 1e5, "out": 1e5})
    with pytest.raises(DataError, match=message):
        hydraulics.steady(network, flows.boundaries({"stage": {"in": 1.0, "out": 1.0}}))


def test_more_water_taken_than_there_is_stops_with_its_place() -> None:
    network = flows.network([flows.channel()])
    ends = flows.boundaries({"lateral_flow": {"R": -5.0}})
    closed = xr.Dataset({"stage": ("node", [0.3, 0.3])}, {"node": ["a", "b"]})
    nodes = pd.DataFrame({"node": ["a"], "storage_area": [1.0]})
    network = RiverNetwork(pd.DataFrame([flows.channel()]), nodes)
    with pytest.raises(ConvergenceError, match="more water is taken there than there is"):
        hydraulics.unsteady(network, ends, flows.after([0.0, 36000.0]), closed)
