"""What a design method returns, and the rules of samples that all methods share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from permitload.errors import Fault, raise_faults
from permitload.hydraulics import _record

__all__ = ["COVERAGE", "FIRST_MONTH", "Fit", "Sampled", "driest", "no_sample", "short"]

Fit = Callable[[Any, float], float]
"""Function of a sample and a frequency, such as those of ``hydraulics.frequency``."""

FIRST_MONTH = 4
"""First month of a hydrological year: the dry season, winter, stays whole. Assumed; so does the
climatic year of the US Geological Survey begin."""

COVERAGE = 0.9
"""Least share of a month or year that must have values. Assumed."""

_RECOMMENDED = 30
_LEAST = 10
"""Years that frequency analysis wants, and needs: from memory, unverified."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A design value, what it stands on, and what makes it doubtful.

    Parameters
    ----------
    value : float
        In the unit of the record.
    samples : int
        Number of years, or months where the method says so, that it stands on.
    warning : str
        What makes the value doubtful; empty if nothing does.
    """

    value: float
    samples: int
    warning: str = ""


def driest(means: pd.Series[float], first_month: int) -> Any:  # noqa: ANN401 - a pandas GroupBy
    """Monthly means by hydrological year, of years that have all twelve."""
    years = _record.years_of(means.index, first_month)
    whole = means.groupby(years).transform("count").to_numpy() == 12
    if not whole.any():
        no_sample("complete hydrological year")
    return means[whole].groupby(years[whole])


def no_sample(what: str) -> None:
    """Refuse a record that has none of what is sampled."""
    right = f"at least one {what} with enough values"
    raise_faults([Fault("series", None, "time", None, f"has no {what}", right)])


def short(years: int) -> str:
    """Warning where years are few."""
    if years >= _RECOMMENDED:
        return ""
    least, word = (_LEAST, "needed") if years < _LEAST else (_RECOMMENDED, "recommended")
    return f"{years} year{'s are' if years != 1 else ' is'} less than the {least} {word}"
