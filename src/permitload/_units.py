"""Control units of a study: what each may carry, carries, and would carry with planned works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import quality, sources
from permitload.network import RiverNetwork
from permitload.schema import described
from permitload.units import flux

__all__ = ["by_unit", "land", "membership", "none", "planned"]

Tables = Mapping[str, pd.DataFrame]

_AT_CEILING = 1e-9
"""Share of a ceiling below it at which a load stands at it."""


def planned(source_load: xr.DataArray, tables: Tables) -> xr.DataArray | None:
    """Cut loads to what works are planned to discharge; None where nothing is planned.

    Parameters
    ----------
    source_load : DataArray
        Present loads (source, pollutant, period) [kg/d] with the coordinate ``works``.
    tables : mapping of DataFrame
        ``works`` and ``sources`` of the study.

    Returns
    -------
    DataArray or None
        Each load at most ``wastewater_flow × planned_concentration`` of its works.
    """
    plans = tables["works"].dropna(subset="planned_concentration")
    if plans.empty:
        return None
    water = tables["sources"].set_index("source")["wastewater_flow"]
    loads = source_load.copy(deep=True)
    for works, pollutant, most in plans[["works", "pollutant", "planned_concentration"]].values:
        if pollutant not in loads["pollutant"]:
            continue
        behind = loads["source"].values[(loads["works"] == works).values]
        place = {"source": behind, "pollutant": pollutant}
        law = flux(most, water.loc[behind].to_numpy())
        loads.loc[place] = np.minimum(loads.loc[place], law[:, None])
    return loads


def by_unit(
    network: RiverNetwork,
    tables: Tables,
    stretches: pd.DataFrame,
    found: Mapping[str, xr.Dataset],
    present: xr.DataArray,
    after: tuple[xr.DataArray, xr.Dataset] | None,
) -> xr.Dataset:
    """Sum a study by control unit; all loads are means of the year.

    Parameters
    ----------
    network : RiverNetwork
        Rivers.
    tables : mapping of DataFrame
        Tables of the study.
    stretches : DataFrame
        What :meth:`RiverNetwork.control_units` gives for its sections and districts.
    found : mapping of Dataset
        ``capacity``, ``closure``, ``limits``, ``response`` and ``sources`` of the study.
    present : DataArray
        Present loads of all outlets (outlet, pollutant, period) [kg/d].
    after : tuple or None
        The same with planned works, and the quality that they give.

    Returns
    -------
    Dataset (control_unit, pollutant)
        ``capacity``: the unit's part of the network's greatest total, split most evenly;
        ``source_load``, present, of what is decided, and ``capacity_use``, the one over the
        other; ``whole_load``, of all sources; ``land_area`` (control_unit) and
        ``load_density``, NaN where an area is not known; ``stopped_by``; ``present_share`` and
        ``planned_share`` of the periods in which all sections of the unit meet what is
        allowed; ``planned_load``, NaN without plans; ``calibrated``.
    """
    member = membership(network, tables, stretches)
    days = tables["periods"].set_index("period")["days"]
    weight = xr.DataArray(days / days.sum())
    decided = sources.by_outlet(found["sources"]["source_load"], tables["outlets"])

    def yearly(load: xr.DataArray) -> xr.DataArray:
        """Mean of the year of a load by outlet, summed by unit."""
        part = member.sel(outlet=load["outlet"].values)
        mean: xr.DataArray = xr.dot(
            load.reset_coords(drop=True), weight, part, dim=["outlet", "period"]
        )
        return mean

    best = yearly(found["capacity"]["canonical_load"])
    mine, whole, area = yearly(decided), yearly(present), land(network, tables, stretches)
    area = area.sel(control_unit=member["control_unit"].values)
    allowed = found["limits"]["allowed"].rename(indicator="pollutant").reset_coords(drop=True)
    table = {
        "capacity": best, "source_load": mine, "capacity_use": mine / best.where(best > 0.0),
        "whole_load": whole, "land_area": area, "load_density": whole / area.where(area > 0.0),
        "stopped_by": _stops(found, member),
        "present_share": _share(tables, found["present"], allowed, member),
        "planned_load": best * np.nan if after is None else yearly(after[0]),
        "planned_share": best * np.nan if after is None
        else _share(tables, after[1], allowed, member),
        "calibrated": found["capacity"]["calibrated"].reset_coords(drop=True)
        .reduce(_worst_stamp, "period"),
    }  # fmt: skip
    return described(xr.Dataset(table).transpose("control_unit", "pollutant"))


def none(capacity: xr.Dataset) -> xr.Dataset:
    """Write the result of :func:`by_unit` for a network that cannot be told apart into units."""
    dims = ("control_unit", "pollutant")
    empty = np.empty((0, capacity.sizes["pollutant"]))
    numbers = ("capacity", "source_load", "capacity_use", "whole_load", "land_area",
               "load_density", "present_share", "planned_load", "planned_share")  # fmt: skip
    table = dict.fromkeys(numbers, (dims, empty))
    table |= {name: (dims, empty.astype(object)) for name in ("stopped_by", "calibrated")}
    labels = {"control_unit": empty[:, 0].astype(object), "pollutant": capacity["pollutant"].values}
    return described(xr.Dataset(table, labels))


def membership(network: RiverNetwork, tables: Tables, stretches: pd.DataFrame) -> xr.DataArray:
    """Share of each outlet (outlet, control_unit) that lies in each unit.

    A load spread along a reach belongs to the units by the lengths that it covers.

    Parameters
    ----------
    network : RiverNetwork
        Rivers.
    tables : mapping of DataFrame
        ``outlets``, ``sections`` and ``districts`` of the study.
    stretches : DataFrame
        As for :func:`by_unit`.

    Returns
    -------
    DataArray
        Shares [1]; those of an outlet sum to 1. Units stand in the order of their sections.
    """
    sections, districts = tables["sections"], tables["districts"]
    order = {name: i for i, name in enumerate(sections["section"])}
    units = sorted(set(stretches["control_unit"]), key=lambda u: order[u.split("+")[0]])
    outlets = tables["outlets"]
    wide = (outlets["position_to"] > outlets["position"]).to_numpy()
    rows, columns = pd.Index(outlets["outlet"]), pd.Index(units)
    member = np.zeros((len(rows), len(columns)))
    points = outlets[~wide].assign(position_to=np.nan)
    if len(points):
        names = network.units_of(points, sections, districts=districts)
        member[rows.get_indexer(names.index), columns.get_indexer(pd.Index(names))] = 1.0
    spread = outlets[wide].merge(stretches, on="reach", suffixes=("", "_unit"))
    start = spread[["position", "position_unit"]].max(axis=1)
    covered = (spread[["position_to", "position_to_unit"]].min(axis=1) - start).clip(lower=0.0)
    part = covered / (spread["position_to"] - spread["position"])
    place = rows.get_indexer(spread["outlet"]), columns.get_indexer(spread["control_unit"])
    np.add.at(member, place, part.to_numpy())
    labels = {"outlet": rows.to_numpy(dtype=object), "control_unit": np.array(units, dtype=object)}
    return xr.DataArray(member, labels, ("outlet", "control_unit"))


def land(network: RiverNetwork, tables: Tables, stretches: pd.DataFrame) -> xr.DataArray:
    """Land of each unit [km2]: that of its reaches, by length where a section cuts one.

    Parameters
    ----------
    network : RiverNetwork
        Rivers.
    tables : mapping of DataFrame
        ``districts`` with ``land_area`` [km2] of a reach.
    stretches : DataFrame
        As for :func:`by_unit`.

    Returns
    -------
    DataArray
        (control_unit) [km2]; NaN where the land of a reach is not given.
    """
    area = tables["districts"].set_index("reach")["land_area"].reindex(stretches["reach"])
    length = network.reaches["length"].reindex(stretches["reach"]).to_numpy()
    part = (stretches["position_to"] - stretches["position"]).to_numpy() / length
    mine = pd.Series(area.to_numpy() * part).groupby(stretches["control_unit"].to_numpy())
    total = mine.agg(lambda some: some.sum(skipna=False))
    return xr.DataArray(total.rename_axis("control_unit"))


def _stops(found: Mapping[str, xr.Dataset], member: xr.DataArray) -> xr.DataArray:
    """Name what keeps the capacity of each unit from being more, and in how many periods."""
    capacity = found["capacity"].reset_coords(drop=True)
    load = capacity["canonical_load"]
    ceiling = sources.by_outlet(
        found["sources"]["ceiling"], pd.DataFrame({"outlet": load["outlet"].values})
    ).reset_coords(drop=True)
    headroom = found["limits"]["headroom"].rename(indicator="pollutant").reset_coords(drop=True)
    full = (capacity["shadow_price"] > 0.0) | (headroom < 0.0)
    held = load < ceiling * (1.0 - _AT_CEILING)
    reached = full & (found["response"]["response"].reset_coords(drop=True) > 0.0) & held
    here = member.sel(outlet=load["outlet"].values) > 0.0
    some = ((ceiling > 0.0) & here).any(["outlet", "period"])
    names, count = reached["section"].values, reached.sizes["period"]
    rows = xr.dot(reached.astype(float), here.astype(float), dim="outlet") > 0.0
    times = rows.sum("period").transpose("control_unit", "pollutant", "section").values
    free = (~rows.any("section")).sum("period").transpose("control_unit", "pollutant").values
    words = np.full((here.sizes["control_unit"], load.sizes["pollutant"]), "", dtype=object)
    for place in np.argwhere(some.transpose("control_unit", "pollutant").values):
        at = tuple(place)
        stops = zip([*names, "ceiling"], [*times[at].tolist(), int(free[at])], strict=True)
        ranked = sorted((stop for stop in stops if stop[1]), key=lambda stop: -stop[1])
        words[at] = "; ".join(f"{name} {n}/{count}" for name, n in ranked)
    return xr.DataArray(
        words, {"control_unit": here["control_unit"].values, "pollutant": load["pollutant"].values},
        ("control_unit", "pollutant"),
    )  # fmt: skip


def _share(
    tables: Tables, state: xr.Dataset, allowed: xr.DataArray, member: xr.DataArray
) -> xr.DataArray:
    """Share of the periods in which all sections of each unit meet what is allowed."""
    met = quality.at(tables["sections"], state).reset_coords(drop=True) <= allowed
    units = member["control_unit"].values
    names = met["section"].values.tolist()
    part = np.array([[name in str(unit).split("+") for name in names] for unit in units], float)
    of_unit = xr.DataArray(part, {"control_unit": units, "section": names})
    missed: xr.DataArray = xr.dot((~met).astype(float), of_unit, dim="section")
    return (missed == 0.0).mean("period")


def _worst_stamp(labels: NDArray[Any], axis: int) -> NDArray[Any]:
    """Choose the stamp if any label along an axis is one."""
    first = np.asarray(labels != "yes").argmax(axis=axis)
    return np.take_along_axis(labels, np.expand_dims(first, axis), axis).squeeze(axis)
