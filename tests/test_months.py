"""Issues of quotas month by month: known answers, books, bad input."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

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
