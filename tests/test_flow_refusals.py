"""Computed flow that has no answer: what is refused before, during and after it is computed."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.integrate import solve_ivp

from permitload import RiverNetwork, hydraulics
from permitload.errors import ConvergenceError, DataError
from permitload.hydraulics import Details, Run
from tests import flows
from tests.test_structures_flow import lakes, still

HOURS = np.arange(0.0, 86401.0, 3600.0)
GATE = {"structure_type": "gate", "width": 5.0, "opening": 0.5, "crest": 0.0}


def _rules(**columns: Any) -> Details:
    count = len(columns["opening"])
    usual = {"structure": ["S"] * count, "priority": list(range(1, count + 1))}
    return Details(gate_rules=pd.DataFrame({**usual, **columns}))


def _gated(details: Details, **given: Any) -> xr.Dataset:
    """Two lakes at 1 m and 0.5 m, for a day."""
    network = lakes(GATE, {"in": 2e5, "out": 2e8})
    ends = flows.boundaries(given, HOURS)
    start = still(network, **{"in": 1.0, "out": 0.5})
    return hydraulics.unsteady(network, ends, flows.after(HOURS), start, details)


def test_a_rule_whose_stage_never_comes_is_a_finding() -> None:
    rules = _rules(node=["in", "in", "in"], above=[9.0, None, None], below=[None, 0.1, None],
                   opening=[1.0, 0.4, 0.2])  # fmt: skip
    with pytest.warns(UserWarning, match="never applied") as caught:
        result = _gated(rules)
    sentences = result.attrs["findings"].splitlines()
    assert [str(w.message) for w in caught] == sentences
    low, high = float(result["stage"].sel(node="in").min()), 1.0
    assert sentences == [
        f"gate_rules, S, priority 1: never applied; the stage at in was {low:.4g} to {high:g} m, "
        "the rule needs 9 m or more",
        f"gate_rules, S, priority 2: never applied; the stage at in was {low:.4g} to {high:g} m, "
        "the rule needs less than 0.1 m",
    ]


def test_a_rule_that_others_kept_from_holding_is_a_finding() -> None:
    rules = _rules(node=["out", "in"], below=[1.0, None], above=[None, 0.5], opening=[1.0, 0.2])
    with pytest.warns(UserWarning, match="priority 2: never applied; earlier rules held"):
        _gated(rules)


def test_rules_that_all_applied_are_no_finding() -> None:
    rules = _rules(node=["in", "in"], above=[0.8, None], opening=[1.0, 0.2])
    assert "findings" not in _gated(rules).attrs


START = flows.START
NEVER: list[tuple[str, dict[str, Any], str]] = [
    ("two before it", {"node": ["in", "in", "in"], "above": [1.0, None, None],
                       "below": [None, 1.0, None], "opening": [1.0, 0.2, 0.3]},
     "priority 3, opening: 0.3 never applies: earlier rules together always do"),
    ("two spans of time", {"node": [None, None, "in"],
                           "before": [START + pd.Timedelta(hours=9), None, None],
                           "after": [None, START + pd.Timedelta(hours=9), None],
                           "opening": [1.0, 0.2, 0.3]},
     "priority 3, opening: 0.3 never applies: earlier rules together always do"),
    ("those of another node", {"node": ["in", "in", "out"], "above": [1.0, None, 0.2],
                               "below": [None, 1.0, None], "opening": [1.0, 0.2, 0.3]},
     "priority 3, opening: 0.3 never applies: earlier rules together always do"),
    ("stage given too low", {"node": ["out"], "above": [2.5], "opening": [1.0]},
     "never applies: the stage given there is 0.3 to 2.4 m"),
    ("stage given too high", {"node": ["out"], "below": [0.3], "opening": [1.0]},
     "never applies: the stage given there is 0.3 to 2.4 m"),
    ("stage low while it counts", {"node": ["out"], "above": [1.1], "opening": [1.0],
                                   "before": [START + pd.Timedelta(hours=8)]},
     "never applies: the stage given there is 0.3 to 1 m"),
]  # fmt: skip


@pytest.mark.parametrize(("_", "rules", "message"), NEVER, ids=[n[0] for n in NEVER])
def test_rules_known_never_to_apply_are_refused(
    _: str, rules: dict[str, Any], message: str
) -> None:
    rising = np.linspace(0.3, 2.4, HOURS.size)
    with pytest.raises(DataError, match=message):
        _gated(_rules(**rules), stage={"out": rising})


def test_rules_that_leave_something_open_are_not_refused() -> None:
    rules = _rules(node=["in", "in", "in"], above=[0.9, None, None], below=[None, 0.6, None],
                   opening=[1.0, 0.2, 0.3])  # fmt: skip
    assert "findings" not in _gated(rules).attrs


SEA = 1.0 + 0.3 * np.sin(2 * np.pi * HOURS / 44712.0)


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_lost_readings_of_a_tide_are_named(lost: int) -> None:
    whole = flows.boundaries({"stage": {"b": SEA}}, HOURS)
    series = whole.isel(time=[k for k in range(HOURS.size) if not 8 <= k < 8 + lost])
    seconds = 3600 * (lost + 1)
    with pytest.raises(DataError, match="2025-01-01 07:00:00, stage: has no value for ") as caught:
        hydraulics.unsteady(flows.network([flows.channel()]), series, flows.after(HOURS))
    assert f"for {seconds:g} s, and one every 3600 s elsewhere" in str(caught.value)


def test_months_and_uneven_instants_are_no_gap() -> None:
    """Months differ by days; levels read now and then by more."""
    network = flows.network([flows.channel()])
    for days in ([0, 31, 59, 90, 120, 151, 181, 212], [0, 1, 3, 4, 6, 9, 10, 12]):
        seconds = 86400.0 * np.array(days)
        ends = flows.boundaries({"stage": {"b": 1.0 + 0.0 * seconds}}, seconds)
        result = hydraulics.unsteady(network, ends, flows.after(HOURS[:3]))
        np.testing.assert_allclose(result["stage"], 1.0, atol=1e-10)


def _curve(stages: list[float], leaving: list[float], entering: float) -> xr.Dataset:
    none = [np.nan] * len(stages)
    return xr.Dataset(
        {
            "flow": ("node", [entering, np.nan]),
            "rating_stage": (("node", "point"), [none, stages]),
            "rating_flow": (("node", "point"), [none, leaving]),
        },
        {"node": ["a", "b"]},
    )


def test_a_rating_curve_that_ends_too_soon_is_named() -> None:
    """Water would pile up behind the last flow of the curve."""
    network = flows.network([flows.channel()])
    ends = _curve([0.5, 1.0], [0.0, 1.0], 9.0)
    with pytest.raises(DataError, match="node b, period design, rating_stage: ends at 1 m and"):
        hydraulics.steady(network, ends)
    start = xr.Dataset({"stage": ("node", [0.8, 0.8])}, {"node": ["a", "b"]})
    message = r"node b, \d+ s after the start, rating_stage: ends at 1 m and does not say what"
    with pytest.raises(DataError, match=message):
        hydraulics.unsteady(network, ends, flows.after(HOURS), start)
    longer = _curve([0.5, 1.0, 3.0], [0.0, 1.0, 21.0], 9.0)
    level = hydraulics.steady(network, longer)["stage"].sel(node="b").item()
    assert level == pytest.approx(1.0 + 2.0 * 8.0 / 20.0, abs=1e-9)
    result = hydraulics.unsteady(network, longer, flows.after(2 * HOURS), start)
    assert float(result["stage"].sel(node="b")[-1]) == pytest.approx(level, abs=1e-3)


def test_a_rating_curve_that_lets_out_more_than_there_is_is_named() -> None:
    network = flows.network([flows.channel()])
    with pytest.raises(DataError, match=r"begins at 0\.5 m and does not say what leaves at"):
        hydraulics.steady(network, _curve([0.5, 1.0], [0.2, 1.0], 0.1))


def _pond(**structure: Any) -> RiverNetwork:
    """A river a-b, and behind a structure a pond x-y."""
    usual = {"structure": "S", "from_node": "b", "to_node": "x", "crest": 0.0, "width": 2.0}
    rows = [flows.channel(), flows.channel(reach="P", from_node="x", to_node="y")]
    return RiverNetwork(pd.DataFrame(rows), structures=pd.DataFrame([usual | structure]))


@pytest.mark.parametrize(
    "structure",
    [
        {"structure_type": "weir", "crest": 2.0},
        {"structure_type": "gate", "crest": 2.0, "opening": 0.5},
        {"structure_type": "gate", "opening": 0.5, "width": 0.0},
    ],
)
def test_a_pond_that_no_water_reaches_has_no_level(structure: dict[str, Any]) -> None:
    """Any level of it is a balance; none is made up."""
    network = _pond(**structure)
    high = flows.boundaries({"stage": {"b": 1.0}})
    with pytest.raises(DataError, match=r"isolated pond.*for no water passes S") as caught:
        hydraulics.steady(network, high)
    assert "part with node x (2 nodes), period design" in str(caught.value)


def test_a_pond_that_water_reaches_takes_its_level() -> None:
    network = _pond(structure_type="weir", crest=0.4)
    ends = flows.boundaries({"stage": {"b": 1.0}})
    result = hydraulics.steady(network, ends)
    np.testing.assert_allclose(result["stage"], 1.0, atol=1e-9)


def test_no_convergence_names_the_worst_reaches_and_why() -> None:
    """A flap that opens only into the pond, and 1 m3/s that enters there: it piles up."""
    network = _pond(structure_type="gate", opening=1.0, one_way=True)
    ends = flows.boundaries({"stage": {"b": 1.0}, "flow": {"x": 1.0}})
    with pytest.raises(ConvergenceError, match="more water enters P than can leave") as caught:
        hydraulics.steady(network, ends)
    assert caught.value.worst.index[0] == "P"
    assert caught.value.worst["change"].is_monotonic_decreasing
    assert "steady flow of period design did not converge: stages move most at P" in str(
        caught.value
    )


def test_a_stage_below_the_critical_depth_of_its_node_is_supercritical() -> None:
    """Depth at the middle of the last piece would not show it: flow falls over the end."""
    network = flows.network([flows.channel(length=2000.0)])
    low = flows.boundaries({"flow": {"a": 30.0}, "stage": {"b": 0.4}})
    # critical depth of 30 m3/s by hand: Q² T = g A³ near 0.6 m
    assert 30.0**2 * (20 + 4 * 0.4) > 9.81 * (0.4 * (20 + 2 * 0.4)) ** 3
    with pytest.raises(DataError, match=r"node b, period design, stage: 0\.4 makes reach R super"):
        hydraulics.steady(network, low)
    start = xr.Dataset({"stage": ("node", [1.5, 1.5])}, {"node": ["a", "b"]})
    falling = flows.boundaries(
        {"flow": {"a": 30.0}, "stage": {"b": np.linspace(1.5, 0.4, HOURS.size)}}, HOURS
    )
    with pytest.raises(
        DataError, match=r"node b, \d+ s after the start, stage: makes reach R"
    ) as e:
        hydraulics.unsteady(network, falling, flows.after(HOURS), start)
    assert "Froude 1.0" in str(e.value)
    high = flows.boundaries({"flow": {"a": 30.0}, "stage": {"b": 0.7}})
    assert float(hydraulics.steady(network, high)["stage"].sel(node="a")[0]) > 0.7


def test_more_water_taken_than_comes_is_said() -> None:
    rows = [flows.channel(reach="U", to_node="m"), flows.channel(reach="D", from_node="m")]
    ends = flows.boundaries({"flow": {"a": -500.0}, "stage": {"b": 2.0}})
    with pytest.raises(ConvergenceError, match="more water is taken from U than reaches it"):
        hydraulics.steady(flows.network(rows), ends)


@pytest.mark.parametrize("rise", [0.5, 2.0])
def test_a_bed_that_rises_is_no_fault(rise: float) -> None:
    """Negative slope is ordinary where stages drive the flow: the profile of an ODE solver.

    Normal depth is what does not exist there, and it alone is refused.
    """
    length, flow, end = 3000.0, 25.0, rise + 1.5
    network = flows.network([flows.channel(length=length, bed_to=rise)])
    ends = flows.boundaries({"flow": {"a": flow}, "stage": {"b": end}})
    result = hydraulics.steady(network, ends, run=Run(cell_length=50.0))

    def slope(x: float, y: np.ndarray) -> np.ndarray:
        area, rim = y * (20.0 + 2.0 * y), 20.0 + 2.0 * y * np.sqrt(5.0)
        friction = (0.025 * flow / area) ** 2 / (area / rim) ** (4 / 3)
        narrow = 1.0 - flow**2 * (20.0 + 4.0 * y) / (9.81 * area**3)
        return np.asarray((-rise / length - friction) / narrow)

    right = solve_ivp(slope, (length, 0.0), [1.5], rtol=1e-10, atol=1e-12).y[0, -1]
    assert float(result["stage"].sel(node="a")[0]) == pytest.approx(right, abs=2e-4)
    with pytest.raises(DataError, match=r"slope: -0\.001 is not valid"):
        hydraulics.normal_depth(flow, 20.0, 2.0, 0.025, -0.001)


def test_no_stage_drifts_in_a_year() -> None:
    """A lake behind a shut gate beside a tide; a river whose steady state is held for a year."""
    shut = {"structure": "S", "structure_type": "gate", "from_node": "b", "to_node": "x",
            "crest": -1.0, "width": 4.0, "opening": 0.0}  # fmt: skip
    rows = [flows.channel(), flows.channel(reach="P", from_node="x", to_node="y")]
    network = RiverNetwork(pd.DataFrame(rows), structures=pd.DataFrame([shut]))
    year = np.arange(0.0, 365 * 86400.0 + 1.0, 10 * 86400.0)
    seconds = np.arange(0.0, 370 * 86400.0, 7200.0)
    sea = 1.5 + 0.8 * np.sin(2 * np.pi * seconds / 44714.0)
    start = xr.Dataset({"stage": ("node", [1.5, 1.5, 0.9, 0.9])}, {"node": ["a", "b", "x", "y"]})
    run = Run(cell_length=1000.0, time_step=1800.0)
    tide = flows.boundaries({"stage": {"b": sea}}, seconds)
    result = hydraulics.unsteady(network, tide, flows.after(year), start, run=run)
    assert float(np.abs(result["stage"].sel(node=["x", "y"]) - 0.9).max()) <= 1e-10
    assert float(np.abs(result["structure_flow"]).max()) == 0.0
    one = flows.network([flows.channel()])
    ends = flows.boundaries({"flow": {"a": 12.0}, "stage": {"b": 1.5}})
    held = hydraulics.unsteady(one, ends, flows.after(year), run=run)
    steady = hydraulics.steady(one, ends, run=run).isel(period=0)
    assert float(np.abs(held["stage"] - steady["stage"]).max()) <= 1e-8


def test_where_steps_are_halved_is_reported() -> None:
    """A tide over a ridge: steps fail where its water runs into the dry, not in the calm reach."""
    rows = [
        flows.channel(reach="calm", from_node="x", to_node="a"),
        flows.channel(reach="up", bed_to=2.0),
        flows.channel(reach="down", from_node="b", to_node="c", bed_from=2.0, bed_to=0.5),
    ]
    seconds = np.arange(0.0, 2 * 86400.0 + 1.0, 900.0)
    sea = 1.6 + 1.2 * np.sin(2 * np.pi * seconds / 43200.0)
    start = xr.Dataset({"stage": ("node", [1.6, 1.6, 1.6, 0.55])}, {"node": ["x", "a", "b", "c"]})
    ends = flows.boundaries({"stage": {"x": sea}}, seconds)
    run = Run(time_step=900.0)
    result = hydraulics.unsteady(flows.network(rows), ends, flows.after(seconds), start, run=run)
    halved = result["bottleneck"].sum("interval").to_series()
    assert halved["down"] > 0.0 and halved["calm"] == 0.0
    assert float(result["steps"].min()) == 1.0 < float(result["steps"].max())
