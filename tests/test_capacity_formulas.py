"""What holds for every capacity formula: labels, faults, limits, inverses, order, pitfalls."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal, getcontext
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload import capacity
from permitload.capacity import Fan, Lake, River, _formula
from permitload.errors import DataError
from permitload.schema import VARIABLES

Balance = Callable[..., Any]

often = settings(max_examples=60, deadline=None)

REACH = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
WIDE = River(velocity=0.1, decay=0.2, depth=2.0, width=40.0, lateral_dispersion=0.05)
TIDAL = River(flow=20.0, velocity=0.1, decay=0.2, dispersion=50.0)
STILL = River(decay=0.2, dispersion=200.0, width=50.0, depth=2.5)
LAKE = Lake(storage_volume=5e7, flow=3.0, storage_area=2e7, decay=0.02, settling=0.05)
FAN = Fan(angle=3.0, depth=2.0, decay=0.05)

WATER = {"effluent_flow": 0.5, "background": 12.0}
WHERE = {"position": 500.0, "across": 10.0, "offset": 5.0}
FORMULAS: dict[str, dict[str, Any]] = {
    "allowable_demand": {"decay": 0.25, "reaeration": 0.5, "deficit": 1.0, "standard": 4.0},
    "critical_time": {"decay": 0.25, "reaeration": 0.5, "demand": 12.0, "deficit": 1.0},
    "oxygen_deficit": {
        "decay": 0.25, "reaeration": 0.5, "demand": 12.0, "deficit": 1.0, "travel_time": 2.0,
    },
    "saturation": {"temperature": 20.0},
    "ultimate_demand": {"demand": 3.5, "decay": 0.22, "days": 5.0},
    "advection_decay": {"river": TIDAL, "source_load": 50.0, "position": 500.0},
    "advection_dispersion": {"river": TIDAL, "source_load": 50.0, "position": -500.0},
    "advection_spread": {"river": TIDAL, "source_load": 50.0, "position": -500.0},
    "bank_discharge": {"river": WIDE, "background": 12.0, "standard": 20.0, **WHERE},
    "bank_zone_load": {"river": WIDE, "length": 99.0, "background": 12.0, "standard": 20.0},
    "carried": {"river": REACH, "background": 12.0, "position": 500.0},
    "complete_mixing": {"flow": 10.0, **WATER, "standard": 20.0},
    "complete_mixing_concentration": {"flow": 10.0, **WATER, "source_load": 50.0},
    "decay_at": {"decay": 0.2, "temperature": 5.0, "temperature_factor": 1.05},
    "dillon": {"lake": LAKE, "standard": 0.05, "retention": 0.4},
    "dillon_concentration": {"lake": LAKE, "source_load": 50.0, "retention": 0.4},
    "dispersion_decay": {"river": STILL, "source_load": 50.0, "position": 500.0},
    "dispersive_reach": {"river": TIDAL, **WATER, "standard": 20.0, "position": -99.0},
    "estuary": {"river": TIDAL, **WATER, "standard": 20.0, "position": 500.0},
    "estuary_concentration": {"river": TIDAL, **WATER, "source_load": 50.0, "position": 500.0},
    "goda": {"lake": LAKE, "standard": 0.05},
    "goda_concentration": {"lake": LAKE, "source_load": 50.0},
    "incoming_correction": {"river": REACH, "background": 24.0, "standard": 20.0},
    "into_river": {"distance": 12e3},
    "kirchner_dillon": {"lake": LAKE},
    "lake_non_uniformity": {"storage_area": 2e7},
    "lake_stock": {"storage_volume": 5e7, "background": 12.0, "standard": 20.0},
    "lateral_dispersion": {"depth": 2.0, "width": 40.0, "slope": 1e-4},
    "midstream_zone_load": {"river": WIDE, "length": 99.0, "background": 12.0, "standard": 20.0},
    "mixed_lake": {"lake": LAKE, "standard": 20.0, "boundary_in": 99.0},
    "mixed_lake_concentration": {"lake": LAKE, "source_load": 50.0, "boundary_in": 99.0},
    "mixed_lake_course": {"lake": LAKE, "source_load": 50.0, "concentration": 10.0, "days": 30.0},
    "mixing_length": {"river": WIDE, "offset": 5.0},
    "non_uniform": {"capacity": 1000.0, "non_uniformity": 0.8},
    "non_uniformity": {"width": 40.0},
    "oconnor_number": {"river": TIDAL},
    "oecd": {"lake": LAKE, "standard": 0.05},
    "oecd_concentration": {"lake": LAKE, "source_load": 50.0},
    "peclet_number": {"river": replace(TIDAL, width=40.0)},
    "plain_network": {"flow": 6.0, "volume": 8e5, "decay": 0.1, **WATER, "standard": 20.0},
    "plain_network_concentration": {
        "flow": 6.0, "volume": 8e5, "decay": 0.1, **WATER, "source_load": 50.0,
    },
    "plug_flow": {"river": REACH, **WATER, "standard": 20.0, "position": 500.0},
    "plug_flow_concentration": {"river": REACH, **WATER, "source_load": 50.0, "position": 500.0},
    "plume": {"river": WIDE, "source_load": 50.0, **WHERE},
    "radial_lake": {"fan": FAN, **WATER, "standard": 20.0, "position": 99.0},
    "radial_lake_concentration": {"fan": FAN, **WATER, "source_load": 50.0, "position": 99.0},
    "stratified": {"layer": LAKE, "concentration": 9.0, "standard": 20.0, "days": 90.0},
    "uniform_source_concentration": {"river": REACH, **WATER, "source_load": 50.0},
    "turnover": {
        "upper_concentration": 4.0, "lower_concentration": 9.0, "upper_volume": 2e7,
        "lower_volume": 1e7,
    },
    "two_way": {"forward": 99.0, "reverse": -50.0, "weight": 0.6},
    "uniform_source": {"river": REACH, **WATER, "standard": 20.0},
    "worst_period": {"annual_sum": 2167.6, "annual_worst": 1108.7},
    "vollenweider": {"lake": LAKE, "standard": 0.05},
    "vollenweider_concentration": {"lake": LAKE, "source_load": 50.0},
}  # fmt: skip
OTHERS = {
    "closure", "remaining", "stamp",
    "annual", "best_total", "chain", "class_margin", "compare", "owed", "points", "sum_of_periods",
    "ruled_points",
    "upstream_share", "exact_balance", "bank_zone", "head_control", "headroom",
    "midstream_zone", "network", "outlet_loads", "ranges", "regime", "river_balance",
    "section_control", "standard_balance", "tail_control", "head_control_concentration",
    "section_control_concentration", "tail_control_concentration",
}  # fmt: skip
SIGNED = {
    "source_load", "temperature", "forward", "reverse", "capacity", "position", "annual_sum",
    "annual_worst",
}  # fmt: skip
"""Inputs of any sign; a position only where water may flow back to it."""
UPSTREAM = {
    "advection_decay", "advection_dispersion", "advection_spread", "dispersion_decay",
    "dispersive_reach", "estuary", "estuary_concentration",
}  # fmt: skip

every = pytest.mark.parametrize("name", FORMULAS)


def _numbers(inputs: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Every number of the inputs: parameter, field of its record or "", value."""
    for key, value in inputs.items():
        if is_dataclass(value):
            for field in fields(value):
                number = getattr(value, field.name)
                if number is not None:
                    yield key, field.name, number
        else:
            yield key, "", value


def _with(inputs: dict[str, Any], key: str, field: str, value: Any) -> dict[str, Any]:
    changed = replace(inputs[key], **{field: value}) if field else value
    return {**inputs, key: changed}


def _used(name: str) -> set[tuple[str, str]]:
    """Numbers that a formula needs: those whose NaN it notices."""
    inputs = FORMULAS[name]
    return {
        (key, field)
        for key, field, _ in _numbers(inputs)
        if not (field and _value(name, _with(inputs, key, field, None)) is not None)
    }


def _value(name: str, inputs: dict[str, Any]) -> Any:
    try:
        return getattr(capacity, name)(**inputs)
    except (DataError, TypeError):
        return None


