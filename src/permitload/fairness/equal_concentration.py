"""Equal concentration: the same mg/L in everyone's effluent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from permitload.errors import raise_faults
from permitload.fairness._given import faults_at, stated
from permitload.fairness.gini import gini

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["equal_concentration", "equal_concentration_index"]


def equal_concentration(sources: xr.Dataset) -> xr.DataArray:
    """Target of equal concentration: the present load, spread by effluent flow.

    Level 1 is the mean concentration of all sources. Without ceilings the rule hands clean
    sources more than they discharge: give ``ceiling`` as the least of present load and emission
    limit. The rule rewards dilution: pair it with benchmark water use.

    Parameters
    ----------
    sources : Dataset
        With ``source_load`` (source, pollutant, period) [kg/d] and ``effluent_flow`` (source,
        and pollutant or period where it differs) [m3/s].

    Returns
    -------
    DataArray
        (source, pollutant, period) [kg/d].

    Raises
    ------
    DataError
        If a number is missing, NaN, infinite or negative, or a source has load but no water.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[1.0]]], labels, list(labels))
    >>> sources = xr.Dataset({"source_load": load, "effluent_flow": ("source", [0.1, 0.1])})
    >>> equal_concentration(sources).values.ravel()
    array([2., 2.])
    """
    load = stated(sources, "source_load", "a load >= 0")
    flow = stated(sources, "effluent_flow", "a flow >= 0")
    dry = ((flow == 0) & (load > 0)).values
    right = "the water that carries it"
    raise_faults(faults_at(flow, dry, "effluent_flow", "carries a load", right))
    water = flow.sum("source")
    return (flow * (load.sum("source") / water.where(water > 0, 1.0))).rename("target")


def equal_concentration_index(permitted_load: xr.DataArray, sources: xr.Dataset) -> xr.DataArray:
    """Distance from equal concentration: Gini coefficient of permits against effluent flow.

    Parameters
    ----------
    permitted_load : DataArray
        (source, pollutant, period) [kg/d].
    sources : Dataset
        As for :func:`equal_concentration`.

    Returns
    -------
    DataArray
        (pollutant, period) [1], 0 at equal concentration; ``reason`` says where it is undefined.

    Raises
    ------
    DataError
        If a number is missing, NaN, infinite or negative, or labels differ.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[1.0]]], labels, list(labels))
    >>> sources = xr.Dataset({"source_load": load, "effluent_flow": ("source", [0.3, 0.1])})
    >>> equal_concentration_index(load, sources).round(12).item()
    0.0
    """
    return gini(permitted_load, stated(sources, "effluent_flow", "a flow >= 0"))
