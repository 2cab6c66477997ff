"""Frequency of yearly values: plotting positions, Pearson III and log-Pearson III.

Each fit is a function of a sample and a frequency p that returns the value which a year
reaches or exceeds with probability p: the 0.9 of low water, the 0.75 or 0.9 of rain.
"""

from __future__ import annotations

from math import exp, lgamma, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from permitload.errors import DataError, Fault, raise_faults

__all__ = ["log_pearson3", "pearson3", "pearson3_l_moments", "plotting_position"]

_NEEDED = 3
"""Values that a skewness needs."""

_STRAIGHT = 1e-6
"""Skewness below which Pearson III is the normal distribution, to the precision of floats."""


_NEARLY_NORMAL = 1e-4
"""L-skewness below which its first-order form holds to 1e-8: skewness = 2 √(3π) τ₃."""


def plotting_position(values: ArrayLike, frequency: float) -> float:
    """Value at a frequency, by P = m/(n + 1) and linear interpolation.

    Valid between 1/(n + 1) and n/(n + 1): 0.9 needs nine values. Source: Weibull plotting
    positions, the expectation formula of Chinese frequency analysis (methods from memory).

    Parameters
    ----------
    values : array_like
        Sample, one value a year.
    frequency : float
        Probability that a year's value is at least the result.

    Returns
    -------
    float
        In the unit of the values.

    Raises
    ------
    DataError
        If the sample is empty or not finite, or the frequency lies beyond its positions.

    Examples
    --------
    Of 9 years the driest stands at 9/10.

    >>> plotting_position([5, 1, 2, 3, 4, 6, 7, 8, 9], 0.9)
    1.0
    """
    sample = np.sort(_sample(values, frequency, 1))[::-1]
    place = frequency * (sample.size + 1)  # m, counted from 1
    if not 1.0 - 1e-9 <= place <= sample.size + 1e-9:
        rarer = min(frequency, 1.0 - frequency)
        least = int(np.ceil((1.0 - rarer) / rarer - 1e-9))
        problem = f"lies beyond the plotting positions of {sample.size} values"
        right = f"at least {least} values, or a fitted distribution"
        raise_faults([Fault("sample", None, "frequency", frequency, problem, right)])
    return float(np.interp(place, np.arange(1, sample.size + 1), sample))


def pearson3(values: ArrayLike, frequency: float) -> float:
    """Quantile of the Pearson III distribution fitted by moments.

    Mean, standard deviation (n - 1) and the skewness corrected for bias,
    n Σ(x - x̄)³ / ((n - 1)(n - 2) s³), as in USGS Bulletin 17B. In Chinese practice a curve is
    then fitted by eye (适线法), so its Cv and Cs differ; it is not done here. Short samples
    underestimate the skewness: :func:`pearson3_l_moments` is the other estimate.

    Parameters
    ----------
    values : array_like
        Sample, one value a year; at least 3, not all alike unless the answer is that value.
    frequency : float
        Probability that a year's value is at least the result.

    Returns
    -------
    float
        In the unit of the values; it may fall below zero: the distribution knows no bound there.

    Raises
    ------
    DataError
        If the sample is too small or not finite, or the frequency is not between 0 and 1.

    Examples
    --------
    Without skewness it is the normal distribution.

    >>> round(pearson3([1.0, 2.0, 3.0, 4.0, 5.0], 0.9), 3)
    0.974
    """
    sample = _sample(values, frequency, _NEEDED)
    mean, deviation, skewness = _moments(sample)
    return mean + deviation * _factor(skewness, frequency)


