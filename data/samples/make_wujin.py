"""Write the tables of the sample study ``wujin``; the same bytes at every run.

Only names, sections, the length of the Wunan river and two ratios come from a document
("annex": Jiangsu pilot programme, annex 5, Wujin). Standards and emission limits are cited
from memory and not checked. Everything else is invented; ``wujin/README.md`` lists it.
"""

from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent / "wujin"
POLLUTANTS = ["COD", "NH3-N", "TN", "TP", "Sb"]

# --- Time: calendar 2021 (annex: the pilot's first year); temperatures assumed ------------
STARTS = pd.date_range("2021-01-01", periods=12, freq="MS")
PERIODS = [f"{start:%Y-%m}" for start in STARTS]
DAYS = STARTS.days_in_month.to_numpy()
TEMPERATURE = [5.0, 6.0, 11.0, 17.0, 22.0, 26.0, 29.0, 29.0, 25.0, 19.0, 13.0, 7.0]

# --- Nodes: schematic coordinates [m], assumed; names of rivers from the annex -------------
NODES = {
    "W0": (0, 0, "滆湖 Gehu lake"),
    "W1": (3400, 0, "武南河-武宜运河 Wunan-Wuyi"),
    "W2": (5600, 0, "武南河-长沟河 Wunan-Changgou"),
    "W3": (7600, 0, "武南河-湖塘河 Wunan-Hutang"),
    "W4": (9400, 0, "武南河-大庆河 Wunan-Daqing"),
    "W5": (11200, 0, "武南河-永安河 Wunan-Yong'an"),
    "W6": (13600, 0, "武南河-采菱港 Wunan-Cailing"),
    "W7": (16800, 0, "武南河-礼嘉大河 Wunan-Lijia"),
    "W8": (19600, 0, "武南河-武进港 Wunan-Wujin harbour"),
    "WYN": (3400, 5200, "武宜运河北端 Wuyi canal, north end"),
    "WYS": (3400, -4000, "武宜运河南端 Wuyi canal, south end"),
    "CGN": (5600, 4600, "长沟河北端 Changgou, north end"),
    "HTN": (7600, 6000, "湖塘河北端 Hutang, north end"),
    "HTM": (7600, 2800, "湖塘河分流口 Hutang, fork"),
    "DQN": (9400, 4200, "大庆河北端 Daqing, north end"),
    "YAN": (11200, 6400, "永安河北端 Yong'an, north end"),
    "YAM": (11200, 3600, "永安河上汊口 Yong'an, upper fork"),
    "YAK": (11200, 1800, "永安河下汊口 Yong'an, lower fork"),
    "CLN": (13600, 6800, "采菱港北端 Cailing, north end"),
    "CLM": (13600, 3200, "采菱港汇流口 Cailing, park canal"),
    "LJS": (16800, -4200, "礼嘉大河南端 Lijia, south end"),
    "PLD": (16800, 1500, "虚构礼嘉圩 invented Lijia polder"),
    "WJN": (19600, 4000, "武进港北端 Wujin harbour, north end"),
    "WJS": (19600, -3600, "武进港南端 Wujin harbour, south end"),
}

