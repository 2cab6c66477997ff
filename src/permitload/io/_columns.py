"""What the columns of a CSV table may be headed with, and hold."""

from __future__ import annotations

import difflib
import unicodedata
from typing import TYPE_CHECKING

from permitload.io._units import MONTH, plain, unit_fault
from permitload.schema import COMPONENTS, VARIABLES, Table, header

if TYPE_CHECKING:
    pass

__all__ = ["CHOICES", "FORMULA", "head"]

CHOICES = {
    "structure_type": ("gate", "weir", "pump", "culvert"),
    "water_type": ("river", "lake"),
    "water_class": ("I", "II", "III", "IV", "V"),
    "basis": ("statutory", "pilot", "assumed"),
    "discharge": ("direct", "indirect"),
    "evidence": ("verified", "seen", "secondary", "memory", "uncertain", "proposal", "given"),
    "component": tuple(COMPONENTS),
    "source_class": ("industry", "domestic", "farm", "other"),
    "receiving_water": ("river", "lake", "sea"),
    "book": ("discharged", "accepted"),
    "trigger": ("first", "renewal", "reapplication", "change"),
    "tier": ("A", "B", "C", "D"),
    "report_stage": ("provisional", "verified"),
    "unused_reason": ("low_production", "closure", "treatment"),
}
"""Labels that a column may hold, where the set is closed."""

# spreadsheets run such cells of a result as formulas; full-width signs count with some of them
FORMULA = ("=", "+", "-", "@")


def head(
    text: str, declared: Table, taken: set[str | None]
) -> tuple[str | None, str, tuple[str, str] | None]:
    """Name and unit that a header says, and what is wrong with it; no unit where it is wrong."""
    name, bracket, rest = unicodedata.normalize("NFKC", text).partition("[")
    name, unit = name.strip(), rest.removesuffix("]")
    columns = {column.name: header(column.name) for column in declared.columns}
    if name not in columns or (bracket and unit == rest):
        near = difflib.get_close_matches(name[:40], columns, n=1, cutoff=0.7)
        right = columns[near[0]] if near else f"one of {', '.join(columns.values())}"
        return None, "", (f"is not a column of {declared.name}", right)
    if name in taken:
        return None, "", ("is there twice", f"one column {columns[name]}")
    canonical = VARIABLES[name].unit
    if canonical in ("", "time"):
        return name, canonical, ("is a unit, but this is no number", name) if bracket else None
    if not bracket:
        missing = canonical != "1"
        return name, "" if missing else "1", ("has no unit", columns[name]) if missing else None
    found = plain(unit)
    fault = unit_fault(found, name)
    if found.endswith(MONTH) and "period" not in columns:
        fault = ("needs the days of a period, which its rows do not have", columns[name])
    return name, "" if fault else found, fault
