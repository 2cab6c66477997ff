"""The sample of two textile parks: its tables are those of the script, and what they give."""

import dataclasses
import runpy
import shutil
from pathlib import Path

import pandas as pd
import pytest

from permitload import _tiered, io, standards, study, tiers
from tests.tier_parks import CASE

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "nantong"


def test_script_writes_the_same_bytes(tmp_path: Path) -> None:
    runpy.run_path(str(SAMPLE.parent / "make_nantong.py"))["main"](tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {path.name for path in SAMPLE.iterdir() if path.suffix in (".csv", ".toml")}
    for name in written:
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_sample_from_water_to_permit(tmp_path: Path) -> None:
    outcome = study.solve(SAMPLE)
    tables = outcome.tables
    limits = standards.limits(tables["sections"], ["COD", "NH3-N", "TP"],
                              tables["periods"]["period"])  # fmt: skip
    judged = standards.attainment(tables["observations"], limits)
    areas = tiers.attainment_area(outcome.datasets["response"], judged, tables["tier_parks"])
    found = areas.set_index(["park", "pollutant"])["attaining"]
    assert found["常安纺织产业园"].to_dict() == {"COD": True, "NH3-N": False, "TP": True}
    assert found["通州湾现代纺织产业园"].to_dict() == {"COD": False, "NH3-N": True, "TP": True}
    assert found["洋口港经济开发区"].isna().all()
    published = _tiered.tables(outcome)
    assert list(published) == list(_tiered.KEYS)
    for name, key in _tiered.KEYS.items():
        assert not published[name].duplicated(list(key)).any(), name
        io.write_table(published[name], tmp_path / f"{name}.csv")
    pd.testing.assert_frame_equal(published["tier_areas"], areas)
    permits = published["tier_permits"].set_index(["enterprise", "pollutant"])
    assert permits.loc[("A01", "COD"), "permit"] == pytest.approx(70.4)
    assert permits.loc[("B02", "COD"), "missing_years"] == "2021"
    assert permits.loc[("A03", "COD"), "tier"] == "C"  # by veto
    closure = published["tier_closure"].set_index(["park", "pollutant"])
    sums = permits.groupby(["park", "pollutant"])["closed_permit"].sum()
    room = closure["park_capacity"] - sums
    pd.testing.assert_series_equal(closure["residual"], room, check_names=False)
    assert (closure["closure_factor"] < 1.0).any()
    # S2 counts because the cross canal turns in one quarter of four
    turned = outcome.datasets["response"].drop_sel(period="2022-Q3")
    still = tiers.attainment_area(turned, judged, tables["tier_parks"])
    assert still.set_index(["park", "pollutant"]).loc[("常安纺织产业园", "NH3-N"), "attaining"]


def test_a_mean_that_hides_failing_periods_does_not_attain() -> None:
    """20 mg/L is kept by the mean of S3, not by one quarter of four."""
    outcome = study.solve(SAMPLE)
    samples = outcome.tables["observations"]
    at = (samples["section"] == "S3") & (samples["indicator"] == "COD")
    for values, attained in (([10.0, 10.0, 10.0, 25.0], False), ([10.0, 10.0, 10.0, 20.0], True)):
        changed = samples.copy()
        changed.loc[at, "concentration"] = values
        tables = {**outcome.tables, "observations": changed}
        areas = _tiered.tables(dataclasses.replace(outcome, tables=tables))["tier_areas"]
        found = areas.set_index(["park", "pollutant"])["attaining"]
        assert found["常安纺织产业园", "COD"] == attained


def test_stated_tiers_single_products_and_two_books(tmp_path: Path) -> None:
    """Without criteria the applications' tiers hold; accepted load is permitted, not closed."""
    folder = tmp_path / "study"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("results"))
    tables, _ = io.read_study_tables(folder)
    for name in ("tier_indicators", "tier_values", "tier_vetoes"):
        (folder / f"{name}.csv").unlink()
    rated = dict(zip([f"A0{i}" for i in range(1, 9)], "AABBCCDD", strict=True))
    own = {
        name: tables[name][tables[name]["enterprise"].isin(rated)]
        for name in ("tier_products", "tier_emissions", "tier_applications")
    }
    asked = own["tier_applications"].assign(tier=lambda t: t["enterprise"].map(rated))
    years = own["tier_emissions"]
    twice = {"tier_emissions": years, "tier_applications": asked}
    for name, table in twice.items():
        both = pd.concat([table, table.assign(book="accepted")])
        io.write_table(both.reset_index(drop=True), folder / f"{name}.csv")
    bare = own["tier_products"].assign(benchmark_drainage=float("nan"))
    io.write_table(bare.reset_index(drop=True), folder / "tier_products.csv")
    found = _tiered.tables(study.solve(folder))["tier_permits"]
    cod = found[found["pollutant"] == "COD"].set_index("book")
    for book in ("discharged", "accepted"):
        expected = CASE["expected"]["attaining"]
        assert cod.loc[book, "permit"].to_list() == pytest.approx(expected, abs=6e-4)
    assert cod.loc["accepted", "closed_permit"].isna().all()
    assert cod.loc["discharged", "closed_permit"].notna().all()


def test_chang_an_alone_is_the_worked_example() -> None:
    """Tiers from scores, lines and permits as by hand, without the veto and the second park."""
    tables, faults = io.read_study_tables(SAMPLE)
    assert not faults
    criteria = tables["tier_values"].pivot(index="enterprise", columns="criterion", values="value")
    weights = tiers.category_weights(tables["tier_indicators"])
    rating = tiers.rate(tables["tier_indicators"], criteria, weights)["tier"]
    eight = [f"A0{i}" for i in range(1, 9)]
    assert rating[eight].to_list() == CASE["inputs"]["tier"]
    products = tables["tier_products"]
    capacities = tiers.by_product(products[products["enterprise"].isin(eight)])
    years = tables["tier_emissions"]
    years = years[years["enterprise"].isin(eight) & (years["pollutant"] == "COD")]
    found = tiers.baselines(tiers.intensities(years, capacities), rating)
    expected = CASE["expected"]
    assert found.set_index("line")["baseline"].to_dict() == pytest.approx(
        expected["baseline"], abs=5e-5
    )
    asked = tables["tier_applications"].drop(columns=["tier", "comparable", "production_capacity"])
    asked = asked[asked["enterprise"].isin(eight) & (asked["pollutant"] == "COD")]
    asked = asked.join(capacities, on="enterprise").join(rating, on="enterprise")
    areas = pd.DataFrame({"park": asked["park"].iloc[:1], "pollutant": "COD"})
    for kind in ("attaining", "non_attaining"):
        table = tiers.limits(asked, areas.assign(attaining=kind == "attaining"), years, found)
        assert table["permit"].to_list() == pytest.approx(expected[kind], abs=6e-4)
