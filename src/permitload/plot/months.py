"""Charts of months: quotas of enterprises, use of the park's limit, sections against standards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from permitload._labels import cell
from permitload.errors import DataError, Fault, raise_faults
from permitload.plot import _style
from permitload.plot.labels import bilingual, label

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

__all__ = ["park_use", "quota_map", "section_course"]

_MOST = 40
_TEXT = 24
"""Columns up to which cells hold their number."""
_TICKS = 24
_MARKERS = "os^Dv<>ph*"


def quota_map(
    quota_load: xr.DataArray,
    plan: xr.DataArray,
    used_load: xr.DataArray | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Heat map of quota over plan, by enterprise and period.

    Parameters
    ----------
    quota_load, plan : DataArray (enterprise, period)
        Quota and plan [kg/d], >= 0.
    used_load : DataArray (enterprise, period), optional
        Use [kg/d]; where it is above the quota the cell is framed. NaN where it is not known.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Enterprises downwards, periods to the right; the darker, the less of the plan. Without a
        plan a cell is grey. Of more than 40 enterprises those with the largest plans are drawn.

    Raises
    ------
    DataError
        If dimensions or labels differ, or a quota or plan is NaN.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"enterprise": ["E1"], "period": ["2026-01", "2026-02"]}
    >>> plan = xr.DataArray([[20.0, 0.0]], labels)
    >>> [text.get_text() for text in quota_map(0.5 * plan, plan).texts]
    ['0.50']
    """
    dims = ("enterprise", "period")
    given = {"quota_load": quota_load, "plan": plan}
    _refuse(given | ({} if used_load is None else {"used_load": used_load}), dims, {"used_load"})
    largest = np.argsort(-plan.transpose(*dims).values.sum(axis=1), kind="stable")[:_MOST]
    kept = plan["enterprise"].values[np.sort(largest)]
    wanted, quota = (
        array.sel(enterprise=kept).transpose(*dims).values for array in (plan, quota_load)
    )
    share = np.full(quota.shape, np.nan)
    np.divide(quota, wanted, out=share, where=wanted > 0.0)
    rows, columns = len(kept), plan.sizes["period"]
    ax = _style.axes(ax, max(4.2, 2.6 + 0.45 * columns), 1.6 + 0.36 * rows)
    image = ax.imshow(share, cmap=_shades(), vmin=0.0, vmax=1.0, aspect="auto")
    if columns <= _TEXT:
        _numbers(ax, share)
    over = np.zeros(share.shape, bool)
    if used_load is not None:
        over = used_load.sel(enterprise=kept).transpose(*dims).values > quota * (1.0 + 1e-9)
    _frames(ax, over)
    _periods(ax, plan["period"].values)
    ax.set_yticks(range(rows), _style.drawable(kept))
    ax.set_ylabel(label("enterprise"), labelpad=8)
    assert ax.figure is not None
    bar = ax.figure.colorbar(image, ax=ax, pad=0.01)
    bar.set_label(bilingual("配额/计划", "quota over plan"))
    more = "" if rows == plan.sizes["enterprise"] else f" ({rows} / {plan.sizes['enterprise']})"
    said = f"; {bilingual('红框：实际超配额', 'framed: used more')}" if over.any() else ""
    title = f"{bilingual('月度配额', 'monthly quotas')}{more}{said}"
    ax.set_title(_named(plan, title), fontsize=10)
    _style.finish(ax)
    _style.finish(bar.ax)
    return ax


