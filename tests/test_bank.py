"""The ledger of the reserve bank, on SQLite and on a PostgreSQL server."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sql
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from permitload import bank
from permitload.bank import Project, ReserveBank, Standing, Supplement, Use
from permitload.bank.rules import CITY, ELEMENTS, MARKET, MUNICIPAL, PROVINCE
from permitload.cli import app
from permitload.errors import DataError, Fault
from tests.reserve import (
    CHEMICAL,
    DAY,
    IN_PARK,
    OTHER,
    PARK,
    REGIONS,
    TOWN,
    balances,
    fits,
    project,
    use,
)

ROOT = Path(__file__).parent.parent
MEMORY = "sqlite://"
HALF: Any = {"TN": 4.5}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of an empty database: a file, and one on the server of PERMITLOAD_POSTGRES."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bank.db"
        return
    server = os.environ.get("PERMITLOAD_POSTGRES")
    if not server:
        pytest.skip("PERMITLOAD_POSTGRES is no address of a server")
    name = f"bank_{uuid.uuid4().hex}"
    with _server(server) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sql.make_url(server).set(database=name).render_as_string(hide_password=False)
    with _server(server) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _server(address: str) -> Iterator[sql.Connection]:
    engine = sql.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextmanager
def raw(url: str) -> Iterator[sql.Connection]:
    """Write into the tables behind the bank's back."""
    engine = sql.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def columns_of(error: pytest.ExceptionInfo[DataError]) -> list[str]:
    return [fault.column for fault in error.value.faults]


def conserved(statement: pd.DataFrame) -> None:
    """Inflow is what the banks hold, what was granted and what was retired; nothing below zero."""
    held = statement[statement["kind"].isin(["bank", "granted", "retired", "committed"])]
    assert (held["balance"] >= 0).all()
    for _, rows in statement.groupby("pollutant"):
        total = rows.groupby("kind")["balance"].sum()
        inflow = -total.get("reduction", 0) - total.get("purchase", 0)
        assert inflow == sum(total.get(kind, 0) for kind in ("bank", "granted", "retired"))
        assert total.get("committed", 0) == -total.get("promise", 0)


# --- deposits -------------------------------------------------------------------------------


def test_deposits_of_every_kind_of_block(url: str) -> None:
    with ReserveBank(url, REGIONS) as books:
        state = {"state_share": "0.2", "government_money": True}
        books.deposit(project("P1", {"TN": 1000}, **state), DAY)
        assert balances(books) == {PROVINCE: 200, CITY: 240, MUNICIPAL: 112, TOWN: 448}
        # the chemical park splits like a town
        books.deposit(project("P2", {"TN": 1000}, region=CHEMICAL), DAY)
        assert balances(books) == {
            PROVINCE: 200, CITY: 540, MUNICIPAL: 252, TOWN: 448, CHEMICAL: 560,
        }  # fmt: skip
        # a town inside a park: whole, to the park's bank
        books.deposit(project("P3", {"TN": 1000}, region=IN_PARK, **state), DAY)
        assert balances(books) == {
            PROVINCE: 400, CITY: 780, MUNICIPAL: 252, TOWN: 448, CHEMICAL: 560, PARK: 560,
        }  # fmt: skip
        books.deposit(project("P4", {"TN": 1000}, implementer="municipal"), DAY)
        assert balances(books)[MUNICIPAL] == 252 + 700
        assert balances(books, "reduction") == {TOWN: -2000, CHEMICAL: -1000, PARK: -1000}
        conserved(books.statement())
        assert books.verify() == []


