"""Mixing zone of an outfall in a wide river (混合区): its geometry, and the load that it allows.

Without decay and without a far bank, so on the safe side while the zone is narrower than the river.
No national limit of its size is verified: the length that a zone may have is an input.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from permitload.capacity._formula import Floats, Formula, Numbers, evaluate, fields
from permitload.capacity.water import River
from permitload.units import KG_PER_DAY

__all__ = ["MixingZone", "bank_zone", "bank_zone_load", "midstream_zone", "midstream_zone_load"]

ZONE_SHAPE = float(np.sqrt(np.pi) / 2.0 / 1.5**1.5 * np.sqrt(np.e))
"""Area of a zone over length times width: ∫ √(s ln(1/s)) ds = Γ(3/2)/(3/2)^(3/2), times √e."""


class MixingZone(NamedTuple):
    """Geometry of the water above the standard.

    Parameters
    ----------
    length : number or array
        How far it reaches downstream [m].
    width : number or array
        How far it reaches from the bank, or altogether for an outfall off it [m].
    position : number or array
        Distance downstream at which it is widest [m].
    area : number or array
        Water surface [m2].
    """

    length: Numbers
    width: Numbers
    position: Numbers
    area: Numbers


def bank_zone(
    river: River, source_load: Numbers, background: Numbers, standard: Numbers
) -> MixingZone:
    """Mixing zone of an outfall at the bank (混合区): where the standard is exceeded.

    Ls = [m/(h Ca)]²/(π u Ey), widest at Ls/e with b = √(2 Ey Ls/(e u)), Ca = Cs - C0.

    Parameters
    ----------
    river : River
        With ``velocity``, ``depth`` and ``lateral_dispersion``.
    source_load : number or array
        Load of the outfall, not negative [kg/d].
    background, standard : number or array
        Concentration of the river, and the greater one at the edge of the zone [mg/L].

    Returns
    -------
    MixingZone
        Length, width, distance at which it is widest [m] and area [m2].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing.

    References
    ----------
    Derived from the plume; the form is due to Wu Zhouhu (武周虎).

    Examples
    --------
    >>> river = River(velocity=0.1, depth=2.0, lateral_dispersion=0.05)
    >>> zone = bank_zone(river, 30.0 * 86.4, 10.0, 20.0)
    >>> [round(value, 2) for value in zone]
    [143.24, 7.26, 52.69, 826.99]
    """
    return _zone("bank_zone", river, source_load, background, standard, 1.0)


def midstream_zone(
    river: River, source_load: Numbers, background: Numbers, standard: Numbers
) -> MixingZone:
    """Mixing zone of an outfall far from both banks: each half is that of half the load.

    Parameters
    ----------
    river, source_load, background, standard
        As for :func:`bank_zone`.

    Returns
    -------
    MixingZone
        As :func:`bank_zone`; the width is that of both halves.

    Raises
    ------
    DataError
        As :func:`bank_zone`.

    Examples
    --------
    >>> river = River(velocity=0.1, depth=2.0, lateral_dispersion=0.05)
    >>> round(midstream_zone(river, 60.0 * 86.4, 10.0, 20.0).length, 2)
    143.24
    """
    return _zone("midstream_zone", river, source_load, background, standard, 2.0)


def bank_zone_load(
    river: River, length: Numbers, background: Numbers, standard: Numbers
) -> Numbers:
    """Load whose mixing zone at the bank is just so long: the inverse of :func:`bank_zone`.

    Parameters
    ----------
    river, background, standard
        As for :func:`bank_zone`.
    length : number or array
        Length that the zone may have [m].

    Returns
    -------
    number or array
        Load, m = h Ca √(π u Ey L) [kg/d].

    Raises
    ------
    DataError
        As :func:`bank_zone`.

    Examples
    --------
    >>> river = River(velocity=0.1, depth=2.0, lateral_dispersion=0.05)
    >>> round(bank_zone_load(river, 143.23944878, 10.0, 20.0) / 86.4, 6)  # g/s
    30.0
    """
    return _zone_load("bank_zone_load", river, length, background, standard, 1.0)


def midstream_zone_load(
    river: River, length: Numbers, background: Numbers, standard: Numbers
) -> Numbers:
    """Load whose zone far from the banks is just so long: the inverse of :func:`midstream_zone`.

    Parameters
    ----------
    river, length, background, standard
        As for :func:`bank_zone_load`.

    Returns
    -------
    number or array
        Load, twice that of an outfall at the bank [kg/d].

    Raises
    ------
    DataError
        As :func:`bank_zone`.

    Examples
    --------
    >>> river = River(velocity=0.1, depth=2.0, lateral_dispersion=0.05)
    >>> round(midstream_zone_load(river, 143.23944878, 10.0, 20.0) / 86.4, 6)  # g/s
    60.0
    """
    return _zone_load("midstream_zone_load", river, length, background, standard, 2.0)


ZONE = ("velocity", "depth", "lateral_dispersion")


def _zone(
    name: str,
    river: River,
    source_load: Numbers,
    background: Numbers,
    standard: Numbers,
    sides: float,
) -> MixingZone:
    """Geometry of a zone with one or two sides."""

    def length(*inputs: Floats) -> Floats:
        """Ls = [m/(h (Cs - C0))]²/(π u Ey), of half the load midstream."""
        velocity, depth, mixing, load, background, standard = inputs
        excess = load / (sides * KG_PER_DAY * depth * (standard - background))
        return excess**2 / (np.pi * velocity * mixing)

    def width(*inputs: Floats) -> Floats:
        """Bs = √(2 Ey Ls/(e u)), twice that midstream."""
        velocity, _, mixing, *_ = inputs
        return sides * np.sqrt(2.0 * mixing * length(*inputs) / (np.e * velocity))

    values = fields(river, name, *ZONE) | {
        "source_load": source_load, "background": background, "standard": standard,
    }  # fmt: skip

    def number(formula: Formula, result: str) -> Numbers:
        """Evaluate one figure of the zone."""
        within = {"background": "standard"}
        return evaluate(name, formula, values, result=result, within=within)

    return MixingZone(
        number(length, "length"),
        number(width, "width"),
        number(lambda *inputs: length(*inputs) / np.e, "position"),
        number(lambda *inputs: ZONE_SHAPE * length(*inputs) * width(*inputs), "zone_area"),
    )


def _zone_load(
    name: str,
    river: River,
    length: Numbers,
    background: Numbers,
    standard: Numbers,
    sides: float,
) -> Numbers:
    def formula(*inputs: Floats) -> Floats:
        """M = h (Cs - C0) √(π u Ey L), twice that midstream."""
        velocity, depth, mixing, length, background, standard = inputs
        root = np.sqrt(np.pi * velocity * mixing * length)
        return np.asarray(sides * KG_PER_DAY * depth * (standard - background) * root)

    values = fields(river, name, *ZONE) | {
        "length": length, "background": background, "standard": standard,
    }  # fmt: skip
    return evaluate(name, formula, values)
