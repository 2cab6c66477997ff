"""The ledger read back: the state that its rows add up to."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
import xarray as xr

from permitload.errors import DataError, Fault, raise_faults
from permitload.reallocation._books import Books, Lot, balances, lots_of
from permitload.reallocation._settle import LEVELS
from permitload.reallocation.state import BOOKS, BY_ENTERPRISE, BY_PERIOD, LEDGER, STATED, State

__all__ = ["replay"]

_EVERY = "all rows of a ledger"


def replay(ledger: pd.DataFrame, forecast: xr.Dataset) -> State:
    """Add up a ledger, or its first rows, to the state that it describes.

    With the state before a period and the inputs of that period, :func:`update` writes the same
    rows again: so any month is derived anew.

    Parameters
    ----------
    ledger : DataFrame
        Rows of a ledger in order, from the first.
    forecast : Dataset
        Any Dataset with ``days``, ``start`` and ``year`` of the periods of the ledger, such as
        the accounts of a state.

    Returns
    -------
    State
        Accounts, lots and the same ledger.

    Raises
    ------
    DataError
        If columns or periods are missing, books or evidence unknown, rows are not in order, or an
        account or a lot would be negative.

    Examples
    --------
    >>> from permitload.reallocation import opened
    >>> state = opened([], [])
    >>> replay(state.ledger, state.accounts).accounts.sizes["period"]
    0
    """
    _refuse(ledger, forecast)
    period = list(dict.fromkeys(ledger["period"]))
    members = ledger["enterprise"][ledger["enterprise"] != ""]
    time = {name: forecast[name].sel(period=period).values for name in ("days", "start", "year")}
    enterprise, pollutant = sorted(set(members)), sorted(set(ledger["pollutant"]))
    shape = (len(enterprise), len(pollutant))
    account = {name: np.zeros((*shape, len(period)), np.int64) for name in BY_PERIOD}
    account |= {
        name: np.full(shape, -1 if name in STATED else 0, np.int64) for name in BY_ENTERPRISE
    }
    books = Books(enterprise, pollutant, period, time, account, {})
    _add_up(books, ledger)
    negative = [name for name in account if name not in STATED and (account[name] < 0).any()]
    raise_faults([Fault("ledger", None, n, None, "falls below 0", _EVERY) for n in negative])
    return State(balances(books), lots_of(books), ledger.reset_index(drop=True))


class Row(Protocol):
    """What a row of the ledger says of a lot."""

    entry: int
    born: str
    quota: int
    reason: str
    expires: str


def _add_up(books: Books, ledger: pd.DataFrame) -> None:
    who, what, when = (
        {name: k for k, name in enumerate(names)}
        for names in (books.enterprise, books.pollutant, books.period)
    )
    account = books.account
    appeared: set[str] = set()
    for row in ledger.itertuples(index=False):
        if row.enterprise == "":
            continue
        i, p, k, mass = who[row.enterprise], what[row.pollutant], when[row.born], int(row.quota)
        if row.enterprise not in appeared:
            appeared.add(row.enterprise)
            account["verified"][i, :, : when[row.period]] = 2
        if row.book in STATED:
            books.state_anew(row.book, (i, p), mass)
        elif row.book == "debt":
            account["debt"][i, p] += mass
            name = {"charged": "charged", "lot spent": "granted"}.get(row.reason)
            if name:
                account[name][i, p, k] += mass if name == "charged" else -mass
        elif row.book == "lot":
            _lot(books, (i, p, k), row)
        else:
            account[row.book][i, p, k] += mass
            if row.book == "used":
                account["verified"][i, p, k] = LEVELS[row.reason]


def _lot(books: Books, at: tuple[int, int, int], row: Row) -> None:
    """Change a lot as a row says."""
    i, p, k = at
    if row.reason != "drawn":
        books.account["granted"][at] += int(row.quota)
    lots = books.lots.setdefault((i, p), [])
    if row.quota > 0:
        lots.append(Lot(k, pd.Timestamp(row.expires), int(row.quota)))
        lots.sort(key=lambda lot: lot.born)
        return
    rest = -int(row.quota)
    for n, lot in enumerate(lots):
        part = min(rest, lot.mass) if lot.born == k else 0
        lots[n], rest = lot._replace(mass=lot.mass - part), rest - part
    if rest:
        problem = f"is more than the lots of {row.born} hold"
        raise_faults([Fault("ledger", row.entry, "quota", row.quota, problem, _EVERY)])
    books.lots[i, p] = [lot for lot in lots if lot.mass]


def _refuse(ledger: pd.DataFrame, forecast: xr.Dataset) -> None:
    lacking = [name for name in LEDGER if name not in ledger]
    if lacking:
        raise DataError(f"ledger lacks {', '.join(lacking)}; right would be {', '.join(LEDGER)}")
    known = set(forecast["period"].values.tolist())
    faults = [
        Fault("ledger", label, "period", None, "is unknown", "a period with days, start and year")
        for label in sorted({*ledger["period"], *ledger["born"]} - known)
    ]
    evidence = ledger["reason"].where(ledger["book"] == "used", "verified")
    for name, cells, right in (("book", ledger["book"], BOOKS), ("reason", evidence, LEVELS)):
        faults += [
            Fault("ledger", int(k), name, cells.iloc[k], "is unknown", f"one of {', '.join(right)}")
            for k in np.flatnonzero(~cells.isin(list(right)))
        ]
    wrong = np.flatnonzero(ledger["entry"].to_numpy() != np.arange(len(ledger)))
    faults += [
        Fault("ledger", int(k), "entry", ledger["entry"].iloc[k], "is out of order", f"{k}")
        for k in wrong[:1]
    ]
    raise_faults(faults)
