"""Trading ratios from the response of seller and buyer at every section and in every period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.conversion._trades import Trades, trades_of
from permitload.conversion.parts import product
from permitload.errors import DataError
from permitload.schema import described

__all__ = ["Draws", "trading_ratio", "worst_ratio"]

Floats = NDArray[np.float64]
DIMS = ("seller", "buyer", "section", "period")
BATCH = 4_000_000
"""Ratios drawn at once."""
ENOUGH = 1e-9
"""Part of a need that is round-off of a ratio that just meets it."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How the interval of a ratio is sampled.

    Parameters
    ----------
    samples : int, default 2000
        Draws of each uncertain part.
    seed : int, default 0
        The same seed, the same interval.
    confidence : float, default 0.9
        Probability between the two ends, in (0, 1).

    Examples
    --------
    >>> Draws(samples=500).confidence
    0.9
    """

    samples: int = 2000
    seed: int = 0
    confidence: float = 0.9

    def __post_init__(self) -> None:
        if self.samples < 1 or not 0.0 < self.confidence < 1.0:
            raise DataError(f"{self}: right would be samples >= 1 and 0 < confidence < 1")


def trading_ratio(
    response: xr.Dataset | xr.DataArray,
    sellers: pd.DataFrame,
    buyers: pd.DataFrame,
    timing: xr.DataArray,
    compound: Callable[[Floats, Floats, Floats, Floats], Floats] = product,
    draws: Draws | None = None,
) -> xr.Dataset:
    """Reduction that each seller must make per unit that each buyer discharges more.

    Loads are means of the year. In each period a seller takes off its mean times ``timing``; a
    reduction of the wet season does little for a row of a dry month. A ratio is wanted at every
    section that the buyer reaches: where the seller does not reach it, or not in that period, no
    reduction is enough and the ratio is infinite; such a trade needs spare headroom there
    (:func:`hot_spots`). Where the buyer is not felt nothing is to be made up, and the least ratio
    stands. One number for a trade is the greatest ratio: :func:`worst_ratio`,
    which is also the way where pairs are very many.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)], >= 0, with ``days`` by
        period unless periods are alike.
    sellers : DataFrame
        Table ``sellers``: outlet, pollutant, ``variation`` of what the practice achieves,
        ``response_variation``, ``uncertainty_ratio`` (2 where empty: assumed, the most used; see
        :func:`lognormal_uncertainty`), ``retirement``, ``least_ratio`` (1 or more),
        ``equivalency`` (must be stated where the pollutant is not the buyers').
    buyers : DataFrame
        Table ``buyers``: outlet, pollutant (one for all), ``response_variation``, and the policy's
        ``replacement`` multiple (1.1 or 2 in Changshu).
    timing : DataArray
        (seller, period): reduction in the period over its mean of the year [1]. There is no
        default: ones are for practices that work alike all year.
    compound : function, default product
        Of location ratio, equivalency, uncertainty ratio and multiples; must not fall when one of
        them rises. :func:`added` is another.
    draws : Draws, optional
        How the interval is sampled.

    Returns
    -------
    Dataset
        (seller, buyer, section, period): ``location_ratio``; ``ratio``, at least the least ratio;
        ``ratio_lower`` and ``ratio_upper``, the interval of the ratio when both responses and what
        the practice achieves are drawn (log-normal, mean 1, independent; what is drawn for the
        practice takes the place of the uncertainty ratio); ``reliability``, the share of draws in
        which a reduction at the ratio makes up for the buyer, multiples not counted as need.

    Raises
    ------
    DataError
        With every label, number and timing that is wrong; a buyer that no section judges.

    Notes
    -----
    ``location = a_buyer / (a_seller timing)``; the response of the model holds delivery, dilution
    and decay between the two. Two ways of putting the parts together and the least ratio are open
    policy questions (assumed).

    Examples
    --------
    >>> response = xr.DataArray([[[[0.35]], [[0.80]]]], {"section": ["S"], "outlet": ["F", "W"],
    ...     "pollutant": ["TN"], "period": ["year"]}, ["section", "outlet", "pollutant", "period"])
    >>> sellers = pd.DataFrame({"seller": ["farm"], "outlet": ["F"], "pollutant": ["TN"],
    ...     "variation": [0.3], "retirement": [1.1]})
    >>> buyers = pd.DataFrame({"buyer": ["works"], "outlet": ["W"], "pollutant": ["TN"]})
    >>> steady = xr.DataArray([[1.0]], {"seller": ["farm"], "period": ["year"]})
    >>> round(trading_ratio(response, sellers, buyers, steady).ratio.item(), 5)
    5.02857
    """
    trades = trades_of(response, sellers, buyers, timing)
    location = _location(trades.bought[None], trades.sold[:, None])
    parts = (trades.equivalency, trades.uncertainty, trades.retirement)
    ratio = _compounded(compound, location, *(p[..., None, None] for p in parts))
    ratio = np.maximum(ratio, trades.least[..., None, None])
    lower, upper, kept = _drawn(trades, (location, ratio), compound, draws or Draws())
    found = {
        "location_ratio": (DIMS, location), "ratio": (DIMS, ratio), "ratio_lower": (DIMS, lower),
        "ratio_upper": (DIMS, upper), "reliability": (DIMS, kept),
    }  # fmt: skip
    coords = _labels(trades) | {"section": trades.section, "period": trades.period}
    return described(xr.Dataset(found, coords))


def worst_ratio(
    response: xr.Dataset | xr.DataArray,
    sellers: pd.DataFrame,
    buyers: pd.DataFrame,
    timing: xr.DataArray,
    compound: Callable[[Floats, Floats, Floats, Floats], Floats] = product,
) -> xr.Dataset:
    """Greatest :func:`trading_ratio` of each pair over all sections and periods.

    A reduction at this ratio makes up for the buyer everywhere and always. Made for very many
    pairs: what is reduced is never held.

    Parameters
    ----------
    response, sellers, buyers, timing, compound
        As for :func:`trading_ratio`.

    Returns
    -------
    Dataset
        (seller, buyer): ``ratio`` and ``location_ratio`` [1], infinite where the seller cannot
        make up at some section in some period; ``worst_section`` and ``worst_period``, where the
        greatest is found, the first by label among equals.

    Raises
    ------
    DataError
        As :func:`trading_ratio`.

    Examples
    --------
    >>> response = xr.DataArray([[[[0.35]], [[0.80]]], [[[0.0]], [[0.1]]]],
    ...     {"section": ["S", "above"], "outlet": ["F", "W"], "pollutant": ["TN"],
    ...      "period": ["year"]}, ["section", "outlet", "pollutant", "period"])
    >>> sellers = pd.DataFrame({"seller": ["farm"], "outlet": ["F"], "pollutant": ["TN"],
    ...     "variation": [0.3]})
    >>> buyers = pd.DataFrame({"buyer": ["works"], "outlet": ["W"], "pollutant": ["TN"]})
    >>> steady = xr.DataArray([[1.0]], {"seller": ["farm"], "period": ["year"]})
    >>> worst = worst_ratio(response, sellers, buyers, steady)
    >>> worst.ratio.item(), worst.worst_section.item()
    (inf, 'above')
    """
    from permitload.conversion._kernels import greatest

    trades = trades_of(response, sellers, buyers, timing)
    down, along = (np.argsort(labels, kind="stable") for labels in (trades.section, trades.period))
    bought, sold = (
        np.ascontiguousarray(values[:, down][:, :, along].reshape(len(values), -1))
        for values in (trades.bought, trades.sold)
    )
    with np.errstate(divide="ignore", over="ignore"):
        _, place = greatest(bought, 1.0 / sold)
    seller, buyer = np.ogrid[: len(sold), : len(bought)]
    location = _location(bought[buyer, place], sold[seller, place])
    parts = (trades.equivalency, trades.uncertainty, trades.retirement)
    ratio = np.maximum(_compounded(compound, location, *parts), trades.least)
    section, period = np.divmod(place, len(trades.period))
    pair = DIMS[:2]
    found = {
        "location_ratio": (pair, location), "ratio": (pair, ratio),
        "worst_section": (pair, trades.section[down][section]),
        "worst_period": (pair, trades.period[along][period]),
    }  # fmt: skip
    return described(xr.Dataset(found, _labels(trades)))


def _labels(trades: Trades) -> dict[str, NDArray[np.object_]]:
    return {
        "seller": trades.sellers["seller"].to_numpy(object),
        "buyer": trades.buyers["buyer"].to_numpy(object),
    }


def _location(bought: Floats, sold: Floats) -> Floats:
    """Rise over fall; infinite where nothing falls, 0 where nothing rises."""
    bought, sold = np.broadcast_arrays(bought, sold)
    endless = np.where(bought > 0.0, np.inf, 0.0)
    with np.errstate(over="ignore"):
        return np.divide(bought, sold, out=endless, where=sold > 0.0)


def _compounded(
    compound: Callable[[Floats, Floats, Floats, Floats], Floats],
    location: Floats,
    equivalency: Floats,
    uncertainty: Floats,
    retirement: Floats,
) -> Floats:
    """Ratio of the parts; infinite with the location ratio, never NaN."""
    ratio = np.asarray(compound(location, equivalency, uncertainty, retirement), dtype=float)
    if ratio.shape != location.shape or np.isnan(ratio).any():
        raise DataError("compound gives no number for some pair; right would be one for each")
    return ratio


def _drawn(
    trades: Trades,
    values: tuple[Floats, Floats],
    compound: Callable[[Floats, Floats, Floats, Floats], Floats],
    draws: Draws,
) -> tuple[Floats, Floats, Floats]:
    """Both ends of the interval and the reliability, seller by seller, in the order of labels."""
    location, ratio = values
    generator = np.random.default_rng(draws.seed)
    practice = _factors(generator, trades.sellers, "seller", "variation", draws.samples)
    falls = _factors(generator, trades.sellers, "seller", "response_variation", draws.samples)
    rises = _factors(generator, trades.buyers, "buyer", "response_variation", draws.samples)
    lower, upper, kept = np.empty((3, *location.shape))
    tail = (1.0 - draws.confidence) / 2.0
    step = max(1, BATCH // (draws.samples * location[0, 0].size))
    for j in range(len(location)):
        for start in range(0, location.shape[1], step):
            some = slice(start, start + step)
            error = (rises[:, some] / falls[:, j, None])[..., None, None]
            drawn = location[j, some] * error
            shape = drawn.shape
            failed = np.broadcast_to(1.0 / practice[:, j, None, None, None], shape)
            equal, extra = trades.equivalency[j, 0], trades.retirement[j, some, None, None]
            found = _compounded(
                compound, drawn, np.full(shape, equal), failed, np.broadcast_to(extra, shape)
            )
            found = np.maximum(found, trades.least[j, 0])
            lower[j, some] = np.quantile(found, tail, axis=0, method="lower")
            upper[j, some] = np.quantile(found, 1.0 - tail, axis=0, method="higher")
            need = drawn * equal * failed
            makes_up = (need <= ratio[j, some] * (1.0 + ENOUGH)) & np.isfinite(need)
            kept[j, some] = makes_up.mean(axis=0)
    return lower, upper, kept


def _factors(
    generator: np.random.Generator, table: pd.DataFrame, name: str, column: str, samples: int
) -> Floats:
    """Log-normal factors of mean 1 (sample, row); a row's own whatever the order of rows."""
    order = np.argsort(table[name].to_numpy(object), kind="stable")
    drawn = np.empty((samples, len(table)))
    drawn[:, order] = generator.standard_normal((samples, len(table)))
    variance = np.log1p(table[column].to_numpy(float) ** 2)
    return np.asarray(np.exp(np.sqrt(variance) * drawn - variance / 2.0))
