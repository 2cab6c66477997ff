"""Reduction potentials, the trees and options they become, and the plan of measures."""

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from permitload import allocation, technology
from permitload.errors import DataError, InfeasibleError

Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]

LOADS = pd.DataFrame(
    {
        "source": ["A", "A", "B", "B", "F", "F"],
        "pollutant": "TN",
        "period": ["dry", "wet"] * 3,
        "source_load": [600.0, 500.0, 100.0, 100.0, 200.0, 300.0],
    }
)
TRAINS = pd.DataFrame(
    {
        "source": ["A", "A", "B"],
        "train": ["MBR", "AO", "MBR"],
        "pollutant": "TN",
        "achievable": [50.0, 60.0, 50.0],
        "wastewater_flow": [0.1, 0.1, 0.05],
        "capital": [200.0, 0.0, 90.0],
        "operating": [15.0, 7.0, 3.0],
        "lifetime": [20.0, None, 20.0],
        "interest": [0.05, None, 0.05],
    }
)
PRACTICE = pd.DataFrame(
    {"source": ["F"], "train": ["eco-ditch"], "pollutant": "TN", "removal": [0.4],
     "generated_load": [300.0]}
)  # fmt: skip


def potentials() -> pd.DataFrame:
    works = technology.train_potential(LOADS, TRAINS)
    land = technology.train_potential(LOADS, PRACTICE, technology.by_removal)
    return pd.concat([works, land], ignore_index=True)


def test_potential_is_present_less_achievable_by_a_named_rule() -> None:
    found = potentials().set_index(["source", "train", "period"])
    # by hand: 0.1 m3/s × 50 mg/L = 432 kg/d, × 60 = 518.4; 300 kg/d × 0.6 = 180
    expected = {
        ("A", "MBR", "dry"): 168.0, ("A", "MBR", "wet"): 68.0, ("A", "AO", "dry"): 81.6,
        ("A", "AO", "wet"): 0.0, ("B", "MBR", "dry"): 0.0, ("B", "MBR", "wet"): 0.0,
        ("F", "eco-ditch", "dry"): 20.0, ("F", "eco-ditch", "wet"): 120.0,
    }  # fmt: skip
    assert found["potential"].to_dict() == pytest.approx(expected, abs=1e-9)
    assert found["potential_share"]["A", "MBR", "dry"] == pytest.approx(0.28)
    assert found["rule"].tolist() == ["by_concentration"] * 6 + ["by_removal"] * 2
    assert found["achievable_load"]["B", "MBR", "dry"] == pytest.approx(216.0)  # not clipped


def test_potential_of_sources_classes_and_control_units() -> None:
    best = technology.reduction_potential(LOADS, potentials())
    assert best.set_index(["source", "period"])["train"].to_dict() == {
        ("A", "dry"): "MBR", ("A", "wet"): "MBR", ("B", "dry"): "MBR", ("B", "wet"): "MBR",
        ("F", "dry"): "eco-ditch", ("F", "wet"): "eco-ditch",
    }  # fmt: skip
    classes = pd.DataFrame({"group": ["industry", "industry", "farm"], "source": ["A", "B", "F"]})
    units = pd.DataFrame({"group": ["U1", "U2", "U2"], "source": ["A", "B", "F"]})
    by_class = technology.potential_by(best, classes).set_index(["group", "period"])
    by_unit = technology.potential_by(best, units).set_index(["group", "period"])
    assert by_class["potential"].to_dict() == pytest.approx(
        {("industry", "dry"): 168.0, ("industry", "wet"): 68.0, ("farm", "dry"): 20.0,
         ("farm", "wet"): 120.0}
    )  # fmt: skip
    assert by_unit["potential_share"]["U2", "wet"] == pytest.approx(120.0 / 400.0)
    # what B does better than its train does not hide what A can do
    assert by_class["achievable_load"]["industry", "dry"] == pytest.approx(700.0 - 168.0)
    for table in (by_class, by_unit):
        assert table["potential"].sum() == pytest.approx(best["potential"].sum())
    bare = technology.reduction_potential(LOADS, potentials().query("source != 'F'"))
    farm = technology.potential_by(bare, classes).query("group == 'farm'")
    assert farm[["source_load", "potential"]].to_numpy().tolist() == [[200.0, 0.0], [300.0, 0.0]]
    assert (
        bare.query("source == 'F'")[["train", "rule"]].to_numpy().tolist()
        == [["", "no candidate"]] * 2
    )
    with pytest.raises(DataError, match="A, TN, dry, source: has no load"):
        technology.reduction_potential(LOADS.iloc[1:], potentials())
    with pytest.raises(DataError, match="row F, group: is missing"):
        technology.potential_by(best, classes.iloc[:2])


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 1e4), st.floats(0.0, 10.0), st.floats(0.0, 500.0), st.floats(0.0, 500.0))
def test_potential_is_never_negative_and_falls_with_the_effluent(
    present: float, flow: float, low: float, more: float
) -> None:
    loads = pd.DataFrame({"source": ["A"], "pollutant": "TN", "source_load": present})
    each = pd.DataFrame({"source": "A", "train": ["T1", "T2"], "pollutant": "TN",
                         "achievable": [low, low + more], "wastewater_flow": flow})  # fmt: skip
    found = technology.train_potential(loads, each)
    assert (found["potential"] >= 0).all()
    assert found["potential"][0] >= found["potential"][1]
    assert ((found["source_load"] - found["potential"]).to_numpy()
            == pytest.approx(np.minimum(present, found["achievable_load"].to_numpy())))  # fmt: skip
    assert found["potential_share"].between(0.0, 1.0).all()


