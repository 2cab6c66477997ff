"""What is no capacity of a formula: results of a network, stocks, masses of a year."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import VARIABLES

__all__ = ["refuse_network", "refuse_no_rate"]

RESPONSES = frozenset(
    {
        "total",
        "canonical_load",
        "load_min",
        "load_max",
        "headroom",
        "permitted_load",
        "point_load",
        "spare",
        "remaining_capacity",
        "upstream_share",
        "change",
    }
)
"""Arrays that come from the response of a network."""


def refuse_network(name: str, capacity: object) -> None:
    """Refuse results of a network response: they count mixing and background already."""
    if isinstance(capacity, xr.Dataset) or (
        isinstance(capacity, xr.DataArray | pd.Series) and capacity.name in RESPONSES
    ):
        raise DataError(
            f"{name}: a capacity of a network counts mixing and background already; right would "
            "be the result of a formula"
        )


def refuse_no_rate(name: str, values: Mapping[str, object]) -> None:
    """Refuse columns and labelled arrays whose unit or name says that they are not kg/d."""
    rate = VARIABLES["capacity"].unit
    faults = []
    for key, value in values.items():
        if not isinstance(value, xr.DataArray | pd.Series):
            continue
        declared = VARIABLES.get(str(value.name))
        unit = value.attrs.get("units", declared.unit if declared else rate)
        if unit != rate:
            what = f"is {value.name} in {unit}, no rate"
            faults.append(Fault(name, None, key, None, what, f"a capacity in {rate}"))
    raise_faults(faults)
