"""Measuring: interleaved medians, the triad of the same run, memory, facts of the machine."""

import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numba import njit
from shapes import Floats

REPEATS = 7
"""Samples of every task, taken in turn; SLOW ones take fewer."""
SLOW, FEW = 10.0, 3
"""Seconds from which a task is repeated only so often."""
SAMPLE = 0.002
"""Seconds that one sample lasts at least: short tasks are called several times."""
TRIAD = 20_000_000
"""Doubles in each of the three arrays of the triad: 160 MB, five times a cache of 32 MB."""


def _nothing() -> None:
    """Leave things as they are."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be timed; ``reset`` is called before every call and is not timed."""

    run: Callable[[], object]
    reset: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Times:
    """Medians [s] and numbers of samples, by task."""

    seconds: dict[str, float] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)


def interleaved(tasks: dict[str, Task], smoke: bool = False) -> Times:
    """Time the tasks in turn, A B A B …, after one call each that compiles and warms up.

    In a smoke run each task is called once.
    """
    if smoke:
        return Times({n: _seconds(task, 1) for n, task in tasks.items()}, dict.fromkeys(tasks, 1))
    wanted, calls = {}, {}
    for name, task in tasks.items():
        _seconds(task, 1)
        once = _seconds(task, 1)
        wanted[name] = FEW if once > SLOW else REPEATS
        calls[name] = min(1000, max(1, round(SAMPLE / once)))
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(max(wanted.values())):
        for name, task in tasks.items():
            if turn < wanted[name]:
                found[name].append(_seconds(task, calls[name]))
    return Times({name: statistics.median(taken) for name, taken in found.items()}, wanted)


def _seconds(task: Task, calls: int) -> float:
    """Mean time of some calls of a task."""
    total = 0.0
    for _ in range(calls):
        task.reset()
        start = time.perf_counter()
        task.run()
        total += time.perf_counter() - start
    return total / calls


def peak(task: Task) -> int:
    """Most bytes that one call holds at once beyond its inputs, its result included.

    What Python and numpy allocate; a compiled kernel's own working arrays are not seen.
    """
    tracemalloc.start()
    task.run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@njit(cache=True, nogil=True)
def _triad(a: Floats, b: Floats, c: Floats, factor: float) -> None:
    """Do what STREAM measures."""
    for i in range(a.size):
        a[i] = b[i] + factor * c[i]


def triad(threads: int) -> Task:
    """STREAM triad a = b + s·c with as many threads; see :func:`bandwidth`."""
    arrays = np.empty(TRIAD), np.ones(TRIAD), np.full(TRIAD, 2.0)
    a, b, c = (np.array_split(array, threads) for array in arrays)

    def part(k: int) -> None:
        """Do the part of one thread."""
        _triad(a[k], b[k], c[k], 3.0)

    def together() -> None:
        """Do all parts at once."""
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, range(threads)))

    return Task(together if threads > 1 else lambda: part(0))


def bandwidth(seconds: float) -> float:
    """Bytes per second of a triad, counted as STREAM does: two reads and one write."""
    return 24.0 * TRIAD / seconds


def growth(sizes: list[int], seconds: list[float]) -> float:
    """Exponent of time over size: slope of the line through their logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def machine() -> dict[str, str]:
    """Facts that times depend on, without any that name the machine."""
    model, cache = "unknown", "unknown"
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        lines = [line.split(":", 1) for line in facts.read_text().splitlines() if ":" in line]
        values = {key.strip(): value.strip() for key, value in lines}
        model = values.get("model name", model)
    level = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")
    if level.is_file():
        cache = level.read_text().strip()
    packages = ("numpy", "numba", "scipy", "pandas", "xarray", "highspy")
    return {
        "processor": model, "cores": str(_cores()), "last-level cache": cache,
        "system": platform.system(), "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }  # fmt: skip


def _cores() -> int:
    """Cores that this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
