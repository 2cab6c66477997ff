"""Periods of an unsteady run as steady flow with exchange."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics, quality
from permitload.errors import DataError
from tests import flows


def _tidal() -> tuple[RiverNetwork, xr.Dataset, pd.DataFrame]:
    """A tidal river in two reaches with a little fresh water, over four tides."""
    rows = [
        flows.channel(reach="R1", from_node="up", to_node="mid", length=4000.0, bed_from=-2.0,
                      bed_to=-2.0),
        flows.channel(reach="R2", from_node="mid", to_node="sea", length=5000.0, bed_from=-2.0,
                      bed_to=-2.0),
    ]  # fmt: skip
    network = flows.network(rows)
    seconds = np.arange(0.0, 4 * 43200.0 + 1.0, 900.0)
    tide = 1.0 + 0.5 * np.cos(2 * np.pi * seconds / 43200.0)
    ends = flows.boundaries({"stage": {"sea": tide}, "flow": {"up": 3.0}}, seconds)
    result = hydraulics.unsteady(network, ends, flows.after(seconds))
    periods = pd.DataFrame(
        {"period": ["first", "last"], "days": [1.0, 1.0], "start": ["2025-01-01", "2025-01-02"]}
    )
    return network, result, periods


def test_means_of_a_tidal_river() -> None:
    network, result, periods = _tidal()
    found = hydraulics.period_statistics(network, result, periods)
    last = found.sel(period="last")
    # a periodic tide leaves the fresh water as the net flow, in both reaches
    np.testing.assert_allclose(last["flow"], 3.0, rtol=2e-3)
    np.testing.assert_allclose(last["forward_flow"] - last["backward_flow"], last["flow"])
    assert (last["exchange"] == last["backward_flow"]).all() and (last["exchange"] > 0.3).all()
    assert ((last["forward_share"] > 0.4) & (last["forward_share"] < 0.9)).all()
    # by hand from the run: the ends of its second day
    day = result.isel(time=slice(96, 193))
    volume = np.trapezoid(day["volume"].sel(reach="R2"), dx=1.0) / 96
    assert float(last["volume"].sel(reach="R2")) == pytest.approx(volume, rel=1e-12)
    length = 5000.0
    dispersion = float(last["exchange"].sel(reach="R2")) * length / (volume / length)
    assert float(last["dispersion"].sel(reach="R2")) == pytest.approx(dispersion, rel=1e-12)
    # what the nodes store is what all cells gain
    first = found.sel(period="first")
    gain = result["cell_volume"].isel(time=96) - result["cell_volume"].isel(time=0)
    assert float(first["storage_change"].sum()) * 86400.0 == pytest.approx(float(gain.sum()))
    # fresh water, less what the upper half of R1 stores, passes the middle of R1
    assert float(first["boundary_flow"].sel(node="up")) == pytest.approx(
        3.0 - float(first["storage_change"].sel(node="up")), abs=1e-6
    )


def _salt(
    network: RiverNetwork, found: xr.Dataset, inflow: tuple[float, float, float]
) -> dict[str, float]:
    """Salt at the nodes in the last period; a sea whose salt is held."""
    labels = {"pollutant": ["salt"], "period": found["period"].values}
    given = xr.DataArray(
        np.broadcast_to(np.array(inflow)[:, None, None], (3, 1, 2)).copy(),
        {"node": ["up", "mid", "sea"], **labels}, ["node", "pollutant", "period"],
    )  # fmt: skip
    outlets = pd.DataFrame({"outlet": ["O"], "reach": ["R1"], "position": [100.0]})
    load = xr.DataArray(np.zeros((1, 1, 2)), {"outlet": ["O"], **labels},
                        ["outlet", "pollutant", "period"])  # fmt: skip
    held = RiverNetwork(
        network.reaches, pd.DataFrame({"node": ["sea"], "storage_area": [1e6], "held": [1.0]})
    )
    kinetics = {"salt": {"decay": 0.0}}
    salt = quality.steady(held, found, outlets, load, given, kinetics)["node_concentration"]
    salt = salt.sel(pollutant="salt", period="last")
    return {str(n): float(salt.sel(node=n)) for n in ("up", "mid", "sea")}


def test_it_feeds_transport() -> None:
    network, result, periods = _tidal()
    found = hydraulics.period_statistics(network, result, periods)
    at = _salt(network, found, (1.0, 1.0, 20.0))
    assert 1.0 < at["up"] < at["mid"] < at["sea"]  # exchange brings salt up the river


def test_a_sea_that_takes_back_all_its_salt_balances() -> None:
    """No salt comes down and none decays: what exchange brings in, the river carries out."""
    network, result, periods = _tidal()
    found = hydraulics.period_statistics(network, result, periods)
    fresh, salty = _salt(network, found, (0.0, 0.0, 20.0)), _salt(network, found, (1.0, 1.0, 21.0))
    for node, value in fresh.items():  # the same river with 1 mg/L more everywhere
        assert salty[node] == pytest.approx(value + 1.0, rel=1e-9)
    # by hand on the last reach: c falls by exp(-Q L / (A D)) from the sea to mid
    last = found.sel(period="last", reach="R2")
    fall = np.exp(-float(last["flow"] * 5000.0 / (last["area"] * last["dispersion"])))
    assert fresh["mid"] == pytest.approx(20.0 * fall, rel=1e-9)


def test_periods_that_the_run_does_not_hold_are_refused() -> None:
    network, result, periods = _tidal()
    late = periods.assign(start=["2025-01-01", "2025-01-02T12:00"])
    with pytest.raises(DataError, match="does not begin and end at instants of the run"):
        hydraulics.period_statistics(network, result, late)
    with pytest.raises(DataError, match="right would be a result of"):
        hydraulics.period_statistics(network, result.drop_vars("forward_flow"), periods)
