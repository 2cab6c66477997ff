"""The structure of the library, held: arrows, cycles, budgets, docstrings, names."""

import ast
import functools
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

import permitload
from permitload import schema

SOURCE = Path(permitload.__file__).parent
MODULES = {
    ".".join(["permitload", *path.relative_to(SOURCE).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): path
    for path in sorted(SOURCE.rglob("*.py"))
}

# Who may import whom. A unit is a top-level module or package with its private companions.
CORE = {"errors", "units", "schema", "frames", "network", "program", "sharing", "sampling"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "units": set(),
    "schema": {"errors"},
    "frames": {"errors", "schema"},
    "network": {"errors", "schema", "frames"},
    "program": {"errors", "frames"},
    "sharing": {"errors", "program", "frames"},
    "sampling": {"errors", "schema", "units", "frames"},
    "hydraulics": CORE,
    "quality": CORE,
    "sources": CORE,
    "standards": CORE,
    "capacity": CORE,
    "allocation": CORE,
    "fairness": CORE,
    "technology": CORE,
    "bank": {"errors", "units"},
    "tiers": CORE,
    "reallocation": CORE | {"allocation"},
    "conversion": CORE,
    "io": {"errors", "units", "schema", "frames"},
    "plot": CORE,
    "report": CORE | {"plot"},
    "study": CORE
    | {"allocation", "capacity", "conversion", "fairness", "hydraulics", "io", "plot", "quality",
       "report", "reallocation", "sources", "standards", "technology", "tiers"},
    "cli": {"errors", "schema", "study", "quality", "sharing", "bank"},
}  # fmt: skip
COMPANIONS = {
    "_terms": "schema", "_tables": "schema",
    "_profile": "sampling",
    "_control_units": "network", "_network_checks": "network", "_swmm": "network",
    "_lines": "network", "_swmm_file": "network", "_swmm_structures": "network",
    "_swmm_storage": "network", "_swmm_transects": "network", "_swmm_boundaries": "network",
    "_swmm_write": "network", "_swmm_written": "network",
    "_frames": "frames", "_labels": "frames", "_gaps": "frames",
    "_checks": "study", "_settings": "study", "_results": "study", "_outcome": "study",
    "_pages": "study", "_permits": "study", "_manifest": "study", "_provenance": "study",
    "_compare": "study", "_verify": "study", "_rules": "study", "_rates": "study",
    "_closure": "study", "_units": "study", "_model": "study", "_beside": "study",
    "_alternatives": "study", "_decided": "study", "_drawn": "study", "_tree": "study",
    "_targets": "study", "_reliability": "study", "_tiered": "study", "_nonpoint": "study",
    "_contributions": "study", "_technical": "study", "_monthly": "study",
    "_monthly_checks": "study", "_setting": "study", "_technical_choice": "study",
    "_technical_rows": "study", "_choices": "study", "_traded": "study", "_works": "study",
    "_tier_weights": "study",
}  # fmt: skip


@functools.cache
def _trees() -> list[tuple[str, Path, ast.Module]]:
    return [(name, path, ast.parse(path.read_text("utf8"))) for name, path in MODULES.items()]


def _imports(name: str, tree: ast.Module) -> Iterator[str]:
    """Modules of the library that a module imports, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("permitload"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            base = node.module or ""
            if base.split(".")[0] == "permitload":
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    yield full if full in MODULES else base


def _unit(module: str) -> str:
    top = module.split(".")[1] if "." in module else ""
    # the vocabulary stands in several files of data
    return "schema" if top.endswith("_variables") else COMPANIONS.get(top, top)


def test_every_arrow_is_allowed() -> None:
    wrong = []
    for name, _, tree in _trees():
        for target in _imports(name, tree):
            here, there = _unit(name), _unit(target)
            if name == "permitload" or not there or here == there:
                continue
            assert here in ALLOWED, f"{here} is not in the list of units"
            if there not in ALLOWED[here]:
                wrong.append(f"{name} -> {target}")
    assert not wrong, wrong


def test_capabilities_never_import_each_other() -> None:
    capabilities = {
        "hydraulics", "quality", "sources", "standards", "capacity", "allocation", "fairness",
        "technology",
        "bank",
        "tiers",
        "conversion",
    }  # fmt: skip
    assert all(not ALLOWED[unit] & capabilities for unit in capabilities)


def test_no_cycles_even_lazy() -> None:
    graph = nx.DiGraph()
    for name, _, tree in _trees():
        if name != "permitload":
            graph.add_edges_from((name, t) for t in _imports(name, tree) if t != "permitload")
    # a package's __init__ re-exports its parts, so a part may not import its own package
    assert not [c for c in nx.strongly_connected_components(graph) if len(c) > 1]
    assert not list(nx.selfloop_edges(graph))


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for name, _, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield f"{name}.{node.name}:{node.lineno}", node


def _body_lines(node: ast.FunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_modules_have_at_most_400_lines() -> None:
    long = {n: p.read_text("utf8").count("\n") for n, p in MODULES.items()}
    assert not {name: lines for name, lines in long.items() if lines > 400}


def test_functions_have_at_most_60_lines_and_mostly_40() -> None:
    sizes = {where: _body_lines(node) for where, node in _functions()}
    assert not {where: size for where, size in sizes.items() if size > 60}
    assert sum(size > 40 for size in sizes.values()) <= 0.03 * len(sizes)


def test_functions_have_at_most_six_parameters() -> None:
    wrong = []
    for where, node in _functions():
        names = [a.arg for a in [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]]
        if len([n for n in names if n not in ("self", "cls")]) > 6:
            wrong.append(where)
        if node.args.kwarg and "._" not in where:
            wrong.append(f"{where} **{node.args.kwarg.arg}")
    assert not wrong, wrong


def _public() -> Iterator[tuple[str, object]]:
    """Everything that the modules of the library offer, with the methods of its classes."""
    for top in permitload.__all__:
        module = getattr(permitload, top)
        if not inspect.ismodule(module):
            continue
        for name in module.__all__:
            thing = getattr(module, name)
            yield f"{top}.{name}", thing
            if inspect.isclass(thing) and thing.__module__.startswith("permitload"):
                own = [c for c in thing.__mro__ if c.__module__.startswith("permitload")]
                for method, value in {n: v for c in own[::-1] for n, v in vars(c).items()}.items():
                    if not method.startswith("_") and callable(getattr(thing, method)):
                        yield f"{top}.{name}.{method}", getattr(value, "__func__", value)


def test_packages_export_modules_that_declare_their_names() -> None:
    for top in permitload.__all__:
        module = getattr(permitload, top)
        if inspect.ismodule(module):
            assert list(module.__all__) == sorted(module.__all__) or top == "schema", top
            assert all(hasattr(module, name) for name in module.__all__), top


@pytest.mark.parametrize("section", ["Parameters", "Returns", "Examples"])
def test_public_docstrings_have_their_sections(section: str) -> None:
    missing = []
    for where, thing in _public():
        if not (inspect.isfunction(thing) or inspect.isclass(thing)):
            continue
        doc = inspect.getdoc(thing) or ""
        if section == "Parameters":
            needs = bool(set(inspect.signature(thing).parameters) - {"self", "cls"})
        elif section == "Returns":
            hints = inspect.signature(thing).return_annotation
            needs = inspect.isfunction(thing) and hints not in (None, "None")
        else:
            needs = inspect.isfunction(thing)
        if issubclass(thing, Exception) if inspect.isclass(thing) else False:
            needs = needs and section == "Parameters" and "__init__" in vars(thing)
        if needs and f"{section}\n---" not in doc:
            missing.append(where)
    assert not missing, missing


def test_public_parameters_are_glossary_names() -> None:
    known = {*schema.VARIABLES, *schema.TABLES, *schema.TERMS, "self", "cls"}
    strange = []
    for where, thing in _public():
        if inspect.isfunction(thing):
            strange += [
                f"{where}({p})" for p in inspect.signature(thing).parameters if p not in known
            ]
    assert not strange, strange


def test_every_term_is_a_parameter() -> None:
    used = {
        name
        for _, thing in _public()
        if inspect.isfunction(thing) or inspect.isclass(thing)
        for name in inspect.signature(thing).parameters
    }
    assert not {*schema.TERMS} - used


def test_no_public_parameter_is_called_load() -> None:
    assert "load" not in {*schema.VARIABLES, *schema.TERMS}


def test_schema_does_not_contradict_itself() -> None:
    assert schema.faults_of_schema() == []
    units = importlib.import_module("permitload.io")
    for variable in schema.glossary():
        if not variable.is_label and not variable.is_date:
            assert units.convert(1.0, variable.unit, variable.name) == 1.0, variable.name


HEAVY = [
    "numba",
    "pyomo",
    "clarabel",
    "matplotlib",
    "sklearn",
    "dask",
    "pint",
    "networkx",
    "highspy",
    "scipy",
    "sqlalchemy",
]


def test_import_pulls_in_nothing_heavy() -> None:
    code = f"import sys, permitload; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_library_never_prints_logs_or_evaluates() -> None:
    banned = {"print", "eval", "exec", "breakpoint", "input"}
    wrong = []
    for name, _, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in banned:
                wrong.append(f"{name}:{node.lineno} {node.func.id}")  # type: ignore[attr-defined]  # a Name
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                modules = [a.name for a in node.names] + [getattr(node, "module", "") or ""]
                wrong += [
                    f"{name}: {m}" for m in modules if m in ("pickle", "logging", "subprocess")
                ]
    assert not wrong, wrong


def test_exceptions_to_the_checks_say_why() -> None:
    bare = re.compile(r"# *(noqa|type: *ignore)(: *[A-Z]+\d+(, *[A-Z]+\d+)*|\[[^]]*\])? *$")
    root = Path(__file__).parents[1]
    found = [
        f"{path.relative_to(root)}:{number}"
        for folder in ("src", "tests", "benchmarks", "docs", "studies", "data")
        for path in sorted((root / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text("utf8").splitlines(), 1)
        if bare.search(line)
    ]
    assert not found, found