def test_every_entry_carries_its_rule_and_clause() -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        found = books.deposit(
            project("P1", {"TN": 1000}, state_share="0.2", government_money=True), DAY
        )
    by = found.set_index("holder")[["grams", "balance", "rule", "clause"]]
    assert by.drop(TOWN).T.to_dict("list") == {
        PROVINCE: [200, 200, "state_share", "三(二)4"],
        CITY: [240, 240, "city_share", "三(二)4"],
        MUNICIPAL: [112, 112, "municipal_share", "三(二)4"],
    }
    own = found[found["holder"] == TOWN].set_index("kind")
    assert own.loc["bank", ["grams", "rule", "clause"]].tolist() == [
        448, "municipal_share", "三(二)4",
    ]  # fmt: skip
    assert own.loc["reduction", ["grams", "rule", "clause"]].tolist() == [-1000, "kinds", "三(二)1"]
    assert found["grams"].sum() == 0


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"reductions": {"TN": 1000.0}}, "TN"),
        ({"reductions": {"TN": True}}, "TN"),
        ({"reductions": {"TN": 0}}, "TN"),
        ({"reductions": {"TN": -1}}, "TN"),
        ({"reductions": {"TN": 10**15 + 1}}, "TN"),
        ({"reductions": {"TN": float("nan")}}, "TN"),
        ({"reductions": {}}, "grams"),
        ({"reductions": {"NH3": 5}}, "pollutant"),
        ({"region": "昆山"}, "region"),
        ({"listed": True}, "listed"),
        ({"completed": date(2023, 5, 1)}, "date"),
    ],
)
def test_wrong_deposits_leave_no_trace(changes: dict[str, Any], column: str) -> None:
    given_ = {"reductions": {"TN": 1000}} | changes
    with ReserveBank(MEMORY, REGIONS) as books:
        before = books.head()
        with pytest.raises(DataError) as error:
            books.deposit(project("P1", **given_), DAY)
        assert columns_of(error) == [column]
        assert books.head() == before
        assert books.statement().empty


def test_the_same_event_twice_and_days_that_go_back_are_refused(url: str) -> None:
    with ReserveBank(url, REGIONS) as books:
        books.deposit(project("P1", {"TN": 1000}), DAY)
        books.withdraw(use("X1", {"TN": 1}), DAY, fits)
        held = balances(books)
        with pytest.raises(DataError, match="is there already"):
            books.deposit(project("P1", {"TP": 5}), DAY)
        with pytest.raises(DataError, match="is there already"):
            books.withdraw(use("X1", {"TN": 1}), DAY, fits)
        with pytest.raises(DataError, match="is before the last event"):
            books.deposit(project("P2", {"TN": 5}), date(2024, 5, 31))
        assert balances(books) == held
        with pytest.raises(DataError, match=r"a datetime\.date"):
            books.deposit(project("P3", {"TN": 5}), pd.Timestamp("2024-06-01"))
        with pytest.raises(DataError, match="is no number"):
            books.deposit(project(" ", {"TN": 5}), DAY)


# --- withdrawals ----------------------------------------------------------------------------


def judged(books: ReserveBank, year: int = 2023, **changes: bool) -> None:
    """Judge the town's water."""
    given_ = {"attained": True, "completed": True} | changes
    document = f"J{sorted(given_.items())}"
    books.judge(Standing(TOWN, "water", year, **given_), date(year + 1, 6, 1), document)


def with_stock() -> ReserveBank:
    """Town 560 g, Changshu 140 g, Suzhou 300 g of TN; another town 560 g."""
    books = ReserveBank(MEMORY, REGIONS)
    books.deposit(project("P1", {"TN": 1000}), DAY)
    return books


def lent(emission: int = 300, listed: int = 40, **changes: Any) -> Use:
    """A use that asks Changshu for what its town lacks."""
    letter = Supplement(MUNICIPAL, "C1", {"P9": {"TN": listed}})
    given_ = {"purpose": "livelihood", "supplements": (letter,)} | changes
    return use("X1", {"TN": emission}, **given_)


def test_withdrawal_grants_and_retires() -> None:
    with with_stock() as books:
        found = books.withdraw(use("X1", {"TN": 100}, strategic=True), DAY, fits)
        assert sorted(found["grams"]) == [-110, 10, 100]
        assert balances(books) == {CITY: 300, MUNICIPAL: 140, TOWN: 450}
        assert (balances(books, "granted"), balances(books, "retired")) == ({TOWN: 100}, {TOWN: 10})
        books.withdraw(use("X2", {"TN": 225}), DAY, fits)
        assert balances(books) == {CITY: 300, MUNICIPAL: 140}
        assert (balances(books, "granted"), balances(books, "retired")) == (
            {TOWN: 325}, {TOWN: 235},
        )  # fmt: skip
        conserved(books.statement())


def test_all_pollutants_or_none() -> None:
    with with_stock() as books:
        with pytest.raises(DataError, match=r"TP: 0 .* is all there is of 2 g"):
            books.withdraw(use("X1", {"TN": 1, "TP": 1}), DAY, fits)
        assert balances(books, "granted") == {}


