"""Conversion between sources: trading ratios, credits, one program, reclaimed water, surplus."""

from permitload.conversion.credit import credit, hot_spots
from permitload.conversion.parts import (
    added,
    lognormal_uncertainty,
    normal_uncertainty,
    product,
)
from permitload.conversion.ratio import Draws, trading_ratio, worst_ratio

__all__ = [
    "Draws",
    "added",
    "credit",
    "hot_spots",
    "lognormal_uncertainty",
    "normal_uncertainty",
    "product",
    "trading_ratio",
    "worst_ratio",
]
