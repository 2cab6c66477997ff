"""What benchmarks are made of: jobs, the nets that they run on, comparison of answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
import shapes
import xarray as xr
from measure import Task
from shapes import Floats

from permitload import RiverNetwork, quality

SEED = 20260901
SECTIONS = 50
KINETICS = {"COD": {"decay": 0.1}}


@dataclass(frozen=True, slots=True)
class Job:
    """Tasks to time in turn, facts that the page shows, and a check of the answers."""

    tasks: dict[str, Task]
    check: Callable[[], None]
    facts: dict[str, int] = field(default_factory=dict)
    memory: tuple[str, ...] = ()
    """Tasks whose memory is measured, too."""


class LeftOut(Exception):
    """A benchmark cannot run here; the message says why."""


Setup: TypeAlias = Callable[[str, int], Job]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One entry: a setup by shape and size."""

    title: str
    words: str
    """What is timed; the formula of bytes, if they are counted."""
    setup: Setup
    cases: tuple[tuple[str, int], ...]
    smoke: tuple[tuple[str, int], ...]


def net(shape: str, size: int) -> tuple[shapes.Net, np.random.Generator]:
    """One net, the same in every run."""
    draw = np.random.default_rng([SEED, size])
    return shapes.SHAPES[shape](size, draw), draw


def agree(found: Floats, right: Floats, tolerance: float = 1e-9) -> None:
    """Stop the run where two answers differ."""
    worst = float(np.abs(found - right).max()) / float(np.abs(right).max())
    if not worst <= tolerance:
        raise RuntimeError(f"answers differ by {worst:.1e}; right would be at most {tolerance}")


def unchecked() -> None:
    """Check nothing: the peer is timed and compared up to 1e6 reaches."""


@dataclass(frozen=True, slots=True)
class Model:
    """A net with names, water, an outlet at every tenth reach, and sections."""

    network: RiverNetwork
    water: xr.Dataset
    outlets: pd.DataFrame
    load: xr.DataArray
    inflow: xr.DataArray
    sections: pd.DataFrame

    def steady(self) -> xr.Dataset:
        """Forward transport."""
        result: xr.Dataset = quality.steady(
            self.network, self.water, self.outlets, self.load, self.inflow, KINETICS
        )
        return result

    def response(self) -> xr.Dataset:
        """Transposed transport."""
        result: xr.Dataset = quality.response(
            self.network, self.water, self.outlets, self.sections, KINETICS
        )
        return result


def model(given: shapes.Net, draw: np.random.Generator) -> Model:
    """Put outlets and sections on a net; sections are on its largest rivers."""
    rivers = shapes.network(given)
    water = shapes.water(given, rivers)
    row = draw.choice(given.up.size, max(1, given.up.size // 10), replace=False)
    outlets = pd.DataFrame({
        "outlet": shapes.names("O", np.arange(row.size)),
        "reach": given.labels[row], "position": 0.5 * given.length[row],
    })  # fmt: skip
    large = np.argsort(given.flow)[-max(SECTIONS, given.up.size // 100) :]
    place = draw.choice(large, SECTIONS, replace=False)
    sections = pd.DataFrame({
        "section": shapes.names("S", np.arange(SECTIONS)),
        "reach": given.labels[place], "position": 0.5 * given.length[place],
    })  # fmt: skip
    coords = {"outlet": outlets["outlet"].to_numpy(), "pollutant": list(KINETICS)}
    load = xr.DataArray(draw.uniform(1.0, 100.0, (row.size, 1)), coords)
    clean = xr.zeros_like(water["boundary_flow"]).expand_dims(pollutant=list(KINETICS))
    return Model(rivers, water, outlets, load, clean, sections)
