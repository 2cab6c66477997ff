"""Who makes the concentration at the sections of a study."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from permitload import _nonpoint, sources
from permitload.schema import described

__all__ = ["CONFIDENCE", "COUNT", "SEED", "made", "variation"]

Tables = Mapping[str, pd.DataFrame]

CONFIDENCE, COUNT, SEED = 0.9, 2000, 0
"""Probability that an interval covers, draws, and the seed that they begin with."""


def variation(tables: Tables, load: xr.DataArray) -> xr.DataArray:
    """Coefficient of variation of the loads of every source and pollutant.

    Activities of one source err independently: the squares of their errors add up. A load that
    is stated, or follows from another table, has none.

    Parameters
    ----------
    tables : mapping of DataFrame
        A study without faults.
    load : DataArray
        (source, pollutant, …): the labels.

    Returns
    -------
    DataArray
        (source, pollutant) [1].
    """
    zero = xr.zeros_like(load.isel(period=0, drop=True))
    loads = _nonpoint.by_activity(tables)
    if loads.empty:
        return zero
    key = ["source", "activity", "pollutant"]
    known = loads.merge(tables["activities"][[*key, "variation"]], on=key, validate="1:1")
    pairs = [known["source"], known["pollutant"]]
    mean = known["in_river_load"].groupby(pairs).sum()
    error = ((known["in_river_load"] * known["variation"]) ** 2).groupby(pairs).sum() ** 0.5
    ratio = (error / mean.where(mean > 0.0)).fillna(0.0).to_xarray()
    axes = {name: load[name].values for name in ("source", "pollutant")}
    return zero.copy(data=ratio.reindex(axes, fill_value=0.0).transpose(*zero.dims).values)


def made(response: xr.DataArray, load: xr.DataArray, tables: Tables) -> dict[str, xr.Dataset]:
    """Rise that each source class makes at every section now, with its interval.

    Parameters
    ----------
    response : DataArray
        (section, outlet, pollutant, period) [(mg/L)/(kg/d)] of all outlets with a source.
    load : DataArray
        (source, pollutant, period) [kg/d]: present loads of all sources.
    tables : mapping of DataFrame
        A study without faults.

    Returns
    -------
    dict
        ``contributions``: what :func:`sources.contributions` and
        :func:`sources.contribution_interval` return; nothing where there is one class alone.
    """
    classes = list(dict.fromkeys(load["source_class"].values.tolist()))
    if len(classes) < 2:
        return {}
    spread = variation(tables, load)
    found = sources.contributions(response, load, spread)
    ends = [found["contribution"].rename(f"contribution_{n}") for n in ("lower", "upper")]
    uncertain = (spread > 0.0).any("pollutant").values
    if uncertain.any():
        # exact loads need no draws: the interval of a class is theirs, and that of the others
        mine = load.isel(source=uncertain)
        whole = sources.contributions(response, mine)["contribution"]
        drawn = sources.contribution_interval(
            response, mine, spread.isel(source=uncertain), np.random.default_rng(SEED),
            CONFIDENCE, COUNT,
        )  # fmt: skip
        off = (drawn - whole).reindex(source_class=classes, fill_value=0.0)
        ends = [end + off[end.name].transpose(*end.dims) for end in ends]
    return {"contributions": described(found.assign({end.name: end for end in ends}))}
