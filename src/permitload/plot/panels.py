"""Small multiples: one panel a pollutant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import lacking
from permitload.errors import DataError, Fault, raise_faults
from permitload.plot import _style
from permitload.plot.labels import bilingual, label
from permitload.plot.maps import network_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from permitload.network import RiverNetwork

__all__ = ["alternatives_bars", "network_maps"]

_ACROSS = 2
"""Panels side by side."""


def alternatives_bars(alternatives: pd.DataFrame) -> Axes:
    """Capacity and present load of every alternative, one panel a pollutant.

    Parameters
    ----------
    alternatives : DataFrame
        ``pollutant``, ``name``, ``total`` and ``source_load`` [kg/d]; the first row of each
        pollutant is the base.

    Returns
    -------
    Axes
        The first panel: a bar a row, a dot at the present load, a line at the total of the base,
        and the change against it.

    Raises
    ------
    DataError
        If a column is missing, or there is no row.

    Examples
    --------
    >>> table = pd.DataFrame({"pollutant": ["TN", "TN"], "name": ["present", "diversion"],
    ...                       "total": [5.0, 6.0], "source_load": [4.0, 4.0]})
    >>> [float(bar.get_width()) for bar in alternatives_bars(table).containers[0]]
    [5.0, 6.0]
    """
    _refuse(alternatives)
    groups = list(alternatives.groupby("pollutant", sort=False))
    height = 0.9 + 0.3 * max(len(rows) for _, rows in groups)
    axes = _grid(len(groups), 6.2, height)
    for ax, (pollutant, rows) in zip(axes, groups, strict=True):
        place = np.arange(len(rows))
        ax.barh(place, rows["total"], height=0.6, color=_style.QUALITATIVE[4],
                label=label("total"))  # fmt: skip
        ax.scatter(rows["source_load"], place, s=26, color=_style.INK, zorder=3,
                   label=bilingual("现状排放量", "present load"))  # fmt: skip
        base = float(rows["total"].iloc[0])
        ax.axvline(base, color=_style.INK, linewidth=0.8, linestyle="--")
        for at, total in zip(place[1:], rows["total"].iloc[1:], strict=True):
            change = f" {total / base - 1.0:+.1%}" if base > 0.0 else f" {total - base:+.3g}"
            ax.annotate(change, (max(total, base), at), va="center", fontsize=8)
        ax.margins(x=0.14)
        ax.set_yticks(place, _style.drawable(rows["name"]), fontsize=8)
        ax.invert_yaxis()
        ax.set_title(_style.drawable([pollutant])[0], fontsize=10, loc="left")
        ax.set_xlabel("kg/d", fontsize=8)
        ax.tick_params(axis="x", labelsize=8)
    for ax in axes:
        _style.finish(ax)
    marks, words = axes[0].get_legend_handles_labels()
    legend = axes[0].figure.legend(marks, words, loc="outside upper left", ncols=2, fontsize=8,
                                   frameon=False)  # fmt: skip
    for text in legend.get_texts():
        text.set_fontfamily(_style.families())
    return axes[0]


def network_maps(
    network: RiverNetwork, values: Mapping[str, pd.Series[float]], sections: pd.DataFrame
) -> Axes:
    """Draw maps of one network, one panel a pollutant.

    Parameters
    ----------
    network : RiverNetwork
        With ``x`` and ``y`` [m] of every node.
    values : mapping of Series
        Title of the panel → colour of reaches, as for :func:`network_map`.
    sections : DataFrame
        As for :func:`network_map`.

    Returns
    -------
    Axes
        The first panel.

    Raises
    ------
    DataError
        As :func:`network_map`, or if there is no panel.

    Examples
    --------
    >>> from permitload import RiverNetwork
    >>> reaches = {"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [1000.0]}
    >>> nodes = pd.DataFrame({"node": ["a", "b"], "x": [0.0, 900.0], "y": [0.0, 400.0]})
    >>> sections = pd.DataFrame({"section": ["S"], "reach": ["R"], "position": [500.0]})
    >>> use = pd.Series({"R": 0.5}, name="capacity_use")
    >>> ax = network_maps(RiverNetwork(pd.DataFrame(reaches), nodes), {"TN": use}, sections)
    >>> ax.get_title("right")
    'TN'
    """
    if not values:
        raise DataError("network_maps: no values; right would be one Series a panel")
    axes = _grid(len(values), 8.6, 7.4)
    for ax, (title, of_reach) in zip(axes, values.items(), strict=True):
        network_map(network, of_reach, sections, ax=ax)
        ax.set_title(_style.drawable([title])[0], fontsize=11, loc="right")
        _style.finish(ax)
    return axes[0]


def _grid(count: int, width: float, height: float) -> list[Axes]:
    """Panels of one Figure, row by row; no more than are needed."""
    from matplotlib.figure import Figure

    across = min(count, _ACROSS)
    down = -(-count // across)
    figure = Figure((width * across, height * down), layout="constrained")
    return [figure.add_subplot(down, across, k + 1) for k in range(count)]


def _refuse(alternatives: pd.DataFrame) -> None:
    needed = ("pollutant", "name", "total", "source_load")
    faults = lacking(alternatives, "alternatives", needed)
    if not faults and alternatives.empty:
        faults.append(Fault("alternatives", None, "rows", None, "has no row", "a base"))
    raise_faults(faults)
