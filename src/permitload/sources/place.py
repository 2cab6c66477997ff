"""Where the load of a source enters the water, and whether it is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from permitload._frames import as_text, complete, fault_at, listed
from permitload.errors import Fault, raise_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["entered", "resolve", "split"]


def resolve(sources: pd.DataFrame, works: pd.DataFrame | None = None) -> pd.DataFrame:
    """Give every source the outlet where its load enters the water.

    Parameters
    ----------
    sources : DataFrame
        ``source``, ``source_class``, either ``outlet`` or ``works``, ``wastewater_flow`` [m3/s].
    works : DataFrame, optional
        ``works``, ``pollutant``, ``outlet``, ``design_flow`` [m3/s],
        ``acceptance_concentration``, ``outlet_concentration`` [mg/L].

    Returns
    -------
    DataFrame
        The sources, ``outlet`` filled with that of the works for indirect ones.

    Raises
    ------
    DataError
        If a source has both or neither of outlet and works, or an unknown works; if a works has
        two outlets or design flows, receives more than its design flow, lets out nothing, or
        lets out more than it accepts.

    Examples
    --------
    >>> sources = pd.DataFrame({"source": ["P1"], "source_class": ["industry"],
    ...                         "works": ["W1"], "wastewater_flow": [0.1]})
    >>> works = pd.DataFrame({"works": ["W1"], "pollutant": ["COD"], "outlet": ["O1"],
    ...                       "design_flow": [0.2], "acceptance_concentration": [500.0],
    ...                       "outlet_concentration": [50.0]})
    >>> resolve(sources, works)["outlet"].item()
    'O1'
    """
    return entered(complete(sources, "sources"), complete(works, "works"))


def entered(sources: pd.DataFrame, works: pd.DataFrame) -> pd.DataFrame:
    """Give every source its outlet as :func:`resolve` does; both tables are complete.

    Examples
    --------
    >>> sources = pd.DataFrame({"source": ["A"], "source_class": ["farm"], "outlet": ["O1"]})
    >>> entered(complete(sources, "sources"), complete(None, "works"))["outlet"].tolist()
    ['O1']
    """
    raise_faults([*_works_faults(works), *_source_faults(sources, works)])
    behind = (sources["works"] != "").to_numpy()
    if not behind.any():
        return sources
    outlets = works.drop_duplicates("works").set_index("works")["outlet"]
    found = sources["outlet"].to_numpy(dtype=object, copy=True)
    found[behind] = sources["works"][behind].map(outlets)
    return sources.assign(outlet=as_text(found))


def _works_faults(works: pd.DataFrame) -> list[Fault]:
    """Rows of one works that contradict each other, and works without discharge."""
    faults: list[Fault] = []
    if works.empty:
        return faults
    for column in ("outlet", "design_flow"):
        first = works.groupby("works")[column].transform("first")
        faults += [
            fault_at(
                works, "works", int(i), column, "differs from the row before", "one value a works"
            )
            for i in np.flatnonzero(first != works[column])
        ]
    faults += [
        fault_at(works, "works", int(i), column, "is not positive", "a concentration > 0 mg/L")
        for column in ("acceptance_concentration", "outlet_concentration")
        for i in np.flatnonzero(works[column] <= 0.0)
    ]
    accepts, lets_out = works["acceptance_concentration"], works["outlet_concentration"]
    for i in np.flatnonzero((accepts > 0.0) & (accepts < lets_out)):
        problem = f"is less than outlet_concentration, {lets_out.iloc[i]:g} mg/L"
        right = f"at least {lets_out.iloc[i]:g} mg/L: a works adds nothing"
        faults.append(fault_at(works, "works", int(i), "acceptance_concentration", problem, right))
    return faults


def _source_faults(sources: pd.DataFrame, works: pd.DataFrame) -> list[Fault]:
    """Find sources in two places or none, behind unknown works, or beyond its design flow."""
    faults = []
    known = works["works"].unique().tolist()
    direct, behind = (sources[name].to_numpy() != "" for name in ("outlet", "works"))
    lost = behind & ~sources["works"].isin(known).to_numpy()
    dry = behind & (sources["wastewater_flow"] <= 0.0).to_numpy()
    for i in np.flatnonzero((direct == behind) | lost | dry).tolist():
        if direct[i] == behind[i]:
            both = f"is given, and so is works {sources['works'].iloc[i]}"
            problem = both if behind[i] else "is empty, and so is works"
            right = "either an outlet or a works"
            faults.append(fault_at(sources, "sources", i, "outlet", problem, right))
        elif lost[i]:
            right = f"one of {listed(known)}" if known else "a row of works"
            faults.append(fault_at(sources, "sources", i, "works", "is not a works", right))
        else:
            problem = "is not positive for a source behind a works"
            faults.append(
                fault_at(sources, "sources", i, "wastewater_flow", problem, "a flow > 0 m3/s")
            )
    sent = sources[behind].groupby("works")["wastewater_flow"].sum()
    for row in works.drop_duplicates("works").to_dict("records"):
        total = float(sent.get(row["works"], 0.0))
        if total > row["design_flow"] * (1.0 + 1e-9):
            problem = f"is less than the {total:g} m3/s that its sources send"
            position = int(np.flatnonzero(works["works"] == row["works"])[0])
            right = f"at least {total:g} m3/s, or less wastewater_flow"
            faults.append(fault_at(works, "works", position, "design_flow", problem, right))
    return faults


def split(sources: pd.DataFrame, decided: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part the sources into those that are decided and those that are background.

    Parameters
    ----------
    sources : DataFrame
        With ``source_class``.
    decided : sequence of str
        Source classes whose loads are decided.

    Returns
    -------
    decided, background : DataFrame
        Every source is in exactly one of the two.

    Raises
    ------
    DataError
        If no source is of a decided class.

    Examples
    --------
    >>> sources = pd.DataFrame({"source": ["A", "B"], "source_class": ["industry", "farm"]})
    >>> [part["source"].tolist() for part in split(sources, ["industry"])]
    [['A'], ['B']]
    """
    present = sources["source_class"].unique().tolist()
    absent = [label for label in decided if label not in present]
    right = f"one of {listed(present)}"
    raise_faults(
        [Fault("sources", None, "source_class", label, "has no source", right) for label in absent]
    )
    chosen = sources["source_class"].isin(list(decided))
    return sources[chosen].copy(), sources[~chosen].copy()
