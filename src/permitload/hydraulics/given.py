"""Hydraulics from flows that are known: measured, designed, or computed elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from permitload.errors import Fault, raise_faults
from permitload.hydraulics import uniform
from permitload.hydraulics._given import cell_faults, read
from permitload.network import RiverNetwork
from permitload.schema import described
from permitload.units import SECONDS_PER_DAY

__all__ = ["RESIDUAL_SHARE", "from_flow"]

Array = NDArray[np.float64]

RESIDUAL_SHARE = 0.01
"""Undeclared share of the water passing a node above which declared boundaries are at fault."""

_AGREEMENT = 0.01
_ROUNDING = 1e-9
_GEOMETRY = ("width", "roughness", "bed_from", "bed_to")
_WAY_OUT = "a velocity or an area for this reach, or computed hydraulics"


def from_flow(
    network: RiverNetwork,
    flow: xr.DataArray | pd.Series[float],
    velocity: xr.DataArray | pd.Series[float] | None = None,
    area: xr.DataArray | pd.Series[float] | None = None,
    shares: pd.Series[float] | None = None,
    boundaries: xr.Dataset | None = None,
) -> xr.Dataset:
    """Hydraulics of a network whose flows are given.

    The cross-section of a reach comes from ``area``; else from |flow| / ``velocity``; else from
    normal depth, which needs the reach's width, roughness and a bed that falls with the flow.

    Parameters
    ----------
    network : RiverNetwork
        Where the water flows.
    flow : DataArray or Series
        Discharge of every reach [m3/s], positive from ``from_node`` to ``to_node``, without the
        outlets' effluent. DataArray (reach, period) with the coordinates ``days`` (period) [d]
        and ``start`` (period) of calendar periods; a period without ``days`` is a design
        condition held for 365 d. Without ``period`` it is one such condition, ``design``.
    velocity, area : DataArray or Series, optional
        Mean velocity ≥ 0 [m/s] and wetted cross-section > 0 [m2] of some or all reaches,
        by reach, or by reach and period. Given both, they must agree with the flow to 1 %,
        and area is used. A reach without flow needs an area.
    shares : Series, optional
        By reach, the share of the load arriving at its upstream node that it takes [1]. Reaches
        that are not listed take what the listed ones at their node leave, in proportion to
        their flow. A node's shares sum to at most 1; what no reach takes is withdrawn. Where a
        node's reaches are listed its flows need not balance: the load follows the shares alone.
    boundaries : Dataset, optional
        ``flow`` (node, period): declared water entering (+) or leaving (-) [m3/s]; 0 at nodes
        that are not listed.

    Returns
    -------
    Dataset
        ``flow``, ``velocity``, ``area``, ``volume`` [m3] and ``travel_time`` [d] (infinite
        without flow) by reach and period; ``depth`` [m], the mean depth (area over surface
        width), if every width is known; by node and period ``boundary_flow``, the water that
        must enter (+) or leave (-) for the node to balance, and ``lateral_flow``, the part of
        it that nobody declared; ``share`` by reach and period
        if ``shares`` are given.

    Raises
    ------
    DataError
        With every fault of labels and values; then with every reach whose cross-section
        cannot be found, and every node whose undeclared water exceeds 1 % of the water that
        passes (only with ``boundaries`` and without ``shares``).

    Notes
    -----
    Without ``boundaries`` any imbalance is accepted: where no reach brings water, or none takes
    it away, it counts as declared; elsewhere it is reported as ``lateral_flow``. This hides
    nothing, because transport demands a prescribed concentration for all water that enters.
    Imbalances below 1e-9 of the water passing are rounding and count as 0.

    Examples
    --------
    >>> reaches = pd.DataFrame({"reach": ["R1", "R2"], "from_node": ["a", "b"],
    ...                         "to_node": ["b", "c"], "length": [8640.0, 4320.0]})
    >>> index = pd.Index(["R1", "R2"], name="reach")
    >>> result = from_flow(RiverNetwork(reaches), pd.Series([2.0, 2.5], index),
    ...                    velocity=pd.Series([0.1, 0.1], index))
    >>> result["travel_time"].values.ravel().tolist()
    [1.0, 0.5]
    >>> result["boundary_flow"].values.ravel().tolist()
    [2.0, 0.5, -2.5]
    """
    inputs = read(network, flow, velocity, area, shares, boundaries)
    with xr.set_options(arithmetic_join="exact"):  # type: ignore[no-untyped-call]  # untyped in xarray
        section, faults = _cross_section(network, inputs)
        nodes, more = _exchange(network, inputs)
        raise_faults(faults + more)
        return described(_assembled(network, inputs, section, nodes))


def _assembled(
    network: RiverNetwork, inputs: xr.Dataset, area: xr.DataArray, nodes: xr.Dataset
) -> xr.Dataset:
    """Put together everything that follows from the flow and the wetted area."""
    size = abs(inputs["flow"])
    volume = area * _by_reach(network, "length")
    result = nodes.assign_coords(node=network.nodes.index.to_numpy()).assign(
        flow=inputs["flow"],
        velocity=size / area,
        area=area,
        volume=volume,
        travel_time=(volume / size.where(size > 0.0) / SECONDS_PER_DAY).fillna(np.inf),
    )
    depth = _mean_depth(network, area)
    if not bool(depth.isnull().any()):
        result["depth"] = depth
    return result


def _cross_section(network: RiverNetwork, inputs: xr.Dataset) -> tuple[xr.DataArray, list[Fault]]:
    """Wetted area by reach and period: given, from the velocity, or of normal depth."""
    flow, velocity, area = inputs["flow"], inputs["velocity"], inputs["area"]
    size = abs(flow)
    has_area, has_velocity = area.notnull(), velocity.notnull()
    still = ~has_area & (size == 0.0)
    stuck = ~has_area & (size > 0.0) & (velocity == 0.0)
    differ = abs(velocity * area - size) > _AGREEMENT * size
    faults = (
        cell_faults("flows", area, area == 0.0, "holds no water", "an area > 0 m2")
        + cell_faults("flows", flow, still, "has no area", "the area of the water that stands")
        + cell_faults("flows", velocity, stuck, "carries no flow", "a velocity > 0 m/s")
        + cell_faults(
            "flows", velocity, differ, "times area is off the flow by more than 1 %",
            "|flow| = velocity · area, or one of the two only",
        )
    )  # fmt: skip
    normal, more = _normal_area(network, flow.where(~has_area & ~has_velocity & (size > 0.0)))
    from_velocity = size / velocity.where(velocity > 0.0)
    return area.fillna(from_velocity).fillna(normal).rename("area"), faults + more


def _normal_area(network: RiverNetwork, flow: xr.DataArray) -> tuple[xr.DataArray, list[Fault]]:
    """Wetted area of normal depth where ``flow`` is not NaN."""
    reaches = network.reaches.assign(side_slope=network.reaches["side_slope"].fillna(0.0))
    fall = reaches["bed_from"] - reaches["bed_to"]
    needed = flow.notnull().any("period").to_numpy()
    faults = []
    for column, wrong, problem in (
        *((name, reaches[name].isna(), "is empty") for name in _GEOMETRY),
        ("width", (reaches["width"] + reaches["side_slope"]) == 0.0, "and side_slope are 0"),
        ("bed_to", fall == 0.0, "equals bed_from: the bed has no slope"),
    ):
        faults += [
            Fault("reaches", label, column, None, problem, _WAY_OUT)
            for label in reaches.index[wrong.to_numpy() & needed]
        ]
    uphill = flow * xr.DataArray(fall.to_numpy(), dims="reach") < 0.0
    faults += cell_faults("flows", flow, uphill, "runs against the fall of the bed", _WAY_OUT)
    result = flow.copy(deep=False, data=flow.to_numpy().copy())
    if not faults:
        rows, columns = np.nonzero(flow.notnull().to_numpy())
        part = reaches.iloc[rows]
        slope = abs(fall / reaches["length"]).to_numpy()[rows]
        section = part["width"].to_numpy(), part["side_slope"].to_numpy()
        depth = uniform.normal_depth(
            flow.to_numpy()[rows, columns], *section, part["roughness"].to_numpy(), slope
        )
        result.values[rows, columns] = uniform.area(depth, *section)
    return result, faults


def _exchange(network: RiverNetwork, inputs: xr.Dataset) -> tuple[xr.Dataset, list[Fault]]:
    """Water that each node exchanges with the outside, and what of it nobody declared."""
    flow = inputs["flow"]
    forward = flow.to_numpy() >= 0.0
    start, end = network.from_index[:, None], network.to_index[:, None]
    upstream, downstream = np.where(forward, start, end), np.where(forward, end, start)
    leaving = _at_nodes(network, upstream, abs(flow))
    arriving = _at_nodes(network, downstream, abs(flow))
    residual = leaving - arriving
    residual = residual.where(abs(residual) > _ROUNDING * leaving, 0.0)
    faults = []
    if "boundary_flow" in inputs:
        declared = inputs["boundary_flow"]
        lateral = residual - declared
        passing = leaving - declared.clip(max=0.0) - lateral.clip(max=0.0)
        lateral = lateral.where(abs(lateral) > _ROUNDING * passing, 0.0)
        faults = _balance_faults(declared, lateral, passing) if "share" not in inputs else []
    else:
        lateral = residual.where((leaving > 0.0) & (arriving > 0.0), 0.0)
    found = xr.Dataset({"boundary_flow": residual, "lateral_flow": lateral})
    if "share" in inputs:
        found["share"] = _filled_shares(network, upstream, found, inputs)
        taken = _at_nodes(network, upstream, found["share"].where(flow != 0.0, 0.0))
        over, right = taken.rename("share"), "shares that sum to at most 1 at each node"
        over = over.assign_coords(node=network.nodes.index.to_numpy())
        faults += cell_faults("shares", over, over > 1.0 + 1e-12, "is taken in all", right)
    return found, faults


def _filled_shares(
    network: RiverNetwork, upstream: NDArray[np.int64], nodes: xr.Dataset, inputs: xr.Dataset
) -> xr.DataArray:
    """Shares of all reaches: those not listed take the rest of their node by their flow.

    At a node without a listed reach the load follows all water that leaves, intakes included.
    """
    flow, share = inputs["flow"], inputs["share"]
    open_flow = abs(flow).where(share.isnull(), 0.0)
    listed = share.where(flow != 0.0, 0.0)
    column = np.arange(flow.sizes["period"])

    def at_upstream(values: xr.DataArray) -> Array:
        """Sum of values (reach, period) over the reaches that leave each one's upstream node."""
        return np.asarray(_at_nodes(network, upstream, values).to_numpy()[upstream, column])

    rest = np.maximum(1.0 - at_upstream(listed.fillna(0.0)), 0.0)
    taken = (-nodes["boundary_flow"]).clip(min=0.0).to_numpy()[upstream, column]
    free = at_upstream(share.notnull().astype(float)) == 0.0
    total = at_upstream(open_flow) + np.where(free, taken, 0.0)
    part = np.divide(open_flow, total, out=np.zeros(flow.shape), where=total > 0.0) * rest
    return share.copy(deep=False, data=np.where(share.isnull(), part, share))


