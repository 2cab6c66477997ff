"""Capacity of the control sections: headroom, best total load, prices and the range of splits.

The loads that attain the best total are a vertex of a polytope, not a permit: what is published
is the total, the prices of the sections, and the fairest and the extreme splits.
"""

from permitload.capacity.best import network, ranges
from permitload.capacity.room import headroom

__all__ = ["headroom", "network", "ranges"]
