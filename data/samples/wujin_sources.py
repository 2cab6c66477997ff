"""Sources of the sample study ``wujin``: numbers, and the tables of them.

All enterprises and both works are invented. Two ratios come from a document ("annex": Jiangsu
pilot programme, annex 5, Wujin); emission limits are cited from memory and not checked.
"""

import numpy as np
import pandas as pd
from wujin_water import DAYS, PERIODS, REACHES, SEASON, table

# --- Works [m3/s, mg/L]. Acceptance: GB 4287-2012 table 2 indirect with the 2015 amendment
# (park), GB/T 31962-2015 grade B (municipal). Outlet: DB32/1072-2018, Taihu protection zones;
# Sb of the outlet assumed. All from memory, not checked ------------------------------------
WORKS = {
    "WK1": ("YA2", 900, 0.35, "虚构纺织园污水处理厂 invented textile park works"),
    "WK2": ("CL2", 500, 0.60, "虚构城镇污水处理厂 invented municipal works"),
}
ACCEPTANCE = {
    "WK1": {"COD": 500.0, "NH3-N": 20.0, "TN": 30.0, "TP": 1.5, "Sb": 0.10},
    "WK2": {"COD": 500.0, "NH3-N": 45.0, "TN": 70.0, "TP": 8.0},
}
WORKS_OUTLET = {"COD": 40.0, "NH3-N": 3.0, "TN": 10.0, "TP": 0.3, "Sb": 0.05}
WORKS_PRESENT = {"COD": 33.0, "NH3-N": 1.8, "TN": 8.5, "TP": 0.22, "Sb": 0.025}  # assumed
WORKS_PLANNED = {("WK1", "TN"): 6.0, ("WK1", "Sb"): 0.015}  # upgrade of the park works, invented

