"""Targets of a study that need more than the loads of the sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from permitload import allocation

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["contribution", "tree"]


def contribution(sources: xr.Dataset) -> xr.DataArray:
    """Name what contribution starts from: the present loads, which ``sharing.project`` cuts."""
    return allocation.present_load(sources)


def tree(sources: xr.Dataset) -> xr.DataArray:
    """Read the loads that the tree gives each source, which ``_tree.equipped`` found."""
    return sources["leaf_target"]
