"""Figures of computed flow: what is on their Axes."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from permitload import RiverNetwork, hydraulics, plot
from permitload.errors import DataError
from permitload.plot import _style


@pytest.fixture
def network() -> RiverNetwork:
    """Sea to head by two reaches, the second drawn against the path, and a third aside."""
    reaches = pd.DataFrame(
        {
            "reach": ["R1", "R2", "R3"],
            "from_node": ["sea", "head", "fork"],
            "to_node": ["fork", "fork", "pond"],
            "length": [1000.0, 1500.0, 500.0],
            "width": 20.0,
            "roughness": 0.025,
            "bed_from": [-2.0, 0.5, -1.0],
            "bed_to": [-1.0, -1.0, -1.0],
        }
    )
    nodes = pd.DataFrame(
        {"node": ["sea", "fork", "head", "pond"], "x": [0.0, 1e3, 2.4e3, 1e3], "y": [0, 0, 0, 500]}
    )
    return RiverNetwork(reaches, nodes)


@pytest.fixture
def water(network: RiverNetwork) -> xr.Dataset:
    coords = {"node": ["sea", "head"]}
    given = xr.Dataset({"stage": ("node", [1.0, np.nan]), "flow": ("node", [np.nan, 12.0])}, coords)
    return hydraulics.steady(network, given).isel(period=0)


def path_data(ax: Axes) -> list[np.ndarray]:
    return [np.asarray(line.get_ydata(), float) for line in ax.lines[:2]]


def test_profile_follows_the_path_whichever_way_it_is_drawn(
    network: RiverNetwork, water: xr.Dataset
) -> None:
    ax = plot.long_profile(network, water, ["R1", "R2"])
    at = np.asarray(ax.lines[0].get_xdata(), float)
    bed, stage = path_data(ax)
    assert at[0] == 0.0
    assert at[-1] == 2500.0
    assert (np.diff(at) >= 0.0).all()
    # straight beds between the levels of the table: -2 at 0, -1 at 1000, 0.5 at 2500 m
    np.testing.assert_allclose(bed, np.interp(at, [0.0, 1000.0, 2500.0], [-2.0, -1.0, 0.5]))
    assert stage[0] == pytest.approx(1.0)
    assert (np.diff(stage) >= 0.0).all()  # water comes from the head
    assert len(at) == 5 + 7  # cells of 250 m: their stages are drawn, not the nodes' alone
    deep = ax.figure.axes[1].lines[0]
    np.testing.assert_allclose(np.asarray(deep.get_ydata(), float), stage - bed)
    assert {text.get_text() for text in ax.texts} == {"sea", "fork", "head"}


def test_profile_turned_round_is_the_mirror_image(network: RiverNetwork, water: xr.Dataset) -> None:
    there, back = (
        plot.long_profile(network, water, path).lines[1] for path in (["R1", "R2"], ["R2", "R1"])
    )
    np.testing.assert_allclose(back.get_xdata()[::-1], 2500.0 - np.asarray(there.get_xdata()))
    np.testing.assert_array_equal(back.get_ydata()[::-1], there.get_ydata())


def test_profile_axes_name_their_units(network: RiverNetwork, water: xr.Dataset) -> None:
    ax = plot.long_profile(network, water, ["R1"])
    assert ax.get_xlabel().endswith("[m]")
    assert ax.get_ylabel() == plot.label("stage")
    assert ax.figure.axes[1].get_ylabel() == plot.label("depth")
    assert ax.figure.axes[1].get_ylim()[0] == 0.0


@pytest.mark.parametrize(
    ("reach", "message"),
    [
        ([], "is empty"),
        (["R1", "R9"], "R9 is unknown"),
        (["R3", "R1", "R2"], "R2 does not join the path; right would be a reach that touches sea"),
    ],
)
def test_profile_refuses_what_is_no_path(
    network: RiverNetwork, water: xr.Dataset, reach: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        plot.long_profile(network, water, reach)


def test_profile_refuses_missing_beds_stages_and_several_instants(
    network: RiverNetwork, water: xr.Dataset
) -> None:
    table = network.reaches.drop(columns="bed_to")
    with pytest.raises(DataError, match="R1, bed_to: is empty"):
        plot.long_profile(RiverNetwork(table), water, ["R1"])
    with pytest.raises(DataError, match=r"row sea, stage: is missing"):
        plot.long_profile(network, water.sel(node=["fork", "head"]), ["R1"])
    with pytest.raises(DataError, match="one instant"):
        plot.long_profile(network, water.expand_dims(time=2), ["R1"])


def test_map_width_and_colour_grow_with_the_flow(network: RiverNetwork) -> None:
    ax = plot.flow_map(network, pd.Series({"R1": 8.0, "R2": -2.0, "R3": 0.0}))
    assert isinstance(ax.figure, Figure)
    ax.figure.draw_without_rendering()
    rivers = ax.collections[0]
    one, two, three = np.asarray(rivers.get_linewidth())
    assert one > two > three > 0.0
    assert rivers.get_array().tolist() == [8.0, 2.0, 0.0]
    assert {"8", "2", "0"} <= {text.get_text() for text in ax.texts}
    assert ax.figure.axes[1].get_ylabel() == plot.label("flow")


def test_map_arrows_follow_the_water(network: RiverNetwork) -> None:
    ways = {}
    for sign in (1.0, -1.0):
        ax = plot.flow_map(network, pd.Series({"R1": sign, "R2": 0.0, "R3": 0.0}))
        (arrows,) = (c for c in ax.collections if isinstance(c, Quiver))
        assert len(arrows.U) == 1  # none on reaches that stand still
        ways[sign] = float(arrows.U[0])
    assert ways[1.0] == -ways[-1.0] > 0.0


def test_map_takes_rounding_for_no_flow(network: RiverNetwork) -> None:
    ax = plot.flow_map(network, pd.Series({"R1": 5.0, "R2": -1.9e-15, "R3": 2e-9}))
    (arrows,) = (c for c in ax.collections if isinstance(c, Quiver))
    assert len(arrows.U) == 1
    assert sorted(text.get_text() for text in ax.texts)[:3] == ["0", "0", "5"]


def test_map_shows_reaches_without_value_apart(network: RiverNetwork) -> None:
    ax = plot.flow_map(network, pd.Series({"R1": 1.0, "R2": np.nan}))
    assert isinstance(ax.figure, Figure)
    ax.figure.draw_without_rendering()
    colours = [to_hex(colour) for colour in ax.collections[0].get_edgecolor()]
    assert colours[1] == colours[2] == _style.PALE != colours[0]
    with pytest.raises(DataError, match="R9 is unknown"):
        plot.flow_map(network, pd.Series({"R9": 1.0}))


def test_map_without_any_flow_is_drawn(network: RiverNetwork) -> None:
    ax = plot.flow_map(network, pd.Series({"R1": 0.0, "R2": 0.0, "R3": 0.0}))
    assert not [c for c in ax.collections if isinstance(c, Quiver)]


def test_series_draws_each_place_over_time() -> None:
    times = pd.date_range("2025-01-01", periods=3, freq="6h")
    flow = xr.DataArray(
        [[1.0, -2.0, 1.0], [3.0, 4.0, 5.0]], {"reach": ["R1", "R2"], "time": times}, name="flow"
    )
    ax = plot.water_series(flow)
    *zero, one, two = ax.lines
    assert len(zero) == 1  # the line at which flow turns round
    assert one.get_ydata().tolist() == [1.0, -2.0, 1.0]
    assert two.get_ydata().tolist() == [3.0, 4.0, 5.0]
    assert ax.get_ylabel() == plot.label("flow")
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["R1", "R2"]
    assert len(plot.water_series(flow.sel(reach=["R2"])).lines) == 1


def test_series_writes_periods_in_their_order() -> None:
    stage = xr.DataArray([[2.0], [1.0]], {"period": ["wet", "dry"], "node": ["a"]}, name="stage")
    ax = plot.water_series(stage)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["wet", "dry"]
    assert ax.lines[0].get_ydata().tolist() == [2.0, 1.0]


def test_series_refuses_other_shapes() -> None:
    many = xr.DataArray(np.zeros((8, 2)), dims=("reach", "time"))
    with pytest.raises(DataError, match="8 places"):
        plot.water_series(many)
    with pytest.raises(DataError, match="dimensions"):
        plot.water_series(many.rename(reach="pollutant"))
    with pytest.raises(DataError, match="0 places"):
        plot.water_series(many[:0])
