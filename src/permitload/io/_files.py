"""Files written whole or not at all, and Datasets as NetCDF."""

from __future__ import annotations

import csv
import mmap
import secrets
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

import xarray as xr

from permitload.errors import DataError, Fault
from permitload.schema import VARIABLES, header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

__all__ = ["load", "save", "write"]

LARGEST_DATASET = 20_000_000_000
"""Bytes beyond which a NetCDF file is not opened."""
HEAP = b"GCOL\x01\0\0\0"
"""Signature of a heap of texts in HDF5, version 1."""


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside the target; it replaces the target when all went well."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table; see :func:`permitload.io.write_table`."""
    named = [name for name in table.index.names if name in VARIABLES]
    frame = table.reset_index(level=named) if named else table
    unknown = [str(name) for name in frame.columns if name not in VARIABLES]
    if unknown:
        raise DataError(
            Fault(path.name, None, name, None, "is not declared", "a name of schema.VARIABLES")
            for name in unknown
        )
    columns = [_texts(frame[name], str(name)) for name in frame.columns]
    with _replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([header(str(name)) for name in frame.columns])
        writer.writerows(zip(*columns, strict=True))


def _texts(values: pd.Series[float] | pd.Series[str], name: str) -> list[str]:
    """Cells of a column: shortest text that reads back as the same number; empty where missing."""
    variable = VARIABLES[name]
    missing = values.isna()
    if variable.is_label:
        cells = values.astype(object).where(~missing, "").astype(str).tolist()
    elif variable.is_date:
        cells = values.astype("datetime64[s]").dt.strftime("%Y-%m-%d").tolist()
    else:
        # adding zero turns -0.0 into 0.0, so that equal tables have equal bytes
        cells = [repr(value + 0.0) for value in values.astype(float).tolist()]
    return ["" if lost else cell for cell, lost in zip(cells, missing, strict=True)]


def save(dataset: xr.Dataset, path: Path) -> None:
    """Write a Dataset; see :func:`permitload.io.write_dataset`."""
    described = dataset.copy().drop_encoding()
    for name in described.variables:
        variable = VARIABLES.get(str(name))
        array = described[name]
        if variable is None or variable.is_date:
            continue
        array.attrs = {"long_name": variable.meaning, **array.attrs}
        if not variable.is_label:
            array.attrs = {**array.attrs, "units": variable.unit}
    with _replacing(path) as beside:
        described.to_netcdf(beside, engine="h5netcdf")


def load(path: Path) -> xr.Dataset:
    """Read a Dataset; see :func:`permitload.io.read_dataset`."""
    if path.is_symlink() or not path.is_file():
        raise DataError([Fault(path.name, None, "file", None, "is missing", "a NetCDF-4 file")])
    if path.stat().st_size > LARGEST_DATASET:
        problem = f"exceeds {LARGEST_DATASET} bytes"
        raise DataError([Fault(path.name, None, "file", None, problem, "a smaller file")])
    import h5py

    try:
        _refuse_endless(path)
        # h5netcdf leaves a half-open object behind when the HDF5 file is damaged
        with h5py.File(path, "r") as stored:
            dict(stored.attrs)
        with xr.open_dataset(path, engine="h5netcdf", decode_timedelta=False) as dataset:
            return dataset.load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        fault = Fault(path.name, None, "file", None, "cannot be read", "a NetCDF-4 file")
        raise DataError([fault]) from error


def _refuse_endless(path: Path) -> None:
    """Refuse a heap of texts whose objects do not add up: HDF5 would walk it for ever.

    HDF5 file format specification 3.0, section III.E: 16 bytes of header and the size of the
    heap, then objects of 16 bytes of header and a size; object 0 is free space, whose size
    includes its header, and the others are padded to 8 bytes.
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        start = held.find(HEAP)
        while start >= 0:
            (size,) = struct.unpack("<Q", held[start + 8 : start + 16].ljust(8, b"\0"))
            place, end = start + 16, start + size
            while end <= len(held) and end - place >= 16:
                number, _, _, length = struct.unpack("<HHIQ", held[place : place + 16])
                place += length if number == 0 else 16 + -(-length // 8) * 8
                if place > end or (number == 0 and length < 16):
                    raise ValueError("a heap of texts does not add up")
            start = held.find(HEAP, start + 8)
