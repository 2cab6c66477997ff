"""Permits from area, applicant and tier (构建绩效评级与排放强度的对应关系, 许可排放量核算)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from permitload import _frames
from permitload.errors import Fault, raise_faults
from permitload.tiers.branches import BOUNDS, branches, checked
from permitload.tiers.lines import LINES
from permitload.tiers.rating import TIER_ORDER
from permitload.tiers.years import Greatest, greatest_of

__all__ = ["BOOKS", "TRIGGERS", "Policy", "limits"]

TRIGGERS = {"first": "首次申请", "renewal": "延续", "reapplication": "重新申请", "change": "变更"}
"""When a permit is decided: annex 8 (Nantong), 三(二)4 and 三(三)."""
BOOKS = {"discharged": "外排", "accepted": "接管"}
"""What an emission and a permit count: discharged into water, or accepted by a works."""

_TABLE = "tier_applications"
_LEGAL = "legal text in force 相关法律文件出台"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules leave open besides lines and allowances; all defaults are assumed.

    Parameters
    ----------
    keep_permit : bool, default True
        No permit above the present one: a method to tighten never loosens.
    most_allowance : float, default 0.30
        Greatest allowance [1]: growth of production beyond it is a major change that needs an
        EIA of its own (from memory, unverified).
    low_output : float, default 0.5
        A year with less than this part of the median output is left out [1].
    transition_months : int, default 12
        Length of D's interim permit.
    transition_share : float, default 0.5
        Part of the way from the permit to the greatest emission at which it stands [1].
    branches : DataFrame, default :func:`branches`
        Table of the sixteen rules.

    Examples
    --------
    >>> Policy().keep_permit
    True
    """

    keep_permit: bool = True
    most_allowance: float = 0.30
    low_output: float = 0.5
    transition_months: int = 12
    transition_share: float = 0.5
    branches: pd.DataFrame = field(default_factory=branches)

    def __post_init__(self) -> None:
        checked(self.branches)
        raise_faults(
            Fault("policy", None, name, value, "is out of range", "a number from 0 to 1")
            for name in ("most_allowance", "low_output", "transition_share")
            if not 0.0 <= (value := getattr(self, name)) <= 1.0
        )
        if self.transition_months < 0:
            months, right = self.transition_months, "0 or more"
            raise_faults([Fault("policy", None, "transition_months", months, "is negative", right)])


