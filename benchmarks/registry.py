"""The benchmarks: what is timed, against what, on which shapes and sizes."""

import os
from pathlib import Path
from typing import Any

import capacity
import commands
import conversion
import formulas
import numpy as np
import pandas as pd
import programs
import shapes
import sharing
from jobs import SECTIONS, SEED, Benchmark, Job, LeftOut, agree, model, net, unchecked
from kernels import FORMULA, System, compulsory, factored, prepare
from measure import Task, triad
from water import WATER

from permitload import RiverNetwork, hydraulics, quality

ROOT = Path(__file__).parents[1]
POLLUTANTS, SCENARIOS = 8, 128


def system(given: shapes.Net, pollutants: int) -> System:
    """Transport on a net with a decay of 0.1 per day at 0.1 m/s, all pollutants alike."""
    kept = np.exp(-0.1 * given.length / 8640.0)
    share = given.flow / given.through[given.up]
    columns = np.repeat(kept[:, None], pollutants, axis=1)
    return System(given.up, given.down, given.through.size, share, columns)


def sweep(shape: str, size: int) -> Job:
    """Steady sweep of some pollutants against a sparse factorisation."""
    given, draw = net(shape, size)
    found = system(given, POLLUTANTS)
    load = draw.uniform(0.0, 1.0, (found.count, POLLUTANTS))
    ours, theirs = prepare(found, load), factored(found, load)

    def check() -> None:
        """Compare the answer with another."""
        ours.reset()
        ours.run()
        agree(ours.found(), theirs())

    tasks = {"sweep": Task(ours.run, ours.reset), "triad 1": triad(1)}
    if size <= 1_000_000:
        tasks["splu"] = Task(theirs)
    facts = {"reaches": given.up.size, "bytes": compulsory(found, POLLUTANTS)}
    return Job(tasks, check if size <= 1_000_000 else unchecked, facts)


