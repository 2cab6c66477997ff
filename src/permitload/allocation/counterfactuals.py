"""What each source would get if one thing were different: exact, by sharing out again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload import sharing
from permitload._labels import index_of
from permitload.allocation._cases import (
    DIMS,
    SECTION,
    Case,
    blank,
    cases,
    numbers_of,
)
from permitload.allocation.allocate import filled, present_load
from permitload.schema import described
from permitload.sharing import Filling

__all__ = ["counterfactuals"]

Floats = NDArray[np.float64]

MORE = 0.01
"""Headroom added to the section that stops a source [mg/L]."""


def counterfactuals(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    target: Callable[[xr.Dataset], xr.DataArray] = present_load,
    compose: Callable[..., Filling] = sharing.fill,
    higher: Callable[[xr.Dataset], xr.DataArray] | None = None,
) -> xr.Dataset:
    """Answer "what if": permits beside those that one change would give, shared out anew.

    Parameters
    ----------
    response, headroom, sources, target, compose
        As for :func:`allocate`.
    higher : function, optional
        Target (source, pollutant, period) [kg/d] of every source if it stood one tier higher;
        each source is given its own, all others keep theirs. Where it equals the target nothing
        is shared out again.

    Returns
    -------
    Dataset
        ``permitted_load``; ``more_headroom``, with 0.01 mg/L more at the section and period that
        stopped the source, NaN where no section did; ``equal_proportion``, with one factor on
        the present load for all (等比例), NaN without ``source_load``; ``tier_higher``, with
        ``higher``; all (source, pollutant, period) [kg/d], before rounding.

    Raises
    ------
    InfeasibleError, DataError
        As :func:`allocate`.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> given = xr.Dataset({"source_load": given, "ceiling": given})
    >>> given = given.assign_coords(outlet=("source", ["O1"]))
    >>> found = counterfactuals(response, room, given)
    >>> round(found.more_headroom.item(), 9), found.equal_proportion.item()
    (51.0, 50.0)
    """
    like = blank(response, sources)
    claim = numbers_of(target(sources), like, "target")
    present = higher_claim = None
    if "source_load" in sources:
        present = numbers_of(sources["source_load"], like, "source_load")
    if higher is not None:
        higher_claim = numbers_of(higher(sources), like, "higher")
    names = ("permitted_load", "more_headroom", "equal_proportion", "tier_higher")
    found = {name: np.full(like.shape, np.nan) for name in names}
    for case in cases(response, headroom, sources):
        wanted = claim[case.at]
        base = filled(case, wanted, compose)
        found["permitted_load"][case.at] = _loads(base, wanted.shape)
        found["more_headroom"][case.at] = _more(case, wanted, base, compose)
        if present is not None:
            equal = filled(case, present[case.at], sharing.proportion)
            found["equal_proportion"][case.at] = _loads(equal, wanted.shape)
        if higher_claim is not None:
            risen = higher_claim[case.at]
            found["tier_higher"][case.at] = _each(case, (wanted, risen), base, compose)
    coords = {name: coord for name, coord in like.coords.items() if name in DIMS}
    return described(xr.Dataset({name: (DIMS, values) for name, values in found.items()}, coords))


def _loads(filling: Filling, shape: tuple[int, ...]) -> Floats:
    return np.asarray(filling.share, dtype=float).reshape(shape)


def _more(case: Case, claim: Floats, base: Filling, compose: Callable[..., Filling]) -> Floats:
    """Share out with more headroom at one section at a time; keep those that it had stopped."""
    stop = case.limit.index.get_indexer(index_of(base.stopped_by))
    found = np.full(len(stop), np.nan)
    for k in np.unique(stop[stop >= 0]):
        if case.kind[k] == SECTION:
            limit = case.limit.copy()
            limit.iloc[k] += MORE
            wider = filled(case._replace(limit=limit), claim, compose)
            found[stop == k] = np.asarray(wider.share, dtype=float)[stop == k]
    return found.reshape(claim.shape)


def _each(
    case: Case, claims: tuple[Floats, Floats], base: Filling, compose: Callable[..., Filling]
) -> Floats:
    """Share out with the higher target of one source at a time, in all its periods."""
    claim, risen = claims
    found = _loads(base, claim.shape).copy()
    for k in np.flatnonzero((claim != risen).any(axis=1)):
        alone = claim.copy()
        alone[k] = risen[k]
        found[k] = _loads(filled(case, alone, compose), claim.shape)[k]
    return found
