"""Results of this package as they come back: from a function, or read from a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from permitload._frames import lacking
from permitload._labels import floats
from permitload.errors import Fault, raise_faults

__all__ = ["given"]


def given(
    table: pd.DataFrame, name: str, labels: Sequence[str], amounts: Sequence[str]
) -> pd.DataFrame:
    """Columns of a result, labels from its index too; every amount a number >= 0.

    Examples
    --------
    >>> given(pd.DataFrame({"source": ["A"], "permit": [1.0]}), "loads", ["source"], ["permit"])
      source  permit
    0      A     1.0
    """
    frame = table if set(labels) <= set(table.columns) else table.reset_index()
    raise_faults(lacking(frame, name, (*labels, *amounts)))
    faults = []
    for column in amounts:
        values = floats(frame[column].to_numpy(), column)
        for i in np.flatnonzero(~(np.isfinite(values) & (values >= 0))):
            row = ", ".join(str(frame[label].iloc[i]) for label in labels)
            faults.append(Fault(name, row, column, values[i], "is not valid", "a number >= 0"))
    repeated = np.flatnonzero(frame.duplicated(list(labels)))
    faults += [
        Fault(name, ", ".join(map(str, frame[list(labels)].iloc[i])), labels[0], None,
              "is there twice", "one row each")
        for i in repeated
    ]  # fmt: skip
    raise_faults(faults)
    return frame[[*labels, *amounts]]
