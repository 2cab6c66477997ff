"""The reserve bank (排污总量指标储备库): double entry in whole grams, kept in a database.

Every event adds to zero for every pollutant, all events form a hash chain, and nothing is ever
changed: a statement of a past day is always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from permitload.bank._events import Event, adoption, event_of, named, refuse_settings, values_of
from permitload.bank._forms import answered, emission_faults, form_faults, on_day, use_form_faults
from permitload.bank._postings import deposit_lines, use_faults, withdrawal_lines
from permitload.bank._records import Records, entry_table
from permitload.bank.policy import eligible, quarters
from permitload.bank.project import Project, Standing, Use, gram_faults
from permitload.bank.rules import ELEMENTS, REGIONS, RULES, Rule, names
from permitload.errors import DataError, Fault, raise_faults

if TYPE_CHECKING:
    from permitload.bank._store import SqlBooks

__all__ = ["Recheck", "ReserveBank"]

Recheck = Callable[[Use, pd.DataFrame], Iterable[Fault]]
"""Takes a use and what is granted so far; returns the rows that fail."""


class ReserveBank(Records):
    """Quota of eight pollutants in the banks of province, city, Changshu, its towns and parks.

    SQLite (``sqlite:///bank.db``) and PostgreSQL (``postgresql+psycopg://…``) by the same code;
    needs ``pip install 'permitload[bank]'``. One writer at a time: two cannot overdraw, and a
    crash leaves an event whole or not there. Close it, or use it in ``with``.

    Parameters
    ----------
    url : str
        Address of the database; its tables are created where there are none.
    regions : mapping, optional
        Region to the bank of its block, for a new bank; :data:`REGIONS` by default.
    rules : mapping, optional
        Rules, for a new bank; :data:`RULES` by default.

    Raises
    ------
    DataError
        If the bank is there and keeps other regions or rules: see :meth:`adopt`.

    Examples
    --------
    >>> from datetime import date
    >>> project = Project(
    ...     "P1", "新材料产业园", "infrastructure", "block", "domestic", {"TN": 1000},
    ...     date(2024, 5, 1), "A1",
    ...     ("proposal", "calculation", "eia", "acceptance", "funding"), listed=False,
    ...     state_share="0.2", government_money=True)
    >>> with ReserveBank("sqlite://") as bank:
    ...     _ = bank.deposit(project, date(2024, 6, 1))
    ...     bank.statement().query("kind == 'bank'").set_index("holder").balance.to_dict()
    {'常熟市本级': 112, '新材料产业园': 448, '江苏省': 200, '苏州市': 240}
    """

    def __init__(
        self,
        url: str,
        regions: Mapping[str, str] | None = None,
        rules: Mapping[str, Rule] | None = None,
    ) -> None:
        try:
            from permitload.bank import _store, _tables
        except ImportError as error:
            message = "the bank needs SQLAlchemy: pip install 'permitload[bank]'"
            raise ImportError(message) from error
        refuse_settings(regions or REGIONS, rules or RULES)
        with _tables.opened(url) as self._engine:
            _store.created(self._engine)
            self._settle(regions, rules)

    def _settle(self, regions: Mapping[str, str] | None, rules: Mapping[str, Rule] | None) -> None:
        """Write the settings into a new bank; refuse others than those of one that is there."""
        with self._writing() as books:
            if not books.regions:
                day = date.fromisoformat(str((rules or RULES)["since"].value))
                books.append(adoption(regions or REGIONS, rules or RULES, day, "1"), [])
            elif (regions and dict(regions) != books.regions) or (
                rules and values_of(rules) != values_of(books.rules)
            ):
                message = "the bank keeps other regions or rules; right would be adopt()"
                raise DataError(message)

    @contextmanager
    def _writing(self) -> Iterator[SqlBooks]:
        """One transaction, with the lock."""
        from permitload.bank import _store

        with _store.writing(self._engine) as connection:
            yield _store.SqlBooks(connection)

    def deposit(self, project: Project, day: date) -> pd.DataFrame:
        """Put the reductions of a project into the banks, split over the tiers (三(二)).

        Reduces what the block promised to deposit by this project.

        Parameters
        ----------
        project : Project
            What was approved.
        day : date
            Day of the deposit, not before that of the last event.

        Returns
        -------
        DataFrame
            Entries of the event, see :meth:`entries`.

        Raises
        ------
        DataError
            With all that keeps the project out, or that it is there already.

        Examples
        --------
        See :class:`ReserveBank`.
        """
        key = f"deposit/{named(project.project, 'deposit')}"
        event = event_of(key, day, "", {"project": project})
        raise_faults(form_faults("deposit", project.project, project))
        faults = gram_faults("deposit", project.project, project.reductions, ELEMENTS)
        with self._writing() as books:
            if project.region not in books.regions:
                known = f"one of {', '.join(books.regions)}"
                faults.append(
                    Fault("deposit", project.project, "region", project.region, "is unknown", known)
                )
            raise_faults([*faults, *eligible(project, day, books.rules)])
            books.refuse(event)
            rows = books.append(event, deposit_lines(project, books))
        return entry_table(rows)

    def withdraw(self, use: Use, day: date, recheck: Recheck) -> pd.DataFrame:
        """Draw the quota of a project: all of its pollutants, or nothing (三(三)).

        One's own bank first, then the supplements in order. The new emission is granted; what was
        drawn beyond it is retired for good.

        Parameters
        ----------
        use : Use
            What is asked for.
        day : date
            Day of the withdrawal, not before that of the last event.
        recheck : function
            Takes the use and the table of what is granted so far (see :meth:`statement`), returns
            a :class:`~permitload.errors.Fault` for every row of the sections that fails, see
            :func:`permitload.bank.section_check`: a credit creates no capacity. It is called while
            other writers wait, so that no two uses see the same room.

        Returns
        -------
        DataFrame
            Entries of the event, see :meth:`entries`.

        Raises
        ------
        DataError
            With the gates that are shut, what is lacking, and the rows that fail.

        Examples
        --------
        >>> use = Use("X1", "沙家浜镇", "", "industry", "new", "other", {"TN": 10})
        >>> with ReserveBank("sqlite://") as bank:
        ...     bank.withdraw(use, date(2024, 6, 1), lambda use, granted: [])
        Traceback (most recent call last):
        permitload.errors.DataError: 1 fault:
          withdrawal, row X1, outlet: is missing; right would be the outlet of the emission
        """
        key = f"withdrawal/{named(use.project, 'withdrawal')}"
        event = event_of(key, day, "", {"use": use})
        raise_faults(use_form_faults(use, recheck))
        with self._writing() as books:
            raise_faults(use_faults(use, books))
            books.refuse(event)
            lines, faults = withdrawal_lines(use, day, books)
            raise_faults(faults or answered(recheck(use, books.granted())))
            rows = books.append(event, lines)
        return entry_table(rows)

    def judge(self, standing: Standing, day: date, document: str) -> None:
        """Record how a block's year was judged (三(四)1); a later document replaces an earlier.

        Parameters
        ----------
        standing : Standing
            The judgement.
        day : date
            Its day, after the year.
        document : str
            Its number.

        Examples
        --------
        >>> with ReserveBank("sqlite://") as bank:
        ...     standing = Standing("新材料产业园", "water", 2023, True, True)
        ...     bank.judge(standing, date(2024, 1, 31), "J1")
        """
        table, row = "standing", standing.block
        raise_faults(form_faults(table, row, standing))
        faults = []
        if day.year <= standing.year:
            right = f"after {standing.year}"
            faults.append(Fault(table, row, "date", day, "is in the year judged", right))
        subject = f"standing/{standing.block}/{standing.element}/{standing.year}"
        details = {"standing": standing}
        event = event_of(f"{subject}/{named(document, table)}", day, subject, details)
        self._record(event, (standing.block, standing.element), faults)

    def suspend(self, block: str, element: str, day: date, document: str) -> None:
        """Stop all use of a block until :meth:`lift`, by order after a monthly warning (三(三)4).

        Parameters
        ----------
        block : str
            Bank of the block.
        element : str
            ``water`` or ``air``.
        day : date
            Day of the order.
        document : str
            Its number.

        Examples
        --------
        >>> with ReserveBank("sqlite://") as bank:
        ...     bank.suspend("新材料产业园", "water", date(2024, 5, 1), "S1")
        ...     bank.lift("新材料产业园", "water", date(2024, 7, 1), "L1")
        """
        self._order(block, element, day, document, True)

    def lift(self, block: str, element: str, day: date, document: str) -> None:
        """Lift the order of :meth:`suspend`.

        Parameters
        ----------
        block, element, day, document
            As there.

        Examples
        --------
        See :meth:`suspend`.
        """
        self._order(block, element, day, document, False)

    def _order(self, block: str, element: str, day: date, document: str, suspended: bool) -> None:
        subject = f"order/{block}/{element}"
        key = f"{subject}/{named(document, 'order')}"
        self._record(event_of(key, day, subject, {"suspended": suspended}), (block, element), [])

    def _record(self, event: Event, about: tuple[str, str], faults: list[Fault]) -> None:
        """Store an event without entries about a block and an element."""
        block, element = about
        with self._writing() as books:
            for column, value, known in (
                ("block", block, dict.fromkeys(books.regions.values())),
                ("element", element, dict.fromkeys(ELEMENTS.values())),
            ):
                if value not in known:
                    right = f"one of {', '.join(known)}"
                    faults = [*faults, Fault(event.key, None, column, value, "is unknown", right)]
            raise_faults(faults)
            books.refuse(event)
            books.append(event, [])

    def adopt(
        self, regions: Mapping[str, str], rules: Mapping[str, Rule], day: date, document: str
    ) -> None:
        """Put other regions or rules in force from a day on; what was booked stays.

        Parameters
        ----------
        regions : mapping
            Region to the bank of its block.
        rules : mapping
            All rules.
        day : date
            From when.
        document : str
            Number of the decision.

        Examples
        --------
        >>> from permitload.bank import amended, with_towns
        >>> with ReserveBank("sqlite://") as bank:
        ...     bank.adopt(with_towns(["梅李镇"]), amended({"city_share": "0.25"}),
        ...                date(2025, 1, 1), "D1")
        """
        refuse_settings(regions, rules)
        event = adoption(regions, rules, day, named(document, "rules"))
        with self._writing() as books:
            books.refuse(event)
            books.append(event, [])

    def reconcile(self, last: date, day: date, document: str) -> None:
        """Record that the accounts of a quarter were gone over (四(三)).

        What to go over: :meth:`reconciliation` for the accounts, :meth:`unbooked` for approvals
        and cancelled permits.

        Parameters
        ----------
        last : date
            Last day of the quarter.
        day : date
            Day of the record, not before ``last``.
        document : str
            Its number.

        Examples
        --------
        >>> with ReserveBank("sqlite://") as bank:
        ...     bank.reconcile(date(2024, 3, 31), date(2024, 4, 10), "Q1")
        """
        event = event_of(
            f"reconciliation/{on_day(last)}/{named(document, 'reconciliation')}", day,
            f"reconciliation/{last}", {},
        )  # fmt: skip
        with self._writing() as books:
            known = quarters(last.year, books.rules)
            if last not in known or day < last:
                right = f"one of {', '.join(map(str, known))}, and a day after it"
                raise_faults(
                    [Fault("reconciliation", None, "last", last, "is no end of a quarter", right)]
                )
            books.refuse(event)
            books.append(event, [])

    def allow(
        self, park: str, year: int, grams: Mapping[str, tuple[int, int]], day: date, document: str
    ) -> None:
        """Record a park's actual emission of last year and allowable emission of a year (三(四)1).

        It is kept as it was computed and reported; the bank draws no conclusion from it.

        Parameters
        ----------
        park : str
            A park with a whole-park bank.
        year : int
            Year of the allowable emission.
        grams : mapping
            Pollutant to actual and allowable emission [g].
        day : date
            Day of the report.
        document : str
            Its number.

        Examples
        --------
        >>> with ReserveBank("sqlite://") as bank:
        ...     grams = {"TN": (900, 800)}
        ...     bank.allow("常熟高新技术产业开发区", 2024, grams, date(2024, 2, 28), "R1")
        """
        subject = f"allowable/{park}/{year}"
        event = event_of(
            f"{subject}/{named(document, 'allowable')}", day, subject,
            {"grams": grams},
        )  # fmt: skip
        faults = emission_faults(park, year, grams)
        with self._writing() as books:
            parks = names(books.rules, "parks")
            if park not in parks:
                right = f"one of {', '.join(parks)}"
                faults.append(Fault("allowable", park, "park", park, "is no park", right))
            raise_faults(faults)
            books.refuse(event)
            books.append(event, [])
