"""Limits of groups beside those of sections: by period, by year, priced, relaxed, rounded."""

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from permitload import allocation, sharing
from permitload.errors import DataError, InfeasibleError
from permitload.program import Program, leximin
from tests.test_allocation import case, responses, rooms, works
from tests.test_explain import chained

DAYS = [100.0, 265.0]
PARK = pd.DataFrame({"group": ["park", "park"], "source": ["E1", "E2"]})


def limit_table(**numbers: float) -> pd.DataFrame:
    return pd.DataFrame([{"group": "park", "pollutant": "TP", "period": ""} | numbers])


def year_of(matrix: Any, days: list[float] = DAYS) -> xr.DataArray:
    """Response, the same in all periods of a year."""
    response = responses({f"M{k + 1}": matrix for k in range(len(days))})
    return response.assign_coords(days=("period", days))


RESPONSE = year_of([[0.1, 0.0, 0.1]])
ROOM = rooms(RESPONSE, [5.0])
LOADS = {"source_load": [10.0, 10.0, 10.0], "ceiling": [10.0, 10.0, 10.0]}
SOURCES = works(RESPONSE, ["O1", "O2", "O3"], LOADS)


def test_a_limit_of_a_period_is_a_row_of_its_own() -> None:
    sources = allocation.with_groups(SOURCES, PARK, limit_table(group_limit=12.0))
    found = allocation.allocate(RESPONSE, ROOM, sources)
    for period in ("M1", "M2"):
        one = found.sel(period=period, pollutant="TP")
        assert one.permitted_load.values.tolist() == [6.0, 6.0, 10.0]
        assert one.stopped_by.values.tolist() == ["park", "park", "ceiling"]
    dry = pd.concat([limit_table(group_limit=12.0), limit_table(group_limit=5.0)])
    dry["period"] = ["", "M2"]
    found = allocation.allocate(
        RESPONSE, ROOM, allocation.with_groups(SOURCES, PARK, dry.reset_index(drop=True))
    )
    assert found.permitted_load.sel(source="E1").values.ravel().tolist() == [6.0, 2.5]


def test_a_total_of_the_year_couples_the_periods() -> None:
    """By hand: 100 d and 265 d; what a dry period cannot use is there in the other."""
    sources = allocation.with_groups(SOURCES, PARK, limit_table(annual_total=3.65))
    found = allocation.allocate(RESPONSE, ROOM, sources)
    # two sources, 365 d: 5 kg/d each in every period
    assert found.permitted_load.sel(source=["E1", "E2"]).values.ravel() == pytest.approx([5.0] * 4)
    assert set(found.stopped_by.sel(source=["E1", "E2"]).values.ravel()) == {"park (year)"}
    assert (found.permitted_load.sel(source="E3") == 10.0).all()
    # the section leaves 0.2 mg/L in M1: 1 kg/d each for E1 and E3
    room = ROOM.copy()
    room.loc[{"period": "M1"}] = 0.2
    found = allocation.allocate(RESPONSE, room, sources)
    level = (3650.0 - 100.0) / (100.0 + 2 * 265.0) / 10.0
    right = {"E1": [1.0, 10 * level], "E2": [10 * level] * 2, "E3": [1.0, 10.0]}
    for name, loads in right.items():
        assert found.permitted_load.sel(source=name).values.ravel() == pytest.approx(loads)
    assert found.stopped_by.sel(period="M1").values.ravel().tolist() == ["S1", "park (year)", "S1"]
    mass = (found.permitted_load * found.days / 1000.0).sel(source=["E1", "E2"]).sum().item()
    assert mass == pytest.approx(3.65, rel=1e-12)


def test_limits_that_do_not_bind_change_no_bit() -> None:
    alone = allocation.allocate(RESPONSE, ROOM * 0.2, SOURCES)
    wide = allocation.with_groups(SOURCES, PARK, limit_table(group_limit=1e6))
    found = allocation.allocate(RESPONSE, ROOM * 0.2, wide)
    xr.testing.assert_identical(found.permitted_load, alone.permitted_load)
    xr.testing.assert_identical(found.stopped_by, alone.stopped_by)
    none = allocation.with_groups(SOURCES, PARK, limit_table(group_limit=np.nan))
    xr.testing.assert_identical(allocation.allocate(RESPONSE, ROOM * 0.2, none), alone)


