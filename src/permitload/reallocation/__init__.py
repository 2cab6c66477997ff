"""Months of a park: quotas shared out again from plans, use, and what the water takes."""

from permitload.reallocation.ledger import replay
from permitload.reallocation.months import Update, update
from permitload.reallocation.policy import Policy
from permitload.reallocation.promise import guarantee, quota_rate, resimulate_quota
from permitload.reallocation.rules import coefficient, rolling
from permitload.reallocation.state import State, opened

__all__ = [
    "Policy",
    "State",
    "Update",
    "coefficient",
    "guarantee",
    "opened",
    "quota_rate",
    "replay",
    "resimulate_quota",
    "rolling",
    "update",
]
