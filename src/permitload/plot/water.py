"""Computed flow: long profile, map of flow, series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from permitload.errors import DataError, Fault, raise_faults
from permitload.plot import _style, maps
from permitload.plot.labels import bilingual, label
from permitload.schema import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from permitload.network import RiverNetwork

    Floats = NDArray[np.float64]

__all__ = ["flow_map", "long_profile", "water_series"]

_BED, _WATER = "#a6926b", "#9ecae1"
_THIN, _THICK = 1.5, 9.0
"""Widths of the line without flow and with the greatest [points]."""
_MOST_LINES = len(_style.QUALITATIVE)
_MOST_WORDS = 40
"""More reaches than this have no number: it would cover the map."""


def long_profile(
    network: RiverNetwork, hydraulics: xr.Dataset, reach: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Bed, stage and depth along a path of reaches, at one instant or in one period.

    Parameters
    ----------
    network : RiverNetwork
        With ``bed_from`` and ``bed_to`` [m] of every reach of the path.
    hydraulics : Dataset
        One instant or period of ``hydraulics.steady`` or ``hydraulics.unsteady``: ``stage``
        (node) [m] and, where it has them, ``cell_stage`` (cell) between the nodes.
    reach : sequence of str
        The path: each reach begins at the node where the last one ends, whichever way it is
        drawn.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Distance along the path [m] to the right, bed and stage [m] upwards; the depth [m] is
        the dashed line, on an axis of its own to the right.

    Raises
    ------
    DataError
        If the path is empty or broken, a bed or a stage is missing, or there are several
        instants.

    Examples
    --------
    >>> from permitload.network import RiverNetwork
    >>> reaches = pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"],
    ...                         "length": [1000.0], "bed_from": [0.5], "bed_to": [0.0]})
    >>> water = xr.Dataset({"stage": ("node", [2.0, 1.9])}, {"node": ["a", "b"]})
    >>> ax = long_profile(RiverNetwork(reaches), water, ["R"])
    >>> [line.get_ydata().round(3).tolist() for line in ax.lines[:2]]
    [[0.5, 0.0], [2.0, 1.9]]
    """
    ahead = _path(network, hydraulics, list(reach))
    at, bed, stage, ends = _course(network, hydraulics, list(reach), ahead)
    ax = _style.axes(ax, 9.0, 4.2)
    ax.plot(at, bed, color=_BED, linewidth=2.0, label=bilingual("河底高程", "bed"))
    ax.plot(at, stage, color=_style.QUALITATIVE[0], linewidth=2.0, label=label("stage"))
    ax.fill_between(at, bed, stage, color=_WATER, alpha=0.5)
    deep = ax.twinx()
    (line,) = deep.plot(at, stage - bed, color=_style.INK, linestyle="--", label=label("depth"))
    deep.set_ylim(bottom=0.0)
    deep.set_ylabel(label("depth"))
    for place, node in ends:
        ax.axvline(place, color=_style.PALE, linewidth=0.8, zorder=0)
        ax.annotate(_style.drawable([node])[0], (place, 1.0), (0, 3), fontsize=8, ha="center",
                    xycoords=("data", "axes fraction"), textcoords="offset points")  # fmt: skip
    ax.set_xlabel(bilingual("沿程距离", "distance along the path [m]"))
    ax.set_ylabel(label("stage"))
    ax.legend(handles=[*ax.lines[:2], line], loc="upper left", bbox_to_anchor=(0.0, -0.16),
              ncols=3, fontsize=8, frameon=False)  # fmt: skip
    _style.finish(deep)
    _style.finish(ax)
    deep.spines["right"].set_visible(True)
    return ax


