"""Ratios between real farm and point sources of one basin: the Wabash (0512) in mrb3."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import quality
from permitload.conversion import Draws, lognormal_uncertainty, trading_ratio, worst_ratio

from .test_mrb3 import Model

pytestmark = pytest.mark.real_data

BASIN = 512


class Basin:
    """Farm land as sellers, point sources as buyers, gauging stations as sections."""

    def __init__(self, src: Path) -> None:
        self.model = model = Model(src)
        given = model.given
        own = given.index[given["huc4"] == BASIN]
        loads = pd.read_csv(src / "sources.csv.gz", dtype={"waterid": str}).set_index("waterid")
        self.loads = loads.loc[own]
        self.sections = own[given.loc[own, "staid"] > 0]
        places = pd.DataFrame({"section": self.sections, "node": self.sections + " end"})
        outlets = model.tables["outlets"].set_index("outlet").loc[own].reset_index()
        law = {"TN": model.kinetics(model.models["6"]["coef"])}
        self.places, self.law, self.outlets = places, law, outlets
        self.response = quality.response(model.network, model.water, outlets, places, law)
        judged = pd.Index(own)[(self.response["response"] > 0.0).any("section").values.ravel()]
        farm, point = (self.loads.index[self.loads[n] > 0.0] for n in ("FARM_N", "point"))
        self.farm, self.point = farm[farm.isin(judged)], point[point.isin(judged)]
        common = {"pollutant": "TN", "variation": 0.3}
        ratio = lognormal_uncertainty(0.3, 0.95)
        self.sellers = pd.DataFrame(
            {"seller": "F" + self.farm, "outlet": self.farm, "uncertainty_ratio": ratio} | common
        )
        self.buyers = pd.DataFrame(
            {"buyer": "P" + self.point, "outlet": self.point, "pollutant": "TN"}
        )
        labels = {"seller": self.sellers["seller"].to_numpy(object), "period": ["design"]}
        self.steady = xr.DataArray(np.ones((len(self.farm), 1)), labels)

    def delivered(self) -> pd.DataFrame:
        """Share of each reach's load that leaves each station, by the model's own equations."""
        labels = {"waterid": str}
        factors = pd.read_csv(self.model.src / "factors.csv.gz", dtype=labels).set_index("waterid")
        rows = self.model.given.loc[self.loads.index].join(factors)[::-1]
        found = {}
        for station in self.sections:
            node: dict[str, float] = dict.fromkeys([*rows["fnode"], *rows["tnode"]], 0.0)
            share = {}
            for row in rows.itertuples():
                after = 1.0 if row.Index == station else row.iftran * node[row.tnode]
                own = after * row.reservoir_decay
                share[row.Index] = own * row.stream_decay**0.5
                node[row.fnode] += row.frac * own * row.stream_decay
            found[station] = pd.Series(share)
        return pd.DataFrame(found)


@pytest.fixture(scope="module")
def basin() -> Basin:
    folder = os.environ.get("PERMITLOAD_DATA")
    if folder is None:
        pytest.skip("PERMITLOAD_DATA is not set")
    return Basin(Path(folder) / "mrb3")


@pytest.fixture(scope="module")
def worst(basin: Basin) -> xr.Dataset:
    return worst_ratio(basin.response, basin.sellers, basin.buyers, basin.steady)


def test_worst_ratios_are_those_of_the_published_equations(basin: Basin, worst: xr.Dataset) -> None:
    share = basin.delivered()
    right = np.zeros((len(basin.farm), len(basin.point)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for station in basin.sections:
            one = (
                share.loc[basin.point, station].to_numpy()
                / (share.loc[basin.farm, station].to_numpy()[:, None])
            )
            right = np.fmax(right, one)  # 0 / 0: neither reaches it
    assert np.isfinite(right).any()
    np.testing.assert_allclose(worst["location_ratio"], right, rtol=1e-10)
    need = np.maximum(right * lognormal_uncertainty(0.3, 0.95), 1.0)
    np.testing.assert_allclose(worst["ratio"], need, rtol=1e-10)


def test_most_pairs_have_a_station_that_only_the_point_source_reaches(
    basin: Basin, worst: xr.Dataset
) -> None:
    reach = basin.delivered() > 0.0
    farm, point = reach.loc[basin.farm].to_numpy(), reach.loc[basin.point].to_numpy()
    able = ~(point[None] & ~farm[:, None]).any(axis=2)
    np.testing.assert_array_equal(np.isfinite(worst["ratio"].values), able)
    assert able.shape == (565, 340)
    assert able.sum() == 31_254  # 16 % of all pairs
    assert able.any(axis=0).all()  # every point source has somebody to turn to
    need = worst["ratio"].values[able]
    quantiles = np.quantile(need, [0.05, 0.5, 0.95, 1.0])
    np.testing.assert_allclose(quantiles, [1.2824, 1.6921, 2.2511, 16.2628], atol=5e-5)


def test_single_ratios_with_their_interval(basin: Basin, worst: xr.Dataset) -> None:
    some = basin.sellers[::40], basin.buyers[::40]
    found = trading_ratio(basin.response, *some, basin.steady[::40], draws=Draws(samples=300))
    best = found["ratio"].max(["section", "period"])
    np.testing.assert_allclose(best, worst["ratio"][::40, ::40], rtol=1e-12)
    usual = np.isfinite(found["ratio"].values) & (found["ratio"].values > 1.0)
    assert usual.any()
    # log-normal 0.3 at 95 %: enough in 95 % of the draws, give or take four deviations of 300
    kept = found["reliability"].values[usual]
    assert np.abs(kept - 0.95).max() < 4.0 * np.sqrt(0.95 * 0.05 / 300)


def test_a_real_trade_raises_no_station(basin: Basin, worst: xr.Dataset) -> None:
    model = basin.model
    ratio = worst["location_ratio"].where(np.isfinite(worst["location_ratio"]), 0.0)
    load = basin.loads.sum(axis=1) / 365.0
    present = load.rename_axis("outlet").to_xarray()
    present = present.expand_dims(pollutant=["TN"], period=["design"]).transpose("outlet", ...)
    clean = xr.zeros_like(model.water["boundary_flow"]).expand_dims(pollutant=["TN"])

    def stations(given: xr.DataArray) -> xr.DataArray:
        quality_of = quality.steady(
            model.network, model.water, basin.outlets, given, clean, basin.law
        )
        return quality.at(basin.places, quality_of)

    before = stations(present)
    seller, buyer = np.unravel_index(int(ratio.values.argmax()), ratio.shape)
    amount, need = 1.0, float(ratio[seller, buyer])
    assert need > 1.0
    change = xr.zeros_like(present)
    change.loc[{"outlet": basin.point[buyer]}] += amount
    change.loc[{"outlet": basin.farm[seller]}] -= amount * need
    rise = (stations(present + change) - before).squeeze(drop=True)
    noise = 1e-12 * float(before.max())
    assert (rise <= noise).all()
    assert (rise < -100.0 * noise).any()
    there = worst["worst_section"].values[seller, buyer]
    assert abs(rise.sel(section=there).item()) <= noise