# --- Enterprises: sector, name, works or reach, position [m], wastewater [m3/s]; all invented
ENTERPRISES = {
    "E01": ("染整 dyeing", "虚构染整一厂", "WK1", 0, 0.055),
    "E02": ("染整 dyeing", "虚构染整二厂", "WK1", 0, 0.045),
    "E03": ("染整 dyeing", "虚构染整三厂", "WK1", 0, 0.040),
    "E04": ("染整 dyeing", "虚构染整四厂", "WK1", 0, 0.035),
    "E05": ("染整 dyeing", "虚构染整五厂", "WK1", 0, 0.030),
    "E06": ("染整 dyeing", "虚构染整六厂", "WK1", 0, 0.025),
    "E07": ("染整 dyeing", "虚构染整七厂", "WK1", 0, 0.020),
    "E08": ("染整 dyeing", "虚构染整八厂", "WK1", 0, 0.015),
    "E09": ("染整 dyeing", "虚构染整九厂", "HT1", 1200, 0.030),
    "E10": ("染整 dyeing", "虚构染整十厂", "YA1", 1600, 0.025),
    "E11": ("染整 dyeing", "虚构染整十一厂", "YA3", 800, 0.020),
    "E12": ("染整 dyeing", "虚构染整十二厂", "CL1", 1000, 0.030),
    "E13": ("染整 dyeing", "虚构染整十三厂", "WK1", 0, 0.012),
    "E14": ("染整 dyeing", "虚构染整十四厂", "DQ1", 1100, 0.015),
    "E15": ("电镀 plating", "虚构电镀一厂", "HT1", 2200, 0.015),
    "E16": ("电镀 plating", "虚构电镀二厂", "DQ2", 1500, 0.012),
    "E17": ("电镀 plating", "虚构电镀三厂", "CL2", 1100, 0.020),
    "E18": ("电镀 plating", "虚构电镀四厂", "WY2", 600, 0.015),
    "E19": ("电镀 plating", "虚构电镀五厂", "CG2", 1200, 0.010),
    "E20": ("电镀 plating", "虚构电镀六厂", "XL1", 1300, 0.012),
    "E21": ("食品 food", "虚构食品一厂", "HT2", 800, 0.020),
    "E22": ("食品 food", "虚构食品二厂", "CG1", 1500, 0.020),
    "E23": ("食品 food", "虚构食品三厂", "WN5", 700, 0.030),
    "E24": ("食品 food", "虚构食品四厂", "WK2", 0, 0.030),
    "E25": ("食品 food", "虚构食品五厂", "WJ1", 1500, 0.025),
    "E26": ("食品 food", "虚构食品六厂", "SC2", 2500, 0.015),
    "E27": ("食品 food", "虚构食品七厂", "EC1", 1200, 0.010),
    "E28": ("机械 machinery", "虚构机械一厂", "WK2", 0, 0.015),
    "E29": ("机械 machinery", "虚构机械二厂", "WK2", 0, 0.020),
    "E30": ("机械 machinery", "虚构机械三厂", "CL1", 1900, 0.010),
    "E31": ("机械 machinery", "虚构机械四厂", "WY2", 1400, 0.012),
    "E32": ("机械 machinery", "虚构机械五厂", "WK2", 0, 0.012),
    "E33": ("机械 machinery", "虚构机械六厂", "XL2", 1400, 0.010),
    "E34": ("机械 machinery", "虚构机械七厂", "SL1", 2200, 0.010),
}
# Concentration of direct dischargers [mg/L] and permit over statistics, invented, except the
# annex's ratios for electroplating in Wujin: TN 7.3, TP 1.7
DIRECT = {
    "染整 dyeing": {"COD": 48.0, "NH3-N": 3.2, "TN": 9.5, "TP": 0.35, "Sb": 0.035},
    "电镀 plating": {"COD": 42.0, "NH3-N": 4.0, "TN": 6.0, "TP": 0.50},
    "食品 food": {"COD": 58.0, "NH3-N": 5.0, "TN": 13.0, "TP": 0.55},
    "机械 machinery": {"COD": 45.0, "NH3-N": 3.5, "TN": 9.0, "TP": 0.35},
}
PERMIT_RATIO = {
    "染整 dyeing": {"COD": 1.25, "NH3-N": 1.5, "TN": 1.4, "TP": 1.4, "Sb": 1.8},
    "电镀 plating": {"COD": 1.6, "NH3-N": 2.0, "TN": 7.3, "TP": 1.7},
    "食品 food": {"COD": 1.4, "NH3-N": 1.6, "TN": 1.5, "TP": 1.5},
    "机械 machinery": {"COD": 1.6, "NH3-N": 1.8, "TN": 1.6, "TP": 1.4},
}
PERMIT_NOTE = {
    ("电镀 plating", "TN"): "ceiling over load of the year: 7.3 (annex)",
    ("电镀 plating", "TP"): "ceiling over load of the year: 1.7 (annex)",
}
PRODUCTION = {  # by month, scaled to a mean of 1: Spring Festival in February, invented
    "染整 dyeing": [0.95, 0.60, 1.0, 1.05, 1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.1, 1.05],
    "电镀 plating": [1.0, 0.70, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.05, 1.05, 1.05, 1.05],
    "食品 food": [1.15, 0.90, 0.90, 0.90, 0.95, 1.0, 1.05, 1.05, 1.1, 1.0, 0.95, 1.05],
    "机械 machinery": [1.0, 0.70, 1.0, 1.05, 1.05, 1.0, 1.0, 1.0, 1.05, 1.05, 1.05, 1.0],
}

# --- Total of the park [t/a]: the least of allowable emission and current permits; and permits in
# force of some enterprises, as a multiple of the mean load; all invented -------------------------
PARK = "PARK-WK1"
PARK_TOTALS = {"COD": (300.0, 330.0)}
PRESENT_PERMIT = {("E12", "COD"): 1.10, ("E12", "TP"): 1.15}

# --- Treatment that some enterprises could build: share taken off, capital [10^4 CNY], operation
# [10^4 CNY/a] of one of size 1; and what all may take off by operation in a bad month (more
# chemicals, water held back) [10^4 CNY/t]; all invented ------------------------------------------
OPTIONS = {
    "filter": ({"COD": 0.15, "NH3-N": 0.10, "TN": 0.15, "TP": 0.50, "Sb": 0.40}, 20.0, 2.0),
    "membrane": ({"COD": 0.50, "NH3-N": 0.60, "TN": 0.50, "TP": 0.80, "Sb": 0.70}, 90.0, 14.0),
}
OPTION_SIZE = {"E01": 1.0, "E02": 0.9, "E09": 0.7, "E11": 0.5, "E21": 0.5}
LIFETIME, INTEREST = 15, 0.05
OPERATION = {"COD": 2.0, "NH3-N": 20.0, "TN": 12.0, "TP": 150.0, "Sb": 4000.0}

# --- Domestic: town behind the municipal works [m3/s], invented ------------------------------
TOWN_WASTEWATER = 0.42
TOWN_FLOOR_SHARE = 0.5

