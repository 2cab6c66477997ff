"""Charts of a study: use of the limits, permits, months."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from permitload._frames import lacking
from permitload._labels import cell
from permitload.errors import DataError, Fault, raise_faults
from permitload.plot import _style
from permitload.plot.labels import bilingual, exceeds, is_cut, label
from permitload.schema import COMPONENTS, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["headroom_use", "monthly", "permits_bars"]

_MOST_BARS = 40
_MOST_LINES = len(_style.QUALITATIVE)
_HATCHES = ("", "///", "...", "xx", "\\\\\\")
_REASONS = {"ceiling": "上限", "floor": "保障量", "no target": "无分配基数"} | {
    name: VARIABLES[name].term for name in COMPONENTS
}
"""Reasons that are no section, in Chinese."""


def headroom_use(limit_use: xr.DataArray, ax: Axes | None = None) -> Axes:
    """Heat map of concentration over limit, by section and period, numbers in the cells.

    Parameters
    ----------
    limit_use : DataArray (section, period)
        Concentration over limit [1]. A scalar coordinate ``pollutant`` becomes the title.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Sections downwards, periods to the right; blue up to 1, red and bold above. A value
        that rounds to 1.00 and is above is written ``>1.00``. Of more than 40 sections those
        with the highest use are drawn, in their order.

    Raises
    ------
    DataError
        If the dimensions are others, or a value is NaN.

    Examples
    --------
    >>> use = xr.DataArray([[0.5, 1.2]], {"section": ["S1"], "period": ["dry", "wet"]})
    >>> [text.get_text() for text in headroom_use(use).texts]
    ['0.50', '1.20']
    """
    _refuse(limit_use, "limit_use", {"section", "period"})
    every = limit_use.transpose("section", "period")
    kept = np.argsort(-every.values.max(axis=1), kind="stable")[:_MOST_BARS]
    table = every.isel(section=np.sort(kept))
    rows, columns = table.shape
    ax = _style.axes(ax, max(4.2, 1.8 + 0.62 * columns), 1.4 + 0.38 * rows)
    colours, norm = _style.classes()
    ax.imshow(table.values, cmap=colours, norm=norm, aspect="auto")
    for (row, column), value in np.ndenumerate(table.values):
        over = exceeds(value)
        ax.text(column, row, _two_digits(value), ha="center", va="center", fontsize=8,
                color="white" if _style.dark(value) else "black",
                fontweight="bold" if over else "normal")  # fmt: skip
    ax.set_xticks(range(columns), _style.drawable(table["period"].values), rotation=30, ha="right")
    ax.set_yticks(range(rows), _style.drawable(table["section"].values))
    ax.set_xlabel(label("period"))
    ax.set_ylabel(label("section"), labelpad=8)
    more = "" if rows == len(every) else f" ({rows} / {len(every)})"
    ax.set_title(f"{_title(limit_use, label('limit_use'))}{more}", fontsize=10)
    _style.finish(ax)
    return ax


def _two_digits(value: float) -> str:
    """Write a value so that it never seems to meet a limit that it exceeds."""
    text = f"{value:.2f}"
    return f">{text}" if exceeds(value) and float(text) <= 1.0 else text


def _title(array: xr.DataArray, words: str) -> str:
    """Words, after the pollutant where the array is of one."""
    if "pollutant" in array.coords and array["pollutant"].ndim == 0:
        return f"{_style.drawable([array['pollutant'].item()])[0]}: {words}"
    return words


def permits_bars(permits: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Bars of the permitted load on the present load, coloured by what stops each source.

    Parameters
    ----------
    permits : DataFrame
        Rows of one pollutant: ``enterprise``, ``source``, ``source_load`` (present) and
        ``permitted_load`` [kg/d], ``stopped_by``, the main reason, one colour for each;
        ``pollutant`` where given becomes the title, ``name`` stands beside the label. The 40
        largest are drawn.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        One bar a row, in the order of the table; the present load as an outline, with a red
        triangle at its end where the permit is less.

    Raises
    ------
    DataError
        If a column is missing, a load is NaN, or there is more than one pollutant.

    Examples
    --------
    >>> permits = pd.DataFrame({"enterprise": ["E1"], "source": ["E1-1"], "source_load": [8.0],
    ...                         "permitted_load": [6.0], "stopped_by": ["S1"]})
    >>> [float(bar.get_width()) for bar in permits_bars(permits).containers[0]]
    [6.0]
    """
    _refuse_permits(permits)
    loads = permits[["source_load", "permitted_load"]]
    kept = np.sort(np.argsort(-loads.max(axis=1).to_numpy(), kind="stable")[:_MOST_BARS])
    rows = permits.iloc[kept]
    ax = _style.axes(ax, 9.0, 1.6 + 0.2 * len(rows))
    stops = pd.unique(rows["stopped_by"].astype(str)).tolist()
    looks = dict(zip(stops, _looks(stops), strict=True))
    _draw_bars(ax, rows, looks | ({"ceiling": (_style.PALE, "")} if "ceiling" in looks else {}))
    shared = rows["enterprise"].duplicated(keep=False) | (rows["enterprise"] == "")
    names = rows["enterprise"].where(~shared, rows["source"]).astype(str)
    names = names + " " + rows["name"].astype(str) if "name" in rows else names
    ax.set_yticks(range(len(rows)), _style.drawable(names), fontsize=8)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel(label("permitted_load"))
    ax.set_ylabel(label("source" if shared.all() else "enterprise"), labelpad=8)
    words = bilingual("许可与现状排放量对比", "permitted against present load")
    more = "" if len(rows) == len(permits) else f" ({len(rows)} / {len(permits)})"
    of = _style.drawable(pd.unique(permits["pollutant"]))[0] if "pollutant" in permits else ""
    ax.set_title(f"{of}: {words}{more}" if of else f"{words}{more}", fontsize=10)
    _style.finish(ax)
    return ax