# --- Reaches: from, to, length [m], bottom width [m], bank slope, winter depth [m],
# district, polder, name. Annex: R01-R08 add up to 19.6 km, districts named; rest assumed ----
REACHES = {
    "R01": ("W0", "W1", 3400, 25.0, 2.0, 1.6, "西湖街道", "", "武南河1 Wunan"),
    "R02": ("W1", "W2", 2200, 30.0, 2.0, 1.7, "牛塘镇", "", "武南河2 Wunan"),
    "R03": ("W2", "W3", 2000, 30.0, 2.0, 1.7, "湖塘镇", "", "武南河3 Wunan"),
    "R04": ("W3", "W4", 1800, 32.0, 2.0, 1.8, "湖塘镇", "", "武南河4 Wunan"),
    "R05": ("W4", "W5", 1800, 32.0, 2.0, 1.8, "南夏墅街道", "", "武南河5 Wunan"),
    "R06": ("W5", "W6", 2400, 36.0, 2.0, 1.9, "南夏墅街道", "", "武南河6 Wunan"),
    "R07": ("W6", "W7", 3200, 46.0, 2.0, 2.0, "礼嘉镇", "", "武南河7 Wunan"),
    "R08": ("W7", "W8", 2800, 42.0, 2.0, 2.0, "洛阳镇", "", "武南河8 Wunan"),
    "R09": ("WYN", "W1", 5200, 30.0, 2.0, 1.8, "牛塘镇", "", "武宜运河北段 Wuyi canal, north"),
    "R10": ("W1", "WYS", 4000, 26.0, 2.0, 1.7, "西湖街道", "", "武宜运河南段 Wuyi canal, south"),
    "R11": ("CGN", "W2", 4600, 5.0, 1.5, 1.1, "牛塘镇", "", "长沟河 Changgou"),
    "R12": ("HTN", "HTM", 3200, 8.0, 1.5, 1.2, "湖塘镇", "", "湖塘河北段 Hutang, north"),
    "R13": ("HTM", "W3", 2800, 7.0, 1.5, 1.2, "湖塘镇", "", "湖塘河南段 Hutang, south"),
    "R14": ("DQN", "W4", 4200, 4.0, 1.5, 1.0, "湖塘镇", "", "大庆河 Daqing"),
    "R15": ("HTM", "YAM", 3700, 2.5, 1.0, 1.0, "湖塘镇", "", "虚构北横河 invented north canal"),
    "R16": ("YAN", "YAM", 2800, 8.0, 1.5, 1.2, "湖塘镇", "", "永安河北段 Yong'an, north"),
    "R17": ("YAM", "YAK", 1800, 7.0, 1.5, 1.2, "湖塘镇", "", "永安河园区段 Yong'an, park"),
    "R18": ("YAM", "YAK", 2500, 3.0, 1.0, 1.0, "湖塘镇", "", "虚构永安老河 invented old arm"),
    "R19": ("YAK", "W5", 1800, 8.0, 1.5, 1.2, "南夏墅街道", "", "永安河南段 Yong'an, south"),
    "R20": ("CLN", "CLM", 3600, 18.0, 2.0, 1.5, "湖塘镇", "", "采菱港北段 Cailing, north"),
    "R21": ("CLM", "W6", 3200, 20.0, 2.0, 1.6, "礼嘉镇", "", "采菱港南段 Cailing, south"),
    "R22": ("YAK", "CLM", 2800, 3.0, 1.0, 1.0, "湖塘镇", "", "虚构园区横河 invented park canal"),
    "R23": ("W7", "LJS", 4200, 14.0, 1.5, 1.4, "礼嘉镇", "", "礼嘉大河 Lijia"),
    "R24": ("PLD", "W7", 1500, 2.0, 1.0, 0.8, "礼嘉镇", "PD1", "虚构圩内河 invented polder canal"),
    "R25": ("WJN", "W8", 4000, 30.0, 2.0, 2.0, "洛阳镇", "", "武进港北段 Wujin harbour, north"),
    "R26": ("W8", "WJS", 3600, 60.0, 2.0, 2.2, "洛阳镇", "", "武进港南段 Wujin harbour, south"),
}
SUMMER_RISE = 0.6  # [m] stage of July above January, the same everywhere on a flat plain
PUMP_CAPACITY = 3.0  # [m3/s] of the polder's pumps; the polder canal carries the monthly mean

# --- Flow [m3/s]: January and July, assumed; wet season May to September --------------------
SEASON = np.array([0, 0.05, 0.15, 0.30, 0.62, 0.95, 1, 0.90, 0.75, 0.40, 0.20, 0.05])
CHOSEN_FLOW = {  # reaches whose flow is chosen; the other flows follow from continuity
    "R01": (4.0, 9.0),
    "R09": (7.0, 16.0),
    "R10": (5.0, 11.5),
    "R11": (0.6, 1.5),
    "R12": (1.25, 3.2),
    "R14": (0.45, 1.1),
    "R15": (0.25, 0.6),
    "R16": (1.3, 3.2),
    "R20": (3.6, 8.0),
    "R23": (2.4, 6.0),
    "R24": (0.1, 0.45),
    "R25": (9.0, 20.0),
}
PARK_CANAL_FLOW = [0.4, 0.4, 0.35, 0.3, -0.5, -0.9, -1.0, -0.85, -0.6, 0.3, 0.35, 0.4]  # R22
OLD_ARM_SHARE = 0.3  # of the Yong'an's flow that takes R18
# Which reach follows at which node, in an order in which each node has one unknown left
DERIVED = [
    ("W1", "R02"), ("W2", "R03"), ("HTM", "R13"), ("W3", "R04"), ("W4", "R05"), ("YAM", "R17"),
    ("YAK", "R19"), ("W5", "R06"), ("CLM", "R21"), ("W6", "R07"), ("W7", "R08"), ("W8", "R26"),
]  # fmt: skip

