"""Class of water by single factor (单因子评价法): the worst class of all indicators decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at, listed
from permitload.errors import raise_faults
from permitload.standards._gb3838 import CLASSES, NOT_CONCENTRATIONS, WORSE
from permitload.standards._lookup import bounds, inside, missing
from permitload.standards.observed import averaged, samples_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Classes", "classify"]

GRADES = (*CLASSES, WORSE)


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of observed water.

    Parameters
    ----------
    rows : DataFrame
        The observations with ``water_class`` of each alone and the ``reason`` where it has none.
    periods : DataFrame
        One row a section and period, of the means of its samples: ``section``, ``period``,
        ``water_class`` (I to V, 劣V, or empty), ``determined_by``, ``not_judged``, ``outside``
        (indicators), ``samples``.
    sections : DataFrame
        One row a section, of the means over its periods: the same without ``period``.
    """

    rows: pd.DataFrame
    periods: pd.DataFrame
    sections: pd.DataFrame


def classify(observations: pd.DataFrame, sections: pd.DataFrame | None = None) -> Classes:
    """Class of every observation, of every section and period, and of every section.

    Assessed are the indicators of Table 1 but water temperature, faecal coliform and, in rivers,
    total nitrogen, which has no limit there. A class is empty where a detection limit hides it.

    Parameters
    ----------
    observations : DataFrame
        As for :func:`permitload.standards.period_means`.
    sections : DataFrame, optional
        ``section`` and ``water_type``, which selects the limits of TP and TN; rivers by default.

    Returns
    -------
    Classes
        Tables ``rows``, ``periods`` and ``sections``.

    Raises
    ------
    DataError
        As :func:`permitload.standards.period_means` does, and with every unknown section.

    Notes
    -----
    Class I of dissolved oxygen is 7.5 mg/L; the 90 % of saturation that the standard gives beside
    it is not used. Means within 1e-9 of a limit meet it.

    References
    ----------
    GB 3838-2002, 5.1; 环办〔2011〕22号 (from memory) for what is assessed.

    Examples
    --------
    >>> observations = pd.DataFrame({"section": ["S1"] * 3, "indicator": ["COD", "TP", "DO"],
    ...     "period": ["dry"] * 3, "concentration": [18.0, 0.25, 6.5]})
    >>> found = classify(observations)
    >>> found.rows["water_class"].tolist()
    ['III', 'IV', 'II']
    >>> found.sections[["water_class", "determined_by"]].values.tolist()
    [['IV', 'TP']]
    """
    rows = samples_of(observations)
    water_type = _water_types(rows, sections)
    declared = [name for name in rows.columns if name not in _DERIVED]
    best, worst = _grades(rows, water_type)
    graded = rows[declared].assign(
        water_class=_labels(best, worst), reason=_reasons(rows, water_type, best, worst)
    )
    monthly = averaged(rows, ["section", "period", "indicator"])
    yearly = averaged(monthly, ["section", "indicator"])
    labels = rows[["section", "period", "indicator"]].drop_duplicates()
    return Classes(
        graded,
        _worst(monthly, labels, ["section", "period"], water_type),
        _worst(yearly, labels.drop(columns="period").drop_duplicates(), ["section"], water_type),
    )


_DERIVED = ("value", "unit", "lower", "upper", "samples", "detection_limit")


def _water_types(rows: pd.DataFrame, sections: pd.DataFrame | None) -> dict[str, str]:
    """Type of water of every observed section."""
    if sections is None:
        return dict.fromkeys(rows["section"], "river")
    table = complete(sections, "sections")
    known = dict(zip(table["section"], table["water_type"], strict=True))
    right = f"one of {listed(known)}"
    unknown = ~rows["section"].isin(list(known)) & ~rows.duplicated("section")
    raise_faults(
        fault_at(rows, "observations", int(i), "section", "is not a section", right)
        for i in np.flatnonzero(unknown)
    )
    wrong = ~table["water_type"].isin(["river", "lake"])
    raise_faults(
        fault_at(table, "sections", int(i), "water_type", "is not valid", "river or lake")
        for i in np.flatnonzero(wrong)
    )
    return known


