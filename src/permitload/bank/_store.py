"""Storage of the bank: append events, read balances, check the chain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sql
from sqlalchemy import exc as errors

from permitload.bank._chain import START, digest, written
from permitload.bank._events import Event
from permitload.bank._postings import Account, Line
from permitload.bank._queries import statement
from permitload.bank._tables import ACCOUNTS, ENTRIES, EVENTS, HEAD, METADATA, WAIT
from permitload.bank.gates import Facts
from permitload.bank.project import Standing
from permitload.bank.rules import ELEMENTS, MARKET, RULES, Rule, amended
from permitload.errors import DataError, Fault, raise_faults

__all__ = [
    "SqlBooks",
    "anchored",
    "audit",
    "created",
    "head",
    "is_bank",
    "reading",
    "settings",
    "writing",
]

GUARDED = ("bank", "granted", "retired", "committed")
"""Kinds of account that may never be below zero."""
_FIELDS = tuple(ACCOUNTS.c[name] for name in Account._fields)

# written once, so that they are compiled once
_LAST = (
    sql.select(ENTRIES.c.balance)
    .where(ENTRIES.c.account == ACCOUNTS.c.account)
    .order_by(ENTRIES.c.event.desc())
    .limit(1)
    .scalar_subquery()
)
_ACCOUNT = sql.select(ACCOUNTS.c.account, _LAST).where(
    *(column == sql.bindparam(column.name) for column in _FIELDS)
)
_COMMITTED = (
    sql.select(*_FIELDS, _LAST)
    .where(ACCOUNTS.c.kind == "committed", ACCOUNTS.c.holder == sql.bindparam("holder"))
    .where(ACCOUNTS.c.pollutant == sql.bindparam("pollutant"))
    .order_by(ACCOUNTS.c.due, ACCOUNTS.c.label)
)
_LATEST = (
    sql.select(EVENTS)
    .where(EVENTS.c.subject == sql.bindparam("subject"))
    .order_by(EVENTS.c.number.desc())
    .limit(1)
)
_KNOWN = sql.select(EVENTS.c.number).where(EVENTS.c.key == sql.bindparam("key"))
_SPENT = (
    sql.select(ACCOUNTS.c.account)
    .where(ACCOUNTS.c.kind == "purchase", ACCOUNTS.c.holder == MARKET)
    .where(ACCOUNTS.c.label == sql.bindparam("voucher"))
    .limit(1)
)
_LAST_EVENT = (
    sql.select(EVENTS.c.number, EVENTS.c.date, EVENTS.c.hash)
    .order_by(EVENTS.c.number.desc())
    .limit(1)
)
_LOCKED = sql.select(HEAD).with_for_update()
_ADVANCE = HEAD.update().values({name: sql.bindparam(name) for name in ("number", "date", "hash")})
_NEW_EVENT, _NEW_ACCOUNT, _NEW_ENTRY = EVENTS.insert(), ACCOUNTS.insert(), ENTRIES.insert()
_CHANGED = "was changed; right would be the bank as it was, see verify"
_LOCK = 7_230_815
"""Any number of our own: one creates the tables on PostgreSQL while others wait."""


@contextmanager
def writing(engine: sql.Engine) -> Iterator[sql.Connection]:
    """Transaction of one writer at a time: all of it is stored, or nothing."""
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT}s'")
            yield connection
    except (errors.OperationalError, errors.TimeoutError) as error:
        held = isinstance(error, errors.TimeoutError) or "lock" in str(error.orig)
        if not held:
            raise
        message = f"another writer has held the bank for more than {WAIT:g} s"
        raise TimeoutError(f"{message}; right would be to end it, or to try again") from None


@contextmanager
def reading(engine: sql.Engine) -> Iterator[sql.Connection]:
    """Transaction that sees one state of the bank."""
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def created(engine: sql.Engine) -> None:
    """Create the tables where there are none."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_LOCK)))
        METADATA.create_all(connection)
        new = connection.execute(sql.select(EVENTS.c.number).limit(1)).first() is None
        if new and connection.execute(sql.select(HEAD.c.number)).first() is None:
            connection.execute(HEAD.insert().values(head=1, number=0, date="", hash=START))


def is_bank(engine: sql.Engine) -> bool:
    """Whether the tables of a bank are there; creates no file."""
    address = engine.url
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        return False
    return set(METADATA.tables) <= set(sql.inspect(engine).get_table_names())


def settings(connection: sql.Connection) -> tuple[dict[str, Rule], dict[str, str]] | None:
    """Rules and regions in force, or None in a new bank."""
    found = _latest(connection, "rules")
    if found is None:
        return None
    content = json.loads(found)
    values = {n: tuple(v) if isinstance(v, list) else v for n, v in content["rules"].items()}
    changed = {name: value for name, value in values.items() if value != RULES[name].value}
    return amended(changed), content["regions"]


