"""The command line: ``permitload new | check | run | verify | schema``.

Exit codes: 0 all well; 1 no permit can be given (infeasible, or no convergence), or ``verify``
finds a published figure, file or manifest entry that differs; 2 the input or the call is at
fault, or ``verify`` has nothing to compare (no results, unreadable manifest, changed inputs); 130
and 143 when interrupted or terminated, with nothing half-written. A user's mistake never shows a
traceback.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from permitload import schema
from permitload.errors import ConvergenceError, DataError, Fault, InfeasibleError, printable

if TYPE_CHECKING:
    from permitload.study import Verification

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From a river network to a discharge permit for each enterprise and month "
    "(基于水生态环境质量的许可排放量核定).",
)

_MOST = 100
"""Faults of results that are printed."""

Folder = Annotated[Path, typer.Argument(help="study folder with study.toml 项目文件夹")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="print nothing but errors 安静")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object 输出 JSON")]


def main() -> None:
    """Run the command line.

    Examples
    --------
    >>> main.__module__
    'permitload.cli'
    """
    # a terminated run tidies up as an interrupted one does
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # a run makes very many small objects and few cycles: looking for them took a tenth of it
    gc.set_threshold(10_000)
    app()


@app.command()
def new(folder: Folder) -> None:
    """Write a small study that runs, to be filled with your own tables. 新建项目."""
    from importlib.resources import files

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        _refuse(Fault(str(folder), None, "folder", None, "is not empty", "a new folder"), False)
    with _guarded(False):
        folder.mkdir(parents=True, exist_ok=True)
        for source in files("permitload").joinpath("template").iterdir():
            if source.name.endswith((".csv", ".toml", ".md")):
                (folder / source.name).write_bytes(source.read_bytes())
    typer.echo(f"{folder}: a study of {len(list(folder.iterdir()))} files; next: permitload check")


@app.command()
def check(folder: Folder, quiet: Quiet = False, json: Json = False) -> None:
    """List every fault of a study at once. 检查项目."""
    from permitload import study

    with _guarded(json):
        faults = study.check(folder)
    if faults:
        _stop(DataError(faults), json)
    if json:
        _print_json({"folder": str(folder), "faults": []})
    elif not quiet:
        typer.echo(f"{folder}: no fault found 未发现错误")


@app.command()
def run(
    folder: Folder,
    out: Annotated[Path | None, typer.Option(help="results folder 结果文件夹")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run a study and write its results folder, whole or not at all. 运行项目."""
    with _guarded(json), _progress(quiet or json) as say:
        _announce(say)
        from permitload import study

        results = study.run(folder, out, say)
    summary = _summary(results)
    if json:
        _print_json({"results": str(results), **summary})
    elif not quiet:
        _show(results, summary)