# --- Boundary concentration [mg/L] in POLLUTANTS order, annual typical value, assumed --------
INFLOW = {
    "W0": (16.0, 0.30, 1.9, 0.100, 0.0008),
    "WYN": (15.0, 0.55, 2.1, 0.130, 0.0010),
    "CGN": (22.0, 0.90, 2.7, 0.190, 0.0010),
    "HTN": (25.0, 0.90, 2.8, 0.215, 0.0010),
    "DQN": (22.0, 0.95, 2.8, 0.200, 0.0010),
    "YAN": (24.0, 0.85, 2.5, 0.180, 0.0012),
    "CLN": (15.0, 0.55, 2.36, 0.130, 0.0010),
    "PLD": (16.0, 0.40, 1.8, 0.120, 0.0002),
    "WJN": (14.0, 0.50, 2.1, 0.120, 0.0010),
}
INFLOW_WINTER = {"COD": 0.03, "NH3-N": 0.25, "TN": 0.12, "TP": 0.06, "Sb": 0.0}  # ± of the year
INFLOW_EPISODE = {("HTN", "TP", "2021-01"): 0.285, ("HTN", "TP", "2021-02"): 0.270}

# --- Kinetics: decay [1/d] at 20 °C, temperature factor; method defaults for plain rivers ----
KINETICS = {
    "COD": (0.12, 1.047),
    "NH3-N": (0.10, 1.08),
    "TN": (0.05, 1.047),
    "TP": (0.06, 1.047),
    "Sb": (0.0, 1.0),
}

# --- Sections: reach, position [m] (assumed), target class (assumed), name, quality of 2020 --
SECTIONS = {
    "S1": ("R09", 4200, "III", "延政路桥 Yanzheng road bridge", "2020: III (annex)"),
    "S2": ("R20", 2600, "III", "成塘浜桥 Chengtangbang bridge", "2020: III (annex)"),
    "S3": ("R21", 1700, "IV", "众恒大桥 Zhongheng bridge", "2020: IV (annex)"),
    "S4": ("R21", 2900, "IV", "东置大桥 Dongzhi bridge", "2020: IV (annex)"),
    "S5": ("R13", 1600, "IV", "东风桥 Dongfeng bridge", "2020: V (annex)"),
    "S6": ("R19", 900, "IV", "鸣新东路桥 Mingxin east road bridge", "2020: worse than V (annex)"),
    "S7": ("R26", 1800, "III", "慈渎桥 Cidu bridge", "2020: III (annex)"),
    "S8": ("R08", 2600, "IV", "虚构武南河末端断面 invented end of the Wunan", "2020: IV-V (annex)"),
}
TN_TARGET = {"III": 3.0, "IV": 4.0}  # [mg/L], assumed: GB 3838-2002 has no TN limit for rivers
SB_TARGET = 0.005  # [mg/L], GB 3838-2002 table 3, a drinking-water-source item

# --- Works [m3/s, mg/L]. Acceptance: GB 4287-2012 table 2 indirect with the 2015 amendment
# (park), GB/T 31962-2015 grade B (municipal). Outlet: DB32/1072-2018, Taihu protection zones;
# Sb of the outlet assumed. All from memory, not checked ------------------------------------
WORKS = {
    "WK1": ("R17", 900, 0.35, "虚构纺织园污水处理厂 invented textile park works"),
    "WK2": ("R21", 500, 0.60, "虚构城镇污水处理厂 invented municipal works"),
}
ACCEPTANCE = {
    "WK1": {"COD": 500.0, "NH3-N": 20.0, "TN": 30.0, "TP": 1.5, "Sb": 0.10},
    "WK2": {"COD": 500.0, "NH3-N": 45.0, "TN": 70.0, "TP": 8.0},
}
WORKS_OUTLET = {"COD": 40.0, "NH3-N": 3.0, "TN": 10.0, "TP": 0.3, "Sb": 0.05}
WORKS_PRESENT = {"COD": 33.0, "NH3-N": 1.8, "TN": 8.5, "TP": 0.22, "Sb": 0.025}  # assumed

