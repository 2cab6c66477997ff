"""Two books of every source, tied by the works' law; sums at outlets; decided or background."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import sources
from permitload.errors import DataError

PERIODS = ["dry", "wet"]


def placed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["P1", "P2", "P3", "F1"],
            "source_class": ["industry", "industry", "domestic", "farm"],
            "enterprise": ["E1", "E2", "", ""],
            "outlet": ["O1", "", "", "O3"],
            "works": ["", "W1", "W1", ""],
            "wastewater_flow": [0.0, 0.05, 0.2, 0.0],
        }
    )


def plants() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "works": ["W1", "W1"],
            "outlet": ["O2", "O2"],
            "pollutant": ["COD", "NH3-N"],
            "design_flow": [0.25, 0.25],
            "acceptance_concentration": [500.0, 45.0],
            "outlet_concentration": [50.0, 5.0],
        }
    )


def loads(**change: object) -> pd.DataFrame:
    """Direct loads stated, indirect ones left to the law; P2's COD can be stated."""
    rows = [
        (source, pollutant, period, load, floor, ceiling)
        for source, pollutant, load, floor, ceiling in (
            ("P1", "COD", 60.0, 20.0, 80.0),
            ("P1", "NH3-N", 6.0, 0.0, np.nan),
            ("P2", "COD", change.get("stated", np.nan), 10.0, change.get("ceiling", np.nan)),
            ("P2", "NH3-N", np.nan, 0.0, np.nan),
            ("P3", "COD", np.nan, 0.0, np.nan),
            ("P3", "NH3-N", np.nan, 0.0, np.nan),
            ("F1", "COD", 40.0, 0.0, np.nan),
        )
        for period in PERIODS
    ]
    names = ["source", "pollutant", "period", "source_load", "floor", "ceiling"]
    return pd.DataFrame(rows, columns=names)


LINES = pd.Index([2, 3], name="line")


def refused(sentence: str, change: dict[str, pd.DataFrame]) -> None:
    tables = {"sources": placed(), "works": plants(), "source_loads": loads(), **change}
    with pytest.raises(DataError, match=re.escape(sentence)):
        sources.source_dataset(**tables, periods=PERIODS)


def test_outlet_of_every_source() -> None:
    before = placed()
    resolved = sources.resolve(before, plants())
    assert resolved["outlet"].tolist() == ["O1", "O2", "O2", "O3"]
    pd.testing.assert_frame_equal(before, placed())


def test_two_books() -> None:
    """0.05 m3/s: 500 mg/L accepted is 2160 kg/d, 50 mg/L discharged 216 kg/d."""
    book = sources.books(placed(), plants(), loads()).set_index(["source", "pollutant", "period"])
    got = book.xs("dry", level="period")[["accepted_load", "source_load", "floor", "ceiling"]]
    right = {
        ("P1", "COD"): (0.0, 60.0, 20.0, 80.0),
        ("P1", "NH3-N"): (0.0, 6.0, 0.0, 6.0),
        ("P2", "COD"): (2160.0, 216.0, 10.0, 216.0),
        ("P2", "NH3-N"): (194.4, 21.6, 0.0, 21.6),
        ("P3", "COD"): (8640.0, 864.0, 0.0, 864.0),
        ("P3", "NH3-N"): (777.6, 86.4, 0.0, 86.4),
        ("F1", "COD"): (0.0, 40.0, 0.0, 40.0),
    }
    assert list(got.index) == list(right)
    np.testing.assert_allclose(got.to_numpy(), list(right.values()), rtol=1e-13)


@pytest.mark.parametrize(
    ("stated", "accepted_load"), [(150.0, 1500.0), (216.0, 2160.0), (218.0, 2180.0)], ids=str
)
def test_stated_load_of_an_indirect_source(stated: float, accepted_load: float) -> None:
    """Rounding up to 1 % passes; the law stays the ceiling; both books tell the same ratio."""
    book = sources.books(placed(), plants(), loads(stated=stated))
    row = book[(book["source"] == "P2") & (book["pollutant"] == "COD")].iloc[0]
    assert row["source_load"] == stated
    assert row["accepted_load"] == pytest.approx(accepted_load, rel=1e-13)
    assert row["ceiling"] == pytest.approx(216.0, rel=1e-13)


@pytest.mark.parametrize("ceiling", [100.0, 216.0, 218.0])
def test_stated_ceiling_of_an_indirect_source(ceiling: float) -> None:
    book = sources.books(placed(), plants(), loads(ceiling=ceiling))
    row = book[(book["source"] == "P2") & (book["pollutant"] == "COD")].iloc[0]
    assert row["ceiling"] == ceiling


def test_ceiling_beyond_the_law_is_refused() -> None:
    sentence = "source_loads, row P2, COD, dry, ceiling: 219 kg/d exceeds the works' law, 216 kg/d"
    refused(sentence, {"source_loads": loads(ceiling=219.0)})


