"""Verification: whatever is altered is named, by row and column; nothing is named that is not."""

import csv
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from permitload import _compare, _manifest, _results, _verify, io, study
from permitload.cli import app
from permitload.errors import DataError, Fault
from tests.samples import SAMPLE, started

TABLES = ["permits", "permits_monthly", "capacity", "sections", "closure", "sensitivity",
          "points", "owed", "cuts", "units", "units_monthly", "balance",
          "provenance", "rules", "fairness", "prices", "counterfactuals",
          "contributions"]  # fmt: skip
runner = CliRunner()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study with its results: nobody may change it."""
    folder = started(tmp_path_factory.mktemp("verify") / "mine")
    study.run(folder)
    return folder


@pytest.fixture(scope="module")
def again(original: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, Any]:
    """The study computed once more: outcome, folder and manifest, for all that compare with it."""
    work = tmp_path_factory.mktemp("again")
    outcome, manifest = study.solve(original), _manifest.read(original / "results")
    inputs, versions = manifest["inputs"], manifest["versions"]
    said = _results.produce(outcome, work, inputs, versions, lambda message: None)
    return outcome, work, said


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy of study and results, to be altered."""
    return Path(shutil.copytree(original, tmp_path / "mine"))


Check = Callable[[Path], tuple[Fault, ...]]


@pytest.fixture
def check(again: tuple[Any, Path, Any], monkeypatch: pytest.MonkeyPatch) -> Check:
    """Verify results of the unchanged study without computing and drawing it every time."""
    outcome, done, said = again

    def produce(_: object, work: Path, *__: object) -> Any:
        shutil.copytree(done, work, dirs_exist_ok=True)
        return said

    def faults(results: Path) -> tuple[Fault, ...]:
        found = _verify.verify(results, None, lambda *_: outcome, lambda message: None)
        return found.faults

    monkeypatch.setattr(_results, "produce", produce)
    return faults


def test_what_a_run_wrote_is_verified(original: Path) -> None:
    steps: list[str] = []
    found = study.verify(original / "results", progress=steps.append)
    assert found.faults == ()
    assert found.notes == ()
    assert found.compared["tables"] == len(TABLES)
    assert found.compared["Datasets"] == 18
    assert found.compared["figures"] == 10
    lines = sum((original / "results" / f"{n}.csv").read_text().count("\n") for n in TABLES)
    assert found.compared["rows"] == lines - len(TABLES)
    assert steps[0] == "manifest and hashes"
    assert steps[-1] == "comparing"


def _flipped(cell: str) -> str:
    """Cell with its last digit changed, that of the mantissa where there is an exponent."""
    end = re.search(r"(?<=\d)e[-+]\d+$", cell)
    at = max(i for i, c in enumerate(cell[: end.start() if end else None]) if c.isdigit())
    return cell[:at] + str((int(cell[at]) + 1) % 10) + cell[at + 1 :]


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf8", newline="") as stream:
        return list(csv.reader(stream))


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def _forge(results: Path) -> None:
    """Make the manifest list the hashes of the files as they are now."""
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    manifest["files"] = {name: _manifest.digest(results / name) for name in manifest["files"]}
    _manifest.write(manifest, results)


@pytest.mark.parametrize("forged", [False, True], ids=["plain", "hash forged"])
@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        ("permits", "P1, COD", "permit [t/a]"),
        ("permits", "P2, NH3-N", "permitted_load [kg/d]"),
        ("permits_monthly", "P1, COD, dry", "permit_mass [t]"),
        ("permits_monthly", "P2, NH3-N, wet", "permitted_load [kg/d]"),
        ("permits_monthly", "P1, COD, dry", "stopped_by"),
        ("capacity", "COD, dry", "total [kg/d]"),
        ("sections", "S2, NH3-N, wet", "background [mg/L]"),
        ("closure", "S1, COD, dry", "remaining_capacity [kg/d]"),
        ("sensitivity", "COD, dry, 0.5", "total [kg/d]"),
        ("units", "S1, COD", "capacity [kg/d]"),
        ("units_monthly", "S1, COD, dry", "capacity [kg/d]"),
        ("points", "max_min, COD, dry", "total [kg/d]"),
        ("owed", "S1, COD, dry", "spare [mg/L]"),
        ("balance", "decayed, COD, dry", "ledger [kg/d]"),
        ("provenance", "P1, COD, dry, stop, headroom, S1", "value"),
    ],
)
def test_one_digit_names_the_row(
    folder: Path, check: Check, table: str, row: str, column: str, forged: bool
) -> None:
    path = folder / "results" / f"{table}.csv"
    rows = _rows(path)
    at = rows[0].index(column)
    key = [rows[0].index(name) for name in _results.KEYS[table]]
    (mine,) = (cells for cells in rows[1:] if ", ".join(cells[k] for k in key) == row)
    right, mine[at] = mine[at], _flipped(mine[at])
    _write(path, rows)
    if forged:
        _forge(folder / "results")
    found = check(folder / "results")
    cells = [fault for fault in found if fault.table == f"{table}.csv"]
    assert [(f.row, f.column, f.value, f.expected) for f in cells] == [
        (row, column, mine[at], right)
    ]
    hashes = [] if forged else [f"{table}.csv"]
    assert [f.column for f in found if f.table == "manifest.json"] == hashes
    assert len(found) == len(cells) + len(hashes)


