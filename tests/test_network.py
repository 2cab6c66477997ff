"""The network: topology that is checked, every fault at once, frozen; places; other files."""

import copy
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from permitload import RiverNetwork
from permitload.errors import DataError, NetworkError

CASE = Path(__file__).parent / "cases" / "quality" / "swmm_quality" / "model.inp"


def sentences(error: DataError) -> list[str]:
    return [str(fault) for fault in error.faults]


def table(*rows: str, **columns: object) -> pd.DataFrame:
    """Reaches from rows ``reach from to length``, and further columns."""
    names = ["reach", "from_node", "to_node", "length"]
    frame = pd.DataFrame([row.split() for row in rows], columns=names)
    return frame.astype({"length": float}).assign(**columns)


# a --R1, R2-- b --R3-- c --R4-- a, and apart x --R5-- y
REACHES = table("R1 a b 100", "R2 a b 150", "R3 b c 200", "R4 c a 250", "R5 x y 300")


def test_loops_parallel_reaches_and_parts() -> None:
    network = RiverNetwork(REACHES)
    assert repr(network) == "RiverNetwork(5 reaches, 5 nodes, 2 parts)"
    assert network.parts.to_dict() == {"R1": 0, "R2": 0, "R3": 0, "R4": 0, "R5": 1}
    assert network.nodes.index.tolist() == ["a", "b", "c", "x", "y"]
    assert network.from_index.tolist() == [0, 0, 1, 2, 3]
    assert network.to_index.tolist() == [1, 1, 2, 0, 4]
    assert network.from_index.dtype == np.int64


def test_structures_join_parts_and_may_end_at_a_node_of_their_own() -> None:
    gates = pd.DataFrame({"structure": ["G1", "G2"], "structure_type": "gate",
                          "from_node": ["c", "y"], "to_node": ["x", "sea"]})  # fmt: skip
    network = RiverNetwork(REACHES, pd.DataFrame({"node": ["sea"]}), gates)
    assert repr(network) == "RiverNetwork(5 reaches, 6 nodes, 1 part)"
    named = network.structures.loc["G1"].dropna().to_dict()
    assert named == {
        "structure_type": "gate", "from_node": "c", "to_node": "x", "one_way": 0.0, "name": ""
    }  # fmt: skip


@given(st.lists(st.booleans(), min_size=5, max_size=5), st.permutations(range(5)))
def test_neither_drawn_direction_nor_order_changes_the_topology(
    turned: list[bool], order: list[int]
) -> None:
    drawn = REACHES.copy()
    drawn.loc[turned, ["from_node", "to_node"]] = drawn.loc[turned, ["to_node", "from_node"]].values
    first, second = RiverNetwork(REACHES), RiverNetwork(drawn.iloc[order])
    assert set(first.nodes.index) == set(second.nodes.index)
    for reach, row in second.reaches.iterrows():
        ends = {row["from_node"], row["to_node"]}
        assert ends == {*first.reaches.loc[reach, ["from_node", "to_node"]]}
        assert row["length"] == first.reaches.loc[reach, "length"]
    pairs = [(a, b) for a in REACHES["reach"] for b in REACHES["reach"]]
    one, two = first.parts, second.parts
    assert [one[a] == one[b] for a, b in pairs] == [two[a] == two[b] for a, b in pairs]
    labels = second.nodes.index
    assert labels[second.from_index].tolist() == second.reaches["from_node"].tolist()
    assert labels[second.to_index].tolist() == second.reaches["to_node"].tolist()


def test_empty_cells_take_their_defaults() -> None:
    nodes = pd.DataFrame({"node": ["c", "a"], "storage_area": [5e4, np.nan],
                          "storage_volume": [1e5, None], "x": [3.0, np.nan]})  # fmt: skip
    network = RiverNetwork(REACHES.assign(side_slope=[2.0, *[np.nan] * 4], width=12.0), nodes)
    assert network.reaches["side_slope"].tolist() == [2.0, 0.0, 0.0, 0.0, 0.0]
    assert network.reaches["width"].tolist() == [12.0] * 5
    assert network.reaches[["bed_from", "bed_to", "roughness"]].isna().all(axis=None)
    assert (network.reaches[["polder", "name"]] == "").all(axis=None)
    # listed nodes come first, the others are junctions
    assert network.nodes.index.tolist() == ["c", "a", "b", "x", "y"]
    assert network.nodes["storage_area"].tolist() == [5e4, 0.0, 0.0, 0.0, 0.0]
    assert network.nodes["storage_volume"].tolist() == [1e5, 0.0, 0.0, 0.0, 0.0]
    assert network.nodes["held"].tolist() == [0.0] * 5
    assert network.nodes["x"].dropna().to_dict() == {"c": 3.0}


