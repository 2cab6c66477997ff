"""Lines of an event: what a deposit or a withdrawal moves between accounts. No storage here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple, Protocol

from permitload.bank.gates import Facts, cross_faults, own_faults, supplement_faults
from permitload.bank.policy import needed, split
from permitload.bank.project import Project, Supplement, Use, gram_faults
from permitload.bank.rules import CITY, ELEMENTS, MARKET, MUNICIPAL, PROVINCE, Rule, names, whole
from permitload.errors import Fault

__all__ = ["Account", "Books", "Line", "deposit_lines", "use_faults", "withdrawal_lines"]


class Account(NamedTuple):
    """What names an account; ``label`` is a project or outlet, ``due`` a year or 0."""

    kind: str
    holder: str
    pollutant: str
    category: str = ""
    label: str = ""
    due: int = 0


class Line(NamedTuple):
    """What an event adds to an account [g], and by which rule."""

    account: Account
    grams: int
    rule: str


class Books(Protocol):
    """What the lines need to know of the bank at this moment."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Rules in force."""

    @property
    def regions(self) -> Mapping[str, str]:
        """Regions in force."""

    def balance(self, account: Account) -> int:
        """Grams in an account."""

    def facts(self, block: str, pollutant: str, day: date) -> Facts:
        """Collect what the gates look at."""

    def promised(self, block: str, project: str, pollutant: str) -> list[tuple[Account, int]]:
        """Open commitments of a block that a project fulfils, the first due first."""

    def is_known(self, key: str) -> bool:
        """Whether an event is there."""

    def is_spent(self, voucher: str) -> bool:
        """Whether quota was bought with a voucher."""


def deposit_lines(project: Project, books: Books) -> list[Line]:
    """Split every reduction over the banks, and fulfil what was promised."""
    block = books.regions[project.region]
    park = block in names(books.rules, "parks")
    own = "municipal_share_own" if project.implementer == "municipal" else "municipal_share"
    rule = "municipal_share_park" if park else own
    lines = []
    for pollutant, grams in project.reductions.items():
        given = Account("reduction", block, pollutant, project.category)
        lines.append(Line(given, -grams, "kinds"))
        parts = split(grams, project, park, books.rules)
        for holder, tier, by in (
            (PROVINCE, "province", "state_share"),
            (CITY, "city", "city_share"),
            (MUNICIPAL, "municipal", rule),
            (block, "block", rule),
        ):
            account = Account("bank", holder, pollutant, project.category)
            lines.append(Line(account, parts[tier], by))
        left = grams
        for account, open_grams in books.promised(block, project.project, pollutant):
            paid = min(left, open_grams)
            left -= paid
            lines.append(Line(account, -paid, "commitment_years"))
        contra = Account("promise", block, pollutant)
        lines.append(Line(contra, grams - left, "commitment_years"))
    return [line for line in lines if line.grams]


def use_faults(use: Use, books: Books) -> list[Fault]:
    """Find what is wrong with a use, whatever the bank holds."""
    found = gram_faults("withdrawal", use.project, use.emissions, ELEMENTS)
    purposes = (*names(books.rules, "priority"), "other")
    for column, value, known in (
        ("region", use.region, tuple(books.regions)),
        ("category", use.category, names(books.rules, "categories")),
        ("construction", use.construction, ("new", "expansion", "rebuild")),
        ("purpose", use.purpose, purposes),
    ):
        if value not in known:
            right = f"one of {', '.join(known)}"
            found.append(Fault("withdrawal", use.project, column, value, "is unknown", right))
    if not use.outlet:
        right = "the outlet of the emission"
        found.append(Fault("withdrawal", use.project, "outlet", None, "is missing", right))
    own = books.regions.get(use.region)
    others = {MUNICIPAL, CITY, PROVINCE, MARKET, *books.regions.values()} - {own}
    asked = [supplement.bank for supplement in use.supplements]
    for bank in asked:
        if bank not in others or asked.count(bank) > 1:
            right = f"one of {', '.join(sorted(others))}, once"
            problem = "is no other bank, or there twice"
            found.append(Fault("withdrawal", use.project, "bank", bank, problem, right))
    for supplement in use.supplements:
        if supplement.bank == MARKET and books.is_spent(supplement.document):
            problem, right = "is used up", "a voucher of its own"
            found.append(Fault("withdrawal", use.project, "document", supplement.document,
                               problem, right))  # fmt: skip
        for project, grams in supplement.follow_up.items():
            found += gram_faults("commitment", project, grams, ELEMENTS)
            if books.is_known(f"deposit/{project}"):
                right = "a project to come"
                found.append(Fault("commitment", project, "project", None, "is deposited", right))
    return found


