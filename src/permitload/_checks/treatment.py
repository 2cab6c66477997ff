"""Whether treatment options and reductions are of decided sources, and cost one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from permitload._checks.undecided import undecided
from permitload._frames import fault_at
from permitload.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["treatment_faults"]

_COSTS = ("capital", "operating", "lifetime", "interest")


def treatment_faults(tables: dict[str, pd.DataFrame], decided: Sequence[str]) -> list[Fault]:
    """Find options of sources that nobody decides, of several costs, or without years of service.

    Parameters
    ----------
    tables : dict of DataFrame
        ``options``, ``reductions`` and ``sources``.
    decided : sequence of str
        Source classes whose loads are decided.

    Returns
    -------
    list of Fault
        Each with its row; unknown labels are judged elsewhere.

    Examples
    --------
    >>> import pandas as pd
    >>> from permitload._frames import complete
    >>> tables = {name: complete(None, name) for name in ("options", "reductions", "sources")}
    >>> row = {"source": ["E1"], "option": ["filter"], "pollutant": ["TP"], "removal": [0.5]}
    >>> costs = {"capital": [9.0], "operating": [1.0], "lifetime": [np.nan], "interest": [0.05]}
    >>> tables["options"] = pd.DataFrame(row | costs)
    >>> print(treatment_faults(tables, ["industry"])[0])
    options, row E1, filter, TP, lifetime: is empty; right would be years of service > 0 [a]
    """
    options = tables["options"]
    found = undecided(tables, ("options", "reductions"), decided)
    spent = options["capital"] > 0.0
    for column, lost, words in (
        ("lifetime", ~(options["lifetime"] > 0.0), "years of service > 0 [a]"),
        ("interest", options["interest"].isna(), "a discount rate [1/a]"),
    ):
        for k in np.flatnonzero(spent & lost):
            problem = "is empty" if np.isnan(options[column].iloc[k]) else "is none"
            found.append(fault_at(options, "options", int(k), column, problem, words))
    keys = [options["source"], options["option"]]
    for column in _COSTS:
        cost = options[column].fillna(-1.0)
        first = cost.groupby(keys, sort=False).transform("first")
        named = (options["source"] != "") & (options["option"] != "")
        found += [
            fault_at(options, "options", int(k), column, "differs from the first row of the option",
                     "one cost of the whole option, the same in each of its rows")
            for k in np.flatnonzero((cost != first) & named)
        ]  # fmt: skip
    return found
