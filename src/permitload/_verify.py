"""Results against the inputs they claim: everything is computed again and compared."""

from __future__ import annotations

import json
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from os import walk
from pathlib import Path
from typing import Any

from permitload import _compare, _manifest, _results
from permitload._outcome import Outcome
from permitload.errors import Fault, raise_faults

Progress = Callable[[str], None]

_DRAWN_BY = ("system", "machine", "matplotlib", "font")
"""Versions on which the bytes of a picture depend."""
_PUBLISHED = ("seed", "options", "basis", "summary")
"""Parts of a manifest that a run writes from its inputs."""
_PARTS = {*_PUBLISHED, "inputs", "versions", "files", "study"}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found when results were computed again.

    Parameters
    ----------
    faults : tuple of Fault
        Every figure that differs, with file, row, column, what stands there and what it should
        be; empty if the results are verified.
    notes : tuple of str
        What is no fault but may explain one: other versions, pictures that were not compared.
    compared : mapping of int
        Files that were compared, by kind: ``tables``, ``rows``, ``Datasets``, ``figures``,
        ``pages``.
    """

    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    compared: Mapping[str, int]


def verify(
    results: Path, root: Path | None, solve: Callable[[Path, Progress], Outcome], say: Progress
) -> Verification:
    """Compute the results of a study again and compare every file; see ``study.verify``."""
    say("manifest and hashes")
    if not results.is_dir():
        right = "a results folder"
        raise_faults([Fault(str(results), None, "results", None, "is no folder", right)])
    manifest = _manifest.read(results)
    root = _study(results, manifest, root)
    _refuse_inputs(manifest["inputs"], _manifest.inputs(root))
    here = _manifest.versions()
    drawn = all(manifest["versions"].get(name) == here[name] for name in _DRAWN_BY)
    present = dict(_files(results))
    faults = [fault for fault in present.values() if isinstance(fault, Fault)]
    outcome = solve(root, say)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        again = _results.produce(outcome, work, manifest["inputs"], manifest["versions"], say)
        say("comparing")
        expected = {
            path.relative_to(work).as_posix(): path
            for path in sorted(work.rglob("*"))
            if path.is_file()
        }
        faults += _listed(manifest, present, expected)
        faults += _published(results, manifest, again)
        for name, path in expected.items():
            mine = present.get(name)
            if isinstance(mine, Path):
                key = _results.KEYS.get(path.stem, ()) if path.suffix == ".csv" else ()
                faults += _compare.file(name, mine, path, key, drawn)
        compared = _counted(expected)
    return Verification(tuple(faults), tuple(_notes(manifest["versions"], here, drawn)), compared)


def _study(results: Path, manifest: Mapping[str, Any], root: Path | None) -> Path:
    """Find the study: as told, or where the manifest says that it lies."""
    way = manifest.get("study")
    if root is None and way is None:
        problem = "does not say where the study is"
        raise_faults([Fault(_manifest.NAME, None, "study", None, problem, "the option --study")])
    root = results.resolve() / str(way) if root is None else root
    if not (root / "study.toml").is_file():
        right = "the study of these results; the option --study says where it is"
        shown = None if way is None else _manifest.shown(way)
        raise_faults([Fault("study", None, "folder", shown, "holds no study.toml", right)])
    return root


def _refuse_inputs(then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Refuse to compare results with other inputs than those they were made from."""
    faults = []
    for name in sorted({*then, *now}):
        if name not in now:
            problem, right = "is missing", "the input of the run"
        elif name not in then:
            problem, right = "was not there at the run", "no such input"
        elif now[name] != then[name]:
            problem, right = "has changed since the run", f"SHA-256 {then[name]}"
        else:
            continue
        faults.append(Fault(_manifest.shown(name), None, "input", now.get(name), problem, right))
    raise_faults(faults)


