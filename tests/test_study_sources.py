"""A study that states activities, land, paddies and pumps instead of loads."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import _nonpoint, _results, _works, io, quality, sources, study
from permitload._frames import complete
from permitload.schema import TABLES
from tests.test_bad_input import DAYS, MONTHS, STUDY, faults, write

pytestmark = pytest.mark.usefixtures("undrawn")

SHARES = [0.05, 0.05, 0.05, 0.05, 0.1, 0.15, 0.2, 0.1, 0.05, 0.05, 0.05, 0.1]
WITHOUT = {
    **STUDY,
    "source_loads": STUDY["source_loads"].replace("F1,COD,,40,,\nF1,NH3-N,,3,,\n", ""),
}
ACTIVITIES = (
    "source,activity,pollutant,extent,unit_load [kg/a],treated,stated_at,into_river,variation\n"
    "F1,rice,COD,500,60,0,edge_of_field,0.2,0.3\nF1,rice,NH3-N,500,4,0,edge_of_field,0.2,0.4\n"
    "F1,pigs,COD,2000,20,0.9,edge_of_field,0.5,0.5\nF1,pigs,NH3-N,2000,2,0.9,into_water,,0.2\n"
)
MONTH_SHARES = "activity,period,month_share\n" + "".join(
    f"{name},{month},{share}\n"
    for name, shares in (("rice", SHARES), ("pigs", [d / 365 for d in DAYS]))
    for month, share in zip(MONTHS, shares, strict=True)
)
FARM = {**WITHOUT, "activities": ACTIVITIES, "month_shares": MONTH_SHARES}
WEATHER = "date,rain [mm/d],irrigation [mm/d],evaporation [mm/d],seepage [mm/d]\n" + "".join(
    f"{day:%Y-%m-%d},{40 * (day.day % 9 == 1)},5,4,2\n"
    for day in pd.date_range("2024-12-20", "2025-12-31")
)
PUMPING = "polder,date,pollutant,pumped_volume [m3],concentration [mg/L],source\n" + "".join(
    f"PD,{month}-10,{p},90000,{c},F1\n{month and 'PD'},{month}-20,{p},30000,{c * 2},F1\n"
    for month in MONTHS
    for p, c in (("COD", 20), ("NH3-N", 1))
)
POLDERS = "polder,outlet_reach,pump_capacity [m3/s]\nPD,R1,3\n"


def loads(folder: Path) -> pd.Series:
    """Loads of F1 that the study computes with."""
    table = study.solve(folder).tables["source_loads"]
    mine = table[table["source"] == "F1"]
    return mine.set_index(["pollutant", "period"])["source_load"]


def test_activities_make_the_loads_of_a_study(tmp_path: Path) -> None:
    """By hand: 500 × 60 × 0.2 of rice in its months, 2000 × 20 × 0.1 × 0.5 of pigs all year."""
    write(tmp_path, FARM)
    assert faults(tmp_path) == []
    found = loads(tmp_path)
    assert found["COD", "2025-07"] == pytest.approx(6000 * 0.2 / 31 + 2000 / 365, rel=1e-12)
    assert found["NH3-N", "2025-02"] == pytest.approx(400 * 0.05 / 28 + 400 / 365, rel=1e-12)
    year = (found.unstack("period") * np.array(DAYS)).sum(axis=1)
    np.testing.assert_allclose(year[["COD", "NH3-N"]], [8000.0, 800.0], rtol=1e-12)


def test_stated_loads_give_the_same_permits_as_the_activities_they_follow_from(
    tmp_path: Path,
) -> None:
    for name in ("derived", "stated"):
        (tmp_path / name).mkdir()
    write(tmp_path / "derived", FARM)
    outcome = study.solve(tmp_path / "derived")
    own = outcome.tables["source_loads"].query("source == 'F1'")
    text = "".join(
        f"F1,{row.pollutant},{row.period},{row.source_load!r},,\n" for row in own.itertuples()
    )
    write(tmp_path / "stated", WITHOUT | {"source_loads": WITHOUT["source_loads"] + text})
    both = [_results.result_tables(o) for o in (outcome, study.solve(tmp_path / "stated"))]
    for name in ("permits", "permits_monthly", "capacity", "sections", "balance"):
        pd.testing.assert_frame_equal(both[0][name], both[1][name])
    assert "derived" in both[0]
    assert not {"derived", "activities"} & set(both[1])


def test_storms_and_paddies_make_loads(tmp_path: Path) -> None:
    """The study adds up what the functions give of a table; days by hand for the paddy."""
    lands = (
        "source,pollutant,land_area [km2],curve_number,event_concentration [mg/L]\nF1,COD,2,80,40\n"
    )
    paddies = (
        "source,pollutant,land_area [km2],greatest_ponded [mm],event_concentration [mg/L]\n"
        "F1,NH3-N,1.5,60,2\n"
    )
    write(tmp_path, {**WITHOUT, "lands": lands, "paddies": paddies, "weather": WEATHER})
    assert faults(tmp_path) == []
    found = loads(tmp_path)
    level, spilled = 0.0, dict.fromkeys(MONTHS, 0.0)
    for day in pd.date_range("2024-12-20", "2025-12-31"):
        level += 40 * (day.day % 9 == 1) + 5 - 4 - 2
        if f"{day:%Y-%m}" in spilled:
            spilled[f"{day:%Y-%m}"] += max(0.0, level - 60)
        level = min(max(level, 0.0), 60.0)
    for month, days in zip(MONTHS, DAYS, strict=True):
        expected = spilled[month] * 1.5 * 2 / days  # 1 mm of 1 km2 at 1 mg/L is 1 kg
        assert found["NH3-N", month] == pytest.approx(expected, rel=1e-12)
    # June 1 follows 40 mm four days before: middling; June 10, 19 and 28 follow dry days
    depth = 0.0
    for number in (80, *3 * [4.2 * 80 / (10 - 0.058 * 80)]):
        keeps = 25400 / number - 254
        depth += (40 - 0.2 * keeps) ** 2 / (40 + 0.8 * keeps) if keeps < 200 else 0.0
    assert found["COD", "2025-06"] == pytest.approx(depth * 2 * 40 / 30, rel=1e-12)


def test_pumps_are_booked_as_their_source(tmp_path: Path) -> None:
    write(tmp_path, {**WITHOUT, "pumping": PUMPING, "polders": POLDERS})
    assert faults(tmp_path) == []
    found = loads(tmp_path)
    assert found["COD", "2025-04"] == pytest.approx((90 * 20 + 30 * 40) / 30, rel=1e-12)
    assert found["NH3-N", "2025-02"] == pytest.approx((90 * 1 + 30 * 2) / 28, rel=1e-12)


def test_published_tables_name_the_rows_that_loads_follow_from(tmp_path: Path) -> None:
    write(tmp_path, FARM, decided=("industry", "farm"))
    out = study.run(tmp_path)
    derived = pd.read_csv(out / "derived.csv")
    assert set(derived["reference"]) == {"activities.csv, lines 2, 4", "activities.csv, lines 3, 5"}
    assert len(derived) == 24
    acts = pd.read_csv(out / "activities.csv").set_index(["activity", "pollutant"])
    assert acts.loc[("pigs", "COD"), "generated_load [kg/d]"] == pytest.approx(40000 / 365)
    assert acts.loc[("pigs", "COD"), "outlet_load [kg/d]"] == pytest.approx(4000 / 365)
    assert acts.loc[("pigs", "COD"), "in_river_load [kg/d]"] == pytest.approx(2000 / 365)
    steps = pd.read_csv(out / "provenance.csv").query(
        "source == 'F1' and quantity == 'source_load'"
    )
    assert set(steps["reference"]) == set(derived["reference"])
    again = study.verify(out)
    assert not again.faults


def test_contributions_add_up_to_what_the_full_model_gives(tmp_path: Path) -> None:
    """Two ways: the response times the loads, and the model with the loads of a class taken off."""
    write(tmp_path, FARM)
    outcome = study.solve(tmp_path)
    found = outcome.datasets["contributions"]
    tables = outcome.tables
    whole = sources.source_dataset(tables["sources"], tables["works"], tables["source_loads"],
                                   MONTHS)["source_load"]  # fmt: skip
    inflow = (
        tables["inflow"].set_index(["node", "pollutant", "period"])["concentration"].to_xarray()
    )
    kinetics = {row.pollutant: {"decay": row.decay} for row in tables["kinetics"].itertuples()}

    def at_sections(load: xr.DataArray) -> xr.DataArray:
        result = quality.steady(
            outcome.network, outcome.datasets["hydraulics"], tables["outlets"],
            sources.by_outlet(load, tables["outlets"]), inflow, kinetics,
        )  # fmt: skip
        return quality.at(tables["sections"], result).reset_coords(drop=True)

    base = at_sections(whole)
    order = {"pollutant": ["COD", "NH3-N"], "period": MONTHS}
    assert found["source_class"].values.tolist() == ["industry", "domestic", "farm"]
    for name in found["source_class"].values:
        less = at_sections(whole.where(whole["source_class"] != name, 0.0))
        rise = (base - less).sel(order).transpose("section", "pollutant", "period")
        mine = found["contribution"].sel(order).sel(source_class=name)
        np.testing.assert_allclose(mine, rise, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["contribution_share"].sum("source_class"), 1.0)


def test_interval_of_the_farm_is_that_of_its_activities_and_of_others_is_nothing(
    tmp_path: Path,
) -> None:
    """One source: the relative interval is the same at all sections, periods; by quadrature."""
    write(tmp_path, FARM)
    found = study.solve(tmp_path).datasets["contributions"]
    exact = found.sel(source_class=["industry", "domestic"])
    for end in ("contribution_lower", "contribution_upper"):
        xr.testing.assert_allclose(exact[end], exact["contribution"].rename(end))
    farm = found.sel(source_class="farm", pollutant="COD", section="S2")
    # rice 6000 kg/a with 0.3, pigs 2000 kg/a with 0.5
    ratio = np.hypot(6000 * 0.3, 2000 * 0.5) / 8000
    np.testing.assert_allclose(
        farm["contribution_deviation"] / farm["contribution"], ratio, rtol=1e-12
    )
    shape = np.sqrt(np.log1p(ratio**2))
    for end, normal in (("lower", -1.6449), ("upper", 1.6449)):
        expected = np.exp(normal * shape - shape**2 / 2)
        drawn = farm[f"contribution_{end}"] / farm["contribution"]
        assert float(drawn.max() - drawn.min()) < 1e-9
        assert float(drawn.mean()) == pytest.approx(expected, rel=0.03)


def test_one_class_alone_makes_no_contributions(tmp_path: Path) -> None:
    one = STUDY["sources"].replace("domestic", "industry").replace("farm", "industry")
    write(tmp_path, STUDY | {"sources": one})
    outcome = study.solve(tmp_path)
    assert "contributions" not in outcome.datasets
    assert "contributions" not in _results.result_tables(outcome)


def test_records_of_works_stand_beside_law_and_loads(tmp_path: Path) -> None:
    """By hand: 21,600 m3/d at 55 mg/L and 500 m3/d past the works at 300 mg/L; law 50 mg/L."""
    head = (
        "works,date,pollutant,inlet_volume [m3/d],inlet_concentration [mg/L],"
        "effluent_volume [m3/d],outlet_concentration [mg/L],bypass_volume [m3/d]\n"
    )
    rows = "".join(f"W1,{month}-05,COD,21600,300,21600,55,500\n" for month in MONTHS)
    write(tmp_path, STUDY | {"works_days": head + rows})
    table = _results.result_tables(study.solve(tmp_path))["works"]
    assert table["period"].tolist() == MONTHS
    first = table.iloc[0]
    assert first["measured_load"] == pytest.approx(21.6 * 55 + 0.5 * 300)
    assert first["source_load"] == pytest.approx(21.6 * 50)
    assert first["works_law"] == pytest.approx(21.6 * 50)
    assert first["law_use"] == pytest.approx((21.6 * 55 + 150) / 1080)
    assert first["measured_share"] == pytest.approx(1 / 31)
    assert first["bypass_load"] == pytest.approx(150.0)


def test_alternative_may_change_an_activity(tmp_path: Path) -> None:
    write(tmp_path, FARM)
    other = tmp_path / "alternatives" / "fewer_pigs"
    other.mkdir(parents=True)
    lines = ACTIVITIES.splitlines()
    less = lines[3].replace("2000,20", "1000,20")
    (other / "activities.csv").write_text(f"{lines[0]}\n{less}\n", "utf8")
    assert faults(tmp_path) == []
    table = _results.result_tables(study.solve(tmp_path))["alternatives"]
    wide = table.set_index(["pollutant", "period", "alternative"])["total"].unstack()
    assert (wide.loc["COD", "fewer_pigs"] >= wide.loc["COD", "present"]).all()
    np.testing.assert_allclose(wide.loc["NH3-N", "fewer_pigs"], wide.loc["NH3-N", "present"])
    (other / "activities.csv").write_text(f"{lines[0]}\n{less.replace('F1', 'F7')}\n", "utf8")
    assert faults(tmp_path)[0].startswith(
        "alternatives/fewer_pigs/activities.csv, row 2 (F7, pigs, COD), source: F7 is not a source"
    )


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.lists(st.floats(0.0, 1e4), min_size=4, max_size=4))
def test_order_of_rows_moves_no_load(order: list[int], extents: list[float]) -> None:
    head, *rows = ACTIVITIES.splitlines()
    acts = [row.replace("500,", f"{extents[0]},") for row in rows]
    tables = {name: complete(None, name) for name in TABLES}
    rows_of = {
        "sources": [("F1", "farm")], "kinetics": [("COD", 0.1), ("NH3-N", 0.1)],
        "periods": list(zip(MONTHS, DAYS, strict=True)),
        "month_shares": [line.split(",") for line in MONTH_SHARES.splitlines()[1:]],
    }  # fmt: skip
    names = {"sources": ["source", "source_class"], "kinetics": ["pollutant", "decay"],
             "periods": ["period", "days"],
             "month_shares": ["activity", "period", "month_share"]}  # fmt: skip
    for name, values in rows_of.items():
        tables[name] = complete(pd.DataFrame(values, columns=names[name]), name)
    columns = [name.partition(" ")[0] for name in head.split(",")]
    found = []
    for some in (range(4), order):
        frame = pd.DataFrame([acts[i].split(",") for i in some], columns=columns)
        given_ = {**tables, "activities": complete(frame, "activities")}
        booked = _nonpoint.booked(given_)
        assert not booked.faults
        table = booked.tables["source_loads"].set_index(["pollutant", "period"])["source_load"]
        found.append(table.sort_index())
    pd.testing.assert_series_equal(*found, rtol=1e-12)


def test_nothing_follows_from_nothing() -> None:
    empty = _nonpoint.booked({})
    assert empty.tables == {}
    assert empty.faults == []
    assert _works.faults({"works_days": complete(None, "works_days"),
                                        "works": complete(None, "works")}) == []  # fmt: skip


def test_every_nonpoint_table_reads_back_from_its_template(tmp_path: Path) -> None:
    """Weather of a day, and the source of a polder's pumps, are columns of the templates."""
    path = tmp_path / "weather.csv"
    path.write_text("date,rain [mm/d]\n2025-01-01,3\n", "utf8")
    table, wrong = io.scan_table(path, "weather", {})
    assert not wrong
    assert table["rain"].tolist() == [3.0]
    assert "source" in [column.name for column in TABLES["pumping"].columns]
