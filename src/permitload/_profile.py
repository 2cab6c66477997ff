"""Closed forms along one stretch of uniform river: advection, decay, spread loads, dispersion.

Symbols: flow Q grows linearly from Q0 to Q1 over the stretch, A is the wetted area, k the
loss rate, E the dispersion, x the distance. All limits (k → 0, Q1 → Q0, E k → 0) are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from permitload.units import SECONDS_PER_DAY

Array = NDArray[Any]


SNAP = 1e-6
"""Places closer than this [m] are one place: lengths converted from km differ by rounding."""


def decay_mean(exponent: Array) -> Array:
    """Mean of exp(-z s) over s in [0, 1]: (1 - exp(-z)) / z, and 1 at z = 0."""
    exponent = np.asarray(exponent, dtype=float)
    safe = np.where(exponent == 0.0, 1.0, exponent)
    return np.where(exponent == 0.0, 1.0, -np.expm1(-safe) / safe)


def _log_growth(growth: Array) -> Array:
    """log(1 + g) / g, and 1 at g = 0."""
    safe = np.where(growth == 0.0, 1.0, growth)
    return np.where(growth == 0.0, 1.0, np.log1p(safe) / safe)


def travel_time(volume: Array, start: Array, stop: Array) -> Array:
    """Days to pass a stretch of given volume [m3] while the flow [m3/s] grows linearly.

    t = ∫ A dx / Q(x) = V / Q0 · ln(1 + g) / g, g = Q1 / Q0 - 1.
    """
    return volume / (start * SECONDS_PER_DAY) * _log_growth(stop / start - 1.0)


def spread_kept(exponent: Array, start: Array, stop: Array) -> Array:
    """Share of a load spread evenly over a stretch that leaves its end.

    ``exponent`` is k t of the whole stretch. The load that enters at x keeps
    (Q(x)/Q1)^(kA/q), q = dQ/dx; its mean over x is (1+g) ln(1+g)/g · decay_mean(kt + ln(1+g)).
    """
    growth = stop / start - 1.0
    return (1.0 + growth) * _log_growth(growth) * decay_mean(exponent + np.log1p(growth))


def exchange(flow: Array, conductance: Array, loss: Array) -> tuple[Array, Array, Array, Array]:
    """End fluxes of a stretch with dispersion, per unit concentration at its ends.

    The steady equation Q C' - E A C'' + k A C = 0 has the solution
    C = a exp(r2 x) + b exp(r1 (x - L)) with E A r = (Q ± s) / 2, s² = Q² + 4 k E A².
    ``conductance`` is E A / L and ``loss`` is k A L [m3/s]; then s² = Q² + 4 · loss · conductance
    and p = (r1 - r2) L = s / conductance.

    Returns
    -------
    tuple of arrays
        ``F0 = h0 C0 - h1 C1`` and ``F1 = t0 C0 - t1 C1`` [m3/s]: h0, h1, t0, t1, all ≥ 0.
    """
    rise, fall, gap = _slopes(flow, conductance, loss)
    scaled = conductance / decay_mean(gap)  # s / (1 - exp(-p)), E A / L at p = 0
    back = scaled * np.exp(-gap)
    return (
        conductance * rise + back,
        scaled * np.exp(-rise),
        scaled * np.exp(-fall),
        conductance * fall + back,
    )


def dispersed(
    place: Array, ends: tuple[Array, Array], flow: Array, conductance: Array, loss: Array
) -> Array:
    """Concentration at a relative place 0..1 in a stretch with dispersion, from its ends.

    C = C0 exp(r2 L x) (1 - exp(-p (1-x))) / (1 - exp(-p)) + the same for C1, mirrored.
    """
    rise, fall, gap = _slopes(flow, conductance, loss)
    whole = decay_mean(gap)
    rest = 1.0 - place
    first = np.exp(-fall * place) * rest * decay_mean(gap * rest) / whole
    last = np.exp(-rise * rest) * place * decay_mean(gap * place) / whole
    return np.asarray(ends[0] * first + ends[1] * last)


def dispersed_mean(
    ends: tuple[Array, Array], flow: Array, conductance: Array, loss: Array
) -> Array:
    """Mean concentration of a stretch with dispersion, by the integral of :func:`dispersed`."""
    rise, fall, gap = _slopes(flow, conductance, loss)
    return np.asarray(ends[0] * _weight_mean(fall, gap) + ends[1] * _weight_mean(rise, gap))


def _slopes(flow: Array, conductance: Array, loss: Array) -> tuple[Array, Array, Array]:
    """Give r1 L, -r2 L and p = (r1 - r2) L of a stretch with dispersion; see :func:`exchange`.

    The smaller root comes from r1 r2 = -k / E, because its difference would cancel.
    """
    root = np.sqrt(flow**2 + 4.0 * loss * conductance)
    sum_ = root + np.abs(flow)
    large = sum_ / 2.0
    small = np.divide(2.0 * loss * conductance, sum_, out=np.zeros_like(sum_), where=sum_ > 0.0)
    ahead = np.asarray(flow) >= 0.0
    return (
        np.where(ahead, large, small) / conductance,
        np.where(ahead, small, large) / conductance,
        root / conductance,
    )


def _weight_mean(slope: Array, gap: Array) -> Array:
    """Mean over x of exp(-a x) (1 - exp(-p (1-x))) / (1 - exp(-p)), to first order as p → 0."""
    tiny = gap < 1e-5
    safe = np.where(tiny, 1.0, gap)
    other = np.maximum(safe - slope, 0.0)
    exact = (decay_mean(slope) - np.exp(-slope) * decay_mean(other)) / -np.expm1(-safe)
    # (1-x)(1 - a x)(1 - p (1-x)/2)(1 + p/2) integrated: 1/2 - a/6 + p/12
    return np.where(tiny, 0.5 - slope / 6.0 + gap / 12.0, exact)