def _path(network: RiverNetwork, hydraulics: xr.Dataset, reach: list[str]) -> list[bool]:
    """Whether each reach is followed along its drawing; refuse what is no path of one instant."""
    if "stage" not in hydraulics or hydraulics["stage"].dims != ("node",):
        raise DataError(
            "hydraulics has no stage (node) of one instant; right would be isel(time=0)"
        )
    known = network.reaches.index
    faults = [
        Fault("reach", str(i), "reach", name, "is unknown", "a reach of reaches")
        for i, name in enumerate(reach)
        if name not in known
    ]
    if not reach:
        faults.append(Fault("reach", None, "reach", None, "is empty", "one reach or more"))
    faults += [
        Fault("reaches", name, column, None, "is empty", "a bed level [m]")
        for name in reach
        if name in known
        for column in ("bed_from", "bed_to")
        if np.isnan(network.reaches.at[name, column])
    ]
    raise_faults(faults)
    ends = [tuple(network.reaches.loc[name, ["from_node", "to_node"]]) for name in reach]
    first = len(ends) < 2 or ends[0][1] in ends[1]
    here = ends[0][1] if first else ends[0][0]
    ahead = [first]
    for name, (start, stop) in zip(reach[1:], ends[1:], strict=True):
        if here not in (start, stop):
            right = f"a reach that touches {here}"
            raise_faults([Fault("reach", None, "reach", name, "does not join the path", right)])
        ahead.append(here == start)
        here = stop if here == start else start
    return ahead


def _course(
    network: RiverNetwork, hydraulics: xr.Dataset, reach: list[str], ahead: list[bool]
) -> tuple[Floats, Floats, Floats, list[tuple[float, str]]]:
    """Distance, bed and stage at the points of a path; distance and label of its nodes."""
    level = hydraulics["stage"].to_series()
    at, bed, stage, ends = [], [], [], []
    so_far = 0.0
    for name, forwards in zip(reach, ahead, strict=True):
        row = network.reaches.loc[name]
        where, inside = _inner(hydraulics, name)
        nodes = [row["from_node"], row["to_node"]]
        raise_faults(
            Fault("hydraulics", node, "stage", None, "is missing", "a finite stage [m]")
            for node in nodes
            if not np.isfinite(level.get(node, np.nan))
        )
        share = np.concatenate([[0.0], where / row["length"], [1.0]])
        water = np.concatenate([[level[nodes[0]]], inside, [level[nodes[1]]]])
        ground = row["bed_from"] + share * (row["bed_to"] - row["bed_from"])
        if not forwards:
            share, water, ground, nodes = 1.0 - share[::-1], water[::-1], ground[::-1], nodes[::-1]
        at.append(so_far + share * row["length"])
        bed.append(ground)
        stage.append(water)
        ends.append((so_far, str(nodes[0])))
        so_far += float(row["length"])
    ends.append((so_far, str(nodes[1])))
    return np.concatenate(at), np.concatenate(bed), np.concatenate(stage), ends


def _inner(hydraulics: xr.Dataset, name: str) -> tuple[Floats, Floats]:
    """Positions [m] and stages [m] of the cells inside a reach, if there are any."""
    if "cell_stage" not in hydraulics:
        return np.empty(0), np.empty(0)
    mine = hydraulics["cell_reach"].to_numpy() == name
    return (
        hydraulics["cell_position"].to_numpy()[mine],
        hydraulics["cell_stage"].to_numpy()[mine],
    )


