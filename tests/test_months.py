"""Issues of quotas month by month: known answers, books, bad input."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from permitload import fairness, reallocation
from permitload.errors import DataError
from permitload.reallocation import Policy, Update, opened, update
from permitload.sharing import capped_proportional, fill
from tests.months import EMPTY, TONNE, calendar, park, used
from tests.parks import known

CASE = known("monthly_rolling")
NAMES = ["E1", "E2", "E3"]


def _first(**policy: Any) -> tuple[Update, Any, Any, list[str]]:
    """Month 1 of the case, with the park's limits of its months."""
    given = CASE["inputs"]
    time = calendar(3, days=30.0)
    forecast, plans = park(
        np.transpose(given["planned_load_t"]),
        given["month_capacity_t"],
        given["annual_cap_t"],
        time,
    )
    issued = update(
        opened(NAMES, ["COD"]), time["period"][0], forecast, plans, EMPTY, Policy(**policy)
    )
    return issued, forecast, plans, time["period"]


def _second(lot_share: float) -> tuple[Update, Update]:
    given = CASE["inputs"]
    policy = Policy(
        lot_share={"treatment": lot_share}, penalty=1.0 + given["penalty_extra_per_t_exceeded"]
    )
    issued, forecast, plans, period = _first()
    mass = np.round(np.array(given["used_month1_t"]) * TONNE)
    rows = used(period[0], mass, reason="treatment")
    return issued, update(issued.state, period[1], forecast, plans, rows, policy)


def _masses(plan: Any) -> np.ndarray[Any, Any]:
    """Planned masses [t] (enterprise, period)."""
    return np.asarray(plan.values[:, 0] * plan["days"].values / 1000)


@pytest.mark.parametrize("compose", [None, fill])
def test_plan_of_the_case(compose: Any) -> None:
    expected = CASE["expected"]["plan"]
    issued, *_ = _first(**({} if compose is None else {"compose": compose}))
    mass = _masses(issued.plan)
    planned = np.array(CASE["inputs"]["planned_load_t"])
    for k, ratio in enumerate(expected["ratio"]):
        assert mass[:, k] / planned[:, k] == pytest.approx(np.full(3, ratio), abs=1e-7)
    assert mass.sum(axis=0) == pytest.approx(expected["month_total"], abs=1e-7)
    quota = issued.quota.values[:, 0]
    assert quota.dtype == np.int64
    assert quota / TONNE == pytest.approx(expected["quota_month1"], abs=1.01e-6)
    assert (quota / TONNE <= np.array(expected["quota_month1"]) + 1e-9).all()


@pytest.mark.parametrize(("name", "lot_share"), [("recall_to_pool", 0.0), ("own_bank", 0.25)])
def test_second_month_of_the_case(name: str, lot_share: float) -> None:
    expected, whole = CASE["expected"][name], 1.01e-6
    first, issued = _second(lot_share)
    rows = issued.ledger
    quota = issued.quota.values[:, 0] / TONNE
    assert quota == pytest.approx(expected["month2_issued"], abs=4 * whole)
    mass, planned = _masses(issued.plan), np.array(CASE["inputs"]["planned_load_t"])[:, 1:]
    for k, ratio in enumerate(expected["ratio"]):
        assert mass[:, k] / planned[:, k] == pytest.approx(np.full(3, ratio), abs=1e-7)
    use = (
        first.state.accounts["quota"].values[:, 0, 0]
        - issued.state.accounts["used"].values[:, 0, 0]
    )
    assert use.clip(min=0) / TONNE == pytest.approx(CASE["expected"]["unused"], abs=whole)
    assert (-use).clip(min=0) / TONNE == pytest.approx(CASE["expected"]["exceeded"], abs=whole)
    reserve = rows.loc[rows["book"] == "reserve", "quota"].sum() / TONNE
    assert reserve == pytest.approx(
        CASE["expected"]["recall_to_pool"]["park_reserve_from_penalty"], abs=2 * whole
    )
    if name == "recall_to_pool":
        assert mass[:, 0] == pytest.approx(expected["month2_base"], abs=1e-6)
        assert mass.sum() == pytest.approx(expected["remaining_t"], abs=1e-6)
        return
    lots = rows[(rows["book"] == "lot") & (rows["reason"] == "granted")]
    assert lots["enterprise"].tolist() == ["E1"]
    assert lots["quota"].tolist() == [round(expected["banked"][0] * TONNE)]
    assert expected["banked"][1:] == [0.0, 0.0]
    recalled = use.clip(min=0) / TONNE - expected["banked"]
    assert recalled == pytest.approx(expected["recalled"], abs=whole)
    assert quota.sum() == pytest.approx(expected["month2_total"], abs=1e-5)