@pytest.mark.parametrize(
    ("groups", "limits", "words"),
    [
        (PARK.assign(source=["E1", "E9"]), limit_table(), "source: E9 is unknown"),
        (pd.concat([PARK, PARK]), limit_table(), "park, E1 is there twice"),
        (PARK, limit_table(group_limit=-1.0), r"group_limit: -1\.0 is no limit"),
        (PARK, limit_table(annual_total=-1.0), r"annual_total: -1\.0 is no limit"),
        (PARK, limit_table().assign(group="other"), "group: other is unknown"),
        (PARK, limit_table().assign(pollutant="TN"), "pollutant: TN is unknown"),
        (PARK, limit_table().assign(period="M9"), "period: M9 is unknown"),
        (PARK, limit_table(annual_total=1.0).assign(period="M1"), "stands at one period"),
    ],
)
def test_wrong_groups_are_named(groups: pd.DataFrame, limits: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        allocation.with_groups(SOURCES, groups, limits)


def test_groups_that_cannot_be_rows_are_refused() -> None:
    yearly = limit_table(annual_total=1.0)
    short = RESPONSE.assign_coords(days=("period", [31.0, 28.0]))
    sources = allocation.with_groups(SOURCES, PARK, yearly)
    with pytest.raises(DataError, match="periods add up to 59 d"):
        allocation.allocate(short, ROOM, sources)
    with pytest.raises(DataError, match="periods have no days"):
        allocation.allocate(RESPONSE.drop_vars("days"), ROOM.drop_vars("days"), sources)
    for name in ("S1", "ceiling", "no target"):
        groups = PARK.assign(group=name)
        odd = allocation.with_groups(
            SOURCES, groups, limit_table(group_limit=1.0).assign(group=name)
        )
        with pytest.raises(DataError, match=f"{name}, group: is the name of another row"):
            allocation.allocate(RESPONSE, ROOM, odd)
    sources["group_limit"][:] = np.nan
    with pytest.raises(DataError, match="group_limit: nan is no limit"):
        allocation.allocate(RESPONSE, ROOM, sources)
    later = SOURCES.assign_coords(group=["park"]).assign(member=(("group", "source"), [[1, 1, 0]]))
    later["group_limit"] = xr.DataArray(
        [[[1.0, 1.0]]], {"group": ["park"], "pollutant": ["TP"], "period": ["M1", "M2"]}
    )
    assert allocation.allocate(RESPONSE, ROOM, later).permitted_load.sel(source="E1").max() == 0.5
    turned = later.assign(member=later.member * 2.0)
    with pytest.raises(DataError, match="member: is neither 0 nor 1"):
        allocation.allocate(RESPONSE, ROOM, turned)
    for lost in (later.drop_vars("member"), later.drop_vars("group")):
        with pytest.raises(DataError, match="groups, member: is missing"):
            allocation.allocate(RESPONSE, ROOM, lost)
    flat = later.assign(group_limit=later.group_limit.isel(period=0, drop=True))
    with pytest.raises(DataError, match="group_limit: has dimensions"):
        allocation.allocate(RESPONSE, ROOM, flat)


def test_the_least_of_three_totals_is_the_park_s() -> None:
    labels = {"group": ["north", "south"], "pollutant": ["TN", "TP"]}
    share, allowed, present = (
        xr.DataArray(values, labels)
        for values in ([[9.0, 2.0], [5.0, 1.0]], [[8.0, 3.0], [5.0, 2.0]], [[7.0, 4.0], [6.0, 3.0]])
    )
    found = allocation.park_total(share, allowed, present)
    assert found.annual_total.values.tolist() == [[7.0, 2.0], [5.0, 1.0]]
    assert found.total_component.values.tolist() == [
        ["current_permit", "capacity_share"], ["capacity_share", "capacity_share"],
    ]  # fmt: skip
    for wrong, words in ((np.nan, "nan is missing"), (-1.0, r"-1\.0 is negative")):
        with pytest.raises(DataError, match=f"north, TN, allowable_emission: {words}"):
            allocation.park_total(share, allowed.where(allowed != 8.0, wrong), present)


@st.composite
def parks(draw: st.DrawFn) -> tuple[xr.DataArray, xr.DataArray, xr.Dataset]:
    """Sources above sections, in groups with limits of the period or of the year."""
    n, m, k = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(2, 5))
    coefficient = st.sampled_from([0.0, 1e-3, 1.7e-3, 5.1e-3])
    response = year_of(np.zeros((m, n)), [59.0, 120.0, 186.0])
    response = response.copy(
        data=[[[[draw(coefficient) for _ in range(3)]] for _ in range(n)] for _ in range(m)]
    )
    room = rooms(response, [draw(st.sampled_from([-0.1, 0.05, 0.21, 0.5])) for _ in range(m)])
    load = [draw(st.sampled_from([10.0, 33.3, 100.0])) for _ in range(k)]
    outlet = [f"O{draw(st.integers(1, n))}" for _ in range(k)]
    sources = works(response, outlet, {"source_load": load, "ceiling": 1.2 * np.array(load)})
    member = pd.DataFrame(
        [(f"G{g}", f"E{e + 1}") for g in range(2) for e in range(k) if draw(st.booleans())],
        columns=["group", "source"],
    )
    names = list(dict.fromkeys(member["group"]))
    limits = pd.DataFrame(
        [
            {"group": name, "pollutant": "TP", "period": "",
             "group_limit": draw(st.sampled_from([np.nan, 20.0, 77.0])),
             "annual_total": draw(st.sampled_from([np.nan, 9.0, 0.0, 40.0]))}
            for name in names
        ],
        columns=["group", "pollutant", "period", "group_limit", "annual_total"],
    )  # fmt: skip
    return response, room, allocation.with_groups(sources, member, limits)