def _latest(connection: sql.Connection, subject: str) -> str | None:
    """Details of the last event on a subject, which has no entries; refused if it was changed."""
    found = connection.execute(_LATEST, {"subject": subject}).mappings().first()
    if found is not None and digest({str(n): v for n, v in found.items()}, []) != found["hash"]:
        raise DataError(f"event {found['key']} {_CHANGED}")
    return None if found is None else str(found["details"])


class SqlBooks:
    """The bank inside one writer's transaction: head locked, balances as they are now."""

    def __init__(self, connection: sql.Connection) -> None:
        # the row lock of PostgreSQL; on SQLite the transaction holds the lock already
        heads = connection.execute(_LOCKED).all()
        last = connection.execute(_LAST_EVENT).first()
        end = (0, "", START) if last is None else tuple(last)
        if [tuple(head[1:]) for head in heads] != [end]:
            raise DataError(f"the head of the bank {_CHANGED}")
        row = heads[0]
        self._connection = connection
        self._number, self._date, self._hash = int(row.number), str(row.date), str(row.hash)
        self.rules, self.regions = settings(connection) or (dict(RULES), {})

    def balance(self, account: Account) -> int:
        """Grams in an account: 0 where it was never used."""
        return self._found(account)[1]

    def _found(self, account: Account) -> tuple[int | None, int]:
        """Key of an account, None if it is not there, and its balance."""
        row = self._connection.execute(_ACCOUNT, account._asdict()).first()
        return (None, 0) if row is None else (int(row[0]), int(row[1] or 0))

    def facts(self, block: str, pollutant: str, day: date) -> Facts:
        """Collect what the gates look at."""
        element, year = ELEMENTS[pollutant], day.year - 1
        judged = _latest(self._connection, f"standing/{block}/{element}/{year}")
        standing = None if judged is None else Standing(**json.loads(judged)["standing"])
        overdue = any(account.due < day.year for account, _ in self._open(block, pollutant))
        return Facts(year, standing, self.is_suspended(block, element), overdue)

    def is_suspended(self, block: str, element: str) -> bool:
        """Whether the last order on a block and element suspends it."""
        order = _latest(self._connection, f"order/{block}/{element}")
        return order is not None and bool(json.loads(order)["suspended"])

    def promised(self, block: str, project: str, pollutant: str) -> list[tuple[Account, int]]:
        """Open commitments that a project fulfils: its own, and what earlier ones fell short of."""
        return [
            found
            for found in self._open(block, pollutant)
            if found[0].label == project or self.is_known(f"deposit/{found[0].label}")
        ]

    def _open(self, block: str, pollutant: str) -> list[tuple[Account, int]]:
        """Open commitments of a block, the first due first."""
        asked = {"holder": block, "pollutant": pollutant}
        rows = self._connection.execute(_COMMITTED, asked)
        return [(Account(*row[:-1]), int(row[-1])) for row in rows if row[-1]]

    def granted(self) -> pd.DataFrame:
        """All that is granted so far, by block, pollutant, category and outlet."""
        return statement(self._connection, None, ["granted"])

    def is_known(self, key: str) -> bool:
        """Whether an event is there."""
        return self._connection.execute(_KNOWN, {"key": key}).first() is not None

    def is_spent(self, voucher: str) -> bool:
        """Whether quota was bought with a voucher."""
        return self._connection.execute(_SPENT, {"voucher": voucher}).first() is not None

    def refuse(self, event: Event) -> None:
        """Refuse an event that is there already, or comes before the last one."""
        if self.is_known(event.key):
            problem, right = "is there already", "every event once"
            raise_faults([Fault("events", event.key, "key", None, problem, right)])
        if event.day.isoformat() < self._date:
            problem, right = "is before the last event", f"{self._date} or after"
            raise_faults([Fault("events", event.key, "date", event.day, problem, right)])

    def append(self, event: Event, lines: Iterable[Line]) -> list[tuple[Any, ...]]:
        """Store an event at the end of the chain; returns its entries in order of account."""
        number, day = self._number + 1, event.day.isoformat()
        row = {
            "number": number, "key": event.key, "date": day, "subject": event.subject,
            "details": written(event.details), "previous": self._hash,
        }  # fmt: skip
        entries, hashed = [], []
        for line in lines:
            identity, balance = self._found(line.account)
            balance += line.grams
            if balance < 0 and line.account.kind in GUARDED:
                message = f"{line.account} would be {balance} g; right would be 0 or more"
                raise DataError(message)
            if identity is None:
                identity = self._opened(line.account)
            stated = line.grams, balance, line.rule, self.rules[line.rule].clause
            names = ("account", "event", "grams", "balance", "rule", "clause")
            entries.append(dict(zip(names, (identity, number, *stated), strict=True)))
            hashed.append((*line.account, *stated))
        row["hash"] = digest(row, hashed)
        self._connection.execute(_NEW_EVENT, row)
        if entries:
            self._connection.execute(_NEW_ENTRY, entries)
        self._connection.execute(_ADVANCE, {"number": number, "date": day, "hash": row["hash"]})
        self._number, self._date, self._hash = number, day, str(row["hash"])
        return sorted(hashed)

    def _opened(self, account: Account) -> int:
        """Open an account."""
        done = self._connection.execute(_NEW_ACCOUNT, account._asdict())
        key = done.inserted_primary_key
        assert key is not None
        return int(key[0])


