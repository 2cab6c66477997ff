"""Limits and floors that contradict each other, in words."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from permitload import program
from permitload.allocation._cases import SECTION, UNITS, Case, blank, cases
from permitload.program import Program

__all__ = ["conflict"]

_FLOOR = "floor"


def conflict(
    response: xr.Dataset | xr.DataArray, headroom: xr.DataArray, sources: xr.Dataset,
    count: int = 10,
) -> pd.DataFrame:  # fmt: skip
    """Smallest sets of floors and limits that cannot hold together, in English and Chinese.

    Leave any one of a set out and the others can hold. A set says where to look;
    :func:`relax` and :func:`relax_floors` say by how much all must give.

    Parameters
    ----------
    response, headroom, sources
        As for :func:`allocate`.
    count : int, default 10
        Most sets to list of each pollutant and period.

    Returns
    -------
    DataFrame
        ``pollutant``, ``period`` (empty for the year), ``rows``, a tuple of labels: the section
        or group (with its period where all periods are shared at once), and ("floor", source);
        ``sentence`` and ``sentence_zh``. Empty if all can hold.

    Raises
    ------
    DataError
        As :func:`allocate`; and if ``count`` is below 1.

    Examples
    --------
    >>> labels = {"section": ["S1"], "outlet": ["O1"], "pollutant": ["TP"], "period": ["dry"]}
    >>> response = xr.DataArray([[[[0.01]]]], coords=labels, dims=list(labels))
    >>> room = response[:, 0].rename(pollutant="indicator") * 0 + 0.5
    >>> floor = response[0].rename(outlet="source").drop_vars("section") * 0 + 80.0
    >>> sources = xr.Dataset({"floor": floor}).assign_coords(outlet=("source", ["O1"]))
    >>> conflict(response, room, sources).sentence.item()
    'TP, dry: the floor of O1 (80 kg/d) and section S1 (0.5 mg/L) cannot hold together'
    """
    periods = blank(response, sources)["period"].values.astype(str)
    records = []
    for case in cases(response, headroom, sources):
        when = periods[case.at[2][0]] if len(case.at[2]) == 1 else ""
        records += [
            (case.pollutant, when, rows, *_words(case, rows, when))
            for rows in program.conflicts(_program(case), count)
        ]
    names = ["pollutant", "period", "rows", "sentence", "sentence_zh"]
    return pd.DataFrame(records, columns=names)


def _program(case: Case) -> Program:
    """Floors as rows over loads >= 0, so that one of them can be left out."""
    has = np.flatnonzero(case.floor > 0.0)
    if not len(has):  # a program has columns; a floor of 0 contradicts nothing
        has = np.array([0])
    return (
        Program()
        .columns(case.source[has])
        .at_least(
            [(_FLOOR, source) for source in case.source[has]],
            sparse.eye_array(len(has), format="csr"),
            case.floor[has],
        )
        .at_most(case.limit.index, sparse.csr_array(case.matrix[:, case.place[has]]), case.limit)
    )


def _words(case: Case, rows: tuple[Hashable, ...], period: str) -> tuple[str, str]:
    """Say which rows contradict each other, with their numbers."""
    english, chinese = [], []
    for row in rows:
        if isinstance(row, tuple) and row[0] == _FLOOR:
            k = case.source.get_loc(row[1])
            name, most = _plain(row[1]), f"{case.floor[k]:g} kg/d"
            english.append(f"the floor of {name} ({most})")
            chinese.append(f"{name} 的保障排放量（{most}）")
            continue
        k = case.limit.index.get_loc(row)
        kind = int(case.kind[k])
        name, most = _plain(row), f"{case.limit.iloc[k]:g} {UNITS[kind]}"
        word, term = ("section", "断面") if kind == SECTION else ("group", "分组")
        english.append(f"{word} {name} ({most})")
        chinese.append(f"{term} {name}（{most}）")
    where = ", ".join(part for part in (case.pollutant, period) if part)
    if len(rows) == 1:
        return (
            f"{where}: {english[0]} cannot hold: its background alone exceeds it",
            f"{where}：{chinese[0]}无法满足：背景值已超过限值",
        )
    return (
        f"{where}: {', '.join(english[:-1])} and {english[-1]} cannot hold together",
        f"{where}：{'、'.join(chinese)}不能同时满足",
    )


def _plain(label: object) -> str:
    """Name of a source or row, with its period where it has one."""
    return (
        ", ".join(str(part) for part in label if part) if isinstance(label, tuple) else str(label)
    )
