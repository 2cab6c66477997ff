"""Looped, tidal, gated grids of canals for both engines of benchmarks/hydraulics.py.

A grid of side × side nodes has 2 · side · (side - 1) canals of 500 m and a mouth to the sea: 6, 19
and 32 give 60, 684 and 1,984. Every tenth canal ends in a gate, always drowned; every second gate
closes to a third while the sea stands high. SWMM gets the gates as side orifices with controls.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import RiverNetwork, hydraulics
from permitload.hydraulics import Details, Run

__all__ = ["LENGTH", "Found", "canals", "difference", "network", "ours", "swmm"]

LENGTH, WIDTH, SLOPE, ROUGH, BED = 500.0, 12.0, 2.0, 0.025, -2.0
GATE_WIDTH, GATE_OPENING, GATE_FACTOR, GATE_SHUT = 10.0, 1.5, 0.6, 0.5
HIGH, LOW = 1.45, 1.3
"""Stages of the sea above which gates close and below which they open [m]."""
START = pd.Timestamp("2025-01-01")
HOUR, DAY, CYCLE = 3600.0, 86400.0, 44712.0


@dataclass(frozen=True, slots=True)
class Found:
    """Processor and wall time [s], stages (hour, node) from the first hour on."""

    processor: float
    wall: float
    stage: NDArray[np.float64]


def canals(side: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Canals of a square grid, and the gates at the ends of some of them."""
    rows: list[tuple[str, str, str]] = []
    gates: list[tuple[str, str, str]] = []
    for i in range(side):
        for j in range(side):
            for a, b in ((i + 1, j), (i, j + 1)):
                if a < side and b < side:
                    name, end = f"C{i}_{j}_{a}_{b}", f"N{a}_{b}"
                    if len(rows) % 10 == 4:
                        gates.append((f"G{i}_{j}_{a}_{b}", f"W{i}_{j}_{a}_{b}", end))
                        end = gates[-1][1]
                    rows.append((name, f"N{i}_{j}", end))
    rows.append(("MOUTH", "SEA", "N0_0"))
    ends = ["from_node", "to_node"]
    return (
        pd.DataFrame(rows, columns=["reach", *ends]).assign(
            length=LENGTH, width=WIDTH, side_slope=SLOPE, roughness=ROUGH,
            bed_from=BED, bed_to=BED,
        ),
        pd.DataFrame(gates, columns=["structure", *ends]).assign(
            structure_type="gate", width=GATE_WIDTH, crest=BED, opening=GATE_OPENING,
            discharge_coefficient=GATE_FACTOR,
        ),
    )  # fmt: skip


def rules(gates: pd.DataFrame) -> pd.DataFrame:
    """Close every second gate while the sea stands high."""
    some = gates["structure"].to_numpy()[::2]
    return pd.DataFrame({
        "structure": np.repeat(some, 2), "priority": np.tile([1.0, 2.0], some.size), "node": "SEA",
        "above": np.tile([HIGH, np.nan], some.size), "below": np.tile([np.nan, LOW], some.size),
        "opening": np.tile([GATE_SHUT, GATE_OPENING], some.size),
    })  # fmt: skip


