"""Capacity of a large calm lake for one outfall: the fan of water that it pushes out."""

from __future__ import annotations

import numpy as np

from permitload.capacity._formula import Floats, Numbers, evaluate, fields
from permitload.capacity.water import Fan
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = ["radial_lake", "radial_lake_concentration"]


def radial_lake(
    fan: Fan, effluent_flow: Numbers, background: Numbers, standard: Numbers, position: Numbers
) -> Numbers:
    """Capacity of a large lake for one outfall, controlled at a distance (非均匀混合).

    M = (Cs - C0) e^(K φ H r²/(2 Qp)) Qp. For calm lakes where the outfall's own water pushes the
    plume outwards; wind and currents are left out.

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

    Returns
    -------
    number or array
        Capacity in the lake, signed [kg/d].

    Raises
    ------
    DataError
        Naming the input that is out of range, or labels that differ.

    References
    ----------
    GB/T 25173-2010, form for lakes that do not mix, from memory, clause unverified.

    Examples
    --------
    >>> fan = Fan(angle=np.pi, depth=2.0, decay=0.05)
    >>> round(radial_lake(fan, 0.2, 12.0, 20.0, 100.0) / 86.4, 6)  # g/s
    1.75226
    """

    def formula(*inputs: Floats) -> Floats:
        """Work on plain arrays that broadcast."""
        angle, depth, decay, water, background, standard, radius = inputs
        gained = np.exp(_exponent(angle * depth * decay, water, radius))
        return np.asarray(KG_PER_DAY * (standard - background) * gained * water)

    values = _fan("radial_lake", fan) | {
        "effluent_flow": effluent_flow, "background": background, "standard": standard,
        "position": position,
    }  # fmt: skip
    return evaluate("radial_lake", formula, values)


def radial_lake_concentration(
    fan: Fan, effluent_flow: Numbers, background: Numbers, source_load: Numbers, position: Numbers
) -> Numbers:
    """Concentration at a distance from an outfall in a lake: the inverse of :func:`radial_lake`.

    Parameters
    ----------
    fan, effluent_flow, background, position
        As for :func:`radial_lake`.
    source_load : number or array
        Load of the outfall [kg/d].

    Returns
    -------
    number or array
        Concentration, C0 + m/Qp e^(-K φ H r²/(2 Qp)) [mg/L].

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
        """Work on plain arrays that broadcast."""
        angle, depth, decay, water, background, load, radius = inputs
        own = load / (KG_PER_DAY * water)
        kept = np.exp(-_exponent(angle * depth * decay, water, radius))
        return np.asarray(background + own * kept)

    name = "radial_lake_concentration"
    values = _fan(name, fan) | {
        "effluent_flow": effluent_flow, "background": background, "source_load": source_load,
        "position": position,
    }  # fmt: skip
    return evaluate(name, formula, values, result="concentration", signed=("source_load",))


def _exponent(swept: Floats, water: Floats, radius: Floats) -> Floats:
    """Exponent of decay on the way out to a radius; ``swept`` is angle times depth times decay."""
    return swept * radius**2 / (2.0 * SECONDS_PER_DAY * water)


def _fan(formula: str, fan: Fan) -> dict[str, Numbers]:
    return fields(fan, formula, "angle", "depth", "decay")
