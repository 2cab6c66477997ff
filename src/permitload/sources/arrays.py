"""Loads of sources as labelled arrays, and their sums at outlets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from permitload._frames import complete, fault_at, listed
from permitload.errors import Fault, raise_faults
from permitload.sources.place import resolve
from permitload.sources.two_books import books

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["by_outlet", "source_dataset"]


def source_dataset(
    sources: pd.DataFrame,
    works: pd.DataFrame | None,
    source_loads: pd.DataFrame,
    periods: Sequence[str],
) -> xr.Dataset:
    """Label the loads and bounds of every source as labelled arrays.

    A pollutant that a direct source has no row for is one that it does not discharge: 0.

    Parameters
    ----------
    sources, works, source_loads : DataFrame
        As for :func:`books`.
    periods : sequence of str
        All periods, in order.

    Returns
    -------
    Dataset
        ``source_load``, ``accepted_load``, ``floor``, ``ceiling`` (source, pollutant, period)
        [kg/d]; coordinates ``outlet``, ``source_class``, ``sector``, ``enterprise`` and
        ``works`` (source).

    Raises
    ------
    DataError
        As :func:`books`; and if a source and pollutant has rows for some periods alone, a
        works' law has a pollutant that a source behind it has no row for, or a source no row.

    Examples
    --------
    >>> sources = pd.DataFrame({"source": ["A"], "source_class": ["farm"], "outlet": ["O1"]})
    >>> loads = pd.DataFrame({"source": ["A"], "pollutant": ["TP"], "period": ["dry"],
    ...                       "source_load": [2.0]})
    >>> source_dataset(sources, None, loads, ["dry"])["source_load"].sum().item()
    2.0
    """
    placed = resolve(sources, works)
    table = books(sources, works, source_loads)
    pollutants = table["pollutant"].unique().tolist()
    faults = _gaps(table, placed, complete(works, "works"), periods)
    raise_faults(faults)
    labels = (placed["source"].tolist(), pollutants, list(periods))
    place = tuple(
        pd.Index(axis).get_indexer(pd.Index(table[name]))
        for axis, name in zip(labels, ("source", "pollutant", "period"), strict=True)
    )
    dims = ("source", "pollutant", "period")
    arrays = {}
    for name in ("source_load", "accepted_load", "floor", "ceiling"):
        values = np.zeros(tuple(len(axis) for axis in labels))
        values[place] = table[name].to_numpy()
        arrays[name] = (dims, values, {"units": "kg/d"})
    described = ("outlet", "source_class", "sector", "enterprise", "works")
    coords = {name: ("source", np.array(placed[name].tolist())) for name in described}
    axes = {dim: np.array(axis) for dim, axis in zip(dims, labels, strict=True)}
    return xr.Dataset(arrays, coords={**axes, **coords})


def _gaps(
    table: pd.DataFrame, placed: pd.DataFrame, works: pd.DataFrame, periods: Sequence[str]
) -> list[Fault]:
    """List sources, pollutants of a works and periods that have no row of loads."""
    faults = []
    given = table.groupby(["source", "pollutant"], sort=False)["period"].agg(set).to_dict()
    with_rows = {source for source, _ in given}
    for (source, pollutant), have in given.items():
        lacking = [period for period in periods if period not in have]
        unknown = sorted(have - set(periods))
        row = f"{source}, {pollutant}"
        if lacking:
            problem = f"has no row for {listed(lacking)}"
            faults.append(Fault("source_loads", row, "period", None, problem, "every period"))
        if unknown:
            problem, right = "is not a period", f"one of {listed(periods)}"
            faults.append(Fault("source_loads", row, "period", unknown[0], problem, right))
    studied = set(table["pollutant"])
    for i, row in enumerate(placed.to_dict("records")):
        law = works.loc[works["works"] == row["works"], "pollutant"]
        lacking = [p for p in law if p in studied and (row["source"], p) not in given]
        if row["source"] not in with_rows:
            problem = "has no row in source_loads"
            faults.append(fault_at(placed, "sources", i, "source", problem, "a load"))
        elif lacking:
            problem = f"has no row in source_loads for {listed(lacking)}, which its works lets out"
            faults.append(fault_at(placed, "sources", i, "source", problem, "a row, load empty"))
    return faults


def by_outlet(source_load: xr.DataArray, outlets: pd.DataFrame) -> xr.DataArray:
    """Sum loads of sources to the outlets where they enter the water.

    Parameters
    ----------
    source_load : DataArray
        Any load (source, pollutant, period) [kg/d] with the coordinate ``outlet`` (source).
    outlets : DataFrame
        All outlets; ``outlet`` as column or index.

    Returns
    -------
    DataArray
        (outlet, pollutant, period) [kg/d], 0 where no source discharges.

    Raises
    ------
    DataError
        If a source is at an outlet that is not in ``outlets``, or a load is NaN.

    Examples
    --------
    >>> load = xr.DataArray([[[2.0]], [[3.0]]], dims=("source", "pollutant", "period"),
    ...     coords={"source": ["A", "B"], "outlet": ("source", ["O1", "O1"])})
    >>> by_outlet(load, pd.DataFrame({"outlet": ["O1", "O2"]})).values.ravel().tolist()
    [5.0, 0.0]
    """
    labels = pd.Index(outlets["outlet"] if "outlet" in outlets.columns else outlets.index)
    ordered = source_load.transpose("source", "pollutant", "period")
    row = labels.get_indexer(pd.Index(ordered["outlet"].values))
    values = np.asarray(ordered.values, dtype=float)
    raise_faults(
        [
            Fault("sources", s, "outlet", o, "is not an outlet", f"one of {listed(labels)}")
            for s, o, r in zip(ordered["source"].values, ordered["outlet"].values, row, strict=True)
            if r < 0
        ]
    )
    if np.isnan(values).any():
        lost = ordered["source"].values[np.isnan(values).any(axis=(1, 2))]
        raise_faults(
            [Fault("source_load", s, "source_load", None, "is NaN", "a load [kg/d]") for s in lost]
        )
    total = np.zeros((len(labels), *values.shape[1:]))
    np.add.at(total, row, values)
    coords = {
        name: ordered.coords[name] for name in ("pollutant", "period") if name in ordered.coords
    }
    return xr.DataArray(
        total,
        dims=("outlet", "pollutant", "period"),
        coords={"outlet": labels.to_numpy(dtype=str), **coords},
        name="source_load",
        attrs={"units": "kg/d"},
    )
