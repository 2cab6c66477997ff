"""Which scenarios to give up so that the total load is greatest: a mixed integer program."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from permitload.allocation._cases import Case
from permitload.errors import DataError, InfeasibleError
from permitload.program import Program

__all__ = ["Group", "dropped"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MET = 1e-9
"""Part of a limit by which a met row may exceed it."""

BROKEN = 1e-9
"""Excess of a row, scaled to its most, at which it comes into the program."""

WORST = 100
"""Rows that come in at a time, those broken most."""


class Group(NamedTuple):
    """Problems whose rows are given up together.

    Rows with the same ``event`` are met or given up as one; of the events of one ``family`` at
    most ``most`` are given up.
    """

    problems: list[Case]
    event: NDArray[np.int64]
    family: NDArray[np.int64]
    most: int

    @property
    def families(self) -> NDArray[np.int64]:
        """Family of each event."""
        found = np.empty(int(self.event.max()) + 1, dtype=np.int64)
        found[self.event] = self.family
        return found


class _Block(NamedTuple):
    """Rows by outlet of one problem: what background exceeds is met by no load."""

    matrix: sparse.csr_array
    limit: Floats
    lower: Floats
    upper: Floats

    def broken(self, loads: Floats) -> Flags:
        """Rows that loads exceed."""
        return np.asarray(self.matrix @ loads > self.limit * (1.0 + MET))


def dropped(group: Group) -> tuple[list[Flags], list[float]]:
    """Whether each row of each problem is to be met, and the greatest total of each problem."""
    blocks = [_block(problem) for problem in group.problems]
    hopeless = _events(group, [block.broken(block.lower) for block in blocks])
    _refuse_hopeless(group, hopeless)
    blocks = [_drawn_in(group, block, hopeless) for block in blocks]
    given_up = _chosen(group, blocks, hopeless)
    loads = [_greatest(block, ~given_up[group.event]) for block in blocks]
    # What the best total does not need to give up is met.
    given_up = given_up & _events(group, [b.broken(x) for b, x in zip(blocks, loads, strict=True)])
    kept = ~given_up[group.event]
    return [kept] * len(blocks), [float(x.sum()) for x in loads]


def _block(problem: Case) -> _Block:
    limit = np.maximum(problem.limit.to_numpy(), 0.0)
    bounds = problem.by_column(problem.floor), problem.by_column(problem.ceiling)
    return _Block(problem.matrix, limit, *bounds)


def _events(group: Group, rows: list[Flags]) -> Flags:
    """Events with a row that is flagged."""
    return np.bincount(group.event, np.any(rows, axis=0), len(group.families)) > 0


def _refuse_hopeless(group: Group, hopeless: Flags) -> None:
    """Floors that break more scenarios than may be violated."""
    count = np.bincount(group.families[hopeless], minlength=int(group.family.max()) + 1)
    if (count <= group.most).all():
        return
    row = group.problems[0].limit.index.to_numpy()
    rows = hopeless[group.event] & (count > group.most)[group.family]
    message = f"the floors violate {int(count.max())} scenarios; right would be at most"
    table = pd.DataFrame({"section": row[rows]})
    raise InfeasibleError(f"{message} {group.most}", table)


def _drawn_in(group: Group, block: _Block, hopeless: Flags) -> _Block:
    """Ceilings no higher than what the scenarios leave that must be met, whichever these are."""
    entry = block.matrix.tocoo()
    row, outlet = entry.coords
    spare = (block.limit - block.matrix @ block.lower)[row] + entry.data * block.lower[outlet]
    alone = np.full((len(hopeless), len(block.lower)), np.inf)
    np.minimum.at(alone, (group.event[row], outlet), spare / entry.data)
    alone[hopeless] = -np.inf
    upper = block.upper
    for family in range(int(group.family.max()) + 1):
        mine = alone[group.families == family]
        if len(mine) > group.most:
            upper = np.minimum(upper, np.partition(mine, group.most, axis=0)[group.most])
    upper = np.maximum(upper, block.lower)
    if np.isinf(upper).any():
        count = int(np.isinf(upper).sum())
        message = f"nothing stops {count} outlets in the scenarios that must be met"
        raise DataError(f"{message}; right would be ceilings")
    return block._replace(upper=upper)


def _chosen(group: Group, blocks: list[_Block], hopeless: Flags) -> Flags:
    """Events to give up: rows ``A x <= h + M v``, with M the most that bounds let them exceed."""
    size = [np.where(block.upper > 0.0, block.upper, 1.0) for block in blocks]
    parts, rights, sides = [], [], []
    for block, unit in zip(blocks, size, strict=True):
        most = block.matrix @ block.upper
        open_ = most > block.limit
        scale = 1.0 / most[open_]
        parts.append(block.matrix[open_] * unit * scale[:, None])
        rights.append(block.limit[open_] * scale)
        place = np.arange(int(open_.sum())), group.event[open_]
        excess = (most - block.limit)[open_] * scale
        sides.append(sparse.csr_array((-excess, place), (len(scale), len(hopeless))))
    if not any(len(right) for right in rights):
        return np.zeros(len(hopeless), dtype=bool)
    lower, upper, cost = (
        np.concatenate(part)
        for part in (
            [b.lower / u for b, u in zip(blocks, size, strict=True)],
            [b.upper / u for b, u in zip(blocks, size, strict=True)],
            size,
        )
    )
    events, families = range(len(hopeless)), range(int(group.families.max()) + 1)
    loads = sparse.block_diag(parts, format="csr")
    none = sparse.csr_array((len(families), len(cost)))
    counts = sparse.csr_array((np.ones(len(hopeless)), (group.families, np.array(events))))
    right = np.concatenate(rights)
    program = (
        Program()
        .columns([("load", k) for k in range(len(cost))], lower, upper)
        .columns([("event", k) for k in events], hopeless.astype(float), 1.0, integer=True)
        .at_most(range(len(right)), sparse.hstack([loads, sparse.vstack(sides)]), right)
        .at_most([("most", k) for k in families], sparse.hstack([none, counts]), float(group.most))
    )
    return _searched(program, np.append(cost / cost.max(), np.zeros(len(hopeless))), len(right))


def _searched(program: Program, cost: Floats, count: int) -> Flags:
    """Events to give up in the greatest total under the first ``count`` rows and all others.

    Few of the scenarios' rows hold anything up: those that a point breaks come in until there is
    none, first with events given up in part. What is the best under some rows and breaks no
    other is the best under all.
    """
    active = np.arange(len(program.row)) >= count
    relaxed = replace(program, integer=np.zeros(len(cost), dtype=bool))
    for each in (relaxed, program):
        broken = np.array([True])
        while broken.any():
            found = each.keep(active).maximise(cost)
            excess = program.matrix @ found.column.to_numpy() - program.limit
            broken = ~active & (excess > BROKEN)
            worst = np.argsort(np.where(broken, -excess, np.inf), kind="stable")[:WORST]
            active[worst] |= broken[worst]
    return np.asarray(found.given > 0.5)


def _greatest(block: _Block, kept: Flags) -> Floats:
    """Find the loads of the greatest total under the rows that are kept."""
    program = Program().columns(range(len(block.lower)), block.lower, block.upper)
    rows = np.flatnonzero(kept)
    program = program.at_most(rows, block.matrix[rows], block.limit[rows], "mg/L")
    return np.asarray(program.maximise(1.0).column)