def park_use(
    quota_load: xr.DataArray,
    used_load: xr.DataArray,
    group_limit: xr.DataArray,
    plan: xr.DataArray,
    ax: Axes | None = None,
) -> Axes:
    """Bars of the park's quotas and lines of its use, plans and limit, by period.

    Parameters
    ----------
    quota_load, used_load, group_limit, plan : DataArray (period)
        Sums of the park [kg/d]; ``used_load`` is NaN where it is not wholly known.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Periods to the right.

    Raises
    ------
    DataError
        If dimensions or labels differ, or one but the use is NaN.

    Examples
    --------
    >>> import xarray as xr
    >>> mass = xr.DataArray([3.0, 4.0], {"period": ["2026-01", "2026-02"]})
    >>> [float(bar.get_height()) for bar in park_use(0.5 * mass, 0.4 * mass, mass, mass).patches]
    [1.5, 2.0]
    """
    lines = {"group_limit": group_limit, "plan": plan, "used_load": used_load}
    _refuse({"quota_load": quota_load, **lines}, ("period",), {"used_load"})
    periods = quota_load["period"].values
    place = np.arange(len(periods))
    ax = _style.axes(ax, max(6.0, 2.8 + 0.36 * len(periods)), 4.0)
    ax.bar(place, quota_load.values, width=0.7, color=_style.QUALITATIVE[4],
           label=bilingual("配额合计", "quotas"))  # fmt: skip
    ax.step(
        np.arange(-1, len(periods)) + 0.5, [group_limit.values[0], *group_limit.values],
        where="pre", color=_style.INK, linewidth=2.0,
        label=bilingual("园区总量", "limit of the park"),
    )  # fmt: skip
    ax.plot(place, plan.values, color=_style.PALE, linestyle="--", marker="_", markersize=8,
            label=bilingual("计划合计", "plans"))  # fmt: skip
    ax.plot(place, used_load.values, color=_style.QUALITATIVE[5], marker="o", markersize=4,
            label=bilingual("实际排放", "used"))  # fmt: skip
    over = used_load.values > group_limit.values * (1.0 + 1e-9)
    ax.scatter(place[over], used_load.values[over], s=70, marker="o", facecolor="none",
               edgecolor=_style.CUT, linewidth=1.8, zorder=4)  # fmt: skip
    _periods(ax, periods)
    ax.set_ylim(bottom=0.0)
    ax.set_ylabel("kg/d")
    words = bilingual("园区用量与总量", "use of the park's limit")
    said = f"; {bilingual('红圈：超总量', 'ringed: above the limit')}" if over.any() else ""
    ax.set_title(_named(plan, words + said), fontsize=10)
    ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    _style.finish(ax)
    return ax


def section_course(
    concentration: xr.DataArray,
    used_concentration: xr.DataArray,
    limit: xr.DataArray,
    allowed: xr.DataArray,
    ax: Axes | None = None,
) -> Axes:
    """Lines of concentration over standard of the sections, with the quotas and with use.

    Parameters
    ----------
    concentration, used_concentration : DataArray (section, period)
        With the quotas, and with what was used [mg/L]; the latter NaN where it is not known.
    limit, allowed : DataArray (section, period)
        Standard, and what the margin leaves of it [mg/L], > 0.
    ax : Axes, optional
        Where to draw; a Figure of its own by default.

    Returns
    -------
    Axes
        Periods to the right, a line a section, hollow marks the use; the standard at 1. Of more
        than 10 sections those that come closest to it are drawn.

    Raises
    ------
    DataError
        If dimensions or labels differ, or one but the use is NaN.

    Examples
    --------
    >>> import xarray as xr
    >>> got = xr.DataArray([[0.5, 0.8]], {"section": ["S1"], "period": ["2026-01", "2026-02"]})
    >>> most = xr.ones_like(got)
    >>> section_course(got, got, most, 0.9 * most).lines[0].get_ydata().tolist()
    [0.5, 0.8]
    """
    dims = ("section", "period")
    _refuse({"concentration": concentration, "used_concentration": used_concentration,
             "limit": limit, "allowed": allowed}, dims, {"used_concentration"})  # fmt: skip
    arrays = (concentration, used_concentration, allowed)
    shares = [(array / limit).transpose(*dims).values for array in arrays]
    names = concentration["section"].values
    kept = np.sort(np.argsort(-shares[0].max(axis=1), kind="stable")[: len(_MARKERS)])
    place = np.arange(concentration.sizes["period"])
    ax = _style.axes(ax, max(6.0, 2.8 + 0.36 * len(place)), 4.4)
    words = _style.drawable(names)
    for k, row in enumerate(kept):
        colour = (*_style.QUALITATIVE[:6], _style.INK)[k % 7]
        ax.plot(place, shares[0][row], color=colour, marker=_MARKERS[k], markersize=3,
                linewidth=1.2, linestyle="-" if k < 7 else "--", label=words[row])  # fmt: skip
        ax.plot(place, shares[1][row], color=colour, marker=_MARKERS[k], markersize=7,
                fillstyle="none", linestyle="none", linewidth=0.8)  # fmt: skip
    ax.axhline(1.0, color=_style.CUT, linewidth=1.6, label=bilingual("标准", "standard"))
    for value in np.unique(shares[2][kept].round(6)):
        ax.axhline(value, color=_style.CUT, linewidth=1.0, linestyle="--")
    _periods(ax, concentration["period"].values)
    ax.set_ylabel(bilingual("浓度/标准", "concentration over standard"))
    more = "" if len(kept) == len(names) else f" ({len(kept)} / {len(names)})"
    title = bilingual("断面浓度：线为配额，空心为实际，虚线为扣除余量后",
                      "sections: lines quotas, hollow use, dashed less the margin")  # fmt: skip
    ax.set_title(_named(concentration, title + more), fontsize=10)
    ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False,
              title=label("section"), title_fontsize=8)  # fmt: skip
    _style.finish(ax)
    return ax


