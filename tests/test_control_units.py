"""Control units: seven rules of delineation on drawn networks, then on random ones."""

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import RiverNetwork, sources, study
from permitload.errors import DataError
from tests.test_bad_input import MONTHS, STUDY, write


def river(*rows: str, polders: pd.DataFrame | None = None, gates: str = "") -> RiverNetwork:
    """Network from rows ``reach from to length [polder]`` and gates ``from>to``."""
    cells = [[*row.split(), ""][:5] for row in rows]
    table = pd.DataFrame(cells, columns=["reach", "from_node", "to_node", "length", "polder"])
    ends = [gate.split(">") for gate in gates.split()]
    links = pd.DataFrame(ends, columns=["from_node", "to_node"]).assign(structure_type="gate")
    links["structure"] = [f"G{i}" for i in range(len(links))]
    return RiverNetwork(table, structures=links, polders=polders)


def at(**places: str) -> pd.DataFrame:
    """Sections (or outlets) from ``label="reach position"`` or ``label="node"``."""
    rows = []
    for label, words in places.items():
        place, _, position = words.partition(" ")
        on = bool(position)
        rows.append((label, place if on else "", "" if on else place, float(position or 0)))
    return pd.DataFrame(rows, columns=["section", "reach", "node", "position"])


def outlets(**places: str) -> pd.DataFrame:
    return at(**places).rename(columns={"section": "outlet"})


def pumps(*rows: str) -> pd.DataFrame:
    """Pumps from rows ``polder outlet_reach capacity``."""
    columns = ["polder", "outlet_reach", "pump_capacity"]
    return pd.DataFrame([row.split() for row in rows], columns=columns)


def districts(**towns: str) -> pd.DataFrame:
    return pd.DataFrame({"reach": list(towns), "district": list(towns.values())})


def drawn(units: pd.DataFrame) -> list[str]:
    """Stretches as ``reach from-to unit``, sorted."""
    rows = zip(units["reach"], units["position"], units["position_to"], units["control_unit"],
               strict=True)  # fmt: skip
    return sorted(f"{r} {a:g}-{b:g} {u}" for r, a, b, u in rows)


# --- rule 1: one controlling section at the outlet of each unit, network units apart


def test_each_unit_ends_at_its_one_section() -> None:
    """Stretches end where sections cut; what lies below all of them falls to the last one.

    a --R1 1000-- b --R2 2000-- c --R3 500-- d      S1 at R1 600, S2 at node c
    R1 0-600 | S1 | R1 600-1000, R2 0-2000 | S2 | R3 0-500 to S2, nothing is below it.
    """
    network = river("R1 a b 1000", "R2 b c 2000", "R3 c d 500")
    units = network.control_units(at(S1="R1 600", S2="c"))
    assert drawn(units) == ["R1 0-600 S1", "R1 600-1000 S2", "R2 0-2000 S2", "R3 0-500 S2"]
    assert not units["bidirectional"].any()
    assert (units["controlling"] == units["control_unit"]).all()


def test_sections_in_a_drawn_cycle_share_one_network_unit() -> None:
    """h --R0-- a, ring a --R1-- b --R2-- c --R3-- a, c --R4-- z; S1 and S2 on the ring, S3 on R4.

    The ring is one unit with two controlling sections; only R4 above S3 is apart.
    """
    network = river("R0 h a 100", "R1 a b 100", "R2 b c 100", "R3 c a 100", "R4 c z 100")
    units = network.control_units(at(S1="R1 50", S2="R3 50", S3="R4 60"))
    # the parts of R2 and R4 at c: from c, S2 is 50 m off, S3 60 m
    assert drawn(units) == [
        "R0 0-100 S1+S2", "R1 0-50 S1+S2", "R1 50-100 S1+S2", "R2 0-100 S1+S2", "R3 0-50 S1+S2",
        "R3 50-100 S1+S2", "R4 0-60 S3", "R4 60-100 S3",
    ]  # fmt: skip
    flagged = units.groupby("control_unit")["bidirectional"].unique()
    assert flagged["S1+S2"].tolist() == [True]
    assert flagged["S3"].tolist() == [False]
    assert set(units["controlling"]) == {"S1+S2", "S3"}


def test_two_sections_at_one_place_judge_one_unit() -> None:
    network = river("R1 a b 1000", "R2 b c 1000")
    units = network.control_units(at(T="R1 400", S="R1 400", U="b", V="b"))
    assert drawn(units) == ["R1 0-400 S+T", "R1 400-1000 U+V", "R2 0-1000 U+V"]


