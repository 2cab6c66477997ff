"""What comes before the bank: a project that frees quota, one that needs it, a year's judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from permitload.errors import Fault

__all__ = ["Project", "Standing", "Supplement", "Use", "gram_faults"]

MOST = 10**15
"""Grams that one line of an event may hold: far below what 64 bits do."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project whose reduction is put into the bank, once.

    Parameters
    ----------
    project : str
        Number of the project's papers (入库项目书): what makes the deposit unique.
    region : str
        Where it is.
    kind : str
        ``infrastructure``, ``standard``, ``closure``, ``own_funded`` or ``expansion``.
    implementer : str
        ``municipal`` (市级), ``block`` (板块) or ``unit`` (排污单位).
    category : str
        ``industry``, ``domestic`` or ``farm``.
    reductions : mapping
        Pollutant to approved reduction [g], whole grams above 0.
    completed : date
        Day of completion, or when a closed factory was pulled down.
    approval : str
        Number of Suzhou's approval.
    documents : tuple of str
        Documents of the application, see :func:`permitload.bank.documents`.
    listed : bool
        Whether it counts for the year's binding reduction.
    state_share : str, int or Fraction, default 0
        Share of the money that comes from state and province, exact, 0 to 1.
    government_money : bool, default False
        Whether any government paid.
    permit_changed : date, optional
        When the permit was changed or cancelled, if one was.
    effective : date, optional
        When the new standard takes effect (``standard`` only).
    shown : tuple of str, optional
        ``monitored``, ``counted``, ``checked`` (``expansion`` only).
    voluntary, compliant : bool, default False
        Applied for of free will; complied before (``own_funded`` only).
    """

    project: str
    region: str
    kind: str
    implementer: str
    category: str
    reductions: Mapping[str, int]
    completed: date
    approval: str
    documents: tuple[str, ...]
    listed: bool
    state_share: str | int | Fraction = 0
    government_money: bool = False
    permit_changed: date | None = None
    effective: date | None = None
    shown: tuple[str, ...] = ()
    voluntary: bool = False
    compliant: bool = False


@dataclass(frozen=True, slots=True)
class Supplement:
    """Where to go for what one's own bank lacks.

    Parameters
    ----------
    bank : str
        ``MUNICIPAL``, ``CITY``, ``PROVINCE``, ``MARKET`` or the bank of another block.
    document : str
        Letter of commitment, agreement of both sides, consent, or the platform's voucher.
    follow_up : mapping, optional
        Project to pollutant to grams: what will be deposited in return (``MUNICIPAL`` only).
    """

    bank: str
    document: str
    follow_up: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Use:
    """A construction project that needs quota for new emission, once.

    Parameters
    ----------
    project : str
        Number of the project: what makes the withdrawal unique.
    region : str
        Where it is.
    outlet : str
        Outlet that will carry the new emission: what the sections are checked with.
    category : str
        ``industry``, ``domestic`` or ``farm``.
    construction : str
        ``new``, ``expansion`` or ``rebuild``.
    purpose : str
        One of the rule ``priority``, or ``other``.
    emissions : mapping
        Pollutant to new yearly emission [g], whole grams above 0.
    strategic : bool, default False
        Whether it is of a strategic emerging industry (战略性新兴产业).
    supplements : tuple of Supplement, optional
        Banks to ask for what is lacking, in order.
    cross_ground, cross_consent : str, optional
        Argument for, and Suzhou's consent to, a use across categories; both or none.
    """

    project: str
    region: str
    outlet: str
    category: str
    construction: str
    purpose: str
    emissions: Mapping[str, int]
    strategic: bool = False
    supplements: tuple[Supplement, ...] = ()
    cross_ground: str = ""
    cross_consent: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a year's judgement says of a block and an element (三(四)1).

    Parameters
    ----------
    block : str
        Bank of the block.
    element : str
        ``water`` or ``air``.
    year : int
        The year that is judged.
    attained : bool
        Whether quality met its target.
    completed : bool
        Whether the binding and key reductions were completed.
    improving : bool, default False
        Whether quality and emission intensity keep improving.
    """

    block: str
    element: str
    year: int
    attained: bool
    completed: bool
    improving: bool = False


def gram_faults(
    table: str, row: object, grams: Mapping[str, Any], pollutants: Mapping[str, str]
) -> list[Fault]:
    """Find amounts that are not whole grams above 0 of a pollutant that the bank keeps.

    Parameters
    ----------
    table, row : str
        What the faults name.
    grams : mapping
        Pollutant to amount [g].
    pollutants : mapping
        Pollutants that the bank keeps, with their element.

    Returns
    -------
    list of Fault
        Empty if all are right.

    Examples
    --------
    >>> print(*gram_faults("deposit", "P1", {"TN": 1.5}, {"TN": "water"}))
    deposit, row P1, TN: 1.5 is not a whole number of grams; right would be 1 to 10^15 g
    """
    right = "1 to 10^15 g"
    faults = [] if grams else [Fault(table, row, "grams", None, "is missing", "one pollutant")]
    for pollutant, amount in grams.items():
        if pollutant not in pollutants:
            known = f"one of {', '.join(pollutants)}"
            faults.append(Fault(table, row, "pollutant", pollutant, "is unknown", known))
        if isinstance(amount, bool) or not isinstance(amount, int):
            problem = "is not a whole number of grams"
            faults.append(Fault(table, row, pollutant, amount, problem, right))
        elif not 0 < amount <= MOST:
            faults.append(Fault(table, row, pollutant, amount, "is out of range", right))
    return faults
