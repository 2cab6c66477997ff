"""Projects, uses and banks for the tests of the reserve bank, and a process that fills one."""

import os
import random
import signal
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sql

from permitload.bank import Project, ReserveBank, Use, _store, with_towns
from permitload.errors import DataError

TOWN, OTHER, CHEMICAL = "梅李镇", "海虞镇", "新材料产业园"
PARK, IN_PARK = "常熟高新技术产业开发区", "沙家浜镇"
REGIONS = with_towns([TOWN, OTHER])
DAY = date(2024, 6, 1)
PAPERS = ("proposal", "calculation", "eia", "acceptance", "funding", "closure", "permit")


def project(name: str, reductions: Mapping[str, int], **changes: Any) -> Project:
    """Sewage works that a town built in 2024."""
    given: dict[str, Any] = {
        "region": TOWN, "kind": "infrastructure", "implementer": "block", "category": "domestic",
        "completed": date(2024, 5, 1), "approval": f"A-{name}", "documents": PAPERS,
        "listed": False,
    }  # fmt: skip
    return Project(name, reductions=reductions, **(given | changes))


def use(name: str, emissions: Mapping[str, int], **changes: Any) -> Use:
    """A new works of no special purpose, in the same town."""
    given: dict[str, Any] = {
        "region": TOWN, "outlet": "O1", "category": "domestic", "construction": "new",
        "purpose": "other",
    }  # fmt: skip
    return Use(name, emissions=emissions, **(given | changes))


def fits(use: Use, granted: object) -> list[Any]:
    """Sections with room for everything."""
    return []


def balances(bank: ReserveBank, kind: str = "bank", day: date | None = None) -> dict[str, int]:
    """Balance by holder, of one pollutant and category."""
    found = bank.statement(day).query("kind == @kind and balance != 0")
    assert found["holder"].is_unique
    return dict(zip(found["holder"], found["balance"], strict=True))


def fill(url: str, name: str, seed: int, count: int) -> int:
    """Random deposits and withdrawals; returns how many withdrawals the bank refused."""
    draw, refused = random.Random(seed), 0
    with ReserveBank(url, REGIONS) as bank:
        for number in range(count):
            label = f"{name}{number}"
            region = draw.choice([TOWN, OTHER, IN_PARK, CHEMICAL])
            grams = {p: draw.randint(1, 1000) for p in draw.sample(["TN", "TP", "COD"], 2)}
            if draw.random() < 0.5:
                state = draw.choice(["0", "0.2", "1/3"])
                bank.deposit(
                    project(label, grams, region=region, state_share=state,
                            government_money=state != "0"), DAY)  # fmt: skip
                continue
            try:
                bank.withdraw(use(label, grams, region=region), DAY, fits)
            except DataError as error:
                assert all("is all there is" in fault.problem for fault in error.faults)
                refused += 1
    return refused


def drain(url: str, name: str) -> int:
    """Withdraw one gram after another until the bank refuses; returns how many it gave."""
    given = 0
    with ReserveBank(url, REGIONS) as bank:
        while True:
            try:
                bank.withdraw(use(f"{name}{given}", {"COD": 1}), DAY, fits)
            except DataError:
                return given
            given += 1


def die(url: str, statement: str) -> None:
    """Deposit, and be killed at once before or after a statement, with nothing tidied up."""
    when, words = statement.split(":")

    def kill(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
        if text.startswith(words):
            os.kill(os.getpid(), signal.SIGKILL)

    with ReserveBank(url, REGIONS) as bank:
        sql.event.listen(bank._engine, f"{when}_cursor_execute", kill)
        bank.deposit(project("P2", {"TN": 1000, "TP": 100}), DAY)


def die_committed(url: str) -> None:
    """Deposit, and be killed as soon as the event is stored."""
    with ReserveBank(url, REGIONS) as bank:
        bank.deposit(project("P2", {"TN": 1000, "TP": 100}), DAY)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    assert _store is not None
    task, url, *words = sys.argv[1:]
    if task == "fill":
        sys.stdout.write(str(fill(url, words[0], int(words[1]), int(words[2]))))
    elif task == "drain":
        sys.stdout.write(str(drain(url, words[0])))
    elif task == "die":
        die(url, words[0])
    else:
        die_committed(url)