def limits(
    applications: pd.DataFrame,
    areas: pd.DataFrame,
    emissions: pd.DataFrame,
    baselines: pd.DataFrame,
    policy: Policy | None = None,
) -> pd.DataFrame:
    """Permit of every application, with the rule it follows.

    Area × applicant × tier select one of sixteen rules (:func:`branches`), per pollutant; the
    permit is the least of the rule's bounds, and of the present permit.

    Parameters
    ----------
    applications : DataFrame
        Table ``tier_applications`` with ``tier`` (:func:`rate`), ``comparable`` and
        ``production_capacity`` [t/a] (:func:`by_product`, :func:`by_benchmark`) joined on:
        ``enterprise``, ``pollutant``, ``book``, ``park``, ``years_in_production`` [a],
        ``trigger``, ``effective_date``; ``specification_load`` and ``eia_approval`` [t/a] of new
        ones, ``current_permit`` [t/a] of existing ones. New is a first application or less than
        one year of production; one without a tier has the rule of D.
    areas : DataFrame
        As :func:`attainment_area` returns it.
    emissions : DataFrame
        Table ``tier_emissions``. The three calendar years before ``effective_date`` count.
    baselines : DataFrame
        As :func:`baselines` returns it.
    policy : Policy, optional
        What the rules leave open.

    Returns
    -------
    DataFrame
        One row an application, by enterprise, pollutant and book: ``park``, ``area_kind``,
        ``applicant``, ``tier``, ``permit`` [t/a], ``stopped_by`` (bound that holds), ``branch``
        and ``branch_zh``, ``document``, ``basis``, ``trigger``, ``effective_date``,
        ``greatest_emission`` [t/a], ``missing_years``, ``dropped_years``, ``allowance`` [1],
        ``line_load``, ``advanced_load``, ``specification_load``, ``eia_approval``,
        ``current_permit``, ``cut_mass`` [t/a], ``interim_permit`` [t/a], ``interim_until``,
        ``reason``, ``sentence``, ``sentence_zh``. A park with a marine outfall has rows without
        permit and with the ``reason``. Bounds that do not apply are NaN.

    Raises
    ------
    DataError
        With everything that has to be asked for: an area, tier, trigger or book that is missing;
        no emission in three years; a new one without specification or EIA; an existing one
        without its present permit; no capacity beside an emission; a rule with a line where the
        line or the capacity is missing.

    Notes
    -----
    Allowance = min(that of the tier, ``most_allowance``, capacity/output of the year - 1), at least
    0. Interim permit of D below its emission: permit + share · (emission - permit), not above the
    present permit.

    References
    ----------
    Annex 8 (Nantong), 三(二)4 and 三(三). A better tier never has a lower permit, for the same
    lines.

    Examples
    --------
    >>> asked = pd.DataFrame({"enterprise": ["E"], "pollutant": "COD", "book": "discharged",
    ...     "park": "P", "tier": "A", "comparable": "woven", "production_capacity": 2e4,
    ...     "years_in_production": 9.0, "trigger": "renewal", "effective_date": "2023-01-01",
    ...     "current_permit": 120.0})
    >>> areas = pd.DataFrame({"park": ["P"], "pollutant": "COD", "attaining": [True]})
    >>> years = pd.DataFrame({"enterprise": "E", "pollutant": "COD", "book": "discharged",
    ...     "year": [2020, 2021, 2022], "emission": [60.0, 64.0, 58.0]})
    >>> lines = pd.DataFrame(columns=["comparable", "pollutant", "book", "line", "baseline"])
    >>> found = limits(asked, areas, years, lines)
    >>> round(found["permit"].item(), 6), found["branch"].item()
    (70.4, 'attaining area, existing, tier A: greatest emission of three years × (1 + 10 %)')
    """
    policy = Policy() if policy is None else policy
    table = _frames.complete(applications, _TABLE)
    years = _frames.complete(emissions, "tier_emissions")
    known = _Known(years, areas, baselines)
    rows: list[dict[str, Any]] = []
    faults = [*_label_faults(table), *known.faults()]
    raise_faults(faults)
    for i, row in enumerate(table.to_dict("records")):
        found, wrong = _decided(row, known, policy)
        rows.append(found)
        faults += [_frames.fault_at(table, _TABLE, i, *words) for words in wrong]
    raise_faults(faults)
    columns = pd.DataFrame(rows, columns=list(_COLUMNS))
    return columns.sort_values(["enterprise", "pollutant", "book"], ignore_index=True)


_COLUMNS = (
    "enterprise", "pollutant", "book", "park", "area_kind", "applicant", "tier", "permit",
    "stopped_by", "branch", "branch_zh", "document", "basis", "trigger", "effective_date",
    "greatest_emission", "missing_years", "dropped_years", "allowance", "line_load",
    "advanced_load", "specification_load", "eia_approval", "current_permit", "cut_mass",
    "interim_permit", "interim_until", "comparable", "production_capacity", "reason", "sentence",
    "sentence_zh",
)  # fmt: skip


