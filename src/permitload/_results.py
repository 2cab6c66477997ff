"""Results of a study: tables, Datasets, figures, report, manifest; whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from permitload import (
    _manifest,
    _monthly,
    _nonpoint,
    _permits,
    _provenance,
    _reliability,
    _rules,
    _technical,
    _tiered,
    _traded,
    _tree,
    _works,
    io,
    sources,
)
from permitload.errors import DataError, Fault, raise_faults
from permitload.units import DAYS_PER_YEAR, tonnes

if TYPE_CHECKING:
    from permitload._outcome import Outcome

KEYS = {
    "permits": ("source", "pollutant"),
    "permits_monthly": ("source", "pollutant", "period"),
    "rules": ("source", "pollutant", "rule"),
    "fairness": ("pollutant", "rule"),
    "measures": ("source", "rule"),
    "prices": ("section", "pollutant", "period"),
    "counterfactuals": ("source", "pollutant", "period"),
    "groups": ("group", "pollutant"),
    "capacity": ("pollutant", "period"),
    "sections": ("section", "indicator", "period"),
    "flow_check": ("reach", "period"),
    "closure": ("section", "indicator", "period"),
    "sensitivity": ("pollutant", "period", "decay_factor"),
    "points": ("point", "pollutant", "period"),
    "owed": ("section", "pollutant", "period"),
    "cuts": ("outlet", "pollutant", "period"),
    "upstream": ("pollutant", "period"),
    "upstream_rise": ("section", "pollutant", "period"),
    "alternatives": ("alternative", "pollutant", "period"),
    "units": ("control_unit", "pollutant"),
    "units_monthly": ("control_unit", "pollutant", "period"),
    "balance": ("term", "pollutant", "period"),
    "tree": ("pollutant", "period", "source_class", "sector", "enterprise", "source"),
    "distortion": ("pollutant", "period", "stopped_by"),
    "reliability": ("section", "pollutant", "period"),
    "contributions": ("section", "source_class", "pollutant", "period"),
    "derived": ("source", "pollutant", "period"),
    "activities": ("source", "activity", "pollutant"),
    "works": ("works", "pollutant", "period"),
    "provenance": ("source", "pollutant", "period", "step", "quantity", "subject"),
    **_technical.KEYS,
    **_tiered.KEYS,
    **_monthly.KEYS,
    **_traded.KEYS,
}
"""Published tables, and what names a row of each."""
_PERMITS = ["enterprise", "source", "pollutant", "permitted_load", "permit", "stopped_by",
            "source_load", "ceiling", "accepted_load", "permit_worst", "sector", "outlet",
            "works"]  # fmt: skip
_MONTHLY = ["enterprise", "source", "pollutant", "period", "permitted_load", "permit_mass",
            "stopped_by", "level", "source_load", "ceiling", "accepted_load", "sector",
            "outlet", "works"]  # fmt: skip
_CLOSURE = ["present_concentration", "observed", "observed_lower", "observed_upper", "samples",
            "difference", "relative_error", "flow", "unexplained_load", "remaining_capacity",
            "agreement", "calibrated"]  # fmt: skip
_UNITS = ["capacity", "annual_sum", "annual_worst", "source_load", "capacity_use",
          "worst_period", "worst_use", "whole_load", "land_area", "load_density", "stopped_by",
          "present_share", "planned_load", "planned_share", "calibrated"]  # fmt: skip
_UNITS_MONTHLY = ["capacity", "source_load", "capacity_use", "whole_load", "stopped_by",
                  "attained", "planned_load", "planned_attained", "calibrated"]  # fmt: skip
_CONTRIBUTIONS = ["contribution", "contribution_share", "contribution_deviation",
                  "contribution_lower", "contribution_upper"]  # fmt: skip
_POINTS = ["total", "binding", "status", "calibrated"]
_OWED = ["spare", "cut_owed", "own_part", "other_part", "upstream_part", "able", "met_by",
         "calibrated"]  # fmt: skip
_ALTERNATIVES = ["total", "change", "equal_ratio", "max_min", "present_scaled", "source_load",
                 "binding", "owing", "status", "calibrated", "not_calibrated"]  # fmt: skip


def refuse_target(root: Path, target: Path) -> None:
    """Refuse to replace anything that is not a results folder, before work is done."""
    faults = []
    inputs = root.resolve()
    if target.resolve() == inputs or inputs.is_relative_to(target.resolve()):
        faults.append(Fault(str(target), None, "out", None, "holds the study itself",
                            "a folder of its own"))  # fmt: skip
    elif target.is_symlink() or (target.exists() and not target.is_dir()):
        faults.append(Fault(str(target), None, "out", None, "is no folder", "a folder"))
    elif target.is_dir() and any(target.iterdir()) and not _is_results(target):
        faults.append(Fault(str(target), None, "out", None,
                            "is not empty and holds something else than results",
                            "an empty folder, or former results and nothing else"))  # fmt: skip
    elif not target.resolve().parent.is_dir():
        faults.append(Fault(str(target), None, "out", None, "has no parent folder",
                            "a folder in one that exists"))  # fmt: skip
    raise_faults(faults)


def _is_results(folder: Path) -> bool:
    """Whether a folder holds what a run writes, and nothing else."""
    try:
        manifest = json.loads((folder / _manifest.NAME).read_text("utf8"))
    except (OSError, ValueError, RecursionError):
        return False
    known = {"inputs", "versions", "options", "files"}
    if not isinstance(manifest, dict) or not known <= set(manifest):
        return False
    if not isinstance(manifest["files"], dict | list):
        return False
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    return found <= {_manifest.NAME, *map(str, manifest["files"])}


def write(outcome: Outcome, root: Path, target: Path, say: Callable[[str], None]) -> Path:
    """Write everything beside the target, then put it in its place."""
    home = target.resolve().parent
    try:
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=home))
    except OSError as error:
        problem = f"cannot be written: {error.strerror}"
        right = "a folder that can be written"
        raise DataError([Fault(str(target), None, "out", None, problem, right)]) from error
    try:
        work.chmod(0o755)
        inputs = _manifest.inputs(root)
        manifest = produce(outcome, work, inputs, _manifest.versions(), say)
        manifest["study"] = _manifest.way(target, root)
        manifest["files"] = {
            p.relative_to(work).as_posix(): _manifest.digest(p)
            for p in sorted(work.rglob("*"))
            if p.is_file()
        }
        _manifest.write(manifest, work)
        _put(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def produce(
    outcome: Outcome, work: Path, inputs: Mapping[str, str], versions: Mapping[str, str],
    say: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Write every file but the manifest, and return what the manifest says of the run."""
    say("tables")
    tables = result_tables(outcome)
    for name, table in tables.items():
        io.write_table(table, work / f"{name}.csv")
    say("Datasets")
    for name, dataset in outcome.datasets.items():
        io.write_dataset(dataset, work / f"{name}.nc")
    manifest = _manifest.describe(outcome, tables, inputs, versions)
    say("figures and report")
    _illustrate(outcome, tables, manifest, work)
    return manifest


