"""Figures and the report of a study, from its outcome and published tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from permitload import (
    _alternatives,
    _choices,
    _drawn,
    _monthly,
    _monthly_checks,
    _rates,
    _reliability,
    _rules,
    _technical,
    _tiered,
    _tree,
    _units,
    plot,
    quality,
    report,
)
from permitload._closure import stamp_of
from permitload._permits import counted
from permitload.plot.labels import bilingual
from permitload.schema import text
from permitload.units import DAYS_PER_YEAR, tonnes

if TYPE_CHECKING:
    from permitload._outcome import Outcome

Tables = Mapping[str, pd.DataFrame]

_WORST = ", worst period of each reach 各河段最不利时段"
_NUMBER = r" [^ ;]+(?=;|$)"
"""Number behind the name of a section."""


def page(outcome: Outcome, tables: Tables, manifest: Mapping[str, object]) -> report.Report:
    """Gather what the report shows."""
    settings = outcome.settings
    return report.Report(
        settings.title,
        settings.title_zh,
        {**tables, "permits": _named(outcome, tables["permits"]),
         "sections": _with_present(outcome, tables["sections"]),
         "closure": _named_sections(outcome, tables["closure"]),
         "sensitivity": _of_the_year(outcome, tables["sensitivity"]),
         "parameters": _parameters(outcome), **_beside(outcome, tables)},
        _figures(outcome, tables),
        manifest,
    )  # fmt: skip


def _named(outcome: Outcome, permits: pd.DataFrame) -> pd.DataFrame:
    """Permits with the names of the enterprises."""
    names = outcome.tables["enterprises"].set_index("enterprise")["name"]
    return permits.assign(name=text(permits["enterprise"].map(names)))


def _named_sections(outcome: Outcome, table: pd.DataFrame) -> pd.DataFrame:
    """Rows by section with the names of the sections."""
    names = outcome.tables["sections"].set_index("section")["name"]
    return table.assign(name=table["section"].map(names).fillna(""))


def _of_the_year(outcome: Outcome, sensitivity: pd.DataFrame) -> pd.DataFrame:
    """Mean of the periods by their days, of each pollutant and factor of decay."""
    days = outcome.tables["periods"].set_index("period")["days"]
    weight = sensitivity["period"].map(days) / days.sum()
    mean = sensitivity.assign(total=weight * sensitivity["total"])
    mean = mean.groupby(["pollutant", "decay_factor"], sort=False)["total"].sum().reset_index()
    base = mean["pollutant"].map(mean[mean["decay_factor"] == 1.0].set_index("pollutant")["total"])
    stamp = sensitivity.groupby("pollutant", sort=False)["calibrated"].agg(stamp_of)
    return mean.assign(total_change=mean["total"] / base.where(base > 0.0) - 1.0,
                       calibrated=mean["pollutant"].map(stamp))  # fmt: skip


def _with_present(outcome: Outcome, sections: pd.DataFrame) -> pd.DataFrame:
    """Sections with their names and the concentration at present loads."""
    found = quality.at(outcome.tables["sections"], outcome.datasets["present"])
    column = found.rename("present_concentration").reset_coords(drop=True).to_dataframe()
    column = column.reset_index().rename(columns={"pollutant": "indicator"})
    sections = _named_sections(outcome, sections)
    return sections.merge(column, on=["section", "indicator", "period"], validate="1:1")


def _parameters(outcome: Outcome) -> pd.DataFrame:
    """Every parameter with its basis: statutory, pilot text, or assumed."""
    settings, basis = outcome.settings, dict(outcome.settings.basis)
    rows: list[tuple[str, object, str, str, str]] = [
        ("margin_of_safety", settings.margin_of_safety, "1", basis["margin_of_safety"], ""),
        ("closure_tolerance", settings.closure_tolerance, "1", basis["closure_tolerance"], ""),
        ("decided", ", ".join(settings.decided), "", basis["decided"], ""),
        ("target", settings.target.__name__, "", basis["target"], ""),
        ("annual", settings.annual.__name__, "", basis["annual"], ""),
        *_boundary_rows(outcome),
        ("compose", settings.compose.__name__, "", basis["compose"], ""),
        ("precision", settings.precision, "t", basis["precision"], ""),
        *_choice_rows(outcome),
    ]
    for table, key, columns in (
        ("kinetics", "pollutant", ("decay", "temperature_factor", "settling")),
        ("works", "works", ("acceptance_concentration", "outlet_concentration")),
        ("standards", "section", ("limit", "water_class")),
    ):
        units = {"decay": "1/d", "temperature_factor": "1", "settling": "m/d", "water_class": ""}
        for row in _everywhere(outcome.tables[table]).to_dict("records"):
            label = " ".join(str(row[k]) for k in (key, "pollutant", "indicator") if row.get(k))
            rows += [
                (f"{column} {label}", row[column], units.get(column, "mg/L"),
                 row["basis"] or "assumed", row["note"])
                for column in columns
                if row[column] != "" and row[column] == row[column]
            ]  # fmt: skip
    rows += _placed_rates(outcome.tables["kinetics"]) + _limit_rows(outcome)
    table = pd.DataFrame(rows, columns=["parameter", "value", "unit", "basis", "note"])
    return table.drop_duplicates(["parameter", "value"]).reset_index(drop=True)


def _choice_rows(outcome: Outcome) -> list[tuple[str, object, str, str, str]]:
    """List the section and branches of a tree, and how uncertain capacity is allowed for."""
    settings, basis = outcome.settings, dict(outcome.settings.basis)
    rows: list[tuple[str, object, str, str, str]] = []
    if "months" in outcome.datasets:
        rows += [
            (f"months {name}", value, "", settings.months_basis, "")
            for name, value in _monthly_checks.options(settings.months).items()
        ]
    rows += [
        (f"technology {name}", value, "", settings.technology.basis, "")
        for name, value in _choices.named(settings.technology).items()
    ]
    if len(outcome.tables["tier_indicators"]):
        chosen = settings.tiers.weights.__name__
        rows.append(("tiers weights", chosen, "", settings.tiers.basis, ""))
    if "conversion" in outcome.datasets:
        rows += [
            (f"conversion {name}", value, "", settings.conversion.basis, "")
            for name, value in _choices.named(settings.conversion).items()
        ]
    if settings.section:
        rows.append(("section", settings.section, "", basis["section"], ""))
    for row in outcome.tables["tree"].to_dict("records"):
        branch = "/".join(filter(None, (row[k] for k in _tree.LEVELS)))
        rows += [
            (f"{name} {branch} {row['pollutant']}".strip(), row[name], unit,
             row["basis"] or "assumed", row["note"])
            for name, unit in (("adjustment_coefficient", "1"), ("reduction_potential", "1"),
                               ("tree_weight", "kg/d"), ("floor", "kg/d"), ("ceiling", "kg/d"))
            if row[name] == row[name]
        ]  # fmt: skip
    own = settings.uncertainty
    values = {} if own is None else _reliability.options(own)
    return rows + [
        (f"reliability {name}", value, "", values["basis"], "")
        for name, value in values.items()
        if name != "basis"
    ]


def _boundary_rows(outcome: Outcome) -> list[tuple[str, object, str, str, str]]:
    """Say which boundary water bounds the permits, where the study asks."""
    boundaries = outcome.settings.boundaries
    basis = dict(outcome.settings.basis)["boundaries"]
    return [] if boundaries is None else [("boundaries", boundaries.__name__, "", basis, "")]


def _everywhere(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table without the rates of single places."""
    return _rates.general(table) if "decay" in table else table


