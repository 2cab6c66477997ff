"""What a report is made of, and its page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pandas as pd

from permitload._frames import lacking
from permitload.errors import DataError, Fault, raise_faults
from permitload.report import (
    _beside,
    _closed,
    _other,
    _shares,
    _sources,
    _technology,
    _tiers,
    _traded,
    _views,
    _why,
)
from permitload.report._views import View

__all__ = ["Report", "render"]

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "permits": ("enterprise", "source", "pollutant", "permitted_load", "permit", "stopped_by"),
    "permits_monthly": (
        "enterprise", "source", "pollutant", "period", "source_load", "permitted_load",
        "level", "stopped_by",
    ),
    "capacity": ("pollutant", "period", "total", "status"),
    "sections": (
        "section", "indicator", "period", "limit", "allowed", "background", "headroom",
        "concentration",
    ),
    "balance": ("term", "pollutant", "period", "ledger"),
    "parameters": ("parameter", "value", "basis"),
}  # fmt: skip
_FIGURES = ("map", "limit_use", "permits", "monthly", "units", "alternatives", "fairness",
            "contributions", "areas", "ladder", "tier_permits", "books", "conversion", "quota",
            "park_use", "section_course", "flow")  # fmt: skip
_PERMITS = ("enterprise", "name", "source", "source_load", "permitted_load", "granted", "permit",
            "permit_worst", "accepted_present", "accepted_load", "stopped_by", "sector", "outlet",
            "works")  # fmt: skip
_NOT_MORE = ("enterprise", "name", "source", "full_section", "months", "worst", "source_load",
             "permitted_load", "granted", "ceiling")  # fmt: skip
_SECTIONS = ("section", "name", "indicator", "period", "limit", "allowed", "background",
             "present_concentration", "concentration", "limit_use", "status",
             "calibrated")  # fmt: skip
_OWED = ("section", "name", "indicator", "period", "limit", "allowed", "background", "missing",
         "calibrated", "affected")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page of a study shows; the page computes nothing but sums and shares.

    Parameters
    ----------
    title, title_zh : str
        Title of the study in English and Chinese; either may be empty.
    tables : mapping of DataFrame
        In canonical units, with at least these columns (others are ignored):

        - ``permits``: enterprise, source, pollutant, permitted_load [kg/d], permit [t/a],
          stopped_by; optional name, sector, outlet, works, source_load, accepted_load,
          accepted_present [kg/d], permit_worst [t/a];
        - ``permits_monthly``: enterprise, source, pollutant, period, source_load (present) and
          permitted_load [kg/d], level (granted share of the target) [1], stopped_by; optional
          permit_mass [t], ceiling [kg/d];
        - ``capacity``: pollutant, period, total [kg/d], status; optional annual_sum and
          annual_worst [t/a];
        - ``sections``: section, indicator, period, limit, allowed, background, headroom and
          concentration (with the permits) [mg/L]; optional name, present_concentration [mg/L];
        - ``balance``: term, pollutant, period, ledger [kg/d], one term being ``residual``;
        - ``parameters``: parameter, value, basis (statutory, pilot or assumed); optional unit,
          note;
        - tables that may be missing: ``water``: term, period, flow [m3/s], one term being
          ``residual``; ``closure``, as it is published; ``sensitivity``: pollutant,
          decay_factor, total [kg/d], total_change [1] and calibrated of the year;
          ``groups``, ``units``, ``points``, ``owed`` and ``upstream``, as published;
          ``alternatives``: pollutant, name, total, change, source_load [kg/d] and others of
          the year;
          ``contributions``, ``works`` and ``flow_check``, as published;
          ``tree``, ``distortion`` and ``reliability``, as published;
          ``provenance`` and ``counterfactuals``, ``fairness``, ``rules`` and ``measures``,
          as published;
          ``tier_areas`` and the other tables of tiers, as published, all or none;
          ``train_scores``, ``technology_loads``, ``initial_capacity``,
          ``potentials_by_class``, ``potentials_by_unit`` and ``book_totals``, as published;
          ``trading_ratios`` and the other tables of conversion, as published.
    figures : mapping of mapping of bytes
        Section of the page (``map``, ``limit_use``, ``permits``, ``monthly``, ``units``,
        ``alternatives``, ``fairness``, ``contributions``, ``areas``, ``ladder``,
        ``tier_permits``, ``books``, ``conversion``, ``quota``, ``park_use``,
        ``section_course``, ``flow``) → caption, such as the pollutant → PNG, from
        :func:`permitload.plot.png`. A section without figures is left out. Of the maps the first
        is shown, the others unfold.
    manifest : mapping
        Group (``inputs``, ``versions``, ``options``, …) → mapping of name to value, or a value.

    Examples
    --------
    >>> Report("Wujin sample", "武进示例", {}, {}, {"seed": None}).title
    'Wujin sample'
    """

    title: str
    title_zh: str
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, Mapping[str, bytes]]
    manifest: Mapping[str, object]