def test_own_bank_needs_no_judgement_unless_the_rule_says_so() -> None:
    with with_stock() as books:
        books.withdraw(use("X1", {"TN": 1}), DAY, fits)
    rules = bank.amended({"own_needs_attainment": 1})
    with ReserveBank(MEMORY, REGIONS, rules) as books:
        books.deposit(project("P1", {"TN": 1000}), DAY)
        with pytest.raises(DataError) as error:
            books.withdraw(use("X1", {"TN": 1}), DAY, fits)
        assert columns_of(error) == ["standing"]


def test_changshu_lends_after_a_good_year_against_a_promise() -> None:
    with with_stock() as books:
        judged(books)
        found = books.withdraw(lent(), DAY, fits)
        assert balances(books) == {CITY: 300, MUNICIPAL: 100}
        promise = books.statement().query("kind == 'committed'").iloc[0]
        assert promise[["holder", "label", "due", "balance"]].tolist() == [TOWN, "P9", 2025, 40]
        assert set(found["rule"]) == {"own_first", "attainment", "commitment_years", "replacement"}
        conserved(books.statement())


@pytest.mark.parametrize(
    ("standing", "changes", "columns"),
    [
        (None, {}, ["standing"]),
        ({"attained": False}, {}, ["attained"]),
        ({"completed": False}, {}, ["completed"]),
        ({"attained": False, "completed": False}, {}, ["attained", "completed"]),
        ({}, {"purpose": "other"}, ["purpose"]),
        ({}, {"listed": 39}, ["follow_up"]),
        ({}, {"emission": 351, "listed": 999}, ["TN"]),  # 702 g of 700 g
        ({}, {"supplements": ()}, ["TN"]),
        ({}, {"supplements": (Supplement(CITY, ""),)}, ["document"]),
        ({}, {"supplements": (Supplement(MARKET, "V1"),)}, ["pollutant"]),  # TN is not traded
        ({}, {"supplements": (Supplement(TOWN, "A1"),)}, ["bank"]),
        ({}, {"supplements": (Supplement("昆山", "A1"),)}, ["bank"]),
        ({}, {"supplements": (Supplement(CITY, "A1"), Supplement(CITY, "A2"))}, ["bank", "bank"]),
        ({}, {"supplements": (Supplement(MUNICIPAL, "C", {"P1": {"TN": 40}}),)}, ["project"]),
        ({}, {"supplements": (Supplement(MUNICIPAL, "C", {"P9": HALF}),)}, ["TN"]),
        ({}, {"region": "昆山"}, ["region"]),
        ({}, {"outlet": ""}, ["outlet"]),
        ({}, {"category": "forest"}, ["category"]),
        ({}, {"construction": "ruin"}, ["construction"]),
        ({}, {"purpose": "fun"}, ["purpose"]),
        ({}, {"emission": 300.0}, ["TN"]),
    ],
)
def test_gates_and_wrong_uses(
    standing: dict[str, bool] | None, changes: dict[str, Any], columns: list[str]
) -> None:
    with with_stock() as books:
        if standing is not None:
            judged(books, **standing)
        before = books.head()
        with pytest.raises(DataError) as error:
            books.withdraw(lent(**changes), DAY, fits)
        assert columns_of(error) == columns
        assert books.head() == before


def test_an_offer_that_is_not_needed_is_not_judged() -> None:
    with with_stock() as books:
        books.withdraw(lent(emission=280), DAY, fits)
        assert balances(books) == {CITY: 300, MUNICIPAL: 140}
        assert balances(books, "committed") == {}


def test_a_later_judgement_replaces_an_earlier_one() -> None:
    with with_stock() as books:
        judged(books, attained=False)
        judged(books)
        books.withdraw(lent(), DAY, fits)


def test_elements_are_judged_apart() -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        books.deposit(project("P1", {"TN": 1000, "SO2": 1000}), DAY)
        judged(books)  # water alone
        letter = Supplement(MUNICIPAL, "C1", {"P9": {"TN": 40, "SO2": 40}})
        both = lent(supplements=(letter,))
        with pytest.raises(DataError) as error:
            books.withdraw(
                use("X1", {"TN": 300, "SO2": 300}, purpose="science", supplements=(letter,)),
                DAY, fits)  # fmt: skip
        assert columns_of(error) == ["standing"]
        books.withdraw(both, DAY, fits)


def test_banks_are_asked_in_order() -> None:
    with with_stock() as books:
        books.deposit(project("P2", {"TN": 1000}, region=OTHER), DAY)
        judged(books)
        asked = (Supplement(OTHER, "agreed"), Supplement(CITY, "consent"))
        books.withdraw(use("X1", {"TN": 600}, supplements=asked), DAY, fits)  # 1200 of 560+560+600
        assert balances(books) == {CITY: 520, MUNICIPAL: 280}
        conserved(books.statement())


