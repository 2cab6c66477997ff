"""Figures of months: what is on their Axes."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.patches import Rectangle

from permitload import plot
from permitload.errors import DataError

PERIODS = ["2026-01", "2026-02", "2026-03"]


def loads(values: object) -> xr.DataArray:
    return xr.DataArray(values, {"enterprise": ["E1", "E2"], "period": PERIODS})


def test_quota_map_writes_shares_and_frames_what_was_exceeded() -> None:
    plan = loads([[10.0, 10.0, 0.0], [20.0, 20.0, 20.0]])
    quota = loads([[9.0, 5.0, 0.0], [20.0, 15.0, 10.0]])
    used = loads([[8.0, 6.0, np.nan], [20.0, 15.0, 10.5]])
    ax = plot.quota_map(quota, plan, used)
    assert [text.get_text() for text in ax.texts] == ["0.90", "0.50", "1.00", "0.75", "0.50"]
    frames = [p for p in ax.patches if isinstance(p, Rectangle)]
    corners = [(round(p.get_x() + 0.46), round(p.get_y() + 0.46)) for p in frames]
    assert corners == [(1, 0), (2, 1)]
    assert "framed" in ax.get_title()
    assert "framed" not in plot.quota_map(quota, plan).get_title()
    assert plot.png(ax)[1:4] == b"PNG"


def test_quota_map_draws_forty_of_many_and_says_so() -> None:
    many = xr.DataArray(
        np.arange(1.0, 46.0)[:, None], {"enterprise": [f"E{k}" for k in range(45)], "period": ["a"]}
    )
    ax = plot.quota_map(many, many)
    assert len(ax.get_yticklabels()) == 40
    assert "(40 / 45)" in ax.get_title()
    assert ax.get_yticklabels()[0].get_text() == "E5"


def test_park_use_rings_what_is_above_the_limit() -> None:
    one = xr.DataArray([10.0, 20.0, 30.0], {"period": PERIODS})
    used = xr.DataArray([9.0, 26.0, np.nan], {"period": PERIODS})
    ax = plot.park_use(0.9 * one, used, 1.2 * one, one)
    assert [bar.get_height() for bar in ax.patches if isinstance(bar, Rectangle)] == pytest.approx(
        [9.0, 18.0, 27.0]
    )
    ringed = ax.collections[-1].get_offsets().data.tolist()
    assert ringed == [[1.0, 26.0]]
    limit = ax.lines[0]
    assert limit.get_ydata()[1:].tolist() == pytest.approx([12.0, 24.0, 36.0])
    assert "ringed" in ax.get_title()
    assert plot.png(ax)[1:4] == b"PNG"


def test_section_course_draws_over_the_standard() -> None:
    labels = {"section": ["S1", "S2"], "period": PERIODS}
    got = xr.DataArray([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]], labels)
    most = xr.DataArray([[4.0] * 3, [2.5] * 3], labels)
    ax = plot.section_course(got, 0.5 * got, most, 0.9 * most)
    lines = [line.get_ydata() for line in ax.lines]
    np.testing.assert_allclose(lines[0], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(lines[1], [0.125, 0.25, 0.375])
    np.testing.assert_allclose(lines[2], [0.8] * 3)
    assert [float(line[0]) for line in lines[4:]] == pytest.approx([1.0, 0.9])
    assert plot.png(ax)[1:4] == b"PNG"


def test_months_refuse_other_labels_and_numbers_that_are_none() -> None:
    plan = loads(np.ones((2, 3)))
    with pytest.raises(DataError, match="other labels of period"):
        plot.quota_map(plan.assign_coords(period=["a", "b", "c"]), plan)
    with pytest.raises(DataError, match="plan, row E1, 2026-01, plan: is NaN"):
        plot.quota_map(plan, plan.where(plan["period"] != "2026-01"))
    with pytest.raises(DataError, match="dimensions"):
        plot.park_use(plan, plan, plan, plan)
