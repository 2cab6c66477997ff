"""What is read out of the bank: statements, movements, entries, what is overdue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sql

from permitload.bank._forms import on_day
from permitload.bank._postings import Account
from permitload.bank._tables import ACCOUNTS, ENTRIES, EVENTS

__all__ = ["begun", "booked", "entries", "movements", "recorded", "statement"]

_NAMES = Account._fields
_FIELDS = tuple(ACCOUNTS.c[name] for name in _NAMES)
_STATED = tuple(ENTRIES.c[name] for name in ("grams", "balance", "rule", "clause"))
_ENTRIES = (
    sql.select(*_FIELDS, *_STATED)
    .select_from(ENTRIES.join(EVENTS).join(ACCOUNTS))
    .where(EVENTS.c.key == sql.bindparam("key"))
)


def _number(connection: sql.Connection, day: date | None) -> int:
    """Last event up to a day."""
    query = sql.select(sql.func.max(EVENTS.c.number))
    if day is not None:  # days never go back along the chain
        query = query.where(EVENTS.c.date <= on_day(day))
    return int(connection.execute(query).scalar() or 0)


def statement(
    connection: sql.Connection, day: date | None, kinds: Iterable[str] = ()
) -> pd.DataFrame:
    """Balance of every account after the last event of a day: its last entry holds it."""
    last = (
        sql.select(ENTRIES.c.balance)
        .where(ENTRIES.c.account == ACCOUNTS.c.account)
        .where(ENTRIES.c.event <= _number(connection, day))
        .order_by(ENTRIES.c.event.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = sql.select(*_FIELDS, last).order_by(*_FIELDS)
    if kinds:
        query = query.where(ACCOUNTS.c.kind.in_(list(kinds)))
    rows = connection.execute(query).all()
    found = pd.DataFrame([tuple(row) for row in rows], columns=[*_NAMES, "balance"])
    return found.dropna(subset="balance").astype({"balance": "int64"}).reset_index(drop=True)


def movements(connection: sql.Connection, first: date, last: date) -> pd.DataFrame:
    """Sum what came into every account and went out of it over some days, both included."""
    after = [EVENTS.c.date >= on_day(first), EVENTS.c.date <= on_day(last)]
    incoming = sql.func.sum(sql.case((ENTRIES.c.grams > 0, ENTRIES.c.grams), else_=0))
    outgoing = sql.func.sum(sql.case((ENTRIES.c.grams < 0, -ENTRIES.c.grams), else_=0))
    query = sql.select(*_FIELDS, incoming, outgoing)
    query = query.select_from(ENTRIES.join(EVENTS).join(ACCOUNTS)).where(*after)
    rows = connection.execute(query.group_by(*_FIELDS)).all()
    names = [*_NAMES, "incoming", "outgoing"]
    found = pd.DataFrame([tuple(row) for row in rows], columns=names)
    return found.astype({"incoming": "int64", "outgoing": "int64"})


def entries(connection: sql.Connection, key: str) -> list[tuple[Any, ...]]:
    """Entries of one event, each with its rule and the clause of the text."""
    return sorted(tuple(row) for row in connection.execute(_ENTRIES, {"key": key}))


def booked(connection: sql.Connection, key: str) -> dict[str, int]:
    """Sum by pollutant what a deposit brought, or what a withdrawal granted [g]."""
    found: dict[str, int] = {}
    for row in entries(connection, key):
        kind, _, pollutant, *_, grams, _, _, _ = row
        if kind in ("reduction", "granted"):
            found[pollutant] = found.get(pollutant, 0) + abs(grams)
    return found


def begun(connection: sql.Connection) -> str:
    """Day of the first event after the rules were put in force; empty if there is none."""
    query = sql.select(sql.func.min(EVENTS.c.date)).where(EVENTS.c.number > 1)
    return str(connection.execute(query).scalar() or "")


def recorded(connection: sql.Connection, subjects: Iterable[str], day: date) -> set[str]:
    """Those of some subjects on which there is an event up to a day."""
    query = sql.select(EVENTS.c.subject).where(EVENTS.c.subject.in_(list(subjects)))
    rows = connection.execute(query.where(EVENTS.c.date <= day.isoformat()))
    return {str(row.subject) for row in rows}
