"""Shapley value: the airport game two ways, axioms, the core, what is refused."""

import itertools
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload.errors import DataError
from permitload.fairness import cost_objections, gain_objections, shapley
from permitload.program import Program

CASES = Path(__file__).parent / "cases" / "allocation"
Game = Callable[[frozenset[Any]], float]


def airport(cost: dict[Any, float]) -> Game:
    return lambda members: max(cost[player] for player in members)


def closed_form(cost: dict[Any, float]) -> dict[Any, Fraction]:
    """Each further stretch of the line is paid in equal parts by those who need it."""
    order = sorted(cost, key=lambda player: cost[player])
    paid, share, before = {}, Fraction(0), Fraction(0)
    for k, player in enumerate(order):
        share += (Fraction(cost[player]) - before) / (len(order) - k)
        before = Fraction(cost[player])
        paid[player] = share
    return paid


def test_airport_case() -> None:
    known = json.loads((CASES / "shapley_airport.json").read_text("utf8"))
    right, near = known["expected"], {"rel": 0, "abs": known["tolerance"]}
    game = airport(dict(enumerate(known["inputs"]["standalone_cost"])))
    share = shapley(range(3), game)
    assert share.tolist() == pytest.approx(right["shapley"], **near)
    assert share.sum() == pytest.approx(right["sum"], **near)
    assert cost_objections(share, game).empty


@pytest.mark.parametrize("estate", [100, 200, 300, 400])
def test_random_arrival_is_the_value_of_what_the_others_leave(estate: int) -> None:
    known = json.loads((CASES / "bankruptcy_talmud.json").read_text("utf8"))
    claims = dict(enumerate(known["inputs"]["claims"]))

    def left(joined: frozenset[Any]) -> float:
        """What remains of the estate when all outside have taken their claims."""
        return float(max(0, estate - sum(c for k, c in claims.items() if k not in joined)))

    share, right = shapley(claims, left), known["expected"][str(estate)]["random_arrival"]
    assert share.tolist() == pytest.approx(right, rel=0, abs=known["tolerance"])
    # By its name: each in turn takes the claim, or what is left; the mean over all orders.
    taken = np.zeros(3)
    for order in itertools.permutations(claims):
        rest = float(estate)
        for k in order:
            taken[k] += min(rest, claims[k]) / 6
            rest -= min(rest, claims[k])
    assert taken.tolist() == pytest.approx(right, rel=0, abs=known["tolerance"])


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=7))
@settings(deadline=None)
def test_airport_by_its_closed_form(costs: list[int]) -> None:
    cost = {f"E{i}": float(c) for i, c in enumerate(costs)}
    share = shapley(cost, airport(cost))
    right = {player: float(amount) for player, amount in closed_form(cost).items()}
    assert share.to_dict() == pytest.approx(right, rel=1e-12)
    assert cost_objections(share, airport(cost)).empty  # concave: always in the core


def by_orders(players: list[str], game: Game) -> dict[str, float]:
    """Mean of what each adds, over every order of joining."""
    added = dict.fromkeys(players, 0.0)
    orders = list(itertools.permutations(players))
    for order in orders:
        before = 0.0
        for k, player in enumerate(order):
            now = game(frozenset(order[: k + 1]))
            added[player] += (now - before) / len(orders)
            before = now
    return added


Games = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.integers(-50, 50), min_size=2**n - 1, max_size=2**n - 1)
)


def game_of(worth: list[int]) -> tuple[list[str], Game]:
    players = [f"E{i}" for i in range((len(worth) + 1).bit_length() - 1)]
    return players, lambda members: float(worth[sum(1 << players.index(p) for p in members) - 1])


@given(Games)
@settings(max_examples=60, deadline=None)
def test_any_game_agrees_with_all_orders_of_joining(worth: list[int]) -> None:
    players, game = game_of(worth)
    share = shapley(players, game)
    assert share.to_dict() == pytest.approx(by_orders(players, game), abs=1e-10)
    assert share.sum() == pytest.approx(worth[-1], abs=1e-10)


