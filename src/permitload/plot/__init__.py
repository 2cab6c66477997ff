"""Figures of a study: functions over labelled data that draw on matplotlib Axes."""

from permitload.plot.books import books
from permitload.plot.charts import headroom_use, monthly, permits_bars
from permitload.plot.contributing import contribution_bars
from permitload.plot.fairness import fairness
from permitload.plot.labels import chinese_font, exceeds, is_cut, label
from permitload.plot.maps import network_map
from permitload.plot.months import park_use, quota_map, section_course
from permitload.plot.panels import alternatives_bars, network_maps
from permitload.plot.picture import png
from permitload.plot.tiers import area_map, intensity_ladder, permit_changes
from permitload.plot.water import flow_map, long_profile, water_series

__all__ = [
    "alternatives_bars",
    "area_map",
    "books",
    "chinese_font",
    "contribution_bars",
    "exceeds",
    "fairness",
    "flow_map",
    "headroom_use",
    "intensity_ladder",
    "is_cut",
    "label",
    "long_profile",
    "monthly",
    "network_map",
    "network_maps",
    "park_use",
    "permit_changes",
    "permits_bars",
    "png",
    "quota_map",
    "section_course",
    "water_series",
]
