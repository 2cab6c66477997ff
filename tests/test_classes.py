"""Class of water by single factor, standard indices, and what may be observed."""

import re
from collections.abc import Callable
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import io, standards
from permitload.errors import DataError
from tests.test_standards import CLASSES, LAKES, TABLE_1

GRADES = [*CLASSES, "劣V"]


def observed(*rows: tuple[str, str, float], **columns: object) -> pd.DataFrame:
    """Samples of one section as (indicator, period, number); pH goes to its own column."""
    table = pd.DataFrame(rows, columns=["indicator", "period", "concentration"])
    acid = table["indicator"] == "pH"
    table = table.assign(section="S1", pH=table["concentration"].where(acid))
    return table.assign(concentration=table["concentration"].where(~acid), **columns)


def row_classes(table: pd.DataFrame, sections: pd.DataFrame | None = None) -> list[str]:
    """Class of each sample alone."""
    labels: list[str] = standards.classify(table, sections).rows["water_class"].tolist()
    return labels


LAKE = pd.DataFrame({"section": ["S1"], "water_type": ["lake"]})


@pytest.mark.parametrize(("text", "sections"), [(TABLE_1, None), (LAKES, LAKE)])
def test_class_changes_at_each_limit(text: str, sections: pd.DataFrame | None) -> None:
    for line in text.strip().splitlines():
        indicator, *cells = line.split()
        limits = [float(cell) for cell in cells]
        worse = 0.999 if indicator == "DO" else 1.001
        for limit in limits:
            first = limits.index(limit)
            beyond = first + limits.count(limit)
            table = observed((indicator, "dry", limit), (indicator, "wet", limit * worse))
            assert row_classes(table, sections) == [GRADES[first], GRADES[beyond]], line


@pytest.mark.parametrize(
    ("acid", "right"), [(6.0, "I"), (7.5, "I"), (9.0, "I"), (5.9, "劣V"), (9.1, "劣V")]
)
def test_ph_is_within_every_class_or_none(acid: float, right: str) -> None:
    assert row_classes(observed(("pH", "dry", acid))) == [right]


def test_lakes_and_rivers_differ_in_phosphorus_and_nitrogen() -> None:
    table = observed(("TP", "dry", 0.06), ("TN", "dry", 1.8))
    river, lake = standards.classify(table), standards.classify(table, LAKE)
    assert river.rows["water_class"].tolist() == ["II", ""]
    assert river.rows["reason"].tolist() == ["", "has no limit for rivers in GB 3838-2002"]
    assert river.sections[["water_class", "determined_by", "outside"]].values.tolist() == [
        ["II", "TP", "TN"]
    ]
    assert lake.rows["water_class"].tolist() == ["IV", "V"]
    assert lake.sections[["water_class", "determined_by", "outside"]].values.tolist() == [
        ["V", "TN", ""]
    ]


def test_permanganate_index_is_not_chemical_oxygen_demand() -> None:
    assert row_classes(observed(("COD", "dry", 12.0), ("CODMn", "dry", 12.0))) == ["I", "V"]


def test_low_oxygen_is_bad_water() -> None:
    table = observed(*[("DO", str(i), value) for i, value in enumerate([8.0, 6.5, 5.5, 4, 2.5, 1])])
    assert row_classes(table) == GRADES


def test_worst_item_decides_and_the_rest_is_named() -> None:
    table = observed(
        ("COD", "dry", 28.0), ("NH3-N", "dry", 1.4), ("TP", "dry", 0.05), ("TN", "dry", 9.0),
        ("AOX", "dry", 1.0), ("Sb", "dry", 0.004), ("FC", "dry", np.nan), ("T", "dry", np.nan),
    )  # fmt: skip
    found = standards.classify(table)
    assert found.sections.to_dict("records") == [
        {"section": "S1", "water_class": "IV", "determined_by": "COD, NH3-N", "not_judged": "",
         "outside": "AOX, FC, Sb, T, TN", "samples": 3}
    ]  # fmt: skip
    assert found.rows["reason"].tolist()[3:] == [
        "has no limit for rivers in GB 3838-2002",
        "has no limit in GB 3838-2002",
        "has no classes: a limit of sources of drinking water",
        "is outside the assessment of 环办〔2011〕22号",
        "is outside the assessment of 环办〔2011〕22号",
    ]


