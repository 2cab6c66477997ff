"""Rules that price the rows: separable sharing solved on the prices, by a Newton method.

A source takes ``clip(origin + step * level(charge), lower, upper)``; its charge is the sum of
``price * coefficient`` over the rows, and the level falls with it. The prices >= 0 at which no
row is exceeded and every priced row is full minimise a convex function of as few unknowns as
there are rows, whose second derivative is ``matrix @ diag(fall) @ matrix.T``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from permitload.errors import ConvergenceError

__all__ = ["Curve", "Market", "clear"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int32]
Line = Callable[[float], tuple[float, float]]

NOISE = 1e-12
"""Part of what a row's limit, floors and targets are worth that is no room."""
TOLERANCE = 1e-13
"""Part of a row's size that a full row may miss before the last correction."""
RIDGE = 1e-13
"""Added to the scaled second derivative: rows that are alike leave it singular."""
ALIKE = 1e-11
"""Part of the greatest singular value below which rows are alike."""
SURELY = 1e3
"""Times the greatest pull towards a price at which a pull away from it is sure to win."""
COARSE = 0.1
"""Part of a slope that a search along a line may leave."""
MOST = 200
"""Steps that are never needed."""


class Curve(NamedTuple):
    """A rule: level at a charge, its fall per unit of charge, and the charge at a level."""

    level: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    charge: Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Market:
    """Rows, their limits, and lines and bounds of the sources; all steps are > 0."""

    curve: Curve
    matrix: sparse.csr_array
    limit: Floats
    lower: Floats
    upper: Floats
    origin: Floats
    step: Floats

    def taken(self, charge: Floats, at: slice | Integers = slice(None)) -> tuple[Floats, Floats]:
        """Shares at a charge, and their fall per unit of it: 0 at floors and above ceilings."""
        free = self.origin[at] + self.step[at] * self.curve.level(charge)
        moving = (free > self.lower[at]) & (free <= self.upper[at])
        slope = self.step[at] * self.curve.slope(np.where(moving, charge, 1.0))
        return np.clip(free, self.lower[at], self.upper[at]), np.where(moving, slope, 0.0)


def clear(market: Market) -> tuple[Floats, Floats]:
    """Shares by source and prices by row; some shares must meet the rows and the bounds."""
    matrix, lower = market.matrix, market.lower
    weight = abs(matrix)
    wanted = market.origin + market.step * market.curve.level(np.zeros(len(lower)))
    size = np.abs(market.limit) + weight @ (
        np.abs(lower) + np.where(np.isfinite(wanted), np.abs(wanted), 0.0)
    )
    plain = np.ones(len(market.limit), dtype=bool)
    plain[np.repeat(np.arange(len(plain)), np.diff(matrix.indptr))[matrix.data < 0]] = False
    top = market.taken(np.zeros(len(lower)))[0]
    shut = plain & (market.limit - matrix @ lower <= NOISE * size)
    # No share exceeds its top unless a row pays for it.
    kept = ~shut & ~(plain.all() & (matrix @ top <= market.limit))
    held = np.zeros(len(lower), dtype=bool)
    held[matrix[shut].indices] = True
    inner = matrix[kept]
    free = ~held & (np.bincount(inner.indices, minlength=len(lower)) > 0)
    share, price = np.where(held, lower, top), np.zeros(len(size))
    if free.any():
        left = market.limit[kept] - inner @ np.where(free, 0.0, share)
        lines = (values[free] for values in (lower, market.upper, market.origin, market.step))
        columns = inner if free.all() else inner[:, free]
        share[free], price[kept] = _descend(Market(market.curve, columns, left, *lines))
    size = np.abs(market.limit) + weight @ np.abs(share)
    if (matrix @ share - market.limit > NOISE * size).any():
        raise ConvergenceError("a row cannot be met: numbers differ by too many digits")
    return share, _shut(market, np.flatnonzero(shut), price)


def _shut(market: Market, rows: NDArray[np.int64], price: Floats) -> Floats:
    """Give rows that the floors fill the least prices at which no source leaves its floor."""
    charge = market.matrix.T @ price
    for r in rows:
        row = slice(market.matrix.indptr[r], market.matrix.indptr[r + 1])
        at, a = market.matrix.indices[row], market.matrix.data[row]
        level = (market.lower[at] - market.origin[at]) / market.step[at]
        known = np.isfinite(charge[at])
        wanted = market.curve.charge(level[known]) - charge[at[known]]
        price[r] = (wanted / a[known]).max(initial=0.0)
        charge[at] += a * price[r]
    return price


def _descend(market: Market) -> tuple[Floats, Floats]:
    """Shares and prices where every row matters."""
    matrix, limit = market.matrix, market.limit
    columns, weight = matrix.tocsc(), abs(matrix)
    price = np.zeros(len(limit))
    for _ in range(MOST):
        charge = matrix.T @ price
        share, fall = market.taken(charge)
        excess = matrix @ share - limit
        # What round-off of the prices moves, kinks included, and of the shares.
        blur = TOLERANCE * (weight.T @ price)
        moved = market.taken(charge - blur)[0] - market.taken(charge + blur)[0]
        near = TOLERANCE * (np.abs(limit) + weight @ np.abs(share)) + weight @ moved
        off = (excess > near) | ((price > 0) & (excess < -near))
        bend = _curvature(columns, fall, off | (price > 0))
        if not off.any():
            return _polished(market, (share, fall, bend), price)
        flat = off & (bend.diagonal() <= 0)
        if flat.any():
            for r in np.flatnonzero(flat):
                price[r] = _alone(market, charge, price[r], int(r))
        else:
            price = _stepped(market, price, (charge, excess, bend))
    raise ConvergenceError(f"prices of rows do not settle in {MOST} steps")


