"""Intensities: emission per capacity, among enterprises that can be compared.

Seed text: annex 8 (Nantong), 三(二)3 排放强度的核算及排序: actual emission over capacity, ranked
from small to large, with product, scale and process considered.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from permitload import _frames
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["by_benchmark", "by_product", "intensities", "latest_year", "mean_of_years"]

_KG = 1000.0
"""Kilograms in a tonne."""
_KEY = ["enterprise", "pollutant", "book"]


def latest_year(emissions: pd.DataFrame) -> pd.Series[float]:
    """Emission and output of the latest year.

    Parameters
    ----------
    emissions : DataFrame
        ``year``, ``emission`` and ``output`` of one enterprise, pollutant and book [t/a].

    Returns
    -------
    Series
        ``emission`` and ``output`` [t/a].

    Examples
    --------
    >>> years = pd.DataFrame({"year": [2022, 2021], "emission": [5.0, 9.0], "output": [1.0, 2.0]})
    >>> latest_year(years).to_dict()
    {'emission': 5.0, 'output': 1.0}
    """
    latest: pd.Series[float] = emissions.loc[emissions["year"].idxmax(), ["emission", "output"]]
    return latest.astype(float)


def mean_of_years(emissions: pd.DataFrame) -> pd.Series[float]:
    """Mean emission and output of all years; the output is missing if any year's is.

    Parameters
    ----------
    emissions : DataFrame
        As for :func:`latest_year`.

    Returns
    -------
    Series
        ``emission`` and ``output`` [t/a].

    Examples
    --------
    >>> years = pd.DataFrame({"year": [2022, 2021], "emission": [5.0, 9.0], "output": [1.0, 2.0]})
    >>> mean_of_years(years).to_dict()
    {'emission': 7.0, 'output': 1.5}
    """
    return emissions[["emission", "output"]].mean(skipna=False)


def by_product(products: pd.DataFrame) -> pd.DataFrame:
    """Capacity of enterprises that make one product each, comparable with those of the same.

    Parameters
    ----------
    products : DataFrame
        ``enterprise``, ``product``, ``production_capacity`` [t/a], ``process`` and ``scale``
        where they tell enterprises apart.

    Returns
    -------
    DataFrame
        By enterprise: ``comparable`` (product, process, scale), ``production_capacity`` [t/a].

    Raises
    ------
    DataError
        If an enterprise has several products: tonnes of different products are not added.

    Examples
    --------
    >>> table = pd.DataFrame({"enterprise": ["E1"], "product": ["woven"],
    ...     "production_capacity": [20000.0], "process": ["dyeing"]})
    >>> by_product(table).loc["E1", "comparable"]
    'woven, dyeing'
    """
    table = _frames.complete(products, "tier_products")
    twice = table["enterprise"].duplicated(keep=False).to_numpy()
    right = "one product, or capacities converted by benchmark drainage"
    raise_faults(
        _frames.fault_at(table, "tier_products", int(i), "product", "is one of several", right)
        for i in np.flatnonzero(twice)
    )
    found = pd.DataFrame(
        {
            "comparable": _joined(table, ["product", "process", "scale"]).to_numpy(),
            "production_capacity": table["production_capacity"].to_numpy(),
        },
        index=pd.Index(table["enterprise"], name="enterprise"),
    )
    return found.sort_index()


def by_benchmark(products: pd.DataFrame, benchmark_drainage: float) -> pd.DataFrame:
    """Capacity in tonnes of a standard product, by the ratio of benchmark drainages.

    Parameters
    ----------
    products : DataFrame
        ``enterprise``, ``product``, ``production_capacity`` [t/a], ``benchmark_drainage`` of
        each product [m3/t], ``process`` and ``scale`` where they tell enterprises apart.
    benchmark_drainage : float
        Of the standard product [m3/t], such as 140 for woven cloth (GB 4287-2012 table 2, from
        memory, unverified).

    Returns
    -------
    DataFrame
        By enterprise: ``comparable`` (process, scale), ``production_capacity`` = Σ capacity ·
        benchmark / benchmark of the standard product [t/a].

    Raises
    ------
    DataError
        If a product has no benchmark, the standard's is not above 0, or an enterprise has
        several processes or scales.

    References
    ----------
    Conversion to standard product by benchmark drainage: proposed, the text asks only that
    product, scale and process be considered.

    Examples
    --------
    >>> table = pd.DataFrame({"enterprise": ["E1", "E1"], "product": ["woven", "knit"],
    ...     "production_capacity": [1000.0, 2800.0], "benchmark_drainage": [140.0, 85.0]})
    >>> by_benchmark(table, 140.0).loc["E1", "production_capacity"]
    np.float64(2700.0)
    """
    table = _frames.complete(products, "tier_products")
    if not 0.0 < benchmark_drainage < np.inf:
        raise DataError(f"benchmark_drainage is {benchmark_drainage:g}; right would be > 0 m3/t")
    own = table["benchmark_drainage"].to_numpy()
    label = _joined(table, ["process", "scale"])
    several = label.groupby(table["enterprise"]).transform("nunique").to_numpy() > 1
    raise_faults(
        [
            _frames.fault_at(table, "tier_products", int(i), column, problem, right)
            for bad, column, problem, right in (
                (~(own > 0.0), "benchmark_drainage", "is no benchmark", "a number > 0 m3/t"),
                (several, "process", "is one of several", "one process and scale an enterprise"),
            )
            for i in np.flatnonzero(bad)
        ]
    )
    capacity = table["production_capacity"] * own / benchmark_drainage
    enterprise = table["enterprise"]
    return pd.DataFrame(
        {
            "comparable": label.groupby(enterprise).first(),
            "production_capacity": capacity.groupby(enterprise).sum(),
        }
    )


def intensities(
    emissions: pd.DataFrame,
    capacities: pd.DataFrame,
    statistic: Callable[[pd.DataFrame], pd.Series[float]] = latest_year,
) -> pd.DataFrame:
    """Intensity of every enterprise and pollutant, and its rank among comparable ones.

    Parameters
    ----------
    emissions : DataFrame
        ``enterprise``, ``pollutant``, ``book``, ``year``, ``emission`` [t/a], and ``output``
        [t/a] in the product that capacity is stated in.
    capacities : DataFrame
        ``comparable``, ``production_capacity`` [t/a] by enterprise, of :func:`by_product` or
        :func:`by_benchmark`.
    statistic : callable, default :func:`latest_year`
        Emission and output of the years of one enterprise; :func:`mean_of_years` is another. The
        default is assumed: the greatest year would bias lines upwards.

    Returns
    -------
    DataFrame
        ``enterprise``, ``pollutant``, ``book``, ``comparable``, ``emission`` [t/a],
        ``production_capacity`` [t/a], ``intensity`` = emission / capacity and
        ``output_intensity`` = emission / output [kg/t], ``rank`` from the least, ties sharing it,
        ``reason`` where there is no intensity; ordered by group, intensity and enterprise.
        Intensity by capacity flatters idle plants; the one by output stands beside it (NaN
        without output).

    Raises
    ------
    DataError
        If a row repeats, an enterprise has no capacity row, or a capacity is out of range.

    References
    ----------
    Annex 8 (Nantong), 三(二)3.

    Examples
    --------
    >>> years = pd.DataFrame({"enterprise": ["E1", "E2"], "pollutant": "COD", "book": "discharged",
    ...     "year": 2022, "emission": [58.0, 33.0]})
    >>> capacities = pd.DataFrame({"comparable": "woven", "production_capacity": [2e4, 1e4]},
    ...     index=["E1", "E2"])
    >>> intensities(years, capacities)[["enterprise", "intensity", "rank"]].values.tolist()
    [['E1', 2.9, 1.0], ['E2', 3.3, 2.0]]
    """
    years = _frames.complete(emissions, "tier_emissions")
    right = "a row of capacity and comparable group"
    strange = ~years["enterprise"].isin(capacities.index)
    raise_faults(
        [
            _frames.fault_at(
                years, "tier_emissions", int(i), "enterprise", "has no capacity", right
            )
            for i in np.flatnonzero(strange & ~years["enterprise"].duplicated())
        ]
        + [
            Fault("capacities", name, "enterprise", None, "is repeated", "one row an enterprise")
            for name in capacities.index[capacities.index.duplicated()]
        ]
        + [
            Fault("capacities", name, "production_capacity", value, "is out of range", "0 or more")
            for name, value in capacities["production_capacity"].items()
            if value < 0.0 or value == np.inf
        ]
    )
    rows = [
        dict(zip(_KEY, key, strict=True)) | statistic(own).to_dict()
        for key, own in years.groupby(_KEY)
    ]
    table = pd.DataFrame(rows, columns=[*_KEY, "emission", "output"])
    table = table.join(capacities[["comparable", "production_capacity"]], on="enterprise")
    capacity, output = table["production_capacity"], table["output"]
    table["intensity"] = _KG * table["emission"] / capacity.where(capacity > 0.0)
    table["output_intensity"] = _KG * table["emission"] / output.where(output > 0.0)
    group = table.groupby(["comparable", "pollutant", "book"])["intensity"]
    table["rank"] = group.rank(method="min")
    idle = "no capacity, and no emission"
    why = np.where(table["emission"] > 0.0, "emission without capacity: left out of lines", idle)
    table["reason"] = np.where(capacity > 0.0, "", why)
    order = ["comparable", "pollutant", "book", "intensity", "enterprise"]
    return table.sort_values(order, ignore_index=True)


def _joined(table: pd.DataFrame, columns: list[str]) -> pd.Series[str]:
    """Words of several columns as one label, without what is empty."""
    cells = table[columns].to_numpy(dtype=object)
    words = [", ".join(cell for cell in row if cell) or "all" for row in cells]
    return pd.Series(words, table.index, dtype=object)
