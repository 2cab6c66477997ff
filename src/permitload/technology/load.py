"""Technology-based loads: water × concentration of a specification, and the stricter of totals."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at, listed
from permitload.errors import DataError, Fault, raise_faults
from permitload.technology.drainage import standard_water

__all__ = ["load"]

Water = Callable[[pd.DataFrame], "pd.Series[float]"]

_KEY = ["source", "pollutant"]
_OURS = {"specification", "permit", "binding", "drainage_volume", "permitted_concentration",
         "strictest", *_KEY}  # fmt: skip


def load(
    products: pd.DataFrame,
    permitted_concentrations: pd.DataFrame,
    source_totals: pd.DataFrame | None = None,
    water: Water = standard_water,
    needed: Collection[str] = ("eia_total",),
) -> pd.DataFrame:
    """Annual load of every source by its technology: specification, EIA and totals, the least.

    Parameters
    ----------
    products : DataFrame
        Table ``products``: the capacity [t/a] of every product of a source and the drainage that
        it may need [m3/t], or in plating the area [m2/a] and its drainage [L/m2]. Products at one
        outlet are those of one source.
    permitted_concentrations : DataFrame
        Table ``permitted_concentrations`` [mg/L]: one row a document; the strictest holds.
    source_totals : DataFrame, optional
        Table ``source_totals``: ``annual_total`` [t/a] of components by any names, such as
        ``eia_total``, ``total_quota``. An empty total does not apply, and its note says why.
    water : function, default standard_water
        Of the products, gives water by row [m3/a]; or :func:`advanced_water`.
    needed : collection of str, default ("eia_total",)
        Components that every source and pollutant must have a row for. That an EIA total binds
        sources approved since 2015-01-01 is from memory, unverified: pass others where that does
        not hold.

    Returns
    -------
    DataFrame
        By source and pollutant: ``drainage_volume`` [m3/a], ``permitted_concentration`` [mg/L],
        ``strictest`` (its document), ``specification`` [t/a], a column for each component [t/a]
        (NaN where it does not apply), ``permit`` [t/a], the least of them, and ``binding``, the
        name of the least; the specification first, then components by name, where some are equal.

    Raises
    ------
    DataError
        With every source that lacks products, concentrations or a needed component, every total
        of a source and pollutant that has no concentration, every empty total without a note.

    Notes
    -----
    D = C · Σ S Q · 1e-6, after HJ 861-2017, 5.2 (from memory, unverified), for one product or
    several; the least of it, the EIA and the total after HJ 942-2018 (likewise).

    Examples
    --------
    >>> products = pd.DataFrame({"source": ["P1"], "product": ["woven"],
    ...     "product_capacity": [20000.0], "benchmark_drainage": [140.0]})
    >>> most = pd.DataFrame({"source": ["P1"], "pollutant": ["COD"], "document": ["GB 4287"],
    ...                      "permitted_concentration": [60.0]})
    >>> eia = pd.DataFrame({"source": ["P1"], "pollutant": ["COD"], "component": ["eia_total"],
    ...                     "annual_total": [150.0]})
    >>> load(products, most, eia).loc["P1", ["specification", "permit", "binding"]].values.tolist()
    [[168.0, 150.0, 'eia_total']]
    """
    made = complete(products, "products")
    most = complete(permitted_concentrations, "permitted_concentrations")
    totals = complete(source_totals, "source_totals")
    raise_faults([*_product_faults(made, most), *_total_faults(totals, most)])
    volume = _volume(made, water)
    ranked = most.sort_values(["permitted_concentration", "document"], kind="stable")
    strict = ranked.drop_duplicates(_KEY).set_index(_KEY)
    found = strict.loc[pd.MultiIndex.from_frame(most[_KEY].drop_duplicates())]
    found = found[["permitted_concentration", "document"]]
    found = found.rename(columns={"document": "strictest"})
    found.insert(0, "drainage_volume", found.index.get_level_values("source").map(volume))
    found["specification"] = found["drainage_volume"] * found["permitted_concentration"] * 1e-6
    names = sorted(totals["component"].unique().tolist())
    for name in names:
        one = totals[totals["component"] == name].set_index(_KEY)["annual_total"]
        found[name] = one.reindex(found.index)
    raise_faults(_unneeded(found, totals, needed))
    candidates = found[["specification", *names]]
    return found.assign(permit=candidates.min(axis=1), binding=candidates.idxmin(axis=1))


def _volume(products: pd.DataFrame, water: Water) -> pd.Series[float]:
    """Water of every source, summed over its products."""
    each = water(products)
    if not (np.isfinite(each) & (each >= 0)).all():
        raise DataError("water gives no number >= 0 for a product; right would be m3/a")
    return each.groupby(products["source"]).sum()


def _product_faults(products: pd.DataFrame, most: pd.DataFrame) -> Iterator[Fault]:
    """Find sources with products and no concentration, or the other way round; no water."""
    for table, name, other, right in (
        (products, "products", most, "a row of permitted_concentrations"),
        (most, "permitted_concentrations", products, "a row of products with its benchmark"),
    ):
        lost = ~table["source"].isin(other["source"])
        for i in np.flatnonzero(lost & ~table["source"].duplicated()).tolist():
            yield fault_at(table, name, i, "source", "is in no row of the other table", right)
    for name in ("product_capacity", "benchmark_drainage", "plated_area", "area_drainage"):
        for i in np.flatnonzero(products[name] == 0.0).tolist():
            right = "a number > 0, or no row for what is not made: a load of 0 is never implied"
            yield fault_at(products, "products", i, name, "is 0", right)
    pairs = [["product_capacity", "benchmark_drainage"], ["plated_area", "area_drainage"]]
    whole, some = (
        np.column_stack([getattr(products[pair].notna(), how)(axis=1) for pair in pairs])
        for how in ("all", "any")
    )
    for i in np.flatnonzero((whole.sum(axis=1) != 1) | (some != whole).any(axis=1)).tolist():
        right = "a capacity [t/a] and its benchmark [m3/t], or an area [m2/a] and its own [L/m2]"
        yield fault_at(products, "products", i, "product", "lacks its water", right)


def _total_faults(totals: pd.DataFrame, most: pd.DataFrame) -> Iterator[Fault]:
    """Totals that belong to nothing, that are empty for no reason, or with a name of ours."""
    known = pd.MultiIndex.from_frame(most[_KEY])
    lost = ~pd.MultiIndex.from_frame(totals[_KEY]).isin(known)
    mute = (totals["annual_total"].isna() & (totals["note"] == "")).to_numpy()
    taken = totals["component"].isin(_OURS).to_numpy()
    for bad, column, problem, right in (
        (lost, "pollutant", "has no permitted concentration", "a row of permitted_concentrations"),
        (mute, "annual_total", "is empty without a note", "a total [t/a], or why none applies"),
        (taken, "component", "is a column of the result", "another name"),
    ):
        for i in np.flatnonzero(bad).tolist():
            yield fault_at(totals, "source_totals", i, column, problem, right)


def _unneeded(
    found: pd.DataFrame, totals: pd.DataFrame, needed: Collection[str]
) -> Iterator[Fault]:
    """Find sources and pollutants without a row of a component that each must have."""
    stated = set(zip(totals["source"], totals["pollutant"], totals["component"], strict=True))
    for name in needed:
        lost = [" ".join(key) for key in found.index if (*key, name) not in stated]
        if lost:
            right = "a row, empty with a note where it does not apply"
            yield Fault("source_totals", listed(lost), name, None, "is missing", right)
