"""Closure of a study: observations against the present state, and what another decay would give."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import xarray as xr

from permitload import _model, _settings, capacity, quality, standards
from permitload.schema import described

__all__ = ["FACTORS", "compared", "sensitivity", "stamp_of"]

FACTORS = (0.5, 1.0, 1.5)
"""What every decay is multiplied by: rates are seldom known better than ± 50 %."""


def compared(
    tables: dict[str, pd.DataFrame],
    present: xr.Dataset,
    room: _model.Room,
    settings: _settings.Settings,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Closure of every section, and the stamp of the network's capacity.

    Parameters
    ----------
    tables : dict
        ``observations`` and ``sections`` of the study.
    present : Dataset
        Quality at present loads.
    room : Room
        With the headroom that boundary water as measured leaves: observations know no other.
    settings : Settings
        With the relative error that counts as agreement [1].

    Returns
    -------
    tuple of Dataset
        ``capacity.closure`` with ``remaining_capacity`` [kg/d]; ``calibrated`` and
        ``not_calibrated`` (pollutant, period).
    """
    means = standards.period_means(tables["observations"])
    flow = quality.flow_at(tables["sections"], present)
    simulated = quality.at(tables["sections"], present)
    found = capacity.closure(means, simulated, flow, settings.closure_tolerance)
    found["remaining_capacity"] = capacity.remaining(
        room.response, room.headroom, room.source_load, flow
    )
    return described(found), capacity.stamp(room.response, found["calibrated"])


def stamp_of(calibrated: Iterable[str]) -> str:
    """Choose the stamp if one of the rows has it.

    Examples
    --------
    >>> stamp_of(["yes", "未率定 uncalibrated"]), stamp_of(["yes"])
    ('未率定 uncalibrated', 'yes')
    """
    return next((str(stamp) for stamp in calibrated if stamp != "yes"), "yes")


def sensitivity(solved: Callable[[float], xr.Dataset], stated: xr.Dataset) -> xr.Dataset:
    """Capacity of the whole park with other rates of decay.

    Parameters
    ----------
    solved : callable
        ``total`` and ``status`` with every decay multiplied by a factor.
    stated : Dataset
        Capacity with the decay as it is stated, and its stamp.

    Returns
    -------
    Dataset (pollutant, period, decay_factor)
        ``total`` [kg/d], ``status``, ``calibrated``, and ``total_change`` [1] over the total at
        the stated decay, NaN where that is 0.
    """
    every = [(stated if factor == 1.0 else solved(factor)) for factor in FACTORS]
    axis = pd.Index(FACTORS, name="decay_factor")
    found = xr.concat([one[["total", "status"]] for one in every], axis, join="exact")
    total = found["total"].transpose("pollutant", "period", "decay_factor")
    base = total.sel(decay_factor=1.0)
    change = total / base.where(np.abs(base) > 0.0) - 1.0
    return described(found.assign(total=total, total_change=change.drop_vars("decay_factor")
                                  .assign_coords(decay_factor=total["decay_factor"]),
                                  calibrated=stated["calibrated"]))  # fmt: skip