def test_unused_mass_that_is_not_recalled_is_lost_to_the_others() -> None:
    """Plan of month 1 kept to: the total of month 2 that the case names for no recall."""
    issued, *_ = _first()
    assert _masses(issued.plan)[:, 1].sum() == pytest.approx(
        CASE["expected"]["no_recall_month2_total"], abs=1e-7
    )


def test_year_is_charged_with_use_and_not_with_quota() -> None:
    """Trap of the case: with quotas charged the rest of the year would be 258 - 60."""
    _, issued = _second(0.0)
    left = _masses(issued.plan).sum()
    assert left == pytest.approx(258 - (12 + 30 + 40 / 3), abs=1e-5)
    assert abs(left - (258 - 60)) > 4


def _wujin() -> tuple[Any, Any, Any, dict[str, Any]]:
    case = known("wujin_dynamic_coefficient")
    given = case["inputs"]
    criteria = pd.DataFrame(
        {"technology": given["technology_score"], "tax": given["tax_per_t"]},
        ["E1", "E2", "E3", "E4"],
        dtype=float,
    )
    weights = pd.Series(given["score_weights"], criteria.columns)
    score = fairness.scores(criteria, pd.Series(1, criteria.columns), weights)
    base = pd.Series(given["base_t_month"], criteria.index)
    factor = fairness.adjustment_coefficient(score, base, given["gamma"], 0.0, 9.0)
    plan = base * given["plan_ratio"]
    time = calendar(1, days=30.0)
    forecast, plans = park([plan.to_numpy()], [base.sum()], 1e6, time)
    plans["adjustment_coefficient"] = ("enterprise", factor.to_numpy())
    forecast["attained"] = ("pollutant", [float(given["section_attained_last_month"])])
    return forecast, plans, (score, base, factor, plan), case


def test_wujin_case() -> None:
    forecast, plans, (score, base, factor, plan), case = _wujin()
    given, expected = case["inputs"], case["expected"]
    assert score.to_numpy() == pytest.approx(expected["score"], abs=1e-12)
    assert (base * score).sum() / base.sum() == pytest.approx(
        expected["base_weighted_mean_score"], abs=1e-12
    )
    assert factor.to_numpy() == pytest.approx(expected["coefficient"], abs=1e-12)
    assert (plan * factor).to_numpy() == pytest.approx(expected["weight"], abs=1e-12)
    assert (base * factor).sum() == pytest.approx(base.sum(), abs=1e-12)  # trap: centred
    policy = Policy(
        rule=reallocation.coefficient, shrink=given["shrink_if_missed"],
        over_plan=given["cap_over_plan"],
    )  # fmt: skip
    state = opened(base.index, ["COD"])
    issued = update(state, forecast.period.item(0), forecast, plans, EMPTY, policy)
    mass = _masses(issued.plan)[:, 0]
    assert mass == pytest.approx(expected["x"], abs=1e-12 * 30)
    assert mass.sum() == pytest.approx(expected["park_total"], abs=1e-11)
    free = (mass > 0) & (mass < given["cap_over_plan"] * plan - 1e-9)
    assert free.sum() == 1
    assert mass[free] / np.array(expected["weight"])[free] == pytest.approx(
        expected["theta"], abs=1e-11
    )
    assert issued.quota.values[:, 0].tolist() == [13_200_000, 8_800_000, 5_000_000, 0]
    assert (given["cap_over_plan"] * plan).sum() == pytest.approx(
        expected["max_park_total_that_can_be_placed"], abs=1e-12
    )
    # trap: what cannot be placed stays with the park
    more = forecast.assign(group_limit=forecast["group_limit"] * 2)
    issued = update(state, forecast.period.item(0), more, plans, EMPTY, policy)
    assert issued.quota.sum().item() == round(expected["max_park_total_that_can_be_placed"] * TONNE)
    # the second way: the closed form itself
    shares = capped_proportional(27.0, plan * factor, 0.0, 1.1 * plan)
    assert shares.to_numpy() == pytest.approx(mass, abs=1e-11)


