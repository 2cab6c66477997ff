"""What a study says of other rules, of what limits are worth, and of floors that do not fit."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import permitload
from permitload import _model, _results, _rules, allocation, fairness, sharing, study
from permitload.cli import app
from permitload.errors import InfeasibleError
from tests.parks import plants, responses, rooms
from tests.samples import copied

TEMPLATE = Path(permitload.__file__).parent / "template"
DEFAULTS = ("proportion", "contribution", "progressive_filling", "projection")
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> study.Outcome:
    return study.solve(copied(tmp_path_factory.mktemp("sample") / "study"))


@pytest.fixture(scope="module")
def tables(outcome: study.Outcome) -> Tables:
    return _results.result_tables(outcome)


def small(folder: Path, margin_of_safety: float = 0.1, options: str = "") -> Path:
    """Copy the study that ``permitload new`` writes."""
    shutil.copytree(TEMPLATE, folder)
    chosen = folder / "study.toml"
    text = chosen.read_text("utf8")
    assert "margin_of_safety = 0.1\n" in text
    text = text.replace("margin_of_safety = 0.1\n", f"margin_of_safety = {margin_of_safety}\n")
    chosen.write_text(text, "utf8")
    if options:
        (folder / "options.csv").write_text(options, "utf8")
    return folder


OPTIONS = """source,option,pollutant,removal,operating [10^4 CNY/a]
P1,filter,COD,0.5,10
P1,filter,NH3-N,0.5,10
P1,membrane,COD,0.9,25
P1,membrane,NH3-N,0.9,25
P2,better,COD,0.6,8
P2,better,NH3-N,0.6,8
"""


def test_rules_agree_with_the_other_ways_to_compute_them(outcome: study.Outcome) -> None:
    found = outcome.datasets
    loads = found["rules"]["permitted_load"]
    assert tuple(loads["rule"].values) == ("published", *DEFAULTS, "least_cost")
    published = found["allocation"]
    assert (loads.sel(rule="published", drop=True) == published["permitted_load"]).all()
    # the study's own rule is filling from present loads
    filled = loads.sel(rule="progressive_filling", drop=True)
    np.testing.assert_allclose(filled, published["unrounded_load"], rtol=1e-12)
    equal = found["counterfactuals"]["equal_proportion"]
    np.testing.assert_allclose(loads.sel(rule="proportion"), equal, rtol=1e-12)


def test_every_rule_keeps_to_sections_ceilings_and_the_best_total(outcome: study.Outcome) -> None:
    found = outcome.datasets
    loads, sources = found["rules"]["permitted_load"], found["sources"]
    response = found["response"]["response"].sel(outlet=sources["outlet"].values)
    rise = np.einsum("somt,romt->rsmt", response.values, loads.values)
    room = np.maximum(found["limits"]["headroom"].values, 0.0)
    assert response.dims == ("section", "outlet", "pollutant", "period")
    assert (rise <= room * (1.0 + 1e-9) + 1e-12).all()
    assert (loads <= sources["ceiling"] * (1.0 + 1e-9)).all()
    total = loads.sum("source").transpose("rule", "pollutant", "period").values
    assert (total <= found["capacity"]["total"].values * (1.0 + 1e-6)).all()
    # who touches a full row stops in filling; proportion throttles everybody
    by_rule = loads.sum(["source", "period"])
    order = by_rule.sel(rule="progressive_filling") - by_rule.sel(rule="proportion")
    assert (order >= 0.0).all() and (order > 0.0).any()


def test_contribution_is_the_rule_of_one_section() -> None:
    rise, load = np.array([0.01, 0.02, 0.005]), np.array([30.0, 20.0, 40.0])
    response, room = responses([rise]), rooms(responses([rise]), [0.8])
    found = allocation.granted(
        response, room, plants(load, ceiling=load), compose=sharing.project
    ).values.ravel()
    cuts = fairness.contribution(float(rise @ load) - 0.8, rise, load)
    np.testing.assert_allclose(found, load - cuts, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 50.0), min_size=1, max_size=6), st.floats(0.01, 3.0))
def test_granted_is_what_allocate_grants(claim: list[float], most: float) -> None:
    matrix = [0.01 + 0.005 * np.arange(len(claim)), 0.02 * np.ones(len(claim))]
    response = responses(matrix)
    room = rooms(response, [most, 2.0])
    sources = plants(claim, ceiling=1.5 * np.array(claim))
    for compose in (sharing.fill, sharing.proportion, sharing.project):
        alone = allocation.granted(response, room, sources, compose=compose)
        whole = allocation.allocate(response, room, sources, compose=compose)
        np.testing.assert_array_equal(alone, whole["permitted_load"])


def test_a_benchmark_caps_the_base_of_proportion(outcome: study.Outcome) -> None:
    found, chosen = outcome.datasets, outcome.settings
    decided = found["sources"]
    room = _room(found)
    cap = decided.assign(benchmark_load=decided["source_load"].where(
        decided["source"] != "E01-1", 0.5 * decided["source_load"]))  # fmt: skip
    capped = _rules.compared(chosen, room, cap, found["allocation"], outcome.tables)["rules"]
    rules = ("published", "capped_proportion", *DEFAULTS[1:], "least_cost")
    assert tuple(capped["rule"].values) == rules
    assert capped["sharing_target"].values.tolist() == [
        "present_load", "capped_base", *["present_load"] * 3, "options"
    ]  # fmt: skip
    load = capped["permitted_load"].sel(rule="capped_proportion")
    before = found["rules"]["permitted_load"].sel(rule="proportion")
    wide = load < decided["ceiling"] * (1 - 1e-9)
    level = (load / cap["benchmark_load"]).where(wide).sel(source="E01-1")
    others = (load / decided["source_load"]).where(wide).drop_sel(source="E01-1")
    assert np.nanmax(np.abs(level / others.max("source") - 1.0)) < 1e-9
    assert (load.sel(source="E01-1") <= before.sel(source="E01-1") + 1e-9).all()


def _room(found: Mapping[str, xr.Dataset]) -> _model.Room:
    headroom = found["limits"]["headroom"]
    return _model.Room(found["response"], headroom, xr.Dataset(), xr.DataArray())


def test_rules_stand_in_whole_units_beside_the_permits(
    outcome: study.Outcome, tables: Tables
) -> None:
    rules, permits = tables["rules"], tables["permits"]
    assert not rules.duplicated(list(_results.KEYS["rules"])).any()
    assert len(rules) == 6 * len(permits)
    wide = rules.pivot(index=["source", "pollutant"], columns="rule", values="permit")
    own = permits.set_index(["source", "pollutant"])["permit"]
    assert wide["published"].to_dict() == own.to_dict()
    unit = outcome.settings.precision
    units = rules["permit"] / unit
    np.testing.assert_allclose(units, units.round(), atol=1e-6)
    others = rules[rules["rule"] != "published"]
    lost = others["permitted_load"] * 0.365 - others["permit"]
    assert lost.between(-1e-9, 12 * unit).all()
    filled = rules[rules["rule"] == "published"].set_index(["source", "pollutant"])
    target = permits.set_index(["source", "pollutant"])["source_load"]
    np.testing.assert_allclose(filled["level"], filled["permitted_load"] / target.loc[filled.index])


def test_prices_of_fairness_again_from_the_published_tables(tables: Tables) -> None:
    fair, rules, capacity = tables["fairness"], tables["rules"], tables["capacity"]
    best = capacity.groupby("pollutant")["capacity_mass"].sum() / 0.365
    present = tables["permits"].set_index(["source", "pollutant"])["source_load"]
    checked = 0
    for row in fair.to_dict("records"):
        mine = rules[(rules["rule"] == row["rule"]) & (rules["pollutant"] == row["pollutant"])]
        load = mine["permitted_load"].to_numpy()
        claim = present.loc[list(zip(mine["source"], mine["pollutant"], strict=True))].to_numpy()
        share = load / load.sum(), claim / claim.sum()
        pairs = np.abs(np.outer(share[0], share[1]) - np.outer(share[1], share[0]))
        assert row["permitted_load"] == pytest.approx(load.sum(), rel=1e-9)
        price = 1.0 - load.sum() / best[row["pollutant"]]
        assert row["price_in_total"] == pytest.approx(price, abs=1e-9)
        assert row["gini"] == pytest.approx(pairs.sum() / 2.0, abs=1e-9)
        some = claim > 0.0
        assert row["least_level"] == pytest.approx((load[some] / claim[some]).min(), rel=1e-9)
        assert row["shut"] == (load[some] == 0.0).sum()
        assert row["reason"] == ""
        checked += 1
    assert checked == 30
    stamps = capacity[capacity["calibrated"] != "yes"]["pollutant"].unique()
    assert set(fair[fair["calibrated"] != "yes"]["pollutant"]) == set(stamps)


def test_the_sample_shows_all_five_rules_with_what_they_cost(
    outcome: study.Outcome, tables: Tables
) -> None:
    """Benchmark loads are not stated here, so proportion stands in for its capped form."""
    assert set(tables["rules"]["rule"]) == {"published", *DEFAULTS, "least_cost"}
    fair = tables["fairness"].groupby("rule")[["cost", "price_in_cost"]].first()
    assert (fair["price_in_cost"].drop("least_cost") > 0.0).all()
    assert fair["price_in_cost"]["least_cost"] == 0.0
    sources, found = outcome.datasets["sources"], outcome.datasets["rules"]
    given = outcome.tables["options"], outcome.tables["reductions"]
    load = found["permitted_load"].sel(rule="least_cost", drop=True)
    plan = allocation.abatement_cost(
        sources, given[0], load.assign_coords(days=found["days"]), given[1]
    )
    assert plan["total_cost"].item() == pytest.approx(fair["cost"]["least_cost"], rel=1e-9)
    built = plan["option"].to_series()
    assert (built != "as is").sum() >= 3  # the options of the sample are worth something
    # without any of them the same loads cost more
    none = given[0].iloc[:0]
    bare = allocation.abatement_cost(
        sources, none, load.assign_coords(days=found["days"]), given[1]
    )
    assert bare["total_cost"].item() > 1.1 * plan["total_cost"].item()


def test_prices_agree_with_those_of_the_capacity(tables: Tables) -> None:
    prices, sections = tables["prices"], tables["sections"]
    # COD has a total of the park, which the capacity of the water does not know
    assert set(prices["section"]) - set(sections["section"]) == {"PARK-WK1 (year)"}
    prices = prices[prices["pollutant"] != "COD"]
    sections = sections.rename(columns={"indicator": "pollutant"})
    sections = sections[sections["pollutant"] != "COD"]
    both = prices.merge(sections, on=["section", "pollutant", "period"], validate="1:1")
    assert len(both) == len(prices) == len(sections)
    assert (both["unit"] == "mg/L").all()
    assert (both["value"] == both["headroom"]).all()
    priced = both[both["shadow_price"] > 0.0]
    assert len(priced) > 30
    np.testing.assert_allclose(both["gain"], both["shadow_price"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(priced["value_upper"], priced["price_upper"], rtol=1e-6)
    # a bound holds the value; nothing is lost where nothing binds
    assert (both["value_lower"].fillna(-np.inf) <= both["value"] + 1e-9).all()
    assert (both["degenerate"] == (~np.isclose(both["gain"], both["loss"])).astype(int)).all()


def test_more_headroom_is_named_where_a_section_stopped(tables: Tables) -> None:
    table = tables["counterfactuals"]
    by_section = table["stopped_by"].str.match(r"S\d")
    assert (table["more_headroom"].notna() == by_section).all()
    assert by_section.any() and not by_section.all()
    some = table[by_section]
    assert (some["more_headroom"] >= some["unrounded_load"] * (1.0 - 1e-12)).all()
    assert (some["more_headroom"] > some["unrounded_load"] * (1.0 + 1e-6)).any()
    monthly = tables["permits_monthly"]
    keys = ["source", "pollutant", "period"]
    assert table[keys].to_numpy().tolist() == monthly[keys].to_numpy().tolist()
    assert "tier_higher" not in table  # no such target is stated


def test_options_bring_least_cost_and_the_cost_of_every_rule(tmp_path: Path) -> None:
    found = study.solve(small(tmp_path / "study", 0.3, OPTIONS.replace(",0.6,", ",0.95,")))
    rules = found.datasets["rules"]
    assert rules["rule"].values[-1] == "least_cost"
    options, reductions = found.tables["options"], found.tables["reductions"]
    decided = found.datasets["sources"]
    cost = rules["cost"].to_series()
    assert cost["least_cost"] > 0.0
    for rule in rules["rule"].values:
        load = rules["permitted_load"].sel(rule=rule, drop=True)
        again = allocation.abatement_cost(decided, options, load, reductions)["total_cost"]
        assert cost[rule] == pytest.approx(again.item(), rel=1e-9)
    assert (cost >= cost["least_cost"] * (1.0 - 1e-9)).all()
    fair = _results.result_tables(found)["fairness"].set_index(["pollutant", "rule"])
    assert len(fair) == 2 * len(cost)
    for name, row in fair.iterrows():
        price = cost[name[1]] / cost["least_cost"] - 1.0
        assert row["price_in_cost"] == pytest.approx(price, abs=2e-9)
        assert row["reason"] == ""


def test_costs_that_are_undefined_say_why(tmp_path: Path) -> None:
    # P2 would have to take off 72 % under proportion, and its only option takes off 60 %
    found = _results.result_tables(study.solve(small(tmp_path / "far", 0.3, OPTIONS)))["fairness"]
    far = found[found["rule"] == "proportion"]
    assert far["cost"].isna().all() and far["reason"].str.contains("no option of some").all()
    assert (found[found["rule"] == "least_cost"]["cost"] > 0.0).all()
    # present loads meet every limit: nothing need be spent
    easy = _results.result_tables(study.solve(small(tmp_path / "easy", 0.1, OPTIONS)))["fairness"]
    assert (easy[easy["rule"] == "least_cost"]["cost"] == 0.0).all()
    assert easy["price_in_cost"].isna().all()
    assert easy["reason"].str.contains("the least cost is 0").all()


def test_options_that_reach_no_limit_are_said_to(tmp_path: Path) -> None:
    weak = OPTIONS.replace(",0.9,", ",0.06,").replace(",0.5,", ",0.05,").replace(",0.6,", ",0.05,")
    found = study.solve(small(tmp_path / "study", 0.5, weak))
    assert "least_cost" not in found.datasets["rules"]["rule"].values
    reasons = _results.result_tables(found)["fairness"].set_index("rule")["reason"]
    assert (reasons["least_cost"].str.len() > 0).all()
    assert not reasons["least_cost"].str.contains("options.csv").any()


def test_results_with_options_are_verified(tmp_path: Path) -> None:
    folder = small(tmp_path / "study", 0.3, OPTIONS)
    results = study.run(folder)
    assert "least_cost" in (results / "rules.csv").read_text("utf8")
    for name in ("rules", "fairness", "prices", "counterfactuals"):
        assert (results / f"{name}.csv").is_file()
    assert study.verify(results).faults == ()
    page = (results / "report.html").read_text("utf8")
    assert "Had another rule been chosen" in page and "若用其他规则" in page
    table = (results / "fairness.csv").read_text("utf8")
    (results / "fairness.csv").write_text(table.replace("least_cost", "no_cost", 1), "utf8")
    assert any(fault.table == "fairness.csv" for fault in study.verify(results).faults)


def floors(folder: Path, floor: str) -> Path:
    """Give P1 a floor of COD."""
    loads = folder / "source_loads.csv"
    text = loads.read_text("utf8")
    assert "P1,COD,,1600,0,2000" in text
    text = text.replace("P1,COD,,1600,0,2000", f"P1,COD,,1600,{floor},{floor}")
    loads.write_text(text, "utf8")
    return folder


def test_floors_that_do_not_fit_are_said_in_words_and_both_ways(tmp_path: Path) -> None:
    folder = floors(small(tmp_path / "study"), "90000")
    with pytest.raises(InfeasibleError) as caught:
        study.solve(folder)
    message, table = str(caught.value), caught.value.relaxation
    assert table is not None
    assert "the floor of P1 (90000 kg/d) and section S" in message
    assert "P1 的保障排放量（90000 kg/d）、断面 S" in message
    limits, yielding = table[table["source"] == ""], table[table["section"] == ""]
    assert len(limits) and len(yielding) and len(limits) + len(yielding) == len(table)
    assert not table.isna().any(axis=None)
    assert set(yielding["source"]) == {"P1"} and (yielding["unit"] == "kg/d").all()
    # what the floors would have to yield makes room: the same study with less fits
    short = yielding["missing"].max()
    kept = floors(small(tmp_path / "less"), f"{90000 - short - 0.01:.6f}")
    assert study.solve(kept).datasets["allocation"]["permitted_load"].notnull().all()
    missed = floors(small(tmp_path / "more"), f"{90000 - short + 1.0:.6f}")
    with pytest.raises(InfeasibleError):
        study.solve(missed)


def test_the_command_prints_the_contradiction(tmp_path: Path) -> None:
    folder = floors(small(tmp_path / "study"), "90000")
    found = CliRunner().invoke(app, ["run", str(folder), "--quiet"])
    assert found.exit_code == 1
    lines = found.output.splitlines()
    assert any("cannot hold together" in line for line in lines)
    assert any("不能同时满足" in line for line in lines)
    assert not any("\\n" in line for line in lines)
    assert "missing" in found.output and "Traceback" not in found.output
