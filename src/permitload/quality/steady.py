"""Steady concentrations of a network on given flows, with a closed mass ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults
from permitload.network import RiverNetwork
from permitload.quality._aligned import aligned, scenarios_of
from permitload.quality._dry import dry_faults
from permitload.quality._inputs import Inputs, inputs, named
from permitload.quality._layout import layout
from permitload.quality._ledger import Solved, solved
from permitload.quality._period import node_concentration, prepare
from permitload.quality._result import dataset
from permitload.quality._state import state
from permitload.quality.kinetics import Kinetics
from permitload.units import KG_PER_DAY

__all__ = ["steady"]

Floats = NDArray[np.float64]

_CLOSES = 1e-9
"""Share of all load in and out that may be left over."""


def steady(
    network: RiverNetwork,
    hydraulics: xr.Dataset,
    outlets: pd.DataFrame,
    source_load: xr.DataArray,
    inflow: xr.DataArray,
    kinetics: Kinetics,
) -> xr.Dataset:
    r"""Concentrations and mass ledger of every pollutant in every period.

    Reaches are plug flow with first-order loss, exact along the reach; loads enter at their
    position; nodes mix what arrives; storage nodes are mixed tanks. Where the hydraulics
    hold a ``dispersion`` > 0 the reach is solved with it, exactly as well. The order of
    calculation follows the sign of the flow; where water circles, or anything disperses,
    one sparse system is solved instead of a sweep.

    Parameters
    ----------
    network : RiverNetwork
        Rivers.
    hydraulics : Dataset
        ``flow`` (reach, period) [m3/s] without the outlets' effluent, ``volume`` [m3],
        ``boundary_flow`` (node, period) [m3/s]; optional ``share`` (reach), ``dispersion``
        [m2/s], ``temperature`` [°C], ``depth`` [m].
    outlets : DataFrame
        ``outlet``, ``reach`` and ``position`` [m] or ``node``; ``position_to`` [m] spreads the
        load evenly along the reach; ``effluent_flow`` [m3/s] is added to the river's.
    source_load : DataArray (outlet, pollutant, period)
        Load [kg/d]; a missing dimension is repeated. With a further dimension ``scenario``,
        all scenarios are solved together.
    inflow : DataArray (node, pollutant, period)
        Concentration [mg/L] of the water entering at every node with a positive
        ``boundary_flow``, and of held nodes. Always prescribed, never guessed. It may have the
        dimension ``scenario`` too; scenarios of other water are other periods.
    kinetics : mapping
        Pollutant → rates; see :func:`loss_rate`.

    Returns
    -------
    Dataset
        ``concentration`` (reach, end, pollutant, period) and ``node_concentration`` [mg/L],
        NaN where no water flows; ``flux`` past each reach end [kg/d], positive along the
        drawing; ``boundary_in``, ``boundary_out`` (node, …) [kg/d]; ``ledger`` (term, …)
        [kg/d] whose ``residual`` is what does not close; and the segments that :func:`at`
        reads. All have ``scenario`` as their last dimension if the loads or inflow have it.

    Raises
    ------
    DataError
        With every load on dry water, missing concentration, unknown label and invalid value.

    Notes
    -----
    .. math:: \frac{d(QC)}{dx} = q c_l + w - k A C, \qquad
              C(x) = C(0)\, e^{-k t(x)} \text{ where } Q \text{ is constant}

    With dispersion, :math:`Q C' - E A C'' + k A C = 0` on each stretch between loads, with
    continuous concentration and balanced flux at its ends; water enters with the flux
    condition :math:`QC - EAC' = q c` and leaves with :math:`C' = 0`.

    Valid for complete mixing over the section (below the mixing length), first-order loss, and
    flow that is steady for longer than the water travels. Dispersion matters where
    K E / u² > 0.027 (O'Connor number, HJ 2.3-2018, from memory). The wetted area is that of the
    hydraulics: effluent makes the water faster, not deeper. Effluent that reaches a branching
    or an intake divides as the river does. A storage node has the mean temperature of all
    reaches. A result whose ledger does not close to 1e-9 is refused.

    References
    ----------
    Plug flow with decay: GB/T 25173-2010, one-dimensional river model (from memory).

    Examples
    --------
    >>> from permitload import hydraulics as water
    >>> network = RiverNetwork(pd.DataFrame(
    ...     {"reach": ["R"], "from_node": ["a"], "to_node": ["b"], "length": [8640.0]}))
    >>> flow = water.from_flow(network, pd.Series({"R": 10.0}), velocity=pd.Series({"R": 0.1}))
    >>> outlets = pd.DataFrame({"outlet": ["O"], "reach": ["R"], "position": [0.0]})
    >>> load = xr.DataArray([[864.0]], {"outlet": ["O"], "pollutant": ["COD"]})
    >>> inflow = xr.DataArray([[2.0]], {"node": ["a"], "pollutant": ["COD"]})
    >>> found = steady(network, flow, outlets, load, inflow, {"COD": {"decay": 0.2}})
    >>> round(float(found.concentration.sel(reach="R", end="to").item()), 6)  # 3 exp(-0.2)
    2.456192
    """
    known = inputs(network, hydraulics, outlets, _laws(source_load, kinetics))
    scenarios = scenarios_of(source_load, inflow)
    load, given = _columns(known, source_load, inflow, scenarios)
    cut = layout(network.reaches["length"].to_numpy(float), [known.outlets])
    periods = []
    for i, period in enumerate(known.periods):
        with named(known, str(period)):
            water = state(network, known.hydraulics.isel(period=i), known.outlets, cut)
            raise_faults(dry_faults(known, water, load[i], i))
            now = prepare(known, water, cut, (load[i], given[i]), i)
            ends = (network.from_index, network.to_index)
            found = solved(now, *node_concentration(now, ends), load[i].sum(axis=0))
        raise_faults(_residual_faults(known, found, str(period)))
        periods.append(found)
    return dataset(known, cut, periods, scenarios)


def _columns(
    known: Inputs, source_load: xr.DataArray, inflow: xr.DataArray, scenarios: NDArray[Any] | None
) -> tuple[Floats, Floats]:
    """Align loads and inflow concentrations by period: (period, row, pollutant · scenario)."""
    labels = {"pollutant": known.pollutants, "period": known.periods}
    water = known.hydraulics["boundary_flow"].transpose("node", "period").values > 0.0
    needed = (water | known.held[:, None])[:, None, :]
    if scenarios is not None:
        labels["scenario"], needed = scenarios, needed[..., None]
    outlet = {"outlet": known.outlets.index.to_numpy(dtype=object), **labels}
    load = aligned(source_load, "source_load", outlet, np.ones((1,) * len(outlet), dtype=bool))
    node = {"node": known.network.nodes.index.to_numpy(dtype=object), **labels}
    return _by_period(load), _by_period(aligned(inflow, "inflow", node, needed))


def _by_period(values: Floats) -> Floats:
    """Values (row, pollutant, period, scenario) as (period, row, pollutant · scenario)."""
    rows, pollutants, periods, *scenarios = values.shape
    columns = pollutants * int(np.prod(scenarios))
    return np.moveaxis(values, 2, 0).reshape(periods, rows, columns)


def _laws(source_load: xr.DataArray, kinetics: Kinetics) -> Kinetics:
    """Kinetics of the pollutants that are discharged, in the order of the loads."""
    if not isinstance(source_load, xr.DataArray) or "pollutant" not in source_load.coords:
        right = "a DataArray (outlet, pollutant, period) with labels"
        raise_faults([Fault("source_load", None, "pollutant", None, "is missing", right)])
    if not isinstance(kinetics, Mapping):
        right = 'a mapping such as {"COD": {"decay": 0.12}}'
        raise_faults([Fault("kinetics", None, "pollutant", None, "is no mapping", right)])
    pollutants = [str(p) for p in np.atleast_1d(source_load["pollutant"].values)]
    raise_faults(
        Fault("kinetics", p, "pollutant", p, "has no kinetics", "a row for every pollutant")
        for p in pollutants
        if p not in kinetics
    )
    return {p: kinetics[p] for p in pollutants}


def _residual_faults(known: Inputs, found: Solved, period: str) -> list[Fault]:
    """Refuse a result whose mass does not balance: extreme input that arithmetic cannot hold.

    A held node is booked net: what its water carries counts too, or a sea that takes back all
    that it gives would be measured by its own rounding.
    """
    scale = np.abs(found.ledger[:4]).sum(axis=0)
    carried = np.where(found.period.held, found.period.water.through, 0.0)
    scale = scale + carried @ np.abs(np.nan_to_num(found.node))
    off = ~(np.abs(found.ledger[5, :]) <= _CLOSES * scale)
    batch = off.size // max(known.pollutants.size, 1)
    right = "dispersion, lengths and flows of ordinary size"
    return [
        Fault("ledger", f"{known.pollutants[j // batch]}, {period}", "residual",
              float(found.ledger[5, j] * KG_PER_DAY), "kg/d is left over", right)
        for j in np.flatnonzero(off)
    ]  # fmt: skip
