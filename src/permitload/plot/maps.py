"""The river network on a map."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload.errors import Fault, raise_faults
from permitload.plot import _style
from permitload.plot.labels import bilingual, label
from permitload.schema import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from permitload.network import RiverNetwork

    Floats = NDArray[np.float64]

__all__ = ["network_map"]

_WIDTH = 10.0
_ALONG = np.linspace(0.0, 1.0, 21)
_BOW = 0.25
"""Distance between parallel reaches over the distance of their nodes."""
_HEAD = 11.0
"""Length and width of the arrows [dots]."""
_LEAN = 30.0
"""Angle from the vertical [degrees] within which all names are read from below upwards."""
_LINE = 18
"""Letters in a line of the name of a river end."""
_MOST_ENDS = 40
"""More river ends than this are not named: their names would cover the map."""


def network_map(
    network: RiverNetwork,
    values: pd.Series[float] | None = None,
    sections: pd.DataFrame | None = None,
    outlets: pd.DataFrame | None = None,
    flow: pd.Series[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the rivers as straight lines between their nodes, and what lies on them.

    Parameters
    ----------
    network : RiverNetwork
        With ``x`` and ``y`` [m] of every node. Parallel reaches are bowed apart.
    values : Series, optional
        Colour of reaches, indexed by reach: ``limit_use``, concentration over limit [1], blue
        up to 1 and red above. Reaches that are not named, and NaN, stay grey.
    sections : DataFrame, optional
        ``section``, ``reach`` and ``position`` [m] or ``node``: labelled squares.
    outlets : DataFrame, optional
        ``outlet``, placed in the same way; dots, in the middle of a stretch where they spread.
    flow : Series, optional
        Discharge [m3/s] by reach, whose sign turns an arrow; none where it is 0.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Map in metres with equal scales.

    Raises
    ------
    DataError
        If a node has no coordinates, a Series names a reach that is not there, or a section or
        outlet is off the network.

    Examples
    --------
    >>> from permitload.network import RiverNetwork
    >>> reaches = pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"],
    ...                         "length": [1000.0]})
    >>> nodes = pd.DataFrame({"node": ["a", "b"], "x": [0.0, 800.0], "y": [0.0, 600.0]})
    >>> ax = network_map(RiverNetwork(reaches, nodes), pd.Series({"R": 0.8}))
    >>> len(ax.collections[0].get_paths())
    1
    """
    _refuse(network, values, flow)
    lines = _lines(network)
    ax = _style.axes(ax, _WIDTH, _height(lines))
    _draw_reaches(ax, network, lines, values)
    if flow is not None:
        _draw_arrows(ax, lines, flow.reindex(network.reaches.index).to_numpy(float))
    if outlets is not None:
        _draw_outlets(ax, network, lines, outlets)
    if sections is not None:
        _draw_sections(ax, network, lines, sections)
    _frame(ax, network, lines)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=8, frameon=False)
    _style.finish(ax)
    return ax


def _frame(ax: Axes, network: RiverNetwork, lines: Floats) -> None:
    """Name the ends of the rivers, and set scales and labels of the map."""
    _draw_ends(ax, network, lines)
    ax.set_aspect("equal", adjustable="box")  # datalim would eat the margins
    ax.margins(0.13, 0.34)
    ax.set_xlabel(label("x"))
    ax.set_ylabel(label("y"))


def _refuse(
    network: RiverNetwork, values: pd.Series[float] | None, flow: pd.Series[float] | None
) -> None:
    """Refuse nodes without a place and numbers without a reach."""
    place = network.nodes[["x", "y"]]
    faults = [
        Fault("nodes", node, column, None, "is missing", "a coordinate [m] for the map")
        for column in place
        for node in place.index[place[column].isna()]
    ]
    for name, series in (("values", values), ("flow", flow)):
        given = pd.Index([]) if series is None else series.index
        faults += [
            Fault(name, reach, "reach", reach, "is unknown", "a reach of reaches")
            for reach in given[~given.isin(network.reaches.index)]
        ]
    raise_faults(faults)


def _lines(network: RiverNetwork) -> Floats:
    """Points (reach, along, xy) of every reach; parallel ones bow to the sides of their chord."""
    place = network.nodes[["x", "y"]].to_numpy(float)
    start, stop = network.from_index, network.to_index
    pair = pd.DataFrame({"low": np.minimum(start, stop), "high": np.maximum(start, stop)})
    groups = pair.groupby(["low", "high"])["low"]
    bow = _BOW * (groups.cumcount() - (groups.transform("size") - 1) / 2).to_numpy()
    chord = place[pair["high"]] - place[pair["low"]]
    side = np.column_stack([-chord[:, 1], chord[:, 0]]) * bow[:, None]
    t = _ALONG[None, :, None]
    straight = place[start][:, None] * (1.0 - t) + place[stop][:, None] * t
    lines: Floats = straight + side[:, None] * 4.0 * t * (1.0 - t)
    return lines


def _height(lines: Floats) -> float:
    """Height of a Figure that suits the shape of the network [inch]."""
    east, north = np.ptp(lines.reshape(-1, 2), axis=0)
    return 2.0 + float(np.clip(_WIDTH * north / max(east, 1e-9), 3.0, 9.0))


