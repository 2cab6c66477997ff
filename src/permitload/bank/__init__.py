"""The reserve bank of quotas (排污总量指标储备库): its rules, its policy, and the ledger itself.

Rules and policy are data and pure functions; :class:`ReserveBank` keeps the books in SQLite or
PostgreSQL; :mod:`permitload.bank.rules` names the upper banks. A credit creates no capacity: every
use is checked at the sections first.
"""

from permitload.bank._records import verify
from permitload.bank.gates import Facts, cross_faults, own_faults, supplement_faults
from permitload.bank.policy import calendar, deadline, documents, eligible, multiple, needed, split
from permitload.bank.project import Project, Standing, Supplement, Use
from permitload.bank.reserve import Recheck, ReserveBank
from permitload.bank.rules import (
    Rule,
    amended,
    rule_table,
    with_towns,
)
from permitload.bank.sections import section_check

__all__ = [
    "Facts",
    "Project",
    "Recheck",
    "ReserveBank",
    "Rule",
    "Standing",
    "Supplement",
    "Use",
    "amended",
    "calendar",
    "cross_faults",
    "deadline",
    "documents",
    "eligible",
    "multiple",
    "needed",
    "own_faults",
    "rule_table",
    "section_check",
    "split",
    "supplement_faults",
    "verify",
    "with_towns",
]
