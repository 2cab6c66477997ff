"""Tables of treatment options and of operating reductions, checked and in the order of labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload.allocation.costs import annual_cost
from permitload.errors import Fault, raise_faults
from permitload.schema import TABLES, VARIABLES, text

__all__ = ["AS_IS", "Option", "Pieces", "read_options", "read_reductions"]

Floats = NDArray[np.float64]

AS_IS = "as is"
"""Label of the option that changes nothing and costs nothing, unless the table says otherwise."""


class Option(NamedTuple):
    """One option of one source: position of the source, removal (pollutant) [1], costs."""

    source: int
    label: str
    removal: Floats
    capital: float
    annual: float


class Pieces(NamedTuple):
    """Operating reduction of one source and pollutant: sizes [kg/d], slopes [10^4 CNY/t]."""

    source: int
    pollutant: int
    size: Floats
    slope: Floats


def read_options(options: pd.DataFrame, source: list[str], pollutant: list[str]) -> list[Option]:
    """Options of every source, ``as is`` first, the others in the order of their labels."""
    table = _table(options, "options")
    faults = _known(table, "options", {"source": source, "pollutant": pollutant})
    costs = table[["capital", "operating", "interest", "lifetime"]]
    faults += _outside(table, "removal", 1.0) + _outside(table, "capital")
    faults += [
        Fault("options", _where(table, k), "operating", costs["operating"][k], *_NUMBER)
        for k in np.flatnonzero(~np.isfinite(costs["operating"])).tolist()
    ]
    lasting = ((costs["lifetime"] > 0) & (costs["interest"] >= 0)).to_numpy()
    faults += [
        Fault("options", _where(table, k), "lifetime", None, *_LASTING)
        for k in np.flatnonzero((costs["capital"] > 0) & ~lasting).tolist()
    ]
    raise_faults(faults)
    yearly = costs["operating"].to_numpy(dtype=float, copy=True)
    yearly[lasting] = annual_cost(*costs[lasting].to_numpy(dtype=float).T)
    money = pd.DataFrame({"capital": costs["capital"], "annual": yearly})
    found = []
    for (name, label), rows in table.groupby(["source", "option"], sort=False):
        same = money.loc[rows.index]
        if (same != same.iloc[0]).any(axis=None):
            where = f"{name}, {label}"
            faults.append(Fault("options", where, "capital", None, "differs by row", "one cost"))
        removal = np.zeros(len(pollutant))
        removal[[pollutant.index(p) for p in rows["pollutant"]]] = rows["removal"]
        capital, annual = same.iloc[0].tolist()
        found.append(Option(source.index(name), str(label), removal, capital, annual))
    raise_faults(faults)
    unchanged = set(range(len(source))) - {one.source for one in found if one.label == AS_IS}
    found += [Option(k, AS_IS, np.zeros(len(pollutant)), 0.0, 0.0) for k in unchanged]
    return sorted(found, key=lambda one: (source[one.source], one.label != AS_IS, one.label))


def read_reductions(
    reductions: pd.DataFrame | None, source: list[str], pollutant: list[str]
) -> list[Pieces]:
    """Pieces of every source and pollutant that has any, in the order of their numbers."""
    if reductions is None:
        return []
    table = _table(reductions, "reductions")
    faults = _known(table, "reductions", {"source": source, "pollutant": pollutant})
    faults += _outside(table, "reduction") + _outside(table, "marginal_cost")
    faults += _outside(table, "increment")
    raise_faults(faults)
    found = []
    for (name, kind), rows in table.sort_values("increment").groupby(["source", "pollutant"]):
        rows = rows[rows["reduction"] > 0]
        size, slope = rows["reduction"].to_numpy(), rows["marginal_cost"].to_numpy()
        if len(rows):
            found.append(Pieces(source.index(name), pollutant.index(kind), size, slope))
    return found


_NUMBER = ("is no number", "a finite number")
_LASTING = ("and interest are needed with capital", "lifetime > 0 [a] and interest >= 0 [1/a]")


def _table(given: pd.DataFrame, name: str) -> pd.DataFrame:
    """Columns as declared, defaults filled in, no key twice."""
    declared = TABLES[name]
    # Labels in the index are as good as in columns.
    given = given.reset_index() if given.index.names != [None] else given.reset_index(drop=True)
    lacking = [c for c in declared.columns if c.required and c.name not in given]
    raise_faults([Fault(name, None, c.name, None, "is missing", "a column") for c in lacking])
    table = given.copy()
    for column in declared.columns:
        default = np.nan if column.default is None else column.default
        if column.name not in table:
            table[column.name] = default
        if VARIABLES[column.name].is_label:
            table[column.name] = text(table[column.name])
        else:
            _refuse_texts(table, name, column.name)
            table[column.name] = table[column.name].astype(float).fillna(default)
    key = list(declared.key)
    raise_faults(
        [
            Fault(name, _where(table, k), key[-1], None, "is there twice", "one row each")
            for k in np.flatnonzero(table.duplicated(key)).tolist()
        ]
    )
    return table


def _refuse_texts(table: pd.DataFrame, name: str, column: str) -> None:
    """Refuse cells that are no number; an empty one has the default."""
    texts = table[column].map(lambda value: isinstance(value, str | bool | np.bool_))
    raise_faults(
        Fault(name, _where(table, k), column, table[column].iloc[k], *_NUMBER)
        for k in np.flatnonzero(texts).tolist()
    )


def _where(table: pd.DataFrame, k: int) -> str:
    return ", ".join(str(v) for v in table.iloc[k, :3])


def _known(table: pd.DataFrame, name: str, known: dict[str, list[str]]) -> list[Fault]:
    return [
        Fault(name, k + 1, column, label, "is not decided here", f"one of {len(labels)} known")
        for column, labels in known.items()
        for k, label in enumerate(table[column])
        if label not in labels
    ]


def _outside(table: pd.DataFrame, name: str, upper: float = np.inf) -> list[Fault]:
    values = table[name].to_numpy(dtype=float)
    right = "a number >= 0" if upper == np.inf else f"a number from 0 to {upper:g}"
    inside = (values >= 0) & (values <= upper) & np.isfinite(values)
    return [
        Fault("options", _where(table, k), name, values[k], "is out of range", right)
        for k in np.flatnonzero(~inside).tolist()
    ]
