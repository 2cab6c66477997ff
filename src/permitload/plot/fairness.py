"""Rules of sharing side by side: what each gives up, and how even it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import lacking
from permitload.errors import DataError, Fault, raise_faults
from permitload.plot import _style
from permitload.plot.labels import bilingual, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["fairness"]

_MEASURES = ("price_in_total", "price_in_cost", "gini")
_MOST_RULES = 40


def fairness(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Bars of the price in total load, the price in cost and the Gini coefficient of each rule.

    Shorter is better for all three; which matters is for the reader to say.

    Parameters
    ----------
    table : DataFrame
        By rule: ``price_in_total``, ``gini``, and ``price_in_cost`` where there is a cost [1], as
        ``fairness.price_of_fairness`` returns them. NaN, where a number is undefined, has no bar.
        The first 40 rules are drawn.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Rules downwards in the order of the table, a group of bars each, numbers at their ends.

    Raises
    ------
    DataError
        If a column is missing, there is no rule, or a number is negative or infinite.

    Examples
    --------
    >>> table = pd.DataFrame({"price_in_total": [0.1], "gini": [0.25]}, ["proportion"])
    >>> [text.get_text() for text in fairness(table).texts]
    ['10.0 %', '0.250']
    """
    names = [name for name in _MEASURES if name in table]
    _refuse(table, names)
    rows = table.iloc[:_MOST_RULES]
    height = 0.8 / len(names)
    ax = _style.axes(ax, 9.0, 1.8 + 0.25 * len(names) * len(rows))
    for k, (name, colour) in enumerate(zip(names, _style.QUALITATIVE, strict=False)):
        place = np.arange(len(rows)) + (k - (len(names) - 1) / 2) * height
        values = rows[name].to_numpy(dtype=float)
        ax.barh(place, np.nan_to_num(values), height, color=colour, label=label(name))
        for y, value in zip(place, values, strict=True):
            ax.annotate(_written(name, value), (np.nan_to_num(value), y), (3, 0),
                        textcoords="offset points", va="center", fontsize=7)  # fmt: skip
    ax.set_yticks(range(len(rows)), _style.drawable(rows.index), fontsize=8)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.set_xlim(left=0.0)
    ax.set_xlabel(bilingual("占比或系数", "part, or coefficient"))
    ax.set_ylabel(bilingual("分配规则", "rule"), labelpad=8)
    more = "" if len(rows) == len(table) else f" ({len(rows)} / {len(table)})"
    ax.set_title(f"{bilingual('公平的代价', 'price of fairness')}{more}", fontsize=10)
    ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    _style.finish(ax)
    return ax


def _written(name: str, value: float) -> str:
    """Write a price in per cent, a coefficient as it is."""
    if np.isnan(value):
        return bilingual("无定义", "undefined")
    return f"{value:.3f}" if name == "gini" else f"{value:.1%}".replace("%", " %")


def _refuse(table: pd.DataFrame, names: list[str]) -> None:
    """Refuse a table without rules or columns, and numbers that no bar shows."""
    if table.empty:
        raise DataError("the table has no rules; right would be one at least")
    faults = lacking(table, "rules", ("price_in_total", "gini"))
    faults += [
        Fault("rules", rule, name, value, "is out of range", "a finite number >= 0, or NaN")
        for name in names
        for rule, value in table[name].items()
        if not (np.isnan(value) or 0.0 <= value < np.inf)
    ]
    raise_faults(faults)