def test_every_function_is_in_one_of_the_lists() -> None:
    functions = {n for n in capacity.__all__ if inspect.isfunction(getattr(capacity, n))}
    assert functions == set(FORMULAS) | OTHERS
    assert not set(FORMULAS) & OTHERS


@every
def test_arrays_give_what_numbers_give(name: str) -> None:
    formula, inputs = getattr(capacity, name), FORMULAS[name]
    whole = formula(**inputs)
    assert type(whole) is float
    for key, field, value in _numbers(inputs):
        factors = np.array([1.0, 0.9, 0.95])
        found = formula(**_with(inputs, key, field, value * factors))
        single = [formula(**_with(inputs, key, field, value * f)) for f in factors]
        if (key, field) in _used(name):
            np.testing.assert_array_equal(found, single)


@every
def test_labels_are_kept_and_inputs_stay(name: str) -> None:
    formula, inputs = getattr(capacity, name), FORMULAS[name]
    labels = {"period": ["dry", "wet"], "days": ("period", [181.0, 184.0])}
    for key, field in _used(name):
        value = next(v for k, f, v in _numbers(inputs) if (k, f) == (key, field))
        labelled = xr.DataArray(value * np.array([1.0, 0.9]), labels, "period")
        kept = labelled.copy(deep=True)
        found = formula(**_with(inputs, key, field, labelled))
        assert isinstance(found, xr.DataArray)
        assert found.period.values.tolist() == ["dry", "wet"]
        assert found.days.values.tolist() == [181.0, 184.0]
        assert found.attrs["units"] == VARIABLES[str(found.name)].unit
        np.testing.assert_array_equal(
            found.values, formula(**_with(inputs, key, field, labelled.values))
        )
        xr.testing.assert_identical(labelled, kept)
        column = pd.Series(labelled.values, ["a", "b"])
        rows = formula(**_with(inputs, key, field, column))
        assert rows.index.tolist() == ["a", "b"]
        np.testing.assert_array_equal(rows.to_numpy(), found.values)


@every
def test_what_cannot_exist_is_refused_by_name(name: str) -> None:
    formula, inputs = getattr(capacity, name), FORMULAS[name]
    for key, field in _used(name):
        word = field or key
        free = word in SIGNED and (word != "position" or name in UPSTREAM)
        wrong = [np.nan] if word == "width" else [np.nan, np.inf]
        for bad in [*wrong, *([] if free else [-1.0])]:
            with pytest.raises(DataError, match=rf", {word}:") as caught:
                formula(**_with(inputs, key, field, bad))
            assert caught.value.faults
        labels = {"period": ["dry", "wet"]}
        some = xr.DataArray([1.0, np.nan], labels)
        with pytest.raises(DataError, match="wet"):
            formula(**_with(inputs, key, field, some))
        with pytest.raises(DataError, match="is no number"):
            formula(**_with(inputs, key, field, "much"))


def test_a_record_names_what_it_lacks() -> None:
    with pytest.raises(DataError, match=r"River, velocity: is missing.*\n.*River, length"):
        capacity.plug_flow(River(flow=10.0), 0.5, 12.0, 20.0)
    with pytest.raises(DataError, match="Lake, storage_area: is missing"):
        capacity.mixed_lake(Lake(storage_volume=1.0, flow=1.0, settling=0.1), 20.0)


def test_labels_must_match() -> None:
    one = xr.DataArray([10.0, 11.0], {"period": ["dry", "wet"]})
    other = xr.DataArray([12.0, 13.0], {"period": ["wet", "dry"]})
    with pytest.raises(DataError, match="do not match"):
        capacity.complete_mixing(one, 0.5, other, 20.0)
    with pytest.raises(DataError, match="background: has no labels"):
        capacity.complete_mixing(one, 0.5, np.array([12.0, 13.0]), 20.0)
    with pytest.raises(DataError, match="do not match"):
        capacity.complete_mixing(np.ones(3), 0.5, np.ones(4), 20.0)
    with pytest.raises(DataError, match="rows"):
        capacity.complete_mixing(pd.Series([1.0, 2.0]), 0.5, pd.Series([1.0], [4]), 20.0)


def test_columns_of_other_shapes_are_refused() -> None:
    column = pd.Series([10.0, 11.0], ["A", "B"])
    for other in (np.ones((2, 2)), np.ones(3)):
        with pytest.raises(DataError, match=r"complete_mixing: .* shape"):
            capacity.complete_mixing(column, 0.5, other, 20.0)
    with pytest.raises(DataError, match=r"result has shape .3,.; right would be numbers, or one"):
        capacity.complete_mixing(column[:1], 0.5, np.ones(3), 20.0)
    with pytest.raises(DataError, match="different rows"):
        capacity.worst_period(column, column[::-1])
    with pytest.raises(DataError, match=r"row 1, position: 9000.0 is not valid"):
        capacity.plug_flow(REACH, 0.5, 12.0, 20.0, [1.0, 9000.0])


def test_labels_broadcast() -> None:
    flow = xr.DataArray([10.0, 20.0], {"period": ["dry", "wet"]})
    above = xr.DataArray([12.0, 15.0, 18.0], {"reach": ["A", "B", "C"]})
    found = capacity.complete_mixing(flow, 0.5, above, 20.0)
    assert set(found.dims) == {"period", "reach"}
    assert found.sel(period="wet", reach="C").item() == pytest.approx(41.0 * 86.4)


def test_all_faults_come_at_once() -> None:
    with pytest.raises(DataError) as caught:
        capacity.complete_mixing(-1.0, np.nan, np.array([1.0, -2.0, -3.0]), np.inf)
    assert [(f.column, f.row) for f in caught.value.faults] == [
        ("flow", None), ("effluent_flow", None), ("background", "1 (first of 2)"),
        ("standard", None),
    ]  # fmt: skip


def test_numbers_beyond_arithmetic_are_refused() -> None:
    with pytest.raises(DataError, match="beyond what numbers hold"):
        capacity.plug_flow(replace(REACH, velocity=1e-9), 0.5, 12.0, 20.0)
    with pytest.raises(DataError, match="beyond what numbers hold"):
        capacity.bank_discharge(WIDE, 1.0, 12.0, 20.0, across=40.0)


def test_empty_arrays_give_empty_arrays() -> None:
    assert capacity.complete_mixing(np.empty((0, 3)), 0.5, 12.0, 20.0).shape == (0, 3)


def test_blocks_and_threads_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 3 * _formula.WORTH_A_THREAD + 7
    random = np.random.default_rng(4)
    river = replace(REACH, flow=random.uniform(1.0, 9.0, size), decay=random.uniform(0, 1, size))
    whole = capacity.plug_flow(river, 0.5, 12.0, 20.0)
    monkeypatch.setattr(_formula, "WORTH_A_THREAD", size + 1)
    monkeypatch.setattr(_formula, "BLOCK", 1000)
    np.testing.assert_array_equal(whole, capacity.plug_flow(river, 0.5, 12.0, 20.0))
    tail = replace(REACH, flow=river.flow[-5:], decay=river.decay[-5:])
    np.testing.assert_array_equal(whole[-5:], capacity.plug_flow(tail, 0.5, 12.0, 20.0))
    river.flow[-3] = -1.0
    with pytest.raises(DataError, match=f"row {size - 3}, flow"):
        capacity.plug_flow(river, 0.5, 12.0, 20.0)


def test_transposed_and_strided_arrays() -> None:
    flow = np.arange(1.0, 25.0).reshape(4, 6)
    whole = capacity.complete_mixing(flow, 0.5, np.arange(6.0), 20.0)
    turned = capacity.complete_mixing(flow.T, 0.5, np.arange(6.0)[:, None], 20.0)
    np.testing.assert_array_equal(whole, turned.T)
    part = capacity.complete_mixing(flow[::2, ::3], 0.5, np.arange(6.0)[::3], 20.0)
    np.testing.assert_array_equal(part, whole[::2, ::3])


# --- inverse and forward ------------------------------------------------------------------------

