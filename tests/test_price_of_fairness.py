"""Price of fairness: a park by hand, invariants, what is undefined and what is refused."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager

from permitload import plot
from permitload.errors import DataError
from permitload.fairness import price_of_fairness
from permitload.program import Program
from permitload.sharing import Rows, fill, proportion

DIMS = ["source", "period"]


def loads(values: Any) -> xr.DataArray:
    return xr.DataArray(values, {"source": [f"E{i + 1}" for i in range(len(values))]})


def test_park_by_hand() -> None:
    """Three sources, two sections: x1 + x2 <= 10 and x1 + x2 + x3 <= 18, claims of 10 each."""
    rows, claim = Rows(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]), np.array([10.0, 18.0])), 10.0
    program = Program().columns(["E1", "E2", "E3"], 0.0, claim).at_most(["S1", "S2"], *rows)
    best = program.maximise(1.0)
    price = np.array([1.0, 1.0, 4.0])

    def cost(load: xr.DataArray) -> float:
        return float(price @ (claim - load.values))

    # Cheapest: E1 and E2 give up the 12 that the second section needs, the dear E3 nothing.
    least = cost(loads(program.maximise(price).column.to_numpy()))
    assert least == pytest.approx(12.0)
    rules = {
        "fill": loads(fill([claim] * 3, rows).share),
        "ray": loads(proportion([claim] * 3, rows).share),
        "vertex": loads([8.0, 0.0, 10.0]),
    }
    table = price_of_fairness(rules, loads([claim] * 3), best.value, cost, least)
    assert table["permitted_load"].to_dict() == pytest.approx({"fill": 18, "ray": 15, "vertex": 18})
    assert table["price_in_total"].to_dict() == pytest.approx(
        {"fill": 0, "ray": 1 / 6, "vertex": 0}
    )
    # costs by hand: 5+5+4·2 = 18; 5+5+4·5 = 30; 2+10+0 = 12
    assert table["cost"].to_dict() == pytest.approx({"fill": 18, "ray": 30, "vertex": 12})
    assert table["price_in_cost"].to_dict() == pytest.approx({"fill": 0.5, "ray": 1.5, "vertex": 0})
    # Gini: shares 5/18, 5/18, 8/18 of equal claims: (0 + 3 + 3)/18/3 = 1/9; none; 20/18/3
    assert table["gini"].to_dict() == pytest.approx({"fill": 1 / 9, "ray": 0, "vertex": 10 / 27})
    assert table["least_level"].to_dict() == pytest.approx({"fill": 0.5, "ray": 0.5, "vertex": 0})
    assert table["shut"].to_dict() == {"fill": 0, "ray": 0, "vertex": 1}
    assert (table["reason"] == "").all()
    assert not np.signbit(table[["price_in_total", "price_in_cost"]]).any(axis=None)  # no "-0.0"
    assert table.index.name == "rule"


def test_without_cost_there_are_no_columns_of_cost() -> None:
    table = price_of_fairness({"all": loads([1.0, 3.0])}, loads([1.0, 3.0]), 5.0)
    assert list(table) == [
        "permitted_load", "price_in_total", "gini", "least_level", "shut", "reason",
    ]  # fmt: skip
    assert table.loc["all"].drop("reason").tolist() == pytest.approx([4.0, 0.2, 0.0, 1.0, 0])


def test_periods_count_by_their_days() -> None:
    days = {"period": ["wet", "dry"], "days": ("period", [300.0, 65.0])}
    load = xr.DataArray([[10.0, 2.0], [20.0, 0.0]], {"source": ["E1", "E2"], **days}, DIMS)
    total = xr.DataArray([30.0, 2.0], days, ["period"])
    table = price_of_fairness({"rule": load}, load.isel(period=0, drop=True), total)
    wet, dry = 300 / 365, 65 / 365
    assert table.loc["rule", "permitted_load"] == pytest.approx(30 * wet + 2 * dry)
    assert table.loc["rule", "price_in_total"] == pytest.approx(0.0, abs=1e-15)
    assert table.loc["rule", "least_level"] == pytest.approx(wet)  # E2: nothing in the dry part
    assert table.loc["rule", "shut"] == 0
    with pytest.raises(DataError, match="rule has periods without days"):
        price_of_fairness({"rule": load.drop_vars("days")}, load, total)


def constant(cost: float) -> Callable[[xr.DataArray], float]:
    return lambda load: cost


Park = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.1, 100.0) | st.just(0.0), min_size=n, max_size=n),
        st.lists(st.floats(0.1, 100.0), min_size=n, max_size=n),
    )
)


@given(Park, st.floats(0.0, 50.0), st.floats(1e-3, 1e3), st.randoms())
@settings(max_examples=60, deadline=None)
def test_neither_order_nor_unit_matters(
    park: tuple[list[float], list[float]], more: float, unit: float, random: Any
) -> None:
    load, claim = loads(park[0]), loads(park[1])
    best = float(load.sum()) + more + 0.1
    table = price_of_fairness({"rule": load}, claim, best)
    order = list(load["source"].values)
    random.shuffle(order)
    moved = price_of_fairness({"rule": load.sel(source=order) * unit}, claim * unit, best * unit)
    pure = ["price_in_total", "gini", "least_level"]
    np.testing.assert_allclose(moved[pure], table[pure], rtol=1e-9, atol=1e-9)
    assert moved["shut"].item() == table["shut"].item()
    assert 0 <= table["price_in_total"].item() <= 1
    assert table["price_in_total"].item() == pytest.approx((more + 0.1) / best, rel=1e-6)


def test_what_is_undefined_has_a_reason() -> None:
    none = loads([0.0, 0.0])
    table = price_of_fairness({"none": none}, loads([1.0, 2.0]), 0.0, lambda _: 0.0, 0.0)
    assert table[["price_in_total", "price_in_cost", "gini"]].isna().all(axis=None)
    reasons = table["reason"].item().split("; ")
    assert {"the efficient total is 0", "the least cost is 0"} < set(reasons)
    assert len(reasons) == 3  # and that of the Gini coefficient
    assert table["shut"].item() == 2
    idle = price_of_fairness({"some": loads([1.0, 0.0])}, none, 2.0)
    assert np.isnan(idle["least_level"].item())
    assert idle["reason"].item()


def test_one_source_is_even() -> None:
    table = price_of_fairness({"rule": loads([2.0])}, loads([4.0]), 2.0)
    assert table.loc["rule", ["gini", "least_level", "price_in_total"]].tolist() == [0.0, 0.5, 0.0]


def test_what_is_refused() -> None:
    load = loads([1.0, 3.0])
    with pytest.raises(DataError, match="a rule at least"):
        price_of_fairness({}, load, 4.0)
    with pytest.raises(DataError, match="both or neither"):
        price_of_fairness({"rule": load}, load, 4.0, lambda _: 1.0)
    with pytest.raises(DataError, match=r"row rule, efficient total: 4\.0 is out of range"):
        price_of_fairness({"rule": load}, load, 3.9)
    with pytest.raises(DataError, match=r"row rule, least cost: 1\.0 .*no better than 2"):
        price_of_fairness({"rule": load}, load, 4.0, lambda _: 1.0, 2.0)
    for bad in (np.nan, -1.0, np.inf):
        with pytest.raises(DataError, match="efficient total"):
            price_of_fairness({"rule": load}, load, bad)
        with pytest.raises(DataError, match="row rule, cost"):
            price_of_fairness({"rule": load}, load, 4.0, constant(bad), 0.0)
        with pytest.raises(DataError, match="rule, row E1, rule"):
            price_of_fairness({"rule": loads([bad, 1.0])}, load, 4.0)
        with pytest.raises(DataError, match="target, row E1, target"):
            price_of_fairness({"rule": load}, loads([bad, 1.0]), 4.0)
    with pytest.raises(DataError, match="E2, target: has no partner"):
        price_of_fairness({"rule": load}, load[:1], 4.0)
    with pytest.raises(DataError, match="one pollutant"):
        price_of_fairness({"rule": load.expand_dims(pollutant=["COD", "TP"])}, load, 4.0)


# The figure


def prices(**columns: list[float]) -> pd.DataFrame:
    given_ = {"price_in_total": [0.1, 0.25], "price_in_cost": [0.5, np.nan], "gini": [0.25, 0.0]}
    return pd.DataFrame(given_ | columns, ["fill", "等比例"]).rename_axis("rule")


def test_figure_has_a_bar_a_measure_and_their_numbers() -> None:
    ax = plot.fairness(prices())
    widths = [[float(bar.get_width()) for bar in bars] for bars in ax.containers]
    assert widths == [[0.1, 0.25], [0.5, 0.0], [0.25, 0.0]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["fill", "等比例"]
    texts = [text.get_text() for text in ax.texts]
    assert [*texts[:3], *texts[4:]] == ["10.0 %", "25.0 %", "50.0 %", "0.250", "0.000"]
    assert texts[3].endswith("undefined")
    assert len(plot.fairness(prices().drop(columns="price_in_cost")).containers) == 2
    assert plot.png(ax)[1:4] == b"PNG"
    # bars of one rule do not cover each other, nor those of the next
    boxes = [bar.get_window_extent() for bars in ax.containers for bar in bars]
    ends = sorted((box.y0, box.y1) for box in boxes)
    assert all(a[1] <= b[0] + 1e-9 for a, b in itertools.pairwise(ends))


def test_figure_in_english_without_a_chinese_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["DejaVu Sans"])
    ax = plot.fairness(prices())
    assert ax.get_title() == "price of fairness"
    assert ax.texts[3].get_text() == "undefined"


def test_figure_refuses() -> None:
    with pytest.raises(DataError, match="no rules"):
        plot.fairness(prices().iloc[:0])
    with pytest.raises(DataError, match="gini: is missing"):
        plot.fairness(prices().drop(columns="gini"))
    with pytest.raises(DataError, match=r"row fill, gini: -1\.0 is out of range"):
        plot.fairness(prices(gini=[-1.0, 0.2]))
    many = pd.concat([prices()] * 25)
    assert "(40 / 50)" in plot.fairness(many).get_title()
