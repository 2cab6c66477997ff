"""Other sources: what is given wrongly is refused, polders are booked once, defaults are there."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import sources
from permitload.errors import DataError
from tests.test_nonpoint import JUNE, YEAR, shares_of, village

DAYS = pd.date_range("2025-05-27", "2025-06-30")
RAIN = pd.DataFrame({"rain": 10.0}, index=DAYS)
WEATHER = RAIN.assign(irrigation=0.0, evaporation=5.0, seepage=3.0)
SHARES = shares_of("rural_resident")
DITCHES = pd.DataFrame(
    {"polder": ["P"], "pollutant": ["TN"], "ditch_volume": [60000.0],
     "drained_flow": [10000.0], "ditch_decay": [0.08]}
)  # fmt: skip


def land(**changes: object) -> pd.DataFrame:
    row: dict[str, object] = {
        "source": "F", "pollutant": "TN", "land_area": 1.0, "curve_number": 100.0,
        "event_concentration": 0.3,
    }  # fmt: skip
    return pd.DataFrame([row | changes])


def paddy(**changes: object) -> pd.DataFrame:
    row: dict[str, object] = {
        "source": "R", "pollutant": "TN", "land_area": 0.5, "greatest_ponded": 10.0,
        "event_concentration": 4.0,
    }  # fmt: skip
    return pd.DataFrame([row | changes])


LOADS = sources.export_load(village())


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: sources.spread_over_periods(LOADS.assign(in_river_load=np.nan), SHARES, YEAR),
         "loads, row V1, in_river_load: nan is not valid"),
        (lambda: sources.spread_over_periods(LOADS.assign(in_river_load=-1.0), SHARES, YEAR),
         "-1 is not valid|-1.0 is not valid"),
        (lambda: sources.spread_over_periods(pd.concat([LOADS, LOADS]), SHARES, YEAR),
         "is there twice"),
        (lambda: sources.spread_over_periods(LOADS.drop(columns="source"), SHARES, YEAR),
         "a column source"),
        (lambda: sources.spread_over_periods(LOADS, SHARES.assign(period="Jun")[:1], JUNE),
         "365 or 366 days"),
        (lambda: sources.spread_over_periods(LOADS, SHARES, YEAR[:0]), "365 or 366 days"),
        (lambda: sources.spread_over_periods(
            sources.export_load(village(polder="P", into_river=np.nan)), SHARES, YEAR),
         "has not passed the pumps"),
        (lambda: sources.runoff_load(land(), RAIN, JUNE[:0]), "periods has no rows"),
        (lambda: sources.runoff_load(land(), RAIN.rename(columns={"rain": "P"}), JUNE),
         "a column rain"),
        (lambda: sources.runoff_load(land(), RAIN["rain"], JUNE),
         "rain is no table"),
        (lambda: sources.runoff_load(land(), RAIN.assign(rain="a"), JUNE), "no number"),
        (lambda: sources.runoff_load(land(), RAIN, JUNE.assign(start="2025-06-01 08:00")),
         "has an hour"),
        (lambda: sources.runoff_load(land(polder="P"), RAIN, JUNE), "ditches, row P, pollutant"),
        (lambda: sources.runoff_load(
            land(polder="P", into_river=0.5), RAIN, JUNE, ditches=DITCHES), "twice"),
        (lambda: sources.paddy_load(paddy(polder="P"), WEATHER, JUNE), "ditches, row P, pollutant"),
        (lambda: sources.dry_curve(0.0), "out of range"),
        (lambda: sources.wet_curve(np.array([50.0, 101.0])), "out of range"),
        (lambda: sources.polder_budget(
            village(polder="P", into_river=np.nan, pollutant="TN"),
            DITCHES.assign(ditch_volume=0.0, drained_flow=0.0)), "drains no water"),
        (lambda: sources.book_once(
            pd.concat([LOADS, LOADS]), LOADS[:0], pd.DataFrame(columns=["polder", "pollutant"])),
         "is there twice"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(act: Callable[[], object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        act()


def test_a_leap_year_keeps_the_mass_of_the_year() -> None:
    leap = YEAR.assign(
        days=[31.0, 29.0, *YEAR["days"][2:]], start=YEAR["start"].str.replace("2025", "2024")
    )
    found = sources.spread_over_periods(LOADS, SHARES, leap)
    assert (found["source_load"] * leap["days"]).sum() == pytest.approx(8.0 * 365.0, rel=1e-12)


def test_ground_without_storage_lets_all_rain_run_off_and_no_land_gives_nothing() -> None:
    found = sources.runoff_load(land(), RAIN, JUNE)
    assert found["runoff"].item() == pytest.approx(300.0, rel=1e-12)
    assert found["source_load"].item() == pytest.approx(3.0, rel=1e-12)  # 300 mm, 0.3 mg/L, 1 km2
    assert sources.runoff_load(land(land_area=0.0), RAIN, JUNE)["source_load"].item() == 0.0
    one = sources.runoff_load(land(), RAIN, JUNE.assign(days=1.0))
    assert one["runoff"].item() == pytest.approx(10.0, rel=1e-12)
    for empty in (
        sources.runoff_load(land()[:0], RAIN, JUNE),
        sources.paddy_load(paddy()[:0], WEATHER, JUNE),
        sources.spread_over_periods(LOADS[:0], SHARES, YEAR),
    ):
        assert empty.empty
        assert "source_load" in empty


def test_sealed_ground_has_no_storage_in_dry_weather_either() -> None:
    storm = RAIN * 0.0
    storm.loc["2025-06-10"] = 50.0
    found = sources.runoff_load(land(), storm, JUNE)  # condition I of 100 is 100, not above it
    assert found["runoff"].item() == 50.0
    ends = np.append(100.0 - np.arange(100) * 2.0**-46, np.linspace(1e-9, 100.0, 1001))
    for curve in (sources.dry_curve, sources.wet_curve):
        assert ((curve(ends) > 0.0) & (curve(ends) <= 100.0)).all()


@pytest.mark.parametrize(
    "past", [[8.2, 6.8, 6.6, 8.3, 6.1], [6.7, 7.2, 7.2, 7.8, 7.1], [6.8, 8.1, 6.0, 8.6, 6.5]]
)
@pytest.mark.parametrize("older", [[0.0] * 5, [12.8, 52.1, 17.9, 6.6, 38.9]])
def test_rain_at_a_limit_has_its_moisture_whatever_fell_before(
    past: list[float], older: list[float]
) -> None:
    # 36.0 mm in five days is middling: 50 mm on CN 80 lose 13.8025 mm
    rain = pd.DataFrame({"rain": [*older, *past, 50.0]}, pd.date_range("2025-05-22", periods=11))
    assert round(sum(past), 9) == 36.0
    periods = pd.DataFrame(
        {"period": ["past", "storm"], "days": [5.0, 1.0], "start": ["2025-05-27", "2025-06-01"]}
    )
    found = sources.runoff_load(land(curve_number=80.0), rain, periods).set_index("period")
    assert found.loc["storm", "runoff"] == pytest.approx(13.8025, abs=6e-5)


def test_pumping_counts_on_its_day_whatever_the_hour() -> None:
    events = pd.DataFrame(
        {"polder": "P", "pollutant": "TN", "date": ["2025-06-03 06:00", "2025-06-03 18:00"],
         "pumped_volume": 1e4, "concentration": 3.0}
    )  # fmt: skip
    assert sources.polder_load(events, JUNE)["pumped_load"].item() == pytest.approx(2.0)


def test_land_and_paddies_of_a_polder_lose_what_its_budget_loses() -> None:
    # exp(-0.08 * 6) of the load passes: 3217.67 of 5200 kg
    passes = 3217.67 / 5200.0  # as printed: to 1.6e-6
    storm = sources.runoff_load(land(polder="P"), RAIN, JUNE, ditches=DITCHES)
    assert storm["source_load"].item() == pytest.approx(3.0 * passes, rel=2e-6)
    assert storm["retention"].item() == pytest.approx(1.0 - passes, rel=1e-5)
    field = sources.paddy_load(paddy(polder="P"), WEATHER, JUNE, DITCHES)
    beside = sources.paddy_load(paddy(), WEATHER, JUNE, DITCHES)
    assert beside["retention"].item() == 0.0
    assert beside["source_load"].item() > 0.0
    assert field["source_load"].item() == pytest.approx(
        beside["source_load"].item() * passes, rel=2e-6
    )
    # measured at the pumps and computed from the storms: one of the two
    pumped = pd.DataFrame({"polder": ["P"], "pollutant": ["TN"]})
    with pytest.raises(DataError, match="both measured at the pumps and budgeted"):
        sources.book_once(storm[:0], storm, pumped)
    outside = sources.runoff_load(land(source="G"), RAIN, JUNE)
    both = sources.book_once(outside, storm, pumped[:0])
    assert both["source"].tolist() == ["G", "F"]
    assert both["source_load"].sum() == pytest.approx(3.0 + 3.0 * passes, rel=2e-6)


def test_a_budget_of_a_polder_is_spread_over_the_months_it_pumps() -> None:
    inside = village(polder="P", into_river=np.nan, pollutant="TN", source="V2")
    kept = sources.polder_budget(inside, DITCHES)
    booked = sources.book_once(LOADS, kept, pd.DataFrame(columns=["polder", "pollutant"]))
    assert booked["retention"].tolist()[0] == 0.0
    found = sources.spread_over_periods(booked, SHARES, YEAR)
    days = found["period"].map(YEAR.set_index("period")["days"])
    mass = (found["source_load"] * days).groupby(found["source"]).sum()
    assert mass["V1"] == pytest.approx(8.0 * 365.0, rel=1e-12)
    assert mass["V2"] == pytest.approx(20.0 * 365.0 * 3217.67 / 5200.0, rel=2e-6)


@given(st.permutations(range(4)), st.floats(20.0, 100.0), st.floats(0.0, 300.0))
@settings(max_examples=30, deadline=None)
def test_rows_of_land_do_not_mind_their_order(
    order: list[int], number: float, storm: float
) -> None:
    rain = RAIN.copy()
    rain.loc["2025-06-10", "rain"] = storm
    rows = pd.concat(
        [land(source=f"F{k}", curve_number=number, land_area=1.0 + k) for k in range(4)]
    )
    one = sources.runoff_load(rows, rain, JUNE).set_index("source")
    two = sources.runoff_load(rows.iloc[order], rain, JUNE).set_index("source")
    assert list(two.index) == [f"F{k}" for k in order]
    pd.testing.assert_frame_equal(one, two.loc[one.index], check_exact=True)
    assert 0.0 <= one["runoff"].iloc[0] <= rain.loc["2025-06-01":, "rain"].sum() * (1 + 1e-12)


def test_every_kind_of_source_of_the_issue_has_a_default_with_its_evidence() -> None:
    loads = sources.unit_loads().set_index(["activity", "pollutant"])["unit_load"]
    # 1 pig = 30 layers = 60 broilers; 1 sheep = 1/3 pig; 1 cow = 5 pigs
    for pollutant in ("COD", "NH3-N"):
        pig = loads["pig", pollutant]
        assert 30.0 * loads["layer", pollutant] == pytest.approx(pig, rel=1e-12)
        assert 60.0 * loads["broiler", pollutant] == pytest.approx(pig, rel=1e-12)
        assert 3.0 * loads["sheep", pollutant] == pytest.approx(pig, rel=1e-12)
        assert loads["cow", pollutant] == pytest.approx(5.0 * pig, rel=1e-12)
    storms = sources.event_concentrations().set_index(["activity", "pollutant"])
    right = {"COD": 60.0, "NH3-N": 1.5, "TN": 4.0, "TP": 0.4}
    for activity in ("urban_runoff", "aquaculture"):
        assert storms.loc[activity, "event_concentration"].to_dict() == right
    assert (storms["upper"] / storms["lower"]).to_numpy() == pytest.approx(9.0)
    factors = sources.farmland_factors()
    assert factors["condition"].value_counts().to_dict() == {
        "slope": 2, "soil": 3, "fertiliser": 3, "rain": 3,
    }  # fmt: skip
    assert (factors["lower"] <= factors["upper"]).all()
    assert factors[["lower", "upper"]].stack().between(0.6, 1.5).all()
    for table in (storms, factors):
        assert (table["evidence"] == "memory").all()
    assert {"crop", "livestock", "rural_resident", "aquaculture"} == set(
        sources.delivery_shares()["activity"]
    )