# --- Enterprises: sector, name, works or reach, position [m], wastewater [m3/s]; all invented
ENTERPRISES = {
    "E01": ("textile dyeing", "虚构染整一厂 invented dyeing works 1", "WK1", 0, 0.055),
    "E02": ("textile dyeing", "虚构染整二厂 invented dyeing works 2", "WK1", 0, 0.045),
    "E03": ("textile dyeing", "虚构染整三厂 invented dyeing works 3", "WK1", 0, 0.040),
    "E04": ("textile dyeing", "虚构染整四厂 invented dyeing works 4", "WK1", 0, 0.035),
    "E05": ("textile dyeing", "虚构染整五厂 invented dyeing works 5", "WK1", 0, 0.030),
    "E06": ("textile dyeing", "虚构染整六厂 invented dyeing works 6", "WK1", 0, 0.025),
    "E07": ("textile dyeing", "虚构染整七厂 invented dyeing works 7", "WK1", 0, 0.020),
    "E08": ("textile dyeing", "虚构染整八厂 invented dyeing works 8", "WK1", 0, 0.015),
    "E09": ("textile dyeing", "虚构染整九厂 invented dyeing works 9", "R12", 1200, 0.030),
    "E10": ("textile dyeing", "虚构染整十厂 invented dyeing works 10", "R16", 1600, 0.025),
    "E11": ("textile dyeing", "虚构染整十一厂 invented dyeing works 11", "R18", 800, 0.020),
    "E12": ("textile dyeing", "虚构染整十二厂 invented dyeing works 12", "R20", 1000, 0.030),
    "E13": ("electroplating", "虚构电镀一厂 invented plating works 1", "R12", 2200, 0.015),
    "E14": ("electroplating", "虚构电镀二厂 invented plating works 2", "R14", 1500, 0.012),
    "E15": ("electroplating", "虚构电镀三厂 invented plating works 3", "R21", 1100, 0.020),
    "E16": ("electroplating", "虚构电镀四厂 invented plating works 4", "R09", 2500, 0.015),
    "E17": ("food", "虚构食品一厂 invented food works 1", "R13", 600, 0.020),
    "E18": ("food", "虚构食品二厂 invented food works 2", "R11", 2000, 0.020),
    "E19": ("food", "虚构食品三厂 invented food works 3", "R05", 700, 0.030),
    "E20": ("food", "虚构食品四厂 invented food works 4", "WK2", 0, 0.030),
    "E21": ("machinery", "虚构机械一厂 invented machine works 1", "WK2", 0, 0.015),
    "E22": ("machinery", "虚构机械二厂 invented machine works 2", "WK2", 0, 0.020),
    "E23": ("machinery", "虚构机械三厂 invented machine works 3", "R20", 1800, 0.010),
    "E24": ("machinery", "虚构机械四厂 invented machine works 4", "R09", 3300, 0.012),
}
# Concentration of direct dischargers [mg/L] and permit over statistics, invented, except the
# annex's ratios for electroplating in Wujin: TN 7.3, TP 1.7
DIRECT = {
    "textile dyeing": {"COD": 48.0, "NH3-N": 3.2, "TN": 9.5, "TP": 0.35, "Sb": 0.035},
    "electroplating": {"COD": 42.0, "NH3-N": 4.0, "TN": 6.0, "TP": 0.50},
    "food": {"COD": 58.0, "NH3-N": 5.0, "TN": 13.0, "TP": 0.55},
    "machinery": {"COD": 45.0, "NH3-N": 3.5, "TN": 9.0, "TP": 0.35},
}
PERMIT_RATIO = {
    "textile dyeing": {"COD": 1.25, "NH3-N": 1.5, "TN": 1.4, "TP": 1.4, "Sb": 1.8},
    "electroplating": {"COD": 1.6, "NH3-N": 2.0, "TN": 7.3, "TP": 1.7},
    "food": {"COD": 1.4, "NH3-N": 1.6, "TN": 1.5, "TP": 1.5},
    "machinery": {"COD": 1.6, "NH3-N": 1.8, "TN": 1.6, "TP": 1.4},
}
PERMIT_NOTE = {
    ("electroplating", "TN"): "ceiling over load of the year: 7.3 (annex)",
    ("electroplating", "TP"): "ceiling over load of the year: 1.7 (annex)",
}
PRODUCTION = {  # by month, scaled to a mean of 1: Spring Festival in February, invented
    "textile dyeing": [0.95, 0.60, 1.0, 1.05, 1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.1, 1.05],
    "electroplating": [1.0, 0.70, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.05, 1.05, 1.05, 1.05],
    "food": [1.15, 0.90, 0.90, 0.90, 0.95, 1.0, 1.05, 1.05, 1.1, 1.0, 0.95, 1.05],
    "machinery": [1.0, 0.70, 1.0, 1.05, 1.05, 1.0, 1.0, 1.0, 1.05, 1.05, 1.05, 1.0],
}

