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
        quality.steady(**_damaged(**change))
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


def dispersive(value: float, network: RiverNetwork | None = None) -> xr.Dataset:
    found = water(network or chain())
    return found.assign(dispersion=xr.full_like(found["flow"], value))


@pytest.mark.parametrize("dispersion", [1e-15, 1e-9, 1e-4])
def test_little_dispersion_tends_to_plug_flow(dispersion: float) -> None:
    """2 exp(-2 k t) of the inflow and exp(-2 k t) of 1 mg/L from the outlet, t = 1 day a reach."""
    network, kinetics = chain(), {"X": {"decay": 0.2}}
    spread = dispersive(dispersion, network)
    found = quality.steady(network, spread, OUTLETS, load(), INFLOW, kinetics)
    got = found["node_concentration"].sel(node="c").item()
    assert got == pytest.approx(3.0 * np.exp(-0.4), rel=1e-7)
    assert abs(found["ledger"].sel(term="residual").item()) < 1e-9 * 864.0


def test_places_that_differ_by_rounding_are_one_place() -> None:
    """0.1 · 3 · 1000 is 300.00000000000006."""
    network, kinetics = chain(), {"X": {"decay": 0.2}}
    each = xr.DataArray([[432.0], [432.0]], {"outlet": ["O", "P"], "pollutant": ["X"]})
    two = pd.DataFrame({"outlet": ["O", "P"], "reach": "R1", "position": [300.0, 0.1 * 3 * 1000]})
    one = OUTLETS.assign(position=300.0)
    for flow in (water(network), dispersive(50.0, network)):
        apart = quality.steady(network, flow, two, each, INFLOW, kinetics)
        joined = quality.steady(network, flow, one, load(), INFLOW, kinetics)
        np.testing.assert_allclose(apart["node_concentration"], joined["node_concentration"],
                                   rtol=1e-12)  # fmt: skip
    section = pd.DataFrame({"section": ["S"], "reach": ["R1"], "position": [300.0]})
    gain = quality.response(network, water(network), two, section, kinetics)["response"]
    np.testing.assert_allclose(gain.values.ravel(), 1 / 864.0, rtol=1e-12)
    end = OUTLETS.assign(position=8640.0 + 1e-9)
    quality.steady(network, water(network), end, load(), INFLOW, kinetics)


@pytest.mark.parametrize(
    ("name", "value"),
    [("dispersion", np.nan), ("dispersion", -1.0), ("dispersion", np.inf), ("share", 5.0),
     ("volume", -1.0), ("temperature", 288.15), ("temperature", np.nan)],
)  # fmt: skip
def test_hydraulics_out_of_bounds_are_refused(name: str, value: float) -> None:
    network = chain()
    flow = water(network)
    bad = flow.assign({name: xr.full_like(flow["flow"], value).rename(name)})
    with pytest.raises(DataError, match=name):
        quality.steady(network, bad, OUTLETS, load(), INFLOW, KINETICS)


def test_hydraulics_that_do_not_balance_are_refused() -> None:
    network = chain()
    flow = water(network)
    bad = flow.assign(boundary_flow=flow["boundary_flow"] * 0.0)
    with pytest.raises(DataError, match="leaves the node unbalanced"):
        quality.steady(network, bad, OUTLETS, load(), INFLOW, KINETICS)


def test_shares_elsewhere_do_not_change_an_intake() -> None:
    """b loses 4 of 10 m3/s to an intake; stating the split at y leaves that as it is."""
    ends = [("a", "b"), ("b", "c"), ("x", "y"), ("y", "u"), ("y", "v")]
    reaches = pd.DataFrame(ends, columns=["from_node", "to_node"]).assign(length=1000.0)
    network = RiverNetwork(reaches.assign(reach=[f"R{i}" for i in range(5)]))
    flow = pd.Series([10.0, 6.0, 2.0, 1.0, 1.0], network.reaches.index)
    inflow = xr.DataArray([[1.0], [1.0]], {"node": ["a", "x"], "pollutant": ["X"]})
    none = load(0.0), inflow, KINETICS
    shares = pd.Series({"R3": 0.5, "R4": 0.5})
    for given in (None, shares):
        split = hydraulics.from_flow(network, flow, area=flow * 0 + 10.0, shares=given)
        found = quality.steady(network, split, OUTLETS.assign(reach="R0"), *none)
        np.testing.assert_allclose(found["concentration"].values, 1.0, rtol=1e-12)
    wide = split.assign(dispersion=xr.full_like(split["flow"], 1.0))
    with pytest.raises(DataError, match="share: is given with dispersion"):
        quality.steady(network, wide, OUTLETS.assign(reach="R0"), *none)