def test_quota_is_bought_for_traded_pollutants() -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        judged(books)
        voucher = (Supplement(MARKET, "V1"),)
        books.withdraw(use("X1", {"TP": 7, "COD": 5}, supplements=voucher), DAY, fits)
        found = books.statement().query("kind == 'purchase'")
        assert dict(zip(found["pollutant"], found["balance"], strict=True)) == {
            "COD": -10,
            "TP": -14,
        }
        conserved(books.statement())


def test_orders_stop_all_use_until_they_are_lifted() -> None:
    with with_stock() as books:
        books.suspend(TOWN, "air", DAY, "S0")
        books.withdraw(use("X0", {"TN": 1}), DAY, fits)
        books.suspend(TOWN, "water", DAY, "S1")
        with pytest.raises(DataError) as error:
            books.withdraw(use("X1", {"TN": 1}), DAY, fits)
        assert columns_of(error) == ["suspension"]
        books.lift(TOWN, "water", DAY, "L1")
        books.withdraw(use("X1", {"TN": 1}), DAY, fits)


def test_a_missed_promise_stops_lending_until_it_is_kept() -> None:
    with with_stock() as books:
        judged(books)
        books.withdraw(lent(), DAY, fits)  # 40 g by the end of 2025
        judged(books, 2024)
        letter = Supplement(MUNICIPAL, "C2", {"P10": {"TN": 2}})
        second = use("X2", {"TN": 1}, purpose="livelihood", supplements=(letter,))
        books.withdraw(second, date(2025, 12, 31), fits)  # not overdue yet
        judged(books, 2025)
        third = use("X3", {"TN": 1}, purpose="livelihood",
                    supplements=(Supplement(MUNICIPAL, "C3", {"P11": {"TN": 2}}),))  # fmt: skip
        with pytest.raises(DataError) as error:
            books.withdraw(third, date(2026, 6, 1), fits)
        assert columns_of(error) == ["commitment"]
        overdue = books.overdue(date(2026, 6, 1)).query("task == 'commitment'")
        assert overdue[["block", "about", "date"]].to_numpy().tolist() == [
            [TOWN, "TN", date(2025, 12, 31)]
        ]
        kept = {"completed": date(2026, 1, 1), "implementer": "municipal"}
        books.deposit(project("P9", {"TN": 39}, **kept), date(2026, 6, 1))
        with pytest.raises(DataError):  # a gram is still owed, though P10 is not due
            books.withdraw(third, date(2026, 6, 1), fits)
        assert books.statement().query("label == 'P9'")["balance"].tolist() == [1]


def test_a_kept_promise_opens_lending_again() -> None:
    with with_stock() as books:
        judged(books)
        books.withdraw(lent(), DAY, fits)
        judged(books, 2025)
        kept = {"completed": date(2026, 1, 1), "implementer": "municipal"}
        books.deposit(project("P9", {"TN": 50}, **kept), date(2026, 6, 1))
        assert balances(books, "committed") == {}
        again = Supplement(MUNICIPAL, "C3", {"P11": {"TN": 2}})
        books.withdraw(
            use("X3", {"TN": 1}, purpose="livelihood", supplements=(again,)),
            date(2026, 6, 1), fits)  # fmt: skip
        conserved(books.statement())


def test_other_categories_only_with_consent_after_a_better_year() -> None:
    farm = {"category": "farm", "cross_ground": "argument", "cross_consent": "Suzhou"}
    with with_stock() as books:
        with pytest.raises(DataError, match=r"0 .* is all there is"):
            books.withdraw(use("X1", {"TN": 1}, category="farm"), DAY, fits)
        judged(books)
        with pytest.raises(DataError) as error:
            books.withdraw(use("X1", {"TN": 1}, **farm), DAY, fits)
        assert columns_of(error) == ["improving"]
        judged(books, improving=True)
        with pytest.raises(DataError) as error:
            books.withdraw(use("X1", {"TN": 1}, **{**farm, "cross_consent": ""}), DAY, fits)
        assert columns_of(error) == ["cross_consent"]
        found = books.withdraw(use("X1", {"TN": 1}, **farm), DAY, fits)
        assert balances(books)[TOWN] == 558
        assert found.query("kind == 'bank'")["rule"].tolist() == ["cross_category"]
        conserved(books.statement())


