"""Permitted loads of sources under the rows of the sections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import sharing
from permitload.allocation._cases import (
    ANNUAL,
    DIMS,
    SECTION,
    Case,
    blank,
    cases,
    named_bounds,
    numbers_of,
)
from permitload.allocation.prices import gain
from permitload.allocation.relaxation import relax
from permitload.errors import InfeasibleError
from permitload.schema import VARIABLES
from permitload.sharing import Filling, Rows

__all__ = ["allocate", "filled", "present_load"]

Floats = NDArray[np.float64]

_NOISE = 1e-9
"""Part of what is missing that floors must add to be named."""


def present_load(sources: xr.Dataset) -> xr.DataArray:
    """Target of equal proportion: what each source discharges at present.

    Parameters
    ----------
    sources : Dataset
        With ``source_load`` (source, pollutant, period) [kg/d].

    Returns
    -------
    DataArray
        ``source_load``.

    Examples
    --------
    >>> present_load(xr.Dataset({"source_load": ("source", [2.0])})).values
    array([2.])
    """
    return sources["source_load"]


def allocate(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    target: Callable[[xr.Dataset], xr.DataArray] = present_load,
    compose: Callable[..., Filling] = sharing.fill,
) -> xr.Dataset:
    """Permitted load of each source: a target, as far as every section allows.

    Each pollutant and period is shared out on its own; where a group has a total of the year,
    all periods of the pollutant at once. The rows of sections and groups are never relaxed. A
    source that reaches a section whose headroom is negative gets 0.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], with its sign.
    sources : Dataset
        ``source_load``, ``floor`` and ``ceiling`` (source, pollutant, period) [kg/d] with the
        coordinate ``outlet`` (source); several sources may share an outlet. Floors default to 0,
        ceilings to none. Limits of groups stand in it as :func:`with_groups` writes them, the names
        of floors and ceilings as :func:`bounds` does.
    target : function, default present_load
        Of ``sources``, returns the target (source, pollutant, period) [kg/d].
    compose : function, default sharing.fill
        Reconciles a target with rows: called as ``compose(target, rows, lower=, upper=)`` with
        Series and :class:`~permitload.sharing.Rows`, returns a
        :class:`~permitload.sharing.Filling`.

    Returns
    -------
    Dataset
        ``permitted_load`` (source, pollutant, period) [kg/d]; ``level``, the share of the target
        [1]; ``stopped_by``: the section or group that keeps the source from more, ``GROUP
        (year)`` for a group's total of the year, ``ceiling`` or ``floor`` or the name of the
        component that sets it, ``target`` where the rule never gives more, or ``no target``
        where the target is 0. ``shadow_price`` (section, pollutant, period) [(kg/d)/(mg/L)]: gain
        of the greatest total of the same sources, floors, ceilings and groups per unit of
        headroom added; it prices the section, not the rule by which it is shared.
        :func:`prices` has the other side and the ranges.

    Raises
    ------
    InfeasibleError
        If floors do not fit into a section; ``relaxation`` is the table of :func:`relax` with
        every row and period where floors add to what is missing.
    DataError
        If labels differ or repeat, a number is NaN, a floor exceeds its ceiling, or a source has
        neither a ceiling nor a section that it reaches.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given, "ceiling": given})
    >>> permits = allocate(response, room, sources.assign_coords(outlet=("source", ["O1"])))
    >>> permits.permitted_load.item(), permits.stopped_by.item()
    (50.0, 'S1')
    """
    problems, like = cases(response, headroom, sources), blank(response, sources)
    claim = numbers_of(target(sources), like, "target")
    named = named_bounds(sources, like)
    load, level = np.empty((2, *like.shape))
    stop = np.empty(like.shape, dtype=object)
    price = np.zeros((response.sizes["section"], *like.shape[1:]))
    for case in problems:
        try:
            filling = filled(case, claim[case.at], compose)
        except InfeasibleError as error:
            table = relax(response, headroom, sources)
            raise _infeasible(error, table, _where(case, like)) from None
        shape = load[case.at].shape
        load[case.at] = np.asarray(filling.share, dtype=float).reshape(shape)
        level[case.at] = np.asarray(filling.level, dtype=float).reshape(shape)
        stop[case.at] = _stops(filling, claim[case.at], [named[end][case.at] for end in named])
        section = case.kind == SECTION
        price[case.at] = gain(case)[section].reshape(shape[1], -1).T
    return _dataset(
        response, sources,
        {"permitted_load": load, "level": level, "stopped_by": stop.astype(str),
         "shadow_price": price},
    )  # fmt: skip


def filled(case: Case, claim: Floats, compose: Callable[..., Filling]) -> Filling:
    """Share out what one case holds towards a target (source, period).

    Where totals of the year hold though every period is shared out on its own, it is. Where they
    do not, all periods are one problem; who can get nothing in a period takes no part in it, or
    one factor for all would be that of one exceeded period.
    """
    wanted, lower, upper = (
        pd.Series(values.ravel(), case.source) for values in (claim, case.floor, case.ceiling)
    )
    rows, yearly = case.rows, case.kind == ANNUAL
    if not yearly.any():
        return compose(wanted, rows, lower=lower, upper=upper)
    apart = _apart(case, rows, [wanted, lower, upper], compose)
    used = rows.coefficient[np.flatnonzero(yearly)] @ np.asarray(apart.share, dtype=float)
    if (used <= rows.limit.to_numpy()[yearly]).all():
        return apart
    stops = pd.Series(apart.stopped_by, case.source, dtype=object)
    full = np.array([isinstance(label, tuple) for label in stops])
    shut = (apart.share <= lower) & (wanted > lower) & full
    found = compose(wanted.mask(shut, 0.0), rows, lower=lower, upper=upper)
    parts = zip((found.level, found.stopped_by), (apart.level, stops), strict=True)
    return Filling(found.share, *(pd.Series(a, case.source).mask(shut, b) for a, b in parts))


def _apart(
    case: Case, rows: Rows, parts: list[pd.Series[float]], compose: Callable[..., Filling]
) -> Filling:
    """Share out each period on its own, without the totals of the year."""
    count = len(case.days)
    share, level = np.empty((2, len(parts[0])))
    stops = np.empty(len(parts[0]), dtype=object)
    for k in range(count):
        mine, at = np.flatnonzero(case.period == k), np.arange(k, len(share), count)
        some = Rows(rows.coefficient[mine][:, at], rows.limit.iloc[mine])
        wanted, lower, upper = (values.iloc[at] for values in parts)
        found = compose(wanted, some, lower=lower, upper=upper)
        share[at], level[at] = found.share, found.level
        stops[at] = np.asarray(found.stopped_by, dtype=object)
    return Filling(*(pd.Series(values, case.source) for values in (share, level, stops)))


def _stops(
    filling: Filling, claim: Floats, named: list[NDArray[np.object_]]
) -> NDArray[np.object_]:
    """Name what stopped each source: a row, a bound by its component; 0 is no target."""
    labels = np.asarray(filling.stopped_by, dtype=object)
    names = [str(label[0] if isinstance(label, tuple) else label) for label in labels]
    stops = np.array(names, dtype=object).reshape(claim.shape)
    stops = np.where((stops == "fixed") & (claim == 0.0), "no target", stops)
    ceiling, floor = named
    return np.where(stops == "ceiling", ceiling, np.where(stops == "floor", floor, stops))


def _where(case: Case, like: xr.DataArray) -> str:
    """Name what is shared out together."""
    return ", ".join([case.pollutant, *like["period"].values[case.at[2]].astype(str)])


def _infeasible(error: InfeasibleError, table: pd.DataFrame, where: str) -> InfeasibleError:
    """Name every row and period where floors exceed what the background leaves."""
    added = table["missing"] - table["background"]
    if not (added > _NOISE * table["missing"]).any():
        # The floors fit: the composition asks for more than that.
        return InfeasibleError(f"{where}: {error}", error.relaxation)
    most = added.groupby(table["unit"]).transform("max")
    added = added[added >= np.minimum(_NOISE * table["missing"], most)]
    first = table.loc[added.index, "unit"] == table.loc[added.index[0], "unit"]
    worst = table.loc[added[first].idxmax()]
    places = "sections and periods" if (table["unit"] == "mg/L").all() else "rows and periods"
    named = ", ".join(str(worst[key]) for key in ("section", "pollutant", "period") if worst[key])
    message = (
        f"floors exceed the headroom at {len(added)} {places}, most at "
        f"{named}: {added[worst.name]:g} {worst['unit']}"
    )
    table = table.loc[added.index].reset_index(drop=True)
    return InfeasibleError(message, table)


def _dataset(
    response: xr.Dataset | xr.DataArray, sources: xr.Dataset, found: dict[str, NDArray[Any]]
) -> xr.Dataset:
    arrays = {}
    for name, values in found.items():
        dims = ("section" if name == "shadow_price" else "source", *DIMS[1:])
        attributes = {"units": VARIABLES[name].unit, "long_name": VARIABLES[name].meaning}
        arrays[name] = (dims, values, attributes)
    axes = {("section",), ("pollutant",), ("period",)}
    coords = {name: coord for name, coord in response.coords.items() if coord.dims in axes}
    described = {n: coord for n, coord in sources.coords.items() if coord.dims == ("source",)}
    return xr.Dataset(arrays, {**coords, **described})
