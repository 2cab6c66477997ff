"""Targets, compositions, groups and named bounds that a study states in its tables."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permitload import _results, _settings, study
from permitload.allocation import explain
from tests.test_bad_input import DAYS, MONTHS, STUDY, faults, write

GROUPS = "group,source\nPARK,P1\nPARK,P2\n"
LIMITS = "group,pollutant,period,group_limit [kg/d],annual_total [t/a]\n"
PARTS = (
    "group,pollutant,capacity_share [t/a],allowable_emission [t/a],current_permit [t/a]\n"
)  # fmt: skip
BOUNDS = "source,pollutant,period,component,floor [kg/d],ceiling [kg/d]\n"
BASES = (
    "source,pollutant,period,source_load [kg/d],floor [kg/d],ceiling [kg/d],"
    "generated_load [kg/d],benchmark_load [kg/d]\n"
    "P1,COD,,60,20,80,400,45\nP1,NH3-N,,6,2,,7,5\nP2,COD,,,50,,800,150\nP2,NH3-N,,,5,,50,15\n"
    "P3,COD,,,,,,\nP3,NH3-N,,,,,,\nF1,COD,,40,,,,\nF1,NH3-N,,3,,,,\n"
)
WATER = {"P1": 1728.0 / 86400.0, "P2": 4320.0 / 86400.0}
"""Wastewater of the two enterprises [m3/s]."""


pytestmark = pytest.mark.usefixtures("undrawn")


def published(outcome: study.Outcome, root: Path) -> Path:
    """Write what a study gave, without solving it again."""
    return _results.write(outcome, root, root / "results", lambda message: None)


def _folder(root: Path, texts: Mapping[str, str], choices: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    write(root, {**STUDY, **texts})
    settings = root / "study.toml"
    settings.write_text(settings.read_text("utf8") + f"[allocation]\n{choices}\n", "utf8")
    return root


def _loads(outcome: study.Outcome, pollutant: str = "COD") -> pd.DataFrame:
    """Permitted loads before rounding, sources by periods."""
    found = outcome.datasets["allocation"]["unrounded_load"].sel(pollutant=pollutant)
    return found.reset_coords(drop=True).to_pandas()


def _stops(outcome: study.Outcome, pollutant: str = "COD") -> pd.DataFrame:
    found = outcome.datasets["allocation"]["stopped_by"].sel(pollutant=pollutant)
    return found.reset_coords(drop=True).to_pandas()


def test_without_the_tables_nothing_moves(tmp_path: Path) -> None:
    """Tables without rows, and columns without numbers, give the same bytes as none."""
    plain = study.run(_folder(tmp_path / "a", {}))
    empty = {
        "groups": "group,source\n", "group_limits": LIMITS, "source_bounds": BOUNDS,
        "source_loads": "\n".join(
            line + (",generated_load [kg/d]" if i == 0 else "," if line else "")
            for i, line in enumerate(STUDY["source_loads"].split("\n"))
        ),
    }  # fmt: skip
    other = study.run(_folder(tmp_path / "b", empty))
    tables = sorted(path.name for path in plain.glob("*.csv"))
    assert tables == sorted(path.name for path in other.glob("*.csv"))
    for name in tables:
        assert (plain / name).read_bytes() == (other / name).read_bytes(), name
    assert not (plain / "groups.csv").exists()


def test_a_total_of_the_year_is_shared_by_hand(tmp_path: Path) -> None:
    """Half of the targets 60 and 216 kg/d is 138 kg/d, 50.37 t in 365 d; no section is full."""
    free = study.solve(_folder(tmp_path / "free", {}))
    assert set(_stops(free).to_numpy().ravel()) == {"ceiling"}
    texts = {"groups": GROUPS, "group_limits": LIMITS + "PARK,COD,,,50.37\n"}
    root = _folder(tmp_path / "held", texts)
    held = study.solve(root)
    loads = _loads(held)
    np.testing.assert_allclose(loads.loc["P1"], 30.0, rtol=1e-9)
    np.testing.assert_allclose(loads.loc["P2"], 108.0, rtol=1e-9)
    assert set(_stops(held).to_numpy().ravel()) == {"PARK (year)"}
    # the other pollutant, and the capacity of the water, do not know of it
    pd.testing.assert_frame_equal(_loads(held, "NH3-N"), _loads(free, "NH3-N"))
    totals = [one.datasets["capacity"]["total"].values for one in (free, held)]
    np.testing.assert_array_equal(*totals)
    results = published(held, root)
    row = pd.read_csv(results / "groups.csv").set_index("pollutant").loc["COD"]
    assert row["annual_total [t/a]"] == 50.37 and row["permit [t/a]"] <= 50.37
    assert row["permit [t/a]"] > 50.37 - 0.001 * 2 * 12
    assert row["annual_spare [t]"] == pytest.approx(50.37 - row["permit [t/a]"], abs=1e-9)
    assert not study.verify(results).faults
    page = (results / "report.html").read_text("utf8")
    assert "PARK 年许可总量 annual total" in page and "组内许可量之和" in page


def test_a_limit_of_a_period_replaces_that_of_all(tmp_path: Path) -> None:
    """138 kg/d in every month, 110.4 in March: half of the targets, and 0.4 of them."""
    texts = {"groups": GROUPS, "group_limits": LIMITS + "PARK,COD,,138,\nPARK,COD,2025-03,110.4,\n"}
    root = _folder(tmp_path, texts)
    outcome = study.solve(root)
    loads = _loads(outcome)
    assert loads.loc["P1", "2025-03"] == pytest.approx(24.0, rel=1e-9)
    assert loads.loc["P2", "2025-03"] == pytest.approx(86.4, rel=1e-9)
    assert loads.loc["P1", "2025-02"] == pytest.approx(30.0, rel=1e-9)
    assert set(_stops(outcome).to_numpy().ravel()) == {"PARK"}
    rows = pd.read_csv(published(outcome, root) / "provenance.csv")
    limits = rows[rows["quantity"] == "group_limit"].drop_duplicates(["period", "reference"])
    named = dict(zip(limits["period"], limits["reference"], strict=True))
    assert named["2025-03"] == "group_limits.csv, line 3"
    assert {line for month, line in named.items() if month != "2025-03"} == {
        "group_limits.csv, line 2"
    }


@pytest.mark.parametrize(
    ("parts", "name", "total"),
    [
        (",50.37,60", "allowable_emission", 50.37),
        (",60,50.37", "current_permit", 50.37),
        ("40.296,60,50.37", "capacity_share", 40.296),
    ],
)
def test_the_total_of_a_park_names_its_least_part(
    parts: str, name: str, total: float, tmp_path: Path
) -> None:
    texts = {"groups": GROUPS, "group_limits": f"{PARTS}PARK,COD,{parts}\n"}
    results = study.run(_folder(tmp_path, texts))
    row = pd.read_csv(results / "groups.csv").set_index("pollutant").loc["COD"]
    assert row["annual_total [t/a]"] == total and row["total_component"] == name
    rows = pd.read_csv(results / "provenance.csv")
    held = rows[rows["quantity"] == "annual_total"]
    assert set(held["reference"]) == {f"group_limits.csv, line 2, {name}"}
    assert set(held["value"]) == {total}
    assert name.replace("_", " ") in (results / "report.html").read_text("utf8")


def test_named_bounds_stop_by_their_name(tmp_path: Path) -> None:
    """A permit of 25.55 t/a is 70 kg/d; in June 18.25 t/a is 50; a floor of 40 is not above it."""
    rows = (
        "source,pollutant,period,component,floor [t/a],ceiling [t/a]\n"
        "P1,COD,,present_permit,,25.55\nP1,COD,,eia_total,,27.375\n"
        "P1,COD,2025-06,benchmark,,18.25\nP1,COD,,minimum_operation,14.6,\n"
        "P1,NH3-N,,present_permit,,3.65\n"
    )
    root = _folder(tmp_path, {"source_bounds": rows})
    outcome = study.solve(root)
    loads, stops = _loads(outcome), _stops(outcome)
    june = loads.columns == "2025-06"
    np.testing.assert_allclose(loads.loc["P1"], np.where(june, 50.0, 70.0), rtol=1e-12)
    assert stops.loc["P1"].tolist() == np.where(june, "benchmark", "present_permit").tolist()
    assert set(stops.loc["P2"]) == {"ceiling"}
    given = outcome.datasets["sources"].sel(source="P1", pollutant="COD")
    np.testing.assert_allclose(given["floor"], 40.0, rtol=1e-12)
    assert set(given["floor_component"].values) == {"minimum_operation"}
    # without a stated ceiling the named one stands, though it is above the present 6 kg/d
    np.testing.assert_allclose(_loads(outcome, "NH3-N").loc["P1"], 10.0, rtol=1e-12)
    results = published(outcome, root)
    page = (results / "report.html").read_text("utf8")
    assert "现有许可负荷 present permit" in page
    table = pd.read_csv(results / "provenance.csv")
    mine = (table["source"] == "P1") & (table["pollutant"] == "COD") & (table["step"] == "input")
    most = table[mine & (table["quantity"] == "ceiling")].set_index("period")["reference"]
    assert most["2025-05"] == "source_bounds.csv, line 2, present_permit"
    assert most["2025-06"] == "source_bounds.csv, line 4, benchmark"
    assert not study.verify(results).faults


def test_the_works_law_stands_where_a_named_ceiling_is_above(tmp_path: Path) -> None:
    """216 kg/d by law; a permit of 217, a hundredth above at most, does not raise it."""
    rows = BOUNDS + "P2,COD,,present_permit,,217\nP2,NH3-N,,present_permit,,9\n"
    outcome = study.solve(_folder(tmp_path, {"source_bounds": rows}))
    np.testing.assert_allclose(_loads(outcome).loc["P2"], 216.0, rtol=1e-12)
    assert set(_stops(outcome).loc["P2"]) == {"ceiling"}
    np.testing.assert_allclose(_loads(outcome, "NH3-N").loc["P2"], 9.0, rtol=1e-12)


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    tables = {
        "groups": GROUPS + "ALL,P1\nALL,P2\n",
        "group_limits": LIMITS + "PARK,COD,,138,\nPARK,COD,2025-03,110.4,\nALL,NH3-N,,,7.3\n",
        "source_bounds": BOUNDS + "P1,COD,,eia_total,,28\nP1,COD,,present_permit,,28\n"
        "P1,COD,2025-06,benchmark,,25\n",
    }
    turned = {}
    for name, text in tables.items():
        head, *rows = text.strip().split("\n")
        turned[name] = "\n".join([head, *rows[::-1], ""])
    first, second = (
        study.run(_folder(tmp_path / name, some)) for name, some in (("a", tables), ("b", turned))
    )
    for name in ("permits.csv", "permits_monthly.csv", "capacity.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


HELD = {"groups": GROUPS, "group_limits": LIMITS + "PARK,COD,,138,\n", "source_loads": BASES}
SHARES = {
    # 138 kg/d by 60 : 216; by wastewater 0.02 : 0.05, P1 39.43; by what arises 400 : 800;
    # by least of present load and benchmark 45 : 150
    "present_load": (30.0, 108.0),
    "equal_proportion": (30.0, 108.0),
    "equal_concentration": (138.0 * 2 / 7, 138.0 * 5 / 7),
    "equal_removal": (46.0, 92.0),
    "capped_base": (138.0 * 45 / 195, 138.0 * 150 / 195),
}
AWARDS = {
    # claims 60 and 216, 138 kg/d, floors 20 and 50
    "fill": (30.0, 108.0),
    "proportion": (30.0, 108.0),
    "project": (30.0, 108.0),
    "alpha_fairness": (30.0, 108.0),
    "equal_awards": (60.0, 78.0),
    "equal_losses": (20.0, 118.0),
    "talmud": (30.0, 108.0),
    # the surplus of 68 beyond the floors, by 60 : 216
    "nash": (20.0 + 68.0 * 60 / 276, 50.0 + 68.0 * 216 / 276),
}


@pytest.mark.parametrize("target", SHARES)
def test_every_target_by_hand(target: str, tmp_path: Path) -> None:
    root = _folder(tmp_path, HELD, f'target = "{target}"')
    outcome = study.solve(root)
    np.testing.assert_allclose(_loads(outcome)["2025-01"], SHARES[target], rtol=1e-9)
    table = pd.read_csv(published(outcome, root) / "provenance.csv")
    claim = table[(table["step"] == "claim") & (table["pollutant"] == "COD")]
    level = table[(table["step"] == "level") & (table["pollutant"] == "COD")]
    keys = ["source", "period"]
    granted = claim.set_index(keys)["value"] * level.set_index(keys)["value"]
    expected = _loads(outcome).stack()
    np.testing.assert_allclose(granted.reindex(expected.index), expected, rtol=1e-9)
    if target == "equal_removal":
        base = table[table["quantity"] == "generated_load"].set_index(["source", "pollutant"])
        assert set(base.loc[("P2", "COD"), "reference"]) == {"source_loads.csv, line 4"}
        assert set(base.loc[("P2", "COD"), "value"]) == {800.0}
    if target == "equal_concentration":
        water = table[table["quantity"] == "effluent_flow"].groupby("source")["value"].first()
        assert water.to_dict() == pytest.approx(WATER)


@pytest.mark.parametrize("compose", AWARDS)
def test_every_composition_by_hand(compose: str, tmp_path: Path) -> None:
    root = _folder(tmp_path, HELD, f'compose = "{compose}"')
    outcome = study.solve(root)
    np.testing.assert_allclose(_loads(outcome)["2025-01"], AWARDS[compose], rtol=1e-6)
    results = published(outcome, root)
    assert not study.verify(results).faults
    rows = pd.read_csv(results / "provenance.csv")
    home = "fairness" if compose in ("equal_awards", "equal_losses", "nash", "talmud") else (
        "sharing")  # fmt: skip
    assert set(rows[rows["step"] == "level"]["reference"]) == {f"{home}.{compose}"}


def test_all_choices_are_tested() -> None:
    later = {"contribution", "tree"}  # in test_study_choices: they need the model
    assert {*SHARES, *later} == set(_settings._TARGETS) and set(AWARDS) == set(_settings._COMPOSERS)


def test_water_of_an_outlet_is_that_of_its_only_source(tmp_path: Path) -> None:
    sources = STUDY["sources"].replace("E1,O1,,1728", "E1,O1,,0")
    choice = 'target = "equal_concentration"'
    outcome = study.solve(_folder(tmp_path / "alone", HELD | {"sources": sources}, choice))
    wanted = SHARES["equal_concentration"]
    np.testing.assert_allclose(_loads(outcome)["2025-01"], wanted, rtol=1e-9)
    both = sources.replace("F1,farm,,,O3", "F1,farm,,,O1")
    assert faults(_folder(tmp_path / "shared", HELD | {"sources": both}, choice)) == [
        "sources.csv, row 2 (P1), wastewater_flow: 0 m3/s carries a load; right would be the "
        "water that carries it, for the target equal_concentration"
    ]


@pytest.mark.parametrize(
    ("target", "name"), [("equal_removal", "generated_load"), ("capped_base", "benchmark_load")]
)
def test_what_a_target_lacks_is_named(target: str, name: str, tmp_path: Path) -> None:
    choice = f'target = "{target}"'
    assert faults(_folder(tmp_path / "none", {}, choice)) == [
        f"source_loads.csv, {name}: is empty; right would be a number for every load, for the "
        f"target {target}"
    ]
    gap = BASES.replace("800,150", ",").replace("400,45", "5,45")
    found = faults(_folder(tmp_path / "gap", {"source_loads": gap}, choice))
    right = f"right would be a load >= 0, for the target {target}"
    assert f"source_loads.csv, row 4 (P2, COD), {name}: is empty; {right}" in found
    assert len(found) == 1


def test_less_arises_than_is_discharged(tmp_path: Path) -> None:
    less = BASES.replace("80,400", "80,50")
    assert faults(_folder(tmp_path, {"source_loads": less}, 'target = "equal_removal"')) == [
        "source_loads.csv, row 2 (P1, COD), generated_load: 50 kg/d is less than source_load; "
        "right would be at least what is discharged, for the target equal_removal"
    ]


def test_explained_numbers_chain_at_a_group(tmp_path: Path) -> None:
    """What the published rows say of a full total: nothing is spare."""
    texts = {"groups": GROUPS, "group_limits": LIMITS + "PARK,COD,,,50.37\n"}
    found = study.solve(_folder(tmp_path, texts)).datasets
    table = explain(found["allocation"], found["response"], found["limits"]["headroom"],
                    found["sources"])  # fmt: skip
    stop = table[(table["step"] == "stop") & (table["pollutant"] == "COD")]
    wide = stop.pivot(index=["source", "period"], columns="quantity", values="value")
    np.testing.assert_allclose(wide["annual_spare"], 0.0, atol=1e-9)
    days = pd.Series(dict(zip(MONTHS, map(float, DAYS), strict=True)))
    own = days.loc[wide.index.get_level_values("period")].to_numpy() * np.where(
        wide.index.get_level_values("source") == "P1", 0.030, 0.108
    )
    np.testing.assert_allclose(wide["annual_own"], own, rtol=1e-9)