def _draw_bars(ax: Axes, rows: pd.DataFrame, looks: Mapping[str, tuple[str, str]]) -> None:
    """Bars by reason, outlines of the present load, marks of the cuts, and their legend."""
    from matplotlib.patches import Patch

    place, present = np.arange(len(rows)), rows["source_load"].to_numpy(float)
    bars = ax.barh(place, rows["permitted_load"], height=0.6)
    for bar, reason in zip(bars, rows["stopped_by"].astype(str), strict=True):
        bar.set(facecolor=looks[reason][0], hatch=looks[reason][1], edgecolor="white")
    ax.barh(place, present, height=0.8, fill=False, edgecolor=_style.INK)
    permitted = rows["permitted_load"].to_numpy(float)
    cut = np.array(
        [p > 0.0 and is_cut(q / p) for p, q in zip(present, permitted, strict=True)], bool
    )
    marks = ax.scatter(present[cut], place[cut], s=46, marker="<", color=_style.CUT,
                       edgecolor="white", linewidth=0.6, zorder=3)  # fmt: skip
    outline = Patch(fill=False, edgecolor=_style.INK)
    keys = [outline, marks, *(Patch(facecolor=c, hatch=h, edgecolor="white")
                              for c, h in looks.values())]  # fmt: skip
    reasons = [
        bilingual("现状", "present load"),
        bilingual("削减：许可低于现状", "cut: permit below present"),
        *(bilingual(_REASONS[word], word) if word in _REASONS else _style.drawable([word])[0]
          for word in looks),
    ]  # fmt: skip
    if not cut.any():
        del keys[1], reasons[1]
    _legend(ax, keys, reasons, bilingual("主要受限因素", "main reason"))


def _refuse_permits(permits: pd.DataFrame) -> None:
    """Refuse permits that cannot be drawn: no column, no number, several pollutants."""
    needed = ("enterprise", "source", "source_load", "permitted_load", "stopped_by")
    raise_faults(lacking(permits, "permits", needed))
    faults = [
        Fault("permits", row, name, None, "is NaN", "a load [kg/d]")
        for name in needed[2:4]
        for row in permits["source"][permits[name].isna()]
    ]
    if "pollutant" in permits and permits["pollutant"].nunique() > 1:
        problem = "has several values"
        faults.append(Fault("permits", None, "pollutant", None, problem, "one pollutant a figure"))
    raise_faults(faults)