def test_equal_technology_scores_nothing_and_says_so() -> None:
    criteria = pd.DataFrame({"technology": [0.7, 0.7], "tax": [50.0, 20.0]}, ["E1", "E2"])
    one = pd.Series(1.0, criteria.columns)
    with pytest.warns(UserWarning, match="the same for all"):
        assert fairness.scores(criteria, one, one / 2).tolist() == [0.5, 0.0]


def test_every_field_of_the_cases_is_compared() -> None:
    assert set(CASE["expected"]) == {
        "plan", "unused", "exceeded", "recall_to_pool", "own_bank", "no_recall_month2_total",
    }  # fmt: skip
    assert set(known("wujin_dynamic_coefficient")["expected"]) == {
        "score", "base_weighted_mean_score", "coefficient", "weight", "park_total", "x", "theta",
        "max_park_total_that_can_be_placed",
    }  # fmt: skip


def _faults(error: pytest.ExceptionInfo[DataError]) -> str:
    return str(error.value)


def test_rerun_of_an_issued_period_is_refused() -> None:
    issued, forecast, plans, period = _first()
    with pytest.raises(DataError, match="is already issued"):
        update(issued.state, period[0], forecast, plans, EMPTY)


def test_negative_missing_and_unknown_use_is_refused_all_at_once() -> None:
    issued, forecast, plans, period = _first()
    rows = used(period[0], [1, 2, 3]).astype({"used": float})
    rows.loc[0, "used"] = -1.0
    rows.loc[1, "used"] = np.nan
    rows.loc[2, "enterprise"] = "E9"
    rows.loc[3] = ["E2", "COD", period[0], 2.5, "guessed", "holiday"]
    with pytest.raises(DataError) as error:
        update(issued.state, period[1], forecast, plans, rows)
    found = {(fault.row, fault.column) for fault in error.value.faults}
    assert found == {
        (0, "used"), (1, "used"), (3, "used"), (2, "enterprise"), (3, "evidence"), (3, "reason"),
        (3, "period"),
    }  # fmt: skip
    assert "right would be whole grams >= 0" in _faults(error)
    assert issued.state.ledger.shape == (9, 9)  # nothing was written


def test_silent_enterprise_counts_its_quota_until_it_reports() -> None:
    issued, forecast, plans, period = _first()
    rows = used(period[0], [12_000_000, 30_000_000, 0]).iloc[:2]
    later = update(issued.state, period[1], forecast, plans, rows)
    finding = later.findings[later.findings["rule"] == "unreported"]
    assert finding["subject"].tolist() == ["E3"]
    assert finding["figure"].item() == issued.quota.sel(enterprise="E3").item()
    assert later.state.accounts["verified"].sel(enterprise="E3", period=period[0]).item() == 0
    told = used(period[0], [12_000_000, 30_000_000, 1_000_000]).iloc[2:]
    last = update(later.state, period[2], forecast, plans, told)
    rows = last.ledger[(last.ledger["born"] == period[0]) & (last.ledger["enterprise"] == "E3")]
    change = rows.loc[rows["book"] == "used", "quota"].item()
    assert change == 1_000_000 - issued.quota.sel(enterprise="E3").item()


