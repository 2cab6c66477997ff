"""What was observed at sections: samples checked, and means of samples with their bounds.

A sample below detection stands for a value between 0 and its detection limit. Statistics count it
as half the limit (unverified practice) and carry both bounds, so that a judgement which depends
on what was not measured can be refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at
from permitload.errors import raise_faults
from permitload.standards._gb3838 import NAMES
from permitload.standards._lookup import items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from permitload.errors import Fault

__all__ = ["PARTS", "averaged", "period_means", "samples_of"]


def period_means(observations: pd.DataFrame) -> pd.DataFrame:
    """Mean of the samples of each section, indicator and period.

    Parameters
    ----------
    observations : DataFrame
        ``section``, ``indicator``, ``period``, ``concentration`` [mg/L] or, for the indicator pH,
        ``pH``; optional ``date`` of each sample, ``below_detection`` (1: ``concentration`` is the
        detection limit), ``temperature`` [degC], ``note``.

    Returns
    -------
    DataFrame
        ``section``, ``indicator``, ``period``, ``value`` with its ``unit``, ``lower`` and ``upper``
        (the mean with samples below detection at 0 and at the detection limit), ``detection_limit``
        (greatest, 0 if none), ``samples``, ``below_detection`` (how many), ``temperature`` (mean,
        NaN where none is given). ``value`` counts a sample below detection as half its limit. pH
        is averaged as concentration of hydrogen ions. Rows without a number are left out.

    Raises
    ------
    DataError
        With every row that lacks its number, has one that is not its own, repeats, or names an
        indicator that is nearly one of GB 3838-2002.

    References
    ----------
    Half the detection limit: practice of HJ 91 and GB 17378, from memory, unverified; mean of pH
    by hydrogen ions: from memory, unverified.

    Examples
    --------
    >>> observations = pd.DataFrame({"section": ["S1"] * 2, "indicator": ["Hg"] * 2,
    ...     "period": ["2025-01"] * 2, "date": ["2025-01-05", "2025-01-20"],
    ...     "concentration": [4e-5, 6e-5], "below_detection": [1, 0]})
    >>> period_means(observations)[["value", "lower", "upper", "samples"]].values.tolist()
    [[4e-05, 3e-05, 5e-05, 2.0]]
    """
    return averaged(samples_of(observations), ["section", "indicator", "period"])


def samples_of(observations: pd.DataFrame) -> pd.DataFrame:
    """Observations, checked and completed, each row with its value and bounds.

    Parameters
    ----------
    observations : DataFrame
        As for :func:`period_means`.

    Returns
    -------
    DataFrame
        All declared columns, index kept, with ``value`` (NaN where there is no number), ``unit``,
        ``lower``, ``upper``, ``detection_limit``, ``samples``.

    Raises
    ------
    DataError
        As :func:`period_means` does.

    Examples
    --------
    >>> observations = pd.DataFrame({"section": ["S1"], "indicator": ["Hg"], "period": ["dry"],
    ...     "concentration": [4e-5], "below_detection": [1]})
    >>> samples_of(observations)[["value", "lower", "upper"]].values.tolist()
    [[2e-05, 0.0, 4e-05]]
    """
    rows = complete(observations, "observations")
    raise_faults(_faults(rows))
    acid, hidden = rows["indicator"] == "pH", rows["below_detection"] == 1.0
    number = rows["concentration"].where(~acid, rows["pH"])
    return rows.assign(
        value=number.where(~hidden, 0.5 * number),
        unit=np.where(acid, "1", "mg/L"),
        lower=number.where(~hidden, 0.0),
        upper=number,
        detection_limit=number.where(hidden, 0.0),
        samples=1.0,
    )


PARTS = ["value", "lower", "upper"]
"""A mean and its bounds."""


def averaged(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Means of rows of the same labels.

    Parameters
    ----------
    table : DataFrame
        As :func:`samples_of` or this function returns it.
    by : sequence of str
        Columns that name a group, ``indicator`` among them.

    Returns
    -------
    DataFrame
        One row a group, in the order of its labels, whatever the order of the rows.

    Examples
    --------
    >>> observations = pd.DataFrame({"section": ["S1"] * 2, "indicator": ["pH"] * 2,
    ...     "period": ["dry", "wet"], "pH": [5.0, 9.0]})
    >>> averaged(samples_of(observations), ["section", "indicator"])["value"].round(4).tolist()
    [5.301]
    """
    kept = table[table["value"].notna()]
    # sums depend on their order: rows in one order give one sum
    kept = kept.sort_values([*by, "value", "upper", "temperature"], kind="stable")
    acid = (kept["indicator"] == "pH").to_numpy()
    kept.loc[acid, PARTS] = 10.0 ** -kept.loc[acid, PARTS]
    how = dict.fromkeys([*PARTS, "temperature"], "mean") | {
        "unit": "first", "detection_limit": "max", "samples": "sum", "below_detection": "sum",
    }  # fmt: skip
    means = kept.groupby(list(by), sort=True).agg(how).reset_index()
    acid = (means["indicator"] == "pH").to_numpy()
    means.loc[acid, PARTS] = -np.log10(means.loc[acid, PARTS])
    order = [*by, "value", "unit", "lower", "upper", "detection_limit", "samples"]
    return means[[*order, "below_detection", "temperature"]]


def _faults(rows: pd.DataFrame) -> list[Fault]:
    """Rows whose number is not there, is not theirs, or cannot be below detection."""
    known = {_plain(name): name for name in [*NAMES, *items()]}
    found = []
    for i, row in enumerate(rows[["indicator", "concentration", "pH", "below_detection"]].values):
        indicator, concentration, acid, hidden = row
        near = known.get(_plain(indicator), indicator)
        if near != indicator:
            found.append((i, "indicator", "is not spelt as in GB 3838-2002", near))
            continue
        # temperature and coliform take no part in the assessment, and have no column
        own = {"pH": "pH", "T": "", "FC": ""}.get(indicator, "concentration")
        given = {"concentration": not np.isnan(concentration), "pH": not np.isnan(acid)}
        found += [
            (i, column, "is empty", f"the {column} of the sample")
            if column == own
            else (i, column, f"is no number of {indicator}", "an empty cell")
            for column, there in given.items()
            if there != (column == own)
        ]
        if hidden not in (0.0, 1.0):
            found.append((i, "below_detection", "is not valid", "0 or 1"))
        elif hidden and (own != "concentration" or concentration == 0.0):
            right = "the detection limit as concentration, more than 0 mg/L, or 0 here"
            found.append((i, "below_detection", "has no detection limit", right))
    return [fault_at(rows, "observations", *place) for place in found]


def _plain(label: str) -> str:
    """Label without case, blanks and signs, the common other names resolved."""
    bare = re.sub(r"[\s_-]", "", label).casefold()
    return {"codcr": "cod", "nh4n": "nh3n"}.get(bare, bare)
