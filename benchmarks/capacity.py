"""A capacity set of many sections, outlets and periods, against HiGHS on the same programs."""

from collections.abc import Callable
from unittest import mock

import highspy
import numpy as np
import xarray as xr
from jobs import Job, agree, model, net
from measure import Task
from scipy import sparse
from shapes import Floats

from permitload import capacity, sharing

PERIODS = 12
OWED = 0.2
"""Part of sections and periods whose headroom is negative, where some is."""


def case(outlets: int, owed: float) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Response of a tree in twelve periods, headroom, present loads."""
    given, draw = net("tree", 10 * outlets)
    rise = model(given, draw).response()["response"].isel(period=0, drop=True)
    months = xr.DataArray(
        draw.uniform(0.5, 2.0, PERIODS), {"period": [f"{m:02d}" for m in range(1, PERIODS + 1)]}
    )
    response = rise * months
    load = xr.DataArray(
        draw.uniform(1.0, 100.0, outlets), {"outlet": response["outlet"].values}, ["outlet"]
    )
    present = (response * load).sum("outlet").rename(pollutant="indicator")
    room = present * draw.uniform(0.3, 1.5, present.shape)
    return response, room.where(draw.random(room.shape) >= owed, -room), load


def programs(rows: sharing.Rows, upper: Floats) -> list[Callable[[], highspy.Highs]]:
    """Programs of one period: the greatest total, and the least cut where one is owed."""
    limit, matrix = rows.limit.to_numpy(), sparse.csr_array(rows.coefficient.to_numpy())
    owed = limit < 0.0
    touched = np.zeros(len(upper), dtype=bool)
    touched[matrix[owed].indices] = True
    found = [_alone(matrix, np.maximum(limit, 0.0), np.where(touched, 0.0, upper))]
    reached = owed & (np.diff(matrix.indptr) > 0)
    if reached.any():
        cuts = np.where(touched, np.inf, 0.0)
        found.append(_alone(-matrix[reached], limit[reached], cuts, -1.0))
    return found


def _alone(
    matrix: sparse.csr_array, limit: Floats, upper: Floats, cost: float = 1.0
) -> Callable[[], highspy.Highs]:
    """Give one program to HiGHS as it comes: what is timed is passing and solving."""
    many, few = upper.size, limit.size
    given = (
        many, few, matrix.nnz, int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize), 0.0, np.full(many, cost), np.zeros(many), upper,
        np.full(few, -np.inf), limit, matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32), matrix.data, np.zeros(many, dtype=np.int32),
    )  # fmt: skip

    def run() -> highspy.Highs:
        """Solve the program in a new solver."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call]  # untyped in highspy
        solver.setOptionValue("output_flag", False)
        solver.passModel(*given)
        solver.run()
        return solver

    return run


def solved(run: Callable[[], object]) -> int:
    """Count the linear programs that a call solves."""
    solve, calls = highspy.Highs.run, []

    def counted(solver: highspy.Highs) -> object:
        """Count a call of the solver."""
        calls.append(solver)
        return solve(solver)

    with mock.patch.object(highspy.Highs, "run", counted):
        run()
    return len(calls)


def points(shape: str, size: int) -> Job:
    """Find a set of some outlets; its headroom is positive (room) or partly negative (owed)."""
    response, room, load = case(size, OWED if shape == "owed" else 0.0)
    bounds = xr.Dataset({"floor": 0.0 * load, "ceiling": 3.0 * load})
    upper = bounds["ceiling"].values
    alone = [programs(rows, upper) for rows in sharing.section_rows(response, room).values()]

    def whole() -> xr.Dataset:
        """Find the whole set of points."""
        return capacity.points(response, room, load, bounds=bounds)

    def peer() -> list[float]:
        """Solve all programs; give the signed total of each period."""
        return [sum(run().getObjectiveValue() for run in period) for period in alone]

    count = sum(map(len, alone))

    def check() -> None:
        """Compare totals, and count the programs of the set."""
        found = whole()["total"].sel(point="max_total").values.ravel()
        agree(found, np.array(peer()), 1e-6)
        if solved(whole) != count:
            raise RuntimeError(f"the set solves {solved(whole)} programs; right would be {count}")

    return Job({"set": Task(whole), "programs": Task(peer)}, check, {"programs": count})
