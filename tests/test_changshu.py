"""The samples of the Changshu pilot, judged by what they give."""

import re
import runpy
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permitload import _results, quality, study
from permitload.bank import Project, ReserveBank
from permitload.errors import DataError

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
NAMES = ("changshu-hitech", "changshu-fluoro")


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def solved() -> dict[str, study.Outcome]:
    return {name: study.solve(SAMPLES / name) for name in NAMES}


@pytest.fixture(scope="module")
def tables(solved: dict[str, study.Outcome]) -> dict[str, dict[str, pd.DataFrame]]:
    return {name: _results.result_tables(outcome) for name, outcome in solved.items()}


def use(outcome: study.Outcome) -> pd.Series:
    """Present concentration over what the margin leaves (pollutant, section, period)."""
    allowed = outcome.datasets["limits"]["allowed"].rename(indicator="pollutant")
    found = quality.at(outcome.tables["sections"], outcome.datasets["present"])
    ratio = found.reset_coords(drop=True) / allowed.reset_coords(drop=True)
    return ratio.transpose("pollutant", "section", "period").to_series()


def test_generator_writes_the_same_bytes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SAMPLES)
    script = SAMPLES / f"make_{name.replace('-', '_')}.py"
    runpy.run_path(str(script))["main"](tmp_path)
    written, kept = (
        sorted(
            path.relative_to(root).as_posix()
            for path in root.rglob("*")
            if path.suffix in (".csv", ".toml") and "results" not in path.parts
        )
        for root in (tmp_path, SAMPLES / name)
    )
    assert written == kept
    for file in written:
        assert (tmp_path / file).read_bytes() == (SAMPLES / name / file).read_bytes(), file


@pytest.mark.usefixtures("undrawn")
def test_run_gives_permits_that_verify(name: str, tmp_path: Path) -> None:
    assert study.check(SAMPLES / name) == []
    out = study.run(SAMPLES / name, tmp_path / "results")
    permits = pd.read_csv(out / "permits.csv")
    assert (permits["permit [t/a]"] > 0.0).sum() > 0.8 * len(permits)
    sections = pd.read_csv(out / "sections.csv")
    assert (sections["concentration [mg/L]"] <= sections["allowed [mg/L]"] * (1 + 1e-9)).all()
    balance = pd.read_csv(out / "balance.csv").rename(columns={"ledger [kg/d]": "ledger"})
    rest = balance[balance["term"] == "residual"]
    assert rest["ledger"].abs().max() < 1e-9 * balance["ledger"].abs().max()
    assert study.verify(out, SAMPLES / name).faults == ()
    named = "enterprises and all figures are invented"
    assert named in (SAMPLES / name / "README.md").read_text("utf8").replace("\n", " ").lower()


def test_months_that_exceed_are_those_of_the_readme(
    name: str, solved: dict[str, study.Outcome]
) -> None:
    found = use(solved[name])
    over = found[found > 1.0].round(3)
    text = (SAMPLES / name / "README.md").read_text("utf8").split("## What to expect")[1]
    stated = {
        (pollutant, section, f"2021-{month}"): float(value)
        for pollutant, section, months in re.findall(
            r"^\| (\S+) \| (S\d) \| ([^|]*) \|", text, re.M
        )
        for month, value in re.findall(r"(\d\d) (\d\.\d+)", months)
    }
    assert over.to_dict() == stated
    assert len(stated) >= 4


def test_stopped_enterprises_are_those_of_the_readme(
    tables: dict[str, dict[str, pd.DataFrame]],
) -> None:
    def held(name: str) -> dict[tuple[str, str, str], set[float]]:
        """Level [%] by pollutant, period and section of everybody below the present load."""
        monthly = tables[name]["permits_monthly"]
        cut = monthly[monthly["level"] < 1.0 - 1e-9]
        keys = ["pollutant", "period", "stopped_by"]
        return {
            (str(p), str(period), str(stop)): set((100 * rows["level"]).round().tolist())
            for (p, period, stop), rows in cut.groupby(keys)
        }

    assert held("changshu-hitech") == {
        ("TN", "2021-01", "S5"): {51.0}, ("TN", "2021-02", "S5"): {58.0},
        ("TP", "2021-07", "S5"): {88.0}, ("TP", "2021-08", "S5"): {26.0},
    }  # fmt: skip
    assert held("changshu-fluoro") == {
        ("F", "2021-01", "S1"): {94.0}, ("F", "2021-12", "S1"): {94.0},
        ("dichloromethane", "2021-01", "S1"): {93.0},
        ("dichloromethane", "2021-12", "S1"): {85.0},
    }  # fmt: skip
    monthly = tables["changshu-hitech"]["permits_monthly"]
    by_section = set(monthly.loc[monthly["stopped_by"] == "S5", "enterprise"])
    assert by_section == {"E09", "E10", "E11", "E12", "E13"}
    none = tables["changshu-fluoro"]["permits_monthly"].query("source_load == 0.0")
    assert set(none["pollutant"]) == {"F"}
    assert set(none["enterprise"]) == {"C07", "C08"}


