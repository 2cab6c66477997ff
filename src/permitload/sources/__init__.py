"""Sources and treatment works: where each load enters the water, and in which of two books it is.

An indirect discharger has an accepted load (接管量, what it hands to the works) and a discharged
load (外排环境量, what of it the works lets out). The river sees the second alone: comparisons
with capacity, bounds and permits use it; the first follows from it by the works' law.
"""

from permitload.sources.arrays import by_outlet, source_dataset
from permitload.sources.compare import (
    compare_books,
    compared_totals,
    log_mean_parts,
    shapley_parts,
)
from permitload.sources.place import resolve, split
from permitload.sources.two_books import LAW_TOLERANCE, accepted, books

__all__ = [
    "LAW_TOLERANCE",
    "accepted",
    "books",
    "by_outlet",
    "compare_books",
    "compared_totals",
    "log_mean_parts",
    "resolve",
    "shapley_parts",
    "source_dataset",
    "split",
]
