"""The plan of measures that brings a park to its total at least cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from permitload._frames import complete, fault_at
from permitload._labels import index_of
from permitload.errors import DataError, Fault, InfeasibleError, raise_faults
from permitload.program import Program, relax
from permitload.schema import PARK_TOTALS

__all__ = ["measures_plan"]

AS_IS = "as is"
"""Label of the option that changes nothing and costs nothing."""
NOISE = 1e-9
"""Part of the least cost that is round-off."""

AnnualCost = Callable[[Any, Any, Any, Any], Any]
_CELL = ["pollutant", "period"]


def measures_plan(
    source_loads: pd.DataFrame,
    options: pd.DataFrame,
    groups: pd.DataFrame,
    group_limits: pd.DataFrame,
    annual_cost: AnnualCost,
    conditions: Iterable[Callable[[Program], Program]] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Options of least cost under which every group keeps its total; one option a source.

    Of plans of equal cost the one with the fewest changes is taken, then, source by source in the
    order of labels, the first option by label; no order of rows moves the plan. What a section
    allows enters ``allocation.least_cost``; here a park has a total and nothing else.

    Parameters
    ----------
    source_loads : DataFrame
        Table ``source_loads``: present ``source_load`` [kg/d].
    options : DataFrame
        Table ``options``, such as :func:`train_options` returns. ``as is`` is an option of every
        source without being listed; what has no row of a pollutant takes nothing off it.
    groups : DataFrame
        Table ``groups``: the park of each source, or several.
    group_limits : DataFrame
        Table ``group_limits`` with ``group_limit`` [kg/d]; an empty period means every one.
    annual_cost : function
        Of capital, operating, interest and lifetime, gives [10^4 CNY/a]:
        ``allocation.annual_cost``.
    conditions : iterable of function
        Further rows, such as ``allocation.capital_budget`` makes; the columns are
        ``("option", source, option)``, 0 or 1.

    Returns
    -------
    plan : DataFrame
        By source, in the order of the loads: ``option``, ``capital`` [10^4 CNY], ``cost``
        [10^4 CNY/a].
    totals : DataFrame
        One row a group, pollutant and period: ``source_load``, ``achievable_load`` under the
        plan, ``group_limit`` and ``group_spare`` [kg/d].

    Raises
    ------
    InfeasibleError
        If no options keep every total; ``relaxation`` has the least miss of each row.
    DataError
        With every label that is unknown, load or limit that is empty, cost that differs by row
        or is no number.

    Notes
    -----
    ``min Σ cost_o z_o``, ``Σ_o z_o = 1``, ``Σ load (1 − removal_o) z_o <= total``, z 0 or 1;
    solved to a gap of 0.

    Examples
    --------
    >>> loads = pd.DataFrame({"source": ["A", "B"], "pollutant": "TN", "source_load": 10.0})
    >>> trains = pd.DataFrame({"source": ["A", "B"], "option": "MBR", "pollutant": "TN",
    ...                        "removal": [0.8, 0.5], "operating": [9.0, 4.0]})
    >>> park = pd.DataFrame({"group": "park", "source": ["A", "B"]})
    >>> most = pd.DataFrame({"group": ["park"], "pollutant": ["TN"], "group_limit": [15.0]})
    >>> plan, _ = measures_plan(loads, trains, park, most, lambda k, running, r, n: running)
    >>> plan["option"].to_dict()
    {'A': 'as is', 'B': 'MBR'}
    """
    loads, member = complete(source_loads, "source_loads"), complete(groups, "groups")
    limits, given = complete(group_limits, "group_limits"), complete(options, "options")
    raise_faults(_faults(loads, given, member, limits))
    if limits.empty:
        raise DataError("group_limits has no rows; right would be one total at least")
    choices = _choices(loads, given, annual_cost)
    cells = _cells(loads, member, limits)
    left = _left(cells, choices, given)
    program = _program(choices, left)
    for condition in conditions:
        program = condition(program)
    chosen = _chosen(program, choices)
    every = choices.set_index(["source", "option"])
    rows = every.loc[[(s, chosen[s]) for s in loads["source"].unique()]].reset_index("option")
    return rows[["option", "capital", "cost"]], _totals(cells, left, chosen)


