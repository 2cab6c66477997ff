"""SWMM files: written and read back, run by the engine, transects, series, refusals."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import RiverNetwork, hydraulics
from permitload.errors import DataError, NetworkError

REACHES = pd.DataFrame({
    "reach": ["R1", "R2", "R3", "R4", "R5"], "from_node": ["up", "a", "a", "b", "c"],
    "to_node": ["a", "b", "c", "c", "sea"], "length": [2000.0, 1500.0, 1800.0, 900.0, 3000.1],
    "width": [12.0, 8.0, np.nan, 10.0, 20.0], "side_slope": [2.0, 1.5, 0.0, 0.0, 2.5],
    "bed_from": [0.1, 0.0, 0.05, -0.1, -0.2], "bed_to": [0.0, -0.1, -0.2, -0.2, -0.5],
    "roughness": [0.025, 0.03, 0.028, 0.03, 0.022], "name": ["", "North canal", "", "东河", ""],
})  # fmt: skip
NODES = pd.DataFrame({
    "node": ["lake", "pond", "up"], "storage_area": [2e4, 700.0, 0.0],
    "storage_volume": [5e4, 825.0, 0.0], "x": [500.0, np.nan, 0.0], "y": [250.5, np.nan, 0.0],
})  # fmt: skip
STRUCTURES = pd.DataFrame({
    "structure": ["G", "W", "P", "P0"], "structure_type": ["gate", "weir", "pump", "pump"],
    "from_node": ["b", "c", "lake", "pond"], "to_node": ["lake", "pond", "a", "b"],
    "crest": [0.0, 1.5, np.nan, np.nan], "width": [3.0, 5.0, np.nan, np.nan],
    "opening": [0.8, np.nan, np.nan, np.nan],
    "discharge_coefficient": [0.62, 0.36, np.nan, np.nan],
    "pump_capacity": [np.nan, np.nan, 1.25, 0.3], "start_stage": [np.nan, np.nan, 2.2, np.nan],
    "stop_stage": [np.nan, np.nan, 1.1, np.nan], "one_way": [1.0, 0.0, 0.0, 0.0],
})  # fmt: skip
TABLES = {
    "cross_sections": pd.DataFrame({"reach": "R3", "height": [0.0, 1.0, 2.5, 6.0],
                                    "width": [4.0, 9.0, 9.0, 31.7]}),
    # 400 m2 at 0 m, 600 at 1, 1000 at 3: at 1.5 m, 700 m2 and 500 + 325 m3
    "storage_curves": pd.DataFrame({"node": "pond", "stage": [0.0, 1.0, 3.0],
                                    "storage_area": [400.0, 600.0, 1000.0]}),
}  # fmt: skip
TIMES = pd.date_range("2021-12-31 22:00", periods=13, freq="10min")
BOUNDARIES = xr.Dataset(
    {
        "stage": (("node", "time"), [np.full(13, np.nan), 1.5 + 0.5 * np.sin(np.arange(13.0))]),
        "flow": (("node", "time"), [np.linspace(3.0, 5.0, 13), np.full(13, np.nan)]),
    },
    {"node": ["up", "sea"], "time": TIMES},
)


def park() -> RiverNetwork:
    return RiverNetwork(REACHES, NODES, STRUCTURES)


def same(first: RiverNetwork, second: RiverNetwork) -> None:
    for name in ("reaches", "nodes", "structures", "polders"):
        left, right = getattr(first, name), getattr(second, name)
        pd.testing.assert_frame_equal(left.sort_index(), right.sort_index(), rtol=1e-12, atol=1e-12)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "park.inp"
    park().to_swmm(path, BOUNDARIES, TABLES)
    same(RiverNetwork.from_swmm(path), park())
    tables = hydraulics.swmm_tables(path)
    for name, table in TABLES.items():
        pd.testing.assert_frame_equal(tables[name], table, rtol=1e-12, atol=1e-12)
    read = hydraulics.swmm_boundaries(path, TIMES)
    xr.testing.assert_allclose(read.reindex_like(BOUNDARIES), BOUNDARIES, rtol=1e-12)
    again = tmp_path / "again.inp"
    RiverNetwork.from_swmm(path).to_swmm(again, read, tables)
    same(RiverNetwork.from_swmm(again), park())


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.floats(1.0, 1e4),
                       st.floats(0.5, 90.0), st.sampled_from([0.0, 0.5, 1.7]),
                       st.floats(-5.0, 5.0)), min_size=1, max_size=9),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_network_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, float, float, float, float]],
) -> None:
    links = [row for row in rows if row[0] != row[1]]
    if not links:
        return
    reaches = pd.DataFrame(
        [(f"R{i}", f"n{a}", f"n{b}", length, width, slope, bed, bed - 0.1, 0.03)
         for i, (a, b, length, width, slope, bed) in enumerate(links)],
        columns=["reach", "from_node", "to_node", "length", "width", "side_slope", "bed_from",
                 "bed_to", "roughness"],
    )  # fmt: skip
    path = tmp_path_factory.mktemp("any") / "any.inp"
    RiverNetwork(reaches).to_swmm(path)
    same(RiverNetwork.from_swmm(path), RiverNetwork(reaches))


def engine(path: Path) -> tuple[str, dict[str, float]]:
    """Run SWMM; its report, and the last depth of every node and flow of every link."""
    toolkit = pytest.importorskip("swmm.toolkit")
    from swmm.toolkit import output, shared_enum, solver

    assert toolkit
    report, results = path.with_suffix(".rpt"), path.with_suffix(".out")
    solver.swmm_run(str(path), str(report), str(results))
    handle = output.init()
    output.open(handle, str(results))
    counts = output.get_proj_size(handle)
    last = output.get_times(handle, shared_enum.Time.NUM_PERIODS) - 1
    found = {}
    for kind, attribute, count in (
        (shared_enum.ElementType.NODE, shared_enum.NodeAttribute.HYDRAULIC_HEAD, counts[1]),
        (shared_enum.ElementType.LINK, shared_enum.LinkAttribute.FLOW_RATE, counts[2]),
    ):
        for i in range(count):
            get = (output.get_node_series if kind == shared_enum.ElementType.NODE
                   else output.get_link_series)  # fmt: skip
            name = output.get_elem_name(handle, kind, i)
            found[name] = get(handle, i, attribute, last, last)[0]
    output.close(handle)
    return report.read_text(), found


def test_the_engine_runs_what_is_written(tmp_path: Path) -> None:
    """No error; the sea ends at its stage, water enters as told, continuity within 2 %."""
    path = tmp_path / "park.inp"
    park().to_swmm(path, BOUNDARIES, TABLES)
    text, last = engine(path)
    assert "ERROR" not in text
    assert last["sea"] == pytest.approx(float(BOUNDARIES["stage"].sel(node="sea")[-1]), abs=1e-3)
    assert set(last) >= {*park().reaches.index, *park().structures.index, *park().nodes.index}


def test_the_engine_agrees_on_uniform_flow(tmp_path: Path) -> None:
    """A long canal of 5 m3/s: the engine's depth is that of Manning's formula (own solver)."""
    reaches = pd.DataFrame({
        "reach": [f"C{i}" for i in range(10)], "from_node": [f"n{i}" for i in range(10)],
        "to_node": [f"n{i + 1}" for i in range(10)], "length": 1000.0, "width": 10.0,
        "side_slope": 1.5, "roughness": 0.025, "bed_from": [-0.2 * i for i in range(10)],
        "bed_to": [-0.2 * (i + 1) for i in range(10)],
    })  # fmt: skip
    depth = 1.0
    for _ in range(200):  # Q = A^(5/3) P^(-2/3) √S / n, by fixed point
        wet = 10.0 + 2.0 * depth * math.sqrt(1.0 + 1.5**2)
        depth = (5.0 * 0.025 / math.sqrt(2e-4) * wet ** (2 / 3)) ** 0.6 / (10.0 + 1.5 * depth)
    times = pd.date_range("2020-01-01", periods=2, freq="3D")
    held = xr.Dataset(
        {"stage": (("node", "time"), [[np.nan] * 2, [-2.0 + depth] * 2]),
         "flow": (("node", "time"), [[5.0] * 2, [np.nan] * 2])},
        {"node": ["n0", "n10"], "time": times},
    )  # fmt: skip
    path = tmp_path / "canal.inp"
    RiverNetwork(reaches).to_swmm(path, held)
    text, last = engine(path)
    assert "ERROR" not in text
    assert last["C5"] == pytest.approx(5.0, rel=1e-3)
    assert last["n5"] == pytest.approx(-1.0 + depth, abs=5e-3)


def test_the_engine_agrees_on_structures(tmp_path: Path) -> None:
    """From a lake at 2 m that hardly moves: what weir, gate and pump carry, by their equations.

    Weir, free: 0.36 · 5 · √19.62 · 1^1.5. Gate, drowned at 1.5 m: 0.62 · 3 · 0.8 · √(19.62 · 0.5).
    Gate, free: 1.1 m above the middle of its opening.
    """
    reach = pd.DataFrame({
        "reach": ["R"], "from_node": ["lake"], "to_node": ["end"], "length": [100.0],
        "width": [5.0], "bed_from": [0.0], "bed_to": [0.0], "roughness": [0.03],
    })  # fmt: skip
    lake = pd.DataFrame({"node": ["lake", "low", "sea1", "sea2", "sea3"],
                         "storage_area": [1e8, 1e8, 0.0, 0.0, 0.0],
                         "storage_volume": [2e8, 1e7, 0.0, 0.0, 0.0]})  # fmt: skip
    links = pd.DataFrame({
        "structure": ["W", "G", "F", "P"], "structure_type": ["weir", "gate", "gate", "pump"],
        "from_node": "lake", "to_node": ["sea1", "sea2", "sea3", "low"],
        "crest": [1.0, 0.5, 0.5, np.nan], "width": [5.0, 3.0, 3.0, np.nan],
        "opening": [np.nan, 0.8, 0.8, np.nan],
        "discharge_coefficient": [0.36, 0.62, 0.62, np.nan],
        "pump_capacity": [np.nan, np.nan, np.nan, 1.25],
        "start_stage": [np.nan, np.nan, np.nan, 1.5], "stop_stage": [np.nan, np.nan, np.nan, 1.0],
    })  # fmt: skip
    tables = {"storage_curves": pd.DataFrame({"node": "low", "stage": [0.0, 9.0],
                                              "storage_area": [1e8, 1e8]})}  # fmt: skip
    times = pd.date_range("2020-01-01", periods=2, freq="20min")
    held = xr.Dataset(
        {"stage": (("node", "time"), [[0.0] * 2, [1.5] * 2, [0.0] * 2])},
        {"node": ["sea1", "sea2", "sea3"], "time": times},
    )
    path = tmp_path / "links.inp"
    network = RiverNetwork(reach, lake, links)
    network.to_swmm(path, held, tables)
    same(RiverNetwork.from_swmm(path), network)
    text, last = engine(path)
    assert "ERROR" not in text
    assert last["W"] == pytest.approx(0.36 * 5.0 * math.sqrt(19.62), rel=2e-3)
    assert last["G"] == pytest.approx(0.62 * 2.4 * math.sqrt(19.62 * 0.5), rel=2e-3)
    assert last["F"] == pytest.approx(0.62 * 2.4 * math.sqrt(19.62 * 1.1), rel=2e-3)
    assert last["P"] == pytest.approx(1.25, rel=1e-4)


def test_a_model_that_comes_in_is_computed_as_the_engine_does(tmp_path: Path) -> None:
    """Two reaches, one with a transect: stages of both programs within 2 mm (0.7 found)."""
    reaches = pd.DataFrame({
        "reach": ["R1", "R2"], "from_node": ["a", "b"], "to_node": ["b", "c"], "length": 1000.0,
        "width": [np.nan, 10.0], "bed_from": [0.0, -0.2], "bed_to": [-0.2, -0.4],
        "roughness": 0.025,
    })  # fmt: skip
    tables = {"cross_sections": pd.DataFrame({"reach": "R1", "height": [0.0, 5.0], "width": 10.0})}
    held = xr.Dataset(
        {"stage": (("node", "time"), [[np.nan] * 2, [1.0] * 2]),
         "flow": (("node", "time"), [[5.0] * 2, [np.nan] * 2])},
        {"node": ["a", "c"], "time": pd.date_range("2020-01-01", periods=2, freq="1D")},
    )  # fmt: skip
    path = tmp_path / "two.inp"
    RiverNetwork(reaches).to_swmm(path, held, tables)
    _, last = engine(path)
    boundaries = hydraulics.swmm_boundaries(path, held.indexes["time"][:1])
    found = hydraulics.steady(
        RiverNetwork.from_swmm(path),
        boundaries.isel(time=0, drop=True).expand_dims(period=["design"]),
        hydraulics.Details(**hydraulics.swmm_tables(path)),
    )
    for node in ("a", "b", "c"):
        assert float(found["stage"].sel(node=node).item()) == pytest.approx(last[node], abs=2e-3)


WITH_TRANSECT = """\
[OPTIONS]
FLOW_UNITS LPS
START_DATE 03/01/2020
START_TIME 06:00
[JUNCTIONS]
A 1.0
B 0.9
[OUTFALLS]
Sea 0.0 TIDAL Tide NO
Weir 0.5 FIXED 1.25 NO
[STORAGE]
Lin 0 4 1 FUNCTIONAL 50 1 200 0 0
Root 0 4 1 FUNCTIONAL 50 0.5 200 0 0
Flat 0 4 1 FUNCTIONAL 0 0 300 0 0
[CONDUITS]
C1 A B 500 0.99 0 0
C2 B Sea 500 0.03 0 0
C3 A Weir 500 0.03 0 0
C4 Lin A 500 0.03 1 0
C5 Root A 500 0.03 1 0
C6 Flat A 500 0.03 1 0
[XSECTIONS]
C1 IRREGULAR T1
C2 RECT_OPEN 3 4 0 0
C3 RECT_OPEN 3 4 0 0
C4 RECT_OPEN 3 4 0 0
C5 RECT_OPEN 3 4 0 0
C6 RECT_OPEN 3 4 0 0
[TRANSECTS]
NC 0.03 0.03 0.03
X1 T1 7 0 30 0 0 0 0 0
GR 5 0 3 6 3 10 1 12 1 18
GR 3 20 5 24
[CURVES]
Tide Tidal 0 1.0 6 3.0
Tide 12 1.0 18 2.0
[TIMESERIES]
Q 0 100 12 200
Q 24:00 400 48 400
D 3/2/2020 6:00 -1
D 12:00 -3 24 -3 48 -3
[INFLOWS]
A FLOW Q FLOW 1 2 50
B FLOW D FLOW 1 1 0
B FLOW "" FLOW 1 1 7
A COD "" CONCEN 1 1 9
"""


def test_transects_series_and_tides_by_hand(tmp_path: Path) -> None:
    """Bed of 6 m; banks to 8 m at 2 m, there a berm of 4 m; at 4 m 24 m. Roughness of NC.

    Inflow of A: 50 + 2 · series L/s. Tide between hours 18 and 24 falls from 2 to 1.
    """
    path = tmp_path / "model.inp"
    path.write_text(WITH_TRANSECT)
    network = RiverNetwork.from_swmm(path)
    assert network.reaches.loc["C1", "roughness"] == 0.03
    assert math.isnan(network.reaches.loc["C1", "width"])
    tables = hydraulics.swmm_tables(path)
    section = tables["cross_sections"].set_index("reach")
    assert section["height"].tolist() == pytest.approx([0.0, 1.999, 2.0, 4.0])
    # at 2 m: from station 10 to 20 below the berm, from 6 above it
    assert section["width"].tolist() == pytest.approx([6.0, 10.0, 14.0, 24.0])
    curves = tables["storage_curves"].set_index("node")
    assert curves.loc["Lin", "storage_area"].tolist() == [200.0, 400.0]
    assert curves.loc["Root", "storage_area"].iloc[50] == pytest.approx(200 + 50 * 2**0.5)
    assert len(curves.loc["Root"]) == 101 and "Flat" not in curves.index
    times = pd.DatetimeIndex(["2020-03-02 06:00", "2020-03-02 09:00"])
    found = hydraulics.swmm_boundaries(path, times[:1])
    assert found["flow"].attrs["units"] == "m3/s"
    flow = found["flow"].isel(time=0).to_series().dropna().to_dict()
    assert flow == pytest.approx({"A": 0.85, "B": 0.006})
    first = hydraulics.swmm_boundaries(path, times)["stage"].sel(node="Sea").values
    assert first.tolist() == pytest.approx([3.0, 2.0])
    fixed = hydraulics.swmm_boundaries(path, times)["stage"].sel(node="Weir").values
    assert fixed.tolist() == [1.25, 1.25]


def sentences(path: Path, text: str) -> list[str]:
    path.write_text(text)
    faults: dict[str, None] = {}
    for reader in (
        RiverNetwork.from_swmm,
        lambda p: hydraulics.swmm_boundaries(p, pd.date_range("2020-03-02 06:00", periods=2)),
    ):
        try:
            reader(path)
        except NetworkError as error:
            faults |= dict.fromkeys(str(fault) for fault in error.faults)
    return list(faults)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("NC 0.03", "NC 0.05", "(X1), roughness: 0.05, 0.03 of the overbanks differs"),
        ("30 0 0 0 0 0", "30 0 0 1.5 0 0", "(X1), meander: 1.5 is not supported"),
        ("30 0 0 0 0 0", "30 0 0 0 2 0", "(X1), width factor: 2 is not supported"),
        ("C1 IRREGULAR T1", "C1 IRREGULAR T9", "(C1), shape: T9 is unknown"),
        ("GR 5 0 3 6", "GR 5 9 3 6", "(X1), station: has no section"),
        ("C2 RECT_OPEN", "C2 CIRCULAR", "(C2), shape: CIRCULAR is not supported"),
        ("300 0 0", "300 1 0", "(Flat), evaporation: 1 is not supported"),
        ("[CURVES]", "[LOSSES]\nC2 0.5 0 0 NO\n[CURVES]", "(C2), entry loss: 0.5 is not supported"),
        ("[CURVES]", "[LOSSES]\nC2 0 0 0 YES\n[CURVES]", "(C2), flap: YES is not supported"),
        ("TIDAL Tide NO", "FREE NO", "(Sea), stage: FREE gives no stage"),
        ("TIDAL Tide NO", "TIDAL Tide YES", "(Sea), flap: YES is not supported"),
        ("Tide 12 1.0", "Tide 5 1.0", "(Sea), stage: Tide is no tide"),
        ("TIDAL Tide NO", "TIMESERIES Nix NO", "(Sea), time: Nix is no series"),
        ("A FLOW Q FLOW 1 2 50", "A FLOW Q FLOW 1 2 50 Daily", "(A), pattern: Daily is not"),
        ("24:00 400 48 400", "23:00 400", "(A), time: Q runs from 2020-03-01 06:00:00 to"),
        ("Q 24:00", "Q 6:00", "(A), time: Q does not run forward"),
        ("Q 24:00 400 48 400", "Q FILE rain.dat", "(Q), time: FILE is not supported"),
        ("Q 24:00", "Q noon", "(Q), time: noon is no time"),
        ("[CURVES]", "[DWF]\nA FLOW 0.2\n[CURVES]", "(A), flow: DWF brings water that is not read"),
        ("[CURVES]", "[SUBCATCHMENTS]\nS G A 5 50 100 1\n[CURVES]",
         "(S), flow: SUBCATCH brings water that is not read"),
        ("TIDAL Tide NO", "TIMESERIES Sea NO\n[TIMESERIES]\n"
         + "".join(f"Sea 3/{1 + h // 24}/2020 {h % 24} 1.5\n" for h in range(80) if h != 9),
         "(Sea), stage: Sea has no value for 7200 s from 2020-03-01 08:00:00 on"),
    ],
)  # fmt: skip
def test_what_cannot_be_held_is_refused_by_line(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    assert old in WITH_TRANSECT
    later = WITH_TRANSECT.replace(old, new, 1)
    found = sentences(tmp_path / "model.inp", later)
    assert any(fault in sentence and "row " in sentence for sentence in found), found


STRUCTURAL = """\
[OPTIONS]
FLOW_UNITS CMS
[JUNCTIONS]
A 0
B 0
[CONDUITS]
C A B 10 0.03 0 0
[XSECTIONS]
C RECT_OPEN 3 4 0 0
O RECT_CLOSED 1 2 0 0
W RECT_OPEN 1 2 0 0
[ORIFICES]
O A B SIDE 0 0.6 NO 0
[WEIRS]
W A B TRANSVERSE 1 1.8 NO 0 0
[PUMPS]
P A B Two ON 0 0
[CURVES]
Two Pump2 1 5 2 5
"""


def test_structures_of_other_kinds_are_refused(tmp_path: Path) -> None:
    assert sentences(tmp_path / "model.inp", STRUCTURAL)[1:] == []
    text = STRUCTURAL.replace("O A B SIDE", "O A B BOTTOM").replace("2 5\n", "2 9\n")
    text = text.replace("TRANSVERSE 1 1.8 NO 0", "V-NOTCH 1 1.8 NO 2").replace(
        "RECT_CLOSED", "CIRCULAR"
    )
    found = sentences(tmp_path / "bad.inp", text)
    assert found[:5] == [
        "bad.inp, row 17 (P), pump_capacity: Two has several flows; "
        "right would be a curve of [CURVES] with one flow, which is the capacity",
        "bad.inp, row 13 (O), structure_type: BOTTOM is not supported; right would be SIDE",
        "bad.inp, row 10 (O), shape: CIRCULAR is not supported; "
        "right would be RECT_CLOSED in [XSECTIONS]",
        "bad.inp, row 15 (W), structure_type: V-NOTCH is not supported; right would be TRANSVERSE",
        "bad.inp, row 15 (W), end contractions: 2 are not supported; right would be 0",
    ]
    never = sentences(tmp_path / "never.inp", STRUCTURAL.replace("Two ON", "Two OFF"))
    assert "never.inp, row 17 (P), status: OFF never runs" in never[0]


def refused(network: RiverNetwork, path: Path, boundaries: xr.Dataset | None = None,
            tables: dict[str, pd.DataFrame] | None = None) -> list[str]:  # fmt: skip
    with pytest.raises(DataError) as error:
        network.to_swmm(path, boundaries, tables)
    assert not path.exists()
    return [f"{f.table} {f.row} {f.column}: {f.problem}" for f in error.value.faults]


def test_what_a_file_cannot_hold_is_refused_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "none.inp"
    structures = STRUCTURES.assign(structure_type=["culvert", "weir", "pump", "pump"],
                                   one_way=[0.0, 0.0, 1.0, 0.0], opening=[0.8, 0.5, np.nan, np.nan],
                                   stop_stage=[np.nan, np.nan, -3.0, 0.5])  # fmt: skip
    nodes = NODES.assign(held=[1.0, 0.0, 0.0], y=[np.nan, np.nan, 0.0])
    reaches = REACHES.assign(
        polder=["", "N", "", "", ""], roughness=[0.03, np.nan, 0.03, 0.03, 0.03]
    )
    polders = pd.DataFrame({"polder": ["N"], "outlet_reach": ["R1"], "pump_capacity": [1.0]})
    network = RiverNetwork(reaches.assign(name='a "b"'), nodes, structures, polders)
    found = refused(network, path, None, TABLES)
    assert found == [
        *(f"reaches {r} name: cannot be written" for r in REACHES["reach"]),
        "polders N polder: cannot be written",
        "reaches R2 roughness: is missing", "reaches R2 polder: cannot be written",
        "nodes lake held: cannot be written", "nodes lake x: or y is missing",
        "structures G structure_type: cannot be written",
        "structures W opening: cannot be written of a weir",
        "structures P one_way: of a pump cannot be written",
        "structures P stop_stage: m is not above the bed",
        "structures P0 start_stage: or stop_stage is missing",
    ]  # fmt: skip


def test_a_label_that_a_file_cannot_hold_names_its_column(tmp_path: Path) -> None:
    reaches = REACHES.replace({"reach": {"R1": "R;1"}, "to_node": {"a": 'a"'},
                               "from_node": {"a": 'a"'}})  # fmt: skip
    structures = STRUCTURES.replace({"structure": {"W": "[W]"}, "from_node": {"a": 'a"'},
                                     "to_node": {"a": 'a"'}})  # fmt: skip
    network = RiverNetwork(reaches, NODES, structures)
    found = refused(network, tmp_path / "none.inp", None, TABLES)
    words = ('nodes a" node', "reaches R;1 reach", "structures [W] structure")
    assert {f"{where}: cannot be written" for where in words} <= set(found)


def test_boundaries_and_tables_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.inp"
    gaps = BOUNDARIES.copy(deep=True)
    gaps["flow"][0, 3] = np.nan
    assert refused(park(), path, gaps, TABLES) == ["boundaries up flow: has 1 gaps"]
    inner = BOUNDARIES.assign_coords(node=["up", "a"])
    assert refused(park(), path, inner, TABLES) == [
        "boundaries a stage: is held at a node with 4 links"
    ]
    strange = BOUNDARIES.assign_coords(node=["up", "moon"])
    assert refused(park(), path, strange, TABLES) == ["boundaries moon node: is unknown"]
    back = BOUNDARIES.isel(time=slice(None, None, -1))
    assert refused(park(), path, back, TABLES) == ["boundaries None time: do not run"]
    other = BOUNDARIES.rename(flow="lateral_flow")
    assert refused(park(), path, other, TABLES) == [
        "boundaries None lateral_flow: cannot be written"
    ]
    assert refused(park(), path, BOUNDARIES, {}) == ["reaches R3 width: is missing"]
    curve = TABLES["storage_curves"].assign(storage_area=[400.0, 500.0, 1000.0])
    assert refused(park(), path, BOUNDARIES, TABLES | {"storage_curves": curve}) == [
        "nodes pond storage_area: m2 is not the curve's where it holds storage_volume"
    ]
    narrow = TABLES["cross_sections"].assign(width=[9.0, 4.0, 3.0, 2.0])
    assert refused(park(), path, BOUNDARIES, TABLES | {"cross_sections": narrow}) == [
        "cross_sections R3 width: is no open channel"
    ]