@app.command()
def verify(
    results: Annotated[Path, typer.Argument(help="results folder of a run, or a bank 结果文件夹")],
    folder: Annotated[
        Path | None, typer.Option("--study", help="study folder, if results were moved 项目文件夹")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compute published results again and compare every figure. 复核结果.

    The file of a reserve bank is read whole: every hash, sum and balance.
    """
    if results.is_file():
        _verify_bank(results, quiet, json)
        return
    with _guarded(json), _progress(quiet or json) as say:
        _announce(say)
        from permitload import study

        found = study.verify(results, folder, say)
    if json:
        _print_json({"results": str(results), "faults": _listed(found.faults),
                     "notes": found.notes, "compared": found.compared})  # fmt: skip
    else:
        _tell(results, found, quiet)
    if found.faults:
        raise typer.Exit(1)


def _verify_bank(path: Path, quiet: bool, as_json: bool) -> None:
    """Read a reserve bank and say what does not fit."""
    from permitload import bank

    with _guarded(as_json):
        url = f"sqlite:///{path}"
        faults = bank.verify(url)
    if as_json:
        _print_json({"bank": str(path), "faults": _listed(faults)})
    elif faults:
        typer.echo(str(DataError(faults[:_MOST])), err=True)
    elif not quiet:
        typer.echo(f"{path}: verified 已复核")
    if faults:
        raise typer.Exit(1)


@app.command(name="schema")
def show_schema(
    table: Annotated[str, typer.Argument(help="a table; all variables if none is named")] = "",
    json: Json = False,
) -> None:
    """Print the glossary, or the CSV template of one table. 术语与模板."""
    if table and table not in schema.TABLES:
        right = f"one of {', '.join(schema.TABLES)}"
        _refuse(Fault("schema", None, "table", table, "is unknown", right), json)
    if json:
        rows = [
            {"name": v.name, "unit": v.unit, "meaning": v.meaning, "term": v.term}
            for v in schema.glossary()
        ]
        _print_json({"variables": rows, "tables": {n: schema.template(n) for n in schema.TABLES}})
    elif table:
        typer.echo(schema.template(table))
    else:
        for variable in schema.glossary():
            unit = variable.unit or "label"
            typer.echo(f"{variable.name:26s} {unit:16s} {variable.term}  {variable.meaning}")
        typer.echo("")
        for name, declared in schema.TABLES.items():
            need = "optional" if declared.optional else "required"
            typer.echo(f"{name}.csv ({need}): {declared.meaning}\n  {schema.template(name)}")


@contextmanager
def _guarded(as_json: bool) -> Iterator[None]:
    """Turn the library's errors into one message and an exit code."""
    try:
        yield
    except DataError as error:
        _stop(error, as_json)
    except (InfeasibleError, ConvergenceError) as error:
        table = getattr(error, "relaxation", None)
        table = getattr(error, "worst", None) if table is None else table
        lines = [] if table is None else table.reset_index().to_dict("records")
        if as_json:
            _print_json({"error": str(error), "rows": lines})
        else:
            shown = [] if table is None else table.to_string().split("\n")
            for line in [*str(error).split("\n"), *shown]:
                typer.echo(printable(line), err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        problem = f"cannot be used: {error.strerror}"
        right = "a folder that can be written"
        _refuse(Fault(str(error.filename), None, "file", None, problem, right), as_json)


def _refuse(fault: Fault, as_json: bool) -> None:
    """Print one fault and exit with 2."""
    _stop(DataError([fault]), as_json)


def _stop(error: DataError, as_json: bool) -> None:
    """Print all faults, or the sentence of an error that has none, and exit with 2."""
    if as_json:
        said = {} if error.faults else {"error": str(error)}
        _print_json({"faults": _listed(error.faults), **said})
    else:
        for line in str(error).split("\n"):
            typer.echo(printable(line), err=True)
    raise typer.Exit(2)


def _listed(faults: Iterable[Fault]) -> list[dict[str, object]]:
    """Faults as JSON objects."""
    keys = ("table", "row", "column", "value", "problem", "expected")
    return [{key: getattr(fault, key) for key in keys} for fault in faults]


def _tell(results: Path, found: Verification, quiet: bool) -> None:
    """Print what verification found: faults always, the rest unless quiet."""
    if found.faults:
        typer.echo(str(DataError(found.faults[:_MOST])), err=True)
    if len(found.faults) > _MOST:
        typer.echo(f"  and {len(found.faults) - _MOST} more; --json lists all", err=True)
    if quiet and not found.faults:
        return
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    if not found.faults:
        counts = ", ".join(f"{count} {kind}" for kind, count in found.compared.items())
        typer.echo(f"{results}: verified 已复核: {counts}")


def _print_json(content: dict[str, Any]) -> None:
    """Print JSON: Chinese as it is, what a terminal would obey or cannot show as its code."""
    text = json.dumps(content, ensure_ascii=False, default=str, sort_keys=True)
    typer.echo("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show steps: a spinner on a terminal, plain lines elsewhere, nothing if quiet."""
    if quiet:
        yield lambda message: None
    elif not sys.stderr.isatty():
        yield lambda message: typer.echo(message, err=True)
    else:
        from rich.console import Console

        with Console(stderr=True).status("") as status:
            yield lambda message: status.update(message)


def _announce(say: Callable[[str], None]) -> None:
    """Say that the kernels must be compiled first, where they must."""
    if not _kernels_cached():
        say("compiling numerical kernels (this once; they are cached) 首次编译内核")


def _kernels_cached() -> bool:
    """Whether the compiled kernels of an earlier run are there."""
    from permitload.quality import _kernels as transport
    from permitload.sharing import _kernels as sharing

    needed: list[Any] = [transport.down, transport.back, sharing.water_fill]
    folders = {kernel.stats.cache_path for kernel in needed}
    cached = {file.name for folder in folders for file in Path(folder).glob("*.nbi")}
    return all(any(kernel.__name__ in name for name in cached) for kernel in needed)


def _summary(results: Path) -> dict[str, Any]:
    """Read back what the manifest says of the run."""
    manifest: dict[str, Any] = json.loads((results / "manifest.json").read_text("utf8"))
    return {"summary": manifest["summary"]}


def _show(results: Path, summary: dict[str, Any]) -> None:
    """Print where the results are and the few figures that matter."""
    typer.echo(f"{results}: report.html, permits.csv, permits_monthly.csv, provenance.csv")
    for key, value in summary["summary"].items():
        typer.echo(f"  {key}: {value}")
