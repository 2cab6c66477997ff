"""A real network of 11,526 reaches with published loads (USGS SPARROW, total nitrogen, MRB3)."""

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from permitload import RiverNetwork, _rates, hydraulics, io, quality, study, units
from permitload._frames import complete
from permitload.cli import app
from permitload.errors import DataError

pytestmark = pytest.mark.real_data

CONVERT = Path(__file__).parents[1] / "studies" / "mrb3" / "convert.py"
SOURCES = ["point", "ndep", "MANC_N", "FARM_N", "Fixation"]
LOSSES = ["rchdecay1", "rchdecay2", "iresload"]
LOAD = 1e-6
"""Relative tolerance of published loads, which are single precision."""


class Model:
    """The study's tables as the library's arguments."""

    def __init__(self, src: Path) -> None:
        spec = importlib.util.spec_from_file_location("mrb3_convert", CONVERT)
        assert spec is not None
        assert spec.loader is not None
        self.convert: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.convert)
        self.src = src
        self.given: pd.DataFrame = self.convert.network(src)
        self.sites = self.given.index[self.given["obs_load"] > 0.0]
        self.models = self.convert.models(src)
        self.tables: dict[str, pd.DataFrame] = self.convert.network_tables(src)
        self.targets: pd.DataFrame = self.convert.targets(src)
        self.network = RiverNetwork(self.tables["reaches"], self.tables["nodes"])
        self.flows = self.tables["flows"].set_index("reach")
        self.share = self.tables["shares"].set_index("reach")["share"]
        self.water = hydraulics.from_flow(
            self.network, self.flows["flow"], velocity=self.flows["velocity"], shares=self.share
        )
        loads = self.convert.model_loads(src).set_index(["source", "pollutant"])["source_load"]
        self.load: xr.DataArray = loads.to_xarray().rename(source="outlet")
        six = self.kinetics(self.models["6"]["coef"])
        self.laws = dict.fromkeys(SOURCES, six) | {"area": self.kinetics(self.models["1"]["coef"])}

    def kinetics(self, coef: dict[str, float]) -> dict[str, Any]:
        """Laws of one model by reach and node; nothing is lost in connectors and junctions."""
        table = complete(self.convert.kinetics(self.src, coef, "TN"), "kinetics")
        return _rates.law(table, self.network)

    def steady(self, load: xr.DataArray, **other: Any) -> xr.Dataset:
        """Steady transport of the given pollutants; all entering water is clean."""
        given = {"hydraulics": self.water, "outlets": self.tables["outlets"],
                 "kinetics": self.laws, **other}  # fmt: skip
        inflow = xr.zeros_like(self.water["boundary_flow"])
        found: xr.Dataset = quality.steady(self.network, source_load=load, inflow=inflow, **given)
        return found

    def at_ends(self, found: xr.Dataset) -> pd.DataFrame:
        """Load that leaves each reach [kg/a], (reach, pollutant), behind its reservoir."""
        node = self.network.reaches.loc[self.given.index, "to_node"]
        behind = found["node_concentration"].sel(node=node.array).rename(node="reach")
        before = found["concentration"].sel(reach=self.given.index.array, end="to", drop=True)
        behind = behind.assign_coords(reach=before["reach"])
        own = node.str.endswith(" end").to_xarray()
        flow = self.water["flow"].sel(reach=before["reach"])
        load = units.flux(flow, behind.where(own, before)).isel(period=0)
        return load.transpose("reach", "pollutant").to_pandas() * units.DAYS_PER_YEAR

    def of_sites(self, found: xr.Dataset) -> pd.Series:
        """Model 6 loads of the monitored sites as published: without the bias factor."""
        total = self.at_ends(found)[SOURCES].sum(axis=1) / self.models["6"]["bias_factor"]
        return total[self.sites]


@pytest.fixture(scope="module")
def model() -> Model:
    folder = os.environ.get("PERMITLOAD_DATA")
    if folder is None:
        pytest.skip("PERMITLOAD_DATA is not set")
    return Model(Path(folder) / "mrb3")


@pytest.fixture(scope="module")
def found(model: Model) -> xr.Dataset:
    return model.steady(model.load)