positive = st.floats(0.01, 100.0)
balances = st.sampled_from(
    [capacity.standard_balance, capacity.exact_balance, capacity.river_balance]
)


def _close(found: float, right: float, scale: float = 1.0) -> None:
    assert found == pytest.approx(right, rel=1e-9, abs=1e-9 * scale)


@often
@given(positive, positive, positive, positive, st.floats(0.0, 1.0), balances)
def test_rivers_invert(
    flow: float, effluent: float, above: float, limit: float, place: float, balance: Balance
) -> None:
    load = capacity.complete_mixing(flow, effluent, above, limit, balance)
    back = capacity.complete_mixing_concentration(flow, effluent, above, load, balance)
    _close(back, limit, above * (1 + effluent / flow))
    river = replace(REACH, flow=flow)
    where = place * 8000.0
    load = capacity.plug_flow(river, effluent, above, limit, where, balance)
    back = capacity.plug_flow_concentration(river, effluent, above, load, where, balance)
    _close(back, limit, above * (1 + effluent / flow))
    spread = replace(river, decay=5.0 * place)
    load = capacity.uniform_source(spread, effluent, above, limit, balance)
    back = capacity.uniform_source_concentration(spread, effluent, above, load, balance)
    _close(back, limit, above * (1 + effluent / flow))
    tidal = replace(TIDAL, flow=flow)
    sea = 4000.0 * (place - 0.5)
    load = capacity.estuary(tidal, effluent, above, limit, sea, balance)
    back = capacity.estuary_concentration(tidal, effluent, above, load, sea, balance)
    _close(back, limit, above * (1 + effluent / flow))


@often
@given(positive, positive, positive, positive)
def test_lakes_and_boxes_invert(flow: float, above: float, limit: float, days: float) -> None:
    lake = replace(LAKE, flow=flow)
    rivers = flow * above * 86.4
    _close(
        capacity.mixed_lake_concentration(lake, capacity.mixed_lake(lake, limit, rivers), rivers),
        limit,
        above,
    )
    load = capacity.stratified(lake, above, limit, days, rivers)
    _close(capacity.mixed_lake_course(lake, load, above, days, rivers), limit, 100 * above)
    load = capacity.plain_network(flow, 8e5, 0.1, above, limit, 0.3)
    _close(capacity.plain_network_concentration(flow, 8e5, 0.1, above, load, 0.3), limit, above)
    for balance in (capacity.standard_balance, capacity.exact_balance):
        load = capacity.radial_lake(FAN, flow, above, limit, 200.0, balance)
        back = capacity.radial_lake_concentration(FAN, flow, above, load, 200.0, balance)
        _close(back, limit, above)
    for model in ("dillon", "goda", "vollenweider", "oecd"):
        extra = (0.4,) if model == "dillon" else ()
        load = getattr(capacity, model)(lake, limit, *extra)
        _close(getattr(capacity, f"{model}_concentration")(lake, load, *extra), limit)


@often
@given(positive, positive, st.floats(100.0, 1e5), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_plumes_invert(above: float, limit: float, x: float, y: float, a: float) -> None:
    place = x, 40.0 * y, 40.0 * a
    try:
        load = capacity.bank_discharge(WIDE, x, above, limit, *place[1:])
    except DataError:
        assert x < 500.0  # the plume has not crossed the river
        return
    _close(above + capacity.plume(WIDE, load, *place), limit, above)
    if limit > above:
        length = capacity.bank_zone(WIDE, load, above, limit).length if load > 0 else None
        if length is not None:
            _close(capacity.bank_zone_load(WIDE, length, above, limit), load)
            both = capacity.midstream_zone(WIDE, 2.0 * load, above, limit)
            _close(both.length, length)
            _close(capacity.midstream_zone_load(WIDE, length, above, limit), 2.0 * load)


@often
@given(positive, positive, st.floats(-2000.0, 2000.0))
def test_dispersive_reach_inverts_its_form(flow: float, limit: float, x: float) -> None:
    river = replace(TIDAL, flow=flow, width=40.0, depth=2.0)
    total = replace(river, flow=flow + 0.5)
    forms = [capacity.advection_dispersion, capacity.advection_spread, capacity.dispersion_decay]
    for form in forms + ([capacity.advection_decay] if x >= 0 else []):
        load = capacity.dispersive_reach(river, 0.5, 0.0, limit, x, form)
        _close(form(total, load, x), limit)
        # water at the standard has no room, wherever it is controlled above or at the outfall
        for place in (0.0, min(x, 0.0)):
            full = capacity.dispersive_reach(river, 0.0, limit, limit, place, form)
            _close(full, 0.0, scale=load + 1.0)
        assert capacity.dispersive_reach(river, 0.5, 2.0, limit, x, form) < load


@often
@given(positive, st.floats(0.0, 2000.0))
def test_background_passes_an_outfall_without_becoming_its_load(flow: float, x: float) -> None:
    """A concentration that decays along the river as its steady equation says leaves no room."""
    river = replace(TIDAL, flow=flow, width=40.0, depth=2.0)
    decay, speed, spread = (float(v) for v in (river.decay, river.velocity,
                                               river.dispersion))  # fmt: skip
    slope = np.roots([spread, -speed, -decay / 86400.0]).min()  # E C'' - u C' - K C = 0
    room = capacity.dispersive_reach(river, 0.0, 5.0, 5.0 * float(np.exp(slope * x)), x)
    _close(room, 0.0, scale=500.0 * flow)


def test_plug_flow_is_the_dispersive_reach_without_dispersion() -> None:
    plug = capacity.plug_flow(REACH, 0.5, 12.0, 20.0, 0.0, capacity.exact_balance)
    reach = capacity.dispersive_reach(REACH, 0.5, 12.0, 20.0, 8000.0, capacity.advection_decay)
    assert reach == pytest.approx(plug, rel=1e-13)
    faint = replace(REACH, dispersion=1e-9)
    spread = capacity.dispersive_reach(faint, 0.5, 12.0, 20.0, 8000.0)
    assert spread == pytest.approx(plug, rel=1e-9)


# --- order --------------------------------------------------------------------------------------


@often
@given(positive, positive, positive, st.floats(1.0, 3.0), st.floats(0.0, 5.0), balances)
def test_monotone_in_flow_and_standard(
    flow: float, effluent: float, above: float, more: float, decay: float, balance: Balance
) -> None:
    limit = above * 1.2
    river = River(flow=flow, velocity=0.1, decay=decay, length=2000.0, dispersion=50.0)
    lake = Lake(storage_volume=1e6, flow=flow, decay=decay)

    def found(flow: float, limit: float) -> list[Any]:
        water, basin = replace(river, flow=flow), replace(lake, flow=flow)
        return [
            capacity.complete_mixing(flow, effluent, above, limit, balance),
            capacity.plug_flow(water, effluent, above, limit, 700.0, balance),
            capacity.uniform_source(water, effluent, above, limit, balance),
            capacity.estuary(water, effluent, above, limit, 300.0, balance),
            capacity.mixed_lake(basin, limit, flow * above * 86.4),
            capacity.plain_network(flow, 1e5, decay, above, limit, effluent),
        ]

    base = np.array(found(flow, limit))
    slack = 1e-9 * np.abs(base)
    assert (np.array(found(flow * more, limit)) >= base - slack).all()
    assert (np.array(found(flow, limit * more)) >= base - slack).all()


@st.composite
def outfalls(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 5))
    places = np.sort(draw(st.lists(st.floats(0.0, 8000.0), min_size=count, max_size=count)))
    water = draw(st.lists(st.floats(0.0, 2.0), min_size=count, max_size=count))
    return {
        "river": replace(REACH, decay=draw(st.floats(0.0, 2.0)), flow=draw(positive)),
        "position": places, "effluent_flow": np.array(water), "background": draw(positive),
        "standard": draw(positive),
    }  # fmt: skip


