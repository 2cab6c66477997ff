"""Claims and bounds of a composition, checked, in the form in which the claims were given."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from permitload._labels import index_of, numbers
from permitload.errors import Fault, raise_faults
from permitload.sharing import Filling

__all__ = ["Claims", "claims_of"]

Floats = NDArray[np.float64]


class Claims(NamedTuple):
    """Claims, floors and ceilings in the order of the claims, checked."""

    claim: Floats
    lower: Floats
    upper: Floats
    given: ArrayLike

    @property
    def most(self) -> NDArray[Any] | pd.Series[Any]:
        """Nobody gets more than the claim, or than a floor above it."""
        return self.like(np.maximum(np.minimum(self.claim, self.upper), self.lower))

    def like(self, values: ArrayLike) -> NDArray[Any] | pd.Series[Any]:
        """Values as the claims were given: a Series if they are one."""
        whole = np.broadcast_to(np.asarray(values), self.claim.shape).copy()
        return pd.Series(whole, self.given.index) if isinstance(self.given, pd.Series) else whole

    def satisfied(self, found: Filling) -> Filling:
        """Give the granted part of each claim as level, and name the claim where it is met."""
        share = np.asarray(found.share, dtype=float)
        moving = self.claim > 0
        level = np.where(moving, share / np.where(moving, self.claim, 1.0), 1.0)
        reason = np.asarray(found.stopped_by, dtype=object)
        met = (reason == "ceiling") & (share < self.upper)
        reason = np.where(met, np.where(self.claim < self.lower, "floor", "target"), reason)
        return Filling(self.like(share), self.like(level), self.like(reason), found.price)


def claims_of(target: ArrayLike, lower: ArrayLike, upper: ArrayLike | None) -> Claims:
    """Claims and bounds as numbers >= 0; the ceiling is the claim, or a floor above it."""
    labels = index_of(target.index if isinstance(target, pd.Series) else range(np.size(target)))
    claim = numbers(target, labels, "target")
    least = numbers(lower, labels, "lower")
    most = numbers(np.maximum(claim, least) if upper is None else upper, labels, "upper")
    checks = (
        ("target", claim, (claim >= 0) & (claim < np.inf), "a finite claim >= 0"),
        ("lower", least, (least >= 0) & (least < np.inf), "a finite floor >= 0"),
        ("upper", most, most >= least, "at least the floor {:g}"),
    )
    raise_faults(
        Fault("claims", labels[k], name, values[k], "is out of range", right.format(least[k]))
        for name, values, sound, right in checks
        for k in np.flatnonzero(~sound)
    )
    return Claims(claim, least, most, target)
