"""A study is a folder of tables: check it, run it, verify what it published.

The chain: given flows → quality of the background → response of the sections → headroom →
capacity → allocation → rounding → the permits put back into the full model. No science here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload import (
    _checks,
    _closure,
    _frames,
    _permits,
    _rates,
    _results,
    _settings,
    _units,
    _verify,
    allocation,
    capacity,
    io,
    quality,
    sources,
)
from permitload._outcome import Outcome
from permitload._verify import Verification
from permitload.errors import DataError, Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.schema import TABLES

__all__ = ["Outcome", "Verification", "check", "run", "solve", "verify"]

_YEAR = 366.5
"""More days than any year has."""

_BESIDE = "scenario"
"""Dimension of what is solved together."""

Progress = Callable[[str], None]
Tables = Mapping[str, pd.DataFrame]


def check(folder: str | Path) -> list[Fault]:
    """Find everything that is wrong with a study, in one go.

    Parameters
    ----------
    folder : str or Path
        The study: ``study.toml`` and its tables.

    Returns
    -------
    list of Fault
        Empty if the study can run.

    Examples
    --------
    >>> print(check("no such folder")[0])
    no such folder, folder: is no folder; right would be a folder with study.toml
    """
    return _read(Path(folder))[2].faults


def run(
    folder: str | Path, out: str | Path | None = None, progress: Progress | None = None
) -> Path:
    """Run a study and write its results, whole or not at all.

    Parameters
    ----------
    folder : str or Path
        The study.
    out : str or Path, optional
        Results folder, replaced if it is one; ``FOLDER/results`` by default.
    progress : callable, optional
        Called with a few words before each step.

    Returns
    -------
    Path
        The results folder.

    Raises
    ------
    DataError
        With every fault of the study.
    InfeasibleError
        If floors cannot be met; its table says where and by how much.

    Examples
    --------
    >>> run("no such folder")
    Traceback (most recent call last):
    permitload.errors.DataError: 1 fault:
      no such folder, folder: is no folder; right would be a folder with study.toml
    """
    root = Path(folder)
    target = root / "results" if out is None else Path(out)
    if root.is_dir():
        _results.refuse_target(root, target)
    outcome = solve(root, progress)
    return _results.write(outcome, root, target, progress or _silent)


def solve(folder: str | Path, progress: Progress | None = None) -> Outcome:
    """Run the chain of a study without writing anything.

    Parameters
    ----------
    folder : str or Path
        The study.
    progress : callable, optional
        Called with a few words before each step.

    Returns
    -------
    Outcome
        Settings, tables, network and all Datasets.

    Raises
    ------
    DataError
        With every fault of the study.
    InfeasibleError
        If floors cannot be met, or permits miss a limit when put back into the full model.

    Examples
    --------
    >>> solve("no such folder")
    Traceback (most recent call last):
    permitload.errors.DataError: 1 fault:
      no such folder, folder: is no folder; right would be a folder with study.toml
    """
    say = progress or _silent
    say("reading tables")
    settings, tables, checked = _read(Path(folder))
    raise_faults(checked.faults)
    network, limits, given = checked.network, checked.limits, checked.loads
    water = checked.water
    # without faults all of them are there
    assert network is not None and water is not None and limits is not None and given is not None
    water, given = _stated(water, tables), given.sel(pollutant=list(settings.pollutants))
    chosen, rest = sources.split(tables["sources"], settings.decided)
    decided = given.sel(source=chosen["source"].tolist())
    say("background quality")
    model = _Model(network, water, tables, settings.pollutants)
    kept = model.at_outlets(given["source_load"].sel(source=rest["source"].tolist()))
    today = kept + model.at_outlets(decided["source_load"])
    labels = pd.Index(["background", "present"], dtype=object, name=_BESIDE)
    both = model.steady(xr.concat([kept, today], labels))
    background, present = (both.sel({_BESIDE: n}, drop=True) for n in both[_BESIDE].values)
    say("response of the sections")
    response = model.response(np.unique(decided["outlet"].values))
    say("capacity")
    headroom = capacity.headroom(limits, background, settings.margin_of_safety)
    found = capacity.network(response, headroom, _bounds(decided, response))
    say("allocation")
    say("closure")
    loads = sources.by_outlet(decided["source_load"], _outlets(response))
    closed, stamp = _closure.compared(
        tables, present, (response, headroom), loads, settings.closure_tolerance
    )
    say("capacity with other decay")
    moved = _closure.sensitivity(
        lambda factor: _capacity_at(model, factor, kept, (limits, decided), settings), found
    )
    days = water["days"].reset_coords(drop=True)
    shared = _shared_out(settings, response, headroom, decided, days)
    say("permits in the full model")
    permits = shared["permitted_load"].assign_coords(outlet=decided["outlet"])
    permitted = model.steady(kept + model.at_outlets(permits))
    allowed = limits["limit"] * (1.0 - settings.margin_of_safety)
    _permits.verified(tables["sections"], permitted, background, allowed, decided.sizes["source"])
    datasets = {
        "hydraulics": water, "background": background, "present": present,
        "permitted": permitted, "response": response,
        "limits": limits.assign(headroom=headroom, allowed=allowed),
        "capacity": found.assign(stamp),
        "closure": closed, "sensitivity": moved, "allocation": shared, "sources": decided,
    }  # fmt: skip
    say("control units")
    datasets["units"] = _by_unit(model, given["source_load"], datasets)
    return Outcome(settings, tables, network, datasets)


def verify(
    results: str | Path, folder: str | Path | None = None, progress: Progress | None = None
) -> Verification:
    """Compute published results again from their inputs, and compare every figure.

    Tables are compared as text, Datasets by value, the report and its figures by their bytes
    (figures only where they were drawn with the same matplotlib and font), the manifest by entry.

    Parameters
    ----------
    results : str or Path
        What :func:`run` wrote.
    folder : str or Path, optional
        The study, if it is not where the manifest says.
    progress : callable, optional
        Called with a few words before each step.

    Returns
    -------
    Verification
        Faults, each naming file, row, column, the value found and the one computed again; notes;
        what was compared.

    Raises
    ------
    DataError
        If there is nothing to compare: no results, a manifest that no run writes, no study,
        inputs other than those of the run (each is named).
    InfeasibleError
        If the inputs give no permits.

    Examples
    --------
    >>> verify("no such folder")
    Traceback (most recent call last):
    permitload.errors.DataError: 1 fault:
      no such folder, results: is no folder; right would be a results folder
    """
    root = None if folder is None else Path(folder)
    return _verify.verify(Path(results), root, solve, progress or _silent)


def _shared_out(
    settings: _settings.Settings, response: xr.Dataset, headroom: xr.DataArray,
    decided: xr.Dataset, days: xr.DataArray,
) -> xr.Dataset:  # fmt: skip
    """Allocate and cut to whole units; the loads before that are ``unrounded_load``."""
    _permits.refuse_precision(decided, settings.target(decided), days, settings.precision)
    shared = allocation.allocate(response, headroom, decided, settings.target, settings.compose)
    whole = _permits.rounded(shared, response, headroom, decided, settings.precision)
    return whole.assign(unrounded_load=shared["permitted_load"])


def _silent(message: str) -> None:
    """Say nothing: the library does not print."""


def _read(folder: Path) -> tuple[_settings.Settings, dict[str, pd.DataFrame], _checks.Study]:
    """Read settings and tables and check them; periods left open are filled in."""
    if not folder.is_dir():
        right = "a folder with study.toml"
        fault = Fault(str(folder), None, "folder", None, "is no folder", right)
        return _settings.Settings(), {}, _checks.Study([fault])
    settings, faults = _settings.read(folder)
    tables, reading = io.read_study_tables(folder)
    checked = _checks.judged(tables, settings.pollutants or None, reading, settings.decided)
    checked.faults[:0] = faults
    if "periods" in tables and tables["periods"]["days"].sum() > _YEAR:
        right = "one year: an annual permit is what may leave in any 12 consecutive months"
        checked.faults.append(
            Fault("periods.csv", None, "days", None, "sum to more than a year", right)
        )
    if not checked.faults:
        tables = {n: tables.get(n, _frames.complete(None, n)) for n in TABLES}
        periods = tables["periods"]["period"].tolist()
        for name in ("inflow", "source_loads"):
            tables[name] = io.expand_periods(tables[name], periods)
    return settings, tables, checked


def _stated(water: xr.Dataset, tables: Tables) -> xr.Dataset:
    """Hydraulics with the water's temperature, dispersion and depth where they are stated."""
    temperature = tables["periods"]["temperature"]
    if temperature.notna().all():
        water = water.assign(temperature=("period", temperature.to_numpy(float)))
    flows = tables["flows"].set_index(["reach", "period"])
    for name, needed in (("dispersion", flows["dispersion"].notna().any()),
                         ("depth", flows["depth"].notna().all())):  # fmt: skip
        if needed:
            stated = flows[name].fillna(0.0).to_xarray()
            stated = stated.sel(reach=water["reach"].values, period=water["period"].values)
            water[name] = stated.drop_vars("period")
    return water