# --- Domestic: municipal works [m3/s] and people without sewer, invented. Unit loads per
# person and day [g] and share that reaches the river: guide values from memory, not checked --
TOWN_WASTEWATER = 0.42
TOWN_FLOOR_SHARE = 0.5
UNSEWERED = {"R12": 8000, "R14": 3000, "R16": 5000, "R11": 4000, "R07": 6000}
PERSON_LOAD = {"COD": 40.0, "NH3-N": 4.0, "TN": 5.0, "TP": 0.44}
DOMESTIC_DELIVERY = 0.4

# --- Farm: rice-wheat fields [ha], invented; edge-of-field export [kg/ha/a] and share that
# reaches the river: method defaults (crop delivery 0.1-0.3); months follow SEASON -----------
FIELDS = {"R02": 500, "R07": 900, "R08": 800, "R11": 300, "R16": 350, "R23": 700, "R24": 600}
FIELD_EXPORT = {"COD": 150.0, "NH3-N": 8.0, "TN": 30.0, "TP": 1.2}
FARM_DELIVERY = 0.2

STUDY = """\
[study]
title = "Wujin sample: Wunan and Yong'an rivers (enterprises invented)"
title_zh = "武进示例：武南河与永安河（企业均为虚构）"
pollutants = ["COD", "NH3-N", "TN", "TP", "Sb"]

[capacity]
margin_of_safety = 0.10
decided = ["industry"]

[allocation]
target = "present_load"
compose = "fill"
precision = 0.0001

[basis]
margin_of_safety = "assumed"
decided = "assumed"
target = "assumed"
compose = "assumed"
precision = "assumed"
"""


def flows() -> dict[str, np.ndarray]:
    """Flow of every reach and month in whole litres per second, balanced at every junction."""
    litres = {
        reach: np.rint(1000 * (low + (high - low) * SEASON)).astype(int)
        for reach, (low, high) in CHOSEN_FLOW.items()
    }
    litres["R22"] = np.rint(1000 * np.array(PARK_CANAL_FLOW)).astype(int)
    litres["R18"] = np.rint(OLD_ARM_SHARE * (litres["R15"] + litres["R16"])).astype(int)
    for node, reach in DERIVED:
        litres[reach] = sum(
            litres[other] * ((end[1] == node) - (end[0] == node))
            for other, end in REACHES.items()
            if other in litres
        )
    return litres


def area(reach: str) -> np.ndarray:
    """Wetted area [m2] of a trapezium whose depth follows the season."""
    width, slope, depth = REACHES[reach][3:6]
    deep = depth + SUMMER_RISE * SEASON
    return np.round(deep * (width + slope * deep), 2)


def network_tables() -> dict[str, pd.DataFrame]:
    """Reaches, nodes, polder, districts and periods."""
    reaches = [
        (reach, *row[:5], None, None, None, row[7], row[8]) for reach, row in REACHES.items()
    ]
    return {
        "reaches": table(
            "reach from_node to_node length[m] width[m] side_slope bed_from[m] bed_to[m] "
            "roughness[s/m^(1/3)] polder name",
            reaches,
        ),
        "nodes": table(
            "node storage_area[m2] storage_volume[m3] held x[m] y[m] name",
            [(node, 0, 0, 0, *row) for node, row in NODES.items()],
        ),
        "polders": table(
            "polder outlet_reach pump_capacity[m3/s] name",
            [("PD1", "R08", PUMP_CAPACITY, NODES["PLD"][2])],
        ),
        "districts": table("reach district", [(r, row[6]) for r, row in REACHES.items()]),
        "periods": table(
            "period days[d] start temperature[degC]",
            list(zip(PERIODS, DAYS, STARTS.strftime("%Y-%m-%d"), TEMPERATURE, strict=True)),
        ),
    }


