"""Equal proportion (等比例): the same share of present load for everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from permitload.fairness._given import stated
from permitload.fairness.gini import gini

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["equal_proportion", "equal_proportion_index"]


def equal_proportion(sources: xr.Dataset) -> xr.DataArray:
    """Target of equal proportion: what each source discharges at present.

    The rule most used, and most criticised: whoever cut early gets less. See
    :func:`capped_base` for the remedy.

    Parameters
    ----------
    sources : Dataset
        With ``source_load`` (source, pollutant, period) [kg/d].

    Returns
    -------
    DataArray
        (source, pollutant, period) [kg/d].

    Raises
    ------
    DataError
        If a load is missing, NaN, infinite or negative.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[1.0]]], labels, list(labels))
    >>> equal_proportion(xr.Dataset({"source_load": load})).values.ravel()
    array([3., 1.])
    """
    return stated(sources, "source_load", "a load >= 0").rename("target")


def equal_proportion_index(permitted_load: xr.DataArray, sources: xr.Dataset) -> xr.DataArray:
    """Distance from equal proportion: Gini coefficient of permits against present load.

    Parameters
    ----------
    permitted_load : DataArray
        (source, pollutant, period) [kg/d].
    sources : Dataset
        As for :func:`equal_proportion`.

    Returns
    -------
    DataArray
        (pollutant, period) [1], 0 in equal proportion; ``reason`` says where it is undefined.

    Raises
    ------
    DataError
        As :func:`equal_proportion` and :func:`gini`.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[1.0]]], labels, list(labels))
    >>> equal_proportion_index(0.5 * load, xr.Dataset({"source_load": load})).item()
    0.0
    """
    return gini(permitted_load, equal_proportion(sources))
