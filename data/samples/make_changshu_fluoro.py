"""Write the tables of the sample study ``changshu-fluoro``; the same bytes at every run.

From a document ("annex": Jiangsu pilot programme, annex 7, Changshu) come the fluorochemical park,
its outfall on the Zoumatang and the task: permits for characteristic pollutants beside COD and
NH3-N. All figures are invented; ``changshu-fluoro/README.md`` says so line by line.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from changshu_common import (
    DAYS,
    INVENTED,
    PERIODS,
    flow_tables,
    flows,
    inflow_table,
    network_tables,
    study_text,
    table,
    write,
)

FOLDER = Path(__file__).parent / "changshu-fluoro"
ORGANIC = "dichloromethane"
POLLUTANTS = ["COD", "NH3-N", "F", ORGANIC]
ALTERNATIVES = """\
[alternatives.fluoride_removal]
title = "Fluoride removal at the park works"
title_zh = "园区污水处理厂深度除氟"
"""

# --- Rivers: Zoumatang (走马塘) from the annex; the rest invented ----------------------
NODES = {
    "Z0": (0, 0, "走马塘上游 Zoumatang, head"), "Z1": (3800, 1200, ""), "Z2": (6900, 3600, ""),
    "Z3": (8600, 7400, ""), "Z4": (9300, 10500, "走马塘末端 Zoumatang, end"),
    "B0": (7200, -800, "虚构东支河 invented east brook"),
    "C0": (3100, 5600, "虚构西支河 invented west brook"),
}  # fmt: skip
REACHES = {  # from, to, length [m], bottom width [m], bank slope, winter depth [m], name
    "ZM1": ("Z0", "Z1", 4100, 28.0, 2.0, 2.0, "走马塘1 Zoumatang"),
    "ZM2": ("Z1", "Z2", 4000, 30.0, 2.0, 2.0, "走马塘2 Zoumatang"),
    "ZM3": ("Z2", "Z3", 4300, 32.0, 2.0, 2.1, "走马塘3 Zoumatang"),
    "ZM4": ("Z3", "Z4", 3300, 34.0, 2.0, 2.2, "走马塘4 Zoumatang"),
    "BR1": ("B0", "Z1", 4200, 8.0, 1.5, 1.2, "虚构东支河 invented"),
    "CR1": ("C0", "Z2", 4600, 8.0, 1.5, 1.2, "虚构西支河 invented"),
    "LK1": ("Z1", "Z3", 8800, 6.0, 1.5, 1.1, "虚构复线河 invented second arm"),
}
CHOSEN = {"ZM1": (5.5, 13.0), "BR1": (0.6, 1.5), "CR1": (0.5, 1.3), "LK1": (0.6, 1.4)}
DERIVED = [("Z1", "ZM2"), ("Z2", "ZM3"), ("Z3", "ZM4")]
# What comes in [mg/L] in POLLUTANTS order, invented
INFLOW = {
    "Z0": (14.0, 0.45, 0.69, 0.0004), "B0": (17.0, 0.70, 0.50, 0.0002),
    "C0": (16.5, 0.65, 0.48, 0.0002),
}  # fmt: skip
WINTER_SHARE = {"COD": 0.03, "NH3-N": 0.25, "F": 0.08, ORGANIC: 0.2}
KINETICS = {  # decay [1/d] at 20 °C, factor, note
    "COD": (0.12, 1.047, "usual value, unverified"),
    "NH3-N": (0.10, 1.08, "usual value, unverified"),
    "F": (0.0, 1.0, "conservative"),
    ORGANIC: (0.6, 1.024, "volatilisation; order of magnitude from memory, unverified"),
}
SECTIONS = {  # reach, position [m], name; all invented
    "S1": ("ZM2", 3600, "虚构走马塘中断面 invented, below the outfall"),
    "S2": ("ZM4", 2900, "虚构走马塘末端断面 invented, end"),
    "S3": ("LK1", 8000, "虚构复线河断面 invented, second arm"),
}
TARGETS = {  # the user's own targets of characteristic pollutants [mg/L], with where they are from
    "F": (0.95, "target of the park, invented; class III of GB 3838-2002 table 1 would be 1.0"),
    ORGANIC: (0.004, "a fifth of GB 3838-2002 table 3 (0.02, item of drinking-water sources), a "
              "choice of this study"),
}  # fmt: skip

# --- Park works [m3/s, mg/L]: position on ZM2; limits from memory or invented ------------------
WORKS, PLACE, DESIGN, NAME = "WF1", ("ZM2", 600), 0.30, "氟化工园区处理厂 park works"
ACCEPTANCE = {"COD": 500.0, "NH3-N": 45.0, "F": 20.0, ORGANIC: 0.6}
OUTLET = {"COD": 50.0, "NH3-N": 5.0, "F": 8.0, ORGANIC: 0.2}
BETTER = {"F": 3.0}
LAWS = {
    "COD": "DB32/939-2020, from memory, unverified",
    "NH3-N": "DB32/939-2020, from memory, unverified",
    "F": "DB32/939-2020, from memory, unverified",
    ORGANIC: "invented: the permit of the works",
}
SECTORS = {  # concentration of what leaves the works for each of them [mg/L], invented
    "氟聚合物 fluoropolymers": {"COD": 40.0, "NH3-N": 2.6, "F": 7.2, ORGANIC: 0.10},
    "制冷剂 refrigerants": {"COD": 36.0, "NH3-N": 2.2, "F": 7.6, ORGANIC: 0.17},
    "精细化工 fine chemicals": {"COD": 44.0, "NH3-N": 3.4, "F": 2.4, ORGANIC: 0.15},
    "生物医药 pharmaceuticals": {"COD": 42.0, "NH3-N": 3.0, "F": 0.0, ORGANIC: 0.12},
    "高分子材料 polymers": {"COD": 38.0, "NH3-N": 2.0, "F": 1.2, ORGANIC: 0.02},
}
ENTERPRISES = {  # sector, wastewater [m3/s]; all invented
    "C01": ("氟聚合物 fluoropolymers", 0.042), "C02": ("氟聚合物 fluoropolymers", 0.031),
    "C03": ("制冷剂 refrigerants", 0.028), "C04": ("制冷剂 refrigerants", 0.019),
    "C05": ("精细化工 fine chemicals", 0.024), "C06": ("精细化工 fine chemicals", 0.016),
    "C07": ("生物医药 pharmaceuticals", 0.018), "C08": ("生物医药 pharmaceuticals", 0.011),
    "C09": ("高分子材料 polymers", 0.021), "C10": ("高分子材料 polymers", 0.013),
}  # fmt: skip
PRODUCTION = [0.95, 0.70, 1.02, 1.05, 1.05, 1.0, 0.95, 0.95, 1.05, 1.05, 1.08, 1.12]
# Villages and fields along the brooks: class, reach, activity, extent; unit loads from memory
VILLAGES = {
    "D-BR1": ("domestic", "BR1", "persons", 5200.0, "person", 0.4, 0.25,
              {"COD": 14.6, "NH3-N": 1.46}, 0.3),
    "F-CR1": ("farm", "CR1", "rice", 520.0, "ha", 0.2, 0.40, {"COD": 150.0, "NH3-N": 8.0}, 0.0),
    "F-BR1": ("farm", "BR1", "rice", 310.0, "ha", 0.2, 0.40, {"COD": 150.0, "NH3-N": 8.0}, 0.0),
}  # fmt: skip
RICE = [2, 2, 3, 5, 9, 17, 19, 16, 13, 7, 4, 3]  # [%] of the year, invented


def load_rows() -> list[tuple]:
    """List loads of the enterprises at the outlet of the works [kg/d], by month."""
    course = np.array(PRODUCTION) * DAYS.sum() / (np.array(PRODUCTION) * DAYS).sum()
    rows = []
    for name, (sector, water) in ENTERPRISES.items():
        for pollutant, mean in SECTORS[sector].items():
            most = round(86.4 * water * OUTLET[pollutant], 6)
            rows += [
                (f"{name}-1", pollutant, p, min(round(86.4 * water * mean * part, 6), most), 0,
                 None, "assumed")
                for p, part in zip(PERIODS, course, strict=True)
            ]  # fmt: skip
    return rows


def works_table(better: dict[str, float]) -> pd.DataFrame:
    """Law of the park works, with other outlet concentrations where they are given."""
    return table(
        "works outlet pollutant design_flow[m3/s] acceptance_concentration[mg/L] "
        "outlet_concentration[mg/L] basis name note",
        [(WORKS, "O-WF1", p, DESIGN, ACCEPTANCE[p], better.get(p, OUTLET[p]), "assumed", NAME,
          INVENTED if p in better else LAWS[p]) for p in POLLUTANTS if not better or p in better],
    )  # fmt: skip


def source_tables() -> dict[str, pd.DataFrame]:
    """Enterprises, works, outlets, sources, and what loads follow from."""
    water = round(sum(row[1] for row in ENTERPRISES.values()), 6)
    outlets = [("O-WF1", *PLACE, None, water, NAME)]
    outlets += [(f"O-{s}", row[1], 0, REACHES[row[1]][2], 0, None) for s, row in VILLAGES.items()]
    sources = [
        (f"{e}-1", "industry", sector, e, None, WORKS, flow, f"虚构企业{e}", INVENTED)
        for e, (sector, flow) in ENTERPRISES.items()
    ]
    sources += [
        (s, row[0], None, None, f"O-{s}", None, 0, "虚构 invented", INVENTED)
        for s, row in VILLAGES.items()
    ]
    persons = np.round(DAYS / DAYS.sum(), 6)
    persons[-1] = round(1.0 - persons[:-1].sum(), 6)
    shares = {"persons": persons.tolist(), "rice": [part / 100 for part in RICE]}
    return {
        "outlets": table(
            "outlet reach position[m] position_to[m] effluent_flow[m3/s] name", outlets
        ),
        "works": works_table({}),
        "sources": table(
            "source source_class sector enterprise outlet works wastewater_flow[m3/s] name note",
            sources,
        ),
        "source_loads": table(
            "source pollutant period source_load[kg/d] floor[kg/d] ceiling[kg/d] basis", load_rows()
        ),
        "enterprises": table(
            "enterprise sector name note",
            [(e, row[0], f"虚构企业{e}", INVENTED) for e, row in ENTERPRISES.items()],
        ),
        "activities": table(
            "source activity pollutant extent activity_unit unit_load[kg/a] treated stated_at "
            "into_river variation basis note",
            [(s, name, p, extent, unit, load, treated, "edge_of_field", arrives, variation,
              "assumed", "guide value from memory, unverified")
             for s, (_, _, name, extent, unit, arrives, variation, loads, treated)
             in VILLAGES.items() for p, load in loads.items()],
        ),
        "month_shares": table(
            "activity period month_share note",
            [(name, p, part, INVENTED) for name, parts in shares.items()
             for p, part in zip(PERIODS, parts, strict=True)],
        ),
    }  # fmt: skip


def water_tables() -> dict[str, pd.DataFrame]:
    """Inflow, rates, sections and the user's targets."""
    inflow = {node: dict(zip(POLLUTANTS, row, strict=True)) for node, row in INFLOW.items()}
    return {
        "inflow": inflow_table(inflow, WINTER_SHARE, 6),
        "kinetics": table(
            "pollutant decay[1/d] temperature_factor basis note",
            [(p, *row[:2], "assumed", row[2]) for p, row in KINETICS.items()],
        ),
        "sections": table(
            "section reach position[m] water_type water_class name note",
            [(s, reach, at, "river", "III", name, INVENTED)
             for s, (reach, at, name) in SECTIONS.items()],
        ),
        "standards": table(
            "section indicator limit[mg/L] basis note",
            [(s, p, limit, "assumed", note) for s in SECTIONS
             for p, (limit, note) in TARGETS.items()],
        ),
    }  # fmt: skip


def main(folder: Path) -> None:
    """Write ``study.toml`` and every table."""
    litres = flows(REACHES, CHOSEN, DERIVED)
    write(
        network_tables(NODES, REACHES, "常熟市") | flow_tables(REACHES, litres) | water_tables()
        | source_tables(),
        folder,
    )  # fmt: skip
    title = "Changshu fluorochemical park sample: outfall on the Zoumatang (enterprises invented)"
    zh = "常熟氟化工园示例：走马塘排口（企业均为虚构）"
    text = study_text(title, zh, POLLUTANTS, ALTERNATIVES)
    (folder / "study.toml").write_text(text, encoding="utf-8", newline="\n")
    write({"works": works_table(BETTER)}, folder / "alternatives" / "fluoride_removal")


if __name__ == "__main__":
    main(FOLDER)
