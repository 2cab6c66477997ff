"""Write the tables of the sample study ``changshu-hitech``; the same bytes at every run.

From a document ("annex": Jiangsu pilot programme, annex 7, Changshu) come the two sub-parks, the
rivers that their works discharge into, the polders and the farm land, and names of sections. All
figures are invented; ``changshu-hitech/README.md`` says so line by line.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from changshu_common import (
    DAYS,
    INVENTED,
    PERIODS,
    SEASON,
    STARTS,
    flow_tables,
    flows,
    inflow_table,
    network_tables,
    study_text,
    table,
    write,
)

FOLDER = Path(__file__).parent / "changshu-hitech"
POLLUTANTS = ["COD", "NH3-N", "TN", "TP"]
CHOICES = """\
[conversion]
plan = "cheapest"
compound = "product"
basis = "assumed"

[alternatives.reuse]
title = "East park reuses 40 % of its effluent"
title_zh = "东园区中水回用 40 %"

[alternatives.farm_measures]
title = "Less fertiliser, manure collected"
title_zh = "农田减肥与畜禽粪污收集"
"""

# --- Rivers: Baimaotang (白茆塘) and Xibei canal (锡北运河) from the annex; the rest invented
NODES = {
    "K0": (0, 0, "白茆塘起点 head of the Baimaotang"), "K1": (3900, 500, ""),
    "K2": (8600, 1500, ""), "K3": (14200, 3300, ""), "K4": (18500, 5600, "白茆塘末端 end"),
    "X0": (-14500, -1500, "锡北运河上游 Xibei canal, head"), "X1": (-9700, -2400, ""),
    "X2": (-5000, -3100, ""), "X3": (500, -4600, "锡北运河下游 Xibei canal, end"),
    "M": (700, -2400, "虚构汊口 invented fork"), "T0": (1600, -5600, "虚构支河 invented brook"),
    "PA0": (-9300, -1300, "虚构尚湖圩泵站 invented Shanghu polder, pumps"),
    "PB0": (8300, 2700, "虚构白茆圩泵站 invented Baimao polder, pumps"),
}  # fmt: skip
REACHES = {  # from, to, length [m], bottom width [m], bank slope, winter depth [m], name
    "BM1": ("K0", "K1", 4000, 26.0, 2.0, 1.8, "白茆塘1 Baimaotang"),
    "BM2": ("K1", "K2", 5000, 28.0, 2.0, 1.9, "白茆塘2 Baimaotang"),
    "BM3": ("K2", "K3", 6000, 30.0, 2.0, 2.0, "白茆塘3 Baimaotang"),
    "BM4": ("K3", "K4", 5000, 34.0, 2.0, 2.0, "白茆塘4 Baimaotang"),
    "XB1": ("X0", "X1", 5000, 24.0, 2.0, 1.8, "锡北运河1 Xibei canal"),
    "XB2": ("X1", "X2", 5000, 24.0, 2.0, 1.8, "锡北运河2 Xibei canal"),
    "XB3": ("X2", "X3", 6000, 22.0, 2.0, 1.7, "锡北运河3 Xibei canal"),
    "LC1": ("X2", "M", 5800, 7.0, 1.5, 1.2, "虚构连通河1 invented link"),
    "LC2": ("M", "K1", 4400, 9.0, 1.5, 1.3, "虚构连通河2 invented link"),
    "LC3": ("X3", "M", 2300, 6.0, 1.5, 1.2, "虚构连通河3 invented link"),
    "TR1": ("T0", "M", 3400, 5.0, 1.5, 1.0, "虚构支河 invented brook"),
    "PA1": ("PA0", "X1", 1200, 4.0, 1.5, 1.0, "虚构尚湖圩引河 invented outfall channel"),
    "PB1": ("PB0", "K2", 1300, 4.0, 1.5, 1.0, "虚构白茆圩引河 invented outfall channel"),
}
CHOSEN = {  # flow of January and July [m3/s], invented; the others follow from continuity
    "BM1": (5.0, 12.0), "XB1": (6.5, 15.0), "LC1": (1.1, 2.6), "LC3": (0.7, 1.8),
    "TR1": (0.5, 1.2), "PA1": (0.06, 0.24), "PB1": (0.05, 0.26),
}  # fmt: skip
DERIVED = [("X1", "XB2"), ("X2", "XB3"), ("M", "LC2"), ("K1", "BM2"), ("K2", "BM3"), ("K3", "BM4")]
# What comes in [mg/L] in POLLUTANTS order, invented; that of the polders is in their loads
INFLOW = {
    "K0": (14.5, 0.35, 1.7, 0.140), "X0": (17.3, 0.50, 2.3, 0.1535), "T0": (21.5, 0.80, 2.6, 0.229),
    "PA0": (0.0, 0.0, 0.0, 0.0), "PB0": (0.0, 0.0, 0.0, 0.0),
}  # fmt: skip
WINTER_SHARE = {"COD": 0.03, "NH3-N": 0.25, "TN": 0.12, "TP": -0.10}  # TP is worst in summer
KINETICS = {"COD": (0.12, 1.047), "NH3-N": (0.10, 1.08), "TN": (0.05, 1.047), "TP": (0.06, 1.047)}
# Names from the annex, which says what exceeded in 2020; reach, position and class assumed
SECTIONS = {
    "S1": ("BM2", 4200, "江枫桥 Jiangfeng bridge", "annex: TP exceeded in some months of 2020"),
    "S2": ("BM4", 4400, "白茆口 Baimaokou", "annex: DO exceeded in some months of 2020"),
    "S3": ("XB2", 4300, "官塘 Guantang", "annex: NH3-N exceeded once, July 2020"),
    "S4": ("XB3", 5200, "北桥大桥 Beiqiao bridge", "annex: COD exceeded in a month of 2020"),
    "S5": ("LC2", 3600, "沈家市 Shenjiashi", "annex: TP, COD exceeded in some months of 2020"),
}
TN_TARGET = 3.0  # [mg/L], assumed: GB 3838-2002 has no TN limit for rivers

# --- Works: reach, position, design [m3/s], name; two of the east park, one of the Shanghu park
WORKS = {
    "WK1": ("BM1", 2600, 0.20, "东园区处理厂一 east park, works 1"),
    "WK2": ("BM1", 3400, 0.45, "东园区处理厂二 east park, works 2"),
    "WK3": ("XB2", 1800, 0.32, "尚湖园区处理厂 Shanghu park, works"),
}
ACCEPTANCE = {"COD": 500.0, "NH3-N": 45.0, "TN": 70.0, "TP": 8.0}
OUTLET = {"COD": 40.0, "NH3-N": 3.0, "TN": 10.0, "TP": 0.3}
PRESENT = {"COD": 31.0, "NH3-N": 1.9, "TN": 8.6, "TP": 0.24}  # of the outlets, invented
ENTERPRISES = {  # sector, works, wastewater [m3/s]; all invented
    "E01": ("汽车零部件 auto parts", "WK1", 0.034), "E02": ("汽车零部件 auto parts", "WK1", 0.021),
    "E03": ("装备制造 machinery", "WK1", 0.018), "E04": ("电子信息 electronics", "WK1", 0.046),
    "E05": ("电子信息 electronics", "WK1", 0.029), "E06": ("汽车零部件 auto parts", "WK2", 0.027),
    "E07": ("装备制造 machinery", "WK2", 0.016), "E08": ("电子信息 electronics", "WK2", 0.038),
    "E09": ("金属制品 metal products", "WK3", 0.024), "E10": ("纺织服装 textiles", "WK3", 0.062),
    "E11": ("纺织服装 textiles", "WK3", 0.041), "E12": ("轻工电子 light industry", "WK3", 0.019),
    "E13": ("汽车零部件 auto parts", "WK3", 0.014),
}  # fmt: skip
TOWNS = {"WK2": 0.26, "WK3": 0.09}  # domestic wastewater [m3/s], invented
RECORDED = {"COD": (290.0, 33.0), "NH3-N": (31.0, 1.7), "TN": (42.0, 8.9), "TP": (4.1, 0.25)}
REUSED = ("WK1", 0.4)

# --- Other sources: class, activity, extent, unit, reach (and polder), stated basis --------------
# unit loads [kg/a], treated and into-river shares are guide values from memory, not checked
ACTIVITIES = {
    "rice": ("farm", "edge_of_field", 0.2, 0.40,
             {"COD": 150.0, "NH3-N": 8.0, "TN": 30.0, "TP": 1.5}, 0.0),
    "ponds": ("farm", "into_water", None, 0.50,
              {"COD": 200.0, "NH3-N": 10.0, "TN": 40.0, "TP": 5.0}, 0.0),
    "pigs": ("farm", "edge_of_field", 0.3, 0.35,
             {"COD": 26.6, "NH3-N": 2.1, "TN": 4.5, "TP": 1.7}, 0.80),
    "persons": ("domestic", "edge_of_field", 0.4, 0.25,
                {"COD": 14.6, "NH3-N": 1.46, "TN": 1.83, "TP": 0.16}, 0.3),
}  # fmt: skip
UNITS = {"rice": "ha", "ponds": "ha", "pigs": "head", "persons": "person"}
PLACES = {  # source: reach, polder, {activity: extent}; all invented
    "F-XB1": ("XB1", "", {"rice": 620.0, "pigs": 2400.0}),
    "F-XB3": ("XB3", "", {"rice": 540.0, "ponds": 40.0}),
    "F-BM3": ("BM3", "", {"rice": 480.0, "ponds": 25.0}),
    "F-PB": ("PB1", "PD2", {"rice": 300.0, "ponds": 18.0}),
    "D-TR1": ("TR1", "", {"persons": 6500.0}),
    "D-XB1": ("XB1", "", {"persons": 5200.0}),
    "D-BM4": ("BM4", "", {"persons": 4000.0}),
}
MONTHS = {  # course of the loads, invented
    "rice": 0.2 + SEASON,
    "ponds": np.array([1.8, 0.5, 0.3, 0.4, 0.6, 0.8, 0.9, 0.9, 0.8, 1.2, 1.5, 2.3]),
    "pigs": np.asarray(DAYS, dtype=float),
    "persons": np.asarray(DAYS, dtype=float),
}
DITCHES = ("PD2", 110000.0, 12000.0, {"COD": 0.08, "NH3-N": 0.08, "TN": 0.06, "TP": 0.06})
PUMPED = {"COD": 27.0, "NH3-N": 1.1, "TN": 3.3, "TP": 0.30}  # polder PD1 [mg/L], invented
PADDY = ("F-LC1", "LC1", 2.4, 70.0, {"COD": 22.0, "NH3-N": 1.0, "TN": 3.6, "TP": 0.22})
PAVED = ("U-BM1", "BM1", 3.1, 92.0, {"COD": 60.0, "NH3-N": 1.2, "TN": 4.0, "TP": 0.28})
RAIN = [55, 60, 85, 75, 95, 210, 165, 180, 110, 60, 55, 35]  # [mm] of the months, invented
SELLERS = [  # outlet, variation, uncertainty ratio, available [kg/d], cost [10^4 CNY/t]
    ("T-WK3", "O-WK3", 0.1, 1.2, 20.0, 3.0, "deeper denitrification of the town's share"),
    ("F-XB1", "O-F-XB1", 0.3, 1.69, 3.5, 0.8, "ecological ditches"),
    ("F-XB3", "O-F-XB3", 0.3, 1.69, 3.0, 0.8, "ecological ditches"),
    ("D-XB1", "O-D-XB1", 0.2, 1.4, 2.0, 4.0, "village sewage collected"),
]
BUYERS = [("E10-1", 53.5, 12.0), ("E11-1", 35.4, 9.0)]  # wanted [kg/d], cost of a cut [10^4 CNY/t]
MEASURES = {"rice": ("unit_load [kg/a]", 0.75), "pigs": ("treated", 0.95)}


def weather() -> pd.DataFrame:
    """Rain, irrigation, evaporation and seepage by day: three days in ten are wet, invented."""
    days = pd.date_range("2020-12-20", "2021-12-31")
    n = np.arange(len(days))
    weight = np.where((37 * n) % 100 < 30, (61 * n) % 17 + 1.0, 0.0)
    month = (days.month - 1).to_numpy()
    share = weight / pd.Series(weight).groupby([days.year, days.month]).transform("sum").to_numpy()
    rain = np.round(share * np.array(RAIN)[month], 1)
    summer = (days.month >= 6) & (days.month <= 9)
    dry = np.where(summer & (rain == 0.0), 9.0, 0.0)
    rows = zip(days.strftime("%Y-%m-%d"), rain, dry, np.round(1.0 + 4.0 * SEASON[month], 1),
               np.where(summer, 3.0, 1.0), strict=True)  # fmt: skip
    return table("date rain[mm/d] irrigation[mm/d] evaporation[mm/d] seepage[mm/d]", list(rows))


def month_shares() -> pd.DataFrame:
    """Shares of the year that sum to 1 as they are written."""
    rows = []
    for name, course in MONTHS.items():
        shares = np.round(course / course.sum(), 6)
        shares[-1] = round(1.0 - shares[:-1].sum(), 6)
        rows += [(name, p, share, INVENTED) for p, share in zip(PERIODS, shares, strict=True)]
    return table("activity period month_share note", rows)


def activities() -> pd.DataFrame:
    """Activities of every place, by pollutant."""
    rows = []
    for source, (_, polder, extents) in PLACES.items():
        for name, extent in extents.items():
            _, stated, arrives, variation, unit_loads, treated = ACTIVITIES[name]
            share = None if polder or arrives is None else arrives
            rows += [
                (source, name, p, extent, UNITS[name], load, treated,
                 "edge_of_field" if polder else stated, share, variation, polder, "assumed",
                 "guide value from memory, unverified")
                for p, load in unit_loads.items()
            ]  # fmt: skip
    return table(
        "source activity pollutant extent activity_unit unit_load[kg/a] treated stated_at "
        "into_river variation polder basis note",
        rows,
    )


def pumping(litres: np.ndarray) -> pd.DataFrame:
    """Three events a month that pump the flow of the outfall channel [l/s], whole m3 each."""
    rows = []
    for i, start in enumerate(STARTS):
        volume = round(litres[i] * 86.4 * DAYS[i])
        parts = [volume // 3, volume // 3, volume - 2 * (volume // 3)]
        for day, part in zip((8, 18, 28), parts, strict=True):
            rows += [
                ("PD1", f"{start:%Y-%m}-{day:02d}", p, part,
                 round(mean * (1.0 + 0.15 * SEASON[i] + 0.01 * (day - 18)), 3), "F-PA", INVENTED)
                for p, mean in PUMPED.items()
            ]  # fmt: skip
    return table("polder date pollutant pumped_volume[m3] concentration[mg/L] source note", rows)


def place_rows() -> tuple[list[tuple], list[tuple]]:
    """List sources and outlets of all that is no enterprise, each spread along its reach."""
    places = {source: (reach, INVENTED) for source, (reach, _, _) in PLACES.items()}
    places |= {"F-PA": ("PA1", "measured at the pumps of PD1 (invented)"),
               PADDY[0]: (PADDY[1], INVENTED), PAVED[0]: (PAVED[1], INVENTED)}  # fmt: skip
    kinds = {"F": "farm", "D": "domestic", "U": "other"}
    sources = [
        (source, kinds[source[0]], None, None, f"O-{source}", None, 0, "虚构 invented", note)
        for source, (_, note) in places.items()
    ]
    outlets = [
        (f"O-{source}", reach, 0, REACHES[reach][2], 0, None)
        for source, (reach, _) in places.items()
    ]
    return sources, outlets


def works_rows(reused: float = 0.0) -> dict[str, list[tuple]]:
    """List sources behind works, their loads and the outlets; one works takes a share back."""
    rows: dict[str, list[tuple]] = {"sources": [], "source_loads": [], "outlets": []}
    members = {name: (sector, works, water) for name, (sector, works, water) in ENTERPRISES.items()}
    members |= {f"T-{works}": ("", works, water) for works, water in TOWNS.items()}
    for name, (sector, works, water) in members.items():
        town = name.startswith("T-")
        water = round(water * (1.0 - reused * (works == REUSED[0])), 6)
        source = name if town else f"{name}-1"
        rows["sources"].append(
            (source, "domestic" if town else "industry", sector or None, None if town else name,
             None, works, water, "虚构城镇 invented town" if town else f"虚构企业{name}", INVENTED)
        )  # fmt: skip
        rows["source_loads"] += [
            (source, p, None, round(86.4 * water * PRESENT[p], 5), 0, None, "assumed")
            for p in POLLUTANTS
        ]
    for works, (reach, position, _, name) in WORKS.items():
        total = round(sum(row[6] for row in rows["sources"] if row[5] == works), 6)
        rows["outlets"].append((f"O-{works}", reach, position, None, total, name))
    return rows


def works_days() -> pd.DataFrame:
    """List records of the Shanghu works, one day a month, invented."""
    park = sum(water for _, works, water in ENTERPRISES.values() if works == "WK3")
    water = round(86400 * (park + TOWNS["WK3"]), 1)
    rows = [
        ("WK3", f"{start:%Y-%m}-15", p, water, came, water,
         round(out * (1.0 + 0.1 * np.cos(2 * np.pi * i / 12)), 3), 0, INVENTED)
        for i, start in enumerate(STARTS)
        for p, (came, out) in RECORDED.items()
    ]  # fmt: skip
    return table(
        "works date pollutant inlet_volume[m3/d] inlet_concentration[mg/L] "
        "effluent_volume[m3/d] outlet_concentration[mg/L] bypass_volume[m3/d] note",
        rows,
    )


OUTLETS = "outlet reach position[m] position_to[m] effluent_flow[m3/s] name"
SOURCES = "source source_class sector enterprise outlet works wastewater_flow[m3/s] name note"
LOADS = "source pollutant period source_load[kg/d] floor[kg/d] ceiling[kg/d] basis"


def source_tables(litres: dict[str, np.ndarray]) -> dict[str, pd.DataFrame]:
    """Enterprises, works, outlets, sources, and what loads follow from."""
    behind, (sources, outlets) = works_rows(), place_rows()
    law = "outlet DB32/1072-2018, acceptance GB/T 31962-2015, from memory, unverified"
    areas = {"paddies": PADDY, "lands": PAVED}
    shape = {"paddies": "greatest_ponded[mm]", "lands": "curve_number"}
    return {
        "outlets": table(OUTLETS, [*behind["outlets"], *outlets]),
        "sources": table(SOURCES, [*behind["sources"], *sources]),
        "source_loads": table(LOADS, behind["source_loads"]),
        "works": table(
            "works outlet pollutant design_flow[m3/s] acceptance_concentration[mg/L] "
            "outlet_concentration[mg/L] basis name note",
            [(w, f"O-{w}", p, row[2], ACCEPTANCE[p], OUTLET[p], "statutory", row[3], law)
             for w, row in WORKS.items() for p in POLLUTANTS],
        ),
        "enterprises": table(
            "enterprise sector name note",
            [(e, row[0], f"虚构企业{e}", INVENTED) for e, row in ENTERPRISES.items()],
        ),
        "activities": activities(),
        "month_shares": month_shares(),
        "ditches": table(
            "polder pollutant ditch_volume[m3] drained_flow[m3/d] ditch_decay[1/d] basis note",
            [(DITCHES[0], p, *DITCHES[1:3], k, "assumed", INVENTED)
             for p, k in DITCHES[3].items()],
        ),
        "pumping": pumping(litres["PA1"]),
        "polders": table(
            "polder outlet_reach pump_capacity[m3/s] name",
            [("PD1", "PA1", 2.0, "虚构尚湖圩 invented"),
             ("PD2", "PB1", 2.0, "虚构白茆圩 invented")],
        ),
        **{
            kind: table(
                f"source pollutant land_area[km2] {shape[kind]} event_concentration[mg/L] "
                "basis note",
                [(source, p, area, number, mean, "assumed", INVENTED) for p, mean in means.items()],
            )
            for kind, (source, _, area, number, means) in areas.items()
        },
        "weather": weather(),
        "works_days": works_days(),
    }  # fmt: skip


def water_tables() -> dict[str, pd.DataFrame]:
    """Inflow, rates, sections and targets."""
    inflow = {node: dict(zip(POLLUTANTS, row, strict=True)) for node, row in INFLOW.items()}
    return {
        "inflow": inflow_table(inflow, WINTER_SHARE),
        "kinetics": table(
            "pollutant decay[1/d] temperature_factor basis note",
            [(p, *row, "assumed", "usual value, unverified") for p, row in KINETICS.items()],
        ),
        "sections": table(
            "section reach position[m] water_type water_class name note",
            [(s, reach, at, "river", "III", name, note)
             for s, (reach, at, name, note) in SECTIONS.items()],
        ),
        "standards": table(
            "section indicator limit[mg/L] basis note",
            [(s, "TN", TN_TARGET, "assumed", "no river limit in GB 3838-2002") for s in SECTIONS],
        ),
    }  # fmt: skip


def trades() -> dict[str, pd.DataFrame]:
    """Who could take off nitrogen, and who asks for what the works' law would give it."""
    named = {"marginal_cost": "marginal_cost [10^4 CNY/t]"}
    found = {
        "sellers": table(
            "seller outlet pollutant variation uncertainty_ratio available[kg/d] "
            "marginal_cost basis note",
            [(seller, outlet, "TN", *numbers, "assumed", f"{words}, {INVENTED}")
             for seller, outlet, *numbers, words in SELLERS],
        ),
        "buyers": table(
            "buyer outlet pollutant wanted_load[kg/d] marginal_cost replacement basis note",
            [(buyer, "O-WK3", "TN", wanted, cost, 1.1, "assumed", INVENTED)
             for buyer, wanted, cost in BUYERS],
        ),
    }  # fmt: skip
    return {name: rows.rename(columns=named) for name, rows in found.items()}