@often
@given(outfalls())
def test_head_control_is_strictest_and_one_outfall_at_the_head_the_most(
    case: dict[str, Any],
) -> None:
    head = capacity.head_control(**case).sum()
    tail = capacity.tail_control(**case).sum()
    first = np.eye(len(case["position"]))[0]
    section = capacity.section_control(**case, share=first).sum()
    slack = 1e-9 * (abs(head) + abs(section))
    assert head <= tail + slack
    assert tail <= section + slack
    last = capacity.section_control(**case, share=first[::-1]).sum()
    assert abs(last) <= abs(section) + slack


@often
@given(outfalls())
def test_controls_meet_what_they_control(case: dict[str, Any]) -> None:
    """Follow the river down: head control is at its standard after, tail control before."""
    river, limit = case["river"], case["standard"]
    rate = river.decay / (86400 * river.velocity)
    end = [*case["position"][1:], river.length]
    for control in (capacity.head_control, capacity.tail_control):
        loads = control(**case) / 86.4
        flow, here = river.flow, case["background"] * np.exp(-rate * case["position"][0])
        for load, water, x, there in zip(
            loads, case["effluent_flow"], case["position"], end, strict=True
        ):
            here = (here * flow + load) / (flow + water)
            flow += water
            tight = here if control is capacity.head_control else here * np.exp(-rate * (there - x))
            _close(tight, limit, case["background"])
            here *= np.exp(-rate * (there - x))


CONTROLS = {
    capacity.head_control: capacity.head_control_concentration,
    capacity.tail_control: capacity.tail_control_concentration,
}


@often
@given(outfalls(), st.data())
def test_controls_of_many_outfalls_invert(case: dict[str, Any], data: st.DataObject) -> None:
    """From any loads to concentrations and back, and from the standard to loads and back."""
    limit, above, size = case.pop("standard"), case["background"], len(case["position"])
    given_loads = st.lists(st.floats(0.0, 1e4), min_size=size, max_size=size)
    loads = np.array(data.draw(given_loads))
    for control, forward in CONTROLS.items():
        back = forward(**case, source_load=control(**case, standard=limit))
        np.testing.assert_allclose(back, limit, rtol=1e-9, atol=1e-9 * above)
        found = control(**case, standard=forward(**case, source_load=loads))
        scale = 86.4 * (case["river"].flow + case["effluent_flow"].sum()) * above + loads.sum()
        np.testing.assert_allclose(found, loads, rtol=1e-9, atol=1e-9 * scale)
    share = loads / loads.sum() if loads.sum() > 0.0 else np.eye(size)[0]
    whole = capacity.section_control(**case, standard=limit, share=share)
    section = capacity.section_control_concentration(**case, source_load=whole)
    _close(section, limit, above)
    end = capacity.section_control_concentration(**case, source_load=loads)
    same = capacity.section_control(**case, standard=end, share=share)
    np.testing.assert_allclose(same, loads, rtol=1e-9, atol=1e-9 * scale)


def test_concentrations_along_the_river_step_by_step() -> None:
    """Mix, decay, mix: by hand in single steps."""
    given = {"river": REACH, "position": [1000.0, 5000.0], "effluent_flow": [0.5, 1.0]}
    water = given | {"background": 12.0, "source_load": np.array([3000.0, 500.0])}
    kept = [np.exp(-0.2 * metres / 8640.0) for metres in (1000.0, 4000.0, 3000.0)]
    first = (10.0 * 12.0 * kept[0] + 3000.0 / 86.4) / 10.5
    second = (10.5 * first * kept[1] + 500.0 / 86.4) / 11.5
    below = capacity.head_control_concentration(**water)
    np.testing.assert_allclose(below, [first, second], rtol=1e-14)
    ends = capacity.tail_control_concentration(**water)
    np.testing.assert_allclose(ends, [first * kept[1], second * kept[2]], rtol=1e-14)
    assert capacity.section_control_concentration(**water) == pytest.approx(second * kept[2])


def test_a_section_keeps_labels_and_rows() -> None:
    loads = xr.DataArray(
        [[100.0, 200.0], [300.0, 50.0]], {"period": ["dry", "wet"], "outlet": ["A", "B"]}
    )
    places = xr.DataArray([0.0, 3000.0], {"outlet": ["A", "B"]})
    found = capacity.section_control_concentration(REACH, places, 0.2, 12.0, loads)
    assert found.dims == ("period",)
    assert (found.name, found.attrs["units"]) == ("concentration", "mg/L")
    assert found.attrs["method"] == "section_control_concentration"
    table = pd.DataFrame({"position": [0.0, 3000.0], "load": [100.0, 200.0]}, ["A", "B"])
    rows = capacity.head_control_concentration(REACH, table.position, 0.2, 12.0, table.load)
    assert rows.index.tolist() == ["A", "B"]
    one = capacity.section_control_concentration(REACH, table.position, 0.2, 12.0, table.load)
    assert one == pytest.approx(found.sel(period="dry").item(), rel=1e-14)
    with pytest.raises(DataError, match="rows"):
        capacity.head_control(REACH, table.position, table.load[::-1], 12.0, 20.0)


def test_a_stretch_is_the_same_for_all_outfalls() -> None:
    places = xr.DataArray([0.0, 3000.0], {"outlet": ["A", "B"]})
    decay = xr.DataArray([0.1, 0.2], {"outlet": ["A", "B"]})
    for name, river, limit in (
        ("decay", replace(REACH, decay=decay), 20.0), ("standard", REACH, 20.0 + decay),
    ):  # fmt: skip
        with pytest.raises(DataError, match=f"{name}: differs by outlet; right would be one for"):
            capacity.section_control(river, places, 0.2, 12.0, limit, 0.5 + 0.0 * places)
    with pytest.raises(DataError, match="position: has no outlets"):
        capacity.head_control(REACH, np.array([]), np.array([]), 12.0, 20.0)
    still = replace(REACH, flow=0.0)
    with pytest.raises(DataError, match="concentration: is beyond what numbers hold"):
        capacity.head_control_concentration(still, [0.0], [0.0], 12.0, [1.0])


def test_one_outfall_is_plug_flow() -> None:
    one = capacity.section_control(REACH, [3000.0], [0.5], 12.0, 20.0, [1.0])
    right = capacity.plug_flow(REACH, 0.5, 12.0, 20.0, 3000.0, capacity.exact_balance)
    assert one.item() == pytest.approx(right, rel=1e-13)