def flow_map(network: RiverNetwork, flow: pd.Series[float], ax: Axes | None = None) -> Axes:
    """Map of the rivers whose width and colour show the flow, with arrows along the water.

    Parameters
    ----------
    network : RiverNetwork
        With ``x`` and ``y`` [m] of every node. Parallel reaches are bowed apart.
    flow : Series
        Discharge [m3/s] by reach; its sign turns the arrow. A reach without flow (1e-9 of
        the greatest, or of 1 m3/s, is rounding) is thin and has no arrow; reaches that are not
        named, and NaN, are dotted.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Map in metres with equal scales; up to 40 reaches have their number.

    Raises
    ------
    DataError
        If a node has no coordinates, or the Series names a reach that is not there.

    Examples
    --------
    >>> from permitload.network import RiverNetwork
    >>> reaches = pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"],
    ...                         "length": [1000.0]})
    >>> nodes = pd.DataFrame({"node": ["a", "b"], "x": [0.0, 800.0], "y": [0.0, 600.0]})
    >>> flow_map(RiverNetwork(reaches, nodes), pd.Series({"R": -3.2})).texts[0].get_text()
    '3.2'
    """
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection

    colours = colormaps["viridis_r"].with_extremes(bad=_style.PALE)
    maps._refuse(network, None, flow)
    lines = maps._lines(network)
    values = flow.reindex(network.reaches.index).to_numpy(float, copy=True)
    values[np.abs(values) <= 1e-9 * max(np.nanmax(np.abs(values), initial=0.0), 1.0)] = 0.0
    size = np.abs(values)
    most = float(np.nanmax(size, initial=0.0)) or 1.0
    ax = _style.axes(ax, maps._WIDTH, maps._height(lines))
    width = _THIN + (_THICK - _THIN) * np.sqrt(np.nan_to_num(size) / most)
    rivers = LineCollection(list(lines), linewidths=width, cmap=colours, capstyle="butt",
                            linestyles=["-" if v else ":" for v in np.isfinite(size)])  # fmt: skip
    rivers.set_array(np.ma.masked_invalid(size))
    rivers.set_clim(0.0, most)
    ax.add_collection(rivers)
    bar = ax.figure.colorbar(rivers, ax=ax, shrink=0.8)
    bar.set_label(label("flow"))
    _style.finish(bar.ax)
    maps._draw_arrows(ax, lines, values)
    _numbers(ax, lines, size)
    maps._frame(ax, network, lines)
    _style.finish(ax)
    return ax


def _numbers(ax: Axes, lines: Floats, size: Floats) -> None:
    """Write the flow beside the first third of each reach."""
    if len(size) > _MOST_WORDS:
        return
    for line, value in zip(lines, size, strict=True):
        if np.isfinite(value):
            ax.annotate(f"{value:.3g}", line[len(line) // 3], (5, 5), fontsize=8,
                        textcoords="offset points", zorder=4)  # fmt: skip


def water_series(values: xr.DataArray, ax: Axes | None = None) -> Axes:
    """Lines over time, or over the periods, of stages at nodes or flows of reaches.

    Parameters
    ----------
    values : DataArray (node or reach or structure, time or period)
        Such as ``stage`` or ``flow`` of ``hydraulics.unsteady``, at the chosen places; up to 7.
        NaN leaves a gap.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Time to the right, a line a place; flows have a line at 0, where they turn round.

    Raises
    ------
    DataError
        If the dimensions are others, or there are no places or more than 7.

    Examples
    --------
    >>> stage = xr.DataArray([[1.0, 1.5]], {"node": ["sea"], "period": ["dry", "wet"]},
    ...                      name="stage")
    >>> water_series(stage).lines[0].get_ydata().tolist()
    [1.0, 1.5]
    """
    axis = next((d for d in ("time", "period") if d in values.dims), "")
    place = next((d for d in ("node", "reach", "structure") if d in values.dims), "")
    if set(values.dims) != {axis, place}:
        right = "a node, reach or structure, and time or period"
        raise DataError(f"values has dimensions {values.dims}; right would be {right}")
    if not 0 < values.sizes[place] <= _MOST_LINES:
        message = f"values has {values.sizes[place]} places; right would be 1 to {_MOST_LINES}"
        raise DataError(message)
    ax = _style.axes(ax, 9.0, 3.8)
    table = values.transpose(axis, place).to_pandas()
    across = table.index if axis == "time" else np.arange(len(table))
    if (table.to_numpy() < 0.0).any() and "flow" in str(values.name):
        ax.axhline(0.0, color=_style.PALE, linewidth=0.8, zorder=0)
    drawn = [
        ax.plot(across, table[name], color=colour)[0]
        for name, colour in zip(table.columns, _style.QUALITATIVE, strict=False)
    ]
    if axis == "period":
        ax.set_xticks(across, _style.drawable(table.index), rotation=30, ha="right")
    ax.set_xlabel(label(axis))
    ax.set_ylabel(label(str(values.name)) if values.name in VARIABLES else str(values.name or ""))
    ax.legend(drawn, _style.drawable(table.columns), title=label(place), fontsize=8, frameon=False,
              title_fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))  # fmt: skip
    _style.finish(ax)
    return ax
