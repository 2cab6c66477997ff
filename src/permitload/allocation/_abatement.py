"""The program of least cost: options, operating reductions, loads; rows that limit them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from permitload._labels import floats, index_of
from permitload.allocation._cases import numbers_of
from permitload.allocation._groups import Grouped
from permitload.allocation._options import (
    AS_IS,
    Option,
    Pieces,
    read_options,
    read_reductions,
)
from permitload.errors import DataError
from permitload.program import Program
from permitload.units import DAYS_PER_YEAR, tonnes

GOLDEN = (5.0**0.5 - 1.0) / 2.0

__all__ = ["LINKS", "Model", "Park", "back", "build", "grouped", "park_of"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


LINKS = ("emission", "options", "begins", "before")
"""Kinds of rows that say what a column means; all others limit it."""


class Park(NamedTuple):
    """Sources in the order of their labels: loads (source, pollutant, period) [kg/d], choices.

    ``days`` are those of the year that each period stands for, ``order`` the positions of the
    sources as given.
    """

    order: Places
    source: list[str]
    pollutant: list[str]
    period: list[str]
    load: Floats
    days: Floats
    options: list[Option]
    pieces: list[Pieces]

    @property
    def cells(self) -> list[tuple[str, str, str]]:
        """Labels of the loads, as they lie in memory."""
        return [(i, p, t) for i in self.source for p in self.pollutant for t in self.period]


def park_of(
    like: xr.DataArray,
    sources: xr.Dataset,
    options: pd.DataFrame,
    reductions: pd.DataFrame | None,
) -> Park:
    """Check what the sources discharge and can do; ``like`` has the labels of the loads."""
    labels = [str(name) for name in like["source"].values]
    order = np.argsort(np.array(labels), kind="stable")
    source = [labels[k] for k in order]
    pollutant = [str(name) for name in like["pollutant"].values]
    days = np.ones(like.sizes["period"])
    if "days" in like.coords:
        days = floats(like["days"].values, "days")
    if not ((days > 0) & (days < np.inf)).all():
        raise DataError(f"days are {days.tolist()}; right would be lengths > 0 d")
    if "source_load" not in sources:
        raise DataError("sources have no source_load; right would be what they discharge [kg/d]")
    return Park(
        order,
        source,
        pollutant,
        [str(name) for name in like["period"].values],
        numbers_of(sources["source_load"], like, "source_load")[order],
        days * (DAYS_PER_YEAR / days.sum()),
        read_options(options, source, pollutant),
        read_reductions(reductions, source, pollutant),
    )


class Model(NamedTuple):
    """A program, its objective [10^4 CNY/a], and the labels of its columns by kind.

    ``tie`` orders choices of equal cost. ``reduced`` are positions (source, pollutant, period)
    of the reductions in ``Park.load``, raveled.
    """

    program: Program
    cost: pd.Series[float]
    tie: pd.Series[float]
    loads: pd.Index[Any]
    choices: pd.Index[Any]
    reductions: pd.Index[Any]
    reduced: Places


class _Reduced(NamedTuple):
    """Pieces of operating reductions in every period: where, how much, at what cost."""

    label: list[tuple[str, str, str, str, int]]
    cell: Places
    size: Floats
    cost: Floats
    later: Places
    """Pieces cheaper than one before them: not taken unless all before them are full."""
    before: Places
    """How many these are."""


def build(park: Park, floor: Floats, ceiling: Floats) -> Model:
    """Columns, and all rows but those of sections."""
    cells, count = park.cells, park.load.size
    reduced = _reduced(park)
    loads = index_of([("load", *cell) for cell in cells])
    choices = index_of([("option", park.source[one.source], one.label) for one in park.options])
    reductions = index_of(reduced.label)
    full = [("full", *reduced.label[k][1:]) for k in reduced.later]
    program = (
        Program()
        .columns(loads, floor.ravel())
        .columns(choices, 0.0, 1.0, integer=True)
        .columns(reductions, 0.0, reduced.size)
        .columns(full, 0.0, 1.0, integer=True)
    )
    program = _emissions(program, park, floor, reduced)
    holder = np.array([one.source for one in park.options])
    one_each = _wide(_incidence(holder, len(park.source)), count, program)
    program = program.equal([("options", name) for name in park.source], one_each, 1.0)
    capped = np.flatnonzero(np.isfinite(ceiling.ravel()))
    own = sparse.csr_array(sparse.eye_array(count))[capped]
    program = program.at_most(
        [("ceiling", *cells[k]) for k in capped],
        _wide(own, 0, program),
        ceiling.ravel()[capped],
        "kg/d",
    )
    annual = np.array([one.annual for one in park.options])
    cost = np.concatenate([np.zeros(count), annual, reduced.cost, np.zeros(len(full))])
    return Model(
        _in_order(program, reduced, count + len(choices)),
        pd.Series(cost, program.column),
        pd.Series(_tie(park.options, len(full)), choices.append(index_of(full))),
        loads,
        choices,
        reductions,
        reduced.cell,
    )


def grouped(program: Program, park: Park, groups: Grouped) -> Program:
    """Rows of groups over the loads: limits of a period [kg/d] and of the year [t/a]."""
    shape = park.load.shape
    cells = np.arange(park.load.size).reshape(shape)
    for g, name in enumerate(groups.name):
        members = np.flatnonzero(groups.member[g, park.order])
        rows: list[tuple[Any, ...]] = [
            (("group", name, p, t), cells[members, i, j], 1.0, groups.limit[g, i, j], "kg/d")
            for i, p in enumerate(park.pollutant)
            for j, t in enumerate(park.period)
        ]
        each = np.tile(tonnes(1.0, groups.days), len(members))
        rows += [
            (("year", name, p), cells[members, i].ravel(), each, groups.annual[g, i], "t/a")
            for i, p in enumerate(park.pollutant)
        ]
        for label, place, weight, limit, unit in rows:
            if np.isfinite(limit):
                row = np.zeros(len(program.column))
                row[place] = weight
                program = program.at_most([label], row, limit, unit)
    return program


def _emissions(program: Program, park: Park, floor: Floats, reduced: _Reduced) -> Program:
    """Rows that tie each load to the options, and to the reductions where there are any.

    Without reductions the load is what the option leaves, or the floor: an equality, which the
    solver can take out of the program.
    """
    count, each = park.load.size, park.load[0].size
    moves = np.zeros(count, dtype=bool)
    moves[reduced.cell] = True
    left = [(1.0 - one.removal)[:, None] * park.load[one.source] for one in park.options]
    holder = np.array([one.source for one in park.options])
    cell = (holder[:, None] * each + np.arange(each)).ravel()
    amount = np.concatenate([one.ravel() for one in left])
    amount = np.where(moves[cell], amount, np.maximum(amount, floor.ravel()[cell]))
    choice = np.repeat(np.arange(len(holder)), each)
    leaves = sparse.coo_array((-amount, (cell, choice)), (count, len(holder)))
    whole = [sparse.eye_array(count), leaves, _incidence(reduced.cell, count)]
    rows = sparse.csr_array(_wide(sparse.hstack(whole), 0, program))
    labels = [("emission", *cell) for cell in park.cells]
    for here, add in ((~moves, Program.equal), (moves, Program.at_least)):
        some = [labels[k] for k in np.flatnonzero(here)]
        program = add(program, some, sparse.csr_array(rows[here]), 0.0, "kg/d")
    return program


def back(park: Park, values: NDArray[Any]) -> NDArray[Any]:
    """Values by source, in the order given."""
    ordered = np.empty_like(values)
    ordered[park.order] = values
    return ordered


def _reduced(park: Park) -> _Reduced:
    found: list[tuple[Any, ...]] = []
    later, before = [], []
    for piece in park.pieces:
        dearest = np.maximum.accumulate(piece.slope)
        for t, period in enumerate(park.period):
            cell = np.ravel_multi_index((piece.source, piece.pollutant, t), park.load.shape)
            name = ("reduction", park.source[piece.source], park.pollutant[piece.pollutant], period)
            for k, size in enumerate(piece.size):
                if piece.slope[k] < dearest[k]:
                    later.append(len(found))
                    before.append(k)
                found.append(((*name, k + 1), cell, size, tonnes(piece.slope[k], park.days[t])))
    label, at, size, cost = zip(*found, strict=True) if found else ((), (), (), ())
    return _Reduced(
        list(label),
        np.array(at, dtype=np.int64),
        np.array(size, dtype=float),
        np.array(cost, dtype=float),
        np.array(later, dtype=np.int64),
        np.array(before, dtype=np.int64),
    )


def _in_order(program: Program, reduced: _Reduced, first: int) -> Program:
    """Rows that let a cheaper piece begin only where all before it are full."""
    count = len(reduced.later)
    row, full = np.arange(count), first + len(reduced.size) + np.arange(count)
    earlier = [k - n + np.arange(n) for k, n in zip(reduced.later, reduced.before, strict=True)]
    for kind, pieces, add in (
        ("begins", list(reduced.later[:, None]), Program.at_most),
        ("before", earlier, Program.at_least),
    ):
        holder = np.repeat(row, [len(some) for some in pieces])
        piece = np.concatenate([*pieces, row[:0]])
        most = np.bincount(holder, reduced.size[piece], count)
        entries = np.concatenate([np.ones(len(piece)), -most])
        place = np.append(holder, row), np.append(first + piece, full)
        block = sparse.coo_array((entries, place), (count, len(program.column)))
        labels = [(kind, *reduced.label[k][1:]) for k in reduced.later]
        program = add(program, labels, block, 0.0, "kg/d")
    return program


def _wide(block: sparse.sparray, first: int, program: Program) -> sparse.coo_array:
    """Block as rows of the whole program, its first column being that one."""
    entries = sparse.coo_array(block)
    row, column = entries.coords
    shape = entries.shape[0], len(program.column)
    return sparse.coo_array((entries.data, (row, column + first)), shape)


def _incidence(holder: Places, count: int) -> sparse.coo_array:
    """Ones where a column belongs to a row."""
    column = np.arange(len(holder))
    return sparse.coo_array((np.ones(len(holder)), (holder, column)), (count, len(holder)))


def _tie(options: list[Option], further: int) -> Floats:
    """Order of choices of equal cost: fewest changes first, then by label.

    The second part adds up to less than half a change; multiples of the golden section have
    sums that differ, so that one choice is left.
    """
    changed = np.array([one.label != AS_IS for one in options] + [False] * further, dtype=float)
    rank = np.arange(1, len(changed) + 1)
    return np.asarray(changed + (rank * GOLDEN % 1.0) / (2.0 * len(changed)))
