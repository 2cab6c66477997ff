"""Conversion between sources: trading ratios, credits, one program, reclaimed water, surplus."""

from permitload.conversion.credit import credit, hot_spots
from permitload.conversion.parts import (
    added,
    lognormal_uncertainty,
    normal_uncertainty,
    product,
)
from permitload.conversion.programme import Programme, cheapest, fairest, programme
from permitload.conversion.ratio import Draws, trading_ratio, worst_ratio
from permitload.conversion.reclaimed import permit_credit, reclaimed_water
from permitload.conversion.surplus import auction, surplus

__all__ = [
    "Draws",
    "Programme",
    "added",
    "auction",
    "cheapest",
    "credit",
    "fairest",
    "hot_spots",
    "lognormal_uncertainty",
    "normal_uncertainty",
    "permit_credit",
    "product",
    "programme",
    "reclaimed_water",
    "surplus",
    "trading_ratio",
    "worst_ratio",
]
