"""Control units of a study: what each may carry, carries, and would carry with planned works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import capacity, quality, sources
from permitload.errors import DataError
from permitload.network import RiverNetwork
from permitload.schema import described
from permitload.units import DAYS_PER_YEAR, flux, tonnes

if TYPE_CHECKING:
    from permitload import _model

__all__ = ["by_unit", "land", "membership", "none", "of_state", "planned", "stretches"]

Tables = Mapping[str, pd.DataFrame]

_AT_CEILING = 1e-9
"""Share of a ceiling below it at which a load stands at it."""
_FULL = 2e-9
"""Share of its headroom that a full section may have to spare."""


def stretches(network: RiverNetwork, tables: Tables) -> pd.DataFrame:
    """Cut the rivers of a study into its control units; no row where water leads to no section.

    Parameters
    ----------
    network : RiverNetwork
        Rivers.
    tables : mapping of DataFrame
        ``sections`` and ``districts`` of the study.

    Returns
    -------
    DataFrame
        As :meth:`RiverNetwork.control_units`.
    """
    try:
        return network.control_units(tables["sections"], districts=tables["districts"])
    except DataError:
        return pd.DataFrame({name: [] for name in ("reach", "control_unit")}, dtype=str)


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
) -> dict[str, xr.Dataset]:
    """Sum a study by control unit, by period and over the year.

    Parameters
    ----------
    network : RiverNetwork
        Rivers.
    tables : mapping of DataFrame
        Tables of the study.
    stretches : DataFrame
        What :func:`stretches` gives for the study, not empty.
    found : mapping of Dataset
        ``capacity``, ``limits``, ``present``, ``response`` and ``sources`` of the study, and
        ``max_min``, that point of its set with present loads as weights.
    present : DataArray
        Present loads of all outlets (outlet, pollutant, period) [kg/d].
    after : tuple or None
        The same with planned works, and the quality that they give.

    Returns
    -------
    dict of Dataset
        ``units_monthly`` (control_unit, pollutant, period): ``capacity``, what its decided
        outlets carry when all present loads rise or fall together, each until a section that it
        reaches is full, signed; ``source_load``, present, of what is decided, and
        ``capacity_use``, the one over the other, which is above 1 only where a section is
        exceeded; ``whole_load``, of all sources;
        ``stopped_by``; ``attained`` and ``planned_attained``, whether all sections of the unit
        meet what is allowed; ``planned_load``, NaN without plans; ``calibrated``.
        ``units`` (control_unit, pollutant): the loads as means of the year; ``annual_sum`` and
        ``annual_worst`` of the capacity [t/a]; ``worst_period`` and ``worst_use``;
        ``land_area`` and ``load_density``, NaN where an area is not known; ``stopped_by`` with
        numbers of periods; ``present_share`` and ``planned_share`` of the periods attained.
    """
    member = membership(network, tables, stretches)
    decided = sources.by_outlet(found["sources"]["source_load"], tables["outlets"])

    def summed(load: xr.DataArray) -> xr.DataArray:
        """Load by outlet, summed by unit."""
        part = member.sel(outlet=load["outlet"].values)
        total: xr.DataArray = xr.dot(load.reset_coords(drop=True), part, dim="outlet")
        return total

    best, mine = summed(found["max_min"]["point_load"]), summed(decided)
    allowed = found["limits"]["allowed"].rename(indicator="pollutant").reset_coords(drop=True)
    binds = _binds(found, member)
    table = {
        "capacity": best, "source_load": mine, "capacity_use": mine / best.where(best > 0.0),
        "whole_load": summed(present), "stopped_by": _named(binds),
        "attained": _attained(tables, found["present"], allowed, member),
        "planned_load": best * np.nan if after is None else summed(after[0]),
        "planned_attained": best * np.nan if after is None
        else _attained(tables, after[1], allowed, member),
        "calibrated": found["capacity"]["calibrated"].reset_coords(drop=True).broadcast_like(best),
    }  # fmt: skip
    area = land(network, tables, stretches).sel(control_unit=member["control_unit"].values)
    monthly = xr.Dataset(table).transpose("control_unit", "pollutant", "period")
    year = _of_the_year(monthly, binds, tables["periods"].set_index("period")["days"])
    year = year.assign(land_area=area, load_density=year["whole_load"] / area.where(area > 0.0))
    return {"units": described(year), "units_monthly": described(monthly)}


def of_state(
    state: _model.State, room: _model.Room, datasets: Mapping[str, xr.Dataset]
) -> dict[str, xr.Dataset]:
    """Sum the study by control unit, with the works as they are and as they are planned.

    Water that leads to no section has no unit: then there are none, and the permits stand.
    """
    model, load = state.model, state.given["source_load"]
    pieces = stretches(model.network, model.tables)
    if pieces.empty:
        return none(datasets["capacity"])
    later = planned(load, model.tables)
    after = None
    if later is not None:
        after = model.at_outlets(later), model.steady(model.at_outlets(later))
    present = model.at_outlets(load)
    response, headroom, bounds, decided = room
    points = capacity.ruled_points(response, headroom, decided, decided, bounds)
    found = {**datasets, "max_min": points.sel(point="max_min", drop=True)}
    return by_unit(model.network, model.tables, pieces, found, present, after)


def none(capacity: xr.Dataset) -> dict[str, xr.Dataset]:
    """Write the result of :func:`by_unit` for a network that cannot be told apart into units."""
    labels = {dim: capacity[dim].values for dim in ("pollutant", "period")}
    monthly = ("capacity", "source_load", "capacity_use", "whole_load", "attained",
               "planned_load", "planned_attained")  # fmt: skip
    year = ("capacity", "source_load", "capacity_use", "whole_load", "annual_sum",
            "annual_worst", "worst_use", "land_area", "load_density", "present_share",
            "planned_load", "planned_share")  # fmt: skip
    words = ("stopped_by", "calibrated")
    return {
        "units": _empty(year, (*words, "worst_period"), {"pollutant": labels["pollutant"]}),
        "units_monthly": _empty(monthly, words, labels),
    }


def _empty(
    numbers: Sequence[str], words: Sequence[str], labels: Mapping[str, NDArray[Any]]
) -> xr.Dataset:
    """Dataset of these variables and no unit."""
    dims = ("control_unit", *labels)
    nothing = np.empty((0, *map(len, labels.values())))
    table = dict.fromkeys(numbers, (dims, nothing))
    table |= dict.fromkeys(words, (dims, nothing.astype(object)))
    units = {"control_unit": np.empty(0, dtype=object)}
    return described(xr.Dataset(table, {**units, **labels}))


def _of_the_year(monthly: xr.Dataset, binds: xr.DataArray, days: pd.Series[float]) -> xr.Dataset:
    """Means, both bases of the year and the worst period of what stands by period."""
    length = xr.DataArray(days)
    loads = ("capacity", "source_load", "whole_load", "planned_load")
    table = {name: xr.dot(monthly[name], length / length.sum(), dim="period") for name in loads}
    best, mine = monthly["capacity"], monthly["source_load"]
    # a load without any capacity is worse than any use; where there is no load none is
    use = (mine / best.where(best > 0.0)).fillna(np.inf).where(mine > 0.0, 0.0)
    worst = use.argmax("period").values
    at_worst = use.max("period")
    periods = monthly["period"].values.astype(object)
    table |= {
        "capacity_use": table["source_load"] / table["capacity"].where(table["capacity"] > 0.0),
        "annual_sum": tonnes(best, length).sum("period"),
        "annual_worst": tonnes(best.min("period"), DAYS_PER_YEAR),
        "worst_period": at_worst.copy(data=np.where(at_worst > 0.0, periods[worst], "")),
        "worst_use": at_worst.where(np.isfinite(at_worst) & (at_worst > 0.0)),
        "stopped_by": _counted(binds), "present_share": monthly["attained"].mean("period"),
        "planned_share": monthly["planned_attained"].mean("period"),
        "calibrated": monthly["calibrated"].reduce(_worst_stamp, "period"),
    }  # fmt: skip
    return xr.Dataset(table).transpose("control_unit", "pollutant")


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
    order = {name: i for i, name in enumerate(tables["sections"]["section"])}
    units = sorted(set(stretches["control_unit"]), key=lambda u: order[u.split("+")[0]])
    outlets = tables["outlets"]
    wide = (outlets["position_to"] > outlets["position"]).to_numpy()
    rows, columns = pd.Index(outlets["outlet"]), pd.Index(units)
    member = np.zeros((len(rows), len(columns)))
    for names in _at_points(network, outlets[~wide].assign(position_to=np.nan), tables, stretches):
        member[rows.get_indexer(names.index), columns.get_indexer(pd.Index(names))] = 1.0
    spread = outlets[wide].merge(stretches, on="reach", suffixes=("", "_unit"))
    start = spread[["position", "position_unit"]].max(axis=1)
    covered = (spread[["position_to", "position_to_unit"]].min(axis=1) - start).clip(lower=0.0)
    part = covered / (spread["position_to"] - spread["position"])
    place = rows.get_indexer(spread["outlet"]), columns.get_indexer(spread["control_unit"])
    np.add.at(member, place, part.to_numpy())
    labels = {"outlet": rows.to_numpy(dtype=object), "control_unit": np.array(units, dtype=object)}
    return xr.DataArray(member, labels, ("outlet", "control_unit"))


def _at_points(
    network: RiverNetwork, points: pd.DataFrame, tables: Tables, stretches: pd.DataFrame
) -> Iterator[pd.Series[str]]:
    """Find the unit of each outlet at one place; most lie within a stretch, quick to look up."""
    within = (points["reach"] != "") & (points["position"] > 0.0)
    ordered = points[within].sort_values("position", kind="stable")
    ends = stretches[["reach", "position_to", "control_unit"]].rename(
        columns={"position_to": "end"}
    )
    found = pd.merge_asof(
        ordered, ends.sort_values("end", kind="stable"), left_on="position", right_on="end",
        by="reach", direction="forward",
    )  # fmt: skip
    yield found.set_index("outlet")["control_unit"]
    # at the start of a reach, or at a node, the way that water takes must be searched
    if not within.all():
        sections, districts = tables["sections"], tables["districts"]
        yield network.units_of(points[~within], sections, districts=districts)


def land(network: RiverNetwork, tables: Tables, stretches: pd.DataFrame) -> xr.DataArray:
    """Land of each unit [km2]: that of its reaches, by length where a section cuts one.

    Parameters
    ----------
    network : RiverNetwork
        Rivers.
    tables : mapping of DataFrame
        ``districts`` with ``land_area`` [km2] of a reach; ``reaches``: what is none of them is a
        structure, to which no land drains.
    stretches : DataFrame
        As for :func:`by_unit`.

    Returns
    -------
    DataArray
        (control_unit) [km2]; NaN where the land of a reach is not given.
    """
    area = tables["districts"].set_index("reach")["land_area"].reindex(stretches["reach"])
    area = area.where(area.index.isin(tables["reaches"]["reach"]), 0.0)
    length = network.reaches["length"].reindex(stretches["reach"]).to_numpy()
    part = (stretches["position_to"] - stretches["position"]).to_numpy() / length
    mine = pd.Series(area.to_numpy() * part).groupby(stretches["control_unit"].to_numpy())
    total = mine.agg(lambda some: some.sum(skipna=False))
    return xr.DataArray(total.rename_axis("control_unit"))


def _binds(found: Mapping[str, xr.Dataset], member: xr.DataArray) -> xr.DataArray:
    """Tell what keeps the capacity of each unit from being more: sections, else ``ceiling``.

    Units that discharge nothing in any period are held by nothing.
    """
    point = found["max_min"].reset_coords(drop=True)
    load = point["point_load"]
    ceiling = sources.by_outlet(
        found["sources"]["ceiling"], pd.DataFrame({"outlet": load["outlet"].values})
    ).reset_coords(drop=True)
    headroom = found["limits"]["headroom"].rename(indicator="pollutant").reset_coords(drop=True)
    # a cut that one section owes can leave another that owes less with some to spare
    full = (point["spare"] <= _FULL * abs(headroom)) | (headroom < 0.0)
    held = load < ceiling * (1.0 - _AT_CEILING)
    reached = full & (found["response"]["response"].reset_coords(drop=True) > 0.0) & held
    here = member.sel(outlet=load["outlet"].values) > 0.0
    some = ((ceiling > 0.0) & here).any(["outlet", "period"])
    rows = (xr.dot(reached.astype(float), here.astype(float), dim="outlet") > 0.0) & some
    free = (~rows.any("section") & some).expand_dims(section=["ceiling"])
    order = ("control_unit", "pollutant", "period", "section")
    every: xr.DataArray = xr.concat([rows, free], "section", join="exact").transpose(*order)
    return every


def _named(binds: xr.DataArray) -> xr.DataArray:
    """Names of what binds in each period."""
    names = binds["section"].values
    words = np.full(binds.shape[:-1], "", dtype=object)
    for place in np.ndindex(words.shape):
        words[place] = "; ".join(map(str, names[binds.values[place]]))
    return binds.isel(section=0, drop=True).copy(data=words)


def _counted(binds: xr.DataArray) -> xr.DataArray:
    """Names of what binds, with the number of periods, the commonest first."""
    names, count = binds["section"].values, binds.sizes["period"]
    times = binds.sum("period").values
    words = np.full(times.shape[:-1], "", dtype=object)
    for place in np.ndindex(words.shape):
        order = np.argsort(-times[place], kind="stable")
        said = [f"{names[k]} {times[place][k]}/{count}" for k in order if times[place][k]]
        words[place] = "; ".join(said)
    return binds.isel(section=0, period=0, drop=True).copy(data=words)


def _attained(
    tables: Tables, state: xr.Dataset, allowed: xr.DataArray, member: xr.DataArray
) -> xr.DataArray:
    """Whether all sections of each unit meet what is allowed, 1 or 0."""
    met = quality.at(tables["sections"], state).reset_coords(drop=True) <= allowed
    units = member["control_unit"].values
    names = met["section"].values.tolist()
    part = np.array([[name in str(unit).split("+") for name in names] for unit in units], float)
    of_unit = xr.DataArray(part, {"control_unit": units, "section": names})
    missed: xr.DataArray = xr.dot((~met).astype(float), of_unit, dim="section")
    return (missed == 0.0).astype(float)


def _worst_stamp(labels: NDArray[Any], axis: int) -> NDArray[Any]:
    """Choose the stamp if any label along an axis is one."""
    first = np.asarray(labels != "yes").argmax(axis=axis)
    return np.take_along_axis(labels, np.expand_dims(first, axis), axis).squeeze(axis)
