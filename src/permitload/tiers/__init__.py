"""ABCD tiers: what an enterprise should need, and the permit that follows (南通, annex 8).

Area (attaining or not), applicant (new or existing) and tier select one of sixteen rules; each
permit carries its rule in words, the text it comes from, and what stopped it.

Examples
--------
>>> len(branches())
16
"""

from permitload.tiers.area import attainment_area, delivered, of_greatest
from permitload.tiers.branches import (
    ALLOWANCES,
    ATTAINING_LINES,
    BOUNDS,
    NON_ATTAINING_LINES,
    branches,
)
from permitload.tiers.closing import Closure, close
from permitload.tiers.intensity import (
    by_benchmark,
    by_product,
    intensities,
    latest_year,
    mean_of_years,
)
from permitload.tiers.limits import BOOKS, TRIGGERS, Policy, limits
from permitload.tiers.lines import (
    LINES,
    Line,
    baselines,
    capacity_weighted,
    greatest,
    least,
    quantile,
)
from permitload.tiers.rating import THRESHOLDS, TIER_ORDER, VETOES, rate, tier_of
from permitload.tiers.scoring import (
    CATEGORY_WEIGHTS,
    category_weights,
    criterion_score,
    missing_mean,
    missing_refused,
    missing_worst,
)
from permitload.tiers.stability import plausible_weights, stability
from permitload.tiers.units import attaining_units, statement

__all__ = [  # noqa: RUF022  # in the order of all packages: by letters alone
    "ALLOWANCES",
    "ATTAINING_LINES",
    "BOOKS",
    "BOUNDS",
    "CATEGORY_WEIGHTS",
    "Closure",
    "LINES",
    "Line",
    "NON_ATTAINING_LINES",
    "Policy",
    "THRESHOLDS",
    "TIER_ORDER",
    "TRIGGERS",
    "VETOES",
    "attaining_units",
    "attainment_area",
    "baselines",
    "branches",
    "by_benchmark",
    "by_product",
    "capacity_weighted",
    "category_weights",
    "close",
    "criterion_score",
    "delivered",
    "greatest",
    "intensities",
    "latest_year",
    "least",
    "limits",
    "mean_of_years",
    "missing_mean",
    "missing_refused",
    "missing_worst",
    "of_greatest",
    "plausible_weights",
    "quantile",
    "rate",
    "stability",
    "statement",
    "tier_of",
]