@pytest.mark.parametrize("table", TABLES)
def test_every_digit_of_every_table_counts(original: Path, tmp_path: Path, table: str) -> None:
    """Change the last digit of each cell in turn: one fault, or a row lost and a row added."""
    right, key = original / "results" / f"{table}.csv", _results.KEYS[table]
    rows = _rows(right)
    wrong, tried = tmp_path / f"{table}.csv", 0
    for i, row in enumerate(rows[1:], start=1):
        label = ", ".join(row[rows[0].index(name)] for name in key)
        for j, cell in enumerate(row):
            if not any(letter.isdigit() for letter in cell):
                continue
            altered = [list(cells) for cells in rows]
            altered[i][j] = _flipped(cell)
            _write(wrong, altered)
            faults = _compare.file(wrong.name, wrong, right, key, True)
            if rows[0][j] in key:
                assert (label, "is missing") in {(f.row, f.problem) for f in faults}
                assert {"is added", "is there twice"} & {f.problem for f in faults}
            else:
                assert [(f.row, f.column) for f in faults] == [(label, rows[0][j])]
            tried += 1
    assert tried >= len(rows) - 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda rows: [*rows[:2], *rows[3:]], "is missing"),
        (lambda rows: [*rows, [*rows[1][:-1], "x"]], "is there twice"),
        (lambda rows: [*rows, ["x"] * len(rows[0])], "is added"),
        (lambda rows: [rows[0], *rows[:0:-1]], "stands in another order"),
        (lambda rows: [row[:-1] for row in rows], "is missing"),
        (lambda rows: [[*row, "1"] for row in rows], "is added"),
        (lambda rows: [rows[0], rows[1][:-1], *rows[2:]], "has 13 cells"),
        (lambda rows: [[*rows[0][:4], "power"], *rows[1:]], "is missing"),
        (lambda rows: [], "is missing"),
    ],
    ids=["row lost", "row twice", "row added", "order", "column lost", "column added", "ragged",
         "header", "empty"],
)  # fmt: skip
def test_rows_and_columns_lost_or_added(
    folder: Path, check: Check, change: Callable[[Any], Any], problem: str
) -> None:
    path = folder / "results" / "permits_monthly.csv"
    _write(path, change(_rows(path)))
    _forge(folder / "results")
    found = check(folder / "results")
    assert problem in {fault.problem for fault in found}
    assert {fault.table for fault in found} == {"permits_monthly.csv"}


def test_same_cells_in_other_bytes(folder: Path, check: Check) -> None:
    path = folder / "results" / "capacity.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    _forge(folder / "results")
    assert [f.problem for f in check(folder / "results")] == ["is written differently"]
    path.write_bytes(b"\xff\xfe pollutant")
    _forge(folder / "results")
    assert [f.problem for f in check(folder / "results")] == ["cannot be read"]
    path.write_bytes(b"x" * 3_000_000)
    _forge(folder / "results")
    assert [f.column for f in check(folder / "results")] == ["file"]


