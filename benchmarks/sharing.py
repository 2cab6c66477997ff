"""Rules that share out under many rows: problems, and an interior-point solver as the peer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import clarabel
import numpy as np
import pandas as pd
from jobs import SECTIONS, SEED, Job, agree, unchecked
from measure import Task
from scipy import sparse
from shapes import Floats

from permitload.program import Program, leximin
from permitload.sharing import Filling, Rows, fill, project

DENSITY = {"tenth": 0.1, "full": 1.0}
"""Part of the sources that reach a section."""


@dataclass(frozen=True, slots=True)
class Park:
    """Sources under rows of which most bind."""

    target: Floats
    matrix: sparse.csr_array
    limit: Floats
    lower: Floats
    upper: Floats

    def shared(self, rule: Callable[..., Filling]) -> Filling:
        """Share out by one rule."""
        rows = Rows(self.matrix, self.limit)
        return rule(self.target, rows, lower=self.lower, upper=self.upper)

    def exceeded(self, share: Floats) -> float:
        """Greatest relative excess over a limit."""
        return float(((self.matrix @ share - self.limit) / self.limit).max())


def park(shape: str, size: int, rows: int) -> Park:
    """One problem, the same in every run: targets over orders of magnitude, limits of one point."""
    draw = np.random.default_rng([SEED, size])
    target = draw.lognormal(2.0, 1.0, size)
    dense = shape == "full"
    matrix = sparse.csr_array(
        draw.lognormal(0.0, 1.0, (rows, size))
        if dense
        else sparse.random_array(
            (rows, size), density=DENSITY[shape], rng=draw,
            data_sampler=lambda size: draw.lognormal(0.0, 1.0, size),
        )
    )  # fmt: skip
    limit = matrix @ (target * draw.uniform(0.2, 0.8, size)) * draw.uniform(0.97, 1.0, rows)
    lower, upper = 0.05 * target * draw.random(size), target * draw.uniform(0.3, 1.5, size)
    return Park(target, matrix, limit, lower, upper)


def quadratic(given: Park, tolerance: float = 1e-8) -> Callable[[], Floats]:
    """Solve the projection by Clarabel, set up anew; by default as it comes."""
    one = sparse.eye_array(given.target.size)
    square = sparse.csc_matrix(sparse.diags_array(2.0 / given.target))
    most = sparse.csc_matrix(sparse.vstack([given.matrix, one, -one]))
    sides = np.concatenate([given.limit, given.upper, -given.lower])
    chosen: Any = clarabel.DefaultSettings()
    chosen.verbose = False
    chosen.tol_gap_abs = chosen.tol_gap_rel = chosen.tol_feas = tolerance

    def run() -> Floats:
        """Solve once."""
        cones = [clarabel.NonnegativeConeT(sides.size)]
        linear = np.full(given.target.size, -2.0)
        solver = clarabel.DefaultSolver(square, linear, most, sides, cones, chosen)
        return np.array(solver.solve().x)

    return run


def filling(shape: str, size: int) -> Job:
    """Fairest shares under 50 rows against a sequence of linear programs."""
    draw = np.random.default_rng([SEED, size])
    target = draw.lognormal(2.0, 1.0, size)
    rows = draw.uniform(0.1, 1.0, (SECTIONS, size)) * (draw.random((SECTIONS, size)) < 0.2)
    limit = draw.uniform(0.1, 0.9, SECTIONS) * (rows @ target)
    given = Rows(rows, limit)
    program = Program().columns(range(size), 0.0, target).at_most(range(SECTIONS), rows, limit)
    claim = pd.Series(target)

    def peer() -> pd.DataFrame:
        """Solve the same by linear programs."""
        return leximin(program, 0.0 * claim, claim)

    def check() -> None:
        """Compare the answer with another."""
        agree(fill(target, given).share, peer()["share"].to_numpy(), 1e-6)

    tasks = {"fill": Task(lambda: fill(target, given))}
    if size <= 1000:
        tasks["programs"] = Task(peer)
    return Job(tasks, check if size <= 1000 else unchecked, {"rows": SECTIONS})


def rules(shape: str, size: int) -> Job:
    """Filling and projection under 50 rows against Clarabel and a product with the rows."""
    given = park(shape, size, SECTIONS)
    peer = quadratic(given)

    def check() -> None:
        """Compare the answer with another; no row may be exceeded at any size."""
        found = given.shared(project).share
        for share in (found, given.shared(fill).share):
            if given.exceeded(share) > 1e-12:
                raise RuntimeError("a row is exceeded")
        if size <= 10_000:
            agree(found, quadratic(given, 1e-11)(), 1e-5)

    tasks = {
        "fill": Task(lambda: given.shared(fill)),
        "project": Task(lambda: given.shared(project)),
        "product": Task(lambda: given.matrix @ given.target),
    }
    if size <= 10_000:
        tasks["Clarabel"] = Task(peer)
    return Job(tasks, check, {"rows": SECTIONS, "nonzeros": int(given.matrix.nnz)})
