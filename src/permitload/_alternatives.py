"""Alternatives of a study: folders of rows that differ from it, each computed on its own.

``alternatives/NAME/`` holds tables of the names of the study's. A row replaces the one with its
key, a new key is added; a row without period replaces those of all periods. Nothing that was
computed for the study is carried over: flows, background and response are made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from permitload import _checks, _model, _settings, capacity, io
from permitload._checks.works import law
from permitload.capacity.closure import UNCALIBRATED
from permitload.errors import Fault
from permitload.schema import TABLES, described

__all__ = ["FOLDER", "OWN", "PRESENT", "compared", "folders", "overlaid", "read"]

FOLDER = "alternatives"
PRESENT = "present"
"""Name of the study itself among its alternatives."""
FIXED = ("periods", "districts", "observations", "emission_limits", "groups", "group_limits")
"""Tables that no alternative may change: nothing could be compared, or nothing would change."""

Tables = Mapping[str, pd.DataFrame]

_LABEL = re.compile(r"\w[\w.-]*")
OWN = 1_000_000_000
"""Added to the line of a row that an alternative gives, to tell it from those of the study."""
_LAWFUL = {
    "source_loads": ("source_load", "ceiling", "benchmark_load"), "source_bounds": ("ceiling",)
}  # fmt: skip
"""Numbers that a works' law bounds."""
_POINTS = ("equal_ratio", "max_min", "present_scaled")


def folders(root: Path) -> list[Path]:
    """Folders of the alternatives of a study, by name; hidden ones are none."""
    home = root / FOLDER
    found = home.iterdir() if home.is_dir() and not home.is_symlink() else ()
    return sorted(path for path in found if path.is_dir() and not path.name.startswith("."))


def read(
    root: Path, tables: Tables, titled: Sequence[str]
) -> tuple[dict[str, Tables], list[Fault]]:
    """Read what each alternative gives, with all faults of the files.

    Parameters
    ----------
    root : Path
        The study.
    tables : mapping of DataFrame
        Tables of the study; periods give the days of a column per month.
    titled : sequence of str
        Alternatives that ``study.toml`` names.

    Returns
    -------
    given : dict
        Name of the alternative → its tables.
    faults : list of Fault
        Each names ``alternatives/NAME`` and the file.
    """
    days = {}
    if "periods" in tables:
        days = dict(zip(tables["periods"]["period"], tables["periods"]["days"], strict=True))
    found, faults = {}, _strays(root)
    for path in folders(root):
        found[path.name], wrong = _scanned(path, days)
        faults += wrong
    faults += [
        Fault("study.toml", FOLDER, name, None, "has no folder", f"a folder {FOLDER}/{name}")
        for name in titled
        if name not in found
    ]
    return found, faults


def _strays(root: Path) -> list[Fault]:
    """Find what looks like a part of an alternative and would not be read."""
    home = root / FOLDER
    if home.is_symlink():
        return [Fault(FOLDER, None, "folder", None, "is a symbolic link", "a folder")]
    return [
        Fault(str(file.relative_to(root)), None, "file", None, problem, right)
        for file in sorted([*home.glob("*"), *home.glob("*/*")])
        for problem, right in [_stray(file, home)]
        if problem and file.is_file()
    ]


def _stray(file: Path, home: Path) -> tuple[str, str]:
    """Why a file is not read, and what would be right; nothing where it is, or is a note."""
    if file.suffix.lower() not in (".csv", ".toml"):
        return "", ""
    if file.parent == home:
        return "lies beside the alternatives", f"{FOLDER}/NAME/{file.name}"
    if file.suffix.lower() == ".toml":
        return "is not read: settings are the study's", "tables only, settings in study.toml"
    return ("", "") if file.suffix == ".csv" else ("is not read", "an ending .csv in small letters")


def _scanned(path: Path, days: Mapping[str, float]) -> tuple[Tables, list[Fault]]:
    """Tables of one alternative; its faults under the name of its folder."""
    home, known = f"{FOLDER}/{path.name}", [name for name in TABLES if name not in FIXED]
    right = f"one of {', '.join(f'{name}.csv' for name in known)}"
    tables, faults = {}, []
    if not _LABEL.fullmatch(path.name) or path.name == PRESENT:
        words = f"letters, digits, _ . and -, and not {PRESENT}"
        faults.append(Fault(home, None, "folder", None, "is no name of an alternative", words))
    if path.is_symlink():
        faults.append(Fault(home, None, "folder", None, "is a symbolic link", "a folder"))
        return {}, faults
    files = sorted(path.glob("*.csv"))
    if not files:
        words = "rows that differ from the study's, in a table of the same name"
        faults.append(Fault(home, None, "folder", None, "holds no table", words))
    for file in files:
        if file.stem not in known:
            problem = "is no table of an alternative"
            faults.append(Fault(f"{home}/{file.name}", None, "file", None, problem, right))
            continue
        table, wrong = io.scan_table(file, file.stem, days)
        tables[file.stem] = table.set_axis(table.index + OWN)
        faults += [replace(fault, table=f"{home}/{fault.table}") for fault in wrong]
    return tables, faults


def overlaid(tables: Tables, given: Tables) -> dict[str, pd.DataFrame]:
    """Put the rows of an alternative in the place of those of the study.

    Where it gives a works, present loads, ceilings and benchmarks of the sources behind it are cut
    to what that works discharges, unless the alternative gives them itself.

    Examples
    --------
    >>> rows = {"node": ["A", "A"], "pollutant": ["TP", "TP"], "period": ["dry", "wet"]}
    >>> base = {"inflow": pd.DataFrame(rows | {"concentration": [0.3, 0.2]})}
    >>> other = pd.DataFrame({"node": ["A"], "pollutant": ["TP"], "period": [""],
    ...                       "concentration": [0.1]})
    >>> overlaid(base, {"inflow": other})["inflow"][["period", "concentration"]].values.tolist()
    [['', 0.1]]
    """
    merged = dict(tables)
    for name, rows in given.items():
        merged[name] = _replaced(tables[name], rows, name) if name in tables else rows
    if "works" in given:
        merged |= {
            name: _within_law(merged, given["works"], name) for name in _LAWFUL if name in merged
        }
    return merged


