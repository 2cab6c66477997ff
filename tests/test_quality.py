"""Steady transport on networks small enough to reckon by hand, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import RiverNetwork, hydraulics, quality
from permitload.errors import DataError
from permitload.units import KG_PER_DAY

INFLOW = xr.DataArray([[2.0]], {"node": ["a"], "pollutant": ["X"]})
OUTLETS = pd.DataFrame({"outlet": ["O"], "reach": ["R1"], "position": [0.0]})
KINETICS = {"X": {"decay": 0.0}}


def chain(nodes: pd.DataFrame | None = None) -> RiverNetwork:
    """a --R1--> b --R2--> c, 8640 m each."""
    reaches = {"reach": ["R1", "R2"], "from_node": ["a", "b"], "to_node": ["b", "c"]}
    return RiverNetwork(pd.DataFrame({**reaches, "length": [8640.0, 8640.0]}), nodes)


def water(network: RiverNetwork, *flow: float) -> xr.Dataset:
    series = pd.Series(flow or (10.0, 10.0), network.reaches.index)
    return hydraulics.from_flow(network, series, area=series * 0.0 + 100.0)


def load(kg: float = 864.0) -> xr.DataArray:
    return xr.DataArray([[kg]], {"outlet": ["O"], "pollutant": ["X"]})


def test_effluent_dilutes_and_carries() -> None:
    """0-D: (2 · 10 + 100 · 0.5) / 10.5, in the reach and in the next."""
    network = chain()
    found = quality.steady(network, water(network), OUTLETS.assign(effluent_flow=0.5),
                           load(100.0 * 0.5 * KG_PER_DAY), INFLOW, KINETICS)  # fmt: skip
    expected = (2.0 * 10.0 + 100.0 * 0.5) / 10.5
    np.testing.assert_allclose(found["concentration"].sel(end="to").values.ravel(), expected)
    assert found["boundary_out"].sel(node="c").item() == pytest.approx(70.0 * KG_PER_DAY)


def test_effluent_splits_as_the_river_does() -> None:
    """b parts 3 : 1; an effluent of 0.4 above it adds 0.3 and 0.1."""
    reaches = pd.DataFrame({"reach": ["R1", "R2", "R3"], "from_node": ["a", "b", "b"],
                            "to_node": ["b", "c", "d"], "length": 8640.0})  # fmt: skip
    network = RiverNetwork(reaches)
    outlets = OUTLETS.assign(effluent_flow=0.4)
    parted = water(network, 4.0, 3.0, 1.0)
    found = quality.steady(network, parted, outlets, load(0.0), INFLOW, KINETICS)
    flow = found["segment_flow"].sel(end="to").values.ravel()
    np.testing.assert_allclose(flow, [4.4, 3.3, 1.1], rtol=1e-14)
    np.testing.assert_allclose(found["concentration"].sel(end="from").values.ravel()[1:], 8 / 4.4)


def test_a_held_node_forgets_what_arrives() -> None:
    """A lake at b keeps 7 mg/L whatever R1 brings; what it takes and gives is booked there."""
    network = chain(pd.DataFrame({"node": ["b"], "held": [1.0]}))
    inflow = xr.DataArray([[2.0], [7.0]], {"node": ["a", "b"], "pollutant": ["X"]})
    given = (network, water(network), OUTLETS, load(), inflow, KINETICS)
    found = quality.steady(*given)
    assert found["concentration"].sel(reach="R1", end="to").item() == pytest.approx(3.0)
    assert found["concentration"].sel(reach="R2", end="to").item() == pytest.approx(7.0)
    # arrives 3 mg/L · 10 m3/s, leaves 7 · 10: the lake gives 40 g/s
    assert found["boundary_in"].sel(node="b").item() == pytest.approx(40.0 * KG_PER_DAY)
    assert abs(found["ledger"].sel(term="residual").item()) < 1e-9
    sections = pd.DataFrame({"section": ["S"], "reach": ["R2"], "position": [100.0]})
    assert quality.response(*given[:3], sections, KINETICS)["response"].item() == 0.0


def test_a_tank_keeps_its_loss() -> None:
    """c = load / (Q + K V): K V = 0.5 /d · 864,000 m3 = 5 m3/s."""
    network = chain(pd.DataFrame({"node": ["b"], "storage_volume": [864_000.0]}))
    kinetics = {"X": {"decay": xr.DataArray([0.5] * 3, {"node": list("abc")})}}
    found = quality.steady(network, water(network), OUTLETS, load(), INFLOW, kinetics)
    assert found["node_concentration"].sel(node="b").item() == pytest.approx(3.0 * 10.0 / 15.0)
    assert found["ledger"].sel(term="decayed").item() == pytest.approx(10.0 * KG_PER_DAY)


def test_still_water_in_a_tank_is_its_load_over_its_loss() -> None:
    """No flow at all: c = load / (K V), the exact limit."""
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [10.0]}),
        pd.DataFrame({"node": ["b"], "storage_volume": [864_000.0]}),
    )
    still = hydraulics.from_flow(network, pd.Series({"R": 0.0}), area=pd.Series({"R": 5.0}))
    outlets = pd.DataFrame({"outlet": ["O"], "node": ["b"]})
    found = quality.steady(network, still, outlets, load(), INFLOW, {"X": {"decay": 0.5}})
    assert found["node_concentration"].sel(node="b").item() == pytest.approx(10.0 / 5.0)
    assert np.isnan(found["node_concentration"].sel(node="a").item())


def test_settling_acts_through_the_depth() -> None:
    """v_s / h = 0.3 / 1.5 = 0.2 /d over one day."""
    reaches = {"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [8640.0]}
    network = RiverNetwork(pd.DataFrame({**reaches, "width": [20.0]}))
    flow = hydraulics.from_flow(network, pd.Series({"R": 3.0}), area=pd.Series({"R": 30.0}))
    outlets = OUTLETS.assign(reach="R")
    found = quality.steady(network, flow, outlets, load(0.0), INFLOW, {"X": {"settling": 0.3}})
    got = found["concentration"].sel(end="to").item()
    assert got == pytest.approx(2.0 * np.exp(-0.2), rel=1e-12)


@pytest.mark.parametrize("decay", [1e-12, 1e-9, 1e-6])
def test_slow_decay_has_no_jump_at_zero(decay: float) -> None:
    network = chain()
    outlets = pd.DataFrame({"outlet": ["O"], "reach": ["R1"], "position": [0.0],
                            "position_to": [8640.0], "effluent_flow": [0.5]})  # fmt: skip
    slow, none = (
        quality.steady(network, water(network), outlets, load(), INFLOW, {"X": {"decay": k}})
        for k in (decay, 0.0)
    )
    change = (none["concentration"] - slow["concentration"]).sel(end="to").values.ravel()
    # days passed by the river: A L ln(10.5/10) / 0.5 and A L / 10.5, in days
    days = np.array([864_000 * np.log(1.05) / 0.5, 0.0]) / 86400
    days[1] = days[0] + 864_000 / 10.5 / 86400
    assert (change > 0.0).all()
    assert (change < decay * days * none["concentration"].sel(end="to").values.ravel()).all()


def _damaged(**change: object) -> dict[str, object]:
    network = chain()
    given: dict[str, object] = {
        "network": network, "hydraulics": water(network), "outlets": OUTLETS,
        "source_load": load(), "inflow": INFLOW, "kinetics": KINETICS,
    }  # fmt: skip
    return given | change


BAD = {
    "no kinetics": (
        {"kinetics": {}}, "kinetics, row X, pollutant: X has no kinetics",
    ),
    "unknown parameter": (
        {"kinetics": {"X": {"k": 0.1}}}, "kinetics, row X, k: is unknown",
    ),
    "negative decay": (
        {"kinetics": {"X": {"decay": -0.1}}}, "kinetics, row X, decay: -0.1 is not valid",
    ),
    "no inflow concentration": (
        {"inflow": INFLOW.assign_coords(node=["z"])},
        "inflow, row a, X, design, inflow: is missing",
    ),
    "NaN load": (
        {"source_load": load(np.nan)}, "source_load, row O, X, design, source_load: is missing",
    ),
    "negative load": (
        {"source_load": load(-1.0)},
        "source_load, row O, X, design, source_load: -1.0 is not valid",
    ),
    "load of nobody": (
        {"source_load": load().assign_coords(outlet=["P"])}, "is unknown; right would be an outlet",
    ),
    "outlet off the network": (
        {"outlets": OUTLETS.assign(reach="R9")}, "outlets, row O, reach: R9 is unknown",
    ),
    "outlet beyond the reach": (
        {"outlets": OUTLETS.assign(position=9000.0)}, "position: 9000.0 is not on its reach",
    ),
    "negative effluent": (
        {"outlets": OUTLETS.assign(effluent_flow=-0.1)}, "effluent_flow: -0.1 is not valid",
    ),
    "settling without depth": (
        {"kinetics": {"X": {"settling": 0.5}}}, "is missing but X settles",
    ),
    "another network": (
        {"network": RiverNetwork(pd.DataFrame({"reach": ["Q"], "from_node": ["a"],
                                               "to_node": ["b"], "length": [1.0]}))},
        "differ from the network",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_name(name: str) -> None:
    change, message = BAD[name]
    with pytest.raises(DataError) as caught:
        quality.steady(**_damaged(**change))  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_dry_places_are_refused() -> None:
    network = chain()
    series = pd.Series([0.0, 0.0], network.reaches.index)
    dry = hydraulics.from_flow(network, series, area=series + 100.0)
    with pytest.raises(DataError, match="has a load but its reach has no flow in period design"):
        quality.steady(network, dry, OUTLETS, load(), INFLOW, KINETICS)
    wet = OUTLETS.assign(effluent_flow=0.1)
    with pytest.raises(DataError, match="enters a reach without flow, so has no direction"):
        quality.steady(network, dry, wet, load(0.0), INFLOW, KINETICS)
    found = quality.steady(network, dry, OUTLETS, load(0.0), INFLOW, KINETICS)
    sections = pd.DataFrame({"section": ["S"], "reach": ["R1"], "position": [5.0]})
    with pytest.raises(DataError, match="has no flowing water in period design"):
        quality.at(sections, found)
    with pytest.raises(DataError, match="has no flow in period design"):
        quality.response(network, dry, OUTLETS, sections, KINETICS)


def test_water_that_never_leaves_is_refused() -> None:
    """A pumped ring without inflow or outflow has no steady state for a conservative load."""
    reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "b"],
                            "to_node": ["b", "a"], "length": 8640.0})  # fmt: skip
    network = RiverNetwork(reaches)
    with pytest.raises(DataError, match="water circles in a loop that it never leaves"):
        quality.steady(network, water(network, 5.0, 5.0), OUTLETS, load(), INFLOW, KINETICS)


def test_spread_outlet_on_a_dispersive_reach_is_refused() -> None:
    network = chain()
    wide = water(network)
    wide = wide.assign(dispersion=xr.full_like(wide["flow"], 20.0))
    outlets = OUTLETS.assign(position_to=4000.0)
    with pytest.raises(DataError, match="spreads a load along a reach with dispersion"):
        quality.steady(network, wide, outlets, load(), INFLOW, KINETICS)


def test_many_points_of_one_reach_agree_with_a_spread_outlet() -> None:
    """A load in 4,000 equal points tends to the closed form of the even spread."""
    network, count = chain(), 4000
    spread = pd.DataFrame({"outlet": ["O"], "reach": ["R1"], "position": [1000.0],
                           "position_to": [7000.0], "effluent_flow": [2.0]})  # fmt: skip
    places = 1000.0 + 6000.0 * (np.arange(count) + 0.5) / count
    names = [f"P{i}" for i in range(count)]
    points = pd.DataFrame({"outlet": names, "reach": "R1", "position": places,
                           "effluent_flow": 2.0 / count})  # fmt: skip
    each = xr.DataArray(np.full((count, 1), 864.0 / count), {"outlet": names, "pollutant": ["X"]})
    kinetics = {"X": {"decay": 1.5}}
    one = quality.steady(network, water(network), spread, load(), INFLOW, kinetics)
    many = quality.steady(network, water(network), points, each, INFLOW, kinetics)
    np.testing.assert_allclose(
        one["concentration"].values.ravel(), many["concentration"].values.ravel(), rtol=2e-7
    )


def test_direction_may_turn_between_periods() -> None:
    """The same river, one month each way: the section at 5,000 m sees the outlet once."""
    network = chain()
    flow = xr.DataArray([[10.0, -10.0]] * 2, {"reach": ["R1", "R2"], "period": ["m1", "m2"]})
    both = hydraulics.from_flow(network, flow, area=pd.Series(100.0, network.reaches.index))
    sections = pd.DataFrame({"section": ["S"], "reach": ["R2"], "position": [5000.0]})
    gain = quality.response(network, both, OUTLETS, sections, KINETICS)["response"]
    assert gain.sel(period="m1").item() == pytest.approx(1 / 864.0)
    assert gain.sel(period="m2").item() == 0.0
