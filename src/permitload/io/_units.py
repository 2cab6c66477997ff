"""Units of headers: one small registry that knows what a header may say, and nothing else."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from permitload.errors import DataError, Fault
from permitload.schema import VARIABLES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from pint import Unit, UnitRegistry

__all__ = ["MONTH", "convert", "convert_back", "per_month", "plain", "unit_fault"]

MONTH = "/month"
"""End of a unit that is converted with the days of its row's period."""

_DEFINITIONS = """
m = [length]
mm = 0.001 * m
cm = 0.01 * m
km = 1000 * m
ha = 10000 * m ** 2 = _ = hm2
mu = 10000 / 15 * m ** 2 = _ = 亩
L = 0.001 * m ** 3 = _ = l
s = [time]
min = 60 * s
h = 3600 * s
d = 86400 * s
a = 365 * d
g = [mass]
ng = 1e-9 * g
ug = 1e-6 * g = _ = μg
mg = 0.001 * g
kg = 1000 * g
t = 1000000 * g
K = [temperature]; offset: 0
degC = K; offset: 273.15
percent = 0.01
CNY = [currency] = _ = 元
万元 = 10000 * CNY
"""
_MONEY = "10^4 CNY"
"""Unit of money; the only one with a space and a power of ten."""

_REFUSED = {
    "ton": "t (a ton is 907 kg in some places, 1000 kg in others)",
    "tons": "t (a ton is 907 kg in some places, 1000 kg in others)",
    "tonne": "t",
    "month": "kg/d, t/a, or t/month in a table whose rows have a period",
    "year": "a (365 d; a year is 365.25 d elsewhere)",
    "yr": "a (365 d; a year is 365.25 d elsewhere)",
    "ppm": "mg/L",
    "ppb": "ug/L",
}

# Names, one-digit powers and m^(1/3): a header can ask for no arithmetic that runs away.
_NAME = r"(?:[^\W\d_]+2?|°C)"
_FACTOR = rf"(?:1|{_NAME}(?:\^?-?\d|\^\(1/3\))?)"
_GROUP = rf"(?:{_FACTOR}|\({_FACTOR}(?:[/*]{_FACTOR})*\))"
_GRAMMAR = re.compile(rf"{_GROUP}(?:[/*]{_GROUP}){{0,5}}")

Value = TypeVar("Value", float, "np.ndarray[Any, Any]", "pd.Series[float]", "xr.DataArray")


@cache
def _registry() -> UnitRegistry[Any]:
    """Build the one registry, when a unit is first converted."""
    from pint import UnitRegistry

    registry: UnitRegistry[Any] = UnitRegistry(None, cache_folder=None)
    registry.load_definitions(_DEFINITIONS.strip().splitlines())
    return registry


def plain(unit: str) -> str:
    """Write a unit the way this library does: ``m³/s`` and ``m**3/s`` as ``m3/s``, ``-`` as ``1``.

    Examples
    --------
    >>> plain("m³/s"), plain(" m**3 / s "), plain("-"), plain("%"), plain("万元/a")
    ('m3/s', 'm3/s', '1', 'percent', '10^4 CNY/a')
    """
    compact = unicodedata.normalize("NFKC", unit).replace(" ", "").replace("**", "^")
    compact = compact.replace(_MONEY.replace(" ", ""), "万元")
    compact = re.sub(r"\^(\d)", r"\1", compact).replace("万元", _MONEY)
    return {"": "1", "-": "1", "%": "percent"}.get(compact, compact)


def _parsed(unit: str) -> Unit:
    """Parse a unit; ValueError if a header may not say this."""
    unit = unit.replace(_MONEY, "万元")
    if len(unit) > 40 or not _GRAMMAR.fullmatch(unit):
        raise ValueError(unit)
    powers = re.sub(r"(?<=[^\W\d_])(?<!hm)(-?\d)", r"**\1", unit)
    try:
        return _registry().Unit(powers.replace("^", "**").replace("°C", "degC"))
    except (AttributeError, AssertionError, TypeError, KeyError) as error:
        raise ValueError(unit) from error


def unit_fault(unit: str, name: str) -> tuple[str, str] | None:
    """Say what is wrong with a header's unit, and what would be right; None if nothing is.

    Examples
    --------
    >>> unit_fault("kg", "length")
    ('does not convert to m', 'length [m], or a unit that converts to m')
    >>> unit_fault("km", "length")
    """
    canonical = VARIABLES[name].unit
    if unit == canonical:
        return None
    right = f"{name} [{canonical}], or a unit that converts to {canonical}"
    unit = unit.removesuffix(MONTH) + "/d" if unit.endswith(MONTH) else unit
    for word in re.findall(r"[^\W\d_]+", unit):
        if word.lower() in _REFUSED:
            return f"says {word}, which is refused", _REFUSED[word.lower()]
    try:
        found = _parsed(unit)
    except ValueError:
        return "is not a known unit", right
    if found.dimensionality != _parsed(canonical).dimensionality:
        return f"does not convert to {canonical}", right
    return None


def convert(value: Value, unit: str, name: str) -> Value:
    """Bring a value to the canonical unit of a variable.

    Parameters
    ----------
    value : float or array
        In ``unit``.
    unit : str
        For example ``m3/d``, ``t/a``, ``ug/L``, ``亩``. A year ``a`` has 365 d.
    name : str
        A declared variable.

    Returns
    -------
    float or array
        In the canonical unit of ``name``.

    Raises
    ------
    DataError
        If the unit is unknown, ambiguous (``ton``, ``month``, ``year``) or of another dimension.

    Examples
    --------
    >>> round(convert(1.0, "t/a", "source_load"), 9)
    2.739726027
    """
    unit = plain(unit)
    fault = _REFUSED_MONTH if unit.endswith(MONTH) else unit_fault(unit, name)
    if fault:
        raise DataError([Fault("units", None, name, f"[{unit}]", *fault)])
    return value if unit == VARIABLES[name].unit else _scaled(value, unit, VARIABLES[name].unit)


_REFUSED_MONTH = ("says month, which has no fixed length", _REFUSED["month"])


def convert_back(value: float, unit: str, name: str) -> float:
    """Bring a bound from the canonical unit of a variable to a checked unit.

    Examples
    --------
    >>> convert_back(1000.0, "km", "length")
    1.0
    """
    canonical = VARIABLES[name].unit
    if unit == canonical or unit.endswith(MONTH) or np.isinf(value):
        return value
    bound: float = _scaled(value, canonical, unit)
    return bound


def _scaled(value: Value, unit: str, wanted: str) -> Value:
    """Apply the straight line between two units: ratio and, for temperatures, offset."""
    registry = _registry()
    source, target = _parsed(unit), _parsed(wanted)
    offset = float(registry.convert(0.0, source, target))
    if offset == 0.0:
        return value * float(registry.convert(1.0, source, target))
    return value * (float(registry.convert(1.0, source, target)) - offset) + offset


def per_month(value: Value, unit: str, name: str, days: Value) -> Value:
    """Bring a mass or volume per period to the canonical rate, with the days of each period.

    Examples
    --------
    >>> per_month(1.0, "t/month", "source_load", 30.0)
    33.333333333333336
    """
    rate: Value = convert(value / days, unit.removesuffix(MONTH) + "/d", name)
    return rate
