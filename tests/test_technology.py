"""Technology: what trains achieve, their scores, and the loads that follow."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymcdm.methods import SPOTIS

from permitload import technology
from permitload.errors import DataError

Frames = tuple[pd.DataFrame, ...]

# -- what trains achieve -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "assurance", "factor"),
    # one-sided normal tolerance factors at 95 % confidence, printed in tables (from memory)
    [(3, 0.95, 7.656), (5, 0.95, 4.203), (10, 0.95, 2.911), (10, 0.90, 2.355), (20, 0.95, 2.396),
     (30, 0.95, 2.220), (10, 0.99, 3.981)],
)  # fmt: skip
def test_log_normal_bound_has_the_printed_factors(
    count: int, assurance: float, factor: float
) -> None:
    logs = np.linspace(3.0, 4.0, count)
    bound = technology.lognormal_bound(np.exp(logs), assurance, 0.95)
    found = (np.log(bound) - logs.mean()) / logs.std(ddof=1)
    assert found == pytest.approx(factor, abs=6e-4)


def test_log_normal_bound_of_a_year_of_hours_and_of_one_number() -> None:
    logs = np.linspace(3.0, 4.0, 8760)
    found = (np.log(technology.lognormal_bound(np.exp(logs))) - logs.mean()) / logs.std(ddof=1)
    # Natrella's approximation, good to 1/n: k = (z + sqrt(z² − a b))/a
    z = 1.6448536269514722
    a, b = 1 - z * z / (2 * 8759), z * z * (1 - 1 / 8760)
    assert found == pytest.approx((z + (z * z - a * b) ** 0.5) / a, abs=1e-4)
    assert technology.lognormal_bound(np.full(5, 40.0)) == pytest.approx(40.0, rel=1e-12)


def test_log_normal_bound_covers_as_often_as_it_says() -> None:
    generator = np.random.default_rng(7)
    true = np.exp(3.0 + 0.4 * 1.2815515655446004)  # quantile 0.9 of the population
    hits = [
        technology.lognormal_bound(np.exp(3.0 + 0.4 * generator.standard_normal(8)), 0.9, 0.8)
        >= true
        for _ in range(3000)
    ]
    assert np.mean(hits) == pytest.approx(0.8, abs=0.025)  # 3.4 standard errors


@pytest.mark.parametrize(("count", "from_top"), [(59, 1), (92, 1), (93, 2), (123, 2), (124, 3)])
def test_empirical_bound_has_wilks_numbers(count: int, from_top: int) -> None:
    values = np.arange(count, dtype=float)
    assert technology.empirical_bound(values) == count - from_top


@pytest.mark.parametrize(
    ("bound", "count", "words"),
    [
        (technology.empirical_bound, 58, "58 samples are too few; right would be 59"),
        (technology.lognormal_bound, 2, "2 samples are too few; right would be 3"),
    ],
)
def test_too_few_records_are_refused_by_name(
    bound: Callable[..., float], count: int, words: str
) -> None:
    dates = pd.date_range("2024-01-01", periods=count).astype(str)
    records = pd.DataFrame(
        {"train": "MBR", "pollutant": "COD", "date": dates, "concentration": 40.0}
    )
    with pytest.raises(DataError, match=rf"row MBR, COD, concentration: {words}"):
        technology.achieved(records, bound=bound)


def test_zero_concentrations_need_a_bound_that_takes_them() -> None:
    with pytest.raises(DataError, match="empirical_bound"):
        technology.lognormal_bound(np.array([0.0, 1.0, 2.0]))
    assert technology.empirical_bound(np.array([0.0, 1.0, 2.0]), 0.2, 0.3) == 0.0


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
def test_probabilities_are_between_0_and_1(share: float) -> None:
    for pair in ((share, 0.9), (0.9, share)):
        with pytest.raises(DataError, match="between 0 and 1"):
            technology.empirical_bound(np.arange(99.0), *pair)


def test_figures_from_records() -> None:
    records = pd.DataFrame(
        {
            "train": "MBR",
            "pollutant": "COD",
            "date": ["2024-01-01", "2024-02-01", "2024-03-01"],
            "influent": [400.0, 500.0, 100.0],
            "wastewater_flow": [1.0, 1.0, 2.0],
            "concentration": [40.0, 44.0, 36.0],
        }
    )
    found = technology.achieved(records).set_index("criterion")
    # by hand: 400 + 500 + 2·100 received, 40 + 44 + 2·36 left
    assert found.loc["removal", "value"] == pytest.approx(1 - 156 / 1100, rel=1e-12)
    assert found.loc["variation", "value"] == pytest.approx(0.1, rel=1e-12)
    assert found["unit"].to_dict() == {"achievable": "mg/L", "variation": "1", "removal": "1"}
    assert (found["samples"] == 3).all()
    # without flow each sample counts the same; what adds load has a negative removal
    plain = technology.achieved(records.drop(columns="wastewater_flow")).set_index("criterion")
    assert plain.loc["removal", "value"] == pytest.approx(0.88, rel=1e-12)
    worse = technology.achieved(records.assign(influent=20.0)).set_index("criterion")
    assert worse.loc["removal", "value"] == pytest.approx(1 - 156 / 80, rel=1e-12)


def test_influent_of_some_samples_alone_is_refused() -> None:
    records = pd.DataFrame(
        {"train": "MBR", "pollutant": "COD", "date": ["2024-01-01", "2024-02-01", "2024-03-01"],
         "influent": [400.0, None, 100.0], "concentration": 40.0}
    )  # fmt: skip
    with pytest.raises(DataError, match="influent: is empty"):
        technology.achieved(records)
    with pytest.raises(DataError, match="one train at least"):
        technology.achieved(records.iloc[:0])


# -- scores ------------------------------------------------------------------------------------

CRITERIA = {"achievable": ("mg/L", 60.0, 20.0), "energy": ("kWh/m3", 2.0, 0.2),
            "removal": ("1", 0.5, 1.0)}  # fmt: skip


def references(weights: list[float], **columns: object) -> pd.DataFrame:
    rows = [
        {"source_class": "industry", "criterion": name, "unit": unit, "worst": worst,
         "best": best, "criterion_weight": weight}
        for (name, (unit, worst, best)), weight in zip(CRITERIA.items(), weights, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**columns)


def figures(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"train": f"T{i}", "criterion": name, "value": values[i, j], "unit": CRITERIA[name][0]}
            for i in range(len(values))
            for j, name in enumerate(CRITERIA)
        ]
    )


def trains(count: int, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"train": [f"T{i}" for i in range(count)], "source_class": "industry"} |
                        columns)  # fmt: skip


INSIDE = st.lists(
    st.tuples(st.floats(20.0, 60.0), st.floats(0.2, 2.0), st.floats(0.5, 1.0)),
    min_size=2,
    max_size=6,
)
WEIGHTS = st.lists(st.floats(0.1, 9.0), min_size=3, max_size=3)


@settings(max_examples=40, deadline=None)
@given(INSIDE, WEIGHTS)
def test_scores_are_those_of_spotis(rows: list[tuple[float, ...]], weights: list[float]) -> None:
    values = np.array(rows)
    found = technology.assess(trains(len(values)), figures(values), references(weights))
    bounds = np.array([[20.0, 60.0], [0.2, 2.0], [0.5, 1.0]])
    other = SPOTIS(bounds, esp=np.array([20.0, 0.2, 1.0]))(
        values, np.array(weights) / sum(weights), np.array([-1, -1, 1]), validation=False
    )
    assert found["score"].to_numpy() == pytest.approx(1.0 - other, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(INSIDE, WEIGHTS, st.randoms(use_true_random=False))
def test_a_train_that_joins_or_moves_changes_no_other(
    rows: list[tuple[float, ...]], weights: list[float], random: object
) -> None:
    values = np.array(rows)
    every = technology.assess(trains(len(values)), figures(values), references(weights))
    fewer = technology.assess(
        trains(len(values)).iloc[1:], figures(values).query("train != 'T0'"), references(weights)
    )
    pd.testing.assert_frame_equal(every.iloc[1:], fewer)
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]  # random.Random
    mixed = technology.assess(
        trains(len(values)).iloc[order], figures(values).iloc[::-1], references(weights).iloc[::-1]
    )
    pd.testing.assert_frame_equal(mixed.loc[every.index], every, rtol=1e-13)


def test_score_is_monotone_and_held_between_the_references() -> None:
    base = np.array([[40.0, 1.1, 0.75], [39.0, 1.1, 0.75], [10.0, 0.0, 1.0], [90.0, 9.0, 0.1]])
    found = technology.assess(trains(4), figures(base), references([2.0, 1.0, 1.0]))["score"]
    assert found.tolist() == pytest.approx([0.5, 0.5 + 0.5 / 40, 1.0, 0.0], abs=1e-12)


def test_feasible_advanced_and_why_not() -> None:
    values = np.array([[30.0, 0.4, 0.9], [30.0, 1.9, 0.6], [55.0, 0.2, 1.0], [50.0, 0.2, 1.0]])
    needed = references([1.0, 1.0, 2.0]).assign(required_value=[50.0, None, None])
    found = technology.assess(trains(4), figures(values), needed)
    assert found["feasible"].tolist() == [1.0, 1.0, 0.0, 1.0]
    assert found["advanced"].tolist() == [1.0, 0.0, 0.0, 1.0]
    assert found["obstacle"].tolist() == ["", "", "achievable 55 mg/L, required 50 mg/L", ""]
    assert found["score"]["T2"] > technology.assess.__defaults__[0]  # a score alone is not enough
    strict = technology.assess(trains(4), figures(values), needed, advanced_score=1.0)
    assert strict["advanced"].sum() == 0


def test_works_and_practices_go_by_references_of_their_own() -> None:
    given_trains = pd.DataFrame(
        {
            "train": ["AAO-MBR", "eco-ditch", "dyeing"],
            "source_class": ["domestic", "farm", "industry"],
            "sector": ["", "", "textile"],
        }
    )
    given_figures = pd.DataFrame(
        {
            "train": ["AAO-MBR", "eco-ditch", "eco-ditch", "dyeing"],
            "criterion": ["achievable", "removal", "land", "achievable"],
            "pollutant": ["TN", "TN", "", "TN"],
            "value": [10.0, 0.4, 3.0, 12.0],
            "unit": ["mg/L", "1", "%", "mg/L"],
        }
    )
    given_references = pd.DataFrame(
        {
            "source_class": ["domestic", "farm", "farm", "industry", "industry"],
            "sector": ["", "", "", "", "textile"],
            "criterion": ["achievable", "removal", "land", "energy", "achievable"],
            "pollutant": ["TN", "TN", "", "", "TN"],
            "worst": [15.0, 0.0, 5.0, 9.0, 15.0],
            "best": [5.0, 0.5, 1.0, 1.0, 9.0],
            "criterion_weight": [1.0, 3.0, 1.0, 1.0, 1.0],
            "unit": ["mg/L", "1", "%", "kWh/m3", "mg/L"],
        }
    )
    found = technology.assess(given_trains, given_figures, given_references)
    # (15 − 10)/10; (3 · 0.4/0.5 + (5 − 3)/4)/4; (15 − 12)/6
    assert found["score"].tolist() == pytest.approx([0.5, (3 * 0.8 + 0.5) / 4, 0.5])
    every = technology.points(given_trains, given_figures, given_references)
    assert len(every) == 4
    assert every.groupby("train")["share"].sum().tolist() == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t, f, r: (t, f.iloc[1:], r), "row T0, achievable, value: is missing"),
        (lambda t, f, r: (t, f.replace("kWh/m3", "kWh/t"), r), "kWh/t is not the unit"),
        (lambda t, f, r: (t, f.replace("T1", "T9"), r), "T9 is no train"),
        (lambda t, f, r: (t, f.replace("energy", "power"), r), "power has no reference"),
        (lambda t, f, r: (t.assign(source_class="farm"), f, r), "farm has no references"),
        (lambda t, f, r: (t, f, r.assign(best=r["worst"])), "equals worst"),
        (lambda t, f, r: (t, f, r.assign(criterion_weight=0.0)), "no references that weigh"),
        (lambda t, f, r: (t.iloc[:0], f, r), "at least"),
    ],
)
def test_bad_assessments_are_refused(change: Callable[..., Frames], words: str) -> None:
    tables = trains(2), figures(np.full((2, 3), 0.9)), references([1.0, 1.0, 1.0])
    with pytest.raises(DataError, match=words):
        technology.assess(*change(*tables))


# -- loads -------------------------------------------------------------------------------------


def products(**columns: object) -> pd.DataFrame:
    one = {"source": "P1", "product": "woven", "product_capacity": 20000.0,
           "benchmark_drainage": 140.0}  # fmt: skip
    return pd.DataFrame([one | columns])


def permitted(**columns: object) -> pd.DataFrame:
    one = {"source": "P1", "pollutant": "COD", "document": "national",
           "permitted_concentration": 60.0}  # fmt: skip
    return pd.DataFrame([one | columns])


def test_worked_example_single_and_mixed_products() -> None:
    single = technology.load(products(), permitted(), needed=())
    assert single["specification"].item() == pytest.approx(168.0, rel=1e-12)
    assert single["binding"].item() == "specification"
    mixed = pd.concat([products(), products(product="knit", product_capacity=5000.0,
                                            benchmark_drainage=85.0)])  # fmt: skip
    found = technology.load(mixed, permitted(), needed=())
    # by hand: 2.8e6 + 0.425e6 m3/a at 60 mg/L
    assert found["permit"].item() == pytest.approx(193.5, rel=1e-12)
    assert found["drainage_volume"].item() == pytest.approx(3.225e6, rel=1e-12)


def test_plating_goes_by_area_and_a_works_by_the_water_it_treats() -> None:
    plated = products(product="multi-layer", product_capacity=None, benchmark_drainage=None,
                      plated_area=3.0e6, area_drainage=250.0)  # fmt: skip
    found = technology.load(plated, permitted(permitted_concentration=15.0), needed=())
    assert found["permit"].item() == pytest.approx(3.0e6 * 250 * 15 * 1e-9, rel=1e-12)
    # 3e4 m3/d for a year, one m3 a tonne
    treated = products(product="sewage", product_capacity=3e4 * 365, benchmark_drainage=1.0)
    most = pd.concat([permitted(pollutant=name, permitted_concentration=value) for name, value in
                      {"COD": 40.0, "NH3-N": 3.0, "TN": 10.0, "TP": 0.3}.items()])  # fmt: skip
    loads = technology.load(treated, most, needed=())["permit"].tolist()
    assert loads == pytest.approx([438.0, 32.85, 109.5, 3.285], rel=1e-12)


def test_the_strictest_document_and_the_least_candidate_are_named() -> None:
    most = pd.concat([permitted(), permitted(document="provincial", permitted_concentration=50.0),
                      permitted(document="EIA", permitted_concentration=55.0)])  # fmt: skip
    totals = pd.DataFrame(
        {
            "source": "P1",
            "pollutant": "COD",
            "component": ["eia_total", "total_quota", "other"],
            "annual_total": [150.0, 130.0, None],
            "note": ["", "", "no other document"],
        }
    )
    found = technology.load(products(), most, totals).loc[("P1", "COD")]
    assert found["strictest"] == "provincial"
    assert found["specification"] == pytest.approx(140.0, rel=1e-12)
    assert (found["eia_total"], found["total_quota"]) == (150.0, 130.0)
    assert np.isnan(found["other"])
    assert (found["permit"], found["binding"]) == (130.0, "total_quota")


def test_advanced_variant_goes_by_what_advanced_enterprises_drain() -> None:
    drained = pd.DataFrame(
        {
            "product": "woven",
            "enterprise": [f"E{i}" for i in range(8)],
            "actual_drainage": [150.0, 90.0, 120.0, 80.0, 100.0, 110.0, 95.0, 130.0],
            "benchmark_drainage": 140.0,
        }
    )
    advanced = technology.advanced_drainage(drained)
    assert advanced.to_dict() == {"woven": 90.0}  # the second of eight, not between two
    assert technology.advanced_drainage(drained, 1.0).to_dict() == {"woven": 140.0}
    assert technology.advanced_drainage(drained, 0.26).to_dict() == {"woven": 95.0}
    table = products(advanced_drainage=advanced["woven"])
    found = technology.load(table, permitted(), water=technology.advanced_water, needed=())
    assert found["permit"].item() == pytest.approx(20000 * 90 * 60 * 1e-6, rel=1e-12)
    for wrong in (None, 141.0):
        with pytest.raises(DataError, match="at most 140 m3/t"):
            technology.load(products(advanced_drainage=wrong), permitted(),
                            water=technology.advanced_water, needed=())  # fmt: skip


def test_diluted_discharge_is_brought_back_to_the_benchmark() -> None:
    assert technology.undiluted(50.0, 3.2e6, 20000 * 140.0) == pytest.approx(57.142857, abs=5e-7)
    assert technology.undiluted(50.0, 2.0e6, 20000 * 140.0) == 50.0
    for wrong in ((-1.0, 1.0, 1.0), (1.0, np.nan, 1.0), (1.0, 1.0, 0.0)):
        with pytest.raises(DataError, match="right would be"):
            technology.undiluted(*wrong)


@settings(max_examples=40, deadline=None)
@given(st.floats(1.0, 500.0), st.floats(1.0, 1e7), st.floats(1.0, 1e7))
def test_dilution_hides_no_mass(concentration: float, drained: float, granted: float) -> None:
    found = technology.undiluted(concentration, drained, granted)
    assert found >= concentration
    if drained > granted:
        assert found * granted == pytest.approx(concentration * drained, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1.0, 1e5), st.floats(1.0, 600.0)), min_size=1, max_size=4),
    st.floats(0.1, 500.0),
    st.floats(0.1, 1e4),
    st.floats(1.0, 3.0),
)
def test_load_inverts_and_is_monotone(
    rows: list[tuple[float, float]], concentration: float, eia: float, factor: float
) -> None:
    made = pd.concat([products(product=f"p{k}", product_capacity=s, benchmark_drainage=q)
                      for k, (s, q) in enumerate(rows)])  # fmt: skip
    most = permitted(permitted_concentration=concentration)
    total = pd.DataFrame({"source": ["P1"], "pollutant": "COD", "component": "eia_total",
                          "annual_total": [eia]})  # fmt: skip
    found = technology.load(made, most, total).iloc[0]
    # t/a over m3/a is the concentration again
    assert found["specification"] * 1e6 / found["drainage_volume"] == pytest.approx(concentration)
    assert found["permit"] == min(found["specification"], eia)
    larger = made.assign(product_capacity=made["product_capacity"] * factor)
    assert technology.load(larger, most, total)["permit"].item() >= found["permit"]
    turned = technology.load(made.iloc[::-1], most, total).iloc[0]
    assert turned["specification"] == pytest.approx(found["specification"], rel=1e-13)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((products(), permitted()), "source_totals, row P1 COD, eia_total: is missing"),
        ((products(), permitted(source="P2")), "P1 is in no row of the other table"),
        ((products(benchmark_drainage=0.0), permitted()), "benchmark_drainage: 0 m3/t is 0"),
        ((products(product_capacity=0.0), permitted()), "a load of 0 is never implied"),
        ((products(benchmark_drainage=None), permitted()), "woven lacks its water"),
        ((products(plated_area=1.0, area_drainage=1.0), permitted()), "woven lacks its water"),
        ((products(plated_area=1.0), permitted()), "woven lacks its water"),
        (
            (products(), permitted(),
             pd.DataFrame({"source": ["P1"], "pollutant": ["COD"], "component": ["eia_total"]})),
            "is empty without a note",
        ),
        (
            (products(), permitted(),
             pd.DataFrame({"source": ["P1"], "pollutant": ["TN"], "component": ["eia_total"],
                           "annual_total": [1.0]})),
            "TN has no permitted concentration",
        ),
        (
            (products(), permitted(),
             pd.DataFrame({"source": ["P1"], "pollutant": ["COD"], "component": ["permit"],
                           "annual_total": [1.0]})),
            "permit is a column of the result",
        ),
    ],
)  # fmt: skip
def test_bad_loads_are_refused(arguments: tuple[pd.DataFrame, ...], words: str) -> None:
    with pytest.raises(DataError, match=words):
        technology.load(*arguments)


def test_an_eia_that_does_not_apply_says_why() -> None:
    none = pd.DataFrame({"source": ["P1"], "pollutant": ["COD"], "component": ["eia_total"],
                         "annual_total": [None], "note": ["approved 2009"]})  # fmt: skip
    found = technology.load(products(), permitted(), none).iloc[0]
    assert (found["permit"], found["binding"]) == (pytest.approx(168.0), "specification")


# -- initial capacity --------------------------------------------------------------------------


def targets(**columns: object) -> pd.DataFrame:
    one = {"pollutant": "COD", "pollutant_kind": "conventional", "limit": 20.0,
           "capacity": 400.0, "document": "GB 3838-2002", "basis": "statutory",
           "evidence": "memory"}  # fmt: skip
    return pd.DataFrame([one | columns])


def park_loads(**permits: float) -> pd.DataFrame:
    return pd.DataFrame(
        [{"source": f"E{k}", "pollutant": name, "permit": value / 2}
         for name, value in permits.items() for k in range(2)]
    )  # fmt: skip


def test_initial_capacity_of_conventional_and_characteristic_pollutants() -> None:
    table = pd.concat([
        targets(),
        targets(pollutant="TP", capacity=-2.0),
        targets(pollutant="PFOA", pollutant_kind="characteristic", limit=0.0001, capacity=0.1,
                document="user's target, letter 3", basis="assumed", evidence="given"),
    ])  # fmt: skip
    found = technology.initial_capacity(table, park_loads(COD=100.0, TP=1.0, PFOA=0.05))
    assert found.loc["COD"].to_dict() == {
        "pollutant_kind": "conventional", "limit": 20.0, "document": "GB 3838-2002",
        "basis": "statutory", "evidence": "memory", "water_total": pytest.approx(146.0),
        "technology_total": 100.0, "initial_total": 100.0, "binding": "technology",
        "excess_total": 0.0,
    }  # fmt: skip
    # negative capacity keeps its sign and is the cut owed, beyond all that is discharged
    assert found.loc[
        "TP", ["water_total", "initial_total", "excess_total"]
    ].tolist() == pytest.approx([-0.73, 0.0, 1.73])
    assert found.loc["PFOA", "initial_total"] == pytest.approx(0.0365)
    assert found.loc["PFOA", "document"] == "user's target, letter 3"
    assert found["binding"].tolist() == ["technology", "water", "water"]


@pytest.mark.parametrize(
    ("loads", "words"),
    [
        (park_loads(COD=-1.0), "E0, COD, permit: -0.5 is not valid"),
        (park_loads(COD=float("nan")), "permit: nan is not valid"),
        (park_loads(COD=1.0).assign(source="E0"), "is there twice"),
        (park_loads(COD=1.0).drop(columns="permit"), "a column permit"),
    ],
)
def test_initial_capacity_refuses_what_is_no_load(loads: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        technology.initial_capacity(targets(), loads)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (targets(document=""), "document: is empty"),
        (targets(evidence=""), "evidence: is empty"),
        (targets(basis="guess"), "one of statutory, pilot, assumed"),
        (targets(pollutant_kind="odd"), "one of conventional, characteristic"),
        (targets(limit=0.0), "is no target"),
        (targets(pollutant="TN"), "TN has no loads"),
        (targets(pollutant="TN"), "row COD, limit: is missing"),
    ],
)
def test_targets_without_provenance_are_refused(table: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        technology.initial_capacity(table, park_loads(COD=100.0))
