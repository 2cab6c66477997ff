"""Equal removal: everyone takes out the same part of what arises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from permitload.errors import raise_faults
from permitload.fairness._given import faults_at, stated
from permitload.fairness.gini import gini

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["equal_removal", "equal_removal_index"]


def equal_removal(sources: xr.Dataset) -> xr.DataArray:
    """Target of equal removal: the load that arises before treatment.

    The level is then the part that may pass; 1 less the level is the rate of removal. Present
    treatment counts in full, unlike in :func:`equal_proportion`.

    Parameters
    ----------
    sources : Dataset
        With ``source_load`` and ``generated_load`` (source, pollutant, period) [kg/d].

    Returns
    -------
    DataArray
        (source, pollutant, period) [kg/d].

    Raises
    ------
    DataError
        If a number is missing, NaN, infinite or negative, or a source discharges more than
        arises.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[1.0]]], labels, list(labels))
    >>> equal_removal(xr.Dataset({"source_load": load, "generated_load": 4 * load})).values.ravel()
    array([12.,  4.])
    """
    generated = stated(sources, "generated_load", "a load >= 0")
    present = stated(sources, "source_load", "a load >= 0")
    short = (generated < present).values
    right = "at least what is discharged"
    raise_faults(faults_at(generated, short, "generated_load", "is less than source_load", right))
    return generated.rename("target")


def equal_removal_index(permitted_load: xr.DataArray, sources: xr.Dataset) -> xr.DataArray:
    """Distance from equal removal: Gini coefficient of permits against generated load.

    Parameters
    ----------
    permitted_load : DataArray
        (source, pollutant, period) [kg/d].
    sources : Dataset
        As for :func:`equal_removal`.

    Returns
    -------
    DataArray
        (pollutant, period) [1], 0 at equal removal; ``reason`` says where it is undefined.

    Raises
    ------
    DataError
        As :func:`equal_removal` and :func:`gini`.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[3.0]], [[1.0]]], labels, list(labels))
    >>> sources = xr.Dataset({"source_load": load, "generated_load": 4 * load})
    >>> equal_removal_index(load, sources).item()
    0.0
    """
    return gini(permitted_load, equal_removal(sources))
