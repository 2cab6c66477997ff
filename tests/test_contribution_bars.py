"""Bars of the contributions of source classes show the numbers they were given."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from permitload import plot
from permitload.errors import DataError
from permitload.report import _sources

CLASSES = ["industry", "domestic", "farm"]


def table(sections: int = 2, values: list[float] | None = None) -> pd.DataFrame:
    rows = list(product([f"S{i}" for i in range(sections)], CLASSES, ["dry", "wet"]))
    frame = pd.DataFrame(rows, columns=["section", "source_class", "period"])
    made = np.resize(values or [0.4, 0.2, 0.1, 0.3, 0.25, 0.05], len(frame))
    return frame.assign(
        contribution=made, contribution_share=0.1, contribution_deviation=0.1 * made,
        contribution_lower=0.8 * made, contribution_upper=1.3 * made, pollutant="TN",
    )  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0.0, 1e3), min_size=12, max_size=12))
def test_bars_stack_to_the_sum_of_the_classes(values: list[float]) -> None:
    given_ = table(2, values)
    figure = plot.contribution_bars(given_).figure
    assert len(figure.axes) == 2
    for ax, (section, rows) in zip(figure.axes, given_.groupby("section"), strict=True):
        assert ax.get_title("left") == section
        bars = [bar for bar in ax.patches if isinstance(bar, Rectangle)]
        # a bar knows its two ends, up to 3000, and its height is their difference
        heights = [bar.get_height() for bar in bars]
        np.testing.assert_allclose(heights, rows["contribution"], rtol=0, atol=1e-9)
        tops = max(bar.get_y() + bar.get_height() for bar in bars)
        total = rows.groupby("period")["contribution"].sum().max()
        assert tops == pytest.approx(total, rel=1e-12, abs=1e-12)


def test_lines_end_at_the_interval_of_a_part() -> None:
    ax = plot.contribution_bars(table(1))
    lines = [line for line in ax.collections if isinstance(line, LineCollection)]
    ends = [tuple(s[:, 1]) for line in lines for s in line.get_segments()]
    # industry in the dry period: 0.4, from 0.32 to 0.52; domestic stands on it: 0.1, 0.08 to 0.13
    np.testing.assert_allclose(ends[0], (0.32, 0.52))
    np.testing.assert_allclose(ends[2], (0.4 + 0.08, 0.4 + 0.13))


def test_twelve_sections_are_drawn_and_it_says_so() -> None:
    values = [float(i + 1) for i in range(14) for _ in range(6)]
    figure = plot.contribution_bars(table(14, values)).figure
    assert [ax.get_title("left") for ax in figure.axes] == [f"S{i}" for i in range(2, 14)]
    assert figure.legends[0].get_title().get_text().endswith("(12 / 14)")


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(DataError, match="contribution_lower: is missing"):
        plot.contribution_bars(table().drop(columns="contribution_lower"))
    with pytest.raises(DataError, match="has no row"):
        plot.contribution_bars(table()[:0])
    with pytest.raises(DataError, match="is no number"):
        plot.contribution_bars(table().assign(contribution=np.nan))


def test_page_shows_the_period_of_the_greatest_rise_at_each_section() -> None:
    """S0: dry 0.4 + 0.1 + 0.25, wet 0.2 + 0.3 + 0.05."""
    view = _sources.contributions(table(1))
    assert [row[1].text for row in view.rows] == ["dry"] * 3
    assert [row[2].text for row in view.rows] == ["工业 industry", "生活 domestic", "农业 farm"]
    assert [row[3].text for row in view.rows] == ["0.4000", "0.1000", "0.2500"]
