"""Benchmarks that run in new interpreters or on a converted study."""

import ast
import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import permitload

SOURCE = Path(permitload.__file__).parent


def _python(code: str, *words: str) -> str:
    """Run code in a new interpreter; returns what it prints."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


CLI = "import sys; sys.argv[0] = 'permitload'; from permitload.cli import main; main()"


def run(folder: Path) -> None:
    """``permitload run`` into a folder that is then deleted."""
    with tempfile.TemporaryDirectory() as out:
        _python(CLI, "run", str(folder), "--quiet", "--out", f"{out}/results")


def imports(modules: list[str]) -> None:
    """Import the modules."""
    _python("".join(f"import {name}\n" for name in modules))


def imported(folder: Path) -> list[str]:
    """Modules of others that the modules of permitload loaded by a run import, by name."""
    listing = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules))))\n" + CLI
    )
    with tempfile.TemporaryDirectory() as out:
        told = _python(listing, "run", str(folder), "--quiet", "--out", f"{out}/results")
    loaded = set(json.loads(told.splitlines()[-1]))
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        name = ".".join(("permitload", *path.relative_to(SOURCE).with_suffix("").parts))
        if name.removesuffix(".__init__") in loaded:
            found |= _stated(ast.parse(path.read_text("utf8")))
    return sorted(n for n in found & loaded if n.split(".")[0] not in sys.stdlib_module_names)


def _stated(tree: ast.Module) -> set[str]:
    """Modules that import statements name, other than permitload's own."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{a.name}" for a in node.names)}
    return {name for name in found if name.split(".")[0] not in {"permitload", "__future__", ""}}


def converted(study: Path, source: Path) -> Path | None:
    """Folder of a study with its tables, deleted at the end; None if it is not runnable."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, str(study / "convert.py"), str(source), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    if not (folder / "study.toml").exists() and (study / "study.toml").exists():
        shutil.copy(study / "study.toml", folder)
    return folder if (folder / "study.toml").exists() else None
