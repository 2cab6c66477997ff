"""Contribution (按贡献率): cuts in proportion to what each source adds at the section."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload._labels import index_of, number, numbers
from permitload.errors import DataError, Fault, InfeasibleError, raise_faults
from permitload.fairness._given import beside, stated
from permitload.fairness.gini import coefficient
from permitload.sharing import fill

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["contribution", "contribution_index"]


def contribution(
    cut_owed: float, response: ArrayLike, source_load: ArrayLike, *, floor: ArrayLike = 0.0
) -> NDArray[np.float64] | pd.Series[float]:
    r"""Cuts by contribution at one section: who adds more there gives up more.

    A cut ends at the floor; the others then take over in the same proportion. The cuts are
    those of least :math:`\sum_i cut_i^2 / x_i`, so that for many sections the same rule is the
    projection of the present loads onto the rows, as a composition of ``allocation.allocate``.

    Parameters
    ----------
    cut_owed : float
        Fall that the section needs, >= 0 [mg/L].
    response : array or Series
        Rise at the section per unit load, a >= 0 [(mg/L)/(kg/d)], by source.
    source_load : array or Series
        Present loads x >= 0 [kg/d].
    floor : float, array or Series, default 0
        Least loads, 0 to x [kg/d].

    Returns
    -------
    array or Series
        Cuts [kg/d] in the order of the loads, a Series if the loads are one.

    Raises
    ------
    InfeasibleError
        If not even all loads at their floors give the fall.
    DataError
        If a number is NaN, infinite or negative, a floor exceeds its load, or labels differ.

    Notes
    -----
    .. math:: cut_i = \Delta c \, a_i x_i / \sum_j a_j^2 x_j \quad (cut_i \le x_i - L_i)

    Common in Chinese manuals of total-load control (from memory, unverified).

    Examples
    --------
    >>> contribution(0.1, [0.01, 0.02, 0.005], [30.0, 20.0, 40.0]).round(4)
    array([2.5   , 3.3333, 1.6667])
    """
    series = source_load if isinstance(source_load, pd.Series) else None
    labels = index_of(range(np.size(source_load)) if series is None else series.index)
    load = numbers(source_load, labels, "source_load")
    rise, least = numbers(response, labels, "response"), numbers(floor, labels, "floor")
    checks = (
        ("source_load", load, (load >= 0) & np.isfinite(load), "a finite load >= 0"),
        ("response", rise, (rise >= 0) & np.isfinite(rise), "a finite response >= 0"),
        ("floor", least, (least >= 0) & (least <= load), "a floor from 0 to the load"),
    )
    raise_faults(
        Fault("sources", labels[k], name, values[k], "is out of range", expected)
        for name, values, right, expected in checks
        for k in np.flatnonzero(~right)
    )
    if not 0 <= number(cut_owed, "cut_owed") < np.inf:
        raise DataError(f"cut_owed is {cut_owed}; right would be a finite fall >= 0")
    room = load - least
    most = math.fsum(rise * room)
    if cut_owed > most * (1.0 + 1e-12):
        raise InfeasibleError(f"cuts down to the floors give {most:g} of the {cut_owed:g} owed")
    rows = ([rise], [min(cut_owed, most)])
    cut = np.minimum(fill(rise * load, rows, lower=0.0, upper=room).share, room)
    return cut if series is None else pd.Series(cut, series.index)


def contribution_index(
    permitted_load: xr.DataArray, sources: xr.Dataset, response: xr.DataArray
) -> xr.DataArray:
    """Distance from the rule: Gini coefficient of cuts against contributions at a section.

    Parameters
    ----------
    permitted_load : DataArray
        (source, pollutant, period) [kg/d]; more than the present load is no cut.
    sources : Dataset
        With ``source_load`` (source, pollutant, period) [kg/d].
    response : DataArray
        At the section, by source, and pollutant or period where it differs [(mg/L)/(kg/d)].

    Returns
    -------
    DataArray
        (pollutant, period) [1], 0 if cuts are in proportion to contributions; ``reason`` says
        where it is undefined, such as without any cut.

    Raises
    ------
    DataError
        If labels differ or a number is NaN, infinite or negative.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"], "pollutant": ["TP"], "period": ["dry"]}
    >>> load = xr.DataArray([[[30.0]], [[20.0]]], labels, list(labels))
    >>> response = xr.DataArray([0.01, 0.02], {"source": ["A", "B"]})
    >>> permits = load - [[[3.0]], [[4.0]]]
    >>> contribution_index(permits, xr.Dataset({"source_load": load}), response).item()
    0.0
    """
    present = stated(sources, "source_load", "a load >= 0")
    granted, present = beside(permitted_load, present, "source_load")
    present, rise = beside(present, response, "response")
    return coefficient((present - granted).clip(0.0), present * rise, ("cuts", "contributions"))
