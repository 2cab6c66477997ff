"""Conversion as a step of a study: measures of some sources, room for others on top of permits."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permitload import study
from tests.test_bad_input import DAYS, STUDY, faults, write
from tests.test_inputs import published

SELLERS = (
    "seller,outlet,pollutant,variation,uncertainty_ratio,available [kg/d],"
    "marginal_cost [10^4 CNY/t]\nP3,O2,COD,0.3,2,300,1\nF1,O3,COD,0.3,2,40,0.5\n"
)
BUYERS = (
    "buyer,outlet,pollutant,wanted_load [kg/d],marginal_cost [10^4 CNY/t]\n"
    "P1,O1,COD,60,9\nP2,O2,COD,216,6\n"
)
TIGHT = {"standards": STUDY["standards"] + "S1,COD,,,13.4\n"}
TRADES = TIGHT | {"sellers": SELLERS, "buyers": BUYERS}

pytestmark = pytest.mark.usefixtures("undrawn")


def folder(root: Path, texts: Mapping[str, str], choices: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    write(root, {**STUDY, **texts})
    settings = root / "study.toml"
    settings.write_text(settings.read_text("utf8") + choices, "utf8")
    return root


def table(results: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(results / f"{name}.csv", keep_default_na=False)


def test_what_permits_lack_is_made_up_by_measures_above_the_section(tmp_path: Path) -> None:
    """Households discharge where P2 does: 2 kg of theirs make up 1 of its own, by hand."""
    root = folder(tmp_path, TRADES)
    outcome = study.solve(root)
    plan = outcome.datasets["conversion"]
    one = outcome.datasets["response"]["response"].sel(section="S1", pollutant="COD")
    first, second = (one.sel(outlet=name).values for name in ("O1", "O2"))
    worst = (first / second).max()
    ratio = plan["ratio"].to_pandas()
    assert ratio.loc["P3", "P2"] == pytest.approx(2.0, rel=1e-12)
    assert ratio.loc["P3", "P1"] == pytest.approx(2.0 * worst, rel=1e-12)
    # the fields drain below S1, whatever they take off
    assert np.isinf(ratio.loc["F1"]).all()
    assert set(plan["worst_section"].sel(seller="F1").values) == {"S1"}
    loads = outcome.datasets["allocation"]["permitted_load"].sel(pollutant="COD")
    own = (loads * np.array(DAYS)).sum("period") / 365.0
    lack = {"P1": 60.0 - float(own.sel(source="P1")), "P2": 216.0 - float(own.sel(source="P2"))}
    assert min(lack.values()) > 20.0
    credit = plan["credit_load"].to_pandas()
    assert credit.loc["P3"].to_dict() == pytest.approx(lack, rel=1e-6)
    need = 2.0 * worst * lack["P1"] + 2.0 * lack["P2"]
    assert plan["reduction"].to_pandas().to_dict() == pytest.approx({"P3": need, "F1": 0.0})
    assert plan["permitted_load"].values.tolist() == pytest.approx([60.0, 216.0])
    assert plan["total_cost"].item() == pytest.approx(0.365 * need, rel=1e-6)
    # by the full model: S1 gains what the ratio holds back, and more is discharged at O1
    before, after = plan["concentration"], plan["converted_concentration"]
    at = {"section": "S1", "pollutant": "COD"}
    change = first * lack["P1"] + second * (lack["P2"] - need)
    np.testing.assert_allclose((after - before).sel(at), change, rtol=1e-6)
    assert (change < 0.0).all()
    results = published(outcome, root)
    assert not study.verify(results).faults
    pairs = table(results, "trading_ratios").set_index(["seller", "buyer"])
    assert (
        pairs.loc[("F1", "P1"), "ratio"] == "" and pairs.loc[("F1", "P1"), "worst_section"] == "S1"
    )
    sections = table(results, "conversion_sections")
    assert (sections["converted_concentration [mg/L]"] <= sections["allowed [mg/L]"] + 1e-9).all()
    assert table(results, "conversion_totals")["reason"].tolist() == [""]
    page = (results / "report.html").read_text("utf8")
    for words in ("源间转化", "trading ratios and credits", "conversion plan"):
        assert words in page, words


def test_permits_do_not_move(tmp_path: Path) -> None:
    names = ("permits", "permits_monthly", "capacity", "sections")
    with_, without = (
        study.run(folder(tmp_path / name, texts)) for name, texts in (("a", TRADES), ("b", TIGHT))
    )
    for name in names:
        assert (with_ / f"{name}.csv").read_bytes() == (without / f"{name}.csv").read_bytes()
    assert not (without / "trading_ratios.csv").exists()


def test_short_supply_goes_to_who_would_pay_most_or_evenly(tmp_path: Path) -> None:
    """60 kg/d off: cutting P1 costs 9, P2 6; the fairest plan gives both one share."""
    few = TRADES | {"sellers": SELLERS.replace(",300,1", ",60,1")}
    cheap = study.solve(folder(tmp_path / "a", few)).datasets["conversion"]
    lack = (cheap["wanted_load"] - cheap["own_permit"]).to_pandas()
    ratio = cheap["ratio"].sel(seller="P3").to_pandas()
    assert ratio["P1"] < 2.0  # a kg of the measure is worth more at P1, and P1 pays more
    got = cheap["credit_load"].sel(seller="P3").to_pandas()
    assert got["P1"] == pytest.approx(lack["P1"], rel=1e-6)
    assert got["P2"] == pytest.approx((60.0 - ratio["P1"] * lack["P1"]) / ratio["P2"], rel=1e-6)
    fair = study.solve(folder(tmp_path / "b", few, '[conversion]\nplan = "fairest"\n'))
    got = fair.datasets["conversion"]["credit_load"].sel(seller="P3").to_pandas()
    share = 60.0 / (ratio * lack).sum()
    assert (got / lack).to_list() == pytest.approx([share] * 2, rel=1e-6)


def test_reductions_follow_the_seasons_of_the_seller(tmp_path: Path) -> None:
    """Households discharge half as much from October on: then a kg of the year is half a kg."""
    halves = "".join(f"P3,COD,2025-{m:02d},{432 if m > 9 else 864},,\n" for m in range(1, 13))
    texts = TRADES | {"source_loads": STUDY["source_loads"].replace("P3,COD,,,,\n", halves)}
    plan = study.solve(folder(tmp_path, texts)).datasets["conversion"]
    mean = (864.0 * sum(DAYS[:9]) + 432.0 * sum(DAYS[9:])) / 365.0
    assert float(plan["ratio"].sel(seller="P3", buyer="P2")) == pytest.approx(2.0 * mean / 432.0)
    assert str(plan["worst_period"].sel(seller="P3", buyer="P2").values) == "2025-10"


def test_nobody_lacks_anything(tmp_path: Path) -> None:
    texts = {"sellers": SELLERS, "buyers": BUYERS}
    root = folder(tmp_path, texts)
    totals = table(study.run(root), "conversion_totals")
    assert "every buyer has what it asks for" in totals["reason"].item()


def test_a_background_beyond_its_limit_that_no_measure_cures_is_said(tmp_path: Path) -> None:
    """Upstream water alone exceeds S1: nothing is traded, and the reason stands there."""
    texts = TRADES | {
        "standards": STUDY["standards"] + "S1,COD,,,12.0\n",
        "source_loads": STUDY["source_loads"].replace("60,20,80", "60,0,80").replace(",50,", ",0,"),
    }
    totals = table(study.run(folder(tmp_path, texts)), "conversion_totals")
    assert totals["total_cost [10^4 CNY/a]"].item() == ""
    # 0.92 mg/L of what 300 kg/d off could do at S1 do not cure what comes from above
    assert re.fullmatch(
        r"the measures do not cure 12 sections and periods, most S1, COD, 2025-0\d: "
        r"0\.\d+ mg/L still missing",
        totals["reason"].item(),
    )


BAD = {
    "no buyers": (
        {"sellers": SELLERS},
        "sellers.csv, rows: are not used; right would be rows of buyers.csv, or no such table",
    ),
    "credits": (
        {"credits": "credit,owner,seller,pollutant,before_load,baseline_load,after_load,begins,"
                    "expires\nC1,P1,F1,COD,9,8,5,2025-01-01,2026-01-01\n".replace(
                        "_load,", "_load [kg/d],")},
        "credits.csv, rows: are not used by a study; right would be no such table",
    ),
    "a decided seller": (
        TRADES | {"sellers": SELLERS.replace("P3,O2", "P2,O2")},
        "sellers.csv, row 2 (P2), seller: P2 is no such source; right would be a source that "
        "nobody decides, or one and its pollutant",
    ),
    "another outlet": (
        TRADES | {"buyers": BUYERS.replace("P1,O1", "P1,O2")},
        "buyers.csv, row 2 (P1), outlet: O2 is not that of the source; right would be O1",
    ),
    "too much": (
        TRADES | {"sellers": SELLERS.replace(",40,0.5", ",41,0.5")},
        "sellers.csv, row 3 (F1), available: 41 kg/d is more than its present load; right would "
        "be at most 40 kg/d, the mean of its year",
    ),
    "a permit of its own": (
        TRADES | {"buyers": BUYERS.replace(",pollutant,", ",pollutant,own_permit [kg/d],")
                  .replace("O1,COD,", "O1,COD,50,").replace("O2,COD,", "O2,COD,,")},
        "buyers.csv, row 2 (P1), own_permit: 50 kg/d is not used; right would be an empty cell: "
        "the permit is the published one",
    ),
    "no buyer of the pollutant": (
        TRADES | {"sellers": SELLERS + "F1 NH3-N,O3,NH3-N,0.3,2,1,1\n"},
        "sellers.csv, row 4 (F1 NH3-N), pollutant: NH3-N has no buyer; right would be one of COD, "
        "the pollutants of the buyers",
    ),
    "twice": (
        TRADES | {"buyers": BUYERS + "P1 COD,O1,COD,70,9\n"},
        "buyers.csv, row 4 (P1 COD), buyer: P1 COD is there twice; right would be one row of a "
        "source and pollutant",
    ),
    "nothing to take off": (
        TRADES | {"source_loads": STUDY["source_loads"].replace("F1,COD,,40", "F1,COD,,0")},
        "sellers.csv, row 3 (F1), seller: F1 discharges none of its pollutant; right would be a "
        "source with a load",
    ),
    "a whole measure shared evenly": (
        TRADES | {"sellers": SELLERS.replace("[10^4 CNY/t]\n", "[10^4 CNY/t],whole\n")
                  .replace(",300,1\n", ",300,1,1\n").replace(",40,0.5\n", ",40,0.5,0\n")},
        "sellers.csv, row 2 (P3), whole: 1 is taken wholly; right would be 0 with the plan "
        "fairest, which shares measures in any part",
    ),
    "neither whole nor in parts": (
        TRADES | {"sellers": SELLERS.replace("[10^4 CNY/t]\n", "[10^4 CNY/t],whole\n")
                  .replace(",300,1\n", ",300,1,0.5\n").replace(",40,0.5\n", ",40,0.5,0\n")},
        "sellers.csv, row 2 (P3), whole: 0.5 is neither; right would be 0 or 1",
    ),
    "a pollutant worth half of itself": (
        TRADES | {"sellers": SELLERS.replace(",available", ",equivalency,available")
                  .replace(",300,1\n", ",0.5,300,1\n").replace(",40,0.5\n", ",,40,0.5\n")},
        "sellers.csv, row 2 (P3), equivalency: 0.5 is not used; right would be an empty cell: "
        "seller and buyer have one pollutant",
    ),
    "nothing asked for": (
        TRADES | {"buyers": BUYERS.replace("O1,COD,60,", "O1,COD,,")},
        "buyers.csv, row 2 (P1), wanted_load: is missing; right would be the load that is asked "
        "for in all, the permit included [kg/d]",
    ),
    "unknown plan": (
        TRADES, "study.toml, row conversion, plan: best is unknown; right would be one of "
        "cheapest, fairest",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_traded_is_said_before(tmp_path: Path, name: str) -> None:
    texts, sentence = BAD[name]
    plan = {"unknown plan": "best", "a whole measure shared evenly": "fairest"}.get(name)
    choice = f'[conversion]\nplan = "{plan}"\n' if plan else ""
    assert sentence in faults(folder(tmp_path, texts, choice))
