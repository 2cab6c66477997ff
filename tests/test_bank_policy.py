"""Policy of the reserve bank against the text: eligibility, splits, multiples, days, rules."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import bank
from permitload.bank.rules import ELEMENTS, RULES
from permitload.errors import DataError
from tests.reserve import DAY, PAPERS, project, use

TONNE = 1_000_000


@pytest.mark.parametrize(
    ("implementer", "park", "expected"),
    [
        # 100 t, a fifth of the money from state and province; tonnes by hand
        ("block", False, (20, 24, 11.2, 44.8)),
        ("unit", False, (20, 24, 11.2, 44.8)),
        ("municipal", False, (20, 24, 56, 0)),
        ("block", True, (20, 24, 0, 56)),
        ("unit", True, (20, 24, 0, 56)),
        ("municipal", True, (20, 24, 0, 56)),
    ],
)
def test_split_gives_the_tonnes_of_the_text(
    implementer: str, park: bool, expected: tuple[float, ...]
) -> None:
    given_ = project("P", {"TN": 1}, implementer=implementer, state_share="0.2")
    parts = bank.split(100 * TONNE, given_, park)
    assert parts == dict(
        zip(("province", "city", "municipal", "block"), (round(t * TONNE) for t in expected),
            strict=True)
    )  # fmt: skip


def test_split_without_state_money_is_30_14_56_percent() -> None:
    parts = bank.split(100, project("P", {"TN": 1}), park=False)
    assert tuple(parts.values()) == (0, 30, 14, 56)


def test_everything_paid_by_the_state_goes_to_the_province() -> None:
    parts = bank.split(7, project("P", {"TN": 1}, state_share="1"), park=False)
    assert tuple(parts.values()) == (7, 0, 0, 0)


@settings(max_examples=60)
@given(
    grams=st.integers(1, 10**15),
    share=st.fractions(0, 1, max_denominator=10**6),
    implementer=st.sampled_from(["municipal", "block", "unit"]),
    park=st.booleans(),
)
def test_split_loses_no_gram_and_stays_within_three_of_the_shares(
    grams: int, share: Fraction, implementer: str, park: bool
) -> None:
    parts = bank.split(grams, project("P", {}, implementer=implementer, state_share=share), park)
    assert sum(parts.values()) == grams
    left = (1 - share) * grams
    to_changshu = (
        0 if park else Fraction(7, 10) if implementer == "municipal" else Fraction(14, 100)
    )
    wanted = {
        "province": share * grams, "city": Fraction(30, 100) * left,
        "municipal": to_changshu * left, "block": (Fraction(70, 100) - to_changshu) * left,
    }  # fmt: skip
    assert all(parts[tier] >= 0 and abs(parts[tier] - wanted[tier]) < 3 for tier in wanted)


@pytest.mark.parametrize(
    ("strategic", "construction", "favoured"),
    [
        (True, "new", {"NH3-N", "TN", "TP"}),
        (True, "expansion", {"NH3-N", "TN", "TP"}),
        (True, "rebuild", set()),
        (False, "new", set()),
        (False, "expansion", set()),
    ],
)
def test_multiple_is_1_1_only_for_nutrients_of_new_strategic_industry(
    strategic: bool, construction: str, favoured: set[str]
) -> None:
    given_ = use("X", dict.fromkeys(ELEMENTS, 1000), strategic=strategic, construction=construction)
    drawn = {p: bank.needed(given_, p) for p in ELEMENTS}
    assert drawn == {p: 1100 if p in favoured else 2000 for p in ELEMENTS}


def test_multiple_is_exact_and_rounds_up() -> None:
    # in floats 1.1 × 10^15 is 1100000000000000.1 and 1.1 × 30 is 33.000000000000004
    given_ = use("X", {"TN": 30, "TP": 31}, strategic=True)
    assert (bank.needed(given_, "TN"), bank.needed(given_, "TP")) == (33, 35)


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        ({}, date(2024, 12, 31)),
        ({"permit_changed": date(2024, 5, 31)}, date(2024, 6, 30)),
        ({"permit_changed": date(2024, 12, 15)}, date(2025, 1, 15)),
        (
            {"permit_changed": date(2024, 1, 31), "completed": date(2024, 1, 10)},
            date(2024, 2, 29),
        ),
    ],
)
def test_deadline(changes: dict[str, date], last: date) -> None:
    assert bank.deadline(project("P", {"TN": 1}, **changes)) == last


GOOD = project("P", {"TN": 1})


def faults(day: date = DAY, **changes: object) -> list[str]:
    return [fault.column for fault in bank.eligible(project("P", {"TN": 1}, **changes), day)]


@pytest.mark.parametrize("kind", ["infrastructure", "closure"])
def test_plain_kinds_may_be_deposited(kind: str) -> None:
    assert faults(kind=kind) == []


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"kind": "gift"}, ["kind"]),
        ({"category": "forest"}, ["category"]),
        ({"implementer": "me"}, ["implementer"]),
        ({"listed": True}, ["listed"]),
        ({"listed": None}, ["listed"]),
        ({"approval": ""}, ["approval"]),
        ({"documents": PAPERS[1:]}, ["documents"]),
        ({"documents": ("proposal", "calculation", "eia", "acceptance")}, ["documents"]),
        ({"completed": date(2020, 12, 31)}, ["completed", "date"]),
        ({"completed": date(2023, 12, 31)}, ["date"]),
        ({"completed": date(2024, 6, 2)}, ["date"]),
        ({"permit_changed": date(2024, 4, 30), "completed": date(2024, 4, 1)}, ["date"]),
        ({"permit_changed": date(2024, 4, 30), "completed": date(2024, 4, 30)}, ["date"]),
        ({"permit_changed": date(2024, 6, 2)}, ["date"]),
        ({"completed": "2024-05-01"}, ["completed"]),
        ({"completed": datetime(2024, 5, 1), "effective": 2024}, ["completed", "effective"]),
        ({"state_share": "1.2", "government_money": True}, ["state_share"]),
        ({"state_share": 0.2, "government_money": True}, ["state_share"]),
        ({"state_share": "nan"}, ["state_share"]),
        ({"state_share": "0.2"}, ["government_money"]),
        ({"kind": "standard"}, ["effective"]),
        ({"kind": "standard", "effective": date(2024, 5, 1)}, ["completed"]),
        ({"kind": "standard", "effective": date(2024, 5, 2)}, []),
        ({"kind": "own_funded"}, ["voluntary", "compliant"]),
        ({"kind": "own_funded", "voluntary": True, "compliant": True}, []),
        ({"kind": "own_funded", "voluntary": True, "compliant": True, "government_money": True},
         ["government_money"]),
        ({"kind": "expansion"}, ["shown"]),
        ({"kind": "expansion", "shown": ("monitored", "counted")}, ["shown"]),
        ({"kind": "expansion", "shown": ("checked", "monitored", "counted")}, []),
    ],
)  # fmt: skip
def test_what_the_text_excludes_is_named(changes: dict[str, object], wrong: list[str]) -> None:
    assert faults(**changes) == wrong


def test_all_faults_come_at_once() -> None:
    found = faults(kind="own_funded", listed=True, approval="", day=date(2025, 1, 1))
    assert found == ["listed", "approval", "date", "voluntary", "compliant"]


def test_calendar_of_the_text() -> None:
    found = bank.calendar(2025)
    assert found["date"].tolist() == [
        date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31), date(2025, 6, 30),
        date(2025, 9, 30), date(2025, 12, 31),
    ]  # fmt: skip
    assert found["task"].tolist() == ["judgement", "allowable", *["reconciliation"] * 4]


def test_eight_pollutants_by_element() -> None:
    water = {"COD", "NH3-N", "TN", "TP"}
    assert {p for p, e in ELEMENTS.items() if e == "water"} == water
    assert {p for p, e in ELEMENTS.items() if e == "air"} == {"SO2", "NOx", "VOCs", "PM"}


def test_every_rule_has_its_evidence_and_its_clause() -> None:
    table = bank.rule_table()
    assert set(table["evidence"]) == {"pilot", "assumed"}
    assert table.loc[table["clause"] == "", "evidence"].eq("assumed").all()
    # what the text leaves open
    assert set(table.index[table["evidence"] == "assumed"]) == {
        "municipal_share_own", "priority", "strategic_pollutants", "categories",
        "own_needs_attainment", "commitment_rest", "breach_stops", "rooms",
    }  # fmt: skip
    assert table.loc["traded", "value"] == ("COD", "NH3-N", "TP", "SO2", "NOx")


def test_amended_rules_are_assumed_and_the_defaults_stay() -> None:
    rules = bank.amended({"city_share": "0.25"})
    assert (rules["city_share"].value, rules["city_share"].evidence) == ("0.25", "assumed")
    assert RULES["city_share"].value == "0.3"
    assert bank.split(100, project("P", {}), False, rules)["city"] == 25


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("nothing", "1"), ("early", "1"), ("city_share", 0.3), ("city_share", "1.2"),
        ("city_share", "half"), ("replacement", "0.9"), ("completion_years", -1),
        ("permit_months", 13), ("traded", (1,)), ("since", "2021"),
    ],
)  # fmt: skip
def test_wrong_rules_are_refused(rule: str, value: Any) -> None:
    with pytest.raises(DataError) as error:
        bank.amended({rule: value})
    assert [fault.row for fault in error.value.faults] == [rule]
