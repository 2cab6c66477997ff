"""Capacity of one stretch for many outfalls: control at the head, at each tail, at the section.

Outfalls lie along the last axis of an array, or along the dimension ``outlet`` of a labelled one,
downstream one after the other. All are exact mass balances; the velocity is that of the stretch.
Each control has the concentration that it controls as its inverse.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from permitload.capacity._along import Water, above_each, along, below_each
from permitload.capacity._formula import Floats, Numbers, evaluate, fields
from permitload.capacity.water import River
from permitload.errors import DataError
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = [
    "head_control",
    "head_control_concentration",
    "incoming_correction",
    "section_control",
    "section_control_concentration",
    "tail_control",
    "tail_control_concentration",
]

SHARE_MISS = 1e-9
"""How far the shares of the outfalls may add up to something else than 1."""


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
    background : number or array
        Concentration at the head [mg/L].
    standard : number or array (..., outlet)
        Concentration that the stretch may have, or what each outfall may leave below it [mg/L].

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

    def formula(water: Water, background: Floats, standard: Floats) -> Floats:
        """W_i = Cs (Q_i + q_i) - C_i Q_i, C_i = Cs e^(-K dx_i/u) but at the first outfall."""
        above = above_each(background, standard, water)
        lost = above * -np.expm1(-water.before)
        return KG_PER_DAY * (standard * water.added + water.flow * (standard - above + lost))

    outfalls = {"position": position, "effluent_flow": effluent_flow, "standard": standard}
    return along("head_control", formula, river, outfalls, {"background": background})


def head_control_concentration(
    river: River,
    position: Numbers,
    effluent_flow: Numbers,
    background: Numbers,
    source_load: Numbers,
) -> Numbers:
    """Concentration right below each outfall: the inverse of :func:`head_control`.

    C_i = (C_(i-1) Q_i e^(-K dx_i/u) + W_i)/(Q_i + q_i).

    Parameters
    ----------
    river, position, effluent_flow, background
        As for :func:`head_control`; some water must flow.
    source_load : array (..., outlet)
        Load of each outfall [kg/d].

    Returns
    -------
    array (..., outlet)
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`head_control`.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> places, water = [0.0, 3000.0, 6000.0], [0.2, 0.2, 0.1]
    >>> loads = head_control(river, places, water, 12.0, 20.0)
    >>> head_control_concentration(river, places, water, 12.0, loads).round(9).tolist()
    [20.0, 20.0, 20.0]
    """
    outfalls = {"position": position, "effluent_flow": effluent_flow, "source_load": source_load}
    name, stretch = "head_control_concentration", {"background": background}
    return along(name, below_each, river, outfalls, stretch, "concentration")


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

    def formula(water: Water, background: Floats, standard: Floats) -> Floats:
        """W_i = Cs (Q_i + q_i) e^(K dx_i/u) - C Q_i, C = Cs but at the first outfall."""
        above = above_each(background * np.exp(-water.before[..., :1]), standard, water)
        gained = standard * (water.flow + water.added) * np.expm1(water.after)
        return KG_PER_DAY * ((standard - above) * water.flow + standard * water.added + gained)

    outfalls = {"position": position, "effluent_flow": effluent_flow, "standard": standard}
    return along("tail_control", formula, river, outfalls, {"background": background})


def tail_control_concentration(
    river: River,
    position: Numbers,
    effluent_flow: Numbers,
    background: Numbers,
    source_load: Numbers,
) -> Numbers:
    """Concentration before the next outfall or the end: the inverse of :func:`tail_control`.

    That of :func:`head_control_concentration` times e^(-K dx_i/u).

    Parameters
    ----------
    river, position, effluent_flow, background, source_load
        As for :func:`head_control_concentration`.

    Returns
    -------
    array (..., outlet)
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`head_control`.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> places, water = [0.0, 3000.0, 6000.0], [0.2, 0.2, 0.1]
    >>> loads = tail_control(river, places, water, 12.0, 20.0)
    >>> tail_control_concentration(river, places, water, 12.0, loads).round(9).tolist()
    [20.0, 20.0, 20.0]
    """

    def formula(water: Water, background: Floats, source_load: Floats) -> Floats:
        """C_i e^(-K dx_i/u), C_i right below the outfall."""
        return below_each(water, background, source_load) * np.exp(-water.after)

    outfalls = {"position": position, "effluent_flow": effluent_flow, "source_load": source_load}
    name, stretch = "tail_control_concentration", {"background": background}
    return along(name, formula, river, outfalls, stretch, "concentration")


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

    def formula(water: Water, background: Floats, standard: Floats, share: Floats) -> Floats:
        """W_i = a_i (Cs Q_L - C0 Q0 e^(-KL/u))/Σ a_i e^(-K(L-x_i)/u)."""
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
        return np.asarray(KG_PER_DAY * share * room / kept)

    outfalls = {"position": position, "effluent_flow": effluent_flow, "share": share}
    stretch = {"background": background, "standard": standard}
    return along("section_control", formula, river, outfalls, stretch)


def section_control_concentration(
    river: River,
    position: Numbers,
    effluent_flow: Numbers,
    background: Numbers,
    source_load: Numbers,
) -> Numbers:
    """Concentration at the control section: the inverse of :func:`section_control`.

    C_L = (C0 Q0 e^(-KL/u) + Σ W_i e^(-K(L-x_i)/u))/Q_L, the last of
    :func:`tail_control_concentration`.

    Parameters
    ----------
    river, position, effluent_flow, background, source_load
        As for :func:`head_control_concentration`.

    Returns
    -------
    number or array
        Concentration at the end of the stretch [mg/L].

    Raises
    ------
    DataError
        As :func:`head_control`.

    Examples
    --------
    >>> river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    >>> places, water = [0.0, 3000.0, 6000.0], [0.2, 0.2, 0.1]
    >>> loads = section_control(river, places, water, 12.0, 20.0, [0.2, 0.3, 0.5])
    >>> float(section_control_concentration(river, places, water, 12.0, loads).round(9))
    20.0
    """
    ends = tail_control_concentration(river, position, effluent_flow, background, source_load)
    if isinstance(ends, xr.DataArray):
        name = "section_control_concentration"
        return ends.isel(outlet=-1, drop=True).assign_attrs(method=name)
    return ends.iloc[-1] if isinstance(ends, pd.Series) else np.asarray(ends)[..., -1]


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
        """W0 - Ws = Q (C - Cs)(1 - e^(-K(L-x)/u)), C = C0 e^(-Kx/u), at least 0."""
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
