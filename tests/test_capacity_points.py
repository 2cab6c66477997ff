"""Points of the set of allowed loads, what is owed, alternatives, the upstream's share."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from permitload import capacity, quality, sharing
from permitload.errors import DataError
from tests.known import rows as known_rows
from tests.networks import Case, cases, random_case
from tests.test_capacity_known import GRAMS, Chain
from tests.test_capacity_network import basins, bounds, responses, rooms

NEAR: Any = {"rtol": 1e-9, "atol": 1e-9}


def loads(response: xr.DataArray, values: Any) -> xr.DataArray:
    return xr.DataArray(np.array(values, float), {"outlet": response.outlet.values}, ["outlet"])


def one(found: xr.Dataset, point: str) -> xr.Dataset:
    return found.sel(point=point).isel(pollutant=0, period=0)


# --- points -------------------------------------------------------------------------------------


def test_points_of_the_chain_of_the_capacity_case() -> None:
    chain = Chain()
    present = chain.present.to_xarray().rename({chain.present.index.name or "index": "outlet"})
    found = capacity.points(chain.response, chain.room, present)
    right = {(r["variant"], r["quantity"]): float(r["value"]) for r in known_rows(
        "quality/capacity", "chain_all_III", "chain_equal") if r["item"] == "network"}  # fmt: skip
    best, scaled = one(found, "max_total"), one(found, "present_scaled")
    total = right["chain_all_III", "total_max"]
    assert best.total.item() * GRAMS == pytest.approx(total, rel=1e-6)
    assert scaled.total.item() * GRAMS == pytest.approx(right["chain_equal", "total"], rel=1e-6)
    factor = right["chain_equal", "uniform_scale"]
    np.testing.assert_allclose(scaled.point_load / present, factor, rtol=1e-6)
    assert scaled.binding.item() == f"S{right['chain_equal', 'critical_section']:.0f}"
    assert best.binding.item() == "S1; S2; S3; S4; S5"
    for row in known_rows("quality/capacity", "chain_all_III"):
        if row["quantity"] == "shadow_price":
            price = best.point_price.sel(section=row["item"]).item() * GRAMS
            assert price == pytest.approx(float(row["value"]), rel=1e-6)


def test_points_by_hand() -> None:
    # S1: A + 4B <= 100 (in 0.01 mg/L), S2: B <= 15.
    response = responses([[0.01, 0.04], [0.0, 0.01]])
    room = rooms(response, [1.0, 0.15])
    load = loads(response, [30.0, 10.0])
    found = capacity.points(response, room, load, loads(response, [1.0, 2.0]))
    right = {  # loads of A and B, full sections, gain of the total at S1 and S2
        "max_total": ((100.0, 0.0), "S1", (100.0, 0.0)),
        "canonical": ((100.0, 0.0), "S1", (100.0, 0.0)),
        # t + 8t = 100 at S1, 2t = 15 at S2 stops first; all get 3t, dt = 50 per mg/L at S2.
        "equal_ratio": ((7.5, 15.0), "S2", (0.0, 150.0)),
        # B stops at 15, A goes on to 40; room at S2 costs A four times what it gives B.
        "max_min": ((40.0, 15.0), "S1; S2", (100.0, -300.0)),
        # 70 t = 100.
        "present_scaled": ((300.0 / 7.0, 100.0 / 7.0), "S1", (4000.0 / 70.0, 0.0)),
    }
    for name, (split, full, price) in right.items():
        point = one(found, name)
        np.testing.assert_allclose(point.point_load, split, **NEAR)
        np.testing.assert_allclose(point.point_price, price, **NEAR)
        assert point.binding.item() == full
        assert point.total.item() == pytest.approx(sum(split), rel=1e-12)
    assert (found.status == "ok").all()
    assert found.days.values.tolist() == [30.0, 31.0]
    assert found.point_price.attrs["units"] == "(kg/d)/(mg/L)"


def test_points_are_signed_where_headroom_is_negative() -> None:
    # A and B reach S1, which owes 0.6; C reaches S2 alone with B.
    response = responses([[0.01, 0.02, 0.0], [0.0, 0.01, 0.05]])
    room = rooms(response, [-0.6, 0.5])
    found = capacity.points(response, room, loads(response, [40.0, 10.0, 5.0]))
    right = {
        "max_total": ((0.0, -30.0, 10.0), (50.0, 20.0)),
        "canonical": ((0.0, -30.0, 10.0), (50.0, 20.0)),
        "equal_ratio": ((-20.0, -20.0, 10.0), (200.0 / 3.0, 20.0)),
        "max_min": ((-20.0, -20.0, 10.0), (200.0 / 3.0, 20.0)),
        # 40 c + 20 c = 60
        "present_scaled": ((-40.0, -10.0, 10.0), (50.0 / 0.6, 20.0)),
    }
    for name, (split, price) in right.items():
        point = one(found, name)
        np.testing.assert_allclose(point.point_load, split, **NEAR)
        np.testing.assert_allclose(point.point_price, price, **NEAR)
        assert point.binding.item() == "S1; S2"
    assert (found.status == "background_exceeds").all()
    # Nobody reaches the section: nobody is asked, and what is lacking stays in sight.
    apart = response.where(response.section != "S1", 0.0)
    found = capacity.points(apart, room, loads(response, [1.0, 1.0, 1.0]),
                            bounds=bounds(response, 0.0, [7.0, np.inf, np.inf]))  # fmt: skip
    assert (found.spare.sel(section="S1") == -0.6).all()
    assert (found.point_load >= 0.0).all() and not found.binding.str.contains("S1").any()


def test_points_keep_floors_where_they_fit_and_say_where_not() -> None:
    response = responses([[0.01, 0.01]])
    load = loads(response, [30.0, 30.0])
    for room, floor, right, status in (
        # 100 kg/d: B keeps 70, A gets what is left; without floors each gets half.
        (1.0, [0.0, 70.0], [30.0, 70.0], "ok"), (0.6, [0.0, 70.0], [30.0, 30.0],
                                                 "floors_infeasible"),
    ):  # fmt: skip
        found = capacity.points(response, rooms(response, [room]), load,
                                bounds=bounds(response, floor, 90.0))  # fmt: skip
        for name in ("equal_ratio", "max_min", "present_scaled"):
            point = one(found, name)
            np.testing.assert_allclose(point.point_load, right, **NEAR)
            # One more at the section is 100 kg/d more, whoever gets it.
            np.testing.assert_allclose(point.point_price, [100.0], **NEAR)
        assert (found.status == status).all()
        same = capacity.ruled_points(response, rooms(response, [room]), load,
                                     bounds=bounds(response, floor, 90.0))  # fmt: skip
        xr.testing.assert_identical(same, found.isel(point=slice(2, None)))


def test_fair_cut_goes_on_after_the_first_section_is_cured() -> None:
    # S1 owes 1.0 of A alone: 100. S2 owes 1.2 of A and B: A's 100 leave 20 to B.
    response = responses([[0.01, 0.0], [0.01, 0.01]])
    found = capacity.points(response, rooms(response, [-1.0, -1.2]), loads(response, [1.0, 1.0]))
    point = one(found, "max_min")
    np.testing.assert_allclose(point.point_load, [-100.0, -20.0], **NEAR)
    # One more at S1 frees A and binds B; one more at S2 frees B.
    np.testing.assert_allclose(point.point_price, [0.0, 100.0], **NEAR)
    # B's turn never comes where A's cut is enough.
    found = capacity.points(response, rooms(response, [-1.0, -0.9]), loads(response, [1.0, 1.0]))
    np.testing.assert_allclose(one(found, "max_min").point_load, [-100.0, 0.0], **NEAR)


def test_points_refuse_claims_that_are_none() -> None:
    response = responses([[0.01, 0.02]])
    room = rooms(response, [0.5])
    with pytest.raises(DataError, match=r"O2, TP, dry, source_load: -1\.0 is no claim"):
        capacity.points(response, room, loads(response, [1.0, -1.0]))
    with pytest.raises(DataError, match="O1, TP, dry, weight: inf is no claim"):
        capacity.points(response, room, loads(response, [1.0, 1.0]),
                        loads(response, [np.inf, 1.0]))  # fmt: skip
    with pytest.raises(DataError, match="O2, outlet: is in one of two only"):
        capacity.points(response, room, loads(response, [1.0, 1.0])[:1])


def priced_by_difference(
    response: xr.DataArray, room: xr.DataArray, others: tuple[Any, ...], step: float
) -> dict[str, np.ndarray]:
    """Gain of the total of every point for a little more room at each section."""
    gains: dict[str, list[float]] = {}
    at = capacity.points(response, room, *others).total.isel(pollutant=0, period=0)
    for section in response.section.values:
        wider = room + step * (room.section == section)
        more = capacity.points(response, wider, *others).total.isel(pollutant=0, period=0)
        for name in at.point.values:
            gain = (more.sel(point=name) - at.sel(point=name)).item() / step
            gains.setdefault(str(name), []).append(gain)
    return {name: np.array(gain) for name, gain in gains.items()}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_prices_of_points_are_the_gains_of_their_totals(seed: int) -> None:
    draw = np.random.default_rng(seed)
    matrix = draw.uniform(1e-3, 1e-2, (3, 5)) * (draw.random((3, 5)) < 0.7)
    response = responses(matrix)
    room = rooms(response, draw.uniform(-0.5, 1.0, 3))
    present = loads(response, draw.uniform(10.0, 50.0, 5))
    even = loads(response, draw.uniform(0.5, 2.0, 5))
    limited = bounds(response, 0.0, draw.uniform(80.0, 300.0, 5))
    found = capacity.points(response, room, present, even, limited)
    gains = priced_by_difference(response, room, (present, even, limited), 1e-7)
    for name, gain in gains.items():
        price = one(found, name).point_price.values
        np.testing.assert_allclose(price, gain, rtol=1e-4, atol=1e-3)
    same = capacity.ruled_points(response, room, present, even, limited)
    xr.testing.assert_identical(same, found.isel(point=slice(2, None)))


@given(basins(), st.lists(st.sampled_from([0.0, 5.0, 30.0]), min_size=6, max_size=6))
@settings(max_examples=40, deadline=None)
def test_properties_of_points(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset], present: list[float]
) -> None:
    response, room, limited = drawn
    count = response.sizes["outlet"]
    found = capacity.points(response, room, loads(response, present[:count]), bounds=limited)
    same = capacity.ruled_points(response, room, loads(response, present[:count]), bounds=limited)
    xr.testing.assert_identical(same, found.isel(point=slice(2, None)))
    matrix, limit = response.values[:, :, 0, 0], room.values[:, 0, 0]
    reached = matrix.sum(axis=1) > 0
    best = one(found, "max_total").total.item()
    network = capacity.network(response, room, limited)
    allowed = one(found, "max_total").point_load.clip(min=0.0).sum().item()
    assert allowed == pytest.approx(network.total[0, 0].item(), rel=1e-9, abs=1e-9)
    for name in found.point.values:
        split = one(found, name).point_load.values
        assert (np.maximum(split, 0.0) <= limited.ceiling.values).all()
        # A claim of 0 is asked for nothing, so a proportion to it may leave a cut open.
        if name == "present_scaled" and 0.0 in present[:count]:
            continue
        met = matrix @ split <= limit + 1e-9 * (1.0 + np.abs(limit))
        assert met[reached | (limit >= 0)].all(), name
        assert split.sum() <= best + 1e-9 * (1.0 + abs(best))
    fair = one(found, "max_min").point_load.values
    even = one(found, "equal_ratio").point_load.values
    # Filling never grants anyone less than one factor for all does.
    assert (fair >= even - 1e-9 * (1.0 + np.abs(even))).all()


# --- what is owed -------------------------------------------------------------------------------


def test_owed_by_hand() -> None:
    # S1: background leaves 0.3, present adds 0.5; S2: background alone owes 0.2, present adds 0.4.
    response = responses([[0.01, 0.02, 0.0], [0.0, 0.0, 0.04]])
    room = rooms(response, [0.3, -0.2])
    found = capacity.owed(response, room, loads(response, [10.0, 20.0, 10.0]))
    first = found.isel(pollutant=0, period=0)
    np.testing.assert_allclose(first.relief, [[0.1, 0.4, 0.0], [0.0, 0.0, 0.4]], **NEAR)
    for name, right in {"spare": [-0.2, -0.6], "cut_owed": [0.2, 0.6], "own_part": [0.2, 0.4],
                        "other_part": [0.0, 0.2], "able": [1.0, 0.0]}.items():  # fmt: skip
        np.testing.assert_allclose(first[name], right, **NEAR)
    # The least cut takes from B, whose load counts double at S1; C stops altogether.
    np.testing.assert_allclose(first.cut_load, [0.0, 10.0, 10.0], **NEAR)
    with pytest.raises(DataError, match=r"owed, row O1, source_load: nan is no load"):
        capacity.owed(response, room, loads(response, [np.nan, 1.0, 1.0]))


@given(cases())
@example(random_case(seed=107275, nodes=10, reaches=18, dispersed=False))
@settings(max_examples=10, deadline=None)
def test_owed_on_random_networks_against_the_model(drawn: Case) -> None:
    response, drawn_load = drawn.response(), drawn.load
    response = response.assign_coords({d: response[d] for d in ("pollutant", "period")})
    background = quality.at(drawn.sections, drawn.with_(load=drawn_load * 0.0).steady())
    present = quality.at(drawn.sections, drawn.steady())
    limit = (background * 0.0 + 20.0).rename(pollutant="indicator").reset_coords(drop=True)
    limits = xr.Dataset({"limit": limit}, {"sense": ("indicator", ["≤", "≤"])})
    room = capacity.headroom(limits, background)
    found = capacity.owed(response, room, drawn_load)
    order = ("section", "pollutant", "period")
    excess = (present - 20.0).transpose(*order).reset_coords(drop=True)
    # Negative exactly where the model exceeds, and by as much.
    near: Any = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(found.spare.transpose(*order), -excess, **near)
    np.testing.assert_allclose(found.own_part + found.other_part, found.cut_owed, **near)
    # What is cut, put back into the model: every section comes down to what others leave.
    after = quality.at(drawn.sections, drawn.with_(load=drawn_load - found.cut_load).steady())
    most = background.clip(min=20.0).transpose(*order)
    assert (after.transpose(*order).values <= most.values * (1 + 1e-6)).all()
    # Second way: the least total cut as a program of scipy.
    for p in range(2):
        for t in range(2):
            matrix = response["response"].transpose("section", "outlet", ...).values[..., p, t]
            load = drawn_load.transpose("outlet", "pollutant", "period").values[:, p, t]
            own = np.minimum(excess.values[:, p, t].clip(min=0.0), matrix @ load)
            # Rows in parts of what they owe: the solver's tolerance is absolute.
            owing = own > 0
            rows = matrix[owing] / own[owing, None]
            least = linprog(np.ones(8), -rows, np.full(owing.sum(), 1e-9 - 1.0),
                            bounds=np.stack([np.zeros(8), load], axis=1),
                            options={"primal_feasibility_tolerance": 1e-10})  # fmt: skip
            cut = found.cut_load.values[:, p, t].sum()
            # What the slack given to scipy is worth at its own prices.
            slack = 2e-9 * np.abs(least.ineqlin.marginals).sum()
            assert cut == pytest.approx(least.fun, rel=1e-6, abs=1e-6 + slack)


@given(cases())
@settings(max_examples=10, deadline=None)
def test_points_on_random_networks_against_the_model(drawn: Case) -> None:
    response = drawn.response()
    background = quality.at(drawn.sections, drawn.with_(load=drawn.load * 0.0).steady())
    limit = (background * 0.0 + 20.0).rename(pollutant="indicator").reset_coords(drop=True)
    limits = xr.Dataset({"limit": limit}, {"sense": ("indicator", ["≤", "≤"])})
    room = capacity.headroom(limits, background)
    ceiling = xr.Dataset({"ceiling": drawn.load * 0.0 + 1e5})
    found = capacity.points(response, room, drawn.load, bounds=ceiling)
    for name in found.point.values:
        granted = found.point_load.sel(point=name, drop=True).clip(min=0.0)
        after = quality.at(drawn.sections, drawn.with_(load=granted).steady())
        most = background.clip(min=20.0)
        assert (after <= most * (1 + 1e-6)).all(), name
        # Full sections of the set are full in the model.
        for p in found.pollutant.values:
            for t in found.period.values:
                full = found.binding.sel(point=name, pollutant=p, period=t).item()
                for section in filter(None, full.split("; ")):
                    here = {"section": section, "pollutant": p, "period": t}
                    if background.sel(here).item() <= 20.0:
                        assert after.sel(here).item() == pytest.approx(20.0, rel=1e-6)


# --- alternatives -------------------------------------------------------------------------------


def test_alternatives_in_one_table() -> None:
    response = responses([[0.01, 0.02], [0.0, 0.02]])
    room = rooms(response, [1.0, 0.6])
    limited = bounds(response, 0.0, 60.0)
    found = capacity.compare({
        "base": (response, room, limited),
        # twice the water at S1: half the response, and cleaner by 0.2
        "diversion": (response * xr.DataArray([0.5, 1.0], {"section": ["S1", "S2"]}),
                      rooms(response, [1.2, 0.6]), limited),
        # an ecological flow withheld upstream
        "dirtier": (response, rooms(response, [-0.1, 0.6]), None),
        # another outlet altogether
        "moved": (response.isel(outlet=[0]).assign_coords(outlet=["X"]), room, None),
    })  # fmt: skip
    total = found.total.sel(pollutant="TP", period="dry")
    # base: 60 of A, 20 of B by S1; diversion: 60 and 30 by S2; dirtier: a cut of 5 by B
    np.testing.assert_allclose(total, [80.0, 90.0, -5.0, 100.0], **NEAR)
    np.testing.assert_allclose(found.change[:, 0, 0], [0.0, 10.0, -85.0, 20.0], **NEAR)
    assert found.binding[:, 0, 0].values.tolist() == ["S1", "S2", "S1", "S1"]
    assert found.status[:, 0, 0].values.tolist() == ["ok", "ok", "background_exceeds", "ok"]
    table = found.to_dataframe().reset_index()
    assert {"alternative", "pollutant", "period", "total", "change", "binding"} <= {*table}
    with pytest.raises(DataError, match="wet"):
        capacity.compare({"base": (response, room, None),
                          "less": (response.isel(period=[0]), room, None)})  # fmt: skip
    with pytest.raises(DataError, match="no alternative"):
        capacity.compare({})


@given(cases(), st.sampled_from([0.0, 4.0, 15.0, 30.0]))
@settings(max_examples=10, deadline=None)
def test_upstream_share_by_two_scenarios_of_one_model(drawn: Case, target: float) -> None:
    response = drawn.response()
    both = xr.concat([drawn.inflow, drawn.inflow * 0.0 + target], "scenario").assign_coords(
        scenario=["measured", "at_target"]
    )
    solved = drawn.with_(inflow=both, load=drawn.load * 0.0).steady()
    backgrounds = quality.at(drawn.sections, solved)
    limit = backgrounds.isel(scenario=0, drop=True).rename(pollutant="indicator") * 0.0 + 20.0
    limits = xr.Dataset({"limit": limit.reset_coords(drop=True)},
                        {"sense": ("indicator", ["≤", "≤"])})  # fmt: skip
    measured, at_target = (
        capacity.headroom(limits, backgrounds.sel(scenario=name, drop=True))
        for name in ("measured", "at_target")
    )
    ceiling = xr.Dataset({"ceiling": drawn.load * 0.0 + 1e5})
    found = capacity.upstream_share(response, measured, at_target, ceiling)
    rise = backgrounds.sel(scenario="measured") - backgrounds.sel(scenario="at_target")
    np.testing.assert_allclose(
        found.upstream_rise, rise.transpose(*found.upstream_rise.dims), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(
        found.total.sel(alternative="at_target"),
        found.total.sel(alternative="measured") + found.upstream_share, rtol=1e-12, atol=1e-9,
    )  # fmt: skip
    # What the park is allowed does not move with the measured water.
    alone = capacity.compare({"at_target": (response, at_target, ceiling)}).total
    np.testing.assert_array_equal(alone[0], found.total.sel(alternative="at_target"))
    # Worse water than its target takes capacity, better gives some.
    worse = (found.upstream_rise >= 0.0).all("section")
    assert (found.upstream_share.where(worse, 0.0) >= -1e-6).all()


def test_upstream_share_by_hand() -> None:
    response = responses([[0.01]])
    found = capacity.upstream_share(response, rooms(response, [-0.3]), rooms(response, [0.5]))
    # 50 kg/d are the park's; of what is measured 30 are lacking; 80 are the upstream's.
    np.testing.assert_allclose(found.total[:, 0, 0], [50.0, -30.0], **NEAR)
    np.testing.assert_allclose(found.upstream_share, 80.0, **NEAR)
    np.testing.assert_allclose(found.upstream_rise, 0.8, **NEAR)


def test_the_set_itself_is_rows_with_labels() -> None:
    response = responses([[0.01, 0.04], [0.0, 0.01]])
    kept = sharing.section_rows(response, rooms(response, [-1.0, 0.15]))
    coefficient, limit = kept["TP", "wet"]
    assert coefficient.loc["S1", "O2"] == 0.04 and limit.to_dict() == {"S1": -1.0, "S2": 0.15}
