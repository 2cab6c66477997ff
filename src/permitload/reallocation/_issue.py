"""One pollutant of one issue: problem, what gives where floors do not fit, lots, whole grams."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload.errors import InfeasibleError
from permitload.reallocation._ahead import NEGLIGIBLE, Ahead
from permitload.reallocation._books import Books
from permitload.reallocation._problem import GRAMS, TONNE, Problem, served
from permitload.reallocation._settle import pending
from permitload.reallocation.policy import Policy
from permitload.sharing import Rows, fill

__all__ = ["Issue", "issue", "posed", "twelve_months"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Months = tuple[Whole, Floats]


@dataclass(frozen=True, slots=True)
class Issue:
    """What is issued of one pollutant; masses in grams by enterprise."""

    pollutant: int
    share: Floats
    quota: Whole
    planned: Whole
    foreseen: Whole
    drawn: Whole
    paid: Whole
    stop: list[str]
    widened: bool
    floors: Floats
    overdrawn: float


def posed(
    books: Books, told: Ahead, p: int, policy: Policy, months: Months
) -> tuple[Problem, float]:
    """Problem of a pollutant, and by how much the year's total is already overdrawn [g]."""
    value, days = told.value, told.time["days"]
    mass = GRAMS * days[:, None]
    plan, floor, ceiling = (value[n][:, p].T * mass for n in ("plan", "floor", "ceiling"))
    response, room = value["response"][:, :, p], value["headroom"][:, p].T
    response = np.where(response >= NEGLIGIBLE * response.max(initial=0.0), response, 0.0)
    shut = (response > 0.0) & (room.T[:, None, :] <= 0.0)
    ceiling = np.where(shut.any(axis=0).T, 0.0, ceiling)
    park = np.floor(np.round(value["group_limit"][p] * GRAMS * days, 6))
    if value["attained"][p] != 1.0:
        park[0] = np.floor(np.round(park[0] * policy.shrink, 6))
    held = np.ceil(policy.reserve * park)
    year = int(told.time["year"][0])
    own = books.time["year"] == year
    gone = books.account["used"][:, p, own].sum() + books.account["closed"][:, p, own].sum()
    bound = books.held()[:, p].sum() + pending(books, policy, year)[:, p].sum()
    left = np.floor(value["annual_total"][p] * TONNE + 1e-6) - gone - bound - held.sum()
    window, inside = months
    used = inside @ books.account["used"][:, p].T.astype(float)
    permit = np.maximum(value["permit"][:, p] * TONNE - used, 0.0)
    lower = _within(np.minimum(np.minimum(floor, plan), ceiling), permit, window)
    ramps = (policy.rise, policy.fall)
    problem = Problem(
        plan=plan, lower=lower, ceiling=ceiling, weight=value["tier_weight"],
        factor=value["adjustment_coefficient"],
        sections=np.moveaxis(response, 2, 0) / mass[:, :, None],
        response=response[:, :, 0],
        names=tuple(told.section),
        room=np.maximum(room, 0.0),
        park=np.maximum(park - held, 0.0),
        left=max(left, 0.0), permit=permit, window=window, days=days,
        ramps=None if ramps == (np.inf, 0.0) else ramps, step=value["ramp_step"][:, p],
        most=np.full(len(told.enterprise), np.inf),
        compose=policy.compose, over_plan=policy.over_plan,
    )  # fmt: skip
    return problem, max(-left, 0.0)


def issue(books: Books, told: Ahead, p: int, policy: Policy, months: Months) -> Issue:
    """Share out one pollutant, pay out lots, hold back debts, cut to whole units."""
    plain, overdrawn = posed(books, told, p, policy, months)
    problem = _ramped(plain, books, p)
    widened = False
    try:
        found = policy.rule(problem)
    except InfeasibleError:
        widened = problem.ramps is not None
        problem = replace(plain, ramps=None)
        try:
            found = policy.rule(problem)
        except InfeasibleError:
            problem = replace(problem, lower=served(problem))
            found = policy.rule(problem)
    share = found.share
    planned = np.floor(np.round(share[0], 3)).astype(np.int64)
    foreseen = _foreseen(problem, share)
    lots = _drawn(problem, share, books, p)
    safe = np.ceil(np.minimum(_floor(told, p)[0], problem.lower[0]))
    paid = np.minimum(books.account["debt"][:, p], np.maximum(planned - safe, 0).astype(np.int64))
    quota = _whole(problem, planned - paid + lots, policy.precision)
    drawn = np.minimum(lots, np.maximum(quota - planned + paid, 0))
    count = len(problem.weight)
    stop = [str(_name(label, told)) for label in np.asarray(found.stopped_by)[:count]]
    missing = np.maximum(plain.lower - problem.lower, 0.0)
    return Issue(p, share, quota, planned, foreseen, drawn, paid, stop, widened, missing, overdrawn)


def _floor(told: Ahead, p: int) -> Floats:
    """Floors of the plans [g] (period, enterprise)."""
    mass: Floats = told.value["floor"][:, p].T * GRAMS * told.time["days"][:, None]
    return mass


