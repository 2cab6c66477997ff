"""Numbers of standards as tables: what is there, how it is known, and rows of one's own."""

import re

import pandas as pd
import pytest

from permitload import io, schema, standards
from permitload.errors import DataError
from tests.test_standards import CLASSES, LAKES, TABLE_1

# Keyed again, direct and indirect; nothing of the library's own text is read.
DYEING = {
    "Table 2": "BOD5 20 - SS 50 100 colour 50 80 NH3-N 10 20 TN 15 30 TP 0.5 1.5 ClO2 0.5 0.5 "
    "AOX 12 12 S2 0.5 0.5 COD 80 -",
    "Table 3": "COD 60 80 BOD5 15 20 SS 20 50 colour 30 50 NH3-N 8 10 TN 12 15 TP 0.5 0.5 "
    "ClO2 0.5 0.5 AOX 8 8",
}
# Works: COD, NH3-N, TN, TP; where a second number stands it is for water of 12 °C or less.
WORKS = [
    ("GB 18918-2002", "grade 1A", "50 5(8) 15 0.5"),
    ("DB32/1072-2018", "works, protection zones 1 and 2 of Taihu", "40 3(5) 10(12) 0.3"),
    ("DB32/1072-2018", "works, other areas", "50 4(6) 12(15) 0.5"),
    ("DB32/4440-2022", "grade A", "30 1.5(3) 10(12) 0.3"),
    ("DB32/4440-2022", "grade B", "40 3(5) 10(12) 0.3"),
    ("DB32/4440-2022", "grade C", "50 4(6) 12(15) 0.5"),
]
TABLE_3 = """
chloroform 0.06; benzene 0.01; nitrobenzene 0.017; carbon tetrachloride 0.002; toluene 0.7;
dinitrobenzenes 0.5; dichloromethane 0.02; ethylbenzene 0.3; nitrochlorobenzenes 0.05;
bromoform 0.1; xylenes 0.5; 2,4-dinitrotoluene 0.0003; 1,2-dichloroethane 0.03; cumene 0.25;
2,4-dichlorophenol 0.093; epichlorohydrin 0.02; styrene 0.02; 2,4,6-trichlorophenol 0.2;
vinyl chloride 0.005; chlorobenzene 0.3; pentachlorophenol 0.009; 1,1-dichloroethylene 0.03;
1,2-dichlorobenzene 1.0; aniline 0.1; 1,2-dichloroethylene 0.05; 1,4-dichlorobenzene 0.3;
benzidine 0.0002; trichloroethylene 0.07; trichlorobenzenes 0.02; acrylamide 0.0005;
tetrachloroethylene 0.04; tetrachlorobenzenes 0.02; acrylonitrile 0.1; chloroprene 0.002;
hexachlorobenzene 0.05; pyridine 0.2; hexachlorobutadiene 0.0006; formaldehyde 0.9; DBP 0.003;
DEHP 0.008; Sb 0.005; Ni 0.02; Tl 0.0001; Mo 0.07; Co 1.0; Be 0.002; B 0.5; Ba 0.7; V 0.05; Ti 0.1;
hydrazine hydrate 0.01; active chlorine 0.01; yellow phosphorus 0.003; benzo(a)pyrene 0.0000028;
PCBs 0.00002; methylmercury 0.000001; acetaldehyde 0.05; acrolein 0.1; chloral 0.01;
2,4,6-trinitrotoluene 0.5; 2,4-dinitrochlorobenzene 0.5; tetraethyllead 0.0001; turpentine 0.2;
picric acid 0.5; butyl xanthate 0.005; DDT 0.001; lindane 0.002; heptachlor epoxide 0.0002;
parathion 0.003; methyl parathion 0.002; malathion 0.05; dimethoate 0.08; dichlorvos 0.05;
trichlorfon 0.05; demeton 0.03; chlorothalonil 0.01; carbaryl 0.05; deltamethrin 0.02;
atrazine 0.003; microcystin-LR 0.001
"""
DOCUMENTS = ["GB 4287-2012", "GB 18918-2002", "DB32/1072-2018", "DB32/4440-2022", "GB 21900-2008"]


def number(**labels: str) -> float:
    """The one number with these labels."""
    table = standards.emission_limits()
    for name, label in labels.items():
        table = table[table[name] == label]
    assert len(table) == 1, labels
    return float(table["value"].iloc[0])


@pytest.mark.parametrize("clause", DYEING)
def test_dyeing_limits(clause: str) -> None:
    words = DYEING[clause].split()
    table = standards.emission_limits(document="GB 4287-2012")
    table = table[(table["clause"] == clause) & (table["quantity"] == "emission_limit")]
    plain = table[table["condition"] == ""].set_index(["pollutant", "discharge"])["value"]
    right = {
        (words[i], way): float(cell)
        for i in range(0, len(words), 3)
        for way, cell in zip(("direct", "indirect"), words[i + 1 : i + 3], strict=True)
        if cell != "-"
    }
    assert plain.to_dict() == right


