"""What a park has agreed on: how quotas follow plans, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from permitload.errors import Fault, raise_faults
from permitload.reallocation.rules import rolling
from permitload.sharing import Filling, project

__all__ = ["REASONS", "Policy"]

REASONS = ("low_production", "closure", "treatment")
"""Why mass was left unused: recalled; for the reserve bank; left to the enterprise as a lot."""
KEPT: Mapping[str, float] = MappingProxyType({"low_production": 0.0, "treatment": 0.25})


@dataclass(frozen=True)
class Policy:
    """Agreed rules of a park. Every default is assumed: the pilot texts give none.

    Parameters
    ----------
    rule : function, default rolling
        Of a problem of months, returns shares: :func:`rolling` or :func:`coefficient`.
    compose : function, default sharing.project
        Reconciles plans with the rows in :func:`rolling`; ``sharing.fill`` is the other.
    lot_share : mapping of str to float
        By reason: part of the quota that may be kept as a lot; not for ``closure``.
    lot_life : float, default 92
        Days after the end of its period at which a lot is gone; the end of the year at latest.
    penalty : float, default 2
        Mass taken for one unit of mass exceeded, >= 1; the unit itself is charged as use.
    rise, fall : float
        Most and least of the plan of the period before that a quota may be, beside
        ``ramp_step`` of the plans. The defaults set no ramp.
    reserve : float, default 0
        Part of the park's limit that is withheld in each period [1].
    shrink : float, default 1
        Factor of the park's limit in the issued period after a section was missed [1].
    over_plan : float, default 1.1
        Most that :func:`coefficient` grants, over the plan [1].
    precision : int, default 1
        Unit of a quota [g].
    implausible : float, default 10
        Use beyond this many quotas is counted in full, and flagged.

    Examples
    --------
    >>> Policy(penalty=1.5).lot_share["low_production"]
    0.0
    """

    rule: Callable[[Any], Filling] = rolling
    compose: Callable[..., Filling] = project
    lot_share: Mapping[str, float] = field(default_factory=lambda: dict(KEPT))
    lot_life: float = 92.0
    penalty: float = 2.0
    rise: float = float("inf")
    fall: float = 0.0
    reserve: float = 0.0
    shrink: float = 1.0
    over_plan: float = 1.1
    precision: int = 1
    implausible: float = 10.0

    def __post_init__(self) -> None:
        """Refuse numbers out of range, all at once."""
        checks = (
            ("lot_life", self.lot_life, self.lot_life >= 0, "days >= 0"),
            ("penalty", self.penalty, 1 <= self.penalty < float("inf"), "a finite number >= 1"),
            ("rise", self.rise, self.rise >= 1, "a number >= 1"),
            ("fall", self.fall, 0 <= self.fall <= 1, "a number from 0 to 1"),
            ("reserve", self.reserve, 0 <= self.reserve < 1, "a number from 0, below 1"),
            ("shrink", self.shrink, 0 <= self.shrink <= 1, "a number from 0 to 1"),
            ("over_plan", self.over_plan, 0 < self.over_plan < float("inf"), "a number > 0"),
            ("precision", self.precision, _whole(self.precision), "a whole number of grams >= 1"),
            ("implausible", self.implausible, self.implausible > 1, "a number > 1"),
        )
        faults = [
            Fault("policy", None, name, value, "is out of range", expected)
            for name, value, right, expected in checks
            if not right
        ]
        kept = [reason for reason in REASONS if reason != "closure"]
        faults += [
            Fault("policy", reason, "lot_share", share, "is out of range", f"0 to 1, of {kept}")
            for reason, share in self.lot_share.items()
            if reason not in kept or not 0 <= share <= 1
        ]
        raise_faults(faults)


def _whole(value: float) -> bool:
    return value >= 1 and value == int(value)
