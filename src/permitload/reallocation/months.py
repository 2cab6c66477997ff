"""One issue: quotas of a period from what was used, what is planned and what the water takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from permitload.reallocation._ahead import Ahead, ahead
from permitload.reallocation._books import Books, open_books
from permitload.reallocation._issue import Issue, issue, twelve_months
from permitload.reallocation._problem import GRAMS, TONNE
from permitload.reallocation._settle import Finding, expire, settle
from permitload.reallocation._words import findings, quota_sentences
from permitload.reallocation.policy import Policy
from permitload.reallocation.state import BY_PERIOD, State
from permitload.schema import described

__all__ = ["Update", "update"]


@dataclass(frozen=True)
class Update:
    """What an update gives back.

    Parameters
    ----------
    quota : DataArray
        (enterprise, pollutant), whole grams: what is issued for the period.
    plan : DataArray
        (enterprise, pollutant, period) [kg/d]: shares of the period and, as a forecast only, of
        the rest of the year, before penalties and lots.
    state : State
        State after the issue.
    ledger : DataFrame
        Rows that were added.
    findings : DataFrame
        What was found on the way: ``rule``, ``subject``, ``pollutant``, ``period``, ``figure``,
        ``threshold`` [g; mg/L for backgrounds], ``sentence``, ``sentence_zh``.
    sentences : DataFrame
        One sentence for each enterprise and pollutant: ``sentence``, ``sentence_zh``.
    """

    quota: xr.DataArray
    plan: xr.DataArray
    state: State
    ledger: pd.DataFrame
    findings: pd.DataFrame
    sentences: pd.DataFrame


def update(
    state: State,
    period: str,
    forecast: xr.Dataset,
    plans: xr.Dataset,
    actuals: pd.DataFrame,
    policy: Policy | None = None,
) -> Update:
    """Issue the quotas of a period; the rest of its year is planned, not issued.

    Rows of sections and park are never relaxed. Where floors do not fit, this order gives: lots
    are not paid out, ramps are dropped, floors yield from the least ``tier_weight`` to the
    greatest. Each is a finding. A limit that is already exceeded counts as 0, and is a finding.

    Parameters
    ----------
    state : State
        From :func:`opened`, or of the last update.
    period : str
        Period that is issued, later than any issued before.
    forecast : Dataset
        ``response`` (section, enterprise, pollutant, period) [(mg/L)/(kg/d)], ``headroom``
        (section, pollutant, period) [mg/L], ``group_limit`` (pollutant, period) [kg/d] and
        ``annual_total`` (pollutant) [t/a] of the park, with ``days``, ``start`` and ``year`` by
        period; ``attained`` (pollutant), 0 if a section was missed last, where known.
    plans : Dataset
        ``plan``, ``ceiling``, ``floor`` (enterprise, pollutant, period) [kg/d], ``permit``
        (enterprise, pollutant) [t/a]; where they apply ``tier_weight``,
        ``adjustment_coefficient`` (enterprise) and ``ramp_step`` (enterprise, pollutant) [kg/d].
        Members that are new begin at 0; members that are missing get nothing.
    actuals : DataFrame
        ``enterprise``, ``pollutant``, ``period``, ``used`` [g], ``evidence`` (``provisional`` or
        ``verified``), ``reason`` why a part was unused (``low_production``, ``closure``,
        ``treatment`` or empty). A period may be stated again: the difference is booked.
    policy : Policy, optional
        Agreed rules; all defaults are assumed.

    Returns
    -------
    Update
        Quotas, plan, state, ledger rows, findings and sentences.

    Raises
    ------
    DataError
        If a table does not fit, the period is issued already, or a use is negative or no number.

    Notes
    -----
    The statutory permit is a row over every twelve months that end in the horizon, a separate
    book from the park's quota: exceeding it is a finding, and no debt. Use that is not yet
    reported counts as the quota. Only verified use makes lots and debts; what a provisional
    month may still leave as a lot is set aside. Lots end with their year.

    Examples
    --------
    >>> from permitload.reallocation import opened
    >>> month = {"period": ["2026-01"], "days": ("period", [31.0]), "year": ("period", [2026])}
    >>> month["start"] = ("period", np.array(["2026-01-01"], "datetime64[ns]"))
    >>> one = {"section": ["S1"], "enterprise": ["E1"], "pollutant": ["TP"]}
    >>> forecast = xr.Dataset(
    ...     {"response": (("section", "enterprise", "pollutant", "period"), [[[[0.01]]]]),
    ...      "headroom": (("section", "pollutant", "period"), [[[0.2]]]),
    ...      "group_limit": (("pollutant", "period"), [[50.0]]),
    ...      "annual_total": ("pollutant", [9.0])}, {**one, **month})
    >>> dims = ("enterprise", "pollutant", "period")
    >>> plans = xr.Dataset(
    ...     {"plan": (dims, [[[30.0]]]), "ceiling": (dims, [[[40.0]]]),
    ...      "permit": (dims[:2], [[12.0]])}, {**one, **month})
    >>> nothing = pd.DataFrame(columns=[*dims, "used", "evidence", "reason"])
    >>> issued = update(opened(["E1"], ["TP"]), "2026-01", forecast, plans, nothing)
    >>> issued.quota.item(), issued.sentences.sentence.item()
    (620000, 'E1, TP, 2026-01: 0.62 t of 0.93 t planned; stopped by section S1 2026-01.')
    """
    policy = Policy() if policy is None else policy
    told = ahead(state, period, forecast, plans)
    books = open_books(state, told.enterprise)
    found = settle(books, actuals, policy)
    expire(books, pd.Timestamp(told.time["start"][0]), int(told.time["year"][0]))
    found += _permit_findings(books, plans, actuals)
    told, absent = _everybody(told, books.enterprise)
    found += [("absent", name, "", period, 0.0, 0.0) for name in absent]
    found += _background(told, books.pollutant)
    months = twelve_months(books, told)
    issues = [issue(books, told, p, policy, months) for p in range(len(books.pollutant))]
    for p, part in enumerate(issues):
        found += _given_way(part, told, books.pollutant[p])
    _write(books, issues, told)
    after, rows = books.state(state, period)
    plan = _plan(issues, told, books)
    return Update(
        after.accounts["quota"].sel(period=period, drop=True), plan, after, rows,
        findings(sorted(found)), _sentences(issues, told, books.pollutant),
    )  # fmt: skip


def _everybody(told: Ahead, enterprise: list[str]) -> tuple[Ahead, list[str]]:
    """Give members that are not in the plans a plan of 0."""
    absent = sorted({*enterprise} - {*told.enterprise})
    if not absent:
        return told, absent
    place = [enterprise.index(name) for name in told.enterprise]
    value = dict(told.value)
    for name, axis in (
        ("response", 1), ("plan", 0), ("floor", 0), ("ceiling", 0), ("permit", 0),
        ("tier_weight", 0), ("adjustment_coefficient", 0), ("ramp_step", 0),
    ):  # fmt: skip
        given = np.moveaxis(told.value[name], axis, 0)
        fill = 1.0 if name in ("tier_weight", "adjustment_coefficient") else 0.0
        whole = np.full((len(enterprise), *given.shape[1:]), fill)
        whole[place] = given
        value[name] = np.moveaxis(whole, 0, axis)
    return Ahead(enterprise, told.section, told.period, told.time, value), absent


def _background(told: Ahead, pollutant: list[str]) -> list[Finding]:
    """Sections whose headroom is negative."""
    room = told.value["headroom"]
    return [
        ("background", told.section[s], pollutant[p], told.period[k], float(-room[s, p, k]), 0.0)
        for s, p, k in np.argwhere(room < 0.0)
    ]


def _permit_findings(books: Books, plans: xr.Dataset, actuals: pd.DataFrame) -> list[Finding]:
    """Twelve months that end with a period just reported, above the statutory permit."""
    permit = plans["permit"].transpose("enterprise", "pollutant")
    permit = permit.sel(pollutant=books.pollutant)
    place = [books.enterprise.index(str(name)) for name in permit["enterprise"].values]
    most = permit.values * TONNE
    end = books.time["start"] + pd.to_timedelta(books.time["days"], unit="D").to_numpy()
    found: list[Finding] = []
    told = set(actuals["period"])
    for k, name in enumerate(books.period):
        if name not in told:
            continue
        first = (pd.Timestamp(end[k]) - pd.DateOffset(years=1)).to_numpy()
        inside = (end > first) & (np.arange(len(end)) <= k)
        used = books.account["used"][:, :, inside].sum(axis=2)[place]
        found += [
            ("permit", books.enterprise[place[i]], books.pollutant[p], name,
             float(used[i, p]), float(most[i, p]))
            for i, p in np.argwhere(used > most + 0.5)
        ]  # fmt: skip
    return found


def _given_way(part: Issue, told: Ahead, pollutant: str) -> list[Finding]:
    """List what gave way: an overdrawn total, ramps, floors."""
    found: list[Finding] = []
    if part.overdrawn > 0:
        found.append(("overdrawn", "", pollutant, told.period[0], part.overdrawn, 0.0))
    if part.widened:
        found.append(("ramps", "", pollutant, told.period[0], 0.0, 0.0))
    mass = told.value["floor"][:, part.pollutant].T * GRAMS * told.time["days"][:, None]
    found += [
        ("floor", told.enterprise[i], pollutant, told.period[k],
         float(part.floors[k, i]), float(mass[k, i]))
        for k, i in np.argwhere(part.floors > 1.0)
    ]  # fmt: skip
    return found


def _write(books: Books, issues: list[Issue], told: Ahead) -> None:
    """Open the period and write what is issued; until it is reported, the quota counts as used."""
    count = len(books.period)
    books.period.append(told.period[0])
    books.time = {name: np.append(books.time[name], told.time[name][:1]) for name in books.time}
    for name in BY_PERIOD:
        old = books.account[name]
        books.account[name] = np.concatenate([old, np.zeros((*old.shape[:2], 1), np.int64)], axis=2)
    for p, part in enumerate(issues):
        for i in range(len(books.enterprise)):
            at = (i, p, count)
            books.take(at, int(part.drawn[i]), "drawn")
            books.write("debt", at, -int(part.paid[i]), "paid")
            books.write("planned_mass", at, int(part.planned[i]), "planned")
            if part.foreseen[i] >= 0:
                books.write("foreseen_mass", at, int(part.foreseen[i]), "step")
            books.write("quota", at, int(part.quota[i]), "issued")
            books.write("used", at, int(part.quota[i]), "assumed")
        books.write("reserve", (len(books.enterprise), p, count), int(part.paid.sum()), "penalty")


def _plan(issues: list[Issue], told: Ahead, books: Books) -> xr.DataArray:
    """Shares as rates [kg/d]."""
    mass = np.stack([part.share for part in issues], axis=1)
    rate = mass / (GRAMS * told.time["days"][:, None, None])
    coords = {
        "enterprise": books.enterprise, "pollutant": books.pollutant, "period": told.period,
        **{name: ("period", values) for name, values in told.time.items()},
    }  # fmt: skip
    dims = ("enterprise", "pollutant", "period")
    return described(xr.Dataset({"plan": (dims, rate.transpose(2, 1, 0))}, coords))["plan"]


def _sentences(issues: list[Issue], told: Ahead, pollutant: list[str]) -> pd.DataFrame:
    """One row for each enterprise and pollutant."""
    rows = []
    wanted = told.value["plan"][:, :, 0] * GRAMS * told.time["days"][0]
    for i, enterprise in enumerate(told.enterprise):
        for p, part in enumerate(issues):
            mass = {
                "quota": int(part.quota[i]), "plan": round(wanted[i, p]),
                "drawn": int(part.drawn[i]), "paid": int(part.paid[i]),
            }  # fmt: skip
            place = (enterprise, pollutant[p], told.period[0])
            rows.append((*place, *quota_sentences(place, mass, part.stop[i])))
    columns = ["enterprise", "pollutant", "period", "sentence", "sentence_zh"]
    return pd.DataFrame(rows, columns=columns)