def test_dyeing_limits_that_were_amended_are_the_amended_ones() -> None:
    table = standards.emission_limits(document="GB 4287-2012")
    seen = table[table["evidence"] == "seen"]
    assert (seen["basis"] == "statutory").all()
    assert seen["clause"].str.contains("amendment of 2015-03-27").all()
    found = seen[["pollutant", "discharge", "value"]].sort_values(
        ["pollutant", "discharge", "value"]
    )
    assert found.values.tolist() == [
        ["BOD5", "indirect", 50.0], ["BOD5", "indirect", 150.0], ["COD", "indirect", 200.0],
        ["COD", "indirect", 500.0], ["Sb", "direct", 0.1], ["Sb", "indirect", 0.1],
    ]  # fmt: skip
    urban = table["note"].str.contains("through urban sewers the direct limits hold")
    assert (urban == (table["discharge"] == "indirect")).all()


@pytest.mark.parametrize(("document", "clause", "cells"), WORKS)
def test_limits_of_works(document: str, clause: str, cells: str) -> None:
    for pollutant, cell in zip(("COD", "NH3-N", "TN", "TP"), cells.split(), strict=True):
        warm, _, cold = cell.rstrip(")").partition("(")
        labels = {"document": document, "clause": clause, "pollutant": pollutant}
        if cold:
            assert number(**labels, condition="water ≤ 12 degC") == float(cold)
            labels["condition"] = "water > 12 degC"
        assert number(**labels) == float(warm)


def test_other_limits_and_benchmarks() -> None:
    works = {"document": "GB 18918-2002", "clause": "grade 1A"}
    found = {p: number(**works, pollutant=p) for p in ("BOD5", "SS", "LAS", "oil", "FC")}
    assert found == {"BOD5": 10.0, "SS": 10.0, "LAS": 0.5, "oil": 1.0, "FC": 1000.0}
    table = standards.emission_limits().set_index("quantity").loc["benchmark_drainage"]
    assert set(table["unit"]) == {"m3/t", "L/m2"}
    assert sorted(table["value"]) == [
        85.0, 100.0, 110.0, 140.0, 175.0, 200.0, 250.0, 300.0, 350.0, 500.0, 500.0, 560.0, 575.0,
        640.0,
    ]  # fmt: skip
    units = standards.emission_limits().set_index("pollutant")["unit"]
    assert set(units["colour"]) == {"1"}
    assert units["FC"] == "1/L"


def test_permit_of_a_dyeing_works_by_benchmark_drainage() -> None:
    """20 000 t/a of cotton at 140 m3/t and 60 mg/L are 168 t/a of COD."""
    water = number(
        document="GB 4287-2012", clause="Table 2",
        condition="woven cotton, linen, chemical fibre and blends",
    )  # fmt: skip
    demand = number(document="GB 4287-2012", clause="Table 3", pollutant="COD", discharge="direct")
    assert 20000 * water * demand * 1e-6 == pytest.approx(168.0, rel=1e-14)


@pytest.mark.parametrize(
    ("pollutant", "tonnes"), [("COD", 438.0), ("NH3-N", 32.85), ("TN", 109.5), ("TP", 3.285)]
)
def test_load_of_a_works_of_grade_b(pollutant: str, tonnes: float) -> None:
    """Works of 30 000 m3/d."""
    table = standards.emission_limits(document="DB32/4440-2022")
    table = table[(table["clause"] == "grade B") & ~table["condition"].str.contains("≤")]
    limit = table.set_index("pollutant")["value"][pollutant]
    assert 3e4 * limit * 365 * 1e-6 == pytest.approx(tonnes, rel=1e-14)


def test_nothing_from_memory_is_called_law() -> None:
    table = standards.emission_limits()
    assert list(table.columns) == [c.name for c in schema.TABLES["emission_limits"].columns]
    assert not table.duplicated(list(schema.TABLES["emission_limits"].key)).any()
    assert (table[["document", "clause", "unit", "evidence"]] != "").all(axis=None)
    assert set(table["evidence"]) <= set(io.CHOICES["evidence"])
    assert ((table["basis"] == "statutory") == (table["evidence"] == "seen")).all()
    assert table["document"].unique().tolist() == DOCUMENTS
    local = table["document"].str.startswith("DB32")
    assert (table["evidence"][local] == "uncertain").all()


@pytest.mark.parametrize("document", ["GB/T 31962-2015", "GB 31573-2015", "DB32/3432-2018"])
def test_document_without_known_numbers_says_so(document: str) -> None:
    with pytest.raises(DataError, match="has no number that is known well enough"):
        standards.emission_limits(document=document)
    own = pd.DataFrame(
        {"document": [document], "pollutant": ["F"], "value": [6.0], "unit": ["mg/L"]}
    )
    found = standards.emission_limits(own, document)
    assert found[["value", "basis", "evidence"]].values.tolist() == [[6.0, "assumed", "given"]]


def test_document_that_nobody_knows() -> None:
    right = "GB 9 has no number here; right would be own rows, or one of GB 4287-2012, "
    with pytest.raises(DataError, match=re.escape(right)):
        standards.emission_limits(document="GB 9")


