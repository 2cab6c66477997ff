"""A study is a folder of tables: check it, run it, verify what it published.

The chain: flows, given or computed → quality of the background → response of the sections →
headroom → capacity → allocation → rounding → the permits put back into the full model. No
science here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from permitload import (
    _alternatives,
    _beside,
    _checks,
    _closure,
    _contributions,
    _decided,
    _frames,
    _model,
    _monthly,
    _monthly_checks,
    _nonpoint,
    _permits,
    _reliability,
    _results,
    _rules,
    _settings,
    _technical,
    _technical_rows,
    _tiered,
    _traded,
    _tree,
    _units,
    _verify,
    _works,
    allocation,
    capacity,
    io,
    quality,
)
from permitload._outcome import Outcome
from permitload._verify import Verification
from permitload.errors import Fault, InfeasibleError, raise_faults

__all__ = ["Outcome", "Verification", "check", "run", "solve", "verify"]

_YEAR = 366.5
"""More days than any year has."""

_BESIDE = "scenario"
"""Dimension of what is solved together."""

Progress = Callable[[str], None]
Tables = Mapping[str, pd.DataFrame]


class _Inputs(NamedTuple):
    """A study as it was read and checked, and its alternatives."""

    settings: _settings.Settings
    tables: dict[str, pd.DataFrame]
    checked: _checks.Study
    alternatives: dict[str, tuple[Tables, _checks.Study]]


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
    return _read(Path(folder)).checked.faults


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
    settings, tables, checked, alternatives = _read(Path(folder))
    raise_faults(checked.faults)
    measured = _model.state(settings, tables, checked)
    state = measured.bounded(settings)
    model, limits = state.model, state.limits
    decided = _decided.equipped(state.decided, tables, settings)
    say("background quality")
    backgrounds, present = _qualities(measured, state)
    say("response of the sections")
    every = model.response(np.unique(state.given["outlet"].values))
    response = every.sel(outlet=state.places)
    say("capacity")
    margin = settings.margin_of_safety
    headroom = capacity.headroom(limits, backgrounds[-1], margin)
    decided = _tree.equipped(decided, response, headroom, tables, settings)
    room = _model.Room(response, headroom, state.bounds, state.source_load)
    found = capacity.network(*room[:3])
    say("closure")
    own = capacity.headroom(limits, backgrounds[0], margin)
    closed, stamp = _closure.compared(tables, present, room._replace(headroom=own), settings)
    datasets = {
        "hydraulics": model.water, "background": backgrounds[-1], "present": present,
        "response": response, "capacity": found.assign(stamp), "closure": closed,
        "limits": limits.assign(headroom=headroom, allowed=limits["limit"] * (1.0 - margin)),
        "sources": decided,
    }  # fmt: skip
    datasets |= _contributions.made(every["response"], state.given["source_load"], tables)
    say("points of the set, and what is owed")
    datasets |= _beside.computed(measured, room, settings, (own, closed["calibrated"], stamp))
    say("capacity with other decay")
    datasets["sensitivity"] = _closure.sensitivity(
        lambda factor: state.with_decay(factor).best_total(margin), datasets["capacity"]
    )
    if alternatives:
        say("alternatives")
        datasets["alternatives"] = _alternatives.compared(settings, room, alternatives, datasets)
    say("allocation")
    before = quality.at(tables["sections"], backgrounds[-1]).reset_coords(drop=True)
    given = _reliability.Given(response, headroom, before, decided, settings.target)
    datasets |= _reliability.rows(given, settings.uncertainty)
    rows = _reliability.standing(datasets)
    shared = _shared_out(settings, *rows, decided, model.water["days"])
    say("permits in the full model")
    permitted = _permitted(state, shared, datasets)
    datasets |= {"permitted": permitted, "allocation": shared}
    datasets |= _reliability.sampled(given, settings.uncertainty, datasets)
    say("other rules of sharing")
    under = room._replace(response=rows[0], headroom=rows[1])
    datasets |= _rules.compared(settings, under, decided, shared, tables)
    datasets |= _traded.made(state, datasets, every, settings, tables)
    if len(tables["plans"]):
        say("months")
    datasets |= _monthly.issued(state, datasets, tables, settings.months)
    say("control units")
    datasets |= _units.of_state(measured, room, datasets) | _model.flow_check(model, settings)
    return Outcome(settings, tables, model.network, datasets)


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


def _qualities(
    measured: _model.State, state: _model.State
) -> tuple[tuple[xr.Dataset, xr.Dataset], xr.Dataset]:
    """Backgrounds with boundary water as measured and as it bounds the permits; the present."""
    kept, model = measured.kept, measured.model
    today = kept + model.at_outlets(measured.decided["source_load"])
    labels = pd.Index(["background", "present"], dtype=object, name=_BESIDE)
    both = model.steady(xr.concat([kept, today], labels))
    background, present = (both.sel({_BESIDE: n}, drop=True) for n in both[_BESIDE].values)
    own = background if state is measured else state.model.steady(kept)
    return (background, own), present


def _permitted(
    state: _model.State, shared: xr.Dataset, datasets: Mapping[str, xr.Dataset]
) -> xr.Dataset:
    """Put the permits back into the full model, and refuse those that miss a limit."""
    permits = shared["permitted_load"].assign_coords(outlet=state.decided["outlet"])
    permitted = state.model.steady(state.kept + state.model.at_outlets(permits))
    allowed, background = datasets["limits"]["allowed"], datasets["background"]
    count = state.decided.sizes["source"]
    _permits.verified(state.model.sections, permitted, background, allowed, count)
    return permitted


def _shared_out(
    settings: _settings.Settings, response: xr.Dataset, headroom: xr.DataArray,
    decided: xr.Dataset, days: xr.DataArray,
) -> xr.Dataset:  # fmt: skip
    """Allocate and cut to whole units; the loads before that are ``unrounded_load``."""
    days = days.reset_coords(drop=True)
    _permits.refuse_precision(decided, settings.target(decided), days, settings.precision)
    given = response, headroom, decided
    try:
        shared = allocation.allocate(*given, settings.target, settings.compose)
    except InfeasibleError as error:
        raise _rules.explained(error, *given) from None
    whole = _permits.rounded(shared, *given, settings.precision)
    return whole.assign(unrounded_load=shared["permitted_load"])


def _silent(message: str) -> None:
    """Say nothing: the library does not print."""


def _read(folder: Path) -> _Inputs:
    """Read settings and tables and check them; periods left open are filled in."""
    if not folder.is_dir():
        right = "a folder with study.toml"
        fault = Fault(str(folder), None, "folder", None, "is no folder", right)
        return _Inputs(_settings.Settings(), {}, _checks.Study([fault]), {})
    settings, faults = _settings.read(folder)
    tables, reading = io.read_study_tables(folder)
    given, wrong = _alternatives.read(folder, tables, [name for name, *_ in settings.alternatives])
    booked, checked = _judged(tables, reading, settings)
    checked.faults, every = [*faults, *checked.faults, *wrong], _frames.whole(booked.tables)
    if checked.loads is not None:
        checked.faults += booked.placed(_decided.target_faults(checked.loads, every, settings))
    checked.faults += _tree.faults(every, settings)
    checked.faults += _reliability.faults(every, settings.uncertainty)
    checked.faults += _monthly_checks.faults(every, settings.decided)
    checked.faults += _settings.unused(settings, every) if not faults else []
    if checked.loads is not None and not any(f.table.startswith("tier_") for f in checked.faults):
        of = settings.pollutants, settings.decided, checked.loads, settings.tiers
        checked.faults += _tiered.faults(every, *of)
    if not checked.faults and checked.loads is not None:  # of all periods then
        checked.faults += _technical.faults(_filled(booked.tables))
        checked.faults += _traded.faults(every, checked.loads, settings)
        checked.faults += _tiered.unit_faults(every, checked.network)
    cases: dict[str, tuple[Tables, _checks.Study]] = {}
    # what is wrong with the study itself would be said of each alternative again
    for name, rows in given.items() if not checked.faults else ():
        merged = _alternatives.overlaid(tables, rows)
        laid, case = _judged(merged, (), settings)
        checked.faults += _alternatives.placed(case.faults, name)
        cases[name] = _filled(laid.tables), case
    whole = tables if checked.faults else _filled(booked.tables)
    return _Inputs(settings, whole, checked, cases)


def _judged(
    given: Tables, reading: list[Fault] | tuple[()], settings: _settings.Settings
) -> tuple[_nonpoint.Booked, _checks.Study]:
    """Book the loads that follow from other tables, and check all that a study asks of them."""
    booked = _technical_rows.added(_nonpoint.booked(given, reading), settings, reading)
    tables = booked.tables
    checked = _checks.judged(
        tables, settings.pollutants or None, reading, settings.decided, settings.computed
    )
    checked.faults += booked.faults
    if "works_days" in tables and not reading:
        checked.faults += _works.faults(_frames.whole(tables))
    if "periods" in tables and tables["periods"]["days"].sum() > _YEAR:
        right = "one year: an annual permit is what may leave in any 12 consecutive months"
        checked.faults.append(
            Fault("periods.csv", None, "days", None, "sum to more than a year", right)
        )
    targets = tables["inflow"]["target_concentration"] if "inflow" in tables else pd.Series([])
    if targets.notna().any() and settings.boundaries is None:
        right = "measured or at_target: inflow.csv states a target, and one of them bounds permits"
        checked.faults.append(
            Fault("study.toml", "capacity", "boundaries", None, "is missing", right)
        )
    checked.faults = booked.placed(checked.faults)
    return booked, checked


def _filled(tables: Tables) -> dict[str, pd.DataFrame]:
    """All tables, empty ones where there is none; a row for each period."""
    full = _frames.whole(tables)
    periods = full["periods"]["period"].tolist()
    return full | {n: io.expand_periods(full[n], periods) for n in ("inflow", "source_loads")}