def test_a_tank_that_keeps_its_load_is_refused() -> None:
    reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "b"], "to_node": ["b", "c"],
                            "length": 8640.0})  # fmt: skip
    nodes = pd.DataFrame({"node": ["c", "a"], "storage_volume": [1e5, 0.0], "held": [0.0, 1.0]})
    for table in (nodes.iloc[:1], nodes):
        network = RiverNetwork(reaches, table)
        still = water(network, 0.0, 0.0)
        outlets = pd.DataFrame({"outlet": ["O"], "node": ["c"]})
        with pytest.raises(DataError, match="has a load but no water leaves its node"):
            quality.steady(network, still, outlets, load(), INFLOW, KINETICS)
        dry = quality.steady(network, still, outlets, load(0.0), INFLOW, KINETICS)
        assert np.isnan(dry["node_concentration"].sel(node="c").item())
        section = pd.DataFrame({"section": ["S"], "node": ["c"]})
        with pytest.raises(DataError, match="has no flow in period design"):
            quality.response(network, still, outlets, section, KINETICS)
        with pytest.raises(DataError, match="has no flowing water"):
            quality.at(section, dry)


def test_effluent_at_a_node_that_no_flow_leaves_is_refused() -> None:
    network = chain()
    half = water(network, 10.0, 0.0)
    outlets = pd.DataFrame({"outlet": ["O"], "node": ["b"], "effluent_flow": [0.1]})
    quality.steady(network, half, outlets, load(), INFLOW, KINETICS)  # b has an intake of 10
    none = water(network, 0.0, 0.0)
    with pytest.raises(DataError, match="enters a node that no flow leaves"):
        quality.steady(network, none, outlets, load(), INFLOW, KINETICS)


def test_a_loop_that_is_closed_but_for_rounding_is_refused() -> None:
    """Three reaches forth and two back: 0.1 + 0.2 + 0.3 = 0.25 + 0.35 but for rounding."""
    ends = [("a", "b"), ("p", "q"), ("p", "q"), ("p", "q"), ("q", "p"), ("q", "p")]
    table = pd.DataFrame(ends, columns=["from_node", "to_node"]).assign(length=1000.0)
    network = RiverNetwork(table.assign(reach=[f"R{i}" for i in range(6)]))
    flow = water(network, 1.0, 0.1, 0.2, 0.3, 0.25, 0.35)
    outlets = pd.DataFrame({"outlet": ["O"], "node": ["p"]})
    wide = flow.assign(dispersion=xr.full_like(flow["flow"], 5.0))
    for state in (flow, wide):
        with pytest.raises(DataError, match="nodes p, q; period design"):
            quality.steady(network, state, outlets, load(), INFLOW, KINETICS)
        decays = quality.steady(network, state, outlets, load(), INFLOW, {"X": {"decay": 0.5}})
        assert float(decays["ledger"].sel(term="decayed").item()) > 864.0


def test_a_section_ignores_a_column_position_to() -> None:
    section = pd.DataFrame({"section": ["S"], "reach": ["R1"], "position": [100.0],
                            "position_to": [200.0]})  # fmt: skip
    network = chain()
    gain = quality.response(network, water(network), OUTLETS, section, KINETICS)["response"]
    assert gain.item() == pytest.approx(1 / 864.0)


def test_a_node_that_only_a_structure_touches_is_no_trouble_where_water_circles() -> None:
    reaches = pd.DataFrame({"reach": ["C1", "C2", "C3"], "from_node": ["a", "b", "c"],
                            "to_node": ["b", "c", "a"], "length": 1000.0})  # fmt: skip
    gate = pd.DataFrame({"structure": ["G"], "structure_type": ["gate"], "from_node": ["b"],
                         "to_node": ["z"]})  # fmt: skip
    network = RiverNetwork(reaches, pd.DataFrame({"node": ["z"]}), gate)
    flow = water(network, 7.0, 5.0, 5.0)
    found = quality.steady(network, flow, OUTLETS.assign(reach="C1"), load(), INFLOW, KINETICS)
    assert np.isnan(found["node_concentration"].sel(node="z").item())
    assert found["node_concentration"].sel(node="b").item() == pytest.approx(2.0 + 10.0 / 2.0)


