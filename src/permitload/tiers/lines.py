"""Advanced, average and poor lines of intensity (先进、平均、较差水平基准线).

Seed text: annex 8 (Nantong), 三(二)3: advanced from A and B, poor from C and D, average from all.
Statistics are left open there; the defaults are proposals.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from permitload import _frames
from permitload.errors import DataError, Fault, raise_faults
from permitload.tiers.rating import TIER_ORDER

__all__ = ["LINES", "Line", "baselines", "capacity_weighted", "greatest", "least", "quantile"]

Statistic = Callable[[pd.DataFrame], float]
Found = dict[str, dict[str, Any]]
"""Line → its columns."""

_KEY = ["comparable", "pollutant", "book"]


def least(intensities: pd.DataFrame) -> float:
    """Least intensity.

    Parameters
    ----------
    intensities : DataFrame
        ``intensity`` [kg/t].

    Returns
    -------
    float
        Intensity [kg/t].

    Examples
    --------
    >>> least(pd.DataFrame({"intensity": [3.0, 2.0]}))
    2.0
    """
    return float(intensities["intensity"].min())


def greatest(intensities: pd.DataFrame) -> float:
    """Greatest intensity.

    Parameters
    ----------
    intensities : DataFrame
        ``intensity`` [kg/t].

    Returns
    -------
    float
        Intensity [kg/t].

    Examples
    --------
    >>> greatest(pd.DataFrame({"intensity": [3.0, 2.0]}))
    3.0
    """
    return float(intensities["intensity"].max())


def capacity_weighted(intensities: pd.DataFrame) -> float:
    """Total emission over total capacity.

    Parameters
    ----------
    intensities : DataFrame
        ``intensity`` [kg/t], ``production_capacity`` [t/a].

    Returns
    -------
    float
        Intensity [kg/t].

    Examples
    --------
    >>> capacity_weighted(
    ...     pd.DataFrame({"intensity": [2.0, 5.0], "production_capacity": [2.0, 1.0]}))
    3.0
    """
    weight = intensities["production_capacity"].to_numpy(float)
    return float(intensities["intensity"].to_numpy(float) @ weight / weight.sum())


def quantile(probability: float, fewest: int, otherwise: Statistic) -> Statistic:
    """Make the statistic that takes a quantile, or another where there are too few.

    Parameters
    ----------
    probability : float
        0 to 1 [1]; linear between the two values next to it.
    fewest : int
        Least number of enterprises for a quantile.
    otherwise : callable
        Statistic of fewer: :func:`least`, :func:`greatest`, :func:`capacity_weighted`.

    Returns
    -------
    callable
        Of a table of intensities.

    Raises
    ------
    DataError
        If the probability is not from 0 to 1.

    Examples
    --------
    >>> table = pd.DataFrame({"intensity": [2.0, 4.0, 8.0]})
    >>> quantile(0.25, 3, least)(table), quantile(0.25, 4, least)(table)
    (3.0, 2.0)
    """
    if not 0.0 <= probability <= 1.0:
        raise DataError(f"probability is {probability:g}; right would be a number from 0 to 1")

    def statistic(intensities: pd.DataFrame) -> float:
        """Quantile of the intensities, or what stands for it where they are too few."""
        if len(intensities) < fewest:
            return otherwise(intensities)
        return float(intensities["intensity"].quantile(probability))

    return statistic


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of intensity rests on.

    Parameters
    ----------
    tiers : str
        Tiers whose enterprises count, such as ``"AB"``.
    statistic : callable
        Of their table of ``intensity`` and ``production_capacity``; one number [kg/t].

    Examples
    --------
    >>> Line("AB", least).tiers
    'AB'
    """

    tiers: str
    statistic: Statistic


LINES: Mapping[str, Line] = {
    "advanced": Line("AB", quantile(0.25, 4, least)),
    "average": Line("ABCD", capacity_weighted),
    "poor": Line("CD", quantile(0.50, 3, greatest)),
}
"""The three lines, the strictest first. Tiers: pilot text. Statistics: assumed."""