def test_tree_shares_a_cut_by_potential_and_stops_at_it() -> None:
    best = technology.reduction_potential(LOADS, potentials()).query("period == 'dry'")
    sources = pd.DataFrame({"source": ["A", "B", "F"],
                            "source_class": ["industry", "industry", "farm"]})  # fmt: skip
    tree = technology.cut_tree(best, sources)
    half = allocation.split(tree, 94.0).set_index("node")["target"]
    assert half[["A", "B", "F"]].tolist() == pytest.approx([84.0, 0.0, 10.0])
    every = allocation.split(tree, 500.0).set_index("node")
    assert every["target"][["A", "B", "F"]].tolist() == pytest.approx([168.0, 0.0, 20.0])
    assert every["surplus"]["all"] == pytest.approx(500.0 - 188.0)  # nobody can cut that
    for wrong in (
        technology.reduction_potential(LOADS, potentials()),
        best.assign(source=["industry", "B", "F"]),
    ):
        with pytest.raises(DataError, match=r"is there twice|is the name of a class too"):
            technology.cut_tree(wrong, sources)
    with pytest.raises(DataError, match="has no source_class"):
        technology.cut_tree(best, sources.iloc[:2])


@pytest.mark.parametrize(
    ("loads", "trains", "words"),
    [
        (LOADS.assign(source_load=None), TRAINS, "source_load: is empty"),
        (LOADS, TRAINS.assign(pollutant="TP"), "TP has no load"),
        (LOADS, TRAINS.assign(achievable=None), "MBR has no achievable load"),
        (LOADS, PRACTICE, "eco-ditch has no achievable load"),
    ],
)
def test_bad_potentials_are_refused(loads: pd.DataFrame, trains: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        technology.train_potential(loads, trains)


# -- the plan ----------------------------------------------------------------------------------

PARK = pd.DataFrame({"group": "park", "source": ["A", "B", "F"]})


def limits(*rows: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["pollutant", "period", "group_limit"])
    return table.assign(group="park")


def running(capital: float, operating: float, interest: float, lifetime: float) -> float:
    return operating


def test_a_period_without_load_takes_no_train_its_worth() -> None:
    loads = pd.DataFrame({"source": ["F"] * 3 + ["G"] * 3, "pollutant": "TN",
                          "period": ["dry", "wet", "flood"] * 2,
                          "source_load": [0.0, 300.0, 600.0, 0.0, 0.0, 0.0]})  # fmt: skip
    each = pd.concat([PRACTICE, PRACTICE.assign(source="G")], ignore_index=True)
    options = technology.train_options(
        technology.train_potential(loads, each, technology.by_removal), each
    )
    # 180 kg/d are left: 0.4 of 300 and 0.7 of 600; of nothing nothing is promised
    assert options.set_index("source")["removal"].to_dict() == pytest.approx({"F": 0.4, "G": 0.0})
    park = pd.DataFrame({"group": "park", "source": ["F", "G"]})
    most = pd.DataFrame({"group": ["park"], "pollutant": ["TN"], "group_limit": [400.0]})
    plan, totals = technology.measures_plan(loads, options, park, most, allocation.annual_cost)
    assert plan["option"].to_dict() == {"F": "eco-ditch", "G": "as is"}
    assert totals.set_index("period")["achievable_load"].to_dict() == pytest.approx(
        {"dry": 0.0, "wet": 180.0, "flood": 360.0}
    )


def test_potentials_become_options_and_the_options_a_plan() -> None:
    every = pd.concat([TRAINS, PRACTICE.assign(capital=0.0, operating=4.0)])
    options = technology.train_options(potentials(), every)
    assert options.set_index(["source", "option"])["removal"].to_dict() == pytest.approx(
        {("A", "MBR"): 68.0 / 500.0, ("A", "AO"): 0.0, ("B", "MBR"): 0.0,
         ("F", "eco-ditch"): 0.1}
    )  # fmt: skip
    plan, totals = technology.measures_plan(
        LOADS, options, PARK, limits(("TN", "", 845.0), ("TN", "dry", 1000.0)),
        allocation.annual_cost,
    )  # fmt: skip
    # wet: 900 has to fall by 55: the ditch gives 30, the MBR 68
    assert plan["option"].to_dict() == {"A": "MBR", "B": "as is", "F": "as is"}
    annuity = 200.0 * 0.05 * 1.05**20 / (1.05**20 - 1.0)
    assert plan["cost"].tolist() == pytest.approx([annuity + 15.0, 0.0, 0.0])
    assert plan["capital"].tolist() == [200.0, 0.0, 0.0]
    by_period = totals.set_index("period")
    assert by_period["source_load"].to_dict() == {"dry": 900.0, "wet": 900.0}
    assert by_period["group_limit"].to_dict() == {"dry": 1000.0, "wet": 845.0}
    assert by_period["achievable_load"].to_dict() == pytest.approx({"dry": 818.4, "wet": 832.0})
    assert by_period["group_spare"].to_dict() == pytest.approx({"dry": 181.6, "wet": 13.0})


Parks = st.lists(
    st.tuples(
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 9)), max_size=3),
    ),
    min_size=1,
    max_size=4,
)


