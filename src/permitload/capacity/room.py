"""Headroom: what the decided loads may add at each section."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from permitload._labels import cell
from permitload.capacity._arrays import attributes, matched, spread
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["headroom"]


def headroom(
    limits: xr.Dataset,
    background: xr.Dataset | xr.DataArray,
    margin_of_safety: float | xr.DataArray = 0.0,
) -> xr.DataArray:
    """Concentration that the decided loads may add at each section, with its sign.

    Negative headroom is the rise that the background already owes; it is never clipped.

    Parameters
    ----------
    limits : Dataset
        ``limit`` (section, indicator, period) [mg/L] with the coordinate ``sense`` (indicator);
        to read a quality Dataset also ``reach``, ``position`` or ``node`` (section).
    background : DataArray or Dataset
        Concentration (section, pollutant, period) [mg/L] with everything that is not decided, or
        the quality Dataset to read it from. Indicator labels are pollutant labels.
    margin_of_safety : float or DataArray, default 0
        Share of the limit withheld, 0 <= margin < 1 [1]; an array has any of the dimensions
        section, indicator and period.

    Returns
    -------
    DataArray headroom (section, indicator, period)
        ``limit * (1 - margin_of_safety) - background`` [mg/L].

    Raises
    ------
    DataError
        If an indicator is a least (≥), such as dissolved oxygen, labels differ, a margin is out
        of range, or a number is NaN.

    Notes
    -----
    Margin of safety as a share of the loading capacity: 40 CFR 130.7(c)(1).

    Examples
    --------
    >>> labels = {"section": ["S1"], "indicator": ["TP"], "period": ["dry"]}
    >>> limit = xr.DataArray([[[0.2]]], coords=labels, dims=list(labels))
    >>> limits = xr.Dataset({"limit": limit}, {"sense": ("indicator", ["≤"])})
    >>> background = (0.5 * limit).rename(indicator="pollutant")
    >>> headroom(limits, background, 0.1).round(12).item()
    0.08
    """
    _refuse_leasts(limits)
    limit = limits["limit"].transpose("section", "indicator", "period")
    if isinstance(background, xr.Dataset):
        background = _sampled(limits, background)
    if "pollutant" not in background.dims:
        dims = ("section", "pollutant", "period")
        raise DataError(f"background has dimensions {background.dims}; right would be {dims}")
    present = matched(background.rename(pollutant="indicator"), limit, "background")
    margin = _margin(margin_of_safety, limit)
    room = limit * (1.0 - margin) - present
    bad = np.argwhere(~np.isfinite(room.values))
    raise_faults(
        [
            Fault("headroom", cell(room, k), "headroom", None, "is no number", "finite numbers")
            for k in bad
        ]
    )
    kept = [name for name in room.coords if name in limits.coords]
    room = room.drop_vars([name for name in room.coords if name not in kept])
    return room.rename("headroom").assign_attrs(attributes("headroom"))


def _refuse_leasts(limits: xr.Dataset) -> None:
    lacking = [name for name in ("limit", "sense") if name not in limits.variables]
    raise_faults(
        [
            Fault("limits", None, name, None, "is missing", "a result of limits()")
            for name in lacking
        ]
    )
    advice = "the deficit below saturation as an indicator of its own, with a most (≤)"
    raise_faults(
        [
            Fault("limits", label, "sense", sense, "is no most", advice)
            for label, sense in zip(limits.indicator.values, limits.sense.values, strict=True)
            if sense != "≤"
        ]
    )


def _sampled(limits: xr.Dataset, quality: xr.Dataset) -> xr.DataArray:
    from permitload import sampling

    names = [name for name in ("reach", "node", "position") if name in limits.coords]
    columns = {name: limits[name].values for name in names}
    sections = pd.DataFrame(columns, pd.Index(limits.section.values, name="section"))
    return sampling.at(sections, quality)


def _margin(margin: float | xr.DataArray, limit: xr.DataArray) -> xr.DataArray:
    values = margin if isinstance(margin, xr.DataArray) else xr.DataArray(float(margin))
    values = matched(spread(values, limit), limit, "margin_of_safety")
    bad = np.argwhere(~((values.values >= 0.0) & (values.values < 1.0)))
    raise_faults(
        [
            Fault("headroom", cell(limit, k), name, values.values[tuple(k)], "is out of range", ok)
            for k in bad
            for name, ok in [("margin_of_safety", "0 <= margin < 1")]
        ]
    )
    return values