def program_of(response: xr.DataArray, room: xr.DataArray, sources: xr.Dataset) -> Program:
    """All rows of a drawn park again, by plain loops over labels."""
    periods, names = response.period.values.tolist(), sources.source.values.tolist()
    columns = [(e, p) for p in periods for e in names]
    ceiling = [float(sources.ceiling.sel(source=e, period=p).item()) for e, p in columns]
    place = dict(zip(names, sources.outlet.values.tolist(), strict=True))
    shut = {
        (e, p) for e, p in columns for s in response.section.values
        if room.sel(section=s, period=p).item() < 0
        and response.sel(section=s, outlet=place[e], period=p).item() > 0
    }  # fmt: skip
    upper = [0.0 if c in shut else most for c, most in zip(columns, ceiling, strict=True)]
    program = Program().columns(columns, 0.0, upper)
    for s in response.section.values:
        for p in periods:
            row = [
                float(response.sel(section=s, outlet=place[e], period=p).item()) * (p == q)
                for e, q in columns
            ]
            most = max(float(room.sel(section=s, period=p).item()), 0.0)
            program = program.at_most([("section", s, p)], [row], most)
    for g in sources.group.values.tolist():
        inside = set(sources.source.values[sources.member.sel(group=g).values > 0])
        for p in periods:
            most = float(sources.group_limit.sel(group=g, period=p).item())
            row = [float(e in inside and p == q) for e, q in columns]
            program = program.at_most([("group", g, p)], [row], min(most, 1e5))
        days = dict(zip(periods, response.days.values.tolist(), strict=True))
        row = [days[q] / 1000.0 * (e in inside) for e, q in columns]
        most = float(sources.annual_total.sel(group=g).item())
        program = program.at_most([("year", g, "")], [row], min(most, 1e5))
    return program


