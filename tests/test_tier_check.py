"""What a check finds in the tables of tiers, before anything runs."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from permitload import io, study
from permitload.errors import DataError

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "nantong"
PARK = "常安纺织产业园"
Change = Callable[[pd.DataFrame], pd.DataFrame]


def checked(folder: Path, **changes: Change | None) -> list[str]:
    """Faults of the sample with changed tables; a table without a change is taken away."""
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("results"))
    tables, _ = io.read_study_tables(SAMPLE)
    for name, change in changes.items():
        if change is None:
            (folder / f"{name}.csv").unlink()
        else:
            changed = change(tables[name].dropna(axis=1, how="all")).reset_index(drop=True)
            io.write_table(changed, folder / f"{name}.csv")
    return [str(fault) for fault in study.check(folder)]


def one(column: str, value: object, row: int = 0) -> Change:
    """Change one cell."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        changed = table.copy()
        changed.loc[changed.index[row], column] = value
        return changed

    return change


def without(column: str, *labels: str) -> Change:
    return lambda table: table[~table[column].isin(labels)]


def test_sample_has_no_fault(tmp_path: Path) -> None:
    assert checked(tmp_path / "study") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tier_applications": None}, "tier_parks.csv, rows: are not used"),
        ({"tier_parks": None}, "tier_parks.csv, rows: has no row"),
        ({"tier_products": None}, "tier_products.csv, rows: has no row"),
        ({"tier_values": None}, "tier_values.csv, rows: has no row"),
        ({"tier_applications": one("tier", "B")}, "tier: B is not used"),
        ({"tier_applications": one("park", "P")}, "park: P is not a park of tier_parks"),
        ({"tier_applications": one("trigger", "later")}, "trigger: later is not a trigger"),
        ({"tier_applications": one("book", "both")}, "book: both is not a book"),
        ({"tier_applications": one("pollutant", "TN")}, "pollutant: TN is not studied"),
        ({"tier_applications": one("current_permit", np.nan)}, "current_permit: is missing"),
        ({"tier_applications": one("trigger", "first")}, "specification_load: is missing"),
        ({"tier_applications": one("effective_date", pd.Timestamp("2031-01-01"))},
         "A01 has no emission in the three years before"),
        ({"tier_emissions": one("emission", -1.0)}, "emission: -1.0 is too small"),
        ({"tier_emissions": without("enterprise", "A01")}, "A01 has no emission"),
        ({"tier_products": without("enterprise", "A01")}, "enterprise: A01 has no capacity"),
        ({"tier_products": one("production_capacity", 0.0)},
         "production_capacity: 0 t/a stands beside an emission"),
        ({"tier_products": one("benchmark_drainage", np.nan, 8)}, "is one of several"),
        ({"tier_values": without("enterprise", "A01")}, "tiers, row A01, tier: is no tier"),
        ({"tier_values": one("criterion", "luck")}, "criterion: luck is not a criterion"),
        ({"tier_values": one("value", np.nan)}, "row A01, monitoring_rate: is missing"),
        ({"tier_indicators": None, "tier_values": None},
         "tier_vetoes.csv, rows: are not used: tiers are stated"),
        ({"tier_vetoes": one("enterprise", "Z")}, "enterprise: Z is not rated"),
        ({"tier_parks": one("outlet", "O-TZ")}, "outlet: O-TZ is that of two parks"),
        ({"tier_parks": one("outlet", "O-X")}, "outlet: O-X has no decided source"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_the_run(
    tmp_path: Path, changes: dict[str, Change | None], words: str
) -> None:
    found = checked(tmp_path / "study", **changes)
    assert any(words in fault for fault in found), found
    assert all("right would be" in fault for fault in found)


def test_a_line_that_only_one_area_needs_is_left_to_the_run(tmp_path: Path) -> None:
    """Eight of tier A need no line where water attains, and the poor one where it does not."""
    eight = [f"A0{i}" for i in range(1, 9)]

    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["enterprise"].isin(eight)]

    tables = dict.fromkeys(("tier_products", "tier_emissions"), own)
    found = checked(
        tmp_path / "study", **tables, tier_indicators=None, tier_values=None, tier_vetoes=None,
        tier_applications=lambda t: own(t).assign(tier="A"),
    )  # fmt: skip
    assert found == []
    with pytest.raises(DataError, match="has no poor line for this pollutant and book") as caught:
        study.run(tmp_path / "study", tmp_path / "results")
    # NH3-N alone does not attain
    assert {str(fault.row).split(", ")[1] for fault in caught.value.faults} == {"NH3-N"}


def test_a_product_of_few_enterprises_needs_stated_lines(tmp_path: Path) -> None:
    few = [f"A0{i}" for i in range(5, 9)]  # C, C, D, D

    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["enterprise"].isin(few)]

    bare = {"tier_products": lambda t: own(t).assign(benchmark_drainage=np.nan)}
    others = dict.fromkeys(("tier_emissions", "tier_applications"), own)
    found = checked(tmp_path / "study", **bare, **others)
    assert len(found) == 0  # C needs the poor line, or average and advanced: two questions
    with pytest.raises(DataError, match="has no poor line"):
        study.run(tmp_path / "study", tmp_path / "results")


def test_a_limit_that_differs_between_periods_is_one_sentence(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "study", ignore=shutil.ignore_patterns("results"))
    rows = "S1,COD,2022-Q1,15,assumed,\nS1,COD,2022-Q2,18,assumed,\n"
    header = "section,indicator,period,limit [mg/L],basis,note\n"
    (tmp_path / "study" / "standards.csv").write_text(header + rows, "utf8")
    assert [str(fault) for fault in study.check(tmp_path / "study")] == [
        "tier_applications.csv, rows: cannot be judged: limits of COD at S1 differ between periods,"
        " and a mean has one limit; right would be one limit, or the rule every_month or "
        "monthly_share"
    ]


def test_water_that_leads_to_no_section_is_named_before_the_run(tmp_path: Path) -> None:
    """Areas rest on control units, which such water has none of."""

    def and_an_idle_canal(**row: object) -> Change:
        return lambda table: pd.concat([table, pd.DataFrame([row])])

    found = checked(
        tmp_path / "study",
        reaches=and_an_idle_canal(reach="R9", from_node="X", to_node="Y", length=100.0, width=5.0),
        flows=lambda t: pd.concat([t, t.drop_duplicates("period").assign(reach="R9", flow=0.0)]),
    )
    assert found == [
        "reaches.csv, reach: R9 lead to no section; right would be a control section on every "
        "connected part of the network"
    ]
