"""Unsteady flow beside others: SWMM in the same run, the published SWR1 series, an ODE solver."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.integrate import solve_ivp

from permitload import RiverNetwork, hydraulics
from permitload.errors import DataError
from permitload.hydraulics import Details, Run
from tests import flows, known
from tests.test_structures_flow import CASE, lakes, still
from tests.test_unsteady_flow import _usgs

CYCLE, EVERY = 44712.0, 900.0


def _ring() -> tuple[RiverNetwork, xr.Dataset]:
    """Two loops between a tide and a river, one arm behind a gate near the bed."""
    pairs = [("sea", "a"), ("a", "b"), ("b", "c"), ("a", "d"), ("d", "c"), ("b", "d"),
             ("g", "e"), ("e", "d")]  # fmt: skip
    rows = [
        flows.channel(reach=f"R{k}", from_node=u, to_node=v, length=500.0 + 50.0 * k,
                      width=10.0, bed_from=-2.0, bed_to=-2.0)
        for k, (u, v) in enumerate(pairs)
    ]  # fmt: skip
    gate = pd.DataFrame({
        "structure": ["G"], "structure_type": ["gate"], "from_node": ["b"], "to_node": ["g"],
        "crest": [-2.0], "width": [3.0], "opening": [0.8], "discharge_coefficient": [0.6],
    })  # fmt: skip
    seconds = np.arange(0.0, 3 * 86400.0 + 1.0, EVERY)
    sea = 1.0 + 0.6 * np.sin(2 * np.pi * seconds / CYCLE)
    ends = flows.boundaries({"stage": {"sea": sea}, "flow": {"c": 6.0}}, seconds)
    return RiverNetwork(pd.DataFrame(rows), structures=gate), ends


def _engine(path: Path) -> dict[str, np.ndarray]:
    """Run SWMM; the flow of every link at its report times."""
    pytest.importorskip("swmm.toolkit")
    from swmm.toolkit import output, shared_enum, solver

    names = [str(path.with_suffix(end)) for end in (".inp", ".rpt", ".out")]
    solver.swmm_run(*names)
    handle = output.init()
    output.open(handle, names[2])
    count = output.get_proj_size(handle)[2]
    last = output.get_times(handle, shared_enum.Time.NUM_PERIODS) - 1
    kind, what = shared_enum.ElementType.LINK, shared_enum.LinkAttribute.FLOW_RATE
    found = {
        output.get_elem_name(handle, kind, i): np.array(
            output.get_link_series(handle, i, what, 0, last)
        )
        for i in range(count)
    }
    output.close(handle)
    return found


def _turns(series: np.ndarray) -> np.ndarray:
    """Times at which a flow turns round, in steps of the series."""
    k = np.flatnonzero(np.sign(series[1:]) * np.sign(series[:-1]) < 0)
    return np.asarray(k + series[k] / (series[k] - series[k + 1]))


def _settings(path: Path, **steps: str) -> None:
    """Change options of a SWMM file."""
    lines = [
        f"{line.split()[0]} {steps[line.split()[0]]}" if line.split()[:1] in [[k] for k in steps]
        else line for line in path.read_text("utf8").splitlines()
    ]  # fmt: skip
    path.write_text("\n".join(lines), "utf8")


def _cut(
    network: RiverNetwork, piece: float, held: list[str]
) -> tuple[RiverNetwork, dict[str, str]]:
    """Each reach as an odd number of reaches, and the label of the one in its middle.

    Held nodes get a short and broad reach to a sea: SWMM holds no stage where reaches meet.
    """
    rows, middle = [], {}
    for label, reach in network.reaches.iterrows():
        count = 2 * int(reach["length"] / piece / 2) + 1
        bed = np.linspace(reach["bed_from"], reach["bed_to"], count + 1)
        nodes = [reach["from_node"], *(f"{label}_{k}" for k in range(1, count)), reach["to_node"]]
        rows += [
            flows.channel(reach=f"{label}.{k}", from_node=nodes[k], to_node=nodes[k + 1],
                          length=reach["length"] / count, width=reach["width"],
                          side_slope=reach["side_slope"], roughness=reach["roughness"],
                          bed_from=bed[k], bed_to=bed[k + 1])
            for k in range(count)
        ]  # fmt: skip
        middle[str(label)] = f"{label}.{count // 2}"
    bed = network.reaches["bed_to"].min()
    rows += [
        flows.channel(reach=f"{node}.out", from_node=node, to_node=f"{node}_sea", length=50.0,
                      width=500.0, bed_from=bed, bed_to=bed)
        for node in held
    ]  # fmt: skip
    return RiverNetwork(pd.DataFrame(rows)), middle


def _shared(name: str) -> tuple[RiverNetwork, xr.Dataset]:
    """Flood or tide of the shared looped case, after a day and a half of its first instant."""
    case = known.case("hydraulics/flood_loop_swmm")["variants"][name]
    if name == "flood":
        clock, kind, tables = (
            np.array(case["inflow_table_hours"]) * 3600.0,
            "flow",
            case["inflow_table_m3s"],
        )
    else:
        clock, kind, tables = np.array(case["stage_table_s"]), "stage", case["stage_table_m"]
    before = 0.0 if name == "tide" else 129600.0
    step = clock[1] - clock[0]
    seconds = np.arange(0.0, before + clock[-1] + 1.0, step)
    given: dict[str, dict[str, object]] = {"flow": {}, "stage": {}}
    for node, values in case["nodes"].items():
        if "inflow_m3s" in values:
            given["flow"][node] = values["inflow_m3s"]
        if "stage_m" in values:
            given["stage"][node] = values["stage_m"]
    given[kind] |= {n: np.interp(seconds - before, clock, v) for n, v in tables.items()}
    return flows.network(case["reaches"]), flows.boundaries(given, seconds)


@pytest.mark.parametrize(("name", "turns"), [("flood", 0), ("tide", 6)])
def test_shared_looped_case_beside_swmm(name: str, turns: int, tmp_path: Path) -> None:
    """Both engines in the same run: flow of every reach within 1 % of its peak, at every instant.

    Reversals agree within a tenth of the ten minutes between instants. SWMM gets the reaches in
    pieces of about 500 m, and a narrow tolerance: with its usual one a step ends after two
    half-relaxed iterations, which leaves out half of the inertia of the rising water (2 to 3 %
    of the peak of this tide, however short the step).
    """
    network, ends = _shared(name)
    held = ends["stage"].dropna("node").indexes["node"].tolist()
    fine, middle = _cut(network, 500.0, held)
    path = tmp_path / "loop.inp"
    names = {node: f"{node}_sea" for node in held}
    outside = [names.get(node, node) for node in ends["node"].values]
    fine.to_swmm(path, ends.assign_coords(node=outside))
    _settings(
        path,
        ROUTING_STEP="20",
        REPORT_STEP="00:10:00",
        VARIABLE_STEP="0",
        HEAD_TOLERANCE="0.00000001",
    )
    theirs = _engine(path)
    times = pd.date_range(ends.indexes["time"][0], ends.indexes["time"][-1], freq="10min")
    run = Run(cell_length=125.0, time_step=60.0, implicitness=0.5)
    ours = hydraulics.unsteady(network, ends, times, run=run)
    assert flows.imbalance(ours) <= 1e-9
    count = len(times) - 1 - 216  # after 36 hours
    assert len(theirs[middle["R1" if name == "tide" else "R01"]]) >= len(times) - 1
    found = 0
    for reach in network.reaches.index:
        flow = ours["flow"].sel(reach=reach).values[-count:]
        right = theirs[middle[reach]][-count:]
        assert np.abs(flow - right).max() <= 0.01 * np.abs(right).max(), reach
        here, there = _turns(flow), _turns(right)
        assert here.size == there.size, reach
        assert (np.abs(here - there) <= 0.1).all(), reach
        found += here.size
    assert found >= turns


def _finite_volumes(seconds: np.ndarray, sea: np.ndarray, bed: Callable[..., Any]) -> np.ndarray:
    """Flow at 4 km of two canals of the tide, in one line: explicit, convection in flux form."""
    count, length, step, width, side = 68, 17000.0, 4.0, 25.0, 2.0
    dx = length / count
    edge = (np.arange(count) + 1.0) * dx
    low, face = bed(edge - 0.5 * dx), bed(edge)
    apart = np.full(count, dx)
    apart[-1] = 0.5 * dx
    area, flow, found, k = (
        (2.8 - low) * (width + side * (2.8 - low)),
        np.full(count + 1, 6.0),
        [],
        0,
    )
    last = sea - bed(length)
    last = last * (width + side * last)
    for i in range(round(seconds[-1] / step) + 1):
        if abs(i * step - seconds[k]) < 1e-6:
            found.append(np.interp(4000.0, np.append(0.0, edge), flow))
            k += 1
        t = (i + 0.5) * step
        depth = (np.sqrt(width**2 + 4.0 * side * area) - width) / (2.0 * side)
        here = depth + low
        there = np.append(here[1:], np.interp(t, seconds, sea))
        y = 0.5 * (here + there) - face
        wet, rim = y * (width + side * y), width + 2.0 * y * np.sqrt(1.0 + side**2)
        flux = (0.5 * (flow[:-1] + flow[1:])) ** 2 / area
        ahead = np.append(flux[1:], flow[-1] ** 2 / np.interp(t, seconds, last))
        push = 9.81 * wet * (there - here) + ahead - flux
        drag = 9.81 * 0.025**2 * np.abs(flow[1:]) / (wet * (wet / rim) ** (4.0 / 3.0))
        flow = np.append(6.0, (flow[1:] - step * push / apart) / (1.0 + step * drag))
        area = area - step / dx * np.diff(flow)
    return np.array(found)


def test_tide_beside_finite_volumes() -> None:
    """An explicit scheme of other form: flow within 0.6 % of the peak, without convection 4 %."""
    network, ends = _shared("tide")
    one = RiverNetwork(network.reaches.loc[["R1", "R2"]])
    ends = ends.sel(node=["W0", "W2"])
    times = ends.indexes["time"]
    seconds = (times - times[0]).total_seconds().to_numpy()
    sea = ends["stage"].sel(node="W2").values
    right = _finite_volumes(
        seconds, sea, lambda x: np.interp(x, [0, 8000, 17000], [0.2, 0.05, -0.1])
    )
    run = Run(cell_length=125.0, time_step=60.0, implicitness=0.5)
    flow = hydraulics.unsteady(one, ends, times, run=run)["flow"].sel(reach="R1").values
    late = seconds >= 86400.0
    assert np.abs(flow - right)[late].max() <= 0.006 * np.abs(right[late]).max()
    wave = hydraulics.unsteady(one, ends, times, run=Run(time_step=60.0, inertia=False))
    off = np.abs(wave["flow"].sel(reach="R1").values - right)[late].max()
    assert off >= 0.04 * np.abs(right[late]).max()  # the terms that count here


def test_gated_tidal_loops_beside_swmm(tmp_path: Path) -> None:
    """Flows within 2 % of the peak, and all reversals within a step of 15 minutes.

    The peak is a reach's own, or a fifth of the greatest where an arm carries less: its flow
    is a small difference of two stages. SWMM limits flow in level conduits to normal flow
    unless told not to, which jerks it wherever it turns round.
    """
    network, ends = _ring()
    path = tmp_path / "ring.inp"
    network.to_swmm(path, ends)
    _settings(path, ROUTING_STEP="15", REPORT_STEP="00:15:00", VARIABLE_STEP="0")
    theirs = _engine(path)
    times = ends.indexes["time"]
    ours = hydraulics.unsteady(network, ends, times, run=Run(time_step=60.0, implicitness=0.5))
    assert flows.imbalance(ours) <= 1e-9
    count = len(theirs["R0"])
    assert count >= len(times) - 1
    late = slice(-(len(times) - 1 - 96), None)  # after the first day
    reversals, least = 0, 0.2 * np.abs(theirs["R0"]).max()
    for reach in network.reaches.index:
        flow = ours["flow"].sel(reach=reach).values[late]
        right = theirs[reach][late]
        assert np.abs(flow - right).max() <= 0.02 * max(np.abs(right).max(), least), reach
        here, there = _turns(flow), _turns(right)
        assert here.size == there.size, reach
        assert (np.abs(here - there) <= 1.0).all(), reach
        reversals += here.size
    assert reversals >= 12


@pytest.mark.real_data
def test_every_instant_of_the_published_series() -> None:
    """USGS SWR1, problem 4: 18 stages and 2 flows of every half hour of the flood.

    Its stages come from steps and cells of the first order: they lag most where the flood
    enters (reaches 1 and 2, up to 0.22 m of 1.4 m as it rises), and less than 0.12 m elsewhere.
    """
    folder = os.environ.get("PERMITLOAD_DATA")
    if folder is None:
        pytest.skip("PERMITLOAD_DATA is not set")
    places = [
        Path(folder) / "usgs_swr_loop" / "swr_reference.csv",
        Path(folder).parent / "cases" / "hydraulics" / "usgs_swr_loop" / "swr_reference.csv",
    ]
    path = next((p for p in places if p.exists()), None)
    if path is None:
        pytest.skip("swr_reference.csv is not in PERMITLOAD_DATA")
    _, result, seconds, faces = _usgs()
    right = pd.read_csv(path).set_index("t_s").loc[: seconds[-1]]  # the first thirty hours
    clock = np.isin(seconds, right.index)
    assert clock.sum() == len(right) == 60
    for k in range(1, 19):
        off = np.abs(result["stage"].sel(node=f"c{k}").values[clock] - right[f"stage_{k}"])
        assert off.max() <= (0.22 if k <= 2 else 0.12), k
        assert off.mean() <= 0.05 * np.ptp(right[f"stage_{k}"]), k
    for name, reach in faces.items():
        at = result["face_reach"].values == reach
        flow = result["face_flow"].transpose("time", "face").values[:, at][clock, -1]
        published = right[f"flow_{name.replace('->', '_')}"].to_numpy()
        late = right.index.to_numpy() >= 21600.0
        assert np.abs(flow - published)[late].max() <= 0.04 * np.abs(published).max(), name
        here, there = _turns(flow), _turns(published)
        assert here.size == there.size == (2 if name == "4->5" else 0), name
        assert (np.abs(here - there) <= 0.2).all(), name


def test_sluice_that_turns_round_with_the_tide() -> None:
    """The basin of the case behind a real sluice, against an ODE solver."""
    c = known.case(CASE)["reverse"]
    area, mean, high, cycle = c["A"], c["mean"], c["amp"], c["T"]
    width, opening = 8.0, 1.0
    gate = {"structure_type": "gate", "width": width, "opening": opening,
            "discharge_coefficient": 0.6}  # fmt: skip
    network = lakes(gate, {"in": area, "out": 1e6})
    seconds = np.arange(0.0, 12 * cycle + 1.0, 300.0)
    sea = mean + high * np.sin(2 * np.pi * seconds / cycle)
    ends = flows.boundaries({"stage": {"out": sea}}, seconds)
    start = still(network, **{"in": mean, "out": mean})
    run = Run(time_step=300.0, implicitness=0.5)
    result = hydraulics.unsteady(network, ends, flows.after(seconds), start, run=run)

    def rate(t: float, z: np.ndarray) -> np.ndarray:
        drop = mean + high * np.sin(2 * np.pi * t / cycle) - z
        flow = np.sign(drop) * 0.6 * width * opening * np.sqrt(2 * 9.81 * np.abs(drop))
        return np.asarray(flow / area)

    right = solve_ivp(rate, (0.0, seconds[-1]), [mean], t_eval=seconds, max_step=100.0,
                      rtol=1e-8, atol=1e-9)  # fmt: skip
    inside = result["stage"].sel(node="in").values
    assert np.ptp(right.y[0]) > 0.2
    np.testing.assert_allclose(inside, right.y[0], atol=1e-3)
    flow = result["structure_flow"].isel(structure=0).values
    other = -rate(0.0, right.y[0] - sea + mean) * area
    assert (np.abs(_turns(flow) - _turns(other)) <= 1.0).all() and _turns(flow).size >= 23


def test_basin_that_turns_round_in_proportion_to_the_drop() -> None:
    """All rows of the case, whose flow is k times the drop.

    No structure has that law. It is the sum of two boundaries of the basin: k times the sea's
    level above a datum enters, and a straight rating curve lets k times its own level out.
    """
    c = known.case(CASE)["reverse"]
    k, cycle, low = c["k"], c["T"], c["mean"] - 2.0
    network = lakes({"structure_type": "gate", "width": 1.0, "opening": 0.0},
                    {"in": c["A"], "out": 1e6})  # fmt: skip
    seconds = np.arange(0.0, 6 * cycle + 1.0, 120.0)
    sea = c["mean"] + c["amp"] * np.sin(2 * np.pi * seconds / cycle)
    ends = flows.boundaries({"flow": {"in": k * (sea - low)}}, seconds)
    ends["rating_stage"] = (("node", "point"), [[low, low + 4.0]])
    ends["rating_flow"] = (("node", "point"), [[0.0, 4.0 * k]])
    start = still(network, **{"in": c["mean"], "out": c["mean"]})
    run = Run(time_step=120.0, implicitness=0.5)
    result = hydraulics.unsteady(network, ends, flows.after(seconds), start, run=run)
    last = round(cycle / 120.0)
    inside = result["stage"].sel(node="in").values[-last - 1 :]
    through = (result["water_in"] - result["water_out"]).sel(node="in").values[-last:]

    def value(row: dict[str, str]) -> float:
        if row["quantity"] == "level_amplitude":
            return float(np.ptp(inside) / 2.0)
        if row["quantity"] == "phase_lag":
            return float(inside.argmax() * 120.0 - cycle / 4.0)
        if row["quantity"] == "flow_amplitude":
            return float(np.ptp(through) / 2.0)
        return float(through.sum() * 120.0)

    known.compare(known.rows(CASE, "reverse"), value)


def test_gates_and_pumps_stay_as_they_were_when_a_run_is_taken_up() -> None:
    structures = pd.DataFrame({
        "structure": ["gate", "pump"], "structure_type": ["gate", "pump"],
        "from_node": ["in", "in"], "to_node": ["out", "out"], "crest": [0.0, None],
        "width": [2.0, None], "opening": [0.0, None], "pump_capacity": [None, 2.0],
        "start_stage": [None, 1.6], "stop_stage": [None, 1.2],
    })  # fmt: skip
    one = lakes({"structure_type": "gate"}, {"in": 1e5, "out": 1e8})
    network = RiverNetwork(one.reaches, one.nodes, structures)
    rules = pd.DataFrame({"structure": ["gate"], "priority": [1], "node": ["in"],
                          "above": [1.55], "opening": [0.1]})  # fmt: skip
    start = still(network, **{"in": 1.7, "out": 0.5})
    times = flows.after(np.arange(0.0, 12 * 3600.0 + 1.0, 1800.0))
    more = Details(gate_rules=rules)
    whole = hydraulics.unsteady(network, xr.Dataset(), times, start, more)
    middle = 10
    held = whole.isel(time=middle)
    # between the stages of their rules both still run as they did before
    assert 1.2 < float(held["stage"].sel(node="in")) < 1.55
    assert float(held["opening"].sel(structure="gate")) == 0.1
    assert float(held["structure_flow"].sel(structure="pump")) == 2.0
    with pytest.warns(UserWarning, match="never applied"):  # in this part of the run
        rest = hydraulics.unsteady(network, xr.Dataset(), times[middle:], held, more)
    for name in ("stage", "structure_flow", "opening"):
        np.testing.assert_allclose(rest[name], whole[name].isel(time=slice(middle, None)),
                                   atol=2e-5)  # fmt: skip


@pytest.mark.parametrize("rough", [0.01, 0.02])
def test_supercritical_ends_are_refused_where_they_are(rough: float) -> None:
    """A reach that falls 2 % towards a low sea: critical from Manning's n of about 0.02 down."""
    reach = flows.channel(bed_from=60.0, roughness=rough, length=3000.0)
    network = flows.network([reach])
    values = {"flow": {"a": 10.0}, "stage": {"b": 0.6}}
    start = xr.Dataset({"stage": ("node", [60.6, 0.6]), "flow": ("reach", [10.0])},
                       {"node": ["a", "b"], "reach": ["R"]})  # fmt: skip
    times = flows.after(np.arange(0.0, 14401.0, 600.0))
    with pytest.raises(DataError, match="makes reach R supercritical") as caught:
        hydraulics.unsteady(network, flows.boundaries(values), times, start)
    assert {f.column for f in caught.value.faults} <= {"flow", "stage"}
    assert "s after the start" in str(caught.value.faults[0].row)