def audit(connection: sql.Connection) -> list[Fault]:
    """Read the whole chain again: hashes, links, sums, balances, days, and what is below zero."""
    faults: list[Fault] = []
    balances: dict[tuple[Any, ...], int] = {}
    number, previous, last = 0, START, ""
    entry = sql.select(
        EVENTS, *_FIELDS, ENTRIES.c.grams, ENTRIES.c.balance, ENTRIES.c.rule, ENTRIES.c.clause
    )
    query = entry.select_from(EVENTS.outerjoin(ENTRIES).outerjoin(ACCOUNTS))
    rows = connection.execution_options(yield_per=10_000).execute(query.order_by(EVENTS.c.number))
    for key, group in groupby(rows, lambda row: tuple(row[:7])):
        event = dict(zip(EVENTS.c.keys(), key, strict=True))
        lines = [tuple(row[7:]) for row in group]
        lines = [line for line in lines if line[0] is not None]
        number, expected = number + 1, (number + 1, previous)
        wrong = [] if digest(event, lines) == event["hash"] else ["hash"]
        if (event["number"], event["previous"]) != expected:
            wrong.append("previous")
        if event["date"] < last:
            wrong.append("date")
        wrong += _misbooked(lines, balances)
        problem, right = "does not fit what was written", "the event as it was"
        faults += [Fault("events", event["key"], name, None, problem, right) for name in wrong]
        number, previous, last = event["number"], event["hash"], event["date"]
    return faults + _loose(connection, (number, last, previous))


def _misbooked(lines: list[tuple[Any, ...]], balances: dict[tuple[Any, ...], int]) -> list[str]:
    """Find sums that are not zero, balances that do not follow, and what is below zero."""
    wrong, sums = [], dict.fromkeys((line[2] for line in lines), 0)
    for *account, grams, balance, _, _ in lines:
        name = tuple(account)
        balances[name] = balances.get(name, 0) + grams
        sums[account[2]] += grams
        if balances[name] != balance or (balance < 0 and account[0] in GUARDED):
            wrong.append("balance")
    return wrong + ["grams" for left in sums.values() if left]


def _loose(connection: sql.Connection, end: tuple[int, str, str]) -> list[Fault]:
    """Find a head that is not the last event, and entries without an event or account."""
    head = connection.execute(sql.select(HEAD.c.number, HEAD.c.date, HEAD.c.hash)).all()
    faults = []
    if [tuple(row) for row in head] != [end]:
        problem, right = "is not the last event", "the head as it was"
        faults.append(Fault("head", None, "hash", None, problem, right))
    known = sql.select(EVENTS.c.number), sql.select(ACCOUNTS.c.account)
    loose = sql.or_(ENTRIES.c.event.not_in(known[0]), ENTRIES.c.account.not_in(known[1]))
    for row in connection.execute(sql.select(ENTRIES.c.event).where(loose)):
        problem, right = "has no event or account", "entries of an event"
        faults.append(Fault("entries", row.event, "event", None, problem, right))
    return faults


def head(connection: sql.Connection) -> tuple[int, str]:
    """Read number and hash of the last event."""
    row = connection.execute(sql.select(HEAD.c.number, HEAD.c.hash)).one()
    return int(row.number), str(row.hash)


def anchored(connection: sql.Connection, known: tuple[int, str] | None) -> list[Fault]:
    """Find a head that was written down and is not in the chain."""
    if known is None:
        return []
    number, digest_ = known
    query = sql.select(EVENTS.c.hash).where(EVENTS.c.number == number)
    if connection.execute(query).scalar() == digest_:
        return []
    problem, right = "is not in the bank", "the event that was written down"
    return [Fault("events", number, "hash", digest_, problem, right)]