@pytest.fixture(scope="module")
def published(model: Model) -> pd.DataFrame:
    return _published(model, "published_model1.csv.gz").loc[model.given.index]


@pytest.fixture(scope="module")
def sites(model: Model) -> pd.DataFrame:
    return _published(model, "published_sites_model6.csv").loc[model.sites]


@pytest.fixture(scope="module")
def delivered(model: Model) -> xr.DataArray:
    """Share of each reach's load that passes any target, (outlet, pollutant)."""
    laws = {name: model.laws[name] for name in ("area", "ndep")}
    outlets, sections = model.tables["outlets"], model.targets
    ratio = quality.response(model.network, model.water, outlets, sections, laws)["delivery_ratio"]
    total: xr.DataArray = ratio.isel(period=0).sum("section")
    return total


def _published(model: Model, name: str) -> pd.DataFrame:
    return pd.read_csv(model.src / name, dtype={"waterid": str}).set_index("waterid")


def _worst(got: pd.Series, right: pd.Series) -> float:
    assert list(got.index) == list(right.index)
    assert got.notna().all()
    return float((got / right - 1.0).abs().max())


def _changed(got: pd.DataFrame, right: pd.DataFrame) -> pd.Series:
    """Reaches whose Model 6 load differs by more than the tolerance of loads."""
    total, expected = got[SOURCES].sum(axis=1), right[SOURCES].sum(axis=1)
    return (total / expected - 1.0).abs() > LOAD


def test_shape_of_the_network(model: Model) -> None:
    assert len(model.given) == 11526
    assert int(model.network.parts.max()) + 1 == 20
    assert len(model.targets) == 590
    assert len(model.sites) == 708
    point = model.load.sel(pollutant="point").sum() * units.DAYS_PER_YEAR
    six = model.models["6"]
    factor = six["coef"]["point"] * six["bias_factor"]
    assert float(point) / factor == pytest.approx(236_881_270.11, rel=1e-10)


def test_parallel_reaches_both_stay(model: Model) -> None:
    assert model.network.graph.number_of_edges("60530", "60528") == 2


def test_loads_of_model_1(model: Model, found: xr.Dataset, published: pd.DataFrame) -> None:
    assert _worst(model.at_ends(found)["area"], published["pload_total"]) < LOAD


def test_loads_of_model_6(model: Model, found: xr.Dataset, sites: pd.DataFrame) -> None:
    assert _worst(model.of_sites(found), sites["ppredict"]) < 2e-6


def test_conditioned_loads_of_model_1(model: Model, published: pd.DataFrame) -> None:
    """At a monitored site nothing passes, and what was observed enters below it."""
    sites, given = model.sites, model.given
    share = model.share.where(~model.share.index.isin(sites + " out"), 0.0)
    water = hydraulics.from_flow(
        model.network, model.flows["flow"], velocity=model.flows["velocity"], shares=share
    )
    passing = sites[given.loc[sites, "iftran"] == 1]
    below = pd.DataFrame({"outlet": passing + " seen", "node": given.loc[passing, "tnode"].array})
    seen = given.loc[passing, "obs_load"] * model.models["1"]["bias_factor"] / units.DAYS_PER_YEAR
    extra = xr.DataArray([seen.array], {"pollutant": ["area"], "outlet": below["outlet"].array})
    found = model.steady(
        xr.concat([model.load.sel(pollutant=["area"]), extra], "outlet"),
        hydraulics=water, outlets=pd.concat([model.tables["outlets"], below]),
    )  # fmt: skip
    free = given.index.difference(sites, sort=False)
    got = model.at_ends(found)["area"]
    assert _worst(got[free], published.loc[free, "mpload_total"]) < LOAD


