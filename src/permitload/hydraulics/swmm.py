"""What a SWMM model holds beside its network: sections, storage, boundaries."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from permitload import _swmm, _swmm_boundaries
from permitload.errors import NetworkError, raise_faults

__all__ = ["swmm_boundaries", "swmm_tables"]


def swmm_tables(path: str | Path) -> dict[str, pd.DataFrame]:
    """Read the cross-sections and storage curves of a SWMM 5 input file.

    Transects become surface widths by height above their lowest point, exact but for flat
    berms, which begin 1 mm below. Functional storage is tabulated: exact where its power is 0 or
    1, in 100 straight pieces up to the maximum depth elsewhere. Constant surfaces are not
    listed: those of the nodes say it all.

    Parameters
    ----------
    path : str or Path
        An ``.inp`` file as for ``RiverNetwork.from_swmm``.

    Returns
    -------
    dict
        Tables ``cross_sections`` (``reach``, ``height`` and ``width`` [m]) and
        ``storage_curves`` (``node``, ``stage`` [m], ``storage_area`` [m2]).

    Raises
    ------
    NetworkError
        With every fault of the file, by line.

    Examples
    --------
    >>> swmm_tables("nothing.inp")
    Traceback (most recent call last):
    permitload.errors.NetworkError: 1 fault:
      nothing.inp, path: is no file; right would be a text file of at most 100 MB
    """
    tables, model = _swmm.read(Path(path))
    raise_faults(model.faults, NetworkError)
    return {name: tables[name] for name in ("cross_sections", "storage_curves")}


def swmm_boundaries(path: str | Path, times: pd.DatetimeIndex) -> xr.Dataset:
    """Read the stages at outfalls and the inflows at nodes of a SWMM 5 input file.

    Series are straight between their points, tide curves return every day. Inflows are the
    baseline plus the factor times the series, in the flow units of the file.

    Parameters
    ----------
    path : str or Path
        An ``.inp`` file as for ``RiverNetwork.from_swmm``.
    times : DatetimeIndex
        Instants at which boundaries are wanted, within every series.

    Returns
    -------
    Dataset
        ``stage`` (node, time) [m] and ``flow`` (node, time) [m3/s]; NaN where a node has only
        the other.

    Raises
    ------
    NetworkError
        With every fault of the file, by line: outfalls that are free or normal, flaps, patterns,
        files of series, series that do not reach from the first to the last instant, stages with
        lost readings, and sections of further inflow (DWF, RDII, SUBCATCHMENTS).

    Examples
    --------
    >>> swmm_boundaries("nothing.inp", pd.date_range("2020-01-01", periods=2))
    Traceback (most recent call last):
    permitload.errors.NetworkError: 1 fault:
      nothing.inp, path: is no file; right would be a text file of at most 100 MB
    """
    return _swmm_boundaries.read(Path(path), times)
