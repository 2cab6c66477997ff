"""What the uncertain rows share: scores, checked numbers, and raising loads under convex rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import optimize, special

from permitload._labels import cell, floats, number, refuse_repeats
from permitload.allocation._cases import Case, blank, cases, numbers_of
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import VARIABLES

__all__ = [
    "adjusted",
    "bounded",
    "claims",
    "fullest",
    "given",
    "normal_score",
    "ordered",
    "plain",
    "problems_of",
    "result",
]

Floats = NDArray[np.float64]

FULL = 1e-12
"""Part of a row's size that may be left when it counts as full."""
ROUNDS = 200
"""Doublings of a level after which nothing stops it."""


def normal_score(assurance: float) -> float:
    """Give the standard normal quantile; below 0.5 it would reward uncertainty."""
    if not 0.5 <= number(assurance, "assurance") < 1.0:
        problem = "is out of range: below 0.5 a chance row is not convex, and 1 is never reached"
        raise_faults([Fault("chance", None, "assurance", assurance, problem, "0.5 <= p < 1")])
    return float(special.ndtri(assurance))


def bounded(value: float, name: str, upper: float) -> float:
    """One number between 0 and a most."""
    if not 0.0 <= number(value, name) <= upper or value == np.inf:
        expected = f"a number from 0 to {upper:g}"
        raise_faults([Fault("chance", None, name, value, "is out of range", expected)])
    return float(value)


def given(value: float | xr.DataArray, like: xr.DataArray, name: str) -> xr.DataArray:
    """Numbers >= 0 spread over an array; labels must be the same, dimensions may be left out."""
    array = value if isinstance(value, xr.DataArray) else xr.DataArray(number(value, name))
    array = array.copy(data=floats(array.values, name))
    array = ordered(array, like, [str(dim) for dim in array.dims], name).reset_coords(drop=True)
    array = array.broadcast_like(like).transpose(*like.dims)
    bad = np.argwhere(~((array.values >= 0.0) & np.isfinite(array.values)))
    raise_faults(
        [
            Fault(
                name,
                cell(like, k),
                name,
                array.values[tuple(k)],
                "is out of range",
                "a finite number >= 0",
            )
            for k in bad[:100]
        ]
    )
    return array


def ordered(
    array: xr.DataArray, like: xr.DataArray, dims: Sequence[str], name: str
) -> xr.DataArray:
    """Array with some dimensions in the label order of another; the labels must be the same."""
    strange = [
        dim for dim in dims
        if dim not in array.coords or dim not in like.coords
        or set(array[dim].values.tolist()) != set(like[dim].values.tolist())
    ]  # fmt: skip
    for dim in set(dims) - set(strange):
        refuse_repeats(array.get_index(dim), array.get_index(dim)[:0], dim)
    problem, right = "has other labels, or none", f"those of {like.name or 'the rows'}"
    raise_faults([Fault(name, None, dim, None, problem, right) for dim in strange])
    return array.sel({dim: like[dim].values for dim in dims})


def problems_of(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, sources: xr.Dataset
) -> dict[tuple[str, str], Case]:
    """Rows and bounds of each pollutant and period; a response < 0 is refused."""
    if "group" in sources.dims:
        # What a group leaves unused others may use: the rows would no longer be those they meet.
        raise DataError("sources have groups; right would be sources without, and reliability()")
    periods = [str(period) for period in response["period"].values]
    found = {
        (case.pollutant, periods[case.at[2].item()]): case
        for case in cases(response, headroom, sources)
    }
    problem, right = "is negative", "rows that no load relieves"
    raise_faults(
        [
            Fault("response", ", ".join(key), "response", case.matrix.data.min(), problem, right)
            for key, case in found.items()
            if (case.matrix.data < 0.0).any()
        ]
    )
    return found


def claims(
    response: xr.Dataset | xr.DataArray,
    sources: xr.Dataset,
    target: Callable[[xr.Dataset], xr.DataArray],
) -> list[Floats]:
    """Target of the sources by pollutant and period, in the order of the problems."""
    claim = numbers_of(target(sources), blank(response, sources), "target")
    if not np.isfinite(claim).all():
        raise DataError("target is infinite somewhere; right would be finite loads >= 0 [kg/d]")
    return list(claim.reshape(len(claim), -1).T)