def test_nothing_is_exchanged_across_pollutants() -> None:
    improving = {"cross_ground": "argument", "cross_consent": "Suzhou"}
    with with_stock() as books:
        judged(books, improving=True)
        with pytest.raises(DataError, match=r"0 .* is all there is of 2 g"):
            books.withdraw(use("X1", {"TP": 1}, **improving), DAY, fits)


# --- sections -------------------------------------------------------------------------------


def test_a_credit_creates_no_capacity() -> None:
    seen: list[tuple[str, int]] = []

    def full(use: Use, granted: pd.DataFrame) -> list[Fault]:
        seen.append((use.project, int(granted["balance"].sum())))
        right = "0.2 or less"
        return (
            [Fault("sections", "白茆", "TN", 0.3, "does not fit", right)] if len(seen) > 1 else []
        )

    with with_stock() as books:
        books.withdraw(use("X1", {"TN": 20}), DAY, full)
        with pytest.raises(DataError, match=r"sections, row 白茆, TN: 0\.3 does not fit"):
            books.withdraw(use("X2", {"TN": 10}), DAY, full)
        assert seen == [("X1", 0), ("X2", 20)]  # what is granted before is known to the check
        assert balances(books, "granted") == {TOWN: 20}


# --- the chain ------------------------------------------------------------------------------


def scenario(books: ReserveBank) -> None:
    """Fourteen events: every kind, several pollutants, two years."""
    books.deposit(project("P1", {"TN": 1000, "COD": 9000}), DAY)
    books.deposit(project("P2", {"TN": 500}, region=IN_PARK, category="industry"), DAY)
    books.deposit(project("P3", {"TP": 77}, implementer="municipal"), DAY)
    judged(books)
    books.judge(Standing(PARK, "water", 2023, False, True), DAY, "J2")
    books.withdraw(lent(), DAY, fits)
    books.withdraw(use("X2", {"TN": 3}, region=IN_PARK, category="industry"), DAY, fits)
    books.suspend(PARK, "water", DAY, "S1")
    books.lift(PARK, "water", date(2024, 7, 1), "L1")
    books.allow(PARK, 2024, {"TN": (900, 800)}, date(2024, 7, 1), "R1")
    books.deposit(project("P4", {"COD": 10}, completed=date(2025, 1, 1)), date(2025, 1, 2))
    books.adopt(REGIONS, bank.amended({"city_share": "0.25"}), date(2025, 2, 1), "D1")
    books.deposit(project("P9", {"TN": 100}, completed=date(2025, 1, 1)), date(2025, 3, 1))


def test_statement_of_any_day_and_movements(url: str) -> None:
    with ReserveBank(url, REGIONS) as books:
        scenario(books)
        assert books.head()[0] == 14
        assert books.verify() == []

        def tn(day: date | None) -> dict[str, int]:
            query = (
                "kind == 'bank' and pollutant == 'TN' and category == 'domestic' and balance > 0"
            )
            found = books.statement(day).query(query)
            return dict(zip(found["holder"], found["balance"], strict=True))

        assert books.statement(date(2024, 5, 31)).empty
        assert tn(DAY) == {CITY: 300, MUNICIPAL: 100} == tn(date(2025, 2, 28))
        # P9: Suzhou takes a quarter from February on, Changshu a fifth of the rest
        assert tn(date(2025, 3, 1)) == {CITY: 325, MUNICIPAL: 115, TOWN: 60} == tn(None)
        quarter = books.reconciliation(date(2025, 1, 1), date(2025, 3, 31))
        own = quarter.query(f"kind == 'bank' and holder == '{CITY}'").set_index("pollutant")
        columns = ["opening_balance", "incoming", "outgoing", "closing_balance"]
        assert own[columns].T.to_dict("list") == {
            "COD": [2700, 3, 0, 2703], "TN": [300, 25, 0, 325],
        }  # fmt: skip
        promised = quarter.query("kind == 'committed'").iloc[0]
        assert promised[columns].tolist() == [40, 0, 40, 0]
        for day in (DAY, date(2024, 7, 1), date(2025, 1, 2), None):
            conserved(books.statement(day))
        with pytest.raises(DataError, match="is before the first"):
            books.reconciliation(date(2025, 1, 2), date(2025, 1, 1))


