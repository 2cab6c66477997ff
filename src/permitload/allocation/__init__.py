"""Permitted loads: a target reconciled with the sections, what stops each source, rounding."""

from permitload.allocation.abatement import abatement_cost
from permitload.allocation.allocate import allocate, present_load
from permitload.allocation.bounds import alone, bounds
from permitload.allocation.chance import (
    Spread,
    chance_rows,
    chance_total,
    lognormal_quantile,
    normal_quantile,
)
from permitload.allocation.conflict import conflict
from permitload.allocation.costs import annual_cost, capital_recovery, present_value
from permitload.allocation.counterfactuals import counterfactuals
from permitload.allocation.explain import explain
from permitload.allocation.granted import granted
from permitload.allocation.groups import park_total, with_groups
from permitload.allocation.least_cost import capital_budget, least_cost
from permitload.allocation.limits import (
    average_limit,
    long_term_average,
    month_masses,
    permit_limits,
)
from permitload.allocation.permits import refuse_missed, resimulate, whole_units
from permitload.allocation.prices import price_ranges, prices
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
from permitload.allocation.tree import distortion, leaf_target, split, trace

__all__ = [
    "Spread",
    "abatement_cost",
    "allocate",
    "alone",
    "annual_cost",
    "average_limit",
    "bounds",
    "capital_budget",
    "capital_recovery",
    "chance_rows",
    "chance_total",
    "conflict",
    "counterfactuals",
    "distortion",
    "exceedance_bound",
    "explain",
    "granted",
    "leaf_target",
    "least_cost",
    "lognormal_quantile",
    "lognormal_samples",
    "long_term_average",
    "month_masses",
    "most_violated",
    "normal_quantile",
    "normal_samples",
    "park_total",
    "permit_limits",
    "present_load",
    "present_value",
    "price_ranges",
    "prices",
    "refuse_missed",
    "relax",
    "relax_floors",
    "reliability",
    "resimulate",
    "robust_price",
    "robust_program",
    "robust_rows",
    "round_down",
    "scenario_rows",
    "split",
    "tail_rows",
    "tail_total",
    "trace",
    "truncate",
    "whole_units",
    "with_groups",
]
