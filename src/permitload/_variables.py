"""Every variable of the library, declared once, as data."""

from dataclasses import dataclass
from math import inf

from permitload._allocation_variables import ALLOCATION
from permitload._bank_variables import BANK
from permitload._conversion_variables import CONVERSION
from permitload._cost_variables import COSTS
from permitload._design_variables import DESIGN
from permitload._flow_variables import FLOW
from permitload._nonpoint_variables import NONPOINT
from permitload._reallocation_variables import REALLOCATION
from permitload._study_variables import STUDY
from permitload._technology_variables import TECHNOLOGY
from permitload._tier_variables import TIERS
from permitload._uncertain_variables import UNCERTAIN

__all__ = ["DIMENSIONS", "VARIABLES", "Variable"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One declared variable.

    Parameters
    ----------
    name : str
        The only name it has, in code, tables and reports.
    unit : str
        Canonical unit; ``1`` for a pure number, empty for a label, ``time`` for a date.
    meaning : str
        What it is.
    term : str
        The Chinese term.
    lower, upper : float, optional
        Bounds, inclusive.
    """

    name: str
    unit: str
    meaning: str
    term: str
    lower: float = -inf
    upper: float = inf

    @property
    def is_label(self) -> bool:
        """Whether the variable is a label rather than a number."""
        return self.unit == ""

    @property
    def is_date(self) -> bool:
        """Whether the variable is a date."""
        return self.unit == "time"


def _variables(
    *rows: tuple[str, str, str, str] | tuple[str, str, str, str, float, float],
) -> dict[str, Variable]:
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names), "a name has one meaning and one unit"
    return {row[0]: Variable(*row) for row in rows}


DIMENSIONS = _variables(
    ("reach", "", "stretch of river between two nodes", "河段"),
    ("node", "", "junction, boundary or storage", "节点"),
    ("structure", "", "gate, weir, pump or culvert", "水工建筑物"),
    ("polder", "", "land behind dykes, drained by pumps", "圩区"),
    ("section", "", "control section where water quality is judged", "考核断面"),
    ("outlet", "", "place where a load enters the water", "入河排污口"),
    ("works", "", "treatment works that collects indirect dischargers", "污水处理厂"),
    ("source", "", "one discharger of one class at one outlet", "污染源"),
    ("enterprise", "", "legal person that holds a permit; empty for non-point", "企业"),
    ("sector", "", "industry", "行业"),
    ("source_class", "", "industry, domestic, farm or other", "源类别"),
    ("control_unit", "", "land and water answered for by one section", "控制单元"),
    ("district", "", "town or street", "乡镇街道"),
    ("pollutant", "", "what is discharged, with its basis (NH3-N, TP as P)", "污染物"),
    ("indicator", "", "what is judged at a section", "水质指标"),
    ("scenario", "", "what is solved beside others, with the same water", "情景"),
    ("period", "", "month, season or design condition, in order", "时段"),
    ("point", "", "one point of the set of loads that all sections allow", "可行集代表点"),
    ("alternative", "", "what is compared with a base, with its own water", "比选方案"),
    ("option", "", "treatment that a source may choose; one of them applies", "治理方案"),
    ("end", "", "end of a reach: from or to", "河段端"),
    ("segment", "", "part of a reach between two points where load or water enters", "微段"),
    ("term", "", "line of the mass ledger", "平衡项"),
    ("time", "time", "instant", "时刻"),
)

VARIABLES = DIMENSIONS | _variables(
    ("from_node", "", "node at position 0", "起点"),
    ("to_node", "", "node at the far end", "终点"),
    ("structure_type", "", "gate, weir, pump or culvert", "建筑物类型"),
    ("outlet_reach", "", "reach that receives what a polder pumps out", "受纳河段"),
    ("water_type", "", "river or lake: selects the TP and TN limits", "水体类型"),
    ("water_class", "", "target class I to V of GB 3838-2002", "水质目标类别"),
    ("basis", "", "statutory 法定, pilot 试点文件 or assumed 假定", "依据"),
    ("evidence", "", "how a number is known: verified, seen, memory, …", "证据等级"),
    ("document", "", "standard or other document that gives a number", "文件"),
    ("clause", "", "table or clause of the document", "条款"),
    ("discharge", "", "direct into water, or indirect through a works", "排放方式"),
    ("condition", "", "where or when a row holds; empty for always", "适用条件"),
    ("reason", "", "why there is no judgement; empty where there is one", "未判定原因"),
    ("rule", "", "how periods are judged together, or how loads are shared", "规则"),
    ("determined_by", "", "indicators of the worst class", "定类指标"),
    ("not_judged", "", "indicators whose detection limit hides their class", "无法判定指标"),
    ("outside", "", "indicators that take no part in the class", "不参评指标"),
    ("missing_periods", "", "periods without a sample", "缺测时段"),
    ("name", "", "name for people", "名称"),
    ("note", "", "remark", "备注"),
    ("sense", "", "whether a limit is a most (≤) or a least (≥)", "限值方向"),
    ("status", "", "ok, background_exceeds or floors_infeasible", "状态"),
    ("stopped_by", "", "row that keeps a source from getting more", "受限因素"),
    ("length", "m", "length of a reach", "长度", 0.0, 1e7),
    ("width", "m", "bottom width", "底宽", 0.0, 1e6),
    ("side_slope", "1", "horizontal per vertical of the banks", "边坡系数", 0.0, 100.0),
    ("slope", "1", "fall of the bed per length, without sign", "底坡", 0.0, inf),
    ("bed_from", "m", "bed level at from_node", "起点河底高程", -1e4, 1e4),
    ("bed_to", "m", "bed level at to_node", "终点河底高程", -1e4, 1e4),
    ("roughness", "s/m^(1/3)", "Manning coefficient", "糙率", 0.001, 1.0),
    ("storage_area", "m2", "surface of a storage node; 0 for a junction", "水面面积", 0.0, 1e12),
    ("storage_volume", "m3", "volume of a storage node", "库容", 0.0, 1e15),
    ("held", "1", "1 where a sea or great lake holds its concentration", "定浓度边界", 0.0, 1.0),
    ("x", "m", "east coordinate", "东坐标", -1e9, 1e9),
    ("y", "m", "north coordinate", "北坐标", -1e9, 1e9),
    ("area", "m2", "wetted cross-section", "过水断面面积", 0.0, 1e8),
    ("position", "m", "metres from from_node, whatever the flow does", "距起点距离", 0.0, 1e7),
    ("position_to", "m", "end of a stretch along a reach", "终止位置", 0.0, 1e7),
    ("pump_capacity", "m3/s", "pumps of a polder towards one reach", "泵站能力", 0.0, 1e6),
    ("flow", "m3/s", "discharge, positive from from_node to to_node", "流量", -1e6, 1e6),
    ("node_flow", "m3/s", "water that leaves a node, effluent included", "节点流量", 0.0, inf),
    ("boundary_flow", "m3/s", "water entering (+) or leaving (-) at a node", "边界流量"),
    ("lateral_flow", "m3/s", "part of boundary_flow that nobody declared", "旁侧流量"),
    ("share", "1", "share of a node's load that a reach takes", "分流比", 0.0, 1.0),
    ("effluent_flow", "m3/s", "water of an outlet, in addition to flow", "废水流量", 0.0, 1e6),
    ("wastewater_flow", "m3/s", "water that a source sends to a works", "纳管水量", 0.0, 1e6),
    ("design_flow", "m3/s", "design capacity of a works", "设计流量", 0.0, 1e6),
    ("stage", "m", "water level", "水位"),
    ("depth", "m", "water depth", "水深", 0.0, 1e5),
    ("critical_depth", "m", "depth at Froude number 1", "临界水深", 0.0, inf),
    ("velocity", "m/s", "mean velocity, without sign", "流速", 0.0, 1e3),
    ("volume", "m3", "water in a reach", "水体体积", 0.0, inf),
    ("travel_time", "d", "volume over flow", "传播时间", 0.0, inf),
    ("dispersion", "m2/s", "longitudinal dispersion", "纵向离散系数", 0.0, 1e9),
    ("lateral_dispersion", "m2/s", "dispersion across the river", "横向扩散系数", 0.0, 1e9),
    ("oconnor_number", "1", "decay and dispersion against advection", "奥康纳数", 0.0, inf),
    ("peclet_number", "1", "advection against dispersion", "贝克来数", 0.0, inf),
    ("retention", "1", "share of a load that stays in a lake", "滞留系数", 0.0, 1.0),
    ("stock", "t", "mass that a lake can still hold", "可容纳量"),
    ("upper_volume", "m3", "water above the thermocline", "变温层体积", 0.0, inf),
    ("lower_volume", "m3", "water below the thermocline", "均温层体积", 0.0, inf),
    ("upper_concentration", "mg/L", "above the thermocline", "变温层浓度", 0.0, inf),
    ("lower_concentration", "mg/L", "below the thermocline", "均温层浓度", 0.0, inf),
    ("non_uniformity", "1", "share of capacity that uneven mixing leaves", "不均匀系数", 0.0, 1.0),
    ("ideal_capacity", "kg/d", "load that the water takes, in the river", "理想水环境容量"),
    ("non_point", "kg/d", "load of non-point sources, in the river", "面源入河量", 0.0, inf),
    (
        "uncontrollable",
        "kg/d",
        "load that nobody here decides, in the river",
        "不可控入河量",
        0.0,
        inf,
    ),
    ("usable_capacity", "kg/d", "ideal less non-point and uncontrollable", "可利用容量"),
    ("reserve", "kg/d", "capacity withheld as margin of safety", "安全余量预留", 0.0, inf),
    ("allocatable_capacity", "kg/d", "usable less reserve, in the river", "可分配容量"),
    ("in_river_load", "kg/d", "load as it reaches the river", "入河量"),
    ("outlet_load", "kg/d", "load as it leaves the outlet", "排放量"),
    ("into_river", "1", "in_river_load over outlet_load", "入河系数", 0.0, 1.0),
    ("deduction", "", "non_point or uncontrollable", "扣减类别"),
    ("distance", "m", "way from an outlet to the river", "排污口至入河口距离", 0.0, 1e7),
    ("capacity_mass", "t", "load that the water takes in one period", "时段容量"),
    ("flood_mass", "t", "mass of the flood season", "汛期总量"),
    ("other_mass", "t", "mass of the rest of the year", "非汛期总量"),
    ("annual_sum", "t/a", "sum of the periods", "逐期累计年量"),
    ("annual_worst", "t/a", "rate of the worst period held for the year", "最不利时段折年量"),
    ("reaeration", "1/d", "rate at which oxygen enters", "复氧系数", 0.0, 1e3),
    ("demand", "mg/L", "oxygen demand of the water", "需氧量", 0.0, inf),
    ("deficit", "mg/L", "oxygen below saturation", "氧亏", 0.0, inf),
    ("zone_area", "m2", "water surface above the standard", "混合区面积", 0.0, inf),
    ("offset", "m", "distance of an outfall from the near bank", "排放口距岸距离", 0.0, 1e6),
    ("across", "m", "distance of a place from the near bank", "距岸横向距离", 0.0, 1e6),
    ("temperature", "degC", "water temperature", "水温", -1.0, 45.0),
    ("concentration", "mg/L", "concentration in water", "浓度", 0.0, 1e6),
    ("target_concentration", "mg/L", "what boundary water should have", "来水目标浓度", 0.0, 1e6),
    (
        "node_concentration",
        "mg/L",
        "concentration of the water leaving a node",
        "节点浓度",
        0.0,
        inf,
    ),
    ("pH", "1", "pH of a sample", "pH 值", 0.0, 14.0),
    ("salinity", "1", "practical salinity", "盐度", 0.0, 50.0),
    ("saturation", "mg/L", "dissolved oxygen at saturation", "饱和溶解氧", 0.0, 100.0),
    ("below_detection", "1", "1: concentration is the detection limit", "未检出", 0.0, inf),
    ("detection_limit", "mg/L", "greatest detection limit that hid a value", "检出限", 0.0, 1e6),
    ("samples", "1", "number of samples", "样本数", 0.0, inf),
    ("attained", "1", "whether a limit is met; empty where nobody can tell", "是否达标", 0.0, 1.0),
    ("attained_share", "1", "share of the sampled periods that attain", "达标率", 0.0, 1.0),
    ("standard_index", "1", "closeness to a limit: 1 at the limit", "单项水质指数", 0.0, inf),
    ("exceedance", "1", "excess over a limit, in limits; 0 where it is met", "超标倍数", 0.0, inf),
    ("background", "mg/L", "concentration with all that is not decided", "背景浓度", 0.0, inf),
    ("acceptance_concentration", "mg/L", "most that a works accepts", "接管浓度", 0.0, 1e6),
    ("outlet_concentration", "mg/L", "what a works discharges", "出水浓度", 0.0, 1e6),
    ("planned_concentration", "mg/L", "planned outlet of a works", "规划出水浓度", 0.0, 1e6),
    ("planned_load", "kg/d", "whole_load once works discharge as planned", "规划排放量", 0.0, inf),
    ("planned_share", "1", "present_share once works discharge as planned", "规划达标率", 0.0, 1.0),
    ("present_share", "1", "share of the periods within what is allowed", "现状达标率", 0.0, 1.0),
    ("whole_load", "kg/d", "present load of all sources, decided or not", "现状排放总量", 0.0, inf),
    ("land_area", "km2", "land that drains to a reach or unit", "陆域面积", 0.0, 1e6),
    ("load_density", "kg/d/km2", "whole_load per land", "单位面积负荷", 0.0, inf),
    ("capacity_use", "1", "present load over capacity, of decided sources", "容量利用率", 0.0, inf),
    ("worst_period", "", "period in which a load is most beside its capacity", "最不利时段"),
    ("worst_use", "1", "capacity_use of the worst period", "最不利时段利用率", 0.0, inf),
    ("planned_attained", "1", "attained once works discharge as planned", "规划是否达标", 0.0, 1.0),
    ("emission_limit", "mg/L", "most that an outlet may discharge", "排放限值", 0.0, 1e6),
    ("benchmark_drainage", "m3/t", "water a tonne of product may need", "基准排水量", 0.0, inf),
    ("limit", "mg/L", "water-quality standard at a section", "水质标准", 0.0, 1e6),
    (
        "standard",
        "mg/L",
        "limit, or what a margin leaves of it, in a formula",
        "水质目标",
        0.0,
        1e6,
    ),
    ("present_concentration", "mg/L", "concentration at present loads", "现状浓度", 0.0, inf),
    ("observed", "mg/L", "mean of the samples of a period", "实测浓度", 0.0, inf),
    ("observed_lower", "mg/L", "observed, with hidden samples at 0", "实测下限", 0.0, inf),
    ("observed_upper", "mg/L", "observed, hidden samples at the limit", "实测上限", 0.0, inf),
    ("difference", "mg/L", "observed less present_concentration", "实测与模拟之差"),
    ("relative_error", "1", "difference over observed", "相对误差"),
    ("unexplained_load", "kg/d", "difference times the flow of the section", "未解释负荷"),
    ("remaining_capacity", "kg/d", "what the present leaves of a section's limit", "剩余容量"),
    ("agreement", "", "agrees, unexplained or unobserved", "吻合情况"),
    ("calibrated", "", "yes, or the stamp 未率定", "率定状态"),
    ("not_calibrated", "", "sections that lack calibration", "未率定断面"),
    ("closure_tolerance", "1", "relative error that counts as agreement", "闭合允差", 0.0, 10.0),
    ("decay_factor", "1", "what every decay is multiplied by", "衰减系数倍数", 0.0, 10.0),
    ("total_change", "1", "change of the total over that at the stated decay", "总量变化率"),
    ("limit_use", "1", "concentration over what the margin leaves of the limit", "标准指数"),
    ("margin_of_safety", "1", "share of a limit withheld", "安全余量", 0.0, 0.999),
    ("decay", "1/d", "first-order rate at 20 °C", "综合衰减系数", 0.0, 50.0),
    ("temperature_factor", "1", "growth of a rate per °C", "温度校正系数", 1.0, 1.2),
    ("settling", "m/d", "settling velocity", "沉降速度", 0.0, 100.0),
    ("source_load", "kg/d", "load given, mean over the period", "排放量", 0.0, 1e9),
    ("generated_load", "kg/d", "load before any treatment", "产生量", 0.0, inf),
    ("benchmark_load", "kg/d", "load at benchmark drainage and limit", "基准排放量", 0.0, inf),
    ("adjustment_coefficient", "1", "factor of a claim, by evaluation", "调整系数", 0.0, inf),
    ("accepted_load", "kg/d", "load handed to a works", "接管量", 0.0, inf),
    ("permitted_load", "kg/d", "load decided, mean over the period", "许可排放量", 0.0, inf),
    (
        "permit",
        "t/a",
        "statutory annual permit: any 12 consecutive months",
        "年许可排放量",
        0.0,
        inf,
    ),
    ("permit_mass", "t", "mass permitted in one period", "时段许可排放量", 0.0, inf),
    (
        "permit_worst",
        "t/a",
        "rate of the worst period held for 365 d",
        "最不利时段折年量",
        0.0,
        inf,
    ),
    ("allowed", "mg/L", "limit less the margin of safety", "扣除安全余量后限值", 0.0, inf),
    ("floor", "kg/d", "least load that a source must be granted", "保障排放量", 0.0, 1e9),
    ("ceiling", "kg/d", "most that a source may be granted", "排放上限", 0.0, 1e9),
    ("capacity", "kg/d", "load that the water can take", "水环境容量"),
    ("headroom", "mg/L", "limit less margin less background; negative is owed", "剩余浓度"),
    ("response", "(mg/L)/(kg/d)", "rise at a section per unit load at an outlet", "响应系数"),
    (
        "delivery_ratio",
        "1",
        "load that flow carries past a section, over the load",
        "传输率",
        0.0,
        inf,
    ),
    ("total", "kg/d", "total load of decided outlets: greatest, or of a point", "最大总量"),
    ("equal_ratio", "kg/d", "total with one load for all outlets", "等量代表点总量"),
    ("max_min", "kg/d", "total with the least load as great as can be", "最大最小代表点总量"),
    ("present_scaled", "kg/d", "total with one factor for all present loads", "等比例代表点总量"),
    ("owing", "", "sections that exceed at present loads, by how many mg/L", "超标断面"),
    ("met_by", "", "outlets whose stop would help, by how many mg/L", "可承担削减的排污口"),
    ("upstream_part", "mg/L", "part of cut_owed that upstream's excess makes", "上游应削减部分"),
    ("total_at_target", "kg/d", "total with boundary water at its target", "来水达标时容量"),
    ("total_measured", "kg/d", "total with boundary water as measured", "来水现状时容量"),
    (
        "shadow_price",
        "(kg/d)/(mg/L)",
        "best total gained per unit of headroom",
        "影子价格",
        0.0,
        inf,
    ),
    ("price_lower", "mg/L", "least headroom at which the shadow price holds", "影子价格下限"),
    ("price_upper", "mg/L", "greatest headroom at which the shadow price holds", "影子价格上限"),
    ("canonical_load", "kg/d", "fairest point that attains the best total", "代表性分配", 0.0, inf),
    ("point_load", "kg/d", "load of an outlet at a point; negative is owed", "代表点负荷"),
    (
        "point_price",
        "(kg/d)/(mg/L)",
        "total of a point gained per unit of headroom",
        "代表点影子价格",
    ),
    ("binding", "", "sections that are full", "控制断面"),
    ("change", "kg/d", "total less that of the base", "与基准方案之差"),
    ("upstream_share", "kg/d", "total that the upstream takes beyond its target", "上游占用容量"),
    (
        "upstream_rise",
        "mg/L",
        "background that the upstream adds beyond its target",
        "上游超标增量",
    ),
    ("relief", "mg/L", "fall at a section if an outlet stopped altogether", "停排降幅", 0.0, inf),
    ("cut_owed", "mg/L", "fall that a section needs at present loads", "应削减浓度", 0.0, inf),
    (
        "own_part",
        "mg/L",
        "part of cut_owed that the decided loads can give",
        "可由本方削减",
        0.0,
        inf,
    ),
    ("other_part", "mg/L", "part of cut_owed that only others can give", "须由他方削减", 0.0, inf),
    ("able", "1", "whether the decided loads can give all of cut_owed", "能否自行达标", 0.0, 1.0),
    ("cut_load", "kg/d", "load that an outlet gives up", "削减量", 0.0, inf),
    ("annual_limit", "t/a", "of the two annual bases the one that bounds permits", "年许可约束量"),
    ("load_min", "kg/d", "least load of an outlet at the best total", "最小分配", 0.0, inf),
    ("load_max", "kg/d", "greatest load of an outlet at the best total", "最大分配", 0.0, inf),
    ("unique", "1", "whether the best total has one split only", "唯一性", 0.0, 1.0),
    ("level", "1", "granted share of the target at which a source stopped", "满足率"),
    (
        "tightening_price",
        "(kg/d)/(mg/L)",
        "best total lost per unit of headroom withdrawn",
        "收紧影子价格",
        0.0,
        inf,
    ),
    ("shortfall", "kg/d", "part of a floor that cannot be granted", "保障缺额", 0.0, inf),
    ("missing", "mg/L", "least excess over a limit that cannot be avoided", "缺口", 0.0, inf),
    ("price_in_total", "1", "part of the best total that a rule gives up", "总量代价", 0.0, 1.0),
    ("price_in_cost", "1", "cost beyond the least, as part of it", "费用代价", 0.0, inf),
    ("gini", "1", "unevenness of loads against a target, 0 even", "环境基尼系数", 0.0, 1.0),
    ("least_level", "1", "least load over its target", "最低满足率", 0.0, inf),
    ("shut", "1", "number of sources with a target and no load", "零许可源数", 0.0, inf),
    ("ledger", "kg/d", "mass balance, by term", "物质平衡"),
    ("flux", "kg/d", "load carried past a reach end, positive from from_node", "通量"),
    ("loss_rate", "1/d", "decay and settling at the water's temperature", "损失速率", 0.0, inf),
    ("segment_reach", "", "reach of a segment", "微段所属河段"),
    ("segment_flow", "m3/s", "flow at the ends of a segment, effluent included", "微段流量"),
    ("segment_area", "m2", "wetted cross-section of a segment", "微段断面面积", 0.0, inf),
    ("segment_load", "kg/d/m", "spread load of a segment", "微段面源负荷", 0.0, inf),
    ("segment_concentration", "mg/L", "concentration at the ends of a segment", "微段浓度"),
    ("boundary_in", "kg/d", "load entering at a node with the flow", "边界输入"),
    ("boundary_out", "kg/d", "load leaving at a node with the flow", "边界输出"),
    ("controlling", "", "sections that judge a control unit", "控制断面组"),
    ("bidirectional", "1", "whether water can come back to a control unit", "双向流", 0.0, 1.0),
    ("days", "d", "length of a period", "天数", 0.0, 36600.0),
    ("date", "time", "day of a sample", "采样日期"),
    ("start", "time", "first day of a period; empty for a design condition", "起始日"),
    ("step", "", "step of a permit's provenance, from input to year", "步骤"),
    ("quantity", "", "which number: a name of the glossary", "量"),
    ("value", "1", "number in the unit of its row", "数值"),
    ("unit", "", "unit of the row's number", "单位"),
    ("subject", "", "section, works, function or other thing that a number is about", "对象"),
    ("reference", "", "file and line, Dataset or rule that a number comes from", "来源"),
    ("works_law", "kg/d", "wastewater_flow at outlet_concentration", "尾水法则负荷", 0.0, inf),
    ("added", "mg/L", "rise that a source makes at the section that stopped it", "自身增量"),
    ("added_by_others", "mg/L", "rise that all other decided sources make there", "其他源增量"),
    ("spare", "mg/L", "headroom that is left", "剩余余量"),
    *BANK,
    *COSTS,
    *FLOW,
    *UNCERTAIN,
    *ALLOCATION,
    *NONPOINT,
    *TECHNOLOGY,
    *STUDY,
    *TIERS,
    *REALLOCATION,
    *DESIGN,
    *CONVERSION,
)
