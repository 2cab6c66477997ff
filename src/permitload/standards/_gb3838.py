"""Limits of GB 3838-2002 (地表水环境质量标准), mg/L, as data.

Table 1 holds five classes; Tables 2 and 3 hold one limit each, for sources of drinking water.
pH is a range and water temperature a change, faecal coliform is a count: none is in mg/L.
"""

__all__ = [
    "BASIC",
    "CLASSES",
    "COLIFORM",
    "DRINKING",
    "EVIDENCE",
    "LAKE",
    "NAMES",
    "NOT_CONCENTRATIONS",
    "PH",
    "SUPPLEMENTARY",
    "TEMPERATURE",
    "WORSE",
]

EVIDENCE = "secondary"
"""All numbers here: two public sources keyed from the standard and memory agree; of Table 3 one
source gives all 80 items, a second the first 39."""

CLASSES = ("I", "II", "III", "IV", "V")
WORSE = "劣V"
"""Class of water that does not meet class V."""

BASIC = {
    "DO": (7.5, 6.0, 5.0, 3.0, 2.0),
    "CODMn": (2.0, 4.0, 6.0, 10.0, 15.0),
    "COD": (15.0, 15.0, 20.0, 30.0, 40.0),
    "BOD5": (3.0, 3.0, 4.0, 6.0, 10.0),
    "NH3-N": (0.15, 0.5, 1.0, 1.5, 2.0),
    "TP": (0.02, 0.1, 0.2, 0.3, 0.4),
    "Cu": (0.01, 1.0, 1.0, 1.0, 1.0),
    "Zn": (0.05, 1.0, 1.0, 2.0, 2.0),
    "F": (1.0, 1.0, 1.0, 1.5, 1.5),
    "Se": (0.01, 0.01, 0.01, 0.02, 0.02),
    "As": (0.05, 0.05, 0.05, 0.1, 0.1),
    "Hg": (0.00005, 0.00005, 0.0001, 0.001, 0.001),
    "Cd": (0.001, 0.005, 0.005, 0.005, 0.01),
    "Cr6": (0.01, 0.05, 0.05, 0.05, 0.1),
    "Pb": (0.01, 0.01, 0.05, 0.05, 0.1),
    "CN": (0.005, 0.05, 0.2, 0.2, 0.2),
    "phenol": (0.002, 0.002, 0.005, 0.01, 0.1),
    "oil": (0.05, 0.05, 0.05, 0.5, 1.0),
    "LAS": (0.2, 0.2, 0.2, 0.3, 0.3),
    "S2": (0.05, 0.1, 0.2, 0.5, 1.0),
}
"""Table 1, classes I to V, rivers; DO is a least, all others are a most. F as F, TP as P."""

LAKE = {
    "TP": (0.01, 0.025, 0.05, 0.1, 0.2),
    "TN": (0.2, 0.5, 1.0, 1.5, 2.0),
}
"""Table 1, items with limits of their own in lakes and reservoirs; a river has none for TN."""

SUPPLEMENTARY = {"SO4": 250.0, "Cl": 250.0, "NO3-N": 10.0, "Fe": 0.3, "Mn": 0.1}
"""Table 2."""

DRINKING = {
    "Sb": 0.005,
    "Ni": 0.02,
    "Tl": 0.0001,
    "Mo": 0.07,
    "Co": 1.0,
    "Be": 0.002,
    "B": 0.5,
    "Ba": 0.7,
    "V": 0.05,
    "Ti": 0.1,
    "chloroform": 0.06,
    "carbon tetrachloride": 0.002,
    "dichloromethane": 0.02,
    "1,2-dichloroethane": 0.03,
    "vinyl chloride": 0.005,
    "1,1-dichloroethylene": 0.03,
    "1,2-dichloroethylene": 0.05,
    "trichloroethylene": 0.07,
    "tetrachloroethylene": 0.04,
    "chloroprene": 0.002,
    "hexachlorobutadiene": 0.0006,
    "epichlorohydrin": 0.02,
    "benzene": 0.01,
    "toluene": 0.7,
    "ethylbenzene": 0.3,
    "xylenes": 0.5,
    "styrene": 0.02,
    "chlorobenzene": 0.3,
    "1,2-dichlorobenzene": 1.0,
    "1,4-dichlorobenzene": 0.3,
    "nitrobenzene": 0.017,
    "aniline": 0.1,
    "benzidine": 0.0002,
    "pentachlorophenol": 0.009,
    "acrylonitrile": 0.1,
    "pyridine": 0.2,
    "formaldehyde": 0.9,
    "hydrazine hydrate": 0.01,
    "bromoform": 0.1,
    "cumene": 0.25,
    "trichlorobenzenes": 0.02,
    "tetrachlorobenzenes": 0.02,
    "hexachlorobenzene": 0.05,
    "dinitrobenzenes": 0.5,
    "nitrochlorobenzenes": 0.05,
    "2,4-dinitrotoluene": 0.0003,
    "2,4-dichlorophenol": 0.093,
    "2,4,6-trichlorophenol": 0.2,
    "acrylamide": 0.0005,
    "DBP": 0.003,
    "DEHP": 0.008,
    "active chlorine": 0.01,
    "yellow phosphorus": 0.003,
    "benzo(a)pyrene": 2.8e-6,
    "PCBs": 2.0e-5,
    "methylmercury": 1.0e-6,
    "acetaldehyde": 0.05,
    "acrolein": 0.1,
    "chloral": 0.01,
    "2,4,6-trinitrotoluene": 0.5,
    "2,4-dinitrochlorobenzene": 0.5,
    "tetraethyllead": 0.0001,
    "turpentine": 0.2,
    "picric acid": 0.5,
    "butyl xanthate": 0.005,
    "DDT": 0.001,
    "lindane": 0.002,
    "heptachlor epoxide": 0.0002,
    "parathion": 0.003,
    "methyl parathion": 0.002,
    "malathion": 0.05,
    "dimethoate": 0.08,
    "dichlorvos": 0.05,
    "trichlorfon": 0.05,
    "demeton": 0.03,
    "chlorothalonil": 0.01,
    "carbaryl": 0.05,
    "deltamethrin": 0.02,
    "atrazine": 0.003,
    "microcystin-LR": 0.001,
}
"""Table 3, all 80 items."""

