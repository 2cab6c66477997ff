"""Variables of design flows and typical years, as data."""

__all__ = ["DESIGN"]

Row = tuple[str, str, str, str] | tuple[str, str, str, str, float, float]

DESIGN: tuple[Row, ...] = (
    ("frequency", "1", "probability with which a year's value is reached", "频率", 0.0, 1.0),
    ("return_period", "a", "mean years between two such years", "重现期", 1.0, 1e4),
    ("first_month", "1", "month in which a hydrological year begins", "水文年起始月", 1, 12),
    ("coverage", "1", "least share of a month or year that must have values", "有效率", 0.0, 1.0),
    ("fraction", "1", "share of the mean annual flow", "占多年平均流量比例", 0.0, 1.0),
    ("design_value", "1", "value of the index at its exceedance", "设计值"),
    ("year_value", "1", "index of the typical year itself", "典型年指标值"),
    ("warning", "", "what makes a number doubtful; empty if nothing does", "警示"),
)  # fmt: skip