@given(parks())
@settings(max_examples=25, deadline=None)
def test_shares_are_those_of_the_general_solver(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset],
) -> None:
    response, room, sources = drawn
    found = allocation.allocate(response, room, sources)
    program = program_of(response, room, sources)
    claim = pd.Series(
        [float(sources.source_load.sel(source=e, period=p).item()) for e, p in program.column],
        program.column,
    )
    yearly = bool(np.isfinite(sources.annual_total.values).any())
    table = leximin(program, 0.0 * claim, claim)
    for (e, p), share in zip(program.column, table["share"], strict=True):
        got = found.permitted_load.sel(source=e, period=p).item()
        assert got == pytest.approx(share, rel=1e-6, abs=1e-6), (yearly, e, p)


@given(parks(), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_properties_with_groups(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset], random: Any
) -> None:
    response, room, sources = drawn
    found = allocation.allocate(response, room, sources)
    # order of everything
    orders = [list(range(response.sizes[d])) for d in ("section", "period", "outlet")]
    turned, groups = (
        list(range(sources.sizes["source"])), list(range(sources.sizes["group"])),
    )  # fmt: skip
    for order in (*orders, turned, groups):
        random.shuffle(order)
    other = allocation.allocate(
        response.isel(section=orders[0], period=orders[1], outlet=orders[2]), room,
        sources.isel(source=turned, group=groups),
    )  # fmt: skip
    again = other.sel(source=sources.source, period=response.period, section=response.section)
    xr.testing.assert_allclose(again.permitted_load, found.permitted_load, rtol=1e-12)
    # tonnes instead of kilograms, mg instead of g
    factor = 0.001
    scaled = sources.assign(
        {name: sources[name] * factor for name in ("source_load", "ceiling", "group_limit",
                                                   "annual_total")}
    )  # fmt: skip
    small = allocation.allocate(response / factor, room, scaled)
    np.testing.assert_allclose(small.permitted_load / factor, found.permitted_load, rtol=1e-9)
    # more room for everyone never lowers the least level, and never the best total
    least = found.level.min()
    limits = {name: sources[name] + 1.0 for name in ("group_limit", "annual_total")}
    wider = allocation.allocate(response, room + 0.02, sources.assign(limits))
    assert wider.level.min() >= least - 1e-9
    best = [
        -linprog(-np.repeat(response.days.values, sources.sizes["source"]), p.matrix.toarray(),
                 p.limit, bounds=list(zip(p.lower, p.upper, strict=True))).fun
        for p in (program_of(response, r, sources) for r in (room, room - 0.02))
    ]  # fmt: skip
    assert best[1] <= best[0] + 1e-6


