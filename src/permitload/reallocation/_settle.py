"""What was used against what was issued: corrections, lots and debts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from permitload.errors import Fault, raise_faults
from permitload.reallocation._books import Books, Whole
from permitload.reallocation.policy import REASONS, Policy

__all__ = ["expire", "pending", "settle"]

COLUMNS = ["enterprise", "pollutant", "period", "used", "evidence", "reason"]
LEVELS = {"assumed": 0, "provisional": 1, "verified": 2}
Finding = tuple[str, str, str, str, float, float]


def settle(books: Books, actuals: pd.DataFrame, policy: Policy) -> list[Finding]:
    """Book what was used; verified use makes lots and debts. Returns findings.

    A finding is (rule, enterprise, pollutant, period, figure, threshold).
    """
    _refuse(books, actuals)
    who = {name: i for i, name in enumerate(books.enterprise)}
    what = {name: p for p, name in enumerate(books.pollutant)}
    when = {name: k for k, name in enumerate(books.period)}
    found: list[Finding] = []
    table = actuals[COLUMNS].sort_values(COLUMNS[:3], kind="stable")
    for enterprise, pollutant, period, used, evidence, reason in table.itertuples(index=False):
        at = (who[enterprise], what[pollutant], when[period])
        place = (enterprise, pollutant, period)
        quota = int(books.account["quota"][at])
        books.write("used", at, int(used) - int(books.account["used"][at]), evidence)
        books.account["verified"][at] = LEVELS[evidence]
        if used > policy.implausible * quota and quota > 0:
            found.append(("implausible", *place, float(used), policy.implausible * quota))
        if used > quota:
            found.append(("exceeded", *place, float(used), float(quota)))
        if evidence == "verified":
            _true_up(books, at, policy, reason)
        if reason == "closure":
            _close(books, at)
    return found + list(_silent(books))


def _true_up(books: Books, at: tuple[int, int, int], policy: Policy, reason: str) -> None:
    """Bring lots and debts of a period to what its use gives rise to.

    Whole numbers: part of the unused kept as a lot, rounded down; debt rounded up.
    """
    quota, used = int(books.account["quota"][at]), int(books.account["used"][at])
    unused, beyond = max(quota - used, 0), max(used - quota, 0)
    closed = int(books.account["closed"][at])
    away = unused if reason == "closure" else min(closed, unused)
    books.write("closed", at, away - closed, "closure")
    kept = min(unused - away, int(policy.lot_share.get(reason, 0.0) * quota + 1e-6))
    change = unused - away - kept - int(books.account["recalled"][at])
    books.write("recalled", at, change, reason or "unstated")
    _lots(books, at, kept, policy)
    wanted = int(np.ceil((policy.penalty - 1.0) * beyond - 1e-6))
    change = wanted - int(books.account["charged"][at])
    change = max(change, -int(books.account["debt"][at[:2]]))
    books.account["charged"][at] += change
    books.write("debt", at, change, "charged")


def _lots(books: Books, at: tuple[int, int, int], kept: int, policy: Policy) -> None:
    """Grant what is kept, or take back what was kept too much; what is spent becomes a debt."""
    change = kept - int(books.account["granted"][at])
    books.account["granted"][at] = kept
    if change >= 0:
        end = pd.Timestamp(books.time["start"][at[2]])
        length = pd.to_timedelta(float(books.time["days"][at[2]]) + policy.lot_life, unit="D")
        books.put(at, change, end + length)
        return
    taken = books.take(at, -change, "granted", born=at[2])
    books.write("debt", at, -change - taken, "lot spent")


def _close(books: Books, at: tuple[int, int, int]) -> None:
    """Move the lots of a closed enterprise to what is kept for the reserve bank."""
    for lot in list(books.lots.get(at[:2], [])):
        books.write("closed", (*at[:2], lot.born), lot.mass, "lot closed")
        books.account["granted"][(*at[:2], lot.born)] -= lot.mass
    books.take(at, int(books.held()[at[:2]]), "closed")


def expire(books: Books, start: pd.Timestamp, year: int) -> None:
    """Let lots go whose day has come, or whose year is over: their mass is the park's again."""
    for at, lots in books.lots.items():
        kept = []
        for lot in lots:
            place = (*at, lot.born)
            if lot.expires > start and int(books.time["year"][lot.born]) == year:
                kept.append(lot)
            else:
                books.write("lot", place, -lot.mass, "expired")
                books.account["granted"][place] -= lot.mass
        books.lots[at] = kept


def pending(books: Books, policy: Policy, year: int) -> Whole:
    """Most that provisional periods of a year may still turn into lots (enterprise, pollutant)."""
    own = books.time["year"] == year
    unused = (books.account["quota"] - books.account["used"]).clip(min=0)
    share = max(policy.lot_share.values(), default=0.0)
    most = np.minimum(unused, np.floor(share * books.account["quota"]).astype(np.int64))
    waiting = (books.account["verified"] == 1) & own
    total: Whole = np.where(waiting, most, 0).sum(axis=2)
    return total


def _silent(books: Books) -> Iterator[Finding]:
    """Enterprises that have reported nothing for a period: their quota stands for their use."""
    nothing = (books.account["verified"] == 0) & (books.account["quota"] > 0)
    for i, p, k in np.argwhere(nothing):
        place = (books.enterprise[i], books.pollutant[p], books.period[k])
        used = float(books.account["used"][i, p, k])
        yield ("unreported", *place, used, float(books.account["quota"][i, p, k]))


def _back(books: Books, actuals: pd.DataFrame) -> Iterator[Fault]:
    """List reports that would turn a verified use into a provisional one."""
    order = (books.enterprise, books.pollutant, books.period)
    place = [
        pd.Index(names).get_indexer(actuals[name])
        for names, name in zip(order, COLUMNS[:3], strict=True)
    ]
    settled = books.account["verified"][tuple(place)] == LEVELS["verified"]
    for row in np.flatnonzero(settled & (actuals["evidence"] == "provisional").to_numpy()):
        problem = "comes after a verified use"
        yield Fault("actuals", int(row), "evidence", "provisional", problem, "verified use")


def _refuse(books: Books, actuals: pd.DataFrame) -> None:
    """Refuse rows that cannot be booked, all at once."""
    lacking = [name for name in COLUMNS if name not in actuals]
    raise_faults(
        [Fault("actuals", None, name, None, "is missing", f"columns {COLUMNS}") for name in lacking]
    )
    known = {
        "enterprise": books.enterprise, "pollutant": books.pollutant, "period": books.period,
        "evidence": list(LEVELS)[1:], "reason": ["", *REASONS],
    }  # fmt: skip
    faults = [
        Fault("actuals", row, name, actuals[name].iloc[row], "is unknown", f"one of {labels[-12:]}")
        for name, labels in known.items()
        for row in np.flatnonzero(~actuals[name].isin(labels))
    ]
    if not faults:
        faults += _back(books, actuals)
    used = pd.to_numeric(actuals["used"], errors="coerce").to_numpy(dtype=float)
    for row in np.flatnonzero(~((used >= 0) & (used == np.floor(used)) & (used < 2**53))):
        value = actuals["used"].iloc[row]
        faults.append(Fault("actuals", row, "used", value, "is no mass", "whole grams >= 0"))
    for row in np.flatnonzero(actuals.duplicated(COLUMNS[:3])):
        label = ", ".join(map(str, actuals[COLUMNS[:3]].iloc[row]))
        faults.append(Fault("actuals", row, "period", label, "is there twice", "one row each"))
    raise_faults(faults)