def test_outfalls_keep_labels_and_spread_over_periods() -> None:
    places = xr.DataArray([0.0, 3000.0], {"outlet": ["A", "B"]})
    flow = xr.DataArray([10.0, 20.0], {"period": ["dry", "wet"]})
    for control in (capacity.head_control, capacity.tail_control):
        found = control(replace(REACH, flow=flow), places, 0.2, 12.0, 20.0)
        assert found.dims == ("period", "outlet")
        wet = control(replace(REACH, flow=20.0), places.values, [0.2, 0.2], 12.0, 20.0)
        np.testing.assert_allclose(found.sel(period="wet"), wet, rtol=1e-14)
        assert found.attrs["units"] == "kg/d"


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([3000.0, 1000.0], "row 1, position: is above the outfall before it"),
        ([1000.0, 9000.0], "row 1, position: is beyond the end"),
        ([np.nan, 0.0], "position: nan is not valid"),
        (3000.0, "position: has no outlets"),
    ],
)
def test_wrong_outfalls_are_named(places: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        capacity.head_control(REACH, places, 0.2, 12.0, 20.0)


def test_shares_of_outfalls_add_up() -> None:
    with pytest.raises(DataError, match=r"shares add up to 0\.9"):
        capacity.section_control(REACH, [0.0, 1.0], 0.2, 12.0, 20.0, [0.5, 0.4])


# --- limits -------------------------------------------------------------------------------------


def _decimal_plug_flow(decay: float, above: float, limit: float) -> Decimal:
    getcontext().prec = 50
    tenth = REACH.velocity  # the number nearest 0.1, as the formula has it
    rate = Decimal(decay) / (Decimal(86400) * Decimal(tenth))
    gain, loss = (rate * 5000).exp(), (-rate * 3000).exp()
    return Decimal("86.4") * Decimal(10) * (Decimal(limit) * gain - Decimal(above) * loss)


@pytest.mark.parametrize("decay", [1e-15, 1e-9, 1e-3, 0.2, 5.0])
@pytest.mark.parametrize("above", [20.0, 20.0 - 1e-9, 12.0])
def test_no_digit_is_lost_as_decay_vanishes(decay: float, above: float) -> None:
    river = replace(REACH, decay=decay)
    found = capacity.plug_flow(river, 0.0, above, 20.0, 3000.0)
    assert found == pytest.approx(float(_decimal_plug_flow(decay, above, 20.0)), rel=1e-13)


@pytest.mark.parametrize("balance", [capacity.standard_balance, capacity.exact_balance])
def test_without_decay_everything_is_complete_mixing(balance: Balance) -> None:
    still = replace(REACH, decay=0.0)
    right = capacity.complete_mixing(10.0, 0.5, 12.0, 20.0, balance)
    assert capacity.plug_flow(still, 0.5, 12.0, 20.0, 777.0, balance) == right
    assert capacity.uniform_source(still, 0.5, 12.0, 20.0, balance) == right
    tidal = replace(TIDAL, flow=10.0, decay=0.0)
    assert capacity.estuary(tidal, 0.5, 12.0, 20.0, 500.0, balance) == pytest.approx(
        right, rel=1e-15
    )
    lake = Lake(storage_volume=1e6, flow=10.0)
    assert capacity.mixed_lake(lake, 20.0, 10.0 * 12.0 * 86.4) == pytest.approx(80.0 * 86.4)


def test_the_uniform_source_as_decay_vanishes() -> None:
    """P6: the limit is Q (Cs - C0), which a guarded formula returns as 0."""
    for decay in (0.0, 1e-300, 1e-18, 1e-12):
        found = capacity.uniform_source(replace(REACH, decay=decay), 0.0, 12.0, 20.0)
        assert found == pytest.approx(80.0 * 86.4, rel=1e-11)
    balanced = capacity.uniform_source(replace(REACH, decay=1e-9), 0.0, 20.0, 20.0)
    exponent = 1e-9 * 8000 / (86400 * 0.1)
    assert balanced == pytest.approx(86.4 * 10.0 * 20.0 * exponent, rel=1e-13)


def test_without_flow_decay_is_left() -> None:
    assert capacity.plain_network(0.0, 8e5, 0.12, 18.0, 20.0) == pytest.approx(0.12 * 8e5 * 0.02)
    assert capacity.complete_mixing(0.0, 0.5, 12.0, 20.0, capacity.exact_balance) == 864.0
    lake = Lake(storage_volume=8e5, flow=0.0, decay=0.12)
    assert capacity.mixed_lake(lake, 20.0) == pytest.approx(0.12 * 8e5 * 0.02, rel=1e-15)
    course = capacity.mixed_lake_course(replace(lake, decay=0.0), 16.0, 10.0, 100.0)
    assert course == pytest.approx(10.0 + 1600.0 / 800.0, rel=1e-15)
    still = replace(LAKE, flow=0.0, decay=0.0, settling=0.0)
    assert capacity.stratified(still, 10.0, 12.0, 50.0) == pytest.approx(2.0 * 5e7 / 50 / 1000)


def test_at_the_standard_only_decay_is_left() -> None:
    assert capacity.complete_mixing(10.0, 0.5, 20.0, 20.0) == 0.0
    assert capacity.plug_flow(REACH, 0.0, 20.0, 20.0, 4000.0) > 0.0
    assert capacity.plain_network(10.0, 8e5, 0.12, 20.0, 20.0) == pytest.approx(0.12 * 8e5 * 0.02)


def test_faint_dispersion_is_plug_flow() -> None:
    for faint in (1e-6, 1e-12):
        river = replace(REACH, dispersion=faint)
        plug = capacity.advection_decay(REACH, 50.0, 3000.0)
        assert capacity.advection_dispersion(river, 50.0, 3000.0) == pytest.approx(plug, rel=1e-6)
        assert capacity.advection_dispersion(river, 50.0, -1.0) == 0.0


def test_slow_water_is_dispersion_alone() -> None:
    slow = replace(STILL, flow=1.25e-4, velocity=1e-6)
    found = capacity.advection_dispersion(slow, 50.0, np.array([-800.0, 800.0]))
    right = capacity.dispersion_decay(STILL, 50.0, np.array([-800.0, 800.0]))
    np.testing.assert_allclose(found, right, rtol=1e-4)


def test_dispersion_balances_its_load() -> None:
    """All that decays between far ends is the load."""
    x = np.linspace(-2e4, 4e5, 420001)
    rise = capacity.advection_dispersion(TIDAL, 100.0, x)
    area = TIDAL.flow / TIDAL.velocity
    decayed = np.trapezoid(rise, x) * area * TIDAL.decay / 1000.0
    assert decayed == pytest.approx(100.0, rel=1e-3)


# --- plumes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0.0, 7.0, 20.0, 40.0])
@pytest.mark.parametrize("x", [50.0, 500.0, 1600.0, 5e3, 3e4, 1e5, 1e6])
def test_a_plume_keeps_its_load(x: float, offset: float) -> None:
    """P11: three images lose load beyond the mixing length; as many as needed lose none."""
    river = replace(WIDE, decay=0.0)
    y = np.linspace(0.0, 40.0, 4001)
    rise = capacity.plume(river, 86.4, x, y, offset)
    carried = np.trapezoid(rise, y) * river.depth * river.velocity
    assert carried == pytest.approx(1.0, rel=1e-6)
    if x >= 5e3:
        three = capacity.plume(river, 86.4, x, y, offset, images=1)
        assert np.trapezoid(three, y) * river.depth * river.velocity < 0.999


def test_the_second_images_at_five_kilometres() -> None:
    """P11: the pairs n = ±2 still add 7.7 % each of the open plume there."""
    x = 5000.0
    one, two = (capacity.plume(WIDE, 50.0, x, images=n) for n in (1, 2))
    alone = capacity.plume(WIDE, 50.0, x, images=0)
    assert (two - one) / alone == pytest.approx(2 * 0.077, abs=1e-3)


@pytest.mark.parametrize("offset", [0.0, 13.0])
@pytest.mark.parametrize("spread", [0.3, 0.999, 1.001, 2.0, 5.0])
def test_modes_and_images_are_one_plume(spread: float, offset: float) -> None:
    x = 0.1 * (40.0 * spread) ** 2 / (2 * 0.05)
    y = np.linspace(0.0, 40.0, 9)
    found = capacity.plume(WIDE, 50.0, x, y, offset)
    np.testing.assert_allclose(
        found, capacity.plume(WIDE, 50.0, x, y, offset, images=40), rtol=1e-12
    )
    mixed = capacity.plume(WIDE, 50.0, np.array([x, 10 * x, x / 10]), 5.0, offset)
    assert mixed[0] == pytest.approx(capacity.plume(WIDE, 50.0, x, 5.0, offset), rel=1e-12)


def test_far_down_a_plume_is_plug_flow() -> None:
    river = replace(WIDE, flow=0.1 * 2.0 * 40.0, length=1e5)
    bank = capacity.bank_discharge(WIDE, 1e5, capacity.carried(WIDE, 12.0, 1e5), 20.0)
    plug = capacity.plug_flow(river, 0.0, 12.0, 20.0)
    assert bank == pytest.approx(plug, rel=1e-12)


def test_a_far_bank_far_away_does_not_matter() -> None:
    river = replace(WIDE, width=np.inf)
    x, y, a = 400.0, 3.0, 5.0
    spread = 4 * 0.05 * x / 0.1
    parts = sum(np.exp(-((y - s) ** 2) / spread) for s in (a, -a))
    right = 1.0 / (2 * 2.0 * np.sqrt(np.pi * 0.05 * 0.1 * x)) * parts * np.exp(-0.2 * x / 8640)
    assert capacity.plume(river, 86.4, x, y, a) == pytest.approx(right, rel=1e-12)
    printed = (20.0 * np.exp(0.2 * x / 8640) - 12.0) * 2.0 * np.sqrt(np.pi * 0.05 * 0.1 * x)
    held = capacity.bank_discharge(river, x, capacity.carried(river, 12.0, x), 20.0)
    assert held == pytest.approx(86.4 * printed, rel=1e-12)


def test_the_edge_of_the_zone_is_at_the_standard() -> None:
    river = replace(WIDE, decay=0.0, width=np.inf)
    zone = capacity.bank_zone(river, 30 * 86.4, 10.0, 20.0)
    edge = capacity.plume(river, 30 * 86.4, np.array([zone.length, zone.position]),
                          np.array([0.0, zone.width]))  # fmt: skip
    np.testing.assert_allclose(edge, 10.0, rtol=1e-12)
    x, y = np.meshgrid(np.linspace(0.05, 200.0, 4000), np.linspace(0.005, 10.0, 2000))
    above = capacity.plume(river, 30 * 86.4, x, y) > 10.0
    assert above.mean() * 200.0 * 10.0 == pytest.approx(zone.area, rel=2e-3)
    with pytest.raises(
        DataError, match=r"background: 21.0 is not valid; right would be at most the"
    ):
        capacity.bank_zone(river, 30 * 86.4, 21.0, 20.0)


# --- pitfalls -----------------------------------------------------------------------------------


def test_decay_is_per_day() -> None:
    """P1: the share lost in one day of travel at 1/d is 1 - 1/e."""
    left = capacity.carried(River(velocity=0.1, decay=1.0), 1.0, 8640.0)
    assert left == pytest.approx(np.exp(-1.0), rel=1e-15)


def test_outfalls_further_up_may_discharge_more() -> None:
    """P2: head, middle and end of the stretch, in this order."""
    places = np.array([0.0, 4000.0, 8000.0])
    head, middle, end = np.asarray(capacity.plug_flow(REACH, 0.5, 12.0, 20.0, places))
    assert head > middle > end > capacity.complete_mixing(10.0, 0.5, 12.0, 20.0)


def test_the_three_conventions_differ_by_the_outfall_water() -> None:
    """P3: exact - standard = C0 Qp; standard - river = (Cs - C0) Qp."""
    found = [
        capacity.complete_mixing(10.0, 0.5, 12.0, 20.0, balance)
        for balance in (capacity.river_balance, capacity.standard_balance, capacity.exact_balance)
    ]
    np.testing.assert_allclose(np.diff(found) / 86.4, [8.0 * 0.5, 12.0 * 0.5])


def test_a_stock_is_no_rate() -> None:
    """P4: the small-lake form is a mass and says so."""
    volume = xr.DataArray([5e7], {"lake": ["L"]})
    stock = capacity.lake_stock(volume, 12.0, 20.0)
    rate = capacity.mixed_lake(Lake(storage_volume=volume, flow=3.0), 20.0)
    assert (stock.attrs["units"], rate.attrs["units"]) == ("t", "kg/d")
    for refused in (
        lambda: capacity.annual(_year([1.0] * 12).rename("stock")),
        lambda: capacity.two_way(stock, rate.drop_vars("lake"), 0.5),
        lambda: capacity.two_way(rate, 2.0 * stock, 0.5),
        lambda: capacity.non_uniform(stock, 0.8),
        lambda: capacity.non_uniform(capacity.lake_stock(pd.Series([5e7]), 12.0, 20.0), 0.8),
        lambda: capacity.chain(_tables()[0].rename("stock"), *_tables()[1:]),
    ):
        with pytest.raises(DataError, match="is stock in t, no rate; right would be a capacity in"):
            refused()
    year = capacity.annual(_year([100.0] * 12))
    with pytest.raises(DataError, match="is annual_sum in t/a, no rate"):
        capacity.non_uniform(year["annual_sum"], 0.8)


def test_the_unit_of_goda() -> None:
    """P5: per m2 and year, whatever the printed constant suggests."""
    lake = Lake(storage_volume=1.0, flow=0.0, storage_area=1.0)
    assert capacity.goda(lake, 1.0) * 0.365 * 1e6 == pytest.approx(10.0)  # g/a of 1 m2 at 1 mg/L


def _year(rates: list[float], first: str = "2021-01-01") -> xr.DataArray:
    start = pd.date_range(first, periods=12, freq="MS")
    coords = {
        "period": start.strftime("%Y-%m"), "start": ("period", start.to_numpy()),
        "days": ("period", start.days_in_month.to_numpy(float)),
    }  # fmt: skip
    return xr.DataArray(rates, coords, "period", name="capacity")


def test_rates_are_not_added() -> None:
    """P7: twelve months of 100 kg/d are 36.5 t/a, not twelve times that.

    A published sample adds twelve monthly rates, 62870 t/a in all, and calls the sum a year's.
    """
    sample = capacity.annual(_year([62870.0 / 12 / 0.365] * 12))
    assert sample["annual_sum"].item() == pytest.approx(5239.0, abs=0.5)
    year = capacity.annual(_year([100.0] * 12))
    assert year["annual_sum"].item() == pytest.approx(36.5)
    assert year["annual_worst"].item() == pytest.approx(36.5)
    assert (year["flood_mass"] + year["other_mass"]).item() == pytest.approx(36.5)
    assert year["annual_sum"].attrs["units"] == "t/a"


def test_deficits_count_in_sums() -> None:
    """P8: a sum of clipped months would hide what is owed."""
    year = capacity.annual(_year([-50.0] * 6 + [100.0] * 6))
    assert year["annual_sum"].item() == pytest.approx((-50 * 181 + 100 * 184) / 1000)
    assert year["annual_worst"].item() == pytest.approx(-50 * 0.365)


def test_a_leap_year_has_its_day() -> None:
    """P18: a year and its February have the days of the calendar."""
    year = capacity.annual(_year([100.0] * 12, "2024-01-01"))
    assert year["annual_sum"].item() == pytest.approx(36.6)
    assert year["capacity_mass"].sel(period="2024-02").item() == pytest.approx(2.9)


def test_a_year_is_a_year() -> None:
    with pytest.raises(DataError, match="is no year"):
        capacity.annual(_year([100.0] * 12).isel(period=slice(0, 6)))
    with pytest.raises(DataError, match=r"months: 13 is no month"):
        capacity.annual(_year([100.0] * 12), [13])
    with pytest.raises(DataError, match="start: is missing"):
        capacity.annual(_year([100.0] * 12).drop_vars("start"))
    year = _year([100.0] * 12)
    turned = year.days.values.copy()
    turned[:2] += [-40.0, 40.0]  # still a year in sum
    with pytest.raises(DataError, match=r"row 2021-01, days: -9\.0 is no length of a period"):
        capacity.annual(year.assign_coords(days=("period", turned)))


def test_months_are_kept_apart_by_pollutant() -> None:
    rates = xr.concat([_year([100.0] * 12), _year(list(range(12, 0, -1)))], "pollutant")
    year = capacity.annual(rates.assign_coords(pollutant=["COD", "TP"]))
    assert year["worst_period"].sel(pollutant="TP").item() == "2021-12"
    assert year["annual_worst"].sel(pollutant="TP").item() == pytest.approx(0.365)


def test_mean_flow_of_two_directions_is_no_capacity() -> None:
    """P15: +6 and -4 m3/s are not 2 m3/s."""
    forward = capacity.plain_network(6.0, 8e5, 0.0, 18.0, 20.0)
    reverse = capacity.plain_network(4.0, 8e5, 0.0, 19.0, 20.0)
    both = capacity.two_way(forward, reverse, 0.6)
    assert both == pytest.approx(86.4 * (0.6 * 12 + 0.4 * 4))
    with pytest.raises(DataError, match=r"flow: -4.0"):
        capacity.plain_network(-4.0, 8e5, 0.0, 19.0, 20.0)
    with pytest.raises(
        DataError, match=r"weight: 220.0 is not valid; right would be a number from 0"
    ):
        capacity.two_way(forward, reverse, 220.0)


def test_a_margin_takes_more_than_its_share() -> None:
    """A margin of 10 % of the standard takes 25 % of the capacity at 12 of 20 mg/L."""
    full, held = (capacity.complete_mixing(10.0, 0.0, 12.0, limit) for limit in (20.0, 18.0))
    assert held / full == pytest.approx(0.75)


def test_worse_incoming_water_is_owed() -> None:
    assert capacity.complete_mixing(10.0, 0.5, 24.0, 20.0) == pytest.approx(-42.0 * 86.4)
    # of the excess of 4 mg/L the stretch removes its share; the rest is owed
    head = capacity.head_control(REACH, [0.0], [0.0], 24.0, 20.0).sum()
    net = head + capacity.incoming_correction(REACH, 24.0, 20.0)
    left = capacity.carried(REACH, 4.0, 8000.0)
    assert net == pytest.approx(-86.4 * 10.0 * left, rel=1e-13)
    assert capacity.incoming_correction(REACH, 12.0, 20.0) == 0.0


def test_an_outfall_beyond_the_stretch_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"position: 9000.0 is not valid; right would be at most the"
    ):
        capacity.plug_flow(REACH, 0.5, 12.0, 20.0, 9000.0)
    with pytest.raises(DataError, match=r"row B, position: 9000.0"):
        places = xr.DataArray([1000.0, 9000.0], {"outlet": ["A", "B"]})
        capacity.plug_flow(REACH, 0.5, 12.0, 20.0, places)