def twelve_months(books: Books, told: Ahead) -> Months:
    """First period of the twelve months that end with each, and which past ones are in them."""
    length = pd.to_timedelta(told.time["days"], unit="D").to_numpy()
    end = pd.DatetimeIndex(told.time["start"] + length)
    begin = (end - pd.DateOffset(years=1)).to_numpy()
    past = books.time["start"] + pd.to_timedelta(books.time["days"], unit="D").to_numpy()
    inside = (past[None, :] > begin[:, None]).astype(float)
    window = np.array([int((end.to_numpy() > first).argmax()) for first in begin], dtype=np.int64)
    return window, inside


def _within(mass: Floats, permit: Floats, window: NDArray[np.int64]) -> Floats:
    """Masses by period cut, the later first, to what the permits of twelve months leave."""
    kept = mass.copy()
    for k, first in enumerate(window):
        kept[k] = np.clip(permit[k] - kept[first:k].sum(axis=0), 0.0, kept[k])
    return kept


def _ramped(problem: Problem, books: Books, p: int) -> Problem:
    """Bound the first period by the plan of the period before, and what that foresaw of it."""
    before = books.account["planned_mass"][:, p].astype(float)
    if problem.ramps is None or not len(books.period):
        return problem
    rise, fall = problem.ramps
    before = np.where(before < 0, np.nan, before / books.time["days"][-1] * problem.days[0])
    step = problem.step * GRAMS * problem.days[0]
    most = np.where(np.isnan(before), np.inf, rise * np.nan_to_num(before, nan=1.0) + step)
    least = np.where(np.isnan(before), 0.0, fall * np.nan_to_num(before) - step)
    foreseen = books.account["foreseen_mass"][:, p].astype(float)
    most = np.where(foreseen < 0, most, np.maximum(most, foreseen))
    least = np.where(foreseen < 0, least, np.minimum(least, foreseen))
    lower = problem.lower.copy()
    top = np.minimum(np.minimum(problem.plan[0], problem.ceiling[0]), problem.permit[0])
    lower[0] = np.maximum(lower[0], np.minimum(least, top))
    return replace(problem, most=most, lower=_within(lower, problem.permit, problem.window))


def _foreseen(problem: Problem, share: Floats) -> Whole:
    """Planned next period where it is a step beyond the ramps, as bounds may make it; -1 else."""
    none = np.full(len(problem.weight), -1, dtype=np.int64)
    if problem.ramps is None or len(share) < 2:
        return none
    rise, fall = problem.ramps
    level = share[0] / problem.days[0] * problem.days[1]
    step = problem.step * GRAMS * problem.days[1] + 1.0  # a gram: round-off
    up, down = share[1] > rise * level + step, share[1] < fall * level - step
    whole = np.where(up, np.ceil(share[1]), np.floor(share[1])).astype(np.int64)
    return np.where(up | down, whole, none)


def _drawn(problem: Problem, share: Floats, books: Books, p: int) -> Whole:
    """Lots that the issued period can take on top: what rows, plan and permits leave."""
    claim = books.held()[:, p].astype(float)
    top = np.minimum(np.minimum(problem.plan[0], problem.ceiling[0]), problem.most) - share[0]
    for k, first in enumerate(problem.window):
        if first == 0:
            top = np.minimum(top, problem.permit[k] - share[: k + 1].sum(axis=0))
    claim = np.minimum(claim, np.maximum(top, 0.0))
    if not claim.any():
        return np.zeros(len(claim), dtype=np.int64)
    section = problem.sections[0]
    spare = np.maximum(problem.room[0] - section @ share[0], 0.0)
    rows = Rows(
        np.vstack([section, np.ones((1, len(claim)))]),
        np.append(spare, max(problem.park[0] - share[0].sum(), 0.0)),
    )
    drawn: Whole = np.floor(np.round(fill(claim, rows).share, 3)).astype(np.int64)
    return drawn


def _whole(problem: Problem, mass: Whole, precision: int) -> Whole:
    """Whole units, less where exact sums still exceed a row by round-off.

    Responses, headroom and days count as the decimals that they print as.
    """
    quota = np.maximum(mass, 0) // precision * precision
    size = problem.sections[0] @ quota.astype(float)
    for s in np.flatnonzero(size > problem.room[0] * (1.0 - NEGLIGIBLE)):
        at = np.flatnonzero(problem.response[s])
        weight = [_exact(problem.response[s, i]) for i in at]
        most = _exact(problem.room[0, s]) * _exact(problem.days[0]) * int(GRAMS)
        while sum(w * int(quota[i]) for i, w in zip(at, weight, strict=True)) > most:
            worst = max(range(len(at)), key=lambda j: (weight[j] * int(quota[at[j]]), -j))
            quota[at[worst]] = max(int(quota[at[worst]]) - precision, 0)
    while int(quota.sum()) > int(problem.park[0]):
        worst = int(np.argmax(quota))
        over = -(-(int(quota.sum()) - int(problem.park[0])) // precision) * precision
        quota[worst] = max(int(quota[worst]) - over, 0)
    return quota


def _exact(value: float) -> Fraction:
    return Fraction(repr(float(value)))


def _name(label: object, told: Ahead) -> str:
    """Name a row for people; bounds keep their word."""
    if not isinstance(label, tuple):
        return str(label)
    kind, name, k = label
    place = name if kind == "section" else ""
    return " ".join(filter(None, [kind, place, "" if kind == "year" else told.period[k]]))
