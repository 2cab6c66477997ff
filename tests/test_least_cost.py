"""Least cost: a textbook case, enumeration of every choice, prices, ties, what cannot be met."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import optimize

from permitload.allocation import (
    abatement_cost,
    allocate,
    annual_cost,
    capital_budget,
    capital_recovery,
    least_cost,
    present_value,
    with_groups,
)
from permitload.errors import ConvergenceError, DataError, InfeasibleError
from permitload.program import Program

CASES = Path(__file__).parent / "cases" / "allocation"
SEEDS = st.integers(0, 1_000_000)


def table(rows: list[Any], columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def park(
    response: Any, headroom: Any, load: Any, days: Any = None, **bounds: Any
) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    """Inputs by section, pollutant, period; every source at an outlet of its own."""
    response, headroom = np.asarray(response, dtype=float), np.asarray(headroom, dtype=float)
    load = np.asarray(load, dtype=float)
    section = [f"S{k}" for k in range(response.shape[0])]
    source = [f"E{k}" for k in range(load.shape[0])]
    rest = {
        "pollutant": [f"P{k}" for k in range(load.shape[1])],
        "period": [f"M{k}" for k in range(load.shape[2])],
    }
    gain = xr.DataArray(response, {"section": section, "outlet": source, **rest})
    room = xr.DataArray(
        headroom,
        {"section": section, "indicator": rest["pollutant"], "period": rest["period"]},
    )
    if days is not None:
        gain = gain.assign_coords(days=("period", days))
    arrays = {"source_load": load} | {k: np.broadcast_to(v, load.shape) for k, v in bounds.items()}
    dims = ("source", "pollutant", "period")
    sources = xr.Dataset({k: (dims, v) for k, v in arrays.items()}, {"source": source, **rest})
    return gain, room, sources.assign_coords(outlet=("source", source))


def three_plants() -> tuple[dict[str, Any], tuple[Any, ...]]:
    known: dict[str, Any] = json.loads((CASES / "abatement_milp.json").read_text("utf8"))
    inputs = known["inputs"]
    response = np.array(inputs["response"])[None, :, None, None]
    load = np.array(inputs["load_t_a"], dtype=float)[:, None, None]
    options = table(
        [
            (f"E{i}", f"option {k}", "P0", option["removal"], option["cost"])
            for i, several in enumerate(inputs["options"])
            for k, option in enumerate(several)
            if k
        ],
        "source option pollutant removal operating",
    )
    return known, (*park(response, [[[inputs["headroom"]]]], load), options)


def test_three_plants_with_three_options_each() -> None:
    known, (response, room, sources, options) = three_plants()
    right, near = known["expected"], {"rtol": 0, "atol": known["tolerance"]}
    found = least_cost(response, room, sources, options)
    np.testing.assert_allclose(found["total_cost"], right["cost"], **near)
    np.testing.assert_allclose(found["cost"].sum(), right["cost"], **near)
    assert found["option"].values.tolist() == ["option 1", "option 2", "as is"]
    removal = 1.0 - found["permitted_load"] / sources["source_load"]
    np.testing.assert_allclose(removal.values.ravel(), right["removal"], **near)
    there = (response.values[0, :, 0, 0] * found["permitted_load"].values.ravel()).sum()
    np.testing.assert_allclose(there, right["concentration_mgL"], **near)
    # Nothing moves once the options are fixed: room has no price. That of the relaxation has.
    assert found["cost_price"].values.item() == 0.0
    assert found["cost_price"].attrs["units"] == "(10^4 CNY/a)/(mg/L)"
    assert abs(found["total_cost"].item() - right["lp_relaxation_cost"]) > 1.0


def test_the_second_best_plan_and_the_relaxation() -> None:
    known, (response, room, sources, options) = three_plants()
    right, near = known["expected"], {"rtol": 0, "atol": known["tolerance"]}
    best = least_cost(response, room, sources, options)

    def another(program: Program) -> Program:
        chosen = [
            ("option", i, o)
            for i, o in zip(best["source"].values, best["option"].values, strict=True)
        ]
        return program.at_most("another", pd.Series(1.0, chosen), len(chosen) - 1.0)

    second = least_cost(response, room, sources, options, conditions=[another])
    np.testing.assert_allclose(second["total_cost"], right["second_best_cost"], **near)
    # The relaxation as a program of its own, half plants allowed.
    inputs = known["inputs"]
    removed, cost, rows = [], [], []
    for i, several in enumerate(inputs["options"]):
        removed += [o["removal"] * inputs["load_t_a"][i] * inputs["response"][i] for o in several]
        cost += [o["cost"] for o in several]
        rows.append(np.repeat(np.eye(3)[i], 1))
    one = np.kron(np.eye(3), np.ones(3))
    present = np.dot(inputs["load_t_a"], inputs["response"])
    relaxed = Program().columns(range(9), 0.0, 1.0).equal(["a", "b", "c"], one, 1.0)
    relaxed = relaxed.at_least("room", removed, present - inputs["headroom"])
    np.testing.assert_allclose(relaxed.minimise(cost).value, right["lp_relaxation_cost"], **near)
    assert relaxed.minimise(cost).shadow_price["room"] > 0


def towns(seed: int) -> tuple[Any, ...]:
    """Some sources, options for two pollutants at once, operating costs of any shape."""
    random = np.random.default_rng(seed)
    n, sections, pollutants, periods = (int(random.integers(1, k)) for k in (4, 3, 3, 3))
    load = random.choice([0.0, 10.0, 20.0, 35.0], (n, pollutants, periods))
    response = random.choice([0.0, 0.01, 0.02], (sections, n, pollutants, periods))
    there = np.einsum("sipt,ipt->spt", response, load)
    room = there * random.uniform(0.3, 1.1, there.shape)
    days = random.choice([31.0, 90.0, 244.0], periods)
    rows = [
        (f"E{i}", f"o{k}", f"P{p}", float(random.choice([0.0, 0.3, 0.5, 0.9])), cost)
        for i in range(n)
        for k in range(random.integers(0, 3))
        for cost in [float(random.choice([5.0, 5.0, 8.0, 20.0]))]
        for p in range(pollutants)
    ]
    pieces = [
        (
            f"E{i}",
            f"P{p}",
            k,
            float(random.choice([2.0, 5.0])),
            float(random.choice([1.0, 4.0, 9.0])),
        )
        for i in range(n)
        for p in range(pollutants)
        for k in range(random.integers(0, 4))
    ]
    options = table(rows, "source option pollutant removal operating")
    reductions = table(pieces, "source pollutant increment reduction marginal_cost")
    ceiling = np.where(random.random(load.shape) < 0.2, 0.6 * load, np.inf)
    floor = np.where(random.random(load.shape) < 0.2, 0.2 * load, 0.0)
    given = park(response, room, load, days, ceiling=ceiling, floor=floor)
    return (*given, options, reductions)


def curve(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """Corners (reduction, cost per t times kg/d) of a cost curve."""
    corners = [(0.0, 0.0)]
    for row in rows.sort_values("increment").itertuples():
        last = corners[-1]
        corners.append((last[0] + row.reduction, last[1] + row.reduction * row.marginal_cost))
    return corners


def enumerated(response: Any, room: Any, sources: Any, options: Any, reductions: Any) -> float:
    """Every choice of options and of cost pieces, a small linear program for each (scipy)."""
    load, gain = sources["source_load"].values, response.values
    floor, ceiling = sources["floor"].values, sources["ceiling"].values
    share = response["days"].values * 365.0 / response["days"].values.sum() / 1000.0
    n, pollutants = load.shape[:2]
    choices = []
    for i in range(n):
        mine = [(np.zeros(pollutants), 0.0)]
        for _, rows in options[options.source == f"E{i}"].groupby("option"):
            by = rows.set_index("pollutant").removal
            removal = np.array([by[f"P{p}"] for p in range(pollutants)])
            mine.append((removal, rows.operating.iloc[0]))
        choices.append(mine)
    cells, curves = list(np.ndindex(*load.shape)), []
    for i, p, _ in cells:
        mine = reductions[(reductions.source == f"E{i}") & (reductions.pollutant == f"P{p}")]
        corners = curve(mine)
        curves.append(list(itertools.pairwise(corners)) or [((0.0, 0.0), (0.0, 0.0))])
    limit = np.maximum(room.values, 0.0).ravel()
    effect = np.array([[gain[s, i, p, t] * (q == p and u == t) for i, p, t in cells]
                       for s, q, u in np.ndindex(*room.shape)])  # fmt: skip
    best = math.inf
    for plan in itertools.product(*choices):
        fixed = sum(cost for _, cost in plan)
        left = np.array([load[c] * (1 - plan[c[0]][0][c[1]]) for c in cells])
        for pieces in itertools.product(*curves):
            low, high = (np.array([piece[k][0] for piece in pieces]) for k in (0, 1))
            slope = np.array([
                (b[1] - a[1]) / (b[0] - a[0]) if b[0] > a[0] else 0.0 for a, b in pieces
            ]) * share[[c[2] for c in cells]]  # fmt: skip
            base = sum(
                a[1] * share[c[2]] - s * a[0]
                for (a, _), c, s in zip(pieces, cells, slope, strict=True)
            )
            if fixed + base + slope @ low >= best:
                continue
            # Unknowns: discharges x >= left - r, then r.
            m = len(cells)
            upper = np.vstack(
                [
                    np.hstack([effect, np.zeros((len(effect), m))]),
                    np.hstack([-np.eye(m), -np.eye(m)]),
                ]
            )
            bounds = [
                *zip(floor.ravel(), ceiling.ravel(), strict=True),
                *zip(low, high, strict=True),
            ]
            found = optimize.linprog(
                np.append(np.zeros(m), slope), upper, np.append(limit, -left), bounds=bounds
            )
            if found.success:
                best = min(best, fixed + base + found.fun)
    return best


@given(SEEDS)
@example(158)  # a cheap piece after two of equal cost: both must be full
@settings(max_examples=60, deadline=None)
def test_least_cost_is_that_of_the_best_of_all_choices(seed: int) -> None:
    given_ = towns(seed)
    response, room, sources, options, reductions = given_
    if np.prod([len(curve(rows)) for _, rows in reductions.groupby(["source", "pollutant"])]) > 30:
        return
    right = enumerated(*given_)
    if right == math.inf:
        with pytest.raises(InfeasibleError) as error:
            least_cost(*given_)
        assert (error.value.relaxation["missing"] > 0).all()
        return
    found = least_cost(*given_)
    assert found["total_cost"].item() == pytest.approx(right, rel=1e-8, abs=1e-8)
    loads = found["permitted_load"]
    there = np.einsum("sipt,ipt->spt", response.values, loads.values)
    assert (there <= np.maximum(room.values, 0.0) * (1 + 1e-9) + 1e-12).all()
    assert (loads <= sources["ceiling"] * (1 + 1e-9)).all()
    assert (loads >= sources["floor"] * (1 - 1e-9)).all()
    # Another way to the same figure: each source alone, for the permits it got.
    alone = abatement_cost(sources, options, loads, reductions)
    assert alone["total_cost"].item() == pytest.approx(right, rel=1e-7, abs=1e-7)
    np.testing.assert_allclose(alone["cost"], found["cost"], rtol=1e-7, atol=1e-7)


@given(SEEDS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_no_order_moves_the_plan(seed: int, random: Any) -> None:
    response, room, sources, options, reductions = towns(seed)
    order = list(range(sources.sizes["source"]))
    random.shuffle(order)
    sections = list(range(response.sizes["section"]))
    random.shuffle(sections)
    other = (
        response[sections][:, order[::-1]],
        room[sections],
        sources.isel(source=order),
        options.sample(frac=1.0, random_state=seed),
        reductions.sample(frac=1.0, random_state=seed),
    )
    try:
        ours = least_cost(response, room, sources, options, reductions)
    except InfeasibleError as error:
        with pytest.raises(InfeasibleError) as again:
            least_cost(*other)
        assert error.relaxation is not None
        ours_, theirs_ = (
            table.set_index("row")["missing"]
            for table in (error.relaxation, again.value.relaxation)
        )
        assert ours_.index.sort_values().equals(theirs_.index.sort_values())
        return
    theirs = least_cost(*other).reindex_like(ours)
    assert ours["option"].equals(theirs["option"])
    for name in ("permitted_load", "cost", "reduction", "cost_price"):
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-8, atol=1e-9)


def test_equal_sources_share_a_reduction_evenly() -> None:
    # Two alike, at the same marginal cost: neither is favoured by its name.
    response, room, sources = park(np.full((1, 2, 1, 1), 0.01), [[[0.9]]], [[[50.0]], [[50.0]]])
    pieces = table(
        [("E0", "P0", 1, 20.0, 3.0), ("E1", "P0", 1, 20.0, 3.0)],
        "source pollutant increment reduction marginal_cost",
    )
    none = table([], "source option pollutant removal")
    found = least_cost(response, room, sources, none, pieces)
    np.testing.assert_allclose(found["reduction"].values.ravel(), [5.0, 5.0], rtol=1e-12)
    # 10 kg/d for a year are 3.65 t, at 3 each; 1 mg/L is 100 kg/d, 36.5 t/a, 109.5.
    np.testing.assert_allclose(found["total_cost"], 10.95, rtol=1e-12)
    np.testing.assert_allclose(found["cost_price"].values.item(), 109.5, rtol=1e-12)


def test_ties_of_options_go_to_fewest_changes() -> None:
    # Two small plants or one large one for the same money.
    response, room, sources = park(
        np.full((1, 3, 1, 1), 0.01), [[[0.8]]], [[[40.0]], [[40.0]], [[40.0]]]
    )
    options = table(
        [
            ("E0", "half", "P0", 0.5, 10.0),
            ("E1", "half", "P0", 0.5, 10.0),
            ("E2", "whole", "P0", 1.0, 20.0),
        ],
        "source option pollutant removal operating",
    )
    found = least_cost(response, room, sources, options)
    assert found["option"].values.tolist() == ["as is", "as is", "whole"]
    assert found["total_cost"].item() == 20.0


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_prices_are_what_room_saves_once_the_options_stand(seed: int) -> None:
    response, room, sources, options, reductions = towns(seed)
    convex = reductions.sort_values("marginal_cost").assign(
        increment=lambda t: t.groupby(["source", "pollutant"]).cumcount()
    )
    try:
        found = least_cost(response, room, sources, options, convex)
    except InfeasibleError:
        return
    chosen = dict(zip(found["source"].values, found["option"].values, strict=True))
    kept = options[options.source.map(chosen) == options.option]

    def stays(program: Program) -> Program:
        labels = [("option", i, o) for i, o in chosen.items()]
        return program.at_least("stays", pd.Series(1.0, labels), len(labels))

    for place in np.ndindex(*room.shape):
        if room.values[place] <= 0:
            continue
        more = room.copy()
        more.values[place] += 1e-6
        again = least_cost(response, more, sources, kept, convex, [stays])
        saved = (found["total_cost"] - again["total_cost"]).item() / 1e-6
        assert found["cost_price"].values[place] == pytest.approx(saved, rel=1e-5, abs=1e-2)


def test_rising_costs_are_taken_in_the_order_of_merit() -> None:
    response, room, sources = park(np.full((1, 2, 1, 1), 0.01), [[[0.6]]], [[[50.0]], [[50.0]]])
    pieces = table(
        [("E0", "P0", 1, 10.0, 2.0), ("E0", "P0", 2, 30.0, 6.0), ("E1", "P0", 1, 20.0, 4.0),
         ("E1", "P0", 2, 20.0, 8.0)],
        "source pollutant increment reduction marginal_cost",
    )  # fmt: skip
    none = table([], "source option pollutant removal")
    found = least_cost(response, room, sources, none, pieces)
    # 40 kg/d: 10 at 2, 20 at 4, 10 at 6.
    np.testing.assert_allclose(found["reduction"].values.ravel(), [20.0, 20.0], rtol=1e-12)
    np.testing.assert_allclose(found["total_cost"], (20 + 80 + 60) * 0.365, rtol=1e-12)
    np.testing.assert_allclose(found["cost_price"].values.item(), 600 * 0.365, rtol=1e-12)


def test_economies_of_scale_are_not_taken_in_part() -> None:
    # The first 10 kg/d cost 9 a tonne, the next 20 only 1: cheap ones come after dear ones.
    response, room, sources = park(np.full((1, 2, 1, 1), 0.01), [[[0.85]]], [[[50.0]], [[50.0]]])
    pieces = table(
        [("E0", "P0", 1, 10.0, 9.0), ("E0", "P0", 2, 20.0, 1.0), ("E1", "P0", 1, 40.0, 6.5)],
        "source pollutant increment reduction marginal_cost",
    )
    none = table([], "source option pollutant removal")
    found = least_cost(response, room, sources, none, pieces)
    # 15 kg/d: at E0 90 + 5 = 95, at E1 97.5; a convexified curve would say 15 * 110 / 30 = 55.
    np.testing.assert_allclose(found["reduction"].values.ravel(), [15.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found["total_cost"], 95 * 0.365, rtol=1e-9)
    assert abs(found["total_cost"].item() - 55 * 0.365) > 1.0
    small = least_cost(response, room + 0.02, sources, none, pieces)
    # 13 kg/d: 90 + 3 = 93 against 84.5.
    np.testing.assert_allclose(small["reduction"].values.ravel(), [0.0, 13.0], atol=1e-9)


def test_one_option_treats_all_pollutants_and_periods_weigh_by_their_days() -> None:
    response, room, sources = park(
        np.full((1, 1, 2, 2), 0.01),
        np.full((1, 2, 2), 0.3),
        np.full((1, 2, 2), 50.0),
        [90.0, 275.0],
    )
    options = table(
        [
            ("E0", "one", "P0", 0.5, 30.0),
            ("E0", "both", "P0", 0.4, 40.0),
            ("E0", "both", "P1", 0.4, 40.0),
        ],
        "source option pollutant removal operating",
    )
    with pytest.raises(InfeasibleError, match="section, S0, P1"):
        least_cost(response, room, sources, options[options.option == "one"])
    assert least_cost(response, room, sources, options)["option"].item() == "both"
    pieces = table(
        [("E0", "P1", 1, 50.0, 2.0)], "source pollutant increment reduction marginal_cost"
    )
    summer = room.copy()
    summer[:, 1, 0] = 9.0  # P1 is short of room in the long period only: 20 kg/d for 275 d
    found = least_cost(response, summer, sources, options, pieces)
    assert found["option"].item() == "both"
    cheap = options.assign(operating=[20.0, 40.0, 40.0])
    found = least_cost(response, summer, sources, cheap, pieces)
    assert found["option"].item() == "one"
    np.testing.assert_allclose(found["total_cost"], 20.0 + 2.0 * 20.0 * 275.0 / 1000.0, rtol=1e-12)


def test_capital_is_recovered_over_a_lifetime() -> None:
    # Printed in tables of compound interest: A/P at 8 %, 20 years, and at 5 %, 10 years.
    assert capital_recovery(0.08, 20.0) == pytest.approx(0.10185, abs=5e-6)
    assert capital_recovery(0.05, 10.0) == pytest.approx(0.12950, abs=5e-6)
    assert capital_recovery(0.0, 16.0) == 1 / 16
    assert capital_recovery(1e-13, 16.0) == pytest.approx(1 / 16, rel=1e-11)
    flows = sum(7.5 / 1.06**k for k in range(1, 26))
    assert present_value(7.5, 0.06, 25.0) == pytest.approx(flows, rel=1e-13)
    both = capital_recovery(np.array([0.0, 0.08]), np.array([20.0, 20.0]))
    np.testing.assert_allclose(both, [0.05, 0.101852], atol=5e-7)
    balance = 300.0
    for _ in range(12):
        balance = balance * 1.04 - annual_cost(300.0, 0.0, 0.04, 12.0)
    assert balance == pytest.approx(0.0, abs=1e-9)
    for wrong in ((-0.01, 20.0), (0.05, 0.0), (math.nan, 3.0), (0.05, math.inf)):
        with pytest.raises(DataError, match="right would be interest"):
            capital_recovery(*wrong)


def test_capital_and_its_budget() -> None:
    response, room, sources = park(np.full((1, 2, 1, 1), 0.01), [[[0.7]]], [[[50.0]], [[50.0]]])
    options = table(
        [
            ("E0", "large", "P0", 0.6, 100.0, 1.0, 20.0, 0.0),
            ("E1", "run", "P0", 0.6, 0.0, 9.0, None, None),
        ],
        "source option pollutant removal capital operating lifetime interest",
    )
    free = least_cost(response, room, sources, options)
    assert free["option"].values.tolist() == ["large", "as is"]
    assert free["total_cost"].item() == 6.0
    short = least_cost(response, room, sources, options, conditions=[capital_budget(options, 99.0)])
    assert short["option"].values.tolist() == ["as is", "run"]
    assert abatement_cost(sources, options, short["permitted_load"])["total_cost"] == 9.0
    with pytest.raises(InfeasibleError, match="budget") as error:
        least_cost(
            response, room - 0.3, sources, options, conditions=[capital_budget(options, 99.0)]
        )
    # The budget may give way by 1 of 100, or the section by 0.3 of 0.7: the budget does.
    assert error.value.relaxation["row"].tolist() == ["budget"]
    np.testing.assert_allclose(error.value.relaxation["missing"], 1.0)
    with pytest.raises(DataError, match="budget is -1"):
        capital_budget(options, -1.0)


def test_floors_are_permitted_and_ceilings_named() -> None:
    response, room, sources = park([[[[0.01]]]], [[[0.5]]], [[[30.0]]], floor=45.0)
    none = table([], "source option pollutant removal")
    found = least_cost(response, room, sources, none)
    assert found["permitted_load"].item() == 45.0
    assert found["option"].item() == "as is"
    with pytest.raises(InfeasibleError, match=r"section, S0, P0, M0: 0\.05 mg/L") as error:
        least_cost(response, room - 0.1, sources, none)
    assert error.value.relaxation["unit"].tolist() == ["mg/L"]
    tight = sources.assign(ceiling=sources["source_load"] * 0 + 20.0, floor=sources["floor"] * 0)
    with pytest.raises(InfeasibleError, match="ceiling, E0, P0, M0: 10 kg/d"):
        least_cost(response, room, tight, none)
    with pytest.raises(InfeasibleError, match="E0, P0, M0: 10 kg/d too much") as error:
        abatement_cost(sources, none, sources["source_load"] - 10.0)
    assert error.value.relaxation["missing"].tolist() == [10.0]


def test_what_reaches_a_section_without_headroom_must_stop() -> None:
    response, room, sources = park(
        [[[[0.01]], [[0.0]]], [[[0.0]], [[0.01]]]], [[[-0.1]], [[0.9]]], [[[50.0]], [[50.0]]]
    )
    options = table([("E0", "close", "P0", 1.0, 70.0)], "source option pollutant removal operating")
    found = least_cost(response, room, sources, options)
    assert found["permitted_load"].values.ravel().tolist() == [0.0, 50.0]
    assert found["cost_price"].values.ravel().tolist() == [0.0, 0.0]
    permits = allocate(response, room, sources.assign(ceiling=sources["source_load"]))
    assert permits["permitted_load"].values.ravel().tolist() == [0.0, 50.0]


def test_a_group_that_shares_a_total_is_a_rule() -> None:
    response, room, sources = park(np.full((1, 2, 1, 1), 0.001), [[[1.0]]], [[[50.0]], [[50.0]]])
    options = table([("E1", "half", "P0", 0.5, 8.0)], "source option pollutant removal operating")
    assert least_cost(response, room, sources, options)["total_cost"] == 0.0

    def total(program: Program) -> Program:
        both = pd.Series(1.0, [("load", name, "P0", "M0") for name in ("E0", "E1")])
        return program.at_most("park", both, 80.0, "kg/d")

    found = least_cost(response, room, sources, options, conditions=[total])
    assert found["permitted_load"].values.ravel().tolist() == [50.0, 25.0]


def test_groups_limit_a_period_and_the_year() -> None:
    load = np.full((2, 1, 2), 50.0)
    response, room, sources = park(
        np.full((1, 2, 1, 2), 0.001), np.ones((1, 1, 2)), load, [65.0, 300.0]
    )
    options = table(
        [("E0", "half", "P0", 0.5, 8.0), ("E1", "half", "P0", 0.5, 7.0)],
        "source option pollutant removal operating",
    )
    both = table([("park", "E0"), ("park", "E1")], "group source")

    def limited(group_limit: float, annual_total: float, period: str) -> xr.Dataset:
        row = ("park", "P0", period, group_limit, annual_total)
        limits = table([row], "group pollutant period group_limit annual_total")
        return with_groups(sources, both, limits)

    # 100 kg/d for a year are 36.5 t, with E1 halved 27.375 t, with both 18.25 t.
    for period, group_limit, annual_total, cost in (
        ("", 100.0, np.nan, 0.0),
        ("M1", 99.0, np.nan, 7.0),
        ("", np.nan, 36.5, 0.0),
        ("", np.nan, 27.375, 7.0),
        ("", np.nan, 27.0, 15.0),
    ):
        found = least_cost(response, room, limited(group_limit, annual_total, period), options)
        assert found["total_cost"].item() == cost
    order = limited(np.nan, 27.375, "").isel(source=[1, 0])
    assert least_cost(response, room, order, options)["option"].values.tolist() == ["half", "as is"]
    with pytest.raises(InfeasibleError, match=r"year, park, P0: 0\.25 t/a"):
        least_cost(response, room, limited(np.nan, 18.0, ""), options)
    with pytest.raises(InfeasibleError, match="group, park, P0, M0: 10 kg/d"):
        least_cost(response, room, limited(40.0, np.nan, "M0"), options)


RESPONSE, ROOM, SOURCES = park([[[[0.01]]]], [[[0.5]]], [[[30.0]]])
OPTIONS = table([("E0", "half", "P0", 0.5, 8.0)], "source option pollutant removal operating")
PIECES = table([("E0", "P0", 1, 5.0, 2.0)], "source pollutant increment reduction marginal_cost")


@pytest.mark.parametrize(
    ("options", "pieces", "words"),
    [
        (OPTIONS.assign(source="E9"), None, "source: E9 is not decided here"),
        (OPTIONS.assign(pollutant="TN"), None, "pollutant: TN is not decided here"),
        (OPTIONS.assign(removal=1.2), None, "E0, half, P0, removal: 1.2 is out of range"),
        (OPTIONS.assign(removal=np.nan), None, "removal: nan is out of range"),
        (OPTIONS.assign(operating=np.inf), None, "operating: inf is no number"),
        (OPTIONS.assign(capital=-1.0), None, "capital: -1.0 is out of range"),
        (OPTIONS.assign(capital=9.0), None, "lifetime: and interest are needed with capital"),
        (OPTIONS.drop(columns="removal"), None, "removal: is missing"),
        (pd.concat([OPTIONS, OPTIONS]), None, "E0, half, P0, pollutant: is there twice"),
        (OPTIONS, PIECES.assign(reduction=-1.0), "reduction: -1.0 is out of range"),
        (OPTIONS, PIECES.assign(marginal_cost=np.nan), "marginal_cost: nan is out of range"),
        (OPTIONS, PIECES.assign(source="E9"), "source: E9 is not decided here"),
        (OPTIONS, pd.concat([PIECES, PIECES]), "increment: is there twice"),
    ],
)
def test_faults_of_the_tables_are_named(options: Any, pieces: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        least_cost(RESPONSE, ROOM, SOURCES, options, pieces)
    with pytest.raises(DataError, match=words):
        abatement_cost(SOURCES, options, SOURCES["source_load"], pieces)


def test_costs_of_one_option_must_agree() -> None:
    response, room, sources = park(
        np.full((1, 1, 2, 1), 0.01), np.full((1, 2, 1), 0.5), np.full((1, 2, 1), 30.0)
    )
    options = table(
        [("E0", "half", "P0", 0.5, 8.0), ("E0", "half", "P1", 0.5, 9.0)],
        "source option pollutant removal operating",
    )
    with pytest.raises(DataError, match="E0, half, capital: differs by row"):
        least_cost(response, room, sources, options)


def test_faults_of_the_sources_are_named() -> None:
    lost = SOURCES.assign_coords(outlet=("source", ["O9"]))
    with pytest.raises(DataError, match="E0, outlet: O9 has no response"):
        least_cost(RESPONSE, ROOM, lost, OPTIONS)
    with pytest.raises(DataError, match="no source_load"):
        least_cost(RESPONSE, ROOM, SOURCES.drop_vars("source_load"), OPTIONS)
    with pytest.raises(DataError, match="source_load: nan is no load"):
        least_cost(RESPONSE, ROOM, SOURCES * np.nan, OPTIONS)
    with pytest.raises(DataError, match="days are"):
        timeless = RESPONSE.assign_coords(days=("period", [0.0]))
        least_cost(timeless, ROOM, SOURCES, OPTIONS)


def test_a_time_limit_is_a_condition() -> None:
    _, (response, room, sources, options) = three_plants()
    free = least_cost(response, room, sources, options)
    timed = least_cost(response, room, sources, options, None, [lambda one: one.within(60.0)])
    xr.testing.assert_identical(free, timed)
    # Two dozen plants that differ by little: no plan is proved in no time, so none is returned.
    random = np.random.default_rng(7)
    load = random.uniform(10.0, 100.0, (24, 1, 3))
    gain = random.uniform(0.0, 0.02, (4, 24, 1, 3))
    most = 0.5 * np.einsum("sipt,ipt->spt", gain, load)
    removal = random.uniform(0.3, 0.9, 24)
    rows = [(f"E{k}", "filter", "P0", r, r * load[k].mean()) for k, r in enumerate(removal)]
    choices = table(rows, "source option pollutant removal operating")
    with pytest.raises(ConvergenceError, match="no optimum is proved within 1e-06 s"):
        least_cost(*park(gain, most, load), choices, None, [lambda one: one.within(1e-6)])