def test_hundredfold_use_is_counted_in_full_flagged_and_corrected_later() -> None:
    issued, forecast, plans, period = _first()
    wrong = 100 * issued.quota.values[:, 0]
    rows = used(period[0], [wrong[0], 0, 0], "provisional")
    later = update(issued.state, period[1], forecast, plans, rows)
    assert set(later.findings["rule"]) >= {"implausible", "exceeded", "overdrawn"}
    assert later.quota.sum() == 0
    assert later.state.accounts["debt"].sum() == 0  # only verified use makes debts
    overdrawn = later.findings.set_index("rule").loc["overdrawn", "figure"]
    assert overdrawn == wrong[0] - 258 * TONNE + sum(
        min(q, int(0.25 * q)) for q in issued.quota.values[1:, 0]
    )
    right = used(period[0], issued.quota.values[:, 0])
    last = update(later.state, period[2], forecast, plans, right)
    assert last.quota.sum() > 0
    rows = last.state.ledger.query("book == 'used' and enterprise == 'E1' and born == @period[0]")
    assert rows["quota"].sum() == issued.quota.values[0, 0]
    assert rows["reason"].tolist() == ["assumed", "provisional", "verified"]


def test_total_cut_below_what_is_used_stops_the_year_and_says_so() -> None:
    issued, forecast, plans, period = _first()
    plans["floor"] = plans["plan"] * 0.1
    mass = issued.quota.values[:, 0]
    cut = forecast.assign(annual_total=forecast["annual_total"] * 0 + 50.0)
    later = update(issued.state, period[1], cut, plans, used(period[0], mass))
    assert later.quota.sum() == 0
    finding = later.findings.set_index("rule").loc["overdrawn"]
    assert finding["figure"] == mass.sum() - 50 * TONNE
    assert (
        "overdrawn by 9.99999" in finding["sentence"] and "年度总量已超用" in finding["sentence_zh"]
    )
    floors = later.findings[later.findings["rule"] == "floor"]
    assert floors["figure"].sum() == pytest.approx(0.1 * (40 + 50 + 30 + 50 + 60 + 40) * TONNE)
    assert later.state.accounts["used"].isel(period=0).sum() == mass.sum()  # nothing lost


def test_members_come_and_go() -> None:
    issued, forecast, plans, period = _first()
    mass = issued.quota.values[:, 0]
    closed = used(period[0], [0, *mass[1:]], reason=["closure", "", ""])
    new = {"E2": "E2", "E3": "E3", "E1": "E4"}
    names = [new[str(name)] for name in plans["enterprise"].values]
    told = forecast.assign_coords(enterprise=names)
    later = update(issued.state, period[1], told, plans.assign_coords(enterprise=names), closed)
    assert later.quota["enterprise"].values.tolist() == ["E1", "E2", "E3", "E4"]
    assert later.quota.sel(enterprise="E1").item() == 0 < later.quota.sel(enterprise="E4").item()
    assert later.findings["rule"].tolist() == ["absent"]
    kept = later.ledger[later.ledger["book"] == "closed"]
    assert kept["quota"].tolist() == [mass[0]] and kept["enterprise"].tolist() == ["E1"]
    # what is kept for the reserve bank is no longer the park's
    assert _masses(later.plan).sum() * TONNE == pytest.approx(258 * TONNE - mass.sum(), abs=2)
    reports = later.findings[later.findings["rule"] == "unreported"]
    assert reports.empty  # E4 was not there in the first month


def test_recall_by_reason() -> None:
    """Unused 20 t: recalled, left as a lot up to the agreed part, or kept for the bank."""
    time = calendar(3, days=30.0)
    forecast, plans = park(np.full((3, 2), 20.0), [40, 30, 30], 100, time)
    state = opened(["E1", "E2"], ["COD"])
    first = update(state, time["period"][0], forecast, plans, EMPTY)
    assert first.quota.values.ravel().tolist() == [20_000_000, 20_000_000]
    for reason, lot, closed in (
        ("low_production", 0, 0), ("treatment", 5_000_000, 0), ("closure", 0, 20_000_000),
    ):  # fmt: skip
        rows = used(time["period"][0], [0, 20_000_000], reason=[reason, ""])
        later = update(first.state, time["period"][1], forecast, plans, rows)
        book = later.ledger[later.ledger["reason"].isin(["granted", "closure"])]
        assert book["quota"].tolist() == [mass for mass in (lot, closed) if mass]
        # 80 t are left, and less what is reserved; the months take 30 t each
        assert _masses(later.plan).sum() == pytest.approx(min(60, 80 - (lot + closed) / TONNE))


