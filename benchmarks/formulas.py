"""Capacity formulas over many numbers, against the triad and the exponentials they need."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from jobs import SEED, Job, agree
from measure import Task, triad
from shapes import Floats

from permitload import capacity
from permitload.capacity import Fan, Lake, River

SHARE = 0.3
"""Part of the triad's bandwidth that a formula reaches, exponentials aside."""
Inputs: TypeAlias = dict[str, Floats]


def inputs(size: int) -> Inputs:
    """Draw numbers for all formulas."""
    draw = np.random.default_rng([SEED, size])
    ends = {
        "flow": (1.0, 20.0), "effluent_flow": (0.1, 1.0), "background": (5.0, 15.0),
        "standard": (15.0, 25.0), "velocity": (0.05, 0.5), "decay": (0.05, 0.3),
        "length": (1e3, 1e4), "volume": (1e5, 1e7), "radius": (10.0, 100.0),
    }  # fmt: skip
    found = {name: draw.uniform(*pair, size) for name, pair in ends.items()}
    return found | {"position": 0.5 * found["length"]}


def _river(given: Inputs) -> River:
    names = ("flow", "velocity", "decay", "length")
    return River(**{name: given[name] for name in names}, dispersion=50.0)


def _lake(given: Inputs) -> Lake:
    volume = given["volume"]
    return Lake(
        storage_volume=volume, flow=given["flow"], decay=given["decay"], storage_area=volume
    )


def _water(given: Inputs) -> tuple[Floats, Floats, Floats]:
    return given["effluent_flow"], given["background"], given["standard"]


FORMULAS: dict[str, tuple[Callable[[Inputs], Any], int, int]] = {
    "complete_mixing": (lambda x: capacity.complete_mixing(x["flow"], *_water(x)), 5, 0),
    "plug_flow": (lambda x: capacity.plug_flow(_river(x), *_water(x), x["position"]), 9, 2),
    "uniform_source": (lambda x: capacity.uniform_source(_river(x), *_water(x)), 8, 1),
    "estuary": (lambda x: capacity.estuary(_river(x), *_water(x), 500.0), 7, 1),
    "mixed_lake": (lambda x: capacity.mixed_lake(_lake(x), x["standard"]), 6, 0),
    "radial_lake": (
        lambda x: capacity.radial_lake(
            Fan(angle=3.0, depth=2.0, decay=x["decay"]), *_water(x), x["radius"]
        ), 6, 1,
    ),
    "goda": (lambda x: capacity.goda(_lake(x), x["standard"]), 4, 0),
    "plain_network": (
        lambda x: capacity.plain_network(
            *(x[name] for name in ("flow", "volume", "decay", "background", "standard"))
        ), 6, 0,
    ),
}  # fmt: skip
"""Each formula with the arrays that it reads and writes, and its exponentials."""


def formula(shape: str, size: int) -> Job:
    """One formula over many numbers."""
    given = inputs(size)
    run, arrays, exponentials = FORMULAS[shape]
    exponents, result = -given["decay"], np.empty(size)

    def check() -> None:
        """Compare some numbers with the same formula of each of them alone."""
        found = run(given)
        for k in range(0, size, max(1, size // 7)):
            agree(found[k : k + 1], np.array(run({name: x[k] for name, x in given.items()})), 1e-13)

    tasks = {
        "formula": Task(lambda: run(given)), "triad 1": triad(1),
        "expm1": Task(lambda: np.expm1(exponents, out=result)),
    }  # fmt: skip
    facts = {"bytes": 8 * arrays * size, "exponentials": exponentials}
    return Job(tasks, check, facts)
