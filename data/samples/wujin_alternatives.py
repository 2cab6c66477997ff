"""Alternatives of the sample study ``wujin``: all invented, rows that differ from the study's.

Each is a folder of tables; the model is run again for each of them.
"""

import pandas as pd
import wujin_sources
from wujin_water import table, water_tables

# --- Water from outside: the northern rivers at their target, where they are above it ---------
# --- Diversion: a pump [m3/s] from the Wuyi canal into the Yong'an, above the park; it always
# runs, for the level [m] at which it stops is never reached -----------------------------------
DIVERSION = ("DIV", "WYM", "YAM", 0.8, 2.5, 2.0, "虚构引水泵站 invented diversion")
# --- Municipal works: outlet concentration [mg/L] after an upgrade ----------------------------
UPGRADED = ("WK2", {"COD": 30.0, "NH3-N": 1.5, "TN": 6.0, "TP": 0.15})
# --- Reuse: share of the wastewater of the park that comes back to its mills -------------------
REUSED = ("WK1", 0.4)


def alternatives() -> dict[str, dict[str, pd.DataFrame]]:
    """Tables of each alternative, by its name."""
    return {
        "boundary_quality": _cleaner(),
        "diversion": _diverted(),
        "upgraded_works": _upgraded(),
        "reuse": _reused(),
    }


def _cleaner() -> dict[str, pd.DataFrame]:
    inflow = water_tables()["inflow"]
    now, target = (f"{name} [mg/L]" for name in ("concentration", "target_concentration"))
    rows = inflow[inflow[now] > inflow[target]]
    return {"inflow": rows.assign(**{now: rows[target]})}


def _diverted() -> dict[str, pd.DataFrame]:
    label, start, stop, *numbers, name = DIVERSION
    columns = "structure structure_type from_node to_node"
    pump = table(
        f"{columns} pump_capacity[m3/s] start_stage[m] stop_stage[m] name",
        [(label, "pump", start, stop, *numbers, name)],
    )
    return {"structures": pump}


def _upgraded() -> dict[str, pd.DataFrame]:
    label, outlet = UPGRADED
    works = wujin_sources.source_tables()["works"]
    mine = works[works["works"] == label]
    column = "outlet_concentration [mg/L]"
    return {"works": mine.assign(**{column: mine["pollutant"].map(outlet)})}


def _reused() -> dict[str, pd.DataFrame]:
    label, share = REUSED
    tables = wujin_sources.source_tables()
    sources, outlets, loads = (tables[name] for name in ("sources", "outlets", "source_loads"))
    sources = sources[sources["works"] == label]
    outlets = outlets[outlets["outlet"] == f"O-{label}"]
    loads = loads[loads["source"].isin(sources["source"])]
    shrunk = [
        (sources, "sources", ("wastewater_flow [m3/s]",)),
        (outlets, "outlets", ("effluent_flow [m3/s]",)),
        (loads, "source_loads", ("source_load [kg/d]", "ceiling [kg/d]")),
    ]
    return {
        name: table.assign(**{c: (table[c] * (1 - share)).round(6) for c in columns})
        for table, name, columns in shrunk
    }