def test_balances_are_the_sums_of_the_entries(url: str) -> None:
    with ReserveBank(url, REGIONS) as books:
        scenario(books)
        found = books.statement()
    query = (
        "SELECT kind, holder, pollutant, category, label, due, SUM(grams) AS total FROM entries "
        "JOIN accounts ON entries.account = accounts.account GROUP BY 1, 2, 3, 4, 5, 6"
    )
    with raw(url) as connection:
        sums = {tuple(row[:6]): int(row[6]) for row in connection.execute(sql.text(query))}
    assert {tuple(row[:6]): row[6] for row in found.to_numpy().tolist()} == sums


def replayed(url: str) -> pd.DataFrame:
    """Statement of a new bank that is told what the events of another say."""
    with raw(url) as connection:
        rows = connection.execute(
            sql.text("SELECT key, date, details FROM events ORDER BY number")
        ).all()
    with ReserveBank(MEMORY, REGIONS) as books:
        for key, day, details in rows:
            content = json.loads(details)
            if "project" in content:
                found = {n: _dated(n, v) for n, v in content["project"].items()}
                books.deposit(Project(**found), date.fromisoformat(day))
            elif "use" in content:
                given_ = content["use"]
                asked = tuple(Supplement(**s) for s in given_.pop("supplements"))
                books.withdraw(Use(**given_, supplements=asked), date.fromisoformat(day), fits)
            else:
                assert key.startswith(("standing", "rules/1"))
                if "standing" in content:
                    books.judge(
                        Standing(**content["standing"]), date.fromisoformat(day),
                        key.split("/", 4)[4])  # fmt: skip
        return books.statement()


def _dated(name: str, value: Any) -> Any:
    if name in ("completed", "permit_changed", "effective") and value is not None:
        return date.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


COLUMNS = [
    ("events", "key"), ("events", "date"), ("events", "subject"), ("events", "details"),
    ("events", "previous"), ("events", "hash"), ("accounts", "kind"), ("accounts", "holder"),
    ("accounts", "pollutant"), ("accounts", "category"), ("accounts", "label"),
    ("accounts", "due"), ("entries", "grams"), ("entries", "balance"), ("entries", "rule"),
    ("entries", "clause"), ("head", "number"), ("head", "date"), ("head", "hash"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_every_column_of_every_table_is_guarded(tmp_path: Path, table: str, column: str) -> None:
    url = f"sqlite:///{tmp_path}/bank.db"
    with ReserveBank(url, REGIONS) as books:
        books.deposit(project("P1", {"TN": 1000}), DAY)
        books.deposit(project("P2", {"TN": 1000}), DAY)
    where = {"events": "number = 2", "head": "head = 1"}.get(table, "account = 2")
    number = column in ("due", "grams", "balance", "number")
    changed = f"{column} + 1" if number else f"{column} || 'x'"
    with raw(url) as connection:
        done = connection.exec_driver_sql(f"UPDATE {table} SET {column} = {changed} WHERE {where}")
        assert done.rowcount >= 1
    assert bank.verify(url) != []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries WHERE event = 2 AND account = 1",
        "DELETE FROM entries WHERE event = 3",
        "INSERT INTO entries VALUES (1, 4, 5, 5, 'city_share', '')",
        "UPDATE entries SET grams = grams + 9, balance = balance + 9 WHERE account = 3",
        "DELETE FROM head",
    ],
)
def test_lost_and_invented_entries_are_found(tmp_path: Path, statement: str) -> None:
    url = f"sqlite:///{tmp_path}/bank.db"
    with ReserveBank(url, REGIONS) as books:
        books.deposit(project("P1", {"TN": 1000}), DAY)
        books.deposit(project("P2", {"TN": 1000}), DAY)
    with raw(url) as connection:
        connection.exec_driver_sql(statement)
    assert bank.verify(url) != []


def test_a_tail_that_was_cut_off_shows_by_a_head_written_down(url: str) -> None:
    with ReserveBank(url, REGIONS) as books:
        books.deposit(project("P1", {"TN": 1000}), DAY)
        first = books.head()
        books.deposit(project("P2", {"TN": 1000}), DAY)
        last = books.head()
    with raw(url) as connection:  # with care: the head put back as well
        connection.exec_driver_sql("DELETE FROM entries WHERE event = 3")
        connection.exec_driver_sql("DELETE FROM events WHERE number = 3")
        connection.exec_driver_sql(f"UPDATE head SET number = 2, hash = '{first[1]}'")
    assert bank.verify(url) == []
    assert bank.verify(url, first) == []
    assert [fault.problem for fault in bank.verify(url, last)] == ["is not in the bank"]


