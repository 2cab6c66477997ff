"""Permitted loads: a target reconciled with the sections, what stops each source, rounding."""

from permitload.allocation.allocate import allocate, present_load
from permitload.allocation.chance import (
    Spread,
    chance_rows,
    chance_total,
    lognormal_quantile,
    normal_quantile,
)
from permitload.allocation.explain import explain
from permitload.allocation.limits import (
    average_limit,
    long_term_average,
    month_masses,
    permit_limits,
)
from permitload.allocation.relaxation import relax, relax_floors
from permitload.allocation.reliability import lognormal_samples, normal_samples, reliability
from permitload.allocation.robust import (
    exceedance_bound,
    robust_price,
    robust_program,
    robust_rows,
)
from permitload.allocation.rounding import round_down, truncate
from permitload.allocation.scenarios import most_violated, scenario_rows, tail_rows, tail_total

__all__ = [
    "Spread",
    "allocate",
    "average_limit",
    "chance_rows",
    "chance_total",
    "exceedance_bound",
    "explain",
    "lognormal_quantile",
    "lognormal_samples",
    "long_term_average",
    "month_masses",
    "most_violated",
    "normal_quantile",
    "normal_samples",
    "permit_limits",
    "present_load",
    "relax",
    "relax_floors",
    "reliability",
    "robust_price",
    "robust_program",
    "robust_rows",
    "round_down",
    "scenario_rows",
    "tail_rows",
    "tail_total",
    "truncate",
]
