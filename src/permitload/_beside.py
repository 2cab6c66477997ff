"""Beside the capacity of a study: points of its set, cuts owed, the share of the upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from permitload import _settings, capacity
from permitload.schema import described

if TYPE_CHECKING:
    from permitload import _model

__all__ = ["computed"]

_MOST = 5
"""Outlets that a cell names."""


def computed(
    measured: _model.State,
    room: _model.Room,
    settings: _settings.Settings,
    closed: tuple[xr.DataArray, xr.DataArray, xr.Dataset],
) -> dict[str, xr.Dataset]:
    """Compute points and cuts of what bounds the permits, and what the upstream takes of it.

    Parameters
    ----------
    measured : State
        The study with boundary water as measured.
    room : Room
        What the study's capacity follows from.
    settings : Settings
        Margin of safety.
    closed : tuple
        Headroom (section, indicator, period) [mg/L] with boundary water as measured;
        ``calibrated`` of the sections; stamp of the network.

    Returns
    -------
    dict of Dataset
        ``points``, as ``capacity.points`` gives them; ``owed``, as ``capacity.owed`` gives it,
        with ``met_by`` and, where a target is stated, ``upstream_part``; ``upstream``, as
        ``capacity.upstream_share`` gives it, where a target is stated. All with ``calibrated``.
    """
    response, headroom, bounds, load = room
    own, calibrated, stamp = closed
    known = calibrated.rename(indicator="pollutant").reset_coords(drop=True)
    owed = capacity.owed(response, headroom, load)
    owed = owed.assign(met_by=_met_by(owed), calibrated=known.transpose(*owed["spare"].dims))
    found = {"points": capacity.points(response, headroom, load, bounds=bounds).assign(stamp)}
    inflow = measured.model.tables["inflow"]
    if inflow["target_concentration"].notna().any():
        target = measured.model.with_inflow(_settings.at_target).steady(measured.kept)
        best = capacity.headroom(measured.limits, target, settings.margin_of_safety)
        upstream = capacity.upstream_share(response, own, best, bounds).assign(stamp)
        found["upstream"] = described(upstream)
        # beside water at its target no part of a cut is the upstream's
        rise = 0.0 if settings.boundaries is _settings.at_target else upstream["upstream_rise"]
        owed = owed.assign(upstream_part=owed["cut_owed"].clip(max=np.maximum(rise, 0.0)))
    return found | {"owed": described(owed)}


def _met_by(owed: xr.Dataset) -> xr.DataArray:
    """Name the outlets that could give most of each cut that is owed, with the fall they give."""
    relief = owed["relief"].transpose("section", "pollutant", "period", "outlet")
    names, values = relief["outlet"].values, relief.values
    words = np.full(relief.shape[:-1], "", dtype=object)
    for place in np.argwhere(owed["cut_owed"].transpose(*relief.dims[:-1]).values > 0.0):
        mine = values[tuple(place)]
        order = np.argsort(-mine, kind="stable")
        able = int((mine > 0.0).sum())
        said = [f"{names[k]} {mine[k]:.4g}" for k in order[: min(able, _MOST)]]
        more = [f"… ({able})"] if able > _MOST else []
        words[tuple(place)] = "; ".join(said + more)
    return xr.DataArray(words, {d: relief[d].values for d in relief.dims[:-1]}, relief.dims[:-1])
