"""Variables of the months: quotas, what was used of them, and the books of both."""

from math import inf

__all__ = ["REALLOCATION", "REALLOCATION_TABLES"]

Row = tuple[str, str, str, str] | tuple[str, str, str, str, float, float]

REALLOCATION: tuple[Row, ...] = (
    ("quota", "g", "mass issued to an enterprise for one period", "月度配额", 0.0, inf),
    ("used", "g", "mass really discharged in one period", "实际排放量", 0.0, inf),
    ("lot", "g", "unused mass that an enterprise may claim until it expires", "结转量", 0.0, inf),
    ("debt", "g", "mass to be held back from later quotas for excess", "扣减欠账", 0.0, inf),
    ("closed", "g", "unused mass of a closed enterprise, for the reserve bank", "关停储备量"),
    ("recalled", "g", "unused mass that went back to the park", "收回量", 0.0, inf),
    ("granted", "g", "lots granted for one period", "准予结转量"),
    ("charged", "g", "debt charged for one period", "计入欠账"),
    ("planned_mass", "g", "planned quota before penalty and lots; -1 for none", "计划配额"),
    (
        "foreseen_mass",
        "g",
        "next period planned a step beyond the ramps; -1: none",
        "预见变幅",
    ),
    ("verified", "1", "use: 0 assumed, 1 provisional, 2 verified", "核定状态", 0.0, 2.0),
    (
        "plan",
        "kg/d",
        "load that production plans ask for, or that is planned",
        "计划排放量",
        0.0,
        inf,
    ),
    ("need", "kg/d", "load that production would have made", "生产需求排放量", 0.0, inf),
    ("excess", "kg/d", "load discharged beyond the quota", "超额排放量", 0.0, inf),
    ("ramp_step", "kg/d", "rise or fall that a quota may always make", "最小调整幅度", 0.0, inf),
    ("tier_weight", "1", "weight of an enterprise by its tier", "绩效权重", 1e-6, 1e6),
    ("entry", "1", "number of a row of the ledger, in order", "台账序号", 0.0, inf),
    ("born", "", "period whose unused mass a lot is", "结转来源期"),
    ("expires", "time", "first day on which a lot or credit is gone", "失效日"),
    ("curtailed", "1", "part of the need that was not discharged", "受限比例", 0.0, 1.0),
    ("stability", "1", "mean change of quotas from period to period", "配额波动"),
    ("missed", "1", "number of sections and periods above their limit", "超标断面月数", 0.0, inf),
    ("gained", "g", "mass used beyond that under the fixed quota", "较固定配额增量"),
    ("policy", "", "rules of a year that are compared", "管理方式"),
    ("day_weight", "1", "relative load of a day", "日权重", 0.0, inf),
    ("day_mass", "g", "mass of one day", "日排放量", 0.0, inf),
    ("water_use", "m3", "water taken in a period", "用水量", 0.0, inf),
    ("product_mass", "t", "product made in a period", "时段产量", 0.0, inf),
    ("figure", "1", "number that a finding rests on, in its unit", "数值"),
    ("threshold", "1", "number that the figure is held against", "阈值"),
    ("water_period", "", "period of the study whose water a plan period has", "对应水文时段"),
    ("report_stage", "", "provisional 暂报 or verified 核定", "上报阶段"),
    ("unused_reason", "", "low_production, closure or treatment; empty if unstated", "未用原因"),
    ("issue_period", "", "period at whose issue something was found", "核发期"),
    ("quota_load", "kg/d", "quota as a mean load of its period", "配额日均排放量", 0.0, inf),
    ("used_load", "kg/d", "use as a mean load of its period", "实际日均排放量", 0.0, inf),
    ("used_concentration", "mg/L", "concentration with what was used", "实际排放浓度", 0.0, inf),
)

REALLOCATION_TABLES = (
    (
        "plan_periods?",
        "period",
        "period days start water_period note?",
        "one period that quotas are issued for, and the period of the study whose water it has",
    ),
    (
        "plans?",
        "enterprise pollutant period",
        "enterprise pollutant period plan floor=0 note?",
        "what one enterprise plans to discharge; no row before it appears and after it closes",
    ),
    (
        "members?",
        "enterprise pollutant",
        "enterprise pollutant permit? ramp_step=0 tier_weight=1 note?",
        "statutory annual permit, least ramp and weight of one member of the park",
    ),
    (
        "actuals?",
        "enterprise pollutant period report_stage",
        "enterprise pollutant period report_stage used unused_reason? note?",
        "what one enterprise reported for one period, or what was verified",
    ),
)