def _faults(
    loads: pd.DataFrame, options: pd.DataFrame, groups: pd.DataFrame, limits: pd.DataFrame
) -> Iterator[Fault]:
    """Labels that stand on one side alone; numbers that are needed and empty."""
    known = pd.MultiIndex.from_frame(loads[["source", "pollutant"]])
    lost = ~pd.MultiIndex.from_frame(options[["source", "pollutant"]]).isin(known)
    checks: list[tuple[pd.DataFrame, str, object, str, str, str]] = [
        (loads, "source_loads", loads["source_load"].isna(), "source_load", "is empty",
         "a load [kg/d]"),
        (options, "options", lost, "pollutant", "has no load", "a row of source_loads"),
        (groups, "groups", ~groups["source"].isin(loads["source"]), "source", "has no load",
         "a row of source_loads"),
        (limits, "group_limits", ~limits["group"].isin(groups["group"]), "group",
         "has no members", "a group of groups"),
        (limits, "group_limits", ~limits["pollutant"].isin(loads["pollutant"]), "pollutant",
         "has no load", "a pollutant of source_loads"),
        (limits, "group_limits",
         ~(limits["period"].isin(["", *loads["period"]])), "period", "has no load",
         "a period of source_loads, or empty"),
        (limits, "group_limits", limits["group_limit"].isna(), "group_limit", "is empty",
         "a total [kg/d]; units.rate makes it of one in t/a"),
    ]  # fmt: skip
    unused = limits[["annual_total", *PARK_TOTALS]]
    checks.append((limits, "group_limits", unused.notna().any(axis=1), "group",
                   "has a total of the year too", "group_limit [kg/d] alone"))  # fmt: skip
    given = loads.groupby(["source", "pollutant"])["period"].transform("size")
    gap = given < loads["period"].nunique()
    checks.append((loads, "source_loads", gap, "period", "is not every period of the others",
                   "a row for every period"))  # fmt: skip
    for table, name, bad, column, problem, right in checks:
        for i in np.flatnonzero(np.asarray(bad)).tolist():
            yield fault_at(table, name, i, column, problem, right)


def _choices(loads: pd.DataFrame, options: pd.DataFrame, annual_cost: AnnualCost) -> pd.DataFrame:
    """Options of every source in the order of labels, ``as is`` first, with their costs."""
    money = ["capital", "operating", "interest", "lifetime"]
    once = options[["source", "option", *money]].drop_duplicates()
    raise_faults(
        Fault("options", f"{row['source']}, {row['option']}", "capital", None, "differs by row",
              "one cost for all pollutants of an option")
        for row in once[once.duplicated(["source", "option"])].to_dict("records")
    )  # fmt: skip
    lasting = (once["lifetime"] > 0) & once["interest"].notna()
    raise_faults(
        Fault("options", f"{row['source']}, {row['option']}", "lifetime", None,
              "and interest are needed with capital", "lifetime > 0 [a] and interest >= 0 [1/a]")
        for row in once[(once["capital"] > 0) & ~lasting].to_dict("records")
    )  # fmt: skip
    cost = once["operating"].to_numpy(dtype=float, copy=True)
    cost[lasting] = [annual_cost(*row) for row in once.loc[lasting, money].to_numpy().tolist()]
    listed = once[["source", "option", "capital"]].assign(cost=cost)
    free = sorted(set(loads["source"]) - set(once["source"][once["option"] == AS_IS]))
    still = pd.DataFrame({"source": free, "option": AS_IS, "capital": 0.0, "cost": 0.0})
    table = pd.concat([listed, still], ignore_index=True) if len(free) else listed
    return table.assign(changes=table["option"] != AS_IS).sort_values(
        ["source", "changes", "option"], ignore_index=True
    )


