"""Whether groups of sources and their limits can be, and are of sources that are decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._checks.undecided import undecided
from permitload._frames import fault_at, listed
from permitload.errors import Fault
from permitload.schema import COMPONENTS, PARK_TOTALS, STOPS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["group_faults"]


def group_faults(tables: dict[str, pd.DataFrame], decided: Sequence[str]) -> list[Fault]:
    """Find members and bounded sources that nobody decides, and limits that say nothing or twice.

    Parameters
    ----------
    tables : dict of DataFrame
        ``groups``, ``group_limits``, ``source_bounds``, ``sources`` and ``sections``.
    decided : sequence of str
        Source classes whose loads are decided.

    Returns
    -------
    list of Fault
        Each with its row; unknown labels are judged elsewhere.

    Examples
    --------
    >>> from permitload._frames import complete
    >>> names = ("groups", "group_limits", "source_bounds", "sources", "sections")
    >>> tables = {name: complete(None, name) for name in names}
    >>> tables["groups"] = pd.DataFrame({"group": ["park"], "source": ["E1"]})
    >>> print(group_faults(tables, ["industry"])[0])
    groups, row park, E1, group: park has no limit; right would be a row of group_limits
    """
    groups = tables["groups"]
    found = undecided(tables, ("groups", "source_bounds"), decided)
    sections = tables["sections"]["section"].tolist()
    labels = groups["group"].drop_duplicates()
    taken = {*sections, *STOPS, *COMPONENTS, *(f"{label} (year)" for label in labels)} - {""}
    limited = {*tables["group_limits"]["group"].tolist(), ""}
    for i, label in zip(groups.index.get_indexer(labels.index), labels, strict=True):
        if label in taken:
            problem, right = "is the name of a section or stop", "a name of its own"
            found.append(fault_at(groups, "groups", int(i), "group", problem, right))
        if label not in limited:
            right = "a row of group_limits"
            found.append(fault_at(groups, "groups", int(i), "group", "has no limit", right))
    return found + _limit_faults(tables["group_limits"])


def _limit_faults(limits: pd.DataFrame) -> list[Fault]:
    """Limits without a number, totals of the year at one period, totals without all parts."""
    period = (limits["period"] != "").to_numpy()
    parts = {name: limits[name].notna().to_numpy() for name in ("annual_total", *PARK_TOTALS)}
    stated = parts.pop("annual_total")
    park = np.logical_or.reduce(list(parts.values()))
    empty = limits["group_limit"].isna().to_numpy() & ~stated & ~park
    year = "a row of the year, its period empty"
    checks = [("group_limit", empty, "is empty, and so is annual_total", "a limit, or no row")]
    checks += [
        (name, given & period, "stands at one period", year)
        for name, given in {"annual_total": stated, **parts}.items()
    ]
    checks.append(
        (
            "annual_total",
            stated & park,
            "is given, and so are its parts",
            f"no {listed(PARK_TOTALS)}",
        )
    )
    checks += [
        (name, park & ~parts[name], "is empty, and the total of a park is the least of all", "t/a")
        for name in PARK_TOTALS[1:]
    ]
    return [
        fault_at(limits, "group_limits", int(i), column, problem, right)
        for column, wrong, problem, right in checks
        for i in np.flatnonzero(wrong)
    ]
