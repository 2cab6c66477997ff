"""Periods with a tide: means of unsteady runs, in Python and in a study."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics, study
from permitload.errors import DataError
from tests.test_bad_input import MONTHS, STUDY, faults, write
from tests.test_study_flow import COMPUTED, GATES, REACHES, folder

pytestmark = pytest.mark.usefixtures("undrawn")

TURN = 43200.0
AMPLITUDE = 0.3
START = pd.DatetimeIndex(["2025-01-01", "2025-01-03"])
RUN = hydraulics.Run(cell_length=3000.0, time_step=600.0)


@pytest.fixture(scope="module")
def network() -> RiverNetwork:
    """The loop and gate of the study of steady flow."""
    names = ["reach", "from_node", "to_node", "length", "width", "side_slope", "bed_from",
             "bed_to", "roughness"]  # fmt: skip
    rows = [line.split(",") for line in REACHES.splitlines()[1:]]
    reaches = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[3:], float))
    gates = pd.DataFrame({"structure": ["G"], "structure_type": ["gate"], "from_node": ["C"],
                          "to_node": ["F"], "crest": [-0.6], "width": [12.0],
                          "opening": [3.0]})  # fmt: skip
    return RiverNetwork(reaches, structures=gates)


def given(amplitude: float) -> xr.Dataset:
    """Two days of 4 m3/s, two of 1 m3/s, against a tide at E of twelve hours."""
    tide = {"amplitude": amplitude, "cycle": TURN, "phase": 7200.0}
    return xr.Dataset(
        {
            "stage": (("node", "period"), [[2.0, 2.1], [np.nan, np.nan]]),
            "flow": (("node", "period"), [[np.nan, np.nan], [4.0, 1.0]]),
            **{n: (("node", "constituent"), [[v], [np.nan]]) for n, v in tide.items()},
        },
        {"node": ["E", "A"], "period": ["wet", "dry"], "days": ("period", [2.0, 2.0]),
         "start": ("period", START)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def tidal(network: RiverNetwork) -> xr.Dataset:
    return hydraulics.period_flow(network, given(AMPLITUDE), run=RUN)


def test_without_a_tide_it_is_the_steady_state(network: RiverNetwork) -> None:
    calm = given(0.0)
    found = hydraulics.period_flow(network, calm, run=RUN)
    rest = calm.drop_vars(["amplitude", "cycle", "phase"])
    steady = hydraulics.steady(network, rest, run=RUN)
    for name in ("flow", "structure_flow", "stage", "volume", "depth", "boundary_flow"):
        mine, theirs = (one[name].transpose(..., "period").values for one in (found, steady))
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-6)
    assert float(found["exchange"].max()) < 1e-6


def test_means_are_those_of_the_run(network: RiverNetwork, tidal: xr.Dataset) -> None:
    """The other way: one run by hand of the second period, its clock that of the first."""
    begin = START[1] - pd.Timedelta(days=1)
    times = pd.date_range(begin, START[1] + pd.Timedelta(days=2), freq="1h")
    fine = pd.date_range(times[0], times[-1], freq="10min")
    late = (fine - START[0]).total_seconds().to_numpy()
    level = 2.1 + AMPLITUDE * np.cos(2.0 * np.pi * (late - 7200.0) / TURN)
    none = np.full(fine.size, np.nan)
    ends = xr.Dataset(
        {"stage": (("node", "time"), [level, none]), "flow": ("node", [np.nan, 1.0])},
        {"node": ["E", "A"], "time": fine},
    )
    run = hydraulics.unsteady(network, ends, times, run=RUN)
    row = pd.DataFrame({"period": ["dry"], "days": [2.0], "start": [START[1]]})
    mean = hydraulics.period_statistics(network, run, row)
    mine = tidal.sel(period=["dry"])
    for name in ("volume", "depth", "exchange", "dispersion", "forward_share"):
        np.testing.assert_allclose(mine[name].values, mean[name].values, rtol=1e-9)
    # flows differ by what is stored, and no more
    stored = float(np.abs(mean["storage_change"]).sum())
    apart = np.abs(mine["flow"].values - mean["flow"].values)
    assert apart.max() <= stored < 0.05
    inside = run.isel(interval=slice(24, None))
    gate = inside["structure_forward"] - inside["structure_backward"]
    assert tidal["structure_flow"].sel(period="dry").item() == pytest.approx(
        float(gate.mean()), abs=stored
    )
    assert tidal["stage"].sel(node="E", period="dry").item() == pytest.approx(2.1, abs=0.02)


def test_water_of_the_means_balances(network: RiverNetwork, tidal: xr.Dataset) -> None:
    joined, water = hydraulics.structures_as_reaches(network, tidal)
    outside = water["boundary_flow"].reset_coords(drop=True).to_pandas()
    np.testing.assert_allclose(outside.loc["A"], [4.0, 1.0], rtol=1e-9)
    np.testing.assert_allclose(outside.loc["E"], [-4.0, -1.0], rtol=1e-6)
    assert not outside.drop(index=["A", "E"]).to_numpy().any()
    assert "G" in joined.reaches.index
    back = tidal["structure_exchange"].sel(structure="G")
    assert (back > 0.5).all()  # the tide does turn the gate's flow round
    np.testing.assert_allclose(water["dispersion"].sel(reach="G").values, back.values)


def test_a_tide_without_a_stage_or_a_period_without_a_start(network: RiverNetwork) -> None:
    ends = given(AMPLITUDE)
    other = ends.assign_coords(node=["A", "E"])
    other["stage"] = ends["stage"].sel(node=["A", "E"]).drop_vars("node")
    with pytest.raises(DataError):
        hydraulics.period_flow(network, other, run=RUN)
    bare = ends.assign_coords(start=("period", pd.DatetimeIndex(["2025-01-01", "NaT"])))
    with pytest.raises(DataError, match="periods, row dry, start: is empty"):
        hydraulics.period_flow(network, bare, run=RUN)
    with pytest.raises(DataError, match="boundaries, start: is missing; right would be periods"):
        hydraulics.period_flow(network, ends.drop_vars("start"), run=RUN)
    with pytest.raises(DataError, match="boundaries, phase: is missing"):
        hydraulics.period_flow(network, ends.drop_vars("phase"), run=RUN)


@pytest.mark.parametrize(
    ("name", "gap"),
    [("flow", [4.0, np.nan]), ("stage", [2.0, np.nan]), ("opening", [0.5, np.nan])],
)
def test_a_boundary_that_some_period_lacks(
    network: RiverNetwork, name: str, gap: list[float]
) -> None:
    """Left out of one period it would be no boundary there, and the period has other flow."""
    label = {"flow": "A", "stage": "E", "opening": "G"}[name]
    dim = "structure" if name == "opening" else "node"
    if name == "opening":
        ends = given(AMPLITUDE).assign(opening=(("structure", "period"), [gap]))
        ends = ends.assign_coords(structure=["G"])
    else:
        ends = given(AMPLITUDE)
        ends[name].loc[{"node": label}] = gap
    sentence = f"boundaries, row {dim} {label}, period dry, {name}: nan is not valid"
    with pytest.raises(DataError, match=sentence):
        hydraulics.period_flow(network, ends, run=RUN)


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("cycle", 12.42, "6000 s or more"),
        ("cycle", 600.0, "6000 s or more"),
        ("amplitude", np.nan, "a finite number ≥ 0 m"),
        ("phase", np.nan, r"a finite number \[s\]"),
    ],
)
def test_a_tide_that_cannot_be_followed(
    network: RiverNetwork, name: str, value: float, right: str
) -> None:
    """Hours for seconds would be a level at random: the steps meet a cycle anywhere."""
    ends = given(AMPLITUDE)
    ends[name].loc[{"node": "E"}] = value
    sentence = f"tides, row node E, {name}: {value} is not valid; right would be {right}"
    with pytest.raises(DataError, match=sentence):
        hydraulics.period_flow(network, ends, run=RUN)


@pytest.mark.parametrize("days", [np.nan, 0.0, -1.0, np.inf])
def test_a_period_without_days(network: RiverNetwork, days: float) -> None:
    ends = given(AMPLITUDE).assign_coords(days=("period", [2.0, days]))
    with pytest.raises(DataError, match=f"periods, row dry, days: {days} is not valid"):
        hydraulics.period_flow(network, ends, run=RUN)


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        ({"after": "2030-01-01"}, "G, priority 1, opening: 0.5 never applies"),
        ({"after": "2025-01-03", "before": "2025-01-02"}, "G, priority 1, opening: 0.5 never"),
        ({"before": "2025-01-01"}, "G, priority 1, opening: 0.5 never applies"),
        ({"after": "soon"}, "G, 1, after: soon is not valid; right would be a date"),
    ],
)
def test_a_rule_of_no_period(network: RiverNetwork, bounds: dict[str, str], sentence: str) -> None:
    rules = pd.DataFrame({"structure": ["G"], "priority": [1.0], "opening": [0.5]})
    rules = rules.assign(**{name: [value] for name, value in bounds.items()})
    details = hydraulics.Details(gate_rules=rules)
    with pytest.raises(DataError, match=f"gate_rules, row {sentence}"):
        hydraulics.period_flow(network, given(AMPLITUDE), details, RUN)


def test_water_behind_a_gate_that_is_always_shut_is_all_accounted_for(
    network: RiverNetwork,
) -> None:
    """What fills the loop for days enters at A and nowhere leaves, but by the mean through G."""
    shut = pd.DataFrame({"structure": ["G"], "priority": [1.0], "opening": [0.0]})
    ends = given(AMPLITUDE)
    ends["flow"].loc[{"node": "A"}] = [0.4, 0.1]
    found = hydraulics.period_flow(network, ends, hydraulics.Details(gate_rules=shut), RUN)
    through = [0.4, 0.1]
    np.testing.assert_allclose(found["structure_flow"].values, [through], rtol=1e-9)
    outside = found["boundary_flow"]
    np.testing.assert_allclose(outside.sel(node="A").values, through, rtol=1e-9)
    np.testing.assert_allclose(outside.sel(node=["B", "D"]).values, 0.0, atol=1e-12)
    assert float(found["storage_change"].sel(node=["A", "B", "C", "D"]).min()) > 0.01


def test_a_rule_that_applies_in_one_period_is_no_finding(network: RiverNetwork) -> None:
    """Before the gate 2.35 m is passed by the higher tide of the second period alone."""
    rules = pd.DataFrame({"structure": "G", "priority": [1.0, 2.0], "node": "C",
                          "above": [50.0, 2.35], "opening": [0.5, 2.5]})  # fmt: skip
    with pytest.warns(UserWarning, match="priority") as told:
        hydraulics.period_flow(network, given(AMPLITUDE), hydraulics.Details(gate_rules=rules), RUN)
    assert [str(one.message).partition(" the stage")[0] for one in told] == [
        "gate_rules, G, priority 1: never applied; in period wet"
    ]


def test_faults_name_every_period(network: RiverNetwork) -> None:
    ends = given(0.0).drop_vars(["amplitude", "cycle", "phase"])
    ends["stage"].loc[{"node": "E"}] = [-3.0, -2.0]
    with pytest.raises(DataError) as caught:
        hydraulics.period_flow(network, ends, run=RUN)
    assert [str(fault).partition(" leaves")[0] for fault in caught.value.faults] == [
        "boundaries, row node E, period wet, stage: -3.0",
        "boundaries, row node E, period dry, stage: -2.0",
    ]


ENTERING = dict(zip(MONTHS, [4.0, 1.0] * 6, strict=True))
TIDAL = {
    **{n: t for n, t in COMPUTED.items() if n not in ("openings", "stages")},
    "structures": GATES.replace(",width [m]", ",width [m],opening [m]").replace("12\n", "12,3\n"),
    "stages": "node,period,stage [m]\nE,,2.0\n",
    "tides": "node,cycle [s],amplitude [m]\nE,43200,0.3\n",
    "boundaries": "node,period,flow [m3/s]\n"
    + "".join(f"A,{m},{q}\n" for m, q in ENTERING.items()),
    "outlets": COMPUTED["outlets"].replace("O3,R3,,0,4000,", "O3,R3,,1000,,"),
}
CHOICE = 'flow = "unsteady"\ncell_length = 3000'


def test_a_study_with_a_tide(tmp_path: Path) -> None:
    done = study.solve(folder(tmp_path, TIDAL, CHOICE))
    assert done.settings.flow_name == "unsteady"
    water = done.datasets["hydraulics"]
    assert (water["dispersion"].sel(reach="G") > 0.5).all()
    entering = list(ENTERING.values())
    np.testing.assert_allclose(water["flow"].sel(reach="G").values, entering, rtol=1e-6)
    ledger = done.datasets["permitted"]["ledger"]
    passed = ledger.sel(term=["boundary_in", "load"]).sum("term")
    assert float((abs(ledger.sel(term="residual")) / passed).max()) < 1e-9
    # the tide carries what O2 discharges back above it: S1 lies on the same reach, below
    rise = done.datasets["response"]["response"].sel(section="S1", pollutant="COD")
    assert (rise.sel(outlet="O1").values > 0.0).all()


@pytest.mark.parametrize(
    ("edits", "choice", "sentence"),
    [
        ({}, 'flow = "steady"', 'tides.csv, amplitude: is not read where flow is computed; right '
         'would be flow = "unsteady" in [hydraulics]'),
        ({"outlets": COMPUTED["outlets"]}, CHOICE, "outlets.csv, row 4 (O3), position_to: 4000 m "
         "spreads a load along a reach with dispersion"),
        ({"tides": TIDAL["tides"] + "A,43200,0.3\n"}, CHOICE, "stages.csv, row node A, stage: "
         "is empty; right would be a stage, around which the tide moves"),
        ({"tides": TIDAL["tides"] + "X,43200,0.3\n"}, CHOICE, "tides.csv, row 3 (X, 43200 s), "
         "node: X is not a node of reaches"),
        ({"periods": "period,days [d]\n" + "".join(f"{m},30\n" for m in MONTHS)}, CHOICE,
         "periods.csv, row 2 (2025-01), start: is empty; right would be a date"),
    ],
)  # fmt: skip
def test_tides_that_cannot_be(
    edits: dict[str, str], choice: str, sentence: str, tmp_path: Path
) -> None:
    found = faults(folder(tmp_path, {**TIDAL, **edits}, choice))
    assert any(one.startswith(sentence) for one in found), found


@pytest.mark.parametrize(
    ("table", "column", "text", "flow"),
    [
        ("tides", "amplitude", TIDAL["tides"], "unsteady"),
        ("gate_rules", "opening", "structure,priority,opening [m]\nG,1,0.5\n", "unsteady"),
        ("cross_sections", "width", "reach,height [m],width [m]\nR1,0,5\nR1,3,9\n", "steady"),
        ("storage_curves", "storage_area", "node,stage [m],storage_area [m2]\nA,0,5\nA,3,9\n",
         "steady"),
    ],
)  # fmt: skip
def test_tables_where_flow_is_given(
    table: str, column: str, text: str, flow: str, tmp_path: Path
) -> None:
    """The way out names a computation that reads the table."""
    write(tmp_path, {**STUDY, table: text})
    sentence = f"{table}.csv, {column}: is not read where flow is given; right would be "
    assert f'{sentence}flow = "{flow}" in [hydraulics]' in faults(tmp_path)
