"""Steps of unsteady flow: they end where gates move, and do not shrink for a smooth tide."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics
from permitload.hydraulics import Details, Run
from tests import flows

RISE = 1e-4
"""Pace of the sea [m/s]."""


def gated() -> RiverNetwork:
    """Two canals joined by a gate, open 1 m."""
    ends = [("sea", "in"), ("out", "head")]
    reaches = pd.DataFrame([
        flows.channel(reach=f"R{k}", from_node=a, to_node=b, length=1000.0, width=10.0,
                      bed_from=-3.0, bed_to=-3.0) for k, (a, b) in enumerate(ends)
    ])  # fmt: skip
    gate = {"structure": "G", "structure_type": "gate", "from_node": "in", "to_node": "out",
            "width": 5.0, "opening": 1.0}  # fmt: skip
    return RiverNetwork(reaches, structures=pd.DataFrame([gate]))


def closed_for(rule: dict[str, object]) -> float:
    """Seconds for which a rule shuts the gate while the sea rises for six hours, in long steps."""
    times = flows.after(np.arange(0.0, 6 * 3600.0 + 1.0, 1800.0))
    sea = xr.DataArray(RISE * np.arange(times.size) * 1800.0, {"time": times})
    stage = sea.expand_dims(node=["sea"]).to_dataset(name="stage")
    start = xr.Dataset({"stage": ("node", np.zeros(4))}, {"node": ["sea", "in", "out", "head"]})
    rules = pd.DataFrame([{"structure": "G", "priority": 1.0, "opening": 0.0} | rule])
    run = Run(cell_length=250.0, time_step=1800.0)
    result = hydraulics.unsteady(gated(), stage, times, start, Details(gate_rules=rules), run)
    assert flows.imbalance(result) <= 1e-9
    held = result["opening"].sel(structure="G") == 0.0
    shut = result["structure_forward"].sel(structure="G").values
    assert (shut[held.values[:-1]] == 0.0).all()  # nothing passes while it is shut
    first = int(np.argmax(held.values)) - 1
    begin = (result["time"].values[first] - result["time"].values[0]) / np.timedelta64(1, "s")
    # in the interval in which it shuts, water passes at the pace of the intervals before
    before = shut[first - 2 : first]
    pace = 2.0 * before[1] - before[0]
    return float(6 * 3600.0 - begin - 1800.0 * shut[first] / pace)


@pytest.mark.parametrize("seconds", [9000.0 + 300.0, 9000.0 + 1000.0])
def test_a_gate_moves_when_its_rule_begins_to_hold(seconds: float) -> None:
    """Not at the next step of 1800 s: by stage and by time alike; 90 s is 5 % of a step."""
    by_stage = closed_for({"node": "sea", "above": RISE * seconds})
    assert by_stage == pytest.approx(6 * 3600.0 - seconds, abs=90.0)
    after = flows.after([seconds])[0]
    assert closed_for({"after": after}) == pytest.approx(6 * 3600.0 - seconds, abs=90.0)


def test_a_smooth_tide_is_run_in_the_steps_that_are_asked_for() -> None:
    """Its level bends by 4 cm in half an hour, as foretold by its steps before."""
    times = flows.after(np.arange(0.0, 4 * 44712.0, 3600.0))
    every = flows.after(np.arange(0.0, 4 * 44712.0, 60.0))  # a series is straight in between
    level = hydraulics.tide(every, mean=0.0, amplitude=[0.6], cycle=[44712.0])
    canal = flows.channel(from_node="sea", to_node="head", length=500.0, width=20.0,
                          bed_from=-4.0, bed_to=-4.0)  # fmt: skip
    sea = level.expand_dims(node=["sea"]).to_dataset()
    start = xr.Dataset({"stage": ("node", np.zeros(2))}, {"node": ["sea", "head"]})
    run = Run(cell_length=500.0, time_step=1800.0)
    result = hydraulics.unsteady(RiverNetwork(pd.DataFrame([canal])), sea, times, start, run=run)
    steps = result["steps"].values
    assert (steps[4:] == 2.0).mean() > 0.8
    fine = hydraulics.unsteady(RiverNetwork(pd.DataFrame([canal])), sea, times, start,
                               run=Run(cell_length=500.0, time_step=60.0))  # fmt: skip
    off = (result["stage"] - fine["stage"]).sel(node="head").values[12:]
    assert np.sqrt(np.mean(off**2)) < 2e-3


def test_kernels_are_compiled_once_however_tables_lie_in_memory() -> None:
    """Another layout of one array would compile all of them anew, which takes half a minute."""
    from permitload.hydraulics._march_kernels import march, settle

    closed_for({"node": "sea", "above": 0.5})
    network, hours = gated(), flows.after([0.0, 3600.0])
    ends = flows.boundaries({"stage": {"sea": 0.0, "head": 0.1}})
    across = ends.transpose().assign_coords(time=hours[0]).expand_dims(time=hours, axis=0)
    hydraulics.unsteady(network, across, hours)
    hydraulics.steady(network, ends, Details(cross_sections=pd.DataFrame(
        {"reach": ["R0", "R0"], "height": [0.0, 4.0], "width": [10.0, 20.0]})))  # fmt: skip
    ways = pd.DataFrame(np.asfortranarray([[-3.0, -3.0, 1e3, 10.0, 0.025]] * 2),
                        columns=["bed_from", "bed_to", "length", "width", "roughness"])  # fmt: skip
    plain = RiverNetwork(ways.assign(reach=["A", "B"], from_node="sea", to_node="head"))
    hydraulics.unsteady(plain, across, hours)
    assert len(march.signatures) == len(settle.signatures) == 1
