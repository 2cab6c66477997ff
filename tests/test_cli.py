"""The command line: exit codes, one message, JSON, nothing half-written."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from permitload.cli import app

runner = CliRunner()


def _new(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    assert runner.invoke(app, ["new", str(folder)]).exit_code == 0
    return folder


def test_a_new_study_checks_and_runs(tmp_path: Path) -> None:
    folder = _new(tmp_path)
    assert runner.invoke(app, ["check", str(folder)]).exit_code == 0
    found = runner.invoke(app, ["run", str(folder)])
    assert found.exit_code == 0, found.output
    assert "report.html" in found.output
    names = {p.name for p in (folder / "results").iterdir()}
    assert {"permits.csv", "permits_monthly.csv", "capacity.csv", "report.html",
            "manifest.json", "allocation.nc"} <= names  # fmt: skip


def test_new_never_overwrites(tmp_path: Path) -> None:
    folder = _new(tmp_path)
    before = (folder / "reaches.csv").read_bytes()
    found = runner.invoke(app, ["new", str(folder)])
    assert found.exit_code == 2
    assert "is not empty" in found.output
    assert (folder / "reaches.csv").read_bytes() == before


@pytest.mark.parametrize("command", ["check", "run"])
def test_faults_exit_with_2_and_no_traceback(tmp_path: Path, command: str) -> None:
    folder = _new(tmp_path)
    text = (folder / "reaches.csv").read_text("utf8").replace("main,n3", "main,n4")
    (folder / "reaches.csv").write_text(text, "utf8")
    found = runner.invoke(app, [command, str(folder)])
    assert found.exit_code == 2
    assert "self-loop" in found.output
    assert "Traceback" not in found.output
    assert not (folder / "results").exists()


@pytest.mark.parametrize("command", ["check", "run"])
def test_missing_folder(tmp_path: Path, command: str) -> None:
    found = runner.invoke(app, [command, str(tmp_path / "nowhere")])
    assert found.exit_code == 2
    assert "is no folder" in found.output


def test_json(tmp_path: Path) -> None:
    folder = _new(tmp_path)
    assert json.loads(runner.invoke(app, ["check", str(folder), "--json"]).stdout)["faults"] == []
    (folder / "sections.csv").unlink()
    found = runner.invoke(app, ["check", str(folder), "--json"])
    assert found.exit_code == 2
    fault = json.loads(found.stdout)["faults"][0]
    assert set(fault) == {"table", "row", "column", "value", "problem", "expected"}


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    folder = _new(tmp_path)
    found = runner.invoke(app, ["run", str(folder), "--quiet"])
    assert found.exit_code == 0
    assert found.output == ""


def test_progress_is_plain_when_piped(tmp_path: Path) -> None:
    found = runner.invoke(app, ["run", str(_new(tmp_path))])
    assert "response of the sections" in found.stderr
    assert "\x1b" not in found.stderr


def test_impossible_floors_exit_with_1(tmp_path: Path) -> None:
    folder = _new(tmp_path)
    text = (folder / "source_loads.csv").read_text("utf8")
    text = text.replace("P1,COD,,1600,0,2000", "P1,COD,,1600,5000,6000")
    (folder / "source_loads.csv").write_text(text, "utf8")
    found = runner.invoke(app, ["run", str(folder)])
    assert found.exit_code == 1, found.output
    assert "S2" in found.output
    assert "Traceback" not in found.output


def test_schema_prints_templates(tmp_path: Path) -> None:
    found = runner.invoke(app, ["schema", "boundaries"])
    assert found.stdout.strip() == "node,period,flow [m3/s],note"
    assert "影子价格" in runner.invoke(app, ["schema"]).stdout
    assert runner.invoke(app, ["schema", "nonsense"]).exit_code == 2
    assert "reaches" in json.loads(runner.invoke(app, ["schema", "--json"]).stdout)["tables"]
