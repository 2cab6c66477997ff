"""Nearest shares where ramps tie the periods of each enterprise: an interior method by blocks.

Periods of one enterprise meet in its ramps and permits, enterprises meet in few rows of water.
So each Newton step takes one small matrix per enterprise and one of the size of the water rows
(Schur complement); the general solver, which knows of no blocks, takes ten times as long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chains", "nearest"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

STEPS, ROUNDS, REPEATS = 40, 20, 4
SETTLED = 1e-7
"""Gain by row that is left to the last correction."""
NEAR = 1e-3
"""Misfit that is left to it."""
HELD, EXACT = 1e6, 1e-10
"""Weight of rows that hold in the last correction, and what it may miss a row by."""
SHUT = 1e-9
"""Part of a row's reach, or of a ceiling, that is no room."""
PULL = 0.995
"""Part of the way to the nearest bound that one step goes."""


@dataclass(frozen=True, slots=True)
class Chains:
    """Shares in parts of the plan, ``z`` (enterprise, period).

    Least ``sum(weight * (z - 1)**2)`` with ``own @ z <= most`` for each enterprise, ``own`` being
    (enterprise, row, period), and ``water @ z <= limit`` for all, (row, enterprise, period);
    ``period`` is that of each water row, -1 for a row over all. ``lower`` and ``upper`` are
    bounds.
    """

    weight: Floats
    own: Floats
    most: Floats
    water: Floats
    limit: Floats
    period: NDArray[np.int64]
    lower: Floats
    upper: Floats


def nearest(chains: Chains) -> tuple[Floats, Floats, Floats] | None:
    """Shares; prices of own rows, ceilings and floors; prices of water rows.

    None where the method does not settle.
    """
    fixed = _fixed(chains)
    free = ~fixed
    base = np.where(fixed, chains.lower, 0.0)
    count = base.shape[1]
    most = chains.most - np.einsum("iqk,ik->iq", chains.own, base)
    limit = chains.limit - np.einsum("rik,ik->r", chains.water, base)
    eye = np.broadcast_to(np.eye(count), (len(base), count, count))
    own = np.concatenate([chains.own, eye, -eye], axis=1) * free[:, None, :]
    most = np.concatenate([most, chains.upper, -chains.lower], axis=1)
    water = chains.water * free
    size = np.abs(own).max(axis=2)
    none = size == 0.0
    most = np.where(none, 1.0, most / np.where(none, 1.0, size))
    own = own / np.where(none, 1.0, size)[:, :, None]
    reach = np.einsum("rik,ik->r", water, np.where(free, chains.upper, 0.0))
    idle = reach <= 0.0
    reach = np.where(idle, 1.0, reach)
    worth, water = chains.weight.max(), water / reach[:, None, None]
    program = _Program(
        np.where(free, chains.weight / worth, 1.0), np.where(free, 1.0, 0.0), own, most,
        water, np.where(idle, 1.0, limit / reach), chains.period,
        *_by_period(water, chains.period),
    )  # fmt: skip
    try:
        found = program.solved(0.5 * (chains.lower + chains.upper) * free)
    except np.linalg.LinAlgError:
        return None
    if found is None:
        return None
    share, price, dear = found
    share = np.clip(np.where(fixed, chains.lower, share), chains.lower, chains.upper)
    return share, price / np.where(none, 1.0, size) * worth, dear / reach * worth


