"""Chance rows of one pollutant and period as second-order cones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from permitload.errors import ConvergenceError, DataError, InfeasibleError
from permitload.program import Program, gained

__all__ = ["Cone", "best"]

Floats = NDArray[np.float64]

TOLERANCE = 1e-11
"""What the cone solver is asked for, in a problem scaled to one."""
VERIFIED = 1e-8
"""Part of a row's limit by which a point may exceed it."""


class Cone(NamedTuple):
    """``mean x + reserve(x) <= limit`` by section, for loads x by outlet."""

    mean: Floats
    deviation: Floats
    own: Floats
    correlation: float
    score: float

    def reserve(self, loads: Floats) -> Floats:
        """Z √((1 - ρ)(s_b² + Σ s² x²) + ρ (s_b + Σ s x)²)."""
        squares = self.own**2 + self.deviation**2 @ loads**2
        together = self.own + self.deviation @ loads
        mixed = (1.0 - self.correlation) * squares + self.correlation * together**2
        return np.asarray(self.score * np.sqrt(mixed))

    def used(self, loads: Floats) -> Floats:
        """Mean rise, and what is held back for its uncertainty."""
        return np.asarray(self.mean @ loads + self.reserve(loads))


def best(
    cone: Cone, limit: pd.Series[float], bounds: tuple[Floats, Floats], outlet: pd.Index[Any]
) -> tuple[float, Floats]:
    """Greatest total load and the price of each section, 0 where the background leaves no room."""
    room, (floor, ceiling) = limit.to_numpy(), bounds
    shut = room - cone.reserve(np.zeros(len(outlet))) < 0.0
    ceiling = np.where((cone.mean[shut] > 0.0).any(axis=0), floor, ceiling)
    excess = cone.used(floor) - room
    over = excess > VERIFIED * np.abs(room)
    over &= (cone.mean @ floor > 0.0) | ~shut
    if over.any():
        table = pd.DataFrame({"section": limit.index[over], "missing": excess[over]})
        names = ", ".join(table["section"].astype(str))
        raise InfeasibleError(f"the floors do not fit into the chance rows of {names}", table)
    idle = np.isinf(ceiling) & ~(cone.mean[~shut] > 0.0).any(axis=0)
    if idle.any():
        names = ", ".join(outlet[idle].astype(str))
        raise DataError(f"nothing stops {names}; right would be a ceiling or a section for each")
    price = np.zeros(len(room))
    if not cone.score or not (cone.deviation.any() or cone.own.any()):
        program = Program().columns(range(len(outlet)), floor, ceiling)
        rows = program.at_most(range(int((~shut).sum())), cone.mean[~shut], room[~shut], "mg/L")
        solution, gain = gained(rows, 1.0)
        price[~shut] = gain
        return solution.value, price
    # A row without any room is met by the floors alone, and nothing can be divided by its room.
    left = room > cone.reserve(np.zeros(len(outlet)))
    ceiling = np.where((cone.mean[~left] > 0.0).any(axis=0), floor, ceiling)
    parts = (cone.mean[left], cone.deviation[left], cone.own[left])
    inner = Cone(*parts, cone.correlation, cone.score)
    total, price[left] = _solved(inner, room[left], (floor, ceiling))
    return total, price


def _solved(cone: Cone, room: Floats, bounds: tuple[Floats, Floats]) -> tuple[float, Floats]:
    """Solve by Clarabel: each row is divided by its limit, each load by the most it can be."""
    import clarabel

    floor, ceiling = bounds
    with np.errstate(divide="ignore"):
        alone = np.where(cone.mean > 0.0, room[:, None] / cone.mean, np.inf).min(
            axis=0, initial=np.inf
        )
    size = np.maximum(np.minimum(alone.min(axis=0, initial=np.inf), ceiling), floor)
    size = np.where(size > 0.0, size, 1.0)
    scaled = Cone(
        cone.mean * size / room[:, None],
        cone.deviation * size / room[:, None],
        cone.own / room,
        cone.correlation,
        cone.score,
    )
    blocks, rights = _blocks(scaled)
    kinds: list[Any] = [clarabel.SecondOrderConeT(block.shape[0]) for block in blocks]
    bounded = np.isfinite(ceiling)
    one = sparse.identity(len(size), format="csc")
    blocks += [-one, one.tocsr()[bounded]]
    rights += [-floor / size, (ceiling / size)[bounded]]
    kinds += [clarabel.NonnegativeConeT(len(size)), clarabel.NonnegativeConeT(int(bounded.sum()))]
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    for name in ("tol_gap_abs", "tol_gap_rel", "tol_feas"):
        setattr(settings, name, TOLERANCE)
    weight = size / size.max()
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix((len(size), len(size))), -weight,
        sparse.csc_matrix(sparse.vstack(blocks)), np.concatenate(rights), kinds, settings,
    )  # fmt: skip
    found = solver.solve()
    loads = np.clip(np.asarray(found.x) * size, floor, ceiling)
    excess = cone.used(loads) - room
    if not (excess <= VERIFIED * room).all():
        raise ConvergenceError(f"Clarabel stopped with {found.status} short of a point")
    count = blocks[0].shape[0]
    first = np.asarray(found.z)[: len(room) * count : count]
    return float(loads.sum()), first * size.max() / room


def _blocks(cone: Cone) -> tuple[list[Any], list[Floats]]:
    """Rows ``b - A x`` of each section's cone: what is left, then what it must be longer than."""
    apart = cone.score * np.sqrt(1.0 - cone.correlation)
    together = cone.score * np.sqrt(cone.correlation)
    blocks, rights = [], []
    for mean, deviation, own in zip(cone.mean, cone.deviation, cone.own, strict=True):
        parts = [
            mean[None, :],
            np.zeros((1, len(mean))),
            -together * deviation[None, :],
            sparse.diags_array(-apart * deviation),
        ]
        blocks.append(sparse.csc_array(sparse.vstack([sparse.csc_array(p) for p in parts])))
        rights.append(np.concatenate([[1.0, apart * own, together * own], np.zeros(len(mean))]))
    return blocks, rights
