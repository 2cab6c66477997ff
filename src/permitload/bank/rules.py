"""Rules of the reserve bank as data: what each says, where it stands, its value, how sure it is.

The text is Changshu's measure on the management of total-discharge quotas
(关于优化排污总量指标管理服务高质量发展的实施办法), a draft for comment (征求意见稿); ``clause`` is
its place in that text.
``evidence`` is ``pilot`` where the text says it and ``assumed`` where the text leaves it open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from types import MappingProxyType

import pandas as pd

from permitload.errors import DataError, Fault, raise_faults

__all__ = [
    "CITY",
    "ELEMENTS",
    "MARKET",
    "MUNICIPAL",
    "PROVINCE",
    "REGIONS",
    "RULES",
    "Rule",
    "amended",
    "exact",
    "is_day",
    "names",
    "rule_table",
    "share_of",
    "whole",
    "with_towns",
]

PROVINCE, CITY, MUNICIPAL, MARKET = "江苏省", "苏州市", "常熟市本级", "省排污权交易平台"

Value = str | int | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the bank.

    Parameters
    ----------
    rule : str
        Its name.
    clause : str
        Where the text says it, or is silent.
    says : str
        What it says.
    value : str, int, tuple of str or None
        Its parameter; shares and multiples are decimal texts, so that they are exact.
    evidence : str
        ``pilot`` (in the text) or ``assumed`` (a reading or a choice of this library).
    """

    rule: str
    clause: str
    says: str
    value: Value
    evidence: str


ELEMENTS: Mapping[str, str] = MappingProxyType(
    {"COD": "water", "NH3-N": "water", "TN": "water", "TP": "water",
     "SO2": "air", "NOx": "air", "VOCs": "air", "PM": "air"}
)  # fmt: skip
"""The eight pollutants of clause 三(一)1 and the element whose quality judges each."""

REGIONS: Mapping[str, str] = MappingProxyType({
    "常熟经济技术开发区": "常熟经济技术开发区", "碧溪街道": "常熟经济技术开发区",
    "常熟高新技术产业开发区": "常熟高新技术产业开发区", "沙家浜镇": "常熟高新技术产业开发区",
    "新材料产业园": "新材料产业园",
})  # fmt: skip
"""Regions that the text names, with the bank of their block (三(一)2, 三(三)3); towns are added."""

_ROWS: tuple[tuple[str, str, str, Value, str], ...] = (
    ("parks", "三(一)2", "blocks that keep a whole-park bank; all others split with Changshu",
     ("常熟经济技术开发区", "常熟高新技术产业开发区"), "pilot"),
    ("since", "三(二)1", "only projects since the 14th five-year plan", "2021-01-01", "pilot"),
    ("kinds", "三(二)1", "four kinds of project, and ecological expansion",
     ("infrastructure", "standard", "closure", "own_funded", "expansion"), "pilot"),
    ("early", "三(二)1", "done before the new standard takes effect", None, "pilot"),
    ("own_funded", "三(二)1", "beyond compliance, no government money, of free will",
     None, "pilot"),
    ("shown", "三(二)1", "an ecological expansion is all of these",
     ("monitored", "counted", "checked"), "pilot"),
    ("not_listed", "三(二)1", "nothing that counts for the year's binding reduction",
     None, "pilot"),
    ("completion_years", "三(二)2", "deposited within so many years after that of completion",
     0, "pilot"),
    ("permit_months", "三(二)2", "or within so many months after the permit's change", 1, "pilot"),
    ("documents", "三(二)2", "documents of an application", None, "pilot"),
    ("approval", "三(二)3", "examined and approved by Suzhou", None, "pilot"),
    ("state_share", "三(二)4", "share of state and province money goes to the province",
     None, "pilot"),
    ("city_share", "三(二)4", "Suzhou's share of what the province leaves", "0.3", "pilot"),
    ("municipal_share", "三(二)4", "Changshu's share of the rest, project of block or unit (2:8)",
     "0.2", "pilot"),
    ("municipal_share_own", "三(二)4", "the same, projects of Changshu itself: the text is silent",
     "1", "assumed"),
    ("municipal_share_park", "三(二)4", "the same, projects of a park, which keeps the rest whole",
     "0", "pilot"),
    ("priority", "三(三)1", "who Changshu's own bank serves; read as a gate, not an order",
     ("major_industry", "livelihood", "science", "strategic", "infrastructure", "case_by_case"),
     "assumed"),
    ("replacement", "三(三)2", "multiple of the new emission that is drawn", "2", "pilot"),
    ("replacement_strategic", "三(三)2", "the same, strategic emerging industry", "1.1", "pilot"),
    ("strategic_pollutants", "三(三)2", "磷、氮等重点水污染物; COD stays at the other multiple",
     ("NH3-N", "TN", "TP"), "assumed"),
    ("strategic_construction", "三(三)2", "new and expansion; a rebuild at the other multiple",
     ("new", "expansion"), "pilot"),
    ("traded", "三(三)3", "pollutants that are traded on the provincial platform",
     ("COD", "NH3-N", "TP", "SO2", "NOx"), "pilot"),
    ("own_first", "三(三)4", "other banks only for what one's own bank lacks", None, "pilot"),
    ("categories", "三(三)4", "跨类别 is read as across these categories of source",
     ("industry", "domestic", "farm"), "assumed"),
    ("cross_category", "三(三)4", "across categories: quality and intensity improve, argued, "
     "Suzhou agrees", None, "pilot"),
    ("attainment", "三(三)4", "other banks only after a year that attained and completed",
     None, "pilot"),
    ("own_needs_attainment", "三(三)4", "1 if one's own bank needs it too: the text is silent",
     0, "assumed"),
    ("agreement", "三(三)4", "transfer between blocks that both sign", None, "pilot"),
    ("commitment_years", "三(三)4", "what Changshu lent is deposited within so many years",
     1, "pilot"),
    ("commitment_rest", "三(三)4", "what a promised project fell short of is made up by the "
     "block's next deposits: the text is silent", None, "assumed"),
    ("breach_stops", "三(三)4", "what a missed commitment stops, for its pollutant",
     ("municipal",), "assumed"),
    ("suspension", "三(三)4", "all use stops while quality is far off, by order", None, "pilot"),
    ("judgement_month", "三(四)1", "last year's quality is judged by the end of this month",
     1, "pilot"),
    ("allowable_month", "三(四)1", "actual and allowable emission are computed by the end of it",
     2, "pilot"),
    ("reconciliation_months", "四(三)", "accounts are gone over every so many months", 3, "pilot"),
    ("rooms", "", "a credit creates no capacity: every use is checked at the sections",
     None, "assumed"),
)  # fmt: skip