def result(
    name: str, values: Floats, response: xr.DataArray | xr.Dataset, *first: str
) -> xr.DataArray:
    """Values by problem, in the last axis, as a variable (…, pollutant, period)."""
    dims = (*first, "pollutant", "period")
    shape = response.sizes["pollutant"], response.sizes["period"]
    described = {"units": VARIABLES[name].unit, "long_name": VARIABLES[name].meaning}
    labels = {dim: response[dim] for dim in dims}
    return xr.DataArray(values.reshape(*values.shape[:-1], *shape), labels, dims, name, described)


def adjusted(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    taken: dict[tuple[str, str], Floats],
) -> xr.Dataset:
    """Response, and headroom less what uncertainty takes by section, pollutant and period."""
    matrix = plain(response)
    labels = {"section": "section", "indicator": "pollutant", "period": "period"}
    room = headroom.sel({mine: matrix[theirs].values for mine, theirs in labels.items()})
    less = result("headroom", np.stack(list(taken.values()), axis=-1), matrix, "section")
    left = room.transpose(*labels) - less.rename(pollutant="indicator").values
    return xr.Dataset({"response": matrix, "headroom": left.assign_attrs(less.attrs)})


def plain(response: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """Response (section, outlet, pollutant, period) of a Dataset or as it is."""
    array = response["response"] if isinstance(response, xr.Dataset) else response
    return array.transpose("section", "outlet", "pollutant", "period", ...)


class _Rising(NamedTuple):
    """Loads of which some rise with a level, from their floors to their ceilings."""

    problem: Case
    claim: Floats
    loads: Floats
    free: NDArray[np.bool_]

    def at(self, level: float) -> Floats:
        """min(max(level * target, floor), ceiling) of the free ones; the others stay."""
        found, free = self.loads.copy(), self.free
        lower, upper = self.problem.floor[free], self.problem.ceiling[free]
        found[free] = np.clip(level * self.claim[free], lower, upper)
        return found


def fullest(
    problem: Case, claim: Floats, used: Callable[[Floats], Floats], touched: NDArray[np.bool_]
) -> Floats:
    """Fill progressively under rows that are convex and rise with every load they touch.

    ``used`` tells what loads by outlet use of each row, ``touched`` (row, outlet) who matters to
    it. All loads rise with their targets; those that touch a row as it fills stop there. Sources
    of a row that the floors fill, or that the background exceeds, stay on their floors.
    """
    limit = problem.limit.to_numpy()
    size = np.where(limit == 0.0, 1.0, np.abs(limit))
    touched = touched[:, problem.place]

    def excess(loads: Floats) -> Floats:
        """Find (used - limit) / |limit|."""
        return np.asarray((used(problem.by_column(loads)) - limit) / size)

    loads, level = problem.floor.copy(), 0.0
    free = (claim > 0.0) & (problem.ceiling > problem.floor)
    full = excess(loads) >= -FULL
    while True:
        free = free & ~touched[full].any(axis=0)
        rising = _Rising(problem, claim, loads, free)

        def missed(
            level: float, rising: _Rising = rising, full: NDArray[np.bool_] = full
        ) -> Floats:
            """Excess of the rows that are not full."""
            return np.where(full, -np.inf, excess(rising.at(level)))

        top = float(np.max(problem.ceiling[free] / claim[free], initial=level))
        top = top if np.isfinite(top) else _bracket(missed, level, problem.source[free])
        if not (missed(top) > 0.0).any():
            return rising.at(top)
        level = float(optimize.brentq(_greatest(missed), level, top, xtol=1e-300))
        last, loads = missed(level), rising.at(level)
        full = full | (last >= min(-FULL, float(last.max())))


def _greatest(missed: Callable[[float], Floats]) -> Callable[[float], float]:
    return lambda level: float(missed(level).max())


def _bracket(missed: Callable[[float], Floats], level: float, free: pd.Index[Any]) -> float:
    """Find a level at which some row is exceeded."""
    top = max(1.0, level)
    for _ in range(ROUNDS):
        top *= 2.0
        if (missed(top) > 0.0).any():
            return top
    names = ", ".join(free[:10].astype(str))
    raise DataError(f"nothing stops {names}; right would be a ceiling or a section for each")
