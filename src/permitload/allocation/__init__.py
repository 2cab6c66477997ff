"""Permitted loads: a target reconciled with the sections, what stops each source, rounding."""

from permitload.allocation.allocate import allocate, present_load
from permitload.allocation.explain import explain
from permitload.allocation.relaxation import relax, relax_floors
from permitload.allocation.rounding import round_down, truncate

__all__ = [
    "allocate",
    "explain",
    "present_load",
    "relax",
    "relax_floors",
    "round_down",
    "truncate",
]