def withdrawal_lines(use: Use, day: date, books: Books) -> tuple[list[Line], list[Fault]]:
    """Draw what every pollutant needs, own bank first, then the others in order."""
    lines: list[Line] = []
    faults: list[Fault] = []
    for pollutant, emission in use.emissions.items():
        drawn, found = _drawn(use, pollutant, day, books)
        need = needed(use, pollutant, books.rules)
        block = books.regions[use.region]
        rule = "replacement"
        granted = Account("granted", block, pollutant, use.category, use.outlet)
        retired = Account("retired", block, pollutant, use.category)
        lines += [*drawn, Line(granted, emission, rule), Line(retired, need - emission, rule)]
        faults += found
    return [line for line in lines if line.grams], faults


def _drawn(use: Use, pollutant: str, day: date, books: Books) -> tuple[list[Line], list[Fault]]:
    """Lines that draw one pollutant, or the gate or the lack that stops it."""
    block = books.regions[use.region]
    facts = books.facts(block, pollutant, day)
    left = need = needed(use, pollutant, books.rules)
    faults = own_faults(use, facts, books.rules)
    lines: list[Line] = []
    for supplement in (None, *use.supplements):
        if faults or not left:
            break
        if supplement is not None:
            faults = supplement_faults(use, supplement, pollutant, facts, books.rules)
        holder, rule = (block, "own_first") if supplement is None else _way(supplement.bank)
        taken: list[Line] = []
        voucher = "" if supplement is None else supplement.document
        for account in () if faults else _accounts(use, (holder, voucher), pollutant, books.rules):
            there = left if account.kind == "purchase" else min(left, books.balance(account))
            if there and account.category != use.category:
                faults, rule = cross_faults(use, facts), "cross_category"
            if there:
                taken.append(Line(account, -there, rule))
                left -= there
        lines += taken
        if supplement is not None and supplement.bank == MUNICIPAL and taken:
            due = day.year + whole(books.rules, "commitment_years")
            promised, lack = _commitment(use, supplement, taken, block, due)
            lines += promised
            faults = faults + lack
    if left and not faults:
        problem = f"[g] is all there is of {need} g"
        right = "a smaller emission, or further supplements"
        faults = [Fault("withdrawal", use.project, pollutant, need - left, problem, right)]
    return lines, faults


def _way(bank: str) -> tuple[str, str]:
    """Holder and rule of a supplement."""
    if bank == MARKET:
        return bank, "traded"
    return bank, "agreement" if bank not in (MUNICIPAL, CITY, PROVINCE) else "attainment"


def _accounts(
    use: Use, source: tuple[str, str], pollutant: str, rules: Mapping[str, Rule]
) -> Iterator[Account]:
    """Accounts of a bank in the order in which they are drawn: one's own category first."""
    holder, voucher = source
    if holder == MARKET:
        yield Account("purchase", holder, pollutant, use.category, voucher)
        return
    yield Account("bank", holder, pollutant, use.category)
    if use.cross_ground or use.cross_consent:
        for category in names(rules, "categories"):
            if category != use.category:
                yield Account("bank", holder, pollutant, category)


def _commitment(
    use: Use, supplement: Supplement, taken: list[Line], block: str, due: int
) -> tuple[list[Line], list[Fault]]:
    """Promise to deposit next year what Changshu lends now (三(三)4)."""
    pollutant = taken[0].account.pollutant
    lent = left = -sum(line.grams for line in taken)
    lines = []
    for project, grams in supplement.follow_up.items():
        part = min(left, grams.get(pollutant, 0))
        left -= part
        account = Account("committed", block, pollutant, "", project, due)
        lines.append(Line(account, part, "commitment_years"))
    lines.append(Line(Account("promise", block, pollutant), left - lent, "commitment_years"))
    if not left:
        return lines, []
    problem = f"[g] of {pollutant} is listed for {lent} g"
    right = "follow-up projects of at least what is lent"
    return lines, [Fault("withdrawal", use.project, "follow_up", lent - left, problem, right)]
