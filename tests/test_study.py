"""The main job on the sample: permits that hold in the full model, whole folders, same bytes."""

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permitload import io, quality, sources, study
from permitload.errors import DataError, InfeasibleError
from permitload.units import KG_PER_DAY
from tests.samples import SAMPLE, copied, started


def _copy(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    copied(folder)
    return folder


def test_sample_has_what_it_promises(outcome: study.Outcome) -> None:
    tables, network = outcome.tables, outcome.network
    assert len(network.reaches) >= 40
    assert len(network.reaches) - len(network.nodes) + 1 >= 5  # independent loops
    pair = network.reaches[["from_node", "to_node"]]
    assert pair.duplicated().any(), "no parallel arm"
    assert len(tables["sections"]) == 8
    assert tables["enterprises"]["enterprise"].nunique() >= 30
    assert tables["enterprises"]["name"].str.startswith("虚构").all()  # invented, and saying so
    assert tables["enterprises"]["sector"].nunique() == 4
    behind = tables["sources"][tables["sources"]["works"] != ""]
    assert (behind["works"].value_counts() >= 5).sum() == 2
    classes = {"industry", "domestic", "farm", "other"}
    assert set(tables["sources"]["source_class"]) == classes
    canals = network.reaches["polder"].value_counts()
    assert (canals[tables["polders"]["polder"]] >= 3).sum() >= 2
    assert (tables["polders"]["pump_capacity"] > 0.0).all()
    assert outcome.settings.pollutants == ("COD", "NH3-N", "TN", "TP", "Sb")
    assert len(tables["periods"]) == 12
    flow = outcome.datasets["hydraulics"]["flow"]
    assert ((flow < 0).any("period") & (flow > 0).any("period")).any(), "no reach reverses"
    assert float(np.abs(outcome.datasets["hydraulics"]["lateral_flow"]).max()) == 0.0


def test_law_from_secondary_sources_is_flagged_in_the_report(results: Path) -> None:
    page = (results / "report.html").read_text("utf8")
    rows = [row for row in page.split("<tr") if "GB 3838-2002 Table 1" in row]
    assert len(rows) >= 8 * 3
    assert all("法定 statutory" in row and "check the printed text 待核" in row for row in rows)


def test_polders_pump_all_their_water_and_no_more_than_their_pumps(outcome: study.Outcome) -> None:
    """What enters a polder leaves it by its last canal, month by month, within the pumps."""
    flow = outcome.datasets["hydraulics"]["flow"].to_pandas()
    reaches, nodes = outcome.network.reaches, outcome.datasets["hydraulics"]["boundary_flow"]
    for polder, pumps in outcome.network.polders.iterrows():
        inside = reaches[reaches["polder"] == polder]
        last = inside[~inside["to_node"].isin(inside["from_node"])].index
        assert len(last) == 1
        heads = inside.loc[~inside["from_node"].isin(inside["to_node"]), "from_node"]
        entering = nodes.sel(node=heads.tolist()).sum("node").to_series()
        np.testing.assert_allclose(flow.loc[last[0]], entering, rtol=1e-12)
        assert 0.0 < flow.loc[last[0]].max() <= pumps["pump_capacity"]


def test_the_generator_writes_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SAMPLE.parent)
    runpy.run_path(str(SAMPLE.parent / "make_wujin.py"))["main"](tmp_path / "wujin")
    written, kept = (
        sorted(
            path.relative_to(root).as_posix()
            for path in root.rglob("*")
            if path.suffix in (".csv", ".toml") and "results" not in path.parts
        )
        for root in (tmp_path / "wujin", SAMPLE)
    )
    assert written == kept
    for name in written:
        assert (tmp_path / "wujin" / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_months_bind_and_one_background_exceeds_as_the_readme_says(results: Path) -> None:
    """The table of expected results in the README, recomputed from the published tables."""
    sections = pd.read_csv(results / "sections.csv")
    less = sections[sections["headroom [mg/L]"] < 0.0]
    assert less[["section", "indicator", "period"]].to_numpy().tolist() == [["S5", "TP", "2021-01"]]
    text = (SAMPLE / "README.md").read_text("utf8").split("## What to expect")[1]
    present = io.read_dataset(results / "present.nc")
    table = pd.read_csv(SAMPLE / "sections.csv").rename(columns={"position [m]": "position"})
    found = quality.at(table[["section", "reach", "position"]], present)
    limit = io.read_dataset(results / "limits.nc")["limit"].rename(indicator="pollutant")
    use = (found.reset_coords(drop=True) / (0.9 * limit.reset_coords(drop=True))).to_series()
    over = use[use > 1.0]
    assert len(over) > 10
    stated = {
        (pollutant, section, f"2021-{month}"): float(value)
        for pollutant, section, months in re.findall(
            r"^\| (\S+) \| (S\d) \| ([^|]*) \|", text, re.M
        )
        for month, value in re.findall(r"(\d\d) (\d\.\d+)", months)
    }
    order = ["pollutant", "section", "period"]
    assert over.reorder_levels(order).round(3).to_dict() == stated
    calm = use.reset_index(name="use").query("'2021-05' <= period <= '2021-09'")["use"]
    assert f"at most {calm.max():.2f}" in text


def test_flow_table_balances_at_every_node(outcome: study.Outcome) -> None:
    """Sum the table itself, not what the library made of it; stages hold the other ends."""
    flows = pd.read_csv(SAMPLE / "flows.csv").set_index(["reach", "period"])["flow [m3/s]"]
    reaches = pd.read_csv(SAMPLE / "reaches.csv").set_index("reach")
    declared = pd.read_csv(SAMPLE / "boundaries.csv").set_index(["node", "period"])["flow [m3/s]"]
    # what enters a gate or pump leaves it: both ends of a structure count as one node
    works = pd.read_csv(SAMPLE / "structures.csv").set_index("from_node")["to_node"]
    pumps = pd.read_csv(SAMPLE / "polders.csv").set_index("from_node")["outlet_reach"]
    joined = works.to_dict() | pumps.map(reaches["from_node"]).to_dict()
    assert len(joined) == 3
    reaches = reaches.replace({"from_node": joined, "to_node": joined})
    frame = flows.reset_index().join(reaches[["from_node", "to_node"]], on="reach")
    leaving = frame.groupby(["from_node", "period"])["flow [m3/s]"].sum()
    arriving = frame.groupby(["to_node", "period"])["flow [m3/s]"].sum()
    axis = leaving.index.union(arriving.index).union(declared.index)
    gap = (leaving.reindex(axis, fill_value=0.0) - arriving.reindex(axis, fill_value=0.0)
           - declared.reindex(axis, fill_value=0.0))  # fmt: skip
    held = pd.read_csv(SAMPLE / "stages.csv")["node"].unique()
    assert len(held) == 5
    assert float(gap.drop(index=held, level=0).abs().max()) < 1e-9


def test_computed_flow_turns_where_the_table_turns(results: Path, outcome: study.Outcome) -> None:
    """Every row of the table is compared, and the README says how far they are apart."""
    table = pd.read_csv(results / "flow_check.csv").set_index(["reach", "period"])
    stated = pd.read_csv(SAMPLE / "flows.csv").set_index(["reach", "period"])["flow [m3/s]"]
    assert (table["stated_flow [m3/s]"] == stated).all() and len(table) == len(stated) == 600
    assert (np.sign(table["flow [m3/s]"]) == np.sign(stated)).all()
    assert (table["turned"] == 0.0).all()
    apart = (table["flow [m3/s]"] - stated).abs()
    share = apart / stated.abs()
    said = (SAMPLE / "README.md").read_text("utf8").split("## Flow")[1].split("## What")[0]
    half, nine, most = apart.quantile([0.5, 0.9, 1.0])
    (reach, _), worst = apart.idxmax(), stated.loc[apart.idxmax()]
    assert f"| {half:.2f} | {nine:.2f} | {most:.2f} (`{reach}` in July, of {worst:.2f}) |" in said
    half, nine, most = (100 * share.quantile([0.5, 0.9, 1.0])).to_list()
    reach, period = share.idxmax()
    assert period == "2021-01"
    assert f"| {half:.1f} % | {nine:.1f} % | {most:.0f} % (`{reach}` in January) |" in said
    off = table["flow_difference [m3/s]"]
    assert off[off != 0.0].abs().min() > 1e-6  # rounding is no difference
    assert (off.loc["CG1"] == 0.0).all()
    assert np.allclose(off, table["flow [m3/s]"] - stated, rtol=0.0, atol=1e-7)
    page = (results / "report.html").read_text("utf8")
    shown = page.split('id="flow"')[1].split('id="balance"')[0]
    assert "<b>2021-01</b>" in shown and "<b>2021-07</b>" in shown
    listed = [row.split("</td>")[:2] for row in shown.split("<tr")[2:]]
    assert len(listed) == 50 and "是 yes" not in shown
    park = table.loc["PC1", "flow [m3/s]"]
    dry, wet = park[park > 0.0], -park[park < 0.0]
    assert wet.index.tolist() == [f"2021-{m:02}" for m in range(5, 10)]
    assert f"{dry.min():.2f} to {dry.max():.2f} m3/s to the Cailing" in said
    assert f"{wet.min():.2f} to {wet.max():.2f} m3/s back" in said
    stage = outcome.datasets["hydraulics"]["stage"].sel(period=wet.index.tolist())
    held = 100 * (stage.sel(node="CLG", drop=True) - stage.sel(node="W6", drop=True))
    assert f"{float(held.min()):.0f} to {float(held.max()):.0f} cm up" in said


def test_without_its_gate_the_park_canal_never_turns(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    (folder / "openings.csv").unlink()  # the gate hangs above the water all year
    water = study._read(folder).checked.water
    assert water is not None
    assert (water["flow"].sel(reach="PC1") > 0.0).all()
    assert set(water["period"].values) == {f"2021-{m:02}" for m in range(1, 13)}


def test_permits_hold_in_the_full_model(results: Path, outcome: study.Outcome) -> None:
    """From the published table alone: rebuild the loads, run the model, compare with the limits."""
    monthly = io.read_study_tables(SAMPLE)[0]["periods"][["period", "days"]]
    published = pd.read_csv(results / "permits_monthly.csv")
    keys = ["source", "pollutant", "period"]
    load = published.set_index(keys)["permitted_load [kg/d]"].to_xarray().fillna(0.0)
    given = sources.source_dataset(
        outcome.tables["sources"], outcome.tables["works"], outcome.tables["source_loads"],
        monthly["period"].tolist(),
    )  # fmt: skip
    whole = given["source_load"].copy()
    whole.loc[{"source": load["source"].values}] = load.transpose(*whole.dims).sel(
        pollutant=whole["pollutant"].values, period=whole["period"].values
    )
    at_outlets = sources.by_outlet(whole, outcome.tables["outlets"])
    inflow = outcome.tables["inflow"].set_index(["node", "pollutant", "period"])["concentration"]
    rates = outcome.tables["kinetics"].set_index("pollutant")[["decay", "temperature_factor"]]
    found = quality.steady(
        outcome.network, outcome.datasets["hydraulics"], outcome.tables["outlets"], at_outlets,
        inflow.to_xarray(), rates.to_dict("index"),
    )  # fmt: skip
    after = quality.at(outcome.tables["sections"], found)
    before = quality.at(outcome.tables["sections"], outcome.datasets["background"])
    allowed = outcome.datasets["limits"]["limit"].rename(indicator="pollutant") * 0.9
    most = np.maximum(allowed.values, before.transpose(*allowed.dims).values)
    got = after.transpose(*allowed.dims).sel(section=allowed["section"].values).values
    assert (got <= most * (1.0 + 1e-9)).all()
    # and the permits use what there is: where a section stopped somebody, it is nearly full
    stopped = published[published["stopped_by"].str.startswith("S")]
    assert len(stopped) > 50
    row = stopped[stopped["pollutant"] == "COD"].iloc[0]
    place = {"section": row["stopped_by"], "pollutant": "COD", "period": row["period"]}
    assert float(after.sel(place)) > 0.995 * float(allowed.sel(place))


def test_permits_stay_within_bounds_and_units(results: Path) -> None:
    monthly = pd.read_csv(results / "permits_monthly.csv")
    assert (monthly["permitted_load [kg/d]"] <= monthly["ceiling [kg/d]"] * (1 + 1e-12)).all()
    units = monthly["permit_mass [t]"] / 1e-4
    np.testing.assert_allclose(units, units.round(), atol=1e-6)
    annual = pd.read_csv(results / "permits.csv")
    total = monthly.groupby(["source", "pollutant"])["permit_mass [t]"].sum()
    published = annual.set_index(["source", "pollutant"])["permit [t/a]"]
    np.testing.assert_allclose(published, total.reindex(published.index), rtol=1e-12)
    np.testing.assert_allclose(
        annual["permitted_load [kg/d]"] * 0.365, annual["permit [t/a]"], rtol=1e-12
    )
    assert (annual["permit_worst [t/a]"] <= annual["permit [t/a]"] * (1 + 1e-12)).all()
    assert list(annual.columns[:6]) == [
        "enterprise", "source", "pollutant", "permitted_load [kg/d]", "permit [t/a]", "stopped_by",
    ]  # fmt: skip


def test_the_two_books_differ_by_the_works_law(results: Path) -> None:
    annual = pd.read_csv(results / "permits.csv")
    works = pd.read_csv(SAMPLE / "works.csv").set_index(["works", "pollutant"])
    behind = annual[annual["works"].notna()]
    ratio = (works["acceptance_concentration [mg/L]"] / works["outlet_concentration [mg/L]"]).loc[
        pd.MultiIndex.from_frame(behind[["works", "pollutant"]])
    ]
    got = behind["accepted_load [kg/d]"] / behind["permitted_load [kg/d]"]
    np.testing.assert_allclose(got, ratio.to_numpy(), rtol=1e-9)
    assert annual.loc[annual["works"].isna(), "accepted_load [kg/d]"].isna().all()


def test_where_background_exceeds_nobody_adds(outcome: study.Outcome) -> None:
    status = outcome.datasets["capacity"]["status"]
    places = np.argwhere((status == "background_exceeds").values)
    assert len(places) >= 1
    for p, t in places:
        here = {"pollutant": p, "period": t}
        room = outcome.datasets["limits"]["headroom"].isel(indicator=p, period=t)
        response = outcome.datasets["response"]["response"].isel(here)
        load = outcome.datasets["allocation"]["permitted_load"].isel(here)
        for section in room["section"].values[room.values < 0.0]:
            reach = response.sel(
                section=section, outlet=outcome.datasets["sources"]["outlet"].values
            )
            limit = outcome.datasets["limits"]["limit"].sel(section=section).isel(indicator=p)
            added = float((reach.values * load.values).sum())
            assert added <= 1e-9 * load.size * float(limit.isel(period=t))


def test_every_number_is_traced_to_a_stop(results: Path) -> None:
    monthly = pd.read_csv(results / "permits_monthly.csv")
    sections = set(pd.read_csv(SAMPLE / "sections.csv")["section"])
    assert set(monthly["stopped_by"]) <= sections | {
        "ceiling", "floor", "fixed", "no target", "present_permit", "PARK-WK1 (year)",
    }  # fmt: skip


def test_same_input_same_bytes(results: Path, tmp_path: Path) -> None:
    again = study.run(SAMPLE, tmp_path / "results")
    for path in [*results.glob("*.csv"), results / "report.html"]:
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name
    assert _manifest(again) == _manifest(results)


def _manifest(folder: Path) -> object:
    """All that a manifest says, but for the bytes of NetCDF, which are equal by value alone."""
    found = json.loads((folder / "manifest.json").read_text("utf8"))
    for path in folder.glob("*.nc"):
        assert len(found["files"].pop(path.name)) == 64
    return found


@pytest.mark.usefixtures("undrawn")
def test_order_of_rows_does_not_move_permits(results: Path, tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    for name in ("reaches", "sources", "source_loads", "outlets", "flows", "sections"):
        table = pd.read_csv(folder / f"{name}.csv", dtype=str)
        table.iloc[::-1].to_csv(folder / f"{name}.csv", index=False)
    shuffled = study.run(folder, tmp_path / "out")
    keys = ["source", "pollutant", "period"]
    ours = pd.read_csv(results / "permits_monthly.csv").set_index(keys).sort_index()
    theirs = pd.read_csv(shuffled / "permits_monthly.csv").set_index(keys).sort_index()
    np.testing.assert_allclose(
        theirs["permit_mass [t]"], ours["permit_mass [t]"], rtol=0, atol=1.01e-4
    )
    same = (theirs["permit_mass [t]"] - ours["permit_mass [t]"]).abs() < 1e-9
    assert same.mean() > 0.99  # the last unit may go to another of equal remainder, no more


def test_balance_closes_in_the_report(results: Path) -> None:
    balance = pd.read_csv(results / "balance.csv").set_index(["pollutant", "period", "term"])
    wide = balance["ledger [kg/d]"].unstack("term")
    own = wide["boundary_in"] + wide["load"] - wide["boundary_out"] - wide["decayed"]
    assert float((own.abs() / (wide["boundary_in"] + wide["load"])).max()) < 1e-9


@pytest.mark.usefixtures("undrawn")
def test_results_are_replaced_whole(tmp_path: Path) -> None:
    folder = started(tmp_path / "mine")
    first = study.run(folder)
    (first / "permits.csv").write_text("old")
    study.run(folder)
    assert (first / "permits.csv").read_text("utf8").startswith("enterprise,source")
    assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []
    (first / "my notes.txt").write_text("years of work")
    with pytest.raises(DataError, match="holds something else than results"):
        study.run(folder)
    assert (first / "my notes.txt").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_failed_run_leaves_former_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = started(tmp_path / "mine")
    before = (study.run(folder) / "permits.csv").read_bytes()
    from permitload import _results

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device", "disk")

    monkeypatch.setattr(_results, "_illustrate", broken)
    with pytest.raises(OSError, match="No space left"):
        study.run(folder)
    assert (folder / "results" / "permits.csv").read_bytes() == before
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


def test_never_replaces_what_is_not_results(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="holds something else than results"):
        study.run(folder, tmp_path / "mine")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "manifest.json").write_text('{"name": "my web app"}')
    with pytest.raises(DataError, match="holds something else than results"):
        study.run(folder, tmp_path / "app")
    with pytest.raises(DataError, match="holds the study itself"):
        study.run(folder, folder)
    with pytest.raises(DataError, match="holds the study itself"):
        study.run(folder, tmp_path)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_floors_that_cannot_be_met_name_every_place(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    loads = pd.read_csv(folder / "source_loads.csv", dtype=str, keep_default_na=False)
    mine = (loads["source"] == "E10-1") & (loads["pollutant"] == "COD")
    loads.loc[mine, "floor [kg/d]"] = "5000"
    loads.loc[mine, "ceiling [kg/d]"] = "6000"
    loads.to_csv(folder / "source_loads.csv", index=False)
    with pytest.raises(InfeasibleError) as caught:
        study.run(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    table = caught.value.relaxation
    assert table is not None
    assert {"section", "pollutant", "period", "missing"} <= set(table.columns)
    # every month of S6 below E10 is short, and each place is listed once
    assert (table[table["pollutant"] == "COD"]["section"] == "S6").sum() == 12
    assert not table.duplicated(["section", "pollutant", "period"]).any()


def test_manifest_says_what_was_used(results: Path) -> None:
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    assert set(manifest["inputs"]) >= {"study.toml", "reaches.csv", "flows.csv", "sources.csv"}
    assert all(len(digest) == 64 for digest in manifest["inputs"].values())
    assert manifest["options"]["compose"] == "fill"
    assert manifest["basis"]["margin_of_safety"] == "assumed"
    assert manifest["versions"]["permitload"]


def test_datasets_come_back_as_they_were(results: Path, outcome: study.Outcome) -> None:
    for name, dataset in outcome.datasets.items():
        again = io.read_dataset(results / f"{name}.nc")
        assert set(again.variables) == set(dataset.variables), name
    loads = io.read_dataset(results / "allocation.nc")["permitted_load"]
    assert float(loads.sum()) == float(outcome.datasets["allocation"]["permitted_load"].sum())


def test_kg_per_day_against_tonnes(results: Path) -> None:
    """A load, its concentration and its permit agree through 86.4 and 365."""
    flow = pd.read_csv(SAMPLE / "works.csv").query("works == 'WK1' and pollutant == 'COD'")
    most = float(flow["design_flow [m3/s]"].iloc[0] * flow["outlet_concentration [mg/L]"].iloc[0])
    annual = pd.read_csv(results / "permits.csv").query("works == 'WK1' and pollutant == 'COD'")
    assert annual["permit [t/a]"].sum() <= most * KG_PER_DAY * 0.365


def _edit(folder: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = folder / name
    table = change(pd.read_csv(path, dtype=str, keep_default_na=False))
    table.to_csv(path, index=False)


@pytest.mark.usefixtures("undrawn")
def test_closed_months_are_permits_of_nothing_and_stay_in_the_year(tmp_path: Path) -> None:
    """A source that works from June to August has a permit for those months, over 365 days."""
    folder = _copy(tmp_path)

    def close(table: pd.DataFrame) -> pd.DataFrame:
        mine = (table["source"] == "E01-1") & (table["pollutant"] == "COD")
        shut = mine & ~table["period"].isin(["2021-06", "2021-07", "2021-08"])
        table.loc[shut, ["source_load [kg/d]", "ceiling [kg/d]"]] = "0"
        return table

    _edit(folder, "source_loads.csv", close)
    out = study.run(folder, tmp_path / "out")
    row = pd.read_csv(out / "permits.csv").query("source == 'E01-1' and pollutant == 'COD'").iloc[0]
    months = pd.read_csv(out / "permits_monthly.csv").query(
        "source == 'E01-1' and pollutant == 'COD'"
    )
    assert len(months) == 12
    assert (months["permitted_load [kg/d]"] > 0.0).sum() == 3
    assert row["permit [t/a]"] == pytest.approx(months["permit_mass [t]"].sum(), rel=1e-12)
    assert row["permitted_load [kg/d]"] * 0.365 == pytest.approx(row["permit [t/a]"], rel=1e-12)
    assert row["permit_worst [t/a]"] == 0.0


def test_a_unit_larger_than_the_permits_is_refused(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    text = (
        (folder / "study.toml").read_text("utf8").replace("precision = 0.0001", "precision = 100.0")
    )
    (folder / "study.toml").write_text(text, "utf8")
    with pytest.raises(DataError, match=r"allocation, precision: 100\.0 is too large"):
        study.solve(folder)


def test_more_than_a_year_is_refused(tmp_path: Path) -> None:
    folder = _copy(tmp_path)

    def double(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(**{"days [d]": (table["days [d]"].astype(float) * 2).astype(str)})

    _edit(folder, "periods.csv", double)
    assert any("sum to more than a year" in str(fault) for fault in study.check(folder))


def test_temperature_of_the_tables_is_used(tmp_path: Path, outcome: study.Outcome) -> None:
    """Warmer water decays more."""
    base = outcome.datasets["background"]["ledger"].sel(term="decayed", pollutant="COD")
    warm = _copy(tmp_path)
    _edit(warm, "periods.csv", lambda t: t.assign(**{"temperature [degC]": "30"}))
    more = study.solve(warm).datasets["background"]["ledger"].sel(term="decayed", pollutant="COD")
    assert float(more.sum()) > 1.1 * float(base.sum())


def test_rounding_costs_little_and_is_stated(results: Path) -> None:
    withheld = json.loads((results / "manifest.json").read_text("utf8"))["summary"]
    lost = {p: float(v.rstrip("%")) for p, v in withheld["withheld by rounding"].items()}
    assert set(lost) == {"COD", "NH3-N", "TN", "TP", "Sb"}
    assert all(0.0 <= v < 1.0 for v in lost.values())


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("rule", ["sum_of_periods", "worst_period"])
def test_both_bases_of_a_year_are_reported_and_one_bounds(tmp_path: Path, rule: str) -> None:
    folder = _copy(tmp_path)
    text = (folder / "study.toml").read_text("utf8")
    changed = text.replace('annual = "sum_of_periods"', f'annual = "{rule}"')
    changed = changed.replace("precision = 0.0001", "precision = 0.001")
    (folder / "study.toml").write_text(changed, "utf8")
    results = study.run(folder)
    days = pd.read_csv(folder / "periods.csv").set_index("period")["days [d]"]
    table = pd.read_csv(results / "capacity.csv", dtype={"period": str})
    mass = table["total [kg/d]"] * table["period"].map(days.rename(index=str)) / 1000.0
    np.testing.assert_allclose(table["capacity_mass [t]"], mass, rtol=1e-12)
    by = table.groupby("pollutant")
    summed = mass.groupby(table["pollutant"]).sum()
    worst = by["total [kg/d]"].min() * 0.365
    np.testing.assert_allclose(by["annual_sum [t/a]"].first(), summed, rtol=1e-12)
    np.testing.assert_allclose(by["annual_worst [t/a]"].max(), worst, rtol=1e-12)
    right = summed if rule == "sum_of_periods" else np.minimum(summed, worst)
    np.testing.assert_allclose(by["annual_limit [t/a]"].min(), right, rtol=1e-12)
    annual = pd.read_csv(results / "permits.csv").set_index(["source", "pollutant"])
    monthly = pd.read_csv(results / "permits_monthly.csv").groupby(["source", "pollutant"])
    months = monthly["permit_mass [t]"].sum().reindex(annual.index)
    permit = annual["permit [t/a]"]
    if rule == "sum_of_periods":
        np.testing.assert_allclose(permit, months, rtol=1e-9)
    else:
        least = np.minimum(months, annual["permit_worst [t/a]"])
        assert (permit <= least * (1 + 1e-9)).all() and (permit > least - 0.0010001).all()
        assert (permit < months - 0.001).any()
        units = permit / 0.001
        np.testing.assert_allclose(units, units.round(), atol=1e-6)
    # The year's row of the provenance is the permit.
    rows = pd.read_csv(results / "provenance.csv")
    year = rows[(rows["step"] == "year") & (rows["quantity"] == "permit")]
    year = year.set_index(["source", "pollutant"])["value"].reindex(annual.index)
    np.testing.assert_allclose(year, permit, rtol=1e-9)
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    assert manifest["options"]["annual"] == rule and manifest["basis"]["annual"] == "assumed"
    assert "逐期累计年量" in (results / "report.html").read_text("utf8")
    assert not study.verify(results).faults
