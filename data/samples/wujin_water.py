"""Rivers, water quality and targets of the sample study ``wujin``: numbers and tables of them.

Only names, sections and the length of the Wunan river come from a document ("annex": Jiangsu
pilot programme, annex 5, Wujin). Standards are cited from memory and not checked. Everything
else is invented; ``wujin/README.md`` lists it.
"""

import numpy as np
import pandas as pd

POLLUTANTS = ["COD", "NH3-N", "TN", "TP", "Sb"]

# --- Time: calendar 2021 (annex: the pilot's first year); temperatures assumed ------------
STARTS = pd.date_range("2021-01-01", periods=12, freq="MS")
PERIODS = [f"{start:%Y-%m}" for start in STARTS]
DAYS = STARTS.days_in_month.to_numpy()
TEMPERATURE = [5.0, 6.0, 11.0, 17.0, 22.0, 26.0, 29.0, 29.0, 25.0, 19.0, 13.0, 7.0]
# Course of the water from January (0) to July (1), assumed; wet season May to September
SEASON = np.array([0, 0.05, 0.15, 0.30, 0.62, 0.95, 1, 0.90, 0.75, 0.40, 0.20, 0.05])

# --- Nodes: schematic coordinates [m], assumed; names of rivers from the annex -------------
NODES = {
    "W0": (0, 0, "滆湖 Gehu lake"),
    "W1": (3350, 150, "武南河-武宜运河 Wunan-Wuyi"),
    "W2": (5520, 50, "武南河-长沟河 Wunan-Changgou"),
    "W3": (7480, -120, "武南河-湖塘河 Wunan-Hutang"),
    "W4": (9260, 20, "武南河-大庆河 Wunan-Daqing"),
    "W5": (11040, 170, "武南河-永安河 Wunan-Yong'an"),
    "W6": (13420, 0, "武南河-采菱港 Wunan-Cailing"),
    "W7": (15000, -150, "武南河-小留河 Wunan-Xiaoliu"),
    "W8": (16580, -300, "武南河-礼嘉大河 Wunan-Lijia"),
    "W9": (19360, 0, "武南河-武进港 Wunan-Wujin harbour"),
    "WYN": (3150, 6300, "武宜运河北 Wuyi N"),
    "WYM": (3250, 3500, "武宜运河-北横河 Wuyi-north canal"),
    "WYP": (3450, -4700, "武宜运河-南横河 Wuyi-south canal"),
    "WYS": (3500, -7000, "武宜运河南 Wuyi S"),
    "CGN": (5250, 5900, "长沟河北 Changgou"),
    "CGM": (5400, 3300, "长沟河-北横河 Changgou-north canal"),
    "HTN": (7250, 6700, "湖塘河北 Hutang"),
    "HTM": (7350, 3500, "湖塘河-北横河 Hutang-north canal"),
    "DQN": (9050, 5800, "大庆河北 Daqing"),
    "DQM": (9150, 3350, "大庆河-北横河 Daqing-north canal"),
    "YAN": (10900, 6600, "永安河北 Yong'an"),
    "YAM": (11000, 3800, "永安河上汊口 Yong'an, upper fork"),
    "YAK": (11040, 1950, "永安河下汊口 Yong'an, lower fork"),
    "CLN": (13250, 7000, "采菱港北 Cailing"),
    "CLM": (13350, 3300, "采菱港-园区横河 Cailing-park canal"),
    "CLG": (13400, 200, "采菱港闸上 Cailing, above the gate"),
    "XLN": (15900, 6000, "小留河北 Xiaoliu"),
    "XLM": (15550, 3000, "小留河-东横河 Xiaoliu-east canal"),
    "WJN": (19150, 6600, "武进港北 Wujin N"),
    "WJM": (19250, 3200, "武进港-东横河 Wujin harbour-east canal"),
    "WJP": (19400, -4600, "武进港-南横河 Wujin harbour-south canal"),
    "WJS": (19500, -7000, "武进港南 Wujin S"),
    "LJM": (16750, -4900, "礼嘉大河-南横河 Lijia-south canal"),
    "LJS": (16800, -7000, "礼嘉大河南 Lijia"),
    "SCM": (10900, -4900, "南横河汇流口 south canal, junction"),
    "PAW": (13350, -2150, "圩西 west"),
    "PAE": (14900, -2450, "圩东 east"),
    "PAP": (14900, -1150, "虚构礼嘉圩内河汇流口 invented Lijia polder, fork"),
    "PAQ": (16350, -450, "虚构礼嘉圩泵站 invented Lijia polder, pumps"),
    "PBW": (5000, -2350, "圩西 west"),
    "PBE": (7300, -2300, "圩东 east"),
    "PBP": (6200, -1250, "虚构牛塘圩内河汇流口 invented Niutang polder, fork"),
    "PBQ": (5650, -150, "虚构牛塘圩泵站 invented Niutang polder, pumps"),
}