class _Known:
    """Areas, emissions and lines, to be looked up."""

    def __init__(self, years: pd.DataFrame, areas: pd.DataFrame, lines: pd.DataFrame) -> None:
        self._areas, self._lines = areas, lines
        self._years = dict(iter(years.groupby(["enterprise", "pollutant", "book"])))
        self._none = years.iloc[:0]
        keys = lines[["comparable", "pollutant", "book", "line"]].itertuples(index=False, name=None)
        self._line = dict(zip(keys, lines["baseline"].astype(float), strict=True))
        places = areas[["park", "pollutant"]].itertuples(index=False, name=None)
        reasons = areas["reason"] if "reason" in areas else [""] * len(areas)
        self._area = dict(zip(places, zip(areas["attaining"], reasons, strict=True), strict=True))

    def faults(self) -> Iterator[Fault]:
        """Keys that repeat, and lines that are no numbers."""
        for name, table, key in (
            ("areas", self._areas, ["park", "pollutant"]),
            ("baselines", self._lines, ["comparable", "pollutant", "book", "line"]),
        ):
            for row in table[table.duplicated(key)][key].itertuples(index=False):
                where = ", ".join(map(str, row))
                yield Fault(name, where, key[0], None, "is repeated", "one row a key")
        for key, value in self._line.items():
            if not 0.0 <= value < np.inf:
                where = ", ".join(map(str, key))
                yield Fault("baselines", where, "baseline", value, "is no line", "kg/t >= 0")

    def area(self, row: dict[str, Any]) -> tuple[Any, str] | None:
        """Whether the park attains, and why not if nobody can tell."""
        return self._area.get((row["park"], row["pollutant"]))

    def greatest(self, row: dict[str, Any], low_output: float) -> Greatest:
        """Greatest emission of the three years before a permit."""
        key = (row["enterprise"], row["pollutant"], row["book"])
        own = self._years.get(key, self._none)
        return greatest_of(own, row["effective_date"], low_output)

    def missing(self, row: dict[str, Any], weights: dict[str, float]) -> str:
        """Lines with weight that nobody has computed or stated."""
        key = (row["comparable"], row["pollutant"], row["book"])
        return " and ".join(n for n, w in weights.items() if w and (*key, n) not in self._line)

    def line_load(self, row: dict[str, Any], weights: dict[str, float]) -> float:
        """Lines times capacity [t/a]; NaN where a line or the capacity is missing."""
        key = (row["comparable"], row["pollutant"], row["book"])
        parts = [w * self._line.get((*key, n), np.nan) for n, w in weights.items() if w]
        # no capacity: a permit of 0 would be a closure that nobody decided
        capacity = row["production_capacity"] or np.nan
        return float(sum(parts)) * capacity / 1000.0 if parts else np.nan


def _label_faults(table: pd.DataFrame) -> Iterator[Fault]:
    """Words of the applications that are not among those known."""
    for column, words in (("trigger", TRIGGERS), ("book", BOOKS)):
        for i in np.flatnonzero(~table[column].isin(list(words))):
            right = f"one of {', '.join(words)}"
            yield _frames.fault_at(table, _TABLE, int(i), column, "is unknown", right)