class _Model:
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

    def with_decay(self, factor: float) -> _Model:
        """Build the same model with every decay multiplied by a factor."""
        rates = self.tables["kinetics"]
        tables = {**self.tables, "kinetics": rates.assign(decay=factor * rates["decay"])}
        return _Model(self.network, self.water, tables, self.pollutants)

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


def _by_unit(model: _Model, load: xr.DataArray, datasets: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Sum the study by control unit, with the works as they are and as they are planned.

    Water that leads to no section has no unit: then there are none, and the permits stand.
    """
    try:
        stretches = model.network.control_units(model.sections, districts=model.tables["districts"])
    except DataError:
        return _units.none(datasets["capacity"])
    later = _units.planned(load, model.tables)
    after = None
    if later is not None:
        after = model.at_outlets(later), model.steady(model.at_outlets(later))
    present = model.at_outlets(load)
    return _units.by_unit(model.network, model.tables, stretches, datasets, present, after)


def _capacity_at(
    model: _Model, factor: float, kept: xr.DataArray, given: tuple[xr.Dataset, xr.Dataset],
    settings: _settings.Settings,
) -> xr.Dataset:  # fmt: skip
    """Capacity with every decay multiplied by a factor; ``given`` are limits and decided loads."""
    (limits, decided), other = given, model.with_decay(factor)
    response = other.response(np.unique(decided["outlet"].values))
    headroom = capacity.headroom(limits, other.steady(kept), settings.margin_of_safety)
    return capacity.network(response, headroom, _bounds(decided, response))


def _outlets(response: xr.Dataset) -> pd.DataFrame:
    """Outlets of a response, as a table."""
    return pd.DataFrame({"outlet": response["outlet"].values})


def _bounds(decided: xr.Dataset, response: xr.Dataset) -> xr.Dataset:
    """Floors and ceilings of the decided sources, summed at their outlets."""
    outlets, ends = _outlets(response), ("floor", "ceiling")
    return xr.Dataset({n: sources.by_outlet(decided[n], outlets).rename(n) for n in ends})
