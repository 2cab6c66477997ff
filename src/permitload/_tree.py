"""The tree of a study: capacity of one section shared down to classes, sectors, enterprises."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from permitload import allocation, sharing
from permitload._frames import fault_at, listed
from permitload._targets import tree
from permitload.errors import Fault, InfeasibleError

if TYPE_CHECKING:
    from permitload._outcome import Outcome
    from permitload._settings import Settings

__all__ = ["equipped", "faults", "of", "splits", "tables"]

Tables = Mapping[str, pd.DataFrame]
Splits = dict[tuple[str, str], pd.DataFrame]

LEVELS = ("source_class", "sector", "enterprise")
"""Branches from the root down; the leaves are sources."""
_ROOT = ("", "", "")
_FILE = "study.toml"
_DIGITS = 12
"""Decimals of a share that are no noise."""
_SHOWN = ["tree_weight", "floor", "ceiling", "equivalent", "level", "stopped_by", "equal_parts",
          "delivery_ratio", "leaf_target", "surplus"]  # fmt: skip


def faults(tables: Tables, settings: Settings) -> list[Fault]:
    """Find branches that no decided source stands on, and what the tree of a study lacks."""
    stated = tables["tree"]
    if settings.target is not tree:
        right = "the target tree, or no row"
        found = [Fault("tree.csv", None, "rows", None, "are read for another target", right)]
        section = Fault(_FILE, "allocation", "section", settings.section, "is read for the tree",
                        "the target tree, or no section")  # fmt: skip
        return found * (not stated.empty) + [section] * bool(settings.section)
    found = []
    sections = tables["sections"]["section"].tolist()
    if settings.section not in sections and (settings.section or len(sections) > 1):
        problem = "is unknown" if settings.section else "is missing"
        right = f"one of {listed(sections)}, whose capacity the tree shares"
        found.append(
            Fault(_FILE, "allocation", "section", settings.section or None, problem, right)
        )
    placed = tables["sources"]
    mine = placed[placed["source_class"].isin(settings.decided)]
    known = {branch for row in mine[list(LEVELS)].to_numpy() for branch in _branches(*row)}
    right = "source_class, sector and enterprise of a decided source, or the first of them"
    found += [
        fault_at(stated, "tree", k, "source_class", "has no such branch", right)
        for k, row in enumerate(stated[list(LEVELS)].to_numpy())
        if tuple(row) not in known
    ]
    right = "at most the ceiling"
    found += [
        fault_at(stated, "tree", int(k), "floor", "exceeds the ceiling", right)
        for k in np.flatnonzero(stated["floor"] > stated["ceiling"])
    ]
    return found + _potential_faults(stated, sorted({*mine["source_class"]}))


def _potential_faults(stated: pd.DataFrame, classes: list[str]) -> list[Fault]:
    """Potentials of what is no class, or of some classes only."""
    given = stated["reduction_potential"].notna()
    inner = given & ((stated["sector"] != "") | (stated["enterprise"] != ""))
    right = "a potential of the whole source class: sector and enterprise empty"
    found = [
        fault_at(stated, "tree", int(k), "reduction_potential", "is not of a class", right)
        for k in np.flatnonzero(inner)
    ]
    some = stated[given & ~inner]
    for pollutant, rows in some.groupby("pollutant", sort=False):
        all_of_them = some[some["pollutant"].isin([pollutant, ""])]["source_class"]
        if lost := sorted({*classes} - {*all_of_them}):
            k = int(stated.index.get_indexer(rows.index[:1])[0])
            right = f"one of each class, {listed(lost)} too: cuts are shared by all of them"
            found.append(fault_at(stated, "tree", k, "reduction_potential", "stands alone", right))
    return found


def equipped(
    decided: xr.Dataset, response: xr.Dataset, headroom: xr.DataArray, tables: Tables,
    settings: Settings,
) -> xr.Dataset:  # fmt: skip
    """Give the decided sources the loads of the tree, where the tree is the study's target.

    A source that does not reach the section in a period has no place in the tree of that period:
    its target is its present load.
    """
    if settings.target is not tree:
        return decided
    found = allocation.present_load(decided).reset_coords(drop=True).copy()
    parts = splits(decided, response, headroom, tables, settings)
    for (pollutant, period), part in parts.items():
        leaves = part[part["source"] != ""].set_index("source")["leaf_target"]
        at = {"source": leaves.index.to_numpy(), "pollutant": pollutant, "period": period}
        found.loc[at] = leaves.to_numpy()
    return decided.assign(leaf_target=found.rename("leaf_target"))


def splits(
    decided: xr.Dataset, response: xr.Dataset, headroom: xr.DataArray, tables: Tables,
    settings: Settings,
) -> Splits:  # fmt: skip
    """Share the section's capacity down the tree, by pollutant and period.

    What is shared is the headroom times the flow that a response rests on, ``headroom ×
    delivery_ratio / response``, the same for every source that reaches the section [kg/d].

    Returns
    -------
    dict of DataFrame
        By (pollutant, period): the columns of :func:`allocation.split`, and of :func:`table`.
    """
    section = settings.section or str(tables["sections"]["section"].iloc[0])
    outlet = decided["outlet"].values
    here = response[["response", "delivery_ratio"]].sel(section=section, outlet=outlet)
    room = headroom.sel(section=section).clip(0.0)
    found = {}
    for pollutant in decided["pollutant"].values:
        stated = _stated(tables["tree"], str(pollutant))
        for period in decided["period"].values:
            at = {"pollutant": pollutant, "period": period}
            gain, ratio = (here[name].sel(at).values for name in ("response", "delivery_ratio"))
            reached = np.flatnonzero(gain > 0.0)
            if not len(reached):
                continue
            total = room.sel(indicator=pollutant, period=period).item()
            total *= ratio[reached[0]] / gain[reached[0]]
            leaves = decided.sel(at).isel(source=reached)
            # floors beyond it are refused where the rows stand together, with what contradicts what
            total = max(total, math.fsum(leaves["floor"].values * ratio[reached]))
            nodes = _nodes(leaves.assign(delivery_ratio=("source", ratio[reached])), stated, total)
            found[str(pollutant), str(period)] = _shared(nodes, total, f"{pollutant}, {period}")
    return found


def of(outcome: Outcome) -> Splits:
    """Find the trees of a run again, from its Datasets."""
    found = outcome.datasets
    return splits(
        found["sources"], found["response"], found["limits"]["headroom"], outcome.tables,
        outcome.settings,
    )  # fmt: skip


def _stated(rows: pd.DataFrame, pollutant: str) -> pd.DataFrame:
    """Rows of one pollutant by branch; those of all pollutants where it has none of its own."""
    mine = rows[rows["pollutant"].isin([pollutant, ""])]
    mine = mine.sort_values("pollutant", kind="stable").drop_duplicates([*LEVELS], keep="last")
    return mine.set_index([*LEVELS])


def _branches(source_class: str, sector: str, enterprise: str) -> list[tuple[str, str, str]]:
    """Branches that a source stands on, from its class down."""
    found = [(source_class, "", "")]
    found += [(source_class, sector, "")] if sector else []
    return found + ([(source_class, sector, enterprise)] if enterprise else [])


def _nodes(leaves: xr.Dataset, stated: pd.DataFrame, total: float) -> pd.DataFrame:
    """Rows of one tree: a branch weighs the sum of its present loads at the section times κ."""
    below: dict[tuple[str, str, str], list[float]] = {_ROOT: []}
    above = {_ROOT: ""}
    rows = []
    columns = [leaves[name].values for name in (*LEVELS, "source", "source_load", "floor",
                                                "ceiling", "delivery_ratio")]  # fmt: skip
    for *levels, source, load, floor, ceiling, ratio in zip(*columns, strict=True):
        branches = [_ROOT, *_branches(*map(str, levels))]
        for parent, branch in pairwise(branches):
            above[branch] = _label(parent)
            below.setdefault(branch, []).append(load * ratio)
        rows.append((*branches[-1], str(source), str(source), _label(branches[-1]), load, floor,
                     ceiling, ratio))  # fmt: skip
    names = [*LEVELS, "source", "node", "parent", "weight", "floor", "ceiling", "delivery_ratio"]
    inner = [
        (*key, "", _label(key), above[key], math.fsum(loads), np.nan, np.nan, np.nan)
        for key, loads in below.items()
    ]
    table = pd.DataFrame([*inner, *rows], columns=names)
    return _weighted(table, stated, total)


def _label(branch: tuple[str, str, str]) -> str:
    """Name of a branch in its tree; that of the root is two strokes."""
    return "/".join(branch)


def _weighted(nodes: pd.DataFrame, stated: pd.DataFrame, total: float) -> pd.DataFrame:
    """Put what is stated of the branches into their rows."""
    inner = nodes["source"] == ""
    own = stated.reindex(pd.MultiIndex.from_frame(nodes.loc[inner, [*LEVELS]]))
    weight = nodes.loc[inner, "weight"].to_numpy(copy=True)
    potential = own["reduction_potential"].to_numpy(float)
    cut = ~np.isnan(potential)
    if cut.any():
        able = np.where(cut, np.nan_to_num(potential), 0.0)[cut] * weight[cut]
        owed = max(math.fsum(weight[cut]) - total, 0.0)
        owed = min(owed, math.fsum(weight[cut][able > 0.0]))
        weight[cut] -= sharing.capped_proportional(owed, able, 0.0, weight[cut])
    given = own["tree_weight"].to_numpy(float)
    factor = own["adjustment_coefficient"].fillna(1.0).to_numpy(float)
    weight = np.where(np.isnan(given), weight, given) * factor
    weight[nodes.loc[inner, "parent"] == ""] = np.nan
    nodes.loc[inner, "weight"] = weight
    for name in ("floor", "ceiling"):
        nodes.loc[inner, name] = own[name].to_numpy(float)
    return nodes


def _shared(nodes: pd.DataFrame, total: float, where: str) -> pd.DataFrame:
    """Split the total; what shares in equal parts is marked in the table, not warned of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found = allocation.split(nodes, total)
    except InfeasibleError as error:
        raise InfeasibleError(f"tree, {where}: {error}", error.relaxation) from None
    shown = found.rename(columns={"weight": "tree_weight", "target": "leaf_target"})
    return nodes[[*LEVELS, "source"]].join(found).join(shown[["tree_weight", "leaf_target"]])


def tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Tables ``tree`` and ``distortion`` of a study whose target is the tree."""
    if outcome.settings.target is not tree:
        return {}
    found = outcome.datasets
    return {"tree": table(of(outcome)),
            "distortion": distorted(found["allocation"], tree(found["sources"]))}  # fmt: skip


def table(parts: Splits) -> pd.DataFrame:
    """Every branch and leaf of every tree: what it weighs, its bounds, its share, what stopped it.

    Numbers are at the section [kg/d], ``leaf_target`` at the outlet.
    """
    rows = [
        part.assign(pollutant=pollutant, period=period, ceiling=part["ceiling"].where(
            np.isfinite(part["ceiling"])))
        for (pollutant, period), part in parts.items()
    ]  # fmt: skip
    names = ["pollutant", "period", *LEVELS, "source", *_SHOWN]
    if not rows:
        return pd.DataFrame(columns=names)
    found = pd.concat(rows, ignore_index=True)[names]
    root = (found["source_class"] == "") & (found["source"] == "")
    return found.assign(surplus=found["surplus"].where(root))


def distorted(shared: xr.Dataset, target: xr.DataArray) -> pd.DataFrame:
    """How far rows and bounds move the loads from the leaves of the tree, by what moved them."""
    loads = shared.get("unrounded_load", shared["permitted_load"])
    found = allocation.distortion(shared.assign(permitted_load=loads), target)
    return found.assign(distortion=found["distortion"].round(_DIGITS))
