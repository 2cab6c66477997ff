"""Closure: whether the model explains what was observed, before its capacity is shared out.

A capacity is as good as the model that it comes from. Where present loads, put through the
model, give what was observed, a section is calibrated; elsewhere its numbers carry a stamp.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from permitload.capacity._arrays import attributes, matched
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import text
from permitload.units import KG_PER_DAY

__all__ = ["CALIBRATED", "TOLERANCE", "UNCALIBRATED", "closure", "remaining", "stamp"]

CALIBRATED = "yes"
UNCALIBRATED = "未率定 uncalibrated"
"""Stamp of a number that rests on a section whose observations the model does not explain."""

TOLERANCE = 0.3
"""Relative error of a monthly mean that counts as agreement [1]: assumed."""

_KEYS = ("section", "indicator", "period")
_MEANS = {"value": "observed", "lower": "observed_lower", "upper": "observed_upper",
          "samples": "samples"}  # fmt: skip


def closure(
    observations: pd.DataFrame,
    present_concentration: xr.DataArray,
    flow: xr.DataArray,
    closure_tolerance: float = TOLERANCE,
) -> xr.Dataset:
    r"""Compare observed means with what the model gives at present loads, section by section.

    Parameters
    ----------
    observations : DataFrame
        Means as ``standards.period_means`` gives them: ``section``, ``indicator``,
        ``period``, ``value``, ``lower``, ``upper`` [mg/L] and ``samples``. Rows of sections,
        indicators or periods that are not modelled are left out.
    present_concentration : DataArray
        (section, pollutant, period) [mg/L] at present loads, as ``quality.at`` reads it.
    flow : DataArray
        (section, period) [m3/s], as ``quality.flow_at`` reads it; its sign plays no part.
    closure_tolerance : float, default 0.3
        Relative error that counts as agreement [1], at least 0.

    Returns
    -------
    Dataset (section, indicator, period)
        ``present_concentration``, ``observed``, ``observed_lower``, ``observed_upper``,
        ``difference`` (observed less simulated) [mg/L], ``samples``, ``flow`` [m3/s],
        ``relative_error`` (difference over observed), ``unexplained_load`` [kg/d];
        ``agreement``: ``agrees``, ``unexplained`` (beyond the tolerance) or ``unobserved``;
        ``calibrated``: ``yes`` where it agrees, else the stamp. What rests on an observation
        is NaN where there is none.

    Raises
    ------
    DataError
        If labels of concentration and flow differ, a number is NaN, a mean stands twice, or
        the tolerance is negative.

    Notes
    -----
    .. math:: W_u = 86.4\,(C_{obs} - C_{sim})\,Q

    A positive load is missing from the inventory, a negative one is not there or decays faster;
    boundary concentrations and rates may be to blame as well. With samples below detection
    the mean is an interval: it agrees if its nearest end does. The default tolerance is an
    assumption, not a rule.

    Examples
    --------
    >>> observations = pd.DataFrame({"section": ["S1"], "indicator": ["TP"], "period": ["dry"],
    ...     "value": [0.3], "lower": [0.3], "upper": [0.3], "samples": [1.0]})
    >>> labels = {"section": ["S1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> simulated = xr.DataArray([[[0.2]]], labels)
    >>> found = closure(observations, simulated, simulated.isel(pollutant=0, drop=True) * 50)
    >>> round(found.unexplained_load.item(), 6), found.agreement.item()
    (86.4, 'unexplained')
    """
    _refuse_tolerance(closure_tolerance)
    present = present_concentration.rename(pollutant="indicator").transpose(*_KEYS)
    present = present.drop_vars([n for n in present.coords if n not in _KEYS])
    water = matched(flow, present.isel(indicator=0, drop=True), "flow")
    _refuse_nan(present, "present_concentration")
    _refuse_nan(water, "flow")
    found = _means(observations, present)
    difference = found["observed"] - present
    safe = found["observed"].where(found["observed"] > 0.0)
    found = found.assign(
        present_concentration=present,
        flow=water.reset_coords(drop=True),
        difference=difference,
        relative_error=difference / safe,
        unexplained_load=difference * np.abs(water.reset_coords(drop=True)) * KG_PER_DAY,
    )
    near = present.clip(found["observed_lower"], found["observed_upper"])
    agrees = np.abs(near - present) <= closure_tolerance * near
    words = np.where(near.isnull(), "unobserved", np.where(agrees, "agrees", "unexplained"))
    found["agreement"] = (near.dims, words.astype(object))
    found["calibrated"] = (near.dims, np.where(agrees, CALIBRATED, UNCALIBRATED).astype(object))
    return found.transpose(*_KEYS).map(lambda array: array.assign_attrs(attributes(array.name)))


def remaining(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    source_load: xr.DataArray,
    flow: xr.DataArray,
) -> xr.DataArray:
    """Load that each section could still take beside the present one, signed.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], what the background leaves.
    source_load : DataArray
        Present load (outlet, pollutant, period) [kg/d] of the outlets of the response.
    flow : DataArray
        (section, period) [m3/s]; its sign plays no part.

    Returns
    -------
    DataArray remaining_capacity (section, indicator, period)
        [kg/d] at the section; negative where present loads exceed what is allowed, and then
        the cut owed there. NaN where no water flows, as a load there has no concentration.

    Raises
    ------
    DataError
        If labels differ, or a number is missing.

    Notes
    -----
    The load is one that reaches the section; an outlet upstream may discharge more by the loss
    on the way.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator").drop_vars("outlet") * 0 + 0.5
    >>> flow = room[:, 0].drop_vars("indicator") * 0 + 2.0
    >>> load = response[0].drop_vars("section") * 0 + 60.0
    >>> round(remaining(response, room, load, flow).item(), 6)  # 0.1 mg/L too much in 2 m3/s
    -17.28
    """
    array = response["response"] if isinstance(response, xr.Dataset) else response
    load = matched(source_load, array.isel(section=0, drop=True), "source_load")
    rise = (array * load.reset_coords(drop=True)).sum("outlet").rename(pollutant="indicator")
    rise = matched(rise.reset_coords(drop=True), headroom, "response")
    water = matched(flow, headroom.isel(indicator=0, drop=True), "flow")
    room = headroom.reset_coords(drop=True) - rise
    for name, given in (("source_load", load), ("headroom", headroom), ("flow", water)):
        if np.isnan(given.values).any():
            raise DataError(f"remaining: {name} holds NaN; right would be a number everywhere")
    size: xr.DataArray = abs(water.reset_coords(drop=True))
    left: xr.DataArray = room * size.where(size > 0.0) * KG_PER_DAY
    left = left.transpose(*_KEYS).rename("remaining_capacity")
    return left.assign_attrs(attributes("remaining_capacity"))


def stamp(response: xr.Dataset | xr.DataArray, calibrated: xr.DataArray) -> xr.Dataset:
    """Say of a network's capacity whether every section that it rests on is calibrated.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period); a section that no outlet reaches
        plays no part.
    calibrated : DataArray
        (section, indicator, period), from :func:`closure`.

    Returns
    -------
    Dataset (pollutant, period)
        ``calibrated``: ``yes``, or the stamp if one section lacks calibration, whether it
        limits the total or would with other numbers; ``not_calibrated``: those sections.

    Raises
    ------
    DataError
        If labels differ.

    Examples
    --------
    >>> labels = {"section": ["S1", "S2"], "outlet": ["O1"], "pollutant": ["TP"],
    ...           "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]], [[[0.0]]]], coords=labels, dims=list(labels))
    >>> known = xr.DataArray([[["yes"]], [[UNCALIBRATED]]], {"section": ["S1", "S2"],
    ...     "indicator": ["TP"], "period": ["dry"]}, ("section", "indicator", "period"))
    >>> stamp(response, known).calibrated.item()
    'yes'
    """
    array = response["response"] if isinstance(response, xr.Dataset) else response
    reached = (array > 0.0).any("outlet").reset_coords(drop=True)
    known = matched(calibrated.rename(indicator="pollutant"), reached, "calibrated")
    lacking = reached & (known != CALIBRATED)
    labels = lacking["section"].values.astype(str)
    order = lacking.transpose("pollutant", "period", "section").values
    names = np.empty(order.shape[:2], dtype=object)
    for place in np.ndindex(names.shape):
        names[place] = "; ".join(labels[order[place]])
    dims = ("pollutant", "period")
    return xr.Dataset(
        {
            "calibrated": (dims, np.where(names == "", CALIBRATED, UNCALIBRATED).astype(object)),
            "not_calibrated": (dims, names),
        },
        {dim: lacking[dim].values for dim in dims},
    )


def _means(observations: pd.DataFrame, like: xr.DataArray) -> xr.Dataset:
    """Observed means on the labels of the model, NaN where there is none."""
    keys = pd.MultiIndex.from_frame(pd.DataFrame({k: text(observations[k]) for k in _KEYS}))
    raise_faults(
        Fault("observations", ", ".join(key), "value", None, "is given twice", "one mean")
        for key in keys[keys.duplicated()].unique()
    )
    labels = [like[name].values.astype(str) for name in _KEYS]
    every = pd.MultiIndex.from_product(labels, names=_KEYS)
    place = keys.get_indexer(every)
    arrays = {}
    for column, name in _MEANS.items():
        given = np.append(observations[column].to_numpy(float), np.nan)
        arrays[name] = (_KEYS, given[place].reshape(like.shape))
    return xr.Dataset(arrays, {name: like[name] for name in _KEYS})


def _refuse_tolerance(tolerance: float) -> None:
    if not tolerance >= 0.0:
        right = "a share of at least 0"
        raise_faults(
            [Fault("closure", None, "closure_tolerance", tolerance, "is out of range", right)]
        )


def _refuse_nan(array: xr.DataArray, name: str) -> None:
    raise_faults(
        Fault("closure", ", ".join(map(str, label)), name, None, "is NaN", "a number")
        for label in array.to_series().index[np.isnan(array.to_series().to_numpy())]
    )
