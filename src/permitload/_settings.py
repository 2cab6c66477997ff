"""The choices of a study: ``study.toml``, read, checked and resolved to functions."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from permitload import (
    _choices,
    _monthly_checks,
    _reliability,
    _targets,
    allocation,
    capacity,
    fairness,
    hydraulics,
    sharing,
)
from permitload._setting import BASES, chosen, is_number, shown
from permitload.errors import Fault
from permitload.reallocation import Policy

_MOST = 1_000_000
"""Largest study.toml read [bytes]."""


def measured(inflow: pd.DataFrame) -> pd.Series[float]:
    """Water at the boundaries as it is measured [mg/L]."""
    return inflow["concentration"]


def at_target(inflow: pd.DataFrame) -> pd.Series[float]:
    """Water at the boundaries at its target, and as measured where it has none [mg/L]."""
    return inflow["target_concentration"].fillna(inflow["concentration"])


@dataclass(frozen=True, slots=True)
class Settings:
    """What a study has chosen; every default is an assumption until a basis is stated."""

    pollutants: tuple[str, ...] = ()
    title: str = ""
    title_zh: str = ""
    margin_of_safety: float = 0.1
    """Share of every limit withheld: HJ 2.3-2018 asks for at least 10 % in class III water
    (from memory, unverified)."""
    closure_tolerance: float = 0.3
    """Relative error of a monthly mean up to which a section counts as calibrated."""
    decided: tuple[str, ...] = ("industry",)
    boundaries: Callable[..., Any] | None = None
    """Which water at the boundaries bounds the permits; asked for where a target is stated."""
    annual: Callable[..., Any] = capacity.sum_of_periods
    """Which basis of a year bounds the annual permits."""
    target: Callable[..., Any] = allocation.present_load
    section: str = ""
    """Section whose capacity is shared down the tree."""
    compose: Callable[..., Any] = sharing.fill
    precision: float = 0.001
    """Unit in which permits are written [t]."""
    basis: tuple[tuple[str, str], ...] = ()
    uncertainty: _reliability.Uncertainty | None = None
    """How uncertain capacity is allowed for; not at all by default."""
    months: Policy = field(default_factory=Policy)
    """What the park has agreed on for its monthly quotas."""
    months_basis: str = "assumed"
    technology: _choices.Technology = field(default_factory=_choices.Technology)
    """Which figures of technology enter the permits; none by default."""
    conversion: _choices.Conversion = field(default_factory=_choices.Conversion)
    """How conversion between sources is decided, where there are sellers and buyers."""
    tiers: _choices.Tiers = field(default_factory=_choices.Tiers)
    """How the criteria of a rating weigh, where there are some."""
    flow: Callable[..., Any] | None = None
    """How flow is computed from the boundaries; by default it is given in ``flows.csv``."""
    cell_length: float = 250.0
    """Greatest length of a piece of a reach, where flow is computed [m]."""
    alternatives: tuple[tuple[str, str, str], ...] = ()
    """Name, title and Chinese title of alternatives that have one."""
    stated: frozenset[str] = frozenset()
    """Tables that ``study.toml`` has."""

    @property
    def flow_name(self) -> str:
        """What ``flow`` is called in ``study.toml``; empty where it is given."""
        return next((n for n, f in _FUNCTIONS["flow"].items() if f is self.flow), "")

    @property
    def computed(self) -> Callable[..., Any] | None:
        """Function of a network, boundaries and details that computes flow; None if given."""
        if self.flow is None:
            return None
        return partial(self.flow, run=hydraulics.Run(cell_length=self.cell_length))


_TARGETS = (
    {"present_load": allocation.present_load}
    | {
        name: getattr(fairness, name)
        for name in ("equal_proportion", "equal_concentration", "equal_removal", "capped_base")
    }
    | {"contribution": _targets.contribution, "tree": _targets.tree}
)
"""Functions of the sources that return a target [kg/d]."""
_COMPOSERS = {
    name: getattr(module, name)
    for module, names in (
        (sharing, ("alpha_fairness", "fill", "project", "proportion")),
        (fairness, ("equal_awards", "equal_losses", "nash", "talmud")),
    )
    for name in names
}
"""Functions of a target, rows and bounds that return a filling."""
_ANNUAL = {name: getattr(capacity, name) for name in ("sum_of_periods", "worst_period")}
_BOUNDARIES = {"measured": measured, "at_target": at_target}
_FUNCTIONS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "target": _TARGETS, "compose": _COMPOSERS, "annual": _ANNUAL, "boundaries": _BOUNDARIES,
    "flow": {"steady": hydraulics.steady, "unsteady": hydraulics.period_flow},
}  # fmt: skip
_BASED = (
    "margin_of_safety", "closure_tolerance", "decided", "annual", "boundaries", "target",
    "section", "compose", "precision",
)  # fmt: skip
"""Settings whose basis is always stated."""
_KEYS: Mapping[str, tuple[str, ...]] = {
    "study": ("title", "title_zh", "pollutants"),
    "capacity": ("margin_of_safety", "closure_tolerance", "decided", "annual", "boundaries"),
    "allocation": ("target", "section", "compose", "precision"),
    "hydraulics": ("flow", "cell_length"),
    "basis": (*_BASED, "flow", "cell_length"),
    "reliability": _reliability.SETTINGS,
    "months": _monthly_checks.SETTINGS,
    **_choices.SETTINGS,
    "alternatives": (),
}  # fmt: skip
_RANGES = {
    "margin_of_safety": (0.0, 0.999), "closure_tolerance": (0.0, 10.0), "precision": (1e-9, 1e3),
    "cell_length": (1.0, 1e5),
}  # fmt: skip


def read(folder: Path) -> tuple[Settings, list[Fault]]:
    """Read ``study.toml``; settings that are at fault keep their default."""
    path = folder / "study.toml"
    if path.is_symlink() or not path.is_file():
        return Settings(), [Fault("study.toml", None, "file", None, "is missing", "study.toml")]
    try:
        data = _parsed(path)
    except _Unreadable as error:
        return Settings(), [Fault("study.toml", None, "file", None, *error.args)]
    faults = _unknown(data)
    values: dict[str, Any] = {}
    for table in ("study", "capacity", "allocation", "hydraulics"):
        given = data.get(table)
        for key in _KEYS[table]:
            if isinstance(given, dict) and key in given:
                value, fault = _value(key, given[key])
                if fault is None:
                    values[key] = value
                else:
                    faults.append(Fault("study.toml", table, key, shown(given[key]), *fault))
    if not values.get("pollutants"):
        right = 'a list such as ["COD", "NH3-N"]'
        faults.append(Fault("study.toml", "study", "pollutants", None, "is missing", right))
    basis, more = _basis(data.get("basis", {}), _KEYS["hydraulics"] if "flow" in values else ())
    titles, wrong = _titles(data.get("alternatives", {}))
    uncertainty, unsure = _reliability.read(data.get("reliability"))
    months, vouched, astray = _monthly_checks.read(data.get("months"))
    technical, idle = _choices.read_technology(data.get("technology"))
    traded, unknown = _choices.read_conversion(data.get("conversion"))
    rated, odd = _choices.read_tiers(data.get("tiers"))
    wrong += _composed(values) + astray + idle + unknown + odd
    if "cell_length" in values and "flow" not in values:
        right = 'flow = "steady" beside it, or no cell_length'
        wrong.append(Fault("study.toml", "hydraulics", "cell_length", values["cell_length"],
                           "is not used where flow is given", right))  # fmt: skip
    settings = Settings(
        **values, basis=basis, uncertainty=uncertainty, months=months, months_basis=vouched,
        technology=technical, conversion=traded, tiers=rated,
        alternatives=titles, stated=frozenset(data),
    )  # fmt: skip
    return settings, faults + more + unsure + wrong


_NEEDS = {"conversion": "sellers", "tiers": "tier_applications"}
"""Tables of settings, and the table of a study without which they decide nothing."""


def unused(settings: Settings, tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Find tables of settings that decide nothing in a study of these tables."""
    return [
        Fault("study.toml", name, "settings", None, "decide nothing",
              f"rows of {needed}.csv, or no [{name}]")
        for name, needed in _NEEDS.items()
        if name in settings.stated and tables[needed].empty
    ]  # fmt: skip


