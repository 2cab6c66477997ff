"""Findings and quotas in words, English and Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

__all__ = ["findings", "quota_sentences"]

Finding = tuple[str, str, str, str, float, float]

FINDINGS: dict[str, tuple[str, str]] = {
    "exceeded": (
        "{0}, {1}, {2}: {3} t used of a quota of {4} t",
        "{0} {1} {2} 实际排放 {3} t，超过配额 {4} t",
    ),
    "implausible": (
        "{0}, {1}, {2}: {3} t used is beyond what is plausible, {4} t; counted in full",
        "{0} {1} {2} 上报排放 {3} t，超出合理范围 {4} t，已全额计入，请核实",
    ),
    "unreported": (
        "{0}, {1}, {2}: nothing reported; the quota of {4} t counts as used until it is",
        "{0} {1} {2} 未上报，暂按配额 {4} t 全部用完计",
    ),
    "permit": (
        "{0}, {1}: {3} t in the 12 months to {2}, above the permit of {4} t: a finding, no debt",
        "{0} {1} 截至 {2} 连续12个月排放 {3} t，超过许可排放量 {4} t（属违规线索，不以欠账抵扣）",
    ),
    "background": (
        "{0}, {1}, {2}: the background exceeds the limit by {3:.4g} mg/L; nothing is issued there",
        "{0} 断面 {1} {2} 背景浓度超标 {3:.4g} mg/L，相关企业不予核发",
    ),
    "overdrawn": (
        "{1}: the year's total is overdrawn by {3} t from {2} on; nothing more is issued",
        "{1} 自 {2} 起年度总量已超用 {3} t，不再核发",
    ),
    "ramps": (
        "{1}, {2}: ramps gave way: floors and rows leave no room for them",
        "{1} {2} 放宽月度变幅限制",
    ),
    "floor": (
        "{0}, {1}, {2}: the floor of {4} t gave way by {3} t",
        "{0} {1} {2} 保障量 {4} t 让出 {3} t",
    ),
    "absent": (
        "{0}: not in the plans of {2}; nothing is issued, its accounts stay open",
        "{0} 未报 {2} 生产计划，本期不核发，账户保留",
    ),
}
"""Sentences by rule: subject, pollutant, period, figure [t], threshold [t]."""


ROWS = {
    "section": "section",
    "park": "the park's limit of",
    "year": "the park's total of the year",
    "permit": "the permit of the twelve months to",
    "rise": "the ramp up in",
    "fall": "the ramp down in",
    "ceiling": "its plan or ceiling",
    "target": "its plan",
    "floor": "its floor",
    "fixed": "no plan",
}


def tonnes_of(mass: float) -> str:
    """Mass [g] as tonnes, to the kilogram or to what is there."""
    return f"{mass / 1e6:.6f}".rstrip("0").rstrip(".")


def findings(found: Iterable[Finding]) -> pd.DataFrame:
    """Table of findings: rule, subject, pollutant, period, figure, threshold, sentences."""
    rows = []
    for rule, subject, pollutant, period, figure, threshold in found:
        raw = rule == "background"
        words = (subject, pollutant, period, figure if raw else tonnes_of(figure))
        english, chinese = (text.format(*words, tonnes_of(threshold)) for text in FINDINGS[rule])
        rows.append((rule, subject, pollutant, period, figure, threshold, english, chinese))
    columns = ["rule", "subject", "pollutant", "period", "figure", "threshold",
               "sentence", "sentence_zh"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def quota_sentences(place: tuple[str, str, str], mass: Mapping[str, int], stop: str) -> list[str]:
    """Say what an enterprise gets, of what, and why not more; English and Chinese."""
    enterprise, pollutant, period = place
    said = {name: tonnes_of(value) for name, value in mass.items()}
    english = f"{enterprise}, {pollutant}, {period}: {said['quota']} t of {said['plan']} t planned"
    chinese = f"{enterprise} {period} {pollutant} 核发 {said['quota']} t，计划 {said['plan']} t"
    english += f"; stopped by {ROWS.get(stop.split()[0], stop.split()[0])}"
    english += "".join(f" {word}" for word in stop.split()[1:])
    chinese += f"，受限于{_chinese(stop)}"
    for name, one, other in (
        ("drawn", "t from lots", "，其中结转 {} t"),
        ("paid", "t held back for excess", "，因超额扣减 {} t"),
    ):
        if mass[name]:
            english += f"; {said[name]} {one}"
            chinese += other.format(said[name])
    return [english + ".", chinese + "。"]


def _chinese(stop: str) -> str:
    kind, _, rest = stop.partition(" ")
    known = {
        "section": "断面", "park": "园区月度总量", "year": "园区年度总量",
        "permit": "年许可排放量",
        "rise": "升幅限制", "fall": "降幅限制", "ceiling": "生产计划或自身上限",
        "target": "生产计划", "floor": "保障量", "fixed": "无生产计划",
    }  # fmt: skip
    return f"{known.get(kind, kind)} {rest}".strip()