def test_verify_creates_no_bank(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no reserve bank"):
        bank.verify(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:////nowhere/at/all.db",
        "nonsense",
        "mysql://u:secret@127.0.0.1/b",
        "postgresql+psycopg://u:secret@127.0.0.1:1/b",
    ],
)
def test_what_cannot_be_opened_is_named_without_its_password(address: str) -> None:
    with pytest.raises(DataError, match=r"cannot be opened|is no database of the bank") as error:
        ReserveBank(address)
    assert "secret" not in str(error.value)


def test_command_verifies_a_bank_file(tmp_path: Path) -> None:
    path = tmp_path / "bank.db"
    with ReserveBank(f"sqlite:///{path}", REGIONS) as books:
        scenario(books)
    found = CliRunner().invoke(app, ["verify", str(path)])
    assert (found.exit_code, "verified" in found.output) == (0, True)
    with raw(f"sqlite:///{path}") as connection:
        connection.exec_driver_sql("UPDATE entries SET grams = grams + 1 WHERE event = 4")
        connection.exec_driver_sql("UPDATE events SET details = '{}' WHERE number = 9")
    found = CliRunner().invoke(app, ["verify", str(path)])
    assert (found.exit_code, "events, row order/" in found.output) == (1, True)
    path.write_text("reach,length\n", "utf8")
    found = CliRunner().invoke(app, ["verify", str(path)])
    said = "cannot be opened: file is not a database; right would be the address of a reserve bank"
    assert (found.exit_code, found.output) == (2, f"sqlite:///{path} {said}\n")
    found = CliRunner().invoke(app, ["verify", str(path), "--json"])
    told = {"error": f"sqlite:///{path} {said}", "faults": []}
    assert (found.exit_code, json.loads(found.output)) == (2, told)


# --- several processes ----------------------------------------------------------------------


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.reserve", *words], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_two_processes_and_a_replay(url: str) -> None:
    both = [start("fill", url, name, str(seed), "40") for seed, name in enumerate("AB")]
    refused = sum(int(ended(process)) for process in both)
    with ReserveBank(url, REGIONS) as books:
        assert books.verify() == []
        assert books.head()[0] == 1 + 80 - refused
        found = books.statement()
    conserved(found)
    order = found.columns[:6].tolist()
    again = replayed(url)
    pd.testing.assert_frame_equal(
        found.sort_values(order, ignore_index=True), again.sort_values(order, ignore_index=True)
    )


def test_two_writers_cannot_overdraw(url: str) -> None:
    with ReserveBank(url, REGIONS) as books:
        books.deposit(project("P1", {"COD": 150}), DAY)  # town 84 g: 42 withdrawals of 2 g
        both = [start("drain", url, name) for name in "AB"]
        assert sum(int(ended(process)) for process in both) == 42
        assert balances(books) == {CITY: 45, MUNICIPAL: 21}
        assert balances(books, "granted") == {TOWN: 42}
        assert books.verify() == []


@pytest.mark.parametrize(
    "statement",
    ["after:INSERT INTO events", "before:INSERT INTO entries", "after:INSERT INTO entries",
     "after:UPDATE head"],
)  # fmt: skip
def test_a_deposit_that_is_killed_halfway_was_never_there(url: str, statement: str) -> None:
    with ReserveBank(url, REGIONS) as books:
        books.deposit(project("P1", {"TN": 1000}), DAY)
        before, held = books.head(), balances(books)
        process = start("die", url, statement)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert (books.head(), balances(books), books.verify()) == (before, held, [])
        books.deposit(project("P2", {"TN": 1000, "TP": 100}), DAY)  # no lock, no key is left
        assert books.verify() == []


def test_a_deposit_that_was_stored_is_there_after_a_kill(url: str) -> None:
    process = start("die_committed", url)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    with ReserveBank(url, REGIONS) as books:
        assert books.entries("deposit/P2")["grams"].abs().sum() == 2 * 1100
        assert books.verify() == []


# --- random streams -------------------------------------------------------------------------