def test_labels_may_be_numbers_and_keys_the_index() -> None:
    reaches = pd.DataFrame({"from_node": [1], "to_node": [2], "length": ["1e3"]},
                           index=pd.Index([7], name="reach"))  # fmt: skip
    found = RiverNetwork(reaches).reaches
    assert found.index.tolist() == ["7"]
    assert found.loc["7", ["from_node", "to_node", "length"]].tolist() == ["1", "2", 1000.0]


# --- faults, each with its sentence


def test_all_faults_of_all_tables_at_once() -> None:
    reaches = pd.DataFrame(
        [("R1", "a", "b", 100.0, 10.0, 0.03, ""), ("R1", "b", "c", 100.0, 10.0, 0.03, ""),
         ("R2", "b", "b", 0.0, 10.0, 0.03, ""), ("R3", "c", "", -5.0, "wide", 2.0, ""),
         ("", "c", "d", np.nan, 10.0, 0.03, "K"), ("R5", None, "d", np.inf, 10.0, 0.03, "L")],
        columns=["reach", "from_node", "to_node", "length", "width", "roughness", "polder"],
    )  # fmt: skip
    nodes = pd.DataFrame({"node": ["a", "a", ""], "storage_area": [-1.0, 0.0, 0.0]})
    structures = pd.DataFrame({"structure": ["G1", "G2"], "structure_type": ["gate", ""],
                               "from_node": ["a", "d"], "to_node": ["nowhere", "d"]})  # fmt: skip
    polders = pd.DataFrame({"polder": ["K", "K"], "outlet_reach": ["R9", "R9"]})
    with pytest.raises(NetworkError) as error:
        RiverNetwork(reaches, nodes, structures, polders)
    assert sentences(error.value) == [
        "reaches, row 5, reach: is empty; right would be a label",
        "reaches, row R5, from_node: is empty; right would be a label",
        "reaches, row R3, to_node: is empty; right would be a label",
        "reaches, row R3, length: -5.0 is not valid; right would be a number from 0 to 1e+07 m",
        "reaches, row 5, length: is empty; right would be a number from 0 to 1e+07 m",
        "reaches, row R5, length: inf is not valid; right would be a number from 0 to 1e+07 m",
        "reaches, row R3, width: wide is not valid; right would be a number from 0 to 1e+06 m",
        "reaches, row R3, roughness: 2.0 is not valid; "
        "right would be a number from 0.001 to 1 s/m^(1/3)",
        "reaches, row R1, reach: is repeated; right would be one row a key",
        "nodes, row 3, node: is empty; right would be a label",
        "nodes, row a, storage_area: -1.0 is not valid; right would be a number from 0 to 1e+12 m2",
        "nodes, row a, node: is repeated; right would be one row a key",
        "structures, row G2, structure_type: is empty; right would be a label",
        "polders, pump_capacity: is missing; right would be a column pump_capacity",
        "polders, row K, R9, polder: is repeated; right would be one row a key",
        "reaches, row R2, length: 0.0 is not positive; right would be a length > 0 m",
        "reaches, row R2, to_node: b is also the from_node (self-loop); "
        "right would be two different nodes",
        "structures, row G2, to_node: d is also the from_node (self-loop); "
        "right would be two different nodes",
        "structures, row G1, to_node: nowhere is unknown; "
        "right would be a node of reaches or of nodes",
        "polders, row K, outlet_reach: R9 is unknown; right would be a reach of reaches",
        "polders, row K, outlet_reach: R9 is unknown; right would be a reach of reaches",
        "reaches, row R5, polder: L has no pumps; right would be a polder of polders",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (
            {"reaches": pd.DataFrame({"reach": ["R1"], "to_node": ["b"]})},
            ["reaches, from_node: is missing; right would be a column from_node",
             "reaches, length: is missing; right would be a column length"],
        ),
        (
            {"reaches": REACHES.iloc[:0]},
            ["reaches, reach: is empty; right would be at least one reach"],
        ),
        (
            {"reaches": REACHES, "nodes": pd.DataFrame({"node": ["a", "q"]})},
            ["nodes, row q, node: touches no reach and no structure; "
             "right would be a node that ends one"],
        ),
        (
            {"reaches": REACHES, "nodes": pd.DataFrame({"node": ["a"], "held": [1.5]})},
            ["nodes, row a, held: 1.5 is not valid; right would be a number from 0 to 1"],
        ),
        (
            {"reaches": REACHES, "nodes": pd.DataFrame({"node": ["a"], "x": [-np.inf]})},
            ["nodes, row a, x: -inf is not valid; right would be a number from -1e+09 to 1e+09 m"],
        ),
    ],
)  # fmt: skip
def test_single_faults(tables: dict[str, pd.DataFrame], expected: list[str]) -> None:
    with pytest.raises(NetworkError) as error:
        RiverNetwork(**tables)
    assert sentences(error.value) == expected