def _placed_rates(rates: pd.DataFrame) -> list[tuple[str, object, str, str, str]]:
    """Rates of single places: one line for all reaches, one for all storage nodes."""
    units = {"decay": "1/d", "temperature_factor": "1", "settling": "m/d"}
    rows: list[tuple[str, object, str, str, str]] = []
    for place in ("reach", "node"):
        named = rates[rates[place] != ""]
        for (pollutant, basis, note), some in named.groupby(["pollutant", "basis", "note"]):
            for column, unit in units.items():
                low, high = (f"{value:.6g}" for value in (some[column].min(), some[column].max()))
                value = low if low == high else f"{low} – {high}"
                label = f"{column} {pollutant} ({len(some)} × {place})"
                rows.append((label, value, unit, basis or "assumed", note))
    return rows


def _limit_rows(outcome: Outcome) -> list[tuple[str, object, str, str, str]]:
    """Limits that follow from a class, of the section or of its row in standards."""
    limits = outcome.datasets["limits"].isel(period=0)
    own = outcome.tables["standards"].dropna(subset="limit")
    stated = set(zip(own["section"], own["indicator"], strict=True))
    return [
        (f"limit {section} {indicator}", float(limits["limit"].values[s, i]), "mg/L",
         str(limits["basis"].values[s, i]), str(limits["note"].values[s, i]))
        for s, section in enumerate(limits["section"].values)
        for i, indicator in enumerate(limits["indicator"].values)
        if (section, indicator) not in stated
    ]  # fmt: skip