def _decided(
    row: dict[str, Any], known: _Known, policy: Policy
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """Decide one application: its row, and what has to be asked for."""
    area = known.area(row)
    if area is None:
        return row, [("park", "has no area for this pollutant", "a row of areas")]
    if pd.isna(area[0]):
        return row | _refused(area[1]), []
    new = row["trigger"] == "first" or row["years_in_production"] < 1.0
    if row["tier"] not in TIER_ORDER and not (new and not row["tier"]):
        return row, [("tier", "is not known", "A, B, C or D")]
    place = (
        "attaining" if area[0] else "non_attaining",
        "new" if new else "existing",
        row["tier"] or TIER_ORDER[-1],
    )
    branch = policy.branches.loc[place]
    top = known.greatest(row, policy.low_output)
    rise = _allowance(float(branch["allowance"]), top.output, row, policy)
    amounts = {
        "specification_load": row["specification_load"],
        "eia_approval": row["eia_approval"],
        "greatest_emission": top.emission * (1.0 + rise),
        "line_load": known.line_load(row, branch[list(LINES)].to_dict()),
    }
    bounds = {name: amounts[name] for name in BOUNDS if branch[name]}
    missing = known.missing(row, branch[list(LINES)].to_dict())
    faults = [_asked(name, row, missing) for name, value in bounds.items() if np.isnan(value)]
    if policy.keep_permit and not (new and np.isnan(row["current_permit"])):
        bounds["current_permit"] = row["current_permit"]
        if np.isnan(row["current_permit"]):
            faults.append(("current_permit", "is missing", "the permit in force [t/a]"))
    if row["production_capacity"] == 0.0 and top.emission > 0.0:
        faults = [("production_capacity", "stands beside an emission", "the approved capacity")]
    if faults:
        return row, faults
    found = row | {
        "area_kind": place[0], "applicant": place[1], "greatest_emission": top.emission,
        "missing_years": "" if new else top.missing, "dropped_years": top.dropped,
        "allowance": rise, "line_load": amounts["line_load"],
        "advanced_load": known.line_load(row, {"advanced": 1.0}), "reason": "",
    }  # fmt: skip
    found |= branch[["document", "basis"]].to_dict()
    unrated = not row["tier"]
    for name, known_as, words in (
        ("branch", "tier D", "not rated"),
        ("branch_zh", "D级", "未评级"),
    ):
        found[name] = branch[name].replace(known_as, words) if unrated else branch[name]
    return _issued(found, bounds, str(branch["interim_until"]), policy), []


def _allowance(given: float, output: float, row: dict[str, Any], policy: Policy) -> float:
    """Cut the allowance of a tier to what capacity and a major change leave."""
    room = row["production_capacity"] / output - 1.0 if output > 0.0 else np.inf
    room = np.inf if np.isnan(room) else room
    return float(max(0.0, min(given, policy.most_allowance, room)))


def _asked(name: str, row: dict[str, Any], missing: str) -> tuple[str, str, str]:
    """Say what is missing for a bound: column, problem and what would be right."""
    if name == "greatest_emission":
        right = f"a row of tier_emissions in the book {row['book']}, in a year of output"
        return "enterprise", "has no emission in the three years before", right
    if name == "line_load":
        if not row["production_capacity"] > 0.0:
            return "production_capacity", "is no capacity for a line", "a number > 0 t/a"
        problem = f"has no {missing} line for this pollutant and book, which the rule needs"
        return "comparable", problem, "a row of tier_lines, or more enterprises"
    return name, "is missing", "a load [t/a]; where none exists, that of the other document"


def _issued(
    found: dict[str, Any], bounds: dict[str, float], until: str, policy: Policy
) -> dict[str, Any]:
    """Add the permit, what stops it, the interim permit and the sentences."""
    stopped_by = min(bounds, key=lambda name: bounds[name])
    permit = float(bounds[stopped_by])
    interim, end = np.nan, ""
    if until == "legal text":
        interim, end = min(v for n, v in bounds.items() if n != "line_load"), _LEGAL
    elif until == "transition":
        most = found["greatest_emission"]
        interim = permit + policy.transition_share * (most - permit)
        interim = min(interim, bounds.get("current_permit", np.inf))
        day = found["effective_date"] + pd.DateOffset(months=policy.transition_months)
        end = str(day.date())
    if not interim > permit:
        interim, end = np.nan, ""
    notes = []
    if found["missing_years"]:
        notes.append(f"no emission of {found['missing_years']}")
    if found["dropped_years"]:
        notes.append(f"low output in {found['dropped_years']}")
    if permit == 0.0:
        notes.append(f"permit of 0 by {stopped_by}")
    trigger, book = found["trigger"], found["book"]
    day = found["effective_date"].date()
    words = f"{permit:.6g} t/a ({book}) from {day} on {trigger}"
    words_zh = f"{permit:.6g} t/a（{BOOKS[book]}），自{day}起，{TRIGGERS[trigger]}时核发"
    return found | {
        "permit": permit, "stopped_by": stopped_by, "interim_permit": interim,
        "interim_until": end, "cut_mass": found["current_permit"] - permit,
        "reason": "; ".join(notes), "sentence": f"{found['branch']}: {words}.",
        "sentence_zh": f"{found['branch_zh']}：{words_zh}。",
    }  # fmt: skip


def _refused(reason: str) -> dict[str, Any]:
    """Row of a park that is outside the method."""
    return {
        "area_kind": "refused", "permit": np.nan, "reason": reason, "stopped_by": "",
        "missing_years": "", "dropped_years": "", "interim_until": "", "applicant": "",
        "branch": "refused: marine outfall", "branch_zh": "深海排放，不适用本方法",
        "document": "", "basis": "", "sentence": f"Refused: {reason}.",
        "sentence_zh": "污水深海排放，不适用本方法，不核定许可排放量。",
    }  # fmt: skip
