"""What treatment technology achieves, and the loads that follow from it.

Trains are assessed against fixed references, from records or declared figures; loads follow from
benchmark drainage, permitted concentration and capacity; what sources could reduce becomes the
weights and options of the allocation, and the plan of measures of a park.

The library has no figures of trains, references or benchmarks of its own here: each comes in a
table, with the document and the evidence that it rests on.
"""

from permitload.technology.achieved import achieved, empirical_bound, lognormal_bound
from permitload.technology.drainage import (
    advanced_drainage,
    advanced_water,
    standard_water,
    undiluted,
)
from permitload.technology.initial import initial_capacity
from permitload.technology.load import load
from permitload.technology.plan import measures_plan
from permitload.technology.potential import (
    by_concentration,
    by_removal,
    cut_tree,
    potential_by,
    reduction_potential,
    train_options,
    train_potential,
)
from permitload.technology.scoring import assess, points

__all__ = [
    "achieved",
    "advanced_drainage",
    "advanced_water",
    "assess",
    "by_concentration",
    "by_removal",
    "cut_tree",
    "empirical_bound",
    "initial_capacity",
    "load",
    "lognormal_bound",
    "measures_plan",
    "points",
    "potential_by",
    "reduction_potential",
    "standard_water",
    "train_options",
    "train_potential",
    "undiluted",
]
