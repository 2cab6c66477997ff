"""Accounts while an update writes them: every change is a row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.reallocation.state import BOOKS, BY_PERIOD, LEDGER, LOTS, STATED, State, no_lots
from permitload.schema import described

__all__ = ["Books", "Lot", "balances", "open_books"]

Whole = NDArray[np.int64]
Row = tuple[str, int, int, int, int, str, str]


class Lot(NamedTuple):
    """Unused mass of a period, and the first day on which it is gone."""

    born: int
    expires: pd.Timestamp
    mass: int


@dataclass(slots=True)
class Books:
    """Accounts as whole-number arrays (enterprise, pollutant, period) and what was written."""

    enterprise: list[str]
    pollutant: list[str]
    period: list[str]
    time: dict[str, NDArray[Any]]
    account: dict[str, Whole]
    lots: dict[tuple[int, int], list[Lot]]
    rows: list[Row] = field(default_factory=list)

    def write(
        self, book: str, at: tuple[int, int, int], mass: int, reason: str, expires: str = ""
    ) -> None:
        """Change an account of (enterprise, pollutant, period born), and note it.

        Uses and plans are noted even where nothing changes: that they were stated is a fact.
        """
        i, p, born = at
        if mass == 0 and book not in ("used", *STATED):
            return
        if book in STATED:
            self.state_anew(book, (i, p), mass)
        elif book in BY_PERIOD:
            self.account[book][i, p, born] += mass
        elif book in self.account:
            self.account[book][i, p] += mass
        self.rows.append((book, born, i, p, mass, reason, expires))

    def state_anew(self, book: str, at: tuple[int, int], mass: int) -> None:
        """Set an account that rows state; a new plan ends what the last one foresaw."""
        self.account[book][at] = mass
        if book == "planned_mass":
            self.account["foreseen_mass"][at] = -1

    def take(self, at: tuple[int, int, int], mass: int, reason: str, born: int = -1) -> int:
        """Draw on lots, the oldest first, or on those of one period; return what was drawn."""
        i, p, _ = at
        rest, kept = mass, []
        for lot in self.lots.get((i, p), []):
            part = min(rest, lot.mass) if born in (-1, lot.born) else 0
            self.write("lot", (i, p, lot.born), -part, reason)
            rest -= part
            if lot.mass > part:
                kept.append(lot._replace(mass=lot.mass - part))
        self.lots[i, p] = kept
        return mass - rest

    def put(self, at: tuple[int, int, int], mass: int, expires: pd.Timestamp) -> None:
        """Grant a lot."""
        i, p, born = at
        self.write("lot", at, mass, "granted", f"{expires:%Y-%m-%d %H:%M:%S}")
        if mass > 0:
            lots = [*self.lots.get((i, p), []), Lot(born, expires, mass)]
            self.lots[i, p] = sorted(lots, key=lambda lot: lot.born)

    def held(self) -> Whole:
        """Mass in lots (enterprise, pollutant)."""
        total = np.zeros_like(self.account["debt"])
        for (i, p), lots in self.lots.items():
            total[i, p] = sum(lot.mass for lot in lots)
        return total

    def state(self, before: State, period: str) -> tuple[State, pd.DataFrame]:
        """State with the rows written added to the ledger, and those rows."""
        order = {book: k for k, book in enumerate(BOOKS)}
        rows = sorted(self.rows, key=lambda row: (order[row[0]], *row[1:4]))
        names = [*self.period, ""]
        first = len(before.ledger)
        who, what = [*self.enterprise, ""], self.pollutant
        table = pd.DataFrame(
            {
                "entry": np.arange(first, first + len(rows), dtype=np.int64),
                "period": pd.Series([period] * len(rows), dtype="str"),
                "book": pd.Series([row[0] for row in rows], dtype="str"),
                "born": pd.Series([names[row[1]] for row in rows], dtype="str"),
                "enterprise": pd.Series([who[row[2]] for row in rows], dtype="str"),
                "pollutant": pd.Series([what[row[3]] for row in rows], dtype="str"),
                "quota": np.array([row[4] for row in rows], dtype=np.int64),
                "reason": pd.Series([row[5] for row in rows], dtype="str"),
                "expires": pd.Series([row[6] for row in rows], dtype="str"),
            }
        )[LEDGER]
        ledger = pd.concat([before.ledger, table], ignore_index=True)
        return State(balances(self), lots_of(self), ledger), table


def open_books(state: State, enterprises: list[str]) -> Books:
    """Accounts of a state, with members that are new at 0; enterprises in the order of labels."""
    known = state.accounts["enterprise"].values.tolist()
    names = sorted({*map(str, known), *enterprises})
    place = [names.index(name) for name in known]
    account = {}
    for name, array in state.accounts.data_vars.items():
        values = array.transpose("enterprise", "pollutant", ...).values
        fresh = -1 if name in STATED else 0
        account[str(name)] = np.full((len(names), *values.shape[1:]), fresh, dtype=np.int64)
        account[str(name)][place] = values
    new = [i for i in range(len(names)) if i not in set(place)]
    account["verified"][new] = 2  # nobody discharged before being there
    pollutant = list(map(str, state.accounts["pollutant"].values))
    period = list(map(str, state.accounts["period"].values))
    lots: dict[tuple[int, int], list[Lot]] = {}
    for row in state.lots.itertuples(index=False):
        key = (names.index(row.enterprise), pollutant.index(row.pollutant))
        lot = Lot(period.index(row.born), pd.Timestamp(row.expires), int(row.lot))
        lots.setdefault(key, []).append(lot)
    time = {name: state.accounts[name].values for name in ("days", "start", "year")}
    return Books(names, pollutant, period, time, account, lots)


def balances(books: Books) -> xr.Dataset:
    """Accounts as a Dataset."""
    dims = ("enterprise", "pollutant", "period")
    arrays = {name: (dims[: v.ndim], v.copy()) for name, v in books.account.items()}
    coords: dict[str, Any] = {
        "enterprise": np.array(books.enterprise, dtype=str),
        "pollutant": np.array(books.pollutant, dtype=str),
        "period": np.array(books.period, dtype=str),
        **{name: ("period", values) for name, values in books.time.items()},
    }
    return described(xr.Dataset(arrays, coords))


def lots_of(books: Books) -> pd.DataFrame:
    """Lots as a table, by enterprise and pollutant, the oldest first."""
    rows = [
        (books.enterprise[i], books.pollutant[p], books.period[lot.born], lot.expires, lot.mass)
        for (i, p), lots in sorted(books.lots.items())
        for lot in lots
    ]
    table = no_lots()
    if not rows:
        return table
    return pd.DataFrame(rows, columns=LOTS).astype(table.dtypes.to_dict())
