"""Control units: what adds up, where loads belong, land, planned works."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permitload import RiverNetwork, _frames, _units, io, quality, study
from tests.samples import SAMPLE, copied

KEYS = ["control_unit", "pollutant"]


@pytest.fixture(scope="module")
def units(results: Path) -> pd.DataFrame:
    return pd.read_csv(results / "units.csv")


def _yearly(table: pd.DataFrame, column: str) -> "pd.Series[float]":
    """Mean over the year of the sum of all rows, by pollutant."""
    days = pd.read_csv(SAMPLE / "periods.csv").set_index("period")["days [d]"]
    mass = table[column] * table["period"].map(days)
    return mass.groupby(table["pollutant"]).sum() / days.sum()


def test_units_add_up_to_the_park(results: Path, units: pd.DataFrame) -> None:
    total = units.groupby("pollutant")
    loads = io.expand_periods(
        pd.read_csv(SAMPLE / "source_loads.csv", keep_default_na=False,
                    na_values={"source_load [kg/d]": ""}),
        pd.read_csv(SAMPLE / "periods.csv")["period"].tolist(),
    )  # fmt: skip
    everything = _yearly(loads, "source_load [kg/d]")
    pd.testing.assert_series_equal(
        total["whole_load [kg/d]"].sum(), everything, check_names=False, rtol=1e-9
    )
    industry = loads[loads["source"].str.startswith("E")]
    pd.testing.assert_series_equal(
        total["source_load [kg/d]"].sum(), _yearly(industry, "source_load [kg/d]"),
        check_names=False, rtol=1e-9,
    )  # fmt: skip
    land = pd.read_csv(SAMPLE / "districts.csv")["land_area [km2]"].sum()
    assert units.drop_duplicates("control_unit")["land_area [km2]"].sum() == pytest.approx(land)


def test_use_and_density_divide_what_stands_beside(units: pd.DataFrame) -> None:
    some = units[units["capacity [kg/d]"] > 0.0]
    product = some["capacity_use"] * some["capacity [kg/d]"]
    np.testing.assert_allclose(product, some["source_load [kg/d]"], rtol=1e-12)
    none = units[units["capacity [kg/d]"] == 0.0]
    assert len(none) >= 5 and none["capacity_use"].isna().all()
    product = units["load_density [kg/d/km2]"] * units["land_area [km2]"]
    np.testing.assert_allclose(product, units["whole_load [kg/d]"], rtol=1e-12)


def test_use_is_above_one_only_where_a_section_is_exceeded(results: Path) -> None:
    """Below the greatest total, and no unit pays for one that the total likes better."""
    owed = pd.read_csv(results / "owed.csv")
    exceeded = owed[owed["cut_owed [mg/L]"] > 1e-12].groupby(["pollutant", "period"]).size()
    monthly = pd.read_csv(results / "units_monthly.csv").set_index(["pollutant", "period"])
    over = monthly["capacity_use"].fillna(np.inf).where(monthly["source_load [kg/d]"] > 0.0) > 1.0
    assert set(over[over].index) == set(exceeded.index) and len(exceeded) == 14
    points = pd.read_csv(results / "points.csv").query("point == 'max_total'")
    best = points.set_index(["pollutant", "period"])["total [kg/d]"]
    total = monthly["capacity [kg/d]"].groupby(level=[0, 1]).sum().reindex(best.index)
    assert (total <= best * (1.0 + 1e-9)).all()
    assert (total < best * (1.0 - 1e-3)).sum() > 5  # what is fair costs some of the total


def test_capacity_of_a_unit_keeps_its_sign(results: Path) -> None:
    """Nothing but the Hutang's outlets reaches S5: the unit owes what the park does."""
    monthly = pd.read_csv(results / "units_monthly.csv").query("pollutant == 'TP'")
    owing = monthly[monthly["capacity [kg/d]"] < 0.0]
    assert owing[["control_unit", "period"]].values.tolist() == [["S5", "2021-01"]]
    assert owing["capacity_use"].isna().all()


