"""Unsteady flow against SWMM's dynamic wave, and batches of steady flow.

``python benchmarks/hydraulics.py [CANALS ...]`` prints errors and times of grids of 60, 684 and
1,984 canals over 30 days. Needs swmm-toolkit. Errors are the root mean square of all node stages
from the second day to the sixth.

Each engine has a reference of its own: cells and steps are halved, SWMM's tolerance being tight,
until it moves by less than a tenth of SWMM's error at 60 s. All errors are against permitload's;
how far SWMM's lies from it, and SWMM's errors against its own, are shown as well.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

import numpy as np
import xarray as xr
from grids import LENGTH, difference, network, ours, swmm
from jobs import Job, LeftOut
from measure import Task
from shapes import Floats

from permitload import hydraulics as flow
from permitload.hydraulics import Run

SIDES = {12: 3, 60: 6, 684: 19, 1984: 32}
"""Nodes along a side of the grid, by the number of its canals."""
DAYS, ERROR_DAYS = 30.0, 6.0
STEPS, PEER_STEPS = (300.0, 600.0, 900.0, 1800.0), (30.0, 60.0, 120.0)
COARSE, PEER = 1800.0, 60.0
"""Steps of the comparison [s]."""
DEFAULT, TIGHT, EXACT = (0.0015, 8), (1e-6, 20), (1e-9, 100)
"""SWMM's tolerance of head [m] and trials a step: as it comes, tighter, for its reference."""
SETS = 100


def days(canals: int) -> float:
    """How long a grid is run [d]; small ones, which only show that all works, for two days."""
    return DAYS if canals >= 60 else 2.0


def plain(step: float) -> Run:
    """Run with a canal as one cell."""
    return Run(cell_length=LENGTH, time_step=step)


def converged(runs: Iterator[Floats], allowed: float) -> tuple[Floats, float]:
    """First stages that differ from those before by less than allowed, and by how much."""
    before, moved = next(runs), np.inf
    for found in runs:
        moved = difference(before, found)
        before = found
        if moved < allowed:
            break
    return before, moved


def errors(canals: int) -> dict[str, int]:
    """Errors of both engines by step, and how far their references moved and lie apart [µm]."""
    side, span = SIDES[canals], min(ERROR_DAYS, days(canals))
    peer = {step: swmm(side, span, step, solver=DEFAULT).stage for step in PEER_STEPS}
    tight = swmm(side, span, PEER, solver=TIGHT).stage
    mine = {step: ours(side, span, plain(step)).stage for step in STEPS}
    rough = difference(peer[PEER], mine[STEPS[0]])
    fine = (ours(side, span, Run(cell_length=LENGTH / 2**k, time_step=300.0 / 2**k)).stage
            for k in range(1, 6))  # fmt: skip
    right, moved = converged(fine, 0.1 * rough)
    theirs = (swmm(side, span, PEER / 2**k, 2**k, EXACT).stage for k in range(1, 4))
    other, shifted = converged(theirs, 0.1 * rough)
    found = {f"permitload {step:g}": difference(mine[step], right) for step in STEPS}
    found |= {f"SWMM {step:g}": difference(peer[step], right) for step in PEER_STEPS}
    found |= {f"own {step:g}": difference(peer[step], other) for step in PEER_STEPS}
    found |= {"tight": difference(tight, right), "own tight": difference(tight, other),
              "moved": moved, "shifted": shifted, "apart": difference(other, right)}  # fmt: skip
    return {name: round(1e6 * value) for name, value in found.items()}


def grid(shape: str, canals: int) -> Job:
    """One grid by both engines; their errors where the grid is small enough."""
    if find_spec("swmm") is None:
        raise LeftOut("swmm-toolkit is not installed")
    side, span = SIDES[canals], days(canals)
    small = canals <= 60
    tasks = {f"permitload {step:g}": Task(partial(ours, side, span, plain(step)))
             for step in (STEPS if small else (COARSE,))}  # fmt: skip
    tasks |= {f"SWMM {step:g}": Task(partial(swmm, side, span, step, 1, DEFAULT))
              for step in (PEER_STEPS if small else (PEER,))}  # fmt: skip
    if small:
        tasks["tight"] = Task(partial(swmm, side, span, PEER, 1, TIGHT))
    facts = errors(canals) if small else {}

    def check() -> None:
        """Stop where the engines, each refined, disagree by more than a millimetre."""
        if small and not facts["apart"] <= 1000:
            raise RuntimeError(f"references lie {facts['apart']} µm apart")

    return Job(tasks, check, {"canals": canals, **facts})


def batch(shape: str, canals: int) -> Job:
    """Many sets of boundaries of steady flow on one grid, and one of them."""
    side = SIDES[canals]
    rivers, last = network(side), f"N{side - 1}_{side - 1}"
    draw = np.random.default_rng(9)
    level, inflow = draw.uniform(0.5, 1.5, SETS), draw.uniform(1.0, 3.0, SETS)
    none = np.full(SETS, np.nan)
    sets = xr.Dataset(
        {
            "stage": (("node", "period"), np.vstack([level, none])),
            "flow": (("node", "period"), np.vstack([none, 0.02 * canals * inflow])),
        },
        {"node": ["SEA", last], "period": [f"P{k}" for k in range(SETS)]},
    )
    run = Run(cell_length=LENGTH)

    def solve(given: xr.Dataset) -> xr.Dataset:
        """Compute steady flow."""
        found: xr.Dataset = flow.steady(rivers, given, run=run)
        return found

    def check() -> None:
        """Compare two sets with those computed alone."""
        whole = solve(sets)["stage"]
        for k in (0, SETS - 1):
            alone = solve(sets.isel(period=[k]))["stage"]
            if not np.abs(whole.isel(period=[k]) - alone).max() < 1e-8:
                raise RuntimeError("a set in a batch is not what it is alone")

    tasks = {
        "one": Task(partial(solve, sets.isel(period=[0]))),
        "hundred": Task(partial(solve, sets)),
    }
    return Job(tasks, check, {"canals": canals})


def main(sizes: list[int]) -> None:
    """Print errors, and the least of three times, of each task."""
    for canals in sizes:
        job = grid("grid", canals)
        for name, value in job.facts.items():
            print(
                f"{canals:5d} canals  {name:15} {value if name == 'canals' else value / 1e3:8.3f}"
            )
        for name, task in job.tasks.items():
            best = min(_timed(task.run) for _ in range(3))
            print(f"{canals:5d} canals  {name:15} {best[0]:8.3f} s, processor {best[1]:8.3f} s",
                  flush=True)  # fmt: skip


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time [s]."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processor


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or [60, 684, 1984])
