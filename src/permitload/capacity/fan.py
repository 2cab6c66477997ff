"""Capacity of a large calm lake for one outfall: the fan of water that it pushes out."""

from __future__ import annotations

import numpy as np

from permitload.capacity._formula import Balance, Floats, Numbers, evaluate, fields, solved
from permitload.capacity.water import Fan, standard_balance
from permitload.errors import DataError
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = ["radial_lake", "radial_lake_concentration"]


def radial_lake(
    fan: Fan,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
    position: Numbers,
    balance: Balance = standard_balance,
) -> Numbers:
    """Capacity of a large lake for one outfall, controlled at a distance (非均匀混合).

    M = (Cs - C0) e^(K φ H r²/(2 Qp)) Qp. For calm lakes where the outfall's own water pushes the
    plume outwards; wind and currents are left out. The rule adds the concentration of the lake to
    that of the plume; in exact balance no other water is in the fan, so M = Cs e^(…) Qp.

    Parameters
    ----------
    fan : Fan
        Angle, depth and decay.
    effluent_flow : number or array
        Water of the outfall, above 0 [m3/s].
    background, standard : number or array
        Concentration of the lake, and the one that the place may have [mg/L].
    position : number or array
        Distance of the control from the outfall, r [m].
    balance : function, default :func:`standard_balance`
        Convention: :func:`standard_balance` or :func:`exact_balance`; no water of a river flows.

    Returns
    -------
    number or array
        Capacity in the lake, signed [kg/d].

    Raises
    ------
    DataError
        Naming the input that is out of range, or labels that differ; if the convention leaves
        out the outfall's water.

    References
    ----------
    GB/T 25173-2010, form for lakes that do not mix, from memory, clause unverified.

    Examples
    --------
    >>> fan = Fan(angle=np.pi, depth=2.0, decay=0.05)
    >>> round(radial_lake(fan, 0.2, 12.0, 20.0, 100.0) / 86.4, 6)  # g/s
    1.75226
    >>> from permitload.capacity.water import exact_balance
    >>> round(radial_lake(fan, 0.2, 12.0, 20.0, 100.0, exact_balance) / 86.4, 6)
    4.380649
    """

    def formula(*inputs: Floats) -> Floats:
        """M = (Cs - C0) e^(K φ H r²/(2 Qp)) Qp."""
        angle, depth, decay, water, background, standard, radius = inputs
        gained = np.exp(_exponent(angle * depth * decay, water, radius))
        return np.asarray(KG_PER_DAY * balance(0.0, water, background, standard) * gained)

    values = _fan("radial_lake", fan, balance) | {
        "effluent_flow": effluent_flow, "background": background, "standard": standard,
        "position": position,
    }  # fmt: skip
    return evaluate("radial_lake", formula, values)


def radial_lake_concentration(
    fan: Fan,
    effluent_flow: Numbers,
    background: Numbers,
    source_load: Numbers,
    position: Numbers,
    balance: Balance = standard_balance,
) -> Numbers:
    """Concentration at a distance from an outfall in a lake: the inverse of :func:`radial_lake`.

    Parameters
    ----------
    fan, effluent_flow, background, position, balance
        As for :func:`radial_lake`.
    source_load : number or array
        Load of the outfall [kg/d].

    Returns
    -------
    number or array
        Concentration, C0 + m/Qp e^(-K φ H r²/(2 Qp)), in exact balance without C0 [mg/L].

    Raises
    ------
    DataError
        As :func:`radial_lake`.

    Examples
    --------
    >>> fan = Fan(angle=np.pi, depth=1.6, decay=0.1)
    >>> round(radial_lake_concentration(fan, 0.35, 6.0, 60.0 * 0.35 * 86.4, 400.0), 6)
    21.872212
    """

    def formula(*inputs: Floats) -> Floats:
        """C = C0 + m/Qp e^(-K φ H r²/(2 Qp))."""
        angle, depth, decay, water, background, load, radius = inputs
        kept = np.exp(-_exponent(angle * depth * decay, water, radius))
        return solved(balance, (0.0 * water, water), background, load / KG_PER_DAY * kept)

    name = "radial_lake_concentration"
    values = _fan(name, fan, balance) | {
        "effluent_flow": effluent_flow, "background": background, "source_load": source_load,
        "position": position,
    }  # fmt: skip
    return evaluate(name, formula, values, result="concentration", signed=("source_load",))


def _exponent(swept: Floats, water: Floats, radius: Floats) -> Floats:
    """K φ H r²/(2 Qp); ``swept`` is angle times depth times decay."""
    return swept * radius**2 / (2.0 * SECONDS_PER_DAY * water)


def _fan(formula: str, fan: Fan, balance: Balance) -> dict[str, Numbers]:
    """Give the fields of a fan; a convention without the outfall's water has none at all."""
    if balance(0.0, 1.0, 0.0, 1.0) == 0.0:
        raise DataError(
            f"{formula}: the balance leaves out the outfall's water, and there is no other; right "
            "would be standard_balance or exact_balance"
        )
    return fields(fan, formula, "angle", "depth", "decay")
