"""How flow is computed, and the tables that a network does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from permitload.errors import Fault, raise_faults

__all__ = ["Details", "Run"]


@dataclass(frozen=True, slots=True)
class Details:
    """Tables of computed flow that a network does not hold; all optional.

    Parameters
    ----------
    cross_sections : DataFrame, optional
        ``reach``, ``height`` [m above the bed], ``width`` [m, at the surface]: replaces the
        trapezoid of a reach. Straight between rows, upright above the last.
    storage_curves : DataFrame, optional
        ``node``, ``stage`` [m], ``storage_area`` [m2]: replaces the node's storage_area.
    gate_rules : DataFrame, optional
        ``structure``, ``priority``, ``node``, ``above``, ``below`` [m], ``after``, ``before``,
        ``opening`` [m]: of the rules of a gate that hold, the least priority counts; where none
        holds it stays as it is. A rule without node is one of time.

    Examples
    --------
    >>> Details().gate_rules is None
    True
    """

    cross_sections: pd.DataFrame | None = None
    storage_curves: pd.DataFrame | None = None
    gate_rules: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Cells and steps of a computation of flow.

    Parameters
    ----------
    cell_length : float, default 250
        Greatest length of a piece of a reach [m].
    time_step : float, default 300
        Greatest time step [s]; steps are halved where the equations do not converge.
    implicitness : float, default 0.55
        Weight θ of the new time level, from 0.5 (second order) to 1 (first order, damped).
    inertia : bool, default True
        Whether the inertia of the water counts; without it flow is a diffusive wave, whose
        friction balances gravity at every instant.
    path : Path, optional
        NetCDF file that an unsteady result is written to while it is computed.

    Raises
    ------
    DataError
        If a number is not within its bounds.

    Examples
    --------
    >>> Run(cell_length=500.0).time_step
    300.0
    """

    cell_length: float = 250.0
    time_step: float = 300.0
    implicitness: float = 0.55
    inertia: bool = True
    path: Path | None = None

    def __post_init__(self) -> None:
        bounds = (
            ("cell_length", self.cell_length, 0.1, 1e6, "m"),
            ("time_step", self.time_step, 0.01, 1e5, "s"),
            ("implicitness", self.implicitness, 0.5, 1.0, ""),
        )
        raise_faults(
            Fault("run", None, name, value, "is not valid",
                  f"a number from {low:g} to {high:g} {unit}".rstrip())
            for name, value, low, high, unit in bounds if not low <= value <= high
        )  # fmt: skip