WRONG = {
    "no kinetics at all": ({"kinetics": None}, "kinetics, pollutant: is no mapping"),
    "law is a number": ({"kinetics": {"X": 0.2}}, "kinetics, row X, decay: 0.2 is no law"),
    "law is text": ({"kinetics": {"X": "fast"}}, "is no law"),
    "function lacks a reach": (
        {"kinetics": {"X": lambda water: water["flow"].isel(reach=[0]) * 0.0}},
        "is no rate",
    ),
    "parameter by something else": (
        {"kinetics": {"X": {"decay": xr.DataArray([1.0], {"z": [0]})}}},
        "is by z",
    ),
    "temperature factor": ({"kinetics": {"X": {"temperature_factor": 5.0}}}, "from 1 to 1.2"),
    "another pollutant's inflow": (
        {"inflow": INFLOW.isel(pollutant=0).assign_coords(pollutant="NH3-N")},
        "inflow, pollutant: NH3-N is the only label",
    ),
    "inflow of one node": ({"inflow": INFLOW.isel(node=0)}, "inflow, node: a is the only label"),
    "inflow is a number": ({"inflow": 2.0}, "inflow: float is no DataArray"),
    "load without pollutant": (
        {"source_load": load().isel(pollutant=0, drop=True)},
        "source_load, pollutant: is missing",
    ),
    "load is text": ({"source_load": load().astype(str) + "kg"}, "holds what is no number"),
    "position missing": ({"outlets": OUTLETS.drop(columns="position")}, "position: is missing"),
    "effluent is text": ({"outlets": OUTLETS.assign(effluent_flow="much")}, "much is not valid"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_are_refused_by_name(name: str) -> None:
    change, message = WRONG[name]
    with pytest.raises(DataError) as caught:
        quality.steady(**_damaged(**change))
    assert message in str(caught.value)


def test_labels_may_be_integers() -> None:
    network = chain()
    outlets = OUTLETS.assign(outlet=[1])
    found = quality.steady(network, water(network), outlets,
                           load().assign_coords(outlet=[1]), INFLOW, KINETICS)  # fmt: skip
    assert found["node_concentration"].sel(node="c").item() == pytest.approx(3.0)


def test_reading_does_not_depend_on_the_order_of_dimensions() -> None:
    network = chain()
    both = load().expand_dims(x=1).squeeze("x").reindex(pollutant=["X", "Y"], fill_value=864.0)
    inflow = INFLOW.reindex(pollutant=["X", "Y"], fill_value=2.0)
    kinetics = {"X": {"decay": 0.1}, "Y": {"decay": 0.4}}
    found = quality.steady(network, water(network), OUTLETS, both, inflow, kinetics)
    section = pd.DataFrame({"section": ["S"], "reach": ["R2"], "position": [2000.0]})
    right = quality.at(section, found)
    turned = found.transpose("reach", "segment", "pollutant", "end", "node", "term", "period")
    xr.testing.assert_allclose(quality.at(section, turned), right, rtol=1e-15)
    with pytest.raises(DataError, match="pollutant: is missing"):
        quality.at(section, found.sel(pollutant="X"))
    with pytest.raises(DataError, match="is repeated or empty"):
        quality.at(pd.concat([section, section]), found)


def test_storage_nodes_have_rates_of_their_own() -> None:
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [8640.0]}),
        pd.DataFrame({"node": ["b"], "storage_volume": [864000.0]}),
    )
    flow = hydraulics.from_flow(network, pd.Series({"R": 10.0}), velocity=pd.Series({"R": 0.1}))
    warm = flow.assign(temperature=("period", [30.0]))
    given = {"decay": 0.2, "temperature_factor": 1.0}
    both = {"TN": given, "TP": {**given, "node": {"decay": 0.05, "temperature_factor": 1.1}}}
    by_node = xr.DataArray([0.0, 0.4], {"node": ["a", "b"]})
    both["TX"] = {**given, "node": {"decay": by_node}}
    assert quality.loss_rate(both, warm).values.ravel().tolist() == [0.2, 0.2, 0.2]
    found = quality.node_loss(both, network, warm).sel(node="b").values.ravel()
    # 10 m3/s per unit of decay
    np.testing.assert_allclose(found, [2.0, 0.5 * 1.1**10, 4.0], rtol=1e-12)
    by_reach = xr.DataArray([0.2], {"reach": ["R"]})
    both_kinds = by_reach.expand_dims(node=["a", "b"])
    for wrong in (
        {"node": 0.2}, {"node": {"speed": 1.0}}, {"node": {"decay": -1.0}},
        {"node": {"decay": by_reach}}, {"decay": both_kinds}, {"decay": np.array([0.2])},
        {"node": {"decay": np.array([0.2, 0.1])}},
    ):  # fmt: skip
        with pytest.raises(DataError, match="kinetics"):
            quality.loss_rate({"TN": {**given, **wrong}}, warm)


