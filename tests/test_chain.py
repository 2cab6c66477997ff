"""From flows to capacity through the public functions, against worked numbers of the field."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, allocation, capacity, hydraulics, quality, standards
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

# Worked vector of the one-dimensional river model: Q 10, Qp 0.5 m3/s, C0 12, Cs 20 mg/L,
# K 0.2 1/d, 8 km at u 0.1 m/s. Exact mass balance, outfall at the head.
HEAD = 132.7227
ZERO_D = 90.0


def _river(position: float, sections: float, decay: float) -> tuple[xr.Dataset, xr.DataArray]:
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [8000.0]})
    )
    # the formula's velocity is that below the outfall: 10.5 m3/s in 105 m2
    water = hydraulics.from_flow(network, pd.Series({"R": 10.0}), area=pd.Series({"R": 105.0}))
    outlets = pd.DataFrame(
        {"outlet": ["O"], "reach": ["R"], "position": [position], "effluent_flow": [0.5]}
    )
    place = pd.DataFrame({"section": ["S"], "reach": ["R"], "position": [sections],
                          "water_class": ["III"]})  # fmt: skip
    kinetics = {"COD": {"decay": decay}}
    nothing = xr.DataArray([[0.0]], {"outlet": ["O"], "pollutant": ["COD"]})
    inflow = xr.DataArray([[12.0]], {"node": ["a"], "pollutant": ["COD"]})
    background = quality.steady(network, water, outlets, nothing, inflow, kinetics)
    limits = standards.limits(place, ["COD"], ["design"])
    assert limits["limit"].item() == 20.0
    headroom = capacity.headroom(limits, quality.at(place, background), 0.0)
    np.testing.assert_allclose(capacity.headroom(limits, background, 0.0), headroom, rtol=0)
    return quality.response(network, water, outlets, place, kinetics), headroom


@pytest.mark.parametrize(
    ("position", "section", "decay", "expected"),
    [(0.0, 8000.0, 0.2, HEAD), (0.0, 0.0, 0.0, ZERO_D), (8000.0, 8000.0, 0.0, ZERO_D)],
)
def test_capacity_is_the_flux_form(
    position: float, section: float, decay: float, expected: float
) -> None:
    """Cs (Q + Qp) e^(KL/u) - C0 Q: effluent flow counts on the right of the row."""
    response, headroom = _river(position, section, decay)
    best = capacity.network(response, headroom)
    assert best["total"].item() / KG_PER_DAY == pytest.approx(expected, abs=5e-5)
    assert best["status"].item() == "ok"


def test_margin_takes_more_than_its_share() -> None:
    """Cs 20 → 18 with C0 12: the 0-D capacity falls by Cs · 10 % · (Q + Qp), more than 10 %."""
    _, headroom = _river(0.0, 0.0, 0.0)
    limits = xr.Dataset({"limit": (("section", "indicator", "period"), [[[20.0]]])},
                        headroom.reset_coords(drop=True).coords)  # fmt: skip
    limits = limits.assign_coords(sense=("indicator", ["≤"]))
    background = xr.DataArray([[[12.0]]], {"section": ["S"], "pollutant": ["COD"],
                                           "period": ["design"]})  # fmt: skip
    kept = capacity.headroom(limits, background, 0.1).item()
    assert kept == pytest.approx(6.0)
    assert kept / capacity.headroom(limits, background, 0.0).item() == pytest.approx(0.75)


def test_price_is_what_one_more_mg_per_litre_buys() -> None:
    """Finite difference on the headroom, unit (kg/d)/(mg/L)."""
    response, headroom = _river(2000.0, 7000.0, 0.2)
    best = capacity.network(response, headroom)
    more = capacity.network(response, headroom + 1.0)
    gain = more["total"].item() - best["total"].item()
    assert best["shadow_price"].item() == pytest.approx(gain, rel=1e-9)
    days = 5000.0 * 105.0 / 10.5 / SECONDS_PER_DAY
    assert gain == pytest.approx(10.5 * KG_PER_DAY * np.exp(0.2 * days), rel=1e-9)


def test_allocation_puts_the_section_exactly_at_its_limit() -> None:
    response, headroom = _river(2000.0, 7000.0, 0.2)
    best = capacity.network(response, headroom)["total"].item()
    dims = ("source", "pollutant", "period")
    labels = {"source": ["A", "B"], "pollutant": ["COD"], "period": ["design"]}
    sources = xr.Dataset(
        {"source_load": (dims, [[[3e4]], [[1e4]]]), "floor": (dims, [[[0.0]], [[0.0]]]),
         "ceiling": (dims, [[[np.inf]], [[2e3]]])},
        {**labels, "outlet": ("source", ["O", "O"])},
    )  # fmt: skip
    found = allocation.allocate(response, headroom, sources)
    load = found["permitted_load"].values.ravel()
    assert load[1] == 2e3
    assert found["stopped_by"].values.ravel().tolist() == ["S", "ceiling"]
    assert load.sum() == pytest.approx(best, rel=1e-12)