@given(parks(), st.sampled_from([0.01, 0.0625]))
@settings(max_examples=20, deadline=None)
def test_whole_units_hold_every_row_exactly(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset], precision: float
) -> None:
    response, room, sources = drawn
    shared = allocation.allocate(response, room, sources)
    whole = allocation.whole_units(shared, response, room, sources, precision)
    xr.testing.assert_equal(whole.unrounded_load, shared.permitted_load)
    table = allocation.explain(whole, response, room, sources, precision=precision)
    mass = (whole.permitted_load * whole.days / 1000.0).sel(pollutant="TP")
    units = (mass / precision).round()
    np.testing.assert_allclose(mass / precision, units, atol=1e-9)
    before = (shared.permitted_load * whole.days / 1000.0).sel(pollutant="TP")
    assert (abs(mass - before) <= precision * (1 + 1e-9)).all()
    unit, slack = Fraction(str(precision)), 1 + Fraction(1, 10**12)
    days = {p: Fraction(float(d)) for p, d in zip(whole.period.values, whole.days, strict=True)}
    exact = {
        (e, p): int(units.sel(source=e, period=p).item()) * unit
        for e in whole.source.values for p in whole.period.values
    }  # fmt: skip
    rows = program_of(response, room, sources)
    for row, (kind, _, _), most in zip(rows.matrix.toarray(), rows.row, rows.limit, strict=True):
        used = sum(
            (Fraction(a) * 1000 / days[p] if kind != "year" else Fraction(1)) * exact[e, p]
            for a, (e, p) in zip(row, rows.column, strict=True) if a
        )  # fmt: skip
        assert used <= Fraction(most) * slack, (kind, used, most)
    # the same numbers in words: every stop with what it is made of
    stops = table[table["step"] == "stop"]
    for spare in ("spare", "group_spare", "annual_spare"):
        here = stops[stops["quantity"] == spare]["value"]
        assert (here.abs() <= 1e-7).all(), spare
    wide = stops.pivot(
        index=["source", "period"], columns="quantity", values="value"
    ).reindex(columns=["annual_total", "annual_own", "annual_others", "annual_spare",
                       "group_limit", "group_others", "group_spare"])  # fmt: skip
    loads = shared.permitted_load.sel(pollutant="TP").to_series()
    year = wide.dropna(subset="annual_total")
    for (e, p), row in year.iterrows():
        own = loads[e, p] * float(days[p]) / 1000.0
        assert row["annual_own"] == pytest.approx(own, rel=1e-12)
        assert row["annual_total"] == pytest.approx(
            row["annual_own"] + row["annual_others"] + row["annual_spare"], abs=1e-9
        )
    for (e, p), row in wide.dropna(subset="group_limit").iterrows():
        assert row["group_limit"] == pytest.approx(
            loads[e, p] + row["group_others"] + row["group_spare"], abs=1e-9
        )


def test_explained_by_the_group_that_stopped() -> None:
    sources = allocation.with_groups(SOURCES, PARK, limit_table(group_limit=12.0))
    found = allocation.allocate(RESPONSE, ROOM * 0.2, sources)
    table = allocation.explain(found, RESPONSE, ROOM * 0.2, sources)
    mine = table[(table["step"] == "stop") & (table["source"] == "E2") & (table["period"] == "M1")]
    assert mine[["quantity", "value", "unit", "subject"]].to_numpy().tolist() == [
        ["group_limit", 12.0, "kg/d", "park"], ["group_others", 5.0, "kg/d", "park"],
        ["group_spare", 0.0, "kg/d", "park"],
    ]  # fmt: skip
    only_sections = table[table["source"] != "E2"]
    chained(only_sections)
    wrong = found.assign(stopped_by=found.stopped_by.where(found.source != "E1", "nowhere"))
    with pytest.raises(DataError, match="stopped_by: nowhere is unknown"):
        allocation.explain(wrong, RESPONSE, ROOM * 0.2, sources)


def test_prices_of_the_known_case() -> None:
    known = case("max_load_shadow_price")
    inputs, right = known["inputs"], known["expected"]
    near: Any = {"rtol": 0, "atol": known["tolerance"]}
    response = responses({"M1": inputs["response_mgL_per_t_a"]})
    limit, back = np.array(inputs["standard_mgL"]), np.array(inputs["background_mgL"])
    headroom = limit - inputs["mos_mgL"] - back
    np.testing.assert_allclose(headroom, right["headroom_mgL"], **near)
    tables = {"source_load": right["x_t_a"], "floor": inputs["lower_t_a"],
              "ceiling": inputs["upper_t_a"]}  # fmt: skip
    sources = works(response, ["O1", "O2", "O3"], tables)
    table = allocation.price_ranges(response, rooms(response, headroom), sources).set_index(
        "section"
    )
    dual = right["dual_section_t_a_per_mgL"]
    np.testing.assert_allclose(table["shadow_price"], dual, **near)
    np.testing.assert_allclose(table["tightening_price"], dual, **near)
    assert not table["degenerate"].any() and right["unique_dual"]
    ranges = right["dual_valid_headroom_range_mgL"]
    np.testing.assert_allclose(table[["price_lower", "price_upper"]], ranges, **near)
    assert (table["shadow_price"] > 0).all()  # -40 and -100 come from a solver that minimises
    assert table["unit"].tolist() == ["mg/L", "mg/L"]
    found = allocation.allocate(response, rooms(response, headroom), sources)
    np.testing.assert_allclose(found.shadow_price.values.ravel(), dual, **near)
    # 88 = 0.5 × 40 + 0.6 × 100 + 0.2 × 40: what stands on its ceiling has the rest
    rest = right["total_t_a"] - headroom @ np.array(dual)
    np.testing.assert_allclose(rest, np.array(right["dual_upper"]) @ inputs["upper_t_a"], **near)


