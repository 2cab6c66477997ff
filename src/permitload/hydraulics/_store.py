"""Where an unsteady run leaves its results: in memory, or in a NetCDF file as it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults
from permitload.schema import described

__all__ = ["MOST_BYTES", "Store"]

MOST_BYTES = 2_000_000_000
"""Largest result that is kept in memory."""

Dims = dict[str, tuple[str, str]]


class Store:
    """Arrays (time or interval, label) that are filled block after block.

    With a path the blocks go to the file, so memory does not grow with the run.
    """

    def __init__(self, dims: Dims, coords: dict[str, Any], path: Path | None) -> None:
        self._dims, self._path = dims, path
        frame = xr.Dataset(coords=coords)
        sizes = {name: (frame.sizes[d], frame.sizes[t]) for name, (d, t) in dims.items()}
        need = 8 * sum(a * b for a, b in sizes.values())
        if path is None and need > MOST_BYTES:
            right = "run with a path (a NetCDF file), fewer times or longer cells"
            problem = f"would take {need / 1e9:.1f} GB of memory"
            raise_faults([Fault("run", None, "path", None, problem, right)])
        self._frame = described(frame)
        if path is None:
            self._arrays: dict[str, Any] = {n: np.empty((b, a)) for n, (a, b) in sizes.items()}
            return
        self._frame.to_netcdf(path, engine="h5netcdf")
        self._open(path)

    def size(self, dim: str) -> int:
        """Count of labels."""
        return int(self._frame.sizes[dim])

    def put(self, name: str, first: int, values: NDArray[np.float64]) -> None:
        """Keep the rows of instants or intervals from the first on."""
        self._arrays[name][first : first + len(values)] = values

    def result(self, extra: dict[str, Any], attrs: dict[str, Any]) -> xr.Dataset:
        """Dataset of all that was put, with further variables; lazy if it is in a file."""
        if self._path is None:
            found = {n: ((t, d), self._arrays[n]) for n, (d, t) in self._dims.items()}
            result = self._frame.assign({**found, **extra}).assign_attrs(attrs)
            return described(result.transpose(*self._frame.sizes))
        self._file.close()
        described(xr.Dataset(extra, attrs=attrs)).to_netcdf(self._path, "a", engine="h5netcdf")
        return xr.open_dataset(self._path, engine="h5netcdf")

    def close(self) -> None:
        """Close the file of a run that failed."""
        if self._path is not None:
            self._file.close()

    def _open(self, path: Path) -> None:
        """Create the variables of the file."""
        import h5netcdf

        self._file, self._arrays = h5netcdf.File(path, "a"), {}
        for name, (d, t) in self._dims.items():
            made = self._file.create_variable(name, (t, d), "f8")
            made.attrs.update(described(xr.Dataset({name: 0.0}))[name].attrs)
            self._arrays[name] = made
