"""Months of a park: quotas shared out again from plans, use, and what the water takes."""

from permitload.reallocation.months import Update, update
from permitload.reallocation.policy import Policy
from permitload.reallocation.rules import coefficient, rolling
from permitload.reallocation.state import State, opened

__all__ = ["Policy", "State", "Update", "coefficient", "opened", "rolling", "update"]