def test_line_ends_of_the_report_and_of_the_manifest(folder: Path, check: Check) -> None:
    page, manifest = folder / "results" / "report.html", folder / "results" / "manifest.json"
    right = page.read_bytes()
    page.write_bytes(right.replace(b"</h1>\n", b"</h1>\r\n"))
    assert page.read_bytes() != right
    _forge(folder / "results")
    (fault,) = check(folder / "results")
    assert (fault.table, fault.column) == ("report.html", "line")
    assert fault.row == right[: right.index(b"</h1>\n")].count(b"\n") + 1
    page.write_bytes(right)
    _forge(folder / "results")
    assert check(folder / "results") == ()
    manifest.write_bytes(manifest.read_bytes().replace(b"\n", b"\r\n"))
    assert [f.problem for f in check(folder / "results")] == ["is written differently"]


def _alter_last(variable: h5py.Dataset) -> None:
    """Put another value in the last place of a variable of a file."""
    values = variable[()]
    flat = np.atleast_1d(values).ravel()
    last = flat[-1]
    if isinstance(last, bytes | str):
        flat[-1] = "altered"
    else:
        flat[-1] = last + 1 if np.isfinite(last) else 0
    variable[...] = flat.reshape(np.shape(values)) if np.shape(values) else flat[0]


def test_every_variable_of_every_dataset_counts(original: Path, tmp_path: Path) -> None:
    """Alter the last value of each variable in the file itself: one fault each, and its place."""
    tried = 0
    for path in sorted((original / "results").glob("*.nc")):
        right = io.read_dataset(path)
        wrong = Path(shutil.copy(path, tmp_path / path.name))
        with h5py.File(wrong, "a") as stored:
            for variable in right.variables:
                _alter_last(stored[str(variable)])
        places = {
            str(name): ", ".join(
                str(right[d].values[-1]) if d in right.coords else f"{d} {right.sizes[d] - 1}"
                for d in variable.dims
            )
            for name, variable in right.variables.items()
        }
        found = _compare.file(path.name, wrong, path, (), True)
        assert {(f.column, f.row or "") for f in found} == set(places.items()), path.name
        assert len(found) == len(places)
        tried += len(places)
    assert tried > 60


def _edit(path: Path, change: Callable[[xr.Dataset], xr.Dataset]) -> None:
    io.write_dataset(change(io.read_dataset(path)), path)


@pytest.mark.parametrize(
    ("change", "column", "problem"),
    [
        (lambda d: d.assign(permitted_load=d["permitted_load"] * (1 + 1e-15)), "permitted_load",
         "differs"),
        (lambda d: d.drop_vars("level"), "level", "is missing"),
        (lambda d: d.assign(depth=3.0), "depth", "is added"),
        (lambda d: d.assign(level=d["level"].astype("float32")), "level", "differs"),
        (lambda d: d.isel(period=[0]), "level", "differs"),
        (lambda d: d.assign_attrs(made="by hand"), "attributes", "differs"),
        (lambda d: d.assign(level=d["level"].assign_attrs(note="x")), "level", "differs"),
        (lambda d: d.reset_coords("days"), "days", "differs"),
    ],
)  # fmt: skip
def test_datasets_by_value(
    folder: Path, check: Check, change: Callable[[Any], Any], column: str, problem: str
) -> None:
    path = folder / "results" / "allocation.nc"
    _edit(path, change)
    _forge(folder / "results")
    found = check(folder / "results")
    assert (column, problem) in {(fault.column, fault.problem) for fault in found}
    assert {fault.table for fault in found} == {"allocation.nc"}


