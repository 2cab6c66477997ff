"""The manifest of results: what they were made from, with what, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import posixpath
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import pandas as pd

from permitload import (
    _alternatives,
    _choices,
    _monthly_checks,
    _reliability,
    _setting,
    _settings,
)
from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import TABLES

if TYPE_CHECKING:
    from permitload._outcome import Outcome

NAME = "manifest.json"

_PACKAGES = ("permitload", "numpy", "scipy", "pandas", "xarray", "numba", "highspy", "pint",
             "h5netcdf", "matplotlib", "jinja2")  # fmt: skip
_GROUPS = ("inputs", "versions", "options", "basis", "summary", "files")
_LARGEST = 5_000_000
"""Bytes beyond which a manifest is not read."""
_HASH = re.compile(r"[0-9a-f]{64}")


def describe(
    outcome: Outcome, tables: Mapping[str, pd.DataFrame], inputs: Mapping[str, str],
    versions: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Everything that is needed to get the same results again, and the figures that matter."""
    settings, unsure = outcome.settings, outcome.settings.uncertainty
    status = tables["capacity"]["status"].value_counts().to_dict()
    balance = tables["balance"].groupby("term")["ledger"].agg(lambda line: line.abs().max())
    scale = balance[["boundary_in", "load"]].max()
    return {
        "inputs": dict(sorted(inputs.items())),
        "versions": dict(sorted(versions.items())),
        "seed": None if unsure is None else unsure.seed,
        "options": {
            "pollutants": list(settings.pollutants), "decided": list(settings.decided),
            "margin_of_safety": settings.margin_of_safety, "precision": settings.precision,
            "closure_tolerance": settings.closure_tolerance,
            "target": settings.target.__name__, "compose": settings.compose.__name__,
            "annual": settings.annual.__name__,
            "boundaries": (settings.boundaries or _settings.measured).__name__,
            **({"section": settings.section} if settings.section else {}),
            **_flow(settings),
            **({} if unsure is None else {"reliability": _reliability.options(unsure)}),
            **({"technology": chosen} if (chosen := _choices.named(
                settings.technology)) else {}),
            **({"tiers": _choices.named(settings.tiers)} if "tier_ratings" in tables else {}),
            **({"conversion": _choices.named(settings.conversion)}
               if "trading_ratios" in tables else {}),
            **({"months": _monthly_checks.options(settings.months)} if "quota" in tables else {}),
        },
        "basis": dict(settings.basis),
        "summary": {
            "permits": len(tables["permits"]),
            "enterprises": len({*tables["permits"]["enterprise"]} - {""}),
            "pollutants": len(settings.pollutants),
            "periods": int(tables["capacity"]["period"].nunique()),
            "status": {str(k): int(v) for k, v in sorted(status.items())},
            "withheld by rounding": _withheld(outcome),
            "greatest balance residual": f"{balance['residual'] / scale:.1e}",
            **({} if unsure is None else {
                "joint reliability": _reliability.summary(outcome.datasets["reliability"])}),
        },
    }  # fmt: skip


def _withheld(outcome: Outcome) -> dict[str, str]:
    """Share of each pollutant's permits that is lost in cutting them to whole units."""
    found = outcome.datasets["allocation"]
    total = found["unrounded_load"].sum(["source", "period"])
    lost = 1.0 - found["permitted_load"].sum(["source", "period"]) / total.where(total > 0.0)
    return {str(p): f"{float(v):.3%}" for p, v in zip(lost["pollutant"].values, lost.values,
                                                      strict=True)}  # fmt: skip


def versions() -> dict[str, str]:
    """List what may move last digits or the look of a figure: packages, machine type, font."""
    from permitload import plot

    font = plot.chinese_font() or "none"
    machine = {"python": platform.python_version(), "system": platform.system(),
               "machine": platform.machine(), "font": font}  # fmt: skip
    return machine | {name: version(name) for name in _PACKAGES}