def test_polders_may_come_later() -> None:
    walled = REACHES.assign(polder=["", "", "", "", "K"])
    assert RiverNetwork(walled).reaches["polder"].tolist() == ["", "", "", "", "K"]


# --- frozen


def test_a_network_cannot_be_changed() -> None:
    given_reaches = REACHES.assign(width=5.0)
    network = RiverNetwork(given_reaches, pd.DataFrame({"node": ["a"], "x": [1.0]}))
    before = {n: getattr(network, n).copy() for n in ("reaches", "nodes", "structures", "polders")}

    given_reaches.loc[0, ["length", "from_node"]] = [9.0, "z"]
    mine = network.reaches
    mine.loc["R1", ["length", "from_node"]] = [9.0, "z"]
    mine["width"] += 1.0
    mine.index.name = "river"
    nodes = network.nodes
    nodes.loc["a", "x"] = 9.0
    for values in (mine_again := network.reaches)["length"], mine_again["from_node"]:
        with pytest.raises(ValueError, match="read-only"):
            values.to_numpy()[0] = values.iloc[1]
        with pytest.raises(ValueError, match="read-only"):
            values.array[0] = values.iloc[1]
    for index in (network.from_index, network.to_index):
        with pytest.raises(ValueError, match="read-only"):
            index[0] = 3
        with pytest.raises(ValueError, match="WRITEABLE"):
            index.flags.writeable = True
    with pytest.raises(AttributeError, match="frozen; make a new one to change reaches"):
        network.reaches = mine  # type: ignore[misc]  # read-only, which is what is tested
    with pytest.raises(AttributeError):
        del network.reaches

    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(network, name), frame)


def pickled(network: RiverNetwork) -> RiverNetwork:
    twin: RiverNetwork = pickle.loads(pickle.dumps(network))  # noqa: S301 - made here
    return twin


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, pickled])
def test_copies_are_equal_and_frozen(twin: Callable[[RiverNetwork], RiverNetwork]) -> None:
    polders = pd.DataFrame({"polder": ["K"], "outlet_reach": ["R1"], "pump_capacity": [2.0]})
    network = RiverNetwork(REACHES.assign(polder=["", "", "", "", "K"]), polders=polders)
    other = twin(network)
    for name in ("reaches", "nodes", "structures", "polders"):
        pd.testing.assert_frame_equal(getattr(other, name), getattr(network, name))
    assert other.to_index.tolist() == network.to_index.tolist()
    with pytest.raises(ValueError, match="read-only"):
        other.to_index[0] = 3
    with pytest.raises(ValueError, match="read-only"):
        other.reaches["length"].array[0] = 3.0


def test_large_networks_are_compact() -> None:
    """20,000 reaches in a row: under 400 bytes a reach, and reading them copies nothing."""
    count = 20_000
    nodes = np.array([f"n{i}" for i in range(count + 1)])
    reaches = pd.DataFrame({"reach": [f"R{i}" for i in range(count)], "from_node": nodes[:-1],
                            "to_node": nodes[1:], "length": 100.0})  # fmt: skip
    network = RiverNetwork(reaches)
    size = sum(
        getattr(network, name).memory_usage(index=True).sum() for name in ("reaches", "nodes")
    )
    assert size / count < 400
    assert np.shares_memory(network.reaches["length"], network.reaches["length"])


# --- graph


def test_graph_is_keyed_by_reach() -> None:
    network = RiverNetwork(REACHES.assign(width=5.0), pd.DataFrame({"node": ["a"], "x": [1.0]}))
    graph = network.graph
    assert graph.is_directed() and graph.is_multigraph()
    assert sorted(graph.edges(keys=True)) == [
        ("a", "b", "R1"), ("a", "b", "R2"), ("b", "c", "R3"), ("c", "a", "R4"), ("x", "y", "R5")
    ]  # fmt: skip
    assert graph.edges["a", "b", "R2"]["length"] == 150.0
    assert graph.edges["a", "b", "R2"]["width"] == 5.0
    assert graph.nodes["a"]["x"] == 1.0 and graph.nodes["b"]["storage_area"] == 0.0
    graph.remove_node("a")
    assert len(network.nodes) == 5 and len(network.graph) == 5


