"""How reliable permits are, by sampling: each limit on its own, and all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import special

from permitload._labels import floats
from permitload.allocation._uncertain import given, ordered, plain
from permitload.allocation.chance import Spread
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import VARIABLES

__all__ = ["lognormal_samples", "normal_samples", "reliability"]

Floats = NDArray[np.float64]

BATCH = 4_000_000
"""Responses drawn at once."""
MET = 1e-9
"""Part of a limit that is round-off of a row that is full."""
ROW = ("section", "pollutant", "period")


def normal_samples(
    response: xr.Dataset | xr.DataArray, background: xr.DataArray, spread: Spread
) -> Callable[[np.random.Generator, int], xr.Dataset]:
    """Sampler of the law that :func:`chance_rows` assumes: normal, sections independent.

    Parameters
    ----------
    response : Dataset or DataArray
        Mean ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)].
    background : DataArray
        Mean concentration (section, pollutant, period) [mg/L].
    spread : Spread
        Uncertainty; the dimension indicator of its deviation may be called pollutant.

    Returns
    -------
    function
        Of a generator and a number of samples; returns a Dataset with ``response`` (scenario,
        section, outlet, pollutant, period) and ``background`` (scenario, section, pollutant,
        period). Any function like it goes into :func:`reliability`: of flows, of decay, of
        measured years drawn anew.

    Raises
    ------
    DataError
        If labels differ or a number is out of range.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> sampler = normal_samples(response, response[:, 0] * 0 + 0.4, Spread(0.2, 0.1))
    >>> sampler(np.random.default_rng(1), 5).background.sizes["scenario"]
    5
    """
    return _sampler(response, background, spread, _linear)


def lognormal_samples(
    response: xr.Dataset | xr.DataArray, background: xr.DataArray, spread: Spread
) -> Callable[[np.random.Generator, int], xr.Dataset]:
    """Sampler as :func:`normal_samples` with the same moments, log-normal.

    Parameters
    ----------
    response, background, spread
        As for :func:`normal_samples`, all >= 0; the correlation is that of the logarithms.

    Returns
    -------
    function
        As :func:`normal_samples`.

    Raises
    ------
    DataError
        If labels differ, a number is out of range, or a background of 0 has a deviation.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> sampler = lognormal_samples(response, response[:, 0] * 0 + 0.4, Spread(0.2, 0.1))
    >>> bool((sampler(np.random.default_rng(1), 5).background > 0).all())
    True
    """
    return _sampler(response, background, spread, _logarithmic)


def reliability(
    permitted_load: xr.DataArray,
    limit: xr.DataArray,
    sampler: Callable[[np.random.Generator, int], xr.Dataset],
    samples: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> xr.Dataset:
    """Probability that permits meet the limits, each on its own and all together, by sampling.

    Margins add up unseen: a dry month, a high background, a margin of safety and a chance row
    each take their part. Here is what they leave, in one number. The same seed draws the same
    samples: permits compare without noise, best along a dimension of their own, such as
    ``alternative``.

    Parameters
    ----------
    permitted_load : DataArray
        Loads (source, pollutant, period) [kg/d], with the coordinate ``outlet`` (source), or
        (outlet, pollutant, period); other dimensions are kept apart.
    limit : DataArray
        Standard, with no margin taken off (section, indicator, period) [mg/L].
    sampler : function
        Of a generator and a number, returns samples of the response and the background as
        :func:`normal_samples` does.
    samples : int, default 10000
        Number of samples.
    seed : int, default 0
        Of ``numpy.random.default_rng``.
    confidence : float, default 0.95
        Probability with which each interval covers, 0 < p < 1 [1].

    Returns
    -------
    Dataset
        ``reliability`` (…, section, pollutant, period), share of the samples that meet a limit,
        and ``joint_reliability`` (…), share that meet all limits at once; ``reliability_lower``,
        ``reliability_upper``, ``joint_lower`` and ``joint_upper``, exact binomial intervals [1].

    Raises
    ------
    DataError
        If labels differ or a number is out of range.

    Notes
    -----
    Interval: Clopper, C. J., Pearson, E. S. (1934), Biometrika 26, 404-413,
    doi:10.1093/biomet/26.4.404.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> limit = response[:, 0].rename(pollutant="indicator") * 0 + 1.0
    >>> sampler = normal_samples(response, response[:, 0] * 0 + 0.4, Spread(0.0, 0.1))
    >>> round(reliability(response[0] * 0 + 43.55, limit, sampler).reliability.item(), 2)
    0.95
    """
    if samples < 1 or not 0.0 < confidence < 1.0:
        raise_faults([Fault("reliability", None, "samples", samples, "or confidence out of range",
                            "samples >= 1, 0 < confidence < 1")])  # fmt: skip
    loads, generator = _by_outlet(permitted_load), np.random.default_rng(seed)
    one = sampler(np.random.default_rng(seed), 1)
    size = max(1, BATCH // max(1, one["response"].size))
    single, joint, drawn = xr.DataArray(0), xr.DataArray(0), 0
    while drawn < samples:
        count = min(size, samples - drawn)
        met = _met(loads, limit, sampler(generator, count))
        single = single + met.sum("scenario")
        joint = joint + met.all(ROW).sum("scenario")
        drawn += count
    counted = {"reliability": single, "joint": joint}
    found = {"reliability": single / samples, "joint_reliability": joint / samples}
    for name, counts in counted.items():
        low, high = _interval(counts.values, samples, confidence)
        found[f"{name}_lower"] = counts.copy(data=low)
        found[f"{name}_upper"] = counts.copy(data=high)
    return xr.Dataset({name: _described(array, name) for name, array in found.items()})


def _by_outlet(permitted_load: xr.DataArray) -> xr.DataArray:
    """Add up what is discharged at each outlet."""
    permitted_load = given(permitted_load, permitted_load, "permitted_load").assign_coords(
        permitted_load.coords
    )
    if "source" not in permitted_load.dims:
        return permitted_load
    if "outlet" not in permitted_load.coords:
        raise DataError("permitted_load has no coordinate outlet (source); right would be one")
    return permitted_load.groupby("outlet").sum()


def _met(loads: xr.DataArray, limit: xr.DataArray, drawn: xr.Dataset) -> xr.DataArray:
    """Whether each limit is met in each sample."""
    response, background = drawn["response"], drawn["background"]
    here = loads.get_index("outlet")
    strange = here[~here.isin(response.get_index("outlet"))]
    raise_faults(
        [
            Fault("permitted_load", label, "outlet", None, "has no response", "a known outlet")
            for label in strange
        ]
    )
    within = [dim for dim in ("pollutant", "period") if dim in loads.dims]
    loads = ordered(loads, response, within, "permitted_load").reset_coords(drop=True)
    loads = loads.reindex(outlet=response["outlet"].values, fill_value=0.0)
    level = ordered(limit.rename(indicator="pollutant"), response, ROW, "limit")
    rise = xr.dot(response, loads, dim="outlet")
    reached = background.reset_coords(drop=True) + rise.reset_coords(drop=True)
    finite = [np.isfinite(floats(a.values, name)).all() for name, a in
              (("limit", level), ("load, response or background", reached))]  # fmt: skip
    if not all(finite):
        problem = "a load, limit, response or background is NaN or infinite"
        raise DataError(f"{problem}; right would be finite numbers")
    met: xr.DataArray = reached <= level.reset_coords(drop=True) * (1.0 + MET)
    return met


def _interval(counts: NDArray[Any], samples: int, confidence: float) -> tuple[Floats, Floats]:
    """Exact interval of a share, of Clopper and Pearson: quantiles of beta laws."""
    beside = (1.0 - confidence) / 2.0
    low = special.betaincinv(np.maximum(counts, 1), samples - counts + 1, beside)
    high = special.betaincinv(counts + 1, np.maximum(samples - counts, 1), 1.0 - beside)
    return np.where(counts == 0, 0.0, low), np.where(counts == samples, 1.0, high)


def _described(array: xr.DataArray, name: str) -> xr.DataArray:
    attrs = {"units": VARIABLES[name].unit, "long_name": VARIABLES[name].meaning}
    return array.rename(name).assign_attrs(attrs)


def _linear(mean: Floats, deviation: Floats, score: Floats) -> Floats:
    """Mean + deviation z."""
    return np.asarray(mean + deviation * score)


def _logarithmic(mean: Floats, deviation: Floats, score: Floats) -> Floats:
    """Mean exp(σ z - σ²/2), σ² = ln(1 + (deviation / mean)²)."""
    ratio = np.divide(deviation, mean, out=np.zeros_like(mean), where=mean > 0.0)
    variance = np.log1p(ratio**2)
    return np.asarray(mean * np.exp(np.sqrt(variance) * score - variance / 2.0))


def _sampler(
    response: xr.Dataset | xr.DataArray,
    background: xr.DataArray,
    spread: Spread,
    law: Callable[[Floats, Floats, Floats], Floats],
) -> Callable[[np.random.Generator, int], xr.Dataset]:
    """Sampler of one law with a part common to a section."""
    matrix = plain(response)
    matrix = given(matrix, matrix, "response")
    mean = given(background, matrix.isel(outlet=0, drop=True), "background")
    own = spread.deviation
    if isinstance(own, xr.DataArray) and "indicator" in own.dims:
        own = own.rename(indicator="pollutant")
    parts = {
        "response": (matrix, matrix * given(spread.variation, matrix, "variation")),
        "background": (mean, given(own, mean, "deviation")),
    }
    shared = np.sqrt(spread.correlation), np.sqrt(1.0 - spread.correlation)

    def sampler(generator: np.random.Generator, samples: int) -> xr.Dataset:
        """Draw the common part of each row, then what each number has on its own."""
        common = generator.standard_normal((samples, *mean.shape))
        found = {}
        for name, (level, deviation) in parts.items():
            apart = generator.standard_normal((samples, *level.shape))
            both = common if level.ndim == mean.ndim else common[:, :, None]
            score = shared[0] * both + shared[1] * apart
            values = law(level.values, deviation.values, score)
            found[name] = (("scenario", *level.dims), values)
        return xr.Dataset(found, {dim: matrix[dim].values for dim in matrix.dims})

    return sampler
