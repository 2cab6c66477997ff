"""Write the tables of the sample study ``nantong``; the same bytes at every run.

From a document ("annex": Jiangsu pilot programme, annex 8, Nantong) come the names of the three
parks, that one discharges into the sea, the five groups of criteria, and the rules. Rivers, flows,
enterprises and all their figures are invented; ``nantong/README.md`` lists it.
"""

from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent / "nantong"

STUDY = """\
[study]
title = "Nantong sample: two textile parks (rivers and enterprises invented)"
title_zh = "南通示例：两个纺织产业园（河网与企业均为虚构）"
pollutants = ["COD", "NH3-N", "TP"]

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

POLLUTANTS = ["COD", "NH3-N", "TP"]
NOTE = "invented 虚构"
CHANGAN, BAY, PORT = "常安纺织产业园", "通州湾现代纺织产业园", "洋口港经济开发区"

# --- Water: quarters of 2022 [m3/s]. The cross canal RC turns in summer, when a gate opens ------
PERIODS = {"2022-Q1": (90, "2022-01-01", 7.0), "2022-Q2": (91, "2022-04-01", 19.0),
           "2022-Q3": (92, "2022-07-01", 27.0), "2022-Q4": (92, "2022-10-01", 14.0)}  # fmt: skip
MAIN = [8.0, 12.0, 20.0, 10.0]
NORTH = [3.0, 4.5, 8.0, 3.5]  # part of it that the north canal takes
CROSS = [0.8, 1.0, -1.5, 0.8]  # from the north canal to the main river
SOUTH = [0.6, 0.9, 1.5, 0.7]  # from the main river to the sea canal
SEA = [5.0, 7.5, 12.0, 6.5]  # head of the sea canal

NODES = {
    "N0": (0, 0, "干河上游 head of the main river"), "N1": (4000, 0, ""), "N2": (9000, 0, ""),
    "N3": (13000, 300, ""), "N4": (16000, 600, "入江口 mouth"), "N5": (6500, 2500, ""),
    "M0": (9000, -5200, "入海河上游 head of the sea canal"), "M1": (13500, -4300, ""),
    "M2": (17500, -4000, "入海闸 sea gate"),
}  # fmt: skip
REACHES = {
    "RA": ("N0", "N1", 4000, 30), "RB": ("N1", "N2", 5000, 28), "RD": ("N2", "N3", 4000, 30),
    "RE": ("N3", "N4", 3000, 35), "RN": ("N1", "N5", 3600, 14), "RP": ("N5", "N3", 7200, 14),
    "RC": ("N5", "N2", 3600, 10), "RS": ("N3", "M1", 4800, 12), "MA": ("M0", "M1", 4700, 20),
    "MB": ("M1", "M2", 4200, 25),
}  # fmt: skip
DEPTH = [1.6, 1.8, 2.3, 1.7]
INFLOW = {"N0": {"COD": 13.0, "NH3-N": 0.45, "TP": 0.11},
          "M0": {"COD": 15.0, "NH3-N": 0.50, "TP": 0.13}}  # fmt: skip
DECAY = {"COD": (0.12, 1.047), "NH3-N": (0.10, 1.08), "TP": (0.06, 1.047)}
SECTIONS = {
    "S1": ("RB", 4200, "III", "干河中游"), "S2": ("RP", 4500, "III", "北横河"),
    "S3": ("RD", 3200, "III", "干河下游"), "S4": ("MB", 3600, "IV", "入海河"),
}  # fmt: skip
# by section and pollutant: quarters [mg/L]
OBSERVED = {
    "S1": {"COD": [14, 14, 13, 14], "NH3-N": [0.5, 0.4, 0.3, 0.5], "TP": [0.12, 0.12, 0.11, 0.12]},
    "S2": {"COD": [18, 17, 15, 18], "NH3-N": [1.3, 1.1, 0.8, 1.2], "TP": [0.16, 0.15, 0.13, 0.16]},
    "S3": {"COD": [16, 15, 14, 16], "NH3-N": [0.7, 0.6, 0.5, 0.7], "TP": [0.14, 0.13, 0.12, 0.14]},
    "S4": {"COD": [34, 32, 28, 33], "NH3-N": [0.9, 0.8, 0.6, 0.9], "TP": [0.21, 0.20, 0.17, 0.2]},
}

# --- Works: outlet, reach, position [m], park; limits from memory, unverified ------------
WORKS = {"WK1": ("O-CA", "RC", 1800, CHANGAN), "WK2": ("O-TZ", "MB", 900, BAY)}
ACCEPTED = {"COD": 200.0, "NH3-N": 20.0, "TP": 1.5}
DISCHARGED = {"COD": 50.0, "NH3-N": 4.0, "TP": 0.5}
AS_RUN = 40.0
"""COD of the works' outlets as they are run [mg/L]."""
PRESENT = {"COD": 1.0, "NH3-N": 0.06, "TP": 0.0075}  # load over that of COD