def scenarios(shape: str, size: int) -> Job:
    """Many loads on one state, with one and two threads."""
    given, draw = net(shape, size)
    found = system(given, 1)
    load = draw.uniform(0.0, 1.0, (found.count, SCENARIOS))
    one, two = prepare(found, load, 1), prepare(found, load, 2)

    def check() -> None:
        """Compare the answer with another."""
        for ours in (one, two):
            ours.reset()
            ours.run()
        few = np.s_[:, :: SCENARIOS // 4]
        right = factored(found, load[few])()
        agree(one.found()[few], right)
        agree(two.found()[few], right)

    tasks = {"one": Task(one.run, one.reset), "two": Task(two.run, two.reset)}
    facts = {"reaches": given.up.size, "bytes": compulsory(found, SCENARIOS)}
    return Job(tasks | {"triad 1": triad(1), "triad 2": triad(2)}, check, facts)


def response(shape: str, size: int) -> Job:
    """Response of 50 sections through the public function, beside one kernel sweep."""
    given, draw = net(shape, size)
    whole = model(given, draw)
    one = system(given, 1)
    ours = prepare(one, draw.uniform(0.0, 1.0, (one.count, 1)))

    def check() -> None:
        """Compare the answer with another."""
        gain = whole.response()["response"].isel(pollutant=0, period=0).values
        there = quality.at(whole.sections, whole.steady())
        agree(gain @ whole.load.values[:, 0], there.values.ravel())

    tasks = {"response": Task(whole.response), "sweep": Task(ours.run, ours.reset)}
    facts = {"reaches": given.up.size, "outlets": len(whole.outlets), "sections": SECTIONS}
    return Job(tasks, check, facts, ("response",) if size <= 1_000_000 else ())


def public(shape: str, size: int) -> Job:
    """Network, hydraulics and quality as a user calls them."""
    given, draw = net(shape, size)
    table, series = shapes.reaches(given), shapes.series(given)
    whole = model(given, draw)

    def check() -> None:
        """Compare the answer with another."""
        ledger = whole.steady()["ledger"].isel(pollutant=0, period=0)
        balance = ledger.sel(term=["boundary_out", "decayed"]).sum()
        agree(balance.values, ledger.sel(term="load").values)

    tasks = {
        "RiverNetwork": Task(lambda: RiverNetwork(table)),
        "from_flow": Task(lambda: hydraulics.from_flow(whole.network, *series)),
        "steady": Task(whole.steady),
    }
    facts = {"reaches": given.up.size, "outlets": len(whole.outlets)}
    return Job(tasks, check, facts, tuple(tasks) if size <= 1_000_000 else ())


def programming(shape: str, size: int) -> Job:
    """Programs from arrays, and the same as Pyomo models."""
    case = programs.Case(size, SEED)
    return Job(case.tasks(), case.check, {"rows": programs.ROWS, "entries": programs.ROWS * size})


def accumulation(shape: str, size: int) -> Job:
    """One column down the real network of mrb3."""
    source = _data() / "mrb3" / "network.csv"
    table = pd.read_csv(source, dtype={"fnode": str, "tnode": str})
    codes, names = pd.factorize(pd.concat([table["fnode"], table["tnode"]]))
    up, down = np.split(codes.astype(np.int64), 2)
    leaving = np.bincount(up, table["frac"], len(names))[up]
    share = table["frac"].to_numpy() / np.maximum(leaving, 1.0)
    kept = np.exp(-0.1 * table["rchtot"].to_numpy())[:, None]
    found = System(up, down, len(names), share, kept)
    area = table["demiarea"].to_numpy(float)
    load = np.asarray(np.bincount(up, area, len(names))[:, None], dtype=float)
    ours, theirs = prepare(found, load), factored(found, load)

    def check() -> None:
        """Compare the answer with another."""
        ours.reset()
        ours.run()
        agree(ours.found(), theirs())

    tasks = {"sweep": Task(ours.run, ours.reset), "splu": Task(theirs), "triad 1": triad(1)}
    return Job(tasks, check, {"reaches": up.size, "bytes": compulsory(found, 1)})


def _data() -> Path:
    """Return the folder of measured data."""
    folder = os.environ.get("PERMITLOAD_DATA")
    if folder is None:
        raise LeftOut("PERMITLOAD_DATA, the folder of measured data, is not set")
    return Path(folder)


def whole_study(shape: str, size: int) -> Job:
    """All computation of studies/mrb3 against reading its tables."""
    from permitload import study

    folder = commands.converted(ROOT / "studies" / "mrb3", _data() / "mrb3")
    if folder is None:
        raise LeftOut("studies/mrb3 has no study.toml yet")
    tables = sorted(folder.glob("*.csv"))
    settings = folder / "study.toml"

    def read() -> list[Any]:
        """Read all tables."""
        return [settings.read_text("utf8"), *map(pd.read_csv, tables)]

    tasks = {"solve": Task(lambda: study.solve(folder)), "read_csv": Task(read)}
    facts = {"tables": len(tables), "bytes": sum(table.stat().st_size for table in tables)}
    return Job(tasks, _solved, facts)


def _solved() -> None:
    """Check nothing more: a study that misses a limit in the full model raises."""


STUDIES = {
    "wujin": ROOT / "data" / "samples" / "wujin",
    "template": commands.SOURCE / "template",
}


def command(shape: str, size: int) -> Job:
    """The command line on the sample study against importing what it imports."""
    folder = STUDIES[shape]
    modules = commands.imported(folder)
    tasks = {
        "run": Task(lambda: commands.run(folder)),
        "import": Task(lambda: commands.imports(modules)),
    }
    return Job(tasks, _solved, {"modules": len(modules)})


ACYCLIC = ("chain", "comb", "tree", "braided")
SIZES = (30_000, 100_000, 300_000, 1_000_000, 3_000_000)
MILLION = 1_000_000

BENCHMARKS: dict[str, Benchmark] = {
    "sweep": Benchmark(
        f"Steady sweep of {POLLUTANTS} pollutants, one thread",
        "The kernel alone, on arrays prepared once per state. Peer: `scipy.sparse.linalg.splu` on "
        "the same system, matrix ready, factor and right-hand sides timed; all pollutants decay "
        f"alike so that it needs one factor, its best case. Bytes: {FORMULA}.",
        sweep,
        tuple((shape, size) for shape in ACYCLIC for size in SIZES),
        tuple((shape, 2000) for shape in ACYCLIC),
    ),
    "scenarios": Benchmark(
        f"{SCENARIOS} scenarios on one state",
        "One pollutant; the kernel alone, by one and by two threads. An update is one reach in "
        f"one scenario. Bytes: {FORMULA}.",
        scenarios,
        (("tree", MILLION), ("braided", MILLION)),
        (("tree", 2000),),
    ),
    "response": Benchmark(
        f"Response of {SECTIONS} sections",
        "`quality.response`, checks and labels included, an outlet at every tenth reach, sections "
        "on the largest hundredth of the rivers. A forward sweep is the kernel's, one pollutant.",
        response,
        (*((shape, MILLION) for shape in shapes.SHAPES), ("tree", 100_000)),
        tuple((shape, 6000) for shape in ACYCLIC),
    ),
    "accumulation": Benchmark(
        "Accumulation down a real network (mrb3)",
        f"The kernel alone, one column. Peer as for the sweep. Bytes: {FORMULA}.",
        accumulation,
        (("mrb3", 11_526),),
        (("mrb3", 11_526),),
    ),
    "study": Benchmark(
        "A whole study (mrb3), from tables to permits",
        "`study.solve` on the folder, without imports, pictures and writing, compiled kernels. "
        "Peer: `pandas.read_csv` of the same tables.",
        whole_study,
        (("mrb3", 11_526),),
        (("mrb3", 11_526),),
    ),
    "command": Benchmark(
        "The command line on the sample study",
        "`permitload run data/samples/wujin` in a new interpreter, results written. Peer: a new "
        "interpreter that imports what the modules of permitload that took part import of others.",
        command,
        (("wujin", 1),),
        (("template", 1),),
    ),
    "public": Benchmark(
        "Public functions: growth and memory",
        "As a user calls them: tables and labels in, labelled results out, one pollutant and "
        "period, an outlet at every tenth reach. Memory is the most that one call holds beyond its "
        "inputs, its result included (tracemalloc: what Python and numpy allocate).",
        public,
        tuple((s, n) for s in shapes.SHAPES for n in SIZES if n <= MILLION or s == "tree"),
        tuple((shape, 6000) for shape in shapes.SHAPES),
    ),
    "formulas": Benchmark(
        "Capacity formulas",
        "As a user calls them, on arrays, checks included. They may take as long as their arrays "
        f"need at {formulas.SHARE:.0%} of the triad of one thread, plus their exponentials by "
        "numpy (`expm1` into a given array). Bytes: inputs and result, once each.",
        formulas.formula,
        tuple((name, 10_000_000) for name in formulas.FORMULAS),
        tuple((name, 40_000) for name in formulas.FORMULAS),
    ),
    "points": Benchmark(
        f"Capacity set of {SECTIONS} sections and {capacity.PERIODS} periods",
        "`capacity.points`: five points with their prices. Peer: the linear programs that it "
        "solves, given to HiGHS as they stand with its default options, matrix ready. Headroom "
        "is positive (room), or negative at a fifth of the sections and periods (owed), which "
        "asks for a second program in each period: the least cut that cures them.",
        capacity.points,
        (("room", 500), ("owed", 500)),
        (("room", 60), ("owed", 60)),
    ),
    "filling": Benchmark(
        f"Fairest shares under {SECTIONS} rows",
        "`sharing.fill`, every row touching a fifth of the sources. Peer: the same leximin as a "
        "sequence of linear programs (`program.leximin`, HiGHS).",
        sharing.filling,
        tuple(("rows", size) for size in (100, 300, 1000, 10_000, 100_000)),
        (("rows", 60),),
    ),
    "sharing": Benchmark(
        f"Filling and projection under {SECTIONS} rows, most of them full",
        "`sharing.fill` and `sharing.project` from sparse rows, each reached by a tenth of the "
        "sources or by all; targets, floors and ceilings over orders of magnitude, checks "
        "included. Peer of the projection: Clarabel as it comes (its answer at tolerances of 1e-11 "
        "agrees to 1e-5). A product is one `rows @ share`, which no method can do without.",
        sharing.rules,
        (
            *(("tenth", size) for size in (1000, 10_000, 100_000, 1_000_000)),
            *(("full", size) for size in (1000, 10_000, 100_000)),
        ),
        (("tenth", 300), ("full", 60)),
    ),
    "programs": Benchmark(
        f"Programs of {programs.ROWS} rows, every coefficient there",
        "`Program` built from arrays and labels, `maximise` (HiGHS) and `minimise_quadratic` "
        "(Clarabel, polished), checks and labels included; `to_pyomo`, by whole rows, "
        "beside the same model by Pyomo's rules.",
        programming,
        tuple(("rows", size) for size in (100, 1000, 10_000, 100_000)),
        (("rows", 60),),
    ),
    "ratios": Benchmark(
        f"Trading ratios at {conversion.SECTIONS} sections in {conversion.PERIODS} periods",
        "`conversion.worst_ratio`: for every farm cell and every point source the greatest ratio "
        "over all sections and periods, where it is, labels and checks included; nothing of the "
        "size of all ratios is held. Peer: numpy multiplies the same responses and takes the "
        "greatest, one cell at a time, without saying where it is.",
        conversion.ratios,
        (("random", 5000),),
        (("random", 60),),
    ),
    **WATER,
}
