"""One value of ``study.toml``: whether it is what it must be, and how a sentence shows it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import TypeGuard, TypeVar

__all__ = ["BASES", "chosen", "is_number", "shown"]

_T = TypeVar("_T")
_LONG = 60
"""Letters of a wrong setting that a sentence shows."""
BASES = {name: name for name in ("statutory", "pilot", "assumed")}
"""What may vouch for a setting."""


def chosen(given: object, known: Mapping[str, _T]) -> tuple[_T | None, str]:
    """Look up what a name stands for; or say what would be right."""
    if isinstance(given, str) and given in known:
        return known[given], ""
    return None, f"one of {', '.join(known)}"


def is_number(given: object) -> TypeGuard[int | float]:
    """Whether a setting is a number: a whole number of TOML may be beyond any float."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    try:
        return not isnan(given)
    except OverflowError:
        return False


def shown(value: object) -> str:
    """Write a setting in a sentence, cut short where it is long."""
    try:
        words = str(value)
    except ValueError:  # Python writes no whole number of more than some thousand digits
        words = "a number of many digits"
    return words if len(words) <= _LONG else f"{words[:_LONG]}…"