def test_a_degenerate_limit_has_two_prices() -> None:
    """Two rows full at once: more of one alone buys nothing, less of either costs."""
    response = responses({"M1": [[0.01], [0.01]]})
    sources = works(response, ["O1"], {"source_load": [80.0], "ceiling": [80.0]})
    table = allocation.price_ranges(response, rooms(response, [0.5, 0.5]), sources)
    assert table["shadow_price"].tolist() == [0.0, 0.0]
    assert table["tightening_price"].tolist() == pytest.approx([100.0, 100.0])
    assert table["degenerate"].all()
    over = allocation.price_ranges(response, rooms(response, [0.5, -0.1]), sources)
    assert over["shadow_price"].tolist() == [0.0, 0.0]
    assert over[["price_lower", "price_upper"]].iloc[1].tolist() == [-np.inf, 0.0]


@given(parks())
@settings(max_examples=15, deadline=None)
def test_prices_are_the_slopes_of_the_best_total(
    drawn: tuple[xr.DataArray, xr.DataArray, xr.Dataset],
) -> None:
    response, room, sources = drawn
    room = room.clip(min=0.02)
    table = allocation.price_ranges(response, room, sources)
    program = program_of(response, room, sources)
    days = dict(zip(response.period.values, response.days.values, strict=True))
    weight = np.array([days[p] for _, p in program.column])
    ends = list(zip(program.lower, program.upper, strict=True))

    def total(limit: Any) -> float:
        return float(-linprog(-weight, program.matrix.toarray(), limit, bounds=ends).fun)

    place = {label[1:]: k for k, label in enumerate(program.row)}
    step = 1e-3
    for row in table.to_dict("records"):
        name = str(row["section"])
        label = (name.removesuffix(" (year)"), "") if row["period"] == "" else (name, row["period"])
        k = place[label]
        per = days.get(row["period"], sum(days.values()))
        moved = np.array(
            [
                total(program.limit + side * step * (np.arange(len(program.limit)) == k))
                for side in (-1.0, 0.0, 1.0)
                if program.limit[k] >= step or side >= 0
            ]
        )
        if row["price_upper"] >= row["limit"] + step:
            assert (moved[-1] - moved[-2]) / step / per == pytest.approx(
                row["shadow_price"], rel=1e-4, abs=1e-4)  # fmt: skip
        if len(moved) == 3 and row["price_lower"] <= row["limit"] - step:
            assert (moved[1] - moved[0]) / step / per == pytest.approx(
                row["tightening_price"], rel=1e-4, abs=1e-4)  # fmt: skip
        # At a limit of 0 nothing is left to lose.
        least = row["shadow_price"] - 1e-9 if row["limit"] > 0.0 else 0.0
        assert row["tightening_price"] >= least
    plain = allocation.prices(response, room, sources)
    pd.testing.assert_frame_equal(plain, table.drop(columns=["price_lower", "price_upper"]))
    found = allocation.allocate(response, room, sources).shadow_price.to_series()
    own = table[table["unit"] == "mg/L"].set_index(["section", "pollutant", "period"])
    np.testing.assert_allclose(own["shadow_price"].loc[found.index], found, rtol=1e-9, atol=1e-9)


