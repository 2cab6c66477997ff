"""Capacity formulas over ten million numbers, against the triad and the exponentials they need.

A formula may take as long as its inputs and its result need at 30 % of the bandwidth of the triad
(STREAM, one thread, the same run), plus its exponentials by numpy. Exits with 1 above that.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import Task, bandwidth, interleaved, triad

from permitload import capacity
from permitload.capacity import Fan, Lake, River

SIZE = 10_000_000
SHARE = 0.3


def formulas(size: int) -> dict[str, tuple[Callable[[], Any], int, int]]:
    """Each formula with the arrays that it reads and writes, and its exponentials."""
    draw = np.random.default_rng(20260901)
    flow, effluent = draw.uniform(1.0, 20.0, size), draw.uniform(0.1, 1.0, size)
    background, standard = draw.uniform(5.0, 15.0, size), draw.uniform(15.0, 25.0, size)
    velocity, decay = draw.uniform(0.05, 0.5, size), draw.uniform(0.05, 0.3, size)
    length, volume = draw.uniform(1e3, 1e4, size), draw.uniform(1e5, 1e7, size)
    position, radius = 0.5 * length, 0.01 * length
    river = River(flow=flow, velocity=velocity, decay=decay, length=length)
    tidal = River(flow=flow, velocity=velocity, decay=decay, dispersion=50.0)
    lake = Lake(storage_volume=volume, flow=flow, decay=decay, storage_area=volume)
    fan = Fan(angle=3.0, depth=2.0, decay=decay)
    given = effluent, background, standard
    return {
        "complete_mixing": (lambda: capacity.complete_mixing(flow, *given), 5, 0),
        "plug_flow": (lambda: capacity.plug_flow(river, *given, position), 9, 2),
        "uniform_source": (lambda: capacity.uniform_source(river, *given), 8, 1),
        "estuary": (lambda: capacity.estuary(tidal, *given, 500.0), 7, 1),
        "mixed_lake": (lambda: capacity.mixed_lake(lake, standard), 6, 0),
        "radial_lake": (lambda: capacity.radial_lake(fan, *given, radius), 6, 1),
        "goda": (lambda: capacity.goda(lake, standard), 4, 0),
        "plain_network": (
            lambda: capacity.plain_network(flow, volume, decay, background, standard), 6, 0,
        ),
    }  # fmt: skip


def main() -> int:
    """Time all in turn; print seconds, share of the triad and of what is allowed."""
    found = formulas(SIZE)
    exponents = np.random.default_rng(1).uniform(-1.0, 0.0, SIZE)
    result = np.empty(SIZE)
    tasks = {name: Task(run) for name, (run, _, _) in found.items()}
    tasks |= {"triad": triad(1), "expm1": Task(lambda: np.expm1(exponents, out=result))}
    seconds = interleaved(tasks).seconds
    moved = bandwidth(seconds["triad"])
    print(f"triad {moved / 1e9:.1f} GB/s, expm1 {seconds['expm1'] * 1e3:.1f} ms")
    worst = 0.0
    for name, (_, arrays, exps) in found.items():
        least = 8.0 * arrays * SIZE / moved
        allowed = least / SHARE + exps * seconds["expm1"]
        used = seconds[name] / allowed
        worst = max(worst, used)
        share = least / seconds[name]
        print(
            f"{name:16s} {seconds[name] * 1e3:6.1f} ms, {share:4.0%} of triad, {used:.2f} of bound"
        )
    return int(worst > 1.0)


if __name__ == "__main__":
    sys.exit(main())