@pytest.mark.parametrize("kind", ["tree", "ring", "dispersed"])
def test_scenarios_together_are_those_one_by_one(kind: str) -> None:
    ends = {"a": "b", "b": "c", "d": "c", "c": "e"}
    if kind == "ring":
        ends |= {"e": "f", "f": "d"}
    names = [f"R{i}" for i in range(len(ends))]
    network = RiverNetwork(
        pd.DataFrame({"reach": names, "from_node": ends.keys(), "to_node": ends.values(),
                      "length": 2000.0}),
        pd.DataFrame({"node": ["b"], "storage_volume": [5e5]}),
    )  # fmt: skip
    carried = {"R0": 3.0, "R1": 3.0, "R2": 2.0, "R3": 5.0, "R4": 4.0, "R5": 4.0}
    flow = xr.DataArray(
        np.outer([carried[r] for r in names], [1.0, 2.0]),
        {"reach": names, "period": ["dry", "wet"]}, ("reach", "period"),
    )  # fmt: skip
    water = hydraulics.from_flow(network, flow, velocity=xr.full_like(flow, 0.1))
    if kind == "dispersed":
        water = water.assign(dispersion=xr.full_like(water["flow"], 5.0))
    outlets = pd.DataFrame({"outlet": ["O1", "O2", "O3"], "reach": ["R0", "R2", ""],
                            "node": ["", "", "b"], "position": [500.0, 100.0, np.nan],
                            "effluent_flow": [0.1, 0.0, 0.2]})  # fmt: skip
    rng = np.random.default_rng(3)
    load = xr.DataArray(
        rng.uniform(1.0, 50.0, (3, 2, 4)),
        {"outlet": ["O1", "O2", "O3"], "pollutant": ["COD", "TP"], "scenario": list("wxyz")},
        ("outlet", "pollutant", "scenario"),
    )
    inflow = xr.DataArray(
        rng.uniform(0.0, 2.0, (len(network.nodes), 4)),
        {"node": network.nodes.index.to_numpy(), "scenario": list("wxyz")}, ("node", "scenario"),
    )  # fmt: skip
    laws = {"COD": {"decay": 0.3}, "TP": {"decay": 0.05, "settling": 0.0}}
    together = quality.steady(network, water, outlets, load, inflow, laws)
    assert together["concentration"].dims == ("reach", "end", "pollutant", "period", "scenario")
    sections = pd.DataFrame({"section": ["S"], "reach": ["R3"], "position": [700.0]})
    read = quality.at(sections, together)
    for one in load["scenario"].values:
        alone = quality.steady(
            network, water, outlets, load.sel(scenario=one, drop=True),
            inflow.sel(scenario=one, drop=True), laws,
        )  # fmt: skip
        xr.testing.assert_allclose(together.sel(scenario=one, drop=True), alone, rtol=1e-12)
        xr.testing.assert_allclose(
            read.sel(scenario=one, drop=True), quality.at(sections, alone), rtol=1e-12
        )
    with pytest.raises(DataError, match="scenario"):
        quality.steady(network, water, outlets, load.drop_vars("scenario"), inflow, laws)
    with pytest.raises(DataError, match="scenario"):
        renamed = inflow.assign_coords(scenario=list("wxyv"))
        quality.steady(network, water, outlets, load, renamed, laws)