# --- places


def test_locate_reaches_nodes_and_spread_outlets() -> None:
    outlets = pd.DataFrame({
        "outlet": ["O1", "O2", "O3", "O4"], "reach": ["R2", "R3", None, "R5"],
        "node": [None, "", "c", np.nan], "position": [75.0, 200.0, np.nan, 0.0],
        "position_to": [np.nan, np.nan, np.nan, 300.0],
    })  # fmt: skip
    place = RiverNetwork(REACHES).locate(outlets, "outlets")
    assert place.index.tolist() == ["O1", "O2", "O3", "O4"] and place.index.name == "outlet"
    assert place["reach_index"].tolist() == [1, 2, -1, 4]
    assert place["node_index"].tolist() == [-1, -1, 2, -1]
    assert place["position"].tolist() == [75.0, 200.0, 0.0, 0.0]
    assert place["position_to"].isna().tolist() == [True, True, True, False]
    indexed = RiverNetwork(REACHES).locate(outlets.set_index("outlet"), "outlets")
    pd.testing.assert_frame_equal(indexed, place)


def test_locate_names_every_row_that_is_off_the_network() -> None:
    rows = [
        ("O1", "R1", "", 101.0, np.nan), ("O2", "R9", "", 0.0, np.nan),
        ("O3", "", "q", 0.0, np.nan),
        ("O4", "R1", "a", 0.0, np.nan), ("O5", "", "", 0.0, np.nan), ("O6", "R1", "", -1.0, np.nan),
        ("O7", "R1", "", 10.0, 101.0), ("O8", "R1", "", 10.0, 10.0), ("O8", "R1", "", 10.0, 5.0),
        ("", "R1", "", 10.0, np.nan),
    ]  # fmt: skip
    columns = ["outlet", "reach", "node", "position", "position_to"]
    with pytest.raises(DataError) as error:
        RiverNetwork(REACHES).locate(pd.DataFrame(rows, columns=columns), "outlets")
    neither = (
        "reach: and node are both given or both empty; right would be either a reach or a node"
    )
    on = "is not on its reach; right would be 0 ≤"
    assert sentences(error.value) == [
        "outlets, row O8, outlet: is repeated; right would be unique labels",
        "outlets, row 10, outlet: is empty; right would be a label",
        f"outlets, row O4, {neither}",
        f"outlets, row O5, {neither}",
        "outlets, row O2, reach: R9 is unknown; right would be a reach of the network",
        "outlets, row O3, node: q is unknown; right would be a node of the network",
        f"outlets, row O1, position: 101.0 {on} position ≤ 100 m",
        f"outlets, row O6, position: -1.0 {on} position ≤ 100 m",
        f"outlets, row O7, position_to: 101.0 {on} position_to ≤ 100 m",
        "outlets, row O8, position_to: 10.0 is not beyond position; right would be more than 10 m",
        "outlets, row O8, position_to: 5.0 is not beyond position; right would be more than 10 m",
    ]


# --- SWMM


def test_swmm_case_is_read_whole() -> None:
    """Every conduit, cross-section, junction and outfall of a looped model of 19 conduits."""
    network = RiverNetwork.from_swmm(CASE)
    assert repr(network) == "RiverNetwork(19 reaches, 18 nodes, 1 part)"
    blocks: dict[str, dict[str, list[str]]] = {}
    for line in CASE.read_text().splitlines():
        if line.startswith("["):
            block = blocks.setdefault(line.strip("[]"), {})
        elif line.split()[1:]:
            block[line.split()[0]] = line.split()[1:]
    assert list(network.reaches.index) == list(blocks["CONDUITS"])
    for reach, row in network.reaches.iterrows():
        start, stop, length, rough, bed_from, bed_to = blocks["CONDUITS"][str(reach)][:6]
        shape = [float(word) for word in blocks["XSECTIONS"][str(reach)][1:5]]
        assert [row["from_node"], row["to_node"]] == [start, stop]
        numbers = row[["length", "roughness", "bed_from", "bed_to", "width", "side_slope"]]
        assert numbers.tolist() == [float(length), float(rough), float(bed_from), float(bed_to),
                                    shape[1], shape[2]]  # fmt: skip
    assert set(network.nodes.index) == {*blocks["JUNCTIONS"], *blocks["OUTFALLS"]}
    assert (network.nodes[["storage_area", "storage_volume"]] == 0.0).all(axis=None)


