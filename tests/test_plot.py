"""Figures: what is on their Axes."""

import subprocess
import sys
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver
from matplotlib.text import Text

from permitload import RiverNetwork, plot
from permitload.errors import DataError
from permitload.plot import _style

MONTHS = ["2021-01", "2021-02", "2021-03"]


@pytest.fixture
def network() -> RiverNetwork:
    """Two parallel reaches, one in drawn direction and one against it, then one more."""
    reaches = pd.DataFrame(
        {
            "reach": ["R1", "R2", "R3"],
            "from_node": ["a", "b", "b"],
            "to_node": ["b", "a", "c"],
            "length": [1000.0, 1200.0, 2000.0],
        }
    )
    nodes = pd.DataFrame(
        {"node": ["a", "b", "c"], "x": [0.0, 1000.0, 3000.0], "y": [0.0, 0.0, 0.0]}
    )
    return RiverNetwork(reaches, nodes.assign(name=["", "", "河口 mouth"]))


@pytest.fixture
def no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["DejaVu Sans"])


def permits(rows: int, **columns: object) -> pd.DataFrame:
    table = {
        "enterprise": [f"E{i}" for i in range(rows)],
        "source": [f"E{i}-1" for i in range(rows)],
        "source_load": np.arange(rows, 0.0, -1.0),
        "permitted_load": np.arange(rows, 0.0, -1.0) / 2,
        "stopped_by": ["S1", "ceiling"] * (rows // 2) + ["S1"] * (rows % 2),
    }
    return pd.DataFrame(table | columns)


def loads(names: list[str], dim: str = "sector") -> xr.DataArray:
    values = np.arange(1.0, len(names) * 3 + 1).reshape(len(names), 3)
    return xr.DataArray(values, {dim: names, "period": MONTHS})


def draw(ax: Axes) -> None:
    """Draw in earnest: the canvas of a Figure without pyplot draws nothing on ``draw``."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.savefig(BytesIO(), format="png")


def texts(ax: Axes) -> set[str]:
    return {t.get_text() for t in ax.findobj(Text) if isinstance(t, Text)}


def test_map_colours_reaches_by_class_and_leaves_the_others_grey(network: RiverNetwork) -> None:
    ax = plot.network_map(network, pd.Series({"R1": 1.0, "R3": 1.001}))
    draw(ax)
    rivers = ax.collections[0]
    met, grey, over = (to_hex(colour) for colour in rivers.get_edgecolor())
    assert met == "#d1e5f0"  # the last class below the limit: 1 exactly meets it
    assert over == "#f4a582"
    assert grey == _style.PALE
    assert any("no value" in text for text in texts(ax))


def test_map_classes_break_at_the_limit() -> None:
    colours, norm = _style.classes()
    blue = [to_hex(colours(norm(value))) for value in (0.0, 0.4, 0.6, 0.8, 0.95, 1.0, 1 + 1e-9)]
    red = [to_hex(colours(norm(value))) for value in (1.00001, 1.05, 1.2, 1.4, 1.6, 50.0)]
    assert all(int(colour[1:3], 16) < int(colour[5:7], 16) for colour in blue)
    assert all(int(colour[1:3], 16) > int(colour[5:7], 16) for colour in red)


def test_map_has_a_colour_bar_with_unit_and_break(network: RiverNetwork) -> None:
    ax = plot.network_map(network, pd.Series({"R1": 0.4}))
    bar = ax.figure.axes[1]
    assert bar.get_ylabel().endswith("limit use [1]")
    ticks = [text.get_text() for text in bar.get_yticklabels()]
    assert ticks == ["0", "0.5", "0.75", "0.9", "1", "1.1", "1.25", "1.5"]
    assert ax.get_xlabel().endswith("[m]")
    assert ax.get_aspect() == 1.0


def test_map_bows_parallel_reaches_apart(network: RiverNetwork) -> None:
    ax = plot.network_map(network)
    first, second, alone = (path.vertices for path in ax.collections[0].get_paths())
    assert first[10, 1] == pytest.approx(-second[10, 1])
    assert abs(first[10, 1]) > 100.0
    np.testing.assert_allclose(alone[:, 1], 0.0)
    np.testing.assert_allclose(first[[0, -1]], second[[-1, 0]], atol=1e-9)


def test_map_places_sections_and_outlets_where_they_are(network: RiverNetwork) -> None:
    sections = pd.DataFrame(
        {"section": ["S1", "S2"], "reach": ["R3", ""], "node": ["", "a"], "position": [500.0, 0.0]}
    )
    outlets = pd.DataFrame(
        {"outlet": ["O"], "reach": ["R3"], "position": [1000.0], "position_to": [2000.0]}
    )
    ax = plot.network_map(network, sections=sections, outlets=outlets)
    dots, squares = ax.collections[1:]
    np.testing.assert_allclose(dots.get_offsets(), [[2500.0, 0.0]])
    np.testing.assert_allclose(squares.get_offsets(), [[1500.0, 0.0], [0.0, 0.0]])
    assert {"S1", "S2"} <= texts(ax)


def test_map_arrows_turn_with_the_flow_and_vanish_without(network: RiverNetwork) -> None:
    def arrows(flow: float) -> list[tuple[float, float]]:
        ax = plot.network_map(network, flow=pd.Series({"R3": flow}))
        found = [c for c in ax.collections if isinstance(c, Quiver)]
        return [(float(c.get_offsets()[0, 0]), float(c.U[0])) for c in found]

    assert arrows(0.0) == []
    (ahead, way), (back, other) = arrows(2.0)[0], arrows(-2.0)[0]
    assert ahead > 2000.0 > back
    assert way == -other > 0.0


def test_map_names_the_ends_of_rivers(network: RiverNetwork) -> None:
    assert any("mouth" in text for text in texts(plot.network_map(network)))


def test_map_names_of_steep_rivers_are_all_read_upwards() -> None:
    ends = {"n": (-200.0, 900.0), "m": (300.0, 900.0), "s": (-200.0, -900.0), "w": (-900.0, 0.0)}
    reaches = pd.DataFrame({"reach": list(ends), "from_node": list(ends), "to_node": "o"})
    nodes = pd.DataFrame({"o": (0.0, 0.0)} | ends, ["x", "y"]).T.rename_axis("node").reset_index()
    ax = plot.network_map(RiverNetwork(reaches.assign(length=1000.0), nodes))
    turned = {t.get_text(): t.get_rotation() for t in ax.texts}
    assert all(45.0 < turned[end] < 135.0 for end in "nms")
    assert turned["w"] == pytest.approx(0.0)


def test_map_refuses_what_it_cannot_place(network: RiverNetwork) -> None:
    with pytest.raises(DataError, match="values, row R9"):
        plot.network_map(network, pd.Series({"R9": 1.0}))
    bare = RiverNetwork(network.reaches, network.nodes.drop(columns=["x"]))
    with pytest.raises(DataError, match="nodes, row c, x: is missing"):
        plot.network_map(bare)


def test_heat_map_writes_every_cell_and_never_hides_an_excess() -> None:
    use = xr.DataArray(
        [[0.5, 1.0, 1.0004], [1.2, 0.999, 2.0]],
        {"section": ["S1", "S2"], "period": MONTHS},
    ).assign_coords(pollutant="TP")
    ax = plot.headroom_use(use)
    assert [t.get_text() for t in ax.texts] == ["0.50", "1.00", ">1.00", "1.20", "1.00", "2.00"]
    assert [t.get_fontweight() for t in ax.texts] == ["normal"] * 2 + ["bold"] * 2 + [
        "normal", "bold"
    ]  # fmt: skip
    assert [t.get_text() for t in ax.get_xticklabels()] == MONTHS
    assert [t.get_text() for t in ax.get_yticklabels()] == ["S1", "S2"]
    assert ax.get_title().startswith("TP: ")
    assert ax.images[0].get_array().shape == (2, 3)


def test_heat_map_does_not_depend_on_the_order_of_dimensions() -> None:
    use = xr.DataArray([[0.5, 0.7, 0.9]], {"section": ["S1"], "period": MONTHS})
    shown = [[t.get_text() for t in plot.headroom_use(a).texts] for a in (use, use.T)]
    assert shown[0] == shown[1] == ["0.50", "0.70", "0.90"]


def test_heat_map_refuses_nan_and_names_the_place() -> None:
    use = xr.DataArray([[0.5, np.nan, 0.9]], {"section": ["S1"], "period": MONTHS})
    with pytest.raises(DataError, match="row S1, 2021-02, limit_use: is NaN"):
        plot.headroom_use(use)
    with pytest.raises(DataError, match="dimensions"):
        plot.headroom_use(use.rename(section="reach"))


def test_bars_show_permit_and_present_load_by_reason() -> None:
    ax = plot.permits_bars(permits(4, pollutant="COD"))
    permitted, present = ax.containers
    assert [bar.get_width() for bar in permitted] == [2.0, 1.5, 1.0, 0.5]
    assert [bar.get_width() for bar in present] == [4.0, 3.0, 2.0, 1.0]
    colours = [to_hex(bar.get_facecolor()) for bar in permitted]
    assert colours[0] == colours[2] != colours[1] == colours[3]
    assert colours[1] == _style.PALE
    section, ceiling = (t.get_text() for t in ax.get_legend().get_texts()[2:])
    assert section == "S1"
    assert ceiling.endswith("ceiling")
    assert ax.get_xlabel().endswith("permitted load [kg/d]")
    assert ax.get_title().startswith("COD: ")
    assert ax.get_title().endswith("permitted against present load")


def test_bars_mark_the_cuts_against_the_present_load() -> None:
    ax = plot.permits_bars(permits(4, permitted_load=[3.9, 3.0, 2.5, 0.0]))
    (marks,) = ax.collections
    np.testing.assert_allclose(marks.get_offsets(), [[4.0, 0.0], [1.0, 3.0]])
    assert [t.get_text() for t in ax.get_legend().get_texts()][1].endswith(
        "cut: permit below present"
    )


def test_bars_tell_more_reasons_apart_than_there_are_colours() -> None:
    ax = plot.permits_bars(permits(30, stopped_by=[f"S{i}" for i in range(30)]))
    looks = {(to_hex(bar.get_facecolor()), bar.get_hatch()) for bar in ax.containers[0]}
    assert len(looks) == 30


def test_bars_keep_the_largest_and_say_so() -> None:
    ax = plot.permits_bars(permits(100).iloc[::-1])
    assert len(ax.containers[0]) == 40
    assert [t.get_text() for t in ax.get_yticklabels()][-1] == "E0"
    assert "(40 / 100)" in ax.get_title()


def test_bars_write_the_name_beside_the_label() -> None:
    ax = plot.permits_bars(permits(2, name=["North works", ""]))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["E0 North works", "E1"]


def test_bars_name_the_sources_of_an_enterprise_that_has_several() -> None:
    ax = plot.permits_bars(permits(3, enterprise=["A", "A", "B"]))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["E0-1", "E1-1", "B"]


def test_bars_refuse_missing_columns_nan_and_two_pollutants() -> None:
    with pytest.raises(DataError, match="stopped_by: is missing"):
        plot.permits_bars(permits(2).drop(columns="stopped_by"))
    with pytest.raises(DataError, match=r"E1-1, permitted_load: is NaN[\s\S]*several values"):
        plot.permits_bars(permits(2, permitted_load=[1.0, np.nan], pollutant=["COD", "TP"]))


def test_months_draw_lines_sum_and_capacity_with_a_gap() -> None:
    capacity = xr.DataArray([20.0, np.nan, 30.0], {"period": MONTHS})
    ax = plot.monthly(loads(["food", "paper"]), capacity)
    first, second, total, most = (line.get_ydata() for line in ax.lines)
    assert [first.tolist(), second.tolist()] == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert total.tolist() == [5.0, 7.0, 9.0]
    assert np.isnan(most[1]) and most[0] == 20.0
    assert ax.get_ylim()[0] == 0.0
    assert ax.get_ylabel().endswith("permitted load [kg/d]")
    assert [t.get_text() for t in ax.get_xticklabels()] == MONTHS


def test_a_level_line_is_not_cut_by_the_frame() -> None:
    even = xr.DataArray([[2403.0, 2403.0]], {"sector": ["textile"], "period": ["dry", "wet"]})
    ax = plot.monthly(even, xr.DataArray([2403.1, 2403.2], {"period": ["dry", "wet"]}))
    assert ax.get_ylim()[0] == 0.0
    assert ax.get_ylim()[1] > 2403.0 * 1.03


def test_months_add_up_what_is_too_small_to_draw() -> None:
    ax = plot.monthly(loads([f"E{i:02}" for i in range(20)], "enterprise"))
    words = [t.get_text() for t in ax.get_legend().get_texts()]
    assert words[:7] == [f"E{i}" for i in range(13, 20)]
    assert words[7].endswith("13 others")
    assert ax.lines[7].get_ydata()[0] == sum(1.0 + 3.0 * i for i in range(13))
    assert ax.lines[8].get_ydata()[0] == sum(1.0 + 3.0 * i for i in range(20))


def test_months_refuse_other_periods_of_the_capacity() -> None:
    with pytest.raises(DataError, match="capacity has other periods"):
        plot.monthly(loads(["food"]), xr.DataArray([1.0], {"period": ["dry"]}))


def test_hostile_labels_are_drawn_as_they_are() -> None:
    hostile = ["$\\frac$", "_hidden", "<script>", "a\nb", "\x07\U0001f984"]
    ax = plot.permits_bars(permits(5, enterprise=hostile, stopped_by=hostile))
    draw(ax)
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert names[:4] == ["$\\frac$", "_hidden", "<script>", "a b"]
    assert set(names[4]) == {"□"}
    assert [t.get_text() for t in ax.get_legend().get_texts()][2:] == names


@pytest.mark.usefixtures("no_chinese_font")
def test_without_a_chinese_font_labels_are_english_and_nothing_warns(
    network: RiverNetwork,
) -> None:
    assert plot.chinese_font() is None
    assert plot.label("permitted_load") == "permitted load [kg/d]"
    figures = [
        plot.network_map(network, pd.Series({"R1": 0.4}), flow=pd.Series({"R1": 1.0})),
        plot.permits_bars(permits(2, enterprise=["染整一厂", "E2"])),
        plot.monthly(loads(["纺织", "food"])),
        plot.headroom_use(xr.DataArray([[0.5]], {"section": ["断面"], "period": ["dry"]})),
    ]
    for ax in figures:
        draw(ax)  # a glyph that is missing would warn, and warnings are errors
        assert all(ord(c) < 0x2E80 for text in texts(ax) for c in text)
    assert "□□□□" in texts(figures[1])


def test_with_a_chinese_font_labels_are_bilingual() -> None:
    if plot.chinese_font() is None:
        pytest.skip("no Chinese font is installed")
    assert plot.label("permitted_load") == "许可排放量 permitted load [kg/d]"
    ax = plot.monthly(loads(["纺织", "food"]))
    draw(ax)
    assert {"纺织", "合计 sum"} <= texts(ax)


def test_given_axes_are_used_and_inputs_stay_as_they_were() -> None:
    ax = Figure().add_subplot()
    table, load = permits(3), loads(["food"])
    kept = table.copy(deep=True), load.copy(deep=True)
    assert plot.permits_bars(table, ax) is ax
    assert plot.monthly(load, ax=Figure().add_subplot()).figure is not ax.figure
    pd.testing.assert_frame_equal(table, kept[0])
    xr.testing.assert_identical(load, kept[1])


def test_no_state_is_shared_with_pyplot() -> None:
    code = (
        "import sys, matplotlib as m; before = m.rcParams.copy()\n"
        "import xarray as xr\nfrom permitload import plot\n"
        "plot.headroom_use(xr.DataArray([[0.5]], {'section': ['S'], 'period': ['p']}))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\nassert m.rcParams.copy() == before\n"
    )
    strict = ["-W", "error", "-W", "ignore::DeprecationWarning"]  # of matplotlib's own parser
    subprocess.run([sys.executable, *strict, "-c", code], check=True, timeout=120)


def test_import_is_light() -> None:
    code = "import sys\nfrom permitload import plot, report\nassert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_rounding_is_no_cut() -> None:
    """172.798 of 172.8 is what whole units leave; 150 of 160 is a cut."""
    permits = pd.DataFrame(
        {"enterprise": ["E1", "E2"], "source": ["A", "B"], "source_load": [172.8, 160.0],
         "permitted_load": [172.798, 150.0], "stopped_by": ["ceiling", "S1"]}
    )  # fmt: skip
    marks = plot.permits_bars(permits).collections[0].get_offsets()
    assert np.asarray(marks).tolist() == [[160.0, 1.0]]


def test_heat_map_of_many_sections_keeps_the_highest_and_says_so() -> None:
    names = [f"S{i}" for i in range(50)]
    use = xr.DataArray(np.arange(50.0)[:, None] / 40.0, {"section": names, "period": ["dry"]})
    ax = plot.headroom_use(use)
    assert [text.get_text() for text in ax.get_yticklabels()] == names[10:]
    assert "(40 / 50)" in ax.get_title()


def test_bars_explain_only_the_reasons_that_are_drawn() -> None:
    table = permits(60, stopped_by=["S1"] * 40 + ["S2"] * 20, enterprise="")
    ax = plot.permits_bars(table)
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "S1" in words
    assert "S2" not in words
    assert "source" in ax.get_ylabel()


def test_alternatives_stand_beside_their_base_by_pollutant() -> None:
    table = pd.DataFrame(
        {"pollutant": ["TN"] * 2 + ["TP"] * 2, "name": ["present", "diversion"] * 2,
         "total": [8.0, 10.0, -1.0, 2.0], "source_load": [6.0, 6.0, 1.0, 1.0]}
    )  # fmt: skip
    axes = plot.alternatives_bars(table).figure.axes
    assert [ax.get_title("left") for ax in axes] == ["TN", "TP"]
    widths = [[bar.get_width() for bar in ax.containers[0]] for ax in axes]
    assert widths == [[8.0, 10.0], [-1.0, 2.0]]
    # a share of the base, or the difference where the base owes a cut
    assert [ax.texts[0].get_text() for ax in axes] == [" +25.0%", " +3"]
    with pytest.raises(DataError, match="alternatives, source_load: is missing"):
        plot.alternatives_bars(table.drop(columns="source_load"))
    with pytest.raises(DataError, match="has no row"):
        plot.alternatives_bars(table.iloc[:0])


def test_maps_of_no_pollutant_are_refused() -> None:
    reaches = pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [1.0]})
    with pytest.raises(DataError, match="no values; right would be one Series a panel"):
        plot.network_maps(RiverNetwork(reaches), {}, pd.DataFrame())
