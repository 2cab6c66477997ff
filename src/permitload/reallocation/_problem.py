"""The periods that are left of one pollutant, as rows and bounds in grams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from permitload.errors import ConvergenceError, InfeasibleError
from permitload.reallocation._chains import Chains, nearest
from permitload.reallocation._levels import CEILING, RISE, Rising, Ties, levelled
from permitload.sharing import Filling, Rows, fill, project

__all__ = ["GRAMS", "TONNE", "Problem", "served"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Labels = list[tuple[str, str, int]]
Water = tuple[sparse.csr_array, Floats, Labels]

NEAR = 1e-9
"""Part of a row's size by which a share may exceed it before the row is taken in."""
OWN = ("rise", "fall", "permit")
"""Rows of single enterprises, in order."""
ROUND = 1e-12
"""Part of a limit by which floors may exceed it: round-off."""
GRAMS = 1000.0
"""g/d carried by 1 kg/d."""
TONNE = 1e6


class Steps(NamedTuple):
    """Ratio of each period to the one before, and where (period, enterprise) it binds."""

    rise: tuple[Floats, Flags]
    fall: tuple[Floats, Flags]


@dataclass(frozen=True, slots=True)
class Problem:
    """Periods of one pollutant; arrays (period, enterprise), masses in grams.

    ``sections`` is (period, section, enterprise) [mg/L per g], ``room`` (period, section) [mg/L];
    ``response`` is that of the issued period as given, (section, enterprise) [(mg/L)/(kg/d)];
    ``permit`` is what the statutory permit leaves for the periods ``window`` to this one;
    ``most`` is what the ramp from the period before admits of the first.
    """

    plan: Floats
    lower: Floats
    ceiling: Floats
    weight: Floats
    factor: Floats
    sections: Floats
    response: Floats
    names: tuple[str, ...]
    room: Floats
    park: Floats
    left: float
    permit: Floats
    window: NDArray[np.int64]
    days: Floats
    ramps: tuple[float, float] | None
    step: Floats
    most: Floats
    compose: Callable[..., Filling]
    over_plan: float

    def shared(self, target: Floats, upper: Floats, compose: Callable[..., Filling]) -> Filling:
        """Share out by a rule; rows that no share comes near are looked at only when broken.

        Under ``project`` a tier weights the squared departure: with ``z = weight * x`` and
        ``weight * target`` the least ``sum((z - target)**2 / target)`` is that of
        ``weight * (x - target)**2 / target``. Where ramps tie periods it goes by :mod:`_chains`,
        filling by :mod:`_levels`.
        """
        reach = np.maximum(upper, self.lower)
        upper = self._started(reach)
        lower, steps = self._lifted(upper, reach)
        self._refuse(lower)
        coefficient, limit, labels = water = self.water(upper)
        least_squares = compose is project
        way = {project: self._chained, fill: self._levelled}.get(compose)
        if way is not None and (steps.rise[1].any() or steps.fall[1].any()):
            found = way(target, (lower, upper), steps, water)
            if found is not None:
                return found
        scale = np.tile(self.weight if least_squares else np.ones(len(self.weight)), len(self.days))
        seen: set[tuple[str, str, int]] = set()
        while True:
            scaled = sparse.csr_array(coefficient @ sparse.diags_array(1.0 / scale))
            rows = Rows(scaled, pd.Series(limit, _index(labels), dtype=float))
            try:
                found = compose(
                    target.ravel() * scale, rows,
                    lower=lower.ravel() * scale, upper=upper.ravel() * scale,
                )  # fmt: skip
            except ConvergenceError:
                # Prices may not settle; the way of ramps needs none, and knows the permits too.
                way = self._chained if least_squares else None
                other = way and way(target, (lower, upper), steps, water)
                if other is None:
                    raise
                return other
            share = np.clip(found.share / scale, lower.ravel(), upper.ravel())
            more = self._broken(share.reshape(target.shape), steps, seen)
            if not more[2]:
                return Filling(share.reshape(target.shape), found.level, found.stopped_by)
            seen.update(more[2])
            coefficient = sparse.csr_array(sparse.vstack([coefficient, more[0]]))
            limit, labels = np.concatenate([limit, more[1]]), labels + more[2]

    def water(self, upper: Floats) -> tuple[sparse.csr_array, Floats, Labels]:
        """Rows of sections, park and year that the ceilings could fill."""
        periods, count = upper.shape
        rise = np.einsum("ksi,ki->ks", self.sections, upper)
        section = np.argwhere(rise > self.room)
        park = np.flatnonzero(upper.sum(axis=1) > self.park)
        whole = np.arange(int(upper.sum() > self.left))
        at, own = section[:, 0], section[:, 1]
        limit = np.concatenate([self.room[at, own], self.park[park], [self.left] * len(whole)])
        labels = [("section", self.names[s], int(k)) for k, s in section]
        labels += [("park", "", int(k)) for k in park] + [("year", "", 0) for _ in whole]
        data = np.concatenate(
            [self.sections[at, own].ravel(), np.ones(len(park) * count + len(whole) * upper.size)]
        )
        first = np.concatenate([at, park]) * count
        column = np.append(
            (first[:, None] + np.arange(count)).ravel(), np.arange(upper.size * len(whole))
        )
        ends = np.append(count * np.arange(len(first) + 1), [len(data)] * len(whole))
        matrix = sparse.csr_array((data, column, ends), (len(limit), periods * count))
        return matrix, limit, labels

    def _broken(
        self, share: Floats, steps: Steps, seen: set[tuple[str, str, int]]
    ) -> tuple[sparse.csr_array, Floats, Labels]:
        """Rows of single enterprises that shares break: permits of twelve months, ramps."""
        periods, count = share.shape
        at: list[list[tuple[int, float]]] = []
        limit: list[float] = []
        labels: Labels = []

        def add(label: tuple[str, str, int], terms: list[tuple[int, float]], most: float) -> None:
            """Note a row, unless it stands already."""
            if label not in seen:
                at.append(terms)
                limit.append(most)
                labels.append(label)

        taken = np.stack([share[a : b + 1].sum(axis=0) for b, a in enumerate(self.window)])
        over = taken - self.permit
        worst = over.argmax(axis=0)
        beyond = over.max(axis=0) > NEAR * np.maximum(taken.max(axis=0), 1.0)
        for j in map(int, np.flatnonzero(beyond)):
            last = int(worst[j])
            terms = [(k * count + j, 1.0) for k in range(self.window[last], last + 1)]
            add(("permit", str(j), last), terms, float(self.permit[last, j]))
        for kind, k, i, ratio, sign, most in self._steep(share, steps):
            ends = [(k * count + i, sign), ((k - 1) * count + i, -sign * ratio)]
            add((kind, str(i), k), ends, most)
        row = np.repeat(np.arange(len(at)), [len(terms) for terms in at])
        column, value = (
            np.array([term[side] for terms in at for term in terms]) for side in (0, 1)
        )
        shape = (len(at), periods * count)
        matrix = sparse.csr_array((value, (row, column)), shape) if at else None
        return (sparse.csr_array(shape) if matrix is None else matrix), np.array(limit), labels

    def _steep(
        self, share: Floats, steps: Steps
    ) -> list[tuple[str, int, int, float, float, float]]:
        """List too steep steps: row, period, enterprise, ratio, sign, limit."""
        found = []
        for kind, sign, ratio, held in (("rise", 1.0, *steps.rise), ("fall", -1.0, *steps.fall)):
            for k in map(int, np.flatnonzero(held.any(axis=1))):
                over = sign * (share[k] - ratio[k] * share[k - 1]) - self._step(k)
                bad = held[k] & (over > NEAR * np.maximum(share[k], 1.0))
                found += [
                    (kind, k, int(i), float(ratio[k]), sign, float(self._step(k)[i]))
                    for i in np.flatnonzero(bad)
                ]
        return found

    def _step(self, k: int) -> Floats:
        """Mass by which a period may always differ from the one before."""
        return np.asarray(self.step * GRAMS * self.days[k])

    def _chained(
        self, target: Floats, bounds: tuple[Floats, Floats], steps: Steps, water: Water
    ) -> Filling | None:
        """Nearest shares with all ramps and permits at once, by blocks of enterprises."""
        coefficient, limit, labels = water
        periods, count = target.shape
        lower, upper = (bound.T for bound in bounds)
        unit = np.where(target > 0, target, 1.0).T
        own, most = self._own_rows(steps, unit)
        period = np.array([-1 if kind == "year" else k for kind, _, k in labels], dtype=np.int64)
        rows = coefficient.toarray().reshape(len(labels), periods, count).transpose(0, 2, 1)
        chains = Chains(
            np.where(target.T > 0, self.weight[:, None] * target.T, 1.0), own, most,
            rows * unit, limit, period, lower / unit, upper / unit,
        )  # fmt: skip
        found = nearest(chains)
        if found is None:
            return None
        share, price, dear = found
        water_charge = np.moveaxis(rows * (unit * dear[:, None, None]), 0, 1)
        own_charge = own * price[:, : own.shape[1], None]
        charges = np.concatenate([water_charge, own_charge], axis=1)
        names = labels + [(kind, "", k) for kind in OWN for k in range(periods)]
        reason = _reasons(charges, names, (share, lower / unit, upper / unit))
        return Filling((share * unit).T, share.T, reason)

    def _levelled(
        self, target: Floats, bounds: tuple[Floats, Floats], steps: Steps, water: Water
    ) -> Filling:
        """Fill with all ramps and permits at once, along the least shares of each level."""
        coefficient, limit, labels = water
        lower, upper = bounds
        own, most = self._permit_rows(upper)
        ties = Ties(*steps, np.stack([self._step(k) for k in range(len(self.days))]))
        rising = Rising(
            target, lower, upper, ties,
            sparse.csr_array(sparse.vstack([coefficient, own], format="csr")),
            np.append(limit, most[:, 0]),
        )  # fmt: skip
        share, stop, when = levelled(rising)
        names = labels + [("permit", "", int(k)) for k in most[:, 1]]
        reason = np.full(share.size, "ceiling", dtype=object)
        for n, (row, k) in enumerate(zip(stop.ravel().tolist(), when.ravel(), strict=True)):
            if row >= 0:
                reason[n] = names[row]
            elif row != CEILING:
                reason[n] = ("rise" if row == RISE else "fall", "", int(k))
        reason[((share <= lower) & (lower > 0)).ravel()] = "floor"
        reason[(target == 0).ravel()] = "fixed"
        level = np.divide(share, target, out=np.ones_like(share), where=target > 0)
        return Filling(share, level, reason)

    def _permit_rows(self, upper: Floats) -> tuple[sparse.csr_array, Floats]:
        """Permits of twelve months that ceilings could fill, with their limits and periods."""
        count, rows, most = upper.shape[1], [], []
        for k, first in enumerate(self.window.tolist()):
            for i in np.flatnonzero(upper[first : k + 1].sum(axis=0) > self.permit[k]).tolist():
                rows.append(np.arange(first, k + 1) * count + i)
                most.append((float(self.permit[k, i]), float(k)))
        ends = np.cumsum([0, *map(len, rows)])
        column = np.concatenate([np.empty(0, dtype=np.int64), *rows])
        matrix = sparse.csr_array((np.ones(len(column)), column, ends), (len(rows), upper.size))
        return matrix, np.array(most, dtype=float).reshape(-1, 2)

    def _own_rows(self, steps: Steps, unit: Floats) -> tuple[Floats, Floats]:
        """Ramps up, ramps down and permits as rows (enterprise, row, period) with their limits."""
        count, periods = unit.shape
        own, most = np.zeros((count, 3 * periods, periods)), np.ones((count, 3 * periods))
        for first, sign, (ratio, held) in ((0, 1.0, steps.rise), (periods, -1.0, steps.fall)):
            for k in map(int, np.flatnonzero(held.any(axis=1))):
                at = np.flatnonzero(held[k])
                own[at, first + k, k] = sign * unit[at, k]
                own[at, first + k, k - 1] = -sign * ratio[k] * unit[at, k - 1]
                most[at, first + k] = self._step(k)[at]
        for k, start in enumerate(self.window.tolist()):
            at = np.flatnonzero(np.isfinite(self.permit[k]))
            own[at, 2 * periods + k, start : k + 1] = unit[at, start : k + 1]
            most[at, 2 * periods + k] = self.permit[k, at]
        return own, most

    def _started(self, reach: Floats) -> Floats:
        """Ceilings, of the first period no more than the ramp admits."""
        upper = reach.copy()
        upper[0] = np.minimum(reach[0], np.maximum(self.most, self.lower[0]))
        return upper

    def _lifted(self, upper: Floats, reach: Floats) -> tuple[Floats, Steps]:
        """Least shares that floors and ramps allow, and the ramps that bind.

        A ramp says that one share is at least a multiple of another, less a step: of two points
        that keep ramps the lesser of each share does too, so there is a least one. A fall that
        the ceilings themselves make, or a rise that the floors do, is none; nor are the ramps of
        an enterprise whose permit has no room for them. Falls are judged by the ceilings before
        the first ramp, ``reach``, so that each issue judges them as the one before did.
        """
        same = np.append(1.0, self.days[1:] / self.days[:-1])
        rise, fall = (np.inf, 0.0) if self.ramps is None else self.ramps
        up, down = np.zeros((2, *upper.shape), dtype=bool)
        lower = self.lower.copy()
        for k in range(len(lower) - 1, 0, -1) if rise < np.inf else ():
            least = (lower[k] - self._step(k)) / (rise * same[k])
            up[k] = least <= upper[k - 1]
            lower[k - 1] = np.maximum(lower[k - 1], np.where(up[k], least, 0.0))
        for k in range(1, len(lower)) if fall > 0 else ():
            down[k] = reach[k] >= fall * same[k] * reach[k - 1] - self._step(k)
            least = np.where(down[k], fall * same[k] * lower[k - 1] - self._step(k), 0.0)
            lower[k] = np.maximum(lower[k], least)
        taken = np.stack([lower[a : b + 1].sum(axis=0) for b, a in enumerate(self.window)])
        free = (taken > self.permit + NEAR * np.maximum(taken, 1.0)).any(axis=0)
        up[:, free] = down[:, free] = False
        lower[:, free] = self.lower[:, free]
        return lower, Steps((rise * same, up), (fall * same, down))

    def _refuse(self, lower: Floats) -> None:
        """Raise if the least shares alone exceed the water."""
        coefficient, limit, labels = self.water(lower)
        beyond = coefficient @ lower.ravel() - limit > ROUND * limit
        if beyond.any():
            names = ", ".join(str(label) for label, bad in zip(labels, beyond, strict=True) if bad)
            raise InfeasibleError(f"floors and ramps do not fit into {names}")


