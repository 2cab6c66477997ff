"""The real group month by month: quotas from records of the year before, under its limit."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.real_data

STUDY = Path(__file__).parents[1] / "studies" / "tampa-bay"
US_TON = 0.90718474
LIMIT = 124.1 * US_TON
"""Tonnes a year, as published."""
PORT_SUTTON, HOPEWELL, KINGSFORD = "FL0000264", "FL0032590", "FL0000256"


@pytest.fixture(scope="module")
def src() -> Path:
    home = os.environ.get("PERMITLOAD_DATA")
    if not home or not Path(home, "tampa-bay").is_dir():
        pytest.skip("PERMITLOAD_DATA does not lead to tampa-bay")
    return Path(home, "tampa-bay")


@pytest.fixture(scope="module")
def monthly() -> Any:
    sys.path.insert(0, str(STUDY))
    try:
        spec = importlib.util.spec_from_file_location("tampa_bay_monthly", STUDY / "monthly.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(STUDY))
        sys.modules.pop("convert", None)


@pytest.fixture(scope="module")
def done(src: Path, monthly: Any) -> dict[str, Any]:
    rules = (monthly.within_year, monthly.twelfth)
    return {rule.__name__: monthly.issued(src, rule) for rule in rules}


@pytest.fixture(scope="module")
def raw(src: Path, done: dict[str, Any]) -> pd.DataFrame:
    """Records [t] read apart from the study's own reader: plants by month."""
    table = pd.read_csv(src / "monthly_loads.csv", dtype={"month": int})
    table["period"] = table["year"].astype(str) + "-" + table["month"].astype(str).str.zfill(2)
    wide = table.pivot(index="facility_id", columns="period", values="tn_kg") / 1000
    members = done["twelfth"].quota.index.unique("source")
    return wide.reindex(members)


def test_plans_are_the_records_of_the_year_before(done: Any, raw: pd.DataFrame) -> None:
    for name in ("within_year", "twelfth"):
        table = done[name].quota
        assert len(table) == 19 * 36
        for (plant, period), row in table.iterrows():
            before = f"{int(period[:4]) - 1}{period[4:]}"
            np.testing.assert_equal(row["plan"], raw.loc[plant, before])
            np.testing.assert_equal(row["used"], raw.loc[plant, period])


def test_yearly_records_are_those_published(done: Any) -> None:
    table = done["twelfth"].quota
    year = table.index.get_level_values("period").str[:4]
    used, plan = (table[n].groupby(year).sum() for n in ("used", "plan"))
    assert used.round(3).to_dict() == {"2018": 84.930, "2019": 90.214, "2020": 67.559}
    assert plan.round(3).to_dict() == {"2018": 51.219, "2019": 84.930, "2020": 90.214}
    assert table["used"].groupby("period").sum().max() == pytest.approx(15.938, abs=5e-4)


def test_no_record_is_no_quota_and_no_zero(done: Any) -> None:
    for part in done.values():
        table = part.quota
        assert (table["quota"].isna() == table["plan"].isna()).all()
        assert table.loc[HOPEWELL, "quota"].isna().all()
        assert table.loc[KINGSFORD, "quota"].notna().sum() == 3  # it has 3 records, of 2017
        assert int(table["quota"].notna().sum()) == 588
        assert (table.loc["FL0033294", "quota"].dropna() == 0).all()  # records, all of them 0


def test_sum_of_the_group_is_never_above_the_limit(done: Any, raw: pd.DataFrame) -> None:
    """In whole grams: each month, each year, and used so far with what is issued."""
    for name, part in done.items():
        grams = (part.quota["quota"].dropna() * 1e6).round().astype("int64")
        assert np.allclose(grams, part.quota["quota"].dropna() * 1e6, atol=1e-3)
        by_month = grams.groupby("period").sum()
        assert (by_month.groupby(by_month.index.str[:4]).sum() <= LIMIT * 1e6).all()
        if name == "twelfth":
            assert (by_month <= LIMIT * 1e6 / 12).all()
            plan = part.quota["plan"].groupby("period").sum()
            short = plan[plan > LIMIT / 12].index
            assert len(short) == 8
            assert (by_month[short] > LIMIT * 1e6 / 12 - 20).all()  # 19 plants, each cut to grams
        for period in by_month.index:
            past = [p for p in by_month.index if p[:4] == period[:4] and p < period]
            spent = raw[past].sum().sum() * 1e6
            assert spent + by_month[period] <= LIMIT * 1e6, (name, period)


def test_plans_that_fit_are_granted(done: Any) -> None:
    table = done["within_year"].quota.dropna(subset="quota")
    gap = table["plan"] - table["quota"]
    assert gap.min() >= 0
    assert gap.max() < 1.001e-6  # rounded down to whole grams


def test_short_months_follow_the_projection(done: Any) -> None:
    """2020-08, plan 15.938 t of 9.382: x = plan (1 - y / 2), one factor for all."""
    table = done["twelfth"].quota.xs("2020-08", level="period").dropna(subset="quota")
    table = table[table["plan"] > 0.001]
    factor = table["quota"] / table["plan"]
    assert table["plan"].sum() > LIMIT / 12
    assert factor.to_numpy() == pytest.approx(LIMIT / 12 / 15.937504, abs=2e-3)


def test_members_are_compared_with_their_own_allocations(
    src: Path, monthly: Any, done: Any
) -> None:
    table = monthly.compared(src, done["within_year"].quota)
    assert len(table) == 19
    assert table["note"].value_counts().to_dict() == {"": 17, "no figure": 1, "no record": 1}
    assert table.loc[PORT_SUTTON, "note"] == "no figure"
    assert np.isnan(table.loc[PORT_SUTTON, "claim"])
    assert table.loc[HOPEWELL, "note"] == "no record"
    assert (table["claim"] / US_TON).sum() == pytest.approx(124.5)
    years = table.filter(like="quota").sum()
    assert (years <= LIMIT).all()
    assert years["quota 2019"] == pytest.approx(84.930, abs=1e-3)


def test_order_of_the_plants_changes_nothing(
    src: Path, monthly: Any, done: Any, tmp_path: Path
) -> None:
    for name in ("facilities", "monthly_loads", "groups"):
        lines = (src / f"{name}.csv").read_text("utf8").splitlines()
        (tmp_path / f"{name}.csv").write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n", "utf8")
    again = monthly.issued(tmp_path, monthly.twelfth)
    pd.testing.assert_frame_equal(again.state.ledger, done["twelfth"].state.ledger)
