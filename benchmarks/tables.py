"""Tables of docs/performance.md, a function for each benchmark."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from formulas import SHARE
from measure import REPEATS, bandwidth, growth
from registry import SCENARIOS

Table: TypeAlias = tuple[str, list[list[str]]]
"""Names of columns, separated by bars, and cells."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured case."""

    benchmark: str
    shape: str
    size: int
    facts: dict[str, int]
    seconds: dict[str, float]
    samples: dict[str, int]
    memory: dict[str, int]

    def time(self, task: str, unit: float = 1.0) -> str:
        """Median in a unit [s], starred if it is one of few samples; – if it was not taken."""
        if task not in self.seconds:
            return "–"
        star = "" if self.samples[task] >= REPEATS else "*"
        return figure(self.seconds[task] / unit) + star

    def over(self, task: str, other: str) -> float:
        """Ratio of two medians."""
        return self.seconds[task] / self.seconds[other]

    def rate(self, task: str) -> float:
        """Counted bytes moved in a second."""
        return self.facts["bytes"] / self.seconds[task]


def figure(value: float) -> str:
    """Three digits, no exponent."""
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.3g}"


def _share(row: Row, task: str, threads: int) -> list[str]:
    """Bytes, their rate, the triad's rate and the quotient."""
    triad = bandwidth(row.seconds[f"triad {threads}"])
    rate = row.rate(task)
    cells = [row.facts["bytes"] / 1e6, rate / 1e9, triad / 1e9, 100.0 * rate / triad]
    return [figure(cell) for cell in cells]


_BYTES = "bytes [MB] | moved [GB/s] | triad [GB/s] | share of triad [%]"


def _sweep(rows: list[Row]) -> list[Table]:
    header = f"shape | reaches | sweep [ms] | {_BYTES} | splu [ms] | splu / sweep"
    cells = [
        [
            r.shape, f"{r.size:,}", r.time("sweep", 1e-3), *_share(r, "sweep", 1),
            r.time("splu", 1e-3), figure(r.over("splu", "sweep")) if "splu" in r.seconds else "–",
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells), _growth(rows, ("sweep", "splu"))]


def _scenarios(rows: list[Row]) -> list[Table]:
    header = f"shape | reaches | threads | time [ms] | updates [billion/s] | {_BYTES}"
    cells = [
        [
            r.shape, f"{r.size:,}", str(threads), r.time(task, 1e-3),
            figure(updates(r, task) / 1e9), *_share(r, task, threads),
        ]
        for r in rows
        for threads, task in ((1, "one"), (2, "two"))
    ]  # fmt: skip
    gains = [
        [r.shape, *map(figure, (r.over("one", "two"), r.over("triad 1", "triad 2"), gain(r)))]
        for r in rows
    ]
    return [
        (header, cells),
        ("shape | gain of two threads [1] | gain of two triads [1] | quotient [1]", gains),
    ]


def updates(row: Row, task: str) -> float:
    """Reaches times scenarios in a second."""
    return row.size * SCENARIOS / row.seconds[task]


def gain(row: Row) -> float:
    """What two threads gain, as part of what they gain the triad."""
    return row.over("one", "two") / row.over("triad 1", "triad 2")


def _response(rows: list[Row]) -> list[Table]:
    header = (
        "shape | reaches | outlets | sections | response [s] | a section [ms] | forward sweep [ms] "
        "| sweeps a section [1] | memory [B/reach]"
    )
    cells = [
        [
            r.shape, f"{r.size:,}", f"{r.facts['outlets']:,}", str(r.facts["sections"]),
            r.time("response"), r.time("response", 1e-3 * r.facts["sections"]),
            r.time("sweep", 1e-3), figure(sections(r)), _memory(r, "response"),
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells)]


def sections(row: Row) -> float:
    """Forward sweeps in the time of one section."""
    return row.over("response", "sweep") / row.facts["sections"]


def _accumulation(rows: list[Row]) -> list[Table]:
    header = "reaches | sweep [µs] | bytes [MB] | moved [GB/s] | splu [µs] | splu / sweep"
    cells = [
        [
            f"{r.facts['reaches']:,}", r.time("sweep", 1e-6), figure(r.facts["bytes"] / 1e6),
            figure(r.rate("sweep") / 1e9), r.time("splu", 1e-6), figure(r.over("splu", "sweep")),
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells)]


