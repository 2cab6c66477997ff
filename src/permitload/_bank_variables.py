"""Variables and objects of the reserve bank, as data."""

from math import inf

__all__ = ["BANK", "BANK_TERMS"]

Row = tuple[str, str, str, str] | tuple[str, str, str, str, float, float]

BANK: tuple[Row, ...] = (
    ("block", "", "town or park that answers for a region and has a bank", "板块"),
    ("holder", "", "whose account it is", "户主"),
    ("category", "", "industry, domestic or farm", "源类别"),
    ("grams", "g", "mass that an entry moves, whole", "入账量"),
    ("opening_balance", "g", "balance before", "期初余额"),
    ("incoming", "g", "what came in", "入库量"),
    ("outgoing", "g", "what went out", "出库量"),
    ("closing_balance", "g", "balance after", "期末余额"),
    ("due", "1", "year by which a commitment is to be met; 0 for none", "承诺年度", 0.0, inf),
)

BANK_TERMS = {
    "project": "what frees quota or needs it, 项目",
    "use": "Use: a construction project that needs quota, 建设项目",
    "standing": "Standing: how a year was judged, 年度判定",
    "supplement": "Supplement: another bank to draw on, 调剂来源",
    "facts": "Facts: what the gates look at, 调配条件",
    "towns": "towns with a bank of their own, 乡镇街道",
    "regions": "mapping of region to the bank of its block, 区域",
    "recheck": "function of a use that lists the rows it fails, 断面复核",
    "document": "number of the paper that a record follows, 文号",
    "element": "water or air, 环境要素",
    "register": "table of approvals and reductions to compare the bank with, 总量平衡登记表",
    "known": "head of the chain that was written down, 存证",
    "park": "whether a project is in a park with its own bank, or that park, 限值限量园区",
    "share": "exact part of a whole, 比例",
    "day": "day of an event, 日期",
    "key": "what makes an event unique, 唯一编号",
    "url": "address of a database, 数据库地址",
    "year": "calendar year, 年份",
    "last": "last day, 末日",
}