@pytest.mark.parametrize("source", SOURCES)
def test_share_of_each_source(
    model: Model, found: xr.Dataset, sites: pd.DataFrame, source: str
) -> None:
    """1 % less of a source changes the load by its share: published to 1e-4 percent."""
    load = model.at_ends(found).loc[model.sites]
    share = load[source] / load[SOURCES].sum(axis=1)
    np.testing.assert_allclose(share, sites[f"sens_{source}"], rtol=0.0, atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_sensitivity_to_each_loss(
    model: Model, found: xr.Dataset, sites: pd.DataFrame, loss: str
) -> None:
    coef = model.models["6"]["coef"]
    laws = dict.fromkeys(SOURCES, model.kinetics(coef | {loss: 0.99 * coef[loss]}))
    less = model.of_sites(model.steady(model.load.sel(pollutant=SOURCES), kinetics=laws))
    change = 100.0 * (less / model.of_sites(found) - 1.0).abs()
    assert change.max() > 0.1
    np.testing.assert_allclose(change, sites[f"sens_{loss}"], rtol=0.0, atol=1e-4)


def test_delivery_to_the_nearest_targets(delivered: xr.DataArray, published: pd.DataFrame) -> None:
    got = delivered.sel(pollutant="area").to_pandas().loc[published.index]
    np.testing.assert_allclose(got, published["deliv_frac"], rtol=0.0, atol=1e-12)
    assert int((got == 0.0).sum()) == 102


@pytest.mark.parametrize("pollutant", ["area", "ndep"])
def test_what_is_delivered_is_what_leaves_the_targets(
    model: Model, found: xr.Dataset, delivered: xr.DataArray, pollutant: str
) -> None:
    sent = (delivered * model.load).sel(pollutant=pollutant).sum() * units.DAYS_PER_YEAR
    targets = model.at_ends(found).loc[model.given["target"] == 1, pollutant]
    assert len(targets) == 590
    assert float(sent) == pytest.approx(targets.sum(), rel=1e-12)


def test_ledger_closes(found: xr.Dataset) -> None:
    ledger = found["ledger"].isel(period=0)
    assert (abs(ledger.sel(term="residual")) < 1e-12 * ledger.sel(term="load")).all()
    decayed = ledger.sel(term="decayed") > 0.0
    assert decayed.to_series().to_dict() == dict.fromkeys(SOURCES, True) | {"area": False}


def test_ignoring_stops_changes_456_reaches(model: Model, found: xr.Dataset) -> None:
    share = model.share.where(~model.share.index.str.endswith(" out"), 1.0)
    other = _with_shares(model, share)
    changed = _changed(model.at_ends(other), model.at_ends(found))
    assert int(changed.sum()) == 456
    assert int(changed[model.sites].sum()) == 13


def test_ignoring_splits_is_refused(model: Model) -> None:
    """It would create mass: both ways in name the three nodes where load parts."""
    split = model.given.index[model.given["frac"] < 1.0]
    share = model.share.where(~model.share.index.isin(split), 1.0)
    nodes = {"57809", "60530", "53547"}
    with pytest.raises(DataError) as error:
        _with_shares(model, share)
    named = {str(f.row).split(",")[0].removeprefix("node ") for f in error.value.faults}
    assert named == nodes
    _refused(model, share, nodes)


def test_two_whole_reaches_of_a_node_are_refused(model: Model) -> None:
    """As published, 7 nodes without load give all of it to each of two reaches."""
    share = model.share.copy()
    share[model.given.index] = model.given["frac"].astype(float)
    total = model.given.groupby("fnode")["frac"].sum()
    twice = total.index[total > 1.5]
    assert len(twice) == 7
    _refused(model, share, twice)


def _with_shares(model: Model, share: pd.Series) -> xr.Dataset:
    water = model.water.assign(share=share.to_xarray())
    return model.steady(model.load.sel(pollutant=SOURCES), hydraulics=water)


def _refused(model: Model, share: pd.Series, nodes: Iterable[str]) -> None:
    flow, velocity = model.flows["flow"], model.flows["velocity"]
    with pytest.raises(DataError) as error:
        hydraulics.from_flow(model.network, flow, velocity=velocity, shares=share)
    named = {str(fault.row).split(",")[0].removeprefix("node ") for fault in error.value.faults}
    assert named == set(nodes)


@pytest.fixture(scope="module")
def folder(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the study as the command does."""
    out = tmp_path_factory.mktemp("mrb3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["convert.py", str(model.src), str(out)])
        model.convert.main()
    return out


@pytest.fixture(scope="module")
def outcome(folder: Path) -> study.Outcome:
    return study.solve(folder)


def test_tables_read_back(model: Model, folder: Path) -> None:
    written = model.convert.study_tables(model.src)
    assert {path.stem for path in folder.glob("*.csv")} == set(written)
    for name, right in written.items():
        table = io.read_table(folder / f"{name}.csv", name)[list(right.columns)]
        pd.testing.assert_frame_equal(
            table.reset_index(drop=True), right, check_dtype=False, check_exact=True
        )


def test_source_folder_is_asked_for(model: Model, monkeypatch: pytest.MonkeyPatch,
                                    capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.delenv("PERMITLOAD_DATA")
    monkeypatch.setattr("sys.argv", ["convert.py"])
    with pytest.raises(SystemExit):
        model.convert.main()
    assert "SRC is not given, and PERMITLOAD_DATA is not set" in capsys.readouterr().err


def test_no_load_is_lost_in_the_study(model: Model, outcome: study.Outcome) -> None:
    total = model.load.sel(pollutant=SOURCES).sum().item()
    assert outcome.tables["source_loads"]["source_load"].sum() == pytest.approx(total, rel=1e-12)
    point = model.load.sel(pollutant="point").to_series()[model.given.index[model.given.huc2 == 5]]
    decided = outcome.datasets["sources"]
    assert decided.sizes["source"] == int((point > 0.0).sum()) == 1757
    assert decided["source_load"].sum().item() == pytest.approx(point.sum(), rel=1e-12)
    assert outcome.datasets["background"]["ledger"].sel(term="load").item() == pytest.approx(
        total - point.sum(), rel=1e-12
    )


def test_loads_of_model_6_in_the_study(
    model: Model, outcome: study.Outcome, sites: pd.DataFrame
) -> None:
    """All five sources as one pollutant, at every site of every basin."""
    total = model.at_ends(outcome.datasets["present"])["TN"][model.sites]
    assert _worst(total / model.models["6"]["bias_factor"], sites["ppredict"]) < 2e-6


def test_limits_hold_or_the_background_exceeds(outcome: study.Outcome) -> None:
    found, sections = outcome.datasets, outcome.tables["sections"]
    after, before = (
        quality.at(sections, found[name]).squeeze(drop=True).to_series()
        for name in ("permitted", "background")
    )
    limit = outcome.tables["standards"].set_index("section")["limit"]
    owed = before > limit
    assert len(owed) == 314
    assert int(owed[owed.index.str.startswith("S")].sum()) == 37
    assert (limit[owed] == 10.0).all()
    assert (after[~owed] <= limit[~owed] * (1.0 + 1e-9)).all()
    # where the background exceeds, no permit may add to it
    assert (after[owed] <= before[owed] * (1.0 + 1e-9)).all()


class Routed:
    """What each source adds at the stations, by the model's equations and no operator of ours."""

    def __init__(self, model: Model, outcome: study.Outcome) -> None:
        given, factors = model.given, _published(model, "factors.csv.gz").loc[model.given.index]
        stations = outcome.tables["sections"].set_index("section")["node"]
        stations = stations[stations.index.str.startswith("S")].str.removesuffix(" end")
        self.sections = stations.index
        column = {reach: i for i, reach in enumerate(stations)}
        kept = (factors["stream_decay"] * factors["reservoir_decay"]).to_numpy()
        own = (factors["stream_decay"] ** 0.5 * factors["reservoir_decay"]).to_numpy()
        below: dict[str, Any] = {}
        nothing, to_stations = np.zeros(len(column)), {}
        # upwards: share of what leaves a reach, then of what enters it, that passes each station
        for i in reversed(range(len(given))):
            row = given.iloc[i]
            leaving = row["iftran"] * below.get(row["tnode"], nothing)
            if row.name in column:
                leaving = leaving + np.eye(1, len(column), column[row.name])[0]
            to_stations[row.name] = own[i] * leaving
            here = below.get(row["fnode"], nothing)
            below[row["fnode"]] = here + row["frac"] * kept[i] * leaving
        flow = given["meanq"].loc[stations] * model.convert.M3_PER_FT3
        unit = 1.0 / (units.KG_PER_DAY * flow.to_numpy())  # mg/L of 1 kg/d
        sources = outcome.datasets["sources"]
        self.rise = pd.DataFrame(
            [to_stations[reach] * unit for reach in sources["outlet"].values],
            index=sources["source"].to_index(), columns=self.sections,
        )  # fmt: skip
        load, _ = model.convert.loads(model.src)
        present = model.at_ends(outcome.datasets["present"])["TN"].loc[stations].array
        concentration = pd.Series(present, self.sections) / units.DAYS_PER_YEAR * unit
        now = load[sources["outlet"].values].to_numpy() @ self.rise.to_numpy()
        limit = outcome.tables["standards"].set_index("section")["limit"]
        self.room = limit[self.sections] - (concentration - now)


@pytest.fixture(scope="module")
def routed(model: Model, outcome: study.Outcome) -> Routed:
    return Routed(model, outcome)


def test_response_is_that_of_the_models_equations(outcome: study.Outcome, routed: Routed) -> None:
    found = outcome.datasets["response"]["response"].isel(pollutant=0, period=0)
    places = outcome.datasets["sources"]["outlet"].values
    got = found.sel(outlet=places, section=routed.sections.array).transpose("outlet", "section")
    assert int((routed.rise > 0.0).any(axis=1).sum()) == 1716
    np.testing.assert_allclose(got, routed.rise, rtol=1e-11, atol=0.0)


def test_permits_fit_the_rows_of_the_models_equations(
    outcome: study.Outcome, routed: Routed
) -> None:
    load = outcome.datasets["allocation"]["permitted_load"].squeeze(drop=True).to_series()
    added, room = load @ routed.rise, routed.room
    assert (added <= room.clip(lower=0.0) + 1e-9).all()


def test_every_cut_source_has_a_full_row_that_stops_it(
    outcome: study.Outcome, routed: Routed
) -> None:
    shared = outcome.datasets["allocation"].squeeze(drop=True)
    before = shared["unrounded_load"].to_series()
    stops = shared["stopped_by"].to_series()
    present = outcome.datasets["sources"]["source_load"].squeeze(drop=True).to_series()
    use = (before @ routed.rise) / routed.room.where(routed.room > 0.0)
    full = routed.room.index[(use > 1.0 - 1e-9) | (routed.room <= 0.0)]
    cut = before < present * (1.0 - 1e-9)
    assert int(cut.sum()) == 311
    assert int((before == 0.0).sum()) == 79
    for source in before.index[cut]:
        assert stops[source] in full
        assert routed.rise.loc[source, stops[source]] > 0.0
    assert (stops[~cut] == "ceiling").all()
    # the rest lack nothing, and those that one section stops are left the same share
    level = (before / present)[cut]
    spread = level.groupby(stops[cut]).agg(["min", "max"])
    np.testing.assert_allclose(spread["min"], spread["max"], rtol=1e-9)


@pytest.fixture(scope="module")
def results(folder: Path) -> Path:
    return study.run(folder)


def _verified(results: Path) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["verify", str(results)])
    return found.exit_code, found.output


def test_the_command_verifies_the_study(results: Path) -> None:
    code, words = _verified(results)
    assert code == 0, words


def test_one_altered_permit_is_named(results: Path) -> None:
    path = results / "permits.csv"
    kept = path.read_bytes()
    header, *lines = kept.decode("utf8").split("\n")
    column = next(i for i, name in enumerate(header.split(",")) if name.startswith("permit ["))
    row = next(i for i, line in enumerate(lines) if float(line.split(",")[column]) > 1.0)
    cells = lines[row].split(",")
    cells[column] = repr(float(cells[column]) + 0.001)  # the unit of permits
    lines[row] = ",".join(cells)
    path.write_bytes("\n".join([header, *lines]).encode("utf8"))
    try:
        code, words = _verified(results)
    finally:
        path.write_bytes(kept)
    assert code == 1
    named = [line for line in words.splitlines() if cells[column] in line]
    assert len(named) == 1, words
    assert "permits" in named[0]
    assert "permit" in named[0]
    source = cells[next(i for i, name in enumerate(header.split(",")) if name == "source")]
    assert source in named[0]


def test_study_runs_to_the_report(results: Path) -> None:
    page = (results / "report.html").read_text("utf8")
    assert "1757 sources may discharge" in page
    assert "so there is no map" in page
    assert len(page) < 1_500_000