def test_lots_are_claims_and_expire() -> None:
    """A dry month pays no lot out; the lot goes with its day."""
    time = calendar(4, days=30.0)
    forecast, plans = park(np.full((4, 1), 20.0), [20, 10, 18, 20], 61, time)
    policy = Policy(lot_share={"treatment": 1.0}, lot_life=45.0)
    first = update(opened(["E1"], ["COD"]), time["period"][0], forecast, plans, EMPTY, policy)
    quota = first.quota.item()
    rows = used(time["period"][0], [quota - 6_000_000], reason="treatment")
    second = update(first.state, time["period"][1], forecast, plans, rows, policy)
    assert second.quota.item() == 10_000_000  # the park's month is full: no lot on top
    assert second.state.lots["lot"].tolist() == [6_000_000]
    assert f"{second.state.lots['expires'].item():%Y-%m-%d}" == "2026-03-17"
    rows = used(time["period"][1], [10_000_000])
    third = update(second.state, time["period"][2], forecast, plans, rows, policy)
    drawn = third.ledger.query("book == 'lot'")["quota"].tolist()
    assert (
        drawn == [-1_000_000] == [-(third.quota.item() - round(_masses(third.plan)[0, 0] * TONNE))]
    )
    rows = used(time["period"][2], [third.quota.item()])
    last = update(third.state, time["period"][3], forecast, plans, rows, policy)
    assert last.state.lots.empty
    assert last.ledger.query("reason == 'expired'")["quota"].sum() + drawn[0] == -6_000_000


def test_verified_use_after_provisional_is_a_new_row_and_trues_up() -> None:
    time = calendar(4, days=30.0)
    forecast, plans = park(np.full((4, 1), 20.0), [20] * 4, 80, time)
    policy, period = Policy(lot_share={"treatment": 1.0}, penalty=1.5), time["period"]
    first = update(opened(["E1"], ["COD"]), period[0], forecast, plans, EMPTY, policy)
    rows = used(period[0], [16_000_000], "provisional", "treatment")
    second = update(first.state, period[1], forecast, plans, rows, policy)
    assert second.state.lots.empty  # a provisional month makes no lot, but keeps its place
    assert _masses(second.plan).sum() == pytest.approx(60.0)
    rows = used(period[0], [23_000_000])
    third = update(second.state, period[2], forecast, plans, rows, policy)
    assert third.ledger.query("book == 'used' and born == @period[0]")["quota"].tolist() == [
        7_000_000
    ]
    charged = third.ledger.query("book == 'debt' and reason == 'charged'")["quota"].tolist()
    assert charged == [1_500_000]  # half of 3 t, beside the 3 t that are charged as use
    assert third.ledger.query("reason == 'paid'")["quota"].tolist() == [-1_500_000]
    base = round(_masses(third.plan)[0, 0] * TONNE)
    assert third.quota.item() == base - 1_500_000
    assert third.state.accounts["debt"].item() == 0


def test_permit_of_twelve_months_is_a_row_and_beyond_it_a_finding() -> None:
    time = calendar(3, days=30.0)
    forecast, plans = park(np.full((3, 1), 20.0), [20] * 3, 100, time)
    plans["permit"] = xr.full_like(plans["permit"], 45.0)
    period = time["period"]
    first = update(opened(["E1"], ["COD"]), period[0], forecast, plans, EMPTY)
    assert _masses(first.plan).sum() == pytest.approx(45.0)
    rows = used(period[0], [47_000_000], reason="")
    later = update(first.state, period[1], forecast, plans, rows, Policy(penalty=1.0))
    assert later.quota.item() == 0
    finding = later.findings.set_index("rule").loc["permit"]
    assert (finding["figure"], finding["threshold"]) == (47_000_000, 45_000_000)
    assert later.state.accounts["debt"].item() == 0
    # a year later the month has left the window
    time = calendar(1, "2027-02-01", days=28.0)
    forecast, plans = park([[20.0]], [20], 100, time)
    plans["permit"] = xr.full_like(plans["permit"], 45.0)
    new = update(later.state, "2027-02-01", forecast, plans, used(period[1], [0]))
    assert new.quota.item() == 20_000_000