def _put(work: Path, target: Path) -> None:
    """Move the finished folder to its place; former results stay if that fails."""
    former = None
    if target.exists():
        former = Path(tempfile.mkdtemp(prefix=f".{target.name}-former-", dir=work.parent))
        target.rename(former / "results")
    try:
        work.rename(target)
    except OSError:
        if former is not None:
            (former / "results").rename(target)
        raise
    finally:
        if former is not None:
            shutil.rmtree(former, ignore_errors=True)


def result_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Tables that are published: permits and how they came about, capacity, sections, balance."""
    found = outcome.datasets
    annual, monthly = _permits.permit_table(
        found["allocation"], found["sources"], outcome.tables["works"], outcome.settings
    )
    monthly = monthly.rename(columns={"permit": "permit_mass"})
    technical = _technical.tables(outcome.tables)
    return {
        "permits": annual[_PERMITS],
        "permits_monthly": monthly[_MONTHLY],
        **_groups(outcome, annual),
        "capacity": _capacity(outcome),
        "sections": _sections(outcome),
        "closure": _columns(found["closure"], _CLOSURE),
        "sensitivity": _columns(found["sensitivity"]),
        "points": _columns(found["points"], _POINTS),
        "owed": _columns(found["owed"], _OWED),
        "cuts": _cuts(found),
        **_optional(found),
        **_other_sources(outcome),
        **_rules.tables(outcome.settings, found, annual),
        **_tree.tables(outcome),
        "units": _columns(found["units"], _UNITS),
        "units_monthly": _columns(found["units_monthly"], _UNITS_MONTHLY),
        "balance": _balance(outcome),
        "provenance": _provenance.table(outcome, monthly, annual),
        **technical,
        **_technical.by_unit(technical, outcome),
        **_tiered.tables(outcome),
        **_monthly.tables(found),
        **_traded.tables(found, outcome.tables),
    }


def _groups(outcome: Outcome, annual: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Permits of each group, its total of the year, and which of several totals that is."""
    found, groups = outcome.datasets["sources"], outcome.tables["groups"]
    if groups.empty:
        return {}
    table = groups[["group", "source"]].merge(annual[["source", "pollutant", "permit"]], "left")
    sums = table.groupby(["group", "pollutant"])["permit"].sum().round(9)
    names = ["annual_total", "total_component"]
    limits = found[names].to_dataframe().reset_index()
    held = np.isfinite(limits["annual_total"])
    limits = limits.assign(annual_total=limits["annual_total"].where(held))
    limits["permit"] = sums.reindex(pd.MultiIndex.from_frame(limits[["group", "pollutant"]]),
                                    fill_value=0.0).to_numpy()  # fmt: skip
    limits["annual_spare"] = limits["annual_total"] - limits["permit"]
    columns = ["group", "pollutant", "permit", *names, "annual_spare"]
    keyed = limits[columns].set_index(["group", "pollutant"])
    return {"groups": _long(keyed, found)}


