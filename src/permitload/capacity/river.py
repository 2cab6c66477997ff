"""Capacity of one river stretch for one load: complete mixing and plug flow.

The convention of the balance is a function to pass, see :mod:`permitload.capacity.water`.
"""

from __future__ import annotations

import numpy as np

from permitload.capacity._formula import (
    Balance,
    Floats,
    Numbers,
    evaluate,
    fields,
    mean_kept,
    solved,
)
from permitload.capacity.water import River, river_balance, standard_balance
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = [
    "complete_mixing",
    "complete_mixing_concentration",
    "plug_flow",
    "plug_flow_concentration",
    "uniform_source",
    "uniform_source_concentration",
]


def complete_mixing(
    flow: Numbers,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
    balance: Balance = standard_balance,
) -> Numbers:
    """Capacity of water that mixes at once (零维), M = (Cs - C0)(Q + Qp).

    Valid for small rivers that mix over their width at once, and for pollutants that last or
    stretches so short that K L/u is far below 1.

    Parameters
    ----------
    flow : number or array
        Water of the river at the design condition [m3/s].
    effluent_flow : number or array
        Water of the outfall [m3/s].
    background : number or array
        Concentration of the river above the outfall, C0 [mg/L].
    standard : number or array
        Concentration that the mixture may have, Cs [mg/L].
    balance : function, default :func:`standard_balance`
        Convention: :func:`standard_balance`, :func:`exact_balance`, :func:`river_balance`.

    Returns
    -------
    number or array
        Capacity in the river, signed: what is negative is owed [kg/d].

    Raises
    ------
    DataError
        Naming the input that is negative or no number, or labels that differ.

    References
    ----------
    GB/T 25173-2010, 0-D form, from memory, clause unverified.

    Examples
    --------
    >>> round(complete_mixing(10.0, 0.5, 12.0, 20.0), 4)  # 84 g/s
    7257.6
    >>> from permitload.capacity.water import exact_balance
    >>> round(complete_mixing(10.0, 0.5, 12.0, 20.0, exact_balance), 4)  # 90 g/s
    7776.0
    """

    def formula(
        flow: Floats, effluent_flow: Floats, background: Floats, standard: Floats
    ) -> Floats:
        """M = (Cs - C0)(Q + Qp), by the convention of the balance."""
        return KG_PER_DAY * np.asarray(balance(flow, effluent_flow, background, standard))

    values = {
        "flow": flow, "effluent_flow": effluent_flow, "background": background,
        "standard": standard,
    }  # fmt: skip
    return evaluate("complete_mixing", formula, values)


def complete_mixing_concentration(
    flow: Numbers,
    effluent_flow: Numbers,
    background: Numbers,
    source_load: Numbers,
    balance: Balance = standard_balance,
) -> Numbers:
    """Concentration of water that mixes at once: the inverse of :func:`complete_mixing`.

    Parameters
    ----------
    flow, effluent_flow, background
        As for :func:`complete_mixing`; some water must flow.
    source_load : number or array
        Load of the outfall [kg/d].
    balance : function, default :func:`standard_balance`
        Convention; with :func:`exact_balance` C = (C0 Q + m)/(Q + Qp).

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`complete_mixing`.

    Examples
    --------
    >>> from permitload.capacity.water import exact_balance
    >>> round(complete_mixing_concentration(10.0, 0.5, 12.0, 7776.0, exact_balance), 6)
    20.0
    """

    def formula(flow: Floats, effluent_flow: Floats, background: Floats, load: Floats) -> Floats:
        """C = C0 + m/(Q + Qp), by the convention of the balance."""
        return solved(balance, (flow, effluent_flow), background, load / KG_PER_DAY)

    values = {
        "flow": flow, "effluent_flow": effluent_flow, "background": background,
        "source_load": source_load,
    }  # fmt: skip
    return evaluate(
        "complete_mixing_concentration", formula, values,
        result="concentration", signed=("source_load",),
    )  # fmt: skip