def line() -> tuple[RiverNetwork, xr.Dataset, pd.DataFrame]:
    """One reach from a to b with one outlet O."""
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [8640.0]})
    )
    flow = hydraulics.from_flow(network, pd.Series({"R": 10.0}), velocity=pd.Series({"R": 0.1}))
    return network, flow, pd.DataFrame({"outlet": ["O"], "reach": ["R"], "position": [0.0]})


def test_a_river_without_outlets_or_pollutants_has_a_background() -> None:
    network, flow, outlets = line()
    section = pd.DataFrame({"section": ["S"], "reach": ["R"], "position": [8640.0]})
    inflow = xr.DataArray([[2.0]], {"node": ["a"], "pollutant": ["COD"]})
    none = xr.DataArray(np.empty((0, 1)), {"outlet": [], "pollutant": ["COD"]})
    found = quality.steady(network, flow, outlets[:0], none, inflow, {"COD": {"decay": 0.2}})
    assert quality.at(section, found).item() == pytest.approx(2.0 * np.exp(-0.2), rel=1e-12)
    nothing = xr.DataArray(np.empty((1, 0)), {"outlet": ["O"], "pollutant": []})
    assert quality.steady(network, flow, outlets, nothing, inflow, {}).sizes["pollutant"] == 0


@pytest.mark.parametrize(
    ("load", "inflow", "periods"),
    [
        ({"scenario": ["x", "x"]}, {}, ["design"]),
        ({"scenario": [1, "1"]}, {}, ["design"]),
        ({"scenario": []}, {}, ["design"]),
        ({}, {"scenario": ["x", "x"]}, ["design"]),
        ({}, {}, ["design", "design"]),
        ({}, {}, []),
    ],
)
def test_labels_that_repeat_or_lack_are_refused(
    load: dict[str, list[object]], inflow: dict[str, list[str]], periods: list[str]
) -> None:
    network, flow, outlets = line()
    given = xr.DataArray([[5.0]], {"outlet": ["O"], "pollutant": ["COD"]}).expand_dims(
        {d: np.array(v, dtype=object) for d, v in load.items()}
    )
    enters = xr.DataArray([[2.0]], {"node": ["a"], "pollutant": ["COD"]}).expand_dims(inflow)
    water = xr.concat([flow] * 2, "period").isel(period=slice(0, len(periods)))
    with pytest.raises(DataError, match=r"repeated|empty"):
        quality.steady(network, water, outlets, given, enters, {"COD": {"decay": 0.2}})


def test_labels_that_are_numbers_are_text_everywhere() -> None:
    network, flow, outlets = line()
    water = xr.concat([flow, flow], "period").assign_coords(period=[5, 6])
    load = xr.DataArray([[[8.64, 86.4]]], {"outlet": ["O"], "pollutant": ["COD"], "period": [6, 5]})
    inflow = xr.DataArray([[0.0]], {"node": ["a"], "pollutant": ["COD"]})
    found = quality.steady(network, water, outlets, load, inflow, {"COD": {"decay": 0.0}})
    assert found["period"].values.tolist() == ["5", "6"]
    ends = found["concentration"].sel(reach="R", end="to", pollutant="COD")
    np.testing.assert_allclose(ends, [0.1, 0.01], rtol=1e-12)


def test_the_end_of_a_dispersive_reach_without_flow_is_read_without_warning() -> None:
    network = RiverNetwork(
        pd.DataFrame({"reach": ["R", "D"], "from_node": ["a", "b"], "to_node": ["b", "c"],
                      "length": 1000.0})
    )  # fmt: skip
    flow = pd.Series({"R": 1.0, "D": 0.0})
    water = hydraulics.from_flow(network, flow, area=pd.Series({"R": 5.0, "D": 5.0}))
    water["dispersion"] = ("reach", "period"), np.array([[0.0], [2.0]])
    outlets = pd.DataFrame({"outlet": ["O"], "reach": ["R"], "position": [0.0]})
    load = xr.DataArray([[86.4]], {"outlet": ["O"], "pollutant": ["COD"]})
    inflow = xr.DataArray([[0.0]], {"node": ["a"], "pollutant": ["COD"]})
    found = quality.steady(network, water, outlets, load, inflow, {"COD": {"decay": 0.0}})
    section = pd.DataFrame({"section": ["S"], "reach": ["D"], "position": [1000.0]})
    assert quality.at(section, found).item() == pytest.approx(1.0, rel=1e-9)
