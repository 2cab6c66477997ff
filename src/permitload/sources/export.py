"""Loads of a year from activities: extent, unit load, treatment, into-river share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at, lacking, listed
from permitload.errors import Fault, raise_faults
from permitload.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = float | NDArray[np.float64]

__all__ = ["export_load", "fertiliser_loss", "repeated_faults", "spread_over_periods"]

STATED_AT = ("edge_of_field", "into_water")


def export_load(activities: pd.DataFrame) -> pd.DataFrame:
    r"""Load of every activity as it arises, as it leaves and as it reaches the river.

    .. math:: W = N \, e \, (1 - r) \, \lambda

    with extent N, unit load e, treated share r and into-river share λ. A unit load that is stated
    ``into_water`` has its way to the water in it, so that λ must be empty; one stated at the
    ``edge_of_field`` needs λ. The two differ about tenfold in published tables.

    Parameters
    ----------
    activities : DataFrame
        ``source``, ``activity``, ``pollutant``, ``extent`` [in ``activity_unit``],
        ``unit_load`` [kg/a], ``treated`` [1], ``stated_at``, ``into_river`` [1], ``polder``.

    Returns
    -------
    DataFrame
        A row an activity: ``source``, ``activity``, ``pollutant``, ``polder``,
        ``generated_load``, ``outlet_load`` and ``in_river_load`` [kg/d, mean of 365 d].

    Raises
    ------
    DataError
        If a basis is none of the two, λ is missing or counted twice, or a row lies in a polder
        and has λ: what it loses leaves by the pumps alone (:func:`polder_budget`); such rows have
        ``in_river_load`` equal to ``outlet_load`` here, as it reaches the ditches.

    References
    ----------
    Johnes (1996), export coefficients; in China's form with treatment and into-river share.

    Examples
    --------
    >>> village = pd.DataFrame({"source": ["V1"], "activity": ["persons"], "pollutant": ["COD"],
    ...     "extent": [1000.0], "unit_load": [14.6], "treated": [0.5],
    ...     "stated_at": ["edge_of_field"], "into_river": [0.4]})
    >>> export_load(village)[["generated_load", "outlet_load", "in_river_load"]].values.tolist()
    [[40.0, 20.0, 8.0]]
    """
    table = complete(activities, "activities")
    raise_faults(_faults(table))
    generated = table["extent"] * table["unit_load"] / DAYS_PER_YEAR
    leaves = generated * (1.0 - table["treated"])
    return table[["source", "activity", "pollutant", "polder"]].assign(
        generated_load=generated,
        outlet_load=leaves,
        in_river_load=leaves * table["into_river"].fillna(1.0),
    )


def _faults(table: pd.DataFrame) -> list[Fault]:
    """List rows of unknown basis, and those whose way to the water is missing or counted twice."""
    basis, given = table["stated_at"], table["into_river"].notna()
    inside = table["polder"] != ""
    at_field = basis == "edge_of_field"
    checks: list[tuple[NDArray[np.bool_], str, str, str]] = [
        (~basis.isin(STATED_AT).to_numpy(), "stated_at", "is not a basis", listed(STATED_AT)),
        (
            (at_field & ~given & ~inside).to_numpy(),
            "into_river",
            "is empty where the unit load is stated at the edge of the field",
            "the share that reaches the water",
        ),
        (
            ((basis == "into_water") & given & (table["into_river"] != 1.0)).to_numpy(),
            "into_river",
            "counts the way to the water twice: the unit load is stated into water",
            "an empty cell, or a unit load stated at edge_of_field",
        ),
        (
            (inside & given & at_field).to_numpy(),
            "into_river",
            "counts the way to the water twice: the polder's ditches and pumps are it",
            "an empty cell for a row inside a polder",
        ),
    ]
    return [
        fault_at(table, "activities", int(i), column, problem, right)
        for bad, column, problem, right in checks
        for i in np.flatnonzero(bad)
    ]


def fertiliser_loss(applied: Numbers, loss_share: Numbers) -> Numbers:
    """Multiply what is applied to land by the share that is lost: the unit load.

    Parameters
    ----------
    applied : number or array
        Nutrient (N or P, not the product) applied to one unit of land [kg/a].
    loss_share : number or array
        Share lost, 0 to 1; tables print it in per cent of the application.

    Returns
    -------
    number or array
        Unit load [kg/a], on the basis of ``loss_share``: at the edge of the field or into water.

    Raises
    ------
    DataError
        If a share is outside 0 to 1, or an application is negative or not finite.

    References
    ----------
    Second national pollution census, farm coefficients (form; a local annex gives the loss of TN
    from single rice as 0.694 % of N applied).

    Examples
    --------
    >>> round(fertiliser_loss(585.0, 0.00694), 4)
    4.0599
    """
    given, lost = np.asarray(applied, dtype=float), np.asarray(loss_share, dtype=float)
    faults = []
    if not (np.isfinite(given) & (given >= 0.0)).all():
        problem, right = "is negative or not finite", "kg of nutrient ≥ 0"
        faults.append(Fault("fertiliser_loss", None, "applied", None, problem, right))
    if not ((lost >= 0.0) & (lost <= 1.0)).all():
        problem, right = "is outside 0 to 1", "a share, 0.00694 for 0.694 %"
        faults.append(Fault("fertiliser_loss", None, "loss_share", None, problem, right))
    raise_faults(faults)
    load = given * lost
    return load if load.ndim else float(load)


def spread_over_periods(
    loads: pd.DataFrame, month_shares: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Spread the loads of a year over its periods and add up the activities of each source.

    Parameters
    ----------
    loads : DataFrame
        From :func:`export_load` or :func:`polder_budget`: ``source``, ``activity``,
        ``pollutant``, ``in_river_load`` [kg/d].
    month_shares : DataFrame
        ``activity``, ``period``, ``month_share``: share of the activity's load of a year.
    periods : DataFrame
        ``period``, ``days``; together one year.

    Returns
    -------
    DataFrame
        ``source``, ``pollutant``, ``period``, ``source_load`` [kg/d, mean of the period]; in the
        order of the loads and periods.

    Raises
    ------
    DataError
        If a load is missing, negative or there twice, or lies in a polder and has not passed its
        pumps; if the periods are not a year of 365 or 366 days; if an activity has no share for
        a period, one for a period that is not there, or shares that do not sum to 1 (to 1e-9).

    Examples
    --------
    >>> loads = pd.DataFrame({"source": ["F"], "activity": ["rice"], "pollutant": ["TN"],
    ...                       "in_river_load": [10.0]})
    >>> shares = pd.DataFrame({"activity": ["rice"] * 2, "period": ["dry", "wet"],
    ...                        "month_share": [0.25, 0.75]})
    >>> year = pd.DataFrame({"period": ["dry", "wet"], "days": [165.0, 200.0]})
    >>> spread_over_periods(loads, shares, year)["source_load"].round(4).tolist()
    [5.5303, 13.6875]
    """
    year = complete(periods, "periods")
    raise_faults([*_load_faults(loads), *_year_faults(year)])
    given = complete(month_shares, "month_shares")
    grid = given.pivot_table(
        index="activity", columns="period", values="month_share", sort=False, aggfunc="sum"
    ).reindex(index=loads["activity"].unique())
    raise_faults(_share_faults(grid, year["period"].tolist()))
    grid = grid[year["period"].tolist()]
    mass = loads["in_river_load"].to_numpy()[:, None] * DAYS_PER_YEAR
    rates = mass * grid.loc[loads["activity"]].to_numpy() / year["days"].to_numpy()
    wide = pd.DataFrame(rates, columns=pd.Index(year["period"], name="period"))
    wide = wide.set_index([loads["source"].to_numpy(), loads["pollutant"].to_numpy()])
    wide.index.names = ["source", "pollutant"]
    summed = wide.groupby(level=[0, 1], sort=False).sum()
    return summed.stack().rename("source_load").reset_index()


