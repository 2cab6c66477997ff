"""Mean excess over the worst scenarios of each section, as rows of a linear program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from permitload.allocation._uncertain import Problem
from permitload.program import Program, leximin

__all__ = ["Tail", "filled", "greatest"]

Floats = NDArray[np.float64]

TIED = 1e-7
"""Part of a section's size by which the excess of two scenarios differs if it counts as equal."""


class Tail(NamedTuple):
    """Rows (scenario, section) by outlet, and how many scenarios are the worst, in part if so."""

    matrix: Floats
    limit: Floats
    worst: float

    def weights(self, loads: Floats) -> Floats:
        """Weight of each scenario in the mean of the worst, by section; ties share alike."""
        excess = self.matrix @ loads - self.limit
        size = np.abs(self.limit).max(axis=0) + (self.matrix @ loads).max(axis=0)
        edge = -np.sort(-excess, axis=0)[int(np.ceil(self.worst)) - 1]
        above = excess > edge + TIED * size
        tied = ~above & (excess >= edge - TIED * size)
        rest = (self.worst - above.sum(axis=0)) / tied.sum(axis=0)
        return np.asarray((above + tied * rest) / self.worst)

    def excess(self, loads: Floats) -> Floats:
        """Mean excess over the worst scenarios, by section."""
        missed = self.matrix @ loads - self.limit
        return np.asarray((self.weights(loads) * missed).sum(axis=0))

    def mean_row(self, loads: Floats) -> tuple[Floats, Floats]:
        """Response (section, outlet) and headroom (section), means of the worst scenarios."""
        weight = self.weights(loads)
        response = np.einsum("ws,wsn->sn", weight, self.matrix)
        headroom = (weight * self.limit).sum(axis=0)
        # Who reaches an exceeded section in other scenarios only is to add nothing there either.
        reached = np.where(response > 0.0, response, self.matrix.mean(axis=0))
        exceeded = self.excess(0.0 * loads) > 0.0
        return np.where(exceeded[:, None], reached, response), headroom

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
        matrix = self.matrix[:, sections].transpose(1, 0, 2).reshape(len(pairs), -1)
        each = sparse.hstack([sparse.csr_array(matrix), -one, -sparse.eye_array(len(pairs))])
        return program.at_most(pairs, each, self.limit[:, sections].T.ravel(), "mg/L")


def filled(tail: Tail, problem: Problem, claim: Floats) -> Floats:
    """Fill progressively under the rows: loads by outlet."""
    floors = problem.by_outlet(problem.floor)
    full, stuck = _exceeded(tail, floors)
    moving = (claim > 0.0) & (problem.ceiling > problem.floor) & ~stuck[problem.outlet]
    upper = np.where(moving, problem.ceiling, problem.floor)
    inner = tail._replace(matrix=tail.matrix[:, :, problem.outlet])
    program = inner.program(problem.floor, upper, np.flatnonzero(~full))
    loads = problem.floor.copy()
    if moving.any():
        step = pd.Series(claim[moving], np.flatnonzero(moving))
        loads[moving] = leximin(program, 0.0 * step, step)["share"].to_numpy()
    return problem.by_outlet(loads)


def greatest(tail: Tail, problem: Problem) -> float:
    """Greatest total under the rows."""
    count = tail.matrix.shape[2]
    floor, ceiling = problem.by_outlet(problem.floor), problem.by_outlet(problem.ceiling)
    full, stuck = _exceeded(tail, floor)
    program = tail.program(floor, np.where(stuck, floor, ceiling), np.flatnonzero(~full))
    return program.maximise(pd.Series(1.0, range(count))).value


def _exceeded(tail: Tail, floors: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Sections that the floors fill, and the outlets that reach them in some scenario."""
    full = tail.excess(floors) >= 0.0
    return full, np.asarray((tail.matrix[:, full] > 0.0).any(axis=(0, 1)))