def _files(results: Path) -> Iterator[tuple[str, Path | Fault]]:
    """Every file of the results but the manifest; what is no plain file is a fault, not read."""
    for folder, inner, names in walk(results):
        for path in sorted(Path(folder) / name for name in [*inner, *names]):
            if _full(path):
                continue
            name = path.relative_to(results).as_posix()
            if name == _manifest.NAME:
                continue
            plain = stat.S_ISREG(path.lstat().st_mode)
            if path.is_symlink():
                problem = "is a symbolic link"
            else:
                problem = "is an empty folder" if path.is_dir() else "is no plain file"
            fault = Fault(_manifest.shown(name), None, "file", None, problem, "a file")
            yield name, path if plain else fault


def _full(path: Path) -> bool:
    """Whether a path is a folder that holds something, to be walked through."""
    return path.is_dir() and not path.is_symlink() and any(path.iterdir())


def _listed(
    manifest: Mapping[str, Any], present: Mapping[str, Path | Fault], expected: Mapping[str, Path]
) -> list[Fault]:
    """Files that are missing, added, or not those that the manifest lists."""
    listed = manifest["files"]
    right = "a file as a run writes it"
    faults = [
        Fault(name, None, "file", None, "is missing", right)
        for name in expected
        if name not in present
    ]
    faults += [
        Fault(_manifest.shown(name), None, "file", None, "is added", "no such file")
        for name in present
        if name not in expected
    ]
    for name in sorted({*listed, *expected}):
        mine = present.get(name)
        if name not in expected:
            faults.append(Fault(_manifest.NAME, "files", name, None, "is added", "no such file"))
        elif name not in listed:
            faults.append(Fault(_manifest.NAME, "files", name, None, "is missing", "its SHA-256"))
        elif isinstance(mine, Path) and _manifest.digest(mine) != listed[name]:
            problem = "is not the hash of the file"
            right = _manifest.digest(mine)
            faults.append(Fault(_manifest.NAME, "files", name, listed[name], problem, right))
    return faults


def _published(results: Path, manifest: Mapping[str, Any], again: Mapping[str, Any]) -> list[Fault]:
    """Entries of the manifest that differ from those of the run made again."""
    faults = [
        Fault(_manifest.NAME, None, _manifest.shown(name), None, "is added", "no such entry")
        for name in manifest
        if name not in _PARTS
    ]
    for part in _PUBLISHED:
        ours, theirs = (dict(_entries(one.get(part), part)) for one in (manifest, again))
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                found = None if name not in ours else _manifest.shown(ours[name])
                problem = "is missing" if found is None else "differs"
                right = theirs.get(name, "no such entry")
                column = _manifest.shown(name)
                faults.append(Fault(_manifest.NAME, part, column, found, problem, right))
    written = (results / _manifest.NAME).read_bytes().decode("utf8")
    if not faults and written != _manifest.text(manifest):
        right = "what a run writes"
        faults.append(Fault(_manifest.NAME, None, "file", None, "is written differently", right))
    return faults


def _entries(value: object, name: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of a mapping, inner ones too, each as JSON by the path that leads to it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _entries(inner, f"{name}, {key}")
    else:
        yield name, json.dumps(value, ensure_ascii=False, sort_keys=True)


def _notes(then: Mapping[str, str], here: Mapping[str, str], drawn: bool) -> Iterator[str]:
    """Say what differs between the run and this machine, and what that means."""
    for name in sorted({*then, *here}):
        if then.get(name) != here.get(name):
            was, now = (_manifest.shown(v.get(name, "none")) for v in (then, here))
            yield f"{_manifest.shown(name)} was {was}, is {now} here: last digits may differ"
    if not drawn:
        yield "pictures were drawn on other terms: compared with their hash in the manifest alone"


def _counted(expected: Mapping[str, Path]) -> dict[str, int]:
    """Count what was compared."""
    kinds = {"tables": ".csv", "Datasets": ".nc", "figures": ".png", "pages": ".html"}
    counts = {
        kind: sum(path.suffix == suffix for path in expected.values())
        for kind, suffix in kinds.items()
    }
    tables = (path for path in expected.values() if path.suffix == ".csv")
    return counts | {"rows": sum(path.read_bytes().count(b"\n") - 1 for path in tables)}
