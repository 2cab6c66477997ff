"""Flow order and sums down it: any order of labels, any number of threads, the same figures."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from permitload.quality import _course, _kernels
from permitload.quality._course import accumulate, course, sweep

Ints = NDArray[np.int64]


def acyclic(seed: int, nodes: int, reaches: int) -> tuple[Ints, Ints]:
    """Random reaches that run from higher to lower hidden numbers, under shuffled labels."""
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.integers(0, nodes, (reaches, 2)), axis=1)
    ends = ends[ends[:, 0] < ends[:, 1]]
    label = rng.permutation(nodes)
    return label[ends[:, 1]], label[ends[:, 0]]


nets = st.tuples(st.integers(0, 10**6), st.integers(1, 60), st.integers(0, 90))


@given(nets)
@settings(deadline=None, max_examples=200)
def test_every_reach_once_and_water_enters_a_node_before_it_leaves(
    net: tuple[int, int, int],
) -> None:
    up, down = acyclic(*net)
    flows = np.random.default_rng(net[0]).random(up.size) < 0.8
    way = course(up, down, flows, net[1])
    assert not way.cyclic
    assert sorted(way.reach) == np.flatnonzero(flows).tolist()
    assert sorted(way.rank) == list(range(net[1]))
    np.testing.assert_array_equal(way.upper, way.rank[up[way.reach]])
    np.testing.assert_array_equal(way.lower, way.rank[down[way.reach]])
    assert (way.upper < way.lower).all()
    assert (np.diff(way.lower) >= 0).all()


@given(nets, st.integers(0, 40))
@settings(deadline=None, max_examples=200)
def test_rings_are_found_where_another_library_finds_them(
    net: tuple[int, int, int], more: int
) -> None:
    up, down = acyclic(*net)
    rng = np.random.default_rng(net[0] + 1)
    extra = rng.integers(0, net[1], (2, more))
    up, down = np.append(up, extra[0]), np.append(down, extra[1])
    graph = nx.MultiDiGraph(zip(up.tolist(), down.tolist(), strict=True))
    way = course(up, down, np.ones(up.size, bool), net[1])
    assert way.cyclic == (not nx.is_directed_acyclic_graph(graph))


@given(nets, st.integers(1, 3), st.integers(1, 5), st.integers(1, 20))
@settings(deadline=None, max_examples=200)
def test_sums_solve_the_balance(
    net: tuple[int, int, int], pollutants: int, scenarios: int, most: int
) -> None:
    up, down = acyclic(*net)
    rng = np.random.default_rng(net[0] + 2)
    # shares of one whole, as everywhere: what leaves a node is at most what arrives there
    weight = rng.random((up.size, pollutants)) / np.bincount(up, minlength=net[1])[up, None]
    arriving = rng.random((net[1], pollutants * scenarios))
    way = course(up, down, np.ones(up.size, bool), net[1])
    found = accumulate(way, weight, arriving).reshape(net[1], pollutants, scenarios)
    passed = np.zeros((pollutants, net[1], net[1]))
    for p in range(pollutants):
        np.add.at(passed[p], (down, up), weight[:, p])
        right = np.linalg.solve(
            np.eye(net[1]) - passed[p], arriving.reshape(net[1], pollutants, scenarios)[:, p]
        )
        np.testing.assert_allclose(found[:, p], right, rtol=1e-12, atol=1e-12 * right.max())
    ranges, trunk = _kernels.parts(way.upper, way.lower, net[1], most)
    _cut_right(ranges.tolist(), trunk.tolist(), way, most)


def _cut_right(
    ranges: list[list[int]], trunk: list[list[int]], way: _course.Course, most: int
) -> None:
    """Every node in one range or in the trunk, and no reach from one range to another."""
    where = np.full(way.rank.size, -2)
    for k, (start, stop) in enumerate(ranges):
        assert 0 < stop - start <= most
        assert (where[start:stop] == -2).all()
        where[start:stop] = k
    for start, stop in trunk:
        assert (where[start:stop] == -2).all()
        where[start:stop] = -1
    assert (where > -2).all()
    inside = where[way.lower] >= 0
    np.testing.assert_array_equal(where[way.upper[inside]], where[way.lower[inside]])


@pytest.mark.parametrize(("pollutants", "scenarios"), [(4, 1), (2, 2), (1, 7), (2, 9)])
def test_threads_change_no_bit(
    pollutants: int, scenarios: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_course, "_WORTH", 0)
    rng = np.random.default_rng(5)
    up, down = acyclic(5, 4000, 5000)
    way = course(up, down, np.ones(up.size, bool), 4000, threads=3)
    assert len(way.apart) == 3
    assert sum(part.size > 0 for part in way.apart) > 1
    weight = rng.random((up.size, pollutants))[way.reach]
    total = rng.random((4000, pollutants * scenarios))
    alone = total.copy()
    ends = (way.upper, way.lower)
    _kernels.route(np.array([[0, up.size]]), ends, weight, alone)
    arriving = total[way.rank]
    sweep(way, weight, total)
    np.testing.assert_array_equal(total, alone)
    in_drawing = np.empty_like(weight)
    in_drawing[way.reach] = weight
    np.testing.assert_array_equal(accumulate(way, in_drawing, arriving), alone[way.rank])


@pytest.mark.parametrize("size", [0, 1])
def test_nothing_to_follow(size: int) -> None:
    none = np.empty(0, np.int64)
    way = course(none, none, np.empty(0, bool), size)
    assert accumulate(way, np.empty((0, 2)), np.ones((size, 2))).tolist() == [[1.0, 1.0]] * size