def _composed(values: dict[str, Any]) -> list[Fault]:
    """Contribution is a projection of the present loads; no other composition is that rule."""
    if values.get("target") is not _targets.contribution:
        return []
    compose = values.setdefault("compose", sharing.project)
    if compose is sharing.project:
        return []
    name, right = compose.__name__, "project, or no compose"
    problem = "is not how contribution shares"
    return [Fault("study.toml", "allocation", "compose", name, problem, right)]


class _Unreadable(Exception):
    """What is wrong with the file, and what would be right."""


def _parsed(path: Path) -> dict[str, Any]:
    """Parse the file, with or without byte order mark."""
    if path.stat().st_size > _MOST:
        problem = f"has {path.stat().st_size} bytes"
        raise _Unreadable(problem, f"a TOML file of at most {_MOST} bytes")
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        problem, right = f"is not UTF-8 at byte {error.start}", "a file saved as UTF-8"
        raise _Unreadable(problem, right) from error
    except (ValueError, RecursionError) as error:
        right = "TOML: key = value, text in quotes"
        raise _Unreadable(f"is not TOML ({error})", right) from error


def _unknown(data: Mapping[str, Any]) -> list[Fault]:
    """Tables and keys that nobody reads: probably misspelt."""
    faults = []
    for table, content in data.items():
        if table not in _KEYS or not isinstance(content, dict):
            right = f"one of {', '.join(_KEYS)}"
            faults.append(Fault("study.toml", None, table, None, "is no table of it", right))
            continue
        if table == "alternatives":
            continue
        faults.extend(
            Fault("study.toml", table, key, None, "is unknown", f"one of {', '.join(_KEYS[table])}")
            for key in content
            if key not in _KEYS[table]
        )
    return faults