def test_ramps_start_from_nothing_and_floors_yield_by_weight() -> None:
    time = calendar(3, days=30.0)
    forecast, plans = park([[0.0, 10], [10, 10], [10, 10]], [30] * 3, 100, time)
    plans["ramp_step"] = (("enterprise", "pollutant"), [[100.0], [100.0]])  # 3 t
    policy = Policy(rise=1.2, fall=0.8)
    first = update(opened(["E1", "E2"], ["COD"]), time["period"][0], forecast, plans, EMPTY, policy)
    assert _masses(first.plan)[0] == pytest.approx([0, 3, 6.6])
    rows = used(time["period"][0], first.quota.values[:, 0])
    second = update(first.state, time["period"][1], forecast, plans, rows, policy)
    assert second.quota.values[:, 0].tolist() == [3_000_000, 10_000_000]
    # floors of 10 t and 10 t, 12 t there: the greater weight is served first
    plans["floor"], plans["tier_weight"] = plans["plan"] * 1.0, ("enterprise", [0.7, 1.3])
    dry = forecast.assign(group_limit=forecast["group_limit"] * 0.4)
    third = update(first.state, time["period"][1], dry, plans, rows, policy)
    assert third.quota.values[:, 0].tolist() == [2_000_000, 10_000_000]
    assert set(third.findings["rule"]) == {"ramps", "floor"}
    yielded = third.findings.query("rule == 'floor'")
    assert set(yielded["subject"]) == {"E1"}
    assert yielded["figure"].to_numpy() == pytest.approx([8e6, 8e6])


def test_seasons_of_any_length_are_periods() -> None:
    """Flood season of 153 days and the rest: a row each, masses by their days."""
    time = {
        "period": ["dry", "flood"], "days": ("period", np.array([120.0, 153.0])),
        "start": ("period", np.array(["2026-01-01", "2026-05-01"], "datetime64[ns]")),
        "year": ("period", np.array([2026, 2026])),
    }  # fmt: skip
    forecast, plans = park([[120.0], [153.0]], [60, 153], 300, time, [[1e-3]])
    issued = update(opened(["E1"], ["COD"]), "dry", forecast, plans, EMPTY)
    assert _masses(issued.plan)[0] == pytest.approx([60, 153])
    assert issued.quota.item() == 60_000_000


def test_tables_that_do_not_fit_are_named() -> None:
    _, forecast, plans, period = _first()
    state = opened(NAMES, ["COD"])
    for wrong, message in (
        ((forecast.drop_vars("headroom"), plans), "headroom: is missing"),
        ((forecast, plans.drop_vars("plan")), "plan: is missing"),
        ((forecast.sel(enterprise=["E1", "E2"]), plans), "row E3, enterprise: is missing"),
        ((forecast, plans.assign(plan=plans["plan"] * np.nan)), "plan: nan is not a number"),
        ((forecast, plans.assign(plan=-plans["plan"])), "is too small"),
        ((forecast.assign(annual_total=forecast["annual_total"] * np.inf), plans), "annual_total"),
        ((forecast.drop_vars("year"), plans), "year: is missing"),
        ((forecast.assign_coords(pollutant=["TP"]), plans), "row COD, pollutant: is missing"),
    ):
        with pytest.raises(DataError, match=message):
            update(state, period[0], *wrong, EMPTY)
    with pytest.raises(DataError, match="period: is missing"):
        update(state, "2030-01", forecast, plans, EMPTY)
    with pytest.raises(DataError, match="columns"):
        update(state, period[0], forecast, plans, EMPTY.drop(columns="used"))


