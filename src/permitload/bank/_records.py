"""What can be read in a bank: statements, movements, entries, what is overdue, its integrity."""

from __future__ import annotations

from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from permitload.bank._forms import on_day, register_faults
from permitload.bank._postings import Account
from permitload.bank.policy import calendar, quarters
from permitload.bank.rules import ELEMENTS, REGIONS, RULES, names
from permitload.errors import DataError, Fault, raise_faults

if TYPE_CHECKING:
    import sqlalchemy as sql

__all__ = ["Records", "entry_table", "verify"]


def entry_table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Give the entries of one event their names."""
    return pd.DataFrame(rows, columns=[*Account._fields, "grams", "balance", "rule", "clause"])


class Records:
    """The half of a bank that only reads."""

    _engine: sql.Engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections.

        Examples
        --------
        >>> from permitload import bank
        >>> bank.ReserveBank("sqlite://").close()
        """
        self._engine.dispose()

    def statement(self, day: date | None = None) -> pd.DataFrame:
        """Balance of every account at the end of a day.

        Parameters
        ----------
        day : date, optional
            The day; the present without one.

        Returns
        -------
        DataFrame
            ``kind`` (``bank``, ``granted``, ``retired``, ``committed``, and what balances them:
            ``reduction``, ``purchase``, ``promise``), ``holder``, ``pollutant``, ``category``,
            ``label`` (outlet, promised project or voucher), ``due`` (year or 0), ``balance`` [g].

        Examples
        --------
        >>> from permitload import bank
        >>> with bank.ReserveBank("sqlite://") as records:
        ...     len(records.statement(date(2024, 1, 1)))
        0
        """
        from permitload.bank import _queries, _store

        with _store.reading(self._engine) as connection:
            return _queries.statement(connection, day)

    def reconciliation(self, first: date, last: date) -> pd.DataFrame:
        """Go over all accounts: opening, what came in and went out, closing (四(三)).

        Parameters
        ----------
        first, last : date
            The days, both included: a quarter by the text.

        Returns
        -------
        DataFrame
            Account as in :meth:`statement`, ``opening_balance``, ``incoming``, ``outgoing``,
            ``closing_balance``
            [g]; accounts that did not move are left out.

        Examples
        --------
        >>> from permitload import bank
        >>> with bank.ReserveBank("sqlite://") as records:
        ...     len(records.reconciliation(date(2024, 1, 1), date(2024, 3, 31)))
        0
        """
        from permitload.bank import _queries, _store

        if on_day(last) < on_day(first):
            message = f"the last day {last} is before the first {first}; right would be after it"
            raise DataError(message)
        with _store.reading(self._engine) as connection:
            moved = _queries.movements(connection, first, last)
            closing = _queries.statement(connection, last).rename(
                columns={"balance": "closing_balance"}
            )
        found = moved.merge(closing, on=list(Account._fields))
        opening = found["closing_balance"] - found["incoming"] + found["outgoing"]
        return found.assign(opening_balance=opening)

    def entries(self, key: str) -> pd.DataFrame:
        """Entries of one event with the rule and the clause that each follows.

        Parameters
        ----------
        key : str
            ``deposit/PROJECT`` or ``withdrawal/PROJECT``.

        Returns
        -------
        DataFrame
            Account as in :meth:`statement`, ``grams``, ``balance`` after it, ``rule``, ``clause``.

        Examples
        --------
        >>> from permitload import bank
        >>> with bank.ReserveBank("sqlite://") as records:
        ...     len(records.entries("deposit/P1"))
        0
        """
        from permitload.bank import _queries, _store

        with _store.reading(self._engine) as connection:
            return entry_table(_queries.entries(connection, key))

    def unbooked(self, register: pd.DataFrame) -> pd.DataFrame:
        """Compare a register of approvals and reductions with what is booked (四(三)).

        Used quota is to leave the bank, and new reserve to enter it, as it arises.

        Parameters
        ----------
        register : DataFrame
            ``event`` (``deposit`` or ``withdrawal``), ``project``, ``pollutant`` and ``grams``:
            the approved reduction, or the new emission that was approved, whole [g].

        Returns
        -------
        DataFrame
            Rows of the register that differ from the bank, with ``booked`` [g], 0 where nothing is.

        Raises
        ------
        DataError
            With every row that names no event or pollutant, has no whole grams, or is there twice.

        Examples
        --------
        >>> from permitload import bank
        >>> register = pd.DataFrame({"event": ["deposit"], "project": ["P1"],
        ...                          "pollutant": ["TN"], "grams": [1000]})
        >>> with bank.ReserveBank("sqlite://") as records:
        ...     records.unbooked(register)["booked"].tolist()
        [0]
        """
        from permitload.bank import _queries, _store

        raise_faults(register_faults(register))
        keys = register["event"] + "/" + register["project"]
        with _store.reading(self._engine) as connection:
            there = {key: _queries.booked(connection, key) for key in keys.unique()}
        amounts = [there[key].get(p, 0) for key, p in zip(keys, register["pollutant"], strict=True)]
        found = register.assign(booked=np.array(amounts, dtype="int64"))
        return found[(found["booked"] != found["grams"]).to_numpy()].reset_index(drop=True)

    def overdue(self, day: date) -> pd.DataFrame:
        """List what should have been there by a day and is not (三(三)4, 三(四)1, 四(三)).

        Judgements of last year by block and element, emissions of the parks, reconciliations of
        the quarters that ended since the bank began, and commitments.

        Parameters
        ----------
        day : date
            The day.

        Returns
        -------
        DataFrame
            ``task``, ``block``, ``about`` (element, pollutant or year) and ``date``, its last day.

        Examples
        --------
        >>> from permitload import bank
        >>> with bank.ReserveBank("sqlite://") as records:
        ...     records.overdue(date(2024, 2, 1)).head(1).values.tolist()
        [['judgement', '常熟经济技术开发区', 'water', datetime.date(2024, 1, 31)]]
        """
        from permitload.bank import _queries, _store

        on_day(day)
        with _store.reading(self._engine) as connection:
            rules, regions = _store.settings(connection) or (dict(RULES), dict(REGIONS))
            due = calendar(day.year, rules)
            judged, allowed = (
                due.loc[due["task"] == task, "date"].iloc[0] for task in ("judgement", "allowable")
            )
            wanted = {
                f"standing/{block}/{element}/{day.year - 1}": ("judgement", block, element, judged)
                for block in dict.fromkeys(regions.values())
                for element in dict.fromkeys(ELEMENTS.values())
            }
            wanted |= {
                f"allowable/{park}/{day.year}": ("allowable", park, str(day.year), allowed)
                for park in names(rules, "parks")
            }
            begun = _queries.begun(connection)
            wanted |= {
                f"reconciliation/{last}": ("reconciliation", "", str(last), last)
                for last in (*quarters(day.year - 1, rules)[-1:], *quarters(day.year, rules))
                if begun and begun <= str(last)
            }
            there = _queries.recorded(connection, wanted, day)
            open_ = _queries.statement(connection, day, ["committed"])
        rows = [what for subject, what in wanted.items() if subject not in there and what[-1] < day]
        rows += [
            ("commitment", row.holder, row.pollutant, date(row.due, 12, 31))
            for row in open_.itertuples()
            if row.balance and row.due < day.year
        ]
        return pd.DataFrame(rows, columns=["task", "block", "about", "date"])

    def head(self) -> tuple[int, str]:
        """Give number and hash of the last event: written down, they hold all before them.

        Returns
        -------
        tuple
            Number and hash.

        Examples
        --------
        >>> from permitload import bank
        >>> with bank.ReserveBank("sqlite://") as records:
        ...     records.head()[0]
        1
        """
        from permitload.bank import _store

        with _store.reading(self._engine) as connection:
            return _store.head(connection)

    def verify(self, known: tuple[int, str] | None = None) -> list[Fault]:
        """Read the whole bank again and compute every hash, sum and balance.

        Parameters
        ----------
        known : tuple, optional
            A :meth:`head` that was written down: shows whether the end was cut off or all was
            written anew, which no chain shows by itself.

        Returns
        -------
        list of Fault
            Empty if nothing was changed.

        Examples
        --------
        >>> from permitload import bank
        >>> with bank.ReserveBank("sqlite://") as records:
        ...     records.verify(), records.verify((1, "x"))[0].problem
        ([], 'is not in the bank')
        """
        from permitload.bank import _store

        with _store.reading(self._engine) as connection:
            return _store.audit(connection) + _store.anchored(connection, known)


def verify(url: str, known: tuple[int, str] | None = None) -> list[Fault]:
    """Verify a bank that is there, without creating one; see :meth:`ReserveBank.verify`.

    Parameters
    ----------
    url : str
        Address of the database.
    known : tuple, optional
        A head that was written down.

    Returns
    -------
    list of Fault
        Empty if nothing was changed.

    Raises
    ------
    DataError
        If there is no bank.

    Examples
    --------
    >>> verify("sqlite://")
    Traceback (most recent call last):
    permitload.errors.DataError: sqlite:// holds no reserve bank; right would be the address of one
    """
    from permitload.bank import _store, _tables

    with _tables.opened(url) as engine:
        if not _store.is_bank(engine):
            message = f"{engine.url} holds no reserve bank; right would be the address of one"
            raise DataError(message)
        with _store.reading(engine) as connection:
            found = _store.audit(connection) + _store.anchored(connection, known)
        engine.dispose()
        return found