def test_datasets_equal_by_value_may_differ_in_bytes(folder: Path, check: Check) -> None:
    path = folder / "results" / "sources.nc"
    before = path.read_bytes()
    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        loaded = dataset.load()
    loaded.to_netcdf(path, engine="h5netcdf", encoding={"floor": {"zlib": True}})
    assert path.read_bytes() != before
    _forge(folder / "results")
    assert check(folder / "results") == ()
    path.write_bytes(before[: len(before) // 2])
    _forge(folder / "results")
    assert [f.problem for f in check(folder / "results")] == ["cannot be read"]


@pytest.mark.parametrize("link", [None, h5py.SoftLink("/flux"), h5py.ExternalLink("x.nc", "flux")])
def test_datasets_hold_variables_alone(folder: Path, check: Check, link: Any) -> None:
    with h5py.File(folder / "results" / "permitted.nc", "a") as stored:
        if link is None:
            stored.create_group("hidden")["x"] = [1.0]
        else:
            stored["hidden"] = link
    _forge(folder / "results")
    (fault,) = check(folder / "results")
    assert (fault.table, fault.column) == ("permitted.nc", "hidden")
    assert fault.problem == "is a group or a link"


def test_a_variable_that_passes_for_a_bare_dimension(folder: Path, check: Check) -> None:
    bare = b"This is a netCDF dimension but not a netCDF variable.         5"
    with h5py.File(folder / "results" / "permitted.nc", "a") as stored:
        assert stored["segment"].attrs["NAME"].startswith(bare[:30])
        stored["segment"].attrs["NAME"] = np.bytes_("segment")
        stored["reach"].attrs["NAME"] = np.bytes_(bare)
        stored["flux"].attrs["CLASS"] = np.bytes_("DIMENSION_SCALE")
        stored["flux"].attrs["NAME"] = np.bytes_(bare)
    _forge(folder / "results")
    found = {(fault.column, fault.problem) for fault in check(folder / "results")}
    assert {("segment", "is added"), ("reach", "is missing"), ("flux", "is missing")} <= found


def test_a_variable_of_another_size_is_not_read(folder: Path, check: Check) -> None:
    with h5py.File(folder / "results" / "permitted.nc", "a") as stored:
        del stored["concentration"]
        stored.create_dataset("concentration", (10**13,), "f8", chunks=(1000,))
    _forge(folder / "results")
    (fault,) = check(folder / "results")
    assert (fault.column, fault.value) == ("concentration", "(10000000000000,)")


def test_a_digit_of_the_report(folder: Path, check: Check) -> None:
    path = folder / "results" / "report.html"
    text = path.read_text("utf8")
    cell = re.search(r'<td class="number[^>]*>[\d,.]*(\d)</td>', text)
    assert cell is not None
    at = cell.start(1)
    path.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :], "utf8")
    _forge(folder / "results")
    (fault,) = check(folder / "results")
    assert (fault.table, fault.column) == ("report.html", "line")
    assert fault.row == text[:at].count("\n") + 1
    assert str(fault.value) != fault.expected
    assert fault.expected in text


def test_a_picture_and_a_line_of_the_report(folder: Path, check: Check) -> None:
    path = folder / "results" / "report.html"
    text = path.read_text("utf8")
    at = text.index("base64,") + 500
    path.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :] + "\n", "utf8")
    figure = folder / "results" / "figures" / "permits_COD.png"
    figure.write_bytes(figure.read_bytes()[:-1] + b"x")
    _forge(folder / "results")
    found = check(folder / "results")
    assert [(f.table, f.column) for f in found] == [
        ("figures/permits_COD.png", "picture"), ("report.html", "picture"), ("report.html", "file"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        (lambda m: m["options"].update(precision=0.01), "options", "options, precision"),
        (lambda m: m["options"].update(decided=["farm"]), "options", "options, decided"),
        (lambda m: m["options"].pop("compose"), "options", "options, compose"),
        (lambda m: m["basis"].update(target="statutory"), "basis", "basis, target"),
        (lambda m: m["summary"].update(permits=5), "summary", "summary, permits"),
        (lambda m: m["summary"]["status"].update(ok=3), "summary", "summary, status, ok"),
        (lambda m: m.update(seed=1), "seed", "seed"),
        (lambda m: m.update(signed="me"), None, "signed"),
        (lambda m: m["files"].update({"permits.csv": "0" * 64}), "files", "permits.csv"),
        (lambda m: m["files"].pop("permits.csv"), "files", "permits.csv"),
        (lambda m: m["files"].update({"more.csv": "0" * 64}), "files", "more.csv"),
    ],
)
def test_entries_of_the_manifest(
    folder: Path, check: Check, change: Callable[[Any], Any], row: str | None, column: str
) -> None:
    results = folder / "results"
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    change(manifest)
    _manifest.write(manifest, results)
    (fault,) = check(results)
    assert (fault.table, fault.row, fault.column) == ("manifest.json", row, column)


def test_a_manifest_that_says_a_thing_twice(folder: Path, check: Check) -> None:
    path = folder / "results" / "manifest.json"
    text = path.read_text("utf8")
    path.write_text(text.replace('"precision": 0.001', '"precision": 9.9,\n  "precision": 0.001'))
    assert [f.problem for f in check(folder / "results")] == ["is written differently"]


