"""Mean excess over the worst scenarios of each section, as rows of a linear program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from permitload.allocation._cases import Case
from permitload.errors import ConvergenceError, InfeasibleError
from permitload.program import Program
from permitload.sharing import fill

__all__ = ["Row", "Tail", "cuts", "greatest"]

Floats = NDArray[np.float64]

MET = 1e-10
"""Part of a row's size by which the mean of the worst may be exceeded."""
ROUNDS = 1000


class Row(NamedTuple):
    """``coefficient @ loads <= limit`` at a section, by its position."""

    section: int
    coefficient: Floats
    limit: float


class Tail(NamedTuple):
    """Rows (scenario, section) by outlet, and how many scenarios are the worst, in part if so."""

    matrix: Floats
    limit: Floats
    worst: float

    def missed(self, loads: Floats) -> Floats:
        """Excess over the limit by scenario and section."""
        return np.asarray(self.matrix @ loads - self.limit)

    def weights(self, loads: Floats) -> Floats:
        """Weight of each scenario in the mean of the worst, by section; the first of equals."""
        order = np.argsort(-self.missed(loads), axis=0, kind="stable")
        share = np.clip(self.worst - np.arange(len(order)), 0.0, 1.0) / self.worst
        weight = np.empty(order.shape)
        np.put_along_axis(weight, order, share[:, None], axis=0)
        return weight

    def excess(self, loads: Floats) -> Floats:
        """Mean excess over the worst scenarios, by section."""
        return np.asarray((self.weights(loads) * self.missed(loads)).sum(axis=0))

    def row(self, section: int, weight: Floats) -> Row:
        """Mean of the scenarios of a section."""
        limit = float(weight @ self.limit[:, section])
        return Row(section, weight @ self.matrix[:, section], limit)

    def program(self, lower: Floats, upper: Floats, sections: NDArray[np.int64]) -> Program:
        """``η + Σ (a x - h - η)⁺ / worst <= 0`` of some sections; outlets are the first columns."""
        samples, count = len(self.limit), len(sections)
        pairs = [(w, int(s)) for s in sections for w in range(samples)]
        program = Program().columns(range(len(lower)), lower, upper)
        program = program.columns([("edge", int(s)) for s in sections], -np.inf)
        program = program.columns([("beyond", *pair) for pair in pairs])
        one = sparse.kron(sparse.eye_array(count), np.ones((samples, 1)), format="csr")
        mean = sparse.hstack(
            [sparse.csr_array((count, len(lower))), sparse.eye_array(count), one.T / self.worst]
        )
        program = program.at_most([("mean", int(s)) for s in sections], mean, 0.0, "mg/L")
        matrix = self.matrix[:, sections].transpose(1, 0, 2).reshape(len(pairs), len(lower))
        each = sparse.hstack([sparse.csr_array(matrix), -one, -sparse.eye_array(len(pairs))])
        return program.at_most(pairs, each, self.limit[:, sections].T.ravel(), "mg/L")


def cuts(tail: Tail, problem: Case, claim: Floats) -> list[Row]:
    """Rows that have the same filling as the mean of the worst scenarios of every section.

    The mean of the worst is the worst of all weighted means, each of them a row. Those that the
    filling under the rows so far breaks are added until there are none.
    """
    every = np.arange(tail.limit.shape[1])
    mean = np.full(len(tail.limit), 1.0 / len(tail.limit))
    rows = [tail.row(int(s), mean) for s in every]
    size = np.abs(tail.limit).max(axis=0)
    owed = tail.excess(np.zeros(tail.matrix.shape[2]))
    exceeded = owed > 0.0
    # Who reaches an exceeded section in any scenario adds nothing there.
    rows += [rows[s]._replace(limit=-float(owed[s])) for s in every[exceeded]]
    for _ in range(ROUNDS):
        limit = np.maximum([row.limit for row in rows], 0.0)
        matrix = np.stack([row.coefficient for row in rows])[:, problem.place]
        try:
            found = fill(claim, (matrix, limit), lower=problem.floor, upper=problem.ceiling)
        except InfeasibleError:
            return rows  # as whoever shares out under them finds out
        loads = problem.by_column(found.share)
        reach = size + np.abs(tail.matrix @ loads).max(axis=0)
        broken = every[~exceeded & (tail.excess(loads) > MET * reach)]
        if not len(broken):
            return rows
        weight = tail.weights(loads)
        rows += [tail.row(int(s), weight[:, s]) for s in broken]
    raise ConvergenceError(f"the worst scenarios still change after {ROUNDS} rounds")


def greatest(tail: Tail, problem: Case) -> float:
    """Greatest total under the rows."""
    floor, ceiling = problem.by_column(problem.floor), problem.by_column(problem.ceiling)
    exceeded = tail.excess(0.0 * floor) > 0.0
    shut = (tail.matrix[:, exceeded] > 0.0).any(axis=(0, 1))
    over = tail.excess(floor) > MET * np.abs(tail.limit).max(axis=0)
    if (floor[shut] > 0.0).any() or (over & ~exceeded).any():
        raise InfeasibleError("the floors do not fit into the mean of the worst scenarios")
    program = tail.program(floor, np.where(shut, 0.0, ceiling), np.flatnonzero(~exceeded))
    return program.maximise(pd.Series(1.0, range(len(floor)))).value
