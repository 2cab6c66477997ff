"""Many outfalls along one stretch: their order, the water between them, labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from permitload.capacity._arrays import attributes
from permitload.capacity._formula import Floats, Numbers, checked, fields, with_rows
from permitload.capacity.water import River
from permitload.errors import DataError, Fault, raise_faults
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = ["Water", "above_each", "along", "below_each"]

WATER = frozenset({"flow", "velocity", "decay", "length", "position", "effluent_flow"})
"""Inputs that make the water along the outfalls."""


@dataclass(frozen=True, slots=True)
class Water:
    """Water and decay along the outfalls: arrays (..., outlet); exponents are K dx/u [1]."""

    flow: Floats
    """Above each outfall [m3/s]."""
    added: Floats
    """Of each outfall [m3/s]."""
    before: Floats
    """Exponent from the outfall above, or from the head."""
    after: Floats
    """Exponent to the next outfall, or to the end."""
    down: Floats
    """Exponent to the end."""
    whole: Floats
    """Exponent of the whole stretch."""


def along(
    name: str,
    formula: Callable[..., Floats],
    river: River,
    outfalls: Mapping[str, Numbers],
    stretch: Mapping[str, Numbers],
    result: str = "capacity",
) -> Numbers:
    """Apply a formula of :class:`Water` along the outfalls; labels are kept.

    Inputs of ``outfalls`` may differ from one to the next, those of the ``stretch`` may not.
    """
    values = fields(river, name, "flow", "velocity", "decay", "length") | {**stretch, **outfalls}
    checked(name, values, signed=("source_load",))

    def apply(values: Mapping[str, Numbers]) -> Numbers:
        """Apply the formula to inputs without rows."""
        return _apply(name, formula, values, frozenset(outfalls), result)

    return with_rows(name, apply, values, result)


def above_each(first: Floats, standard: Floats, water: Water) -> Floats:
    """Concentrations (..., outlet) of the stretch above each outfall: the first, then standards."""
    count = water.flow.shape[-1]
    wide = np.broadcast_shapes(first.shape[:-1], standard.shape[:-1])
    rest = np.broadcast_to(standard, (*wide, count))[..., :-1]
    return np.concatenate([np.broadcast_to(first, (*wide, 1)), rest], axis=-1)


def below_each(water: Water, background: Floats, source_load: Floats) -> Floats:
    """C_i = (C_(i-1) Q_i e^(-K dx_i/u) + W_i)/(Q_i + q_i)."""
    mass, masses = background * water.flow[..., :1], []
    load = np.broadcast_to(source_load, np.broadcast_shapes(source_load.shape, water.flow.shape))
    for i in range(water.flow.shape[-1]):
        one = np.s_[..., i : i + 1]
        mass = mass * np.exp(-water.before[one]) + load[one] / KG_PER_DAY
        masses.append(mass)
    return np.concatenate(masses, axis=-1) / (water.flow + water.added)


def _apply(
    name: str,
    formula: Callable[..., Floats],
    values: Mapping[str, Numbers],
    outfalls: frozenset[str],
    result: str,
) -> Numbers:
    keys = list(values)
    inputs = [v if isinstance(v, xr.DataArray) else np.asarray(v, float) for v in values.values()]
    is_along = [
        "outlet" in v.dims if isinstance(v, xr.DataArray) else k in outfalls and v.ndim > 0
        for k, v in zip(keys, inputs, strict=True)
    ]
    faults = [
        Fault(name, None, key, None, "differs by outlet", "one for the stretch")
        for key, kept in zip(keys, is_along, strict=True)
        if kept and key not in outfalls
    ]
    if not is_along[keys.index("position")] or np.size(values["position"]) == 0:
        faults += [Fault(name, None, "position", None, "has no outlets", "one place an outlet")]
    raise_faults(faults)

    def numbers(*arrays: Floats) -> Floats:
        """Apply the formula to plain arrays (..., outlet)."""
        spread = zip(keys, arrays, is_along, strict=True)
        given = {key: array if kept else array[..., None] for key, array, kept in spread}
        _refuse_disorder(name, given)
        with np.errstate(all="ignore"):
            rest = {key: given[key] for key in keys if key not in WATER}
            found = formula(_water(given), **rest)
        if not np.isfinite(found).all():
            problem = "is beyond what numbers hold"
            raise_faults([Fault(name, None, result, None, problem, "milder inputs")])
        return found

    try:
        if not any(isinstance(value, xr.DataArray) for value in inputs):
            return numbers(*map(np.asarray, inputs))
        core = [["outlet"] if kept else [] for kept in is_along]
        found: xr.DataArray = xr.apply_ufunc(
            numbers, *inputs, input_core_dims=core, output_core_dims=[["outlet"]], join="exact"
        )
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f"{name}: inputs do not match: {error}") from error
    return found.rename(result).assign_attrs(attributes(result), method=name)


def _water(values: Mapping[str, Floats]) -> Water:
    position, added = np.broadcast_arrays(values["position"], values["effluent_flow"])
    rate = values["decay"] / (SECONDS_PER_DAY * values["velocity"])
    length = np.broadcast_to(values["length"], (*position.shape[:-1], 1))
    step = np.diff(position, axis=-1)
    return Water(
        flow=values["flow"] + np.cumsum(added, axis=-1) - added,
        added=added,
        before=rate * np.concatenate([position[..., :1], step], axis=-1),
        after=rate * np.concatenate([step, length - position[..., -1:]], axis=-1),
        down=rate * (length - position),
        whole=rate * length,
    )


def _refuse_disorder(name: str, given: Mapping[str, Floats]) -> None:
    """Refuse outfalls that do not follow one another between head and end."""
    position = given["position"]
    ends = np.diff(position, axis=-1, prepend=0.0) < 0.0, position > given["length"]
    words = (
        ("is above the outfall before it", "outfalls in order downstream"),
        ("is beyond the end", "at most the length"),
    )
    raise_faults(
        [
            Fault(name, int(k), "position", None, *word)
            for wrong, word in zip(ends, words, strict=True)
            for k in np.unique(np.argwhere(wrong)[:, -1])
        ]
    )
