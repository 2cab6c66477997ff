"""What a bank is given: texts, numbers and answers that are not what they should be."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from permitload import bank
from permitload.bank import Project, ReserveBank, Standing, Supplement
from permitload.bank.rules import MARKET, MUNICIPAL
from permitload.errors import DataError
from tests.reserve import DAY, PARK, REGIONS, TOWN, balances, fits, project, use

MEMORY = "sqlite://"
NOTHING: Any = None
ODD: Any = {5: {"COD": 1}}
FLAT: Any = {"P9": 1}


def columns_of(error: pytest.ExceptionInfo[DataError]) -> set[str]:
    return {fault.column for fault in error.value.faults}


@pytest.mark.parametrize(
    "name",
    [
        "P1 ", " P1", "", "P\n1", "P1\x00", "e\u0301", "\ud800", "\u202eP1", "\u200bP1",
        "x" * 501, 5, None, ["P1"], b"P1",
    ],
)  # fmt: skip
def test_names_that_look_like_others_or_cannot_be_stored_are_refused(name: Any) -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        books.deposit(project("P0", {"COD": 1000}), DAY)
        before = books.head()
        for act in (
            lambda: books.deposit(project(name, {"COD": 10}), DAY),
            lambda: books.deposit(project("P1", {"COD": 10}, approval=name), DAY),
            lambda: books.withdraw(use(name, {"COD": 1}), DAY, fits),
            lambda: books.withdraw(use("X1", {"COD": 1}, outlet=name), DAY, fits),
            lambda: books.suspend(TOWN, "water", DAY, name),
            lambda: books.judge(Standing(TOWN, "water", 2023, True, True), DAY, name),
        ):
            with pytest.raises(DataError):
                act()
        assert books.head() == before
        assert books.verify() == []


@pytest.mark.parametrize("name", ["P'; DROP TABLE entries;--", "苏环办〔2023〕78号", '厂 "A" 🏭'])
def test_names_of_any_script_are_kept_as_they_are(tmp_path: Path, name: str) -> None:
    with ReserveBank(f"sqlite:///{tmp_path}/b.db", REGIONS) as books:
        books.deposit(project(name, {"COD": 1000}), DAY)
        books.withdraw(use(name, {"COD": 1}, outlet=name), DAY, fits)
        assert books.statement().query("kind == 'granted'")["label"].tolist() == [name]
        assert books.verify() == []


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"strategic": "no"}, "strategic"),
        ({"strategic": 1}, "strategic"),
        ({"outlet": 5}, "outlet"),
        ({"emissions": [("COD", 1)]}, "emissions"),
        ({"supplements": Supplement(MUNICIPAL, "C")}, "supplements"),
        ({"supplements": ("C",)}, "supplements"),
        ({"supplements": (Supplement(MUNICIPAL, "C", ODD),)}, "follow_up"),
        ({"supplements": (Supplement(MUNICIPAL, "C", FLAT),)}, "follow_up"),
        ({"supplements": (Supplement(MUNICIPAL, NOTHING),)}, "document"),
        ({"region": ["梅李镇"]}, "region"),
        ({"cross_ground": "\n"}, "cross_ground"),
    ],
)
def test_a_use_of_another_form_is_refused_and_breaks_no_chain(
    changes: dict[str, Any], column: str
) -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        books.deposit(project("P0", {"COD": 1000}), DAY)
        before = books.head()
        with pytest.raises(DataError) as error:
            books.withdraw(use("X1", **({"emissions": {"COD": 1}} | changes)), DAY, fits)
        assert columns_of(error) == {column}
        assert books.head() == before
        assert books.verify() == []


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"documents": "proposal calculation eia acceptance funding"}, "documents"),
        ({"shown": "monitored, counted, checked", "kind": "expansion"}, "shown"),
        ({"government_money": "no"}, "government_money"),
        ({"reductions": [("COD", 1)]}, "reductions"),
        ({"region": ["梅李镇"]}, "region"),
        ({"approval": 7}, "approval"),
    ],
)
def test_a_project_of_another_form_is_refused(changes: dict[str, Any], column: str) -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        with pytest.raises(DataError) as error:
            books.deposit(project("P1", **({"reductions": {"COD": 1}} | changes)), DAY)
        assert columns_of(error) == {column}


@pytest.mark.parametrize(
    "act",
    [
        lambda b: b.judge(Standing(TOWN, "water", 2023.0, True, True), DAY, "J"),
        lambda b: b.judge(Standing(TOWN, "water", True, True, True), DAY, "J"),
        lambda b: b.allow(PARK, 2024, {"TN": (5,)}, DAY, "R"),
        lambda b: b.allow(PARK, 2024, {"TN": 5}, DAY, "R"),
        lambda b: b.allow(PARK, 2024.5, {"TN": (5, 5)}, DAY, "R"),
        lambda b: b.allow(PARK, 2024, {"TN": (-1, 5)}, DAY, "R"),
        lambda b: b.allow(PARK, 2024, {"TN": (False, 5)}, DAY, "R"),
        lambda b: b.allow(PARK, 2024, {"TN": (0.0, 5)}, DAY, "R"),
        lambda b: b.allow(PARK, 2024, {}, DAY, "R"),
        lambda b: b.statement("2024-06-01"),
        lambda b: b.statement(datetime(2024, 6, 1, 3)),
        lambda b: b.reconciliation(DAY, "2024-06-30"),
        lambda b: b.overdue("2024-06-01"),
    ],
)
def test_records_and_questions_of_another_form_are_refused(
    act: Callable[[ReserveBank], object],
) -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        with pytest.raises(DataError):
            act(books)
        assert books.head()[0] == 1


def test_a_park_that_emitted_nothing_is_recorded() -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        books.allow(PARK, 2024, {"SO2": (0, 5)}, DAY, "R")
        assert books.head()[0] == 2


@pytest.mark.parametrize("answer", [None, True, 3, ["no room"]])
def test_a_recheck_that_does_not_answer_lets_nothing_through(answer: Any) -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        books.deposit(project("P0", {"COD": 1000}), DAY)
        with pytest.raises(DataError, match="faults"):
            books.withdraw(use("X1", {"COD": 1}), DAY, lambda use, granted: answer)
        with pytest.raises(DataError, match="recheck"):
            books.withdraw(use("X1", {"COD": 1}), DAY, NOTHING)
        assert balances(books, "granted") == {}


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:secret@host:bad/x",
        "postgresql+nothing://u:secret@a/b",
        "sqlite+pysqlcipher:///x",
        "postgresql+asyncpg://u:secret@a/b",
        "sqlite+aiosqlite:///x.db",
    ],
)
def test_wrong_addresses_are_one_clear_message(address: str) -> None:
    for call in (ReserveBank, bank.verify):
        with pytest.raises(DataError, match=r"cannot be opened|is no driver") as error:
            call(address)
        assert "secret" not in str(error.value)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_threads_share_one_bank_and_cannot_overdraw(tmp_path: Path, kind: str) -> None:
    url = MEMORY if kind == "memory" else f"sqlite:///{tmp_path}/b.db"
    given: list[int] = []
    with ReserveBank(url, REGIONS) as books:
        books.deposit(project("P0", {"COD": 100}), DAY)  # 56 g to the town: 28 uses of 1 g

        def drain(name: int) -> None:
            for number in range(12):
                try:
                    books.withdraw(use(f"{name}-{number}", {"COD": 1}), DAY, fits)
                    given.append(1)
                except DataError as error:
                    assert "is all there is" in str(error)

        threads = [threading.Thread(target=drain, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(given) == 28
        assert balances(books, "granted") == {TOWN: 28}
        assert books.verify() == []


def test_a_permit_cancelled_before_the_plant_is_pulled_down_may_be_deposited() -> None:
    closed: dict[str, Any] = {
        "kind": "closure", "completed": date(2024, 5, 1), "permit_changed": date(2024, 1, 15),
    }  # fmt: skip
    given = project("P1", {"COD": 10}, **closed)
    assert bank.deadline(given) == date(2024, 6, 1)
    assert bank.eligible(given, date(2024, 6, 1)) == []
    assert {f.column for f in bank.eligible(given, date(2024, 6, 2))} == {"date"}
    assert {f.column for f in bank.eligible(given, date(2024, 4, 30))} == {"date"}


def test_what_a_promised_project_fell_short_of_is_made_up_by_the_next() -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        books.deposit(project("P0", {"TN": 1000}), DAY)  # 560 g to the town, 140 g to Changshu
        books.judge(Standing(TOWN, "water", 2023, True, True), DAY, "J1")
        letter = Supplement(MUNICIPAL, "C", {"P9": {"TN": 40}})
        asked = use("X1", {"TN": 300}, purpose="livelihood", supplements=(letter,))
        books.withdraw(asked, DAY, fits)
        later: dict[str, Any] = {"completed": date(2025, 3, 1), "implementer": "municipal"}
        day = date(2025, 6, 1)
        books.deposit(project("P8", {"TN": 5}, **later), day)  # P9 may still come
        assert balances(books, "committed") == {TOWN: 40}
        books.deposit(project("P9", {"TN": 30}, **later), day)
        assert balances(books, "committed") == {TOWN: 10}
        books.deposit(project("P10", {"COD": 50}, **later), day)  # another pollutant
        assert balances(books, "committed") == {TOWN: 10}
        books.deposit(project("P11", {"TN": 4}, **later), day)
        books.deposit(project("P12", {"TN": 50}, **later), day)
        assert balances(books, "committed") == {}
        assert books.verify() == []


def test_forms_are_those_of_the_classes() -> None:
    """Every field of what is given has a form, so that none is left out."""
    from permitload.bank import _forms

    for kind in (Project, bank.Use, Supplement, Standing):
        assert set(kind.__annotations__.values()) <= {*_forms.FORMS, *_forms.ELSEWHERE}


def test_what_a_writer_is_told_is_what_is_stored(tmp_path: Path) -> None:
    with ReserveBank(f"sqlite:///{tmp_path}/b.db", REGIONS) as books:
        told = books.deposit(project("P1", {"TN": 1000, "COD": 1000}), DAY)
        pd.testing.assert_frame_equal(told, books.entries("deposit/P1"))
        told = books.withdraw(use("X1", {"TN": 7}), DAY, fits)
        pd.testing.assert_frame_equal(told, books.entries("withdrawal/X1"))
        assert told["kind"].tolist() == [
            "bank", "granted", "retired"
        ]  # fmt: skip


def test_a_writer_that_holds_the_bank_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from permitload.bank import _store, _tables

    monkeypatch.setattr(_tables, "WAIT", 0.2)
    monkeypatch.setattr(_store, "WAIT", 0.2)
    with ReserveBank(f"sqlite:///{tmp_path}/b.db", REGIONS) as books:
        other = sqlite3.connect(tmp_path / "b.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TimeoutError, match=r"another writer has held the bank .* 0\.2 s"):
            books.deposit(project("P1", {"TN": 1000}), DAY)
        assert books.statement().empty  # readers do not wait
        other.execute("ROLLBACK")
        other.close()
        books.deposit(project("P1", {"TN": 1000}), DAY)


def test_a_register_shows_what_is_not_booked() -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        books.deposit(project("P1", {"TN": 1000, "COD": 500}), DAY)
        books.withdraw(use("X1", {"TN": 7}), DAY, fits)
        register = pd.DataFrame(
            [
                ("deposit", "P1", "TN", 1000), ("deposit", "P1", "COD", 501),
                ("deposit", "P2", "TN", 40), ("withdrawal", "X1", "TN", 7),
                ("withdrawal", "X2", "TP", 3),
            ],
            columns=["event", "project", "pollutant", "grams"],
        )  # fmt: skip
        for order in (1, -1):
            found = books.unbooked(register[::order]).set_index(["project", "pollutant"])["booked"]
            assert found.to_dict() == {("P1", "COD"): 500, ("P2", "TN"): 0, ("X2", "TP"): 0}
        assert books.unbooked(register[:0]).empty


@pytest.mark.parametrize(
    ("column", "value"),
    [("event", "gift"), ("project", "P1 "), ("pollutant", "Hg"), ("grams", 1.5), ("grams", 0)],
)
def test_registers_that_cannot_be_looked_up_are_refused(column: str, value: Any) -> None:
    row = {"event": "deposit", "project": "P1", "pollutant": "TN", "grams": 10}
    with ReserveBank(MEMORY, REGIONS) as books:
        for table in (
            pd.DataFrame([row | {column: value}]),
            pd.DataFrame([row]).drop(columns=column),
            pd.DataFrame([row, row]),
        ):
            with pytest.raises(DataError):
                books.unbooked(table)


def test_quarters_are_reconciled_or_overdue() -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        books.deposit(project("P1", {"TN": 1000}), DAY)  # 1 June 2024

        def late(day: date) -> list[str]:
            found = books.overdue(day).query("task == 'reconciliation'")
            return [str(about) for about in found["about"]]

        assert late(date(2024, 6, 30)) == []  # the first quarter ended before the bank began
        assert late(date(2024, 7, 1)) == ["2024-06-30"]
        books.reconcile(date(2024, 6, 30), date(2024, 7, 5), "Q2")
        assert late(date(2024, 7, 5)) == []
        assert late(date(2024, 7, 4)) == ["2024-06-30"]  # as it was on that day
        assert late(date(2025, 1, 1)) == ["2024-12-31"]
        for last, day in (
            (date(2024, 6, 29), date(2024, 8, 1)),
            (date(2024, 9, 30), date(2024, 9, 29)),
        ):
            with pytest.raises(DataError, match="is no end of a quarter"):
                books.reconcile(last, day, "Q")
        with pytest.raises(DataError, match="is there already"):
            books.reconcile(date(2024, 6, 30), date(2024, 8, 1), "Q2")
        assert books.verify() == []


def test_a_voucher_of_the_platform_is_used_once() -> None:
    def bought(name: str, voucher: str, **grams: int) -> bank.Use:
        return use(name, grams, supplements=(Supplement(MARKET, voucher),))

    with ReserveBank(MEMORY, REGIONS) as books:
        books.judge(Standing(TOWN, "water", 2023, True, True), DAY, "J1")
        books.withdraw(bought("X1", "V1", COD=10, TP=5), DAY, fits)  # one paper, two pollutants
        before = books.head()
        for again in (bought("X2", "V1", COD=1), bought("X3", "V1", TP=1)):
            with pytest.raises(DataError, match="is used up"):
                books.withdraw(again, DAY, fits)
        assert books.head() == before
        books.withdraw(bought("X4", "V2", COD=1), DAY, fits)
        held = books.statement().query("kind == 'purchase'")
        assert held.groupby(["label", "pollutant"])["balance"].sum().to_dict() == {
            ("V1", "COD"): -20, ("V1", "TP"): -10, ("V2", "COD"): -2,
        }  # fmt: skip
        assert books.verify() == []


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM head",
        "INSERT INTO head SELECT 2, number, date, hash FROM head",
        "UPDATE head SET number = number - 1",
        "UPDATE head SET hash = previous FROM (SELECT previous FROM events WHERE number = 3)",
        "DELETE FROM events WHERE number = 4",
        "UPDATE events SET hash = previous WHERE number = 4",
        "UPDATE events SET details = '{}' WHERE subject = 'rules'",
        "UPDATE events SET details = replace(details, '0.3', '0.9') WHERE subject = 'rules'",
    ],
)
def test_nothing_is_written_into_a_bank_that_was_changed(tmp_path: Path, damage: str) -> None:
    url = f"sqlite:///{tmp_path}/b.db"
    with ReserveBank(url, REGIONS) as books:
        books.deposit(project("P0", {"TN": 1000}), DAY)
        books.suspend(TOWN, "air", DAY, "S1")
        books.suspend(TOWN, "water", DAY, "S2")
    changed = sqlite3.connect(tmp_path / "b.db")
    changed.execute(damage)
    changed.commit()
    count = changed.execute("SELECT count(*) FROM events").fetchone()
    assert bank.verify(url) != []
    with pytest.raises(DataError, match="was changed"), ReserveBank(url) as books:
        books.deposit(project("P1", {"TN": 1000}), DAY)
    assert changed.execute("SELECT count(*) FROM events").fetchone() == count
    changed.close()


@pytest.mark.parametrize("subject", ["standing", "order"])
def test_a_judgement_that_was_changed_opens_no_gate(tmp_path: Path, subject: str) -> None:
    with ReserveBank(f"sqlite:///{tmp_path}/b.db", REGIONS) as books:
        books.deposit(project("P0", {"TN": 1000}), DAY)
        books.judge(Standing(TOWN, "water", 2023, True, True), DAY, "J1")
        books.suspend(TOWN, "water", DAY, "S1")
        books.lift(TOWN, "water", DAY, "L1")
        changed = sqlite3.connect(tmp_path / "b.db")
        changed.execute(
            "UPDATE events SET details = replace(replace(details, 'true', 'x'), 'false', 'true') "
            f"WHERE subject LIKE '{subject}/%'"
        )
        changed.commit()
        changed.close()
        with pytest.raises(DataError, match="was changed"):
            books.withdraw(use("X1", {"TN": 1}), DAY, fits)
        assert balances(books, "granted") == {}
