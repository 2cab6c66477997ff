"""Whether water and output bear out what an enterprise plans, and why it left mass unused."""

from __future__ import annotations

import numpy as np
import pandas as pd

from permitload.errors import DataError, Fault, raise_faults
from permitload.reallocation._words import tonnes_of

__all__ = ["contradicted_plans", "recall_reasons"]

LEAST = 3
"""Other periods that a usual strength needs."""


def contradicted_plans(evidence_of_need: pd.DataFrame, tolerance: float = 0.3) -> pd.DataFrame:
    """Plans that the water taken in the same period does not bear out.

    Water of a period, at the median mass per cubic metre of the enterprise's other periods,
    makes a mass; a plan beyond it by more than the tolerance is flagged.

    Parameters
    ----------
    evidence_of_need : DataFrame
        ``enterprise``, ``pollutant``, ``period``, ``plan`` and ``used`` [g], ``water_use`` [m3].
    tolerance : float, default 0.3
        Excess of a plan that passes, >= 0 [1]; assumed.

    Returns
    -------
    DataFrame
        ``enterprise``, ``pollutant``, ``period``, ``plan``, ``figure`` [g] that the water makes,
        ``reason`` (``contradicted``, ``borne out``, or ``not judged`` with fewer than three other
        periods with water), ``sentence`` and ``sentence_zh`` where contradicted.

    Raises
    ------
    DataError
        If a column is missing, a row is there twice, or a number is negative or NaN.

    Examples
    --------
    >>> table = pd.DataFrame({"enterprise": "E1", "pollutant": "TP", "period": list("abcd"),
    ...     "plan": 100.0, "used": [90.0, 95.0, 99.0, 40.0], "water_use": [90, 95, 99, 40]})
    >>> contradicted_plans(table)["reason"].tolist()
    ['borne out', 'borne out', 'borne out', 'contradicted']
    """
    table = _checked(evidence_of_need, ["plan", "used", "water_use"], tolerance)
    made = _usual(table, "water_use") * table["water_use"]
    judged = made.notna()
    beyond = judged & (table["plan"] > (1.0 + tolerance) * made)
    reason = np.select([beyond, judged], ["contradicted", "borne out"], "not judged")
    found = table[["enterprise", "pollutant", "period", "plan"]].assign(figure=made, reason=reason)
    said = [
        _sentences(row) if row.reason == "contradicted" else ("", "") for row in found.itertuples()
    ]
    return found.assign(sentence=[one for one, _ in said], sentence_zh=[two for _, two in said])


def recall_reasons(evidence_of_need: pd.DataFrame, tolerance: float = 0.1) -> pd.DataFrame:
    """Why mass was left unused in each period: less made, or better treated.

    A mass per tonne of product below the median of the enterprise's other periods by more than
    the tolerance is treatment; anything else is low production. Closure is a fact to be stated,
    and is never guessed.

    Parameters
    ----------
    evidence_of_need : DataFrame
        ``enterprise``, ``pollutant``, ``period``, ``used`` [g], ``product_mass`` [t].
    tolerance : float, default 0.1
        Fall of the mass per tonne that counts, >= 0 [1]; assumed.

    Returns
    -------
    DataFrame
        ``enterprise``, ``pollutant``, ``period`` and ``reason`` for the actuals of
        :func:`update`: ``treatment``, ``low_production``, or empty where nobody can tell.

    Raises
    ------
    DataError
        As :func:`contradicted_plans`.

    Examples
    --------
    >>> table = pd.DataFrame({"enterprise": "E1", "pollutant": "TP", "period": list("abcde"),
    ...     "used": [90.0, 90.0, 90.0, 45.0, 45.0], "product_mass": [9.0, 9.0, 9.0, 4.5, 9.0]})
    >>> recall_reasons(table)["reason"].tolist()[3:]
    ['low_production', 'treatment']
    """
    table = _checked(evidence_of_need, ["used", "product_mass"], tolerance)
    usual = _usual(table, "product_mass") * table["product_mass"]
    better = table["used"] < (1.0 - tolerance) * usual
    reason = np.select([usual.isna(), better], ["", "treatment"], "low_production")
    return table[["enterprise", "pollutant", "period"]].assign(reason=reason)


def _usual(table: pd.DataFrame, measure: str) -> pd.Series[float]:
    """Median mass per unit of a measure over the other periods; NaN with too few of them."""
    place = table.groupby(["enterprise", "pollutant"], sort=False).indices
    usual = np.full(len(table), np.nan)
    used, measured = table["used"].to_numpy(float), table[measure].to_numpy(float)
    for rows in place.values():
        for row in rows:
            others = [j for j in rows if j != row and measured[j] > 0]
            if len(others) >= LEAST:
                usual[row] = np.median(used[others] / measured[others])
    return pd.Series(usual, table.index)


def _sentences(row: object) -> tuple[str, str]:
    name, pollutant, period, plan, figure = (
        getattr(row, n) for n in ("enterprise", "pollutant", "period", "plan", "figure")
    )
    plan, figure = tonnes_of(plan), tonnes_of(figure)
    return (
        f"{name}, {pollutant}, {period}: {plan} t planned, but the water taken makes {figure} t",
        f"{name}{period}{pollutant}计划 {plan} t，按用水量折算仅 {figure} t，请核实生产计划",
    )


def _checked(table: pd.DataFrame, measures: list[str], tolerance: float) -> pd.DataFrame:
    if not 0 <= tolerance < np.inf:
        raise DataError(f"tolerance is {tolerance}; right would be a finite number >= 0")
    keys = ["enterprise", "pollutant", "period"]
    lacking = [name for name in [*keys, *measures] if name not in table]
    what = "evidence_of_need"
    raise_faults([Fault(what, None, n, None, "is missing", "a column") for n in lacking])
    values = table[measures].to_numpy(dtype=float)
    faults = [
        Fault(what, int(i), measures[j], values[i, j], "is out of range", "a finite number >= 0")
        for i, j in np.argwhere(~((values >= 0) & np.isfinite(values)))
    ]
    faults += [
        Fault(what, int(i), "period", None, "is there twice", "one row each")
        for i in np.flatnonzero(table.duplicated(keys))
    ]
    raise_faults(faults)
    return table.reset_index(drop=True)
