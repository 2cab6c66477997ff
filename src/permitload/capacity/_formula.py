"""Formulas over numbers, arrays and labelled arrays: checks, labels, blocks that fit the cache.

A formula is written once, in plain numpy, for a block of numbers. Large arrays are passed through
it block by block, so that its temporaries never leave the cache.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload._labels import cell
from permitload.capacity._arrays import attributes
from permitload.errors import DataError, Fault, raise_faults

__all__ = [
    "POSITIVE",
    "Balance",
    "Floats",
    "Formula",
    "Numbers",
    "checked",
    "evaluate",
    "fields",
    "mean_kept",
    "solved",
    "with_rows",
]

Floats: TypeAlias = NDArray[np.float64]
Formula: TypeAlias = Callable[..., Floats]
Numbers: TypeAlias = float | Floats | pd.Series | xr.DataArray
"""What a formula takes and gives: a number, an array, a column of a table, or a labelled array."""

BLOCK = 16384
"""Numbers in a block; ten temporaries of it fit the second-level cache."""
POSITIVE = frozenset({
    "velocity", "depth", "width", "dispersion", "lateral_dispersion", "angle", "slope", "reaeration"
})  # fmt: skip
"""Inputs that divide."""
INFINITE = np.uint64(0x7FF0000000000000)
"""Bits of infinity."""
WORTH_A_THREAD = 1 << 19
"""Numbers for which a thread is worth its start."""
SHARES = frozenset({"weight", "retention", "share", "non_uniformity"})
"""Inputs from 0 to 1."""
UNBOUNDED = frozenset({"width"})
"""Inputs that may be infinite: a river so wide that its far bank does not matter."""


class Balance(Protocol):
    """How much load brings the arriving water to a standard; linear in both concentrations."""

    def __call__(
        self, flow: Numbers, effluent_flow: Numbers, background: Numbers, standard: Numbers
    ) -> Numbers:
        """Load [g/s]."""


class _Refused(Exception):
    """Some input or result is wrong; which one is looked up outside the loop."""


def mean_kept(exponent: Floats) -> Floats:
    """Mean of exp(-z s) over s in [0, 1]: (1 - exp(-z)) / z, and 1 at z = 0; z is not negative."""
    less = np.minimum(-exponent, -1e-300)  # where the quotient is 1 to the last digit
    return np.asarray(np.expm1(less) / less)


def solved(
    balance: Balance, water: tuple[Floats, Floats], background: Floats, load: Floats
) -> Floats:
    """Concentration at which a balance, linear in it, takes a load [g/s]."""
    none = 0.0 * background
    owed = balance(*water, background, none)
    return np.asarray((load - owed) / balance(*water, none, none + 1.0))


def fields(record: object, formula: str, *names: str) -> dict[str, Numbers]:
    """Fields of a record by name; those that a formula needs and that are not given are faults."""
    found = {name: getattr(record, name) for name in names}
    kind = type(record).__name__
    raise_faults(
        [
            Fault(kind, None, name, None, "is missing", f"a number for {formula}")
            for name, value in found.items()
            if value is None
        ]
    )
    return found


def evaluate(
    name: str,
    formula: Formula,
    values: Mapping[str, Numbers],
    *,
    result: str = "capacity",
    signed: tuple[str, ...] = (),
    within: Mapping[str, str] | None = None,
) -> Numbers:
    """Apply a formula to inputs that broadcast, after refusing what cannot exist.

    Inputs are finite and not negative, those in :data:`POSITIVE` are not zero, those in ``signed``
    have any sign, and ``within`` says which input may not exceed which. Labels of labelled
    inputs must be the same and are kept.
    """
    bound = {key: _least(key, signed) for key in values}
    pairs = dict(within or {})

    def apply(values: Mapping[str, Numbers]) -> Numbers:
        """Apply the formula, or say why not."""
        try:
            return _apply(name, formula, values, bound, pairs, result)
        except _Refused:
            raise_faults(_faults(name, values, bound, pairs, result))
            raise

    return with_rows(name, apply, values, result)


def with_rows(
    name: str,
    apply: Callable[[Mapping[str, Numbers]], Numbers],
    values: Mapping[str, Numbers],
    result: str,
) -> Numbers:
    """Apply to inputs, of which columns lose their rows before and give them to the result."""
    columns = [value for value in values.values() if isinstance(value, pd.Series)]
    if not columns:
        return apply(values)
    rows = _rows(name, columns)
    found = apply({k: v.array if isinstance(v, pd.Series) else v for k, v in values.items()})
    if np.shape(found) != rows.shape:
        right = f"numbers, or one for each of the {len(rows)} rows"
        raise DataError(f"{name}: the result has shape {np.shape(found)}; right would be {right}")
    return pd.Series(found, rows, name=result)


def checked(
    name: str, values: Mapping[str, Numbers], signed: tuple[str, ...] = ()
) -> dict[str, Floats]:
    """Read inputs as arrays of numbers, after refusing what cannot exist."""
    bound = {key: _least(key, signed) for key in values}
    arrays = {key: _array(name, key, value) for key, value in values.items()}
    raise_faults(_faults(name, values, bound, {}, ""))
    return arrays


def _rows(name: str, columns: list[pd.Series]) -> pd.Index:
    """Rows that columns of one table share."""
    index = columns[0].index
    if not all(index.equals(column.index) for column in columns):
        raise DataError(f"{name}: columns have different rows; right would be columns of one table")
    return index


def _least(key: str, signed: tuple[str, ...]) -> float:
    """Least value of an input; numbers above 0 start at the smallest there is."""
    if key in signed:
        return -np.inf
    return float(np.nextafter(0.0, 1.0)) if key in POSITIVE else 0.0


def _most(key: str) -> float:
    """Greatest value of an input."""
    if key in SHARES:
        return 1.0
    return np.inf if key in UNBOUNDED else float(np.finfo(float).max)


def _array(name: str, key: str, value: Numbers) -> Floats:
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise_faults([Fault(name, None, key, value, "is no number", "numbers")])
        raise


def _numbers(name: str, key: str, value: Numbers) -> Floats | xr.DataArray:
    """Give an input as an array, labelled if it was."""
    return value if isinstance(value, xr.DataArray) else _array(name, key, value)


def _apply(
    name: str,
    formula: Formula,
    values: Mapping[str, Numbers],
    bound: Mapping[str, float],
    pairs: Mapping[str, str],
    result: str,
) -> Numbers:
    keys = list(values)
    inputs = [_numbers(name, key, value) for key, value in values.items()]

    def numbers(*arrays: Floats) -> Floats:
        """Broadcast plain arrays through the formula."""
        return _blocks(formula, keys, arrays, bound, pairs)

    labelled = [isinstance(value, xr.DataArray) for value in inputs]
    try:
        if not any(labelled):
            found = numbers(*inputs)  # type: ignore[arg-type]  # none is labelled
            return found if found.ndim else float(found)
        bare = [
            Fault(name, None, key, None, "has no labels", "a number or a labelled array")
            for key, value in zip(keys, inputs, strict=True)
            if not isinstance(value, xr.DataArray) and np.ndim(value)
        ]
        raise_faults(bare)
        array: xr.DataArray = xr.apply_ufunc(numbers, *inputs, join="exact", keep_attrs=False)
    except DataError:
        raise
    except ValueError as error:
        shapes = {key: np.shape(value) for key, value in zip(keys, inputs, strict=True)}
        message = f"{name}: inputs do not match: {error}; their shapes are {shapes}"
        raise DataError(message) from error
    return array.rename(result).assign_attrs(attributes(result), method=name)


def _blocks(
    formula: Formula,
    keys: list[str],
    arrays: tuple[Floats, ...],
    bound: Mapping[str, float],
    pairs: Mapping[str, str],
) -> Floats:
    """Broadcast arrays through a formula, block by block, large arrays over threads."""
    limits = [(bound[key], _most(key)) for key in keys]
    ordered = [(keys.index(below), keys.index(above)) for below, above in pairs.items()]
    result = np.empty(np.broadcast_shapes(*(array.shape for array in arrays)))
    # what is one number stays one number, so that a formula computes with it once
    wide = [i for i, array in enumerate(arrays) if array.size != 1]
    numbers = [array.ravel()[0] if array.size == 1 else array for array in arrays]
    for i in set(range(len(arrays))) - set(wide):
        if not limits[i][0] <= numbers[i] <= limits[i][1]:
            raise _Refused

    def check(block: list[Floats]) -> None:
        """Refuse the first number of a block that cannot be."""
        if not all(_proper(block[i], limits[i]) for i in wide):
            raise _Refused
        if any(np.any(block[below] > block[above]) for below, above in ordered):
            raise _Refused

    def run(part: tuple[int, int]) -> None:
        """Work through the part of one thread, block by block."""
        walk: Any = np.nditer(
            [*(arrays[i] for i in wide), result],
            ["external_loop", "buffered", "ranged", "zerosize_ok"],
            cast("Any", [["readonly"]] * len(wide) + [["writeonly"]]),
            op_dtypes=[np.float64] * (len(wide) + 1),
            buffersize=BLOCK,
        )
        walk.iterrange = part
        block: list[Any] = list(numbers)
        with np.errstate(all="ignore"), walk:
            for *given, out in walk if wide else [(result.reshape(-1),)]:
                for i, array in zip(wide, given, strict=True):
                    block[i] = array
                check(block)
                out[...] = formula(*block)
                if not np.isfinite(out).all():
                    raise _Refused

    cuts = np.linspace(0, result.size, 1 + _threads(result.size), dtype=int).tolist()
    parts = [part for part in pairwise(cuts) if part[0] < part[1]]
    if len(parts) < 2:
        for part in parts:
            run(part)
    else:
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(run, parts))
    return result


def _threads(size: int) -> int:
    return min(os.cpu_count() or 1, max(1, size // WORTH_A_THREAD))


def _proper(array: Floats, limits: tuple[float, float]) -> bool:
    """Whether numbers are within limits; NaN is not."""
    low, high = limits
    # read as integers, infinities, NaN and numbers below 0 all come after the greatest number
    if low == 0.0 and high > 1.0 and array.view(np.uint64).max() < INFINITE:
        return True
    return bool(array.min() >= low and array.max() <= high)


def _faults(
    name: str,
    values: Mapping[str, Numbers],
    bound: Mapping[str, float],
    pairs: Mapping[str, str],
    result: str,
) -> list[Fault]:
    """Faults of all inputs, the first place of each; if there are none, of the result."""
    faults = []
    for key, value in values.items():
        array = np.asarray(value, dtype=float)
        wrong = ~((array >= bound[key]) & (array <= _most(key)))
        sign = {-np.inf: "", 0.0: " ≥ 0"}.get(bound[key], " > 0")
        right = "a number from 0 to 1" if key in SHARES else f"a finite number{sign}"
        faults += _first(name, key, value, wrong, right)
    for below, above in pairs.items():
        less, most = (_numbers(name, key, values[key]) for key in (below, above))
        excess = np.asarray(less > most)
        if excess.any() and not faults:
            right = f"at most the {above}"
            whole = less + 0.0 * most
            faults += _first(name, below, whole, np.broadcast_to(excess, np.shape(whole)), right)
    if faults or not result:
        return faults
    return [Fault(name, None, result, None, "is beyond what numbers hold", "milder inputs")]


def _first(
    name: str, key: str, value: Numbers, wrong: NDArray[np.bool_], right: str
) -> list[Fault]:
    where = np.argwhere(wrong)
    if not len(where):
        return []
    at = tuple(where[0])
    row: str | None = None
    if isinstance(value, xr.DataArray) and value.ndim:
        row = cell(value, where[0])
    elif np.ndim(value):
        row = ", ".join(map(str, at))
    if row is not None and len(where) > 1:
        row += f" (first of {len(where)})"
    found = float(np.asarray(value, dtype=float)[at])
    return [Fault(name, row, key, found, "is not valid", right)]