def baselines(
    intensities: pd.DataFrame,
    tiers: pd.Series[str],
    stated: pd.DataFrame | None = None,
    lines: Mapping[str, Line] = LINES,
    needed: tuple[str, ...] = tuple(LINES),
    fewest: int = 1,
) -> pd.DataFrame:
    """Advanced, average and poor lines of every comparable group, pollutant and book.

    Enterprises without an intensity (no capacity) are left out. Where the computed lines are
    not in order, C and D doing better than A and B on a pollutant, they are sorted (assumed),
    with a warning and a note.

    Parameters
    ----------
    intensities : DataFrame
        As :func:`intensities` returns it.
    tiers : Series
        A to D by enterprise, as ``rate(...)["tier"]``.
    stated : DataFrame, optional
        Table ``tier_lines``: ``comparable``, ``pollutant``, ``book``, ``line``, ``baseline``
        [kg/t], ``document``. A stated line holds instead of a computed one, and also where a
        group has no enterprise yet.
    lines : mapping, default LINES
        Line → tiers and statistic; statistics are a choice.
    needed : tuple of str, default all
        Lines that every group must have. One that is not needed and cannot be computed is left
        out, and :func:`limits` asks for it if a permit rests on it.
    fewest : int, default 1
        Least number of enterprises with an intensity for a group to have computed lines; smaller
        groups need stated ones. Five for groups by product (:func:`by_product`; assumed).

    Returns
    -------
    DataFrame
        ``comparable``, ``pollutant``, ``book``, ``line``, ``baseline`` [kg/t], ``members`` (number
        of enterprises), ``evidence`` (computed or stated), ``document``, ``note``.

    Raises
    ------
    DataError
        If an enterprise has no tier, a needed line has no enterprise and is not stated, or a
        stated line breaks the order advanced <= average <= poor.

    Warns
    -----
    UserWarning
        If lines are sorted.

    References
    ----------
    Annex 8 (Nantong), 三(二)3.

    Examples
    --------
    >>> table = pd.DataFrame({"enterprise": list("abcd"), "pollutant": "COD",
    ...     "book": "discharged", "comparable": "woven", "production_capacity": 100.0,
    ...     "intensity": [2.0, 3.0, 6.0, 9.0]})
    >>> found = baselines(table, pd.Series(dict(a="A", b="B", c="C", d="D")))
    >>> found.set_index("line")["baseline"].to_dict()
    {'advanced': 2.0, 'average': 5.0, 'poor': 9.0}
    """
    given = _frames.complete(stated, "tier_lines")
    raise_faults(_line_faults(given, intensities, tiers, (lines, needed)))
    table = intensities.assign(tier=intensities["enterprise"].map(tiers))
    groups = dict(iter(table.groupby(_KEY)))
    known = {key: own.set_index("line") for key, own in given.groupby(_KEY)}
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for key in sorted(set(groups) | set(known)):
        own = groups.get(key, table.iloc[:0]).dropna(subset=["intensity"])
        enough = len(own) >= fewest
        found = (_computed(own, lines) if enough else {}) | _stated(known.get(key))
        missing = [name for name in needed if name not in found]
        few = "" if enough else f"{len(own)} of {fewest} enterprises have an intensity"
        faults += [_undefined(key, name, few or _nobody(lines[name])) for name in missing]
        faults += _disordered(key, found, lines)
        found = _sorted(key, found, lines)
        head = dict(zip(_KEY, key, strict=True))
        rows += [head | {"line": name} | found[name] for name in lines if name in found]
    raise_faults(faults)
    columns = [*_KEY, "line", "baseline", "members", "evidence", "document", "note"]
    return pd.DataFrame(rows, columns=columns)


def _line_faults(
    given: pd.DataFrame,
    intensities: pd.DataFrame,
    tiers: pd.Series[str],
    names: tuple[Mapping[str, Line], tuple[str, ...]],
) -> list[Fault]:
    lines, needed = names
    unknown = f"one of {', '.join(lines)}"
    faults = [
        _frames.fault_at(given, "tier_lines", int(i), "line", "is unknown", unknown)
        for i in np.flatnonzero(~given["line"].isin(list(lines)))
    ]
    faults += [
        Fault("baselines", None, "needed", name, "is unknown", unknown)
        for name in needed
        if name not in lines
    ]
    rated = tiers.index[tiers.isin(TIER_ORDER)]
    faults += [
        Fault("tiers", name, "tier", tiers.get(name), "is no tier", "A, B, C or D")
        for name in sorted(set(intensities["enterprise"]) - set(rated))
    ]
    faults += [
        Fault("tiers", name, "tier", None, "is repeated", "one row an enterprise")
        for name in tiers.index[tiers.index.duplicated()]
    ]
    return faults


def _computed(own: pd.DataFrame, lines: Mapping[str, Line]) -> Found:
    """Lines that the enterprises of a group define."""
    found: Found = {}
    for name, line in lines.items():
        part = own[own["tier"].isin(list(line.tiers))].sort_values(["intensity", "enterprise"])
        if len(part):
            found[name] = {
                "baseline": line.statistic(part), "members": float(len(part)),
                "evidence": "computed", "document": "annex 8 (Nantong) 三(二)3", "note": "",
            }  # fmt: skip
    return found


def _stated(own: pd.DataFrame | None) -> Found:
    """Lines that a document states."""
    if own is None:
        return {}
    return {
        str(name): {
            "baseline": float(row["baseline"]), "members": 0.0, "evidence": "stated",
            "document": row["document"], "note": row["note"],
        }
        for name, row in own.iterrows()
    }  # fmt: skip


def _undefined(key: tuple[str, ...], name: str, why: str) -> Fault:
    problem, right = f"is undefined: {why}", "a row of tier_lines [kg/t]"
    return Fault("baselines", ", ".join(key), name, None, problem, right)


def _nobody(line: Line) -> str:
    """Say that no enterprise defines a line."""
    return f"no enterprise of tier {' or '.join(line.tiers)} has an intensity"


def _disordered(key: tuple[str, ...], found: Found, lines: Mapping[str, Line]) -> list[Fault]:
    """Lines out of order where one is stated: a stated number is never moved."""
    names = [name for name in lines if name in found]
    if not any(found[name]["evidence"] == "stated" for name in names):
        return []
    value = {name: found[name]["baseline"] for name in names}
    return [
        Fault("tier_lines", ", ".join(key), high, value[high], f"is below the {low} line",
              f"at least {value[low]:g} kg/t")
        for low, high in pairwise(names)
        if value[high] < value[low]
    ]  # fmt: skip


def _sorted(key: tuple[str, ...], found: Found, lines: Mapping[str, Line]) -> Found:
    """Give the strictest value to the strictest line where computed lines are out of order."""
    names = [name for name in lines if name in found]
    values = [found[name]["baseline"] for name in names]
    if values == sorted(values) or any(found[n]["evidence"] == "stated" for n in names):
        return found
    note = "computed lines were out of order, and are sorted"
    warnings.warn(f"{', '.join(key)}: {note}", stacklevel=3)
    return {
        name: found[name] | {"baseline": value, "note": note}
        for name, value in zip(names, sorted(values), strict=True)
    }