def test_a_section_without_water_above_it_has_no_unit() -> None:
    """S1 stands at the source of the river, where R1 starts: all of R1 drains to S2."""
    network = river("R1 a b 1000")
    assert drawn(network.control_units(at(S1="a", S2="R1 900"))) == [
        "R1 0-900 S2",
        "R1 900-1000 S2",
    ]
    assert drawn(network.control_units(at(S1="R1 0", S2="b"))) == ["R1 0-1000 S2"]


def test_a_section_at_a_lake_takes_all_that_enters_it() -> None:
    """R1 and R2 enter lake m, R3 leaves it to nowhere: the section at m is just above R3."""
    network = river("R1 a m 100", "R2 b m 100", "R3 m z 100", "R4 m y 100")
    found = drawn(network.control_units(at(A="R4 10", M="m")))
    assert found == ["R1 0-100 M", "R2 0-100 M", "R3 0-100 M", "R4 0-10 A", "R4 10-100 A"]


# --- rule 2: catchment first, district second, polders whole


FORK = ("R1 a b 1000", "R2 b c 800", "R3 b d 300")
"""a --R1-- b, which parts into R2 to c and R3 to d."""


def test_catchment_comes_before_the_district() -> None:
    """R1 leads to S1 only, though its district is that of S2, one reach upstream."""
    network = river("R0 z a 50", "R1 a b 1000", "R2 b c 1000")
    towns = districts(R0="east", R1="east", R2="west")
    units = network.control_units(at(S1="R2 900", S2="R0 50"), districts=towns)
    assert drawn(units) == ["R0 0-50 S2", "R1 0-1000 S1", "R2 0-900 S1", "R2 900-1000 S1"]


def test_the_nearest_section_where_the_water_parts() -> None:
    """From b, S2 is 800 m down R2 and S3 300 m down R3: R1 goes to S3."""
    units = river(*FORK).control_units(at(S2="c", S3="d"))
    assert drawn(units) == ["R1 0-1000 S3", "R2 0-800 S2", "R3 0-300 S3"]


def test_the_district_decides_where_the_water_parts() -> None:
    """S3 is nearer, but R3 lies in another district than R1; a reach without one is no border."""
    sections = at(S2="c", S3="d")
    towns = districts(R1="west", R2="west", R3="east")
    found = river(*FORK).control_units(sections, districts=towns)
    assert drawn(found)[0] == "R1 0-1000 S2"
    unknown = river(*FORK).control_units(sections, districts=towns[:2])
    assert drawn(unknown)[0] == "R1 0-1000 S3"


def test_equal_distances_go_to_the_first_label() -> None:
    network = river("R1 a b 100", "R2 b c 300", "R3 b d 300")
    assert drawn(network.control_units(at(T="c", S="d")))[0] == "R1 0-100 S"


def test_a_polder_goes_whole_to_where_most_of_it_is_pumped() -> None:
    """Ditches P1 (to S1 by the drawing) and P2 (to nothing) lie in polder K.

    K pumps 2 + 2 m3/s to reaches of unit S2 and 3 m3/s to one of S1: 4 > 3, so K is S2's.
    """
    rows = ("R1 a b 100", "R2 b c 100", "R3 c d 100", "P1 p a 100 K", "P2 q r 100 K")
    network = river(*rows, polders=pumps("K R1 3", "K R2 2", "K R3 2"))
    units = network.control_units(at(S1="b", S2="R3 100"))
    assert drawn(units) == [
        "P1 0-100 S2", "P2 0-100 S2", "R1 0-100 S1", "R2 0-100 S2", "R3 0-100 S2"
    ]  # fmt: skip
    other = network.control_units(at(S1="b", S2="R3 100"), polders=pumps("K R1 5", "K R2 4"))
    assert drawn(other)[:2] == ["P1 0-100 S1", "P2 0-100 S1"]


