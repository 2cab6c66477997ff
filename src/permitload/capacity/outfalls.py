"""Capacity of one stretch for many outfalls: control at the head, at each tail, at the section.

Outfalls lie along the last axis of an array, or along the dimension ``outlet`` of a labelled one,
downstream one after the other. All are exact mass balances; the velocity is that of the stretch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from permitload.capacity._arrays import attributes
from permitload.capacity._formula import Floats, Numbers, checked, evaluate, fields
from permitload.capacity.water import River
from permitload.errors import DataError, Fault, raise_faults
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = ["head_control", "incoming_correction", "section_control", "tail_control"]

SHARE_MISS = 1e-9
"""How far the shares of the outfalls may add up to something else than 1."""
WATER = frozenset({"flow", "velocity", "decay", "length", "position", "effluent_flow"})
"""Inputs that make the water along the outfalls."""


def head_control(
    river: River,
    position: Numbers,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
) -> Numbers:
    """Load of each outfall that brings the river to its standard right below it (段首控制).

    W_i = Cs (Q_i + q_i) - C_i Q_i, C_i being what arrives: the background, and then the standard,
    decayed. The river exceeds its standard nowhere; the strictest of the three.

    Parameters
    ----------
    river : River
        With ``flow``, ``velocity``, ``decay`` and ``length``.
    position : array (..., outlet)
        Distance of each outfall from the head, not decreasing, at most the length [m].
    effluent_flow : array (..., outlet)
        Water of each outfall [m3/s].
    background, standard : number or array
        Concentration at the head, and the one that the stretch may have [mg/L].

    Returns
    -------
    array (..., outlet)
        Load in the river, signed [kg/d]; their sum is the capacity.

    Raises
    ------
    DataError
        Naming the input that is out of range, outfalls that are not in order, labels that differ.

    References
    ----------
    Derived; equal to the sum that a public training text prints for control at the head.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> loads = head_control(river, [0.0, 3000.0, 6000.0], [0.2, 0.2, 0.1], 12.0, 20.0)
    >>> round(float(loads.sum()) / 86.4, 4)  # g/s
    117.6403
    """

    def formula(water: _Water, background: Floats, standard: Floats) -> Floats:
        """Work on plain arrays that broadcast."""
        excess = _first((standard - background), 0.0 * standard, water)
        arriving = _first(background, standard, water)
        lost = arriving * -np.expm1(-water.before)
        return standard * water.added + water.flow * (excess + lost)

    outfalls = {"position": position, "effluent_flow": effluent_flow}
    return _along("head_control", formula, river, outfalls, background, standard)


def tail_control(
    river: River,
    position: Numbers,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
) -> Numbers:
    """Load of each outfall that brings the river to its standard before the next (段尾控制).

    W_i = Cs (Q_i + q_i) e^(K dx_i/u) - C Q_i, C being the background at the first outfall and the
    standard at the others; dx_i is the distance to the next outfall or to the end.

    Parameters
    ----------
    river, position, effluent_flow, background, standard
        As for :func:`head_control`.

    Returns
    -------
    array (..., outlet)
        Load in the river, signed [kg/d]; their sum is the capacity.

    Raises
    ------
    DataError
        As :func:`head_control`.

    References
    ----------
    Derived, as :func:`head_control`.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> loads = tail_control(river, [0.0, 3000.0, 6000.0], [0.2, 0.2, 0.1], 12.0, 20.0)
    >>> round(float(loads.sum()) / 86.4, 4)  # g/s
    129.5787
    """

    def formula(water: _Water, background: Floats, standard: Floats) -> Floats:
        """Work on plain arrays that broadcast."""
        first = background * np.exp(-water.before)
        excess = _first(standard - first, 0.0 * standard, water)
        gained = standard * (water.flow + water.added) * np.expm1(water.after)
        return excess * water.flow + standard * water.added + gained

    outfalls = {"position": position, "effluent_flow": effluent_flow}
    return _along("tail_control", formula, river, outfalls, background, standard)


def section_control(
    river: River,
    position: Numbers,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
    share: Numbers,
) -> Numbers:
    """Load of each outfall that brings only the control section to its standard (断面控制).

    Σ W_i e^(-K(L-x_i)/u) = Cs Q_L - C0 Q0 e^(-KL/u). One row for many loads: the capacity
    depends on how it is shared, and is greatest with everything at the head.

    Parameters
    ----------
    river, position, effluent_flow, background, standard
        As for :func:`head_control`.
    share : array (..., outlet)
        Share of each outfall in the total; they add up to 1 [1].

    Returns
    -------
    array (..., outlet)
        Load in the river, signed [kg/d]; their sum is the capacity.

    Raises
    ------
    DataError
        As :func:`head_control`, or if shares do not add up to 1.

    References
    ----------
    Derived, as :func:`head_control`.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> places, water = [0.0, 3000.0, 6000.0], [0.2, 0.2, 0.1]
    >>> loads = section_control(river, places, water, 12.0, 20.0, [1.0, 0.0, 0.0])
    >>> round(float(loads.sum()) / 86.4, 4)  # g/s
    132.7227
    """

    def formula(water: _Water, background: Floats, standard: Floats, share: Floats) -> Floats:
        """Work on plain arrays that broadcast."""
        total = share.sum(axis=-1, keepdims=True)
        if (np.abs(total - 1.0) > SHARE_MISS).any():
            raise DataError(
                f"section_control: shares add up to {total.ravel()[0]}; right would be 1"
            )
        flow = water.flow[..., :1]
        added = water.added.sum(axis=-1, keepdims=True)
        lost = background * -np.expm1(-water.whole)
        room = (standard - background + lost) * flow + standard * added
        kept = (share * np.exp(-water.down)).sum(axis=-1, keepdims=True)
        return np.asarray(share * room / kept)

    outfalls = {"position": position, "effluent_flow": effluent_flow, "share": share}
    return _along("section_control", formula, river, outfalls, background, standard)


def incoming_correction(
    river: River, background: Numbers, standard: Numbers, position: Numbers = 0.0
) -> Numbers:
    """Give what to add to a capacity where the incoming water is worse than the standard.

    W0 - Ws = Q (C - Cs)(1 - e^(-K(L-x)/u)), C = C0 e^(-Kx/u): what the stretch below the first
    outfall removes of the excess that arrives there, so that only the rest is owed. 0 where the
    water meets the standard. For capacities that charge the whole excess at the first outfall
    (:func:`head_control`); :func:`plug_flow` contains it.

    Parameters
    ----------
    river : River
        With ``flow``, ``velocity``, ``decay`` and ``length``.
    background, standard : number or array
        Concentration of the incoming water, and its standard [mg/L].
    position : number or array
        Of the first outfall, from the head [m]; the text has it there (0), as decay above it is
        in the capacity already.

    Returns
    -------
    number or array
        Correction, ≥ 0 [kg/d].

    Raises
    ------
    DataError
        As :func:`plug_flow`.

    References
    ----------
    A training text on section control of capacity (段首控制), read in excerpt; no standard.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> round(incoming_correction(river, 24.0, 20.0) / 86.4, 4)  # g/s
    6.762
    """

    def formula(*inputs: Floats) -> Floats:
        """Work on plain arrays that broadcast."""
        flow, velocity, decay, length, background, standard, position = inputs
        rate = decay / (SECONDS_PER_DAY * velocity)
        excess = np.maximum(background * np.exp(-rate * position) - standard, 0.0)
        return KG_PER_DAY * flow * excess * -np.expm1(-rate * np.maximum(length - position, 0.0))

    name = "incoming_correction"
    values = fields(river, name, "flow", "velocity", "decay", "length") | {
        "background": background,
        "standard": standard,
        "position": position,
    }
    return evaluate(name, formula, values)


@dataclass(frozen=True, slots=True)
class _Water:
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


def _water(values: dict[str, Floats]) -> _Water:
    position, added = np.broadcast_arrays(values["position"], values["effluent_flow"])
    rate = values["decay"] / (SECONDS_PER_DAY * values["velocity"])
    length = np.broadcast_to(values["length"], (*position.shape[:-1], 1))
    step = np.diff(position, axis=-1)
    return _Water(
        flow=values["flow"] + np.cumsum(added, axis=-1) - added,
        added=added,
        before=rate * np.concatenate([position[..., :1], step], axis=-1),
        after=rate * np.concatenate([step, length - position[..., -1:]], axis=-1),
        down=rate * (length - position),
        whole=rate * length,
    )


def _first(first: Floats, rest: Floats, water: _Water) -> Floats:
    """Array (..., outlet) of one value at the first outfall and another at the others."""
    is_first = np.arange(water.flow.shape[-1]) == 0
    return np.where(is_first, first, rest)


def _along(
    name: str,
    formula: Callable[..., Floats],
    river: River,
    outfalls: dict[str, Numbers],
    background: Numbers,
    standard: Numbers,
) -> Numbers:
    """Apply a formula along the outfalls; labels are kept."""
    values = fields(river, name, "flow", "velocity", "decay", "length")
    values |= {"background": background, "standard": standard} | outfalls
    checked(name, values)
    keys = list(values)
    labelled = any(isinstance(value, xr.DataArray) for value in values.values())
    inputs = [v if isinstance(v, xr.DataArray) else np.asarray(v, float) for v in values.values()]
    along = [
        "outlet" in v.dims if isinstance(v, xr.DataArray) else k in outfalls and v.ndim > 0
        for k, v in zip(keys, inputs, strict=True)
    ]
    if not along[keys.index("position")]:
        raise_faults([Fault(name, None, "position", None, "has no outlets", "one place an outlet")])

    def numbers(*arrays: Floats) -> Floats:
        """Work on plain arrays that broadcast."""
        spread = zip(keys, arrays, along, strict=True)
        given = {key: array if kept else array[..., None] for key, array, kept in spread}
        _refuse_disorder(name, given)
        return KG_PER_DAY * formula(_water(given), **{k: given[k] for k in keys if k not in WATER})

    try:
        if not labelled:
            return numbers(*map(np.asarray, inputs))
        core = [["outlet"] if kept else [] for kept in along]
        found: xr.DataArray = xr.apply_ufunc(
            numbers, *inputs, input_core_dims=core, output_core_dims=[["outlet"]], join="exact"
        )
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f"{name}: inputs do not match: {error}") from error
    return found.rename("capacity").assign_attrs(attributes("capacity"), method=name)


def _refuse_disorder(name: str, given: dict[str, Floats]) -> None:
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