def test_what_binds_is_what_has_a_price(results: Path, units: pd.DataFrame) -> None:
    """Sb is discharged in three units; only S6 limits it, as permits stop their enterprises."""
    sections = pd.read_csv(results / "sections.csv").query("indicator == 'Sb'")
    priced = sections[sections["shadow_price [(kg/d)/(mg/L)]"] > 0.0]
    assert set(priced["section"]) == {"S6"}
    words = units.query("pollutant == 'Sb'").set_index("control_unit")["stopped_by"].fillna("")
    count = len(priced)
    assert count == 12 and words["S6"] == "S6 12/12"
    assert words["S2"] == "ceiling 10/12; S6 2/12"  # E12
    assert words["S5"] == "S6 9/12; ceiling 3/12"  # E09
    monthly = pd.read_csv(results / "permits_monthly.csv").query("pollutant == 'Sb'")
    stops = monthly[monthly["stopped_by"] == "S6"].groupby("enterprise").size()
    assert stops[["E12", "E09"]].tolist() == [2, 9]
    assert (words.drop(["S2", "S5", "S6"]) == "").all()


def test_shares_of_periods_follow_the_sections(results: Path, units: pd.DataFrame) -> None:
    closed = pd.read_csv(results / "closure.csv")
    met = (closed["remaining_capacity [kg/d]"] >= 0.0).groupby(
        [closed["section"], closed["indicator"]]
    )
    expected = met.mean()
    got = units.set_index(KEYS)["present_share"]
    np.testing.assert_allclose(got, expected.loc[got.index], rtol=1e-12)
    assert (got < 1.0).sum() >= 4


def test_planned_works_are_a_study_with_those_loads(tmp_path: Path, units: pd.DataFrame) -> None:
    """Write the planned loads into the table of loads: its present is the planned state."""
    folder = tmp_path / "study"
    copied(folder)
    loads = pd.read_csv(folder / "source_loads.csv")
    placed = pd.read_csv(folder / "sources.csv").set_index("source")
    plans = pd.read_csv(folder / "works.csv").dropna(subset="planned_concentration [mg/L]")
    assert len(plans) == 2
    cut = 0
    for row in plans.to_dict("records"):
        behind = placed.index[placed["works"] == row["works"]]
        mine = loads["source"].isin(behind) & (loads["pollutant"] == row["pollutant"])
        water = loads.loc[mine, "source"].map(placed["wastewater_flow [m3/s]"])
        most = water * row["planned_concentration [mg/L]"] * 86.4
        cut += int((loads.loc[mine, "source_load [kg/d]"] > most).sum())
        loads.loc[mine, "source_load [kg/d]"] = loads.loc[mine, "source_load [kg/d]"].clip(
            upper=most
        )
    assert cut > 100
    loads.to_csv(folder / "source_loads.csv", index=False)
    done = study.solve(folder)
    at = quality.at(done.tables["sections"], done.datasets["present"]).to_series()
    limit = done.datasets["limits"]["limit"].rename(indicator="pollutant").to_series()
    met = (at <= 0.9 * limit.reindex(at.index)).groupby(["section", "pollutant"]).mean()
    got = units.set_index(KEYS)
    np.testing.assert_allclose(got["planned_share"], met.loc[got.index], rtol=1e-12)
    whole = done.datasets["units"]["whole_load"].to_series().reindex(got.index)
    np.testing.assert_allclose(got["planned_load [kg/d]"], whole, rtol=1e-9)
    better = got["planned_share"] > got["present_share"]
    assert got.index[better].tolist() == [("S6", "TN"), ("S6", "Sb")]


def test_the_readme_says_what_the_units_show(units: pd.DataFrame) -> None:
    said = (SAMPLE / "README.md").read_text("utf8").split("Control units: ")[1]
    worst = units.loc[units["capacity_use"].idxmax()]
    assert f"{worst['control_unit']} uses most" in said
    assert f"({worst['pollutant']} {worst['capacity_use']:.2f} of it" in said
    mine = units[units["control_unit"] == "S6"].set_index("pollutant")
    months = (12 * mine["present_share"]).round().astype(int)
    assert f"in {months['TN']} and in {months['Sb']} of 12" in said
    assert (mine.loc[["TN", "Sb"], "planned_share"] == 1.0).all()


