"""Flow of the river: uniform, given from outside, steady and unsteady in looped networks."""

from permitload.hydraulics._run import Details, Run
from permitload.hydraulics.given import RESIDUAL_SHARE, from_flow
from permitload.hydraulics.statistics import period_statistics
from permitload.hydraulics.steady import steady
from permitload.hydraulics.tide import tide
from permitload.hydraulics.uniform import (
    GRAVITY,
    area,
    bed_shear_velocity,
    conveyance,
    critical_depth,
    depth_of_area,
    froude,
    hydraulic_radius,
    normal_depth,
    top_width,
    velocity,
    wetted_perimeter,
)
from permitload.hydraulics.unsteady import unsteady

__all__ = [  # noqa: RUF022  # in plain order
    "Details",
    "GRAVITY",
    "RESIDUAL_SHARE",
    "Run",
    "area",
    "bed_shear_velocity",
    "conveyance",
    "critical_depth",
    "depth_of_area",
    "from_flow",
    "froude",
    "hydraulic_radius",
    "normal_depth",
    "period_statistics",
    "steady",
    "tide",
    "top_width",
    "unsteady",
    "velocity",
    "wetted_perimeter",
]
