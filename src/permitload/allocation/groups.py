"""Limits of groups of sources: parks, basins, enterprises with several outlets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from permitload._labels import floats
from permitload.allocation._components import least, together
from permitload.errors import Fault, raise_faults
from permitload.schema import described

__all__ = ["park_total", "with_groups"]

_LIMITS = ("group_limit", "annual_total")


def with_groups(
    sources: xr.Dataset, groups: pd.DataFrame, group_limits: pd.DataFrame
) -> xr.Dataset:
    """Write the groups of the sources, and the limits of these, beside the sources.

    Parameters
    ----------
    sources : Dataset
        As for :func:`allocate`.
    groups : DataFrame
        ``group`` and ``source``, one row a membership; a source may belong to several groups.
        An annual limit of one source is that of a group of one.
    group_limits : DataFrame
        ``group``, ``pollutant``, ``period`` (empty for every period), ``group_limit`` [kg/d]
        and ``annual_total`` [t/a]; empty numbers limit nothing. An annual total stands in a row
        of its group and pollutant whose period is empty.

    Returns
    -------
    Dataset
        ``sources`` with ``member`` (group, source), ``group_limit`` (group, pollutant, period)
        and ``annual_total`` (group, pollutant); infinity where nothing is limited.

    Raises
    ------
    DataError
        With every label that is unknown or there twice, and every number that is no limit.

    Examples
    --------
    >>> labels = {"source": ["E1", "E2"], "pollutant": ["TP"], "period": ["dry", "wet"]}
    >>> sources = xr.Dataset({"source_load": (tuple(labels), np.ones((2, 1, 2)))}, labels)
    >>> park = pd.DataFrame({"group": ["park", "park"], "source": ["E1", "E2"]})
    >>> most = {"group": "park", "pollutant": "TP", "period": "", "group_limit": 5.0}
    >>> with_groups(sources, park, pd.DataFrame([most])).group_limit.values.tolist()
    [[[5.0, 5.0]]]
    """
    lacking = [
        Fault(table, None, column, None, "is missing", "a column")
        for table, frame, columns in (
            ("groups", groups, ["group", "source"]),
            ("group_limits", group_limits, ["group", "pollutant"]),
        )
        for column in columns
        if column not in frame
    ] + [
        Fault("sources", None, dim, None, "is no labelled dimension", "labels")
        for dim in ("source", "pollutant", "period")
        if dim not in sources.dims or dim not in sources.coords
    ]
    raise_faults(lacking)
    limits = group_limits.reindex(columns=["group", "pollutant", "period", *_LIMITS])
    limits = limits.assign(
        period=limits["period"].astype(object).where(limits["period"].notna(), ""),
        **{name: floats(limits[name].to_numpy(), name) for name in _LIMITS},
    )
    raise_faults(_faults(sources, groups, limits))
    name = list(dict.fromkeys(groups["group"]))
    index = {"group": pd.Index(name)} | {
        dim: sources.get_index(dim) for dim in ("source", "pollutant", "period")
    }
    member = np.zeros((len(name), len(index["source"])))
    member[
        index["group"].get_indexer(groups["group"]), index["source"].get_indexer(groups["source"])
    ] = 1.0
    most = np.full([len(index[dim]) for dim in ("group", "pollutant", "period")], np.inf)
    year = most[..., 0].copy()
    # rows of single periods replace those of all
    for row in limits.sort_values("period", kind="stable", key=lambda when: when != "").to_dict(
        "records"
    ):
        at = index["group"].get_loc(row["group"]), index["pollutant"].get_loc(row["pollutant"])
        when = slice(None) if row["period"] == "" else index["period"].get_loc(row["period"])
        if not np.isnan(row["group_limit"]):
            most[(*at, when)] = row["group_limit"]
        if not np.isnan(row["annual_total"]):
            year[at] = row["annual_total"]
    added = {
        "member": (("group", "source"), member),
        "group_limit": (("group", "pollutant", "period"), most),
        "annual_total": (("group", "pollutant"), year),
    }
    return sources.assign_coords(group=name).assign(described(xr.Dataset(added)))


def _faults(sources: xr.Dataset, groups: pd.DataFrame, limits: pd.DataFrame) -> Iterator[Fault]:
    """Find labels that are unknown or repeated, and numbers that are no limit."""
    known = {
        ("groups", "source"): sources["source"].values,
        ("group_limits", "group"): groups["group"].to_numpy(),
        ("group_limits", "pollutant"): sources["pollutant"].values,
        ("group_limits", "period"): np.append(sources["period"].values.astype(object), ""),
    }
    for (table, column), labels in known.items():
        frame = groups if table == "groups" else limits
        for k in np.flatnonzero(~frame[column].isin(labels)):
            value = str(frame[column].iloc[k])
            yield Fault(table, k, column, value, "is unknown", f"a known {column}")
    for k in np.flatnonzero(groups["group"].isna()):
        yield Fault("groups", k, "group", None, "is empty", "the name of a group")
    for table, frame, keys in (
        ("groups", groups, ["group", "source"]),
        ("group_limits", limits, ["group", "pollutant", "period"]),
    ):
        for k in np.flatnonzero(frame.duplicated(keys)):
            label = ", ".join(map(str, frame[keys].iloc[k]))
            yield Fault(table, k, keys[0], label, "is there twice", "one row each")
    for name in _LIMITS:
        for k in np.flatnonzero(limits[name] < 0.0):
            value = limits[name].iloc[k]
            yield Fault("group_limits", k, name, value, "is no limit", "a number >= 0, or none")
    for k in np.flatnonzero(limits["annual_total"].notna() & (limits["period"] != "")):
        right = "a row of the year, its period empty"
        yield Fault("group_limits", k, "annual_total", None, "stands at one period", right)


def park_total(
    capacity_share: xr.DataArray, allowable_emission: xr.DataArray, current_permit: xr.DataArray
) -> xr.Dataset:
    """Total that a park may permit in a year (园区许可总量): the least of three, and which it is.

    Parameters
    ----------
    capacity_share : DataArray
        Share of the capacity of the water that falls to the park (group, pollutant) [t/a].
    allowable_emission : DataArray
        Allowable emission of the year under 限值限量 [t/a].
    current_permit : DataArray
        Sum of the permits in force [t/a].

    Returns
    -------
    Dataset
        ``annual_total`` [t/a] and ``total_component``: the name of the least, the first of
        those named above where several are equal.

    Raises
    ------
    DataError
        If a number is missing or negative, or labels differ: none of the three may be guessed.

    Examples
    --------
    >>> total = {"group": ["park"], "pollutant": ["TN"]}
    >>> share, allowed, present = (xr.DataArray([[v]], total) for v in (40.0, 36.0, 51.0))
    >>> found = park_total(share, allowed, present)
    >>> found.annual_total.item(), found.total_component.item()
    (36.0, 'allowable_emission')
    """
    parts = {
        "capacity_share": capacity_share,
        "allowable_emission": allowable_emission,
        "current_permit": current_permit,
    }
    dims = ("group", "pollutant")
    placed, like = together(parts, dims, tuple(parts))
    total, name = least(placed, like.shape)
    arrays = {"annual_total": (dims, total), "total_component": (dims, name)}
    return described(xr.Dataset(arrays, like.coords))