def test_what_is_not_given_is_empty(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    copied(folder)
    districts = pd.read_csv(folder / "districts.csv")
    districts.loc[districts["reach"] == "HT2", "land_area [km2]"] = np.nan
    districts.to_csv(folder / "districts.csv", index=False)
    works = pd.read_csv(folder / "works.csv")
    works.drop(columns="planned_concentration [mg/L]").to_csv(folder / "works.csv", index=False)
    found = study.solve(folder).datasets["units"]
    known = found["land_area"].notnull().to_series()
    assert known.index[~known].tolist() == ["S5", "S8"]  # HT2 is cut by S5, the rest flows on
    assert bool((found["load_density"].notnull() == found["land_area"].notnull()).all())
    assert bool(found["planned_share"].isnull().all()) and bool(
        found["planned_load"].isnull().all()
    )


def test_a_spread_load_is_split_where_a_section_cuts_its_reach() -> None:
    reaches = {"reach": ["R", "Q"], "from_node": ["a", "b"], "to_node": ["b", "c"],
               "length": [1000.0, 500.0]}  # fmt: skip
    network = RiverNetwork(pd.DataFrame(reaches))
    given = {
        "reaches": reaches,
        "sections": {"section": ["S1", "S2"], "reach": ["R", "Q"], "position": [400.0, 500.0]},
        "outlets": {"outlet": ["P", "W", "N"], "reach": ["R", "R", ""], "node": ["", "", "b"],
                    "position": [400.0, 100.0, np.nan], "position_to": [np.nan, 600.0, np.nan]},
        "districts": {"reach": ["R", "Q"], "district": ["t", "t"], "land_area": [5.0, 2.0]},
    }  # fmt: skip
    tables = {name: _frames.complete(pd.DataFrame(rows), name) for name, rows in given.items()}
    stretches = network.control_units(tables["sections"], districts=tables["districts"])
    member = _units.membership(network, tables, stretches)
    np.testing.assert_allclose(
        member.sel(control_unit=["S1", "S2"]), [[1.0, 0.0], [0.6, 0.4], [0.0, 1.0]], rtol=1e-12
    )
    land = _units.land(network, tables, stretches)
    np.testing.assert_allclose(land.sel(control_unit=["S1", "S2"]), [2.0, 5.0], rtol=1e-12)


@pytest.mark.usefixtures("undrawn")
def test_water_without_a_section_has_no_units_and_still_permits(
    tmp_path: Path, results: Path
) -> None:
    """A river of its own that nobody discharges to, beside the sample."""
    folder = tmp_path / "study"
    copied(folder)
    months = pd.read_csv(folder / "periods.csv")["period"]
    for name, rows in {
        "reaches": {"reach": ["Z"], "from_node": "Z0", "to_node": "Z1", "length [m]": 1000.0,
                    "width [m]": 10.0, "bed_from [m]": 2.0, "bed_to [m]": 2.0,
                    "roughness [s/m^(1/3)]": 0.03},
        "stages": {"node": ["Z1"], "stage [m]": 3.0},
        "boundaries": {"period": months, "node": "Z0", "flow [m3/s]": 1.0},
        "inflow": {"pollutant": ["COD", "NH3-N", "TN", "TP", "Sb"], "node": "Z0",
                   "concentration [mg/L]": 0.001},
    }.items():  # fmt: skip
        table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        more = pd.DataFrame(rows).astype(str)
        pd.concat([table, more]).to_csv(folder / f"{name}.csv", index=False)
    found = study.run(folder, tmp_path / "out")
    assert len(pd.read_csv(found / "units.csv")) == 0
    assert "Some water leads to no control section" in (found / "report.html").read_text("utf8")
    mine, theirs = (pd.read_csv(at / "permits.csv")["permit [t/a]"] for at in (found, results))
    np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    assert study.verify(found, folder).faults == ()


def test_page_and_map_show_the_units(results: Path) -> None:
    page = (results / "report.html").read_text("utf8").split('id="units"')[1].split("<h2")[0]
    assert page.count('<tr><th scope="row"') == 8 * 5
    assert page.count('class="badge uncalibrated"') == 16
    assert page.count("<img ") == 1
    assert [p.name for p in (results / "figures").glob("units_*")] == ["units_all_pollutants.png"]


def test_periods_add_up_to_the_year_and_name_the_worst(results: Path, units: pd.DataFrame) -> None:
    monthly = pd.read_csv(results / "units_monthly.csv")
    days = pd.read_csv(SAMPLE / "periods.csv").set_index("period")["days [d]"]
    assert len(monthly) == 12 * len(units)
    groups = monthly.assign(days=monthly["period"].map(days)).groupby(KEYS, sort=False)
    mine = units.set_index(KEYS)
    for name in ("capacity", "source_load", "whole_load", "planned_load"):
        mean = groups.apply(lambda g, c=f"{name} [kg/d]": np.average(g[c], weights=g["days"]))
        np.testing.assert_allclose(mine[f"{name} [kg/d]"], mean.loc[mine.index], rtol=1e-12)
    for name, share in (("attained", "present_share"), ("planned_attained", "planned_share")):
        np.testing.assert_allclose(mine[share], groups[name].mean().loc[mine.index], rtol=1e-12)
    for key, rows in groups:
        ratio = rows["source_load [kg/d]"] / rows["capacity [kg/d]"].clip(lower=0.0)  # may be inf
        row = mine.loc[key]
        if not (rows["source_load [kg/d]"] > 0.0).any():
            assert pd.isna(row["worst_period"]) and pd.isna(row["worst_use"])
            continue
        worst = ratio.idxmax()
        assert row["worst_period"] == rows.loc[worst, "period"]
        if np.isfinite(ratio[worst]):
            assert row["worst_use"] == pytest.approx(ratio[worst], rel=1e-12)
        else:
            assert pd.isna(row["worst_use"])
    assert mine.loc[("S5", "TP"), "worst_period"] == "2021-01"  # nothing to share, see the README
    assert pd.isna(mine.loc[("S5", "TP"), "worst_use"])


def test_both_bases_of_the_year_stand_beside_each_unit(results: Path, units: pd.DataFrame) -> None:
    monthly = pd.read_csv(results / "units_monthly.csv")
    days = pd.read_csv(SAMPLE / "periods.csv").set_index("period")["days [d]"]
    mass = monthly["capacity [kg/d]"] * monthly["period"].map(days) / 1000.0
    whole = mass.groupby([monthly[key] for key in KEYS]).sum()
    np.testing.assert_allclose(
        units.set_index(KEYS)["annual_sum [t/a]"], whole.loc[list(map(tuple, units[KEYS].values))]
    )
    least = monthly.groupby(KEYS, sort=False)["capacity [kg/d]"].min() * 0.365
    np.testing.assert_allclose(
        units.set_index(KEYS)["annual_worst [t/a]"], least.loc[list(map(tuple, units[KEYS].values))]
    )


def test_what_binds_by_period_is_what_is_counted(results: Path, units: pd.DataFrame) -> None:
    monthly = pd.read_csv(results / "units_monthly.csv", keep_default_na=False)
    for key, rows in monthly.groupby(KEYS, sort=False):
        named = [word for cell in rows["stopped_by"] for word in cell.split("; ") if word]
        counted = {f"{name} {named.count(name)}/12" for name in named}
        said = units.set_index(KEYS)["stopped_by"].fillna("").loc[key]
        assert counted == set(filter(None, said.split("; ")))


def test_units_of_places_at_the_start_of_a_reach_and_at_its_sections() -> None:
    """Looked up in the stretches or searched for in the network: the same unit."""
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R", "Q", "T"], "from_node": ["a", "b", "b"],
                      "to_node": ["b", "c", "d"], "length": [1000.0, 500.0, 700.0]})
    )  # fmt: skip
    given = {
        "sections": {"section": ["S1", "S2", "S3"], "reach": ["R", "Q", "T"],
                     "position": [400.0, 0.0, 700.0]},
        "outlets": {"outlet": list("ABCDEF"), "reach": ["R", "R", "R", "Q", "Q", "T"],
                    "position": [0.0, 400.0, 400.5, 0.0, 0.5, 0.0]},
    }  # fmt: skip
    tables = {n: _frames.complete(pd.DataFrame(rows), n) for n, rows in given.items()}
    tables["districts"] = _frames.complete(None, "districts")
    stretches = network.control_units(tables["sections"])
    member = _units.membership(network, tables, stretches).to_series().unstack("control_unit")
    searched = network.units_of(tables["outlets"], tables["sections"])
    assert member.idxmax(axis=1).to_dict() == searched.to_dict()
    assert (member.sum(axis=1) == 1.0).all()


def test_page_stamps_what_is_left_and_says_ceilings_in_both_languages(results: Path) -> None:
    page = (results / "report.html").read_text("utf8")
    part = page.split('id="closure"')[1].split('id="capacity"')[0]
    rows = [row for row in part.split("<tr") if ">S5<" in row and ">NH3-N<" in row]
    assert 'class="badge uncalibrated"' in rows[0]  # remaining capacity beside an unexplained load
    unit = page.split('id="units"')[1].split("<h2")[0]
    assert "上限 ceiling 12/12" in unit and "; ceiling " not in unit and ">ceiling " not in unit