def test_polders_are_booked_once_and_by_hand(solved: dict[str, study.Outcome]) -> None:
    """The measured polder from its events; the other from fields, ponds and ditches."""
    loads = solved["changshu-hitech"].tables["source_loads"].set_index(["source", "pollutant"])
    days = solved["changshu-hitech"].tables["periods"].set_index("period")["days"]

    def year(source: str, pollutant: str) -> float:
        rows = loads.loc[(source, pollutant)]
        return float((rows["source_load"] * rows["period"].map(days)).sum())

    events = pd.read_csv(SAMPLES / "changshu-hitech" / "pumping.csv")
    mass = events["pumped_volume [m3]"] * events["concentration [mg/L]"] / 1000
    for pollutant, total in mass.groupby(events["pollutant"]).sum().items():
        assert year("F-PA", str(pollutant)) == pytest.approx(total, rel=1e-12)
    # TN: 300 ha × 30 + 18 ha × 40 kg, less what 110,000 m3 / 12,000 m3/d keep at 0.06 per day
    expected = (300 * 30 + 18 * 40) * np.exp(-0.06 * 110 / 12)
    assert year("F-PB", "TN") == pytest.approx(expected, rel=1e-12)
    flow = solved["changshu-hitech"].datasets["hydraulics"]["flow"].sel(reach="PA1").to_series()
    pumped = events[events["pollutant"] == "TN"].groupby(events["date"].str[:7])
    volume = pumped["pumped_volume [m3]"].sum()
    np.testing.assert_allclose(volume, flow * days * 86400, atol=0.5)  # written in whole m3


def test_classes_make_what_the_loads_add_at_the_sections(
    solved: dict[str, study.Outcome],
) -> None:
    """Background with nothing decided differs from the present by what industry contributes."""
    for outcome in solved.values():
        places = outcome.tables["sections"]
        both = [
            quality.at(places, outcome.datasets[kind]).reset_coords(drop=True)
            for kind in ("present", "background")
        ]
        rise = (both[0] - both[1]).transpose("section", "pollutant", "period")
        made = outcome.datasets["contributions"]["contribution"].sel(source_class="industry")
        made = made.sel(pollutant=rise["pollutant"].values, period=rise["period"].values)
        np.testing.assert_allclose(made, rise, rtol=1e-8, atol=1e-12)


def test_farm_measures_make_room_and_reuse_takes_it_off(
    tables: dict[str, dict[str, pd.DataFrame]],
) -> None:
    table = tables["changshu-hitech"]["alternatives"]
    wide = table.groupby(["pollutant", "alternative"])[["total", "source_load"]].mean()
    for pollutant in ("COD", "TN", "TP"):
        total = wide.loc[pollutant, "total"]
        assert total["farm_measures"] > total["present"] * 1.0001
    load = wide["source_load"].unstack("alternative")
    east, industry = 0.4 * (34 + 21 + 18 + 46 + 29), 148 + 81 + 160
    expected = load["present"] * (1 - east / industry)
    # 13 loads on either side are written to 5 decimals
    np.testing.assert_allclose(load["reuse"], expected, rtol=0, atol=26 * 5e-6)
    fluoride = tables["changshu-fluoro"]["alternatives"].query(
        "pollutant == 'F' and alternative == 'fluoride_removal'"
    )
    assert (fluoride["owing"].fillna("") == "").all()


