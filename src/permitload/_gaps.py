"""Readings that are lost from a series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["gap"]


def gap(seconds: NDArray[np.float64]) -> tuple[int, float, float] | None:
    """Widest step of a series where readings are lost: its row, length, and the usual one [s].

    Where four of five steps are the same (to 2 %), half a step more is a gap. Elsewhere it takes
    three times the median step.

    Examples
    --------
    >>> gap(np.array([0.0, 600.0, 1200.0, 2400.0, 3000.0, 3600.0, 4200.0]))
    (2, 1200.0, 600.0)
    >>> gap(np.array([0.0, 600.0, 1200.0, 1800.0]))
    """
    if seconds.size < 4:
        return None
    steps = np.diff(seconds)
    wide, usual = int(steps.argmax()), float(np.median(steps))
    even = np.mean(np.abs(steps - usual) <= 0.02 * usual) >= 0.8
    if steps[wide] <= (1.5 if even else 3.0) * usual:
        return None
    return wide, float(steps[wide]), usual