def _value(key: str, given: object) -> tuple[Any, tuple[str, str] | None]:
    """Turn a setting into its type; or say what is wrong and what would be right."""
    if key in ("title", "title_zh", "section"):
        return given, None if isinstance(given, str) else ("is not text", "text in quotes")
    if key in ("pollutants", "decided"):
        labels = given if isinstance(given, list) else []
        good = labels and all(isinstance(v, str) and v.strip() for v in labels)
        if not good or len(set(labels)) < len(labels):
            return None, ("is not a list of different labels", 'a list such as ["COD", "TP"]')
        return tuple(labels), None
    if key in _FUNCTIONS:
        function, right = chosen(given, _FUNCTIONS[key])
        return function, ("is unknown", right) if right else None
    low, high = _RANGES[key]
    if is_number(given) and low <= given <= high:
        return float(given), None
    return None, ("is not valid", f"a number from {low:g} to {high:g}")


def _basis(given: object, more: tuple[str, ...]) -> tuple[tuple[tuple[str, str], ...], list[Fault]]:
    """Read the basis of each setting; what nobody vouches for is assumed."""
    stated = given if isinstance(given, dict) else {}
    faults = [
        Fault("study.toml", "basis", str(key), shown(value), "is unknown", right)
        for key, value in stated.items()
        if (right := chosen(value, BASES)[1])
    ]
    keys = (*_BASED, *more)
    return tuple((key, shown(stated.get(key, "assumed"))) for key in keys), faults


def _titles(given: object) -> tuple[tuple[tuple[str, str, str], ...], list[Fault]]:
    """Read the titles of alternatives, ``[alternatives.NAME]``."""
    found, faults = [], []
    for name, own in given.items() if isinstance(given, dict) else ():
        entries = own if isinstance(own, dict) else {"": own}
        for key, value in entries.items():
            if key not in ("title", "title_zh") or not isinstance(value, str):
                row, right = f"alternatives.{name}", "title or title_zh, text in quotes"
                faults.append(Fault("study.toml", row, key, shown(value), "is not valid", right))
        titles = (entries.get(key, "") for key in ("title", "title_zh"))
        found.append((str(name), *(title if isinstance(title, str) else "" for title in titles)))
    return tuple((n, t, z) for n, t, z in found), faults
