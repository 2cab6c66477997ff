"""Capacity of an estuary, averaged over the tide (河口)."""

from __future__ import annotations

import numpy as np

from permitload.capacity._formula import Balance, Floats, Numbers, evaluate, fields, solved
from permitload.capacity.dispersion import kept
from permitload.capacity.water import River, standard_balance
from permitload.units import KG_PER_DAY

__all__ = ["estuary", "estuary_concentration"]


def estuary(
    river: River,
    effluent_flow: Numbers,
    background: Numbers,
    standard: Numbers,
    position: Numbers,
    balance: Balance = standard_balance,
) -> Numbers:
    """Capacity of an estuary for one outfall, controlled seaward or landward of it.

    M = (Cs - C0)(Q + Qp) N e^(-ux(1∓N)/(2E)), N = √(1 + 4KE/u²), minus seaward and plus landward.
    Tide-averaged, one-dimensional, uniform; the background is that of the place, not decayed.

    Parameters
    ----------
    river : River
        With ``flow`` and ``velocity`` of the fresh water, ``decay`` and tidal ``dispersion``.
    effluent_flow : number or array
        Water of the outfall [m3/s].
    background, standard : number or array
        Concentration without the outfall, and the one that the control may have [mg/L].
    position : number or array
        Distance of the control seaward of the outfall, negative landward [m].
    balance : function, default :func:`standard_balance`
        Convention: :func:`standard_balance`, :func:`exact_balance`, :func:`river_balance`.

    Returns
    -------
    number or array
        Capacity in the water, signed [kg/d].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing, or labels that differ.

    References
    ----------
    Inverse of O'Connor's solution as in GB/T 25173-2010 and HJ/T 2.3-93 (from memory, clause
    unverified).

    Examples
    --------
    >>> river = River(flow=20.0, velocity=0.1, decay=0.2, dispersion=50.0)
    >>> round(estuary(river, 0.5, 8.0, 10.277771, 2000.0) / 86.4, 4)  # 100 mg/L in 0.5 m3/s
    50.0
    """

    def formula(*inputs: Floats) -> Floats:
        """M = (Cs - C0)(Q + Qp) N e^(-ux(1∓N)/(2E)), N = √(1 + 4KE/u²)."""
        velocity, decay, dispersion, flow, effluent_flow, background, x, standard = inputs
        load = balance(flow, effluent_flow, background, standard)
        return np.asarray(KG_PER_DAY * load / kept(velocity, decay, dispersion, x))

    values = _values("estuary", river, effluent_flow, background, position)
    return evaluate("estuary", formula, values | {"standard": standard}, signed=("position",))


def estuary_concentration(
    river: River,
    effluent_flow: Numbers,
    background: Numbers,
    source_load: Numbers,
    position: Numbers,
    balance: Balance = standard_balance,
) -> Numbers:
    """Concentration in an estuary with one outfall: the inverse of :func:`estuary`.

    Parameters
    ----------
    river, effluent_flow, background, position, balance
        As for :func:`estuary`.
    source_load : number or array
        Load of the outfall [kg/d].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`estuary`.

    Examples
    --------
    >>> river = River(flow=20.0, velocity=0.1, decay=0.2, dispersion=50.0)
    >>> round(estuary_concentration(river, 0.5, 0.0, 50.0 * 86.4, -2000.0), 7)
    0.0417188
    """

    def formula(*inputs: Floats) -> Floats:
        """C = C0 + m/((Q + Qp) N) e^(ux(1∓N)/(2E))."""
        velocity, decay, dispersion, flow, effluent_flow, background, x, load = inputs
        arriving = load / KG_PER_DAY * kept(velocity, decay, dispersion, x)
        return solved(balance, (flow, effluent_flow), background, arriving)

    name = "estuary_concentration"
    values = _values(name, river, effluent_flow, background, position)
    values |= {"source_load": source_load}
    signed = ("source_load", "position")
    return evaluate(name, formula, values, result="concentration", signed=signed)


def _values(
    formula: str, river: River, effluent_flow: Numbers, background: Numbers, position: Numbers
) -> dict[str, Numbers]:
    """Give the inputs that both functions share, in their order."""
    found = fields(river, formula, "velocity", "decay", "dispersion", "flow")
    water = {"effluent_flow": effluent_flow, "background": background, "position": position}
    return found | water
