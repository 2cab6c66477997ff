"""The sample of two textile parks: its tables are those of the script, and what they give."""

import runpy
from pathlib import Path

import pandas as pd
import pytest

from permitload import io, standards, study, tiers
from tests.tier_parks import CASE

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "nantong"


def test_script_writes_the_same_bytes(tmp_path: Path) -> None:
    runpy.run_path(str(SAMPLE.parent / "make_nantong.py"))["main"](tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {path.name for path in SAMPLE.iterdir() if path.suffix in (".csv", ".toml")}
    for name in written:
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_sample_from_water_to_permit() -> None:
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
    # S2 counts because the cross canal turns in one quarter of four
    turned = outcome.datasets["response"].drop_sel(period="2022-Q3")
    still = tiers.attainment_area(turned, judged, tables["tier_parks"])
    assert still.set_index(["park", "pollutant"]).loc[("常安纺织产业园", "NH3-N"), "attaining"]


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
