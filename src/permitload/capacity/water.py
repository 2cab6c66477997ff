"""The waters that formulas speak of, and the conventions of a balance.

The conventions are functions to pass as ``balance``. All take the water of the river, the water of
the outfall, the concentration that arrives and the one that may leave, and give a load:

- :func:`standard_balance`, (Cs - C0)(Q + Qp): the form printed in GB/T 25173-2010 (from memory,
  unverified), on the safe side, because the outfall's water does not dilute the background;
- :func:`exact_balance`, Cs (Q + Qp) - C0 Q: the mass balance, as network capacity has it;
- :func:`river_balance`, (Cs - C0) Q: the form of texts that leave out the outfall's water.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from permitload.capacity._formula import Floats, Numbers, evaluate, fields
from permitload.units import SECONDS_PER_DAY

__all__ = [
    "Fan",
    "Lake",
    "River",
    "carried",
    "exact_balance",
    "river_balance",
    "standard_balance",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class River:
    """One stretch of river under one water condition; a formula names what it lacks.

    Parameters
    ----------
    flow : number or array, optional
        Discharge without that of the outfalls, not negative [m3/s].
    velocity : number or array, optional
        Mean velocity, above 0 [m/s].
    decay : number or array, default 0
        First-order rate at the water's temperature [1/d].
    length : number or array, optional
        From the head of the stretch to its control section [m].
    width, depth : number or array, optional
        Of the water [m]; a width of infinity is a river whose far bank does not matter.
    dispersion, lateral_dispersion : number or array, optional
        Along and across the river [m2/s].

    Examples
    --------
    >>> River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0).flow
    10.0
    """

    flow: Numbers | None = None
    velocity: Numbers | None = None
    decay: Numbers = 0.0
    length: Numbers | None = None
    width: Numbers | None = None
    depth: Numbers | None = None
    dispersion: Numbers | None = None
    lateral_dispersion: Numbers | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """One lake or reservoir, mixed throughout; its mean depth is volume over area.

    Parameters
    ----------
    storage_volume : number or array
        Water at the design level [m3].
    flow : number or array
        Water that leaves [m3/s].
    storage_area : number or array, optional
        Water surface [m2].
    decay : number or array, default 0
        First-order rate at the water's temperature [1/d].
    settling : number or array, default 0
        Settling velocity; above 0 it needs the area [m/d].

    Examples
    --------
    >>> Lake(storage_volume=5e7, flow=3.0, storage_area=2e7, decay=0.02).storage_volume
    50000000.0
    """

    storage_volume: Numbers
    flow: Numbers
    storage_area: Numbers | None = None
    decay: Numbers = 0.0
    settling: Numbers = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """Fan of lake water in front of an outfall, in which the load spreads evenly.

    Parameters
    ----------
    angle : number or array
        π at a straight bank, 2π in open water [1].
    depth : number or array
        Mean depth of the fan [m].
    decay : number or array, default 0
        First-order rate at the water's temperature [1/d].

    Examples
    --------
    >>> Fan(angle=3.14159, depth=2.0, decay=0.05).depth
    2.0
    """

    angle: Numbers
    depth: Numbers
    decay: Numbers = 0.0


def standard_balance(
    flow: Numbers, effluent_flow: Numbers, background: Numbers, standard: Numbers
) -> Numbers:
    """Load that brings water to a standard, the form of the rule: (Cs - C0)(Q + Qp).

    Parameters
    ----------
    flow, effluent_flow : number or array
        Water of the river and of the outfall [m3/s].
    background, standard : number or array
        Concentration that arrives, and that may leave [mg/L].

    Returns
    -------
    number or array
        Load [g/s].

    References
    ----------
    GB/T 25173-2010 (水域纳污能力计算规程), from memory, clause unverified.

    Examples
    --------
    >>> standard_balance(10.0, 0.5, 12.0, 20.0)
    84.0
    """
    return (standard - background) * (flow + effluent_flow)


def exact_balance(
    flow: Numbers, effluent_flow: Numbers, background: Numbers, standard: Numbers
) -> Numbers:
    """Load that brings water to a standard, by mass balance: Cs (Q + Qp) - C0 Q.

    Parameters
    ----------
    flow, effluent_flow : number or array
        Water of the river and of the outfall [m3/s].
    background, standard : number or array
        Concentration that arrives, and that may leave [mg/L].

    Returns
    -------
    number or array
        Load [g/s]; C0 Qp more than the form of the rule.

    Examples
    --------
    >>> exact_balance(10.0, 0.5, 12.0, 20.0)
    90.0
    """
    return (standard - background) * flow + standard * effluent_flow


def river_balance(
    flow: Numbers, effluent_flow: Numbers, background: Numbers, standard: Numbers
) -> Numbers:
    """Load that brings water to a standard, without the outfall's water: (Cs - C0) Q.

    Parameters
    ----------
    flow, effluent_flow : number or array
        Water of the river, and of the outfall, which is left out [m3/s].
    background, standard : number or array
        Concentration that arrives, and that may leave [mg/L].

    Returns
    -------
    number or array
        Load [g/s].

    Examples
    --------
    >>> river_balance(10.0, 0.5, 12.0, 20.0)
    80.0
    """
    return (standard - background) * flow


def carried(river: River, background: Numbers, position: Numbers) -> Numbers:
    """Concentration of water that decays on its way, C0 e^(-Kx/u).

    Parameters
    ----------
    river : River
        With ``velocity`` and ``decay``.
    background : number or array
        Concentration at the start [mg/L].
    position : number or array
        Distance from there, downstream [m].

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
    >>> round(carried(River(velocity=0.1, decay=0.2), 12.0, 8000.0), 6)
    9.971405
    """

    def formula(velocity: Floats, decay: Floats, background: Floats, position: Floats) -> Floats:
        """C = C0 e^(-Kx/u)."""
        return np.asarray(background * np.exp(-decay * position / (SECONDS_PER_DAY * velocity)))

    values = fields(river, "carried", "velocity", "decay") | {
        "background": background,
        "position": position,
    }
    return evaluate("carried", formula, values, result="concentration")
