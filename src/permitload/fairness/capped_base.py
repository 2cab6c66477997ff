"""Capped base: proportion of present load, counted no further than the benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from permitload.fairness._given import stated
from permitload.fairness.gini import gini

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["capped_base", "capped_base_index"]


def capped_base(sources: xr.Dataset) -> xr.DataArray:
    """Target on a base capped at the benchmark: the lesser of present and benchmark load, times κ.

    What a source discharges beyond the benchmark of its production earns it nothing, so that
    past excess is no claim.

    Parameters
    ----------
    sources : Dataset
        With ``source_load`` and ``benchmark_load`` (source, pollutant, period) [kg/d]; optional
        ``adjustment_coefficient`` κ (source, and pollutant or period where it differs) [1], 1 by
        default.

    Returns
    -------
    DataArray
        (source, pollutant, period) [kg/d].

    Raises
    ------
    DataError
        If a number is missing, NaN, infinite or negative.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[1.0]]], labels, list(labels))
    >>> sources = xr.Dataset({"source_load": load, "benchmark_load": 0 * load + 2})
    >>> capped_base(sources).values.ravel()
    array([2., 1.])
    """
    present = stated(sources, "source_load", "a load >= 0")
    benchmark = stated(sources, "benchmark_load", "a load >= 0")
    base = present.where(present < benchmark, benchmark)
    if "adjustment_coefficient" in sources:
        base = base * stated(sources, "adjustment_coefficient", "a factor >= 0")
    return base.rename("target")


def capped_base_index(permitted_load: xr.DataArray, sources: xr.Dataset) -> xr.DataArray:
    """Distance from proportion to the capped base: Gini coefficient of permits against it.

    Parameters
    ----------
    permitted_load : DataArray
        (source, pollutant, period) [kg/d].
    sources : Dataset
        As for :func:`capped_base`.

    Returns
    -------
    DataArray
        (pollutant, period) [1], 0 in proportion; ``reason`` says where it is undefined.

    Raises
    ------
    DataError
        As :func:`capped_base` and :func:`gini`.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[1.0]]], labels, list(labels))
    >>> sources = xr.Dataset({"source_load": load, "benchmark_load": 0 * load + 1})
    >>> capped_base_index(load, sources).item()
    0.25
    """
    return gini(permitted_load, capped_base(sources))
