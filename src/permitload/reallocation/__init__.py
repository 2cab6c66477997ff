"""Months of a park: quotas shared out again from plans, use, and what the water takes."""

from permitload.reallocation.evidence import contradicted_plans, recall_reasons
from permitload.reallocation.foretold import park_forecast
from permitload.reallocation.ledger import replay
from permitload.reallocation.months import Update, update
from permitload.reallocation.policy import Policy
from permitload.reallocation.promise import guarantee, quota_rate, resimulate_quota
from permitload.reallocation.rules import coefficient, rolling
from permitload.reallocation.state import State, opened
from permitload.reallocation.within import daily_masses, drainage, flow_caps
from permitload.reallocation.years import Chances, Year, draw_year, sample_average, simulate

__all__ = [
    "Chances",
    "Policy",
    "State",
    "Update",
    "Year",
    "coefficient",
    "contradicted_plans",
    "daily_masses",
    "drainage",
    "draw_year",
    "flow_caps",
    "guarantee",
    "opened",
    "park_forecast",
    "quota_rate",
    "recall_reasons",
    "replay",
    "resimulate_quota",
    "rolling",
    "sample_average",
    "simulate",
    "update",
]
