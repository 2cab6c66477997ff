"""Measure the reserve bank: ``python benchmarks/bank.py [ENTRIES]``, a million by default.

Fills a bank on SQLite (a file, every commit waits for the disk), then times single deposits and
withdrawals, statements of the present and of a past day, and the reading of the whole chain.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from permitload.bank import Project, ReserveBank, Use, with_towns
from permitload.bank._events import event_of
from permitload.bank._postings import deposit_lines
from permitload.errors import Fault

TOWNS = [f"T{number:02d}" for number in range(14)]
PAPERS = ("proposal", "calculation", "eia", "acceptance", "funding")
POLLUTANTS = ("COD", "NH3-N", "TN", "TP")
CATEGORIES = ("industry", "domestic", "farm")
MIDDLE, LAST = date(2024, 6, 30), date(2024, 12, 31)
REPEATS = 100


def project(number: int) -> Project:
    """One of many; its deposit has 17 to 20 entries."""
    return Project(
        f"P{number}", TOWNS[number % 14], "infrastructure", "block", CATEGORIES[number % 3],
        dict.fromkeys(POLLUTANTS, 10 ** 6 + number), date(2024, 5, 1), f"A{number}",
        PAPERS, False, state_share="0.1", government_money=True,
    )  # fmt: skip


def filled(books: ReserveBank, entries: int) -> int:
    """Deposit as the bank does, but a thousand in a transaction; returns how many."""
    number, written = 0, 0
    while written < entries:
        with books._writing() as open_:
            for _ in range(1000):
                given, day = project(number), MIDDLE if written < entries / 2 else LAST
                lines = deposit_lines(given, open_)
                open_.append(event_of(f"deposit/P{number}", day, "", {"project": given}), lines)
                number, written = number + 1, written + len(lines)
                if written >= entries:
                    break
    return number


def room(use: Use, granted: pd.DataFrame) -> list[Fault]:
    """Sections with room for everything."""
    return []


def median(task: Callable[[int], object], repeats: int = REPEATS) -> float:
    """Median time of calls [s]."""
    taken = []
    for number in range(repeats):
        start = time.perf_counter()
        task(number)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    """Fill, measure, print."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bank.db"
        with ReserveBank(f"sqlite:///{path}", with_towns(TOWNS)) as books:
            start = time.perf_counter()
            count = filled(books, entries)
            print(f"{entries:,} entries, {count:,} events: {time.perf_counter() - start:.0f} s, "
                  f"{path.stat().st_size / 1e6:.0f} MB")  # fmt: skip

            def use(number: int) -> object:
                given = Use(f"X{number}", TOWNS[0], f"O{number % 50}", "industry", "new", "other",
                            {"TN": 1})  # fmt: skip
                return books.withdraw(given, LAST, room)

            for name, seconds in {
                "deposit of one pollutant": median(lambda n: books.deposit(
                    replace(project(count + n), reductions={"TN": 1000 + n}), LAST)),
                "deposit of four pollutants": median(
                    lambda n: books.deposit(project(count + REPEATS + n), LAST)),
                "withdrawal": median(use),
                "statement of the present": median(lambda n: books.statement(), 20),
                "statement of a past day": median(lambda n: books.statement(MIDDLE), 20),
                "verification": median(lambda n: _sound(books), 1),
            }.items():  # fmt: skip
                print(f"{name}: {1000 * seconds:.2f} ms")


def _sound(books: ReserveBank) -> None:
    if books.verify():
        raise RuntimeError


if __name__ == "__main__":
    main()