def _draw_reaches(
    ax: Axes, network: RiverNetwork, lines: Floats, values: pd.Series[float] | None
) -> None:
    """Rivers with a dark edge, so that pale classes stand out from the paper."""
    from matplotlib import patheffects
    from matplotlib.collections import LineCollection

    rivers = LineCollection(list(lines), linewidths=4.0, colors=_style.PALE, capstyle="round")
    rivers.set_path_effects([
        patheffects.Stroke(linewidth=5.6, foreground=_style.INK), patheffects.Normal()
    ])  # fmt: skip
    ax.add_collection(rivers)
    if values is None:
        return
    shown = values.reindex(network.reaches.index).to_numpy(float)
    colours, norm = _style.classes()
    rivers.set_cmap(colours)
    rivers.set_norm(norm)
    rivers.set_color(None)  # type: ignore[arg-type]  # None is allowed
    rivers.set_array(np.ma.masked_invalid(shown))
    bar = ax.figure.colorbar(rivers, ax=ax, shrink=0.8, spacing="uniform")
    bar.set_ticks(list(norm.boundaries), labels=[f"{value:g}" for value in _style.BREAKS])
    bar.set_label(f"{label(values.name if values.name in VARIABLES else 'limit_use')} [1]")
    _style.finish(bar.ax)
    if np.isnan(shown).any():
        words = bilingual("无数据", "no value")
        ax.plot([], [], color=_style.PALE, linewidth=4.0, label=words)


def _draw_arrows(ax: Axes, lines: Floats, flow: Floats) -> None:
    """Triangles along the water, two thirds down each reach."""
    moving = np.flatnonzero(np.nan_to_num(flow))
    if not moving.size:
        return
    water = np.where(flow[moving, None, None] > 0.0, lines[moving], lines[moving, ::-1])
    here = int(len(_ALONG) * 0.66)
    along = water[:, here + 1] - water[:, here - 1]
    way = _HEAD * along / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    tip = water[:, here]
    ax.quiver(tip[:, 0], tip[:, 1], way[:, 0], way[:, 1], angles="xy", pivot="middle",
              units="dots", width=1.0, scale_units="dots", scale=1.0, headwidth=_HEAD,
              headlength=_HEAD, headaxislength=_HEAD, color="white", edgecolor=_style.INK,
              linewidth=0.8, zorder=3)  # fmt: skip


def _places(
    network: RiverNetwork, lines: Floats, table: pd.DataFrame, name: str
) -> Iterator[tuple[str, Floats, Floats]]:
    """Place (xy) and direction of the river (xy) of every row, with its label."""
    located = network.locate(table, name)
    nodes = network.nodes[["x", "y"]].to_numpy(float)
    length = network.reaches["length"].to_numpy(float)
    for key, row in zip(located.index, located.itertuples(index=False), strict=True):
        if row.reach_index < 0:
            yield key, nodes[row.node_index], np.array([0.0, 1.0])
            continue
        middle = np.nanmean([row.position, row.position_to])
        line = lines[row.reach_index]
        share = middle / length[row.reach_index]
        point = np.array([np.interp(share, _ALONG, line[:, i]) for i in (0, 1)])
        yield key, point, line[-1] - line[0]


def _draw_outlets(ax: Axes, network: RiverNetwork, lines: Floats, outlets: pd.DataFrame) -> None:
    points = np.array([place for _, place, _ in _places(network, lines, outlets, "outlets")])
    if len(points):
        words = bilingual(VARIABLES["outlet"].term, "outlet")
        ax.scatter(points[:, 0], points[:, 1], s=22, color="black", edgecolor="white",
                   linewidth=0.6, zorder=4, label=words)  # fmt: skip


def _draw_sections(ax: Axes, network: RiverNetwork, lines: Floats, sections: pd.DataFrame) -> None:
    """Squares, with the label to the side that the river leaves free."""
    from matplotlib import patheffects

    found = list(_places(network, lines, sections, "sections"))
    words = bilingual(VARIABLES["section"].term, "control section")
    points = np.array([place for _, place, _ in found]).reshape(-1, 2)
    ax.scatter(points[:, 0], points[:, 1], s=60, marker="s", color="#f0e442",
               edgecolor="black", linewidth=1.2, zorder=5, label=words)  # fmt: skip
    halo = [patheffects.Stroke(linewidth=3.0, foreground="white"), patheffects.Normal()]
    for (_, place, way), text in zip(
        found, _style.drawable([key for key, _, _ in found]), strict=True
    ):
        upright = abs(way[1]) > abs(way[0])
        offset, across, up = ((8, 0), "left", "center") if upright else ((0, 8), "center", "bottom")
        note = ax.annotate(text, (place[0], place[1]), offset, textcoords="offset points",
                           ha=across, va=up, fontsize=9, fontweight="bold", zorder=6)  # fmt: skip
        note.set_path_effects(halo)


def _draw_ends(ax: Axes, network: RiverNetwork, lines: Floats) -> None:
    """Names of the nodes where a river begins or ends, written on in its direction."""
    ends = np.concatenate([network.from_index, network.to_index])
    alone = np.flatnonzero(np.bincount(ends)[ends] == 1)
    if len(alone) > _MOST_ENDS:
        return
    nodes = network.nodes.iloc[ends[alone]]
    names = _style.drawable(nodes["name"].where(nodes["name"] != "", nodes.index))
    outwards = np.concatenate([lines[:, ::-1], lines])[alone]
    for line, text in zip(outwards, names, strict=True):
        way = (line[-1] - line[-2]) / max(np.hypot(*(line[-1] - line[-2])), 1e-9)
        angle = float(np.degrees(np.arctan2(way[1], way[0])))
        back = angle > 90.0 + _LEAN or angle <= _LEAN - 90.0
        ax.annotate(fill(text, _LINE), line[-1], 7.0 * way, textcoords="offset points", fontsize=7,
                    ha="right" if back else "left", va="center", rotation_mode="anchor",
                    rotation=angle - 180.0 if back else angle, color=_style.INK)  # fmt: skip