def test_a_section_inside_a_polder_joins_the_unit_that_receives_it() -> None:
    """SK judges water inside polder K, which pumps into the unit of S1; M feeds the polder."""
    rows = ("R1 a b 100", "P1 p q 100 K", "P2 q r 100 K", "M m p 100")
    network = river(*rows, polders=pumps("K R1 1"))
    units = network.control_units(at(S1="b", SK="P2 40"))
    assert set(units["control_unit"]) == {"S1+SK"}
    assert set(units["controlling"]) == {"S1+SK"}
    at_node = network.control_units(at(S1="b", SK="q"))  # all reaches at q are in the polder
    assert set(at_node["control_unit"]) == {"S1+SK"}
    at_dyke = network.control_units(at(S1="b", SK="p"))  # at p, M comes in from outside
    assert drawn(at_dyke) == ["M 0-100 SK", "P1 0-100 S1", "P2 0-100 S1", "R1 0-100 S1"]


def test_a_polder_that_pumps_into_another_follows_it() -> None:
    """A pumps into B's ditch, B into R2 (unit S2), though B's ditch drains to S1 by the drawing."""
    rows = ("R1 a b 100", "R2 c d 100", "A1 m n 100 A", "B1 o a 100 B")
    network = river(*rows, polders=pumps("A B1 1", "B R2 1"))
    found = drawn(network.control_units(at(S1="b", S2="d")))
    assert found == ["A1 0-100 S2", "B1 0-100 S2", "R1 0-100 S1", "R2 0-100 S2"]


# --- rule 3: function zones do not cross a stretch


def test_stretches_end_where_the_class_of_water_changes() -> None:
    """Classes III above 700 m and IV below it, judged where they end: 0-700 and 700-1000."""
    units = river("R1 a b 1000").control_units(at(III="R1 700", IV="R1 1000"))
    zone = {"III": (0.0, 700.0), "IV": (700.0, 1000.0)}
    for row in units.itertuples():
        upper, lower = zone[str(row.control_unit)]
        assert upper <= row.position < row.position_to <= lower
    assert len(units) == 2


# --- rule 4: every outlet belongs to exactly one unit


def test_outlets_belong_to_the_unit_of_the_water_they_enter() -> None:
    """An outlet at a section is judged by it; at a node it goes where entering water does.

    a --R1 1000-- b --R2 1000-- c     S1 at R1 1000 (above node b), S2 at node c, c --R3-- d
    """
    network = river("R1 a b 1000", "R2 b c 1000", "R3 c d 1000")
    places = outlets(O1="R1 1000", O2="b", O3="R2 1000", O4="c", O5="R3 0", O6="d", O7="a")
    found = network.units_of(places, at(S1="R1 1000", S2="c"))
    assert found.to_dict() == {
        "O1": "S1", "O2": "S2", "O3": "S2", "O4": "S2", "O5": "S2", "O6": "S2", "O7": "S1"
    }  # fmt: skip
    assert found.name == "control_unit" and found.index.name == "outlet"


def test_an_outlet_at_a_node_follows_the_water_where_it_parts() -> None:
    """At b, S3 is nearer (300 m) than S2 (800 m); in a polder, an outlet goes with the polder."""
    assert river(*FORK).units_of(outlets(O="b"), at(S2="c", S3="d"))["O"] == "S3"
    rows = ("R1 a b 100", "R2 c d 100", "P1 p q 100 K", "P2 q a 100 K")
    network = river(*rows, polders=pumps("K R2 1"))
    found = network.units_of(outlets(inside="q", dyke="a"), at(S1="b", S2="d"))
    assert found.to_dict() == {"inside": "S2", "dyke": "S1"}


def test_an_outlet_at_a_node_changes_no_other_unit() -> None:
    """From n, RA (east) leads 100 m to A, RW (west) 900 m to W; U (west) leads to nothing.

    U joins the water of its own district, RW's. An outlet at n has no district: it goes to A.
    """
    network = river("RA n a 100", "RW n w 900", "U n u 50")
    known = {"sections": at(A="a", W="w"), "districts": districts(RA="east", RW="west", U="west")}
    assert network.units_of(outlets(O="U 20"), **known)["O"] == "W"
    both = network.units_of(outlets(O="U 20", N="n"), **known)
    assert both.to_dict() == {"O": "W", "N": "A"}


def test_a_spread_outlet_lies_in_one_unit_or_is_refused() -> None:
    network = river("R1 a b 1000")
    sections = at(S1="R1 400", S2="R1 900")
    farm = outlets(F="R1 400").assign(position_to=900.0)
    assert network.units_of(farm, sections)["F"] == "S2"
    assert network.units_of(farm.assign(position_to=1000.0), at(S="b"))["F"] == "S"
    with pytest.raises(DataError) as error:
        network.units_of(farm.assign(position=100.0), sections)
    assert [str(fault) for fault in error.value.faults] == [
        "outlets, row F, position_to: 900.0 lies in unit S2, but position in unit S1; "
        "right would be at most 400 m, and another row beyond"
    ]


