"""From the response of outlets and the headroom of sections to the forecast of a park."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import described

__all__ = ["park_forecast"]


def park_forecast(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    outlets: pd.Series[str],
    group_limit: xr.DataArray,
    annual_total: xr.DataArray,
) -> xr.Dataset:
    """Forecast for :func:`update` from what the network gives.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], with ``days`` and ``start`` by period; indicator
        labels are pollutant labels.
    outlets : Series
        Outlet of each enterprise. An enterprise with several outlets is several members.
    group_limit : DataArray
        Limit of the park (pollutant, period) [kg/d].
    annual_total : DataArray
        Total of the park (pollutant) [t/a].

    Returns
    -------
    Dataset
        ``response`` (section, enterprise, pollutant, period), ``headroom`` (section, pollutant,
        period), ``group_limit``, ``annual_total``; ``days``, ``start`` and ``year``, that of the
        start, by period.

    Raises
    ------
    DataError
        If an enterprise is there twice, an outlet, section, pollutant or period has no partner,
        or a period has no start.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["a"]}
    >>> response = xr.DataArray([[[[0.01]]]], labels, list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator").drop_vars("outlet") * 20
    >>> start = ("period", np.array(["2026-01-01"], "datetime64[ns]"))
    >>> room = room.assign_coords(days=("period", [31.0]), start=start)
    >>> limit = xr.DataArray([[50.0]], {"pollutant": ["TP"], "period": ["a"]})
    >>> told = park_forecast(response, room, pd.Series({"E1": "O1"}), limit, limit[:, 0])
    >>> told["response"].sel(enterprise="E1").item(), told["year"].item()
    (0.01, 2026)
    """
    matrix = response["response"] if isinstance(response, xr.Dataset) else response
    room = headroom.rename(indicator="pollutant")
    faults = [
        Fault("outlets", name, "enterprise", None, "is there twice", "one row each")
        for name in outlets.index[outlets.index.duplicated()]
    ]
    faults += [
        Fault("outlets", name, "outlet", outlet, "has no response", "an outlet of the response")
        for name, outlet in outlets.items()
        if outlet not in matrix["outlet"].values
    ]
    for name, array in (("response", matrix), ("group_limit", group_limit)):
        for dim in sorted({"section", "pollutant", "period"} & set(map(str, array.dims))):
            apart = sorted({*array[dim].values} ^ {*room[dim].values})
            faults += [
                Fault(name, label, dim, None, "has no partner", f"the labels of headroom, {dim}")
                for label in apart
            ]
    raise_faults(faults)
    if not {"days", "start"} <= set(room.coords) or np.isnat(room["start"].values).any():
        raise DataError("headroom lacks days or start of a period; right would be dated periods")
    at = xr.DataArray(outlets.to_numpy(), {"enterprise": outlets.index.to_numpy()}, "enterprise")
    parts = {
        "response": matrix.sel(outlet=at).reset_coords(drop=True),
        "headroom": room,
        "group_limit": group_limit.reset_coords(drop=True),
        "annual_total": annual_total.reset_coords(drop=True),
    }
    order = {dim: room[dim].values for dim in ("section", "pollutant", "period")}
    aligned = {
        name: array.sel({dim: order[dim] for dim in array.dims if dim in order})
        for name, array in parts.items()
    }
    told = xr.Dataset(aligned)
    year = pd.DatetimeIndex(told["start"].values).year.to_numpy(np.int64)
    return described(told.assign_coords(year=("period", year)))
