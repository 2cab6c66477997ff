"""Attaining and non-attaining control units, and the statement that goes with their map."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from permitload.errors import Fault, raise_faults
from permitload.tiers.area import judged_of, unique

__all__ = ["attaining_units", "statement"]

_COLUMNS = [
    "control_unit", "pollutant", "attaining", "controlling", "failing", "unknown", "sentence",
    "sentence_zh",
]  # fmt: skip
_METHOD = (
    "An area attains a pollutant where no section that judges it fails; one that cannot be judged "
    "counts as failing (assumed). Source: Jiangsu pilot programme, annex 8 (Nantong), 三(二)1."
)
_METHOD_ZH = (
    "划分依据：江苏省试点方案附件8（南通）三（二）1；控制断面上一年度无超标的为达标区，"
    "无法判定的断面按不达标处理（假定）。"
)


def attaining_units(control_units: pd.DataFrame, attainment: pd.DataFrame) -> pd.DataFrame:
    """Say for every control unit and pollutant whether it attains.

    Parameters
    ----------
    control_units : DataFrame
        As ``RiverNetwork.control_units`` gives it: ``control_unit``, ``controlling`` (its
        sections, joined by ``+``).
    attainment : DataFrame
        As for :func:`attainment_area`.

    Returns
    -------
    DataFrame
        One row a control unit and pollutant: ``attaining`` (False where a section fails or is not
        judged), ``controlling``, ``failing``, ``unknown``, ``sentence``, ``sentence_zh``.

    Raises
    ------
    DataError
        If attainment lacks a column or repeats a row, or names a section that judges no unit.

    References
    ----------
    Annex 8 (Nantong), 三(二)1.

    Examples
    --------
    >>> units = pd.DataFrame({"control_unit": ["U1", "U1"], "controlling": ["S1+S2", "S1+S2"]})
    >>> judged = pd.DataFrame({"section": ["S1", "S2"], "indicator": "COD",
    ...                        "attained": [True, False]})
    >>> attaining_units(units, judged)[["attaining", "failing"]].values.tolist()
    [[False, 'S2']]
    """
    judged = judged_of(attainment)
    sections = control_units.drop_duplicates("control_unit").set_index("control_unit")
    by_unit = {unit: str(cell).split("+") for unit, cell in sections["controlling"].items()}
    known = {section for names in by_unit.values() for section in names}
    raise_faults(
        Fault("attainment", name, "section", name, "judges no control unit", "a section of one")
        for name in unique(judged["section"])
        if name not in known
    )
    rows = [
        _row(unit, pollutant, names, judged[judged["pollutant"] == pollutant])
        for unit, names in sorted(by_unit.items())
        for pollutant in unique(judged["pollutant"])
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def statement(control_units: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Write the statement that goes with the map of areas (说明材料).

    Parameters
    ----------
    control_units : DataFrame
        As :func:`attaining_units` returns it.
    areas : DataFrame
        As :func:`attainment_area` returns it.

    Returns
    -------
    DataFrame
        ``subject``, ``sentence``, ``sentence_zh``: the rule, the units by pollutant, each park.

    Examples
    --------
    >>> units = pd.DataFrame({"control_unit": ["U1"], "pollutant": ["COD"], "attaining": [True]})
    >>> parks = pd.DataFrame({"park": ["P"], "pollutant": ["COD"], "sentence": ["Attaining."],
    ...                       "sentence_zh": ["达标区。"]})
    >>> statement(units, parks)["sentence"].to_list()[1:]
    ['COD: 1 of 1 control units attains; non-attaining: none.', 'P, COD: Attaining.']
    """
    rows = [("rule", _METHOD, _METHOD_ZH), *_of_units(control_units)]
    rows += [
        (str(row["park"]), f"{row['park']}, {row['pollutant']}: {row['sentence']}",
         f"{row['park']}，{row['pollutant']}：{row['sentence_zh']}")
        for row in areas.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["subject", "sentence", "sentence_zh"])


def _of_units(control_units: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Write one sentence for each pollutant."""
    for pollutant, own in control_units.groupby("pollutant"):
        met = own["attaining"].astype(bool)
        failing, all_ = unique(own.loc[~met, "control_unit"]), len(own)
        verb = "attains" if met.sum() == 1 else "attain"
        names, names_zh = ", ".join(failing) or "none", "、".join(failing) or "无"
        yield (
            str(pollutant),
            f"{pollutant}: {met.sum()} of {all_} control units {verb}; non-attaining: {names}.",
            f"{pollutant}：{all_}个控制单元中{met.sum()}个达标；非达标单元：{names_zh}。",
        )


def _row(unit: str, pollutant: str, names: list[str], judged: pd.DataFrame) -> dict[str, object]:
    """Judge one unit by all its sections; a section without a row is not judged."""
    own = judged[judged["section"].isin(names)]
    failing = unique(own.loc[(~own["attained"]).fillna(False), "section"])
    met = set(own["section"]) - set(own.loc[own["attained"].isna(), "section"])
    unknown = unique(set(names) - met - set(failing))
    parts = [(failing, " fails", "超标"), (unknown, " not judged", "无法判定")]
    why = "; ".join(f"{', '.join(found)}{word}" for found, word, _ in parts if found)
    why_zh = "，".join(f"{'、'.join(found)}{word}" for found, _, word in parts if found)
    head, head_zh = ("Non-attaining", "非达标区") if why else ("Attaining", "达标区")
    return {
        "control_unit": unit, "pollutant": pollutant, "attaining": not why,
        "controlling": "+".join(names), "failing": ", ".join(failing),
        "unknown": ", ".join(unknown),
        "sentence": f"{head}{': ' if why else ''}{why}.",
        "sentence_zh": f"{head_zh}{'：' if why else ''}{why_zh}。",
    }  # fmt: skip