def test_section_without_any_assessed_item_has_no_class() -> None:
    found = standards.classify(observed(("TN", "dry", 1.0))).sections
    assert found[["water_class", "determined_by", "outside"]].values.tolist() == [["", "", "TN"]]


def test_periods_are_classed_by_their_means_and_the_year_by_theirs() -> None:
    # January: two samples, mean 10; February: one of 38; their mean is 24, that of all 19.3
    table = observed(("COD", "01", 5.0), ("COD", "01", 15.0), ("COD", "02", 38.0))
    table["date"] = ["2025-01-03", "2025-01-20", "2025-02-03"]
    found = standards.classify(table)
    assert found.periods[["period", "water_class"]].values.tolist() == [["01", "I"], ["02", "V"]]
    assert found.sections[["water_class", "samples"]].values.tolist() == [["IV", 3]]


def test_mean_at_a_limit_meets_it_whatever_its_last_digit() -> None:
    values = (0.1, 0.2, 0.3)
    assert sum(values) / 3 > 0.2  # binary digits alone
    table = observed(*[("TP", str(i), value) for i, value in enumerate(values)])
    assert standards.classify(table).sections["water_class"].tolist() == ["III"]


@pytest.mark.parametrize(
    ("indicator", "limit", "right", "reason"),
    [
        ("Hg", 0.00004, "I", ""),
        ("Hg", 0.00005, "I", ""),
        ("Hg", 0.0001, "", "below a detection limit: class I to III"),
        ("Pb", 0.2, "", "below a detection limit: class I to 劣V"),
        ("DO", 0.5, "劣V", ""),
        ("DO", 4.0, "", "below a detection limit: class IV to 劣V"),
    ],
)
def test_below_detection(indicator: str, limit: float, right: str, reason: str) -> None:
    table = observed((indicator, "dry", limit), below_detection=1)
    found = standards.classify(table)
    assert found.rows[["water_class", "reason"]].values.tolist() == [[right, reason]]
    assert found.sections["water_class"].tolist() == [right]
    assert found.sections["not_judged"].tolist() == ["" if right else indicator]


@pytest.mark.parametrize(("demand", "right"), [(14.0, ""), (19.0, "III"), (35.0, "V")])
def test_hidden_item_leaves_open_only_what_it_could_change(demand: float, right: str) -> None:
    """Mercury is class I to III: it cannot be worse than COD in class III or V."""
    table = observed(("Hg", "dry", 0.0001), ("COD", "dry", demand), below_detection=[1, 0])
    found = standards.classify(table).sections
    assert found[["water_class", "not_judged"]].values.tolist() == [[right, "Hg"]]


@settings(deadline=None)
@given(
    st.sampled_from([line.split()[0] for line in TABLE_1.strip().splitlines()]),
    st.lists(st.floats(0.0, 50.0), min_size=2, max_size=20),
)
def test_class_worsens_with_concentration(indicator: str, values: list[float]) -> None:
    values = sorted(values, reverse=indicator == "DO")
    table = observed(*[(indicator, str(i), value) for i, value in enumerate(values)])
    grades = [GRADES.index(label) for label in row_classes(table)]
    assert grades == sorted(grades)


