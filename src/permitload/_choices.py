"""What a study chooses by the names of functions: technology, conversion, weights of tiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from permitload import _tier_weights, conversion, technology
from permitload._setting import BASES, chosen, shown
from permitload.errors import Fault

__all__ = [
    "SETTINGS", "Conversion", "Technology", "Tiers", "named", "read_conversion", "read_technology",
    "read_tiers",
]  # fmt: skip

_TECHNOLOGY: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "total": (technology.standard_water, technology.advanced_water),
    "floor": (technology.reduction_potential,),
    "options": (technology.train_options,),
    "potential": (technology.potential_by,),
}
_CONVERSION: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "plan": (conversion.cheapest, conversion.fairest),
    "compound": (conversion.product, conversion.added),
}
_TIERS = {"weights": _tier_weights.WEIGHTS}
SETTINGS = {
    "technology": (*_TECHNOLOGY, "basis"), "conversion": (*_CONVERSION, "basis"),
    "tiers": (*_TIERS, "basis"),
}  # fmt: skip
"""Settings of each table."""


class Technology(NamedTuple):
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


class Conversion(NamedTuple):
    """How measures of sellers and credits of buyers are decided."""

    plan: Callable[..., Any] = conversion.cheapest
    compound: Callable[..., Any] = conversion.product
    basis: str = "assumed"


class Tiers(NamedTuple):
    """How the criteria of the rating weigh."""

    weights: Callable[..., Any] = _tier_weights.category_weights
    basis: str = "assumed"


def read_technology(given: object) -> tuple[Technology, list[Fault]]:
    """Read ``[technology]``; what is at fault is left out."""
    values, faults = _read("technology", given, _TECHNOLOGY)
    return Technology(**values), faults


def read_conversion(given: object) -> tuple[Conversion, list[Fault]]:
    """Read ``[conversion]``; what is at fault is left out."""
    values, faults = _read("conversion", given, _CONVERSION)
    return Conversion(**values), faults


def read_tiers(given: object) -> tuple[Tiers, list[Fault]]:
    """Read ``[tiers]``; what is at fault is left out."""
    values, faults = _read("tiers", given, _TIERS)
    return Tiers(**values), faults


def _read(
    table: str, given: object, known: Mapping[str, tuple[Callable[..., Any], ...]]
) -> tuple[dict[str, Any], list[Fault]]:
    """Resolve the names of a table of settings."""
    stated = given if isinstance(given, dict) else {}
    values: dict[str, Any] = {}
    faults = []
    choices: dict[str, Mapping[str, Any]] = {
        key: {one.__name__: one for one in functions} for key, functions in known.items()
    }
    choices["basis"] = BASES
    for key in (key for key in choices if key in stated):
        value, right = chosen(stated[key], choices[key])
        if right:
            faults.append(Fault("study.toml", table, key, shown(stated[key]), "is unknown", right))
        else:
            values[key] = value
    return values, faults


def named(choice: Technology | Conversion | Tiers) -> dict[str, str]:
    """Name every choice that is made, as the manifest states it."""
    made = {name: getattr(choice, name) for name in choice._fields if name != "basis"}
    return {name: each.__name__ for name, each in made.items() if each is not None}