def pearson3_l_moments(values: ArrayLike, frequency: float) -> float:
    """Quantile of the Pearson III distribution fitted by L-moments.

    The shape solves τ₃(α) = 6 I₁/₃(α, 2α) - 3 for the sample's L-skewness and the deviation
    follows from λ₂ = β Γ(α + ½) / (√π Γ(α)) (Hosking and Wallis 1997, appendix A.9, solved
    instead of approximated). The sample's L-moments are unbiased.

    Parameters
    ----------
    values : array_like
        Sample, one value a year; at least 3.
    frequency : float
        Probability that a year's value is at least the result.

    Returns
    -------
    float
        In the unit of the values.

    Raises
    ------
    DataError
        As :func:`pearson3`.

    Examples
    --------
    >>> round(pearson3_l_moments([1.0, 2.0, 3.0, 4.0, 5.0], 0.9), 3)
    0.729
    """
    from scipy.optimize import brentq
    from scipy.special import betainc

    sample = np.sort(_sample(values, frequency, _NEEDED))
    n, rank = sample.size, np.arange(sample.size)
    b0 = float(sample.mean())
    b1 = float(rank @ sample) / (n * (n - 1))
    b2 = float((rank * (rank - 1)) @ sample) / (n * (n - 1) * (n - 2))
    l2, l3 = 2 * b1 - b0, 6 * b2 - 6 * b1 + b0
    if l2 <= 1e-14 * abs(b0):
        return b0
    t3 = abs(l3 / l2)
    if t3 < _NEARLY_NORMAL:  # gamma functions of the shape, 1e7 and more, lose their digits
        return b0 + sqrt(pi) * l2 * _factor(2.0 * sqrt(3.0 * pi) * l3 / l2, frequency)
    if t3 >= 1.0 - 1e-9:
        message = "pearson3_l_moments: all but one value are alike; right would be a longer sample"
        raise DataError(message)

    def off(logarithm: float) -> float:
        """L-skewness of a shape, given by its logarithm, less that of the sample."""
        shape = exp(logarithm)
        return float(6.0 * betainc(shape, 2.0 * shape, 1.0 / 3.0) - 3.0 - t3)

    shape = exp(brentq(off, -25.0, 30.0, xtol=1e-14))
    scale = l2 * sqrt(pi) * exp(lgamma(shape) - lgamma(shape + 0.5))
    skewness = np.copysign(2.0 / sqrt(shape), l3)
    return b0 + scale * sqrt(shape) * _factor(float(skewness), frequency)


def log_pearson3(values: ArrayLike, frequency: float) -> float:
    """Quantile of the log-Pearson III distribution fitted by moments of the logarithms.

    Source: USGS Bulletin 17B, equations 2 to 4; zeros by conditional probability, its appendix
    5: with a share z of zeros, the positive values are read at p/(1 - z), and the result is 0
    where p > 1 - z.

    Parameters
    ----------
    values : array_like
        Sample, one value ≥ 0 a year; at least 3 above 0.
    frequency : float
        Probability that a year's value is at least the result.

    Returns
    -------
    float
        In the unit of the values, ≥ 0.

    Raises
    ------
    DataError
        As :func:`pearson3`, and for values below 0.

    Examples
    --------
    >>> round(log_pearson3([1.0, 10.0, 100.0], 0.5), 9)
    10.0
    """
    sample = _sample(values, frequency, 1)
    if (sample < 0.0).any():
        least = float(sample.min())
        fault = Fault("sample", None, "values", least, "is below 0", "values ≥ 0")
        raise_faults([fault])
    positive = sample[sample > 0.0]
    share = positive.size / sample.size
    if frequency >= share and positive.size < sample.size:
        return 0.0
    mean, deviation, skewness = _moments(np.log10(_sample(positive, frequency, _NEEDED)))
    return float(10.0 ** (mean + deviation * _factor(skewness, frequency / share)))


def _sample(values: ArrayLike, frequency: float, least: int) -> NDArray[np.float64]:
    """Sample as floats, checked together with the frequency."""
    sample = np.asarray(values, dtype=float).ravel()
    faults = []
    if sample.size < least:
        problem, right = "values are too few", f"at least {least}"
        faults.append(Fault("sample", None, "values", sample.size, problem, right))
    if not np.isfinite(sample).all():
        problem, right = "values are not finite", "finite numbers"
        count = int((~np.isfinite(sample)).sum())
        faults.append(Fault("sample", None, "values", count, problem, right))
    if not 0.0 < frequency < 1.0:
        problem, right = "is no probability of a fit", "more than 0 and less than 1"
        faults.append(Fault("sample", None, "frequency", frequency, problem, right))
    raise_faults(faults)
    return sample


def _moments(sample: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean, standard deviation and skewness corrected for bias."""
    n, mean = sample.size, float(sample.mean())
    apart = sample - mean
    deviation = sqrt(float(apart @ apart) / (n - 1))
    if deviation <= 1e-14 * abs(mean):
        return mean, 0.0, 0.0
    cubes = float(((apart / deviation) ** 3).sum())
    return mean, deviation, n * cubes / ((n - 1) * (n - 2))


def _factor(skewness: float, frequency: float) -> float:
    """Deviations from the mean at a frequency: K of Bulletin 17B, Φ of Chinese tables."""
    from scipy.stats import pearson3 as standard

    return float(standard.isf(frequency, 0.0 if abs(skewness) < _STRAIGHT else skewness))
