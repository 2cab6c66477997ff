"""Figures of tiers: what is on their Axes."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from permitload import RiverNetwork, plot, tiers
from permitload.errors import DataError
from tests.tier_parks import applications, area, capacities, emissions, lines, rated


def own() -> pd.DataFrame:
    return tiers.intensities(emissions(), capacities())


def widths_of(ax: Axes) -> list[float]:
    return [bar.get_width() for bar in ax.patches if isinstance(bar, Rectangle)]


def test_ladder_has_bars_lines_and_tiers() -> None:
    ax = plot.intensity_ladder(own(), rated(), lines())
    widths = widths_of(ax)
    assert widths == sorted(own()["intensity"])
    places = [line.get_xdata()[0] for line in ax.lines]
    assert places == pytest.approx([3.2, 509 / 99, 7.5625])
    assert [text.get_text() for text in ax.texts][:3] == ["2.9 A", "3.3 A", "4.17 B"]
    assert [label.get_text() for label in ax.get_yticklabels()][:3] == ["E1", "E2", "E4"]
    colours = {to_hex(bar.get_facecolor()) for bar in ax.patches}
    assert len(colours) == 4
    assert plot.png(ax)[1:4] == b"PNG"


def test_ladder_names_who_has_no_intensity() -> None:
    table = own()
    table.loc[0, "intensity"] = np.nan
    ax = plot.intensity_ladder(table, rated(), lines())
    assert "no intensity A" in ax.texts[-1].get_text()


def test_ladder_refuses_several_groups_and_nothing() -> None:
    both = pd.concat([own(), own().assign(pollutant="TN")])
    with pytest.raises(DataError, match="2 groups"):
        plot.intensity_ladder(both, rated(), lines())
    with pytest.raises(DataError, match="no rows"):
        plot.intensity_ladder(own().iloc[:0], rated(), lines())
    with pytest.raises(DataError, match="baselines, baseline: is missing"):
        plot.intensity_ladder(own(), rated(), lines().drop(columns="baseline"))


def test_permits_before_and_after() -> None:
    permits = tiers.limits(applications(), area(True), emissions(), lines())
    ax = plot.permit_changes(permits)
    widths = widths_of(ax)
    assert widths == pytest.approx([*permits["current_permit"], *permits["permit"]])
    dots, interim = ax.lines
    assert dots.get_xdata().tolist() == permits["greatest_emission"].to_list()
    assert np.isfinite(interim.get_xdata()).sum() == 2
    assert ax.texts[0].get_text() == "70.4 A"
    assert plot.png(ax)[1:4] == b"PNG"


def test_refused_permits_have_no_bar_but_a_word() -> None:
    permits = tiers.limits(applications(), area(None), emissions(), lines())
    ax = plot.permit_changes(permits)
    assert all("refused" in text.get_text() for text in ax.texts)
    with pytest.raises(DataError, match="several pollutants"):
        plot.permit_changes(pd.concat([permits, permits.assign(pollutant="TN")]))


def test_map_of_areas() -> None:
    reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "b"], "to_node": ["b", "c"],
                            "length": [1000.0, 2000.0]})  # fmt: skip
    nodes = pd.DataFrame({"node": list("abc"), "x": [0.0, 1000.0, 3000.0], "y": 0.0})
    sections = pd.DataFrame({"section": ["S1", "S2"], "reach": ["R1", "R2"],
                             "position": [800.0, 1500.0]})  # fmt: skip
    network = RiverNetwork(reaches, nodes)
    units = network.control_units(sections)
    judged = pd.DataFrame({"section": ["S1", "S2"], "indicator": "COD", "attained": [True, False]})
    found = tiers.attaining_units(units, judged).set_index("control_unit")["attaining"]
    ax = plot.area_map(network, units, found.rename("COD"), sections)
    drawn = {
        str(c.get_label()): c.get_segments() for c in ax.collections if hasattr(c, "get_segments")
    }
    attaining = next(v for k, v in drawn.items() if k.endswith(" attaining") or k == "attaining")
    failing = next(v for k, v in drawn.items() if k.endswith("non-attaining"))
    # the upper unit ends at 800 m; the lower begins there and takes the rest
    assert [(line[0][0], line[-1][0]) for line in attaining] == [(0.0, pytest.approx(800.0))]
    assert min(line[0][0] for line in failing) == pytest.approx(800.0)
    assert max(line[-1][0] for line in failing) == pytest.approx(3000.0)
    with pytest.raises(DataError, match="X is not on the map"):
        plot.area_map(network, units, pd.Series({"X": True}))


# The units and their statement


def test_units_and_statement() -> None:
    units = pd.DataFrame({"control_unit": ["U", "U", "V"], "controlling": ["S1+S2", "S1+S2", "S3"]})
    judged = pd.DataFrame(
        {"section": ["S1", "S2", "S1", "S3"], "indicator": ["COD", "COD", "TN", "TN"],
         "attained": pd.array([True, False, True, None], dtype="boolean")}
    )  # fmt: skip
    found = tiers.attaining_units(units, judged).set_index(["control_unit", "pollutant"])
    assert found["attaining"].to_dict() == {
        ("U", "COD"): False, ("U", "TN"): False, ("V", "COD"): False, ("V", "TN"): False,
    }  # fmt: skip
    assert found["failing"].to_list() == ["S2", "", "", ""]
    assert found["unknown"].to_list() == ["", "S2", "S3", "S3"]
    assert found.loc[("U", "COD"), "sentence_zh"] == "非达标区：S2超标。"
    parks = pd.DataFrame({"park": ["P"], "pollutant": ["COD"], "sentence": ["a."],
                          "sentence_zh": ["甲。"]})  # fmt: skip
    words = tiers.statement(found.reset_index(), parks)
    assert words["subject"].to_list() == ["rule", "COD", "TN", "P"]
    assert words["sentence_zh"].to_list()[1] == "COD：2个控制单元中0个达标；非达标单元：U、V。"
    with pytest.raises(DataError, match="S9 judges no control unit"):
        tiers.attaining_units(units, judged.replace({"section": {"S3": "S9"}}))
