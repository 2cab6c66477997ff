"""Cost of ``import permitload`` against ``import pandas, xarray``, in one interleaved run.

The bound is a ratio: at most 1.3 times. Prints the medians; exits with 1 above the bound.
"""

import statistics
import subprocess
import sys
import time

REPEATS = 9
BOUND = 1.3


def seconds(code: str) -> float:
    """Wall time of a new interpreter that runs ``code``."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> int:
    """Interleave both imports, print the medians and their ratio."""
    ours, theirs = "import permitload", "import pandas, xarray"
    seconds(ours), seconds(theirs)  # warm the file cache
    times: dict[str, list[float]] = {ours: [], theirs: []}
    for _ in range(REPEATS):
        for code, found in times.items():
            found.append(seconds(code))
    medians = {code: statistics.median(found) for code, found in times.items()}
    ratio = medians[ours] / medians[theirs]
    for code, median in medians.items():
        print(f"{code:26s} {median:.3f} s (median of {REPEATS})")
    print(f"ratio {ratio:.2f}, bound {BOUND}")
    return int(ratio > BOUND)


if __name__ == "__main__":
    sys.exit(main())
