"""Permitted loads of sources under the rows of the sections."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import sharing
from permitload.allocation._cases import DIMS, Case, blank, cases, numbers_of
from permitload.allocation.relaxation import relax
from permitload.errors import InfeasibleError
from permitload.program import Program, gains
from permitload.schema import VARIABLES
from permitload.sharing import Filling, Rows

__all__ = ["allocate", "present_load"]

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

    Each pollutant and period is shared out on its own. The rows of the sections are never
    relaxed. A source that reaches a section whose headroom is negative gets 0.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    headroom : DataArray
        (section, indicator, period) [mg/L], with its sign.
    sources : Dataset
        ``source_load``, ``floor`` and ``ceiling`` (source, pollutant, period) [kg/d] with the
        coordinate ``outlet`` (source); several sources may share an outlet. Floors default to 0,
        ceilings to none.
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
        [1]; ``stopped_by``: the section that keeps the source from more, or ``ceiling``,
        ``floor``, or ``no target`` where the target is 0. ``shadow_price`` (section, pollutant,
        period) [(kg/d)/(mg/L)]: gain of the greatest total of the same sources, floors and
        ceilings per unit of headroom added; it prices the section, not the rule by which it is
        shared.

    Raises
    ------
    InfeasibleError
        If floors do not fit into a section; ``relaxation`` is the table of :func:`relax` with
        every section and period where floors add to what is missing.
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
    problems = cases(response, headroom, sources)
    claim = numbers_of(target(sources), blank(response, sources), "target")
    found: dict[tuple[str, str], dict[str, object]] = {}
    for k, (key, case) in enumerate(problems.items()):
        wanted, lower, upper = (
            pd.Series(values, case.source)
            for values in (claim.reshape(len(claim), -1)[:, k], case.floor, case.ceiling)
        )
        # What reaches a section without headroom gets nothing.
        limit = pd.Series(np.maximum(case.limit, 0.0), case.limit.index)
        rows = Rows(case.matrix[:, case.outlet], limit)
        try:
            filling = compose(wanted, rows, lower=lower, upper=upper)
        except InfeasibleError as error:
            raise _infeasible(error, relax(response, headroom, sources)) from None
        found[key] = {
            "permitted_load": filling.share,
            "level": filling.level,
            "stopped_by": _stops(filling, wanted),
            "shadow_price": _price(case),
        }
    return _dataset(response, sources, found)


def _stops(filling: Filling, wanted: pd.Series[float]) -> NDArray[np.str_]:
    """Name what stopped each source; a target of 0 is no target."""
    stops = np.asarray(filling.stopped_by).astype(str)
    return np.where((stops == "fixed") & (wanted == 0.0), "no target", stops)


def _price(case: Case) -> Floats:
    """Gain of the best total per unit of headroom; none where the background owes a cut."""
    count = case.matrix.shape[1]
    # Sources at one outlet are worth the same: the greatest total is one of outlets.
    floor, ceiling = (
        np.bincount(case.outlet, values, count) for values in (case.floor, case.ceiling)
    )
    exceeded = case.limit.to_numpy() < 0
    shut = case.matrix[exceeded].indices
    ceiling[shut] = floor[shut]
    program = Program().columns(range(count), floor, ceiling)
    limit = np.maximum(case.limit.to_numpy(), 0.0)
    program = program.at_most(case.limit.index, case.matrix, limit, "mg/L")
    return np.where(exceeded, 0.0, gains(program, 1.0))


def _infeasible(error: InfeasibleError, table: pd.DataFrame) -> InfeasibleError:
    """Name every section and period where floors exceed what the background leaves."""
    if table.empty:
        return error
    added = table["missing"] - table["background"]
    added = added[added >= np.minimum(_NOISE * table["missing"], added.max())]
    worst = table.loc[added.idxmax()]
    message = (
        f"floors exceed the headroom at {len(added)} sections and periods, most at "
        f"{worst['section']}, {worst['pollutant']}, {worst['period']}: {added.max():g} mg/L"
    )
    table = table.loc[added.index].reset_index(drop=True)
    return InfeasibleError(message, table)


def _dataset(
    response: xr.Dataset | xr.DataArray,
    sources: xr.Dataset,
    found: dict[tuple[str, str], dict[str, object]],
) -> xr.Dataset:
    shape = response.sizes["pollutant"], response.sizes["period"]
    arrays = {}
    for name in next(iter(found.values())):
        values = np.stack([np.asarray(one[name]) for one in found.values()], axis=-1)
        dims = ("section" if name == "shadow_price" else "source", *DIMS[1:])
        attributes = {"units": VARIABLES[name].unit, "long_name": VARIABLES[name].meaning}
        arrays[name] = (dims, values.reshape(len(values), *shape), attributes)
    axes = {("section",), ("pollutant",), ("period",)}
    coords = {name: coord for name, coord in response.coords.items() if coord.dims in axes}
    described = {n: coord for n, coord in sources.coords.items() if coord.dims == ("source",)}
    return xr.Dataset(arrays, {**coords, **described})