def _by_period(water: Floats, period: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Rows of one period each, (period, number, enterprise), and where each of them stands."""
    dated = np.flatnonzero(period >= 0)
    held = period[dated]
    number = np.array([int((held[:n] == k).sum()) for n, k in enumerate(held)], dtype=np.int64)
    dense = np.zeros((water.shape[2], int(number.max(initial=-1)) + 1, water.shape[1]))
    dense[held, number] = water[dated, :, held]
    return dense, held * dense.shape[1] + number


def _fixed(chains: Chains) -> Flags:
    """Columns without a way to go: their own bounds, or a row that the floors fill."""
    lower, upper = chains.lower, chains.upper
    fixed: Flags = upper - lower <= SHUT * upper
    left = chains.limit - np.einsum("rik,ik->r", chains.water, lower)
    full = left <= SHUT * np.einsum("rik,ik->r", chains.water, upper)
    fixed |= (chains.water[full] > 0).any(axis=0)
    plain = (chains.own >= 0).all(axis=2)
    left = chains.most - np.einsum("iqk,ik->iq", chains.own, lower)
    full = plain & (left <= SHUT * np.einsum("iqk,ik->iq", chains.own, upper))
    return np.asarray(fixed | ((chains.own > 0) & full[:, :, None]).any(axis=1))


@dataclass(frozen=True, slots=True)
class _Program:
    """Scaled numbers: least ``weight/2 * (z - goal)**2`` under rows with slack.

    ``dense`` and ``place``: see :func:`_by_period`.
    """

    weight: Floats
    goal: Floats
    own: Floats
    most: Floats
    water: Floats
    limit: Floats
    period: NDArray[np.int64]
    dense: Floats
    place: NDArray[np.int64]

    def solved(self, share: Floats) -> tuple[Floats, Floats, Floats] | None:
        """Predictor and corrector steps (Mehrotra) until misfits and gap are none."""
        slack = [np.maximum(left, 0.1) for left in self._left(share)]
        price = [np.full(s.shape, 0.1) for s in slack]
        for _ in range(STEPS):
            missed = [s - left for s, left in zip(slack, self._left(share), strict=True)]
            slope = self.weight * (share - self.goal) + self._pulled(price)
            size = sum(s.size for s in slack)
            gap = sum(float((s * p).sum()) for s, p in zip(slack, price, strict=True)) / size
            worst = max(np.abs(slope).max(), *(np.abs(m).max(initial=0.0) for m in missed))
            if gap <= SETTLED and worst <= NEAR:
                found = self._polished(share, slack, price)
                if found is not None:
                    return found
            if not np.isfinite(worst):
                return None
            solve = self._factored(slack, price)
            product = [s * p for s, p in zip(slack, price, strict=True)]
            step = self._step(solve, (slack, price), slope, missed, product)
            ahead = [
                (s + _way(slack, step[1]) * ds) * (p + _way(price, step[2]) * dp)
                for s, ds, p, dp in zip(slack, step[1], price, step[2], strict=True)
            ]
            centre = gap * (sum(float(a.sum()) for a in ahead) / size / gap) ** 3
            product = [
                a + ds * dp - centre for a, ds, dp in zip(product, step[1], step[2], strict=True)
            ]
            step = self._step(solve, (slack, price), slope, missed, product)
            way = min(1.0, PULL * min(_way(slack, step[1]), _way(price, step[2])))
            share = share + way * step[0]
            slack = [s + way * ds for s, ds in zip(slack, step[1], strict=True)]
            price = [p + way * dp for p, dp in zip(price, step[2], strict=True)]
        return None

    def _polished(
        self, share: Floats, slack: list[Floats], price: list[Floats]
    ) -> tuple[Floats, Floats, Floats] | None:
        """Make the rows that hold full to the last digits.

        What has a price below 0 is let go, what is broken held; None where that does not end.
        """
        held = [p > s for s, p in zip(slack, price, strict=True)]
        paid = price
        for _ in range(ROUNDS):
            share, paid = self._full(share, paid, held)
            left = self._left(share)
            more = [
                (h & (p > -EXACT)) | (s < -EXACT) for h, p, s in zip(held, paid, left, strict=True)
            ]
            if all(np.array_equal(h, m) for h, m in zip(held, more, strict=True)):
                slope = self.weight * (share - self.goal) + self._pulled(paid)
                return (share, paid[0], paid[1]) if np.abs(slope).max() <= 100.0 * EXACT else None
            held = more
        return None

    def _full(
        self, share: Floats, price: list[Floats], held: list[Flags]
    ) -> tuple[Floats, list[Floats]]:
        """Best point with some rows full, by multipliers (Hestenes, Powell)."""
        size = [np.where(h, HELD, 1.0 / HELD**4) for h in held]
        solve = self._factored([np.ones(h.shape) for h in held], size)
        paid = [p * h for p, h in zip(price, held, strict=True)]
        over = self._over(share, held)
        for _ in range(REPEATS):
            pulled = self._pulled([p + o for p, o in zip(paid, over, strict=True)])
            share = share + self._solved(solve, -self.weight * (share - self.goal) - pulled)
            over = self._over(share, held)
            paid = [p + o for p, o in zip(paid, over, strict=True)]
        return share, paid

    def _over(self, share: Floats, held: list[Flags]) -> list[Floats]:
        """Weighted misfit of the rows that hold."""
        left = self._left(share)
        return [np.where(h, -HELD * s, 0.0) for h, s in zip(held, left, strict=True)]

    def _left(self, share: Floats) -> list[Floats]:
        """Room of own rows and of water rows."""
        taken = np.einsum("iqk,ik->iq", self.own, share)
        return [self.most - taken, self.limit - np.tensordot(self.water, share, 2)]

    def _pulled(self, price: list[Floats]) -> Floats:
        """Pull of the prices of rows at each share."""
        own = np.einsum("iqk,iq->ik", self.own, price[0])
        return np.asarray(own + np.tensordot(price[1], self.water, 1))

    def _factored(self, slack: list[Floats], price: list[Floats]) -> tuple[Floats, Floats]:
        """Inverse of each enterprise's block, and of the water rows' complement."""
        bent = self.own.transpose(0, 2, 1) @ (self.own * (price[0] / slack[0])[:, :, None])
        count = bent.shape[1]
        bent[:, np.arange(count), np.arange(count)] += self.weight
        inverse = np.linalg.inv(bent)
        whole = np.diag(slack[1] / price[1])
        dated = np.flatnonzero(self.period >= 0)
        most = self.dense.shape[1]
        met = np.zeros((count, most, count, most))
        for k in range(count):
            part = self.dense[k] * inverse[:, k, k:].T[:, None, :]
            part = part @ self.dense[k:].transpose(0, 2, 1)
            met[k, :, k:], met[k:, :, k] = part.transpose(1, 0, 2), part.transpose(0, 2, 1)
        flat = met.reshape(count * most, count * most)
        whole[np.ix_(dated, dated)] += flat[np.ix_(self.place, self.place)]
        for r in np.flatnonzero(self.period < 0):
            pulled = np.einsum("ikm,im->ik", inverse, self.water[r])
            other = self.period >= 0
            part = np.tensordot(self.water[other], pulled, 2)
            whole[other, r] += part
            whole[r, other] += part
            whole[r, self.period < 0] += np.tensordot(self.water[~other], pulled, 2)
        return np.asarray(inverse, dtype=float), np.asarray(np.linalg.inv(whole), dtype=float)

    def _solved(self, solve: tuple[Floats, Floats], right: Floats) -> Floats:
        """Solution of a step's equations: blocks, corrected for what the water rows tie."""
        inverse, whole = solve
        plain = np.einsum("ikm,im->ik", inverse, right)
        dear = whole @ np.tensordot(self.water, plain, 2)
        tied = np.einsum("ikm,im->ik", inverse, np.tensordot(dear, self.water, 1))
        return np.asarray(plain - tied)

    def _step(
        self, solve: tuple[Floats, Floats], at: tuple[list[Floats], list[Floats]],
        slope: Floats, missed: list[Floats], product: list[Floats],
    ) -> tuple[Floats, list[Floats], list[Floats]]:  # fmt: skip
        """Newton step of shares, slacks and prices."""
        slack, price = at
        pull = [(p * m - c) / s for s, p, m, c in zip(slack, price, missed, product, strict=True)]
        share = self._solved(solve, -slope - self._pulled(pull))
        moved = [np.einsum("iqk,ik->iq", self.own, share), np.tensordot(self.water, share, 2)]
        gone = [-m - d for m, d in zip(missed, moved, strict=True)]
        paid = [-(c + p * d) / s for s, p, c, d in zip(slack, price, product, gone, strict=True)]
        return share, gone, paid


def _way(value: list[Floats], step: list[Floats]) -> float:
    """Longest part of a step, 1 at most, that leaves all values above 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return min(
            1.0, *(float(np.where(d < 0, -v / d, 1.0).min(initial=1.0)) for v, d in
                   zip(value, step, strict=True))
        )  # fmt: skip