def _grades(
    table: pd.DataFrame, water_type: dict[str, str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Best and worst grade that each row may have, 0 to 5; -1 for what has no classes."""
    best = np.full(len(table), -1)
    worst = best.copy()
    kind = table["section"].map(water_type)
    for (indicator, water), places in table.groupby(["indicator", kind]).indices.items():
        ends = bounds(indicator, water)
        part = table.iloc[places]
        if ends is None:
            continue
        parts = {
            name: _grade(part[name].to_numpy(), *ends)
            for name in ("value", "lower", "upper", "detection_limit")
        }
        zero = _grade(np.zeros(len(part)), *ends)
        # a detection limit in another class than 0 leaves open what the sample is
        hides = (part["below_detection"] > 0.0).to_numpy() & (parts["detection_limit"] != zero)
        low, high = np.sort([parts["lower"], parts["upper"]], axis=0)
        best[places] = np.where(hides, low, parts["value"])
        worst[places] = np.where(hides, high, parts["value"])
    return best, worst


def _grade(
    value: NDArray[np.float64], least: NDArray[np.float64], most: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Classes that each value fails to meet: limits loosen, so that is the place of the class."""
    met = inside(value[:, None], least, most)
    return np.asarray(len(CLASSES) - met.sum(axis=1))


def _labels(best: NDArray[np.int64], worst: NDArray[np.int64]) -> NDArray[np.object_]:
    """Class of each row, empty where it has none or may have several."""
    labels = np.array([*GRADES, ""], dtype=object)
    return np.asarray(labels[np.where(best == worst, best, -1)])


def _reasons(
    rows: pd.DataFrame,
    water_type: dict[str, str],
    best: NDArray[np.int64],
    worst: NDArray[np.int64],
) -> list[str]:
    """Why a row has no class; empty for one that has."""
    found = []
    for section, indicator, low, high in zip(
        rows["section"], rows["indicator"], best, worst, strict=True
    ):
        if low < 0:
            found.append(_outside(indicator, water_type[section]))
        else:
            hidden = f"below a detection limit: class {GRADES[low]} to {GRADES[high]}"
            found.append("" if low == high else hidden)
    return found


def _outside(indicator: str, water_type: str) -> str:
    """Why an indicator takes no part in the class."""
    if indicator in NOT_CONCENTRATIONS:
        return "is outside the assessment of 环办〔2011〕22号"
    problem = missing(indicator, "III", water_type)
    return problem[0] if problem else "has no classes: a limit of sources of drinking water"


def _worst(
    table: pd.DataFrame, labels: pd.DataFrame, by: Sequence[str], water_type: dict[str, str]
) -> pd.DataFrame:
    """Class of each group of rows, by the worst of its indicators."""
    best, worst = _grades(table, water_type)
    graded = table.assign(best=best, worst=worst)
    groups = dict(iter(graded[best >= 0].groupby(list(by))))
    found = []
    for key, observed in labels.groupby(list(by), sort=True):
        items = groups.get(key, graded.iloc[:0])
        low, high = items["best"].max(), items["worst"].max()
        decided = len(items) > 0 and low == high
        hidden = items["indicator"][items["best"] != items["worst"]]
        names = {
            "determined_by": items["indicator"][items["best"] == low] if decided else [],
            "not_judged": hidden,
            "outside": sorted(set(observed["indicator"]) - set(items["indicator"])),
        }
        found.append(
            dict(zip(by, key, strict=True))
            | {"water_class": GRADES[int(low)] if decided else ""}
            | {name: ", ".join(part) for name, part in names.items()}
            | {"samples": int(items["samples"].sum())}
        )
    columns = [*by, "water_class", "determined_by", "not_judged", "outside", "samples"]
    return pd.DataFrame(found, columns=columns)
