"""Flow of the river: uniform flow in trapezoids, and flows that are given from outside."""

from permitload.hydraulics.given import RESIDUAL_SHARE, from_flow
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

__all__ = [
    "GRAVITY",
    "RESIDUAL_SHARE",
    "area",
    "bed_shear_velocity",
    "conveyance",
    "critical_depth",
    "depth_of_area",
    "from_flow",
    "froude",
    "hydraulic_radius",
    "normal_depth",
    "top_width",
    "velocity",
    "wetted_perimeter",
]