MODEL = """\
[TITLE]
;; a loop with a lake, a pumping station and a weir to the sea
[options]
FLOW_UNITS           CMS
LINK_OFFSETS         DEPTH   ; above the invert
[JUNCTIONS]
;;Name  Elev
"N 1"   1.0   3   0
N2      0.5   3   0
N3      0.4   3   0
[OUTFALLS]
Sea     -1.0  FREE  NO
[STORAGE]
Lake    0.0   5  2.0  FUNCTIONAL  100  1  1000  0  0
Pond    0.2   5  1.5  TABULAR  PondCurve
[CONDUITS]
C1  "N 1" N2    1000  0.025  0.1  0.2  0  0
C2  "N 1" N2    1200  0.025  0    0
C3  N2   Lake   500   0.03   0    0.5
C4  Lake N3     700   0.03   0    0
C5  N3   "N 1"  900   0.03   0    0
C6  Pond N3     50    0.03   0    0
[XSECTIONS]
C1  TRAPEZOIDAL  3  10  1  2
C2  rect_open    3  8   0  0  1
C3  TRAPEZOIDAL  3  10  2  2  1
C4  TRAPEZOIDAL  3  10  2  2  1
C5  TRAPEZOIDAL  3  10  2  2  1
C6  TRAPEZOIDAL  3  10  2  2  1
O1  RECT_CLOSED  1  4   0  0
W1  RECT_OPEN    2  6   0  0
[PUMPS]
P1  Lake Pond  Six ON 1.5 0.5
[ORIFICES]
O1  N3 Lake  SIDE 0.1 0.65 NO 0
[WEIRS]
W1  Lake Sea  TRANSVERSE 1 1.84 YES 0 0
[CURVES]
PondCurve Storage 0 400
PondCurve         1 600  3 1000
Six       Pump4   0 6  5 6
Tide      Tidal   0 1
[COORDINATES]
Lake 500 250
[SUBCATCHMENTS]
anything that is not a network
"""


def test_swmm_loops_storage_and_structures(tmp_path: Path) -> None:
    """C1 from 1.0 + 0.1 to 0.5 + 0.2 m; side slopes 1 and 2 mean 1.5.

    Lake at 2 m: 1000 + 100·2 = 1200 m2 and 1000·2 + 100·2²/2 = 2200 m3.
    Pond at 1.5 m: 600 + 0.5·200 = 700 m2 and 500 + 0.5·650 = 825 m3.
    """
    path = tmp_path / "model.inp"
    path.write_text(MODEL)
    network = RiverNetwork.from_swmm(path)
    reaches, nodes = network.reaches, network.nodes
    assert reaches.index.tolist() == ["C1", "C2", "C3", "C4", "C5", "C6"]
    assert reaches["from_node"].tolist() == ["N 1", "N 1", "N2", "Lake", "N3", "Pond"]
    assert reaches.loc["C1", ["bed_from", "bed_to"]].tolist() == [1.1, 0.7]
    assert reaches.loc["C3", ["bed_from", "bed_to"]].tolist() == [0.5, 0.5]
    assert reaches.loc["C1", ["width", "side_slope"]].tolist() == [10.0, 1.5]
    assert reaches.loc["C2", ["width", "side_slope"]].tolist() == [8.0, 0.0]
    lake = nodes.loc["Lake", ["storage_area", "storage_volume", "x", "y"]]
    assert lake.tolist() == [1200.0, 2200.0, 500.0, 250.0]
    pond = nodes.loc["Pond", ["storage_area", "storage_volume"]]
    assert pond.tolist() == pytest.approx([700.0, 825.0], rel=1e-12)
    assert nodes.index.tolist() == ["N 1", "N2", "N3", "Sea", "Lake", "Pond"]
    assert nodes["x"].notna().sum() == 1
    assert network.structures[["structure_type", "from_node", "to_node"]].T.to_dict("list") == {
        "P1": ["pump", "Lake", "Pond"], "O1": ["gate", "N3", "Lake"], "W1": ["weir", "Lake", "Sea"]
    }  # fmt: skip
    numbers = network.structures.drop(columns=["structure_type", "from_node", "to_node", "name"])
    assert numbers.loc["P1"].dropna().to_dict() == {
        "pump_capacity": 6.0, "start_stage": 1.5, "stop_stage": 0.5, "one_way": 0.0
    }  # fmt: skip
    assert numbers.loc["O1"].dropna().to_dict() == {
        "crest": 0.5, "width": 4.0, "opening": 1.0, "discharge_coefficient": 0.65, "one_way": 0.0
    }  # fmt: skip
    weir = numbers.loc["W1"].dropna().to_dict()
    # Q = 1.84 b h^1.5 = m b √(2g) h^1.5 with √(2g) = 4.429447 m^0.5/s
    assert weir.pop("discharge_coefficient") == pytest.approx(1.84 / 4.429447, rel=1e-6)
    assert weir == {"crest": 1.0, "width": 6.0, "one_way": 1.0}
    shutil.copy(path, tmp_path / "degrees.inp")
    with (tmp_path / "degrees.inp").open("a") as file:
        file.write("[MAP]\nDIMENSIONS 0 0 1 1\nUnits Degrees\n")
    assert RiverNetwork.from_swmm(tmp_path / "degrees.inp").nodes["x"].isna().all()


