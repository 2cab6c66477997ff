"""A capacity set of 50 sections, 500 outlets and 12 periods, against HiGHS on the same programs.

The set (five points, duals) may take 1.5 times as long as HiGHS takes for the linear programs that
it solves: their number times one warm solve, the largest-total program given to HiGHS as it stands
with its default options. Exits with 1 above that.
"""

import sys
from collections.abc import Callable
from unittest import mock

import highspy
import numpy as np
import xarray as xr
from measure import Task, interleaved
from registry import model, net
from scipy import sparse
from shapes import Floats

from permitload import capacity, sharing

OUTLETS, PERIODS = 500, 12
ALLOWED = 1.5
SHAPE = "tree"


def case() -> tuple[xr.DataArray, xr.DataArray, xr.DataArray, xr.Dataset]:
    """Response of a net in twelve periods, headroom, present loads, bounds."""
    given, draw = net(SHAPE, 10 * OUTLETS)
    rise = model(given, draw).response()["response"].isel(period=0, drop=True)
    months = xr.DataArray(
        draw.uniform(0.5, 2.0, PERIODS), {"period": [f"{m:02d}" for m in range(1, PERIODS + 1)]}
    )
    response = rise * months
    load = xr.DataArray(
        draw.uniform(1.0, 100.0, OUTLETS), {"outlet": response["outlet"].values}, ["outlet"]
    )
    present = (response * load).sum("outlet").rename(pollutant="indicator")
    room = present * draw.uniform(0.3, 1.5, present.shape)
    return response, room, load, xr.Dataset({"floor": 0.0 * load, "ceiling": 3.0 * load})


def plain(rows: sharing.Rows, upper: Floats) -> Callable[[], highspy.Highs]:
    """Greatest total by HiGHS as it comes: what is timed is passing and solving."""
    limit, matrix = rows.limit.to_numpy(), sparse.csr_array(rows.coefficient.to_numpy())
    many, few = upper.size, limit.size
    given = (
        many, few, matrix.nnz, int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize), 0.0, np.ones(many), np.zeros(many), upper,
        np.full(few, -np.inf), limit, matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32), matrix.data, np.zeros(many, dtype=np.int32),
    )  # fmt: skip

    def run() -> highspy.Highs:
        """Solve one program in a new solver."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call]  # untyped in highspy
        solver.setOptionValue("output_flag", False)
        solver.passModel(*given)
        solver.run()
        return solver

    return run


def programs(run: Callable[[], object]) -> int:
    """Count the linear programs that a call solves."""
    solve, calls = highspy.Highs.run, []

    def counted(solver: highspy.Highs) -> object:
        """Count a call of the solver."""
        calls.append(solver)
        return solve(solver)

    with mock.patch.object(highspy.Highs, "run", counted):
        run()
    return len(calls)


def main() -> int:
    """Time the set and HiGHS in turn; print seconds and their ratio."""
    response, room, load, bounds = case()
    upper = bounds["ceiling"].values
    alone = [plain(one, upper) for one in sharing.section_rows(response, room).values()]

    def whole() -> xr.Dataset:
        """Find the whole set of points."""
        return capacity.points(response, room, load, bounds=bounds)

    count = programs(whole)
    found = whole()["total"].sel(point="max_total").values.ravel()
    right = [run().getObjectiveValue() for run in alone]
    if not np.allclose(found, right, rtol=1e-6):
        raise RuntimeError(f"totals differ: {found} {right}")
    tasks = {"set": Task(whole), "HiGHS": Task(lambda: [run() for run in alone])}
    seconds = interleaved(tasks).seconds
    one = seconds["HiGHS"] / len(alone)
    ratio = seconds["set"] / (count * one)
    print(f"set {seconds['set'] * 1e3:.1f} ms, {count} programs, HiGHS {one * 1e3:.2f} ms each")
    print(f"ratio {ratio:.2f}, at most {ALLOWED}")
    return int(ratio > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
