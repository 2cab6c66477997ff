"""Accounts of one emission side by side, and where their difference comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import lacking
from permitload.errors import DataError, Fault, raise_faults
from permitload.plot import _style
from permitload.plot.labels import bilingual, chinese_font, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["books"]

_NAMES = ("group", "pollutant", "account", "book", "book_mass", "reference_mass", "mass_ratio",
          "concentration_part", "volume_part")  # fmt: skip
_MOST_BARS = 40
_CHINESE = {"accepted": "接管", "discharged": "外排"}


def books(compared: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Bars of the mass in each account, and of the parts of its difference from the reference.

    Parameters
    ----------
    compared : DataFrame
        As ``sources.compared_totals`` returns it, one kind of outlet: ``group``, ``pollutant``,
        ``account``, ``book``, ``book_mass``, ``reference_mass``, ``concentration_part``,
        ``volume_part`` [t/a], ``mass_ratio`` [1]. Rows without a mass have no bar. The first 40
        rows are drawn.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Accounts downwards: the mass, its ratio to the reference at the end; below it, narrow,
        what concentration and what water add to the reference.

    Raises
    ------
    DataError
        If a column is missing, there is no row, or a mass is infinite.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["plating"], "pollutant": "TN", "account": "permit",
    ...     "book": "discharged", "book_mass": 7.3, "reference_mass": 1.0, "mass_ratio": 7.3,
    ...     "concentration_part": 2.0, "volume_part": 4.3})
    >>> [text.get_text() for text in books(table).texts]
    ['7.3 ×']
    """
    _refuse(compared)
    rows = compared.iloc[:_MOST_BARS]
    ax = _style.axes(ax, 9.0, 1.8 + 0.45 * len(rows))
    place = np.arange(len(rows), dtype=float)
    numbers = {n: rows[n].to_numpy(dtype=float) for n in _NAMES[4:]}
    ax.barh(place - 0.15, np.nan_to_num(numbers["book_mass"]), 0.45, color=_style.PALE,
            label=label("book_mass"))  # fmt: skip
    start = numbers["reference_mass"]
    for name, colour in zip(_NAMES[7:], _style.QUALITATIVE, strict=False):
        width, shown = numbers[name], np.abs(numbers[name]) > 0
        ax.barh(place[shown] + 0.25, width[shown], 0.2, start[shown], color=colour,
                label=label(name))  # fmt: skip
        start = start + np.nan_to_num(width)
    for y, mass, ratio in zip(place, numbers["book_mass"], numbers["mass_ratio"], strict=True):
        text = bilingual("无对照", "not compared") if np.isnan(ratio) else f"{ratio:.3g} ×"
        ax.annotate(text, (np.nan_to_num(mass), y - 0.15), (3, 0),
                    textcoords="offset points", va="center", fontsize=8)  # fmt: skip
    names = rows[["group", "pollutant", "account"]].agg(" ".join, axis=1)
    kinds = [_CHINESE.get(b, b) if chinese_font() else b for b in rows["book"]]
    ax.set_yticks(place, _style.drawable(f"{n} ({b})" for n, b in zip(names, kinds, strict=True)),
                  fontsize=8)  # fmt: skip
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.set_xlabel(bilingual("年排放量", "mass of a year") + " [t/a]")
    ax.set_ylabel(label("account"), labelpad=8)
    more = "" if len(rows) == len(compared) else f" ({len(rows)} / {len(compared)})"
    ax.set_title(f"{bilingual('各口径排放量', 'accounts of one emission')}{more}", fontsize=10)
    ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    _style.finish(ax)
    return ax


def _refuse(compared: pd.DataFrame) -> None:
    """Refuse a table without rows or columns, and masses that no bar shows."""
    raise_faults(lacking(compared, "compared", _NAMES))
    if compared.empty:
        raise DataError("there are no accounts; right would be one row at least")
    raise_faults(
        Fault("compared", row, name, value, "is infinite", "a finite number, or NaN")
        for name in _NAMES[4:]
        for row, value in compared[name].items()
        if np.isinf(value)
    )