def test_swmm_elevation_offsets(tmp_path: Path) -> None:
    """With LINK_OFFSETS ELEVATION the offsets are levels; * is the invert."""
    path = tmp_path / "model.inp"
    path.write_text(
        MODEL.replace("LINK_OFFSETS         DEPTH", "LINK_OFFSETS elevation")
        .replace("0.025  0.1  0.2", "0.025  1.25  *")
        .replace("1200  0.025  0    0", "1200  0.025  *  0.75")
        .replace("0.03   0    0.5", "0.03  *  0.5").replace("0.03   0    0", "0.03   *    *")
        .replace("SIDE 0.1", "SIDE 0.5")
    )  # fmt: skip
    reaches = RiverNetwork.from_swmm(str(path)).reaches
    assert reaches["bed_from"].tolist() == [1.25, 1.0, 0.5, 0.0, 0.4, 0.2]
    assert reaches["bed_to"].tolist() == [0.5, 0.75, 0.5, 0.4, 1.0, 0.4]


def test_swmm_names_every_fault_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.inp"
    text = MODEL.replace("CMS", "GPM").replace("N2      0.5", "N2      deep")
    text = text.replace("C3  TRAPEZOIDAL  3  10  2  2  1", "C3  TRAPEZOIDAL  3  ten  2  steep  2")
    text = text.replace("C4  TRAPEZOIDAL", "C4  CIRCULAR").replace("C5  TRAPEZOIDAL", "C7  DUMMY")
    text = text.replace("rect_open    3  8   0", "rect_open    3  8   1")
    text = text.replace("N3     50    0.03   0", "N9  0  0.03   -0.5").replace("C5  N3", "C4  N3")
    text = text.replace("5  1.5  TABULAR", "5  3.5  TABULAR").replace("100  1  1000", "pi")
    text += '[OUTLETS]\nL1 N3 Sea 0 TABULAR/DEPTH x\n[WEIRS]\nW2 N3 ""\n[CONDUITS]\nC8 N3\n'
    path.write_text(text)
    with pytest.raises(NetworkError) as error:
        RiverNetwork.from_swmm(path)
    nodes = "a node of [JUNCTIONS], [OUTFALLS], [STORAGE] or [DIVIDERS]"
    shapes = "TRAPEZOIDAL, RECT_OPEN or IRREGULAR in [XSECTIONS]"
    number = "is not a number; right would be a finite number"
    length = "right would be a number from 0 to 1e+07 m"
    assert sentences(error.value) == [
        "bad.inp, row [OPTIONS], FLOW_UNITS: GPM is not metric; "
        "right would be metric flow units: CMS, LPS, MLD",
        "bad.inp, row 48 (L1), structure_type: OUTLET is not supported; "
        "right would be a pump, an orifice or a weir",
        f"bad.inp, row 9 (N2), invert: deep {number}",
        "bad.inp, row 25 (C2), shape: 1 sides are without friction; "
        "right would be 0: friction on both sides",
        f"bad.inp, row 26 (C3), side_slope: steep {number}",
        "bad.inp, row 26 (C3), barrels: 2 barrels are not supported; right would be 1",
        f"bad.inp, row 27 (C4), shape: CIRCULAR is not supported; right would be {shapes}",
        "bad.inp, row 22 (C6), offset: -0.5 m is below the node; "
        "right would be at least 0 m, the invert of the node",
        f"bad.inp, row 22 (C6), to_node: N9 is unknown; right would be {nodes}",
        f"bad.inp, row 52 (C8), offset: {number}",
        f"bad.inp, row 52 (C8), shape: is missing; right would be {shapes}",
        f"bad.inp, row 14 (Lake), storage_area: pi {number}",
        "bad.inp, row 15 (Pond), storage_area: PondCurve does not give the area; "
        "right would be a curve of rising depths in [CURVES], from 0 to at least 3.5 m",
        "bad.inp, row 50 (W2), structure_type: is not supported; right would be TRANSVERSE",
        "bad.inp, row 50 (W2), shape: is missing; right would be RECT_OPEN in [XSECTIONS]",
        f"bad.inp, row 50 (W2), offset: {number}",
        f"bad.inp, row 50 (W2), discharge_coefficient: {number}",
        "bad.inp, row 52 (C8), to_node: is empty; right would be a label",
        f"bad.inp, row 52 (C8), length: is empty; {length}",
        "bad.inp, row 19 (C3), width: ten is not valid; right would be a number from 0 to 1e+06 m",
        "bad.inp, row 21 (C4), reach: is repeated; right would be one row a key",
        "bad.inp, row 50 (W2), to_node: is empty; right would be a label",
        "bad.inp, row 22 (C6), length: 0.0 is not positive; right would be a length > 0 m",
    ]


