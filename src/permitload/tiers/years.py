"""Greatest emission of the last three years, with what is missing said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Greatest", "greatest_of"]

_SPAN = 3
"""Years that the text looks back: annex 8 (Nantong), 三(二)4, 近三年."""


@dataclass(frozen=True, slots=True)
class Greatest:
    """Greatest emission of an enterprise, and the years behind it."""

    emission: float
    """Greatest emission [t/a]; NaN if there is no year."""
    output: float
    """Output of that year [t/a]; NaN if not known."""
    missing: str
    dropped: str


def greatest_of(own: pd.DataFrame, date: pd.Timestamp, low_output: float) -> Greatest:
    """Greatest emission of the three calendar years before that of a date.

    Years whose output is below a part of the median output are abnormal, and left out; without
    outputs none is. Ties go to the year of most output, which leaves the least allowance.

    Examples
    --------
    >>> own = pd.DataFrame({"year": [2021.0, 2022.0], "emission": [60.0, 64.0], "output": np.nan})
    >>> greatest_of(own, pd.Timestamp("2023-05-01"), 0.5)
    Greatest(emission=64.0, output=nan, missing='2020', dropped='')
    """
    wanted = [date.year - back for back in range(_SPAN, 0, -1)]
    here = own[own["year"].isin(wanted)]
    missing = ", ".join(str(year) for year in wanted if year not in set(here["year"]))
    low = here["output"] < low_output * here["output"].median()
    dropped = ", ".join(f"{year:.0f}" for year in sorted(here["year"][low]))
    kept = here[~low].sort_values(["emission", "output"], na_position="first")
    if kept.empty:
        return Greatest(np.nan, np.nan, missing, dropped)
    top = kept.iloc[-1]
    return Greatest(float(top["emission"]), float(top["output"]), missing, dropped)
