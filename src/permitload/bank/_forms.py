"""Forms of what the bank is given: a text must be a text, an answer an answer."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING

from permitload.bank.project import Project, Standing, Supplement, Use, gram_faults
from permitload.bank.rules import ELEMENTS, is_day
from permitload.errors import DataError, Fault, raise_faults

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

__all__ = [
    "ELSEWHERE",
    "FORMS",
    "answered",
    "emission_faults",
    "form_faults",
    "is_text",
    "on_day",
    "register_faults",
    "use_form_faults",
]

LONGEST = 500
"""Characters of a text: what an index of PostgreSQL can hold."""


def is_text(value: object) -> bool:
    """Whether two texts that look alike are alike: composed, printable, no space around it."""
    return (
        isinstance(value, str)
        and len(value) <= LONGEST
        and value == value.strip()
        and value.isprintable()
        and unicodedata.is_normalized("NFC", value)
    )


def _texts(value: object) -> bool:
    return isinstance(value, tuple) and all(map(is_text, value))


def _follow_up(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        is_text(project) and project and isinstance(grams, Mapping)
        for project, grams in value.items()
    )


def _supplements(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(part, Supplement) for part in value)


_TEXT = f"a text of at most {LONGEST} printable characters without spaces around it"
FORMS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "str": (is_text, _TEXT),
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "int": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "tuple[str, ...]": (_texts, "a tuple of texts"),
    "Mapping[str, int]": (lambda value: isinstance(value, Mapping), "pollutant to grams"),
    "Mapping[str, Mapping[str, int]]": (_follow_up, "project to pollutant to grams"),
    "tuple[Supplement, ...]": (_supplements, "a tuple of supplements"),
}
"""What a field of each type must be, and in words."""

ELSEWHERE = ("date", "date | None", "str | int | Fraction")
"""Types that :func:`permitload.bank.eligible` looks at."""


def form_faults(
    table: str, row: object, given: Project | Use | Supplement | Standing
) -> list[Fault]:
    """Find fields that are not of their type, whatever they say."""
    return [
        Fault(table, row, field.name, value, "is of another form", right)
        for field in fields(given)
        for is_right, right in [FORMS.get(str(field.type), (lambda _: True, ""))]
        for value in [getattr(given, field.name)]
        if not is_right(value)
    ]


def on_day(day: date) -> str:
    """Write a day as the bank stores it; refuse what is none."""
    if not is_day(day):
        raise_faults([Fault("events", None, "date", day, "is no day", "a datetime.date")])
    return day.isoformat()


def use_form_faults(use: Use, recheck: object) -> list[Fault]:
    """Find what of a use, its supplements and its check is of another form."""
    found = form_faults("withdrawal", use.project, use)
    if not found:
        for supplement in use.supplements:
            found += form_faults("withdrawal", use.project, supplement)
    if not callable(recheck):
        right = "a function such as section_check builds"
        found.append(Fault("withdrawal", use.project, "recheck", recheck, "is none", right))
    return found


def answered(found: object) -> list[Fault]:
    """Faults that a check of the sections returned; anything else is no answer."""
    if isinstance(found, Iterable):
        faults = list(found)
        if all(isinstance(fault, Fault) for fault in faults):
            return faults
    message = f"the recheck returned {found!r}; right would be a list of faults, empty if all fits"
    raise DataError(message)


def emission_faults(park: str, year: object, grams: Mapping[str, tuple[int, int]]) -> list[Fault]:
    """Find emissions of a park that are no pair of whole grams; nothing emitted is an answer."""
    if isinstance(year, bool) or not isinstance(year, int):
        return [Fault("allowable", park, "year", year, "is no year", "a whole number")]
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in grams.values()):
        problem, right = "is no pair", "actual and allowable emission [g]"
        return [Fault("allowable", park, "grams", None, problem, right)]
    return [
        fault
        for part in range(2)
        for fault in gram_faults(
            "allowable", park, {p: _some(pair[part]) for p, pair in grams.items()}, ELEMENTS
        )
    ]


def _some(grams: int) -> int:
    """Give a gram for none, so that none passes where some must be."""
    return 1 if type(grams) is int and grams == 0 else grams


def register_faults(register: pd.DataFrame) -> list[Fault]:
    """Find rows of a register that cannot be looked up."""
    names = ["event", "project", "pollutant", "grams"]
    lost = [name for name in names if name not in register]
    if lost:
        return [Fault("register", None, n, None, "is missing", f"a column {n}") for n in lost]
    again = register.duplicated(names[:3]).to_numpy()
    found = []
    for i, (event, project, pollutant, grams) in enumerate(register[names].to_numpy(object)):
        if event not in ("deposit", "withdrawal"):
            right = "deposit or withdrawal"
            found.append(Fault("register", i, "event", event, "is unknown", right))
        if not project or not is_text(project):
            found.append(Fault("register", i, "project", project, "is no number", _TEXT))
        found += gram_faults("register", i, {pollutant: grams}, ELEMENTS)
        if again[i]:
            found.append(Fault("register", i, "project", project, "is there twice", "one row each"))
    return found