def test_town_and_fields_make_room_for_two_enterprises(
    tables: dict[str, dict[str, pd.DataFrame]],
) -> None:
    """Same outlet: 1.2 x 1.1; fields in January: uncertainty, multiple, and what they lack."""
    found = tables["changshu-hitech"]
    pairs = found["trading_ratios"].set_index(["seller", "buyer"])
    ratio = pairs["ratio"].xs("E10-1", level="buyer")
    assert ratio["T-WK3"] == pytest.approx(1.2 * 1.1, rel=1e-9)
    assert np.isnan(ratio["F-XB3"]) and pairs.loc[("F-XB3", "E10-1"), "worst_section"] == "S3"
    assert pairs.loc[("F-XB1", "E10-1"), "worst_period"] == "2021-01"
    field = pairs.loc[("F-XB1", "E10-1")]
    assert field["ratio"] == pytest.approx(1.69 * 1.1 * field["location_ratio"], rel=1e-9)
    loads = found["conversion_loads"].set_index("buyer")
    assert loads["permitted_load"].to_list() == pytest.approx(loads["wanted_load"].to_list())
    measures = found["conversion_measures"].set_index("seller")["reduction"]
    assert measures[["F-XB3", "D-XB1"]].to_list() == pytest.approx([0.0, 0.0], abs=1e-6)
    # paid by their ratios, no kg too few and none too many
    paid = (pairs["credit_load"] * pairs["ratio"].fillna(0.0)).groupby("seller").sum()
    pd.testing.assert_series_equal(
        paid.sort_index(), measures.sort_index(), check_names=False, rtol=1e-6, atol=1e-6
    )
    cost = 0.365 * (measures["T-WK3"] * 3.0 + measures["F-XB1"] * 0.8)
    assert found["conversion_totals"]["total_cost"].item() == pytest.approx(cost, rel=1e-6)
    water = found["conversion_sections"]
    assert (water["converted_concentration"] <= water["concentration"] + 1e-9).all()
    assert (water["converted_concentration"] < water["allowed"] * (1.0 + 1e-9)).all()


def test_characteristic_pollutants_have_the_users_target_with_its_origin(
    solved: dict[str, study.Outcome],
) -> None:
    limits = solved["changshu-fluoro"].datasets["limits"]["limit"]
    assert np.unique(limits.sel(indicator="F")).tolist() == [0.95]
    assert np.unique(limits.sel(indicator="dichloromethane")).tolist() == [0.004]
    assert np.unique(limits.sel(indicator="COD")).tolist() == [20.0]
    rows = solved["changshu-fluoro"].tables["standards"]
    assert set(rows["basis"]) == {"assumed"}
    assert rows["note"].str.contains("GB 3838-2002").all()


def test_what_the_fluorochemical_park_frees_is_split_as_that_of_a_township(
    solved: dict[str, study.Outcome],
) -> None:
    """新材料产业园 keeps no whole-park bank: 30 % to the city, the rest 2:8. Fluoride has none."""
    tables = solved["changshu-fluoro"].tables
    loads = tables["source_loads"].query("pollutant == 'NH3-N' and source.str.startswith('C')")
    days = loads["period"].map(tables["periods"].set_index("period")["days"])
    water = tables["sources"]["wastewater_flow"].sum()
    freed = float((loads["source_load"] * days).sum()) - water * 86.4 * 1.5 * 365
    grams = 10_000 * round(freed / 10)
    assert grams > 0

    def project(label: str, pollutant: str) -> Project:
        return Project(
            label, "新材料产业园", "infrastructure", "block", "industry", {pollutant: grams},
            date(2024, 5, 1), f"A-{label}",
            ("proposal", "calculation", "eia", "acceptance", "funding"), listed=False,
        )  # fmt: skip

    with ReserveBank("sqlite://") as bank:
        bank.deposit(project("works", "NH3-N"), date(2024, 6, 1))
        held = bank.statement().query("kind == 'bank'").set_index("holder")["balance"]
        assert held.to_dict() == {
            "苏州市": grams * 30 // 100, "常熟市本级": grams * 14 // 100,
            "新材料产业园": grams * 56 // 100,
        }  # fmt: skip
        with pytest.raises(DataError, match="F "):
            bank.deposit(project("fluoride", "F"), date(2024, 6, 1))