def sea(days: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds and level of the tide at the first corner."""
    seconds = np.arange(0.0, days * DAY + 1.0, 600.0)
    return seconds, 1.0 + 0.6 * np.sin(2 * np.pi * seconds / CYCLE)


def inflow(side: int) -> float:
    """Water that enters at the last corner [m3/s]."""
    return 0.05 * side * side


def boundaries(side: int, days: float) -> xr.Dataset:
    """Tide at the sea and inflow at the opposite corner."""
    seconds, level = sea(days)
    none = np.full(seconds.size, np.nan)
    flow = np.full(seconds.size, inflow(side))
    return xr.Dataset(
        {
            "stage": (("node", "time"), np.vstack([level, none])),
            "flow": (("node", "time"), np.vstack([none, flow])),
        },
        {"node": ["SEA", f"N{side - 1}_{side - 1}"],
         "time": START + pd.to_timedelta(seconds, "s")},
    )  # fmt: skip


def network(side: int) -> RiverNetwork:
    """Canals and gates."""
    reaches, gates = canals(side)
    return RiverNetwork(reaches, structures=gates if len(gates) else None)


def ours(side: int, days: float, run: Run) -> Found:
    """Run as a user calls it, the network included, and keep the stages of every hour."""
    reaches, gates = canals(side)
    ends = boundaries(side, days)
    times = START + pd.to_timedelta(np.arange(0.0, days * DAY + 1.0, HOUR), "s")
    nodes = sorted({*reaches["from_node"], *reaches["to_node"]})
    start = xr.Dataset({"stage": ("node", np.full(len(nodes), 1.0))}, {"node": nodes})
    details = Details(gate_rules=rules(gates) if len(gates) else None)
    wall, processor = time.perf_counter(), time.process_time()
    net = RiverNetwork(reaches, structures=gates if len(gates) else None)
    found = hydraulics.unsteady(net, ends, times, start, details, run)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    stage = found["stage"].sel(node=[n for n in nodes if n != "SEA"]).transpose("time", "node")
    return Found(processor, wall, stage.values[1:])


def model(side: int, days: float, step: float, pieces: int, solver: tuple[float, int]) -> str:
    """SWMM input of the same grid, every canal in some pieces; tolerance of head and trials."""
    reaches, gates = canals(side)
    end = START + pd.Timedelta(days=days)
    lines = [
        "[OPTIONS]", "FLOW_UNITS CMS", "FLOW_ROUTING DYNWAVE", "INERTIAL_DAMPING NONE",
        "NORMAL_FLOW_LIMITED NONE", "MIN_SURFAREA 0.1", "THREADS 1",
        f"HEAD_TOLERANCE {solver[0]:.9f}", f"MAX_TRIALS {solver[1]}",
        f"START_DATE {START:%m/%d/%Y}", "START_TIME 00:00:00", f"END_DATE {end:%m/%d/%Y}",
        "END_TIME 00:00:00", f"ROUTING_STEP {step:g}", "VARIABLE_STEP 0", "REPORT_STEP 01:00:00",
        "[OUTFALLS]", f"SEA {BED} TIMESERIES TIDE NO", "[CONDUITS]",
    ]  # fmt: skip
    parts, nodes = [], sorted({*reaches["from_node"], *reaches["to_node"]} - {"SEA"})
    for row in reaches.itertuples():
        inner = [f"{row.reach}_{k}" for k in range(1, pieces)]
        nodes += inner
        chain = [row.from_node, *inner, row.to_node]
        for k in range(pieces):  # the outfall must lie downstream
            parts.append(f"{row.reach}_{k}p")
            ends = f"{chain[k + 1]} {chain[k]}"
            lines.append(f"{parts[-1]} {ends} {LENGTH / pieces} {ROUGH} 0 0 0")
    lines += ["[JUNCTIONS]", *(f"{n} {BED} 20 {1.0 - BED} 0 0" for n in nodes), "[ORIFICES]"]
    lines += [f"{g.structure} {g.from_node} {g.to_node} SIDE 0 {GATE_FACTOR} NO 0"
              for g in gates.itertuples()]  # fmt: skip
    lines += ["[XSECTIONS]"]
    lines += [f"{part} TRAPEZOIDAL 15 {WIDTH} {SLOPE} {SLOPE} 1" for part in parts]
    lines += [f"{g} RECT_CLOSED {GATE_OPENING} {GATE_WIDTH} 0 0" for g in gates["structure"]]
    lines += ["[CONTROLS]"]
    for gate in gates["structure"].to_numpy()[::2]:
        for name, test, setting in (("HI", f"> {HIGH}", GATE_SHUT / GATE_OPENING),
                                    ("LO", f"< {LOW}", 1.0)):  # fmt: skip
            lines += [f"RULE {gate}{name}", f"IF NODE SEA HEAD {test}",
                      f"THEN ORIFICE {gate} SETTING = {setting:.9f}", ""]  # fmt: skip
    last = f"N{side - 1}_{side - 1}"
    lines += ["[INFLOWS]", f'{last} FLOW "" FLOW 1.0 1.0 {inflow(side)}', "[TIMESERIES]"]
    lines += [f"TIDE {s / HOUR:.6f} {z:.6f}" for s, z in zip(*sea(days), strict=True)]
    return "\n".join([*lines, "[REPORT]", "NODES ALL", ""])


def swmm(
    side: int, days: float, step: float, pieces: int = 1, solver: tuple[float, int] = (0.0015, 8)
) -> Found:
    """Run SWMM's dynamic wave, its input read and its binary results written."""
    from swmm.toolkit import output, shared_enum
    from swmm.toolkit import solver as engine

    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(folder) / f"grid.{end}") for end in ("inp", "rpt", "out")]
        Path(names[0]).write_text(model(side, days, step, pieces, solver), "utf8")
        wall, processor = time.perf_counter(), time.process_time()
        with _silent():
            engine.swmm_run(*names)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        handle = output.init()
        output.open(handle, names[2])
        count = output.get_proj_size(handle)[1]
        kind, head = shared_enum.ElementType.NODE, shared_enum.NodeAttribute.HYDRAULIC_HEAD
        labels = [output.get_elem_name(handle, kind, i) for i in range(count)]
        hours = output.get_times(handle, shared_enum.Time.NUM_PERIODS)
        series = [np.array(output.get_node_series(handle, int(i), head, 0, hours - 1))
                  for i in np.argsort(labels) if labels[i][0] in "NW"]  # fmt: skip
        output.close(handle)
    return Found(processor, wall, np.array(series).T)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what a library prints off the screen."""
    screen, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        os.dup2(screen, 1)
        os.close(screen)
        os.close(nothing)


def difference(found: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Root mean square after the first day, over the hours that both have [m]."""
    count = min(len(found), len(right))
    return float(np.sqrt(np.mean((found[24:count] - right[24:count]) ** 2)))