def _study(rows: list[Row]) -> list[Table]:
    header = "tables | size [MB] | solve [s] | read_csv [s] | ratio [1]"
    cells = [
        [
            str(r.facts["tables"]), figure(r.facts["bytes"] / 1e6), r.time("solve"),
            r.time("read_csv"), figure(r.over("solve", "read_csv")),
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells)]


def _command(rows: list[Row]) -> list[Table]:
    header = "run [s] | import [s] | modules imported | ratio [1]"
    cells = [
        [r.time("run"), r.time("import"), str(r.facts["modules"]), figure(r.over("run", "import"))]
        for r in rows
    ]
    return [(header, cells)]


PUBLIC = ("RiverNetwork", "from_flow", "steady")


def _public(rows: list[Row]) -> list[Table]:
    names = " | ".join(
        [*(f"{task} [s]" for task in PUBLIC), *(f"{task} [B/reach]" for task in PUBLIC)]
    )
    cells = [
        [
            r.shape, f"{r.size:,}", *(r.time(task) for task in PUBLIC),
            *(_memory(r, task) for task in PUBLIC),
        ]
        for r in rows
    ]  # fmt: skip
    return [(f"shape | reaches | {names}", cells), _growth(rows, PUBLIC)]


def _filling(rows: list[Row]) -> list[Table]:
    header = "sources | rows | fill [ms] | programs [ms] | programs / fill"
    cells = [
        [
            f"{r.size:,}", str(r.facts["rows"]), r.time("fill", 1e-3), r.time("programs", 1e-3),
            figure(r.over("programs", "fill")) if "programs" in r.seconds else "–",
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells), _growth(rows, ("fill", "programs"))]


def _sharing(rows: list[Row]) -> list[Table]:
    header = (
        "reached by | sources | nonzeros | fill [ms] | project [ms] | product [ms] "
        "| fill / product | project / product | Clarabel [ms] | Clarabel / project"
    )
    cells = [
        [
            {"tenth": "a tenth", "full": "all"}[r.shape], f"{r.size:,}",
            f"{r.facts['nonzeros']:,}", r.time("fill", 1e-3), r.time("project", 1e-3),
            r.time("product", 1e-3), figure(r.over("fill", "product")),
            figure(r.over("project", "product")), r.time("Clarabel", 1e-3),
            figure(r.over("Clarabel", "project")) if "Clarabel" in r.seconds else "–",
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells), _growth(rows, ("fill", "project"))]


def _formulas(rows: list[Row]) -> list[Table]:
    header = (
        f"formula | numbers | time [ms] | {_BYTES} | exponentials | expm1 [ms] | of what is allowed"
    )
    cells = [
        [
            r.shape, f"{r.size:,}", r.time("formula", 1e-3), *_share(r, "formula", 1),
            str(r.facts["exponentials"]), r.time("expm1", 1e-3), figure(of_allowed(r)),
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells)]


def of_allowed(row: Row) -> float:
    """Time of a formula over that of its arrays at a share of the triad, and its exponentials."""
    moved = row.facts["bytes"] / (SHARE * bandwidth(row.seconds["triad 1"]))
    return row.seconds["formula"] / (moved + row.facts["exponentials"] * row.seconds["expm1"])


def _points(rows: list[Row]) -> list[Table]:
    header = "headroom | outlets | set [ms] | programs | programs alone [ms] | ratio [1]"
    cells = [
        [
            r.shape, f"{r.size:,}", r.time("set", 1e-3), str(r.facts["programs"]),
            r.time("programs", 1e-3), figure(r.over("set", "programs")),
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells)]


def _programs(rows: list[Row]) -> list[Table]:
    header = (
        "columns | coefficients | build [ms] | solve [ms] | build / solve [%] | quadratic [ms] "
        "| to_pyomo [ms] | rules [ms] | rules / to_pyomo"
    )
    cells = [
        [
            f"{r.size:,}", f"{r.facts['entries']:,}", r.time("build", 1e-3), r.time("solve", 1e-3),
            figure(100.0 * r.over("build", "solve")), r.time("quadratic", 1e-3),
            r.time("to_pyomo", 1e-3), r.time("rules", 1e-3),
            figure(r.over("rules", "to_pyomo")) if "rules" in r.seconds else "–",
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells)]


