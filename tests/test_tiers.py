"""Tiers: the worked example, the sixteen rules, lines, closure, and what is asked for."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import tiers
from permitload.errors import DataError
from tests.tier_parks import (
    CASE,
    LABELS,
    NAMES,
    applications,
    area,
    capacities,
    emissions,
    lines,
    rated,
)

EXPECTED, ATOL = CASE["expected"], CASE["tolerance"]


def permits(attaining: bool, **changed: Any) -> pd.DataFrame:
    return tiers.limits(applications(**changed), area(attaining), emissions(), lines())


# The worked example


def test_worked_example_intensities() -> None:
    found = tiers.intensities(emissions(), capacities()).set_index("enterprise").loc[NAMES]
    np.testing.assert_allclose(found["intensity"], EXPECTED["intensity"], 0, ATOL["intensity"])
    assert found["rank"].to_list() == [1, 2, 4, 3, 5, 6, 8, 7]
    assert (found["reason"] == "").all()


def test_worked_example_lines() -> None:
    found = lines().set_index("line")["baseline"].to_dict()
    assert found == pytest.approx(EXPECTED["baseline"], abs=ATOL["baseline"])
    assert list(found) == ["advanced", "average", "poor"]
    # park total over park capacity: the average line times all capacity gives the total back
    total = sum(masses[-1] for masses in CASE["inputs"]["emission"])
    capacity = sum(CASE["inputs"]["production_capacity"])
    assert found["average"] * capacity / 1000 == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("kind", ["attaining", "non_attaining"])
def test_worked_example_permits(kind: str) -> None:
    found = permits(kind == "attaining")
    assert found["enterprise"].to_list() == NAMES
    np.testing.assert_allclose(found["permit"], EXPECTED[kind], rtol=0, atol=ATOL["permit"])
    assert found["permit"].sum() == pytest.approx(EXPECTED[f"{kind}_sum"], abs=ATOL["sum"])
    assert found["current_permit"].sum() == EXPECTED["current_sum"]
    assert (found["area_kind"] == kind).all()
    np.testing.assert_allclose(found["cut_mass"], found["current_permit"] - found["permit"])


def test_worked_example_traps() -> None:
    numbers = [*lines()["baseline"], *permits(True)["permit"], *permits(False)["permit"]]
    for name, wrong in CASE["traps"].items():
        assert not np.isclose(numbers, wrong, rtol=0, atol=1e-3).any(), name


def test_worked_example_by_hand_in_fractions() -> None:
    """Second way: bare arithmetic, no table."""
    i_c = 0.5 * (3.2 + 509 / 99)
    assert permits(False)["permit"].to_list() == pytest.approx(
        [64, 36, 69, 57, i_c * 18, i_c * 8, 32.0, 19.2], rel=1e-12
    )
    attaining = [70.4, 39.6, 72.45, 59.85, 108, 56, 5090 / 99, 3054 / 99]
    assert permits(True)["permit"].to_list() == pytest.approx(attaining, rel=1e-12)


def test_transition_of_d() -> None:
    found = permits(True).set_index("enterprise")
    # half way between 51.414 and 92, but the permit in force is 90: 71.7; E8 45.4 of 60
    assert found.loc["E7", "interim_permit"] == pytest.approx((92 + 5090 / 99) / 2)
    assert found.loc["E8", "interim_permit"] == pytest.approx((60 + 3054 / 99) / 2)
    assert found.loc[["E7", "E8"], "interim_until"].to_list() == ["2024-01-01"] * 2
    assert found.loc["E1":"E6", "interim_permit"].isna().all()
    capped = permits(True, current_permit=[120, 70, 100, 95, 140, 64, 60, 66])
    assert capped.set_index("enterprise").loc["E7", "interim_permit"] == 60.0


# The sixteen rules


def one(attaining: bool, applicant: str, tier: str, **changed: Any) -> pd.Series:
    """Permit of one enterprise of 10,000 t/a under lines 2, 4 and 6 kg/t: 20, 40 and 60 t/a."""
    new = applicant == "new"
    row = {
        "enterprise": "E", **LABELS, "park": "P", "tier": tier, "comparable": "g",
        "production_capacity": 1e4, "years_in_production": 0.5 if new else 5.0,
        "trigger": "change", "effective_date": "2023-07-01", "current_permit": 200.0,
        "specification_load": 90.0, "eia_approval": 80.0,
    } | changed  # fmt: skip
    years = pd.DataFrame(
        {"enterprise": "E", **LABELS, "year": [2020, 2021, 2022], "emission": [70.0, 100.0, 30.0]}
    )
    stated = pd.DataFrame(
        {"comparable": "g", **LABELS, "line": ["advanced", "average", "poor"],
         "baseline": [2.0, 4.0, 6.0]}
    )  # fmt: skip
    found = tiers.limits(pd.DataFrame([row]), area(attaining), years, stated)
    return found.iloc[0]


SIXTEEN = {
    (True, "new", "A"): (80.0, "eia_approval"),
    (True, "new", "B"): (80.0, "eia_approval"),
    (True, "new", "C"): (80.0, "eia_approval"),
    (True, "new", "D"): (80.0, "eia_approval"),
    (False, "new", "A"): (20.0, "line_load"),
    (False, "new", "B"): (20.0, "line_load"),
    (False, "new", "C"): (20.0, "line_load"),
    (False, "new", "D"): (20.0, "line_load"),
    (True, "existing", "A"): (110.0, "greatest_emission"),
    (True, "existing", "B"): (105.0, "greatest_emission"),
    (True, "existing", "C"): (60.0, "line_load"),
    (True, "existing", "D"): (40.0, "line_load"),
    (False, "existing", "A"): (60.0, "line_load"),
    (False, "existing", "B"): (40.0, "line_load"),
    (False, "existing", "C"): (30.0, "line_load"),
    (False, "existing", "D"): (20.0, "line_load"),
}


@pytest.mark.parametrize("place", list(SIXTEEN))
def test_every_rule(place: tuple[bool, str, str]) -> None:
    found = one(*place)
    permit, stopped_by = SIXTEEN[place]
    assert (found["permit"], found["stopped_by"]) == (pytest.approx(permit, rel=1e-12), stopped_by)
    attaining, applicant, tier = place
    words = f"{'attaining' if attaining else 'non-attaining'} area, {applicant}, tier {tier}"
    assert found["branch"].startswith(words)
    assert ("达标区" if attaining else "非达标区") in found["branch_zh"]
    assert f"{tier}级" in found["branch_zh"]
    assert "annex 8" in found["document"]
    assert ("assumed" in found["basis"]) == (applicant == "existing")
    assert found["trigger"] == "change" and "变更" in found["sentence_zh"]
    assert found["effective_date"] == pd.Timestamp("2023-07-01")
    assert "外排" in found["sentence_zh"] and "discharged" in found["sentence"]


def test_sixteen_are_all_and_distinct() -> None:
    table = tiers.branches()
    assert len(table) == 16 and set(SIXTEEN) == {
        (a == "attaining", b, c) for a, b, c in table.index
    }
    assert table["branch"].is_unique and table["branch_zh"].is_unique


def test_new_in_non_attaining_waits_for_the_legal_text() -> None:
    found = one(False, "new", "")
    assert found["permit"] == 20.0 and found["interim_permit"] == 80.0
    assert "legal text" in found["interim_until"]
    assert one(True, "new", "")["interim_until"] == ""
    assert "not rated" in found["branch"] and "未评级" in found["branch_zh"]
    assert np.isnan(one(True, "new", "")["interim_permit"])


@pytest.mark.parametrize("tier", list("ABCD"))
def test_new_ignores_the_tier_and_existing_ignores_the_eia(tier: str) -> None:
    for attaining in (True, False):
        assert one(attaining, "new", tier)["permit"] == one(attaining, "new", "")["permit"]
        low = one(attaining, "existing", tier, eia_approval=1.0, specification_load=1.0)
        assert low["permit"] == one(attaining, "existing", tier)["permit"]


def test_one_year_of_production_is_existing_and_a_first_application_is_new() -> None:
    assert one(True, "existing", "A", years_in_production=1.0)["applicant"] == "existing"
    assert one(True, "existing", "A", years_in_production=0.999)["applicant"] == "new"
    first = one(True, "existing", "A", trigger="first", current_permit=np.nan)
    assert first["applicant"] == "new" and "首次申请" in first["sentence_zh"]


def test_never_above_the_present_permit_unless_asked() -> None:
    kept = permits(True, current_permit=[65.0] * 8)
    assert kept["permit"].max() == 65.0
    assert kept.set_index("enterprise").loc["E1", "stopped_by"] == "current_permit"
    free = tiers.limits(applications(current_permit=[65.0] * 8), area(True), emissions(), lines(),
                        tiers.Policy(keep_permit=False))  # fmt: skip
    assert free["permit"].to_list() == pytest.approx(EXPECTED["attaining"], abs=ATOL["permit"])
    # not even asked for where it does not bound
    tiers.limits(applications(current_permit=np.nan), area(True), emissions(), lines(),
                 tiers.Policy(keep_permit=False))  # fmt: skip


def test_areas_are_per_pollutant() -> None:
    """P20: an enterprise may stand in both areas, one pollutant each."""
    both = pd.concat([applications(), applications(pollutant="TN")])
    years = pd.concat([emissions(), emissions().assign(pollutant="TN")])
    found = tiers.baselines(tiers.intensities(years, capacities()), rated())
    areas = pd.concat([area(True), area(False, "TN")])
    table = tiers.limits(both, areas, years, found)
    for pollutant, kind in (("COD", "attaining"), ("TN", "non_attaining")):
        own = table[table["pollutant"] == pollutant]
        assert own["permit"].to_list() == pytest.approx(EXPECTED[kind], abs=ATOL["permit"])


def test_allowance_stays_within_capacity_and_a_major_change() -> None:
    def first(output: float, policy: tiers.Policy | None = None) -> pd.Series:
        years = emissions().assign(output=output)
        return tiers.limits(applications(), area(True), years, lines(), policy).iloc[0]

    assert first(19000.0)["allowance"] == pytest.approx(20 / 19 - 1)
    assert first(10000.0)["allowance"] == 0.10
    assert first(21000.0)["allowance"] == 0.0
    assert first(21000.0)["permit"] == 64.0
    wide = tiers.Policy(branches=tiers.branches(allowances={"A": 0.5}))
    assert first(np.nan, wide)["allowance"] == 0.30


def test_greatest_year_flags_what_is_missing_and_low() -> None:
    years = emissions()
    years = years[(years["enterprise"] != "E1") | (years["year"] != 2021)].assign(output=100.0)
    years.loc[(years["enterprise"] == "E2") & (years["year"] == 2021), "output"] = 40.0
    found = tiers.limits(applications(), area(False), years, lines()).set_index("enterprise")
    assert found.loc["E1", ["greatest_emission", "missing_years"]].to_list() == [60.0, "2021"]
    assert "no emission of 2021" in found.loc["E1", "reason"]
    # 36 in a year of 40 % output is abnormal; 34 is the greatest that counts
    assert found.loc["E2", ["greatest_emission", "dropped_years"]].to_list() == [34.0, "2021"]
    assert found.loc["E3", "reason"] == ""
    # years outside the three before the permit do not count
    later = tiers.limits(
        applications(effective_date="2024-01-01"), area(False), emissions(), lines()
    )
    assert later["missing_years"].unique().tolist() == ["2023"]
    assert later["greatest_emission"].iloc[0] == 64.0
    assert tiers.limits(applications(effective_date="2025-01-01"), area(False), emissions(),
                        lines())["greatest_emission"].iloc[0] == 58.0  # fmt: skip


def test_permutation_changes_nothing() -> None:
    order = np.random.default_rng(3).permutation
    years, asked = emissions(), applications()
    mixed = years.iloc[order(len(years))]
    again = tiers.baselines(
        tiers.intensities(mixed, capacities().iloc[order(8)]), rated().iloc[order(8)]
    )
    pd.testing.assert_frame_equal(again, lines())
    pd.testing.assert_frame_equal(
        tiers.limits(asked.iloc[order(8)], area(True), mixed, again), permits(True)
    )


def test_inputs_are_not_changed() -> None:
    given = (applications(), area(True), emissions(), lines())
    before = [table.copy() for table in given]
    tiers.limits(*given)
    for table, old in zip(given, before, strict=True):
        pd.testing.assert_frame_equal(table, old)


# Properties

amount = st.floats(0.1, 1e3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(amount, min_size=3, max_size=3),
    amount,
    amount,
    st.lists(amount, min_size=3, max_size=3),
)
def test_better_tier_never_lowers_the_permit(
    years: list[float], capacity: float, current: float, three: list[float]
) -> None:
    asked = pd.DataFrame(
        {"enterprise": list("abcd"), **LABELS, "park": "P", "tier": list("ABCD"),
         "comparable": "g", "production_capacity": 1e3 * capacity, "years_in_production": 5.0,
         "trigger": "renewal", "effective_date": "2023-01-01", "current_permit": current}
    )  # fmt: skip
    past = pd.DataFrame(
        [{"enterprise": e, **LABELS, "year": 2020 + k, "emission": v}
         for e in "abcd" for k, v in enumerate(years)]
    )  # fmt: skip
    stated = pd.DataFrame({"comparable": "g", **LABELS, "line": list(tiers.LINES),
                           "baseline": sorted(three)})  # fmt: skip
    found = {
        a: tiers.limits(asked, area(a), past, stated)["permit"].to_numpy() for a in (True, False)
    }
    for permit in found.values():
        assert (np.diff(permit) <= 1e-9).all()
        assert (permit <= min(current, 1.1 * max(years)) * (1 + 1e-12)).all()
    assert (found[False] <= found[True] + 1e-9).all()


@pytest.mark.filterwarnings("ignore:.*out of order")  # few enterprises, close together
@settings(max_examples=60, deadline=None)
@given(st.lists(amount, min_size=4, max_size=9), st.floats(0.01, 3.0))
def test_lines_scale_with_emission_and_stay_in_order(values: list[float], factor: float) -> None:
    names = [f"E{i:02d}" for i in range(len(values))]
    table = pd.DataFrame({"enterprise": names, **LABELS, "year": 2022, "emission": sorted(values)})
    capacity = pd.DataFrame({"comparable": "g", "production_capacity": 1e3}, index=names)
    rating = pd.Series(["ABCD"[min(i, 3)] for i in range(len(names))], names)
    one = tiers.baselines(tiers.intensities(table, capacity), rating)["baseline"].to_numpy()
    more = table.assign(emission=table["emission"] * factor)
    two = tiers.baselines(tiers.intensities(more, capacity), rating)["baseline"].to_numpy()
    np.testing.assert_allclose(two, factor * one, rtol=1e-9)
    assert (np.diff(one) >= -1e-12).all()


# Lines


def test_few_enterprises_and_statistics() -> None:
    own = tiers.intensities(emissions(), capacities())
    few = own[own["enterprise"].isin(["E1", "E2", "E3", "E5", "E6"])]
    found = tiers.baselines(few, rated()).set_index("line")
    assert found.loc["advanced", "baseline"] == 2.9  # three of A and B: the least
    assert found.loc["poor", "baseline"] == 6.125  # two of C and D: the greatest
    assert found["members"].to_list() == [3.0, 5.0, 2.0]
    # numpy's own percentile is the second way
    ab = own[own["enterprise"].isin(NAMES[:4])]["intensity"]
    assert tiers.quantile(0.25, 1, tiers.least)(own[own["enterprise"].isin(NAMES[:4])]) == (
        pytest.approx(np.percentile(ab, 25), rel=1e-12)
    )


def test_lines_out_of_order_are_sorted_with_a_warning() -> None:
    turned = pd.Series(list("DDCCBBAA"), NAMES)
    own = tiers.intensities(emissions(), capacities())
    with pytest.warns(
        UserWarning, match="woven, COD, discharged: computed lines were out of order"
    ):
        found = tiers.baselines(own, turned)
    assert found["baseline"].is_monotonic_increasing
    assert found["note"].str.contains("sorted").all()


def test_undefined_line_is_asked_for_and_can_be_stated() -> None:
    own = tiers.intensities(emissions(), capacities())
    only = rated().replace({"A": "C", "B": "C"})
    with pytest.raises(DataError) as caught:
        tiers.baselines(own, only)
    assert str(caught.value) == (
        "1 fault:\n  baselines, row woven, COD, discharged, advanced: is undefined: no enterprise "
        "of tier A or B has an intensity; right would be a row of tier_lines [kg/t]"
    )
    stated = pd.DataFrame({"comparable": ["woven"], **LABELS, "line": ["advanced"],
                           "baseline": [3.0], "document": ["park of the same kind"]})  # fmt: skip
    found = tiers.baselines(own, only, stated).set_index("line")
    assert found.loc["advanced", ["baseline", "evidence"]].to_list() == [3.0, "stated"]
    left = tiers.baselines(own, only, needed=("average", "poor"))
    assert left["line"].to_list() == ["average", "poor"]
    with pytest.raises(DataError, match="comparable: woven has no advanced line"):
        tiers.limits(applications(), area(False), emissions(), left)


def test_stated_line_out_of_order_is_refused_not_moved() -> None:
    own = tiers.intensities(emissions(), capacities())
    stated = pd.DataFrame({"comparable": ["woven"], **LABELS, "line": ["advanced"],
                           "baseline": [7.0], "document": ["x"]})  # fmt: skip
    with pytest.raises(
        DataError, match=r"average: .* is below the advanced line; .*at least 7 kg/t"
    ):
        tiers.baselines(own, rated(), stated)


def test_capacity_of_zero() -> None:
    bare = capacities().assign(production_capacity=[2e4, 1e4, 1.5e4, 1.2e4, 1.8e4, 8e3, 1e4, 0.0])
    own = tiers.intensities(emissions(), bare).set_index("enterprise")
    assert np.isnan(own.loc["E8", "intensity"])
    assert own.loc["E8", "reason"] == "emission without capacity: left out of lines"
    found = tiers.baselines(own.reset_index(), rated())
    assert found.set_index("line")["members"].to_dict() == {"advanced": 4, "average": 7, "poor": 3}
    asked = applications().drop(columns=list(bare)).join(bare, on="enterprise")
    with pytest.raises(
        DataError, match=r"row E8, COD, discharged, production_capacity: 0 t/a stands"
    ):
        tiers.limits(asked, area(True), emissions(), found)


@pytest.mark.parametrize("tier", list("ABCD"))
def test_capacity_of_zero_is_asked_for_under_every_rule(tier: str) -> None:
    for attaining in (True, False):
        with pytest.raises(DataError, match="production_capacity: 0 t/a stands beside an emission"):
            one(attaining, "existing", tier, production_capacity=0.0)
    if tier in "CD":
        with pytest.raises(DataError, match="production_capacity: is no capacity for a line"):
            one(True, "existing", tier, production_capacity=np.nan)


def test_output_intensity_stands_beside() -> None:
    years = emissions().assign(output=5000.0)
    own = tiers.intensities(years, capacities()).set_index("enterprise")
    assert own.loc["E1", "output_intensity"] == pytest.approx(11.6)
    mean = tiers.intensities(years, capacities(), tiers.mean_of_years).set_index("enterprise")
    assert mean.loc["E1", "intensity"] == pytest.approx(182 / 3 / 20)


def test_ties_share_a_rank() -> None:
    years = emissions()
    years.loc[years["enterprise"] == "E2", "emission"] = 29.0
    own = tiers.intensities(years, capacities())
    assert own["enterprise"].to_list()[:2] == ["E1", "E2"]
    assert own["rank"].to_list()[:3] == [1.0, 1.0, 3.0]


def test_mixed_products() -> None:
    mixed = pd.DataFrame(
        {"enterprise": ["a", "a", "b"], "product": ["woven", "knit", "knit"],
         "production_capacity": [1000.0, 1400.0, 1400.0], "benchmark_drainage": [140.0, 85.0, 85.0],
         "process": "dyeing"}
    )  # fmt: skip
    found = tiers.by_benchmark(mixed, 140.0)
    assert found["production_capacity"].to_dict() == {"a": 1850.0, "b": 850.0}
    assert found["comparable"].to_list() == ["dyeing", "dyeing"]
    with pytest.raises(DataError, match="row a, woven, product: woven is one of several"):
        tiers.by_product(mixed)
    bare = mixed.assign(benchmark_drainage=[140.0, np.nan, 85.0])
    with pytest.raises(DataError, match="row a, knit, benchmark_drainage: is no benchmark"):
        tiers.by_benchmark(bare, 140.0)
    other = mixed.assign(process=["dyeing", "printing", "dyeing"])
    with pytest.raises(DataError, match="one process and scale an enterprise"):
        tiers.by_benchmark(other, 140.0)


# What is asked for

ASKED = {
    "no tier": ({"tier": ["", *"ABBCCDD"]}, "row E1, COD, discharged, tier: is not known"),
    "no permit": (
        {"current_permit": [np.nan] + [70.0] * 7},
        "row E1, COD, discharged, current_permit: is missing",
    ),
    "no specification": (
        {"years_in_production": [0.2] + [9.0] * 7, "eia_approval": 5.0},
        "row E1, COD, discharged, specification_load: is missing",
    ),
    "no EIA": (
        {"years_in_production": [0.2] + [9.0] * 7, "specification_load": 5.0},
        "row E1, COD, discharged, eia_approval: is missing",
    ),
    "trigger": ({"trigger": "whenever"}, "trigger: whenever is unknown; right would be one of"),
    "book": ({"book": "both"}, "book: both is unknown"),
    "other book": ({"book": "accepted"}, "has no emission in the three years before"),
    "no area": ({"park": "Q"}, "park: Q has no area for this pollutant"),
    "no year": ({"effective_date": "2030-01-01"}, "has no emission in the three years before"),
}


@pytest.mark.parametrize("name", list(ASKED))
def test_what_is_missing_is_asked_for(name: str) -> None:
    changed, message = ASKED[name]
    with pytest.raises(DataError) as caught:
        permits(False, **changed)
    assert message in str(caught.value)


def test_all_faults_at_once() -> None:
    with pytest.raises(DataError) as caught:
        permits(False, tier="", current_permit=np.nan)
    assert len(caught.value.faults) == 8


def test_marine_outfall_is_listed_without_permit() -> None:
    found = tiers.limits(applications(), area(None), emissions(), lines())
    assert len(found) == 8 and found["permit"].isna().all()
    assert (found["area_kind"] == "refused").all() and (found["reason"] == "sea").all()
    assert found["sentence_zh"].str.contains("不核定").all()


def test_branch_tables_are_checked() -> None:
    with pytest.raises(DataError, match="sixteen"):
        tiers.Policy(branches=tiers.branches().iloc[1:])
    with pytest.raises(DataError, match="weights that do not add up"):
        tiers.branches(attaining_lines={"C": {"poor": 0.5}, "D": {"average": 1.0}})
    with pytest.raises(DataError, match=r"allowance: -0\.1 is out of range"):
        tiers.branches(allowances={"A": -0.1})
    with pytest.raises(DataError, match="transition_share"):
        tiers.Policy(transition_share=2.0)


# Closure


def capacity(value: float, park: str = "P") -> pd.DataFrame:
    return pd.DataFrame({"park": [park], "pollutant": ["COD"], "park_capacity": [value]})


def test_closure_of_the_worked_example() -> None:
    issued = permits(False)
    base = [64, 32, 48, 38.4, 57.6, 25.6, 32, 19.2]  # advanced line times capacity, or the permit
    assert sum(base) == pytest.approx(316.8)
    closed = tiers.close(issued, capacity(350.0))
    factor = (350.0 - 316.8) / (issued["permit"].sum() - 316.8)
    assert closed.parks.loc[0, "closure_factor"] == pytest.approx(factor, rel=1e-12)
    right = [b + factor * (p - b) for b, p in zip(base, issued["permit"], strict=True)]
    assert closed.permits["closed_permit"].to_list() == pytest.approx(right, rel=1e-12)
    assert closed.parks.loc[0, "residual"] == pytest.approx(0.0, abs=1e-10)


@pytest.mark.parametrize(("room", "residual"), [(300.0, -16.8), (400.0, 14.3615), (-20.0, -336.8)])
def test_residual_of_closure(room: float, residual: float) -> None:
    closed = tiers.close(permits(False), capacity(room))
    assert closed.parks.loc[0, "residual"] == pytest.approx(residual, abs=1e-3)
    assert closed.parks.loc[0, "closure_factor"] == (1.0 if room > 386.0 else 0.0)


def test_closure_refuses_what_does_not_reach_the_water() -> None:
    with pytest.raises(DataError, match="book: accepted does not reach the water"):
        tiers.close(permits(False).assign(book="accepted"), capacity(300.0))
    with pytest.raises(DataError, match="P, COD, park: is repeated"):
        tiers.close(permits(False), pd.concat([capacity(1.0), capacity(2.0)]))
    with pytest.raises(DataError, match="Q, COD, park: has no permit"):
        tiers.close(permits(False), capacity(1.0, "Q"))
    with pytest.raises(DataError, match="advanced_load: is missing"):
        tiers.close(permits(True).assign(advanced_load=np.nan), capacity(300.0))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(amount, amount), min_size=1, max_size=8), st.floats(0.0, 4e3))
def test_closure_meets_the_capacity_or_says_what_lacks(
    loads: list[tuple[float, float]], room: float
) -> None:
    issued = pd.DataFrame(
        {"enterprise": [f"E{i}" for i in range(len(loads))], "park": "P", **LABELS,
         "permit": [a for a, _ in loads], "advanced_load": [b for _, b in loads]}
    )  # fmt: skip
    closed = tiers.close(issued, capacity(room))
    own, total = closed.permits["closed_permit"], issued["permit"].sum()
    floor = np.minimum(issued["permit"], issued["advanced_load"])
    assert (own <= issued["permit"] + 1e-9).all() and (own >= floor - 1e-9).all()
    assert own.sum() == pytest.approx(min(total, max(room, floor.sum())), rel=1e-9)
    assert closed.parks.loc[0, "residual"] == pytest.approx(room - own.sum(), abs=1e-8)


def test_refused_parks_stay_in_the_closure() -> None:
    table = tiers.limits(applications(), area(None), emissions(), lines())
    closed = tiers.close(table, capacity(10.0))
    assert closed.parks["permit"].isna().all() and closed.parks["residual"].isna().all()


def test_every_combination_of_area_applicant_and_tier_is_in_words() -> None:
    table = tiers.branches()
    for place in product(("attaining", "non_attaining"), ("new", "existing"), "ABCD"):
        assert table.loc[place, "branch"] and table.loc[place, "branch_zh"]
