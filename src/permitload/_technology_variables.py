"""Variables and tables of treatment technology and of books of emission, as data."""

from math import inf

__all__ = ["TECHNOLOGY", "TECHNOLOGY_TABLES"]

Row = tuple[str, str, str, str] | tuple[str, str, str, str, float, float]

TECHNOLOGY: tuple[Row, ...] = (
    ("train", "", "treatment train, or practice against non-point load", "处理工艺"),
    ("criterion", "", "what enterprises or treatment trains are judged by", "评价指标"),
    ("worst", "1", "value, in the unit of its row, that gets no points", "零分参考值"),
    ("best", "1", "value, in the unit of its row, that gets all points", "满分参考值"),
    ("criterion_weight", "1", "how much a criterion counts", "指标权重", 0.0, inf),
    ("required_value", "1", "value beyond which a train is not feasible", "可行性限值"),
    ("points", "1", "place between worst, 0, and best, 1", "指标得分", 0.0, 1.0),
    ("feasible", "1", "whether every required value is kept", "是否可行", 0.0, 1.0),
    ("advanced", "1", "whether feasible, with the advanced score", "是否先进", 0.0, 1.0),
    ("advanced_score", "1", "least score of an advanced train", "先进得分线", 0.0, 1.0),
    ("influent", "mg/L", "concentration before a train", "进水浓度", 0.0, 1e6),
    ("achievable", "mg/L", "effluent that a train keeps reliably", "可达出水浓度", 0.0, 1e6),
    ("product", "", "product with a benchmark of drainage", "产品"),
    ("product_capacity", "t/a", "product that a source may make", "产品产能", 0.0, inf),
    ("plated_area", "m2/a", "surface that a source may plate", "镀件面积", 0.0, inf),
    ("area_drainage", "L/m2", "water a plated m2 may need", "单位面积基准排水量", 0.0, inf),
    ("actual_drainage", "m3/t", "water drained per product made", "实际单位产品排水量", 0.0, inf),
    ("advanced_drainage", "m3/t", "drainage of advanced technology", "先进基准排水量", 0.0, inf),
    ("advanced_share", "1", "part of enterprises that count as advanced", "先进占比", 0.0, 1.0),
    ("drainage_volume", "m3/a", "water drained in a year", "排水量", 0.0, inf),
    ("benchmark_volume", "m3/a", "water that the benchmark grants", "基准水量", 0.0, inf),
    ("permitted_concentration", "mg/L", "most that a permit allows", "许可排放浓度", 0.0, 1e6),
    ("specification", "t/a", "load by the technical specification", "技术规范核算量", 0.0, inf),
    ("achievable_load", "kg/d", "load that technology reaches", "技术可达排放量", 0.0, inf),
    ("potential", "kg/d", "present load beyond the achievable one", "减排潜力", 0.0, inf),
    ("potential_share", "1", "potential over present load", "减排潜力比例", 0.0, 1.0),
    ("pollutant_kind", "", "conventional or characteristic", "污染物类型"),
    (
        "technology_total",
        "t/a",
        "technology-based loads of a park",
        "技术核算总量",
        0.0,
        inf,
    ),
    ("water_total", "t/a", "capacity of the water for a park; may be negative", "水环境容量总量"),
    ("initial_total", "t/a", "load that a park starts from", "园区初始容量", 0.0, inf),
    ("excess_total", "t/a", "technology_total beyond water_total", "超容量部分", 0.0, inf),
    ("score", "1", "weighted points of a train", "综合得分", 0.0, 1.0),
    ("obstacle", "", "required values that a train misses", "不可行原因"),
    ("left_out", "", "outlets that are not compared", "未比较的排放口"),
    ("account", "", "EIA, quota, permit, statistics, report or recomputed", "数据口径"),
    ("book", "", "accepted 接管 or discharged 外排; or an account of a ledger", "账目"),
    ("method", "", "how a number was found", "核算方法"),
    ("outlet_kind", "", "main or general", "排放口类型"),
    ("book_mass", "t/a", "mass of a year in an account", "账面量", 0.0, inf),
    ("book_volume", "m3/a", "water of a year in an account", "账面水量", 0.0, inf),
    ("reference_mass", "t/a", "mass in the account compared with", "对照量", 0.0, inf),
    ("reference_volume", "m3/a", "water in the account compared with", "对照水量", 0.0, inf),
    ("mass_ratio", "1", "mass over reference mass", "倍数", 0.0, inf),
    ("mass_difference", "t/a", "mass less reference mass", "差额"),
    ("concentration_part", "t/a", "part of a difference by concentration", "浓度贡献"),
    ("volume_part", "t/a", "part of a difference by water", "水量贡献"),
)

TECHNOLOGY_TABLES: tuple[tuple[str, str, str, str], ...] = (
    (
        "trains?",
        "train",
        "train source_class sector? name? note?",
        "one treatment train of a sector, of municipal works, or one practice against non-point "
        "load",
    ),
    (
        "train_figures?",
        "train criterion pollutant",
        "train criterion pollutant? value unit samples? evidence? note?",
        "what one train does by one criterion, declared or from records",
    ),
    (
        "train_references?",
        "source_class sector criterion pollutant",
        "source_class sector? criterion pollutant? worst best criterion_weight unit "
        "required_value? basis? evidence? note?",
        "fixed references of one criterion; those with a sector stand before those without",
    ),
    (
        "effluents?",
        "train pollutant date",
        "train pollutant date concentration influent? wastewater_flow? note?",
        "one sample of what leaves a train",
    ),
    (
        "products?",
        "source product",
        "source product product_capacity? benchmark_drainage? advanced_drainage? plated_area? "
        "area_drainage? basis? evidence? note?",
        "one product of one source, with its capacity and drainage by tonne or by plated area",
    ),
    (
        "drainages?",
        "product enterprise",
        "product enterprise actual_drainage benchmark_drainage note?",
        "what one enterprise drains per product made",
    ),
    (
        "permitted_concentrations?",
        "source pollutant document",
        "source pollutant document permitted_concentration basis? evidence? note?",
        "what one document permits one source; the strictest holds",
    ),
    (
        "source_totals?",
        "source pollutant component",
        "source pollutant component annual_total? document? basis? note?",
        "one total of the year of one source; where it is empty the total does not apply, and the "
        "note says why",
    ),
    (
        "candidates?",
        "source train pollutant",
        "source train pollutant achievable? wastewater_flow? removal? generated_load? capital=0 "
        "operating=0 lifetime? interest? basis? evidence? note?",
        "one train that a source could choose, and what it reaches",
    ),
    (
        "park_targets?",
        "pollutant",
        "pollutant pollutant_kind limit capacity document basis evidence note?",
        "limit of one pollutant with its provenance, and the capacity of the water under it",
    ),
    (
        "emission_books?",
        "enterprise outlet pollutant account book",
        "enterprise outlet outlet_kind pollutant account book method book_mass? book_volume? note?",
        "what one account says of one outlet in a year, in one of the two books",
    ),
)
