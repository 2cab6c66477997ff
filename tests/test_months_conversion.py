"""A programme of measures and its months: what it leaves the buyers is what they are issued."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload.conversion import cheapest, programme
from permitload.reallocation import Update, opened, park_forecast, update
from tests.months import EMPTY
from tests.test_conversion import _plan, field, flat, pairs, park, room

DAYS = np.array([153.0, 212.0])
START = np.array(["2026-05-01", "2026-10-01"], "datetime64[ns]")


def _issued(
    response: xr.DataArray, left: xr.DataArray, buyers: pd.DataFrame, ceiling: Any, wanted: Any
) -> list[Update]:
    """Quotas of both seasons from the rows that a programme leaves, plans alike in both."""
    pollutant, period = str(response["pollutant"].item()), response["period"].values
    names = buyers["buyer"].to_numpy(object)
    dated = left.assign_coords(days=("period", DAYS), start=("period", START))
    endless = xr.DataArray(np.full((1, 2), 1e6), {"pollutant": [pollutant], "period": period})
    told = park_forecast(
        response, dated, pd.Series(buyers["outlet"].to_numpy(), names), endless,
        (endless * DAYS / 1000).sum("period"),
    )  # fmt: skip
    dims, shape = ("enterprise", "pollutant", "period"), (len(names), 1, 2)
    by_buyer = {
        key: (dims, np.broadcast_to(np.asarray(values, float)[:, None, None], shape))
        for key, values in (("plan", wanted), ("ceiling", ceiling))
    }
    plans = xr.Dataset(
        {**by_buyer, "permit": (dims[:2], np.full(shape[:2], np.inf))},
        {"enterprise": names, "pollutant": [pollutant], "period": period},
    )
    state, found = opened(names, [pollutant]), []
    for name in period:
        found.append(update(state, name, told, plans, EMPTY))
        state = found[-1].state
    return found


def _rates(found: list[Update]) -> np.ndarray[Any, Any]:
    """Issued rates [kg/d] (period, enterprise)."""
    mass = np.stack([issued.quota.values[:, 0] for issued in found])
    return np.asarray(mass / (1000 * DAYS[:, None]))


def test_farm_measures_make_room_in_their_season_by_hand() -> None:
    """Works at 0.02: a room of 0.2 mg/L is 10 kg/d in the wet season, 0.5 mg/L 25 kg/d in the dry.

    Loads are alike in both seasons, so 25 kg/d are best. They lack 0.3 mg/L in the wet season,
    which farms cure at 0.01 * 365 / 153 per kg/d that they take off, all of it in that season.
    """
    response = field([[[0.01, 0.01], [0.02, 0.02]]], days=DAYS)
    firm = {"own_permit": [30.0], "wanted_load": [30.0], "marginal_cost": [9.0]}
    sellers, buyers = park(response, {"available": [20.0], "marginal_cost": [1.0]}, firm)
    wet = flat(sellers, response) * xr.DataArray([365.0 / 153.0, 0.0], dims="period")
    before, ratio = room(response, [[[0.2, 0.5]]]), pairs(sellers, buyers, [[2.0]])
    found = cheapest(programme(response, before, sellers, buyers, ratio, wet))
    assert found["reduction"].item() == pytest.approx(0.3 * 153.0 / 3.65, rel=1e-6)
    after = _issued(response, found["headroom"], buyers, found["ceiling"].values, [30.0])
    assert _rates(after).ravel() == pytest.approx([25.0, 25.0], rel=1e-6)
    without = _issued(response, before, buyers, found["ceiling"].values, [30.0])
    assert _rates(without).ravel() == pytest.approx([10.0, 25.0], rel=1e-6)
    assert after[0].sentences["sentence"].item().endswith("stopped by section S0 M0.")


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1_000_000))
def test_what_a_programme_permits_is_issued_every_season(seed: int) -> None:
    """All of it where it is what is planned; more of what is wanted where the seasons have room.

    Sections are added up anew: buyers at their quotas, sellers less what they take off in season.
    """
    plan = _plan(seed, whole=True)
    response, before, sellers, buyers, _, timing = plan
    found = cheapest(programme(*plan))
    buyers = buyers.set_index("buyer").loc[found["buyer"].values].reset_index()
    load, ceiling = found["permitted_load"].values, found["ceiling"].values
    exact = _rates(_issued(response, found["headroom"], buyers, ceiling, load))
    gram = 1.0 / (1000.0 * DAYS.min())  # quotas are whole grams, rounded down
    assert exact == pytest.approx(np.broadcast_to(load, exact.shape), rel=1e-6, abs=1.01 * gram)
    wanted = buyers["wanted_load"].to_numpy()
    more = _rates(_issued(response, found["headroom"], buyers, ceiling, wanted))
    assert (more <= np.minimum(ceiling, wanted) + 1e-9).all()
    gain = response.isel(pollutant=0)
    taken = found["reduction"].sel(seller=sellers["seller"].to_numpy(object)).values
    fall = np.einsum(
        "sjt,jt,j->st", gain.sel(outlet=sellers["outlet"].to_numpy()).values, timing.values, taken
    )
    rise = np.einsum("sbt,tb->st", gain.sel(outlet=buyers["outlet"].to_numpy()).values, more)
    assert (rise - fall <= before.values[:, 0] * (1 + 1e-9) + 1e-9).all()