EVENT = st.tuples(
    st.sampled_from(["deposit", "withdraw", "judge"]),
    st.sampled_from([TOWN, OTHER, IN_PARK, CHEMICAL]),
    st.dictionaries(st.sampled_from(sorted(ELEMENTS)), st.integers(1, 10**6), min_size=1),
    st.sampled_from(["industry", "domestic", "farm"]),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(stream=st.lists(EVENT, max_size=12))
def test_random_streams_conserve_every_gram(stream: list[Any]) -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        for number, (kind, region, grams, category, first, second) in enumerate(stream):
            block = REGIONS[region]
            if kind == "deposit":
                books.deposit(
                    project(f"P{number}", grams, region=region, category=category,
                            implementer="municipal" if first else "unit"), DAY)  # fmt: skip
            elif kind == "judge":
                standing = Standing(block, "water" if first else "air", 2023, second, True, first)
                books.judge(standing, DAY, f"J{number}")
            else:
                follow = {f"F{number}": {p: 4 * g for p, g in grams.items()}}
                asked = (Supplement(MUNICIPAL, "C", follow), Supplement(CITY, "A"),
                         Supplement(MARKET, "V"))  # fmt: skip
                given_ = use(
                    f"X{number}", grams, region=region, category=category, purpose="science",
                    strategic=first, supplements=asked, cross_ground="g", cross_consent="c",
                )  # fmt: skip
                before = books.head()
                try:
                    found = books.withdraw(given_, DAY, fits)
                except DataError:
                    assert books.head() == before
                else:
                    drawn = -found[found["kind"].isin(["bank", "purchase"])]["grams"].sum()
                    assert drawn >= 1.1 * sum(grams.values()) - 1e-6
        conserved(books.statement())
        assert books.verify() == []


def test_two_settings_of_one_bank_are_refused(url: str) -> None:
    with ReserveBank(url, REGIONS):
        pass
    with ReserveBank(url) as books, pytest.raises(DataError, match=r"right would be adopt\(\)"):
        assert books.head()[0] == 1
        ReserveBank(url, {"梅李镇": "梅李镇"})
    for regions in ({"A": "B"}, {"A": MUNICIPAL, MUNICIPAL: MUNICIPAL}, {"A": ""}):
        with pytest.raises(DataError, match="regions, row A, bank"):
            ReserveBank(MEMORY, regions)


def test_overdue_lists_judgements_and_park_emissions() -> None:
    with ReserveBank(MEMORY) as books:
        assert books.overdue(date(2024, 1, 31)).empty
        late = books.overdue(date(2024, 2, 1))
        assert len(late) == 3 * 2
        books.judge(Standing(PARK, "water", 2023, True, True), date(2024, 2, 1), "J1")
        books.allow(PARK, 2024, {"TN": (900, 800)}, date(2024, 2, 1), "R1")
        late = books.overdue(date(2024, 3, 1))
        assert late["task"].tolist() == ["judgement"] * 5 + ["allowable"]
        assert PARK not in late.query("task == 'allowable'")["block"].tolist()


@pytest.mark.parametrize(
    "act",
    [
        lambda b: b.judge(Standing("昆山", "water", 2023, True, True), DAY, "J"),
        lambda b: b.judge(Standing(TOWN, "soil", 2023, True, True), DAY, "J"),
        lambda b: b.judge(Standing(TOWN, "water", 2024, True, True), DAY, "J"),
        lambda b: b.judge(Standing(TOWN, "water", 2023, None, True), DAY, "J"),
        lambda b: b.judge(Standing(TOWN, "water", 2023, True, True), DAY, ""),
        lambda b: b.suspend("昆山", "water", DAY, "S"),
        lambda b: b.lift(TOWN, "sound", DAY, "L"),
        lambda b: b.allow(TOWN, 2024, {"TN": (1, 1)}, DAY, "R"),
        lambda b: b.allow(PARK, 2024, {"TN": (1, 1.5)}, DAY, "R"),
    ],
)
def test_wrong_records_are_refused(act: Any) -> None:
    with ReserveBank(MEMORY, REGIONS) as books:
        with pytest.raises(DataError):
            act(books)
        assert books.head()[0] == 1


def test_the_order_of_pollutants_and_deposits_changes_no_balance() -> None:
    grams = {"TN": 999, "COD": 12345, "SO2": 7, "TP": 31}
    found = []
    for order in (1, -1):
        with ReserveBank(MEMORY, REGIONS) as books:
            for region in (TOWN, IN_PARK, CHEMICAL)[::order]:
                mixed = dict(list(grams.items())[::order])
                books.deposit(project(f"P{region}", mixed, region=region), DAY)
                books.withdraw(use(f"X{region}", {"COD": 10, "TN": 3}, region=region), DAY, fits)
            found.append(books.statement())
    pd.testing.assert_frame_equal(*found)