def park_of(park: list) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:  # type: ignore[type-arg]  # drawn
    loads = pd.DataFrame(
        [{"source": f"E{i}", "pollutant": p, "source_load": float(amount)}
         for i, (present, _) in enumerate(park)
         for p, amount in zip(("TN", "TP"), present, strict=True)]
    )  # fmt: skip
    options = pd.DataFrame(
        [{"source": f"E{i}", "option": f"o{k}", "pollutant": p, "removal": removal / 4,
          "operating": float(cost)}
         for i, (_, choices) in enumerate(park)
         for k, (tn, tp, cost) in enumerate(choices)
         for p, removal in (("TN", tn), ("TP", tp))],
        columns=["source", "option", "pollutant", "removal", "operating"],
    )  # fmt: skip
    return loads, options, pd.DataFrame({"group": "park", "source": loads["source"].unique()})


def brute(park: list, limit: tuple[float, float]) -> tuple[float, int, tuple[str, ...]] | None:  # type: ignore[type-arg]  # drawn
    """Best of all combinations: cost, changes, labels in order."""
    every = [[("", (0, 0, 0)), *((f"o{k}", o) for k, o in enumerate(choices))]
             for _, choices in park]  # fmt: skip
    found = []
    for plan in itertools.product(*every):
        left = [
            sum(present[j] * (4 - option[j]) / 4 for (present, _), (_, option)
                in zip(park, plan, strict=True))
            for j in (0, 1)
        ]  # fmt: skip
        if left[0] <= limit[0] and left[1] <= limit[1]:
            names = tuple(name for name, _ in plan)
            found.append((sum(option[2] for _, option in plan), sum(map(bool, names)), names))
    return min(found, default=None)


@settings(max_examples=40, deadline=None)
@given(Parks, st.floats(0.3, 1.0), st.floats(0.3, 1.0), st.randoms(use_true_random=False))
def test_plan_is_the_best_of_all_combinations(
    park: list,  # type: ignore[type-arg]  # drawn
    first: float,
    second: float,
    random: object,
) -> None:
    loads, options, group = park_of(park)
    assume(len(options))
    whole = loads.groupby("pollutant")["source_load"].sum()
    # totals between what combinations reach: loads are multiples of a quarter
    most = (np.floor(whole["TN"] * first) + 0.1, np.floor(whole["TP"] * second) + 0.1)
    total = limits(("TN", "", most[0]), ("TP", "", most[1]))
    best = brute(park, most)
    if best is None:
        with pytest.raises(InfeasibleError, match="no options keep every total"):
            technology.measures_plan(loads, options, group, total, running)
        return
    order = list(range(len(options)))
    random.shuffle(order)  # type: ignore[attr-defined]  # random.Random
    for table in (options, options.iloc[order]):
        plan, totals = technology.measures_plan(loads, table, group, total, running)
        names = tuple(plan["option"].replace("as is", ""))
        assert (plan["cost"].sum(), sum(map(bool, names)), names) == best
        assert (totals["group_spare"] >= 0).all()


