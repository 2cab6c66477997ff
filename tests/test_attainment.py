"""Attainment of sections: rules, detection limits, missing months, limits that do not exist."""

import re
from collections.abc import Callable
from random import Random

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import standards
from permitload.errors import DataError

MONTHS = [f"{month:02d}" for month in range(1, 13)]
NUMBERS = ["value", "exceedance", "standard_index", "attained_share"]
RULES = [
    standards.annual_mean,
    standards.every_month,
    standards.monthly_share(0.8),
    standards.mean_and_share(),
]
Rule = Callable[[pd.DataFrame], bool | None]


def limits_of(
    *indicators: str, targets: pd.DataFrame | None = None, water_type: str = "river"
) -> xr.Dataset:
    """Limits of one section of class III in twelve months."""
    sections = pd.DataFrame(
        {"section": ["S1"], "reach": ["R1"], "water_class": ["III"], "water_type": [water_type]}
    )
    return standards.limits(sections, indicators, MONTHS, targets)


def series(indicator: str, values: list[float], **columns: object) -> pd.DataFrame:
    """One sample a month from January on."""
    table = pd.DataFrame({"section": "S1", "indicator": indicator, "period": MONTHS[: len(values)]})
    return table.assign(**{"pH" if indicator == "pH" else "concentration": values}, **columns)


def judge(
    observations: pd.DataFrame, limits: xr.Dataset, rule: Rule = standards.annual_mean
) -> pd.Series:
    """The one row of the first indicator."""
    return standards.attainment(observations, limits, rule).iloc[0]


def test_three_rules_differ_on_one_bad_month() -> None:
    """Eleven months at 18 and one at 42 mg/L: the mean is 20.0, and 11/12 of months attain."""
    observations, limits = series("COD", [18.0] * 11 + [42.0]), limits_of("COD")
    found = {
        rule.__name__: judge(observations, limits, rule)
        for rule in (*RULES, standards.monthly_share(0.95))
    }
    assert {name: row["attained"] for name, row in found.items()} == {
        "annual_mean": True, "every_month": False, "monthly_share(0.8)": True,
        "monthly_share(0.95)": False, "mean_and_share(0.8)": True,
    }  # fmt: skip
    for name, row in found.items():
        assert row["rule"] == name
        assert row[["value", "limit", "exceedance", "samples"]].tolist() == [20.0, 20.0, 0.0, 12]
        assert row["attained_share"] == pytest.approx(11 / 12, rel=1e-15)
        assert row[["unit", "sense", "missing_periods", "reason"]].tolist() == ["mg/L", "≤", "", ""]


def test_each_indicator_of_a_section_is_judged_by_itself() -> None:
    """P20: a section that misses COD has not missed NH3-N."""
    observations = pd.concat([series("COD", [26.0] * 12), series("NH3-N", [0.9] * 12)])
    found = standards.attainment(observations, limits_of("COD", "NH3-N"), standards.annual_mean)
    judged = found.set_index("indicator")["attained"]
    assert judged.to_dict() == {"COD": False, "NH3-N": True}


def test_exceedance_and_index_of_the_mean() -> None:
    """Ammonia of 1.0 and 2.0: mean 1.5, limit 1.0, half a limit too much."""
    row = judge(series("NH3-N", [1.0, 2.0]), limits_of("NH3-N"))
    assert not row["attained"]
    assert row[["value", "exceedance", "standard_index", "attained_share"]].tolist() == [
        1.5, 0.5, 1.5, 0.5,
    ]  # fmt: skip


def test_missing_months_are_named_with_the_number_of_samples() -> None:
    row = judge(series("COD", [18.0, 19.0, 17.0, 18.0]), limits_of("COD"))
    assert row["attained"]
    assert row["samples"] == 4
    assert row["missing_periods"] == ", ".join(MONTHS[4:])


def test_oxygen_is_a_least() -> None:
    """Taken for a most, 4 mg/L would attain and 6 mg/L exceed."""
    limits = limits_of("DO")
    low, high = judge(series("DO", [4.0]), limits), judge(series("DO", [6.0]), limits)
    assert [low["attained"], high["attained"]] == [False, True]
    assert [low["sense"], low["limit"]] == ["≥", 5.0]
    assert np.isnan([low["exceedance"], low["standard_index"], high["standard_index"]]).all()


