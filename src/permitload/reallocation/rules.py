"""Rules that turn plans into quotas: the rolling program, and Wujin's coefficient."""

from __future__ import annotations

import numpy as np

from permitload.reallocation._problem import Problem
from permitload.sharing import Filling, fill, project

__all__ = ["coefficient", "rolling"]


def rolling(claim: Problem) -> Filling:
    """Shares of this period and the rest of the year, as near to the plans as the rows admit.

    Sections and park in each period, the park's year, the permits of twelve months and the ramps
    are rows; ``Policy.compose`` reconciles them with the plans. With ``sharing.project`` this is
    the least ``sum(tier_weight * (x - plan)**2 / plan)``; with ``sharing.fill``, or any other
    function, the target is ``tier_weight * plan``, so the leximin is that of
    ``x / (tier_weight * plan)``. Nobody gets more than the plan.

    Parameters
    ----------
    claim : Problem
        Periods that are left of one pollutant, made by :func:`update`.

    Returns
    -------
    Filling
        Shares (period, enterprise) [g].

    Raises
    ------
    InfeasibleError
        If floors or ramps do not fit.

    Examples
    --------
    >>> from permitload.reallocation import Policy
    >>> Policy().rule is rolling
    True
    """
    target = claim.plan if claim.compose is project else claim.plan * claim.weight
    return claim.shared(target, np.minimum(claim.plan, claim.ceiling), claim.compose)


def coefficient(claim: Problem) -> Filling:
    """Shares in proportion to plan times ``adjustment_coefficient``, within park and sections.

    With slack sections this is the closed form ``clip(level * base * plan * coefficient, floor,
    over_plan * base * plan)`` that adds up to the park's limit, which ``Policy.shrink`` lowers in
    the issued period if a section was missed in the last. What the ceilings leave stays with the
    park.

    Parameters
    ----------
    claim : Problem
        As for :func:`rolling`.

    Returns
    -------
    Filling
        Shares (period, enterprise) [g].

    Raises
    ------
    InfeasibleError
        If floors or ramps do not fit.

    Examples
    --------
    >>> from permitload.reallocation import Policy
    >>> Policy(rule=coefficient, shrink=0.9).shrink
    0.9
    """
    upper = np.minimum(claim.over_plan * claim.plan, claim.ceiling)
    return claim.shared(claim.plan * claim.factor, upper, fill)