def test_versions_are_a_note_but_the_report_holds_them(folder: Path) -> None:
    results = folder / "results"
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    manifest["versions"]["numpy"] = "0.0.1"
    _manifest.write(manifest, results)
    found = study.verify(results)
    assert len(found.notes) == 1
    assert found.notes[0].startswith("numpy was 0.0.1, is ")
    assert {f.table for f in found.faults} == {"report.html"}  # it still names the true one


def test_pictures_drawn_elsewhere_are_compared_by_hash(
    folder: Path, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = _manifest.versions()
    monkeypatch.setattr(_manifest, "versions", lambda: here | {"font": "another"})
    figure = folder / "results" / "figures" / "permits_COD.png"
    figure.write_bytes(figure.read_bytes() + b"x")
    (fault,) = check(folder / "results")
    assert (fault.row, fault.column) == ("files", "figures/permits_COD.png")
    _forge(folder / "results")
    assert check(folder / "results") == ()
    page = folder / "results" / "report.html"
    text = page.read_text("utf8")
    page.write_text(text.replace("base64,iVBOR", "base64,iVBOQ"), "utf8")
    _forge(folder / "results")
    assert check(folder / "results") == ()
    page.write_text(text.replace("<h1>", "<h1>!"), "utf8")
    _forge(folder / "results")
    assert [f.table for f in check(folder / "results")] == ["report.html"]


def test_files_lost_added_and_linked(folder: Path, check: Check, tmp_path: Path) -> None:
    results = folder / "results"
    (results / "capacity.nc").unlink()
    (results / "notes.txt").write_text("mine")
    secret = tmp_path / "secret.csv"
    shutil.move(results / "permits.csv", secret)
    (results / "permits.csv").symlink_to(secret)
    (tmp_path / "elsewhere").mkdir()
    (results / "more").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(results / "pipe.csv")
    (results / "figures" / "empty").mkdir()
    (results / "capacity.csv").unlink()
    (results / "capacity.csv").mkdir()
    found = {(f.table, f.problem) for f in check(results)}
    assert found == {
        ("capacity.nc", "is missing"), ("notes.txt", "is added"),
        ("permits.csv", "is a symbolic link"), ("more", "is a symbolic link"),
        ("more", "is added"), ("pipe.csv", "is added"), ("pipe.csv", "is no plain file"),
        ("figures/empty", "is added"), ("figures/empty", "is an empty folder"),
        ("capacity.csv", "is an empty folder"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "is no JSON object"),
        (b"{}", "is missing or no mapping"),
        (b" " * 6_000_000, "exceeds 5000000 bytes"),
        (None, "is missing"),
    ],
)
def test_manifests_that_are_none(folder: Path, content: bytes | None, problem: str) -> None:
    path = folder / "results" / "manifest.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        study.verify(folder / "results")
    assert problem in {fault.problem for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda m: m["files"].update({"../secret": "0" * 64}), "leads elsewhere"),
        (lambda m: m["files"].update({"/etc/passwd": "0" * 64}), "leads elsewhere"),
        (lambda m: m["files"].update({"a/../../b": "0" * 64}), "leads elsewhere"),
        (lambda m: m["files"].update({"C:\\b": "0" * 64}), "leads elsewhere"),
        (lambda m: m["files"].update({"": "0" * 64}), "leads elsewhere"),
        (lambda m: m["files"].update({"\ud800": "0" * 64}), "leads elsewhere"),
        (lambda m: m["inputs"].update({"../../x": "0" * 64}), "leads elsewhere"),
        (lambda m: m["files"].update({"permits.csv": "abc"}), "is no SHA-256"),
        (lambda m: m["inputs"].update({"nodes.csv": 7}), "is no SHA-256"),
        (lambda m: m["versions"].update({"numpy": [2]}), "is no text"),
        (lambda m: m["versions"].update({"numpy": "\ud800"}), "is no text"),
        (lambda m: m["versions"].update({"numpy": "\x1b[2J"}), "is no text"),
        (lambda m: m["versions"].update({"a\nb": "1"}), "is no text"),
        (lambda m: m.update(files=["permits.csv"]), "is missing or no mapping"),
        (lambda m: m.update(study="/home"), "is no plain relative path"),
        (lambda m: m.update(study=7), "is no plain relative path"),
        (lambda m: m.update(study="./.."), "is no plain relative path"),
        (lambda m: m.update(study="../"), "is no plain relative path"),
        (lambda m: m.update(study="../results/.."), "is no plain relative path"),
        (lambda m: m.update(study="\ud800"), "holds no study.toml"),
        (lambda m: m.update(study="nowhere"), "holds no study.toml"),
        (lambda m: m.update(study=None), "does not say where the study is"),
    ],
)
def test_manifests_that_no_run_writes(
    folder: Path, change: Callable[[Any], Any], problem: str
) -> None:
    path = folder / "results" / "manifest.json"
    manifest = json.loads(path.read_text("utf8"))
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(DataError) as caught:
        study.verify(folder / "results")
    assert [fault.problem for fault in caught.value.faults] == [problem]
    found = runner.invoke(app, ["verify", str(folder / "results")])
    assert found.exit_code == 2
    assert problem in found.output


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf8")


