"""Tables of technology and of accounts in a study: each is published, or refused."""

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

from permitload import _frames, _technical, io, study

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "nantong"
NAMES = ["A01-1", "A02-1"]

TABLES = {
    "trains": pd.DataFrame({"train": ["MBR", "ditch"], "source_class": ["industry", "farm"]}),
    "train_figures": pd.DataFrame(
        {"train": ["MBR", "ditch"], "criterion": ["energy", "removal"], "pollutant": ["", "COD"],
         "value": [1.0, 0.4], "unit": ["kWh/m3", "1"]}
    ),
    "train_references": pd.DataFrame(
        {"source_class": ["industry", "industry", "industry", "farm"],
         "criterion": ["energy", "achievable", "variation", "removal"],
         "pollutant": ["", "COD", "COD", "COD"], "worst": [2.0, 100.0, 0.5, 0.0],
         "best": [0.0, 20.0, 0.0, 0.5], "criterion_weight": [1.0, 1.0, 0.0, 1.0],
         "unit": ["kWh/m3", "mg/L", "1", "1"]}
    ),
    "effluents": pd.DataFrame(
        {"train": "MBR", "pollutant": "COD", "date": pd.date_range("2024-01-01", periods=3),
         "concentration": [40.0, 44.0, 36.0]}
    ),
    "products": pd.DataFrame(
        {"source": NAMES, "product": "woven", "product_capacity": [20000.0, 10000.0],
         "benchmark_drainage": 140.0}
    ),
    "drainages": pd.DataFrame(
        {"product": "woven", "enterprise": ["A01", "A02"], "actual_drainage": [90.0, 130.0],
         "benchmark_drainage": 140.0}
    ),
    "permitted_concentrations": pd.DataFrame(
        {"source": NAMES, "pollutant": "COD", "document": "permit",
         "permitted_concentration": 60.0}
    ),
    "source_totals": pd.DataFrame(
        {"source": NAMES, "pollutant": "COD", "component": "eia_total",
         "annual_total": [150.0, 100.0]}
    ),
    "park_targets": pd.DataFrame(
        {"pollutant": ["COD"], "pollutant_kind": "conventional", "limit": 20.0, "capacity": 300.0,
         "document": "GB 3838-2002", "basis": "statutory", "evidence": "secondary", "note": "x"}
    ),
    "candidates": pd.DataFrame(
        {"source": NAMES, "train": "MBR", "pollutant": "COD", "achievable": 10.0,
         "wastewater_flow": 0.01}
    ),
    "emission_books": pd.DataFrame(
        {"enterprise": ["A01", "A01"], "outlet": "DW001", "outlet_kind": "main",
         "pollutant": "COD", "account": ["permit", "statistics"], "book": "discharged",
         "method": "given", "book_mass": [120.0, 60.0], "book_volume": [2e6, 1.5e6]}
    ),
}  # fmt: skip


def written(folder: Path, names: list[str]) -> Path:
    """Copy the sample without its tiers, with some of the tables."""
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("results", "tier_*"))
    for name in names:
        io.write_table(TABLES[name], folder / f"{name}.csv")
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("technology")
    return study.run(written(home / "study", list(TABLES)), home / "results")


def test_loads_by_hand(results: Path) -> None:
    """20,000 t x 140 m3/t x 60 mg/L = 168 t; 90 m3/t is that of the advanced of two."""
    found = pd.read_csv(results / "technology_loads.csv").set_index(["rule", "source"])
    rows = found[["specification [t/a]", "permit [t/a]", "stopped_by"]]
    assert rows.loc["standard_water"].values.tolist() == [
        [pytest.approx(168.0), pytest.approx(150.0), "eia_total"],
        [pytest.approx(84.0), pytest.approx(84.0), "specification"],
    ]
    assert rows.loc["advanced_water", "permit [t/a]"].to_list() == pytest.approx([108.0, 54.0])
    park = pd.read_csv(results / "initial_capacity.csv").iloc[0]
    assert park["technology_total [t/a]"] == pytest.approx(162.0)
    assert park["water_total [t/a]"] == pytest.approx(109.5)
    assert park["initial_total [t/a]"] == pytest.approx(109.5)
    assert park["excess_total [t/a]"] == pytest.approx(52.5)
    assert park["stopped_by"] == "water"