def test_index_of_oxygen_needs_temperature() -> None:
    """At 20.4 °C water holds 468/52 = 9 mg/L; warmer than 62 °C it could not hold 5."""
    limits = limits_of("DO")
    observations = series("DO", [2.0, 4.0], temperature=[20.0, 20.8])
    assert judge(observations, limits)["standard_index"] == pytest.approx(5 / 3, rel=1e-14)
    old = standards.attainment(observations, limits, oxygen=standards.oxygen_index_1993)
    assert old["standard_index"].item() == pytest.approx(4.6, rel=1e-14)
    target = pd.DataFrame({"section": ["S1"], "indicator": ["DO"], "limit": [9.5]})
    row = judge(observations, limits_of("DO", targets=target))
    assert not row["attained"]
    assert np.isnan(row["standard_index"])


def test_ph_is_judged_without_being_asked_for() -> None:
    observations = pd.concat([series("COD", [18.0] * 3), series("pH", [9.2, 9.2, 9.2])])
    found = standards.attainment(observations, limits_of("COD")).set_index("indicator")
    assert found["attained"].to_dict() == {"COD": True, "pH": False}
    assert found.loc["pH", ["sense", "unit", "evidence"]].tolist() == ["6–9", "1", "secondary"]
    assert found.loc["pH", "standard_index"] == pytest.approx(1.1, rel=1e-12)
    assert np.isnan(found.loc["pH", "exceedance"])


DEMAND, TWO = limits_of("COD"), limits_of("TP", "DO")


# --- below detection -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detection", "attained", "value"),
    [(0.0001, True, 0.00005), (0.00005, True, 0.000025), (0.0002, None, np.nan)],
)
def test_detection_limit_against_the_limit(
    detection: float, attained: bool | None, value: float
) -> None:
    """Mercury, class III, 0.0001 mg/L: within it a detection limit attains, beyond nobody knows."""
    for rule in RULES:
        row = judge(series("Hg", [detection], below_detection=1), limits_of("Hg"), rule)
        assert (None if row["attained"] is pd.NA else bool(row["attained"])) is attained
        assert row["value"] == value or np.isnan([row["value"], value]).all()
        if attained is None:
            assert np.isnan([row[name] for name in NUMBERS]).all()
            assert row["reason"] == "samples below their detection limits leave it open"
        assert row[["samples", "below_detection"]].tolist() == [1, 1]
        assert row["note"].endswith(
            "1 of 1 samples below detection, at half the limit (unverified)"
        )


@pytest.mark.parametrize(
    ("values", "mean", "every"),
    [
        # January is below 0.3 mg/L, and so may or may not meet the limit of 0.2
        ([0.3, 0.1, 0.1], True, None),  # at most 0.5/3
        ([0.3, 0.1, 0.3], None, False),  # 0.4/3 or 0.7/3
        ([0.3, 0.3, 0.4], False, False),  # at least 0.7/3
    ],
)
def test_hidden_month_leaves_open_only_what_depends_on_it(
    values: list[float], mean: bool | None, every: bool | None
) -> None:
    observations = series("TP", values, below_detection=[1, 0, 0])
    rows = [judge(observations, limits_of("TP"), rule) for rule in RULES[:2]]
    found = [None if row["attained"] is pd.NA else row["attained"] for row in rows]
    assert found == [mean, every]
    # nothing is said of a mean that may lie on either side, even where a single month decides
    assert [np.isnan(row["value"]) for row in rows] == [mean is None, None in (mean, every)]


def test_oxygen_below_detection_fails_or_is_open() -> None:
    limits = limits_of("DO")
    assert not judge(series("DO", [0.5], below_detection=1), limits)["attained"]
    assert judge(series("DO", [5.5], below_detection=1), limits)["attained"] is pd.NA


# --- no limit ------------------------------------------------------------------------------------