def _figures(outcome: Outcome, tables: Tables) -> dict[str, dict[str, bytes]]:
    """Draw one figure of each kind for every pollutant; maps from the highest use downwards."""
    sections = tables["sections"].set_index(["section", "indicator", "period"])
    use = (sections["concentration"] / sections["allowed"]).to_xarray()
    use = use.sel(
        section=outcome.datasets["limits"]["section"].values,
        period=outcome.datasets["limits"]["period"].values,
    )
    drawn: dict[str, dict[str, bytes]] = {"map": {}, "limit_use": {}, "permits": {}, "monthly": {}}
    unit = _unit_of_reaches(outcome)
    placed = len(unit) > 0 and bool(outcome.network.nodes[["x", "y"]].notna().all(axis=None))
    allocated = outcome.datasets["allocation"]["permitted_load"]
    sector = outcome.datasets["sources"]["sector"].values
    main = _named(outcome, tables["permits"]).assign(stopped_by=_main_reasons(outcome, tables))
    for pollutant in outcome.settings.pollutants:
        mine = use.sel(indicator=pollutant).rename(indicator="pollutant")
        stamps = _stamps(outcome, pollutant)
        axes = {"limit_use": plot.headroom_use(mine.assign_coords(section=stamps))}
        permits = main[main["pollutant"] == pollutant]
        if len(permits):
            axes["permits"] = plot.permits_bars(permits)
            load = allocated.sel(pollutant=pollutant).reset_coords(drop=True)
            load = load.assign_coords(sector=("source", sector)).groupby("sector").sum("source")
            total = outcome.datasets["capacity"]["total"].sel(pollutant=pollutant)
            load = load.assign_coords(pollutant=pollutant)
            if load.sizes["period"] > 1:
                axes["monthly"] = plot.monthly(load, total.reset_coords("pollutant", drop=True))
        known = (outcome.datasets["capacity"]["calibrated"].sel(pollutant=pollutant) == "yes").all()
        for kind, ax in axes.items():
            stamp = _drawn.UNCALIBRATED if kind == "monthly" and not known else ""
            drawn[kind][pollutant + stamp] = plot.png(ax)
    flow = outcome.datasets["hydraulics"]["flow"].isel(period=0).to_series()
    for pollutant in _by_use(use) if placed else []:
        ax = plot.network_map(
            outcome.network, _use_of_reaches(outcome, pollutant, unit), outcome.tables["sections"],
            outcome.tables["outlets"], flow,
        )  # fmt: skip
        drawn["map"][pollutant + _WORST] = plot.png(ax)
    if placed:
        drawn["units"] = _drawn.units(outcome, tables["units"], unit)
        drawn["conversion"] = _converted(outcome, unit)
        drawn["flow"] = _drawn.flows(outcome)
    drawn["fairness"] = _drawn.rules(tables["fairness"])
    drawn |= _technical.figures(tables) | _tiered.figures(outcome, tables)
    drawn |= _others_drawn(outcome, tables)
    return {kind: found for kind, found in drawn.items() if found}


def _others_drawn(outcome: Outcome, tables: Tables) -> dict[str, dict[str, bytes]]:
    """Draw what not every study has: contributions of source classes, alternatives."""
    drawn = {}
    if "contributions" in tables:
        groups = tables["contributions"].groupby("pollutant", sort=False)
        drawn["contributions"] = {str(n): plot.png(plot.contribution_bars(g)) for n, g in groups}
    if "alternatives" in tables:
        year = _alternatives_of_the_year(outcome, tables["alternatives"])
        bars = plot.png(_drawn.alternatives(year))
        drawn["alternatives"] = {_drawn.ALL + _drawn.said(year): bars}
    drawn |= _monthly.figures(outcome.datasets)
    return drawn


def _unit_of_reaches(outcome: Outcome) -> pd.Series[str]:
    """Control unit of each reach, of its upper end where a section cuts it; none without units."""
    units = _units.stretches(outcome.network, outcome.tables)
    return units.drop_duplicates("reach").set_index("reach")["control_unit"]


def _beside(outcome: Outcome, tables: Tables) -> dict[str, pd.DataFrame]:
    """Cuts with the names of the sections; alternatives of the year."""
    found = {"owed": _named_sections(outcome, tables["owed"])}
    for name in ("fairness", "rules", *(n for n in ("measures",) if n in tables)):
        words = [" ".join(_rules.NAMES[rule]) for rule in tables[name]["rule"]]
        found[name] = tables[name].assign(rule=words)
    if "alternatives" in tables:
        found["alternatives"] = _alternatives_of_the_year(outcome, tables["alternatives"])
    return found


