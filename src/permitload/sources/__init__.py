"""Sources and treatment works: where each load enters the water, and in which of two books it is.

An indirect discharger has an accepted load (接管量, what it hands to the works) and a discharged
load (外排环境量, what of it the works lets out). The river sees the second alone: comparisons
with capacity, bounds and permits use it; the first follows from it by the works' law.

Non-point loads come from activities (`export_load`), storms (`runoff_load`), paddies (`paddy_load`)
and polders (`polder_load` as measured, `polder_budget` from what arises inside).
"""

from permitload.sources.arrays import by_outlet, source_dataset
from permitload.sources.coefficients import (
    delivery_shares,
    event_concentrations,
    farmland_factors,
    fertiliser_shares,
    unit_loads,
)
from permitload.sources.compare import (
    compare_books,
    compared_totals,
    log_mean_parts,
    shapley_parts,
)
from permitload.sources.contributing import contribution_interval, contributions
from permitload.sources.export import export_load, fertiliser_loss, spread_over_periods
from permitload.sources.paddy import paddy_balance, paddy_load
from permitload.sources.place import resolve, split
from permitload.sources.polder import book_once, polder_budget, polder_load
from permitload.sources.runoff import (
    dry_curve,
    event_runoff,
    flush_exponent,
    middling_curve,
    moisture_curve,
    runoff_load,
    storm_mass,
    wet_curve,
)
from permitload.sources.treatment import works_load
from permitload.sources.two_books import LAW_TOLERANCE, accepted, books

__all__ = [
    "LAW_TOLERANCE",
    "accepted",
    "book_once",
    "books",
    "by_outlet",
    "compare_books",
    "compared_totals",
    "contribution_interval",
    "contributions",
    "delivery_shares",
    "dry_curve",
    "event_concentrations",
    "event_runoff",
    "export_load",
    "farmland_factors",
    "fertiliser_loss",
    "fertiliser_shares",
    "flush_exponent",
    "log_mean_parts",
    "middling_curve",
    "moisture_curve",
    "paddy_balance",
    "paddy_load",
    "polder_budget",
    "polder_load",
    "resolve",
    "runoff_load",
    "shapley_parts",
    "source_dataset",
    "split",
    "spread_over_periods",
    "storm_mass",
    "unit_loads",
    "wet_curve",
    "works_load",
]