def test_an_outlet_without_any_section_is_refused() -> None:
    network = river("R1 a b 1000", "R2 x y 1000")
    with pytest.raises(DataError, match="row O2, outlet: leads to no section; right would be"):
        network.units_of(outlets(O1="a", O2="R2 5"), at(S1="b"))


# --- rule 5: units are ordered from above to below; cycles only where units are bidirectional


def test_units_that_exchange_water_both_ways_are_bidirectional() -> None:
    """River a-b parts at b: 100 m to S1; by 300 m to S2 at c, and from c back to S1's reach.

    a -> b belongs to S1, b -> c to S2, c -> d to S1 again: S1 -> S2 -> S1 is a cycle of units.
    The part e -> f with S3 below them is in no cycle.
    """
    network = river("R1 a b 100", "R2 b d 100", "R3 b c 300", "R4 c d 100", "R5 d f 100")
    units = network.control_units(at(S1="R2 99", S2="c", S3="f"))
    assert drawn(units) == [
        "R1 0-100 S1", "R2 0-99 S1", "R2 99-100 S3", "R3 0-300 S2", "R4 0-100 S3", "R5 0-100 S3"
    ]  # fmt: skip
    assert not units["bidirectional"].any()  # S1 -> S2 -> S3 and S1 -> S3
    loop = network.control_units(at(S1="d", S2="c"))
    flags = loop.set_index("reach")["bidirectional"]
    assert drawn(loop)[:4] == ["R1 0-100 S1", "R2 0-100 S1", "R3 0-300 S2", "R4 0-100 S1"]
    assert flags.all()


# --- rule 6: no gap, no overlap; every side reach has a unit


def test_a_side_reach_below_the_last_section_goes_with_the_water_it_joins() -> None:
    """S1 at R1 500; R2 follows, side reach T joins at b, both below it; T2 joins T.

    Branch V parts from a above S1 and leads nowhere: it joins the water of a, which is S1's.
    """
    network = river("R0 h a 10", "R1 a b 1000", "R2 b c 10", "T t b 10", "T2 s t 10", "V a v 10")
    found = drawn(network.control_units(at(S0="R0 5", S1="R1 500")))
    assert found == [
        "R0 0-5 S0", "R0 5-10 S1", "R1 0-500 S1", "R1 500-1000 S1", "R2 0-10 S1", "T 0-10 S1",
        "T2 0-10 S1", "V 0-10 S1",
    ]  # fmt: skip


def test_a_branch_below_two_last_sections_goes_to_the_nearest() -> None:
    """Both S1 (100 m above c) and S2 (300 m above c) lie above the common end R3."""
    network = river("R1 a c 1000", "R2 b c 1000", "R3 c d 1000")
    found = drawn(network.control_units(at(S1="R1 900", S2="R2 700")))
    assert found[-1] == "R3 0-1000 S1"
    assert found[3] == "R2 700-1000 S2"


def test_water_passes_structures() -> None:
    """R1 ends at a gate, beyond which R2 holds the section: R1 is S1's."""
    network = river("R1 a b 100", "R2 c d 100", gates="b>c")
    assert drawn(network.control_units(at(S1="R2 60"))) == [
        "R1 0-100 S1", "R2 0-60 S1", "R2 60-100 S1"
    ]  # fmt: skip
    assert network.units_of(outlets(O="b"), at(S1="c", S2="R2 60"))["O"] == "S1"


# --- rule 7: piped wastewater is booked where the works lets it out


def test_a_source_behind_a_works_is_booked_at_the_outfall() -> None:
    """The factory stands at R1 100 (unit S1); its wastewater leaves works W at R1 800 (S2)."""
    network = river("R1 a b 1000")
    placed = sources.resolve(
        pd.DataFrame({"source": ["factory", "own"], "source_class": ["industry"] * 2,
                      "outlet": ["", "O1"], "works": ["W", ""], "wastewater_flow": [0.1, 0.0]}),
        pd.DataFrame({"works": ["W"], "pollutant": ["COD"], "outlet": ["OW"],
                      "design_flow": [0.2], "acceptance_concentration": [500.0],
                      "outlet_concentration": [50.0]}),
    ).set_index("source")  # fmt: skip
    units = network.units_of(outlets(O1="R1 100", OW="R1 800"), at(S1="R1 400", S2="b"))
    assert placed["outlet"].map(units).to_dict() == {"factory": "S2", "own": "S1"}


