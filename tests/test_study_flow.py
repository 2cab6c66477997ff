"""Studies that compute their flow from stages, inflows and gates."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics, io, study
from permitload.errors import DataError
from tests.test_bad_input import MONTHS, STUDY, faults, write

pytestmark = pytest.mark.usefixtures("undrawn")

# A loop B-C-D-B; the gate G lets it out to E. The level at D falls below that at E in July.
REACHES = (
    "reach,from_node,to_node,length [m],width [m],side_slope,bed_from [m],bed_to [m],"
    "roughness [s/m^(1/3)]\n"
    "R1,A,B,4000,20,2,-0.2,-0.4,0.025\nR2,B,C,6000,20,2,-0.4,-0.6,0.025\n"
    "R3,D,C,5000,10,2,-0.3,-0.6,0.025\nR4,F,E,3000,30,2,-0.6,-0.8,0.025\n"
    "R5,B,D,5000,8,2,-0.4,-0.3,0.025\n"
)
GATES = "structure,structure_type,from_node,to_node,crest [m],width [m]\nG,gate,C,F,-0.6,12\n"
LEVELS = [2.15] * 6 + [1.9] * 6
OPEN = [1.5] * 11 + [0.4]
WET = {
    "reaches": REACHES,
    "structures": GATES,
    "stages": "node,period,stage [m]\nE,,2.0\n"
    + "".join(f"D,{m},{level}\n" for m, level in zip(MONTHS, LEVELS, strict=True)),
    "openings": "structure,period,opening [m]\n"
    + "".join(f"G,{m},{opening}\n" for m, opening in zip(MONTHS, OPEN, strict=True)),
    "boundaries": "node,period,flow [m3/s]\n" + "".join(f"A,{m},12.0\n" for m in MONTHS),
    "inflow": STUDY["inflow"] + "E,COD,,14\nE,NH3-N,,0.5\n",
}
COMPUTED = {**{name: text for name, text in STUDY.items() if name != "flows"}, **WET}


def folder(root: Path, texts: dict[str, str], choices: str = 'flow = "steady"') -> Path:
    root.mkdir(parents=True, exist_ok=True)
    write(root, texts)
    settings = root / "study.toml"
    settings.write_text(settings.read_text("utf8") + f"[hydraulics]\n{choices}\n", "utf8")
    return root


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> study.Outcome:
    return study.solve(folder(tmp_path_factory.mktemp("wet"), COMPUTED))


@pytest.fixture(scope="module")
def by_hand() -> xr.Dataset:
    """Flow of the same network from the numbers above, without any table of a study."""
    names = ["reach", "from_node", "to_node", "length", "width", "side_slope", "bed_from",
             "bed_to", "roughness"]  # fmt: skip
    rows = [line.split(",") for line in REACHES.splitlines()[1:]]
    reaches = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[3:], float))
    gates = pd.DataFrame({"structure": ["G"], "structure_type": "gate", "from_node": "C",
                          "to_node": "F", "crest": -0.6, "width": 12.0})  # fmt: skip
    given = xr.Dataset(
        {
            "stage": (("node", "period"), [[2.0] * 12, LEVELS, [np.nan] * 12]),
            "flow": (("node", "period"), [[np.nan] * 12, [np.nan] * 12, [12.0] * 12]),
            "opening": (("structure", "period"), [OPEN]),
        },
        {"node": ["E", "D", "A"], "structure": ["G"], "period": MONTHS},
    )
    network = RiverNetwork(reaches, structures=gates)
    return hydraulics.steady(network, given).assign_attrs(network=network)


def test_flow_of_the_study_is_that_of_its_boundaries(
    outcome: study.Outcome, by_hand: xr.Dataset
) -> None:
    water = outcome.datasets["hydraulics"]
    reaches = by_hand["reach"].values
    for name in ("flow", "velocity", "area", "volume", "travel_time", "depth"):
        np.testing.assert_allclose(
            water[name].sel(reach=reaches).values, by_hand[name].values, rtol=1e-9, atol=1e-12
        )
    np.testing.assert_allclose(water["stage"].sel(node="D").values, LEVELS, atol=1e-9)
    gate = water["flow"].sel(reach="G").values
    np.testing.assert_allclose(gate, by_hand["structure_flow"].values[0], rtol=1e-9)
    assert water["days"].values.tolist() == outcome.tables["periods"]["days"].tolist()
    assert pd.DatetimeIndex(water["start"].values).month.tolist() == list(range(1, 13))


def test_branch_turns_with_the_level_and_the_gate(outcome: study.Outcome) -> None:
    flow = outcome.datasets["hydraulics"]["flow"].reset_coords(drop=True).to_pandas()
    assert (flow.loc["R3"].iloc[:6] > 0.0).all()
    assert (flow.loc["R3"].iloc[6:] < 0.0).all()
    # what is given at A, and what the gate passes, is what the reaches carry
    np.testing.assert_allclose(flow.loc["R1"], 12.0, rtol=1e-9)
    np.testing.assert_allclose(flow.loc["R2"] + flow.loc["R3"], flow.loc["G"], atol=1e-8)
    assert abs(flow.loc["G"].iloc[11]) < abs(flow.loc["G"].iloc[10])


def test_water_enters_and_leaves_only_where_it_is_given(outcome: study.Outcome) -> None:
    outside = outcome.datasets["hydraulics"]["boundary_flow"].reset_coords(drop=True).to_pandas()
    assert not outside.loc[["B", "C", "F"]].to_numpy().any()
    np.testing.assert_allclose(outside.sum(), 0.0, atol=1e-8)


def test_ledger_closes_on_computed_flow(outcome: study.Outcome) -> None:
    ledger = outcome.datasets["permitted"]["ledger"]
    passed = ledger.sel(term=["boundary_in", "load"]).sum("term")
    assert float((abs(ledger.sel(term="residual")) / passed).max()) < 1e-9


def test_permits_are_those_of_the_same_flow_in_tables(
    outcome: study.Outcome, tmp_path: Path
) -> None:
    """The other way: what was computed, written into flows and boundaries, the gate as a reach."""
    water = outcome.datasets["hydraulics"]
    rows = water[["flow", "area", "depth"]].to_dataframe().reset_index()
    ends = water["boundary_flow"].to_dataframe().reset_index()
    plain = {
        **{name: text for name, text in COMPUTED.items() if name not in WET or name == "inflow"},
        "reaches": REACHES + "G,C,F,1,1,0,-1,-1,0.025\n",
        "flows": "reach,period,flow [m3/s],area [m2],depth [m]\n" + "".join(
            f"{r.reach},{r.period},{r.flow!r},{r.area!r},{r.depth!r}\n" for r in rows.itertuples()
        ),
        "boundaries": "node,period,flow [m3/s]\n" + "".join(
            f"{r.node},{r.period},{r.boundary_flow!r}\n"
            for r in ends[ends["boundary_flow"] != 0.0].itertuples()
        ),
    }  # fmt: skip
    root = tmp_path / "plain"
    root.mkdir()
    write(root, plain)
    assert faults(root) == []
    other = study.solve(root)
    for name in ("permitted_load", "unrounded_load"):
        mine, theirs = (o.datasets["allocation"][name] for o in (outcome, other))
        np.testing.assert_allclose(mine.values, theirs.values, rtol=1e-6)
    for name, variable in (("capacity", "total"), ("response", "response")):
        mine, theirs = (o.datasets[name][variable] for o in (outcome, other))
        np.testing.assert_allclose(mine.values, theirs.values, rtol=1e-6, atol=1e-12)


def test_loads_pass_the_gate(outcome: study.Outcome) -> None:
    """All of O1 that does not decay reaches E; a gate that took it out would leave nothing."""
    ratio = outcome.datasets["response"]["delivery_ratio"]
    through = ratio.sel(section="S2", outlet="O1", pollutant="COD").values
    assert (through[:6] > 0.5).all()


def test_stated_flow_is_kept_as_a_check(tmp_path: Path, outcome: study.Outcome) -> None:
    stated = {"R1": 6.0, "R3": 2.0}
    flows = "reach,period,flow [m3/s]\n" + "".join(
        f"{reach},{m},{flow}\n" for reach, flow in stated.items() for m in MONTHS[4:8]
    )
    results = study.run(folder(tmp_path / "a", {**COMPUTED, "flows": flows}))
    table = pd.read_csv(results / "flow_check.csv")
    assert table.columns.tolist() == [
        "reach", "period", "flow [m3/s]", "stated_flow [m3/s]", "flow_difference [m3/s]", "turned",
    ]  # fmt: skip
    assert len(table) == 8
    shown = (results / "report.html").read_text("utf8").split('id="flow"')[1]
    assert (
        shown.split('id="balance"')[0].count("是 yes") == 1
    )  # R3, in the month of most difference
    water = outcome.datasets["hydraulics"]["flow"]
    for row in table.itertuples(index=False):
        reach, period, flow, given, difference, turned = row
        assert flow == pytest.approx(water.sel(reach=reach, period=period).item(), rel=1e-9)
        assert given == stated[reach]
        assert difference == pytest.approx(flow - given, abs=1e-9)
        assert turned == float(reach == "R3" and period >= "2025-07")
    # the table is a check and nothing else: no permit moves with it
    permits = pd.read_csv(results / "permits.csv")
    mine = outcome.datasets["allocation"]["permitted_load"]
    first = permits[(permits["source"] == "P1") & (permits["pollutant"] == "COD")].iloc[0]
    days = outcome.tables["periods"]["days"].to_numpy()
    mean = float(mine.sel(source="P1", pollutant="COD").values @ days / days.sum())
    assert first["permitted_load [kg/d]"] == pytest.approx(mean, rel=1e-9)
    assert io.read_dataset(results / "flow_check.nc")["turned"].notnull().sum() == 8
    assert study.verify(results).faults == ()
    assert not (tmp_path / "a" / "results" / "flows.csv").exists()


def test_without_stated_flow_there_is_no_check(outcome: study.Outcome) -> None:
    assert "flow_check" not in outcome.datasets


@pytest.mark.parametrize(
    ("edits", "sentences"),
    [
        (
            {"reaches": REACHES.replace("6000,20,2,-0.4,-0.6,0.025", "6000,,2,,-0.6,")},
            [
                "reaches.csv, row 3 (R2), width: is empty; right would be a number: computed flow "
                "needs it",
                "reaches.csv, row 3 (R2), roughness: is empty; right would be a number: computed "
                "flow needs it",
                "reaches.csv, row 3 (R2), bed_from: is empty; right would be a number: computed "
                "flow needs it",
            ],
        ),
        (
            {"stages": WET["stages"].replace("D,2025-03,2.15\n", "")},
            [
                "stages.csv, row node D, period 2025-03, stage: nan is not valid; right would be a "
                "finite number; a series has no gaps"
            ],
        ),
        (
            {"stages": WET["stages"] + "A,,2.1\n"},
            [
                "stages.csv, row node A, stage: contradicts its flow; right would be a stage, or a "
                "flow or rating, at one node"
            ],
        ),
        (
            {"stages": WET["stages"].replace("E,,2.0", "X,,2.0")},
            [
                "stages.csv, row 2 (X), node: X is not a node of reaches; right would be one of "
                "A, B, D, F, C, E"
            ],
        ),
        (
            {"openings": "structure,period,opening [m]\nH,,1\n"},
            [
                "openings.csv, row 2 (H), structure: H is not a structure of structures; right "
                "would be one of G"
            ],
        ),
        (
            {
                "flows": STUDY["flows"]
                .replace("R1,2025-03,6.0,0.2\n", "R1,2025-03,6.0,0.2,5\n")
                .replace("[m/s]", "[m/s],dispersion [m2/s]")
            },
            [
                "flows.csv, row 4 (R1, 2025-03), dispersion: 5 m2/s is not read where flow is "
                "computed; right would be an empty cell: the table is a check"
            ],
        ),
        (
            {"shares": "reach,share\nR2,0.5\nR5,0.5\n"},
            [
                "shares.csv, share: is not read where flow is computed; right would be no such "
                "table: stages decide how flow splits"
            ],
        ),
        (
            {"inflow": STUDY["inflow"]},
            [
                f"inflow.csv, node: E lets water in without a concentration of {p} in 2025-07, "
                "2025-08, 2025-09, 2025-10, 2025-11, 2025-12; right would be a row of inflow for it"
                for p in ("COD", "NH3-N")
            ],
        ),
        (
            {"stages": WET["stages"].replace("E,,2.0", "E,,-1.0")},
            [
                "stages.csv, row node E, period 2025-01, stage: -1.0 leaves it dry; right would be "
                "a stage above the bed, -0.8 m"
            ],
        ),
        (
            {"openings": "structure,period,opening [m]\n"},
            [
                "structures.csv, row 2 (G), opening: is empty; right would be an opening here, in "
                "openings or in gate_rules"
            ],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_named(
    edits: dict[str, str], sentences: list[str], tmp_path: Path
) -> None:
    assert faults(folder(tmp_path, {**COMPUTED, **edits})) == sentences


def test_water_that_nothing_drives_stands_still(by_hand: xr.Dataset) -> None:
    """A gate shut after months of flow: no water circles in the loop, none crosses the border."""
    network = by_hand.attrs["network"]
    given = xr.Dataset(
        {
            "stage": (("node", "period"), [[2.15, 2.15], [2.0, 2.0]]),
            "opening": (("structure", "period"), [[1.5, 0.0]]),
        },
        {"node": ["A", "E"], "structure": ["G"], "period": ["open", "shut"]},
    )
    calm = hydraulics.steady(network, given)
    assert float(np.abs(calm["flow"].sel(period="shut")).max()) < 1e-9
    assert float(calm["flow"].sel(period="open", reach="R2")) > 5.0
    _, water = hydraulics.structures_as_reaches(network, calm)
    still = water.sel(period="shut")
    assert not still["flow"].values.any()
    assert not still["boundary_flow"].values.any()
    assert not still["velocity"].values.any()
    assert np.isinf(still["travel_time"].values).all()


def test_structure_with_the_label_of_a_reach_is_refused(by_hand: xr.Dataset) -> None:
    network = by_hand.attrs["network"]
    gates = network.structures.rename(index={"G": "R1"})
    named = RiverNetwork(network.reaches, structures=gates)
    with pytest.raises(DataError, match="structures, row R1, structure: R1 is also a reach"):
        hydraulics.structures_as_reaches(named, by_hand)


def test_stages_without_computation_are_not_ignored(tmp_path: Path) -> None:
    write(tmp_path, {**STUDY, "stages": "node,period,stage [m]\nE,,2.0\n"})
    assert faults(tmp_path) == [
        'stages.csv, stage: is not read where flow is given; right would be flow = "steady" in '
        "[hydraulics]"
    ]


def test_neither_flow_nor_computation(tmp_path: Path) -> None:
    write(tmp_path, {name: text for name, text in STUDY.items() if name != "flows"})
    assert faults(tmp_path) == [
        'flows.csv, file: is missing; right would be a CSV file, or flow = "steady" in [hydraulics]'
    ]


def test_unknown_computation(tmp_path: Path) -> None:
    assert faults(folder(tmp_path, COMPUTED, 'flow = "guessed"\ncell_length = 0.5'))[:2] == [
        "study.toml, row hydraulics, flow: guessed is unknown; right would be one of steady, "
        "unsteady",
        "study.toml, row hydraulics, cell_length: 0.5 is not valid; right would be a number from "
        "1 to 100000",
    ]


def test_cells_and_method_are_in_the_manifest(tmp_path: Path) -> None:
    root = folder(tmp_path / "b", COMPUTED, 'flow = "steady"\ncell_length = 1000')
    results = study.run(root)
    text = (results / "manifest.json").read_text("utf8")
    assert '"flow": "steady"' in text
    assert '"cell_length": 1000.0' in text
    assert study.verify(results).faults == ()


def polder(entering: float) -> tuple[RiverNetwork, xr.Dataset]:
    """A river, and a ditch behind its dike whose only way out is a pump of 1 m3/s."""
    reaches = pd.DataFrame(
        {
            "reach": ["river", "ditch"],
            "from_node": ["a", "q"],
            "to_node": ["b", "p"],
            "length": [3000.0, 1000.0],
            "width": [20.0, 3.0],
            "roughness": 0.025,
            "bed_from": [0.0, 0.5],
            "bed_to": [0.0, 0.5],
        }
    )
    pump = pd.DataFrame({"structure": ["pump"], "structure_type": "pump", "from_node": "p",
                         "to_node": "a", "pump_capacity": 1.0, "start_stage": 1.6,
                         "stop_stage": 1.2})  # fmt: skip
    given = xr.Dataset(
        {
            "stage": ("node", [2.0, np.nan, np.nan]),
            "flow": ("node", [np.nan, entering, 3.0]),
        },
        {"node": ["b", "q", "a"]},
    )
    return RiverNetwork(reaches, structures=pump), given


@pytest.mark.parametrize("entering", [0.05, 0.3, 0.9])
def test_polder_stands_where_its_pump_takes_what_enters(entering: float) -> None:
    network, given = polder(entering)
    found = hydraulics.steady(network, given)
    # from nothing at 1.2 m to 1 m3/s at 1.6 m
    assert found["stage"].sel(node="p").item() == pytest.approx(1.2 + 0.4 * entering, abs=1e-8)
    _, water = hydraulics.structures_as_reaches(network, found)
    flow = water["flow"].isel(period=0).to_series()
    assert flow["pump"] == pytest.approx(entering, rel=1e-9)
    assert flow["river"] == pytest.approx(3.0 + entering, rel=1e-9)


def test_more_water_than_a_pump_takes_has_no_steady_state() -> None:
    network, given = polder(1.5)
    with pytest.raises(DataError, match=r"flow: 1\.5 enters, more than its pumps lift"):
        hydraulics.steady(network, given)


LATERAL = {
    **COMPUTED,
    # R2 takes in 0.6 m3/s along its way from July, R1 loses 0.2 in all months
    "lateral_flows": "reach,period,lateral_flow [m3/s]\nR1,,-0.2\n"
    + "".join(f"R2,{m},{0.6 if m >= '2025-07' else 0.0}\n" for m in MONTHS),
    # nothing leaves at E below 1 m, 20 m3/s at 3 m: in place of its stage
    "stages": "node,period,stage [m]\n"
    + "".join(f"D,{m},{level}\n" for m, level in zip(MONTHS, LEVELS, strict=True)),
    "rating_curves": "node,rating_stage [m],rating_flow [m3/s]\nE,3.0,20\nE,1.0,0\n",
    "inflow": COMPUTED["inflow"]
    + "".join(f"{node},{p},,1\n" for node in "BC" for p in ("COD", "NH3-N")),
}


def test_lateral_flow_and_rating_curves_of_a_study(tmp_path: Path) -> None:
    water = study.solve(folder(tmp_path, LATERAL)).datasets["hydraulics"]
    level = water["stage"].sel(node="E").values
    flow = water["flow"].reset_coords(drop=True).to_pandas()
    np.testing.assert_allclose(flow.loc["R4"], 10.0 * (level - 1.0), rtol=1e-8)
    along = np.array([0.0] * 6 + [0.6] * 6)
    # in the middle of a reach half of its lateral flow has come in: 12 m3/s less 0.1 at A
    np.testing.assert_allclose(flow.loc["R1"], 11.9, rtol=1e-9)
    np.testing.assert_allclose(
        flow.loc["R1"] - 0.1, flow.loc["R2"] - along / 2.0 + flow.loc["R5"], rtol=1e-9
    )
    outside = water["boundary_flow"].reset_coords(drop=True).to_pandas()
    np.testing.assert_allclose(outside.loc["B"], along / 2.0 - 0.1, atol=1e-9)
    np.testing.assert_allclose(outside.loc["C"], along / 2.0, atol=1e-9)
    np.testing.assert_allclose(outside.sum(), 0.0, atol=1e-8)


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ({"rating_curves": LATERAL["rating_curves"].replace("E,3.0,20", "E,3.0,-1")},
         "rating_curves.csv, row 2, rating_flow: -1 is too small; right would be at least 0"),
        ({"rating_curves": "node,rating_stage [m],rating_flow [m3/s]\nE,3.0,20\n"},
         "rating_curves.csv, row node E, rating_stage: is not a curve; right would be"),
        ({"rating_curves": LATERAL["rating_curves"] + "X,1,1\n"},
         "rating_curves.csv, row 4 (X, 1 m), node: X is not a node of reaches"),
        ({"stages": COMPUTED["stages"]},
         "stages.csv, row node E, stage: contradicts its flow"),
        ({"lateral_flows": "reach,period,lateral_flow [m3/s]\nR1,2025-01,1\n"},
         "lateral_flows.csv, row reach R1, period 2025-02, lateral_flow: nan is not valid"),
        ({"lateral_flows": "reach,period,lateral_flow [m3/s]\nX,,1\n"},
         "lateral_flows.csv, row 2 (X), reach: X is not a reach of reaches"),
        ({"inflow": COMPUTED["inflow"]}, "inflow.csv, node: B lets water in without a "
         "concentration of COD in 2025-07"),
    ],
)  # fmt: skip
def test_lateral_flow_and_rating_curves_that_cannot_be(
    edits: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    found = faults(folder(tmp_path, {**LATERAL, **edits}))
    assert any(one.startswith(sentence) for one in found), found


def test_tables_of_computed_flow_are_not_ignored(tmp_path: Path) -> None:
    names = ("lateral_flows", "rating_curves")
    write(tmp_path, {**STUDY, **{name: LATERAL[name] for name in names}})
    assert faults(tmp_path) == [
        f'{name}.csv, {column}: is not read where flow is given; right would be flow = "steady" in '
        "[hydraulics]"
        for name, column in zip(names, ("lateral_flow", "rating_stage"), strict=True)
    ]