def render(report: Report, language: str = "zh") -> str:
    """Write the report as one HTML page: no scripts, no links, figures inside.

    Headings, headers and sentences stand in Chinese and English; names and labels from the
    study are escaped. The same report gives the same text.

    Parameters
    ----------
    report : Report
        What is shown.
    language : str, default zh
        Which language comes first, ``zh`` or ``en``.

    Returns
    -------
    str
        HTML 5. Numbers are rounded to four digits, permits [t/a] and [t] are not; a dash stands
        where there is no number.

    Raises
    ------
    DataError
        If a table or column is missing, a section of figures or a language is unknown.

    Examples
    --------
    >>> render(Report("", "", {}, {}, {}), "fr")
    Traceback (most recent call last):
    permitload.errors.DataError: language is fr; right would be zh or en
    """
    from jinja2 import Environment, StrictUndefined

    if language not in ("zh", "en"):
        message = f"language is {language}; right would be zh or en"
        raise DataError(message)
    _refuse(report)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("permitload.report").joinpath("page.html").read_text("utf8")
    figures = {
        section: {str(caption): _picture(png) for caption, png in group.items()}
        for section, group in report.figures.items()
    }
    page = environment.from_string(source)
    return page.render(
        report=report, language=language, figures=figures, tables=_tables(report.tables),
        facts=_facts(report.tables), manifest=_manifest(report.manifest), words=_views.WORDS,
    )  # fmt: skip


def _refuse(report: Report) -> None:
    """Refuse a report that lacks a table or column, or that has figures for no section."""
    faults = []
    for name, columns in _COLUMNS.items():
        table = report.tables.get(name)
        if table is None:
            faults.append(Fault("report", None, name, None, "is missing", f"a table {name}"))
            continue
        faults += lacking(table, name, columns)
    faults += [
        Fault("report", None, "figures", key, "is no section", f"one of {', '.join(_FIGURES)}")
        for key in report.figures
        if key not in _FIGURES
    ]
    raise_faults(faults)


def _picture(png: bytes) -> str:
    """PNG as a data URI."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Everything in tables that the page shows, ready to be written."""
    order = pd.unique(tables["capacity"]["pollutant"])
    permits, monthly = tables["permits"], tables["permits_monthly"]
    lines = ["permitted_load", *(name for name in ("permit_mass",) if name in monthly)]
    sums = ("source_load", "permitted_load", "permit")
    explained = _cuts_first(_why.explained(permits, monthly))
    not_more = _cuts_first(_why.not_more(permits, monthly, tables["sections"]))
    by_pollutant = {
        "permits": {n: _views.view(_of(explained, n), _PERMITS, sums) for n in order},
        "not_more": {
            n: _views.view(_of(not_more, n), _NOT_MORE)
            for n in order
            if (not_more["pollutant"] == n).any()
        },
        "monthly": {
            n: _views.matrix(_of(monthly, n), ["enterprise", "source"], "period", lines)
            for n in order
        },
    }
    if {"provenance", "counterfactuals"} <= set(tables):
        chain = _other.steps(permits, monthly, tables["provenance"], tables["counterfactuals"])
        by_pollutant["steps"] = {n: _other.chain(_of(chain, n)) for n in order}
    for name, shown in _BY_POLLUTANT.items():
        if len(tables.get(name, ())):
            by_pollutant[name] = {n: shown(_of(tables[name], n)) for n in order}
    if len(tables.get("tier_permits", ())):
        whole = tables["tier_permits"]
        by_pollutant["tier_rules"] = {n: _tiers.rules(_of(whole, n)) for n in order}
    views = {
        "stopped": _why.stopped(monthly, tables["sections"], tables.get("groups")),
        "capacity": _views.capacity(tables["capacity"]),
        "sections": _views.view(_views.worst_periods(tables["sections"]), _SECTIONS),
        "owed": _views.view(_why.owed(tables["sections"], monthly), _OWED),
        "balance": _views.balance(tables["balance"], ["pollutant", "period"], "ledger"),
        "parameters": _views.view(
            tables["parameters"], ("parameter", "value", "unit", "basis", "note")
        ),
    }
    for name, (table, shown) in _OPTIONAL.items():
        if table in tables:
            views[name] = shown(tables[table])
    if "water" in tables:
        views["water"] = _views.balance(tables["water"], ["period"], "flow")
    return {name: _views.top(view) for name, view in views.items()} | {
        name: {n: _views.top(view) for n, view in group.items()}
        for name, group in by_pollutant.items()
    }