SAMPLES = st.lists(
    st.tuples(
        st.sampled_from(["COD", "TP", "DO", "pH", "Hg", "TN"]),
        st.sampled_from(["01", "02", "03"]),
        st.floats(0.01, 14.0),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


def table_of(samples: list[tuple[str, str, float, bool]]) -> pd.DataFrame:
    """Samples of two sections, days apart; pH is never below detection."""
    table = observed(*[sample[:3] for sample in samples])
    hidden = [int(sample[3] and sample[0] != "pH") for sample in samples]
    days = pd.date_range("2025-01-01", periods=len(table))
    section = np.where(np.arange(len(table)) % 3, "S1", "S2")
    return table.assign(below_detection=hidden, date=days, section=section)


@settings(deadline=None)
@given(SAMPLES, st.randoms())
def test_order_of_samples_does_not_matter(
    samples: list[tuple[str, str, float, bool]], random: Random
) -> None:
    table = table_of(samples)
    turned = list(range(len(table)))
    random.shuffle(turned)
    found, other = standards.classify(table), standards.classify(table.iloc[turned])
    assert other.rows.sort_index().equals(found.rows)
    assert other.periods.equals(found.periods)
    assert other.sections.equals(found.sections)


@settings(deadline=None)
@given(SAMPLES)
def test_bounds_enclose_the_mean_and_the_input_is_kept(
    samples: list[tuple[str, str, float, bool]],
) -> None:
    table = table_of(samples)
    kept = table.copy(deep=True)
    means = standards.period_means(table)
    assert table.equals(kept)
    slack = 1e-12 * means["upper"]
    assert (means["lower"] <= means["value"] + slack).all()
    assert (means["value"] <= means["upper"] + slack).all()
    assert means["samples"].sum() == len(table)
    assert means["below_detection"].sum() == table["below_detection"].sum()


def test_mean_ph_is_that_of_hydrogen_ions() -> None:
    """1e-5 and 1e-9 mol/L: half of 1e-5, and log10 of 2 is 0.30103; never pH 7."""
    table = observed(("pH", "01", 5.0), ("pH", "01", 9.0), date=["2025-01-01", "2025-01-09"])
    assert standards.period_means(table)["value"].tolist() == pytest.approx([5.30099], abs=1e-5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"indicator": "NH3N"}, "NH3N is not spelt as in GB 3838-2002; right would be NH3-N"),
        ({"indicator": "CODcr"}, "CODcr is not spelt as in GB 3838-2002; right would be COD"),
        ({"indicator": "CODmn"}, "right would be CODMn"),
        ({"concentration": np.nan}, "concentration: is empty; right would be the concentration"),
        ({"indicator": "pH"}, "pH: is empty; right would be the pH of the sample"),
        ({"indicator": "pH"}, "concentration: 12 mg/L is no number of pH"),
        ({"pH": 7.0}, "pH: 7 is no number of COD; right would be an empty cell"),
        ({"indicator": "FC"}, "concentration: 12 mg/L is no number of FC"),
        ({"below_detection": 0.5}, "below_detection: 0.5 is not valid; right would be 0 or 1"),
        ({"below_detection": 1, "concentration": 0.0}, "1 has no detection limit"),
        ({"concentration": -1.0}, "-1.0 is not valid; right would be a number from 0 to 1e+06"),
        ({"period": ""}, "period: is empty"),
        ({"date": "May"}, "date: May is not valid; right would be a date such as 2025-01-31"),
    ],
)
def test_bad_observations_are_named(change: dict[str, object], sentence: str) -> None:
    table = observed(("COD", "dry", 12.0)).assign(**change)
    with pytest.raises(DataError, match=re.escape(sentence)) as error:
        standards.classify(table)
    assert str(error.value.faults[0]).startswith("observations, row S1")


def test_all_faults_of_observations_at_once() -> None:
    table = observed(("COD", "dry", np.nan), ("tp", "dry", 0.1), ("TP", "dry", 0.1))
    with pytest.raises(DataError) as error:
        standards.period_means(table)
    assert [fault.column for fault in error.value.faults] == ["concentration", "indicator"]


def test_repeated_samples_need_dates() -> None:
    with pytest.raises(DataError, match="is repeated"):
        standards.classify(observed(("COD", "dry", 12.0), ("COD", "dry", 13.0)))


def test_unknown_section_and_water_are_named() -> None:
    table = observed(("COD", "dry", 12.0))
    with pytest.raises(DataError, match="S1 is not a section; right would be one of S2"):
        standards.classify(table, LAKE.assign(section="S2"))
    with pytest.raises(DataError, match="sea is not valid; right would be river or lake"):
        standards.classify(table, LAKE.assign(water_type="sea"))


def test_file_of_observations_in_micrograms(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("observed") / "observations.csv"
    path.write_text(
        "section,indicator,period,date,concentration [ug/L],pH,below_detection\n"
        "S1,Hg,2025-01,2025-01-04,0.04,,1\nS1,pH,2025-01,2025-01-04,,7.2,\n"
        "S1,TP,2025-01,,150,,\n",
        "utf8",
    )
    found = standards.classify(io.read_table(path, "observations"))
    assert found.rows["water_class"].to_dict() == {2: "I", 3: "I", 4: "III"}
    assert found.sections["determined_by"].tolist() == ["TP"]


# --- indices -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("temperature", "measured"), [(0.0, 14.62), (10.0, 11.29), (20.0, 9.09), (30.0, 7.56)]
)
def test_saturation_of_fresh_water(temperature: float, measured: float) -> None:
    """Solubility tables of pure water at 101.325 kPa."""
    assert standards.oxygen_saturation(temperature) == pytest.approx(measured, rel=0.015)
    saltless = standards.oxygen_saturation_saline(temperature, 0.0)
    assert saltless == pytest.approx(standards.oxygen_saturation(temperature), rel=0.03)


