"""Pyomo's door: the same rows, the same optimum, and the page that shows how."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permitload.errors import InfeasibleError
from permitload.program import Program
from tests.test_program_kinds import mixed

PAGE = Path(__file__).parent.parent / "docs" / "own_rule.md"


def solved(model: Any) -> Any:
    """Answer of Pyomo's own bridge to HiGHS."""
    solver = pyo.SolverFactory("appsi_highs")
    solver.options.update({"mip_rel_gap": 0.0, "mip_abs_gap": 0.0})
    found = solver.solve(model, load_solutions=False)
    if found.solver.termination_condition != pyo.TerminationCondition.optimal:
        return None
    solver.load_vars()
    return pyo.value(model.total)


def test_the_page_runs_and_both_ways_agree() -> None:
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf8"), re.S)
    assert len(blocks) == 4
    for block in blocks:
        exec(block, names)
    free, ours, theirs = names["free"], names["ours"], pd.Series(names["theirs"])
    # By hand: the sections leave (40, 20, 28); with E1 = 1.2 E3 and S2 full E2 is 75 - 1.85 E3,
    # the total 75 + 0.35 E3, and E1 ends at its ceiling.
    np.testing.assert_allclose(free.column, [40.0, 20.0, 28.0], rtol=1e-12)
    np.testing.assert_allclose(ours.column, [40.0, 40 / 3, 100 / 3], rtol=1e-12)
    np.testing.assert_allclose(theirs, ours.column, rtol=1e-9)
    assert ours.shadow_price["owner"] > 0
    assert ours.value < free.value
    loads = Program().columns([("option", name, "membrane") for name in ("E1", "E2")], 0.0, 1.0)
    assert names["one_yard"](loads).maximise(1.0).value == 1.0


@given(st.integers(0, 1_000_000))
@settings(max_examples=40, deadline=None)
def test_pyomo_finds_the_same_optimum(seed: int) -> None:
    program, cost = mixed(seed)
    model = program.to_pyomo()
    model.total = pyo.Objective(
        expr=sum(c * model.column[k] for c, k in zip(cost, program.column, strict=True)),
        sense=pyo.maximize,
    )
    theirs = solved(model)
    try:
        ours = program.maximise(cost).value
    except InfeasibleError:
        assert theirs is None
        return
    # Its point may miss a row by 1e-6.
    assert theirs == pytest.approx(ours, abs=1e-5)


def test_the_model_holds_what_the_program_holds() -> None:
    program = (
        Program()
        .columns(["a", ("b", "dry")], [-np.inf, 1.0], [np.inf, 4.0])
        .columns(["n"], 0.0, 9.0, integer=True)
        .at_most("most", [1.0, 0.0, 2.5], 7.0)
        .at_least([("least", "S1")], [0.0, -1.0, 0.0], -3.0)
        .equal("same", [1.0, -1.0, 0.0], 0.5)
    )
    model = program.to_pyomo()
    assert model.column["a"].bounds == (None, None)
    assert model.column["b", "dry"].bounds == (1.0, 4.0)
    assert model.column["n"].is_integer()
    assert not model.column["a"].is_integer()
    for label, value in zip(["a", ("b", "dry"), "n"], [2.0, 3.0, 5.0], strict=True):
        model.column[label] = value
    rows = {"most": (None, 7.0), ("least", "S1"): (-3.0, None), "same": (0.5, 0.5)}
    for (label, bounds), activity in zip(
        rows.items(), program.matrix @ np.array([2.0, 3.0, 5.0]), strict=True
    ):
        row = model.row[label]
        assert (row.lb, row.ub) == bounds
        assert row.equality == (bounds[0] == bounds[1])
        assert pyo.value(row.body) == activity