def flow_tables() -> dict[str, pd.DataFrame]:
    """Flow and wetted area of reaches, and what enters and leaves at the ends of the network."""
    litres = flows()
    net = dict.fromkeys(NODES, np.zeros(12, dtype=int))
    for reach, row in REACHES.items():
        net[row[0]] = net[row[0]] + litres[reach]
        net[row[1]] = net[row[1]] - litres[reach]
    flow = [
        (reach, period, litres[reach][i] / 1000, None, area(reach)[i], None, None, None)
        for reach in REACHES
        for i, period in enumerate(PERIODS)
    ]
    boundary = [
        (node, period, value[i] / 1000, None)
        for node, value in net.items()
        if value.any()
        for i, period in enumerate(PERIODS)
    ]
    return {
        "flows": table(
            "reach period flow[m3/s] velocity[m/s] area[m2] depth[m] dispersion[m2/s] note", flow
        ),
        "boundaries": table("node period flow[m3/s] note", boundary),
    }


def water_tables() -> dict[str, pd.DataFrame]:
    """Quality of the inflow, rates, sections and targets."""
    winter = np.cos(2 * np.pi * (np.arange(12) - 0.5) / 12)
    inflow = []
    for node, values in INFLOW.items():
        for pollutant, value in zip(POLLUTANTS, values, strict=True):
            swing = INFLOW_WINTER[pollutant]
            for i, period in enumerate(PERIODS if swing else [""]):
                normal = float(f"{value * (1 + swing * winter[i]):.3g}")
                given = INFLOW_EPISODE.get((node, pollutant, period), normal)
                inflow.append((node, pollutant, period, given, "assumed", None))
    kinetics = [
        (p, *rates, 0, "assumed", "method default, unverified") for p, rates in KINETICS.items()
    ]
    sections = [
        (s, reach, None, position, "river", water_class, name, f"{note}; target assumed")
        for s, (reach, position, water_class, name, note) in SECTIONS.items()
    ]
    tn = "no river limit in GB 3838-2002"
    sb = "GB 3838-2002 table 3, an item of drinking-water sources"
    standards = []
    for section, row in SECTIONS.items():
        standards.append((section, "TN", None, None, TN_TARGET[row[2]], "assumed", tn))
        standards.append((section, "Sb", None, None, SB_TARGET, "assumed", sb))
    return {
        "inflow": table("node pollutant period concentration[mg/L] basis note", inflow),
        "kinetics": table(
            "pollutant decay[1/d] temperature_factor settling[m/d] basis note", kinetics
        ),
        "sections": table(
            "section reach node position[m] water_type water_class name note", sections
        ),
        "standards": table(
            "section indicator period water_class limit[mg/L] basis note", standards
        ),
    }


def source_rows() -> list[tuple]:
    """Source, class, sector, enterprise, outlet, works, wastewater [m3/s], name."""
    rows = []
    for label, (sector, name, place, _, water) in ENTERPRISES.items():
        works = place in WORKS
        where = (None, place, water) if works else (f"O-{label}", None, 0)
        rows.append((f"{label}-1", "industry", sector, label, *where, name))
    town = "虚构城镇生活污水 invented town"
    rows.append(("D-WK2", "domestic", None, None, None, "WK2", TOWN_WASTEWATER, town))
    for reach, people in UNSEWERED.items():
        name = f"虚构散排生活源 invented, {people} people without sewer"
        rows.append((f"D-{reach}", "domestic", None, None, f"O-D-{reach}", None, 0, name))
    for reach, hectares in FIELDS.items():
        name = f"虚构农田 invented, {hectares} ha of fields"
        rows.append((f"F-{reach}", "farm", None, None, f"O-F-{reach}", None, 0, name))
    return [(*row, None) for row in rows]


def outlet_rows() -> list[tuple]:
    """Outlets of works, of direct dischargers, and those spread along a reach."""
    rows = []
    for works, (reach, position, _, name) in WORKS.items():
        water = sum(row[4] for row in ENTERPRISES.values() if row[2] == works)
        total = round(water + (TOWN_WASTEWATER if works == "WK2" else 0), 6)
        rows.append((f"O-{works}", reach, None, position, None, total, name, None))
    for label, (_, name, place, position, water) in ENTERPRISES.items():
        if place not in WORKS:
            rows.append((f"O-{label}", place, None, position, None, water, name, None))
    for kind, name, reaches in (
        ("D", "散排生活源 people without sewer", UNSEWERED),
        ("F", "农田 fields", FIELDS),
    ):
        rows += [
            (f"O-{kind}-{reach}", reach, None, 0, REACHES[reach][2], 0, name, None)
            for reach in reaches
        ]
    return rows


