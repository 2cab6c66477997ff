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

from permitload import RiverNetwork, hydraulics, io, quality, units
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
        self.network = RiverNetwork(self.tables["reaches"], self.tables["nodes"])
        self.flows = self.tables["flows"].set_index("reach")
        self.share = self.tables["shares"].set_index("reach")["share"]
        self.water = hydraulics.from_flow(
            self.network, self.flows["flow"], velocity=self.flows["velocity"], shares=self.share
        )
        loads = self.convert.source_loads(src).set_index(["source", "pollutant"])["source_load"]
        self.load: xr.DataArray = loads.to_xarray().rename(source="outlet")
        six = self.kinetics(self.models["6"]["coef"])
        self.laws = dict.fromkeys(SOURCES, six) | {"area": self.kinetics(self.models["1"]["coef"])}

    def kinetics(self, coef: dict[str, float]) -> dict[str, Any]:
        """Laws of one model by reach and node; nothing is lost in connectors and junctions."""
        found = self.convert.kinetics_tables(self.src, coef)
        decay = found["decay"].set_index("reach")["decay"]
        settling = found["settling"].set_index("node")["settling"]
        return {
            "decay": decay.reindex(self.network.reaches.index, fill_value=0.0).to_xarray(),
            "settling": settling.reindex(self.network.nodes.index, fill_value=0.0).to_xarray(),
            "temperature_factor": 1.0,
        }

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
    outlets, sections = model.tables["outlets"], model.tables["sections"]
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
    assert len(model.tables["sections"]) == 590
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


def test_tables_read_back(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["convert.py", str(model.src), str(tmp_path)])
    model.convert.main()
    written = model.tables | {"source_loads": model.convert.source_loads(model.src)}
    for name in ("reaches", "nodes", "flows", "shares", "outlets", "source_loads"):
        table = io.read_table(tmp_path / f"{name}.csv", name)[list(written[name].columns)]
        pd.testing.assert_frame_equal(
            table.reset_index(drop=True), written[name], check_dtype=False, check_exact=True
        )
    assert {path.stem for path in tmp_path.glob("*.csv")} == {
        *written, "sections", "decay", "settling"
    }  # fmt: skip