def plug_flow(
    river: River,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
    position: Numbers = 0.0,
    balance: Balance = standard_balance,
) -> Numbers:
    """Capacity of a stretch for one outfall, controlled at its end (一维).

    M = (Cs e^(K(L-x)/u) - C0 e^(-Kx/u))(Q + Qp), with the outfall at x: at the head (x = 0), in the
    middle (x = L/2, the usual lumping 概化), or at the end (x = L). Valid where the load has mixed
    over the width, in steady flow below about 150 m3/s; ``velocity`` is that of the whole stretch.

    Parameters
    ----------
    river : River
        With ``flow``, ``velocity``, ``decay`` and ``length``.
    effluent_flow : number or array
        Water of the outfall [m3/s].
    background : number or array
        Concentration at the head of the stretch, C0 [mg/L].
    standard : number or array
        Concentration that the end of the stretch may have, Cs [mg/L].
    position : number or array, default 0
        Distance of the outfall from the head, at most the length [m].
    balance : function, default :func:`standard_balance`
        Convention: :func:`standard_balance`, :func:`exact_balance`, :func:`river_balance`.

    Returns
    -------
    number or array
        Capacity in the river, signed [kg/d].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing, or labels that differ.

    Notes
    -----
    Computed as complete mixing plus what decay adds, so that K → 0 and Cs = C0 lose no digit.

    References
    ----------
    GB/T 25173-2010, 1-D form, from memory, clause unverified.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> round(plug_flow(river, 0.5, 12.0, 20.0, position=4000.0) / 86.4, 4)  # g/s
    115.5159
    >>> from permitload.capacity.water import exact_balance
    >>> round(plug_flow(river, 0.5, 12.0, 20.0, balance=exact_balance) / 86.4, 4)
    132.7227
    """

    def formula(*inputs: Floats) -> Floats:
        """M = (Cs e^(K(L-x)/u) - C0 e^(-Kx/u))(Q + Qp)."""
        flow, velocity, decay, length, effluent_flow, background, standard, position = inputs
        rate = decay / (-SECONDS_PER_DAY * velocity)
        lost = background * np.expm1(rate * position)
        gained = standard * np.expm1(rate * (position - length))
        mixed = balance(flow, effluent_flow, background, standard)
        return np.asarray(KG_PER_DAY * (mixed + balance(flow, effluent_flow, lost, gained)))

    values = _reach("plug_flow", river, effluent_flow, background) | {
        "standard": standard,
        "position": position,
    }
    return evaluate("plug_flow", formula, values, within={"position": "length"})


def plug_flow_concentration(
    river: River,
    effluent_flow: Numbers,
    background: Numbers,
    source_load: Numbers,
    position: Numbers = 0.0,
    balance: Balance = standard_balance,
) -> Numbers:
    """Concentration at the end of a stretch with one outfall: the inverse of :func:`plug_flow`.

    Parameters
    ----------
    river, effluent_flow, background, position, balance
        As for :func:`plug_flow`.
    source_load : number or array
        Load of the outfall [kg/d].

    Returns
    -------
    number or array
        Concentration [mg/L]; with :func:`exact_balance`
        (C0 Q e^(-KL/u) + m e^(-K(L-x)/u))/(Q + Qp).

    Raises
    ------
    DataError
        As :func:`plug_flow`.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> load = plug_flow(river, 0.5, 12.0, 20.0, 3000.0)
    >>> round(plug_flow_concentration(river, 0.5, 12.0, load, 3000.0), 6)
    20.0
    """

    def formula(*inputs: Floats) -> Floats:
        """C = C0 e^(-KL/u) + m e^(-K(L-x)/u)/(Q + Qp)."""
        flow, velocity, decay, length, effluent_flow, background, load, position = inputs
        rate = decay / (SECONDS_PER_DAY * velocity)
        arriving = load / KG_PER_DAY * np.exp(-rate * (length - position))
        return solved(balance, (flow, effluent_flow), background * np.exp(-rate * length), arriving)

    values = _reach("plug_flow_concentration", river, effluent_flow, background) | {
        "source_load": source_load,
        "position": position,
    }
    return evaluate(
        "plug_flow_concentration", formula, values,
        result="concentration", signed=("source_load",), within={"position": "length"},
    )  # fmt: skip