def test_potentials_and_scores_by_hand(results: Path) -> None:
    found = pd.read_csv(results / "potentials.csv").set_index(["source", "pollutant", "period"])
    row = found.loc[("A01-1", "COD", "2022-Q1")]
    # 0.01 m3/s at 10 mg/L is 8.64 kg/d
    assert row["achievable_load [kg/d]"] == pytest.approx(8.64)
    assert row["potential [kg/d]"] == pytest.approx(row["source_load [kg/d]"] - 8.64)
    classes = pd.read_csv(results / "potentials_by_class.csv")
    cod = classes[classes["pollutant"] == "COD"].set_index(["group", "period"])["potential [kg/d]"]
    own = found["potential [kg/d]"].xs("COD", level="pollutant").groupby("period").sum()
    assert cod["industry"].to_list() == pytest.approx(own.to_list())
    assert own.min() > 0.0
    units = pd.read_csv(results / "potentials_by_unit.csv")
    units = units[units["pollutant"] == "COD"].set_index(["control_unit", "period"])
    # A01 and A02 discharge into the cross canal, which leads to the main river above S3
    at = units["potential [kg/d]"].xs("2022-Q1", level="period")
    assert at[at > 0.0].to_dict() == {"S3": pytest.approx(own.iloc[0])}
    sums = units["source_load [kg/d]"].groupby("period").sum()
    whole = found["source_load [kg/d]"].xs("COD", level="pollutant").groupby("period").sum()
    assert sums.to_list() == pytest.approx(whole.to_list())
    scores = pd.read_csv(results / "train_scores.csv").set_index("train")["score"]
    # energy half way; 53.26 mg/L achievable: mean log, s and the factor 7.656 of three samples
    logs = pd.Series([40.0, 44.0, 36.0]).map(math.log)
    achievable = math.exp(logs.mean() + 7.656 * logs.std())
    assert scores["MBR"] == pytest.approx((0.5 + (100.0 - achievable) / 80.0) / 2.0, abs=1e-4)
    assert scores["ditch"] == pytest.approx(0.8)


def test_accounts_and_their_figure(results: Path) -> None:
    books = pd.read_csv(results / "books.csv").set_index("account")
    assert books.loc["permit", "mass_ratio"] == pytest.approx(2.0)
    # 40 to 60 mg/L over 1.75e6 m3 on average, and 0.5e6 m3 at 50 mg/L
    assert books.loc["permit", "concentration_part [t/a]"] == pytest.approx(35.0)
    assert books.loc["permit", "volume_part [t/a]"] == pytest.approx(25.0)
    assert (results / "figures" / "books_COD_main.png").stat().st_size > 1000
    totals = pd.read_csv(results / "book_totals.csv")
    assert totals["group"].unique().tolist() == ["纺织 textile"]


def test_page_has_every_part_and_is_verified(results: Path) -> None:
    page = (results / "report.html").read_text("utf8")
    part = page[page.index('<h2 id="technology">') : page.index('<h2 id="map">')]
    for words in ("处理技术评估", "技术核算量", "园区初始容量", "减排潜力", "各口径排放量比对",
                  "assessment of treatment trains", "load by technology [t/a]", "reduction",
                  "accounts of one emission", "<img"):  # fmt: skip
        assert words in part, words
    assert study.verify(results).faults == ()


def test_permits_do_not_move(results: Path, tmp_path: Path) -> None:
    bare = study.run(written(tmp_path / "study", []), tmp_path / "results")
    assert (bare / "permits.csv").read_bytes() == (results / "permits.csv").read_bytes()
    assert '<h2 id="technology">' not in (bare / "report.html").read_text("utf8")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["source_totals"], "source_totals.csv, rows: are not used"),
        (["drainages"], "drainages.csv, rows: are not used"),
        (["park_targets"], "park_targets.csv, rows: are not used"),
        (["train_figures"], "train_figures.csv, rows: are not used"),
        (["products"], "source: A01-1 is in no row of the other table"),
        (["trains"], "source_class: industry has no references that weigh"),
        (["products", "permitted_concentrations"], "eia_total: is missing"),
    ],
)
def test_what_is_not_used_or_does_not_fit_is_said_before(
    tmp_path: Path, names: list[str], words: str
) -> None:
    found = [str(fault) for fault in study.check(written(tmp_path / "study", names))]
    assert any(words in fault for fault in found), found


def test_each_potential_names_the_rule_that_it_goes_by() -> None:
    """One train has a concentration, one a removal alone; a source without any has no train."""
    names = ["A01-1", "A02-1", "A03-1"]
    loads = pd.DataFrame({"source": names, "pollutant": "COD", "source_load": [30.0, 40.0, 50.0]})
    candidates = pd.DataFrame(
        {"source": NAMES[::-1], "train": ["AO", "MBR"], "pollutant": "COD",
         "achievable": [math.nan, 10.0], "wastewater_flow": [math.nan, 0.01],
         "removal": [0.8, math.nan], "generated_load": [100.0, math.nan]}
    )  # fmt: skip
    sources = pd.DataFrame({"source": names, "source_class": "industry", "outlet": "O1"})
    given = {"source_loads": loads, "candidates": candidates, "sources": sources}
    given = _frames.whole({n: _frames.complete(table, n) for n, table in given.items()})
    found = _technical.tables(given)
    rules = found["train_potentials"].set_index("source")[["rule", "potential"]]
    assert rules["rule"].to_dict() == {"A01-1": "by_concentration", "A02-1": "by_removal"}
    assert rules["potential"].to_dict() == pytest.approx({"A01-1": 30.0 - 8.64, "A02-1": 20.0})
    assert found["potentials"].set_index("source")["rule"].to_dict() == {
        "A01-1": "by_concentration", "A02-1": "by_removal", "A03-1": "no candidate",
    }  # fmt: skip
