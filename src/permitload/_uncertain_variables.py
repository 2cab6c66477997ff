"""Variables of uncertain rows, reliability and limits of a day or month, as data."""

from math import inf

__all__ = ["UNCERTAIN"]

UNCERTAIN: tuple[tuple[str, str, str, str] | tuple[str, str, str, str, float, float], ...] = (
    ("assurance", "1", "probability with which a row or a limit holds", "保证率", 0.5, 1.0),
    ("variation", "1", "standard deviation over the mean", "变异系数", 0.0, inf),
    ("deviation", "mg/L", "standard deviation of the background", "背景浓度标准差", 0.0, inf),
    ("correlation", "1", "between the uncertain parts of a row", "相关系数", 0.0, 1.0),
    ("violated", "1", "share of the scenarios that may be violated", "允许违反率", 0.0, 1.0),
    (
        "protected",
        "1",
        "responses at their worst at once",
        "不确定预算",
        0.0,
        inf,
    ),
    (
        "exceedance_bound",
        "1",
        "probability of exceedance, at most",
        "超标概率上界",
        0.0,
        1.0,
    ),
    ("met", "1", "1 where a scenario's row is to be met", "是否须满足", 0.0, 1.0),
    ("reliability", "1", "share of the samples that meet the limit", "达标可靠度", 0.0, 1.0),
    ("reliability_lower", "1", "lower end of its interval", "可靠度下限", 0.0, 1.0),
    ("reliability_upper", "1", "upper end of its interval", "可靠度上限", 0.0, 1.0),
    ("joint_reliability", "1", "share that meets every limit at once", "联合可靠度", 0.0, 1.0),
    ("joint_lower", "1", "lower end of its interval", "联合可靠度下限", 0.0, 1.0),
    ("joint_upper", "1", "upper end of its interval", "联合可靠度上限", 0.0, 1.0),
    ("long_term_average", "kg/d", "mean of the daily loads", "长期平均排放量", 0.0, inf),
    ("daily_limit", "kg/d", "most on any day", "日最大排放量", 0.0, inf),
    ("monthly_limit", "kg/d", "most as the mean of a month's samples", "月均排放限值", 0.0, inf),
    (
        "capacity_deficit",
        "t",
        "capacity that a period lacks",
        "容量赤字",
        0.0,
        inf,
    ),
)
