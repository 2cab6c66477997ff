"""Water-quality-based allowable loads, from a river network to a discharge permit.

Modules load when first used, so that ``import permitload`` stays light.

Examples
--------
>>> import permitload
>>> permitload.units.flux(1.0, 1.0)
86.4
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "RiverNetwork",
    "__version__",
    "allocation",
    "bank",
    "capacity",
    "conversion",
    "errors",
    "fairness",
    "hydraulics",
    "io",
    "network",
    "plot",
    "program",
    "quality",
    "reallocation",
    "report",
    "schema",
    "sharing",
    "sources",
    "standards",
    "study",
    "technology",
    "tiers",
    "units",
]

if TYPE_CHECKING:
    from permitload import (
        allocation,
        bank,
        capacity,
        conversion,
        errors,
        fairness,
        hydraulics,
        io,
        network,
        plot,
        program,
        quality,
        reallocation,
        report,
        schema,
        sharing,
        sources,
        standards,
        study,
        technology,
        tiers,
        units,
    )
    from permitload.network import RiverNetwork


def __getattr__(name: str) -> object:
    """Load a module on first use (PEP 562)."""
    if name == "RiverNetwork":
        return import_module("permitload.network").RiverNetwork
    if name in __all__:
        return import_module(f"permitload.{name}")
    message = f"module 'permitload' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