def _replaced(base: pd.DataFrame, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of the study that the alternative leaves, then its own."""
    key = list(TABLES[name].key)
    gone = _among(base, rows, key)
    if "period" in key:
        others = [column for column in key if column != "period"]
        gone |= _among(base, rows[rows["period"] == ""], others)
    return pd.concat([base[~gone], rows])


def _among(base: pd.DataFrame, rows: pd.DataFrame, key: Sequence[str]) -> pd.Series[bool]:
    """Whether some of the rows have the key of a row of the study."""
    mine, theirs = (pd.MultiIndex.from_frame(table[list(key)]) for table in (base, rows))
    return pd.Series(mine.isin(theirs), base.index)


def _within_law(tables: Tables, works: pd.DataFrame, name: str) -> pd.DataFrame:
    """Cut numbers of the study behind works that an alternative gives to what these let out."""
    rows = tables[name]
    most = law(rows, {"sources": tables["sources"], "works": works})
    most[(rows.index >= OWN) | np.isnan(most)] = np.inf
    # a load or ceiling that is not stated follows from the works' law by itself
    return rows.assign(**{column: rows[column].clip(upper=most) for column in _LAWFUL[name]})


def placed(faults: Sequence[Fault], name: str) -> Iterator[Fault]:
    """Name the alternative, and its own file where the row is its own."""
    for fault in faults:
        line, blank, key = str(fault.row).partition(" ")
        if line.isdecimal() and int(line) >= OWN:
            row = f"{int(line) - OWN}{blank}{key}"
            yield replace(fault, table=f"{FOLDER}/{name}/{fault.table}", row=row)
        else:
            yield replace(fault, table=f"{fault.table} with {FOLDER}/{name}")


def compared(
    settings: _settings.Settings,
    room: _model.Room,
    cases: Mapping[str, tuple[Tables, _checks.Study]],
    found: Mapping[str, xr.Dataset],
) -> xr.Dataset:
    """Capacity of the study and of each alternative, side by side.

    Parameters
    ----------
    settings : Settings
        Choices of the study.
    room : Room
        What the study's own capacity follows from.
    cases : mapping
        Name → tables of the alternative, and what checking them has made of them.
    found : mapping of Dataset
        ``points``, ``owed`` and ``closure`` of the study.

    Returns
    -------
    Dataset (alternative, pollutant, period)
        What ``capacity.compare`` returns; ``equal_ratio``, ``max_min`` and ``present_scaled``,
        the totals of these points [kg/d]; ``source_load``, present [kg/d]; ``owing``, the
        sections that exceed at present loads; ``calibrated`` and ``not_calibrated``.
    """
    rooms = {PRESENT: room}
    for name, (tables, checked) in cases.items():
        state = _model.state(settings, tables, checked)
        rooms[name] = state.bounded(settings).room(settings.margin_of_safety)
    both = capacity.compare({n: (r.response, r.headroom, r.bounds) for n, r in rooms.items()})
    axis = pd.Index(list(rooms), dtype=object, name="alternative")
    order = {dim: both[dim].values for dim in ("pollutant", "period")}
    calibrated = found["closure"]["calibrated"]
    each = [_one(room, found["points"], found["owed"], calibrated)]
    each += [_one(rooms[name], *_solved(rooms[name]), calibrated) for name in cases]
    beside = xr.concat([one.sel(order) for one in each], axis, join="exact", coords="minimal",
                       compat="override")  # fmt: skip
    return described(both.reset_coords(drop=True).assign(beside.reset_coords(drop=True)))


def _solved(room: _model.Room) -> tuple[xr.Dataset, xr.Dataset]:
    """Points of the set, and what is owed at present loads."""
    response, headroom, bounds, load = room
    points = capacity.ruled_points(response, headroom, load, bounds=bounds)
    return points, capacity.owed(response, headroom, load)


def _one(
    room: _model.Room, points: xr.Dataset, owed: xr.Dataset, calibrated: xr.DataArray
) -> xr.Dataset:
    """Points, present load, sections that owe a cut, and stamp of one state of the water."""
    # a section that the study does not have has no observations either
    sections = room.headroom["section"].values
    known = calibrated.reindex(section=sections, fill_value=UNCALIBRATED)
    table = {name: points["total"].sel(point=name, drop=True) for name in _POINTS}
    table |= {"source_load": room.source_load.sum("outlet"), "owing": _owing(owed["cut_owed"])}
    stamp = capacity.stamp(room.response, known)
    return xr.Dataset(table).reset_coords(drop=True).assign(stamp)


def _owing(cut: xr.DataArray) -> xr.DataArray:
    """Name the sections that exceed, and by how much, the greatest first."""
    order = cut.transpose("pollutant", "period", "section")
    names = order["section"].values
    words = np.empty(order.shape[:2], dtype=object)
    for place in np.ndindex(words.shape):
        values = order.values[place]
        rows = [k for k in np.argsort(-values, kind="stable") if values[k] > 0.0]
        words[place] = "; ".join(f"{names[k]} {values[k]:.4g}" for k in rows)
    dims = ("pollutant", "period")
    return xr.DataArray(words, {dim: order[dim].values for dim in dims}, dims)