# --- Sources spread along reaches: class, what it is, what its amounts count, course over the
# months, {reach: amount}, load that reaches the river [kg/a] per unit of the amount. Amounts
# invented; unit loads and shares that arrive are guide values from memory, not checked --------
YEAR = 365.0
EVEN = np.ones(12)
RAIN = 0.2 + SEASON
PONDS = np.array([1.8, 0.5, 0.3, 0.4, 0.6, 0.8, 0.9, 0.9, 0.8, 1.2, 1.5, 2.3])  # drained to fish
SPREAD = {
    "D": (
        "domestic", "散排生活源 without sewer", "people", EVEN,
        {"HT1": 8000, "DQ1": 3000, "YA1": 5000, "CG1": 4000, "XL1": 4000, "WN7": 3000, "LJ1": 4000,
         "SC2": 3000, "PA1": 1500, "PB1": 1500},
        # 40, 4, 5 and 0.44 g a day, of which 40 % arrive
        {p: unit * YEAR / 1000 * 0.4
         for p, unit in {"COD": 40.0, "NH3-N": 4.0, "TN": 5.0, "TP": 0.44}.items()},
    ),
    "F": (
        "farm", "农田 fields", "ha", RAIN,
        {"WN2": 500, "WN7": 400, "WN8": 400, "LJ1": 500, "CG1": 300, "YA1": 350, "XL1": 500,
         "SC1": 600, "SC2": 600, "PA1": 300, "PA2": 300, "PB1": 250, "PB2": 250},
        # edge of the field, of which 20 % arrive
        {p: unit * 0.2 for p, unit in {"COD": 150.0, "NH3-N": 8.0, "TN": 30.0, "TP": 1.2}.items()},
    ),
    "P": (
        "farm", "鱼塘 fish ponds", "ha", PONDS,
        {"WN1": 150, "SC3": 60, "PA2": 15, "PB2": 15},
        {"COD": 200.0, "NH3-N": 10.0, "TN": 40.0, "TP": 5.0},
    ),
    "U": (
        "other", "城市径流 urban runoff", "ha", RAIN,
        {"HT1": 180, "DQ1": 120, "YA1": 150, "NC2": 60, "NC3": 60, "WN4": 150, "EC1": 120},
        # from paved ground, of which 50 % arrive
        {p: unit * 0.5 for p, unit in {"COD": 350.0, "NH3-N": 7.0, "TN": 16.0, "TP": 1.4}.items()},
    ),
}  # fmt: skip


def source_rows() -> list[tuple]:
    """Source, class, sector, enterprise, outlet, works, wastewater [m3/s], name."""
    rows = []
    for label, (sector, name, place, _, water) in ENTERPRISES.items():
        works = place in WORKS
        where = (None, place, water) if works else (f"O-{label}", None, 0)
        rows.append((f"{label}-1", "industry", sector, label, *where, name))
    town = "虚构城镇生活污水 invented town"
    rows.append(("D-WK2", "domestic", None, None, None, "WK2", TOWN_WASTEWATER, town))
    for kind, (source_class, what, unit, _, amounts, _) in SPREAD.items():
        for reach, amount in amounts.items():
            name, outlet = f"虚构{what}, invented: {amount} {unit}", f"O-{kind}-{reach}"
            rows.append((f"{kind}-{reach}", source_class, None, None, outlet, None, 0, name))
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
    for kind, (_, what, _, _, amounts, _) in SPREAD.items():
        rows += [
            (f"O-{kind}-{reach}", reach, None, 0, REACHES[reach][2], 0, what, None)
            for reach in amounts
        ]
    return rows


def load_rows() -> list[tuple]:
    """Present load, floor and ceiling [kg/d] of every source."""
    return [*_enterprise_loads(), *_town_loads(), *_spread_loads()]


def _enterprise_loads() -> list[tuple]:
    """Give the loads of enterprises, at the outlet of their works where they have one."""
    rows = []
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
    return rows


def option_rows() -> list[tuple]:
    """Share taken off, and what it costs, of every option and pollutant."""
    return [
        (f"{label}-1", option, pollutant, removal[pollutant], round(size * capital, 1),
         round(size * operating, 2), LIFETIME, INTEREST, "assumed", "invented 虚构")
        for label, size in OPTION_SIZE.items()
        for option, (removal, capital, operating) in OPTIONS.items()
        for pollutant in DIRECT[ENTERPRISES[label][0]]
    ]  # fmt: skip