def test_changed_inputs_are_named_before_anything_is_computed(folder: Path) -> None:
    _replace(folder / "source_loads.csv", "P1,COD,,1600,0,2000", "P1,COD,,1600,0,2001")
    (folder / "enterprises.csv").unlink()
    (folder / "nodes.csv").write_text("node\nn1\n")
    steps: list[str] = []
    with pytest.raises(DataError) as caught:
        study.verify(folder / "results", progress=steps.append)
    assert [(f.table, f.problem) for f in caught.value.faults] == [
        ("enterprises.csv", "is missing"), ("nodes.csv", "was not there at the run"),
        ("source_loads.csv", "has changed since the run"),
    ]  # fmt: skip
    assert steps == ["manifest and hashes"]


def test_changed_inputs_with_a_forged_hash_are_found_by_the_rows(folder: Path) -> None:
    _replace(folder / "source_loads.csv", "P1,COD,,1600,0,2000", "P1,COD,,1600,0,2001")
    results = folder / "results"
    manifest = json.loads((results / "manifest.json").read_text("utf8"))
    manifest["inputs"]["source_loads.csv"] = _manifest.digest(folder / "source_loads.csv")
    _manifest.write(manifest, results)
    found = runner.invoke(app, ["verify", str(results), "--json"])
    assert found.exit_code == 1
    faults = {(f["table"], f["row"], f["column"]): f for f in json.loads(found.stdout)["faults"]}
    wet = faults["permits_monthly.csv", "P1, COD, wet", "permitted_load [kg/d]"]
    assert (wet["value"], wet["expected"]) == ("2000.0", "2001.0")
    assert ("permits.csv", "P1, COD", "permit [t/a]") in faults
    assert ("permits_monthly.csv", "P2, NH3-N, dry", "permit_mass [t]") not in faults
    _replace(folder / "source_loads.csv", "P1,COD,,1600,0,2001", "P1,COD,,1600,9000,9001")
    manifest["inputs"]["source_loads.csv"] = _manifest.digest(folder / "source_loads.csv")
    _manifest.write(manifest, results)
    impossible = runner.invoke(app, ["verify", str(results)])
    assert impossible.exit_code == 1
    assert "floors exceed the headroom" in impossible.output


@pytest.mark.usefixtures("undrawn")
def test_the_study_is_found_where_it_lies(original: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mine"
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns("results"))
    (tmp_path / "out").mkdir()
    out = study.run(folder, tmp_path / "out" / "mine")
    assert json.loads((out / "manifest.json").read_text())["study"] == "../../deep/mine"
    assert study.verify(out).faults == ()
    moved = Path(shutil.move(out, tmp_path / "published"))
    with pytest.raises(DataError, match=r"holds no study\.toml"):
        study.verify(moved)
    assert study.verify(moved, folder).faults == ()
    with pytest.raises(DataError, match=r"holds no study\.toml"):
        study.verify(moved, tmp_path)
    assert _manifest.way(Path("/results"), Path("/home/me/study")) is None
    # what verification reads is still what a run may replace
    assert study.run(folder, moved) == moved


