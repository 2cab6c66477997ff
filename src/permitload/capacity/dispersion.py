"""Rivers and estuaries with longitudinal dispersion: which form holds, and its capacity.

The forms give the rise below (x ≥ 0) and above (x < 0) an outfall in an endless uniform river.
They take all water that flows as ``river.flow`` and all load, that of the river included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from permitload.capacity._formula import Floats, Numbers, evaluate, fields
from permitload.capacity.water import River
from permitload.errors import DataError
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = [
    "advection_decay",
    "advection_dispersion",
    "advection_spread",
    "dispersion_decay",
    "dispersive_reach",
    "oconnor_number",
    "peclet_number",
    "regime",
]

Form: TypeAlias = Callable[[River, Numbers, Numbers], Numbers]
"""Rise [mg/L] of a load [kg/d] at a position [m]."""

DISPERSION_MATTERS = 0.027
"""O'Connor number above which dispersion and decay act together."""
ADVECTION_MATTERS = 380.0
"""O'Connor number below which advection acts."""


def oconnor_number(river: River) -> Numbers:
    """O'Connor number, α = K Ex/u²: decay and dispersion against advection.

    Parameters
    ----------
    river : River
        With ``velocity``, ``decay`` and ``dispersion``.

    Returns
    -------
    number or array
        O'Connor number [1].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing.

    Examples
    --------
    >>> round(oconnor_number(River(velocity=0.1, decay=0.2, dispersion=30.0)), 6)
    0.006944
    """

    def formula(velocity: Floats, decay: Floats, dispersion: Floats) -> Floats:
        """α = K Ex/u²."""
        return decay * dispersion / (SECONDS_PER_DAY * velocity**2)

    values = fields(river, "oconnor_number", "velocity", "decay", "dispersion")
    return evaluate("oconnor_number", formula, values, result="oconnor_number")


def peclet_number(river: River) -> Numbers:
    """Péclet number over the width, Pe = u B/Ex: advection against dispersion.

    Parameters
    ----------
    river : River
        With ``velocity``, ``width`` and ``dispersion``.

    Returns
    -------
    number or array
        Péclet number [1].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing.

    Examples
    --------
    >>> round(peclet_number(River(velocity=0.1, width=50.0, dispersion=30.0)), 6)
    0.166667
    """

    def formula(velocity: Floats, width: Floats, dispersion: Floats) -> Floats:
        """Pe = u B/Ex."""
        return velocity * width / dispersion

    values = fields(river, "peclet_number", "velocity", "width", "dispersion")
    return evaluate("peclet_number", formula, values, result="peclet_number")


def regime(river: River) -> Form:
    """Choose the form that holds for one river by its O'Connor and Péclet numbers.

    The choice jumps: at α = 0.027 the forms differ by 5 %. :func:`advection_dispersion` holds
    for all of them.

    Parameters
    ----------
    river : River
        With ``velocity``, ``decay``, ``dispersion`` and ``width``, numbers all.

    Returns
    -------
    function
        :func:`advection_decay`, :func:`advection_spread`, :func:`advection_dispersion` or
        :func:`dispersion_decay`.

    Raises
    ------
    DataError
        As :func:`oconnor_number`, or if the river is more than one.

    References
    ----------
    Thresholds: Wu Zhouhu (武周虎, 2009), as quoted in its abstract; HJ 2.3-2018 adopts them (from
    memory, clause unverified).

    Examples
    --------
    >>> river = River(velocity=0.1, decay=0.2, dispersion=30.0, width=50.0)
    >>> regime(river).__name__
    'advection_spread'
    """
    numbers = oconnor_number(river), peclet_number(river)
    if any(np.ndim(number) for number in numbers):
        raise DataError("regime: several rivers are given; right would be one, with numbers only")
    oconnor, peclet = map(float, numbers)
    if oconnor > ADVECTION_MATTERS:
        return dispersion_decay
    if oconnor > DISPERSION_MATTERS:
        return advection_dispersion
    return advection_decay if peclet >= 1.0 else advection_spread


