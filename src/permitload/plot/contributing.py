"""Who makes the concentration at each section, by period."""

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

__all__ = ["contribution_bars"]

_COLUMNS = ("section", "source_class", "period", "contribution", "contribution_lower",
            "contribution_upper")  # fmt: skip
_CLASSES = {"industry": "工业", "domestic": "生活", "farm": "农业", "other": "其他"}
_ACROSS = 3
_MOST = 12
_MOST_TICKS = 12


def contribution_bars(contributions: pd.DataFrame) -> Axes:
    """Stacked bars of the rise that each source class makes, one panel a section.

    Parameters
    ----------
    contributions : DataFrame
        Of one pollutant: ``section``, ``source_class``, ``period``, ``contribution``,
        ``contribution_lower`` and ``contribution_upper`` [mg/L], a row for each of the three.

    Returns
    -------
    Axes
        The first panel: a bar a period, a part a class, a line at its end for the interval of
        that part alone. The 12 sections with the greatest rise are drawn, in their own order.

    Raises
    ------
    DataError
        If a column is missing, there is no row, or a number is not finite or negative.

    Examples
    --------
    >>> table = pd.DataFrame({"section": "S", "source_class": ["industry", "farm"],
    ...     "period": "dry", "contribution": [0.4, 0.1], "contribution_lower": [0.4, 0.05],
    ...     "contribution_upper": [0.4, 0.2]})
    >>> [float(bar.get_y()) for bar in contribution_bars(table).patches]
    [0.0, 0.4]
    """
    _refuse(contributions)
    shown, count = _greatest(contributions)
    axes = _panels(shown["section"].nunique())
    groups = shown.groupby("section", sort=False)
    for ax, (section, rows) in zip(axes, groups, strict=True):
        _stacked(ax, rows)
        ax.set_title(_style.drawable([section])[0], fontsize=10, loc="left")
        _style.finish(ax)
    figure = axes[0].figure
    more = "" if len(axes) == count else f" ({len(axes)} / {count})"
    marks, words = axes[0].get_legend_handles_labels()
    legend = figure.legend(
        marks, words, loc="outside upper left", ncols=4, fontsize=8, frameon=False,
        title=label("contribution") + more,
    )  # fmt: skip
    for text in [legend.get_title(), *legend.get_texts()]:
        text.set_fontfamily(_style.families())
    return axes[0]


def _greatest(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Sections where the classes together make most, in their own order, and how many there are."""
    total = table.groupby(["section", "period"], sort=False)["contribution"].sum()
    worst = total.groupby("section", sort=False).max()
    kept = worst.sort_values(ascending=False, kind="stable").index[:_MOST]
    return table[table["section"].isin(kept)], len(worst)


def _panels(count: int) -> list[Axes]:
    """Panels of one Figure that share their scale, row by row."""
    from matplotlib.figure import Figure

    across = min(count, _ACROSS)
    down = -(-count // across)
    figure = Figure((3.6 * across + 0.4, 2.3 * down + 0.6), layout="constrained")
    axes: list[Axes] = []
    for k in range(count):
        axes.append(figure.add_subplot(down, across, k + 1, sharey=axes[0] if axes else None))
    return axes


def _stacked(ax: Axes, rows: pd.DataFrame) -> None:
    """Stack the classes of one section over its periods, each with its interval."""
    periods = pd.unique(rows["period"])
    place, base = np.arange(len(periods)), np.zeros(len(periods))
    for k, (name, some) in enumerate(rows.groupby("source_class", sort=False)):
        part = some.set_index("period").loc[periods]
        height = part["contribution"].to_numpy(dtype=float)
        colour = _style.QUALITATIVE[k % len(_style.QUALITATIVE)]
        words = bilingual(_CLASSES[str(name)], str(name)) if name in _CLASSES else str(name)
        ax.bar(place, height, 0.75, base, color=colour, label=words)
        ends = part[["contribution_lower", "contribution_upper"]].to_numpy(dtype=float).T
        base = base + height
        if (ends[1] > ends[0]).any():
            reach = np.abs(ends - height)
            ax.errorbar(place + 0.12 * (k - 1), base, reach, fmt="none", ecolor=_style.INK,
                        elinewidth=0.8, capsize=1.5)  # fmt: skip
    step = -(-len(periods) // _MOST_TICKS)
    ticks = _style.drawable(str(period) for period in periods[::step])
    ax.set_xticks(place[::step], ticks, fontsize=7, rotation=60)
    ax.tick_params(axis="y", labelsize=8)
    ax.set_ylabel("mg/L", fontsize=8)


def _refuse(table: pd.DataFrame) -> None:
    """Refuse a table without rows or columns, and numbers that no bar shows."""
    raise_faults(lacking(table, "contributions", _COLUMNS))
    if table.empty:
        raise DataError("contributions has no row; right would be one at least")
    values = table[list(_COLUMNS[3:])].to_numpy(dtype=float)
    if not (np.isfinite(values) & (values >= 0.0)).all():
        right = "finite numbers >= 0"
        raise_faults([Fault("contributions", None, "contribution", None, "is no number", right)])
