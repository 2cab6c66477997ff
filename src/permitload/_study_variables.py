"""Variables of a study's tree, of its uncertain capacity, and of what a source could get alone."""

from math import inf

__all__ = ["STUDY"]

STUDY: tuple[tuple[str, str, str, str] | tuple[str, str, str, str, float, float], ...] = (
    ("tree_weight", "kg/d", "claim of a branch at the section", "分支权重", 0.0, inf),
    (
        "reduction_potential",
        "1",
        "share of its load that a source class can take off",
        "削减潜力",
        0.0,
        1.0,
    ),
    ("leaf_target", "kg/d", "load at the outlet that the tree gives a source", "树目标", 0.0, inf),
    ("alone", "kg/d", "most that a source could get with all others on their floors",
     "单独可得量", 0.0, inf),
    ("uncertainty_reserve", "mg/L", "headroom that uncertainty takes", "不确定性预留", 0.0, inf),
)  # fmt: skip
