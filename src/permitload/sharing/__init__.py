"""Sharing out: in proportion to weights, or by filling towards a target under many rows.

Examples
--------
>>> capped_proportional(100.0, [5.0, 3.0, 2.0], 0.0, [30.0, 100.0, 100.0])
array([30., 42., 28.])
"""

from permitload.sharing.filling import Filling, fill
from permitload.sharing.proportional import capped_proportional, proportional_level
from permitload.sharing.ray import proportion
from permitload.sharing.rows import Rows, section_rows

__all__ = [
    "Filling",
    "Rows",
    "capped_proportional",
    "fill",
    "proportion",
    "proportional_level",
    "section_rows",
]
