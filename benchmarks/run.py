"""Measure everything and write docs/performance.md.

``python benchmarks/run.py [--smoke] [--only NAME ...] [--out PAGE]``: without options all
benchmarks at full size, which takes about an hour on an otherwise idle machine.
``--only`` measures some again and keeps the others; ``--smoke`` runs all once at small sizes,
compares every answer with its peer's, and fails if the page is not what results.json gives. With
PERMITLOAD_DATA, the folder of measured data, the real network mrb3 is measured too.
"""

import argparse
import gc
import json
import sys
from pathlib import Path
from typing import Any

from jobs import Benchmark, LeftOut
from measure import interleaved, machine, peak
from page import page
from registry import BENCHMARKS

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "performance.md"


def measured(name: str, benchmark: Benchmark, smoke: bool) -> list[dict[str, Any]]:
    """Rows of one benchmark."""
    rows = []
    for shape, size in benchmark.smoke if smoke else benchmark.cases:
        print(f"{name} {shape} {size:,}", end=" ", flush=True)
        job = benchmark.setup(shape, size)
        job.check()
        times = interleaved(job.tasks, smoke)
        print(*(f"{task} {seconds:.3g} s" for task, seconds in times.seconds.items()), sep=", ")
        memory = {} if smoke else {task: peak(job.tasks[task]) for task in job.memory}
        rows.append({
            "benchmark": name, "shape": shape, "size": size, "facts": job.facts,
            "seconds": times.seconds, "samples": times.samples, "memory": memory,
        })  # fmt: skip
        del job
        gc.collect()
    return rows


def update(results: dict[str, Any], names: list[str], smoke: bool) -> None:
    """Measure the named benchmarks and put them into the results, stored one by one."""
    for name in names:
        results["left_out"].pop(name, None)
        try:
            found = measured(name, BENCHMARKS[name], smoke)
        except LeftOut as reason:
            print(f"left out: {reason}")
            results["left_out"][name], found = str(reason), []
        others = [row for row in results["rows"] if row["benchmark"] != name]
        results["rows"] = others + found
        if not smoke:
            RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf8")


def stored() -> dict[str, Any]:
    """Results of the last full run, or none."""
    if not RESULTS.exists():
        return {"machine": {}, "rows": [], "left_out": {}}
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf8"))
    return found


def main() -> int:
    """Measure; write, or in a smoke run compare, the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="all once, small, answers compared")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, help="measure these again")
    parser.add_argument("--out", type=Path, default=PAGE, help="page to write")
    given = parser.parse_args()
    names = given.only or list(BENCHMARKS)
    if given.smoke:
        update({"machine": {}, "rows": [], "left_out": {}}, names, True)
        if not RESULTS.exists() or PAGE.read_text("utf8") == page(stored()):
            return 0
        print("docs/performance.md is not what benchmarks/results.json gives")
        return 1
    results = stored() if given.only else {"machine": {}, "rows": [], "left_out": {}}
    results["machine"] = machine()
    update(results, names, False)
    given.out.write_text(page(results), "utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
