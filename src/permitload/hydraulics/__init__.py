"""Flow of the river: uniform, given, steady and unsteady in looped networks, and of design."""

from permitload.hydraulics._design import Sampled
from permitload.hydraulics._run import Details, Run
from permitload.hydraulics.design import design_flow
from permitload.hydraulics.driest import (
    driest_month,
    driest_month_of_decade,
    driest_month_stage,
    mean_of_driest_months,
    nonzero_driest_month,
)
from permitload.hydraulics.frequency import (
    log_pearson3,
    pearson3,
    pearson3_l_moments,
    plotting_position,
)
from permitload.hydraulics.given import RESIDUAL_SHARE, from_flow
from permitload.hydraulics.lows import (
    low_stage,
    lowest_mean,
    seven_q_ten,
    tennant,
    thirty_q_ten,
)
from permitload.hydraulics.period_flow import period_flow
from permitload.hydraulics.statistics import period_statistics
from permitload.hydraulics.steady import steady
from permitload.hydraulics.swmm import swmm_boundaries, swmm_tables
from permitload.hydraulics.through import structures_as_reaches
from permitload.hydraulics.tide import tide
from permitload.hydraulics.typical import typical_year
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

__all__ = [  # noqa: RUF022  # in plain order, as of every package
    "Details",
    "GRAVITY",
    "RESIDUAL_SHARE",
    "Run",
    "Sampled",
    "area",
    "bed_shear_velocity",
    "conveyance",
    "critical_depth",
    "depth_of_area",
    "design_flow",
    "driest_month",
    "driest_month_of_decade",
    "driest_month_stage",
    "from_flow",
    "froude",
    "hydraulic_radius",
    "log_pearson3",
    "low_stage",
    "lowest_mean",
    "mean_of_driest_months",
    "nonzero_driest_month",
    "normal_depth",
    "pearson3",
    "pearson3_l_moments",
    "period_flow",
    "period_statistics",
    "plotting_position",
    "seven_q_ten",
    "steady",
    "structures_as_reaches",
    "swmm_boundaries",
    "swmm_tables",
    "tennant",
    "thirty_q_ten",
    "tide",
    "top_width",
    "typical_year",
    "unsteady",
    "velocity",
    "wetted_perimeter",
]
