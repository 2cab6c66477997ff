"""The accepted and the discharged load of every source: two books, tied by the works' law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload._frames import complete, fault_at, listed, positions
from permitload.errors import Fault, raise_faults
from permitload.sources.place import resolve
from permitload.units import flux

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LAW_TOLERANCE", "accepted", "books", "written"]

LAW_TOLERANCE = 0.01
"""Share by which a load or ceiling of an indirect source may exceed the works' law (rounding)."""


def books(
    sources: pd.DataFrame, works: pd.DataFrame | None, source_loads: pd.DataFrame
) -> pd.DataFrame:
    """Write up the accepted and discharged load of every source, pollutant and period, with bounds.

    Behind a works the law is ``wastewater_flow × outlet_concentration`` discharged. A stated
    ``source_load`` is the discharged one: it may be less than the law (a works better than its
    limit), not more; nor may a ceiling or a benchmark load. What is accepted is the discharged
    load times ``acceptance_concentration / outlet_concentration``, as in :func:`accepted`. A
    direct source states its load and hands nothing over. Without a stated ceiling a direct source
    may not exceed its present load, an indirect one not the law.

    Parameters
    ----------
    sources : DataFrame
        As for :func:`resolve`.
    works : DataFrame or None
        As for :func:`resolve`.
    source_loads : DataFrame
        ``source``, ``pollutant``, ``period`` (none empty), ``source_load``, ``floor``,
        ``ceiling``, ``generated_load``, ``benchmark_load`` [kg/d].

    Returns
    -------
    DataFrame
        One row a row of ``source_loads``: ``source``, ``pollutant``, ``period``,
        ``accepted_load``, ``source_load``, ``floor``, ``ceiling``, ``generated_load`` and
        ``benchmark_load`` [kg/d], the last two NaN where none is stated.

    Raises
    ------
    DataError
        With every load without a source, without a period or missing, every load or ceiling
        beyond the law, every pollutant that a works has no law for, and every floor above its
        ceiling.

    References
    ----------
    HJ 978-2018 (load of a works: flow by concentration); accepted and discharged loads are two
    books, and capacity is compared with the second.

    Examples
    --------
    >>> sources = pd.DataFrame({"source": ["P1"], "source_class": ["industry"],
    ...                         "works": ["W1"], "wastewater_flow": [0.1]})
    >>> works = pd.DataFrame({"works": ["W1"], "pollutant": ["COD"], "outlet": ["O1"],
    ...                       "design_flow": [0.2], "acceptance_concentration": [500.0],
    ...                       "outlet_concentration": [50.0]})
    >>> loads = pd.DataFrame({"source": ["P1"], "pollutant": ["COD"], "period": ["dry"]})
    >>> books(sources, works, loads)[["accepted_load", "source_load"]].round(6).values.tolist()
    [[4320.0, 432.0]]
    """
    placed, plants = resolve(sources, works), complete(works, "works")
    return written(placed, plants, complete(source_loads, "source_loads"))


def written(placed: pd.DataFrame, plants: pd.DataFrame, loads: pd.DataFrame) -> pd.DataFrame:
    """Write up as :func:`books` does; the tables are complete, every source at its outlet.

    Examples
    --------
    >>> placed = pd.DataFrame({"source": ["A"], "source_class": ["farm"], "outlet": ["O1"]})
    >>> loads = pd.DataFrame({"source": ["A"], "pollutant": ["TP"], "period": ["dry"],
    ...                       "source_load": [2.0]})
    >>> tables = {"sources": placed, "works": None, "source_loads": loads}
    >>> written(*(complete(table, name) for name, table in tables.items()))["ceiling"].item()
    2.0
    """
    source = positions(placed["source"].to_numpy(), loads["source"].to_numpy())
    plant = _law(placed, plants, loads, source)
    raise_faults(_load_faults(loads, placed, source, plant))
    water = placed["wastewater_flow"].to_numpy()[source]
    indirect = plant >= 0
    ratio, law = np.zeros(len(loads)), np.full(len(loads), np.nan)
    ratio[indirect] = _ratio(plants).to_numpy()[plant[indirect]]
    out = plants["outlet_concentration"].to_numpy()
    law[indirect] = flux(water[indirect], out[plant[indirect]])
    stated = loads["source_load"].to_numpy()
    present = np.where(np.isnan(stated), law, stated)
    most = pd.Series(np.where(indirect, law, present), loads.index)
    table = loads[["source", "pollutant", "period"]].assign(
        accepted_load=present * ratio,
        source_load=present,
        floor=loads["floor"],
        ceiling=loads["ceiling"].fillna(most),
        generated_load=loads["generated_load"],
        benchmark_load=loads["benchmark_load"],
    )
    raise_faults(_book_faults(table, law))
    return table


def _ratio(plants: pd.DataFrame) -> pd.Series[float]:
    """Divide accepted by discharged, for each works and pollutant: the law of both books."""
    return plants["acceptance_concentration"] / plants["outlet_concentration"]


