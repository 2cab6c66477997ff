"""Months of a study: what a run publishes, from the published tables alone, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from permitload import _monthly, _monthly_checks, io, quality, reallocation, study
from permitload.errors import DataError
from tests.samples import SAMPLE, copied

MEMBERS = [*(f"E0{k}" for k in range(1, 9)), "E13"]
MONTHS = ("plan_periods", "plans", "members", "actuals")


def sample(folder: Path) -> Path:
    """Copy the sample with its months, alternatives left out."""
    copied(folder)
    for name in MONTHS:
        (folder / f"{name}.csv").write_bytes((SAMPLE / f"{name}.csv").read_bytes())
    return folder


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> study.Outcome:
    return study.solve(sample(tmp_path_factory.mktemp("months") / "wujin"))


@pytest.fixture(scope="module")
def tables(outcome: study.Outcome) -> dict[str, pd.DataFrame]:
    return _monthly.tables(outcome.datasets)


def test_every_quota_of_24_months_is_there(tables: Any) -> None:
    quota = tables["quota"]
    assert len(quota) == 9 * 5 * 24
    assert sorted(set(quota["enterprise"])) == MEMBERS
    assert quota["quota"].dtype == np.int64
    assert (quota["quota"] % 10 == 0).all()
    issued = quota[quota["quota"] > 0]
    assert (issued["sentence"] != "").all()
    assert (issued["sentence_zh"] != "").all()
    away = quota[(quota["enterprise"] == "E08") & (quota["period"] > "2022-09")]
    assert (away["quota"] == 0).all()
    early = quota[(quota["enterprise"] == "E13") & (quota["period"] < "2021-04")]
    assert (early["quota"] == 0).all()


def test_quotas_never_exceed_what_the_study_permits_the_park(
    outcome: study.Outcome, tables: Any
) -> None:
    """In grams, from the published permits: the park's row in every month and every year."""
    permits = outcome.datasets["allocation"]["permitted_load"]
    sources = [f"{name}-1" for name in MEMBERS]
    days = permits["days"].reset_coords(drop=True)
    whole = permits.sel(source=sources).sum("source").reset_coords(drop=True)
    mass = (whole * days * 1000).to_series()
    months = tables["quota"].groupby(["pollutant", "period"])["quota"].sum()
    used = tables["quota"].groupby(["pollutant", "period"])["used"].sum()
    for (pollutant, period), grams in months.items():
        limit = mass[pollutant, f"2021-{period[-2:]}"]
        assert grams <= (1 - 0.02) * limit + 1e-3, (pollutant, period)  # the reserve is 2 %
    for pollutant in outcome.settings.pollutants:
        for year in ("2021", "2022"):
            spent = sum(used[pollutant, p] for p in months[pollutant].index if p[:4] == year)
            assert spent < mass[pollutant].sum()


def test_every_month_is_put_back_into_the_full_model(outcome: study.Outcome, tables: Any) -> None:
    """One month of each year by hand: loads rebuilt from quota.csv, then quality.steady."""
    found, given = outcome.datasets, outcome.tables
    permitted = found["allocation"]["permitted_load"].reset_coords(drop=True)
    quota = tables["quota"].set_index(["enterprise", "pollutant", "period"])["quota"]
    rows = tables["month_sections"].set_index(["section", "indicator", "period"])["concentration"]
    rates = given["kinetics"].set_index("pollutant")[["decay", "temperature_factor"]]
    inflow = given["inflow"].set_index(["node", "pollutant", "period"])["concentration"]
    for period in ("2021-12", "2022-02"):
        water = f"2021-{period[-2:]}"
        days = float(found["hydraulics"]["days"].sel(period=water))
        load = permitted.copy(deep=True)
        for name in MEMBERS:
            for pollutant in outcome.settings.pollutants:
                grams = quota.get((name, pollutant, period), 0)
                load.loc[f"{name}-1", pollutant, water] = grams / 1000 / days
        less = (permitted - load).assign_coords(outlet=found["sources"]["outlet"])
        less = less.groupby("outlet").sum("source").clip(min=0.0)
        state = quality.steady(
            outcome.network, found["hydraulics"], given["outlets"],
            less.reindex(outlet=given["outlets"]["outlet"].to_numpy(), fill_value=0.0),
            0.0 * inflow.to_xarray(), rates.to_dict("index"),
        )  # fmt: skip
        both = [quality.at(given["sections"], s) for s in (state, found["permitted"])]
        away, whole = (c.sel(period=water).reset_coords(drop=True) for c in both)
        got = (whole - away).to_series()
        wanted = rows.xs(period, level="period").rename_axis(["section", "pollutant"])
        got = got.reorder_levels(["section", "pollutant"])[wanted.index]
        np.testing.assert_allclose(got, wanted, rtol=1e-9)