def uniform_source(
    river: River,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
    balance: Balance = river_balance,
) -> Numbers:
    """Capacity of a stretch for a load spread evenly along it (均布), controlled at its end.

    M = Q t/(1 - e^(-t)) (Cs - C0 e^(-t)), t = K L/u; Q (Cs - C0) as t → 0.

    Parameters
    ----------
    river : River
        With ``flow``, ``velocity``, ``decay`` and ``length``.
    effluent_flow : number or array
        All water that comes with the load [m3/s].
    background, standard : number or array
        Concentration at the head, and the one that the end may have [mg/L].
    balance : function, default :func:`river_balance`
        Convention; the printed form leaves out the water that comes with the load.

    Returns
    -------
    number or array
        Capacity in the river, signed [kg/d].

    Raises
    ------
    DataError
        As :func:`plug_flow`.

    References
    ----------
    Derived by integration of the 1-D form over the position of the outfall.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> round(uniform_source(river, 0.0, 12.0, 20.0) / 86.4, 4)  # g/s
    109.8581
    """

    def formula(*inputs: Floats) -> Floats:
        """M = Q t/(1 - e^(-t)) (Cs - C0 e^(-t)), t = K L/u."""
        flow, velocity, decay, length, effluent_flow, background, standard = inputs
        exponent = decay * length / (SECONDS_PER_DAY * velocity)
        mixed = balance(flow, effluent_flow, background, standard)
        # what the background loses, (1 - e^-t) over the mean that is kept, is t itself
        lost = balance(flow, effluent_flow, -background * exponent, 0.0)
        return np.asarray(KG_PER_DAY * (mixed / mean_kept(exponent) + lost))

    values = _reach("uniform_source", river, effluent_flow, background) | {"standard": standard}
    return evaluate("uniform_source", formula, values)


def uniform_source_concentration(
    river: River,
    effluent_flow: Numbers,
    background: Numbers,
    source_load: Numbers,
    balance: Balance = river_balance,
) -> Numbers:
    """Concentration at the end of a stretch with a load spread evenly along it.

    The inverse of :func:`uniform_source`: C0 e^(-t) + m (1 - e^(-t))/(t Q), t = K L/u.

    Parameters
    ----------
    river, effluent_flow, background, balance
        As for :func:`uniform_source`.
    source_load : number or array
        Load of the whole stretch [kg/d].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`plug_flow`.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> load = uniform_source(river, 0.0, 12.0, 20.0)
    >>> round(uniform_source_concentration(river, 0.0, 12.0, load), 9)
    20.0
    """

    def formula(*inputs: Floats) -> Floats:
        """C = C0 e^(-t) + m (1 - e^(-t))/(t Q), t = K L/u."""
        flow, velocity, decay, length, effluent_flow, background, load = inputs
        exponent = decay * length / (SECONDS_PER_DAY * velocity)
        arriving = load / KG_PER_DAY * mean_kept(exponent)
        return solved(balance, (flow, effluent_flow), background * np.exp(-exponent), arriving)

    name = "uniform_source_concentration"
    values = _reach(name, river, effluent_flow, background) | {"source_load": source_load}
    return evaluate(name, formula, values, result="concentration", signed=("source_load",))


def _reach(
    formula: str, river: River, effluent_flow: Numbers, background: Numbers
) -> dict[str, Numbers]:
    """Give the inputs that the formulas of a stretch share, in their order."""
    found = fields(river, formula, "flow", "velocity", "decay", "length")
    return found | {"effluent_flow": effluent_flow, "background": background}