def served(problem: Problem) -> Floats:
    """Floors that fit the water: those of the greatest weight first, each class filled evenly."""
    lower = np.zeros_like(problem.lower)
    coefficient, limit, labels = problem.water(problem.lower)
    rows = Rows(coefficient, pd.Series(limit, _index(labels), dtype=float))
    for weight in sorted(set(problem.weight.tolist()), reverse=True):
        mine = np.where(problem.weight == weight, problem.lower, lower)
        lower = fill(mine.ravel(), rows, lower=lower.ravel()).share.reshape(mine.shape)
        lower = np.minimum(lower, problem.lower)
    return lower


def _reasons(
    charges: Floats, names: Labels, at: tuple[Floats, Floats, Floats]
) -> NDArray[np.object_]:
    """Name what keeps each share from more: its bound, or the row that charges it most."""
    share, lower, upper = at
    label = np.empty(len(names) + 1, dtype=object)
    label[:] = [*names, "target"]
    dearest, most = charges.argmax(axis=1), charges.max(axis=1)
    near = NEAR * np.maximum(most.max(initial=0.0), 1.0)
    reason = label[np.where(most > near, dearest, len(names))]
    reason[(share - lower <= ROUND * upper) & (lower > 0)] = "floor"
    reason[upper - share <= ROUND * upper] = "ceiling"
    reason[upper == 0.0] = "fixed"
    return np.asarray(reason.T.ravel())


def _index(labels: Labels) -> pd.Index[Any]:
    return pd.Index(labels, dtype=object, tupleize_cols=False)
