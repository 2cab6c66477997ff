"""Trees: shares at the section, surplus to siblings, nodes that cannot hold, and what moved."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from permitload import allocation
from permitload.errors import DataError, InfeasibleError
from tests.test_allocation import case, responses, rooms, works


def tree_of(rows: list[tuple[Any, ...]], *more: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["node", "parent", "weight", *more])


def by_node(tree: pd.DataFrame, total: float, column: str = "equivalent") -> dict[str, float]:
    found: dict[str, float] = allocation.split(tree, total).set_index("node")[column].to_dict()
    return found


NONE = float("nan")


def test_shares_are_of_what_arrives_not_of_what_leaves() -> None:
    """130 kg/d of 200 at the outlets arrive, 104 may: each is cut by 20 %, not by 48 %."""
    tree = tree_of(
        [("all", "", NONE, 1.0), ("industry", "all", NONE, 1.0), ("farm", "all", NONE, 1.0),
         ("E1", "industry", 100.0, 0.9), ("F1", "farm", 100.0, 0.4)], "delivery_ratio",
    )  # fmt: skip
    found = allocation.split(tree, 104.0).set_index("node")
    assert found["target"][["E1", "F1"]].tolist() == pytest.approx([80.0, 80.0])
    assert found["equivalent"].tolist() == pytest.approx([104.0, 72.0, 32.0, 72.0, 32.0])
    assert found["target"][["all", "industry", "farm"]].isna().all()
    assert found["level"][["industry", "farm", "E1"]].tolist() == pytest.approx([0.8] * 3)
    # outlet tonnes shared as if they were tonnes at the section would leave 52 %
    assert 104.0 / 200.0 == 0.52
    assert not np.isclose(found["target"]["E1"], 52.0)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_one_family_is_the_known_case(k: int) -> None:
    known = case("capped_proportional")
    inputs, right = known["inputs"], known["expected"]
    one = inputs["problems"][k]
    rows = [("all", "", NONE, 0.0, np.inf)]
    rows += [
        (f"E{i}", "all", w, low, high)
        for i, (w, low, high) in enumerate(zip(one["w"], one["L"], one["U"], strict=True))
    ]
    found = allocation.split(tree_of(rows, "floor", "ceiling"), inputs["C"])
    near: Any = {"rtol": 0, "atol": known["tolerance"] * 100}
    np.testing.assert_allclose(found["equivalent"][1:], right["x"][k], **near)
    np.testing.assert_allclose(found["level"][1:], right["theta"][k], **near)
    trap = [31.5789, 31.5789, 36.8421]
    assert not np.allclose(found["equivalent"][1:], trap, rtol=1e-3)


def test_weights_with_coefficients_and_surplus_of_the_wujin_month() -> None:
    known = case("wujin_dynamic_coefficient")
    inputs, right = known["inputs"], known["expected"]
    near: Any = {"rtol": 0, "atol": known["tolerance"] * 100}
    base, plan = np.array(inputs["base_t_month"]), np.array(inputs["plan_ratio"])
    labels = ["E1", "E2", "E3", "E4"]
    weight = base * plan * right["coefficient"]
    np.testing.assert_allclose(weight, right["weight"], **near)
    total = base.sum() * inputs["shrink_if_missed"]
    np.testing.assert_allclose(total, right["park_total"], **near)
    ceiling = inputs["cap_over_plan"] * base * plan
    rows = [("park", "", NONE, np.inf), *zip(labels, ["park"] * 4, weight, ceiling, strict=True)]
    tree = tree_of(rows, "ceiling")
    found = allocation.split(tree, total).set_index("node")
    np.testing.assert_allclose(found["equivalent"][labels], right["x"], **near)
    np.testing.assert_allclose(found["level"]["E3"], right["theta"], **near)
    most = right["max_park_total_that_can_be_placed"]
    np.testing.assert_allclose(found["ceiling"]["park"], most, **near)
    assert found["surplus"]["park"] == 0.0
    over = allocation.split(tree, 30.0).set_index("node")
    np.testing.assert_allclose(over["equivalent"]["park"], most, **near)
    np.testing.assert_allclose(over["surplus"]["park"], 30.0 - most, **near)
    assert over["stopped_by"][labels].tolist() == ["ceiling"] * 4


def test_what_a_branch_cannot_take_goes_to_the_others() -> None:
    tree = tree_of(
        [("all", "", NONE, 0.0, np.inf), ("industry", "all", 50.0, 0.0, np.inf),
         ("domestic", "all", 50.0, 0.0, np.inf), ("dyeing", "industry", 1.0, 0.0, 10.0),
         ("food", "industry", 3.0, 0.0, 15.0), ("D1", "domestic", 1.0, 20.0, np.inf)],
        "floor", "ceiling",
    )  # fmt: skip
    found = allocation.split(tree, 100.0).set_index("node")
    # industry can take 25 in all, however large its weight
    assert found["equivalent"].to_dict() == {
        "all": 100.0, "industry": 25.0, "domestic": 75.0, "dyeing": 10.0, "food": 15.0, "D1": 75.0,
    }  # fmt: skip
    assert found["stopped_by"][["industry", "dyeing", "D1"]].tolist() == [
        "ceiling", "ceiling", "parent",
    ]  # fmt: skip
    low = allocation.split(tree, 24.0).set_index("node")
    assert low["equivalent"][["industry", "D1", "dyeing", "food"]].tolist() == [4, 20, 1, 3]
    assert low["stopped_by"]["D1"] == "floor"


def test_weights_of_zero_share_in_equal_parts_and_say_so() -> None:
    tree = tree_of([("all", "", NONE, 9.0), ("A", "all", 0.0, 2.0), ("B", "all", 0.0, 9.0)],
                   "ceiling")  # fmt: skip
    with pytest.warns(UserWarning, match="equal parts"):
        found = allocation.split(tree, 6.0).set_index("node")
    assert found["equivalent"].tolist() == [6.0, 2.0, 4.0]
    assert found["equal_parts"].tolist() == [0.0, 1.0, 1.0]
    some = tree_of([("all", "", NONE, 9.0), ("A", "all", 1.0, 9.0), ("B", "all", 0.0, 9.0)],
                   "ceiling")  # fmt: skip
    assert by_node(some, 6.0) == {"all": 6.0, "A": 6.0, "B": 0.0}
    assert set(by_node(some, 6.0, "equal_parts").values()) == {0.0}
    assert by_node(some, 0.0) == {"all": 0.0, "A": 0.0, "B": 0.0}


def test_nodes_that_cannot_hold_are_named() -> None:
    rows = [("all", "", NONE, 0.0, 99.0), ("X", "all", NONE, 0.0, 10.0),
            ("Y", "all", NONE, 60.0, 99.0), ("A", "X", 1.0, 7.0, 9.0), ("B", "X", 1.0, 6.0, 9.0),
            ("C", "Y", 1.0, 0.0, 50.0)]  # fmt: skip
    tree = tree_of(rows, "floor", "ceiling")
    with pytest.raises(InfeasibleError, match=r"X \(13 over 10\), Y \(60 over 50\)") as caught:
        allocation.split(tree, 80.0)
    assert caught.value.relaxation is not None
    assert caught.value.relaxation.set_index("node")["missing"].to_dict() == {
        "all": pytest.approx(13.0), "X": 3.0, "Y": 10.0,
    }  # fmt: skip
    good = tree.assign(ceiling=np.inf)
    with pytest.raises(InfeasibleError, match=r"floors add up to 73 .* the total 70"):
        allocation.split(good, 70.0)
    assert by_node(good, 73.0)["A"] == 7.0


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("all", "", 1.0), ("A", "nobody", 1.0)], "A, parent: nobody is wrong"),
        ([("all", "", 1.0), ("top", "", 1.0)], "all, top are the roots"),
        ([("A", "B", 1.0), ("B", "A", 1.0)], "are the roots"),
        ([("all", "", 1.0), ("A", "B", 1.0), ("B", "A", 1.0)], "A, parent: B leads in a circle"),
        ([("all", "", 1.0), ("A", "all", 1.0), ("A", "all", 1.0)], "A, node: A is wrong"),
        ([("all", "", 1.0), ("A", "all", NONE)], "A, weight: nan is wrong"),
        ([("all", "", 1.0), ("A", "all", -1.0)], r"A, weight: -1\.0 is wrong"),
    ],
)
def test_tables_that_are_no_tree_are_refused(rows: list[Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        allocation.split(tree_of(rows), 5.0)


def test_a_leaf_that_does_not_reach_the_section_and_a_total_that_is_none() -> None:
    tree = tree_of([("all", "", NONE, NONE), ("A", "all", 1.0, 0.0)], "delivery_ratio")
    with pytest.raises(DataError, match=r"A, delivery_ratio: 0\.0 .* reach the section"):
        allocation.split(tree, 5.0)
    for total in (-1.0, NONE, np.inf):
        with pytest.raises(DataError, match="right would be a total >= 0"):
            allocation.split(tree.assign(delivery_ratio=1.0), total)


@st.composite
def trees(draw: st.DrawFn) -> pd.DataFrame:
    """Three levels: classes, sectors, enterprises, with bounds anywhere."""
    number = st.sampled_from([0.5, 1.0, 2.5, 7.0])
    rows: list[tuple[Any, ...]] = [("all", "", NONE, 0.0, np.inf, 1.0)]
    for i in range(draw(st.integers(1, 3))):
        rows.append((f"C{i}", "all", draw(st.sampled_from([NONE, 1.0, 4.0])), 0.0,
                     draw(st.sampled_from([np.inf, 30.0])), 1.0))  # fmt: skip
        for j in range(draw(st.integers(1, 3))):
            rows.append((f"S{i}{j}", f"C{i}", draw(st.sampled_from([NONE, 2.0])), 0.0, np.inf, 1.0))
            for k in range(draw(st.integers(1, 3))):
                floor = draw(st.sampled_from([0.0, 0.0, 0.3]))
                rows.append((f"E{i}{j}{k}", f"S{i}{j}", draw(number), floor,
                             draw(st.sampled_from([np.inf, 5.0, 20.0])),
                             draw(st.sampled_from([1.0, 0.8, 0.25]))))  # fmt: skip
    return tree_of(rows, "floor", "ceiling", "delivery_ratio")


@given(trees(), st.sampled_from([12.0, 40.0, 200.0]), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_properties_of_trees(tree: pd.DataFrame, total: float, random: Any) -> None:
    before = tree.copy(deep=True)
    found = allocation.split(tree, total).set_index("node")
    pd.testing.assert_frame_equal(tree, before)
    share, leaf = found["equivalent"], found["target"].notna()
    # nothing is lost: children add up to their parent, the root and its surplus to the total
    assert share["all"] + found["surplus"]["all"] == pytest.approx(total, rel=1e-12)
    for node, kids in share.groupby(found["parent"]):
        if node:
            assert kids.sum() == pytest.approx(share[node], rel=1e-9)
    given_rows = tree.set_index("node")
    outlet = found["target"][leaf]
    assert (outlet >= given_rows["floor"][leaf] - 1e-9).all()
    assert (outlet <= given_rows["ceiling"][leaf] + 1e-9).all()
    assert (share <= given_rows["ceiling"].where(~leaf, np.inf) + 1e-9).all()
    np.testing.assert_allclose(outlet * given_rows["delivery_ratio"][leaf], share[leaf])
    # the surplus is what no point of the tree can place: an independent linear program
    classes = [n for n in found.index if found["parent"][n] == "all"]
    names = list(outlet.index)
    above = {n: found["parent"][found["parent"][n]] for n in names}
    ratio = given_rows["delivery_ratio"][names].to_numpy()
    matrix = np.array([[r * (above[n] == c) for n, r in zip(names, ratio, strict=True)]
                       for c in classes] + [list(ratio)])  # fmt: skip
    limit = [min(given_rows["ceiling"][c], 1e6) for c in classes] + [total]
    bounds = list(zip(given_rows["floor"][names], given_rows["ceiling"][names], strict=True))
    best = linprog(-ratio, matrix, limit, bounds=bounds)
    assert share["all"] == pytest.approx(-best.fun, rel=1e-9)
    # within a family no one is above another in level unless held by a bound
    for _, kids in found[found["parent"] != ""].groupby("parent"):
        ratio_level = kids["equivalent"] / kids["weight"]
        most = ratio_level[kids["stopped_by"] != "floor"].max()
        least = ratio_level[kids["stopped_by"] != "ceiling"].min()
        assert not most > least * (1 + 1e-9) or kids["stopped_by"].ne("parent").all()
    # order of rows, units, more capacity
    order = list(range(len(tree)))
    random.shuffle(order)
    turned = allocation.split(tree.iloc[order], total).set_index("node").loc[found.index]
    np.testing.assert_allclose(turned["equivalent"], share, rtol=1e-12)
    tonnes = tree.assign(floor=tree["floor"] / 1000, ceiling=tree["ceiling"] / 1000)
    scaled = allocation.split(tonnes, total / 1000).set_index("node")["equivalent"]
    np.testing.assert_allclose(1000 * scaled, share, rtol=1e-9)
    more = allocation.split(tree, total * 1.1).set_index("node")["equivalent"]
    assert (more >= share - 1e-9).all()


def test_the_tree_is_a_target_and_its_way_down_can_be_made_again() -> None:
    response = responses({"M1": [[0.01, 0.01, 0.01]], "M7": [[0.02, 0.02, 0.02]]})
    load = [60.0, 30.0, 10.0]
    sources = works(response, ["O1", "O2", "O3"], {"source_load": load, "ceiling": [99.0] * 3})
    rows = [("all", "", NONE), ("industry", "all", NONE), ("farm", "all", NONE),
            ("E1", "industry", 60.0), ("E2", "industry", 30.0), ("E3", "farm", 10.0)]  # fmt: skip
    splits = {("TP", m): allocation.split(tree_of(rows), c) for m, c in (("M1", 50), ("M7", 20))}
    target = partial(allocation.leaf_target, splits)
    np.testing.assert_allclose(target(sources).sel(period="M1").values.ravel(), [30.0, 15.0, 5.0])
    permits = allocation.allocate(response, rooms(response, [0.5]), sources, target=target)
    np.testing.assert_allclose(
        permits.permitted_load.sel(period="M7").values.ravel(), [15.0, 7.5, 2.5]
    )
    table = allocation.explain(permits, response, rooms(response, [0.5]), sources, target)
    claims = table[table["quantity"] == "target"]
    assert set(claims["subject"]) == {"leaf_target"}
    way = allocation.trace(splits)
    assert list(way.columns) == list(table.columns)
    wide = way.pivot(
        index=["source", "pollutant", "period", "subject"], columns="quantity", values="value"
    )
    made = (wide["level"] * wide["weight"]).clip(wide["floor"], wide["ceiling"])
    np.testing.assert_allclose(made, wide["equivalent"], rtol=1e-12)
    ends = wide.dropna(subset="target")
    np.testing.assert_allclose(ends["target"] * ends["delivery_ratio"], ends["equivalent"])
    got = ends["target"].droplevel("subject")
    np.testing.assert_array_equal(
        got, claims.set_index(["source", "pollutant", "period"])["value"].loc[got.index]
    )
    steps = way[(way["source"] == "E1") & (way["period"] == "M1")]["subject"].drop_duplicates()
    assert steps.tolist() == ["industry", "E1"]
    short = {key: splits[key] for key in [("TP", "M1")]}
    with pytest.raises(DataError, match="M7, period: is in one of two only"):
        allocation.allocate(
            response, rooms(response, [0.5]), sources, target=partial(allocation.leaf_target, short)
        )
    with pytest.raises(DataError, match="E3, node: is in one of two only"):
        allocation.leaf_target(splits, sources.isel(source=[0, 1]))


def test_distortion_names_the_rows_that_caused_it() -> None:
    response = responses({"M1": [[0.01, 0.0, 0.0], [0.0, 0.02, 0.0]]})
    sources = works(
        response, ["O1", "O2", "O3"], {"source_load": [50.0, 30.0, 20.0], "ceiling": [50, 30, 20]}
    )
    permits = allocation.allocate(response, rooms(response, [0.3, 0.5]), sources)
    table = allocation.distortion(permits, sources.source_load).set_index("stopped_by")
    # E1 gets 30 of 50, E2 25 of 30, E3 all: half of 25 over 100
    assert table["distortion"].to_dict() == pytest.approx({"S1": 0.1, "S2": 0.025, "ceiling": 0.0})
    nothing = allocation.distortion(permits, 0.0 * sources.source_load)
    assert nothing["distortion"].isna().any()
    with pytest.raises(DataError, match="target"):
        allocation.distortion(permits, sources.source_load.where(sources.source_load > 40))


def test_missing_parts_of_the_joint_answer() -> None:
    """A tree is exact for one row; a second row moves permits, and the tree alone breaks it."""
    response = responses({"M1": [[0.01, 0.01], [0.0, 0.02]]})
    sources = works(response, ["O1", "O2"], {"source_load": [50.0, 50.0], "ceiling": [90.0, 90.0]})
    room = rooms(response, [0.8, 0.5])
    tree = tree_of([("all", "", NONE), ("E1", "all", 50.0), ("E2", "all", 50.0)])
    splits = {("TP", "M1"): allocation.split(tree, 80.0)}
    target = partial(allocation.leaf_target, splits)
    wanted = target(sources)
    assert float(0.02 * wanted.sel(source="E2").item()) > 0.5
    permits = allocation.allocate(response, room, sources, target)
    assert permits.permitted_load.values.ravel().tolist() == pytest.approx([55.0, 25.0])
    table = allocation.distortion(permits, xr.DataArray(wanted)).set_index("stopped_by")
    assert table["distortion"].to_dict() == pytest.approx({"S1": 7.5 / 80, "S2": 7.5 / 80})
