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
_CHUNK = 96
"""Instants that are written at once."""

Dims = dict[str, tuple[str, str]]


class Store:
    """Arrays (label, time or interval) that are filled one instant after the other.

    With a path, blocks of instants go to the file, so memory does not grow with the run.
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
        self._size = {t: frame.sizes[t] for t in ("time", "interval")}
        if path is None:
            self._arrays = {n: np.empty((b, a)) for n, (a, b) in sizes.items()}
            return
        self._arrays = {n: np.empty((min(_CHUNK, b), a)) for n, (a, b) in sizes.items()}
        self._frame.to_netcdf(path, engine="h5netcdf")
        self._open(path, sizes)

    def put(self, name: str, k: int, values: NDArray[np.float64]) -> None:
        """Keep the values of instant k."""
        self._arrays[name][k if self._path is None else k % _CHUNK] = values

    def flush(self, axis: str, k: int) -> None:
        """Write the block that instant k completes."""
        if self._path is None or ((k + 1) % _CHUNK and k + 1 < self._size[axis]):
            return
        first = k - k % _CHUNK
        for name, (_, t) in self._dims.items():
            if t == axis:
                self._file.variables[name][first : k + 1] = self._arrays[name][: k + 1 - first]

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

    def _open(self, path: Path, sizes: dict[str, tuple[int, int]]) -> None:
        """Create the variables of the file."""
        import h5netcdf

        self._file = h5netcdf.File(path, "a")
        for name, (d, t) in self._dims.items():
            a, b = sizes[name]
            chunks = max(min(_CHUNK, b), 1), max(a, 1)
            made = self._file.create_variable(name, (t, d), "f8", chunks=chunks)
            made.attrs.update(described(xr.Dataset({name: 0.0}))[name].attrs)