# --- Reaches: from, to, length [m], bottom width [m], bank slope, winter depth [m],
# district, name. Annex: WN1-WN9 add up to 19.6 km, districts named; rest assumed -------------
REACHES = {
    "WN1": ("W0", "W1", 3400, 25.0, 2.0, 1.6, "西湖街道", "武南河1 Wunan"),
    "WN2": ("W1", "W2", 2200, 30.0, 2.0, 1.7, "牛塘镇", "武南河2 Wunan"),
    "WN3": ("W2", "W3", 2000, 30.0, 2.0, 1.7, "湖塘镇", "武南河3 Wunan"),
    "WN4": ("W3", "W4", 1800, 32.0, 2.0, 1.8, "湖塘镇", "武南河4 Wunan"),
    "WN5": ("W4", "W5", 1800, 32.0, 2.0, 1.8, "南夏墅街道", "武南河5 Wunan"),
    "WN6": ("W5", "W6", 2400, 36.0, 2.0, 1.9, "南夏墅街道", "武南河6 Wunan"),
    "WN7": ("W6", "W7", 1600, 46.0, 2.0, 2.0, "礼嘉镇", "武南河7 Wunan"),
    "WN8": ("W7", "W8", 1600, 46.0, 2.0, 2.0, "礼嘉镇", "武南河8 Wunan"),
    "WN9": ("W8", "W9", 2800, 42.0, 2.0, 2.0, "洛阳镇", "武南河9 Wunan"),
    "WY1": ("WYN", "WYM", 2900, 30.0, 2.0, 1.8, "牛塘镇", "武宜运河1 Wuyi canal"),
    "WY2": ("WYM", "W1", 3400, 30.0, 2.0, 1.8, "牛塘镇", "武宜运河2 Wuyi canal"),
    "WY3": ("W1", "WYP", 5000, 26.0, 2.0, 1.7, "西湖街道", "武宜运河3 Wuyi canal"),
    "WY4": ("WYP", "WYS", 2400, 26.0, 2.0, 1.7, "西湖街道", "武宜运河4 Wuyi canal"),
    "CG1": ("CGN", "CGM", 2700, 5.0, 1.5, 1.1, "牛塘镇", "长沟河1 Changgou"),
    "CG2": ("CGM", "W2", 3400, 6.0, 1.5, 1.1, "牛塘镇", "长沟河2 Changgou"),
    "HT1": ("HTN", "HTM", 3300, 8.0, 1.5, 1.2, "湖塘镇", "湖塘河1 Hutang"),
    "HT2": ("HTM", "W3", 3700, 7.0, 1.5, 1.2, "湖塘镇", "湖塘河2 Hutang"),
    "DQ1": ("DQN", "DQM", 2500, 4.0, 1.5, 1.0, "湖塘镇", "大庆河1 Daqing"),
    "DQ2": ("DQM", "W4", 3400, 4.0, 1.5, 1.0, "湖塘镇", "大庆河2 Daqing"),
    "YA1": ("YAN", "YAM", 2900, 8.0, 1.5, 1.2, "湖塘镇", "永安河1 Yong'an"),
    "YA2": ("YAM", "YAK", 1900, 7.0, 1.5, 1.2, "湖塘镇", "永安河2园区段 Yong'an, park"),
    "YA3": ("YAM", "YAK", 2500, 3.0, 1.0, 1.0, "湖塘镇", "虚构永安老河 invented old arm"),
    "YA4": ("YAK", "W5", 1800, 8.0, 1.5, 1.2, "南夏墅街道", "永安河3 Yong'an"),
    "CL1": ("CLN", "CLM", 3800, 18.0, 2.0, 1.5, "湖塘镇", "采菱港1 Cailing"),
    "CL2": ("CLM", "CLG", 3400, 20.0, 2.0, 1.6, "礼嘉镇", "采菱港2 Cailing"),
    "XL1": ("XLN", "XLM", 3100, 6.0, 1.5, 1.1, "礼嘉镇", "小留河1 Xiaoliu"),
    "XL2": ("XLM", "W7", 3300, 6.0, 1.5, 1.1, "礼嘉镇", "小留河2 Xiaoliu"),
    "LJ1": ("W8", "LJM", 4700, 14.0, 1.5, 1.4, "礼嘉镇", "礼嘉大河1 Lijia"),
    "LJ2": ("LJM", "LJS", 2200, 14.0, 1.5, 1.4, "礼嘉镇", "礼嘉大河2 Lijia"),
    "WJ1": ("WJN", "WJM", 3500, 30.0, 2.0, 2.0, "洛阳镇", "武进港1 Wujin harbour"),
    "WJ2": ("WJM", "W9", 3300, 30.0, 2.0, 2.0, "洛阳镇", "武进港2 Wujin harbour"),
    "WJ3": ("W9", "WJP", 4700, 60.0, 2.0, 2.2, "洛阳镇", "武进港3 Wujin harbour"),
    "WJ4": ("WJP", "WJS", 2500, 60.0, 2.0, 2.2, "洛阳镇", "武进港4 Wujin harbour"),
    "NC1": ("WYM", "CGM", 2200, 3.5, 1.0, 1.0, "牛塘镇", "虚构北横河1 invented north canal"),
    "NC2": ("CGM", "HTM", 2000, 3.0, 1.0, 1.0, "湖塘镇", "虚构北横河2 invented north canal"),
    "NC3": ("HTM", "DQM", 1900, 3.0, 1.0, 1.0, "湖塘镇", "虚构北横河3 invented north canal"),
    "NC4": ("DQM", "YAM", 2000, 2.5, 1.0, 1.0, "湖塘镇", "虚构北横河4 invented north canal"),
    "PC1": ("YAK", "CLM", 2800, 3.0, 1.0, 1.0, "湖塘镇", "虚构园区横河 invented park canal"),
    "EC1": ("CLM", "XLM", 2300, 4.0, 1.0, 1.1, "礼嘉镇", "虚构东横河1 invented east canal"),
    "EC2": ("XLM", "WJM", 3800, 4.0, 1.0, 1.1, "洛阳镇", "虚构东横河2 invented east canal"),
    "SC1": ("WYP", "SCM", 7600, 6.0, 1.0, 1.2, "西湖街道", "虚构南横河1 invented south canal"),
    "SC2": ("SCM", "LJM", 6000, 8.0, 1.0, 1.3, "礼嘉镇", "虚构南横河2 invented south canal"),
    "SC3": ("LJM", "WJP", 2700, 6.0, 1.0, 1.2, "洛阳镇", "虚构南横河3 invented south canal"),
    "SL1": ("W5", "SCM", 5200, 5.0, 1.0, 1.1, "南夏墅街道", "虚构夏墅河 invented Xiashu"),
    "PA1": ("PAW", "PAP", 2100, 2.0, 1.0, 0.8, "礼嘉镇", "虚构礼嘉圩内河1 invented polder canal"),
    "PA2": ("PAE", "PAP", 1400, 2.0, 1.0, 0.8, "礼嘉镇", "虚构礼嘉圩内河2 invented polder canal"),
    "PA3": ("PAP", "PAQ", 1900, 2.5, 1.0, 0.9, "礼嘉镇", "虚构礼嘉圩内河3 invented polder canal"),
    "PB1": ("PBW", "PBP", 1700, 2.0, 1.0, 0.8, "牛塘镇", "虚构牛塘圩内河1 invented polder canal"),
    "PB2": ("PBE", "PBP", 1600, 2.0, 1.0, 0.8, "牛塘镇", "虚构牛塘圩内河2 invented polder canal"),
    "PB3": ("PBP", "PBQ", 1500, 2.5, 1.0, 0.9, "牛塘镇", "虚构牛塘圩内河3 invented polder canal"),
}
# Level of January [m]: of the rivers at the mouth, and held by the pumps in the polders; the
# beds lie flat below it by the winter depth. Assumed
LEVEL, POLDER_LEVEL = 3.2, 2.9
PUMP_START = 3.2  # level [m] at which all pumps of a polder run
# Manning's roughness [s/m^(1/3)] by river: weedy to dredged, chosen within that range so that
# the computed flow comes near the table of flows; assumed
ROUGHNESS = {
    "WN": 0.034, "WY": 0.036, "CG": 0.034, "HT": 0.025, "DQ": 0.028, "YA": 0.027, "CL": 0.040,
    "XL": 0.025, "LJ": 0.023, "WJ": 0.024, "NC": 0.034, "PC": 0.020, "EC": 0.038, "SC": 0.028,
    "SL": 0.022, "PA": 0.030, "PB": 0.030, "YA3": 0.020,
}  # fmt: skip
LAND = 1.2  # [km2] drained to a kilometre of river, the same everywhere; invented
# Polders: first letters of their canals, reach that receives, pumps [m3/s], where they stand, name
POLDERS = {
    "PD1": ("PA", "WN9", 3.0, "PAQ", "虚构礼嘉圩 invented Lijia polder"),
    "PD2": ("PB", "WN3", 2.5, "PBQ", "虚构牛塘圩 invented Niutang polder"),
}

