"""Stage of the sea as the sum of tidal constituents."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from permitload.errors import DataError, Fault, raise_faults

__all__ = ["instants_of", "tide"]

Floats = NDArray[np.float64]


def tide(
    times: ArrayLike,
    mean: float,
    amplitude: ArrayLike,
    cycle: ArrayLike,
    phase: ArrayLike = 0.0,
) -> xr.DataArray:
    """Stage of a tide, the sum of its constituents.

    z = mean + Σ amplitude · cos(2π (t - phase) / cycle), with t from the first instant.

    Parameters
    ----------
    times : array of datetime64
        Instants (time); steps of a tenth of the shortest cycle or less follow it closely.
    mean : float
        Mean level [m].
    amplitude, cycle, phase : array of float
        By constituent: amplitude [m] ≥ 0, cycle > 0 [s], time of its first high water [s].

    Returns
    -------
    DataArray
        ``stage`` (time) [m].

    Raises
    ------
    DataError
        If times do not increase, or a constituent is not finite or out of bounds.

    Examples
    --------
    >>> times = pd.date_range("2025-01-01", periods=3, freq="6h")
    >>> tide(times, 1.0, [0.5], [43200.0]).values.round(9).tolist()
    [1.5, 0.5, 1.5]
    """
    instants, seconds = instants_of(times)
    parts = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, float))
                                  for x in (amplitude, cycle, phase)))  # fmt: skip
    height, turn, late = parts
    raise_faults(
        Fault("tide", None, name, None, "is not valid", right)
        for name, bad, right in (
            ("amplitude", ~(np.isfinite(height) & (height >= 0.0)), "finite numbers ≥ 0 m"),
            ("cycle", ~(np.isfinite(turn) & (turn > 0.0)), "finite numbers > 0 s"),
            ("phase", ~np.isfinite(late), "finite numbers [s]"),
            ("mean", ~np.isfinite(np.atleast_1d(mean)), "a finite number [m]"),
        ) if bad.any()
    )  # fmt: skip
    angle = 2.0 * np.pi * (seconds[:, None] - late) / turn
    stage = mean + (height * np.cos(angle)).sum(axis=1)
    return xr.DataArray(stage, {"time": instants.to_numpy()}, ["time"], name="stage")


def instants_of(times: ArrayLike) -> tuple[pd.DatetimeIndex, Floats]:
    """Instants, and seconds since the first."""
    right = "datetime64 instants, each later than the last, two or more"
    try:
        instants = pd.DatetimeIndex(np.asarray(times))
    except (TypeError, ValueError) as error:
        raise DataError([Fault("times", None, "time", None, "are no dates", right)]) from error
    if len(instants) < 2 or instants.hasnans or not instants.is_monotonic_increasing:
        raise DataError([Fault("times", None, "time", len(instants), "do not increase", right)])
    if not instants.is_unique:
        raise DataError([Fault("times", None, "time", None, "repeat", right)])
    return instants, np.asarray((instants - instants[0]).total_seconds(), dtype=float)