@given(Games, st.randoms())
@settings(deadline=None)
def test_order_of_players_moves_no_digit(worth: list[int], random: Any) -> None:
    players, game = game_of(worth)
    moved = list(players)
    random.shuffle(moved)
    assert shapley(moved, game)[players].tolist() == shapley(players, game).tolist()


def test_who_adds_nothing_pays_nothing_and_equals_pay_the_same() -> None:
    cost = {"E1": 4.0, "E2": 4.0, "idle": 0.0}
    share = shapley(cost, airport(cost))
    assert share.to_dict() == pytest.approx({"E1": 2.0, "E2": 2.0, "idle": 0.0}, abs=1e-15)


def test_value_is_asked_once_for_each_coalition_and_never_for_none() -> None:
    asked = []

    def value(members: frozenset[Any]) -> float:
        asked.append(members)
        return 1.0

    shapley(range(12), value)
    assert len(asked) == len(set(asked)) == 2**12 - 1
    assert frozenset() not in asked


def test_gain_of_joint_abatement_by_linear_programs() -> None:
    """Cheapest cut of 30 t by each coalition: together the cheap one cuts for the others."""
    price, owed = pd.Series({"E1": 1.0, "E2": 4.0, "E3": 5.0}), 10.0

    def gain(members: frozenset[Any]) -> float:
        who = sorted(members)
        program = (
            Program().columns(who, 0.0, 25.0).at_least("cut", [1.0] * len(who), 10.0 * len(who))
        )
        return float(owed * price[who].sum() - program.minimise(price[who]).value)

    share = shapley(price.index, gain)
    # by hand: v(12)=30, v(13)=40, v(23)=10, v(123)=100-(25+4·5)=55, singles 0
    assert share.to_dict() == pytest.approx({"E1": 80 / 3, "E2": 35 / 3, "E3": 50 / 3})
    assert gain_objections(share, gain).empty


def test_core_names_who_objects_and_by_how_much() -> None:
    # One pair is dear: alone 3 each, any two 3, all three 6.
    cost = {1: 3.0, 2: 3.0, 3: 6.0}

    def game(members: frozenset[Any]) -> float:
        return cost[len(members)]

    share = shapley(["a", "b", "c"], game)
    assert share.tolist() == pytest.approx([2.0, 2.0, 2.0])
    found = cost_objections(share, game)
    assert {frozenset(pair) for pair in ("ab", "ac", "bc")} == set(found["coalition"])
    assert found["alone"].tolist() == pytest.approx([3.0] * 3)
    assert found["together"].tolist() == pytest.approx([4.0] * 3)
    assert found["excess"].tolist() == pytest.approx([1.0] * 3)
    # The same numbers as gains: each pair has more together than alone.
    assert gain_objections(share, game)["coalition"].tolist() == [
        frozenset({player}) for player in "abc"
    ]


def test_objections_are_sorted_and_need_all_to_be_paid() -> None:
    cost = {"E1": 1.0, "E2": 2.0, "E3": 4.0}
    split = pd.Series({"E1": 1.5, "E2": 2.2, "E3": 0.3})
    found = cost_objections(split, airport(cost))
    assert found["coalition"].tolist()[0] == frozenset({"E1", "E2"})
    assert found["excess"].tolist() == pytest.approx([1.7, 0.5, 0.2])
    with pytest.raises(DataError, match=r"add up to 3\.9; right would be the 4 of all"):
        cost_objections(split - [0.1, 0.0, 0.0], airport(cost))
    with pytest.raises(DataError, match="E1, share: nan is not a number"):
        cost_objections(split * np.nan, airport(cost))


def test_players_and_values_that_are_refused() -> None:
    def one(members: frozenset[Any]) -> float:
        return 1.0

    with pytest.raises(DataError, match="13 players; right would be 1 to 12: group enterprises"):
        shapley(range(13), one)
    with pytest.raises(DataError, match="0 players"):
        shapley([], one)
    with pytest.raises(DataError, match="E1, player: is there twice"):
        shapley(["E1", "E1"], one)
    with pytest.raises(DataError, match="row E1, E2, value: nan is no finite number"):
        shapley(["E1", "E2"], lambda members: np.nan if len(members) == 2 else 1.0)