def _columns(dataset: xr.Dataset, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Variables of a Dataset, those of ``names`` that it has, as a table."""
    known = dataset.data_vars if names is None else [name for name in names if name in dataset]
    some = dataset[list(known)].reset_coords(drop=True)
    return _long(some.to_dataframe(), some)


def _cuts(found: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Outlets that give something up where a cut is owed, and how much."""
    loads = sources.by_outlet(
        found["sources"]["source_load"],
        pd.DataFrame({"outlet": found["response"]["outlet"].values}),
    )
    cuts = found["owed"][["cut_load"]].assign(source_load=loads)
    table = _columns(cuts.assign(calibrated=found["points"]["calibrated"]))
    return table[table["cut_load"] > 0.0].reset_index(drop=True)


def _optional(found: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Tables of what not every study states: targets of boundary water, alternatives."""
    tables = {}
    if "upstream" in found:
        both = found["upstream"]
        names = ("at_target", "measured")
        totals = {f"total_{n}": both["total"].sel(alternative=n, drop=True) for n in names}
        table = both[["upstream_share", "calibrated"]].assign(totals)
        tables["upstream"] = _columns(table, [*totals, "upstream_share", "calibrated"])
        tables["upstream_rise"] = _columns(both, ["upstream_rise"])
    if "reliability" in found:
        tables["reliability"] = _reliability.table(found["reliability"])
    if "flow_check" in found:
        table = _columns(found["flow_check"])
        tables["flow_check"] = table[table["stated_flow"].notna()].reset_index(drop=True)
    if "alternatives" in found:
        tables["alternatives"] = _columns(found["alternatives"], _ALTERNATIVES)
    return tables


def _other_sources(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Tables of loads that follow from others, of who makes a concentration, of works' records."""
    found, tables = outcome.datasets, {}
    derived = _nonpoint.derived(outcome.tables)
    if len(derived):
        tables["derived"] = derived
    if len(outcome.tables["activities"]):
        tables["activities"] = _nonpoint.by_activity(outcome.tables)
    if len(outcome.tables["works_days"]):
        tables["works"] = _works.table(outcome.tables)
    if "contributions" in found:
        tables["contributions"] = _columns(found["contributions"], _CONTRIBUTIONS)
    return tables


def _capacity(outcome: Outcome) -> pd.DataFrame:
    """Best totals by period, and what they make of a year on both bases."""
    found = outcome.datasets["capacity"]
    rate = found["total"]
    mass = tonnes(rate, rate["days"])
    whole = mass.sum("period"), tonnes(rate.min("period"), DAYS_PER_YEAR)
    columns = {
        "total": rate, "status": found["status"], "capacity_mass": mass,
        "annual_sum": whole[0], "annual_worst": whole[1],
        "annual_limit": outcome.settings.annual(*whole),
        "calibrated": found["calibrated"], "not_calibrated": found["not_calibrated"],
    }  # fmt: skip
    frame = xr.Dataset({name: array.reset_coords(drop=True) for name, array in columns.items()})
    return _long(frame.to_dataframe(dim_order=list(rate.dims)), rate)


def _long(frame: pd.DataFrame, like: xr.Dataset | xr.DataArray) -> pd.DataFrame:
    """Rows sorted by the order of the Dataset's labels."""
    table = frame.reset_index()
    keys = [name for name in table.columns if name in like.dims]
    order = {k: {label: i for i, label in enumerate(like[k].values)} for k in keys}
    return table.sort_values(keys, key=lambda c: c.map(order[c.name])).reset_index(drop=True)


def _sections(outcome: Outcome) -> pd.DataFrame:
    """Limits, background, headroom, price and the concentration with the permits."""
    found = outcome.datasets
    limit = found["limits"]["limit"]
    allowed = limit * (1.0 - outcome.settings.margin_of_safety)
    table = _permits.verified(
        outcome.tables["sections"], found["permitted"], found["background"], allowed,
        found["sources"].sizes["source"],
    )  # fmt: skip
    keys = ["section", "indicator", "period"]
    extra = {"limit": limit, "headroom": found["limits"]["headroom"]}
    extra["calibrated"] = found["closure"]["calibrated"]
    extra |= {
        name: found["capacity"][name].rename(pollutant="indicator")
        for name in ("shadow_price", "price_lower", "price_upper")
    }
    for name, array in extra.items():
        column = array.reset_coords(drop=True).rename(name).to_dataframe().reset_index()
        table = table.merge(column[[*keys, name]], on=keys, validate="1:1")
    # a bound of the price that no headroom reaches stays empty
    for name in ("price_lower", "price_upper"):
        table[name] = table[name].where(np.isfinite(table[name]))
    return _long(table.set_index(keys), limit)


def _balance(outcome: Outcome) -> pd.DataFrame:
    """Mass ledger of the permitted state."""
    ledger = outcome.datasets["permitted"]["ledger"].reset_coords(drop=True)
    return _long(ledger.to_dataframe(), ledger)


def _illustrate(
    outcome: Outcome, tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any], work: Path
) -> None:
    """Write the self-contained report, and its figures one by one."""
    from permitload import _pages, report

    page = _pages.page(outcome, tables, manifest)
    (work / "report.html").write_text(report.render(page), "utf8", newline="\n")
    for kind, pictures in page.figures.items():
        for caption, picture in pictures.items():
            (work / "figures").mkdir(exist_ok=True)
            label = re.sub(r"[^\w.-]", "_", caption.split(",")[0])
            (work / "figures" / f"{kind}_{label}.png").write_bytes(picture)
