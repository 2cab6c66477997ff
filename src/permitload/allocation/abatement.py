"""What given permits cost: each source alone, every option tried."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.allocation._abatement import Park, back, park_of
from permitload.allocation._cases import DIMS, numbers_of
from permitload.allocation._options import AS_IS, Option
from permitload.errors import InfeasibleError
from permitload.schema import described
from permitload.units import tonnes

__all__ = ["abatement_cost"]

Floats = NDArray[np.float64]

NOISE = 1e-9
"""Part of a load that is round-off."""


def abatement_cost(
    sources: xr.Dataset,
    options: pd.DataFrame,
    permitted_load: xr.DataArray,
    reductions: pd.DataFrame | None = None,
) -> xr.Dataset:
    """Least cost at which every source keeps within its permitted load.

    The sources are looked at one by one: every option is tried, operation takes off what is still
    too much. For the permits of :func:`least_cost` this is the cost found there, by another way,
    as long as no budget or other rule ties sources together.

    Parameters
    ----------
    sources : Dataset
        ``source_load`` (source, pollutant, period) [kg/d].
    options : DataFrame
        Table ``options``; ``as is`` is an option without being listed.
    permitted_load : DataArray
        (source, pollutant, period) [kg/d], however it came about; with ``days`` by period if the
        periods of a year differ in length.
    reductions : DataFrame, optional
        Table ``reductions``.

    Returns
    -------
    Dataset
        ``option`` and ``cost`` (source) [10^4 CNY/a], ``reduction`` (source, pollutant, period)
        [kg/d], ``total_cost`` [10^4 CNY/a]. Of options that cost the same the first by label.

    Raises
    ------
    InfeasibleError
        If a source cannot get down to its permits; ``relaxation`` lists source, pollutant, period
        and ``missing`` [kg/d] for the option that misses least.
    DataError
        As :func:`least_cost`.

    Examples
    --------
    >>> labels = {"source": ["E1"], "pollutant": ["TP"], "period": ["year"]}
    >>> sources = xr.Dataset({"source_load": (list(labels), [[[80.0]]])}, labels)
    >>> options = pd.DataFrame({"source": "E1", "option": ["filter", "membrane"],
    ...     "pollutant": "TP", "removal": [0.5, 0.9], "operating": [20.0, 50.0]})
    >>> abatement_cost(sources, options, sources.source_load * 0.4).cost.item()
    50.0
    """
    numbers_of(permitted_load, permitted_load, "permitted_load")
    permitted = permitted_load.transpose(*DIMS)
    park = park_of(permitted, sources, options, reductions)
    allowed = numbers_of(permitted, permitted, "permitted_load")[park.order]
    missing = []
    label = np.full(len(park.source), AS_IS, dtype=object)
    cost, reduced = np.zeros(len(park.source)), np.zeros(park.load.shape)
    for k, source in enumerate(park.source):
        tried = [_tried(park, one, allowed[k]) for one in park.options if one.source == k]
        able = [one for one in tried if not one.missing.any()]
        if able:
            best = min(able, key=lambda one: one.cost)
            label[k], cost[k], reduced[k] = best.label, best.cost, best.reduction
        else:
            short = min((one.missing for one in tried), key=np.sum)
            missing += [
                (source, park.pollutant[p], park.period[t], short[p, t])
                for p, t in np.argwhere(short > 0)
            ]
    if missing:
        raise _infeasible(missing)
    found = {
        "option": ("source", back(park, label).astype(str)),
        "cost": ("source", back(park, cost)),
        "reduction": (DIMS, back(park, reduced)),
        "total_cost": ((), math.fsum(cost)),
    }
    return described(xr.Dataset(found, permitted.coords))


class _Tried(NamedTuple):
    """What one option of a source costs, and what it still lacks [kg/d]."""

    label: str
    cost: float
    reduction: Floats
    missing: Floats


def _tried(park: Park, option: Option, allowed: Floats) -> _Tried:
    """Take off by operation what an option leaves above the permits (pollutant, period)."""
    load = park.load[option.source]
    need = load * (1.0 - option.removal[:, None]) - allowed
    need = np.where(need > NOISE * load, need, 0.0)
    most, cost = np.zeros(load.shape), option.annual
    for piece in park.pieces:
        if piece.source == option.source:
            ends = np.append(0.0, np.cumsum(piece.size))
            curve = np.append(0.0, np.cumsum(piece.size * piece.slope))
            most[piece.pollutant] = ends[-1]
            yearly = tonnes(np.interp(need[piece.pollutant], ends, curve), park.days)
            cost += math.fsum(yearly)
    missing = need - most
    return _Tried(option.label, cost, need, np.where(missing > NOISE * load, missing, 0.0))


def _infeasible(missing: list[tuple[str, str, str, float]]) -> InfeasibleError:
    table = pd.DataFrame(missing, columns=[*DIMS, "missing"])
    worst = table.loc[table["missing"].idxmax()]
    where = ", ".join(worst[list(DIMS)])
    message = (
        f"{table['source'].nunique()} sources cannot get down to their permits at any cost, "
        f"most {where}: {worst['missing']:g} kg/d too much"
    )
    return InfeasibleError(message, table)