def test_sections_are_met_but_for_a_background_that_exceeds(tables: Any) -> None:
    rows = tables["month_sections"]
    assert len(rows) == 8 * 5 * 24
    over = rows[rows["concentration"] > rows["allowed"] * (1 + 1e-6)]
    assert sorted(set(zip(over["section"], over["indicator"], over["period"], strict=True))) == [
        ("S5", "TP", "2021-01"), ("S5", "TP", "2022-01")
    ]  # fmt: skip


def test_findings_are_those_that_were_put_in(tables: Any) -> None:
    """The events that the generator lists, and the README, are found; nothing else is."""
    table = tables["month_findings"]
    assert not table.duplicated(list(_monthly.KEYS["month_findings"])).any()
    found = {
        rule: sorted(set(zip(rows["subject"], rows["pollutant"], rows["period"], strict=True)))
        for rule, rows in table.groupby("rule")
    }
    every = ["COD", "NH3-N", "Sb", "TN", "TP"]
    assert found == {
        "absent": [("E08", "", f"2022-{m}") for m in (10, 11, 12)],
        "background": [("S5", "TP", "2021-01"), ("S5", "TP", "2022-01")],
        "exceeded": [("E03", "Sb", "2021-12"), ("E03", "TN", "2021-12"), ("E04", "COD", "2022-05")],
        "unreported": [("E07", pollutant, "2021-09") for pollutant in every],
    }
    twice = table[(table["rule"] == "exceeded") & (table["subject"] == "E04")]
    assert twice["issue_period"].tolist() == ["2022-06"]  # corrected at the next issue


def test_the_ledger_gives_the_quotas_again(
    outcome: study.Outcome, tables: Any, tmp_path: Path
) -> None:
    """Written, read back and added up: accounts as published."""
    io.write_table(tables["ledger"], tmp_path / "ledger.csv")
    rows = pd.read_csv(tmp_path / "ledger.csv", keep_default_na=False)
    rows = rows.rename(columns=lambda name: name.partition(" [")[0])
    rows = rows.astype({"entry": float, "quota": float}).astype({"entry": int, "quota": int})
    months = outcome.datasets["months"]
    year = months["start"].dt.year.values
    time = months[["days", "start"]].assign_coords(year=("period", year))
    state = reallocation.replay(rows, time)
    got = state.accounts["quota"].to_series()
    wanted = tables["quota"].set_index(["enterprise", "pollutant", "period"])["quota"]
    assert (got.reindex(wanted.index) == wanted).all()
    assert int(got.sum()) == int(rows.loc[rows["book"] == "quota", "quota"].sum())
    sums = rows.groupby(["book", "reason"])["quota"].sum()
    assert sums["debt", "charged"] == -sums["debt", "paid"] > 0
    assert sums["closed", "closure"] > 0
    assert sums["lot", "granted"] > -sums["lot", "expired"] > 0


def test_order_of_rows_changes_nothing(outcome: study.Outcome, tmp_path: Path) -> None:
    folder = sample(tmp_path / "wujin")
    for name in MONTHS:
        lines = (folder / f"{name}.csv").read_text("utf8").splitlines()
        lines[1:] = lines[:0:-1]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf8")
    again = study.solve(folder).datasets
    for name in ("months", "month_sections", "month_findings", "ledger"):
        assert again[name].identical(outcome.datasets[name]), name