def advection_decay(river: River, source_load: Numbers, position: Numbers) -> Numbers:
    """Rise where dispersion does not matter (α ≤ 0.027, Pe ≥ 1): m/Q e^(-Kx/u), 0 upstream.

    Parameters
    ----------
    river : River
        With ``flow``, ``velocity`` and ``decay``.
    source_load : number or array
        Load at x = 0 [kg/d].
    position : number or array
        Distance downstream, negative upstream [m].

    Returns
    -------
    number or array
        Rise [mg/L].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing.

    Examples
    --------
    >>> river = River(flow=2.5, velocity=0.1, decay=0.2)
    >>> round(advection_decay(river, 54.0 * 86.4, 1000.0), 6)
    21.105743
    """

    def formula(flow: Floats, velocity: Floats, decay: Floats, load: Floats, x: Floats) -> Floats:
        """C = m/Q e^(-Kx/u), and 0 for x < 0."""
        kept = np.where(x < 0.0, 0.0, np.exp(-decay * x / (SECONDS_PER_DAY * velocity)))
        return np.asarray(load / (KG_PER_DAY * flow) * kept)

    return _form(
        "advection_decay", formula, river, ("flow", "velocity", "decay"), source_load, position
    )


def advection_spread(river: River, source_load: Numbers, position: Numbers) -> Numbers:
    """Rise where dispersion only carries load upstream (α ≤ 0.027, Pe < 1).

    m/Q e^(-Kx/u) below the outfall, m/Q e^(ux/Ex) above it.

    Parameters
    ----------
    river : River
        With ``flow``, ``velocity``, ``decay`` and ``dispersion``.
    source_load, position
        As for :func:`advection_decay`.

    Returns
    -------
    number or array
        Rise [mg/L].

    Raises
    ------
    DataError
        As :func:`advection_decay`.

    Examples
    --------
    >>> river = River(flow=2.5, velocity=0.1, decay=0.2, dispersion=30.0)
    >>> round(advection_spread(river, 54.0 * 86.4, -100.0), 6)
    15.477076
    """

    def formula(*inputs: Floats) -> Floats:
        """C = m/Q e^(-Kx/u), and m/Q e^(ux/Ex) for x < 0."""
        flow, velocity, decay, dispersion, load, x = inputs
        below = -decay * x / (SECONDS_PER_DAY * velocity)
        return (
            load / (KG_PER_DAY * flow) * np.exp(np.where(x < 0, velocity * x / dispersion, below))
        )

    names = ("flow", "velocity", "decay", "dispersion")
    return _form("advection_spread", formula, river, names, source_load, position)


def advection_dispersion(river: River, source_load: Numbers, position: Numbers) -> Numbers:
    """Rise with advection, dispersion and decay (0.027 < α ≤ 380; right for all α).

    m/(Q N) e^(ux(1∓N)/(2Ex)), N = √(1 + 4α), minus below and plus above the outfall.

    Parameters
    ----------
    river : River
        With ``flow``, ``velocity``, ``decay`` and ``dispersion``.
    source_load, position
        As for :func:`advection_decay`.

    Returns
    -------
    number or array
        Rise [mg/L].

    Raises
    ------
    DataError
        As :func:`advection_decay`.

    References
    ----------
    O'Connor's solution of u C' = Ex C'' - K C; also HJ 2.3-2018 (from memory, unverified).

    Examples
    --------
    >>> river = River(flow=2.5, velocity=0.02, decay=0.2, dispersion=200.0)
    >>> round(advection_dispersion(river, 54.0 * 86.4, 1000.0), 6)
    8.499755
    """

    def formula(*inputs: Floats) -> Floats:
        """C = m/(Q N) e^(ux(1∓N)/(2Ex)), N = √(1 + 4α)."""
        flow, velocity, decay, dispersion, load, x = inputs
        return load / (KG_PER_DAY * flow) * kept(velocity, decay, dispersion, x)

    names = ("flow", "velocity", "decay", "dispersion")
    return _form("advection_dispersion", formula, river, names, source_load, position)


