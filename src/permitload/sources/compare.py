"""Accounts of one emission side by side: EIA, quota, permit, statistics, report, recomputed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._frames import as_text, complete, fault_at, lacking, listed
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["compare_books", "compared_totals", "log_mean_parts", "shapley_parts"]

Floats = NDArray[np.float64]
Decompose = Callable[[Floats, Floats, Floats, Floats], tuple[Floats, Floats]]

_OUTLET = ["enterprise", "outlet", "pollutant"]
_KINDS = ("main", "general")
_BOOKS = ("accepted", "discharged")
_SUMS = ["book_mass", "reference_mass", "mass_difference", "concentration_part", "volume_part"]


def shapley_parts(
    reference_mass: Floats, reference_volume: Floats, book_mass: Floats, book_volume: Floats
) -> tuple[Floats, Floats]:
    """Part a difference of masses into that of concentration and that of water, by Shapley.

    Parameters
    ----------
    reference_mass, book_mass : array
        Masses [t/a], >= 0.
    reference_volume, book_volume : array
        Water [m3/a], > 0.

    Returns
    -------
    concentration_part, volume_part : array
        [t/a]; their sum is ``book_mass - reference_mass`` to round-off.

    Notes
    -----
    Δc · mean(V) and ΔV · mean(c): the mean over both orders in which the two may change. Shapley,
    L. S. (1953), A value for n-person games.

    Examples
    --------
    >>> one = [np.array([v]) for v in (1.0, 1e5, 6.0, 3e5)]
    >>> [part.round(9).item() for part in shapley_parts(*one)]
    [2.0, 3.0]
    """
    first, second = reference_mass / reference_volume, book_mass / book_volume
    middle = (reference_volume + book_volume) / 2.0
    return (second - first) * middle, (book_volume - reference_volume) * (first + second) / 2.0


def log_mean_parts(
    reference_mass: Floats, reference_volume: Floats, book_mass: Floats, book_volume: Floats
) -> tuple[Floats, Floats]:
    """Part a difference of masses into that of concentration and that of water, by log mean.

    Parameters
    ----------
    reference_mass, reference_volume, book_mass, book_volume : array
        As for :func:`shapley_parts`; masses > 0.

    Returns
    -------
    concentration_part, volume_part : array
        [t/a]; their sum is ``book_mass - reference_mass`` to round-off.

    Raises
    ------
    DataError
        If a mass is 0, of which there is no logarithm.

    Notes
    -----
    L ln(c₁/c₀) and L ln(V₁/V₀) with L = (m₁ − m₀)/ln(m₁/m₀), m where both are the same. Ang, B. W.
    (2005), The LMDI approach to decomposition analysis, Energy Policy 33, 867-871.

    Examples
    --------
    >>> one = [np.array([v]) for v in (1.0, 1e5, 4.0, 2e5)]
    >>> [part.round(9).item() for part in log_mean_parts(*one)]
    [1.5, 1.5]
    """
    if not ((reference_mass > 0) & (book_mass > 0)).all():
        raise DataError("a mass is 0; right would be masses > 0 t/a, or shapley_parts")
    change = book_mass - reference_mass
    near = np.abs(change) < reference_mass / 2.0  # where log1p has more digits than log
    small = np.log1p(np.where(near, change, 0.0) / reference_mass)
    growth = np.where(near, small, np.log(book_mass / reference_mass))
    water = np.log(book_volume / reference_volume)
    same = growth == 0.0
    mean = np.where(same, reference_mass, change / np.where(same, 1.0, growth))
    return mean * (growth - water), mean * water


def compare_books(
    emission_books: pd.DataFrame,
    reference_account: str = "statistics",
    decompose: Decompose = shapley_parts,
) -> pd.DataFrame:
    """Accounts of the emission of every outlet side by side, each beside one of them.

    Parameters
    ----------
    emission_books : DataFrame
        Table ``emission_books``: what an account, such as ``eia_total``, ``total_quota``,
        ``permit``, ``statistics``, ``execution_report`` or ``recomputed``, says of a main or
        general outlet: ``book_mass`` [t/a], ``book_volume`` [m3/a] where known, in which ``book``
        (accepted 接管 or discharged 外排), by which ``method``. An empty mass says that the account
        has no load, as permits of general outlets have none.
    reference_account : str, default "statistics"
        Account that the others are compared with (assumed; the pilots compare permits with it).
    decompose : function, default shapley_parts
        Parts a difference; or :func:`log_mean_parts`.

    Returns
    -------
    DataFrame
        The rows of the table, with ``reference_mass``, ``mass_difference``, ``concentration_part``,
        ``volume_part`` [t/a], ``mass_ratio`` [1] and ``reason``: why there is no number, or empty.
        Accounts in different books are never compared.

    Raises
    ------
    DataError
        If a kind or book has another name, an outlet has two kinds, no row has the reference
        account, or a mass above 0 has a volume of 0.

    Notes
    -----
    concentration_part + volume_part = mass_difference, to round-off.

    Examples
    --------
    >>> books = pd.DataFrame({"enterprise": "E1", "outlet": "DW001", "outlet_kind": "main",
    ...     "pollutant": "TN", "account": ["permit", "statistics"], "book": "discharged",
    ...     "method": ["limit", "monitored"], "book_mass": [6.0, 1.0],
    ...     "book_volume": [3e5, 1e5]})
    >>> found = compare_books(books).iloc[0]
    >>> [round(float(found[n]), 9) for n in ("mass_ratio", "concentration_part", "volume_part")]
    [6.0, 2.0, 3.0]
    """
    table = complete(emission_books, "emission_books")
    raise_faults(_faults(table, reference_account))
    reference = table[table["account"] == reference_account]
    names = ["book_mass", "book_volume"]
    right = reference.set_index([*_OUTLET, "book"])[names].add_prefix("reference_")
    merged = table.join(right.assign(there=1.0), on=[*_OUTLET, "book"])
    merged["other"] = table.set_index(_OUTLET).index.isin(reference.set_index(_OUTLET).index)
    reason = _reasons(merged, reference_account)
    mass, least = merged["book_mass"], merged["reference_book_mass"].where(reason == "")
    found = table.assign(
        reference_mass=least,
        mass_difference=mass - least,
        mass_ratio=(mass / least.where(least > 0)),
        concentration_part=np.nan,
        volume_part=np.nan,
    )
    water = ["book_volume", "reference_book_volume"]
    whole = (reason == "") & (merged[water] > 0).all(axis=1)
    masses = merged.loc[whole, ["reference_book_mass", "reference_book_volume", *names]]
    parts = decompose(*(masses[n].to_numpy() for n in masses))
    found.loc[whole, ["concentration_part", "volume_part"]] = np.column_stack(parts)
    zero = (reason == "") & (least == 0.0)
    reason = reason.mask((reason == "") & ~whole, "no water stated: no parts")
    reason = reason.mask(zero, f"{reference_account} is 0: no ratio")
    return found.assign(reason=as_text(reason.to_numpy()))


def _reasons(merged: pd.DataFrame, account: str) -> pd.Series[str]:
    """Why an account is not compared with its reference."""
    lost = merged["there"].isna()
    reason = pd.Series("", merged.index, dtype="str")
    reason = reason.mask(merged["reference_book_mass"].isna(), f"{account} has no mass")
    reason = reason.mask(merged["book_mass"].isna(), "the account has no mass")
    reason = reason.mask(lost, f"another book than {account}")
    return reason.mask(~merged["other"], f"not in {account}")


def _faults(table: pd.DataFrame, account: str) -> Iterator[Fault]:
    """Kinds and books by other names, outlets of two kinds, mass without water."""
    for name, right in (("outlet_kind", _KINDS), ("book", _BOOKS)):
        for i in np.flatnonzero(~table[name].isin(right)).tolist():
            words = f"one of {', '.join(right)}"
            yield fault_at(table, "emission_books", i, name, "is not valid", words)
    kinds = table.groupby(["enterprise", "outlet"])["outlet_kind"].transform("first")
    for i in np.flatnonzero(kinds != table["outlet_kind"]).tolist():
        problem = "differs from the row before"
        yield fault_at(table, "emission_books", i, "outlet_kind", problem, "one kind an outlet")
    for i in np.flatnonzero((table["book_mass"] > 0) & (table["book_volume"] == 0)).tolist():
        problem, words = "carries a mass above 0", "water > 0 m3/a, or empty where not known"
        yield fault_at(table, "emission_books", i, "book_volume", problem, words)
    known = table["account"].unique().tolist()
    if account not in known:
        right_account = f"one of {listed(known)}" if known else "a row of it"
        yield Fault("emission_books", None, "account", account, "is in no row", right_account)


def compared_totals(compared: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Sum compared accounts over the outlets of enterprises, sectors or parks.

    An outlet counts where both its account and the reference have a mass in the same book; the
    ratio is that of sums, not a mean of ratios. Main and general outlets stand apart.

    Parameters
    ----------
    compared : DataFrame
        As :func:`compare_books` returns it.
    groups : DataFrame
        ``group`` and ``enterprise``: the sector or park of each enterprise, or itself.

    Returns
    -------
    DataFrame
        By group, ``outlet_kind``, pollutant, book and account: ``book_mass``, ``reference_mass``,
        ``mass_difference``, ``concentration_part``, ``volume_part`` [t/a], ``mass_ratio`` [1],
        ``outlets`` that count and ``left_out``, those of the group and book that do not. Parts
        are NaN where an outlet that counts has none; sums where none counts.

    Raises
    ------
    DataError
        If a column is missing, or an enterprise has no group, or two.

    Examples
    --------
    >>> books = pd.DataFrame({"enterprise": ["E1", "E1", "E2", "E2"], "outlet": "DW001",
    ...     "outlet_kind": "main", "pollutant": "TN", "account": ["permit", "statistics"] * 2,
    ...     "book": "discharged", "method": "given", "book_mass": [6.0, 1.0, 8.6, 1.0]})
    >>> sector = pd.DataFrame({"group": "plating", "enterprise": ["E1", "E2"]})
    >>> compared_totals(compare_books(books), sector)["mass_ratio"].tolist()
    [7.3, 1.0]
    """
    labels = ["outlet_kind", "pollutant", "book"]
    needed = ["enterprise", "outlet", *labels, "account", *_SUMS]
    faults = lacking(compared, "compared", needed)
    raise_faults(faults + lacking(groups, "groups", ["group", "enterprise"]))
    place = groups.set_index("enterprise")["group"]
    lost = sorted(set(compared["enterprise"]) - set(place.index))
    twice = sorted(set(place.index[place.index.duplicated()]))
    raise_faults(
        Fault("groups", name, "enterprise", None, problem, "one group each")
        for names, problem in ((lost, "has no group"), (twice, "has two groups"))
        for name in names
    )
    outlet = compared["enterprise"] + " " + compared["outlet"]
    table = compared.assign(group=compared["enterprise"].map(place), outlet=outlet)
    labels = ["group", *labels]
    return pd.DataFrame(
        [
            {**dict(zip(labels, label, strict=True)), "account": account, **_summed(part, every)}
            for label, every in table.groupby(labels, sort=False)
            for account, part in every.groupby("account", sort=False)
        ]
    )


def _summed(part: pd.DataFrame, every: pd.DataFrame) -> dict[str, object]:
    """Sum one account over its compared outlets; ``every`` holds those of all accounts."""
    inside = part[part["reference_mass"].notna()]
    sums = inside[_SUMS].sum(skipna=False) if len(inside) else pd.Series(np.nan, _SUMS)
    base, outlets = sums["reference_mass"], every["outlet"].drop_duplicates()
    return {
        **sums.to_dict(),
        "mass_ratio": sums["book_mass"] / base if base > 0 else np.nan,
        "outlets": float(len(inside)),
        "left_out": ", ".join(outlets[~outlets.isin(inside["outlet"])]),
    }
