"""State of a park between two issues: accounts, lots, and the ledger behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from permitload._labels import index_of, refuse_repeats
from permitload.schema import described

__all__ = ["BOOKS", "LEDGER", "LOTS", "STATED", "State", "opened"]

LEDGER = [
    "entry", "period", "book", "born", "enterprise", "pollutant", "quota", "reason", "expires",
]  # fmt: skip
"""Columns of the ledger. ``quota`` is the signed mass of the row [g], ``born`` the period that it
is about, ``period`` that in which it was written; ``expires`` is empty but for
 lots granted."""
LOTS = ["enterprise", "pollutant", "born", "expires", "lot"]
"""Columns of the table of lots."""
BOOKS = (
    "used",
    "recalled",
    "lot",
    "debt",
    "closed",
    "planned_mass",
    "foreseen_mass",
    "quota",
    "reserve",
)
"""Accounts of the ledger, in the order in which an update writes them."""
BY_PERIOD = ("quota", "used", "verified", "recalled", "granted", "charged", "closed")
BY_ENTERPRISE = ("debt", "planned_mass", "foreseen_mass")
STATED = ("planned_mass", "foreseen_mass")
"""Accounts that a row states anew, -1 where nothing is stated; to others it adds."""


@dataclass(frozen=True)
class State:
    """What is known of a park between two issues. Nothing in it is ever changed in place.

    Parameters
    ----------
    accounts : Dataset
        ``quota``, ``used`` [g], ``verified``, ``recalled``, ``granted``, ``charged``, ``closed``
        (enterprise, pollutant, period); ``debt``, ``planned_mass``, ``foreseen_mass`` [g]
        (enterprise, pollutant); whole numbers, with ``days``, ``start`` and ``year`` by period.
    lots : DataFrame
        ``enterprise``, ``pollutant``, ``born``, ``expires``, ``lot`` [g], the oldest first.
    ledger : DataFrame
        Every row that led here; rows are only ever added.

    Examples
    --------
    >>> dict(opened(["E1", "E2"], ["COD"]).accounts.sizes)
    {'enterprise': 2, 'pollutant': 1, 'period': 0}
    """

    accounts: xr.Dataset
    lots: pd.DataFrame
    ledger: pd.DataFrame


def opened(enterprises: Iterable[str], pollutant: Iterable[str]) -> State:
    """State of a park before its first issue.

    Parameters
    ----------
    enterprises : iterable of str
        Labels of the members, in any order.
    pollutant : iterable of str
        Labels of the pollutants.

    Returns
    -------
    State
        No period, no lots, empty ledger.

    Raises
    ------
    DataError
        If a label is there twice.

    Examples
    --------
    >>> opened(["E1"], ["COD", "TP"]).ledger.empty
    True
    """
    labels = {}
    for name, given in (("enterprise", enterprises), ("pollutant", pollutant)):
        index = index_of(sorted(map(str, given)))
        refuse_repeats(index, index[:0], name)
        labels[name] = index.to_numpy(dtype=str)
    shape = tuple(len(values) for values in labels.values())
    coords = {
        **labels,
        "period": np.array([], dtype=str),
        "days": ("period", np.array([], dtype=float)),
        "start": ("period", np.array([], dtype="datetime64[ns]")),
        "year": ("period", np.array([], dtype=np.int64)),
    }
    dims = ("enterprise", "pollutant", "period")
    arrays = {name: (dims, np.zeros((*shape, 0), np.int64)) for name in BY_PERIOD}
    flat = {
        name: (dims[:2], np.full(shape, -1 if name in STATED else 0, np.int64))
        for name in BY_ENTERPRISE
    }
    return State(described(xr.Dataset({**arrays, **flat}, coords)), no_lots(), no_rows())


def no_lots() -> pd.DataFrame:
    """Table without lots."""
    kinds = ["str", "str", "str", "datetime64[ns]", "int64"]
    return pd.DataFrame(dict(zip(LOTS, (pd.Series(dtype=kind) for kind in kinds), strict=True)))


def no_rows() -> pd.DataFrame:
    """Ledger without rows."""
    whole = ("entry", "quota")
    return pd.DataFrame(
        {name: pd.Series(dtype="int64" if name in whole else "str") for name in LEDGER}
    )
