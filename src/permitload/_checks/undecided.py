"""Whether the classes that are decided have sources, and rows of sources are of such a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from permitload._frames import fault_at, listed
from permitload.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["class_faults", "undecided"]


def class_faults(sources: pd.DataFrame, decided: Sequence[str]) -> list[Fault]:
    """Find classes to be decided that no source belongs to; a class that is wrong may be any.

    Examples
    --------
    >>> import pandas as pd
    >>> print(*class_faults(pd.DataFrame({"source_class": ["farm"]}), ["industry"]))
    study.toml, row capacity, decided: industry has no source; right would be one of farm
    """
    present = sources["source_class"].unique().tolist()
    right = f"one of {listed(present)}"
    return [
        Fault("study.toml", "capacity", "decided", label, "has no source", right)
        for label in decided
        if label not in present and "" not in present
    ]


def undecided(
    tables: dict[str, pd.DataFrame], names: Sequence[str], decided: Sequence[str]
) -> list[Fault]:
    """Find rows of the tables ``names`` whose source nobody decides.

    Examples
    --------
    >>> import pandas as pd
    >>> sources = pd.DataFrame({"source": ["F1"], "source_class": ["farm"]})
    >>> groups = pd.DataFrame({"group": ["park"], "source": ["F1"]})
    >>> print(*undecided({"sources": sources, "groups": groups}, ["groups"], ["industry"]))
    groups, row park, F1, source: F1 is not decided; right would be a source of class industry
    """
    sources = tables["sources"]
    kept = sources["source"][~sources["source_class"].isin([*decided, ""])]
    right = f"a source of class {listed(decided)}"
    return [
        fault_at(tables[name], name, int(i), "source", "is not decided", right)
        for name in names
        for i in np.flatnonzero(tables[name]["source"].isin(kept))
    ]
