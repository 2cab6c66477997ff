"""Variables of treatment options and what they cost."""

from math import inf

__all__ = ["COSTS"]

Row = tuple[str, str, str, str] | tuple[str, str, str, str, float, float]

COSTS: tuple[Row, ...] = (
    ("removal", "1", "share of the present load that an option takes off", "去除率", 0.0, 1.0),
    ("capital", "10^4 CNY", "spent at the start on an option", "投资费用", 0.0, 1e9),
    ("operating", "10^4 CNY/a", "spent each year on an option", "运行费用", -1e9, 1e9),
    ("lifetime", "a", "years of service of an option", "使用年限", 0.0, 1e3),
    ("interest", "1/a", "discount rate", "折现率", 0.0, 1.0),
    ("increment", "1", "number of a piece of a cost curve, in order", "分段序号", 0.0, 1e6),
    (
        "reduction",
        "kg/d",
        "taken off by operation, beyond the option",
        "运行削减量",
        0.0,
        1e9,
    ),
    ("marginal_cost", "10^4 CNY/t", "cost of one tonne in a piece", "边际费用", 0.0, 1e9),
    ("cost", "10^4 CNY/a", "cost of a year: capital recovered and operation", "年费用"),
    ("total_cost", "10^4 CNY/a", "cost of all sources", "总费用"),
    (
        "cost_price",
        "(10^4 CNY/a)/(mg/L)",
        "least cost saved per unit of headroom, given the options chosen",
        "治理成本影子价格",
        0.0,
        inf,
    ),
    ("budget", "10^4 CNY", "most capital that may be spent", "投资限额", 0.0, inf),
)
