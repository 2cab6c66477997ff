"""Limits of GB 3838-2002, targets that replace them, and limits that do not exist."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from permitload import io, standards
from permitload.errors import DataError

# Keyed again from the standard, class I to V, as text: no number is shared with the library.
TABLE_1 = """
DO 7.5 6 5 3 2
CODMn 2 4 6 10 15
COD 15 15 20 30 40
BOD5 3 3 4 6 10
NH3-N 0.15 0.5 1.0 1.5 2.0
TP 0.02 0.1 0.2 0.3 0.4
Cu 0.01 1.0 1.0 1.0 1.0
Zn 0.05 1.0 1.0 2.0 2.0
F 1.0 1.0 1.0 1.5 1.5
Se 0.01 0.01 0.01 0.02 0.02
As 0.05 0.05 0.05 0.1 0.1
Hg 5e-5 5e-5 1e-4 1e-3 1e-3
Cd 0.001 0.005 0.005 0.005 0.01
Cr6 0.01 0.05 0.05 0.05 0.1
Pb 0.01 0.01 0.05 0.05 0.1
CN 0.005 0.05 0.2 0.2 0.2
phenol 0.002 0.002 0.005 0.01 0.1
oil 0.05 0.05 0.05 0.5 1.0
LAS 0.2 0.2 0.2 0.3 0.3
S2 0.05 0.1 0.2 0.5 1.0
"""
LAKES = "TP 0.01 0.025 0.05 0.1 0.2\nTN 0.2 0.5 1.0 1.5 2.0"
CLASSES = ("I", "II", "III", "IV", "V")
UNCHECKED = "digits from secondary sources, check the printed text 待核"


def sections(**columns: list[str]) -> pd.DataFrame:
    base = {"section": ["S1", "S2"], "reach": ["R1", ""], "node": ["", "N2"]}
    return pd.DataFrame({**base, "water_class": ["III", "IV"], **columns})


@pytest.mark.parametrize("water_class", CLASSES)
@pytest.mark.parametrize(("text", "water_type"), [(TABLE_1, "river"), (LAKES, "lake")])
def test_table_1(text: str, water_type: str, water_class: str) -> None:
    """P19: NH3-N has 0.15 in class I and 0.5 in class II, among all other rows."""
    for row in text.strip().splitlines():
        indicator, *limits = row.split()
        right = float(limits[CLASSES.index(water_class)])
        assert standards.class_limit(indicator, water_class, water_type) == right, indicator


@pytest.mark.parametrize("indicator", standards.items())
def test_limits_loosen_with_the_class(indicator: str) -> None:
    values = [standards.class_limit(indicator, water_class, "lake") for water_class in CLASSES]
    steps = np.diff(values)
    assert (steps <= 0).all() if standards.sense(indicator) == "≥" else (steps >= 0).all()
    assert all(value > 0.0 for value in values)


@pytest.mark.parametrize(
    ("indicator", "right"),
    [("Sb", 0.005), ("benzene", 0.01), ("aniline", 0.1), ("dichloromethane", 0.02),
     ("Ni", 0.02), ("nitrobenzene", 0.017), ("chloroform", 0.06), ("SO4", 250.0), ("Mn", 0.1)],
)  # fmt: skip
def test_drinking_water_items_are_marked(indicator: str, right: float) -> None:
    found = standards.limits(sections(), [indicator], ["dry"])
    assert (found["limit"] == right).all()
    assert (found["basis"] == "assumed").all()
    assert found["note"].str.contains("sources of drinking water").all()


def test_limits_are_labelled() -> None:
    table = sections(water_type=["river", "lake"])
    found = standards.limits(table, ["TP", "DO", "COD"], ["wet", "dry"])
    assert found["limit"].dims == ("section", "indicator", "period")
    assert found["limit"].sel(section="S1", period="dry").values.tolist() == [0.2, 5.0, 20.0]
    assert found["limit"].sel(section="S2", period="wet").values.tolist() == [0.1, 3.0, 30.0]
    assert found["sense"].values.tolist() == ["≤", "≥", "≤"]
    assert (found["basis"] == "statutory").all()
    assert found["note"].sel(section="S1", indicator="TP", period="dry").item() == (
        "GB 3838-2002 Table 1, class III; " + UNCHECKED
    )
    places = {name: found[name].values.tolist() for name in ("reach", "node", "water_type")}
    assert places == {"reach": ["R1", ""], "node": ["", "N2"], "water_type": ["river", "lake"]}


def test_targets_replace_the_class_and_the_period_wins() -> None:
    rows = [
        ("S1", "COD", "", "II", np.nan, "pilot", "plan 2025"),
        ("S1", "COD", "wet", "", 18.0, "statutory", ""),
        ("S2", "TN", "", "", 1.5, "", ""),
        ("S1", "TN", "", "", 2.0, "", ""),
        ("S1", "DO", "", "II", np.nan, "", ""),
        ("S2", "DO", "", "IV", np.nan, "statutory", "plan 2026"),
    ]
    names = ["section", "indicator", "period", "water_class", "limit", "basis", "note"]
    targets = pd.DataFrame(rows, columns=names)
    found = standards.limits(sections(), ["COD", "TN", "DO"], ["dry", "wet"], targets)
    at = found.sel(section="S1", indicator="COD")
    assert at["limit"].values.tolist() == [15.0, 18.0]
    assert at["basis"].values.tolist() == ["pilot", "statutory"]
    assert at["note"].values.tolist() == ["plan 2025", "standards"]
    assert found["limit"].sel(indicator="TN", period="wet").values.tolist() == [2.0, 1.5]
    assert found["limit"].sel(indicator="DO", period="dry").values.tolist() == [6.0, 3.0]
    assert found["basis"].sel(section="S2", indicator="TN", period="dry").item() == "assumed"
    # law by a class is flagged, as its digits are the library's; law by a limit is the user's
    law = found["note"].sel(section="S2", indicator="DO", period="dry").item()
    assert law == f"plan 2026; {UNCHECKED}"


def test_no_law_without_a_flag() -> None:
    """Whatever is called statutory is verified, seen or given, or says that it is not."""
    own = pd.DataFrame(
        {"section": ["S1"], "indicator": ["COD"], "limit": [18.0], "basis": ["statutory"]}
    )
    found = standards.limits(sections(), standards.items()[:20], ["dry"], own)
    loose = (found["basis"] == "statutory") & ~found["evidence"].isin(["verified", "seen", "given"])
    assert int(loose.sum()) == 39
    np.testing.assert_array_equal(found["note"].str.contains(UNCHECKED), loose)


def test_all_missing_limits_at_once() -> None:
    """P17: TN has no limit in a river, and says so."""
    with pytest.raises(DataError) as error:
        standards.limits(sections(), ["TN", "AOX", "pH", "COD"], ["wet", "dry"])
    assert [str(fault) for fault in error.value.faults] == [
        f"sections, row {section}, water_class: {water_class} is no target: {sentence}"
        for section, water_class in (("S1", "III"), ("S2", "IV"))
        for sentence in (
            "TN has no limit for rivers in GB 3838-2002; "
            "right would be a limit [mg/L] in standards",
            "AOX has no limit in GB 3838-2002; right would be a limit [mg/L] in standards",
            "pH is judged by a range of 6 to 9, which is not supported; "
            "right would be an indicator in mg/L",
        )
    ]


def test_class_target_without_limit_is_named() -> None:
    targets = pd.DataFrame({"section": ["S1"], "indicator": ["TN"], "water_class": ["II"]})
    with pytest.raises(DataError, match=re.escape("standards, row S1, TN, indicator: TN has no")):
        standards.limits(sections(), ["TN"], ["dry"], targets)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"section": ["S9"]}, "S9 is not a section; right would be one of S1, S2"),
        ({"water_class": ["II"], "limit": [3.0]}, "II is given, and so is limit"),
        ({}, "is empty, and so is limit; right would be a class or a limit"),
    ],
)
def test_contradictory_targets(change: dict[str, list[object]], sentence: str) -> None:
    targets = pd.DataFrame({"section": ["S1"], "indicator": ["COD"], **change})
    with pytest.raises(DataError, match=re.escape(sentence)):
        standards.limits(sections(), ["COD"], ["dry"], targets)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("COD", "VI"), "COD has no limit in class VI; right would be a class I, II, III, IV or V"),
        (("COD", "III", "sea"), "in water of type sea; right would be river or lake"),
        (("FC", "III"), "is judged by a count of coliform"),
        (("T", "III"), "is judged by a rise of the weekly mean temperature"),
    ],
)
def test_class_limits_that_do_not_exist(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(DataError, match=re.escape(sentence)):
        standards.class_limit(*arguments)


def test_limits_can_be_saved_and_do_not_change_their_inputs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    table = sections()
    kept = json.dumps(table.to_dict("list"))
    found = standards.limits(table, ["COD"], ["dry"])
    assert json.dumps(table.to_dict("list")) == kept
    path = tmp_path_factory.mktemp("limits") / "limits.nc"
    io.write_dataset(found, path)
    assert io.read_dataset(path).equals(found)


def test_order_of_rows_does_not_matter() -> None:
    found = standards.limits(sections(), ["COD", "TP"], ["dry"])
    turned = standards.limits(sections().iloc[::-1], ["TP", "COD"], ["dry"])
    assert turned.reindex_like(found).equals(found)
