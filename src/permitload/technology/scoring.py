"""Assessment of treatment trains: points against fixed references, feasible, advanced."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at, listed
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["assess", "points"]

_KEY = ["criterion", "pollutant"]


def points(
    trains: pd.DataFrame, train_figures: pd.DataFrame, train_references: pd.DataFrame
) -> pd.DataFrame:
    """Points of every train by every criterion, between fixed references.

    The references are data, not the best and worst of those compared: a train that joins or
    leaves moves no other.

    Parameters
    ----------
    trains : DataFrame
        Table ``trains``: industrial trains by sector, those of municipal works (``domestic``),
        practices against non-point load (``farm``).
    train_figures : DataFrame
        Table ``train_figures``: declared, or by :func:`achieved`. Criteria have any names, such
        as achievable (by pollutant), removal, variation, energy, cost, sludge.
    train_references : DataFrame
        Table ``train_references``. A train goes by the rows of its class and sector, or, if there
        are none, by those of its class without a sector. No value comes with the library.

    Returns
    -------
    DataFrame
        One row a train and criterion, in the order of trains, then of references: ``train``,
        ``source_class``, ``sector``, ``criterion``, ``pollutant``, ``value``, ``unit``, ``worst``,
        ``best``, ``points``, ``share`` (of the weights of the train) and ``kept``: whether the
        required value, if any, is kept (it is beside the worst of the two sides).

    Raises
    ------
    DataError
        With every train without references, figure that is missing, strange or in another unit
        than its reference, references that are equal or weigh nothing.

    Notes
    -----
    points = clip((value − worst)/(best − worst), 0, 1); which of the two is greater says whether
    more is better. Dezert, J., et al. (2020), The SPOTIS rank reversal free method, FUSION.

    Examples
    --------
    >>> trains = pd.DataFrame({"train": ["MBR"], "source_class": ["domestic"]})
    >>> figures = pd.DataFrame({"train": ["MBR"], "criterion": ["energy"], "value": [0.6],
    ...                         "unit": ["kWh/m3"]})
    >>> references = pd.DataFrame({"source_class": ["domestic"], "criterion": ["energy"],
    ...     "worst": [1.0], "best": [0.2], "criterion_weight": [1.0], "unit": ["kWh/m3"]})
    >>> points(trains, figures, references)["points"].round(9).item()
    0.5
    """
    given = complete(trains, "trains")
    figures = complete(train_figures, "train_figures")
    references = complete(train_references, "train_references")
    raise_faults(_reference_faults(references))
    asked = _asked(given, references)
    merged = asked.merge(figures, "left", ["train", *_KEY], suffixes=("", "_given"))
    raise_faults([*_strange(figures, asked), *_lacking(merged)])
    value, worst, best = (merged[name] for name in ("value", "worst", "best"))
    sign, most = np.sign(best - worst), merged["required_value"]
    whole = merged.groupby("train")["criterion_weight"].transform("sum")
    found = merged.assign(
        points=((value - worst) / (best - worst)).clip(0.0, 1.0),
        share=merged["criterion_weight"] / whole,
        kept=(most.isna() | (sign * (value - most) >= 0)).astype(float),
    )
    names = ["train", "source_class", "sector", *_KEY, "value", "unit", "worst", "best",
             "required_value", "points", "share", "kept"]  # fmt: skip
    return found[names]


def _asked(trains: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """Find the references that apply to each train."""
    parts, faults = [], []
    for i, row in enumerate(trains.to_dict("records")):
        same = references[references["source_class"] == row["source_class"]]
        own = same[same["sector"] == row["sector"]]
        own = own if len(own) else same[same["sector"] == ""]
        if not own["criterion_weight"].sum() > 0:
            problem, right = "has no references that weigh", "rows of train_references"
            faults.append(fault_at(trains, "trains", i, "source_class", problem, right))
        parts.append(own.assign(train=row["train"], sector=row["sector"]))
    raise_faults(faults)
    if not parts:
        raise DataError("trains is empty; right would be one train at least")
    return pd.concat(parts, ignore_index=True)


def _reference_faults(references: pd.DataFrame) -> list[Fault]:
    """Find references between which there is nothing."""
    right = "another value than worst"
    return [
        fault_at(references, "train_references", int(i), "best", "equals worst", right)
        for i in np.flatnonzero(references["best"] == references["worst"])
    ]


def _strange(figures: pd.DataFrame, asked: pd.DataFrame) -> Iterator[Fault]:
    """Figures that no reference asks for."""
    known = set(asked["train"])
    wanted = pd.MultiIndex.from_frame(asked[["train", *_KEY]])
    there = pd.MultiIndex.from_frame(figures[["train", *_KEY]]).isin(wanted)
    for i in np.flatnonzero(~there).tolist():
        if figures["train"].iloc[i] not in known:
            right = f"one of {listed(sorted(known))}"
            yield fault_at(figures, "train_figures", i, "train", "is no train", right)
        else:
            right = "a row of train_references of its class and sector, weight 0 to only show it"
            yield fault_at(figures, "train_figures", i, "criterion", "has no reference", right)


def _lacking(merged: pd.DataFrame) -> Iterator[Fault]:
    """Criteria without a figure, or with one in another unit."""
    for row in merged.to_dict("records"):
        where = ", ".join(str(row[name]) for name in ("train", *_KEY) if row[name])
        if np.isnan(row["value"]):
            right = f"a row with a value in {row['unit']}"
            yield Fault("train_figures", where, "value", None, "is missing", right)
        elif row["unit"] != row["unit_given"]:
            problem, right = "is not the unit of its reference", str(row["unit"])
            yield Fault("train_figures", where, "unit", row["unit_given"], problem, right)


def assess(
    trains: pd.DataFrame,
    train_figures: pd.DataFrame,
    train_references: pd.DataFrame,
    advanced_score: float = 0.75,
) -> pd.DataFrame:
    """Score of every treatment train, which are feasible, and which advanced.

    Parameters
    ----------
    trains, train_figures, train_references : DataFrame
        As for :func:`points`, which shows how a score comes about.
    advanced_score : float, default 0.75
        Least score of an advanced train (assumed: no document states one).

    Returns
    -------
    DataFrame
        By train, in the order given: ``source_class``, ``sector``, ``score`` [1], ``feasible`` (1
        where every required value is kept), ``advanced`` (1 where feasible and the score is
        reached), ``obstacle``, the criteria that are not kept.

    Raises
    ------
    DataError
        As :func:`points`; and if ``advanced_score`` is not between 0 and 1.

    Notes
    -----
    score = Σ share · points, the shares being the weights over their sum.

    Examples
    --------
    >>> trains = pd.DataFrame({"train": ["ditch"], "source_class": ["farm"]})
    >>> figures = pd.DataFrame({"train": ["ditch"], "criterion": ["removal"], "pollutant": ["TN"],
    ...                         "value": [0.4], "unit": ["1"]})
    >>> references = pd.DataFrame({"source_class": ["farm"], "criterion": ["removal"],
    ...     "pollutant": ["TN"], "worst": [0.0], "best": [0.5], "criterion_weight": [1.0],
    ...     "unit": ["1"], "required_value": [0.3]})
    >>> found = assess(trains, figures, references)
    >>> found.loc["ditch", ["score", "feasible", "advanced"]].tolist()
    [0.8, 1.0, 1.0]
    """
    if not 0.0 <= advanced_score <= 1.0:
        message = f"advanced_score is {advanced_score}; right would be a number from 0 to 1"
        raise DataError(message)
    every = points(trains, train_figures, train_references)
    groups = every.assign(score=every["share"] * every["points"]).groupby("train", sort=False)
    found = groups[["source_class", "sector"]].first()
    found["score"] = groups["score"].sum()
    found["feasible"] = groups["kept"].min()
    found["advanced"] = found["feasible"] * (found["score"] >= advanced_score - 1e-12)
    missed = every[every["kept"] == 0.0]
    words = pd.Series([_missed(row) for row in missed.to_dict("records")], missed.index, dtype=str)
    lines = words.groupby(missed["train"]).agg("; ".join)
    found["obstacle"] = lines.reindex(found.index).fillna("").astype(str)
    return found


def _missed(row: dict[Hashable, Any]) -> str:
    """Say how a criterion misses its required value."""
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    name = f"{row['criterion']} {row['pollutant']}".strip()
    return f"{name} {row['value']:.6g}{unit}, required {row['required_value']:.6g}{unit}"