def reduction_rows() -> list[tuple]:
    """Give every enterprise all of its greatest load to take off by operation, at a high price."""
    most: dict[tuple, float] = {}
    for source, pollutant, _, load, *_ in _enterprise_loads():
        most[source, pollutant] = max(load, most.get((source, pollutant), 0.0))
    return [
        (*key, 1, load, OPERATION[key[1]], "assumed", "invented 虚构") for key, load in most.items()
    ]


def _town_loads() -> list[tuple]:
    """Give the loads of the town at the outlet of the municipal works, all year the same."""
    rows = []
    for pollutant in ACCEPTANCE["WK2"]:
        load, most = (
            round(86.4 * TOWN_WASTEWATER * mean[pollutant], 5)
            for mean in (WORKS_PRESENT, WORKS_OUTLET)
        )
        least = round(TOWN_FLOOR_SHARE * load, 5)
        rows.append(("D-WK2", pollutant, None, load, least, most, "assumed", None))
    return rows


def _spread_loads() -> list[tuple]:
    """Give the loads that enter along a reach, by month."""
    rows = []
    for kind, (_, _, _, months, amounts, export) in SPREAD.items():
        parts = months / (months * DAYS).sum()
        for reach, amount in amounts.items():
            for pollutant, unit in export.items():
                for period, part in zip(PERIODS, parts, strict=True):
                    load = round(amount * unit * part, 5)
                    label = f"{kind}-{reach}"
                    rows.append((label, pollutant, period, load, 0, None, "assumed", None))
    return rows


def _group_rows() -> tuple[list[tuple], list[tuple]]:
    """Members of the park, and its totals of the year."""
    members = [
        (PARK, f"{e}-1", "invented 虚构") for e, row in ENTERPRISES.items() if row[2] == "WK1"
    ]
    note = "invented 虚构"
    totals = [
        (PARK, p, None, None, None, None, allowed, permits, "assumed", note)
        for p, (allowed, permits) in PARK_TOTALS.items()
    ]
    return members, totals


def _permit_rows() -> list[tuple]:
    """Permits in force of some enterprises that discharge themselves [t/a]."""
    rows = []
    for (label, pollutant), ratio in PRESENT_PERMIT.items():
        sector, _, _, _, water = ENTERPRISES[label]
        permit = round(ratio * 86.4 * water * DIRECT[sector][pollutant] * YEAR / 1000, 3)
        source = f"{label}-1"
        rows.append(
            (source, pollutant, None, "present_permit", None, permit, "assumed", "invented 虚构")
        )
    return rows


def source_tables() -> dict[str, pd.DataFrame]:
    """Enterprises, works, outlets, sources and their loads."""
    law = "outlet DB32/1072-2018, from memory, unverified"
    works = [
        (w, f"O-{w}", p, row[2], most, WORKS_OUTLET[p], WORKS_PLANNED.get((w, p)),
         *_works_basis(p, law, row[3]))
        for w, row in WORKS.items()
        for p, most in ACCEPTANCE[w].items()
    ]  # fmt: skip
    members, totals = _group_rows()
    return {
        "groups": table("group source note", members),
        "group_limits": table(
            "group pollutant period group_limit[kg/d] annual_total[t/a] capacity_share[t/a] "
            "allowable_emission[t/a] current_permit[t/a] basis note",
            totals,
        ),
        "source_bounds": table(
            "source pollutant period component floor[t/a] ceiling[t/a] basis note", _permit_rows()
        ),
        "outlets": table(
            "outlet reach node position[m] position_to[m] effluent_flow[m3/s] name note",
            outlet_rows(),
        ),
        "works": table(
            "works outlet pollutant design_flow[m3/s] acceptance_concentration[mg/L] "
            "outlet_concentration[mg/L] planned_concentration[mg/L] basis name note",
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
        "options": table(
            "source option pollutant removal capital[10^4_CNY] operating[10^4_CNY/a] "
            "lifetime[a] interest[1/a] basis note",
            option_rows(),
        ),
        "reductions": table(
            "source pollutant increment reduction[kg/d] marginal_cost[10^4_CNY/t] basis note",
            reduction_rows(),
        ),
        "enterprises": table(
            "enterprise sector name note",
            [(e, row[0], row[1], "invented 虚构") for e, row in ENTERPRISES.items()],
        ),
    }


def _works_basis(pollutant: str, law: str, name: str) -> tuple[str, str, str]:
    """Basis, name and note of one row of the works table."""
    if pollutant == "Sb":
        return "assumed", name, "outlet assumed; acceptance GB 4287-2012 amendment 2015"
    return "statutory", name, law
