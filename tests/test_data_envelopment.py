"""ZSG-DEA: the case in every field, efficiency by another solver, what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from permitload.errors import DataError
from permitload.fairness import constant_returns, efficiency, variable_returns, zero_sum_dea
from permitload.program import Program

CASES = Path(__file__).parent / "cases" / "allocation"
Returns = Callable[[Program], Program]
RETURNS: dict[str, Returns] = {"CRS": constant_returns, "VRS": variable_returns}


def case() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / "zsg_dea.json").read_text("utf8"))
    return found


def park(values: dict[str, Any]) -> tuple[pd.Series, pd.DataFrame, pd.DataFrame | None]:
    units = [f"U{k + 1}" for k in range(len(values["emission"]))]
    labour = pd.DataFrame({"labour": values["labour"]}, units) if "labour" in values else None
    output = pd.DataFrame({"gdp": values["gdp"]}, units)
    return pd.Series(values["emission"], units), output, labour


def one_round(load: pd.Series, output: pd.DataFrame, returns: Returns) -> pd.Series:
    """Every inefficient unit gives up load at once, the others take it in proportion."""
    gone = (1.0 - efficiency(load, output, returns=returns)) * load
    moved = load - gone
    for unit in load.index:
        others = load.drop(unit)
        moved[others.index] += gone[unit] * others / others.sum()
    return moved


@pytest.mark.parametrize("name", ["CRS", "VRS"])
def test_four_units(name: str) -> None:
    known = case()
    right, near = known["expected"][name], {"rel": 0, "abs": known["tolerance"]}
    load, output, _ = park(known["inputs"])
    found = zero_sum_dea(load, output, returns=RETURNS[name])
    assert found.efficiency.tolist() == pytest.approx(right["efficiency"], **near)
    assert found.share.tolist() == pytest.approx(right["allocation"], **near)
    assert found.together.tolist() == pytest.approx(right["zsg_efficiency_all_together"], **near)
    assert found.alone.tolist() == pytest.approx(right["zsg_efficiency_one_at_a_time"], **near)
    assert found.few  # 4 units, 2 columns
    # What the closed form gives is efficient throughout.
    after = efficiency(found.share, output, returns=RETURNS[name])
    np.testing.assert_allclose(after, 1.0, rtol=0, atol=known["tolerance"])
    fields = {"efficiency", "allocation", "iterative_limit", "iterations"}
    assert set(right) == fields | {"zsg_efficiency_all_together", "zsg_efficiency_one_at_a_time"}


@pytest.mark.parametrize("name", ["CRS", "VRS"])
def test_moving_load_round_after_round(name: str) -> None:
    known = case()
    right, returns = known["expected"][name], RETURNS[name]
    load, output, _ = park(known["inputs"])
    closed = zero_sum_dea(load, output, returns=returns).share
    for _ in range(right["iterations"]):
        load = one_round(load, output, returns)
    assert load.tolist() == pytest.approx(right["iterative_limit"], rel=known["tolerance"], abs=0)
    after = efficiency(load, output, returns=returns)
    np.testing.assert_allclose(after, 1.0, rtol=0, atol=known["tolerance"])
    if name == "CRS":
        assert load.tolist() == pytest.approx(closed.tolist(), rel=known["tolerance"])
    else:  # another all-efficient point: 53.7 instead of 50 for the third
        assert load["U3"] - closed["U3"] > 3.6


def test_five_units_are_too_few_to_move_anything() -> None:
    known = case()
    load, output, labour = park(known["inputs"]["five_dmu"])
    found, right = zero_sum_dea(load, output, labour), known["expected"]["five_dmu_VRS"]
    near = {"rel": 0, "abs": known["tolerance"]}
    assert found.efficiency.tolist() == pytest.approx(right["efficiency"], **near)
    assert found.share.tolist() == pytest.approx(right["allocation"], **near)
    assert found.few


def test_nine_units() -> None:
    known = case()
    load, output, labour = park(known["inputs"]["nine_dmu"])
    found, right = zero_sum_dea(load, output, labour), known["expected"]["nine_dmu_VRS"]
    near = {"rel": 0, "abs": known["tolerance"]}
    assert found.efficiency.tolist() == pytest.approx(right["efficiency"], **near)
    assert found.share.tolist() == pytest.approx(right["allocation"], **near)
    assert not found.few  # 9 units, 3 columns
    assert zero_sum_dea(load.iloc[:8], output.iloc[:8], labour.iloc[:8]).few


Loads = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 100), min_size=n, max_size=n),
        st.lists(st.integers(1, 100), min_size=n, max_size=n),
        st.lists(st.integers(0, 100), min_size=n, max_size=n),
    )
)


@given(Loads)
@settings(max_examples=40, deadline=None)
def test_efficiency_by_multipliers_and_another_solver(values: tuple[list[int], ...]) -> None:
    """The dual: the best prices a unit could ask for, with scipy."""
    emission, gdp, labour = (np.array(v, dtype=float) for v in values)
    load, output, used = park({"emission": emission, "gdp": gdp, "labour": labour})
    for name, free in (("CRS", (0.0, 0.0)), ("VRS", (None, None))):
        found = efficiency(load, output, used, RETURNS[name])
        for k in range(len(emission)):
            # max gdp_k·u − labour_k·w + z, emission_k·v = 1, gdp·u − labour·w − emission·v + z <= 0
            best = optimize.linprog(
                [-gdp[k], labour[k], 0.0, -1.0],
                A_ub=np.column_stack([gdp, -labour, -emission, np.ones(len(gdp))]),
                b_ub=np.zeros(len(gdp)),
                A_eq=[[0.0, 0.0, emission[k], 0.0]],
                b_eq=[1.0],
                bounds=[(0, None), (0, None), (0, None), free],
            )
            assert found.iloc[k] == pytest.approx(-best.fun, abs=1e-6)


@given(Loads)
@settings(max_examples=40, deadline=None)
def test_constant_returns_with_one_output_is_equal_load_per_output(
    values: tuple[list[int], ...],
) -> None:
    load, output, _ = park({"emission": [float(v) for v in values[0]], "gdp": values[1]})
    share = zero_sum_dea(load, output, returns=constant_returns).share
    even = load.sum() * output["gdp"] / output["gdp"].sum()
    np.testing.assert_allclose(share, even, rtol=1e-6)


@given(Loads, st.randoms(), st.floats(1e-3, 1e3), st.floats(0, 1e4))
@settings(max_examples=40, deadline=None)
def test_order_units_and_total(
    values: tuple[list[int], ...], random: Any, unit: float, total: float
) -> None:
    load, output, used = park(dict(zip(("emission", "gdp", "labour"), values, strict=True)))
    found = zero_sum_dea(load, output, used, total)
    assert found.share.sum() == pytest.approx(total, rel=1e-9)
    assert found.efficiency.between(0, 1).all()
    order = list(load.index)
    random.shuffle(order)
    moved = zero_sum_dea(load[order] * unit, output * unit, used.loc[order] * unit, total)
    np.testing.assert_allclose(moved.share[load.index], found.share, rtol=1e-6, atol=1e-9)


def test_better_practice_gets_no_less() -> None:
    load, output, _ = park({"emission": [10.0, 20.0, 30.0, 40.0], "gdp": [10, 10, 20, 10]})
    before = zero_sum_dea(load, output, total=100.0).share["U2"]
    output.loc["U2", "gdp"] = 15.0
    assert zero_sum_dea(load, output, total=100.0).share["U2"] > before


def test_what_is_refused() -> None:
    load, output, _ = park({"emission": [10.0, 0.0, 30.0], "gdp": [10.0, 5.0, 0.0]})
    with pytest.raises(DataError) as caught:
        zero_sum_dea(load, output)
    assert [(f.row, f.column) for f in caught.value.faults] == [
        ("U2", "source_load"), ("U3", "outputs"),
    ]  # fmt: skip
    fine, good = load.replace(0.0, 5.0), output.replace(0.0, 1.0)
    for bad in (np.nan, -1.0):
        with pytest.raises(DataError, match="row U1, gdp"):
            zero_sum_dea(fine, good.replace(10.0, bad))
        with pytest.raises(DataError, match="row U1, source_load"):
            zero_sum_dea(fine.replace(10.0, bad), good)
        with pytest.raises(DataError, match="total is"):
            zero_sum_dea(fine, good, total=bad)
    with pytest.raises(DataError, match="U3, outputs gdp: has no partner"):
        zero_sum_dea(fine, good.iloc[:2])
    with pytest.raises(DataError, match="U1, inputs labour: has no partner"):
        zero_sum_dea(fine, good, pd.DataFrame({"labour": [1.0, 2.0]}, ["U2", "U3"]))
