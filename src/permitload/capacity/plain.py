"""Capacity of control units of a plain river network (平原河网), and uneven mixing."""

from __future__ import annotations

import numpy as np
import xarray as xr

from permitload.capacity._formula import Floats, Numbers, checked, evaluate
from permitload.capacity._refused import refuse_network, refuse_no_rate
from permitload.errors import DataError, Fault, raise_faults
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = [
    "lake_non_uniformity",
    "non_uniform",
    "non_uniformity",
    "plain_network",
    "plain_network_concentration",
    "two_way",
]

RIVER_WIDTH = (0.0, 50.0, 100.0, 150.0, 200.0), (1.0, 0.8, 0.6, 0.4, 0.1)
"""Width [m] and coefficient at the ends of the classes of the table."""
LAKE_AREA = (0.0, 5e6, 50e6, 500e6, 1000e6, 3000e6), (1.0, 0.6, 0.4, 0.11, 0.09, 0.05)
"""Surface [m2] and coefficient at the ends of the classes of the table."""
RESOLVED = frozenset({"bank_discharge", "bank_zone_load", "midstream_zone_load", "radial_lake"})
"""Formulas that resolve the width."""


def plain_network(
    flow: Numbers,
    volume: Numbers,
    decay: Numbers,
    background: Numbers,
    standard: Numbers,
    effluent_flow: Numbers = 0.0,
) -> Numbers:
    """Capacity of a control unit as one mixed box, W = Q (Cs - C0) + K V Cs.

    For waters whose direction is not defined and that mix over the unit; without flow, K V Cs
    is left. With the water of the outfalls it is the exact balance, Cs (Q + Qp + K V) - C0 Q.

    Parameters
    ----------
    flow : number or array
        Water that flows through, in its direction, so not negative [m3/s].
    volume : number or array
        Water in the unit [m3].
    decay : number or array
        First-order rate at the water's temperature [1/d].
    background : number or array
        Concentration at the end that is upstream, C0 [mg/L].
    standard : number or array
        Concentration that the unit may have, Cs [mg/L].
    effluent_flow : number or array, default 0
        Water of the outfalls; the printed form leaves it out [m3/s].

    Returns
    -------
    number or array
        Capacity in the water, signed [kg/d].

    Raises
    ------
    DataError
        Naming the input that is negative or no number, or labels that differ.

    References
    ----------
    Practice of the Taihu basin and the national guide of 2003 (from memory, clause unverified).

    Examples
    --------
    >>> volume = 40.0 * 2.5 * 8000.0
    >>> round(plain_network(6.0, volume, 0.12, 18.0, 20.0) * 0.365, 3)  # t/a
    1079.232
    """

    def formula(*inputs: Floats) -> Floats:
        """W = Q (Cs - C0) + K V Cs, and Qp Cs with effluent."""
        flow, volume, decay, background, standard, effluent_flow = inputs
        removed = decay * volume / SECONDS_PER_DAY
        through = flow * (standard - background)
        return np.asarray(KG_PER_DAY * (through + (effluent_flow + removed) * standard))

    values = {
        "flow": flow, "volume": volume, "decay": decay, "background": background,
        "standard": standard, "effluent_flow": effluent_flow,
    }  # fmt: skip
    return evaluate("plain_network", formula, values)


def plain_network_concentration(
    flow: Numbers,
    volume: Numbers,
    decay: Numbers,
    background: Numbers,
    source_load: Numbers,
    effluent_flow: Numbers = 0.0,
) -> Numbers:
    """Concentration of a control unit as one mixed box: the inverse of :func:`plain_network`.

    Parameters
    ----------
    flow, volume, decay, background, effluent_flow
        As for :func:`plain_network`; something must leave: water or by decay.
    source_load : number or array
        Load into the unit [kg/d].

    Returns
    -------
    number or array
        Concentration [mg/L].

    Raises
    ------
    DataError
        As :func:`plain_network`.

    Examples
    --------
    >>> load = plain_network(6.0, 8e5, 0.12, 18.0, 20.0)
    >>> round(plain_network_concentration(6.0, 8e5, 0.12, 18.0, load), 9)
    20.0
    """

    def formula(*inputs: Floats) -> Floats:
        """C = (m + Q C0)/(Q + Qp + K V)."""
        flow, volume, decay, background, load, effluent_flow = inputs
        leaving = flow + effluent_flow + decay * volume / SECONDS_PER_DAY
        return np.asarray((load / KG_PER_DAY + flow * background) / leaving)

    values = {
        "flow": flow, "volume": volume, "decay": decay, "background": background,
        "source_load": source_load, "effluent_flow": effluent_flow,
    }  # fmt: skip
    name = "plain_network_concentration"
    return evaluate(name, formula, values, result="concentration", signed=("source_load",))