# --- faults


def test_faults_of_sections_polders_and_districts() -> None:
    network = river("R1 a b 100", "R2 x y 100", "P p q 10 K")

    def sentences(sections: pd.DataFrame, **tables: pd.DataFrame) -> list[str]:
        with pytest.raises(DataError) as error:
            network.control_units(sections, **tables)
        return [str(fault) for fault in error.value.faults]

    assert sentences(at(S1="R9 5", S2="R1 101", S3="q9")) == [
        "sections, row S1, reach: R9 is unknown; right would be a reach of the network",
        "sections, row S3, node: q9 is unknown; right would be a node of the network",
        "sections, row S2, position: 101.0 is not on its reach; "
        "right would be 0 ≤ position ≤ 100 m",
    ]
    assert sentences(at()) == ["sections, section: is empty; right would be a section"]
    assert sentences(at(S1="b")) == [
        "polders, row K, outlet_reach: is missing; right would be an outlet_reach outside the "
        "polder"
    ]
    assert sentences(at(S1="b"), polders=pumps("K P 1")) == sentences(at(S1="b"))
    assert sentences(at(S1="b"), polders=pumps("K R1 1")) == [
        "reaches, reach: R2 lead to no section; right would be a control section on every "
        "connected part of the network"
    ]
    towns = pd.DataFrame({"reach": ["R1", "R7", "R1"], "district": ["west", "", "east"]})
    assert sentences(at(S1="b"), polders=pumps("J R8 -1"), districts=towns) == [
        "polders, row J, R8, pump_capacity: -1 is not valid; "
        "right would be a number from 0 to 1e+06 m3/s",
        "districts, row R7, district: is empty; right would be a label",
        "districts, row R1, reach: is repeated; right would be one row a key",
        "polders, row J, outlet_reach: R8 is unknown; right would be a reach of reaches",
        "reaches, row P, polder: K has no pumps; right would be a polder of polders",
        "districts, row R7, reach: is unknown; right would be a reach of reaches",
    ]


# --- the same rules on random networks


class Drawing:
    """A random network of several parts with loops, polders, districts, structures, sections."""

    def __init__(self, seed: int, count: int, gates: bool = True) -> None:
        rng = np.random.default_rng(seed)
        nodes = [f"n{i}" for i in range(int(rng.integers(2, count + 3)))]
        ends = [rng.choice(nodes, 2, replace=False) for _ in range(count)]
        labels = [f"R{i}" for i in range(count)]
        walled = rng.choice(["", "", "", "K", "L"], count)
        walled[0] = ""
        self.reaches = pd.DataFrame({
            "reach": labels, "from_node": [a for a, _ in ends], "to_node": [b for _, b in ends],
            "length": rng.choice([100.0, 200.0, 350.5], count), "polder": walled,
        })  # fmt: skip
        used = sorted({*self.reaches["from_node"], *self.reaches["to_node"]})
        gate = rng.choice(used, 2, replace=False)[:, None][:, : int(gates)]
        self.structures = pd.DataFrame({"structure": "G", "structure_type": "gate",
                                        "from_node": gate[0], "to_node": gate[1]})  # fmt: skip
        self.polders = pd.DataFrame({"polder": ["K", "K", "L"], "pump_capacity": [3.0, 2.0, 1.0],
                                     "outlet_reach": ["R0", rng.choice(labels), "R0"]})  # fmt: skip
        self.polders = self.polders.drop_duplicates(["polder", "outlet_reach"])
        towns = rng.choice(["west", "east"], count)
        self.districts = pd.DataFrame({"reach": labels, "district": towns})
        self.sections = self._sections(rng)
        spots = rng.integers(count, size=3)
        share = rng.choice([0.0, 0.25, 0.5, 1.0], 3)
        self.outlets = pd.DataFrame({
            "outlet": [*"ABC", *used], "reach": [*np.array(labels)[spots], *[""] * len(used)],
            "node": [*[""] * 3, *used],
            "position": [*share * self.reaches["length"].to_numpy()[spots], *[0.0] * len(used)],
        })  # fmt: skip

    def _sections(self, rng: np.random.Generator) -> pd.DataFrame:
        """Sections anywhere, and one on every part so that all water leads to some."""
        parts = self.network.parts
        spots = [*rng.choice(self.reaches["reach"], int(rng.integers(1, 5))),
                 *parts.drop_duplicates().index]  # fmt: skip
        length = self.reaches.set_index("reach")["length"]
        share = rng.choice([0.0, 0.25, 0.5, 1.0], len(spots))
        ends = self.reaches.set_index("reach")["to_node"]
        held = rng.random(len(spots)) < 0.4
        return pd.DataFrame({
            "section": [f"S{i}" for i in range(len(spots))],
            "reach": ["" if h else r for h, r in zip(held, spots, strict=True)],
            "node": [ends[r] if h else "" for h, r in zip(held, spots, strict=True)],
            "position": [0.0 if h else s * length[r]
                         for h, s, r in zip(held, share, spots, strict=True)],
        })  # fmt: skip

    @property
    def network(self) -> RiverNetwork:
        return RiverNetwork(self.reaches, structures=self.structures, polders=self.polders)

    def units(self, districts: bool = True) -> pd.DataFrame:
        towns = self.districts if districts else None
        return self.network.control_units(self.sections, districts=towns)

    def stretches(self, units: pd.DataFrame) -> list[tuple[object, object, float, str, str]]:
        """Rebuild the graph from the table: tail, head, length, unit and reach of each stretch."""
        ends = self.reaches.set_index("reach")
        rows = []
        for row in units.itertuples():
            reach = ends.loc[row.reach]
            tail = reach["from_node"] if row.position == 0.0 else (row.reach, row.position)
            last = row.position_to == reach["length"]
            head = reach["to_node"] if last else (row.reach, row.position_to)
            size = row.position_to - row.position
            rows.append((tail, head, size, str(row.control_unit), str(row.reach)))
        return rows