def load_rows() -> list[tuple]:
    """Present load, floor and ceiling [kg/d] of every source."""
    rows = []
    assumed = ("assumed", None)
    for label, (sector, _, place, _, water) in ENTERPRISES.items():
        profile = np.array(PRODUCTION[sector])
        profile = profile * DAYS.sum() / (profile * DAYS).sum()
        for pollutant in DIRECT[sector]:
            if place in WORKS:
                mean = 86.4 * water * WORKS_PRESENT[pollutant]
                ceiling = 86.4 * water * WORKS_OUTLET[pollutant]
            else:
                mean = 86.4 * water * DIRECT[sector][pollutant]
                ceiling = mean * PERMIT_RATIO[sector][pollutant]
            note = PERMIT_NOTE.get((sector, pollutant))
            for period, load in zip(PERIODS, mean * profile, strict=True):
                bounds = (round(load, 5), 0, round(ceiling, 5))
                rows.append((f"{label}-1", pollutant, period, *bounds, "assumed", note))
    for pollutant, unit in PERSON_LOAD.items():
        load = round(86.4 * TOWN_WASTEWATER * WORKS_PRESENT[pollutant], 5)
        most = round(86.4 * TOWN_WASTEWATER * WORKS_OUTLET[pollutant], 5)
        least = round(TOWN_FLOOR_SHARE * load, 5)
        rows.append(("D-WK2", pollutant, None, load, least, most, *assumed))
        for reach, people in UNSEWERED.items():
            load = round(people * unit * DOMESTIC_DELIVERY / 1000, 5)
            rows.append((f"D-{reach}", pollutant, None, load, 0, None, *assumed))
    rain = (0.2 + SEASON) / ((0.2 + SEASON) * DAYS).sum()
    for reach, hectares in FIELDS.items():
        for pollutant, export in FIELD_EXPORT.items():
            for period, part in zip(PERIODS, rain, strict=True):
                load = round(hectares * export * FARM_DELIVERY * part, 5)
                rows.append((f"F-{reach}", pollutant, period, load, 0, None, *assumed))
    return rows


def pollution_tables() -> dict[str, pd.DataFrame]:
    """Enterprises, works, outlets, sources and their loads."""
    law = "outlet DB32/1072-2018, from memory, unverified"
    works = [
        (w, f"O-{w}", p, row[2], most, WORKS_OUTLET[p], *_works_basis(p, law, row[3]))
        for w, row in WORKS.items()
        for p, most in ACCEPTANCE[w].items()
    ]
    return {
        "outlets": table(
            "outlet reach node position[m] position_to[m] effluent_flow[m3/s] name note",
            outlet_rows(),
        ),
        "works": table(
            "works outlet pollutant design_flow[m3/s] acceptance_concentration[mg/L] "
            "outlet_concentration[mg/L] basis name note",
            works,
        ),
        "sources": table(
            "source source_class sector enterprise outlet works wastewater_flow[m3/s] name note",
            source_rows(),
        ),
        "source_loads": table(
            "source pollutant period source_load[kg/d] floor[kg/d] ceiling[kg/d] basis note",
            load_rows(),
        ),
        "enterprises": table(
            "enterprise sector name note",
            [(e, row[0], row[1], "invented") for e, row in ENTERPRISES.items()],
        ),
    }


def _works_basis(pollutant: str, law: str, name: str) -> tuple[str, str, str]:
    """Basis, name and note of one row of the works table."""
    if pollutant == "Sb":
        return "assumed", name, "outlet assumed; acceptance GB 4287-2012 amendment 2015"
    return "statutory", name, law


def table(columns: str, rows: list[tuple]) -> pd.DataFrame:
    """Frame whose headers carry the unit after a blank."""
    return pd.DataFrame(rows, columns=[name.replace("[", " [") for name in columns.split()])


def main() -> None:
    """Write ``study.toml`` and every table."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "study.toml").write_text(STUDY, encoding="utf-8", newline="\n")
    tables = network_tables() | flow_tables() | water_tables() | pollution_tables()
    for name, frame in tables.items():
        frame.to_csv(FOLDER / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


if __name__ == "__main__":
    main()
