"""Unsteady flow: known answers, balances, orders of convergence, drying, and restarts."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics
from permitload.hydraulics import Run
from tests import flows, known

FLOOD, TIDAL, LOOP = (
    f"hydraulics/{name}" for name in ("flood_loop_swmm", "tidal_waves", "usgs_swr_loop")
)


def _flood(run: Run) -> xr.Dataset:
    case = known.case(FLOOD)["variants"]["flood"]
    hours = np.array(case["inflow_table_hours"]) * 3600.0
    flow = {n: v["inflow_m3s"] for n, v in case["nodes"].items() if "inflow_m3s" in v}
    flow |= case["inflow_table_m3s"]
    stage = {n: v["stage_m"] for n, v in case["nodes"].items() if "stage_m" in v}
    ends = flows.boundaries({"flow": flow, "stage": stage}, hours)
    times = flows.after(np.arange(0.0, 72 * 3600.0 + 1.0, 900.0))
    return hydraulics.unsteady(flows.network(case["reaches"]), ends, times, run=run)


@pytest.mark.parametrize("inertia", [True, False])
def test_flood_over_three_loops(inertia: bool) -> None:
    result = _flood(Run(inertia=inertia))
    seconds = (result["time"].values - result["time"].values[0]) / np.timedelta64(1, "s")
    span = result["seconds"].values

    def value(row: dict[str, str]) -> float:
        what, item = row["quantity"], row["item"]
        if what == "external_inflow_volume":
            boundary = result["water_in"] - result["water_out"]
            given = boundary.sel(node=["N1", "N2", "N6"]).sum("node")
            return float((given * span).sum())
        if what == "storage_peak_minus_initial":
            volume = result["cell_volume"].sum("cell")
            return float(volume.max() - volume[0])
        if what == "volume_balance_relative":
            return flows.imbalance(result)
        mid = what.startswith("peak_flow") or what == "flow_mid"
        series = result["flow"].sel(reach=item) if mid else result["stage"].sel(node=item)
        if what in ("stage", "flow_mid"):
            return float(np.interp(float(row["t_s"]), seconds, series))
        top = int(series.values.argmax())
        if what.endswith("_time"):
            return float(seconds[top])
        return float(series[top])

    known.compare(known.rows(FLOOD, "flood" if inertia else "flood_diffusive"), value)


def test_standing_tide_without_friction() -> None:
    case = known.case(TIDAL)["variants"]["a"]
    length, wave, cycle, a = case["reach"]["length_m"], case["k_per_m"], 44712.0, 0.02
    network = flows.network([case["reach"] | {"manning_n": 0.001}])
    seconds = np.arange(0.0, 2 * cycle + 1.0, cycle / 96)
    ends = flows.boundaries({"stage": {"M": a * np.cos(2 * np.pi * seconds / cycle)}}, seconds)
    run = Run(cell_length=500.0, time_step=cycle / 480, implicitness=0.5)
    still = hydraulics.unsteady(network, ends, flows.after([0.0, 1.0]), _level(network, 0.0),
                                run=run)  # fmt: skip
    shape = still.isel(time=0)[["cell_stage", "face_flow"]].load()
    at = np.concatenate([[0.0, length], still["cell_position"].values[2:]])
    shape["cell_stage"] = ("cell", a * np.cos(wave * (length - at)) / np.cos(wave * length))
    result = hydraulics.unsteady(network, ends, flows.after(seconds), shape, run=run)
    order = np.argsort(at)
    stages = result["cell_stage"].transpose("time", "cell").values[:, order]
    faces = result["face_flow"].transpose("time", "face").values
    middle = result["face_position"].values
    assert flows.imbalance(result) <= 1e-9

    def value(row: dict[str, str]) -> float:
        if row["quantity"] == "amplification_head_over_mouth":
            return float(np.ptp(stages[:, -1]) / np.ptp(stages[:, 0]))
        if row["quantity"] == "discharge_amplitude_mouth":
            ends = [2 * f[0] - f[1] / 2 - f[0] / 2 for f in faces]  # straight on to the mouth
            return float(np.ptp(ends) / 2.0)
        x, k = float(row["x_m"]), round(float(row["t_s"]) / (cycle / 96))
        if row["quantity"] == "stage":
            return float(np.interp(x, at[order], stages[k]))
        out = np.polynomial.Polynomial.fit(middle[:3], faces[k, :3], 1)
        return float(out(x)) if x < middle[0] else float(np.interp(x, middle, faces[k]))

    known.compare(known.rows(TIDAL, "a"), value)


def _level(network: RiverNetwork, stage: float) -> xr.Dataset:
    """Water at rest."""
    nodes = network.nodes.index
    return xr.Dataset({"stage": ("node", np.full(len(nodes), stage))}, {"node": nodes.to_numpy()})


def test_finite_tide_with_friction_in_a_closed_channel() -> None:
    case, cycle = known.case(TIDAL)["variants"]["c"], 44712.0
    network = flows.network([case["reach"]])
    seconds = np.arange(0.0, 5 * cycle + 1.0, cycle / 216)
    ends = flows.boundaries(
        {"stage": {"M": 2.0 + 0.9 * np.sin(2 * np.pi * seconds / cycle)}}, seconds
    )
    result = hydraulics.unsteady(
        network, ends, flows.after(seconds), _level(network, 2.0), run=Run(time_step=cycle / 216)
    )
    assert flows.imbalance(result) <= 1e-9
    last = seconds >= 4 * cycle - 1.0
    head = result["stage"].sel(node="H").values[last]
    # water through the mouth between instants, from the books: what entered less what left
    mouth = (result["water_in"] - result["water_out"]).sel(node="M").values
    middle = seconds[:-1] + cycle / 432
    late = middle > 4 * cycle
    clock = seconds[last] - 4 * cycle

    def value(row: dict[str, str]) -> float:
        if row["quantity"] == "flow":
            return float(np.interp(float(row["t_s"]), middle, mouth))
        if row["quantity"] == "stage":
            return float(np.interp(float(row["t_s"]), seconds[last], head))
        lag = {"head_HW_lag": head.argmax(), "head_LW_lag": head.argmin()}
        if row["quantity"] in lag:
            at = {"head_HW_lag": 0.25, "head_LW_lag": 0.75}[row["quantity"]] * cycle
            return float(clock[lag[row["quantity"]]] - at)
        found = {
            "head_high_water": head.max(), "head_low_water": head.min(),
            "mouth_peak_flood_Q": mouth[late].max(), "mouth_peak_ebb_Q": mouth[late].min(),
            "flood_prism": mouth[late].clip(min=0.0).sum() * cycle / 216,
        }  # fmt: skip
        return float(found[row["quantity"]])

    known.compare(known.rows(TIDAL, "c"), value)


def _usgs() -> tuple[RiverNetwork, xr.Dataset, np.ndarray, dict[str, str]]:
    """Each reach in two halves, with a node in its centre; the last half is left out."""
    case = known.case(LOOP)
    rows = []
    for reach in case["reaches"]:
        name, half = reach["id"], reach["length_m"] / 2
        for part, (a, b) in {
            "u": (reach["from"], f"c{name}"),
            "d": (f"c{name}", reach["to"]),
        }.items():
            if (name, part) == ("18", "d"):
                continue
            rows.append({
                "reach": f"{name}{part}", "from_node": a, "to_node": b, "length": half,
                "width": reach["bottom_width_m"], "side_slope": reach["side_slope"],
                "roughness": reach["manning_n"], "bed_from": reach["bed_m"],
                "bed_to": reach["bed_m"],
            })  # fmt: skip
    network = RiverNetwork(pd.DataFrame(rows))
    times = np.array(case["inflow_times_s"], dtype=float)
    seconds = np.arange(0.0, case["duration_s"] + 1.0, 1800.0)
    inflow = {f"c{k}": np.interp(seconds, times, case[f"inflow_reach{k}_m3s"]) for k in (1, 5)}
    ends = flows.boundaries({"flow": inflow, "stage": {"c18": 2.0}}, seconds)
    low = {"c15", "c16", "c17", "c18", "v11", "v13", "v14"}
    nodes = network.nodes.index
    stage = [2.0 if n in low else 3.0 for n in nodes]
    initial = xr.Dataset({"stage": ("node", stage)}, {"node": nodes.to_numpy()})
    result = hydraulics.unsteady(
        network, ends, flows.after(seconds), initial,
        run=Run(cell_length=100.0, time_step=60.0, inertia=False),
    )  # fmt: skip
    return network, result, seconds, {"4->5": "4d", "5->6": "5d"}


def test_usgs_loop_with_reverse_flow() -> None:
    _, result, seconds, faces = _usgs()
    late = seconds >= 21600.0

    def value(row: dict[str, str]) -> float:
        item = row["item"]
        if row["quantity"] == "external_inflow_volume":
            entered = (result["water_in"] - result["water_out"]).sel(node=["c1", "c5"])
            return float((entered.sum("node") * result["seconds"]).sum())
        if item in faces:
            reach = faces[item]
            at = result["face_reach"].values == reach
            series = result["face_flow"].transpose("time", "face").values[:, at][:, -1]
            return float(
                series[late].max() if row["quantity"] == "flow_max" else series[late].min()
            )
        node = "c" + item.split()[1]
        return float(np.interp(float(row["t_s"]), seconds, result["stage"].sel(node=node)))

    known.compare(known.rows(LOOP), value)
    assert flows.imbalance(result) <= 1e-9


def test_space_and_time_converge_at_second_order() -> None:
    """Errors of a tide in a channel with friction against a run four times finer."""
    cycle = 43200.0
    network = flows.network([flows.channel(length=12000.0, bed_from=-2.0, bed_to=-2.5)])
    seconds = np.arange(0.0, cycle + 1.0, cycle / 5760)
    stage = 1.0 + 0.4 * np.sin(2 * np.pi * seconds / cycle) ** 2
    ends = flows.boundaries({"stage": {"a": stage}}, seconds)
    times = flows.after(np.arange(0.0, cycle + 1.0, cycle / 24))

    def head(cell: float, step: float, weight: float = 0.5) -> np.ndarray:
        run = Run(cell_length=cell, time_step=step, implicitness=weight)
        found = hydraulics.unsteady(network, ends, times, _level(network, 1.0), run=run)
        return found["stage"].sel(node="b").values

    fine = head(93.75, 60.0)
    space = [np.abs(head(cell, 60.0) - fine).max() for cell in (3000.0, 1500.0, 750.0)]
    assert np.log2(space[0] / space[1]) > 1.8
    assert np.log2(space[1] / space[2]) > 1.8
    fine = head(1000.0, 15.0)
    time = [np.abs(head(1000.0, step) - fine).max() for step in (240.0, 120.0, 60.0)]
    assert np.log2(time[0] / time[1]) > 1.8
    assert np.log2(time[1] / time[2]) > 1.8
    first = [np.abs(head(1000.0, step, 1.0) - fine).max() for step in (240.0, 120.0)]
    assert 0.8 < np.log2(first[0] / first[1]) < 1.3  # θ = 1 is first order