def alternatives() -> dict[str, dict[str, pd.DataFrame]]:
    """Rows that differ: water and load that the east park takes back; measures on farm land."""
    again, now = works_rows(REUSED[1]), works_rows()
    reuse = {
        name: table(columns, [row for row in again[name] if row not in now[name]])
        for name, columns in (("sources", SOURCES), ("source_loads", LOADS), ("outlets", OUTLETS))
    }
    acts = activities()
    parts = []
    for name, (column, value) in MEASURES.items():
        mine = acts[acts["activity"] == name]
        less = mine[column] * value if column != "treated" else value
        parts.append(mine.assign(**{column: less}))
    return {"reuse": reuse, "farm_measures": {"activities": pd.concat(parts)}}


def main(folder: Path) -> None:
    """Write ``study.toml`` and every table."""
    litres = flows(REACHES, CHOSEN, DERIVED)
    write(
        network_tables(NODES, REACHES, "常熟市") | flow_tables(REACHES, litres) | water_tables()
        | source_tables(litres) | trades(),
        folder,
    )  # fmt: skip
    title = "Changshu high-tech zone sample: Baimaotang and Xibei canal (enterprises invented)"
    zh = "常熟高新区示例：白茆塘与锡北运河（企业均为虚构）"
    text = study_text(title, zh, POLLUTANTS, CHOICES)
    (folder / "study.toml").write_text(text, encoding="utf-8", newline="\n")
    for name, tables in alternatives().items():
        write(tables, folder / "alternatives" / name)


if __name__ == "__main__":
    main(FOLDER)