def _law(
    placed: pd.DataFrame, plants: pd.DataFrame, loads: pd.DataFrame, source: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Row of the works' law for each load; -1 for a direct source, -2 where there is none."""
    behind = placed["works"].to_numpy()[source]
    if not (behind != "").any():
        return np.full(len(loads), -1)
    laws = pd.MultiIndex.from_frame(plants[["works", "pollutant"]])
    wanted = pd.MultiIndex.from_arrays([behind, loads["pollutant"]])
    found = laws.get_indexer(wanted)
    return np.where((behind != "") & (found < 0), -2, found)


def _load_faults(
    loads: pd.DataFrame,
    placed: pd.DataFrame,
    source: NDArray[np.intp],
    plant: NDArray[np.intp],
) -> list[Fault]:
    """Rows that belong to no source, period or law, or state no load where one is needed."""
    right = "one row a period, or periods written out"
    known = listed(placed["source"].tolist())
    empty = loads["source_load"].isna().to_numpy() & (plant == -1)
    checks: list[tuple[NDArray[Any], str, str, str]] = [
        (source < 0, "source", "is not a source", f"one of {known}"),
        ((loads["period"] == "").to_numpy(), "period", "is empty", right),
        (
            (plant == -2) & (source >= 0),
            "pollutant",
            "has no law at the works of the source",
            "a row of works for the pollutant",
        ),
        (empty & (source >= 0), "source_load", "is empty for a direct source", "a load [kg/d]"),
    ]
    return [
        fault_at(loads, "source_loads", int(i), column, problem, expected)
        for bad, column, problem, expected in checks
        for i in np.flatnonzero(bad)
    ]


def _book_faults(table: pd.DataFrame, law: NDArray[np.float64]) -> list[Fault]:
    """Find loads, ceilings and benchmarks beyond the works' law, and bounds that cross."""
    faults = [
        fault_at(
            table,
            "source_loads",
            int(i),
            column,
            f"exceeds the works' law, {law[i]:g} kg/d",
            "at most wastewater_flow × outlet_concentration",
        )
        for column in ("source_load", "ceiling", "benchmark_load")
        for i in np.flatnonzero(table[column] > law * (1.0 + LAW_TOLERANCE))
    ]
    faults += [
        fault_at(
            table,
            "source_loads",
            int(i),
            "floor",
            f"exceeds the ceiling, {table['ceiling'].iloc[i]:g} kg/d",
            "a floor of at most the ceiling",
        )
        for i in np.flatnonzero(table["floor"] > table["ceiling"])
    ]
    return faults


def accepted(permitted_load: xr.DataArray, works: pd.DataFrame) -> xr.DataArray:
    """Bring permitted discharged loads of indirect sources back to the accepted book.

    Parameters
    ----------
    permitted_load : DataArray
        (source, pollutant, period) [kg/d] with the coordinate ``works`` (source), ``""`` for
        direct sources.
    works : DataFrame
        As for :func:`resolve`.

    Returns
    -------
    DataArray
        ``permitted_load × acceptance_concentration / outlet_concentration`` of the indirect
        sources alone [kg/d]; 0 where the works has no law for a pollutant and the load is 0.

    Raises
    ------
    DataError
        If a load is permitted of a pollutant that the works has no law for.

    Examples
    --------
    >>> works = pd.DataFrame({"works": ["W1"], "pollutant": ["COD"], "outlet": ["O1"],
    ...                       "design_flow": [0.2], "acceptance_concentration": [500.0],
    ...                       "outlet_concentration": [50.0]})
    >>> load = xr.DataArray([[[432.0]]], dims=("source", "pollutant", "period"),
    ...     coords={"source": ["P1"], "pollutant": ["COD"], "works": ("source", ["W1"])})
    >>> float(accepted(load, works).item())
    4320.0
    """
    plants = complete(works, "works").set_index(["works", "pollutant"])
    ratio = _ratio(plants)
    behind = np.flatnonzero(permitted_load["works"].values != "")
    indirect = permitted_load.isel(source=behind)
    factor = np.array(
        [
            [ratio.get((name, pollutant), np.nan) for pollutant in indirect["pollutant"].values]
            for name in indirect["works"].values
        ]
    ).reshape(indirect.sizes["source"], indirect.sizes["pollutant"])
    factors = xr.DataArray(factor, dims=("source", "pollutant"))
    unlawful = (indirect != 0.0) & factors.isnull()
    lost = indirect["source"].values[unlawful.any([d for d in unlawful.dims if d != "source"])]
    raise_faults(
        [
            Fault(
                "works", s, "pollutant", None, "has no law for a permitted load", "a row of works"
            )
            for s in lost
        ]
    )
    result = (indirect * factors.fillna(0.0)).transpose(*permitted_load.dims)
    return result.rename("accepted_load").assign_attrs(units="kg/d")