def _at_nodes(
    network: RiverNetwork, index: NDArray[np.int64], values: xr.DataArray
) -> xr.DataArray:
    """Sum values of (reach, period) at the nodes that ``index`` names for each."""
    cells = values.transpose("reach", "period").to_numpy()
    sums = np.zeros((len(network.nodes), cells.shape[1]))
    np.add.at(sums, (index, np.arange(cells.shape[1])), cells)
    return xr.DataArray(sums, {"period": values["period"]}, ["node", "period"])


def _by_reach(network: RiverNetwork, column: str) -> xr.DataArray:
    """One column of the reaches, without labels: those of what it meets hold."""
    return xr.DataArray(network.reaches[column].to_numpy(), dims="reach")


def _balance_faults(
    declared: xr.DataArray, lateral: xr.DataArray, passing: xr.DataArray
) -> list[Fault]:
    """Nodes at which more than the tolerated share of the passing water is undeclared."""
    faults = []
    for i, j in np.argwhere((abs(lateral) > RESIDUAL_SHARE * passing).to_numpy()):
        here, missing = declared[i, j], float(lateral[i, j])
        faults.append(
            Fault(
                "boundaries",
                f"node {here['node'].item()}, period {here['period'].item()}",
                "flow",
                here.item(),
                f"is off by {missing:+.6g} m3/s, "
                f"{abs(missing) / float(passing[i, j]):.3%} of the water passing",
                f"{here.item() + missing:.6g} m3/s, reach flows that balance, or shares",
            )
        )
    return faults


def _mean_depth(network: RiverNetwork, area: xr.DataArray) -> xr.DataArray:
    """Area over surface width √(b² + 4 z A); NaN where the width is unknown."""
    width, side_slope = _by_reach(network, "width"), _by_reach(network, "side_slope").fillna(0.0)
    surface: xr.DataArray = (width**2 + 4.0 * side_slope * area) ** 0.5
    return area / surface.where(surface > 0.0)
