"""Provenance: from the table alone every number of a permit can be made again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import _permits, allocation, io, sharing, study
from permitload.errors import DataError
from tests.samples import SAMPLE, started
from tests.test_allocation import case, responses, rooms, works

KEY = ["source", "pollutant", "period"]
STEPS = ["input", "claim", "level", "stop", "alone", "granted", "rounding", "permit", "year"]
OWN = {"ceiling": "ceiling", "floor": "floor", "no target": "target", "fixed": "target",
       "target": "target", "present_permit": "ceiling"}  # fmt: skip
ROW = ["headroom", "response", "added", "added_by_others", "spare"]


def _wide(table: pd.DataFrame, step: str) -> pd.DataFrame:
    """Numbers of one step, a row a permit of a period."""
    return table[table["step"] == step].pivot(index=KEY, columns="quantity", values="value")


def chained(table: pd.DataFrame) -> pd.DataFrame:
    """Make every number again from those above it; return the stops with their subject."""
    periods, year = table[table["period"] != ""], table[table["period"] == ""]
    assert not table.duplicated([*KEY, "step", "quantity"]).any()
    assert not table[["step", "quantity", "unit", "reference"]].eq("").any(axis=None)
    order = periods.groupby(KEY, sort=False)["step"].agg(lambda s: [STEPS.index(x) for x in s])
    assert all(steps == sorted(steps) for steps in order)
    inputs, claim = _wide(periods, "input"), _wide(periods, "claim")["target"]
    level, stop = _wide(periods, "level")["level"], _wide(periods, "stop")
    unrounded = _wide(periods, "granted")["unrounded_load"]
    rounding, permit = _wide(periods, "rounding"), _wide(periods, "permit")
    got = (level * claim).clip(inputs["floor"], inputs["ceiling"])
    np.testing.assert_allclose(unrounded, got, rtol=1e-9, atol=1e-9)
    # who stopped it: one subject, with the numbers of a section or the one of an own bound
    mine = periods[periods["step"] == "stop"]
    stops = mine.groupby(KEY)["subject"].agg(lambda s: "/".join(sorted(set(s))))
    assert stops.index.equals(unrounded.index)
    own = stops.map(OWN)
    for bound in set(own.dropna()):
        here = own.index[own == bound]
        value = claim if bound == "target" else inputs[bound]
        np.testing.assert_array_equal(stop.loc[here, bound], value[here])
        others = [name for name in stop.columns if name != bound]
        assert stop.loc[here, others].isna().all(axis=None)
        if bound != "target":
            np.testing.assert_array_equal(unrounded[here], value[here])
    yearly = own.isna() & stops.str.endswith(" (year)")
    if yearly.any():
        year_row = stop.loc[yearly, ["annual_total", "annual_own", "annual_others", "annual_spare"]]
        total, own_part, others, spare = (year_row[name] for name in year_row)
        np.testing.assert_allclose(own_part + others + spare, total, rtol=1e-12)
        np.testing.assert_allclose(spare, 0.0, atol=1e-9)
    at = own.index[own.isna() & ~yearly]
    if len(at):
        row = stop.loc[at, ROW]
        assert row.notna().all(axis=None)
        np.testing.assert_allclose(row["added"], row["response"] * unrounded[at], rtol=1e-12)
        room = row["headroom"].clip(lower=0.0)
        left = room - row["added_by_others"] - row["added"]
        np.testing.assert_allclose(row["spare"], left, rtol=0, atol=1e-12)
        assert (row["spare"].abs() <= 1e-9 * np.maximum(room, 1.0)).all(), "stopped by no full row"
        # all whom one row stops see the same headroom, and the same sum of all
        together = row.assign(all=row["added"] + row["added_by_others"], section=stops[at])
        groups = together.groupby(["pollutant", "period", "section"])
        assert (groups["headroom"].nunique() == 1).all()
        spread = groups["all"].max() - groups["all"].min()
        assert (spread <= 1e-9 * groups["all"].max()).all()
    # whole units
    days = inputs["days"]
    np.testing.assert_allclose(rounding["unrounded_mass"], unrounded * days / 1000.0, rtol=1e-12)
    mass = permit["permit_mass"]
    np.testing.assert_allclose(rounding["unrounded_mass"] - rounding["rounding"], mass, atol=1e-12)
    np.testing.assert_allclose(permit["permitted_load"] * days / 1000.0, mass, atol=1e-9)
    if "precision" in rounding:
        units = mass / rounding["precision"]
        floor = inputs["floor"] * days / 1000.0
        whole = (units - units.round()).abs() < 1e-6
        assert (whole | ((mass - floor).abs() <= 1e-9)).all()
        assert (rounding["rounding"].abs() <= rounding["precision"] * (1 + 1e-6)).all()
    # the year
    total = mass.groupby(["source", "pollutant"]).sum()
    annual = year.set_index(["source", "pollutant"])["value"]
    assert set(year["quantity"]) == {"permit"} and set(year["unit"]) == {"t/a"}
    np.testing.assert_allclose(annual.sort_index(), total, rtol=1e-12)
    return stop.assign(stopped_by=stops)


@st.composite
def parks(draw: st.DrawFn) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    """Sources at a few outlets above a few sections, some with floors, some without load."""
    n, m, k = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    coefficient = st.sampled_from([0.0, 1e-3, 1.7e-3, 2e-3, 5.1e-3])
    response = responses(
        {p: [[draw(coefficient) for _ in range(n)] for _ in range(m)] for p in ("M1", "M7")}
    )
    response = response.assign_coords(days=("period", [31.0, draw(st.sampled_from([28.0, 30.5]))]))
    floored = draw(st.booleans())
    rooms_left = [0.21, 0.5, 1.3] if floored else [-0.1, 0.0, 0.21, 0.5, 1.3]
    room = rooms(response, [draw(st.sampled_from(rooms_left)) for _ in range(m)])
    load = np.array([draw(st.sampled_from([0.0, 10.0, 33.3, 100.0])) for _ in range(k)])
    outlet = [f"O{draw(st.integers(1, n))}" for _ in range(k)]
    ceiling = load * draw(st.sampled_from([1.0, 1.5])) + draw(st.sampled_from([5.0, 6.5]))
    floor = np.array([draw(st.sampled_from([0.0, 2.5, 5.0])) for _ in range(k)]) * floored
    tables = {"source_load": load, "ceiling": ceiling, "floor": floor}
    return response, room, works(response, outlet, tables)


COMPOSERS = (sharing.fill, sharing.proportion, sharing.project, sharing.alpha_fairness)


@given(parks(), st.sampled_from([0.0625, 0.01]), st.sampled_from(COMPOSERS))
@settings(max_examples=80, deadline=None)
def test_random_parks_chain(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset], precision: float, compose: object
) -> None:
    response, room, sources = drawn
    shared = allocation.allocate(response, room, sources, compose=compose)
    whole = _permits.rounded(shared, response, room, sources, precision)
    whole = whole.assign(unrounded_load=shared["permitted_load"])
    before = whole.copy(deep=True)
    table = allocation.explain(whole, response, room, sources, precision=precision)
    xr.testing.assert_identical(whole, before)
    chained(table)
    assert table["source"].nunique() == sources.sizes["source"]
    found = table[table["quantity"] == "permitted_load"].set_index(KEY)["value"].to_xarray()
    xr.testing.assert_allclose(
        found, whole["permitted_load"].reset_coords(drop=True).sel(source=found["source"])
    )
    # what the others add, from all rows of all sources: one section and period at a time
    stops = table[table["quantity"] == "added_by_others"]
    loads = table[table["quantity"] == "unrounded_load"].set_index(KEY)["value"]
    place = dict(zip(sources["source"].values, sources["outlet"].values, strict=True))
    for row in stops.to_dict("records"):
        others = [name for name in place if name != row["source"]]
        added = sum(
            float(response.sel(section=row["subject"], outlet=place[name],
                               pollutant=row["pollutant"], period=row["period"]))
            * loads[name, row["pollutant"], row["period"]]
            for name in others
        )  # fmt: skip
        assert row["value"] == pytest.approx(added, rel=1e-9, abs=1e-12)


def test_known_case_with_its_reasons() -> None:
    """Five sources, two sections: levels 0.5, 0.5, 0.8, 0.8, 1 and who stopped whom."""
    known = case("leximin_two_sections")
    inputs = known["inputs"]
    response = responses({"M1": inputs["response"]})
    demand = np.array(inputs["demand"])
    tables = {"source_load": demand, "ceiling": demand}
    sources = works(response, [f"O{k}" for k in range(1, 6)], tables)
    room = rooms(response, inputs["headroom"])
    table = allocation.explain(
        allocation.allocate(response, room, sources), response, room, sources
    )
    stop = chained(table)
    assert stop["stopped_by"].tolist() == ["S1", "S1", "S2", "S2", "ceiling"]
    level = table[table["quantity"] == "level"]["value"]
    np.testing.assert_allclose(level, known["expected"]["ratio"], atol=known["tolerance"])
    assert table[table["step"] == "claim"]["subject"].unique().tolist() == ["present_load"]
    assert table[table["quantity"] == "source_load"]["subject"].tolist() == [
        "O1", "O2", "O3", "O4", "O5",
    ]  # fmt: skip
    assert "precision" not in set(table["quantity"])


def test_a_target_of_ones_own_and_a_negative_headroom() -> None:
    response = responses({"M1": [[0.01, 0.02]]})
    tables = {"source_load": [10.0, 0.0, 40.0], "ceiling": [90.0] * 3}
    sources = works(response, ["O2", "O1", "O1"], tables)

    def equal(given_sources: xr.Dataset) -> xr.DataArray:
        return xr.DataArray(xr.full_like(given_sources.source_load, 7.0))

    room = rooms(response, [-0.3])
    permits = allocation.allocate(response, room, sources, target=equal)
    table = allocation.explain(permits, response, room, sources, target=equal)
    stop = chained(table)
    assert stop["headroom"].tolist() == [-0.3] * 3  # with its sign: the cut that is owed
    assert stop["spare"].tolist() == [0.0] * 3
    claim = table[table["step"] == "claim"]
    assert claim["subject"].unique().tolist() == ["equal"]
    assert claim["value"].tolist() == [7.0] * 3


def test_what_cannot_be_explained_is_refused() -> None:
    response = responses({"M1": [[0.01]]})
    sources = works(response, ["O1"], {"source_load": [9.0], "ceiling": [9.0]})
    room = rooms(response, [0.05])
    permits = allocation.allocate(response, room, sources)
    with pytest.raises(DataError, match="allocation, days: is missing"):
        allocation.explain(permits.drop_vars("days"), response, room, sources)
    wrong = permits.assign(stopped_by=permits["stopped_by"].astype("<U9").copy(deep=True))
    wrong["stopped_by"].values[:] = "the mayor"
    with pytest.raises(DataError, match="the mayor is unknown; right would be a section"):
        allocation.explain(wrong, response, room, sources)
    with pytest.raises(DataError, match="E1, source: is in one of two only"):
        allocation.explain(permits.isel(source=[]), response, room, sources)


@pytest.fixture(scope="module")
def provenance(results: Path) -> pd.DataFrame:
    return pd.read_csv(results / "provenance.csv", keep_default_na=False)


def _read(results: Path, name: str, keys: list[str]) -> pd.DataFrame:
    table = pd.read_csv(results / f"{name}.csv").set_index(keys)
    return table.rename(columns=lambda column: column.split(" [")[0])


def test_the_sample_chains_and_agrees_with_every_table(
    results: Path, provenance: pd.DataFrame
) -> None:
    stop = chained(provenance)
    monthly = _read(results, "permits_monthly", KEY)
    assert stop.index.equals(monthly.sort_index().index)
    assert (stop["stopped_by"] == monthly["stopped_by"].reindex(stop.index)).all()
    for step, names in (
        ("input", ["source_load", "ceiling"]), ("level", ["level"]),
        ("permit", ["permitted_load", "permit_mass"]),
    ):  # fmt: skip
        found = _wide(provenance[provenance["period"] != ""], step)
        for name in names:
            np.testing.assert_array_equal(found[name], monthly[name].reindex(found.index), name)
    # permits.csv [t/a]: the sum over the periods of permitted kg/d times days
    annual = _read(results, "permits", ["source", "pollutant"])
    days = _wide(provenance[provenance["period"] != ""], "input")["days"]
    load = _wide(provenance[provenance["period"] != ""], "permit")["permitted_load"]
    total = (load * days / 1000.0).groupby(["source", "pollutant"]).sum()
    np.testing.assert_allclose(annual["permit"].sort_index(), total, rtol=1e-12)
    year = provenance[provenance["step"] == "year"].set_index(["source", "pollutant"])["value"]
    np.testing.assert_allclose(year.sort_index(), annual["permit"].sort_index(), rtol=1e-12)
    # the rows are those of permits_monthly.csv, in their order
    first = provenance[provenance["period"] != ""].drop_duplicates(KEY)
    assert list(map(tuple, first[KEY].to_numpy())) == list(monthly.index)


def test_headroom_and_response_are_the_published_ones(
    results: Path, provenance: pd.DataFrame
) -> None:
    sections = _read(results, "sections", ["section", "indicator", "period"])["headroom"]
    rows = provenance[provenance["quantity"] == "headroom"]
    assert len(rows) > 50
    at = pd.MultiIndex.from_frame(rows[["subject", "pollutant", "period"]])
    np.testing.assert_array_equal(rows["value"], sections.reindex(at))
    response = io.read_dataset(results / "response.nc")["response"]
    outlet = provenance[provenance["quantity"] == "source_load"].set_index(KEY)["subject"]
    rows = provenance[provenance["quantity"] == "response"]
    for row in rows.iloc[::20].to_dict("records"):
        here = {"section": row["subject"], "pollutant": row["pollutant"], "period": row["period"],
                "outlet": outlet[row["source"], row["pollutant"], row["period"]]}  # fmt: skip
        assert row["value"] == float(response.sel(here))


def test_every_line_named_holds_the_number(provenance: pd.DataFrame) -> None:
    """Open the file at the line that the table names, as a reader would."""
    rows = provenance[provenance["reference"].str.contains(", line ")]
    lines = {
        path.name: path.read_text("utf8").split("\n") for path in SAMPLE.glob("*.csv")
    }  # fmt: skip
    seen = set()
    for row in rows.drop_duplicates(["reference", "quantity"]).to_dict("records"):
        file, line = str(row["reference"]).split(", line ")
        line, _, column = line.partition(", ")  # the column is named where its name is another
        head = [name.split(" [")[0] for name in lines[file][0].lstrip("\ufeff").split(",")]
        cells = dict(zip(head, lines[file][int(line) - 1].split(","), strict=False))
        if file == "group_limits.csv":
            assert float(cells[column]) == row["value"]
            assert row["subject"] == f"{cells['group']} (year)"
            continue
        if file == "source_bounds.csv":
            assert cells["component"] == column
            tonnes_a_year = float(cells[row["quantity"]])
            assert tonnes_a_year * 1000 / 365 == pytest.approx(row["value"], rel=1e-12)
            continue
        written = cells[row["quantity"]] or "0"  # only a floor may be left empty
        assert row["quantity"] == "floor" or cells[row["quantity"]] != ""
        assert float(written) == pytest.approx(row["value"], rel=1e-12), row
        named = "works" if file == "works.csv" else "source"
        assert cells[named] == row["subject" if file == "works.csv" else "source"]
        seen.add((file, row["quantity"]))
    assert {("source_loads.csv", "source_load"), ("source_loads.csv", "ceiling"),
            ("sources.csv", "wastewater_flow"), ("works.csv", "outlet_concentration"),
            } <= seen  # fmt: skip
    law = _wide(provenance, "input")[["wastewater_flow", "outlet_concentration", "works_law"]]
    law = law.dropna()
    assert len(law) > 100
    np.testing.assert_allclose(
        law["works_law"],
        law["wastewater_flow"] * law["outlet_concentration"] * 1000 * 86400 / 1e6,
        rtol=1e-12,
    )


@pytest.mark.usefixtures("undrawn")
def test_bounds_that_nobody_stated_say_what_they_follow(tmp_path: Path) -> None:
    """The small study states no load or ceiling behind its works."""
    results = study.run(started(tmp_path / "mine"))
    table = pd.read_csv(results / "provenance.csv", keep_default_na=False)
    mine = table[(table["source"] == "P2") & (table["step"] == "input")].set_index(KEY)
    law = mine[mine["quantity"] == "works_law"]["value"]
    for name in ("source_load", "ceiling"):
        rows = mine[mine["quantity"] == name]
        assert set(rows["reference"]) == {"works_law, above"}
        np.testing.assert_array_equal(rows["value"], law.reindex(rows.index))
    page = (results / "report.html").read_text("utf8")
    assert page.count("provenance.csv") == 2  # in both languages
    listed = json.loads((results / "manifest.json").read_text("utf8"))["files"]
    assert "provenance.csv" in listed


def test_what_if_by_hand() -> None:
    response = responses({"M1": [[0.01, 0.01, 0.0]]})
    load = {"source_load": [30.0, 60.0, 10.0], "ceiling": [30.1, 99.0, 10.0]}
    sources = works(response, ["O1", "O2", "O3"], load)
    room = rooms(response, [0.6])

    def higher(given_sources: xr.Dataset) -> xr.DataArray:
        return given_sources["source_load"] * xr.DataArray([1.0, 1.5, 1.5], dims="source")

    found = allocation.counterfactuals(response, room, sources, higher=higher)
    got = {name: found[name].values.ravel() for name in found.data_vars}
    np.testing.assert_allclose(got["permitted_load"], [20.0, 40.0, 10.0])
    # one more kg/d in all, and two thirds of it to E2; no section holds E3
    np.testing.assert_allclose(got["more_headroom"], [61 / 3, 122 / 3, np.nan])
    np.testing.assert_allclose(got["equal_proportion"], [20.0, 40.0, 20 / 3])
    # E2 alone at 90 beside 30; E1 has no higher target; E3 stands on its ceiling
    np.testing.assert_allclose(got["tier_higher"], [20.0, 45.0, 10.0])
    near_ceiling = allocation.counterfactuals(response, rooms(response, [0.9]), sources)
    # E1 can take 0.1 of the third that falls to it, E2 the rest: no straight line says so
    np.testing.assert_allclose(
        near_ceiling.more_headroom.values.ravel(), [30.1, 91.0 - 30.1, np.nan]
    )
    assert np.isnan(near_ceiling.tier_higher).all()


@given(parks(), st.sampled_from([sharing.fill, sharing.proportion]))
@settings(max_examples=25, deadline=None)
def test_what_if_is_what_a_run_of_its_own_gives(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset], compose: Any
) -> None:
    response, room, sources = drawn

    def higher(given_sources: xr.Dataset) -> xr.DataArray:
        return given_sources["source_load"] * 1.25

    found = allocation.counterfactuals(response, room, sources, compose=compose, higher=higher)
    base = allocation.allocate(response, room, sources, compose=compose)
    np.testing.assert_array_equal(found.permitted_load, base.permitted_load)
    rows = set(response.section.values.tolist())
    for place in np.ndindex(base.permitted_load.shape):
        stop, period = str(base.stopped_by.values[place]), base.period.values[place[2]]
        if stop not in rows:
            assert np.isnan(found.more_headroom.values[place])
            continue
        wider = room.copy()
        wider.loc[{"section": stop, "period": period}] += 0.01
        again = allocation.allocate(response, wider, sources, compose=compose)
        assert found.more_headroom.values[place] == again.permitted_load.values[place]
        assert again.permitted_load.values[place] >= base.permitted_load.values[place] - 1e-9
    equal = allocation.allocate(response, room, sources, compose=sharing.proportion)
    np.testing.assert_array_equal(found.equal_proportion, equal.permitted_load)
    for k in range(sources.sizes["source"]):
        risen = sources.source_load.copy()
        risen[k] *= 1.25
        alone = allocation.allocate(
            response, room, sources.assign(wanted=risen), lambda s: s["wanted"], compose
        )
        np.testing.assert_array_equal(found.tier_higher[k], alone.permitted_load[k])
        assert (found.tier_higher[k] >= base.permitted_load[k] - 1e-9).all()


def test_what_if_in_a_park_whose_year_is_full() -> None:
    """More room in M1 moves what the year leaves from M2; 0.1 mg/L is 10 kg/d of E1."""
    response = responses({"M1": [[0.001, 0.0]], "M2": [[0.001, 0.0]]})
    response = response.assign_coords(days=("period", [165.0, 200.0]))
    loads = {"source_load": [100.0, 100.0], "ceiling": [100.0, 100.0]}
    sources = works(response, ["O1", "O2"], loads)
    park = pd.DataFrame({"group": ["park", "park"], "source": ["E1", "E2"]})
    most = pd.DataFrame([{"group": "park", "pollutant": "TP", "period": "", "annual_total": 36.5}])
    sources = allocation.with_groups(sources, park, most)
    room = rooms(response, [0.5])
    room.loc[{"period": "M1"}] = 0.02
    found = allocation.counterfactuals(response, room, sources)
    base = allocation.allocate(response, room, sources)
    assert base.stopped_by.sel(source="E1").values.ravel().tolist() == ["S1", "park (year)"]
    rest = (36500.0 - 20.0 * 165.0) / (165.0 + 400.0)
    np.testing.assert_allclose(base.permitted_load.values[:, 0], [[20.0, rest], [rest, rest]])
    np.testing.assert_allclose(found.more_headroom.values[:, 0], [[30.0, np.nan], [np.nan] * 2])
    np.testing.assert_allclose(found.equal_proportion.values.ravel(), [20.0] * 4)