def test_least_cost_of_the_allocation_finds_the_same_cost() -> None:
    generator = np.random.default_rng(3)
    park = [
        (tuple(generator.integers(1, 40, 2)), [tuple(o) for o in generator.integers(1, 5, (3, 3))])
        for _ in range(6)
    ]
    loads, options, group = park_of(park)
    whole = loads.groupby("pollutant")["source_load"].sum()
    plan, _ = technology.measures_plan(
        loads, options, group, limits(*((p, "", 0.6 * v) for p, v in whole.items())), running
    )
    labels = {"outlet": group["source"].to_numpy(), "pollutant": ["TN", "TP"], "period": ["year"]}
    one = xr.DataArray(np.ones((1, 6, 2, 1)), {"section": ["S"]} | labels,
                       ["section", *labels])  # fmt: skip
    room = xr.DataArray((0.6 * whole[["TN", "TP"]]).to_numpy()[None, :, None],
                        {"section": ["S"], "indicator": ["TN", "TP"], "period": ["year"]},
                        ["section", "indicator", "period"])  # fmt: skip
    present = loads.pivot(index="source", columns="pollutant", values="source_load")
    given_loads = (
        one[0].rename(outlet="source").drop_vars("section") * present.to_numpy()[..., None]
    )
    sources = xr.Dataset({"source_load": given_loads}).assign_coords(
        outlet=("source", group["source"].to_numpy())
    )
    other = allocation.least_cost(one, room, sources, options)
    assert plan["cost"].sum() == pytest.approx(other.total_cost.item())
    assert plan["cost"].sum() > 0


def test_conditions_hold_and_a_park_that_cannot_says_by_how_much() -> None:
    loads = pd.DataFrame({"source": ["A", "B"], "pollutant": "TN", "source_load": [10.0, 10.0]})
    trains = pd.DataFrame(
        {"source": ["A", "B"], "option": "MBR", "pollutant": "TN", "removal": [0.8, 0.6],
         "operating": [9.0, 10.0], "capital": [100.0, 40.0], "lifetime": 20.0, "interest": 0.05}
    )  # fmt: skip
    group, most = PARK.iloc[:2], limits(("TN", "", 15.0))
    plan, _ = technology.measures_plan(loads, trains, group, most, running)
    assert plan["option"].to_dict() == {"A": "MBR", "B": "as is"}
    budget = [allocation.capital_budget(trains, 50.0)]
    plan, _ = technology.measures_plan(loads, trains, group, most, running, budget)
    assert plan["option"].to_dict() == {"A": "as is", "B": "MBR"}
    with pytest.raises(
        InfeasibleError, match=r"every total: park TN by 1 kg/d, at least"
    ) as caught:
        technology.measures_plan(loads, trains, group, limits(("TN", "", 5.0)), running)
    assert caught.value.relaxation is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a, o, g, m: (a, o.assign(pollutant="TP"), g, m), "TP has no load"),
        (lambda a, o, g, m: (a, o, g.replace("A", "Z"), m), "Z has no load"),
        (lambda a, o, g, m: (a, o, g, m.assign(group="other")), "other has no members"),
        (lambda a, o, g, m: (a, o, g, m.assign(period="may")), "may has no load"),
        (lambda a, o, g, m: (a, o, g, m.assign(group_limit=None)), "group_limit: is empty"),
        (lambda a, o, g, m: (a.assign(source_load=None), o, g, m), "source_load: is empty"),
        (lambda a, o, g, m: (a, o, g, m.assign(annual_total=1.0)), "has a total of the year too"),
        (lambda a, o, g, m: (a, o, g, m.iloc[:0]), "one total at least"),
        (lambda a, o, g, m: (a.iloc[1:], o, g, m), "wet is not every period"),
        (lambda a, o, g, m: (a, o.assign(lifetime=None), g, m), "lifetime: and interest"),
        (
            lambda a, o, g, m: (
                a, pd.concat([o, o.iloc[:1].assign(pollutant="TN2", capital=1.0)]), g, m
            ),
            "TN2 has no load",
        ),
    ],
)  # fmt: skip
def test_bad_plans_are_refused(change: Callable[..., Frames], words: str) -> None:
    options = technology.train_options(technology.train_potential(LOADS, TRAINS), TRAINS)
    options = options[options["option"] == "MBR"]
    tables = change(LOADS, options, PARK, limits(("TN", "", 900.0)))
    with pytest.raises(DataError, match=words):
        technology.measures_plan(*tables, allocation.annual_cost)


def test_cost_of_an_option_is_one_whatever_the_pollutant() -> None:
    loads, options, group = park_of([((10, 10), [(2, 2, 3)])])
    odd = options.assign(operating=[3.0, 4.0])
    with pytest.raises(DataError, match="E0, o0, capital: differs by row"):
        technology.measures_plan(loads, odd, group, limits(("TN", "", 9.0)), running)


def test_no_table_is_changed() -> None:
    given_tables = LOADS, TRAINS, PRACTICE, PARK
    before = [table.copy(deep=True) for table in given_tables]
    best = technology.reduction_potential(LOADS, potentials())
    technology.potential_by(best, PARK)
    options = technology.train_options(technology.train_potential(LOADS, TRAINS), TRAINS)
    technology.measures_plan(
        LOADS, options, PARK, limits(("TN", "", 900.0)), allocation.annual_cost
    )
    for table, copy in zip(given_tables, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)