def test_floors_against_groups_are_told_both_ways_and_in_words() -> None:
    sources = allocation.with_groups(
        SOURCES.assign(floor=0.6 * SOURCES.ceiling), PARK,
        limit_table(group_limit=9.0, annual_total=2.92),
    )  # fmt: skip
    with pytest.raises(InfeasibleError, match=r"at 3 rows .* park, TP, M1: 3 kg/d") as caught:
        allocation.allocate(RESPONSE, ROOM, sources)
    table = allocation.relax(RESPONSE, ROOM, sources)
    assert caught.value.relaxation is not None
    pd.testing.assert_frame_equal(caught.value.relaxation, table)
    assert table[["section", "period", "unit"]].to_numpy().tolist() == [
        ["park", "M1", "kg/d"], ["park", "M2", "kg/d"], ["park (year)", "", "t/a"],
    ]  # fmt: skip
    np.testing.assert_allclose(table["missing"], [3.0, 3.0, 0.365 * 12 - 2.92], rtol=1e-9)
    cut = allocation.relax_floors(RESPONSE, ROOM, sources)
    given_up = cut.groupby("period")["shortfall"].sum()
    mass = 24.0 * 182.5 / 1000.0 - (given_up * DAYS).sum() / 1000.0
    assert mass == pytest.approx(2.92, rel=1e-9)
    assert (given_up >= 3.0 - 1e-9).all()
    words = allocation.conflict(RESPONSE, ROOM, sources)
    assert set(words["period"]) == {""}
    assert words["sentence"].iloc[0] == (
        "TP: the floor of E1, M1 (6 kg/d), the floor of E2, M1 (6 kg/d) and group park, M1 "
        "(9 kg/d) cannot hold together"
    )
    assert words["sentence_zh"].iloc[0] == (
        "TP：E1, M1 的保障排放量（6 kg/d）、E2, M1 的保障排放量（6 kg/d）、分组 park, M1（9 kg/d）"
        "不能同时满足"
    )
    assert any(("park (year)", "") in rows for rows in words["rows"])


def test_every_conflict_of_the_known_case() -> None:
    known = case("infeasible_minimal_relaxation")
    inputs, right = known["inputs"], known["expected"]
    matrix = np.array(inputs["response_M1"])
    response = responses({m: f * matrix for m, f in inputs["month_factor"].items()})
    room = rooms(response, [inputs["headroom_mgL"]] * 2)
    lower = np.array(inputs["lower_t_month"])
    sources = works(response, ["O1", "O2"], {"floor": lower})
    found = allocation.conflict(response, room, sources)
    assert set(found["period"]) == {"M7"}
    names = [
        [f"lb_{row[1]}" if isinstance(row, tuple) else f"{row}_{period}" for row in rows]
        for rows, period in zip(found["rows"], found["period"], strict=True)
    ]
    # either floor alone breaks a section; both sets of the case, and no other of two rows
    assert sorted(names) == sorted(right["IIS"])
    assert found["sentence"].tolist() == [
        "TP, M7: the floor of E1 (30 kg/d) and section S1 (0.5 mg/L) cannot hold together",
        "TP, M7: the floor of E2 (40 kg/d) and section S2 (0.5 mg/L) cannot hold together",
    ]
    near: Any = {"rtol": 0, "atol": known["tolerance"]}
    table = allocation.relax(response, room, sources)
    worst = (table["missing"].max() + inputs["headroom_mgL"]) / inputs["headroom_mgL"]
    np.testing.assert_allclose(worst, right["uniform_standard_multiplier_M7"], **near)
    for month, got in right["conc_at_floors_mgL"].items():
        np.testing.assert_allclose(inputs["month_factor"][month] * matrix @ lower, got, **near)
    # what the least cut of floors falls by when one section gets more
    for k, dual in enumerate(right["floor_relaxation_dual_t_per_mgL"]):
        wider = room.copy()
        wider[k] += 1e-3
        cuts = [allocation.relax_floors(response, r, sources)["shortfall"].sum()
                for r in (room, wider)]  # fmt: skip
        assert (cuts[0] - cuts[1]) / 1e-3 == pytest.approx(dual, rel=1e-6)
    alone = allocation.conflict(response, room - 0.6, sources, count=1)
    assert "its background alone exceeds it" in alone["sentence"].iloc[0]
    assert "背景值已超过限值" in alone["sentence_zh"].iloc[0]
    assert allocation.conflict(response, room + 9.0, sources).empty


