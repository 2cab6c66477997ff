"""Permits of a study: whole units of mass, put back into the full model, and their tables."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import xarray as xr

from permitload import allocation, quality, sources
from permitload._settings import Settings
from permitload.errors import Fault, raise_faults
from permitload.units import DAYS_PER_YEAR, rate, tonnes

_DIGITS = 9
"""Decimals of a mass [t]: whole units of any precision, without the noise of their sum."""


def rounded(
    shared: xr.Dataset, response: xr.Dataset, headroom: xr.DataArray, decided: xr.Dataset,
    precision: float,
) -> xr.Dataset:  # fmt: skip
    """Cut every period's loads to whole units of mass [t]; spare units only where rows allow."""
    found = allocation.whole_units(shared, response, headroom, decided, precision)
    return found.drop_vars("unrounded_load")


def refuse_precision(
    decided: xr.Dataset, target: xr.DataArray, days: xr.DataArray, precision: float
) -> None:
    """Refuse a unit of permits so large that most of a pollutant's permits would be 0."""
    mass = tonnes(np.minimum(target, decided["ceiling"]), days)
    faults = []
    for pollutant in decided["pollutant"].values:
        some = mass.sel(pollutant=pollutant).values
        some = some[some > 0.0]
        if some.size and precision > np.median(some):
            right = f"well below {np.median(some):.3g} t, the median of {pollutant} in a period"
            faults.append(Fault("study.toml", "allocation", "precision", precision, "is too large",
                                right))  # fmt: skip
    raise_faults(faults)


def verified(
    sections: pd.DataFrame, permitted: xr.Dataset, background: xr.Dataset, allowed: xr.DataArray,
    count: int,
) -> pd.DataFrame:  # fmt: skip
    """Concentrations with the permits of ``count`` sources in the full model, and what is allowed.

    Raises
    ------
    InfeasibleError
        If a section exceeds what is allowed though its background alone does not, or if
        permits add to a background that does.
    """
    after, before = (
        quality.at(sections, state).sel(section=allowed["section"].values)
        for state in (permitted, background)
    )
    return allocation.refuse_missed(after, before, allowed, count)


def permit_table(
    shared: xr.Dataset, decided: xr.Dataset, works: pd.DataFrame, settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Permits by year and by period: what, how much, and what stopped it."""
    days = shared["period"].coords["days"]
    accepted = sources.accepted(
        shared["permitted_load"].assign_coords(works=decided["works"]), works
    ).reindex_like(shared["permitted_load"], fill_value=np.nan)
    columns = {
        "source_load": decided["source_load"], "permitted_load": shared["permitted_load"],
        "accepted_load": accepted, "level": shared["level"], "stopped_by": shared["stopped_by"],
        "ceiling": decided["ceiling"],
    }  # fmt: skip
    frame = xr.Dataset({name: array.reset_coords(drop=True) for name, array in columns.items()})
    frame = frame.assign_coords(days=days)
    monthly = frame.to_dataframe().reset_index()
    for name in ("enterprise", "sector", "outlet", "works"):
        monthly.insert(0, name, decided[name].to_series().reindex(monthly["source"]).to_numpy())
    order = {p: i for i, p in enumerate(shared["period"].values)}
    keys = [monthly["source"], monthly["pollutant"]]
    some = (monthly["source_load"] > 0.0) | (monthly["ceiling"] > 0.0)
    monthly = monthly[some.groupby(keys).transform("any")]  # a closed month is a permit of 0
    monthly = monthly.sort_values(
        ["enterprise", "source", "pollutant", "period"],
        key=lambda column: column.map(order) if column.name == "period" else column,
    ).reset_index(drop=True)
    monthly["permit"] = tonnes(monthly["permitted_load"], monthly["days"]).round(_DIGITS)
    return _annual(monthly, settings), monthly


def _annual(monthly: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Sum of the periods, beside the worst period's rate held all year; one bounds the permit."""
    keys = ["enterprise", "source", "pollutant", "sector", "outlet", "works"]
    groups = monthly.groupby(keys, sort=False)
    year = monthly.groupby(keys, sort=False)["days"].sum()
    mass = {
        name: tonnes(monthly[name], monthly["days"]).groupby([monthly[k] for k in keys], sort=False)
        .sum(min_count=1)
        for name in ("source_load", "permitted_load", "accepted_load", "ceiling")
    }  # fmt: skip
    table = pd.DataFrame({name: rate(total, year) for name, total in mass.items()})
    summed = mass["permitted_load"].round(_DIGITS)
    table["permit_worst"] = tonnes(groups["permitted_load"].min(), DAYS_PER_YEAR)
    bound = settings.annual(summed, table["permit_worst"])
    # a bound that is no sum of whole units is cut to them
    whole = allocation.truncate(bound, settings.precision)
    table["permit"] = summed.where(bound == summed, whole).round(_DIGITS)
    table["stopped_by"] = groups["stopped_by"].agg(counted)
    return table.reset_index()


def counted(cells: pd.Series[str]) -> str:
    """Count the periods in which a cell names each label, the most frequent first.

    Examples
    --------
    >>> counted(pd.Series(["S2", "S1; S2", "", "S1; S2"]))
    'S2 3/4; S1 2/4'
    """
    counts = Counter(name for cell in cells for name in str(cell).split("; ") if name)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{name} {count}/{len(cells)}" for name, count in ranked)
