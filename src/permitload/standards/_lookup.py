"""Limits of GB 3838-2002, found by indicator, class and water; and why one is not there."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from permitload.standards import _gb3838

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LAWFUL",
    "ROUND_OFF",
    "TRUSTED",
    "Limit",
    "bounds",
    "flagged",
    "inside",
    "items",
    "limit_of",
    "missing",
    "sense",
]

TRUSTED = ("verified", "seen", "given")
"""How a number must be known to be called statutory without a word more."""
LAWFUL = (*TRUSTED, "secondary")
"""How a number must be known to be called statutory at all."""
UNCHECKED = "digits from secondary sources, check the printed text 待核"
ROUND_OFF = 1e-9
"""Share by which the mean of samples at a limit may miss it: digits that arithmetic cannot hold."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit with the document it comes from, and how that is known."""

    value: float
    basis: str
    note: str
    evidence: str


def items() -> tuple[str, ...]:
    """Name the indicators for which GB 3838-2002 gives a limit in mg/L.

    Returns
    -------
    tuple of str
        Table 1 but temperature, pH and coliform, then Tables 2 and 3.

    Examples
    --------
    >>> items()[:5]
    ('DO', 'CODMn', 'COD', 'BOD5', 'NH3-N')
    """
    tables = (_gb3838.BASIC, _gb3838.LAKE, _gb3838.SUPPLEMENTARY, _gb3838.DRINKING)
    return tuple(dict.fromkeys(item for table in tables for item in table))


def sense(indicator: str) -> str:
    """Whether the limit of an indicator is a most or a least.

    Parameters
    ----------
    indicator : str
        For example ``COD``.

    Returns
    -------
    str
        ``≥`` for dissolved oxygen, ``≤`` for all others.

    Examples
    --------
    >>> sense("DO"), sense("COD")
    ('≥', '≤')
    """
    return "≥" if indicator == "DO" else "≤"


def flagged(basis: str, evidence: str, note: str) -> str:
    """Note of a number, which says so where the law is known from secondary sources only.

    Examples
    --------
    >>> flagged("statutory", "seen", "GB 4287-2012")
    'GB 4287-2012'
    >>> flagged("statutory", "secondary", "Table 1").startswith("Table 1; digits from secondary")
    True
    """
    if basis != "statutory" or evidence in TRUSTED or UNCHECKED in note:
        return note
    return f"{note}; {UNCHECKED}" if note else UNCHECKED


def missing(indicator: str, water_class: str, water_type: str) -> tuple[str, str] | None:
    """Say why the standard has no limit, and what would be right; None if it has one.

    Examples
    --------
    >>> missing("AOX", "III", "river")[0]
    'has no limit in GB 3838-2002'
    """
    if water_class not in _gb3838.CLASSES:
        return f"has no limit in class {water_class}", "a class I, II, III, IV or V"
    if water_type not in ("river", "lake"):
        return f"has no limit in water of type {water_type}", "river or lake"
    if indicator in _gb3838.NOT_CONCENTRATIONS:
        kind = _gb3838.NOT_CONCENTRATIONS[indicator]
        return f"is judged by {kind}, which is not supported", "an indicator in mg/L"
    if indicator == "TN" and water_type == "river":
        return "has no limit for rivers in GB 3838-2002", "a limit [mg/L] in standards"
    if indicator not in items():
        return "has no limit in GB 3838-2002", "a limit [mg/L] in standards"
    return None


def limit_of(indicator: str, water_class: str, water_type: str) -> Limit:
    """Limit that :func:`missing` does not miss.

    Examples
    --------
    >>> limit_of("COD", "III", "river").value
    20.0
    """
    place = _gb3838.CLASSES.index(water_class)
    if water_type == "lake" and indicator in _gb3838.LAKE:
        value, kind = _gb3838.LAKE[indicator][place], ", lakes and reservoirs"
    elif indicator in _gb3838.BASIC:
        value, kind = _gb3838.BASIC[indicator][place], ""
    else:
        return _drinking(indicator)
    note = f"GB 3838-2002 Table 1, class {water_class}{kind}"
    return Limit(value, "statutory", flagged("statutory", _gb3838.EVIDENCE, note), _gb3838.EVIDENCE)


def _drinking(indicator: str) -> Limit:
    """Limit of Table 2 or 3."""
    # written for sources of drinking water: as the target of another section it is a choice
    number, table = (
        (2, _gb3838.SUPPLEMENTARY) if indicator in _gb3838.SUPPLEMENTARY else (3, _gb3838.DRINKING)
    )
    note = f"GB 3838-2002 Table {number}, sources of drinking water, used as a target"
    return Limit(table[indicator], "assumed", note, _gb3838.EVIDENCE)


def bounds(
    indicator: str, water_type: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Least and most that each class of Table 1 allows; None for what has no classes.

    Examples
    --------
    >>> [end.tolist() for end in bounds("TP", "lake")]
    [[-inf, -inf, -inf, -inf, -inf], [0.01, 0.025, 0.05, 0.1, 0.2]]
    """
    count = len(_gb3838.CLASSES)
    if indicator == "pH":
        return np.full(count, _gb3838.PH[0]), np.full(count, _gb3838.PH[1])
    table = _gb3838.BASIC | _gb3838.LAKE if water_type == "lake" else _gb3838.BASIC
    if indicator not in table:
        return None
    limits = np.array(table[indicator])
    if sense(indicator) == "≥":
        return limits, np.full(count, inf)
    return np.full(count, -inf), limits


def inside(
    value: NDArray[np.float64], least: NDArray[np.float64], most: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether values lie between two bounds, round-off forgiven.

    Examples
    --------
    >>> inside(np.array([0.1 + 0.2, 0.31]), np.array(0.0), np.array(0.3)).tolist()
    [True, False]
    """
    return (value >= least * (1.0 - ROUND_OFF)) & (value <= most * (1.0 + ROUND_OFF))
