"""A total shared by efficiency: data envelopment with a sum that stays (ZSG-DEA)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from permitload._labels import index_of, numbers
from permitload.errors import DataError, Fault, raise_faults
from permitload.fairness._criteria import amounts, checked
from permitload.program import Program

__all__ = ["ZeroSum", "constant_returns", "efficiency", "variable_returns", "zero_sum_dea"]

Floats = NDArray[np.float64]

CONTRACTION = "contraction"


@dataclass(frozen=True, slots=True)
class ZeroSum:
    """A total shared by efficiency, by unit.

    Parameters
    ----------
    efficiency : Series
        Part of its load that each unit would need at best practice, 0 to 1 [1].
    share : Series
        What each unit gets of the total, in the unit of the loads.
    together : Series
        Efficiency after the total is shared, all inefficient units moving together:
        share over present load [1]; above 1 for units that gain.
    alone : Series
        Efficiency if the unit alone gave up load, which the others took in proportion [1].
    few : bool
        Whether there are fewer than three units per input and output: then most units look
        efficient, and the shares say little.

    Examples
    --------
    >>> one = pd.Series({"E1": 1.0})
    >>> ZeroSum(one, one, one, one, few=True).few
    True
    """

    efficiency: pd.Series[float]
    share: pd.Series[float]
    together: pd.Series[float]
    alone: pd.Series[float]
    few: bool


def variable_returns(program: Program) -> Program:
    """Compare each unit with mixtures of units only: best practice need not scale.

    Parameters
    ----------
    program : Program
        Columns are the part of each unit, and the contraction.

    Returns
    -------
    Program
        With the row Σ parts = 1 (Banker, Charnes and Cooper, 1984).

    Examples
    --------
    >>> variable_returns(Program().columns(["E1", "E2", "contraction"])).matrix.toarray()
    array([[1., 1., 0.]])
    """
    units = program.column.drop(CONTRACTION)
    return program.equal("returns", pd.Series(1.0, units), 1.0)


def constant_returns(program: Program) -> Program:
    """Compare each unit with any multiple of others: best practice scales.

    With one output and no further input this is nothing but equal load per output.

    Parameters
    ----------
    program : Program
        Columns are the part of each unit, and the contraction.

    Returns
    -------
    Program
        The same (Charnes, Cooper and Rhodes, 1978).

    Examples
    --------
    >>> len(constant_returns(Program().columns(["E1", "contraction"])).row)
    0
    """
    return program


def efficiency(
    source_load: pd.Series[float],
    outputs: pd.DataFrame,
    inputs: pd.DataFrame | None = None,
    returns: Callable[[Program], Program] = variable_returns,
) -> pd.Series[float]:
    """Part of its load that each unit would need at best practice: one linear program a unit.

    Parameters
    ----------
    source_load : Series
        Load of each unit, > 0, in any unit: the only input that is contracted.
    outputs : DataFrame
        By unit, one column an output that counts for it, >= 0, not all 0.
    inputs : DataFrame, optional
        By unit, one column an input that is taken as it is, >= 0.
    returns : function, default variable_returns
        Row that says how best practice scales, or :func:`constant_returns`. The default is
        assumed.

    Returns
    -------
    Series
        Efficiency by unit, 0 to 1 [1].

    Raises
    ------
    DataError
        If a number is NaN, negative or infinite, a load or all outputs of a unit are 0, or
        labels do not match.

    Notes
    -----
    min h with Σ parts·load <= h·load_k, Σ parts·input <= input_k, Σ parts·output >= output_k:
    Banker, R. D., Charnes, A., Cooper, W. W. (1984), Manage. Sci. 30, 1078-1092.

    Examples
    --------
    >>> load = pd.Series({"E1": 10.0, "E2": 20.0})
    >>> efficiency(load, pd.DataFrame({"gdp": [10.0, 10.0]}, load.index)).tolist()
    [1.0, 0.5]
    """
    units = index_of(source_load.index)
    load = amounts(source_load, "source_load")
    given = outputs.iloc[:, :0] if inputs is None else inputs
    out, used = _table(outputs, units, "outputs"), _table(given, units, "inputs")
    faults = [
        Fault("units", units[k], name, 0.0, "is not > 0", "an amount, or the unit left out")
        for name, amount in (("source_load", load), ("outputs", out.sum(axis=1)))
        for k in np.flatnonzero(amount == 0)
    ]
    raise_faults(faults)
    base = Program().columns([*units, CONTRACTION])
    found = [_contraction(base, k, (load, used, out), returns) for k in range(len(units))]
    return pd.Series(found, source_load.index, name="efficiency")


def zero_sum_dea(
    source_load: pd.Series[float],
    outputs: pd.DataFrame,
    inputs: pd.DataFrame | None = None,
    total: float | None = None,
    returns: Callable[[Program], Program] = variable_returns,
) -> ZeroSum:
    """Share a total in proportion to efficient loads (ZSG-DEA, proportional strategy).

    It knows neither sections nor floors: a target to be reconciled with them, not a permit.

    Parameters
    ----------
    source_load : Series
        Load of each unit, > 0, in any unit.
    outputs : DataFrame
        By unit, one column an output that counts for it, >= 0, not all 0.
    inputs : DataFrame, optional
        By unit, one column an input that is taken as it is, >= 0.
    total : float, optional
        What is shared, >= 0, in the unit of the loads; by default their sum.
    returns : function, default variable_returns
        As for :func:`efficiency`.

    Returns
    -------
    ZeroSum
        Efficiencies, shares, and whether there are too few units.

    Raises
    ------
    DataError
        As :func:`efficiency`; if the total is no number >= 0.

    Notes
    -----
    share_i = total·h_i x_i/Σ h x: Gomes, E. G., Lins, M. P. E. (2008), J. Oper. Res. Soc. 59,
    616-623, with every inefficient unit in the pool. The closed form is the definition: moving
    load round after round ends at the same shares under constant returns, at others where all
    are efficient too under variable returns. Alone: h X/(X − (1 − h) x), X = Σ x.

    Examples
    --------
    >>> load = pd.Series({"E1": 10.0, "E2": 20.0})
    >>> zero_sum_dea(load, pd.DataFrame({"gdp": [10.0, 10.0]}, load.index)).share.tolist()
    [15.0, 15.0]
    """
    part = efficiency(source_load, outputs, inputs, returns)
    every = float(source_load.sum())
    shared = every if total is None else total
    if not 0.0 <= shared < np.inf:
        raise DataError(f"total is {total}; right would be a finite number >= 0")
    needed = part * source_load
    share = shared * needed / needed.sum()
    columns = 1 + outputs.shape[1] + (0 if inputs is None else inputs.shape[1])
    return ZeroSum(
        part,
        share.rename("share"),
        (share / source_load).rename("together"),
        (part * every / (every - (1.0 - part) * source_load)).rename("alone"),
        len(part) < 3 * columns,
    )


def _contraction(
    base: Program,
    unit: int,
    data: tuple[Floats, Floats, Floats],
    returns: Callable[[Program], Program],
) -> float:
    """Least part of its load that a mixture of units needs to do what one unit does."""
    load, used, out = data
    rows = (
        [f"input {j}" for j in range(used.shape[1])],
        [f"output {j}" for j in range(out.shape[1])],
    )
    program = base.at_most("load", np.append(load / load[unit], -1.0), 0.0)
    for names, values, add in ((rows[0], used, Program.at_most), (rows[1], out, Program.at_least)):
        if names:
            size = values.max(axis=0) + (values.max(axis=0) == 0)
            block = np.vstack([values / size, np.zeros(len(names))]).T
            program = add(program, names, block, values[unit] / size)
    aim = pd.Series({CONTRACTION: 1.0})
    return min(returns(program).minimise(aim).value, 1.0)


def _table(table: pd.DataFrame, units: pd.Index[Any], name: str) -> Floats:
    """Numbers by unit in the order of the loads."""
    if table.empty and name == "inputs":
        return np.empty((len(units), 0))
    checked(table, name)
    columns = [numbers(table[column], units, f"{name} {column}") for column in table]
    return np.column_stack(columns)