# --- Boundary concentration [mg/L] in POLLUTANTS order, annual typical value, assumed --------
INFLOW = {
    "W0": (16.0, 0.30, 1.9, 0.100, 0.0008),
    "WYN": (15.0, 0.55, 2.1, 0.130, 0.0010),
    "CGN": (22.0, 0.90, 2.7, 0.190, 0.0010),
    "HTN": (26.5, 0.96, 2.9, 0.225, 0.0010),
    "DQN": (22.0, 0.95, 2.8, 0.200, 0.0010),
    "YAN": (24.0, 0.85, 2.5, 0.180, 0.0012),
    "CLN": (15.0, 0.55, 2.36, 0.130, 0.0010),
    "XLN": (17.0, 0.60, 2.2, 0.140, 0.0008),
    "WJN": (14.0, 0.50, 2.1, 0.120, 0.0010),
    "PAW": (16.0, 0.40, 1.8, 0.120, 0.0002),
    "PAE": (16.0, 0.40, 1.8, 0.120, 0.0002),
    "PBW": (17.0, 0.45, 1.9, 0.130, 0.0002),
    "PBE": (17.0, 0.45, 1.9, 0.130, 0.0002),
}
INFLOW_WINTER = {"COD": 0.03, "NH3-N": 0.25, "TN": 0.12, "TP": 0.06, "Sb": 0.0}  # ± of the year
# What the northern rivers owe [mg/L]: class III of GB 3838-2002 table 1, assumed to be agreed
INFLOW_TARGET = {
    node: {"COD": 20.0, "NH3-N": 1.0, "TP": 0.2} for node in ("CGN", "HTN", "DQN", "YAN")
}
INFLOW_EPISODE = {("HTN", "TP", "2021-01"): 0.310, ("HTN", "TP", "2021-02"): 0.295}

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
    "S1": ("WY2", 2200, "III", "延政路桥 Yanzheng road bridge", "2020: III (annex)"),
    "S2": ("CL1", 2800, "III", "成塘浜桥 Chengtangbang bridge", "2020: III (annex)"),
    "S3": ("CL2", 1600, "IV", "众恒大桥 Zhongheng bridge", "2020: IV (annex)"),
    "S4": ("CL2", 2800, "IV", "东置大桥 Dongzhi bridge", "2020: IV (annex)"),
    "S5": ("HT2", 2000, "IV", "东风桥 Dongfeng bridge", "2020: V (annex)"),
    "S6": ("YA4", 900, "IV", "鸣新东路桥 Mingxin east road bridge", "2020: worse than V (annex)"),
    "S7": ("WJ4", 1200, "III", "慈渎桥 Cidu bridge", "2020: III (annex)"),
    "S8": ("WN9", 2200, "IV", "虚构武南河末端断面 invented end of the Wunan", "2020: IV-V (annex)"),
}
TN_TARGET = {"III": 3.0, "IV": 4.0}  # [mg/L], assumed: GB 3838-2002 has no TN limit for rivers
SB_TARGET = 0.005  # [mg/L], GB 3838-2002 table 3, a drinking-water-source item


