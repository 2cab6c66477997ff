"""Figures of technology that enter the permits of a study because it says so."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permitload import study
from tests.test_bad_input import STUDY, faults, write
from tests.test_inputs import _loads, _stops, published

PRODUCTS = (
    "source,product,product_capacity [t/a],benchmark_drainage [m3/t],advanced_drainage [m3/t]\n"
    "P1,woven,1000,140,130\nP2,resin,2000,300,250\n"
)
CONCENTRATIONS = (
    "source,pollutant,document,permitted_concentration [mg/L]\n"
    "P1,COD,GB 4287,60\nP1,COD,other,80\nP2,COD,agreement,500\n"
)
TOTALS = (
    "source,pollutant,component,annual_total [t/a],note\n"
    "P1,COD,eia_total,,approved before 2015\nP2,COD,eia_total,400,\n"
)
LOADS = {
    "products": PRODUCTS, "permitted_concentrations": CONCENTRATIONS, "source_totals": TOTALS,
}  # fmt: skip
TRAINS = "source,train,pollutant,achievable [mg/L],wastewater_flow [m3/d]"
CANDIDATES = (
    f"{TRAINS},operating [10^4 CNY/a]\n"
    "P1,MBR,COD,20,1728,30\nP1,AO,COD,30,1728,10\nP2,MBR,COD,25,4320,40\n"
)
"""P1 keeps 34.56 or 51.84 of 60 kg/d, P2 108 of the 216 kg/d that its works lets out."""
TIGHT = {"standards": STUDY["standards"] + "S1,COD,,,13.4\n"}

pytestmark = pytest.mark.usefixtures("undrawn")


def folder(
    root: Path, texts: Mapping[str, str], choices: str, target: str = "present_load",
    decided: tuple[str, ...] = ("industry",),
) -> Path:  # fmt: skip
    root.mkdir(parents=True, exist_ok=True)
    write(root, {**STUDY, **texts}, decided=decided)
    settings = root / "study.toml"
    words = f'[allocation]\ntarget = "{target}"\n[technology]\n{choices}\n'
    settings.write_text(settings.read_text("utf8") + words, "utf8")
    return root


def test_loads_of_technology_are_totals_of_the_year(tmp_path: Path) -> None:
    """1000 x 140 x 60 is 8.4 t/a; 2000 x 300 x 500 is 300 t/a handed over, 30 let out."""
    root = folder(tmp_path, LOADS, 'total = "standard_water"\nbasis = "pilot"')
    outcome = study.solve(root)
    loads = _loads(outcome)
    # no section is full: every month has the same rate
    np.testing.assert_allclose(loads.loc["P1"], 8400.0 / 365.0, rtol=1e-9)
    np.testing.assert_allclose(loads.loc["P2"], 30000.0 / 365.0, rtol=1e-9)
    stops = _stops(outcome)
    assert set(stops.loc["P1"]) == {"P1 technology (year)"}
    assert set(stops.loc["P2"]) == {"P2 technology (year)"}
    assert set(_stops(outcome, "NH3-N").loc["P1"]) == {"ceiling"}
    results = published(outcome, root)
    assert not study.verify(results).faults
    permits = pd.read_csv(results / "permits.csv").set_index(["source", "pollutant"])
    most = permits["permit [t/a]"].xs("COD", level="pollutant")
    assert most["P1"] <= 8.4 < most["P1"] + 0.012 and most["P2"] <= 30.0 < most["P2"] + 0.012
    assert permits.loc[("P2", "COD"), "accepted_load [kg/d]"] == pytest.approx(3e5 / 365, abs=0.5)
    rows = pd.read_csv(results / "provenance.csv")
    said = rows[rows["quantity"] == "annual_total"].groupby("source")["reference"].unique()
    assert said["P1"].tolist() == ["technology_loads.csv, standard_water, specification"]
    assert said["P2"].tolist() == [
        "technology_loads.csv, standard_water, specification, through the works"
    ]
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    assert manifest["options"]["technology"] == {"total": "standard_water"}
    page = (results / "report.html").read_text("utf8")
    assert "technology total" in page and "P1 technology" in page


def test_advanced_drainage_and_stricter_totals_hold(tmp_path: Path) -> None:
    texts = LOADS | {"source_totals": TOTALS.replace("400", "240")}
    loads = _loads(study.solve(folder(tmp_path, texts, 'total = "advanced_water"')))
    np.testing.assert_allclose(loads.loc["P1"], 1000 * 130 * 60e-3 / 365.0, rtol=1e-9)
    # 2000 x 250 x 500 is 250 t/a, the EIA has 240: 24 leave the works
    np.testing.assert_allclose(loads.loc["P2"], 24000.0 / 365.0, rtol=1e-9)


def test_nobody_is_asked_for_more_than_the_best_train_gives(tmp_path: Path) -> None:
    texts = TIGHT | {"candidates": CANDIDATES.replace("COD,20,", "COD,22,")}
    free = study.solve(folder(tmp_path / "a", texts, ""))
    assert _loads(free).loc["P1"].max() < 37.0
    root = folder(tmp_path / "b", texts, 'floor = "reduction_potential"')
    held = study.solve(root)
    floor = held.datasets["sources"]["floor"].sel(pollutant="COD")
    np.testing.assert_allclose(floor.sel(source="P1"), 38.016, rtol=1e-12)
    np.testing.assert_allclose(floor.sel(source="P2"), 108.0, rtol=1e-12)
    loads = _loads(held)
    np.testing.assert_allclose(loads.loc["P1"], 38.016, rtol=1e-12)
    assert set(_stops(held).loc["P1"]) == {"technology_floor"}
    # what the floor takes, the other gives: its response is as great
    assert (loads.loc["P2"] < _loads(free).loc["P2"]).all()
    assert (loads.loc["P2"] > 108.0).all()
    results = published(held, root)
    rows = pd.read_csv(results / "provenance.csv")
    mine = rows[(rows["source"] == "P1") & (rows["pollutant"] == "COD")]
    given = mine[(mine["quantity"] == "floor") & (mine["step"] == "input")]
    said = given["reference"].unique().tolist()
    assert said == ["potentials.csv, MBR"]
    assert not study.verify(results).faults


def test_an_infeasible_train_gives_nothing(tmp_path: Path) -> None:
    """The membrane misses its required energy: the other train alone is left to P1."""
    trains = {
        "candidates": CANDIDATES,
        "trains": "train,source_class\nMBR,industry\nAO,industry\n",
        "train_figures": "train,criterion,value,unit\n"
        "MBR,energy,1.2,kWh/m3\nAO,energy,0.5,kWh/m3\n",
        "train_references": "source_class,criterion,worst,best,criterion_weight,unit,"
        "required_value\nindustry,energy,2,0.2,1,kWh/m3,1\n",
    }
    root = folder(tmp_path, trains, 'floor = "reduction_potential"\noptions = "train_options"')
    outcome = study.solve(root)
    floor = outcome.datasets["sources"]["floor"].sel(pollutant="COD")
    assert floor.sel(source="P1").values.tolist() == [51.84] * 12
    assert floor.sel(source="P2").values.tolist() == [50.0] * 12  # what source_loads states
    assert outcome.tables["options"]["option"].tolist() == ["AO"]
    results = published(outcome, root)
    best = pd.read_csv(results / "potentials.csv").set_index(["source", "pollutant"])
    assert set(best.loc[("P1", "COD"), "train"]) == {"AO"}
    assert set(best.loc[("P2", "COD"), "rule"]) == {"no candidate"}
    every = pd.read_csv(results / "train_potentials.csv")
    assert set(every["train"]) == {"MBR", "AO"}


def test_candidates_are_the_options_that_a_user_would_write(tmp_path: Path) -> None:
    """0.424 and 0.136 of 60 kg/d, half of 216: the same plan as from a file of options."""
    by_hand = (
        "source,option,pollutant,removal,operating [10^4 CNY/a]\n"
        "P1,MBR,COD,0.424,30\nP1,AO,COD,0.136,10\nP2,MBR,COD,0.5,40\n"
    )
    texts = {"standards": STUDY["standards"] + "S1,COD,,,13.5\n"}
    one = study.run(folder(tmp_path / "a", texts | {"options": by_hand}, ""))
    two = study.run(
        folder(tmp_path / "b", texts | {"candidates": CANDIDATES}, 'options = "train_options"')
    )
    for name in ("rules", "fairness", "measures"):
        first, second = (pd.read_csv(at / f"{name}.csv") for at in (one, two))
        pd.testing.assert_frame_equal(first, second, check_exact=False, rtol=1e-9)
    assert "least_cost" in set(pd.read_csv(two / "rules.csv")["rule"])
    assert pd.read_csv(two / "fairness.csv").set_index(["pollutant", "rule"]).loc[
        ("COD", "least_cost"), "cost [10^4 CNY/a]"] == pytest.approx(40.0)  # fmt: skip
    plan = pd.read_csv(two / "measures.csv").set_index(["rule", "source"])
    # 12.7 kg/d are more than AO takes off: each alone needs its membrane, together one is enough
    assert plan.loc["published", "option"].to_dict() == {"P1": "MBR", "P2": "MBR"}
    assert plan.loc["published", "cost [10^4 CNY/a]"].to_dict() == {"P1": 30.0, "P2": 40.0}
    assert plan.loc["least_cost", "option"].to_dict() == {"P1": "as is", "P2": "MBR"}
    cost = pd.read_csv(two / "fairness.csv").set_index(["pollutant", "rule"])["cost [10^4 CNY/a]"]
    sums = plan["cost [10^4 CNY/a]"].groupby("rule").sum()
    assert sums.to_dict() == pytest.approx(cost["COD"].to_dict())
    assert not study.verify(two).faults
    page = (two / "report.html").read_text("utf8")
    assert "measures that each rule asks for" in page
    assert page.count(">MBR<") >= 3  # both of the published permits, one of the least cost


def test_classes_share_the_cut_by_what_their_trains_give(tmp_path: Path) -> None:
    """Industry could take off 133.44 of 276 kg/d, households 86.4 of 864: π e over Σ π e."""
    texts = {
        "candidates": CANDIDATES + "P3,MBR,COD,45,17280,90\n",
        "standards": STUDY["standards"] + "S1,COD,,,12.8\n",
        "tree": "source_class,pollutant,adjustment_coefficient\nindustry,,1\n",
        "source_loads": STUDY["source_loads"].replace("P1,COD,,60,20,80", "P1,COD,,60,0,80")
        .replace("P2,COD,,,50,", "P2,COD,,,0,"),
    }  # fmt: skip
    decided = ("industry", "domestic")
    words = 'potential = "potential_by"\n[hydraulics]'
    root = folder(tmp_path, texts, words, "tree", decided)
    settings = (root / "study.toml").read_text("utf8")
    (root / "study.toml").write_text(
        settings.replace('target = "tree"', 'target = "tree"\nsection = "S1"'), "utf8"
    )
    outcome = study.solve(root)
    stated = outcome.tables["tree"].set_index(["source_class", "pollutant"])
    shares = stated["reduction_potential"].to_dict()
    assert shares[("industry", "COD")] == pytest.approx((60 - 34.56 + 108) / 276)
    assert shares[("domestic", "COD")] == pytest.approx(0.1)
    assert shares[("domestic", "NH3-N")] == 0.0
    found = outcome.datasets
    one = found["response"].sel(section="S1", pollutant="COD", outlet=["O1", "O2"])
    ratio = one["delivery_ratio"].values
    room = found["limits"]["headroom"].sel(section="S1", indicator="COD").values
    total = room * 86.4 * (6.0 + (1728.0 + 25000.0) / 86400.0)
    brought = np.array([ratio[0] * 60.0 + ratio[1] * 216.0, ratio[1] * 864.0])
    able = np.array([133.44 / 276, 0.1])[:, None] * brought
    expected = brought - (brought.sum(axis=0) - total) * able / able.sum(axis=0)
    target = found["sources"]["leaf_target"].sel(pollutant="COD")
    classes = [target.sel(source="P1") * ratio[0] + target.sel(source="P2") * ratio[1],
               target.sel(source="P3") * ratio[1]]  # fmt: skip
    np.testing.assert_allclose(classes, expected, rtol=1e-9)
    assert not study.verify(published(outcome, root)).faults


NOTHING: dict[str, str] = {}
BAD = {
    "unknown": (
        NOTHING, 'total = "water"',
        "study.toml, row technology, total: water is unknown; right would be one of "
        "standard_water, advanced_water",
    ),
    "no products": (
        NOTHING, 'total = "standard_water"',
        "study.toml, row technology, total: standard_water has nothing to follow from; right "
        "would be rows of products.csv, or no such choice",
    ),
    "no advanced drainage": (
        LOADS | {"products": PRODUCTS.replace(",130\n", ",\n").replace(",250\n", ",\n")},
        'total = "advanced_water"',
        "study.toml, row technology, total: advanced_water has no load of a decided source; right "
        "would be products of decided sources, with the drainage that it takes",
    ),
    "advanced drainage of some": (
        LOADS | {"products": PRODUCTS.replace(",250\n", ",\n")}, 'total = "advanced_water"',
        "products.csv, row 3 (P2, resin), advanced_drainage: is not known, or above the "
        "benchmark; right would be at most 300 m3/t",
    ),
    "no tree": (
        {"candidates": CANDIDATES}, 'potential = "potential_by"',
        "study.toml, row allocation, target: present_load shares no cut by potential; right would "
        'be target = "tree", or no potential',
    ),
    "stated twice": (
        {"candidates": CANDIDATES,
         "options": "source,option,pollutant,removal\nP1,MBR,COD,0.5\n"},
        'options = "train_options"',
        "options.csv, row 2 (P1, MBR, COD), source: P1 is stated too; right would be one of the "
        "two: it follows from technology",
    ),
    "a group of the same name": (
        LOADS | {"groups": "group,source\nP1 technology,P2\n"}, 'total = "standard_water"',
        "groups.csv, row 2 (P1 technology, P2), group: P1 technology is stated too; right would be "
        "one of the two: it follows from technology",
    ),
    "a floor stated for all periods": (
        {"candidates": CANDIDATES,
         "source_bounds": "source,pollutant,component,floor [kg/d]\nP1,COD,technology_floor,3\n"},
        'floor = "reduction_potential"',
        "source_bounds.csv, row 2 (P1, COD, technology_floor), source: P1 is stated too; right "
        "would be one of the two: it follows from technology",
    ),
    "no floor of a decided source": (
        {"candidates": f"{TRAINS}\nP3,MBR,COD,20,1728\n"}, 'floor = "reduction_potential"',
        "study.toml, row technology, floor: reduction_potential has nothing to follow from; right "
        "would be rows of candidates.csv of a decided source, or no such choice",
    ),
    "no potential of a decided source": (
        {"candidates": f"{TRAINS}\nP3,MBR,COD,20,1728\n",
         "tree": "source_class,pollutant,adjustment_coefficient\nindustry,,1\n"},
        'potential = "potential_by"',
        "study.toml, row technology, potential: potential_by has nothing to follow from; right "
        "would be rows of candidates.csv of a decided source, or no such choice",
    ),
    "no option of a decided source": (
        {"candidates": f"{TRAINS}\nP3,MBR,COD,20,1728\n"}, 'options = "train_options"',
        "study.toml, row technology, options: train_options has nothing to follow from; right "
        "would be rows of candidates.csv of a decided source, or no such choice",
    ),
    "no years of service": (
        {"candidates": f"{TRAINS},capital [10^4 CNY]\nP1,MBR,COD,20,1728,90\n"},
        'options = "train_options"',
        "candidates.csv, row 2 (P1, MBR, COD), lifetime: is empty; right would be years of service "
        "> 0 [a]",
    ),
    "no load": (
        {"candidates": CANDIDATES + "P9,MBR,COD,20,1728,30\n"}, 'floor = "reduction_potential"',
        "candidates.csv, row 5 (P9, MBR, COD), pollutant: COD has no load; right would be a "
        "pollutant with a row of source_loads",
    ),
    "nothing achievable": (
        {"candidates": CANDIDATES.replace("P1,MBR,COD,20,", "P1,MBR,COD,,")},
        'floor = "reduction_potential"',
        "candidates.csv, row 2 (P1, MBR, COD), train: MBR has no achievable load; right would be "
        "what the rule needs: flow and concentration, or generated load and removal",
    ),
    "floor above the ceiling": (
        {"candidates": CANDIDATES,
         "source_loads": STUDY["source_loads"].replace("P1,COD,,60,20,80", "P1,COD,,60,20,30")},
        'floor = "reduction_potential"',
        "candidates.csv, row 2 (P1, MBR, COD), floor: 34.56 kg/d exceeds a ceiling; right would be "
        "at most the ceiling of source_loads, 30",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_decide_is_said_before(tmp_path: Path, name: str) -> None:
    texts, choices, sentence = BAD[name]
    target = "tree" if "tree" in texts else "present_load"
    assert sentence in faults(folder(tmp_path, texts, choices, target))


def test_a_wrong_law_of_the_works_is_said_once(tmp_path: Path) -> None:
    """Nothing that follows from the law is a fault as well."""
    works = STUDY["works"]
    for law, sentence in (
        ("0,50", "works.csv, row 2 (W1, COD), acceptance_concentration: 0 mg/L is not positive; "
         "right would be a concentration > 0 mg/L"),
        ("40,50", "works.csv, row 2 (W1, COD), acceptance_concentration: 40 mg/L is less than "
         "outlet_concentration, 50 mg/L; right would be at least 50 mg/L: a works adds nothing"),
    ):  # fmt: skip
        texts = LOADS | {"works": works.replace("500,50", law)}
        root = folder(tmp_path / law, texts, 'total = "standard_water"')
        assert faults(root) == [sentence]
