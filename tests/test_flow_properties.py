"""Properties of computed flow on random looped networks, and what a run keeps and refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import RiverNetwork, hydraulics
from permitload.errors import DataError
from permitload.hydraulics import Run
from tests import flows


def _random(seed: int, size: int) -> tuple[RiverNetwork, xr.Dataset, np.ndarray]:
    """Looped network of canals with a gate, a weir, a pump, a lake and a tide."""
    rng = np.random.default_rng(seed)
    links = [(k, int(rng.integers(0, k))) for k in range(1, size)]
    for _ in range(size // 2):
        a, b = (int(x) for x in rng.choice(size, 2, replace=False))
        links.append((a, b))
    bed = rng.uniform(-2.5, -0.9, size)
    bed[0] = -3.5  # deep enough for the tide to stay subcritical at its mouth
    rows = [
        flows.channel(
            reach=f"R{k}", from_node=f"n{a}", to_node=f"n{b}", bed_from=bed[a], bed_to=bed[b],
            length=float(rng.uniform(300.0, 3000.0)), width=float(rng.uniform(4.0, 30.0)),
            side_slope=float(rng.uniform(0.0, 2.5)), roughness=float(rng.uniform(0.02, 0.04)),
        )
        for k, (a, b) in enumerate(links)
    ]  # fmt: skip
    rows.append(flows.channel(reach="inner", from_node="p", to_node="q", bed_from=-1.5,
                              bed_to=-1.5))  # fmt: skip
    ends = [f"n{int(x)}" for x in rng.choice(np.arange(1, size), 2, replace=False)]
    structures = pd.DataFrame(
        {
            "structure": ["gate", "weir", "pump"], "structure_type": ["gate", "weir", "pump"],
            "from_node": [ends[0], "q", "p"], "to_node": ["p", ends[1], ends[1]],
            "crest": [-1.0, 0.3, None], "width": [3.0, 5.0, None], "opening": [0.4, None, None],
            "pump_capacity": [None, None, 1.5], "start_stage": [None, None, 0.4],
            "stop_stage": [None, None, -0.3],
        }
    )  # fmt: skip
    nodes = pd.DataFrame({"node": ["p"], "storage_area": [3e4]})
    seconds = np.arange(0.0, 86400.0 + 1.0, 1800.0)
    tide = 0.6 * np.sin(2 * np.pi * seconds / 44712.0 + rng.uniform(0, 6))
    flow = rng.uniform(-1.0, 4.0) * (1.0 + np.sin(seconds / 20000.0))
    boundaries = flows.boundaries(
        {"stage": {"n0": tide}, "flow": {ends[0]: flow}, "lateral_flow": {"R0": 0.3}}, seconds
    )
    return RiverNetwork(pd.DataFrame(rows), nodes, structures), boundaries, seconds


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(3, 9))
def test_volume_balances_in_every_step(seed: int, size: int) -> None:
    network, boundaries, seconds = _random(seed, size)
    nodes = network.nodes.index
    start = xr.Dataset({"stage": ("node", np.full(len(nodes), 0.1))}, {"node": nodes.to_numpy()})
    times = flows.after(seconds[:13])
    result = hydraulics.unsteady(network, boundaries, times, start)
    assert flows.imbalance(result) <= 1e-9
    assert float(result["imbalance"].max()) <= 1e-9  # of every step: by stage against by flow
    assert np.isfinite(result["cell_stage"]).all() and (result["cell_volume"] >= 0.0).all()
    # the same water, as nodes see it: all that enters less all that leaves is what is stored
    entered = (result["water_in"] - result["water_out"]).sum("node") * result["seconds"]
    along = 0.3 * 1800.0 * (1.0 - 1.0 / _pieces(network, "R0"))  # what does not enter at nodes
    stored = result["cell_volume"].sum("cell").diff("time").values
    np.testing.assert_allclose(entered.values + along, stored, atol=1e-5 * abs(stored).max() + 1e-4)


def _everything(seed: int, size: int) -> tuple[RiverNetwork, xr.Dataset, hydraulics.Details]:
    """Such a network with a culvert, a flap, a rating curve, rain, tables and rules besides."""
    network, ends, _ = _random(seed, size)
    rng = np.random.default_rng(seed + 1)
    more = pd.DataFrame(
        {
            "structure": ["culvert", "flap"], "structure_type": ["culvert", "gate"],
            "from_node": ["n1", "q"], "to_node": ["q", "n2"], "crest": [-1.2, -0.8],
            "width": [1.5, 2.0], "opening": [1.0, 0.6], "length": [20.0, None],
            "roughness": [0.015, None], "one_way": [0.0, 1.0],
        }
    )  # fmt: skip
    structures = pd.concat([network.structures.reset_index(), more], ignore_index=True)
    details = hydraulics.Details(
        cross_sections=pd.DataFrame({"reach": "R1", "height": [0.0, 0.8, 2.0, 6.0],
                                     "width": [3.0, 9.0, 9.0, 30.0]}),
        storage_curves=pd.DataFrame({"node": "p", "stage": [-2.0, 0.0, 1.0, 4.0],
                                     "storage_area": [2e3, 2e4, 5e4, 5e4]}),
        gate_rules=pd.DataFrame({"structure": "gate", "priority": [1, 2], "node": ["n1", "n1"],
                                 "above": [float(rng.uniform(-0.2, 0.2)), None],
                                 "opening": [0.0, 0.7]}),
    )  # fmt: skip
    ends = ends.merge(
        xr.Dataset(
            {
                "rain": ("node", [100.0]),
                "rating_stage": (("node", "point"), [[-2.0, 8.0]]),
                "rating_flow": (("node", "point"), [[0.0, 5.0]]),
            },
            {"node": ["p"]},
        ),
        join="outer",
    )
    return RiverNetwork(network.reaches, network.nodes, structures), ends, details


@pytest.mark.filterwarnings("ignore:gate_rules")
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(3, 9), inertia=st.booleans())
def test_volume_balances_in_every_step_with_everything(seed: int, size: int, inertia: bool) -> None:
    """Intervals as long as a step: what flows in, out and is stored, of every cell of every step.

    The denominator is that of every ledger: inflow, outflow, water before and after.
    """
    network, ends, details = _everything(seed, size)
    nodes = network.nodes.index
    calm = np.full(len(nodes), ends["stage"].sel(node="n0").values[0])
    start = xr.Dataset({"stage": ("node", calm)}, {"node": nodes.to_numpy()})
    times = flows.after(np.arange(0.0, 4 * 3600.0 + 1.0, 300.0))
    run = Run(time_step=300.0, inertia=inertia)
    result = hydraulics.unsteady(network, ends, times, start, details, run)
    assert flows.imbalance(result) <= 1e-9
    assert float(result["imbalance"].max()) <= 1e-9
    assert np.isfinite(result["cell_stage"]).all() and (result["cell_volume"] >= 0.0).all()
    assert (result["structure_backward"].sel(structure=["flap", "pump"]) == 0.0).all()


KINDS = ["weir", "gate", "culvert"]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), size=st.integers(2, 8), kinds=st.lists(st.sampled_from(KINDS)),
    inertia=st.booleans(),
)  # fmt: skip
def test_a_lake_at_rest_stays_at_rest(
    seed: int, size: int, kinds: list[str], inertia: bool
) -> None:
    """Uneven beds, some dry; open structures between equal levels, closed ones between others."""
    rng = np.random.default_rng(seed)
    level: dict[str, float] = {}
    rows = []
    for part, stage in (("a", float(rng.uniform(0.0, 3.0))), ("b", float(rng.uniform(0.0, 3.0)))):
        bed = rng.uniform(-3.0, 3.5, size)
        bed[0] = -3.0
        pairs = [(k, int(rng.integers(0, k))) for k in range(1, size)] + [(0, size - 1)]
        level |= {f"{part}{k}": stage for k in range(size)}
        rows += [
            flows.channel(reach=f"{part}R{i}", from_node=f"{part}{u}", to_node=f"{part}{v}",
                          length=float(rng.uniform(100.0, 2000.0)), bed_from=bed[u], bed_to=bed[v],
                          side_slope=float(rng.uniform(0.0, 2.0)))
            for i, (u, v) in enumerate(pairs) if u != v
        ]  # fmt: skip
    shut = {"structure": "shut", "structure_type": "gate", "from_node": "a0", "to_node": "b0",
            "crest": -4.0, "width": 5.0, "opening": 0.0}  # fmt: skip
    links = [shut] + [
        {"structure": f"S{i}", "structure_type": kind, "from_node": "a0",
         "to_node": f"a{size - 1}", "crest": float(rng.uniform(-3.0, 4.0)), "width": 4.0,
         "opening": 1.0, "length": 10.0, "roughness": 0.015}
        for i, kind in enumerate(kinds[:4])
    ]  # fmt: skip
    nodes = pd.DataFrame({"node": ["a0", "b0"], "storage_area": [1e4, 0.0]})
    network = RiverNetwork(pd.DataFrame(rows), nodes, pd.DataFrame(links))
    start = xr.Dataset({"stage": ("node", list(level.values()))}, {"node": list(level)})
    times = flows.after(np.arange(0.0, 86401.0, 21600.0))
    run = Run(inertia=inertia)
    result = hydraulics.unsteady(network, xr.Dataset(), times, start, run=run)
    found = result["cell_stage"].transpose("time", "cell").values
    assert np.abs(found - found[0]).max() <= 1e-10
    assert float(np.abs(result["face_flow"]).max()) <= 1e-9
    assert float(np.abs(result["structure_flow"]).max()) <= 1e-9


def _pieces(network: RiverNetwork, reach: str) -> int:
    return int(np.ceil(network.reaches.loc[reach, "length"] / 250.0))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_order_of_rows_changes_nothing(seed: int) -> None:
    network, boundaries, seconds = _random(seed, 5)
    rng = np.random.default_rng(seed)
    turned = RiverNetwork(
        network.reaches.sample(frac=1.0, random_state=rng),
        network.nodes.sample(frac=1.0, random_state=rng),
        network.structures.sample(frac=1.0, random_state=rng),
    )
    nodes = network.nodes.index
    start = xr.Dataset({"stage": ("node", np.full(len(nodes), 0.1))}, {"node": nodes.to_numpy()})
    times = flows.after(seconds[:5])
    one = hydraulics.unsteady(network, boundaries, times, start)
    two = hydraulics.unsteady(turned, boundaries, times, start)
    for name, dim in (("stage", "node"), ("flow", "reach"), ("structure_forward", "structure")):
        other = two[name].sel({dim: one[dim]}).transpose(*one[name].dims)
        np.testing.assert_allclose(other, one[name], atol=1e-7)


def test_a_run_stopped_and_taken_up_again_is_the_same_run() -> None:
    network, boundaries, seconds = _random(3, 6)
    structures = network.structures.drop(index="pump")  # whether it runs is not in a result
    network = RiverNetwork(network.reaches, network.nodes, structures)
    whole = hydraulics.unsteady(network, boundaries, flows.after(seconds[:9]))
    first = hydraulics.unsteady(network, boundaries, flows.after(seconds[:5]))
    rest = hydraulics.unsteady(network, boundaries, flows.after(seconds[4:9]), first.isel(time=-1))
    np.testing.assert_allclose(rest["stage"].isel(time=-1), whole["stage"].isel(time=-1), atol=2e-5)


def test_a_steady_state_stays() -> None:
    network, boundaries, _ = _random(5, 6)
    constant = boundaries.isel(time=0, drop=True)
    structures = network.structures.drop(index="pump")  # a pump that switches has no steady state
    network = RiverNetwork(network.reaches, network.nodes, structures)
    steady = hydraulics.steady(network, constant).isel(period=0)
    result = hydraulics.unsteady(network, constant, flows.after(np.arange(0.0, 86401.0, 21600.0)))
    np.testing.assert_allclose(result["stage"].isel(time=-1), steady["stage"], atol=1e-6)
    np.testing.assert_allclose(result["flow"].isel(time=-1), steady["flow"], atol=1e-4)


def test_result_in_a_file_is_the_result_in_memory(tmp_path: Path) -> None:
    network, boundaries, _ = _random(11, 5)
    times = flows.after(np.arange(0.0, 21601.0, 100.0))  # more instants than one block
    here = hydraulics.unsteady(network, boundaries, times)
    path = tmp_path / "run.nc"
    with hydraulics.unsteady(network, boundaries, times, run=Run(path=path)) as there:
        assert set(there.variables) == set(here.variables)
        for name in here.data_vars:
            found = there[name].transpose(*here[name].dims).load()
            np.testing.assert_array_equal(found, here[name], err_msg=str(name))
        assert there["flow"].attrs["units"] == "m3/s"


def test_a_result_too_large_for_memory_asks_for_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    network, boundaries, seconds = _random(11, 5)
    monkeypatch.setattr("permitload.hydraulics._store.MOST_BYTES", 1000)
    with pytest.raises(DataError, match="GB of memory; right would be run with a path"):
        hydraulics.unsteady(network, boundaries, flows.after(seconds))


def test_inputs_are_left_as_they_are() -> None:
    network, boundaries, seconds = _random(2, 4)
    before = boundaries.copy(deep=True)
    hydraulics.unsteady(network, boundaries, flows.after(seconds[:3]))
    xr.testing.assert_identical(boundaries, before)


SERIES = np.arange(0.0, 7201.0, 600.0)
HIGH = np.ones(SERIES.size)


def _gap() -> xr.Dataset:
    """A tide without its middle readings."""
    whole = flows.boundaries({"stage": {"b": HIGH}}, SERIES)
    return whole.isel(time=[0, 1, 2, 3, 8, 9, 10, 11, 12])


BAD: list[tuple[str, Any, Any, str]] = [
    ("gap", _gap(), SERIES, "has no value for 3000 s, and one every 600 s elsewhere"),
    ("NaN", flows.boundaries({"stage": {"b": np.where(SERIES == 1800.0, np.nan, 1.0)}}, SERIES),
     SERIES, "nan is not valid; right would be a finite number; a series has no gaps"),
    ("short", flows.boundaries({"stage": {"b": HIGH}}, SERIES), SERIES * 2, "do not cover the run"),
    ("every end", flows.boundaries({"flow": {"a": HIGH, "b": -HIGH}}, SERIES), SERIES,
     "flow is given at a, b and no stage or rating holds the level"),
    ("dry", flows.boundaries({"stage": {"b": HIGH - 2.0}}, SERIES), SERIES, "leaves it dry"),
    ("times", flows.boundaries({"stage": {"b": HIGH}}, SERIES), [0.0, 0.0], "repeat"),
    ("name", xr.Dataset({"level": ("node", [1.0])}, {"node": ["a"]}), SERIES, "level: is unknown"),
    ("rain", flows.boundaries({"stage": {"b": HIGH}, "rain": {"a": HIGH}}, SERIES), SERIES,
     "falls on no surface"),
    ("period", xr.Dataset({"stage": (("node", "period"), [[1.0]])},
                          {"node": ["b"], "period": ["p"]}), SERIES, "is not the axis"),
]  # fmt: skip


@pytest.mark.parametrize(("_", "given_", "seconds", "message"), BAD, ids=[b[0] for b in BAD])
def test_bad_input_is_named(_: str, given_: xr.Dataset, seconds: Any, message: str) -> None:
    network = flows.network([flows.channel()])
    with pytest.raises(DataError, match=message):
        hydraulics.unsteady(network, given_, flows.after(seconds))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell_length": 0.0}, "cell_length: 0.0 is not valid"),
        ({"time_step": np.nan}, "time_step: nan is not valid"),
        ({"implicitness": 0.4}, "implicitness: 0.4 is not valid"),
    ],
)
def test_settings_out_of_bounds_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Run(**change)