def test_what_has_no_limit_needs_a_target_and_says_so() -> None:
    observations = pd.concat(
        [
            series("TN", [2.0]), series("AOX", [0.1]), series("Sb", [0.004]), series("F", [0.4]),
            series("FC", [np.nan]), series("COD", [18.0]),
        ]
    )  # fmt: skip
    found = standards.attainment(observations, limits_of("COD", "BOD5")).set_index("indicator")
    assert found["reason"].to_dict() == {
        "COD": "",
        "BOD5": "no sample",
        "AOX": "has no limit in GB 3838-2002; give a limit [mg/L] in standards",
        "F": "is not an indicator of limits",
        "FC": "is outside the assessment of 环办〔2011〕22号",
        "Sb": "is not an indicator of limits",
        "TN": "has no limit for rivers in GB 3838-2002; give a limit [mg/L] in standards",
    }
    unjudged = found.drop(index="COD")
    assert unjudged["attained"].isna().all()
    assert unjudged[NUMBERS].isna().all(axis=None)
    assert found.loc["BOD5", "missing_periods"] == ", ".join(MONTHS)


def test_target_is_judged_and_marked_as_given() -> None:
    targets = pd.DataFrame(
        {"section": "S1", "indicator": ["TN", "AOX"], "limit": [2.5, 0.05], "note": ["plan", ""]}
    )
    observations = pd.concat([series("TN", [2.0]), series("AOX", [0.1])])
    found = standards.attainment(observations, limits_of("TN", "AOX", "COD", targets=targets))
    assert found["attained"].tolist() == [True, False, pd.NA]
    assert found["evidence"].tolist() == ["given", "given", "secondary"]
    assert found["note"].tolist() == [
        "plan", "standards",
        "GB 3838-2002 Table 1, class III; "
        "digits from secondary sources, check the printed text 待核",
    ]  # fmt: skip


def test_lake_is_judged_as_a_lake() -> None:
    observations = pd.concat([series("TP", [0.1]), series("TN", [0.9])])
    lake = standards.attainment(observations, limits_of("TP", "TN", water_type="lake"))
    assert lake["attained"].tolist() == [False, True]
    assert standards.attainment(observations, limits_of("TP"))["attained"][0]


# --- rules ---------------------------------------------------------------------------------------


def test_limit_of_its_own_in_one_month() -> None:
    targets = pd.DataFrame(
        {"section": ["S1"], "indicator": ["COD"], "period": ["02"], "limit": [10.0]}
    )
    limits, observations = limits_of("COD", targets=targets), series("COD", [18.0, 12.0])
    with pytest.raises(DataError, match="COD at S1 differ between periods"):
        standards.attainment(observations, limits)
    row = judge(observations, limits, standards.every_month)
    assert not row["attained"]
    assert row[["value", "attained_share"]].tolist() == [15.0, 0.5]
    assert np.isnan([row["limit"], row["exceedance"], row["standard_index"]]).all()
    assert row["evidence"] == "secondary, given"


@pytest.mark.parametrize(
    ("values", "attained"),
    [
        ([15.0] * 9 + [21.0] * 3, False),  # mean 16.5, 75 % of months
        ([15.0] * 10 + [21.0] * 2, True),  # 83 %
        ([18.0] * 11 + [43.0], False),  # 92 %, mean 20.08
    ],
)
def test_mean_and_most_months(values: list[float], attained: bool) -> None:
    rule = standards.mean_and_share()
    assert judge(series("COD", values), limits_of("COD"), rule)["attained"] == attained


def test_mean_and_share_stays_open_only_where_neither_fails() -> None:
    """4 of 10 samples below a detection limit above the limit: the mean may be either."""
    limits, rule = limits_of("TP"), standards.mean_and_share(0.5)
    below = [0] * 6 + [1] * 4
    low = series("TP", [0.19] * 6 + [0.5] * 4, below_detection=below)
    assert judge(low, limits, rule)["attained"] is pd.NA
    high = series("TP", [0.25] * 6 + [0.5] * 4, below_detection=below)
    assert not judge(high, limits, rule)["attained"]  # at most 4 of 10 months


