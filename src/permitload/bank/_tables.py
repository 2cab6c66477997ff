"""Tables of the bank in SQL, and engines for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sql
from sqlalchemy import event as hooks
from sqlalchemy import exc as errors

from permitload.errors import DataError

__all__ = ["ACCOUNTS", "ENTRIES", "EVENTS", "HEAD", "METADATA", "opened"]

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
        if isinstance(error, errors.ArgumentError | errors.DBAPIError | errors.NoSuchModuleError):
            shown = url if engine is None else address.render_as_string()  # hides the password
            message = f"{shown} cannot be opened: {getattr(error, 'orig', error)}"
            raise DataError(message) from None
        raise


def _engine(address: sql.URL) -> sql.Engine:
    """Engine of a database; on SQLite, writers take the lock before they read."""
    kind = address.get_backend_name()
    if kind == "postgresql":
        if address.drivername == kind:
            address = address.set(drivername="postgresql+psycopg")
        # a writer that has waited for the lock must see what the other one stored
        return sql.create_engine(address, isolation_level="READ COMMITTED")
    if kind != "sqlite":
        message = f"{kind} is no database of the bank; right would be sqlite or postgresql"
        raise DataError(message)
    engine = sql.create_engine(address, connect_args={"timeout": WAIT})
    hooks.listen(engine, "connect", _connected)
    hooks.listen(engine, "begin", _begun)
    return engine


def _connected(connection: Any, record: object) -> None:  # noqa: ANN401
    """Leave transactions to us, write ahead, and wait for the disk at every commit."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begun(connection: sql.Connection) -> None:
    """Begin a transaction: IMMEDIATE for writers, so that no two read the same balance."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