_BY_POLLUTANT: Mapping[str, Callable[[pd.DataFrame], View]] = {
    "units": _closed.units, "points": _beside.points, "alternatives": _beside.alternatives,
    "fairness": _other.fairness, "rules": _other.permits, "tree": _shares.tree,
    "distortion": _shares.distortion, "contributions": _sources.contributions,
    "tier_permits": _tiers.permits, "tier_intensities": _tiers.intensities,
}  # fmt: skip
_OPTIONAL: Mapping[str, tuple[str, Callable[[pd.DataFrame], View]]] = {
    "closure": ("closure", _closed.worst), "unexplained": ("closure", _closed.unexplained),
    "sensitivity": ("sensitivity", _closed.sensitivity), "cuts": ("owed", _beside.cuts),
    "upstream": ("upstream", _beside.upstream), "groups": ("groups", _why.groups),
    "joint": ("reliability", _shares.joint), "reliability": ("reliability", _shares.limits),
    "works": ("works", _sources.works), "flow_check": ("flow_check", _beside.flow_check),
    "tier_areas": ("tier_areas", _tiers.areas), "tier_closure": ("tier_closure", _tiers.closure),
    "tier_baselines": ("tier_baselines", _tiers.lines),
    "tier_ratings": ("tier_ratings", _tiers.ratings),
    "tier_statement": ("tier_statement", _tiers.statement),
    "train_scores": ("train_scores", _technology.scores),
    "technology_loads": ("technology_loads", _technology.loads),
    "initial_capacity": ("initial_capacity", _technology.initial),
    "potentials": ("potentials_by_class", _technology.by_class),
    "potentials_by_unit": ("potentials_by_unit", _technology.by_unit),
    "books": ("book_totals", _technology.books), "measures": ("measures", _other.measures),
    "trading_ratios": ("trading_ratios", _traded.ratios),
    "conversion_measures": ("conversion_measures", _traded.measures),
    "conversion_loads": ("conversion_loads", _traded.loads),
    "conversion_totals": ("conversion_totals", _traded.totals),
}  # fmt: skip


def _of(table: pd.DataFrame, pollutant: str) -> pd.DataFrame:
    """Rows of one pollutant."""
    return table[table["pollutant"] == pollutant]


def _cuts_first(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by the load that is cut, where there are too many to show."""
    if "source_load" not in table:
        return table
    return _views.greatest_first(table, table["source_load"] - table["permitted_load"])


def _facts(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Count and sum what the opening sentences say."""
    permits, monthly = tables["permits"], tables["permits_monthly"]
    limited = ~monthly["stopped_by"].isin(_views.OWN_STOPS)
    order = pd.unique(tables["capacity"]["pollutant"])
    totals = permits.groupby("pollutant")["permit"].sum().reindex(order, fill_value=0.0)
    basis = tables["parameters"]["basis"]
    status = _views.status(tables["sections"])
    return {
        "enterprises": permits["enterprise"][permits["enterprise"] != ""].nunique(),
        "sections": tables["sections"]["section"].nunique(),
        "periods": monthly["period"].nunique(),
        "totals": [f"{name} {text} t/a" for name, text in zip(
            totals.index, map(_views.number, totals), strict=True)],
        "stopped": monthly["source"][limited].nunique(),
        "sources": monthly["source"].nunique(),
        "combinations": len(status),
        "meets": status.count("meets"),
        "exceeds": status.count("exceeds"),
        "owed": _why.owed_in_words(tables["sections"]),
        "closed": _closed.counted(tables.get("closure")),
        "parameters": len(basis),
        "assumed": int((basis == "assumed").sum()),
    }  # fmt: skip


def _manifest(manifest: Mapping[str, object]) -> dict[str, list[tuple[str, str]]]:
    """Write the manifest as lines of name and value by group; single values make the last."""
    groups = {
        name: [(str(key), _value(value)) for key, value in group.items()]
        for name, group in manifest.items()
        if isinstance(group, Mapping)
    }
    single = [
        (name, _value(value)) for name, value in manifest.items() if not isinstance(value, Mapping)
    ]
    return groups | ({"other": single} if single else {})


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    return _views.NOTHING if value is None else str(value)
