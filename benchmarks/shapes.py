"""River nets of any size as arrays: chain, comb, tree, braided and cyclic.

Reaches and nodes are numbered at random, so that nothing stands in flow order by luck. Water
springs at every node and never ends on the way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr
from numba import njit
from numpy.typing import NDArray

from permitload import RiverNetwork, hydraulics

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

COLUMNS = 16
"""Channels beside each other in the braided net."""
BACK = 0.01
"""Part of the reaches of the cyclic net that lead water back."""


@dataclass(frozen=True, slots=True)
class Net:
    """Reaches from ``up`` to ``down``; all water flows as drawn."""

    up: Ints
    down: Ints
    """(reach) nodes."""
    length: Floats
    """(reach) length [m]."""
    flow: Floats
    """(reach) flow [m3/s]."""
    through: Floats
    """(node) water that leaves it [m3/s]; at the mouth it leaves the net."""

    @property
    def labels(self) -> NDArray[np.object_]:
        """Names of the reaches."""
        return names("R", np.arange(self.up.size))


def chain(size: int, draw: np.random.Generator) -> Net:
    """One river of ``size`` reaches."""
    node = np.arange(size)
    return _net(node, node + 1, draw)


def comb(size: int, draw: np.random.Generator) -> Net:
    """A river with one headwater reach at every node."""
    stem = np.arange(size // 2)
    head = np.arange(size - stem.size) + stem.size + 1
    up = np.concatenate([head, stem])
    down = np.concatenate([np.arange(head.size) % (stem.size + 1), stem + 1])
    return _net(up, down, draw)


def tree(size: int, draw: np.random.Generator) -> Net:
    """A random tree in which a third of the nodes each has no, one and two tributaries.

    All trees with these numbers are equally likely: shuffled numbers of tributaries, turned so
    that the net hangs together (cycle lemma), give the parents in order of distance.
    """
    nodes = size + 1
    twos = (nodes - 1) // 3
    number = np.ones(nodes, np.int64)
    number[:twos], number[twos : 2 * twos + 1] = 2, 0
    draw.shuffle(number)
    number = np.roll(number, -1 - int(np.argmin(np.cumsum(number - 1))))
    parent = np.repeat(np.arange(nodes), number)
    up = np.arange(1, nodes)
    return _net((nodes - 1 - up)[::-1], (nodes - 1 - parent)[::-1], draw)


def braided(size: int, draw: np.random.Generator) -> Net:
    """Sixteen channels beside each other, of which each also feeds a neighbour at every node."""
    layers = max(1, size // (2 * COLUMNS))
    layer, column = np.divmod(np.arange(layers * COLUMNS), COLUMNS)
    beside = (column + draw.choice([-1, 1], column.size)) % COLUMNS
    up = np.repeat(np.arange(column.size), 2)
    below = (layer + 1)[:, None] * COLUMNS + np.stack([column, beside], axis=1)
    return _net(up, below.ravel(), draw)


def cyclic(size: int, draw: np.random.Generator) -> Net:
    """A tree in which one reach of a hundred leads water back over two others."""
    back = max(1, int(BACK * size))
    base = tree(size - back, draw)
    below = np.full(base.through.size, -1)
    below[base.up] = np.arange(base.up.size)
    first = draw.permutation(base.up.size)
    second = below[base.down[first]]
    first, second = (ends[second >= 0][:back] for ends in (first, second))
    around = draw.uniform(0.1, 0.5, first.size) * base.flow[first]
    flow = np.concatenate([base.flow, around])
    np.add.at(flow, first, around)
    np.add.at(flow, second, around)
    through = base.through.copy()
    for node in (base.up[first], base.up[second], base.down[second]):
        np.add.at(through, node, around)
    length = np.concatenate([base.length, draw.uniform(100.0, 5000.0, first.size)])
    up = np.concatenate([base.up, base.down[second]])
    down = np.concatenate([base.down, base.up[first]])
    order = draw.permutation(up.size)
    return Net(up[order], down[order], length[order], flow[order], through)


SHAPES: dict[str, Callable[[int, np.random.Generator], Net]] = {
    "chain": chain, "comb": comb, "tree": tree, "braided": braided, "cyclic": cyclic,
}  # fmt: skip


def names(letter: str, numbers: Ints) -> NDArray[np.object_]:
    """Labels such as N7, every cell a text of its own as after reading a file."""
    return np.array([f"{letter}{i}" for i in numbers.tolist()], dtype=object)


def network(net: Net) -> RiverNetwork:
    """Give the net names."""
    return RiverNetwork(reaches(net))


def reaches(net: Net) -> pd.DataFrame:
    """Table of the net."""
    return pd.DataFrame({
        "reach": net.labels, "from_node": names("N", net.up), "to_node": names("N", net.down),
        "length": net.length,
    })  # fmt: skip


def series(net: Net) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Flow [m3/s] and velocity [m/s] by reach."""
    index = pd.Index(net.labels, name="reach")
    velocity = 0.1 * (net.flow / net.flow.min()) ** 0.1
    return pd.Series(net.flow, index), pd.Series(velocity, index)


def water(net: Net, rivers: RiverNetwork) -> xr.Dataset:
    """Hydraulics of the named net."""
    return hydraulics.from_flow(rivers, *series(net))


def _net(up: Ints, down: Ints, draw: np.random.Generator) -> Net:
    """Let water spring and flow down reaches in flow order, then renumber everything."""
    count = int(max(up.max(), down.max())) + 1
    through = draw.uniform(0.01, 0.1, count)
    part = draw.uniform(0.5, 1.0, up.size)
    part /= np.bincount(up, part, count)[up]
    flow = np.empty(up.size)
    _fill(up, down, part, flow, through)
    node, order = draw.permutation(count), draw.permutation(up.size)
    found = np.empty(count)
    found[node] = through
    length = draw.uniform(100.0, 5000.0, up.size)
    return Net(node[up][order], node[down][order], length, flow[order], found)


@njit(cache=True)
def _fill(up: Ints, down: Ints, part: Floats, flow: Floats, through: Floats) -> None:
    """Give each reach, in flow order, its part of the water of its node."""
    for r in range(up.size):
        flow[r] = part[r] * through[up[r]]
        through[down[r]] += flow[r]