def test_what_lasts_keeps_its_mass() -> None:
    """Fluoride, metals and salt do not decay: every place of a stretch is like the next."""
    still = replace(REACH, decay=0.0)
    places = np.array([0.0, 2500.0, 8000.0])
    found = capacity.plug_flow(still, 0.5, 0.6, 1.0, places, capacity.exact_balance)
    np.testing.assert_array_equal(found, 86.4 * (0.4 * 10.0 + 1.0 * 0.5))
    head, tail = (
        control(still, places, [0.1, 0.2, 0.2], 0.6, 1.0)
        for control in (capacity.head_control, capacity.tail_control)
    )
    np.testing.assert_allclose(head, tail, rtol=1e-14)
    assert head.sum() == pytest.approx(found[0], rel=1e-14)


def test_still_water_is_no_plug_flow() -> None:
    with pytest.raises(
        DataError, match=r"velocity: 0.0 is not valid; right would be a finite number > 0"
    ):
        capacity.plug_flow(replace(REACH, velocity=0.0), 0.5, 12.0, 20.0)


# --- oxygen -------------------------------------------------------------------------------------


@often
@given(st.floats(0.01, 5.0), st.floats(0.01, 5.0), st.floats(0.0, 1.0), st.floats(0.1, 8.0))
def test_the_allowable_demand_just_meets_the_standard(
    decay: float, reaeration: float, part: float, most: float
) -> None:
    deficit = part * most
    demand = capacity.allowable_demand(decay, reaeration, deficit, most)
    time = capacity.critical_time(decay, reaeration, demand, deficit)
    worst = capacity.oxygen_deficit(decay, reaeration, demand, deficit, time)
    assert worst == pytest.approx(most, rel=1e-9)
    course = capacity.oxygen_deficit(
        decay, reaeration, demand, deficit, np.linspace(0.0, 20.0 / min(decay, reaeration), 999)
    )
    assert course.max() <= most * (1.0 + 1e-9)
    assert capacity.allowable_demand(decay, reaeration, deficit, most * 1.1) > demand


