"""What of a study's technology enters its permits: ``[technology]`` of ``study.toml``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from permitload import technology
from permitload.errors import Fault

__all__ = ["KEYS", "Choice", "options", "read"]

_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "total": ("standard_water", "advanced_water"), "floor": ("reduction_potential",),
    "options": ("train_options",), "potential": ("potential_by",),
}  # fmt: skip
"""Functions of ``technology`` that a setting may name."""
_BASES = ("statutory", "pilot", "assumed")
KEYS = (*_FUNCTIONS, "basis")


class Choice(NamedTuple):
    """Which figures of technology a study lets decide; none by default."""

    total: Callable[..., Any] | None = None
    """Water of the products: the load that it permits is a total of the year of each source."""
    floor: Callable[..., Any] | None = None
    """No source is asked for more than its best train gives."""
    options: Callable[..., Any] | None = None
    """Trains that could be chosen are options of the least-cost rule."""
    potential: Callable[..., Any] | None = None
    """Source classes share the cut of the tree by what they could reduce."""
    basis: str = "assumed"


def read(given: object) -> tuple[Choice, list[Fault]]:
    """Read ``[technology]``; what is at fault is left out."""
    stated = given if isinstance(given, dict) else {}
    values: dict[str, Any] = {}
    faults = []
    for key in (key for key in KEYS if key in stated):
        known = _BASES if key == "basis" else _FUNCTIONS[key]
        value = stated[key]
        if value not in known:
            right = f"one of {', '.join(known)}"
            fault = Fault("study.toml", "technology", key, str(value)[:60], "is unknown", right)
            faults.append(fault)
        else:
            values[key] = value if key == "basis" else getattr(technology, value)
    return Choice(**values), faults


def options(choice: Choice) -> dict[str, str]:
    """Name every choice that is made, as the manifest states it."""
    made = {name: getattr(choice, name) for name in _FUNCTIONS}
    return {name: chosen.__name__ for name, chosen in made.items() if chosen is not None}