def _alternatives_of_the_year(outcome: Outcome, table: pd.DataFrame) -> pd.DataFrame:
    """Means of the year, both annual bases, and in how many periods each section binds or owes."""
    days = outcome.tables["periods"].set_index("period")["days"]
    titles = {name: (zh, en) for name, en, zh in outcome.settings.alternatives}
    titles[_alternatives.PRESENT] = "现状", "present"
    rates = ["total", "change", "source_load", "equal_ratio", "max_min", "present_scaled"]
    weight = table["period"].map(days) / days.sum()
    rows = []
    for (pollutant, name), some in table.groupby(["pollutant", "alternative"], sort=False):
        mean = some[rates].mul(weight[some.index], axis=0).sum().to_dict()
        said = [title for title in titles.get(str(name), ()) if title] or [str(name)]
        rows.append(mean | {
            "pollutant": pollutant, "name": " ".join(said), "name_zh": said[0], "name_en": said[-1],
            "annual_sum": tonnes(mean["total"], days.sum()),
            "annual_worst": tonnes(some["total"].min(), DAYS_PER_YEAR),
            "capacity_use": mean["source_load"] / mean["total"] if mean["total"] > 0.0 else np.nan,
            "binding": counted(some["binding"]),
            "owing": counted(some["owing"].str.replace(_NUMBER, "", regex=True)),
            "calibrated": stamp_of(some["calibrated"]),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _stamps(outcome: Outcome, pollutant: str) -> list[str]:
    """Labels of the sections, with the stamp where a period is not calibrated."""
    known = outcome.datasets["closure"]["calibrated"].sel(indicator=pollutant) == "yes"
    stamp = bilingual("未率定", "uncalibrated")
    return [
        str(name) if some else f"{name} {stamp}"
        for name, some in zip(known["section"].values, known.all("period").values, strict=True)
    ]


def _by_use(use: xr.DataArray) -> list[str]:
    """Pollutants, the one that comes closest to a limit or exceeds it most first."""
    most = use.max(["section", "period"]).to_series()
    return [str(name) for name in most.sort_values(ascending=False, kind="stable").index]


def _main_reasons(outcome: Outcome, tables: Tables) -> list[str]:
    """Find the row that stopped each permit at the lowest level, else its commonest reason."""
    monthly = tables["permits_monthly"]
    groups = outcome.tables["groups"]["group"]
    known = [*outcome.tables["sections"]["section"], *groups, *(f"{g} (year)" for g in groups)]
    keys = ["source", "pollutant"]
    full = monthly[monthly["stopped_by"].isin(known)].sort_values("level", kind="stable")
    found = full.drop_duplicates(keys).set_index(keys)["stopped_by"].to_dict()
    for key, stops in monthly.groupby(keys, sort=False)["stopped_by"]:
        if key not in found:
            found[key] = stops.mode()[0]
    permits = zip(*(tables["permits"][name] for name in keys), strict=True)
    return [str(found[key]) for key in permits]


def _converted(outcome: Outcome, unit: pd.Series[str]) -> dict[str, bytes]:
    """Draw maps before and after a conversion, of each pollutant that is traded."""
    if "conversion" not in outcome.datasets:
        return {}
    sections, drawn = outcome.tables["sections"], {}
    for pollutant in outcome.datasets["conversion"]["pollutant"].values.tolist():
        maps = {
            words: _use_of_reaches(outcome, pollutant, unit, state)
            for words, state in ((bilingual("转化前", "before"), "permitted"),
                                 (bilingual("转化后", "after"), "converted"))
        }  # fmt: skip
        drawn[pollutant] = plot.png(plot.network_maps(outcome.network, maps, sections))
    return drawn


def _use_of_reaches(
    outcome: Outcome, pollutant: str, unit: pd.Series[str], state: str = "permitted"
) -> pd.Series[float]:
    """Greatest use of the allowed concentration in each reach, over periods and both ends.

    A reach is held to what its control unit's section allows.
    """
    found = outcome.datasets
    allowed = found["limits"]["limit"].sel(indicator=pollutant) * (
        1.0 - outcome.settings.margin_of_safety
    )
    limits = allowed.reset_coords(drop=True).to_pandas()
    least = pd.DataFrame({name: limits.loc[name.split("+")].min() for name in set(unit)}).T
    by_reach = least.loc[unit].to_numpy()
    concentration = found[state]["concentration"].sel(pollutant=pollutant)
    worst = concentration.max("end").transpose("reach", "period")
    worst = worst.sel(reach=unit.index.to_numpy())
    with np.errstate(invalid="ignore"):
        share = xr.DataArray(
            worst.values / by_reach, {"reach": unit.index.to_numpy()}, ("reach", "p")
        )
    return share.max("p").to_series()
