"""The border: CSV tables and NetCDF files in and out, units converted here and nowhere else.

A header carries its unit, ``length [m]``; other units convert (``source_load [t/a]``,
``flow [m3/d]``, ``storage_area [亩]``), ``t/month`` with the days of the row's period. A year
``a`` is 365 d. ``ton``, ``month`` and ``year`` mean different things to different people and
are refused.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import as_text
from permitload.errors import DataError, Fault, raise_faults
from permitload.io._columns import CHOICES
from permitload.io._csv import LARGEST_FILE, scan
from permitload.io._files import load, save, write
from permitload.io._units import convert
from permitload.schema import DIMENSIONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

__all__ = [
    "CHOICES",
    "LARGEST_FILE",
    "convert",
    "expand_periods",
    "read_dataset",
    "read_study_tables",
    "read_table",
    "scan_table",
    "write_dataset",
    "write_table",
]


def read_table(
    path: str | Path, table: str, days: Mapping[str, float] | None = None
) -> pd.DataFrame:
    r"""Read one CSV table, in canonical names and units.

    Parameters
    ----------
    path : str or Path
        File in UTF-8, with or without byte order mark.
    table : str
        A key of :data:`permitload.schema.TABLES`.
    days : mapping, optional
        Days of each period [d]; needed for a column per month.

    Returns
    -------
    DataFrame
        Declared columns in order, keys among them: labels as text, numbers as float in the
        canonical unit, dates as datetime64. Optional numbers that are empty are NaN, optional
        labels ``""``. The index ``line`` holds the line of each row in the file.

    Raises
    ------
    DataError
        With every fault of the file: headers, units, cells, bounds, keys.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "boundaries.csv")
    >>> _ = path.write_text("node,period,flow [m3/d]\nN1,dry,86400\n")
    >>> read_table(path, "boundaries")["flow"].to_dict()
    {2: 1.0}
    >>> folder.cleanup()
    """
    frame, faults = scan(Path(path), table, days)
    raise_faults(faults)
    return frame


def scan_table(
    path: str | Path, table: str, days: Mapping[str, float] | None = None
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read one CSV table as far as possible, and list its faults instead of raising them.

    Parameters
    ----------
    path : str or Path
        File in UTF-8.
    table : str
        A key of :data:`permitload.schema.TABLES`.
    days : mapping, optional
        Days of each period [d].

    Returns
    -------
    frame : DataFrame
        As of :func:`read_table`; cells that are wrong are NaN or ``""``, rows that repeat a
        key are left out.
    faults : list of Fault
        In the order of the file.

    Examples
    --------
    >>> scan_table("absent/reaches.csv", "reaches")[1][0].problem
    'is missing'
    """
    return scan(Path(path), table, days)


def read_study_tables(folder: str | Path) -> tuple[dict[str, pd.DataFrame], list[Fault]]:
    """Read every declared table of a study folder.

    Parameters
    ----------
    folder : str or Path
        Holds ``reaches.csv``, ``flows.csv`` and so on.

    Returns
    -------
    tables : dict of DataFrame
        By name, in the order of declaration; optional tables only where there is a file.
    faults : list of Fault
        Of all files: unreadable or symbolic links, missing tables, and all of
        :func:`scan_table`.

    Raises
    ------
    DataError
        If the folder is not a folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tables, faults = read_study_tables(folder)
    >>> str(faults[0])
    'reaches.csv, file: is missing; right would be a CSV file'
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError([Fault(str(folder), None, "folder", None, "is missing", "a folder")])
    found = _misnamed(folder)
    lengths, _ = scan(folder / "periods.csv", "periods", None)
    days = dict(zip(lengths["period"], lengths["days"], strict=True))
    tables = {}
    for name, declared in TABLES.items():
        path = folder / f"{name}.csv"
        if declared.optional and not (path.exists() or path.is_symlink()):
            continue
        tables[name], faults = scan(path, name, days)
        found += faults
    return tables, found


def _misnamed(folder: Path) -> list[Fault]:
    """Files whose name is nearly that of a table that is not there: they would be ignored."""
    present = {path.stem for path in folder.glob("*.csv")}
    faults = []
    for stem in sorted(present - set(TABLES)):
        near = difflib.get_close_matches(stem, set(TABLES) - present, n=1, cutoff=0.8)
        if near:
            problem, right = "is not the name of a table", f"{near[0]}.csv"
            faults.append(Fault(f"{stem}.csv", None, "file", None, problem, right))
    return faults


def expand_periods(table: pd.DataFrame, periods: Sequence[str]) -> pd.DataFrame:
    """Write out rows with an empty period: one row for each period without a row of its own.

    Parameters
    ----------
    table : DataFrame
        With ``period`` and further index columns, such as ``inflow`` or ``source_loads``.
    periods : sequence of str
        All periods, in order.

    Returns
    -------
    DataFrame
        Rows with a period as they were, then the written-out ones in the order of ``periods``;
        the index says which row each comes from.

    Examples
    --------
    >>> inflow = pd.DataFrame({"node": ["N1", "N1"], "pollutant": ["COD", "COD"],
    ...                        "period": ["", "wet"], "concentration": [12.0, 9.0]})
    >>> expand_periods(inflow, ["dry", "wet"])[["period", "concentration"]].values.tolist()
    [['wet', 9.0], ['dry', 12.0]]
    """
    blank = (table["period"] == "").to_numpy()
    if not blank.any():
        return table.copy()
    key = [name for name in table.columns if name in DIMENSIONS]
    given, rows = table[~blank], np.flatnonzero(blank)
    written = table.iloc[np.repeat(rows, len(periods))]
    written = written.assign(period=as_text(list(periods) * len(rows)))
    if given.empty:
        return written
    taken = pd.MultiIndex.from_frame(given[key])
    free = ~pd.MultiIndex.from_frame(written[key]).isin(taken)
    return pd.concat([given, written[free]])


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    r"""Write a table as CSV with units in its headers: the same table, the same bytes.

    Parameters
    ----------
    table : DataFrame
        In canonical units; columns, and index levels, that are declared variables.
    path : str or Path
        File; replaced whole, or left as it was if anything fails.

    Raises
    ------
    DataError
        If a column is not declared.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     write_table(pd.DataFrame({"reach": ["R1"], "flow": [0.1]}), path)
    ...     path.read_text()
    'reach,flow [m3/s]\nR1,0.1\n'
    """
    write(table, Path(path))


def write_dataset(dataset: xr.Dataset, path: str | Path) -> None:
    """Write a Dataset as NetCDF-4, with the declared units and meanings as attributes.

    Parameters
    ----------
    dataset : Dataset
        In canonical units.
    path : str or Path
        File; replaced whole, or left as it was if anything fails.

    Examples
    --------
    >>> import tempfile
    >>> import xarray as xr
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "limits.nc")
    ...     write_dataset(xr.Dataset({"limit": ("section", [20.0])}), path)
    ...     read_dataset(path)["limit"].attrs["units"]
    'mg/L'
    """
    save(dataset, Path(path))


def read_dataset(path: str | Path) -> xr.Dataset:
    """Read a Dataset that :func:`write_dataset` wrote: values and labels as they were.

    Parameters
    ----------
    path : str or Path
        NetCDF-4 file.

    Returns
    -------
    Dataset
        In memory; the file is closed.

    Raises
    ------
    DataError
        If the file is missing, too large, damaged or of another kind.

    Examples
    --------
    >>> read_dataset("absent.nc")
    Traceback (most recent call last):
    permitload.errors.DataError: 1 fault:
      absent.nc, file: is missing; right would be a NetCDF-4 file
    """
    return load(Path(path))