def _looks(words: Sequence[str]) -> list[tuple[str, str]]:
    """Colour and hatch of each word: colours first, then the same with a hatch."""
    size = len(_style.QUALITATIVE)
    return [
        (_style.QUALITATIVE[i % size], _HATCHES[i // size % len(_HATCHES)])
        for i in range(len(words))
    ]


def monthly(
    permitted_load: xr.DataArray, capacity: xr.DataArray | None = None, ax: Axes | None = None
) -> Axes:
    """Lines of the permitted load over the periods, their sum, and the capacity.

    Parameters
    ----------
    permitted_load : DataArray (sector or enterprise or source, period)
        Load [kg/d]. Of more than 7 lines the largest are drawn and the others added up.
    capacity : DataArray (period), optional
        Greatest total load [kg/d]; NaN, where there is none, leaves a gap.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Periods to the right.

    Raises
    ------
    DataError
        If there is not one dimension beside ``period``, a load is NaN, or the periods differ.

    Examples
    --------
    >>> load = xr.DataArray([[3.0, 4.0], [1.0, 2.0]],
    ...                     {"sector": ["food", "paper"], "period": ["dry", "wet"]})
    >>> [line.get_ydata().tolist() for line in monthly(load).lines]
    [[3.0, 4.0], [1.0, 2.0], [4.0, 6.0]]
    """
    other = [str(dim) for dim in permitted_load.dims if dim != "period"]
    _refuse(permitted_load, "permitted_load", {"period", *other[:1]})
    periods = permitted_load["period"].values
    table = _largest(permitted_load.transpose("period", ...).to_pandas())
    ax = _style.axes(ax, 9.0, 4.2)
    place = np.arange(len(periods))
    styles = zip(table.columns, (*_style.QUALITATIVE[:_MOST_LINES], _style.PALE), "osD^vPX*",
                 strict=False)  # fmt: skip
    for name, colour, marker in styles:
        ax.plot(place, table[name], color=colour, marker=marker, markersize=4,
                label=_style.drawable([name])[0])  # fmt: skip
    ax.plot(place, table.sum(axis=1), color="black", linewidth=2.2,
            label=bilingual("合计", "sum"))  # fmt: skip
    if capacity is not None:
        if not np.array_equal(capacity["period"].values, periods):
            message = "capacity has other periods than permitted_load; right would be the same"
            raise DataError(message)
        # a broad band below the lines: the sum often lies on it, and must not hide it
        ax.plot(place, capacity.values, color="#d9d9d9", linewidth=6.0, marker="s", zorder=1,
                label=label("capacity").removesuffix(" [kg/d]"))  # fmt: skip
    ax.set_xticks(place, _style.drawable(periods), rotation=30, ha="right")
    top = float(ax.dataLim.y1)
    ax.set_ylim(0.0, 1.05 * top if top > 0.0 else 1.0)  # a level line is not cut by the frame
    ax.set_xlabel(label("period"))
    ax.set_ylabel(label("permitted_load"))
    words = bilingual("各时段许可排放量", "permitted load by period")
    ax.set_title(_title(permitted_load, words), fontsize=10)
    _legend(ax, list(ax.lines), [str(line.get_label()) for line in ax.lines], label(other[0]))
    _style.finish(ax)
    return ax


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the largest columns, in their order, and the sum of the others."""
    if table.shape[1] <= _MOST_LINES:
        return table
    order = np.argsort(-table.sum().to_numpy(), kind="stable")
    kept = table.iloc[:, np.sort(order[:_MOST_LINES])]
    rest = table.iloc[:, order[_MOST_LINES:]]
    name = bilingual("其余", f"{rest.shape[1]} others")
    return kept.assign(**{name: rest.sum(axis=1)})


def _legend(ax: Axes, handles: Sequence[Artist], words: Sequence[str], title: str) -> None:
    """Legend to the right of the Axes; a label may start with an underscore."""
    legend = ax.legend(list(handles), list(words), title=title, fontsize=8, title_fontsize=8,
                       loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)  # fmt: skip
    assert len(legend.get_texts()) == len(words)


def _refuse(array: xr.DataArray, name: str, dims: set[str]) -> None:
    """Refuse other dimensions, and values that are no number."""
    if set(array.dims) != dims or len(dims) != 2:
        message = f"{name} has dimensions {array.dims}; right would be period and one more"
        raise DataError(message)
    raise_faults(
        Fault(name, cell(array, at), name, None, "is NaN", "a number")
        for at in np.argwhere(np.isnan(array.values))
    )
