"""Closure of permits to the capacity that falls to their park."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from permitload.errors import Fault, raise_faults

__all__ = ["Closure", "close"]

_KEY = ["park", "pollutant"]


class Closure(NamedTuple):
    """Permits closed to the capacities of their parks.

    Parameters
    ----------
    permits : DataFrame
        Rows of ``limits`` with ``closed_permit`` [t/a] and ``closure_factor`` [1].
    parks : DataFrame
        By ``park`` and ``pollutant``: ``permit`` (sum) [t/a], ``park_capacity``,
        ``closed_permit`` (sum), ``closure_factor`` [1], ``residual`` [t/a].
    """

    permits: pd.DataFrame
    parks: pd.DataFrame


def close(permits: pd.DataFrame, park_capacities: pd.DataFrame) -> Closure:
    """Scale what permits have above the advanced line so that they fit their park's capacity.

    Where the permits of a park exceed its capacity, the part of each above advanced line ×
    capacity is multiplied by one factor; what stands at or below that line is never cut. What
    is left over or lacks is the residual.

    Parameters
    ----------
    permits : DataFrame
        As :func:`limits` returns it, in the book ``discharged``.
    park_capacities : DataFrame
        ``park``, ``pollutant``, ``park_capacity`` [t/a], which keeps its sign. Parks that are not
        in the table are not closed: their factor is 1 and their residual is missing.

    Returns
    -------
    Closure
        Permits, and parks with the ``residual`` = capacity - permits after closure, negative
        where even the advanced level exceeds the capacity.

    Raises
    ------
    DataError
        If a permit to be closed counts accepted load (the works' law stands between it and the
        water), has no advanced line where it must be cut, or a capacity repeats or is no number.

    Notes
    -----
    L' = B + s (L - B), B = min(L, advanced · capacity), s = clip((C - ΣB)/Σ(L - B), 0, 1). A
    proposal: the text has no rule of closure, and asks only for a link to the capacity.

    Examples
    --------
    >>> permits = pd.DataFrame({"enterprise": ["a", "b"], "park": "P", "pollutant": "COD",
    ...     "book": "discharged", "permit": [60.0, 50.0], "advanced_load": [40.0, 50.0]})
    >>> capacity = pd.DataFrame({"park": ["P"], "pollutant": ["COD"], "park_capacity": [100.0]})
    >>> closed = close(permits, capacity)
    >>> closed.permits["closed_permit"].to_list(), closed.parks["residual"].item()
    ([50.0, 50.0], 0.0)
    """
    raise_faults(_capacity_faults(park_capacities, permits))
    table = permits.merge(park_capacities[[*_KEY, "park_capacity"]], how="left", on=_KEY)
    issued = table[table["permit"].notna()]
    total = table.groupby(_KEY)["permit"].transform("sum")
    over = table["park_capacity"].notna() & (total > table["park_capacity"])
    base = table["advanced_load"].where(over, table["permit"]).clip(upper=table["permit"])
    raise_faults(_permit_faults(issued, over & table["permit"].notna() & base.isna()))
    above = table["permit"] - base
    sums = {name: part.groupby([table[k] for k in _KEY]).transform("sum")
            for name, part in (("base", base), ("above", above))}  # fmt: skip
    room = (table["park_capacity"] - sums["base"]) / sums["above"].where(sums["above"] > 0.0)
    table["closure_factor"] = room.clip(0.0, 1.0).where(over & room.notna(), 1.0)
    table["closed_permit"] = base + table["closure_factor"] * above
    parks = (
        table.groupby(_KEY, as_index=False)
        .agg(
            permit=("permit", _sum),
            park_capacity=("park_capacity", "first"),
            closed_permit=("closed_permit", _sum),
            closure_factor=("closure_factor", "min"),
        )
        .sort_values(_KEY, ignore_index=True)
    )
    parks["residual"] = parks["park_capacity"] - parks["closed_permit"]
    return Closure(table.drop(columns="park_capacity"), parks)


def _sum(values: pd.Series[float]) -> float:
    """Sum of the permits of a park; NaN where all are refused."""
    return float(values.sum(min_count=1))


def _capacity_faults(park_capacities: pd.DataFrame, permits: pd.DataFrame) -> Iterator[Fault]:
    known = set(permits[_KEY].itertuples(index=False, name=None))
    twice = park_capacities.duplicated(_KEY)
    for row, again in zip(park_capacities.to_dict("records"), twice, strict=True):
        where = f"{row['park']}, {row['pollutant']}"
        if again:
            yield Fault("park_capacities", where, "park", None, "is repeated", "one row a key")
        if (row["park"], row["pollutant"]) not in known:
            yield Fault("park_capacities", where, "park", None, "has no permit", "a park with one")
        if not np.isfinite(row["park_capacity"]):
            value = row["park_capacity"]
            yield Fault("park_capacities", where, "park_capacity", value, "is no number", "t/a")


def _permit_faults(issued: pd.DataFrame, open_: pd.Series[bool]) -> Iterator[Fault]:
    """Permits in the wrong book, and those without the line that they are scaled to."""
    for i, row in issued.iterrows():
        where = f"{row['enterprise']}, {row['pollutant']}"
        if not np.isnan(row["park_capacity"]) and row["book"] != "discharged":
            right = "the discharged book: capacity is of water"
            yield Fault("permits", where, "book", row["book"], "does not reach the water", right)
        if open_[i]:
            right = "an advanced line and a capacity, to scale above"
            yield Fault("permits", where, "advanced_load", None, "is missing", right)
