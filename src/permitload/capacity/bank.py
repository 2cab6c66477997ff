"""Capacity of wide rivers: the plume of an outfall at the bank or off it, and its mixing length.

y is measured from the near bank, x downstream from the outfall. Values hold for a straight channel
of constant depth, without the far reach beyond the mixing length, where :func:`plug_flow` is right.
"""

from __future__ import annotations

import numpy as np

from permitload.capacity._formula import Floats, Numbers, evaluate, fields
from permitload.capacity.water import River
from permitload.units import KG_PER_DAY, SECONDS_PER_DAY

__all__ = [
    "bank_discharge",
    "lateral_dispersion",
    "mixing_length",
    "plume",
]

GRAVITY = 9.81
REACH = 4.0
"""Images are summed up to 2 N B = 8 σ, where exp(-8²/2) is the last digit."""
MODES = 3
"""Modes that matter where σ is the width or more: exp(-π² 4²/2) is beyond the last digit."""
NOTHING = -700.0
"""Exponent of next to nothing; below it exp is many times slower."""
LEAST = 1e-300
"""What is less than this is nothing: more than a hundred times exp(NOTHING)."""


def lateral_dispersion(depth: Numbers, width: Numbers, slope: Numbers) -> Numbers:
    """Estimate the dispersion across a river, Ey = (0.058 H + 0.0065 B) √(g H I).

    For B/H up to 100. Rivers with bends and boats mix faster: measure where it matters.

    Parameters
    ----------
    depth, width : number or array
        Mean depth and width of the water [m].
    slope : number or array
        Slope of the water surface, above 0 [1].

    Returns
    -------
    number or array
        Lateral dispersion [m2/s].

    Raises
    ------
    DataError
        Naming the input that is not positive.

    References
    ----------
    Taylor's form as HJ 2.3-2018 lists it, from memory, clause unverified.

    Examples
    --------
    >>> round(lateral_dispersion(2.0, 50.0, 1e-4), 7)
    0.0195339
    """

    def formula(depth: Floats, width: Floats, slope: Floats) -> Floats:
        """Ey = (0.058 H + 0.0065 B) √(g H I)."""
        return (0.058 * depth + 0.0065 * width) * np.sqrt(GRAVITY * depth * slope)

    values = {"depth": depth, "width": width, "slope": slope}
    return evaluate("lateral_dispersion", formula, values, result="lateral_dispersion")


def mixing_length(river: River, offset: Numbers = 0.0) -> Numbers:
    """Distance at which a load has mixed over the width (混合过程段长度).

    Lm = {0.11 + 0.7 [1/2 - a/B - 1.1 (1/2 - a/B)²]^(1/2)} u B²/Ey, a from the nearer bank. There
    the concentration departs by 2.6 % from its mean.

    Parameters
    ----------
    river : River
        With ``velocity``, ``width`` and ``lateral_dispersion``.
    offset : number or array, default 0
        Distance of the outfall from a bank, at most the width [m].

    Returns
    -------
    number or array
        Length [m].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing.

    References
    ----------
    HJ 2.3-2018, read as quoted in a public calculator that drops the outer braces; the
    braces follow from the limits 0.44 at the bank and 0.11 midstream.

    Examples
    --------
    >>> river = River(velocity=0.1, width=40.0, lateral_dispersion=0.05)
    >>> round(mixing_length(river), 3), round(mixing_length(river, 20.0), 3)
    (1414.525, 352.0)
    """

    def formula(velocity: Floats, width: Floats, across: Floats, offset: Floats) -> Floats:
        """Lm = {0.11 + 0.7 [1/2 - a/B - 1.1 (1/2 - a/B)²]^(1/2)} u B²/Ey."""
        gap = 0.5 - np.minimum(offset, width - offset) / width
        factor = 0.11 + 0.7 * np.sqrt(np.maximum(gap - 1.1 * gap**2, 0.0))
        return factor * velocity * width**2 / across

    names = ("velocity", "width", "lateral_dispersion")
    values = fields(river, "mixing_length", *names) | {"offset": offset}
    return evaluate("mixing_length", formula, values, result="length", within={"offset": "width"})


