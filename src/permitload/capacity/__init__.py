"""Capacity of the water: formulas for one river, lake or estuary, and networks by their response.

A formula takes numbers, arrays, columns of a table or labelled arrays, and gives the load that the
water can take, in the river and signed: what is negative is owed. A network gives headroom, best
total load, prices and the range of splits; its best split is a vertex and never a permit.
"""

from permitload.capacity.alternatives import compare, upstream_share
from permitload.capacity.bank import bank_discharge, lateral_dispersion, mixing_length, plume
from permitload.capacity.best import best_total, network, ranges
from permitload.capacity.chain import chain, class_margin, into_river, outlet_loads
from permitload.capacity.closure import closure, remaining, stamp
from permitload.capacity.dispersion import (
    advection_decay,
    advection_dispersion,
    advection_spread,
    dispersion_decay,
    dispersive_reach,
    oconnor_number,
    peclet_number,
    regime,
)
from permitload.capacity.estuary import estuary, estuary_concentration
from permitload.capacity.fan import radial_lake, radial_lake_concentration
from permitload.capacity.lake import (
    lake_stock,
    mixed_lake,
    mixed_lake_concentration,
    mixed_lake_course,
    stratified,
    turnover,
)
from permitload.capacity.nutrients import (
    dillon,
    dillon_concentration,
    goda,
    goda_concentration,
    kirchner_dillon,
    oecd,
    oecd_concentration,
    vollenweider,
    vollenweider_concentration,
)
from permitload.capacity.outfalls import (
    head_control,
    head_control_concentration,
    incoming_correction,
    section_control,
    section_control_concentration,
    tail_control,
    tail_control_concentration,
)
from permitload.capacity.owed import owed
from permitload.capacity.oxygen import (
    allowable_demand,
    critical_time,
    oxygen_deficit,
    saturation,
    ultimate_demand,
)
from permitload.capacity.plain import (
    lake_non_uniformity,
    non_uniform,
    non_uniformity,
    plain_network,
    plain_network_concentration,
    two_way,
)
from permitload.capacity.points import points, ruled_points
from permitload.capacity.river import (
    complete_mixing,
    complete_mixing_concentration,
    plug_flow,
    plug_flow_concentration,
    uniform_source,
    uniform_source_concentration,
)
from permitload.capacity.room import headroom
from permitload.capacity.seasonal import (
    FLOOD_SEASON,
    annual,
    decay_at,
    sum_of_periods,
    worst_period,
)
from permitload.capacity.water import (
    Fan,
    Lake,
    River,
    carried,
    exact_balance,
    river_balance,
    standard_balance,
)
from permitload.capacity.zone import (
    MixingZone,
    bank_zone,
    bank_zone_load,
    midstream_zone,
    midstream_zone_load,
)

__all__ = [
    "FLOOD_SEASON",
    "Fan",
    "Lake",
    "MixingZone",
    "River",
    "advection_decay",
    "advection_dispersion",
    "advection_spread",
    "allowable_demand",
    "annual",
    "bank_discharge",
    "bank_zone",
    "bank_zone_load",
    "best_total",
    "carried",
    "chain",
    "class_margin",
    "closure",
    "compare",
    "complete_mixing",
    "complete_mixing_concentration",
    "critical_time",
    "decay_at",
    "dillon",
    "dillon_concentration",
    "dispersion_decay",
    "dispersive_reach",
    "estuary",
    "estuary_concentration",
    "exact_balance",
    "goda",
    "goda_concentration",
    "head_control",
    "head_control_concentration",
    "headroom",
    "incoming_correction",
    "into_river",
    "kirchner_dillon",
    "lake_non_uniformity",
    "lake_stock",
    "lateral_dispersion",
    "midstream_zone",
    "midstream_zone_load",
    "mixed_lake",
    "mixed_lake_concentration",
    "mixed_lake_course",
    "mixing_length",
    "network",
    "non_uniform",
    "non_uniformity",
    "oconnor_number",
    "oecd",
    "oecd_concentration",
    "outlet_loads",
    "owed",
    "oxygen_deficit",
    "peclet_number",
    "plain_network",
    "plain_network_concentration",
    "plug_flow",
    "plug_flow_concentration",
    "plume",
    "points",
    "radial_lake",
    "radial_lake_concentration",
    "ranges",
    "regime",
    "remaining",
    "river_balance",
    "ruled_points",
    "saturation",
    "section_control",
    "section_control_concentration",
    "stamp",
    "standard_balance",
    "stratified",
    "sum_of_periods",
    "tail_control",
    "tail_control_concentration",
    "turnover",
    "two_way",
    "ultimate_demand",
    "uniform_source",
    "uniform_source_concentration",
    "upstream_share",
    "vollenweider",
    "vollenweider_concentration",
    "worst_period",
]
