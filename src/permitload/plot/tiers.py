"""Tiers: the ladder of intensities, permits before and after, and the map of areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import lacking
from permitload.errors import DataError, Fault, raise_faults
from permitload.plot import _style, maps
from permitload.plot.labels import bilingual, label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

    from permitload.network import RiverNetwork

__all__ = ["area_map", "intensity_ladder", "permit_changes"]

_TIERS = dict(zip("ABCD", ("#009e73", "#56b4e9", "#e69f00", "#d55e00"), strict=True))
_LINES = {"advanced": ("先进", ":"), "average": ("平均", "--"), "poor": ("较差", "-.")}
_UNRATED = "#cc79a7"
_ATTAINING, _FAILING = "#0072b2", "#d55e00"
_MOST = 40


def intensity_ladder(
    intensities: pd.DataFrame,
    tiers: pd.Series[str],
    baselines: pd.DataFrame,
    ax: Axes | None = None,
) -> Axes:
    """Bars of intensity from the least upwards, in the colour of the tier, with the lines.

    Parameters
    ----------
    intensities : DataFrame
        As ``tiers.intensities`` returns it, of one comparable group, pollutant and book. Without
        intensity there is no bar, but the name and the reason. The first 40 are drawn.
    tiers : Series
        A to D by enterprise.
    baselines : DataFrame
        Lines of the same group: ``line``, ``baseline`` [kg/t].
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Enterprises downwards by intensity and label, the tier behind the number.

    Raises
    ------
    DataError
        If there is no row, a column is missing, or rows or lines are of several groups.

    Examples
    --------
    >>> table = pd.DataFrame({"enterprise": ["E1"], "comparable": "woven", "pollutant": "COD",
    ...     "book": "discharged", "intensity": [2.9], "reason": ""})
    >>> lines = table.assign(line="advanced", baseline=3.2)
    >>> intensity_ladder(table, pd.Series({"E1": "A"}), lines).texts[0].get_text()
    '2.9 A'
    """
    key = ["comparable", "pollutant", "book"]
    _refuse(intensities, "intensities", ["enterprise", "intensity", *key])
    _refuse(baselines, "baselines", ["line", "baseline", *key])
    groups = pd.concat([intensities[key], baselines[key]]).drop_duplicates()
    if len(groups) > 1:
        raise DataError(f"there are {len(groups)} groups; right would be one a figure")
    rows = intensities.sort_values(["intensity", "enterprise"])[:_MOST]
    ax = _style.axes(ax, 8.5, 1.8 + 0.3 * len(rows))
    for y, row in enumerate(rows.to_dict("records")):
        value, tier = row["intensity"], str(tiers.get(row["enterprise"], ""))
        ax.barh(y, np.nan_to_num(value), 0.7, color=_TIERS.get(tier, _UNRATED))
        words = bilingual("无强度", "no intensity") if np.isnan(value) else f"{value:.3g}"
        ax.annotate(f"{words} {tier}", (np.nan_to_num(value), y), (3, 0),
                    textcoords="offset points", va="center", fontsize=8)  # fmt: skip
    for name, value in zip(baselines["line"], baselines["baseline"], strict=True):
        chinese, dashes = _LINES.get(name, ("", "-"))
        words = f"{bilingual(chinese, name)} {value:.3g}"
        ax.axvline(value, color=_style.INK, linestyle=dashes, linewidth=1.4, label=words)
    group = ", ".join(map(str, groups.iloc[0]))
    _finish(ax, rows["enterprise"], label("intensity"), f"{label('intensity')}: {group}")
    return ax


def permit_changes(permits: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Permits before and after, with the greatest emission and D's interim permit.

    Parameters
    ----------
    permits : DataFrame
        As ``tiers.limits`` returns it, of one pollutant and book; refused rows have no bar. The
        first 40 are drawn.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Enterprises downwards in the order of the table: the present permit pale, the new one in
        the colour of the tier, emission as a dot, the interim permit as a bar end.

    Raises
    ------
    DataError
        If there is no row, a column is missing, or rows are of several pollutants or books.

    Examples
    --------
    >>> table = pd.DataFrame({"enterprise": ["E1"], "pollutant": "COD", "book": "discharged",
    ...     "tier": "A", "permit": [70.4], "current_permit": [120.0], "stopped_by": "line_load",
    ...     "greatest_emission": [64.0], "interim_permit": [float("nan")]})
    >>> permit_changes(table).texts[0].get_text()
    '70.4 A'
    """
    amounts = ["current_permit", "permit", "greatest_emission", "interim_permit"]
    _refuse(permits, "permits", ["enterprise", "pollutant", "book", "tier", *amounts])
    if len(permits[["pollutant", "book"]].drop_duplicates()) > 1:
        raise DataError("there are several pollutants or books; right would be one a figure")
    rows = permits.iloc[:_MOST]
    ax = _style.axes(ax, 8.5, 1.8 + 0.42 * len(rows))
    place = np.arange(len(rows))
    before, after, emitted, interim = rows[amounts].to_numpy(dtype=float).T
    colours = [_TIERS.get(tier, _UNRATED) for tier in rows["tier"]]
    words = {name: label(name) for name in amounts}
    ax.barh(place - 0.2, np.nan_to_num(before), 0.36, color=_style.PALE,
            label=words["current_permit"])  # fmt: skip
    ax.barh(place + 0.2, np.nan_to_num(after), 0.36, color=colours, label=words["permit"])
    ax.plot(emitted, place, "o", color="black", markersize=4, linestyle="none",
            label=words["greatest_emission"])  # fmt: skip
    ax.plot(interim, place + 0.2, "|", color="black", markersize=11, markeredgewidth=2,
            linestyle="none", label=words["interim_permit"])  # fmt: skip
    for y, value, tier in zip(place, after, rows["tier"], strict=True):
        text = bilingual("不核定", "refused") if np.isnan(value) else f"{value:.4g} {tier}".strip()
        ax.annotate(text, (np.nan_to_num(value), y + 0.2), (4, 0), textcoords="offset points",
                    va="center", fontsize=8)  # fmt: skip
    title = ", ".join(map(str, rows[["pollutant", "book"]].iloc[0]))
    _finish(ax, rows["enterprise"], "[t/a]", f"{label('permit')}: {title}")
    return ax


