"""Unsteady flow of looped tidal grids against SWMM's dynamic wave, in the same run.

python benchmarks/hydraulics.py [side ...]: a grid of side × side nodes has 2 · side · (side - 1)
canals of 500 m; 6, 19 and 32 give 60, 684 and 1,984. Needs swmm-toolkit. Errors are the root
mean square of all node stages after the first day against a run in small cells and steps.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from permitload import RiverNetwork, hydraulics
from permitload.hydraulics import Run

LENGTH, WIDTH, SIDE, ROUGH, BED = 500.0, 12.0, 2.0, 0.025, -2.0
START = pd.Timestamp("2025-01-01")
EVERY = 3600.0
CYCLE = 44712.0


def reaches(side: int) -> pd.DataFrame:
    """Canals of a square grid."""
    rows = []
    for i in range(side):
        for j in range(side):
            for a, b in ((i + 1, j), (i, j + 1)):
                if a < side and b < side:
                    rows.append((f"C{i}_{j}_{a}_{b}", f"N{i}_{j}", f"N{a}_{b}"))
    rows.append(("MOUTH", "SEA", "N0_0"))
    table = pd.DataFrame(rows, columns=["reach", "from_node", "to_node"])
    return table.assign(length=LENGTH, width=WIDTH, side_slope=SIDE, roughness=ROUGH,
                        bed_from=BED, bed_to=BED)  # fmt: skip


def sea(days: float) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and level of the tide at the first corner."""
    seconds = np.arange(0.0, days * 86400.0 + 1.0, 600.0)
    return seconds, 1.0 + 0.6 * np.sin(2 * np.pi * seconds / CYCLE)


def ours(side: int, days: float, run: Run) -> tuple[float, np.ndarray]:
    """Wall time [s] and stages (hour, node) of a run."""
    table = reaches(side)
    network = RiverNetwork(table)
    seconds, level = sea(days)
    last = f"N{side - 1}_{side - 1}"
    inflow = np.full(seconds.size, 0.05 * side * side)
    ends = xr.Dataset(
        {
            "stage": (("node", "time"), np.vstack([level, np.full(level.size, np.nan)])),
            "flow": (("node", "time"), np.vstack([np.full(level.size, np.nan), inflow])),
        },
        {"node": ["SEA", last], "time": START + pd.to_timedelta(seconds, "s")},
    )
    nodes = network.nodes.index
    start = xr.Dataset({"stage": ("node", np.full(len(nodes), 1.0))}, {"node": nodes.to_numpy()})
    times = START + pd.to_timedelta(np.arange(0.0, days * 86400.0 + 1.0, EVERY), "s")
    before = time.perf_counter()
    found = hydraulics.unsteady(network, ends, times, start, run=run)
    wall = time.perf_counter() - before
    return wall, found["stage"].sel(node=sorted(set(nodes) - {"SEA"})).transpose(
        "time", "node"
    ).values


def model(side: int, days: float, step: float) -> str:
    """SWMM input of the same grid; the sea is an outfall joined by a short canal."""
    table = reaches(side)
    seconds, level = sea(days)
    end = START + pd.Timedelta(days=days)
    lines = [
        "[OPTIONS]", "FLOW_UNITS CMS", "FLOW_ROUTING DYNWAVE", "INERTIAL_DAMPING NONE",
        "NORMAL_FLOW_LIMITED NONE", "MIN_SURFAREA 0.1", "HEAD_TOLERANCE 0.0005", "THREADS 1",
        f"START_DATE {START:%m/%d/%Y}", "START_TIME 00:00:00", f"END_DATE {end:%m/%d/%Y}",
        "END_TIME 00:00:00", f"ROUTING_STEP {step:g}", "VARIABLE_STEP 0", "REPORT_STEP 01:00:00",
        "[OUTFALLS]", f"SEA {BED} TIMESERIES TIDE NO", "[JUNCTIONS]",
    ]  # fmt: skip
    nodes = sorted({*table["from_node"], *table["to_node"]} - {"SEA"})
    lines += [f"{n} {BED} 20 {1.0 - BED} 0 0" for n in nodes]
    lines += ["[CONDUITS]"]
    lines += [f"{r.reach} {r.to_node} {r.from_node} {LENGTH} {ROUGH} 0 0 0"
              for r in table.itertuples()]  # fmt: skip
    shape = f"TRAPEZOIDAL 15 {WIDTH} {SIDE} {SIDE} 1"
    lines += ["[XSECTIONS]"]
    lines += [f"{r} {shape}" for r in table["reach"]]
    last = f"N{side - 1}_{side - 1}"
    lines += ["[INFLOWS]", f'{last} FLOW "" FLOW 1.0 1.0 {0.05 * side * side}', "[TIMESERIES]"]
    lines += [f"TIDE {s / 3600.0:.6f} {z:.6f}" for s, z in zip(seconds, level, strict=True)]
    return "\n".join([*lines, "[REPORT]", "NODES ALL", ""])


def swmm(side: int, days: float, step: float) -> tuple[float, np.ndarray]:
    """Wall time [s] and stages (hour, node) of SWMM."""
    from swmm.toolkit import output, shared_enum, solver

    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder) / f"grid.{end}") for end in ("inp", "rpt", "out")]
        Path(names[0]).write_text(model(side, days, step), "utf8")
        before = time.perf_counter()
        solver.swmm_run(*names)
        wall = time.perf_counter() - before
        handle = output.init()
        output.open(handle, names[2])
        count = output.get_proj_size(handle)[1]
        kind, head = shared_enum.ElementType.NODE, shared_enum.NodeAttribute.HYDRAULIC_HEAD
        labels = [output.get_elem_name(handle, kind, i) for i in range(count)]
        hours = output.get_times(handle, shared_enum.Time.NUM_PERIODS)
        series = [np.array(output.get_node_series(handle, int(i), head, 0, hours - 1))
                  for i in np.argsort(labels) if labels[i] != "SEA"]  # fmt: skip
        output.close(handle)
    return wall, np.array(series).T


def difference(found: np.ndarray, right: np.ndarray) -> float:
    """Root mean square after the first day [m]; SWMM reports from the first hour on."""
    count = min(len(found), len(right)) - 25
    return float(np.sqrt(np.mean((found[-count:] - right[-count:]) ** 2)))


def main(sides: list[int], days: float = 30.0) -> None:
    """Print the table."""
    ours(3, 0.1, Run())  # compile
    for side in sides:
        canals = 2 * side * (side - 1)
        right = None
        if canals <= 60:
            fine = Run(cell_length=62.5, time_step=15.0, implicitness=0.5)
            right = ours(side, days, fine)[1]
        for step, cell in ((300.0, 500.0), (900.0, 500.0), (1800.0, 500.0)):
            run = Run(cell_length=cell, time_step=step, implicitness=0.5)
            wall, found = min((ours(side, days, run) for _ in range(2)), key=lambda r: r[0])
            off = np.nan if right is None else difference(found, right)
            print(f"{canals:5d} canals  permitload {step:4g} s {cell:4g} m {wall:8.3f} s "
                  f"{1e3 * off:8.3f} mm", flush=True)  # fmt: skip
        for step in (60.0, 15.0) if canals <= 60 else (60.0,):
            wall, found = swmm(side, days, step)
            off = np.nan if right is None else difference(found, right)
            print(f"{canals:5d} canals  SWMM       {step:4g} s        {wall:8.3f} s "
                  f"{1e3 * off:8.3f} mm", flush=True)  # fmt: skip


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or [6, 19, 32])
