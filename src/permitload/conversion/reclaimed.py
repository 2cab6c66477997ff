"""Reclaimed water: what no longer leaves the outlet, and when that may be credited."""

from __future__ import annotations

import numpy as np
import xarray as xr

from permitload.errors import DataError, Fault, raise_faults
from permitload.schema import described
from permitload.units import flux

__all__ = ["permit_credit", "reclaimed_water"]

ROUND_OFF = 1e-9
"""Part of a permit that is round-off."""


def reclaimed_water(
    reclaimed_flow: float,
    outlet_concentration: float,
    wastewater_flow: float,
    recovery: float,
    rejection: float,
    concentrate_removal: float,
) -> xr.Dataset:
    """Load that a works frees by reclaiming part of its effluent through membranes.

    Freed is what no longer leaves the outlet: the load in the product, and of the concentrate the
    part that is removed. What of the concentrate goes back to the outlet is still discharged, in
    less water. Water that is reused without membranes has ``recovery`` 1 and ``rejection`` 0.

    Parameters
    ----------
    reclaimed_flow : float
        Reclaimed water delivered [m3/s].
    outlet_concentration : float
        Concentration of the effluent [mg/L].
    wastewater_flow : float
        Effluent of the works before reuse [m3/s].
    recovery : float
        Product over feed, 0 < r <= 1 [1].
    rejection : float
        Share of the feed's load that stays in the concentrate [1]; 0 where recovery is 1.
    concentrate_removal : float
        Share of the concentrate's load that is removed, 0 if all is returned [1].

    Returns
    -------
    Dataset
        ``feed_flow`` [m3/s]; ``product_load``, ``concentrate_load``, ``freed_load`` and
        ``claimed_load`` [kg/d], the last being water times concentration, which is not freed.

    Raises
    ------
    DataError
        If a number is out of range, or the feed exceeds the effluent.

    Notes
    -----
    ``freed = feed load (1 - rejection (1 - concentrate_removal))``. What users of the product send
    back to the works is not freed: it comes back with their wastewater. The outlet's water becomes
    less, too: hydraulics and response are to be computed anew before capacity is shared out.

    Examples
    --------
    >>> found = reclaimed_water(0.07, 30.0, 0.23, 0.7, 0.95, 0.0)
    >>> round(found.freed_load.item(), 3), round(found.claimed_load.item(), 2)
    (12.96, 181.44)
    """
    given = {
        "reclaimed_flow": reclaimed_flow, "outlet_concentration": outlet_concentration,
        "wastewater_flow": wastewater_flow, "recovery": recovery, "rejection": rejection,
        "concentrate_removal": concentrate_removal,
    }  # fmt: skip
    shares = ("recovery", "rejection", "concentrate_removal")
    faults = [
        Fault("reclaimed_water", None, name, value, "is out of range",
              "a number from 0 to 1" if name in shares else "a number >= 0")
        for name, value in given.items()
        if not 0.0 <= value <= (1.0 if name in shares else np.finfo(float).max)
    ]  # fmt: skip
    if recovery == 0.0:
        faults.append(Fault("reclaimed_water", None, "recovery", 0.0, "makes no water", "> 0"))
    if recovery == 1.0 and rejection > 0.0:
        problem = "leaves load in no water"
        faults.append(Fault("reclaimed_water", None, "rejection", rejection, problem,
                            "0 where recovery is 1"))  # fmt: skip
    raise_faults(faults)
    feed = reclaimed_flow / recovery
    if feed > wastewater_flow * (1.0 + ROUND_OFF):
        raise DataError(
            f"reclaimed_flow {reclaimed_flow:g} m3/s needs a feed of {feed:g} m3/s; right would be "
            f"at most the effluent, {wastewater_flow:g} m3/s"
        )
    whole = flux(feed, outlet_concentration)
    product, concentrate = whole * (1.0 - rejection), whole * rejection
    found = {
        "feed_flow": feed, "product_load": product, "concentrate_load": concentrate,
        "freed_load": product + concentrate * concentrate_removal,
        "claimed_load": flux(reclaimed_flow, outlet_concentration),
    }  # fmt: skip
    return described(xr.Dataset({name: ((), value) for name, value in found.items()}))


def permit_credit(
    freed_load: float, permit_before: float, permit_after: float, credited: float
) -> float:
    """Part of a freed load that may be credited now: only what the works' own permit has fallen by.

    Parameters
    ----------
    freed_load : float
        Load that no longer leaves the outlet [kg/d].
    permit_before, permit_after : float
        Permit of the works before the reuse, and the one in force [kg/d].
    credited : float
        What has been credited of it already, here or in a reserve bank [kg/d].

    Returns
    -------
    float
        ``min(freed_load, permit_before - permit_after) - credited`` [kg/d].

    Raises
    ------
    DataError
        If a number is negative, the permit has not fallen, or more has been credited than that.

    Examples
    --------
    >>> permit_credit(12.0, 600.0, 590.0, 4.0)
    6.0
    """
    given = {
        "freed_load": freed_load, "permit_before": permit_before, "permit_after": permit_after,
        "credited": credited,
    }  # fmt: skip
    raise_faults(
        Fault("permit_credit", None, name, value, "is out of range", "a number >= 0 [kg/d]")
        for name, value in given.items()
        if not 0.0 <= value < np.inf
    )
    fallen = permit_before - permit_after
    if fallen <= 0.0:
        raise DataError(
            f"permit_after {permit_after:g} kg/d is not below permit_before {permit_before:g} kg/d;"
            " right would be a permit that falls before its load is credited"
        )
    most = min(freed_load, fallen)
    if credited > most * (1.0 + ROUND_OFF):
        raise DataError(
            f"credited {credited:g} kg/d is more than may be credited at all, {most:g} kg/d; right "
            "would be each load once"
        )
    return max(most - credited, 0.0)