def test_works_that_adds_to_what_it_accepts_is_refused() -> None:
    adds = plants().assign(acceptance_concentration=[500.0, 4.0])
    sentence = (
        "works, row W1, NH3-N, acceptance_concentration: 4 mg/L is less than "
        "outlet_concentration, 5 mg/L; right would be at least 5 mg/L"
    )
    refused(sentence, {"works": adds})
    sources.resolve(placed(), plants().assign(acceptance_concentration=[50.0, 5.0]))


def test_permits_at_present_loads_hand_over_what_is_handed_over_now() -> None:
    """The two books agree: no change of the discharge is no change of what the works accepts."""
    data = sources.source_dataset(placed(), plants(), loads(stated=150.0), PERIODS)
    handed = sources.accepted(data["source_load"], plants())
    right = data["accepted_load"].sel(source=["P2", "P3"])
    np.testing.assert_allclose(handed.values, right.values, rtol=1e-13)
    assert handed.sel(source="P2", pollutant="COD", period="dry").item() == pytest.approx(1500.0)


def test_load_beyond_the_law_is_refused() -> None:
    sentence = "source_loads, row P2, COD, dry, source_load: 219 kg/d exceeds the works' law, 216"
    refused(sentence, {"source_loads": loads(stated=219.0)})


def test_accepted_book_of_permits() -> None:
    """Permits at the law give back what is accepted; halves of them half of it; none for direct."""
    data = sources.source_dataset(placed(), plants(), loads(), PERIODS)
    handed = sources.accepted(data["source_load"] * 0.5, plants())
    assert handed["source"].values.tolist() == ["P2", "P3"]
    assert handed.dims == ("source", "pollutant", "period")
    right = data["accepted_load"].sel(source=["P2", "P3"]) * 0.5
    np.testing.assert_allclose(handed.values, right.values, rtol=1e-13)
    assert handed.sel(source="P2", pollutant="COD", period="wet").item() == pytest.approx(1080.0)


def test_accepted_needs_a_law() -> None:
    data = sources.source_dataset(placed(), plants(), loads(), PERIODS)
    with pytest.raises(DataError, match="works, row P3, pollutant: has no law for a permitted"):
        sources.accepted(data["source_load"], plants().iloc[:1])


def test_dataset_of_sources() -> None:
    data = sources.source_dataset(placed(), plants(), loads(), PERIODS)
    assert dict(data.sizes) == {"source": 4, "pollutant": 2, "period": 2}
    assert data["outlet"].values.tolist() == ["O1", "O2", "O2", "O3"]
    assert data["source_class"].values.tolist() == ["industry", "industry", "domestic", "farm"]
    assert data["source_load"].sel(source="F1", pollutant="NH3-N").values.tolist() == [0.0, 0.0]
    assert not any(bool(data[name].isnull().any()) for name in data.data_vars)
    assert bool((data["floor"] <= data["ceiling"]).all())


def test_sum_at_outlets_covers_all_outlets() -> None:
    data = sources.source_dataset(placed(), plants(), loads(), PERIODS)
    outlets = pd.DataFrame({"outlet": ["O3", "O9", "O2", "O1"]})
    total = sources.by_outlet(data["source_load"], outlets)
    assert total.dims == ("outlet", "pollutant", "period")
    assert total["outlet"].values.tolist() == ["O3", "O9", "O2", "O1"]
    got = total.sel(pollutant="COD", period="wet").values
    np.testing.assert_allclose(got, [40.0, 0.0, 1080.0, 60.0], rtol=1e-13)
    assert total.sum().item() == pytest.approx(data["source_load"].sum().item(), rel=1e-13)
    by_index = sources.by_outlet(data["source_load"], outlets.set_index("outlet"))
    assert by_index.identical(total)


def test_sum_at_outlets_refuses_what_it_would_lose() -> None:
    data = sources.source_dataset(placed(), plants(), loads(), PERIODS)
    with pytest.raises(DataError, match="sources, row F1, outlet: O3 is not an outlet"):
        sources.by_outlet(data["source_load"], pd.DataFrame({"outlet": ["O1", "O2"]}))
    holed = data["source_load"].where(data["source"] != "P3")
    with pytest.raises(DataError, match="row P3, source_load: is NaN"):
        sources.by_outlet(holed, pd.DataFrame({"outlet": ["O1", "O2", "O3"]}))


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.permutations(range(14)))
def test_order_of_rows_does_not_matter(order: list[int], rows: list[int]) -> None:
    data = sources.source_dataset(placed(), plants(), loads(), PERIODS)
    turned = sources.source_dataset(
        placed().iloc[order], plants().iloc[::-1], loads().iloc[rows], PERIODS
    )
    xr.testing.assert_identical(turned.reindex_like(data), data)


