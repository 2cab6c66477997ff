"""Registry entries of flow, of monthly issues and of the bank; the page shows them as tables."""

import itertools
import tempfile
from datetime import date
from functools import partial
from pathlib import Path

import bank
import hydraulics
from jobs import Benchmark, Job, unchecked
from measure import Task

import months
from permitload.bank import ReserveBank, with_towns
from permitload.reallocation import Chances, Policy, draw_year, opened, simulate, update

__all__ = ["WATER"]

LAST = date(2024, 12, 31)


def issues(shape: str, size: int) -> Job:
    """One update of a month of a park."""
    sections = 20 if size >= 300 else 4
    forecast, plans = months.park(size, 4, sections)
    state = opened(plans["enterprise"].values, plans["pollutant"].values)
    policies = {"projection": Policy(), "ramps": Policy(rise=1.5, fall=0.6)}
    tasks = {
        name: Task(partial(update, state, "2026-01", forecast, plans, months.NOTHING, policy))
        for name, policy in policies.items()
    }
    return Job(tasks, unchecked, {"enterprises": size, "sections": sections})


def years(shape: str, size: int) -> Job:
    """Simulated years of the park of the sample, by one process and by two."""
    forecast, plans = months.wujin()
    draw = partial(draw_year, forecast=forecast, plans=plans, spread=Chances(breach=0.02))
    run = {"one": partial(simulate, size, draw), "two": partial(simulate, size, draw, processes=2)}

    def check() -> None:
        """Compare what both give."""
        if not run["one"]().identical(run["two"]()):
            raise RuntimeError("two processes give other numbers than one")

    return Job({name: Task(work) for name, work in run.items()}, check, {"years": size})


def entries(shape: str, size: int) -> Job:
    """Deposits into, and statements of, a bank that holds many entries."""
    folder = tempfile.TemporaryDirectory()
    books = ReserveBank(f"sqlite:///{Path(folder.name) / 'bank.db'}", with_towns(bank.TOWNS))
    books.__enter__()
    count = bank.filled(books, size)
    numbers = itertools.count(count)

    def check() -> None:
        """Read the whole chain."""
        if books.verify():
            raise RuntimeError(f"the chain of the bank in {folder.name} is broken")

    tasks = {
        "deposit": Task(lambda: books.deposit(bank.project(next(numbers)), LAST)),
        "statement": Task(books.statement),
        "past": Task(lambda: books.statement(bank.MIDDLE)),
        "verify": Task(check),
    }
    return Job(tasks, check, {"entries": size, "events": count})


WATER: dict[str, Benchmark] = {
    "grids": Benchmark(
        "Unsteady flow of looped, tidal, gated grids",
        "`RiverNetwork` and `hydraulics.unsteady`, a canal of 500 m as one cell, levels every "
        "hour, 30 days. Peer: SWMM's dynamic wave on the same canals, gates and tide, head "
        f"tolerance {hydraulics.DEFAULT[0] * 1e3:g} mm as it comes, its input read and results "
        "written. Every tenth canal ends in a gate, every second gate closes to a third while "
        "the sea is high. Errors: root mean square of all node levels on days 2 to 6. Each engine "
        "has a reference of its own: cells and steps are halved until it moves by less than a "
        "tenth of SWMM's error at 60 s; SWMM's, three times at most, at a tolerance of "
        f"{hydraulics.EXACT[0]:g} m.",
        hydraulics.grid,
        tuple(("grid", canals) for canals in (60, 684, 1984)),
        (("grid", 12),),
    ),
    "batch": Benchmark(
        f"{hydraulics.SETS} sets of boundaries of steady flow",
        "`hydraulics.steady` in one call, and of one of the sets.",
        hydraulics.batch,
        (("grid", 1984),),
        (("grid", 12),),
    ),
    "issues": Benchmark(
        "A monthly issue of 300 enterprises",
        "`reallocation.update`: 12 months, 4 pollutants, 20 sections, drawn; by projection, "
        "and with ramps (rise 1.5, fall 0.6).",
        issues,
        (("drawn", 300),),
        (("drawn", 20),),
    ),
    "years": Benchmark(
        "Simulated years of the textile park of the sample",
        "`reallocation.simulate` by one process and by two, their start included.",
        years,
        (("wujin", 20),),
        (),
    ),
    "bank": Benchmark(
        "The reserve bank",
        "SQLite on a file, every commit waits for the disk: a deposit of four pollutants, "
        "statements of today and of a past day, reading the whole chain.",
        entries,
        (("sqlite", 1_000_000),),
        (("sqlite", 2000),),
    ),
}
