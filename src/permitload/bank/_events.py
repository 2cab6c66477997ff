"""Events as they are stored: keys, days and details, and the settings of a bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from permitload.bank._forms import is_text, on_day
from permitload.bank.rules import CITY, MARKET, MUNICIPAL, PROVINCE, RULES, Rule, Value
from permitload.errors import DataError, Fault, raise_faults

__all__ = ["Event", "adoption", "event_of", "named", "refuse_settings", "values_of"]


class Event(NamedTuple):
    """What happened: ``key`` makes it unique, ``subject`` is what later events look it up by."""

    key: str
    day: date
    subject: str
    details: Mapping[str, Any]


def event_of(key: str, day: date, subject: str, content: Mapping[str, Any]) -> Event:
    """Event whose details can be written down."""
    on_day(day)
    return Event(key, day, subject, {name: _plain(value) for name, value in content.items()})


def _plain(value: object) -> object:
    """Content as JSON knows it."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, date | Fraction):
        return str(value)
    return value


def named(label: object, table: str) -> str:
    """Label that makes an event unique: a text that is not empty and like no other."""
    if not label or not is_text(label):
        right = "a text that can be printed, without spaces around it"
        raise_faults([Fault(table, None, "document", label, "is no number", right)])
    return str(label)


def values_of(rules: Mapping[str, Rule]) -> dict[str, Value]:
    """Parameters of rules."""
    return {name: rule.value for name, rule in rules.items() if rule.value is not None}


def adoption(
    regions: Mapping[str, str], rules: Mapping[str, Rule], day: date, document: str
) -> Event:
    """Event that puts regions and rules in force."""
    content = {"regions": regions, "rules": values_of(rules)}
    return event_of(f"rules/{document}", day, "rules", content)


def refuse_settings(regions: Mapping[str, str], rules: Mapping[str, Rule]) -> None:
    """Refuse regions whose bank is one of the upper ones, and rules that are not all there."""
    if set(rules) != set(RULES):
        message = "the rules are not those of the bank; right would be amended({...})"
        raise DataError(message)
    upper = {PROVINCE, CITY, MUNICIPAL, MARKET}
    raise_faults(
        Fault("regions", region, "bank", bank, "is no bank of a block", "its own name")
        for region, bank in regions.items()
        if not bank or bank in upper or regions.get(bank) != bank
    )