def _cells(loads: pd.DataFrame, groups: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """List loads of the members of each limited group; a named period before an empty one."""
    periods = loads["period"].unique()
    spread = limits.assign(period=[[p] if p else list(periods) for p in limits["period"]])
    named = (limits["period"] != "").to_numpy()
    spread = pd.concat([spread[named], spread[~named]]).explode("period")
    spread = spread.drop_duplicates(["group", *_CELL]).sort_values(["group", *_CELL])
    rows = spread[["group", *_CELL, "group_limit"]].astype({"period": "str"})
    member = rows.merge(groups[["group", "source"]], on="group")
    present = loads[["source", *_CELL, "source_load"]]
    found = member.merge(present, "left", ["source", *_CELL]).fillna({"source_load": 0.0})
    return found.sort_values(["group", *_CELL, "source"], ignore_index=True)


def _left(cells: pd.DataFrame, choices: pd.DataFrame, options: pd.DataFrame) -> pd.DataFrame:
    """Load of each cell's source under each of its options."""
    removal = options[["source", "option", "pollutant", "removal"]]
    every = cells.merge(choices[["source", "option"]], on="source")
    found = every.merge(removal, "left", ["source", "option", "pollutant"])
    return found.assign(left=found["source_load"] * (1.0 - found["removal"].fillna(0.0)))


def _program(choices: pd.DataFrame, left: pd.DataFrame) -> Program:
    """One column an option, one row a source, one row a total."""
    labels = _labels(choices)
    program = Program().columns(labels, 0.0, 1.0, integer=True)
    for name, rows in choices.groupby("source", sort=True):
        chosen = pd.Series(1.0, _labels(rows))
        program = program.equal([("one option", name)], chosen, 1.0)
    for key, rows in left.groupby(["group", *_CELL], sort=True):
        most = float(rows["group_limit"].iloc[0])
        amounts = pd.Series(rows["left"].to_numpy(), _labels(rows))
        program = program.at_most([("total", *key)], amounts, most, "kg/d")
    return program


def _labels(rows: pd.DataFrame) -> pd.Index[Any]:
    return index_of([("option", s, o) for s, o in zip(rows["source"], rows["option"], strict=True)])


def _chosen(program: Program, choices: pd.DataFrame) -> dict[str, str]:
    """Cheapest options; of equal ones the fewest changes, then the first by label."""
    labels = _labels(choices)
    cost = pd.Series(choices["cost"].to_numpy(), labels)
    try:
        best = program.minimise(cost).value
    except InfeasibleError:
        raise _infeasible(program) from None
    slack = NOISE * max(1.0, float(cost.abs().max()))
    held = program.at_most([("cost",)], cost, best + slack, "10^4 CNY/a")
    changes = pd.Series(choices["changes"].to_numpy(dtype=float), labels)
    few = held.minimise(changes).value
    held = held.at_most([("changes",)], changes, round(few) + 0.5)
    point = held.minimise(0.0).column
    alone = _only(held, point)
    found: dict[str, str] = {}
    for name, rows in choices.groupby("source", sort=True):
        own = _labels(rows)
        values = point.reindex(own).round()
        if values.iloc[0] == 0.0 and not alone:
            # what stands before it by label may be as good
            point = held.minimise(pd.Series(np.arange(len(own), dtype=float), own)).column
            values = point.reindex(own).round()
        held = held.given(values)
        found[str(name)] = str(rows["option"].iloc[int(np.argmax(values.to_numpy()))])
    return found


def _only(program: Program, point: pd.Series[float]) -> bool:
    """Whether no other choice of options meets the rows."""
    chosen = point.round()
    try:
        program.at_most([("another",)], chosen, float(chosen.sum()) - 1.0).minimise(0.0)
    except InfeasibleError:
        return True
    return False


def _infeasible(program: Program) -> InfeasibleError:
    """Say which totals cannot be kept, and by how much they miss at least."""
    soft = index_of([row for row in program.row if row[0] != "one option"])
    size = dict(zip(program.row, program.limit, strict=True))
    weight = [1.0 / max(abs(float(size[row])), 1e-6) for row in soft]
    lines = relax(program, soft, weight)
    missed = lines[lines["missing"] > 0.0]
    names = "; ".join(
        f"{' '.join(filter(None, map(str, row[1:])))} by {missing:.6g} {unit}"
        for row, missing, unit in zip(missed.index, missed["missing"], missed["unit"], strict=True)
    )
    message = f"no options keep every total: {names}, at least"
    return InfeasibleError(message, lines)


def _totals(cells: pd.DataFrame, left: pd.DataFrame, chosen: dict[str, str]) -> pd.DataFrame:
    """Say what each group discharges before and after, beside its total."""
    key = ["group", *_CELL]
    kept = left[left["option"] == left["source"].map(chosen)]
    found = cells.groupby(key).agg(
        source_load=("source_load", "sum"), group_limit=("group_limit", "first")
    )
    found.insert(1, "achievable_load", kept.groupby(key)["left"].sum())
    return found.assign(group_spare=found["group_limit"] - found["achievable_load"]).reset_index()