def _shades() -> Colormap:
    """Give colours from dark, nothing of the plan, to pale, all of it; grey without a plan."""
    from matplotlib import colormaps

    return colormaps["YlGnBu_r"].with_extremes(bad=_style.PALE)


def _numbers(ax: Axes, share: NDArray[np.float64]) -> None:
    """Write the numbers of cells that have one."""
    for (row, column), value in np.ndenumerate(share):
        if np.isfinite(value):
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7,
                    color="white" if value < 0.6 else "black")  # fmt: skip


def _frames(ax: Axes, over: NDArray[np.bool_]) -> None:
    """Frame cells."""
    from matplotlib.patches import Rectangle

    for row, column in np.argwhere(over):
        place = (column - 0.46, row - 0.46)
        ax.add_patch(Rectangle(place, 0.92, 0.92, fill=False, edgecolor=_style.CUT, linewidth=1.8))


def _periods(ax: Axes, periods: NDArray[Any]) -> None:
    """Write the labels of periods, not more than fit."""
    step = -(-len(periods) // _TICKS)
    place = range(0, len(periods), step)
    ax.set_xticks(place, _style.drawable(periods[::step]), rotation=45, ha="right", fontsize=8)
    ax.set_xlabel(label("period"))


def _named(array: xr.DataArray, words: str) -> str:
    """Words, after the pollutant where the array is of one."""
    for name in ("pollutant", "indicator"):
        if name in array.coords and array[name].ndim == 0:
            return f"{_style.drawable([array[name].item()])[0]}: {words}"
    return words


def _refuse(given: Mapping[str, xr.DataArray], dims: tuple[str, ...], open_: set[str]) -> None:
    """Refuse other dimensions, other labels, and values that are no number."""
    first = next(iter(given.values()))
    for name, array in given.items():
        if set(array.dims) != set(dims) or not array.size:
            message = (
                f"{name} has dimensions {array.dims}; right would be {', '.join(dims)}, filled"
            )
            raise DataError(message)
        for dim in dims:
            if not np.array_equal(array[dim].values, first[dim].values):
                raise DataError(f"{name} has other labels of {dim}; right would be the same ones")
    raise_faults(
        Fault(name, cell(array, at), name, None, "is NaN", "a number")
        for name, array in given.items()
        if name not in open_
        for at in np.argwhere(np.isnan(array.values))
    )  # fmt: skip
