"""The page docs/performance.md, written from measured medians alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from formulas import SHARE
from hydraulics import SETS
from measure import FEW, REPEATS, SLOW, bandwidth
from registry import BENCHMARKS, MILLION, POLLUTANTS, SCENARIOS
from tables import (
    PUBLIC,
    TABLES,
    Row,
    Table,
    equal_error,
    exponents,
    figure,
    gain,
    of_allowed,
    sections,
    updates,
)


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted of a benchmark; ``value`` is the worst of the rows it speaks of."""

    words: str
    benchmark: str
    bound: float
    at_least: bool
    value: Callable[[Row], float]
    unit: str
    size: int | None = None


TARGETS = (
    Target(f"sweep of 1e6 reaches × {POLLUTANTS} pollutants, share of the triad", "sweep", 50.0,
           True, lambda r: 100.0 * r.rate("sweep") / bandwidth(r.seconds["triad 1"]), "%", MILLION),
    Target("the same, gain over splu", "sweep", 100.0, True,
           lambda r: r.over("splu", "sweep"), "×", MILLION),
    Target(f"{SCENARIOS} scenarios on 1e6 reaches, two threads", "scenarios", 1.0, True,
           lambda r: updates(r, "two") / 1e9, "billion updates/s"),
    Target("gain of two threads over gain of two triads", "scenarios", 0.85, True, gain, ""),
    Target("response on 1e6 reaches, a section", "response", 10.0, False, sections,
           "forward sweeps", MILLION),
    Target("building a program from arrays, over solving it", "programs", 20.0, False,
           lambda r: 100.0 * r.over("build", "solve"), "%", 10_000),
    Target("mrb3 accumulation", "accumulation", 100.0, False,
           lambda r: 1e6 * r.seconds["sweep"], "µs"),
    Target("mrb3, tables to permits, over reading the tables", "study", 2.0, False,
           lambda r: r.over("solve", "read_csv"), "×"),
    Target("permitload run on the sample, over importing its packages", "command", 3.0, False,
           lambda r: r.over("run", "import"), "×"),
    Target("capacity formulas on 1e7 numbers, of the time of their arrays at "
           f"{SHARE:.0%} of the triad and their exponentials", "formulas", 1.0, False,
           of_allowed, "×"),
    Target("capacity set over its linear programs alone, signed headroom", "points", 1.5, False,
           lambda r: r.over("set", "programs"), "×"),
    Target("filling of 1e5 sources under 50 rows", "sharing", 0.2, False,
           lambda r: r.seconds["fill"], "s", 100_000),
    Target("projection of the same", "sharing", 2.0, False,
           lambda r: r.seconds["project"], "s", 100_000),
    Target("ratios of 5,000 farm cells and 500 point sources at 20 sections in 12 months",
           "ratios", 5.0, False, lambda r: r.seconds["worst_ratio"], "s", 5000),
    Target("60 looped, tidal, gated canals: SWMM at 60 s over permitload at the same error",
           "grids", 20.0, True, equal_error, "×", 60),
    Target("the same, SWMM's head tolerance at 1 µm", "grids", 20.0, True,
           lambda r: equal_error(r, "tight"), "×", 60),
    Target(f"{SETS} steady sets on 1,984 canals over one", "batch", 20.0, False,
           lambda r: r.over("hundred", "one"), "×"),
    Target("a monthly issue of 300 enterprises", "issues", 1.0, False,
           lambda r: max(r.seconds.values()), "s"),
    Target("1,000 simulated years on two processes", "years", 300.0, False,
           lambda r: 1000.0 * r.seconds["two"] / r.facts["years"], "s"),
)  # fmt: skip
LINEAR = 1.1
"""Exponent up to which growth counts as linear."""


def _targets(rows: list[Row]) -> Table:
    """Targets beside what is measured, the worst shape counting."""
    cells = []
    for target in TARGETS:
        found = [
            (target.value(r), r.shape)
            for r in rows
            if r.benchmark == target.benchmark and target.size in (None, r.size)
        ]
        sign = "≥" if target.at_least else "≤"
        wanted = f"{sign} {target.bound:g} {target.unit}".rstrip()
        if not found:
            cells.append([target.words, wanted, "–", "not measured"])
            continue
        worst, shape = min(found) if target.at_least else max(found)
        met = worst >= target.bound if target.at_least else worst <= target.bound
        cells.append([target.words, wanted, f"{figure(worst)} ({shape})", "yes" if met else "no"])
    public = [r for r in rows if r.benchmark == "public" and r.shape == "tree"]
    for task in PUBLIC:
        for exponent in exponents(public, task)[:1]:
            words = f"growth of {task} to {public[-1].size:,} reaches"
            answer = "yes" if exponent <= LINEAR else "no"
            cells.append([words, f"exponent ≤ {LINEAR} (linear)", f"{exponent:.2f} (tree)", answer])
    large = [r for r in rows if r.benchmark == "grids" and "apart" not in r.facts]
    for exponent in exponents(large, "permitload 1800")[:1]:
        answer = "yes" if exponent <= LINEAR else "no"
        wanted = f"exponent ≤ {LINEAR} (linear)"
        cells.append(["growth of unsteady flow to 1,984 canals", wanted, f"{exponent:.2f}", answer])
    return "target | wanted | measured (worst shape) | met", cells


def _markdown(table: Table) -> list[str]:
    """Lines of one table."""
    names = [name.strip() for name in table[0].split("|")]
    lines = [names, ["---"] * len(names), *table[1]]
    return ["| " + " | ".join(line) + " |" for line in lines] + [""]


def page(results: dict[str, Any]) -> str:
    """Write the whole page from results.json."""
    rows = [Row(**row) for row in results["rows"]]
    machine = "; ".join(f"{name} {value}" for name, value in results["machine"].items())
    lines = [
        "# Performance", "",
        "Written by `python benchmarks/run.py` from `benchmarks/results.json`: do not edit.", "",
        f"Measured on: {machine}.", "",
        f"All times are medians of {REPEATS} samples taken in turn with the peer and the triad of "
        f"the same run (A, B, A, B, …); {FEW} samples, marked *, where one call takes more than "
        f"{SLOW:g} s. The triad is STREAM's a = b + s·c, compiled alike, with the same number of "
        "threads, on three arrays of 160 MB, counted as two reads and one write. Bytes are those "
        "that cannot be avoided, each read or written once: small nets stay in the cache and may "
        "pass 100 % of the triad; so may large ones, as the triad's array a is fetched before it "
        "is written, which is not counted, while a sweep works in place. Reaches and nodes are "
        "numbered at random. Every answer up to 1e6 reaches is compared with the peer's, to 1e-9 "
        "(linear programs: 1e-6).", "",
        "## Targets", "", *_markdown(_targets(rows)),
    ]  # fmt: skip
    for name, benchmark in BENCHMARKS.items():
        lines += [f"## {benchmark.title}", "", benchmark.words, ""]
        found = [row for row in rows if row.benchmark == name]
        for table in TABLES[name](found) if found else []:
            lines += _markdown(table)
        if name in results["left_out"]:
            lines += [f"Left out: {results['left_out'][name]}.", ""]
    return "\n".join(lines).rstrip() + "\n"