@pytest.mark.parametrize("gap", [0.0, 1e-15, -1e-12, 1e-9])
def test_equal_rates_are_no_exception(gap: float) -> None:
    deficit = capacity.oxygen_deficit(0.25, 0.25 + gap, 12.0, 1.0, 2.0)
    assert deficit == pytest.approx((0.25 * 2 * 12 + 1.0) * np.exp(-0.5), rel=1e-8)
    time = capacity.critical_time(0.25, 0.25 + gap, 12.0, 1.0)
    assert time == pytest.approx((1 - 1 / 12) / 0.25, rel=1e-8)


def test_where_the_deficit_only_falls_the_head_is_worst() -> None:
    assert capacity.critical_time(0.1, 0.9, 1.0, 5.0) == 0.0
    assert capacity.critical_time(0.1, 0.9, 0.0, 5.0) == 0.0
    with pytest.raises(
        DataError, match=r"deficit: 5.0 is not valid; right would be at most the st"
    ):
        capacity.allowable_demand(0.1, 0.9, 5.0, 4.0)


# --- regimes ------------------------------------------------------------------------------------


def test_the_regime_jumps_by_what_is_said() -> None:
    edge = replace(TIDAL, width=1e4, decay=0.027 * 0.1**2 / 50.0 * 86400)
    below, above = replace(edge, decay=edge.decay * 0.999), replace(edge, decay=edge.decay * 1.001)
    assert capacity.regime(below) is capacity.advection_decay
    assert capacity.regime(above) is capacity.advection_dispersion
    jump = capacity.advection_decay(edge, 1.0, 0.0) / capacity.advection_dispersion(edge, 1.0, 0.0)
    assert jump == pytest.approx(1.0526, abs=5e-5)
    assert capacity.regime(replace(below, width=100.0)) is capacity.advection_spread


def test_a_regime_is_of_one_river() -> None:
    with pytest.raises(DataError, match="one"):
        capacity.regime(replace(TIDAL, width=np.array([40.0, 50.0])))


# --- uneven mixing and the chain ----------------------------------------------------------------


def test_coefficients_at_the_ends_of_their_classes() -> None:
    width = np.array([1e-12, 50.0, 100.0, 150.0, 200.0])
    np.testing.assert_allclose(capacity.non_uniformity(width), [1.0, 0.8, 0.6, 0.4, 0.1])
    area = 1e6 * np.array([0.0, 5.0, 50.0, 500.0, 1000.0, 3000.0])
    found = capacity.lake_non_uniformity(area)
    np.testing.assert_allclose(found, [1.0, 0.6, 0.4, 0.11, 0.09, 0.05])
    with pytest.raises(DataError, match="beyond the table"):
        capacity.non_uniformity(np.array([40.0, 250.0]))


def _network() -> xr.Dataset:
    labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    response = xr.DataArray([[[[0.01]]]], labels, list(labels))
    return capacity.network(response, response[:, 0].rename(pollutant="indicator") * 0 + 0.5)


def test_uneven_mixing_is_counted_once() -> None:
    found = _network()
    for solved in (found, found["total"], found["canonical_load"] * 2.0):
        with pytest.raises(DataError, match="a network counts mixing"):
            capacity.non_uniform(solved, 0.8)
    plume = capacity.bank_discharge(
        WIDE, xr.DataArray([500.0, 900.0], {"section": ["A", "B"]}), 12.0, 20.0
    )
    with pytest.raises(DataError, match="resolves the width"):
        capacity.non_uniform(plume, 0.8)


LABELS = pd.MultiIndex.from_tuples(
    [("U1", "COD"), ("U2", "COD")], names=["control_unit", "pollutant"]
)


def _tables() -> tuple[pd.Series, pd.DataFrame, pd.DataFrame]:
    ideal = pd.Series([1000.0, -100.0], LABELS)
    names = ["control_unit", "pollutant", "source"]
    deductions = pd.DataFrame(
        [
            ("U1", "COD", "farm", "non_point", 300.0),
            ("U1", "COD", "pond", "non_point", 50.0),
            ("U1", "COD", "upstream", "uncontrollable", 50.0),
        ],
        columns=[*names, "deduction", "in_river_load"],
    )
    sources = pd.DataFrame(
        [
            ("U1", "COD", "works", 0.75, 0.9),
            ("U1", "COD", "dyeing", 0.25, 0.6),
            ("U2", "COD", "mill", 1.0, 0.5),
        ],
        columns=[*names, "share", "into_river"],
    )
    return ideal, deductions, sources


