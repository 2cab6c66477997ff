"""Tables of the bank in SQL, and engines for SQLite and PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sql
from sqlalchemy import event as hooks
from sqlalchemy import exc as errors

from permitload.errors import DataError

__all__ = ["ACCOUNTS", "ENTRIES", "EVENTS", "HEAD", "METADATA", "WAIT", "opened"]

METADATA = sql.MetaData()

EVENTS = sql.Table(
    "events",
    METADATA,
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("key", sql.Text, nullable=False, unique=True),
    sql.Column("date", sql.String(10), nullable=False, index=True),
    sql.Column("subject", sql.Text, nullable=False),
    sql.Column("details", sql.Text, nullable=False),
    sql.Column("previous", sql.String(64), nullable=False),
    sql.Column("hash", sql.String(64), nullable=False),
    sql.Index("events_subject", "subject", "number"),
)
ACCOUNTS = sql.Table(
    "accounts",
    METADATA,
    sql.Column("account", sql.Integer, primary_key=True),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("holder", sql.Text, nullable=False),
    sql.Column("pollutant", sql.Text, nullable=False),
    sql.Column("category", sql.Text, nullable=False),
    sql.Column("label", sql.Text, nullable=False),
    sql.Column("due", sql.Integer, nullable=False),
    sql.UniqueConstraint("kind", "holder", "pollutant", "category", "label", "due"),
)
ENTRIES = sql.Table(
    "entries",
    METADATA,
    # the account comes first: its last entry holds its balance
    sql.Column("account", sql.ForeignKey("accounts.account"), primary_key=True),
    sql.Column("event", sql.ForeignKey("events.number"), primary_key=True),
    sql.Column("grams", sql.BigInteger, nullable=False),
    sql.Column("balance", sql.BigInteger, nullable=False),
    sql.Column("rule", sql.Text, nullable=False),
    sql.Column("clause", sql.Text, nullable=False),
    sql.Index("entries_event", "event"),
    sqlite_with_rowid=False,
)
HEAD = sql.Table(
    "head",
    METADATA,
    # one row, locked by whoever writes
    sql.Column("head", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("number", sql.BigInteger, nullable=False),
    sql.Column("date", sql.String(10), nullable=False),
    sql.Column("hash", sql.String(64), nullable=False),
)

_DRIVERS = {"postgresql": "psycopg", "sqlite": "pysqlite"}
_UNOPENED = (
    errors.ArgumentError,
    errors.DBAPIError,
    errors.NoSuchModuleError,
    ImportError,
    ValueError,
)
WAIT = 60.0
"""Seconds that a writer waits for another."""


@contextmanager
def opened(url: str) -> Iterator[sql.Engine]:
    """Engine of a database that can be opened; it is closed if what follows fails."""
    engine = None
    try:
        address = sql.make_url(url)
        engine = _engine(address)
        yield engine
    except BaseException as error:
        if engine is not None:
            engine.dispose()
        if isinstance(error, _UNOPENED) and not isinstance(error, DataError):
            # hides the password, also of an address that cannot be read
            shown = re.sub("//[^@]*@", "//***@", str(url)) if engine is None else engine.url
            message = f"{shown} cannot be opened: {getattr(error, 'orig', error)}"
            raise DataError(f"{message}; right would be the address of a reserve bank") from None
        raise


def _engine(address: sql.URL) -> sql.Engine:
    """Engine of a database; on SQLite, writers take the lock before they read."""
    kind, _, driver = address.drivername.partition("+")
    if driver not in ("", _DRIVERS.get(kind, driver)):
        message = f"{driver} is no driver of the bank; right would be {kind}+{_DRIVERS[kind]}"
        raise DataError(message)
    if kind == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        # a writer that has waited for the lock must see what the other one stored
        return sql.create_engine(address, isolation_level="READ COMMITTED")
    if kind != "sqlite":
        message = f"{kind} is no database of the bank; right would be sqlite or postgresql"
        raise DataError(message)
    given: dict[str, Any] = {"connect_args": {"timeout": WAIT}}
    if address.database in (None, "", ":memory:"):
        # such a bank is its connection: threads take turns with it
        given["connect_args"]["check_same_thread"] = False
        given |= {
            "poolclass": sql.QueuePool,
            "pool_size": 1,
            "max_overflow": 0,
            "pool_timeout": WAIT,
        }
    engine = sql.create_engine(address, **given)
    hooks.listen(engine, "connect", _connected)
    hooks.listen(engine, "begin", _begun)
    return engine


def _connected(connection: sqlite3.Connection, record: object) -> None:
    """Leave transactions to us, write ahead, and wait for the disk at every commit."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begun(connection: sql.Connection) -> None:
    """Begin a transaction: IMMEDIATE for writers, so that no two read the same balance."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