def test_policies_out_of_range_are_refused() -> None:
    with pytest.raises(DataError) as error:
        Policy(penalty=0.5, rise=0.9, precision=0, lot_share={"closure": 0.1})
    assert {fault.column for fault in error.value.faults} == {
        "penalty", "rise", "precision", "lot_share",
    }  # fmt: skip


def test_only_the_month_is_issued_and_the_rest_is_computed_again() -> None:
    """Traps of the case: month 3 is a forecast; an exceedance is reported, not repaired."""
    first, issued = _second(0.0)
    assert issued.quota.dims == ("enterprise", "pollutant")
    assert issued.state.accounts.sizes["period"] == 2
    before, after = _masses(first.plan)[:, 2], _masses(issued.plan)[:, 1]
    assert (abs(before - after) > 0.5).all()
    finding = issued.findings.set_index("rule").loc["exceeded"]
    assert (finding["subject"], finding["figure"]) == ("E2", 30_000_000)


def test_fixed_twelfth_of_the_case_is_not_what_is_returned() -> None:
    """A month's quota follows the plan: neither a third of the year nor the plan itself."""
    issued, *_ = _first()
    quota = issued.quota.values[:, 0] / TONNE
    assert (abs(quota - 258 / 9) > 1).all()
    assert (quota < np.array(CASE["inputs"]["planned_load_t"])[:, 0] - 1).all()


def test_verified_use_does_not_become_provisional_again() -> None:
    issued, forecast, plans, period = _first()
    later = update(issued.state, period[1], forecast, plans, used(period[0], [1, 2, 3]))
    rows = used(period[0], [1, 2, 3], "provisional")
    with pytest.raises(DataError, match="comes after a verified use"):
        update(later.state, period[2], forecast, plans, rows)


def test_sentences_say_what_and_why_in_both_languages() -> None:
    _, issued = _second(0.25)
    said = issued.sentences.set_index("enterprise")
    assert said.loc["E1", "sentence"] == (
        "E1, COD, 2026-01-31: 34.28395 t of 40 t planned; stopped by the park's total of the "
        "year; 5 t from lots."
    )
    assert said.loc["E2", "sentence_zh"] == (
        "E2 2026-01-31 COD 核发 33.271604 t，计划 50 t，受限于园区年度总量，因超额扣减 3.333334 t。"
    )


def test_rows_that_no_update_writes_are_refused_when_a_ledger_is_read_back() -> None:
    """An unknown book or evidence, and more drawn on lots than was granted, each by its row."""
    state = _second(0.25)[1].state
    rows = state.ledger
    granted = rows.index[(rows["book"] == "lot") & (rows["reason"] == "granted")][0]
    read = rows.index[rows["book"] == "used"][0]
    odd = rows.copy()
    odd.loc[granted, "book"], odd.loc[read, "reason"] = "lots", "guessed"
    with pytest.raises(DataError) as error:
        reallocation.replay(odd, state.accounts)
    assert [str(fault) for fault in error.value.faults] == [
        f"ledger, row {granted}, book: lots is unknown; right would be one of used, recalled, lot, "
        "debt, closed, planned_mass, foreseen_mass, quota, reserve",
        f"ledger, row {read}, reason: guessed is unknown; right would be one of assumed, "
        "provisional, verified",
    ]
    size = int(rows.loc[granted, "quota"])
    more = rows.loc[[granted]].assign(quota=-size - 1, reason="drawn")
    kept = rows[rows["reason"] != "drawn"]
    spent = kept.assign(entry=range(len(kept)))
    beyond = pd.concat([spent, more.assign(entry=len(spent))], ignore_index=True)
    with pytest.raises(DataError) as error:
        reallocation.replay(beyond, state.accounts)
    assert [str(fault) for fault in error.value.faults] == [
        f"ledger, row {len(spent)}, quota: {-size - 1} is more than the lots of "
        f"{rows.loc[granted, 'born']} hold; right would be all rows of a ledger"
    ]