# --- Enterprises: park, tier-making quality 0 to 1, capacity of woven and knit [t/a], process,
# COD of three years [t/a], permit [t/a] ---------------------------------------------------------
ENTERPRISES = {
    "A01": (CHANGAN, 0.95, 20000, 0, [60, 64, 58], 120),
    "A02": (CHANGAN, 0.92, 10000, 0, [34, 36, 33], 70),
    "A03": (CHANGAN, 0.80, 15000, 0, [66, 60, 69], 100),
    "A04": (CHANGAN, 0.76, 12000, 0, [54, 57, 50], 95),
    "A05": (CHANGAN, 0.66, 18000, 0, [108, 99, 104], 140),
    "A06": (CHANGAN, 0.62, 8000, 0, [52, 56, 49], 64),
    "A07": (CHANGAN, 0.45, 10000, 0, [88, 80, 92], 90),
    "A08": (CHANGAN, 0.35, 6000, 0, [60, 57, 54], 66),
    "B01": (BAY, 0.97, 12000, 5000, [42, 44, 45], 90),
    "B02": (BAY, 0.88, 0, 16000, [36, None, 33], 60),
    "B03": (BAY, 0.78, 9000, 4000, [50, 52, 48], 80),
    "B04": (BAY, 0.68, 7000, 0, [48, 50, 46], 70),
    "B05": (BAY, 0.55, 5000, 3000, [52, 55, 50], 65),
}
NEW = {"A09": (CHANGAN, 9000, 0), "B06": (BAY, 0, 12000)}
VETO = ("A03", "illegal_discharge", "2022-06-15")
BENCHMARK = {"woven 机织": 140.0, "knit 针织": 85.0}  # GB 4287-2012 table 2, m3/t, unverified

# --- Criteria: group, 1 or -1, worst or best reference at the lower end, unit --------------------
CRITERIA = {
    "monitoring_rate": ("compliance", 1, 80.0, 100.0, "%"),
    "permit_conditions": ("compliance", 1, 70.0, 100.0, "points"),
    "management_audit": ("management", 1, 50.0, 100.0, "points"),
    "cod_per_tonne": ("emission", -1, 2.0, 10.0, "kg/t"),
    "water_per_tonne": ("water", -1, 60.0, 150.0, "m3/t"),
    "reuse_rate": ("water", 1, 0.0, 0.5, "1"),
    "energy_per_tonne": ("low_carbon", -1, 0.8, 2.0, "tce/t"),
}


