"""Least cost at which every section is met, and the cost of permits however they came about."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import sparse

from permitload import program as programs
from permitload._labels import index_of, number, numbers
from permitload.allocation._abatement import (
    LINKS,
    Model,
    Park,
    back,
    build,
    grouped,
    park_of,
)
from permitload.allocation._cases import DIMS, LARGEST, blank, numbers_of
from permitload.allocation._groups import read
from permitload.errors import ConvergenceError, DataError, Fault, InfeasibleError, raise_faults
from permitload.program import Program
from permitload.schema import described
from permitload.sharing.rows import Rows, sparse_rows

__all__ = ["capital_budget", "least_cost"]

Floats = NDArray[np.float64]

NOISE = 1e-9
"""Part of the least cost that is round-off."""
SHARE, TRIES = 1e-3, 3
"""Part of the smallest cost by which one change counts against a plan of equal cost."""


def least_cost(
    response: xr.Dataset | xr.DataArray,
    headroom: xr.DataArray,
    sources: xr.Dataset,
    options: pd.DataFrame,
    reductions: pd.DataFrame | None = None,
    conditions: Iterable[Callable[[Program], Program]] = (),
) -> xr.Dataset:
    """Treatment options and permitted loads of least cost under which every section is met.

    Each source chooses exactly one option, which removes a share of its present load of every
    pollutant; operation may take off more, at a cost piece by piece that may rise (convex) or fall
    (economies of scale). The periods stand for a year, by their ``days`` if they have them. Of
    plans of equal cost the one with the fewest changes is taken, then the first by label; of equal
    reductions the most even. No order of sources, options or rows moves the result.

    Parameters
    ----------
    response : Dataset or DataArray
        ``response`` (section, outlet, pollutant, period) [(mg/L)/(kg/d)], >= 0.
    headroom : DataArray
        (section, indicator, period) [mg/L]. Where it is negative, what reaches the section must
        stop, as in :func:`allocate`.
    sources : Dataset
        ``source_load``, ``floor`` and ``ceiling`` (source, pollutant, period) [kg/d] with the
        coordinate ``outlet`` (source). The ceiling is the legal limit; a floor is permitted even
        to a source that discharges less. Floors default to 0, ceilings to none. Groups as
        :func:`with_groups` writes them limit what their members are permitted together.
    options : DataFrame
        Table ``options``. ``as is`` (nothing removed, no cost) is an option of every source
        without being listed.
    reductions : DataFrame, optional
        Table ``reductions``; by default operation takes nothing off.
    conditions : iterable of function
        Further rows, such as :func:`capital_budget`: functions of a
        :class:`~permitload.program.Program` that return it with rows of their own, or with a time
        limit: ``lambda program: program.within(60.0)``. Its columns are ``("load", source,
        pollutant, period)`` [kg/d] and ``("option", source, option)`` [0 or 1].

    Returns
    -------
    Dataset
        ``permitted_load`` (source, pollutant, period) [kg/d]: what is discharged, or the floor;
        ``option`` and ``cost`` (source) [10^4 CNY/a]; ``reduction`` (source, pollutant, period);
        ``total_cost``; ``cost_price`` (section, pollutant, period) [(10^4 CNY/a)/(mg/L)]: fall
        of the cost per unit of headroom added, **given these options**.

    Raises
    ------
    InfeasibleError
        If sections, ceilings, groups and conditions cannot be met at any cost; ``relaxation`` lists
        the rows that must give way, each miss weighed by the size of its row, and the least miss.
    DataError
        If labels differ or repeat, numbers are NaN or out of range, or capital comes without
        lifetime and interest.
    ConvergenceError
        If a time limit among the conditions ends the search before a plan is proved the
        cheapest: a plan that may be dearer is never returned. It tells the gap.

    Notes
    -----
    ``min Σ cost_o z_o + Σ v(r)``, ``Σ_o z_o = 1``, ``x >= load Σ_o (1 - removal_o) z_o - r``,
    ``response @ x <= headroom``; a mixed-integer program solved to a gap of 0, prices by the
    linear program that is left when the options are fixed.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> given = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"source_load": given}).assign_coords(outlet=("source", ["O1"]))
    >>> options = pd.DataFrame({"source": "O1", "option": ["filter", "membrane"],
    ...     "pollutant": "TP", "removal": [0.5, 0.9], "operating": [20.0, 50.0]})
    >>> found = least_cost(response, room, sources, options)
    >>> found.option.item(), found.total_cost.item(), found.permitted_load.item()
    ('filter', 20.0, 40.0)
    """
    like = blank(response, sources)
    if "days" in response.coords:
        like = like.assign_coords(days=response["days"])
    faults: list[Fault] = []
    groups = read(response, sources, like, faults)
    raise_faults(faults)
    park = park_of(like, sources, options, reductions)
    floor, ceiling = (
        numbers_of(sources.get(name, like + default), like, name, most)[park.order]
        for name, default, most in (("floor", 0.0, LARGEST), ("ceiling", np.inf, np.inf))
    )
    model = build(park, floor, ceiling)
    rows = sparse_rows(response, headroom)
    program = _sections(model.program, park, _outlets(response, sources)[park.order], rows)
    program = grouped(program, park, groups)
    for condition in conditions:
        program = condition(program)
    model = model._replace(program=program)
    try:
        chosen = _chosen(model)
    except InfeasibleError:
        raise _infeasible(model, park) from None
    loads, reduced, gain = _settled(model, chosen, index_of(_labels(rows)))
    found = _plan(park, model, chosen, reduced)
    shape = response.sizes["pollutant"], response.sizes["period"], -1
    short = np.stack([limit.to_numpy() < 0 for _, limit in rows.values()])
    price = gain.to_numpy().reshape(short.shape)
    price = np.where(short, 0.0, price).reshape(shape).transpose(2, 0, 1)
    found["cost_price"] = (("section", *DIMS[1:]), price)
    found["permitted_load"] = (DIMS, back(park, loads.reshape(park.load.shape)))
    return _dataset(response, sources, found)


def capital_budget(
    options: pd.DataFrame, budget: float, labels: str = "budget"
) -> Callable[[Program], Program]:
    """Rule for :func:`least_cost`: the capital of the options chosen stays within a budget.

    Parameters
    ----------
    options : DataFrame
        Table ``options``, or those of its rows that share the budget.
    budget : float
        Most capital, >= 0 [10^4 CNY].
    labels : str, default budget
        Label of the row.

    Returns
    -------
    function
        Of a program, returns it with one row more.

    Raises
    ------
    DataError
        If the budget is negative or no number.

    Examples
    --------
    >>> options = pd.DataFrame({"source": ["E1"], "option": ["filter"], "pollutant": ["TP"],
    ...     "removal": [0.5], "capital": [90.0]})
    >>> program = Program().columns([("option", "E1", "filter")], 0.0, 1.0, integer=True)
    >>> capital_budget(options, 80.0)(program).maximise(1.0).value
    0.0
    """
    if not 0 <= number(budget, "budget") < np.inf:
        raise DataError(f"budget is {budget}; right would be a number >= 0 [10^4 CNY]")
    once = options.reset_index()
    lacking = [c for c in ("source", "option", "capital") if c not in once]
    raise_faults([Fault("options", None, c, None, "is missing", "a column") for c in lacking])
    once = once.drop_duplicates(["source", "option"])
    chosen = index_of(
        [("option", str(i), str(o)) for i, o in zip(once["source"], once["option"], strict=True)]
    )
    capital = pd.Series(numbers(once["capital"].to_numpy(), chosen, "capital"), chosen)

    def rule(program: Program) -> Program:
        """Add ``Σ capital_o z_o <= budget``."""
        return program.at_most([labels], capital, budget, "10^4 CNY")

    return rule


def _outlets(response: xr.Dataset | xr.DataArray, sources: xr.Dataset) -> NDArray[np.int64]:
    outlet = response.get_index("outlet").get_indexer(sources["outlet"].values)
    right = "an outlet of the response"
    raise_faults(
        [
            Fault("sources", str(name), "outlet", str(given), "has no response", right)
            for name, given, k in zip(
                sources["source"].values, sources["outlet"].values, outlet, strict=True
            )
            if k < 0
        ]
    )
    return np.asarray(outlet)


def _labels(rows: dict[tuple[str, str], Rows]) -> list[tuple[str, ...]]:
    """Labels of the rows of sections, by pollutant, period and section."""
    return [
        ("section", str(name), *key) for key, (_, limit) in rows.items() for name in limit.index
    ]


def _sections(
    program: Program, park: Park, outlet: NDArray[np.int64], rows: dict[tuple[str, str], Rows]
) -> Program:
    """Rows of the sections over the loads; what reaches one without headroom must stop."""
    count = park.load.size // len(park.source)
    blocks, limits = [], []
    for k, (matrix, limit) in enumerate(rows.values()):
        if (matrix.data < 0).any():
            raise DataError("a response is negative; right would be responses >= 0")
        block = matrix[:, outlet].tocoo()
        row, source = block.coords
        shape = len(limit), len(program.column)
        blocks.append(sparse.coo_array((block.data, (row, source * count + k)), shape))
        limits.append(np.maximum(limit.to_numpy(), 0.0))
    return program.at_most(_labels(rows), sparse.vstack(blocks), np.concatenate(limits), "mg/L")


def _chosen(model: Model) -> pd.Series[float]:
    """Integer columns of the least cost; among equals those that come first in ``tie``.

    A little of ``tie`` is added to the cost. A plan that is then best and costs no more than the
    least cost is first among all of that cost; one that costs more shows that it was too much.
    """
    found = model.program.minimise(model.cost)
    most = found.value + NOISE * float((model.cost * found.column).abs().sum())
    paid = model.cost[model.cost > 0]
    share = SHARE * float(paid.min()) if len(paid) else 1.0
    for _ in range(TRIES):
        nudged = model.cost.add(share * model.tie, fill_value=0.0)
        first = model.program.minimise(nudged)
        if math.fsum(model.cost * first.column[model.cost.index]) <= most:
            return first.given
        share /= 100.0
    return found.given


def _settled(
    model: Model, chosen: pd.Series[float], priced: pd.Index[Any]
) -> tuple[Floats, pd.Series[float], pd.Series[float]]:
    """Find loads, reductions and prices of some rows once the options are fixed.

    Of reductions that cost the same, the most even: least sum of squares over their sizes; the
    first that the linear program finds where its rows differ by too many digits for that.
    """
    given = model.program.given(chosen)
    solution, gain = programs.gained(given, -model.cost, priced)
    reduced = solution.column[model.reductions]
    kept = programs.face(given, solution)
    movable = model.reductions[model.reductions.isin(kept.column)]
    if len(movable):
        size = given.upper[given.column.get_indexer(movable)]
        with suppress(ConvergenceError):  # as the linear program has them, then
            even = kept.minimise_quadratic(0.0, pd.Series(2.0 / size, movable))
            reduced = reduced.copy()
            reduced[movable] = even.column[movable]
    least = given.given(reduced).minimise(pd.Series(1.0, model.loads))
    return least.column[model.loads].to_numpy(), reduced, gain


def _plan(
    park: Park, model: Model, chosen: pd.Series[float], reduced: pd.Series[float]
) -> dict[str, Any]:
    """Option, reduction and cost of each source, in the order given."""
    taken = np.flatnonzero(chosen[model.choices].to_numpy() > 0.5)
    options = [park.options[k] for k in taken]
    amount = np.bincount(model.reduced, reduced, park.load.size)
    paid = (model.cost[model.reductions] * reduced).to_numpy()
    source = model.reduced // park.load[0].size
    cost = np.array([one.annual for one in options])
    cost = cost + np.bincount(source, paid, len(park.source))
    label = np.array([one.label for one in options], dtype=object)
    return {
        "option": ("source", back(park, label).astype(str)),
        "cost": ("source", back(park, cost)),
        "reduction": (DIMS, back(park, amount.reshape(park.load.shape))),
        "total_cost": ((), math.fsum(cost)),
    }


def _dataset(
    response: xr.Dataset | xr.DataArray, sources: xr.Dataset, found: dict[str, Any]
) -> xr.Dataset:
    axes = {("section",), ("pollutant",), ("period",)}
    coords = {name: coord for name, coord in response.coords.items() if coord.dims in axes}
    named = {n: coord for n, coord in sources.coords.items() if coord.dims == ("source",)}
    return described(xr.Dataset(found, {**coords, **named}))


def _infeasible(model: Model, park: Park) -> InfeasibleError:
    """Name the rows that no choice can meet together, and the least that must give way."""
    program = model.program
    kind = [label[0] if isinstance(label, tuple) else "rule" for label in program.row]
    elastic = np.flatnonzero([one not in LINKS for one in kind])
    present = np.ones(len(program.column))
    present[: park.load.size] = park.load.ravel()
    size = np.abs(program.limit) + abs(program.matrix) @ present
    weight = 1.0 / np.where(size > 0, size, 1.0)
    table = programs.relax(program, program.row[elastic], weight[elastic])
    table = table.loc[table["missing"] > 0].drop(columns="shadow_price")
    names = [
        ", ".join(map(str, row)) if isinstance(row, tuple) else str(row) for row in table.index
    ]
    share = table["missing"].to_numpy() / size[program.row.get_indexer(table.index)]
    table = table.assign(row=names).reset_index(drop=True)
    worst = table.loc[int(np.argmax(share))]
    message = (
        f"no choice of options meets {len(table)} rows at once, most of all {worst['row']}: "
        f"{worst['missing']:g} {worst['unit']} are missing at the least"
    )
    return InfeasibleError(message, table[["row", "missing", "limit", "unit"]])