def test_the_chain_step_by_step() -> None:
    ideal, deductions, sources = _tables()
    table = capacity.chain(ideal, deductions, sources, pd.Series([0.1, 0.08], LABELS))
    first = {
        "ideal_capacity": 1000.0, "non_point": 350.0, "uncontrollable": 50.0,
        "usable_capacity": 600.0, "reserve": 60.0, "allocatable_capacity": 540.0,
        "outlet_load": 540 * 0.75 / 0.9 + 540 * 0.25 / 0.6,
    }  # fmt: skip
    assert table.columns.tolist() == list(first)
    assert table.loc[("U1", "COD")].to_dict() == pytest.approx(first)
    # what is owed stays owed: a margin does not make a cut smaller
    assert table.loc[("U2", "COD"), "reserve"] == 0.0
    assert table.loc[("U2", "COD"), "outlet_load"] == pytest.approx(-100.0 / 0.5)
    loads = capacity.outlet_loads(table["allocatable_capacity"], sources)
    assert loads["in_river_load"].tolist() == pytest.approx([405.0, 135.0, -100.0])
    assert loads["outlet_load"].tolist() == pytest.approx([450.0, 225.0, -200.0])


def test_the_margin_of_the_standard_withholds_more() -> None:
    ideal, deductions, sources = _tables()
    held = ideal - [250.0, 25.0]
    table = capacity.chain(ideal, deductions, sources, with_margin=held)
    assert table["reserve"].tolist() == [250.0, 25.0]
    assert table["allocatable_capacity"].tolist() == [350.0, -125.0]


def test_nothing_is_counted_twice() -> None:
    """P10: what is taken off as drainage of a polder is not decided again at its pump."""
    ideal, deductions, sources = _tables()
    again = pd.concat([deductions, deductions.iloc[[0]]], ignore_index=True)
    with pytest.raises(DataError, match="deductions, row 3, source: farm is counted twice"):
        capacity.chain(ideal, again, sources)
    both = deductions.assign(source=["works", "pond", "upstream"])
    with pytest.raises(DataError, match="sources, row 0, source: works is counted twice"):
        capacity.chain(ideal, both, sources)
    with pytest.raises(DataError, match="is a second margin"):
        capacity.chain(ideal, deductions, sources, 0.1, ideal * 0.9)
    with pytest.raises(DataError, match="a network counts mixing and background"):
        capacity.chain(_network()["total"], deductions, sources)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sources": {"share": [0.75, 0.2, 1.0]}}, r"row U1, COD, share: 0\.95 is the sum"),
        ({"sources": {"into_river": [0.9, 0.0, 0.5]}}, "row 1, into_river: 0.0 is not valid"),
        ({"sources": {"pollutant": "TP"}}, "U1, TP has no capacity"),
        ({"deductions": {"deduction": "rain"}}, "deduction: rain is unknown"),
        ({"deductions": {"in_river_load": -1.0}}, r"in_river_load: -1\.0 is not valid"),
        ({"ideal": [np.nan, 1.0]}, "row U1, COD, ideal: is no number"),
        ({"ideal": ["much", 1.0]}, "row U1, COD, ideal: is no number"),
        ({"margin": "much"}, "margin_of_safety: is out of range"),
        ({"margin": np.array([0.1, 0.1])}, "margin_of_safety: does not fit; right would be one n"),
        ({"margin": pd.Series([0.1, 0.1])}, "margin_of_safety: does not fit"),
        (
            {"sources": {"source": ["works", "dyeing", "works"]}},
            "sources, row 2, source: works is in U1 and in U2; right would be a source in",
        ),
        (
            {"sources": {"source": ["works", "dyeing", "farm"]}},
            "sources, row 2, source: farm is in U1 and in U2",
        ),
        (
            {"sources": {"source": ["works", "works", "mill"]}},
            "sources, row 1, source: works is counted twice",
        ),
        ({"margin": 1.0}, "margin_of_safety: is out of range"),
    ],
)
def test_wrong_tables_of_the_chain_are_named(change: dict[str, Any], words: str) -> None:
    ideal, deductions, sources = _tables()
    if "ideal" in change:
        ideal = pd.Series(change["ideal"], LABELS)
    deductions = deductions.assign(**change.get("deductions", {}))
    sources = sources.assign(**change.get("sources", {}))
    with pytest.raises(DataError, match=words):
        capacity.chain(ideal, deductions, sources, change.get("margin", 0.0))


def test_repeated_labels_and_other_shapes_of_the_chain() -> None:
    ideal, deductions, sources = _tables()
    twice = pd.concat([ideal, ideal[:1]])
    with pytest.raises(DataError, match="chain, row U1, COD, ideal: stands twice"):
        capacity.chain(twice, deductions, sources)
    with pytest.raises(DataError, match="row U1, COD, allocatable_capacity: stands twice"):
        capacity.outlet_loads(twice, sources)
    with pytest.raises(DataError, match="row U1, COD, allocatable_capacity: is no number"):
        capacity.outlet_loads(ideal * [np.nan, 1.0], sources)
    with pytest.raises(DataError, match="allocatable_capacity: has no named labels"):
        capacity.outlet_loads(ideal.to_frame(), sources)
    for held in (ideal[:1] * 0.9, ideal.reset_index(drop=True), ideal.to_numpy(), ideal + 1.0):
        with pytest.raises(DataError, match="with_margin: does not fit"):
            capacity.chain(ideal, deductions, sources, with_margin=held)
    # rows of a table may bear the same label; faults name the row and its own value
    joined = pd.concat([sources[:1], sources[:1].assign(source="dyeing", into_river=-1.0)])
    with pytest.raises(DataError, match=r"row 0, into_river: -1\.0 is not valid"):
        capacity.outlet_loads(ideal[:1], joined)


def test_a_source_may_have_many_pollutants_and_periods() -> None:
    labels = pd.MultiIndex.from_product(
        [["U1"], ["COD", "TP"], ["dry", "wet"]], names=["control_unit", "pollutant", "period"]
    )
    rows = labels.to_frame(index=False).assign(source="works", share=1.0, into_river=0.5)
    loads = capacity.outlet_loads(pd.Series(100.0, labels), rows)
    assert loads["outlet_load"].tolist() == [200.0] * 4


def test_missing_columns_and_names() -> None:
    ideal, deductions, sources = _tables()
    with pytest.raises(DataError, match="sources, share: is missing"):
        capacity.chain(ideal, deductions, sources.drop(columns="share"))
    with pytest.raises(DataError, match="named labels"):
        capacity.chain(ideal.rename_axis([None, None]), deductions, sources)


def test_margins_and_distances() -> None:
    assert [capacity.class_margin(c) for c in ("I", "II", "III", "IV", "V")] == [
        0.1, 0.1, 0.1, 0.08, 0.08,
    ]  # fmt: skip
    with pytest.raises(DataError, match="VI is no class"):
        capacity.class_margin("VI")
    distance = np.array([0.0, 1e3, 1001.0, 10e3, 20e3, 40e3, 40001.0])
    found = capacity.into_river(distance)
    np.testing.assert_array_equal(found, [1.0, 1.0, 0.9, 0.9, 0.8, 0.7, 0.6])


def test_incoming_excess_is_corrected_below_the_first_outfall_alone() -> None:
    river = River(flow=10.0, velocity=0.1, decay=0.2, length=8000.0)
    at_head, halfway, at_end = (
        capacity.incoming_correction(river, 24.0, 20.0, x) / 86.4 for x in (0.0, 4000.0, 8000.0)
    )
    assert at_head == pytest.approx(6.762, abs=5e-4)
    # what arrives halfway is over the standard; the second half removes this share of it
    share = np.exp(-0.2 * 4000.0 / (86400.0 * 0.1))
    excess = 24.0 * share - 20.0
    assert halfway == pytest.approx(10.0 * (excess - excess * share), rel=1e-9)
    assert at_end == 0.0


@pytest.mark.parametrize("name", ["total", "point_load", "upstream_share"])
def test_results_of_a_network_are_refused_as_tables_too(name: str) -> None:
    with pytest.raises(DataError, match="network"):
        capacity.non_uniform(pd.Series([50.0], name=name), 0.8)
