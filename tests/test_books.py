"""Accounts of one emission side by side, and where their difference comes from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle

from permitload import plot, sources
from permitload.errors import DataError


def books(*rows: tuple[object, ...], **columns: object) -> pd.DataFrame:
    names = ["enterprise", "outlet", "outlet_kind", "account", "book_mass", "book_volume"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(pollutant="TN", book="discharged", method="given").assign(**columns)


# Four invented electroplating works. The pilot text of Wujin publishes one number of them
# together: permitted TN is 7.3 times the statistics.
PLATING = books(
    ("E1", "DW001", "main", "statistics", 2.0, 1.0e5),
    ("E1", "DW001", "main", "permit", 9.0, 1.8e5),
    ("E2", "DW001", "main", "statistics", 0.5, 4.0e4),
    ("E2", "DW001", "main", "permit", 6.0, 1.2e5),
    ("E3", "DW001", "main", "statistics", 1.5, 9.0e4),
    ("E3", "DW001", "main", "permit", 12.0, 2.0e5),
    ("E3", "DW002", "general", "statistics", 0.4, 3.0e4),
    ("E3", "DW002", "general", "permit", None, None),
    ("E4", "DW001", "main", "statistics", 1.0, 5.0e4),
    ("E4", "DW001", "main", "permit", 9.5, 1.0e5),
)
SECTOR = pd.DataFrame({"group": "electroplating", "enterprise": ["E1", "E2", "E3", "E4"]})
PARTS = ["concentration_part", "volume_part"]


def test_ratio_of_the_pilot_text_is_that_of_sums() -> None:
    every = sources.compare_books(PLATING)
    total = sources.compared_totals(every, SECTOR).set_index(["outlet_kind", "account"])
    permit = total.loc["main", "permit"]
    assert permit["mass_ratio"] == pytest.approx(7.3, rel=1e-12)
    # traps: the mean of ratios, and the general outlet that no permit covers
    ratios = every.query("account == 'permit'")["mass_ratio"].dropna()
    assert ratios.mean() == pytest.approx(8.5)
    assert permit["mass_ratio"] != pytest.approx(36.5 / 5.4)
    assert total.loc["general", "permit"][["left_out", "outlets"]].tolist() == ["E3 DW002", 0.0]
    assert np.isnan(total.loc["general", "permit"]["mass_ratio"])
    assert permit[PARTS].sum() == pytest.approx(permit["mass_difference"], rel=1e-12)
    assert permit["mass_difference"] == pytest.approx(36.5 - 5.0, rel=1e-12)


def test_parts_by_hand() -> None:
    found = sources.compare_books(PLATING).iloc[1]
    # 20 mg/L in 1e5 m3 to 50 mg/L in 1.8e5 m3: 30 × 1.4e5 and 8e4 × 35, in g
    assert found[PARTS].tolist() == pytest.approx([4.2, 2.8], rel=1e-12)
    assert found[["mass_difference", "mass_ratio"]].tolist() == pytest.approx([7.0, 4.5])
    other = sources.compare_books(PLATING, decompose=sources.log_mean_parts).iloc[1]
    mean = 7.0 / np.log(4.5)
    assert other[PARTS].tolist() == pytest.approx([mean * np.log(2.5), mean * np.log(1.8)])


MASS, WATER = st.floats(1e-3, 1e4), st.floats(1.0, 1e8)


@settings(max_examples=60, deadline=None)
@given(MASS, WATER, MASS, WATER)
def test_parts_close_and_turn_round(m0: float, v0: float, m1: float, v1: float) -> None:
    there = [np.array([v]) for v in (m0, v0, m1, v1)]
    back = [there[i] for i in (2, 3, 0, 1)]
    for parts in (sources.shapley_parts, sources.log_mean_parts):
        one, two = parts(*there)
        scale = abs(one) + abs(two) + m0 + m1
        assert abs(one + two - (m1 - m0)) <= 1e-12 * scale
        turned = parts(*back)
        assert abs(turned[0] + one) <= 1e-12 * scale
        assert abs(turned[1] + two) <= 1e-12 * scale
        # a factor that rises adds, one that stands still adds nothing
        assert one * (m1 / v1 - m0 / v0) >= -1e-12 * scale * abs(m1 / v1 - m0 / v0)
        assert two * (v1 - v0) >= 0
        same = parts(there[0], there[1], there[2], there[1])
        assert abs(same[1]) <= 1e-12 * scale


def test_shapley_is_the_mean_over_both_orders() -> None:
    m0, v0, m1, v1 = 2.0, 1e5, 9.0, 1.8e5
    c0, c1 = m0 / v0, m1 / v1
    first = (c1 - c0) * v0, (c1 - c0) * v1
    water = (v1 - v0) * c1, (v1 - v0) * c0
    found = sources.shapley_parts(*(np.array([v]) for v in (m0, v0, m1, v1)))
    assert [float(p[0]) for p in found] == pytest.approx([np.mean(first), np.mean(water)])


def test_log_mean_of_equal_masses_is_their_mass() -> None:
    one = [np.array([v]) for v in (4.0, 1e5, 4.0, 2e5)]
    assert [float(p[0]) for p in sources.log_mean_parts(*one)] == pytest.approx(
        [-4 * np.log(2), 4 * np.log(2)]
    )
    with pytest.raises(DataError, match="shapley_parts"):
        sources.log_mean_parts(np.array([0.0]), *(np.array([1.0]) for _ in range(3)))


def test_books_are_never_mixed_and_every_gap_has_a_reason() -> None:
    table = books(
        ("E1", "DW001", "main", "statistics", 1.0, 1e5),
        ("E1", "DW001", "main", "permit", 3.0, None),
        ("E1", "DW001", "main", "eia_total", 30.0, 1e5),
        ("E1", "DW001", "main", "total_quota", 4.0, 1e5),
        ("E1", "DW001", "main", "execution_report", None, None),
        ("E2", "DW001", "main", "permit", 5.0, 1e5),
        ("E3", "DW001", "main", "statistics", 0.0, 0.0),
        ("E3", "DW001", "main", "recomputed", 0.2, 1e4),
        ("E4", "DW001", "main", "statistics", None, None),
        ("E4", "DW001", "main", "permit", 0.2, 1e4),
    )
    table.loc[2, "book"] = "accepted"
    found = sources.compare_books(table)
    assert found["reason"].tolist() == [
        "", "no water stated: no parts", "another book than statistics", "",
        "the account has no mass", "not in statistics",
        "statistics is 0: no ratio", "statistics is 0: no ratio", "the account has no mass",
        "statistics has no mass",
    ]  # fmt: skip
    assert found["mass_ratio"].dropna().tolist() == [1.0, 3.0, 4.0]
    assert found["mass_difference"].dropna().tolist() == [0.0, 2.0, 3.0, 0.0, 0.2]
    # once the statistics have the other book too, it is compared in that book
    both = pd.concat([table, table.iloc[:1].assign(book="accepted", book_mass=10.0)])
    assert sources.compare_books(both)["mass_ratio"].tolist()[2] == 3.0


@pytest.mark.parametrize("reference", ["permit", "statistics"])
def test_order_of_rows_changes_nothing(reference: str) -> None:
    found = sources.compare_books(PLATING, reference)
    turned = sources.compare_books(PLATING.iloc[::-1], reference).iloc[::-1]
    pd.testing.assert_frame_equal(found, turned)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (PLATING.assign(outlet_kind="other"), "one of main, general"),
        (PLATING.assign(book="net"), "one of accepted, discharged"),
        (PLATING.assign(outlet="DW001", account=PLATING["account"] + PLATING["outlet"]),
         "one kind an outlet"),
        (PLATING.assign(book_volume=0.0), "carries a mass above 0"),
        (PLATING[PLATING["account"] == "permit"], "statistics is in no row"),
        (pd.concat([PLATING, PLATING.iloc[:1]]), "is repeated"),
        (PLATING.assign(book_mass=-1.0), "book_mass: -1.0 is not valid"),
    ],
)  # fmt: skip
def test_bad_books_are_refused(table: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        sources.compare_books(table)


def test_an_outlet_that_an_account_forgets_is_left_out_by_name() -> None:
    fewer = PLATING.drop(index=3)  # no permit for E2
    total = sources.compared_totals(sources.compare_books(fewer), SECTOR)
    permit = total.set_index(["outlet_kind", "account"]).loc["main", "permit"]
    assert permit[["outlets", "left_out"]].tolist() == [3.0, "E2 DW001"]
    assert permit["mass_ratio"] == pytest.approx(30.5 / 4.5, rel=1e-12)  # not over 5.0


def test_totals_need_one_group_an_enterprise() -> None:
    every = sources.compare_books(PLATING)
    with pytest.raises(DataError, match="E4, enterprise: has no group"):
        sources.compared_totals(every, SECTOR.iloc[:3])
    with pytest.raises(DataError, match="compared, book_mass: is missing"):
        sources.compared_totals(every.drop(columns="book_mass"), SECTOR)
    with pytest.raises(DataError, match="E1, enterprise: has two groups"):
        sources.compared_totals(every, pd.concat([SECTOR, SECTOR.iloc[:1]]))


def test_figure_shows_accounts_and_parts() -> None:
    total = sources.compared_totals(sources.compare_books(PLATING), SECTOR)
    ax = plot.books(total.query("outlet_kind == 'main'"))
    widths = [bar.get_width() for bar in ax.patches if isinstance(bar, Rectangle)]
    assert widths[:2] == pytest.approx([5.0, 36.5])
    parts = total.query("account == 'permit' and outlet_kind == 'main'")[PARTS].iloc[0]
    assert widths[2:] == pytest.approx(parts.tolist())
    assert "7.3 ×" in " ".join(text.get_text() for text in ax.texts)
    with pytest.raises(DataError, match="at least"):
        plot.books(total.iloc[:0])