def test_swmm_refuses_what_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.inp"
    path.write_bytes(MODEL.replace("Lake", "湖").encode("gb18030"))
    with pytest.raises(NetworkError, match="path: is not UTF-8; right would be text in UTF-8"):
        RiverNetwork.from_swmm(path)
    path.write_text(MODEL.replace("Lake", "湖"), "utf8")
    assert "湖" in RiverNetwork.from_swmm(path).nodes.index
    monkeypatch.setattr("permitload._swmm_file.MOST_BYTES", 1_000)
    with pytest.raises(NetworkError, match="path: is too large; right would be"):
        RiverNetwork.from_swmm(path)
    with pytest.raises(NetworkError, match=": is no file"):
        RiverNetwork.from_swmm(tmp_path)


# --- lines on a map


def line(*points: tuple[float, ...]) -> SimpleNamespace:
    """Whatever has coordinates, as the lines of shapely do."""
    return SimpleNamespace(coords=list(points))


# a triangle of sides 3000, 4000 and 5000 m whose corners are drawn up to 1 m apart
TRIANGLE = pd.DataFrame({
    "reach": ["R1", "R2", "R3"],
    "geometry": [
        line((500.0, 500.0), (2000.0, 500.0, 7.0), (3500.0, 500.0)),
        line((3500.0, 500.0), (3500.0, 4500.0)),
        line((3500.6, 4500.0), (500.0, 500.8)),
    ],
})  # fmt: skip


def test_ends_of_lines_that_meet_become_nodes() -> None:
    network = RiverNetwork.from_geodataframe(TRIANGLE)
    # from west to east: (500, 500), (3500, 500), (3500, 4500)
    assert network.reaches["from_node"].tolist() == ["n1", "n2", "n3"]
    assert network.reaches["to_node"].tolist() == ["n2", "n3", "n1"]
    assert network.reaches["length"].tolist()[:2] == [3000.0, 4000.0]
    assert network.reaches.loc["R3", "length"] == pytest.approx(np.hypot(3000.6, 3999.2), rel=1e-12)
    assert network.nodes.loc[["n1", "n2", "n3"], ["x", "y"]].to_numpy().tolist() == [
        [500.0, 500.0], [3500.0, 500.0], [3500.0, 4500.0]
    ]  # fmt: skip
    apart = RiverNetwork.from_geodataframe(TRIANGLE, tolerance=0.5)
    assert len(apart.nodes) == 5


@given(st.permutations(range(3)))
def test_nodes_of_lines_do_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    first = RiverNetwork.from_geodataframe(TRIANGLE)
    second = RiverNetwork.from_geodataframe(TRIANGLE.iloc[order])
    pd.testing.assert_frame_equal(second.reaches.loc[first.reaches.index], first.reaches)
    pd.testing.assert_frame_equal(second.nodes.sort_index(), first.nodes.sort_index())


def test_given_nodes_lengths_and_columns_of_lines_are_kept() -> None:
    frame = TRIANGLE.assign(from_node=["a", "b", "c"], to_node=["b", "c", "a"], width=9.0,
                            length=[3100.0, np.nan, 5100.0], colour="blue")  # fmt: skip
    parts = SimpleNamespace(geoms=[frame.loc[1, "geometry"]])
    frame["geometry"] = [frame.loc[0, "geometry"], parts, frame.loc[2, "geometry"]]
    network = RiverNetwork.from_geodataframe(frame.set_index("reach"))
    assert network.reaches["length"].tolist() == [3100.0, 4000.0, 5100.0]
    assert network.reaches["from_node"].tolist() == ["a", "b", "c"]
    assert network.reaches["width"].tolist() == [9.0] * 3 and "colour" not in network.reaches
    assert network.nodes.loc["a", ["x", "y"]].tolist() == [500.0, 500.0]
    swapped = frame.assign(from_node=["b", "b", "c"], to_node=["a", "c", "a"])
    with pytest.raises(NetworkError) as error:
        RiverNetwork.from_geodataframe(swapped)
    right = "right would be ends within 1 m, or from_node at the first point of the line"
    assert sentences(error.value) == [
        f"reaches, row node a, geometry: ends lie 3000 m apart; {right}",
        f"reaches, row node b, geometry: ends lie 3000 m apart; {right}",
    ]


