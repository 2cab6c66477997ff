"""Typical year: one coherent set of boundary series, picked by the frequency of an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload._frames import listed
from permitload.errors import Fault, raise_faults
from permitload.hydraulics import _record
from permitload.hydraulics._design import FIRST_MONTH, Fit, no_sample, short
from permitload.hydraulics.frequency import pearson3

__all__ = ["typical_year"]


def typical_year(
    boundaries: xr.Dataset,
    index: pd.Series[Any],
    frequency: float = 0.75,
    annual: Callable[[pd.Series[float]], float] = np.mean,
    fit: Fit = pearson3,
    first_month: int = FIRST_MONTH,
) -> xr.Dataset:
    """Pick the year whose index stands nearest to a frequency, with all its boundaries.

    Each complete year of the index gives one number, a fit of these the design value, and the
    year nearest to it is typical: 75 % a dry, 90 % a very dry year. All boundaries are of that
    one year and as they were, not scaled to the design value, so that stages and flows fit
    together. Of two years as near, the lower one is taken, then the later. Source: the typical
    year (典型年) of Chinese hydrological design, Pearson III (from memory, unverified).

    Parameters
    ----------
    boundaries : Dataset
        Any series by time: stage (node, time) [m], flow (node, time) [m3/s], ….
    index : Series
        What ranks the years, by time: rain, flow or level; evenly spaced or monthly. A year of
        which a value is missing is left out and named in the warning.
    frequency : float, default 0.75
        Share of years whose index is at least that of the typical year.
    annual : callable, default numpy.mean
        Function of the values of one year: ``numpy.sum`` for rain, ``numpy.min`` for the lowest
        level.
    fit : callable, default pearson3
        Function of a sample and a frequency.
    first_month : int, default 4
        First month of a hydrological year; assumed.

    Returns
    -------
    Dataset
        ``boundaries`` of the year, with the scalar coordinates ``year`` (in which it begins),
        ``design_value`` and ``year_value`` (of the index), ``samples`` (years) and ``warning``.

    Raises
    ------
    DataError
        If no year of the index is complete, or no such year has all values of all boundaries.

    Examples
    --------
    >>> months = pd.date_range("2000-04-01", periods=120, freq="MS")
    >>> rain = pd.Series(np.repeat([9.0, 3, 5, 7, 1, 8, 2, 6, 4, 10], 12), months)
    >>> stage = xr.Dataset({"stage": ("time", np.arange(120.0))}, {"time": months})
    >>> dry = typical_year(stage, rain, 0.75, annual=np.sum)
    >>> int(dry.year), round(float(dry.design_value), 1), float(dry.year_value), dry.stage.size
    (2001, 41.5, 36.0, 12)
    """
    values = _years(index, first_month)
    whole = {year: float(annual(part)) for year, part in values.items() if part.notna().all()}
    if not whole:
        no_sample("complete hydrological year")
    sample = pd.Series(whole)
    design_value = fit(sample.to_numpy(), frequency)
    candidates = sample[sample.index.isin(_complete(boundaries, first_month))]
    if candidates.empty:
        problem, right = "have no complete year of the index", "all values of one such year"
        raise_faults([Fault("boundaries", None, "time", None, problem, right)])
    order = pd.DataFrame({"apart": (candidates - design_value).abs(), "value": candidates})
    order["late"] = -candidates.index.to_numpy()
    year = int(order.sort_values(["apart", "value", "late"]).index[0])
    lost = [str(label) for label in values if label not in whole]
    left = f"incomplete and left out: {listed(lost)}" if lost else ""
    inside = _record.years_of(pd.DatetimeIndex(boundaries.indexes["time"]), first_month) == year
    return boundaries.isel(time=np.flatnonzero(inside)).assign_coords(
        year=year,
        design_value=design_value,
        year_value=float(sample[year]),
        samples=len(sample),
        warning="; ".join(filter(None, (short(len(sample)), left))),
    )


def _years(index: pd.Series[Any], first_month: int) -> dict[int, pd.Series[float]]:
    """Values of each hydrological year, NaN where one is missing, its first and last too."""
    values = _record.regular(_record.checked(index), first_month)
    years = _record.years_of(pd.DatetimeIndex(values.index), first_month)
    return {int(str(year)): part for year, part in values.groupby(years)}


def _complete(boundaries: xr.Dataset, first_month: int) -> list[int]:
    """Years of which every boundary has every value."""
    if "time" not in boundaries.coords:
        right = "series by time with its coordinate"
        raise_faults([Fault("boundaries", None, "time", None, "is missing", right)])
    lost = np.zeros(boundaries.sizes["time"], dtype=bool)
    for array in boundaries.data_vars.values():
        if "time" in array.dims:
            rest = [dim for dim in array.dims if dim != "time"]
            lost |= array.isnull().any(rest).to_numpy()
    there = pd.Series(np.where(lost, np.nan, 1.0), boundaries.indexes["time"])
    return [year for year, part in _years(there, first_month).items() if part.notna().all()]