@pytest.mark.parametrize(("temperature", "measured"), [(10.0, 9.02), (20.0, 7.38), (30.0, 6.22)])
def test_saturation_of_sea_water(temperature: float, measured: float) -> None:
    """Solubility tables of water of salinity 35."""
    found = standards.oxygen_saturation_saline(temperature, 35.0)
    assert found == pytest.approx(measured, rel=0.02)


@pytest.mark.parametrize(
    ("oxygen", "new", "old"),
    [(3.0, 5 / 3, 4.6), (5.0, 1.0, 1.0), (6.0, 5 / 6, 0.75), (9.0, 5 / 9, 0.0), (12.0, 0.75, 0.75)],
)
def test_both_forms_of_the_oxygen_index(oxygen: float, new: float, old: float) -> None:
    """Limit 5 mg/L, saturation 9 mg/L."""
    assert standards.oxygen_index(oxygen, 5.0, 9.0) == pytest.approx(new, rel=1e-14)
    assert standards.oxygen_index_1993(oxygen, 5.0, 9.0) == pytest.approx(old, abs=1e-14)


def test_water_without_oxygen() -> None:
    assert standards.oxygen_index(0.0, 5.0, 9.0) == np.inf
    assert standards.oxygen_index_1993(0.0, 5.0, 9.0) == 10.0


@settings(deadline=None)
@given(st.floats(0.1, 7.4), st.floats(0.0, 30.0))
def test_index_is_one_at_the_limit(limit: float, temperature: float) -> None:
    full = standards.oxygen_saturation(temperature)
    assert standards.oxygen_index(limit, limit, full) == 1.0
    assert standards.oxygen_index_1993(limit, limit, full) == 1.0
    assert standards.standard_index(limit, limit) == 1.0
    assert standards.exceedance(limit, limit) == 0.0
    assert standards.ph_index([6.0, 9.0]).tolist() == [1.0, 1.0]


@settings(deadline=None)
@given(st.floats(0.0, 20.0), st.floats(0.0, 20.0), st.sampled_from([2.0, 3.0, 5.0, 6.0]))
def test_index_exceeds_one_exactly_where_the_limit_is_not_met(
    oxygen: float, other: float, limit: float
) -> None:
    full = 9.07
    for index in (standards.oxygen_index, standards.oxygen_index_1993):
        low, high = sorted([oxygen, other])
        if high <= full:
            assert index(low, limit, full) >= index(high, limit, full)
        if low < 2.0 * full - limit - 1e-9:  # beyond, supersaturation alone makes it exceed 1
            assert (index(low, limit, full) > 1.0) == (low < limit)


@pytest.mark.parametrize(
    ("acid", "right"), [(5.0, 2.0), (6.5, 0.5), (7.0, 0.0), (8.0, 0.5), (10.0, 1.5)]
)
def test_ph_index(acid: float, right: float) -> None:
    assert standards.ph_index(acid) == right


def test_indices_take_arrays_of_any_shape() -> None:
    values = np.arange(1.0, 7.0).reshape(2, 3)
    assert standards.standard_index(values, [[2.0], [4.0]]).tolist() == [
        [0.5, 1.0, 1.5],
        [1.0, 1.25, 1.5],
    ]
    assert standards.exceedance(values, 4.0).tolist() == [[0.0, 0.0, 0.0], [0.0, 0.25, 0.5]]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: standards.standard_index([1.0, np.nan], 2.0), "row 1, concentration: nan is out"),
        (lambda: standards.standard_index(-1.0, 2.0), "concentration: -1.0 is out of range"),
        (lambda: standards.exceedance(1.0, 0.0), "limit: 0.0 is out of range"),
        (lambda: standards.oxygen_saturation(293.15), "right would be a number, -1 to 45"),
        (lambda: standards.oxygen_saturation_saline(20.0, 99.0), "salinity: 99.0 is out of range"),
        (lambda: standards.oxygen_index(7.0, 7.5, 7.4), "7.5 is not below the saturation of 7.4"),
        (lambda: standards.ph_index(14.5), "pH: 14.5 is out of range"),
        (lambda: standards.ph_index(7.0, 7.5, 9.0), "pH 7 is not between 7.5 and 9"),
    ],
)
def test_numbers_out_of_range_are_refused(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(DataError, match=re.escape(sentence)):
        call()