def test_lines_that_are_none_and_degrees_are_refused() -> None:
    degrees = pd.DataFrame({"reach": ["R1"], "geometry": [line((120.1, 31.7), (120.2, 31.8))]})
    broken = pd.DataFrame({
        "reach": ["R1", "R2", "R3", "R4", "R5"],
        "geometry": [line((1e3, 1e3)), SimpleNamespace(geoms=[line(), line()]), None,
                     line((np.nan, 1e3), (2e3, 1e3)), line((1e3, 1e3), (2e3, 1e3))],
    })  # fmt: skip

    def fault_of(frame: pd.DataFrame) -> list[str]:
        with pytest.raises(NetworkError) as error:
            RiverNetwork.from_geodataframe(frame)
        return sentences(error.value)

    assert fault_of(degrees) == [
        "reaches, geometry: looks like degrees of longitude and latitude; "
        "right would be a projected system in metres"
    ]
    right = "is not a line; right would be one line of at least two finite points"
    assert fault_of(broken) == [f"reaches, row R{i}, geometry: {right}" for i in (1, 2, 3, 4)]
    assert fault_of(REACHES) == [
        "reaches, geometry: or reach is missing; right would be columns reach and geometry"
    ]


@pytest.mark.parametrize("geographic", [True, False])
def test_a_stated_coordinate_system_decides(geographic: bool) -> None:
    frame = pd.DataFrame({"reach": ["R1"], "geometry": [line((0.0, 0.0), (30.0, 40.0))]})
    frame.crs = SimpleNamespace(is_geographic=geographic)
    if geographic:
        with pytest.raises(NetworkError, match="looks like degrees"):
            RiverNetwork.from_geodataframe(frame)
    else:
        assert RiverNetwork.from_geodataframe(frame).reaches["length"].tolist() == [50.0]


def test_a_file_of_lines_becomes_a_network(tmp_path: Path) -> None:
    """Through a file and geopandas: multi-part lines, Chinese labels, a national grid."""
    geopandas = pytest.importorskip("geopandas")
    shapely = pytest.importorskip("shapely")
    drawn = [
        shapely.LineString([(500.0, 500.0), (2000.0, 500.0), (3500.0, 500.0)]),
        shapely.MultiLineString([[(3500.0, 500.0), (3500.0, 4500.0)]]),
        shapely.LineString([(3500.6, 4500.0, 2.0), (500.0, 500.8, 2.0)]),
    ]
    names = pd.DataFrame({"reach": ["R1", "R2", "东河"], "width": [9.0, 8.0, 7.0]})
    frame = geopandas.GeoDataFrame(names, geometry=drawn, crs="EPSG:4549")
    frame.to_file(tmp_path / "rivers.gpkg")
    read = geopandas.read_file(tmp_path / "rivers.gpkg")
    network = RiverNetwork.from_geodataframe(read)
    plain = RiverNetwork.from_geodataframe(TRIANGLE.assign(reach=names["reach"]))
    for name in ("from_node", "to_node", "length"):
        assert network.reaches[name].tolist() == plain.reaches[name].tolist()
    pd.testing.assert_frame_equal(network.nodes, plain.nodes)
    assert network.reaches["width"].tolist() == [9.0, 8.0, 7.0]
    renamed = RiverNetwork.from_geodataframe(read.rename_geometry("shape").set_index("reach"))
    pd.testing.assert_frame_equal(renamed.reaches, network.reaches)
    with pytest.raises(NetworkError, match="looks like degrees"):
        RiverNetwork.from_geodataframe(read.to_crs("EPSG:4326"))
    with pytest.raises(NetworkError) as error:
        RiverNetwork.from_geodataframe(read.to_crs("EPSG:2249"))
    assert "is in US survey foot; right would be a projected system in metres" in str(error.value)
    holes = geopandas.GeoDataFrame(
        names.iloc[:2], geometry=[shapely.LineString(), shapely.Point(1.0, 2.0)], crs="EPSG:4549"
    )
    with pytest.raises(NetworkError) as error:
        RiverNetwork.from_geodataframe(holes)
    assert [fault.row for fault in error.value.faults] == ["R1", "R2"]