def test_results_of_the_command_line(folder: Path, check: Check) -> None:
    results = str(folder / "results")
    found = runner.invoke(app, ["verify", results])
    assert found.exit_code == 0, found.output
    assert "verified" in found.stdout
    assert "comparing" in found.stderr
    quiet = runner.invoke(app, ["verify", results, "--quiet"])
    assert (quiet.exit_code, quiet.output) == (0, "")
    _replace(folder / "results" / "capacity.csv", "2172.8", "2172.9")
    wrong = runner.invoke(app, ["verify", results, "--study", str(folder), "--quiet"])
    assert wrong.exit_code == 1
    assert "capacity.csv, row COD, wet, total [kg/d]: 2172.9 differs" in wrong.stderr
    assert "right would be 2172.8" in wrong.stderr
    assert "Traceback" not in wrong.output
    listed = runner.invoke(app, ["verify", results, "--json"])
    assert listed.exit_code == 1
    said = json.loads(listed.stdout)
    assert {f["table"] for f in said["faults"]} == {"capacity.csv", "manifest.json"}
    assert said["notes"] == []
    assert said["compared"]["tables"] == len(TABLES)
    absent = runner.invoke(app, ["verify", str(folder / "nothing")])
    assert absent.exit_code == 2
    assert "is no folder" in absent.output
    assert runner.invoke(app, ["verify", str(folder)]).exit_code == 2  # the study, not its results


def _no_control(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.skipif(sys.platform != "linux", reason="such names need a system that takes them")
def test_names_that_would_forge_lines(folder: Path) -> None:
    """Control characters of names, cells and entries reach a terminal as what they are."""
    results = folder / "results"
    names = ["\x1b[2Jx", "a\nb", "c\x9bd", "许可\u202e", os.fsdecode(b"e\xff")]
    for name in names:
        (results / name).write_text("")
    _replace(results / "permits.csv", "P1,COD", '"P1\x1b[1m\r2",COD')
    found = runner.invoke(app, ["verify", str(results), "--quiet"])
    assert found.exit_code == 1
    assert _no_control(found.output)
    for shown in ("\\x1b[2Jx", "a\\nb", "c\\x9bd", "许可\\u202e", "e\\xff", "P1\\x1b[1m\\r2"):
        assert f"  {shown}, " in found.output or f"row {shown}, " in found.output, shown
    listed = runner.invoke(app, ["verify", str(results), "--json"])
    assert listed.exit_code == 1
    assert _no_control(listed.stdout)
    assert "许可" in listed.stdout
    assert {*names} <= {fault["table"] for fault in json.loads(listed.stdout)["faults"]}


def test_tables_that_would_forge_lines(folder: Path) -> None:
    path = folder / "source_loads.csv"
    right = path.read_text("utf8")
    path.write_text(right.replace("P1,COD", '"P\x1b[1A\n  no fault 1",COD'), "utf8")
    for command in ("check", "run"):
        found = runner.invoke(app, [command, str(folder)])
        assert found.exit_code == 2
        assert _no_control(found.output)
        assert "P\\x1b[1A\\n  no fault 1" in found.output
    path.write_text(right.replace("P1,COD,,1600,0,2000", "P1,COD,,1600,9000,9001"), "utf8")
    _replace(folder / "sections.csv", "S1", "S\x1b[2J1")
    found = runner.invoke(app, ["run", str(folder)])
    assert found.exit_code == 1
    assert _no_control(found.output)
    assert "most at S\\x1b[2J1, COD, dry" in found.output
    assert found.output.count("S\\x1b[2J1") > 1  # in the table too


@pytest.mark.usefixtures("undrawn")
def test_the_sample(outcome: study.Outcome, tmp_path: Path) -> None:
    """The whole sample without its pictures, and one digit of one of its permits."""
    results = _results.write(outcome, SAMPLE, tmp_path / "results", lambda message: None)
    rows = _rows(results / "permits_monthly.csv")
    at, row = rows[0].index("permit_mass [t]"), rows[len(rows) // 2]
    row[at] = _flipped(row[at])
    _write(results / "permits_monthly.csv", rows)
    label = ", ".join(row[rows[0].index(name)] for name in ("source", "pollutant", "period"))
    found = study.verify(results, SAMPLE).faults
    assert [(f.table, f.row, f.column) for f in found] == [
        ("manifest.json", "files", "permits_monthly.csv"),
        ("permits_monthly.csv", label, "permit_mass [t]"),
    ]
