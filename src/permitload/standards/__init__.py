"""Water-quality standards of sections and emission limits, as data with their evidence.

GB 3838-2002 (地表水环境质量标准): limits, class and attainment of a section. Its numbers were keyed
by two independent public sources that agree; check them against the printed text before legal use.
"""

from permitload.standards._lookup import items, sense
from permitload.standards.grading import Classes, classify
from permitload.standards.indices import (
    exceedance,
    oxygen_index,
    oxygen_index_1993,
    oxygen_saturation,
    oxygen_saturation_saline,
    ph_index,
    standard_index,
)
from permitload.standards.judgement import attainment
from permitload.standards.observed import period_means
from permitload.standards.published import emission_limits, quality_limits
from permitload.standards.rules import annual_mean, every_month, mean_and_share, monthly_share
from permitload.standards.targets import class_limit, limits

__all__ = [
    "Classes",
    "annual_mean",
    "attainment",
    "class_limit",
    "classify",
    "emission_limits",
    "every_month",
    "exceedance",
    "items",
    "limits",
    "mean_and_share",
    "monthly_share",
    "oxygen_index",
    "oxygen_index_1993",
    "oxygen_saturation",
    "oxygen_saturation_saline",
    "period_means",
    "ph_index",
    "quality_limits",
    "sense",
    "standard_index",
]