RULES: Mapping[str, Rule] = MappingProxyType({row[0]: Rule(*row) for row in _ROWS})
"""All rules with their defaults."""


def amended(values: Mapping[str, Value], rules: Mapping[str, Rule] = RULES) -> dict[str, Rule]:
    """Rules with other parameters, which are then assumed.

    Parameters
    ----------
    values : mapping
        Rule to its new value, of the type that it has.
    rules : mapping, default RULES
        Rules to start from.

    Returns
    -------
    dict
        All rules.

    Raises
    ------
    DataError
        Naming every rule that is unknown, has no parameter, or has one of another kind.

    Examples
    --------
    >>> amended({"commitment_years": 2})["commitment_years"].value
    2
    """
    faults = [
        Fault("rules", name, "value", value, *_problem(rules.get(name), value))
        for name, value in values.items()
        if _problem(rules.get(name), value)
    ]
    raise_faults(faults)
    found = {n: replace(rules[n], value=v, evidence="assumed") for n, v in values.items()}
    return {**rules, **found}


def _problem(rule: Rule | None, value: Value) -> tuple[str, str] | tuple[()]:
    """Find what is wrong with a new value, and what would be right."""
    if rule is None:
        return "is unknown", f"one of {', '.join(RULES)}"
    if rule.value is None:
        return "has no parameter", "a rule that has one"
    if type(value) is not type(rule.value):
        return "is of another kind", f"like {rule.value!r}"
    if isinstance(value, int) and not 0 <= value <= 12:
        return "is out of range", "0 to 12"
    if isinstance(value, tuple) and not all(isinstance(v, str) for v in value):
        return "is not of texts", f"like {rule.value!r}"
    if rule.rule == "since":
        return () if _is_written(value) else ("is no day", "like '2021-01-01'")
    if isinstance(value, str):
        low, high = (1, 100) if rule.rule.startswith("replacement") else (0, 1)
        try:
            right = low <= exact(value) <= high
        except ValueError:
            right = False
        return () if right else ("is out of range", f"{low} to {high} as a text")
    return ()


def _is_written(value: Value) -> bool:
    """Whether a text is a day as the bank writes days."""
    try:
        return date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False


def exact(share: str | int | Fraction) -> Fraction:
    """Read a share or multiple as it is written, not as its nearest float.

    Parameters
    ----------
    share : str, int or Fraction
        For example ``"0.3"`` or ``"1/3"``.

    Returns
    -------
    Fraction
        The number.

    Raises
    ------
    DataError
        If it is a float, or no number.

    Examples
    --------
    >>> exact("0.3")
    Fraction(3, 10)
    """
    if not isinstance(share, bool) and isinstance(share, str | int | Fraction):
        with suppress(ValueError, ZeroDivisionError):
            return Fraction(share)
    message = f"{share!r} is no exact number; right would be a text like '0.3', or a Fraction"
    raise DataError(message)


def is_day(value: object) -> bool:
    """Whether a value is a day, without an hour."""
    return isinstance(value, date) and not isinstance(value, datetime)


def whole(rules: Mapping[str, Rule], rule: str) -> int:
    """Parameter of a rule that is a whole number."""
    return int(str(rules[rule].value))


def names(rules: Mapping[str, Rule], rule: str) -> tuple[str, ...]:
    """Parameter of a rule that is a list of names."""
    value = rules[rule].value
    return value if isinstance(value, tuple) else ()


def share_of(rules: Mapping[str, Rule], rule: str) -> Fraction:
    """Parameter of a rule that is a share or a multiple."""
    return exact(str(rules[rule].value))


def rule_table(rules: Mapping[str, Rule] = RULES) -> pd.DataFrame:
    """Print rules as a table.

    Parameters
    ----------
    rules : mapping, default RULES
        Rules by name.

    Returns
    -------
    DataFrame, index ``rule``
        ``clause``, ``says``, ``value``, ``evidence``.

    Examples
    --------
    >>> rule_table().loc["city_share", ["clause", "value", "evidence"]].tolist()
    ['三(二)4', '0.3', 'pilot']
    """
    rows = [(r.rule, r.clause, r.says, r.value, r.evidence) for r in rules.values()]
    columns = ["rule", "clause", "says", "value", "evidence"]
    return pd.DataFrame(rows, columns=columns).set_index("rule")


def with_towns(towns: Iterable[str]) -> dict[str, str]:
    """Regions that the text names, and towns with a bank of their own.

    Parameters
    ----------
    towns : iterable of str
        Towns and streets (乡镇、街道) that belong to no park.

    Returns
    -------
    dict
        Region to the bank of its block.

    Examples
    --------
    >>> with_towns(["梅李镇"])["梅李镇"]
    '梅李镇'
    """
    return {**{town: town for town in towns if town not in REGIONS}, **REGIONS}
