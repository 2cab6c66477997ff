"""Where things are along the reaches: points that cut them into segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload import _profile

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Reaches cut at outlets and sections, in the order of the drawing.

    Segment ``i`` of reach ``r`` lies between points ``i + r`` and ``i + r + 1``.
    """

    first: Ints
    """(reach + 1) first segment of each reach."""
    reach: Ints
    """(segment) reach of each segment."""
    start: Floats
    stop: Floats
    """(segment) ends of each segment, metres from ``from_node`` [m]."""
    point: tuple[Ints, ...]
    """For each table, (row) point of each place; -1 for nodes and spread outlets."""
    spread: tuple[Ints, Ints, Floats]
    """(row of the first table, segment, share of the load in it) of spread outlets."""

    @property
    def points(self) -> int:
        """Number of points."""
        return self.reach.size + self.first.size - 1


def layout(lengths: Floats, places: list[pd.DataFrame]) -> Layout:
    """Cut reaches of given length [m] at the places found by ``RiverNetwork.locate``."""
    count = lengths.size
    reach, position = [np.empty(0, np.int64)], [np.empty(0)]
    for place, columns in zip(places, _columns(places), strict=True):
        inside = place["reach_index"].to_numpy()
        for column in columns:
            known = (inside >= 0) & place[column].notna().to_numpy()
            reach.append(np.where(known, inside, 0))
            # unknown places fall on an existing point
            position.append(np.where(known, place[column].to_numpy(), 0.0))
    local, inner, cut = _inner(lengths, np.concatenate(reach), np.concatenate(position))
    first_point = np.concatenate([[0], np.cumsum(inner + 2)])
    point_reach = np.repeat(np.arange(count), inner + 2)
    point_position = np.zeros(point_reach.size)
    number = first_point[np.concatenate(reach)] + local
    point_position[number[cut]] = np.concatenate(position)[cut]
    point_position[first_point[1:] - 1] = lengths  # a place that near the end is the end
    starts = np.ones(point_reach.size, dtype=bool)
    starts[first_point[1:] - 1] = False
    starts = np.flatnonzero(starts)
    points, stops = _points_of(places, number)
    return Layout(
        first=(first_point - np.arange(count + 1)).astype(np.int64),
        reach=point_reach[starts],
        start=point_position[starts],
        stop=point_position[starts + 1],
        point=tuple(
            np.where(stop >= 0, -1, point) for point, stop in zip(points, stops, strict=True)
        ),
        spread=_spread(places[0], points[0], stops[0], point_position),
    )


def _inner(lengths: Floats, reach: Ints, position: Floats) -> tuple[Ints, Ints, Ints]:
    """Find which places fall together, and which of them lie between the ends of a reach.

    Returns
    -------
    local : (place) its point, counted from the start of the reach
    inner : (reach) points between its ends
    cut : the first place at each of these points
    """
    # a place starts a point of its own where it is far from the one before; those of the last
    # point share the end of the reach where they are near it, whose number is inner + 1
    order = np.lexsort((position, reach))
    of, at = reach[order], position[order]
    begins = np.concatenate([[True], of[1:] != of[:-1]])[: of.size]
    before = np.where(begins, 0.0, np.concatenate([[0.0], at[:-1]])[: at.size])
    fresh = at - before > _profile.SNAP
    upto = np.cumsum(fresh)
    earlier = np.maximum.accumulate(np.where(begins, upto - fresh, 0)) if of.size else upto
    local = np.empty(reach.size, np.int64)
    local[order] = upto - earlier
    inner = np.bincount(of, fresh, lengths.size).astype(np.int64)
    last = np.flatnonzero(np.concatenate([begins[1:], [True]])[: of.size])
    near_end = last[lengths[of[last]] - at[last] <= _profile.SNAP]
    inner[of[near_end]] = np.maximum(inner[of[near_end]] - 1, 0)
    cut = order[fresh]
    return local, inner, cut[local[cut] <= inner[reach[cut]]]


def _columns(places: list[pd.DataFrame]) -> list[list[str]]:
    """Columns that hold places: the first table, of outlets, may spread along a reach."""
    return [["position", "position_to"] if i == 0 else ["position"] for i in range(len(places))]


def _points_of(places: list[pd.DataFrame], number: Ints) -> tuple[list[Ints], list[Ints]]:
    """Numbers of the points where each place starts and stops; -1 where it does not."""
    points, stops, taken = [], [], 0
    for place, columns in zip(places, _columns(places), strict=True):
        size = len(place)
        inside = place["reach_index"].to_numpy() >= 0
        points.append(np.where(inside, number[taken : taken + size], -1))
        stops.append(np.full(size, -1))
        if len(columns) > 1:
            wide = inside & place["position_to"].notna().to_numpy()
            stop = np.where(wide, number[taken + size : taken + 2 * size], -1)
            stops[-1] = np.where(stop > points[-1], stop, -1)  # of no length: a point
        taken += len(columns) * size
    return points, stops


def _spread(
    place: pd.DataFrame, point: Ints, stop: Ints, position: Floats
) -> tuple[Ints, Ints, Floats]:
    """Segments that each spread outlet covers, with the share of its load in each."""
    reach = place["reach_index"].to_numpy()
    rows: list[Any] = []
    segments: list[Any] = []
    shares: list[Any] = []
    for row in np.flatnonzero(stop >= 0):
        ends = position[point[row] : stop[row] + 1]
        rows.append(np.full(ends.size - 1, row))
        segments.append(np.arange(point[row], stop[row]) - reach[row])
        shares.append(np.diff(ends) / (ends[-1] - ends[0]))
    if not rows:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    return np.concatenate(rows), np.concatenate(segments), np.concatenate(shares)