def _curvature(columns: sparse.csc_array, fall: Floats, work: Flags) -> Floats:
    """Second derivative by the prices of some rows; 0 in the lines of the others."""
    from permitload.sharing._kernels import weighted_square

    place = np.where(work, np.cumsum(work) - 1, -1)
    packed = weighted_square(
        (columns.indptr, columns.indices, columns.data), fall, place, int(work.sum())
    )
    bend = np.zeros((len(work), len(work)))
    bend[np.ix_(work, work)] = packed
    return bend


def _alone(market: Market, charge: Floats, price: float, r: int) -> float:
    """Price at which one row is just full, or 0; the charges are brought up to date."""
    row = slice(market.matrix.indptr[r], market.matrix.indptr[r + 1])
    at, a = market.matrix.indices[row], market.matrix.data[row]
    limit, base = float(market.limit[r]), charge[at]
    start = limit - float(a @ market.taken(base, at)[0])
    side = -1.0 if start > 0 else 1.0

    def slope(way: float) -> tuple[float, float]:
        """Slope of what is minimised, a way up or down from the price, and its rise."""
        share, fall = market.taken(base + side * way * a, at)
        return side * (limit - float(a @ share)), float((a * fall) @ a)

    high = max(price, 1.0 / float(np.abs(a).max())) if side > 0 else price
    low, there = 0.0, slope(high)[0]
    while side > 0 and there < 0 and high < np.inf:
        low, high = high, 4.0 * high
        there = slope(high)[0]
    way = high
    if there > 0:
        way = _root(slope, (low, high), COARSE * min(abs(start), abs(limit)))
    charge[at] = base + side * way * a
    return price + side * way


def _stepped(market: Market, price: Floats, there: tuple[Floats, Floats, Floats]) -> Floats:
    """Prices after one Newton step, shortened where it would go too far."""
    charge, excess, bend = there
    step = _direction(bend, price, excess)
    change = market.matrix.T @ step

    def slope(part: float) -> tuple[float, float]:
        """Slope along the step, and its rise."""
        share, fall = market.taken(charge + part * change)
        return float(step @ market.limit - change @ share), float((change * fall) @ change)

    part = 1.0
    unseen = TOLERANCE * (np.abs(step) @ np.abs(market.limit))
    if slope(1.0)[0] > unseen:
        part = _root(slope, (0.0, 1.0), COARSE * abs(float(step @ excess)))
    return np.maximum(price + part * step, 0.0)


def _direction(bend: Floats, price: Floats, excess: Floats) -> Floats:
    """Step to the least of the quadratic model over prices >= 0."""
    from scipy.optimize import nnls

    work = bend.diagonal() > 0
    scale = 1.0 / np.sqrt(bend.diagonal()[work])
    scaled = bend[np.ix_(work, work)] * np.outer(scale, scale) + RIDGE * np.eye(len(scale))
    old, pull = price[work] / scale, excess[work] * scale
    root = np.linalg.cholesky(scaled)
    wish = scaled @ old + pull
    # Rows far from full cost nothing, and their size would cost the others their digits.
    wish = np.maximum(wish, -SURELY * np.abs(wish.max()))
    new = nnls(root.T, np.linalg.solve(root, wish))[0]
    # The rows found to be priced, once more, now free of the digits that large prices cost.
    on, step = new > 0, new - old
    if on.any():
        square = scaled[np.ix_(on, on)]
        rest = pull[on] - scaled[np.ix_(on, ~on)] @ step[~on]
        sharp = _solved(square, rest)
        if np.abs(square @ sharp - rest).max() <= 1e-6 * np.abs(rest).max():
            step[on] = sharp
    found = np.zeros(len(price))
    found[work] = np.maximum(step, -old) * scale
    return found


def _root(slope: Line, ends: tuple[float, float], near: float) -> float:
    """Where a slope that rises from below 0 passes it, coarsely: a gain, and not on a flat."""
    low, high = ends
    below, at = slope(low)[0], high
    for _ in range(MOST):
        value, rise = slope(at)
        # Beyond the least, a convex function has lost less than it has won up to ``low``.
        gain = value <= 0 or value * (at - low) <= -0.5 * below * low
        if abs(value) <= near and rise > 0 and gain:
            break
        if value < 0:
            low, below = at, value
        else:
            high = at
        newton = at - value / rise if rise > 0 else low
        at = newton if low < newton < high else 0.5 * (low + high)
        if not low < at < high:
            break
    return at


def _polished(
    market: Market, there: tuple[Floats, Floats, Floats], price: Floats
) -> tuple[Floats, Floats]:
    """Make the priced rows full to the last digit, by shares in place of charges."""
    share, fall, bend = there
    on = (price > 0) & (bend.diagonal() > 0)
    if not on.any():
        return share, price
    rows, square = market.matrix[on], bend[np.ix_(on, on)]
    scale = 1.0 / np.sqrt(square.diagonal())
    square = square * np.outer(scale, scale)
    for _ in range(2):
        excess = (rows @ share - market.limit[on]) * scale
        step = _solved(square, excess) * scale
        share = np.clip(share - fall * (rows.T @ step), market.lower, market.upper)
        price[on] = np.maximum(price[on] + step, 0.0)
    return share, price


def _solved(square: Floats, right: Floats) -> Floats:
    """Least solution of equations of which some may say the same."""
    return np.asarray(np.linalg.lstsq(square, right, rcond=ALIKE)[0], dtype=float)