@given(st.lists(st.sampled_from(["industry", "domestic", "farm"]), min_size=1, unique=True))
def test_every_source_is_decided_or_background(decided: list[str]) -> None:
    inside, outside = sources.split(placed(), decided)
    assert sorted([*inside["source"], *outside["source"]]) == ["F1", "P1", "P2", "P3"]
    assert set(inside["source_class"]) == set(decided)
    assert not set(outside["source_class"]) & set(decided)


def test_deciding_a_class_that_no_source_has() -> None:
    with pytest.raises(DataError, match="source_class: other has no source; right would be one of"):
        sources.split(placed(), ["other"])


def with_cell(table: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    changed = table.copy()
    changed.loc[row, column] = value
    return changed


@pytest.mark.parametrize(
    ("sentence", "change"),
    [
        (
            "sources, row P2, outlet: O1 is given, and so is works W1; right would be either",
            {"sources": with_cell(placed(), 1, "outlet", "O1")},
        ),
        (
            "sources, row P1, outlet: is empty, and so is works; right would be either",
            {"sources": with_cell(placed(), 0, "outlet", "")},
        ),
        (
            "sources, row P2, works: W7 is not a works; right would be one of W1",
            {"sources": with_cell(placed(), 1, "works", "W7")},
        ),
        (
            "works, row W1, COD, design_flow: 0.25 m3/s is less than the 0.26 m3/s that its",
            {"sources": with_cell(placed(), 1, "wastewater_flow", 0.06)},
        ),
        (
            "sources, row P2, wastewater_flow: 0 m3/s is not positive for a source behind a works",
            {"sources": with_cell(placed(), 1, "wastewater_flow", 0.0)},
        ),
        (
            "works, row W1, NH3-N, outlet: O9 differs from the row before; right would be one",
            {"works": with_cell(plants(), 1, "outlet", "O9")},
        ),
        (
            "works, row W1, COD, outlet_concentration: 0 mg/L is not positive",
            {"works": with_cell(plants(), 0, "outlet_concentration", 0.0)},
        ),
        (
            "source_loads, row P1, COD, dry, source_load: is empty for a direct source",
            {"source_loads": with_cell(loads(), 0, "source_load", np.nan)},
        ),
        (
            "source_loads, row P9, COD, dry, source: P9 is not a source; right would be one of P1",
            {"source_loads": with_cell(loads(), 0, "source", "P9")},
        ),
        (
            "source_loads, row P1, COD, period: is empty; right would be one row a period",
            {"source_loads": with_cell(loads(), 0, "period", "")},
        ),
        (
            "source_loads, row P1, COD, dry, floor: 81 kg/d exceeds the ceiling, 80 kg/d",
            {"source_loads": with_cell(loads(), 0, "floor", 81.0)},
        ),
        (
            "source_loads, row P1, COD, period: has no row for dry; right would be every period",
            {"source_loads": loads().drop(index=0)},
        ),
        (
            "sources, row F1, source: F1 has no row in source_loads",
            {"source_loads": loads().iloc[:12]},
        ),
        (
            "sources, row P3, source: P3 has no row in source_loads for NH3-N, which its works",
            {"source_loads": loads().drop(index=[10, 11])},
        ),
        (
            "source_loads, row P2, NH3-N, dry, pollutant: NH3-N has no law at the works",
            {"works": plants().iloc[:1]},
        ),
        (
            "works.csv, row 3 (W1, COD), works: is repeated; right would be one row a key",
            {"works": plants().assign(pollutant="COD").set_axis(LINES)},
        ),
        (
            "sources, row P1, source: is repeated; right would be one row a key",
            {"sources": pd.concat([placed(), placed().iloc[:1]])},
        ),
        (
            "sources, row P2, wastewater_flow: much is not valid; right would be a number from 0",
            {"sources": placed().assign(wastewater_flow=[0.1, "much", 0.1, 0.0])},
        ),
        (
            "works.csv, row 3 (W1, NH3-N), design_flow: -1.0 is not valid; right would be a number",
            {"works": with_cell(plants(), 1, "design_flow", -1.0).set_axis(LINES)},
        ),
        (
            "works.csv, row 2, pollutant: is empty; right would be a label\n"
            "  works.csv, row 2, outlet_concentration: is empty; right would be a number from 0 to",
            {
                "works": pd.DataFrame(
                    [
                        {
                            "outlet": "O2",
                            "design_flow": 1.0,
                            "acceptance_concentration": 500.0,
                            "works": "",
                            "pollutant": None,
                            "outlet_concentration": None,
                        }
                    ],
                    index=LINES[:1],
                )
            },
        ),
        (
            "works, outlet_concentration: is missing; right would be a column outlet_concentration",
            {"works": plants().drop(columns="outlet_concentration")},
        ),
    ],
)
def test_contradictions_are_named(sentence: str, change: dict[str, pd.DataFrame]) -> None:
    refused(sentence, change)


def test_works_full_to_the_brim_is_accepted() -> None:
    assert len(sources.resolve(placed(), plants())) == 4