def test_rule_of_ones_own() -> None:
    def median(months: pd.DataFrame) -> bool:
        return bool(months["value"].median() <= months["most"].iloc[0])

    found = judge(series("COD", [5.0, 5.0, 90.0]), limits_of("COD"), median)
    assert (found["attained"], found["rule"]) == (True, "median")
    assert judge(series("COD", [5.0]), limits_of("COD"), lambda _: pd.NA)["attained"] is pd.NA


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, np.nan])
def test_share_is_a_share(share: float) -> None:
    with pytest.raises(DataError, match="right would be more than 0 to 1"):
        standards.monthly_share(share)
    with pytest.raises(DataError, match="right would be more than 0 to 1"):
        standards.mean_and_share(share)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.0, 60.0), min_size=1, max_size=12), st.floats(0.05, 1.0))
def test_stricter_rules_attain_less(values: list[float], share: float) -> None:
    observations, limits = series("COD", values), DEMAND
    every, mean, part, both = (
        judge(observations, limits, rule)["attained"]
        for rule in (
            standards.every_month,
            standards.annual_mean,
            standards.monthly_share(share),
            standards.mean_and_share(share),
        )
    )
    assert (not every or mean) and (not every or part)
    assert both == (mean and part)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.0, 0.5), st.booleans()), min_size=1, max_size=12),
    st.sampled_from(RULES),
    st.randoms(),
)
def test_order_does_not_matter_and_inputs_stay(
    samples: list[tuple[float, bool]], rule: Rule, random: Random
) -> None:
    values = [value + 0.001 for value, _ in samples]
    hidden = [int(below) for _, below in samples]
    observations = pd.concat(
        [
            series("TP", values, below_detection=hidden),
            series("DO", [20.0 * value for value in values], temperature=25.0),
        ],
        ignore_index=True,
    )
    kept = observations.copy(deep=True)
    limits = TWO
    before = limits.copy(deep=True)
    found = standards.attainment(observations, limits, rule)
    turned = list(range(len(observations)))
    random.shuffle(turned)
    assert standards.attainment(observations.iloc[turned], limits, rule).equals(found)
    assert observations.equals(kept)
    assert limits.identical(before)
    assert found.loc[found["attained"].isna(), NUMBERS].isna().all(axis=None)


# --- wrong input ---------------------------------------------------------------------------------


def test_strangers_are_named() -> None:
    observations = series("COD", [18.0, 18.0]).assign(section=["S1", "S7"], period=["01", "2024"])
    with pytest.raises(DataError) as error:
        standards.attainment(observations, limits_of("COD"))
    assert [str(fault) for fault in error.value.faults] == [
        "observations, row S7, COD, 2024, section: S7 is not a section of limits; "
        "right would be one of S1",
        "observations, row S7, COD, 2024, period: 2024 is not a period of limits; "
        "right would be one of 01, 02, 03, 04, 05, 06 and 6 more",
    ]


def test_limits_of_ones_own_need_a_sense_and_no_more() -> None:
    limits = limits_of("COD")
    bare = limits[["limit"]].reset_coords(drop=True)
    with pytest.raises(DataError, match=re.escape("sense: is no sense of a limit")):
        standards.attainment(series("COD", [18.0]), bare)
    own = bare.assign_coords(sense=("indicator", ["≤"]))
    row = judge(series("COD", [18.0]), own)
    assert (row["attained"], row["evidence"]) == (True, "given")
    with pytest.raises(DataError, match="is not a number"):
        standards.attainment(series("COD", [18.0]), limits.where(limits["period"] != "03"))
    acid = limits.assign_coords(indicator=["pH"])
    with pytest.raises(DataError, match="6 to 9 holds everywhere"):
        standards.attainment(series("COD", [18.0]), acid)


def test_nothing_observed_is_no_judgement() -> None:
    nothing = series("COD", []).assign(concentration=pd.Series(dtype=float))
    row = judge(nothing, DEMAND)
    assert row["attained"] is pd.NA
    assert row[["reason", "samples"]].tolist() == ["no sample", 0]
    assert standards.classify(nothing).sections.empty
