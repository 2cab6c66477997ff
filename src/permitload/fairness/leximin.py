"""Leximin: the least satisfied as far as possible, then the next (also max-min fairness)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from permitload.fairness._given import beside, reported
from permitload.sharing import fill

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["leximin", "leximin_index"]

leximin = fill
"""Progressive filling is the leximin of what is granted per unit of target."""


def leximin_index(permitted_load: xr.DataArray, claim: xr.DataArray) -> xr.DataArray:
    """Part of its claim that the least satisfied source lacks.

    Parameters
    ----------
    permitted_load : DataArray
        Loads >= 0 (source, and any other dimensions), in any unit.
    claim : DataArray
        Claims >= 0 (source, and any of the others), in the same unit; who claims nothing lacks
        nothing.

    Returns
    -------
    DataArray
        ``max(1 - load / claim, 0)`` of the least satisfied [1], by the dimensions other than
        source; 0 where all claims are met.

    Raises
    ------
    DataError
        If labels differ or a number is NaN, infinite or negative.

    Examples
    --------
    >>> import xarray as xr
    >>> labels = {"source": ["A", "B"]}
    >>> load = xr.DataArray([3.0, 1.0], labels)
    >>> leximin_index(load, xr.DataArray([4.0, 4.0], labels)).item()
    0.75
    """
    loads, claims = beside(permitted_load, claim)
    lack = (claims - loads).values / np.where(claims.values > 0, claims.values, 1.0)
    return reported(lack.max(axis=0, initial=0.0), loads, {}).rename("leximin")
