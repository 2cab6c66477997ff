"""One network with one state of the water: loads in; quality, response and room for more out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import _checks, _rates, _settings, capacity, quality, sources
from permitload.hydraulics.through import NOTHING
from permitload.network import RiverNetwork
from permitload.schema import described

__all__ = ["Model", "Room", "State", "flow_check", "state"]

Tables = Mapping[str, pd.DataFrame]


class Room(NamedTuple):
    """What capacity follows from: rows of the sections, and bounds and loads of the outlets."""

    response: xr.Dataset
    headroom: xr.DataArray
    bounds: xr.Dataset
    source_load: xr.DataArray
    """Present load (outlet, pollutant, period) [kg/d] of the decided outlets."""


class Model:
    """One network with one state of the water: loads in, quality out."""

    def __init__(
        self,
        network: RiverNetwork,
        water: xr.Dataset,
        tables: Tables,
        pollutants: tuple[str, ...],
    ) -> None:
        self.network, self.water, self.tables, self.pollutants = network, water, tables, pollutants
        self.outlets, self.sections = tables["outlets"], tables["sections"]
        rates = tables["kinetics"]
        self.kinetics = {p: _rates.law(rates[rates["pollutant"] == p], network) for p in pollutants}
        dims = ["node", "pollutant", "period"]
        table = tables["inflow"][tables["inflow"]["pollutant"].isin(pollutants)]
        self.inflow = table.set_index(dims)["concentration"].to_xarray()

    def with_decay(self, factor: float) -> Model:
        """Build the same model with every decay multiplied by a factor."""
        rates = self.tables["kinetics"]
        return self._with(kinetics=rates.assign(decay=factor * rates["decay"]))

    def with_inflow(self, boundary: Callable[[pd.DataFrame], pd.Series[float]]) -> Model:
        """Build the same model with other water at the boundaries, read from the same table."""
        inflow = self.tables["inflow"]
        return self._with(inflow=inflow.assign(concentration=boundary(inflow)))

    def _with(self, **tables: pd.DataFrame) -> Model:
        return Model(self.network, self.water, {**self.tables, **tables}, self.pollutants)

    def at_outlets(self, load: xr.DataArray) -> xr.DataArray:
        """Sum loads of sources (source, pollutant, period) [kg/d] at all outlets."""
        return sources.by_outlet(load, self.outlets)

    def steady(self, load: xr.DataArray) -> xr.Dataset:
        """Quality with the given loads of outlets (outlet, pollutant, period) [kg/d]."""
        return quality.steady(
            self.network, self.water, self.outlets, load, self.inflow, self.kinetics
        )

    def response(self, outlets: NDArray[Any]) -> xr.Dataset:
        """Response of all sections to some outlets; the effluent of all counts as water."""
        needed = self.outlets["outlet"].isin(outlets) | (self.outlets["effluent_flow"] > 0.0)
        found = quality.response(
            self.network, self.water, self.outlets[needed], self.sections, self.kinetics
        )
        return found.sel(outlet=outlets)


class State(NamedTuple):
    """A model with its loads: those that are decided, and those that are kept as they are."""

    model: Model
    limits: xr.Dataset
    given: xr.Dataset
    """Loads and bounds of all sources, and of the decided ones."""
    decided: xr.Dataset
    kept: xr.DataArray
    """Loads (outlet, pollutant, period) [kg/d] that nobody decides."""

    @property
    def places(self) -> NDArray[Any]:
        """Outlets of the decided sources."""
        return np.unique(self.decided["outlet"].values)

    @property
    def outlets(self) -> pd.DataFrame:
        """Outlets of the decided sources, as a table."""
        return pd.DataFrame({"outlet": self.places})

    @property
    def bounds(self) -> xr.Dataset:
        """Floors and ceilings of the decided sources, summed at their outlets."""
        ends = ("floor", "ceiling")
        return xr.Dataset(
            {n: sources.by_outlet(self.decided[n], self.outlets).rename(n) for n in ends}
        )

    @property
    def source_load(self) -> xr.DataArray:
        """Present loads of the decided sources, summed at their outlets."""
        return sources.by_outlet(self.decided["source_load"], self.outlets)

    def with_decay(self, factor: float) -> State:
        """Build the same state with every decay multiplied by a factor."""
        return self._replace(model=self.model.with_decay(factor))

    def bounded(self, settings: _settings.Settings) -> State:
        """Put the water at the boundaries that bounds the permits, measured or at its target."""
        if settings.boundaries in (None, _settings.measured):
            return self
        return self._replace(model=self.model.with_inflow(settings.boundaries))

    def room(self, margin_of_safety: float) -> Room:
        """Compute background and response from this state alone, and the headroom between."""
        response = self.model.response(self.places)
        background = self.model.steady(self.kept)
        headroom = capacity.headroom(self.limits, background, margin_of_safety)
        return Room(response, headroom, self.bounds, self.source_load)

    def best_total(self, margin_of_safety: float) -> xr.Dataset:
        """Compute the best total alone, from this state alone."""
        return capacity.best_total(*self.room(margin_of_safety)[:3])


def state(settings: _settings.Settings, tables: Tables, checked: _checks.Study) -> State:
    """Put together what a study has checked; boundary water as measured."""
    network, limits, given = checked.network, checked.limits, checked.loads
    water = checked.water
    # without faults all of them are there
    assert network is not None and water is not None and limits is not None and given is not None
    water = _stated(water, tables, settings.flow is not None)
    model = Model(network, water, tables, settings.pollutants)
    given = given.sel(pollutant=list(settings.pollutants))
    chosen, rest = sources.split(tables["sources"], settings.decided)
    decided = given.sel(source=chosen["source"].tolist())
    kept = model.at_outlets(given["source_load"].sel(source=rest["source"].tolist()))
    return State(model, limits, given, decided, kept)


def _stated(water: xr.Dataset, tables: Tables, computed: bool) -> xr.Dataset:
    """Hydraulics with the water's temperature, dispersion and depth where they are stated."""
    temperature = tables["periods"]["temperature"]
    if temperature.notna().all():
        water = water.assign(temperature=("period", temperature.to_numpy(float)))
    if computed:  # the table is a check then
        return water
    flows = tables["flows"].set_index(["reach", "period"])
    for name, needed in (("dispersion", flows["dispersion"].notna().any()),
                         ("depth", flows["depth"].notna().all())):  # fmt: skip
        if needed:
            stated = flows[name].fillna(0.0).to_xarray()
            stated = stated.sel(reach=water["reach"].values, period=water["period"].values)
            water[name] = stated.drop_vars("period")
    return water


def flow_check(model: Model, settings: _settings.Settings) -> dict[str, xr.Dataset]:
    """Put computed flow beside that of the table of flows; NaN where the table has no row."""
    table = model.tables["flows"]
    if settings.flow is None or table.empty:
        return {}
    flow = model.water["flow"]
    stated = table.set_index(["reach", "period"])["flow"].to_xarray()
    stated = stated.reindex(reach=pd.unique(table["reach"]), period=flow["period"].values)
    flow = flow.sel(reach=stated["reach"].values).reset_coords(drop=True)
    difference = flow - stated
    rounding = NOTHING * abs(model.water["flow"]).max().item()
    found = {
        "flow": flow, "stated_flow": stated,
        "flow_difference": difference.where(~(abs(difference) <= rounding), 0.0),
        "turned": (flow * stated < 0.0).astype(float).where(stated.notnull()),
    }  # fmt: skip
    return {"flow_check": described(xr.Dataset(found))}