PH = (6.0, 9.0)
"""Table 1: range of pH in every class."""

TEMPERATURE = {"rise": 1.0, "fall": 2.0}
"""Table 1: most that man may change the weekly mean temperature in every class [degC]."""

COLIFORM = (200.0, 2000.0, 10000.0, 20000.0, 40000.0)
"""Table 1: faecal coliform, classes I to V [1/L]."""

NOT_CONCENTRATIONS = {
    "pH": "a range of 6 to 9",
    "T": "a rise of the weekly mean temperature",
    "FC": "a count of coliform in one litre",
}
"""Table 1, items that are no concentration in mg/L."""

NAMES = dict(
    line.split(" = ")
    for line in """\
T = 水温
pH = pH 值
DO = 溶解氧
CODMn = 高锰酸盐指数
COD = 化学需氧量
BOD5 = 五日生化需氧量
NH3-N = 氨氮
TP = 总磷
TN = 总氮
Cu = 铜
Zn = 锌
F = 氟化物
Se = 硒
As = 砷
Hg = 汞
Cd = 镉
Cr6 = 铬(六价)
Pb = 铅
CN = 氰化物
phenol = 挥发酚
oil = 石油类
LAS = 阴离子表面活性剂
S2 = 硫化物
FC = 粪大肠菌群
SO4 = 硫酸盐
Cl = 氯化物
NO3-N = 硝酸盐
Fe = 铁
Mn = 锰
Sb = 锑
Ni = 镍
Tl = 铊
Mo = 钼
Co = 钴
Be = 铍
B = 硼
Ba = 钡
V = 钒
Ti = 钛
chloroform = 三氯甲烷
carbon tetrachloride = 四氯化碳
bromoform = 三溴甲烷
dichloromethane = 二氯甲烷
1,2-dichloroethane = 1,2-二氯乙烷
epichlorohydrin = 环氧氯丙烷
vinyl chloride = 氯乙烯
1,1-dichloroethylene = 1,1-二氯乙烯
1,2-dichloroethylene = 1,2-二氯乙烯
trichloroethylene = 三氯乙烯
tetrachloroethylene = 四氯乙烯
chloroprene = 氯丁二烯
hexachlorobutadiene = 六氯丁二烯
styrene = 苯乙烯
formaldehyde = 甲醛
benzene = 苯
toluene = 甲苯
ethylbenzene = 乙苯
xylenes = 二甲苯
cumene = 异丙苯
chlorobenzene = 氯苯
1,2-dichlorobenzene = 1,2-二氯苯
1,4-dichlorobenzene = 1,4-二氯苯
trichlorobenzenes = 三氯苯
tetrachlorobenzenes = 四氯苯
hexachlorobenzene = 六氯苯
nitrobenzene = 硝基苯
dinitrobenzenes = 二硝基苯
2,4-dinitrotoluene = 2,4-二硝基甲苯
nitrochlorobenzenes = 硝基氯苯
2,4-dichlorophenol = 2,4-二氯苯酚
2,4,6-trichlorophenol = 2,4,6-三氯苯酚
pentachlorophenol = 五氯酚
aniline = 苯胺
benzidine = 联苯胺
acrylamide = 丙烯酰胺
acrylonitrile = 丙烯腈
DBP = 邻苯二甲酸二丁酯
DEHP = 邻苯二甲酸二(2-乙基己基)酯
hydrazine hydrate = 水合肼
pyridine = 吡啶
active chlorine = 活性氯
yellow phosphorus = 黄磷
benzo(a)pyrene = 苯并(a)芘
PCBs = 多氯联苯
methylmercury = 甲基汞
acetaldehyde = 乙醛
acrolein = 丙烯醛
chloral = 三氯乙醛
2,4,6-trinitrotoluene = 2,4,6-三硝基甲苯
2,4-dinitrochlorobenzene = 2,4-二硝基氯苯
tetraethyllead = 四乙基铅
turpentine = 松节油
picric acid = 苦味酸
butyl xanthate = 丁基黄原酸
DDT = 滴滴涕
lindane = 林丹
heptachlor epoxide = 环氧七氯
parathion = 对硫磷
methyl parathion = 甲基对硫磷
malathion = 马拉硫磷
dimethoate = 乐果
dichlorvos = 敌敌畏
trichlorfon = 敌百虫
demeton = 内吸磷
chlorothalonil = 百菌清
carbaryl = 甲萘威
deltamethrin = 溴氰菊酯
atrazine = 阿特拉津
microcystin-LR = 微囊藻毒素-LR""".splitlines()
)
"""Chinese term of every indicator of the standard that is here."""
