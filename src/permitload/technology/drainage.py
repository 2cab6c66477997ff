"""Water that a product may need: benchmarks, those of advanced technology, and dilution."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._frames import complete, fault_at
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["advanced_drainage", "advanced_water", "standard_water", "undiluted"]

Floats = NDArray[np.float64]
Number = TypeVar("Number", float, "NDArray[np.float64]")


def standard_water(products: pd.DataFrame) -> pd.Series[float]:
    """Water of every product by the benchmark of its standard.

    Parameters
    ----------
    products : DataFrame
        ``product_capacity`` [t/a] and ``benchmark_drainage`` [m3/t]; or, in plating,
        ``plated_area`` [m2/a] and ``area_drainage`` [L/m2].

    Returns
    -------
    Series
        [m3/a], one a row; NaN where neither pair is stated.

    Notes
    -----
    S Q, HJ 861-2017 by the tonne and HJ 855-2017 by the plated area (from memory, unverified).

    Examples
    --------
    >>> standard_water(pd.DataFrame({"product_capacity": [20000.0, np.nan],
    ...     "benchmark_drainage": [140.0, np.nan], "plated_area": [np.nan, 1e6],
    ...     "area_drainage": [np.nan, 200.0]})).tolist()
    [2800000.0, 200000.0]
    """
    by_mass = products["product_capacity"] * products["benchmark_drainage"]
    return by_mass.fillna(products["plated_area"] * products["area_drainage"] / 1000.0)


def advanced_water(products: pd.DataFrame) -> pd.Series[float]:
    """Water of every product by the drainage of advanced technology.

    The variant of the fluorochemical park of Changshu: the drainage of enterprises of advanced
    technology is the reference.

    Parameters
    ----------
    products : DataFrame
        ``source``, ``product``, ``product_capacity`` [t/a], ``benchmark_drainage`` and
        ``advanced_drainage`` [m3/t].

    Returns
    -------
    Series
        [m3/a], one a row.

    Raises
    ------
    DataError
        If a product has no advanced drainage, or one above its benchmark.

    Examples
    --------
    >>> advanced_water(pd.DataFrame({"source": ["A"], "product": ["woven"],
    ...     "product_capacity": [20000.0], "benchmark_drainage": [140.0],
    ...     "advanced_drainage": [90.0]})).tolist()
    [1800000.0]
    """
    advanced, benchmark = products["advanced_drainage"], products["benchmark_drainage"]
    raise_faults(
        fault_at(products, "products", i, "advanced_drainage",
                 "is not known, or above the benchmark", f"at most {benchmark.iloc[i]:g} m3/t")
        for i in np.flatnonzero(~(advanced <= benchmark)).tolist()
    )  # fmt: skip
    return products["product_capacity"] * advanced


def advanced_drainage(drainages: pd.DataFrame, advanced_share: float = 0.25) -> pd.Series[float]:
    """Drainage of advanced technology, by product, from what enterprises drain.

    Parameters
    ----------
    drainages : DataFrame
        Table ``drainages``: actual drainage [m3/t] of each product and enterprise, and the
        benchmark of the product, the same in all of its rows.
    advanced_share : float, default 0.25
        Part of the enterprises that count as advanced (assumed: the pilot text names none).

    Returns
    -------
    Series
        By ``product`` [m3/t]: the drainage of the last enterprise within the share, never above
        the benchmark. One that exists, not one between two.

    Raises
    ------
    DataError
        If the benchmark of a product differs by row, a drainage is 0, or the share is not between
        0 and 1.

    Examples
    --------
    >>> table = pd.DataFrame({"product": "woven", "enterprise": ["E1", "E2", "E3", "E4"],
    ...     "actual_drainage": [120.0, 90.0, 160.0, 100.0], "benchmark_drainage": 140.0})
    >>> advanced_drainage(table).to_dict()
    {'woven': 90.0}
    """
    if not 0.0 < advanced_share <= 1.0:
        right = "a number above 0, at most 1"
        raise DataError(f"advanced_share is {advanced_share}; right would be {right}")
    table = complete(drainages, "drainages")
    first = table.groupby("product")["benchmark_drainage"].transform("first")
    zero = table["actual_drainage"] == 0.0
    raise_faults(
        Fault("drainages", f"{table['product'].iloc[i]}, {table['enterprise'].iloc[i]}", *fault)
        for bad, *fault in (
            (first != table["benchmark_drainage"], "benchmark_drainage", None,
             "differs from the row before", "one value a product"),
            (zero, "actual_drainage", 0.0, "is 0", "a drainage > 0 m3/t, or no row"),
        )
        for i in np.flatnonzero(bad)
    )  # fmt: skip
    found = {}
    for product, group in table.groupby("product", sort=False):
        ranked = np.sort(group["actual_drainage"].to_numpy())
        last = max(math.ceil(round(advanced_share * ranked.size, 9)), 1)
        found[product] = min(float(ranked[last - 1]), float(group["benchmark_drainage"].iloc[0]))
    return pd.Series(found, name="advanced_drainage", dtype=float).rename_axis("product")


def undiluted(concentration: Number, drainage_volume: Number, benchmark_volume: Number) -> Number:
    """Concentration at benchmark drainage, which is what a limit judges if more water is drained.

    Parameters
    ----------
    concentration : float or array
        Measured [mg/L], >= 0.
    drainage_volume : float or array
        Water actually drained [m3], >= 0.
    benchmark_volume : float or array
        Product made × benchmark drainage, summed over products [m3], > 0.

    Returns
    -------
    float or array
        [mg/L]; as measured where no more than the benchmark is drained.

    Raises
    ------
    DataError
        If a number is negative, infinite or NaN, or the benchmark volume is 0.

    Notes
    -----
    c · max(Q/Σ Y Q_benchmark, 1), GB 4287-2012 and sister standards (from memory, unverified).

    Examples
    --------
    >>> round(undiluted(50.0, 3.2e6, 2.8e6), 6)
    57.142857
    """
    values = [np.asarray(v, dtype=float) for v in (concentration, drainage_volume)]
    most = np.asarray(benchmark_volume, dtype=float)
    if not all((np.isfinite(v) & (v >= 0)).all() for v in values):
        raise DataError("concentration and drainage_volume: right would be numbers >= 0")
    if not (np.isfinite(most) & (most > 0)).all():
        raise DataError(f"benchmark_volume is {benchmark_volume}; right would be > 0 m3")
    found: Floats = values[0] * np.maximum(values[1] / most, 1.0)
    return found if found.ndim else float(found)  # type: ignore[return-value]  # the kind that was given