drawings = st.builds(Drawing, st.integers(0, 2**32 - 1), st.integers(1, 14))
ungated = st.builds(Drawing, st.integers(0, 2**32 - 1), st.integers(1, 14), st.just(False))


@settings(max_examples=50, deadline=None)
@given(drawings)
def test_rules_hold_on_random_networks(drawing: Drawing) -> None:
    units = drawing.units()
    # rule 6: stretches follow each other from 0 to the length of every reach
    length = drawing.reaches.set_index("reach")["length"]
    ordered = units.sort_values(["reach", "position"]).groupby("reach")
    assert set(units["reach"]) == set(length.index)
    for reach, rows in ordered:
        cuts = [0.0, *rows["position_to"]]
        assert rows["position"].tolist() == cuts[:-1]
        assert cuts[-1] == length[reach] and cuts == sorted(set(cuts))
    # rule 2: no polder is cut
    walled = units.assign(polder=units["reach"].map(drawing.reaches.set_index("reach")["polder"]))
    assert (walled[walled["polder"] != ""].groupby("polder")["control_unit"].nunique() == 1).all()
    # rule 1: every unit is named after its sections, each of which judges one unit only
    named = [s for unit in units["control_unit"].unique() for s in unit.split("+")]
    assert len(named) == len(set(named)) and set(named) <= set(drawing.sections["section"])
    # rule 4: one unit for each outlet: of a stretch, or of a section that only the outlet is at
    found = drawing.network.units_of(drawing.outlets, drawing.sections, None, drawing.districts)
    assert found.index.tolist() == drawing.outlets["outlet"].tolist()
    assert {part for unit in found for part in unit.split("+")} <= set(drawing.sections["section"])
    for row in drawing.outlets[drawing.outlets["reach"] != ""].itertuples():
        if 0.0 < row.position < length[row.reach]:
            here = (units["reach"] == row.reach) & (units["position_to"] >= row.position)
            here &= units["position"] < row.position
            assert units.loc[here, "control_unit"].tolist() == [found[row.outlet]]