def main(folder: Path) -> None:
    """Write ``study.toml`` and every table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8", newline="\n")
    for name, frame in (water() | places() | sources() | tiers()).items():
        frame.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


def frame(header: str, rows: list[tuple[object, ...]]) -> pd.DataFrame:
    """Table with headers that carry units."""
    return pd.DataFrame(rows, columns=header.split(","))


def water() -> dict[str, pd.DataFrame]:
    """Flows that balance at every node, and what enters."""
    flows, boundaries, inflow = [], [], []
    for k, period in enumerate(PERIODS):
        main, north, cross, south, sea = (s[k] for s in (MAIN, NORTH, CROSS, SOUTH, SEA))
        by_reach = {"RA": main, "RB": main - north, "RD": main - north + cross, "RE": main - south,
                    "RN": north, "RP": north - cross, "RC": cross, "RS": south, "MA": sea,
                    "MB": sea + south}  # fmt: skip
        for reach, flow in by_reach.items():
            width = REACHES[reach][3]
            flows.append((reach, period, round(flow, 3), round(width * DEPTH[k], 2)))
        ends = {"N0": main, "M0": sea, "N4": south - main, "M2": -sea - south}
        boundaries += [(node, period, round(flow, 3)) for node, flow in ends.items()]
    for node, by in INFLOW.items():
        inflow += [(node, pollutant, value, "assumed", NOTE) for pollutant, value in by.items()]
    times = [(name, *values) for name, values in PERIODS.items()]
    rates = [(name, *rate, "assumed", "unverified") for name, rate in DECAY.items()]
    return {
        "periods": frame("period,days [d],start,temperature [degC]", times),
        "flows": frame("reach,period,flow [m3/s],area [m2]", flows),
        "boundaries": frame("node,period,flow [m3/s]", boundaries),
        "inflow": frame("node,pollutant,concentration [mg/L],basis,note", inflow),
        "kinetics": frame("pollutant,decay [1/d],temperature_factor,basis,note", rates),
    }


def places() -> dict[str, pd.DataFrame]:
    """Rivers, sections and samples."""
    nodes = [(name, *place) for name, place in NODES.items()]
    reaches = [(name, *values) for name, values in REACHES.items()]
    sections = [
        (name, reach, position, water_class, title, NOTE)
        for name, (reach, position, water_class, title) in SECTIONS.items()
    ]
    observed = [
        (section, pollutant, period, f"{start[:8]}15", value, NOTE)
        for section, by in OBSERVED.items()
        for pollutant, values in by.items()
        for (period, (_, start, _)), value in zip(PERIODS.items(), values, strict=True)
    ]
    return {
        "nodes": frame("node,x [m],y [m],name", nodes),
        "reaches": frame("reach,from_node,to_node,length [m],width [m]", reaches),
        "sections": frame("section,reach,position [m],water_class,name,note", sections),
        "observations": frame("section,indicator,period,date,concentration [mg/L],note", observed),
    }


def sources() -> dict[str, pd.DataFrame]:
    """Works, and one source an enterprise behind them, with the load of the latest year."""
    works = [
        (name, values[0], pollutant, 0.6, ACCEPTED[pollutant], DISCHARGED[pollutant], "assumed",
         "limits from memory, unverified")
        for name, values in WORKS.items() for pollutant in POLLUTANTS
    ]  # fmt: skip
    by_park = {values[3]: name for name, values in WORKS.items()}
    rows, loads, flows = [], [], dict.fromkeys(WORKS, 0.0)
    for name, (park, _, _, _, masses, _) in ENTERPRISES.items():
        kilograms = 1000.0 * float(str(masses[-1])) / 365
        flow = round(kilograms / 86.4 / AS_RUN, 4)
        flows[by_park[park]] += flow
        rows.append((f"{name}-1", "industry", "纺织 textile", name, by_park[park], flow))
        loads += [
            (f"{name}-1", p, round(kilograms * part, 4), round(1.2 * kilograms * part, 4),
             "assumed", NOTE)
            for p, part in PRESENT.items()
        ]  # fmt: skip
    outlets = [(outlet, reach, x, round(flows[name], 4), f"{park} 污水处理厂", NOTE)
               for name, (outlet, reach, x, park) in WORKS.items()]  # fmt: skip
    enterprises = [(name, "纺织 textile", f"虚构{name}", NOTE) for name in ENTERPRISES]
    return {
        "outlets": frame("outlet,reach,position [m],effluent_flow [m3/s],name,note", outlets),
        "works": frame("works,outlet,pollutant,design_flow [m3/s],acceptance_concentration [mg/L],"
                       "outlet_concentration [mg/L],basis,note", works),
        "sources": frame("source,source_class,sector,enterprise,works,"
                         "wastewater_flow [m3/s]", rows),
        "source_loads": frame("source,pollutant,source_load [kg/d],ceiling [kg/d],basis,note",
                              loads),
        "enterprises": frame("enterprise,sector,name,note", enterprises),
    }  # fmt: skip


def tiers() -> dict[str, pd.DataFrame]:
    """Parks, criteria, products, emissions and applications."""
    parks = [(values[3], values[0], "river", NOTE) for values in WORKS.values()]
    parks.append((PORT, "O-YK", "sea", "annex: the works discharges into the deep sea"))
    indicators = [
        (name, group, sign, low, high, unit, "invented scale 虚构; groups: annex 8", "assumed")
        for name, (group, sign, low, high, unit) in CRITERIA.items()
    ]
    values, products, emissions, asked = [], [], [], []
    for k, (name, (park, quality, woven, knit, masses, permit)) in enumerate(ENTERPRISES.items()):
        for j, (criterion, (_, sign, low, high, _)) in enumerate(CRITERIA.items()):
            part = min(1.0, max(0.0, quality + 0.04 * ((3 * k + 2 * j) % 5 - 2)))
            value = low + (high - low) * (part if sign > 0 else 1.0 - part)
            values.append((name, criterion, round(value, 3), NOTE))
        products += _products(name, woven, knit)
        for year, mass in zip((2020, 2021, 2022), masses, strict=True):
            emissions += [(name, p, "discharged", year, round(mass * part, 4), NOTE)
                          for p, part in PRESENT.items() if mass is not None]  # fmt: skip
        asked += [(name, p, "discharged", park, 8, "renewal", "2023-07-01", None, None,
                   round(permit * part, 4)) for p, part in PRESENT.items()]  # fmt: skip
    for name, (park, woven, knit) in NEW.items():
        products += _products(name, woven, knit)
        water_use = (140 * woven + 85 * knit) * 1e-6
        asked += [(name, p, "discharged", park, 0, "first", "2023-07-01",
                   round(water_use * DISCHARGED[p], 4), round(0.8 * water_use * DISCHARGED[p], 4),
                   None) for p in PRESENT]  # fmt: skip
    return {
        "tier_parks": frame("park,outlet,receiving_water,note", parks),
        "tier_indicators": frame("criterion,criterion_group,preference,reference_lower,"
                                 "reference_upper,unit,document,basis", indicators),
        "tier_values": frame("enterprise,criterion,value,note", values),
        "tier_vetoes": frame("enterprise,veto,date,document,note", [(*VETO, NOTE, "")]),
        "tier_products": frame("enterprise,product,production_capacity [t/a],process,"
                               "benchmark_drainage [m3/t],note", products),
        "tier_emissions": frame("enterprise,pollutant,book,year,emission [t/a],note", emissions),
        "tier_applications": frame("enterprise,pollutant,book,park,years_in_production [a],trigger,"
                                   "effective_date,specification_load [t/a],eia_approval [t/a],"
                                   "current_permit [t/a]", asked),
    }  # fmt: skip


def _products(name: str, woven: float, knit: float) -> list[tuple[object, ...]]:
    pairs = zip(BENCHMARK.items(), (woven, knit), strict=True)
    return [(name, product, amount, "dyeing 染整", drainage, NOTE)
            for (product, drainage), amount in pairs if amount]  # fmt: skip


if __name__ == "__main__":
    main(FOLDER)
