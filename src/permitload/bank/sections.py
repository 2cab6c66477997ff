"""Check of the sections before quota is used: a credit creates no capacity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from permitload.bank.project import Use
from permitload.bank.rules import ELEMENTS
from permitload.errors import DataError, Fault, raise_faults
from permitload.units import GRAMS_PER_TONNE, rate

__all__ = ["section_check"]


def section_check(
    response: xr.DataArray, headroom: xr.DataArray
) -> Callable[[Use, pd.DataFrame], list[Fault]]:
    r"""Build the function that checks a use at every section, pollutant and period.

    .. math:: \\sum_o a_{s,o,p,t} (G_{o,p} + N_{o,p}) ≤ h_{s,p,t}

    with the yearly emission granted before G and new N as a rate over 365 days. Pollutants of air
    have no section; one of water that ``response`` lacks is refused.

    Parameters
    ----------
    response : DataArray (section, outlet, pollutant, period)
        Rise of concentration [(mg/L)/(kg/d)].
    headroom : DataArray (section, indicator, period)
        Room when the bank was empty [mg/L]; ``indicator`` has the labels of ``pollutant``.

    Returns
    -------
    function
        Takes a :class:`Use` and what is granted so far; returns a fault for every row that fails.

    Raises
    ------
    DataError
        If a number is missing.

    Examples
    --------
    >>> dims = ["section", "outlet", "pollutant", "period"]
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TN"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], labels, dims)
    >>> headroom = xr.DataArray([[[0.5]]], {"section": ["S1"], "indicator": ["TN"],
    ...                         "period": ["dry"]}, ["section", "indicator", "period"])
    >>> none = pd.DataFrame(columns=["pollutant", "label", "balance"])
    >>> check = section_check(response, headroom)
    >>> use = Use("X1", "新材料产业园", "O1", "industry", "new", "other", {"TN": 36_500_000})
    >>> print(*check(use, none))
    sections, row S1 dry, TN: 1.0 mg/L of new emission does not fit; right would be 0.5 or less
    """
    for name, array in (("response", response), ("headroom", headroom)):
        if bool(array.isnull().any()):
            message = f"{name} holds missing numbers; right would be a number everywhere"
            raise DataError(message)
    rise = response.rename(pollutant="indicator")

    def check(use: Use, granted: pd.DataFrame) -> list[Fault]:
        """Compare what all granted emissions and the new one add with the room."""
        faults: list[Fault] = []
        for pollutant, emission in use.emissions.items():
            if ELEMENTS[pollutant] == "air":
                continue
            old = granted[granted["pollutant"] == pollutant].groupby("label")["balance"].sum()
            total = old.add(pd.Series({use.outlet: emission}), fill_value=0)
            faults += _over(rise, headroom, pollutant, total)
        return faults

    return check


def _over(
    rise: xr.DataArray, headroom: xr.DataArray, pollutant: str, grams: pd.Series[int]
) -> list[Fault]:
    """Rows of one pollutant that fail."""
    outlets = [outlet for outlet in grams.index if outlet not in rise["outlet"].values]
    raise_faults(
        Fault("sections", None, "outlet", o, "has no response", "an outlet of the model")
        for o in outlets
    )
    if pollutant not in rise["indicator"].values or pollutant not in headroom["indicator"].values:
        problem, right = "has no response or headroom", "a pollutant of the model"
        return [Fault("sections", None, "pollutant", pollutant, problem, right)]
    load = xr.DataArray(
        rate(grams.to_numpy(float) / GRAMS_PER_TONNE), {"outlet": list(grams.index)}, ["outlet"]
    )
    added = (rise.sel(indicator=pollutant, outlet=list(grams.index)) * load).sum("outlet")
    room = headroom.sel(indicator=pollutant)
    added, room = xr.align(added, room.transpose(*added.dims), join="exact")
    over = np.argwhere((added > room).to_numpy())
    return [
        Fault(
            "sections", f"{added['section'].values[s]} {added['period'].values[t]}", pollutant,
            float(added[s, t]), "mg/L of new emission does not fit",
            f"{float(room[s, t]):g} or less",
        )
        for s, t in over
    ]  # fmt: skip
