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
    every = np.arange(count)
    reach = [every, every]
    position = [np.zeros(count), lengths]
    for place, columns in zip(places, _columns(places), strict=True):
        inside = place["reach_index"].to_numpy()
        for column in columns:
            known = (inside >= 0) & place[column].notna().to_numpy()
            reach.append(np.where(known, inside, 0))
            # unknown places fall on an existing point
            position.append(np.where(known, place[column].to_numpy(), 0.0))
    reaches, positions = np.concatenate(reach), np.concatenate(position)
    order = np.lexsort((positions, reaches))
    fresh = np.ones(order.size, dtype=bool)
    fresh[1:] = (np.diff(reaches[order]) > 0) | (np.diff(positions[order]) > _profile.SNAP)
    number = np.empty(order.size, dtype=np.int64)
    number[order] = np.cumsum(fresh) - 1
    point_reach, point_position = reaches[order][fresh], positions[order][fresh]
    first_point = np.searchsorted(point_reach, np.arange(count + 1))
    point_position[first_point[1:] - 1] = lengths  # a place that near the end is the end
    inner = np.ones(point_reach.size, dtype=bool)
    inner[first_point[1:] - 1] = False
    inner = np.flatnonzero(inner)
    points, stops = _points_of(places, number[2 * count :])
    return Layout(
        first=(first_point - np.arange(count + 1)).astype(np.int64),
        reach=point_reach[inner].astype(np.int64),
        start=point_position[inner],
        stop=point_position[inner + 1],
        point=tuple(
            np.where(stop >= 0, -1, point) for point, stop in zip(points, stops, strict=True)
        ),
        spread=_spread(places[0], points[0], stops[0], point_position),
    )


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