def plume(
    river: River,
    source_load: Numbers,
    position: Numbers,
    across: Numbers = 0.0,
    offset: Numbers = 0.0,
    images: int | None = None,
) -> Numbers:
    """Rise of concentration in the plume of a steady outfall between two banks (二维).

    C = m e^(-Kx/u) / (2 h √(π Ey u x)) Σ exp(-u(y∓a-2nB)²/(4 Ey x)), both signs, n = 0, ±1, ±2 …
    The background comes on top: as it is (HJ 2.3-2018), or :func:`carried` to the place (SL 348).

    Parameters
    ----------
    river : River
        With ``velocity``, ``depth``, ``lateral_dispersion``, ``decay`` and ``width``; a width of
        infinity leaves out the far bank.
    source_load : number or array
        Load of the outfall [kg/d].
    position : number or array
        Distance downstream, above 0 [m].
    across, offset : number or array, default 0
        Distance of the place, and of the outfall, from the near bank; at most the width [m].
    images : int, optional
        Pairs of image sources, n up to it; by default as many as matter (2 n B ≥ 8 σ). One
        pair is what the guideline prints; beyond the mixing length it loses load.

    Returns
    -------
    number or array
        Rise [mg/L].

    Raises
    ------
    DataError
        Naming the input that is out of range or missing.

    References
    ----------
    Superposition of images of the steady two-dimensional point source; HJ 2.3-2018 prints it
    with n = -1, 0, 1 (from memory, clause unverified).

    Examples
    --------
    >>> river = River(velocity=0.1, decay=0.2, depth=2.0, width=40.0, lateral_dispersion=0.05)
    >>> round(10.0 + plume(river, 30.0 * 86.4, 500.0), 6)
    15.308363
    """

    def formula(*inputs: Floats) -> Floats:
        """C = m e^(-Kx/u)/(2 h √(π Ey u x)) Σ exp(-u(y∓a-2nB)²/(4 Ey x))."""
        velocity, depth, mixing, decay, width, load, position, across, offset = inputs
        sigma = np.sqrt(2.0 * mixing * position / velocity)
        if images is None:
            total = _between_banks(sigma, width, across, offset)
        else:
            total = _images(sigma, width, across, offset, images)
        rise = load / (KG_PER_DAY * depth * velocity * np.sqrt(2.0 * np.pi) * sigma)
        return np.asarray(rise * total * np.exp(-decay * position / (SECONDS_PER_DAY * velocity)))

    names = ("velocity", "depth", "lateral_dispersion", "decay", "width")
    values = fields(river, "plume", *names) | {
        "source_load": source_load, "position": position, "across": across, "offset": offset,
    }  # fmt: skip
    return evaluate(
        "plume", formula, values, result="concentration", signed=("source_load",),
        within={"across": "width", "offset": "width"},
    )  # fmt: skip


def bank_discharge(
    river: River,
    position: Numbers,
    background: Numbers,
    standard: Numbers,
    across: Numbers = 0.0,
    offset: Numbers = 0.0,
) -> Numbers:
    """Capacity of a wide river for one outfall, controlled at a place of its plume (二维).

    The load whose :func:`plume` lifts the background to the standard there. At the bank and far
    from the other one it is (Cs - C0) e^(Kx/u) h √(π Ey u x). For Q of 150 m3/s and more.

    Parameters
    ----------
    river, position, across, offset
        As for :func:`plume`.
    background : number or array
        Concentration that the place has without the outfall [mg/L]: that of the river (HJ
        2.3-2018), or :func:`carried` to the place where it decays on the way (SL 348-2006).
    standard : number or array
        Concentration that the place may have [mg/L].

    Returns
    -------
    number or array
        Capacity in the river, signed [kg/d].

    Raises
    ------
    DataError
        As :func:`plume`, or if the plume does not reach the place.

    References
    ----------
    Derived: inverse of the plume. GB/T 25173-2010 prints (Cs - C(x, y)) Q (from memory), which is
    what is left at a load already there, and no inverse.

    Examples
    --------
    >>> river = River(velocity=0.1, depth=2.0, width=40.0, lateral_dispersion=0.05)
    >>> round(bank_discharge(river, 143.23944878, 10.0, 20.0) / 86.4, 6)  # g/s
    30.0
    """
    rise = plume(river, 1.0, position, across, offset)

    def formula(rise: Floats, background: Floats, standard: Floats) -> Floats:
        """M = (Cs - C0)/C(1), C(1) the plume of a unit load."""
        return np.asarray((standard - background) / rise)

    values = {"concentration": rise, "background": background, "standard": standard}
    return evaluate("bank_discharge", formula, values)


def _between_banks(sigma: Floats, width: Floats, across: Floats, offset: Floats) -> Floats:
    """Sum over all images: one by one near the outfall, by modes of the width far from it."""
    spread = sigma / width
    near = float(np.min(spread)) < 1.0
    far = float(np.max(spread)) >= 1.0
    if near:
        count = int(np.ceil(REACH * min(1.0, float(np.max(spread)))))
        total = _images(sigma, width, across, offset, count)
    if far:
        place, source = np.pi * across / width, np.pi * offset / width
        uniform = np.ones_like(spread)
        for n in range(1, MODES + 1):
            fading = np.exp(np.maximum(-0.5 * (n * np.pi * spread) ** 2, NOTHING))
            uniform = uniform + 2.0 * np.cos(n * place) * np.cos(n * source) * fading
        uniform = uniform * np.sqrt(2.0 * np.pi) * spread
        total = np.where(spread < 1.0, total, uniform) if near else uniform
    return total


def _images(sigma: Floats, width: Floats, across: Floats, offset: Floats, count: int) -> Floats:
    """Sum over the outfall, its mirror image and ``count`` pairs of images of both."""
    steep = -0.5 / sigma**2
    total = 0.0 * steep
    for n in range(-count, count + 1):
        mirror = 2.0 * n * width if n else 0.0
        for source in (offset + mirror, mirror - offset):
            total = total + np.exp(np.maximum(steep * (across - source) ** 2, NOTHING))
    return np.where(total > LEAST, total, 0.0)
