"""The published provenance of permits: what :func:`allocation.explain` finds, tied to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload import _decided, _reliability, _targets, _tree, allocation, capacity
from permitload.schema import VARIABLES
from permitload.units import flux

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from permitload._outcome import Outcome

_KEYS = ["source", "pollutant", "period"]
_STEPS = ("input", "tree", "claim", "level", "stop", "alone", "granted", "rounding", "permit",
          "year")  # fmt: skip
"""Steps of a permit, in order."""
_COLUMNS = [*_KEYS, "step", "quantity", "value", "unit", "subject", "reference"]


def table(outcome: Outcome, monthly: pd.DataFrame, annual: pd.DataFrame) -> pd.DataFrame:
    """Rows of every permit in ``monthly``, in its order, with the file and line of each input."""
    found, settings = outcome.datasets, outcome.settings
    explained = allocation.explain(
        found["allocation"], *_reliability.standing(found), found["sources"], settings.target,
        settings.precision,
    )  # fmt: skip
    given = _given(outcome, monthly)
    parts = [_laws(given), *_bases(outcome, monthly), *_branches(outcome), explained,
             _alone(outcome)]  # fmt: skip
    if settings.annual is not capacity.sum_of_periods:
        explained["quantity"] = explained["quantity"].mask(
            explained["step"] == "year", "annual_sum"
        )
        parts += [_bounded(annual, name) for name in ("permit_worst", "permit")]
    rows = pd.concat(parts, ignore_index=True)
    place = _place(rows, monthly)
    rank = rows["step"].map({step: k for k, step in enumerate(_STEPS)}).to_numpy()
    order = np.lexsort((rank, place))
    order = order[place[order] >= 0]
    rows = rows.iloc[order].reset_index(drop=True)
    return rows.assign(reference=_references(rows, given, outcome))[_COLUMNS]


def _bounded(annual: pd.DataFrame, name: str) -> pd.DataFrame:
    """One number of the annual permits, where it is more than the sum of the periods."""
    return annual[["source", "pollutant"]].assign(
        period="", step="year", quantity=name, value=annual[name], unit="t/a", subject="",
        reference="study.toml, capacity, annual",
    )  # fmt: skip


def _place(rows: pd.DataFrame, monthly: pd.DataFrame) -> NDArray[np.int64]:
    """Find the number of the permit that each row belongs to, -1 for none; the year is last."""
    pairs = monthly[_KEYS[:2]].drop_duplicates()
    periods = pd.Index([*monthly["period"].unique(), ""])
    first = pd.MultiIndex.from_frame(pairs).get_indexer(pd.MultiIndex.from_frame(rows[_KEYS[:2]]))
    place = first * len(periods) + periods.get_indexer(rows["period"])
    return np.where(first < 0, -1, place)


def _given(outcome: Outcome, monthly: pd.DataFrame) -> pd.DataFrame:
    """Gather what the tables of the study state of each permit, and on which line."""
    tables, keys = outcome.tables, monthly[_KEYS]
    loads = tables["source_loads"].rename_axis("line").reset_index()
    given = keys.merge(loads[[*_KEYS, "line", "source_load", "ceiling", "note"]], "left", _KEYS)
    placed = tables["sources"].rename_axis("from").reset_index()
    given = given.merge(placed[["source", "from", "works", "wastewater_flow"]], "left", "source")
    works = tables["works"].rename_axis("law").reset_index()
    law = works[["works", "pollutant", "law", "outlet_concentration"]]
    return given.merge(law, "left", ["works", "pollutant"])


def _laws(given: pd.DataFrame) -> pd.DataFrame:
    """List the law of the works for sources behind one: wastewater_flow × outlet_concentration."""
    behind = given[given["law"].notna()]
    water, out = behind["wastewater_flow"], behind["outlet_concentration"]
    rows = [
        ("wastewater_flow", water, "m3/s", "sources.csv, line " + _line(behind["from"])),
        ("outlet_concentration", out, "mg/L", "works.csv, line " + _line(behind["law"])),
        ("works_law", flux(water, out), "kg/d", "wastewater_flow × outlet_concentration × 86.4"),
    ]
    parts = [
        behind[_KEYS].assign(
            step="input", quantity=name, value=value, unit=unit, subject=behind["works"],
            reference=where,
        )
        for name, value, unit, where in rows
    ]  # fmt: skip
    return pd.concat(parts)


def _bases(outcome: Outcome, monthly: pd.DataFrame) -> list[pd.DataFrame]:
    """List what a target rests on beside the present load, where the study states it."""
    found = outcome.datasets["sources"]
    keys = pd.MultiIndex.from_frame(monthly[_KEYS])
    like, parts = found["source_load"], []
    for name in (name for name in _decided.BASES if name in found):
        values = found[name].broadcast_like(like).transpose(*_KEYS).to_series().reindex(keys)
        parts.append(monthly[_KEYS].assign(
            step="input", quantity=name, value=values.to_numpy(), unit=VARIABLES[name].unit,
            subject="", reference="sources.csv or outlets.csv",
        ).dropna(subset="value"))  # fmt: skip
    return parts


def _branches(outcome: Outcome) -> list[pd.DataFrame]:
    """List what each branch of the tree came to, from the class down to the source."""
    if outcome.settings.target is not _targets.tree:
        return []
    rows = allocation.trace(_tree.of(outcome))
    return [rows.assign(reference=rows["reference"].replace("tree", "tree.csv"))]


def _alone(outcome: Outcome) -> pd.DataFrame:
    """List the most that each source could get if all others stood on their floors."""
    found = outcome.datasets
    most = allocation.alone(*_reliability.standing(found), found["sources"]).rename("value")
    rows = most.reset_coords(drop=True).to_series().reset_index()
    rows = rows[np.isfinite(rows["value"])]
    return rows.assign(step="alone", quantity="alone", unit="kg/d", subject="",
                       reference="allocation.alone: all others on their floors")  # fmt: skip


def _line(numbers: pd.Series[float]) -> pd.Series[str]:
    """Write line numbers."""
    return numbers.astype(int).astype(str)


def _references(rows: pd.DataFrame, given: pd.DataFrame, outcome: Outcome) -> pd.Series[str]:
    """Files instead of the names of arguments; for the loads given, the line that states them."""
    files = {
        "allocation": "allocation.nc",
        "headroom": "sections.csv, headroom",
        "response": "response.nc",
        "target": "study.toml, allocation, target",
        "precision": "study.toml, allocation, precision",
    }
    if "uncertain" in outcome.datasets:
        files |= {"headroom": "uncertain.nc", "response": "uncertain.nc"}
    found = rows["reference"].replace(files)
    compose = outcome.settings.compose
    home = compose.__module__.split(".")[1]
    found = found.mask(rows["step"] == "level", f"{home}.{compose.__name__}")
    found = found.mask((rows["step"] == "input") & (rows["quantity"] == "days"), "periods.csv")
    behind = given["law"].notna()
    line = given["line"]
    here = ("source_loads.csv, line " + _line(line.fillna(0))).where(line.notna(), "")
    # a load that follows from other tables has no line: its note names their rows
    here = here.mask(line < 0, given["note"])
    own = pd.Series(np.where(behind, "works_law, above", "source_load, above"), given.index)
    stated = {
        "source_load": here.where(given["source_load"].notna(), own.where(behind, "no row")),
        "floor": here,
        "ceiling": here.where(given["ceiling"].notna(), own),
    }
    stated |= dict.fromkeys(("generated_load", "benchmark_load"), here)
    place = pd.MultiIndex.from_frame(given[_KEYS])
    for name, where in stated.items():
        mine = (rows["step"] == "input") & (rows["quantity"] == name)
        at = place.get_indexer(pd.MultiIndex.from_frame(rows.loc[mine, _KEYS]))
        found[mine] = where.to_numpy()[at]
    return _of_bounds(_of_groups(found, rows, outcome), rows, outcome)


def _of_groups(found: pd.Series[str], rows: pd.DataFrame, outcome: Outcome) -> pd.Series[str]:
    """Name the line of the limit of a group that stopped a source, and the part that it is."""
    limits = outcome.tables["group_limits"]
    lines = dict(zip(zip(limits["group"], limits["pollutant"], limits["period"], strict=True),
                     limits.index, strict=True))  # fmt: skip
    least = outcome.datasets["sources"].get("total_component")
    parts = {} if least is None else least.to_series().to_dict()
    mine = np.flatnonzero(rows["quantity"].isin(["group_limit", "annual_total"]))
    words = []
    for name, label, pollutant, period in rows[
        ["quantity", "subject", "pollutant", "period"]
    ].iloc[mine].to_numpy():  # fmt: skip
        yearly = name == "annual_total"
        group = label.removesuffix(" (year)") if yearly else label
        own = None if yearly else lines.get((group, pollutant, period))
        line = own or lines[group, pollutant, ""]
        part = parts.get((group, pollutant), "") if yearly else ""
        stated = f"group_limits.csv, line {line}" + (f", {part}" if part else "")
        words.append(limits.loc[line, "note"] if line < 0 else stated)
    found.iloc[mine] = words
    return found


def _of_bounds(found: pd.Series[str], rows: pd.DataFrame, outcome: Outcome) -> pd.Series[str]:
    """Name the line of the floor or ceiling that holds, where it has a name."""
    bounds, sources = outcome.tables["source_bounds"], outcome.datasets["sources"]
    keys = zip(*(bounds[name] for name in (*_KEYS, "component")), strict=True)
    lines = dict(zip(keys, bounds.index, strict=True))
    for side in ("floor", "ceiling") if lines else ():
        names = sources[f"{side}_component"].to_series()
        mine = (rows["step"] == "input") & (rows["quantity"] == side)
        held = names.reorder_levels(_KEYS).reindex(pd.MultiIndex.from_frame(rows.loc[mine, _KEYS]))
        for at, (key, name) in zip(np.flatnonzero(mine), held.items(), strict=True):
            if name:
                line = lines.get((*key, name)) or lines[(*key[:2], "", name)]
                stated = f"source_bounds.csv, line {line}, {name}"
                # what follows from other tables has no line: its note names them
                found.iloc[at] = bounds.loc[line, "note"] if line < 0 else stated
    return found