def table(columns: str, rows: list[tuple]) -> pd.DataFrame:
    """Frame whose headers carry the unit after a blank; ``_CNY`` has a blank before it, too."""
    names = [name.replace("[", " [").replace("_CNY", " CNY") for name in columns.split()]
    return pd.DataFrame(rows, columns=names)


def bed(reach: str) -> float:
    """Level [m] of a flat bed."""
    level = POLDER_LEVEL if reach[:2] in ("PA", "PB") else LEVEL
    return round(level - REACHES[reach][5], 2)


def network_tables() -> dict[str, pd.DataFrame]:
    """Reaches, nodes, polders, districts and periods."""
    inside = {letters: polder for polder, (letters, *_) in POLDERS.items()}
    reaches = [
        (reach, *row[:5], *2 * [bed(reach)], ROUGHNESS.get(reach, ROUGHNESS[reach[:2]]),
         inside.get(reach[:2]), row[7])
        for reach, row in REACHES.items()
    ]  # fmt: skip
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
            "polder outlet_reach pump_capacity[m3/s] from_node start_stage[m] stop_stage[m] name",
            [
                (polder, *row[1:4], PUMP_START, POLDER_LEVEL, row[4])
                for polder, row in POLDERS.items()
            ],
        ),
        "districts": table(
            "reach district land_area[km2]",
            [(r, row[6], round(LAND * row[2] / 1000, 2)) for r, row in REACHES.items()],
        ),
        "periods": table(
            "period days[d] start temperature[degC]",
            list(zip(PERIODS, DAYS, STARTS.strftime("%Y-%m-%d"), TEMPERATURE, strict=True)),
        ),
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
                owed = INFLOW_TARGET.get(node, {}).get(pollutant)
                inflow.append((node, pollutant, period, given, owed, "assumed", None))
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
        "inflow": table(
            "node pollutant period concentration[mg/L] target_concentration[mg/L] basis note",
            inflow,
        ),
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
