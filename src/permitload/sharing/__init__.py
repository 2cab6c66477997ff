"""Sharing out: in proportion to weights, or towards a target under many rows.

Examples
--------
>>> capped_proportional(100.0, [5.0, 3.0, 2.0], 0.0, [30.0, 100.0, 100.0])
array([30., 42., 28.])
"""

from permitload.sharing.alpha import alpha_fairness
from permitload.sharing.filling import Filling, fill
from permitload.sharing.minor import de_minimis
from permitload.sharing.projection import project
from permitload.sharing.proportional import capped_proportional, proportional_level
from permitload.sharing.ray import proportion
from permitload.sharing.rows import Rows, section_rows

__all__ = [
    "Filling",
    "Rows",
    "alpha_fairness",
    "capped_proportional",
    "de_minimis",
    "fill",
    "project",
    "proportion",
    "proportional_level",
    "section_rows",
]