def two_way(forward: Numbers, reverse: Numbers, weight: Numbers) -> Numbers:
    """Capacity of a water that flows both ways (双向流), (A W_AB + B W_BA)/(A + B).

    Each direction has its own flow and its own upstream boundary. The mean flow of both would
    cancel and speak of neither.

    Parameters
    ----------
    forward, reverse : number or array
        Capacity in each direction [kg/d].
    weight : number or array
        Share of the time that water flows forward, A/(A + B) [1].

    Returns
    -------
    number or array
        Capacity, signed [kg/d].

    Raises
    ------
    DataError
        As :func:`plain_network`, if the weight is not from 0 to 1, or if a capacity is no rate.

    Examples
    --------
    >>> forward = plain_network(6.0, 8e5, 0.12, 18.0, 20.0)
    >>> reverse = plain_network(4.0, 8e5, 0.12, 19.0, 20.0)
    >>> round(two_way(forward, reverse, 220 / 365) * 0.365, 3)  # t/a
    979.008
    """

    def formula(forward: Floats, reverse: Floats, weight: Floats) -> Floats:
        """W = (A W_AB + B W_BA)/(A + B)."""
        return weight * forward + (1.0 - weight) * reverse

    refuse_no_rate("two_way", {"forward": forward, "reverse": reverse})
    values = {"forward": forward, "reverse": reverse, "weight": weight}
    return evaluate("two_way", formula, values, signed=("forward", "reverse"))


def non_uniformity(width: Numbers) -> Numbers:
    """Coefficient of uneven mixing of a river by its width (不均匀系数).

    From 1.0 in a narrow river over 0.8, 0.6 and 0.4 at 50, 100 and 150 m to 0.1 at 200 m; straight
    between them.

    Parameters
    ----------
    width : number or array
        Width of the water, at most 200 m; beyond it :func:`bank_discharge` holds [m].

    Returns
    -------
    number or array
        Coefficient, for :func:`non_uniform` [1].

    Raises
    ------
    DataError
        If the width is negative or beyond the table.

    References
    ----------
    Practice of the national guide of 2003 (from memory, not opened): ranges by class of width,
    of which the greater width gets the lower end. Straight lines are this library's choice.

    Examples
    --------
    >>> round(non_uniformity(75.0), 12)
    0.7
    """
    return _table("non_uniformity", "width", width, RIVER_WIDTH)


def lake_non_uniformity(storage_area: Numbers) -> Numbers:
    """Coefficient of uneven mixing of a lake by its surface (不均匀系数).

    0.6 at 5 km2, 0.4 at 50, 0.11 at 500, 0.09 at 1000 and 0.05 at 3000 km2; straight between them.

    Parameters
    ----------
    storage_area : number or array
        Water surface, at most 3000 km2 [m2].

    Returns
    -------
    number or array
        Coefficient, for :func:`non_uniform` [1].

    Raises
    ------
    DataError
        If the surface is negative or beyond the table.

    References
    ----------
    As :func:`non_uniformity`.

    Examples
    --------
    >>> round(lake_non_uniformity(27.5e6), 12)
    0.5
    """
    return _table("lake_non_uniformity", "storage_area", storage_area, LAKE_AREA)


def non_uniform(capacity: Numbers, non_uniformity: Numbers) -> Numbers:
    """Capacity of a formula that mixes at once, less what uneven mixing takes of it.

    Parameters
    ----------
    capacity : number or array
        Result of a 0-D, 1-D or box formula [kg/d].
    non_uniformity : number or array
        Coefficient, from 0 to 1 [1].

    Returns
    -------
    number or array
        Capacity times coefficient, signed: what is owed shrinks too, as in practice [kg/d].

    Raises
    ------
    DataError
        If the capacity is that of a network or of a plume, where mixing is in the solution already,
        or no rate, such as :func:`lake_stock`.

    Examples
    --------
    >>> non_uniform(1000.0, 0.8)
    800.0
    """
    refuse_network("non_uniform", capacity)
    refuse_no_rate("non_uniform", {"capacity": capacity})
    if isinstance(capacity, xr.DataArray) and capacity.attrs.get("method") in RESOLVED:
        raise DataError(
            f"non_uniform: a capacity of {capacity.attrs['method']} resolves the width already; "
            "right would be one of a formula that mixes at once"
        )

    def formula(capacity: Floats, share: Floats) -> Floats:
        """W_eff = a W."""
        return capacity * share

    values = {"capacity": capacity, "non_uniformity": non_uniformity}
    return evaluate("non_uniform", formula, values, signed=("capacity",))


def _table(
    name: str, key: str, value: Numbers, table: tuple[tuple[float, ...], tuple[float, ...]]
) -> Numbers:
    """Read a table of ends of classes, straight between them."""
    most = table[0][-1]
    array = checked(name, {key: value})[key]
    if (array > most).any():
        fault = Fault(name, None, key, float(array.max()), "is beyond the table", f"≤ {most:g}")
        raise_faults([fault])

    def formula(array: Floats) -> Floats:
        """Read a(B) or a(A): straight between the ends of the classes."""
        return np.asarray(np.interp(array, *table))

    return evaluate(name, formula, {key: value}, result="non_uniformity")
