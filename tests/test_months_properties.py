"""Random years: rows hold in exact numbers, books close, order of members does not matter."""

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from permitload.reallocation import Policy, State, Update, opened, replay, update
from permitload.sharing import fill, project
from tests.months import DIMS, EMPTY, calendar, park

REASONS = ["", "low_production", "treatment", "closure"]


def _inputs(seed: int) -> tuple[xr.Dataset, xr.Dataset, list[str], np.random.Generator]:
    """Random park of six months of one year and two of the next, ceilings, floors, permits."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 5))
    time = calendar(8, "2026-07-01")
    time["year"] = ("period", pd.DatetimeIndex(time["start"][1]).year.to_numpy())
    days = time["days"][1]
    load = generator.uniform(0, 100, (8, count)) * generator.choice([0, 1, 1, 1], (8, count))
    response = generator.uniform(0, 2e-3, (2, count)) * generator.choice([0, 1, 1], (2, count))
    total = load.sum(axis=1) * days / 1000
    limit = total * generator.uniform(0.3, 1.3, 8) + 0.1
    forecast, plans = park(load * days[:, None] / 1000, limit, 0.6 * total.sum(), time, response)
    rise = np.einsum("si,ki->sk", response, load)
    room = rise * generator.uniform(0.4, 1.4, rise.shape) + 1e-3
    forecast["headroom"] = (("section", *DIMS[1:]), room[:, None] - generator.choice([0, 0, 0.02]))
    plans["floor"] = plans["plan"] * generator.uniform(0, 0.9)
    plans["ceiling"] = plans["plan"] * generator.uniform(0.6, 1.5, plans["plan"].shape)
    plans["permit"] = (DIMS[:2], (load.mean(axis=0) * 0.24 * generator.uniform(0.3, 2))[:, None])
    plans["tier_weight"] = ("enterprise", generator.choice([0.7, 0.9, 1.1, 1.3], count))
    plans["ramp_step"] = (DIMS[:2], np.full((count, 1), 5.0))
    return forecast, plans, list(time["period"]), generator


def _reports(state: State, generator: np.random.Generator) -> pd.DataFrame:
    """Provisional use of the last period, verified use of the one before; some say nothing."""
    rows = []
    accounts = state.accounts
    for back, evidence in ((1, "provisional"), (2, "verified")):
        if accounts.sizes["period"] < back:
            continue
        last = accounts.isel(period=-back)
        for name in accounts["enterprise"].values:
            if generator.random() < 0.1:
                continue
            quota = int(last["quota"].sel(enterprise=name).item())
            used = int(
                quota * generator.choice([0.0, 0.4, 1.0, 1.0, 1.3]) + generator.integers(0, 2)
            )
            reason = str(generator.choice(REASONS, p=[0.4, 0.2, 0.35, 0.05]))
            rows.append((name, "COD", last["period"].item(), used, evidence, reason))
    return pd.DataFrame(rows, columns=EMPTY.columns)


def _policy(generator: np.random.Generator) -> Policy:
    rise, fall = ((1.5, 0.5), (np.inf, 0.0))[int(generator.integers(2))]
    return Policy(
        compose=project if generator.random() < 0.7 else fill,
        rise=rise, fall=fall, lot_share={"treatment": 0.5, "low_production": 0.1},
        penalty=float(generator.choice([1, 2])),
        reserve=float(generator.choice([0.0, 0.1])), precision=int(generator.choice([1, 1000])),
    )  # fmt: skip


def _year(seed: int) -> tuple[list[tuple[Update, State, pd.DataFrame]], Any, Any, Policy]:
    forecast, plans, period, generator = _inputs(seed)
    policy = _policy(generator)
    state = opened(plans["enterprise"].values, ["COD"])
    steps = []
    for name in period:
        rows = _reports(state, generator)
        issued = update(state, name, forecast, plans, rows, policy)
        steps.append((issued, state, rows))
        state = issued.state
    return steps, forecast, plans, policy


def _exact(value: float) -> Fraction:
    return Fraction(repr(float(value)))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_issued_quota_breaks_no_row_in_exact_numbers(seed: int) -> None:
    steps, forecast, plans, policy = _year(seed)
    for issued, *_ in steps:
        name = issued.plan["period"].values[0]
        told = forecast.sel(period=name, pollutant="COD")
        days = _exact(told["days"].item())
        quota = {e: int(issued.quota.sel(enterprise=e).item()) for e in plans["enterprise"].values}
        assert all(mass >= 0 and mass % policy.precision == 0 for mass in quota.values())
        assert sum(quota.values()) <= _exact(told["group_limit"].item()) * days * 1000 + Fraction(
            1, 10**6
        )
        for section in forecast["section"].values:
            rise = sum(
                _exact(told["response"].sel(section=section, enterprise=e).item()) * mass
                for e, mass in quota.items()
            )
            room = max(_exact(told["headroom"].sel(section=section).item()), Fraction(0))
            assert rise <= room * days * 1000


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_books_close_and_replay_gives_the_same_bytes(seed: int) -> None:
    steps, forecast, plans, policy = _year(seed)
    for issued, before, rows in steps:
        state, ledger = issued.state, issued.state.ledger
        assert ledger.iloc[: len(before.ledger)].equals(before.ledger)
        lots = ledger[ledger["book"] == "lot"]
        held = lots.groupby(["enterprise", "born"])["quota"].sum()
        assert (held >= 0).all()
        assert (
            held[held > 0].to_dict()
            == state.lots.set_index(["enterprise", "born"])["lot"].to_dict()
        )
        again = replay(ledger, state.accounts)
        assert again.accounts.identical(state.accounts)
        assert again.lots.equals(state.lots)
        assert again.ledger.to_csv().encode() == ledger.to_csv().encode()
        if len(before.ledger):
            name = issued.plan["period"].values[0]
            first = replay(ledger[ledger["period"] != name], state.accounts)
            anew = update(first, name, forecast, plans, rows, policy)
            assert anew.ledger.to_csv().encode() == issued.ledger.to_csv().encode()
            assert anew.quota.identical(issued.quota)
        # what a verified period left unused is recalled, a lot, or closed: to the gram
        told = rows[rows["evidence"] == "verified"]
        for name, period in zip(told["enterprise"], told["period"], strict=True):
            own = issued.ledger.query("enterprise == @name and born == @period")
            where = {"enterprise": name, "period": period, "pollutant": "COD"}
            quota, use = (int(state.accounts[v].sel(where).item()) for v in ("quota", "used"))
            parts = own.query(
                "book == 'recalled' or (book == 'lot' and reason == 'granted')"
                " or (book == 'closed' and reason == 'closure')"
            )
            assert parts["quota"].sum() == max(quota - use, 0)
    # what the year has: used, closed, lots and the rest add up to what was issued or returned
    accounts = steps[-1][0].state.accounts
    own = accounts["year"] == 2026
    spare = (accounts["quota"] - accounts["used"]).clip(min=0)
    drawn = accounts["closed"] + accounts["granted"]
    assert (drawn.where(own, 0) <= spare.where(own, 0)).all()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_order_of_members_sections_and_rows_changes_nothing(seed: int) -> None:
    steps, forecast, plans, policy = _year(seed)
    generator = np.random.default_rng(seed)
    mixed = [
        generator.permutation(forecast[dim].values) for dim in ("section", "enterprise", "period")
    ]
    other = forecast.sel(section=mixed[0], enterprise=mixed[1], period=mixed[2])
    turned = plans.sel(enterprise=generator.permutation(plans["enterprise"].values))
    for issued, before, rows in steps[::3]:
        name = issued.plan["period"].values[0]
        shuffled = rows.sample(frac=1.0, random_state=seed % 1000)
        again = update(before, name, other, turned, shuffled, policy)
        assert again.ledger.to_csv() == issued.ledger.to_csv()
        assert again.plan.identical(issued.plan)
        assert again.sentences.equals(issued.sentences)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_kkt_of_the_plan_recomputed_without_solver(seed: int) -> None:
    """Prices >= 0 that explain the plan exist: nnls of the gradient on the tight rows."""
    from scipy.optimize import nnls

    forecast, plans, period, _ = _inputs(seed)
    issued = update(opened(plans["enterprise"].values, ["COD"]), period[0], forecast, plans, EMPTY)
    if len(issued.findings):
        return
    names = list(issued.plan["period"].values)
    days = issued.plan["days"].values
    share = issued.plan.values[:, 0].T * days[:, None]  # [kg] (period, enterprise)
    part = plans.sel(enterprise=issued.plan["enterprise"].values, period=names)
    wanted = part["plan"].values[:, 0].T * days[:, None]
    upper = np.minimum(wanted, part["ceiling"].values[:, 0].T * days[:, None])
    lower = np.minimum(part["floor"].values[:, 0].T * days[:, None], upper)
    weight = part["tier_weight"].values
    water = forecast.sel(enterprise=issued.plan["enterprise"].values, period=names)
    rows, limit = [], []
    count = share.shape[1]
    for k in range(len(names)):
        for s in range(2):
            row = np.zeros(share.shape)
            row[k] = water["response"].values[s, :, 0, k] / days[k]
            rows.append(row.ravel())
            limit.append(water["headroom"].values[s, 0, k])
        row = np.zeros(share.shape)
        row[k] = 1.0
        rows.append(row.ravel())
        limit.append(water["group_limit"].values[0, k] * days[k])
        for i in range(count):
            row = np.zeros(share.shape)
            row[: k + 1, i] = 1.0
            rows.append(row.ravel())
            limit.append(part["permit"].values[i, 0] * 1000)
    rows.append(np.ones(share.size))
    limit.append(water["annual_total"].item() * 1000)
    matrix, most, x = np.array(rows), np.array(limit), share.ravel()
    size = np.maximum(np.abs(most), 1e-9)
    assert (matrix @ x <= most + 1e-6 * size + 1e-6).all()
    asked = wanted.ravel() > 0
    pull = np.zeros(x.size)
    weights = np.tile(weight, len(names))
    pull[asked] = 2 * weights[asked] * (wanted.ravel() - x)[asked] / wanted.ravel()[asked]
    tight = matrix @ x >= most - 1e-5 * size
    scaled = matrix[tight] / np.abs(matrix[tight]).max(axis=1, keepdims=True).clip(1e-12)
    top = np.eye(x.size)[x >= upper.ravel() - 1e-5 * np.maximum(upper.ravel(), 1e-3)]
    low = -np.eye(x.size)[x <= lower.ravel() + 1e-5 * np.maximum(lower.ravel(), 1e-3)]
    both = np.vstack([scaled, top, low])
    _, residual = nnls(both.T, pull)
    assert residual == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
@example(18)
@example(27)
@example(78)
def test_nothing_gives_way_while_forecasts_hold_and_nobody_exceeds(seed: int) -> None:
    """The guarantee: after an issue without findings, all later ones of the year have none.

    Floors that the permits of twelve months cut come back where use falls short: they rise, which
    the guarantee excludes. A step that ceilings or floors make is none, neither in the plan nor
    when its second month is issued.
    """
    forecast, plans, period, generator = _inputs(seed)
    year = plans.isel(period=slice(6))
    least = year[["plan", "ceiling", "floor"]].to_array().min("variable")
    mass = (least * forecast["days"] / 1000.0).sum("period")
    assume(bool((mass <= plans["permit"]).all()))
    policy = _policy(generator)
    rules = ["floor", "overdrawn", "exceeded", "ramps"]
    state = opened(plans["enterprise"].values, ["COD"])
    whole, last = True, None
    for name in period[:6]:
        rows = EMPTY
        if last is not None:
            accounts = last.state.accounts.isel(period=-1)
            share = generator.choice([0.0, 0.5, 1.0], accounts.sizes["enterprise"])
            mass = (accounts["quota"].values[:, 0] * share).astype(np.int64)
            rows = pd.DataFrame(
                {
                    "enterprise": accounts["enterprise"].values, "pollutant": "COD",
                    "period": accounts["period"].item(), "used": mass, "evidence": "verified",
                    "reason": generator.choice(REASONS, len(mass), p=[0.3, 0.3, 0.4, 0.0]),
                }
            )  # fmt: skip
        last = update(state, name, forecast, plans, rows, policy)
        state = last.state
        gave = last.findings["rule"].isin(rules).any()
        if name == period[0]:
            whole = not gave
        assert not (whole and gave), last.findings["sentence"].tolist()