def inputs(root: Path) -> dict[str, str]:
    """Hash of each input file of a study, by name."""
    tables = [f"{name}.csv" for name in sorted(TABLES)]
    names = ["study.toml", *tables]
    names += [
        f"{_alternatives.FOLDER}/{folder.name}/{table}"
        for folder in _alternatives.folders(root)
        for table in tables
    ]
    return {name: digest(root / name) for name in names if (root / name).is_file()}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def way(results: Path, root: Path) -> str | None:
    """Path from results to their study; none where the two share nothing but the machine."""
    there, here = root.resolve(), results.resolve()
    if there.anchor != here.anchor:
        return None
    if os.path.commonpath([there, here]) == here.anchor:
        return None
    return Path(os.path.relpath(there, here)).as_posix()


def write(manifest: Mapping[str, Any], folder: Path) -> None:
    """Write the manifest: the same content, the same bytes."""
    (folder / NAME).write_text(text(manifest), "utf8", newline="\n")


def text(manifest: Mapping[str, Any]) -> str:
    """Write a manifest as JSON, one entry a line."""
    return json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read(folder: Path) -> dict[str, Any]:
    """Read the manifest of a results folder.

    Raises
    ------
    DataError
        If it is missing, a link, too large, no JSON, or not what a run writes.
    """
    path, right = folder / NAME, "the manifest that a run wrote"
    if path.is_symlink() or not path.is_file():
        raise DataError([Fault(NAME, None, "file", None, "is missing", right)])
    if path.stat().st_size > _LARGEST:
        raise DataError([Fault(NAME, None, "file", None, f"exceeds {_LARGEST} bytes", right)])
    try:
        found = json.loads(path.read_text("utf8"))
    except (ValueError, RecursionError) as error:
        raise DataError([Fault(NAME, None, "file", None, "is not JSON", right)]) from error
    raise_faults(_faults(found))
    manifest: dict[str, Any] = found
    return manifest


def _faults(found: object) -> list[Fault]:
    """List what no run writes: missing groups, hashes that are none, paths that lead out."""
    if not isinstance(found, dict):
        return [Fault(NAME, None, "file", None, "is no JSON object", "what a run wrote")]
    faults = []
    for group in _GROUPS:
        if not isinstance(found.get(group), dict):
            problem, right = "is missing or no mapping", "a mapping, as a run writes it"
            faults.append(Fault(NAME, None, group, None, problem, right))
    if faults:
        return faults
    for group in ("inputs", "files"):
        for name, value in found[group].items():
            if not inside(name):
                right = "a path within the folder"
                faults.append(Fault(NAME, group, "path", shown(name), "leads elsewhere", right))
            if not isinstance(value, str) or not _HASH.fullmatch(value):
                right = "64 hexadecimal digits"
                faults.append(Fault(NAME, group, shown(name), shown(value), "is no SHA-256", right))
    faults += [
        Fault(NAME, "versions", shown(name), shown(value), "is no text", "a version")
        for name, value in found["versions"].items()
        if not (isinstance(value, str) and name.isprintable() and value.isprintable())
    ]
    study = found.get("study")
    if study is not None and not (isinstance(study, str) and _straight(study)):
        problem, right = "is no plain relative path", "a relative path without detours"
        faults.append(Fault(NAME, None, "study", shown(study), problem, right))
    return faults


def inside(name: str) -> bool:
    """Whether a path of a manifest stays within its folder, on any system."""
    parts = PurePosixPath(name).parts
    plain = PurePosixPath(*parts).as_posix() == name and name.isprintable()
    return plain and bool(parts) and ".." not in parts and not _rooted(name)


def _straight(way: str) -> bool:
    return posixpath.normpath(way) == way and not _rooted(way)


def _rooted(name: str) -> bool:
    windows = PureWindowsPath(name)
    return name.startswith("/") or "\\" in name or bool(windows.drive) or "\0" in name


def shown(value: object) -> str:
    """Write an entry in a sentence, cut short where it is long."""
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _setting.shown(words)


def _flow(settings: _settings.Settings) -> dict[str, Any]:
    """How flow was computed; nothing where it was given."""
    if settings.flow is None:
        return {}
    return {"flow": settings.flow_name, "cell_length": settings.cell_length}