def repeated_faults(loads: pd.DataFrame, table: str) -> list[Fault]:
    """Name rows that are there twice.

    Examples
    --------
    >>> rows = pd.DataFrame({"source": ["F"] * 2, "activity": "rice", "pollutant": "TN"})
    >>> print(*repeated_faults(rows, "loads"))
    loads, row F, rice, TN, source: is there twice; right would be one row each
    """
    keys = [name for name in ("source", "activity", "pollutant", "period") if name in loads]
    again = loads.loc[loads.duplicated(keys), keys]
    return [
        Fault(table, ", ".join(map(str, row)), "source", None, "is there twice", "one row each")
        for row in again.itertuples(index=False)
    ]


def _load_faults(loads: pd.DataFrame) -> list[Fault]:
    """List loads that cannot be spread: missing, negative, twice, or still inside a polder."""
    names = ("source", "activity", "pollutant", "in_river_load")
    if lost := lacking(loads, "loads", names):
        return lost
    faults = repeated_faults(loads, "loads")
    rate = loads["in_river_load"].to_numpy(float)
    inside = loads["polder"] if "polder" in loads and "retention" not in loads else ""
    held = np.broadcast_to(np.asarray(inside != ""), len(loads))
    for bad, column, problem, right in (
        (~(np.isfinite(rate) & (rate >= 0.0)), "in_river_load", "is not valid", "a number ≥ 0"),
        (held, "polder", "has not passed the pumps", "polder_budget for this row, or no row"),
    ):
        faults += [
            Fault("loads", loads["source"].iloc[i], column, loads[column].iloc[i], problem, right)
            for i in np.flatnonzero(bad)
        ]
    return faults


def _year_faults(year: pd.DataFrame) -> list[Fault]:
    """Refuse periods that are not a year: a month would take twelve times its load."""
    days = float(year["days"].sum())
    if 365.0 <= days <= 366.0:
        return []
    return [Fault("periods", None, "days", days, "is the sum of all periods", "365 or 366 days")]


def _share_faults(grid: pd.DataFrame, periods: list[str]) -> list[Fault]:
    """List activities whose shares do not cover the periods, or not the year."""
    faults = []
    for activity, shares in grid.iterrows():
        present = shares.dropna()
        for label in [p for p in periods if p not in present.index]:
            right = "a row for every period"
            faults.append(
                Fault("month_shares", activity, "period", label, "has no month_share", right)
            )
        for label in [p for p in present.index if p not in periods]:
            right = f"one of {listed(periods)}"
            faults.append(Fault("month_shares", activity, "period", label, "is not there", right))
        total = float(present.sum())
        if len(present) and abs(total - 1.0) > 1e-9:
            problem, right = "is the sum of the shares of a year", "a sum of 1"
            faults.append(
                Fault("month_shares", activity, "month_share", f"{total:.9g}", problem, right)
            )
    return faults