def area_map(
    network: RiverNetwork,
    control_units: pd.DataFrame,
    areas: pd.Series[bool],
    sections: pd.DataFrame | None = None,
    outlets: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Map of the attaining and the non-attaining control units of one pollutant.

    Parameters
    ----------
    network, sections, outlets
        As for :func:`network_map`.
    control_units : DataFrame
        As ``network.control_units`` gives it: ``reach``, ``position``, ``position_to`` [m],
        ``control_unit``.
    areas : Series
        Whether each control unit attains, of ``tiers.attaining_units`` for one pollutant. Units
        that are not named stay grey. Its name becomes the title of the legend.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Blue where water attains, red and broken where not.

    Raises
    ------
    DataError
        As for :func:`network_map`, and if a unit of ``areas`` is not on the map.

    Examples
    --------
    >>> from permitload.network import RiverNetwork
    >>> reaches = pd.DataFrame({"reach": ["R"], "from_node": ["a"], "to_node": ["b"],
    ...                         "length": [1000.0]})
    >>> nodes = pd.DataFrame({"node": ["a", "b"], "x": [0.0, 800.0], "y": [0.0, 600.0]})
    >>> sections = pd.DataFrame({"section": ["S"], "reach": ["R"], "position": [900.0]})
    >>> network = RiverNetwork(reaches, nodes)
    >>> ax = area_map(network, network.control_units(sections), pd.Series({"S": False}, name="COD"))
    >>> len(ax.collections[-1].get_paths())  # above the section and below it
    2
    """
    from matplotlib.collections import LineCollection

    _refuse(control_units, "control_units", ["reach", "position", "position_to", "control_unit"])
    strange = areas.index[~areas.index.isin(control_units["control_unit"])]
    raise_faults(
        Fault("areas", name, "control_unit", name, "is not on the map", "one of control_units")
        for name in strange
    )
    ax = maps.network_map(network, None, sections, outlets, ax=ax)
    stretches = _stretches(network, control_units)
    judged = control_units["control_unit"].map(areas)
    for met, colour, dashes, chinese, english in (
        (True, _ATTAINING, "-", "达标区", "attaining"),
        (False, _FAILING, (0, (2.0, 0.8)), "非达标区", "non-attaining"),
    ):
        own = [line for line, is_ in zip(stretches, judged, strict=True) if is_ == met]
        words = bilingual(chinese, english)
        lines = LineCollection(own, colors=colour, linewidths=4.0, linestyles=[dashes], zorder=2.5,
                               label=words)  # fmt: skip
        ax.add_collection(lines)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, fontsize=8, frameon=False,
              title=f"{label('attaining')}: {areas.name or ''}", title_fontsize=10)  # fmt: skip
    _style.finish(ax)
    return ax


def _stretches(network: RiverNetwork, control_units: pd.DataFrame) -> list[np.ndarray]:
    """Points (along, xy) of every stretch of a control unit."""
    lines, along = maps._lines(network), maps._ALONG
    length = network.reaches["length"].to_numpy(float)
    number = network.reaches.index.get_indexer(pd.Index(control_units["reach"]))
    found = []
    ends = control_units[["position", "position_to"]].to_numpy(float)
    for k, (low, high) in zip(number, ends, strict=True):
        share = np.linspace(low / length[k], high / length[k], len(along))
        found.append(np.column_stack([np.interp(share, along, lines[k, :, i]) for i in (0, 1)]))
    return found


def _refuse(table: pd.DataFrame, name: str, columns: list[str]) -> None:
    """Refuse a table without rows, or without a column."""
    raise_faults(lacking(table, name, columns))
    if table.empty:
        raise DataError(f"{name} has no rows; right would be one at least")


def _finish(ax: Axes, enterprises: Iterable[object], unit: str, title: str) -> None:
    """Names downwards, and a legend of the tiers beside."""
    from matplotlib import patheffects
    from matplotlib.patches import Patch

    halo = [patheffects.Stroke(linewidth=3.0, foreground="white"), patheffects.Normal()]
    for note in ax.texts:  # numbers stand on lines
        note.set_path_effects(halo)
    names = _style.drawable(enterprises)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.set_xlim(left=0.0)
    ax.set_xlabel(unit)
    ax.set_title(title, fontsize=10)
    colours = {f"{label('tier')} {tier}": colour for tier, colour in _TIERS.items()}
    colours[bilingual("未评级", "not rated")] = _UNRATED
    tiers = [Patch(color=colour, label=words) for words, colour in colours.items()]
    handles = ax.get_legend_handles_labels()[0]
    ax.legend(handles=[*handles, *tiers], fontsize=8, loc="upper left",
              bbox_to_anchor=(1.01, 1.0), frameon=False)  # fmt: skip
    _style.finish(ax)
