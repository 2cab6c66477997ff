"""Loads of sources as labelled arrays, and their sums at outlets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from permitload._frames import complete, fault_at, listed, positions
from permitload.errors import Fault, raise_faults
from permitload.sources.place import entered
from permitload.sources.two_books import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["by_outlet", "source_dataset"]

_BASES = ("generated_load", "benchmark_load")
"""Loads that are a base of some targets alone."""

Axes: TypeAlias = "dict[str, NDArray[Any]]"
"""Labels of sources, pollutants and periods."""

Places: TypeAlias = "tuple[NDArray[np.intp], ...]"
"""Place of each row of loads along the axes, -1 where it is not there."""


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
        [kg/d], and ``generated_load``, ``benchmark_load`` where a row states one, NaN where the
        others do not; coordinates ``outlet``, ``source_class``, ``sector``, ``enterprise`` and
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
    plants = complete(works, "works")
    placed = entered(complete(sources, "sources"), plants)
    table = written(placed, plants, complete(source_loads, "source_loads"))
    pollutants = table["pollutant"].unique().tolist()
    labels = {"source": placed["source"].to_numpy(), "pollutant": pollutants, "period": periods}
    axes = {name: np.array(axis, dtype=object) for name, axis in labels.items()}
    index = tuple(positions(axis, table[name].to_numpy()) for name, axis in axes.items())
    raise_faults([*_gaps(table, axes, index), *_lost(placed, plants, axes, index)])
    arrays = {}
    for name in ("source_load", "accepted_load", "floor", "ceiling", *_BASES):
        if name in _BASES and table[name].isna().all():
            continue
        values = np.zeros(tuple(map(len, axes.values())))
        values[index] = table[name].to_numpy()
        arrays[name] = (tuple(axes), values, {"units": "kg/d"})
    described = ("outlet", "source_class", "sector", "enterprise", "works")
    coords = {name: ("source", placed[name].to_numpy()) for name in described}
    return xr.Dataset(arrays, coords={**axes, **coords})


def _gaps(table: pd.DataFrame, axes: Axes, index: Places) -> list[Fault]:
    """List sources and pollutants with rows for some periods alone, or for others."""
    source, pollutant, period = index
    known = period >= 0
    there = np.zeros(tuple(map(len, axes.values())), dtype=bool)
    there[source[known], pollutant[known], period[known]] = True
    whole = np.asarray(there.all(axis=2))
    odd = ~known | ~whole[source, pollutant]
    periods = axes["period"].tolist()
    faults = []
    for pair, given in table[odd].groupby(["source", "pollutant"], sort=False)["period"]:
        lacking = [label for label in periods if label not in set(given)]
        unknown = sorted(set(given) - set(periods))
        row = ", ".join(pair)
        if lacking:
            problem = f"has no row for {listed(lacking)}"
            faults.append(Fault("source_loads", row, "period", None, problem, "every period"))
        if unknown:
            problem, right = "is not a period", f"one of {listed(periods)}"
            faults.append(Fault("source_loads", row, "period", unknown[0], problem, right))
    return faults


def _lost(placed: pd.DataFrame, works: pd.DataFrame, axes: Axes, index: Places) -> list[Fault]:
    """List sources without a row of loads, or without one that the law of their works needs."""
    studied, behind = axes["pollutant"], placed["works"].to_numpy()
    given = np.zeros((len(placed), studied.size), dtype=bool)
    given[index[0], index[1]] = True
    needed = np.zeros_like(given)
    for name, law in works.groupby("works")["pollutant"]:
        needed[np.ix_(behind == name, np.isin(studied, law.to_numpy()))] = True
    lacks = needed & ~given
    faults = []
    for i in np.flatnonzero(~given.any(axis=1) | lacks.any(axis=1)).tolist():
        problem, right = "has no row in source_loads", "a load"
        if given[i].any():
            law = works["pollutant"][works["works"] == behind[i]]
            lacking = [label for label in law if label in studied[lacks[i]]]
            problem += f" for {listed(lacking)}, which its works lets out"
            right = "a row, load empty"
        faults.append(fault_at(placed, "sources", i, "source", problem, right))
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
    labels = (outlets["outlet"] if "outlet" in outlets.columns else outlets.index).to_numpy()
    ordered = source_load.transpose("source", "pollutant", "period")
    place = ordered["outlet"].values
    row = positions(labels, place)
    values = np.asarray(ordered.values, dtype=float)
    source = ordered["source"].values
    raise_faults(
        Fault(
            "sources", source[i], "outlet", place[i], "is not an outlet", f"one of {listed(labels)}"
        )
        for i in np.flatnonzero(row < 0)
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
        coords={"outlet": labels, **coords},
        name="source_load",
        attrs={"units": "kg/d"},
    )