def _ratios(rows: list[Row]) -> list[Table]:
    header = (
        "farm cells | point sources | ratios compared | worst_ratio [s] | numpy [s] "
        "| numpy / worst_ratio | memory [MB]"
    )
    cells = [
        [
            f"{r.facts['sellers']:,}", f"{r.facts['buyers']:,}", f"{r.facts['ratios']:,}",
            r.time("worst_ratio"), r.time("numpy"), figure(r.over("numpy", "worst_ratio")),
            figure(r.memory["worst_ratio"] / 1e6) if "worst_ratio" in r.memory else "–",
        ]
        for r in rows
    ]  # fmt: skip
    return [(header, cells)]


def _grids(rows: list[Row]) -> list[Table]:
    times = [
        [f"{r.size:,}", *_engine(task), r.time(task), _millimetres(r, task), _own(r, task)]
        for r in rows
        for task in r.seconds
    ]
    apart = [
        [f"{r.size:,}", *(figure(r.facts[name] / 1e3) for name in ("moved", "shifted", "apart"))]
        for r in rows
        if "apart" in r.facts
    ]
    names = "permitload's moved at last [mm] | SWMM's [mm] | how far they lie apart [mm]"
    large = [r for r in rows if "apart" not in r.facts]
    return [
        (
            "canals | engine | step [s] | time [s] | error [mm] | against its own reference [mm]",
            times,
        ),
        (f"canals | references: {names}", apart),
        _growth(large, list(large[0].seconds)) if large else ("growth", []),
    ]


def _engine(task: str) -> list[str]:
    """Engine and step of a task."""
    return ["SWMM, tolerance 1 µm", "60"] if task == "tight" else task.split(" ")


def _millimetres(row: Row, task: str) -> str:
    return figure(row.facts[task] / 1e3) if task in row.facts else "–"


def _own(row: Row, task: str) -> str:
    """Error against the engine's own reference; that of permitload is the common one."""
    return _millimetres(row, f"own {task.split(' ')[-1]}") if "permitload" not in task else ""


def equal_error(row: Row, task: str = "SWMM 60") -> float:
    """SWMM's time over permitload's at the same error, on the curve through its steps."""
    steps = sorted((row.facts[name], row.seconds[name]) for name in row.seconds
                   if name.startswith("permitload"))  # fmt: skip
    error, seconds = np.log(np.array(steps, dtype=float)).T
    mine = np.interp(np.log(row.facts[task]), error, seconds)
    return row.seconds[task] / float(np.exp(mine))


def _plain(rows: list[Row]) -> list[Table]:
    """Facts and times as they are."""
    first = rows[0]
    header = " | ".join([*first.facts, *(f"{task} [s]" for task in first.seconds)])
    cells = [[*(f"{v:,}" for v in r.facts.values()), *map(r.time, r.seconds)] for r in rows]
    return [(header, cells)]


TABLES: dict[str, Callable[[list[Row]], list[Table]]] = {
    "sweep": _sweep, "scenarios": _scenarios, "response": _response,
    "accumulation": _accumulation, "study": _study, "command": _command, "public": _public,
    "filling": _filling, "sharing": _sharing, "formulas": _formulas, "points": _points,
    "programs": _programs, "ratios": _ratios, "grids": _grids, "batch": _plain,
    "issues": _plain, "years": _plain, "bank": _plain,
}  # fmt: skip


def _memory(row: Row, task: str) -> str:
    """Bytes by reach, – if they were not measured."""
    return figure(row.memory[task] / row.size) if task in row.memory else "–"


def _growth(rows: list[Row], tasks: Iterable[str]) -> Table:
    """Exponents of time over size, over all sizes and over the last step, by shape."""
    tasks = list(tasks)
    shapes = list(dict.fromkeys(row.shape for row in rows))
    cells = []
    for shape in shapes:
        line = [shape]
        for task in tasks:
            found = exponents([r for r in rows if r.shape == shape], task)
            line += [f"{value:.2f}" for value in found] or ["–", "–"]
        cells.append(line)
    names = " | ".join(f"{task}, all sizes | {task}, last step" for task in tasks)
    return f"growth exponent [1] | {names}", cells


def exponents(rows: list[Row], task: str) -> list[float]:
    """Exponents over all sizes and over the last step; nothing for fewer than two sizes."""
    known = [row for row in rows if task in row.seconds]
    if len(known) < 2:
        return []
    sizes, seconds = [row.size for row in known], [row.seconds[task] for row in known]
    return [growth(sizes, seconds), growth(sizes[-2:], seconds[-2:])]