def test_law_from_secondary_sources_is_flagged() -> None:
    own = pd.DataFrame(
        {"document": "GB 9-2030", "pollutant": ["COD", "TP", "TN"], "value": 1.0, "unit": "mg/L",
         "basis": ["statutory", "statutory", "assumed"], "note": ["", "a leaflet", ""],
         "evidence": ["secondary", "secondary", "secondary"]}
    )  # fmt: skip
    found = standards.emission_limits(own, "GB 9-2030")
    flag = "digits from secondary sources, check the printed text 待核"
    assert found["note"].tolist() == [flag, f"a leaflet; {flag}", ""]
    again = standards.emission_limits(found, "GB 9-2030")
    assert again["note"].tolist() == found["note"].tolist()


def test_own_rows_replace_and_join(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("own") / "emission_limits.csv"
    path.write_text(
        "document,clause,pollutant,discharge,condition,value,unit,basis,evidence,note\n"
        "GB 4287-2012,Table 2,COD,direct,,75,mg/L,statutory,verified,read by hand\n"
        "DB32/1072-2018,dyeing,COD,direct,,60,mg/L,,,\n",
        "utf8",
    )
    own = io.read_table(path, "emission_limits")
    kept = own.copy(deep=True)
    before, after = standards.emission_limits(), standards.emission_limits(own)
    assert own.equals(kept)
    assert len(after) == len(before) + 1
    changed = (after.iloc[: len(before)] != before).any(axis=1)
    assert after[: len(before)][changed][
        ["document", "value", "basis", "evidence", "note"]
    ].values.tolist() == [["GB 4287-2012", 75.0, "statutory", "verified", "read by hand"]]
    assert after.iloc[-1][["value", "basis", "evidence"]].tolist() == [60.0, "assumed", "given"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"basis": "statutory", "evidence": "memory"},
            "basis: statutory is no basis of a number whose evidence is memory; "
            "right would be assumed, or evidence verified",
        ),
        ({"evidence": "sure"}, "evidence: sure is not valid; right would be one of verified, seen"),
        ({"discharge": "sewer"}, "sewer is not valid; right would be one of direct, indirect"),
        ({"quantity": "flow"}, "flow is not valid; right would be one of emission_limit"),
        ({"basis": "law"}, "law is not valid; right would be one of statutory, pilot, assumed"),
        ({"value": -1.0}, "value: -1 is too small; right would be at least 0"),
        ({"value": float("nan")}, "value: is empty"),
        ({"unit": ""}, "unit: is empty"),
    ],
)
def test_bad_rows_are_named(change: dict[str, object], sentence: str) -> None:
    own = {"document": ["D"], "pollutant": ["COD"], "value": [1.0], "unit": ["mg/L"]}
    with pytest.raises(DataError, match=re.escape(sentence)):
        standards.emission_limits(pd.DataFrame(own).assign(**change))


# --- GB 3838-2002 ------------------------------------------------------------------------------


def test_quality_limits_are_all_there_with_their_evidence() -> None:
    table = standards.quality_limits()
    assert (table["document"] == "GB 3838-2002").all()
    assert (table["evidence"] == "secondary").all()
    assert table["name"].str.contains("[\u4e00-\u9fff]|pH").all()
    place = ["clause", "indicator", "water_type", "water_class", "sense"]
    found = table.set_index(place)["value"]
    assert found.index.is_unique
    right: dict[tuple[str, ...], float] = {}
    for text, lake in ((TABLE_1, False), (LAKES, True), ("FC 200 2000 10000 20000 40000", False)):
        for line in text.strip().splitlines():
            indicator, *cells = line.split()
            water = "lake" if lake else "river" if indicator == "TP" else ""
            for label, cell in zip(CLASSES, cells, strict=True):
                side = "≥" if indicator == "DO" else "≤"
                right["Table 1", indicator, water, label, side] = float(cell)
    right["Table 1", "pH", "", "", "≥"], right["Table 1", "pH", "", "", "≤"] = 6.0, 9.0
    right["Table 1", "T", "", "", "rise ≤"], right["Table 1", "T", "", "", "fall ≤"] = 1.0, 2.0
    for cell in ["SO4 250", "Cl 250", "NO3-N 10", "Fe 0.3", "Mn 0.1"]:
        right["Table 2", cell.split()[0], "", "", "≤"] = float(cell.split()[1])
    for cell in TABLE_3.replace("\n", " ").split(";"):
        name, _, value = cell.strip().rpartition(" ")
        right["Table 3", name, "", "", "≤"] = float(value)
    assert found.to_dict() == right
    # the standard numbers 24 + 5 + 80 items
    items = table.groupby("clause")["indicator"].nunique()
    assert items.to_dict() == {"Table 1": 24, "Table 2": 5, "Table 3": 80}
    assert table.groupby("name")["indicator"].nunique().max() == 1
    assert set(table["unit"][table["indicator"].isin(["T", "pH", "FC"])]) == {"degC", "1", "1/L"}


def test_items_that_can_be_limits_are_those_of_the_table() -> None:
    table = standards.quality_limits()
    assert set(standards.items()) == set(table["indicator"][table["unit"] == "mg/L"])