CHANGES: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "hole": ("plans", lambda t: t[~((t["enterprise"] == "E02") & (t["period"] == "2021-06"))],
             "E02, COD, 2021-06, plan: is missing"),
    "no plans": ("plans", lambda t: t.iloc[:0], "has rows, but plans.csv has none"),
    "no periods": ("plan_periods", lambda t: t.iloc[:0], "a row for each period of plans.csv"),
    "unknown member": ("actuals", lambda t: t.assign(enterprise="E99"), "is not a member of plans"),
    "unknown water": ("plan_periods", lambda t: t.assign(water_period="2020-01"),
                      "is not a period of periods"),
    "stage": ("actuals", lambda t: t.assign(report_stage="guessed"), "provisional"),
    "reason": ("actuals", lambda t: t.assign(unused_reason="holiday"), "low_production"),
    "negative": ("actuals", lambda t: t.assign(**{"used [g]": -1}), "used: -1"),
    "fraction": ("actuals", lambda t: t.assign(**{"used [g]": 1.5}), "is no mass"),
    "overlap": ("plan_periods", lambda t: t.assign(**{"days [d]": 40}), "is within another period"),
    "weights": ("members", lambda t: t.assign(tier_weight=np.arange(len(t)) + 1.0),
                "E01, tier_weight: differs between pollutants"),
    "no source": ("plans", lambda t: t.replace({"enterprise": {"E01": "E99"}}), "E99"),
    "group": ("groups", lambda t: t[t["source"] != "E01-1"], "PARK-WK1 holds 8 of the 9"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_what_does_not_fit_is_refused(tmp_path: Path, case: str) -> None:
    name, change, said = CHANGES[case]
    folder = sample(tmp_path / "wujin")
    table = pd.read_csv(folder / f"{name}.csv", keep_default_na=False, dtype=str)
    change(table).to_csv(folder / f"{name}.csv", index=False)
    faults = "\n".join(map(str, study.check(folder)))
    assert said in faults, faults


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("penalty = 0.5", "months, penalty: 0.5"),
        ('rule = "equal"', "one of rolling, coefficient"),
        ("lot = 3", "months, lot: is unknown"),
        ('reserve = "much"', "months, reserve: much is not valid; right would be a number"),
        ('basis = "law"', "statutory, pilot, assumed"),
        ("rise = nan", "months, rise"),
    ],
)
def test_settings_are_checked(tmp_path: Path, line: str, said: str) -> None:
    folder = sample(tmp_path / "wujin")
    key = line.split(" ")[0]
    lines = (folder / "study.toml").read_text("utf8").splitlines()
    at = lines.index("[months]")
    end = lines.index("[basis]")
    kept = [one for one in lines[at + 1 : end] if not one.startswith(key)]
    (folder / "study.toml").write_text("\n".join([*lines[: at + 1], line, *kept, *lines[end:]]))
    faults = "\n".join(map(str, study.check(folder)))
    assert said in faults, faults


def test_settings_reach_the_policy() -> None:
    policy, basis, faults = _monthly_checks.read(
        {"rule": "coefficient", "compose": "fill", "penalty": 3, "basis": "pilot"}
    )
    assert not faults
    assert policy.rule is reallocation.coefficient
    assert (policy.penalty, basis) == (3, "pilot")
    said = _monthly_checks.options(policy)
    assert (said["rule"], said["compose"], said["rise"]) == ("coefficient", "fill", "none")


def test_a_study_without_plans_has_no_months(tmp_path: Path) -> None:
    done = study.solve(copied(tmp_path / "wujin"))
    assert not {"months", "ledger", "month_sections"} & set(done.datasets)
    assert _monthly.tables(done.datasets) == {}
    assert _monthly.figures(done.datasets) == {}


def test_use_beyond_the_model_stays_unknown(outcome: study.Outcome) -> None:
    """E07 reported nothing for September 2021: no concentration is said to be that of use."""
    rows = outcome.datasets["month_sections"]["used_concentration"]
    lost = rows.isnull().all(["section", "indicator"]).to_series()
    assert list(lost.index[lost]) == ["2021-09"]
    assert int(rows.isnull().sum()) == 8 * 5


def test_refusals_come_all_at_once(tmp_path: Path) -> None:
    folder = sample(tmp_path / "wujin")
    for name in ("hole", "group"):
        table, change, _ = CHANGES[name]
        frame = pd.read_csv(folder / f"{table}.csv", keep_default_na=False, dtype=str)
        change(frame).to_csv(folder / f"{table}.csv", index=False)
    with pytest.raises(DataError) as caught:
        study.solve(folder)
    assert "E02, COD, 2021-06" in str(caught.value)
    assert "holds 8 of the 9" in str(caught.value)
