"""What a study may choose beyond its tables: contribution, the tree, uncertain capacity."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from permitload import study
from permitload.fairness import contribution
from tests.test_bad_input import STUDY, faults, write
from tests.test_inputs import GROUPS, LIMITS, _folder, _loads, _stops, published

TIGHT = {"standards": STUDY["standards"] + "S1,COD,,,13.4\n"}
"""A limit at S1 under which the present loads of COD do not fit."""
CLAIM = np.array([60.0, 216.0])
FLOOR = np.array([20.0, 50.0])
BRANCHES = "source_class,sector,enterprise,pollutant,adjustment_coefficient\n"
CHOSEN = 'target = "tree"\nsection = "S1"\n'
UNSURE = "[reliability]\nvariation = 0.2\nbackground_variation = 0.005\n"
SCORE = 1.6448536269514722
"""Standard normal quantile of 0.95."""

pytestmark = pytest.mark.usefixtures("undrawn")


def _at_s1(outcome: study.Outcome) -> tuple[Any, Any, Any]:
    """Response, delivery and headroom of COD at S1, by outlet and period."""
    found = outcome.datasets
    one = found["response"].sel(section="S1", pollutant="COD", outlet=["O1", "O2"])
    room = found["limits"]["headroom"].sel(section="S1", indicator="COD").values
    return one["response"].values, one["delivery_ratio"].values, room


def _table(results: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(results / f"{name}.csv", keep_default_na=False)


def test_contribution_cuts_who_adds_most(tmp_path: Path) -> None:
    """Cuts in proportion to a x, by hand and by the formula of one section."""
    root = _folder(tmp_path, TIGHT, 'target = "contribution"')
    outcome = study.solve(root)
    gain, _, room = _at_s1(outcome)
    loads = _loads(outcome).loc[["P1", "P2"]].to_numpy()
    for month in range(12):
        a, owed = gain[:, month], gain[:, month] @ CLAIM - room[month]
        by_hand = CLAIM - owed * a * CLAIM / (a**2 @ CLAIM)
        np.testing.assert_allclose(loads[:, month], by_hand, rtol=1e-9)
        cuts = contribution(float(owed), a, CLAIM, floor=FLOOR)
        np.testing.assert_allclose(CLAIM - loads[:, month], cuts, rtol=1e-8)
    assert set(_stops(outcome).to_numpy().ravel()) == {"S1"}
    assert set(outcome.datasets["rules"]["rule"].values) >= {
        "proportion", "contribution", "progressive_filling", "projection",
    }  # fmt: skip


def test_contribution_is_no_other_composition(tmp_path: Path) -> None:
    choice = 'target = "contribution"\ncompose = "fill"'
    assert faults(_folder(tmp_path, TIGHT, choice)) == [
        "study.toml, row allocation, compose: fill is not how contribution shares; right would be "
        "project, or no compose"
    ]


def test_the_tree_by_hand(tmp_path: Path) -> None:
    """Section equivalents, weighted by κ; leaves divided by their delivery."""
    rows = BRANCHES + "industry,dyeing,,COD,1.5\nindustry,chemicals,,,0.8\n"
    root = _folder(tmp_path, TIGHT | {"tree": rows}, CHOSEN)
    outcome = study.solve(root)
    gain, ratio, room = _at_s1(outcome)
    weight = np.array([1.5, 0.8])[:, None] * ratio * CLAIM[:, None]
    total = room * 86.4 * (6.0 + (1728.0 + 25000.0) / 86400.0)
    expected = total * weight / weight.sum(axis=0) / ratio
    loads = _loads(outcome).loc[["P1", "P2"]].to_numpy()
    np.testing.assert_allclose(loads, expected, rtol=1e-9)
    np.testing.assert_allclose((gain * loads).sum(axis=0), room, rtol=1e-9)
    # no weight at all moves the other pollutant, of which there is enough for everybody
    np.testing.assert_allclose(_loads(outcome, "NH3-N").loc["P1"], 6.0, rtol=1e-12)
    results = published(outcome, root)
    assert not study.verify(results).faults
    table = _table(results, "tree")
    june = table[(table["pollutant"] == "COD") & (table["period"] == "2025-06")]
    assert june["source"].tolist() == [""] * 6 + ["P1", "P2"]
    kids = june[june["sector"].isin(["dyeing", "chemicals"]) & (june["enterprise"] == "")]
    shares = kids["equivalent [kg/d]"].astype(float)
    assert shares.sum() == pytest.approx(total[5], rel=1e-9)
    np.testing.assert_allclose(shares, kids["tree_weight [kg/d]"].astype(float)
                               * kids["level"].astype(float), rtol=1e-9)  # fmt: skip
    moved = _table(results, "distortion")
    assert set(moved["distortion"].astype(float)) == {0.0}
    page = (results / "report.html").read_text("utf8")
    assert "自断面容量逐级分配" in page and "adjustment_coefficient industry/dyeing COD" in page


def test_provenance_follows_the_tree(tmp_path: Path) -> None:
    """From class to source: equivalent = level × weight; the leaf over its delivery is claimed."""
    results = study.run(_folder(tmp_path, TIGHT, CHOSEN))
    rows = _table(results, "provenance")
    mine = rows[(rows["source"] == "P2") & (rows["pollutant"] == "COD")]
    mine = mine[mine["period"] == "2025-03"]
    branches = mine[mine["step"] == "tree"]
    subjects = ["industry//", "industry/chemicals/", "industry/chemicals/E2", "P2"]
    assert branches["subject"].drop_duplicates().tolist() == subjects
    wide = branches.pivot(index="subject", columns="quantity", values="value").astype(float)
    np.testing.assert_allclose(wide["level"] * wide["weight"], wide["equivalent"], rtol=1e-9)
    claim = float(mine[mine["step"] == "claim"]["value"].iloc[0])
    leaf = wide.loc["P2"]
    assert claim == pytest.approx(leaf["equivalent"] / leaf["delivery_ratio"], rel=1e-12)
    assert mine["step"].drop_duplicates().tolist() == [
        "input", "tree", "claim", "level", "stop", "alone", "granted", "rounding", "permit",
    ]  # fmt: skip


def test_siblings_take_what_a_branch_cannot(tmp_path: Path) -> None:
    """Chemicals may bring 90 kg/d to the section; dyeing gets the rest of what is there."""
    rows = "source_class,sector,ceiling [kg/d]\nindustry,chemicals,90\n"
    outcome = study.solve(_folder(tmp_path, TIGHT | {"tree": rows}, CHOSEN))
    _, ratio, room = _at_s1(outcome)
    total = room * 86.4 * (6.0 + (1728.0 + 25000.0) / 86400.0)
    target = outcome.datasets["sources"]["leaf_target"].sel(pollutant="COD")
    np.testing.assert_allclose(target.sel(source="P2"), 90.0 / ratio[1], rtol=1e-9)
    np.testing.assert_allclose(target.sel(source="P1"), (total - 90.0) / ratio[0], rtol=1e-9)


def test_what_moves_loads_from_the_leaves_is_named(tmp_path: Path) -> None:
    """A park of 138 kg/d takes its part from both: half of all moves over all leaves."""
    texts = TIGHT | {"groups": GROUPS, "group_limits": LIMITS + "PARK,COD,,138,\n"}
    root = _folder(tmp_path, texts, CHOSEN)
    outcome = study.solve(root)
    results = published(outcome, root)
    leaf = outcome.datasets["sources"]["leaf_target"].sel(pollutant="COD").sum("source").values
    table = _table(results, "distortion")
    table = table[table["pollutant"] == "COD"]
    assert set(table["stopped_by"]) == {"PARK"}
    expected = 0.5 * (leaf - 138.0) / leaf
    np.testing.assert_allclose(table["distortion"].astype(float), expected, rtol=1e-9)
    assert not study.verify(results).faults


def test_classes_share_a_cut_by_their_potential(tmp_path: Path) -> None:
    """Industry can take off 0.3, households 0.1 of what they bring: cuts are π e over Σ π e."""
    rows = (
        "source_class,pollutant,reduction_potential\nindustry,COD,0.3\ndomestic,COD,0.1\n"
    )  # fmt: skip
    texts = {
        "tree": rows,
        "standards": STUDY["standards"] + "S1,COD,,,12.8\n",
        "source_loads": STUDY["source_loads"].replace("P1,COD,,60,20,80", "P1,COD,,60,0,80")
        .replace("P2,COD,,,50,", "P2,COD,,,0,"),
    }  # fmt: skip
    root = _folder(tmp_path, texts)
    write(root, {**STUDY, **texts}, decided=("industry", "domestic"))
    settings = root / "study.toml"
    settings.write_text(settings.read_text("utf8") + f"[allocation]\n{CHOSEN}", "utf8")
    outcome = study.solve(root)
    _, ratio, room = _at_s1(outcome)
    total = room * 86.4 * (6.0 + (1728.0 + 25000.0) / 86400.0)
    brought = np.array([ratio[0] * 60.0 + ratio[1] * 216.0, ratio[1] * 864.0])
    able = np.array([0.3, 0.1])[:, None] * brought
    expected = brought - (brought.sum(axis=0) - total) * able / able.sum(axis=0)
    target = outcome.datasets["sources"]["leaf_target"].sel(pollutant="COD")
    found = [target.sel(source="P1") * ratio[0] + target.sel(source="P2") * ratio[1],
             target.sel(source="P3") * ratio[1]]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert (brought.sum(axis=0) > total).all()


TREE_FAULTS = {
    "no such branch": (
        "source_class,sector\nindustry,paper\n", CHOSEN,
        ["tree.csv, row 2 (industry, paper), source_class: industry has no such branch; right "
         "would be source_class, sector and enterprise of a decided source, or the first of them"],
    ),
    "a class that nobody decides": (
        "source_class\nfarm\n", CHOSEN,
        ["tree.csv, row 2 (farm), source_class: farm has no such branch; right would be "
         "source_class, sector and enterprise of a decided source, or the first of them"],
    ),
    "floor over ceiling": (
        "source_class,floor [kg/d],ceiling [kg/d]\nindustry,30,20\n", CHOSEN,
        ["tree.csv, row 2 (industry), floor: 30 kg/d exceeds the ceiling; right would be at most "
         "the ceiling"],
    ),
    "potential of a sector": (
        "source_class,sector,reduction_potential\nindustry,dyeing,0.2\n", CHOSEN,
        ["tree.csv, row 2 (industry, dyeing), reduction_potential: 0.2 is not of a class; right "
         "would be a potential of the whole source class: sector and enterprise empty"],
    ),
    "negative weight": (
        "source_class,tree_weight [kg/d]\nindustry,-1\n", CHOSEN,
        ["tree.csv, row 2, tree_weight: -1 is too small; right would be at least 0 kg/d"],
    ),
    "row twice": (
        BRANCHES + "industry,,,COD,1\nindustry,,,COD,2\n", CHOSEN,
        ["tree.csv, row 3, source_class, sector, enterprise, pollutant: industry, COD repeats the "
         "key of row 2; right would be one row a key"],
    ),
    "no section": (
        BRANCHES, 'target = "tree"\n',
        ["study.toml, row allocation, section: is missing; right would be one of S1, S2, whose "
         "capacity the tree shares"],
    ),
    "section of another river": (
        BRANCHES, 'target = "tree"\nsection = "S9"\n',
        ["study.toml, row allocation, section: S9 is unknown; right would be one of S1, S2, whose "
         "capacity the tree shares"],
    ),
    "another target": (
        BRANCHES + "industry,,,,2\n", 'section = "S1"\n',
        ["tree.csv, rows: are read for another target; right would be the target tree, or no row",
         "study.toml, row allocation, section: S1 is read for the tree; right would be the target "
         "tree, or no section"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TREE_FAULTS)
def test_a_wrong_tree_is_named(name: str, tmp_path: Path) -> None:
    rows, choice, expected = TREE_FAULTS[name]
    assert faults(_folder(tmp_path, {"tree": rows}, choice)) == expected


def test_a_source_that_does_not_reach_the_section_keeps_its_load(tmp_path: Path) -> None:
    """With O2 below S1 the tree of S1 is P1 alone."""
    texts = TIGHT | {"outlets": STUDY["outlets"].replace("O2,R2,,2000", "O2,R4,,500")}
    root = _folder(tmp_path, texts, CHOSEN)
    outcome = study.solve(root)
    target = outcome.datasets["sources"]["leaf_target"]
    np.testing.assert_array_equal(target.sel(source="P2", pollutant="COD"), 216.0)
    table = _table(published(outcome, root), "tree")
    assert set(table["source"]) == {"", "P1"}


def _unsure(root: Path, method: str, more: str = "", texts: Mapping[str, str] = TIGHT) -> Path:
    chosen = f'method = "{method}"\n' if method else ""
    return _folder(root, texts, UNSURE + chosen + more)


def test_chance_rows_withhold_what_uncertainty_takes(tmp_path: Path) -> None:
    """z √(Σ (v a x)² + (v_b b)²) at the loads that are granted, and nothing is spare."""
    root = _unsure(tmp_path, "chance", "samples = 4000\n")
    outcome = study.solve(root)
    gain, _, room = _at_s1(outcome)
    added = gain * _loads(outcome).loc[["P1", "P2"]].to_numpy()
    background = 13.4 * 0.9 - room
    taken = SCORE * np.sqrt(((0.2 * added) ** 2).sum(axis=0) + (0.005 * background) ** 2)
    np.testing.assert_allclose(added.sum(axis=0) + taken, room, rtol=1e-8)
    held = outcome.datasets["reliability"]["uncertainty_reserve"]
    np.testing.assert_allclose(held.sel(section="S1", pollutant="COD"), taken, rtol=1e-8)
    # the capacity of the water does not know of it
    plain = study.solve(_folder(tmp_path / "plain", TIGHT))
    totals = [one.datasets["capacity"]["total"].values for one in (plain, outcome)]
    np.testing.assert_array_equal(*totals)


def test_robust_rows_stand_the_worst_response(tmp_path: Path) -> None:
    """With one protected response the greater of both rises by 0.2 of itself."""
    outcome = study.solve(_unsure(tmp_path, "robust", "protected = 1\nsamples = 100\n"))
    gain, _, room = _at_s1(outcome)
    added = gain * _loads(outcome).loc[["P1", "P2"]].to_numpy()
    np.testing.assert_allclose(added.sum(axis=0) + 0.2 * added.max(axis=0), room, rtol=1e-8)


def test_scenario_rows_hold_but_for_one_in_twenty(tmp_path: Path) -> None:
    root = _unsure(tmp_path, "scenario", "scenarios = 20\nviolated = 0.05\nsamples = 100\n")
    outcome = study.solve(root)
    rows = outcome.datasets["uncertain"].sel(pollutant="COD", period="2025-05")
    loads = _loads(outcome)["2025-05"].loc[["P1", "P2"]].to_numpy()
    met = rows["met"].values == 1.0
    rise = rows["response"].sel(outlet=["O1", "O2"]).values @ loads
    room = rows["headroom"].sel(indicator="COD").values
    assert (rise[met] <= room[met] * (1 + 1e-9)).all()
    kept = pd.Series(met).groupby(rows["scenario"].values).all()
    assert len(kept) == 20 and kept.sum() >= 19
    stop = _stops(outcome).loc["P1", "2025-05"]
    assert stop.startswith("S1, ")
    results = published(outcome, root)
    assert not study.verify(results).faults
    assert (results / "uncertain.nc").exists()


@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_reliability_is_that_of_the_law(law: str, tmp_path: Path) -> None:
    """One limit of one month: the normal probability, within five deviations of 20,000 samples."""
    more = f'law = "{law}"\nsamples = 20000\nseed = 7\n'
    texts = {"standards": STUDY["standards"] + "S1,COD,,,12.06\n"}
    root = _unsure(tmp_path, "", more, texts)
    settings = root / "study.toml"
    settings.write_text(
        settings.read_text("utf8").replace("decided", "margin_of_safety = 0\ndecided"), "utf8"
    )
    outcome = study.solve(root)
    found = outcome.datasets["reliability"]
    gain, _, room = _at_s1(outcome)
    loads = outcome.datasets["allocation"]["permitted_load"].sel(pollutant="COD")
    added = gain * loads.sel(source=["P1", "P2"]).values
    background = 12.06 - room
    spread = np.sqrt(((0.2 * added) ** 2).sum(axis=0) + (0.005 * background) ** 2)
    expected = stats.norm.cdf((room - added.sum(axis=0)) / spread)
    single = found["reliability"].sel(section="S1", pollutant="COD").values
    assert (np.abs(single - expected) < 5 * np.sqrt(0.25 / 20_000) + 0.01).all()
    assert 0.3 < single.min() < 0.7, "the test must be one of a limit that is in doubt"
    assert found["joint_reliability"] <= found["reliability"].min()
    results = published(outcome, root)
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    assert manifest["seed"] == 7 and manifest["options"]["reliability"]["law"] == law
    assert manifest["options"]["reliability"]["method"] == "none"
    joint = float(found["joint_reliability"])
    assert manifest["summary"]["joint reliability"].startswith(f"{joint * 100:.1f} %")
    table = _table(results, "reliability")
    assert float(table["reliability"].iloc[-1]) == joint and table["section"].iloc[-1] == ""
    assert "许可量的达标可靠度" in (results / "report.html").read_text("utf8")
    assert not study.verify(results).faults


def test_without_it_nothing_is_uncertain(tmp_path: Path) -> None:
    results = study.run(_folder(tmp_path, TIGHT))
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    assert manifest["seed"] is None and "reliability" not in manifest["options"]
    for name in ("reliability.csv", "uncertain.nc", "tree.csv", "distortion.csv"):
        assert not (results / name).exists(), name


def test_groups_are_sampled_but_no_room_is_withheld(tmp_path: Path) -> None:
    groups = TIGHT | {"groups": GROUPS, "group_limits": LIMITS + "PARK,COD,,138,\n"}
    assert faults(_unsure(tmp_path / "chance", "chance", "", groups)) == [
        "study.toml, row reliability, method: chance does not know of the groups in groups.csv; "
        "right would be no method: then the permits are sampled, and no room is withheld"
    ]
    outcome = study.solve(_unsure(tmp_path / "none", "", "samples = 50\n", groups))
    assert "uncertain" not in outcome.datasets
    assert isinstance(outcome.datasets["reliability"], xr.Dataset)


UNSURE_FAULTS = {
    "variation = 0.2": "background_variation: is missing; right would be standard deviation over "
    "the mean, such as 0.2",
    'variation = 0.2\nbackground_variation = 0.1\nmethod = "magic"': "method: magic is not valid; "
    "right would be one of chance, scenario, robust",
    "variation = -1\nbackground_variation = 0.1": "variation: -1 is not valid; right would be a "
    "number from 0 to 10",
    "variation = true\nbackground_variation = 0.1": "variation: True is not valid; right would be "
    "a number from 0 to 10",
    "variation = 0.2\nbackground_variation = nan": "background_variation: nan is not valid; right "
    "would be a number from 0 to 10",
    "variation = 0.2\nbackground_variation = 0.1\nassurance = 0.4": "assurance: 0.4 is not valid; "
    "right would be a number from 0.5 to 0.9999",
    "variation = 0.2\nbackground_variation = 0.1\nsamples = 10.5": "samples: 10.5 is not valid; "
    "right would be a whole number from 1 to 1e+06",
    "variation = 0.2\nbackground_variation = 0.1\nspread = 1": "spread: is unknown; right would "
    "be one of variation, background_variation, method, law, correlation, assurance, violated, "
    "protected, scenarios, samples, seed, basis",
}


@pytest.mark.parametrize("text", UNSURE_FAULTS)
def test_wrong_uncertainty_is_named(text: str, tmp_path: Path) -> None:
    root = _folder(tmp_path, TIGHT, f"[reliability]\n{text}")
    assert faults(root) == [f"study.toml, row reliability, {UNSURE_FAULTS[text]}"]


def test_what_each_would_get_alone(tmp_path: Path) -> None:
    """All others on their floors: (h − a₂ 50) / a₁ is beyond the ceiling of P1, not so for P2."""
    root = _folder(tmp_path, TIGHT)
    outcome = study.solve(root)
    gain, _, room = _at_s1(outcome)
    rows = _table(published(outcome, root), "provenance")
    alone = rows[(rows["step"] == "alone") & (rows["pollutant"] == "COD")]
    alone = alone[alone["period"] == "2025-04"].set_index("source")["value"].astype(float)
    spare = (room[3] - gain[::-1, 3] * FLOOR[::-1]) / gain[:, 3]
    np.testing.assert_allclose(alone[["P1", "P2"]], np.minimum(spare, [80.0, 216.0]), rtol=1e-9)
    assert alone["P1"] == 80.0 and alone["P2"] < 216.0


def _month_of_nothing(root: Path, total: str) -> study.Outcome:
    """COD of March, with no room at S1 and no floors, under one factor for all."""
    loads = STUDY["source_loads"].replace(",60,20,80", ",60,0,80").replace("COD,,,50,", "COD,,,0,")
    limits = STUDY["standards"] + "S1,COD,,,13.4\nS1,COD,2025-03,,12.5\n"
    texts = {"standards": limits, "source_loads": loads}
    texts |= {"groups": GROUPS, "group_limits": f"{LIMITS}PARK,COD,,,{total}\n"} if total else {}
    return study.solve(_folder(root, texts, 'compose = "proportion"'))


def test_one_exceeded_month_does_not_throttle_the_year(tmp_path: Path) -> None:
    """A total of the year that holds anyway changes nothing; March alone gets nothing."""
    apart = _loads(_month_of_nothing(tmp_path / "apart", ""))
    held = _loads(_month_of_nothing(tmp_path / "held", "90"))
    pd.testing.assert_frame_equal(held, apart, rtol=1e-12)
    assert (apart["2025-03"] == 0.0).all() and (apart.drop(columns="2025-03") > 30.0).all(axis=None)


def test_a_total_that_binds_makes_one_factor_of_the_other_months(tmp_path: Path) -> None:
    """40 t over 334 days by 60 : 216; nobody could have anything in March."""
    outcome = _month_of_nothing(tmp_path, "40")
    loads = _loads(outcome)
    assert (loads["2025-03"] == 0.0).all() and set(_stops(outcome)["2025-03"]) == {"S1"}
    rest = loads.drop(columns="2025-03").loc[["P1", "P2"]]
    mass = 40_000.0 / (365 - 31)
    expected = np.broadcast_to(mass * CLAIM[:, None] / CLAIM.sum(), rest.shape)
    np.testing.assert_allclose(rest, expected, rtol=1e-9)
