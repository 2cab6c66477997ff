"""Variables, tables and terms of conversion: trades between sources, reclaimed water, surplus."""

from math import inf

__all__ = ["CONVERSION", "CONVERSION_TABLES", "CONVERSION_TERMS"]

Row = tuple[str, str, str, str] | tuple[str, str, str, str, float, float]

CONVERSION: tuple[Row, ...] = (
    ("seller", "", "source whose reduction makes up for another's discharge", "转出源"),
    ("buyer", "", "source that discharges more for it", "转入源"),
    ("bidder", "", "who bids for surplus capacity", "竞买人"),
    ("credit", "", "a verified reduction that can be used once", "减排信用"),
    ("owner", "", "who holds a credit", "持有人"),
    ("worst_section", "", "section with the greatest ratio", "最不利断面"),
    ("location_ratio", "1", "buyer's response over seller's, timing included", "位置比", 0.0, inf),
    ("equivalency", "1", "seller's pollutant worth one of the buyer's", "当量比", 0.0, inf),
    ("uncertainty_ratio", "1", "for what a practice may fail to do", "不确定性比", 1.0, inf),
    ("retirement", "1", "multiple of which the excess is retired", "清退比", 1.0, inf),
    ("replacement", "1", "multiple that policy asks of a project", "替代倍数", 1.0, inf),
    ("least_ratio", "1", "ratio below which no trade is made", "最低比", 1.0, inf),
    ("ratio", "1", "seller's reduction per buyer's discharge", "转化比", 0.0, inf),
    ("ratio_lower", "1", "lower end of its interval", "转化比下限", 0.0, inf),
    ("ratio_upper", "1", "upper end of its interval", "转化比上限", 0.0, inf),
    ("response_variation", "1", "standard deviation of a response over its mean", "响应变异系数",
     0.0, inf),
    ("timing", "1", "reduction of a period over its mean of the year", "时程系数", 0.0, inf),
    ("before_load", "kg/d", "load before the practice, mean of the year", "措施前负荷", 0.0, inf),
    ("baseline_load", "kg/d", "load that is required anyway", "基线负荷", 0.0, inf),
    ("after_load", "kg/d", "load with the practice, mean of the year", "措施后负荷", 0.0, inf),
    ("begins", "time", "first day of a credit", "生效日"),
    ("verified_on", "time", "day of verification", "核查日"),
    ("credit_load", "kg/d", "reduction that may be used, or is", "信用量", 0.0, inf),
    ("available", "kg/d", "most that a seller can take off, mean of the year", "可减排量", 0.0,
     inf),
    ("whole", "1", "1 where a measure is taken wholly or not at all", "是否整体实施", 0.0, 1.0),
    ("own_permit", "kg/d", "permit of a buyer without credits", "自有许可量", 0.0, inf),
    ("wanted_load", "kg/d", "load that a buyer asks for", "申请量", 0.0, inf),
    ("converted_concentration", "mg/L", "concentration once a conversion is carried out",
     "转化后浓度", 0.0, 1e6),
    ("rise", "mg/L", "change of concentration that a trade makes", "浓度变化"),
    ("reclaimed_flow", "m3/s", "reclaimed water that is delivered", "再生水量", 0.0, 1e4),
    ("feed_flow", "m3/s", "effluent that feeds the membranes", "进水量", 0.0, inf),
    ("recovery", "1", "product over feed", "回收率", 0.0, 1.0),
    ("rejection", "1", "share of the feed's load that stays in the concentrate", "截留率", 0.0,
     1.0),
    ("concentrate_removal", "1", "share of the concentrate's load that is removed", "浓水去除率",
     0.0, 1.0),
    ("claimed_load", "kg/d", "reclaimed water times concentration of the effluent", "名义腾出量",
     0.0, inf),
    ("product_load", "kg/d", "load that leaves with the reclaimed water", "产水负荷", 0.0, inf),
    ("concentrate_load", "kg/d", "load of the concentrate, before its treatment", "浓水负荷", 0.0,
     inf),
    ("freed_load", "kg/d", "load that no longer leaves the outlet", "腾出负荷", 0.0, inf),
    ("permit_before", "kg/d", "permit of the works before", "原许可量", 0.0, inf),
    ("permit_after", "kg/d", "permit of the works now", "现许可量", 0.0, inf),
    ("credited", "kg/d", "what has been credited before", "已入库量", 0.0, inf),
    ("reserve_share", "1", "share of the surplus that is held back", "预留比例", 0.0, 1.0),
    ("surplus_alone", "kg/d", "most that one outlet alone may add", "单口富余量", 0.0, inf),
    ("surplus_total", "kg/d", "most that all outlets together may add", "富余总量", 0.0, inf),
    ("bid", "kg/d", "most that a bidder asks for", "竞买量", 0.0, inf),
    ("bid_price", "10^4 CNY/t", "most that a bidder pays", "报价", 0.0, inf),
    ("reserve_price", "10^4 CNY/t", "price below which nothing is sold", "底价", 0.0, inf),
    ("award", "kg/d", "what a bidder gets", "中标量", 0.0, inf),
    ("payment", "10^4 CNY/a", "what a bidder pays", "成交额", 0.0, inf),
)  # fmt: skip

CONVERSION_TABLES = (
    (
        "sellers?",
        "seller",
        "seller outlet pollutant variation response_variation=0 equivalency? uncertainty_ratio=2 "
        "retirement=1 least_ratio=1 available? marginal_cost=0 whole=0 basis? note?",
        "one source that can take off load for others: farm land, a works, an enterprise",
    ),
    (
        "buyers?",
        "buyer",
        "buyer outlet pollutant response_variation=0 replacement=1 own_permit? wanted_load? "
        "floor=0 marginal_cost=0 basis? note?",
        "one source that may discharge more for it",
    ),
    (
        "credits?",
        "credit",
        "credit owner seller pollutant before_load baseline_load after_load begins verified_on? "
        "expires basis? note?",
        "one reduction: a slice of a seller's load, from one day to another",
    ),
    ("bids?", "bidder", "bidder bid bid_price note?", "one bid for surplus capacity"),
)

CONVERSION_TERMS = {
    "compound": "function of the parts of a trading ratio, 转化比合成方法",
    "draws": "Draws: how an interval is sampled, 抽样设置",
    "day": "day on which credits are looked at, 核定日",
    "plan": "Programme of measures and loads, 转化规划",
    "location": "location ratio, a part of a trading ratio, 位置比",
    "uncertainty": "uncertainty ratio, a part of a trading ratio, 不确定性比",
}
"""Parameters that are neither variables nor tables."""