@settings(max_examples=50, deadline=None)
@given(ungated)
def test_cycles_of_units_are_flagged_and_no_others(drawing: Drawing) -> None:
    """Rule 5, found a second way: strong components of the river and of the graph of units."""
    units = drawing.units()
    rows = drawing.stretches(units)
    water: nx.MultiDiGraph = nx.MultiDiGraph((tail, head) for tail, head, *_ in rows)
    ring = {v: i for i, c in enumerate(nx.strongly_connected_components(water)) for v in c}
    flagged = {unit for tail, head, _, unit, _ in rows if ring[tail] == ring[head]}
    exchange: nx.DiGraph = nx.DiGraph()
    for _, head, _, above, _ in rows:
        exchange.add_edges_from(
            (above, below) for tail, _, _, below, _ in rows if tail == head and above != below
        )
    for group in nx.strongly_connected_components(exchange):
        flagged |= group if len(group) > 1 else set()
    assert set(units.loc[units["bidirectional"], "control_unit"]) == flagged
    order = exchange.subgraph(set(exchange) - flagged)
    assert nx.is_directed_acyclic_graph(order)


@settings(max_examples=50, deadline=None)
@given(ungated)
def test_stretches_drain_to_a_nearest_section_below(drawing: Drawing) -> None:
    """Without polders and districts: the first section below by a plain search of all ways."""
    drawing.reaches = drawing.reaches.assign(polder="")
    units = drawing.units(districts=False)
    ends = drawing.reaches.set_index("reach")
    spots: dict[object, set[str]] = {}
    for row in drawing.sections.itertuples():
        place = row.node or (row.reach, row.position)
        if row.reach and row.position in (0.0, ends.loc[row.reach, "length"]):
            return  # a section at the end of a reach is apart from the node: drawn tests see to it
        spots.setdefault(place, set()).add(str(row.section))
    river_graph: nx.MultiDiGraph = nx.MultiDiGraph()
    for tail, head, size, _, _ in drawing.stretches(units):
        # water leaves a spot by another vertex than it arrives at
        river_graph.add_edge(("out", tail) if tail in spots else tail, head, weight=size)
    for _, head, _, unit, _ in drawing.stretches(units):
        ways = nx.single_source_dijkstra_path_length(river_graph, head)
        below = {spot: ways[spot] for spot in spots if spot in ways}
        nearest = [spots[s] for s, far in below.items() if far <= min(below.values()) + 1e-9]
        assert not below or any(group <= set(unit.split("+")) for group in nearest)


@settings(max_examples=50, deadline=None)
@given(drawings, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(drawing: Drawing, random: object) -> None:
    units = drawing.units()
    found = drawing.network.units_of(drawing.outlets, drawing.sections, None, drawing.districts)
    for name in ("reaches", "polders", "sections", "districts", "outlets"):
        table = getattr(drawing, name)
        order = list(range(len(table)))
        random.shuffle(order)  # type: ignore[attr-defined]  # of hypothesis
        setattr(drawing, name, table.iloc[order].reset_index(drop=True))
    key = ["reach", "position"]
    again = drawing.units().sort_values(key).reset_index(drop=True)
    pd.testing.assert_frame_equal(units.sort_values(key).reset_index(drop=True), again)
    shuffled = drawing.network.units_of(drawing.outlets, drawing.sections, None, drawing.districts)
    assert shuffled.to_dict() == found.to_dict()


def test_a_study_with_water_that_leads_to_no_section_has_no_units(tmp_path: Path) -> None:
    """It is drawn all the same, without maps by unit; the permits are those of the rest alone."""
    idle = {
        "reaches": "R9,X,Y,1000,5\n",
        "flows": "".join(f"R9,{month},1.0,0.2\n" for month in MONTHS),
        "boundaries": "".join(f"X,{month},1.0\nY,{month},-1.0\n" for month in MONTHS),
        "inflow": "X,COD,,12\nX,NH3-N,,0.4\n",
    }
    found = {}
    for nodes in ("ABCDE", "ABCDEXY"):
        more = idle if "X" in nodes else {}
        rows = "".join(f"{node},{100 * i},{10 * i * i}\n" for i, node in enumerate(nodes))
        (tmp_path / nodes).mkdir()
        texts = {name: text + more.get(name, "") for name, text in STUDY.items()}
        write(tmp_path / nodes, texts | {"nodes": "node,x [m],y [m]\n" + rows})
        found[nodes] = study.run(tmp_path / nodes)
    permits, units, maps = (
        [part(results) for results in found.values()]
        for part in (
            lambda results: (results / "permits.csv").read_text("utf8"),
            lambda results: len(pd.read_csv(results / "units.csv")),
            lambda results: len([*results.glob("figures/map_*"), *results.glob("figures/units_*")]),
        )
    )
    assert permits[0] == permits[1]
    assert units == [4, 0]
    assert maps == [3, 0]