def test_negative_units_are_not_netted() -> None:
    known = case("negative_capacity_units")
    inputs, right = known["inputs"], known["expected"]
    near: Any = {"rtol": 0, "atol": known["tolerance"]}
    b = inputs["unit_B"]
    per_tonne = inputs["response_B_mgL_per_t_a"]
    room_b = b["standard_mgL"] - b["mos_mgL"] - b["background_mgL"]
    capacity = inputs["unit_A"]["capacity_t_a"]
    response = responses({"M1": [[0.01, 0.0], [0.0, per_tonne]]})
    room = rooms(response, [0.01 * capacity, room_b])
    sources = works(response, ["O1", "O2"], {"source_load": [80.0, 10.0], "ceiling": [80.0, 10.0]})
    found = allocation.allocate(response, room, sources).permitted_load.values.ravel()
    np.testing.assert_allclose(found[1], right["unit_B"]["usable_t_a"], **near)
    np.testing.assert_allclose(found.sum(), right["allocatable_total_t_a"], **near)
    assert not np.isclose(found.sum(), right["naive_net_total_t_a"])
    ten = sources.assign(floor=(sources.source_load.dims, [[[0.0]], [[10.0]]]))
    table = allocation.relax(response, room, ten).set_index("section")
    np.testing.assert_allclose(
        table["missing"]["S2"], right["permitted_discharge_10t_violation_mgL"], **near
    )
    cut = right["unit_B"]["background_cut_needed_mgL"]
    np.testing.assert_allclose(table["background"]["S2"], cut, **near)
    owed = table["background"]["S2"] / per_tonne
    np.testing.assert_allclose(owed, right["unit_B"]["deficit_t_a"], **near)
    np.testing.assert_allclose(room_b / per_tonne, right["unit_B"]["raw_t_a"], **near)


def test_permits_are_put_back_into_the_model_by_month() -> None:
    response = year_of([[0.1, 0.2, 0.1]])
    sources = works(response, ["O1", "O2", "O3"], LOADS)
    room = rooms(response, [1.0])
    permits = allocation.allocate(response, room, sources)
    per_source = response.sel(outlet=sources.outlet).drop_vars("outlet")

    def simulate(load: xr.DataArray) -> xr.DataArray:
        return xr.DataArray((per_source * load).sum("source") + 0.3)

    allowed = room + 0.3
    table = allocation.resimulate(permits.permitted_load, simulate, allowed)
    np.testing.assert_allclose(table["concentration"], 1.3)
    assert table["background"].tolist() == [0.3, 0.3]
    assert table["period"].tolist() == ["M1", "M2"]
    flooded = allowed.copy()
    flooded.loc[{"period": "M2"}] = 1.29
    with pytest.raises(InfeasibleError, match="permits miss 1 limits") as caught:
        allocation.resimulate(permits.permitted_load, simulate, flooded)
    assert caught.value.relaxation is not None
    assert caught.value.relaxation["period"].tolist() == ["M2"]
    assert caught.value.relaxation["missing"].item() == pytest.approx(0.01, rel=1e-6)
    # a background that exceeds is no fault of permits that add nothing
    none = 0.0 * permits.permitted_load
    assert len(allocation.resimulate(none, simulate, 0.0 * allowed)) == 2
    with pytest.raises(InfeasibleError, match="permits miss 2 limits"):
        allocation.resimulate(permits.permitted_load, simulate, 0.0 * allowed)
    with pytest.raises(DataError, match="concentration: is NaN or infinite somewhere"):
        allocation.resimulate(permits.permitted_load, lambda load: simulate(load) * np.nan, allowed)


def test_groups_with_one_factor_for_all() -> None:
    sources = allocation.with_groups(SOURCES, PARK, limit_table(annual_total=3.65))
    found = allocation.allocate(RESPONSE, ROOM, sources, compose=sharing.proportion)
    assert found.permitted_load.values.ravel() == pytest.approx([5.0] * 6)