def dispersion_decay(river: River, source_load: Numbers, position: Numbers) -> Numbers:
    """Rise in water that hardly flows (α > 380): m/(2 A √(K Ex)) e^(-|x| √(K/Ex)).

    Parameters
    ----------
    river : River
        With ``decay`` above 0, ``dispersion``, ``width`` and ``depth``.
    source_load, position
        As for :func:`advection_decay`.

    Returns
    -------
    number or array
        Rise [mg/L].

    Raises
    ------
    DataError
        As :func:`advection_decay`; without decay there is no steady concentration.

    Examples
    --------
    >>> river = River(decay=0.2, dispersion=200.0, width=50.0, depth=2.5)
    >>> round(dispersion_decay(river, 54.0 * 86.4, 0.0), 5)
    10.03877
    """

    def formula(*inputs: Floats) -> Floats:
        """C = m/(2 A √(K Ex)) e^(-|x| √(K/Ex))."""
        decay, dispersion, width, depth, load, x = inputs
        rate = decay / SECONDS_PER_DAY
        peak = load / (2.0 * KG_PER_DAY * width * depth * np.sqrt(rate * dispersion))
        return np.asarray(peak * np.exp(-np.abs(x) * np.sqrt(rate / dispersion)))

    names = ("decay", "dispersion", "width", "depth")
    return _form("dispersion_decay", formula, river, names, source_load, position)


def dispersive_reach(
    river: River,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
    position: Numbers,
    form: Form = advection_dispersion,
) -> Numbers:
    """Capacity for one outfall in a river with dispersion, controlled below or above it.

    The load whose rise at the control fills what the river's own concentration leaves there.
    That concentration flows past the outfall without being a source in it: below, effluent
    thins it and it falls as the form does; above, it is taken as it is. With
    :func:`advection_decay` it is :func:`plug_flow` from the head, in exact balance.

    Parameters
    ----------
    river : River
        With what the form needs; ``flow`` is that of the river alone.
    effluent_flow : number or array
        Water of the outfall [m3/s].
    background, standard : number or array
        Concentration of the river at the outfall without it, and the one at the control [mg/L].
    position : number or array
        Distance of the control downstream of the outfall, negative upstream [m].
    form : function, default :func:`advection_dispersion`
        One of the forms, or what :func:`regime` chooses.

    Returns
    -------
    number or array
        Capacity in the river, signed [kg/d].

    Raises
    ------
    DataError
        As the form, or if no load reaches the control.

    Examples
    --------
    >>> river = River(flow=2.0, velocity=0.02, decay=0.2, dispersion=200.0)
    >>> round(dispersive_reach(river, 0.5, 0.0, 8.499755, 1000.0) / 86.4, 3)
    54.0
    >>> dispersive_reach(river, 0.0, 5.0, 5.0, 0.0)  # at the standard already
    0.0
    """
    name = "dispersive_reach"
    water = fields(river, name, "flow") | {"effluent_flow": effluent_flow}
    total = evaluate(name, np.add, water, result="flow")
    mixed = replace(river, flow=total)
    rise, start = form(mixed, 1.0, position), form(mixed, 1.0, 0.0)

    def formula(rise: Floats, start: Floats, thinned: Floats, *rest: Floats) -> Floats:
        """M = (Cs - C0 Q/(Q + Qp) C(x)/C(0))/C(x), C(x) the form of a unit load."""
        background, standard, position = rest
        brought = np.where(position < 0.0, 1.0, thinned * (rise / start)) * background
        return np.asarray((standard - brought) / rise)

    values = {
        "concentration": rise, "start": start,
        "share": evaluate(name, np.divide, {"flow": water["flow"], "total": total}),
        "background": background, "standard": standard, "position": position,
    }  # fmt: skip
    return evaluate(name, formula, values, signed=("position",))


def kept(velocity: Floats, decay: Floats, dispersion: Floats, x: Floats) -> Floats:
    """Share of the concentration in plain flow that a load has at x: e^(ux(1∓N)/(2Ex))/N."""
    # what may be one number comes first, so that fewer arrays are made
    root = np.sqrt(4.0 / SECONDS_PER_DAY * dispersion * decay / velocity**2 + 1.0)
    # 1 - N = -4α/(1 + N), which does not cancel as α → 0
    half = 0.5 * velocity * (1.0 + root)
    exponent = x / -SECONDS_PER_DAY * decay / half
    above = x < 0.0
    if np.any(above):
        exponent = np.where(above, half * (x / dispersion), exponent)
    return np.asarray(np.exp(exponent) / root)


def _form(
    name: str,
    formula: Callable[..., Floats],
    river: River,
    names: tuple[str, ...],
    source_load: Numbers,
    position: Numbers,
) -> Numbers:
    values = fields(river, name, *names) | {"source_load": source_load, "position": position}
    signed = ("source_load", "position")
    return evaluate(name, formula, values, result="concentration", signed=signed)
